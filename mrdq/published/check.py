"""All checks of what was read, and what they say: for people, and as a table."""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from dataclasses import dataclass
from typing import TypeVar

from mrdq.published.figures import TEST, Figure, Reading
from mrdq.published.intervals import TRANSFORMATIONS
from mrdq.published.limits import Intervals, check_intervals
from mrdq.published.pooled import check_pooled
from mrdq.published.remarks import FINDING, NOTE, ODDITY, Remark
from mrdq.published.shares import Shares, check_shares

COLUMNS = ("outcome", "place", "trial", "endpoint", "stratum", "as_printed", "kind", "fits", "expected", "why")  # fmt: skip
"""The columns of ``--tsv``: a row per figure and remark, and one for what was not read."""

_SHOWN = 20
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Checked:
    """A reading with everything that was found."""

    reading: Reading
    intervals: Intervals
    shares: Shares
    remarks: list[Remark]

    @property
    def findings(self) -> list[Remark]:
        return [remark for remark in self.remarks if remark.level == FINDING]

    @property
    def oddities(self) -> list[Remark]:
        return [remark for remark in self.remarks if remark.level == ODDITY]

    @property
    def notes(self) -> list[Remark]:
        return [remark for remark in self.remarks if remark.level == NOTE]


def check(reading: Reading) -> Checked:
    """Check every figure for what can be checked, in the order of the file."""
    intervals, shares = check_intervals(reading.figures), check_shares(reading.figures)
    order = {id(figure): i for i, figure in enumerate(reading.figures)}
    remarks = [*intervals.remarks, *shares.remarks, *check_pooled(reading.figures)]
    return Checked(reading, intervals, shares, sorted(remarks, key=lambda r: order[id(r.figure)]))


def report(checked: Checked) -> str:
    """What was read, a line per finding, oddity and note, and what the figures say of the methods."""
    lines = [_read(checked.reading)]
    lines += [f"{r.level.upper():8} {_line(r)}" for r in checked.remarks if r.level != NOTE]
    lines += [f"note     {_line(remark)}" for remark in _first(checked.notes)]
    lines += [_more(len(checked.notes), "notes")] * (len(checked.notes) > _SHOWN)
    lines += [*_summary(checked), *_not_read(checked.reading)]
    lines.append(_outcome(len(checked.findings), len(checked.oddities)))
    return "\n".join(lines) + "\n"


def _outcome(findings: int, oddities: int) -> str:
    found = f"{findings} finding{'' if findings == 1 else 's'}" if findings else "no finding"
    odd = f", {oddities} oddit{'y' if oddities == 1 else 'ies'}" if oddities else ""
    return found + odd


def _first(items: list[T]) -> list[T]:
    return items[:_SHOWN]


def _more(n: int, what: str) -> str:
    return f"         and {n - _SHOWN} more {what}: --tsv lists them all"


def _read(reading: Reading) -> str:
    parts = [f"{len(reading.figures)} figure{'' if len(reading.figures) == 1 else 's'} read"]
    if reading.n_tables:
        parts.append(f"{reading.n_tables} table{'' if reading.n_tables == 1 else 's'}")
    if reading.said_again:
        parts.append(f"{reading.said_again} said again in the text")
    if reading.without_figures and not reading.figures:
        parts.append(f"{reading.without_figures} holds nothing that is checked")
    return ", ".join(parts)


def _line(remark: Remark) -> str:
    figure = remark.figure
    expected = f" -> {remark.expected}" if remark.expected else ""
    return f"{figure.place}: {figure.as_printed}{expected}: {remark.why}"


def _summary(checked: Checked) -> list[str]:
    lines = []
    n, fitting = len(checked.intervals.figures), checked.intervals.n_fitting
    if n:
        order = [by.name for by in TRANSFORMATIONS]
        names = [*order, *sorted(set(fitting) - set(order))]
        lines.append(f"intervals of proportions: {n}; they fit " + ", ".join(f"{name} {fitting[name]}" for name in names))  # fmt: skip
    shares = checked.shares
    if shares.n_counts:
        lines.append(f"percentages with a denominator: {shares.n_counts}")
    lines += [f"         {line}" for line in _first(shares.counts)]
    if shares.n_tests:
        lines.append(f"p values computed again: {shares.n_tests}")
    lines += [f"         {line}" for line in _first(shares.tests)]
    if shares.n_not_testable:
        lines.append(f"p values that the printed figures do not allow to compute again: {shares.n_not_testable}")  # fmt: skip
    lines += [f"         {line}" for line in _first(shares.named)]
    idle = sum(1 for f in checked.reading.figures if f.kind != TEST and not f.is_interval and not f.total)  # fmt: skip
    if idle:
        lines.append(f"estimates without interval and denominator: {idle}")
    return lines


def _not_read(reading: Reading) -> list[str]:
    if not reading.not_read:
        return []
    lines = [f"not read as figures: {len(reading.not_read)}"]
    lines += [f"         {one.place}: {one.text}" for one in _first(reading.not_read)]
    return lines + [_more(len(reading.not_read), "of them")] * (len(reading.not_read) > _SHOWN)


def table(checked: Checked) -> str:
    """Every figure with what was found of it, as tab-separated text."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter="\t", lineterminator="\n")
    writer.writerow(COLUMNS)
    remarks = defaultdict(list)
    for found in checked.remarks:
        remarks[id(found.figure)].append(found)
    methods = {id(f): names for f, names in zip(checked.intervals.figures, checked.intervals.methods, strict=True)}  # fmt: skip
    for figure in checked.reading.figures:
        fits = ";".join(methods.get(id(figure), ()))
        said: list[Remark | None] = [*remarks[id(figure)]]
        for remark in said or [None]:
            writer.writerow(_row(figure, fits, remark))
    for one in checked.reading.not_read:
        writer.writerow(["not_read", one.place, "", "", "", one.text, "", "", "", ""])
    return text.getvalue()


def _row(figure: Figure, fits: str, remark: Remark | None) -> list[str]:
    outcome, expected, why = (remark.level, remark.expected, remark.why) if remark else ("read", "", "")  # fmt: skip
    return [outcome, figure.place, figure.trial, figure.endpoint, figure.stratum, figure.as_printed,
            figure.kind, fits, expected, why]  # fmt: skip
