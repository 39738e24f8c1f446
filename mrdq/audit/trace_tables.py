"""What the tables of the results hold of one status: its calls, their runs and the files behind them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import pandas as pd

from mrdq import storage
from mrdq.audit.files import path_in
from mrdq.audit.rows import some
from mrdq.config import CONFIG_FILE
from mrdq.errors import refuse
from mrdq.storage import Files
from mrdq.study import Study
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


def rows_of(table: pd.DataFrame, **key: str) -> list[Row]:
    mask = pd.Series(True, index=table.index)
    for name, value in key.items():
        mask &= table[name] == value
    return [{str(k): v for k, v in row.items()} for row in table[mask].to_dict("records")]


def status_of(table: pd.DataFrame, patient: str, timepoint: str) -> Row:
    of_patient = rows_of(table, patient_id=patient)
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


def calls_of(table: pd.DataFrame, status: Row) -> list[Row]:
    """Calls of the patient and timepoint, the one that decided first."""
    rows = rows_of(table, patient_id=status["patient_id"], timepoint=status["timepoint"])

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


def subjects_of(calls: Iterable[Row]) -> list[Subject]:
    found = []
    for call in calls:
        found.append(Subject(call["run_id"], call["target"], "the MRD target", call["sample_id"]))
        if call["control_gene"]:
            run, gene = call["control_gene_run"], call["control_gene"]
            found.append(Subject(run, gene, "the control gene", call["sample_id"]))
    return found


def run_of(found: Results, run: str) -> Row:
    return next(iter(rows_of(found.table(RUNS), run_id=run)), {})


def files_of(found: Results, runs: list[str]) -> dict[str, str]:
    """Path -> what it is to the status: its exports, layouts, sheets and tables."""
    named: dict[str, str] = {}
    for run in runs:
        row = run_of(found, run)
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
