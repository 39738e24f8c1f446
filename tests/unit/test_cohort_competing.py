"""Cumulative incidence: by hand, beside statsmodels, its laws, and where there is no estimate."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from statsmodels.duration.survfunc import CumIncidenceRight

from mrdq.cohort import competing, kaplan_meier

nan = np.nan
CAUSES = np.array(["", "relapse", "death"], dtype=object)


def cohort(seed: int, n: int = 200, days: int = 25) -> tuple[np.ndarray, np.ndarray]:
    """Few days, so that every day has ties of events, of both causes and of losses."""
    draw = np.random.default_rng(seed)
    return draw.integers(0, days, n), CAUSES[draw.choice(3, n, p=(0.5, 0.3, 0.2))]


def test_by_hand() -> None:
    """Five patients: relapse on day 1; relapse and death on day 2; a loss on day 2; death on day 4.

    F = 1/5, then 1/5 + 4/5 · 1/4 = 2/5, and no change on day 4, when nobody is left.
    """
    args = [1, 2, 2, 2, 4], ["relapse", "relapse", "death", "", "death"]
    found = competing.curve(*args, of="relapse")
    assert found.day.tolist() == [1, 2, 4]
    assert found.at_risk.tolist() == [5, 4, 1]
    assert found.n_events.tolist() == [1, 1, 0]
    assert found.n_others.tolist() == [0, 1, 1]
    assert found.n_censored.tolist() == [0, 1, 0]
    np.testing.assert_allclose(found.estimate, [0.2, 0.4, 0.4])
    np.testing.assert_allclose(found.survival, [0.8, 0.4, 0], atol=1e-15)
    # Before the loss nobody was missing: the variance is that of a share, F(1 - F)/n.
    np.testing.assert_allclose(found.se, np.sqrt([0.2 * 0.8 / 5] + 2 * [0.4 * 0.6 / 5]))
    wide = 1.959963984540054 * found.se / (found.estimate * np.log(found.estimate))
    np.testing.assert_allclose(found.low, found.estimate ** np.exp(-wide))
    np.testing.assert_allclose(found.high, found.estimate ** np.exp(wide))
    assert (found.low < found.estimate).all()


@pytest.mark.parametrize("seed", range(5))
def test_beside_statsmodels(seed: int) -> None:
    time, cause = cohort(seed)
    cause[time == time.max()] = ""  # statsmodels has no variance once nobody is left
    theirs = CumIncidenceRight(time, np.array([list(CAUSES).index(c) for c in cause]))
    for k, of in enumerate(CAUSES[1:]):
        ours = competing.curve(time, cause, of=of)
        np.testing.assert_allclose(ours.day, theirs.times)
        np.testing.assert_allclose(ours.estimate, theirs.cinc[k], rtol=1e-11)
        np.testing.assert_allclose(ours.se, theirs.cinc_se[k], rtol=1e-9, atol=1e-14)


@pytest.mark.parametrize("seed", range(5))
def test_causes_and_survival_make_one(seed: int) -> None:
    time, cause = cohort(seed)
    relapse, death = (competing.curve(time, cause, of=of) for of in CAUSES[1:])
    alive = kaplan_meier.curve(time, (cause != "").astype(int))
    np.testing.assert_allclose(relapse.estimate + death.estimate + alive.estimate, 1, rtol=1e-12)
    np.testing.assert_allclose(relapse.survival, alive.estimate, rtol=1e-12, atol=1e-15)


def test_with_one_cause_it_is_one_minus_kaplan_meier() -> None:
    time, cause = cohort(1)
    cause = np.where(cause == "", "", "relapse")
    found = competing.curve(time, cause, of="relapse")
    event = (cause != "").astype(int)
    alive = kaplan_meier.curve(time, event)
    np.testing.assert_allclose(found.estimate, 1 - alive.estimate, rtol=1e-12)
    # ... and its variance is Greenwood's: S² Σ d/(n(n - d)).
    spared = alive.at_risk - alive.n_events
    some = spared > 0
    sums = np.cumsum(alive.n_events[some] / (alive.at_risk * spared)[some])
    np.testing.assert_allclose(found.se[some], alive.estimate[some] * np.sqrt(sums), rtol=1e-9)


def test_laws() -> None:
    time, cause = cohort(2)
    base = competing.curve(time, cause, of="death")
    order = np.random.default_rng(0).permutation(len(time))
    same = competing.curve(time[order] * 30, cause[order], of="death")
    assert (same.day == base.day * 30).all()
    for name in ("estimate", "se", "low", "high"):
        np.testing.assert_array_equal(getattr(same, name), getattr(base, name))
    # Other causes may have other names, or several.
    renamed = np.where(cause == "relapse", np.where(time % 2, "x", "y"), cause)
    np.testing.assert_array_equal(competing.curve(time, renamed, of="death").high, base.high)
    # A loss on day 0, were it before all events, changes nothing.
    first = competing.curve([0, *(time + 1)], ["", *cause], of="death")
    np.testing.assert_allclose(first.estimate[1:], base.estimate, rtol=1e-12)
    assert (competing.curve(time, cause, of="death", confidence=0.5).low[-1] > base.low[-1]).all()


def test_at_fixed_days() -> None:
    time, cause = [0, 3, 5, 9], ["death", "relapse", "", ""]
    found = competing.cumulative_incidence(time, cause, [0, 3, 4, 9, 10], of="relapse")
    assert list(found) == [
        "day", "n", "n_events", "at_risk", "estimate", "low", "high", "note", "last_day", "last_estimate",
    ]  # fmt: skip
    assert found["n"].tolist() == [4] * 5
    assert found["n_events"].tolist() == [0, 1, 1, 1, 1]
    assert found["at_risk"].tolist() == [4, 3, 2, 1, 0]
    np.testing.assert_allclose(found["estimate"], [0, 0.25, 0.25, 0.25, nan])
    assert found["low"].isna().tolist() == [True, False, False, False, True]
    assert found["high"].isna().tolist() == [True, False, False, False, True]
    assert found["note"].tolist() == [
        "no relapse until day 0: no interval", "", "", "", "beyond the last follow-up (day 9)",
    ]  # fmt: skip
    assert found["last_day"].tolist() == [9] * 5
    np.testing.assert_allclose(found["last_estimate"], 0.25)


def test_all_censored() -> None:
    found = competing.cumulative_incidence([4, 5], ["", ""], [3, 5, 6], of="relapse")
    assert found["estimate"].tolist() == [0, 0, pytest.approx(nan, nan_ok=True)]
    assert found[["low", "high"]].isna().all().all()


def test_once_nobody_is_left_nothing_changes_any_more() -> None:
    found = competing.cumulative_incidence([2, 3], ["relapse", "death"], [3, 100], of="relapse")
    assert found["estimate"].tolist() == [0.5, 0.5]
    assert found["low"][1] == found["low"][0] > 0
    assert found["at_risk"].tolist() == [1, 0]
    # Three sixths and more add to one but for rounding: everybody had the event, no interval.
    all_ = competing.cumulative_incidence(np.arange(1, 50), ["relapse"] * 49, [49], of="relapse")
    assert all_["estimate"][0] == 1
    assert all_[["low", "high"]].isna().all().all()
    assert all_["note"][0] == "all patients had the event: no interval"


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"time": [1, -2]}, "time must be whole days from 0 on, but entry 1 was -2"),
        ({"time": []}, "time must hold at least one patient, but was empty"),
        ({"cause": [""]}, "cause must have a label for each of 2 patients, but had 1"),
        ({"cause": ["", None]}, "cause must have no missing label, but entry 1 was"),
        ({"cause": [0, 1]}, "cause must be text, but one was 0"),
        ({"of": ""}, 'the cause must be named, but was "", which is censoring'),
        ({"confidence": 1.3}, r"confidence must be in \(0, 1\), but was 1.3"),
    ],
)
def test_the_door(changed: dict[str, object], message: str) -> None:
    args = {"time": [1, 2], "cause": ["", "relapse"], "of": "relapse", **changed}
    with pytest.raises(ValueError, match=message):
        competing.curve(**args)


def test_a_pandas_column_will_do() -> None:
    time, cause = cohort(3)
    plain = competing.curve(time, cause, of="death")
    table = pd.DataFrame({"time": time, "cause": cause})
    assert (competing.curve(table["time"], table["cause"], of="death").estimate == plain.estimate).all()  # fmt: skip
