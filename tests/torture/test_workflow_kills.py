"""Snakemake killed with all its jobs at a random moment: the next one completes, and verify is clean."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from ordeals import UNFINISHED, differences, half_written, load_everything, size, tell
from small_study import tree
from tiny import write_tiny

from mrdq.audit.chain import read_chain
from mrdq.audit.job import pending_jobs

pytest.importorskip("snakemake")

ROUNDS = size("WORKFLOWS", 4)
SNAKEFILE = Path(__file__).parents[2] / "Snakefile"
ENVIRONMENT = os.environ | {
    "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
}


def snakemake(study: Path) -> subprocess.Popen[str]:
    words = [sys.executable, "-m", "snakemake", "--snakefile", str(SNAKEFILE), "--directory", str(study),
             "--cores", "2", "--rerun-incomplete", "--nolock"]  # fmt: skip
    return subprocess.Popen(
        words, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    )  # fmt: skip


def completes(study: Path) -> None:
    with snakemake(study) as running:
        said, _ = running.communicate()
    assert running.returncode == 0, said


def test_the_workflow_is_killed_and_completed(tmp_path: Path) -> None:
    load_everything()
    whole = tmp_path / "whole"
    write_tiny(whole)
    start = time.monotonic()
    completes(whole)
    lasts = time.monotonic() - start
    assert differences(whole) == []
    chance = random.Random(11)
    for number in range(ROUNDS):
        study = tmp_path / f"study-{number}"
        write_tiny(study)
        delay = lasts * (number + chance.random()) / ROUNDS
        with snakemake(study) as running:
            time.sleep(delay)
            os.killpg(running.pid, signal.SIGKILL)
        time.sleep(0.2)  # children of the group end just after it
        told = differences(study)
        assert (
            not told
            or "expected an audit trail" in told[0]
            or any(w in t for t in told for w in UNFINISHED)
        ), told
        completes(study)
        assert tree(study / "results") == tree(whole / "results")
        assert differences(study) == []
        assert read_chain(study).problems == ()
        assert (
            pending_jobs(study),
            half_written(study / "results"),
            half_written(study / "audit"),
        ) == ({}, [], [])
        tell(
            f"killed after {delay:.1f} of {lasts:.1f} s; verify said {len(told)} things; completed"
        )
