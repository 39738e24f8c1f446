"""Two people, or a person and Snakemake, on one study at the same time."""

from __future__ import annotations

import multiprocessing
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from small_study import Outcome, copy, mrdq, set_cell, tree

from mrdq import stages
from mrdq.audit.verify import verify
from mrdq.study_lock import locked

FORK = multiprocessing.get_context("fork")
SNAKEFILE = Path(__file__).parents[2] / "Snakefile"
LAYOUT = "config/layouts/SIM-000001.tsv"


@pytest.fixture(scope="module")
def _done(_tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    study = copy(_tiny, tmp_path_factory.mktemp("done") / "study")
    assert mrdq("run", study).code == 0
    return study


@pytest.fixture
def held(_done: Path) -> Iterator[Path]:
    """A study on which somebody works; what is tried on it leaves it as it is."""
    with locked(_done, "mrdq run"):
        yield _done


def is_refused(outcome: Outcome) -> bool:
    (problem,) = outcome.problems
    assert outcome.code == 2
    assert outcome.err.splitlines()[-1] == "1 problem; nothing was written."
    return "mrdq run by " in problem and "expected a study on which nobody else works now" in problem  # fmt: skip


def run_and_stay(study: Path, pipe: Any) -> None:
    """``mrdq run`` that stands still in its middle until it is told to go on."""
    called = stages.calling.call

    def call(*words: Any, **named: Any) -> Any:
        pipe.send("in the middle")
        pipe.recv()
        return called(*words, **named)

    stages.calling.call = call  # type: ignore[assignment]
    pipe.send(mrdq("run", study))


def test_of_two_runs_one_is_done_and_one_refused(study: Path, tmp_path: Path) -> None:
    alone = copy(study, tmp_path / "alone")
    assert mrdq("run", alone).code == 0
    ours, theirs = FORK.Pipe()
    first = FORK.Process(target=run_and_stay, args=(study, theirs))
    first.start()
    assert ours.recv() == "in the middle"
    assert is_refused(mrdq("run", study))
    ours.send("go on")
    assert ours.recv().code == 0
    first.join()
    assert tree(study / "results") == tree(alone / "results")
    verdict = verify(study)
    assert (verdict.differences, len(verify(alone).differences)) == ((), 0)
    assert verdict.records == verify(alone).records
    assert list((study / "logs").glob("run-*.log"))  # and verify does not ask for it
    assert mrdq("run", study).code == 0


@pytest.mark.parametrize(
    "words",
    [
        ["run"],
        ["ingest"],
        ["call"],
        ["status"],
        ["report"],
        ["cohort"],
        ["export", "rdml"],
        ["export", "rocrate", "--to", "crate.zip"],
        ["audit", "seal"],
        ["audit", "export", "--to", "trail"],
        ["audit", "sign", "--key", "key"],
    ],
    ids=" ".join,
)
def test_whoever_makes_something_is_refused(
    held: Path, words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    before = tree(held)
    split = 2 if words[0] in ("audit", "export") else 1
    assert is_refused(mrdq(*words[:split], held, *words[split:]))
    assert tree(held) == before


@pytest.mark.parametrize(
    "words",
    [
        ["check"],
        ["gate"],
        ["audit", "verify"],
        ["audit", "show"],
        ["audit", "signatures"],
        ["explain", "--run", "SIM-000001", "--target", "SIM-000001-IG", "--sample", "SIM-000001-A1"],
    ],
    ids=" ".join,
)  # fmt: skip
def test_whoever_reads_is_not(held: Path, words: list[str]) -> None:
    split = 2 if words[0] == "audit" else 1
    outcome = mrdq(*words[:split], held, *words[split:])
    assert outcome.code == 0, outcome


def test_jobs_of_snakemake_work_under_its_lock(held: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MRDQ_JOB", "{status}{7}")
    assert mrdq("status", held).code == 0
    assert mrdq("audit", "seal", held).code == 0
    assert (held / ".mrdq/lock").exists()


def test_snakemake_is_refused_too(held: Path, tmp_path: Path) -> None:
    pytest.importorskip("snakemake")
    study = copy(held, tmp_path / "study")
    shutil.rmtree(study / "results")
    before = {path.relative_to(study) for path in study.rglob("*")} | {Path("logs")}
    words = [sys.executable, "-m", "snakemake", "--snakefile", SNAKEFILE, "--directory", study, "--cores", "1"]  # fmt: skip
    with locked(study, "mrdq call"):
        done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "mrdq call by " in done.stderr
    assert "expected a study on which nobody else works now" in done.stderr
    made = {path.relative_to(study) for path in study.rglob("*")} - before
    assert {path.parts[0] for path in made} <= {".mrdq", ".snakemake"}


def test_input_that_is_refused_leaves_neither_lock_nor_log(study: Path) -> None:
    set_cell(study / LAYOUT, 2, "role", "nonsense")
    outcome = mrdq("run", study)
    assert outcome.code == 2
    assert outcome.err.endswith("nothing was written.\n")
    assert not (study / ".mrdq/lock").exists()
    assert {path.name for path in study.iterdir()} <= {"config", "data", ".mrdq"}
