"""Recorded jobs done again in a clean folder, with their recorded parameters."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path, PurePosixPath

from mrdq import stages
from mrdq.audit.files import path_in
from mrdq.audit.site import Site
from mrdq.config import load_config
from mrdq.plan import STATE
from mrdq.recording import Recorder, open_recorded
from mrdq.replay.makers import Maker

Say = Callable[[str], None]


def do_again(job: Maker, root: Path, site: Site, *, say: Say) -> None:
    """Do in ``root`` what a job did.  Raises :class:`MrdqError` if this mrdq refuses its inputs."""
    said = job.record.content["parameters"]
    own = path_in(root, root / load_config(root).results)
    results = "" if job.folder == own else str(root / job.folder)
    recorder = open_recorded(root, site, guideline=str(said.get("guideline", "")), results=results)
    recorder = replace(recorder, given=tuple(job.record.content["said"]))
    if job.action == "cohort":
        stages.cohort(recorder, say=say)
    else:
        _DONE_BY[job.action](recorder, job)


def _run(recorder: Recorder, _: Maker) -> None:
    """The stages of ``mrdq run``; a run that cannot be read any more is a row that says so."""
    stages.ingest_all(recorder)
    stages.call(recorder)
    stages.status(recorder)


def _ingest(recorder: Recorder, job: Maker) -> None:
    if job.batch:
        stages.ingest_batch(recorder, job.batch, job.record.content["runs"])
    else:
        stages.ingest_all(recorder)


def _gather(recorder: Recorder, job: Maker) -> None:
    batches = {PurePosixPath(path).parent.name for path in job.inputs if path.startswith(f"{STATE}/")}  # fmt: skip
    stages.gather(recorder, sorted(batches))


def _report(recorder: Recorder, job: Maker) -> None:
    patients = job.record.content["parameters"].get("patients", ())
    if patients:
        stages.patient_pages(recorder, patients)
    else:
        stages.report(recorder)


_DONE_BY: Mapping[str, Callable[[Recorder, Maker], object]] = {
    "run": _run, "ingest": _ingest, "gather": _gather, "call": lambda recorder, _: stages.call(recorder),
    "status": lambda recorder, _: stages.status(recorder), "report": _report,
}  # fmt: skip
