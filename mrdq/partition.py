"""Partitions of patients, and tables that are dealt out to them.

An MRD target belongs to one patient, so what follows the reading can be made patient by patient:
a partition is a batch of patients (:mod:`mrdq.batches`), and what is made of it is the same
whatever other patients there are.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from mrdq.batches import batches
from mrdq.wells import Ints, named

PATIENTS = 1000
"""Patients of a partition, at most: some 10⁵ wells, which stay in the processor's cache."""
_MOST = 128  # partitions of that size; each has a file open, so more patients make larger ones
_TO_FILE = pa.ipc.IpcWriteOptions(compression="lz4")


@dataclass(frozen=True, slots=True)
class Partitions:
    """``names`` in text order (at least one), the ``patients`` of each, and ``of`` patient -> place."""

    names: list[str]
    patients: list[list[str]]
    of: dict[str, int]

    def of_run(self, run_id: str) -> int:
        """The partition of what belongs to a run and to no patient."""
        bits = f"{int(hashlib.sha256(run_id.encode()).hexdigest(), 16):0256b}"
        return max(0, bisect_right(self.names, f"b{bits}") - 1)


def partitions(patients: Iterable[str]) -> Partitions:
    """The partitions of a study's patients."""
    patients, size = list(patients), PATIENTS
    while len(patients) > size * _MOST:
        size *= 2
    found = batches(patients, size) or {"b": []}
    names = sorted(found)
    of = {patient: place for place, name in enumerate(names) for patient in found[name]}
    return Partitions(names, [found[name] for name in names], of)


@dataclass(slots=True)
class Dealt:
    """Rows of a table, dealt out to partitions: an Arrow file each, below ``folder``."""

    folder: Path
    schema: pa.Schema
    _open: dict[int, pa.ipc.RecordBatchStreamWriter] = field(default_factory=dict)

    def deal(self, rows: pa.Table, place: Ints) -> None:
        """Add each row to its partition (-1: to none); ``place`` ascends."""
        found, start = np.unique(place, return_index=True)
        for at, first, last in zip(found, start, np.append(start, len(place))[1:], strict=True):
            if at >= 0:
                self._writer(int(at)).write_table(rows.slice(first, last - first))

    def _writer(self, at: int) -> pa.ipc.RecordBatchStreamWriter:
        if at not in self._open:
            sink = pa.OSFile(str(self._path(at)), "wb")
            self._open[at] = pa.ipc.new_stream(sink, self.schema, options=_TO_FILE)
        return self._open[at]

    def close(self) -> None:
        """No row comes any more: the partitions may be read."""
        for writer in self._open.values():
            writer.close()

    def rows(self, at: int) -> pa.Table:
        """The rows of a partition, in the order in which they were dealt out."""
        if at not in self._open:
            return self.schema.empty_table()
        with pa.OSFile(str(self._path(at))) as source:
            return pa.ipc.open_stream(source).read_all()

    def _path(self, at: int) -> Path:
        return self.folder / f"{at}.arrow"


def frame_of(rows: pa.Table) -> pd.DataFrame:
    """Rows as the core wants them: text as categories in text order, missing text as ""."""
    return pd.DataFrame(
        {
            name: categories(column) if pa.types.is_string(column.type) else column.to_numpy()
            for name, column in zip(rows.column_names, rows.columns, strict=True)
        },
        copy=False,
    )


def categories(column: pa.ChunkedArray) -> pd.Categorical[str]:
    """Text as categories in text order, of just the names that there are."""
    code, names = coded(column)
    order = pc.array_sort_indices(names).to_numpy()
    rank = np.empty(len(order), dtype=np.int32)
    rank[order] = np.arange(len(order), dtype=np.int32)
    return named(rank[code], names.take(pa.array(order)).to_pylist())


def coded(column: pa.ChunkedArray) -> tuple[NDArray[np.int32], pa.StringArray]:
    """Codes of a text column, and its distinct texts; missing is ""."""
    column = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
    whole = column.unify_dictionaries().combine_chunks()
    names = whole.dictionary.cast(pa.string())
    if whole.null_count:
        return coded(pa.chunked_array([pc.fill_null(whole.cast(pa.string()), "")]))
    return whole.indices.to_numpy(), names
