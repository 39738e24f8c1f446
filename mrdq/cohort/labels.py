"""Labels of patients: groups, strata, causes."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, cast

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from mrdq.cohort.kaplan_meier import Ints


def codes(name: str, labels: ArrayLike, n: int) -> tuple[Ints, list[Hashable]]:
    """The place of each patient's label among the distinct labels, and those in order.

    LABELS: one per patient, or a ``pandas.Categorical``, whose unused categories stay.
    ValueError: another number than N of labels, or a missing one.
    """
    values = pd.Categorical(cast("Any", labels))
    if len(values) != n:
        raise ValueError(
            f"{name} must have a label for each of {n} patients, but had {len(values)}"
        )
    place = values.codes.astype(np.int64)
    if (place < 0).any():
        raise ValueError(
            f"{name} must have no missing label, but entry {int(np.argmin(place))} was"
        )
    return place, list(values.categories)
