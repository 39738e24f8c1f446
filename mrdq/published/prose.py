"""Figures in sentences: ``2-year OS was 98.9% (95% CI 92.5-99.8)``, ``53.3% vs 45.5%, p = 0.21``."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from mrdq.published.cells import (
    BETWEEN,
    CI,
    DIFFERENCE,
    INTERVAL,
    WITH_ERROR,
    P,
    Value,
    read_difference,
    read_inside,
    read_value,
    shown,
    with_error,
    with_p,
)
from mrdq.published.counts import counts_that_print
from mrdq.published.figures import (
    ALL,
    INCIDENCE,
    OTHER,
    RATE,
    RATIO,
    TEST,
    Figure,
    NotRead,
    Reading,
    as_test,
    endpoints_in,
    kind_of,
    months_of,
)
from mrdq.published.grids import Paragraph
from mrdq.published.named_tests import is_one_sided, other_test
from mrdq.published.numbers import NUMBER, printed
from mrdq.published.wide import scaled

_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z(])")
_NESTED_CI = re.compile(r"[(\[]CI[)\]]")
_NESTED_LIMITS = re.compile(
    rf"({CI}\s*[:,=]?\s*)\[\s*({NUMBER}\s*%?{BETWEEN}{NUMBER}\s*%?)\s*\]", re.I
)
_EST = rf"(?<![\w.\-^/<>≤≥±~])(?<!\d,)(?P<estimate>{NUMBER})(?![\d,.]{0, 20}\d)"
_WORDS = r"(?:\s+(?:of|for|at|in|after|among)\s[\w /.\-]{1,60}?)?"
_INSIDE = r"\s*[(\[](?P<inside>[^()\[\]]{1,300})[)\]]"
_NO_LEVEL = r"(?!\s*%?[\s-]*(?:CI|KI|confidence)\b)"
_WITH_INSIDE = re.compile(
    rf"{_EST}\s*(?:(?P<percent>%){_WORDS}|(?P<unit>days|months|years))?{_INSIDE}"
)
_WITH_CI = re.compile(rf"{_EST}{_NO_LEVEL}\s*(?:(?P<percent>%)|(?P<unit>days|months|years))?\s*[,;:]?\s*(?P<inside>{CI}\s*[:,=]?\s*(?:of\s+)?{INTERVAL})", re.I)  # fmt: skip
_OF = re.compile(rf"{_EST}\s*%\s+of\s+(?:the\s+)?(?P<total>\d{1, 7})\b(?![.\d]|\s*%)")
_COUNTED = re.compile(r"(?<![\w./^])(?P<whole>\d{1,7}\s*(?:/|of|out of)\s*\d{1,7}(?P<words>(?:\s+[a-z-]+){0,3})\s*[(\[][^()\[\]]{0,200}%[^()\[\]]{0,200}[)\]])")  # fmt: skip
_ALONE = re.compile(rf"{_EST}\s*%(?!\s*-?\s*(?:CI|KI|confidence|interval|credib|chance))", re.I)
_P = re.compile(P, re.I)
_ERROR = re.compile(rf"(?<![\w.\-^/<>≤≥±~])(?<!\d,){WITH_ERROR.pattern}(?![\w^]|[.,]\d)")
_DIFFERS = re.compile(rf"(?<![\w.\-+^/<>≤≥±~])(?P<estimate>[-+]?{NUMBER})\s*(?P<points>(?:%|percent(?:age)?)?[\s-]*points?|%|percent)\s*[,;:]?\s*(?:[(\[](?P<inside>[^()\[\]]{{1,300}})[)\]]|(?P<bare>{CI}\s*[:,=]?\s*(?:of\s+)?[-+]?{NUMBER}\s*%?{BETWEEN}[-+]?{NUMBER}(?![\w^]|[.,]\d)))", re.I)  # fmt: skip
_NEAR = 200
"""Characters before a figure that may say what it is of."""

_LONGEST = 5_000
"""Characters of a sentence; no longer one was written for people."""

_PATTERNS = (_DIFFERS, _ERROR, _COUNTED, _WITH_CI, _WITH_INSIDE, _OF, _ALONE, _P)
_BOUND = re.compile(r"[<>≤≥±~]\s*$")
_RATIO_NAME = r"\b(?:[as]?HR|OR|RR|(?i:(?:hazard|odds|risk|rate) ratio))s?\b"
_RATIO = re.compile(rf"{_RATIO_NAME}[^.;%]{{0,30}}$")
_RATIO_HERE = re.compile(rf"{_RATIO_NAME}(?:\s*[,:=]|\s+(?:was|of|is|for\s[\w\s-]{{1,30}}))?\s*$")
_PATIENTS = re.compile(
    r"\bn\s*=\s*(\d{1,6})\b|(?<![\w.,/-])(\d{1,6})\s+(?:[a-z-]+\s+){0,3}?(?:patients|children|adults|adolescents|infants|subjects|participants|individuals|cases|people|persons|men|women|recipients|treated|evaluable|enrolled|evaluated)\b",
    re.I,
)
_TIME_BEFORE = re.compile(r"\b(?:age|aged|follow-?up|median|time)\b[^%;]{0,40}$", re.I)
_UNIT_BEHIND = re.compile(r"\s*(?:days|months|years)\b", re.I)
_DOI = re.compile(r"\b10\.\d{4,}/\S+|https?://\S+")
_LEFT = re.compile(r"\d\.\d|\d\s*%|±")
_TRIAL = re.compile(r"\b(?:[A-Za-z]+[/-])?[A-Za-z]+[/-]?\d{3,}\b")
_YEARS = re.compile(r"(?<![\w.\-])(\d{1,2}-\d{1,2})(?:\s*years)?(?![\w%]|[.\-]\d)")
_SUBSET = re.compile(r"\b(?:MRD|negative|positive|arm|cohort [A-Z]|women|men|sex)\b", re.I)


@dataclass(frozen=True, slots=True)
class _Found:
    """A figure of a sentence and where it stands there."""

    figure: Figure
    start: int
    end: int
    difference: bool = False


def read_prose(paragraphs: list[Paragraph]) -> Reading:
    """The figures of a text's sentences, and the sentences with other decimals or percentages."""
    reading = Reading()
    for paragraph in paragraphs:
        for number, (line, written) in enumerate(sentences(paragraph), 1):
            place, sentence = f"line {line}, sentence {number}", _unnested(written)
            if len(sentence) > _LONGEST:
                reading.not_read.append(
                    NotRead(place, f"a sentence of {len(sentence):,} characters")
                )
                continue
            found = _labelled(_tested(list(_of_sentence(sentence, place)), sentence), sentence)
            reading.figures += [one.figure for one in found]
            rest = _without(sentence, found)
            if _LEFT.search(_DOI.sub("", rest)):
                reading.not_read.append(NotRead(place, shown(" ".join(rest.split()))[:100]))
    return reading


def sentences(paragraph: Paragraph) -> Iterator[tuple[int, str]]:
    """The sentences, each with the line it starts on."""
    start = 0
    for end in [*_SENTENCE.finditer(paragraph.text), None]:
        yield paragraph.line_at(start), paragraph.text[start : end.start() if end else None]
        start = end.end() if end else start


def _unnested(sentence: str) -> str:
    return _NESTED_LIMITS.sub(r"\1\2", _NESTED_CI.sub("CI", sentence))


def _without(sentence: str, found: list[_Found]) -> str:
    for one in reversed(found):
        sentence = f"{sentence[: one.start]} … {sentence[one.end :]}"
    return sentence


def _of_sentence(sentence: str, place: str) -> Iterator[_Found]:
    at, named, months = 0, set[str](), months_of(sentence)
    matches = [_Matches(pattern, sentence) for pattern in _PATTERNS]
    while match := min(
        (m for one in matches if (m := one.after(at))), key=lambda m: m.start(), default=None
    ):
        named = {name for _, name in endpoints_in(sentence[at : match.start()])} or named
        at = match.end()
        value = _value(match, sentence) or Value("")
        figure = replace(_figure(value, match, sentence, named, months), place=place)
        yield _Found(figure, match.start(), match.end(), match.re is _DIFFERS)
        if figure.p is not None and figure.kind != TEST:
            yield _Found(as_test(figure), match.end(), match.end())


def _tested(found: list[_Found], sentence: str) -> list[_Found]:
    """The figures with what the sentence says of its tests and of its numbers of patients.

    Where two rates with counts and one p value stand in it they belong together, in any order;
    the p value is beyond doubt theirs where nothing else but differences stands beside them.
    """
    tests = [one.figure for one in found if one.figure.kind == TEST]
    rates = [one.figure for one in found if one.figure.kind == RATE and one.figure.total]
    others = len(found) - len(tests) - len(rates) - sum(one.difference for one in found)
    paired = len(tests) == 1 and len(rates) == 2
    doubt = "" if paired and not others else "the sentence holds other figures that it may be of"
    said = {"test": other_test(sentence), "one_sided": is_one_sided(sentence), "doubt": doubt}
    near = tuple({n: n for m in _PATIENTS.finditer(sentence) if (n := int(m[1] or m[2]))})
    lines = ["all"] * len(found) if paired else _lines([one.figure for one in found])
    return [replace(one, figure=replace(one.figure, line=f"{one.figure.place}.{line}", near=near,
                                        **(said if one.figure.kind == TEST else {})))  # type: ignore[arg-type]
            for one, line in zip(found, lines, strict=True)]  # fmt: skip


def _lines(figures: list[Figure]) -> list[str]:
    """Which p value each figure stands with: the next one, or the last in a sentence that starts with one."""
    before = list(itertools.accumulate((f.kind == TEST for f in figures), initial=0))
    leads = bool(figures) and figures[0].kind == TEST
    return [str(n) for n in (before[1:] if leads else before[:-1])]


class _Matches:
    """The matches of a pattern that can be read, looked for only as far as they are needed.

    Of patterns whose matches start together the first of ``_PATTERNS`` is taken.
    """

    def __init__(self, pattern: re.Pattern[str], sentence: str):
        self._pattern, self._sentence = pattern, sentence
        self._current = self._search(0)

    def after(self, at: int) -> re.Match[str] | None:
        if self._current and self._current.start() < at:
            self._current = self._search(at)
        return self._current

    def _search(self, at: int) -> re.Match[str] | None:
        found = self._pattern.finditer(self._sentence, at)
        return next((m for m in found if _value(m, self._sentence) is not None), None)


def _value(match: re.Match[str], sentence: str) -> Value | None:
    """What a match says; None where it says nothing that could be checked."""
    if _BOUND.search(sentence[max(0, match.start() - 5) : match.start()]):
        return None
    if match.re is _P:
        return with_p(Value(match[0]), match) if float(match["p"]) <= 1 else None
    if match.re is _DIFFERS:
        before = sentence[max(0, match.start() - _NEAR) : match.start()]
        is_one = match["points"] not in ("%", "percent") or DIFFERENCE.search(before)
        return read_difference(match["estimate"], match["inside"] or match["bare"], match[0]) if is_one else None  # fmt: skip
    if match.re is _ERROR:
        return with_error(match) if endpoints_in(sentence[: match.start()]) else None
    if match.re is _COUNTED:
        return read_value(match[0].replace(match["words"], " ", 1) if match["words"] else match[0])
    start = Value(match[0], printed(match["estimate"]), percent=True)
    if match.re is _ALONE:
        return start
    if match.re is _OF:
        return replace(start, total=int(match["total"]))
    return _with_inside(match, sentence, replace(start, percent=match["percent"] is not None))


def _with_inside(match: re.Match[str], sentence: str, start: Value) -> Value | None:
    value = read_inside(match["inside"], start)
    if value is None or not (value.is_interval or value.n is not None):
        return None
    decimals = all("." in part.text for part in (value.estimate, value.low, value.high) if part)
    before = sentence[max(0, match.start() - _NEAR) : match.start()]
    of_time = (
        match["unit"] or _TIME_BEFORE.search(before) or _UNIT_BEHIND.match(sentence, match.end())
    )
    named = decimals and not of_time and endpoints_in(before)
    ratio = decimals and value.is_interval and _RATIO_HERE.search(before)
    return value if value.percent or value.confidence or named or ratio else None


def _figure(
    value: Value, match: re.Match[str], sentence: str, named: set[str], months: str
) -> Figure:
    """``named``: the endpoints last named before the figure; it is of one only if that is one."""
    before = sentence[max(0, match.start() - _NEAR) : match.start()]
    known = Figure(place="", as_printed=shown(match[0]), kind=TEST, p=value.p, relation=value.relation, level=value.level)  # fmt: skip
    if match.re is _P:
        return known
    if match.re is _DIFFERS or ("unit" in match.re.groupindex and match["unit"]):
        return replace(known, kind=OTHER, estimate=value.estimate, low=value.low, high=value.high)
    counted = value.n is not None or value.total is not None
    kind = _kind(value, named, before, counted=counted)
    endpoint = min(named) if len(named) == 1 else ""
    scale = 100 if kind not in (RATIO, OTHER) and value.is_fraction else 1
    if kind == RATE and named and _is_another_share(value, scale):
        kind = _of_endpoints(named)
    return replace(known, kind=kind, n=value.n, total=value.total, endpoint="" if kind == RATE else endpoint,
                   months=months, estimate=scaled(value.estimate, scale), low=scaled(value.low, scale),
                   high=scaled(value.high, scale))  # fmt: skip


def _is_another_share(value: Value, scale: float) -> bool:
    """Whether the count is no share that prints as the estimate: with censoring it need not be."""
    estimate = scaled(value.estimate, scale)
    if estimate is None or value.n is None or not value.total or value.n > value.total:
        return False
    return value.n not in counts_that_print(estimate, value.total)


def _kind(value: Value, named: set[str], before: str, *, counted: bool) -> str:
    if not value.percent and _RATIO.search(before):
        return RATIO
    if counted and value.percent:
        return _of_endpoints(named) if value.is_interval and value.n is None else RATE
    if not value.percent and (not named or "median" in before.lower()):
        return RATE if counted else OTHER
    return _of_endpoints(named)


def _of_endpoints(named: set[str]) -> str:
    kinds = {kind_of(name) for name in named} or {RATE}
    return kinds.pop() if len(kinds) == 1 else INCIDENCE


def _labelled(found: list[_Found], sentence: str) -> list[_Found]:
    """The figures of a sentence with trial and stratum, where these can be told beyond doubt.

    That is in a sentence of one trial, one endpoint and no subset but ranges of age, each of
    which stands before, or each behind, the figure it belongs to.
    """
    rest = _blanked(sentence, found)
    trials = {match[0] for match in _TRIAL.finditer(rest)}
    endpoints = {name for _, name in endpoints_in(rest)}
    mine = [i for i, one in enumerate(found) if one.figure.endpoint and one.figure.estimate]
    ranges = list(_YEARS.finditer(rest))
    if len(trials) != 1 or len(endpoints) != 1 or _SUBSET.search(_TRIAL.sub("", rest)):
        return found
    strata = _strata([found[i] for i in mine], ranges)
    if strata is None:
        return found
    labelled = list(found)
    for i, stratum in zip(mine, strata, strict=True):
        figure = replace(found[i].figure, trial=min(trials), stratum=stratum,
                         group=ALL if stratum == ALL else "age ranges")  # fmt: skip
        labelled[i] = replace(found[i], figure=figure)
    return labelled


def _blanked(sentence: str, found: list[_Found]) -> str:
    for one in found:
        sentence = sentence[: one.start] + "_" * (one.end - one.start) + sentence[one.end :]
    return sentence


def _strata(figures: list[_Found], ranges: list[re.Match[str]]) -> list[str] | None:
    """The range of each figure, ``all`` for the one that has none; None where that is in doubt."""
    if not figures or len(figures) - len(ranges) not in (0, 1):
        return None
    if len(figures) == 1 and not ranges:
        return [ALL]
    pooled = [ALL] * (len(figures) - len(ranges))
    names = [found[1] for found in ranges]
    rest = figures[len(pooled) :]
    behind = [one.start < found.start() for one, found in zip(rest, ranges, strict=True)]
    in_order = all(
        later.start() > one.start for one, later in zip(figures[len(pooled) :][:-1], ranges[1:], strict=True)
    )  # fmt: skip
    alike = len(set(behind)) == 1
    first = not pooled or figures[0].start < ranges[0].start()
    return [*pooled, *names] if alike and in_order and first else None
