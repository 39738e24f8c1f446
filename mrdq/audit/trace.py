"""From one status back to the bytes it came from: calls, runs, wells, files, sheets, rules, jobs."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from mrdq import storage
from mrdq import vocabulary as words
from mrdq.audit import signatures
from mrdq.audit.files import path_in
from mrdq.audit.lineage import Standing, lineage, standing
from mrdq.audit.reading import Reading, read_trail, who
from mrdq.audit.record import Record
from mrdq.audit.rows import some
from mrdq.config import CONFIG_FILE
from mrdq.errors import refuse
from mrdq.sheets import Sheet
from mrdq.storage import Files
from mrdq.study import KEYS, Study, load_study
from mrdq.tables import CALLS, CURVES, EVIDENCE, RUNS, STATUS, Table

Row = dict[str, Any]


@dataclass(frozen=True)
class Results:
    """The tables of a study's results, each with the path that the trail knows it by."""

    study: Study
    files: Files

    def table(self, schema: Table) -> pd.DataFrame:
        return storage.read_table(self.files.table(schema.name), schema)

    def path(self, name: str) -> str:
        return path_in(self.study.root, self.files.table(name))


@dataclass(frozen=True, slots=True)
class Subject:
    """One target in one run, whose curve and wells a call rests on; ``role``: what it is to it."""

    run: str
    target: str
    role: str
    sample: str


def trace(root: Path, patient: str, timepoint: str, *, results: str = "") -> tuple[str, list[str]]:
    """The chain behind one status as text for people, and the differences met on the way.

    ``results``: another folder of results than the study's own.  Raises :class:`MrdqError` if the
    study cannot be read, has no trail, or no such status.
    """
    study = load_study(root, results=results)
    found = Results(study, Files(study.results))
    reading = read_trail(root)
    status = _status(found.table(STATUS), patient, timepoint)
    calls = _calls(found.table(CALLS), status)
    subjects = _subjects(calls[:1]) if status["deciding_target"] else []
    runs = sorted({subject.run for subject in subjects})
    named = _files(found, runs)
    standings = {path: standing(reading, path) for path in named}
    jobs = lineage(reading, found.path(STATUS.name), runs)
    chapters = {
        f"Status of {patient} at {timepoint}": _status_text(status),
        "Calls, the one that decided first": _calls_text(calls, found),
        "What the deciding call rests on": _subjects_text(subjects, status, found),
        "Rows of the sheets": _sheet_rows(study, status, calls[:1], runs),
        "Files": _files_text(named, standings),
        "Rules": _rules(status, calls[:1], jobs),
        "Jobs that led to it": _jobs_text(reading, jobs, named),
        "Seal": _seal_text(reading),
    }
    lines: list[str] = []
    for title, content in chapters.items():
        lines += [title, *(f"  {line}" for line in content), ""]
    differences = [*reading.chain.problems, *_differences(found, runs, standings)]
    return "\n".join(lines[:-1]) + "\n", differences


def _rows(table: pd.DataFrame, **key: str) -> list[Row]:
    mask = pd.Series(True, index=table.index)
    for name, value in key.items():
        mask &= table[name] == value
    return [{str(k): v for k, v in row.items()} for row in table[mask].to_dict("records")]


def _status(table: pd.DataFrame, patient: str, timepoint: str) -> Row:
    of_patient = _rows(table, patient_id=patient)
    if not of_patient:
        there = sorted(set(table["patient_id"]))
        refuse(STATUS.name, f"one of {some(there, 20, ', ')}", found=patient, column="patient_id",
               remedy="Mend --patient.")  # fmt: skip
    rows = [row for row in of_patient if row["timepoint"] == timepoint]
    if not rows:
        there = [row["timepoint"] for row in of_patient]
        refuse(STATUS.name, f"one of {', '.join(there)}", found=timepoint, column="timepoint",
               remedy="Mend --timepoint.")  # fmt: skip
    return rows[0]


def _calls(table: pd.DataFrame, status: Row) -> list[Row]:
    """Calls of the patient and timepoint, the one that decided first."""
    rows = _rows(table, patient_id=status["patient_id"], timepoint=status["timepoint"])

    def place(call: Row) -> tuple[Any, ...]:
        decides = (call["target"], call["sample_id"]) == (
            status["deciding_target"],
            status["deciding_sample"],
        )
        counts = not (call["superseded"] or call["retracted"])
        same = status["status"] in (call["call"], call["amended_call"])
        return (
            not decides,
            not counts,
            not same,
            call["target"],
            call["sample_id"],
            call["run_id"],
        )

    return sorted(rows, key=place)


def _subjects(calls: Iterable[Row]) -> list[Subject]:
    found = []
    for call in calls:
        found.append(Subject(call["run_id"], call["target"], "the MRD target", call["sample_id"]))
        if call["control_gene"]:
            run, gene = call["control_gene_run"], call["control_gene"]
            found.append(Subject(run, gene, "the control gene", call["sample_id"]))
    return found


def _status_text(status: Row) -> Iterator[str]:
    amended = f" (amended; automatically {status['automatic_status']})" if status["amended"] else ""
    yield f"{status['status']}{amended}{_level(status)}"
    yield f"sensitivity {_number(status['sensitivity'])}, quantitative range {_number(status['quantitative_range'])}"
    for name in ("response", "next_step", "reasons", "flags", "amendment", "collected_on"):
        if status[name]:
            yield f"{name} {status[name]}"


def _level(row: Row) -> str:
    if math.isnan(row["mrd_level"]):
        return ""
    low, high = _number(row["mrd_level_low"]), _number(row["mrd_level_high"])
    return f", level {_number(row['mrd_level'])} ({low} to {high})"


def _number(value: float) -> str:
    return "none" if math.isnan(value) else f"{value:.6g}"


def _calls_text(calls: list[Row], found: Results) -> Iterator[str]:
    evidence = found.table(EVIDENCE)
    for call in calls:
        states = [name for name in ("superseded", "retracted", "amended") if call[name]]
        state = f" ({', '.join(states)})" if states else ""
        person = f", by a person {call['amended_call']}" if call["amended_call"] else ""
        yield f"{_subject(call['run_id'], call['target'], call['sample_id'])}: {call['call']}{person}{state}{_level(call)}"
        yield f"  evidence: {_outcomes(evidence, call)}"
    if not calls:
        yield "none: no run holds a sample of this timepoint"


def _subject(run: str, target: str, sample: str) -> str:
    return f"run {run} target {target} sample {sample}"


def _outcomes(evidence: pd.DataFrame, call: Row) -> str:
    rows = [row for sample in ("", call["sample_id"])
            for row in _rows(evidence, run_id=call["run_id"], target=call["target"], sample_id=sample)
            if call["guideline"] in row["guideline"].split(";")]  # fmt: skip
    told = []
    for outcome in words.OUTCOMES:
        names = [row["criterion"] for row in rows if row["outcome"] == outcome]
        which = (
            f" ({', '.join(names)})"
            if names and outcome in (words.FAIL, words.NOT_EVALUABLE)
            else ""
        )
        told.append(f"{len(names)} {outcome}{which}")
    return ", ".join(told)


def _subjects_text(subjects: list[Subject], status: Row, found: Results) -> Iterator[str]:
    curves = found.table(CURVES) if subjects else None
    wells = storage.read_wells([found.files.wells]) if subjects else None
    for one in subjects:
        yield f"{_subject(one.run, one.target, one.sample)}, {one.role}"
        for curve in _rows(curves, run_id=one.run, target=one.target) if curves is not None else []:
            if status["guideline"] in curve["guideline"].split(";"):
                yield f"  {_curve(curve)}"
        if wells is not None:
            yield from _wells_text(wells, one)


def _curve(curve: Row) -> str:
    if math.isnan(curve["slope"]):
        return "curve: none, fewer than 2 dilutions"
    return (
        f"curve: Cq = {_number(curve['intercept'])} + ({_number(curve['slope'])}) × log10, R² {_number(curve['r_squared'])}, "
        f"{curve['n_dilutions']:.0f} dilutions, {'accepted' if curve['accepted'] else 'NOT accepted'}; "
        f"lowest background Cq {_number(curve['lowest_background_cq'])}"
    )


def _wells_text(wells: pd.DataFrame, subject: Subject) -> Iterator[str]:
    """The wells of a curve, its controls and the sample: role and what is in them, then the Cq."""
    grouped: dict[str, list[str]] = {}
    for well in _rows(wells, run_id=subject.run, target=subject.target):
        dose = well["dilution"] if not math.isnan(well["dilution"]) else well["quantity_ng"]
        of_sample = well["role"] == words.SAMPLE
        if of_sample and well["sample_id"] != subject.sample:
            continue
        what = (
            well["sample_id"]
            if of_sample
            else f"{dose:g}"
            if well["role"] == words.STANDARD
            else ""
        )
        cq = _number(well["cq"]) if well["cq_state"] == words.DETERMINED else well["cq_state"]
        grouped.setdefault(f"{well['role'] or 'unused'} {what}".strip(), []).append(
            f"{well['well']} {cq}"
        )
    for what, cqs in grouped.items():
        yield f"  {what}: {', '.join(cqs)}"


def _sheet_rows(study: Study, status: Row, calls: list[Row], runs: list[str]) -> Iterator[str]:
    """Where the sheets speak of the deciding call, and what of them was amended."""
    targets = [name for call in calls for name in (call["target"], call["control_gene"]) if name]
    asked = {
        "runs": runs, "samples": [call["sample_id"] for call in calls], "assays": targets,
        "patients": [status["patient_id"]], "amendments": runs,
    }  # fmt: skip
    for name, ids in asked.items():
        sheet: Sheet = getattr(study, name)
        key = KEYS.get(name, "run_id")
        for row, value in zip(sheet.row, sheet.columns[key], strict=True):
            if value in ids:
                yield f"{sheet.file}, row {row}: {key} {value}"


def _of_run(found: Results, run: str) -> Row:
    return next(iter(_rows(found.table(RUNS), run_id=run)), {})


def _files(found: Results, runs: list[str]) -> dict[str, str]:
    """Path -> what it is to the status: its exports, layouts, sheets and tables."""
    named: dict[str, str] = {}
    for run in runs:
        row = _of_run(found, run)
        for kind in ("export", "layout"):
            path = str(row.get(kind, "")).partition("#")[0]
            if path:
                named[path_in(found.study.root, found.study.root / path)] = f"{kind} of run {run}"
    named[CONFIG_FILE] = "settings"
    for name, file in found.study.config.sheets.items():
        named[path_in(found.study.root, found.study.root / file.partition("#")[0])] = (
            f"sheet {name}"
        )
    tables = (RUNS, CURVES, EVIDENCE, CALLS, STATUS)
    return named | {
        found.path(name): "table" for name in ("wells.parquet", *(one.name for one in tables))
    }


def _files_text(named: Mapping[str, str], standings: Mapping[str, Standing]) -> Iterator[str]:
    for path, what in named.items():
        yield f"{path} ({what})"
        yield f"  SHA-256 {standings[path].sha256 or 'none'}, {standings[path].words}"


def _rules(status: Row, calls: list[Row], jobs: list[Record]) -> Iterator[str]:
    for call in calls or [status]:
        yield f"rule set {call['guideline']} {call['guideline_version']}, SHA-256 {call['guideline_hash']}"
    said = [
        one for job in jobs for one in job.content["definitions"] if one.get("kind") == "protocol"
    ]
    of_it = [one for one in said if one.get("id") == status["protocol"]]
    digest = f" {of_it[-1]['version']}, SHA-256 {of_it[-1]['sha256']}" if of_it else ""
    yield f"protocol {status['protocol']}{digest}"


def _jobs_text(reading: Reading, jobs: list[Record], named: Mapping[str, str]) -> Iterator[str]:
    for job in jobs:
        block = reading.chain.sealed_records.get(job.name)
        yield (
            f"{job.action}, {job.state}, by {who(job.content)}, {job.started} to {job.ended}, "
            f"{job.content['software'].get('mrdq', '')}, {job.content['software'].get('python', '')}"
        )
        yield f"  read {_paths(job, 'inputs', named)}"
        yield f"  made {_paths(job, 'outputs', named)}"
        yield f"  audit/records/{job.name}, {reading.when(block) if block else 'not sealed yet'}"
        yield f"  SHA-256 {job.sha256}"
    if not jobs:
        yield "none: no record says that it made the table of statuses"


def _paths(job: Record, key: str, named: Mapping[str, str]) -> str:
    """Files of a job, those that the status rests on first."""
    paths = sorted((state.path for state in job.files(key)), key=lambda path: path not in named)
    return some(paths, 12, ", ") or "nothing"


def _seal_text(reading: Reading) -> Iterator[str]:
    yield str(reading.chain.head)
    yield from signatures.told(reading.root, reading.chain)


def _differences(found: Results, runs: list[str], standings: Mapping[str, Standing]) -> list[str]:
    """Files that are not as the trail says, and exports and layouts that are not those that were read."""
    told = [f"{path}: {one.words}" for path, one in standings.items() if one.differs]
    for run in runs:
        row = _of_run(found, run)
        for kind in ("export", "layout"):
            path = str(row.get(kind, "")).partition("#")[0]
            one = (
                standings.get(path_in(found.study.root, found.study.root / path)) if path else None
            )
            if one and not one.differs and one.sha256 != row[f"{kind}_sha256"]:
                told.append(
                    f"{path}: run {run} was read from other bytes, SHA-256 {row[f'{kind}_sha256']}"
                )
    return told
