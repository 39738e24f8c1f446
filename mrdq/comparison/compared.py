"""A comparison with what a report has to say of its two sides."""

from __future__ import annotations

from dataclasses import dataclass

from mrdq.comparison.compare import Comparison
from mrdq.comparison.side import Side


@dataclass(frozen=True, slots=True)
class Named:
    """A side and what a report says of it: its name, rule sets, and what has to be said of them."""

    name: str
    side: Side
    rule_sets: tuple[str, ...]
    notices: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Compared:
    """Both sides and what differs."""

    a: Named
    b: Named
    found: Comparison

    @property
    def notices(self) -> list[str]:
        """What has to stand on top of everything that shows the comparison."""
        by: dict[str, list[str]] = {}
        for name, side in (("A", self.a), ("B", self.b)):
            for notice in side.notices:
                by.setdefault(notice, []).append(name)
        return [notice if len(of) == 2 else f"{of[0]}: {notice}" for notice, of in by.items()]
