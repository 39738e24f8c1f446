"""The loading examples run as they are, on the hand-off of the example study, and agree."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from small_study import copy, mrdq, table

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
PYTHON = ("lifelines_example.py", "scikit_survival_example.py")

Numbers = dict[str, list[float]]


@pytest.fixture(scope="module")
def results(example_master: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    study = copy(example_master, tmp_path_factory.mktemp("examples") / "study")
    for verb in ("ingest", "call", "status"):
        assert mrdq(verb, study).code == 0
    return study / "results"


def printed(*command: str | Path) -> Numbers:
    """What an example prints: words of a line -> the numbers after its colon."""
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    lines = [line.rpartition(": ") for line in done.stdout.splitlines()]
    return {
        words: [float(number) for number in re.findall(r"\d+(?:\.\d+)?(?:e-?\d+)?", rest)]
        for words, _, rest in lines
    }


@pytest.fixture(scope="module")
def in_r(rscript: str, results: Path) -> Numbers:
    return printed(rscript, EXAMPLES / "survival.R", results)


def test_r_gives_what_a_hand_counts(in_r: Numbers, results: Path) -> None:
    """Of the seven patients of ALL/MRD2019 two died before day 730 (days 79 and 655; the third, on
    day 812) and nobody was lost: 5/7.  In ALL/MRD2023 nobody died."""
    rows = [row for row in table(results / "survival.tsv") if row["endpoint"] == "OS"]
    died = {
        trial: [r["time_days"] for r in rows if r["trial"] == trial and r["event"] == "1"]
        for trial in {row["trial"] for row in rows}
    }
    assert died == {"ALL/MRD2019": ["655", "812", "79"], "ALL/MRD2023": []}
    assert in_r["OS at day 730, ALL/MRD2019"] == [pytest.approx(5 / 7, abs=1e-6), 7]
    assert in_r["OS at day 730, ALL/MRD2023"] == [1, 7]


def test_r_shows_all_that_the_page_promises(in_r: Numbers) -> None:
    words = " ".join(in_r)
    for part in ("log-rank", "landmark", "MRD level", "Cumulative incidence"):
        assert part in words
    # Patient SIM-010 was not evaluable after A-1: 13 of 14 have a level or a bound.
    assert in_r["MRD level after A-1, median of a lognormal"][1:] == [13, 14]


@pytest.mark.parametrize("script", PYTHON)
def test_python_gives_what_r_gives(
    in_r: Numbers, examples_python: str, results: Path, script: str
) -> None:
    found = printed(examples_python, EXAMPLES / script, results)
    assert len(found) >= 5
    assert set(found) <= set(in_r)
    for words, numbers in found.items():
        # The median is found by an optimiser, in each program by another one; three digits are shown.
        within = 0.01 if words.startswith("MRD level") else 1e-5
        assert numbers == pytest.approx(in_r[words], rel=within), words


def test_every_example_is_run_and_on_the_page() -> None:
    scripts = {path.name for path in EXAMPLES.iterdir() if path.suffix in (".py", ".R")}
    assert scripts == {"survival.R", *PYTHON}
    page = (ROOT / "docs" / "hand-off.md").read_text(encoding="utf-8")
    assert [name for name in scripts if f"(../examples/{name})" not in page] == []


def test_the_examples_environment_is_pinned() -> None:
    lines = (ROOT / "requirements-examples.lock").read_text(encoding="utf-8").splitlines()
    pins = dict(line.split("==") for line in lines)
    assert pins.keys() >= {"lifelines", "scikit-survival", "pandas", "numpy"}


@pytest.mark.parametrize("required", [True, False])
def test_what_is_missing_is_a_skip_or_a_failure(tmp_path: Path, required: bool) -> None:
    """Without R and the environment; a CI that requires them must not pass by skipping."""
    inner = tmp_path / "test_inner.py"
    inner.write_text("def test_r(rscript): ...\ndef test_python(examples_python): ...\n", "utf-8")
    (tmp_path / "conftest.py").write_bytes((ROOT / "tests" / "conftest.py").read_bytes())
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("MRDQ_", "PYTEST_"))}
    environment |= {"PATH": str(tmp_path), "MRDQ_EXAMPLES_PYTHON": str(tmp_path / "none")}
    if required:
        environment |= {"MRDQ_REQUIRE_R": "1", "MRDQ_REQUIRE_EXAMPLES": "1"}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-rs", "-p", "no:cacheprovider", str(inner)],
        env=environment, cwd=tmp_path, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == (1 if required else 0), done.stdout
    assert ("2 errors" if required else "2 skipped") in done.stdout
    assert "Rscript is not installed" in done.stdout
    assert "is not there (make test makes it)" in done.stdout
