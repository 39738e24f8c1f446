"""The workflow on a real SLURM without accounting, and what happens to clusters, in mid-run."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from cluster import NODES, Cluster, until
from flow import Flow
from outcome import (
    Archive,
    end_of,
    ends_right,
    in_allocations,
    one_allocation,
    records,
    submit,
    verified,
)
from small_study import copy, table, tree

from mrdq.plan import memory_mb

STATE_IS_SAVED_S = 6
"""The controller writes down what changed within 5 seconds; a crash before that loses it."""


@pytest.fixture(scope="module")
def plain(cluster: Cluster, archive: Archive, tmp_path_factory: pytest.TempPathFactory) -> Flow:
    """A run to which nothing happens."""
    study = copy(archive.study, tmp_path_factory.mktemp("plain") / "study")
    with Flow(cluster, study) as flow:
        ends_right(flow, archive)
    return flow


def test_every_job_is_in_an_allocation(plain: Flow, archive: Archive) -> None:
    jobs = plain.jobs()
    assert in_allocations(plain.study) == set(jobs)
    assert {job["JobState"] for job in jobs.values()} == {"COMPLETED"}
    assert {job["NodeList"] for job in jobs.values()} == set(NODES)
    rules = [record["rule"] for record in records(plain.study)]
    assert rules.count("ingest") == len(archive.batches)
    assert set(rules) >= {"gather", "call", "status", "report"}


def test_the_whole_workflow_in_one_allocation(
    cluster: Cluster, archive: Archive, tmp_path: Path
) -> None:
    one_allocation(cluster, archive, tmp_path)


# --- A cluster in trouble -----------------------------------------------------------------------


def test_troubles_of_one_run(cluster: Cluster, archive: Archive, tmp_path: Path) -> None:
    """A drained node, a crashed controller, a cancelled job and one that is short of memory."""
    study = copy(archive.study, tmp_path / "study")
    hungry = min(archive.batches)
    first_mb = memory_mb(len(archive.batches[hungry]), 1)
    eats = {hungry: first_mb * 5 // 4}
    with Flow(cluster, study, held=archive.batches, hungry=eats) as flow:
        flow.until("jobs on both nodes", lambda: all(flow.running(node) for node in NODES))
        node_drained_and_brought_back(flow, hungry)
        controller_killed_and_started(flow)
        cancelled = job_cancelled(flow, hungry)
        flow.let_go()
        ends_right(flow, archive)
    killed = killed_for_its_memory(flow, hungry)
    assert flow.restarted() == 2
    well = {number for number, job in flow.jobs().items() if job["JobState"] == "COMPLETED"}
    assert set(flow.jobs()) - well == {cancelled, killed}
    assert in_allocations(study) == well


def node_drained_and_brought_back(flow: Flow, hungry: str) -> None:
    """What runs on the node ends there, what waits goes to the other one, until it is back."""
    drained, other = NODES
    cluster, on_it = flow.cluster, flow.running(drained)
    cluster.command("scontrol", "update", f"NodeName={drained}", "State=DRAIN", "Reason=test")
    assert cluster.states()[drained] == "draining"
    assert {job["id"] for job in flow.running(drained)} == {job["id"] for job in on_it}
    flow.let_go(*(job["batch"] for job in on_it))
    until("the node drained", lambda: cluster.states()[drained] == "drained")
    assert {flow.state(job["id"]) for job in on_it if job["batch"] != hungry} == {"COMPLETED"}
    waiting = {job["id"] for job in flow.queue("pending")}
    assert waiting
    flow.let_go(next(job["batch"] for job in flow.running(other) if job["batch"] != hungry))
    flow.until("a job that waited on the other node",
          lambda: waiting & {job["id"] for job in flow.running(other)})  # fmt: skip
    assert cluster.states()[drained] == "drained"
    assert not flow.running(drained)
    cluster.command("scontrol", "update", f"NodeName={drained}", "State=RESUME")
    flow.until("a job on the node that is back", lambda: flow.running(drained))


def controller_killed_and_started(flow: Flow) -> None:
    """Jobs outlive the controller, and it finds them again."""
    time.sleep(STATE_IS_SAVED_S)
    running = {job["id"] for job in flow.running()}
    assert running
    killed = flow.cluster.kill_controller()
    assert flow.cluster.start_controller() != killed
    assert {job["id"] for job in flow.running()} >= running
    assert flow.process.poll() is None


def job_cancelled(flow: Flow, hungry: str) -> str:
    """A running job is cancelled by somebody: Snakemake says so, and tries it again."""
    job = next(job for job in flow.running() if job["batch"] != hungry)
    flow.cluster.command("scancel", job["id"])
    until("the job cancelled", lambda: flow.state(job["id"]) == "CANCELLED")
    told = f"SLURM-job '{job['id']}' failed, SLURM status is: 'CANCELLED'"
    seconds = flow.until("Snakemake noticing it", lambda: told in flow.text)
    print(f"a cancelled job was noticed after {seconds:.0f} s")
    flow.until("the next attempt", lambda: len(flow.submitted(job["batch"])) == 2)
    return job["id"]


def killed_for_its_memory(flow: Flow, hungry: str) -> str:
    """The job took more than it had asked for, SLURM killed it, and the next one asked for more."""
    first, second = (number for number, _ in flow.submitted(hungry))
    jobs = flow.jobs()
    assert (jobs[first]["JobState"], jobs[second]["JobState"]) == ("FAILED", "COMPLETED")
    assert asked_mb(jobs[first]) < flow.hungry[hungry] < asked_mb(jobs[second])
    log = next((flow.study / ".snakemake" / "slurm_logs").rglob(f"{first}.log"))
    assert "exceeded memory limit" in log.read_text()
    return first


def asked_mb(job: dict[str, str]) -> int:
    """Memory [MiB] of a job, of ``cpu=1,mem=510M,...``."""
    asked = dict(word.split("=") for word in job["Tres"].split(","))["mem"]
    assert asked.endswith("M")
    return int(asked.removesuffix("M"))


# --- A Snakemake in trouble ---------------------------------------------------------------------


def test_snakemake_killed_and_started_again(
    cluster: Cluster, archive: Archive, tmp_path: Path
) -> None:
    """The jobs of the one that was killed go on beside those of the one that goes on."""
    study = copy(archive.study, tmp_path / "study")
    with Flow(cluster, study, held=archive.batches) as killed:
        killed.until("jobs that run", lambda: len(killed.running()) == 4)
        done = [batch for _, batch in killed.submitted()[:2]]
        killed.let_go(*done)
        killed.until("two jobs that ended", lambda: killed.finished() == 2)
        killed.until("four jobs again", lambda: len(killed.running()) == 4)
        killed.kill()
    with Flow(cluster, study) as again:
        again.until("jobs of the second start", again.queue)
        assert len(killed.running()) == 4
        again.let_go()
        ends_right(again, archive)
    assert {job["JobState"] for job in killed.jobs().values()} == {"COMPLETED"}
    assert not any(again.submitted(batch) for batch in done)
    assert all(again.submitted(batch) for batch in set(archive.batches) - set(done))
    assert in_allocations(study) <= set(killed.jobs()) | set(again.jobs())


# --- Failures -----------------------------------------------------------------------------------


def test_jobs_that_die_show_their_logs(cluster: Cluster, archive: Archive, tmp_path: Path) -> None:
    """One dies, one is killed for its memory: at the end stand the last lines of the log that says
    so, its own or SLURM's. A third job is done, and nothing hangs."""
    study = copy(archive.study, tmp_path / "study")
    dying, hungry, well = sorted(archive.batches)[:3]
    files = [f".mrdq/batches/{batch}/wells.parquet" for batch in (dying, hungry, well)]
    eats = {hungry: memory_mb(len(archive.batches[hungry]), 1) * 5 // 4}
    with Flow(cluster, study, "--retries", "0", *files, dying=[dying], hungry=eats) as flow:
        assert flow.finish() == 1
    states = {batch: flow.jobs()[number]["JobState"] for number, batch in flow.submitted()}
    assert states == {dying: "FAILED", hungry: "FAILED", well: "COMPLETED"}
    assert [(study / file).exists() for file in files] == [False, False, True]
    summary = flow.text.partition("failed: ")[2]
    assert f"ingest {dying}" in flow.text
    assert "about to die of SIGKILL" in summary
    assert "exceeded memory limit" in summary


def test_an_export_that_cannot_be_read_fails_at_the_gate(
    cluster: Cluster, archive: Archive, tmp_path: Path
) -> None:
    """All else is made; the job has failed, and its log names the run at its end."""
    study = copy(archive.study, tmp_path / "study")
    (study / "data" / "SIM-000003.txt").write_bytes(b"\xff\x00 nothing")
    number = submit(cluster, study)
    assert end_of(cluster, number) == "FAILED"
    failed = [row for row in table(study / "results" / "runs.tsv") if row["state"] == "failed"]
    assert [row["run_id"] for row in failed] == ["SIM-000003"]
    assert (study / "results" / "status.tsv").exists()
    log = (study / "logs" / f"slurm-{number}.log").read_text()
    assert 'found "SIM-000003", expected a run that can be read' in log


def test_a_cancelled_submission_goes_on_when_it_is_submitted_again(
    cluster: Cluster, archive: Archive, tmp_path: Path
) -> None:
    study = copy(archive.study, tmp_path / "study")
    cancelled = submit(cluster, study)
    until("a batch that was read", lambda: [*study.glob(".mrdq/batches/*/wells.parquet")])
    cluster.command("scancel", cancelled)
    assert end_of(cluster, cancelled) == "CANCELLED"
    assert not (study / "results" / "status.tsv").exists()
    again = submit(cluster, study)
    assert end_of(cluster, again) == "COMPLETED"
    assert tree(study / "results") == archive.straight
    assert {record["cluster"] for record in records(study)} == {
        f"slurm {cancelled}",
        f"slurm {again}",
    }
    verified(study, cluster.environment)
