"""The batches of a study put together: WELLS by run, however the runs were batched.

An external sort: some thousand runs at a time are ordered in memory and put aside in a temporary
file; then each row group is put together from the pieces that the files hold of it.  A study of
fewer runs needs no file.  Memory does not grow with the archive.
"""

from __future__ import annotations

import contextlib
import itertools
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from mrdq import storage
from mrdq import vocabulary as words
from mrdq.amended_study import amendments
from mrdq.amendments import WELL_COLUMNS, Amendment, omit_wells
from mrdq.basis import STATE
from mrdq.errors import Problems
from mrdq.ingest_batches import joined_wells, with_columns
from mrdq.ingest_problems import unmet
from mrdq.storage import Files
from mrdq.study import Study
from mrdq.tables import RUNS, WELLS
from mrdq.wells import Ints

GROUP = 1000
"""Runs of a row group of WELLS."""
_AT_ONCE = 2  # row groups whose wells are in memory
_PACKED = pa.ipc.IpcWriteOptions(compression="lz4")


def write(
    study: Study, files: Files, runs: pd.DataFrame, wells: Iterable[pa.Table], extra: Sequence[str]
) -> None:
    """WELLS, amended, and RUNS to the results.

    ``runs``: RUNS by run; ``wells``: WELLS of the batches as they were read, in any order; ``extra``:
    their columns of layouts.  Raises :class:`MrdqError`, before anything is written, where an
    amendment meets no well.
    """
    amended = amendments(study)
    found = Problems()

    def checked() -> Iterator[pa.Table]:
        for table in wells:
            found.extend(unmet(table, amended, study.amendments.file))
            yield with_columns(table, extra)

    with storage.new_file(files.wells) as sink:
        groups = in_order(checked(), list(runs["run_id"]), study.root / STATE)
        storage.write_parquet(sink, (_amended(group, amended) for group in groups))
        found.errors.sort(key=lambda problem: problem.row or 0)
        found.raise_if_any()
    storage.write_table(files.runs, runs, RUNS)


def _amended(wells: pa.Table, amended: Sequence[Amendment]) -> pa.Table:
    """WELLS of some runs with what people left out of them."""
    omissions = [one for one in amended if one.what == words.OMIT]
    if not omissions and not set(WELL_COLUMNS) & set(wells.column_names):
        return wells
    held = set(wells["run_id"].unique().to_pylist())
    mine = [one for one in omissions if one.run_id in held]
    # One of another run touches no well here, but every row group has the same columns.
    return storage.wells_table(omit_wells(wells.to_pandas(), mine or omissions[:1]))


def in_order(wells: Iterable[pa.Table], runs: Sequence[str], folder: Path) -> Iterator[pa.Table]:
    """WELLS of each :data:`GROUP` of ``runs``, whose order they get, as plain text; at least one table.

    ``wells``: of some runs each, with the same columns, text as dictionaries; ``folder``: for what
    is not held in memory.
    """
    rank = {run: place for place, run in enumerate(runs)}
    n_groups = max(1, -(-len(runs) // GROUP))
    with contextlib.ExitStack() as stack:
        aside: list[pa.RecordBatchFileReader] = []
        last: list[list[pa.Table]] = []
        for part in _some_at_once(wells):
            aside += [_put_aside(groups, folder, stack) for groups in last]
            last = [_groups(part, rank, n_groups)]
        for group in range(n_groups):
            pieces = [pa.Table.from_batches([one.get_batch(group)]) for one in aside]
            pieces += [storage.plain(groups[group]) for groups in last]
            yield _sorted(pieces, rank)[0] if pieces else _nothing()


def _some_at_once(wells: Iterable[pa.Table]) -> Iterator[pa.Table]:
    """Tables under each other, as many at once as memory holds."""
    parts, waiting = [], 0
    for table in wells:
        parts.append(table)
        waiting += len(table["run_id"].unique())
        if waiting >= GROUP * _AT_ONCE:
            yield joined_wells(parts)
            parts, waiting = [], 0
    if parts:
        yield joined_wells(parts)


def _groups(wells: pa.Table, rank: Mapping[str, int], n_groups: int) -> list[pa.Table]:
    """The wells of each group of runs."""
    ordered, place = _sorted([wells], rank)
    starts = np.searchsorted(place, np.arange(n_groups + 1) * GROUP)
    return [ordered.slice(a, b - a) for a, b in itertools.pairwise(starts.tolist())]


def _sorted(tables: Sequence[pa.Table], rank: Mapping[str, int]) -> tuple[pa.Table, Ints]:
    """Tables under each other by run, and the rank of each row's run; wells of a run lie in one of
    them, in order."""
    wells = pa.concat_tables(tables)
    run = wells["run_id"]
    if not pa.types.is_dictionary(run.type):
        run = run.dictionary_encode()
    codes = run.unify_dictionaries().combine_chunks()
    ranks = np.array([rank[name] for name in codes.dictionary.to_pylist()], dtype=np.int64)
    place = ranks[codes.indices.to_numpy()]
    if (place[1:] >= place[:-1]).all():
        return wells, place
    order = np.argsort(place, kind="stable")
    return wells.take(pa.array(order)), place[order]


def _put_aside(
    groups: Sequence[pa.Table], folder: Path, stack: contextlib.ExitStack
) -> pa.RecordBatchFileReader:
    """A file without a name, gone when it is closed, with a record batch for each group."""
    folder.mkdir(parents=True, exist_ok=True)
    file = stack.enter_context(tempfile.TemporaryFile(dir=folder))  # noqa: SIM115
    schema = storage.plain(groups[0].slice(0, 0)).schema
    with pa.ipc.new_file(file, schema, options=_PACKED) as writer:
        for group in groups:
            batches = storage.plain(group).combine_chunks().to_batches()
            writer.write_batch(batches[0] if batches else _empty(schema))
    return pa.ipc.open_file(file)


def _empty(schema: pa.Schema) -> pa.RecordBatch:
    return pa.RecordBatch.from_arrays([pa.array([], type=one.type) for one in schema], schema=schema)  # fmt: skip


def _nothing() -> pa.Table:
    """WELLS of a study without runs."""
    text = set(storage.text_of(WELLS.names))
    types = {name: pa.string() if name in text else pa.float64() for name in WELLS.names}
    return pa.table({name: pa.array([], type=kind) for name, kind in types.items()})
