"""The benchmarks: ratios against floors that are measured in the same run, on one core.

``make bench`` writes ``docs/benchmarks.md``.  Every figure is the median of several rounds in
which ours and the floor take turns, so that a drift of the machine's speed hits both.
"""

from __future__ import annotations

import csv
import gc
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from mrdq import ingest, storage
from mrdq.analysis import Definitions, analyse
from mrdq.definitions import load_guideline
from mrdq.simulate import write_archive
from mrdq.study import load_study
from mrdq.wells import named

REPORT = Path(__file__).parents[2] / "docs" / "benchmarks.md"
RULE_SET = "euromrd-2007-therapy-reduction"


def in_turns(
    ours: Callable[[], object], floor: Callable[[], object], rounds: int
) -> tuple[float, float, list[float]]:
    """Median CPU seconds of both, and the ratio of each round."""
    a, b = [], []
    for _ in range(rounds):
        for function, times in ((floor, b), (ours, a)):
            gc.collect()
            start = time.process_time()
            function()
            times.append(time.process_time() - start)
    return (
        statistics.median(a),
        statistics.median(b),
        sorted(x / y for x, y in zip(a, b, strict=True)),
    )


def ingest_exports(rounds: int) -> dict[str, object]:
    return _ingest(rounds, "1,000 96-well text exports (QuantStudio: Sample Setup and Results)")


def ingest_bare_exports(rounds: int) -> dict[str, object]:
    """The hardest case for the ratio: nothing in the file but the table that is read."""
    return _ingest(rounds, "the same without the section Sample Setup", results_only=True)


def _ingest(rounds: int, what: str, *, results_only: bool = False) -> dict[str, object]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_archive(folder, runs=1000)
        study = load_study(folder)
        files = sorted((folder / "data").iterdir())
        for file in files if results_only else ():
            text = file.read_text(encoding="utf-8")
            start, end = text.index("[Sample Setup]"), text.index("[Results]")
            file.write_text(text[:start] + text[end:], encoding="utf-8")

        def floor() -> None:
            for file in files:
                with file.open(newline="", encoding="utf-8") as handle:
                    list(csv.reader(handle, delimiter="\t"))

        def ours() -> None:
            reading = ingest.read_runs(study)
            assert len(reading.wells) == 96_000
            assert not reading.problems.errors

        return row(f"ingest of {what}", "open and split their lines with csv", 3.0,
                   *in_turns(ours, floor, rounds))  # fmt: skip


def synthetic_wells(n: int) -> tuple[pd.DataFrame, Definitions]:
    """About ``n`` wells of 96-well runs, as WELLS holds them, in random order of plates."""
    runs = max(1, n // 96)
    rng = np.random.default_rng(7)
    doses = np.repeat([1e-1, 1e-2, 1e-3, 1e-4, 1e-5], 3)
    amounts = np.repeat([1000.0, 200.0, 40.0, 8.0], 2)
    samples = 12
    levels = 10.0 ** rng.uniform(-6, -1, (runs, samples))
    blocks = [  # role, target, sample, dilution, quantity, Cq
        ("standard", 0, np.zeros(15, int), doses, None, 22.3 - 3.4 * np.log10(doses)),
        ("background", 0, np.zeros(6, int), None, None, np.full(6, 41.0)),
        ("ntc", 0, np.zeros(3, int), None, None, np.full(3, np.nan)),
        ("sample", 0, np.repeat(np.arange(1, 13), 3), None, None, np.full(36, 0.0)),
        ("standard", 1, np.zeros(8, int), None, amounts, 33.5 - 3.4 * np.log10(amounts)),
        ("ntc", 1, np.zeros(4, int), None, None, np.full(4, np.nan)),
        ("sample", 1, np.repeat(np.arange(1, 13), 2), None, None, np.full(24, 24.1)),
    ]
    sizes = [len(block[2]) for block in blocks]
    roles = ["standard", "sample", "background", "ntc"]
    role = np.concatenate(
        [np.full(s, roles.index(b[0])) for s, b in zip(sizes, blocks, strict=True)]
    )
    target = np.concatenate([np.full(s, b[1]) for s, b in zip(sizes, blocks, strict=True)])
    sample = np.concatenate([b[2] for b in blocks])
    dilution = np.concatenate(
        [np.full(s, np.nan) if b[3] is None else b[3] for s, b in zip(sizes, blocks, strict=True)]
    )
    quantity = np.concatenate(
        [np.full(s, np.nan) if b[4] is None else b[4] for s, b in zip(sizes, blocks, strict=True)]
    )
    cq = np.tile(np.concatenate([b[5] for b in blocks]), (runs, 1)) + rng.normal(
        0, 0.15, (runs, 96)
    )
    cq[:, 24:60] = (
        22.3 - 3.4 * np.log10(np.repeat(levels, 3, axis=1)) + rng.normal(0, 0.2, (runs, 36))
    )
    cq[cq > 42] = np.nan
    run = np.repeat(np.arange(runs), 96)
    names = [f"R{i:07d}" for i in range(runs)]
    sample_code = np.where(np.tile(sample, runs) > 0, run * samples + np.tile(sample, runs), 0)
    sample_names = ["", *(f"S{i:07d}-{k:02d}" for i in range(runs) for k in range(1, samples + 1))]
    flat = cq.ravel()
    wells = pd.DataFrame(
        {
            "run_id": named(run.astype(np.int32), names),
            "target": named(
                np.where(np.tile(target, runs) == 1, runs, run).astype(np.int32),
                [*(f"T{i:07d}" for i in range(runs)), "ALB"],
            ),
            "role": named(np.tile(role, runs).astype(np.int8), roles),
            "sample_id": named(sample_code.astype(np.int32), sample_names),
            "dilution": np.tile(dilution, runs),
            "quantity_ng": np.tile(quantity, runs),
            "cq": flat,
            "cq_state": named(np.isnan(flat).astype(np.int8), ["determined", "undetermined"]),
        }
    )
    guideline = load_guideline(RULE_SET)
    targets = [f"T{i:07d}" for i in range(runs)]
    assays = pd.DataFrame({"target": [*targets, "ALB"], "kind": ["mrd"] * runs + ["control_gene"],
                           "patient_id": "", "dna_per_well_ng": 600.0, "control_gene": ["ALB"] * runs + [""],
                           "blast_fraction": np.nan, "guideline": [RULE_SET] * runs + [""]})  # fmt: skip
    definitions = Definitions(assays, pd.DataFrame(), pd.DataFrame({"run_id": names, "performed_on": ""}),
                              {RULE_SET: guideline}, True)  # fmt: skip
    return wells, definitions


def sort_and_sum(wells: pd.DataFrame) -> Callable[[], object]:
    """The floor: one lexsort of the same arrays, and sums over its groups."""
    keys = [wells[name].cat.codes.to_numpy() for name in ("run_id", "target", "role", "sample_id")]
    dose = wells["dilution"].to_numpy()
    cq = wells["cq"].to_numpy()

    def floor() -> float:
        order = np.lexsort((cq, dose, *reversed(keys)))
        change = np.zeros(len(order), dtype=bool)
        for key in (*keys, dose):
            ordered = key[order]
            change[1:] |= ordered[1:] != ordered[:-1]
        start = np.flatnonzero(change)
        values = np.nan_to_num(cq[order])
        return float(
            np.add.reduceat(values, start).sum() + np.add.reduceat(values * values, start).sum()
        )

    return floor


def wells_to_calls(rounds: int) -> dict[str, object]:
    wells, definitions = synthetic_wells(1_000_000)

    def ours() -> None:
        assert len(analyse(wells, definitions).calls) == 12 * (1_000_000 // 96)

    return row(f"{len(wells):,} wells from WELLS to CALLS, with evidence", "np.lexsort and grouped sums of the same arrays",
               5.0, *in_turns(ours, sort_and_sum(wells), rounds))  # fmt: skip


def help_text(rounds: int) -> dict[str, object]:
    def process(*words: str) -> Callable[[], object]:
        return lambda: subprocess.run([sys.executable, *words], check=True, capture_output=True)

    ours, floor = [], []
    for _ in range(rounds * 3):
        for function, times in ((process("-c", "import click"), floor),
                                (process("-c", "from mrdq.cli import main; main(['--help'])"), ours)):  # fmt: skip
            before = os.times()
            function()
            after = os.times()
            times.append(
                after.children_user
                + after.children_system
                - before.children_user
                - before.children_system
            )
    ratios = sorted(a / b for a, b in zip(ours, floor, strict=True))
    return row("mrdq --help, whole process", "import click, whole process", 2.0, statistics.median(ours),
               statistics.median(floor), ratios)  # fmt: skip


def growth(sizes: tuple[int, ...]) -> list[dict[str, float]]:
    """Time and peak memory at each size, each in a process of its own."""
    out = []
    for size in sizes:
        done = subprocess.run(
            [sys.executable, __file__, "--one", str(size)],
            check=True,
            capture_output=True,
            text=True,
        )
        out.append(json.loads(done.stdout))
    return out


def one(size: int) -> dict[str, float]:
    wells, definitions = synthetic_wells(size)
    analyse(*synthetic_wells(960))  # imports and caches
    gc.collect()
    before = resident()
    start = time.process_time()
    tables = analyse(wells, definitions)
    seconds = time.process_time() - start
    peak = peak_resident()
    return {
        "wells": len(wells),
        "seconds": seconds,
        "bytes_per_well": (peak - before) / len(wells),
        "calls": len(tables.calls),
    }


def resident() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def peak_resident() -> int:
    line = next(
        line
        for line in Path("/proc/self/status").read_text().splitlines()
        if line.startswith("VmHWM")
    )
    return int(line.split()[1]) * 1024


def row(
    what: str, floor: str, bound: float, seconds: float, floor_seconds: float, ratios: list[float]
) -> dict[str, object]:
    return {"what": what, "floor": floor, "bound": bound, "seconds": seconds, "floor_seconds": floor_seconds,
            "ratio": statistics.median(ratios), "low": ratios[0], "high": ratios[-1]}  # fmt: skip


def main() -> None:
    if "--one" in sys.argv:
        print(json.dumps(one(int(sys.argv[-1]))))
        return
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    rounds = 7
    rows = []
    for measure in (ingest_exports, ingest_bare_exports, wells_to_calls, help_text):
        print(f"{measure.__name__} ...", file=sys.stderr, flush=True)
        rows.append(measure(rounds))
        print(f"  ratio {rows[-1]['ratio']:.2f} (bound {rows[-1]['bound']:g})", file=sys.stderr)
    print("growth ...", file=sys.stderr, flush=True)
    sizes = growth((10_000, 100_000, 1_000_000, 10_000_000))
    storage.write_bytes(REPORT, render(rows, sizes).encode())
    print(f"Look at {REPORT}", file=sys.stderr)


def render(rows: list[dict[str, object]], sizes: list[dict[str, float]]) -> str:
    large = [size for size in sizes if size["wells"] >= 90_000]
    exponent = np.polyfit(
        np.log([s["wells"] for s in large]), np.log([s["seconds"] for s in large]), 1
    )[0]
    lines = [
        "# Benchmarks",
        "",
        "Made by `make bench`: CPU time on one core, the median of 7 rounds in which ours and the floor take",
        "turns; the ratio's lowest and highest round show the machine's noise. Simulated data.",
        f"Python {platform.python_version()}, numpy {np.__version__}, pandas {pd.__version__}.",
        "",
        "| what | floor | ours | floor | ratio | rounds | bound | met |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for r in rows:
        met = "yes" if float(str(r["ratio"])) <= float(str(r["bound"])) else "**no**"
        lines.append(f"| {r['what']} | {r['floor']} | {r['seconds']:.3f} s | {r['floor_seconds']:.3f} s | {r['ratio']:.2f} "
                     f"| {r['low']:.2f}–{r['high']:.2f} | ≤ {r['bound']:g} | {met} |")  # fmt: skip
    lines += [
        "",
        "Growth of WELLS to CALLS, each size in a process of its own; memory is the peak resident size less",
        "that before (the wells themselves), per well. Bound: 500 bytes a well.",
        "",
        "| wells | calls | CPU | µs a well | peak bytes a well |",
        "|---|---|---|---|---|",
    ]
    for s in sizes:
        per = 1e6 * s["seconds"] / s["wells"]
        lines.append(
            f"| {s['wells']:,.0f} | {s['calls']:,.0f} | {s['seconds']:.2f} s | {per:.2f} | {s['bytes_per_well']:.0f} |"
        )
    lines += ["", f"Exponent of the time from 10⁵ to 10⁷ wells: {exponent:.2f} (1 is linear).", ""]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
