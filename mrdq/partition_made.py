"""The work of a partition: its wells to calls, and its calls to status and hand-off, as finished lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from mrdq.adtte import ADTTE, adtte
from mrdq.amended_calls import analyse_amended
from mrdq.amended_study import amendments
from mrdq.amendments import level_problems
from mrdq.analysis import Definitions
from mrdq.partition_pieces import STAMP, Blocks, Made, blocks
from mrdq.partition_wells import FOREIGN
from mrdq.sheets import Sheet
from mrdq.status import combine
from mrdq.study import SHEETS, Study
from mrdq.survival import hand_off, survival_table
from mrdq.tables import CALLS, CURVES, EVIDENCE, STANDARDS, STATUS, Table

_UNIT = ["run_id", "target"]


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
    assays["control_gene"] = _joined(assays["target"], study.control_gene_of)
    assays["guideline"] = _joined(assays["target"], study.guideline_of)
    return Definitions(
        assays=assays, samples=frame(study.samples, "sample_id", "patient_id", "timepoint", "material"),
        runs=frame(study.runs, "run_id", "performed_on"), guidelines=study.guidelines,
        control_gene_required=study.config.control_gene_required,
    )  # fmt: skip


def frame(sheet: Sheet, *names: str) -> pd.DataFrame:
    """Columns of a sheet as a table."""
    return pd.DataFrame({name: sheet.columns[name] for name in names}, dtype=object)


def calls(study: Study, wells: pd.DataFrame) -> Made:
    """CURVES, STANDARDS, EVIDENCE and CALLS of some wells.

    ``wells``: WELLS of :func:`mrdq.partition_wells.deal_wells`; ``study``: what they rest on.
    """
    amended = amendments(study)
    tables = analyse_amended(wells, definitions(study), amended)
    problems = list(level_problems(tables.calls, amended, study.amendments.file))
    made = tables.calls.assign(amendments_hash=STAMP.decode())
    for name in ("patient_id", "timepoint"):
        made[name] = _joined(made["sample_id"], study.sample(name))
    for name in ("version", "hash"):
        named = {key: getattr(guideline, name) for key, guideline in study.guidelines.items()}
        made[f"guideline_{name}"] = _joined(made["guideline"], named)
    keys = {"samples": "sample_id", "assays": "target", "runs": "run_id", "patients": "patient_id"}
    made = _with_sheets(made, study, keys)
    made = made[[*CALLS.names, *(name for name in made if name not in CALLS.names)]]
    curves, standards, evidence = (
        _own(table, wells) for table in (tables.curves, tables.standards, tables.evidence)
    )
    curves = _with_sheets(curves, study, {"runs": "run_id", "assays": "target"})
    evidence = evidence.sort_values([*_UNIT, "sample_id", "criterion"], kind="stable")
    found = {
        CURVES.name: _blocks(curves, CURVES, _UNIT),
        STANDARDS.name: _blocks(standards, STANDARDS, _UNIT),
        EVIDENCE.name: _blocks(evidence, EVIDENCE, _UNIT),
        CALLS.name: _blocks(made, CALLS, _UNIT),
    }
    return Made(found, problems)


def _own(table: pd.DataFrame, wells: pd.DataFrame) -> pd.DataFrame:
    """The rows of a table but for control genes' that another partition puts out."""
    foreign = wells.loc[wells[FOREIGN], _UNIT].astype(object).drop_duplicates()
    if not len(foreign):
        return table
    there = pd.MultiIndex.from_frame(table[_UNIT].astype(object))
    return table[~there.isin(pd.MultiIndex.from_frame(foreign))]


def _blocks(table: pd.DataFrame, schema: Table, key: Sequence[str]) -> Blocks:
    return blocks(schema.check(table), key)


def _joined(key: pd.Series, values: Mapping[str, str]) -> pd.Series:
    """The value of each key, "" where there is none."""
    code, names = pd.factorize(key)
    found = np.array([*(values.get(name, "") for name in names), ""], dtype=object)
    return pd.Series(found[code], index=key.index, dtype=object)


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
            values = dict(zip(sheet.columns[key], sheet.columns[name], strict=True))
            table[shown] = _joined(table[key], values)
    return table


def statuses(study: Study, calls: pd.DataFrame, timepoints: Sequence[str]) -> Made:
    """STATUS and the hand-off of some patients.

    ``calls``: CALLS of :func:`mrdq.partition_calls.deal_calls`; ``study``: the patients; ``timepoints``:
    of the whole study, as :func:`timepoints` has them.
    """
    samples = frame(study.samples, "sample_id", "patient_id", "timepoint", "material")
    table = combine(calls, samples, study.protocols, study.protocol_of, study.guideline_of_patient)
    table["collected_on"] = _joined(table["deciding_sample"], study.sample("collected_on"))
    table["amendments_hash"] = STAMP.decode()
    full = table[STATUS.names].copy(deep=False)
    for name in ("version", "hash"):
        named = {key: getattr(guideline, name) for key, guideline in study.guidelines.items()}
        full[f"guideline_{name}"] = _joined(table["guideline"], named)
    full = _with_sheets(full, study, {"patients": "patient_id"})
    patients = frame(study.patients, *(column.name for column in SHEETS["patients"]))
    survival = hand_off(
        patients, table, timepoints, protocols=study.protocols, protocol_of=study.protocol_of
    )
    survival = _with_sheets(survival, study, {"patients": "patient_id"})
    found = {
        STATUS.name: _blocks(full, STATUS, ["patient_id"]),
        "survival.tsv": _blocks(survival, survival_table(timepoints), ["patient_id"]),
        ADTTE.name: _blocks(adtte(patients, study.config.study), ADTTE, ["USUBJID"]),
    }
    return Made(found)


def timepoints(study: Study) -> list[str]:
    """The timepoints of the protocols, and after them those that only samples have, as they come
    first in STATUS."""
    named = [t.id for name in sorted(study.protocols) for t in study.protocols[name].timepoints]
    known, first = set(named), dict[str, str]()
    columns = study.samples.columns
    for patient, timepoint in zip(columns["patient_id"], columns["timepoint"], strict=True):
        if timepoint not in known:
            first[timepoint] = min(patient, first.get(timepoint, patient))
    # No protocol knows them, so a patient's stand in text order.
    return list(dict.fromkeys([*named, *sorted(first, key=lambda one: (first[one], one))]))
