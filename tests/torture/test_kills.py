"""A run that is killed at any moment is named by verify, and the next run completes it."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import stat
import sys
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from ordeals import (
    Command,
    Start,
    mrdq,
    run_completes,
    shared_out,
    size,
    starts,
    stopped_is_told,
    tell,
    timed,
)

KILLS = size("KILLS", 200)
EVERY = size("EVERY_CALL", 1)
"""Every how manieth call of the filesystem a run is ended at."""


def test_killed_at_random_moments(place: Path) -> None:
    """SIGKILL after random times over the whole run, sealing and pages included."""
    tried = starts(place)
    chance = random.Random(5)
    lasts = [_duration(start, place / "once") for start in tried]
    # Side by side they last longer; a moment after the end is moved into the run.
    moments = [(n, n % 2, chance.uniform(0.2, 2.0) * lasts[n % 2]) for n in range(KILLS)]

    def work(moment: tuple[int, int, float]) -> str:
        number, which, delay = moment
        root = _killed(tried[which], place / f"kill-{number}", delay)
        told = stopped_is_told(root, tried[which])
        run_completes(root, tried[which])
        shutil.rmtree(root)
        return "verify named it" if told else "there was nothing to name"

    with timed(f"{KILLS} runs killed, and completed by the next"):
        told = Counter(shared_out(work, moments))
    tell(f"runs last {lasts[0]:.2f} and {lasts[1]:.2f} s; {dict(told)}")
    assert told["verify named it"]


def _killed(start: Start, at: Path, delay: float) -> Path:
    """The study after a run that was killed; sooner, if it had ended by then."""
    while True:
        root = start.copy(at)
        command = Command("run", root)
        time.sleep(delay)
        command.kill()
        ended = command.ended()
        if ended.code == -9:
            return root
        assert ended.code == 0, ended.text
        shutil.rmtree(root)
        delay *= 0.9


def _duration(start: Start, at: Path) -> float:
    """The shortest of three, so that moments fall into the run and not behind it."""
    took = []
    for _ in range(3):
        root = start.copy(at)
        begin = time.monotonic()
        assert mrdq("run", root).code == 0
        took.append(time.monotonic() - begin)
        shutil.rmtree(root)
    return min(took)


# --- At every call of the filesystem ------------------------------------------------------------

CHANGES = {
    "os.link",
    "os.rename",
    "os.remove",
    "os.mkdir",
    "os.rmdir",
    "os.utime",
    "os.truncate",
    "os.chmod",
}
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC


def end_at(root: Path, number: int, *, torn: bool, counted: Path | None = None) -> None:
    """End this process at its ``number``-th call that changes something below ``root``: before it, or
    (``torn``) with the file just opened and empty, or with half of the bytes that were to be synced."""
    seen: list[str] = []

    def next_call(what: str, tear: Callable[[], Any]) -> None:
        seen.append(what)
        if counted:
            counted.write_text("\n".join(seen))
        if len(seen) - 1 == number:
            if torn:
                tear()
            os._exit(9)

    def hook(event: str, words: tuple[Any, ...]) -> None:
        path = (
            os.fsdecode(words[0])
            if words and isinstance(words[0], str | bytes | os.PathLike)
            else ""
        )
        if not path.startswith(f"{root}{os.sep}"):
            return
        if event == "open" and isinstance(words[2], int) and words[2] & WRITES:
            next_call("open", partial(_empty, path))
        elif event in CHANGES:
            next_call(event, lambda: None)

    fsync = os.fsync

    def synced(descriptor: int) -> None:
        next_call("fsync", partial(_halve, descriptor))
        fsync(descriptor)

    os.fsync = synced
    sys.addaudithook(hook)


def _empty(path: str) -> None:
    with contextlib.suppress(FileNotFoundError):  # its folder is about to be made
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC))


def _halve(descriptor: int) -> None:
    found = os.fstat(descriptor)
    if stat.S_ISREG(found.st_mode):
        # By its path: it may have been opened for reading only.
        os.truncate(f"/proc/self/fd/{descriptor}", found.st_size // 2)


@pytest.mark.parametrize("which", [0, 1], ids=["the first run", "a run again"])
def test_ended_at_every_call_of_the_filesystem(place: Path, which: int) -> None:
    start = starts(place)[which]
    root, counted = start.copy(place / "count"), place / "calls"
    done = mrdq("run", root, inside=lambda: end_at(root, -1, torn=False, counted=counted))
    assert done.code == 0, done.text
    calls = counted.read_text().splitlines()
    shutil.rmtree(root)
    points = [
        (n, torn)
        for n, call in enumerate(calls)
        for torn in (False, True)
        if not torn or call in ("open", "fsync")
    ]

    def work(point: tuple[int, bool]) -> bool:
        number, torn = point
        root = start.copy(place / f"call-{number}-{torn}")
        ended = mrdq("run", root, inside=lambda: end_at(root, number, torn=torn))
        assert ended.code == 9, (point, ended)
        try:
            told = stopped_is_told(root, start)
            run_completes(root, start)
        except AssertionError as error:
            raise AssertionError(f"ended at call {number}, {calls[number]}, torn {torn}") from error
        shutil.rmtree(root)
        return bool(told)

    with timed(
        f"ended at {len(points[::EVERY])} points of {len(calls)} calls ({dict(Counter(calls))})"
    ):
        named = shared_out(work, points[::EVERY])
    tell(f"verify named {sum(named)} of them")
