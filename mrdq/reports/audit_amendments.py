"""Every amendment that was ever recorded: since when it is in force, and since when it is not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from mrdq.audit.chain import Chain
from mrdq.audit.files import FileState
from mrdq.audit.record import DONE, Record
from mrdq.sheets import Sheet

Row = dict[str, str]
Key = tuple[str, ...]

AMEND = "amend"
"""The action of records that tell of amendments; ``parameters.rows`` is the whole sheet."""
READERS = ("run", "gather", "call")
"""Actions before which every sheet with rows is told of by a record of :data:`AMEND`."""
CONTENT = ("what", "run_id", "target", "well", "sample_id", "call", "who", "when", "why")
COLUMNS = ("row", *CONTENT, "in_force_from", "taken_back")


@dataclass(slots=True)
class _Period:
    key: Key
    since: str
    until: str = ""


@dataclass(slots=True)
class _History:
    """``told``: state of a sheet -> what a record told of it; ``lost``: a record of amendments is
    damaged, and none that tells of all of them has followed."""

    periods: list[_Period] = field(default_factory=list)
    told: dict[FileState, list[Key]] = field(default_factory=dict)
    lost: bool = False

    @property
    def standing(self) -> dict[Key, _Period]:
        return {one.key: one for one in self.periods if not one.until}

    def now(self, keys: Iterable[Key], when: str) -> None:
        """From ``when`` on just these are in force."""
        standing, wanted = self.standing, dict.fromkeys(keys)
        for key, period in standing.items():
            if key not in wanted:
                period.until = when
        self.periods += [_Period(key, when) for key in wanted if key not in standing]

    def follow(self, record: Record, when: str) -> None:
        states = record.files("inputs")
        if record.action == AMEND:
            keys = [_key(row) for row in rows_of(record)]
            self.told.update((state, keys) for state in states)
            self.lost = False
            self.now(keys, when)
        elif record.action in READERS and record.state == DONE:
            told = [self.told[state] for state in states if state in self.told]
            # A sheet that was emptied or taken away is told of by no record of its own.
            if told or not self.lost:
                self.now(told[-1] if told else [], when)


def amendment_rows(
    chain: Chain, records: Sequence[tuple[Record, int]], sheet: Sheet
) -> Iterator[Row]:
    """Rows of :data:`COLUMNS`: every amendment by the time at which it came in force, once for each
    time that it did; then those of the sheet that no job has seen yet.

    ``records``: the whole ones under seal, each with its block, in order; ``sheet``: as it is now.
    ``row`` is the row there, "" if it is not there any more.
    """
    history, lost = _History(), []
    of_block: dict[int, list[Record]] = {}
    for record, number in records:
        of_block.setdefault(number, []).append(record)
    for block in chain.blocks:
        whole = of_block.get(block.number, [])
        there = {record.name for record in whole}
        damaged = [n for n in block.records if f"-{AMEND}-" in n and n not in there]
        lost += [_lost(name, block.number) for name in damaged]
        history.lost |= bool(damaged)
        for record in whole:
            history.follow(record, f"block {block.number}, {record.ended}")
    now: dict[Key, str] = {}
    for row, content in zip(sheet.row, sheet.records(), strict=True):
        now.setdefault(_key(content), str(row))
    standing = history.standing
    for period in history.periods:
        row_now = "" if period.until else now.get(period.key, "")
        yield _row(period.key, row_now, period.since, period.until)
    yield from lost
    yield from (_row(key, row, "", "") for key, row in now.items() if key not in standing)


def _key(row: Mapping[str, object]) -> Key:
    return tuple(str(row.get(name) or "") for name in CONTENT)


def _row(key: Key, row: str, since: str, until: str) -> Row:
    return dict(zip(COLUMNS, (row, *key, since, until), strict=True))


def _lost(name: str, block: int) -> Row:
    why = f"{name} is damaged: which amendments it told of is not known"
    return dict.fromkeys(COLUMNS, "") | {"why": why, "in_force_from": f"block {block}"}


def rows_of(record: Record) -> list[Row]:
    """The amendments that a record of :data:`AMEND` tells of."""
    found = record.parameters.get("rows")
    rows = found if isinstance(found, list) else []
    return [{str(k): str(v) for k, v in row.items()} for row in rows if isinstance(row, dict)]


def words(rows: Sequence[Row], n_others: int = 0) -> str:
    """What a record of :data:`AMEND` tells, for people; ``n_others``: rows about other patients."""
    others = [f"{n_others} of other patients"] * (n_others > 0)
    if not rows and not others:
        return "no amendment any more"
    count = f"{len(rows)} amendment{'' if len(rows) == 1 else 's'}"
    return f"{count}: {' | '.join([*map(_words, rows), *others])}"


def _words(row: Row) -> str:
    places = (("run_id", "run"), ("target", "target"), ("well", "well"), ("sample_id", "sample"))
    place = " ".join(f"{word} {row[name]}" for name, word in places if row.get(name))
    call = f" → {row['call']}" if row.get("call") else ""
    return f"{row.get('what', '')} {place}{call} ({row.get('who', '')}, {row.get('when', '')}: {row.get('why', '')})"
