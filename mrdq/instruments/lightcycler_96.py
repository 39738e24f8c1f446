"""Roche LightCycler 96: the result table of an absolute quantification as text.

One header line with ``Position``, ``Gene Name``, ``Cq`` and ``Call``, a well and dye per row, and
``-`` where there is no value.  The software may keep a Cq beside the call ``Negative``: the call
decides, as in its run files (``rdml_lightcycler96``).  A table without calls is not taken: nobody
could tell such Cq from signals.  Header as listed in public scripts that read these exports; the
columns and words that no such script shows are refused where they are others than expected.
"""

from __future__ import annotations

from mrdq.errors import Problem, Problems
from mrdq.instruments import words
from mrdq.instruments.export import Export
from mrdq.instruments.one_run import refuse_several_runs
from mrdq.instruments.source import TEXT, Found, Missing, Source, rows_of, text_table
from mrdq.instruments.table import Recipe, read_table
from mrdq.vocabulary import OMITTED

RECIPE = Recipe("lightcycler_96", required=("well", "target", "cq", "call"))


def detect(source: Source) -> Found | Missing:
    """The table, or what is missing of its header."""
    if source.kind != TEXT:
        return Missing("text file")
    line, at = source.first_line
    if "Gene Name" not in line:
        return Missing('first line with a column "Gene Name"')
    found = text_table(source, at, len(source.text), reason="")
    return RECIPE.claim(found, "a LightCycler 96 header")


def read(source: Source, found: Found) -> Export:
    """The export; quantities are those of the standards only.

    Raises :class:`MrdqError` as well for several runs or plates in one file.
    """
    export = read_table(source, found, RECIPE, block="96-Well")
    refuse_several_runs(source, found, RECIPE.header(found.header), ("experiment", "plate"))
    _refuse_edited_calls(source, found, export)
    return export


def _refuse_edited_calls(source: Source, found: Found, export: Export) -> None:
    """Raise :class:`MrdqError` where a user's call is another than that of the software.

    No document at hand says whether ``Call`` holds the one or the other.
    """
    at = RECIPE.header(found.header).at
    if "edited_call" not in at:
        return
    rows, known = rows_of(source, found), words.call_states(RECIPE.family)
    problems = Problems()
    for well, number, flags in zip(export.well, export.row, export.flags, strict=True):
        row = rows[number - found.header_row - 1]
        call, edited = row[at["call"]].strip(), row[at["edited_call"]].strip()
        if words.plain(edited) not in known or OMITTED in flags.split(";"):
            continue
        if words.plain(edited) != words.plain(call):
            place = f"{found.header[at['edited_call']].strip()}, well {well}"
            remedy = "Take the edited call back in the software, or exclude the well there; then export again."
            expected = f"the call of the software ({call})"
            problems.add(Problem(source.name, expected, edited, number, place, remedy))
    problems.raise_if_any()
