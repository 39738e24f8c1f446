"""The cohort in a few sentences, each number from a table of the page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pandas as pd

from mrdq import vocabulary as words
from mrdq.cohort.samples import Settings
from mrdq.cohort.tables import ALL, ENDPOINTS, ENROLLED, FROM_START, NE, NO_CENSORING
from mrdq.reports.cohort_numbers import count, interval, number, p_equals, shown
from mrdq.reports.cohort_sensitivity import n_changed
from mrdq.reports.cohort_tables import records
from mrdq.reports.cohort_words import ENDPOINT_NAMES, Labels, mrd_name, trial_name

Frames = Mapping[str, pd.DataFrame]
_MONTHS = 24


def summary(frames: Frames, settings: Settings, labels: Labels) -> list[str]:
    """Sentences on who was enrolled, MRD, survival, and what another way to count would change."""
    made = [*_enrolled(frames), *_rates(frames, settings, labels), *_survival(frames, settings), *_sensitivity(frames)]  # fmt: skip
    return made or ["There are no patients to describe."]


def _enrolled(frames: Frames) -> Iterator[str]:
    flow = frames.get("flow", pd.DataFrame())
    if flow.empty:
        return
    first = flow[(flow["analysis"] == flow["analysis"].iloc[0]) & (flow["step"] == "enrolled") & (flow["trial"] != ALL)]  # fmt: skip
    by = ", ".join(f"{trial_name(r['trial'])} {count(r['n'])}" for r in records(first))
    yield f"{sum(number(n) for n in first['n']):.0f} patients were enrolled ({by})."


def _rates(frames: Frames, settings: Settings, labels: Labels) -> Iterator[str]:
    rates = frames.get("mrd_rates", pd.DataFrame())
    if rates.empty:
        return
    chosen = rates[(rates["result"] == words.NEGATIVE) & (rates["denominator"] == ENROLLED) & (rates["trial"] != ALL)]  # fmt: skip
    for timepoint in settings.timepoints:
        rows = records(chosen[chosen["timepoint"] == timepoint])
        told = "; ".join(
            f"{trial_name(r['trial'])} {count(r['n'])} of {count(r['total'])} ({shown(r['percent'])} %, "
            f"{interval(r['wilson_low'], r['wilson_high'])})" for r in rows
        )  # fmt: skip
        if told:
            yield f"MRD-negative {_after(timepoint, labels)}, of all enrolled: {told}{_test(frames, timepoint)}."


def _after(timepoint: str, labels: Labels) -> str:
    label = mrd_name(timepoint, labels).removeprefix("MRD ")
    return label if label.startswith(("after ", "before ", "at ", "on ")) else f"at {label}"


def _test(frames: Frames, timepoint: str) -> str:
    tests = frames.get("mrd_tests", pd.DataFrame())
    if tests.empty:
        return ""
    where = {"timepoint": timepoint, "denominator": ENROLLED, "test": "pearson"} | (
        {"result": words.NEGATIVE} if "result" in tests else {}
    )
    found = _where(tests, where)
    return f"; Pearson's χ² {p_equals(found.iloc[0]['p'])}" if len(found) else ""


def _survival(frames: Frames, settings: Settings) -> Iterator[str]:
    estimates, tests = frames.get("estimates", pd.DataFrame()), frames.get("tests", pd.DataFrame())
    if estimates.empty or not settings.months:
        return
    months = _MONTHS if _MONTHS in settings.months else settings.months[0]
    key = {"analysis": FROM_START, "censoring": NO_CENSORING, "group": ALL}
    chosen = estimates[estimates["months"].astype(float) == months]
    for endpoint in ENDPOINTS:
        rows = records(_where(chosen, {**key, "endpoint": endpoint}))
        told = "; ".join(_one(r) for r in rows if r["trial"] != ALL or len(rows) == 1)
        if not told:
            continue
        compared = _where(tests, {**key, "endpoint": endpoint, "comparison": "trial", "test": "logrank", "strata": ""})  # fmt: skip
        p = f"; log-rank {p_equals(compared.iloc[0]['p'])}" if len(compared) else ""
        yield f"{ENDPOINT_NAMES[endpoint]} at {months} months from the start: {told}{p}."


def _one(r: dict[str, object]) -> str:
    value = shown(r["estimate"])
    told = NE if value == NE else f"{value} % ({interval(r['low'], r['high'])})"
    return f"{trial_name(str(r['trial']))} {told}, {count(r['at_risk'])} at risk"


def _sensitivity(frames: Frames) -> Iterator[str]:
    found = frames.get("sensitivity", pd.DataFrame())
    if not found.empty:
        changed, of = n_changed(found)
        yield f"{changed} of {of} conclusions would change under some other way to count MRD."


def _where(frame: pd.DataFrame, words_of: Mapping[str, str]) -> pd.DataFrame:
    for column, word in words_of.items():
        frame = frame[frame[column] == word] if column in frame else frame
    return frame
