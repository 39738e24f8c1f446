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
_SHARE = "share"
_CONCLUSION = ["timepoint", "conclusion", "trial"]


def sensitivity(frame: pd.DataFrame, labels: Labels) -> Iterator[Shown]:
    """SENSITIVITY twice: one row per conclusion, then every counting that changes one."""
    yield _conclusions(frame, labels)
    yield _changes(frame, labels)


def n_changed(frame: pd.DataFrame) -> tuple[int, int]:
    """How many conclusions some counting changes, and how many there are."""
    flags = frame.assign(changed=[is_true(cell) for cell in frame["changes"]])
    by = flags.groupby(_CONCLUSION, sort=False)["changed"].any()
    return int(by.sum()), len(by)


def _conclusions(frame: pd.DataFrame, labels: Labels) -> Shown:
    columns = ["Timepoint", "Conclusion", "Trial", "As the protocol counts", "p", "Lowest and highest of all ways to count", "Ways that change it"]  # fmt: skip
    rows: list[list[Cell | str]] = []
    for (timepoint, conclusion, trial), part in parts(frame, *_CONCLUSION):
        own = part[part["below_range"] == _BASE]
        others = part[part["below_range"] != _BASE]
        base = records(own)[0] if len(own) else {}
        has_value = _has(part, "value")
        n = sum(is_true(cell) for cell in others["changes"])
        of = f"{n} of {len(others)}"
        rows.append([mrd_name(timepoint, labels), conclusion, trial_name(trial), _value(base, conclusion) if has_value else "",
                     p_value(base.get("p")) if _has(part, "p") else "", _range(others, conclusion),
                     Cell(of, "changes", "changes") if n else Cell(of)])  # fmt: skip
    return table("Conclusions, and whether another way to count MRD would change them", columns, rows, heads=3,
                 notes=[_CHANGES_IF])  # fmt: skip


def _changes(frame: pd.DataFrame, labels: Labels) -> Shown:
    columns = ["Timepoint", "Conclusion", "Trial", "Positive from", "Below range counted as", "Not evaluable counted as",
               "Positive of", "Value (interval)", "p", "Before: value", "Before: p"]  # fmt: skip
    changes = frame[[is_true(cell) for cell in frame["changes"]]]
    rows: list[list[Cell | str]] = []
    for r in records(changes.head(CHANGED)):
        value = _value(r, r["conclusion"]) if _any(r, "value", "base_value") else "p"
        rows.append([mrd_name(r["timepoint"], labels), r["conclusion"], trial_name(r["trial"]), _cutoff(r["cutoff"]),
                     r["below_range"], r["not_evaluable"], f"{count(r['n_positive'])} of {count(r['n'])}",
                     Cell(value, "changes", "changes"), p_value(r["p"]) if _any(r, "p", "base_p") else "",
                     _number(r["base_value"], r["conclusion"]) if _any(r, "value", "base_value") else "",
                     p_value(r["base_p"]) if _any(r, "p", "base_p") else ""])  # fmt: skip
    more = len(changes) - CHANGED
    notes = [f"{more} more rows are in cohort/sensitivity.tsv."] if more > 0 else []
    return table(
        "Every way to count that changes a conclusion", columns, rows, heads=3, notes=notes
    )


def _has(part: pd.DataFrame, column: str) -> bool:
    return bool(np.isfinite(numbers(part[column])).any())


def _any(row: dict[str, Any], *columns: str) -> bool:
    return any(number(row[name]) == number(row[name]) for name in columns)


def _value(row: dict[str, Any], conclusion: str) -> str:
    if not row:
        return ""
    value = _number(row["value"], conclusion)
    if value == NE:
        return NE
    if conclusion.startswith(_SHARE):
        return f"{value} ({interval(row['low'], row['high'])})"
    return f"{value} ({ratio(row['low'])}–{ratio(row['high'])})"


def _number(cell: Any, conclusion: str) -> str:
    return f"{shown(cell)} %".replace(f"{NE} %", NE) if conclusion.startswith(_SHARE) else ratio(cell)  # fmt: skip


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
    return {"any": "any level", "protocol": "as the protocol"}.get(str(cutoff), str(cutoff))
