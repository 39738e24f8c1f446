"""Design & Analysis 2: workbooks with the sheets Results and Standard Curve Result.

The sheet Results has no quantities: those of the standards, and the curves, stand in the sheet
Standard Curve Result, and are matched by well and target.
"""

from __future__ import annotations

import math
from dataclasses import replace

from mrdq.errors import Problem, Problems, refuse
from mrdq.instruments import words
from mrdq.instruments.applied_biosystems import RESULTS, printed, sheet_heading, sheet_table
from mrdq.instruments.export import Export
from mrdq.instruments.source import WORKBOOK, Found, Missing, Source
from mrdq.instruments.table import Recipe, read_table
from mrdq.vocabulary import STANDARD

RECIPE = Recipe("design_and_analysis", flags=True)
CURVE_RECIPE = Recipe("design_and_analysis_curve")
CURVE = "Standard Curve Result"

_AGAIN = "Analyse the run again and export the whole workbook."


def detect(source: Source) -> Found | Missing:
    """The sheet Results, or what is missing of it."""
    if source.kind != WORKBOOK:
        return Missing("workbook")
    return sheet_table(source, RECIPE, "Design & Analysis")


def read(source: Source, found: Found) -> Export:
    """The export, with the quantities of the standards and the printed curves.

    Raises :class:`MrdqError` as well where the two sheets disagree about a Cq.
    """
    block = found.heading.get("Block Type", "")
    export = read_table(source, found, RECIPE, block=block, **printed(found.heading))
    if CURVE not in source.workbook.sheets:
        missing = STANDARD in map(words.role_of_task, export.task)
        note = f"no sheet {CURVE}: the standards have no quantity"
        return replace(export, notes=[*export.notes, note]) if missing else export
    curve = _curve_sheet(source, block)
    _refuse_differences(source.name, export, curve)
    return _with_quantities(export, curve)


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


def _refuse_differences(file: str, export: Export, curve: Export) -> None:
    """The two sheets print the same Cq; if they do not, nobody can tell which is right."""
    problems = Problems()
    known = {key: index for index, key in enumerate(zip(export.well, export.target, strict=True))}
    for index, key in enumerate(zip(curve.well, curve.target, strict=True)):
        other = known.get(key)
        if other is not None and _differ(export.cq[other], curve.cq[index]):
            problems.add(
                Problem(
                    file,
                    f"the Cq of the sheet {RESULTS}, {export.cq[other]!r} in its row {export.row[other]}",
                    repr(curve.cq[index]),
                    row=curve.row[index],
                    column=f"sheet {CURVE}, well {key[0]}, target {key[1]}",
                    remedy=_AGAIN,
                )
            )
    problems.raise_if_any()


def _differ(one: float, other: float) -> bool:
    return not math.isclose(one, other, rel_tol=0, abs_tol=1e-6) and not (
        math.isnan(one) or math.isnan(other)
    )


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
