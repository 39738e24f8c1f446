"""Tables of the page, made from the cohort's tables: captions, rows of text, footnotes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from mrdq.cohort.samples import DAYS_PER_MONTH
from mrdq.cohort.tables import ALL, ENROLLED, LANDMARK, NE
from mrdq.reports.cohort_numbers import (
    count,
    interval,
    number,
    numbers,
    p_value,
    ratio,
    shown,
)
from mrdq.reports.cohort_words import (
    CENSORING_NAMES,
    DENOMINATOR_NAMES,
    ENDPOINT_NAMES,
    TEST_NAMES,
    Labels,
    analysis_name,
    group_name,
    mrd_name,
    stratum_name,
    trial_name,
)

NE_MEANS = (
    "NE: not estimable. Nobody was followed that long, or nothing happened, so that the data hold no answer; "
    "nothing is carried forward. Where nothing happened, ≥ is the one-sided 97.5 % lower bound. Each endpoint ends with "
    "its own follow-up, so that at one time overall survival can be 0 where leukaemia-free survival is NE."
)
_ENROLLED_MEANS = "All enrolled: not evaluable and not done stay in the denominator, and are never counted as negative."

_CHECK_MEANS = "A small p of the check speaks against proportional hazards: the hazard ratio is then an average over the follow-up."


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell; ``small`` is said beside it in small type, ``mark`` is a class of the style."""

    text: str
    small: str = ""
    mark: str = ""


@dataclass(frozen=True, slots=True)
class Shown:
    """A table for a page; the first ``heads`` cells of a row are its headings."""

    caption: str
    columns: tuple[str, ...]
    rows: list[list[Cell]]
    notes: list[str] = field(default_factory=list)
    heads: int = 1


def table(caption: str, columns: Iterable[str], rows: Sequence[Sequence[Cell | str]], *,
          heads: int = 1, notes: Iterable[str] = (), ne: str = NE_MEANS) -> Shown:  # fmt: skip
    """A table of cells; the meaning of NE is a footnote wherever one stands in it."""
    cells = [[c if isinstance(c, Cell) else Cell(c) for c in row] for row in rows]
    has_ne = any(
        c.text == NE or f"{NE}" in c.text.split() or "(NE" in c.text for r in cells for c in r
    )
    return Shown(caption, tuple(columns), cells, [*notes, *([ne] if has_ne else [])], heads)


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(key): value for key, value in row.items()} for row in frame.to_dict("records")]


def parts(frame: pd.DataFrame, *names: str) -> Iterator[tuple[tuple[str, ...], pd.DataFrame]]:
    """The frame by the words in some of its columns, in the order in which they occur."""
    for key, part in frame.groupby(list(names), sort=False, dropna=False):
        yield tuple(str(word) for word in key), part


def table_one(frame: pd.DataFrame) -> Shown:
    """TABLE_ONE with one column per trial."""
    trials = list(dict.fromkeys(frame["trial"]))
    totals = {row["trial"]: count(row["total"]) for row in records(frame)}
    cells = {(r["characteristic"], r["level"], r["trial"]): _described(r) for r in records(frame)}
    keys = dict.fromkeys((row["characteristic"], row["level"]) for row in records(frame))
    heads = [f"{trial_name(trial)} (n = {totals[trial]})" for trial in trials]
    rows = [[name, level, *(cells.get((name, level, trial), "") for trial in trials)] for name, level in keys]  # fmt: skip
    return table("Patients at enrolment, by trial", ["Characteristic", "Level", *heads], rows, heads=2,
                 notes=["Number and per cent of all enrolled; for numbers the median (lowest–highest)."])  # fmt: skip


def _described(row: dict[str, Any]) -> str:
    if number(row["median"]) == number(row["median"]):
        low, high = number(row["minimum"]), number(row["maximum"])
        return f"{number(row['median']):.4g} ({low:.4g}–{high:.4g}), {count(row['n'])} known"
    return f"{count(row['n'])} ({shown(row['percent'])} %)"


def mrd_rates(frame: pd.DataFrame, labels: Labels, sensitive: float) -> Iterator[Shown]:
    """MRD_RATES, one table per timepoint, both denominators side by side.

    ``sensitive``: the sensitivity that ``n_insensitive`` is about.
    """
    columns = ["Trial", "Result"]
    for name in DENOMINATOR_NAMES.values():
        columns += [f"Of {name}", "%", "Wilson", "Clopper–Pearson"]
    for (timepoint,), part in parts(frame, "timepoint"):
        rows = []
        for (trial, result), pair in parts(part, "trial", "result"):
            of = {r["denominator"]: _rate(r) for r in records(pair)}
            cells = [cell for name in DENOMINATOR_NAMES for cell in of.get(name, [""] * 4)]
            rows.append([trial_name(trial), result.replace("_", " "), *cells])
        caption = f"{mrd_name(timepoint, labels)}: results by trial, with 95 % intervals"
        yield table(
            caption, columns, rows, heads=2, notes=[_ENROLLED_MEANS, *_insensitive(part, sensitive)]
        )


def _insensitive(part: pd.DataFrame, sensitive: float) -> Iterator[str]:
    """How many of the negatives had too little sensitivity; nothing where that is not known."""
    if "n_insensitive" not in part:
        return
    known = part[~np.isnan(numbers(part["n_insensitive"])) & (part["denominator"] == ENROLLED)]
    level = f"{sensitive:.0e}".replace("e-0", "e−")
    told = [
        f"{trial_name(r['trial'])} {count(r['n_insensitive'])} of {count(r['n'])}"
        for r in records(known)
    ]
    if told:
        yield f"Negative results that do not reach a sensitivity of {level}: {', '.join(told)}."


def _rate(r: dict[str, Any]) -> list[str]:
    return [f"{count(r['n'])}/{count(r['total'])}", shown(r["percent"]),
            interval(r["wilson_low"], r["wilson_high"]), interval(r["exact_low"], r["exact_high"])]  # fmt: skip


def mrd_tests(frame: pd.DataFrame, labels: Labels) -> Shown:
    """MRD_TESTS, one column per test and one row per comparison: a test that is the same for two
    results (positive against the rest is negative against the rest) or for both denominators
    stands once."""
    names = list(dict.fromkeys(frame["test"]))
    rows: list[list[Cell | str]] = []
    for (timepoint,), part in parts(frame, "timepoint"):
        for results, denominators, tests in _folded(part):
            of = " and ".join(DENOMINATOR_NAMES.get(name, name) for name in denominators)
            result, *others = (name.replace("_", " ") for name in reversed(results))
            same = f"the same test: {', '.join(others)}" if others else ""
            rows.append(
                [
                    mrd_name(timepoint, labels),
                    Cell(result, same),
                    of,
                    *(tests.get(name, "") for name in names),
                ]
            )
    columns = ["Timepoint", "Result", "Of", *(f"p: {TEST_NAMES.get(name, name)}" for name in names)]
    return table("MRD results compared between the trials", columns, rows, heads=3)


def _folded(part: pd.DataFrame) -> list[tuple[list[str], list[str], dict[str, Cell]]]:
    """Results, denominators and cells of each different comparison of a timepoint."""
    by_p: dict[tuple[str, tuple[str, ...]], tuple[list[str], dict[str, Cell]]] = {}
    for (denominator, result), one in parts(part, "denominator", "result"):
        cells = {r["test"]: Cell(p_value(r["p"]), _statistic(r)) for r in records(one)}
        ps = tuple(f"{r['test']} {number(r['p']):.9g}" for r in records(one))
        results, _ = by_p.get((denominator, ps), ([], {}))
        by_p[denominator, ps] = [*results, result], cells
    folded: dict[tuple[tuple[str, ...], tuple[str, ...]], tuple[list[str], dict[str, Cell]]] = {}
    for (denominator, ps), (results, cells) in by_p.items():
        denominators, _ = folded.get((tuple(results), ps), ([], {}))
        folded[tuple(results), ps] = [*denominators, denominator], cells
    return [(list(results), of, cells) for (results, _), (of, cells) in folded.items()]


def _statistic(r: dict[str, Any]) -> str:
    name = "odds ratio" if r["test"] == "fisher" else "χ²"
    df = f", df {count(r['df'])}" if count(r["df"]) else ""
    return f"{name} {shown(r['statistic'], 3)}{df}"


def estimates(frame: pd.DataFrame, labels: Labels, landmark_day: int | None) -> Iterator[Shown]:
    """ESTIMATES, one table per analysis, endpoint and censoring, one column per month."""
    for (analysis, endpoint, censoring), part in parts(frame, "analysis", "endpoint", "censoring"):  # fmt: skip
        extra = f", {CENSORING_NAMES.get(censoring, censoring)}" if CENSORING_NAMES.get(censoring, censoring) else ""  # fmt: skip
        name = ENDPOINT_NAMES.get(endpoint, endpoint)
        caption = f"{name} {analysis_name(analysis, landmark_day)}{extra}: Kaplan–Meier estimates, %{_by(part, labels)}{_clock(analysis)}"
        yield _by_month(caption, part, labels)


def incidence(frame: pd.DataFrame, labels: Labels, landmark_day: int | None) -> Iterator[Shown]:
    """COMPETING, one table per analysis and cause, one column per month."""
    for (analysis, cause), part in parts(frame, "analysis", "cause"):
        name = ENDPOINT_NAMES.get(cause, cause)
        caption = f"{name} {analysis_name(analysis, landmark_day)}: cumulative incidence (Aalen–Johansen), %{_by(part, labels)}{_clock(analysis)}"
        yield _by_month(caption, part, labels)


def _by(part: pd.DataFrame, labels: Labels) -> str:
    groups = [group_name(name, labels) for name in dict.fromkeys(part["group"]) if name != ALL]
    return f", by {', by '.join(groups)}" if groups else ""


def _clock(analysis: str) -> str:
    return "; months run from the start of treatment" if analysis == LANDMARK else ""


def _by_month(caption: str, part: pd.DataFrame, labels: Labels) -> Shown:
    months = sorted(set(part["months"]))
    made: dict[tuple[str, ...], dict[Any, Cell]] = {}
    for r in records(part):
        who = (
            trial_name(r["trial"]),
            stratum_name(r["group"], r["stratum"], labels),
            count(r["n"]),
        )
        made.setdefault(who, {})[r["months"]] = _estimate(r)
    rows = [[*who, *(cells.get(month, "") for month in months)] for who, cells in made.items()]
    heads = [f"{count(month)} months" for month in months]
    return table(caption, ["Trial", "Group", "n", *heads], rows, heads=2,
                 notes=["In brackets the 95 % interval; below, events so far and patients still at risk."])  # fmt: skip


def _estimate(row: dict[str, Any]) -> Cell:
    events = count(row["n_events"])
    counts = f"{events} event{'' if events == '1' else 's'}, {count(row['at_risk'])} at risk"
    value = shown(row["estimate"])
    if value == NE:
        return Cell(
            NE, "; ".join(part for part in (counts, str(row.get("note") or "")) if part), "ne"
        )
    bound = number(row.get("bound"))
    least = f"; ≥ {bound:.1f}" if bound == bound else ""
    return Cell(f"{value} ({interval(row['low'], row['high'])}{least})", counts)


def tests(frame: pd.DataFrame, labels: Labels, landmark_day: int | None) -> Iterator[Shown]:
    """TESTS, one table per analysis and censoring."""
    columns = ["Endpoint", "Compared", "Among", "Test", "n", "Events", "χ²", "df", "p"]
    for (analysis, censoring), part in parts(frame, "analysis", "censoring"):
        extra = CENSORING_NAMES.get(censoring, censoring)
        compared = [_compared(name, labels) for name in dict.fromkeys(part["comparison"])]
        name = f"Comparisons {analysis_name(analysis, landmark_day)} of {', '.join(compared)}"
        rows = [_test(r, labels) for r in records(part)]
        yield table(
            ", ".join(filter(None, [name, extra])) + _clock(analysis), columns, rows, heads=3
        )


def _test(r: dict[str, Any], labels: Labels) -> list[str | Cell]:
    among = trial_name(r["trial"])
    if r["group"] != ALL or r["stratum"] != ALL:
        among += f", {stratum_name(r['group'], r['stratum'], labels)}"
    by = f" by {group_name(str(r['strata']), labels)}" if r.get("strata") else ""
    endpoint = ENDPOINT_NAMES.get(r["endpoint"], r["endpoint"])
    compared = _compared(r["comparison"], labels)
    return [endpoint, compared, among, TEST_NAMES.get(r["test"], r["test"]) + by, count(r["n"]), count(r["n_events"]),
            shown(r["statistic"], 3), count(r["df"]), Cell(p_value(r["p"]), str(r.get("note") or ""))]  # fmt: skip


def _compared(comparison: str, labels: Labels) -> str:
    return {"trial": "trials"}.get(comparison, group_name(comparison, labels))


def follow_up(frame: pd.DataFrame) -> Shown:
    rows = []
    for r in records(frame):
        median, low, high = (number(r[name]) / DAYS_PER_MONTH for name in ("median_days", "low", "high"))  # fmt: skip
        rows.append([r["endpoint"], trial_name(r["trial"]), count(r["n"]),
                     shown(r["median_days"], 0), interval(r["low"], r["high"], 0),
                     shown(median), interval(low, high)])  # fmt: skip
    columns = [
        "Endpoint",
        "Trial",
        "n",
        "Median, days",
        "95 % interval, days",
        "Median, months",
        "95 % interval, months",
    ]
    return table("Median follow-up (reverse Kaplan–Meier)", columns, rows, heads=2)


def cox(frame: pd.DataFrame, labels: Labels, landmark_day: int | None) -> Iterator[Shown]:
    """COX, one table per analysis, endpoint and censoring."""
    columns = ["Trial", "Model", "Level v reference", "Likelihood", "n", "Events", "Hazard ratio (95 % interval)", "p",
               "Proportional hazards: χ²", "p of the check"]  # fmt: skip
    for (analysis, endpoint, censoring), part in parts(frame, "analysis", "endpoint", "censoring"):  # fmt: skip
        extra = CENSORING_NAMES.get(censoring, censoring)
        name = f"{ENDPOINT_NAMES.get(endpoint, endpoint)} {analysis_name(analysis, landmark_day)}"
        rows: list[list[Cell | str]] = [
            [trial_name(r["trial"]), model_name(r["model"], labels), effect_name(r, labels), str(r["method"]).capitalize(),
             count(r["n"]), count(r["n_events"]), Cell(hazard_ratio(r), str(r.get("note") or "")), p_value(r["p"]),
             shown(r["ph_statistic"], 2), p_value(r["ph_p"])]
            for r in records(part)
        ]  # fmt: skip
        yield table(", ".join(filter(None, [f"{name}: hazard ratios", extra])) + _clock(analysis), columns, rows, heads=3,
                    notes=[_CHECK_MEANS])  # fmt: skip


def model_name(model: str, labels: Labels) -> str:
    """The covariates of a model in words, and what it is stratified by."""
    plain, strata = stratified_by(model)
    named = " + ".join(group_name(part, labels) for part in plain.split(" + "))
    return f"{named}, stratified by {strata}" if strata else named


def stratified_by(model: str) -> tuple[str, str]:
    """``age_group (stratified by trial)`` is the model ``age_group``, and ``trial``; else "" ."""
    plain, _, strata = model.partition(" (stratified by ")
    return plain, strata.removesuffix(")")


def has_one_covariate(model: str) -> bool:
    return " + " not in model


def effect_name(row: dict[str, Any], labels: Labels) -> str:
    """``MRD after C-1: positive v negative``, ``age per 10 years``."""
    name, level = group_name(row["covariate"], labels), str(row["level"]).replace("_", " ")
    reference = str(row["reference"])
    return f"{name}: {level} v {reference}" if level else f"{name} {reference}".strip()


def hazard_ratio(row: dict[str, Any]) -> str:
    value = ratio(row["hazard_ratio"])
    return value if value == NE else f"{value} ({ratio(row['low'])}–{ratio(row['high'])})"


def excluded(frame: pd.DataFrame, most: int) -> Iterator[Shown]:
    """EXCLUDED by analysis and reason: the patients' ids."""
    rows, left = [], most
    for (analysis, reason, trial), part in parts(frame, "analysis", "reason", "trial"):  # fmt: skip
        ids = sorted(part["patient_id"].astype(str))
        told = ", ".join(ids[:left]) + (f" and {len(ids) - left} more" if len(ids) > left else "")
        rows.append(
            [
                analysis,
                reason,
                trial_name(trial),
                str(len(ids)),
                told if left else "in excluded.tsv",
            ]
        )
        left = max(0, left - len(ids))
    notes = [] if left else [f"The ids of {most} are written here; all are in cohort/excluded.tsv."]
    yield table("Patients left out, by analysis and reason", ["Analysis", "Reason", "Trial", "n", "Patients"], rows,
                heads=2, notes=notes)  # fmt: skip
