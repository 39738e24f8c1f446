"""Who is at risk at each event, and averages over them: all that Cox models are made of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mrdq.cohort.kaplan_meier import Floats, Ints


@dataclass(frozen=True, slots=True)
class Moments:
    """Per event: mean covariates of those at risk, the event's residual from them, mean products."""

    loglik: float
    mean: Floats
    residual: Floats
    second: Floats

    def information(self, weight: Floats) -> Floats:
        """Covariance of the covariates over the risk sets, summed over events with WEIGHT."""
        p = self.mean.shape[1]
        return (weight @ self.second).reshape(p, p) - (self.mean * weight[:, None]).T @ self.mean


@dataclass(frozen=True, slots=True)
class _Stratum:
    """Rows of one stratum, at risk after its event day ``first`` up to its event day ``last``.

    Per event, ordered by day: ``died`` its row, ``term`` its event day, ``tied`` the share of that
    day's events that Efron's method has already taken out of the risk set.
    """

    rows: Ints
    first: Ints
    last: Ints
    n_days: int
    died: Ints
    term: Ints
    tied: Floats

    def sums(self, values: Floats) -> Floats:
        """Sum of VALUES (row by column) over the risk set of every event, ties by Efron."""
        here = values[self.rows]
        leaving = _by_day(here, self.last, self.n_days + 1)
        if self.first.any():
            leaving -= _by_day(here, self.first, self.n_days + 1)
        at_risk = leaving[::-1].cumsum(axis=0)[::-1][1:]
        if not self.tied.any():
            return at_risk[self.term]
        dying = _by_day(values[self.died], self.term, self.n_days)
        return at_risk[self.term] - self.tied[:, None] * dying[self.term]


@dataclass(frozen=True, slots=True)
class RiskSets:
    """The risk set of every event, one term per event.

    ``x``: covariates (row by column); ``died``: the row of each event; ``day``: its day.
    """

    x: Floats
    died: Ints
    day: Ints
    strata: tuple[_Stratum, ...]

    def of(self, columns: NDArray[np.bool_]) -> RiskSets:
        """The same risk sets with only COLUMNS of the covariates."""
        return RiskSets(self.x[:, columns], self.died, self.day, self.strata)

    def average(self, beta: Floats, values: Floats) -> tuple[Floats, Floats]:
        """Log of the summed hazard exp(x·beta), and the mean of VALUES so weighted, per event."""
        log_hazard = self.x @ beta
        shift = float(log_hazard.max())
        hazard = np.exp(log_hazard - shift)
        columns = np.column_stack([hazard, hazard[:, None] * values])
        sums = np.vstack([stratum.sums(columns) for stratum in self.strata])
        return np.log(sums[:, 0]) + shift, sums[:, 1:] / sums[:, :1]

    def moments(self, beta: Floats) -> Moments:
        """Means and products of the covariates over each risk set, weighted by the hazard at BETA."""
        p = self.x.shape[1]
        log_sum, means = self.average(beta, np.column_stack([self.x, _products(self.x)]))
        died = self.x[self.died]
        return Moments(
            loglik=float((died @ beta - log_sum).sum()),
            mean=means[:, :p],
            residual=died - means[:, :p],
            second=means[:, p:],
        )

    def likelihood(self, beta: Floats) -> tuple[float, Floats, Floats]:
        """Log partial likelihood, its gradient and the information matrix at BETA."""
        at = self.moments(beta)
        return at.loglik, at.residual.sum(axis=0), at.information(np.ones(len(self.died)))


def risk_sets(
    time: Ints,
    event: Ints,
    x: Floats,
    *,
    entry: Ints | None,
    strata: Ints,
    efron: bool,
) -> RiskSets:
    """Risk sets of checked data with at least one event; at risk are rows with entry < day <= time.

    STRATA: a number per row.  EFRON takes tied events out of the risk set one after another; otherwise all stay (Breslow).
    """
    rows = [np.flatnonzero(strata == k) for k in np.unique(strata[event == 1])]
    made = tuple(_stratum(r, time, event, entry, efron=efron) for r in rows)
    died = np.concatenate([s.died for s in made])
    return RiskSets(x=x, died=died, day=time[died], strata=made)


def _stratum(rows: Ints, time: Ints, event: Ints, entry: Ints | None, *, efron: bool) -> _Stratum:
    died = rows[event[rows] == 1]
    died = died[np.argsort(time[died], kind="stable")]
    days, start, term, count = np.unique(
        time[died], return_index=True, return_inverse=True, return_counts=True
    )
    last = np.searchsorted(days, time[rows], side="right")
    first = np.zeros_like(last) if entry is None else np.searchsorted(days, entry[rows], "right")
    # A row that meets no event would be added and taken away again, at the price of rounding.
    met = last > first
    tied = (np.arange(len(died)) - start[term]) / count[term] if efron else np.zeros(len(died))
    return _Stratum(rows[met], first[met], last[met], len(days), died, term, tied)


def _by_day(values: Floats, day: Ints, n_days: int) -> Floats:
    return np.column_stack([np.bincount(day, weights=v, minlength=n_days) for v in values.T])


def _products(x: Floats) -> Floats:
    """Every column of X times every column, row by row: p columns become p²."""
    return (x[:, :, None] * x[:, None, :]).reshape(len(x), -1)
