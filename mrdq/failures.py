"""What failed in a workflow, in a screen of text: jobs with the ends of their logs, and runs that could
not be read."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

MOST = 10
"""Jobs, runs, and lines of a log that are shown."""
_SCHEDULER = re.compile(r"(slurmstepd|slurmd|srun)\S*: ")
"""How SLURM's own lines begin in the log of a job."""
_WIDTH = 300
_TAIL = 64 * 1024  # bytes


GATE = "gate"
"""The rule that fails where runs could not be read."""


@dataclass(frozen=True, slots=True)
class FailedJob:
    """A job that failed: its rule, what of it (the batch), and its logs, the scheduler's among them
    (paths in the study)."""

    rule: str
    what: str
    logs: tuple[str, ...]


def summary(root: Path, results: str, jobs: Sequence[FailedJob]) -> list[str]:
    """Lines about jobs that failed; about the gate of the folder ``results`` by the runs that it names."""
    is_gate = any(job.rule == GATE for job in jobs)
    unread, count = _unread(root / results / "runs.tsv") if is_gate else ([], 0)
    others = [job for job in jobs if job.rule != GATE or not unread]
    return [*_of_jobs(root, others), *_of_runs(unread, count, f"{results}/runs.tsv")]


def _of_jobs(root: Path, jobs: Sequence[FailedJob]) -> Iterator[str]:
    for job in jobs[:MOST]:
        yield f"failed: {job.rule} {job.what}".rstrip()
        for log in job.logs:
            yield from _end_of(root, log)
    if len(jobs) > MOST:
        yield f"failed: {len(jobs) - MOST:,} more jobs"


def _end_of(root: Path, log: str) -> list[str]:
    try:
        lines = last_lines(root / log)
    except OSError:
        return [f"  {log}: there is no such log"]
    return [f"  the end of {log}:" if lines else f"  {log} is empty", *(f"    {line}" for line in lines)]  # fmt: skip


def last_lines(path: Path, count: int = MOST) -> list[str]:
    """The last lines of a log that are not empty, fit for a screen; what the scheduler says in it comes
    first, for why it killed a job stands above what Snakemake says of it.  ``OSError`` if it cannot be read."""
    with path.open("rb") as file:
        file.seek(max(path.stat().st_size - _TAIL, 0))
        text = file.read(_TAIL).decode("utf-8", "replace")
    lines = [_printable(line) for line in text.splitlines() if line.strip()]
    scheduler = list(dict.fromkeys(line for line in lines if _SCHEDULER.match(line)))[-count // 2 :]
    others = [line for line in lines if not _SCHEDULER.match(line)]
    return [*scheduler, *others[len(scheduler) - count :]]


def _printable(line: str) -> str:
    """A log may hold what anybody wrote: no control characters, no endless lines."""
    text = "".join(c if c.isprintable() else " " for c in line.expandtabs(2)).rstrip()
    return text if len(text) <= _WIDTH else f"{text[:_WIDTH]} …"


def _of_runs(unread: Sequence[tuple[str, str]], count: int, file: str) -> Iterator[str]:
    if unread:
        yield f"{len(unread):,} of {count:,} runs could not be read:"
    yield from (f"  {run}: {message}" for run, message in unread[:MOST])
    if len(unread) > MOST:
        yield f"  and {len(unread) - MOST:,} more: {file} has them all, with the state failed"


def _unread(path: Path) -> tuple[list[tuple[str, str]], int]:
    """Runs of RUNS that failed, with their messages, and the number of all."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file, delimiter="\t"))
            failed = [(row["run_id"], row["message"]) for row in rows if row["state"] == "failed"]
    except (OSError, ValueError, KeyError, csv.Error):  # not made yet
        return [], 0
    return [(_printable(run), _printable(message)) for run, message in failed], len(rows)
