"""Cumulative incidence of one cause where another can come first (Aalen-Johansen)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.special import ndtri

from mrdq.cohort.kaplan_meier import Floats, Ints, follow_up
from mrdq.cohort.labels import codes

CENSORED = ""
_ROUNDING = 1e-12


@dataclass(frozen=True, slots=True)
class CumulativeIncidence:
    """The curve of one cause at each distinct day of the follow-up of ``n`` patients.

    ``n_events``: of this cause on that day; ``n_others``: of all other causes; ``survival``: the
    share without any event after that day; ``estimate``, ``low``, ``high``: fractions, the
    interval NaN where the estimate is 0 or 1.
    """

    of: str
    day: Ints
    at_risk: Ints
    n_events: Ints
    n_others: Ints
    n_censored: Ints
    survival: Floats
    estimate: Floats
    se: Floats
    low: Floats
    high: Floats


def curve(
    time: ArrayLike, cause: ArrayLike, *, of: str, confidence: float = 0.95
) -> CumulativeIncidence:
    """The share of patients with an event of the cause OF by each day, others competing.

    F(t) = Σ S(s−) d₁/n over the days s until t, S being Kaplan-Meier of any event and events
    preceding losses of the same day; ties are exact.  The variance is the delta method's
    Σ [(F(t) − F(s))² d/(n(n − d)) + S(s−)² d₁(n − d₁)/n³ − 2 (F(t) − F(s)) S(s−) d₁/n²],
    which R's ``survfit`` prints and which is Greenwood's where there is one cause (cmprsk's
    differs a little); the interval is F^exp(±z·σ/(F log F)).
    Sources: Aalen & Johansen 1978 (Scand J Stat 5:141); Marubini & Valsecchi 1995, section 10.2.

    statsmodels' ``CumIncidenceRight`` has the same estimate and variance, but no variance (and a
    warning) once nobody is left; it is the oracle of the tests instead.

    Parameters
    ----------
    time: whole days, see :func:`mrdq.cohort.kaplan_meier.follow_up`.
    cause: text per patient, "" if censored; none missing.
    confidence: of the two-sided interval, in (0, 1).
    """
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must be in (0, 1), but was {confidence}")
    times, kind = causes(time, cause, of=of)
    day, place, ending = np.unique(times, return_inverse=True, return_counts=True)
    lost, ours, others = (np.bincount(place[kind == k], minlength=len(day)) for k in range(3))
    n = np.cumsum(ending[::-1])[::-1]
    survival: Floats = np.cumprod(1 - (ours + others) / n, dtype=np.float64)
    before = np.r_[1.0, survival[:-1]]
    estimate = np.cumsum(before * ours / n)
    estimate[estimate > 1 - _ROUNDING] = 1
    se = _standard_error(n, ours, ours + others, before, estimate)
    low, high = _log_log(estimate, se, float(ndtri((1 + confidence) / 2)))
    return CumulativeIncidence(of, day, n, ours, others, lost, survival, estimate, se, low, high)


def cumulative_incidence(
    time: ArrayLike,
    cause: ArrayLike,
    days: Sequence[int],
    *,
    of: str,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """The :func:`curve` at DAYS: ``day n n_events at_risk estimate low high note last_day last_estimate``.

    ``n_events``: of the cause OF until that day; ``at_risk``: followed to that day or longer.
    Fractions; NaN where not estimable: all three beyond the last follow-up (unless nobody is left
    without event, when nothing can change any more), the interval where nothing or everything
    has happened.  ``last_estimate`` is the estimate on the ``last_day`` of follow-up.
    """
    found = curve(time, cause, of=of, confidence=confidence)
    at = np.asarray(days, dtype=np.int64)
    place = np.searchsorted(found.day, at, side="right")
    later = np.searchsorted(found.day, at)
    beyond = (at > found.day[-1]) & (found.survival[-1] > 0)
    estimate = np.r_[0.0, found.estimate][place]
    return pd.DataFrame(
        {
            "day": at,
            "n": found.at_risk[0],
            "n_events": np.r_[0, np.cumsum(found.n_events)][place],
            "at_risk": np.r_[found.at_risk, 0][later],
            "estimate": np.where(beyond, np.nan, estimate),
            "low": np.where(beyond, np.nan, np.r_[np.nan, found.low][place]),
            "high": np.where(beyond, np.nan, np.r_[np.nan, found.high][place]),
            "note": [_note(found, *row) for row in zip(at, estimate, beyond, strict=True)],
            "last_day": found.day[-1],
            "last_estimate": found.estimate[-1],
        }
    )


def causes(time: ArrayLike, cause: ArrayLike, *, of: str) -> tuple[Ints, Ints]:
    """Whole days, and per patient 0 if censored, 1 for the cause OF, 2 for any other.

    ValueError: see :func:`mrdq.cohort.kaplan_meier.follow_up`; a cause that is missing or no text;
    OF the word for censoring.
    """
    if of == CENSORED:
        raise ValueError('the cause must be named, but was "", which is censoring')
    times, _ = follow_up(time, np.zeros(np.shape(time)))
    place, names = codes("cause", cause, len(times))
    if wrong := [name for name in names if not isinstance(name, str)]:
        raise ValueError(f"cause must be text, but one was {wrong[0]}")
    return times, np.array([0 if n == CENSORED else 1 if n == of else 2 for n in names])[place]


def _standard_error(n: Ints, ours: Ints, all_: Ints, before: Floats, estimate: Floats) -> Floats:
    """The formula of :func:`curve`, its squares multiplied out into running sums."""
    spared = n - all_
    # With nobody spared the estimate does not change any more: the term of that day is nothing.
    hazard = np.where(spared > 0, all_ / (n * np.maximum(spared, 1)), 0)
    own = before * ours / n**2
    sums = np.cumsum(
        [hazard, hazard * estimate, hazard * estimate**2,
         before * own * (n - ours) / n, own, own * estimate], axis=1)  # fmt: skip
    variance = (
        estimate**2 * sums[0] - 2 * estimate * sums[1] + sums[2] + sums[3]
        - 2 * (estimate * sums[4] - sums[5])
    )  # fmt: skip
    return np.asarray(np.sqrt(np.maximum(variance, 0)))


def _log_log(estimate: Floats, se: Floats, z: float) -> tuple[Floats, Floats]:
    inside = (estimate > 0) & (estimate < 1)
    share = np.where(inside, estimate, np.nan)
    wide = z * se / (share * np.log(share))
    return share ** np.exp(-wide), share ** np.exp(wide)


def _note(found: CumulativeIncidence, day: int, estimate: float, beyond: np.bool_) -> str:
    if beyond:
        return f"beyond the last follow-up (day {found.day[-1]})"
    if estimate == 0:
        return f"no {found.of} until day {day}: no interval"
    return "all patients had the event: no interval" if estimate == 1 else ""
