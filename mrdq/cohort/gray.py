"""Gray's test: do groups differ in the cumulative incidence of one cause?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import chdtrc

from mrdq.cohort.competing import causes
from mrdq.cohort.kaplan_meier import Floats, Ints
from mrdq.cohort.labels import codes
from mrdq.cohort.logrank import Test


def gray(
    time: ArrayLike,
    cause: ArrayLike,
    group: ArrayLike,
    *,
    of: str,
    strata: ArrayLike | None = None,
) -> Test:
    """Compare the cumulative incidence of the cause OF in two or more groups, within STRATA if any.

    The score compares each group's events with its share of R = n (1 − F(t−))/S(t−), those at risk
    weighted up for patients lost to other causes; χ² = sᵀ V⁻¹ s with groups − 1 degrees of
    freedom, weight ρ = 0, tied days and V as in R's ``cmprsk::cuminc``.
    Source: Gray 1988, doi:10.1214/aos/1176350951.

    A group of nobody (an unused category) is left out and named in the note.  Fewer than two
    groups, no event of the cause, or groups never at risk together: statistic and p are NaN.
    ``expected`` are the events of each group were all alike.

    Parameters
    ----------
    time, cause: see :func:`mrdq.cohort.competing.curve`.
    group, strata: a label per patient, or a ``pandas.Categorical``; none missing.
    """
    times, kind = causes(time, cause, of=of)
    group_of, names = codes("group", group, len(times))
    stratum_of = (
        np.zeros_like(group_of) if strata is None else codes("strata", strata, len(times))[0]
    )
    counts = [_count(times[s], kind[s], group_of[s], len(names)) for s in
              (stratum_of == k for k in np.unique(stratum_of))]  # fmt: skip
    parts = [_score(c) for c in counts]
    observed = np.sum([c.ours.sum(axis=0) for c in counts], axis=0)
    score, variance = (np.sum([part[k] for part in parts], axis=0) for k in range(2))
    patients = np.bincount(group_of, minlength=len(names))
    notes = [
        f"group {n} left out: no patients" for n, k in zip(names, patients, strict=True) if not k
    ]
    statistic, df, why = _chi_square(score, variance, patients, int(observed.sum()), of)
    return Test(
        statistic, df, float(chdtrc(df, statistic)), len(times), int(observed.sum()), "; ".join([*why, *notes]),
        dict(zip(names, observed.astype(float).tolist(), strict=True)),
        dict(zip(names, (observed - score).tolist(), strict=True)),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Counts:
    """Per day with an event of any cause (row) and group: at risk, events of ours, of others."""

    at_risk: Ints
    ours: Ints
    others: Ints


def _count(time: Ints, kind: Ints, group: Ints, n_groups: int) -> _Counts:
    days = np.unique(time[kind > 0])

    def cells(chosen: Ints, place: Ints, rows: int) -> Ints:
        cell = place[chosen] * n_groups + group[chosen]
        return np.bincount(cell, minlength=rows * n_groups).reshape(rows, n_groups)

    everybody = np.arange(len(time))
    leaving = cells(everybody, np.searchsorted(days, time, side="right"), len(days) + 1)
    at = np.searchsorted(days, time)
    ours, others = (cells(np.flatnonzero(kind == k), at, len(days)) for k in (1, 2))
    return _Counts(leaving[::-1].cumsum(axis=0)[::-1][1:], ours, others)


def _score(count: _Counts) -> tuple[Floats, Floats]:
    """Observed minus expected events of every group, and their covariance, in one stratum."""
    n, ours, others = count.at_risk, count.ours, count.others
    if not len(n):  # nobody of this stratum had an event of any cause
        return np.zeros(n.shape[1]), np.zeros((n.shape[1], n.shape[1]))
    live = n > 0
    size = np.where(live, n, 1)
    survival = np.cumprod(1 - (ours + others) / size, axis=0, dtype=np.float64)
    before = _before(survival, 1.0)
    share = _before(np.cumsum(before * ours / size, axis=0, dtype=np.float64), 0.0)
    # Those at risk, had nobody been lost; a group without survivors stays without.
    weight = np.where(live, n / np.where(live, before, 1), 0)
    reweighted = weight * (1 - share)
    events, everyone = ours.sum(axis=1), weight.sum(axis=1)
    expected = events[:, None] * reweighted / reweighted.sum(axis=1, keepdims=True)
    pooled = np.cumsum(events / everyone, dtype=np.float64)
    variance = _variance(count, survival, before, weight, pooled)
    return (ours - expected).sum(axis=0), variance


def _before(values: Floats, first: float) -> Floats:
    """The values just before each day."""
    return np.vstack([np.full(values.shape[1], first), values[:-1]])


def _variance(
    count: _Counts, survival: Floats, before: Floats, weight: Floats, pooled: Floats
) -> Floats:
    """Covariance of the scores: what each group's events of either kind, day by day, do to them.

    ``now`` is the effect of an event on the score at its own day, ``later`` on all later days.
    """
    n, others = count.at_risk, count.others
    live, size = n > 0, np.where(n > 0, n, 1)
    events, everyone = count.ours.sum(axis=1)[:, None], weight.sum(axis=1)[:, None]
    now = (
        np.eye(n.shape[1]) * weight[:, :, None]
        - weight[:, :, None] * (weight / everyone)[:, None, :]
    )
    still_free = 1 - np.r_[0.0, pooled[:-1]][:, None]
    so_far = np.cumsum(now * (events / (everyone * still_free))[:, :, None], axis=0)
    later = so_far[-1] - so_far
    lost = np.where(survival > 0, (1 - pooled[:, None]) / np.where(survival > 0, survival, 1), 0)
    kept = 1 - lost
    tied = 1 - np.where(events > 1, events - 1, 0) / np.where(events > 1, everyone * before - 1, 1)
    own = np.where(live, tied * before * events / (everyone * size), 0)
    ties = 1 - np.where(others > 1, others - 1, 0) / np.where(others > 1, n - 1, 1)
    other = ties * (before / size) ** 2 * others
    by_ours, by_others = now + kept[:, None, :] * later, lost[:, None, :] * later
    return np.asarray(
        np.einsum("tik,tjk,tk->ij", by_ours, by_ours, own)
        + np.einsum("tik,tjk,tk->ij", by_others, by_others, other)
    )


def _chi_square(
    score: Floats, variance: Floats, patients: Ints, n_events: int, of: str
) -> tuple[float, int, list[str]]:
    """Statistic, degrees of freedom, and why there is no statistic."""
    df = max(int(np.count_nonzero(patients)) - 1, 0)
    if df == 0:
        return np.nan, df, ["fewer than two groups with patients"]
    if not n_events:
        return np.nan, df, [f"no {of}"]
    # One group follows from the others.
    free = np.flatnonzero(patients)[1:]
    inner = variance[np.ix_(free, free)]
    if np.linalg.matrix_rank(inner, hermitian=True) < df:
        return np.nan, df, ["the groups cannot be told apart: some are never at risk together"]
    return float(score[free] @ np.linalg.solve(inner, score[free])), df, []
