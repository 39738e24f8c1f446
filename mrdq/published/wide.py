"""Tables as journals print them: a row a figure, a column a trial, values in brackets.

A label may hold several parts that its cells answer: ``OS 16-35 / 36-55`` with ``91.4 / 88.5``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from mrdq.published.cells import (
    Value,
    level_of,
    read_difference,
    read_p,
    read_value,
    read_with_error,
    says_percent,
    shown,
)
from mrdq.published.figures import (
    ALL,
    OTHER,
    RATE,
    RATIO,
    TEST,
    Figure,
    NotRead,
    Reading,
    as_test,
    band_of,
    endpoint_of,
    kind_of,
    months_of,
    stratum_of,
)
from mrdq.published.grids import Grid
from mrdq.published.named_tests import is_one_sided, is_p_label, other_test
from mrdq.published.numbers import NUMBER, Printed

_PARTS = re.compile(r"\s+/\s+")
_N_COLUMN = re.compile(r"n|no\.?(?: of patients)?|patients|enrolled|number", re.I)
_WHOLE = re.compile(r"\d{1,7}")
_N_OF = re.compile(r"\bn\s*=\s*(\d{1,7})\b", re.I)
_N_IN = re.compile(r"\b(\d{1,7})\s+(?:patients\s+)?(?:in|on)\s+(?:the\s+)?([\w/.-]*\w)")
_RATIO = re.compile(r"\b(?:[as]?HR|OR|RR|(?i:hazard|odds|risk ratio|ratio))\b")
_DIFFERENCE = re.compile(r"\bdifference|\brisk diff|Δ|\bdelta\b|percentage points", re.I)
_DIFFERENT = re.compile(
    rf"(?P<estimate>[-+]?{NUMBER})\s*%?\s*[,;]?\s*[(\[]?(?P<inside>\D*[-+]?{NUMBER}[^()\[\]]*)[)\]]?"
)
_CI_COLUMN = re.compile(r"\bCI\b|confidence", re.I)
_EVERYONE = ("", "all", "all patients", "overall", "total", "whole cohort", "pooled")
_SIGN = re.compile(r"positive|negative", re.I)


@dataclass(frozen=True, slots=True)
class _Label:
    """A part of a row's label and what the header adds to it."""

    text: str
    part: str
    endpoint: str
    months: str
    stratum: str
    line: str
    group: str


def read_wide(grid: Grid, number: int) -> Reading:
    """The figures of a printed table, and the cells with numbers that are none."""
    reading = Reading(n_tables=1)
    totals = _totals(grid)
    n_labels = _n_label_columns(grid)
    for line, cells in grid.rows:
        label = " ".join(cell for cell in cells[:n_labels] if cell)
        of_row = _total_of_row(grid, cells)
        for column in range(n_labels, len(cells)):
            if _N_COLUMN.fullmatch(grid.header[column]) or _N_COLUMN.fullmatch(label):
                continue
            total = totals.get(column, of_row)
            place = f'line {line}, row "{shown(label)}", column {grid.header[column] or column + 1}'
            found = list(_of_cell(cells[column], label, grid, column, place, (number, line, total)))
            reading.figures += found
            if not found and re.search(r"\d", cells[column]):
                reading.not_read.append(NotRead(place, shown(cells[column])))
    return reading


def _of_cell(
    cell: str, label: str, grid: Grid, column: int, place: str, at: tuple[int, int, int | None]
) -> Iterator[Figure]:
    """The figures of one cell; none unless each of its parts is one."""
    number, line, total = at
    header = grid.header[column]
    is_p = is_p_label(header) or is_p_label(label)
    parts = _PARTS.split(cell)
    labels = _labels(label, header, n=len(parts))
    values = [value for part in parts if (value := _value(part, f"{label} {header}", is_p=is_p))]
    if not len(labels) == len(values) == len(parts):
        return
    trial = "" if is_p or endpoint_of(header) else header
    for of, value in zip(labels, values, strict=True):
        where = place if len(parts) == 1 else f"{place} ({shown(of.part)})"
        figure = _figure(value, of, header, grid.before, is_p=is_p)
        if figure:
            figure = _placed(figure, where, (number, f"{line} {of.line}"), value, total)
            figure = replace(figure, trial=trial)
            yield figure
            if figure.p is not None and figure.kind != TEST:
                yield as_test(figure)


def _value(part: str, words: str, *, is_p: bool) -> Value | None:
    if is_p:
        return read_p(part)
    if _DIFFERENCE.search(words) and (found := _DIFFERENT.fullmatch(part)):
        return read_difference(found["estimate"], found["inside"], part)
    value = read_value(part)
    return read_with_error(part) if value is None and endpoint_of(words) else value


def _placed(
    figure: Figure, place: str, at: tuple[int, str], value: Value, total: int | None
) -> Figure:
    """The figure with its place, and the number of patients it is of."""
    of_rate = figure.kind == RATE
    return replace(figure, place=place, table=at[0], line=at[1], total=value.total or (total if of_rate else None),
                   near=(total,) if total and not of_rate else ())  # fmt: skip


def _figure(value: Value, of: _Label, header: str, before: str, *, is_p: bool) -> Figure | None:
    words = f"{of.text} {header}"
    known = Figure(place="", as_printed=shown(value.as_printed), kind=TEST, endpoint=of.endpoint, months=of.months,
                   stratum=of.stratum, group=of.group, p=value.p, relation=value.relation,
                   test=other_test(words), one_sided=is_one_sided(words),
                   level=value.level or level_of(words) or level_of(before))  # fmt: skip
    if is_p:
        return known
    kind = _kind(value, of, words, before)
    if not kind:
        return None
    scale = (
        100 if kind not in (RATIO, OTHER) and value.is_fraction and not says_percent(words) else 1
    )
    return replace(known, kind=kind, n=value.n, estimate=scaled(value.estimate, scale),
                   low=scaled(value.low, scale), high=scaled(value.high, scale))  # fmt: skip


def _kind(value: Value, of: _Label, words: str, before: str) -> str:
    """What the estimate is of; "" where nothing says so."""
    if _RATIO.search(words):
        return RATIO if value.is_interval else ""
    if _DIFFERENCE.search(words):
        return OTHER if value.is_interval else ""
    if of.endpoint and "median" not in words.lower():
        return kind_of(of.endpoint)
    if value.percent or value.total or says_percent(words):
        return RATE
    confident = value.confidence or _CI_COLUMN.search(f"{words} {before}")
    return OTHER if value.is_interval and confident else ""


def scaled(number: Printed | None, scale: float) -> Printed | None:
    """The number in percent, with the text as it was printed."""
    if number is None or scale == 1:
        return number
    return Printed(number.text, number.value * scale, number.half * scale)


def _labels(label: str, header: str, *, n: int) -> list[_Label]:
    """The label of each of ``n`` parts of a cell; [] where it has another number of parts."""
    prefix, _, rest = label.rpartition(": ") if n > 1 else ("", "", label)
    parts = _PARTS.split(rest) if n > 1 else [label]
    if len(parts) != n:
        return []
    first = endpoint_of(parts[0])
    return [_label(f"{prefix} {part}".strip(), (prefix, parts[0], header), first, several=n > 1, row=label) for part in parts]  # fmt: skip


def _label(text: str, others: tuple[str, ...], first: str, *, several: bool, row: str) -> _Label:
    endpoint = endpoint_of(text) or first or next(filter(None, map(endpoint_of, others)), "")
    months = months_of(text) or next(filter(None, map(months_of, others)), "")
    stratum = stratum_of(text)
    stratum = ALL if stratum.lower() in _EVERYONE else stratum
    return _Label(
        text,
        text.removeprefix(others[0]).strip(),
        endpoint,
        months,
        stratum,
        text,
        family(stratum, row if several else ""),
    )


def family(stratum: str, row: str = "") -> str:
    """What a stratum is one of: the ranges of a row or of a word, positive and negative."""
    if stratum == ALL:
        return ALL
    if band := band_of(stratum):
        return row or f"{band[0]} ranges"
    return _SIGN.sub("±", stratum) if _SIGN.search(stratum) else ""


def _n_label_columns(grid: Grid) -> int:
    """The first column, and those after it that hold words only."""
    n = 1
    while n < len(grid.header) - 1 and grid.rows and not any(
        re.match(r"[<≤=>\s]*[.\d]|p\b|[-–]?$", cells[n]) for _, cells in grid.rows
    ):  # fmt: skip
        n += 1
    return n


def _totals(grid: Grid) -> dict[int, int]:
    """The denominator of each column: in its header, in a row of numbers, or in the text before."""
    totals: dict[int, int] = {}
    for number, token in _N_IN.findall(grid.before):
        columns = [i for i, name in enumerate(grid.header) if name and _names(name, token)]
        if len(columns) == 1:
            totals[columns[0]] = int(number)
    for _, cells in grid.rows:
        if _N_COLUMN.fullmatch(cells[0]):
            totals |= {i: int(cell) for i, cell in enumerate(cells) if _WHOLE.fullmatch(cell)}
    totals |= {
        i: int(found[1]) for i, name in enumerate(grid.header) if (found := _N_OF.search(name))
    }
    return {i: n for i, n in totals.items() if n > 0}


def _names(header: str, token: str) -> bool:
    """Whether ``2023`` or ``MRD2023`` names the column ``ALL/MRD2023``."""
    name = re.sub(r"\s*\(.*", "", header).strip().lower()
    return len(token) >= 2 and name.endswith(token.lower())


def _total_of_row(grid: Grid, cells: list[str]) -> int | None:
    columns = [i for i, name in enumerate(grid.header) if i and _N_COLUMN.fullmatch(name)]
    if len(columns) != 1 or not _WHOLE.fullmatch(cells[columns[0]]):
        return None
    return int(cells[columns[0]]) or None
