"""What every run on a cluster has to end with."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cluster import Cluster, until
from flow import BIN, Flow
from small_study import copy, tree

LOCAL_RULES = {"seal", "close", "gate"}
"""Rules of seconds, which run where Snakemake runs."""


@dataclass(frozen=True)
class Archive:
    """A SIMULATED study that nobody has worked on, and the results of ``mrdq run`` on its twin."""

    study: Path
    batches: Mapping[str, Sequence[str]]
    straight: dict[str, bytes]


def ends_right(flow: Flow, archive: Archive) -> None:
    """Snakemake ends well, with the bytes of ``mrdq run`` and a clean audit trail."""
    assert flow.finish() == 0, flow.text[-5000:]
    assert tree(flow.study / "results") == archive.straight
    verified(flow.study, flow.environment)


def verified(study: Path, environment: Mapping[str, str]) -> None:
    done = _run(environment, "audit", "verify", study)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith("no difference")


def records(study: Path) -> list[dict[str, str]]:
    """The audit trail's records."""
    paths = sorted((study / "audit" / "records").glob("*.json"))
    return [json.loads(path.read_text(encoding="utf-8")) for path in paths]


def in_allocations(study: Path) -> set[str]:
    """The scheduler's jobs that the audit trail names: those of every rule that is not local."""
    named = set()
    for record in records(study):
        job = re.fullmatch(r"slurm (\d+)", record["cluster"])
        assert bool(job) == (record["rule"] not in LOCAL_RULES), record
        named |= {job[1]} if job else set()
    return named


def submit(cluster: Cluster, study: Path) -> str:
    """``mrdq submit``; the number of the job."""
    done = _run(cluster.environment, "submit", study, "--cores", "2")
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.strip()


def end_of(cluster: Cluster, number: str) -> str:
    """Wait for a job; the state that it ended in."""
    states: dict[str, str] = {}

    def ended() -> bool:
        states.update({job["JobId"]: job["JobState"] for job in cluster.completed()})
        return number in states

    until(f"the end of job {number}", ended, 600)
    return states[number]


def one_allocation(cluster: Cluster, archive: Archive, folder: Path) -> None:
    """``mrdq submit`` ends with the same bytes, all of it in one job."""
    study = copy(archive.study, folder / "study")
    number = submit(cluster, study)
    assert end_of(cluster, number) == "COMPLETED"
    assert tree(study / "results") == archive.straight
    assert {record["cluster"] for record in records(study)} == {f"slurm {number}"}
    assert {record["rule"] for record in records(study)} >= {"ingest", "gather", "call", "status"}
    verified(study, cluster.environment)


def _run(environment: Mapping[str, str], *words: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(BIN / "mrdq"), *map(str, words)], env=dict(environment), capture_output=True, text=True,
        timeout=300,
    )  # fmt: skip
