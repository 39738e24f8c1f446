"""The cohort in a few sentences, each number from a table of the page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pandas as pd

from mrdq import vocabulary as words
from mrdq.cohort.samples import DAYS_PER_MONTH, Settings
from mrdq.cohort.tables import (
    ALL,
    DENOMINATORS,
    ENDPOINTS,
    ENROLLED,
    EVALUABLE,
    FROM_START,
    NE,
    NO_CENSORING,
)
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
    single = rates[rates["trial"] != ALL]
    for timepoint in settings.timepoints:
        at = single[single["timepoint"] == timepoint]
        told = "; ".join(_rate(at[at["trial"] == trial]) for trial in dict.fromkeys(at["trial"]))
        if told:
            yield f"MRD-negative {_after(timepoint, labels)}: {told}{_tests(frames, timepoint)}."


def _rate(of: pd.DataFrame) -> str:
    """``2019 85 of 117 evaluable (72.6 %, 63.9–79.9), of 121 enrolled 70.2 % (61.6–77.7), 4 not
    evaluable``, of one trial."""
    by = {(r["denominator"], r["result"]): r for r in records(of)}
    trial = trial_name(str(of["trial"].iloc[0]))
    known, everyone = (by.get((name, words.NEGATIVE)) for name in (EVALUABLE, ENROLLED))
    told = []
    if known and everyone and known["total"] == everyone["total"]:
        return f"{trial} {count(known['n'])} of {count(known['total'])} enrolled, all evaluable ({_percent(known)}, {_wilson(known)})"  # fmt: skip
    if known:
        told.append(f"{count(known['n'])} of {count(known['total'])} evaluable ({_percent(known)}, {_wilson(known)})")  # fmt: skip
    if everyone:
        told.append(f"of {count(everyone['total'])} enrolled {_percent(everyone)} ({_wilson(everyone)})")  # fmt: skip
    missing = {name: by[ENROLLED, name]["n"] for name in _MISSING if (ENROLLED, name) in by}
    told += [f"{count(n)} {name.replace('_', ' ')}" for name, n in missing.items() if number(n) > 0]  # fmt: skip
    return f"{trial} {', '.join(told)}"


_MISSING = (words.NOT_EVALUABLE, words.NOT_DONE)


def _percent(r: Mapping[str, object]) -> str:
    return f"{shown(r['percent'])} %".replace(f"{NE} %", NE)


def _wilson(r: Mapping[str, object]) -> str:
    return interval(r["wilson_low"], r["wilson_high"])


def _after(timepoint: str, labels: Labels) -> str:
    label = mrd_name(timepoint, labels).removeprefix("MRD ")
    return label if label.startswith(("after ", "before ", "at ", "on ")) else f"at {label}"


def _tests(frames: Frames, timepoint: str) -> str:
    """Pearson's p of the share of negatives, of the evaluable and of all enrolled."""
    tests = frames.get("mrd_tests", pd.DataFrame())
    if tests.empty:
        return ""
    where = {"timepoint": timepoint, "test": "pearson", "result": words.NEGATIVE}
    found = {r["denominator"]: p_equals(r["p"]) for r in records(_where(tests, where))}
    if len(found) > 1 and len(set(found.values())) == 1:
        return f"; Pearson's χ² {found[EVALUABLE]} of the evaluable and of the enrolled"
    told = [f"{found[name]} of the {name}" for name in DENOMINATORS if name in found]
    return f"; Pearson's χ² {', '.join(told)}" if told else ""


def _survival(frames: Frames, settings: Settings) -> Iterator[str]:
    estimates, tests = frames.get("estimates", pd.DataFrame()), frames.get("tests", pd.DataFrame())
    if estimates.empty or not settings.months:
        return
    months = _MONTHS if _MONTHS in settings.months else settings.months[0]
    key = {"analysis": FROM_START, "censoring": NO_CENSORING, "group": ALL}
    chosen = estimates[estimates["months"].astype(float) == months]
    for endpoint in ENDPOINTS:
        rows = records(_where(chosen, {**key, "endpoint": endpoint}))
        follow = _follow_up(frames, endpoint)
        told = "; ".join(
            _one(r) + follow.get(r["trial"], "")
            for r in rows
            if r["trial"] != ALL or len(rows) == 1
        )
        if not told:
            continue
        compared = _where(tests, {**key, "endpoint": endpoint, "comparison": "trial", "test": "logrank", "strata": ""})  # fmt: skip
        p = f"; log-rank (whole curves) {p_equals(compared.iloc[0]['p'])}" if len(compared) else ""
        yield f"{ENDPOINT_NAMES[endpoint]} at {months} months from the start: {told}{p}."


def _one(r: dict[str, object]) -> str:
    value, limits, bound = shown(r["estimate"]), interval(r["low"], r["high"]), number(r.get("bound"))  # fmt: skip
    limits = f"≥ {bound:.1f}" if limits == NE and bound == bound else limits
    told = NE if value == NE else f"{value} % ({limits})"
    return f"{trial_name(str(r['trial']))} {told}, {count(r['at_risk'])} at risk"


def _follow_up(frames: Frames, endpoint: str) -> dict[str, str]:
    """Trial -> ``, median follow-up 50.8 months``."""
    found = frames.get("follow_up", pd.DataFrame())
    rows = records(_where(found, {"endpoint": endpoint})) if len(found) else []
    months = {r["trial"]: shown(number(r["median_days"]) / DAYS_PER_MONTH) for r in rows}
    return {
        trial: f", median follow-up {told}{'' if told == NE else ' months'}"
        for trial, told in months.items()
    }


def _sensitivity(frames: Frames) -> Iterator[str]:
    found = frames.get("sensitivity", pd.DataFrame())
    if not found.empty:
        changed, of = n_changed(found)
        yield f"{changed} of {of} conclusions that can be judged would change under some other way to count MRD."


def _where(frame: pd.DataFrame, words_of: Mapping[str, str]) -> pd.DataFrame:
    for column, word in words_of.items() if len(frame) else ():
        frame = frame[frame[column] == word]
    return frame
