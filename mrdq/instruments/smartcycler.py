"""Cepheid SmartCycler: the results table of a run as csv.

The file starts with ``Run Summary (Smart Cycler …)``; its ``Results Table`` holds one row per site
and for each dye a result and a Ct (``FAM Std/Res``, ``FAM Ct``).  A Ct of 0.00 says that there was
no signal.  For a standard the result is its quantity; for other sites it is a word (``POS``,
``NEG``, ``ND``) or a number that the instrument computed.  The export names no target: the dye is
the channel, and there is one reaction per site and dye.  Sites of type ``UNUSED`` are omitted.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import replace
from functools import partial

from mrdq.errors import Problem, Problems, refuse
from mrdq.instruments import words
from mrdq.instruments.cells import decimal_sign
from mrdq.instruments.columns import Column, quantity_column
from mrdq.instruments.export import Export
from mrdq.instruments.parts import by_dye, read_parts
from mrdq.instruments.source import TEXT, Found, Missing, Source, rows_of, text_table
from mrdq.instruments.table import Recipe, read_table
from mrdq.instruments.text import line_at, row_at, split_rows
from mrdq.vocabulary import DETERMINED, OMITTED, STANDARD

RECIPE = Recipe("smartcycler", required=("well", "task", "cq"), every_row=True, part=True)
TITLE = "Results Table"

_START = re.compile(r'"?Run Summary\b.*\((Smart ?Cycler[^)]*)\)')
_SITE = re.compile(r"[A-F]([1-9]|1[0-6])")
"""One computer runs up to six blocks of sixteen sites (Smart Cycler II documents)."""


def detect(source: Source) -> Found | Missing:
    """The results table, or what is missing of it."""
    if source.kind != TEXT:
        return Missing("text file")
    text = source.text
    line, start = source.first_line
    named = _START.match(line)
    if not named:
        return Missing('first line "Run Summary" of a Smart Cycler')
    title = text.find(f"\n{TITLE}") + 1
    if not title:
        return Missing(f'line "{TITLE}" (the file holds the curves alone: export the results too)')
    at = title + len(line_at(text, title)) + 1
    end = text.find("\n\n", at)
    found = text_table(source, at, end + 1 if end >= 0 else len(text), reason="")
    tables = by_dye(found, _part)
    if not tables or any(RECIPE.header(table.header).problem for table in tables.values()):
        return Missing(f'column "Ct" for each dye in the header in row {found.header_row}')
    head = split_rows(text[start : text.find("\n\n")], found.delimiter, source.name, 1)
    heading = {row[0].strip(" :"): row[1].strip() for row in head if len(row) > 1}
    return replace(
        found,
        reason=f'"{TITLE}" of a Smart Cycler with a Ct of {", ".join(tables)}',
        heading=heading | {"Software": named[1]},
    )


def read(source: Source, found: Found) -> Export:
    """The export; quantities are those of standards that have one above 0.

    Raises :class:`MrdqError` as well where the table has not as many sites as the file says, or
    holds the sites of another run, whose standard curve was taken over.
    """
    _check_sites(source, found)
    noted = replace(found, notes=_other_parts(source, found))
    tables = by_dye(noted, _part).values()
    return read_parts(source, [partial(_read_dye, source, table) for table in tables])


def _part(cell: str) -> tuple[str, str]:
    """Dye and name of a header cell: ``FAM Std/Res`` -> ``FAM``, ``Std/Res``."""
    headers = words.headers(RECIPE.family)
    dye, _, name = cell.strip().rpartition(" ")
    return (dye, name) if name in (*headers["cq"], *headers["result"]) else ("", cell)


def _check_sites(source: Source, found: Found) -> None:
    sites = Counter(row[0].strip() for row in rows_of(source, found) if any(map(str.strip, row)))
    stated = found.heading.get("Number of Sites", "")
    if stated != str(sites.total()):
        refuse(
            source.name,
            f"{stated} sites below the header, as the line Number of Sites says"
            if stated
            else "a line Number of Sites at the head of the file",
            f"{sites.total()} rows",
            row=found.header_row,
            remedy="The export is cut off or was edited: export the run again.",
        )
    twice = [site for site, n in sites.items() if n > 1]
    if twice and "Std Curve" in found.heading:
        refuse(
            source.name,
            "each site once",
            f"{', '.join(twice)} twice",
            row=found.header_row,
            column=found.header[0],
            remedy=f"The sites of the run {found.heading['Std Curve']}, whose standard curve was taken over, "
            "stand in the table too. Export each run without the other's standard curve.",
        )


def _other_parts(source: Source, found: Found) -> tuple[str, ...]:
    """Notes on the parts of the file that are neither its head nor the results."""
    starts = [match.end() for match in re.finditer(r"\n\n+", source.text)]
    titles = ((line_at(source.text, at), row_at(source.text, at)) for at in starts)
    return tuple(
        f'part "{title.strip(",")[:40]}" from row {row} on not read'
        for title, row in titles
        if title.strip() and row != found.header_row - 1
    )


def _read_dye(source: Source, table: Found) -> Export:
    """The reactions of one dye, with what its results and the states of the sites say."""
    headers = words.headers(RECIPE.family)
    own = [headers[column][0] for column in ("status", "result")]
    hidden = replace(table, header=tuple("" if name in own else name for name in table.header))
    heading = table.heading
    export = read_table(
        source,
        hidden,
        RECIPE,
        software=heading["Software"],
        run_date=heading.get("Started At", ""),
    )
    rows = rows_of(source, table)
    whole = [rows[number - table.header_row - 1] for number in export.row]
    cells = {name: [row[at].strip() for row in whole] for at, name in enumerate(table.header)}
    status, result = (cells.get(name, [""] * len(whole)) for name in own)
    problems = Problems()
    _check_names(export, table, source.name, problems)
    dye = table.constant["channel"]
    amounts = Column(result, f"{dye} {own[1]}", source.name, export.row, export.well)
    given = [
        i for i, task in enumerate(export.task) if _is_standard(task) and _is_number(result[i])
    ]
    decimal = decimal_sign([cell for cell in cells[headers["cq"][0]] if _is_number(cell)])
    quantity = quantity_column(amounts, given, decimal, typed=False, problems=problems)
    problems.raise_if_any()
    said = map(_said, export.task, export.cq_state, export.cq, status, result)
    states, cq, flags = map(list, zip(*said, strict=True))
    return replace(
        export,
        cq_state=states,
        cq=cq,
        flags=flags,
        quantity=[value or math.nan for value in quantity],  # 0: the standard is none of this dye
    )


def _said(task: str, state: str, cq: float, status: str, result: str) -> tuple[str, float, str]:
    """State, Cq and flags of a row."""
    flags = [] if words.plain(status) in words.listed("smartcycler_fine") else [status]
    if words.plain(task) in words.listed("smartcycler_unused"):
        state, cq = OMITTED, math.nan
        flags.append(OMITTED)
    fitting = "smartcycler_positive" if state == DETERMINED else "smartcycler_negative"
    if result and not _is_number(result) and words.plain(result) not in words.listed(fitting):
        flags.append(result)
    return state, cq, ";".join(flags)


def _is_number(cell: str) -> bool:
    return any(character.isdigit() for character in cell)


def _is_standard(task: str) -> bool:
    return words.role_of_task(task) == STANDARD


def _check_names(export: Export, table: Found, file: str, problems: Problems) -> None:
    for well, row in zip(export.well, export.row, strict=True):
        if not _SITE.fullmatch(well):
            expected = "a site from 1 to 16 of the blocks A to F, such as A1"
            place = table.header[0]
            remedy = "Correct the name of the site, or export the run again."
            problems.add(Problem(file, expected, well, row=row, column=place, remedy=remedy))
