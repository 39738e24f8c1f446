"""What must hold of survival curves, tests and shares, whatever the patients."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, settings
from hypothesis import given as given_any
from hypothesis import strategies as st
from statsmodels.duration.survfunc import SurvfuncRight

from mrdq.cohort import kaplan_meier
from mrdq.cohort.kaplan_meier import at, curve, median
from mrdq.cohort.logrank import logrank
from mrdq.cohort.proportions import compare, rate
from mrdq.cohort.turnbull import share_at_or_above

FEW = settings(max_examples=settings.default.max_examples // 4)
"""Many laws of small cohorts: a quarter of the profile's examples each."""


def given(
    *drawn: st.SearchStrategy[object],
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    return lambda law: FEW(given_any(*drawn)(law))


patient = st.tuples(
    st.integers(0, 12), st.integers(0, 1), st.sampled_from("ABC"), st.sampled_from("xy")
)
cohorts = st.lists(patient, min_size=1, max_size=25)
Cohort = list[tuple[int, int, str, str]]
DAYS = np.arange(0, 16)


def columns(cohort: Cohort) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    time, event, group, stratum = zip(*cohort, strict=True)
    return np.array(time), np.array(event), np.array(group), np.array(stratum)


def estimates(time: np.ndarray, event: np.ndarray) -> np.ndarray:
    return at(curve(time, event), DAYS)[["estimate", "low", "high"]].to_numpy()


def same(left: object, right: object) -> None:
    np.testing.assert_allclose(left, right, rtol=1e-9, atol=1e-12)


def same_test(left: object, right: object) -> None:
    """Statistic, degrees of freedom and p of two log-rank tests."""
    same(*([getattr(t, name) for name in ("statistic", "df", "p")] for t in (left, right)))


# ---- Kaplan-Meier


@given(cohorts, st.randoms(use_true_random=False))
def test_the_order_of_patients_does_not_matter(cohort: Cohort, random: object) -> None:
    time, event, group, stratum = columns(cohort)
    shuffled = list(cohort)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    time2, event2, group2, stratum2 = columns(shuffled)
    same(estimates(time2, event2), estimates(time, event))
    same_test(
        logrank(time2, event2, group2, strata=stratum2),
        logrank(time, event, group, strata=stratum),
    )


@given(cohorts)
def test_the_curve_is_that_of_statsmodels(cohort: Cohort) -> None:
    time, event, *_ = columns(cohort)
    assume(event.any())
    ours, theirs = curve(time, event), SurvfuncRight(time, event)
    on = ours.n_events > 0
    same(ours.estimate[on], theirs.surv_prob)
    same(ours.at_risk[on], theirs.n_risk)
    same(ours.n_events[on], theirs.n_events)


@given(cohorts)
def test_the_curve_falls_and_lies_in_its_interval(cohort: Cohort) -> None:
    found = curve(*columns(cohort)[:2])
    assert (np.diff(found.estimate, prepend=1.0) <= 0).all()
    open_ = (found.estimate == 1) | (found.estimate == 0)
    assert (np.isnan(found.low) == open_).all()
    assert (np.isnan(found.high) == open_).all()
    assert (found.low[~open_] < found.estimate[~open_]).all()
    assert (found.estimate[~open_] < found.high[~open_]).all()
    assert (found.low[~open_] >= 0).all()
    assert (found.high[~open_] <= 1).all()


@given(cohorts)
def test_every_patient_ends_once(cohort: Cohort) -> None:
    time, event, *_ = columns(cohort)
    found = curve(time, event)
    assert found.n == len(cohort)
    assert found.total_events == event.sum()
    assert found.n_censored.sum() == (1 - event).sum()
    table = at(found, DAYS)
    assert table["at_risk"].tolist() == [(time >= day).sum() for day in DAYS]
    assert table["n_events"].tolist() == [(event[time <= day]).sum() for day in DAYS]


@given(cohorts)
def test_an_estimate_or_a_reason(cohort: Cohort) -> None:
    """Every row has an estimate with its interval, or a note that says why not."""
    table = at(curve(*columns(cohort)[:2]), DAYS)
    complete = table[["estimate", "low", "high"]].notna().all(axis=1)
    assert ((table["note"] == "") == complete).all()
    assert (table["bound"].notna() == (table["estimate"] == 1)).all()


@given(cohorts)
def test_without_losses_it_is_the_share_that_lives_on(cohort: Cohort) -> None:
    time, *_ = columns(cohort)
    found = at(curve(time, np.ones(len(time))), DAYS)
    same(found["estimate"], [(time > day).mean() for day in DAYS])


@given(cohorts)
def test_every_patient_twice_has_the_same_estimate(cohort: Cohort) -> None:
    time, event, *_ = columns(cohort)
    once, twice = estimates(time, event), estimates(np.repeat(time, 2), np.repeat(event, 2))
    same(twice[:, 0], once[:, 0])
    known = ~np.isnan(once[:, 1])
    # Half the variance; at an estimate that rounds to 1 or 0 the limits have nowhere to go.
    assert (twice[known, 1] >= once[known, 1]).all()


@given(cohorts, st.integers(2, 400))
def test_the_unit_of_time_does_not_matter(cohort: Cohort, factor: int) -> None:
    time, event, group, stratum = columns(cohort)
    same(curve(time * factor, event).estimate, curve(time, event).estimate)
    same(median(curve(time * factor, event)), np.multiply(median(curve(time, event)), factor))
    same_test(
        logrank(time * factor, event, group, strata=stratum),
        logrank(time, event, group, strata=stratum),
    )


@given(cohorts)
def test_an_event_comes_before_a_loss_of_the_same_day(cohort: Cohort) -> None:
    """Splitting such ties, events first, changes neither curve nor test."""
    time, event, group, _ = columns(cohort)
    split = 2 * time + (1 - event)
    days = np.unique(2 * time + 1)
    first, second = at(curve(time, event), (days - 1) // 2), at(curve(split, event), days)
    known = second["estimate"].notna()
    same(second["estimate"][known], first["estimate"][known])
    same_test(logrank(split, event, group), logrank(time, event, group))


@given(cohorts, st.integers(1, 5))
def test_a_patient_lost_on_day_0_changes_nothing_later(cohort: Cohort, n: int) -> None:
    time, event, group, _ = columns(cohort)
    time = time + 1
    more, lost = np.append(time, np.zeros(n, int)), np.append(event, np.zeros(n, int))
    same(estimates(more, lost), estimates(time, event))
    same(median(curve(more, lost)), median(curve(time, event)))
    same_test(logrank(more, lost, np.append(group, [group[0]] * n)), logrank(time, event, group))


@given(cohorts, st.integers(1, 100))
def test_following_the_last_patient_longer_changes_nothing_before(
    cohort: Cohort, longer: int
) -> None:
    time, event, group, _ = columns([*cohort, (13, 0, "A", "x")])
    later = time.copy()
    later[-1] += longer
    same(estimates(later, event)[:14], estimates(time, event)[:14])
    same_test(logrank(later, event, group), logrank(time, event, group))


@given(cohorts)
def test_all_censored(cohort: Cohort) -> None:
    time, _, group, _ = columns(cohort)
    nobody = np.zeros(len(time), int)
    assert (curve(time, nobody).estimate == 1).all()
    assert np.isnan(median(curve(time, nobody))).all()
    assert np.isnan(logrank(time, nobody, group).p)


@given(cohorts)
def test_the_median_lies_in_its_interval(cohort: Cohort) -> None:
    middle, low, high = median(curve(*columns(cohort)[:2]))
    assert not middle < low
    assert not middle > high


@given(cohorts)
def test_follow_up_is_the_curve_turned_round(cohort: Cohort) -> None:
    time, event, *_ = columns(cohort)
    same(kaplan_meier.median_follow_up(time, event), median(curve(time, 1 - event)))
    assert median(curve(time, np.ones(len(time))))[0] == pytest.approx(np.median(time), abs=12)


# ---- log-rank


@given(cohorts)
def test_the_names_of_groups_do_not_matter(cohort: Cohort) -> None:
    time, event, group, stratum = columns(cohort)
    other = np.array([{"A": "z", "B": "m", "C": "a"}[g] for g in group])
    found, renamed = (logrank(time, event, g, strata=stratum) for g in (group, other))
    same_test(renamed, found)
    for ours, theirs in (("A", "z"), ("B", "m"), ("C", "a")):
        assert found.observed.get(ours) == renamed.observed.get(theirs)
        same(found.expected.get(ours, 0.0), renamed.expected.get(theirs, 0.0))


@given(cohorts)
def test_as_many_events_are_expected_as_observed(cohort: Cohort) -> None:
    time, event, group, stratum = columns(cohort)
    found = logrank(time, event, group, strata=stratum)
    same(sum(found.expected.values()), event.sum())
    same(sum(found.observed.values()), event.sum())


@given(cohorts)
def test_a_statistic_or_a_reason(cohort: Cohort) -> None:
    time, event, group, stratum = columns(cohort)
    for strata in (None, stratum):
        found = logrank(time, event, group, strata=strata)
        assert np.isnan(found.statistic) == np.isnan(found.p)
        if np.isnan(found.p):
            assert found.note != ""
        else:
            assert found.statistic >= -1e-9
            assert 0 <= found.p <= 1 + 1e-9
            assert found.df >= 1


@given(cohorts)
def test_one_stratum_is_none(cohort: Cohort) -> None:
    time, event, group, _ = columns(cohort)
    same_test(logrank(time, event, group, strata=["x"] * len(time)), logrank(time, event, group))


@given(cohorts)
def test_a_stratum_of_one_group_adds_nothing(cohort: Cohort) -> None:
    time, event, group, stratum = columns([*cohort, (1, 1, "A", "z"), (5, 0, "A", "z")])
    before = logrank(time[:-2], event[:-2], group[:-2], strata=stratum[:-2])
    assume(not np.isnan(before.p))
    same_test(logrank(time, event, group, strata=stratum), before)


@given(cohorts)
def test_twins_in_two_groups_do_not_differ(cohort: Cohort) -> None:
    time, event, *_ = columns(cohort)
    found = logrank(np.tile(time, 2), np.tile(event, 2), np.repeat(["A", "B"], len(time)))
    assume(not np.isnan(found.p))
    same([found.statistic, found.p], [0, 1])


# ---- proportions


@given(st.integers(0, 300), st.integers(1, 300))
def test_intervals_hold_the_share_and_are_symmetrical(count: int, total: int) -> None:
    assume(count <= total)
    found, other = rate(count, total), rate(total - count, total)
    for kind in ("wilson", "exact"):
        low, high = getattr(found, f"{kind}_low"), getattr(found, f"{kind}_high")
        assert 0 <= low <= found.estimate <= high <= 1
        same([1 - high, 1 - low], [getattr(other, f"{kind}_low"), getattr(other, f"{kind}_high")])


@given(st.lists(st.integers(0, 60), min_size=4, max_size=4))
def test_neither_order_of_a_table_matters(cells: list[int]) -> None:
    table = np.reshape(cells, (2, 2))
    p = compare(table)["p"]
    same(compare(table[::-1])["p"], p)
    same(compare(table[:, ::-1])["p"], p)
    assert not (p > 1 + 1e-12).any()


# ---- interval-censored levels

sample = st.tuples(st.integers(0, 8), st.integers(0, 5), st.booleans()).filter(
    lambda s: s[0] + s[1] > 0
)
samples = st.lists(sample, min_size=1, max_size=25)


def bounds(drawn: list[tuple[int, int, bool]]) -> tuple[np.ndarray, np.ndarray]:
    low = np.array([float(low) for low, _, _ in drawn])
    high = np.array(
        [np.nan if unbounded else float(low + width) for low, width, unbounded in drawn]
    )
    return low, high


@given(samples)
def test_shares_fall_with_the_cut_and_contain_the_estimate(
    drawn: list[tuple[int, int, bool]],
) -> None:
    found = [share_at_or_above(*bounds(drawn), cut) for cut in np.arange(0.5, 14, 0.5)]
    for share in found:
        assert -1e-9 <= share.lowest <= share.highest + 1e-9 <= 1 + 1e-8
        assert np.isnan(share.estimate) or share.lowest == share.estimate
    for before, after in pairwise(found):
        assert after.lowest <= before.lowest + 1e-9
        assert after.highest <= before.highest + 1e-9


@given(samples, st.sampled_from([1e-6, 3e-4, 7.0]), st.integers(1, 9))
def test_unit_order_and_number_of_samples_do_not_matter(
    drawn: list[tuple[int, int, bool]], unit: float, cut: int
) -> None:
    low, high = bounds(drawn)
    found = share_at_or_above(low, high, cut)
    for other in (
        share_at_or_above(low * unit, high * unit, cut * unit),
        share_at_or_above(low[::-1], high[::-1], cut),
        share_at_or_above(np.tile(low, 3), np.tile(high, 3), cut),
    ):
        np.testing.assert_allclose(
            [other.lowest, other.highest], [found.lowest, found.highest], atol=1e-7
        )


@given(
    st.lists(st.tuples(st.integers(1, 9), st.booleans()), min_size=1, max_size=30),
    st.integers(1, 9),
)
def test_levels_and_upper_bounds_are_a_curve_from_above(
    drawn: list[tuple[int, bool]], cut: int
) -> None:
    """The Kaplan-Meier curve of 10 − level, a bound being a loss: 1 − S at 10 − cut."""
    level, seen = (np.array(column) for column in zip(*drawn, strict=True))
    found = share_at_or_above(np.where(seen, level, np.nan), level.astype(float), cut)
    theirs = at(curve(10 - level, seen), [10 - cut]).iloc[0]
    if np.isnan(theirs["estimate"]):
        same(found.lowest, 1 - theirs["last_estimate"])
        same(found.highest, 1.0)
    else:
        same(found.lowest, 1 - theirs["estimate"])
