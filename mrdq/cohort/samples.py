"""The sets of patients that are analysed: every analysis, endpoint, censoring and grouping."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mrdq import vocabulary as words
from mrdq.cohort.population import (
    AGE_GROUP,
    MRD_GROUP,
    Selection,
    censored_at_transplant,
    select,
)
from mrdq.cohort.tables import ALL, AT_TRANSPLANT, ENDPOINTS, FROM_START, LANDMARK, NO_CENSORING
from mrdq.survival import AGE_GROUPS

DAYS_PER_MONTH = 30.4375


@dataclass(frozen=True, slots=True)
class Settings:
    """What is asked of a cohort.

    ``months``: of the estimates; ``cutoffs``: MRD levels, fractions; ``landmark_day``: None, no
    landmark analysis; ``landmark_timepoint``: the MRD that the landmark waits for;
    ``complete_sensitivity``: what a negative has to reach for a complete response.
    """

    timepoints: tuple[str, ...]
    months: tuple[int, ...] = (12, 24, 36)
    cutoffs: tuple[float, ...] = (1e-4, 1e-3)
    landmark_day: int | None = None
    landmark_timepoint: str = ""
    complete_sensitivity: float = 1e-4

    @property
    def days(self) -> list[int]:
        """The months in whole days: 24 months are day 730."""
        return [int(month * DAYS_PER_MONTH) for month in self.months]

    @property
    def groups(self) -> list[str]:
        return [ALL, AGE_GROUP, *(f"{MRD_GROUP}{t}" for t in self.timepoints)]

    @property
    def analyses(self) -> list[str]:
        return [FROM_START] if self.landmark_day is None else [FROM_START, LANDMARK]


@dataclass(frozen=True, slots=True)
class Sample:
    """Patients of one analysis: ``data`` has one row each, with ``trial age_group age cause
    transplant_day stratum time event``; ``time`` in whole days."""

    analysis: str
    endpoint: str
    censoring: str
    group: str
    data: pd.DataFrame

    @property
    def key(self) -> dict[str, Any]:
        return {"analysis": self.analysis, "endpoint": self.endpoint, "censoring": self.censoring}

    def by_trial(self) -> Iterator[tuple[str, pd.DataFrame]]:
        """Each trial, and all of them together if there are several."""
        trials = sorted(self.data["trial"].unique())
        for trial in trials:
            yield trial, self.data[self.data["trial"] == trial]
        if len(trials) > 1:
            yield ALL, self.data


def time_of(data: pd.DataFrame) -> NDArray[np.int64]:
    return data["time"].to_numpy(dtype=np.int64)


def event_of(data: pd.DataFrame) -> NDArray[np.int64]:
    return data["event"].to_numpy(dtype=np.int64)


def strata(group: str, found: Iterable[str]) -> list[str]:
    """The strata that occur, in the order in which they are shown; an unknown one is none."""
    order = [name for _, name in AGE_GROUPS] if group == AGE_GROUP else []
    order = [words.NEGATIVE, words.POSITIVE] if group.startswith(MRD_GROUP) else order
    known = set(found) - {""}
    return [name for name in order if name in known] + sorted(known - set(order))


def samples(patients: pd.DataFrame, settings: Settings) -> tuple[list[Sample], list[Selection]]:
    """Every sample, and who was left out of it.

    Censoring at transplantation is left out where nobody was transplanted.
    """
    found, selections = [], []
    censorings = [NO_CENSORING]
    if patients["transplant_day"].notna().any():
        censorings.append(AT_TRANSPLANT)
    for censoring in censorings:
        followed = censored_at_transplant(patients) if censoring == AT_TRANSPLANT else patients
        for analysis in settings.analyses:
            for endpoint in ENDPOINTS:
                for group in settings.groups:
                    key = analysis, endpoint, censoring, group
                    sample, selection = sample_of(followed, *key, settings)
                    found.append(sample)
                    selections.append(selection)
    return found, selections


def sample_of(
    patients: pd.DataFrame,
    analysis: str,
    endpoint: str,
    censoring: str,
    group: str,
    settings: Settings,
) -> tuple[Sample, Selection]:
    """One sample, and who was left out of it."""
    day = settings.landmark_day
    selection = select(
        patients, endpoint, analysis=analysis, censoring=censoring, group=group, landmark_day=day
    )
    data = _data(patients[selection.kept], endpoint, group)
    return Sample(analysis, endpoint, censoring, group, data), selection


def _data(kept: pd.DataFrame, endpoint: str, group: str) -> pd.DataFrame:
    column = group.replace(MRD_GROUP, "mrd_class_", 1) if group.startswith(MRD_GROUP) else group
    columns = ["trial", "age_group", "age", "cause", "transplant_day"]
    return kept[columns].assign(
        stratum=ALL if group == ALL else kept[column],
        time=kept[f"{endpoint.lower()}_days"].astype(np.int64),
        event=kept[f"{endpoint.lower()}_event"].astype(np.int64),
    )
