"""Firth's correction: by hand, its gradient, its laws, and the data it is for."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from mrdq.cohort import cox, firth
from mrdq.cohort.hazard_model import hazard_model
from mrdq.cohort.newton import climb


def one(values: object) -> pd.DataFrame:
    return pd.DataFrame({"x": np.asarray(values, dtype=float)})


def trial(seed: int, n: int = 60) -> tuple[np.ndarray, np.ndarray, pd.DataFrame]:
    draw = np.random.default_rng(seed)
    x = pd.DataFrame({"a": draw.integers(0, 2, n).astype(float), "b": draw.normal(size=n)})
    return draw.integers(0, 12, n), draw.integers(0, 2, n), x


def penalised(time: object, event: object, x: pd.DataFrame) -> firth.Objective:
    model = hazard_model(time, event, x, entry=None, strata=None, efron=True)
    assert model.sets is not None
    return firth.penalised(model.sets)


def test_by_hand() -> None:
    """One event, x = 1, among three of which two have x = 0.  With p the share of x = 1 in the
    hazard, l* = log p + log(p(1 - p))/2, highest at p = 3/4: e^b = 2p/(1 - p) = 6.  Without
    penalty there is no maximum.
    """
    args = [1, 2, 2], [1, 0, 0], one([1, 0, 0])
    row = cox.fit(*args, method="firth").table.iloc[0]
    assert row["hazard_ratio"] == pytest.approx(6, rel=1e-8)
    assert row["se"] == pytest.approx((3 / 16) ** -0.5, rel=1e-8)
    star = lambda p: np.log(p) + np.log(p * (1 - p)) / 2  # noqa: E731
    chi = 2 * (star(3 / 4) - star(1 / 3))
    assert row["z"] == pytest.approx(np.sqrt(chi), rel=1e-7)
    for end in ("low", "high"):
        p = row[end] / (row[end] + 2)
        assert 2 * (star(3 / 4) - star(p)) == pytest.approx(3.841458820694124, rel=1e-7)
    assert np.isnan(cox.fit(*args).table["coef"][0])


@pytest.mark.parametrize("seed", range(4))
def test_the_gradient_is_that_of_the_value(seed: int) -> None:
    time, event, x = trial(seed)
    objective = penalised(time, event, x)
    at = np.random.default_rng(seed).normal(size=2) / 2
    h = 1e-5 * np.eye(2)
    slope = [(objective(at + d)[0] - objective(at - d)[0]) / 2e-5 for d in h]
    np.testing.assert_allclose(objective(at)[1], slope, rtol=1e-6, atol=1e-7)


def test_laws() -> None:
    time, event, x = trial(1)
    base = cox.fit(time, event, x, method="firth")
    assert base.note == ""
    order = np.random.default_rng(0).permutation(len(time))
    for same in (
        cox.fit(time[order], event[order], x.iloc[order], method="firth"),
        cox.fit(time * 7, event, x, method="firth"),
        cox.fit(time, event, x + 5, method="firth"),
    ):
        pd.testing.assert_frame_equal(same.table, base.table, rtol=1e-6)
    scaled = cox.fit(time, event, x.assign(b=100 * x["b"]), method="firth")
    assert scaled.table["coef"][1] == pytest.approx(base.table["coef"][1] / 100, rel=1e-6)
    assert scaled.table["p"].tolist() == pytest.approx(base.table["p"].tolist(), rel=1e-6)
    # The penalty is that of the covariates as given: log 100 more for one of them.
    assert scaled.loglik[1] - base.loglik[1] == pytest.approx(np.log(100))
    mirrored = cox.fit(time, event, x.assign(a=1 - x["a"]), method="firth").table.iloc[0]
    assert mirrored["low"] == pytest.approx(1 / base.table["high"][0], rel=1e-6)
    assert mirrored["z"] == pytest.approx(-base.table["z"][0], rel=1e-6)


def test_interval_and_test_agree() -> None:
    """With the confidence 1 - p, one end of the interval is a ratio of 1."""
    time, event, x = trial(2)
    table = cox.fit(time, event, x, method="firth").table
    for k in range(2):
        again = cox.fit(time, event, x, method="firth", confidence=1 - table["p"][k]).table
        nearest = again["low" if table["coef"][k] > 0 else "high"][k]
        assert nearest == pytest.approx(1, rel=1e-5)


def test_with_many_events_the_correction_is_small() -> None:
    time, event, x = trial(3, n=5000)
    plain, corrected = cox.fit(time, event, x).table, cox.fit(time, event, x, method="firth").table
    for column in ("coef", "se", "p"):
        np.testing.assert_allclose(corrected[column], plain[column], rtol=0.02, atol=1e-3)


def test_a_group_without_an_event_has_a_finite_estimate() -> None:
    time, event, x = trial(4)
    event = np.where(x["a"] == 1, 0, event)
    found = cox.fit(time, event, x, method="firth")
    assert found.note == ""
    row = found.table.iloc[0]
    assert 0 < row["low"] < row["hazard_ratio"] < row["high"] < 1
    assert found.loglik[1] > found.loglik[0]


def test_what_has_no_estimate_is_set_aside() -> None:
    time, event, x = trial(5)
    base = cox.fit(time, event, x, method="firth").table
    for more, note in (
        ({"c": 1.0}, "c is the same in all who are at risk together"),
        ({"c": 2 * x["a"] + 1}, "a, c cannot be told apart: one is a combination of the others"),
    ):
        found = cox.fit(time, event, x.assign(**more), method="firth")
        assert found.note == note
        lost = found.table["covariate"].isin(note.split(" is ")[0].split(" cannot ")[0].split(", "))
        assert found.table.loc[lost].drop(columns="covariate").isna().all().all()
        kept = found.table.loc[~lost].reset_index(drop=True)
        same = base[base["covariate"].isin(kept["covariate"])].reset_index(drop=True)
        pd.testing.assert_frame_equal(kept, same, rtol=1e-6)


def test_an_end_that_is_not_found_is_told() -> None:
    """Two events and two covariates among six patients: l* is too flat for an interval."""
    x = pd.DataFrame({"a": [79.2, 73.1, 46.2, -49.5, 24.8, 63.7],
                      "b": [0.005, -0.047, -0.12, 0.148, 0.129, -0.058]})  # fmt: skip
    found = cox.fit([4, 3, 4, 3, 3, 4], [1, 0, 1, 0, 0, 0], x, method="firth")
    assert found.note.startswith("no end of the interval, or no test, was found for a, b")
    assert found.table["coef"].notna().all()
    assert found.table[["low", "high"]].isna().all().all()


def test_a_climb_that_does_not_arrive_says_so() -> None:
    """A line has no top; a ridge may be declared hopeless; a wall stops every step."""
    line = lambda b: (float(b[0]), np.ones(1), np.eye(1))  # noqa: E731
    assert not climb(line, np.zeros(1)).converged
    assert not climb(line, np.zeros(1), hopeless=lambda _: True).converged
    wall = lambda b: (0.0 if b[0] == 0 else np.nan, np.ones(1), np.eye(1))  # noqa: E731
    assert not climb(wall, np.zeros(1)).converged
    flat = lambda b: (0.0, np.ones(1), np.zeros((1, 1)))  # noqa: E731
    assert not climb(flat, np.zeros(1)).converged
