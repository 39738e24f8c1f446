"""Percentages against counts, p values against the shares they compare, pooled against parts."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.proportion import proportion_confint

from mrdq.published.counts import (
    INTERVALS,
    agresti_coull,
    chi_square_p,
    counts_that_print,
    exact,
    jeffreys,
    p_values,
    unusual_p_values,
    wald,
    wilson,
)
from mrdq.published.figures import ALL, RATE, SURVIVAL, TEST, Figure, are_parts, band_of
from mrdq.published.named_tests import other_test
from mrdq.published.numbers import printed
from mrdq.published.pooled import check_pooled
from mrdq.published.remarks import Remark
from mrdq.published.shares import check_shares


def rate(percent: str, total: int, n: int | None = None) -> Figure:
    return Figure(place=f"{percent} of {total}", as_printed=f"{percent} %", kind=RATE, estimate=printed(percent),
                  n=n, total=total, table=0, line="1")  # fmt: skip


def p_value(text: str, relation: str = "=", **known: object) -> Figure:
    return Figure(place="p", as_printed=text, kind=TEST, p=printed(text), relation=relation, table=0, line="1", **known)  # type: ignore[arg-type]  # fmt: skip


def remarks(*figures: Figure) -> list[Remark]:
    return check_shares(figures).remarks


@pytest.mark.parametrize(
    ("percent", "total", "counts"),
    [("53.3", 137, [73]), ("45.5", 121, [55]), ("26.4", 121, [32]), ("53", 137, [72, 73]), ("53.4", 137, []),
     ("0", 10, [0]), ("100", 10, [10]), ("100.0", 3000, [2999, 3000]), ("12.5", 8, [1]), ("12", 8, [1]),
     # By hand: 12.5 % is half way between 12 and 13, and is printed as either.
     ("13", 8, [1]), ("12.45", 8, [])],
)  # fmt: skip
def test_counts_that_print_so(percent: str, total: int, counts: list[int]) -> None:
    assert list(counts_that_print(printed(percent), total)) == counts


@given(st.data(), st.integers(1, 2000), st.integers(0, 3))
def test_every_count_is_among_those_that_print_so(data: st.DataObject, total: int, decimals: int) -> None:  # fmt: skip
    n = data.draw(st.integers(0, total))
    text = f"{100 * n / total:.{decimals}f}"
    assert n in counts_that_print(printed(text), total)
    assert remarks(rate(text, total)) == []
    assert remarks(rate(text, total, n)) == []


@pytest.mark.parametrize(("n", "total"), [(0, 10), (1, 10), (9, 10), (10, 10), (73, 137), (32, 121)])  # fmt: skip
@pytest.mark.parametrize(
    ("name", "made"), [("wilson", wilson), ("beta", exact), ("agresti_coull", agresti_coull), ("jeffreys", jeffreys), ("normal", wald)]
)  # fmt: skip
def test_intervals_of_counts_are_those_of_statsmodels(n: int, total: int, name: str, made: object) -> None:  # fmt: skip
    for level in (90, 80, 99):
        ends = proportion_confint(n, total, alpha=1 - level / 100, method=name)
        if name != "jeffreys" or 0 < n < total:
            assert made(n, total, level) == pytest.approx([100 * end for end in ends], abs=1e-9)  # type: ignore[operator]
    low, high = proportion_confint(n, total, method=name)
    if name == "jeffreys":  # ours keeps 0 and 100 %, as Brown, Cai and DasGupta advise
        low, high = (0.0 if n == 0 else low), (1.0 if n == total else high)
    assert made(n, total) == pytest.approx((100 * low, 100 * high), abs=1e-9)  # type: ignore[operator]
    assert len(INTERVALS) == 6


def test_a_percentage_that_no_count_gives_is_found_with_its_neighbours() -> None:
    (remark,) = remarks(rate("53.4", 137))
    assert remark.why == "no count of 137 prints as 53.4 %"
    assert remark.expected == "53.3 % (73) or 54.0 % (74)"
    assert remarks(rate("99.9", 10))[0].expected == "90.0 % (9) or 100.0 % (10)"


def test_a_count_and_its_percentage_that_differ() -> None:
    (remark,) = remarks(rate("53.3", 137, 74))
    assert remark.why == "74 of 137 is 54.0 %"
    assert remark.expected == "54.0 %, or a count of 73, no other count of 137"
    assert remarks(rate("53.3", 137, 138))[0].why == "138 of 137: more than all"


def test_the_only_count_is_told_from_one_of_several() -> None:
    found = check_shares([rate("53.3", 137), rate("53", 137), rate("53", 1000)])
    assert [line.rpartition(": ")[2] for line in found.counts] == ["73, no other count", "72 or 73", "525 to 535"]  # fmt: skip


# R 4.2.2: prop.test(c(73, 55), c(137, 121), correct = FALSE)$p.value, the same with correction, and
# fisher.test(matrix(c(73, 64, 55, 66), 2))$p.value
R_P = {"Pearson": 0.2093621272, "Yates": 0.2582391051, "Fisher": 0.2152311690}


def test_p_values_are_those_of_r() -> None:
    assert p_values((73, 137), (55, 121)) == pytest.approx(R_P, abs=1e-9)
    assert p_values((0, 10), (0, 12)) == {}


@pytest.mark.parametrize(
    ("text", "tests"),
    [("0.21", "Pearson alone gives it"), ("0.26", "Yates alone gives it"), ("0.22", "Fisher alone gives it"),
     ("0.2", "Pearson and Fisher give it")],
)  # fmt: skip
def test_the_test_that_gives_the_printed_p_is_named(text: str, tests: str) -> None:
    found = check_shares([rate("53.3", 137), rate("45.5", 121), p_value(text)])
    assert found.remarks == []
    assert found.tests == [f"p = {text} (p), 73/137 against 55/121: {tests} (Pearson 0.2094, Yates 0.2582, Fisher 0.2152)"]  # fmt: skip


def test_a_p_that_no_test_gives_is_found() -> None:
    (remark,) = remarks(rate("53.3", 137), rate("45.5", 121), p_value("0.03"))
    assert remark.why == "no two-proportion test of 73/137 against 55/121 gives p = 0.03"
    assert remark.expected == "Pearson 0.2094, Yates 0.2582, Fisher 0.2152"
    (remark,) = remarks(rate("53.3", 137), rate("45.5", 121), p_value("0.05", "<"))
    assert "gives p < 0.05" in remark.why
    assert remarks(rate("53.3", 137), rate("45.5", 121), p_value("0.05", ">")) == []


def test_a_count_that_is_in_doubt_is_tried_whole() -> None:
    # By hand: 53 % of 137 is 72 or 73, and 45 % of 121 is 54 or 55: four tables.
    found = check_shares([rate("53", 137), rate("45", 121), p_value("0.21")])
    assert found.remarks == []
    assert "and the like" in found.tests[0]


@pytest.mark.parametrize("figures", [(), (rate("53.3", 137),), (rate("0", 10), rate("0", 12)),
                                     (rate("53.4", 137), rate("45.5", 121)), (rate("1", 10**6), rate("2", 10**6))])  # fmt: skip
def test_a_p_that_cannot_be_computed_again_is_counted(figures: tuple[Figure, ...]) -> None:
    found = check_shares([*figures, p_value("0.21")])
    assert (found.n_tests, found.n_not_testable) == (0, 1)
    assert not any(remark.figure.kind == TEST for remark in found.remarks)


def test_a_statistic_gives_its_p() -> None:
    # R: pchisq(3.841459, 1, lower.tail = FALSE) = 0.05
    assert chi_square_p(printed("3.841459"), 1) == pytest.approx((0.05, 0.05), abs=1e-6)
    assert remarks(p_value("0.05", statistic=printed("3.84"), df=1)) == []
    (remark,) = remarks(p_value("0.04", statistic=printed("3.84"), df=1))
    assert remark.why == "χ² 3.84 with 1 df"
    assert remark.expected.startswith("p = 0.049")


def test_what_no_percentage_and_no_p_can_be() -> None:
    (remark,) = remarks(replace(rate("153.3", 137), total=None))
    assert (remark.expected, remark.why) == ("0 to 100", "153.3: no percentage")
    assert remarks(p_value("1.7"))[0].why == "1.7: no p value"


def survival(stratum: str, estimate: str, **known: object) -> Figure:
    made = Figure(place=stratum, as_printed=estimate, kind=SURVIVAL, estimate=printed(estimate), table=0, trial="T",
                  endpoint="LFS", months="24", group=ALL if stratum == ALL else "strata", stratum=stratum)  # fmt: skip
    return replace(made, **known)  # type: ignore[arg-type]


AGES = (survival("16-35", "87.3"), survival("36-55", "90.9"), survival("56-65", "93.3"))


def test_a_pooled_estimate_below_all_its_parts_is_an_oddity() -> None:
    (remark,) = check_pooled([survival(ALL, "85.6"), *AGES])
    assert (remark.level, remark.expected) == ("oddity", "")
    assert remark.why.endswith("unlikely, not impossible: only unequal follow-up could do it")
    assert "below all its strata: 87.3 (16-35), 90.9 (36-55), 93.3 (56-65)" in remark.why
    (remark,) = check_pooled([survival(ALL, "95.6"), *AGES])
    assert "above all its strata" in remark.why


@pytest.mark.parametrize("estimate", ["87.3", "87.2", "90.0", "93.3", "93.4", "87"])
def test_rounding_can_put_it_outside(estimate: str) -> None:
    assert check_pooled([survival(ALL, estimate), *AGES]) == []


def test_strata_that_may_leave_somebody_out_give_a_note() -> None:
    parts = survival("MRD-negative", "90.0"), survival("MRD-positive", "87.0")
    (remark,) = check_pooled([survival(ALL, "85.6"), *parts])
    assert (remark.level, remark.expected) == ("note", "")
    gap = survival("16-35", "90.0"), survival("46-55", "87.0")
    assert check_pooled([survival(ALL, "85.6"), *gap])[0].level == "note"


def test_numbers_at_risk_make_it_a_note() -> None:
    (remark,) = check_pooled([survival(ALL, "85.6", followed=True), *AGES])
    assert (remark.level, "numbers at risk" in remark.why) == ("note", True)


def test_only_what_belongs_together_is_compared() -> None:
    pooled = survival(ALL, "85.6")
    for other in (
        {"trial": "U"},
        {"endpoint": "OS"},
        {"months": "36"},
        {"table": 1},
        {"group": ""},
    ):
        assert check_pooled([pooled, *(replace(age, **other) for age in AGES)]) == []  # type: ignore[arg-type]
    assert check_pooled([pooled, AGES[0]]) == []
    assert check_pooled([pooled, survival(ALL, "70", months="12"), *(replace(a, months="") for a in AGES)]) == []  # fmt: skip
    assert check_pooled([replace(f, table=-1, trial="") for f in (pooled, *AGES)]) == []
    assert len(check_pooled([replace(f, table=-1) for f in (pooled, *AGES)])) == 1
    assert len(check_pooled([pooled, *(replace(a, months="") for a in AGES)])) == 1


@pytest.mark.parametrize(
    ("strata", "whole"),
    [(["16-35", "36-55", "56-65"], True), (["<40", "≥40"], True), (["≤40", ">40"], True), (["age 16-35", "age 36+"], True),
     (["16-35", "56-65"], False), (["16-35", "30-65"], False), (["16-35"], False), (["16-35", "others"], False)],
)  # fmt: skip
def test_ranges_that_follow_on_each_other_are_everyone(strata: list[str], whole: bool) -> None:
    assert are_parts(strata) is whole


def test_a_range_keeps_the_word_before_it() -> None:
    assert band_of("age 16-35 years") == ("age", 16, 35)
    assert band_of("positive") is None


# --- p values of other tests


@pytest.mark.parametrize(
    "words",
    ["log-rank", "logrank", "Gray's test", "CMH", "Cochran–Mantel–Haenszel", "stratified", "adjusted", "McNemar", "paired",
     "Cox", "for trend", "noninferiority", "non-inferiority", "likelihood ratio", "Wilcoxon", "multivariable", "cmh_p"],
)  # fmt: skip
def test_a_named_other_test_is_known(words: str) -> None:
    assert other_test(f"{words} p = 0.03")


@pytest.mark.parametrize(
    "words", ["p = 0.03", "Pearson p", "Fisher's exact p", "Yates", "χ² test", "unadjusted p", "unpaired", "unstratified",
              "a trend towards more responses", "a matched unrelated donor", "one-sided p"],
)  # fmt: skip
def test_no_other_test_is_named(words: str) -> None:
    assert other_test(words) == ""


def test_a_p_of_another_test_is_not_compared() -> None:
    found = check_shares([rate("53.3", 137), rate("45.5", 121), p_value("0.03", test="CMH")])
    assert (found.remarks, found.n_tests, found.n_not_testable) == ([], 0, 1)
    assert found.named == ["p = 0.03 (p): of another test, CMH"]


# R 4.2.2, with x <- c(73, 55), n <- c(137, 121): fisher.test(matrix(c(73, 64, 55, 66), 2),
# alternative = "greater")$p.value is 0.1290988; by their formulas in R, N - 1: pchisq(1.575832 * 257 / 258, 1,
# lower.tail = FALSE) is 0.2102471; unpooled: 2 * pnorm(-|p1 - p2| / sqrt(sum(p * (1 - p) / n))) is 0.2079119;
# likelihood ratio: pchisq(2 * sum(m * log(m / expected)), 1, lower.tail = FALSE) is 0.2091147.
def test_less_usual_p_values() -> None:
    made = unusual_p_values((73, 137), (55, 121))
    assert made["one-sided Pearson"] == pytest.approx(R_P["Pearson"] / 2)
    assert made["one-sided Fisher"] == pytest.approx(0.1290988, abs=1e-6)
    assert made["N - 1"] == pytest.approx(0.2102471, abs=1e-6)
    assert made["unpooled z"] == pytest.approx(0.2079119, abs=1e-6)
    assert made["likelihood ratio"] == pytest.approx(0.2091147, abs=1e-6)
    assert made["mid-p"] < made["Fisher doubled"]
    assert unusual_p_values((0, 10), (0, 12)) == {}
    assert unusual_p_values((0, 10), (12, 12))["unpooled z"] == 0


def test_half_of_a_two_sided_p_is_a_note_unless_it_is_called_one_sided() -> None:
    rates = rate("53.3", 137), rate("45.5", 121)
    (remark,) = remarks(*rates, p_value("0.10"))
    assert (remark.level, "only the one-sided Pearson gives p = 0.10" in remark.why) == ("note", True)  # fmt: skip
    for text in ("0.10", "0.13", "0.90"):  # either side; by hand .2582 / 2 = .129, 1 - .1047 = .895
        found = check_shares([*rates, p_value(text, one_sided=True)])
        assert found.remarks == []
        assert "one-sided" in found.tests[0]
    (remark,) = remarks(*rates, p_value("0.21", one_sided=True))
    assert (remark.level, "perhaps against a margin" in remark.why) == ("note", True)


@pytest.mark.parametrize("doubt", ["the text names CMH elsewhere", ""])
def test_a_p_that_may_be_of_something_else_is_a_note(doubt: str) -> None:
    (remark,) = remarks(rate("53.3", 137), rate("45.5", 121), p_value("0.03", doubt=doubt))
    assert remark.level == ("note" if doubt else "finding")
    both = p_value("0.03"), p_value("0.04")
    told = remarks(rate("53.3", 137), rate("45.5", 121), *both)
    assert [(one.level, "several p values" in one.why) for one in told] == [("note", True)] * 2


def test_a_one_sided_p_of_a_statistic() -> None:
    assert remarks(p_value("0.025", statistic=printed("3.84"), df=1, one_sided=True)) == []
    assert len(remarks(p_value("0.025", statistic=printed("3.84"), df=1))) == 1


def test_a_survival_need_not_be_the_share_beside_it() -> None:
    (remark,) = remarks(survival(ALL, "62", n=23, total=60))
    assert (remark.level, remark.why) == (
        "note", "23 of 60 is 38 %; with censoring the estimate need not be that share"
    )  # fmt: skip
    assert remarks(survival(ALL, "62", n=37, total=60)) == []
