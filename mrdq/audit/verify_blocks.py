"""Whether blocks say of their records, files and times what those say themselves."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator

from mrdq.audit import merkle
from mrdq.audit.chain import Block
from mrdq.audit.files import FileState, files_root, read_regular
from mrdq.audit.kept import Kept, kept_zip
from mrdq.audit.reading import Reading
from mrdq.audit.record import Record
from mrdq.audit.seal import CLOCKS_DIFFER, manifest
from mrdq.audit.trail import FOLDER, Trail


def of_records(reading: Reading) -> Iterator[str]:
    """Records of blocks that are missing or changed, and roots that are not theirs."""
    seen = Counter(name for block in reading.chain.blocks for name in block.records)
    yield from (
        f"{FOLDER}/records/{name} stands in {count} blocks"
        for name, count in seen.items()
        if count > 1
    )
    for block in reading.chain.blocks:
        wrong = list(_of_records(reading, block))
        yield from wrong
        if not wrong and _root(reading, block) != block.content["records_root"]:
            yield f"the Merkle root of {reading.when(block.number)} is not that of its records"


def _of_records(reading: Reading, block: Block) -> Iterator[str]:
    for name, sha256 in block.records.items():
        path, record = f"{FOLDER}/records/{name}", reading.records.get(name)
        if record is None and name not in reading.broken:
            yield f"{path} is missing; it stands in {reading.when(block.number)}"
        elif record is None:
            yield f"{path} changed after {reading.when(block.number)}: {reading.broken[name]}"
        elif record.sha256 != sha256:
            yield f"{path} changed after {reading.when(block.number)}: it is another record"


def _root(reading: Reading, block: Block) -> str:
    folder = Trail(reading.root).records
    try:
        return merkle.root(read_regular(folder / name) for name in sorted(block.records))
    except OSError:
        return ""


def of_manifests(reading: Reading) -> Iterator[str]:
    """Manifests that are not what the records of their blocks say, and the head's root of all files."""
    state: dict[str, FileState] = {}
    for block in reading.chain.blocks:
        records = reading.of_block(block)
        if len(records) == len(block.records):
            yield from _against_records(block, state, records)
        state |= {one.path: one for one in block.changed}
        for path in block.removed:
            state.pop(path, None)
    if reading.chain.blocks and not reading.chain.problems:
        head = reading.chain.blocks[-1].content
        if (head["files_root"], head["n_files"]) != (files_root(state), len(state)):
            yield (
                f"the head, block {head['number']}, does not speak of the files that the blocks name: "
                f"its root or number of files is not theirs"
            )


def _against_records(
    block: Block, before: dict[str, FileState], records: list[Record]
) -> Iterator[str]:
    zipped = kept_zip(block)
    said = {state.path: state for state in block.changed if state != zipped}
    changed, removed = manifest(before, records)
    differ = [p for p in sorted({*said, *changed}) if said.get(p) != changed.get(p)]
    differ += sorted(set(removed) ^ set(block.removed))
    for path in differ:
        yield f"the manifest of block {block.number} does not say of {path} what its records say"


def of_kept(reading: Reading, kept: Kept) -> Iterator[str]:
    """Kept zips that do not hold what the manifests of their blocks say."""
    for block in reading.chain.blocks:
        yield from kept.problems(block)


def of_clocks(reading: Reading) -> tuple[list[str], list[str]]:
    """Times that run backwards: differences, and notes where the block itself says so."""
    differences, notes, latest = [], [], ""
    for block in reading.chain.blocks:
        records = reading.of_block(block)
        latest = max([latest, *(max(one.started, one.ended) for one in records)])
        back = latest and _time(latest) - _time(block.sealed) > CLOCKS_DIFFER
        if block.content["clock"]:
            notes.append(f"block {block.number}: {block.content['clock']}")
        elif back:
            differences.append(
                f"block {block.number} was sealed at {block.sealed}, and speaks of what was recorded "
                f"at {latest}: a clock was set back, or a time was changed"
            )
        latest = max(latest, block.sealed)
    return differences, notes


def _time(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text)
