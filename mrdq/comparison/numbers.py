"""Levels and limits compared where the call, or the status, is the same."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mrdq.comparison.tables import LEVEL, NUMBER, NUMBERS, differ, rows
from mrdq.wells import Bools, Floats


def moved(both: pd.DataFrame) -> Bools:
    """Per row and number of ``NUMBERS`` whether the two sides (``_a``, ``_b``) differ."""
    columns = [differ(both[f"{name}_a"], both[f"{name}_b"]) for name in NUMBERS]
    return np.column_stack(columns)


def any_moved(both: pd.DataFrame) -> Bools:
    """Per row whether any number differs."""
    return np.asarray(moved(both).any(axis=1), dtype=np.bool_)


def differences(both: pd.DataFrame) -> pd.DataFrame:
    """DIFFERENCES of rows whose call or status is the same and whose numbers are not.

    The number that changed most is shown: the one with the largest \\|log(B / A)\\|.
    """
    both = both.loc[any_moved(both)]
    mask = moved(both)
    a, b = (both[[f"{name}_{side}" for name in NUMBERS]].to_numpy(dtype=float) for side in "ab")
    with np.errstate(all="ignore"):
        fold = np.abs(np.log(b / a))
    weight = np.where(mask, np.where(np.isfinite(fold), fold, 0.0), -1.0)
    shown = weight.argmax(axis=1)
    row = np.arange(len(both))
    from_, to = a[row, shown], b[row, shown]
    with np.errstate(all="ignore"):
        relative = (to - from_) / from_
    relative = np.where(np.isfinite(relative), relative, np.nan)
    return rows(both, what=LEVEL, cause=NUMBER, a=as_text(from_), b=as_text(to),
                relative_change=relative, detail=_names(mask, shown))  # fmt: skip


def as_text(values: Floats) -> NDArray[np.object_]:
    """Numbers as tables write them; "" for none."""
    distinct, place = np.unique(values, return_inverse=True)
    texts = np.array(["" if np.isnan(v) else f"{v:.12g}" for v in distinct], dtype=object)
    return texts[place] if len(texts) else np.empty(0, dtype=object)


def _names(mask: Bools, shown: NDArray[np.intp]) -> NDArray[np.object_]:
    """The names of the numbers that differ, the one that is shown first."""
    code = mask @ (1 << np.arange(len(NUMBERS))) * len(NUMBERS) + shown
    distinct, place = np.unique(code, return_inverse=True)
    texts = []
    for key in distinct.tolist():
        bits, first = divmod(key, len(NUMBERS))
        rest = [name for n, name in enumerate(NUMBERS) if bits >> n & 1 and n != first]
        texts.append(";".join([NUMBERS[first], *rest]))
    return np.array(texts, dtype=object)[place] if texts else np.empty(0, dtype=object)
