"""Bio-Rad CFX: csv, text and workbook, with and without targets."""

from __future__ import annotations

import io
import math

import openpyxl
import pytest

from mrdq.errors import MrdqError
from mrdq.instruments import read_export

COLUMNS = [
    "",
    "Well",
    "Fluor",
    "Target",
    "Content",
    "Sample",
    "Cq",
    "Cq Mean",
    "Starting Quantity (SQ)",
    "Well Note",
]
ROWS = [
    ["", "A01", "FAM", "T", "Std-01", "", "25.79", "25.79", "1.000E+03", ""],
    ["", "A02", "FAM", "T", "Unkn-1", "S1", "27.34", "27.34", "7.199E+02", ""],
    ["", "A03", "FAM", "", "NTC-1", "", "N/A", "0.00", "N/A", ""],
    ["", "A03", "VIC", "", "NTC-1", "", "NaN", "0.00", "NaN", ""],
    ["", "H12", "FAM", "T", "Neg Ctrl", "", "38.5", "0.00", "N/A", "x"],
]


def csv_of(rows: list[list[str]], delimiter: str = ",", columns: list[str] = COLUMNS) -> bytes:
    return "".join(delimiter.join(cells) + "\r\n" for cells in [columns, *rows]).encode()


def workbook_of(rows: list[list[object]]) -> bytes:
    book = openpyxl.Workbook()
    for cells in [COLUMNS, *rows]:
        book.active.append([cell or None for cell in cells])
    book.active.title = "0"
    book.create_sheet("Run Information").append(["File Name", "x.pcrd"])
    data = io.BytesIO()
    book.save(data)
    return data.getvalue()


def numbers(rows: list[list[str]]) -> list[list[object]]:
    def cell(text: str) -> object:
        try:
            return float(text) if text != "NaN" else text
        except ValueError:
            return text

    return [[cell(text) for text in cells] for cells in rows]


@pytest.mark.parametrize(
    "data", [csv_of(ROWS), csv_of(ROWS, "\t"), csv_of(ROWS, ";"), workbook_of(numbers(ROWS))]
)
def test_columns(data: bytes) -> None:
    export = read_export(data, "run")
    assert export.format == "biorad_cfx"
    assert "a header that starts with an empty cell" in export.reason
    assert export.well == ["A1", "A2", "A3", "A3", "H12"]
    assert export.row == [2, 3, 4, 5, 6]
    assert export.channel == ["FAM", "FAM", "FAM", "VIC", "FAM"]
    assert export.task == ["Std-01", "Unkn-1", "NTC-1", "NTC-1", "Neg Ctrl"]
    assert export.cq[:2] == [25.79, 27.34]
    assert export.cq_state == [
        "determined",
        "determined",
        "undetermined",
        "undetermined",
        "determined",
    ]
    assert export.quantity[0] == 1000.0
    assert all(map(math.isnan, export.quantity[1:]))
    assert export.target == ["T", "T", "", "", "T"]
    assert "columns not read: Well Note" in export.notes


def test_the_other_sheet_is_noted() -> None:
    assert (
        "sheet Run Information not read"
        in read_export(workbook_of(numbers(ROWS)), "run.xlsx").notes
    )


def test_threshold_cycle_and_decimal_comma() -> None:
    columns = [
        "",
        "Well",
        "Fluor",
        "Content",
        "Target",
        "Threshold Cycle ( C(t) )",
        "Starting Quantity (SQ)",
    ]
    rows = [
        ["", "A01", "SYBR", "Std", "G", "25,79", "1,000E+03"],
        ["", "A10", "SYBR", "NTC", "", "N/A", "N/A"],
    ]
    export = read_export(csv_of(rows, "\t", columns), "run.txt")
    assert (export.cq[0], export.quantity[0], export.cq_state[1]) == (25.79, 1000.0, "undetermined")


@pytest.mark.parametrize("word", ["Undetermined", "", "0", "0.00", "-1", "No Ct"])
def test_other_words_are_refused(word: str) -> None:
    rows = [ROWS[0], [*ROWS[1][:6], word, *ROWS[1][7:]]]
    with pytest.raises(MrdqError, match="row 3, column Cq, well A2"):
        read_export(csv_of(rows), "run.csv")


def test_the_column_content_makes_it_a_cfx_export() -> None:
    columns = [name for name in COLUMNS if name != "Content"]
    with pytest.raises(
        MrdqError,
        match='Bio-Rad CFX Manager and CFX Maestro: found no column "Content" in the header',
    ):
        read_export(csv_of([cells[:9] for cells in ROWS], columns=columns), "run.csv")


def test_two_sheets_with_the_table() -> None:
    book = openpyxl.load_workbook(io.BytesIO(workbook_of(numbers(ROWS))))
    book.copy_worksheet(book["0"])
    data = io.BytesIO()
    book.save(data)
    with pytest.raises(MrdqError, match="no single sheet with the table: several have it"):
        read_export(data.getvalue(), "run.xlsx")
