"""``diff.html``: a comparison for people, next steps that change first, nothing from outside."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

from mrdq import __version__, storage
from mrdq import vocabulary as words
from mrdq.comparison.compare import Comparison, Group, groups
from mrdq.comparison.compared import Compared
from mrdq.comparison.tables import LEVEL, NEXT_STEP, OTHER_CALLS, STATUS
from mrdq.reports import diff_text
from mrdq.reports.cohort_tables import Cell, Shown
from mrdq.reports.diff_text import HEADINGS, Row, records

SHOWN = 200
"""Rows of a table of the page; ``diff.tsv`` has them all."""
LONG = 8
"""More words than this make no matrix."""
_SAME, _CHANGES = "within", "changes"


def write(compared: Compared, folder: Path) -> Path:
    """Write ``diff.html`` into a folder; returns its path."""
    found = compared.found
    shown = groups(found.differences)
    page = _template().render(
        version=__version__, a=compared.a, b=compared.b, notices=compared.notices,
        summary=[(heading, diff_text.summed(found, what)) for what, heading in HEADINGS.items()],
        next_steps=_next_steps(found), matrices=[_matrix(found, what) for what in HEADINGS],
        groups=[_group(group) for group in shown],
        others=list(diff_text.others(found)), same=diff_text.SAME, translated=diff_text.NEVER_TRANSLATED,
    )  # fmt: skip
    path = folder / "diff.html"
    storage.write_bytes(path, page.encode())
    return path


def _next_steps(found: Comparison) -> Shown:
    """Patients whose next step changes, with the status that changed with it."""
    changed = found.differences[found.differences["what"] == NEXT_STEP]
    statuses = found.differences[found.differences["what"] == STATUS]
    key = ["patient_id", "timepoint"]
    with_status = changed.merge(statuses[[*key, "a", "b"]], on=key, how="left", suffixes=("", "_status"))  # fmt: skip
    rows = [
        [Cell(row["patient_id"]), Cell(row["timepoint"]), Cell(row["a"] or "none"), Cell(row["b"] or "none", mark=_CHANGES),
         Cell(_status(row)), _why(row)]
        for row in records(with_status[:SHOWN])
    ]  # fmt: skip
    columns = ("Patient", "Timepoint", "Next step in A", "Next step in B", "Status", "Why")
    return Shown("Next steps that change", columns, rows, _rest(len(changed)), heads=2)


def _status(row: Row) -> str:
    if pd.isna(row["a_status"]):
        return "the same"
    return f"{plain(row['a_status'])} → {plain(row['b_status'])}"


def _why(row: Row) -> Cell:
    """Criterion and parameters, or what people amended, with the evidence in small type."""
    if row["amendment"]:
        return Cell(f"amended {row['amendment']}", diff_text.reason(row))
    acts = row["parameters"] if row["cause"] != OTHER_CALLS else diff_text.listed(row["parameters"])
    return Cell(", ".join(filter(None, [row["criterion"], acts])) or plain(row["cause"]), diff_text.reason(row))  # fmt: skip


def plain(word: str) -> str:
    return word.replace("_", " ")


def _matrix(found: Comparison, what: str) -> Shown:
    """From (rows, A) → to (columns, B); long texts such as next steps as a list."""
    rows = found.tally[found.tally["what"] == what]
    heading = f"{HEADINGS[what]}, from A to B"
    if what == NEXT_STEP or len(set(rows["b"])) > LONG:
        told = [[Cell(r["a"] or "none"), Cell(r["b"] or "none"), Cell(str(r["n"]), mark=_mark(r["a"], r["b"]))]
                for r in _changes_first(records(rows))]  # fmt: skip
        return Shown(heading, ("In A", "In B", "Number"), told, _only(found, what), heads=2)
    from_, to = (sorted(set(rows[side]), key=_place) for side in "ab")
    counts = {(r["a"], r["b"]): r["n"] for r in records(rows)}
    cells = [
        [Cell(plain(a) or "none"), *(Cell(str(counts.get((a, b), "·")), mark=_mark(a, b) if (a, b) in counts else "") for b in to)]
        for a in from_
    ]  # fmt: skip
    columns = ("In A ↓, in B →", *(plain(b) or "none" for b in to))
    return Shown(heading, columns, cells, _only(found, what))


def _changes_first(rows: list[Row]) -> list[Row]:
    return sorted(rows, key=lambda r: (r["a"] == r["b"], -r["n"], r["a"], r["b"]))


def _place(word: str) -> tuple[int, str]:
    """The order of the vocabulary: from positive to not done, from complete to not evaluable."""
    known = [*words.RESPONSES[:-1], *words.STATUSES]
    return (known.index(word) if word in known else len(known), word)


def _mark(a: str, b: str) -> str:
    return _SAME if a == b else _CHANGES


def _only(found: Comparison, what: str) -> list[str]:
    if not (found.only_a.get(what, 0) or found.only_b.get(what, 0)):
        return []
    return [f"Not in the table: {found.only_a[what]} only in A, {found.only_b[what]} only in B."]


def _rest(count: int) -> list[str]:
    return [f"{count - SHOWN} more are in diff.tsv."] if count > SHOWN else []


def _group(group: Group) -> dict[str, Any]:
    rows = list(_rows(records(group.rows[:SHOWN])))
    columns = ("What", "Patient", "Timepoint", "Run, target, sample", "In A", "In B", "Evidence")
    table = Shown(diff_text.counted(group), columns, rows, _rest(len(group.rows)), heads=1)
    return {"title": diff_text.title(group), "table": table}


def _rows(rows: Sequence[Row]) -> Iterator[list[Cell]]:
    for row in rows:
        of = ", ".join(filter(None, (row[name] for name in ("run_id", "target", "sample_id"))))
        name = row["detail"].partition(";")[0] if row["what"] == LEVEL else ""
        relative = row["relative_change"]
        small = diff_text.percent(relative) if relative == relative else ""
        yield [
            Cell(plain(row["what"]), name), Cell(row["patient_id"]), Cell(row["timepoint"]), Cell(of),
            Cell(_shown(row, "a")), Cell(_shown(row, "b"), small), Cell(diff_text.reason(row)),
        ]  # fmt: skip


def _shown(row: Row, side: str) -> str:
    """A word as it stands in the tables, without its underscores; the text of a next step as it is."""
    return (row[side] if row["what"] in (NEXT_STEP, LEVEL) else plain(row[side])) or "none"


@cache
def _template() -> Any:
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("mrdq.reports", "."), autoescape=True, undefined=jinja2.StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    return environment.get_template("diff.html.j2")
