"""Many processes that record at the same time, while others seal: nothing is lost, torn or sealed twice."""

from __future__ import annotations

import json
import multiprocessing
import os
import platform
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ordeals import (
    Command,
    completed,
    differences,
    fork,
    half_written,
    load_everything,
    size,
    tell,
    timed,
)
from tiny import write_tiny

from mrdq.audit import merkle
from mrdq.audit import seal as sealing
from mrdq.audit.chain import block_name, read_chain
from mrdq.audit.files import state_of
from mrdq.audit.job import pending_jobs, recorded
from mrdq.audit.record import read_record
from mrdq.audit.seal import seal
from mrdq.audit.site import Site
from mrdq.audit.trail import Trail, names
from mrdq.audit.verify import verify

WRITERS, SEALERS = size("WRITERS", 64), 4
RECORDS = size("RECORDS", 10_000)
ROUNDS = size("RACES", 60)
SITE = Site(platform.node(), "analyst", "operator A")


def write(root: Path, writer: int) -> None:
    """A writer's share of the records: each time it writes its own result anew."""
    own = root / f"results/{writer}.tsv"
    for number in range(writer, RECORDS, WRITERS):
        with recorded(root, "call", SITE, {"number": number}) as job:
            own.write_text(f"{number}\n")
            job.writes(own)


def seal_until(root: Path, done: Path, told: Path) -> None:
    """Seal again and again; a line for each block that another sealed at the same time."""
    with told.open("w") as lost:
        while not done.exists():
            for line in seal(root, SITE).told:
                lost.write(f"{line}\n")


def child(work: Callable[..., None], *words: Any) -> int:
    process = fork()
    if process:
        return process
    code = 1
    try:
        work(*words)
        code = 0
    finally:
        os._exit(code)


def ended_well(processes: list[int]) -> None:
    codes = [os.waitpid(process, 0)[1] for process in processes]
    assert codes == [0] * len(codes)


def test_ten_thousand_records_by_64_writers_and_four_sealers(tmp_path: Path) -> None:
    load_everything()
    root, done = tmp_path / "study", tmp_path / "done"
    (root / "results").mkdir(parents=True)
    start = time.monotonic()
    sealers = [child(seal_until, root, done, tmp_path / f"told-{n}") for n in range(SEALERS)]
    ended_well([child(write, root, n) for n in range(WRITERS)])
    done.touch()
    ended_well(sealers)
    seal(root, SITE)
    tell(
        f"{RECORDS} records by {WRITERS} writers and {SEALERS} sealers: {time.monotonic() - start:.1f} s"
    )

    folder = Trail(root).records
    found = {name: read_record(name, (folder / name).read_bytes()) for name in names(folder)}
    assert sorted(record.parameters["number"] for record in found.values()) == list(range(RECORDS))
    chain = read_chain(root)
    assert chain.problems == ()
    sealed = Counter(name for block in chain.blocks for name in block.records)
    assert sealed == dict.fromkeys(found, 1)
    for block in chain.blocks:
        assert block.records == {name: found[name].sha256 for name in block.records}
        leaves = ((folder / name).read_bytes() for name in sorted(block.records))
        assert block.content["records_root"] == merkle.root(leaves)
    assert {path: one.state for path, one in chain.files.items()} == {
        f"results/{n}.tsv": state_of(root, f"results/{n}.tsv") for n in range(WRITERS)}  # fmt: skip
    assert pending_jobs(root) == {}
    assert half_written(root) == []
    with timed("verify"):
        verdict = verify(root)
    assert (verdict.differences, verdict.records) == ((), RECORDS)
    lost = sum(len((tmp_path / f"told-{n}").read_text().splitlines()) for n in range(SEALERS))
    tell(f"{len(chain.blocks)} blocks; {lost} times a sealer said that another was first")


def at_the_same_moment(barrier: Any) -> None:
    """Both sealers have read the chain and made their block before one of them links it.  They are jobs
    of Snakemake: of two people the second would be refused."""
    as_a_job()
    written = sealing.write_once

    def linked(path: Path, data: bytes) -> bool:
        if path.parent.name == "blocks":
            sealing.write_once = written
            barrier.wait()
        return written(path, data)

    sealing.write_once = linked


def as_a_job() -> None:
    os.environ["MRDQ_JOB"] = "{any}{1}"


def test_of_two_sealers_of_a_run_one_wins_and_the_other_says_so(place: Path) -> None:
    load_everything()
    root = place / "study"
    write_tiny(root)
    completed("run", root)
    both = multiprocessing.get_context("fork")
    for number in range(3, 3 + ROUNDS):
        with recorded(root, "call", SITE, {"round": number}):
            pass
        barrier = both.Barrier(2, timeout=60)
        commands = [
            Command("audit", "seal", root, inside=lambda b=barrier: at_the_same_moment(b))
            for _ in range(2)
        ]
        ended = [command.ended() for command in commands]
        assert [one.code for one in ended] == [0, 0], ended
        told = [f"note: block {number} was sealed by " in one.text for one in ended]
        assert sorted(told) == [False, True], ended
        head = f"block {number}, head {read_chain(root).head.hash}"
        assert all(head in one.text for one in ended)
    assert len(names(Trail(root).blocks)) == 2 + ROUNDS
    assert differences(root) == []
    assert half_written(root) == []
    tell(f"{ROUNDS} rounds: one won and the other said so in each")


REFUSED = {
    "people": "expected a study on which nobody else works now",
    "jobs": "run again",
}


@pytest.mark.parametrize("who", REFUSED)
def test_verbs_at_the_same_time(place: Path, who: str) -> None:
    """Of people one works and the others are refused; jobs race.  Every record is sealed once, and the
    next run is clean."""
    load_everything()
    root = place / "study"
    write_tiny(root)
    completed("run", root)
    for _ in range(max(1, ROUNDS // 10)):
        inside = as_a_job if who == "jobs" else lambda: None
        commands = [Command(verb, root, inside=inside) for verb in ("report", "status", "report")]
        ended = [command.ended() for command in commands]
        assert all(one.code in (0, 2) and "Traceback" not in one.text for one in ended), ended
        assert all(REFUSED[who] in one.text for one in ended if one.code == 2), ended
        assert any(one.code == 0 for one in ended), ended
        assert read_chain(root).problems == ()
    completed("run", root)
    assert differences(root) == []
    last = json.loads((Trail(root).blocks / block_name(read_chain(root).head.number)).read_bytes())
    assert last["clock"] == ""
