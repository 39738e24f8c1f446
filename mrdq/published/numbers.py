"""Printed numbers: what a number may have been before it was rounded, however it was typed."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from decimal import Decimal

NUMBER = r"(?:\d{1,15}(?:\.\d{1,20})?|\.\d{1,20})"
"""A number without sign, after :func:`plain`."""

UNROUNDED = 1e-9
"""Relative half width of a number that was not rounded for print."""

_DASHES = dict.fromkeys(map(ord, "‐‑‒–—―−﹣－"), "-")
_SPACES = dict.fromkeys(map(ord, "\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"), " ")  # fmt: skip
_NOTHING = dict.fromkeys(map(ord, "\u00ad\u200b\u200c\u200d\u2060\ufeff"))
_RAISED = {ord(raised): f"^{plain}" for raised, plain in zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁻ᵃᵇᶜᵈ", "0123456789-abcd", strict=True)}  # fmt: skip
_SIGNS = {ord("％"): "%", ord("﹪"): "%", ord("（"): "(", ord("）"): ")", ord("⩽"): "≤", ord("⩾"): "≥"}  # fmt: skip
_CHARACTERS = {**_DASHES, **_SPACES, **_NOTHING, **_RAISED, **_SIGNS}
_MIDDLE_DOT = re.compile(r"(?<=\d)[·∙⋅](?=\d)")
_COMMA = re.compile(r"(?<![\d.,])\d{1,3},\d{1,2}(?![\d,])(?=\s*(?:%|[-(;]))")
_ANY_COMMA = re.compile(r"(?<![\d.,])(\d{1,3},\d{1,2}|0,\d+)(?![\d,])")
_POINT = re.compile(r"(?<![\d.])\d{1,3}\.\d{1,2}(?![\d.])(?=\s*(?:%|[-(,;)]|to))")
_THOUSANDS = re.compile(r"(?<![\d.,])\d{1,3}(?:,\d{3})+(?![\d,])")


@dataclass(frozen=True, slots=True)
class Printed:
    """A number as printed; it stands for every value within ``half`` of ``value``."""

    text: str
    value: float
    half: float

    @property
    def low(self) -> float:
        return self.value - self.half

    @property
    def high(self) -> float:
        return self.value + self.half

    @property
    def decimals(self) -> int:
        return decimals_of(self.text)


def decimals_of(text: str) -> int:
    """Digits after the decimal point; none for a number with an exponent of ten or more."""
    exponent = Decimal(text).as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def printed(text: str, *, exact: bool = False) -> Printed:
    """The number ``text`` with half a unit of its last digit; ``exact``: it was not rounded.

    Raises ``ValueError`` where the text is no finite number.
    """
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text} is not finite")
    unrounded = UNROUNDED * max(1.0, abs(value))
    if exact:
        return Printed(text, value, unrounded)
    exponent = Decimal(text).as_tuple().exponent
    half = 0.5 * 10.0**exponent if isinstance(exponent, int) else 0.0
    return Printed(text, value, max(half, UNROUNDED * abs(value)))


def plain(text: str) -> str:
    """One way to type each character: dashes, spaces, raised digits (``^5``), decimal dots.

    A decimal comma becomes a dot only in a text that writes no decimal dots; everywhere else
    thousands lose their comma.
    """
    text = _MIDDLE_DOT.sub(".", text.translate(_CHARACTERS))
    if _COMMA.search(text) and not _POINT.search(text):
        return _ANY_COMMA.sub(lambda found: found[0].replace(",", "."), text)
    return _THOUSANDS.sub(lambda found: found[0].replace(",", ""), text)


def as_printed(value: float, decimals: int) -> str:
    return f"{value:.{decimals}f}"
