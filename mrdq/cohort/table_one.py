"""Table 1: the patients at a glance, by trial."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd

from mrdq.cohort import frames, tables
from mrdq.cohort.tables import ALL

UNKNOWN = "not known"


def table_one(patients: pd.DataFrame, timepoints: Sequence[str]) -> pd.DataFrame:
    """TABLE_ONE of the population: age, age group, sex, transplantation, MRD class by timepoint.

    Percentages are of all enrolled; what is not known is a level of its own.
    """
    shown = {
        "age group": patients["age_group"],
        "sex": patients["sex"],
        "transplantation": patients["transplant_day"]
        .notna()
        .map({True: "day recorded", False: "none recorded"}),
        **{f"MRD {t}": patients[f"mrd_class_{t}"] for t in timepoints},
    }
    trials = sorted(patients["trial"].unique())
    rows: list[dict[str, Any]] = []
    for trial in (*trials, *([ALL] if len(trials) > 1 else [])):
        of = patients["trial"].eq(trial) | (trial == ALL)
        rows.append(_number("age [years]", trial, patients.loc[of, "age"]))
        for name, values in shown.items():
            rows += _levels(name, trial, values[of], sorted(values.unique()))
    return frames.frame(rows, tables.TABLE_ONE)


def _number(name: str, trial: str, values: pd.Series[float]) -> dict[str, Any]:
    known = values.dropna()
    share = 100 * len(known) / len(values) if len(values) else None
    return {"characteristic": name, "level": "", "trial": trial, "n": len(known), "total": len(values), "percent": share,
            "median": known.median(), "minimum": known.min(), "maximum": known.max()}  # fmt: skip


def _levels(
    name: str, trial: str, values: pd.Series[str], levels: Sequence[str]
) -> Iterator[dict[str, Any]]:
    for level in levels:
        n = int((values == level).sum())
        share = 100 * n / len(values) if len(values) else None
        yield {"characteristic": name, "level": level.replace("_", " ") or UNKNOWN, "trial": trial, "n": n,
               "total": len(values), "percent": share}  # fmt: skip
