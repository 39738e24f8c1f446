"""The cohort page: well-formed, complete, the same bytes each time; NE is said, never a number.

The tables are invented here (seeded), so that the page is held to the tables' columns and not to
the statistics.
"""

from __future__ import annotations

import html
import math
import re
from collections import Counter
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mrdq.cohort.samples import Settings
from mrdq.cohort.tables import BY_NAME
from mrdq.config import load_config
from mrdq.reports import against_page, cohort_page
from mrdq.reports.cohort_numbers import count, interval, number, numbers, p_equals, p_value, ratio
from mrdq.reports.cohort_sections import EXCLUDED, About, Assumption, write_page
from mrdq.reports.cohort_sensitivity import n_changed, sensitivity
from mrdq.reports.cohort_summary import summary
from mrdq.reports.cohort_tables import NE_MEANS
from mrdq.study import load_study

ROOT = Path(__file__).parents[2]
NAN = math.nan
NOTICE = "SYNTHETIC: invented for a test"
LABELS = {"T1": "after A-1", "T2": "after C-1"}
SETTINGS = Settings(("T1", "T2"), landmark_day=120, landmark_timepoint="T2")
VOID = {"meta", "br", "hr", "link", "img"}
Frames = dict[str, pd.DataFrame]


class Page(HTMLParser):
    """Tags that close what they open, ids, links, and the text of each table."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: Counter[str] = Counter()
        self.links: list[str] = []
        self.tags: Counter[str] = Counter()
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.tags[tag] += 1
        self.ids[found.get("id") or ""] += 1
        self.links += [v for k, v in found.items() if v and k in ("href", "src", "xlink:href")]
        assert tag not in ("script", "iframe", "object", "link", "img", "b-a-d")
        if tag == "th":
            assert found.get("scope") in ("col", "row")
        if tag == "svg":
            assert found.get("role") == "img"
            assert found.get("aria-label")
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def text_of(page: str) -> str:
    """What a reader sees, on one line."""
    return " ".join(re.sub(r"<style.*?</style>|<[^>]+>", " ", page, flags=re.S).split())


def curve(name: str, key: dict[str, object], n: int, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    days = np.sort(rng.choice(np.arange(130, 1500), n, replace=False))
    event = rng.random(n) < 0.4
    at_risk = np.arange(n, 0, -1)
    estimate = 100 * np.cumprod(1 - event / (at_risk + 1))
    low = np.where(event.cumsum() > 0, estimate - 8, NAN)
    columns = {"day": days, "at_risk": at_risk, "n_events": event, "n_censored": ~event,
               "estimate": estimate, "low": low, "high": np.minimum(low + 14, 100)}  # fmt: skip
    return pd.DataFrame(columns).astype(float).assign(**key)


def frame(name: str, rows: list[dict[str, object]]) -> pd.DataFrame:
    """Rows of a cohort table with all of its columns; what is not said is "" or NaN."""
    made = pd.DataFrame(rows, columns=BY_NAME[name].names)
    for column in BY_NAME[name].columns:
        if column.kind == "text":
            made[column.name] = made[column.name].astype(object).fillna("")
    return made


def tables(trials: tuple[str, ...] = ("A", "B"), timepoints: tuple[str, ...] = ("T1", "T2"),
           endpoints: tuple[str, ...] = ("OS", "LFS")) -> Frames:  # fmt: skip
    """Every table, for some trials and timepoints; the first patient's id would be markup."""
    groups = {"all": ["all"], "age_group": ["16-35", "36-55"]} | {f"mrd_{t}": ["negative", "positive"] for t in timepoints}  # fmt: skip
    cells = [
        {"analysis": a, "endpoint": e, "censoring": "none", "trial": t, "group": g, "stratum": s}
        for a in ("from_start", "landmark") for e in endpoints for t in trials
        for g, strata in groups.items() for s in strata
    ]  # fmt: skip
    curves = pd.concat([curve("c", cell, 20, seed) for seed, cell in enumerate(cells)])
    at: list[dict[str, object]] = []
    for cell in cells:
        at.append(cell | {"months": 24, "day": 730, "n": 20, "n_events": 3, "at_risk": 9, "estimate": 81.25, "low": 60.5, "high": 92.5})  # fmt: skip
        at.append(cell | {"months": 12, "day": 365, "n": 20, "n_events": 0, "at_risk": 15, "estimate": 100.0, "bound": 78.2})  # fmt: skip
        at.append(cell | {"months": 36, "day": 1095, "n": 20, "n_events": 3, "at_risk": 0, "estimate": "NE", "low": "NE", "high": "NE", "note": "beyond the last follow-up (day 900)", "last_estimate": 77.77})  # fmt: skip
    between = [cell | {"comparison": "trial", "trial": "all", "test": "logrank", "p": 0.0687} for cell in cells]  # fmt: skip
    within = [cell | {"comparison": cell["group"], "group": "all", "stratum": "all", "test": "logrank", "p": 0.0004} for cell in cells if cell["group"] != "all"]  # fmt: skip
    flow = [{"analysis": f"{e} from the start", "trial": t, "step": step, "n": n}
            for e in endpoints for t in trials
            for step, n in (("enrolled", 20), ("left out: dates are not known", 2), ("analysed", 18))]  # fmt: skip
    causes = [{"analysis": "from_start", "trial": t, "group": "all", "stratum": "all", "cause": c} for t in trials for c in ("relapse", "death")]  # fmt: skip
    incidence = pd.concat([curve("i", cause, 20, 5) for cause in causes])
    incidence["estimate"] = 100 - incidence["estimate"]
    incidence["low"] = incidence["high"] = NAN
    return {
        "flow": frame("flow", flow),
        "excluded": frame("excluded", [{"analysis": "OS from the start", "patient_id": "<b-a-d>P1", "trial": trials[0], "reason": "dates are not known"}]),
        "table1": frame("table1", [{"characteristic": "age", "trial": t, "n": 19, "total": 20, "median": 41.0, "minimum": 17, "maximum": 65} for t in trials]),
        "mrd_rates": frame("mrd_rates", [{"timepoint": t, "trial": trial, "result": "negative", "denominator": d, "n": 15, "total": total, "percent": 100 * 15 / total, "wilson_low": 44.4, "wilson_high": 88.8, "exact_low": 43.2, "exact_high": 89.9, "n_insensitive": 3}
                                         for t in timepoints for trial in trials for d, total in (("evaluable", 18), ("enrolled", 20))]
                           + [{"timepoint": t, "trial": trial, "result": "not_evaluable", "denominator": "enrolled", "n": 2, "total": 20, "percent": 10.0} for t in timepoints for trial in trials]),
        "mrd_tests": frame("mrd_tests", [{"timepoint": t, "result": r, "denominator": d, "test": "pearson", "statistic": 1.576, "df": 1, "p": p}
                                         for t in timepoints for r, d, p in (("positive", "evaluable", 0.1031), ("positive", "enrolled", 0.0072), ("negative", "evaluable", 0.1031), ("negative", "enrolled", 0.2094))]),
        "estimates": frame("estimates", at),
        "curves": curves,
        "tests": frame("tests", between + within),
        "cox": frame("cox", [cells[0] | {"model": "trial", "covariate": "trial", "level": "B", "reference": "A", "method": m, "n": 40, "n_events": 9, "hazard_ratio": h, "low": low, "high": high, "p": p, "ph_statistic": 0.5, "ph_p": 0.48, "note": note}
                             for m, h, low, high, p, note in (("efron", "NE", "NE", "NE", "NE", "a group has no event"), ("firth", 0.4, 0.1, 150.0, 0.2, ""))]),
        "competing": frame("competing", [c | {"months": 24, "day": 730, "n": 20, "n_events": 1, "at_risk": 9, "estimate": 5.5, "low": 0.4, "high": 22.2} for c in causes]),
        "competing_curves": incidence,
        "follow_up": frame("follow_up", [{"endpoint": "OS", "trial": t, "n": 20, "median_days": 691.0, "low": 607.0, "high": "NE"} for t in trials]),
        "sensitivity": frame("sensitivity", [
            {"conclusion": "share of MRD-negative", "trial": trials[0], "timepoint": t, "cutoff": cut, "below_range": below, "not_evaluable": doubtful, "n": 20, "n_positive": 5, "value": value, "low": 60.0, "high": 90.0, "base_value": 75.0, "changes": changes}
            for t in timepoints for cut, below, doubtful, value, changes in (
                ("protocol", "protocol", "protocol", 75.0, ""), ("any", "negative", "negative", 76.0, ""),
                ("0.0001", "positive", "negative", 31.25, "yes"), ("0.001", "positive", "negative", 31.25, "yes"),
                ("0.0001", "positive", "interval", 31.25, "yes"), ("0.001", "positive", "interval", 31.25, "yes"))]
            + [{"conclusion": "OS: MRD-positive against negative", "trial": trials[0], "timepoint": t, "cutoff": cut, "below_range": below, "not_evaluable": below, "n": 20, "n_positive": 5, "value": value, "base_value": "NE", "base_p": "NE", "changes": changes}
               for t in timepoints for cut, below, value, changes in (("protocol", "protocol", "NE", ""), ("any", "negative", 3.25, "yes"))]),
    }  # fmt: skip


def population(trials: tuple[str, ...] = ("A", "B"), timepoints: tuple[str, ...] = ("T1", "T2"), n: int = 40) -> pd.DataFrame:  # fmt: skip
    made = pd.DataFrame({"patient_id": [f"P{i}" for i in range(n)], "trial": [trials[i % len(trials)] for i in range(n)]})  # fmt: skip
    for timepoint in timepoints:
        made[f"mrd_class_{timepoint}"] = np.where(np.arange(n) % 3, "negative", "positive")
        made[f"mrd_level_{timepoint}"] = np.where(np.arange(n) % 3, NAN, 2e-3)
        made[f"mrd_high_{timepoint}"] = np.where(np.arange(n) % 3, 1e-5, 2e-3)
    return made


def small() -> Frames:
    """Few figures: one trial, one endpoint."""
    return tables(("A",), ("T1",), ("OS",))


def bare() -> Frames:
    """No curves, which take the time."""
    return {name: table for name, table in small().items() if not name.endswith("curves")}


def about(**more: object) -> About:
    stated: dict[str, object] = {"study": "Trial", "settings": SETTINGS, "notices": [NOTICE], "labels": LABELS}  # fmt: skip
    return About(**(stated | more))  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> str:
    found = tables() | {"against": pd.DataFrame({"what": ["p"]})}
    stated = about(definitions=["Rule set R."], software={"mrdq": "9.9"},
                   assumptions=[Assumption("landmark", "120", "unverified", "ours")])  # fmt: skip
    path = write_page(found, population(), about=stated, folder=tmp_path_factory.mktemp("page"))
    assert path.name == "cohort.html"
    return path.read_text(encoding="utf-8")


def test_the_page_is_well_formed_and_loads_nothing(whole: str) -> None:
    page = Page(whole)
    assert [name for name, n in page.ids.items() if name and n > 1] == []
    for link in page.links:
        assert link.startswith("#") or link == "published.html"
        assert link == "published.html" or link[1:] in page.ids
    outside = set(re.findall(r"https?://[^\"'<> ]+", whole))
    assert outside <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}
    assert page.tags["caption"] == page.tags["table"]
    assert "@import" not in whole
    assert "url(h" not in whole


def test_the_same_tables_give_the_same_bytes(tmp_path: Path, whole: str) -> None:
    found, patients = small(), population(("A",), ("T1",))
    one, two = (
        write_page(found, patients, about=about(), folder=tmp_path / name).read_bytes()
        for name in "ab"
    )
    assert one == two
    assert len(whole.encode()) < 3_000_000


def test_every_part_is_there(whole: str) -> None:
    seen = html.unescape(text_of(whole))
    for title in ("Who was analysed", "Patients", "MRD compared between trials", "MRD from timepoint to timepoint",
                  "MRD levels", "Survival by age group", "Survival by MRD", "Survival compared", "Hazard ratios",
                  "Relapse, and death without relapse", "What would change", "Patients left out", "Published figures",
                  "Methods"):  # fmt: skip
        assert f">{title}</h2>" in whole, title
    for words in ("Rule set R.", "mrdq 9.9", "landmark 120 unverified ours", "40 patients were enrolled (A 20, B 20).",
                  "MRD-negative after A-1: A 15 of 18 evaluable (83.3 %, 44.4–88.8), of 20 enrolled 75.0 % (44.4–88.8), 2 not evaluable; B 15 of 18",
                  "Pearson's χ² p = 0.103 of the evaluable, p = 0.209 of the enrolled.",
                  "Negative results that do not reach a sensitivity of 1e−4: A 3 of 15, B 3 of 15.",
                  "Overall survival at 24 months from the start: A 81.2 % (60.5–92.5), 9 at risk, median follow-up 22.7 months; B 81.2 %",
                  "log-rank (whole curves) p = 0.069.", "691 607–NE 22.7 19.9–NE", "fewer than 5 patients at risk",
                  "Months from start of treatment (landmark: day 120)", "months run from the start of treatment",
                  "log-rank p = 0.069", "log-rank p < 0.001", "2 of 2 conclusions that can be judged would change", "0.40 (0.10–150)",
                  "15/18", "15/20", "43.2–89.9", "Left out: 4", "dates are not known: 4 (A 2, B 2)", "691 607–NE"):  # fmt: skip
        assert words in seen, words


def test_figures_of_both_analyses_are_labelled_and_carry_the_notice(whole: str) -> None:
    svgs = re.findall(r"<svg.*?</svg>", whole, flags=re.S)
    assert all("SYNTHETIC" in svg for svg in svgs)
    names = Counter(re.findall(r'aria-label="([^"]*)"', " ".join(svgs)))
    # OS and LFS, by MRD at two timepoints, in two trials
    assert sum("by MRD" in name and "from the start" in name for name in names) == 8
    assert sum("by MRD" in name and "from the landmark (day 120)" in name for name in names) == 8
    assert sum("by age group" in name for name in names) == 4
    assert sum("by trial" in name and "survival" in name for name in names) == 2
    assert sum("cumulative incidence" in name for name in names) == 2
    assert sum("MRD levels" in name for name in names) == 2
    assert "known only to those who lived without an event" in text_of(whole)


def test_ne_is_shown_with_its_meaning_and_nothing_is_carried_forward(whole: str) -> None:
    seen = text_of(whole)
    assert "NE 3 events, 0 at risk; beyond the last follow-up (day 900)" in seen
    assert "100.0 (NE; ≥ 78.2) 0 events, 15 at risk" in seen
    assert NE_MEANS in seen
    assert "77.8" not in seen
    assert "NE a group has no event" in seen
    assert "Firth's penalised likelihood, where the plain one has no estimate B v A" not in seen
    assert "all trials: trial: B v A" in seen or "A: trial: B v A" in seen
    assert "overall survival can be 0 where leukaemia-free survival is NE" in seen
    assert not re.search(r"\bnan\b", seen)


def test_rows_that_change_a_conclusion_are_marked(whole: str) -> None:
    marked = re.findall(r'<td class="changes[^"]*">(.*?)</td>', whole)
    assert [text_of(cell) for cell in marked] == ["4 of 5 changes"] * 2 + ["31.2 % (60.0–90.0) changes"] * 2 + ["3.25 changes"] * 2  # fmt: skip


def test_ways_that_count_alike_are_one_row_and_hazard_ratios_are_named(whole: str) -> None:
    seen = html.unescape(text_of(whole))
    ways = "positive from 0.0001 or 0.001, below range positive, not evaluable negative or by its interval"
    assert seen.count(ways) == 2, "once for each timepoint"
    assert seen.count("Peto's ratio from the log-rank test") == 2, (
        "in the section and in the methods"
    )
    assert "As the protocol counts: share, odds ratio, or Peto's hazard ratio (95 %)" in seen
    assert "(hazard ratios: Peto's)" in seen
    assert seen.count("not estimable as the protocol counts") == 2


def test_an_odds_ratio_is_no_percentage_and_what_has_no_base_is_not_judged() -> None:
    row = {
        "trial": "all",
        "timepoint": "T1",
        "cutoff": "protocol",
        "below_range": "protocol",
        "not_evaluable": "protocol",
        "n": 9,
        "n_positive": 4,
    }
    other = row | {"cutoff": "any", "below_range": "negative", "not_evaluable": "negative"}
    differs, share = (
        "share of MRD-negative differs between trials",
        "share below the cut-off by intervals (Turnbull)",
    )
    told = frame("sensitivity", [
        row | {"conclusion": differs, "value": 0.58, "p": 0.10, "base_value": 0.58, "base_p": 0.10},
        other | {"conclusion": differs, "value": 0.3, "p": 0.01, "base_value": 0.58, "base_p": 0.10, "changes": "yes"},
        other | {"conclusion": share, "value": 81.2, "low": 80.0, "high": 90.0},
    ])  # fmt: skip
    changed, kept, ways = ([[cell.text for cell in cells] for cells in t.rows] for t in sensitivity(told, LABELS))  # fmt: skip
    assert changed == [["MRD after A-1", differs, "all trials", "odds ratio 0.58", "0.100", "odds ratio 0.30", "1 of 1"]]  # fmt: skip
    assert kept[0][5:] == ["81.2 %", "beside the others: there is no such share by the protocol"]
    assert ways[0][5:] == ["odds ratio 0.30", "0.010", "odds ratio 0.58", "0.100"]
    assert n_changed(told) == (1, 1)


def test_the_same_test_of_mrd_stands_once(whole: str) -> None:
    """Positive against negative of the evaluable is one test; of all enrolled there are two."""
    seen = text_of(whole)
    assert seen.count("MRD after A-1 negative the same test: positive evaluable 0.103") == 1
    assert "MRD after A-1 positive all enrolled 0.007" in seen
    assert "MRD after A-1 negative all enrolled 0.209" in seen
    assert "positive evaluable 0.103 χ² 1.576, df 1 MRD after A-1 negative evaluable" not in seen


def test_without_a_count_of_insensitive_negatives_nothing_is_said(tmp_path: Path) -> None:
    found = bare()
    found["mrd_rates"] = found["mrd_rates"].drop(columns="n_insensitive")
    page = write_page(found, pd.DataFrame(), about=about(), folder=tmp_path).read_text()
    assert "do not reach a sensitivity" not in page


def test_a_headline_of_100_per_cent_has_its_bound_and_all_evaluable_is_said() -> None:
    found = small()
    rates = found["mrd_rates"][found["mrd_rates"]["result"] == "negative"]
    settings = Settings(("T1",), months=(12,))
    told = summary(found | {"mrd_rates": rates.assign(total=20, percent=75.0)}, settings, LABELS)
    assert (
        "MRD-negative after A-1: A 15 of 20 enrolled, all evaluable (75.0 %, 44.4–88.8)" in told[1]
    )
    assert "at 12 months from the start: A 100.0 % (≥ 78.2), 15 at risk" in told[2]


def test_a_group_without_an_event_says_why_it_has_no_interval(tmp_path: Path) -> None:
    found = small()
    found["curves"] = found["curves"].assign(n_events=0.0, estimate=100.0, low=NAN, high=NAN)
    page = write_page(found, pd.DataFrame(), about=about(), folder=tmp_path).read_text()
    assert "A: no event, so no interval; one-sided lower bound 78.2 % at 12 months" in page


def test_stratified_models_are_named(tmp_path: Path) -> None:
    found = bare()
    found["cox"] = found["cox"].assign(model="mrd_T1 (stratified by trial)", covariate="mrd_T1", trial="all", method="efron", hazard_ratio=2.0)  # fmt: skip
    page = text_of(write_page(found, pd.DataFrame(), about=about(), folder=tmp_path).read_text())
    assert "MRD after A-1, stratified by trial MRD after A-1: B v A" in page
    assert "adjusted for" not in page
    assert "all trials: MRD after A-1: B v A, stratified by trial" in page


def test_figures_say_the_short_notices(tmp_path: Path) -> None:
    stated = about(short_notices=["SYNTHETIC, short"])
    page = write_page(small(), pd.DataFrame(), about=stated, folder=tmp_path).read_text()
    for svg in re.findall(r"<svg.*?</svg>", page, flags=re.S):
        assert "SYNTHETIC, short" in svg
        assert NOTICE not in svg
    assert NOTICE in page


def test_names_are_escaped(whole: str) -> None:
    assert "&lt;b-a-d&gt;P1" in whole
    assert "<b-a-d>" not in whole


@pytest.mark.parametrize("empty", [True, False])
def test_a_cohort_of_nothing_is_said_in_words(tmp_path: Path, *, empty: bool) -> None:
    found = {name: table.iloc[:0] for name, table in tables().items()} if empty else {}
    patients = population(n=0) if empty else pd.DataFrame()
    stated = about(settings=Settings(()), notices=[], labels={})
    page = write_page(found, patients, about=stated, folder=tmp_path).read_text()
    Page(page)
    for words in ("There are no patients to describe.", "The flow of the patients was not handed over.",
                  "No patient is described.", "There is no timepoint with MRD results.", "There are no MRD results to draw.",
                  "Nobody could be analysed for survival.", "No model could be made.", "No patient was left out.",
                  "Nobody could be analysed for competing risks.", "No other way to count was tried."):  # fmt: skip
        assert words in page, words
    assert "<svg" not in page
    assert "Published figures" not in page


@pytest.mark.parametrize("name", ["flow", "mrd_rates", "curves", "tests", "cox", "sensitivity"])
def test_any_table_may_be_empty(tmp_path: Path, name: str) -> None:
    found = small()
    patients = population(("A",), (), 6)
    whole = write_page(found, patients, about=about(), folder=tmp_path).read_text()
    found[name] = found[name].iloc[:0]
    page = write_page(found, patients, about=about(), folder=tmp_path).read_text()
    Page(page)
    # What the table held is gone, and every section is still there.
    assert len(page) < len(whole)
    assert re.findall(r'<h2 id="([^"]+)"', page) == re.findall(r'<h2 id="([^"]+)"', whole)
    assert re.findall(r'<h2 id="([^"]+)"', page)


def test_one_trial_has_no_comparison_of_trials(tmp_path: Path) -> None:
    found = small()
    found["tests"] = found["tests"][found["tests"]["comparison"] != "trial"]
    found["mrd_tests"] = found["mrd_tests"].iloc[:0]
    page = write_page(found, population(("A",), ()), about=about(), folder=tmp_path).read_text()
    assert "Nothing to compare: there are fewer than two trials" in page
    assert "log-rank p = 0.069" not in page


def test_no_landmark_is_said(tmp_path: Path) -> None:
    stated = about(settings=Settings(("T1", "T2")))
    page = write_page(small(), population(("A",), ()), about=stated, folder=tmp_path).read_text()
    assert "The protocol names no landmark." in page


def test_many_left_out_are_counted_not_listed(tmp_path: Path) -> None:
    found = small()
    rows = [{"analysis": "OS", "patient_id": f"X{i:05d}", "trial": "A", "reason": "why"} for i in range(900)]  # fmt: skip
    found["excluded"] = frame("excluded", rows)
    page = write_page(found, population(("A",), ()), about=about(), folder=tmp_path).read_text()
    assert f"X{EXCLUDED - 1:05d} and 400 more" in page
    assert f"X{EXCLUDED:05d}" not in page
    assert "all are in cohort/excluded.tsv" in page


def test_the_page_of_a_study_says_its_rule_sets_protocols_and_software(tmp_path: Path) -> None:
    study = load_study(ROOT)
    settings = Settings(("T1", "T2"))
    pages = cohort_page.write(study, small() | {"against": against()}, population(("A",), ()), settings, tmp_path)  # fmt: skip
    assert [path.name for path in pages] == ["cohort.html", "published.html"]
    page = pages[0].read_text()
    seen = text_of(page)
    for guideline in study.guidelines.values():
        assert f"{guideline.id} {guideline.version}" in seen
    for protocol in study.protocols.values():
        assert f"Protocol {protocol.id} {protocol.version}" in seen
        for timepoint in protocol.timepoints:
            assert f"{protocol.id}: MRD-positive, MRD {timepoint.label or timepoint.id}" in seen
    assert "unverified" in seen
    assert "statsmodels" in seen
    assert load_config(ROOT).notice in seen
    assert "rule set not confirmed" in page
    beside = pages[1].read_text()
    assert "ours (simulated patients)" in beside
    assert "The patients are SIMULATED: neither agreement nor difference says anything" in beside


def test_a_searched_cohort_replicates_nothing_and_sources_are_said_once(tmp_path: Path) -> None:
    study = load_study(ROOT)
    config = replace(study.config, notice="SYNTHETIC data, made by mrdq simulate trial: nobody")
    found = bare() | {"against": against()}
    pages = cohort_page.write(replace(study, config=config), found, pd.DataFrame(), Settings(()), tmp_path,
                              sources=["secondary: notes", "", "secondary: notes"])  # fmt: skip
    seen = text_of(pages[1].read_text())
    said = seen.index("The patients are SYNTHETIC: they were searched for until their summary prints like the published one.")  # fmt: skip
    assert "it is not a replication" in seen
    assert said < seen.index("Where the published figures are from: secondary: notes. Compared") < seen.index("3 within")  # fmt: skip


def test_without_published_figures_there_is_one_page(tmp_path: Path) -> None:
    pages = cohort_page.write(
        load_study(ROOT), small(), population(("A",), ()), Settings(()), tmp_path
    )
    assert [path.name for path in pages] == ["cohort.html"]


def against() -> pd.DataFrame:
    rows = [
        {"endpoint": "OS", "trial": "A", "group": "all", "stratum": "all", "what": "estimate", "as_printed": "89.6", "published": 89.6, "ours": 89.66, "difference": 0.06, "within": "true"},
        {"endpoint": "OS", "trial": "A", "group": "age_group", "stratum": "36-55", "what": "high", "as_printed": "85.5", "published": 95.5, "ours": 95.0, "difference": -0.5, "within": "false", "note": "impossible <as printed>"},
        {"endpoint": "LFS", "trial": "A", "group": "mrd_T2", "stratum": "positive", "what": "low", "as_printed": "65.4", "ours": "NE", "note": "lost"},
        {"endpoint": "LFS", "group": "all", "stratum": "all", "what": "p", "as_printed": "0.69", "published": 0.69, "ours": 0.6874, "difference": -0.0026, "within": "true"},
        {"trial": "A", "timepoint": "T1", "what": "percent", "as_printed": "53.3", "published": 53.3, "ours": 53.28, "difference": -0.02, "within": "true", "note": "73 of 137"},
    ]  # fmt: skip
    return frame("against", rows)


def test_published_and_ours_stand_side_by_side(tmp_path: Path) -> None:
    stated = against_page.About("Trial", [NOTICE], "ours (synthetic)", ["As printed."], LABELS)
    text = against_page.write(against(), about=stated, folder=tmp_path).read_text()
    page, seen = Page(text), text_of(text)
    assert page.links == ["cohort.html"]
    for words in ("3 within, 1 outside, 1 not compared.", "at most 0.15 points", NOTICE, "As printed.",
                  "A all patients estimate, % 89.6 89.66 +0.06 within",
                  "A age 36-55 upper limit, % 85.5 compared with 95.5 95.00 −0.50 outside impossible &lt;as printed&gt;",
                  "A MRD after C-1: positive lower limit, % 65.4 NE not compared lost",
                  "between the trials all patients p 0.69 0.6874 −0.0026 within",
                  "A MRD after A-1 rate, % 53.3 53.28 −0.02 within 73 of 137",
                  "Overall survival: published | ours (synthetic) | difference"):  # fmt: skip
        assert words in seen, words
    for verdict, n in (("within", 3), ("outside", 1), ("apart", 1)):
        assert len(re.findall(f'<td class="{verdict}', text)) == n


def test_what_was_compared_is_counted_apart(tmp_path: Path) -> None:
    how = ["as printed", "repaired limit", "", "as printed", "end of the curve"]
    told = against().assign(how=how, as_printed=["89.6", "85.5", "65.4", "0.69", "53.3 %"], months=["24", "36", "24", "", ""])  # fmt: skip
    page = against_page.write(told, about=against_page.About("T"), folder=tmp_path)
    seen = text_of(page.read_text())
    assert "figure as printed: 2 within, 0 outside." in seen
    assert "repaired limit (the printed one is impossible): 0 within, 1 outside." in seen
    assert (
        "ours being the end of the curve (nobody was followed so long): 1 within, 0 outside."
        in seen
    )
    assert "compared with 53.3" not in seen
    assert "85.5 compared with 95.5" in seen
    assert "estimate, % 24 months 89.6" in seen


def test_what_it_was_compared_with_may_be_unknown(tmp_path: Path) -> None:
    told = against().drop(columns=[name for name in ("how", "months") if name in against()])
    page = against_page.write(told, about=against_page.About("T"), folder=tmp_path).read_text()
    assert "3 within, 1 outside, 1 not compared." in page
    assert "Compared with the" not in page


def test_nothing_published_is_said(tmp_path: Path) -> None:
    page = against_page.write(against().iloc[:0], about=against_page.About("T"), folder=tmp_path)
    assert "No published figure was handed over." in page.read_text()


@pytest.mark.parametrize(
    ("cell", "shown"),
    [(0.0687, "0.069"), (0.0009, "< 0.001"), (0.001, "0.001"), ("NE", "NE"), (NAN, "NE"), (None, "NE"), ("", "NE")],
)  # fmt: skip
def test_p_values(cell: object, shown: str) -> None:
    assert p_value(cell) == shown
    assert p_equals(cell) == {"<": f"p {shown}", "N": "p NE"}.get(shown[0], f"p = {shown}")


def test_numbers_of_the_tables() -> None:
    assert interval("NE", "NE") == "NE"
    assert interval(1.25, "NE") == "1.2–NE"
    assert (ratio(0.004), ratio(0.5), ratio(148.4), ratio(23456.0), ratio("NE")) == (
        "0.004",
        "0.50",
        "148",
        ">1000",
        "NE",
    )
    assert (count(7.0), count(NAN), count("NE")) == ("7", "", "")
    assert list(numbers(["1", 2])) == [1.0, 2.0]
    with pytest.raises(ValueError, match="could not convert"):
        number("about 3")
