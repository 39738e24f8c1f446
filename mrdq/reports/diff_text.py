"""A comparison as text: what changed from what to what, then the groups with their rows."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import pandas as pd

from mrdq.comparison.compare import Comparison, Group, groups
from mrdq.comparison.compared import Compared
from mrdq.comparison.tables import (
    CALL,
    CAUSES,
    LEVEL,
    NEXT_STEP,
    NUMBER,
    OTHER_CALLS,
    RESPONSE,
    STATUS,
)

SHOWN = 20
"""Rows of a group, or patients, that are written out."""
HEADINGS = {CALL: "Calls", STATUS: "Statuses", RESPONSE: "Responses", NEXT_STEP: "Next steps"}
SEVERAL = {CALL: "calls", STATUS: "statuses", RESPONSE: "responses", NEXT_STEP: "next steps", LEVEL: "levels or limits"}  # fmt: skip
NEVER_TRANSLATED = (
    "A call is never translated into another rule set's words: each side was called from the wells."
)
NOT_COMPARED = "Not among the differences: columns that decide nothing by themselves"
SAME = "The same: every call, level, limit, status, response and next step."

Row = dict[str, Any]


def text(compared: Compared, *, rest: str) -> str:
    """The whole comparison; ``rest`` says where the rows are that are not written out."""
    found = compared.found
    lines = [*_heading(compared), "", *_tallies(found)]
    changed = found.differences[found.differences["what"] == NEXT_STEP]
    if len(changed):
        patients = changed["patient_id"].nunique()
        places = f" at {told(len(changed), 'timepoint')}" if len(changed) != patients else ""
        lines += ["", f"The next step changes for {told(patients, 'patient')}{places}:"]
        lines += [f"  {subject(row)}: {change(row)}" for row in records(changed[:SHOWN])]
        lines += [f"  {line}" for line in _more(len(changed), rest)]
    for place, group in enumerate(groups(found.differences), 1):
        lines += ["", f"{place}. {title(group)}", f"   {counted(group)}"]
        lines += [f"   {line}" for line in _rows(group, rest)]
    lines += ["", *others(found)] if any(found.others.values()) else []
    if not len(found.differences):
        lines += ["", SAME]
    return "\n".join(lines) + "\n"


def _heading(compared: Compared) -> Iterator[str]:
    for name, side in (("A", compared.a), ("B", compared.b)):
        yield f"{name}: {side.name}"
        yield from (f"   rule set {rules}" for rules in side.rule_sets)
    yield from (f"NOTE: {notice}" for notice in compared.notices)
    yield NEVER_TRANSLATED


def _tallies(found: Comparison) -> Iterator[str]:
    for what, heading in HEADINGS.items():
        rows = found.tally[found.tally["what"] == what]
        changed = records(rows[rows["a"] != rows["b"]])
        yield f"{heading}: {summed(found, what)}"
        width = max((len(row["a"] or "(none)") for row in changed), default=0)
        for row in changed:
            yield f"  {row['a'] or '(none)':<{width}} → {row['b'] or '(none)'}   {row['n']}"


def summed(found: Comparison, what: str) -> str:
    """``35 in both, 3 of them differ; 1 only in A, none only in B``."""
    rows = found.tally[found.tally["what"] == what]
    differ = int(rows.loc[rows["a"] != rows["b"], "n"].sum())
    said = f"{int(rows['n'].sum())} in both, {differ or 'none'} of them differ{'s' if differ == 1 else ''}"
    if what not in found.only_a:
        return said
    return f"{said}; {found.only_a[what] or 'none'} only in A, {found.only_b[what] or 'none'} only in B"


def _rows(group: Group, rest: str) -> Iterator[str]:
    for row in records(group.rows[:SHOWN]):
        why = reason(row)
        yield f"{row['what'].replace('_', ' '):<9} {subject(row)}: {change(row)}" + (f"  [{why}]" if why else "")  # fmt: skip
    yield from _more(len(group.rows), rest)


def _more(count: int, rest: str) -> list[str]:
    return [f"… and {count - SHOWN} more, {rest}"] if count > SHOWN else []


def records(frame: pd.DataFrame) -> list[Row]:
    return [{str(key): value for key, value in row.items()} for row in frame.to_dict("records")]


def told(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def title(group: Group) -> str:
    """Criterion, parameters, and what that means; what people amended is what they wrote."""
    if group.amendment:
        return f"Amended {group.amendment}"
    meaning = CAUSES[group.cause]
    if group.cause == OTHER_CALLS:
        acts = listed(group.parameters).removeprefix("calls ")
        return f"The rule sets issue other calls: {acts}" if acts else capital(meaning)
    named = group.criterion + (f": {group.parameters}" if group.parameters else "")
    return f"{named} ({meaning})" if named else capital(meaning)


def listed(parameters: str) -> str:
    """Calls of two rule sets with blanks, so that a line can break."""
    return parameters.replace(",", ", ")


def capital(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]


def counted(group: Group) -> str:
    """``2 next steps, 3 calls``, and of numbers the largest change."""
    parts = [f"{count} {_of(what, count)}" for what, count in group.counts.items()]
    largest = group.largest_change
    if group.cause == NUMBER and not math.isnan(largest):
        parts.append(f"the largest relative change {percent(largest)}")
    return ", ".join(parts)


def _of(what: str, count: int) -> str:
    return SEVERAL[what] if count > 1 else what.replace("_", " ")


def percent(relative: float) -> str:
    """A relative change, ``+12.3 %``; a tiny one is not written as none."""
    shown = f"{100 * relative:+.3g} %"
    return shown.replace("-", "−")


def subject(row: Row) -> str:
    """Whose call or status it is."""
    whose = f"{row['patient_id']} {row['timepoint']}"
    if not row["run_id"]:
        return whose
    return f"{row['run_id']} {row['target']} {row['sample_id']} ({whose})"


def change(row: Row) -> str:
    """From what to what; a level with its name and relative change."""
    moved = f"{row['a'] or 'none'} → {row['b'] or 'none'}"
    if row["what"] != LEVEL:
        return moved
    relative = row["relative_change"]
    return f"{row['detail'].partition(';')[0]} {moved}" + ("" if math.isnan(relative) else f" ({percent(relative)})")  # fmt: skip


def reason(row: Row) -> str:
    """What the evidence of both sides says of the criterion; of a status, whose call decided."""
    parts = [evidence(row)] if row["criterion"] else []
    if row["what"] == LEVEL:
        parts += [row["detail"].replace(";", ", ")] if ";" in row["detail"] else []
    elif row["what"] != CALL and row["detail"]:
        values = row["value_a"], row["value_b"]
        numbers = "" if row["criterion"] or all(map(math.isnan, values)) else f" {_moved(*values)}"
        parts.append(f"{_DETAIL.get(row['cause'], 'decided by')} {row['detail']}{numbers}".strip())
    elif row["what"] == CALL and not row["criterion"] and (row["reasons_a"] or row["reasons_b"]):
        parts.append(f"reasons {row['reasons_a'] or 'none'} → {row['reasons_b'] or 'none'}")
    return "; ".join(parts)


_DETAIL = {"across_a_limit": "", "protocol": "protocol"}


def evidence(row: Row) -> str:
    """``positive_wells 0 → 1 (at least 1), fail → pass``."""
    sides = [side for side in "ab" if row[f"outcome_{side}"]]
    if len(sides) == 1:  # a criterion that only one of the rule sets has
        side = sides[0]
        return f"{row['criterion']}, judged in {side.upper()} only: {_judged(row, side, side)}"
    return f"{row['criterion']} {_judged(row, 'a', 'b')}"


def _judged(row: Row, a: str, b: str) -> str:
    """Value, bounds and outcome, from side ``a`` to side ``b``."""
    bounds = []
    for name, words in (("minimum", "at least"), ("maximum", "at most")):
        ends = row[f"{name}_{a}"], row[f"{name}_{b}"]
        if not all(map(math.isnan, ends)):
            bounds.append(f"{words} {_moved(*ends)}")
    within = f" ({', '.join(bounds)})" if bounds else ""
    outcomes = _arrow(row[f"outcome_{a}"], row[f"outcome_{b}"]).replace("_", " ")
    return f"{_moved(row[f'value_{a}'], row[f'value_{b}'])}{within}, {outcomes}"


def _moved(a: float, b: float) -> str:
    return _arrow(*("none" if math.isnan(value) else f"{value:.8g}" for value in (a, b)))


def _arrow(a: str, b: str) -> str:
    return a if a == b else f"{a} → {b}"


def others(found: Comparison) -> Iterator[str]:
    """Columns that differ in rows that are otherwise the same."""
    for what, columns in found.others.items():
        if columns:
            told = ", ".join(f"{name} {count}" for name, count in columns.items())
            yield f"{NOT_COMPARED}. They differ in {SEVERAL[what]} that are otherwise the same: {told}."
