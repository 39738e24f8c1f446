"""``published.html``: every published figure beside ours, cell by cell."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from mrdq import __version__, storage
from mrdq.cohort.against import CLOSE
from mrdq.reports.cohort_numbers import count, is_true, number, shown
from mrdq.reports.cohort_sections import template
from mrdq.reports.cohort_tables import Cell, Shown, records, table
from mrdq.reports.cohort_words import (
    ENDPOINT_NAMES,
    Labels,
    mrd_name,
    stratum_name,
    trial_name,
)

_NE_MEANS = (
    "NE: not estimable, because nothing happened. Where nobody was followed so long, ours is the end of the curve, "
    "as publications carry it on, and the note of the cell says so."
)
_CELLS = {"estimate": "estimate, %", "low": "lower limit, %", "high": "upper limit, %", "p": "p",
          "percent": "rate, %", "rate": "rate, %"}  # fmt: skip
_WITHIN, _OUTSIDE, _APART = "within", "outside", "apart"
_SAID = {_WITHIN: "within", _OUTSIDE: "outside", _APART: "not compared"}


@dataclass(frozen=True, slots=True)
class About:
    """What the page says beside the cells: ``ours`` heads the column of our figures (``ours
    (synthetic patients)``), ``words`` say what is compared and where it is from, ``seal`` the results'."""

    study: str
    notices: Sequence[str] = ()
    ours: str = "ours"
    words: Sequence[str] = ()
    labels: Labels = field(default_factory=dict)
    seal: Sequence[str] = ()


def write(against: pd.DataFrame, *, about: About, folder: Path) -> Path:
    """Write ``published.html`` into a folder; returns its path.

    ``against``: ``endpoint trial group stratum what published ours difference within note`` and, if
    known, ``timepoint months as_printed how``; ``within`` is true, false, or empty where nothing is
    compared, ``how`` says with what.
    """
    rows = [_row(row) for row in records(against)]
    page = template("against.html.j2").render(
        about=about, version=__version__, points=CLOSE, counts=_counts(rows),
        apart=_counts_apart(rows), tables=_tables(rows, about),
    )  # fmt: skip
    path = folder / "published.html"
    storage.write_bytes(path, page.encode())
    return path


def _row(row: dict[str, Any]) -> dict[str, Any]:
    """The row with "" for what is missing, and its verdict."""
    plain = {name: "" if pd.isna(value) else value for name, value in row.items()}
    within = str(plain["within"]).strip()
    verdict = _APART if not within else _WITHIN if is_true(within) else _OUTSIDE
    return {"timepoint": "", "months": "", "as_printed": "", "how": "", **plain, "verdict": verdict}


def _counts(rows: list[dict[str, Any]]) -> Mapping[str, int]:
    return {
        name: sum(row["verdict"] == name for row in rows) for name in (_WITHIN, _OUTSIDE, _APART)
    }


def _counts_apart(rows: list[dict[str, Any]]) -> Mapping[str, Mapping[str, int]]:
    """The counts of what was compared, by what it was compared with; nothing if that is not known."""
    compared = [row for row in rows if row["verdict"] != _APART and row["how"]]
    return {
        how: _counts([row for row in compared if row["how"] == how])
        for how in dict.fromkeys(row["how"] for row in compared)
    }


def _tables(rows: list[dict[str, Any]], about: About) -> list[Shown]:
    by: dict[str, list[dict[str, Any]]] = {}
    several = len({count(row["months"]) for row in rows} - {""}) > 1
    for row in rows:
        row["at"] = f"{count(row['months'])} months" if several and count(row["months"]) else ""
        by.setdefault(ENDPOINT_NAMES.get(row["endpoint"], row["endpoint"]) or "MRD", []).append(row)
    columns = ["Trial", "Group", "Figure", "published", about.ours, "difference", "agree?", "Note"]
    return [
        table(f"{name}: published | {about.ours} | difference", columns, [_cells(r, about) for r in part], heads=3, ne=_NE_MEANS)
        for name, part in by.items()
    ]  # fmt: skip


def _cells(row: dict[str, Any], about: About) -> list[Cell | str]:
    digits = 4 if row["what"] == "p" else 2
    difference = number(row["difference"])
    shift = "" if difference != difference else f"{difference:+.{digits}f}".replace("-", "−")
    published, printed = number(row["published"]), str(row["as_printed"])
    told = printed or ("" if published != published else f"{published:g}")
    repaired = printed and published == published and not _same(printed, published)
    return [
        _trial(row), _group(row, about.labels), Cell(_CELLS.get(row["what"], str(row["what"])), row["at"]),
        Cell(told, f"compared with {published:g}" if repaired else ""),
        shown(row["ours"], digits), shift,
        Cell(_SAID[row["verdict"]], mark=row["verdict"]), str(row["note"]),
    ]  # fmt: skip


def _trial(row: dict[str, Any]) -> str:
    return trial_name(str(row["trial"])) if row["trial"] else "between the trials"


def _same(printed: str, published: float) -> bool:
    """Whether the number is among those that were printed (``53.3 %``, ``p = 0,07``)."""
    found = re.findall(r"\d+(?:[.,]\d+)?", printed)
    return any(float(text.replace(",", ".")) == published for text in found)


def _group(row: dict[str, Any], labels: Labels) -> str:
    stratum = stratum_name(str(row["group"]), str(row["stratum"]), labels) if row["group"] else ""
    if not row["timepoint"]:
        return stratum
    mrd = mrd_name(str(row["timepoint"]), labels)
    return mrd if stratum in ("", "all patients") else f"{mrd}, {stratum}"
