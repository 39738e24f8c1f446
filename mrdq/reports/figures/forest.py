"""Hazard ratios with their intervals on a log axis."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import NullLocator

from mrdq.cohort.tables import NE
from mrdq.reports.cohort_numbers import ratio
from mrdq.reports.figures.drawing import Canvas, house_style, shortened

ROWS = 60
"""Effects that one drawing can hold."""

MOST = 100.0
"""A larger ratio, or limit, is written ``>100``: its size means nothing."""

_TICKS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100)
_INTERVALS = (0.05, 20.0)
_WIDTH, _LEFT, _AXIS, _LINE, _LETTERS = 11.1, 5.0, 3.0, 0.16, 90
_N, _RATIO, _P = (_LEFT + _AXIS + at for at in (0.15, 0.95, 2.4))
_COLOUR = "#0072b2"


@dataclass(frozen=True, slots=True)
class Effect:
    """A hazard ratio; NaN where it cannot be estimated.

    ``counts``: patients and events, in words; ``group``: the heading under which it stands.
    """

    label: str
    hazard_ratio: float
    low: float
    high: float
    p: str = ""
    counts: str = ""
    group: str = ""


@dataclass(frozen=True, slots=True)
class _Row:
    """A heading (no effect) or an effect; ``top``: inches under the upper end of the axis."""

    lines: list[str]
    top: float
    effect: Effect | None = None

    @property
    def height(self) -> float:
        return _LINE * len(self.lines) + 0.05

    @property
    def middle(self) -> float:
        return self.top + self.height / 2


def forest(effects: Sequence[Effect], *, key: str, title: str, notices: Sequence[str]) -> str:
    """SVG of at most ``ROWS`` effects, one below the other, under the headings of their groups.

    One that cannot be estimated is written ``NE`` and has no sign; an interval that ends beyond the
    axis ends in an arrow.  The axis holds every estimate from 0.01 to 100, and the intervals from
    0.05 to 20.  Raises ValueError for more effects or none.
    """
    if not 0 < len(effects) <= ROWS:
        raise ValueError(f"1 to {ROWS} effects, got {len(effects)}")
    rows = _rows(effects)
    height = rows[-1].top + rows[-1].height
    with house_style():
        canvas = Canvas(_WIDTH, height + 1.15, notices=notices)
        axes = canvas.axes(_LEFT, 0.5, _AXIS, height)
        limits = _limits(effects)
        _axis(axes, height, limits)
        for row in rows:
            _written(canvas, row, 0.5 + height)
            if row.effect is not None:
                _draw(axes, row.effect, row.middle, limits)
        canvas.text(0.08, height + 0.93, shortened(title, 100), size=9.5, weight="bold")
        heads = ((0.08, "Level v reference"), (_N, "n / events"), (_RATIO, "Hazard ratio (95 %)"), (_P, "p"))  # fmt: skip
        for x, text in heads:
            canvas.text(x, height + 0.6, text, size=7.5, weight="bold")
        told = "; ".join(f"{effect.label}: {_told(effect)}" for effect in effects)
        return canvas.svg(key=key, title=title, description=told)


def _rows(effects: Sequence[Effect]) -> list[_Row]:
    """The effects with a heading wherever another group begins, each under the one before."""
    rows: list[_Row] = []
    group = ""
    for effect in effects:
        if effect.group != group:
            group = effect.group
            rows.append(_Row([group], _end(rows) + 0.06))
        lines = textwrap.wrap(shortened(effect.label, 400), _LETTERS, subsequent_indent="   ")
        rows.append(_Row(lines or [""], _end(rows), effect))
    return rows


def _end(rows: Sequence[_Row]) -> float:
    return rows[-1].top + rows[-1].height if rows else 0.0


def _written(canvas: Canvas, row: _Row, top: float) -> None:
    """The words of a row: its label line by line, and beside the first its numbers."""
    y = top - row.top - _LINE + 0.02
    for place, line in enumerate(row.lines):
        heading = {} if row.effect else {"weight": "bold", "color": "#444444"}
        indent = 0.08 if not line.startswith(" ") else 0.2
        canvas.text(indent, y - place * _LINE, line.strip(), size=7.5, **heading)
    if row.effect is not None:
        middle = top - row.middle - 0.04
        for x, text in ((_N, row.effect.counts), (_RATIO, _told(row.effect)), (_P, row.effect.p)):
            canvas.text(x, middle, text, size=7.5)


def _limits(effects: Iterable[Effect]) -> tuple[float, float]:
    """The ticks around all estimates, and around the intervals as far as they are drawn."""
    seen = [e for e in effects if not np.isnan(e.hazard_ratio)]
    lows = np.array(
        [max(min(e.hazard_ratio, e.low), _INTERVALS[0]) for e in seen if e.low == e.low]
    )
    highs = np.array([min(max(e.hazard_ratio, e.high), _INTERVALS[1]) for e in seen if e.high == e.high])  # fmt: skip
    estimates = np.array([e.hazard_ratio for e in seen])
    least = min([0.5, *lows, *estimates])
    most = max([2.0, *highs, *estimates])
    below = [tick for tick in _TICKS if tick <= least]
    above = [tick for tick in _TICKS if tick >= most]
    return below[-1] if below else _TICKS[0], above[0] if above else _TICKS[-1]


def _axis(axes: Axes, height: float, limits: tuple[float, float]) -> None:
    ticks = [tick for tick in _TICKS if limits[0] <= tick <= limits[1]]
    axes.set_xscale("log")
    axes.set_xlim(*limits)
    axes.set_ylim(height, 0)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.axvline(1, color="#888888", linewidth=0.8)
    axes.set_xlabel("Hazard ratio: left fewer events than the reference, right more", labelpad=2)


def _draw(axes: Axes, effect: Effect, y: float, limits: tuple[float, float]) -> None:
    least, most = limits
    if np.isnan(effect.hazard_ratio):
        axes.text(1, y, NE, ha="center", va="center", fontsize=7.5, backgroundcolor="white")
        return
    low = least if np.isnan(effect.low) else min(max(effect.low, least), most)
    high = most if np.isnan(effect.high) else max(min(effect.high, most), least)
    axes.plot([low, high], [y, y], color=_COLOUR, linewidth=1.2)
    for end, beyond, sign in ((least, not effect.low >= least, "<"), (most, not effect.high <= most, ">")):  # fmt: skip
        if beyond:
            axes.plot([end], [y], marker=sign, color=_COLOUR, markersize=4, clip_on=False)
    if least <= effect.hazard_ratio <= most:
        axes.plot([effect.hazard_ratio], [y], marker="s", color=_COLOUR, markersize=4)


def _told(effect: Effect) -> str:
    if np.isnan(effect.hazard_ratio):
        return NE
    return f"{_ratio(effect.hazard_ratio)} ({_ratio(effect.low)}–{_ratio(effect.high)})"


def _ratio(value: float) -> str:
    return f">{MOST:g}" if value > MOST else ratio(value)
