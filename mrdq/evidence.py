"""EVIDENCE: one row per subject and criterion, from which the calls are derived.

A criterion is measured here and judged here, once; what follows reads outcomes.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mrdq import vocabulary as words
from mrdq.control_gene import DnaAmount, Subjects
from mrdq.curve import Curves
from mrdq.guideline import TOLERANCE, Guideline
from mrdq.wells import Bools, Floats, Ints, Wells, named

# Criterion -> (unit of its value, what it asks).  The order is the order of an explanation.
CRITERIA: dict[str, tuple[str, str]] = {
    "ntc_clean": (
        "well",
        "no-template controls with a signal; there has to be at least one control",
    ),
    "background_wells": ("well", "wells of polyclonal normal DNA"),
    "curve_points": ("dilution", "dilutions that the curve is fitted to"),
    "curve_slope": ("cycle per log10", "slope of the curve"),
    "curve_r_squared": ("1", "coefficient of determination of the curve"),
    "control_gene_curve": ("1", "the control gene's own curve is accepted (1) or not (0)"),
    "control_gene_wells": (
        "well",
        "determined wells of the sample for the control gene; all have to be",
    ),
    "control_gene_delta": ("cycle", "spread of the control gene's replicates"),
    "control_gene_amount": ("ng", "amount of DNA in a well by the control gene"),
    "sample_wells": ("well", "wells of the sample that are not omitted"),
    "positive_wells": ("well", "wells that count as positive"),
    "low_positive_wells": (
        "well",
        "positive wells that make a positive below the range more than uncertain",
    ),
    "sample_determined": ("well", "determined wells of the sample; all have to be"),
    "sample_delta": ("cycle", "spread of the sample's replicates"),
    "sample_range": (
        "1",
        "level before the correction for blasts, against the sample's quantitative range",
    ),
}
RUN_GATES = ("ntc_clean", "background_wells", "curve_points", "curve_slope", "curve_r_squared")
SAMPLE_GATES = (
    "control_gene_curve",
    "control_gene_wells",
    "control_gene_delta",
    "control_gene_amount",
    "sample_wells",
)
GATES = RUN_GATES + SAMPLE_GATES
QUANTIFIABLE = ("sample_determined", "sample_delta", "sample_range")

_PASS, _FAIL, _NA, _NE = range(4)  # codes into words.OUTCOMES


@dataclass(slots=True)
class _Blocks:
    """Rows of evidence as they are measured, a block per criterion."""

    unit: list[Ints] = field(default_factory=list)
    sample: list[Ints] = field(default_factory=list)
    criterion: list[NDArray[np.int8]] = field(default_factory=list)
    value: list[Floats] = field(default_factory=list)
    minimum: list[Floats] = field(default_factory=list)
    maximum: list[Floats] = field(default_factory=list)
    outcome: list[NDArray[np.int8]] = field(default_factory=list)

    def add(
        self, criterion: str, unit: Ints, sample: Ints | None, value: Floats, passed: Bools, *,
        minimum: Floats | float = np.nan, maximum: Floats | float = np.nan,
        judged: Bools | None = None, applies: Bools | None = None,
    ) -> None:  # fmt: skip
        """``judged``: false where the value could not be measured; ``applies``: false where the
        criterion is not asked for."""
        outcome = np.where(passed, _PASS, _FAIL)
        if judged is not None:
            outcome = np.where(judged, outcome, _NE)
        if applies is not None:
            outcome = np.where(applies, outcome, _NA)
        n = len(unit)
        self.unit.append(unit)
        self.sample.append(np.zeros(n, dtype=np.int64) if sample is None else sample)
        self.criterion.append(np.full(n, list(CRITERIA).index(criterion), dtype=np.int8))
        self.value.append(value)
        self.minimum.append(np.broadcast_to(np.asarray(minimum, dtype=float), n))
        self.maximum.append(np.broadcast_to(np.asarray(maximum, dtype=float), n))
        self.outcome.append(outcome.astype(np.int8))


@dataclass(frozen=True, slots=True)
class SampleMeasures:
    """Per subject what definitions 9 to 12 measure.

    ``n_positive`` wells; ``level`` before the correction for blasts; ``quantitative_range`` and
    ``sensitivity`` of the sample (× max(1, F)).
    """

    n_positive: Floats
    level: Floats
    quantitative_range: Floats
    sensitivity: Floats


def evaluate(
    wells: Wells, curves: Curves, subjects: Subjects, dna: DnaAmount, measures: SampleMeasures,
    nominal_ng: Floats, guideline: Guideline,
) -> pd.DataFrame:  # fmt: skip
    """The table EVIDENCE (contract section 5): every criterion of every run, curve and sample."""
    blocks = _Blocks()
    _evaluate_units(blocks, wells, curves, guideline)
    _evaluate_control_gene(blocks, curves, subjects, dna, nominal_ng, guideline)
    _evaluate_samples(blocks, subjects, measures, guideline)
    unit = np.concatenate(blocks.unit)
    criterion = np.concatenate(blocks.criterion)
    units = [unit_name for unit_name, _ in CRITERIA.values()]
    distinct = sorted(set(units))
    unit_code = np.array([distinct.index(name) for name in units], dtype=np.int8)
    return pd.DataFrame(
        {
            "run_id": named(wells.unit_run[unit], wells.runs),
            "target": named(wells.unit_target[unit], wells.targets),
            "sample_id": named(np.concatenate(blocks.sample), wells.samples),
            "criterion": named(criterion, list(CRITERIA)),
            "value": np.concatenate(blocks.value),
            "minimum": np.concatenate(blocks.minimum),
            "maximum": np.concatenate(blocks.maximum),
            "unit": named(unit_code[criterion], distinct),
            "outcome": named(np.concatenate(blocks.outcome), list(words.OUTCOMES)),
            "guideline": named(np.zeros(len(unit), dtype=np.int8), [guideline.id]),
        }
    )


def _evaluate_units(blocks: _Blocks, wells: Wells, curves: Curves, guideline: Guideline) -> None:
    """NTC, background and curve; the control gene has no background, its NTC is evidence only."""
    units = np.arange(wells.n_units)
    has_ntc = curves.n_ntc > 0
    blocks.add("ntc_clean", units, None, np.where(has_ntc, curves.n_ntc_determined, np.nan),
               has_ntc & (curves.n_ntc_determined == 0), maximum=0.0)  # fmt: skip
    mrd = np.flatnonzero(~wells.is_control_gene)
    enough = guideline["background_wells_minimum"]
    blocks.add("background_wells", mrd, None, curves.n_background[mrd], enough.met_by(curves.n_background[mrd]),
               minimum=enough.value)  # fmt: skip
    points, r_squared = guideline["curve_points_minimum"], guideline["curve_r_squared_minimum"]
    steepest, flattest = guideline["curve_slope_minimum"], guideline["curve_slope_maximum"]
    blocks.add("curve_points", units, None, curves.n_dilutions, points.met_by(curves.n_dilutions),
               minimum=points.value)  # fmt: skip
    fitted = ~np.isnan(curves.slope)
    blocks.add("curve_slope", units, None, curves.slope,
               steepest.met_by(curves.slope) & flattest.met_by(curves.slope),
               minimum=steepest.value, maximum=flattest.value, judged=fitted)  # fmt: skip
    blocks.add("curve_r_squared", units, None, curves.r_squared, r_squared.met_by(curves.r_squared),
               minimum=r_squared.value, judged=fitted)  # fmt: skip


def _evaluate_control_gene(
    blocks: _Blocks,
    curves: Curves,
    subjects: Subjects,
    dna: DnaAmount,
    nominal_ng: Floats,
    guideline: Guideline,
) -> None:
    """Definition 7; where none is measured only ``control_gene_wells`` fails, the rest is not judged."""
    unit, sample = subjects.unit, subjects.sample
    measured = dna.unit >= 0
    accepted = measured & curves.accepted[dna.unit] if len(curves.accepted) else measured
    n, n_determined = np.nan_to_num(dna.wells.n), np.nan_to_num(dna.wells.n_determined)
    some, delta = (
        guideline["control_gene_wells_minimum"],
        guideline["control_gene_delta_cq_maximum"],
    )
    blocks.add("control_gene_curve", unit, sample, np.where(measured, accepted.astype(float), np.nan), accepted,
               minimum=1.0, judged=measured, applies=dna.asked)  # fmt: skip
    blocks.add("control_gene_wells", unit, sample, n_determined, some.met_by(n) & (n_determined == n),
               minimum=np.maximum(n, some.value), applies=dna.asked)  # fmt: skip
    blocks.add("control_gene_delta", unit, sample, dna.wells.delta, delta.met_by(dna.wells.delta),
               maximum=delta.value, judged=n_determined > 0, applies=dna.asked)  # fmt: skip
    share = guideline["control_gene_amount_minimum"]
    least = share.value * nominal_ng
    blocks.add("control_gene_amount", unit, sample, dna.amount_ng,
               share.met_by(dna.amount_ng, bound=least, relative=True), minimum=least,
               judged=~np.isnan(dna.amount_ng), applies=dna.asked)  # fmt: skip


def _evaluate_samples(
    blocks: _Blocks, subjects: Subjects, measures: SampleMeasures, guideline: Guideline
) -> None:
    """Replicates, positive wells and what makes a positive sample quantifiable (definitions 10, 12)."""
    unit, sample, wells = subjects.unit, subjects.sample, subjects.wells
    enough, delta = guideline["sample_wells_minimum"], guideline["sample_delta_cq_maximum"]
    blocks.add("sample_wells", unit, sample, wells.n, enough.met_by(wells.n), minimum=enough.value)
    for criterion, parameter in (
        ("positive_wells", guideline["positive_wells_minimum"]),
        ("low_positive_wells", guideline.get("low_positive_wells_minimum")),
    ):
        if parameter is not None:
            blocks.add(criterion, unit, sample, measures.n_positive, parameter.met_by(measures.n_positive),
                       minimum=parameter.value)  # fmt: skip
    positive = guideline["positive_wells_minimum"].met_by(measures.n_positive)
    blocks.add("sample_determined", unit, sample, wells.n_determined,
               (wells.n_determined == wells.n) & (wells.n > 0), minimum=wells.n, applies=positive)  # fmt: skip
    blocks.add("sample_delta", unit, sample, wells.delta, delta.met_by(wells.delta), maximum=delta.value,
               judged=wells.n_determined > 0, applies=positive)  # fmt: skip
    limit = measures.quantitative_range
    # Definition 12 has its bound in the curve, not in the rule set: inclusive, relative tolerance.
    within = measures.level >= limit * (1 - TOLERANCE)
    blocks.add("sample_range", unit, sample, measures.level, within, minimum=limit,
               judged=~(np.isnan(measures.level) | np.isnan(limit)), applies=positive)  # fmt: skip
