"""Excel workbooks whose bytes depend on their content alone."""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape

# The bytes would depend on whether lxml is there: openpyxl looks for this when it is imported.
os.environ.setdefault("OPENPYXL_LXML", "False")
from openpyxl import Workbook

Cell = str | int | float | bool | None

_FIXED_TIME = (1980, 1, 1, 0, 0, 0)
_CORE = """<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<cp:coreProperties \
xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties" \
xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/" \
xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><dc:title>{title}</dc:title>\
<dc:creator>mrdq simulate</dc:creator>\
<dcterms:created xsi:type="dcterms:W3CDTF">2024-01-01T00:00:00Z</dcterms:created>\
<dcterms:modified xsi:type="dcterms:W3CDTF">2024-01-01T00:00:00Z</dcterms:modified>\
</cp:coreProperties>"""
_APP = """<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<Properties xmlns="http://schemas.openxmlformats.org/officeDocument/2006/extended-properties">\
<Application>mrdq simulate</Application></Properties>"""


def workbook_bytes(sheets: Mapping[str, Sequence[Sequence[Cell]]], *, title: str) -> bytes:
    """Return an .xlsx file of these sheets.

    The clock, the writing library's version and the compressor all leave traces in a workbook:
    the two property files are replaced, and members are stored uncompressed with a fixed date.
    """
    book = Workbook()
    book.remove(book.worksheets[0])
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(list(row))
            for cell in sheet[sheet.max_row]:
                if isinstance(cell.value, str):
                    cell.data_type = "s"  # "=A1" is a name here, and no formula
    made = io.BytesIO()
    book.save(made)
    fixed = {"docProps/core.xml": _CORE.format(title=escape(title)), "docProps/app.xml": _APP}
    out = io.BytesIO()
    with zipfile.ZipFile(made) as source, zipfile.ZipFile(out, "w") as target:
        for name in source.namelist():
            content = fixed[name].encode() if name in fixed else source.read(name)
            member = zipfile.ZipInfo(name, date_time=_FIXED_TIME)
            member.create_system = 0
            target.writestr(member, content, compress_type=zipfile.ZIP_STORED)
    return out.getvalue()
