"""Do hazards stay proportional over time?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.special import chdtrc

from mrdq.cohort.hazard_model import hazard_model, top_of_likelihood
from mrdq.cohort.kaplan_meier import Floats, Ints, follow_up
from mrdq.cohort.risk_sets import RiskSets

GLOBAL = "GLOBAL"
_DEPENDENT = 1e-9


def proportional_hazards(
    time: ArrayLike,
    event: ArrayLike,
    covariates: pd.DataFrame,
    *,
    entry: ArrayLike | None = None,
    strata: ArrayLike | None = None,
    terms: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """Test each covariate, and all together, for a hazard ratio that changes with time.

    Returns ``covariate statistic df p note``, the last row being GLOBAL: the score test that
    adding x·g(t) to the fitted model (Efron's ties) gains nothing, g(t) being one minus the
    Kaplan-Meier share of all rows just before t, as R's ``cox.zph`` has it by default since
    survival 3.0.  NaN with a note where a coefficient has no
    estimate, or events are too few to tell x·g(t) from x.
    Source: Grambsch & Therneau 1994, doi:10.1093/biomet/81.3.515.

    Parameters
    ----------
    time, event, covariates, entry, strata: see :func:`mrdq.cohort.cox.fit`.
    terms: covariate to term, to test the columns of one term (levels of a group) together.
    """
    model = hazard_model(time, event, covariates, entry=entry, strata=strata, efron=True)
    term_of = [str(name) if terms is None else terms.get(name, name) for name in model.names]
    if model.sets is None or len(model.unique) < len(model.names) or not model.unique.all():
        return _table(term_of, None, model.notes)
    top, finite, notes = top_of_likelihood(model.sets)
    if not finite.all():
        return _table(
            term_of, None, [*model.notes, *(notes or ["a coefficient has no finite estimate"])]
        )
    g = _one_minus_survival(model.sets.day, time, event, entry)
    return _table(term_of, _Score.of(model.sets, top.beta, g - g.mean()), model.notes)


@dataclass(frozen=True, slots=True)
class _Score:
    """Gradient of the coefficients of x·g(t), and the information on those of x and x·g(t)."""

    gradient: Floats
    information: Floats

    @classmethod
    def of(cls, sets: RiskSets, beta: Floats, g: Floats) -> _Score:
        moments = sets.moments(beta)
        plain, cross, both = (moments.information(w) for w in (np.ones_like(g), g, g * g))
        return cls(g @ moments.residual, np.block([[plain, cross], [cross, both]]))

    def test(self, which: NDArray[np.bool_]) -> float:
        """χ² of the coefficients of x·g(t) for the columns WHICH; NaN where the data has no answer."""
        used = np.r_[np.ones_like(which), which]
        information = self.information[np.ix_(used, used)]
        size = np.sqrt(np.diag(information))
        if not (size > 0).all():
            return np.nan
        correlation = information / np.outer(size, size)
        if np.linalg.eigvalsh(correlation)[0] < _DEPENDENT:
            return np.nan
        gradient = np.r_[np.zeros(len(which)), self.gradient[which]] / size
        return float(gradient @ np.linalg.solve(correlation, gradient))


def _one_minus_survival(
    at: Ints, time: ArrayLike, event: ArrayLike, entry: ArrayLike | None
) -> Floats:
    """One minus the Kaplan-Meier share of all rows just before the days AT."""
    times, events = follow_up(time, event)
    days, deaths = np.unique(times[events == 1], return_counts=True)
    at_risk = len(times) - np.searchsorted(np.sort(times), days)
    if entry is not None:
        at_risk -= len(times) - np.searchsorted(np.sort(np.asarray(entry)), days)
    before = np.r_[1.0, np.cumprod(1 - deaths / at_risk)]
    return np.asarray(1 - before[np.searchsorted(days, at)])


def _table(terms: Sequence[str], score: _Score | None, notes: Sequence[str]) -> pd.DataFrame:
    """One row per term and one for all; NaN without a SCORE."""
    names = list(dict.fromkeys(terms))
    columns = np.array([[t == name for t in terms] for name in names] + [[True] * len(terms)])
    statistic = np.array([score.test(c) if score else np.nan for c in columns])
    df = columns.sum(axis=1)
    why = "" if score is None else "events on too few days, or of too few patients, to tell"
    note = ["; ".join([*notes, *([why] if lost and why else [])]) for lost in np.isnan(statistic)]
    return pd.DataFrame({"covariate": [*names, GLOBAL], "statistic": statistic, "df": df,
                         "p": chdtrc(df, statistic), "note": note})  # fmt: skip
