"""MRD levels of each patient over the timepoints; what was not quantified is never a point."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.ticker import NullLocator
from numpy.typing import NDArray

from mrdq import vocabulary as words
from mrdq.reports.cohort_numbers import numbers
from mrdq.reports.figures.drawing import (
    CLASS_COLOURS,
    CLASS_NAMES,
    Canvas,
    house_style,
    shortened,
)

PATIENTS = 300
"""Patients drawn at most; more cannot be told apart."""

_LEFT, _BOTTOM, _HEIGHT, _LANE = 1.75, 0.45, 2.9, 0.19
_LANES = ("positive, no upper limit", words.UNDECIDED, words.NEGATIVE, words.NOT_EVALUABLE, words.NOT_DONE)  # fmt: skip
_NO_LIMIT = _LANES[0]
_MARK = {words.POSITIVE: "o", words.UNDECIDED: "D", words.NEGATIVE: "s"}
_SPREAD = 0.4
_PER_TIMEPOINT = 2.35
_GOLDEN = 0.6180339887498949


def drawn(population: pd.DataFrame, most: int = PATIENTS) -> pd.DataFrame:
    """The patients that are drawn: all, or ``most`` at even distances in the order of their ids."""
    rows = population.sort_values("patient_id", kind="stable")
    if len(rows) <= most:
        return rows
    return rows.iloc[np.linspace(0, len(rows) - 1, most).round().astype(int)]


def trajectories(population: pd.DataFrame, timepoints: Mapping[str, str], *, key: str, title: str,
                 notices: Sequence[str], span: tuple[float, float] | None = None) -> str:  # fmt: skip
    """SVG of the MRD level (log axis) of the patients at each timepoint.

    A quantified level is a filled sign.  A result that was not quantified is an open sign at its
    upper limit with a line down from it: the level lies anywhere below.  A result without such a
    limit stands in a lane under the axis.

    Parameters
    ----------
    population: ``patient_id`` and, per timepoint, ``mrd_level_<tp> mrd_high_<tp> mrd_class_<tp>``.
    timepoints: id -> label, in order.
    span: lowest and highest level that the axis has to hold, so that drawings can be compared.
    """
    rows = drawn(population)
    if rows.empty or not timepoints:
        raise ValueError("no patients or no timepoints to draw")
    places = _places(rows, list(timepoints))
    lanes = [lane for lane in _LANES if any((at["lane"] == lane).any() for at in places)]
    width, below = max(4.2, _PER_TIMEPOINT * len(timepoints)) + _LEFT, _BOTTOM + _LANE * len(lanes)
    with house_style():
        canvas = Canvas(width, below + _HEIGHT + 0.7, notices=notices)
        axes = canvas.axes(_LEFT, below, width - _LEFT - 0.15, _HEIGHT)
        bottom = _log_axis(axes, len(places), span or levels_of(rows, list(timepoints)))
        _links(axes, places)
        for at in places:
            _arrows(axes, at, bottom)
            _marks(axes, at)
        _lanes(canvas, places, lanes, width)
        _names(canvas, axes, list(timepoints.values()), title)
        told = "; ".join(
            f"{label}: {np.isfinite(at['level']).sum()} quantified, "
            f"{np.isfinite(at['limit']).sum()} below a limit"
            for label, at in zip(timepoints.values(), places, strict=True)
        )
        return canvas.svg(key=key, title=title, description=told)


def _places(rows: pd.DataFrame, timepoints: list[str]) -> list[dict[str, NDArray[np.generic]]]:
    """Per timepoint: where each patient stands (x), its level, its limit, or its lane."""
    jitter = (np.arange(len(rows)) * _GOLDEN % 1 - 0.5) * 2 * _SPREAD
    found = []
    for place, timepoint in enumerate(timepoints):
        names = rows.get(f"mrd_class_{timepoint}", pd.Series("", rows.index)).fillna("").astype(str)
        classes = names.to_numpy(dtype=object)
        level, high = (_column(rows, f"mrd_{kind}_{timepoint}") for kind in ("level", "high"))
        limit = np.where(np.isnan(level), high, np.nan)
        unseen = np.isnan(level) & np.isnan(limit)
        lane = np.where(unseen, np.where(classes == words.POSITIVE, _NO_LIMIT, classes), "")
        found.append({"x": place + jitter, "level": level, "limit": limit, "lane": lane, "class": classes})  # fmt: skip
    return found


def _column(rows: pd.DataFrame, name: str) -> NDArray[np.float64]:
    values = numbers(rows[name]) if name in rows else np.full(len(rows), np.nan)
    return np.where(values > 0, values, np.nan)


def levels_of(population: pd.DataFrame, timepoints: Sequence[str]) -> tuple[float, float]:
    """The lowest and the highest level or limit; 1e-4 and 1e-2 where there is none."""
    places = _places(population, list(timepoints))
    seen = np.concatenate([[], *(at[name].astype(float) for at in places for name in ("level", "limit"))])  # fmt: skip
    seen = seen[np.isfinite(seen)]
    return (float(seen.min()), float(seen.max())) if len(seen) else (1e-4, 1e-2)


def _log_axis(axes: Axes, timepoints: int, span: tuple[float, float]) -> float:
    low, high = span
    bottom, top = 10 ** (np.floor(np.log10(low)) - 1), 10 ** np.ceil(np.log10(high) + 0.05)
    axes.set_yscale("log")
    axes.set_ylim(bottom, top)
    axes.set_xlim(-0.5, timepoints - 0.5)
    decades = range(round(np.log10(bottom)), round(np.log10(top)) + 1)
    axes.set_yticks([10.0**d for d in decades], [f"1e−{-d}" if d else "1" for d in decades])
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.grid(visible=True, color="#ececec", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.set_ylabel("MRD level (fraction of cells)")
    return float(bottom)


def _links(axes: Axes, places: list[dict[str, NDArray[np.generic]]]) -> None:
    """Lines from timepoint to timepoint: dashed where an end is a limit and no level."""
    for one, two in pairwise(places):
        ends = [np.where(np.isnan(at["level"]), at["limit"], at["level"]) for at in (one, two)]
        seen = np.isfinite(ends[0]) & np.isfinite(ends[1])
        both = np.isfinite(one["level"]) & np.isfinite(two["level"])
        for chosen, dashes, alpha in ((seen & both, "solid", 0.75), (seen & ~both, (0, (2, 2)), 0.4)):  # fmt: skip
            path = np.stack([one["x"], ends[0], two["x"], ends[1]], axis=1)[chosen].astype(float)
            lines = LineCollection(list(path.reshape(-1, 2, 2)), colors="#6f6f6f", linewidths=0.8,
                                   linestyles=[dashes], alpha=alpha)  # fmt: skip
            axes.add_collection(lines)


def _arrows(axes: Axes, at: dict[str, NDArray[np.generic]], bottom: float) -> None:
    """A line from each limit down to the floor of the axis: the level lies anywhere on it."""
    for name, chosen in _by_class(at, "limit"):
        axes.vlines(at["x"][chosen].astype(float), bottom, at["limit"][chosen].astype(float),
                    colors=CLASS_COLOURS.get(name, "#666666"), linewidth=0.5, alpha=0.25)  # fmt: skip


def _marks(axes: Axes, at: dict[str, NDArray[np.generic]]) -> None:
    for kind, filled in (("level", True), ("limit", False)):
        for name, chosen in _by_class(at, kind):
            colour = CLASS_COLOURS.get(name, "#666666")
            # Many limits are one number: signs that lie on each other still show how many they are.
            axes.plot(at["x"][chosen], at[kind][chosen], linestyle="none", markersize=4 if filled else 3.8,
                      marker=_MARK.get(name, "o") if filled else "v", color=colour, alpha=0.85 if filled else 0.7,
                      markeredgewidth=0.8 if filled else 0.6, markerfacecolor=colour if filled else "none")  # fmt: skip


def _by_class(at: dict[str, NDArray[np.generic]], kind: str) -> list[tuple[str, NDArray[np.bool_]]]:
    seen = np.isfinite(at[kind].astype(float))
    names = dict.fromkeys([*words.MRD_CLASSES, *at["class"][seen]])
    return [(str(n), c) for n in names if (c := seen & (at["class"] == n)).any()]


def _lanes(canvas: Canvas, places: list[dict[str, NDArray[np.generic]]], lanes: list[str],
           width: float) -> None:  # fmt: skip
    inches = (width - _LEFT - 0.15) / len(places)
    top = _BOTTOM + _LANE * (len(lanes) - 1) - 0.12
    for row, lane in enumerate(lanes):
        y = top - _LANE * row
        canvas.text(_LEFT - 0.1, y, _lane_name(lane), size=7.5, ha="right", color="#333333")
        for place, at in enumerate(places):
            found = int((at["lane"] == lane).sum())
            canvas.text(_LEFT + (place + 0.5) * inches, y, str(found), size=7.5, ha="center")


def _lane_name(lane: str) -> str:
    name = CLASS_NAMES.get(lane, lane)
    return f"{name}, no limit" if lane in (words.NEGATIVE, words.UNDECIDED) else name


def _names(canvas: Canvas, axes: Axes, labels: list[str], title: str) -> None:
    axes.set_xticks(range(len(labels)), [shortened(label, 34) for label in labels])
    axes.tick_params(axis="x", top=True, labeltop=True, bottom=False, labelbottom=False, length=0)
    canvas.text(0.08, canvas.top - 0.2, shortened(title, 80), size=9.5, weight="bold")
