"""The reference engine, definitions 7 to 12: the DNA of a sample, its level and its limits.

See :mod:`mrdq.validation.reference`.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import fmean
from typing import Any

from mrdq.validation.reference_curve import (
    Curve,
    curve_of,
    is_below_background,
    value_on_curve,
)
from mrdq.validation.reference_study import (
    Number,
    Row,
    Rules,
    Study,
    as_read,
    at_most,
    delta_of,
    determined_cqs,
    in_role,
    is_determined,
    relatively_at_least,
    relatively_at_most,
)

# ------------------------------------------------------------------------------ definition 7


def run_order(run: Row) -> tuple[str, str]:
    """By ``performed_on`` (empty = earliest), then ``run_id`` as text."""
    return run["performed_on"] or "", run["run_id"]


def control_gene_of(assay: Row, assays: list[Row]) -> Any:
    """Definition 7: the assay's own, else the study's only one; several are an error."""
    if assay["control_gene"]:
        return assay["control_gene"]
    known = [other["target"] for other in assays if other["kind"] == "control_gene"]
    if len(known) > 1:
        raise ValueError(f"{assay['target']}: which control gene of {known}?")
    return known[0] if known else None


def control_gene_run(run_id: str, sample_id: str, control_gene: Any, index: Index) -> str | None:
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


def dna_amount(run_id: str, sample_id: str, control_gene: Any, index: Index) -> Amount | None:
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


def normalisation(assay: Row, amount: Amount | None, policy: str) -> Number:
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
    return float(value_on_curve(mean_cq, curve) * factor)


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
