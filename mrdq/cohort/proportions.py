"""Shares of patients: their intervals, and their comparison between trials."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.stats import chi2_contingency, fisher_exact
from statsmodels.stats.proportion import proportion_confint


@dataclass(frozen=True, slots=True)
class Rate:
    """A share with two intervals; fractions, all NaN for a share of nobody."""

    estimate: float
    wilson_low: float
    wilson_high: float
    exact_low: float
    exact_high: float


def rate(count: int, total: int, *, confidence: float = 0.95) -> Rate:
    """``count`` of ``total`` with the intervals of Wilson and of Clopper and Pearson.

    At 0 of n the exact lower limit is 0 and the upper one 1 − α^(1/n), α = (1 − confidence)/2:
    in effect a one-sided 97.5 % bound.  At n of n likewise, with 1 and α^(1/n).
    Sources: Wilson 1927, doi:10.1080/01621459.1927.10502953; Clopper & Pearson 1934,
    doi:10.1093/biomet/26.4.404.

    Raises ValueError unless 0 ≤ count ≤ total.
    """
    if count != int(count) or total != int(total) or not 0 <= count <= total:
        raise ValueError(f"count must be whole and between 0 and total, but was {count} of {total}")
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must be in (0, 1), but was {confidence}")
    if total == 0:
        return Rate(np.nan, np.nan, np.nan, np.nan, np.nan)
    wilson = proportion_confint(count, total, alpha=1 - confidence, method="wilson")
    exact = proportion_confint(count, total, alpha=1 - confidence, method="beta")
    # Wilson's limit at an end is that end; the last bit of its arithmetic is not.
    low, high = 0.0 if count == 0 else wilson[0], 1.0 if count == total else wilson[1]
    return Rate(count / total, float(low), float(high), float(exact[0]), float(exact[1]))


def compare(table: ArrayLike) -> pd.DataFrame:
    """Whether a share differs between trials, by three tests.

    ``pearson``: χ² without correction; ``yates``: with the continuity correction; ``fisher``:
    exact, two-sided (the tables no likelier than this one; doi:10.2307/2340521).  The last two
    are of two trials only.  A row or column of nobody, or another shape: NaN, and a note.

    Parameters
    ----------
    table: counts of shape (2, trials): those with the result, those without it.

    Returns
    -------
    ``test statistic df p note``; the statistic of Fisher's test is the sample odds ratio (NaN
    if a cell is 0), and it has no degrees of freedom.
    """
    counts = _counts(table)
    n_trials = counts.shape[1]
    empty = _empty(counts)
    pair = empty or ("" if n_trials == 2 else f"for two trials only, here {n_trials}")
    return pd.DataFrame(
        [_chi_square("pearson", counts, empty), _chi_square("yates", counts, pair), _fisher(counts, pair)],
        columns=["test", "statistic", "df", "p", "note"],
    )  # fmt: skip


def _counts(table: ArrayLike) -> NDArray[np.int64]:
    counts = np.asarray(table)
    if counts.ndim != 2 or counts.shape[0] != 2 or counts.shape[1] < 2:
        raise ValueError(
            f"table must have 2 rows and at least 2 trials, but had shape {counts.shape}"
        )
    wrong = ~(np.isfinite(counts) & (counts >= 0) & (counts == np.floor(counts)))
    if wrong.any():
        raise ValueError(f"table must hold counts, but held {counts[wrong][0]}")
    return counts.astype(np.int64)


def _empty(counts: NDArray[np.int64]) -> str:
    """Why there is nothing to compare, or nothing."""
    if (counts.sum(axis=0) == 0).any():
        return f"trial {int(np.argmin(counts.sum(axis=0))) + 1} has no patients"
    if (counts.sum(axis=1) == 0).any():
        return "all patients have the same result"
    return ""


def _chi_square(test: str, counts: NDArray[np.int64], why_not: str) -> tuple[object, ...]:
    df = float(counts.shape[1] - 1)
    if why_not:
        return test, np.nan, df, np.nan, why_not
    found = chi2_contingency(counts, correction=test == "yates")
    return test, float(found.statistic), df, float(found.pvalue), ""


def _fisher(counts: NDArray[np.int64], why_not: str) -> tuple[object, ...]:
    if why_not:
        return "fisher", np.nan, np.nan, np.nan, why_not
    found = fisher_exact(counts)
    ratio = float(found.statistic) if counts.all() else np.nan
    return "fisher", ratio, np.nan, float(found.pvalue), ""
