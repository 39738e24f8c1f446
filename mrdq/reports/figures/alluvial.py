"""How the MRD class of the patients goes on from timepoint to timepoint."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import PathPatch, Rectangle
from matplotlib.path import Path as Outline

from mrdq.reports.figures.drawing import (
    CLASS_COLOURS,
    CLASS_NAMES,
    Canvas,
    house_style,
    shortened,
)

_WIDTH, _HEIGHT, _BAR, _GAP = 5.9, 3.0, 0.05, 0.035


def classes(population: pd.DataFrame, timepoints: Sequence[str]) -> pd.DataFrame:
    """The MRD class of each patient (rows) at each timepoint (columns); "" where it has none."""
    columns = {
        t: population[f"mrd_class_{t}"].fillna("").astype(str)
        for t in timepoints
        if f"mrd_class_{t}" in population
    }
    return pd.DataFrame(columns, index=population.index)


def alluvial(population: pd.DataFrame, timepoints: Mapping[str, str], *, key: str, title: str,
             notices: Sequence[str]) -> str:  # fmt: skip
    """SVG of bars per timepoint, one piece per MRD class, and bands of patients between them.

    ``population``: one row per patient with ``mrd_class_<tp>``; ``timepoints``: id -> label, in
    order.  Raises ValueError without patients or classes.
    """
    table = classes(population, list(timepoints))
    if table.empty:
        raise ValueError("no patients or no MRD classes to draw")
    labels = [timepoints[str(t)] for t in table]
    with house_style():
        canvas = Canvas(_WIDTH, _HEIGHT + 0.75, notices=notices)
        axes = canvas.axes(1.3, 0.1, _WIDTH - 2.6, _HEIGHT)
        axes.set_axis_off()
        axes.set_xlim(0, max(1, len(labels) - 1))
        axes.set_ylim(0, 1)
        bars = [_bar(table[t]) for t in table]
        for place in range(len(bars) - 1):
            _bands(axes, table.iloc[:, place : place + 2], bars[place : place + 2], place)
        for place, (bar, label) in enumerate(zip(bars, labels, strict=True)):
            _draw_bar(axes, bar, place, label, last=place == len(bars) - 1 and place > 0)
        canvas.text(0.08, canvas.top - 0.2, shortened(title, 72), size=9.5, weight="bold")
        told = "; ".join(
            f"{label}: " + ", ".join(f"{CLASS_NAMES.get(n, n)} {c}" for n, (_, _, c) in bar.items())
            for label, bar in zip(labels, bars, strict=True)
        )
        return canvas.svg(key=key, title=title, description=told)


def _bar(column: pd.Series) -> dict[str, tuple[float, float, int]]:
    """Class -> bottom, top and number of its piece, from the top down in the order of the words."""
    counts = column.value_counts()
    names = [name for name in CLASS_NAMES if name in counts.index]
    free, top, pieces = 1 - _GAP * (len(names) - 1), 1.0, {}
    for name in names:
        height = free * counts[name] / len(column)
        pieces[name] = (top - height, top, int(counts[name]))
        top -= height + _GAP
    return pieces


def _bands(axes: Axes, pair: pd.DataFrame, bars: Sequence[dict[str, tuple[float, float, int]]],
           place: int) -> None:  # fmt: skip
    """Bands in the order of both bars, so that those of one piece never cross each other there."""
    counts = pair.groupby(list(pair.columns), observed=True).size()
    tops = [{name: piece[1] for name, piece in bar.items()} for bar in bars]
    for one in bars[0]:
        for two in bars[1]:
            found = int(counts.get((one, two), 0))
            if found:
                _band(axes, (one, two), found, bars, tops, place)


def _band(axes: Axes, ends: tuple[str, str], found: int,
          bars: Sequence[dict[str, tuple[float, float, int]]], tops: list[dict[str, float]],
          place: int) -> None:  # fmt: skip
    spans = []
    for end, bar, top in zip(ends, bars, tops, strict=True):
        low, high, whole = bar[end]
        height = (high - low) * found / whole
        spans.append((top[end] - height, top[end]))
        top[end] -= height
    (y0, y1), (z0, z1) = spans
    left, right, half = place + _BAR / 2, place + 1 - _BAR / 2, place + 0.5
    corners = [(left, y1), (half, y1), (half, z1), (right, z1), (right, z0), (half, z0), (half, y0), (left, y0), (left, y1)]  # fmt: skip
    codes = [Outline.MOVETO, *[Outline.CURVE4] * 3, Outline.LINETO, *[Outline.CURVE4] * 3, Outline.CLOSEPOLY]  # fmt: skip
    axes.add_patch(PathPatch(Outline(corners, codes), facecolor=CLASS_COLOURS.get(ends[0], "#dddddd"),
                             alpha=0.35, edgecolor="none"))  # fmt: skip
    if y1 - y0 > 0.028:
        axes.text(left + 0.03, (y0 + y1) / 2, str(found), va="center", fontsize=7.5)


def _draw_bar(axes: Axes, bar: dict[str, tuple[float, float, int]], place: int, label: str, *,
              last: bool) -> None:  # fmt: skip
    for name, (low, high, found) in bar.items():
        colour = CLASS_COLOURS.get(name, "#eeeeee")
        axes.add_patch(Rectangle((place - _BAR / 2, low), _BAR, high - low, facecolor=colour,
                                 edgecolor="#333333", linewidth=0.5, clip_on=False))  # fmt: skip
        side = place + (0.7 if last else -0.7) * _BAR
        axes.text(side, (low + high) / 2, f"{CLASS_NAMES.get(name, name)} {found}", va="center",
                  ha="left" if last else "right", fontsize=7.5)  # fmt: skip
    axes.text(place, 1.03, shortened(label, 34), ha="center", fontsize=8, weight="bold")
