"""Who was enrolled, who was left out of each analysis and why: a diagram of boxes."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from mrdq.reports.figures.drawing import notice_lines, shortened

_WIDTH, _GAP, _LINE, _PAD = 300, 26, 15, 9
_LETTERS, _BOLD_LETTERS = 41, 36
_SET_IN = "   "
_LEAST = 560


@dataclass(frozen=True, slots=True)
class Branch:
    """One analysis: its boxes from top to bottom, each with its lines; ``left_out`` is the box
    of those who leave before the last one."""

    steps: tuple[tuple[str, ...], ...]
    left_out: tuple[str, ...] = ()


def flow(enrolled: Sequence[str], branches: Sequence[Branch], *, key: str, title: str,
         notices: Sequence[str]) -> str:  # fmt: skip
    """SVG: the enrolled on top, one column per analysis below.

    The first line of a box is bold.  Columns stand side by side.
    """
    columns = [_column(branch) for branch in branches]
    width = max(_LEAST, len(columns) * (_WIDTH + _GAP) + _GAP)
    top = _wrapped(enrolled)
    below = 14 + _height(top) + 2 * _GAP
    notes = notice_lines(notices, width // 6)
    tallest = max((sum(_height(box) + _GAP for box, _ in column) for column in columns), default=0)
    height = below + tallest + 13 * len(notes) + 6
    parts = [_box(top, (width - _WIDTH) / 2, 14, dashed=False)]
    for place, column in enumerate(columns):
        x = (width - len(columns) * (_WIDTH + _GAP) + _GAP) / 2 + place * (_WIDTH + _GAP)
        parts += _branch(column, x, below, origin=(width / 2, 14 + _height(top)), key=key)
    parts += [
        _text(8, height - 5 - 13 * (len(notes) - 1 - row), note, "font-size:10px;fill:#9a4a00")
        for row, note in enumerate(notes)
    ]
    told = "; ".join(" ".join(box) for branch in branches for box in (*branch.steps, branch.left_out) if box)  # fmt: skip
    name = escape(shortened(title, 200), quote=True)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
        f'height="{height}" role="img" aria-label="{name}" style="font-family:\'DejaVu Sans\',Verdana,sans-serif;font-size:12px">'
        f"<title>{name}</title><desc>{escape(shortened(told, 2000))}</desc>"
        f'<defs><marker id="{key}-end" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        f'<path d="M0 0 8 4 0 8z" fill="#555"/></marker></defs>{"".join(parts)}</svg>'
    )


def _column(branch: Branch) -> list[tuple[list[str], bool]]:
    """Boxes with their lines and whether they are of those left out, from top to bottom."""
    boxes = [(_wrapped(step), False) for step in branch.steps]
    if branch.left_out:
        boxes.insert(max(len(boxes) - 1, 0), (_wrapped(branch.left_out), True))
    return boxes


def _wrapped(lines: Sequence[str]) -> list[str]:
    """The lines of a box; what goes on from the line before is set in.  The first one is bold."""
    made = []
    for place, line in enumerate(lines):
        letters = _LETTERS if place else _BOLD_LETTERS
        made += textwrap.wrap(shortened(line, 400), letters, subsequent_indent=_SET_IN)
    return made


def _height(lines: Sequence[str]) -> int:
    return _LINE * len(lines) + 2 * _PAD


def _branch(column: list[tuple[list[str], bool]], x: float, y: float, *, origin: tuple[float, float],
            key: str) -> list[str]:  # fmt: skip
    parts = []
    middle, start = x + _WIDTH / 2, origin[1]
    path = f"M{origin[0]:g} {start:g}V{y - _GAP:g}H{middle:g}V{y - 1:g}"
    for lines, left_out in column:
        parts += [_arrow(path, key), _box(lines, x, y, dashed=left_out)]
        path = f"M{middle:g} {y + _height(lines):g}v{_GAP - 1}"
        y += _height(lines) + _GAP
    return parts


def _arrow(path: str, key: str) -> str:
    return f'<path d="{path}" fill="none" stroke="#555" marker-end="url(#{key}-end)"/>'


def _box(lines: Sequence[str], x: float, y: float, *, dashed: bool) -> str:
    look = 'fill="#fdf3e4" stroke="#b35806" stroke-dasharray="4 3"' if dashed else 'fill="#f7f9fb" stroke="#0072b2"'  # fmt: skip
    parts = [
        f'<rect x="{x:g}" y="{y:g}" width="{_WIDTH}" height="{_height(lines)}" rx="3" {look}/>'
    ]
    plain = next((row for row, line in enumerate(lines) if row and not line.startswith(_SET_IN)), len(lines))  # fmt: skip
    for row, line in enumerate(lines):
        weight = "font-weight:600" if row < plain else ""
        indent = 14 if line.startswith(_SET_IN) else 0
        parts.append(_text(x + _PAD + indent, y + _PAD + _LINE * row + 11, line.strip(), weight))
    return "".join(parts)


def _text(x: float, y: float, text: str, style: str) -> str:
    return f'<text x="{x:g}" y="{y:g}" style="{style}">{escape(text)}</text>'
