"""Cox models: by hand, beside statsmodels, and every case without an estimate."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import linprog
from statsmodels.duration.hazard_regression import PHReg

from mrdq.cohort import cox
from mrdq.cohort.proportional_hazards import proportional_hazards

nan = np.nan


def one(values: object, name: str = "x") -> pd.DataFrame:
    return pd.DataFrame({name: np.asarray(values, dtype=float)})


def trial(seed: int, n: int = 300, days: int = 40) -> tuple[np.ndarray, np.ndarray, pd.DataFrame]:
    """Days, events and three covariates; few days, so that ties are heavy."""
    draw = np.random.default_rng(seed)
    x = pd.DataFrame({"treated": draw.integers(0, 2, n).astype(float), "age": draw.normal(45, 12, n),
                      "level": draw.normal(size=n)})  # fmt: skip
    time = draw.exponential(np.exp(2 - 0.5 * x["treated"] + 0.02 * x["age"])).astype(int)
    return np.minimum(time, days), (time <= days).astype(int) * draw.integers(0, 2, n), x


def test_by_hand() -> None:
    """x = 1 dies on day 1, x = 0 on day 2, x = 1 on day 3: with r = exp(b) the likelihood is
    r/(2r + 1) · 1/(1 + r), highest at r² = 1/2, so b = -log(2)/2.
    """
    found = cox.fit([1, 2, 3], [1, 1, 1], one([1, 0, 1]))
    r = np.sqrt(0.5)
    row = found.table.iloc[0]
    assert row["coef"] == pytest.approx(np.log(r), rel=1e-9)
    assert row["hazard_ratio"] == pytest.approx(r, rel=1e-9)
    assert found.loglik == pytest.approx((-np.log(6), np.log(r / (2 * r + 1) / (1 + r))), rel=1e-12)
    # Information: the variance of x at risk, p(1 - p), on days 1 and 2.
    p, q = 2 * r / (2 * r + 1), r / (1 + r)
    se = (p * (1 - p) + q * (1 - q)) ** -0.5
    assert row["se"] == pytest.approx(se, rel=1e-9)
    assert row["low"] == pytest.approx(np.exp(np.log(r) - 1.959963984540054 * se), rel=1e-9)
    assert (found.n, found.n_events, found.note) == (3, 3, "")


def test_ties_by_hand() -> None:
    """Two of three die on one day, x = 1 and 0; the third has x = 0.  At b = 0 Breslow's likelihood
    is 1/3 · 1/3; Efron's takes half of each death out of the second: 1/3 · 1/2.
    """
    args = [5, 5, 9], [1, 1, 0], one([1, 0, 0])
    assert cox.fit(*args, method="breslow").loglik[0] == pytest.approx(-np.log(9))
    assert cox.fit(*args, method="efron").loglik[0] == pytest.approx(-np.log(6))


@pytest.mark.parametrize("ties", ["efron", "breslow"])
@pytest.mark.parametrize("with_entry", [False, True])
@pytest.mark.parametrize("with_strata", [False, True])
def test_beside_statsmodels(ties: str, with_entry: bool, with_strata: bool) -> None:
    time, event, x = trial(7)
    draw = np.random.default_rng(1)
    entry = np.maximum(time - draw.integers(1, 20, len(time)), -1) if with_entry else None
    strata = draw.integers(0, 3, len(time)) if with_strata else None
    ours = cox.fit(time, event, x, entry=entry, strata=strata, method=ties)
    # Half a day later, as PHReg counts a row as at risk on its very day of entry; from day 1 on.
    later = None if entry is None else entry + 1.5
    theirs = PHReg(time + 1, x.to_numpy(), status=event, entry=later, strata=strata, ties=ties)
    fitted = theirs.fit(method="newton", maxiter=50, tol=1e-12, disp=False)
    np.testing.assert_allclose(ours.table["coef"], fitted.params, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(ours.table["se"], fitted.bse, rtol=1e-6)
    assert ours.loglik[1] == pytest.approx(theirs.loglike(fitted.params), rel=1e-10)


def test_a_row_is_not_at_risk_on_its_day_of_entry() -> None:
    """The third row enters on day 2: only the event of day 4 sees it."""
    late = cox.fit([2, 4, 6], [1, 1, 0], one([1, 0, 1]), entry=[-1, -1, 2])
    earlier = cox.fit([2, 4, 6], [1, 1, 0], one([1, 0, 1]), entry=[-1, -1, 1])
    assert late.loglik[0] == pytest.approx(-np.log(2 * 2))
    assert earlier.loglik[0] == pytest.approx(-np.log(3 * 2))


def test_laws() -> None:
    time, event, x = trial(3)
    base = cox.fit(time, event, x)
    shuffled = np.random.default_rng(0).permutation(len(time))
    same = (
        cox.fit(time[shuffled], event[shuffled], x.iloc[shuffled]),
        cox.fit(time * 30, event, x),
        cox.fit(time, event, x, entry=np.full(len(time), -1)),
        cox.fit(time, event, x + 1000),
        cox.fit(time, event, x, strata=["one"] * len(time)),
        # Somebody lost before the first event is never at risk.
        cox.fit([0, *(time + 1)], [0, *event], pd.concat([x.iloc[:1], x])),
    )
    for other in same:
        pd.testing.assert_frame_equal(other.table, base.table, rtol=1e-8)
    mirrored = cox.fit(time, event, x.assign(treated=1 - x["treated"])).table.iloc[0]
    assert mirrored["hazard_ratio"] == pytest.approx(1 / base.table["hazard_ratio"][0])
    assert mirrored["low"] == pytest.approx(1 / base.table["high"][0])
    scaled = cox.fit(time, event, x.assign(age=x["age"] * 1e6)).table
    assert scaled["coef"][1] == pytest.approx(base.table["coef"][1] / 1e6)
    assert scaled["p"].tolist() == pytest.approx(base.table["p"].tolist(), rel=1e-7)
    narrow = cox.fit(time, event, x, confidence=0.5).table
    assert (narrow["low"] > base.table["low"]).all()
    assert (narrow["high"] < base.table["high"]).all()


def test_every_patient_twice_with_breslow_halves_the_variance() -> None:
    time, event, x = trial(5)
    once = cox.fit(time, event, x, method="breslow").table
    twice = cox.fit(np.tile(time, 2), np.tile(event, 2), pd.concat([x, x]), method="breslow").table
    np.testing.assert_allclose(twice["coef"], once["coef"], rtol=1e-8)
    np.testing.assert_allclose(twice["se"], once["se"] / np.sqrt(2), rtol=1e-8)


def check_nothing(found: cox.Cox, names: list[str]) -> None:
    lost = found.table.set_index("covariate").loc[names]
    assert lost.isna().all().all()
    kept = found.table.set_index("covariate").drop(names)
    assert kept.notna().all().all()


def test_a_group_without_an_event() -> None:
    time, event, x = trial(2)
    event = np.where(x["treated"] == 1, 0, event)
    for x_ in (x, x.assign(treated=1 - x["treated"])):
        found = cox.fit(time, event, x_)
        check_nothing(found, ["treated"])
        assert found.note == (
            "treated has no finite estimate: the likelihood rises without end, "
            "as with a group without events (Firth's method has one)"
        )
        # Who has no hazard is as good as absent for the others.
        left = (x["treated"] == 0).to_numpy()
        others = cox.fit(time[left], event[left], x[left].drop(columns="treated")).table
        for column in ("coef", "se", "p"):
            np.testing.assert_allclose(found.table[column][1:], others[column], rtol=1e-6)
        assert proportional_hazards(time, event, x_)["statistic"].isna().all()


def test_two_covariates_that_part_the_events_only_together() -> None:
    """Each alone has an estimate; along x = y together every event is the highest at risk."""
    time, event = [1, 2, 3, 4, 5, 6], [1, 1, 1, 1, 0, 0]
    x = pd.DataFrame({"x": [3.0, 1.0, 3.5, 0.0, 0.2, 0.0], "y": [2.0, 3.5, 0.2, 3.0, 0.0, 0.3]})
    assert cox.fit(time, event, x[["x"]]).note == ""
    assert cox.fit(time, event, x[["y"]]).note == ""
    check_nothing(cox.fit(time, event, x), ["x", "y"])


def without_maximum(time: np.ndarray, event: np.ndarray, entry: np.ndarray, x: np.ndarray) -> bool:
    """Is there a direction in which every event is the highest at risk, and not always as the only
    value?  Then, and only then, is there no single finite maximum (a linear programme finds it).
    """
    at_risk = [(entry < time[i]) & (time >= time[i]) for i in np.flatnonzero(event)]
    above = np.vstack([x[i] - x[r] for i, r in zip(np.flatnonzero(event), at_risk, strict=True)])
    best = linprog(-above.sum(axis=0), A_ub=-above, b_ub=np.zeros(len(above)), bounds=(-1, 1))
    return bool(np.linalg.matrix_rank(above, tol=1e-9) < x.shape[1] or -best.fun > 1e-7)


def test_small_cohorts_are_estimated_exactly_where_they_can_be() -> None:
    """Random small cohorts: NaN if and only if a linear programme finds no single maximum, and
    where there is an estimate the gradient of statsmodels is zero there.
    """
    found = {True: 0, False: 0}
    for seed in range(250):
        draw = np.random.default_rng(seed)
        n, p = int(draw.integers(3, 30)), int(draw.integers(1, 4))
        time = draw.integers(0, int(draw.integers(2, 25)), n)
        event = (draw.random(n) < draw.random()).astype(int)
        entry = np.maximum(-1, time - draw.integers(1, 20, n))
        kinds = (draw.integers(0, 2, n), draw.integers(-1, 2, n), draw.normal(size=n))
        x = np.column_stack([kinds[draw.integers(0, 3)] for _ in range(p)]).astype(float)
        if not event.any():
            continue
        model = cox.fit(time, event, pd.DataFrame(x, columns=[*"abc"[:p]]), entry=entry)
        lost = model.table["coef"].isna().any()
        assert lost == without_maximum(time, event, entry, x) == (model.note != "")
        if not lost:
            other = PHReg(time + 1, x, status=event, entry=entry + 1.5, ties="efron")
            np.testing.assert_allclose(other.score(model.table["coef"].to_numpy()), 0, atol=1e-6)
        found[bool(lost)] += 1
    assert min(found.values()) > 50


def test_constant_covariates() -> None:
    time, event, x = trial(4)
    found = cox.fit(time, event, x.assign(one=1.0))
    check_nothing(found, ["one"])
    assert found.note == "one is the same in all who are at risk together"
    np.testing.assert_allclose(found.table["coef"][:3], cox.fit(time, event, x).table["coef"])
    by_stratum = cox.fit(time, event, x, strata=x["treated"])
    check_nothing(by_stratum, ["treated"])
    tested = proportional_hazards(time, event, x.assign(one=1.0))
    assert tested["statistic"].isna().all()
    assert tested["note"].eq(found.note).all()


def test_covariates_that_cannot_be_told_apart() -> None:
    time, event, x = trial(4)
    x = x.assign(years=x["age"], months=12 * x["age"] + 3).drop(columns="age")
    found = cox.fit(time, event, x)
    check_nothing(found, ["years", "months"])
    assert found.note == "years, months cannot be told apart: one is a combination of the others"
    alone = cox.fit(time, event, x.drop(columns="months")).table.set_index("covariate")
    both = found.table.set_index("covariate")
    for name in ("treated", "level"):
        assert both.loc[name, "coef"] == pytest.approx(alone.loc[name, "coef"], rel=1e-7)


@pytest.mark.parametrize("method", cox.METHODS)
def test_nothing_at_all_can_be_estimated(method: str) -> None:
    def note(*args: object, **more: object) -> str:
        found = cox.fit(*args, method=method, **more)
        assert found.table.drop(columns="covariate").isna().all().all()
        assert np.isnan(found.loglik).all()
        assert proportional_hazards(*args, **more)["note"].eq(found.note).all()
        return found.note

    x = one([0, 1, 0])
    assert note([1, 2, 3], [0, 0, 0], x) == "no event"
    assert note([5], [1], one([1])) == "x is the same in all who are at risk together"
    assert note([1, 2, 3], [1, 0, 1], one([0, nan, nan])) == "2 of 3 rows have no value of x: leave them out first"  # fmt: skip
    assert note([1, 2, 3], [1, 1, 0], x, entry=[-1, 2, 0]) == (
        "1 of 2 events fall on the day of entry, when the patient is not yet at risk"
    )


def test_one_event_and_day_0() -> None:
    """One event among x = 0, 1, 2, of the middle one: b = 0 by symmetry, variance 2/3."""
    found = cox.fit([4, 0, 4], [0, 1, 0], one([0, 1, 2]))
    assert found.table["coef"][0] == pytest.approx(0, abs=1e-9)
    assert found.table["se"][0] == pytest.approx(1.5**0.5)
    assert proportional_hazards([4, 0, 4], [0, 1, 0], one([0, 1, 2]))["note"].tolist() == [
        "events on too few days, or of too few patients, to tell"
    ] * 2  # fmt: skip


def test_rows_without_a_day_at_risk_are_told() -> None:
    found = cox.fit([3, 1, 2, 3], [0, 1, 1, 0], one([9, 1, 0, 1]), entry=[3, -1, -1, -1])
    alone = cox.fit([1, 2, 3], [1, 1, 0], one([1, 0, 1]))
    assert found.note == "1 rows end on their day of entry and add nothing"
    assert found.table["coef"][0] == pytest.approx(alone.table["coef"][0])


def test_a_ratio_beyond_the_largest_number() -> None:
    """MRD levels as fractions: the ratio is per 100 %, of which nobody has a millionth."""
    time, event, x = trial(6)
    table = cox.fit(time, event, x.assign(level=x["level"] / 1e7)).table
    assert np.isfinite(table["coef"]).all()
    assert table.loc[2, ["hazard_ratio", "low", "high", "z", "p"]].isna().all()
    assert table.loc[:1, ["hazard_ratio", "low", "high", "z", "p"]].notna().all(axis=None)
    note = cox.fit(time, event, x.assign(level=x["level"] / 1e7)).note
    assert note == "level has no hazard ratio that a number holds: nothing is known of it, or its unit is too large"  # fmt: skip


def test_a_flat_likelihood_gives_no_ratio() -> None:
    """One event of the only patient ever at risk with others alike: the covariate is not spoken of."""
    found = cox.fit([5, 9, 9, 9], [1, 0, 0, 0], one([1.0, 1.0, 1.0, 1.0 + 1e-9]))
    assert found.table[["hazard_ratio", "low", "high", "p"]].isna().all(axis=None)
    assert found.note


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"time": [1, 2]}, "time and event must be of one length, but were 2 and 3"),
        ({"time": [1, 2.5, 3]}, "time must be whole days from 0 on, but entry 1 was 2.5"),
        ({"event": [0, 2, 1]}, "event must be 0 or 1, but entry 1 was 2"),
        ({"covariates": one([1, 2])}, r"covariates must be 3 rows .* but are 2 rows of \['x'\]"),
        ({"covariates": one([1, 2, 3])[[]]}, r"but are 3 rows of \[\]"),
        ({"covariates": pd.concat([one([1, 2, 3])] * 2, axis=1)}, r"different names.*\['x', 'x'\]"),
        ({"covariates": pd.DataFrame({"sex": ["f", "m", "f"]})}, "covariate sex must be numbers, but is str"),
        ({"covariates": one([1, np.inf, 3])}, r"covariates must be finite, but \['x'\] is not"),
        ({"entry": [0, 0]}, r"entry must have one day for each of 3 rows, but has shape \(2,\)"),
        ({"entry": [0, 0, 4]}, "entry must be whole days from -1 up to time, but was 4 with time 3"),
        ({"entry": [0, 0.5, 1]}, "entry must be whole days from -1 up to time, but was 0.5 with time 2"),
        ({"strata": ["a", None, "b"]}, "strata must have no missing label, but entry 1 was"),
        ({"strata": ["a"]}, "strata must have a label for each of 3 patients, but had 1"),
        ({"method": "exact"}, "method must be one of efron, breslow, firth, but was exact"),
        ({"confidence": 95}, r"confidence must be in \(0, 1\), but was 95"),
    ],
)  # fmt: skip
def test_the_door(changed: dict[str, object], message: str) -> None:
    args = {"time": [1, 2, 3], "event": [1, 1, 0], "covariates": one([0, 1, 0]), **changed}
    with pytest.raises(ValueError, match=message):
        cox.fit(**args)


def test_split_at() -> None:
    """Change before the end; never; on the last day (not before it); on day 0; later; day 0 alone."""
    made = cox.split_at([10, 8, 6, 5, 4, 0], [1, 0, 1, 1, 0, 1], [3, nan, 6, 0, 9, 0])
    assert made.patient.tolist() == [0, 0, 1, 2, 3, 3, 4, 5]
    assert made.start.tolist() == [-1, 3, -1, -1, -1, 0, -1, -1]
    assert made.stop.tolist() == [3, 10, 8, 6, 0, 5, 4, 0]
    assert made.event.tolist() == [0, 1, 0, 1, 0, 1, 0, 1]
    assert made.after.tolist() == [0, 1, 0, 0, 0, 1, 0, 0]


def test_split_at_keeps_time_and_events() -> None:
    time, event, x = trial(8)
    change = np.where(x["treated"] == 1, np.random.default_rng(2).integers(0, 50, len(time)), nan)
    made = cox.split_at(time, event, change)
    at_risk = np.bincount(made.patient, made.stop - made.start)
    assert (at_risk == time + 1).all()
    assert (np.bincount(made.patient, made.event) == event).all()
    # Nobody changes: the rows are the patients.
    never = cox.split_at(time, event, np.full(len(time), nan))
    same = cox.fit(never.stop, never.event, x, entry=never.start).table
    pd.testing.assert_frame_equal(same, cox.fit(time, event, x).table)
    # The covariates at hand, cut into rows, change nothing.
    rows = cox.fit(made.stop, made.event, x.iloc[made.patient], entry=made.start).table
    pd.testing.assert_frame_equal(rows, cox.fit(time, event, x).table, rtol=1e-8)


def test_no_immortal_time() -> None:
    """A change that does nothing looks like protection if those who changed count from day 0."""
    draw = np.random.default_rng(11)
    time = draw.exponential(200, 4000).astype(int)
    change = draw.exponential(200, 4000).astype(int).astype(float)
    event = np.ones(4000, dtype=int)
    made = cox.split_at(time, event, change)
    right = cox.fit(made.stop, made.event, one(made.after), entry=made.start).table.iloc[0]
    wrong = cox.fit(time, event, one(change < time)).table.iloc[0]
    assert right["low"] < 1 < right["high"]
    assert wrong["high"] < 0.7


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ([1], r"change must have one day for each of 2 patients, but has shape \(1,\)"),
        ([1, -1], "change must be whole days from 0 on or NaN, but was -1"),
        ([1.5, nan], "change must be whole days from 0 on or NaN, but was 1.5"),
        ([np.inf, nan], "change must be whole days from 0 on or NaN, but was inf"),
    ],
)
def test_the_door_of_split_at(change: list[float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        cox.split_at([5, 5], [1, 0], change)


def test_proportional_hazards_finds_a_ratio_that_fades() -> None:
    """Doubled hazard until day 50, halved after it; and, beside it, one that stays."""
    draw = np.random.default_rng(5)
    x = draw.integers(0, 2, 2000)
    early = draw.exponential(100 / 2**x)
    time = np.where(early < 50, early, 50 + draw.exponential(100 * 2**x)).astype(int)
    tested = proportional_hazards(time, np.ones(2000), one(x))
    assert tested["covariate"].tolist() == ["x", "GLOBAL"]
    assert (tested["p"] < 1e-10).all()
    constant = draw.exponential(100 / 2**x).astype(int)
    assert (proportional_hazards(constant, np.ones(2000), one(x))["p"] > 0.01).all()


def test_proportional_hazards_by_terms() -> None:
    time, event, x = trial(9)
    columns = proportional_hazards(time, event, x)
    both = proportional_hazards(time, event, x, terms={"treated": "arm", "level": "arm"})
    assert both["covariate"].tolist() == ["arm", "age", "GLOBAL"]
    assert both["df"].tolist() == [2, 1, 3]
    for row in (1, 2):
        assert both["statistic"][row] == pytest.approx(columns["statistic"][row + (row == 2)])
