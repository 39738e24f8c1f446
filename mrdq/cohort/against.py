"""Published figures beside ours, cell by cell."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from mrdq.cohort import frames, tables
from mrdq.cohort.tables import ENROLLED, FROM_START, NO_CENSORING
from mrdq.guideline import TOLERANCE

CLOSE = 0.15
"""Points of a percentage: a synthetic cohort that prints alike does not agree further."""
Row = dict[str, Any]
_LIMITS = ("low", "high")
AS_PRINTED, REPAIRED, END = "as printed", "repaired limit", "end of the curve"
LOST = "lost"
"""In place of a repaired limit: what was printed is wrong, and nobody knows what was meant."""


def against(published: pd.DataFrame, found: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """AGAINST: every published figure with ours from the start, uncensored, all enrolled.

    ``published``: text columns ``trial endpoint timepoint group stratum months measure estimate
    low high p as_printed note repaired_low repaired_high`` (``docs/published-check.md``), empty for
    missing; a repaired limit is compared in place of the printed one, and ``lost`` not
    at all.  A rate and p agree if ours rounds to the digits that were printed, an estimate or limit
    within 0.15 points (or half a unit of its last digit).  Where nobody was followed so long, ours is the end of the curve,
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
    names = ("endpoint", "trial", "timepoint", "group", "stratum", "months")
    return {name: record[name] for name in names}


def _one(table: pd.DataFrame, **wanted: object) -> Mapping[str, object] | None:
    """The one row with these values, or None."""
    mask = np.logical_and.reduce(
        [table[name].to_numpy() == value for name, value in wanted.items()]
    )
    rows = table[mask].to_dict("records")
    return {str(k): v for k, v in rows[0].items()} if len(rows) == 1 else None


def _number(text: str) -> float:
    return float(text) if text else np.nan


def _half_unit(text: str) -> float:
    """Half a unit of the last digit of a printed number."""
    digits = len(text.partition(".")[2])
    return 0.5 * 10.0**-digits * (1 + TOLERANCE)


def _rate(record: Mapping[str, str], rates: pd.DataFrame) -> Row:
    result = record["measure"].removeprefix("mrd_")
    row = _one(rates, timepoint=record["timepoint"], trial=record["trial"], result=result, denominator=ENROLLED)  # fmt: skip
    printed = record["estimate"]
    note = (
        "no such rate here"
        if row is None
        else f"{row['n']:.0f} of {row['total']:.0f}, MRD-{result}"
    )
    ours = np.nan if row is None else float(str(row["percent"]))
    return {**_key(record), "what": "percent", "as_printed": record["as_printed"], **_judged(printed, ours, _half_unit(printed)), "note": note}  # fmt: skip


def _p(record: Mapping[str, str], found: Mapping[str, pd.DataFrame]) -> Row:
    test = record["measure"].removesuffix("_p")
    if record["endpoint"]:
        row = _one(found["tests"], analysis=FROM_START, endpoint=record["endpoint"], censoring=NO_CENSORING,
                   comparison="trial", group=record["group"], stratum=record["stratum"], test=test, strata="")  # fmt: skip
    else:
        row = _one(found["mrd_tests"], timepoint=record["timepoint"], result=record["stratum"] or "negative",
                   denominator=ENROLLED, test=test)  # fmt: skip
    ours = np.nan if row is None else float(str(row["p"]))
    name = {"pearson": "Pearson's χ² without correction", "logrank": "log-rank"}.get(test, test)
    note = name if row else f"no such test here ({name})"
    return {**_key(record), "what": "p", "as_printed": record["as_printed"],
            **_judged(record["p"], ours, _half_unit(record["p"])), "note": note}  # fmt: skip


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
    if row is None:
        yield {**_key(record), "what": "estimate", "as_printed": record["estimate"], "note": "no such estimate here"}  # fmt: skip
        return
    for what in ("estimate", *_LIMITS):
        name = f"last_{what}" if ended else what
        ours = float(str(row[name]))
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
            judged = _judged(repaired or printed, ours, max(CLOSE, _half_unit(repaired or printed)))
            judged["how"] = END if ended else REPAIRED if repaired else AS_PRINTED
        yield {**_key(record), "what": what, "as_printed": printed, **judged, "note": note}


def _judged(printed: str, ours: float, close: float) -> Row:
    """The two and their difference; they agree within ``close``."""
    published = _number(printed)
    difference = ours - published
    return {"published": published, "ours": ours, "difference": difference, "how": AS_PRINTED,
            "within": "" if np.isnan(difference) else str(bool(abs(difference) <= close)).lower()}  # fmt: skip
