"""Batches are stable: a new run never moves another, but for a split of its own batch."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mrdq.batches import batches

ids = st.lists(st.text(min_size=1, max_size=8), unique=True, max_size=60)


@given(ids, st.integers(1, 12))
def test_every_run_is_in_one_batch_that_is_not_too_big(runs: list[str], per_job: int) -> None:
    found = batches(runs, per_job)
    assert sorted(run for batch in found.values() for run in batch) == sorted(runs)
    assert all(1 <= len(batch) <= per_job for batch in found.values())
    assert all(batch == sorted(batch) for batch in found.values())


@given(ids, st.integers(1, 12), st.randoms())
def test_order_of_the_runs_does_not_matter(runs: list[str], per_job: int, random: object) -> None:
    shuffled = list(runs)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert batches(shuffled, per_job) == batches(runs, per_job)
    assert list(batches(shuffled, per_job)) == list(batches(runs, per_job))


@given(ids.filter(bool), st.integers(1, 12))
def test_new_run_changes_its_own_batch_alone(runs: list[str], per_job: int) -> None:
    *old, new = runs
    before, after = batches(old, per_job), batches(runs, per_job)
    changed = [name for name in before if after.get(name) != before[name]]
    assert len(changed) <= 1
    fresh = {run for name, batch in after.items() if before.get(name) != batch for run in batch}
    assert fresh == {new, *(run for name in changed for run in before[name])}
    for name in changed:
        # It grew by the new run, or split: its parts carry its name as their beginning.
        assert all(
            other.startswith(name)
            for other, batch in after.items()
            if set(batch) & set(before[name])
        )


def test_names_are_what_the_workflow_expects() -> None:
    found = batches([f"R{n}" for n in range(200)], 10)
    assert all(name[0] == "b" and set(name[1:]) <= {"0", "1"} for name in found)
    assert list(batches(["R1"], 1)) == ["b"]
    assert batches([], 5) == {}


@pytest.mark.parametrize("per_job", [10, 100])
def test_batches_are_of_use(per_job: int) -> None:
    """Not one run to a job: on average a batch is more than a third full."""
    found = batches([f"SIM-{n:06d}" for n in range(5000)], per_job)
    assert 5000 / per_job <= len(found) <= 3 * 5000 / per_job
