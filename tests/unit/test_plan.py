"""What a job asks a cluster for grows with what it has to do, and each time it is tried again."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mrdq import plan
from mrdq.config import DEFAULT_RUNS_PER_JOB
from mrdq.simulate import write_archive

runs = st.integers(1, 100_000)


@given(runs, runs, st.integers(1, 6))
def test_a_batch_asks_for_more_the_more_it_holds(few: int, many: int, attempt: int) -> None:
    few, many = sorted((few, many))
    for predict in (plan.memory_mb, plan.minutes):
        assert 0 < predict(few, attempt) <= predict(many, attempt)
        assert predict(few, attempt + 1) > predict(few, attempt)


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("plan") / "study"
    write_archive(folder, runs=6)
    return folder


def test_a_plan_asks_for_its_batches_and_its_study(study: Path) -> None:
    made = plan.load_plan(study)
    for batch, its_runs in made.batches.items():
        assert made.memory_mb(batch, 2) > plan.memory_mb(len(its_runs), 2)
        assert made.memory_mb(batch, 2) > made.memory_mb(batch, 1)
        assert made.minutes(batch, 2) == plan.minutes(len(its_runs), 2)
    assert made.table_memory_mb(2) > made.table_memory_mb(1) > 0
    assert made.table_minutes(2) > made.table_minutes(1) > 0


def test_a_batch_of_the_usual_size_is_nothing_a_node_lacks() -> None:
    """Asked for the first time: less than 4 GB, and less than two hours."""
    assert plan.memory_mb(DEFAULT_RUNS_PER_JOB, 1, rows=1_500_000) < 4000
    assert plan.minutes(DEFAULT_RUNS_PER_JOB, 1) < 120


def test_nothing_is_looked_up_that_is_not_asked_for(
    study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A job's Snakefile reads no state of any export, and hashes no sheet."""

    def never(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr(plan.provenance, "fingerprints", never)
    monkeypatch.setattr(plan.Bases, "of", never)
    made = plan.load_plan(study)
    assert made.minutes(next(iter(made.batches)), 1) > 0
    with pytest.raises(AssertionError):
        made.note()


@pytest.mark.parametrize("sheet", ["runs", "samples", "assays", "patients"])
def test_a_sheet_that_says_something_else_changes_what_rests_on_it(study: Path, sheet: str) -> None:
    before = plan.load_plan(study).fingerprints
    path = study / f"config/{sheet}.tsv"
    text = path.read_text(encoding="utf-8")
    header, *rows = text.splitlines()
    path.write_text("\n".join([header, *reversed(rows)]) + "\n", encoding="utf-8")
    assert plan.load_plan(study).fingerprints == before, "the order of rows says nothing"
    path.write_text(
        "\n".join([f"{header}\tnote", *(f"{row}\tx" for row in rows)]) + "\n", encoding="utf-8"
    )
    after = plan.load_plan(study).fingerprints
    path.write_text(text, encoding="utf-8")
    changed = {name for name in before if after[name] != before[name]}
    expected = {"runs": {"gather", "call"}, "samples": {"gather", "call", "status"},
                "assays": {"gather", "call"}, "patients": {"status"}}  # fmt: skip
    assert changed == expected[sheet]
