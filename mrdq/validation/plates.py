"""Plates constructed for one question, and what the engine makes of them.

A plate differs from the good plate in what the question is about.  On the good plate the curve is
Cq = 22.0 − 3.4 · log10(dilution), the quantitative range 1e-4, the sensitivity 1e-5; the sample has a
level of 1e-3 and just the DNA that is meant to be in a well (100 ng).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from mrdq.analysis import Definitions, analyse
from mrdq.guideline import Guideline

Cqs = Sequence[float | None]
GENE = "ALB"
NOMINAL_NG = 100.0


@dataclass(frozen=True)
class Plate:
    """One run: the Cq [cycles] of its wells (None: no signal), standards by dilution, those of the
    control gene by their amount [ng]."""

    standards: Mapping[float, Cqs] = field(
        default_factory=lambda: {
            1e-1: (25.3, 25.5), 1e-2: (28.7, 28.9), 1e-3: (32.1, 32.3),
            1e-4: (35.5, 35.7), 1e-5: (38.9, 39.1),
        }
    )  # fmt: skip
    background: Cqs = (40.4, None, None, None, None, None)
    ntc: Cqs = (None, None)
    sample: Cqs = (32.1, 32.2, 32.3)
    gene_standards: Mapping[float, Cqs] = field(
        default_factory=lambda: {1000.0: (24.0, 24.2), 100.0: (27.3, 27.5), 10.0: (30.6, 30.8)}
    )
    gene: Cqs = (27.3, 27.5)

    def wells(self, name: str) -> Iterator[dict[str, Any]]:
        """Rows of WELLS of a run called ``name``."""
        nothing = np.nan
        for dilution, cqs in self.standards.items():
            yield from _wells(name, f"{name}-T", "standard", cqs, dilution, nothing)
        for role, cqs in (("background", self.background), ("ntc", self.ntc), ("sample", self.sample)):  # fmt: skip
            yield from _wells(name, f"{name}-T", role, cqs, nothing, nothing)
        for amount, cqs in self.gene_standards.items():
            yield from _wells(name, GENE, "standard", cqs, nothing, amount)
        yield from _wells(name, GENE, "sample", self.gene, nothing, nothing)


def _wells(
    run: str, target: str, role: str, cqs: Cqs, dilution: float, amount: float
) -> Iterator[dict[str, Any]]:
    for cq in cqs:
        yield {
            "run_id": run, "target": target, "role": role,
            "sample_id": f"{run}-S" if role == "sample" else "", "dilution": dilution,
            "quantity_ng": amount, "cq": np.nan if cq is None else cq,
            "cq_state": "undetermined" if cq is None else "determined",
        }  # fmt: skip


@dataclass(frozen=True)
class Found:
    """What the engine made of plates: a row of CURVES (and one of the control gene's), a row of
    CALLS and the outcomes of the criteria, each by the name of the plate."""

    curves: Mapping[str, dict[str, Any]]
    genes: Mapping[str, dict[str, Any]]
    calls: Mapping[str, dict[str, Any]]
    outcomes: Mapping[str, dict[str, str]]

    def word(self, plate: str, name: str) -> str:
        """A criterion's outcome, the call, or a number of the curve, as text."""
        if name == "call":
            return str(self.calls[plate]["call"])
        if name in self.outcomes[plate]:
            return self.outcomes[plate][name]
        return f"{self.curves[plate][name]:.7g}"


def analysed(plates: Mapping[str, Plate], guideline: Guideline) -> Found:
    """Call every plate under a rule set, all at once: each has its own target and sample."""
    wells = pd.DataFrame([well for name, plate in plates.items() for well in plate.wells(name)])
    tables = analyse(wells, _definitions(list(plates), guideline))
    outcomes: dict[str, dict[str, str]] = {name: {} for name in plates}
    evidence = tables.evidence[tables.evidence["target"].astype(object) != GENE]
    for run, criterion, outcome in zip(
        *(evidence[column] for column in ("run_id", "criterion", "outcome")), strict=True
    ):
        outcomes[str(run)][str(criterion)] = str(outcome)
    is_gene = tables.curves["target"].astype(object) == GENE
    curves, genes = tables.curves[~is_gene], tables.curves[is_gene]
    return Found(_by_run(curves), _by_run(genes), _by_run(tables.calls), outcomes)


def _definitions(names: list[str], guideline: Guideline) -> Definitions:
    targets = [f"{name}-T" for name in names]
    assays = pd.DataFrame(
        {
            "target": [*targets, GENE], "kind": ["mrd"] * len(names) + ["control_gene"],
            "patient_id": [*names, ""], "dna_per_well_ng": [NOMINAL_NG] * len(names) + [np.nan],
            "control_gene": [GENE] * len(names) + [""], "blast_fraction": np.nan,
            "guideline": [guideline.id] * len(names) + [""],
        }
    )  # fmt: skip
    samples = pd.DataFrame(
        {"sample_id": [f"{name}-S" for name in names], "patient_id": names, "timepoint": ""}
    )
    runs = pd.DataFrame({"run_id": names, "performed_on": ""})
    return Definitions(assays, samples, runs, {guideline.id: guideline}, control_gene_required=True)


def _by_run(table: pd.DataFrame) -> dict[str, dict[str, Any]]:
    rows = table.astype(object).to_dict("records")
    return {str(row["run_id"]): {str(k): v for k, v in row.items()} for row in rows}
