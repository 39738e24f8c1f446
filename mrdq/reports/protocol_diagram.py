"""A protocol drawn: as text for a terminal or a mail, and as a picture (SVG)."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from textwrap import wrap

from mrdq import vocabulary as words
from mrdq.protocol import FollowUp, Protocol, Timepoint
from mrdq.reports.protocol_words import (
    Statement,
    grouped,
    next_grounds,
    next_steps,
    of_branch,
    of_the_whole,
    positive_in_words,
)

WIDTH = 1100
_MARGIN, _BOX, _GAP, _LINE = 24, 30, 26, 19
_WIDE, _CAPITAL, _USUAL, _NARROW = 12.1, 9.8, 7.8, 5.6
"""Widths of characters at 12 px [px], not below those of any usual sans-serif: nothing overflows."""
_BRANCH = _MARGIN + 34 + 92 + 16
_ELSE = "else "
_COLOURS = {words.POSITIVE: "#b2182b", words.NEGATIVE: "#2166ac", "else": "#7a5c12"}
_NO_COURSES = "no courses are named: the protocol is drawn by its timepoints"
_NOTHING = "no courses and no timepoints: nothing is recommended"


def as_text(protocol: Protocol) -> str:
    """The protocol as a small tree in plain ASCII; in brackets how surely each part is known."""
    lines = [f"{protocol.id} {protocol.version}: {protocol.title}"]
    if not protocol.courses:
        lines.append(f"|  ({_NO_COURSES if protocol.timepoints else _NOTHING})")
    for step in _steps(protocol):
        lines += [f"|- {step}"] if isinstance(step, str) else _timepoint_lines(protocol, step)
    lines += [f"|  {_one(said)}" for said in of_the_whole(protocol)]
    return "\n".join(lines) + "\n"


def _one(said: Statement) -> str:
    return f"{said.place}: {said.says} [{said.grounds.grade}]"


def _steps(protocol: Protocol) -> list[str | Timepoint]:
    """Courses of everybody, each with the timepoints that come after it; other timepoints last."""
    steps: list[str | Timepoint] = []
    for course in protocol.trunk:
        steps += [course, *(at for at in protocol.timepoints if at.after == course)]
    return [*steps, *(at for at in protocol.timepoints if at.after not in protocol.trunk)]


def _timepoint_lines(protocol: Protocol, at: Timepoint) -> list[str]:
    lines = [f"|- MRD {at.id} ({at.label})", f"|  |  {positive_in_words(at)} [{at.grade}]"]
    for name, text in next_steps(at):
        if name in at.branches:
            asked, *more = of_branch(protocol, at.branches[name])
            lines.append(f"|  +- {name}: {asked.says} [{asked.grounds.grade}]")
            lines += [f"|  |    {said.says} [{said.grounds.grade}]" for said in more]
        else:
            lines.append(f"|  +- {name}: {text} [{next_grounds(at, name).grade}]")
    return lines


class _Canvas:
    """Parts of a picture from top to bottom; ``y`` is where the next one goes."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.y = float(_MARGIN)

    def text(self, text: str, x: float = _MARGIN, *, style: str = "", scale: float = 1) -> None:
        """A paragraph, wrapped; moves ``y`` below it.  ``scale``: its letters to those of 12 px."""
        for line in _lines(text, (WIDTH - _MARGIN - x) / scale):
            self.parts.append(_text(x, self.y + 13, line, style))
            self.y += _LINE

    def row(self, boxes: Iterable[tuple[str, str]], x: float = _MARGIN) -> None:
        """Boxes (text, style) joined by arrows, in as many lines as it takes; moves ``y``."""
        at = x
        for place, (text, style) in enumerate(boxes):
            text = _short(text)
            width = _width(text)
            if place and at + _GAP + width > WIDTH - _MARGIN:
                at, self.y = x, self.y + _BOX + 10
            elif place:
                joined = _plain_line if text.startswith(_ELSE) else _arrow
                self.parts.append(joined(at, at + _GAP, self.y + _BOX / 2))
                at += _GAP
            self.parts.append(_box(at, self.y, width, text, style))
            at += width
        self.y += _BOX + 8

    def line(self, x: float, top: float, end: float) -> None:
        self.parts.append(f'<path d="M{x} {top:.1f}V{end:.1f}" stroke="#8c8c8c" fill="none"/>')


def as_svg(protocol: Protocol) -> str:
    """The protocol as a picture of ``WIDTH`` pixels, as high as it takes."""
    canvas = _Canvas()
    canvas.text(protocol.title, style='font-size="17" font-weight="bold"', scale=1.65)
    canvas.text(f"protocol {protocol.id}, version {protocol.version}; in brackets how surely it is known")  # fmt: skip
    canvas.y += 10
    if not protocol.courses:
        canvas.text(_NO_COURSES if protocol.timepoints else _NOTHING, style='font-style="italic"')
    canvas.row([(step, "course") if isinstance(step, str) else (f"MRD {step.id}", "mrd")
                for step in _steps(protocol)])  # fmt: skip
    for at in protocol.timepoints:
        _draw_timepoint(canvas, protocol, at)
    canvas.y += 12
    for said in of_the_whole(protocol):
        canvas.text(_one(said))
    height = canvas.y + _MARGIN
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height:.0f}" viewBox="0 0 {WIDTH} {height:.0f}" '
            f'font-family="DejaVu Sans, Verdana, Arial, sans-serif" font-size="12" role="img" aria-label="{escape(protocol.title)}">\n'
            f'<rect width="100%" height="100%" fill="#ffffff"/>\n' + "\n".join(canvas.parts) + "\n</svg>\n")  # fmt: skip


def _draw_timepoint(canvas: _Canvas, protocol: Protocol, at: Timepoint) -> None:
    canvas.y += 14
    canvas.row([(f"MRD {at.id}", "mrd")])
    top = canvas.y - 8
    canvas.text(f"{at.label}. Counts as {positive_in_words(at)} [{at.grade}]", _MARGIN + 34)
    canvas.y += 4
    middle = top
    for name, text in next_steps(at):
        middle = canvas.y + _BOX / 2
        canvas.parts.append(_arrow(_MARGIN + 14, _MARGIN + 34, middle))
        canvas.parts.append(_box(_MARGIN + 34, canvas.y, 92, name, name))
        if name in at.branches:
            _draw_branch(canvas, protocol, at.branches[name])
        else:
            canvas.y += 7
            canvas.text(f"{text} [{next_grounds(at, name).grade}]", _BRANCH)
            canvas.y += 10
    canvas.line(_MARGIN + 14, top, middle)


def _draw_branch(canvas: _Canvas, protocol: Protocol, branch: FollowUp) -> None:
    """The courses of a branch, and below them what is left out and let pass."""
    boxes = [(name, "course") for name in grouped(branch.courses)]
    if branch.recommended:
        length = f" ({branch.otherwise_for})" if branch.otherwise_for else ""
        boxes += [(f"{branch.recommended} if feasible", "advised"),
                  (f"{_ELSE}{branch.otherwise}{length}", "course")]  # fmt: skip
    canvas.row(boxes, _BRANCH)
    asked, *more = of_branch(protocol, branch)
    said = [f"asked for [{asked.grounds.grade}]", *(f"{m.says} [{m.grounds.grade}]" for m in more)]
    notes = dict.fromkeys(one.grounds.note for one in (asked, *more) if one.grounds.note)
    canvas.text("; ".join(said) + (f" ({'; '.join(notes)})" if notes else ""), _BRANCH)
    canvas.y += 8


def as_page(protocols: Iterable[Protocol]) -> str:
    """All protocols on one page of HTML that needs nothing else."""
    drawn = "\n".join(f'<section id="{escape(p.id)}">\n{as_svg(p)}</section>' for p in protocols)
    return f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>Protocols</title></head>\n<body>\n{drawn}\n</body></html>\n'


_STYLES = {
    "course": 'fill="#eef3f8" stroke="#4d6a87"',
    "mrd": 'fill="#fdf3d8" stroke="#a8842c" rx="15"',
    "advised": 'fill="#ffffff" stroke="#4d6a87" stroke-dasharray="5 3"',
    **{name: f'fill="{colour}" stroke="{colour}" rx="4"' for name, colour in _COLOURS.items()},
}


def _short(text: str, most: int = 70) -> str:
    return text if len(text) <= most else f"{text[: most - 3]}..."


def _extent(text: str) -> float:
    """An upper bound of the width of a text at 12 px [px]."""
    return sum(map(_character, text))


def _character(sign: str) -> float:
    if sign in "mwMW@%#&<>=+" or sign > "\u02ff":
        return _WIDE
    if sign in "fijlrtI .,:;()[]/-'|":
        return _NARROW
    return _CAPITAL if sign.isupper() else _USUAL


def _lines(text: str, room: float) -> list[str]:
    """A text broken into lines no wider than ``room`` [px at 12 px]."""
    lines = [""]
    for piece in (piece for word in text.split() for piece in wrap(word, int(room / _WIDE))):
        longer = f"{lines[-1]} {piece}".strip()
        if _extent(longer) > room:
            lines.append(piece)
        else:
            lines[-1] = longer
    return lines


def _width(text: str) -> float:
    return round(_extent(text) + 22, 1)


def _box(x: float, y: float, width: float, text: str, style: str) -> str:
    ink = "#ffffff" if style in _COLOURS else "#111111"
    shape = f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{_BOX}" {_STYLES[style]}/>'
    centre = f'text-anchor="middle" fill="{ink}"'
    return f"{shape}{_text(x + width / 2, y + _BOX / 2 + 4, text, centre)}"


def _arrow(start: float, end: float, y: float) -> str:
    return (f'<path d="M{start:.1f} {y:.1f}H{end:.1f}m-6 -4l6 4l-6 4" stroke="#8c8c8c" fill="none"/>')  # fmt: skip


def _plain_line(start: float, end: float, y: float) -> str:
    return f'<path d="M{start:.1f} {y:.1f}H{end:.1f}" stroke="#8c8c8c" stroke-dasharray="3 3" fill="none"/>'


def _text(x: float, y: float, text: str, style: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" {style}>{escape(text)}</text>'.replace(" >", ">")
