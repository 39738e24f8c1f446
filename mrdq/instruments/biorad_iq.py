"""Bio-Rad iQ5, MyiQ and iCycler: the table of results as csv or text.

The table starts in the first row, with an index column whose header is empty, as that of CFX
does, but names Type and Identifier where CFX names Content and Sample.  It has no target: the
fluor stands for it.
"""

from __future__ import annotations

from mrdq.instruments.export import Export
from mrdq.instruments.source import TEXT, Found, Missing, Source, text_table
from mrdq.instruments.table import Recipe, read_table
from mrdq.instruments.text import DELIMITERS

RECIPE = Recipe("biorad_iq", required=("well", "task", "sample", "cq", "channel"))


def detect(source: Source) -> Found | Missing:
    """The table, or what is missing of its header."""
    if source.kind != TEXT:
        return Missing("text file")
    line, at = source.first_line
    if line[:1] not in (*DELIMITERS, '"') or "Identifier" not in line:
        return Missing('first row that starts with an empty cell and names the column "Identifier"')
    found = text_table(source, at, len(source.text), reason="")
    return RECIPE.claim(found, "a first row", place="the first row")


def read(source: Source, found: Found) -> Export:
    """The export; starting quantities are those of the standards only."""
    return read_table(source, found, RECIPE)
