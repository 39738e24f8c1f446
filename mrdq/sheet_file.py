"""The files of the laboratory's sheets: bytes to text, text or workbook to rows of cells."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from pathlib import Path

from mrdq.errors import refuse
from mrdq.input_file import InputFileError, read_input
from mrdq.workbook import Workbook
from mrdq.worksheets import Cell

LARGEST = 1_000_000_000
"""Bytes of a study's sheet: some ten million rows."""
PIECE = 1 << 20
"""Characters of a text that are cut into cells at once."""
Numbered = tuple[list[int], list[list[Cell]]]
"""Row numbers of a file, from 1, and the cells of each row."""


def read_cells(path: Path, shown: str, *, worksheet: str = "") -> Numbered:
    """The rows of a file that are not blank, with their 1-based row numbers.

    ``worksheet`` names the sheet of a workbook; a workbook of one sheet needs none.
    Raises :class:`MrdqError` if the file is missing, no text, or no workbook.
    """
    content = read_content(path, shown, worksheet=worksheet, limit=None)
    return filled(text_rows(content)) if isinstance(content, str) else content


def read_content(
    path: Path, shown: str, *, worksheet: str = "", limit: int | None = LARGEST
) -> str | Numbered:
    """The text of a file without quotes, its lines ended by line feeds; of any other the rows, as
    :func:`read_cells` gives them.  ``limit``: of the file, see :func:`read_input`."""
    try:
        data = read_input(path, limit)
    except InputFileError as error:
        refuse(shown, error.expected, error.found, remedy=error.remedy)
    if data[:4] in (b"PK\x03\x04", b"\xd0\xcf\x11\xe0"):
        return filled(_workbook_rows(data, shown, worksheet))
    text = _text(data, shown)
    return filled(_quoted_rows(text, shown)) if '"' in text else text


def filled(rows: Iterable[list[Cell]], first: int = 1) -> Numbered:
    """Rows that are not blank, with their numbers."""
    numbered = [
        (number, row) for number, row in enumerate(rows, first) if any(cell != "" for cell in row)
    ]
    return [number for number, _ in numbered], [row for _, row in numbered]


def _workbook_rows(data: bytes, shown: str, worksheet: str) -> list[list[Cell]]:
    book = Workbook(data, shown)
    names = book.sheets
    if not worksheet and len(names) > 1:
        refuse(shown, "the name of one worksheet after #", remedy=f"It holds: {', '.join(names)}.")
    if worksheet and worksheet not in names:
        refuse(shown, f"one of the worksheets {', '.join(names)}", found=worksheet)
    sheet = worksheet or names[0]
    book.refuse_cells_without_value(sheet)
    return [
        [cell.strip() if isinstance(cell, str) else cell for cell in row]
        for row in book.cells(sheet)
    ]


def _text(data: bytes, shown: str) -> str:
    """The text of a file, its lines ended by line feeds."""
    wide = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    encoding = "utf-16" if wide else "utf-8-sig"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        refuse(shown, "text in UTF-16" if wide else "text in UTF-8", found=repr(data[error.start : error.end])[2:-1], row=line,
               remedy="Save the sheet with the encoding UTF-8.")  # fmt: skip
    if "\0" in text:
        refuse(shown, "a text sheet or an .xlsx workbook", found="binary data")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def text_rows(text: str) -> list[list[Cell]]:
    """The cells of each line of a text without quotes."""
    delimiter = delimiter_of(header_of(text)[1])
    return [split(line, delimiter) for line in text.split("\n")]


def _quoted_rows(text: str, shown: str) -> list[list[Cell]]:
    rows: list[list[Cell]] = []
    delimiter = delimiter_of(header_of(text)[1])
    lines = (line + "\n" for lines in pieces(text) for line in lines)
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    try:
        for row in reader:
            # A quoted cell that spans lines: blank rows keep the numbering true to the file.
            rows.append([cell.strip() for cell in row])
            rows.extend([] for _ in range(reader.line_num - len(rows)))
    except csv.Error as error:
        refuse(shown, "quotes that are closed", found=str(error), row=len(rows) + 1)
    return rows


def header_of(text: str) -> tuple[int, str, int]:
    """Number of the first line that is not blank, the line ("": there is none), and where the next begins."""
    number = start = 0
    while start <= len(text):
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
        number += 1
        if text[start:end].strip():
            return number, text[start:end], end + 1
        start = end + 1
    return number, "", start


def delimiter_of(header: str) -> str:
    """The one of tab, semicolon and comma that the header has most of."""
    return max("\t;,", key=header.count)


def split(line: str, delimiter: str) -> list[Cell]:
    """The cells of a line without quotes."""
    return [cell.strip() for cell in line.split(delimiter)]


def pieces(text: str) -> Iterator[list[str]]:
    """The lines of a text, many at a time."""
    start = 0
    while (end := text.find("\n", start + PIECE)) >= 0:
        yield text[start:end].split("\n")
        start = end + 1
    yield text[start:].split("\n")
