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
"""With more events the penalty moves little, and its profile limits take seconds."""
TRANSPLANTATION = "transplantation"
YEARS = 10.0
USUAL_REFERENCE = "16-35"
"""The age group that others are compared with, rather than a few children."""


@dataclass(frozen=True, slots=True)
class Covariate:
    """One column of a model: 0/1 for a level against its reference, or a number."""

    name: str
    level: str
    reference: str
    values: NDArray[np.float64]


def hazard_ratios(samples: Sequence[Sample], settings: Settings) -> pd.DataFrame:
    """COX of every sample whose follow-up is not censored at transplantation.

    Firth's estimates stand beside Efron's where there are at most ``FIRTH_EVENTS`` events, or
    Efron's lack one.  Over all trials, each trial has a baseline of its own where trial is no
    covariate.
    """
    rows: list[dict[str, Any]] = []
    for sample in samples:
        if sample.censoring != NO_CENSORING:
            continue
        for trial, data in sample.by_trial():
            key = {**sample.key, "trial": trial}
            for name, covariates in _models(sample, data).items():
                rows += _fitted({**key, "model": name}, data, covariates, pooled=trial == ALL)
            rows += _together(key, sample, data[data["age"].notna()], settings)
            if sample.group == ALL and data["transplant_day"].notna().any():
                rows += _over_time({**key, "model": TRANSPLANTATION}, data, pooled=trial == ALL)
    return frames.frame(rows, tables.COX)


def _models(sample: Sample, data: pd.DataFrame) -> Mapping[str, list[Covariate]]:
    """The model of one sample by name; a covariate with one level makes none."""
    if sample.group == ALL:
        trial = _levels("trial", data["trial"], strata("", data["trial"].unique()))
        return {"trial": trial} if trial else {}
    own = _levels(sample.group, data["stratum"], strata(sample.group, data["stratum"].unique()))
    if not own:
        return {}
    return {sample.group: own}


def _together(
    key: Mapping[str, Any], sample: Sample, data: pd.DataFrame, settings: Settings
) -> Iterator[dict[str, Any]]:
    """Trial, age and the MRD of the landmark in one model, of those whose age is known."""
    if sample.group != f"{MRD_GROUP}{settings.landmark_timepoint}":
        return
    own = _levels(sample.group, data["stratum"], strata(sample.group, data["stratum"].unique()))
    trial = _levels("trial", data["trial"], strata("", data["trial"].unique()))
    age = Covariate("age", "", f"per {YEARS:g} years", data["age"].to_numpy() / YEARS)
    covariates = [*trial, age, *own]
    if own:
        name = " + ".join(dict.fromkeys(c.name for c in covariates))
        yield from _fitted({**key, "model": name}, data, covariates, pooled=False)


def _levels(name: str, values: pd.Series[str], levels: Sequence[str]) -> list[Covariate]:
    first, *others = sorted(levels, key=lambda level: level != USUAL_REFERENCE) or [""]
    return [
        Covariate(name, level, first, values.eq(level).to_numpy().astype(np.float64))
        for level in others
    ]


@dataclass(frozen=True, slots=True)
class _FollowUp:
    """Rows of the counting process; ``entry`` None: from the start, ``strata`` None: one baseline."""

    patients: int
    time: NDArray[np.int64]
    event: NDArray[np.int64]
    entry: NDArray[np.int64] | None = None
    strata: NDArray[np.object_] | None = None


def _fitted(
    key: Mapping[str, Any], data: pd.DataFrame, covariates: list[Covariate], *, pooled: bool
) -> Iterator[dict[str, Any]]:
    apart = pooled and all(covariate.name != "trial" for covariate in covariates)
    strata = data["trial"].to_numpy(dtype=object) if apart else None
    followed = _FollowUp(len(data), time_of(data), event_of(data), strata=strata)
    yield from _rows(_named(key, apart), followed, covariates)


def _over_time(
    key: Mapping[str, Any], data: pd.DataFrame, *, pooled: bool
) -> Iterator[dict[str, Any]]:
    """Transplantation counts from its day on: before it a patient is not transplanted."""
    change = data["transplant_day"].to_numpy(dtype=np.float64)
    start, stop, event, after, patient = cox.split_at(time_of(data), event_of(data), change)
    values = np.asarray(after, dtype=np.float64)
    covariate = Covariate(TRANSPLANTATION, "after", "before, or never", values)
    strata = data["trial"].to_numpy(dtype=object)[patient] if pooled else None
    followed = _FollowUp(len(data), stop, event, entry=start, strata=strata)
    yield from _rows(_named(key, pooled), followed, [covariate])


def _named(key: Mapping[str, Any], apart: bool) -> dict[str, Any]:
    return {**key, "model": f"{key['model']} (stratified by trial)"} if apart else dict(key)


def _rows(
    key: Mapping[str, Any], of: _FollowUp, covariates: list[Covariate]
) -> Iterator[dict[str, Any]]:
    columns = [f"{c.name} {c.level}".strip() for c in covariates]
    frame = pd.DataFrame({n: c.values for n, c in zip(columns, covariates, strict=True)})
    checked = proportional_hazards(of.time, of.event, frame, entry=of.entry, strata=of.strata)
    checked = checked.set_index("covariate")
    for method, found in _fits(of, frame):
        table = found.table.set_index("covariate")
        for column, c in zip(columns, covariates, strict=True):
            row = table.loc[column]
            yield {**key, "covariate": c.name, "level": c.level, "reference": c.reference, "method": method,
                   "n": of.patients, "n_events": found.n_events,
                   "hazard_ratio": row["hazard_ratio"], "low": row["low"], "high": row["high"], "p": row["p"],
                   "ph_statistic": checked.loc[column, "statistic"], "ph_p": checked.loc[column, "p"],
                   "note": found.note}  # fmt: skip


def _fits(of: _FollowUp, frame: pd.DataFrame) -> Iterator[tuple[str, cox.Cox]]:
    first = cox.fit(of.time, of.event, frame, entry=of.entry, strata=of.strata, method=EFRON)
    yield EFRON, first
    if of.event.sum() <= FIRTH_EVENTS or first.note:
        yield FIRTH, cox.fit(of.time, of.event, frame, entry=of.entry, strata=of.strata, method=FIRTH)  # fmt: skip
