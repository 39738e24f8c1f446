"""Curves of survival or incidence over months, with intervals and numbers at risk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import NDArray

from mrdq.cohort.samples import DAYS_PER_MONTH
from mrdq.reports.cohort_numbers import day_of, numbers
from mrdq.reports.figures.drawing import (
    DASHES,
    PALETTE,
    STEPS,
    Canvas,
    house_style,
    shortened,
    thinned,
)

LINES = len(PALETTE)
"""Curves that one panel can hold."""

_WIDTH, _LEFT, _RIGHT, _HEIGHT, _ROW = 5.9, 1.4, 0.2, 2.5, 0.17


@dataclass(frozen=True, slots=True)
class Line:
    """A group of patients: its rows of ``curves`` or ``competing_curves``, by day.

    ``rows``: ``day estimate low high`` and, if known, ``at_risk n_censored``; per cent, NaN or
    ``NE`` where not estimable.
    """

    label: str
    rows: pd.DataFrame
    colour: str = ""


@dataclass(frozen=True, slots=True)
class Panel:
    """What stands around the curves; ``first_day`` is the day on which they begin."""

    key: str
    title: str
    subtitle: str
    note: str = ""
    x_label: str = "Months from start of treatment"
    y_label: str = "Survival, %"
    begins_at: float = 100.0
    first_day: int = 0


def curves(lines: Sequence[Line], panel: Panel, *, notices: Sequence[str]) -> str:
    """SVG of at most ``LINES`` step curves.

    Each ends with the last follow-up of its group; bands are the intervals, ticks the censored;
    numbers at risk (still under observation on that day) stand under the months of the axis.
    Raises ValueError for more lines.
    """
    if len(lines) > LINES:
        raise ValueError(f"at most {LINES} lines, got {len(lines)}")
    below = 0.75 + _ROW * (len(lines) + 0.5)
    with house_style():
        canvas = Canvas(_WIDTH, below + _HEIGHT + 0.5, notices=notices)
        axes = canvas.axes(_LEFT, below, _WIDTH - _LEFT - _RIGHT, _HEIGHT)
        ticks = _months(axes, lines, panel)
        highest = [_draw(axes, line, place, panel) for place, line in enumerate(lines)]
        _vertical(axes, panel, max([0.0, *highest]))
        _at_risk(canvas, axes, lines, ticks)
        canvas.text(_LEFT, below + _HEIGHT + 0.3, shortened(panel.title, 72), size=9.5, weight="bold")  # fmt: skip
        canvas.text(_LEFT, below + _HEIGHT + 0.13, shortened(panel.subtitle, 90), color="#444444")
        told = "; ".join(_told(line) for line in lines)
        return canvas.svg(key=panel.key, title=f"{panel.title}. {panel.subtitle}",
                          description=f"{panel.note}. {told}".strip(". "))  # fmt: skip


def at_risk(rows: pd.DataFrame, days: Sequence[int]) -> NDArray[np.int64]:
    """How many are still at risk on each day: those of the first row on or after it, else none."""
    rows = rows.sort_values("day")
    counts = np.append(numbers(rows["at_risk"]), 0.0)
    places = np.searchsorted(numbers(rows["day"]), np.asarray(days, dtype=float), side="left")
    return np.asarray(counts[places], dtype=np.int64)


def _steps(line: Line, panel: Panel) -> dict[str, NDArray[np.float64]]:
    rows = line.rows.sort_values("day")
    names = [name for name in ("day", "estimate", "low", "high", "n_censored") if name in rows]
    found = {name: numbers(rows[name]) for name in names}
    first = {"day": float(panel.first_day), "estimate": panel.begins_at, "n_censored": 0.0}
    begun = {name: np.insert(found[name], 0, first.get(name, np.nan)) for name in found}
    return begun | {"n_censored": begun.get("n_censored", np.zeros(len(rows) + 1))}


def _draw(axes: Axes, line: Line, place: int, panel: Panel) -> float:
    """Draw one curve; returns the highest value that must be in the picture."""
    steps = _steps(line, panel)
    keep = thinned(steps["day"])
    months = steps["day"][keep] / DAYS_PER_MONTH
    colour = line.colour or PALETTE[place]
    low, high = steps["low"][keep], steps["high"][keep]
    axes.fill_between(months, low, high, step="post", color=colour, alpha=0.13, linewidth=0)
    axes.plot(months, steps["estimate"][keep], drawstyle="steps-post", color=colour,
              linestyle=DASHES[place], linewidth=1.4)  # fmt: skip
    lost = np.flatnonzero(steps["n_censored"] > 0)
    lost = lost[thinned(steps["day"][lost], STEPS // 2)]
    axes.plot(steps["day"][lost] / DAYS_PER_MONTH, steps["estimate"][lost], linestyle="none",
              marker="|", markersize=4, markeredgewidth=0.7, color=colour)  # fmt: skip
    return float(np.nanmax([*steps["estimate"], *high], initial=0.0))


def _months(axes: Axes, lines: Sequence[Line], panel: Panel) -> list[int]:
    last = max(
        [6.0, *(numbers(line.rows["day"]).max(initial=0) / DAYS_PER_MONTH for line in lines)]
    )
    step = next((s for s in (6, 12, 24, 60, 120) if last / s <= 12), 240)
    last_day = last * DAYS_PER_MONTH
    ticks = [month for month in range(0, int(last) + 2, step) if day_of(month) <= last_day]
    axes.set_xlim(0, last * 1.02)
    axes.set_xticks(ticks, [str(tick) for tick in ticks])
    axes.set_xlabel(panel.x_label, labelpad=2)
    if panel.first_day > 0:
        axes.axvline(
            panel.first_day / DAYS_PER_MONTH, color="#888888", linewidth=0.8, linestyle=":"
        )
        axes.text(panel.first_day / DAYS_PER_MONTH, 0.13, " landmark", fontsize=7, color="#666666",
                  transform=axes.get_xaxis_transform())  # fmt: skip
    return [tick for tick in ticks if day_of(tick) >= panel.first_day]


def _vertical(axes: Axes, panel: Panel, highest: float) -> None:
    rising = panel.begins_at == 0
    top = min(100.0, 20 * np.ceil(max(highest, 1) / 20)) if rising else 100.0
    axes.set_ylim(0, top * 1.03)
    axes.set_yticks(np.arange(0, top + 1, 20 if top > 40 else 10))
    axes.set_ylabel(panel.y_label)
    axes.yaxis.grid(visible=True, color="#e6e6e6", linewidth=0.6)
    axes.set_axisbelow(True)
    corner = (0.97, "top") if rising else (0.035, "bottom")
    axes.text(0.015, corner[0], panel.note, transform=axes.transAxes, va=corner[1], fontsize=8.5)


def _at_risk(canvas: Canvas, axes: Axes, lines: Sequence[Line], ticks: Sequence[int]) -> None:
    """The rows under the axis: a sample of the line, the group's name and its numbers at risk."""
    known = any("at_risk" in line.rows for line in lines)
    top = 0.17 + _ROW * len(lines)
    canvas.text(0.08, top, "At risk" if known else "Groups", size=7.5, weight="bold")
    left, right = axes.get_xlim()
    inches = (_WIDTH - _LEFT - _RIGHT) / (right - left)
    days = [day_of(tick) for tick in ticks]
    for place, line in enumerate(lines):
        y = top - _ROW * (place + 1)
        colour = line.colour or PALETTE[place]
        canvas.line((0.08, y + 0.04), (0.36, y + 0.04), colour=colour, dashes=DASHES[place])
        canvas.text(0.4, y, shortened(line.label, 15), size=7.5, color=colour)
        if "at_risk" in line.rows:
            for tick, count in zip(ticks, at_risk(line.rows, days), strict=True):
                canvas.text(_LEFT + tick * inches, y, str(count), size=7.5, ha="center")


def _told(line: Line) -> str:
    if line.rows.empty:
        return f"{line.label}: no patients"
    last = line.rows.sort_values("day").iloc[-1]
    estimate = numbers(pd.Series([last["estimate"]]))[0]
    told = "not estimable" if np.isnan(estimate) else f"{estimate:.1f} %"
    return f"{line.label}: {told} on the last day of follow-up, day {last['day']:.0f}"
