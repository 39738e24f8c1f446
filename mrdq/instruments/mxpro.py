"""Agilent (Stratagene) MxPro of the Mx3000P and Mx3005P: the text report of the wells.

The header is the first line; the user chooses which columns stand there.  Cells are padded with
blanks and every line ends with a tab.  Ct is computed from R, dR, Rn or dRn, as its header says.
``No Ct`` is no signal.  A row whose Ct is the word ``Reference`` is that of the passive reference
dye, and no reaction.
"""

from __future__ import annotations

from dataclasses import replace

from mrdq.instruments import words
from mrdq.instruments.export import Export
from mrdq.instruments.source import TEXT, Found, Missing, Source, rows_of, text_table
from mrdq.instruments.table import Recipe, read_table

RECIPE = Recipe("mxpro", required=("well", "cq"))
BLOCK = "96-Well block of the Mx3000P and Mx3005P"


def detect(source: Source) -> Found | Missing:
    """The table, or what is missing of its header."""
    if source.kind != TEXT:
        return Missing("text file")
    line, at = source.first_line
    if "Ct (" not in line:
        return Missing('column such as "Ct (dRn)" in the first line')
    found = text_table(source, at, len(source.text), reason="")
    return RECIPE.claim(found, "a first line", place="the first line")


def read(source: Source, found: Found) -> Export:
    """The export; quantities are those of standards only, for other wells they are computed."""
    recipe = recipe_for(RECIPE, found)
    return read_table(source, _without_reference_dye(source, found), recipe, block=BLOCK)


def recipe_for(recipe: Recipe, found: Found) -> Recipe:
    """The recipe for a table whose columns the user chose.

    With neither target nor task, an empty Cq does not show that a well is empty.
    """
    named = recipe.header(found.header).at.keys() & {"target", "task"}
    return replace(recipe, every_row=not named)


def _without_reference_dye(source: Source, found: Found) -> Found:
    """The table with the rows of the reference dye blank, so that rows keep their numbers."""
    at = RECIPE.header(found.header).at
    reference = words.listed("mxpro_reference")
    rows = rows_of(source, found)
    aside = [
        index
        for index, row in enumerate(rows)
        if len(row) > max(at.values()) and words.plain(row[at["cq"]]) in reference
    ]
    if not aside:
        return found
    lines = str(found.body).split("\n")
    for index in aside:
        lines[index] = ""
    wells = ", ".join(rows[index][at["well"]].strip() for index in aside)
    note = f"rows of the reference dye, which has no Ct, not read: wells {wells}"
    return replace(found, body="\n".join(lines), notes=(*found.notes, note))
