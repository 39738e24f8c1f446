"""Long work, told to people while it goes on, and to a log in the study."""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import click

from mrdq import __version__
from mrdq.cli.progress_display import Clock, Display, Lines, Several, Step, display, duration
from mrdq.errors import MrdqError

if TYPE_CHECKING:
    from mrdq.progress import Tick

LOGS = "logs"


class Log:
    """A file of the study with what was done when: written once something of the study is, for of
    work that is refused nothing stays.  A log that cannot be written stops no work."""

    def __init__(self, path: Path | None, may_write: Callable[[], bool]) -> None:
        self.path, self._may_write = path, may_write
        self._waiting: list[str] = []
        self._file: TextIO | None = None

    @property
    def is_written(self) -> bool:
        return self._file is not None

    def write(self, text: str) -> None:
        if self.path is None:
            return
        now = dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        self._waiting += [f"{now} {line}\n" for line in text.splitlines()]
        if self._may_write():
            try:
                self._flush(self.path)
            except OSError:
                self.path = None

    def _flush(self, path: Path) -> None:
        if self._file is None:
            path.parent.mkdir(exist_ok=True)
            self._file = path.open("x", encoding="utf-8", errors="backslashreplace", newline="\n")
        self._file.writelines(self._waiting)
        self._file.flush()
        self._waiting.clear()

    def close(self) -> None:
        if self._file is not None:
            with contextlib.suppress(OSError):
                self._file.close()


class Told:
    """Tells people and the log what is done (a :class:`mrdq.progress.Progress`)."""

    def __init__(self, display: Display, clock: Clock = time.monotonic) -> None:
        self._display, self._clock = display, clock

    @contextlib.contextmanager
    def step(self, name: str, total: int = 0, unit: str = "") -> Iterator[Tick]:
        step = Step(name, total, unit, self._clock, self._clock())
        self._display.begin(step)

        def tick(count: int) -> None:
            step.done += count
            self._display.advance(step)

        yield tick
        self._display.end(step)

    def say(self, text: str) -> None:
        """A line for people that the log has too: a warning, a note."""
        self._display.say(text)


@contextlib.contextmanager
def told(root: Path | None, what: str) -> Iterator[Told]:
    """Show the work done inside on standard error, and log it as ``logs/WHAT-TIME-PROCESS.log`` of the
    study in ``root`` (None: no log).  A job of Snakemake has the log of its rule."""
    from mrdq.audit.job import jobs_begun
    from mrdq.audit.site import here

    site, before, began = here(), jobs_begun(), time.monotonic()
    path = None if root is None or site.rule else root / LOGS / log_name(what)
    log = Log(path, lambda: jobs_begun() > before)
    log.write(
        f"mrdq {what}, version {__version__}: {site.user} on {site.host}, process {os.getpid()}"
    )
    shown = Several(display(), Lines(log.write))
    try:
        yield Told(shown)
        log.write(f"done in {duration(time.monotonic() - began)}{_peak_memory()}")
    except BaseException as error:
        shown.close()
        _tell_the_end(log, error)
        raise
    finally:
        shown.close()
        log.close()


def log_name(what: str) -> str:
    """The name of a log that begins now."""
    return f"{what}-{dt.datetime.now(dt.UTC):%Y%m%dT%H%M%SZ}-{os.getpid()}.log"


def _tell_the_end(log: Log, error: BaseException) -> None:
    """How the work failed, to the log; people are told by who catches the error."""
    if isinstance(error, MrdqError):
        log.write("\n".join(f"{problem.level}: {problem}" for problem in error.problems))
    elif not isinstance(error, KeyboardInterrupt):
        log.write("".join(traceback.format_exception(error)))
    log.write("interrupted" if isinstance(error, KeyboardInterrupt) else "failed")
    if log.is_written:
        click.echo(f"The log: {log.path}", err=True)


def _peak_memory() -> str:
    """The most that one process of the work held; "" where the system does not tell."""
    if not sys.platform.startswith("linux"):
        return ""
    import resource

    most = max(
        resource.getrusage(who).ru_maxrss
        for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    return f", peak memory of a process {most // 1024:,} MB"
