"""Reading a curve backwards: from the mean Cq of replicates to a dose, with its interval."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mrdq.curve import Curves
from mrdq.student import quantile
from mrdq.wells import Floats, Ints, Replicates


@dataclass(frozen=True, slots=True)
class Reading:
    """log10 of a dose read from a curve, with the two ends of its interval (NaN: none)."""

    log10: Floats
    low: Floats
    high: Floats


def read_back(curves: Curves, unit: Ints, wells: Replicates, confidence: float) -> Reading:
    """Inverse prediction of log10(dose) from the mean of k determined replicates.

    x = (m − intercept) / slope.  The interval is Fieller's, exact under the linear model with
    normal errors: all x with (m − ȳ − slope·(x − x̄))² ≤ t²·s²·(1/k + 1/n + (x − x̄)²/Sxx),
    where s² pools the residuals of the curve and of the replicates with n − 2 + k − 1 degrees
    of freedom and t is Student's quantile.  It widens with fewer wells (curve or sample) and
    with a worse curve, and is none where the slope is not distinguishable from zero.

    Sources: Fieller, J. R. Stat. Soc. B 16:175 (1954); Draper & Smith, Applied Regression
    Analysis, section on inverse regression.  It carries the scatter of the measurement, not the
    sampling of few molecules.

    Parameters
    ----------
    unit: int64, the curve of each entry of ``wells``.
    wells: the replicates [cycle].
    confidence: for example 0.95.
    """
    slope, sxx, n = curves.slope[unit], curves.sxx[unit], curves.n_wells[unit]
    k = wells.n_determined
    with np.errstate(all="ignore"):
        x = (wells.mean - curves.intercept[unit]) / slope
        freedom = n - 2 + k - 1
        variance = (curves.sse[unit] + wells.squares) / freedom
        t_squared = _t_quantile(freedom, confidence) ** 2
        scale = t_squared * variance / slope**2
        g = scale / sxx
        from_mean = x - curves.x_mean[unit]
        half = np.sqrt(scale * ((1 - g) * (1 / k + 1 / n) + from_mean**2 / sxx))
        bounded = (g < 1) & (freedom > 0)
        low = np.where(bounded, curves.x_mean[unit] + (from_mean - half) / (1 - g), np.nan)
        high = np.where(bounded, curves.x_mean[unit] + (from_mean + half) / (1 - g), np.nan)
    return Reading(np.where(np.isfinite(x), x, np.nan), low, high)


def ratio(numerator: Reading, denominator: Reading) -> Reading:
    """log10 of a quotient of two independent readings, with the interval recovered from theirs.

    The method of variance estimates recovery keeps the asymmetry of both intervals: the distance
    of the lower end is the root of the squares of the distances (lower of the numerator, upper
    of the denominator), and the other way round above.
    Source: Zou & Donner, Stat. Med. 27:1693 (2008), doi:10.1002/sim.3095.
    """
    difference = numerator.log10 - denominator.log10
    below = np.hypot(numerator.log10 - numerator.low, denominator.high - denominator.log10)
    above = np.hypot(numerator.high - numerator.log10, denominator.log10 - denominator.low)
    return Reading(difference, difference - below, difference + above)


def _t_quantile(freedom: Floats, confidence: float) -> Floats:
    """Two-sided quantile of Student's t; only the distinct degrees of freedom are computed."""
    known = np.where(np.isfinite(freedom) & (freedom > 0), freedom, 0.0)
    distinct, place = np.unique(known, return_inverse=True)
    found = [quantile(n, confidence) if n else np.nan for n in distinct.tolist()]
    return np.array(found, dtype=float)[place]
