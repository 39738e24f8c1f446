"""The log-rank test: by hand, beside statsmodels, and where there is nothing to compare."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from statsmodels.duration.survfunc import survdiff

from mrdq.cohort.logrank import logrank

nan = np.nan


def test_by_hand() -> None:
    """A: event 1, event 3; B: event 2, loss 4.  Expected of A: 2/4 + 1/3 + 1/2 = 4/3.

    V = 1/2·1/2 + 1/3·2/3 + 1/2·1/2 = 13/18; χ² = (2 − 4/3)² / V = 8/13.
    """
    found = logrank([1, 3, 2, 4], [1, 1, 1, 0], ["A", "A", "B", "B"])
    assert found.statistic == pytest.approx(8 / 13, rel=1e-12)
    assert found.df == 1
    assert (found.n, found.n_events, found.note) == (4, 3, "")
    assert found.observed == {"A": 2, "B": 1}
    assert found.expected == {"A": pytest.approx(4 / 3), "B": pytest.approx(5 / 3)}


def test_ties_by_hand() -> None:
    """Two events among four at risk, two of each group: V = 2·½·½·(4 − 2)/(4 − 1) = 1/3.

    A has both: χ² = (2 − 1)² / V = 3.
    """
    found = logrank([5, 5, 5, 6], [1, 1, 0, 0], ["A", "A", "B", "B"])
    assert found.statistic == pytest.approx(3, rel=1e-12)
    assert found.p == pytest.approx(0.0832645166635504, rel=1e-9)  # R: pchisq(3, 1, lower = FALSE)


@pytest.mark.parametrize("n_groups", [2, 3, 5])
@pytest.mark.parametrize("stratified", [False, True])
def test_beside_statsmodels(n_groups: int, stratified: bool) -> None:
    draw = np.random.default_rng(n_groups)
    time, event = draw.integers(0, 60, 400), draw.integers(0, 2, 400)
    group, strata = draw.integers(0, n_groups, 400), draw.integers(0, 3, 400)
    ours = logrank(time, event, group, strata=strata if stratified else None)
    theirs = survdiff(time, event, group, strata=strata if stratified else None)
    np.testing.assert_allclose([ours.statistic, ours.p], theirs, rtol=1e-9)


def test_a_small_p_is_not_0() -> None:
    """Two groups of 200 of which one has died before the other begins to."""
    time = np.arange(400)
    found = logrank(time, np.ones(400), time < 200)
    assert 0 < found.p < 1e-60


ALONE = "no groups at risk together at an event that spares somebody"
NOTHING = [
    ("one group", [1, 2], [1, 1], ["A", "A"], 0, "fewer than two groups with patients"),
    ("no event", [1, 2], [0, 0], ["A", "B"], 1, "no event"),
    ("one group lost before", [1, 2, 3], [0, 1, 1], ["A", "B", "B"], 1,
     ALONE),
    ("all at once", [5, 5], [1, 1], ["A", "B"], 1,
     ALONE),
]  # fmt: skip


@pytest.mark.parametrize(("case", "time", "event", "group", "df", "note"), NOTHING, ids=lambda v: v if isinstance(v, str) else "")  # fmt: skip
def test_nothing_to_compare(
    case: str, time: list[int], event: list[int], group: list[str], df: int, note: str
) -> None:
    found = logrank(time, event, group)
    assert np.isnan([found.statistic, found.p]).all()
    assert (found.df, found.note, found.n, found.n_events) == (df, note, len(time), sum(event))


def test_groups_that_never_meet_in_a_stratum() -> None:
    found = logrank([1, 2, 3, 4], [1, 1, 1, 1], ["A", "A", "B", "B"], strata=["x", "x", "y", "y"])
    assert np.isnan(found.statistic)
    assert found.note == ALONE


def test_a_group_that_meets_no_other_is_left_out() -> None:
    """A rounding error in place of a covariance of 0 would make a huge statistic."""
    draw = np.random.default_rng(1)
    time, event = draw.integers(0, 99, 600), draw.integers(0, 2, 600)
    group = np.repeat(["A", "B", "C"], 200)
    found, pair = logrank(time, event, group, strata=group == "C"), logrank(time[:400], event[:400], group[:400])  # fmt: skip
    assert found.statistic == pytest.approx(pair.statistic, rel=1e-12)
    assert found.df == 1
    assert found.note == (
        "group C left out: nobody to compare at an event; "
        "stratum True left out: nobody to compare at an event"
    )


def test_two_camps_that_never_meet() -> None:
    group = np.array(list("ABAB" + "CDCD"))
    found = logrank([1, 2, 3, 4] * 2, [1] * 8, group, strata=group > "B")
    assert np.isnan(found.p)
    assert found.df == 3
    assert found.note == "some groups are never at risk together with the others at an event"


def test_a_group_lost_before_the_first_event_is_left_out_as_in_r() -> None:
    """R: survdiff(Surv(c(0,1,2,3,4), c(0,1,1,1,1)) ~ c(1,2,2,3,3)) gives 2.88235294, df 1."""
    found = logrank([0, 1, 2, 3, 4], [0, 1, 1, 1, 1], [1, 2, 2, 3, 3])
    assert found.statistic == pytest.approx(49 / 17, rel=1e-12)
    assert found.df == 1
    assert found.note == "group 1 left out: nobody to compare at an event"


def test_empty_groups_and_strata_are_left_out_and_named() -> None:
    time, event, group = [1, 3, 2, 4], [1, 1, 1, 0], ["A", "A", "B", "B"]
    found = logrank(
        time,
        event,
        pd.Categorical(group, categories=["A", "B", "C"]),
        strata=pd.Categorical(["x"] * 4, categories=["w", "x"]),
    )
    assert found.statistic == pytest.approx(8 / 13, rel=1e-12)
    assert found.df == 1
    assert found.note == "group C left out: no patients; stratum w left out: no patients"


def test_an_empty_group_is_named_where_nothing_can_be_compared() -> None:
    found = logrank([1, 2], [1, 1], pd.Categorical(["A", "A"], categories=["A", "B"]))
    assert found.note == "fewer than two groups with patients; group B left out: no patients"
    assert found.df == 0


def test_a_stratum_of_one_group_adds_nothing() -> None:
    alone = logrank([1, 3, 2, 4], [1, 1, 1, 0], ["A", "A", "B", "B"])
    found = logrank([1, 3, 2, 4, 7, 8], [1, 1, 1, 0, 1, 0], list("AABBAA"), strata=list("xxxxyy"))
    assert found.statistic == pytest.approx(alone.statistic, rel=1e-12)
    assert found.note == "stratum y left out: nobody to compare at an event"
    assert found.n == 6


def test_an_event_on_day_0_counts() -> None:
    """R: survdiff(Surv(c(0, 0, 1, 2), c(1, 0, 1, 0)) ~ c(1, 2, 1, 2)): both in group 1."""
    found = logrank([0, 0, 1, 2], [1, 0, 1, 0], [1, 2, 1, 2])
    # Expected of 1: 2/4 + 1/2 = 1; V = 1/4 + 1/4; (2 − 1)² / V = 2.
    assert found.statistic == pytest.approx(2, rel=1e-12)


@pytest.mark.parametrize(
    ("group", "strata", "message"),
    [
        (["A"], None, "group must have a label for each of 2 patients, but had 1"),
        (["A", None], None, "group must have no missing label, but entry 1 was"),
        (["A", "B"], [1.0, nan], "strata must have no missing label, but entry 1 was"),
    ],
)
def test_refused(group: list[str], strata: list[float] | None, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}$"):
        logrank([1, 2], [1, 0], group, strata=strata)


def test_times_are_checked() -> None:
    with pytest.raises(ValueError, match=r"whole days from 0 on, but entry 1 was 2\.5"):
        logrank([1, 2.5], [1, 0], ["A", "B"])
