"""The stages of a study as files: each reads tables, runs the core, and writes tables.

``mrdq run`` and Snakemake call the same functions, so their results are the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from mrdq import ingest, storage
from mrdq import vocabulary as words
from mrdq.adtte import ADTTE, adtte
from mrdq.amended_calls import analyse_amended
from mrdq.amended_study import amended_calls, amended_wells, amendments
from mrdq.amendments import automatic_wells, level_problems, omit_wells, well_problems
from mrdq.analysis import Definitions, analyse
from mrdq.cohort_request import doubts, request
from mrdq.errors import ERROR, MrdqError, Problem, Problems
from mrdq.plan import BASIS, basis_bytes
from mrdq.provenance import amendments_hash
from mrdq.sheets import Sheet
from mrdq.status import combine
from mrdq.storage import Files
from mrdq.study import SHEETS, Study
from mrdq.survival import hand_off, survival_table
from mrdq.tables import CALLS, CURVES, EVIDENCE, RUNS, STANDARDS, STATUS, WELLS

Progress = Callable[[str], None]


def _silent(_: str) -> None:
    return None


def check(study: Study, *, progress: Progress = _silent) -> ingest.ReadRuns:
    """Read every export and layout; the result's problems say all that is wrong."""
    reading = ingest.read_runs(study, progress=progress)
    reading.problems.extend(study.warnings)
    if not reading.problems.errors:
        reading.problems.extend(ingest.study_problems(study, reading))
        reading.problems.extend(_of_the_amendments(study, reading.wells))
    if study.config.cohort is not None:
        reading.problems.extend(_asked_of_the_cohort(study))
    return reading


def _asked_of_the_cohort(study: Study) -> list[Problem]:
    """What would stop the cohort later, and what it would lack."""
    try:
        request(study)
    except MrdqError as error:
        return error.problems
    return doubts(study)


def own_columns(study: Study, reading: ingest.ReadRuns) -> list[str]:
    """Columns that mrdq keeps and does not use, by sheet: a misspelt one is seen here."""
    sheets = {
        sheet.file: sheet.extra
        for sheet in (
            study.runs,
            study.samples,
            study.assays,
            study.patients,
            study.courses,
            study.amendments,
        )
    }
    ours = (*WELLS.names, "exclude", "channel")
    layouts = [str(name) for name in reading.wells if name not in ours]
    return [
        f"{file}: {', '.join(names)}"
        for file, names in {**sheets, "layouts": layouts}.items()
        if names
    ]


def not_read(reading: ingest.ReadRuns) -> list[str]:
    """What of the exports was not read: each note once, with the runs it is about."""
    runs: dict[str, list[str]] = {}
    for run, notes in zip(reading.runs["run_id"], reading.runs["not_read"], strict=True):
        for note in filter(None, str(notes).split(" | ")):
            runs.setdefault(note, []).append(str(run))
    return [f"{_some(names)}: {note}" for note, names in runs.items()]


def _some(names: list[str]) -> str:
    return ", ".join(names) if len(names) < 5 else f"{names[0]} and {len(names) - 1} other runs"


def write_wells(study: Study, files: Files, wells: pd.DataFrame, runs: pd.DataFrame) -> None:
    """WELLS, amended, and RUNS to the results.  Raises :class:`MrdqError`, before anything is
    written, where an amendment meets no well."""
    found = Problems()
    found.extend(well_problems(wells, amendments(study), study.amendments.file))
    found.raise_if_any()
    _write_wells(files, omit_wells(wells, amendments(study)), runs)


def _of_the_amendments(study: Study, wells: pd.DataFrame) -> list[Problem]:
    """Amendments that the wells do not bear out; ``wells`` as they were read."""
    amended, file = amendments(study), study.amendments.file
    problems = list(well_problems(wells, amended, file))
    asks_for_a_level = any(one.call == words.POSITIVE_QUANTIFIABLE for one in amended)
    if asks_for_a_level and not any(problem.level == ERROR for problem in problems):
        calls = analyse(omit_wells(wells, amended), definitions(study)).calls
        problems += level_problems(calls, amended, file)
    return problems


def _write_wells(files: Files, wells: pd.DataFrame, runs: pd.DataFrame) -> None:
    """WELLS and RUNS as they are; a well that counted twice would be a bug."""
    twice = wells[wells["role"] != ""].duplicated(list(WELLS.key))
    if twice.any():
        raise ValueError(f"{WELLS.name}: {', '.join(WELLS.key)} is not unique")
    storage.write_bytes(files.wells, storage.parquet_bytes(wells))
    storage.write_table(files.runs, runs, RUNS)


def ingest_batch(study: Study, run_ids: Sequence[str], files: Files) -> ingest.ReadRuns:
    """Read some runs to a folder of their own, with what that rested on; a bad run is a row of
    its ``runs.tsv``."""
    reading = ingest.read_runs(study, run_ids)
    _write_wells(files, reading.wells, reading.runs)
    basis = basis_bytes(study, run_ids, reading.seen.targets, reading.seen.samples)
    storage.write_bytes(files.folder / BASIS, basis)
    return reading


def gather(study: Study, batches: Iterable[Path], files: Files) -> None:
    """Batches to the study's WELLS and RUNS: the same bytes however runs were batched.

    Wells are amended here, so that an amendment reads no export again.
    """
    parts = [Files(batch) for batch in sorted(batches)]
    runs = pd.concat([storage.read_table(part.runs, RUNS) for part in parts])
    wells = storage.read_wells([part.wells for part in parts])
    # Wells of a run lie in one batch, in order; ordering the runs orders everything.
    order = np.argsort(ingest_order(wells["run_id"]), kind="stable")
    extra = sorted(str(name) for name in wells if name not in WELLS.names)
    runs = runs.sort_values("run_id", ignore_index=True)
    wells = wells.iloc[order].reset_index(drop=True)
    for name in extra:
        wells[name] = wells[name].astype(object).fillna("")
    write_wells(study, files, wells[[*WELLS.names, *extra]], runs)


def ingest_order(run_id: pd.Series[str]) -> np.ndarray:
    """Rank of each row's run in text order."""
    names = np.asarray(run_id.cat.categories, dtype=object)
    rank = np.empty(len(names), dtype=np.int64)
    rank[np.argsort(names)] = np.arange(len(names))
    return rank[run_id.cat.codes.to_numpy()]


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


def failed_runs(files: Files) -> list[Problem]:
    """Every run that could not be read, as one problem each."""
    runs = storage.read_table(files.runs, RUNS)
    failed = runs[runs["state"] == "failed"]
    return [
        Problem(export, "a run that can be read", run_id, remedy=message)
        for run_id, export, message in zip(
            failed["run_id"], failed["export"], failed["message"], strict=True
        )
    ]
