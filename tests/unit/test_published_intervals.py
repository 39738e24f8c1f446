"""Printed intervals: which transformation gave them, and what a wrong limit should be."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from mrdq.published.check import check
from mrdq.published.counts import INTERVALS, wilson
from mrdq.published.figures import INCIDENCE, RATE, SURVIVAL, Figure, Reading
from mrdq.published.intervals import (
    LOG_LOG,
    OF_INCIDENCE,
    TRANSFORMATIONS,
    Box,
    Transformation,
    fits,
    other_limit,
)
from mrdq.published.limits import Intervals, check_intervals
from mrdq.published.numbers import printed

Z = 1.959963984540054


def figure(text: str, kind: str = SURVIVAL, **known: object) -> Figure:
    """``85.3 65.4 94.2`` as a figure."""
    estimate, low, high = (printed(part) for part in text.split())
    return Figure(
        place="here", as_printed=text, kind=kind, estimate=estimate, low=low, high=high, **known
    )  # type: ignore[arg-type]


def found_of(*texts: str, kind: str = SURVIVAL) -> Intervals:
    return check_intervals([figure(text, kind, table=0) for text in texts])


def interval(by: Transformation, s: float, c: float) -> tuple[float, float]:
    """The limits at a distance c on the scale, as software prints them: within 0 … 1."""
    at = by.forward(np.array(s))
    low, high = by.inverse(at - c), by.inverse(at + c)
    return max(0.0, float(low)), min(1.0, float(high))


# R 4.2.2, survival 3.5-3: summary(survfit(Surv(time, status) ~ 1, aml, conf.type = X), times = 23)
# gives 54.65839 with the limits (log) 37.20781 80.29334, (log-log) 31.92504 72.64492, (plain)
# 33.63765 75.67912, (logit) 34.04443 73.78975, (arcsin) 33.8476 74.65086.
AML_23 = {
    "log": "54.7 37.2 80.3", "log-log": "54.7 31.9 72.6", "plain": "54.7 33.6 75.7",
    "logit": "54.7 34.0 73.8", "arcsine": "54.7 33.8 74.7",
}  # fmt: skip


def box(*values: float) -> Box:
    return Box.of(values, values)


@pytest.mark.parametrize("by", OF_INCIDENCE, ids=lambda by: by.name)
@given(s=st.floats(0.001, 0.999), c=st.floats(0, 3), decimals=st.integers(0, 3))
def test_an_interval_fits_the_transformation_that_made_it(
    by: Transformation, s: float, c: float, decimals: int
) -> None:
    low, high = interval(by, s, c)
    text = " ".join(f"{100 * value:.{decimals}f}" for value in (s, low, high))
    found = check_intervals([figure(text, INCIDENCE)])
    assert by.name in found.methods[0]
    assert [r for r in found.remarks if r.level == "finding"] == []


@given(s=st.floats(0.001, 0.9999), se=st.floats(1e-4, 0.3))
def test_a_kaplan_meier_interval_is_never_called_impossible(s: float, se: float) -> None:
    # Kalbfleisch and Prentice: S^exp(±z·se / (S·log S)), the se by Greenwood.
    c = Z * se / (s * -math.log(s))
    assume(c < 5)
    low, high = s ** math.exp(c), s ** math.exp(-c)
    found = found_of(f"{100 * s:.1f} {100 * low:.1f} {100 * high:.1f}")
    assert "log-log" in found.methods[0]
    assert [r for r in found.remarks if r.level == "finding"] == []


@given(st.floats(0.02, 0.98), st.floats(0.1, 2))
def test_the_other_limit_is_the_one_that_was_printed(s: float, c: float) -> None:
    for by in (LOG_LOG, TRANSFORMATIONS[4]):
        low, high = interval(by, s, c)
        assume(0 < low < high < 1)
        assert other_limit(by, s, low) == pytest.approx(high, abs=1e-9)
        assert other_limit(by, s, high) == pytest.approx(low, abs=1e-9)


@given(s=st.floats(0.3, 0.95), c=st.floats(0.2, 1), tens=st.integers(1, 9))
def test_a_digit_that_puts_a_limit_on_the_wrong_side_is_found(
    s: float, c: float, tens: int
) -> None:
    low, high = (100 * end for end in interval(LOG_LOG, s, c))
    damaged = f"{tens}{f'{high:04.1f}'[1:]}"
    assume(float(damaged) + 0.1 < round(100 * s, 1))
    found = found_of("89.6 82.0 94.1", f"{100 * s:.1f} {low:.1f} {damaged}")
    (remark,) = [r for r in found.remarks if r.level == "finding"]
    assert "outside its interval" in remark.why
    assert f"upper limit {high:.1f}"[:-2] in remark.expected or "rounding" in remark.expected


@pytest.mark.parametrize(("name", "text"), AML_23.items())
def test_intervals_of_r(name: str, text: str) -> None:
    assert found_of(text).methods == [(name,)]


def test_one_standard_error_has_to_give_both_limits() -> None:
    # By hand, plain: 80 - 10 and 80 + 10 are as far; 80 + 11 is not; rounding leaves ± 0.1 open.
    plain = TRANSFORMATIONS[2]
    assert fits(plain, box(0.8, 0.8), box(0.7, 0.7), box(0.9, 0.91)).tolist() == [True, False]
    assert "plain" in found_of("80.0 70.0 90.1").methods[0]
    assert "plain" not in found_of("80.0 70.0 90.3").methods[0]


def test_limits_beyond_0_and_100_are_printed_as_these() -> None:
    # survfit's own default, log: 95 ± on the log scale ends above 1 and is printed as 100.
    assert found_of("95.0 85.9 100.0").methods[0] == ("log", "plain")
    assert "plain" in found_of("5.0 0.0 14.5").methods[0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # By hand on the log-log scale: log(-log .885) = -2.1019, log(-log .722) = -1.1219;
        # the other limit is exp(-exp(2·-2.1019 + 1.1219)) = 95.52.
        ("88.5 72.2 85.5", "upper limit 95.5"),
        # 2·log(-log .853) - log(-log .654) = -2.8230; exp(-exp(-2.8230)) = 94.23.
        ("85.3 65.4 19.9", "upper limit 94.2"),
        # The same figure with its lower limit spoilt instead.
        ("85.3 95.4 94.2", "lower limit 65."),
    ],
)
def test_an_impossible_limit_is_repaired_as_the_others_were_made(text: str, expected: str) -> None:
    found = found_of("98.9 92.5 99.8", "89.6 82.0 94.1", text)
    (remark,) = found.remarks
    assert remark.expected.startswith(expected)
    assert remark.why.startswith("the estimate lies outside its interval; by log-log, which 2 of")


def test_the_range_that_rounding_allows_is_said() -> None:
    found = found_of("89.6 82.0 94.1", "88 72 60")
    # By hand: 87.5 with 72.5, and 88.5 with 71.5, on the log-log scale: 94.6 to 95.7, as integers.
    assert "upper limit 95 (95 to 96 by rounding) if 72 is right" in found.remarks[0].expected


def test_without_another_interval_each_transformation_is_given() -> None:
    (remark,) = found_of("88.5 72.2 85.5").remarks
    assert "upper limit 95.5" in remark.expected
    assert "by log-log" in remark.expected
    assert "by plain" in remark.expected
    assert "no other interval tells" in remark.why


def test_limits_on_both_wrong_sides_cannot_be_repaired() -> None:
    (remark,) = found_of("88.5 92.2 85.5").remarks
    assert remark.expected == ""
    assert "neither limit can be right" in remark.why


def test_a_neighbours_interval_is_named() -> None:
    (remark,) = found_of("89.6 82.0 94.1", "74.1 64.7 81.3", "60.0 64.7 81.3").remarks
    assert "64.7–81.3 is the interval of its neighbour 74.1 64.7 81.3 (here)" in remark.why


def test_a_neighbours_repaired_interval_is_named() -> None:
    found = found_of("89.6 82.0 94.1", "85.3 65.4 19.9", "67.2 65.4 94.2")
    first, second = found.remarks
    assert first.expected.startswith("upper limit 94.2")
    assert "65.4–94.2 is the interval of its neighbour" in second.why
    assert "once that is repaired" in second.why
    assert second.expected == ""


def test_one_figure_printed_twice_is_no_finding() -> None:
    found = found_of("89.6 82.0 94.1", "89.6 82.0 94.1")
    assert found.remarks == []


def test_two_estimates_that_fit_one_interval_are_a_note() -> None:
    (remark,) = found_of("90 78 96", "91 78 96").remarks
    assert remark.level == "note"
    assert "has the same interval" in remark.why


def test_an_interval_of_one_point_is_a_note() -> None:
    (remark,) = found_of("100 100 100").remarks
    assert (remark.level, remark.why[:24]) == ("note", "an interval of one point")


def test_intervals_of_an_unknown_method_are_notes_as_long_as_they_are_in_order() -> None:
    levels = [r.level for r in found_of("67.2 65.4 94.2", "50.0 49.0 90.0").remarks]
    assert levels == ["note", "note"]
    levels = [r.level for r in found_of("67.2 65.4 94.2", "50.0 51.0 90.0").remarks]
    assert levels == ["note", "finding"]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        # R 4.2.2: prop.test(9, 10, correct = FALSE), binom.test(9, 10), prop.test(9, 10)
        ("90.0 59.6 98.2", "Wilson"),
        ("90.0 55.5 99.7", "Clopper-Pearson"),
        ("90.0 54.1 99.5", "Wilson with correction"),
    ],
)
def test_the_interval_of_a_stated_count(text: str, name: str) -> None:
    (figure_,) = [figure(text, RATE, n=9, total=10)]
    assert name in check_intervals([figure_]).methods[0]


def test_the_interval_of_a_count_that_is_not_stated() -> None:
    assert check_intervals([figure("90.0 55.5 99.7", RATE)]).methods == [("Clopper-Pearson",)]
    (remark,) = check_intervals([figure("90.0 89.5 99.7", RATE)]).remarks
    assert remark.level == "note"


@given(st.integers(1, 299), st.integers(2, 300))
def test_the_interval_of_wilson_has_the_shape_of_the_logits(n: int, total: int) -> None:
    # (low·high) / ((1-low)·(1-high)) = (p / (1-p))² for the roots of Wilson's equation.
    assume(n < total)
    low, high = wilson(n, total)
    text = " ".join(f"{value:.1f}" for value in (100 * n / total, low, high))
    assert "logit" in check_intervals([figure(text, RATE)]).methods[0]


def test_a_wrong_interval_of_a_stated_method_is_a_finding() -> None:
    wrong = figure("90.0 59.6 98.9", RATE, n=9, total=10, method="Wilson")
    (remark,) = check_intervals([wrong]).remarks
    assert remark.expected == "59.6–98.2"
    assert remark.why == "Wilson's interval of 9 of 10"
    lone = figure("90.0 59.6 98.9", RATE, method="Wilson")
    assert check_intervals([lone]).remarks[0].level == "note"


def test_a_ratio_is_held_to_its_order_only() -> None:
    assert check_intervals([figure("0.61 0.31 1.20", "ratio")]).remarks == []
    assert check_intervals([figure("0.61 0.71 1.20", "ratio")]).remarks[0].level == "finding"


def test_incidence_has_a_sixth_scale() -> None:
    # By hand, log(-log(1-F)) = log(-log .8) = -1.4999 ± 0.5: 1 - exp(-exp(-1.9999)) = 12.66, 30.78.
    assert "log-log of 1 - incidence" in found_of("20.0 12.7 30.8", kind=INCIDENCE).methods[0]
    assert "log-log of 1 - incidence" not in found_of("20.0 12.7 30.8").methods[0]


def test_the_check_keeps_the_order_of_the_file() -> None:
    figures = [figure("50.0 60.0 70.0"), figure("89.6 82.0 94.1"), figure("120 110 130")]
    found = check(Reading(figures=figures))
    assert [r.figure.as_printed for r in found.findings] == ["50.0 60.0 70.0", "120 110 130"]
    assert found.findings[1].expected == "0 to 100"


def test_no_interval_is_a_programming_error() -> None:
    with pytest.raises(ValueError, match="no interval"):
        _ = Figure(place="", as_printed="5 %", kind=RATE).interval


# --- levels, counts behind a survival, unknown methods


def test_the_stated_level_is_used_for_the_interval_of_a_count() -> None:
    # R 4.2.2: binom.test(47, 60, conf.level = 0.9)$conf.int is 0.6778 to 0.8668
    found = check_intervals([figure("78.3 67.8 86.7", RATE, n=47, total=60, level=90.0)])
    assert (found.methods, found.remarks) == ([("Clopper-Pearson",)], [])


@pytest.mark.parametrize(
    ("level", "said"), [(None, "not at 95 %; no level is stated"), (95.0, "not at the stated 95 %")]
)
def test_another_level_is_a_note(level: float | None, said: str) -> None:
    found = check_intervals([figure("78.3 67.8 86.7", RATE, n=47, total=60, level=level)])
    assert found.methods == [("Clopper-Pearson (90 %)",)]
    (remark,) = found.remarks
    assert (remark.level, remark.why) == (
        "note", f"the 90 % interval of 60 patients by Clopper-Pearson, {said}"
    )  # fmt: skip


@given(st.data(), st.integers(5, 300), st.sampled_from([80, 90, 95, 99]))
def test_an_interval_of_a_count_is_known_at_its_level(
    data: st.DataObject, total: int, level: int
) -> None:
    n = data.draw(st.integers(0, total))
    for name, made in INTERVALS.items():
        text = " ".join(f"{end:.1f}" for end in (100 * n / total, *made(n, total, level)))
        for kind, known in ((RATE, {"n": n, "total": total}), (SURVIVAL, {"near": (7, total)})):
            found = check_intervals([figure(text, kind, level=float(level), **known)])
            assert found.methods[0]
            assert [r for r in found.remarks if r.level == "finding"] == []
            if kind == RATE:
                assert name in found.methods[0]


@pytest.mark.parametrize("near", [(25,), (), (12, 25)])
def test_a_survival_without_censoring_may_have_the_interval_of_a_count(
    near: tuple[int, ...],
) -> None:
    # R 4.2.2: binom.test(23, 25)$conf.int is 0.7397 to 0.9902
    found = check_intervals([figure("92.0 74.0 99.0", near=near)])
    assert (found.methods, found.remarks) == ([("Clopper-Pearson",)], [])


def test_limits_in_order_of_an_unknown_method_are_a_note_with_what_others_would_give() -> None:
    found = found_of("98.9 92.5 99.8", "89.6 82.0 90.1")
    (remark,) = found.remarks
    assert remark.level == "note"
    assert remark.why.startswith("fits none of the methods tried (log-log, log, plain, arcsine, logit; of a count Wilson,")  # fmt: skip
    assert "by log-log, which 1 of the other 1 intervals fit: upper limit 94.1" in remark.why


def test_a_table_that_says_its_scale_is_held_to_it() -> None:
    (remark,) = check_intervals([figure("50.0 40.0 60.0", scale="log-log")]).remarks
    assert (remark.level, remark.why[:37]) == ("finding", "log-log does not give both limits; no")


@pytest.mark.parametrize(("text", "level"), [("85.3 65.4 94.2", None), ("85.3 65.4 84.2", "finding")])  # fmt: skip
def test_only_the_order_of_a_difference_is_checked(text: str, level: str | None) -> None:
    found = check_intervals([figure(text, "other")])
    assert [r.level for r in found.remarks] == [level] * (level is not None)


def test_a_stated_method_at_another_level() -> None:
    # R 4.2.2: prop.test(9, 10, conf.level = 0.9, correct = FALSE)$conf.int is 0.6523 to 0.9774
    wilson_90 = figure("90.0 65.2 97.7", RATE, n=9, total=10, method="Wilson")
    (remark,) = check_intervals([wilson_90]).remarks
    assert (remark.level, remark.why[:13]) == ("note", "the 90 % inte")
