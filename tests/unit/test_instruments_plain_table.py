"""The plain table, and how it keeps apart from the instruments' own files."""

from __future__ import annotations

import io
import math

import openpyxl
import pytest

from mrdq.errors import MrdqError
from mrdq.instruments import read_export

TABLE = "well,target,cq,sample,task,quantity,comment\nA01,T,25.5,S1,standard,0.001,x\nb2,T,No Ct,,NTC,0,\n"


def workbook(*sheets: list[list[object]]) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for number, rows in enumerate(sheets, 1):
        sheet = book.create_sheet(f"Sheet{number}")
        for cells in rows:
            sheet.append(cells)
    data = io.BytesIO()
    book.save(data)
    return data.getvalue()


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_columns(delimiter: str) -> None:
    export = read_export(TABLE.replace(",", delimiter).encode(), "x")
    assert export.format == "plain_table"
    assert "the columns well, target, cq" in export.reason
    assert (export.well, export.row) == (["A1", "B2"], [2, 3])
    assert (export.cq[0], export.cq_state) == (25.5, ["determined", "undetermined"])
    assert (export.sample, export.task, export.quantity) == (
        ["S1", ""],
        ["standard", "NTC"],
        [0.001, 0.0],
    )
    assert export.notes == ["columns not read: comment"]


@pytest.mark.parametrize(
    "header",
    [
        "Well,Target,CQ",
        "WELL,Target Name,Ct",
        "Well Position,Detector,C\u0442",
        "Pos,Detector Name,CT",
        " well , target , Cq ",
    ],
)
def test_headers_of_real_files(header: str) -> None:
    assert read_export(f"\n\n{header}\nA1,T,20.5\n".encode(), "x").row == [4]


def test_numbered_wells_beside_their_names() -> None:
    export = read_export(b"Well,Well Position,Target Name,CT,Quantity\n1,A1,T,20.5,3\n", "x")
    assert (export.well, export.quantity) == (["A1"], [3.0])


@pytest.mark.parametrize("word", ["Undetermined", "N/A", "NaN", "No Ct", "no ct", "-", "NA"])
def test_undetermined_words(word: str) -> None:
    assert read_export(f"well,target,cq,x\nA1,T,{word},\n".encode(), "x").cq_state == [
        "undetermined"
    ]


def test_an_empty_cq_is_undetermined_and_noted() -> None:
    export = read_export(b"well,target,cq,x\nA1,T,,\nA2,T,20.5,\nA3,,,\n", "x")
    assert export.cq_state == ["undetermined", "determined"]
    assert "empty Cq cells read as undetermined: wells A1" in export.notes
    assert "empty wells, no target and no Cq: A3" in export.notes


@pytest.mark.parametrize(
    ("body", "message"),
    [("A1,T,negative,\n", "row 2, column cq, well A1"), ("A1,T,0,\n", "a Cq above 0"), ("A1,T,-1,\n", "a Cq above 0"),
     ("Q1,T,20,\n", "expected a well, such as A1"), ("A1,T,20,\nA01,T,21,\n", "one row per well, target and channel"),
     ("A1,T\n", "cut off at row 2"), ("Note = x,,,\n", "expected a well"), ("A1,T,20,,5\n", "expected 4 cells, as in the header"),
     ('A1,"T,20,\nA2,T,20,\n', "quotation marks"), ("", "rows of results below the header")],
)  # fmt: skip
def test_refusals(body: str, message: str) -> None:
    with pytest.raises(MrdqError) as caught:
        read_export(f"well,target,cq,x\n{body}".encode(), "x.csv")
    assert message in str(caught.value)


@pytest.mark.parametrize("header", ["well,target,cq,ct", "well,target,target name,cq"])
def test_two_columns_for_one(header: str) -> None:
    with pytest.raises(MrdqError, match="plain table: found no single column for"):
        read_export(f"{header}\nA1,a,20,21\n".encode(), "x.csv")


@pytest.mark.parametrize("column", ["Exclude", "Included", "Filtered"])
def test_wells_left_out_in_other_words_are_not_ignored(column: str) -> None:
    with pytest.raises(MrdqError, match="Rename the column to omit"):
        read_export(f"well,target,cq,{column}\nA1,T,20,yes\n".encode(), "x.csv")
    assert read_export(b"well,target,cq,omit,\nA1,T,20,yes,\n", "x.csv").cq_state == ["omitted"]


def test_workbook() -> None:
    rows = [
        [None],
        ["well", "target", "cq", "quantity"],
        ["A1", "T", 20.0, 0.125],
        ["A2", "T", None, None],
    ]
    export = read_export(workbook(rows, [["notes"]]), "x.xlsx")
    assert (export.format, export.well, export.row) == ("plain_table", ["A1", "A2"], [3, 4])
    assert (export.cq[0], export.quantity[0], math.isnan(export.cq[1])) == (20.0, 0.125, True)
    assert "sheet Sheet2 not read" in export.notes
    with pytest.raises(MrdqError, match="no single sheet with the table: several have it"):
        read_export(workbook(rows, rows), "x.xlsx")
