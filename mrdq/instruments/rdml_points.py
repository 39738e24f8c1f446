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


def last_point(part: bytes, first: int) -> int:
    """Where the last of the points that start at ``first`` starts, or ``first`` if they must stay.

    They stay unless they are ASCII and cycles that count from 1 or above, without a gap.
    """
    last = part.rfind(POINT, first)
    low, high = _CYCLE.match(part, first), _CYCLE.match(part, last)
    if first == last or low is None or high is None:
        return first
    number = int(high[1]) - int(low[1])
    alike = number > 0 < int(low[1]) and _alike(part, first, last, number=number)
    return last if alike else first


def without_melting(part: bytes, first: int = 0) -> tuple[bytes, bool]:
    """The text from ``first`` on without its melting curve, and whether there was one."""
    start = part.find(_MELTING, first)
    if start < 0:
        return part[first:], False
    end = part.rfind(_MELTED) + len(_MELTED)
    if start < end and _alike(part, start, end, number=part.count(_MELTING, start, end)):
        return part[first:start] + part[end:], True
    return part[first:], False


def without_points(part: bytes) -> tuple[bytes, bool]:
    """The text of one ``data`` without its points but the last, and whether it had a melting curve."""
    first = part.find(POINT)
    if first >= 0:
        part = part[:first] + part[last_point(part, first) :]
    return without_melting(part)


def only_call(part: bytes) -> bytes:
    """A LightCycler 96 curve without what follows its only call; the analyses are left whole."""
    first = part.find(b"<call>")
    if (
        not 0 <= first == part.rfind(b"<call>")
        or b"<factGraph" not in part[:first]
        or part[-100:].rstrip().endswith(b"rocheLC96CalculatedData>")
    ):
        return part
    end = part.find(_CALLED, first) + len(_CALLED)
    return part[:end] if part[end:].isascii() else part


def _alike(part: bytes, start: int, end: int, *, number: int) -> bool:
    """Whether all points have as many elements as the first, so that nothing stands between them."""
    second = part.find(part[start : start + len(POINT)], start + 1, end)
    of_first = part.count(b"<", start, second if second > 0 else end)
    if part.count(b"<", start, end) != number * of_first:
        return False
    return part.isascii() or part[start:end].isascii()
