"""Standards to STANDARDS, CURVES and RANGES: contract definitions 1 to 6.

One pass over all runs: wells are sorted once by unit, falling dose and Cq; everything after is
sums, extremes and prefixes of groups.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mrdq.guideline import TOLERANCE, Guideline
from mrdq.wells import Bools, Floats, Groups, Ints, Replicates, Wells, groups, replicates


@dataclass(frozen=True, slots=True)
class Standards:
    """Dilutions of every unit, most concentrated first.

    Per dilution: ``unit``, ``dose`` (fraction, or ng for a control gene), ``wells``
    (replicates), ``step`` [cycle per log10] to the nearest dilution of the walk at least 10-fold
    above (NaN: none), ``reproducible``, ``in_walk`` and ``in_sensitivity``.
    """

    unit: Ints
    dose: Floats
    wells: Replicates
    step: Floats
    reproducible: Bools
    in_walk: Bools
    in_sensitivity: Bools


@dataclass(frozen=True, slots=True)
class Curves:
    """Per unit: the curve Cq = intercept + slope · log10(dose) and what it was fitted to.

    Counts are floats; NaN where there is nothing.  ``lowest_background`` [cycle],
    ``quantitative_range``, ``sensitivity`` and ``highest_dose`` in the unit of the dose,
    ``sensitivity_cq`` the M of definition 6, ``x_mean`` and ``sxx`` of log10(dose), ``sse`` the
    residual sum of squares.
    """

    n_ntc: Floats
    n_ntc_determined: Floats
    n_background: Floats
    lowest_background: Floats
    n_dilutions: Floats
    n_wells: Floats
    slope: Floats
    intercept: Floats
    r_squared: Floats
    residual_sd: Floats
    x_mean: Floats
    y_mean: Floats
    sxx: Floats
    sse: Floats
    quantitative_range: Floats
    highest_dose: Floats
    sensitivity: Floats
    sensitivity_cq: Floats
    accepted: Bools

    @property
    def efficiency(self) -> Floats:
        """Efficiency of amplification, 10^(−1/slope) − 1 (1.0 = doubling in each cycle)."""
        with np.errstate(all="ignore"):
            value = 10.0 ** (-1.0 / self.slope) - 1.0
        return np.where(np.isfinite(value), value, np.nan)


def fit_curves(wells: Wells, guideline: Guideline) -> tuple[Curves, Standards]:
    """Background, walk, curve and limits of every unit (definitions 1–6).

    The background of a control gene is not asked for (definition 7), nor has it a sensitivity.
    """
    n = wells.n_units
    lowest = np.full(n, np.inf)
    signal = wells.background & ~np.isnan(wells.cq)
    np.minimum.at(lowest, wells.unit[signal], wells.cq[signal])
    lowest = np.where(wells.is_control_gene | np.isinf(lowest), np.nan, lowest)

    row = np.flatnonzero(wells.standard)
    row = row[np.lexsort((wells.cq[row], -wells.dose[row], wells.unit[row]))]
    unit, dose, cq = wells.unit[row], wells.dose[row], wells.cq[row]
    dilution = groups(_differs(unit) | (dose < np.roll(dose, 1) * (1 - TOLERANCE)))
    first = dilution.start
    d_unit, d_dose = unit[first], dose[first]
    of_unit = groups(_differs(d_unit))
    wells_of = replicates(cq, np.ones(len(cq), dtype=bool), dilution)
    step = _steps(d_unit, d_dose, wells_of.mean, guideline)
    reproducible = _reproducible(wells_of, step, lowest[d_unit], guideline)
    in_walk = _prefix(reproducible, of_unit)

    x = np.log10(d_dose)
    fit = _least_squares(unit, x[dilution.of], cq, in_walk[dilution.of], _count(d_unit[in_walk], n))
    quantitative_range = _last(d_unit, d_dose, in_walk, n)
    highest = np.full(n, np.nan)
    highest[d_unit[of_unit.start]] = d_dose[of_unit.start]
    in_sensitivity, sensitivity_cq = _sensitivity(
        wells, guideline, unit, cq, dilution, of_unit, d_unit, lowest, fit["intercept"]
    )
    curves = Curves(
        n_ntc=_count(wells.unit[wells.ntc], n),
        n_ntc_determined=_count(wells.unit[wells.ntc & ~np.isnan(wells.cq)], n),
        n_background=_count(wells.unit[wells.background], n), lowest_background=lowest,
        quantitative_range=quantitative_range, highest_dose=highest,
        sensitivity=_last(d_unit, d_dose, in_sensitivity, n), sensitivity_cq=sensitivity_cq,
        accepted=(
            guideline["curve_points_minimum"].met_by(fit["n_dilutions"])
            & guideline["curve_slope_minimum"].met_by(fit["slope"])
            & guideline["curve_slope_maximum"].met_by(fit["slope"])
            & guideline["curve_r_squared_minimum"].met_by(fit["r_squared"])
        ),
        **fit,
    )  # fmt: skip
    return curves, Standards(d_unit, d_dose, wells_of, step, reproducible, in_walk, in_sensitivity)


def _differs(values: Ints) -> Bools:
    return np.asarray(values != np.roll(values, 1))


def _count(unit: Ints, n: int) -> Floats:
    return np.bincount(unit, minlength=n).astype(float)


def _steps(unit: Ints, dose: Floats, mean: Floats, guideline: Guideline) -> Floats:
    """Cq difference per log10 to the nearest dilution at least 10-fold above (definition 3).

    Within the walk every dilution above is itself of the walk, so the nearest of all is the
    nearest of the walk; beyond the walk the value decides nothing.
    """
    fold = guideline["standard_step_fold"].value * (1 - TOLERANCE)
    above = np.full(len(dose), -1, dtype=np.int64)
    open_rows = np.arange(len(dose))
    lag = 1
    while len(open_rows):
        candidate = open_rows - lag
        in_unit = (candidate >= 0) & (unit[np.maximum(candidate, 0)] == unit[open_rows])
        open_rows, candidate = open_rows[in_unit], candidate[in_unit]
        found = dose[candidate] >= dose[open_rows] * fold
        above[open_rows[found]] = candidate[found]
        open_rows = open_rows[~found]
        lag += 1
    with np.errstate(invalid="ignore", divide="ignore"):
        step = (mean - mean[above]) / (np.log10(dose[above]) - np.log10(dose))
    return np.where(above >= 0, step, np.nan)


def _reproducible(wells: Replicates, step: Floats, lowest: Floats, guideline: Guideline) -> Bools:
    """Definition 3; a distance to an absent background and an absent step count as met."""
    distance = guideline["standard_background_distance_minimum"]
    return np.asarray(
        guideline["standard_wells_minimum"].met_by(wells.n)
        & (wells.n_determined == wells.n)
        & guideline["standard_delta_cq_maximum"].met_by(wells.delta)
        & (np.isnan(lowest) | distance.met_by(lowest - wells.mean))
        & (
            np.isnan(step)
            | (
                guideline["standard_step_minimum"].met_by(step)
                & guideline["standard_step_maximum"].met_by(step)
            )
        )
    )


def _prefix(ok: Bools, of_unit: Groups) -> Bools:
    """Rows of each unit before its first that is not ok: the walk from the most concentrated."""
    place = np.arange(len(ok))
    first_bad = of_unit.min(np.where(ok, np.inf, place))
    return np.asarray(place < first_bad[of_unit.of]) if len(ok) else ok


def _last(unit: Ints, dose: Floats, member: Bools, n: int) -> Floats:
    """The lowest dose of each unit's walk; rows are in falling order, so the last one stays."""
    last = np.full(n, np.nan)
    last[unit[member]] = dose[member]
    return last


def _least_squares(
    unit: Ints, x: Floats, y: Floats, fitted: Bools, n_dilutions: Floats
) -> dict[str, Floats]:
    """Ordinary least squares of Cq on log10(dose) over the wells of the walk (definition 5).

    Shown from 2 dilutions on; sums are about the mean, twice through the data.
    """
    n = len(n_dilutions)
    unit, x, y = unit[fitted], x[fitted], y[fitted]
    count = _count(unit, n)
    with np.errstate(invalid="ignore", divide="ignore"):
        x_mean, y_mean = (np.bincount(unit, weights=v, minlength=n) / count for v in (x, y))
        dx, dy = x - x_mean[unit], y - y_mean[unit]
        sxx, sxy, syy = (
            np.bincount(unit, weights=v, minlength=n) for v in (dx * dx, dx * dy, dy * dy)
        )
        slope = np.where(n_dilutions >= 2, sxy / sxx, np.nan)
        residual = dy - slope[unit] * dx
        sse = np.bincount(unit, weights=residual * residual, minlength=n)
        shown = ~np.isnan(slope)
        return {
            "n_dilutions": n_dilutions,
            "n_wells": count,
            "slope": slope,
            "intercept": np.where(shown, y_mean - slope * x_mean, np.nan),
            "r_squared": np.where(shown & (syy > 0), sxy * sxy / (sxx * syy), np.nan),
            "residual_sd": np.where(shown & (count > 2), np.sqrt(sse / (count - 2)), np.nan),
            "x_mean": x_mean,
            "y_mean": y_mean,
            "sxx": sxx,
            "sse": sse,
        }


def _sensitivity(
    wells: Wells, guideline: Guideline, unit: Ints, cq: Floats, dilution: Groups, of_unit: Groups,
    d_unit: Ints, lowest: Floats, intercept: Floats,
) -> tuple[Bools, Floats]:  # fmt: skip
    """Dilutions of the walk of definition 6, and M, the highest Cq that met it at the last."""
    background = guideline["sensitivity_background_distance_minimum"]
    undiluted = guideline["sensitivity_intercept_distance_maximum"]
    with np.errstate(invalid="ignore"):
        met = (
            ~np.isnan(cq)
            & (np.isnan(lowest[unit]) | background.met_by(lowest[unit] - cq))
            & undiluted.met_by(cq - intercept[unit])
            & ~wells.is_control_gene[unit]
        )
    member = _prefix(dilution.any(met), of_unit)
    highest = dilution.max(np.where(met, cq, -np.inf))
    sensitivity_cq = np.full(wells.n_units, np.nan)
    sensitivity_cq[d_unit[member]] = highest[member]
    return member, sensitivity_cq
