"""Random studies: the sheets of a study, and the places of its wells on the plates.

See :mod:`mrdq.validation.studies`.
"""

from __future__ import annotations

import random
from typing import Any

from mrdq.validation.studies_plan import DATES, RUN_IDS, TIMEPOINTS, Plan, Row


def _assay(target: str, kind: str, patient_id: str = "") -> Row:
    return {
        "target": target,
        "kind": kind,
        "patient_id": patient_id,
        "dna_per_well_ng": None,
        "control_gene": "",
        "blast_fraction": None,
    }


class Sheets:
    """One study in the making."""

    def __init__(self, plan: Plan, rng: random.Random):
        self.plan, self.rng = plan, rng
        self.wells: list[Row] = []
        self.used: dict[str, int] = {}
        self.runs = self._runs()
        self.run_ids = [run["run_id"] for run in self.runs]
        self.control_genes = ["ALB", "B2M"][: plan.n_control_genes]
        self.assays: list[Row] = []
        self.samples: list[Row] = []
        self.held: list[str] = []
        self.amounts: dict[str, float] = {}  # sample -> true ng per well
        self.levels: dict[tuple[str, str], float] = {}  # sample, target -> true level
        self.wanted: dict[tuple[str, str], set[str]] = {}  # run, control gene -> samples
        self._sheets()

    def fires(self, name: str) -> bool:
        return name in self.plan.hard and self.rng.random() < 0.6

    # ----------------------------------------------------------------------------- sheets

    def _runs(self) -> list[Row]:
        names = list(RUN_IDS[: max(self.plan.n_runs, 3)])
        self.rng.shuffle(names)
        names = names[: self.plan.n_runs]
        dates = [self.rng.choice(DATES) for _ in names]
        if self.plan.ordered_runs:
            dates.sort()
        return [
            {"run_id": name, "performed_on": date} for name, date in zip(names, dates, strict=True)
        ]

    def _sheets(self) -> None:
        plan, rng = self.plan, self.rng
        self.dna_per_well = 100.0 if plan.exact else rng.choice((500.0, 600.0, 630.0))
        for name in self.control_genes:
            self.assays.append(_assay(name, "control_gene"))
        for number in range(1, plan.n_patients + 1):
            patient = f"P{number}"
            for locus in ("IGH", "TRG")[: plan.n_targets]:
                assay = _assay(f"{patient}-{locus}", "mrd", patient)
                if self.control_genes or rng.random() < 0.5 or plan.control_gene == "required":
                    assay["dna_per_well_ng"] = self.dna_per_well
                if len(self.control_genes) > 1 or (self.control_genes and rng.random() < 0.5):
                    assay["control_gene"] = rng.choice(self.control_genes)
                if self.fires("blasts") or (self.plan.hard and rng.random() < 0.1):
                    assay["blast_fraction"] = rng.choice((0.5, 0.83, 1.0))
                self.assays.append(assay)
            for timepoint in TIMEPOINTS[: plan.n_timepoints]:
                materials = ["BM"]
                if plan.other_material:
                    materials = ["PB"] if self.fires("only_other_material") else ["BM", "PB"]
                if plan.second_sample:
                    materials.append(materials[0])
                for count, material in enumerate(materials):
                    self._sample(f"S{len(self.samples) + 1:02d}", patient, timepoint, material)
                    if count and self.fires("not_done"):
                        continue
                    if self.fires("not_done") and len(self.samples) > 1:
                        continue
                    self.held.append(self.samples[-1]["sample_id"])

    def _sample(self, sample_id: str, patient: str, timepoint: str, material: str) -> None:
        self.samples.append(
            {
                "sample_id": sample_id,
                "patient_id": patient,
                "timepoint": timepoint,
                "material": material,
            }
        )
        share = 1.0 if self.plan.exact else self.rng.uniform(0.5, 1.5)
        if self.fires("dna_little"):
            share = 0.09 * share
        elif self.fires("dna_low"):
            share = 0.1 if self.plan.exact else self.rng.uniform(0.11, 0.3)
        elif self.fires("dna_much"):
            share = 10.0 if self.plan.exact else self.rng.uniform(2.0, 6.0)
        self.amounts[sample_id] = share * self.dna_per_well

    # ------------------------------------------------------------------------------- wells

    def place(self, run_id: str) -> int:
        """The number of the next free well of a run; :meth:`name_wells` names it at the end."""
        number = self.used.get(run_id, 0)
        self.used[run_id] = number + 1
        return number

    def name_wells(self) -> None:
        """By rows, on 96 wells or, in a large study and where they do not suffice, on 384.

        What does not fit on a plate of 384 is not there.
        """
        self.wells[:] = [well for well in self.wells if well["well"] < 384]
        for well in self.wells:
            used = self.used[well["run_id"]]
            row, column = divmod(well["well"], 24 if self.plan.large or used > 96 else 12)
            well["well"] = f"{'ABCDEFGHIJKLMNOP'[row]}{column + 1}"

    def well(
        self, run_id: str, well: int, target: str, role: str, cq: float | None, **more: Any
    ) -> None:
        if cq is not None:
            digits = 1 if self.plan.exact else self.plan.digits
            cq = round(min(max(cq, 3.0), 49.0), digits)
        state = "undetermined" if cq is None else "determined"
        if self.fires("omitted") and self.rng.random() < 0.12:
            cq, state = None, "omitted"
        row = {
            "run_id": run_id,
            "well": well,
            "target": target,
            "role": role,
            "sample_id": "",
            "dilution": None,
            "quantity_ng": None,
            "cq": cq,
            "cq_state": state,
            "flags": "",
        }
        self.wells.append(row | more)

    def omit(self, wells: list[Row]) -> None:
        for well in wells:
            well["cq"], well["cq_state"] = None, "omitted"
