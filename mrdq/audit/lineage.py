"""From a file back: the jobs that it came from, and whether the files they named are still those."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from mrdq.audit.files import state_of
from mrdq.audit.reading import Reading, job_words
from mrdq.audit.record import Record


def lineage(reading: Reading, path: str, runs: Iterable[str]) -> list[Record]:
    """The jobs that made a file, what that was made from, and so on, in the order in which they ended.

    ``runs``: jobs that name runs, and none of these, are left out: they made other parts.
    """
    wanted, records = set(runs), reading.in_order
    makers: dict[str, list[int]] = {}
    for place, record in enumerate(records):
        for state in record.files("outputs"):
            makers.setdefault(state.path, []).append(place)
    found: set[int] = set()
    waiting = [(path, len(records))]
    while waiting:
        name, before = waiting.pop()
        maker = next((n for n in reversed(makers.get(name, [])) if n < before), None)
        if maker is None or maker in found or not _is_about(records[maker], wanted):
            continue
        found.add(maker)
        waiting += [(state.path, maker) for state in records[maker].files("inputs")]
    return [records[place] for place in sorted(found)]


def _is_about(record: Record, runs: set[str]) -> bool:
    return not record.content["runs"] or not runs.isdisjoint(record.content["runs"])


@dataclass(frozen=True, slots=True)
class Standing:
    """How a file stands to the trail, in ``words``; ``sha256`` of its bytes now ("": it is not there);
    ``differs`` from what the trail says."""

    sha256: str
    words: str
    differs: bool


def standing(reading: Reading, path: str) -> Standing:
    """Whether a file is as it is under seal, or as a job left it since."""
    now, sealed, said = (
        state_of(reading.root, path),
        reading.chain.files.get(path),
        reading.said.get(path),
    )
    digest = now.sha256 if now else ""
    if said and said.state and now == said.state and not (sealed and sealed.state == now):
        return Standing(
            digest, f"as {job_words(said.record.content)} left it, not sealed yet", False
        )
    if sealed and now == sealed.state and not (said and said.made and said.state != now):
        return Standing(digest, f"as sealed in {reading.when(sealed.block)}", False)
    then = said.state.sha256 if said and said.state else sealed.state.sha256 if sealed else ""
    if not then:
        return Standing(digest, "the trail does not know it", True)
    what = "CHANGED" if now else "MISSING"
    where = f"in {reading.when(sealed.block)}" if sealed else "by a job that is not sealed"
    return Standing(digest, f"{what}: its SHA-256 was {then} {where}", True)
