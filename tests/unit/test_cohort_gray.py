"""Gray's test: by hand, its laws, and where there is nothing to compare."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from mrdq.cohort.gray import gray
from mrdq.cohort.logrank import logrank

CAUSES = np.array(["", "relapse", "death"], dtype=object)


def cohort(seed: int, groups: int = 3) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    draw = np.random.default_rng(seed)
    time, cause = draw.integers(0, 30, 300), CAUSES[draw.choice(3, 300, p=(0.4, 0.3, 0.3))]
    return time, cause, draw.integers(0, groups, 300), draw.integers(0, 2, 300)


def test_expected_events_by_hand() -> None:
    """A loses one of two to death on day 1; on day 2 A's one survivor and B's two are at risk.

    A's one counts for one over its Kaplan-Meier share of a half, as two: of the relapse half is
    expected in A, where the log-rank test expects a third.  Then B's other follows alone.
    """
    time, cause = [1, 2, 2, 3], ["death", "relapse", "", "relapse"]
    group = ["A", "A", "B", "B"]
    found = gray(time, cause, group, of="relapse")
    assert found.observed == {"A": 1, "B": 1}
    # Day 3: A has nobody at risk, so that all is B's.
    assert found.expected == {"A": pytest.approx(0.5), "B": pytest.approx(1.5)}
    relapse = [int(c == "relapse") for c in cause]
    assert logrank(time, relapse, group).expected["A"] == pytest.approx(1 / 3)
    assert (found.n, found.n_events, found.df) == (4, 2, 1)


@pytest.mark.parametrize("seed", range(3))
def test_laws(seed: int) -> None:
    time, cause, group, strata = cohort(seed)
    base = gray(time, cause, group, of="relapse", strata=strata)
    order = np.random.default_rng(9).permutation(len(time))
    names = np.array(["z", "y", "x"])
    for same in (
        gray(time[order], cause[order], group[order], of="relapse", strata=strata[order]),
        gray(time * 30, cause, group, of="relapse", strata=strata),
        gray(time, cause, names[group], of="relapse", strata=strata),
        gray(time, cause, pd.Categorical(group, [0, 1, 2]), of="relapse", strata=strata),
        gray(time, np.where(cause == "death", "other", cause), group, of="relapse", strata=strata),
    ):
        assert same.statistic == pytest.approx(base.statistic, rel=1e-9)
        assert (same.df, same.note) == (2, "")
    assert sum(base.expected.values()) == pytest.approx(base.n_events)
    one_stratum = gray(time, cause, group, of="relapse", strata=np.zeros(len(time)))
    assert one_stratum.statistic == gray(time, cause, group, of="relapse").statistic


def test_two_groups_of_the_same_patients_do_not_differ() -> None:
    time, cause, _, _ = cohort(4)
    found = gray(np.tile(time, 2), np.tile(cause, 2), np.repeat([0, 1], len(time)), of="death")
    assert found.statistic == pytest.approx(0, abs=1e-12)
    assert found.p == pytest.approx(1)


def test_its_p_is_uniform_if_groups_are_drawn() -> None:
    time, cause, _, _ = cohort(5)
    draw = np.random.default_rng(6)
    p = [gray(time, cause, draw.integers(0, 2, len(time)), of="relapse").p for _ in range(400)]
    assert np.mean(np.array(p) < 0.05) == pytest.approx(0.05, abs=0.03)
    assert np.mean(p) == pytest.approx(0.5, abs=0.05)


def test_it_sees_what_the_cause_specific_test_does_not() -> None:
    """Deaths take group 1 away before relapse: the same hazard of relapse, another incidence."""
    draw = np.random.default_rng(7)
    group = np.repeat([0, 1], 1500)
    relapse, death = draw.exponential(300, 3000), draw.exponential(np.where(group, 60, 3000))
    cause = np.where(relapse < death, "relapse", "death")
    time = np.minimum(relapse, death).astype(int)
    assert gray(time, cause, group, of="relapse").p < 1e-10
    assert logrank(time, (cause == "relapse").astype(int), group).p > 0.01


def test_nothing_to_compare() -> None:
    time, cause, group, _ = cohort(8)
    for found, df, note in (
        (gray(time, cause, np.zeros(len(time)), of="relapse"), 0, "fewer than two groups with patients"),
        (gray(time, np.full(len(time), ""), group, of="relapse"), 2, "no relapse"),
        (gray(time, np.where(cause == "", "", "death"), group, of="relapse"), 2, "no relapse"),
        (gray(time, cause, group, of="relapse", strata=group), 2,
         "the groups cannot be told apart: some are never at risk together"),
        (gray([3, 5], ["relapse", ""], ["A", "A"], of="relapse"), 0, "fewer than two groups with patients"),
    ):  # fmt: skip
        assert np.isnan(found.statistic)
        assert np.isnan(found.p)
        assert (found.df, found.note) == (df, note)


def test_a_group_of_nobody_is_left_out() -> None:
    time, cause, group, _ = cohort(9, groups=2)
    base = gray(time, cause, group, of="relapse")
    empty = gray(time, cause, pd.Categorical(group, [0, 1, 2]), of="relapse")
    assert (empty.statistic, empty.df) == (pytest.approx(base.statistic), 1)
    assert empty.note == "group 2 left out: no patients"


def test_a_stratum_without_events_adds_nothing() -> None:
    time, cause, group, strata = cohort(10)
    base = gray(time, cause, group, of="relapse", strata=strata)
    more = gray([*time, 4, 9], [*cause, "", ""], [*group, 0, 1], of="relapse", strata=[*strata, 2, 2])  # fmt: skip
    assert more.statistic == pytest.approx(base.statistic, rel=1e-12)
    assert more.n == base.n + 2


def test_one_event_and_everybody_gone() -> None:
    """No warning, no exception: one relapse on the last day, when each group loses its last."""
    found = gray([0, 4, 4, 4], ["death", "relapse", "death", "death"], list("ABBA"), of="relapse")
    assert found.n_events == 1
    assert found.df == 1
    assert 0 <= found.p <= 1


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"group": ["A"]}, "group must have a label for each of 2 patients, but had 1"),
        ({"group": ["A", None]}, "group must have no missing label, but entry 1 was"),
        ({"strata": [None, 1]}, "strata must have no missing label, but entry 0 was"),
        ({"time": [1.5, 2]}, "time must be whole days from 0 on, but entry 0 was 1.5"),
        ({"of": ""}, 'the cause must be named, but was "", which is censoring'),
    ],
)
def test_the_door(changed: dict[str, object], message: str) -> None:
    args = {"time": [1, 2], "cause": ["", "relapse"], "group": ["A", "B"], "of": "relapse"}
    with pytest.raises(ValueError, match=message):
        gray(**{**args, **changed})
