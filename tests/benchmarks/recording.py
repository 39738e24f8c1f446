"""What recording costs in a run: the wall time spent in it, and the rest of the run.

Two runs that differ only in recording differ by less than the machine's noise, so the time is taken
where it is spent: at the beginning and end of each stage, in hashing, in writing records, in sealing.
"""

from __future__ import annotations

import contextlib
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest import mock

from mrdq import recording, stages
from mrdq.audit.site import here
from mrdq.recording import Recorder
from mrdq.simulate import write_archive

PARTS = ("amendments", "made", "read_exports", "retire", "seal", "seal_words")
BEFORE = ("states", "require_whole", "read_chain")


class Clock:
    """Seconds spent in what it wraps; what is wrapped within counts once."""

    def __init__(self) -> None:
        self.spent, self._inside = 0.0, False

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        if self._inside:
            yield
            return
        self._inside, start = True, time.perf_counter()
        try:
            yield
        finally:
            self._inside = False
            self.spent += time.perf_counter() - start

    def timed(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*args: Any, **named: Any) -> Any:
            with self.running():
                return function(*args, **named)

        return wrapped

    def timed_context(self, function: Callable[..., Any]) -> Callable[..., Any]:
        @contextlib.contextmanager
        def wrapped(*args: Any, **named: Any) -> Iterator[Any]:
            context = function(*args, **named)
            with self.running():
                entered = context.__enter__()
            yield entered
            with self.running():
                context.__exit__(None, None, None)

        return wrapped


def one_run(root: Path) -> tuple[float, float]:
    """Seconds of ``mrdq run`` without its imports, and those of them spent in recording."""
    clock = Clock()
    with contextlib.ExitStack() as stack:
        for name in PARTS:
            patched = clock.timed(getattr(Recorder, name))
            stack.enter_context(mock.patch.object(Recorder, name, patched))
        for name in BEFORE:
            patched = clock.timed(getattr(recording, name))
            stack.enter_context(mock.patch.object(recording, name, patched))
        stage = clock.timed_context(Recorder.stage)
        stack.enter_context(mock.patch.object(Recorder, "stage", stage))
        start = time.perf_counter()
        stages.run(recording.open_recorded(root, here()))
        return time.perf_counter() - start, clock.spent


def measure(runs: int) -> tuple[float, float]:
    """The first run of a new archive: nothing is known yet, so that everything is kept and sealed."""
    with tempfile.TemporaryDirectory() as name:
        root = Path(name) / "study"
        write_archive(root, runs=runs, seed=7)
        return one_run(root)
