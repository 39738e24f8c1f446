"""Files of results: written whole or not at all, the same bytes for the same table."""

from __future__ import annotations

import io
import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from mrdq import processes
from mrdq.errors import refuse
from mrdq.study import Study
from mrdq.tables import CALLS, COUNT, FLAG, REAL, WELLS, Table

# Twelve significant digits: beyond them processors differ, and no person reads on.
FLOAT_FORMAT = "%.12g"


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

    What a killed process of this machine left behind under a temporary name is removed.  A place
    that cannot be written raises :class:`MrdqError`.
    """
    try:
        _replace(path, data)
    except OSError as error:
        refuse(str(path), "a file that can be written", found=error.strerror or str(error),
               remedy="Free space or mend the rights, and run again.")  # fmt: skip


def _replace(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    host = platform.node()
    for stale in path.parent.glob(f".{path.name}.{host}.*.tmp"):
        process = stale.suffixes[-2][1:]
        if process.isdecimal() and processes.is_gone(host, int(process)):
            stale.unlink(missing_ok=True)
    temporary = path.with_name(f".{path.name}.{host}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def tsv_bytes(table: pd.DataFrame) -> bytes:
    """A table as UTF-8, tab-separated, dot decimals, empty for missing, true/false for flags."""
    table = table.copy(deep=False)
    for name in table:
        if table[name].dtype == bool:
            table[name] = table[name].map({True: "true", False: "false"})
    text = table.to_csv(
        sep="\t", index=False, float_format=FLOAT_FORMAT, lineterminator="\n", na_rep=""
    )
    return text.encode()


def write_table(path: Path, table: pd.DataFrame, schema: Table) -> None:
    """Check a table against its schema and write it as tsv."""
    write_bytes(path, tsv_bytes(schema.check(table)))


def read_table(path: Path, schema: Table) -> pd.DataFrame:
    """Read a table that mrdq wrote; extra columns are text.  Raises :class:`MrdqError`."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        refuse(
            str(path),
            f"the table {schema.name}",
            remedy="Run the step that makes it first (mrdq run STUDY).",
        )
    try:
        table = _parse_table(data, schema)
    except (ValueError, KeyError) as error:  # bytes that are no text, cells that are no numbers
        refuse(str(path), f"the columns {', '.join(schema.names)} as mrdq writes them",
               found=str(error).partition("\n")[0][:120],
               remedy="The file was changed or made by another version: run the study again.")  # fmt: skip
    return table


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
    ours = {(name, guideline.hash) for name, guideline in study.guidelines.items()}
    for name, hashed in sorted(made - ours):
        refuse(str(path), f"calls made under {', '.join(sorted(f'{n} {h[:12]}' for n, h in ours))}",
               found=f"{name} {hashed[:12]}", column="guideline",
               remedy="Name the rule set again (--guideline), or make the calls again (mrdq call).")  # fmt: skip
    return calls


def parquet_bytes(wells: pd.DataFrame) -> bytes:
    """WELLS as Parquet: plain text columns and doubles, no index."""
    columns: dict[str, Any] = {}
    for name in wells:
        values = wells[name]
        if values.dtype.kind == "f":
            columns[str(name)] = pa.array(values.to_numpy(), type=pa.float64(), from_pandas=True)
        else:
            array = pa.array(values, from_pandas=True)
            columns[str(name)] = array.cast(pa.string()) if isinstance(array, pa.Array) else array
    sink = io.BytesIO()
    pq.write_table(pa.table(columns), sink, compression="zstd", use_dictionary=True)
    return sink.getvalue()


def read_wells(paths: Sequence[Path]) -> pd.DataFrame:
    """WELLS from Parquet files, text as categories (a million wells hold few names)."""
    tables = []
    for path in paths:
        if not path.is_file():
            refuse(
                str(path),
                "the table wells.parquet",
                remedy="Read the exports first (mrdq ingest STUDY).",
            )
        try:
            names = pq.read_schema(path).names
            missing = [name for name in WELLS.names if name not in names]
            if missing:
                refuse(
                    str(path), f"the columns {', '.join(missing)}", remedy="Run the study again."
                )
            text = [
                name
                for name in names
                if name not in {c.name for c in WELLS.columns if c.kind == REAL}
            ]
            tables.append(pq.read_table(path, read_dictionary=text))
        except (pa.ArrowInvalid, OSError) as error:
            refuse(
                str(path),
                "a table in Parquet",
                found=str(error),
                remedy="Delete it and run the study again.",
            )
    merged = pa.concat_tables(tables, promote_options="default").unify_dictionaries()
    frame: pd.DataFrame = merged.to_pandas(strings_to_categorical=False)
    return frame
