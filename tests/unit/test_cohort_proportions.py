"""Shares and their comparison: the published ones, the ends, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from mrdq.cohort.proportions import compare, rate

PUBLISHED = [[73, 55], [64, 66]]
"""MRD-negative after A-1 of 137 and 121 patients."""


def test_published_comparison() -> None:
    """Pearson 0.2094 is the printed .21; Yates 0.258 and Fisher 0.215 are not."""
    found = compare(PUBLISHED).set_index("test")
    assert list(found.index) == ["pearson", "yates", "fisher"]
    np.testing.assert_allclose(found["p"], [0.2094, 0.2582, 0.2152], atol=5e-5)
    assert found["df"].tolist()[:2] == [1, 1]
    assert np.isnan(found.loc["fisher", "df"])
    assert found.loc["fisher", "statistic"] == pytest.approx(73 * 66 / (55 * 64))
    assert (found["note"] == "").all()


def test_published_rate() -> None:
    found = rate(73, 137)
    assert round(100 * found.estimate, 1) == 53.3
    assert (
        found.exact_low < found.wilson_low < found.estimate < found.wilson_high < found.exact_high
    )


def test_none_of_15() -> None:
    """Upper limits: Wilson z²/(n + z²) = 3.841459/18.841459; exact 1 − 0.025^(1/15)."""
    found = rate(0, 15)
    assert (found.estimate, found.wilson_low, found.exact_low) == (0, 0, 0)
    assert found.wilson_high == pytest.approx(3.841458820694124 / 18.841458820694124, rel=1e-9)
    assert found.exact_high == pytest.approx(1 - 0.025 ** (1 / 15), rel=1e-9)


def test_all_of_15_is_none_of_15_turned_round() -> None:
    none, everyone = rate(0, 15), rate(15, 15)
    assert (everyone.estimate, everyone.wilson_high, everyone.exact_high) == (1, 1, 1)
    assert everyone.wilson_low == pytest.approx(1 - none.wilson_high, rel=1e-12)
    assert everyone.exact_low == pytest.approx(1 - none.exact_high, rel=1e-12)


@pytest.mark.parametrize("n", [1, 3, 7, 137, 10**6])
def test_the_ends_are_exactly_0_and_1(n: int) -> None:
    assert rate(0, n).wilson_low == 0
    assert rate(n, n).wilson_high == 1


def test_a_share_of_nobody() -> None:
    found = rate(0, 0)
    assert np.isnan(
        [found.estimate, found.wilson_low, found.wilson_high, found.exact_low, found.exact_high]
    ).all()


def test_confidence() -> None:
    assert rate(3, 10, confidence=0.99).exact_low < rate(3, 10, confidence=0.9).exact_low
    with pytest.raises(ValueError, match=r"^confidence must be in \(0, 1\), but was 95$"):
        rate(3, 10, confidence=95)


@pytest.mark.parametrize(("count", "total"), [(5, 4), (-1, 4), (1.5, 4), (0, -1)])
def test_counts_are_checked(count: int, total: int) -> None:
    message = f"^count must be whole and between 0 and total, but was {count} of {total}$"
    with pytest.raises(ValueError, match=message):
        rate(count, total)


@pytest.mark.parametrize(
    ("table", "note"),
    [
        ([[0, 0], [4, 5]], "all patients have the same result"),
        ([[4, 5], [0, 0]], "all patients have the same result"),
        ([[0, 3], [0, 5]], "trial 1 has no patients"),
        ([[3, 0, 1], [5, 0, 2]], "trial 2 has no patients"),
    ],
)
def test_an_empty_margin(table: list[list[int]], note: str) -> None:
    found = compare(table)
    assert found[["statistic", "p"]].isna().all(axis=None)
    assert (found["note"] == note).all()


def test_a_cell_of_0_has_no_odds_ratio() -> None:
    found = compare([[0, 5], [9, 4]]).set_index("test").loc["fisher"]
    assert np.isnan(found["statistic"])
    assert found["p"] < 0.05


def test_three_trials() -> None:
    found = compare([[20, 30, 25], [15, 10, 30]]).set_index("test")
    assert found.loc["pearson", "df"] == 2
    assert found.loc["pearson", "note"] == ""
    for test in ("yates", "fisher"):
        assert np.isnan(found.loc[test, "p"])
        assert found.loc[test, "note"] == "for two trials only, here 3"


@pytest.mark.parametrize("table", [[[1], [2]], [1, 2], [[1, 2]], [[1, 2], [3, 4], [5, 6]]])
def test_shape(table: list[list[int]]) -> None:
    with pytest.raises(
        ValueError, match=r"^table must have 2 rows and at least 2 trials, but had shape \("
    ):
        compare(table)


@pytest.mark.parametrize("wrong", [-1.0, 2.5, np.nan, np.inf])
def test_counts(wrong: float) -> None:
    with pytest.raises(ValueError, match=f"^table must hold counts, but held {wrong}$"):
        compare([[1, wrong], [3, 4]])
