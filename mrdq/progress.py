"""What long work tells of itself while it goes on; how that is shown is decided elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

Tick = Callable[[int], None]
"""Tells that so many more of a step's items are done."""


class Progress(Protocol):
    """Is told of each step of a long work, and of its items as they are done."""

    def step(self, name: str, total: int = 0, unit: str = "") -> AbstractContextManager[Tick]:
        """A step of ``total`` items (0: not known).  ``name``: what is done (``reading exports``);
        ``unit``: what an item is (``runs``)."""


class Silent:
    """Shows nothing."""

    @contextmanager
    def step(self, name: str, total: int = 0, unit: str = "") -> Iterator[Tick]:  # noqa: ARG002
        yield lambda _: None


SILENT = Silent()
