"""Rows and frames of the cohort's tables, and what is written of them."""

from __future__ import annotations

from typing import Any

import pandas as pd

from mrdq.cohort.tables import ESTIMATE, NE
from mrdq.tables import TEXT, Table


def frame(rows: list[dict[str, Any]], table: Table) -> pd.DataFrame:
    """Rows as the table they belong to; a key that is missing is an empty text or NaN."""
    made = pd.DataFrame(rows, columns=table.names)
    for column in table.columns:
        if column.kind == TEXT:
            made[column.name] = made[column.name].astype(object).fillna("")
        else:
            made[column.name] = made[column.name].astype(float)
    return table.check(made)


def joined(parts: list[pd.DataFrame], table: Table) -> pd.DataFrame:
    """Frames of a table's columns, in any order, one below the other."""
    if not parts:
        return frame([], table)
    made = pd.concat(parts, ignore_index=True)[table.names]
    numbers = [column.name for column in table.columns if column.kind != TEXT]
    made[numbers] = made[numbers].astype(float)
    return table.check(made)


def as_shown(made: pd.DataFrame, table: Table) -> pd.DataFrame:
    """The table as it is written: what could not be estimated says ``NE``."""
    shown = made.copy(deep=False)
    for column in table.columns:
        if column.kind == ESTIMATE:
            numbers = made[column.name]
            shown[column.name] = [NE if pd.isna(v) else f"{v:.12g}" for v in numbers]
    return shown
