"""Amendments: the engine against the slow reference, and laws that need no reference.

Above all: what is left out leaves no trace in what is left.
"""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import pandas as pd
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from studies import studies, study_from_seed

from mrdq.amendments import Amendment, amendments_of
from mrdq.validation.compare import assert_same, same_value
from mrdq.validation.engine import engine, guideline_of, rows
from mrdq.validation.reference import Study, analyse
from mrdq.validation.reference_amendments import analyse_amended, without

RELAXED = settings(
    max_examples=8, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
Row = dict[str, Any]
EMPTY = dict.fromkeys(("target", "well", "sample_id", "call"), "")
TOLD = {"who": "operator A", "when": "2024-03-01", "why": "reason"}
# Seeds of small studies that between them meet everything; others as they come.
SEEDS = (20_039, 20_060, 20_000, 20_016, *range(20_100, 20_112))
# Seeds of small studies of several runs.
REPEATED = (30_001, 30_004, 30_009, 30_012, 30_018, 30_019, 30_020, 30_025, 30_027)
AMENDED_CALL = ("amended_call", "amended", "retracted", "automatic_call", "automatic_mrd_level",
                "automatic_quantitative_range", "automatic_sensitivity", "automatic_superseded")  # fmt: skip
AMENDED_STATUS = ("amended", "automatic_status", "automatic_mrd_level", "automatic_response", "automatic_next_step")  # fmt: skip
# What an amended result may say that the same result without amendments does not.
BESIDE = ("amended", "amendment")


def random_amendments(study: Study, rng: random.Random) -> list[Row]:
    """Omissions of runs, targets, samples and wells, and calls of subjects that are left."""
    found = [random_omission(study, rng) for _ in range(rng.choice((0, 1, 1, 2, 3)))]
    left = analyse(without(study, found)).calls
    retracted = {one["run_id"] for one in found if not (one["target"] or one["well"] or one["sample_id"])}  # fmt: skip
    for call in rng.sample(left, min(len(left), rng.choice((0, 0, 1, 2)))):
        words = guideline_of(study).calls
        if call["call"] != "positive_quantifiable":
            words = tuple(word for word in words if word != "positive_quantifiable")
        if call["run_id"] not in retracted:
            subject = {name: call[name] for name in ("run_id", "target", "sample_id")}
            found.append({**EMPTY, **subject, "what": "call", "call": rng.choice(words)})
    return found


def random_omission(study: Study, rng: random.Random) -> Row:
    well = rng.choice([well for well in study.wells if well["role"] != "empty"])
    narrowed = rng.choice(((), ("target",), ("sample_id",), ("well",), ("target", "well"), ("target", "sample_id")))  # fmt: skip
    given = {name: well[name] or "" for name in narrowed}
    return {**EMPTY, **given, "what": "omit", "run_id": well["run_id"]}


def sheet(amendments: list[Row]) -> list[Amendment]:
    return amendments_of([one | TOLD for one in amendments], range(2, 2 + len(amendments)))


def by_key(table: list[Row], *key: str) -> dict[tuple[Any, ...], Row]:
    return {tuple(row[name] for name in key): row for row in table}


def compare(study: Study, amendments: list[Row]) -> tuple[list[Row], list[Row]]:
    """Both engines, column by column, with what stands beside; returns the engine's rows."""
    expected = analyse_amended(study, amendments)
    found = {name: rows(table) for name, table in engine(study, None, sheet(amendments)).items()}
    assert_same(expected, found["curves"], found["calls"], found["status"])
    beside = (("calls", ("run_id", "target", "sample_id"), AMENDED_CALL),
              ("status", ("patient_id", "timepoint"), AMENDED_STATUS))  # fmt: skip
    for name, key, columns in beside:
        wanted, given = by_key(getattr(expected, name), *key), by_key(found[name], *key)
        for place, row in wanted.items():
            for column in columns:
                assert same_value(row[column], given[place][column]), (place, column, row, given[place])  # fmt: skip
    return found["calls"], found["status"]


@RELAXED
@given(studies(), st.integers(0, 2**32 - 1))
def test_engine_and_reference_agree_on_amendments(study: Study, seed: int) -> None:
    if study.wells:
        compare(study, random_amendments(study, random.Random(seed)))


def test_random_amendments_reach_everything() -> None:
    """Both engines on many seeds; and every way in which an amendment can matter is met."""
    seen: dict[str, int] = dict.fromkeys(
        ("status changed", "status not changed", "retracted", "person", "superseded again",
         "no longer discordant", "amended by another run", "not done", "level gone"), 0
    )  # fmt: skip
    for seed in SEEDS:
        study = study_from_seed(seed)
        amendments = random_amendments(study, random.Random(seed))
        calls, status = compare(study, amendments)
        runs = {one["run_id"] for one in amendments}
        for row in status:
            seen["status changed"] += row["amended"] and row["status"] != row["automatic_status"]
            seen["status not changed"] += row["amended"] and row["status"] == row["automatic_status"]  # fmt: skip
            seen["not done"] += row["amended"] and row["status"] == "not_done"
            seen["level gone"] += pd.isna(row["mrd_level"]) and not pd.isna(row["automatic_mrd_level"])  # fmt: skip
        for call in calls:
            seen["retracted"] += call["retracted"]
            seen["person"] += bool(call["amended_call"])
            seen["superseded again"] += call["superseded"] != call["automatic_superseded"]
            seen["no longer discordant"] += "discordant_runs" in call["automatic_flags"] and "discordant_runs" not in call["flags"]  # fmt: skip
            seen["amended by another run"] += call["amended"] and call["run_id"] not in runs
    assert min(seen.values()) >= 2, seen


def plain(table: pd.DataFrame) -> pd.DataFrame:
    """A table without what only an amended one says, in an order of its own."""
    kept = [name for name in table if name not in BESIDE and not name.startswith("automatic_")]
    table = table[kept].astype(object)
    table["flags"] = table["flags"].str.replace(r"(?:^|;)amended$", "", regex=True)
    return table.sort_values(list(table)[:2], ignore_index=True)


def test_a_retracted_run_leaves_no_trace() -> None:
    """The status with a run retracted is that of the study without the run, to the last bit."""
    retracted = 0
    for seed in REPEATED:
        study = study_from_seed(seed)
        for run in sorted({well["run_id"] for well in study.wells}):
            rest = [well for well in study.wells if well["run_id"] != run]
            if not rest:
                continue
            amended = engine(study, None, sheet([{**EMPTY, "what": "omit", "run_id": run}]))
            alone = engine(replace(study, wells=rest))
            pd.testing.assert_frame_equal(
                plain(amended["status"]), plain(alone["status"]), check_exact=True
            )
            left = amended["calls"][~amended["calls"]["retracted"]]
            pd.testing.assert_frame_equal(
                plain(left), plain(alone["calls"]), check_exact=True, check_dtype=False
            )
            retracted += 1
    assert retracted >= 2 * len(REPEATED)


@RELAXED
@given(studies(), st.integers(0, 2**32 - 1))
def test_left_out_by_a_person_or_by_the_layout(study: Study, seed: int) -> None:
    """Wells that a person leaves out give what the same wells, excluded in the layout, give."""
    rng = random.Random(seed)
    amendments = [random_omission(study, rng) for _ in range(3)] if study.wells else []
    amendments = [one for one in amendments if one["target"] or one["well"] or one["sample_id"]]
    amended, excluded = engine(study, None, sheet(amendments)), engine(without(study, amendments))
    for name in ("curves", "evidence"):
        pd.testing.assert_frame_equal(amended[name], excluded[name], check_exact=True)
    for name in ("calls", "status"):
        pd.testing.assert_frame_equal(plain(amended[name]), plain(excluded[name]), check_exact=True)


@RELAXED
@given(studies(), st.integers(0, 2**32 - 1))
def test_without_its_mark_a_call_is_the_automatic_one(study: Study, seed: int) -> None:
    """What is not marked ``amended`` is as it was; and the automatic columns are those of the study
    without a sheet, whatever the sheet says."""
    if not study.wells:
        return
    found = engine(study, None, sheet(random_amendments(study, random.Random(seed))))
    before = engine(study)
    for name in ("calls", "status"):
        same = ~found[name]["amended"].to_numpy(dtype=bool)
        pd.testing.assert_frame_equal(found[name][same].astype(object), before[name][same].astype(object))  # fmt: skip
        own = [column for column in found[name] if column.startswith("automatic_")]
        pd.testing.assert_frame_equal(
            found[name][own].astype(object), before[name][own].astype(object), check_exact=True
        )


@RELAXED
@given(studies(), st.integers(0, 2**32 - 1))
def test_a_well_that_counted_nowhere(study: Study, seed: int) -> None:
    """To leave out what the instrument left out changes not one cell."""
    omitted = [well for well in study.wells if well["cq_state"] == "omitted" or well["role"] == "empty"]  # fmt: skip
    if not omitted:
        return
    well = random.Random(seed).choice(omitted)
    one = {**EMPTY, "what": "omit", **{n: well[n] for n in ("run_id", "target", "well")}}
    found, before = engine(study, None, sheet([one])), engine(study)
    for name in before:
        pd.testing.assert_frame_equal(found[name].astype(object), before[name].astype(object))
