"""The reference engine: repeated runs and the status of a patient (contract section 6).

See :mod:`mrdq.validation.reference`.
"""

from __future__ import annotations

from functools import cmp_to_key
from typing import Any

from mrdq.validation.reference_sample import Index, run_order
from mrdq.validation.reference_study import (
    RANK,
    STATUS_COLUMNS,
    Row,
    Rules,
    Study,
    relatively_at_least,
    relatively_at_most,
    relatively_equal,
)

# ------------------------------------------------------------------------ patient status (6)


def is_evaluable(call: Row) -> bool:
    return bool(call["call"] != "not_evaluable")


def add_flag(row: Row, flag: str) -> None:
    names = row["flags"].split(";") if row["flags"] else []
    row["flags"] = ";".join([*names, flag])


def supersede(calls: list[Row], runs: list[Row]) -> None:
    """A later evaluable run of the same sample and target supersedes every earlier one; two
    evaluable runs that differ between positive and negative are flagged."""
    order = {run["run_id"]: run_order(run) for run in runs}
    pairs: dict[tuple[str, str], list[Row]] = {}
    for call in calls:
        pairs.setdefault((call["sample_id"], call["target"]), []).append(call)
    for repeated in pairs.values():
        evaluable = [call for call in repeated if is_evaluable(call)]
        for call in repeated:
            call["superseded"] = any(
                order[other["run_id"]] > order[call["run_id"]] for other in evaluable
            )
        if len({call["call"] == "negative" for call in evaluable}) > 1:
            for call in evaluable:
                add_flag(call, "discordant_runs")


def deciding_order(rules: Rules) -> Any:
    """Rank, then the highest level, the lowest sensitivity, target, sample and run as text."""

    def compare_numbers(one: float | None, other: float | None) -> int:
        """The lower first, none at all last, equal within the tolerance."""
        if one is None or other is None:
            return (one is None) - (other is None)
        if relatively_equal(one, other, rules):
            return 0
        return -1 if one < other else 1

    def compare(one: Row, other: Row) -> int:
        ranks = RANK[one["call"]], RANK[other["call"]]
        if ranks[0] != ranks[1]:
            return ranks[0] - ranks[1]
        levels = [None if row["mrd_level"] is None else -row["mrd_level"] for row in (one, other)]
        texts = [(row["target"], row["sample_id"], row["run_id"]) for row in (one, other)]
        return (
            compare_numbers(*levels)
            or compare_numbers(one["sensitivity"], other["sensitivity"])
            or (texts[0] > texts[1]) - (texts[0] < texts[1])
        )

    return cmp_to_key(compare)


def response_of(row: Row, study: Study) -> str:
    """Gökbuget 2021, table 1; what is not evaluable, or was not done, has no response."""
    rules, protocol = study.rules, study.protocol
    if row["status"] in ("not_evaluable", "not_done"):
        return "not_evaluable"
    if (
        row["status"] == "negative"
        and row["sensitivity"] is not None
        and relatively_at_most(row["sensitivity"], protocol.complete_sensitivity, rules)
    ):
        return "complete"
    if row["status"] == "positive_quantifiable" and relatively_at_least(
        row["mrd_level"], protocol.failure_level, rules
    ):
        return "failure"
    return "intermediate"


def next_step_of(row: Row, study: Study) -> str | None:
    """What the protocol says follows; empty where nothing was done or nothing is said."""
    steps = study.protocol.next_step.get(row["timepoint"])
    if steps is None or row["status"] == "not_done":
        return None
    if row["status"] in study.protocol.positive_statuses:
        return steps["positive"]
    if row["status"] in study.protocol.repeat_statuses:
        return steps["repeat"]
    return steps["negative"]


def status_of(patient_id: str, timepoint: str, calls: list[Row], index: Index) -> Row:
    """One patient and timepoint, over all targets and samples."""
    study = index.study
    current = [call for call in calls if not call["superseded"]]
    preferred = [
        call
        for call in current
        if index.samples[call["sample_id"]]["material"] == study.protocol.material
    ]
    decide = preferred if any(is_evaluable(call) for call in preferred) else current
    row: Row = dict.fromkeys(STATUS_COLUMNS)
    row |= {
        "patient_id": patient_id,
        "timepoint": timepoint,
        "status": "not_done",
        "n_targets": len({call["target"] for call in calls}),
        "n_evaluable": len({call["target"] for call in current if is_evaluable(call)}),
        "guideline": study.rules.guideline,
        "protocol": study.protocol.protocol,
        "amended": False,
    }
    if decide:
        deciding = min(decide, key=deciding_order(study.rules))
        row["status"], row["deciding_target"] = deciding["call"], deciding["target"]
        for name in ("mrd_level", "quantitative_range", "sensitivity"):
            row[name] = deciding[name]
    row["response"] = response_of(row, study)
    row["next_step"] = next_step_of(row, study)
    flags = {flag for call in current if call["flags"] for flag in call["flags"].split(";")}
    row["flags"] = ";".join(sorted(flags)) or None
    return row
