"""Text exports: bytes to lines, sections and cells, the same for every family."""

from __future__ import annotations

import codecs
import csv
from collections.abc import Sized
from dataclasses import dataclass
from functools import lru_cache
from typing import NoReturn

from mrdq.errors import refuse

LINE = 200_000
"""Characters of a line; the longest of the real files seen has 300."""

CELLS = 2_000_000
"""Cells of a results table, rows times columns of its header."""

ROWS = 50_000
"""Rows of a results table; an OpenArray has 3,072 wells."""

DELIMITERS = "\t;,"
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_USUAL_HEADER = 5_000
"""Characters; the longest of the real files seen has 700."""
_SAVE_AGAIN = "Export the run again, or save the file as UTF-8 text."


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a text export: the lines after ``[title]``, up to the next such line.

    ``start`` and ``stop`` are offsets into the text; the head of the file has the title ``""``.
    """

    title: str
    start: int
    stop: int


def decode(data: bytes, name: str) -> str:
    """The text of an export, every line end made ``\\n``.

    A byte order mark decides; else UTF-8, else Windows-1252.  Raises :class:`MrdqError` where
    the bytes are no text, or where the file is cut off inside a character.
    """
    text = _decode(data, name)
    if "\0" in text:
        refuse(name, "text", "NUL bytes", remedy="The file is damaged, or no text. " + _SAVE_AGAIN)
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    _refuse_long_lines(text, name)
    return text


def _refuse_long_lines(text: str, name: str) -> None:
    """A line of millions of cells is no table, and would cost gigabytes to split."""
    at = -1
    while len(text) - at > LINE + 1:
        end = text.rfind("\n", at + 1, at + 2 + LINE)
        if end < 0:
            found = f"a longer one in row {row_at(text, at + 1)}"
            refuse(name, f"lines of at most {LINE:,} characters", found, remedy=_SAVE_AGAIN)
        at = end


def _decode(data: bytes, name: str) -> str:
    encoding = "utf-8"
    for mark, of_mark in _BOMS:
        if data.startswith(mark):
            data, encoding = data[len(mark) :], of_mark
            break
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        cut_off = error.end == len(data) and not data[: error.start].isascii()
        if encoding != "utf-8" or cut_off:
            refuse(
                name, f"text in {encoding}", remedy="The file is damaged or cut off. " + _SAVE_AGAIN
            )
    try:
        return data.decode("cp1252")
    except UnicodeDecodeError as error:
        found = f"byte 0x{data[error.start]:02x} at offset {error.start}"
        refuse(name, "text in UTF-8, UTF-16 or Windows-1252", found, remedy=_SAVE_AGAIN)


def row_at(text: str, offset: int) -> int:
    """The 1-based row of the line that starts at ``offset``."""
    return text.count("\n", 0, offset) + 1


def line_at(text: str, offset: int) -> str:
    """The line that starts at ``offset``, without its end."""
    end = text.find("\n", offset)
    return text[offset:] if end < 0 else text[offset:end]


def first_line(text: str) -> tuple[str, int]:
    """The first line that is not blank, and its offset; ``("", 0)`` if there is none."""
    offset = 0
    while offset < len(text):
        line = line_at(text, offset)
        if line.strip(DELIMITERS + ' "'):
            return line, offset
        offset += len(line) + 1
    return "", 0


def sections(text: str) -> list[Section]:
    """The head of the file and its ``[titled]`` parts, in the order of the file."""
    found, title, start = [], "", 0
    at = 0 if text.startswith("[") else _next_section(text, 0)
    while at >= 0:
        line = line_at(text, at)
        marked = line.rstrip(DELIMITERS + ' "')
        if marked.endswith("]"):
            found.append(Section(title, start, at))
            title, start = marked[1:-1], min(len(text), at + len(line) + 1)
        at = _next_section(text, at)
    return [*found, Section(title, start, len(text))]


def _next_section(text: str, offset: int) -> int:
    # A search for the rare "[" alone is several times faster than one for "\n[".
    at = text.find("[", offset + 1)
    while at > 0 and text[at - 1] != "\n":
        at = text.find("[", at + 1)
    return at


def delimiter_of(header: str) -> str:
    """The delimiter of a header line: the most frequent of tab, semicolon and comma."""
    return max(DELIMITERS, key=header.count)


def header_cells(line: str, name: str, row: int) -> tuple[tuple[str, ...], str]:
    """The cells of a header line, and its delimiter.

    Raises :class:`MrdqError` where a quotation mark swallows a tab, or is left open.
    """
    if '"' not in line and len(line) < _USUAL_HEADER:
        return _plain_header(line)
    delimiter = delimiter_of(line)
    rows = split_rows(line, delimiter, name, row)
    return tuple(rows[0]) if rows else (), delimiter


@lru_cache(maxsize=256)
def _plain_header(line: str) -> tuple[tuple[str, ...], str]:
    # The exports of an archive have few headers, and several readers look at each.
    delimiter = delimiter_of(line)
    return tuple(line.split(delimiter)) if line else (), delimiter


def split_rows(body: str, delimiter: str, name: str, first_row: int) -> list[list[str]]:
    """Rows of cells, one per line, so that rows can be counted in the file.

    Raises :class:`MrdqError` where a quotation mark swallows a line end, or a tab.
    """
    refuse_large_table(body, name)
    lines = body.split("\n")
    if not lines[-1]:
        lines.pop()
    if '"' not in body:
        return [line.split(delimiter) for line in lines]
    return _quoted(lines, delimiter) or _checked_rows(lines, delimiter, name, first_row)


def refuse_large_table(body: Sized, name: str, *, n_columns: int = 1) -> None:
    """Refuse a table that no plate fills, a text or rows of cells, before it is taken apart."""
    n_rows = len(body)  # or characters, of which a text has more than lines
    if isinstance(body, str) and (n_rows > ROWS or n_rows * n_columns > CELLS):
        n_rows = body.count("\n")
    if n_rows > ROWS or n_rows * n_columns > CELLS:
        refuse(
            name,
            f"a table of at most {ROWS:,} rows and {CELLS:,} cells",
            f"{n_rows:,} rows" + (f" and {n_columns:,} columns" if n_columns > 1 else ""),
            remedy="Export the results alone, without the raw data.",
        )


def _quoted(lines: list[str], delimiter: str) -> list[list[str]] | None:
    """All rows at once; None where a quotation mark swallows something, or is left open."""
    try:
        rows = list(csv.reader(lines, delimiter=delimiter, strict=True))
    except csv.Error:
        return None
    if len(rows) != len(lines):
        return None
    if delimiter == "\t" and any(
        len(row) != line.count("\t") + 1 for row, line in zip(rows, lines, strict=True) if line
    ):
        return None
    return rows


def _checked_rows(lines: list[str], delimiter: str, name: str, first_row: int) -> list[list[str]]:
    rows: list[list[str]] = []
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    try:
        for row in reader:
            swallowed = reader.line_num > len(rows) + 1
            if swallowed or (delimiter == "\t" and any("\t" in cell for cell in row)):
                _refuse_quote(name, first_row + len(rows), lines[len(rows)])
            rows.append(row)
    except csv.Error:
        _refuse_quote(name, first_row + len(rows), lines[min(len(rows), len(lines) - 1)])
    return rows


def _refuse_quote(name: str, row: int, line: str) -> NoReturn:
    refuse(
        name,
        "quotation marks that open and close within one cell",
        line[:80],
        row=row,
        remedy="A quotation mark that is left open hides the rows below it, or the file is cut off. "
        "Remove the mark from the name it stands in, or export the run again.",
    )
