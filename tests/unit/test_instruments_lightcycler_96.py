"""LightCycler 96 result tables: columns, calls, every message, nothing lost where the file is cut."""

from __future__ import annotations

import math

import pytest
from exports.lightcycler_96 import COLUMNS, ROWS, SMALL, lines, row

from mrdq.errors import MrdqError
from mrdq.instruments import Export, detect, read_export

U, D, O = "undetermined", "determined", "omitted"  # noqa: E741


def read(*rows: str, columns: str = COLUMNS) -> Export:
    return read_export(lines(columns, *rows), "run.txt")


def problem(*rows: str, columns: str = COLUMNS) -> str:
    with pytest.raises(MrdqError) as caught:
        read(*rows, columns=columns)
    assert all(str(one).startswith("run.txt") for one in caught.value.problems)
    return str(caught.value)


def test_columns() -> None:
    export = read_export(SMALL["results.txt"], "run.txt")
    assert export.format == "lightcycler_96"
    assert export.reason == "a LightCycler 96 header with the columns Position, Gene Name, Cq, Call"
    assert export.well == ["A1", "A2", "A3", "A3", "B1", "B2", "B3", "H12"]
    assert export.row == [2, 3, 4, 5, 6, 7, 8, 9]
    assert export.target == ["T", "T", "T", "ALB", "T", "T", "T", "T"]
    assert export.channel == ["FAM", "FAM", "FAM", "VIC", "FAM", "FAM", "FAM", "FAM"]
    assert export.cq_state == [D, D, D, D, U, O, O, U]
    assert export.cq[:4] == [20.11, 20.13, 25.47, 26.02]
    assert all(map(math.isnan, export.cq[4:]))
    assert export.quantity[:2] == [1e5, 1e5]
    assert all(map(math.isnan, export.quantity[2:]))
    assert export.task[0] == "Standard"
    assert export.task[-1] == "Negative Control"
    assert export.flags == [
        "", "", "", "", "call=Negative", "call=Invalid;failure=noisy curve", "omitted", "call=Negative",
    ]  # fmt: skip
    unread = "Color, Concentration, Cq Error, Concentration Mean, Concentration Error, Replicate Group, Slope, EPF"
    assert export.notes[0] == f"columns not read: {unread}, Notes, Sample Prep Notes, Number"
    stored = "B1 (Negative, Cq 38.9), B2 (Invalid, Cq 31)"
    assert f"Cq stored but not taken, for the call: {stored}" in export.notes
    assert export.warnings == []


def test_a_printed_mean_that_the_cq_do_not_give() -> None:
    export = read(row("A1", "20.11", mean="22.00"), row("A2", "20.13", mean="22.00"))
    assert "mean 22.00 printed, 20.12" in str(export.warnings[0])


def test_decimal_comma() -> None:
    export = read(
        row("A1", "20,11", type="Standard", standard="1,00E5"), row("A2", "-", "Negative")
    )
    assert (export.cq[0], export.quantity[0]) == (20.11, 1e5)


@pytest.mark.parametrize(
    ("second", "message"),
    [
        (row("A2", "20,11"), "one decimal sign in the whole column"),
        (row("A2", "none"), 'column Cq, well A2: found "none"'),
        (row("A2", ""), "column Cq, well A2: found nothing"),
        (row("A2", "0.00"), "a Cq above 0"),
        (row("A2", "-"), "expected a Cq beside a call that says there is one"),
        (row("A2", call="-"), 'column Call, well A2: found "-", expected one of the calls Positive, Negative, Invalid'),
        (row("A2", call="Homozygote"), 'column Call, well A2: found "Homozygote"'),
        (row("A2", excluded="x"), 'column Excluded, well A2: found "x", expected true or false'),
        (row("I1"), 'found "I1", expected a well of the block (96-Well)'),
        (row("A2", type="Standard", standard="Yes"), 'column Standard, well A2: found "Yes"'),
        (row("A2", edited="Negative"), 'column Edited Call, well A2: found "Negative", expected the call of the software'),
        (row("A2").rsplit("\t", 1)[0], "cells"),
        (row("A2") + "\t", "expected 23 cells, as in the header"),
        (row("A1", "25.50"), "row 2: Cq 25.13 and row 3: Cq 25.5"),
    ],
)  # fmt: skip
def test_rows_that_are_refused(second: str, message: str) -> None:
    found = problem(row("A1"), second)
    assert message in found
    assert "row 3" in found


def test_edited_calls_that_agree_and_those_of_excluded_wells() -> None:
    export = read(row("A1", edited="Positive"), row("A2", edited="Negative", excluded="True"))
    assert export.cq_state == [D, O]


def test_a_table_without_calls_is_refused() -> None:
    columns = COLUMNS.replace("\tCall\t", "\tX\t")
    assert 'Roche LightCycler 96: found no column "Call"' in problem(*ROWS, columns=columns)


@pytest.mark.parametrize("column", ["File Name", "Plate Id"])
def test_two_runs_in_one_file(column: str) -> None:
    rows = ("one" + row("A1")[10:], "two" + row("A2")[10:])
    found = problem(*rows, columns=COLUMNS.replace("Color", column))
    assert f'column {column}: found "one and two", expected one run in a file' in found


def test_cut_anywhere() -> None:
    """Each cut is refused, or gives only rows of the whole table."""
    data = SMALL["results.txt"]
    assert detect(data, "x")[0] == "lightcycler_96"
    whole = read_export(data, "x")
    rows = set(zip(whole.well, whole.target, whole.cq_state, map(str, whole.cq), strict=True))
    n_read = 0
    for cut in range(len(data)):
        try:
            part = read_export(data[:cut], "x")
        except MrdqError:
            continue
        n_read += 1
        assert rows >= set(
            zip(part.well, part.target, part.cq_state, map(str, part.cq), strict=True)
        )
    assert n_read >= 8
