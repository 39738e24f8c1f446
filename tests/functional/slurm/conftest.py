"""The studies and clusters of the SLURM tests, which run only under ``MRDQ_SLURM=1`` (make test-slurm)."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from cluster import Cluster, obstacle
from outcome import Archive
from small_study import accepted, copy, set_key, tree

from mrdq.batches import batches
from mrdq.simulate import write_archive

RUNS = 200
RUNS_PER_JOB = 30


@pytest.fixture(scope="session", autouse=True)
def _wanted() -> None:
    if os.environ.get("MRDQ_SLURM") != "1":
        pytest.skip("a SLURM of our own is started only under MRDQ_SLURM=1 (make test-slurm)")


@pytest.fixture(scope="session")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Archive:
    study = tmp_path_factory.mktemp("archive") / "study"
    write_archive(study, runs=RUNS)
    set_key(study, "runs_per_job", str(RUNS_PER_JOB))
    names = batches([f"SIM-{number + 1:06d}" for number in range(RUNS)], RUNS_PER_JOB)
    assert len(names) >= 8
    twin = copy(study, study.parent / "twin")
    accepted(twin)
    return Archive(study, names, tree(twin / "results"))


def _interrupt(*_: object) -> None:
    """So that a test run that is told to end takes its cluster down."""
    raise KeyboardInterrupt


@contextmanager
def _cluster(*, accounting: bool) -> Iterator[Cluster]:
    if reason := obstacle(accounting=accounting):
        pytest.fail(f"MRDQ_SLURM is 1, but {reason}")
    # Not in pytest's own folder, which others may not enter.
    root = Path(tempfile.mkdtemp(prefix="mrdq-slurm-"))
    root.chmod(0o755)
    before = signal.signal(signal.SIGTERM, _interrupt)
    try:
        with Cluster(root, accounting=accounting) as cluster:
            yield cluster
    finally:
        signal.signal(signal.SIGTERM, before)
        shutil.rmtree(root)


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """Two nodes without accounting: the controller itself is asked for jobs."""
    with _cluster(accounting=False) as started:
        yield started


@pytest.fixture(scope="module")
def accounted() -> Iterator[Cluster]:
    """Two nodes with slurmdbd and its database."""
    with _cluster(accounting=True) as started:
        yield started
