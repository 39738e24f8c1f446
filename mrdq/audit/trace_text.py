"""The chapters of a trace, as text for people."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

import pandas as pd

from mrdq import storage
from mrdq import vocabulary as words
from mrdq.audit import signatures
from mrdq.audit.lineage import Standing
from mrdq.audit.reading import Reading, who
from mrdq.audit.record import Record
from mrdq.audit.rows import some
from mrdq.audit.trace_tables import Results, Row, Subject, rows_of
from mrdq.sheets import Sheet
from mrdq.study import KEYS, Study
from mrdq.tables import CURVES, EVIDENCE


def status(status: Row) -> Iterator[str]:
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


def calls(calls: list[Row], found: Results) -> Iterator[str]:
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
            for row in rows_of(evidence, run_id=call["run_id"], target=call["target"], sample_id=sample)
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


def subjects(subjects: list[Subject], status: Row, found: Results) -> Iterator[str]:
    curves = found.table(CURVES) if subjects else None
    wells = storage.read_wells([found.files.wells]) if subjects else None
    for one in subjects:
        yield f"{_subject(one.run, one.target, one.sample)}, {one.role}"
        for curve in (
            rows_of(curves, run_id=one.run, target=one.target) if curves is not None else []
        ):
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
    for well in rows_of(wells, run_id=subject.run, target=subject.target):
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


def sheet_rows(study: Study, status: Row, calls: list[Row], runs: list[str]) -> Iterator[str]:
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


def files(named: Mapping[str, str], standings: Mapping[str, Standing]) -> Iterator[str]:
    for path, what in named.items():
        yield f"{path} ({what})"
        yield f"  SHA-256 {standings[path].sha256 or 'none'}, {standings[path].words}"


def rules(status: Row, calls: list[Row], jobs: list[Record]) -> Iterator[str]:
    for call in calls or [status]:
        yield f"rule set {call['guideline']} {call['guideline_version']}, SHA-256 {call['guideline_hash']}"
    said = [
        one for job in jobs for one in job.content["definitions"] if one.get("kind") == "protocol"
    ]
    of_it = [one for one in said if one.get("id") == status["protocol"]]
    digest = f" {of_it[-1]['version']}, SHA-256 {of_it[-1]['sha256']}" if of_it else ""
    yield f"protocol {status['protocol']}{digest}"


def jobs(reading: Reading, jobs: list[Record], named: Mapping[str, str]) -> Iterator[str]:
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


def seal(reading: Reading) -> Iterator[str]:
    yield str(reading.chain.head)
    yield from signatures.told(reading.root, reading.chain)
