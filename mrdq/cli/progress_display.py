"""A step of long work as people see it: a bar on a terminal, lines elsewhere.

The work's own steps and ticks drive all of it: no thread and no timer, so that processes can be forked
at any moment.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import click

if TYPE_CHECKING:
    from rich.console import Console

Clock = Callable[[], float]
SHORT = 1.0
"""Seconds.  What takes less is not worth a bar, nor a word at its end."""
REDRAWN = 0.1


@dataclass(slots=True, eq=False)
class Step:
    """A step of the work as it stands: ``done`` of ``total`` items (0: not known)."""

    name: str
    total: int
    unit: str
    clock: Clock
    began: float
    done: int = 0

    @property
    def seconds(self) -> float:
        return self.clock() - self.began

    @property
    def left(self) -> float:
        """Seconds that are left if it goes on as it went; 0 where that is not known."""
        return self.seconds / self.done * max(self.total - self.done, 0) if self.done else 0

    @property
    def at_start(self) -> str:
        return f"{self.name}: {self._items(self.total)}" if self.total else f"{self.name} ..."

    @property
    def meanwhile(self) -> str:
        so_far = f"{self.done:,} of {self._items(self.total)}, " if self.total else ""
        left = f", about {duration(self.left)} left" if self.left else ""
        return f"{self.name}: {so_far}{duration(self.seconds)}{left}"

    @property
    def at_end(self) -> str:
        items = f"{self._items(self.done)} in " if self.done and self.unit else ""
        return f"{self.name}: {items}{duration(self.seconds)}"

    def _items(self, count: int) -> str:
        unit = self.unit.removesuffix("s") if count == 1 else self.unit
        return f"{count:,} {unit}".rstrip()


def duration(seconds: float) -> str:
    """``9 s``, ``2 min 05 s``, ``3 h 07 min``."""
    minutes, rest = divmod(round(seconds), 60)
    if minutes == 0:
        return f"{rest} s"
    return f"{minutes} min {rest:02} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02} min"  # fmt: skip


class Display(Protocol):
    """Where the steps of the work are shown."""

    def begin(self, step: Step) -> None: ...
    def advance(self, step: Step) -> None: ...
    def end(self, step: Step) -> None: ...
    def say(self, text: str) -> None: ...
    def close(self) -> None: ...


class Lines:
    """A line when a step begins; while it goes on, every ten seconds and later every minute; and at
    its end."""

    def __init__(self, write: Callable[[str], object]) -> None:
        self._write = write
        self._next: dict[Step, float] = {}

    def begin(self, step: Step) -> None:
        self._next[step] = 10.0
        self.say(step.at_start)

    def advance(self, step: Step) -> None:
        seconds = step.seconds
        if seconds >= self._next[step] and step.done < step.total:
            self._next[step] = seconds + min(max(seconds / 10, 10), 60)
            self.say(step.meanwhile)

    def end(self, step: Step) -> None:
        del self._next[step]
        if step.seconds >= SHORT:
            self.say(step.at_end)

    def say(self, text: str) -> None:
        self._write(text)

    def close(self) -> None:
        pass


class Bars:
    """A bar for each step while it goes on, once the work has taken a moment; a line at its end."""

    def __init__(self, console: Console, clock: Clock) -> None:
        from rich.progress import Progress

        self._console, self._clock = console, clock
        self._began, self._drawn = clock(), 0.0
        self._bars = Progress(*_columns(), console=console, auto_refresh=False, transient=True,
                              get_time=clock)  # fmt: skip
        self._tasks: dict[Step, Any] = {}

    def begin(self, step: Step) -> None:
        self._draw(step)

    def advance(self, step: Step) -> None:
        if self._clock() - self._drawn >= REDRAWN:
            self._draw(step)

    def end(self, step: Step) -> None:
        if step in self._tasks:
            self._bars.remove_task(self._tasks.pop(step))
            self._bars.refresh()
        if step.seconds >= SHORT:
            self.say(step.at_end)

    def say(self, text: str) -> None:
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)

    def close(self) -> None:
        self._bars.stop()

    def _draw(self, step: Step) -> None:
        if self._clock() - self._began < SHORT:
            return
        self._bars.start()
        if step not in self._tasks:
            self._tasks[step] = self._bars.add_task("", total=step.total or None, told="")
        self._bars.update(self._tasks[step], completed=step.done, told=step.meanwhile)
        self._drawn = self._clock()
        self._bars.refresh()


def _columns() -> list[Any]:
    from rich.progress import BarColumn, TextColumn

    return [BarColumn(bar_width=24), TextColumn("{task.fields[told]}", markup=False)]


class Several:
    """Several displays as one."""

    def __init__(self, *displays: Display) -> None:
        self._displays = displays

    def begin(self, step: Step) -> None:
        for one in self._displays:
            one.begin(step)

    def advance(self, step: Step) -> None:
        for one in self._displays:
            one.advance(step)

    def end(self, step: Step) -> None:
        for one in self._displays:
            one.end(step)

    def say(self, text: str) -> None:
        for one in self._displays:
            one.say(text)

    def close(self) -> None:
        for one in self._displays:
            one.close()


def display() -> Display:
    """Bars on a terminal, lines elsewhere, on standard error."""
    if sys.stderr.isatty() and os.environ.get("TERM", "dumb") != "dumb":
        from rich.console import Console

        return Bars(Console(stderr=True), time.monotonic)
    return Lines(lambda text: click.echo(text, err=True))
