"""Files of results: written whole or not at all, the same bytes for the same table."""

from __future__ import annotations

import contextlib
import io
import itertools
import os
import platform
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from mrdq import processes, tsv
from mrdq.errors import refuse
from mrdq.study import Study
from mrdq.tables import CALLS, COUNT, FLAG, REAL, WELLS, Table

_BUFFER = 1 << 20


@dataclass(frozen=True, slots=True)
class Files:
    """Where the results of a study lie."""

    folder: Path

    @property
    def wells(self) -> Path:
        return self.folder / "wells.parquet"

    @property
    def runs(self) -> Path:
        return self.folder / "runs.tsv"

    @property
    def survival(self) -> Path:
        return self.folder / "survival.tsv"

    @property
    def adtte(self) -> Path:
        return self.folder / "adtte.tsv"

    def table(self, name: str) -> Path:
        return self.folder / name


def write_bytes(path: Path, data: bytes) -> None:
    """Put ``data`` under ``path`` in one step: temporary name, fsync, rename.

    What killed processes of this machine left behind under a temporary name is removed.  A place
    that cannot be written raises :class:`MrdqError`.
    """
    write_chunks(path, (data,))


def write_chunks(path: Path, chunks: Iterable[bytes]) -> None:
    """The same for bytes that come one after the other."""
    with new_file(path) as file:
        file.writelines(chunks)


def write_kept(path: Path, data: bytes) -> None:
    """The same for what may be lost, and is checked when it is read: nobody waits for the disk."""
    with new_file(path, waits=False) as file:
        file.write(data)


@contextlib.contextmanager
def new_file(path: Path, *, waits: bool = True) -> Iterator[BinaryIO]:
    """The same for a file that is written piece by piece; an exception leaves what was there."""
    try:
        with _replaced(path, waits=waits) as file:
            yield file
    except OSError as error:
        refuse(str(path), "a file that can be written", found=error.strerror or str(error),
               remedy="Free space or mend the rights, and run again.")  # fmt: skip


@contextlib.contextmanager
def _replaced(path: Path, *, waits: bool) -> Iterator[BinaryIO]:
    path.parent.mkdir(parents=True, exist_ok=True)
    remove_leftovers(path.parent)
    temporary = path.with_name(f".{path.name}.{platform.node()}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb", buffering=_BUFFER) as file:
            yield file
            file.flush()
            if waits:
                os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def remove_leftovers(folder: Path) -> None:
    """Remove what killed processes of this machine left in a folder under temporary names."""
    host = platform.node()
    for stale in folder.glob(f".*.{host}.*.tmp"):
        process = stale.suffixes[-2][1:]
        if process.isdecimal() and processes.is_gone(host, int(process)):
            with contextlib.suppress(OSError):  # a folder that is only read
                stale.unlink(missing_ok=True)


def tsv_bytes(table: pd.DataFrame) -> bytes:
    """A table as text, as :mod:`mrdq.tsv` writes it."""
    return b"".join(tsv.chunks(table))


def write_table(path: Path, table: pd.DataFrame, schema: Table) -> None:
    """Check a table against its schema and write it as tsv."""
    write_chunks(path, tsv.chunks(schema.check(table)))


def read_table(path: Path, schema: Table) -> pd.DataFrame:
    """Read a table that mrdq wrote; extra columns are text.  Raises :class:`MrdqError`."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        refuse_no_table(path, schema)
    try:
        table = _parse_table(data, schema)
    except (ValueError, KeyError) as error:  # bytes that are no text, cells that are no numbers
        refuse_spoilt(path, schema, error)
    return table


def refuse_no_table(path: Path, schema: Table) -> NoReturn:
    """Refuse to go on without a table."""
    refuse(str(path), f"the table {schema.name}", remedy="Run the step that makes it first (mrdq run STUDY).")  # fmt: skip


def refuse_spoilt(path: Path, schema: Table, error: Exception) -> NoReturn:
    """Refuse to go on with a file that is not the table that mrdq wrote."""
    refuse(str(path), f"the columns {', '.join(schema.names)} as mrdq writes them",
           found=str(error).partition("\n")[0][:120],
           remedy="The file was changed or made by another version: run the study again.")  # fmt: skip


def _parse_table(data: bytes, schema: Table) -> pd.DataFrame:
    kinds = {column.name: column.kind for column in schema.columns}
    header = data.decode().partition("\n")[0].split("\t")
    if header[: len(schema.columns)] != schema.names:
        raise ValueError(", ".join(header))
    numbers = [name for name in header if kinds.get(name) in (REAL, COUNT)]
    table = pd.read_csv(
        io.BytesIO(data), sep="\t", keep_default_na=False, index_col=False,
        dtype={name: "float64" if name in numbers else "object" for name in header},
        na_values={name: [""] for name in numbers},
    )  # fmt: skip
    for name, kind in kinds.items():
        if kind == FLAG:
            table[name] = table[name].map({"true": True, "false": False}).astype("boolean")
            table[name] = table[name].to_numpy(dtype=bool)  # raises for any other word
    return table


def read_calls(files: Files, study: Study) -> pd.DataFrame:
    """CALLS, if they were made under the rule sets that ``study`` was loaded with.

    Else a page would name one rule set and show the calls of another: :class:`MrdqError`.
    """
    path = files.table("calls.tsv")
    calls = read_table(path, CALLS)
    made = set(zip(calls["guideline"], calls["guideline_hash"], strict=True))
    refuse_other_rule_sets(path, made, study)
    return calls


def refuse_other_rule_sets(path: Path, made: set[tuple[str, str]], study: Study) -> None:
    """Refuse calls that were made under other rule sets (id, hash) than those of ``study``."""
    ours = {(name, guideline.hash) for name, guideline in study.guidelines.items()}
    for name, hashed in sorted(made - ours):
        refuse(str(path), f"calls made under {', '.join(sorted(f'{n} {h[:12]}' for n, h in ours))}",
               found=f"{name} {hashed[:12]}", column="guideline",
               remedy="Name the rule set again (--guideline), or make the calls again (mrdq call).")  # fmt: skip


def wells_table(wells: pd.DataFrame) -> pa.Table:
    """WELLS as Arrow: plain text columns and doubles, an absent number is null."""
    columns: dict[str, Any] = {}
    for name in wells:
        values = wells[name]
        if values.dtype.kind == "f":
            columns[str(name)] = pa.array(values.to_numpy(), type=pa.float64(), from_pandas=True)
        else:
            columns[str(name)] = pa.array(values, from_pandas=True)
    return plain(pa.table(columns))


def plain(wells: pa.Table) -> pa.Table:
    """WELLS with its dictionaries as text."""
    fields = [
        pa.field(field.name, pa.float64() if pa.types.is_floating(field.type) else pa.string())
        for field in wells.schema
    ]
    return wells.cast(pa.schema(fields))


def parquet_bytes(wells: pd.DataFrame | pa.Table) -> bytes:
    """WELLS as Parquet: plain text columns and doubles, no index, one row group."""
    table = wells_table(wells) if isinstance(wells, pd.DataFrame) else plain(wells)
    sink = io.BytesIO()
    write_parquet(sink, [table])
    return sink.getvalue()


def write_parquet(sink: BinaryIO, tables: Iterable[pa.Table]) -> None:
    """WELLS as Parquet, a row group for each of ``tables`` (at least one, all with the same columns)."""
    groups = iter(tables)
    first = next(groups)
    with pq.ParquetWriter(sink, first.schema, compression="zstd", use_dictionary=True) as writer:
        for table in itertools.chain([first], groups):
            writer.write_table(table)


def read_wells(paths: Sequence[Path]) -> pd.DataFrame:
    """WELLS from Parquet files, text as categories (a million wells hold few names)."""
    tables = [_read_wells(path) for path in paths]
    merged = pa.concat_tables(tables, promote_options="default").unify_dictionaries()
    frame: pd.DataFrame = merged.to_pandas(strings_to_categorical=False)
    return frame


def _read_wells(path: Path) -> pa.Table:
    if not path.is_file():
        refuse(str(path), "the table wells.parquet", remedy="Read the exports first (mrdq ingest STUDY).")  # fmt: skip
    try:
        names = pq.read_schema(path).names
        missing = [name for name in WELLS.names if name not in names]
        if missing:
            refuse(str(path), f"the columns {', '.join(missing)}", remedy="Run the study again.")
        return pq.read_table(path, read_dictionary=text_of(names))
    except (pa.ArrowInvalid, OSError) as error:
        refuse(str(path), "a table in Parquet", found=str(error), remedy="Delete it and run the study again.")  # fmt: skip


def parsed_wells(data: bytes) -> pa.Table:
    """WELLS from the bytes of a Parquet file that is whole, text as dictionaries."""
    names = pq.read_schema(pa.BufferReader(data)).names
    table = pq.read_table(pa.BufferReader(data), read_dictionary=text_of(names), use_threads=False)
    return table.unify_dictionaries()


def extra_of(data: bytes) -> list[str]:
    """The columns of layouts that the bytes of a Parquet file with WELLS have."""
    names = pq.read_schema(pa.BufferReader(data)).names
    return [name for name in names if name not in WELLS.names]


def text_of(names: Iterable[str]) -> list[str]:
    """The columns of WELLS that are text."""
    numbers = {column.name for column in WELLS.columns if column.kind == REAL}
    return [name for name in names if name not in numbers]
