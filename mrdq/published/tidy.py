"""Tables with a named column for everything: mrdq's own, and others laid out alike.

The columns ``trial endpoint timepoint group stratum months measure`` say of whom a row is;
``estimate low high``, ``percent wilson_low wilson_high`` and the like hold its figures.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from mrdq.cohort.tables import NE, TABLES
from mrdq.published.cells import level_of, shown
from mrdq.published.figures import (
    INCIDENCE,
    OTHER,
    PROPORTIONS,
    RATE,
    RATIO,
    SURVIVAL,
    TEST,
    Figure,
    NotRead,
    Reading,
    endpoint_of,
    kind_of,
)
from mrdq.published.grids import Grid
from mrdq.published.intervals import LOG_LOG
from mrdq.published.named_tests import has_chi_square, is_one_sided, other_test
from mrdq.published.numbers import NUMBER, Printed, printed

_NUMBER = re.compile(rf"(?P<number>{NUMBER}(?:[eE][+-]?\d+)?)\s*%?")
_WHOLE = re.compile(r"(\d{1,7})(?:\.0+)?")
_P_VALUE = re.compile(r"(?P<relation>[=<>≤≥]?)\s*(?P<number>.+)")


@dataclass(frozen=True, slots=True)
class _Columns:
    """Columns that hold one figure; a ``kind`` of "" is found from the row."""

    estimate: str
    low: str = ""
    high: str = ""
    kind: str = ""
    method: str = ""


_SETS = (
    _Columns("estimate", "low", "high"),
    _Columns("last_estimate", "last_low", "last_high"),
    _Columns("percent", "wilson_low", "wilson_high", RATE, "Wilson"),
    _Columns("percent", "exact_low", "exact_high", RATE, "Clopper-Pearson"),
    _Columns("hazard_ratio", "low", "high", RATIO),
    _Columns("median_days", "low", "high", OTHER),
    _Columns("value", "low", "high", OTHER),
    _Columns("median", "minimum", "maximum", OTHER),
)
_ALONE = (_Columns("estimate"), _Columns("percent", kind=RATE))
_LINE = ("analysis", "endpoint", "cause", "censoring", "timepoint", "months", "group", "stratum", "denominator")  # fmt: skip


def own_table(header: list[str]) -> str:
    """The name of mrdq's own cohort table with this header; "" if it is none."""
    return next((table.name for table in TABLES if header[: len(table.names)] == table.names), "")


def is_tidy(header: list[str]) -> bool:
    columns = _sets(set(header))
    return own_table(header) != "" or bool(columns) or {"statistic", "df", "p"} <= set(header)


def _sets(names: set[str]) -> list[_Columns]:
    whole = [c for c in _SETS if {c.estimate, c.low, c.high} <= names]
    taken = {c.estimate for c in whole}
    return [*whole, *(c for c in _ALONE if c.estimate in names - taken)]


def read_tidy(grid: Grid, number: int) -> Reading:
    """The figures of a tidy table; ``NE`` and empty cells are none."""
    own = own_table(grid.header)
    reading = Reading(n_tables=1, without_figures=own)
    sets = _sets(set(grid.header))
    for line, cells in grid.rows:
        row = dict(zip(grid.header, cells, strict=True))
        try:
            reading.figures += _of_row(row, sets, line, number, exact=own != "")
        except ValueError as error:
            reading.not_read.append(NotRead(f"line {line}", shown(str(error))))
    return reading


def _of_row(
    row: Mapping[str, str], sets: list[_Columns], line: int, number: int, *, exact: bool
) -> list[Figure]:
    whom = _whom(row, line, number)
    figures = [f for columns in sets if (f := _estimate(row, columns, whom, exact=exact))]
    test = _test(row, whom, exact=exact) if not figures or "statistic" in row else None
    return figures if test is None else [*figures, test]


def _whom(row: Mapping[str, str], line: int, number: int) -> Figure:
    said = [row[name] for name in ("trial", *_LINE, "measure", "test") if row.get(name)]
    return Figure(
        place=f"line {line} ({', '.join(dict.fromkeys(said))})", as_printed="", kind="", table=number,
        line="|".join(row.get(name, "") for name in _LINE), trial=_key(row, ("analysis", "censoring", "trial")),
        endpoint=row.get("endpoint", "") or row.get("cause", ""), months=row.get("months", ""),
        group=row.get("group", ""), stratum=row.get("stratum", ""), followed="at_risk" in row,
    )  # fmt: skip


def _key(row: Mapping[str, str], names: tuple[str, ...]) -> str:
    return " ".join(row[name] for name in names if row.get(name))


def _estimate(
    row: Mapping[str, str], columns: _Columns, whom: Figure, *, exact: bool
) -> Figure | None:
    estimate = _cell(row, columns.estimate, exact=exact)
    if estimate is None:
        return None
    kind = columns.kind or _kind(row)
    low, high = (_cell(row, name, exact=exact) for name in (columns.low, columns.high))
    limits = (low, high) if low and high else (None, None)
    parts = [estimate, *(limit for limit in limits if limit)]
    if kind in PROPORTIONS and not exact and _are_fractions(row, parts):
        estimate, *ends = [replace(p, value=100 * p.value, half=100 * p.half) for p in parts]
        limits = (ends[0], ends[1]) if ends else limits
    n, total = _counts(row, kind)
    near = _whole(row.get("n", "")) if kind in (SURVIVAL, INCIDENCE) and not exact else None
    scale = LOG_LOG.name if exact and limits[0] and kind in (SURVIVAL, INCIDENCE) else ""
    last = columns.estimate.startswith("last_")
    return replace(whom, kind=kind, as_printed=_shown(row, columns, limits), estimate=estimate, low=limits[0],
                   high=limits[1], n=n, total=total, method=columns.method, months="last" if last else whom.months,
                   scale=scale, near=(near,) if near else (), level=level_of(" ".join(row.values())))  # fmt: skip


def _are_fractions(row: Mapping[str, str], parts: list[Printed]) -> bool:
    printed_so = any("." in part.text for part in parts) and all(part.value <= 1 for part in parts)
    return printed_so and not any("%" in cell for cell in row.values())


def _shown(row: Mapping[str, str], columns: _Columns, limits: tuple[Printed | None, ...]) -> str:
    text = row[columns.estimate]
    return f"{text} ({limits[0].text}–{limits[1].text})" if limits[0] and limits[1] else text


def _kind(row: Mapping[str, str]) -> str:
    if "cause" in row:
        return INCIDENCE
    measure = row.get("measure", "")
    endpoint = endpoint_of(row.get("endpoint", "")) or endpoint_of(measure)
    if endpoint:
        return kind_of(endpoint)
    return SURVIVAL if "survival" in measure else RATE


def _counts(row: Mapping[str, str], kind: str) -> tuple[int | None, int | None]:
    """The count and its denominator: ``n`` of ``total``, or of ``n`` where there is no total."""
    if kind != RATE:
        return None, None
    n, total = (_whole(row.get(c, "")) for c in ("n", "total"))
    return (n, total or None) if "total" in row else (None, n or None)


def _whole(text: str) -> int | None:
    found = _WHOLE.fullmatch(text)
    return int(found[1]) if found else None


def _cell(row: Mapping[str, str], name: str, *, exact: bool) -> Printed | None:
    """The number of a cell, None for an empty one and ``NE``; raises ``ValueError`` for words."""
    text = row.get(name, "")
    if text in ("", "-", NE):
        return None
    found = _NUMBER.fullmatch(text)
    if not found:
        raise ValueError(f"{name} {text}")
    return printed(found["number"], exact=exact)


def _test(row: Mapping[str, str], whom: Figure, *, exact: bool) -> Figure | None:
    text = row.get("p", "")
    found = _P_VALUE.fullmatch(text)
    if text in ("", "-", NE) or not found:
        return None
    p = _cell({"p": found["number"]}, "p", exact=exact)
    name = " ".join(row.get(column, "") for column in ("measure", "test", "method", "comparison"))
    df = _whole(row.get("df", "")) if exact or has_chi_square(name) else None
    statistic = _cell(row, "statistic", exact=exact) if df else None
    relation = (found["relation"] or "=").replace("≤", "<").replace("≥", ">")
    return replace(whom, kind=TEST, as_printed=f"p {relation} {found['number']}", p=p, relation=relation,
                   statistic=statistic, df=df if statistic else None, trial="",
                   test=other_test(name), one_sided=is_one_sided(name))  # fmt: skip
