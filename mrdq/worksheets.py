"""Cells of workbooks: their text, and those that a spreadsheet program left without a value.

The parser gives an error (``#N/A``) and a formula that was never computed as an empty cell.  An
empty cell has a meaning of its own, so that such cells are looked up in the xlsx itself.
"""

from __future__ import annotations

import datetime as dt
import io
import re
from collections.abc import Collection, Iterator
from xml.etree import ElementTree

from mrdq.errors import MrdqError, Problem, refuse

Cell = str | float | bool | dt.date | dt.datetime | dt.time | dt.timedelta

NO_VALUE = "a formula without a value"
_SHOWN = 20
_MEND = "Open the workbook in a spreadsheet program, mend the cell and save."
_FORMULA = re.compile(r"[=+@-]+.*\w")
_SIGNED = re.compile(r"[+-](\d+([.,]\d*)?|[.,]\d+)([eE][+-]?\d+)?\s*%?", re.ASCII)
_ADDRESS = re.compile(r"([A-Z]+)\d+", re.ASCII)


def as_text(cell: Cell) -> str:
    """A cell as a person would write it: 1.0 -> ``1``, a date as ISO, true and false."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    if isinstance(cell, dt.datetime) and cell.time() == dt.time():
        return cell.date().isoformat()
    return cell.isoformat() if isinstance(cell, dt.date | dt.time) else str(cell)


def is_formula(text: str) -> bool:
    """Whether a spreadsheet program would run a text as a formula when it opens a table with it.

    ``-RT`` is one, and so is ``@x``; a number with a sign is none.
    """
    if not _FORMULA.match(text):
        return False
    return not _SIGNED.fullmatch(text)


def refuse_cells_without_value(
    xml: bytes,
    file: str,
    sheet: str,
    *,
    first_row: int = 1,
    columns: Collection[int] | None = None,
) -> None:
    """Refuse errors and formulas without a value in a worksheet of an xlsx.

    Parameters
    ----------
    xml: the bytes of the worksheet.
    file: the path as the user knows it.
    first_row: 1-based row of the table's header; the rows above it do not count.
    columns: indices of the columns that count below the header; None for all.
    """
    try:
        found = list(_without_value(xml)) if _suspicious(xml) else []
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        refuse(file, "a workbook that can be read", str(error)[:120], column=f"sheet {sheet}",
               remedy="It is damaged. Open the workbook and save it again, or export the run again.")  # fmt: skip
    problems = [
        Problem(file, "a value", what, row=row, column=f"sheet {sheet}, cell {_letters(column)}{row}", remedy=_MEND)
        for row, column, what in found
        if row == first_row or (row > first_row and (columns is None or column in columns))
    ]  # fmt: skip
    more = len(problems) - _SHOWN
    if more > 0:
        problems[_SHOWN:] = [
            Problem(file, "a value", f"{more} more such cells", column=f"sheet {sheet}", remedy=_MEND)
        ]  # fmt: skip
    if problems:
        raise MrdqError(problems)


def _suspicious(xml: bytes) -> bool:
    """Whether the XML may hold such a cell.  A plain search: most worksheets are done with it."""
    return b'"e"' in xml or b"'e'" in xml or b"<f" in xml or b":f" in xml


def _without_value(xml: bytes) -> Iterator[tuple[int, int, str]]:
    """1-based row, column index and what was found, of each such cell."""
    row = 0
    for _, element in ElementTree.iterparse(io.BytesIO(xml)):
        name = _local(element.tag)
        if name == "sheetData":
            return
        if name != "row":
            continue
        row = int(element.get("r") or row + 1)
        column = -1
        for cell in element:
            address = _ADDRESS.fullmatch(cell.get("r", ""))
            column = column_index(address[1]) if address else column + 1
            what = _missing(cell)
            if what:
                yield row, column, what
        element.clear()


def _missing(cell: ElementTree.Element) -> str:
    """What stands in a cell instead of a value; ``""`` if it has one, or nothing is in it."""
    parts = {_local(part.tag): part.text or "" for part in cell}
    if cell.get("t") == "e":
        return parts.get("v") or "an error"
    if "f" not in parts or parts.get("v"):
        return ""
    # A formula may give the empty text: the value is there then, and it is text.
    return "" if "v" in parts and cell.get("t") == "str" else NO_VALUE


def _local(name: str) -> str:
    return name.rpartition("}")[2]


def column_index(letters: str) -> int:
    """0-based index of the column ``A``, ``Z``, ``AA``."""
    index = 0
    for letter in letters:
        index = 26 * index + ord(letter) - ord("A") + 1
    return index - 1


def _letters(index: int) -> str:
    letters = ""
    index += 1
    while index:
        index, digit = divmod(index - 1, 26)
        letters = chr(ord("A") + digit) + letters
    return letters
