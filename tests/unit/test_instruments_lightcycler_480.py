"""LightCycler 480: both shapes, every message, nothing lost where the file is cut."""

from __future__ import annotations

import math

import pytest
from exports.lightcycler_480 import (
    CALLED_COLUMNS,
    COLORED_COLUMNS,
    COLORED_ROWS,
    SMALL,
    TITLE,
    called_row,
    lines,
)

from mrdq.errors import MrdqError
from mrdq.instruments import Export, detect, read_export

U, D, O = "undetermined", "determined", "omitted"  # noqa: E741


def colored(*rows: str, title: str = TITLE) -> Export:
    return read_export(lines(title, COLORED_COLUMNS, *rows), "run.txt")


def called(*rows: str) -> Export:
    return read_export(lines(CALLED_COLUMNS, *rows), "run.txt")


def problem(data: bytes) -> str:
    with pytest.raises(MrdqError) as caught:
        read_export(data, "run.txt")
    assert all(str(one).startswith("run.txt") for one in caught.value.problems)
    return str(caught.value)


def test_columns_below_the_name_of_the_experiment() -> None:
    export = read_export(SMALL["colored.txt"], "run.txt")
    assert export.format == "lightcycler_480"
    assert export.reason == "a LightCycler 480 header with the columns Pos, Cp, Include"
    assert export.well == ["A1", "A2", "A3", "B1", "B2", "P24"]
    assert export.row == [3, 4, 5, 6, 7, 8]
    assert export.cq_state == [D, D, D, D, O, U]
    assert export.cq[:4] == [20.11, 23.47, 24.31, 40.0]
    assert all(map(math.isnan, export.cq[4:]))
    assert export.task == ["Standard", "Standard", "", "", "", ""]
    assert export.quantity[:2] == [100000.0, 10000.0]
    assert all(map(math.isnan, export.quantity[2:]))
    assert set(export.channel) == {"FAM (465-510)"}
    assert set(export.target) == {""}
    assert export.sample[-1] == "no template control"
    assert export.flags == ["", "", "", ">", "omitted", ""]
    assert export.notes == [
        "columns not read: Concentration",
        "empty Cq cells read as undetermined: wells P24",
        f"line above the table: {TITLE}",
    ]
    assert [problem.found for problem in export.warnings] == ["B1 (40)"]


def test_columns_with_calls() -> None:
    export = read_export(SMALL["called.txt"], "run.txt")
    assert export.format == "lightcycler_480"
    assert export.well == ["A1", "A2", "A3", "B1", "H11", "H12"]
    assert export.cq_state == [D, D, D, O, U, U]
    assert export.cq[:3] == [20.1123456789012, 23.4712345678901, 36.9876543210987]
    assert all(map(math.isnan, export.cq[3:]))
    assert export.task == ["Standard", "Standard", "", "", "", ""]
    assert export.quantity[:2] == [100000.0, 10000.0]
    assert set(export.channel) == {""}
    assert export.flags == [
        "",
        "",
        ">;call=pdcUncertain;status=late;cp_uncertain=1",
        "omitted",
        "call=pdcNegative",
        "call=pdcNegative",
    ]
    assert export.notes == [
        "columns not read: Analysis Name, Concentration",
        "empty Cq cells read as undetermined: wells H12",
        "Cq stored but not taken, for the call: H11 (pdcNegative, Cq 38.25)",
    ]


@pytest.mark.parametrize(
    "title", ["Experiment: X  Filter: SYBR Green I", '"Experiment: X Filter: SYBR Green I"\t\t']
)
def test_other_titles(title: str) -> None:
    assert colored(COLORED_ROWS[2], title=title).channel == ["SYBR Green I"]


def test_a_title_without_filter() -> None:
    assert colored(COLORED_ROWS[2], title="Experiment: X").channel == [""]


def test_decimal_comma() -> None:
    export = colored("True\t255\tA1\tS\t24,31\t5,7E3\t0\t", "True\t128\tA2\tS\t20,11\t\t1,0E5\t")
    assert (export.cq, export.quantity[1]) == ([24.31, 20.11], 1e5)


def test_both_decimal_signs() -> None:
    rows = ("True\t255\tA1\tS\t24,31\t\t0\t", "True\t255\tA2\tS\t24.31\t\t0\t")
    assert "one decimal sign in the whole column" in problem(lines(TITLE, COLORED_COLUMNS, *rows))


@pytest.mark.parametrize("cell", ["Undetermined", "N/A", "-", "0", "0.00", "-1", "nan", "> 40.00"])
def test_words_in_a_cq_cell(cell: str) -> None:
    found = problem(lines(TITLE, COLORED_COLUMNS, f"True\t255\tA1\tS\t{cell}\t\t0\t"))
    assert found.startswith(f'run.txt, row 3, column Cp, well A1: found "{cell}"')


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("True\t255\tQ1\tS\t24.31\t\t0\t", 'column Pos: found "Q1", expected a well'),
        ("True\t255\tA25\tS\t24.31\t\t0\t", 'column Pos: found "A25", expected a well'),
        ("True\t255\tA2\tS\t24.31\t\t0", "expected 8 cells, up to column Status"),
        ("True\t255\tA2\tS\t24.31\t\t0\t\t", "expected 8 cells, as in the header"),
        ("\t255\tA2\tS\t24.31\t\t0\t", "column Include, well A2: found nothing, expected true or false"),
        ("maybe\t255\tA2\tS\t24.31\t\t0\t", 'column Include, well A2: found "maybe"'),
        ("True\t255\tA2\tS\t24.31\t\tyes\t", 'column Standard, well A2: found "yes"'),
        ("True\t255\tA2\tS\t24.31\t\t-5\t", "expected a quantity that can be read in one way only"),
        (COLORED_ROWS[2], "row 3, FAM (465-510): Cq 24.31"),
        (TITLE, "expected 8 cells, up to column Status"),
    ],
)  # fmt: skip
def test_rows_that_are_refused(row: str, message: str) -> None:
    found = problem(lines(TITLE, COLORED_COLUMNS, COLORED_ROWS[2], row))
    assert message.replace("row 3, FAM (465-510)", "row 3") in found
    assert "row 4" in found


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (called_row("A1", call="pdcNotCalculated"), 'found "pdcNotCalculated", expected one of the calls pdcPositive'),
        (called_row("A1", call=""), "column Call, well A1: found nothing"),
        (called_row("A1", " "), "expected a Cq beside a call that says there is one"),
        (called_row("A1", "late"), "row 2, column CrossingPoint, well A1"),
    ],
)  # fmt: skip
def test_calls_that_are_refused(row: str, message: str) -> None:
    assert message in problem(lines(CALLED_COLUMNS, row))


def test_an_uncertain_call_leaves_it_to_the_cp() -> None:
    export = called(called_row("A1", "36.5", "pdcUncertain"), called_row("A2", " ", "pdcUncertain"))
    assert export.cq_state == [D, U]
    assert export.flags == ["call=pdcUncertain"] * 2


def test_an_excluded_well_needs_no_call() -> None:
    assert called(called_row("A1", " ", "pdcNotCalculated", included="0")).cq_state == [O]


def test_two_analyses_of_one_well() -> None:
    found = problem(lines(CALLED_COLUMNS, called_row("A1"), called_row("A1", "25.5")))
    assert "row 2: Cq 25.125 and row 3: Cq 25.5" in found


def test_blank_lines_below_the_table() -> None:
    assert called(called_row("A1"), "", "").well == ["A1"]


def test_two_experiments_in_one_file() -> None:
    rows = (called_row("A1"), called_row("A2", experiment="Another"))
    found = problem(lines(CALLED_COLUMNS, *rows))
    assert 'column Experiment Name: found "Invented run and Another"' in found
    assert "Export each run into a file of its own." in found


def test_colours_of_the_other_call_are_told() -> None:
    export = colored(
        "True\t65280\tA1\tS\t24.31\t\t0\t", "True\t255\tA2\tS\t\t\t0\t", COLORED_ROWS[2]
    )
    assert export.cq_state == [D, U, D]
    assert [warning.found for warning in export.warnings] == ["A1, A2"]
    assert export.warnings[0].column == "Color"


def test_no_cp_at_all_is_told() -> None:
    export = colored("True\t65280\tA1\tS\t\t\t0\t")
    assert export.cq_state == [U]
    assert "may not have been calculated" in str(export.warnings[0])


@pytest.mark.parametrize("missing", ["Include", "Pos", "Cp"])
def test_headers_that_are_refused(missing: str) -> None:
    columns = COLORED_COLUMNS.replace(missing, "X", 1)
    found = problem(lines(TITLE, columns, *COLORED_ROWS))
    assert f'Roche LightCycler 480: found no column "{missing}" (or ' in found


def test_other_texts_of_the_instrument_are_refused() -> None:
    melting = lines(
        TITLE, "Include\tColor\tPos\tName\tTm1\tTm2\tStatus", "True\t255\tA1\tS\t84.2\t\t"
    )
    assert 'no column "Cp"' in problem(melting)


@pytest.mark.parametrize("name", SMALL)
def test_cut_anywhere(name: str) -> None:
    """Each cut is refused, or gives only rows of the whole table."""
    data = SMALL[name]
    assert detect(data, "x")[0] == "lightcycler_480"
    whole = read_export(data, "x")
    rows = set(
        zip(whole.well, whole.cq_state, map(str, whole.cq), map(str, whole.quantity), strict=True)
    )
    n_read = 0
    for cut in range(len(data)):
        try:
            part = read_export(data[:cut], "x")
        except MrdqError:
            continue
        n_read += 1
        assert rows >= set(
            zip(part.well, part.cq_state, map(str, part.cq), map(str, part.quantity), strict=True)
        )
    assert n_read >= 6


def test_a_late_crossing_point_that_is_a_bound_is_told() -> None:
    """``>`` and 35 say later than 35; a late one that was found has decimals."""
    bound = called_row("A1", "35", code=">", said="late", state="cpsLarge")
    found = called_row("A2", "34.2945695988313", code=">", said="late")
    plain = called_row("A3", "35")
    (warning,) = called(bound, found, plain).warnings
    assert (warning.found, warning.column) == ("A1 (35)", "CrossingPoint")
    assert called(bound).cq == [35.0]
