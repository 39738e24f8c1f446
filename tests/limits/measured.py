"""``mrdq`` in a process of its own, with its time and memory, and within a limit of memory."""

from __future__ import annotations

import os
import re
import resource
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

MB = 1024 * 1024
LIMITS = Path(__file__).parents[2] / "docs/limits.md"
ENVIRONMENT = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "2"}
"""As docs/limits.md says to set them where address space is limited: threads reserve it."""

_CHILD = """
import resource, sys
from mrdq.cli import main
try:
    main(sys.argv[1:])
finally:
    lines = open("/proc/self/status").read().splitlines()
    held = {line.split()[0]: int(line.split()[1]) // 1024 for line in lines if line.startswith(("VmPeak", "VmHWM"))}
    workers = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
    print(f"MEASURED {held['VmHWM:']} {workers} {held['VmPeak:']}", file=sys.stderr)
"""


def size(name: str, default: int) -> int:
    """How large a study: the variable ``MRDQ_LIMITS_<NAME>``."""
    return int(os.environ.get(f"MRDQ_LIMITS_{name}", default))


@dataclass(frozen=True)
class Ended:
    """Exit code, both outputs, CPU seconds of it and its children, and the most memory [MB]: resident,
    of the main process and of a worker, and reserved (what ``ulimit -v`` counts), of the main process."""

    code: int
    out: str
    err: str
    cpu: float
    resident: int
    worker: int
    reserved: int


def documented(study: str) -> tuple[int, int]:
    """What docs/limits.md says that a study needs of memory, and of address space [MB]."""
    text = LIMITS.read_text(encoding="utf-8")
    found = re.search(rf"^\| {re.escape(study)} \| ([\d,]+) MB \| ([\d,]+) MB \|", text, re.M)
    assert found is not None, f"docs/limits.md does not say what this needs: {study}"
    return int(found[1].replace(",", "")), int(found[2].replace(",", ""))


def mrdq(*words: object, megabytes: int = 0) -> Ended:
    """Run a verb to its end, under ``ulimit -v`` of so many megabytes if there are any."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (megabytes * MB, megabytes * MB))

    done = subprocess.run(
        [sys.executable, "-c", _CHILD, *map(str, words)], capture_output=True, text=True, check=False,
        env=os.environ | ENVIRONMENT, preexec_fn=limit if megabytes else None,
    )  # fmt: skip
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    *said, last = done.stderr.rstrip().splitlines()
    held = last.split()[1:] if last.startswith("MEASURED ") else ["0", "0", "0"]
    ended = Ended(done.returncode, done.stdout, "\n".join(said or [last]), cpu, *map(int, held))
    print(f"  {words[0]} {Path(str(words[1])).parent.name}: exit {ended.code}, {cpu:.1f} CPU s, {ended.resident} MB "
          f"(a worker {ended.worker}), {ended.reserved} MB reserved", flush=True)  # fmt: skip
    return ended


def done(*words: object, megabytes: int = 0) -> Ended:
    """A verb that has to succeed, and to say nothing that nobody can read."""
    ended = mrdq(*words, megabytes=megabytes)
    assert ended.code == 0, ended.err[-3000:]
    assert "Traceback" not in ended.err
    assert max(map(len, ended.err.splitlines()), default=0) < 5000
    return ended


def done_as_documented(study: str, *words: object) -> Ended:
    """A verb that has to succeed with the memory that docs/limits.md names."""
    need, reserved = documented(study)
    ended = done(*words, megabytes=reserved)
    assert 0 < max(ended.resident, ended.worker) <= need
    return ended
