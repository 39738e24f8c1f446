"""Illumina Eco: the results of a run as csv.

Above the table stand lines ``Key,Value`` and blocks such as ``Standard Curve Data``, one row per
assay.  The header and the rows end in a comma; an empty well is a row with nothing but its name.
Wells that were left out say ``Excluded``.
"""

from __future__ import annotations

import re
from dataclasses import replace

from mrdq.instruments import columns, words
from mrdq.instruments.cells import decimal_sign
from mrdq.instruments.export import Curve, Export
from mrdq.instruments.header import read_header
from mrdq.instruments.source import TEXT, Found, Missing, Source, text_table
from mrdq.instruments.table import Recipe, read_table
from mrdq.instruments.text import split_rows

RECIPE = Recipe(
    "illumina_eco",
    required=("well", "omit", "target", "task", "cq"),
    blank=columns.NO_SIGNAL_WARNED,
    stubs=True,
)
CURVES = "illumina_eco_curve"
BLOCK = "48-well plate"

_HEAD_CHARACTERS = 6_000
"""Room for a curve of each of the 48 wells."""
_HEADER = re.compile(r'^"?Well"?[,;\t]"?Exclude"?[,;\t]', re.MULTILINE)

Block = tuple[int, list[list[str]]]
"""The first row of a block of lines, and its rows of cells."""


def detect(source: Source) -> Found | Missing:
    """The table, or what is missing of its header."""
    if source.kind != TEXT:
        return Missing("text file")
    role = words.headers(RECIPE.family)["task"][0]
    if source.text.find(role, 0, _HEAD_CHARACTERS) < 0:
        return Missing(f'column "{role}"')
    match = _HEADER.search(source.text, 0, _HEAD_CHARACTERS)
    if not match:
        return Missing('header that starts with "Well" and "Exclude"')
    found = text_table(source, match.start(), len(source.text), reason="")
    return RECIPE.claim(found, "a header of Eco software")


def read(source: Source, found: Found) -> Export:
    """The export with the printed curves; quantities are those of standards only.

    An empty Cq of a well that was not left out is read as undetermined, with a warning, for the
    vendor's documents give no word for it.
    """
    blocks = _blocks(source, found)
    heading = {row[0]: row[1] for _, rows in blocks[:1] for row in rows if len(row) > 1}
    curves, notes = _printed_curves(source, blocks[1:])
    export = read_table(
        source,
        replace(found, notes=tuple(notes)),
        RECIPE,
        block=BLOCK,
        instrument=heading.get("Instrument", ""),
        software=heading.get("Software", ""),
        run_date=heading.get("Run Finish", heading.get("Run Start", "")),
    )
    return replace(export, printed_curves=curves)


def _blocks(source: Source, found: Found) -> list[Block]:
    """What stands above the table, parted by blank lines."""
    head = "\n".join(source.text.split("\n")[: found.header_row - 1])
    blocks: list[Block] = []
    fresh = True
    for number, row in enumerate(split_rows(head, found.delimiter, source.name, 1), 1):
        if not any(map(str.strip, row)):
            fresh = True
            continue
        if fresh:
            blocks.append((number, []))
        blocks[-1][1].append([cell.strip() for cell in row])
        fresh = False
    return blocks


def _printed_curves(source: Source, blocks: list[Block]) -> tuple[dict[str, Curve], list[str]]:
    """Assay -> curve, and a note on every block that holds none."""
    printed: dict[str, Curve] = {}
    notes: list[str] = []
    for first, rows in blocks:
        at = next((index for index, row in enumerate(rows) if _is_curve_header(row)), -1)
        if at < 0:
            notes.append(f'block "{", ".join(filter(None, rows[0]))}" in row {first} not read')
            continue
        curves, several = _curves_of(source, rows[at], first + at + 1, rows[at + 1 :])
        printed |= curves
        notes += several
    return printed, notes


def _is_curve_header(row: list[str]) -> bool:
    wanted = ("target", "slope", "intercept", "r_squared")
    return not read_header(tuple(row), CURVES, required=wanted, flags=False).problem


def _curves_of(
    source: Source, names: list[str], first: int, rows: list[list[str]]
) -> tuple[dict[str, Curve], list[str]]:
    """The curves of a block; a cell that is no number is None."""
    header = read_header(tuple(names), CURVES, required=(), flags=False)
    whole = [row + [""] * (header.last + 1 - len(row)) for row in rows]
    numbers = list(range(first, first + len(rows)))
    slope, intercept, r_squared = (
        columns.Column(
            [row[header.at[name]] for row in whole],
            header.name(name),
            source.name,
            numbers,
            [""] * len(rows),
        )
        for name in ("slope", "intercept", "r_squared")
    )
    try:
        decimal = decimal_sign([*slope.cells, *intercept.cells, *r_squared.cells])
    except ValueError:
        decimal = "."
    target = [row[header.at["target"]] for row in whole]
    return columns.curves(target, slope, intercept, r_squared, decimal)
