"""What the page says of amendments: each with what it changed, from automatic to amended."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from mrdq import vocabulary as words
from mrdq.amended_calls import automatic, counting, separate_texts
from mrdq.amendments import Amendment

Row = dict[str, Any]


def records(table: pd.DataFrame) -> list[Row]:
    return [{str(key): value for key, value in row.items()} for row in table.to_dict("records")]


def with_both(calls: pd.DataFrame) -> list[Row]:
    """Rows of CALLS, each with the call that counts (``counts``; None: it is retracted) and what it
    is without amendments (``automatic``)."""
    found = counting(calls)
    counts = dict(zip(found.index, records(found), strict=True))
    rows = zip(calls.index, records(calls), records(automatic(calls)), strict=True)
    return [row | {"counts": counts.get(index), "automatic": before} for index, row, before in rows]


def amendments_told(
    amendments: Sequence[Amendment],
    calls: Sequence[Row],
    status: Sequence[Row],
    wells: pd.DataFrame,
) -> list[Row]:
    """Each amendment in the order of the sheet: what it is about, the wells that it left out with
    their automatic Cq, and the calls and statuses that rest on it.  A status says in ``changed``
    whether its next step or its response is another one because of people.

    ``calls``: rows of :func:`with_both`; ``status``: rows of STATUS; ``wells``: WELLS.
    """
    left_out = _left_out(wells)
    calls, status = ([row for row in rows if row["amended"]] for rows in (calls, status))
    status = [row | {"changed": list(_changed(row))} for row in status]
    return [
        {
            "amendment": one, "about": _about(one), "wells": left_out.get(one.text, []),
            "calls": [row for row in calls if one.text in separate_texts(row["amendment"])],
            "status": [row for row in status if one.text in separate_texts(row["amendment"])],
        }
        for one in amendments
    ]  # fmt: skip


def _changed(row: Row) -> Iterator[str]:
    before, after = row["automatic_next_step"], row["next_step"]
    if before != after:
        yield f"next step changed by a person: {before or 'none'} → {after or 'none'}"
    before, after = (
        str(row[name]).replace("_", " ") for name in ("automatic_response", "response")
    )
    if before != after:
        yield f"response changed by a person: {before} → {after}"


def _about(one: Amendment) -> str:
    if one.what == words.CALL:
        return f"call of {one.sample_id} for {one.target} in run {one.run_id}: {one.call}"
    if one.retracts:
        return f"run {one.run_id} retracted"
    given = {"target": "target", "well": "well", "sample_id": "sample"}
    told = [
        f"{given[name]} {getattr(one, name)}" for name in words.NARROWED_BY if getattr(one, name)
    ]
    return f"left out of run {one.run_id}: {', '.join(told)}"


def _left_out(wells: pd.DataFrame) -> Mapping[str, list[Row]]:
    """Text of an amendment -> the wells with a role that it left out."""
    found: dict[str, list[Row]] = {}
    if "amendment" in wells:
        used = (wells["amendment"] != "") & ~wells["role"].isin(["", words.EMPTY])
        for row in records(wells[used].astype(object)):
            for text in separate_texts(row["amendment"]):
                found.setdefault(text, []).append(row)
    return found
