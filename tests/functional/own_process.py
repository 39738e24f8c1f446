"""``mrdq`` in a process of its own: what it says, how much memory it took, and that it ends."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

HANGS = 60
"""Seconds.  Nothing here takes two; whatever takes this long does not end."""

MEMORY = 200
"""MB a process may hold at its peak, the interpreter included."""

_CHILD = """
import resource, sys
resource.setrlimit(resource.RLIMIT_AS, (3_000_000_000, 3_000_000_000))
from mrdq.cli import main
try:
    main(sys.argv[1:])
finally:
    status = open("/proc/self/status").read() if sys.platform == "linux" else "VmHWM: 0 kB"
    print(next(line for line in status.splitlines() if "VmHWM" in line), file=sys.stderr)
"""


@dataclass(frozen=True)
class Ended:
    """Exit code, both outputs, peak memory [MB; 0 where the system does not tell] and seconds."""

    code: int
    out: str
    err: str
    peak: float
    seconds: float

    @property
    def problems(self) -> list[str]:
        return [line for line in self.err.splitlines() if line.startswith("error: ")]


def run(*words: object, cwd: Path | None = None) -> Ended:
    """Run the command line; it has to end, without a traceback and within :data:`MEMORY`."""
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", _CHILD, *map(str, words)],
        capture_output=True, text=True, encoding="utf-8", timeout=HANGS, check=False, cwd=cwd,
        env=os.environ | {"PYTHONUTF8": "1"},
    )  # fmt: skip
    seconds = time.perf_counter() - start
    held = re.search(r"VmHWM:\s*(\d+) kB", done.stderr)
    peak = int(held[1]) / 1024 if held else 0.0
    print(f"MEASURED {seconds:.2f} s, {peak:.0f} MB, exit {done.returncode}")
    print(*done.stderr.splitlines()[:3], sep="\n")
    assert "Traceback" not in done.stderr, done.stderr[-2000:]
    assert done.returncode in (0, 2), (done.returncode, done.stderr[-2000:])
    assert peak < MEMORY, f"{peak:.0f} MB"
    return Ended(done.returncode, done.stdout, done.stderr, peak, seconds)


def refused(*words: object, cwd: Path | None = None) -> str:
    """The problems of a command that has to refuse its input: file, found, expected, remedy."""
    ended = run(*words, cwd=cwd)
    assert ended.code == 2, ended
    assert ended.problems, ended
    assert all("expected " in problem for problem in ended.problems)
    return "\n".join(ended.problems)


def inspected(path: Path) -> Ended:
    return run("inspect", path)
