"""Rotor-Gene: channels, named analyses, positions, curves, and what is refused."""

from __future__ import annotations

import math

import pytest
from exports import ariamx, mxpro, rotor_gene
from exports.rotor_gene import (
    COLUMNS,
    GREEN,
    HEADING,
    ONE_CHANNEL,
    Q_COLUMNS,
    ROWS,
    SMALL,
    TWO_CHANNELS,
    YELLOW,
    q_row,
    row,
    table,
    text,
)

from mrdq.errors import MrdqError
from mrdq.instruments import FORMATS, Export, read_export
from mrdq.instruments.source import Found, Missing, Source


def one(rows: list[list[str]], columns: list[str] = COLUMNS, *, title: str = "") -> bytes:
    return text([*HEADING, *table(title or "Cycling A.FAM (Page 1)", columns, rows)])


def refusal(data: bytes, *, stated: bool = False) -> str:
    with pytest.raises(MrdqError) as caught:
        read_export(data, "run.csv", format="rotor_gene" if stated else "")
    return str(caught.value)


def keys(export: Export) -> set[tuple[str, str, str, str]]:
    cells = zip(export.well, export.target, export.channel, export.cq, strict=True)
    return {(well, target, channel, str(cq)) for well, target, channel, cq in cells}


def test_one_channel() -> None:
    export = read_export(text(ONE_CHANNEL), "run.csv")
    assert export.format == "rotor_gene"
    assert "Cycling A.FAM (Page 1)" in export.reason
    assert export.well == ["A1", "A2", "A3", "A8", "B1", "B2", "H8", "I8"]
    assert export.row == list(range(10, 18))
    assert set(export.channel) == {"FAM"}
    assert set(export.target) == {""}
    assert export.task == [*["Standard"] * 3, *["Unknown"] * 4, "NTC"]
    assert export.sample[3] == "patient 1/5"
    assert export.cq[:6] == [18.33, 21.69, 25.01, 28.38, 28.55, 38.9]
    assert export.cq_state == [*["determined"] * 6, *["undetermined"] * 2]
    assert export.quantity[:3] == [1000.0, 100.0, 10.0]
    assert all(map(math.isnan, export.quantity[3:]))
    assert (export.run_date, export.printed_curves, export.warnings) == (
        "01/02/2010 09:10:11",
        {},
        [],
    )


def test_notes_name_every_column_that_is_not_read() -> None:
    notes = read_export(text(ONE_CHANNEL), "run.csv").notes
    read = {"No.", "Name", "Type", "Ct", "Given Conc (copies)", "Rep. Ct", "Rep. Ct Std. Dev."}
    unread = ", ".join(name for name in COLUMNS if name not in read)
    assert notes == [
        f"columns not read: {unread}",
        "empty Cq cells read as undetermined: wells H8, I8",
    ]


def test_two_channels() -> None:
    export = read_export(text(TWO_CHANNELS, ","), "run.csv")
    assert export.channel == [*["Green"] * 4, *["Yellow"] * 4]
    assert export.target == [*[""] * 4, *["ALB"] * 4]
    assert export.well == ["A1", "A2", "B1", "B2"] * 2
    assert export.cq[:3] == [20.01, 23.35, 26.0]
    assert export.flags[3] == "NEG (NTC)"
    assert export.flags[6] == "NEG (Multi Ct)"
    assert export.cq_state[6] == "undetermined"
    assert export.printed_curves == {"": (-3.34, 30.03, 0.998)}
    assert "Cycling A.Green (Page 1): lines above the table: Threshold 0.05" in export.notes
    assert "Cycling A.Yellow (ALB): empty Cq cells read as undetermined: wells B1" in export.notes
    assert "positions that are numbered" in str(export.warnings[0])


def test_a_curve_of_several_tables_without_target_is_not_taken_over() -> None:
    lines = [
        [cell.replace("(ALB)", "(Page 1)") for cell in cells] if len(cells) == 1 else cells
        for cells in TWO_CHANNELS
    ]
    export = read_export(text(lines, ","), "run.csv")
    assert set(export.target) == {""}
    assert export.printed_curves == {}


def test_a_curve_with_decimal_comma_or_without_numbers() -> None:
    lines = [["M", "-3,53"], ["B", "n/a"], ["R^2 Value", "0,99"]]
    data = text([*HEADING, ["Quantitative analysis of Cycling A.FAM"], *lines, COLUMNS, *ROWS])
    export = read_export(data, "run.csv")
    assert export.printed_curves == {"": (-3.53, None, 0.99)}
    assert "lines above the table: B n/a" in export.notes
    assert set(export.channel) == {"FAM"}


def test_the_export_saved_by_a_spreadsheet() -> None:
    export = read_export(SMALL["saved by a spreadsheet"], "run.csv")
    assert export.target == ["ALB"] * 4
    assert export.cq[:3] == [20.01, 23.35, 26.0]
    assert "a line end after the last cell" in str(export.warnings[0])


def test_numbers_and_names_are_the_same_positions() -> None:
    names = [f"{letter}{n}" for letter in "ABCDEFGHI" for n in range(1, 9)]
    rows = [row(str(n), "x", "Unknown", "20,5") for n in range(1, 73)]
    assert read_export(one(rows), "run.csv").well == names


@pytest.mark.parametrize("position", ["73", "100", "1000"])
def test_a_rotor_disc_100_is_refused(position: str) -> None:
    told = refusal(one([*ROWS, row(position, "x", "Unknown", "20,5")]))
    assert f'found "{position}", expected positions of a rotor of 72' in told
    assert "row 18, column No. of Cycling A.FAM (Page 1)" in told
    assert "Rotor-Disc 100" in told


@pytest.mark.parametrize("position", ["0", "A9", "J1", "x", "A01"])
def test_a_position_outside_of_the_rotor(position: str) -> None:
    told = refusal(one([*ROWS, row(position, "x", "Unknown", "20,5")]))
    assert "row 18, column No." in told
    assert "a well of the block (a rotor of 72: A1 to I8, or 1 to 72)" in told


@pytest.mark.parametrize("word", ["No Ct", "-1", "0,00", "101", "1.234,5"])
def test_other_words_of_a_ct_are_refused(word: str) -> None:
    assert "column Ct" in refusal(one([row("A1", "x", "Unknown", word), *ROWS[1:]]))


def test_both_decimal_signs_in_one_table() -> None:
    told = refusal(one([*ROWS, row("C1", "x", "Unknown", "20.5")]))
    assert "one decimal sign in the whole column" in told


def test_both_decimal_signs_in_two_tables() -> None:
    data = [
        *HEADING,
        *table("Cycling A.FAM (Page 1)", COLUMNS, ROWS),
        *table("Cycling A.JOE (Page 1)", COLUMNS, [row("A1", "x", "Unknown", "20.5")]),
    ]
    told = refusal(text(data))
    assert "points in Cycling A.JOE (Page 1) and commas in Cycling A.FAM (Page 1)" in told


def test_twin_rows_in_one_table_and_in_two() -> None:
    told = refusal(one([*ROWS, row("A1", "x", "Unknown", "20,5")]))
    assert "row 10: Cq 18.33 and row 18: Cq 20.5" in told
    both = [*table("Cycling A.FAM (Page 1)", COLUMNS, ROWS[:1])] * 2
    assert "one row per well and channel" in refusal(text([*HEADING, *both]))


def test_two_analyses_with_names_are_two_targets() -> None:
    both = [
        *table("Cycling A.FAM (IGH)", COLUMNS, ROWS[:1]),
        *table("Cycling A.FAM (ALB, second)", COLUMNS, ROWS[:1]),
    ]
    assert read_export(text([*HEADING, *both]), "run.csv").target == ["IGH", "ALB, second"]


def test_errors_of_all_tables_are_told() -> None:
    wrong = [
        *table("Cycling A.FAM (Page 1)", COLUMNS, [row("A1", "x", "Unknown", "bad")]),
        *table("Cycling A.JOE (Page 1)", COLUMNS, [row("J1", "x", "Unknown", "20,5")]),
    ]
    told = refusal(text([*HEADING, *wrong]))
    assert '"bad"' in told
    assert '"J1"' in told


@pytest.mark.parametrize("cells", [["A1", "x", "Unknown", "18,33"], [*ROWS[0], ""], ["x"]])
def test_rows_of_another_length(cells: list[str]) -> None:
    assert "row 11" in refusal(one([ROWS[1], cells, ROWS[2]]))


def test_a_last_row_that_is_longer_and_has_no_end() -> None:
    told = refusal(SMALL["saved by a spreadsheet"] + b";;x")
    assert "14 cells, as in the header" in told


def test_other_analyses_are_named() -> None:
    melt = [
        ["Melt analysis of Melt A.Green (Page 1)"],
        [],
        ["No.", "Name", "Peak 1"],
        ["1", "x", "82"],
    ]
    export = read_export(text([*ONE_CHANNEL, *melt]), "run.csv")
    assert len(export.well) == 8
    assert '"Melt analysis of Melt A.Green (Page 1)" from row 21 on not read' in export.notes


def test_ct_of_an_analysis_of_another_name_is_refused() -> None:
    other = [["Relative analysis of Cycling A.Green (Page 1)"], COLUMNS, *ROWS]
    told = refusal(text([*ONE_CHANNEL, *other]))
    assert 'found no "Quantitative analysis of" above the Ct in row 22' in told


def test_what_is_missing() -> None:
    raw = [["Excel Raw Data Export"], *ONE_CHANNEL[1:]]
    with pytest.raises(MrdqError, match='no first line "Excel Analysed Data Export"'):
        read_export(text(raw), "run.csv", format="rotor_gene")
    assert 'found no line that starts with "Quantitative analysis of"' in refusal(text(HEADING))
    told = refusal(text([*HEADING, ["Quantitative analysis of Cycling A.FAM (Page 1)"]]))
    assert 'found no header "No." below "Quantitative analysis of Cycling A.FAM (Page 1)"' in told
    columns = [name for name in COLUMNS if name != "Ct"]
    assert 'no column "Ct" in the header in row 9' in refusal(one([], columns), stated=True)
    columns = ["Ct" if name == "% Var" else name for name in COLUMNS]
    assert "single column for cq" in refusal(one([], columns), stated=True)
    document = FORMATS["rotor_gene"].detect(Source(b"<rdml/>", "x"))
    assert document == Missing("text file")
    assert "rows of results" in refusal(one([]))


@pytest.mark.parametrize("name", SMALL)
def test_a_cut_export_is_refused_or_holds_only_what_the_whole_one_holds(name: str) -> None:
    data = SMALL[name]
    whole = keys(read_export(data, name))
    for cut in range(len(data)):
        try:
            part = read_export(data[:cut], name)
        except MrdqError:
            continue
        assert keys(part) <= whole, cut


def test_no_other_reader_takes_it_and_it_takes_no_other() -> None:
    others = [*mxpro.SMALL.values(), *ariamx.SMALL.values()]
    for data in others:
        assert not isinstance(FORMATS["rotor_gene"].detect(Source(data, "x")), Found)
    for data in rotor_gene.SMALL.values():
        found = [
            key for key in FORMATS if isinstance(FORMATS[key].detect(Source(data, "x")), Found)
        ]
        assert found == ["rotor_gene"]


def test_rows_of_the_q_series() -> None:
    columns = [name.replace("(Copies)", "(copies/reaction)") for name in Q_COLUMNS]
    rows = [*GREEN, q_row("72", "", "Positive Control", "21.5")]
    export = read_export(one(rows, columns), "run.csv")
    assert (export.quantity[0], export.well[-1], export.sample[-1]) == (1000.0, "I8", "")
    assert len(YELLOW) == len(GREEN)
