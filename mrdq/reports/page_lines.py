"""Lines of a page of text: wrapped at one width, and wells as ranges."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable
from itertools import groupby

from mrdq.instruments.cells import ROWS, row_and_column

WIDTH = 120

_WELLS_AT_THE_END = re.compile(
    r"(?:wells|:) ((?:(?:[A-Z]|A[A-F])\d{1,2}, )+(?:[A-Z]|A[A-F])\d{1,2})\Z"
)


def wrapped(text: str, lead: str = "", *, further: int = 0) -> list[str]:
    """A text behind ``lead`` in lines of at most :data:`WIDTH`, those below ``further`` indented."""
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=lead,
        subsequent_indent=" " * (len(lead) + further),
        break_on_hyphens=False,
    )


def well_ranges(wells: Iterable[str]) -> str:
    """Wells in the order of the plate, three or more side by side as one: ``A1–A12, B3``."""
    places = sorted(set(filter(None, map(row_and_column, wells))))
    parts = []
    for _, group in groupby(enumerate(places), lambda one: (one[1][0], one[1][1] - one[0])):
        side = [f"{ROWS[row]}{column + 1}" for _, (row, column) in group]
        parts.append(f"{side[0]}–{side[-1]}" if len(side) > 2 else ", ".join(side))
    return ", ".join(parts)


def shortened_wells(note: str) -> str:
    """A note on wells with the list at its end as ranges; any other note as it is."""
    match = _WELLS_AT_THE_END.search(note)
    if not match or "wells" not in note[: match.start(1)]:
        return note
    return note[: match.start(1)] + well_ranges(match[1].split(", "))
