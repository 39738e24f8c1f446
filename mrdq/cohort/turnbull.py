"""The distribution of MRD levels of which some are known only to lie below or above a bound."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import nnls

from mrdq.cohort.kaplan_meier import curve
from mrdq.guideline import TOLERANCE

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_GAP = 1e-10
"""The fit ends when no shift of mass could raise the mean log-likelihood by more."""
_ROUNDING = 1e-13
"""Of a mean log-likelihood: near the optimum a good step raises it by less."""
_SMALLEST = 1e-8
"""A smaller mass is one of 0 that the fit has come close to."""
_MOST_ROUNDS = 500
_MOST_BOUNDS = 3000
"""Different bounds for which the general fit is held in memory."""


@dataclass(frozen=True, slots=True)
class Levels:
    """The likeliest distribution: a ``share`` of samples in each interval [low, high), or at the
    level low = high; where inside an interval is not known.  ``n``: samples that say something.
    """

    low: Floats
    high: Floats
    share: Floats
    n: int


@dataclass(frozen=True, slots=True)
class Share:
    """The share of ``n`` samples whose level is at or above a cut-off: fractions.

    ``lowest`` and ``highest`` are what the likeliest distribution allows; ``estimate`` is their
    common value, NaN if they differ because an interval of it lies across the cut-off.
    """

    n: int
    estimate: float
    lowest: float
    highest: float


def levels(low: ArrayLike, high: ArrayLike) -> Levels:
    """The nonparametric maximum likelihood estimate of the distribution of levels.

    The mass lies in the intervals from a lower to the next upper bound with no bound between
    (Turnbull 1976, doi:10.1111/j.2517-6161.1976.tb01597.x), and its division among them is
    unique: each ends where an observation ends that reaches into no later one.  With no lower
    bound but that of exact levels, as in the hand-off, it is the Kaplan-Meier curve of the
    levels read from above; else Newton steps on the simplex (Wang 2007,
    doi:10.1111/j.1467-9868.2007.00583.x), which end where Turnbull's EM does, sooner and at
    masses of 0 as well.

    Parameters
    ----------
    low, high: bounds of each sample's level (a fraction): at least low and below high, so that
        a level at the quantitative range is not one below it; low = high is an exact level.
        low 0 or NaN: anything down to 0; high NaN: unbounded; both: the sample says nothing.
        Bounds that differ by less than 1e-9 of themselves are one bound.

    Raises ValueError for lengths that differ, no samples, text, a negative or infinite bound,
    high 0 (a negative result is never a level of 0), low above high, and more than 3,000
    different bounds in the general fit.
    """
    lows, highs = _bounds(low, high)
    known = np.isfinite(highs) | (lows > 0)
    lows, highs = lows[known], highs[known]
    values = _distinct(lows, highs)
    if len(lows) == 0:
        return Levels(np.array([0.0]), np.array([np.inf]), np.array([1.0]), 0)
    first, last = _place(values, lows), _place(values, highs)
    exact = first == last
    if exact[lows > 0].all():
        return _from_above(values, first, last)
    if len(values) > _MOST_BOUNDS:
        raise ValueError(
            f"high and low must have at most {_MOST_BOUNDS} different values, but had {len(values)}"
        )
    return _general(values, first, last)


def share_at_or_above(low: ArrayLike, high: ArrayLike, cut: float) -> Share:
    """The share of samples with a level ≥ ``cut`` (a fraction > 0); see :func:`levels`."""
    if not 0 < cut < np.inf:
        raise ValueError(f"cut must be a level above 0, but was {cut}")
    found = levels(low, high)
    from_cut = cut * (1 - TOLERANCE)
    above = found.low >= from_cut
    # An interval [low, high) reaches the cut-off only if it goes beyond it.
    reaches = above | (found.high > cut * (1 + TOLERANCE))
    lowest, highest = float(found.share[above].sum()), float(found.share[reaches].sum())
    across = highest - lowest > _SMALLEST
    return Share(found.n, np.nan if across else lowest, lowest, highest)


def _bounds(low: ArrayLike, high: ArrayLike) -> tuple[Floats, Floats]:
    lows, highs = (np.asarray(values, dtype=np.float64) for values in (low, high))
    if lows.shape != highs.shape or lows.ndim != 1:
        raise ValueError(
            f"low and high must be of one length, but had shapes {lows.shape} and {highs.shape}"
        )
    if len(lows) == 0:
        raise ValueError("low must hold at least one sample, but was empty")
    for name, values in (("low", lows), ("high", highs)):
        _refuse(f"{name} must be a level or missing", values, (values < 0) | np.isinf(values))
    _refuse("high must be above 0", highs, highs == 0)
    lows, highs = np.where(np.isnan(lows), 0.0, lows), np.where(np.isnan(highs), np.inf, highs)
    _refuse("low must not be above high", lows, lows > highs)
    return lows, highs


def _refuse(expected: str, values: Floats, wrong: NDArray[np.bool_]) -> None:
    if wrong.any():
        first = int(np.argmax(wrong))
        raise ValueError(f"{expected}, but entry {first} was {values[first]}")


def _distinct(lows: Floats, highs: Floats) -> Floats:
    """The different bounds in rising order; those equal but for the last bits are one."""
    values = np.unique(np.concatenate([lows, highs]))
    new = np.ones(len(values), dtype=bool)
    new[1:] = values[1:] > values[:-1] * (1 + TOLERANCE)
    return values[new]


def _place(values: Floats, bounds: Floats) -> Ints:
    return np.searchsorted(values, bounds, side="right") - 1


def _from_above(values: Floats, first: Ints, last: Ints) -> Levels:
    """Exact levels are the events; those only known to be below a bound are lost at it."""
    found = curve(len(values) - last, first == last)
    at = values[len(values) - found.day]
    share = -np.diff(found.estimate, prepend=1.0)
    point = found.n_events > 0
    low, high, share = at[point], at[point], share[point]
    if found.estimate[-1] > 0:
        low, high = np.append(low, 0.0), np.append(high, at[-1])
        share = np.append(share, found.estimate[-1])
    return Levels(low[::-1], high[::-1], share[::-1], found.n)


def _general(values: Floats, first: Ints, last: Ints) -> Levels:
    exact = first == last
    # Along the axis: the end of [.., v), then what begins at v, then the end of the level v itself.
    begin, end = 3 * first + 1, 3 * last + 2 * exact
    axis = np.unique(np.concatenate([begin, end]))
    follows = np.flatnonzero((axis[:-1] % 3 == 1) & (axis[1:] % 3 != 1))
    left, right = axis[follows], axis[follows + 1]
    pairs, counts = np.unique(np.column_stack([begin, end]), axis=0, return_counts=True)
    holds = ((pairs[:, :1] <= left) & (right <= pairs[:, 1:])).astype(np.float64)
    share = _likeliest(holds, counts / counts.sum())
    return Levels(values[left // 3], values[right // 3], share, len(first))


def _likeliest(holds: Floats, weight: Floats) -> Floats:
    """The masses on the simplex with the highest Σ weight · log(holds @ mass).

    Each round solves the quadratic model as non-negative least squares, whose solution scaled to
    1 is that on the simplex, and goes there as far as the likelihood rises.  At the optimum no
    gradient exceeds 1 (Gentleman & Geyer 1994, doi:10.1093/biomet/81.3.618).
    """
    mass = np.full(holds.shape[1], 1 / holds.shape[1])
    for _ in range(_MOST_ROUNDS):
        scaled = holds / (holds @ mass)[:, None]
        if (weight @ scaled).max() - 1 < _GAP:
            return mass
        model = np.vstack([np.sqrt(weight)[:, None] * (scaled - 2), np.ones(holds.shape[1])])
        goal, _ = nnls(model, np.append(np.zeros(len(weight)), 1.0))
        mass = _towards(goal / goal.sum(), mass, holds, weight)
    raise ArithmeticError(f"the likeliest distribution was not found in {_MOST_ROUNDS} rounds")


def _towards(goal: Floats, mass: Floats, holds: Floats, weight: Floats) -> Floats:
    """The first of the points at 1, 1/2, 1/4 … of the way that is no less likely than the start."""
    with np.errstate(divide="ignore"):
        least = weight @ np.log(holds @ mass) - _ROUNDING
        way = 1.0
        while weight @ np.log(holds @ (mass + way * (goal - mass))) < least:
            way /= 2
    return mass + way * (goal - mass)
