"""Cells of workbooks that hold no value, in xlsx files as different programs write them."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from pathlib import Path

import openpyxl
import pytest

from mrdq.errors import MrdqError
from mrdq.sheets import read_cells
from mrdq.workbook import Workbook
from mrdq.worksheets import NO_VALUE, as_text

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
LINK = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
REMEDY = "Open the workbook in a spreadsheet program, mend the cell and save."


def packed(
    rows: str, *, target: str = "worksheets/sheet1.xml", part: str = "xl/worksheets/sheet1.xml",
    name: str = "Runs", prefix: str = "", after: str = "",
) -> bytes:  # fmt: skip
    """An xlsx with these rows as XML."""
    mark = f":{prefix.rstrip(':')}" if prefix else ""
    files = {
        "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>',
        "_rels/.rels": '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        f'<Relationship Id="rId1" Type="{LINK}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{LINK}"><sheets><sheet name="Other" sheetId="1" r:id="rId7"/>'
        f'<sheet name="{name}" sheetId="2" r:id="rId9"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        f'<Relationship Id="rId9" Type="{LINK}/worksheet" Target="{target}"/>'
        f'<Relationship Id="rId7" Type="{LINK}/worksheet" Target="worksheets/other.xml"/></Relationships>',
        "xl/worksheets/other.xml": f'<worksheet xmlns="{MAIN}"><sheetData/></worksheet>',
        part: f'<{prefix}worksheet xmlns{mark}="{MAIN}"><{prefix}sheetData>{rows}</{prefix}sheetData>{after}</{prefix}worksheet>',
    }  # fmt: skip
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for path, content in files.items():
            archive.writestr(path, content)
    return data.getvalue()


def told(data: bytes, sheet: str = "Runs") -> list[tuple[int | None, str, str]]:
    """Row, place and what was found, of every cell that is refused."""
    try:
        Workbook(data, "runs.xlsx").refuse_cells_without_value(sheet)
    except MrdqError as error:
        return [(one.row, one.column, one.found) for one in error.problems]
    return []


@pytest.mark.parametrize(
    ("cell", "found"),
    [('<c r="B2" t="e"><v>#N/A</v></c>', "#N/A"), ("<c r='B2' t='e'><v>#DIV/0!</v></c>", "#DIV/0!"),
     ('<c r="B2" t="e"><f>1/0</f><v>#DIV/0!</v></c>', "#DIV/0!"), ('<c r="B2" t="e"/>', "an error"),
     ('<c r="B2"><f>A1</f></c>', NO_VALUE), ('<c r="B2"><f>A1</f><v/></c>', NO_VALUE),
     ('<c r="B2"><f>A1</f><v></v></c>', NO_VALUE), ('<c r="B2" t="str"><f>A1</f></c>', NO_VALUE),
     ('<c r="B2"><f t="shared" si="0"/></c>', NO_VALUE)],
)  # fmt: skip
def test_cells_without_a_value(cell: str, found: str) -> None:
    row = f'<row r="2"><c r="A2"><v>1</v></c>{cell}</row>'
    assert told(packed(row)) == [(2, "sheet Runs, cell B2", found)]


@pytest.mark.parametrize(
    "cell",
    ['<c r="B2"><f>A1</f><v>2.5</v></c>', '<c r="B2" t="str"><f>""</f><v></v></c>', '<c r="B2" t="str"><f>A1</f><v>x</v></c>',
     '<c r="B2" s="3"/>', '<c r="B2" t="b"><f>TRUE()</f><v>1</v></c>', '<c r="B2" t="inlineStr"><is><t>"e" &lt;f</t></is></c>'],
)  # fmt: skip
def test_cells_with_a_value(cell: str) -> None:
    assert told(packed(f'<row r="2">{cell}</row>')) == []


def test_rows_and_cells_without_an_address_are_counted() -> None:
    rows = "<row><c><v>1</v></c></row><row><c/><c t='e'><v>#REF!</v></c></row><row r='9'><c r='AB9' t='e'/><c t='e'/></row>"
    assert told(packed(rows)) == [
        (2, "sheet Runs, cell B2", "#REF!"), (9, "sheet Runs, cell AB9", "an error"), (9, "sheet Runs, cell AC9", "an error"),
    ]  # fmt: skip


def test_elements_with_a_prefix() -> None:
    rows = '<x:row r="3"><x:c r="C3"><x:f>A1</x:f></x:c></x:row>'
    assert told(packed(rows, prefix="x:")) == [(3, "sheet Runs, cell C3", NO_VALUE)]


@pytest.mark.parametrize(
    ("target", "part"),
    [("/xl/worksheets/a.xml", "xl/worksheets/a.xml"), ("worksheets/Sheet1.xml", "xl/worksheets/sheet1.xml"),
     ("xl/worksheets/a.xml", "xl/worksheets/a.xml")],
)  # fmt: skip
def test_the_worksheet_is_found_by_its_link(target: str, part: str) -> None:
    rows = '<row r="1"><c r="A1" t="e"/></row>'
    data = packed(rows, target=target, part=part, name="Läufe &amp; mehr")
    assert told(data, "Läufe & mehr") == [(1, "sheet Läufe & mehr, cell A1", "an error")]
    assert told(data, "Other") == []


def test_only_the_table_counts() -> None:
    rows = "".join(
        f'<row r="{r}"><c r="A{r}" t="e"/><c r="B{r}" t="e"/></row>' for r in range(1, 4)
    )
    with pytest.raises(MrdqError) as caught:
        Workbook(packed(rows), "x").refuse_cells_without_value("Runs", 2, {1})
    assert [one.column.split()[-1] for one in caught.value.problems] == ["A2", "B2", "B3"]


def test_many_cells_are_counted_and_not_all_shown() -> None:
    rows = "".join(f'<row r="{r}"><c r="A{r}"><f>B1</f></c></row>' for r in range(1, 101))
    found = told(packed(rows))
    assert len(found) == 21
    assert found[-1] == (None, "sheet Runs", "80 more such cells")


@pytest.mark.parametrize(
    ("data", "expected"),
    [(packed("<row r='1'><c t='e'></row>"), "a workbook that can be read"),
     (packed("", target="worksheets/none.xml"), "an .xlsx workbook"), (b"PK\x03\x04", "a whole archive")],
)  # fmt: skip
def test_a_workbook_whose_cells_cannot_be_looked_up_is_refused(data: bytes, expected: str) -> None:
    with pytest.raises(MrdqError, match=expected):
        Workbook(data, "x.xlsx").refuse_cells_without_value("Runs")


def test_no_xlsx() -> None:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("content.xml", "<x/>")
    with pytest.raises(
        MrdqError, match=r"expected (a workbook that can be read|an \.xlsx workbook)"
    ):
        Workbook(data.getvalue(), "x.ods")


@pytest.mark.parametrize(("cell", "found"), [("#N/A", "#N/A"), ("=1/4", NO_VALUE)])
def test_the_laboratorys_sheets(tmp_path: Path, cell: str, found: str) -> None:
    """In any column: an empty cell would be a default."""
    book = openpyxl.Workbook()
    for row in (["sample_id", "blast_fraction"], ["S1", 0.5], ["S2", cell]):
        book.active.append(row)
    book.save(tmp_path / "samples.xlsx")
    with pytest.raises(MrdqError) as caught:
        read_cells(tmp_path / "samples.xlsx", "samples.xlsx")
    assert str(caught.value) == (
        f'samples.xlsx, row 3, column sheet Sheet, cell B3: found "{found}", expected a value. {REMEDY}'
    )
    book.active["B3"] = None
    book.create_sheet("Notes")["A1"] = cell
    book.save(tmp_path / "samples.xlsx")
    numbers, _ = read_cells(tmp_path / "samples.xlsx", "samples.xlsx", worksheet="Sheet")
    assert numbers == [1, 2, 3]


@pytest.mark.parametrize(
    ("cell", "text"),
    [(1.0, "1"), (28.037617264150633, "28.037617264150633"), (True, "true"), (False, "false"), ("x", "x"), (1e22, "1e+22"),
     (-3.0, "-3"), (dt.datetime(2024, 5, 6), "2024-05-06"), (dt.datetime(2024, 5, 6, 7, 8), "2024-05-06T07:08:00"),
     (dt.date(2024, 5, 6), "2024-05-06"), (dt.time(7, 8), "07:08:00"), (dt.timedelta(hours=1), "1:00:00")],
)  # fmt: skip
def test_cells_as_text(cell: str | float | dt.date, text: str) -> None:
    assert as_text(cell) == text
