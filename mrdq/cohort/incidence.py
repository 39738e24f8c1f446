"""Cumulative incidence of relapse, and of death without relapse, at fixed times."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pandas as pd

from mrdq.cohort import competing, frames, tables
from mrdq.cohort.samples import Sample, Settings, strata, time_of
from mrdq.cohort.tables import CAUSES, NO_CENSORING

_PERCENT = ("estimate", "low", "high", "last_estimate")


def incidence(samples: Sequence[Sample], settings: Settings) -> pd.DataFrame:
    """COMPETING of every sample of LFS: each trial and stratum, each cause."""
    parts = [
        part
        for sample in samples
        if (sample.endpoint, sample.censoring) == ("LFS", NO_CENSORING)
        for part in _of(sample, settings)
    ]
    return frames.joined(parts, tables.COMPETING)


def _of(sample: Sample, settings: Settings) -> Iterator[pd.DataFrame]:
    for trial, data in sample.by_trial():
        for stratum in strata(sample.group, data["stratum"].unique()):
            of = data[data["stratum"] == stratum]
            key = {"analysis": sample.analysis, "trial": trial, "group": sample.group, "stratum": stratum}  # fmt: skip
            cause = of["cause"].to_numpy(dtype=object)
            for name in CAUSES:
                found = competing.cumulative_incidence(time_of(of), cause, settings.days, of=name)
                found[list(_PERCENT)] *= 100
                yield found.assign(**key, cause=name, months=settings.months)
