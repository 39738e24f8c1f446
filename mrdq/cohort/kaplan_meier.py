"""Kaplan-Meier curves: the share of patients still without the event."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.stats import CensoredData, ecdf

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_HALF = 0.5
_TOLERANCE = float(np.sqrt(np.finfo(float).eps))
"""A share that differs from one half by less is one half, as R's survival has it."""


@dataclass(frozen=True, slots=True)
class KaplanMeier:
    """The curve at each distinct day of ``n`` patients' follow-up.

    ``day`` rises; ``at_risk`` are the patients followed to that day or longer, ``n_events`` and
    ``n_censored`` those whose follow-up ends on it.  ``estimate`` is the share without the event
    after that day, ``low`` and ``high`` its two-sided interval of ``confidence``: fractions, NaN
    where they cannot be estimated (the estimate is 1 or 0).
    """

    day: Ints
    at_risk: Ints
    n_events: Ints
    n_censored: Ints
    estimate: Floats
    low: Floats
    high: Floats
    confidence: float

    @property
    def n(self) -> int:
        """Patients."""
        return int(self.at_risk[0])

    @property
    def total_events(self) -> int:
        """Events over the whole follow-up."""
        return int(self.n_events.sum())

    @property
    def last_day(self) -> int:
        """The longest follow-up."""
        return int(self.day[-1])


def follow_up(time: ArrayLike, event: ArrayLike) -> tuple[Ints, Ints]:
    """Follow-up as int64 arrays: ``time`` in whole days from 0 on, ``event`` 0 or 1.

    Raises ValueError for no patients, lengths that differ, a time that is missing, negative or
    not whole (times that differ in the last bit would split ties) and any other event.
    """
    times, events = _whole_days("time", time), _numbers("event", event, "iufb")
    if len(times) != len(events):
        raise ValueError(
            f"time and event must be of one length, but were {len(times)} and {len(events)}"
        )
    if len(times) == 0:
        raise ValueError("time must hold at least one patient, but was empty")
    _all("event must be 0 or 1", events, (events == 0) | (events == 1))
    return times, events.astype(np.int64)


def _whole_days(name: str, values: ArrayLike) -> Ints:
    days = _numbers(name, values, "iuf")
    whole = np.isfinite(days) & (days >= 0) & (days == np.floor(days))
    _all(f"{name} must be whole days from 0 on", days, whole)
    return days.astype(np.int64)


def _numbers(name: str, values: ArrayLike, kinds: str) -> NDArray[Any]:
    array = np.asarray(values)
    if array.ndim != 1:
        raise ValueError(f"{name} must have one dimension, but had {array.ndim}")
    if len(array) and array.dtype.kind not in kinds:
        raise ValueError(f"{name} must be numbers, but was {array.dtype}: {array[0]}")
    return array


def _all(expected: str, values: NDArray[Any], right: NDArray[np.bool_]) -> None:
    if not right.all():
        first = int(np.argmin(right))
        raise ValueError(f"{expected}, but entry {first} was {values[first]}")


def curve(time: ArrayLike, event: ArrayLike, *, confidence: float = 0.95) -> KaplanMeier:
    """The product-limit estimate with its log-log interval.

    S(t) = Π (1 − d/n) over the days until t; an event precedes a loss of the same day.  The
    interval is S^exp(±z·σ/log S) with Greenwood's σ² = Σ d/(n(n − d)).
    Sources: Kaplan & Meier 1958, doi:10.1080/01621459.1958.10501452; Kalbfleisch & Prentice,
    The Statistical Analysis of Failure Time Data, section 1.4.

    Estimate and interval are ``scipy.stats.ecdf``'s, which keeps every distinct day; the curves
    of statsmodels keep days of events only and have no pointwise interval.

    Parameters
    ----------
    time, event: see :func:`follow_up`.
    confidence: of the two-sided interval, in (0, 1).
    """
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must be in (0, 1), but was {confidence}")
    times, events = follow_up(time, event)
    day, place, ending = np.unique(times, return_inverse=True, return_counts=True)
    n_events = np.bincount(place[events == 1], minlength=len(day))
    with warnings.catch_warnings():
        # scipy warns where the interval is not estimable; here that is NaN and a note.
        warnings.simplefilter("ignore", RuntimeWarning)
        share = ecdf(CensoredData(uncensored=times[events == 1], right=times[events == 0])).sf
        limits = share.confidence_interval(confidence, method="log-log")
    low, high = (limit.probabilities for limit in limits)  # type: ignore[attr-defined]  # scipy-stubs says float
    return KaplanMeier(
        day=day, at_risk=np.cumsum(ending[::-1])[::-1], n_events=n_events, n_censored=ending - n_events,
        estimate=share.probabilities, low=low, high=high, confidence=confidence,
    )  # fmt: skip


def at(curve: KaplanMeier, days: ArrayLike) -> pd.DataFrame:
    """The curve on the given days, with what cannot be known left NaN and said in ``note``.

    Beyond the last follow-up there is no estimate, unless the curve has come down to 0.  Where
    nothing has happened there is no interval: ``bound`` is the one-sided lower bound
    α^(1/at_risk), α = (1 − confidence)/2, that is 0.782 for 15 at risk (the binomial one of
    Clopper & Pearson 1934, doi:10.1093/biomet/26.4.404, for those still at risk).  Figures carried
    forward from the end of the follow-up are in ``last_*`` only, for comparison with
    publications that carried them.

    Returns
    -------
    ``day n n_events at_risk estimate low high bound note last_day last_estimate last_low
    last_high``: ``n_events`` until that day (included), ``at_risk`` followed to that day or
    longer, shares as fractions.
    """
    asked = _whole_days("days", days)
    step = np.searchsorted(curve.day, asked, side="right")
    at_risk = np.append(curve.at_risk, 0)[np.searchsorted(curve.day, asked)]
    estimate = np.append(1.0, curve.estimate)[step]
    beyond = (asked > curve.last_day) & (estimate > 0)
    untouched = (estimate == 1) & ~beyond
    alpha = (1 - curve.confidence) / 2
    return pd.DataFrame(
        {
            "day": asked, "n": curve.n, "n_events": np.append(0, np.cumsum(curve.n_events))[step], "at_risk": at_risk,
            "estimate": np.where(beyond, np.nan, estimate),
            "low": np.where(beyond, np.nan, np.append(np.nan, curve.low)[step]),
            "high": np.where(beyond, np.nan, np.append(np.nan, curve.high)[step]),
            "bound": np.where(untouched, alpha ** (1 / np.maximum(at_risk, 1)), np.nan),
            "note": np.select(
                [beyond, untouched, estimate == 0],
                [f"beyond the last follow-up (day {curve.last_day})",
                 f"no event until then: a one-sided {100 * (1 - alpha):g} % lower bound, no interval",
                 "nobody is without the event: no interval"],
                "",
            ).astype(object),
            "last_day": curve.last_day, "last_estimate": curve.estimate[-1],
            "last_low": curve.low[-1], "last_high": curve.high[-1],
        }
    )  # fmt: skip


def median(curve: KaplanMeier) -> tuple[float, float, float]:
    """The day on which half have had the event, and its interval [day]; NaN: not reached.

    The limits are the days on which those of the curve reach one half.  Where a curve lies at
    one half exactly, the middle of its days there; if it ends there, the first of them, as R's
    ``print.survfit`` has it.
    Source: Brookmeyer & Crowley 1982, doi:10.2307/2530286.
    """
    return (
        _half(curve.day, curve.estimate),
        _half(curve.day, curve.low),
        _half(curve.day, curve.high),
    )


def _half(day: Ints, share: Floats) -> float:
    reached = share < _HALF + _TOLERANCE
    day, share = day[reached], share[reached]
    if len(day) == 0:
        return np.nan
    below = day[share < share[0]]
    level = abs(share[0] - _HALF) < _TOLERANCE and len(below) > 0
    return float(day[0] + below[0]) / 2 if level else float(day[0])


def median_follow_up(
    time: ArrayLike, event: ArrayLike, *, confidence: float = 0.95
) -> tuple[float, float, float]:
    """Median follow-up [day] and its interval: the curve with events and losses exchanged.

    Source: Schemper & Smith 1996, doi:10.1016/0197-2456(96)00075-X.
    """
    times, events = follow_up(time, event)
    return median(curve(times, 1 - events, confidence=confidence))
