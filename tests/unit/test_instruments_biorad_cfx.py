"""Bio-Rad CFX: csv, text and workbook, with and without targets."""

from __future__ import annotations

import io
import math
import re

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


CUSTOM = [
    "File Name,run 7.pcrd", "Created By User,admin", "Notes,", "Run Started,05/06/2024 05:08:09 UTC",
    "Run Ended,05/06/2024 07:08:09 UTC", "CFX Maestro Version,4.1.2433.1219. ", "", "Well group,All Wells", "",
    "Well,Fluor,Target,Content,Sample,Well Note,Cq,SQ,Cq Mean", "A01,FAM,T,Std-01,,,25.79,1000,25.79",
    "A02,FAM,T,Unkn-1,S1,x,27.34,719.9,27.34", "A03,VIC,,Neg Ctrl-2,,,NaN,NaN,0",
]  # fmt: skip


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_custom_export(delimiter: str) -> None:
    lines = [line.replace(",", delimiter) for line in CUSTOM]
    if delimiter == ";":
        lines = [re.sub(r";(\d+)\.(\d+)(?=;|$)", r";\1,\2", line) for line in lines]
    export = read_export("\n".join([*lines, ""]).encode(), "run.csv")
    assert export.format == "biorad_cfx"
    assert export.reason == "a custom export of CFX with the columns Well, Content, Cq, Fluor"
    assert export.software == "CFX Maestro Version 4.1.2433.1219"
    assert export.run_date == "05/06/2024 07:08:09 UTC"
    assert (export.well, export.row) == (["A1", "A2", "A3"], [11, 12, 13])
    assert export.cq[:2] == [25.79, 27.34]
    assert export.cq_state == ["determined", "determined", "undetermined"]
    assert export.quantity[0] == 1000.0
    assert all(map(math.isnan, export.quantity[1:]))
    assert export.channel == ["FAM", "FAM", "VIC"]
    assert export.notes[0] == "columns not read: Well Note"
    assert export.notes[1].startswith("rows 1 to 9, above the table, not read but for instrument")
    assert export.warnings == []


def test_custom_export_without_its_lines() -> None:
    export = read_export("\n".join([*CUSTOM[9:], ""]).encode(), "run.csv")
    assert (export.format, export.software, export.run_date) == ("biorad_cfx", "", "")
    assert (export.well, export.row) == (["A1", "A2", "A3"], [2, 3, 4])
    assert math.isnan(export.quantity[1])


@pytest.mark.parametrize(
    ("kept", "expected"),
    [
        (CUSTOM[:9], 'no header line that starts with "Well" and "Fluor"'),
        (
            [*CUSTOM[:9], "Well,Fluor,Target,Sample,Cq", ""],
            'no column "Content" in row 10',
        ),
        ([*CUSTOM[:11], "A02,FAM,T,Unkn-1,S1,x,27.3"], "expected 9 cells"),
        ([*CUSTOM[:11], "A02,FAM,T,Unkn-1,S1,x,,719.9,27.34", ""], "well A2"),
    ],
)
def test_refusals_of_a_custom_export(kept: list[str], expected: str) -> None:
    with pytest.raises(MrdqError) as caught:
        read_export("\n".join(kept).encode(), "run.csv", format="biorad_cfx")
    assert expected in str(caught.value)
