"""A Cox model before it is fitted: data checked, covariates scaled, the hopeless set aside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from mrdq.cohort.kaplan_meier import Floats, Ints, follow_up
from mrdq.cohort.labels import codes
from mrdq.cohort.newton import Top, climb
from mrdq.cohort.risk_sets import RiskSets, risk_sets

_CONSTANT = 1e-12
_DEPENDENT = 1e-9
_INVOLVED = 1e-6
_COLLAPSED = 1e-9
_STILL_MOVING = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class HazardModel:
    """Risk sets over covariates scaled to standard deviation 1, and what has no estimate.

    ``names``: all covariates; ``fitted``: which of them ``sets`` holds (enough to span all);
    ``unique``: which of the fitted have one estimate only; ``scale``: of the fitted, the standard
    deviation; ``sets`` is None where nothing can be fitted; ``notes`` say why.
    """

    names: list[str]
    n: int
    n_events: int
    sets: RiskSets | None
    fitted: NDArray[np.bool_]
    unique: NDArray[np.bool_]
    scale: Floats
    notes: list[str]


@dataclass(frozen=True, slots=True)
class _Checked:
    time: Ints
    event: Ints
    entry: Ints | None
    strata: Ints
    values: Floats


def hazard_model(
    time: ArrayLike,
    event: ArrayLike,
    covariates: pd.DataFrame,
    *,
    entry: ArrayLike | None,
    strata: ArrayLike | None,
    efron: bool,
) -> HazardModel:
    """The model of TIME (whole days) and EVENT by COVARIATES; see :func:`mrdq.cohort.cox.fit`.

    ValueError: lengths that differ, broken days, entry after the end, covariates that are no
    numbers, infinite, without name or twice of one name, none at all.
    """
    data = _checked(time, event, covariates, entry, strata)
    names, n, n_events = [str(c) for c in covariates], len(data.time), int(data.event.sum())
    if reason := _why_nothing(data, names):
        none = np.zeros(len(names), dtype=bool)
        return HazardModel(names, n, n_events, None, none, none[:0], np.ones(0), [reason])
    scale = data.values.std(axis=0)
    x = (data.values - data.values.mean(axis=0)) / np.where(scale > 0, scale, 1)
    sets = risk_sets(data.time, data.event, x, entry=data.entry, strata=data.strata, efron=efron)
    fitted, unique, notes = _estimable(sets, names)
    return HazardModel(
        names, n, n_events, sets.of(fitted) if fitted.any() else None, fitted, unique[fitted],
        scale[fitted], [*_idle(data), *notes],
    )  # fmt: skip


def top_of_likelihood(sets: RiskSets) -> tuple[Top, NDArray[np.bool_], list[str]]:
    """The greatest partial likelihood, which coefficients are finite there, and why others are not.

    Where the likelihood rises without end, Newton's steps keep their length while the information
    dies away; the coefficients that still move have no estimate, the others have their limit.
    """
    start = np.zeros(sets.x.shape[1])
    _, _, first = sets.likelihood(start)
    lowest = _COLLAPSED * np.linalg.eigvalsh(first)[0]
    top = climb(sets.likelihood, start, hopeless=lambda i: bool(np.linalg.eigvalsh(i)[0] < lowest))
    if top.converged:
        return top, np.ones(len(start), dtype=bool), []
    if np.linalg.eigvalsh(top.information)[0] < lowest:
        return top, np.abs(top.step) < _STILL_MOVING, []
    return top, np.zeros(len(start), dtype=bool), ["the fit did not converge"]


def _checked(
    time: ArrayLike,
    event: ArrayLike,
    covariates: pd.DataFrame,
    entry: ArrayLike | None,
    strata: ArrayLike | None,
) -> _Checked:
    times, events = follow_up(time, event)
    n = len(times)
    stratum = np.zeros(n, dtype=np.int64) if strata is None else codes("strata", strata, n)[0]
    began = None if entry is None else _entry(entry, times)
    return _Checked(times, events, began, stratum, _numbers(covariates, n))


def _entry(entry: ArrayLike, time: Ints) -> Ints:
    began = np.asarray(entry, dtype=np.float64)
    if began.shape != time.shape:
        raise ValueError(
            f"entry must have one day for each of {len(time)} rows, but has shape {began.shape}"
        )
    wrong = ~np.isfinite(began) | (began != np.floor(began)) | (began < -1) | (began > time)
    if wrong.any():
        row = int(np.argmax(wrong))
        raise ValueError(
            f"entry must be whole days from -1 up to time, but was {began[row]:g} with time {time[row]}"
        )
    return began.astype(np.int64)


def _numbers(covariates: pd.DataFrame, n: int) -> Floats:
    if len(covariates) != n or not covariates.shape[1] or not covariates.columns.is_unique:
        raise ValueError(
            f"covariates must be {n} rows of columns of different names, but are "
            f"{len(covariates)} rows of {list(covariates)}"
        )
    for name, column in covariates.items():
        if not pd.api.types.is_numeric_dtype(column):
            raise ValueError(f"covariate {name} must be numbers, but is {column.dtype}")
    values = covariates.to_numpy(dtype=np.float64, na_value=np.nan)
    if np.isinf(values).any():
        raise ValueError(
            f"covariates must be finite, but {list(covariates.columns[np.isinf(values).any(axis=0)])} is not"
        )
    return values


def _why_nothing(data: _Checked, names: Sequence[str]) -> str:
    """Why nothing at all can be estimated, "" if something can."""
    if missing := int(np.isnan(data.values).any(axis=1).sum()):
        where = [names[int(k)] for k in np.flatnonzero(np.isnan(data.values).any(axis=0))]
        return f"{missing} of {len(data.time)} rows have no value of {', '.join(where)}: leave them out first"
    if not data.event.any():
        return "no event"
    if data.entry is not None and (lost := int(data.event[data.entry == data.time].sum())):
        return f"{lost} of {int(data.event.sum())} events fall on the day of entry, when the patient is not yet at risk"
    return ""


def _idle(data: _Checked) -> list[str]:
    rows = 0 if data.entry is None else int((data.entry == data.time).sum())
    return [f"{rows} rows end on their day of entry and add nothing"] if rows else []


def _estimable(
    sets: RiskSets, names: Sequence[str]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_], list[str]]:
    """Which covariates to fit, which have one estimate only, and sentences on the others."""
    _, _, information = sets.likelihood(np.zeros(len(names)))
    spread = np.diag(information)
    varies = spread > _CONSTANT * len(sets.died)
    notes = [
        f"{names[int(k)]} is the same in all who are at risk together"
        for k in np.flatnonzero(~varies)
    ]
    size = np.sqrt(np.where(varies, spread, 1))
    correlation = np.where(np.outer(varies, varies), information / np.outer(size, size), 0)
    fitted = _independent(correlation, varies)
    values, vectors = np.linalg.eigh(correlation[np.ix_(varies, varies)])
    involved = np.zeros(len(names), dtype=bool)
    involved[varies] = (np.abs(vectors[:, values < _DEPENDENT]) > _INVOLVED).any(axis=1)
    if involved.any():
        which = ", ".join(names[int(k)] for k in np.flatnonzero(involved))
        notes.append(f"{which} cannot be told apart: one is a combination of the others")
    return fitted, varies & ~involved, notes


def _independent(correlation: Floats, varies: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The first columns of those that vary to which no later one adds anything of its own."""
    kept: list[int] = []
    for k in np.flatnonzero(varies):
        tried = [*kept, int(k)]
        if np.linalg.eigvalsh(correlation[np.ix_(tried, tried)])[0] >= _DEPENDENT:
            kept = tried
    return np.isin(np.arange(len(varies)), kept)
