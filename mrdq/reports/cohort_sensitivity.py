"""What would change: the sensitivity of every conclusion to the way MRD results are counted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from mrdq.cohort.tables import NE, SENSITIVITY
from mrdq.reports.cohort_numbers import (
    count,
    interval,
    is_true,
    number,
    numbers,
    p_value,
    ratio,
    shown,
)
from mrdq.reports.cohort_tables import Cell, Shown, parts, records, table
from mrdq.reports.cohort_words import Labels, mrd_name, trial_name

CHANGED = 150
"""Rows of changed conclusions shown at most; the table holds all."""

_MARK = next(column.doc for column in SENSITIVITY.columns if column.name == "changes")
_CHANGES_IF = f"A conclusion changes where {_MARK.removeprefix('yes: ')}."
_BASE = "protocol"
_SHARE, _DIFFERS = "share", "differs"
_CONCLUSION = ["timepoint", "conclusion", "trial"]
_SAME = ("n", "n_positive", "value", "low", "high", "p")
PETO = (
    "Hazard ratios here are Peto's ratio from the log-rank test, exp((O − E)/V), stratified by trial where the trial is "
    "all trials; the ratios to report are in Hazard ratios."
)
_VALUE = "share, odds ratio, or Peto's hazard ratio (95 %)"
_NO_BASE = "not estimable as the protocol counts"
_NO_OTHER = "beside the others: there is no such share by the protocol"


def sensitivity(frame: pd.DataFrame, labels: Labels) -> Iterator[Shown]:
    """SENSITIVITY three times: the conclusions that some counting changes, the others, and every
    counting that changes one."""
    by = [part for _, part in parts(frame, *_CONCLUSION)]
    for changed, caption in (
        (True, "would change"),
        (False, "would not change, or cannot be judged"),
    ):
        rows = [_conclusion(part, labels) for part in by if _changed(part) == changed]
        yield table(f"Conclusions that another way to count MRD {caption} (hazard ratios: Peto's)", _CONCLUSIONS, rows,
                    heads=3, notes=[_CHANGES_IF])  # fmt: skip
    yield _changes(frame, labels)


def n_changed(frame: pd.DataFrame) -> tuple[int, int]:
    """How many conclusions some counting changes, and how many there are: those that can be
    estimated as the protocol counts, each once."""
    judged = [part for _, part in parts(frame, *_CONCLUSION) if _has_base(part)]
    return sum(_changed(part) for part in judged), len(judged)


def _has_base(part: pd.DataFrame) -> bool:
    return _has(part, "base_value") or _has(part, "base_p")


def _changed(part: pd.DataFrame) -> bool:
    return _has_base(part) and any(is_true(cell) for cell in part["changes"])


_CONCLUSIONS = ["Timepoint", "Conclusion", "Trial", f"As the protocol counts: {_VALUE}", "p",
                "Lowest and highest of all ways to count", "Ways that change it"]  # fmt: skip


def _conclusion(part: pd.DataFrame, labels: Labels) -> list[Cell | str]:
    own = part[part["below_range"] == _BASE]
    others = part[part["below_range"] != _BASE]
    first, base = records(part)[0], records(own)[0] if len(own) else {}
    conclusion = first["conclusion"]
    return [
        mrd_name(first["timepoint"], labels), conclusion, trial_name(first["trial"]),
        _value(base, conclusion) if _has(part, "value") else "", p_value(base.get("p")) if _has(part, "p") else "",
        _range(others, conclusion), _judged(part, others),
    ]  # fmt: skip


def _judged(part: pd.DataFrame, others: pd.DataFrame) -> Cell:
    if not _has_base(part):
        return Cell(_NO_BASE if (part["below_range"] == _BASE).any() else _NO_OTHER)
    n = sum(is_true(cell) for cell in others["changes"])
    of = f"{n} of {len(others)}"
    return Cell(of, "changes", "changes") if n else Cell(of)


def _changes(frame: pd.DataFrame, labels: Labels) -> Shown:
    """One row per different result: ways that count every patient alike stand together."""
    columns = ["Timepoint", "Conclusion", "Trial", "Ways to count", "Positive of",
               f"Value: {_VALUE}", "p", "Before: value", "Before: p"]  # fmt: skip
    changes = frame[[is_true(cell) for cell in frame["changes"]]]
    alike = [part for _, part in parts(changes, *_CONCLUSION, *_SAME)]
    rows = [_change(records(part), labels) for part in alike[:CHANGED]]
    more = len(alike) - CHANGED
    notes = [f"{more} more rows are in cohort/sensitivity.tsv."] if more > 0 else []
    return table("Every way to count that changes a conclusion (hazard ratios: Peto's)", columns, rows, heads=3,
                 notes=notes)  # fmt: skip


def _change(alike: list[dict[str, Any]], labels: Labels) -> list[Cell | str]:
    r = alike[0]
    has_value, has_p = _any(r, "value", "base_value"), _any(r, "p", "base_p")
    value = _value(r, r["conclusion"]) if has_value else "p"
    return [
        mrd_name(r["timepoint"], labels), r["conclusion"], trial_name(r["trial"]), _ways(alike),
        f"{count(r['n_positive'])} of {count(r['n'])}", Cell(value, "changes", "changes"),
        p_value(r["p"]) if has_p else "",
        _number(r["base_value"], r["conclusion"]) if has_value else "", p_value(r["base_p"]) if has_p else "",
    ]  # fmt: skip


def _ways(alike: list[dict[str, Any]]) -> str:
    """The ways to count in words: those with the same cut-offs, and what is every combination of
    some words, stand together."""
    by: dict[tuple[str, str], list[str]] = {}
    for row in alike:
        by.setdefault((row["below_range"], row["not_evaluable"]), []).append(_cutoff(row["cutoff"]))
    by_cutoffs: dict[tuple[str, ...], list[tuple[str, str]]] = {}
    for counted, cutoffs in by.items():
        by_cutoffs.setdefault(tuple(cutoffs), []).append(counted)
    return "; or ".join(
        f"positive from {' or '.join(cutoffs)}, {counted}"
        for cutoffs, pairs in by_cutoffs.items()
        for counted in _counted_as(pairs)
    )


def _counted_as(pairs: list[tuple[str, str]]) -> Iterator[str]:
    below, doubtful = (list(dict.fromkeys(pair[side] for pair in pairs)) for side in (0, 1))
    if len(pairs) == len(below) * len(doubtful):
        yield _said(below, doubtful)
        return
    for one in below:
        yield _said([one], [other for first, other in pairs if first == one])


def _said(below: list[str], doubtful: list[str]) -> str:
    return f"below range {_or(below)}, not evaluable {_or(doubtful)}"


def _or(names: list[str]) -> str:
    return " or ".join({"interval": "by its interval"}.get(name, name) for name in names)


def _has(part: pd.DataFrame, column: str) -> bool:
    return bool(np.isfinite(numbers(part[column])).any())


def _any(row: dict[str, Any], *columns: str) -> bool:
    return any(number(row[name]) == number(row[name]) for name in columns)


def _value(row: dict[str, Any], conclusion: str) -> str:
    if not row:
        return ""
    value = _number(row["value"], conclusion)
    limits = [row["low"], row["high"]]
    if value == NE or all(number(limit) != number(limit) for limit in limits):
        return value
    if _is_share(conclusion):
        return f"{value} ({interval(*limits)})"
    return f"{value} ({ratio(row['low'])}–{ratio(row['high'])})"


def _number(cell: Any, conclusion: str) -> str:
    if _is_share(conclusion):
        return f"{shown(cell)} %".replace(f"{NE} %", NE)
    told = ratio(cell)
    return f"odds ratio {told}" if _DIFFERS in conclusion and told != NE else told


def _is_share(conclusion: str) -> bool:
    """Whether the value is a share in per cent; where shares are compared it is their odds ratio."""
    return conclusion.startswith(_SHARE) and _DIFFERS not in conclusion


def _range(part: pd.DataFrame, conclusion: str) -> str:
    values = [v for cell in part["value"] if (v := number(cell)) == v]
    if not values:
        return _p_range(part)
    low, high = _number(min(values), conclusion), _number(max(values), conclusion)
    return low if low == high else f"{low} to {high}"


def _p_range(part: pd.DataFrame) -> str:
    values = [v for cell in part["p"] if (v := number(cell)) == v]
    return f"p {p_value(min(values))} to {p_value(max(values))}" if values else NE


def _cutoff(cutoff: Any) -> str:
    return {"any": "any level", "protocol": "the protocol's level"}.get(str(cutoff), str(cutoff))
