"""What ``mrdq audit verify`` costs beside reading and hashing the same files.

``make bench`` writes ``docs/benchmarks-audit.md``.  The files are random bytes of the size of exports
and layouts: nothing of them is read but their hash.  ``fsync`` is left out while the trails are made;
that is no part of what is measured.
"""

from __future__ import annotations

import gc
import hashlib
import os
import platform
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from unittest import mock

import recording

from mrdq.audit.job import recorded
from mrdq.audit.seal import seal
from mrdq.audit.site import Site
from mrdq.audit.verify import verify

REPORT = Path(__file__).parents[2] / "docs" / "benchmarks-audit.md"
SITE = Site("host", "user")
EXPORT, LAYOUT, TABLE = 12_000, 4_000, 2_000_000  # bytes
RUNS, BLOCKS = 10_000, 100
BOUND = 10.0  # seconds for 10,000 runs, beside reading the files
ROUNDS = 3
RECORDED, SHARE = 1_000, 3.0  # runs, and percent that recording may add
RESULTS = tuple(f"results/{name}.tsv" for name in ("runs", "curves", "evidence", "calls", "status"))


def names(number: int) -> tuple[str, str, str]:
    run = f"SIM-{number:06d}"
    return run, f"data/{run}.txt", f"config/layouts/{run}.tsv"


def write_files(root: Path, runs: int) -> None:
    random.seed(7)
    for number in range(runs):
        _, export, layout = names(number)
        write(root / export, random.randbytes(EXPORT))
        write(root / layout, random.randbytes(LAYOUT // 2).hex().encode())
    for path in RESULTS:
        write(root / path, random.randbytes(TABLE // 2).hex().encode())


def write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def one_job(root: Path, runs: int) -> None:
    """As ``mrdq run`` does it: one record of everything, sealed once."""
    with recorded(root, "run", SITE) as job:
        for number in range(runs):
            run, export, layout = names(number)
            job.runs.append(run)
            job.reads(export)
            job.reads(layout, keep=True)
        job.writes(*RESULTS)
    seal(root, SITE)


def many_jobs(root: Path, runs: int) -> None:
    """As a growing archive does it: a record of each run, and a block of each hundredth of them."""
    for number in range(runs):
        run, export, layout = names(number)
        with recorded(root, "ingest", SITE) as job:
            job.runs.append(run)
            job.reads(export)
            job.reads(layout, keep=True)
        if (number + 1) % max(1, runs // BLOCKS) == 0:
            seal(root, SITE)
    with recorded(root, "call", SITE) as job:
        job.writes(*RESULTS)
    seal(root, SITE)


def read_and_hash(root: Path) -> None:
    """The floor: every file of the study and of its trail."""
    for folder, _, files in os.walk(root):
        for name in files:
            with open(os.path.join(folder, name), "rb") as file:
                hashlib.file_digest(file, "sha256").hexdigest()


def in_turns(ours: Callable[[], object], floor: Callable[[], object]) -> tuple[float, float]:
    """Median CPU seconds of both."""
    a: list[float] = []
    b: list[float] = []
    for _ in range(ROUNDS):
        for function, times in ((floor, b), (ours, a)):
            gc.collect()
            start = time.process_time()
            function()
            times.append(time.process_time() - start)
    return statistics.median(a), statistics.median(b)


def measure(make: Callable[[Path, int], None], runs: int) -> tuple[float, float, int, int]:
    """CPU seconds of ``verify`` and of the floor, and how many records and blocks there are."""
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        write_files(root, runs)
        with mock.patch("os.fsync"):
            make(root, runs)
        verdict = verify(root)
        assert not verdict.differences, verdict.differences[:5]
        return (
            *in_turns(lambda: verify(root), lambda: read_and_hash(root)),
            verdict.records,
            verdict.blocks,
        )


def main() -> None:
    rows, longest = [], 0.0
    for make in (one_job, many_jobs):
        for runs in (RUNS // 10, RUNS):
            ours, floor, records, blocks = measure(make, runs)
            longest = max(longest, ours - floor)
            rows.append(
                f"| {runs:,} | {records:,} | {blocks} | {ours:.2f} | {floor:.2f} | {ours - floor:.2f} |"
            )
            print(rows[-1], file=sys.stderr)
    cost = sorted((recording.measure(RECORDED) for _ in range(3)), key=lambda run: run[1] / run[0])
    print(cost, file=sys.stderr)
    REPORT.write_text(page(rows, longest, cost), encoding="utf-8")
    print(f"Look at {REPORT}", file=sys.stderr)


def page(rows: list[str], longest: float, cost: list[tuple[float, float]]) -> str:
    met = "yes" if longest <= BOUND else "**no**"
    shares = [100 * spent / (whole - spent) for whole, spent in cost]
    whole, spent = cost[len(cost) // 2]
    cheap = "yes" if shares[len(shares) // 2] <= SHARE else "**no**"
    return f"""# Benchmarks of the audit trail

Made by `make bench`: CPU seconds on one core of `mrdq audit verify`, the median of {ROUNDS} rounds in
which it takes turns with the floor: reading and hashing every file of the study and of its trail,
and nothing else. Files from the cache of the system. Random bytes in the size of exports
({EXPORT // 1000} kB) and layouts ({LAYOUT // 1000} kB), and of five tables. Python {platform.python_version()}.

Bound: {BOUND:g} s beside the floor for {RUNS:,} runs, met: {met} ({longest:.1f} s).

| runs | records | blocks | verify [s] | floor [s] | beside it [s] |
|---|---|---|---|---|---|
{chr(10).join(rows)}

## What recording costs

The first `mrdq run` of {RECORDED:,} simulated runs, wall time without imports: {whole:.1f} s, of which {spent:.2f} s in recording
(hashing, keeping, writing records with fsync, sealing twice): **{shares[len(shares) // 2]:.1f} %** of the rest, the median of
{len(cost)} ({shares[0]:.1f} to {shares[-1]:.1f} %). Bound: {SHARE:g} %, met: {cheap}.
"""


if __name__ == "__main__":
    main()
