"""Intervals of a count: which of the known ones gives printed limits, and at which level."""

from __future__ import annotations

from dataclasses import dataclass

from mrdq.published.counts import INTERVALS, USUAL, counts_that_print, is_exact_of_some_count
from mrdq.published.figures import Figure
from mrdq.published.numbers import Printed, as_printed
from mrdq.published.remarks import Remark, finding, note

LEVELS = (95.0, 90.0, 99.0, 80.0)
"""Levels of confidence [%] tried besides the stated one."""

_TRIED = 50


@dataclass(frozen=True, slots=True)
class CountFit:
    """A kind of interval that gives the limits, its level and the number of patients."""

    name: str
    level: float
    total: int | None

    def text(self, figure: Figure) -> str:
        as_said = self.level == (figure.level or USUAL)
        return self.name if as_said else f"{self.name} ({self.level:g} %)"


def fits_of_count(figure: Figure) -> list[CountFit]:
    """The intervals of the figure's counts that print so, at the first level where any does.

    Counts are those of the denominator, else of the numbers of patients nearby, else Clopper
    and Pearson's of any number (Wilson's of any number is symmetric on the logit scale).
    """
    stated = figure.level or USUAL
    totals = (figure.total,) if figure.total else figure.near
    for level in dict.fromkeys((stated, *LEVELS)):
        if fits := [fit for total in totals for fit in _of_total(figure, total, level)]:
            return list({fit.name: fit for fit in reversed(fits)}.values())[::-1]
    estimate, low, high = figure.interval
    if figure.total or not is_exact_of_some_count(estimate, low, high, stated):
        return []
    return [CountFit("Clopper-Pearson", stated, None)]


def _of_total(figure: Figure, total: int, level: float) -> list[CountFit]:
    estimate, low, high = figure.interval
    counted = figure.n is not None and total == figure.total
    counts = [figure.n or 0] if counted else _some(counts_that_print(estimate, total))
    limits = {name: [made(n, total, level) for n in counts if n <= total] for name, made in INTERVALS.items()}  # fmt: skip
    return [CountFit(name, level, total) for name, ends in limits.items()
            if any(_prints(low, a) and _prints(high, b) for a, b in ends)]  # fmt: skip


def _some(counts: range) -> range:
    """All counts, or about ``_TRIED`` of so many that their neighbours have the same limits."""
    return counts[:: len(counts) // _TRIED + 1]


def at_another_level(figure: Figure, fits: list[CountFit]) -> list[Remark]:
    """A note where the limits are those of another level than the stated, or than 95 %."""
    if not fits or fits[0].level == (figure.level or USUAL):
        return []
    names = " and ".join(fit.name for fit in fits)
    said = f"not at the stated {figure.level:g} %" if figure.level else f"not at {USUAL:g} %; no level is stated"  # fmt: skip
    return [note(figure, f"the {fits[0].level:g} % interval of {fits[0].total} patients by {names}, {said}")]  # fmt: skip


def stated(figure: Figure) -> list[Remark]:
    """What is said of an interval whose method the table names."""
    _, low, high = figure.interval
    if figure.n is None or not figure.total:
        return [note(figure, f"{figure.method}'s interval without the count it is of")]
    stated_level = figure.level or USUAL
    for level in dict.fromkeys((stated_level, *LEVELS)):
        lower, upper = INTERVALS[figure.method](figure.n, figure.total, level)
        if _prints(low, lower) and _prints(high, upper):
            return at_another_level(figure, [CountFit(figure.method, level, figure.total)])
    lower, upper = INTERVALS[figure.method](figure.n, figure.total, stated_level)
    expected = f"{_like(lower, low)}–{_like(upper, high)}"
    return [finding(figure, f"{figure.method}'s interval of {figure.n} of {figure.total}", expected)]  # fmt: skip


def _prints(limit: Printed, value: float) -> bool:
    return abs(limit.value - value) <= limit.half + 1e-7


def _like(value: float, limit: Printed) -> str:
    return as_printed(value, min(limit.decimals, 6))
