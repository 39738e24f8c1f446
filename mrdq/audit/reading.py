"""The whole trail, read once: the blocks, and every record as far as it is whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from mrdq.audit.chain import Block, Chain, read_chain
from mrdq.audit.files import FileState, read_regular
from mrdq.audit.record import Record, in_order, read_record
from mrdq.audit.trail import Trail, names
from mrdq.errors import refuse


@dataclass(frozen=True)
class Reading:
    """What lies in ``audit/``.

    ``records``: the whole ones by the name of their file; ``broken``: name -> what is wrong with it.
    """

    chain: Chain
    records: Mapping[str, Record]
    broken: Mapping[str, str]

    @property
    def root(self) -> Path:
        return self.chain.root

    @cached_property
    def in_order(self) -> list[Record]:
        """Every whole record, in the order in which the jobs ended."""
        return in_order(list(self.records.values()))

    @cached_property
    def unsealed(self) -> list[Record]:
        """Whole records that no block holds, in the order in which the jobs ended."""
        return [one for one in self.in_order if one.name not in self.chain.sealed_records]

    def of_block(self, block: Block) -> list[Record]:
        """Records of a block, in the order in which the jobs ended; those that are not whole lack."""
        return in_order([self.records[name] for name in block.records if name in self.records])

    def when(self, number: int) -> str:
        """``block 12 of 2024-03-01T…``."""
        sealed = next(block.sealed for block in self.chain.blocks if block.number == number)
        return f"block {number} of {sealed}"

    @cached_property
    def said(self) -> dict[str, Said]:
        """What unsealed records say last of each file, by its path; made stands above read, as in a
        block."""
        found: dict[str, Said] = {}
        for record in self.unsealed:
            found.update((s.path, Said(record, s, False)) for s in record.files("inputs"))
        for record in self.unsealed:
            found.update((s.path, Said(record, s, True)) for s in record.files("outputs"))
            found.update((path, Said(record, None, True)) for path in record.content["removed"])
        return {path: said for path, said in found.items() if FileState(path, 0, "").under_seal}


@dataclass(frozen=True, slots=True)
class Said:
    """What a record says of a file: its ``state`` (None: no part of the study any more), and whether
    the job ``made`` it so or found it so."""

    record: Record
    state: FileState | None
    made: bool


def read_trail(root: Path) -> Reading:
    """Read the trail of ``root``.  Raises :class:`MrdqError` if there is none at all."""
    trail = Trail(root)
    chain = read_chain(root)
    records: dict[str, Record] = {}
    broken: dict[str, str] = {}
    for name in names(trail.records):
        try:
            records[name] = read_record(name, read_regular(trail.records / name))
        except OSError as error:
            broken[name] = error.strerror or str(error)
        except (ValueError, RecursionError) as error:
            broken[name] = str(error)
    if not (chain.blocks or chain.problems or records or broken):
        require_trail(root)
    return Reading(chain, records, broken)


def require_trail(root: Path) -> None:
    """Raise :class:`MrdqError` if ``root`` has neither blocks nor records, nor jobs that have begun."""
    trail = Trail(root)
    if not any(map(names, (trail.blocks, trail.records, trail.pending))):
        refuse(str(trail.folder), "an audit trail",
               remedy="Run the study (mrdq run): its trail begins with the first run. "
                      "If there was one, put audit/ back from a copy.")  # fmt: skip


def who(content: Mapping[str, object]) -> str:
    """Who did a job, and where: ``operator A (user u) on host``."""
    operator, user = content.get("operator"), content.get("user")
    person = f"{operator} (user {user})" if operator else f"user {user}"
    return f"{person} on {content.get('host')}"


def job_words(content: Mapping[str, object]) -> str:
    """A job in a few words: ``the run of 2024-03-01T… by operator A (user u) on host``."""
    return f"the {content.get('action')} of {content.get('started')} by {who(content)}"
