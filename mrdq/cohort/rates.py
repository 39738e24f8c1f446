"""MRD rates by trial and timepoint, and their comparison."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from mrdq import vocabulary as words
from mrdq.cohort import frames, proportions, tables
from mrdq.cohort.samples import Settings
from mrdq.cohort.tables import ALL, DENOMINATORS, EVALUABLE
from mrdq.guideline import TOLERANCE

CONCLUSIVE = words.MRD_CLASSES[:3]
"""Classes of an evaluable result."""


def counts(patients: pd.DataFrame, timepoint: str, *, sensitive: float) -> pd.DataFrame:
    """Patients by trial (rows, the last one ``all`` if there are several) and MRD class.

    A trial without any result of the timepoint does not have it, and has no row; in the others,
    who has no sample counts as not done.  ``insensitive``: negatives without a sensitivity of at
    most ``sensitive``.
    """
    classes = patients[f"mrd_class_{timepoint}"].replace("", words.NOT_DONE)
    negative = (classes == words.NEGATIVE) & ~(
        patients[f"mrd_high_{timepoint}"] <= sensitive * (1 + TOLERANCE)
    )
    found = pd.crosstab(patients["trial"], classes)
    found = found.reindex(columns=words.MRD_CLASSES, fill_value=0)
    found["enrolled"] = patients["trial"].value_counts().reindex(found.index)
    found["insensitive"] = negative.groupby(patients["trial"]).sum().reindex(found.index)
    found = found[found["enrolled"] > found[words.NOT_DONE]]
    if len(found) > 1:
        found.loc[ALL] = found.sum()
    return found


def mrd_rates(patients: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    """MRD_RATES: not evaluable is counted apart, never as negative; both denominators."""
    sensitive = settings.complete_sensitivity
    rows = [
        row
        for t in settings.timepoints
        for row in _rates(counts(patients, t, sensitive=sensitive), t)
    ]
    return frames.frame(rows, tables.MRD_RATES)


def _rates(found: pd.DataFrame, timepoint: str) -> Iterator[dict[str, Any]]:
    for trial, row in found.iterrows():
        for result in _seen(found):
            for denominator in DENOMINATORS:
                if denominator == EVALUABLE and result not in CONCLUSIVE:
                    continue
                n, total = int(row[result]), _total(row, denominator)
                rate = proportions.rate(n, total)
                few = row["insensitive"] if result == words.NEGATIVE else np.nan
                yield {"timepoint": timepoint, "trial": str(trial), "result": result, "denominator": denominator,
                       "n_insensitive": few,
                       "n": n, "total": total, "percent": 100 * rate.estimate,
                       "wilson_low": 100 * rate.wilson_low, "wilson_high": 100 * rate.wilson_high,
                       "exact_low": 100 * rate.exact_low, "exact_high": 100 * rate.exact_high}  # fmt: skip


def _seen(found: pd.DataFrame) -> list[str]:
    """Positive and negative, and what else occurs."""
    return [
        name for name in words.MRD_CLASSES if name in words.MRD_CLASSES[:2] or found[name].any()
    ]


def _total(row: pd.Series[int], denominator: str) -> int:
    return int(row[list(CONCLUSIVE)].sum() if denominator == EVALUABLE else row["enrolled"])


def mrd_tests(patients: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    """MRD_TESTS: the share of each conclusive class compared between the trials."""
    parts = []
    for timepoint in settings.timepoints:
        found = counts(patients, timepoint, sensitive=settings.complete_sensitivity).drop(
            index=ALL, errors="ignore"
        )
        if len(found) < 2:
            continue
        for result in (name for name in _seen(found) if name in CONCLUSIVE):
            for denominator in DENOMINATORS:
                totals = np.array([_total(row, denominator) for _, row in found.iterrows()])
                having = found[result].to_numpy()[totals > 0]
                totals = totals[totals > 0]
                if len(totals) < 2:
                    continue
                tested = proportions.compare(np.array([having, totals - having]))
                key = {"timepoint": timepoint, "result": result, "denominator": denominator}
                parts.append(tested.assign(**key))
    return frames.joined(parts, tables.MRD_TESTS)
