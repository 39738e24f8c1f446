"""One printed value: ``98.9 (92.5-99.8)``, ``53.3 %``, ``73/137 (53.3%)``, ``<0.001``."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from mrdq.published.numbers import NUMBER, Printed, printed

CI = (
    r"(?:\d{2}(?:\.\d)?\s*%?[\s-]*(?:CIs?\b|KI\b|confidence[\s-]+(?:intervals?|limits?)(?:\s*CI\b)?)"
    r"|\b(?:CI|confidence interval)\b(?:\s*\d{2}\s*%)?)"
)
"""The words that announce a confidence interval."""

_COMMA = r",(?=\s)|(?:(?<=\.\d)|(?<=\.\d\d)|(?<=%)),(?=\d+\.\d)"
BETWEEN = rf"\s*(?:-|\bto\b|\bbis\b|\band\b|;|{_COMMA}|\.{{2,3}}|…)\s*"
"""What stands between two limits.  A comma between bare digits may be a decimal sign."""
INTERVAL = (
    rf"(?<![\w.\-^])(?<!\d,)(?P<low>{NUMBER})\s*%?{BETWEEN}(?P<high>{NUMBER})\s*%?(?![\w^]|[.,]\d)"
)
P = rf"\bp(?:[- ]?values?)?\s*(?P<relation>=|<|>|≤|≥|\bof\b)\s*(?P<p>{NUMBER})(?![\w^]|[.,]\d)"
_COUNT = re.compile(r"(?<![\w.^/])(?P<n>\d{1,7})\s*(?:/|\bof\b|\bout of\b)\s*(?P<total>\d{1,7})(?![\w^/]|\.\d)")  # fmt: skip
_TOTAL = re.compile(r"\bn\s*=\s*(?P<total>\d{1,7})\b", re.I)
_CI_WORDS = re.compile(rf"{CI}\s*[:,=]?", re.I)
_INTERVAL = re.compile(INTERVAL)
_P = re.compile(P, re.I)
_OPENS = rf"(?:[(\[,;]|{CI})"
_ONE = re.compile(rf"(?P<estimate>{NUMBER})\s*(?P<percent>%)?\s*(?P<inside>{_OPENS}.*)?")
_COUNTED = re.compile(rf"{_COUNT.pattern}\s*(?P<inside>.*)")
_OF_COLUMN = re.compile(
    rf"(?P<n>\d{{1,7}})\s*[(\[]\s*(?P<estimate>{NUMBER})\s*(?P<percent>%)?\s*[)\]]"
)
_PERCENT = re.compile(rf"(?<![\w.]){NUMBER}\s*%")
_NO_INTERVAL = re.compile(r"\b(?:HR|OR|RR|hr|rr|IQR|iqr|S[EeDd]|s[ed]|(?i:ratio|range))\b")
"""Words of numbers that are no limits of the estimate before the brackets."""

_LEVEL = re.compile(r"\d{2}(?:\.\d)?")
_PLUS_MINUS = r"\s*%?\s*(?:±|\+\s?/\s?-)\s*"
WITH_ERROR = re.compile(
    rf"(?P<estimate>{NUMBER})(?P<percent>\s*%)?{_PLUS_MINUS}(?P<error>{NUMBER})(?P<percent2>\s*%)?"
)
"""An estimate and its standard error: ``87.2±1.6%``."""

_SIGNED = rf"[-+]?{NUMBER}"
_SIGNED_INTERVAL = re.compile(rf"(?P<low>{_SIGNED})\s*%?{BETWEEN}(?P<high>{_SIGNED})\s*%?")
DIFFERENCE = re.compile(
    r"(?<!no )\b(?:difference|reduction|increase|decrease|improvement|gain|benefit|risk diff)\b"
    r"(?:\s+(?:in|between)\s+[a-z][\w\s/-]{0,40}?)?[\s:,=(]*(?:(?:was|were|is|of)\b\s*)?$", re.I
)  # fmt: skip
"""The words before a difference of two proportions, whose limits are on no proportion's scale."""

_MARKS = re.compile(r"[*†‡§¶#]+|\^[a-d]\b")
_P_CELL = re.compile(rf"(?:p\s*)?(?P<relation>=|<|>|≤|≥)?\s*(?P<p>{NUMBER})", re.I)


@dataclass(frozen=True, slots=True)
class Value:
    """What one printed value says; ``percent`` and ``confidence``: it says so itself."""

    as_printed: str
    estimate: Printed | None = None
    percent: bool = False
    confidence: bool = False
    level: float | None = None
    low: Printed | None = None
    high: Printed | None = None
    n: int | None = None
    total: int | None = None
    p: Printed | None = None
    relation: str = "="

    @property
    def is_interval(self) -> bool:
        return None not in (self.estimate, self.low, self.high)

    @property
    def is_fraction(self) -> bool:
        """Whether it can be a proportion of 1: decimals, and nothing above 1."""
        parts = [part for part in (self.estimate, self.low, self.high) if part]
        return not self.percent and any("." in part.text for part in parts) and all(
            part.value <= 1 for part in parts
        )  # fmt: skip


def read_value(text: str) -> Value | None:
    """The value a cell holds; None where any of its numbers would be left over."""
    text = re.sub(r"[(\[]CI[)\]]", "CI", _MARKS.sub("", text)).strip()
    if found := _COUNTED.fullmatch(text):
        return _counted(found, text)
    if found := _OF_COLUMN.fullmatch(text):
        return Value(
            text, printed(found["estimate"]), found["percent"] is not None, n=int(found["n"])
        )
    found = _ONE.fullmatch(text)
    if not found:
        return None
    start = Value(text, printed(found["estimate"]), found["percent"] is not None)
    return read_inside(found["inside"], start) if found["inside"] else start


def _counted(found: re.Match[str], text: str) -> Value | None:
    start = Value(text, n=int(found["n"]), total=int(found["total"]))
    inside = found["inside"].strip("()[] ")
    if not inside:
        return start
    share = _ONE.fullmatch(inside)
    if not share:
        return None
    start = replace(
        start, estimate=printed(share["estimate"]), percent=share["percent"] is not None
    )
    return read_inside(share["inside"], start) if share["inside"] else start


def read_inside(inside: str, start: Value) -> Value | None:
    """``start`` with what stands in the brackets behind it; None where a number is left over,
    or is of something else.
    """
    value, rest = start, inside
    if _NO_INTERVAL.search(inside):
        return None
    if found := _P.search(rest):
        value, rest = with_p(value, found), _without(rest, found)
    if found := _COUNT.search(rest):
        value = replace(value, n=int(found["n"]), total=int(found["total"]))
        rest = _without(rest, found)
    elif found := _TOTAL.search(rest):
        value, rest = replace(value, total=int(found["total"])), _without(rest, found)
    if found := _CI_WORDS.search(rest):
        value = replace(value, confidence=True, level=level_of(found[0]))
        rest = _without(rest, found)
    if found := _INTERVAL.search(rest):
        percent = value.percent or "%" in found[0]
        value = replace(
            value, low=printed(found["low"]), high=printed(found["high"]), percent=percent
        )
        rest = _without(rest, found)
    return None if re.search(r"\d", rest) else value


def level_of(text: str) -> float | None:
    """The level of confidence [%] that words like ``90% CI`` state; None for none."""
    said = _CI_WORDS.search(text)
    found = _LEVEL.search(said[0]) if said else None
    return float(found[0]) if found else None


def read_with_error(text: str) -> Value | None:
    """The estimate of ``87.2 ± 1.6``; its standard error is not checked."""
    found = WITH_ERROR.fullmatch(_MARKS.sub("", text).strip())
    return with_error(found) if found else None


def with_error(found: re.Match[str]) -> Value:
    """The estimate of a match of :data:`WITH_ERROR`."""
    percent = found["percent"] is not None or found["percent2"] is not None
    return Value(found[0], printed(found["estimate"]), percent)


def read_difference(estimate: str, inside: str, text: str) -> Value | None:
    """A difference with its limits, which may be negative; None where it has none.

    A reduction may be printed without its sign and its limits with theirs.
    """
    value, rest = Value(text, printed(estimate)), inside
    if found := _P.search(rest):
        value, rest = with_p(value, found), _without(rest, found)
    if found := _CI_WORDS.search(rest):
        value = replace(value, confidence=True, level=level_of(found[0]))
        rest = _without(rest, found)
    limits = _SIGNED_INTERVAL.search(rest)
    if not limits or re.search(r"\d", _without(rest, limits)):
        return None
    low, high = printed(limits["low"]), printed(limits["high"])
    if high.value < 0 < printed(estimate).value:
        low, high = _mirrored(high), _mirrored(low)
    return replace(value, low=low, high=high)


def _mirrored(number: Printed) -> Printed:
    return Printed(number.text, -number.value, number.half)


def read_p(text: str) -> Value | None:
    """The p value a cell of a p column holds: ``0.07``, ``.07``, ``p = 0.07``, ``< 0.001``."""
    found = _P_CELL.fullmatch(_MARKS.sub("", text).strip())
    if not found or float(found["p"]) > 1:
        return None
    return with_p(Value(text), found)


def with_p(value: Value, found: re.Match[str]) -> Value:
    """``value`` with the p value and relation of a match of :data:`P`."""
    relation = (found["relation"] or "=").replace("≤", "<").replace("≥", ">")
    return replace(value, p=printed(found["p"]), relation=relation if relation in "<>" else "=")


def _without(text: str, found: re.Match[str]) -> str:
    return f"{text[: found.start()]} {text[found.end() :]}"


def says_percent(text: str) -> bool:
    """Whether a label gives its unit: ``n (%)``, ``percent``."""
    return "%" in _CI_WORDS.sub("", text) or "percent" in text.lower()


def shown(text: str) -> str:
    """A figure as people print it, with a dash between its limits."""
    return re.sub(r"(?<=\d)(\s*%?\s*)-(\s*)(?=\d)", r"\1–\2", " ".join(text.split()))
