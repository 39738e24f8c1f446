"""Workbooks: what is read is checked first, for its extent and its check sums, and nothing else is."""

from __future__ import annotations

import html
import io
import re
import zipfile

import openpyxl
import pytest

from mrdq.archive import Archive
from mrdq.errors import MrdqError
from mrdq.instruments import read_export
from mrdq.simulate.workbook import workbook_bytes
from mrdq.workbook import CELLS, Workbook

FIRST, SECOND = "xl/worksheets/sheet1.xml", "xl/worksheets/sheet2.xml"
SHARED, LINKS = "xl/sharedStrings.xml", "xl/_rels/workbook.xml.rels"
TABLE = [["well", "target", "cq"], ["A1", "T", 25.5], ["A2", "T", 30.25]]
NOTES = [["made", "by"], ["nobody", 1]]
AGAIN = "Open the workbook and save it again, or export the run again."


def book(**sheets: list[list[object]]) -> bytes:
    return workbook_bytes(sheets or {"Table": TABLE, "Notes": NOTES}, title="invented")  # type: ignore[arg-type]


def with_parts(
    data: bytes, changed: dict[str, bytes | None], method: int = zipfile.ZIP_DEFLATED
) -> bytes:
    """The archive with the content of members replaced, added or (None) removed."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w") as made:
        members: dict[str, bytes | None] = {name: old.read(name) for name in old.namelist()}
        for name, content in (members | changed).items():
            if content is not None:
                made.writestr(zipfile.ZipInfo(name), content, method)
    return out.getvalue()


def part(data: bytes, name: str) -> bytes:
    return Archive(data, "x").read(name)


def with_rows(rows: str) -> bytes:
    """A workbook whose first sheet has these rows as XML."""
    xml = (
        '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
        f"<sheetData>{rows}</sheetData></worksheet>"
    )
    return with_parts(book(), {FIRST: xml.encode()})


def with_shared_texts(texts: bytes = b"") -> bytes:
    """A workbook whose first sheet has its one text in the table of texts, as most programs do it."""
    xml = (
        b'<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" count="1" uniqueCount="1">'
        b"<si><t>Alpha</t></si>" + texts + b"</sst>"
    )
    link = (
        b'<Relationship Id="rId77" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/'
        b'sharedStrings" Target="sharedStrings.xml" /></Relationships>'
    )
    links = part(book(), LINKS).replace(b"</Relationships>", link)
    data = with_rows('<row r="1"><c r="A1" t="s"><v>0</v></c></row>')
    return with_parts(data, {SHARED: xml, LINKS: links})


def damaged(data: bytes, name: str, old: bytes, new: bytes) -> bytes:
    """The content of a stored member changed, and its check sum left as it was."""
    data = with_parts(data, {}, zipfile.ZIP_STORED)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        start = archive.getinfo(name).header_offset
    at = data.index(old, start)
    return data[:at] + new + data[at + len(old) :]


def refused(data: bytes, sheet: str = "Table") -> str:
    with pytest.raises(MrdqError) as caught:
        Workbook(data, "run.xlsx").rows(sheet)
    (problem,) = caught.value.problems
    assert problem.file == "run.xlsx"
    return str(problem)


def test_sheets_rows_and_cells() -> None:
    opened = Workbook(book(), "run.xlsx")
    assert opened.sheets == ["Table", "Notes"]
    assert opened.cells("Table") == TABLE
    assert opened.rows("Table") == [["well", "target", "cq"], ["A1", "T", "25.5"], ["A2", "T", "30.25"]]  # fmt: skip
    assert opened.rows("Table") is opened.rows("Table")
    assert opened.cells("Notes") == NOTES


def test_rows_keep_their_numbers_where_the_first_are_empty() -> None:
    opened = Workbook(with_rows('<row r="4"><c r="B4"><v>1.5</v></c></row>'), "x")
    assert opened.rows("Table") == [["", ""], ["", ""], ["", ""], ["", "1.5"]]


def test_a_damaged_sheet_that_is_not_read_changes_nothing() -> None:
    data = damaged(book(), SECOND, b"nobody", b"somebo")
    assert Workbook(data, "run.xlsx").cells("Table") == TABLE
    found = refused(data, "Notes")
    assert "Bad CRC-32" in found
    assert "expected a whole archive" in found


def test_a_damaged_sheet_that_is_read() -> None:
    found = refused(damaged(book(), FIRST, b"<v>25.5<", b"<v>26.5<"))
    assert f"{FIRST}: Bad CRC-32 for file" in found
    assert "Export the run again, or copy it again from the instrument." in found


def test_damaged_texts_of_all_sheets() -> None:
    """A changed letter would make another well or target of it."""
    assert Workbook(with_shared_texts(), "run.xlsx").rows("Table") == [["Alpha"]]
    with pytest.raises(MrdqError, match=r"haredStrings\.xml: Bad CRC-32"):
        Workbook(damaged(with_shared_texts(), SHARED, b"Alpha", b"Bravo"), "run.xlsx")


def test_any_damage_to_an_export_is_told_or_changes_no_cq() -> None:
    data = book(Table=TABLE)
    whole = {("A1", "T", 25.5), ("A2", "T", 30.25)}
    for index in range(0, len(data), 7):
        spoilt = data[:index] + bytes([data[index] ^ 0x10]) + data[index + 1 :]
        try:
            export = read_export(spoilt, "run.xlsx")
        except MrdqError:
            continue
        assert set(zip(export.well, export.target, export.cq, strict=True)) <= whole


def test_cut_off_anywhere() -> None:
    data = book(Table=TABLE)
    for length in range(0, len(data), 11):
        with pytest.raises(MrdqError):
            Workbook(data[:length], "run.xlsx").rows("Table")


@pytest.mark.parametrize(
    ("far", "rows", "columns"),
    [("XFD1048576", "1,048,576", "16,384"), ("A1048576", "1,048,576", "2"), ("ZZ9999", "9,999", "702"),
     ("BZ99999", "99,999", "78")],
)  # fmt: skip
@pytest.mark.parametrize(
    "spelled", ['<c r="{}">', "<c r='{}'>", '<c s="0"\n r="{}">', '<c\tr="{}">']
)
def test_a_cell_far_away(far: str, rows: str, columns: str, spelled: str) -> None:
    """The parser would make a rectangle of milliards of cells."""
    cell = spelled.format(far) + "<v>1</v></c>"
    data = with_rows(f'<row r="1"><c r="B1"><v>2</v></c></row><row r="9">{cell}</row>')
    assert len(data) < 20_000
    found = refused(data)
    assert f'column sheet Table: found "{rows} rows and {columns} columns"' in found
    assert "expected a sheet of at most 2,000,000 cells" in found
    assert (
        "A cell far away from the table makes it so. Remove it, or export the run again." in found
    )


def test_a_cell_far_away_in_a_sheet_that_is_not_read() -> None:
    far = b'<row r="99"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
    data = with_parts(book(), {SECOND: part(book(), SECOND).replace(b"</sheetData>", far)})
    assert Workbook(data, "run.xlsx").cells("Table") == TABLE
    assert "a sheet of at most" in refused(data, "Notes")


def test_a_far_row_and_a_far_column_of_different_cells() -> None:
    data = with_rows('<row r="1"><c r="ZZ1"><v>2</v></c></row><row r="9000"><c r="A9000"><v>1</v></c></row>')  # fmt: skip
    assert 'found "9,000 rows and 702 columns"' in refused(data)


@pytest.mark.parametrize("address", ["B&#49;", "&#66;1", "XFD&#49;048576"])
def test_addresses_with_references(address: str) -> None:
    """Nobody writes them, and their extent would have to be decoded first."""
    assert "every cell has one address" in refused(
        with_rows(f'<row r="1"><c r="{address}"><v>2</v></c></row>')
    )


@pytest.mark.parametrize(
    "rows",
    ['<row r="2"><c r="C2"><v>25.31</v></c><c r="C2"><v>20</v></c></row>',
     '<row r="2"><c r="A2"><v>1</v></c></row><row r="2"><c r="B2"><v>2</v></c></row>',
     '<row r="2"><c r="C2"><v>25.31</v><v>20</v></c></row>'],
)  # fmt: skip
def test_a_cell_a_row_or_a_value_that_is_there_twice(rows: str) -> None:
    """The parser takes the last of them, without a word."""
    assert "every cell has one address and one value" in refused(with_rows(rows))


@pytest.mark.parametrize(
    "cell",
    ['<c r="xfd1048576">', '<c r = "XFD1048576">', '<c r= "XFD1048576">', '<c\nr="XFD1048576">',
     '<c r="namedB11">'],
)  # fmt: skip
def test_a_far_cell_however_its_address_is_spelled(cell: str) -> None:
    """The parser asks for half a terabyte, and the process ends without an exception."""
    found = refused(with_rows(f'<row r="1">{cell}<v>2</v></c></row>'))
    assert "expected a sheet" in found or "expected a workbook that can be read" in found


def test_the_largest_sheets_that_are_read() -> None:
    wide = with_rows('<row r="1"><c r="ALL1"><v>2</v></c></row>')  # column 1000
    assert len(Workbook(wide, "x").cells("Table")[0]) == 1000
    long = with_rows('<row r="100000"><c r="B100000"><v>2</v></c></row>')
    assert len(Workbook(long, "x").cells("Table")) == 100_000
    assert CELLS < 1000 * 100_000


def test_a_member_larger_than_any_instrument_writes() -> None:
    blank = b" " * 49_000_000
    sheet = with_parts(book(), {FIRST: part(book(), FIRST) + blank})
    shared = with_shared_texts(blank)
    assert len(sheet) < 200_000
    assert len(shared) < 200_000
    assert 'found "49 MB", expected a sheet of at most 16 MB' in refused(sheet)
    expected = f'column member {SHARED}: found "49 MB", expected a member of at most 48 MB'
    assert expected in refused(shared)
    assert Workbook(sheet, "run.xlsx").cells("Notes") == NOTES


@pytest.mark.parametrize("data", [b"PK", b"PK\x03\x04 and nothing more", b"PK\x05\x06" + bytes(18)])
def test_what_starts_like_a_workbook(data: bytes) -> None:
    with pytest.raises(MrdqError, match=r"expected (a whole archive|an \.xlsx workbook)"):
        Workbook(data, "run.xlsx")


@pytest.mark.parametrize(
    "data", [b"", b"text", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 and nothing more"]
)
def test_what_is_no_workbook(data: bytes) -> None:
    with pytest.raises(MrdqError) as caught:
        Workbook(data, "run.xls")
    assert "expected a workbook that can be read" in str(caught.value)
    assert str(caught.value).endswith(f"It is damaged or locked. {AGAIN}")


def test_archives_that_are_no_xlsx() -> None:
    """Among them kinds that the parser would unroll without end: a row repeated a million times."""
    content = (
        '<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
        'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"><office:body><office:spreadsheet>'
        '<table:table table:name="S"><table:table-row table:number-rows-repeated="9000000">'
        '<table:table-cell table:number-columns-repeated="1000" office:value-type="float" office:value="1"/>'
        "</table:table-row></table:table></office:spreadsheet></office:body></office:document-content>"
    )
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        made.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        made.writestr("content.xml", content)
        made.writestr("META-INF/manifest.xml", "<manifest/>")
    with pytest.raises(MrdqError) as caught:
        Workbook(out.getvalue(), "run.ods")
    assert (
        str(caught.value)
        == "run.ods: found nothing, expected an .xlsx workbook. Save it again as .xlsx."
    )


def test_a_workbook_without_one_of_its_parts() -> None:
    for name in ("xl/workbook.xml", LINKS, FIRST):
        with pytest.raises(MrdqError):
            Workbook(with_parts(book(), {name: None}), "x").rows("Table")


@pytest.mark.parametrize(
    "xml",
    [b"", b"<worksheet>", b"no xml", b'<worksheet><sheetData><row r="1"><c r="A1" t="s"><v>99999</v></c></row></sheetData></worksheet>',
     b'<worksheet><sheetData><row r="1"><c r="A1" t="x"><v>1</v></c></row></sheetData></worksheet>'],
)  # fmt: skip
def test_a_sheet_that_the_parser_does_not_understand(xml: bytes) -> None:
    """Refused, or empty; but never another exception, the parser's own panics included."""
    try:
        cells = Workbook(with_parts(book(), {FIRST: xml}), "run.xlsx").cells("Table")
    except MrdqError as error:
        (problem,) = error.problems
        cells = []
        if problem.expected != "a workbook that can be read" or problem.column != "sheet Table":
            raise
    assert not any(map(any, cells))


def test_a_document_type_definition() -> None:
    """An entity can be unrolled to milliards of letters."""
    head = b'<!DOCTYPE x [<!ENTITY a "b">]>'
    for name in ("xl/workbook.xml", LINKS):
        xml = part(book(), name)
        start = xml.index(b"?>") + 2 if xml.startswith(b"<?xml") else 0
        spoilt = xml[:start] + head + xml[start:]
        with pytest.raises(MrdqError):
            Workbook(with_parts(book(), {name: spoilt}), "x").rows("Table")


def test_an_encrypted_member_or_one_outside() -> None:
    with pytest.raises(MrdqError, match="a member that lies outside of the archive"):
        Workbook(with_parts(book(), {"../x": b""}), "x")


@pytest.mark.parametrize(
    "value",
    ["<v>27.&#50;5</v>", "<v>27.<!-- -->25</v>", "<v>27.<![CDATA[25]]></v>", "<v>27.&zz;5</v>",
     "<v>&#50;7.25</v>", '<v xml:space="preserve">27.&#50;5</v>', "<v>27<?x?>.25</v>"],
)  # fmt: skip
def test_numbers_that_the_parser_would_cut_are_refused(value: str) -> None:
    """The parser reads each of these as 27, or as nothing."""
    data = with_cell(f'<c r="A1">{value}</c>')
    with pytest.raises(
        MrdqError, match="numbers as spreadsheet programs and instruments write them"
    ):
        Workbook(data, "x.xlsx").cells("Sheet")


@pytest.mark.parametrize("value", ["a&amp;b", "A&lt;B"])
def test_texts_of_formulas_may_hold_references(value: str) -> None:
    data = with_cell(f'<c r="A1" t="str"><f>B1</f><v>{value}</v></c>')
    assert Workbook(data, "x.xlsx").cells("Sheet") == [[html.unescape(value)]]


def with_cell(cell: str) -> bytes:
    """A workbook whose one cell is written as this XML."""
    made = io.BytesIO()
    book = openpyxl.Workbook()
    book.active.title = "Sheet"
    book.active["A1"] = 1
    book.save(made)
    out = io.BytesIO()
    with zipfile.ZipFile(made) as source, zipfile.ZipFile(out, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            if name == "xl/worksheets/sheet1.xml":
                content = re.sub(rb'<c r="A1".*?</c>', cell.encode(), content)
            target.writestr(name, content)
    return out.getvalue()
