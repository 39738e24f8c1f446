"""The stages of a study as files: each reads tables, runs the core, and writes tables.

``mrdq run`` and Snakemake call the same functions, so their results are the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from mrdq import calling, ingest, storage
from mrdq import vocabulary as words
from mrdq.amended_study import amendments
from mrdq.amendments import level_problems, omit_wells, well_problems
from mrdq.analysis import analyse
from mrdq.cohort_request import doubts, request
from mrdq.errors import ERROR, MrdqError, Problem, Problems
from mrdq.plan import BASIS, basis_bytes
from mrdq.storage import Files
from mrdq.study import Study
from mrdq.tables import RUNS, WELLS

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
        calls = analyse(omit_wells(wells, amended), calling.definitions(study)).calls
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
