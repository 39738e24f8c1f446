"""``mrdq published-check``: what it says of the published figures, of damage, and of mrdq's own tables."""

from __future__ import annotations

import contextlib
import csv
import io
import math
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_study import Outcome, mrdq
from statsmodels.stats.proportion import proportion_confint

from mrdq import resources
from mrdq.cohort.tables import BY_NAME
from mrdq.errors import MrdqError
from mrdq.published.check import check
from mrdq.published.read import read

SHARED = Path(os.environ.get("MRDQ_SHARED", Path(__file__).resolve().parents[3] / "shared"))
EVIDENCE = SHARED / "guideline-evidence.md"
PUBLISHED = resources.path("trial/published.tsv")

PAGE = """# Notes

Reproducible: 1.5 cycles (slope −3.51 ± 0.14 (−3.99 … −3.12)); 190 of 222 wells positive.

| parameter | value | grade |
|---|---|---|
| slope | −3.9 … −3.1 | recalled |
| DNA per well | 500–650 ng, "about 10⁵ cells" (6.6 pg each: 600 ng = 90,909) | recalled |

Figures (enrolled 137 in 2023, 121 in 2019; as of June 2025):
| | ALL/MRD2023 | ALL/MRD2019 | p |
|---|---|---|---|
| MRD-negative after A-1 | 53.3 % | 45.5 % | 0.21 |
| MRD-positive after C-1 | – | 26.4 % | |
| 2-year OS | 98.9 (92.5–99.8) | 89.6 (82.0–94.1) | 0.07 |
| 2-year LFS | 85.6 (71.9–92.9) | 74.1 (64.7–81.3) | 0.69 |
| OS 16–35 / 36–55 / 56–65 | 100 / 97.3 (82.3–99.6) / 100 | 91.4 (78.7–96.7) / 88.5 (72.2–85.5 as printed) / 87.5 (65.8–95.9) | |
| LFS 16–35 / 36–55 / 56–65 | 87.3 (71.9–94.6) / 90.9 (77.4–96.5) / 93.3 (61.3–99.0) | 71.3 (56.3–81.9) / 73.6 (55.4–85.3) / 80.3 (58.8–91.4) | |
| MRD-negative after C-1: OS / LFS | 98.6 (90.4–99.8) / 92.0 (82.7–96.4) | 91.1 (82.3–95.7) / 76.8 (65.6–84.7) | 0.13 / 0.57 |
| MRD-positive after C-1: OS / LFS | 100 / 72.2 (41.6–88.6) | 85.3 (65.4–19.9 as printed) / 67.2 (65.4–94.2 as printed) | 0.22 / 0.93 |

Three are impossible: 88.5 (72.2–85.5) should end at 95.5; p = 0.21 is Pearson's (0.2094; Yates 0.258).
"""

ABSTRACT = """MRD was negative after A-1 in 53.3% (73/137) vs 45.5% (55/121), p = 0.21; after C-1, 26.4% (32/121) of MRD2019 were positive.
In MRD2023, 2-year OS was 98.9% (95% CI 92.5–99.8), in MRD2019 89.6% (95% CI, 82.0 to 94.1; p = 0.07).
In MRD2023, 2-year LFS was 85.6% (71.9–92.9): 87.3% (71.9–94.6) at 16–35 years, 90.9% [77.4; 96.5] at 36–55 years and 93.3% (61.3–99.0) at 56–65 years.
In MRD2023, OS of the middle group was 97.3% (82.3–99.6).
In MRD2019, OS was 91.4% (78.7−96.7%) at 16–35 years, 88.5% (72.2–85.5) at 36–55 years and 87.5% (95% confidence interval [CI]: 65.8–95.9) at 56–65 years.
In MRD2019, LFS was 74.1% (64.7, 81.3), by age 71.3% (56.3–81.9), 73.6% (55.4–85.3) and 80.3 % (58.8–91.4), p=.69.
OS of the MRD-negative was 98.6% (95% CI [90.4, 99.8]) vs 91.1%, 95% CI 82.3–95.7 (p=0.13), their LFS 92.0% (82.7–96.4) vs 76.8% (65.6–84.7) (p=0.57).
OS of the MRD-positive was 100% vs 85·3 (95 % CI 65·4–19·9), p = 0.22; their LFS 72.2 % (41.6–88.6) vs 67.2 % (65.4–94.2), p = 0.93.
"""  # fmt: skip


def rows(out: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(out), delimiter="\t"))


def checked(path: Path, text: str) -> Outcome:
    path.write_text(text, encoding="utf-8")
    return mrdq("published-check", path)


@pytest.fixture(params=["page", "abstract", "resource", "evidence"])
def published(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """The published figures: in a page with other tables, as prose, as a tidy table, as noted."""
    given_ = {"resource": PUBLISHED, "evidence": EVIDENCE}
    if request.param in given_:
        if not given_[request.param].is_file():
            pytest.skip(f"absent: {given_[request.param]} (set MRDQ_SHARED)")
        return given_[request.param]
    path = tmp_path / {"page": "notes.md", "abstract": "abstract.txt"}[request.param]
    path.write_text(PAGE if request.param == "page" else ABSTRACT, encoding="utf-8")
    return path


def test_the_published_figures_hold_three_findings_one_oddity_and_no_more(published: Path) -> None:
    outcome = mrdq("published-check", published, "--tsv")
    assert outcome.code == 3
    found = {row["as_printed"].split()[0].rstrip("%").replace("·", "."): row for row in rows(outcome.out)
             if row["outcome"] in ("finding", "oddity")}  # fmt: skip
    assert [p for p, row in found.items() if row["outcome"] == "oddity"] == ["85.6"]
    assert set(found) == {"88.5", "85.3", "67.2", "85.6"}
    assert found["88.5"]["expected"].startswith("upper limit 95.5 ")
    assert found["85.3"]["expected"].startswith("upper limit 94.2 ")
    assert found["67.2"]["expected"] == ""
    assert "65.4–94.2 is the interval of its neighbour 85.3" in found["67.2"]["why"]
    assert "its own is lost" in found["67.2"]["why"]
    assert found["85.6"]["expected"] == ""
    assert "unlikely, not impossible: only unequal follow-up could do it" in found["85.6"]["why"]
    assert "below all its strata: 87.3 (16-35), 90.9 (36-55), 93.3 (56-65)" in found["85.6"]["why"]
    assert not any(row["outcome"] == "note" for row in rows(outcome.out))


def test_what_the_published_figures_say_of_the_methods(published: Path) -> None:
    outcome = mrdq("published-check", published)
    assert outcome.code == 3
    for line in (
        "intervals of proportions: 21; they fit log-log 18, log 0, plain 0, arcsine 0, logit 5",
        "percentages with a denominator: 3", "p values computed again: 1", "73/137 against 55/121: Pearson alone gives it (Pearson 0.2094, Yates 0.2582, Fisher 0.2152)", "not allow to compute again: 6", "\n3 findings, 1 oddity\n",
    ):  # fmt: skip
        assert line in outcome.out
    assert (outcome.out.count("FINDING  "), outcome.out.count("ODDITY   ")) == (3, 1)


def test_the_counts_of_the_published_rates(tmp_path: Path) -> None:
    out = checked(tmp_path / "notes.md", PAGE).out
    for line in ("53.3 % of 137", "45.5 % of 121", "26.4 % of 121"):
        assert line in out
    assert [n for n in ("73", "55", "32") if f": {n}, no other count\n" not in out] == []
    assert out.startswith("34 figures read, 2 tables, 1 said again in the text\n")


def test_the_shipped_table_says_what_it_is() -> None:
    table = rows(PUBLISHED.read_text(encoding="utf-8"))
    assert list(table[0]) == ["trial", "endpoint", "timepoint", "group", "stratum", "months", "measure", "n", "estimate",
                              "low", "high", "p", "as_printed", "note", "source", "repaired_low", "repaired_high"]  # fmt: skip
    assert all("the abstract itself was not read by us" in row["source"] for row in table)
    repaired = [(r["estimate"], r["repaired_low"], r["repaired_high"]) for r in table if r["repaired_high"]]  # fmt: skip
    wanted = [("88.5", "72.2", "95.5"), ("85.3", "65.4", "94.2"), ("67.2", "lost", "lost")]
    assert repaired == wanted
    impossible = [r["as_printed"] for r in table if r["note"].startswith("impossible as printed")]
    assert impossible == ["88.5 (72.2–85.5)", "85.3 (65.4–19.9)", "67.2 (65.4–94.2)"]
    for row in table:
        limits = f" ({row['low']}–{row['high']})" if row["low"] else ""
        assert row["as_printed"].removesuffix(" %") == f"{row['estimate'] or row['p']}{limits}"
    assert len(table) == 34


@pytest.mark.parametrize("figure", ["98.9 (92.5–99.8)", "93.3 (61.3–99.0)", "76.8 (65.6–84.7)"])
def test_any_figure_that_is_damaged_is_found(tmp_path: Path, figure: str) -> None:
    estimate, limits = figure.split()
    low, high = limits.strip("()").split("–")
    for damaged in (
        f"{low} ({estimate}–{high})",
        f"{estimate} ({high}–{low})",
        f"{estimate} ({low}–{low})",
    ):
        out = rows(_tsv(tmp_path / "notes.md", PAGE.replace(figure, damaged)))
        assert damaged in [row["as_printed"] for row in out if row["outcome"] == "finding"]


def _tsv(path: Path, text: str) -> str:
    path.write_text(text, encoding="utf-8")
    return mrdq("published-check", "--tsv", path).out


def test_a_sound_abstract_passes(tmp_path: Path) -> None:
    outcome = checked(tmp_path / "a.txt", "2-year OS was 89.6% (95% CI 82.0–94.1).")
    assert outcome.code == 0
    assert outcome.out == (
        "1 figure read\nintervals of proportions: 1; they fit log-log 1, log 0, plain 0, arcsine 0, logit 1\nno finding\n"
    )


def test_a_figure_that_nothing_can_be_checked_of_is_said(tmp_path: Path) -> None:
    outcome = checked(tmp_path / "a.txt", "The rate was 98.9%.")
    assert (outcome.code, outcome.out) == (
        0, "1 figure read\nestimates without interval and denominator: 1\nno finding\n"
    )  # fmt: skip


def test_long_lists_are_cut_for_people_and_whole_in_the_table(tmp_path: Path) -> None:
    text = "OS was 98.9% (92.5–99.8).\n\n" + "\n\n".join(
        f"The slope was {n}.5 ± 0.1." for n in range(25)
    )
    assert "not read as figures: 25" in checked(tmp_path / "a.txt", text).out
    assert (
        "and 5 more of them: --tsv lists them all"
        in mrdq("published-check", tmp_path / "a.txt").out
    )
    assert (
        len([r for r in rows(_tsv(tmp_path / "a.txt", text)) if r["outcome"] == "not_read"]) == 25
    )


# --- mrdq's own tables


def own(name: str, **columns: object) -> str:
    """A row of one of mrdq's tables, with what is not given empty."""
    names = BY_NAME[name].names
    assert set(columns) <= set(names)
    cells = [str(columns.get(column, "")) for column in names]
    return "\t".join(names) + "\n" + "\t".join(cells) + "\n"


@given(s=st.floats(0.01, 0.999), se=st.floats(0.001, 0.2))
def test_kaplan_meier_and_incidence_of_mrdq_pass(s: float, se: float) -> None:
    c = 1.959963984540054 * se / (s * -math.log(s))
    low, high = s ** math.exp(c), s ** math.exp(-c)
    printed = {
        "estimate": f"{100 * s:.12g}",
        "low": f"{100 * low:.12g}",
        "high": f"{100 * high:.12g}",
    }
    for name in ("estimates", "competing", "curves"):
        found = check(read(own(name, trial="T", **printed).encode(), f"{name}.tsv"))
        assert found.remarks == []
        assert "log-log" in found.intervals.methods[0]


@given(total=st.integers(2, 500), share=st.floats(0, 0.99))
def test_rates_of_mrdq_pass_and_a_wrong_limit_is_found(total: int, share: float) -> None:
    n = int(share * total)
    wilson, exact = (proportion_confint(n, total, method=name) for name in ("wilson", "beta"))
    cells: dict[str, object] = {"n": n, "total": total, "percent": f"{100 * n / total:.12g}",
             "wilson_low": f"{100 * wilson[0]:.12g}", "wilson_high": f"{100 * wilson[1]:.12g}",
             "exact_low": f"{100 * exact[0]:.12g}", "exact_high": f"{100 * exact[1]:.12g}"}  # fmt: skip
    assert check(read(own("mrd_rates", **cells).encode(), "mrd_rates.tsv")).remarks == []
    cells["exact_high"] = f"{100 * exact[1] + 0.01:.12g}"
    (remark,) = check(read(own("mrd_rates", **cells).encode(), "mrd_rates.tsv")).remarks
    assert f"Clopper-Pearson's interval of {n} of {total}" in remark.why


@pytest.mark.parametrize("name", BY_NAME)
def test_every_table_of_mrdq_may_be_empty(tmp_path: Path, name: str) -> None:
    outcome = checked(tmp_path / f"{name}.tsv", "\t".join(BY_NAME[name].names) + "\n")
    assert outcome.code == 0
    assert (
        outcome.out
        == f"0 figures read, 1 table, {name}.tsv holds nothing that is checked\nno finding\n"
    )


@pytest.mark.parametrize(
    ("name", "columns", "n"),
    [
        ("flow", {"analysis": "all", "trial": "T", "step": "enrolled", "n": 121}, 0),
        ("excluded", {"analysis": "all", "patient_id": "P-1", "trial": "T", "reason": "no start"}, 0),
        ("table1", {"characteristic": "sex", "n": 55, "total": 121, "percent": 100 * 55 / 121}, 1),
        ("table1", {"characteristic": "age", "n": 121, "total": 121, "median": 44, "minimum": 16, "maximum": 65}, 1),
        ("mrd_tests", {"test": "pearson", "statistic": 3.84145882069, "df": 1, "p": 0.05}, 1),
        ("mrd_tests", {"test": "fisher", "statistic": 1.4, "p": 0.215}, 1),
        ("estimates", {"estimate": 100, "low": "NE", "high": "NE", "bound": 78.2, "last_estimate": 100}, 2),
        ("estimates", {"estimate": "NE", "low": "NE", "high": "NE"}, 0),
        ("cox", {"hazard_ratio": 0.61, "low": 0.31, "high": 1.2, "p": 0.15}, 1),
        ("follow_up", {"median_days": 700, "low": 650, "high": 800}, 1),
        ("sensitivity", {"value": 1.4, "low": 0.9, "high": 2.2, "p": 0.1}, 1),
    ],
)  # fmt: skip
def test_other_tables_of_mrdq_pass(
    tmp_path: Path, name: str, columns: dict[str, object], n: int
) -> None:
    outcome = checked(tmp_path / f"{name}.tsv", own(name, **columns))
    assert outcome.code == 0
    assert outcome.out.startswith(f"{n} figure{'' if n == 1 else 's'} read")


@pytest.mark.parametrize(
    ("name", "columns"),
    [
        ("table1", {"n": 55, "total": 121, "percent": 45.5}),
        ("mrd_tests", {"test": "pearson", "statistic": 3.84145882069, "df": 1, "p": 0.0501}),
        ("follow_up", {"median_days": 700, "low": 750, "high": 800}),
        ("cox", {"hazard_ratio": 0.61, "low": 0.71, "high": 1.2}),
        ("estimates", {"endpoint": "OS", "estimate": 89.6, "low": 82.0, "high": 94.5}),
    ],
)  # fmt: skip
def test_a_wrong_figure_of_mrdq_is_found_unrounded(
    tmp_path: Path, name: str, columns: dict[str, object]
) -> None:
    good = {
        "endpoint": "OS",
        "estimate": 50,
        "low": 100 * 0.5 ** math.exp(0.3),
        "high": 100 * 0.5 ** math.exp(-0.3),
    }
    text = own(name, **columns)
    if name == "estimates":  # an interval that nothing gives, beside one that is log-log
        text += own(name, **good).splitlines()[1] + "\n"
    assert checked(tmp_path / f"{name}.tsv", text).code == 3


def test_a_pooled_estimate_of_mrdq_outside_its_strata_is_a_note(tmp_path: Path) -> None:
    head, *body = (own("estimates", trial="T", endpoint="LFS", group=group, stratum=stratum, months=24, at_risk=9,
                       estimate=estimate, low="NE", high="NE").splitlines()
                   for group, stratum, estimate in (("all", "all", 85.6), ("age_group", "16-35", 87.3), ("age_group", "36-55", 90.9)))  # fmt: skip
    outcome = checked(
        tmp_path / "estimates.tsv", "\n".join([*head, *(lines[1] for lines in body)]) + "\n"
    )
    assert outcome.code == 0
    assert (
        "note     line 2 (T, LFS, 24, all): 85.6: the pooled estimate lies below all its strata"
        in outcome.out
    )


def test_an_oddity_alone_is_a_difference(tmp_path: Path) -> None:
    text = "In MRD2023, LFS was 85.6%, 87.3% at 16–35 years and 90.9% at 36–55 years."
    outcome = checked(tmp_path / "a.txt", text)
    assert outcome.code == 3
    assert outcome.out.splitlines()[1].startswith("ODDITY   line 1, sentence 1: 85.6%: the pooled")
    assert outcome.out.endswith("\nno finding, 1 oddity\n")


@pytest.mark.parametrize(
    "text",
    [
        # R 4.2.2: binom.test(47, 60, conf.level = 0.9)$conf.int is 0.6778 to 0.8668
        "CR was 47/60 (78.3%, 90% CI 67.8-86.7).",
        # R 4.2.2: binom.test(23, 25)$conf.int is 0.7397 to 0.9902
        "2-year OS was 92.0% (95% CI 74.0-99.0) in the 25 patients treated.",
        "CR was 44% (119/271) vs 25% (33/134), stratified p = 0.01.",
        "EFS was 87.2±1.6% and OS 92.1±1.2%.",
        "CR differed, a difference of 17 percentage points (95% CI 5 to 27).",
    ],
)
def test_what_is_right_is_no_difference(tmp_path: Path, text: str) -> None:
    outcome = checked(tmp_path / "a.txt", text)
    assert outcome.code == 0
    assert "note " not in outcome.out
    assert outcome.out.endswith("\nno finding\n")


def test_a_p_of_another_test_is_counted_with_its_reason(tmp_path: Path) -> None:
    out = checked(tmp_path / "a.txt", "CR was 44% (119/271) vs 25% (33/134), p = 0.01 (CMH).").out
    assert "not allow to compute again: 1\n         p = 0.01 (line 1, sentence 1): of another test, CMH\n" in out  # fmt: skip


# --- what cannot be read


def test_a_text_without_figures_is_refused(tmp_path: Path) -> None:
    outcome = checked(tmp_path / "a.txt", "Nothing was measured.")
    assert (outcome.code, outcome.out) == (2, "")
    assert 'found nothing, expected published figures. Give a table (tsv, csv or Markdown) or a text' in outcome.problems[0]  # fmt: skip


def test_a_file_that_cannot_be_taken_is_refused(tmp_path: Path) -> None:
    assert "a file that exists" in mrdq("published-check", tmp_path / "none.txt").problems[0]
    assert 'found "a folder", expected a file' in mrdq("published-check", tmp_path).problems[0]
    (tmp_path / "large.txt").touch()
    os.truncate(tmp_path / "large.txt", 50_000_001)
    assert "at most 50 MB" in mrdq("published-check", tmp_path / "large.txt").problems[0]
    (tmp_path / "paper.pdf").write_bytes(b"%PDF-1.7\n")
    assert 'found "a PDF"' in mrdq("published-check", tmp_path / "paper.pdf").problems[0]


@pytest.mark.parametrize(
    "unit",
    ["1% ", "(", "1(", "1%(%", "9", "1,", "1/1 (% ", "| ", "1 (1-", "95% CI ", "p = 0.1 ", "1-1 "],
)
def test_hostile_text_ends_in_words(tmp_path: Path, unit: str) -> None:
    for text in (
        unit * 6000,
        "OS was 98.9% (92.5–99.8). " + unit * 4000,
        f"| {unit * 3000} | x |\n|---|---|\n| {unit * 3000} | 1 |\n",
    ):
        outcome = checked(tmp_path / "a.txt", text)
        assert outcome.code in (0, 2, 3)


@given(st.text(st.sampled_from("0123456789.,%()[]-–−/|:;<=>≤± pnCIOSto\n\t\u2009⁵ ×"), max_size=60))
def test_any_text_is_read_or_refused_in_words(text: str) -> None:
    for name in ("a.txt", "a.csv", "a.tsv"):
        with contextlib.suppress(MrdqError):
            check(read(text.encode(), name))
