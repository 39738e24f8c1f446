"""The reference engine, definitions 1 to 6: from the standards to curve, range and sensitivity.

See :mod:`mrdq.validation.reference`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import fmean

from mrdq.validation.reference_study import (
    Number,
    Row,
    Rules,
    at_least,
    at_most,
    determined_cqs,
    in_role,
    relatively_at_least,
    relatively_equal,
)

# ------------------------------------------------------------------------------ definition 1


def lowest_background(wells: list[Row]) -> float | None:
    """Definition 1, B: the lowest determined Cq of the background wells, if any has one."""
    cqs = determined_cqs(in_role(wells, "background"))
    return min(cqs) if cqs else None


def is_below_background(cq: float, background: float | None, distance: float, rules: Rules) -> bool:
    """Definition 1: without a background signal every distance to it counts as met."""
    if background is None:
        return True
    return at_most(cq, background - distance, rules)


# ------------------------------------------------------------------------------ definition 2


def standards(wells: list[Row], kind: str, rules: Rules) -> list[tuple[float, list[Row]]]:
    """Definition 2: the standards grouped by dilution, the most concentrated first.

    For a control gene the quantity [ng] takes the place of the dilution.
    """
    unit = "dilution" if kind == "mrd" else "quantity_ng"
    known = [well for well in in_role(wells, "standard") if well[unit] is not None]
    groups: list[tuple[float, list[Row]]] = []
    for well in sorted(known, key=lambda well: -well[unit]):
        if groups and relatively_equal(well[unit], groups[-1][0], rules):
            groups[-1][1].append(well)
        else:
            groups.append((well[unit], [well]))
    return groups


# ------------------------------------------------------------------------------ definition 3


def step_per_tenfold(
    dilution: float, mean: float, walk: list[tuple[float, float]], rules: Rules
) -> float | None:
    """Definition 3: (m(d) − m(d′)) / log10(d′/d), d′ the nearest of the walk ≥ 10-fold above d."""
    above = [
        (other, other_mean)
        for other, other_mean in walk
        if relatively_at_least(other, rules.step_fold * dilution, rules)
    ]
    if not above:
        return None  # not applicable
    nearest, nearest_mean = min(above)
    return (mean - nearest_mean) / math.log10(nearest / dilution)


def is_reproducible(
    dilution: float,
    wells: list[Row],
    walk: list[tuple[float, float]],
    background: float | None,
    rules: Rules,
) -> bool:
    """Definition 3: enough wells, all determined, close together, clear of the background,
    and a plausible step from the dilutions walked so far."""
    cqs = determined_cqs(wells)
    if len(wells) < rules.standard_wells or len(cqs) < len(wells):
        return False
    mean = fmean(cqs)
    if not at_most(max(cqs) - min(cqs), rules.standard_delta, rules):
        return False
    if not is_below_background(mean, background, rules.range_distance, rules):
        return False
    step = step_per_tenfold(dilution, mean, walk, rules)
    if step is None:
        return True
    return at_least(step, rules.step_minimum, rules) and at_most(step, rules.step_maximum, rules)


# ------------------------------------------------------------------------------ definition 4


def reproducible_walk(
    series: list[tuple[float, list[Row]]], background: float | None, rules: Rules
) -> list[tuple[float, list[Row]]]:
    """Definition 4: from the most concentrated downward, while each is reproducible.

    The quantitative range is the last dilution of this walk.
    """
    walked: list[tuple[float, list[Row]]] = []
    means: list[tuple[float, float]] = []
    for dilution, wells in series:
        if not is_reproducible(dilution, wells, means, background, rules):
            break
        walked.append((dilution, wells))
        means.append((dilution, fmean(determined_cqs(wells))))
    return walked


# ------------------------------------------------------------------------------ definition 5


@dataclass
class Curve:
    """All that is known of one run and target before any sample is looked at."""

    run_id: str
    target: str
    kind: str
    background: float | None
    highest_standard: Number
    n_dilutions: int
    n_wells: int
    quantitative_range: float | None
    slope: Number = None
    intercept: Number = None
    r_squared: Number = None
    residual_sd: float | None = None
    sensitivity: float | None = None
    highest_cq_at_sensitivity: float | None = None  # M

    @property
    def is_fitted(self) -> bool:
        return self.slope is not None


def least_squares(points: list[tuple[float, float]]) -> tuple[float, float, float, float | None]:
    """Slope, intercept, R² and residual SD (n − 2) of y on x."""
    n = len(points)
    mean_x = math.fsum(x for x, _ in points) / n
    mean_y = math.fsum(y for _, y in points) / n
    sxx = math.fsum((x - mean_x) ** 2 for x, _ in points)
    sxy = math.fsum((x - mean_x) * (y - mean_y) for x, y in points)
    syy = math.fsum((y - mean_y) ** 2 for _, y in points)
    slope = sxy / sxx
    intercept = mean_y - slope * mean_x
    rest = math.fsum((y - intercept - slope * x) ** 2 for x, y in points)
    r_squared = 1.0 - rest / syy if syy > 0 else 0.0
    return slope, intercept, r_squared, math.sqrt(rest / (n - 2)) if n > 2 else None


def efficiency(slope: Number) -> Number:
    """Definition 5: 10^(−1/slope) − 1."""
    if not slope:
        return None
    try:
        return 10.0 ** (-1.0 / slope) - 1.0
    except OverflowError:
        return None


def is_accepted(curve: Curve, rules: Rules) -> bool:
    """Definition 5: at least 3 dilutions, slope between −3.9 and −3.1, R² ≥ 0.98."""
    return (
        curve.is_fitted
        and curve.n_dilutions >= rules.curve_points
        and at_least(curve.slope, rules.slope_minimum, rules)
        and at_most(curve.slope, rules.slope_maximum, rules)
        and at_least(curve.r_squared, rules.r_squared, rules)
    )


def value_on_curve(cq: float, curve: Curve) -> Number:
    """10^((Cq − intercept)/slope): the dilution (or the ng) that gives this Cq."""
    if not curve.slope:
        return None
    return 10.0 ** ((cq - curve.intercept) / curve.slope)


def curve_of(run_id: str, target: str, kind: str, wells: list[Row], rules: Rules) -> Curve:
    """Definition 5: ordinary least squares over every well of the walk, from 2 dilutions on."""
    background = lowest_background(wells) if kind == "mrd" else None
    series = standards(wells, kind, rules)
    walk = reproducible_walk(series, background, rules)
    curve = Curve(
        run_id=run_id,
        target=target,
        kind=kind,
        background=background,
        highest_standard=series[0][0] if series else None,
        n_dilutions=len(walk),
        n_wells=sum(len(group) for _, group in walk),
        quantitative_range=walk[-1][0] if walk else None,
    )
    if len(walk) >= rules.fit_points:
        points = [(math.log10(d), cq) for d, group in walk for cq in determined_cqs(group)]
        curve.slope, curve.intercept, curve.r_squared, curve.residual_sd = least_squares(points)
        if kind == "mrd":
            curve.sensitivity, curve.highest_cq_at_sensitivity = sensitivity(series, curve, rules)
    return curve


# ------------------------------------------------------------------------------ definition 6


def sensitivity(
    series: list[tuple[float, list[Row]]], curve: Curve, rules: Rules
) -> tuple[float | None, float | None]:
    """Definition 6: the last dilution of the walk with a well clear of the background and no
    more than 20 cycles from the intercept; and M, the highest Cq of such wells there."""
    last: float | None = None
    highest: float | None = None
    latest_cq = curve.intercept + rules.sensitivity_from_intercept
    for dilution, wells in series:
        met = [
            cq
            for cq in determined_cqs(wells)
            if is_below_background(cq, curve.background, rules.sensitivity_distance, rules)
            and at_most(cq, latest_cq, rules)
        ]
        if not met:
            break
        last, highest = dilution, max(met)
    return last, highest
