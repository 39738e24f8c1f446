"""Results as the pages tell them: a level, a result with its sensitivity or interval, a number."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from mrdq import vocabulary as words
from mrdq.guideline import Guideline
from mrdq.protocol import Protocol

_SHOWN = {
    words.POSITIVE_QUANTIFIABLE: "positive, quantifiable",
    words.POSITIVE_NOT_QUANTIFIABLE: "positive, not quantifiable",
    words.LOW_POSITIVE_BELOW_RANGE: "low positive, below range",
    words.UNCERTAIN_SIGNIFICANCE: "uncertain significance",
    words.NEGATIVE: "negative",
    words.NOT_EVALUABLE: "not evaluable",
    words.NOT_DONE: "not done",
}


def status_word(status: str) -> str:
    """A call or status for people."""
    return _SHOWN[status]


def level(value: float) -> str:
    """An MRD level or limit for people, ``3.21e-4``; "" for none.

    The minus is a hyphen that does not break: a number split over two lines is another number.
    """
    if value is None or math.isnan(value):
        return ""
    mantissa, exponent = f"{value:.2e}".split("e")
    return f"{mantissa}e{int(exponent)}".replace("-", "\u2011")


def result_text(row: dict[str, Any]) -> str:
    """A result as it is told: never a bare ``< limit`` for a positive, a negative with its
    sensitivity, a level with its interval.  The quantitative range bounds a positive only if its level
    lies below: where replicates differ, the level may be any."""
    status = row.get("status", row.get("call"))
    shown = _SHOWN[str(status)]
    if status == words.POSITIVE_QUANTIFIABLE:
        interval = f"{level(row['mrd_level_low'])} to {level(row['mrd_level_high'])}"
        return f"{shown}: {level(row['mrd_level'])} ({interval})"
    if status == words.NEGATIVE:
        return f"{shown} (sensitivity {level(row['sensitivity']) or 'not established'})"
    if status in (words.NOT_EVALUABLE, words.NOT_DONE):
        return shown
    reasons = str(row.get("reasons", "")).split(";")
    if "sample_range" in reasons:
        return f"{shown}: detected, < {level(row['quantitative_range'])} (quantitative range)"
    why = f" ({', '.join(reasons)})" if any(reasons) else ""  # a person's call has no criteria
    return f"{shown}: detected, of unknown level{why}"


def automatic_text(row: dict[str, Any]) -> str:
    """A status as it is without amendments, and what would follow from it."""
    found = level(row["automatic_mrd_level"])
    result = f"{_SHOWN[row['automatic_status']]}{': ' if found else ''}{found}"
    response = str(row["automatic_response"]).replace("_", " ")
    follows = f"; next step: {row['automatic_next_step']}" if row["automatic_next_step"] else ""
    return f"{result}; response {response}{follows}"


def number(value: float) -> str:
    """A number with four significant digits; "" for none."""
    return "" if value is None or math.isnan(value) else f"{value:.4g}"


def rule_sets(guidelines: Mapping[str, Guideline], protocols: Mapping[str, Protocol]) -> dict[str, Any]:  # fmt: skip
    """What a page says of the rule sets, and how surely each protocol's idea of a positive is known."""
    shares = {f"{100 * one['interval_confidence'].value:g} %" for one in guidelines.values()}
    counted = {
        name: ", ".join(f"{t.id} {t.grade}" for t in protocol.timepoints)
        for name, protocol in sorted(protocols.items())
        if protocol.timepoints
    }
    return {"guidelines": list(guidelines.values()), "confidence": " or ".join(sorted(shares)), "protocols": counted}  # fmt: skip
