"""From one plate to an archive: what whole commands cost, beside a floor of the same machine and hour.

``make bench`` writes ``docs/benchmarks-archive.md``.  ``python tests/benchmarks/archive.py PART...``
measures some parts again; what was measured is kept in ``build/benchmarks/``.  SIMULATED archives.
"""

from __future__ import annotations

import csv
import gc
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import plain_script
from bench import RULE_SET, peak_resident, resident, sort_and_sum, synthetic_wells

from mrdq.amended_calls import analyse_amended
from mrdq.definitions import load_protocol
from mrdq.parallel import each
from mrdq.partition import PATIENTS
from mrdq.simulate import write_archive
from mrdq.status import combine
from mrdq.wells import named

ROOT = Path(__file__).parents[2]
REPORT = ROOT / "docs" / "benchmarks-archive.md"
KEPT = ROOT / "build" / "benchmarks"
SIZES = tuple(
    int(n) for n in os.environ.get("MRDQ_BENCH_SIZES", "100,1000,10000,100000").split(",")
)
ROUNDS = int(os.environ.get("MRDQ_BENCH_ROUNDS", "5"))
FEW = min(3, ROUNDS)  # of what takes minutes
CORES = 2
OTHER = "euromrd-2007-therapy-intensification"
MADE = ("results", "audit", "logs", "benchmarks", ".mrdq", ".snakemake")
Row = dict[str, Any]


def study(runs: int) -> Path:
    """A simulated archive, made once."""
    folder = KEPT / "studies" / str(runs)
    if not (folder / "whole").exists():
        shutil.rmtree(folder, ignore_errors=True)
        write_archive(folder, runs=runs)
        (folder / "whole").touch()
    return folder


def clean(folder: Path) -> None:
    for name in MADE:
        shutil.rmtree(folder / name, ignore_errors=True)


def command(*words: object) -> float:
    """Wall seconds of a whole process."""
    before = time.perf_counter()
    process = subprocess.Popen(
        [str(w) for w in words], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    _, said = process.communicate()
    seconds = time.perf_counter() - before
    if process.returncode:
        raise SystemExit(f"{words} ended with {process.returncode}:\n{said.decode()[-3000:]}")
    return seconds


def mrdq(*words: object) -> tuple[float, float]:
    """The same of an ``mrdq`` command; its peak is that of the largest of its processes."""
    code = (
        "import resource, sys; from mrdq.cli import main\n"
        "try: main(sys.argv[1:])\n"
        "except SystemExit as end: code = end.code\n"
        "both = (resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))\n"
        "print('PEAK', max(both) // 1024, file=sys.stderr); sys.exit(code)"
    )
    before = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, words)], capture_output=True, text=True, check=False
    )
    seconds = time.perf_counter() - before
    if done.returncode:
        raise SystemExit(f"mrdq {words} ended with {done.returncode}:\n{done.stderr[-3000:]}")
    return seconds, float(done.stderr.rsplit("PEAK ", 1)[1])


def snakemake(folder: Path, *words: object) -> float:
    return command(
        sys.executable,
        "-m",
        "snakemake",
        "--snakefile",
        ROOT / "Snakefile",
        "--directory",
        folder,
        *words,
    )


@contextmanager
def quiet() -> Iterator[None]:
    with redirect_stdout(StringIO()), redirect_stderr(StringIO()):
        yield


def in_turns(ours: Callable[[], float], floor: Callable[[], float], rounds: int = ROUNDS) -> Row:
    pairs = []
    for _ in range(rounds):
        gc.collect()
        below = floor()
        pairs.append((ours(), below))
    ratios = sorted(a / b for a, b in pairs)
    return {"ours": statistics.median(a for a, _ in pairs), "floor": statistics.median(b for _, b in pairs),
            "ratio": statistics.median(ratios), "low": ratios[0], "high": ratios[-1], "rounds": rounds,
            "excess": statistics.median(a - b for a, b in pairs)}  # fmt: skip


def timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def one_plate() -> Row:
    """The whole line of one plate, a whole process, beside the imports."""
    folder = study(1)

    def ours() -> float:
        clean(folder)
        return mrdq("run", folder)[0]

    return in_turns(ours, lambda: command(sys.executable, "-c", "import numpy, pandas"), ROUNDS * 3)


def thousand_plates() -> Row:
    """The whole line of a thousand plates in this process on one core, beside a plain script."""
    from mrdq.cli import main

    folder = study(1000)
    exports = sorted((folder / "data").iterdir())

    def ours() -> float:
        clean(folder)
        with quiet():
            return timed(lambda: main(["run", str(folder), "--cores", "1"], standalone_mode=False))

    return in_turns(ours, lambda: timed(lambda: plain_script.analyse(exports)), FEW)


def ingest() -> Row:
    """Reading 10,000 exports, everything up to WELLS included."""
    folder = study(10_000)
    exports = sorted((folder / "data").iterdir())

    def ours() -> float:
        clean(folder)
        return mrdq("ingest", folder, "--cores", CORES)[0]

    return in_turns(ours, lambda: timed(lambda: split_all(exports)))


def split_all(exports: list[Path]) -> None:
    parts = [exports[i::CORES] for i in range(CORES)]
    assert sum(each(split, parts, CORES)) > len(exports)


def split(exports: list[Path]) -> int:
    """Lines of exports, each split into its cells."""
    n = 0
    for path in exports:
        with path.open(newline="", encoding="utf-8") as file:
            n += len(list(csv.reader(file, delimiter="\t")))
    return n


def wells_to_status() -> Row:
    """In a process of its own, so that its peak is its own."""
    done = subprocess.run([sys.executable, __file__, "--wells-to-status"], check=True, capture_output=True, text=True)  # fmt: skip
    return dict(json.loads(done.stdout))


def workflow(runs: int) -> Callable[[], Row]:
    folder = study(runs)

    def ours() -> float:
        clean(folder)
        return snakemake(folder, "--cores", CORES)

    def floor() -> float:
        clean(folder)
        return mrdq("run", folder, "--cores", CORES)[0]

    return lambda: in_turns(ours, floor, FEW if runs > 1000 else ROUNDS)


def recall() -> Row:
    """Calling 10,000 runs that were read under another rule set, beside the first run."""
    folder = study(10_000)

    def first() -> float:
        clean(folder)
        return mrdq("run", folder, "--cores", CORES)[0]

    return in_turns(
        lambda: mrdq("run", folder, "--cores", CORES, "--guideline", OTHER)[0], first, FEW
    )


def growth() -> Row:
    """Wall time and peak memory of the first run at each size."""
    found = []
    for runs in SIZES:
        rounds = []
        for _ in range(ROUNDS if runs < 10_000 else FEW if runs < 100_000 else 1):
            clean(study(runs))
            rounds.append(mrdq("run", study(runs), "--cores", CORES))
        seconds, memory = (statistics.median(values) for values in zip(*rounds, strict=True))
        found.append({"runs": runs, "seconds": seconds, "memory": memory, "rounds": len(rounds)})
    size = np.log([one["runs"] for one in found])
    fit = {name: float(np.polyfit(size, np.log([one[name] for one in found]), 1)[0]) for name in ("seconds", "memory")}  # fmt: skip
    return {"sizes": found, "exponent": fit}


def one_more() -> Row:
    """One run more in an archive, and the same again with nothing new."""
    folder = study(10_000)
    sheet = folder / "config" / "runs.tsv"
    whole = sheet.read_text(encoding="utf-8")
    header, *lines = whole.splitlines(keepends=True)
    clean(folder)
    try:
        sheet.write_text("".join([header, *lines[:-1]]), encoding="utf-8")
        first, _ = mrdq("run", folder, "--cores", CORES)
        sheet.write_text(whole, encoding="utf-8")
        more, memory = mrdq("run", folder, "--cores", CORES)
        same, _ = mrdq("run", folder, "--cores", CORES)
    finally:
        sheet.write_text(whole, encoding="utf-8")
    return {"runs": len(lines), "first": first, "more": more, "same": same, "memory": memory}


def dag() -> Row:
    """``snakemake -n`` of 10⁵ runs from nothing."""
    folder = study(100_000)
    clean(folder)
    seconds = [snakemake(folder, "-n", "-q", "--cores", CORES) for _ in range(3)]
    return {
        "runs": 100_000,
        "seconds": statistics.median(seconds),
        "low": min(seconds),
        "high": max(seconds),
    }


def _wells_to_status(n: int) -> Row:
    """``n`` wells in memory, partitions of a thousand patients, nothing written."""
    wells, whole = synthetic_wells(n)
    generic = {"generic": load_protocol("generic")}
    starts = range(0, len(wells), 96 * PATIENTS)

    def part(start: int) -> tuple[int, int, int]:
        held = resident()
        rows = wells.iloc[start : start + 96 * PATIENTS]
        mine = pd.DataFrame({name: narrow(rows[name]) for name in rows})
        runs = list(mine["run_id"].cat.categories)
        assays = whole.assays[whole.assays["target"].isin(mine["target"].cat.categories)]
        calls = analyse_amended(mine, replace(whole, assays=assays), []).calls
        patients = calls["run_id"].astype(object)
        timepoints = calls["sample_id"].astype(object).str.slice(-2)
        calls = calls.assign(patient_id=patients, timepoint=timepoints)
        samples = pd.DataFrame({"sample_id": calls["sample_id"].astype(object), "patient_id": patients,
                                "timepoint": timepoints, "material": "BM"})  # fmt: skip
        status = combine(
            calls, samples, generic, dict.fromkeys(runs, "generic"), dict.fromkeys(runs, RULE_SET)
        )
        return len(calls), len(status), peak_resident() - held

    def ours() -> list[int]:
        n_calls, n_status, grown = zip(*each(part, starts, CORES), strict=True)
        assert [sum(n_calls), sum(n_status)] == [12 * (n // 96)] * 2
        return list(grown)

    part(0)  # imports
    gc.collect()
    before = resident()
    grown = ours()  # the first round tells the memory, before the floor needs its own
    peak = peak_resident() - before + CORES * max(grown)
    floor = sort_and_sum(wells)
    found = in_turns(lambda: timed(ours), lambda: timed(floor))
    return found | {"bytes_per_well": peak / len(wells), "wells": len(wells)}


def narrow(column: pd.Series) -> Any:
    """A part of a column, with just the categories that it has."""
    if column.dtype != "category":
        return column.to_numpy()
    used, code = np.unique(column.cat.codes.to_numpy(), return_inverse=True)
    return named(code.astype(np.int32), list(column.cat.categories.take(used)))


PARTS: dict[str, Callable[[], Row]] = {
    "one_plate": one_plate, "thousand_plates": thousand_plates, "ingest": ingest, "wells_to_status": wells_to_status,
    "workflow_100": lambda: workflow(100)(), "workflow_10000": lambda: workflow(10_000)(), "recall": recall,
    "growth": growth, "one_more": one_more, "dag": dag,
}  # fmt: skip


RATIOS: dict[str, tuple[str, str, float]] = {
    "one_plate": ("one 96-well plate, `mrdq run` as a whole process: check, read, call, status, page, seal",
                  '`python -c "import numpy, pandas"`', 1.5),
    "thousand_plates": ("1,000 plates, the same in one process on one core", ("a plain pandas script that fits the curves "
                        "and computes ratios (`plain_script.py`)"), 1.0),
    "ingest": ("10,000 text exports to WELLS, `mrdq ingest --cores 2` as a whole process",
               "reading them and splitting their cells with `csv` on 2 cores", 1.5),
    "wells_to_status": ("10⁷ wells from WELLS to STATUS with evidence on 2 cores, no files",
                        "np.lexsort and grouped sums of the same arrays", 3.0),
    "workflow_10000": ("10,000 runs by `snakemake --cores 2`", "`mrdq run --cores 2`", 1.3),
    "recall": ("10,000 runs that were read, called under another rule set", "their first `mrdq run`", 0.3),
}  # fmt: skip


def page(found: dict[str, Row]) -> str:
    rows = [ratio_row(*RATIOS[name], found[name]) for name in RATIOS]
    small, wells, more, plan = (
        found[n] for n in ("workflow_100", "wells_to_status", "one_more", "dag")
    )
    sizes = [
        f"| {s['runs']:,} | {s['seconds']:.1f} s | {1000 * s['seconds'] / s['runs']:.1f} | {s['memory']:,.0f} MB | {s['rounds']} |"
        for s in found["growth"]["sizes"]
    ]
    fit = found["growth"]["exponent"]
    return f"""# Benchmarks: from one plate to an archive

Made by `make bench` on {os.cpu_count()} cores: wall time, ours and the floor in turns, the median of the rounds; the
ratio's lowest and highest round show the machine's noise. SIMULATED archives: runs of 96 wells (QuantStudio
text, 12 kB), each one patient with twelve samples. Python {platform.python_version()}, numpy {np.__version__},
pandas {pd.__version__}.

| what | floor | ours | floor | ratio | lowest to highest | rounds | bound | met |
|---|---|---|---|---|---|---|---|---|
{chr(10).join(rows)}

100 runs by `snakemake --cores 2`: {small["ours"]:.1f} s, by `mrdq run` {small["floor"]:.1f} s; {small["excess"]:.1f} s more, bound 10 s, met:
{yes(small["excess"] <= 10)}.

WELLS to STATUS, peak memory: {wells["bytes_per_well"]:.0f} bytes a well beside the wells themselves, bound 200, met:
{yes(wells["bytes_per_well"] <= 200)}.

## Growth

The first `mrdq run --cores 2`, everything included. Memory is the peak of the largest process.

| runs | wall | ms a run | memory | rounds |
|---|---|---|---|---|
{chr(10).join(sizes)}

Exponents: time {fit["seconds"]:.2f} (bound 1.05, met: {yes(fit["seconds"] <= 1.05)}), memory {fit["memory"]:.2f}
(bound 0.3, met: {yes(fit["memory"] <= 0.3)}).

## One run more

An archive of {more["runs"]:,} runs: first run of all but one {more["first"]:.0f} s; with the last one added {more["more"]:.0f} s
({more["more"] / more["first"]:.2f} of it); again with nothing new {more["same"]:.0f} s. What it does again: that export, its
batch's table from the cache, its patient's partition, and the tables that hold every run, which are put together
from kept pieces.

`snakemake -n` of {plan["runs"]:,} runs from nothing: {plan["seconds"]:.1f} s ({plan["low"]:.1f} to {plan["high"]:.1f}), bound 30 s,
met: {yes(plan["seconds"] <= 30)}.

{REASONS}"""


def ratio_row(what: str, floor: str, bound: float, row: Row) -> str:
    return (f"| {what} | {floor} | {row['ours']:.2f} s | {row['floor']:.2f} s | {row['ratio']:.2f} | "
            f"{row['low']:.2f}–{row['high']:.2f} | {row['rounds']} | ≤ {bound:g} | {yes(row['ratio'] <= bound)} |")  # fmt: skip


def yes(met: bool) -> str:
    return "yes" if met else "**no**"


REASONS = """\
## Where a bound is missed

- *One plate*: the imports of the floor are a third of it. The rest are those of Arrow, click, YAML and Jinja, two blocks of
  the audit trail with their fsync, and the page.
- *Ingest*: splitting with `csv` is C at 3 µs a well. Detection by all readers, the check of every row, printed means
  compared, roles, SHA-256 and the cache are some sixty passes in Python over a small table; below twice the floor, exports
  with the same header would have to be read together as columns. The sheets, the imports and `wells.parquet` are part of it.
- *Another rule set*: reading is the only part that is saved, and it is not half of the first run any more: the sheets,
  writing the tables, sealing and the page are the same in both.
- *The workflow of 10,000 runs*: Snakemake starts in some 2 s, and each of its nine processes imports, loads 120,000 samples and
  writes its record.
"""


def main() -> None:
    if "--wells-to-status" in sys.argv:
        print(json.dumps(_wells_to_status(int(os.environ.get("MRDQ_BENCH_WELLS", "10000000")))))
        return
    KEPT.mkdir(parents=True, exist_ok=True)
    for name in sys.argv[1:] or PARTS:
        print(f"{name} ...", file=sys.stderr, flush=True)
        found = PARTS[name]()
        (KEPT / f"{name}.json").write_text(json.dumps(found))
        print(f"  {found}", file=sys.stderr, flush=True)
    kept = {name: json.loads((KEPT / f"{name}.json").read_text()) for name in PARTS}
    REPORT.write_text(page(kept), encoding="utf-8")
    print(f"Look at {REPORT}", file=sys.stderr)


if __name__ == "__main__":
    main()
