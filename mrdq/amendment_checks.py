"""Checks of the amendments sheet against the other sheets and the rule sets.

What only the wells can tell is checked in :mod:`mrdq.amendments`.
"""

from __future__ import annotations

import datetime as dt
import difflib
import re
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mrdq import vocabulary as words
from mrdq.definitions import nearest
from mrdq.errors import WARNING, Problem
from mrdq.guideline import Guideline
from mrdq.sheets import Sheet
from mrdq.units import UnitError

Record = Mapping[str, Any]

_UNUSED = {words.OMIT: ("call",), words.CALL: ("well",)}
_NEEDED = {words.OMIT: (), words.CALL: ("target", "sample_id", "call")}
_FEW_NAMES = 20_000  # of more of them the nearest one takes seconds to be found
_WHEN = re.compile(
    r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:\d\d)?)?", re.ASCII
)  # fmt: skip


def date_or_time(text: str) -> str:
    """A date, or date and time, of ISO 8601, returned as written."""
    try:
        if not _WHEN.fullmatch(text):
            raise ValueError
        dt.datetime.fromisoformat(text)
    except ValueError:
        raise UnitError("a date as YYYY-MM-DD, or with the time as YYYY-MM-DD HH:MM") from None
    return text


@dataclass(frozen=True, slots=True)
class Known:
    """What the other sheets know: ``runs``, ``samples``, ``kinds`` (target -> kind) and
    ``rule_sets`` (target of kind mrd -> rule set), with the files to name."""

    runs: Sheet
    samples: Sheet
    assays: Sheet
    rule_sets: Mapping[str, Guideline]

    @property
    def sheets(self) -> dict[str, Sheet]:
        """Column of the amendments -> the sheet that has to know its names."""
        return {"run_id": self.runs, "target": self.assays, "sample_id": self.samples}

    @property
    def kinds(self) -> dict[str, str]:
        columns = self.assays.columns
        return dict(zip(columns["target"], columns["kind"], strict=True))


def amendments(sheet: Sheet, known: Known, told: Container[int | None] = ()) -> Iterator[Problem]:
    """Everything that is wrong with the sheet by itself and beside the others.

    ``told``: rows of which a cell could not be read, so that it is empty here and not in the sheet.
    """
    entries = [
        (record, row)
        for record, row in zip(sheet.records(), sheet.row, strict=True)
        if record["what"]
    ]
    if any(record["what"] == words.OMIT for record, _ in entries):
        yield from _lost_columns(sheet)
    kinds = known.kinds
    there = (
        {name: set(sheet.columns[name]) for name, sheet in known.sheets.items()} if entries else {}
    )
    for record, row in entries:
        yield from _unknown(sheet.file, record, row, known, there)
        yield from _filled(sheet.file, record, row)
        yield from _call(sheet.file, record, row, kinds, known)
        if record["when"][:10] > (today := dt.date.today().isoformat()):
            yield Problem(sheet.file, f"a date up to today ({today})", record["when"], row, "when",
                          "Is the year wrong?", WARNING)  # fmt: skip
    yield from _twice(sheet, entries)
    yield from _against_each_other(sheet.file, entries, told)


def _lost_columns(sheet: Sheet) -> Iterator[Problem]:
    """Without a column that narrows, a row leaves out more: a misspelt one must not be lost."""
    for name in words.NARROWED_BY if sheet.extra else ():
        if name in sheet.absent:
            extra = ", ".join(sheet.extra)
            yield Problem(sheet.file, f"the column {name}", f"other columns: {extra}", column=name,
                          remedy=f"Add the column {name} (empty where it narrows nothing): were one of these "
                          "meant, the rows would leave out more than they say.")  # fmt: skip


def _unknown(
    file: str, record: Record, row: int, known: Known, there: Mapping[str, Container[str]]
) -> Iterator[Problem]:
    """Runs, targets and samples that no sheet knows."""
    for name, sheet in known.sheets.items():
        value, names = record[name], sheet.columns[name]
        if value and value not in there[name]:
            meant = nearest(value, names) if len(names) <= _FEW_NAMES else ""
            yield Problem(file, f"a {name} of {sheet.file}", value, row, name,
                          f"Is {meant} meant?" if meant else "Mend the cell.")  # fmt: skip


def _filled(file: str, record: Record, row: int) -> Iterator[Problem]:
    """Cells that the row needs, and cells that it does not use."""
    what = record["what"]
    for name in _NEEDED[what]:
        if not record[name]:
            yield Problem(
                file, f"the {name} of the call that is changed", "", row, name, "Fill the cell."
            )
    for name in _UNUSED[what]:
        if record[name]:
            instead = words.CALL if what == words.OMIT else words.OMIT
            yield Problem(file, f"no {name} where what is {what}", record[name], row, name,
                          f"Empty the cell, or write a row of its own with {instead}.")  # fmt: skip


def _call(
    file: str, record: Record, row: int, kinds: Mapping[str, str], known: Known
) -> Iterator[Problem]:
    """The call is one that the rule set of an MRD target may issue."""
    target, call = record["target"], record["call"]
    if record["what"] != words.CALL or target not in kinds:
        return
    if kinds[target] != words.MRD:
        yield Problem(file, "a target of kind mrd, which has calls", target, row, "target",
                      "To leave wells of a control gene out, write omit.")  # fmt: skip
    elif call and target in known.rule_sets and call not in known.rule_sets[target].calls:
        rules = known.rule_sets[target]
        yield Problem(file, f"a call of {rules.id} ({', '.join(rules.calls)})", call, row, "call",
                      "A call is never translated between rule sets: call the sample again.")  # fmt: skip


def _twice(sheet: Sheet, entries: Iterable[tuple[Record, int]]) -> Iterator[Problem]:
    first: dict[tuple[Any, ...], int] = {}
    for record, row in entries:
        key = tuple(value for name, value in record.items() if name not in sheet.extra)
        if key in first:
            yield Problem(sheet.file, f"every amendment once (it is also in row {first[key]})", record["what"],
                          row, "what", "It counts once: delete one of the rows.", WARNING)  # fmt: skip
        first.setdefault(key, row)


def _against_each_other(
    file: str, entries: Sequence[tuple[Record, int]], told: Container[int | None]
) -> Iterator[Problem]:
    """Two different calls for one subject; a call in a run that is retracted."""
    retracted = {
        record["run_id"]: row
        for record, row in entries
        if record["what"] == words.OMIT
        and row not in told
        and not any(record[name] for name in words.NARROWED_BY)
    }
    first: dict[tuple[str, ...], tuple[str, int]] = {}
    for record, row in entries:
        if record["what"] != words.CALL:
            continue
        run, call = record["run_id"], record["call"]
        if run in retracted:
            yield Problem(file, f"a run that is not retracted (it is, in row {retracted[run]})", run, row, "run_id",
                          "Nothing of a retracted run counts: delete one of the rows.")  # fmt: skip
        subject = (run, record["target"], record["sample_id"])
        before = first.setdefault(subject, (call, row))
        if call and before[0] and call != before[0]:
            yield Problem(file, f"one call for a sample ({before[0]} in row {before[1]})", call, row, "call",
                          "Delete the row that no longer holds.")  # fmt: skip


def not_read(root: Path, sheet: str, default: str) -> Iterator[Problem]:
    """Sheets that look like amendments and are not the one that is read: ``sheet``, a path in the
    study, "" for none."""
    used = (root / sheet.partition("#")[0]).resolve() if sheet else None
    folders = [folder for folder in (root, root / Path(default).parent) if folder.is_dir()]
    for path in sorted(path for folder in folders for path in folder.iterdir()):
        stem = path.name.partition(".")[0].casefold()
        like = difflib.get_close_matches(stem, ["amendments"], cutoff=0.85)
        if like and path.is_file() and path.resolve() != used:
            shown = path.relative_to(root).as_posix()
            yield Problem(shown, f"the amendments in {sheet or default}", "a sheet that is not read", level=WARNING,
                          remedy="Nothing in it counts: name it in config.yaml (amendments), or delete it.")  # fmt: skip
