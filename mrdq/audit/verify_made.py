"""Whether results were made from the results that are there now: what a run left half made is told."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from mrdq.audit.files import FileState
from mrdq.audit.reading import Reading, job_words
from mrdq.audit.record import DONE, Record
from mrdq.audit.rows import some
from mrdq.audit.signatures import EXPORT
from mrdq.tables import MADE_FROM

MOST_NAMED = 6


@dataclass(slots=True)
class _Made:
    """The file as it was made last, by ``record``; ``views``: the states of what it is made from, as
    each job had it that made just these bytes."""

    state: FileState
    record: Record
    views: list[FileState] = field(default_factory=list)


AFTER_SEALING = ("report", "cohort")
"""Folders of what is made of results under seal, and carries their block."""


def stale(reading: Reading, folder: str = "") -> list[str]:
    """Tables that were made from other results than those that records tell of last, in words.

    ``folder``: only those of this results folder.  A copy that an export made is no result.
    """
    return _stale(reading, folder, after_sealing=False)


def outdated(reading: Reading) -> list[str]:
    """Pages, and tables of the cohort, of results that were made again since.  They carry the block
    that they show, so that this is no difference."""
    return _stale(reading, "", after_sealing=True)


def _stale(reading: Reading, folder: str, *, after_sealing: bool) -> list[str]:
    made = _made(reading)
    found: dict[tuple[str, str], list[str]] = {}
    for path, one in sorted(made.items()):
        if _is_after_sealing(path) != after_sealing:
            continue
        source = source_of(path)
        place = str(PurePosixPath(source).parent) if source else ""
        now = made.get(source)
        if now is None or folder not in ("", place) or not one.views or now.state in one.views:
            continue
        found.setdefault((source, now.record.name), []).append(path)
    return [_words(paths, source, made[source].record) for (source, _), paths in found.items()]


def _is_after_sealing(path: str) -> bool:
    *_, above, folder = ("", "", *PurePosixPath(path).parent.parts)
    return folder in AFTER_SEALING or (above, folder) == ("report", "patients")


def source_of(path: str) -> str:
    """The path of the result that a result is made from; "" for what is no such result."""
    parts = PurePosixPath(path).parts
    for length, name in (
        (1, parts[-1]),
        (2, "/".join(parts[-2:])),
        (2, "/".join([*parts[-2:-1], ""])),
        (3, "/".join([*parts[-3:-1], ""])),
    ):
        if len(parts) > length and name in MADE_FROM:
            return "/".join([*parts[:-length], MADE_FROM[name]])
    return ""


def _made(reading: Reading) -> dict[str, _Made]:
    made: dict[str, _Made] = {}
    for record in _in_order(reading):
        for path in record.content["removed"]:
            made.pop(path, None)
        if record.content["action"] == EXPORT:
            continue
        outputs = record.files("outputs")
        seen = {state.path: state for state in [*record.files("inputs"), *outputs]}
        for state in outputs:
            before = made.get(state.path)
            views = before.views if before and before.state == state else []
            view = seen.get(source_of(state.path))
            made[state.path] = _Made(state, record, [*views, view] if view else views)
    # Where a record is lost, the blocks know a later state than the records: that is told of the record.
    return {path: one for path, one in made.items() if one.state == _last(reading, path)}


def _last(reading: Reading, path: str) -> FileState | None:
    said, sealed = reading.said.get(path), reading.chain.files.get(path)
    return said.state if said and said.made else sealed.state if sealed else None


def _in_order(reading: Reading) -> Iterator[Record]:
    for block in reading.chain.blocks:
        yield from reading.of_block(block)
    yield from reading.unsealed


def _words(paths: list[str], source: str, maker: Record) -> str:
    were = "was" if len(paths) == 1 else "were"
    state = maker.content["state"]
    how = "" if state == DONE else f", which {'failed' if state == 'failed' else 'was stopped'}"
    return (
        f"{some(paths, MOST_NAMED, ', ')} {were} made from another {source} than the one that "
        f"{job_words(maker.content)} made{how}: run again; delete what is not wanted any more"
    )
