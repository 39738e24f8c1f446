"""Analytik Jena qTOWER: the relative quantification of qPCRsoft as csv.

Lines ``Title:``, ``Device:``, ``Colors+Dyes:`` stand above the table.  The gene of interest and the
reference gene of a well stand in columns of their own (``GOI`` and ``Ct GOI``, ``Reference gene``
and ``Ct Ref. gene``), so that a row is one reaction, two, or none.  ``No Ct`` says that there was no
signal.  The tables of other evaluations of qPCRsoft are refused: no file and no document says what
their columns and words are.  The dye stands nowhere in the table: there is no channel.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import partial
from typing import NoReturn

from mrdq.errors import refuse
from mrdq.instruments.export import Export
from mrdq.instruments.header import Header
from mrdq.instruments.parts import read_parts
from mrdq.instruments.source import TEXT, Found, Missing, Source, rows_of, text_table
from mrdq.instruments.table import Recipe, read_table
from mrdq.instruments.text import row_at

GENES = (Recipe("qpcrsoft", part=True), Recipe("qpcrsoft_reference", part=True))

_HEAD_CHARACTERS = 20_000
_HEADER = re.compile(r'^"?Well"?[,;\t]', re.MULTILINE)
_DEVICE = re.compile(r'^"?Device:"?[,;\t]"?([^"\n,;\t]*)', re.MULTILINE)
_DATE = re.compile(r'^"?Date/Time:"?[,;\t]"?([^"\n;\t,]*)', re.MULTILINE)


def detect(source: Source) -> Found | Missing:
    """The table, whatever its columns, below the lines of qPCRsoft."""
    if source.kind != TEXT:
        return Missing("text file")
    line, at = source.first_line
    if not line.lstrip('"').startswith("Title:"):
        return Missing('first line that starts with "Title:"')
    device = _DEVICE.search(source.text, at, _HEAD_CHARACTERS)
    if not device:
        return Missing('line that starts with "Device:"')
    reason = f'lines of qPCRsoft such as "{device[0]}"'
    heading = {"Device": device[1].strip()}
    date = _DATE.search(source.text, at, _HEAD_CHARACTERS)
    if date:
        heading["Date/Time"] = date[1].strip()
    header = _HEADER.search(source.text, at, _HEAD_CHARACTERS)
    if not header:
        return Found(reason, (), row_at(source.text, at), "", heading=heading)
    found = text_table(source, header.start(), len(source.text), reason=reason)
    return replace(found, heading=heading)


def read(source: Source, found: Found) -> Export:
    """The export, one row per well and gene; wells without gene and Ct are a note.

    Raises :class:`MrdqError` for every table but that of the relative quantification.
    """
    headers = [recipe.header(found.header) for recipe in GENES]
    if any(header.problem for header in headers):
        _refuse_evaluation(source, found)
    lines = str(found.body).split("\n")
    reactions = [_with_reaction(source, found, header) for header in headers]
    unused = [
        line.partition(found.delimiter)[0].strip('" ')
        for line, *used in zip(lines, *reactions, strict=True)
        if line.strip() and not any(used)
    ]
    note = (f"wells with neither a gene nor a Ct: {', '.join(unused)}",) if unused else ()
    reads = []
    for recipe, used, other in zip(GENES, reactions, reversed(headers), strict=True):
        own = recipe.header(found.header).read
        names = ("" if at in other.read - own else name for at, name in enumerate(found.header))
        body = "\n".join(line if kept else "" for line, kept in zip(lines, used, strict=True))
        table = replace(found, header=tuple(names), body=body, notes=note)
        if any(used):
            reads.append(partial(_read, source, table, recipe))
    if not reads:
        refuse(
            source.name,
            "a Ct in at least one row",
            row=found.header_row + 1,
            remedy="Export the run again, with its analysis.",
        )
    return replace(read_parts(source, reads), format=GENES[0].family)


def _read(source: Source, table: Found, recipe: Recipe) -> Export:
    device, date = (table.heading.get(key, "") for key in ("Device", "Date/Time"))
    return read_table(source, table, recipe, instrument=device, run_date=date)


def _with_reaction(source: Source, found: Found, header: Header) -> list[bool]:
    """For each line, whether it is to be read for the gene of ``header``.

    Left aside is only a whole row whose gene and Ct are both empty.
    """
    wanted = [
        len(row) != len(header.names)
        or any(row[header.at[column]].strip() for column in ("target", "cq"))
        for row in rows_of(source, found)
    ]
    n_lines = str(found.body).count("\n") + 1
    return wanted + [False] * (n_lines - len(wanted))


def _refuse_evaluation(source: Source, found: Found) -> NoReturn:
    refuse(
        source.name,
        "the relative quantification of qPCRsoft, with the columns GOI, Ct GOI, Reference gene and "
        "Ct Ref. gene, for no other table of qPCRsoft is known well enough to be read",
        ", ".join(found.header)[:80],
        row=found.header_row,
        remedy="Write the wells into a plain table with the columns well, target, cq, sample, task and "
        "quantity.",
    )
