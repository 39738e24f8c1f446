"""Eppendorf Mastercycler ep realplex: the results table as tab or semicolon separated text.

The table starts in the first row.  Its columns ``Ct``, ``Ct Mean``, ``Ct Dev.``, ``Amount`` and
``Target`` carry the dye in their names (``Ct SYBR``, ``Amount SYBR [ng]``) and stand there once
per dye.  A well that crossed no threshold has an empty Ct.  Below the table may stand the block
``Analysis Parameters``.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache, partial

from mrdq.errors import refuse
from mrdq.instruments import words
from mrdq.instruments.columns import NO_SIGNAL
from mrdq.instruments.export import Export
from mrdq.instruments.parts import by_dye, read_parts
from mrdq.instruments.source import TEXT, Found, Missing, Source, text_table
from mrdq.instruments.table import Recipe, read_table
from mrdq.instruments.text import row_at

RECIPE = Recipe(
    "realplex", required=("well", "cq"), blank=NO_SIGNAL, trailing=True, every_row=True, part=True
)
BLOCK = "96-well block"
PER_DYE = ("cq", "mean", "sd", "quantity", "target")
NO_AMOUNTS = "amounts not kept: no column Type says which wells are standards"

_START = re.compile(r'"?Pos"?[\t;,]"?Name"?[\t;,]')
_FOOTER = re.compile(r'^"?Analysis Parameters', re.MULTILINE)
_UNIT = re.compile(r" ?\[[^\]]*\]$")


def detect(source: Source) -> Found | Missing:
    """The table, or what is missing of its header."""
    if source.kind != TEXT:
        return Missing("text file")
    line, at = source.first_line
    if not _START.match(line):
        return Missing('first row that starts with "Pos" and "Name"')
    footer = _FOOTER.search(source.text, at)
    stop = footer.start() if footer else len(source.text)
    found = text_table(source, at, stop, reason="")
    tables = by_dye(found, _part)
    dyes = [dye for dye, table in tables.items() if _header("cq") in table.header]
    if not dyes:
        return Missing('column "Ct" with the name of a dye, such as "Ct SYBR"')
    problem = next(filter(None, (RECIPE.header(tables[dye].header).problem for dye in dyes)), "")
    if problem:
        return Missing(f"{problem} in the header")
    below = f"lines below the table from row {row_at(source.text, stop)} on not read"
    return replace(
        found,
        reason=f"a header that starts with Pos and Name and has a Ct of {', '.join(dyes)}",
        notes=(f"{below}: Analysis Parameters",) if footer else (),
    )


def read(source: Source, found: Found) -> Export:
    """The export, one row per well and dye; the dye is the channel.

    Amounts are kept for standards, which only a column Type tells.  Raises :class:`MrdqError`
    as well for a dye that has other columns and no Ct.
    """
    _refuse_cut_row(source, found)
    tables = by_dye(found, _part)
    for dye, table in tables.items():
        if _header("cq") not in table.header:
            refuse(
                source.name,
                f"a column Ct {dye}, for the header has other columns of {dye}",
                row=found.header_row,
                remedy="Export the run again with all columns of the dye.",
            )
    reads = [partial(read_table, source, table, RECIPE, block=BLOCK) for table in tables.values()]
    export = read_parts(source, reads)
    names = {name for table in tables.values() for name in table.header}
    if _header("quantity") in names and _header("task") not in names:
        export = replace(export, notes=[*export.notes, NO_AMOUNTS])
    return export


def _refuse_cut_row(source: Source, found: Found) -> None:
    """The last column holds the target: a row without a line end may have lost half of it."""
    body = str(found.body)
    if found.open_end and body:
        refuse(
            source.name,
            "a line end after the last cell",
            body.rpartition("\n")[2][-80:],
            row=found.header_row + body.count("\n") + 1,
            remedy="The export may be cut off: export it again, or end the last line if it is whole.",
        )


def _header(column: str) -> str:
    return words.headers(RECIPE.family)[column][0]


@cache
def _prefixes() -> tuple[str, ...]:
    """Names that a dye follows, the long ones first: ``Ct Mean`` before ``Ct``."""
    return tuple(sorted(map(_header, PER_DYE), key=len, reverse=True))


def _part(cell: str) -> tuple[str, str]:
    """Dye and name of a header cell: ``Amount SYBR [ng]`` -> ``SYBR``, ``Amount``."""
    name = " ".join(cell.split())
    for prefix in _prefixes():
        dye = _UNIT.sub("", name[len(prefix) :]) if name.startswith(prefix) else ""
        if dye.startswith(" "):
            return dye.strip(), prefix
    return "", name
