"""The reference engine: evidence (contract section 5) and the gates and calls made of it.

See :mod:`mrdq.validation.reference`.
"""

from __future__ import annotations

from mrdq.validation.reference_curve import Curve, is_accepted, is_below_background
from mrdq.validation.reference_sample import (
    Amount,
    Index,
    against_quantifiable,
    control_gene_of,
    dna_amount,
    is_above_curve,
    is_positive_well,
    mrd_level,
    normalisation,
    sample_limit,
)
from mrdq.validation.reference_study import (
    CALL_COLUMNS,
    EVIDENCE_COLUMNS,
    Row,
    Rules,
    Study,
    at_least,
    at_most,
    delta_of,
    determined_cqs,
    in_role,
    mean_of,
    relatively_at_least,
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
