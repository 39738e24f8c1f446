"""Amendments as tables: which wells a row names, what is touched, what counts, what is refused."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mrdq.amended_calls import counting, joined_texts, separate_texts, with_flag
from mrdq.amendment_checks import date_or_time
from mrdq.amendments import (
    WELL_COLUMNS,
    Amendment,
    automatic_wells,
    level_problems,
    omit_wells,
    well_problems,
    wells_are_amended_by,
)
from mrdq.units import UnitError

OMIT = Amendment(2, "omit", "R1", "", "", "", "", "operator A", "2024-03-01", "pipetting error")
CALL = Amendment(
    5, "call", "R1", "T1", "", "S1", "negative", "analyst", "2024-03-02", "second look"
)


def plate() -> pd.DataFrame:
    rows = [
        ("R1", "A1", "T1", "sample", "S1", 30.0, "determined"),
        ("R1", "A1", "ALB", "sample", "S1", 24.0, "determined"),
        ("R1", "A2", "T1", "sample", "S2", np.nan, "undetermined"),
        ("R1", "A3", "T1", "ntc", "", np.nan, "omitted"),
        ("R2", "A1", "T1", "sample", "S1", 31.0, "determined"),
    ]
    names = ["run_id", "well", "target", "role", "sample_id", "cq", "cq_state"]
    return pd.DataFrame(rows, columns=names)


def omitted(**narrowed: str) -> list[int]:
    wells = omit_wells(plate(), [replace(OMIT, **narrowed)])
    return list(np.flatnonzero(wells["amendment"] != ""))


@pytest.mark.parametrize(
    ("narrowed", "places"),
    [
        ({}, [0, 1, 2, 3]),
        ({"target": "T1"}, [0, 2, 3]),
        ({"well": "A1"}, [0, 1]),
        ({"sample_id": "S1"}, [0, 1]),
        ({"target": "T1", "sample_id": "S1"}, [0]),
        ({"target": "ALB", "well": "A2"}, []),
        ({"run_id": "R2"}, [4]),
        ({"run_id": "R3"}, []),
    ],
)
def test_an_omission_names_the_wells_of_its_run_that_are_all_it_says(
    narrowed: dict[str, str], places: list[int]
) -> None:
    assert omitted(**narrowed) == places


def test_the_automatic_cq_stands_beside_the_omitted_well() -> None:
    wells = omit_wells(plate(), [replace(OMIT, target="T1")])
    assert list(wells)[-3:] == list(WELL_COLUMNS)
    first = wells.iloc[0]
    assert (first["cq_state"], first["automatic_cq"], first["automatic_cq_state"]) == ("omitted", 30.0, "determined")  # fmt: skip
    assert np.isnan(first["cq"])
    assert first["amendment"] == "row 2: operator A 2024-03-01: pipetting error"
    untouched = wells.iloc[4]
    assert (untouched["cq"], untouched["cq_state"], untouched["amendment"]) == (31.0, "determined", "")  # fmt: skip
    pd.testing.assert_frame_equal(automatic_wells(wells), plate(), check_dtype=False)


def test_two_rows_about_one_well_are_both_named() -> None:
    rows = [replace(OMIT, well="A2"), replace(OMIT, row=7, sample_id="S2", why="swapped")]
    text = omit_wells(plate(), rows)["amendment"][2]
    assert separate_texts(text) == [row.text for row in rows]


def test_without_an_omission_there_are_no_new_columns() -> None:
    assert list(omit_wells(plate(), [CALL])) == list(plate())
    assert list(automatic_wells(plate())) == list(plate())


def test_text_as_categories_is_the_same() -> None:
    """As Parquet is read: with names of other runs that these amendments do not know."""
    text = ["run_id", "well", "target", "role", "sample_id", "cq_state"]
    rows = [replace(OMIT, target="T1")]
    found = omit_wells(plate().astype(dict.fromkeys(text, "category")), rows)
    pd.testing.assert_frame_equal(found.astype(object), omit_wells(plate(), rows).astype(object))


def test_columns_of_the_layout_keep_their_place() -> None:
    wells = omit_wells(plate().assign(amendment="ours"), [OMIT])
    assert list(wells["layout.amendment"]) == ["ours"] * 5
    assert wells["amendment"][4] == ""


def test_wells_of_another_sheet_are_told_from_those_of_this_one() -> None:
    mine, other = [OMIT], [replace(OMIT, target="T1")]
    wells = omit_wells(plate(), mine)
    assert wells_are_amended_by(wells, mine)
    assert wells_are_amended_by(wells, [*mine, CALL])
    assert not wells_are_amended_by(wells, other)
    assert not wells_are_amended_by(wells, [])
    assert not wells_are_amended_by(plate(), mine)
    assert wells_are_amended_by(plate(), [CALL])
    assert not wells_are_amended_by(wells, [replace(OMIT, why="another reason")])


def test_amendments_that_meet_nothing() -> None:
    rows = [
        replace(OMIT, well="H12"), replace(OMIT, row=3, well="A3"), replace(OMIT, row=4, run_id="R9"),
        CALL, replace(CALL, row=6, sample_id="S3"), replace(CALL, row=7, target="ALB", sample_id="S2"),
    ]  # fmt: skip
    found = list(well_problems(plate(), rows, "config/amendments.tsv"))
    assert [(p.row, p.column, p.level) for p in found] == [
        (2, "well", "error"), (3, "run_id", "warning"), (6, "sample_id", "error"), (7, "sample_id", "error"),
    ]  # fmt: skip
    assert str(found[0]) == (
        'config/amendments.tsv, row 2, column well: found "run R1, well H12", expected at least one well that the '
        "run holds. Mend the row: a well has to have the target, the sample and the place that the row names."
    )
    assert found[1].remedy.endswith("the row changes nothing.")
    assert found[2].remedy == "The run holds for T1: S1, S2."


def table(**columns: Any) -> pd.DataFrame:
    row = {
        "run_id": "R1", "target": "T1", "sample_id": "S1", "call": "positive_quantifiable", "amended_call": "",
        "mrd_level": 1e-3, "mrd_level_low": 5e-4, "mrd_level_high": 2e-3, "quantitative_range": 1e-4,
        "sensitivity": 1e-5, "reasons": "", "retracted": False,
    }  # fmt: skip
    return pd.DataFrame([row | columns])


def test_a_level_is_the_engines_or_there_is_none() -> None:
    asks = replace(CALL, call="positive_quantifiable")
    assert list(level_problems(table(), [asks], "sheet")) == []
    assert list(level_problems(table(mrd_level=np.nan), [CALL], "sheet")) == []
    (problem,) = level_problems(table(mrd_level=np.nan), [asks], "sheet")
    assert (problem.row, problem.column, problem.found) == (5, "call", "positive_quantifiable")
    assert "No level was computed" in problem.remedy


@pytest.mark.parametrize(
    ("person", "level", "limit", "reasons"),
    [
        ("", True, True, True), ("positive_quantifiable", True, True, True), ("negative", False, True, False),
        ("positive_not_quantifiable", False, True, False), ("not_evaluable", False, False, False),
    ],
)  # fmt: skip
def test_what_a_persons_call_keeps_of_the_engines(
    person: str, level: bool, limit: bool, reasons: bool
) -> None:
    (row,) = counting(table(amended_call=person, reasons="one")).to_dict("records")
    assert row["call"] == (person or "positive_quantifiable")
    for name in ("mrd_level", "mrd_level_low", "mrd_level_high"):
        assert (not np.isnan(row[name])) is level
    for name in ("quantitative_range", "sensitivity"):
        assert (not np.isnan(row[name])) is limit
    assert (row["reasons"] == "one") is reasons


def test_a_retracted_call_does_not_count() -> None:
    assert counting(table(retracted=True)).empty


def test_the_flag_is_the_last_and_said_once() -> None:
    flags = with_flag(pd.Series(["", "signal_seen", "signal_seen;amended", "amended", ""]),
                      pd.Series([True, True, True, True, False]))  # fmt: skip
    assert list(flags) == ["amended", "signal_seen;amended", "signal_seen;amended", "amended", ""]


def test_texts_are_joined_by_their_rows_each_once() -> None:
    """A reason may hold a bar; rows are numbers, not text."""
    two = "row 2: A 2024-01-01: left | right"
    ten, three = "row 10: B 2024-01-02: x", "row 3: A 2024-01-01: y"
    assert joined_texts([f"{two} | {ten}", three, ten, ""]) == f"{two} | {three} | {ten}"


@pytest.mark.parametrize(
    "text", ["2024-02-29", "2024-03-01 10:00", "2024-03-01T10:00:59", "2024-03-01T10:00Z", "2024-03-01T10:00:00+01:00"]
)  # fmt: skip
def test_a_date_or_a_time_is_kept_as_written(text: str) -> None:
    assert date_or_time(text) == text


@pytest.mark.parametrize(
    "text", ["2023-02-29", "1.3.2024", "2024-3-1", "2024-03-01 25:00", "2024-03-01 10", "20240301", "now", "２024-03-01"]
)  # fmt: skip
def test_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(UnitError, match="YYYY-MM-DD"):
        date_or_time(text)
