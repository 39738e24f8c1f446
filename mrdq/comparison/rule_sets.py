"""Which numbers of a rule set act on which criterion, and how two rule sets differ in them."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mrdq import vocabulary as words
from mrdq.comparison.side import RuleSets
from mrdq.evidence import CRITERIA
from mrdq.guideline import Guideline, Parameter
from mrdq.wells import Bools, Ints

_WALK = ("standard_wells_minimum", "standard_delta_cq_maximum", "standard_background_distance_minimum",
         "standard_step_fold", "standard_step_minimum", "standard_step_maximum", "maximum_cq")  # fmt: skip
_ACCEPTED = ("curve_points_minimum", "curve_slope_minimum", "curve_slope_maximum", "curve_r_squared_minimum")  # fmt: skip
_POSITIVE = ("positive_background_distance_minimum", "positive_sensitivity_distance_maximum",
             "sensitivity_background_distance_minimum", "sensitivity_intercept_distance_maximum", *_WALK)  # fmt: skip

# Criterion -> the parameters that are its bounds (contract section 4).
BOUNDS: dict[str, tuple[str, ...]] = {
    "ntc_clean": (),
    "background_wells": ("background_wells_minimum",),
    "curve_points": ("curve_points_minimum",),
    "curve_slope": ("curve_slope_minimum", "curve_slope_maximum"),
    "curve_r_squared": ("curve_r_squared_minimum",),
    "control_gene_curve": (),
    "control_gene_wells": ("control_gene_wells_minimum",),
    "control_gene_delta": ("control_gene_delta_cq_maximum",),
    "control_gene_amount": ("control_gene_amount_minimum",),
    "sample_wells": ("sample_wells_minimum",),
    "positive_wells": ("positive_wells_minimum",),
    "low_positive_wells": ("low_positive_wells_minimum",),
    "sample_determined": (),
    "sample_delta": ("sample_delta_cq_maximum",),
    "sample_range": (),
}
# Criterion -> the parameters on which the value that is judged rests.
FEEDS: dict[str, tuple[str, ...]] = {
    "ntc_clean": ("maximum_cq",),
    "background_wells": (),
    "curve_points": _WALK,
    "curve_slope": _WALK,
    "curve_r_squared": _WALK,
    "control_gene_curve": (*_ACCEPTED, *_WALK),
    "control_gene_wells": ("maximum_cq",),
    "control_gene_delta": ("maximum_cq",),
    "control_gene_amount": _WALK,
    "sample_wells": (),
    "positive_wells": _POSITIVE,
    "low_positive_wells": _POSITIVE,
    "sample_determined": ("maximum_cq",),
    "sample_delta": ("maximum_cq",),
    "sample_range": _WALK,
}
# Criteria whose bounds rest on the inputs too: amounts of the sheet, wells of the plate.
BOUND_BY_INPUTS = ("control_gene_wells", "control_gene_amount", "sample_determined", "sample_range")


def changed(a: Guideline, b: Guideline, names: Iterable[str]) -> str:
    """Those of the parameters that differ: ``sample_delta_cq_maximum 1.5 → 2``, separated by ``; ``."""
    both = ((name, a.get(name), b.get(name)) for name in names)
    return "; ".join(f"{name} {_value(x)} → {_value(y)}" for name, x, y in both if _value(x) != _value(y))  # fmt: skip


def _value(parameter: Parameter | None) -> str:
    if parameter is None:
        return "none"
    return f"{parameter.value:.12g}" + ("" if parameter.inclusive else "(exclusive)")


def other_calls(a: Guideline, b: Guideline) -> str:
    """The calls that only one of the two issues, ``calls X → Y,Z``; "" if they issue the same."""
    only = [
        ",".join(call for call in words.CALLS if call in own.calls and call not in other.calls)
        for own, other in ((a, b), (b, a))
    ]
    return f"calls {only[0] or 'none'} → {only[1] or 'none'}" if any(only) else ""


class Pairs:
    """The pairs of rule sets of some calls: few, however many the calls are.

    ``same``: the two of a call are one; ``known``: the numbers of both are at hand.
    """

    def __init__(self, ids: pd.DataFrame, a: RuleSets, b: RuleSets):
        """``ids``: ``guideline_a guideline_hash_a guideline_b guideline_hash_b`` per call."""
        names = ["guideline_a", "guideline_hash_a", "guideline_b", "guideline_hash_b"]
        distinct = ids[names].drop_duplicates().reset_index(drop=True)
        code = ids[names].merge(distinct.assign(code=range(len(distinct))), on=names, how="left")
        self._of: Ints = code["code"].to_numpy(dtype=np.int64)
        named = [tuple(map(str, row)) for row in distinct.to_numpy().tolist()]
        found = [(a.get((w, x)), b.get((y, z))) for w, x, y, z in named]
        self._sets = [(x, y) if x and y else None for x, y in found]
        same = [(w, x) == (y, z) and x != "" for w, x, y, z in named]
        self.same: Bools = np.array(same, dtype=bool)[self._of]
        self.known: Bools = np.array([x is not None for x in self._sets], dtype=bool)[self._of]

    def other_calls(self) -> NDArray[np.object_]:
        texts = [other_calls(*pair) if pair else "" for pair in self._sets]
        return np.array(texts, dtype=object)[self._of]

    def parameters(self, criterion: Ints, *, bound: Bools, value: Bools) -> NDArray[np.object_]:
        """Per call the parameters that differ and act on its criterion (code into ``CRITERIA``).

        Where only its ``bound`` moved, its value cannot be of account, and the other way round.
        """
        neither = ~bound & ~value
        texts = self._texts()
        kind = np.where(neither | (bound & value), 2, np.where(bound, 0, 1))
        return texts[self._of, np.maximum(criterion, 0), kind]

    def _texts(self) -> NDArray[np.object_]:
        texts = np.full((len(self._sets), len(CRITERIA), 3), "", dtype=object)
        for n, pair in enumerate(self._sets):
            for m, name in enumerate(CRITERIA):
                kinds = (BOUNDS[name], FEEDS[name], (*BOUNDS[name], *FEEDS[name]))
                texts[n, m] = [changed(*pair, names) if pair else "" for names in kinds]
        return texts
