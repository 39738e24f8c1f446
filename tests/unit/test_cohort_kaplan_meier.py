"""Kaplan-Meier curves: by hand, at the edges, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from mrdq.cohort import kaplan_meier
from mrdq.cohort.kaplan_meier import KaplanMeier, at, curve, median, median_follow_up

nan = np.nan


def shown(found: KaplanMeier, name: str) -> list[float]:
    return [round(float(value), 6) for value in getattr(found, name)]


def test_by_hand() -> None:
    """Five patients: event at 2; loss and event at 3 (the event first); loss at 5; event at 7.

    S: 4/5; 4/5 · 3/4 = 3/5; 3/5; 0.  Interval at 3: σ² = 1/(5·4) + 1/(4·3) = 2/15, log S = −0.510826,
    0.6^exp(±1.959964 · √(2/15) / 0.510826) = 0.6^4.0593, 0.6^0.24635 = 0.12573, 0.88176.
    """
    found = curve([7, 2, 3, 3, 5], [1, 1, 0, 1, 0])
    assert shown(found, "day") == [2, 3, 5, 7]
    assert shown(found, "at_risk") == [5, 4, 2, 1]
    assert shown(found, "n_events") == [1, 1, 0, 1]
    assert shown(found, "n_censored") == [0, 1, 1, 0]
    assert shown(found, "estimate") == [0.8, 0.6, 0.6, 0.0]
    np.testing.assert_allclose(found.low[1:], [0.125730, 0.125730, nan], atol=1e-6)
    np.testing.assert_allclose(found.high[1:], [0.881756, 0.881756, nan], atol=1e-6)
    assert (found.n, found.total_events, found.last_day) == (5, 3, 7)


def test_where_nothing_has_happened_there_is_no_interval() -> None:
    found = curve([1, 4, 9], [0, 1, 0])
    assert np.isnan([found.low[0], found.high[0]]).all()
    assert np.isfinite([found.low[1], found.high[1]]).all()


def test_a_wider_confidence_is_a_wider_interval() -> None:
    narrow, wide = (curve([1, 4, 9], [0, 1, 0], confidence=c) for c in (0.9, 0.99))
    assert wide.low[1] < narrow.low[1] < narrow.high[1] < wide.high[1]


def test_at_counts_and_steps() -> None:
    found = at(curve([0, 2, 3, 3, 5], [0, 1, 0, 1, 0]), [0, 1, 2, 3, 4, 5])
    assert found["at_risk"].tolist() == [5, 4, 4, 3, 1, 1]
    assert found["n_events"].tolist() == [0, 0, 1, 2, 2, 2]
    np.testing.assert_allclose(found["estimate"], [1, 1, 0.75, 0.5, 0.5, 0.5])
    assert (found["n"] == 5).all()
    assert list(found) == ["day", "n", "n_events", "at_risk", "estimate", "low", "high", "bound", "note",
                           "last_day", "last_estimate", "last_low", "last_high"]  # fmt: skip


def test_nothing_happened_gives_a_one_sided_bound() -> None:
    """0.025^(1/15) = exp(−3.688879/15) = 0.782."""
    found = at(curve([100] * 15, [0] * 15), [50, 100]).iloc[1]
    assert found["estimate"] == 1
    assert np.isnan(found["low"])
    assert np.isnan(found["high"])
    assert round(found["bound"], 3) == 0.782
    assert found["note"] == "no event until then: a one-sided 97.5 % lower bound, no interval"


def test_the_bound_counts_those_still_at_risk() -> None:
    found = at(curve([10, 20, 20], [0, 0, 0]), [5, 15])
    np.testing.assert_allclose(found["bound"], [0.025 ** (1 / 3), 0.025 ** (1 / 2)])


def test_the_bound_follows_the_confidence() -> None:
    found = at(curve([10], [0], confidence=0.9), [5]).iloc[0]
    assert round(found["bound"], 9) == 0.05
    assert "95 %" in found["note"]


def test_beyond_the_last_follow_up_nothing_is_estimated() -> None:
    found = at(curve([2, 3, 3, 5], [1, 1, 0, 0]), [5, 6]).set_index("day")
    assert found.loc[5, "note"] == ""
    assert found.loc[5, "estimate"] == 0.5
    beyond = found.loc[6]
    assert beyond[["estimate", "low", "high", "bound"]].isna().all()
    assert beyond["note"] == "beyond the last follow-up (day 5)"
    assert beyond["at_risk"] == 0
    assert beyond["n_events"] == 2
    assert beyond["last_day"] == 5
    assert beyond["last_estimate"] == 0.5
    np.testing.assert_allclose(
        beyond[["last_low", "last_high"]].astype(float), found.loc[5, ["low", "high"]].astype(float)
    )


def test_beyond_the_last_follow_up_there_is_no_bound_either() -> None:
    found = at(curve([5], [0]), [6]).iloc[0]
    assert np.isnan(found["bound"])
    assert found["note"] == "beyond the last follow-up (day 5)"


def test_a_curve_that_came_down_to_0_stays_there() -> None:
    found = at(curve([2, 5], [1, 1]), [9]).iloc[0]
    assert found["estimate"] == 0
    assert np.isnan(found["low"])
    assert found["note"] == "nobody is without the event: no interval"


def test_an_event_on_day_0_counts() -> None:
    """As R: 4 at risk on day 0, one event."""
    found = curve([0, 0, 1, 2], [1, 0, 1, 0])
    assert shown(found, "estimate") == [0.75, 0.375, 0.375]


def test_all_censored() -> None:
    found = curve([3, 1], [0, 0])
    assert shown(found, "estimate") == [1, 1]
    assert np.isnan(median(found)).all()


def test_one_event_in_one_patient() -> None:
    found = curve([0], [1])
    assert shown(found, "estimate") == [0]
    assert median(found)[0] == 0
    assert np.isnan(median_follow_up([0], [1])).all()


@pytest.mark.parametrize(
    ("time", "event", "expected"),
    [
        ([1, 2, 3, 4], [1, 1, 1, 1], 2.5),  # one half from 2 until 3: the middle, as R
        ([1, 2, 3, 4], [1, 1, 0, 0], 2.0),  # one half to the end: its first day, as R prints
        ([1, 2, 3], [1, 1, 1], 2.0),
        ([1, 2, 3, 4], [1, 0, 0, 0], nan),
        ([6] * 7 + [9], [1] * 4 + [0] * 3 + [1], 7.5),
    ],
)
def test_median(time: list[int], event: list[int], expected: float) -> None:
    np.testing.assert_equal(median(curve(time, event))[0], expected)


def test_one_half_but_for_the_last_bit_is_one_half() -> None:
    """(1 − 1/6)(1 − 1/5)(1 − 1/4) is 0.5 or 0.5000000000000001: the middle of days 3 and 4."""
    assert median(curve([1, 2, 3, 4, 5, 6], [1] * 6))[0] == 3.5


def test_median_follow_up_turns_events_and_losses_round() -> None:
    time, event = [1, 4, 6, 8], [1, 0, 1, 0]
    np.testing.assert_equal(median_follow_up(time, event), median(curve(time, [0, 1, 0, 1])))


@pytest.mark.parametrize(
    ("time", "event", "message"),
    [
        ([], [], "time must hold at least one patient, but was empty"),
        ([1, 2], [1], "time and event must be of one length, but were 2 and 1"),
        ([1.0, 3.5], [1, 0], "time must be whole days from 0 on, but entry 1 was 3.5"),
        ([1, -2], [1, 0], "time must be whole days from 0 on, but entry 1 was -2"),
        ([nan, 1], [1, 0], "time must be whole days from 0 on, but entry 0 was nan"),
        ([np.inf, 1], [1, 0], "time must be whole days from 0 on, but entry 0 was inf"),
        (["a"], [1], "time must be numbers, but was <U1: a"),
        (np.array(["2020-01-01"], "M8[D]"), [1], r"time must be numbers, but was datetime64\[D\]: 2020-01-01"),
        ([[1, 2]], [1], "time must have one dimension, but had 2"),
        ([1, 2], [1, 2], "event must be 0 or 1, but entry 1 was 2"),
        ([1, 2], [1, nan], "event must be 0 or 1, but entry 1 was nan"),
        ([1], ["1"], "event must be numbers, but was <U1: 1"),
    ],
)  # fmt: skip
def test_refused(time: list[float], event: list[float], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}$"):
        kaplan_meier.follow_up(time, event)


@pytest.mark.parametrize("confidence", [0, 1, 95, -0.1, nan])
def test_confidence(confidence: float) -> None:
    with pytest.raises(
        ValueError, match=rf"^confidence must be in \(0, 1\), but was {confidence}$"
    ):
        curve([1], [1], confidence=confidence)


def test_days_asked_for_are_whole() -> None:
    with pytest.raises(
        ValueError, match=r"^days must be whole days from 0 on, but entry 0 was 730\.5$"
    ):
        at(curve([1], [1]), [730.5])


def test_floats_and_truth_values_that_mean_days_and_events() -> None:
    time, event = kaplan_meier.follow_up([1.0, 2.0], [True, False])
    assert (time.dtype, event.tolist()) == (np.int64, [1, 0])


def test_no_day_asked_for() -> None:
    assert len(at(curve([1], [1]), [])) == 0
