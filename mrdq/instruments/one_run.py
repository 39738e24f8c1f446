"""Exports of several runs in one file: their wells would be those of one plate."""

from __future__ import annotations

from collections.abc import Iterable

from mrdq.errors import refuse
from mrdq.instruments.header import Header
from mrdq.instruments.source import Found, Source, rows_of


def refuse_several_runs(
    source: Source, found: Found, header: Header, columns: Iterable[str]
) -> None:
    """Raise :class:`MrdqError` if one of ``columns``, which name the run, has several values."""
    for column in columns:
        at = header.at.get(column)
        rows = [] if at is None else rows_of(source, found)
        cells = [row[at].strip() for row in rows if at is not None and len(row) > at]
        said = dict.fromkeys(cell for cell in cells if cell)
        if len(said) > 1:
            refuse(
                source.name,
                "one run in a file",
                " and ".join(said),
                column=header.name(column),
                remedy="Export each run into a file of its own.",
            )
