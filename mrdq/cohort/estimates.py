"""Kaplan-Meier estimates, curves and follow-up of every sample."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd

from mrdq.cohort import frames, kaplan_meier, tables
from mrdq.cohort.kaplan_meier import KaplanMeier
from mrdq.cohort.samples import Sample, Settings, event_of, strata, time_of
from mrdq.cohort.tables import ALL, FROM_START, LANDMARK, NO_CENSORING

_PERCENT = ("estimate", "low", "high", "bound", "last_estimate", "last_low", "last_high")
Fitted = tuple[dict[str, Any], KaplanMeier]


def estimates(samples: Sequence[Sample], settings: Settings) -> tuple[pd.DataFrame, pd.DataFrame]:
    """ESTIMATES at the months asked for, and CURVES."""
    fitted = [one for sample in samples for one in _fits(sample)]
    at = [_at(key, curve, settings) for key, curve in fitted]
    steps = [_steps(key, curve) for key, curve in fitted]
    return frames.joined(at, tables.ESTIMATES), frames.joined(steps, tables.CURVES)


def _fits(sample: Sample) -> Iterator[Fitted]:
    """Each trial and stratum; a stratum of nobody has no curve."""
    for trial, data in sample.by_trial():
        for stratum in strata(sample.group, data["stratum"].unique()):
            of = data[data["stratum"] == stratum]
            key = {**sample.key, "trial": trial, "group": sample.group, "stratum": stratum}
            yield key, kaplan_meier.curve(time_of(of), event_of(of))


def _at(key: dict[str, Any], curve: KaplanMeier, settings: Settings) -> pd.DataFrame:
    found = kaplan_meier.at(curve, settings.days)
    found[list(_PERCENT)] *= 100
    return before_landmark(found.assign(**key, months=settings.months), settings)


def before_landmark(found: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    """Nobody analysed from the landmark can have had an event before it: that is no estimate."""
    day = settings.landmark_day
    if day is None:
        return found
    before = (found["analysis"] == LANDMARK) & (found["day"] < day)
    numbers = [name for name in ("estimate", "low", "high", "bound") if name in found]
    found.loc[before, numbers] = np.nan
    found.loc[before, "note"] = f"before the landmark (day {day})"
    return found


def _steps(key: dict[str, Any], curve: KaplanMeier) -> pd.DataFrame:
    names = ("day", "at_risk", "n_events", "n_censored")
    counts = {name: getattr(curve, name) for name in names}
    shares = {name: 100 * getattr(curve, name) for name in ("estimate", "low", "high")}
    return pd.DataFrame({**counts, **shares}).assign(**key)


def follow_up(samples: Sequence[Sample]) -> pd.DataFrame:
    """FOLLOW_UP: time until last contact, those with the event being censored there."""
    rows: list[dict[str, Any]] = []
    for sample in samples:
        if (sample.analysis, sample.censoring, sample.group) != (FROM_START, NO_CENSORING, ALL):
            continue
        for trial, data in sample.by_trial():
            found = kaplan_meier.median_follow_up(time_of(data), event_of(data))
            median, low, high = (np.nan if np.isnan(v) else v for v in found)
            rows.append({"endpoint": sample.endpoint, "trial": trial, "n": len(data),
                         "median_days": median, "low": low, "high": high})  # fmt: skip
    return frames.frame(rows, tables.FOLLOW_UP)
