"""A plain table: csv, tsv or a workbook's sheet with the columns well, target and cq.

For laboratories that write their own tables, and for instruments that mrdq does not know.
Headers are those of ``aliases.yaml``; the header is the first row that is not blank.
"""

from __future__ import annotations

from dataclasses import replace

from mrdq.errors import WARNING, Problem, refuse
from mrdq.instruments import words
from mrdq.instruments.cells import LARGEST, is_beyond_384
from mrdq.instruments.columns import NO_SIGNAL_WARNED
from mrdq.instruments.export import Export
from mrdq.instruments.source import TEXT, WORKBOOK, Found, Missing, Source, text_table
from mrdq.instruments.table import Recipe, read_table
from mrdq.instruments.words import instruments_own_sheet

RECIPE = Recipe(
    "plain_table", blank=NO_SIGNAL_WARNED, standards_only=False, flags=True, unstated=LARGEST
)


def detect(source: Source) -> Found | Missing:
    """The table, or what is missing of its header."""
    if source.kind == TEXT:
        line, at = source.first_line
        return (
            _checked(text_table(source, at, len(source.text), reason=""))
            if line
            else Missing("row that is not blank")
        )
    if source.kind == WORKBOOK:
        return _in_workbook(source)
    return Missing("text file and no workbook")


def read(source: Source, found: Found) -> Export:
    """The export; quantities are kept as given for every row, and wells may be those of 1536.

    Raises :class:`MrdqError` as well for a column that leaves wells out in words of its own.
    """
    unknown = [
        name for name in found.header if words.plain(name) in words.listed("plain_table_refused")
    ]
    if unknown:
        refuse(
            source.name,
            "wells that are left out to be named in a column omit (true or false)",
            f"column {unknown[0].strip()}",
            row=found.header_row,
            remedy="Rename the column to omit, with true for each well that is left out, or remove it.",
        )
    judged = [
        name for name in found.header if words.plain(name) in words.listed("plain_table_judged")
    ]
    if judged:
        refuse(
            source.name,
            "what the software makes of a curve in a column cq_state (determined, undetermined, omitted)",
            f"column {judged[0].strip()}",
            row=found.header_row,
            remedy="A Cq may stand beside a negative call. Rename the column to cq_state and write these words, "
            "or remove the column if it says nothing of the Cq.",
        )
    export = read_table(source, found, RECIPE)
    return replace(export, warnings=[*export.warnings, *_of_1536(source, found, export)])


def _of_1536(source: Source, found: Found, export: Export) -> list[Problem]:
    """A warning on wells that only the largest plate has: one of them may be a typing error."""
    beyond = [well for well in dict.fromkeys(export.well) if is_beyond_384(well)]
    if not beyond:
        return []
    shown = ", ".join(beyond[:3]) + (f" and {len(beyond) - 3:,} more" if len(beyond) > 3 else "")
    remedy = "They are read as wells of a 1536-well plate. On a smaller plate their names are wrong: mend them."
    column = RECIPE.header(found.header).name("well")
    expected = "wells from A1 to P24"
    return [Problem(source.name, expected, shown, column=column, remedy=remedy, level=WARNING)]


def _checked(found: Found) -> Found | Missing:
    if not found.header or not found.header[0].strip():
        return Missing("name in the first cell of the header, the first row that is not blank")
    return RECIPE.claim(found, "a first row", place="the first row that is not blank")


def _in_workbook(source: Source) -> Found | Missing:
    """The one sheet whose first row that is not blank is the header."""
    book = source.workbook
    own = instruments_own_sheet(book.sheets)
    if own:
        return Missing(f"plain workbook: the sheet {own} is one that instruments write")
    tables = [
        table for sheet in book.sheets if isinstance(table := _in_sheet(source, sheet), Found)
    ]
    if len(tables) == 1:
        return tables[0]
    wanted = 'header with "well", "target" and "cq" in the first row of a sheet'
    return Missing("single sheet with the table: several have it" if tables else wanted)


def _in_sheet(source: Source, sheet: str) -> Found | Missing:
    rows = source.workbook.rows(sheet)
    first = next((index for index, row in enumerate(rows) if any(map(str.strip, row))), -1)
    if first < 0:
        return Missing("row that is not blank")
    others = tuple(f"sheet {name} not read" for name in source.workbook.sheets if name != sheet)
    return _checked(
        Found("", tuple(rows[first]), first + 1, rows[first + 1 :], sheet=sheet, notes=others)
    )
