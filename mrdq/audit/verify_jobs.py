"""Whether jobs read what jobs before them had made, and whether all that began have ended."""

from __future__ import annotations

import platform
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from mrdq.audit.files import FileState
from mrdq.audit.job import is_gone, pending_jobs
from mrdq.audit.reading import Reading, job_words, who
from mrdq.audit.record import Record
from mrdq.audit.trail import FOLDER
from mrdq.audit.verify_files import BY_PEOPLE


@dataclass(slots=True)
class _Made:
    """What jobs made so far, by path, and what of it rests on other bytes than those.

    ``resting``: path -> the sentences about jobs that it rests on and that read other bytes.
    """

    state: dict[str, FileState] = field(default_factory=dict)
    by: dict[str, Record] = field(default_factory=dict)
    resting: dict[str, frozenset[str]] = field(default_factory=dict)


def of_jobs(reading: Reading) -> tuple[list[str], list[str]]:
    """Jobs that read other bytes of a file than the job before had made, as differences; as notes,
    if whatever rested on that was made again since.

    People may change what lies in their own folders (:data:`BY_PEOPLE`) between two blocks.
    """
    made, told = _Made(), []
    for records in [*map(reading.of_block, reading.chain.blocks), reading.unsealed]:
        in_block: set[str] = set()
        for place, record in enumerate(records):
            disagree = list(_disagree(record, made, in_block, records[place + 1 :]))
            told += disagree
            _note(record, made, frozenset(disagree))
            in_block |= {state.path for state in record.files("outputs")}
    stand = frozenset().union(*made.resting.values())
    return (
        [text for text in told if text in stand],
        [f"{text}; nothing rests on it any more" for text in told if text not in stand],
    )


def _disagree(
    record: Record, made: _Made, in_block: set[str], later: Sequence[Record]
) -> Iterator[str]:
    for state in record.files("inputs"):
        before = made.state.get(state.path)
        theirs = state.path.partition("/")[0] in BY_PEOPLE and state.path not in in_block
        if before in (None, state) or theirs or _is_made(state, later):
            continue
        yield (
            f"{job_words(record.content)} read other bytes of {state.path} than "
            f"{job_words(made.by[state.path].content)} had made"
        )


def _is_made(state: FileState, later: Sequence[Record]) -> bool:
    """Whether a job of the same block made just these bytes: clocks of machines differ, and the order
    is that of the clocks."""
    return any(state in record.files("outputs") for record in later)


def _note(record: Record, made: _Made, disagree: frozenset[str]) -> None:
    rests = [made.resting.get(state.path, frozenset()) for state in record.files("inputs")]
    on = disagree.union(*rests)
    for state in record.files("outputs"):
        made.state[state.path], made.by[state.path] = state, record
        made.resting[state.path] = on
    for path in record.content["removed"]:
        made.state.pop(path, None)
        made.resting.pop(path, None)


def of_pending(reading: Reading) -> tuple[list[str], list[str]]:
    """Jobs that have begun and not ended: differences, and notes where they are at work here."""
    differences: list[str] = []
    notes: list[str] = []
    ended = {record.content["id"]: record for record in reading.records.values()}
    for name, begun in pending_jobs(reading.root).items():
        path = f"{FOLDER}/pending/{name}"
        if begun.get("id") in ended:
            notes.append(f"{path} is left of a job that has ended: the next sealing removes it")
        elif begun:
            here = begun["host"] == platform.node() and not is_gone(begun)
            (notes if here else differences).append(_unfinished(begun))
        else:
            differences.append(f"{path} is no announcement of a job: it was torn, or changed")
    return differences, notes


def _unfinished(begun: Mapping[str, object]) -> str:
    runs = f" ({begun['rule']})" if begun["rule"] else ""
    told = f"the {begun['action']}{runs} begun at {begun['started']} by {who(begun)} has not ended"
    if begun["host"] != platform.node():
        return (
            f"{told}: whether its process {begun['process']} lives is known on {begun['host']} only"
        )
    if is_gone(begun):
        return f"{told}: its process {begun['process']} is gone; the next sealing records that"
    return f"{told}: its process {begun['process']} is at work"


def of_unsealed(reading: Reading) -> list[str]:
    """A note of the records that no block holds."""
    found = [f"{one.action} of {one.started}" for one in reading.unsealed]
    if not found:
        return []
    count = "1 record is" if len(found) == 1 else f"{len(found)} records are"
    more = f" and {len(found) - 5} more" if len(found) > 5 else ""
    return [f"{count} not sealed yet: {', '.join(found[:5])}{more}"]
