"""Tables of the results read piece by piece: only the rows and columns that are asked for are kept.

Cells are those of :func:`mrdq.storage.read_table`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from functools import reduce
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from mrdq.errors import refuse
from mrdq.tables import COUNT, FLAG, REAL, WELLS, Table

Row = dict[str, Any]
Keep = Callable[[pa.RecordBatch], pa.Array]
"""A piece of a table -> which of its rows are wanted."""
Result = TypeVar("Result")

BLOCKS = (1 << 19, 1 << 25, 1 << 30)
"""Bytes that are parsed at once; the next one where a single row is longer."""
WELLS_AT_ONCE = 1 << 16

_ARROW = {REAL: pa.float64(), COUNT: pa.float64(), FLAG: pa.bool_()}


def among(column: str, values: Collection[str]) -> Keep:
    """Rows that have one of ``values`` in a column of text."""
    wanted = pa.array(sorted(values), pa.string())
    return lambda piece: pc.is_in(piece[column], value_set=wanted)


def holds(column: str, text: str) -> Keep:
    """Rows that have ``text`` among the words of a column, which are separated by ;"""
    return lambda piece: pc.match_substring(
        pc.binary_join_element_wise("", piece[column], "", ";"), f";{text};"
    )


def is_true(column: str) -> Keep:
    """Rows of which a flag is set."""
    return lambda piece: piece[column]


def is_filled(column: str) -> Keep:
    """Rows of which a cell of text is not empty."""
    return lambda piece: pc.not_equal(piece[column], "")


def all_of(*keeps: Keep) -> Keep:
    """Rows that each of ``keeps`` wants."""
    return lambda piece: reduce(pc.and_, (keep(piece) for keep in keeps))


def rows(path: Path, schema: Table, columns: Sequence[str], keep: Keep | None = None) -> pa.Table:
    """``columns`` of the rows of a table, which mrdq wrote, that ``keep`` wants (None: all).

    Raises :class:`MrdqError` for a file that is missing or not as mrdq writes it.
    """

    def found(pieces: Iterator[pa.RecordBatch]) -> pa.Table:
        kept = [piece.filter(keep(piece)) if keep else piece for piece in pieces]
        return pa.Table.from_batches(kept, _types(schema, columns))

    return _scanned(path, schema, columns, found)


def first(
    path: Path, schema: Table, columns: Sequence[str], most: int, keep: Keep
) -> tuple[pa.Table, int]:
    """The first ``most`` of such rows, and how many there are.  Raises as :func:`rows` does."""

    def found(pieces: Iterator[pa.RecordBatch]) -> tuple[pa.Table, int]:
        kept, total = [], 0
        for piece in pieces:
            wanted = piece.filter(keep(piece))
            kept.append(wanted.slice(0, max(most - total, 0)))
            total += wanted.num_rows
        return pa.Table.from_batches(kept, _types(schema, columns)), total

    return _scanned(path, schema, columns, found)


def counted(path: Path, schema: Table, columns: Sequence[str]) -> Counter[tuple[Any, ...]]:
    """How many rows of a table have the same cells in ``columns`` (text and flags).

    Raises :class:`MrdqError` for a file that is missing or not as mrdq writes it.
    """

    def found(pieces: Iterator[pa.RecordBatch]) -> Counter[tuple[Any, ...]]:
        total: Counter[tuple[Any, ...]] = Counter()
        for piece in pieces:
            codes = np.zeros(piece.num_rows, dtype=np.int64)
            for name in columns:
                encoded = piece[name].dictionary_encode()
                codes = codes * len(encoded.dictionary) + encoded.indices.to_numpy()
            _, places, n = np.unique(codes, return_index=True, return_counts=True)
            keys = zip(*(piece[name].take(places).to_pylist() for name in columns), strict=True)
            total.update(dict(zip(keys, n.tolist(), strict=True)))
        return total

    return _scanned(path, schema, columns, found)


def records(table: pa.Table) -> list[Row]:
    """The rows of a table as they are used one by one; an absent number is NaN."""
    names = table.column_names
    columns = (table[name].to_numpy(zero_copy_only=False).tolist() for name in names)
    return [dict(zip(names, cells, strict=True)) for cells in zip(*columns, strict=True)]


def wells(
    path: Path, columns: Sequence[str], runs: Collection[str] | None = None
) -> Iterator[pa.Table]:
    """``columns`` of WELLS (those of them that it has), of ``runs`` or of all, piece by piece.

    Raises :class:`MrdqError` for a file that is missing or no such table.
    """
    wanted = None if runs is None else among("run_id", runs)
    with _opened_wells(path) as file:
        there = [name for name in columns if name in file.schema_arrow.names]
        groups = [n for n in range(file.num_row_groups) if runs is None or _may_hold(file, n, runs)]
        for piece in file.iter_batches(WELLS_AT_ONCE, row_groups=groups, columns=there):
            yield pa.table(piece.filter(wanted(piece)) if wanted else piece)


def well_columns(path: Path) -> list[str]:
    """The columns that WELLS has.  Raises :class:`MrdqError` as :func:`wells` does."""
    with _opened_wells(path) as file:
        names: list[str] = file.schema_arrow.names
    return names


@contextmanager
def _opened_wells(path: Path) -> Iterator[pq.ParquetFile]:
    _require(path, WELLS, "Read the exports first (mrdq ingest STUDY).")
    try:
        with pq.ParquetFile(path) as file:
            missing = [name for name in WELLS.names if name not in file.schema_arrow.names]
            if missing:
                refuse(str(path), f"the columns {', '.join(missing)}", remedy="Run the study again.")  # fmt: skip
            yield file
    except (pa.ArrowInvalid, OSError) as error:
        refuse(str(path), "a table in Parquet", found=str(error), remedy="Delete it and run the study again.")  # fmt: skip


def _may_hold(file: pq.ParquetFile, group: int, runs: Collection[str]) -> bool:
    """Whether a row group may hold wells of one of ``runs``, by the first and last that it holds."""
    place = file.schema_arrow.names.index("run_id")
    told = file.metadata.row_group(group).column(place).statistics
    if told is None or not told.has_min_max:
        return True
    return any(told.min <= run <= told.max for run in runs)


def _scanned(
    path: Path,
    schema: Table,
    columns: Sequence[str],
    work: Callable[[Iterator[pa.RecordBatch]], Result],
) -> Result:
    """What ``work`` makes of the pieces of a table; once more with larger ones if a row fits into none."""
    _require(path, schema, "Run the step that makes it first (mrdq run STUDY).")
    for block in BLOCKS:
        try:
            return work(_pieces(path, schema, columns, block))
        except (pa.ArrowInvalid, KeyError, ValueError) as error:  # ArrowInvalid is a ValueError
            if "straddl" not in str(error) or block == BLOCKS[-1]:
                refuse(str(path), f"the columns {', '.join(schema.names)} as mrdq writes them",
                       found=str(error).partition("\n")[0][:120],
                       remedy="The file was changed or made by another version: run the study again.")  # fmt: skip
    raise ValueError("no size of block was tried")


def _pieces(
    path: Path, schema: Table, columns: Sequence[str], block: int
) -> Iterator[pa.RecordBatch]:
    with path.open("rb") as file:
        header = file.readline().decode().rstrip("\n").split("\t")
    if header[: len(schema.columns)] != schema.names:
        raise ValueError(", ".join(header))
    with pa_csv.open_csv(
        path,
        read_options=pa_csv.ReadOptions(block_size=block, use_threads=False),
        parse_options=pa_csv.ParseOptions(delimiter="\t", newlines_in_values=True),
        convert_options=pa_csv.ConvertOptions(
            include_columns=list(columns), column_types=_types(schema, columns), null_values=[""],
            true_values=["true"], false_values=["false"], strings_can_be_null=False,
        ),
    ) as reader:  # fmt: skip
        for piece in reader:
            for field in piece.schema:
                if field.type == pa.bool_() and piece[field.name].null_count:
                    raise ValueError(f"a cell of {field.name} is neither true nor false")
            yield piece


def _types(schema: Table, columns: Sequence[str]) -> pa.Schema:
    kinds = {column.name: column.kind for column in schema.columns}
    return pa.schema([(name, _ARROW.get(kinds.get(name, ""), pa.string())) for name in columns])


def _require(path: Path, schema: Table, remedy: str) -> None:
    if not path.is_file():
        refuse(str(path), f"the table {schema.name}", remedy=remedy)
