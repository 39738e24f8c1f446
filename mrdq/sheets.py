"""The laboratory's own sheets: tsv, csv or one sheet of an xlsx workbook, to columns of text.

Every cell is text exactly as written but for white space around it.  A number, date or truth
value that a spreadsheet program made of an id is an error, never a silent id.
"""

from __future__ import annotations

import csv
import datetime as dt
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mrdq.errors import Problem, Problems, refuse
from mrdq.input_file import InputFileError, read_input
from mrdq.units import UnitError
from mrdq.workbook import Workbook
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


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet that was read: ``columns`` name -> list, ``row`` the row of the file of each entry;
    ``absent``: columns that it may have and has not."""

    file: str
    columns: dict[str, list[Any]]
    row: list[int]
    extra: tuple[str, ...] = field(default=())
    absent: tuple[str, ...] = field(default=(), kw_only=True)
    place: Place | None = None

    def __len__(self) -> int:
        return len(self.row)

    def where(self, column: str, index: int) -> tuple[int, str]:
        """Row of the file, and name, of the cell of an entry."""
        return self.place(column, index) if self.place else (self.row[index], column)

    def records(self) -> list[dict[str, Any]]:
        names = list(self.columns)
        return [
            dict(zip(names, values, strict=True))
            for values in zip(*self.columns.values(), strict=True)
        ]


def read_cells(
    path: Path, shown: str, *, worksheet: str = ""
) -> tuple[list[int], list[list[Cell]]]:
    """The rows of a file that are not blank, with their 1-based row numbers.

    ``worksheet`` names the sheet of a workbook; a workbook of one sheet needs none.
    Raises :class:`MrdqError` if the file is missing, no text, or no workbook.
    """
    try:
        data = read_input(path)
    except InputFileError as error:
        refuse(shown, error.expected, error.found, remedy=error.remedy)
    if data[:4] in (b"PK\x03\x04", b"\xd0\xcf\x11\xe0"):
        rows = _workbook_rows(data, shown, worksheet)
    else:
        rows = _text_rows(data, shown)
    numbered = [
        (number, row) for number, row in enumerate(rows, 1) if any(cell != "" for cell in row)
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


def _text_rows(data: bytes, shown: str) -> list[list[Cell]]:
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
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    lines = text.split("\n")
    header = next((line for line in lines if line.strip()), "")
    delimiter = max("\t;,", key=header.count)
    if '"' not in text:
        return [[cell.strip() for cell in line.split(delimiter)] for line in lines]
    rows: list[list[Cell]] = []
    reader = csv.reader([line + "\n" for line in lines], delimiter=delimiter, strict=True)
    try:
        for row in reader:
            # A quoted cell that spans lines: blank rows keep the numbering true to the file.
            rows.append([cell.strip() for cell in row])
            rows.extend([] for _ in range(reader.line_num - len(rows)))
    except csv.Error as error:
        refuse(shown, "quotes that are closed", found=str(error), row=len(rows) + 1)
    return rows


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
    numbers, rows = read_cells(path, shown, worksheet=worksheet)
    if not rows:
        refuse(shown, f"a header row with the columns {', '.join(c.name for c in columns)}")
    return sheet_from_cells(shown, numbers, rows, columns, problems)


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
    header = _header(shown, numbers[0], rows[0], columns, problems)
    body, body_numbers = _body(shown, numbers, rows, len(header), problems)
    raw = (
        dict(zip(header, map(list, zip(*body, strict=True)), strict=True))
        if body
        else {n: [] for n in header}
    )
    known = {column.name: column for column in columns}
    read: dict[str, list[Any]] = {}
    for column in columns:
        cells = raw.get(column.name, [""] * len(body))
        read[column.name] = _read_column(
            shown, column, cells, place or _row_of(body_numbers), problems
        )
    extra = tuple(name for name in header if name not in known and name)
    for name in extra:
        read[name] = _read_column(
            shown, SheetColumn(name, ""), raw[name], place or _row_of(body_numbers), problems
        )
    absent = tuple(name for name in known if name not in header)
    return Sheet(shown, read, body_numbers, extra, place, absent=absent)


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


def _body(
    shown: str, numbers: list[int], rows: list[list[Cell]], width: int, problems: Problems
) -> tuple[list[list[Cell]], list[int]]:
    body, body_numbers = [], []
    for number, row in zip(numbers[1:], rows[1:], strict=True):
        if len(row) > width and any(cell != "" for cell in row[width:]):
            problems.add(Problem(shown, f"at most {width} cells, as the header has", found=str(len(row)), row=number,
                                 remedy="A cell holds the delimiter, or a column has no name."))  # fmt: skip
            continue
        body.append([*row[:width], *[""] * (width - len(row))])
        body_numbers.append(number)
    return body, body_numbers


def _row_of(numbers: list[int]) -> Place:
    return lambda column, index: (numbers[index], column)


def _read_column(
    shown: str, column: SheetColumn, cells: list[Cell], place: Place, problems: Problems
) -> list[Any]:
    """Parse a column by its distinct values: a sheet repeats them, and so would their errors."""
    parsed: dict[Any, Any] = {}
    out = []
    for i, cell in enumerate(cells):
        key = (type(cell), cell)
        if key not in parsed:
            parsed[key] = _parse_cell(column, cell)
        value = parsed[key]
        if isinstance(value, Problem):
            row, name = place(column.name, i)
            problems.add(Problem(shown, value.expected, value.found, row, name, value.remedy))
            value = column.missing
        out.append(value)
    return out


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
