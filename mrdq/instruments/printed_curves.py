"""The curve that an instrument printed, held against the standards as they were read.

The instrument fits plain least squares of Cq on log10(quantity) over every standard well that is
not omitted.  Where the standards of the plate give another curve than the printed one, somebody
used other wells: the warning says which.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from mrdq.errors import WARNING, Problem
from mrdq.instruments.export import Curve, Export
from mrdq.instruments.words import role_of_task
from mrdq.vocabulary import DETERMINED, STANDARD

_SINGLE = 1e-5
"""Relative error of the software that computes with 32 bits."""

MOST_LEFT_OUT = 3
"""Wells that a search for unsaid omissions leaves out; with more, any curve can be found."""


@dataclass(frozen=True, slots=True)
class Points:
    """Standards of one target: well -> (log10 of the quantity, Cq [cycles])."""

    points: Mapping[str, tuple[float, float]]

    def fit(self) -> tuple[float, float, float] | None:
        """Slope, intercept and R² by least squares; None with fewer than two quantities."""
        n = len(self.points)
        if n < 2:
            return None
        xs, ys = zip(*self.points.values(), strict=True)
        mean_x, mean_y = math.fsum(xs) / n, math.fsum(ys) / n
        dx, dy = [x - mean_x for x in xs], [y - mean_y for y in ys]
        sxx, syy = math.fsum([x * x for x in dx]), math.fsum([y * y for y in dy])
        sxy = math.fsum([x * y for x, y in zip(dx, dy, strict=True)])
        if sxx <= 0 or syy <= 0:
            return None
        slope = sxy / sxx
        return slope, mean_y - slope * mean_x, sxy * sxy / (sxx * syy)

    def without(self, wells: Iterable[str]) -> Points:
        left = set(wells)
        return Points({well: point for well, point in self.points.items() if well not in left})


def of_export(export: Export) -> dict[str, Points]:
    """Target -> the wells that the export itself calls standards, with a quantity and a Cq."""
    found: dict[str, dict[str, tuple[float, float]]] = {}
    standards = {task for task in set(export.task) if role_of_task(task) == STANDARD}
    for i in [i for i, task in enumerate(export.task) if task in standards]:
        quantity = export.quantity[i]
        if export.cq_state[i] == DETERMINED and quantity > 0:
            point = (math.log10(quantity), export.cq[i])
            found.setdefault(export.target[i], {})[export.well[i]] = point
    return {target: Points(points) for target, points in found.items()}


def of_plate(export: Export, wells: Mapping[str, Sequence[Any]]) -> dict[str, Points]:
    """The standards of a plate by the target that the export names in their well.

    ``wells`` has the columns ``well target role dilution quantity_ng cq cq_state``.
    """
    named: dict[str, set[str]] = {}
    for well, target in zip(export.well, export.target, strict=True):
        named.setdefault(well, set()).add(target)
    found: dict[str, dict[str, tuple[float, float]]] = {}
    columns = ("well", "target", "role", "dilution", "quantity_ng", "cq", "cq_state")
    for well, target, role, dilution, amount, cq, state in zip(
        *(wells[column] for column in columns), strict=True
    ):
        dose = dilution if dilution and dilution == dilution else amount
        if role == STANDARD and state == DETERMINED and dose and dose > 0:
            there = named.get(well, set())
            name = next(iter(there)) if target not in there and len(there) == 1 else target
            found.setdefault(name, {})[well] = (math.log10(dose), cq)
    return {target: Points(points) for target, points in found.items()}


def curve_warnings(
    export: Export, file: str, ours: Mapping[str, Points] | None = None
) -> list[Problem]:
    """A warning for each target whose standards do not give the curve that was printed for it.

    ``ours`` are the standards of the plate by its layout; None where there is none, and they are
    those of the export.  Quantities of a layout may have another unit than the export's, so that the
    intercept counts only where both are the same.
    """
    if not export.printed_curves:
        return []
    theirs = of_export(export)
    ours = theirs if ours is None else ours
    found = []
    for target, curve in export.printed_curves.items():
        plate, printed = ours.get(target, Points({})), theirs.get(target, Points({}))
        same_unit = plate.points == printed.points
        if curve[0] is None or _gives(plate, curve, intercept=same_unit):
            continue
        found.append(_problem(file, target, curve, plate, printed))
    return found


def _gives(standards: Points, curve: Curve, *, intercept: bool = True) -> bool:
    """Whether least squares over the standards gives a printed curve, but for rounding."""
    fit = standards.fit()
    if fit is None:
        return False
    used = (True, intercept, True)
    # A slope printed as -3.400 is -3.4 here: the intercept beside it has no more digits than it had.
    digits = (
        max(_digits(curve[0]), _digits(curve[1])),
        _digits(curve[1]),
        max(_digits(curve[2]), 2),
    )
    away = [
        (i, printed, abs(value - printed))
        for i, (value, printed, wanted) in enumerate(zip(fit, curve, used, strict=True))
        if printed is not None and wanted
    ]
    # What the rounding of the Cq can move is worked out only where it is needed.
    far = [(i, at, by) for i, at, by in away if by > _unit(digits[i]) + _SINGLE * abs(at)]
    return all(by <= _tolerance(at, standards, i, digits[i]) for i, at, by in far)


def _digits(printed: float | None) -> int:
    """Digits behind the point, at most six."""
    text = "0" if printed is None else repr(printed)
    return min(len(text.partition(".")[2]), 6) if "e" not in text else 6


def _tolerance(printed: float, standards: Points, parameter: int, digits: int) -> float:
    """One unit of the last printed digit, and what the rounding of the Cq can move."""
    x = [x for x, _ in standards.points.values()]
    mean = math.fsum(x) / len(x)
    lever = math.fsum(abs(value - mean) for value in x) / math.fsum(
        (value - mean) ** 2 for value in x
    )
    half = 0.5 * 10.0 ** -max(2, *(_digits(cq) for _, cq in standards.points.values()))
    moved = (half * lever, half * (1 + lever * abs(mean)), 0.2 * half)[parameter]
    return _unit(digits) + max(moved, _SINGLE * abs(printed))


def _unit(digits: int) -> float:
    return float(1.01 * 10.0**-digits)


def _why(plate: Points, printed: Points, curve: Curve) -> tuple[str, str]:
    """How many wells the instrument used, and which of them make the difference, in words."""
    if not printed.points:
        return "", (
            "The export names no standards with a quantity and a Cq for this target: the curve may be of "
            "another run."
        )
    if not _gives(printed, curve):
        left = _left_out(printed, curve)
        if left:
            why = f"Without {', '.join(left)} the Cq give it: left out in the software, unsaid by the export?"
            return f", it seems of {len(printed.points) - len(left)} wells", why
        return "", "The Cq of the export do not give the printed curve: was the export edited?"
    more = [well for well in plate.points if well not in printed.points]
    fewer = [well for well in printed.points if well not in plate.points]
    other = _other_steps(plate, printed)
    parts = [
        f"Standards of the layout and not of the export: {', '.join(more)}." if more else "",
        f"Left out by the layout, or no standards there: {', '.join(fewer)}." if fewer else "",
        f"Another quantity in the export: {', '.join(other)}." if other else "",
    ]
    return f" of {len(printed.points)} wells", " ".join(part for part in parts if part)


def _other_steps(plate: Points, printed: Points) -> list[str]:
    """Wells whose quantity is not the export's times the factor that most wells have."""
    shift = {
        well: round(point[0] - printed.points[well][0], 3)
        for well, point in plate.points.items()
        if well in printed.points
    }
    usual = max(set(shift.values()), key=list(shift.values()).count, default=0.0)
    return [well for well, step in shift.items() if abs(step - usual) > 0.002]


def _left_out(standards: Points, curve: Curve) -> tuple[str, ...]:
    """The only few wells without which the standards give the curve; empty if there are none."""
    for size in range(1, MOST_LEFT_OUT + 1):
        if math.comb(len(standards.points), size) > 5000:
            break
        found = [
            wells
            for wells in combinations(standards.points, size)
            if _gives(standards.without(wells), curve)
        ]
        if found:
            return found[0] if len(found) == 1 else ()
    return ()


def _problem(file: str, target: str, curve: Curve, plate: Points, theirs: Points) -> Problem:
    used, why = _why(plate, theirs, curve)
    fit = plate.fit()
    ours = f"slope {fit[0]:.3f}" if fit else "no slope"
    return Problem(
        file,
        f"the curve that the instrument printed, slope {curve[0]:g}{used}",
        f"{ours} of {len(plate.points)} wells",
        column=f"target {target}",
        remedy=f"{why} Ours is used: compare the standards with the instrument's own screen.".strip(),
        level=WARNING,
    )
