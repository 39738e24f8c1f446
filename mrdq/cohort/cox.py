"""Proportional hazards regression (Cox), plain or with Firth's correction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr, ndtri

from mrdq.cohort import firth
from mrdq.cohort.hazard_model import HazardModel, hazard_model, top_of_likelihood
from mrdq.cohort.kaplan_meier import Floats, Ints, follow_up
from mrdq.cohort.newton import climb
from mrdq.cohort.risk_sets import RiskSets

METHODS = ("efron", "breslow", "firth")


@dataclass(frozen=True, slots=True, eq=False)
class Cox:
    """A fitted model.

    ``table``: per covariate ``covariate coef se hazard_ratio low high z p``, NaN where not
    estimable; ``loglik``: without and with the covariates; ``n``: rows; ``note``: sentences on
    what is not estimable and why, "" if everything is.
    """

    table: pd.DataFrame
    loglik: tuple[float, float]
    n: int
    n_events: int
    note: str


class Split(NamedTuple):
    """Rows of :func:`split_at`, each at risk on the days d with start < d <= stop."""

    start: Ints
    stop: Ints
    event: Ints
    after: Ints
    patient: Ints


def fit(
    time: ArrayLike,
    event: ArrayLike,
    covariates: pd.DataFrame,
    *,
    entry: ArrayLike | None = None,
    strata: ArrayLike | None = None,
    method: str = "efron",
    confidence: float = 0.95,
) -> Cox:
    """Hazard ratios of COVARIATES, with intervals and tests.

    An estimate is NaN, with a sentence in the note, where the data has none: no event, a value
    missing, a covariate constant or a combination of others, a likelihood that rises without end
    (as with a group that has no event), an event on its day of entry, no convergence, a hazard
    ratio beyond the largest number.

    ``efron`` and ``breslow`` (two ways with tied days) give Wald intervals and tests.  ``firth``
    (:mod:`mrdq.cohort.firth`, ties as ``efron``) gives profile intervals, likelihood-ratio tests
    and as z the signed root of their χ².
    Sources: Cox 1972, doi:10.1111/j.2517-6161.1972.tb00899.x; Efron 1977,
    doi:10.1080/01621459.1977.10480613.

    statsmodels' ``PHReg`` prints numbers for estimates that do not exist, is slower, and has neither
    Firth's penalty nor the check of proportional hazards, which need the same sums over those at
    risk; it is an oracle of the tests instead (entry moved half a day, as it counts a row as at
    risk on its very day of entry).

    Parameters
    ----------
    time, event: see :func:`mrdq.cohort.kaplan_meier.follow_up`.
    covariates: a row per row of time, columns of numbers; no column for the baseline.
    entry: a row is at risk on the days d with entry < d <= time; without it from day 0 on, as with
        -1.  Rows of one patient must not overlap.
    strata: a label per row; each stratum has its own baseline hazard.
    confidence: of the two-sided interval, in (0, 1).
    """
    if method not in METHODS:
        raise ValueError(f"method must be one of {', '.join(METHODS)}, but was {method}")
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must be in (0, 1), but was {confidence}")
    model = hazard_model(time, event, covariates, entry=entry, strata=strata, efron=method != "breslow")  # fmt: skip
    if model.sets is None:
        return _cox(model, np.zeros((0, 6)), model.unique, (np.nan, np.nan), [])
    z = float(ndtri((1 + confidence) / 2))
    return _firth(model, model.sets, z) if method == "firth" else _wald(model, model.sets, z)


def split_at(time: ArrayLike, event: ArrayLike, change: ArrayLike) -> Split:
    """Rows for a covariate that turns from 0 to 1 on the day CHANGE, without immortal time.

    A patient counts as ``after`` = 0 up to and including the day of change and as 1 from the next
    day on: what happens on the day of change is not owed to it.  CHANGE missing, or on or after
    the last day: never.  ``start`` is -1 where follow-up
    begins, so that an event on day 0 counts; ``patient`` is the place of the patient.

    Parameters
    ----------
    time, event: see :func:`mrdq.cohort.kaplan_meier.follow_up`.
    change: whole days from 0 on, or NaN.
    """
    stop, died = follow_up(time, event)
    day = np.asarray(change, dtype=np.float64)
    if day.shape != stop.shape:
        raise ValueError(
            f"change must have one day for each of {len(stop)} patients, but has shape {day.shape}"
        )
    if (wrong := (day < 0) | np.isinf(day) | (~np.isnan(day) & (day != np.floor(day)))).any():
        raise ValueError(f"change must be whole days from 0 on or NaN, but was {day[wrong][0]:g}")
    twice = (day >= 0) & (day < stop)
    index = np.repeat(np.arange(len(stop)), 1 + twice)
    second = np.r_[False, index[1:] == index[:-1]]
    first_of_two = twice[index] & ~second
    turned = np.where(twice, day, 0).astype(np.int64)[index]
    return Split(
        start=np.where(second, turned, -1),
        stop=np.where(first_of_two, turned, stop[index]),
        event=np.where(first_of_two, 0, died[index]),
        after=second.astype(np.int64),
        patient=index,
    )


def _wald(model: HazardModel, sets: RiskSets, z: float) -> Cox:
    top, finite, notes = top_of_likelihood(sets)
    se = np.full(len(finite), np.nan)
    # A coefficient that tends to infinity has taken its information with it: the others' own is left.
    se[finite] = np.sqrt(np.diag(np.linalg.inv(top.information[np.ix_(finite, finite)])))
    p = 2 * ndtr(-np.abs(top.beta / se))
    made = np.column_stack([top.beta, se, top.beta - z * se, top.beta + z * se, top.beta / se, p])
    if not finite.all() and not notes:
        why = "the likelihood rises without end, as with a group without events"
        notes = [
            f"{_listed(model, ~finite)} has no finite estimate: {why} (Firth's method has one)"
        ]
    null = sets.moments(np.zeros_like(top.beta)).loglik
    loglik = (null, top.value if finite.any() or top.converged else np.nan)
    return _cox(model, made, finite, loglik, notes)


def _firth(model: HazardModel, sets: RiskSets, z: float) -> Cox:
    objective = firth.penalised(sets)
    start = np.zeros(sets.x.shape[1])
    top = climb(objective, start, secant=True)
    # The penalty of scaled covariates differs from that of the covariates by a constant.
    unscaled = float(np.log(model.scale).sum())
    loglik = (objective(start)[0] + unscaled, top.value + unscaled)
    if not top.converged:
        return _cox(
            model,
            np.full((len(start), 6), np.nan),
            model.unique,
            (loglik[0], np.nan),
            ["the fit did not converge"],
        )
    se = np.sqrt(np.diag(np.linalg.inv(top.information)))
    tests = [firth.profile(objective, top, k, z) for k in range(len(start))]
    chi_square, p = (np.array([getattr(t, name) for t in tests]) for name in ("chi_square", "p"))
    low, high = (np.array([getattr(t, name) for t in tests]) for name in ("low", "high"))
    made = np.column_stack([top.beta, se, low, high, np.sign(top.beta) * np.sqrt(chi_square), p])
    lost = np.isnan(made).any(axis=1) & model.unique
    notes = (
        [f"no end of the interval, or no test, was found for {_listed(model, lost)}"]
        if lost.any()
        else []
    )
    return _cox(model, made, np.ones(len(start), dtype=bool), loglik, notes)


def _listed(model: HazardModel, which: NDArray[np.bool_]) -> str:
    return ", ".join(str(n) for n in np.array(model.names, dtype=object)[model.fitted][which])


def _cox(
    model: HazardModel,
    scaled: Floats,
    finite: NDArray[np.bool_],
    loglik: tuple[float, float],
    notes: Sequence[str],
) -> Cox:
    """SCALED holds coef, se, low, high, z, p of the fitted covariates, as if scaled to deviation 1."""
    made = np.full((len(model.names), 6), np.nan)
    scaled = np.where((finite & model.unique)[:, None], scaled, np.nan)
    made[model.fitted] = scaled / np.column_stack([model.scale] * 4 + [np.ones(len(scaled))] * 2)
    coef, se, low, high, z, p = made.T
    with np.errstate(over="ignore"):
        ratios = np.exp([coef, low, high])
    lost = (np.isinf(ratios) | (ratios == 0)).any(axis=0)
    if lost.any():
        which = ", ".join(str(n) for n, bad in zip(model.names, lost, strict=True) if bad)
        notes = [
            *notes,
            f"{which} has no hazard ratio that a number holds: nothing is known of it, or its unit is too large",
        ]
    ratio, low, high, z, p = np.where(lost, np.nan, [*ratios, z, p])
    table = pd.DataFrame({"covariate": model.names, "coef": coef, "se": se, "hazard_ratio": ratio,
                          "low": low, "high": high, "z": z, "p": p})  # fmt: skip
    return Cox(table, loglik, model.n, model.n_events, "; ".join([*model.notes, *notes]))
