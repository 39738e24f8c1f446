"""The fluorescence points of a reaction's data, cut out of its text before anything is parsed.

Points are nine tenths of a document.  They go only where they are consecutive cycles, or a whole
melting curve, with nothing between them; the last cycle stays, for it says how many were run.
"""

from __future__ import annotations

import re

POINT = b"<adp>"
_MELTING, _MELTED = b"<mdp>", b"</mdp>"
_CALLED = b"</call>"
_CYCLE = re.compile(rb"<adp>\s*<cyc>\s*([0-9]{1,6})(?:\.0*)?\s*</cyc>")

Span = tuple[int, int]
"""Where a part of a document starts and ends."""


def spans(data: bytes, end: bytes, *, most: int) -> list[Span]:
    """The parts of a document that end with a tag, without it, and the rest after the last one.

    Where there are more than ``most`` of them, what stands before is the first part.
    """
    found: list[Span] = []
    stop = len(data)
    while len(found) <= most and (at := data.rfind(end, 0, stop)) >= 0:  # twice as fast as find
        found.append((at + len(end), stop))
        stop = at
    return [(0, stop), *reversed(found)]


def last_point(data: bytes, first: int, end: int) -> int:
    """Where the last of the points that start at ``first`` starts, or ``first`` if they must stay.

    They stay unless they are ASCII and cycles that count from 1 or above, without a gap.
    """
    last = data.rfind(POINT, first, end)
    low, high = _CYCLE.match(data, first, end), _CYCLE.match(data, last, end)
    if first == last or low is None or high is None:
        return first
    number = int(high[1]) - int(low[1])
    alike = number > 0 < int(low[1]) and _alike(data, first, last, number=number)
    return last if alike else first


def without_melting(data: bytes, first: int, end: int) -> tuple[bytes, bool]:
    """The text of a span without its melting curve, and whether there was one."""
    start = data.find(_MELTING, first, end)
    if start < 0:
        return data[first:end], False
    stop = data.rfind(_MELTED, first, end) + len(_MELTED)
    if start < stop and _alike(data, start, stop, number=data.count(_MELTING, start, stop)):
        return data[first:start] + data[stop:end], True
    return data[first:end], False


def without_points(data: bytes, start: int, end: int) -> tuple[bytes, bool]:
    """The text of one ``data`` without its points but the last, and whether it had a melting curve."""
    first = data.find(POINT, start, end)
    last = last_point(data, first, end) if first >= 0 else first
    if last == first:
        return without_melting(data, start, end)
    rest, melting = without_melting(data, last, end)
    return data[start:first] + rest, melting


def only_call(data: bytes, start: int, end: int) -> bytes:
    """A LightCycler 96 curve without what follows its only call; the analyses are left whole."""
    first = data.find(b"<call>", start, end)
    if (
        not 0 <= first == data.rfind(b"<call>", start, end)
        or data.find(b"<factGraph", start, first) < 0
        or data[end - 100 : end].rstrip().endswith(b"rocheLC96CalculatedData>")
    ):
        return data[start:end]
    called = data.find(_CALLED, first, end) + len(_CALLED)
    return data[start:called] if _is_ascii(data, called, end) else data[start:end]


def _alike(data: bytes, start: int, end: int, *, number: int) -> bool:
    """Whether all points have as many elements as the first, so that nothing stands between them."""
    closing = b"</" + data[start + 1 : start + len(POINT)]
    of_first = data.count(b"<", start, data.find(closing, start, end) + len(closing))
    return data.count(b"<", start, end) == number * of_first and _is_ascii(data, start, end)


def _is_ascii(data: bytes, start: int, end: int) -> bool:
    return data[start:end].isascii()
