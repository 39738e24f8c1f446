"""Design & Analysis 2 and Diomni: workbooks with the sheets Results and Standard Curve Result.

The sheet Results has no quantities: those of the standards, and the curves, stand in the sheet
Standard Curve Result, and are matched by well and target.  As csv each sheet is a file of its
own, and only that of the results is read.
"""

from __future__ import annotations

import math
import re
from dataclasses import replace

from mrdq.errors import Problem, Problems, refuse
from mrdq.instruments import words
from mrdq.instruments.applied_biosystems import (
    lines_above,
    printed,
    sheet_heading,
    sheet_table,
)
from mrdq.instruments.export import Export
from mrdq.instruments.source import TEXT, WORKBOOK, Found, Missing, Source, text_table
from mrdq.instruments.table import Recipe, read_table
from mrdq.vocabulary import STANDARD

RECIPE = Recipe("design_and_analysis", flags=True)
CURVE_RECIPE = Recipe("design_and_analysis_curve")
CURVE = "Standard Curve Result"

_SECOND = "Well Position"
_HEADER = re.compile(r'"?Well"?[\t,;]"?Well Position"?[\t,;]')
_HEAD_CHARACTERS = 20_000
_SAME = 1e-6
_AGAIN = "Analyse the run again and export the whole workbook."


def detect(source: Source) -> Found | Missing:
    """The sheet Results, its csv file, or what is missing of it."""
    if source.kind == TEXT:
        return _in_text(source)
    if source.kind != WORKBOOK:
        return Missing("workbook and no text file")
    return sheet_table(source, RECIPE, "Design & Analysis")


def read(source: Source, found: Found) -> Export:
    """The export, with the quantities of the standards and the printed curves.

    Raises :class:`MrdqError` as well where the two sheets disagree about a Cq.
    """
    block = found.heading.get("Block Type", "")
    export = read_table(source, found, RECIPE, block=block, **printed(found.heading))
    if source.kind == TEXT or CURVE not in source.workbook.sheets:
        return _without_curve_sheet(export, found.sheet)
    curve = _curve_sheet(source, block)
    _refuse_differences(source.name, export, curve, sheet=found.sheet)
    return _with_quantities(export, curve)


def _in_text(source: Source) -> Found | Missing:
    """The table below lines such as ``# Instrument Type: …``."""
    text = source.text
    at = text.rfind("\n", 0, max(text.find(_SECOND, 0, _HEAD_CHARACTERS), 0)) + 1
    if not _HEADER.match(text, at):
        return Missing(f'header line that starts with "Well" and "{_SECOND}"')
    found = text_table(source, at, len(text), reason="")
    claimed = RECIPE.claim(found, "results of Design & Analysis as text")
    if isinstance(claimed, Missing):
        return claimed
    heading = lines_above(text[:at])
    if not words.exactly("applied_biosystems_heading") & heading.keys():
        return Missing('lines such as "# Instrument Type: …" above the header')
    return replace(claimed, heading=heading)


def _without_curve_sheet(export: Export, sheet: str) -> Export:
    standards = [words.role_of_task(task) == STANDARD for task in export.task]
    if not any(standards):
        return export
    missing = any(
        standard and math.isnan(value)
        for standard, value in zip(standards, export.quantity, strict=True)
    )
    place = f"no sheet {CURVE}" if sheet else f"{CURVE} is a file of its own and is not read"
    note = f"{place}: " + ("the standards have no quantity" if missing else "no printed curve")
    return replace(export, notes=[*export.notes, note])


def _curve_sheet(source: Source, block: str) -> Export:
    rows = source.workbook.rows(CURVE)
    _, at = sheet_heading(rows)
    header = tuple(rows[at]) if at >= 0 else ()
    problem = CURVE_RECIPE.header(header).problem
    if problem:
        refuse(
            source.name,
            "the table of the standard curve",
            f"no {problem}",
            column=f"sheet {CURVE}",
            remedy=_AGAIN,
        )
    return read_table(
        source, Found("", header, at + 1, rows[at + 1 :], sheet=CURVE), CURVE_RECIPE, block=block
    )


def _refuse_differences(file: str, export: Export, curve: Export, *, sheet: str) -> None:
    """The two sheets print the same Cq; if they do not, nobody can tell which is right."""
    problems = Problems()
    known = {key: index for index, key in enumerate(zip(export.well, export.target, strict=True))}
    for index, key in enumerate(zip(curve.well, curve.target, strict=True)):
        other = known.get(key)
        if other is None or _differ(export, other, curve, index):
            theirs = (
                f"{_said(export, other)} in its row {export.row[other]}"
                if other is not None
                else "which has no such well and target"
            )
            problems.add(
                Problem(
                    file,
                    f"the Cq and task of the sheet {sheet}, {theirs}",
                    _said(curve, index),
                    row=curve.row[index],
                    column=f"sheet {CURVE}, well {key[0]}, target {key[1]}",
                    remedy=_AGAIN,
                )
            )
    problems.raise_if_any()


def _differ(export: Export, one: int, curve: Export, other: int) -> bool:
    """Whether the sheets say another state, Cq or task of a well and target."""
    task = curve.task[other]
    return (
        export.cq_state[one] != curve.cq_state[other]
        or abs(export.cq[one] - curve.cq[other]) > _SAME
        or bool(task and words.role_of_task(task) != words.role_of_task(export.task[one]))
    )


def _said(export: Export, index: int) -> str:
    cq = "" if math.isnan(export.cq[index]) else f" {export.cq[index]!r}"
    return f"{export.cq_state[index]}{cq} {export.task[index]}".rstrip()


def _with_quantities(export: Export, curve: Export) -> Export:
    keys = zip(curve.well, curve.target, strict=True)
    stated = {
        key: value for key, value in zip(keys, curve.quantity, strict=True) if not math.isnan(value)
    }
    quantity = [
        stated.get(key, value) if words.role_of_task(task) == STANDARD else math.nan
        for key, value, task in zip(
            zip(export.well, export.target, strict=True), export.quantity, export.task, strict=True
        )
    ]
    read_note = f"sheet {CURVE} not read"
    notes = [note for note in export.notes if note != read_note]
    notes += [f"sheet {CURVE}: {note}" for note in curve.notes]
    return replace(
        export,
        quantity=quantity,
        printed_curves=curve.printed_curves,
        notes=notes,
        warnings=[*export.warnings, *curve.warnings],
    )
