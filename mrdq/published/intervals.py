"""Confidence limits of a proportion: which transformation gave them, and what one should be.

An interval is symmetric about its estimate on one scale g: g(low) = g(S) - c and
g(high) = g(S) + c, with one unknown c = z·SE.  Limits beyond 0 or 1 are printed as 0 or 1.
Scales: Borgan and Liestøl, Scand J Stat 17:35-41 (1990); Kalbfleisch and Prentice, The
Statistical Analysis of Failure Time Data (doi 10.1002/9781118032985), section 1.4.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]
TOLERANCE = 1e-9
"""On the transformed scale: what binary floating point may lose."""


@dataclass(frozen=True, slots=True)
class Transformation:
    """A scale: ``forward`` from a proportion, increasing, and ``inverse`` back."""

    name: str
    forward: Callable[[Values], Values]
    inverse: Callable[[Values], Values]


@dataclass(frozen=True, slots=True)
class Box:
    """Proportions that lie between ``low`` and ``high``, element by element."""

    low: Values
    high: Values

    @classmethod
    def of(cls, low: Sequence[float] | Values, high: Sequence[float] | Values) -> Box:
        """Cut to 0 … 1, where proportions lie."""
        return cls(np.clip(np.asarray(low, float), 0, 1), np.clip(np.asarray(high, float), 0, 1))


def _sine(angle: Values) -> Values:
    return np.asarray(np.sin(np.clip(angle, 0, np.pi / 2)) ** 2)


LOG_LOG = Transformation("log-log", lambda s: -np.log(-np.log(s)), lambda x: np.exp(-np.exp(-x)))
LOG = Transformation("log", np.log, lambda x: np.minimum(np.exp(x), 1))
PLAIN = Transformation("plain", np.asarray, lambda x: np.clip(x, 0, 1))
ARCSINE = Transformation("arcsine", lambda s: np.arcsin(np.sqrt(s)), _sine)
LOGIT = Transformation("logit", lambda s: np.log(s) - np.log1p(-s), lambda x: 1 / (1 + np.exp(-x)))
TRANSFORMATIONS = (LOG_LOG, LOG, PLAIN, ARCSINE, LOGIT)

LOG_LOG_OF_REST = Transformation("log-log of 1 - incidence", lambda f: np.log(-np.log1p(-f)),
                                 lambda x: -np.expm1(-np.exp(x)))  # fmt: skip
OF_INCIDENCE = (*TRANSFORMATIONS, LOG_LOG_OF_REST)
"""For a cumulative incidence F, log-log is the one on F itself: F^exp(∓c)."""


def fits(by: Transformation, estimate: Box, low: Box, high: Box) -> NDArray[np.bool_]:
    """Whether some c ≥ 0 gives both limits, for values somewhere in the three boxes.

    Such a c exists where the middle of the limits, on the scale, can be the estimate, and the
    estimate can lie between them.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        s_low, s_high = by.forward(estimate.low), by.forward(estimate.high)
        l_low = np.where(low.low <= 0, -np.inf, by.forward(low.low))
        l_high, u_low = by.forward(low.high), by.forward(high.low)
        u_high = np.where(high.high >= 1, np.inf, by.forward(high.high))
        first = np.maximum.reduce([s_low, (l_low + u_low) / 2, l_low])
        last = np.minimum.reduce([s_high, (l_high + u_high) / 2, u_high])
    return np.asarray(first <= last + TOLERANCE)


def other_limit(by: Transformation, estimate: float, limit: float) -> float:
    """The limit that belongs to the ``limit`` on the other side: g⁻¹(2·g(S) - g(limit))."""
    with np.errstate(divide="ignore", over="ignore"):
        at = 2 * by.forward(np.asarray(estimate, float)) - by.forward(np.asarray(limit, float))
        return float(by.inverse(at))
