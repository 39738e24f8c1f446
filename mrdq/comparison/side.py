"""One of the two results that are compared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from mrdq.amended_calls import counting
from mrdq.comparison.people import ROW, in_words
from mrdq.guideline import Guideline

RETRACTED = "retracted"
"""What stands in the place of a call of a retracted run."""
RuleSets = Mapping[tuple[str, str], Guideline]
"""(id, SHA-256) -> the rule set; those whose numbers are at hand."""


@dataclass(frozen=True, slots=True)
class Side:
    """The tables of one side: CALLS, STATUS and EVIDENCE, and the rule sets that are known."""

    calls: pd.DataFrame
    status: pd.DataFrame
    evidence: pd.DataFrame
    guidelines: RuleSets


def counted(calls: pd.DataFrame) -> pd.DataFrame:
    """CALLS as they count: a person's call is the call, and one of a retracted run is ``retracted``.

    Adds what results of an earlier version lack, and ``by`` (who amended it and why, without the
    row of the sheet, which moves), ``told`` (the same, and what it did) and ``person`` (the call
    that a person put; "" for none).
    """
    own = column(calls, "amended_call")
    made = calls.assign(
        person=own, by=amendment(calls),
        retracted=column(calls, "retracted", "false").astype(str).str.lower() == "true",
        guideline_hash=column(calls, "guideline_hash"), control_gene=column(calls, "control_gene"),
        amendment=_texts(calls),
    )  # fmt: skip
    made["told"] = in_words(made, made["amendment"])
    retracted = made["retracted"]
    if (own != "").any():
        made = counting(made.assign(amended_call=own, retracted=False))
    call = made["call"].astype(object).mask(retracted, RETRACTED)
    reasons = made["reasons"].astype(object).mask(retracted, "")  # those of a run without wells
    return made.assign(call=call, reasons=reasons, retracted=retracted)


def amendment(table: pd.DataFrame) -> pd.Series[str]:
    """Who amended each row and why, without the row of the sheet; "" for what nobody amended."""
    return _texts(table).str.replace(ROW, "", regex=True)


def told(side: Side) -> pd.Series[str]:
    """Of each status, who amended it, why and what that did; "" for what nobody amended."""
    return in_words(counted(side.calls), _texts(side.status))


def _texts(table: pd.DataFrame) -> pd.Series[str]:
    if not {"automatic_call", "automatic_status"} & set(table):
        return pd.Series("", index=table.index, dtype=object)  # made before there were amendments
    return column(table, "amendment")


def column(table: pd.DataFrame, name: str, missing: str = "") -> pd.Series[str]:
    """A text column that results of an earlier version may lack."""
    found = table[name] if name in table else pd.Series(missing, index=table.index)
    return found.astype(object).fillna(missing)
