"""The laboratory's own sheets: tsv, csv or one sheet of an xlsx workbook, to columns of text.

Every cell is text exactly as written but for white space around it.  A number, date or truth
value that a spreadsheet program made of an id is an error, never a silent id.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, cast

from mrdq.errors import Problem, Problems, refuse
from mrdq.sheet_file import delimiter_of, filled, header_of, pieces, read_content, split, text_rows
from mrdq.sheet_file import read_cells as read_cells
from mrdq.units import UnitError
from mrdq.worksheets import Cell as Cell
from mrdq.worksheets import as_text as as_text
from mrdq.worksheets import is_formula

Parser = Callable[[str], Any]
Place = Callable[[str, int], tuple[int, str]]  # column, entry -> row of the file, name of the cell


@dataclass(frozen=True, slots=True)
class SheetColumn:
    """A column a sheet may have.

    Parameters
    ----------
    required: the column has to be there and no cell of it may be empty.
    header_required: the column has to be there; its cells may be empty.
    is_id: a workbook's cell has to be text; numbers and dates are refused.
    parse: text of a cell that is not empty -> value; raises :class:`UnitError`.
    missing: the value of an empty cell.
    """

    name: str
    doc: str
    required: bool = False
    header_required: bool = False
    is_id: bool = False
    parse: Parser | None = None
    missing: Any = ""


@dataclass(frozen=True)
class Sheet:
    """A sheet that was read: ``columns`` name -> list, ``row`` the row of the file of each entry;
    ``absent``: columns that it may have and has not; ``unread``: column -> rows of the file whose cell is
    wrong, and stands as a missing one."""

    file: str
    columns: dict[str, list[Any]]
    row: Sequence[int]
    extra: tuple[str, ...] = field(default=())
    absent: tuple[str, ...] = field(default=(), kw_only=True)
    unread: Mapping[str, frozenset[int]] = field(default_factory=dict, kw_only=True)
    place: Place | None = None

    def __len__(self) -> int:
        return len(self.row)

    def where(self, column: str, index: int) -> tuple[int, str]:
        """Row of the file, and name, of the cell of an entry."""
        return self.place(column, index) if self.place else (self.row[index], column)

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of what the sheet says, in the order of its first column: moving rows changes nothing."""
        first = next(iter(self.columns.values()))
        order = sorted(range(len(first)), key=first.__getitem__)
        is_sorted = order == list(range(len(first)))
        digest = hashlib.sha256()
        for name, values in self.columns.items():
            cells = values if is_sorted else [values[i] for i in order]
            digest.update(json.dumps([name, cells], ensure_ascii=False).encode())
        return digest.hexdigest()

    def records(self) -> list[dict[str, Any]]:
        names = list(self.columns)
        return [
            dict(zip(names, values, strict=True))
            for values in zip(*self.columns.values(), strict=True)
        ]


def read_sheet(
    path: Path,
    shown: str,
    columns: Sequence[SheetColumn],
    problems: Problems,
    *,
    worksheet: str = "",
) -> Sheet:
    """Read and check one sheet; every problem in it goes to ``problems``.

    A file that cannot be read at all raises :class:`MrdqError`.  Columns that are not in
    ``columns`` are kept as text and named in ``extra``.
    """
    content = read_content(path, shown, worksheet=worksheet)
    if isinstance(content, str):
        number, line, start = header_of(content)
        if any(header := split(line, delimiter := delimiter_of(line))):
            body = _Body(shown, _header(shown, number, header, columns, problems))
            _add_text(body, content[start:], number + 1, delimiter, problems)
            return _checked(body, columns, problems)
        content = filled(text_rows(content))
    numbers, rows = content
    if not rows:
        refuse(shown, f"a header row with the columns {', '.join(c.name for c in columns)}")
    return sheet_from_cells(shown, numbers, rows, columns, problems)


def _add_text(body: _Body, text: str, number: int, delimiter: str, problems: Problems) -> None:
    """The lines of a text below the header, many at once; ``number``: row of the first."""
    for lines in pieces(text):
        if not body.add_lines(number, lines, delimiter):
            rows = [split(line, delimiter) for line in lines]
            body.add(*filled(rows, number), problems)
        number += len(lines)


def sheet_from_cells(
    shown: str,
    numbers: list[int],
    rows: list[list[Cell]],
    columns: Sequence[SheetColumn],
    problems: Problems,
    *,
    place: Place | None = None,
) -> Sheet:
    """Turn rows of cells, the first of them the header, into a checked :class:`Sheet`.

    ``place`` says for a column and an entry where in the file the cell stands, where that is not
    the row of the entry (plate maps).
    """
    body = _Body(shown, _header(shown, numbers[0], rows[0], columns, problems))
    body.add(numbers[1:], rows[1:], problems)
    return _checked(body, columns, problems, place=place)


class _Body:
    """The cells below a header, column by column, and the rows of the file they stand in."""

    def __init__(self, shown: str, header: list[str]):
        self.shown, self.header = shown, header
        self.columns: list[list[Cell]] = [[] for _ in header]
        self.rows: list[int] = []

    def add(self, numbers: list[int], rows: list[list[Cell]], problems: Problems) -> None:
        """Put rows below the others; one that is longer than the header is a problem and left out."""
        width = len(self.header)
        long = {i for i, row in enumerate(rows) if any(cell != "" for cell in row[width:])}
        for i in sorted(long):
            problems.add(Problem(self.shown, f"at most {width} cells, as the header has", found=str(len(rows[i])),
                                 row=numbers[i], remedy="A cell holds the delimiter, or a column has no name."))  # fmt: skip
        kept = [i for i in range(len(rows)) if i not in long]
        self.rows += [numbers[i] for i in kept]
        for c, column in enumerate(self.columns):
            column += [rows[i][c] if c < len(rows[i]) else "" for i in kept]

    def add_lines(self, number: int, lines: list[str], delimiter: str) -> bool:
        """Put lines of as many cells as the header has below the others; False if they are not all such.

        Equal cells of a column become one object.
        """
        width, n = len(self.header), len(lines)
        while n and not lines[n - 1].strip():  # behind the last row
            n -= 1
        lines = lines[:n]
        if {line.count(delimiter) for line in lines} != {width - 1}:
            return False
        cells = delimiter.join(lines).split(delimiter)
        columns = [list(map(str.strip, cells[c::width])) for c in range(width)]
        if "" in columns[0] and "" in map("".join, zip(*columns, strict=True)):  # a blank row
            return False
        for column, more in zip(self.columns, columns, strict=True):
            known: dict[str, str] = {}
            column += map(known.setdefault, more, more)
        self.rows += range(number, number + n)
        return True


def _checked(
    body: _Body, columns: Sequence[SheetColumn], problems: Problems, *, place: Place | None = None
) -> Sheet:
    """Every column parsed; those that are not in ``columns`` are text."""
    shown, header = body.shown, body.header
    raw = dict(zip(header, body.columns, strict=True))
    known = {column.name for column in columns}
    extra = tuple(name for name in header if name not in known and name)
    where = place or _row_of(body.rows)
    read, unread = {}, {}
    for column in (*columns, *(SheetColumn(name, "") for name in extra)):
        cells = raw.get(column.name)
        if cells is None:
            cells = [""] * len(body.rows)
        read[column.name], wrong = _read_column(shown, column, cells, where, problems)
        if wrong:
            unread[column.name] = frozenset(body.rows[i] for i in wrong)
    absent = tuple(column.name for column in columns if column.name not in header)
    return Sheet(shown, read, body.rows, extra, place, absent=absent, unread=unread)


def _header(
    shown: str, number: int, row: list[Cell], columns: Sequence[SheetColumn], problems: Problems
) -> list[str]:
    header = [as_text(cell) for cell in row]
    while header and header[-1] == "":
        header.pop()
    for name in sorted({name for name in header if header.count(name) > 1 or name == ""}):
        problems.add(Problem(shown, "every column once and named", found=name, row=number, column=name,
                             remedy="Rename or delete the column."))  # fmt: skip
    for column in columns:
        if (column.required or column.header_required) and column.name not in header:
            problems.add(Problem(shown, f"a column {column.name} ({column.doc})", row=number, column=column.name,
                                 found=", ".join(header), remedy="Add the column."))  # fmt: skip
    return header


def _row_of(numbers: list[int]) -> Place:
    return lambda column, index: (numbers[index], column)


def _read_column(
    shown: str, column: SheetColumn, cells: list[Cell], place: Place, problems: Problems
) -> tuple[list[Any], list[int]]:
    """Parse a column by its distinct values: a sheet repeats them, and so would their errors.

    Returns the values, and the entries whose cell is wrong.
    """
    parsed: dict[Any, Any]
    if not set(map(type, cells)) <= {str}:  # 1, 1.0 and true are equal, and not the same
        keys = list(zip(map(type, cells), cells, strict=True))
        parsed = {key: _parse_cell(column, key[1]) for key in dict.fromkeys(keys)}
        values = list(map(parsed.__getitem__, keys))
    elif column.parse is None:
        texts = cast(list[str], cells)
        odd = set(filter(_is_odd, texts)) if _may_be_odd(texts) else ()
        parsed = {text: _parse_cell(column, text) for text in odd}
        values = list(map(parsed.get, texts, texts)) if parsed else texts
    else:
        parsed = {cell: _parse_cell(column, cell) for cell in set(cells)}
        values = list(map(parsed.__getitem__, cells))
    if not any(isinstance(value, Problem) for value in parsed.values()):
        return values, []
    wrong = [i for i, value in enumerate(values) if isinstance(value, Problem)]
    for i in wrong:
        problem, (row, name) = values[i], place(column.name, i)
        problems.add(Problem(shown, problem.expected, problem.found, row, name, problem.remedy))
        values[i] = column.missing
    return values, wrong


def _may_be_odd(cells: list[str]) -> bool:
    """False if no cell is odd: a search of all of them at once, which most columns are done with."""
    text = "\n".join(["", *cells, ""])
    return any(mark in text for mark in _ODD) or text.count("\n") > len(cells) + 1


_ODD = ("\n\n", "\n=", "\n+", "\n@", "\n-", "\t")


def _is_odd(text: str) -> bool:
    """Whether a text needs a closer look: any other stays as it is."""
    return text[:1] in "=+@-" or "\t" in text or "\n" in text


def _parse_cell(column: SheetColumn, cell: Cell) -> Any:
    if column.is_id and not isinstance(cell, str):
        made = (
            "a truth value"
            if isinstance(cell, bool)
            else "a number"
            if isinstance(cell, float)
            else "a date"
        )
        return Problem("", "text", as_text(cell), remedy=f"The spreadsheet made {made} of this id: format the column "
                       "as Text and type the id again as the laboratory writes it.")  # fmt: skip
    text = as_text(cell)
    if text == "":
        if column.required:
            return Problem("", column.doc, remedy="Fill the cell.")
        return column.missing
    if "\t" in text or "\n" in text:
        return Problem(
            "", "text on one line without tabs", text.replace("\t", "\\t").replace("\n", "\\n")
        )
    if column.parse is None:
        return _formula(text) if isinstance(cell, str) and is_formula(text) else text
    try:
        return column.parse(text)
    except UnitError as error:
        return Problem("", error.expected, text, remedy=error.remedy)


def _formula(text: str) -> Problem:
    """The results hold what the sheets hold, and somebody will open them in a spreadsheet."""
    return Problem("", "a text that no spreadsheet program takes for a formula", text,
                   remedy="Write it without the sign that it starts with.")  # fmt: skip


def one_of(*words: str) -> Parser:
    """A parser that takes one of the words, as they are spelt."""

    def parse(text: str) -> str:
        if text not in words:
            raise UnitError(f"one of {', '.join(words)}")
        return text

    return parse


def iso_date(text: str) -> str:
    """A calendar date ``YYYY-MM-DD``, returned as written."""
    try:
        if not re.fullmatch(r"\d{4}-\d\d-\d\d", text, re.ASCII):
            raise ValueError
        dt.date.fromisoformat(text)
    except ValueError:
        raise UnitError("a date as YYYY-MM-DD") from None
    return text


def number(minimum: float, maximum: float, *, what: str, open_minimum: bool = False) -> Parser:
    """A parser of a plain number within bounds (dot decimals, no unit)."""

    def parse(text: str) -> float:
        expected = f"{what}, a number from {minimum:g} to {maximum:g} with a decimal point"
        try:
            value = float(text)
        except ValueError:
            raise UnitError(expected) from None
        if not minimum <= value <= maximum or (open_minimum and value == minimum) or "_" in text:
            raise UnitError(expected)
        return value

    return parse
