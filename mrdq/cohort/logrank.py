"""The log-rank test: do groups differ in their survival?"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import chdtrc

from mrdq.cohort.kaplan_meier import Floats, Ints, follow_up
from mrdq.cohort.labels import codes


@dataclass(frozen=True, slots=True)
class Test:
    """A χ² test of ``n`` patients with ``n_events`` events.

    ``statistic`` and ``p`` are NaN where nothing can be compared, and ``note`` says why.
    ``observed`` and ``expected`` are the events of each group.
    """

    statistic: float
    df: int
    p: float
    n: int
    n_events: int
    note: str = ""
    observed: dict[Hashable, float] = field(default_factory=dict)
    expected: dict[Hashable, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Events:
    """Events of every group: observed, expected, and the covariance of the difference."""

    observed: Floats
    expected: Floats
    variance: Floats

    @property
    def compared(self) -> NDArray[np.bool_]:
        """Groups at risk together with another at an event that spared somebody.

        Of any other the observed events are the expected ones.
        """
        return np.asarray(np.diagonal(self.variance) > 0)


def logrank(
    time: ArrayLike, event: ArrayLike, group: ArrayLike, *, strata: ArrayLike | None = None
) -> Test:
    """Compare the survival of two or more groups, within strata if there are any.

    χ² = (O − E)ᵀ V⁻¹ (O − E), with the hypergeometric covariance V of each day's events summed
    over days and strata; degrees of freedom = groups − 1.
    Sources: Mantel 1966 (PMID 5910392); Peto & Peto 1972, doi:10.2307/2344317.

    A group or stratum of nobody (an unused category), and one with nobody to be compared on any
    day of an event, are left out and named in the note.  Fewer than two groups left, no event, or
    groups in two camps that are never at risk together: statistic and p are NaN, df that of the
    groups with patients.  statsmodels' ``survdiff`` raises there, prints 0 for a p below 1e-16 and
    gives no observed and expected counts; it is the oracle of the tests instead.

    Parameters
    ----------
    time, event: see :func:`mrdq.cohort.kaplan_meier.follow_up`.
    group, strata: a label per patient, or a ``pandas.Categorical``; none missing.
    """
    times, events = follow_up(time, event)
    group_of, groups = codes("group", group, len(times))
    stratum_of, names = codes(
        "strata", np.zeros(len(times)) if strata is None else strata, len(times)
    )
    parts = [
        _stratum(times[within], events[within], group_of[within], len(groups))
        for within in (stratum_of == s for s in range(len(names)))
    ]
    total = _summed(parts)
    patients = np.bincount(group_of, minlength=len(groups))
    statistic, df, notes = _chi_square(total, patients)
    nothing = np.isnan(statistic)
    notes += _left_out("group", groups, patients, total.compared | nothing)
    if strata is not None:
        sizes = np.bincount(stratum_of, minlength=len(names))
        compared = np.array([part.compared.any() for part in parts])
        notes += _left_out("stratum", names, sizes, compared | nothing)
    return Test(
        statistic, df, float(chdtrc(df, statistic)), len(times), int(events.sum()), "; ".join(notes),
        dict(zip(groups, total.observed.tolist(), strict=True)), dict(zip(groups, total.expected.tolist(), strict=True)),
    )  # fmt: skip


def _stratum(time: Ints, event: Ints, group: Ints, n_groups: int) -> _Events:
    """Observed and expected events of each group and their covariance in one stratum."""
    day, place = np.unique(time, return_inverse=True)
    cell, shape = group * len(day) + place, (n_groups, len(day))
    ending = np.bincount(cell, minlength=n_groups * len(day)).reshape(shape)
    events = np.bincount(cell[event == 1], minlength=n_groups * len(day)).reshape(shape)
    at_risk = np.cumsum(ending[:, ::-1], axis=1)[:, ::-1]
    n, d = at_risk.sum(axis=0), events.sum(axis=0)
    share = at_risk / n
    together = (share * (d * (n - d) / np.maximum(n - 1, 1))) @ share.T
    np.fill_diagonal(together, 0)
    # The rows add up to 0; written so, groups that never meet have a covariance of exactly 0.
    variance = np.diag(together.sum(axis=1)) - together
    return _Events(events.sum(axis=1).astype(float), share @ d, variance)


def _summed(parts: Sequence[_Events]) -> _Events:
    names = ("observed", "expected", "variance")
    return _Events(*(np.sum([getattr(part, name) for part in parts], axis=0) for name in names))


def _left_out(
    what: str, names: list[Hashable], sizes: Ints, compared: NDArray[np.bool_]
) -> list[str]:
    reasons = np.where(sizes == 0, "no patients", "nobody to compare at an event")
    left_out = np.flatnonzero((sizes == 0) | ~compared)
    return [f"{what} {names[i]} left out: {reasons[i]}" for i in left_out]


def _chi_square(total: _Events, patients: Ints) -> tuple[float, int, list[str]]:
    """Statistic, degrees of freedom, and why there is no statistic."""
    compared = np.flatnonzero(total.compared)
    df = max(int(np.count_nonzero(patients)) - 1, 0)
    if df == 0:
        return np.nan, df, ["fewer than two groups with patients"]
    if not total.observed.any():
        return np.nan, df, ["no event"]
    if len(compared) == 0:
        return np.nan, df, ["no groups at risk together at an event that spares somebody"]
    # One group follows from the others.
    free = compared[1:]
    variance = total.variance[np.ix_(free, free)]
    if np.linalg.matrix_rank(variance) < len(free):
        return np.nan, df, ["some groups are never at risk together with the others at an event"]
    difference = (total.observed - total.expected)[free]
    return float(difference @ np.linalg.solve(variance, difference)), len(free), []
