"""What people amended on one side, in words: a run retracted, a call of a person's, wells left out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pandas as pd

from mrdq.amended_calls import separate_texts

ROW = r"\brow \d+: "
"""The row of the sheet, which moves."""
OMITTED, RESTS = "wells left out", "what it rests on was amended"


def in_words(calls: pd.DataFrame, texts: pd.Series[str]) -> pd.Series[str]:
    """``run R8 retracted (operator B 2024-03-04: reagents out of date)`` for each of ``texts``, the
    amendments that a call or status of the side rests on; "" for none.

    ``calls``: ``amendment retracted person run_id`` of the side's CALLS.
    """
    kinds = _kinds(calls)
    return texts.map({text: _told(text, kinds) for text in texts.unique()})


def _kinds(calls: pd.DataFrame) -> Mapping[str, dict[str, None]]:
    """Amendments of a call -> what they made of it, where the table says so."""
    known = calls[(calls["retracted"] | (calls["person"] != "")) & (calls["amendment"] != "")]
    columns = (known[name] for name in ("amendment", "retracted", "run_id"))
    found: dict[str, dict[str, None]] = {}
    for text, retracted, run in zip(*columns, strict=True):
        found.setdefault(text, {})[f"run {run} retracted" if retracted else "a person's call"] = (
            None
        )
    return found


def _told(text: str, kinds: Mapping[str, dict[str, None]]) -> str:
    """One text that no call's own kind explains has left wells out; several may be of any kind."""
    if not text:
        return ""
    parts = separate_texts(text)
    elsewhere = {part for key in kinds for part in separate_texts(key)}
    kind = ", ".join(kinds.get(text, ())) or (RESTS if elsewhere & set(parts) else OMITTED)
    who = pd.Series([text]).str.replace(ROW, "", regex=True).iloc[0]
    return f"{kind} ({who})"


def of_both(a: pd.Series[str], b: pd.Series[str]) -> pd.Series[str]:
    """``in B: …``, and what both sides say of an amendment that is not the same on both."""
    told = [_of_sides(*pair) for pair in zip(a.fillna(""), b.fillna(""), strict=True)]
    return pd.Series(told, index=a.index, dtype=object)


def _of_sides(a: str, b: str) -> str:
    return "; ".join(_sides(a, b))


def _sides(a: str, b: str) -> Iterator[str]:
    if a:
        yield f"in A: {a}"
    if b:
        yield f"in B: {b}"
