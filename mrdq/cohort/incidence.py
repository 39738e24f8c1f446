"""Cumulative incidence of relapse, and of death without relapse: at fixed times, and step by step."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mrdq.cohort import competing, frames, tables
from mrdq.cohort.estimates import before_landmark
from mrdq.cohort.samples import Sample, Settings, strata, time_of
from mrdq.cohort.tables import CAUSES, NO_CENSORING

_PERCENT = ("estimate", "low", "high", "last_estimate")
_COUNTS = ("day", "at_risk", "n_events", "n_censored")
_Group = tuple[dict[str, Any], NDArray[np.int64], NDArray[np.object_]]


def incidence(samples: Sequence[Sample], settings: Settings) -> pd.DataFrame:
    """COMPETING of every sample of LFS: each trial and stratum, each cause."""
    parts = []
    for key, time, cause in _groups(samples):
        for name in CAUSES:
            found = competing.cumulative_incidence(time, cause, settings.days, of=name)
            found[list(_PERCENT)] *= 100
            found = found.assign(**key, cause=name, months=settings.months)
            parts.append(before_landmark(found, settings))
    return frames.joined(parts, tables.COMPETING)


def incidence_curves(samples: Sequence[Sample]) -> pd.DataFrame:
    """COMPETING_CURVES of the same groups."""
    parts = []
    for key, time, cause in _groups(samples):
        for name in CAUSES:
            found = competing.curve(time, cause, of=name)
            counts = {column: getattr(found, column) for column in _COUNTS}
            shares = {column: 100 * getattr(found, column) for column in _PERCENT[:3]}
            parts.append(pd.DataFrame({**counts, **shares}).assign(**key, cause=name))
    return frames.joined(parts, tables.COMPETING_CURVES)


def _groups(samples: Sequence[Sample]) -> Iterator[_Group]:
    """Key, days and causes of each trial and stratum of the samples of LFS."""
    for sample in samples:
        if (sample.endpoint, sample.censoring) != ("LFS", NO_CENSORING):
            continue
        for trial, data in sample.by_trial():
            for stratum in strata(sample.group, data["stratum"].unique()):
                of = data[data["stratum"] == stratum]
                key: dict[str, Any] = {"analysis": sample.analysis, "trial": trial}
                yield key | {"group": sample.group, "stratum": stratum}, time_of(of), of["cause"].to_numpy(dtype=object)  # fmt: skip
