"""WELLS to CALLS, and CALLS to STATUS and the hand-off: the stages after reading, as files."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from mrdq import storage
from mrdq.adtte import ADTTE, adtte
from mrdq.amended_calls import analyse_amended
from mrdq.amended_study import amended_calls, amended_wells, amendments
from mrdq.amendments import automatic_wells, level_problems, well_problems
from mrdq.analysis import Definitions
from mrdq.errors import Problems
from mrdq.provenance import amendments_hash
from mrdq.sheets import Sheet
from mrdq.status import combine
from mrdq.storage import Files
from mrdq.study import SHEETS, Study
from mrdq.survival import hand_off, survival_table
from mrdq.tables import CALLS, CURVES, EVIDENCE, STANDARDS, STATUS


def definitions(study: Study) -> Definitions:
    """The sheets as the core wants them."""
    assays = pd.DataFrame(
        {
            "target": study.assays.columns["target"],
            "kind": study.assays.columns["kind"],
            "patient_id": study.assays.columns["patient_id"],
            "dna_per_well_ng": np.array(study.assays.columns["dna_per_well"], dtype=float),
            "blast_fraction": np.array(study.assays.columns["blast_fraction"], dtype=float),
        }
    )
    assays["control_gene"] = assays["target"].map(study.control_gene_of).astype(object).fillna("")
    assays["guideline"] = assays["target"].map(study.guideline_of).astype(object).fillna("")
    return Definitions(
        assays=assays, samples=frame(study.samples, "sample_id", "patient_id", "timepoint", "material"),
        runs=frame(study.runs, "run_id", "performed_on"), guidelines=study.guidelines,
        control_gene_required=study.config.control_gene_required,
    )  # fmt: skip


def frame(sheet: Sheet, *names: str) -> pd.DataFrame:
    return pd.DataFrame({name: np.array(sheet.columns[name], dtype=object) for name in names})


def call(study: Study, files: Files) -> None:
    """WELLS to CURVES, STANDARDS, EVIDENCE and CALLS.  Raises :class:`MrdqError`, before anything is
    written, where a person's call meets no call, or no level: the sheet may be newer than the wells."""
    wells, amended, file = amended_wells(study, files), amendments(study), study.amendments.file
    tables = analyse_amended(wells, definitions(study), amended)
    calls = tables.calls
    found = Problems()
    found.extend(well_problems(automatic_wells(wells), amended, file))
    found.extend(level_problems(calls, amended, file))
    found.raise_if_any()
    calls["amendments_hash"] = amendments_hash(study)
    for name in ("patient_id", "timepoint"):
        calls[name] = _joined(calls["sample_id"], study.sample(name))
    for name in ("version", "hash"):
        named = {key: getattr(guideline, name) for key, guideline in study.guidelines.items()}
        calls[f"guideline_{name}"] = _joined(calls["guideline"], named)
    keys = {"samples": "sample_id", "assays": "target", "runs": "run_id", "patients": "patient_id"}
    calls = _with_sheets(calls, study, keys)
    calls = calls[[*CALLS.names, *(name for name in calls if name not in CALLS.names)]]
    curves = _with_sheets(tables.curves, study, {"runs": "run_id", "assays": "target"})
    evidence = tables.evidence.sort_values(
        ["run_id", "target", "sample_id", "criterion"], kind="stable"
    )
    storage.write_table(files.table("curves.tsv"), curves, CURVES)
    storage.write_table(files.table("standards.tsv"), tables.standards, STANDARDS)
    storage.write_table(files.table("evidence.tsv"), evidence, EVIDENCE)
    storage.write_table(files.table("calls.tsv"), calls, CALLS)


def _joined(key: pd.Series[str], values: Mapping[str, str]) -> pd.Series[str]:
    return key.astype(object).map(values).astype(object).fillna("")


def _with_sheets(table: pd.DataFrame, study: Study, keys: Mapping[str, str]) -> pd.DataFrame:
    """Add the extra columns of sheets by their key; a name that is taken gets the sheet's before it."""
    table = table.copy(deep=False)
    taken = {*table.columns, "guideline_version", "guideline_hash", *(column.name for columns in SHEETS.values() for column in columns),
             *CALLS.names, *STATUS.names}  # fmt: skip
    for sheet_name, key in keys.items():
        sheet: Sheet = getattr(study, sheet_name)
        for name in sheet.extra:
            shown = f"{sheet_name}.{name}" if name in taken else name
            taken.add(shown)
            table[shown] = _joined(
                table[key], dict(zip(sheet.columns[key], sheet.columns[name], strict=True))
            )
    return table


def status(study: Study, files: Files) -> None:
    """CALLS to STATUS and the hand-off to survival analysis."""
    calls = amended_calls(study, files)
    samples = frame(study.samples, "sample_id", "patient_id", "timepoint", "material")
    table = combine(calls, samples, study.protocols, study.protocol_of, study.guideline_of_patient)
    table["collected_on"] = _joined(table["deciding_sample"], study.sample("collected_on"))
    named = {key: guideline.version for key, guideline in study.guidelines.items()}
    table["amendments_hash"] = amendments_hash(study)
    full = table[STATUS.names].assign(
        guideline_version=_joined(table["guideline"], named),
        guideline_hash=_joined(
            table["guideline"], {k: g.hash for k, g in study.guidelines.items()}
        ),
    )
    full = _with_sheets(full, study, {"patients": "patient_id"})
    storage.write_table(files.table("status.tsv"), full, STATUS)
    _hand_off(study, table, files)


def _hand_off(study: Study, table: pd.DataFrame, files: Files) -> None:
    """STATUS and the patients sheet to ``survival.tsv`` and ``adtte.tsv``."""
    named_by = [study.protocols[p] for p in sorted(study.protocols)]
    timepoints = list(
        dict.fromkeys([t.id for p in named_by for t in p.timepoints] + list(table["timepoint"]))
    )
    patients = frame(study.patients, *(column.name for column in SHEETS["patients"]))
    if not len(patients):  # no sheet: the patients of the samples, without outcomes
        patients = patients.reindex(range(len(study.protocol_of)))
        patients["patient_id"] = list(study.protocol_of)
        patients["trial"] = ""
    survival = hand_off(
        patients, table, timepoints, protocols=study.protocols, protocol_of=study.protocol_of
    )
    survival = _with_sheets(survival, study, {"patients": "patient_id"})
    storage.write_table(files.survival, survival, survival_table(timepoints))
    storage.write_table(files.adtte, adtte(patients, study.config.study), ADTTE)
