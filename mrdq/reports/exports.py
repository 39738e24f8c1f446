"""Results for other programs: one RDML file per run."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pandas as pd

from mrdq import vocabulary as words
from mrdq.errors import Problem, Problems, refuse
from mrdq.reports.rdml import write_rdml
from mrdq.sheets import Sheet
from mrdq.storage import Files, read_table, read_wells, write_bytes
from mrdq.study import Study
from mrdq.tables import RUNS

_IN_NAMES = " -_.,+()=@"
"""Signs of a run_id that every file system takes; others become %2F and the like."""

_OF_SAMPLES = ("patient_id", "timepoint", "material", "collected_on")
_ROTOR = "rotor_gene"
"""The format whose wells are the positions of a rotor of 72."""

_REASON = 160
"""Characters of the reason why a run could not be read; runs.tsv has the whole of it."""


def rdml_files(
    study: Study,
    files: Files,
    folder: Path,
    *,
    runs: Iterable[str] = (),
    sheet_data: bool = True,
    progress: Callable[[str], None] = lambda _: None,
) -> list[Path]:
    """Write the wells of the results as RDML 1.3, one file per run, and return the paths.

    ``runs`` are run ids, all that were read if there is none.  With ``sheet_data`` the file says
    what the sheets say of its samples and of the run (patient, timepoint, material, dates, the
    instrument's name); without, ids and what the export says.  Raises :class:`MrdqError`, before
    anything is written, where the wells were not read yet, a run is not among them, or the sheets
    no longer know what the wells hold.
    """
    wells = read_wells([files.wells])
    read = _run_rows(files)
    wanted = list(dict.fromkeys(runs)) or [run for run, row in read.items() if _is_read(row)]
    _check_runs(wanted, read)
    _check_sheets(study, wells, wanted)
    told = {record["run_id"]: record for record in study.runs.records()} if sheet_data else {}
    conditions = _conditions(study) if sheet_data else {}
    rows_of = wells.groupby("run_id", observed=True).indices
    kind = study.assay("kind")
    documents = {}
    for run in wanted:
        documents[folder / f"{quote(run, safe=_IN_NAMES)}.rdml"] = write_rdml(
            wells.iloc[rows_of.get(run, [])],
            run,
            kind=kind,
            conditions=conditions,
            instrument=told.get(run, {}).get("instrument") or read[run]["instrument"],
            run_date=told.get(run, {}).get("performed_on", ""),
            rotor=read[run]["format"] == _ROTOR,
        )
        progress(run)
    for path, document in documents.items():
        write_bytes(path, document)
    return list(documents)


def not_written(study: Study, files: Files) -> dict[str, str]:
    """Run -> why there is no file of it where no run was named, in a few words."""
    read = _run_rows(files)
    reasons = {run: _reason(row) for run, row in read.items() if not _is_read(row)}
    missing = [run for run in study.runs.columns["run_id"] if run not in read]
    return reasons | dict.fromkeys(missing, "not in the results: run mrdq run again")


def _run_rows(files: Files) -> dict[str, dict[str, Any]]:
    """Run -> its row of RUNS."""
    rows = read_table(files.runs, RUNS).to_dict("records")
    return {row["run_id"]: {str(name): value for name, value in row.items()} for row in rows}


def _is_read(row: dict[str, Any]) -> bool:
    return bool(row["state"] == "read")


def _reason(row: dict[str, Any]) -> str:
    text = str(row["message"]).partition(" | ")[0]
    short = text if len(text) <= _REASON else f"{text[: _REASON - 3]}..."
    return f"could not be read: {short}"


def _check_runs(wanted: list[str], read: dict[str, dict[str, Any]]) -> None:
    there = [run for run, row in read.items() if _is_read(row)]
    for run in wanted:
        if run not in read:
            refuse("--run", f"one of {', '.join(there)}", run)
        if run not in there:
            refuse("--run", "a run that could be read", run, remedy=f"It {_reason(read[run])}")


def _check_sheets(study: Study, wells: pd.DataFrame, wanted: list[str]) -> None:
    """Raise where the sheets no longer name runs, targets or samples that the wells use."""
    used = wells[wells["run_id"].isin(wanted) & ~wells["role"].isin(["", words.EMPTY])]
    problems = Problems()
    _check_names(study.runs, "run_id", wanted, problems)
    _check_names(study.assays, "target", used["target"].unique(), problems)
    samples = used.loc[used["role"] == words.SAMPLE, "sample_id"].unique()
    _check_names(study.samples, "sample_id", samples, problems)
    problems.raise_if_any()


def _check_names(sheet: Sheet, column: str, held: Iterable[str], problems: Problems) -> None:
    lost = sorted(set(held) - set(sheet.columns[column]))
    if lost:
        expected = f"{', '.join(lost)}, which the results hold"
        remedy = "The sheets changed after the results were made: run mrdq run again."
        problems.add(Problem(sheet.file, expected, column=column, remedy=remedy))


def _conditions(study: Study) -> dict[str, dict[str, str]]:
    """Sample -> what the samples sheet says of it."""
    return {
        record["sample_id"]: {name: record[name] for name in _OF_SAMPLES if record.get(name)}
        for record in study.samples.records()
    }
