"""The plain table, and how it keeps apart from the instruments' own files."""

from __future__ import annotations

import io
import math
from dataclasses import replace

import openpyxl
import pytest

from mrdq.errors import WARNING, MrdqError
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


def test_an_empty_cq_is_undetermined_noted_and_warned_of() -> None:
    export = read_export(b"well,target,cq,x\nA1,T,,\nA2,T,20.5,\nA3,,,\n", "x")
    assert export.cq_state == ["undetermined", "determined"]
    assert "empty Cq cells read as undetermined: wells A1" in export.notes
    assert "empty wells, no target and no Cq: A3" in export.notes
    [warning] = export.warnings
    assert warning.level == WARNING
    assert str(warning).startswith("x, row 2, column cq, wells A1: found nothing, expected a Cq")
    assert "The empty cells are read as undetermined" in warning.remedy


def test_the_usual_table_gives_no_warning() -> None:
    assert read_export(TABLE.encode(), "x").warnings == []


ALL = "well,target,cq,quantity,task,sample,omit"


def last_row(column: str, **cells: str) -> bytes:
    """A table whose last column is ``column``, and whose last line has no end."""
    names = [*(name for name in ALL.split(",") if name != column), column]
    usual = {"well": "A2", "target": "T", "cq": "20.5", "task": "unknown", "sample": "S2"} | cells
    row = ",".join(usual.get(name, "") for name in names)
    whole = ",".join({"well": "A1", "target": "T", "cq": "21.5"}.get(name, "") for name in names)
    return f"{','.join(names)}\n{whole}\n{row}".encode()


@pytest.mark.parametrize(
    ("column", "cells"),
    [("sample", {}), ("sample", {"sample": ""}), ("task", {}), ("task", {"task": "IPC"}),
     ("task", {"task": "standard", "quantity": "5"}), ("quantity", {}), ("quantity", {"task": "NTC"}),
     ("omit", {"omit": "false"}), ("comment", {"comment": "x"}), ("comment", {})],
)  # fmt: skip
def test_a_last_line_without_an_end_is_read_with_a_warning(
    column: str, cells: dict[str, str]
) -> None:
    """Oracle: the same file with a line end."""
    data = last_row(column, **cells)
    export, whole = read_export(data, "x.csv"), read_export(data + b"\n", "x.csv")
    [warning] = export.warnings
    assert whole.warnings == []
    assert replace(export, warnings=[], quantity=[]) == replace(whole, quantity=[])
    assert str(export.quantity) == str(whole.quantity)
    assert (warning.file, warning.row, warning.column) == ("x.csv", 3, column)
    assert (warning.level, warning.expected) == (WARNING, "a line end after the last cell")
    assert "The row is read as it stands." in warning.remedy
    assert "end the last line if it is whole" in warning.remedy


@pytest.mark.parametrize(
    ("column", "cells"),
    [("target", {}), ("cq", {}), ("cq", {"cq": "Undetermined"}), ("cq", {"cq": ""}), ("well", {}), ("quantity", {"quantity": "5"}),
     ("quantity", {"task": "standard"}), ("quantity", {"task": ""}), ("task", {"task": "stan", "quantity": "5"}),
     ("omit", {})],
)  # fmt: skip
def test_a_last_line_without_an_end_that_may_hide_a_value_is_refused(
    column: str, cells: dict[str, str]
) -> None:
    with pytest.raises(MrdqError) as caught:
        read_export(last_row(column, **cells), "x.csv")
    assert "row 3, column " + column in str(caught.value)
    assert "expected a line end after the last cell. The export may be cut off" in str(caught.value)


def test_a_short_last_row_without_an_end_is_refused() -> None:
    with pytest.raises(MrdqError, match="row 3: found"):
        read_export(b"well,target,cq,x,y\nA1,T,20.5,a,b\nA2,T,21.5,a", "x.csv")


@pytest.mark.parametrize(
    ("wells", "said"),
    [(["Q1"], "Q1"), (["A25", "A1", "A25"], "A25"), (["P24", "AF48", "Z1", "AA1"], "AF48, Z1, AA1"),
     (["R1", "R2", "R3", "R4", "R5"], "R1, R2, R3 and 2 more"), (["A1", "P24", "D12h8"], "")],
)  # fmt: skip
def test_wells_of_a_plate_of_1536(wells: list[str], said: str) -> None:
    """They are read, with a warning: one of them may be a typing error."""
    rows = "".join(f"{well},T{n},20.5\n" for n, well in enumerate(wells))
    export = read_export(f"well,target,cq\n{rows}".encode(), "x.csv")
    assert export.well == wells
    assert [(one.column, one.found) for one in export.warnings] == (
        [("well", said)] if said else []
    )
    assert all("wells of a 1536-well plate" in one.remedy for one in export.warnings)


@pytest.mark.parametrize(
    ("body", "message"),
    [("A1,T,negative,\n", "row 2, column cq, well A1"), ("A1,T,0,\n", "a Cq above 0"), ("A1,T,-1,\n", "a Cq above 0"),
     ("AG1,T,20,\n", "expected a well, such as A1"), ("A49,T,20,\n", "expected a well, such as A1"),
     ("A1,T,20,\nA01,T,21,\n", "one row per well and target"),
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


def test_states_in_our_own_words_decide() -> None:
    """A Cq may stand beside a state that says there is none, as in wells.parquet of others."""
    data = b"well,target,cq,cq_state\nA1,T,40.0,undetermined\nA2,T,25.1,omitted\nA3,T,25.2,determined\n"
    export = read_export(data, "x.csv")
    assert export.cq_state == ["undetermined", "omitted", "determined"]
    assert [math.isnan(cq) for cq in export.cq] == [True, True, False]
    assert any("A1 (undetermined, Cq 40)" in note for note in export.notes)


@pytest.mark.parametrize("word", ["", "negative", "Undet"])
def test_other_words_of_a_state_are_refused(word: str) -> None:
    with pytest.raises(MrdqError, match="one of the calls determined, undetermined, omitted"):
        read_export(f"well,target,cq,cq_state\nA1,T,40.0,{word}\n".encode(), "x.csv")


@pytest.mark.parametrize("column", ["Call", "Edited Call", "Result", "state"])
def test_columns_in_which_software_judges_are_refused(column: str) -> None:
    with pytest.raises(MrdqError, match="A Cq may stand beside a negative call") as caught:
        read_export(f"well,target,cq,{column}\nA1,T,36.0,Negative\n".encode(), "x.csv")
    assert f"column {column}" in str(caught.value)


def test_flags_of_an_instrument_are_carried() -> None:
    data = b"Well,Target,Cq,HIGHSD,Amp Status\nA1,T,25.5,Y,No Amp\nA2,T,25.6,N,Amp\n"
    assert read_export(data, "x.csv").flags == ["HIGHSD;no_amp", ""]


def test_a_filled_column_without_a_name_is_noted() -> None:
    export = read_export(b"Well,Target,Cq,,\nA1,T,26.1,,\nA2,T,26.1,40,\n", "x.csv")
    assert "columns without a name not read: 4" in export.notes
