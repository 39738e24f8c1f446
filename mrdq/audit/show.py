"""Who did what: one line per job, and what changed of a patient from block to block."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass, fields, replace
from pathlib import Path, PurePosixPath
from textwrap import shorten
from typing import Any

from mrdq.audit.job import pending_jobs
from mrdq.audit.kept import Kept
from mrdq.audit.reading import Reading, read_trail
from mrdq.audit.rows import Change, NoTableError, compare, of_patient, some, table
from mrdq.audit.show_inputs import changed_inputs, notes_of
from mrdq.errors import MrdqError, Problem, refuse

TOLD = ("status.tsv", "calls.tsv")
"""Tables of which blocks keep every state, and in which a patient has rows."""
FIRST = {"call": 0, "status": 1, "response": 2, "next_step": 3}
"""Columns that are told first, in this order."""
MOST_NAMED, MOST_LETTERS = 20, 300
BEGUN, CHANGE = "not ended", "change"
_TIME = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{6}Z)?)?)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Asked:
    """Which jobs are asked for; "" or 0: any.  ``user`` is the operating system's or the operator;
    ``since`` and ``until`` are days or times, both included, as ``2024-03-01`` or ``2024-03-01T12:00``, in UTC.
    ``whole``: the hashes in tables too."""

    patient: str = ""
    run: str = ""
    user: str = ""
    since: str = ""
    until: str = ""
    block: int = 0
    action: str = ""
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """One job, or (action ``change``) what a block changed of an input or a patient, in ``made``;
    ``note``: what the job says beside."""

    time: str
    action: str
    state: str
    who: str
    host: str
    runs: str
    block: str
    made: str
    note: str = ""


COLUMNS = tuple(field.name for field in fields(Line))


def show(root: Path, asked: Asked) -> tuple[list[Line], list[str]]:
    """The jobs asked for in the order in which they ended, then those that have not; and notes.

    Raises :class:`MrdqError` for a time that is none, and for a patient, run, block, user or action
    of which nothing is known.
    """
    for option, text in (("--since", asked.since), ("--until", asked.until)):
        _require_time(option, text)
    reading = read_trail(root)
    notes = [f"audit/records/{name} is left out: {why}" for name, why in reading.broken.items()]
    jobs = [
        (one.content, reading.chain.sealed_records.get(one.name, 0)) for one in reading.in_order
    ]
    ended = {one.content["id"] for one in reading.in_order}
    begun = [job for job in pending_jobs(root).values() if job and job["id"] not in ended]
    jobs += [(job, 0) for job in begun]
    tables = list(_tables(reading, asked.patient)) if asked.patient else []
    runs = _runs_of(tables, asked.patient) if asked.patient else {asked.run} if asked.run else None
    _require_known(reading, [job for job, _ in jobs], asked, patient_is_known=runs is not None)
    lines = [
        (block, _line(job, block)) for job, block in jobs
        if _is_asked(job, block, asked) and _is_about(job, runs)
    ]  # fmt: skip
    of_patient = _changes(tables, asked.patient, whole=asked.whole)
    found = of_patient if asked.patient else _inputs(reading) if not asked.run else iter(())
    changes = [(n, line) for n, line in found if _is_in(line, n, asked)]
    # A block's changes follow on its jobs; what is not sealed comes last.
    return [line for _, line in sorted([*lines, *changes], key=lambda one: one[0] or 10**9)], notes


def _require_known(
    reading: Reading, jobs: Sequence[Mapping[str, Any]], asked: Asked, *, patient_is_known: bool
) -> None:
    """Refuse what no job and no block knows: a slip of the pen would look like an empty trail."""
    runs = {run for job in jobs for run in job.get("runs", [])}
    people = {job[key] for job in jobs for key in ("user", "operator")} - {""}
    numbers = [str(block.number) for block in reading.chain.blocks]
    known: list[tuple[str, str, Sequence[str]]] = [
        ("--run", asked.run, sorted(runs)), ("--user", asked.user, sorted(people)),
        ("--action", asked.action, sorted({CHANGE, *(job["action"] for job in jobs)})),
        ("--block", str(asked.block or ""), numbers),
    ]  # fmt: skip
    if asked.patient and not patient_is_known:
        known.append(("--patient", asked.patient, _patients(reading)))
    problems = [
        Problem(option, f"one of {some(there, MOST_NAMED, ', ')}" if there else "nothing, since the trail names none",
                text, remedy=f"Mend {option}.")
        for option, text, there in known if text and text not in there
    ]  # fmt: skip
    if problems:
        raise MrdqError(problems)


def _patients(reading: Reading) -> list[str]:
    """Patients of the tables that blocks keep, as they were last."""
    kept = Kept(reading.chain)
    paths = [path for path in reading.chain.files if PurePosixPath(path).name in TOLD]
    rows = (row for path in paths for row in _rows(kept.now(path) or b""))
    return sorted({row.get("patient_id", "") for row in rows} - {""})


def _inputs(reading: Reading) -> Iterator[tuple[int, Line]]:
    for block, text in changed_inputs(reading):
        yield block.number, _change(block.sealed, block.number, text)


def _change(time: str, block: int, text: str) -> Line:
    return Line(time, CHANGE, "", "", "", "", str(block), text)


def _require_time(option: str, text: str) -> None:
    try:  # times are compared as text, so that they have to be written as records write them
        if text and not _TIME.fullmatch(text):
            raise ValueError
        dt.datetime.fromisoformat(text or "2000-01-01")
    except ValueError:
        refuse(option, "a day as 2024-03-01, or a time as 2024-03-01T12:00", found=text)


def _is_asked(job: Mapping[str, Any], block: int, asked: Asked) -> bool:
    return (
        asked.user in ("", job["user"], job["operator"])
        and asked.action in ("", job["action"])
        and asked.block in (0, block)
        and _is_between(job["started"], asked)
    )


def _is_in(line: Line, block: int, asked: Asked) -> bool:
    """Whether a change is asked for: it is nobody's job, but its block's."""
    free = not (asked.user or asked.action not in ("", CHANGE))
    return free and asked.block in (0, block) and _is_between(line.time, asked)


def _is_between(time: str, asked: Asked) -> bool:
    return time >= asked.since and (not asked.until or time[: len(asked.until)] <= asked.until)


def _is_about(job: Mapping[str, Any], runs: set[str] | None) -> bool:
    """Whether a job is about one of the runs, or about the whole study."""
    named = job.get("runs", [])
    return runs is None or not named or not runs.isdisjoint(named)


def _line(job: Mapping[str, Any], block: int) -> Line:
    return Line(
        job["started"], job["action"], job.get("state", BEGUN), job["operator"] or job["user"], job["host"],
        ";".join(job.get("runs", [])), str(block) if block else "not sealed",
        ";".join(state["path"] for state in job.get("outputs", [])), notes_of(job),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Kept:
    """A patient's rows of a table as of a block, and as the block before had them (None: no table)."""

    block: int
    sealed: str
    path: str
    before: bytes | None
    after: bytes


def _tables(reading: Reading, patient: str) -> Iterator[_Kept]:
    kept, last = Kept(reading.chain), dict[str, bytes]()
    for block in reading.chain.blocks:
        for path in sorted(
            block.content["kept"], key=lambda path: PurePosixPath(path).name, reverse=True
        ):
            data = kept.sealed_by(block, path) if PurePosixPath(path).name in TOLD else None
            if data is not None:
                mine = _naming(patient, data)
                yield _Kept(block.number, block.sealed, path, last.get(path), mine)
                last[path] = mine


def _naming(patient: str, data: bytes) -> bytes:
    """The header of a table, and its lines that hold the id: to read all of every state takes minutes."""
    header, *lines = data.split(b"\n")
    written = patient.replace('"', '""').encode("utf-8", "surrogateescape")
    return b"\n".join([header, *(line for line in lines if written in line), b""])


def _runs_of(tables: Sequence[_Kept], patient: str) -> set[str] | None:
    """Runs in which a patient was ever examined, those of the control gene too; None if no table
    ever knew the patient."""
    rows = [row for one in tables for row in _rows(one.after) if row.get("patient_id") == patient]
    named = {row.get(column, "") for row in rows for column in ("run_id", "control_gene_run")}
    return named - {""} if rows else None


def _rows(data: bytes) -> Sequence[Mapping[str, str]]:
    try:
        return table(data)[1]
    except NoTableError:
        return []


def _changes(tables: Sequence[_Kept], patient: str, *, whole: bool) -> Iterator[tuple[int, Line]]:
    for one in tables:
        header = one.after.partition(b"\n")[0] + b"\n"
        try:
            changes, _ = compare(one.path, one.before or header, one.after)
        except (NoTableError, LookupError):
            continue
        for change in (_shown(change, whole=whole) for change in of_patient(changes, patient)):
            if change.before is None or change.after is None or change.cells:
                yield one.block, _change(one.sealed, one.block, f"{one.path}: {_words(change)}")


def _shown(change: Change, *, whole: bool) -> Change:
    """A change with what people ask for first, and hashes only if ``whole``."""
    after = change.after and {
        name: change.after[name]
        for name in sorted(change.after, key=lambda name: (name not in FIRST, FIRST.get(name, 0)))
        if whole or not name.endswith("_hash")
    }
    return replace(change, after=after)


def _words(change: Change) -> str:
    row = change.after or change.before or {}
    value = next((f", {name} {row[name]}" for name in ("status", "call") if name in row), "")
    return str(change) if change.before and change.after else f"{change}{value}"


def as_tsv(lines: Sequence[Line]) -> str:
    """Tab-separated, several runs or files in a cell parted by ``;``."""
    rows = [COLUMNS, *(astuple(line) for line in lines)]
    return "".join(
        "\t".join(cell.replace("\t", " ").replace("\n", " ") for cell in row) + "\n" for row in rows
    )


def as_text(lines: Sequence[Line]) -> str:
    """For people: columns aligned, long cells cut with a count of what is left out."""
    rows = [COLUMNS[:-1], *(_cut(line) for line in lines)]
    widths = [max(len(row[n]) for row in rows) for n in range(len(rows[0]) - 1)] + [0]
    return "".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        + "\n"
        for row in rows
    )


def _cut(line: Line) -> tuple[str, ...]:
    runs = some(line.runs.split(";"), 2, ", ") if line.runs else ""
    made = line.made if line.action == CHANGE else some(line.made.split(";"), 3, ", ")
    return (
        line.time[:19] + "Z",
        line.action,
        line.state,
        line.who,
        line.host,
        runs,
        line.block,
        "; ".join(filter(None, [made, shorten(line.note, MOST_LETTERS, placeholder=" …")])),
    )
