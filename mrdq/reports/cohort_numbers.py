"""Numbers of the cohort tables as people read them; what cannot be estimated is ``NE``."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mrdq.cohort.samples import DAYS_PER_MONTH
from mrdq.cohort.tables import NE


def day_of(months: float) -> int:
    """The day that stands for a number of months: 24 months are day 730 (contract section 8)."""
    return int(months * DAYS_PER_MONTH)


def number(cell: Any) -> float:
    """A cell as a number; NaN for ``NE``, an empty cell and a missing one.

    Raises ValueError for any other text.
    """
    if cell is None or cell is pd.NA or (isinstance(cell, str) and cell.strip() in ("", NE)):
        return math.nan
    return float(cell)


def numbers(cells: Iterable[Any]) -> NDArray[np.float64]:
    """:func:`number` of each cell."""
    if isinstance(cells, pd.Series) and cells.dtype.kind in "fiub":
        return cells.to_numpy(dtype=np.float64)
    return np.array([number(cell) for cell in cells], dtype=np.float64)


def shown(cell: Any, digits: int = 1) -> str:
    """A number with so many digits after the point, or ``NE``."""
    value = number(cell)
    return NE if math.isnan(value) else f"{value:.{digits}f}"


def count(cell: Any) -> str:
    """A count, or nothing."""
    value = number(cell)
    return "" if math.isnan(value) else f"{value:.0f}"


def interval(low: Any, high: Any, digits: int = 1) -> str:
    """``82.0–94.1``; ``NE`` where neither limit can be estimated."""
    limits = (shown(low, digits), shown(high, digits))
    return NE if limits == (NE, NE) else "–".join(limits)


def p_value(cell: Any) -> str:
    """A p value with three digits, ``< 0.001`` below, or ``NE``."""
    value = number(cell)
    if math.isnan(value):
        return NE
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def p_equals(cell: Any) -> str:
    """``p = 0.069``, ``p < 0.001`` or ``p NE``, for a sentence."""
    value = p_value(cell)
    return f"p {value}" if value.startswith(("<", NE)) else f"p = {value}"


def ratio(cell: Any) -> str:
    """A hazard ratio with two digits, or three significant ones where that says little; one
    beyond 1000 is ``>1000``."""
    value = number(cell)
    if math.isnan(value):
        return NE
    if value > 1000:
        return ">1000"
    return f"{value:.2f}" if 0.01 <= value < 100 else f"{value:.3g}"


def is_true(cell: Any) -> bool:
    """A flag, also as written in a table."""
    return str(cell).strip().lower() in ("true", "yes", "1", "1.0")
