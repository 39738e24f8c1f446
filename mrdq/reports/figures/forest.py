"""Hazard ratios with their intervals on a log axis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import NullLocator

from mrdq.cohort.tables import NE
from mrdq.reports.cohort_numbers import ratio
from mrdq.reports.figures.drawing import Canvas, house_style, shortened

ROWS = 60
"""Rows that one drawing can hold."""

_LIMITS = (0.05, 20.0)
_TICKS = (0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20)
_WIDTH, _LEFT, _AXIS, _ROW = 10.2, 4.9, 3.1, 0.2


@dataclass(frozen=True, slots=True)
class Effect:
    """A hazard ratio; NaN where it cannot be estimated."""

    label: str
    hazard_ratio: float
    low: float
    high: float
    p: str = ""


def forest(effects: Sequence[Effect], *, key: str, title: str, notices: Sequence[str]) -> str:
    """SVG of at most ``ROWS`` effects, one per row.

    One that cannot be estimated is written ``NE`` and has no sign; an interval beyond 0.05 to 20
    ends in an arrow.  Raises ValueError for more rows or none.
    """
    if not 0 < len(effects) <= ROWS:
        raise ValueError(f"1 to {ROWS} effects, got {len(effects)}")
    height = _ROW * len(effects)
    with house_style():
        canvas = Canvas(_WIDTH, height + 1.15, notices=notices)
        axes = canvas.axes(_LEFT, 0.5, _AXIS, height)
        _axis(axes, len(effects))
        for row, effect in enumerate(effects):
            _draw(axes, effect, row)
            y = 0.5 + height - _ROW * (row + 0.5) - 0.04
            canvas.text(0.08, y, shortened(effect.label, 88), size=7.5)
            canvas.text(_LEFT + _AXIS + 0.15, y, _told(effect), size=7.5)
            canvas.text(_LEFT + _AXIS + 1.5, y, effect.p, size=7.5)
        canvas.text(0.08, height + 0.93, shortened(title, 100), size=9.5, weight="bold")
        heads = ((0.08, "Level v reference"), (_LEFT + _AXIS + 0.15, "Hazard ratio (95 %)"), (_LEFT + _AXIS + 1.5, "p"))  # fmt: skip
        for x, text in heads:
            canvas.text(x, height + 0.6, text, size=7.5, weight="bold")
        told = "; ".join(f"{effect.label}: {_told(effect)}" for effect in effects)
        return canvas.svg(key=key, title=title, description=told)


def _axis(axes: Axes, rows: int) -> None:
    axes.set_xscale("log")
    axes.set_xlim(*_LIMITS)
    axes.set_ylim(rows, 0)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.set_xticks(_TICKS, [f"{tick:g}" for tick in _TICKS])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.axvline(1, color="#888888", linewidth=0.8)
    axes.set_xlabel("Hazard ratio: left fewer events than the reference, right more", labelpad=2)


def _draw(axes: Axes, effect: Effect, row: int) -> None:
    y, (least, most) = row + 0.5, _LIMITS
    if np.isnan(effect.hazard_ratio):
        axes.text(1, y, NE, ha="center", va="center", fontsize=7.5, backgroundcolor="white")
        return
    low = least if np.isnan(effect.low) else max(effect.low, least)
    high = most if np.isnan(effect.high) else min(effect.high, most)
    axes.plot([low, high], [y, y], color="#0072b2", linewidth=1.2)
    for end, beyond, sign in ((least, not effect.low >= least, "<"), (most, not effect.high <= most, ">")):  # fmt: skip
        if beyond:
            axes.plot([end], [y], marker=sign, color="#0072b2", markersize=4, clip_on=False)
    if least <= effect.hazard_ratio <= most:
        axes.plot([effect.hazard_ratio], [y], marker="s", color="#0072b2", markersize=4)


def _told(effect: Effect) -> str:
    if np.isnan(effect.hazard_ratio):
        return NE
    return f"{ratio(effect.hazard_ratio)} ({ratio(effect.low)}–{ratio(effect.high)})"
