"""Log-rank and Gray's tests: between the trials, and between the strata of each group."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd

from mrdq.cohort import frames, gray, logrank, tables
from mrdq.cohort.population import AGE_GROUP
from mrdq.cohort.samples import Sample, event_of, strata, time_of
from mrdq.cohort.tables import ALL, CAUSES, NO_CENSORING

TRIAL = "trial"


def comparisons(samples: Sequence[Sample]) -> pd.DataFrame:
    """TESTS of every sample: survival by log-rank, incidence by Gray's test (samples of LFS).

    Between trials: among all, stratified by age group, and within each stratum.  Between strata:
    within each trial, and over all trials stratified by trial.
    """
    rows = [row for sample in samples for row in _survival(sample)]
    rows += [row for sample in samples if _has_causes(sample) for row in _incidence(sample)]
    return frames.frame(rows, tables.TESTS)


def _survival(sample: Sample) -> Iterator[dict[str, Any]]:
    for key, data, by, strata_by in _questions(sample):
        group = data[by].to_numpy(dtype=object)
        within = data[strata_by].to_numpy(dtype=object) if strata_by else None
        found = logrank.logrank(time_of(data), event_of(data), group, strata=within)
        name = "logrank_stratified" if strata_by else "logrank"
        yield {**sample.key, **key, "test": name, "strata": strata_by, **_result(found)}


def _has_causes(sample: Sample) -> bool:
    return sample.endpoint == "LFS" and sample.censoring == NO_CENSORING


def _incidence(sample: Sample) -> Iterator[dict[str, Any]]:
    for key, data, by, strata_by in _questions(sample):
        group, cause = data[by].to_numpy(dtype=object), data["cause"].to_numpy(dtype=object)
        within = data[strata_by].to_numpy(dtype=object) if strata_by else None
        for of in CAUSES:
            found = gray.gray(time_of(data), cause, group, of=of, strata=within)
            yield {**sample.key, "endpoint": of, **key, "test": "gray", "strata": strata_by, **_result(found)}  # fmt: skip


def _questions(sample: Sample) -> Iterator[tuple[dict[str, Any], pd.DataFrame, str, str]]:
    """What is compared: key of the row, patients, the column compared, the column of strata."""
    data = sample.data
    several = len(data["trial"].unique()) > 1
    for stratum in strata(sample.group, data["stratum"].unique()) if several else ():
        key = {"comparison": TRIAL, "trial": ALL, "group": sample.group, "stratum": stratum}
        yield key, data[data["stratum"] == stratum], TRIAL, ""
    if sample.group == AGE_GROUP and several:
        key = {"comparison": TRIAL, "trial": ALL, "group": ALL, "stratum": ALL}
        yield key, data, TRIAL, AGE_GROUP
    if sample.group != ALL:
        for trial, of in sample.by_trial():
            key = {"comparison": sample.group, "trial": trial, "group": ALL, "stratum": ALL}
            yield key, of, "stratum", TRIAL if trial == ALL else ""


def _result(test: Any) -> dict[str, Any]:
    return {"n": test.n, "n_events": test.n_events, "statistic": test.statistic,
            "df": np.nan if test.df is None else test.df, "p": test.p, "note": test.note}  # fmt: skip
