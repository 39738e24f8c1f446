"""Counts behind a percentage: which fit, what interval they have, which test gives a p value.

Wilson, doi 10.1080/01621459.1927.10502953; Clopper and Pearson, doi 10.1093/biomet/26.4.404;
Pearson's and Fisher's tests and Yates' correction as scipy has them.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from scipy.special import betaincinv

from mrdq.published.numbers import Printed

MOST = 1000
"""Largest number of patients tried where none is stated."""

_PAIRS = 400
USUAL = 95.0
"""The level of confidence [%] where none is stated."""

Values = NDArray[Any]
Counts = tuple[int, int]
"""How many, of how many."""


def counts_that_print(percent: Printed, total: int) -> range:
    """Every count of ``total`` that prints as ``percent``."""
    slack = 1e-9 * total
    first = math.ceil(percent.low * total / 100 - slack)
    last = math.floor(percent.high * total / 100 + slack)
    return range(max(0, first), min(total, last) + 1)


def wilson(n: int, total: int, level: float = USUAL) -> tuple[float, float]:
    """Wilson's interval [%]; ``level`` of confidence in percent, as for all below."""
    found = stats.binomtest(n, total).proportion_ci(level / 100, method="wilson")
    return 100 * float(found.low), 100 * float(found.high)


def exact(n: int, total: int, level: float = USUAL) -> tuple[float, float]:
    """The interval of Clopper and Pearson [%]."""
    low, high = _exact(np.asarray(n), np.asarray(total), level)
    return 100 * float(low), 100 * float(high)


def _exact(n: Values, total: Values, level: float) -> tuple[Values, Values]:
    """Its limits as shares: quantiles of the beta distribution, 0 and 1 where it has none."""
    tail = _tail(level)
    low = np.where(n == 0, 0.0, betaincinv(np.maximum(n, 1), total - n + 1, tail))
    high = np.where(n == total, 1.0, betaincinv(n + 1, np.maximum(total - n, 1), 1 - tail))
    return low, high


def _tail(level: float) -> float:
    return (1 - level / 100) / 2


def _z(level: float) -> float:
    return float(stats.norm.isf(_tail(level)))


def wilson_corrected(n: int, total: int, level: float = USUAL) -> tuple[float, float]:
    """Wilson's interval with continuity correction [%]."""
    found = stats.binomtest(n, total).proportion_ci(level / 100, method="wilsoncc")
    return 100 * float(found.low), 100 * float(found.high)


def agresti_coull(n: int, total: int, level: float = USUAL) -> tuple[float, float]:
    """The interval of Agresti and Coull [%] (doi 10.1080/00031305.1998.10480550)."""
    z = _z(level)
    of = total + z**2
    middle = (n + z**2 / 2) / of
    return _about(middle, z * math.sqrt(middle * (1 - middle) / of))


def jeffreys(n: int, total: int, level: float = USUAL) -> tuple[float, float]:
    """The interval of Jeffreys' prior [%], 0 and 100 kept where the count is none or all."""
    tail = _tail(level)
    low = float(betaincinv(n + 0.5, total - n + 0.5, tail)) if n else 0.0
    high = float(betaincinv(n + 0.5, total - n + 0.5, 1 - tail)) if n < total else 1.0
    return 100 * low, 100 * high


def wald(n: int, total: int, level: float = USUAL) -> tuple[float, float]:
    """The interval of the normal approximation [%], cut to 0 … 100."""
    share = n / total
    return _about(share, _z(level) * math.sqrt(share * (1 - share) / total))


def _about(middle: float, half: float) -> tuple[float, float]:
    return 100 * max(0.0, middle - half), 100 * min(1.0, middle + half)


INTERVALS = {"Wilson": wilson, "Clopper-Pearson": exact, "Wilson with correction": wilson_corrected,
             "Agresti-Coull": agresti_coull, "Jeffreys": jeffreys, "Wald": wald}  # fmt: skip


def is_exact_of_some_count(
    percent: Printed, low: Printed, high: Printed, level: float = USUAL
) -> bool:
    """Whether Clopper and Pearson's interval of some count, of at most ``MOST``, prints so.

    Wilson's needs no such search: it is symmetric on the logit scale, whatever the count.
    """
    total = np.arange(1, MOST + 1)
    n = np.minimum(np.rint(percent.value * total / 100), total)
    able = _prints(percent, n / total)
    lower, upper = _exact(n, total, level)
    return bool(np.any(able & _prints(low, lower) & _prints(high, upper)))


def _prints(number: Printed, shares: Values) -> NDArray[np.bool_]:
    return np.asarray(np.abs(100 * shares - number.value) <= number.half + 1e-9)


def p_values(first: Counts, second: Counts) -> dict[str, float]:
    """The p value of each two-proportion test; none where nobody or everybody has it."""
    table = np.array([[n, total - n] for n, total in (first, second)])
    if 0 in table.sum(axis=0) or 0 in table.sum(axis=1):
        return {}
    return {
        "Pearson": float(stats.chi2_contingency(table, correction=False).pvalue),
        "Yates": float(stats.chi2_contingency(table, correction=True).pvalue),
        "Fisher": float(stats.fisher_exact(table).pvalue),
    }


def unusual_p_values(first: Counts, second: Counts) -> dict[str, float]:
    """The p values of one-sided and less usual two-proportion tests; none as above.

    Campbell's N - 1 (doi 10.1002/sim.2832), the likelihood ratio (G), the unpooled z test (Wald),
    Fisher's mid-p and twice its smaller tail.
    """
    usual = p_values(first, second)
    if not usual:
        return {}
    table = np.array([[n, total - n] for n, total in (first, second)])
    tails = [float(stats.fisher_exact(table, alternative=side).pvalue) for side in ("less", "greater")]  # fmt: skip
    n, ones = int(table.sum()), int(table[:, 0].sum())
    at = float(stats.hypergeom.pmf(first[0], n, ones, first[1]))
    chi2 = float(stats.chi2_contingency(table, correction=False).statistic)
    half = {f"one-sided {name}": usual[name] / 2 for name in ("Pearson", "Yates")}
    return {
        **half,
        "one-sided Fisher": min(tails),
        "N - 1": float(stats.chi2.sf(chi2 * (n - 1) / n, 1)),
        "likelihood ratio": float(stats.chi2_contingency(table, False, lambda_=0).pvalue),
        "unpooled z": _unpooled(first, second),
        "mid-p": max(0.0, min(1.0, 2 * min(tails) - at)),
        "Fisher doubled": min(1.0, 2 * min(tails)),
    }


def _unpooled(first: Counts, second: Counts) -> float:
    shares = [n / total for n, total in (first, second)]
    variance = sum(s * (1 - s) / total for s, (_, total) in zip(shares, (first, second), strict=True))  # fmt: skip
    if not variance:
        return 0.0
    return float(2 * stats.norm.sf(abs(shares[0] - shares[1]) / math.sqrt(variance)))


def p_values_of(
    first: Sequence[Counts],
    second: Sequence[Counts],
    tests: Callable[[Counts, Counts], dict[str, float]] = p_values,
) -> list[dict[str, float]]:
    """The ``tests`` of every pair of counts that the two percentages allow; [] if they are too many."""
    if len(first) * len(second) > _PAIRS:
        return []
    return [tests(one, other) for one, other in itertools.product(first, second)]


def chi_square_p(statistic: Printed, df: int) -> tuple[float, float]:
    """The p values that a χ² statistic can have printed from."""
    return float(stats.chi2.sf(statistic.high, df)), float(stats.chi2.sf(statistic.low, df))
