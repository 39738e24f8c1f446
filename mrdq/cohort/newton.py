"""The top of a log likelihood, by Newton's steps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mrdq.cohort.kaplan_meier import Floats

Objective = Callable[[Floats], tuple[float, Floats, Floats]]
"""Coefficients to value, gradient and information matrix."""

_SMALL_STEP = 1e-9
_ROUNDED_STEP = 1e-6
_MOST_STEPS = 100
_HALVINGS = 0.5 ** np.arange(30)
_ROUNDING = 1e-12


@dataclass(frozen=True, slots=True)
class Top:
    """Where a climb ended.

    ``step``: the step it would take next; ``left``: twice what that would gain, were the surface a
    parabola; ``converged``: the step is too small to matter.
    """

    beta: Floats
    value: float
    score: Floats
    information: Floats
    step: Floats
    left: float

    @property
    def converged(self) -> bool:
        return self.within(_SMALL_STEP)

    def within(self, distance: float) -> bool:
        """Is the top less than DISTANCE away, in each coefficient?"""
        return bool(np.isfinite(self.value) and np.abs(self.step).max(initial=0) < distance)


def climb(
    objective: Objective,
    start: Floats,
    *,
    held: int | None = None,
    secant: bool = False,
    hopeless: Callable[[Floats], bool] = lambda _: False,
) -> Top:
    """Climb from START; the coefficient HELD, if any, keeps its value.

    SECANT: the information is not the curvature; learn the difference from the steps (symmetric
    rank one updates; Nocedal & Wright 2006, section 6.2).  Converged where the step is below 1e-9
    (the caller scales the covariates), or below 1e-6 and rounding allows no better; ends unconverged
    where the information is HOPELESS, where no part of the step leads up, or after 100 steps.
    """
    free = np.ones(len(start), dtype=bool) if held is None else np.arange(len(start)) != held
    here = _look(objective, start, free)
    excess = np.zeros((int(free.sum()), int(free.sum())))
    for _ in range(_MOST_STEPS):
        if here.converged or hopeless(here.information):
            return here
        higher = _higher(objective, here, free)
        if higher is None:
            return replace(here, step=0 * here.step) if here.within(_ROUNDED_STEP) else here
        if secant:
            excess = _learned(excess, here, higher, free)
            higher = _curved(higher, excess, free)
        here = higher
    return here


def _look(objective: Objective, beta: Floats, free: NDArray[np.bool_]) -> Top:
    """The value at BETA and the step from there; a value that is no number has no step."""
    with np.errstate(all="ignore"):
        value, score, information = objective(beta)
    step = np.zeros_like(beta)
    if np.isfinite([value, *score, *information.flat]).all():
        try:
            step[free] = np.linalg.solve(information[np.ix_(free, free)], score[free])
            return Top(beta, value, score, information, step, float(score @ step))
        except np.linalg.LinAlgError:
            pass
    return Top(beta, np.nan, score, information, step, np.nan)


def _higher(objective: Objective, here: Top, free: NDArray[np.bool_]) -> Top | None:
    """The end of the step, or of its half, quarter, ..., whichever is the first to lead up.

    So near the top that rounding hides what is up, it must lead to where less is left to gain.
    """
    close = _ROUNDING * (1 + abs(here.value))
    for part in _HALVINGS:
        there = _look(objective, here.beta + part * here.step, free)
        gain = there.value - here.value
        if gain > close or (gain >= -close and there.left < here.left):
            return there
    return None


def _learned(excess: Floats, here: Top, there: Top, free: NDArray[np.bool_]) -> Floats:
    """The EXCESS of curvature over information that explains how the gradient changed."""
    moved, bent = (there.beta - here.beta)[free], (here.score - there.score)[free]
    missed = bent - (there.information[np.ix_(free, free)] + excess) @ moved
    size = float(missed @ moved)
    if abs(size) <= 1e-8 * np.linalg.norm(missed) * np.linalg.norm(moved):
        return excess
    return np.asarray(excess + np.outer(missed, missed) / size)


def _curved(there: Top, excess: Floats, free: NDArray[np.bool_]) -> Top:
    """The step by the learned curvature, if that has a top."""
    curvature = there.information[np.ix_(free, free)] + excess
    if np.linalg.eigvalsh(curvature).min(initial=np.inf) <= 0:
        return there
    step = np.zeros_like(there.beta)
    step[free] = np.linalg.solve(curvature, there.score[free])
    return replace(there, step=step)
