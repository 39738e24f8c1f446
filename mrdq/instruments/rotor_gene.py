"""Qiagen and Corbett Rotor-Gene: "Excel Analysed Data Export", one table per analysis of a channel.

A table stands below a line such as ``Quantitative analysis of Cycling A.FAM (Page 1)``.  The word
after its last point is the channel.  The brackets hold the name of the analysis: ``Page 1`` is
what the software calls it by itself; any other name is the laboratory's, and is the target.

An empty Ct is no signal; ``Ct Comment`` says why the software gave none (Rotor-Gene Q user
manual, "Outlier Removal").  Lines ``M``, ``B`` and ``R^2 Value`` between title and table are the
standard curve, ``Ct = M log10(concentration) + B`` (M and B as the same manual names them).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from mrdq.errors import WARNING, MrdqError, Problem, Problems
from mrdq.instruments import words
from mrdq.instruments.cells import decimal_sign, number
from mrdq.instruments.columns import NO_SIGNAL
from mrdq.instruments.export import Curve, Export, joined
from mrdq.instruments.rows import ROTOR
from mrdq.instruments.source import TEXT, Found, Missing, Source, rows_of, text_table
from mrdq.instruments.table import Recipe, read_table, refuse_twins
from mrdq.instruments.text import DELIMITERS, delimiter_of, line_at, row_at

RECIPE = Recipe(
    "rotor_gene", required=("well", "sample", "task", "cq"), blank=NO_SIGNAL, spelled=ROTOR
)
FIRST_LINE = "Excel Analysed Data Export"
QUANTITATIVE = "Quantitative analysis of "
MOST_ANALYSES = 100
ROTOR_OF_72 = "a rotor of 72: A1 to I8, or 1 to 72"

_ANALYSIS = re.compile(r'^"?[^\n\t;,"]*analysis of ', re.MULTILINE)
_NAMED = re.compile(r"(.+?) \((.*)\)")
_UNNAMED_PAGE = re.compile(r"Page \d+")
_WRAPPING = DELIMITERS + ' "'


def detect(source: Source) -> Found | Missing:
    """All tables of the export (in ``content``), or what is missing of one of them."""
    if source.kind != TEXT:
        return Missing("text file")
    line, start = source.first_line
    if line.strip(_WRAPPING) != FIRST_LINE:
        return Missing(f'first line "{FIRST_LINE}"')
    starts = [match.start() for match in _ANALYSIS.finditer(source.text)]
    if len(starts) > MOST_ANALYSES:
        return Missing(f"export of at most {MOST_ANALYSES} analyses")
    tables, others = [], []
    for at, stop in pairwise([*starts, len(source.text)]):
        title = line_at(source.text, at).strip(_WRAPPING)
        table = _table(source, title, at, stop)
        if title.startswith(QUANTITATIVE) and isinstance(table, Found):
            tables.append(table)
        elif title.startswith(QUANTITATIVE):
            return table
        elif isinstance(table, Found):
            return Missing(f'"{QUANTITATIVE.strip()}" above the Ct in row {table.header_row}')
        else:
            others.append(f'"{title}" from row {row_at(source.text, at)} on not read')
    if not tables:
        return Missing(f'line that starts with "{QUANTITATIVE.strip()}"')
    titles = ", ".join(table.reason for table in tables)
    return replace(
        tables[0],
        reason=f'"{FIRST_LINE}" in the first line, and the tables of {titles}',
        heading=_lines(source.text[start : starts[0]]),
        notes=tuple(others),
        content=tuple(tables),
    )


def read(source: Source, found: Found) -> Export:
    """The export, all tables under each other; quantities are those of standards only.

    Raises :class:`MrdqError` as well for the positions of a Rotor-Disc 100, for tables that
    differ in their decimal sign, and for a well that two analyses of one channel name.
    """
    problems = Problems()
    tables: tuple[Found, ...] = found.content
    _check_tables(source, tables, problems)
    problems.raise_if_any()
    moment = (found.heading.get("Date", ""), found.heading.get("Time", ""))
    parts = []
    for table in tables:
        try:
            parts.append(_part(source, table, " ".join(moment).strip(), several=len(tables) > 1))
        except MrdqError as error:
            problems.extend(error.problems)
    problems.raise_if_any()
    export = joined(parts)
    refuse_twins(export, source.name, problems)
    problems.raise_if_any()
    return replace(
        export,
        reason=found.reason,
        printed_curves=_of_one_target(parts),
        notes=[*export.notes, *found.notes],
        warnings=[*export.warnings, *problems.warnings],
    )


def _table(source: Source, title: str, at: int, stop: int) -> Found | Missing:
    """The table below the title at offset ``at``; its ``heading`` are the lines between both."""
    text = source.text
    above = offset = at + len(line_at(text, at)) + 1
    while offset < stop:
        line = line_at(text, offset)
        if words.plain(_cells(line)[0]) in words.columns(RECIPE.family)["well"]:
            return _described(
                text_table(source, offset, stop, reason=title), title, text[above:offset]
            )
        offset += len(line) + 1
    first = words.headers(RECIPE.family)["well"][0]
    return Missing(f'header "{first}" below "{title}" in row {row_at(text, at)}')


def _described(table: Found, title: str, above: str) -> Found | Missing:
    problem = RECIPE.header(table.header).problem
    if problem:
        return Missing(f"{problem} in the header in row {table.header_row}")
    name = title.removeprefix(QUANTITATIVE)
    match = _NAMED.fullmatch(name)
    acquired, page = match.groups() if match else (name, "")
    return replace(
        table,
        reason=name,
        heading=_lines(above),
        constant={
            "channel": acquired.rpartition(".")[2],
            "target": "" if _UNNAMED_PAGE.fullmatch(page) else page.strip(),
        },
    )


def _part(source: Source, table: Found, run_date: str, *, several: bool) -> Export:
    """One table as an Export; with ``several``, its notes say which table they are about."""
    export = read_table(source, table, RECIPE, block=ROTOR_OF_72, run_date=run_date)
    curve, read_keys = _curve(table.heading)
    notes = list(export.notes)
    unread = [f"{key} {value}" for key, value in table.heading.items() if key not in read_keys]
    if unread:
        notes.append(f"lines above the table: {'; '.join(unread)}")
    return replace(
        export,
        printed_curves={table.constant["target"]: curve} if read_keys else {},
        notes=[f"{table.reason}: {note}" for note in notes] if several else notes,
    )


def _curve(lines: dict[str, str]) -> tuple[Curve, set[str]]:
    """Slope, intercept and R² among the lines above a table, and the keys of these lines."""
    values: dict[str, float] = {}
    keys = set()
    for key, cell in lines.items():
        for ours, spelled in words.columns("rotor_gene_curve").items():
            if words.plain(key) in spelled:
                try:
                    values[ours] = number(cell, decimal_sign([cell]))
                except ValueError:
                    continue
                keys.add(key)
    return (values.get("slope"), values.get("intercept"), values.get("r_squared")), keys


def _of_one_target(parts: Sequence[Export]) -> dict[str, Curve]:
    """The printed curves of targets that one table only has: a curve is named by its target."""
    named = [target for part in parts for target in set(part.target)]
    return {
        target: curve
        for part in parts
        for target, curve in part.printed_curves.items()
        if named.count(target) == 1
    }


def _check_tables(source: Source, tables: Sequence[Found], problems: Problems) -> None:
    """Refuse positions that no rotor of 72 has, and tables of different decimal signs."""
    signs: dict[str, Found] = {}
    numbered = False
    for table in tables:
        at = RECIPE.header(table.header).at
        rows = rows_of(source, table)
        wells = [row[at["well"]].strip() if len(row) > at["well"] else "" for row in rows]
        numbers = [(i, well) for i, well in enumerate(wells, 1) if well.isdecimal()]
        numbered = numbered or bool(numbers)
        disc = next(((i, well) for i, well in numbers if len(well) > 2 or int(well) > 72), None)
        if disc:
            problems.add(_disc_problem(source.name, table, *disc))
        try:
            cq = [row[at["cq"]] for row in rows if len(row) > at["cq"]]
            signs.setdefault(decimal_sign(cq), table)
        except ValueError:
            continue  # reading the table tells it, with the cells
    if {".", ","} <= signs.keys():
        problems.add(_signs_problem(source.name, signs))
    if numbered:
        problems.add(_numbered_warning(source.name))


def _disc_problem(file: str, table: Found, index: int, cell: str) -> Problem:
    return Problem(
        file,
        f"positions of {ROTOR_OF_72}",
        cell,
        row=table.header_row + index,
        column=f"{RECIPE.header(table.header).name('well')} of {table.reason}",
        remedy="A Rotor-Disc 100 has other wells, and no export has shown yet how its numbers name them. "
        "Write the wells into a plain table with the columns well, target, cq, sample, task and quantity.",
    )


def _signs_problem(file: str, signs: dict[str, Found]) -> Problem:
    point, comma = signs["."], signs[","]
    return Problem(
        file,
        "one decimal sign in the whole file",
        f"points in {point.reason} and commas in {comma.reason}",
        row=max(point.header_row, comma.header_row),
        remedy="Tables of different exports may have been put together. Export the run again.",
    )


def _numbered_warning(file: str) -> Problem:
    return Problem(
        file,
        "positions named A1 to I8",
        "positions that are numbered",
        remedy="They are named in eights, as the software does on a rotor of 72 (9 is B1); on a rotor of "
        "another kind the names may be others. Check them against the layout.",
        level=WARNING,
    )


def _lines(text: str) -> dict[str, str]:
    """First cell -> second cell of the lines that are not blank."""
    rows = [_cells(line) for line in text.split("\n")]
    return {row[0]: row[1] if len(row) > 1 else "" for row in rows if row[0]}


def _cells(line: str) -> list[str]:
    return [cell.strip(' "') for cell in line.split(delimiter_of(line))]
