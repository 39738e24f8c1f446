"""Exports that hold several tables of the same wells: one per dye, or one per kind of gene."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from mrdq.errors import MrdqError, Problems
from mrdq.instruments.export import Export, joined
from mrdq.instruments.source import Found, Source
from mrdq.instruments.table import refuse_twins

MOST_DYES = 16
"""More than any instrument has; each dye is a table of its own."""


def by_dye(found: Found, part: Callable[[str], tuple[str, str]]) -> dict[str, Found]:
    """Dye -> the table with the columns of that dye alone, for a header that repeats them per dye.

    ``part`` takes a header cell apart into dye and name, ``("", name)`` for a column that all
    dyes share; nothing comes back for more than :data:`MOST_DYES`.  Columns of other dyes lose their name; the dye is the channel of every row.
    """
    parts = [part(cell) for cell in found.header]
    dyes = dict.fromkeys(dye for dye, _ in parts if dye)
    if len(dyes) > MOST_DYES:
        return {}
    return {
        dye: replace(
            found,
            header=tuple(name if of in ("", dye) else "" for of, name in parts),
            constant={"channel": dye},
        )
        for dye in dyes
    }


def read_parts(source: Source, tables: Iterable[Callable[[], Export]]) -> Export:
    """The tables of one file, each read by a call and put under each other.

    Raises one :class:`MrdqError` with the problems of all tables, each told once, or with the
    rows that hold one well and target twice.
    """
    problems = Problems()
    parts = []
    for read in tables:
        try:
            parts.append(read())
        except MrdqError as error:
            problems.extend(found for found in error.problems if found not in problems.errors)
    problems.raise_if_any()
    export = joined(parts)
    refuse_twins(export, source.name, problems)
    problems.raise_if_any()
    return export
