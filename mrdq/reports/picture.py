"""A standard curve as a small drawing (SVG): standards, the line, the limits, the samples."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

from mrdq import vocabulary as words

Row = dict[str, Any]

WIDTH, HEIGHT, LEFT, BOTTOM, TOP, RIGHT = 330, 200, 36, 28, 10, 10
COLOURS = {
    words.POSITIVE_QUANTIFIABLE: "#b2182b",
    words.NEGATIVE: "#4d4d4d",
    words.NOT_EVALUABLE: "#999999",
}


def curve_picture(curve: Row, wells: Iterable[Row], call_of: Mapping[str, str]) -> str:
    """SVG of one target of one run; "" without a standard.

    ``wells``: determined standards and samples (``role dilution cq sample_id``); the x axis is
    log10 of the dilution, samples stand at the right edge by their Cq.  ``call_of``: sample -> call.
    """
    standards: list[tuple[float, float]] = []
    samples: dict[str, list[float]] = {}
    for well in wells:
        if well["role"] == words.SAMPLE:
            samples.setdefault(well["sample_id"], []).append(well["cq"])
        elif well["dilution"] > 0:
            standards.append((math.log10(well["dilution"]), well["cq"]))
    if not standards:
        return ""
    logs = [log for log, _ in standards]
    low, high = math.floor(min(logs) + 1e-9), math.ceil(max(logs) - 1e-9)
    cqs = [
        *(cq for _, cq in standards),
        *(cq for found in samples.values() for cq in found),
        *([curve["lowest_background_cq"]] if not math.isnan(curve["lowest_background_cq"]) else []),
    ]
    bottom, top = float(math.floor(min(cqs)) - 1), float(math.ceil(max(cqs)) + 1)

    def x(log: float) -> float:
        return LEFT + (high - log) / max(high - low, 1) * (WIDTH - LEFT - RIGHT - 44)

    def y(cq: float) -> float:
        return HEIGHT - BOTTOM - (cq - bottom) / (top - bottom) * (HEIGHT - BOTTOM - TOP)

    parts = _axes(
        range(low, high + 1), range(int(bottom) + 4 - int(bottom) % 4, int(top) + 1, 4), x, y
    )
    if not math.isnan(curve["slope"]):
        ends = [
            (x(log), y(curve["intercept"] + curve["slope"] * log))
            for log in (max(logs), math.log10(curve["quantitative_range"]))
        ]
        dash = "" if curve["accepted"] else ' stroke-dasharray="4 3"'
        parts.append(_line(*ends[0], *ends[1], f'stroke="#2166ac" stroke-width="1.5"{dash}'))
    if not math.isnan(curve["lowest_background_cq"]):
        level = y(curve["lowest_background_cq"])
        parts.append(
            _line(LEFT, level, WIDTH - RIGHT, level, 'stroke="#e08214" stroke-dasharray="2 2"')
        )
        parts.append(_text(LEFT + 3, level - 3, "lowest background", "#b35806"))
    for name, colour in (("quantitative_range", "#2166ac"), ("sensitivity", "#92c5de")):
        if curve[name] > 0:
            at = x(math.log10(curve[name]))
            parts.append(
                _line(at, TOP, at, HEIGHT - BOTTOM, f'stroke="{colour}" stroke-dasharray="1 3"')
            )
    parts += [_dot(x(log), y(cq), "#2166ac") for log, cq in standards]
    for place, (sample, found) in enumerate(samples.items()):
        colour = COLOURS.get(call_of.get(sample, ""), "#f4a582")
        at = WIDTH - RIGHT - 24 + 8 * (place % 4)
        parts += [
            f"<g><title>{_escape(sample)}</title>{_dot(at, y(cq), colour)}</g>" for cq in found
        ]
    label = _escape(f"standard curve of {curve['target']} in run {curve['run_id']}")
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" role="img" aria-label="{label}">'
        f"{''.join(parts)}</svg>"
    )


def _axes(decades: range, ticks: range, x: Any, y: Any) -> list[str]:
    parts = [_line(LEFT, HEIGHT - BOTTOM, WIDTH - RIGHT, HEIGHT - BOTTOM, 'stroke="#333"')]
    parts.append(_line(LEFT, TOP, LEFT, HEIGHT - BOTTOM, 'stroke="#333"'))
    parts += [
        _text(x(decade) - 8, HEIGHT - BOTTOM + 12, f"1e{decade}", "#333") for decade in decades
    ]
    parts += [_text(4, y(tick) + 3, str(tick), "#333") for tick in ticks]
    parts.append(_text(LEFT + 90, HEIGHT - 4, "dilution", "#333"))
    parts.append(_text(WIDTH - RIGHT - 38, HEIGHT - 4, "samples", "#333"))
    parts.append(_text(LEFT - 18, TOP + 2, "Cq", "#333"))
    return parts


def _line(x1: float, y1: float, x2: float, y2: float, style: str) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" {style}/>'


def _dot(x: float, y: float, colour: str) -> str:
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.6" fill="{colour}" fill-opacity="0.75"/>'


def _text(x: float, y: float, text: str, colour: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="9" fill="{colour}">{text}</text>'


def _escape(text: str) -> str:
    return (
        text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
    )
