"""Agilent AriaMx: "Tabular Results" as text, or as the sheet of that name of a workbook.

The header is the first row; the user chooses which columns stand there.  In text, cells are
padded with blanks and every line ends with a tab.  ``No Cq`` is no signal.  Facts from exports
and parsers that others published: columns Well, Well Name, Well Type, Dye, Target, ``Cq (∆R)`` or
``Cq (∆Rn)``, ``Quantity (copies)`` or another unit.
"""

from __future__ import annotations

from mrdq.instruments.export import Export
from mrdq.instruments.mxpro import recipe_for
from mrdq.instruments.source import TEXT, WORKBOOK, Found, Missing, Source, text_table
from mrdq.instruments.table import Recipe, read_table

RECIPE = Recipe("ariamx", required=("well", "cq"))
SHEET = "Tabular Results"
BLOCK = "96-Well block of the AriaMx"
NO_COLUMN = 'column such as "Cq (∆R)"'


def detect(source: Source) -> Found | Missing:
    """The table, or what is missing of its header."""
    if source.kind == TEXT:
        line, at = source.first_line
        if "Cq (" not in line:
            return Missing(f"{NO_COLUMN} in the first line")
        return _checked(text_table(source, at, len(source.text), reason=""), "the first line")
    if source.kind == WORKBOOK:
        return _in_workbook(source)
    return Missing("text file and no workbook")


def read(source: Source, found: Found) -> Export:
    """The export; quantities are those of standards only, for other wells they are computed."""
    return read_table(source, found, recipe_for(RECIPE, found), block=BLOCK)


def _checked(found: Found, place: str) -> Found | Missing:
    return RECIPE.claim(found, f"a table of AriaMx in {place}", place=place)


def _in_workbook(source: Source) -> Found | Missing:
    book = source.workbook
    if SHEET not in book.sheets:
        return Missing(f"sheet {SHEET} in the workbook")
    rows = book.rows(SHEET)
    first = next((index for index, row in enumerate(rows) if any(map(str.strip, row))), -1)
    if first < 0:
        return Missing(f"row that is not blank in the sheet {SHEET}")
    others = tuple(f"sheet {name} not read" for name in book.sheets if name != SHEET)
    found = Found("", tuple(rows[first]), first + 1, rows[first + 1 :], sheet=SHEET, notes=others)
    return _checked(found, f"row {first + 1} of the sheet {SHEET}")
