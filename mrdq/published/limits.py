"""Checks of printed intervals: order, transformation, what a wrong limit should be, repeats."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from mrdq.published.count_intervals import CountFit, at_another_level, fits_of_count, stated
from mrdq.published.counts import INTERVALS
from mrdq.published.figures import INCIDENCE, PROPORTIONS, RATE, Figure
from mrdq.published.intervals import (
    OF_INCIDENCE,
    TRANSFORMATIONS,
    Box,
    Transformation,
    fits,
    other_limit,
)
from mrdq.published.numbers import Printed, as_printed
from mrdq.published.remarks import Remark, finding, note

_SLACK = 1e-9


@dataclass(slots=True)
class Intervals:
    """What was found of the intervals; ``methods[i]`` names what gives the i-th its limits."""

    figures: list[Figure]
    methods: list[tuple[str, ...]]
    remarks: list[Remark] = field(default_factory=list)

    @property
    def n_fitting(self) -> Counter[str]:
        return Counter(name for names in self.methods for name in names)


@dataclass(frozen=True, slots=True)
class _Repair:
    """A limit as it should be: from the printed figures, and what rounding leaves open."""

    by: Transformation
    limit: str
    value: float
    lowest: float
    highest: float
    kept: str

    def text(self, decimals: int) -> str:
        value, lowest, highest = (as_printed(x, decimals) for x in (self.value, self.lowest, self.highest))  # fmt: skip
        open_range = f" ({lowest} to {highest} by rounding)" if lowest != highest else ""
        return f"{self.limit} limit {value}{open_range}"


def check_intervals(figures: Sequence[Figure]) -> Intervals:
    """Every interval of the figures: proportions by transformation, all others by their order."""
    known = [f for f in figures if f.is_interval and f.kind in PROPORTIONS and not f.method]
    scales = _scales(known)
    counts = [_counts(f, names) for f, names in zip(known, scales, strict=True)]
    methods = [(*names, *(fit.text(f) for fit in fits))
               for f, names, fits in zip(known, scales, counts, strict=True)]  # fmt: skip
    found = Intervals(known, methods)
    wrong = [i for i, f in enumerate(known) if _outside(f) or not methods[i] or not _is_as_said(f, methods[i])]  # fmt: skip
    for i in wrong:
        found.methods[i] = ()
    for i in sorted(set(range(len(known))) - set(wrong)):
        found.remarks += at_another_level(known[i], counts[i])
    found.remarks += _wrong(found, wrong)
    found.remarks += _repeated(found, set(wrong))
    found.remarks += [r for f in figures if f.is_interval for r in _others(f)]
    return found


def _others(figure: Figure) -> list[Remark]:
    """Intervals that a stated count gives, and those of ratios and medians."""
    if figure.method:
        return stated(figure)
    if figure.kind not in PROPORTIONS and _outside(figure):
        return [finding(figure, "the estimate lies outside its interval")]
    return []


def _is_as_said(figure: Figure, methods: tuple[str, ...]) -> bool:
    return not figure.scale or figure.scale in methods


def _outside(figure: Figure) -> bool:
    """Whether no unrounded values are in the order low ≤ estimate ≤ high."""
    estimate, low, high = figure.interval
    return (
        low.low > estimate.high + _SLACK
        or estimate.low > high.high + _SLACK
        or low.low > high.high + _SLACK
    )


def _scales(figures: list[Figure]) -> list[tuple[str, ...]]:
    """The transformations that give each interval its limits."""
    names: list[list[str]] = [[] for _ in figures]
    for scales, mine in ((TRANSFORMATIONS, False), (OF_INCIDENCE, True)):
        chosen = [i for i, f in enumerate(figures) if (f.kind == INCIDENCE) is mine]
        boxes = [_box([figures[i] for i in chosen], part) for part in ("estimate", "low", "high")]
        for by in scales:
            for i in np.asarray(chosen, int)[fits(by, *boxes)]:
                names[i].append(by.name)
    return [tuple(found) for found in names]


def _counts(figure: Figure, scales: tuple[str, ...]) -> list[CountFit]:
    """The intervals of a count that fit: of a rate with its denominator, and where no scale does.

    Without censoring a survival is a proportion, and is often printed with such an interval.
    """
    counted = figure.kind == RATE and figure.total
    return fits_of_count(figure) if (counted or not scales) and not _outside(figure) else []


def _box(figures: list[Figure], part: str) -> Box:
    parts: list[Printed] = [getattr(figure, part) for figure in figures]
    return Box.of([(p.low - _SLACK) / 100 for p in parts], [(p.high + _SLACK) / 100 for p in parts])


def _ruling(found: Intervals, table: int) -> tuple[Transformation, int, int] | None:
    """The transformation most intervals of the table fit, how many, and of how many.

    Where the table has none that fits any, those of the whole file.
    """
    for here in (True, False):
        mine = [
            m
            for f, m in zip(found.figures, found.methods, strict=True)
            if m and (f.table == table or not here)
        ]
        counts = Counter(name for names in mine for name in names)
        best = max(OF_INCIDENCE, key=lambda by: counts[by.name])
        if counts[best.name]:
            return best, counts[best.name], len(mine)
    return None


def _wrong(found: Intervals, wrong: list[int]) -> list[Remark]:
    """What is said of each interval that is out of order, or that nothing known gives."""
    ruling = {table: _ruling(found, table) for table in {found.figures[i].table for i in wrong}}
    repairs = {i: _repairs(found.figures[i], ruling[found.figures[i].table]) for i in wrong}
    remarks = []
    for i in wrong:
        figure = found.figures[i]
        if owner := _owner(i, found, wrong, repairs):
            remarks.append(_carried(figure, owner))
        elif _outside(figure) or figure.scale:
            remarks.append(_impossible(figure, repairs[i], ruling[figure.table]))
        else:
            remarks.append(_unknown(figure, repairs[i], ruling[figure.table]))
    return remarks


def _repairs(figure: Figure, ruling: tuple[Transformation, int, int] | None) -> list[_Repair]:
    """What either limit should be if the other is right; none where it cannot be."""
    estimate, low, high = figure.interval
    scales = (ruling[0],) if ruling else OF_INCIDENCE if figure.kind == INCIDENCE else TRANSFORMATIONS  # fmt: skip
    repairs = []
    for by in scales:
        if low.low <= estimate.high:
            repairs.append(_repair(by, "upper", estimate, low))
        if high.high >= estimate.low:
            repairs.append(_repair(by, "lower", estimate, high))
    return repairs


def _repair(by: Transformation, limit: str, estimate: Printed, kept: Printed) -> _Repair:
    def made(s: float, end: float) -> float:
        return 100 * other_limit(by, min(max(s / 100, 0), 1), min(max(end / 100, 0), 1))

    return _Repair(by, limit, made(estimate.value, kept.value), made(estimate.low, kept.high),
                   made(estimate.high, kept.low), kept.text)  # fmt: skip


def _owner(
    i: int, found: Intervals, wrong: list[int], repairs: dict[int, list[_Repair]]
) -> tuple[Figure, bool] | None:
    """Another figure of the table whose interval stands here; True: once that one is repaired."""
    figure = found.figures[i]
    for j, other in enumerate(found.figures):
        if j == i or other.table != figure.table or other.numbers[0] == figure.numbers[0]:
            continue
        if j not in wrong and other.numbers[1:] == figure.numbers[1:]:
            return other, False
        # The repaired one must be the neighbour: two figures cannot each carry the other's.
        able = j in wrong and _outside(other) and not _outside(figure) and len(repairs[j]) == 1
        if able and _is_repaired(figure, other, repairs[j][0]):
            return other, True
    return None


def _is_repaired(figure: Figure, other: Figure, repair: _Repair) -> bool:
    _, low, high = figure.interval
    at = 1 if repair.limit == "upper" else 0
    kept, mended = (low, high) if at else (high, low)
    return kept.text == other.numbers[2 - at] and (
        repair.lowest - mended.half <= mended.value <= repair.highest + mended.half
    )


def _carried(figure: Figure, owner: tuple[Figure, bool]) -> Remark:
    other, repaired = owner
    _, low, high = figure.interval
    interval = f"{low.text}–{high.text}"
    once = ", once that is repaired" if repaired else ""
    return finding(figure, f"{interval} is the interval of its neighbour {other.as_printed}{once} "
                           f"({other.place}); its own is lost")  # fmt: skip


def _impossible(
    figure: Figure, repairs: list[_Repair], ruling: tuple[Transformation, int, int] | None
) -> Remark:
    why = (
        "the estimate lies outside its interval"
        if _outside(figure)
        else f"{figure.scale} does not give both limits"
    )
    if not repairs:
        return finding(figure, f"{why}; neither limit can be right")
    expected = _repaired(figure, repairs, named=ruling is None)
    by = f"by {ruling[0].name}, which {ruling[1]} of the other {ruling[2]} intervals fit" if ruling else "no other interval tells the transformation"  # fmt: skip
    return finding(figure, f"{why}; {by}", expected)


def _unknown(
    figure: Figure, repairs: list[_Repair], ruling: tuple[Transformation, int, int] | None
) -> Remark:
    """A note: limits in order may be right, by a method that is not known here."""
    scales = OF_INCIDENCE if figure.kind == INCIDENCE else TRANSFORMATIONS
    tried = ", ".join(by.name for by in scales) + "; of a count " + ", ".join(INTERVALS)
    others = f"; by {ruling[0].name}, which {ruling[1]} of the other {ruling[2]} intervals fit: {_repaired(figure, repairs, named=False)}" if ruling and repairs else ""  # fmt: skip
    return note(figure, f"fits none of the methods tried ({tried}); there are others, as likelihood ratio and bootstrap{others}")  # fmt: skip


def _repaired(figure: Figure, repairs: list[_Repair], *, named: bool) -> str:
    _, low, high = figure.interval
    decimals = max(low.decimals, high.decimals)
    said = [
        f"{repair.text(decimals)} if {repair.kept} is right{f', by {repair.by.name}' if named else ''}"
        for repair in repairs
    ]
    return "; or ".join(said)


def _repeated(found: Intervals, wrong: set[int]) -> list[Remark]:
    """Notes: one interval printed with two estimates that both fit it, and intervals of a point."""
    owners: dict[tuple[int, str, str], list[Figure]] = defaultdict(list)
    remarks = []
    for i, figure in enumerate(found.figures):
        if i in wrong:
            continue
        owners[figure.table, *figure.numbers[1:]].append(figure)
        if figure.numbers[1] == figure.numbers[2]:
            remarks.append(note(figure, "an interval of one point says nothing of the uncertainty: not estimable"))  # fmt: skip
    for figures in owners.values():
        other = next((f for f in figures if f.numbers[0] != figures[0].numbers[0]), None)
        if other:
            remarks.append(note(other, f"has the same interval as {figures[0].as_printed} ({figures[0].place}); both fit it"))  # fmt: skip
    return remarks
