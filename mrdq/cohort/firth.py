"""Firth's correction: a penalised likelihood that has a maximum where the likelihood has none.

l*(β) = l(β) + ½ log det I(β), with Efron's l and I for tied days.
Sources: Firth 1993, doi:10.1093/biomet/80.1.27; Heinze & Schemper 2001,
doi:10.1111/j.0006-341X.2001.00114.x.  Their R package coxphf differs in one thing: its ties are
Breslow's.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import chdtrc

from mrdq.cohort.kaplan_meier import Floats
from mrdq.cohort.newton import Objective, Top, climb
from mrdq.cohort.risk_sets import Moments, RiskSets

_MOST_LOOKS = 50
_CLOSE = 1e-9
_LONGEST = 3.0


@dataclass(frozen=True, slots=True)
class Profile:
    """One coefficient: its interval, NaN where not found, and the test that it is zero."""

    low: float
    high: float
    chi_square: float
    p: float


def penalised(sets: RiskSets) -> Objective:
    """l*, its gradient U + ½ tr(I⁻¹ ∂I/∂β), and I: the functions to climb."""

    def at(beta: Floats) -> tuple[float, Floats, Floats]:
        moments = sets.moments(beta)
        information = moments.information(np.ones(len(sets.died)))
        sign, log_det = np.linalg.slogdet(information)
        if not sign > 0:
            return -np.inf, np.zeros_like(beta), information
        score = moments.residual.sum(axis=0)
        score += _half_trace(sets, beta, moments, np.asarray(np.linalg.inv(information)))
        return moments.loglik + log_det / 2, score, information

    return at


def _half_trace(sets: RiskSets, beta: Floats, moments: Moments, inverse: Floats) -> Floats:
    """½ tr(I⁻¹ ∂I/∂β): half the third cumulants of the covariates at risk, summed over events.

    With q = xᵀ I⁻¹ x that is ½ (Cov(q, x) − 2 Cov(x, x) I⁻¹ E(x)) in each risk set.
    """
    q = np.einsum("ij,jk,ik->i", sets.x, inverse, sets.x)
    _, means = sets.average(beta, np.column_stack([q, q[:, None] * sets.x]))
    x, turned = moments.mean, moments.mean @ inverse
    xx = moments.second.reshape(-1, len(beta), len(beta))
    covariance = np.einsum("ijk,ik->ij", xx, turned) - x * (x * turned).sum(axis=1)[:, None]
    cumulant = means[:, 1:] - means[:, :1] * x - 2 * covariance
    return np.asarray(cumulant.sum(axis=0) / 2)


def profile(objective: Objective, top: Top, k: int, z: float) -> Profile:
    """Where l*, all other coefficients at their best, has fallen by z²/2 on each side of the TOP.

    The test of coefficient K = 0 is 2(l*(top) − l*(β_k = 0)) as χ² with one degree of freedom; the
    penalty is always that of the whole information, as in coxphf.
    """
    at_zero = climb(objective, _moved(top.beta, k, 0.0), held=k, secant=True)
    chi_square = max(0.0, 2 * (top.value - at_zero.value)) if at_zero.converged else np.nan
    low, high = (_limit(objective, top, k, sign * z) for sign in (-1, 1))
    return Profile(low, high, chi_square, float(chdtrc(1, chi_square)))


def _limit(objective: Objective, top: Top, k: int, z: float) -> float:
    """The value of coefficient K whose signed root of 2(l*(top) − l*) is Z, by Newton's steps.

    The root is nearly straight in the coefficient, so that few steps do; NaN if they do not.
    """
    se = float(np.sqrt(np.linalg.inv(top.information)[k, k]))
    here, beta = float(top.beta[k] + z * se), top.beta
    for _ in range(_MOST_LOOKS):
        at = climb(objective, _moved(beta, k, here), held=k, secant=True)
        if not (at.converged and at.value < top.value):
            return np.nan
        root = np.sqrt(2 * (top.value - at.value))
        step = float(
            np.clip((abs(z) - root) * root / abs(at.score[k]), -_LONGEST * se, _LONGEST * se)
        )
        if abs(step) < _CLOSE * se:
            return here
        here, beta = here + np.sign(z) * step, at.beta
    return np.nan


def _moved(beta: Floats, k: int, value: float) -> Floats:
    made = beta.copy()
    made[k] = value
    return made
