"""What was read: one figure a printed estimate, rate or p value, with where and of whom."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass, field, replace

from mrdq.published.numbers import Printed

SURVIVAL, INCIDENCE, RATE, RATIO, OTHER, TEST = (
    "survival", "incidence", "rate", "ratio", "other", "test",
)  # fmt: skip
PROPORTIONS = (SURVIVAL, INCIDENCE, RATE)
ALL = "all"
"""The stratum, or group, of everyone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One printed figure.

    Parameters
    ----------
    place: where it stands, in words.
    as_printed: as it stands there.
    kind: what the estimate is of: survival, (cumulative) incidence, rate, ratio, other, test.
    estimate, low, high: percent for a survival, incidence or rate, whatever the print.
    n: the count behind a rate, as printed. total: its denominator.
    p, relation: a p value and the ``=``, ``<`` or ``>`` before it.
    statistic, df: the χ² that gave p.
    test: the words that name another test than those of two proportions. one_sided: it is.
    doubt: why p need not be of the rates beside it, though no test is named there.
    method, scale: the interval of a count, or the transformation, where the table says so.
    level: of confidence [%], None where it is not stated.
    near: numbers of patients that stand nearby.
    table: number of the table in the file; -1 for a text.
    line: what is compared in one line has the same.
    trial, endpoint, months, group, stratum: of whom; empty where it is not known.
    followed: the table shows numbers at risk beside the figure.
    """

    place: str
    as_printed: str
    kind: str
    estimate: Printed | None = None
    low: Printed | None = None
    high: Printed | None = None
    n: int | None = None
    total: int | None = None
    p: Printed | None = None
    relation: str = "="
    statistic: Printed | None = None
    df: int | None = None
    test: str = ""
    one_sided: bool = False
    doubt: str = ""
    method: str = ""
    scale: str = ""
    level: float | None = None
    near: tuple[int, ...] = ()
    table: int = -1
    line: str = ""
    trial: str = ""
    endpoint: str = ""
    months: str = ""
    group: str = ""
    stratum: str = ""
    followed: bool = False

    @property
    def is_interval(self) -> bool:
        return None not in (self.estimate, self.low, self.high)

    @property
    def interval(self) -> tuple[Printed, Printed, Printed]:
        """Estimate, low and high; raises ``ValueError`` where one of them is missing."""
        if self.estimate is None or self.low is None or self.high is None:
            raise ValueError(f"{self.as_printed}: no interval")
        return self.estimate, self.low, self.high

    @property
    def numbers(self) -> tuple[str, str, str]:
        """Estimate and limits as text: two mentions of one figure have the same."""
        return tuple(part.text if part else "" for part in (self.estimate, self.low, self.high))  # type: ignore[return-value]


def as_test(figure: Figure) -> Figure:
    """The p value that stands beside an estimate, as a figure of its own."""
    printed_so = f"p {figure.relation} {figure.p.text}" if figure.p else ""
    return replace(figure, kind=TEST, as_printed=printed_so, estimate=None, low=None, high=None,
                   n=None, total=None, trial="")  # fmt: skip


@dataclass(frozen=True, slots=True)
class NotRead:
    """Something with numbers in it that was not read as a figure."""

    place: str
    text: str


@dataclass(slots=True)
class Reading:
    """What a file was found to hold.

    ``said_again`` counts figures that the text repeats from a table; ``without_figures`` names a
    table of mrdq's own, which may hold none.
    """

    figures: list[Figure] = field(default_factory=list)
    not_read: list[NotRead] = field(default_factory=list)
    n_tables: int = 0
    said_again: int = 0
    without_figures: str = ""


ENDPOINTS = {
    "OS": (SURVIVAL, r"\bOS\b|overall[- ]survival"),
    "LFS": (SURVIVAL, r"\bLFS\b|leuk(?:ae|e)mia[- ]free[- ]survival"),
    "EFS": (SURVIVAL, r"\bEFS\b|event[- ]free[- ]survival"),
    "DFS": (SURVIVAL, r"\bDFS\b|disease[- ]free[- ]survival"),
    "RFS": (SURVIVAL, r"\bRFS\b|relapse[- ]free[- ]survival"),
    "PFS": (SURVIVAL, r"\bPFS\b|progression[- ]free[- ]survival"),
    "CIR": (INCIDENCE, r"\bCIR\b|(?:cumulative )?incidence of relapse|relapse incidence"),
    "NRM": (INCIDENCE, r"\b(?:NRM|TRM)\b|non-?relapse mortality|transplant-related mortality"),
    "survival": (SURVIVAL, r"(?<!free )(?<!overall )(?<!free-)(?<!overall-)\bsurvival"),
    "incidence": (INCIDENCE, r"cumulative incidence(?! of relapse)"),
}
_ENDPOINT = re.compile("|".join(f"(?P<e{i}>{words})" for i, (_, words) in enumerate(ENDPOINTS.values())), re.I)  # fmt: skip
_TIME = re.compile(r"\b(?:at )?(\d+(?:\.\d+)?)[- ]?(years?|yrs?|months?|mo)\b", re.I)
_RANGE = re.compile(r"(\d+)\s*(?:-|to)\s*(\d+)")
_BELOW = re.compile(r"(<|≤|<=|under)\s*(\d+)")
_ABOVE = re.compile(r"(>|≥|>=|over)\s*(\d+)|(\d+)\s*\+")


def endpoints_in(text: str) -> list[tuple[int, str]]:
    """The endpoints a text names, with where each of them starts."""
    names = list(ENDPOINTS)
    return [(m.start(), names[int((m.lastgroup or "e0")[1:])]) for m in _ENDPOINT.finditer(text)]


def endpoint_of(text: str) -> str:
    """The only endpoint a text names; "" if it names none or several."""
    found = {name for _, name in endpoints_in(text)}
    return found.pop() if len(found) == 1 else ""


def kind_of(endpoint: str) -> str:
    """What an estimate of the endpoint is; a rate where there is none."""
    return ENDPOINTS[endpoint][0] if endpoint in ENDPOINTS else RATE


def months_of(text: str) -> str:
    """The time a label names, in months: ``2-year`` is 24."""
    found = _TIME.search(text)
    if not found:
        return ""
    return f"{float(found[1]) * (12 if found[2][0] in 'yY' else 1):g}"


def stratum_of(text: str) -> str:
    """What is left of a label without its endpoint and its time."""
    return _TIME.sub("", _ENDPOINT.sub("", text)).strip(" :,;()%")


def band_of(stratum: str) -> tuple[str, float, float] | None:
    """The numeric range of a stratum, and the words before it: ``age``, 16, 35."""
    if found := _RANGE.search(stratum):
        low, high = float(found[1]), float(found[2])
    elif found := _BELOW.search(stratum):
        low, high = float("-inf"), float(found[2]) - (found[1] in ("<", "under"))
    elif found := _ABOVE.search(stratum):
        low, high = float(found[2] or found[3]) + (found[1] in (">", "over")), float("inf")
    else:
        return None
    return stratum[: found.start()].strip(" :,;(").lower(), low, high


def are_parts(strata: list[str]) -> bool:
    """Whether strata are ranges that follow on each other, so that together they are everyone."""
    bands = [band_of(stratum) for stratum in strata]
    known = sorted(band[1:] for band in bands if band)
    return len(known) == len(bands) > 1 and all(
        0 <= after[0] - before[1] <= 1
        for before, after in itertools.pairwise(known)
    )  # fmt: skip
