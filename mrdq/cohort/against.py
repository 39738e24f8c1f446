"""Published figures beside ours, cell by cell."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from mrdq.cohort import frames, tables
from mrdq.cohort.tables import ENROLLED, FROM_START, NO_CENSORING

CLOSE = 0.15
"""Points of a percentage: a synthetic cohort that prints alike does not agree further."""
Row = dict[str, Any]
_LIMITS = ("low", "high")
LOST = "lost"
"""In place of a repaired limit: what was printed is wrong, and nobody knows what was meant."""


def against(published: pd.DataFrame, found: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """AGAINST: every published figure with ours from the start, uncensored, all enrolled.

    ``published``: text columns ``trial endpoint timepoint group stratum months measure estimate
    low high p as_printed note repaired_low repaired_high`` (``docs/published-check.md``), empty for
    missing; a repaired limit is compared in place of the printed one, and ``lost`` not
    at all.  A percentage agrees if it prints alike, an estimate or limit within 0.15 points, p if it
    rounds to what was printed.  Where nobody was followed so long, ours is the end of the curve,
    as publications carry it on, and the note says so.
    """
    rows: list[Row] = []
    for raw in published.to_dict("records"):
        record = {str(name): str(value) for name, value in raw.items()}
        if record["measure"].startswith("mrd_"):
            rows.append(_rate(record, found["mrd_rates"]))
        elif record["measure"].endswith("_p"):
            rows.append(_p(record, found))
        else:
            rows += _survival(record, found["estimates"])
    return frames.frame(rows, tables.AGAINST)


def _key(record: Mapping[str, str]) -> Row:
    return {name: record[name] for name in ("endpoint", "trial", "timepoint", "group", "stratum")}


def _one(table: pd.DataFrame, **wanted: object) -> Mapping[str, object] | None:
    """The one row with these values, or None."""
    mask = np.logical_and.reduce(
        [table[name].to_numpy() == value for name, value in wanted.items()]
    )
    rows = table[mask].to_dict("records")
    return {str(k): v for k, v in rows[0].items()} if len(rows) == 1 else None


def _number(text: str) -> float:
    return float(text) if text else np.nan


def _rate(record: Mapping[str, str], rates: pd.DataFrame) -> Row:
    result = record["measure"].removeprefix("mrd_")
    row = _one(rates, timepoint=record["timepoint"], trial=record["trial"], result=result, denominator=ENROLLED)  # fmt: skip
    printed = _number(record["estimate"])
    note = (
        "no such rate here"
        if row is None
        else f"{row['n']:.0f} of {row['total']:.0f}, MRD-{result}"
    )
    ours = np.nan if row is None else float(str(row["percent"]))
    return {**_key(record), "what": "percent", "as_printed": record["as_printed"], **_judged(printed, ours, 1), "note": note}  # fmt: skip


def _p(record: Mapping[str, str], found: Mapping[str, pd.DataFrame]) -> Row:
    test = record["measure"].removesuffix("_p")
    if record["endpoint"]:
        row = _one(found["tests"], analysis=FROM_START, endpoint=record["endpoint"], censoring=NO_CENSORING,
                   comparison="trial", group=record["group"], stratum=record["stratum"], test=test, strata="")  # fmt: skip
    else:
        row = _one(found["mrd_tests"], timepoint=record["timepoint"], result=record["stratum"] or "negative",
                   denominator=ENROLLED, test=test)  # fmt: skip
    ours = np.nan if row is None else float(str(row["p"]))
    note = {"pearson": "Pearson's χ² without correction", "logrank": "log-rank"}.get(test, test)
    return {**_key(record), "what": "p", "as_printed": record["as_printed"],
            **_judged(_number(record["p"]), ours, 2), "note": note}  # fmt: skip


def _survival(record: Mapping[str, str], estimates: pd.DataFrame) -> Iterator[Row]:
    row = _one(estimates, analysis=FROM_START, endpoint=record["endpoint"], censoring=NO_CENSORING,
               trial=record["trial"], group=record["group"], stratum=record["stratum"],
               months=float(record["months"]))  # fmt: skip
    ended = row is not None and str(row["note"]).startswith("beyond")
    end = (
        f"nobody followed to that day: the curve's end, day {row['last_day']:.0f}"
        if row and ended
        else ""
    )
    for what in ("estimate", *_LIMITS):
        name = f"last_{what}" if ended else what
        ours = np.nan if row is None else float(str(row[name]))
        printed, repaired = record[what], record.get(f"repaired_{what}", "")
        told = record["note"] if what == "estimate" or repaired else ""
        note = "; ".join(filter(None, [end, told]))
        if not printed:
            if what in _LIMITS and np.isnan(ours):
                continue  # 100 % has no interval, here as there
            judged: Row = {"ours": ours}
            note = "; ".join(filter(None, [end, "not printed"]))
        elif repaired == LOST:
            judged = {"ours": ours}
        else:
            judged = _judged(_number(repaired or printed), ours, None)
        yield {**_key(record), "what": what, "as_printed": printed, **judged, "note": note}


def _judged(published: float, ours: float, decimals: int | None) -> Row:
    """The two and their difference; ``decimals`` to which they have to print alike, None: within
    CLOSE."""
    difference = ours - published
    if decimals is None:
        agree = abs(difference) <= CLOSE
    else:
        agree = abs(difference) <= 0.5 * 10**-decimals * (1 + 1e-9)
    return {"published": published, "ours": ours, "difference": difference,
            "within": "" if np.isnan(difference) else str(bool(agree)).lower()}  # fmt: skip
