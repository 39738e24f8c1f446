"""The stages of a study as jobs: each leaves a record, and what a person starts ends under seal.

``mrdq run`` and Snakemake call the same functions, so their results are the same bytes.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from mrdq import calling, pipeline
from mrdq.audit.job import jobs_begun
from mrdq.basis import BASIS, batch_folder
from mrdq.errors import MrdqError, Problem, Problems
from mrdq.plan import STATE, just_read
from mrdq.progress import SILENT, Progress
from mrdq.recording import CALLED, READ, STATUSES, Recorder, note_seal
from mrdq.reports import html
from mrdq.storage import Files

Say = Callable[[str], None]


def _silent(_: str) -> None:
    return None


def run(
    recorder: Recorder, *, progress: Progress = SILENT, cores: int = 1, say: Say = _silent
) -> tuple[list[Problem], list[Path]]:
    """The whole line.  Raises :class:`MrdqError` before anything is written if the input is wrong.

    Returns the warnings and the pages; ``say`` is told what the cohort has to tell.  The results are
    sealed before the pages are made, which carry that seal, and are sealed in the block after it.
    """
    with _nothing_new_if_refused(recorder.study.root / STATE):
        return _run(recorder, progress, cores, say)


def _run(
    recorder: Recorder, progress: Progress, cores: int, say: Say
) -> tuple[list[Problem], list[Path]]:
    study, files = recorder.study, recorder.files
    reading = pipeline.check(study, keep=True, progress=progress, cores=cores)
    reading.problems.raise_if_any()
    recorder.amendments()
    signed = recorder.signed()
    with recorder.stage("run", runs=reading.runs["run_id"]) as job:
        recorder.found(job)
        if recorder.is_own:
            just_read(study).note()
        recorder.read_exports(job, reading.runs)
        pipeline.write_wells(study, files, reading, progress=progress)
        recorder.made(job, READ)
        calling.call(study, files, progress=progress, cores=cores)
        recorder.made(job, CALLED)
        calling.status(study, files, progress=progress, cores=cores)
        recorder.made(job, STATUSES)
        recorder.retire(job)
    with progress.step("sealing"):
        note_seal(recorder, "sealed")
    pages = [report(recorder, progress=progress, cores=cores)]
    if study.config.cohort is not None:
        with progress.step("cohort"):
            pages += cohort(recorder, say=say)
    note_seal(recorder, "closed")
    recorder.tell_void(signed)
    return reading.problems.warnings, pages


@contextlib.contextmanager
def _nothing_new_if_refused(caches: Path) -> Iterator[None]:
    """A study that was never run is left as it was found, without even a cache."""
    there, begun = _held(caches), jobs_begun()
    try:
        yield
    except MrdqError:
        if jobs_begun() == begun:
            for path in _held(caches) - there:
                shutil.rmtree(path, ignore_errors=True)
        raise


def _held(folder: Path) -> set[Path]:
    return set(folder.iterdir()) if folder.is_dir() else set()


def ingest_batch(
    recorder: Recorder, batch: str, run_ids: Sequence[str], *,
    progress: Progress = SILENT, cores: int = 1,
) -> Problems:  # fmt: skip
    """Read some runs to a folder of their own."""
    files = Files(batch_folder(recorder.study, batch))
    with recorder.stage("ingest", runs=run_ids) as job:
        reading = pipeline.ingest_batch(
            recorder.study, run_ids, files, progress=progress, cores=cores
        )
        recorder.read_exports(job, reading.runs)
        job.writes(files.wells, files.runs, files.folder / BASIS)
    return reading.problems


def ingest_all(recorder: Recorder, *, progress: Progress = SILENT, cores: int = 1) -> Problems:
    """Read every run to the results."""
    reading = pipeline.read(recorder.study, progress=progress, cores=cores)
    with recorder.stage("ingest", runs=reading.runs["run_id"]) as job:
        recorder.read_exports(job, reading.runs)
        pipeline.write_wells(recorder.study, recorder.files, reading, progress=progress)
        recorder.made(job, READ)
    return reading.problems


def gather(recorder: Recorder, batches: Sequence[str], *, progress: Progress = SILENT) -> None:
    """The batches that were read to the study's WELLS and RUNS."""
    folders = [batch_folder(recorder.study, batch) for batch in batches]
    recorder.amendments()
    with recorder.stage("gather") as job:
        recorder.found(job)
        job.reads(*(folder / name for folder in folders for name in READ))
        pipeline.gather(recorder.study, folders, recorder.files, progress=progress)
        recorder.made(job, READ)
        recorder.retire(job)


def call(recorder: Recorder, *, progress: Progress = SILENT, cores: int = 1) -> None:
    """WELLS to CURVES, STANDARDS, EVIDENCE and CALLS."""
    recorder.amendments()
    with recorder.stage("call") as job:
        recorder.found(job)
        calling.call(recorder.study, recorder.files, progress=progress, cores=cores)
        recorder.made(job, CALLED)


def status(recorder: Recorder, *, progress: Progress = SILENT, cores: int = 1) -> None:
    """CALLS to STATUS and the hand-off."""
    with recorder.stage("status") as job:
        calling.status(recorder.study, recorder.files, progress=progress, cores=cores)
        recorder.made(job, STATUSES)


def report(recorder: Recorder, *, progress: Progress = SILENT, cores: int = 1) -> Path:
    """The page for people."""
    with recorder.stage("report") as job:
        seal = recorder.seal_words(job)
        page = html.write(recorder.study, recorder.files, seal=seal, progress=progress, cores=cores)
        job.writes(page)
    return page


def patient_pages(
    recorder: Recorder, patients: Sequence[str], *, progress: Progress = SILENT
) -> list[Path]:
    """The pages of some patients, for people."""
    html.require_known(recorder.study, patients)
    with recorder.stage("report") as job:
        seal = recorder.seal_words(job)
        pages = html.write_patients(
            recorder.study, recorder.files, patients, seal=seal, progress=progress
        )
        job.writes(*pages)
    return pages


def cohort(recorder: Recorder, *, say: Say) -> list[Path]:
    """The tables and pages of the cohort."""
    from mrdq import cohort_stage  # seconds of imports, for studies that ask for it

    with recorder.stage("cohort") as job:
        seal = recorder.seal_words(job)
        pages = cohort_stage.cohort(recorder.study, recorder.files, say=say, seal=seal)
        job.writes(*pages, *cohort_stage.written(recorder.files))
        recorder.retire(job)
    return pages
