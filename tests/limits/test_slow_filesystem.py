"""A filesystem on which every call takes 50 ms: the work ends, with the same bytes, and shows how far
it is."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from measured import size
from small_study import tree
from tiny import write_tiny

from mrdq.audit.verify import verify

MILLISECONDS = size("SLOW_MS", 50)
RUNS = size("SLOW_RUNS", 2)
SOURCE = Path(__file__).with_name("slow.c")


@pytest.fixture(scope="module")
def slow(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The library that makes a folder slow."""
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None or not sys.platform.startswith("linux"):
        pytest.skip("needs Linux and a C compiler to make a filesystem slow")
    library = tmp_path_factory.mktemp("slow") / "slow.so"
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o", library, SOURCE, "-ldl"], check=True)  # fmt: skip
    return library


def test_a_run_on_a_slow_filesystem_ends_and_tells_how_far_it_is(slow: Path, tmp_path: Path) -> None:  # fmt: skip
    usual, study, log = (tmp_path / name for name in ("usual", "study", "log"))
    for folder in (usual, study):
        write_tiny(folder, runs=RUNS)
    words = [sys.executable, "-c", "from mrdq.cli import main; main()", "run"]
    subprocess.run([*words, usual], check=True, capture_output=True)
    environment = os.environ | {
        "LD_PRELOAD": str(slow), "SLOW_FOLDER": str(study), "SLOW_MS": str(MILLISECONDS), "SLOW_LOG": str(log),
    }  # fmt: skip
    told = []
    with subprocess.Popen([*words, study], env=environment, stderr=subprocess.PIPE, text=True) as process:  # fmt: skip
        assert process.stderr is not None
        for line in process.stderr:
            made = (
                (study / "results/calls.tsv").exists(),
                (study / "results/report/index.html").exists(),
            )
            told.append((line.rstrip(), *made))
    assert process.returncode == 0, told
    calls = log.read_text().splitlines()
    assert len(calls) > 100 * RUNS  # it was slow
    assert tree(study / "results") == tree(usual / "results")
    assert verify(study).differences == ()
    print(*(line for line, _, _ in told), f"{len(calls)} slow calls", sep="\n  ")
    # Told while it was done, and not at the end.
    assert any(line.startswith("reading exports: ") and " in " in line for line, called, _ in told if not called)  # fmt: skip
    assert len([line for line, called, _ in told if not called]) >= 3
    assert len([line for line, called, page in told if called and not page]) >= 3
