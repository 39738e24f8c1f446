"""The stages of a study as jobs: each leaves a record, and what a person starts ends under seal.

``mrdq run`` and Snakemake call the same functions, so their results are the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from mrdq import calling, ingest, pipeline
from mrdq.errors import Problem, Problems
from mrdq.plan import BASIS, batch_folder, plan
from mrdq.recording import CALLED, READ, STATUSES, Recorder, note_seal
from mrdq.reports import html
from mrdq.storage import Files

Progress = Callable[[str], None]


def _silent(_: str) -> None:
    return None


def run(
    recorder: Recorder, *, progress: Progress = _silent, say: Progress = _silent
) -> tuple[list[Problem], list[Path]]:
    """The whole line.  Raises :class:`MrdqError` before anything is written if the input is wrong.

    Returns the warnings and the pages.  The results are sealed before the pages are made, which carry
    that seal, and are sealed in the block after it.
    """
    study, files = recorder.study, recorder.files
    say("reading exports and layouts")
    reading = pipeline.check(study, progress=progress)
    reading.problems.raise_if_any()
    recorder.amendments()
    signed = recorder.signed()
    with recorder.stage("run", runs=reading.runs["run_id"]) as job:
        recorder.found(job)
        if recorder.is_own:
            plan(study).note()
        recorder.read_exports(job, reading.runs)
        pipeline.write_wells(study, files, reading.wells, reading.runs)
        recorder.made(job, READ)
        say("curves, evidence and calls")
        calling.call(study, files)
        recorder.made(job, CALLED)
        say("status and survival hand-off")
        calling.status(study, files)
        recorder.made(job, STATUSES)
        recorder.retire(job)
    say("sealing")
    note_seal(recorder, "sealed")
    say("report")
    pages = [report(recorder)]
    if study.config.cohort is not None:
        say("cohort")
        pages += cohort(recorder, say=say)
    note_seal(recorder, "closed")
    recorder.tell_void(signed)
    return reading.problems.warnings, pages


def ingest_batch(recorder: Recorder, batch: str, run_ids: Sequence[str]) -> Problems:
    """Read some runs to a folder of their own."""
    files = Files(batch_folder(recorder.study, batch))
    with recorder.stage("ingest", runs=run_ids) as job:
        reading = pipeline.ingest_batch(recorder.study, run_ids, files)
        recorder.read_exports(job, reading.runs)
        job.writes(files.wells, files.runs, files.folder / BASIS)
    return reading.problems


def ingest_all(recorder: Recorder) -> Problems:
    """Read every run to the results."""
    reading = ingest.read_runs(recorder.study)
    with recorder.stage("ingest", runs=reading.runs["run_id"]) as job:
        recorder.read_exports(job, reading.runs)
        pipeline.write_wells(recorder.study, recorder.files, reading.wells, reading.runs)
        recorder.made(job, READ)
    return reading.problems


def gather(recorder: Recorder, batches: Sequence[str]) -> None:
    """The batches that were read to the study's WELLS and RUNS."""
    folders = [batch_folder(recorder.study, batch) for batch in batches]
    recorder.amendments()
    with recorder.stage("gather") as job:
        recorder.found(job)
        job.reads(*(folder / name for folder in folders for name in READ))
        pipeline.gather(recorder.study, folders, recorder.files)
        recorder.made(job, READ)
        recorder.retire(job)


def call(recorder: Recorder) -> None:
    """WELLS to CURVES, STANDARDS, EVIDENCE and CALLS."""
    recorder.amendments()
    with recorder.stage("call") as job:
        recorder.found(job)
        calling.call(recorder.study, recorder.files)
        recorder.made(job, CALLED)


def status(recorder: Recorder) -> None:
    """CALLS to STATUS and the hand-off."""
    with recorder.stage("status") as job:
        calling.status(recorder.study, recorder.files)
        recorder.made(job, STATUSES)


def report(recorder: Recorder) -> Path:
    """The page for people."""
    with recorder.stage("report") as job:
        seal = recorder.seal_words(job)
        page = html.write(recorder.study, recorder.files, seal=seal)
        job.writes(page)
    return page


def cohort(recorder: Recorder, *, say: Progress) -> list[Path]:
    """The tables and pages of the cohort."""
    from mrdq import cohort_stage  # seconds of imports, for studies that ask for it

    with recorder.stage("cohort") as job:
        seal = recorder.seal_words(job)
        pages = cohort_stage.cohort(recorder.study, recorder.files, say=say, seal=seal)
        job.writes(*pages, *cohort_stage.written(recorder.files))
        recorder.retire(job)
    return pages
