"""What the page says of amendments: each with what it changed, from automatic to amended."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import pandas as pd
import pyarrow as pa

from mrdq import scan
from mrdq import vocabulary as words
from mrdq.amended_calls import automatic, counting, separate_texts
from mrdq.amendments import Amendment

Row = dict[str, Any]


def with_both(calls: pa.Table) -> list[Row]:
    """Rows of CALLS, each with the call that counts (``counts``; None: it is retracted) and what it
    is without amendments (``automatic``)."""
    frame = calls.to_pandas()
    counts, before = (_records(of(frame)) for of in (counting, automatic))
    found = iter(counts)
    rows = zip(scan.records(calls), before, strict=True)
    return [
        row | {"counts": None if row["retracted"] else next(found), "automatic": old}
        for row, old in rows
    ]


def _records(table: pd.DataFrame) -> list[Row]:
    names = [str(name) for name in table]
    columns = (table[name].tolist() for name in table)
    return [dict(zip(names, cells, strict=True)) for cells in zip(*columns, strict=True)]


def amendments_told(
    amendments: Sequence[Amendment],
    calls: Sequence[Row],
    status: Sequence[Row],
    wells: Iterable[Row],
) -> list[Row]:
    """Each amendment in the order of the sheet: what it is about, the wells that it left out with
    their automatic Cq, and the calls and statuses that rest on it.  A status says in ``changed``
    whether its next step or its response is another one because of people.

    ``calls``: rows of :func:`with_both`; ``status``: rows of STATUS; ``wells``: those
    with a role that people left out.
    """
    changed = (row | {"changed": list(_changed(row))} for row in status if row["amended"])
    told = {
        "wells": _by_text(wells), "calls": _by_text(row for row in calls if row["amended"]),
        "status": _by_text(changed),
    }  # fmt: skip
    return [
        {"amendment": one, "about": _about(one)}
        | {name: found.get(one.text, []) for name, found in told.items()}
        for one in amendments
    ]


def _by_text(rows: Iterable[Row]) -> dict[str, list[Row]]:
    """Text of an amendment -> the rows that it touched."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        for text in dict.fromkeys(separate_texts(row["amendment"])):
            found.setdefault(text, []).append(row)
    return found


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
