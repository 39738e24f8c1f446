"""Under ``ulimit -v`` of what docs/limits.md says that it needs, a study is done."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from measured import done, done_as_documented, mrdq

from mrdq.audit.verify import verify
from mrdq.simulate import write_archive

RUNS = tuple(map(int, os.environ.get("MRDQ_LIMITS_RUNS", "1 100 1000").split()))


@pytest.mark.parametrize("runs", RUNS)
def test_a_study_is_done_with_the_memory_that_is_documented(runs: int, tmp_path: Path) -> None:
    write_archive(tmp_path / "study", runs=runs)
    study = f"{runs:,} run{'' if runs == 1 else 's'} of 96 wells"
    done_as_documented(study, "run", tmp_path / "study", "--cores", "2")


def test_after_a_run_that_had_too_little_memory_the_next_one_is_right(tmp_path: Path) -> None:
    write_archive(tmp_path, runs=100)
    assert mrdq("run", tmp_path, "--cores", "1", megabytes=400).code != 0
    done("run", tmp_path)
    assert verify(tmp_path).differences == ()
