"""Bio-Rad CFX Manager and CFX Maestro: "Quantification Cq Results" as csv, text or xlsx.

The table starts in the first row, with an index column whose header is empty.
"""

from __future__ import annotations

from mrdq.instruments.export import Export
from mrdq.instruments.source import TEXT, WORKBOOK, Found, Missing, Source, text_table
from mrdq.instruments.table import Recipe, read_table
from mrdq.instruments.text import DELIMITERS, first_line
from mrdq.instruments.words import instruments_own_sheet

RECIPE = Recipe("biorad_cfx", required=("well", "task", "cq", "channel"))
NO_HEADER = "header in the first row that starts with an empty cell"


def detect(source: Source) -> Found | Missing:
    """The table, or what is missing of its header."""
    if source.kind == TEXT:
        line, at = first_line(source.text)
        if line[:1] not in (*DELIMITERS, '"'):
            return Missing(NO_HEADER)
        return _checked(text_table(source, at, len(source.text), reason=""))
    if source.kind == WORKBOOK:
        return _in_workbook(source)
    return Missing("text file and no workbook")


def read(source: Source, found: Found) -> Export:
    """The export; starting quantities are those of the standards only."""
    return read_table(source, found, RECIPE)


def _checked(found: Found) -> Found | Missing:
    if len(found.header) < 2 or found.header[0].strip():
        return Missing(NO_HEADER)
    header = RECIPE.header(found.header)
    if header.problem:
        return Missing(f"{header.problem} in the header")
    named = ", ".join(header.name(column) for column in RECIPE.required)
    reason = f"a header that starts with an empty cell and has the columns {named}"
    return Found(
        reason, found.header, found.header_row, found.body, found.delimiter,
        found.sheet, found.open_end, notes=found.notes,
    )  # fmt: skip


def _in_workbook(source: Source) -> Found | Missing:
    """The one sheet that starts with the header; two would be two answers."""
    book = source.workbook
    own = instruments_own_sheet(book.sheets)
    if own:
        return Missing(f"CFX workbook: the sheet {own} is none that CFX software writes")
    found: list[Found] = []
    for sheet in book.sheets:
        others = tuple(f"sheet {name} not read" for name in book.sheets if name != sheet)
        rows = book.rows(sheet) if sheet in book.sheets[:3] else []
        if rows:
            table = _checked(Found("", tuple(rows[0]), 1, rows[1:], sheet=sheet, notes=others))
            found += [table] if isinstance(table, Found) else []
    if len(found) == 1:
        return found[0]
    return Missing(
        "single sheet with the table: several have it" if found else f"sheet with a {NO_HEADER}"
    )
