"""Bio-Rad CFX Manager and CFX Maestro: "Quantification Cq Results" as csv, text or xlsx.

The table starts in the first row, with an index column whose header is empty.  A custom export is
text with the same columns and no index column, below lines such as ``File Name,….pcrd`` and
``CFX Maestro Version,…`` or with none above it (from public descriptions, not seen on a real file).
"""

from __future__ import annotations

import re
from dataclasses import replace

from mrdq.instruments.applied_biosystems import lines_above
from mrdq.instruments.export import Export
from mrdq.instruments.source import TEXT, WORKBOOK, Found, Missing, Source, text_table
from mrdq.instruments.table import Recipe, read_table
from mrdq.instruments.text import DELIMITERS
from mrdq.instruments.words import instruments_own_sheet

RECIPE = Recipe("biorad_cfx", required=("well", "task", "cq", "channel"))
NO_HEADER = "header in the first row that starts with an empty cell"

_CUSTOM_HEADER = re.compile(r'^"?Well"?[,;\t]"?Fluor"?[,;\t]', re.MULTILINE)
_CUSTOM_START = re.compile(r'"?(?:File Name"?[,;\t]|Well"?[,;\t]"?Fluor"?[,;\t])')
_HEAD_CHARACTERS = 20_000
_VERSIONS = ("CFX Maestro Version", "CFX Manager Version")


def detect(source: Source) -> Found | Missing:
    """The table, or what is missing of its header."""
    if source.kind == TEXT:
        line, at = source.first_line
        if _CUSTOM_START.match(line):
            return _custom(source, at)
        if line[:1] not in (*DELIMITERS, '"'):
            return Missing(NO_HEADER)
        return _checked(text_table(source, at, len(source.text), reason=""))
    if source.kind == WORKBOOK:
        return _in_workbook(source)
    return Missing("text file and no workbook")


def read(source: Source, found: Found) -> Export:
    """The export; starting quantities are those of the standards only."""
    lines = found.heading
    software = next((f"{key} {lines[key].rstrip('. ')}" for key in _VERSIONS if key in lines), "")
    run_date = lines.get("Run Ended", "") or lines.get("Run Started", "")
    return read_table(source, found, RECIPE, software=software, run_date=run_date)


def _custom(source: Source, at: int) -> Found | Missing:
    """The table of a custom export, below its lines of key and value."""
    match = _CUSTOM_HEADER.search(source.text, at, _HEAD_CHARACTERS)
    if match is None:
        return Missing('header line that starts with "Well" and "Fluor"')
    found = text_table(source, match.start(), len(source.text), reason="")
    heading = lines_above(source.text[at : match.start()])
    return RECIPE.claim(replace(found, heading=heading), "a custom export of CFX")


def _checked(found: Found) -> Found | Missing:
    if len(found.header) < 2 or found.header[0].strip():
        return Missing(NO_HEADER)
    return RECIPE.claim(found, "a header that starts with an empty cell", place="the header")


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
