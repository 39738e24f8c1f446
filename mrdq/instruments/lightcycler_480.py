"""Roche LightCycler 480: the result table of an analysis as text, in both of its shapes.

* A line ``Experiment: …  Selected Filter: …`` above ``Include Color Pos Name Cp … Status``.
  The filter is the channel.
* A header that starts with ``Experiment Name`` and names the ``CrossingPoint``, with the call of
  the software for each well.  No channel is named.

There is no task column: ``Standard`` holds the concentration of standards, and 0 or nothing for
all else.  Their task is ``Standard``, that of all other wells ``""``.  An empty Cp is no crossing
point, which the software calls ``pdcNegative``.  Columns and words as in exports of release 1.5.
"""

from __future__ import annotations

import math
import re
from dataclasses import replace

from mrdq.errors import WARNING, Problem
from mrdq.instruments import words
from mrdq.instruments.columns import NO_SIGNAL
from mrdq.instruments.export import Export
from mrdq.instruments.one_run import refuse_several_runs
from mrdq.instruments.source import TEXT, Found, Missing, Source, rows_of, text_table
from mrdq.instruments.table import Recipe, read_table
from mrdq.instruments.text import DELIMITERS, first_line
from mrdq.vocabulary import DETERMINED, UNDETERMINED

RECIPE = Recipe(
    "lightcycler_480",
    required=("well", "cq", "include"),
    blank=NO_SIGNAL,
    standards_only=False,
    every_row=True,
)

_TITLE = re.compile(r'"?Experiment:(?P<name>.*?)(?:\s+(?:Selected )?Filter:(?P<filter>.*))?')
_HEADER = re.compile(r'"?Experiment Name"?[\t,;].*CrossingPoint')
_NO_TITLE = (
    'first line that starts with "Experiment:", or with "Experiment Name" and names a CrossingPoint'
)


def detect(source: Source) -> Found | Missing:
    """The table, or what is missing of it."""
    if source.kind != TEXT:
        return Missing("text file")
    line, at = source.first_line
    if not line.startswith(("Experiment", '"Experiment')):
        return Missing(_NO_TITLE)
    if _HEADER.match(line):
        return _checked(text_table(source, at, len(source.text), reason="a header that starts"))
    title = _TITLE.fullmatch(line.rstrip(DELIMITERS + ' "'))
    if not title:
        return Missing(_NO_TITLE)
    below = at + len(line) + 1
    _, gap = first_line(source.text[below:])
    found = text_table(source, below + gap, len(source.text), reason="below the experiment's name")
    channel = (title["filter"] or "").strip()
    return _checked(
        replace(found, constant={"channel": channel}, notes=(f"line above the table: {title[0]}",))
    )


def read(source: Source, found: Found) -> Export:
    """The export; quantities are those of the standards.

    Raises :class:`MrdqError` for several experiments in one file.
    """
    export = read_table(source, found, RECIPE)
    refuse_several_runs(source, found, RECIPE.header(found.header), ("experiment",))
    standard = [value > 0 for value in export.quantity]
    return replace(
        export,
        task=["Standard" if known else "" for known in standard],
        quantity=[value if value > 0 else math.nan for value in export.quantity],
        warnings=[*export.warnings, *_warnings(source, found, export)],
    )


def _checked(found: Found) -> Found | Missing:
    return RECIPE.claim(found, "a LightCycler 480 header")


def _warnings(source: Source, found: Found, export: Export) -> list[Problem]:
    """Warnings where no well has a Cp, and where the colour of wells is that of the other call."""
    at = RECIPE.header(found.header).at
    warnings = []
    if DETERMINED not in export.cq_state and "call" not in at:
        remedy = "The analysis may not have been calculated: calculate it, and export it again."
        warnings.append(_warning(source, found.header[at["cq"]], "a Cp of any well", "", remedy))
    bounds = _bounds(export)
    if bounds:
        expected = "crossing points, and not the cycle after which they lie"
        remedy = (
            "The software marks these Cp as late and writes a bound for them: the signal may have come later "
            "than this. They are read as they stand. Compare the wells on the instrument's screen."
        )
        column = found.header[at["cq"]]
        warnings.append(_warning(source, column, expected, ", ".join(bounds), remedy))
    wells = _wells_of_other_color(source, found, export)
    if wells:
        expected = "the colour of a negative call beside an empty Cp, and that of a positive one beside a Cp"
        remedy = "The Cp are read as they stand. Compare the calls of these wells on the instrument's screen."
        column = found.header[at["color"]]
        warnings.append(_warning(source, column, expected, ", ".join(wells), remedy))
    return warnings


def _bounds(export: Export) -> list[str]:
    """Wells whose Cp is a whole number beside the status of a late one: ``>`` and 35."""
    late = words.exactly("lightcycler_480_late")
    return [
        f"{well} ({cq:g})"
        for well, cq, flags in zip(export.well, export.cq, export.flags, strict=True)
        if cq.is_integer() and not late.isdisjoint(flags.split(";"))
    ]


def _wells_of_other_color(source: Source, found: Found, export: Export) -> list[str]:
    # The software paints wells by its call, but a user may choose colours too: they decide nothing.
    at = RECIPE.header(found.header).at.get("color")
    if at is None:
        return []
    rows = rows_of(source, found)
    against = {
        DETERMINED: words.listed("lightcycler_480_negative_color"),
        UNDETERMINED: words.listed("lightcycler_480_positive_color"),
    }
    return [
        well
        for well, state, row in zip(export.well, export.cq_state, export.row, strict=True)
        if rows[row - found.header_row - 1][at].strip() in against.get(state, ())
    ]


def _warning(source: Source, column: str, expected: str, shown: str, remedy: str) -> Problem:
    return Problem(source.name, expected, shown, column=column, remedy=remedy, level=WARNING)
