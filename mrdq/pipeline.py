"""The stages of a study as files: each reads tables, runs the core, and writes tables.

``mrdq run`` and Snakemake call the same functions, so their results are the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path

import pyarrow as pa

from mrdq import calling, ingest_gather, storage
from mrdq.amended_study import amendments
from mrdq.amendments import level_problems, omit_wells
from mrdq.analysis import analyse
from mrdq.basis import Bases
from mrdq.cohort_request import doubts, request
from mrdq.errors import ERROR, MrdqError, Problem, refuse
from mrdq.ingest import Reader
from mrdq.ingest_batches import (
    Batch,
    Reading,
    Work,
    joined_wells,
    kept_batch,
    read_batches,
    whole_wells,
)
from mrdq.ingest_problems import Held, study_problems
from mrdq.progress import SILENT, Progress
from mrdq.storage import Files
from mrdq.study import Study
from mrdq.tables import RUNS


def check(
    study: Study, *, keep: bool = False, progress: Progress = SILENT, cores: int = 1
) -> Reading:
    """Read every export and layout; the result's problems say all that is wrong.

    ``keep``: what was read is kept under ``.mrdq``, so that the results can be made of it; else
    nothing is written.
    """
    reading = read_batches(study, keep=keep, progress=progress, cores=cores)
    problems, held = reading.problems, reading.held
    problems.extend(study.warnings)
    if not problems.errors:
        problems.extend(study_problems(study, reading.runs, held))
        problems.extend(_of_the_amendments(study, held))
    if study.config.cohort is not None:
        problems.extend(_asked_of_the_cohort(study))
    return reading


def _asked_of_the_cohort(study: Study) -> list[Problem]:
    """What would stop the cohort later, and what it would lack."""
    try:
        request(study)
    except MrdqError as error:
        return error.problems
    return doubts(study)


def own_columns(study: Study, reading: Reading) -> list[str]:
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
    layouts = [name for name in reading.extra if name not in ("exclude", "channel")]
    return [
        f"{file}: {', '.join(names)}"
        for file, names in {**sheets, "layouts": layouts}.items()
        if names
    ]


def not_read(reading: Reading) -> list[str]:
    """What of the exports was not read: each note once, with the runs it is about."""
    runs: dict[str, list[str]] = {}
    for run, notes in zip(reading.runs["run_id"], reading.runs["not_read"], strict=True):
        for note in filter(None, str(notes).split(" | ")):
            runs.setdefault(note, []).append(str(run))
    return [f"{_some(names)}: {note}" for note, names in runs.items()]


def _some(names: list[str]) -> str:
    return ", ".join(names) if len(names) < 5 else f"{names[0]} and {len(names) - 1} other runs"


def read(study: Study, *, progress: Progress = SILENT, cores: int = 1) -> Reading:
    """Read every export and layout, and keep what was read; a bad run is a row of RUNS."""
    return read_batches(study, keep=True, progress=progress, cores=cores)


def write_wells(
    study: Study, files: Files, reading: Reading, *, progress: Progress = SILENT
) -> None:
    """WELLS, amended, and RUNS to the results.  Raises :class:`MrdqError`, before anything is
    written, where an amendment meets no well."""
    reader = cache(lambda: Reader(study, Bases.of(study)))
    with progress.step("putting wells together", total=len(reading.runs), unit="runs") as tick:

        def wells() -> Iterator[pa.Table]:
            for batch in reading.batches:
                yield _wells_of(batch, reader)
                tick(len(batch.runs))

        ingest_gather.write(study, files, reading.runs, wells(), reading.extra)


def _wells_of(batch: Batch, reader: Callable[[], Reader]) -> pa.Table:
    """WELLS of a batch that was read; again, if they were not kept or somebody removed them."""
    wells = batch.wells if batch.wells is not None else whole_wells(batch.folder, batch.sha256)
    if wells is not None:
        return wells
    again = reader().read(batch.runs["run_id"])
    for row, now in zip(batch.runs.to_dict("records"), again.runs.to_dict("records"), strict=True):
        if row != now:
            refuse(str(row["export"]), "the file as it was when the work began", "other bytes",
                   remedy="It was changed meanwhile: run again.")  # fmt: skip
    return again.table


def _of_the_amendments(study: Study, held: Sequence[Held]) -> list[Problem]:
    """Amendments that the wells do not bear out."""
    amended = amendments(study)
    problems = [problem for part in held for problem in part.unmet]
    problems.sort(key=lambda problem: problem.row or 0)
    asked = [part.asked for part in held if len(part.asked)]
    if asked and not any(problem.level == ERROR for problem in problems):
        wells = joined_wells(asked).to_pandas()
        calls = analyse(omit_wells(wells, amended), calling.definitions(study)).calls
        problems += level_problems(calls, amended, study.amendments.file)
    return problems


def ingest_batch(
    study: Study, run_ids: Sequence[str], files: Files, *, progress: Progress = SILENT, cores: int = 1
) -> Reading:  # fmt: skip
    """Read some runs to a folder of their own, with what that rested on; a bad run is a row of
    its ``runs.tsv``."""
    work = Work.on(study, {"": files.folder}, keep=True)
    with progress.step("reading exports", total=len(run_ids), unit="runs") as tick:
        return Reading.of(list(work.read({"": sorted(run_ids)}, cores, tick).values()))


def gather(
    study: Study, batches: Iterable[Path], files: Files, *, progress: Progress = SILENT
) -> None:
    """Batches to the study's WELLS and RUNS: the same bytes however runs were batched.

    Wells are amended here, so that an amendment reads no export again.
    """
    reader = cache(lambda: Reader(study, Bases.of(study)))
    reading = Reading.of([kept_batch(folder, reader) for folder in sorted(batches)])
    write_wells(study, files, reading, progress=progress)


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
