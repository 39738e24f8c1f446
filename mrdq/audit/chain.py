"""The chain of blocks as it lies there: what was sealed, in which block, and what is wrong with it."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from mrdq.audit.canonical import parsed
from mrdq.audit.files import FileState, is_inside, read_regular
from mrdq.audit.record import Record, in_order, is_state, is_time, read_record
from mrdq.audit.trail import FOLDER, Trail, names

SCHEMA = "mrdq-block-1"
NO_BLOCK = "0" * 64
"""What the first block names as the hash of the one before it."""
KEYS = {
    "schema", "number", "previous", "sealed", "host", "user", "operator", "software", "records", "records_root",
    "changed", "removed", "files_root", "n_files", "kept", "clock",
}  # fmt: skip
KEYS_OF_NO_TEXT = {"number", "records", "changed", "removed", "n_files", "kept"}


@dataclass(frozen=True, slots=True)
class Head:
    """The last block: its number, and the SHA-256 of its bytes, which speaks of all before it."""

    number: int
    hash: str

    def __str__(self) -> str:
        return f"block {self.number}, head {self.hash}" if self.number else "no block is sealed"

    def as_json(self) -> dict[str, Any]:
        return {"block": self.number, "head": self.hash}


@dataclass(frozen=True, slots=True)
class Block:
    """One block as read; ``content`` has the keys :data:`KEYS`.

    ``records``: name of each record's file -> its SHA-256.  ``changed`` and ``removed``: the manifest of
    inputs and results, as far as it differs from that of the block before.
    """

    number: int
    hash: str
    content: Mapping[str, Any]

    @property
    def previous(self) -> str:
        return str(self.content["previous"])

    @property
    def sealed(self) -> str:
        return str(self.content["sealed"])

    @property
    def records(self) -> dict[str, str]:
        return dict(self.content["records"])

    @property
    def changed(self) -> list[FileState]:
        return [FileState(**state) for state in self.content["changed"]]

    @property
    def removed(self) -> list[str]:
        return list(self.content["removed"])


@dataclass(frozen=True, slots=True)
class Sealed:
    """A file under seal: its state, and the block that last changed it."""

    state: FileState
    block: int


@dataclass(frozen=True)
class Chain:
    """The blocks of a folder's trail in their order.

    ``problems`` says, in words, what of the blocks themselves is wrong: a number that is missing, bytes
    that are no block, a hash that is not that of the block before.  Reading goes on behind a break.
    """

    root: Path
    blocks: tuple[Block, ...]
    problems: tuple[str, ...]

    @property
    def head(self) -> Head:
        return (
            Head(self.blocks[-1].number, self.blocks[-1].hash) if self.blocks else Head(0, NO_BLOCK)
        )

    @cached_property
    def files(self) -> dict[str, Sealed]:
        """Every file under seal at the head, by its path."""
        found: dict[str, Sealed] = {}
        for block in self.blocks:
            found.update((state.path, Sealed(state, block.number)) for state in block.changed)
            for path in block.removed:
                found.pop(path, None)
        return found

    @cached_property
    def sealed_records(self) -> dict[str, int]:
        """Name of every sealed record -> number of its block."""
        return {name: block.number for block in self.blocks for name in block.content["records"]}

    def unsealed_names(self) -> list[str]:
        """Names of records that no block holds."""
        return [n for n in names(Trail(self.root).records) if n not in self.sealed_records]

    def unsealed(self) -> list[Record]:
        """Records that no block holds, in the order in which the jobs ended.

        With a record come all that were there before it: a folder that is listed while others add to it
        can show a later file and lack an earlier one, which a second listing shows.  Raises
        ``ValueError`` if one of them is not what its name says.
        """
        folder = Trail(self.root).records
        found = {name: _record(folder, name) for name in self.unsealed_names()}
        latest = max((record.content["ended"] for record in found.values()), default="")
        more = (_record(folder, name) for name in self.unsealed_names() if name not in found)
        return in_order([*found.values(), *(one for one in more if one.content["ended"] <= latest)])


def _record(folder: Path, name: str) -> Record:
    try:
        return read_record(name, read_regular(folder / name))
    except (OSError, ValueError, RecursionError) as error:
        raise ValueError(f"{name}: {error}") from None


def block_name(number: int) -> str:
    return f"{number:06d}.json"


def read_chain(root: Path) -> Chain:
    """The blocks of the trail of ``root``; what is wrong with them stands in ``problems``."""
    folder = Trail(root).blocks
    blocks: list[Block] = []
    numbered, problems = _numbered(folder)
    before, previous = 0, NO_BLOCK
    own: set[str] = set()
    for number in numbered:
        if number > before + 1:
            problems.append(_missing(before + 1, number - 1))
        data, block, wrong = _block_of(folder, number)
        if block is None:
            problems.append(f"block {number} is not as it was written: {wrong}")
        else:
            blocks.append(block)
            if before + 1 == number and block.previous != previous:
                problems.append(f"block {number} does not follow on block {before}: it names {block.previous[:16]}, "
                                f"which is not its hash {previous[:16]}")  # fmt: skip
            problems += _of_the_trail(block, own)
        before, previous = number, hashlib.sha256(data).hexdigest()
    return Chain(root, tuple(blocks), tuple(problems))


def _of_the_trail(block: Block, known: set[str]) -> list[str]:
    """What a block says of the trail's own files beyond its zip and new signatures; ``known``: those of
    the blocks before, which nothing may change."""
    paths = [s.path for s in block.changed if s.path.startswith(f"{FOLDER}/")]
    wrong = [path for path in block.removed if path.startswith(f"{FOLDER}/")]
    for path in paths:
        own_zip = path.startswith(f"{FOLDER}/kept/{block.number:06d}-")
        if path in known or not (own_zip or path.startswith(f"{FOLDER}/signatures/")):
            wrong.append(path)
        known.add(path)
    return [f"block {block.number} changes {path}, which no job may change" for path in wrong]


def _numbered(folder: Path) -> tuple[list[int], list[str]]:
    """Numbers of the blocks there are, in order, and what else lies there, in words."""
    numbered: set[int] = set()
    problems = []
    for name in names(folder, ""):
        stem = name.removesuffix(".json")
        if stem.isascii() and stem.isdigit() and name == block_name(int(stem)) and int(stem) > 0:
            numbered.add(int(stem))
        else:
            problems.append(f"audit/blocks/{name} is no block")
    # While others seal, a listing can hold a block and lack one before it: asked for by name.
    before = 0
    for number in sorted(numbered):
        if number - before < LISTED_TOGETHER:
            between = range(before + 1, number)
            numbered.update(n for n in between if os.path.lexists(folder / block_name(n)))
        before = number
    return sorted(numbered), problems


LISTED_TOGETHER = 1000
"""A gap in the numbers that is longer did not come of listing while blocks were added."""


def _missing(first: int, last: int) -> str:
    return f"block {first} is missing" if first == last else f"blocks {first} to {last} are missing"


def _block_of(folder: Path, number: int) -> tuple[bytes, Block | None, str]:
    try:
        data = read_regular(folder / block_name(number))
    except OSError as error:
        return b"", None, error.strerror or str(error)
    return data, *_read_block(number, data)


def _read_block(number: int, data: bytes) -> tuple[Block | None, str]:
    try:
        content = parsed(data)
    except (ValueError, RecursionError) as error:
        return None, str(error)
    if not isinstance(content, dict) or content.get("schema") != SCHEMA or set(content) != KEYS:
        return None, f"it is no block of the form {SCHEMA}"
    if content["number"] != number:
        return None, f"it says that it is block {content['number']}"
    if not _is_block(content):
        return None, f"its values are not those of the form {SCHEMA}"
    return Block(number, hashlib.sha256(data).hexdigest(), content), ""


def _is_block(content: Mapping[str, Any]) -> bool:
    """Whether the values are of the kinds of a block, so that they can be read without care."""
    records, texts = content["records"], [content[key] for key in KEYS - KEYS_OF_NO_TEXT]
    lists = [content[key] for key in ("changed", "removed", "kept")]
    if not isinstance(records, dict) or not all(isinstance(one, list) for one in lists):
        return False
    texts += [*records.values(), *content["removed"], *content["kept"]]
    paths = [
        *content["removed"],
        *content["kept"],
        *(s["path"] for s in content["changed"] if is_state(s)),
    ]
    return all(isinstance(p, str) and is_inside(p) for p in paths) and (
        all(isinstance(text, str) for text in texts) and all(map(is_state, content["changed"]))
        and type(content["n_files"]) is int and is_time(content["sealed"])
    )  # fmt: skip
