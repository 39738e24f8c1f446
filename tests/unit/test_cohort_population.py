"""Who an analysis can use: every reason to be left out, each with the patients it names."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from mrdq.cohort.population import censored_at_transplant, population, select
from mrdq.cohort.samples import Settings, samples

POST = "post-C1"
GROUP = f"mrd_{POST}"


def patients(*rows: dict[str, Any]) -> pd.DataFrame:
    """Patients by what is special of them: without a word, alive and negative for 1000 days."""
    usual = {"trial": "T", "age": 40.0, "age_group": "36-55", "sex": "", "protocol": "p", "relapse_day": None,
             "transplant_day": None, "os_days": 1000.0, "os_event": 0.0, "lfs_days": 1000.0, "lfs_event": 0.0,
             "cause": "", "first_day": None, "first_event": None, "mrd_post-C1": "negative",
             "mrd_level_post-C1": None, "mrd_low_post-C1": None, "mrd_high_post-C1": 1e-5,
             "mrd_class_post-C1": "negative", "mrd_day_post-C1": 96.0}  # fmt: skip
    made = pd.DataFrame([{"patient_id": f"P{n}", **usual, **row} for n, row in enumerate(rows, 1)])
    for name in ("relapse_day", "transplant_day", "mrd_level_post-C1", "mrd_low_post-C1"):
        made[name] = made[name].astype(float)
    made["first_day"] = made["lfs_days"].fillna(made["os_days"])
    made["first_event"] = made["lfs_event"].fillna(made["os_event"])
    return made


def left_out(table: pd.DataFrame, endpoint: str = "OS", **options: Any) -> dict[str, str]:
    selection = select(table, endpoint, **options)
    out = selection.excluded(table)
    assert list(out["patient_id"]) == list(table.loc[~selection.kept, "patient_id"])
    return dict(zip(out["patient_id"], out["reason"], strict=True))


def test_without_dates_nobody_is_analysed():
    table = patients({}, {"os_days": None}, {"os_event": None})
    unknown = "dates or state of the outcome are not known"
    assert left_out(table) == {"P2": unknown, "P3": unknown}
    # The relapse of P3 is known even where it is not known whether he lives.
    assert left_out(table, "LFS") == {}


def test_a_result_that_says_nothing_is_left_out_and_never_negative():
    table = patients(
        {},
        {"mrd_class_post-C1": "positive"},
        {"mrd_class_post-C1": "not_evaluable"},
        {"mrd_class_post-C1": "undecided"},
        {"mrd_class_post-C1": "not_done"},
        {"mrd_class_post-C1": ""},
    )
    assert left_out(table, group=GROUP) == {
        "P3": "MRD post-C1 not evaluable",
        "P4": "MRD post-C1 undecided",
        "P5": "MRD post-C1 not done",
        "P6": "MRD post-C1 without a sample, or not of the protocol",
    }
    assert left_out(table) == {}


def test_an_event_before_the_sample_is_left_out_and_listed():
    table = patients(
        {"lfs_days": 95.0, "lfs_event": 1.0},
        {"lfs_days": 96.0, "lfs_event": 1.0},
        {"os_days": 60.0, "lfs_days": 60.0},
        {"lfs_days": 95.0, "lfs_event": 1.0, "mrd_day_post-C1": None},
    )
    wanted = {
        "P1": "event before the MRD sample post-C1",
        "P3": "last contact before the MRD sample post-C1",
    }
    # Both endpoints speak of the same patients; on the day itself the sample came first; and a
    # sample without a date is taken as drawn when the protocol says.
    assert left_out(table, "LFS", group=GROUP) == wanted
    assert left_out(table, "OS", group=GROUP) == wanted


def test_the_landmark_leaves_out_events_and_losses_before_it_and_samples_after_it():
    table = patients(
        {"os_days": 119.0, "os_event": 1.0},
        {"os_days": 120.0, "os_event": 1.0},
        {"os_days": 119.0},
        {"mrd_day_post-C1": 121.0},
        {"mrd_day_post-C1": 120.0},
    )
    found = left_out(table, analysis="landmark", landmark_day=120)
    assert found == {"P1": "event before the landmark", "P3": "last contact before the landmark"}
    found = left_out(table, analysis="landmark", landmark_day=120, group=GROUP)
    assert found["P4"] == "MRD post-C1 sampled after the landmark"
    assert set(found) == {"P1", "P3", "P4"}


def test_an_unknown_age_belongs_to_no_age_group():
    table = patients({}, {"age": None, "age_group": ""})
    assert left_out(table, group="age_group") == {"P2": "age is not known"}


def test_flow_adds_up_by_trial_and_for_all():
    table = patients({}, {"trial": "U"}, {"trial": "U", "mrd_class_post-C1": "not_evaluable"})
    rows = list(select(table, "OS", group=GROUP).flow(table["trial"]))
    steps = {(row["trial"], row["step"]): row["n"] for row in rows}
    assert steps == {
        ("T", "enrolled"): 1,
        ("T", "analysed"): 1,
        ("U", "enrolled"): 2,
        ("U", "left out: MRD post-C1 not evaluable"): 1,
        ("U", "analysed"): 1,
        ("all", "enrolled"): 3,
        ("all", "left out: MRD post-C1 not evaluable"): 1,
        ("all", "analysed"): 2,
    }


def test_censoring_at_transplantation_ends_the_follow_up_there():
    table = patients(
        {"transplant_day": 200.0, "os_event": 1.0, "lfs_days": 500.0, "lfs_event": 1.0, "cause": "relapse"},
        {"transplant_day": 1000.0, "os_event": 1.0},
        {},
    )  # fmt: skip
    followed = censored_at_transplant(table)
    assert list(followed["os_days"]) == [200, 1000, 1000]
    assert list(followed["os_event"]) == [0, 1, 0]
    assert list(followed["lfs_days"]) == [200, 1000, 1000]
    assert list(followed["lfs_event"]) == [0, 0, 0]
    assert list(followed["cause"]) == ["", "", ""]


def test_samples_are_censored_at_transplantation_only_where_somebody_was_transplanted():
    settings = Settings(timepoints=(POST,), landmark_day=120, landmark_timepoint=POST)
    plain, _ = samples(patients({}), settings)
    assert {s.censoring for s in plain} == {"none"}
    assert {(s.analysis, s.endpoint, s.group) for s in plain} == {
        (a, e, g)
        for a in ("from_start", "landmark")
        for e in ("OS", "LFS")
        for g in ("all", "age_group", GROUP)
    }
    transplanted, selections = samples(patients({}, {"transplant_day": 200.0}), settings)
    assert {s.censoring for s in transplanted} == {"none", "transplant"}
    assert len(selections) == 2 * len(plain)


def test_two_rows_a_patient_become_one():
    rows = [{"patient_id": p, "trial": "T", "age": 30.0, "age_group": "16-35", "sex": "f", "protocol": "x",
             "endpoint": e, "time_days": t, "event": d, "cause": c, "relapse_day": None, "transplant_day": None}
            for p, e, t, d, c in (("P1", "OS", 50.0, 0.0, ""), ("P1", "LFS", 20.0, 1.0, "relapse"),
                                  ("P2", "OS", 70.0, 1.0, "death"), ("P2", "LFS", 70.0, 1.0, "death"))]  # fmt: skip
    made = population(pd.DataFrame(rows), ()).set_index("patient_id")
    assert list(made["os_days"]) == [50, 70]
    assert list(made["lfs_days"]) == [20, 70]
    assert list(made["cause"]) == ["relapse", "death"]
    assert list(made["first_day"]) == [20, 70]
    with pytest.raises(ValueError, match="not of the same patients"):
        population(pd.DataFrame(rows[:3]), ())


def test_an_unknown_endpoint_is_refused():
    with pytest.raises(ValueError, match="but was 'PFS'"):
        select(patients({}), "PFS")
    with pytest.raises(ValueError, match="landmark's day"):
        select(patients({}), "OS", analysis="landmark")
