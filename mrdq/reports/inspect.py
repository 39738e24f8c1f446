"""What a reader makes of files that no study names: a page on one, its wells, a list of several."""

from __future__ import annotations

import csv
import io
import math
import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace

from mrdq import vocabulary as words
from mrdq.errors import MrdqError, Problem
from mrdq.instruments import FORMATS, Export, read_export, role_of_task
from mrdq.instruments.printed_curves import Points, curve_warnings, of_export
from mrdq.reports.page_lines import shortened_wells, wrapped
from mrdq.reports.plate_grid import grids
from mrdq.worksheets import is_formula

LIST = ("file", "format", "wells", *words.CQ_STATES, "warnings", "refusal")
"""Columns of the list of several files."""

WELLS = ("well", "target", "channel", "sample", "task", "quantity", "cq", "cq_state", "flags")
"""Columns of the table of wells, as of :class:`Export`."""

_TASKS_SHOWN = 5
_REFUSAL_WIDTH = 200


def read_alone(data: bytes, name: str, *, format: str = "") -> Export:  # noqa: A002
    """:func:`read_export` of a file without a study, its warnings with those of printed curves.

    Raises :class:`MrdqError` as that does; remedies name ``--format`` and no runs sheet.
    """
    try:
        export = read_export(data, name, format=format)
    except MrdqError as error:
        raise MrdqError([_without_a_study(one, format) for one in error.problems]) from None
    curves = curve_warnings(export, name, of_export(export))
    return replace(export, warnings=[*export.warnings, *curves])


def _without_a_study(problem: Problem, stated: str) -> Problem:
    if "format" not in problem.remedy or "runs sheet" not in problem.remedy:
        return problem
    remedy = (
        "Name another format, or leave --format out so that it is detected."
        if stated
        else "Name the right one with --format."
    )
    return replace(
        problem, expected=problem.expected.replace("the column format", "--format"), remedy=remedy
    )


def inspected(data: bytes, name: str, *, format: str = "") -> str:  # noqa: A002
    """A page of text on one export; raises :class:`MrdqError` as :func:`read_alone` does."""
    export = read_alone(data, name, format=format)
    notes = {note: shortened_wells(note) for note in export.notes}
    unread = [said for note, said in notes.items() if "not read" in note]
    read = [said for note, said in notes.items() if "not read" not in note]
    lines = [
        *wrapped(name),
        *_facts(export),
        "",
        *grids(export),
        *(_listed("read so", read) if read else ()),
        *_listed("not read", unread),
        *_listed("to look at", map(str, export.warnings)),
    ]
    return "\n".join(lines) + "\n"


def _facts(export: Export) -> Iterator[str]:
    states = Counter(export.cq_state)
    reader = FORMATS[export.format]
    n_warnings = len(export.warnings)
    facts = [
        ("format", f"{export.format}: {reader.title} ({reader.evidence})"),
        ("because", export.reason),
        ("instrument", export.instrument or "not stated"),
        ("software", export.software or "not stated"),
        ("run date", export.run_date or "not stated"),
        (
            "read",
            f"{len(export.row)} rows, {len(set(export.well))} wells: "
            + ", ".join(f"{states[state]} {state}" for state in words.CQ_STATES),
        ),
        ("roles", ", ".join(_roles(export))),
        ("to look at", f"{_counted(n_warnings, 'warning')}, see below" if n_warnings else "nothing"),
        *(("curve", said) for said in _curves(export)),
    ]  # fmt: skip
    for key, value in facts:
        yield from wrapped(value, f"{key:<12}")


def _roles(export: Export) -> Iterator[str]:
    """The roles with their rows; last the rows whose task word mrdq does not know, and the words."""
    roles = Counter(role_of_task(task) or "" for task in export.task)
    unknown = roles.pop("", 0)
    yield from (f"{count} {role}" for role, count in roles.items())
    if unknown:
        tasks = dict.fromkeys(task for task in export.task if role_of_task(task) is None)
        shown = ", ".join(task or "no task" for task in [*tasks][:_TASKS_SHOWN])
        more = f", … {len(tasks)} words" if len(tasks) > _TASKS_SHOWN else ""
        one_each = len(set(export.well)) == len(export.well)
        yield f"no role: {_counted(unknown, 'well' if one_each else 'row')} ({shown}{more})"


def _curves(export: Export) -> Iterator[str]:
    standards = of_export(export)
    for target, (slope, intercept, r_squared) in export.printed_curves.items():
        printed = (("slope", slope), ("intercept", intercept), ("R²", r_squared))
        said = ", ".join(f"{name} {value:g}" for name, value in printed if value is not None)
        fit = standards.get(target, Points({})).fit()
        ours = f"slope {fit[0]:.4g}, R² {fit[2]:.4g}" if fit else "no curve"
        yield f"{target or 'no target'}: {said} printed; the standards read give {ours}"


def _listed(title: str, lines: Iterable[str]) -> Iterator[str]:
    parts = [part for line in lines for part in wrapped(line, "  ", further=2)]
    yield ""
    yield f"{title}:" if parts else f"{title}: nothing"
    yield from parts


def wells_table(export: Export) -> str:
    """The rows of an export as tsv with the columns :data:`WELLS`; empty for nan.

    A text that a spreadsheet program would run as a formula stands behind an apostrophe.
    """
    return tsv([WELLS, *zip(*(getattr(export, name) for name in WELLS), strict=True)])


def read_row(file: str, export: Export) -> list[str | float]:
    """The row of a file that was read in a list of several."""
    states = Counter(export.cq_state)
    counts = [states[state] for state in words.CQ_STATES]
    n_wells = len(set(export.well))
    return [file, export.format, n_wells, *counts, len(export.warnings), ""]


def refused_row(file: str, error: MrdqError) -> list[str | float]:
    """The row of a file that was refused: its first problem, shortened."""
    said = textwrap.shorten(str(error.problems[0]), _REFUSAL_WIDTH, placeholder=" …")
    return [file, *[""] * (len(LIST) - 2), said]


def tsv(rows: Iterable[Iterable[str | float]]) -> str:
    """Rows as tab-separated lines."""
    text = io.StringIO()
    csv.writer(text, delimiter="\t", lineterminator="\n").writerows(map(_cell, row) for row in rows)
    return text.getvalue()


def _cell(value: str | float) -> str:
    if isinstance(value, str):
        text = value.replace("\r\n", "\n").replace("\r", "\n")  # the writer quotes \n only
        return f"'{text}" if is_formula(text) else text
    return "" if math.isnan(value) else repr(value)


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
