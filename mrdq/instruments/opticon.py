"""Bio-Rad (MJ Research) Opticon Monitor: the quantity calculations as tab text.

The table starts in the first row with ``Well / Set``.  It has no target: the dye stands for it.
What the export says of quantities is named after the unit that the laboratory typed in
(``moles``), and is not read: the standards' quantities have to come from a layout.
"""

from __future__ import annotations

from mrdq.instruments.export import Export
from mrdq.instruments.source import TEXT, Found, Missing, Source, text_table
from mrdq.instruments.table import Recipe, read_table

RECIPE = Recipe("opticon", required=("well", "channel", "task", "cq"))


def detect(source: Source) -> Found | Missing:
    """The table, or what is missing of its header."""
    if source.kind != TEXT:
        return Missing("text file")
    line, at = source.first_line
    if not line.startswith(("Well / Set", '"Well / Set"')):
        return Missing('first row that starts with "Well / Set"')
    found = text_table(source, at, len(source.text), reason="")
    return RECIPE.claim(found, "a first row", place="the first row")


def read(source: Source, found: Found) -> Export:
    """The export, with no quantities."""
    return read_table(source, found, RECIPE)
