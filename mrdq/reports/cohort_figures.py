"""Which figures a cohort has, and what stands in each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from mrdq.cohort.population import MRD_GROUP
from mrdq.cohort.samples import Settings
from mrdq.cohort.tables import ALL, ENDPOINTS, FROM_START, LANDMARK, NO_CENSORING
from mrdq.reports.cohort_numbers import count, number, numbers, p_equals, p_value
from mrdq.reports.cohort_tables import (
    effect_name,
    has_one_covariate,
    model_name,
    parts,
    records,
    stratified_by,
)
from mrdq.reports.cohort_words import (
    ENDPOINT_NAMES,
    Labels,
    analysis_name,
    group_name,
    trial_name,
)
from mrdq.reports.figures.alluvial import alluvial, classes
from mrdq.reports.figures.curves import FEW, LINES, Line, Panel, curves, few_from, highest
from mrdq.reports.figures.drawing import CLASS_COLOURS
from mrdq.reports.figures.flow import Branch, flow
from mrdq.reports.figures.forest import ROWS, Effect, forest
from mrdq.reports.figures.trajectories import PATIENTS, levels_of, trajectories

_COLUMNS = 4
_FLOW_STEPS = ("enrolled", "analysed")
_GROUP = ("analysis", "endpoint", "censoring", "trial", "group", "stratum")
_ALONE = "One covariate at a time"
_ADJUSTED = "Adjusted: several covariates in one model"
_FIRTH = "Firth's penalised likelihood, where the plain one has no estimate"
_GROUPS = (_ALONE, _ADJUSTED, _FIRTH)


@dataclass(frozen=True, slots=True)
class Picture:
    """One drawing and what is said under it."""

    svg: str
    caption: str = ""


@dataclass(slots=True)
class Artist:
    """Draws the figures of one page; each has a key of its own.

    ``at``: ``estimates``, for the lower bounds of groups without an event.
    """

    settings: Settings
    labels: Labels
    notices: Sequence[str]
    at: pd.DataFrame = field(default_factory=pd.DataFrame)
    drawn: Counter[str] = field(default_factory=Counter)

    def key(self, kind: str) -> str:
        self.drawn[kind] += 1
        return f"{kind}{self.drawn[kind]}"

    def day(self, analysis: str) -> int:
        return self.settings.landmark_day or 0 if analysis == LANDMARK else 0

    def by_trial(self, steps: pd.DataFrame, tests: pd.DataFrame) -> Iterator[Picture]:
        """Survival from the start, the trials against each other."""
        found = _of(steps, analysis=FROM_START, censoring=NO_CENSORING, group=ALL)
        last_day = _last_day(found)
        for endpoint in ENDPOINTS:
            of = _of(found, endpoint=endpoint)
            lines = [Line(trial_name(t), of[of["trial"] == t]) for t in _trials(of)]
            note = self._p(tests, endpoint=endpoint, analysis=FROM_START, comparison="trial", group=ALL, stratum=ALL)  # fmt: skip
            yield from self._survival(lines, endpoint, FROM_START, "by trial", note, last_day)

    def by_group(self, steps: pd.DataFrame, tests: pd.DataFrame, group: str) -> Iterator[Picture]:
        """Survival by age group or MRD, one panel per trial: from the start, then from the landmark."""
        analyses = (FROM_START, LANDMARK) if group.startswith(MRD_GROUP) else (FROM_START,)
        all_of = _of(steps, censoring=NO_CENSORING, group=group)
        last_day = _last_day(all_of)
        for endpoint in ENDPOINTS:
            found = _of(all_of, endpoint=endpoint)
            for trial in _trials(found):
                for analysis in analyses:
                    of = _of(found, analysis=analysis, trial=trial)
                    note = self._p(tests, endpoint=endpoint, analysis=analysis, comparison=group, trial=trial)  # fmt: skip
                    what = f"{trial_name(trial)}, by {group_name(group, self.labels)}"
                    yield from self._survival(_strata(of, group), endpoint, analysis, what, note, last_day)  # fmt: skip

    def _survival(self, lines: list[Line], endpoint: str, analysis: str, what: str, note: str,
                  last_day: float) -> Iterator[Picture]:  # fmt: skip
        if lines:
            title = f"{ENDPOINT_NAMES.get(endpoint, endpoint)} {analysis_name(analysis, self.settings.landmark_day)}"
            day = self.day(analysis)
            axis = f"Months from start of treatment{f' (landmark: day {day})' if day else ''}"
            panel = Panel(self.key("km"), title, what, note, x_label=axis, first_day=day, last_day=last_day)  # fmt: skip
            yield self._curves(lines, panel)

    def _curves(self, lines: list[Line], panel: Panel) -> Picture:
        lines, more = [replace(line, remark=self._remark(line)) for line in lines[:LINES]], len(lines) - LINES  # fmt: skip
        caption = [f"{more} more groups are not drawn; the tables hold them."] if more > 0 else []
        if any(few_from(line) is not None for line in lines):
            caption.append(f"Thinner and lighter: fewer than {FEW} patients at risk.")
        return Picture(curves(lines, panel, notices=self.notices), " ".join(caption))

    def _remark(self, line: Line) -> str:
        """Of a group in which nothing happened: why it has no interval."""
        if not len(line.rows) or numbers(line.rows["n_events"]).any():
            return ""
        said = f"{line.label}: no event, so no interval"
        key = {name: line.rows.iloc[0][name] for name in _GROUP if name in line.rows}
        found = _of(self.at, **key) if "endpoint" in key else self.at.iloc[:0]
        bounds = found[~np.isnan(numbers(found["bound"]))] if "bound" in found else found
        if bounds.empty:
            return said
        last = max(records(bounds), key=lambda row: number(row["months"]))
        return f"{said}; one-sided lower bound {number(last['bound']):.1f} % at {count(last['months'])} months"  # fmt: skip

    def _p(self, tests: pd.DataFrame, test: str = "logrank", **where: str) -> str:
        found = _of(tests, test=test, censoring=NO_CENSORING, strata="", **where)
        name = {"logrank": "log-rank", "gray": "Gray's test"}[test]
        return f"{name} {p_equals(found.iloc[0]['p'])}" if len(found) else ""

    def incidence(self, steps: pd.DataFrame, tests: pd.DataFrame) -> Iterator[Picture]:
        """Cumulative incidence of each cause from the start, by trial; all on the same axes."""
        of = _of(steps, analysis=FROM_START, group=ALL)
        of = of[of["trial"].isin(_trials(of))] if len(of) else of
        drawn: list[tuple[list[Line], Panel]] = []
        for cause in dict.fromkeys(of.get("cause", [])):
            rows = of[of["cause"] == cause]
            lines = [Line(trial_name(t), rows[rows["trial"] == t]) for t in _trials(rows)]
            note = self._p(tests, "gray", endpoint=cause, analysis=FROM_START, comparison="trial", group=ALL)  # fmt: skip
            title = f"{ENDPOINT_NAMES.get(cause, cause)}: cumulative incidence from the start"
            panel = Panel(self.key("cif"), title, "by trial; the other cause is a competing risk", note,
                          y_label="Cumulative incidence, %", begins_at=0.0, last_day=_last_day(of))  # fmt: skip
            drawn.append((lines, panel))
        top = max((highest(line, panel) for lines, panel in drawn for line in lines), default=0.0)
        for lines, panel in drawn:
            yield self._curves(lines, replace(panel, top=top))

    def forests(self, cox: pd.DataFrame) -> Iterator[Picture]:
        """Hazard ratios of each analysis and endpoint; Firth's where the plain one is NE."""
        for (analysis, endpoint, censoring), part in parts(cox, "analysis", "endpoint", "censoring"):  # fmt: skip
            rows = [r for r in records(part) if r["method"] == "efron" or _lacks(part, r)]
            name = f"{ENDPOINT_NAMES.get(endpoint, endpoint)} {analysis_name(analysis, self.settings.landmark_day)}"
            title = f"{name}: hazard ratios" + (
                "" if censoring == NO_CENSORING else f", {censoring}"
            )
            effects = sorted((self._effect(row) for row in rows), key=lambda e: _GROUPS.index(e.group))  # fmt: skip
            for start in range(0, len(effects), ROWS):
                yield Picture(forest(effects[start : start + ROWS], key=self.key("forest"), title=title, notices=self.notices))  # fmt: skip

    def _effect(self, row: dict[str, Any]) -> Effect:
        label = f"{trial_name(row['trial'])}: {effect_name(row, self.labels)}"
        model, strata = stratified_by(row["model"])
        others = [part for part in model.split(" + ") if part != row["covariate"]]
        if others:
            label += f", adjusted for {model_name(' + '.join(others), self.labels)}"
        label += f", stratified by {strata}" if strata else ""
        group = (
            _FIRTH
            if row["method"] == "firth"
            else _ALONE
            if has_one_covariate(model)
            else _ADJUSTED
        )
        estimate, low, high = (number(row[name]) for name in ("hazard_ratio", "low", "high"))
        counts = f"{count(row['n'])} / {count(row['n_events'])}"
        return Effect(label, estimate, low, high, p_value(row["p"]), counts, group)

    def alluvials(self, population: pd.DataFrame) -> Iterator[Picture]:
        """MRD classes over the timepoints, one drawing per trial."""
        for trial in _trials(population):
            of = population[population["trial"] == trial]
            labels = self._timepoints(of)
            if not classes(of, list(labels)).empty:
                title = f"{trial_name(trial)}: MRD results of {len(of)} patients"
                yield Picture(alluvial(of, labels, key=self.key("flow"), title=title, notices=self.notices))  # fmt: skip

    def trajectories(self, population: pd.DataFrame) -> Iterator[Picture]:
        """MRD levels over the timepoints, one drawing per trial, all on the same axis."""
        span = (
            levels_of(population, list(self._timepoints(population))) if len(population) else None
        )
        for trial in _trials(population):
            of = population[population["trial"] == trial]
            labels = self._timepoints(of)
            if len(of) and labels:
                title = f"{trial_name(trial)}: MRD levels"
                svg = trajectories(of, labels, key=self.key("level"), title=title, notices=self.notices, span=span)  # fmt: skip
                few = f"{PATIENTS} of {len(of)} patients are drawn." if len(of) > PATIENTS else ""
                yield Picture(svg, few)

    def _timepoints(self, population: pd.DataFrame) -> dict[str, str]:
        there = [t for t in self.settings.timepoints if f"mrd_class_{t}" in population]
        return {t: self.labels.get(t) or t for t in there}

    def flows(self, table: pd.DataFrame) -> Iterator[Picture]:
        """Who was left out of each analysis; those with the same patients share a column."""
        named: dict[Branch, list[str]] = {}
        for (analysis,), part in parts(table, "analysis"):
            named.setdefault(_branch(part), []).append(analysis)
        branches = [_titled(branch, titles) for branch, titles in named.items()]
        enrolled = _enrolled(table)
        rows = -(-len(branches) // _COLUMNS)
        columns = -(-len(branches) // max(rows, 1))
        for start in range(0, len(branches), max(columns, 1)):
            title = "Who was enrolled, left out and analysed"
            yield Picture(flow(enrolled, branches[start : start + columns], key=self.key("who"),
                               title=title, notices=self.notices))  # fmt: skip


def _of(frame: pd.DataFrame, **where: str) -> pd.DataFrame:
    """The rows that hold these words; an empty frame has none, a column that is not there is a bug."""
    if frame.empty:
        return frame
    keep = np.ones(len(frame), dtype=bool)
    for column, word in where.items():
        keep &= (frame[column] == word).to_numpy(dtype=bool)
    return frame[keep]


def _trials(frame: pd.DataFrame) -> list[str]:
    """The trials by name, without what stands for all of them."""
    return sorted(set(frame["trial"]) - {ALL}) if "trial" in frame else []


def _last_day(frame: pd.DataFrame) -> float:
    return float(numbers(frame["day"]).max(initial=0)) if "day" in frame else 0.0


def _strata(of: pd.DataFrame, group: str) -> list[Line]:
    colours = CLASS_COLOURS if group.startswith(MRD_GROUP) else {}
    names = list(dict.fromkeys(of["stratum"]))
    short = {name: name.replace("_", " ") if colours else name for name in names}
    return [Line(short[n], of[of["stratum"] == n], colours.get(n, "")) for n in names]


def _lacks(part: pd.DataFrame, row: dict[str, Any]) -> bool:
    """Whether the plain likelihood has no estimate where this row has one."""
    same = _of(part, method="efron", **{name: row[name] for name in ("trial", "model", "covariate", "level")})  # fmt: skip
    return all(np.isnan(number(value)) for value in same["hazard_ratio"])


def _enrolled(table: pd.DataFrame) -> list[str]:
    first = table[(table["analysis"] == table["analysis"].iloc[0]) & (table["step"] == "enrolled")]
    return _counted("Enrolled", first)


def _counted(name: str, rows: pd.DataFrame) -> list[str]:
    """``Enrolled: 258`` and a line per trial."""
    single = rows[rows["trial"] != ALL]
    total = sum(number(n) for n in single["n"])
    lines = [f"{trial_name(r['trial'])}: {count(r['n'])}" for r in records(single)]
    return [f"{name}: {total:.0f}", *lines]


def _branch(part: pd.DataFrame) -> Branch:
    steps = [step for step in dict.fromkeys(part["step"]) if step not in _FLOW_STEPS]
    lines = []
    for step in steps:
        rows = part[(part["step"] == step) & (part["trial"] != ALL)]
        by = ", ".join(f"{trial_name(r['trial'])} {count(r['n'])}" for r in records(rows))
        total = sum(number(n) for n in rows["n"])
        lines.append((total, f"{step.removeprefix('left out: ')}: {total:.0f} ({by})"))
    out = (
        (f"Left out: {sum(n for n, _ in lines):.0f}", *(text for _, text in lines)) if lines else ()
    )
    analysed = part[part["step"] == "analysed"]
    return Branch((tuple(_counted("Analysed", analysed)),), out)


def _titled(branch: Branch, titles: list[str]) -> Branch:
    """The analyses' names over the numbers: ``OS from the start`` and ``LFS …`` become one."""
    heads: dict[str, list[str]] = {}
    for title in titles:
        endpoint, _, rest = title.partition(" ")
        heads.setdefault(rest, []).append(endpoint)
    names = "; ".join(f"{' and '.join(ends)} {rest}".strip() for rest, ends in heads.items())
    return Branch(((names,), *branch.steps), branch.left_out)
