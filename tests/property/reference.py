"""A second reading of the contract: slow, scalar, and written to be read beside it.

Plain Python on lists of dicts, one function per definition of the contract's section 4, then
the gates, the calls (section 4), the evidence (5) and the patient status (6).  It shares no
code and no idea with the package's engine: where both give the same result for thousands of
random studies, both read the contract alike.

Nothing is rounded.  A missing value is ``None``.  The interval of a level is not defined
here (the contract names what it carries, not its formula): ``mrd_level_low`` and
``mrd_level_high`` stay ``None``.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cmp_to_key
from statistics import fmean
from typing import Any

Row = dict[str, Any]

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
    return well["cq_state"] == "determined"


def is_counted(well: Row) -> bool:
    """Section 4: everything takes only wells that are not omitted."""
    return well["cq_state"] != "omitted"


def determined_cqs(wells: Iterable[Row]) -> list[float]:
    return [well["cq"] for well in wells if is_determined(well)]


def mean_of(cqs: list[float]) -> float | None:
    return fmean(cqs) if cqs else None


def delta_of(cqs: list[float]) -> float | None:
    return max(cqs) - min(cqs) if cqs else None


def in_role(wells: Iterable[Row], role: str) -> list[Row]:
    """The counted wells of a role."""
    return [well for well in wells if well["role"] == role and is_counted(well)]


# ------------------------------------------------------------------------------ definition 1


def lowest_background(wells: list[Row]) -> float | None:
    """Definition 1, B: the lowest determined Cq of the background wells, if any has one."""
    cqs = determined_cqs(in_role(wells, "background"))
    return min(cqs) if cqs else None


def is_below_background(cq: float, background: float | None, distance: float, rules: Rules) -> bool:
    """Definition 1: without a background signal every distance to it counts as met."""
    if background is None:
        return True
    return at_most(cq, background - distance, rules)


# ------------------------------------------------------------------------------ definition 2


def standards(wells: list[Row], kind: str, rules: Rules) -> list[tuple[float, list[Row]]]:
    """Definition 2: the standards grouped by dilution, the most concentrated first.

    For a control gene the quantity [ng] takes the place of the dilution.
    """
    unit = "dilution" if kind == "mrd" else "quantity_ng"
    known = [well for well in in_role(wells, "standard") if well[unit] is not None]
    groups: list[tuple[float, list[Row]]] = []
    for well in sorted(known, key=lambda well: -well[unit]):
        if groups and relatively_equal(well[unit], groups[-1][0], rules):
            groups[-1][1].append(well)
        else:
            groups.append((well[unit], [well]))
    return groups


# ------------------------------------------------------------------------------ definition 3


def step_per_tenfold(
    dilution: float, mean: float, walk: list[tuple[float, float]], rules: Rules
) -> float | None:
    """Definition 3: (m(d) − m(d′)) / log10(d′/d), d′ the nearest of the walk ≥ 10-fold above d."""
    above = [
        (other, other_mean)
        for other, other_mean in walk
        if relatively_at_least(other, rules.step_fold * dilution, rules)
    ]
    if not above:
        return None  # not applicable
    nearest, nearest_mean = min(above)
    return (mean - nearest_mean) / math.log10(nearest / dilution)


def is_reproducible(
    dilution: float,
    wells: list[Row],
    walk: list[tuple[float, float]],
    background: float | None,
    rules: Rules,
) -> bool:
    """Definition 3: enough wells, all determined, close together, clear of the background,
    and a plausible step from the dilutions walked so far."""
    cqs = determined_cqs(wells)
    if len(wells) < rules.standard_wells or len(cqs) < len(wells):
        return False
    mean = fmean(cqs)
    if not at_most(max(cqs) - min(cqs), rules.standard_delta, rules):
        return False
    if not is_below_background(mean, background, rules.range_distance, rules):
        return False
    step = step_per_tenfold(dilution, mean, walk, rules)
    if step is None:
        return True
    return at_least(step, rules.step_minimum, rules) and at_most(step, rules.step_maximum, rules)


# ------------------------------------------------------------------------------ definition 4


def reproducible_walk(
    series: list[tuple[float, list[Row]]], background: float | None, rules: Rules
) -> list[tuple[float, list[Row]]]:
    """Definition 4: from the most concentrated downward, while each is reproducible.

    The quantitative range is the last dilution of this walk.
    """
    walked: list[tuple[float, list[Row]]] = []
    means: list[tuple[float, float]] = []
    for dilution, wells in series:
        if not is_reproducible(dilution, wells, means, background, rules):
            break
        walked.append((dilution, wells))
        means.append((dilution, fmean(determined_cqs(wells))))
    return walked


# ------------------------------------------------------------------------------ definition 5


@dataclass
class Curve:
    """All that is known of one run and target before any sample is looked at."""

    run_id: str
    target: str
    kind: str
    background: float | None
    highest_standard: float | None
    n_dilutions: int
    n_wells: int
    quantitative_range: float | None
    slope: float | None = None
    intercept: float | None = None
    r_squared: float | None = None
    residual_sd: float | None = None
    sensitivity: float | None = None
    highest_cq_at_sensitivity: float | None = None  # M

    @property
    def is_fitted(self) -> bool:
        return self.slope is not None


def least_squares(points: list[tuple[float, float]]) -> tuple[float, float, float, float | None]:
    """Slope, intercept, R² and residual SD (n − 2) of y on x."""
    n = len(points)
    mean_x = math.fsum(x for x, _ in points) / n
    mean_y = math.fsum(y for _, y in points) / n
    sxx = math.fsum((x - mean_x) ** 2 for x, _ in points)
    sxy = math.fsum((x - mean_x) * (y - mean_y) for x, y in points)
    syy = math.fsum((y - mean_y) ** 2 for _, y in points)
    slope = sxy / sxx
    intercept = mean_y - slope * mean_x
    rest = math.fsum((y - intercept - slope * x) ** 2 for x, y in points)
    r_squared = 1.0 - rest / syy if syy > 0 else 0.0
    return slope, intercept, r_squared, math.sqrt(rest / (n - 2)) if n > 2 else None


def efficiency(slope: float | None) -> float | None:
    """Definition 5: 10^(−1/slope) − 1."""
    if not slope:
        return None
    try:
        return 10.0 ** (-1.0 / slope) - 1.0
    except OverflowError:
        return None


def is_accepted(curve: Curve, rules: Rules) -> bool:
    """Definition 5: at least 3 dilutions, slope between −3.9 and −3.1, R² ≥ 0.98."""
    return (
        curve.is_fitted
        and curve.n_dilutions >= rules.curve_points
        and at_least(curve.slope, rules.slope_minimum, rules)
        and at_most(curve.slope, rules.slope_maximum, rules)
        and at_least(curve.r_squared, rules.r_squared, rules)
    )


def value_on_curve(cq: float, curve: Curve) -> float | None:
    """10^((Cq − intercept)/slope): the dilution (or the ng) that gives this Cq."""
    if not curve.slope:
        return None
    return 10.0 ** ((cq - curve.intercept) / curve.slope)


def curve_of(run_id: str, target: str, kind: str, wells: list[Row], rules: Rules) -> Curve:
    """Definition 5: ordinary least squares over every well of the walk, from 2 dilutions on."""
    background = lowest_background(wells) if kind == "mrd" else None
    series = standards(wells, kind, rules)
    walk = reproducible_walk(series, background, rules)
    curve = Curve(
        run_id=run_id,
        target=target,
        kind=kind,
        background=background,
        highest_standard=series[0][0] if series else None,
        n_dilutions=len(walk),
        n_wells=sum(len(group) for _, group in walk),
        quantitative_range=walk[-1][0] if walk else None,
    )
    if len(walk) >= rules.fit_points:
        points = [(math.log10(d), cq) for d, group in walk for cq in determined_cqs(group)]
        curve.slope, curve.intercept, curve.r_squared, curve.residual_sd = least_squares(points)
        if kind == "mrd":
            curve.sensitivity, curve.highest_cq_at_sensitivity = sensitivity(series, curve, rules)
    return curve


# ------------------------------------------------------------------------------ definition 6


def sensitivity(
    series: list[tuple[float, list[Row]]], curve: Curve, rules: Rules
) -> tuple[float | None, float | None]:
    """Definition 6: the last dilution of the walk with a well clear of the background and no
    more than 20 cycles from the intercept; and M, the highest Cq of such wells there."""
    last: float | None = None
    highest: float | None = None
    latest_cq = curve.intercept + rules.sensitivity_from_intercept
    for dilution, wells in series:
        met = [
            cq
            for cq in determined_cqs(wells)
            if is_below_background(cq, curve.background, rules.sensitivity_distance, rules)
            and at_most(cq, latest_cq, rules)
        ]
        if not met:
            break
        last, highest = dilution, max(met)
    return last, highest


# ------------------------------------------------------------------------------ definition 7


def run_order(run: Row) -> tuple[str, str]:
    """By ``performed_on`` (empty = earliest), then ``run_id`` as text."""
    return run["performed_on"] or "", run["run_id"]


def control_gene_of(assay: Row, assays: list[Row]) -> str | None:
    """Definition 7: the assay's own, else the study's only one; several are an error."""
    if assay["control_gene"]:
        return assay["control_gene"]
    known = [other["target"] for other in assays if other["kind"] == "control_gene"]
    if len(known) > 1:
        raise ValueError(f"{assay['target']}: which control gene of {known}?")
    return known[0] if known else None


def control_gene_run(
    run_id: str, sample_id: str, control_gene: str | None, index: Index
) -> str | None:
    """Definition 7: the run itself if it holds any well of the sample for the control gene,
    else the latest run of the study that does."""
    holders = [
        run["run_id"]
        for run in sorted(index.study.runs, key=run_order)
        if index.sample_wells(run["run_id"], control_gene, sample_id)
    ]
    if run_id in holders:
        return run_id
    return holders[-1] if holders else None


@dataclass
class Amount:
    """Definition 7: the DNA of a sample, and the wells and the curve it was read from."""

    run_id: str
    curve: Curve
    n_wells: int
    n_determined: int
    delta: float | None
    nanograms: float | None


def dna_amount(
    run_id: str, sample_id: str, control_gene: str | None, index: Index
) -> Amount | None:
    """Definition 7: the control gene's curve at the mean Cq of the sample's wells."""
    source = control_gene_run(run_id, sample_id, control_gene, index)
    if source is None:
        return None
    wells = index.sample_wells(source, control_gene, sample_id)
    cqs = determined_cqs(wells)
    curve = index.curves[source, control_gene]
    return Amount(
        run_id=source,
        curve=curve,
        n_wells=len(wells),
        n_determined=len(cqs),
        delta=delta_of(cqs),
        nanograms=value_on_curve(fmean(cqs), curve) if cqs and curve.is_fitted else None,
    )


# ------------------------------------------------------------------------- definitions 8 to 12


def normalisation(assay: Row, amount: Amount | None, policy: str) -> float | None:
    """Definition 8, F: dna_per_well / dna_amount; 1 where optional and not measured."""
    if amount is None:
        return 1.0 if policy == "optional" else None
    if amount.nanograms is None or assay["dna_per_well_ng"] is None:
        return None
    return assay["dna_per_well_ng"] / amount.nanograms


def sample_limit(limit: float | None, factor: float) -> float | None:
    """Definition 9: sensitivity and quantitative range × max(1, F)."""
    return None if limit is None else limit * max(1.0, factor)


def is_positive_well(well: Row, curve: Curve, rules: Rules) -> bool:
    """Definition 10: determined, Cq ≤ B − δ and Cq ≤ M + 4.0 (met where there is no M)."""
    if not is_determined(well):
        return False
    if not is_below_background(well["cq"], curve.background, rules.delta, rules):
        return False
    highest = curve.highest_cq_at_sensitivity
    return highest is None or at_most(well["cq"], highest + rules.positive_from_sensitivity, rules)


def level_before_blasts(mean_cq: float, curve: Curve, factor: float) -> float:
    """Definition 11 without its last factor: 10^((m − intercept)/slope) × F."""
    return value_on_curve(mean_cq, curve) * factor


def mrd_level(mean_cq: float, curve: Curve, factor: float, assay: Row) -> float:
    """Definition 11: 10^((m − intercept)/slope) × F × blast_fraction (1 unless given)."""
    blasts = assay["blast_fraction"]
    return level_before_blasts(mean_cq, curve, factor) * (1.0 if blasts is None else blasts)


def against_quantifiable(wells: list[Row], curve: Curve, factor: float, rules: Rules) -> list[str]:
    """Definition 12: what keeps a positive sample from being quantifiable; nothing if it is."""
    cqs = determined_cqs(wells)
    against = []
    if len(wells) < rules.sample_wells:
        against.append("sample_wells")
    if len(cqs) < len(wells):
        against.append("sample_determined")
    if not at_most(delta_of(cqs), rules.sample_delta, rules):
        against.append("sample_delta")
    lowest = sample_limit(curve.quantitative_range, factor)
    level = level_before_blasts(fmean(cqs), curve, factor)
    if lowest is None or not relatively_at_least(level, lowest, rules):
        against.append("sample_range")
    return against


def is_above_curve(mean_cq: float, curve: Curve, rules: Rules) -> bool:
    """Definition 12: on the curve, the sample lies above the highest standard."""
    return not relatively_at_most(value_on_curve(mean_cq, curve), curve.highest_standard, rules)


# ----------------------------------------------------------------------------- wells, found fast


class Index:
    """The study's wells by run, target and sample, and every curve."""

    def __init__(self, study: Study):
        self.study = study
        self.assays = {assay["target"]: assay for assay in study.assays}
        self.samples = {sample["sample_id"]: sample for sample in study.samples}
        self.blocks: dict[tuple[str, str], list[Row]] = {}
        for well in study.wells:
            key = well["run_id"], well["target"]
            self.blocks.setdefault(key, []).append(as_read(well, study.rules))
        self.curves = {
            (run_id, target): curve_of(
                run_id, target, self.assays[target]["kind"], wells, study.rules
            )
            for (run_id, target), wells in self.blocks.items()
        }

    def sample_wells(self, run_id: str, target: str | None, sample_id: str) -> list[Row]:
        """The counted wells of a sample for a target in a run."""
        wells = self.blocks.get((run_id, target), []) if target is not None else []
        return [well for well in in_role(wells, "sample") if well["sample_id"] == sample_id]

    def subjects(self) -> list[tuple[str, str, str]]:
        """Every (run, MRD target, sample) that the wells name, omitted wells included."""
        return sorted(
            {
                (run_id, target, well["sample_id"])
                for (run_id, target), wells in self.blocks.items()
                if self.assays[target]["kind"] == "mrd"
                for well in wells
                if well["role"] == "sample"
            }
        )


# ------------------------------------------------------------------------- evidence (section 5)


def evidence_row(
    subject: tuple[str, str, str],
    criterion: str,
    value: float | None,
    minimum: float | None,
    maximum: float | None,
    unit: str,
    outcome: bool | str,
) -> Row:
    if isinstance(outcome, bool):
        outcome = "pass" if outcome else "fail"
    run_id, target, sample_id = subject
    values = (run_id, target, sample_id or None, criterion, value, minimum, maximum, unit, outcome)
    return dict(zip(EVIDENCE_COLUMNS, values, strict=True))


def evidence_of_curve(curve: Curve, rules: Rules) -> list[Row]:
    """curve_points always; curve_slope and curve_r_squared only of a curve that was fitted."""
    subject = (curve.run_id, curve.target, "")
    slope_outcome: bool | str = "not_evaluable"
    r_squared_outcome: bool | str = "not_evaluable"
    if curve.is_fitted:
        slope_outcome = at_least(curve.slope, rules.slope_minimum, rules) and at_most(
            curve.slope, rules.slope_maximum, rules
        )
        r_squared_outcome = at_least(curve.r_squared, rules.r_squared, rules)
    enough = curve.n_dilutions >= rules.curve_points
    least, most = rules.slope_minimum, rules.slope_maximum
    return [
        evidence_row(
            subject, "curve_points", curve.n_dilutions, rules.curve_points, None, "1", enough
        ),
        evidence_row(subject, "curve_slope", curve.slope, least, most, "cycle", slope_outcome),
        evidence_row(
            subject, "curve_r_squared", curve.r_squared, rules.r_squared, None, "1",
            r_squared_outcome,
        ),
    ]  # fmt: skip


def evidence_of_controls(curve: Curve, wells: list[Row], rules: Rules) -> list[Row]:
    """The NTC and background gates of an MRD target."""
    subject = (curve.run_id, curve.target, "")
    ntc = in_role(wells, "ntc")
    signals = len(determined_cqs(ntc))
    backgrounds = len(in_role(wells, "background"))
    clean = len(ntc) >= rules.ntc_wells and signals == 0
    least = rules.background_wells
    return [
        evidence_row(subject, "ntc_clean", signals, None, 0, "well", clean),
        evidence_row(
            subject, "background_wells", backgrounds, least, None, "well", backgrounds >= least
        ),
    ]


def evidence_of_control_gene(
    subject: tuple[str, str, str], assay: Row, amount: Amount | None, study: Study
) -> list[Row]:
    """Definition 7: curve accepted, wells all determined, close together, enough DNA.

    What cannot be judged is ``not_evaluable`` and no failed gate: where nothing was measured
    only the wells are wanting.
    """
    rules = study.rules
    curve: bool | str
    wells: bool | str
    delta: bool | str
    enough: bool | str
    if amount is None and study.control_gene == "optional":
        curve = wells = delta = enough = "not_applicable"
    elif amount is None:
        wells = False
        curve = delta = enough = "not_evaluable"
    else:
        curve = is_accepted(amount.curve, rules)
        wells = amount.n_wells >= rules.control_gene_wells and amount.n_determined == amount.n_wells
        delta = (
            "not_evaluable"
            if amount.delta is None
            else at_most(amount.delta, rules.control_gene_delta, rules)
        )
        if assay["dna_per_well_ng"] is None:
            enough = False
        elif amount.nanograms is None:
            enough = "not_evaluable"
        else:
            least = rules.control_gene_amount * assay["dna_per_well_ng"]
            enough = relatively_at_least(amount.nanograms, least, rules)
    minimum = assay["dna_per_well_ng"] and rules.control_gene_amount * assay["dna_per_well_ng"]
    measured = amount.n_determined if amount else 0
    spread = amount.delta if amount else None
    nanograms = amount.nanograms if amount else None
    wanted = amount.n_wells if amount else rules.control_gene_wells
    most = rules.control_gene_delta
    return [
        evidence_row(subject, "control_gene_curve", None, None, None, "", curve),
        evidence_row(subject, "control_gene_wells", measured, wanted, None, "well", wells),
        evidence_row(subject, "control_gene_delta", spread, None, most, "cycle", delta),
        evidence_row(subject, "control_gene_amount", nanograms, minimum, None, "ng", enough),
    ]


# ---------------------------------------------------------------------- gates and calls (4, 7)


def call_word(n_positive: int, against: list[str], rules: Rules) -> str:
    """The calls a rule set may issue, for a sample that passed every gate."""
    if n_positive == 0:
        return "negative"
    if not against:
        return "positive_quantifiable"
    if rules.vocabulary == "2007":
        return "positive_not_quantifiable"
    if n_positive >= rules.low_positive_wells:
        return "low_positive_below_range"
    return "uncertain_significance"


def call_of(subject: tuple[str, str, str], index: Index) -> tuple[Row, list[Row]]:
    """One row of the calls, and the evidence that belongs to it alone."""
    run_id, target, sample_id = subject
    study, rules = index.study, index.study.rules
    assay, sample = index.assays[target], index.samples[sample_id]
    block, curve = index.blocks[run_id, target], index.curves[run_id, target]
    wells = index.sample_wells(run_id, target, sample_id)
    cqs = determined_cqs(wells)
    amount = dna_amount(run_id, sample_id, control_gene_of(assay, study.assays), index)
    factor = normalisation(assay, amount, study.control_gene)

    enough = len(wells) >= rules.sample_wells
    own = evidence_of_control_gene(subject, assay, amount, study)
    own.append(
        evidence_row(subject, "sample_wells", len(wells), rules.sample_wells, None, "well", enough)
    )
    shared = evidence_of_controls(curve, block, rules) + evidence_of_curve(curve, rules)
    failed = [row["criterion"] for row in shared + own if row["outcome"] == "fail"]

    row: Row = dict.fromkeys(CALL_COLUMNS)
    row |= {
        "run_id": run_id,
        "target": target,
        "sample_id": sample_id,
        "patient_id": sample["patient_id"],
        "timepoint": sample["timepoint"],
        "n_wells": len(wells),
        "n_determined": len(cqs),
        "mean_cq": mean_of(cqs),
        "delta_cq": delta_of(cqs),
        "dna_amount_ng": amount.nanograms if amount else None,
        "normalisation": factor,
        "superseded": False,
        "guideline": rules.guideline,
    }
    reasons: list[str] = []
    flags: list[str] = []
    if failed:
        row["call"] = "not_evaluable"
        reasons = failed
        if any(is_below_background(cq, curve.background, rules.delta, rules) for cq in cqs):
            flags.append("signal_seen")
    else:
        positive = [well for well in wells if is_positive_well(well, curve, rules)]
        against = against_quantifiable(wells, curve, factor, rules) if positive else []
        row["call"] = call_word(len(positive), against, rules)
        row["n_positive"] = len(positive)
        row["quantitative_range"] = sample_limit(curve.quantitative_range, factor)
        row["sensitivity"] = sample_limit(curve.sensitivity, factor)
        reasons = against
        if row["call"] == "positive_quantifiable":
            row["mrd_level"] = mrd_level(row["mean_cq"], curve, factor, assay)
            if is_above_curve(row["mean_cq"], curve, rules):
                flags.append("above_curve")
        own.append(
            evidence_row(subject, "sample_positive", len(positive), 1, None, "well", bool(positive))
        )
        for name in ("sample_determined", "sample_delta", "sample_range"):
            outcome = name not in against if positive else "not_applicable"
            own.append(evidence_row(subject, name, None, None, None, "", outcome))
    row["reasons"], row["flags"] = ";".join(reasons) or None, ";".join(flags) or None
    return row, own


# ------------------------------------------------------------------------ patient status (6)


def is_evaluable(call: Row) -> bool:
    return call["call"] != "not_evaluable"


def add_flag(row: Row, flag: str) -> None:
    names = row["flags"].split(";") if row["flags"] else []
    row["flags"] = ";".join([*names, flag])


def supersede(calls: list[Row], runs: list[Row]) -> None:
    """A later evaluable run of the same sample and target supersedes every earlier one; two
    evaluable runs that differ between positive and negative are flagged."""
    order = {run["run_id"]: run_order(run) for run in runs}
    pairs: dict[tuple[str, str], list[Row]] = {}
    for call in calls:
        pairs.setdefault((call["sample_id"], call["target"]), []).append(call)
    for repeated in pairs.values():
        evaluable = [call for call in repeated if is_evaluable(call)]
        for call in repeated:
            call["superseded"] = any(
                order[other["run_id"]] > order[call["run_id"]] for other in evaluable
            )
        if len({call["call"] == "negative" for call in evaluable}) > 1:
            for call in evaluable:
                add_flag(call, "discordant_runs")


def deciding_order(rules: Rules) -> Any:
    """Rank, then the highest level, the lowest sensitivity, target, sample and run as text."""

    def compare_numbers(one: float | None, other: float | None) -> int:
        """The lower first, none at all last, equal within the tolerance."""
        if one is None or other is None:
            return (one is None) - (other is None)
        if relatively_equal(one, other, rules):
            return 0
        return -1 if one < other else 1

    def compare(one: Row, other: Row) -> int:
        ranks = RANK[one["call"]], RANK[other["call"]]
        if ranks[0] != ranks[1]:
            return ranks[0] - ranks[1]
        levels = [None if row["mrd_level"] is None else -row["mrd_level"] for row in (one, other)]
        texts = [(row["target"], row["sample_id"], row["run_id"]) for row in (one, other)]
        return (
            compare_numbers(*levels)
            or compare_numbers(one["sensitivity"], other["sensitivity"])
            or (texts[0] > texts[1]) - (texts[0] < texts[1])
        )

    return cmp_to_key(compare)


def response_of(row: Row, study: Study) -> str:
    """Gökbuget 2021, table 1; what is not evaluable, or was not done, has no response."""
    rules, protocol = study.rules, study.protocol
    if row["status"] in ("not_evaluable", "not_done"):
        return "not_evaluable"
    if (
        row["status"] == "negative"
        and row["sensitivity"] is not None
        and relatively_at_most(row["sensitivity"], protocol.complete_sensitivity, rules)
    ):
        return "complete"
    if row["status"] == "positive_quantifiable" and relatively_at_least(
        row["mrd_level"], protocol.failure_level, rules
    ):
        return "failure"
    return "intermediate"


def next_step_of(row: Row, study: Study) -> str | None:
    """What the protocol says follows; empty where nothing was done or nothing is said."""
    steps = study.protocol.next_step.get(row["timepoint"])
    if steps is None or row["status"] == "not_done":
        return None
    if row["status"] in study.protocol.positive_statuses:
        return steps["positive"]
    if row["status"] in study.protocol.repeat_statuses:
        return steps["repeat"]
    return steps["negative"]


def status_of(patient_id: str, timepoint: str, calls: list[Row], index: Index) -> Row:
    """One patient and timepoint, over all targets and samples."""
    study = index.study
    current = [call for call in calls if not call["superseded"]]
    preferred = [
        call
        for call in current
        if index.samples[call["sample_id"]]["material"] == study.protocol.material
    ]
    decide = preferred if any(is_evaluable(call) for call in preferred) else current
    row: Row = dict.fromkeys(STATUS_COLUMNS)
    row |= {
        "patient_id": patient_id,
        "timepoint": timepoint,
        "status": "not_done",
        "n_targets": len({call["target"] for call in calls}),
        "n_evaluable": len({call["target"] for call in current if is_evaluable(call)}),
        "guideline": study.rules.guideline,
        "protocol": study.protocol.protocol,
        "amended": False,
    }
    if decide:
        deciding = min(decide, key=deciding_order(study.rules))
        row["status"], row["deciding_target"] = deciding["call"], deciding["target"]
        for name in ("mrd_level", "quantitative_range", "sensitivity"):
            row[name] = deciding[name]
    row["response"] = response_of(row, study)
    row["next_step"] = next_step_of(row, study)
    flags = {flag for call in current if call["flags"] for flag in call["flags"].split(";")}
    row["flags"] = ";".join(sorted(flags)) or None
    return row


# --------------------------------------------------------------------------------- everything


def curve_row(curve: Curve, rules: Rules) -> Row:
    values = (
        curve.run_id,
        curve.target,
        curve.kind,
        curve.n_dilutions,
        curve.n_wells,
        curve.slope,
        curve.intercept,
        curve.r_squared,
        efficiency(curve.slope),
        curve.residual_sd,
        curve.background,
        curve.quantitative_range,
        curve.sensitivity,
        is_accepted(curve, rules),
    )
    return dict(zip(CURVE_COLUMNS, values, strict=True))


def analyse(study: Study) -> Result:
    """Wells and sheets in, the contract's tables out, sorted by their keys."""
    index, rules = Index(study), study.rules
    curves, calls, evidence = [], [], []
    for key in sorted(index.curves):
        curve = index.curves[key]
        curves.append(curve_row(curve, rules))
        evidence += evidence_of_curve(curve, rules)
        if curve.kind == "mrd":
            evidence += evidence_of_controls(curve, index.blocks[key], rules)
    for subject in index.subjects():
        row, rows = call_of(subject, index)
        calls.append(row)
        evidence += rows
    supersede(calls, study.runs)

    by_timepoint: dict[tuple[str, str], list[Row]] = {
        (sample["patient_id"], sample["timepoint"]): [] for sample in study.samples
    }
    for call in calls:
        by_timepoint[call["patient_id"], call["timepoint"]].append(call)
    status = [status_of(*key, by_timepoint[key], index) for key in sorted(by_timepoint)]
    evidence.sort(
        key=lambda row: (row["run_id"], row["target"], row["sample_id"] or "", row["criterion"])
    )
    return Result(curves, calls, evidence, status)
