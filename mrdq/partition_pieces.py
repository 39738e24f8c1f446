"""Pieces: the finished lines of a partition's tables, kept under the hash of all that they rest on.

The lines of a table come in blocks (of a run and target; of a patient), and each block is made by
one partition.  A table is put together by copying blocks in their order.  Pieces may be deleted at
any time; one that is damaged is made again.
"""

from __future__ import annotations

import contextlib
import hashlib
import heapq
import json
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, groupby
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from mrdq import storage, tsv
from mrdq.errors import MrdqError, Problem
from mrdq.plan import STATE
from mrdq.study import Study

STAMP = b"\0amendments\0"
"""Stands in pieces for the hash of the amendments sheet, which changes where nothing else does."""
_GENERATIONS = 2  # pieces of a partition that stay: the study's, and those of another rule set
_BATCH = 1 << 18  # bytes of blocks that are read at once
_SCHEMA = pa.schema(
    {"table": pa.int8(), "first": pa.string(), "second": pa.string(), "lines": pa.binary()}
)
_COMPRESSED = pa.ipc.IpcWriteOptions(compression="zstd")
_END = ".piece"
PIECES = "pieces"
"""Where they are kept, below ``.mrdq``, in a folder for each stage."""


@dataclass(frozen=True, slots=True)
class Blocks:
    """The lines of a table: its header, the key of each block (ascending), and the block's lines."""

    header: bytes
    first: pa.StringArray
    second: pa.StringArray
    lines: pa.BinaryArray


def blocks(table: pd.DataFrame, key: Sequence[str]) -> Blocks:
    """A table, sorted by one or two columns ``key``, as blocks of rows with the same key."""
    keys = [np.asarray(table[name], dtype=object) for name in key]
    new = np.zeros(len(table), dtype=bool)
    for values in keys:
        new |= values != np.roll(values, 1)
    new[:1] = True
    start = np.flatnonzero(new)
    text, at = tsv.text_of(tsv.lines(table))
    ends = pa.py_buffer(np.append(at[start], at[-1]).astype(np.int32))
    lines = pa.BinaryArray.from_buffers(pa.binary(), len(start), [None, ends, pa.py_buffer(text)])
    names = [pa.array(values[start], type=pa.string()) for values in keys]
    second = names[1] if len(names) == 2 else pa.array([""] * len(start), type=pa.string())
    return Blocks(tsv.header(table.columns), names[0], second, lines)


def packed(tables: Mapping[str, Blocks]) -> bytes:
    """Blocks of several tables as a piece."""
    headers = json.dumps([[name, found.header.decode()] for name, found in tables.items()])
    sink = pa.BufferOutputStream()
    schema = _SCHEMA.with_metadata({"tables": headers})
    with pa.ipc.new_stream(sink, schema, options=_COMPRESSED) as writer:
        for number, found in enumerate(tables.values()):
            table = pa.array(np.full(len(found.lines), number, dtype=np.int8))
            rows = pa.table([table, found.first, found.second, found.lines], schema=schema)
            step = max(1, int(len(rows) * _BATCH / max(1, found.lines.nbytes)))
            writer.write_table(rows, max_chunksize=step)
    content: bytes = sink.getvalue().to_pybytes()
    return hashlib.sha256(content).hexdigest().encode() + b"\n" + content


_CONTENT = 65  # where a piece's content begins


def is_whole(path: Path) -> bool:
    """Whether the piece is there, and as it was written."""
    try:
        data = path.read_bytes()
    except OSError:
        return False
    return hashlib.sha256(data[_CONTENT:]).hexdigest().encode() + b"\n" == data[:_CONTENT]


def _tables(path: Path) -> list[list[str]]:
    with pa.OSFile(str(path)) as source:
        source.seek(_CONTENT)
        found: list[list[str]] = json.loads(pa.ipc.open_stream(source).schema.metadata[b"tables"])
    return found


def _blocks_of(path: Path) -> Iterator[tuple[int, str, str, bytes]]:
    with pa.OSFile(str(path)) as source:
        source.seek(_CONTENT)
        for batch in pa.ipc.open_stream(source):
            yield from zip(*(column.to_pylist() for column in batch.columns), strict=True)


def put_together(pieces: Sequence[Path], write: Callable[[str, Iterable[bytes]], None], stamp: str) -> None:  # fmt: skip
    """The tables of some pieces (at least one), each given to ``write`` by its name as its bytes in order.

    ``stamp``: what stands in the place of :data:`STAMP`.
    """
    tables = _tables(pieces[0])
    if any(_tables(piece) != tables for piece in pieces):
        raise ValueError("partitions have tables with other columns")
    merged = groupby(_in_order(heapq.merge(*map(_blocks_of, pieces))), key=lambda block: block[0])
    ahead = next(merged, None)
    for number, (name, header) in enumerate(tables):
        found: Iterable[Any] = ()
        if ahead is not None and ahead[0] == number:
            found = ahead[1]
        write(name, chain([header.encode()], (lines.replace(STAMP, stamp.encode()) for *_, lines in found)))  # fmt: skip
        if ahead is not None and ahead[0] == number:
            ahead = next(merged, None)


def _in_order(found: Iterable[tuple[int, str, str, bytes]]) -> Iterator[tuple[int, str, str, bytes]]:  # fmt: skip
    """The same; two partitions that make the same rows would be a bug."""
    before: tuple[Any, ...] = ()
    for block in found:
        if not before < block[:3]:
            raise ValueError(f"rows of {block[1]} {block[2]} are made twice, or out of order")
        before = block[:3]
        yield block


@dataclass(frozen=True, slots=True)
class Made:
    """What the work of a partition gave: its tables, or problems that stop the stage."""

    tables: Mapping[str, Blocks]
    problems: Sequence[Problem] = ()


@dataclass(frozen=True, slots=True)
class Store:
    """Where the pieces of a stage are kept."""

    folder: Path

    def take(self, name: str, key: str, work: Callable[[], Made], to: Path) -> list[Problem]:
        """Put the piece of a partition to ``to``, made by ``work`` only if it is not kept."""
        path = self.folder / f"{name}-{key}{_END}"
        if is_whole(path) and _link(path, to):
            with contextlib.suppress(OSError):
                os.utime(path)
            return []
        made = work()
        if made.problems:
            return list(made.problems)
        data = packed(made.tables)
        with contextlib.suppress(MrdqError):  # a place that cannot be written keeps nothing
            storage.write_bytes(path, data)
            if _link(path, to):
                return []
        storage.write_bytes(to, data)
        return []

    def tidy(self, names: Sequence[str]) -> None:
        """Remove pieces of partitions that are no more, and all but the last ones of the others."""
        for name, paths in _by_partition(self.folder.glob(f"*{_END}")).items():
            for path in paths[_GENERATIONS if name[1] in names else 0 :]:
                _remove(path)


def pieces(study: Study) -> tuple[list[Path], list[Path]]:
    """The last piece of every partition, which are of use, and all others."""
    found = _by_partition((study.root / STATE / PIECES).glob(f"*/*{_END}")).values()
    return [paths[0] for paths in found], [path for paths in found for path in paths[1:]]


def prune(study: Study) -> int:
    """Remove all but the last piece of every partition; how many."""
    _, others = pieces(study)
    for path in others:
        _remove(path)
    return len(others)


def _by_partition(found: Iterable[Path]) -> dict[tuple[str, str], list[Path]]:
    """Pieces by stage and partition, the last one that was made or taken first."""
    dated = []
    for path in found:
        with contextlib.suppress(OSError):  # another process may have removed it
            dated.append((path.stat().st_mtime_ns, path))
    paths: dict[tuple[str, str], list[Path]] = {}
    for _, path in sorted(dated, reverse=True):
        paths.setdefault((path.parent.name, path.name.partition("-")[0]), []).append(path)
    return paths


def _remove(path: Path) -> None:
    with contextlib.suppress(OSError):
        path.unlink()


def _link(path: Path, to: Path) -> bool:
    """A name of its own for a piece, so that whoever removes it takes it away from nobody."""
    try:
        os.link(path, to)
    except OSError:
        try:
            shutil.copyfile(path, to)
        except OSError:
            return False
    return True
