"""Levels known only by a bound: by hand, at the edges, and that the fit is the likeliest."""

from __future__ import annotations

import numpy as np
import pytest

from mrdq.cohort import turnbull
from mrdq.cohort.turnbull import levels, share_at_or_above

nan = np.nan


def gradients(low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Mean of 1/probability of each sample over those that a bit of mass at a place would reach.

    At the maximum none exceeds 1, and where there is mass it is 1 (Gentleman & Geyer 1994): the
    proof of a fit that shares no code with it.  Places: each bound and the middles between.
    """
    found = levels(low, high)
    low, high = np.nan_to_num(low), np.where(np.isnan(high), np.inf, high)
    points = found.share > 0
    inside = (found.low[points] >= low[:, None]) & (found.high[points] <= high[:, None])
    probability = inside @ found.share[points]
    bounds = np.unique(np.concatenate([low, high[np.isfinite(high)]]))
    places = np.concatenate([bounds, (bounds[1:] + bounds[:-1]) / 2, [bounds[-1] * 2]])
    reached = (places == low[:, None]) & (low == high)[:, None]
    reached |= (places >= low[:, None]) & (places < high[:, None])
    return np.asarray((reached / probability[:, None]).mean(axis=0))


def test_exact_levels_are_counted() -> None:
    found = share_at_or_above([1e-3, 1e-4, 5e-5, 1e-2], [1e-3, 1e-4, 5e-5, 1e-2], 1e-4)
    assert (found.n, found.estimate, found.lowest, found.highest) == (4, 0.75, 0.75, 0.75)


def test_a_level_at_the_bound_is_not_below_it() -> None:
    """Nine negatives with sensitivity 1e-4, one level of 1e-4: one of ten is at or above 1e-4."""
    found = share_at_or_above([1e-4] + [nan] * 9, [1e-4] * 10, 1e-4)
    assert (found.estimate, found.lowest, found.highest) == pytest.approx((0.1, 0.1, 0.1))


def test_by_hand_from_above() -> None:
    """From above: 1e-2 (1 of 5), 1e-3 is 1 of 4; one is lost below 1e-3, then 1e-4 is 1 of 2.

    Shares 1/5, 4/5 · 1/4 = 1/5, 3/5 · 1/2 = 3/10; 3/10 lies below 1e-5.
    """
    low, high = [1e-2, 1e-3, nan, 1e-4, nan], [1e-2, 1e-3, 1e-3, 1e-4, 1e-5]
    found = levels(low, high)
    np.testing.assert_allclose(found.low, [0, 1e-4, 1e-3, 1e-2])
    np.testing.assert_allclose(found.high, [1e-5, 1e-4, 1e-3, 1e-2])
    np.testing.assert_allclose(found.share, [0.3, 0.3, 0.2, 0.2])
    assert share_at_or_above(low, high, 1e-4).estimate == pytest.approx(0.7)


def test_a_bound_across_the_cut_leaves_the_share_open() -> None:
    """Half are below 1e-3, which says nothing of 1e-4."""
    found = share_at_or_above([1e-2, nan], [1e-2, 1e-3], 1e-4)
    assert (found.lowest, found.highest) == pytest.approx((0.5, 1.0))
    assert np.isnan(found.estimate)


def test_a_lower_bound_at_the_cut_is_at_or_above_it() -> None:
    assert share_at_or_above([1e-3, nan], [nan, 1e-4], 1e-3).estimate == pytest.approx(0.5)


def test_an_interval_by_hand() -> None:
    """[2, 6), [1, 3), [5, 9): mass in [2, 3) and [5, 6).

    log L = log(p + q) + log p + log q with p + q = 1: one half each.
    """
    found = levels([2, 1, 5], [6, 3, 9])
    np.testing.assert_allclose(found.low, [2, 5])
    np.testing.assert_allclose(found.high, [3, 6])
    np.testing.assert_allclose(found.share, [0.5, 0.5], atol=1e-9)


def test_a_mass_of_0_where_the_em_crawls() -> None:
    """[1, 3), [2, 4), and one in each outer third: the middle third gets nothing.

    With mass a, 1 − 2a, a: L = 2 log(1 − a) + 2 log a, highest at a = 1/2 = the end of its range,
    where the EM comes no nearer than 1/rounds.
    """
    found = levels([1, 2, 1, 3], [3, 4, 2, 4])
    np.testing.assert_allclose(found.share, [0.5, 0, 0.5], atol=1e-8)
    assert share_at_or_above([1, 2, 1, 3], [3, 4, 2, 4], 2.5).estimate == pytest.approx(0.5)


def random_intervals(seed: int) -> tuple[np.ndarray, np.ndarray]:
    draw = np.random.default_rng(seed)
    n = int(draw.integers(1, 60))
    low = draw.integers(0, 12, n).astype(float)
    high = low + draw.integers(0, 6, n)
    high[(low == 0) & (high == 0)] = 1.0
    return np.where(draw.random(n) < 0.2, nan, low), np.where(
        draw.random(n) < 0.2, nan, np.maximum(high, 0.5)
    )


@pytest.mark.parametrize("seed", range(60))
def test_no_shift_of_mass_is_likelier(seed: int) -> None:
    low, high = random_intervals(seed)
    assert levels(low, high).share.sum() == pytest.approx(1)
    assert gradients(low, high).max() <= 1 + 1e-8


@pytest.mark.parametrize("seed", range(20))
def test_the_curve_from_above_is_the_general_fit(seed: int) -> None:
    """A lower bound of almost 0 for one sample is no news, but sends it the general way."""
    draw = np.random.default_rng(seed)
    high = draw.integers(1, 10, 40).astype(float)
    low = np.where(draw.random(40) < 0.5, high, nan)
    low[0], high[0] = nan, 5.0
    general = np.where(np.arange(40) == 0, 1e-6, low)
    for cut in range(1, 10):
        ours, other = share_at_or_above(low, high, cut), share_at_or_above(general, high, cut)
        assert (ours.lowest, ours.highest) == pytest.approx((other.lowest, other.highest), abs=1e-8)


def test_bounds_that_differ_in_the_last_bits_are_one() -> None:
    """A level a bit below the bound of the negatives would draw all of their mass to it."""
    high = 1e-4
    found = share_at_or_above(
        [high * (1 - 1e-15)] + [nan] * 9, [high * (1 - 1e-15)] + [high] * 9, 1e-4
    )
    assert found.estimate == pytest.approx(0.1)


def test_samples_that_say_nothing_do_not_count() -> None:
    found = share_at_or_above([1e-3, nan, 0], [1e-3, nan, nan], 1e-4)
    assert (found.n, found.estimate) == (1, 1.0)


def test_nothing_is_known() -> None:
    found = share_at_or_above([nan], [nan], 1e-4)
    assert (found.n, found.lowest, found.highest) == (0, 0, 1)
    assert np.isnan(found.estimate)


@pytest.mark.parametrize(
    ("low", "high", "message"),
    [
        ([], [], "low must hold at least one sample, but was empty"),
        ([1], [1, 2], r"low and high must be of one length, but had shapes \(1,\) and \(2,\)"),
        ([-1e-4], [1e-3], "low must be a level or missing, but entry 0 was -0.0001"),
        ([np.inf], [nan], "low must be a level or missing, but entry 0 was inf"),
        ([nan], [-1e-3], "high must be a level or missing, but entry 0 was -0.001"),
        ([0.1, nan], [0.1, 0], "high must be above 0, but entry 1 was 0.0"),
        ([2e-3], [1e-3], "low must not be above high, but entry 0 was 0.002"),
    ],
)
def test_refused(low: list[float], high: list[float], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}$"):
        levels(low, high)


@pytest.mark.parametrize("cut", [0, -1e-4, nan, np.inf])
def test_the_cut_is_a_level(cut: float) -> None:
    with pytest.raises(ValueError, match=f"^cut must be a level above 0, but was {cut}$"):
        share_at_or_above([nan], [1e-4], cut)


def test_too_many_bounds_for_the_general_fit() -> None:
    low = np.arange(1.0, 2002.0)
    with pytest.raises(
        ValueError, match=r"^high and low must have at most 3000 different values, but had 4002$"
    ):
        levels(low, low + 0.5)


def test_a_fit_that_does_not_end_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turnbull, "_MOST_ROUNDS", 1)
    with pytest.raises(
        ArithmeticError, match=r"^the likeliest distribution was not found in 1 rounds$"
    ):
        levels([2, 1, 5, 3], [6, 3, 9, 7])
