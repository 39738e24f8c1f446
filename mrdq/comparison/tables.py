"""DIFFERENCES: one row per difference of two results, A and B, with what explains it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from mrdq import vocabulary as words
from mrdq.tables import REAL, TEXT, Column, Table

CALL, LEVEL, STATUS, RESPONSE, NEXT_STEP = "call", "level", "status", "response", "next_step"
WHATS = (NEXT_STEP, STATUS, RESPONSE, CALL, LEVEL)

RULE_SET, OTHER_CALLS, INPUTS = "rule_set", "other_calls", "inputs"
RULE_SET_OR_INPUTS, AMENDED, DECIDES = "rule_set_or_inputs", "amended", "another_decides"
ACROSS, PROTOCOL, NUMBER = "across_a_limit", "protocol", "number"
ONLY_A, ONLY_B, UNEXPLAINED = "only_a", "only_b", "unexplained"

# Cause -> what it means.  The docs are held to it.
CAUSES = {
    RULE_SET: "the wells and amounts are the same; numbers of the rule set that act on the criterion differ",
    OTHER_CALLS: "the rule sets issue other calls below the quantitative range",
    INPUTS: "no number of the rule sets explains it: wells, sheets, settings or the version of mrdq differ",
    RULE_SET_OR_INPUTS: "numbers of the rule set differ, and the inputs may: the tables cannot tell which it was",
    AMENDED: "a person changed it, or left out what it rests on, on one side, or otherwise on the other",
    DECIDES: "another call decides, though neither of the two changed (superseded, or the sheets differ)",
    ACROSS: "the status is the same; its level or limits moved across a bound of the protocol",
    PROTOCOL: "status and numbers are the same; the protocol differs",
    ONLY_A: "a call or status that only A has, and what follows from it",
    ONLY_B: "a call or status that only B has, and what follows from it",
    NUMBER: "the same call or status; only its level or limits differ",
    UNEXPLAINED: "the evidence does not give the calls: the tables of one side do not belong together",
}  # fmt: skip

CALL_KEY = ("run_id", "target", "sample_id")
STATUS_KEY = ("patient_id", "timepoint")
NUMBERS = ("mrd_level", "mrd_level_low", "mrd_level_high", "quantitative_range", "sensitivity")

# What explains a call's change; a status takes it over from the call that decided.
WHY = ("cause", "criterion", "parameters", "amendment", "value_a", "value_b", "minimum_a", "minimum_b",
       "maximum_a", "maximum_b", "outcome_a", "outcome_b", "reasons_a", "reasons_b")  # fmt: skip
MEASURED = ("value", "minimum", "maximum")


def _of(side: str) -> tuple[Column, ...]:
    """What the evidence of one side says of the criterion."""
    told = (
        ("value", "value of the criterion"),
        ("minimum", "its lower bound"),
        ("maximum", "its upper bound"),
    )
    return tuple(Column(f"{name}_{side.lower()}", REAL, f"{doc} in {side}", "unit") for name, doc in told)  # fmt: skip


DIFFERENCES = Table("diff.tsv", "every difference of two results, A and B", ("what", *CALL_KEY, *STATUS_KEY), (
    Column("what", TEXT, "what differs; a level without a run is that of a status", words=WHATS),
    Column("run_id", TEXT, "instrument run; empty but for calls and their levels"),
    Column("target", TEXT, "target; likewise"), Column("sample_id", TEXT, "follow-up sample; likewise"),
    Column("patient_id", TEXT, "patient"), Column("timepoint", TEXT, "timepoint of the protocol"),
    Column("a", TEXT, "in A; empty if A has no such row"), Column("b", TEXT, "in B; empty if B has no such row"),
    Column("cause", TEXT, "what kind of thing explains it", words=tuple(CAUSES)),
    Column("criterion", TEXT, "criterion at which the decisions of the two sides part"),
    Column("parameters", TEXT, "numbers of the rule sets that act on the criterion and differ, A → B"),
    Column("amendment", TEXT, "what people amended on which side: what, who, when and why; where the cause is amended"),
    *_of("A"), *_of("B"),
    Column("outcome_a", TEXT, "outcome of the criterion in A", words=words.OUTCOMES),
    Column("outcome_b", TEXT, "outcome of the criterion in B", words=words.OUTCOMES),
    Column("reasons_a", TEXT, "criteria that decided the call in A"), Column("reasons_b", TEXT, "criteria that decided the call in B"),
    Column("relative_change", REAL, "(B - A) / A of a level or limit; of several the one that changed most"),
    Column("detail", TEXT, "names of the numbers that differ, the one shown first; of a status the deciding calls"),
))  # fmt: skip


def rows(of: pd.DataFrame, **columns: Any) -> pd.DataFrame:
    """Rows of DIFFERENCES: what is not among ``columns`` comes from ``of``, else it is empty."""
    made: dict[str, Any] = {}
    for column in DIFFERENCES.columns:
        kind: Any = float if column.kind == REAL else object
        empty = np.nan if column.kind == REAL else ""
        found = columns.get(column.name, of.get(column.name, empty))
        if isinstance(found, str | float):
            found = np.full(len(of), found, dtype=kind)
        made[column.name] = np.asarray(found, dtype=kind)
    return pd.DataFrame(made)


def joined(parts: list[pd.DataFrame]) -> pd.DataFrame:
    """DIFFERENCES of several parts, in one order: by what differs, then by the keys."""
    table = pd.concat(parts, ignore_index=True)
    place = table["what"].map({what: n for n, what in enumerate(WHATS)}).astype(int)
    order = table.assign(place=place).sort_values(["place", *STATUS_KEY, *CALL_KEY], kind="stable")
    return DIFFERENCES.check(table.loc[order.index].reset_index(drop=True))


def differ(a: pd.Series[Any], b: pd.Series[Any]) -> np.ndarray:
    """Where two columns differ; two that are missing do not."""
    unlike = (a.to_numpy() != b.to_numpy()) & ~(a.isna().to_numpy() & b.isna().to_numpy())
    return np.asarray(unlike, dtype=bool)
