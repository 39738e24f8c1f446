"""What was made again beside what is under seal, and beside what lies there now: in words."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import pyarrow as pa
import pyarrow.parquet as pq

from mrdq.audit import rows
from mrdq.audit.files import FileState, path_in, read_regular, state_of
from mrdq.audit.reading import Reading
from mrdq.replay.makers import Made
from mrdq.replay.sources import Sources
from mrdq.storage import tsv_bytes


@dataclass
class Beside:
    """``same``: files of which the sealed bytes were made again; ``alike``: of which the content was, in
    other bytes; ``notes``: what is no difference, and should be known."""

    same: list[str]
    alike: list[str]
    notes: list[str]
    differences: list[str]


def beside(found: Made, reading: Reading, sources: Sources, root: Path) -> Beside:
    """Compare what ``root`` holds with what is under seal, and with the study as it lies there."""
    out = Beside([], [], [], [])
    for path, state in sorted(found.files.items()):
        again = state_of(root, path)
        if again is None:
            out.differences.append(f"{path} was not made again")
        elif again == state:
            out.same.append(path)
        else:
            _other_bytes(out, found, state, sources, root)
    out.differences += [f"{path} was made here, and not then" for path in _more(found, root)]
    for path in out.same:
        _as_it_lies(out, found, reading, root, path)
    return out


def _other_bytes(out: Beside, found: Made, state: FileState, sources: Sources, root: Path) -> None:
    path, then = state.path, sources.bytes_of(state)
    data = read_regular(root / path)
    named = f"{path}, sealed in block {found.by[path].block}"
    if then is None:
        out.differences.append(f"{named}: other bytes were made again; what was sealed is not at hand any more, "
                               "so that it cannot be said where they differ")  # fmt: skip
    elif is_same_table(path, then, data):
        out.notes.append(f"{named}: other bytes of the same content were made again (another version of pyarrow)")  # fmt: skip
        out.alike.append(path)
    else:
        out.differences.append(f"{named} → made again: {in_words(path, then, data)}")


def _as_it_lies(out: Beside, found: Made, reading: Reading, root: Path, path: str) -> None:
    """The file of the study as it is now, if it should still be the one of this block."""
    sealed, state = reading.chain.files.get(path), found.files[path]
    if sealed is None or sealed.state != state:
        return
    now = state_of(reading.root, path)
    if now is None:
        out.notes.append(f"{path} is not there; it was made again as it is under seal")
    elif now != state:
        now_bytes = read_regular(reading.root / path)
        told = in_words(path, read_regular(root / path), now_bytes)
        out.differences.append(f"{path} as made again and sealed in block {sealed.block} → as it lies there: {told}")  # fmt: skip


def _more(found: Made, root: Path) -> Iterator[str]:
    """Files that were made here without being under seal then."""
    for path in sorted((root / found.folder).rglob("*")):
        if path.is_file() and path_in(root, path) not in found.files:
            yield path_in(root, path)


def in_words(path: str, before: bytes, after: bytes) -> str:
    """How two states of a result differ: rows and columns of a table, lines of a page."""
    kind = PurePosixPath(path).suffix
    if kind == ".html":
        return _lines(before, after)
    if kind != ".parquet":
        return rows.differences(path, before, after)
    tables = _parquet(before), _parquet(after)
    if None in tables:
        return "it is no table in Parquet"
    old, new = (tsv_bytes(table.to_pandas()) for table in tables if table is not None)
    try:
        changes, columns = rows.compare(path, old, new)
    except (LookupError, rows.NoTableError):
        return _lines(old, new)
    told = (
        [f"{rows.several(len(changes), 'row')}: {rows.some([*map(str, changes)])}"]
        if changes
        else []
    )
    return "; ".join([*columns, *told]) or "the same rows in another order, or of other kinds"


def is_same_table(path: str, before: bytes, after: bytes) -> bool:
    """Whether two Parquet files hold the same columns and rows."""
    if PurePosixPath(path).suffix != ".parquet":
        return False
    a, b = _parquet(before), _parquet(after)
    return a is not None and b is not None and a.equals(b)


def _parquet(data: bytes) -> pa.Table | None:
    try:
        return pq.read_table(io.BytesIO(data))
    except (pa.ArrowException, OSError):
        return None


def _lines(before: bytes, after: bytes) -> str:
    """A page's lines are long, so they are counted and the first is named."""
    old, new = before.splitlines(), after.splitlines()
    places = (n for n, (a, b) in enumerate(zip(old, new, strict=False), 1) if a != b)
    first = next(places, min(len(old), len(new)) + 1)
    count = sum(((Counter(old) - Counter(new)) | (Counter(new) - Counter(old))).values())
    return f"{rows.several(count, 'line')}, the first is line {first}"
