"""The hand-off: times, events and bounds as a person would write them down, and never a guess."""

from __future__ import annotations

import datetime as dt
import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mrdq import vocabulary as words
from mrdq.evidence import QUANTIFIABLE
from mrdq.protocol import Protocol, Timepoint
from mrdq.survival import (
    age_groups,
    hand_off,
    level_bounds,
    survival_table,
)

NAN = math.nan
# Contract section 7, then the columns that this table adds.
CONTRACT = "patient_id trial age age_group endpoint time_days event mrd_post-A1 mrd_post-C1 mrd_level_post-A1 mrd_level_post-C1"
ADDED = (
    "mrd_low_post-A1 mrd_low_post-C1 mrd_high_post-A1 mrd_high_post-C1 mrd_class_post-A1 mrd_class_post-C1 "
    "mrd_day_post-A1 mrd_day_post-C1 cause relapse_day transplant_day protocol sex"
)
TIMEPOINTS = ["post-A1", "post-C1"]


def protocol(name: str, *timepoints: Timepoint) -> Protocol:
    by_id = {at.id: at for at in timepoints}
    return Protocol(name, "1", name, timepoints, 1e-4, 1e-4, by_id=by_id)


BOTH = protocol("both", Timepoint("post-A1", "+", "-"), Timepoint("post-C1", "+", "-"))
STRICT = protocol("strict", Timepoint("post-C1", "+", "-", positive_from_level=1e-3,
                                      positive_statuses=(words.POSITIVE_QUANTIFIABLE,)))  # fmt: skip
PROTOCOLS = {"both": BOTH, "strict": STRICT}


def patients_table(*rows: dict[str, Any]) -> pd.DataFrame:
    """Patients P1, P2, ... who started on 1 January 2020; dates may be days from then."""
    start = dt.date(2020, 1, 1)
    made = []
    for n, row in enumerate(rows, 1):
        known: dict[str, Any] = {
            "patient_id": f"P{n}", "trial": "T", "age": NAN, "sex": "F", "start_on": 0,
            "last_contact_on": "", "dead": None, "relapse_on": "", "transplant_on": "",
        } | row  # fmt: skip
        made.append({
            name: str(start + dt.timedelta(value)) if name.endswith("_on") and value != "" else value
            for name, value in known.items()
        })  # fmt: skip
    return pd.DataFrame(made, dtype=object)


def status_table(*rows: dict[str, Any]) -> pd.DataFrame:
    empty = {
        "patient_id": "P1", "timepoint": "post-C1", "status": words.NEGATIVE, "mrd_level": NAN,
        "quantitative_range": 1e-4, "sensitivity": 1e-5, "reasons": "", "protocol": "both", "collected_on": "",
    }  # fmt: skip
    table = pd.DataFrame([empty | row for row in rows], columns=list(empty), dtype=object)
    numbers = ["mrd_level", "quantitative_range", "sensitivity"]
    return table.astype(dict.fromkeys(numbers, float))


def handed(patients: pd.DataFrame, status: pd.DataFrame, **of: str) -> pd.DataFrame:
    protocol_of = dict.fromkeys(patients["patient_id"], "both") | of
    made = hand_off(patients, status, TIMEPOINTS, protocols=PROTOCOLS, protocol_of=protocol_of)
    return survival_table(TIMEPOINTS).check(made)


def shown(row: dict[str, Any]) -> tuple[Any, ...]:
    """Time, event and cause; None for what is empty."""
    number = [None if math.isnan(row[name]) else row[name] for name in ("time_days", "event")]
    return (*number, row["cause"])


# --- columns


def test_columns_are_those_of_the_contract_and_then_the_added() -> None:
    assert survival_table(TIMEPOINTS).names == f"{CONTRACT} {ADDED}".split()
    assert list(handed(patients_table({}), status_table())) == survival_table(TIMEPOINTS).names


def test_two_rows_a_patient_by_patient() -> None:
    table = handed(patients_table({}, {}, {}).iloc[[2, 0, 1]], status_table())
    rows = list(zip(table["patient_id"], table["endpoint"], strict=True))
    assert rows == [(p, e) for p in ("P1", "P2", "P3") for e in ("OS", "LFS")]


def test_two_timepoints_that_give_one_column_are_refused() -> None:
    """``mrd_level_x`` would be the level at x and the status at level_x."""
    with pytest.raises(ValueError, match=r"columns of x, level_x have the same names"):
        survival_table(["x", "level_x"])


# --- times and events: (patient; OS; LFS), each time, event, cause


COURSES: list[tuple[dict[str, Any], tuple[Any, ...], tuple[Any, ...]]] = [
    ({"last_contact_on": 900, "dead": 0}, (900, 0, ""), (900, 0, "")),
    ({"last_contact_on": 900, "dead": 1}, (900, 1, "death"), (900, 1, "death")),
    ({"last_contact_on": 900, "dead": 0, "relapse_on": 300}, (900, 0, ""), (300, 1, "relapse")),
    ({"last_contact_on": 900, "dead": 1, "relapse_on": 300}, (900, 1, "death"), (300, 1, "relapse")),
    # A death on the day of the relapse: the relapse is the event of LFS.
    ({"last_contact_on": 300, "dead": 1, "relapse_on": 300}, (300, 1, "death"), (300, 1, "relapse")),
    # Dead or lost on the day of the start: time 0, and kept.
    ({"last_contact_on": 0, "dead": 1}, (0, 1, "death"), (0, 1, "death")),
    ({"last_contact_on": 0, "dead": 0}, (0, 0, ""), (0, 0, "")),
    # Over 29 February 2020 and New Year: 31 + 29 + ... = 366 days to 1 January 2021.
    ({"last_contact_on": 366, "dead": 0}, (366, 0, ""), (366, 0, "")),
    # What is missing is not guessed.
    ({"last_contact_on": 900}, (None, None, ""), (None, None, "")),
    ({"dead": 1}, (None, None, ""), (None, None, "")),
    ({"dead": 0, "relapse_on": 300}, (None, None, ""), (300, 1, "relapse")),
    ({"last_contact_on": 900, "relapse_on": 300}, (None, None, ""), (300, 1, "relapse")),
    ({"start_on": "", "last_contact_on": 900, "dead": 1, "relapse_on": 3}, (None, None, ""), (None, None, "")),
    ({}, (None, None, ""), (None, None, "")),
]  # fmt: skip


@pytest.mark.parametrize(("course", "os", "lfs"), COURSES)
def test_time_event_and_cause(
    course: dict[str, Any], os: tuple[Any, ...], lfs: tuple[Any, ...]
) -> None:
    first, second = handed(patients_table(course), status_table()).to_dict("records")
    assert (shown(first), shown(second)) == (os, lfs)


def test_days_of_relapse_and_transplantation_stand_in_both_rows() -> None:
    table = handed(patients_table({"relapse_on": 40, "transplant_on": 0}, {}), status_table())
    assert list(table["relapse_day"][:2]) == [40, 40]
    assert list(table["transplant_day"][:2]) == [0, 0]
    assert table.loc[2:, ["relapse_day", "transplant_day"]].isna().all(axis=None)


@pytest.mark.parametrize("text", ["2020-13-01", "01.02.2020", "2020-02-30", "yesterday"])
def test_text_that_is_no_date_is_never_a_missing_date(text: str) -> None:
    patients = patients_table({"dead": 0}).assign(last_contact_on=text)
    with pytest.raises(ValueError, match=r"does.*t match|out of range"):
        handed(patients, status_table())


day = st.integers(0, 3000)
maybe = st.one_of(st.just(""), day)


@st.composite
def courses(draw: st.DrawFn) -> dict[str, Any]:
    return {
        "last_contact_on": draw(maybe), "dead": draw(st.sampled_from([0, 1, None])),
        "relapse_on": draw(maybe), "transplant_on": draw(maybe), "start_on": draw(st.sampled_from([0, ""])),
    }  # fmt: skip


@given(st.lists(courses(), min_size=1, max_size=8), st.randoms(use_true_random=False))
def test_order_of_the_patients_changes_nothing(rows: list[dict[str, Any]], random: Any) -> None:
    table = patients_table(*rows)
    mixed = table.sample(frac=1, random_state=random.randrange(10**6))
    pd.testing.assert_frame_equal(handed(table, status_table()), handed(mixed, status_table()))


@given(st.lists(courses(), min_size=1, max_size=8))
def test_laws_of_any_course(rows: list[dict[str, Any]]) -> None:
    table = handed(patients_table(*rows), status_table())
    assert (table["time_days"].isna() == table["event"].isna()).all()
    assert ((table["cause"] != "") == (table["event"] == 1)).all()
    os, lfs = (table[table["endpoint"] == e].reset_index() for e in ("OS", "LFS"))
    relapsed = os["relapse_day"].notna()
    assert (lfs.loc[relapsed, "time_days"] == lfs.loc[relapsed, "relapse_day"]).all()
    pd.testing.assert_frame_equal(
        os.loc[~relapsed, ["time_days", "event", "cause"]],
        lfs.loc[~relapsed, ["time_days", "event", "cause"]],
    )


# --- age, sex, protocol


def test_age_groups_are_of_completed_years() -> None:
    ages = np.array([0, 15.99, 16, 35.9, 36, 55.99, 56, 65.99, 66, 130, NAN, -1])
    wanted = ["<16", "<16", "16-35", "16-35", "36-55", "36-55", "56-65", "56-65", ">65", ">65"]
    assert list(age_groups(ages)) == [*wanted, "", ""]


def test_what_the_patients_sheet_says_is_carried() -> None:
    patients = patients_table({"age": 35.5, "sex": "F"}, {"trial": "U", "sex": ""})
    table = handed(patients, status_table(), P2="strict")
    assert list(table["trial"]) == ["T", "T", "U", "U"]
    assert list(table["sex"]) == ["F", "F", "", ""]
    assert list(table["protocol"]) == ["both", "both", "strict", "strict"]
    assert list(table["age_group"]) == ["16-35", "16-35", "", ""]


# --- MRD


def test_mrd_of_each_timepoint_in_both_rows() -> None:
    status = status_table(
        {"timepoint": "post-A1", "status": words.POSITIVE_QUANTIFIABLE, "mrd_level": 2e-3,
         "collected_on": "2020-02-04"},
        {"timepoint": "post-C1", "sensitivity": 3e-5, "collected_on": "2020-04-10"},
    )  # fmt: skip
    for row in handed(patients_table({}, {}), status).iloc[:2].to_dict("records"):
        assert (row["mrd_post-A1"], row["mrd_level_post-A1"]) == (words.POSITIVE_QUANTIFIABLE, 2e-3)
        assert (row["mrd_low_post-A1"], row["mrd_high_post-A1"]) == (2e-3, 2e-3)
        assert (row["mrd_class_post-A1"], row["mrd_class_post-C1"]) == ("positive", "negative")
        assert (row["mrd_day_post-A1"], row["mrd_day_post-C1"]) == (34, 100)  # 31 + 3; 31+29+31+9
        assert math.isnan(row["mrd_level_post-C1"])
        assert math.isnan(row["mrd_low_post-C1"])
        assert row["mrd_high_post-C1"] == 3e-5


def test_patient_without_a_sample_has_no_mrd() -> None:
    row = handed(patients_table({}), status_table()).iloc[0]
    for at in TIMEPOINTS:
        assert row[f"mrd_{at}"] == row[f"mrd_class_{at}"] == ""
        assert row[[f"mrd_{kind}_{at}" for kind in ("level", "low", "high", "day")]].isna().all()


@pytest.mark.parametrize("missing", ["start_on", "collected_on"])
def test_day_of_a_sample_without_a_date_is_not_known(missing: str) -> None:
    patients = patients_table({"start_on": "" if missing == "start_on" else 0})
    collected = "" if missing == "collected_on" else "2020-03-01"
    table = handed(patients, status_table({"collected_on": collected}))
    assert table["mrd_day_post-C1"].isna().all()
    assert set(table["mrd_class_post-C1"]) == {"negative"}


def test_class_is_the_word_of_the_patients_own_protocol() -> None:
    """Level 5e-4, and a positive that is not quantified: positive for one protocol, and not for
    the other, which counts neither, and does not name post-A1."""
    rows = [
        {"patient_id": p, "protocol": name, "timepoint": t, "status": s, "mrd_level": level}
        for p, name in (("P1", "both"), ("P2", "strict"))
        for t, s, level in (("post-A1", words.POSITIVE_NOT_QUANTIFIABLE, NAN),
                            ("post-C1", words.POSITIVE_QUANTIFIABLE, 5e-4))
    ]  # fmt: skip
    table = handed(patients_table({}, {}), status_table(*rows), P2="strict").iloc[::2]
    assert list(table["mrd_class_post-A1"]) == ["positive", ""]
    assert list(table["mrd_class_post-C1"]) == ["positive", "negative"]
    assert list(table["mrd_post-A1"]) == [words.POSITIVE_NOT_QUANTIFIABLE] * 2


# --- bounds: status, reasons -> what is known of the level (range 1e-4, sensitivity 1e-5)


@pytest.mark.parametrize(
    ("status", "reasons", "low", "high"),
    [
        (words.POSITIVE_QUANTIFIABLE, "", 2e-3, 2e-3),
        (words.NEGATIVE, "", None, 1e-5),
        (words.POSITIVE_NOT_QUANTIFIABLE, "sample_range", None, 1e-4),
        (words.POSITIVE_NOT_QUANTIFIABLE, "sample_determined;sample_delta;sample_range", None, 1e-4),
        # Replicates of 25.0, 25.1 and 28.0 cycles: much more than the range, and no number.
        (words.POSITIVE_NOT_QUANTIFIABLE, "sample_delta", None, None),
        # 25.0, 25.1 and no signal: a pipetting fault, more likely than a level below the range.
        (words.POSITIVE_NOT_QUANTIFIABLE, "sample_determined", None, None),
        (words.LOW_POSITIVE_BELOW_RANGE, "sample_range", None, 1e-4),
        (words.LOW_POSITIVE_BELOW_RANGE, "sample_delta", None, None),
        (words.UNCERTAIN_SIGNIFICANCE, "low_positive_wells;sample_range", None, 1e-4),
        (words.UNCERTAIN_SIGNIFICANCE, "low_positive_wells;sample_determined", None, None),
        (words.NOT_EVALUABLE, "ntc_clean", None, None),
        (words.NOT_DONE, "", None, None),
    ],
)  # fmt: skip
def test_bounds_of_a_level(
    status: str, reasons: str, low: float | None, high: float | None
) -> None:
    level = 2e-3 if status == words.POSITIVE_QUANTIFIABLE else NAN
    table = status_table({"status": status, "reasons": reasons, "mrd_level": level})
    found = [None if math.isnan(b[0]) else b[0] for b in level_bounds(table)]
    assert found == [low, high]


def test_every_status_and_the_criterion_of_the_range_are_known() -> None:
    """The test above names every status, and the word it looks for among the reasons is one."""
    marks = test_bounds_of_a_level.pytestmark[0].args[1]  # type: ignore[attr-defined]
    assert {mark[0] for mark in marks} == set(words.STATUSES)
    assert "sample_range" in QUANTIFIABLE


@given(
    st.lists(
        st.tuples(st.sampled_from(words.STATUSES), st.sampled_from(["", *QUANTIFIABLE])),
        min_size=1,
    )
)
def test_bounds_are_never_0_and_never_crossed(rows: list[tuple[str, str]]) -> None:
    table = status_table(*({"status": s, "reasons": r, "mrd_level": 1e-3 if s == words.POSITIVE_QUANTIFIABLE else NAN}
                           for s, r in rows))  # fmt: skip
    low, high = level_bounds(table)
    assert not np.any(low <= 0)
    assert not np.any(high <= 0)
    known = ~np.isnan(low)
    assert (known == (table["status"] == words.POSITIVE_QUANTIFIABLE)).all()
    assert (low[known] == high[known]).all()


def test_negative_without_a_sensitivity_has_no_bound() -> None:
    low, high = level_bounds(status_table({"sensitivity": NAN}))
    assert np.isnan([low[0], high[0]]).all()
