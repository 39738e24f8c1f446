"""Cox models: trial, age group, MRD, all of them together, and transplantation over time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mrdq.cohort import cox, frames, tables
from mrdq.cohort.population import MRD_GROUP
from mrdq.cohort.proportional_hazards import proportional_hazards
from mrdq.cohort.samples import Sample, Settings, event_of, strata, time_of
from mrdq.cohort.tables import ALL, NO_CENSORING

EFRON, FIRTH = "efron", "firth"
FIRTH_EVENTS = 1000
"""With more events the penalty moves nothing, and its profile limits take seconds."""
TRANSPLANTATION = "transplantation"
YEARS = 10.0


@dataclass(frozen=True, slots=True)
class Covariate:
    """One column of a model: 0/1 for a level against its reference, or a number."""

    name: str
    level: str
    reference: str
    values: NDArray[np.float64]


def hazard_ratios(samples: Sequence[Sample], settings: Settings) -> pd.DataFrame:
    """COX of every sample whose follow-up is not censored at transplantation.

    Firth's estimates stand beside Efron's where there are at most ``FIRTH_EVENTS`` events.
    """
    rows: list[dict[str, Any]] = []
    for sample in samples:
        if sample.censoring != NO_CENSORING:
            continue
        for trial, data in sample.by_trial():
            key = {**sample.key, "trial": trial}
            for name, covariates in _models(sample, data, settings).items():
                rows += _fitted({**key, "model": name}, data, covariates)
            if sample.group == ALL and data["transplant_day"].notna().any():
                rows += _over_time({**key, "model": TRANSPLANTATION}, data)
    return frames.frame(rows, tables.COX)


def _models(
    sample: Sample, data: pd.DataFrame, settings: Settings
) -> Mapping[str, list[Covariate]]:
    """The models of one sample by name; a covariate with one level makes none."""
    trial = _levels("trial", data["trial"], strata("", data["trial"].unique()))
    if sample.group == ALL:
        return {"trial": trial} if trial else {}
    own = _levels(sample.group, data["stratum"], strata(sample.group, data["stratum"].unique()))
    if not own:
        return {}
    models = {sample.group: own}
    if sample.group == f"{MRD_GROUP}{settings.landmark_timepoint}" and data["age"].notna().all():
        age = Covariate("age", "", f"per {YEARS:g} years", data["age"].to_numpy() / YEARS)
        together = [*trial, age, *own]
        models[" + ".join(dict.fromkeys(c.name for c in together))] = together
    return models


def _levels(name: str, values: pd.Series[str], levels: Sequence[str]) -> list[Covariate]:
    first, *others = levels or [""]
    return [
        Covariate(name, level, first, values.eq(level).to_numpy().astype(np.float64))
        for level in others
    ]


def _fitted(
    key: Mapping[str, object], data: pd.DataFrame, covariates: list[Covariate]
) -> Iterator[dict[str, Any]]:
    yield from _rows(key, time_of(data), event_of(data), covariates, entry=None)


def _over_time(key: Mapping[str, object], data: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """Transplantation counts from its day on: before it a patient is not transplanted."""
    change = data["transplant_day"].to_numpy(dtype=np.float64)
    start, stop, event, after, _ = cox.split_at(time_of(data), event_of(data), change)
    values = np.asarray(after, dtype=np.float64)
    covariate = Covariate(TRANSPLANTATION, "after", "before, or never", values)
    yield from _rows({**key, "n_patients": len(data)}, stop, event, [covariate], entry=start)


def _rows(
    key: Mapping[str, object],
    time: NDArray[np.int64],
    event: NDArray[np.int64],
    covariates: list[Covariate],
    *,
    entry: NDArray[np.int64] | None,
) -> Iterator[dict[str, Any]]:
    columns = [f"{c.name} {c.level}".strip() for c in covariates]
    frame = pd.DataFrame({n: c.values for n, c in zip(columns, covariates, strict=True)})
    checked = proportional_hazards(time, event, frame, entry=entry).set_index("covariate")
    for method in (EFRON, FIRTH) if event.sum() <= FIRTH_EVENTS else (EFRON,):
        found = cox.fit(time, event, frame, entry=entry, method=method)
        table = found.table.set_index("covariate")
        for column, c in zip(columns, covariates, strict=True):
            row = table.loc[column]
            yield {**key, "covariate": c.name, "level": c.level, "reference": c.reference, "method": method,
                   "n": key.get("n_patients", found.n), "n_events": found.n_events,
                   "hazard_ratio": row["hazard_ratio"], "low": row["low"], "high": row["high"], "p": row["p"],
                   "ph_statistic": checked.loc[column, "statistic"], "ph_p": checked.loc[column, "p"],
                   "note": found.note}  # fmt: skip
