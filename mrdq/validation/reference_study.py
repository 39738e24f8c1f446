"""The reference engine: what goes in and out, the rules' numbers, bounds and wells.

See :mod:`mrdq.validation.reference`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from statistics import fmean
from typing import Any

Row = dict[str, Any]
Number = Any
"""A float, or ``None`` where there is none."""

# The gates of the contract, in its order; any that fails makes the call not_evaluable.
GATES = (
    "ntc_clean",
    "background_wells",
    "curve_points",
    "curve_slope",
    "curve_r_squared",
    "control_gene_curve",
    "control_gene_wells",
    "control_gene_delta",
    "control_gene_amount",
    "sample_wells",
)


def columns(names: str) -> tuple[str, ...]:
    return tuple(names.split())


# Section 7, in its order.
CURVE_COLUMNS = columns(
    "run_id target kind n_dilutions n_wells slope intercept r_squared efficiency residual_sd "
    "lowest_background_cq quantitative_range sensitivity accepted"
)
CALL_COLUMNS = columns(
    "run_id target sample_id patient_id timepoint call n_wells n_determined n_positive "
    "mean_cq delta_cq dna_amount_ng normalisation mrd_level mrd_level_low mrd_level_high "
    "quantitative_range sensitivity superseded guideline reasons flags"
)
EVIDENCE_COLUMNS = columns("run_id target sample_id criterion value minimum maximum unit outcome")
STATUS_COLUMNS = columns(
    "patient_id timepoint status mrd_level mrd_level_low mrd_level_high quantitative_range "
    "sensitivity deciding_target n_targets n_evaluable response next_step guideline protocol "
    "amended flags"
)

RANK = {
    "positive_quantifiable": 0,
    "positive_not_quantifiable": 1,
    "low_positive_below_range": 1,
    "uncertain_significance": 2,
    "negative": 3,
    "not_evaluable": 4,
}


# ---------------------------------------------------------------------------- what goes in


@dataclass(frozen=True)
class Rules:
    """The numbers of a rule set; the defaults are those of ``euromrd-2007-therapy-reduction``."""

    guideline: str = "euromrd-2007-therapy-reduction"
    vocabulary: str = "2007"  # which calls may be issued: "2007" or "2024"
    delta: float = 1.0  # a positive well lies this far below the lowest background
    maximum_cq: float | None = None
    background_wells: int = 6
    ntc_wells: int = 1
    standard_wells: int = 2
    standard_delta: float = 1.5
    range_distance: float = 3.0
    step_fold: float = 10.0
    step_minimum: float = 2.6
    step_maximum: float = 4.0
    fit_points: int = 2
    curve_points: int = 3
    slope_minimum: float = -3.9
    slope_maximum: float = -3.1
    r_squared: float = 0.98
    sensitivity_distance: float = 1.0
    sensitivity_from_intercept: float = 20.0
    positive_from_sensitivity: float = 4.0
    sample_wells: int = 3
    sample_delta: float = 1.5
    control_gene_wells: int = 1
    control_gene_delta: float = 1.5
    control_gene_amount: float = 0.10
    low_positive_wells: int = 2  # 2024 only: fewer positive wells are of uncertain significance
    tolerance: float = 1e-9


THERAPY_REDUCTION = Rules()
THERAPY_INTENSIFICATION = Rules(guideline="euromrd-2007-therapy-intensification", delta=3.0)
EUROMRD_2024 = Rules(guideline="euromrd-2024", vocabulary="2024")
RULE_SETS = (THERAPY_REDUCTION, THERAPY_INTENSIFICATION, EUROMRD_2024)


@dataclass(frozen=True)
class Protocol:
    """What a protocol says of the timepoints, and the levels of the published response."""

    protocol: str = "all-mrd2019"
    material: str = "BM"
    timepoints: tuple[str, ...] = ("post-A1", "post-C1")
    positive_statuses: tuple[str, ...] = (
        "positive_quantifiable",
        "positive_not_quantifiable",
        "low_positive_below_range",
    )
    repeat_statuses: tuple[str, ...] = ("uncertain_significance", "not_evaluable")
    # timepoint -> {"positive": text, "negative": text, "repeat": text}
    next_step: dict[str, dict[str, str]] = field(
        default_factory=lambda: {
            name: {way: f"{way} {name}" for way in ("positive", "negative", "repeat")}
            for name in ("post-A1", "post-C1")
        }
    )
    complete_sensitivity: float = 1e-4
    failure_level: float = 1e-4


@dataclass
class Study:
    """Wells and sheets as they are once read; see the keys in ``studies.py``."""

    wells: list[Row]
    runs: list[Row]
    samples: list[Row]
    assays: list[Row]
    control_gene: str = "required"
    rules: Rules = THERAPY_REDUCTION
    protocol: Protocol = field(default_factory=Protocol)


@dataclass
class Result:
    curves: list[Row]
    calls: list[Row]
    evidence: list[Row]
    status: list[Row]


# ------------------------------------------------------------------- bounds and their tolerance


def at_most(value: float, bound: float, rules: Rules) -> bool:
    """value ≤ bound for Cq, slope and R²: inclusive, 1e-9 absolute."""
    return value <= bound + rules.tolerance


def at_least(value: float, bound: float, rules: Rules) -> bool:
    """value ≥ bound for Cq, slope and R²: inclusive, 1e-9 absolute."""
    return value >= bound - rules.tolerance


def relatively_at_least(value: float, bound: float, rules: Rules) -> bool:
    """value ≥ bound for dilutions, amounts and levels: inclusive, 1e-9 relative."""
    return value >= bound - rules.tolerance * abs(bound)


def relatively_at_most(value: float, bound: float, rules: Rules) -> bool:
    """value ≤ bound for dilutions, amounts and levels: inclusive, 1e-9 relative."""
    return value <= bound + rules.tolerance * abs(bound)


def relatively_equal(one: float, other: float, rules: Rules) -> bool:
    return relatively_at_least(one, other, rules) and relatively_at_most(one, other, rules)


# ------------------------------------------------------------------------------------ wells


def as_read(well: Row, rules: Rules) -> Row:
    """Section 3: a Cq above ``maximum_cq``, if there is one, is read as undetermined."""
    too_late = (
        rules.maximum_cq is not None
        and well["cq_state"] == "determined"
        and not at_most(well["cq"], rules.maximum_cq, rules)
    )
    return {**well, "cq": None, "cq_state": "undetermined"} if too_late else well


def is_determined(well: Row) -> bool:
    return bool(well["cq_state"] == "determined")


def is_counted(well: Row) -> bool:
    """Section 4: everything takes only wells that are not omitted."""
    return bool(well["cq_state"] != "omitted")


def determined_cqs(wells: Iterable[Row]) -> list[float]:
    return [well["cq"] for well in wells if is_determined(well)]


def mean_of(cqs: list[float]) -> Number:
    return fmean(cqs) if cqs else None


def delta_of(cqs: list[float]) -> Number:
    return max(cqs) - min(cqs) if cqs else None


def in_role(wells: Iterable[Row], role: str) -> list[Row]:
    """The counted wells of a role."""
    return [well for well in wells if well["role"] == role and is_counted(well)]
