"""The same on a SLURM whose accounting keeps what jobs did (slurmdbd, MariaDB)."""

from __future__ import annotations

from pathlib import Path

from cluster import NODES, Cluster, until
from flow import Flow
from outcome import Archive, ends_right, in_allocations, one_allocation
from small_study import copy


def test_jobs_are_in_allocations_and_a_cancelled_one_is_noticed(
    accounted: Cluster, archive: Archive, tmp_path: Path
) -> None:
    study = copy(archive.study, tmp_path / "study")
    with Flow(accounted, study, held=archive.batches) as flow:
        flow.until("jobs on both nodes", lambda: all(flow.running(node) for node in NODES))
        job = flow.running()[0]
        accounted.command("scancel", job["id"])
        flow.until(
            "Snakemake noticing it", lambda: f"SLURM-job '{job['id']}' failed" in flow.text, 120
        )
        flow.let_go()
        ends_right(flow, archive)
    assert flow.restarted() == 1
    until("all jobs in the accounts", lambda: set(accounts(flow)) == set(flow.jobs()))
    kept = accounts(flow)
    cancelled, _ = kept.pop(job["id"])
    assert cancelled.startswith("CANCELLED")
    assert {state for state, _ in kept.values()} == {"COMPLETED"}
    assert {node for _, node in kept.values()} == set(NODES)
    assert in_allocations(study) == set(kept)


def accounts(flow: Flow) -> dict[str, tuple[str, str]]:
    """Jobs of a run by ``sacct``: number -> state and node."""
    lines = flow.cluster.command(
        "sacct", "-X", "-n", "-P", "--name", flow.name, "-o", "JobIDRaw,State,NodeList"
    )
    rows = (line.split("|") for line in lines.splitlines())
    return {number: (state, node) for number, state, node in rows}


def test_the_whole_workflow_in_one_allocation(
    accounted: Cluster, archive: Archive, tmp_path: Path
) -> None:
    one_allocation(accounted, archive, tmp_path)
