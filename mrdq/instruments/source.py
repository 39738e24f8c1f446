"""An export before anyone knows what it is, and what a reader's detection says of it."""

from __future__ import annotations

import codecs
import io
import zipfile
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NoReturn

from mrdq.archive import DAMAGE, Archive
from mrdq.errors import refuse
from mrdq.instruments import text as texts
from mrdq.workbook import Workbook

TEXT, WORKBOOK, ARCHIVE, DOCUMENT = "text", "workbook", "zip archive", "document"
_DOCUMENTS = (b"%PDF", b"<?xml", b"<rdml")
_ZIP = (b"PK\x03\x04", b"PK\x07\x08", b"PK\x05\x06")
_OLE2 = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


class Source:
    """The bytes of an export, and lazily its text or its sheets.

    ``kind`` is told by the first bytes, never by the file's name: an ``.xls`` may be an xlsx.
    ``opened`` is the zip archive that nobody has checked, None where the file is damaged or none.
    """

    def __init__(self, data: bytes, name: str):
        self.data = data
        self.name = name
        self.opened = _opened(data) if data.startswith(_ZIP) else None
        self.kind = _kind(data, self.opened)

    @cached_property
    def text(self) -> str:
        """The whole text, line ends made ``\\n``; raises :class:`MrdqError` if it is none."""
        return texts.decode(self.data, self.name)

    @cached_property
    def first_line(self) -> tuple[str, int]:
        """The first line that is not blank, and its offset, for all readers that ask for it."""
        return texts.first_line(self.text)

    @cached_property
    def archive(self) -> Archive:
        """The zip archive; raises :class:`MrdqError` if it is damaged or a strange one."""
        return Archive(self.data, self.name, opened=self.opened)

    @cached_property
    def workbook(self) -> Workbook:
        """The workbook; raises :class:`MrdqError` if it is damaged."""
        return Workbook(self.data, self.name)


@dataclass(frozen=True, slots=True)
class Found:
    """The results table that a reader found, not read yet: detection is paid for once.

    Parameters
    ----------
    reason: why the reader takes the file for its own, in words.
    header: the header cells; ``header_row`` their 1-based row.
    body: the text after the header line, or the rows of the sheet below it.
    open_end: the file ends with the body's last line, and that line has no end.
    heading: key -> value of the block above the table.
    notes: what of the file is not this table.
    constant: our column -> its value in every row, where the file says it once for all rows.
    content: what detection has parsed already, for readers whose file is no table of cells.
    """

    reason: str
    header: tuple[str, ...]
    header_row: int
    body: str | list[list[str]]
    delimiter: str = ""
    sheet: str = ""
    open_end: bool = False
    heading: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    constant: dict[str, str] = field(default_factory=dict)
    content: Any = None


@dataclass(frozen=True, slots=True)
class Missing:
    """What a reader looked for in a file and did not find, as the end of "found no …"."""

    reason: str


def text_table(source: Source, at: int, stop: int, *, reason: str) -> Found:
    """The table whose header line starts at offset ``at`` of the text and that ends at ``stop``."""
    text = source.text
    line = texts.line_at(text, at)
    row = texts.row_at(text, at)
    header, delimiter = texts.header_cells(line, source.name, row)
    return Found(
        reason,
        header,
        row,
        text[at + len(line) + 1 : stop],
        delimiter,
        open_end=stop == len(text) and not text.endswith("\n"),
    )


def rows_of(source: Source, found: Found) -> list[list[str]]:
    """The rows of cells below the header; raises :class:`MrdqError` for an open quotation mark."""
    if isinstance(found.body, str):
        return texts.split_rows(found.body, found.delimiter, source.name, found.header_row + 1)
    return found.body


def refuse_missing(source: Source, title: str, missing: Missing) -> NoReturn:
    """Refuse a file that was said to be of a format and is not."""
    refuse(
        source.name,
        f"an export of {title}, as the column format says",
        f"no {missing.reason}",
        remedy="Correct the format in the runs sheet, or leave it empty so that it is detected.",
    )


def _opened(data: bytes) -> zipfile.ZipFile | None:
    try:
        return zipfile.ZipFile(io.BytesIO(data))
    except DAMAGE:
        return None


def _is_workbook(data: bytes, opened: zipfile.ZipFile | None) -> bool:
    """Whether a zip archive is a workbook; damaged archives are taken for one if they look so."""
    if opened is None:
        return b"xl/" in data
    names = opened.namelist()
    # Some .eds files hold a whole workbook beside the run: they are no workbook.
    run_file = any(name.startswith("apldbio/") for name in names)
    return not run_file and any(name.startswith("xl/") for name in names)


def _kind(data: bytes, opened: zipfile.ZipFile | None) -> str:
    if data.startswith(_ZIP):
        return WORKBOOK if _is_workbook(data, opened) else ARCHIVE
    if data.startswith(_OLE2):
        return WORKBOOK
    return DOCUMENT if data[:8].lstrip(codecs.BOM_UTF8).startswith(_DOCUMENTS) else TEXT
