"""The package's engine behind the reference's interface: a Study in, three tables out."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from mrdq.amended_calls import analyse_amended
from mrdq.amendments import Amendment, omit_wells
from mrdq.analysis import Definitions, Tables
from mrdq.definitions import load_guideline
from mrdq.guideline import Guideline, Parameter
from mrdq.protocol import Protocol, Timepoint
from mrdq.status import combine
from mrdq.validation.reference import Study

shipped = cache(load_guideline)


def guideline_of(study: Study) -> Guideline:
    guideline = shipped(study.rules.guideline)
    if study.rules.maximum_cq is None:
        return guideline
    maximum = Parameter("maximum_cq", study.rules.maximum_cq, "cycle", "maximum")
    return Guideline(
        guideline.id, guideline.version, guideline.title, guideline.status, guideline.source, guideline.calls,
        {**guideline.parameters, "maximum_cq": maximum},
    )  # fmt: skip


def protocol_of(study: Study) -> Protocol:
    given = study.protocol
    timepoints = tuple(
        Timepoint(
            id=name, next_positive=given.next_step[name]["positive"], next_negative=given.next_step[name]["negative"],
            next_repeat=given.next_step[name]["repeat"], positive_statuses=tuple(given.positive_statuses),
        )
        for name in given.timepoints
    )  # fmt: skip
    return Protocol(
        id=given.protocol, version="1", title="", timepoints=timepoints,
        complete_sensitivity_maximum=given.complete_sensitivity, failure_level_minimum=given.failure_level,
        material=given.material, by_id={t.id: t for t in timepoints},
    )  # fmt: skip


def wells_table(study: Study) -> pd.DataFrame:
    columns = (
        "run_id",
        "well",
        "target",
        "role",
        "sample_id",
        "dilution",
        "quantity_ng",
        "cq",
        "cq_state",
    )
    table = pd.DataFrame({name: [well[name] for well in study.wells] for name in columns})
    for name in ("dilution", "quantity_ng", "cq"):
        table[name] = np.array([well[name] for well in study.wells], dtype=float)
    table["sample_id"] = table["sample_id"].fillna("")
    return table


def definitions_of(study: Study) -> Definitions:
    guideline = guideline_of(study)
    assays = pd.DataFrame(study.assays)
    genes = [a["target"] for a in study.assays if a["kind"] == "control_gene"]
    only = genes[0] if len(genes) == 1 else ""
    mrd = assays["kind"] == "mrd"
    for name in ("dna_per_well_ng", "blast_fraction"):
        assays[name] = np.array([a[name] for a in study.assays], dtype=float)
    assays["control_gene"] = assays["control_gene"].replace("", only).where(mrd, "")
    assays["guideline"] = np.where(mrd, guideline.id, "")
    return Definitions(
        assays=assays, samples=pd.DataFrame(study.samples), runs=pd.DataFrame(study.runs),
        guidelines={guideline.id: guideline}, control_gene_required=study.control_gene == "required",
    )  # fmt: skip


def engine(
    study: Study, wells: pd.DataFrame | None = None, amendments: Sequence[Amendment] = ()
) -> dict[str, pd.DataFrame]:
    """CURVES, CALLS (with patient and timepoint), STATUS and EVIDENCE of a study."""
    measured = wells_table(study) if wells is None else wells
    tables: Tables = analyse_amended(
        omit_wells(measured, amendments), definitions_of(study), amendments
    )
    samples = pd.DataFrame(
        study.samples, columns=["sample_id", "patient_id", "timepoint", "material"]
    )
    calls = tables.calls.assign(
        patient_id=tables.calls["sample_id"]
        .astype(object)
        .map(samples.set_index("sample_id")["patient_id"]),
        timepoint=tables.calls["sample_id"]
        .astype(object)
        .map(samples.set_index("sample_id")["timepoint"]),
    )
    protocol = protocol_of(study)
    patients = dict.fromkeys(samples["patient_id"], protocol.id)
    status = combine(
        calls,
        samples,
        {protocol.id: protocol},
        patients,
        dict.fromkeys(patients, guideline_of(study).id),
    )
    return {"curves": tables.curves, "calls": calls, "status": status, "evidence": tables.evidence}


def rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(k): v for k, v in row.items()} for row in table.astype(object).to_dict("records")]
