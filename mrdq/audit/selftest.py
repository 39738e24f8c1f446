"""Whether a filesystem can hold an audit trail: tried with files and processes, before it is trusted.

The trail needs three things of a filesystem: a hard link appears whole and never takes a name that is
taken, what is written is listed at once, and a rename over a name is never seen half done.
"""

from __future__ import annotations

import contextlib
import hashlib
import multiprocessing
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing.synchronize import Barrier
from pathlib import Path

from mrdq.audit.seal import CLOCKS_DIFFER
from mrdq.audit.trail import write_once
from mrdq.errors import MrdqError, refuse

PROCESSES, NAMES, FILES, RENAMES = 8, 20, 50, 200
LEAST_FREE = 100_000_000
"""Bytes: room for some ten thousand records.  An assumption, no measure of a laboratory."""
PATIENCE = 60
"""Seconds that processes wait for each other."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What was tried, whether the filesystem is fit in that, and in words what was found."""

    what: str
    ok: bool
    told: str

    def __str__(self) -> str:
        return f"{'ok' if self.ok else 'NOT FIT'}\t{self.what}\t{self.told}"


def selftest(folder: Path, now: Callable[[], float] = time.time) -> list[Finding]:
    """Try the filesystem of ``folder``; nothing is left behind in it.

    ``now`` is the machine's clock, seconds since 1970.  Raises :class:`MrdqError` if nothing can be
    written there.
    """
    try:
        own = Path(tempfile.mkdtemp(prefix=".mrdq-selftest-", dir=folder))
        (own / "file").write_bytes(b"a")
    except OSError as error:
        refuse(str(folder), "a folder in which files can be written", error.strerror or str(error))
    try:
        findings = [
            _said("a hard link", _link, own), _said("a name that is taken", _taken, own),
            _said("fsync of a file and a folder", _fsync, own), _said("capital letters", _letters, own),
            _said("the clock", lambda path: _clock(path, now), own), _said("free space", _space, own),
            *_together(own),
        ]  # fmt: skip
    finally:
        shutil.rmtree(own, ignore_errors=True)
    left = f"{own.name} could not be removed" if own.exists() else "nothing is left behind"
    return [*findings, Finding("removing files", not own.exists(), left)]


def _said(what: str, tried: Callable[[Path], tuple[bool, str]], folder: Path) -> Finding:
    try:
        ok, words = tried(folder)
    except (OSError, MrdqError, BrokenProcessPool) as error:
        ok, words = False, f"{type(error).__name__}: {error}"
    return Finding(what, ok, words)


def _link(folder: Path) -> tuple[bool, str]:
    first, second = folder / "one", folder / "two"
    first.write_bytes(b"one")
    try:
        os.link(first, second)
    except OSError as error:
        return False, f"there are no hard links here ({error.strerror}): no record can be written"
    same = second.samefile(first) and second.read_bytes() == b"one" and first.stat().st_nlink == 2
    return same, "two names, one file" if same else "a link is not the same file, or not counted"


def _taken(folder: Path) -> tuple[bool, str]:
    first, second = folder / "first", folder / "second"
    first.write_bytes(b"first")
    second.write_bytes(b"second")
    try:
        os.link(first, second)
    except FileExistsError:
        kept = second.read_bytes() == b"second"
        return kept, "refused, the file stays" if kept else "refused, and its file changed all the same"  # fmt: skip
    return False, "a link took a name that was taken: records could be overwritten"


def _fsync(folder: Path) -> tuple[bool, str]:
    with (folder / "synced").open("wb") as file:
        file.write(b"synced")
        file.flush()
        os.fsync(file.fileno())
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        return True, f"of files, not of folders ({error.strerror}): after a power cut look by mrdq audit verify"  # fmt: skip
    finally:
        os.close(descriptor)
    return True, "both are done"


def _letters(folder: Path) -> tuple[bool, str]:
    (folder / "Name").write_bytes(b"")
    if (folder / "nAME").exists():
        return True, "NOTE: Name and nAME are one file here: patients whose ids differ only in that share a page"  # fmt: skip
    return True, "Name and nAME are two files"


def _clock(folder: Path, now: Callable[[], float]) -> tuple[bool, str]:
    file = folder / "clock"
    before = now()
    file.write_bytes(b"clock")
    stamp, after = file.stat().st_mtime, now()
    ahead = stamp - after if stamp > after else min(stamp - before, 0.0)
    if abs(ahead) <= CLOCKS_DIFFER.total_seconds():
        return True, "time stamps of files agree with this machine's clock"
    side = "ahead of" if ahead > 0 else "behind"
    return True, f"NOTE: time stamps of files are {abs(ahead):.0f} s {side} this machine's clock: set one right, Snakemake goes by them"  # fmt: skip


def _space(folder: Path) -> tuple[bool, str]:
    free = shutil.disk_usage(folder).free
    return free >= LEAST_FREE, f"{free / 1e9:.1f} GB" if free >= 1e9 else f"only {free / 1e6:.0f} MB"  # fmt: skip


# --- several processes


def _together(folder: Path) -> list[Finding]:
    """What shows only when others work in the same folder."""
    places = {name: folder / name for name in ("race", "many", "rename")}
    for place in places.values():
        place.mkdir()
    try:
        with _processes() as pool:
            return [
                _said(f"{PROCESSES} processes, one name", lambda path: _race(path, pool), places["race"]),
                _said(f"{PROCESSES} processes × {FILES} files", lambda path: _many(path, pool), places["many"]),
                _said("a rename over a name", lambda path: _rename(path, pool), places["rename"]),
            ]  # fmt: skip
    except (OSError, BrokenProcessPool) as error:
        return [Finding(f"{PROCESSES} processes", False, f"{type(error).__name__}: {error}")]


@contextlib.contextmanager
def _processes() -> Iterator[ProcessPoolExecutor]:
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(PROCESSES)
    with ProcessPoolExecutor(PROCESSES, context, _wait_for_all, (barrier,)) as pool:
        yield pool


def _wait_for_all(barrier: Barrier) -> None:
    """All begin at once, or there is no race."""
    barrier.wait(PATIENCE)


def _content(name: str) -> bytes:
    """What a file of this name holds: enough for a torn one to be seen."""
    return hashlib.sha256(name.encode()).hexdigest().encode() * 64


def _write(path: Path, name: str) -> bool | str:
    """Whether the name was won; in words, what went wrong (MrdqError does not cross processes)."""
    try:
        return write_once(path, _content(name))
    except MrdqError as error:
        return error.problems[0].found if error.problems else str(error)


def _contend(folder: Path, name: str) -> list[bool | str]:
    return [_write(folder / f"{n:03d}", name) for n in range(NAMES)]


def _race(folder: Path, pool: ProcessPoolExecutor) -> tuple[bool, str]:
    names = [f"process {n}" for n in range(PROCESSES)]
    won = dict(zip(names, pool.map(_contend, [folder] * PROCESSES, names), strict=True))
    for n in range(NAMES):
        winners = [name for name in names if won[name][n] is True]
        errors = [str(tries[n]) for tries in won.values() if isinstance(tries[n], str)]
        if errors or len(winners) != 1:
            return False, errors[0] if errors else f"{len(winners)} of them won the same name"
        if (folder / f"{n:03d}").read_bytes() != _content(winners[0]):
            return False, "a name was won by one, and holds what another wrote"
    return True, f"exactly one won, {NAMES} times"


def _many(folder: Path, pool: ProcessPoolExecutor) -> tuple[bool, str]:
    names = [f"{process}-{n:03d}" for process in range(PROCESSES) for n in range(FILES)]
    jobs: dict[Future[bool | str], str] = {
        pool.submit(_write, folder / name, name): name for name in names
    }
    for job in as_completed(jobs):
        name, result = jobs[job], job.result()
        if result is not True:
            return False, str(result or f"{name} was taken before it was written")
        if name not in os.listdir(folder):
            return False, f"{name} was written by one process, and another did not see it listed at once"  # fmt: skip
        if (folder / name).read_bytes() != _content(name):
            return False, f"{name} was torn as soon as it was listed"
    lost = sorted(set(names) - set(os.listdir(folder)))
    return not lost, f"{', '.join(lost)} disappeared" if lost else "all there and whole, listed at once"  # fmt: skip


def _read_meanwhile(folder: Path) -> tuple[int, int]:
    """How often another process read the name, and how often it was torn or away."""
    reads = wrong = 0
    (folder / "reading").write_bytes(b"")
    end = time.monotonic() + PATIENCE
    while not reads or (not (folder / "stop").exists() and time.monotonic() < end):
        reads += 1
        try:
            data = (folder / "name").read_bytes()
        except OSError:
            data = b""
        wrong += data not in (_content("0"), _content("1"))
    return reads, wrong


def _rename(folder: Path, pool: ProcessPoolExecutor) -> tuple[bool, str]:
    (folder / "name").write_bytes(_content("0"))
    reader = pool.submit(_read_meanwhile, folder)
    end = time.monotonic() + PATIENCE
    while not (folder / "reading").exists() and time.monotonic() < end:
        time.sleep(0.01)
    try:
        for n in range(RENAMES):
            (folder / "new").write_bytes(_content(str(n % 2)))
            os.replace(folder / "new", folder / "name")
    finally:
        (folder / "stop").write_bytes(b"")
    reads, wrong = reader.result()
    return not wrong, f"of {reads} reads meanwhile {wrong} were torn or found nothing" if wrong else f"whole in each of {reads} reads meanwhile"  # fmt: skip
