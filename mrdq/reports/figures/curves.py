"""Curves of survival or incidence over months, with intervals and numbers at risk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

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

FEW = 5
"""With fewer patients at risk a curve is drawn thinner and lighter: one of them moves it far."""

_WIDTH, _LEFT, _RIGHT, _HEIGHT, _ROW = 5.9, 1.4, 0.2, 2.5, 0.17
_ABOVE = 0.65


@dataclass(frozen=True, slots=True)
class Line:
    """A group of patients: its rows of ``curves`` or ``competing_curves``, by day.

    ``rows``: ``day estimate low high`` and, if known, ``at_risk n_censored``; per cent, NaN or
    ``NE`` where not estimable.  ``remark``: what is said of the group under the numbers at risk.
    """

    label: str
    rows: pd.DataFrame
    colour: str = ""
    remark: str = ""


@dataclass(frozen=True, slots=True)
class Panel:
    """What stands around the curves; ``first_day`` is the day on which they begin.

    ``last_day`` and ``top``: day and per cent that the axes have to reach, so that panels side by
    side can be compared.
    """

    key: str
    title: str
    subtitle: str
    note: str = ""
    x_label: str = "Months from start of treatment"
    y_label: str = "Survival, %"
    begins_at: float = 100.0
    first_day: int = 0
    last_day: float = 0.0
    top: float = 0.0


def curves(lines: Sequence[Line], panel: Panel, *, notices: Sequence[str]) -> str:
    """SVG of at most ``LINES`` step curves.

    Each ends with the last follow-up of its group, and is thinner and lighter where fewer than
    ``FEW`` are at risk; bands are the intervals, ticks the censored; numbers at risk (still under
    observation on that day) stand under the months of the axis and under the landmark.
    Raises ValueError for more lines.
    """
    if len(lines) > LINES:
        raise ValueError(f"at most {LINES} lines, got {len(lines)}")
    remarks = [line.remark for line in lines if line.remark]
    below = 0.75 + _ROW * (len(lines) + len(remarks) + 0.5)
    with house_style():
        canvas = Canvas(_WIDTH, below + _HEIGHT + _ABOVE, notices=notices)
        axes = canvas.axes(_LEFT, below, _WIDTH - _LEFT - _RIGHT, _HEIGHT)
        ticks = _months(axes, lines, panel)
        tops = [_draw(axes, line, place, panel) for place, line in enumerate(lines)]
        _vertical(axes, panel, max([0.0, panel.top, *tops]))
        _at_risk(canvas, axes, lines, ticks, panel, _ROW * len(remarks))
        for place, remark in enumerate(reversed(remarks)):
            canvas.text(0.08, 0.14 + _ROW * place, shortened(remark, 110), size=7, color="#444444")
        left, top = _LEFT, below + _HEIGHT
        canvas.text(left, top + 0.45, shortened(panel.title, 72), size=9.5, weight="bold")
        canvas.text(left, top + 0.28, shortened(panel.subtitle, 90), color="#444444")
        canvas.text(left, top + 0.11, panel.note)
        told = "; ".join(_told(line) for line in lines)
        return canvas.svg(key=panel.key, title=f"{panel.title}. {panel.subtitle}",
                          description=f"{panel.note}. {told}".strip(". "))  # fmt: skip


def at_risk(rows: pd.DataFrame, days: Sequence[int]) -> NDArray[np.int64]:
    """How many are still at risk on each day: those of the first row on or after it, else none."""
    rows = rows.sort_values("day")
    counts = np.append(numbers(rows["at_risk"]), 0.0)
    places = np.searchsorted(numbers(rows["day"]), np.asarray(days, dtype=float), side="left")
    return np.asarray(counts[places], dtype=np.int64)


def few_from(line: Line) -> int | None:
    """The place among the sorted rows after which fewer than ``FEW`` are at risk; None: never.

    -1: from the beginning.
    """
    if "at_risk" not in line.rows:
        return None
    few = np.flatnonzero(numbers(line.rows.sort_values("day")["at_risk"]) < FEW)
    return int(few[0]) - 1 if len(few) else None


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
    places = np.arange(len(steps["day"]))
    few = few_from(line)
    last = len(places) if few is None else few + 1  # the rows follow the point where all begin
    colour = line.colour or PALETTE[place]
    for chosen, many in ((places[: last + 1], True), (places[last:], False)):
        if len(chosen) > 1:
            _piece(axes, {n: v[chosen] for n, v in steps.items()}, (colour, DASHES[place]), many=many)  # fmt: skip
    lost = np.flatnonzero(steps["n_censored"] > 0)
    lost = lost[thinned(steps["day"][lost], STEPS // 2)]
    axes.plot(steps["day"][lost] / DAYS_PER_MONTH, steps["estimate"][lost], linestyle="none",
              marker="|", markersize=4, markeredgewidth=0.7, color=colour)  # fmt: skip
    return highest(line, panel)


def highest(line: Line, panel: Panel) -> float:
    """The highest estimate or limit of a line."""
    steps = _steps(line, panel)
    return float(np.nanmax([*steps["estimate"], *steps["high"]], initial=0.0))


def _piece(axes: Axes, steps: dict[str, NDArray[np.float64]], look: tuple[str, Any], *,
           many: bool) -> None:  # fmt: skip
    """A part of a curve with its band; lighter where not ``many`` are at risk."""
    keep = thinned(steps["day"])
    months = steps["day"][keep] / DAYS_PER_MONTH
    colour, dashes = look
    axes.fill_between(months, steps["low"][keep], steps["high"][keep], step="post", color=colour,
                      alpha=0.13 if many else 0.05, linewidth=0)  # fmt: skip
    axes.plot(months, steps["estimate"][keep], drawstyle="steps-post", color=colour, linestyle=dashes,
              linewidth=1.4 if many else 0.7, alpha=None if many else 0.6)  # fmt: skip


def _months(axes: Axes, lines: Sequence[Line], panel: Panel) -> list[int]:
    last_days = [panel.last_day, *(numbers(line.rows["day"]).max(initial=0) for line in lines)]
    last = max([6.0, *(day / DAYS_PER_MONTH for day in last_days)])
    step = next((s for s in (6, 12, 24, 60, 120) if last / s <= 12), 240)
    last_day = last * DAYS_PER_MONTH
    ticks = [month for month in range(0, int(last) + 2, step) if day_of(month) <= last_day]
    axes.set_xlim(0, last * 1.02)
    axes.set_xticks(ticks, [str(tick) for tick in ticks])
    axes.set_xlabel(panel.x_label, labelpad=2)
    if panel.first_day > 0:
        axes.axvline(panel.first_day / DAYS_PER_MONTH, color="#888888", linewidth=0.8, linestyle=":")  # fmt: skip
    return [tick for tick in ticks if day_of(tick) >= panel.first_day]


def _vertical(axes: Axes, panel: Panel, highest: float) -> None:
    rising = panel.begins_at == 0
    top = min(100.0, 20 * np.ceil(max(highest, 1) / 20)) if rising else 100.0
    axes.set_ylim(0, top * 1.03)
    axes.set_yticks(np.arange(0, top + 1, 20 if top > 40 else 10))
    axes.set_ylabel(panel.y_label)
    axes.yaxis.grid(visible=True, color="#e6e6e6", linewidth=0.6)
    axes.set_axisbelow(True)


def _at_risk(canvas: Canvas, axes: Axes, lines: Sequence[Line], ticks: Sequence[int], panel: Panel,
             bottom: float) -> None:  # fmt: skip
    """The rows under the axis: a sample of the line, the group's name and its numbers at risk."""
    known = any("at_risk" in line.rows for line in lines)
    top = bottom + 0.17 + _ROW * len(lines)
    canvas.text(0.08, top, "At risk" if known else "Groups", size=7.5, weight="bold")
    places = _columns(axes, ticks, panel)
    if known and panel.first_day > 0:
        canvas.text(places[0][0], top, "landmark", size=6.5, ha=places[0][2], color="#666666")
    for place, line in enumerate(lines):
        y = top - _ROW * (place + 1)
        colour = line.colour or PALETTE[place]
        canvas.line((0.08, y + 0.04), (0.36, y + 0.04), colour=colour, dashes=DASHES[place])
        canvas.text(0.4, y, shortened(line.label, 15), size=7.5, color=colour)
        if "at_risk" in line.rows:
            counts = at_risk(line.rows, [day for _, day, _ in places])
            for (x, _, side), count in zip(places, counts, strict=True):
                canvas.text(x, y, str(count), size=7.5, ha=side)


def _columns(axes: Axes, ticks: Sequence[int], panel: Panel) -> list[tuple[float, int, str]]:
    """Inches, day and alignment of the numbers at risk: of the landmark, and of the months after."""
    left, right = axes.get_xlim()
    inches = (_WIDTH - _LEFT - _RIGHT) / (right - left)
    columns = [(_LEFT + tick * inches, day_of(tick), "center") for tick in ticks]
    if panel.first_day <= 0:
        return columns
    columns = [column for column in columns if column[1] > panel.first_day]
    own = _LEFT + panel.first_day / DAYS_PER_MONTH * inches
    beside = min([own + 0.05, *(x - 0.12 for x, _, _ in columns[:1])])
    return [(beside, panel.first_day, "right"), *columns]


def _told(line: Line) -> str:
    if line.rows.empty:
        return f"{line.label}: no patients"
    last = line.rows.sort_values("day").iloc[-1]
    estimate = numbers(pd.Series([last["estimate"]]))[0]
    told = "not estimable" if np.isnan(estimate) else f"{estimate:.1f} %"
    return f"{line.label}: {told} on the last day of follow-up, day {last['day']:.0f}"
