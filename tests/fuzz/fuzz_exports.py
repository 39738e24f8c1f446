"""Coverage-guided fuzzing of the readers, one family at a time.

``python tests/fuzz/fuzz_exports.py FAMILY [--seconds 60]`` fuzzes one family; without a family it
does so for each one, ``--jobs`` at a time, prints a line per family, and ends with exit code 1 if
there was a finding.  The README says what holds and what to do with a finding.
"""

from __future__ import annotations

import argparse
import hashlib
import random
import re
import subprocess
import sys
import tempfile
import traceback
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve()
FINDINGS = HERE.parents[2] / "build/fuzz"
LARGEST = 60_000
"""Bytes of an input.  Small exports reach every line, and larger ones only take longer."""


def main() -> int:
    # Started as a file, Python looks for modules beside it alone.
    sys.path[:0] = [str(HERE.parents[1]), str(HERE.parents[2])]
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("family", nargs="?", default="")
    asked.add_argument("--seconds", type=int, default=60)
    asked.add_argument("--jobs", type=int, default=1)
    asked.add_argument("--findings", type=Path, default=FINDINGS)
    words = asked.parse_args()
    if words.family:
        fuzz(words.family, words.seconds, words.findings)
        return 0
    return fuzz_all(words.seconds, words.jobs, words.findings)


def fuzz_all(seconds: int, jobs: int, findings: Path) -> int:
    """Every family in a process of its own; the exit code."""
    from fuzz import corpus

    with ThreadPoolExecutor(jobs) as pool:
        counts = list(pool.map(lambda name: _fuzz_one(name, seconds, findings), corpus.families()))
    return 1 if any(counts) else 0


def _fuzz_one(family: str, seconds: int, findings: Path) -> int:
    """Fuzz a family, print its line, and give the number of findings."""
    words = [
        sys.executable,
        str(HERE),
        family,
        "--seconds",
        str(seconds),
        "--findings",
        str(findings),
    ]
    done = subprocess.run(words, capture_output=True, text=True, errors="replace", check=False)
    ran = re.search(r"number_of_executed_units: *(\d+)", done.stderr)
    # Beside our own pairs: inputs that took too long or too much memory, which end the process.
    kept = [path for path in (findings / family).glob("*") if path.suffix != ".bin"]
    ended = ran is not None and done.returncode == 0
    print(f"{family:24}{ran[1] if ran else 'no':>10} executions{len(kept):6} findings", flush=True)
    if not ended:
        print(done.stderr[-2000:], file=sys.stderr)
    return len(kept) + (not ended)


def fuzz(family: str, seconds: int, findings: Path) -> None:
    """Fuzz one family until the time is over; never returns.

    A finding does not end the run: the first input of each kind is kept, with its traceback.
    """
    import atheris

    with atheris.instrument_imports(
        include=["mrdq.instruments", "mrdq.archive", "mrdq.workbook", "mrdq.worksheets"]
    ):
        from fuzz import corpus

    if family not in corpus.families():
        sys.exit(f"no family {family}: choose from {', '.join(corpus.families())}")
    folder = findings / family
    folder.mkdir(parents=True, exist_ok=True)
    seeds = Path(tempfile.mkdtemp(prefix="mrdq-fuzz-"))
    for seed in corpus.seeds(family, LARGEST):
        (seeds / hashlib.sha256(seed).hexdigest()[:16]).write_bytes(seed)

    def one_input(data: bytes) -> None:
        try:
            hold(corpus, data, family)
        except Exception as error:  # noqa: BLE001  (whatever it is, it is a finding)
            keep(folder, data, error)

    def mutated(data: bytes, largest: int, seed: int) -> bytes:
        return changed(
            corpus, data, seed, lambda part: atheris.Mutate(part, max(len(part) + 64, 64))
        )[:largest]

    limits = [
        f"-max_total_time={seconds}",
        f"-max_len={LARGEST}",
        "-timeout=20",
        "-rss_limit_mb=2000",
    ]
    words = [
        sys.argv[0],
        str(seeds),
        "-print_final_stats=1",
        f"-artifact_prefix={folder}/",
        *limits,
    ]
    atheris.Setup(words, one_input, custom_mutator=mutated)
    atheris.Fuzz()


def hold(corpus: Any, data: bytes, family: str) -> None:
    """Read as the family, and now and then as anything: a sound Export, or a refusal."""
    formats = ["", family] if zlib.crc32(data) % 8 == 0 else [family]
    for said in formats:
        export = corpus.read(data, format=said)
        if export is not None:
            corpus.check(export)


def changed(corpus: Any, data: bytes, seed: int, mutate: Any) -> bytes:
    """The input mutated; three archives in four inside one member, packed again and so whole."""
    rng = random.Random(seed)
    if not corpus.is_zip(data) or rng.random() < 0.25:
        return bytes(mutate(data))
    try:
        members = corpus.members_of(data)
    except Exception:  # noqa: BLE001  (an archive that was spoilt before)
        return bytes(mutate(data))
    names = [name for name, content in members.items() if content] or list(members)
    if not names:
        return bytes(mutate(data))
    name = rng.choice(names)
    packed: bytes = corpus.zipped(members | {name: bytes(mutate(members[name]))})
    return packed


def keep(folder: Path, data: bytes, error: Exception) -> None:
    """The input and the traceback of a finding, unless one that ends in the same place is there."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    name = hashlib.sha256(
        f"{type(error).__name__} {last.filename} {last.lineno}".encode()
    ).hexdigest()[:12]
    if not (folder / f"{name}.txt").exists():
        (folder / f"{name}.bin").write_bytes(data)
        (folder / f"{name}.txt").write_text(
            "".join(traceback.format_exception(error)), encoding="utf-8"
        )


if __name__ == "__main__":
    sys.exit(main())
