"""Batches put together.  Oracle: all wells in one table, ordered by pandas."""

from __future__ import annotations

import io
import os
import tempfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mrdq import ingest_gather, storage
from mrdq import vocabulary as words
from mrdq.amendments import Amendment, omit_wells
from mrdq.errors import MrdqError
from mrdq.ingest_batches import with_columns
from mrdq.storage import Files
from mrdq.tables import RUNS, WELLS


def wells_of(run: str, n: int, **extra: str) -> pa.Table:
    columns: dict[str, Any] = {}
    for name in (*WELLS.names, *extra):
        if name in ("dilution", "quantity_ng", "cq"):
            values = pa.array(
                [None if i % 3 == 2 else i + len(run) / 7 for i in range(n)], pa.float64()
            )
            columns[name] = values
        else:
            text = {
                "run_id": run,
                "target": "T",
                "role": words.SAMPLE,
                "cq_state": words.DETERMINED,
            }
            own = [
                f"A{i + 1}" if name == "well" else {**text, **extra}.get(name, "") for i in range(n)
            ]
            columns[name] = pa.array(own, pa.string()).dictionary_encode()
    return pa.table(columns)  # fmt: skip


def of_many(runs: list[str]) -> pa.Table:
    """A well of each run."""
    table = wells_of("", len(runs))
    names = pa.array(runs).dictionary_encode()
    return table.set_column(table.column_names.index("run_id"), "run_id", names)


def together(tables: list[pa.Table], extra: list[str]) -> pd.DataFrame:
    """All wells by run: in pandas, and in one piece."""
    parts = [table.to_pandas().astype(object) for table in tables] or [pd.DataFrame()]
    frame = pd.concat(parts, ignore_index=True)
    for name in extra:
        frame[name] = frame[name].fillna("")
    frame = frame.sort_values("run_id", kind="stable", ignore_index=True)[[*WELLS.names, *extra]]
    return frame.astype(dict.fromkeys(("dilution", "quantity_ng", "cq"), float))


@st.composite
def cases(draw: st.DrawFn) -> tuple[list[str], list[pa.Table], list[str]]:
    """Runs in their order (some of which have no wells), batches in any order, extra columns."""
    sizes = draw(st.dictionaries(st.text("aB1é-", min_size=1, max_size=3), st.integers(0, 3), min_size=1, max_size=12))  # fmt: skip
    batch = {run: draw(st.integers(0, 4)) for run in sizes}
    with_room = draw(st.sets(st.integers(0, 4)))
    tables = []
    for number in draw(st.permutations(range(5))):
        extra = {"room": "7"} if number in with_room else {}
        runs = sorted(run for run in sizes if batch[run] == number)
        if runs:
            tables.append(pa.concat_tables([wells_of(run, sizes[run], **extra) for run in runs]))
    extra_names = sorted(
        {name for table in tables for name in table.column_names} - set(WELLS.names)
    )
    return sorted(sizes), tables, extra_names  # fmt: skip


@settings(max_examples=30)
@given(cases(), st.integers(1, 4), st.integers(1, 3))
def test_in_order_however_little_memory_there_is(
    case: tuple[list[str], list[pa.Table], list[str]], group: int, at_once: int
) -> None:
    runs, tables, extra = case
    with pytest.MonkeyPatch.context() as patched, tempfile.TemporaryDirectory() as folder:
        patched.setattr(ingest_gather, "GROUP", group)
        patched.setattr(ingest_gather, "_AT_ONCE", at_once)
        alike = (with_columns(table, extra) for table in tables)
        found = list(ingest_gather.in_order(alike, runs, Path(folder)))
        assert os.listdir(folder) == []
    assert len(found) == -(-len(runs) // group)
    for number, table in enumerate(found):
        assert set(table["run_id"].to_pylist()) <= set(runs[number * group : (number + 1) * group])
    assert pa.concat_tables(found).equals(storage.wells_table(together(tables, extra)))


def study(folder: Path, amended: list[Amendment]) -> Any:
    names = [name for name in Amendment.__slots__ if name != "row"]
    sheet = SimpleNamespace(
        file="amendments.tsv", row=[one.row for one in amended],
        records=lambda: [{name: getattr(one, name) for name in names} for one in amended],
    )  # fmt: skip
    return SimpleNamespace(root=folder, amendments=sheet)


def runs_table(runs: list[str]) -> pd.DataFrame:
    rows = pd.DataFrame({name: [""] * len(runs) for name in RUNS.names}, dtype=object)
    return rows.assign(run_id=runs, state="read", n_wells=1.0, n_unused=0.0)


OMISSION = st.builds(
    Amendment, st.integers(2, 9), st.just(words.OMIT), st.sampled_from(("a", "b", "c")),
    st.just(""), st.sampled_from(("", "A1", "A2")), st.just(""), st.just(""), *[st.just("x")] * 3,
)  # fmt: skip


@settings(max_examples=15)
@given(st.lists(OMISSION, max_size=3), st.booleans(), st.integers(1, 3))
def test_amended_group_by_group_as_in_one_piece(
    amended: list[Amendment], own_column: bool, group: int
) -> None:
    own = {"amendment": "the laboratory's own"} if own_column else {}
    tables = [wells_of(run, 3, **own) for run in ("c", "a", "b", "d")]
    with pytest.MonkeyPatch.context() as patched, tempfile.TemporaryDirectory() as name:
        patched.setattr(ingest_gather, "GROUP", group)
        files = Files(Path(name) / "results")
        ingest_gather.write(
            study(Path(name), amended), files, runs_table(list("abcd")), tables, list(own)
        )
        with pq.ParquetFile(files.wells) as file:
            assert file.num_row_groups == -(-4 // group)
            found = file.read()
    wanted = omit_wells(together(tables, list(own)), amended)
    assert found.equals(storage.wells_table(wanted))


def test_an_amendment_that_meets_nothing_stops_before_anything_is_written(tmp_path: Path) -> None:
    amended = [
        Amendment(row, words.OMIT, run, "", "H12", "", "", "x", "x", "x")
        for row, run in ((3, "a"), (2, "b"))
    ]
    files = Files(tmp_path / "results")
    files.folder.mkdir()
    files.wells.write_bytes(b"as it was")
    with pytest.raises(MrdqError) as told:
        ingest_gather.write(study(tmp_path, amended), files, runs_table(["a", "b"]),
                            [wells_of("a", 2), wells_of("b", 2)], [])  # fmt: skip
    assert [problem.row for problem in told.value.problems] == [2, 3]
    assert {path.name: path.read_bytes() for path in files.folder.iterdir()} == {
        "wells.parquet": b"as it was"
    }


def test_up_to_a_thousand_runs_are_the_bytes_of_one_table(tmp_path: Path) -> None:
    runs = [f"R{n:04d}" for n in range(1000)]
    tables = [of_many(runs[500:]), of_many(runs[:500])]
    files = Files(tmp_path)
    ingest_gather.write(study(tmp_path, []), files, runs_table(runs), tables, [])
    sink = io.BytesIO()
    pq.write_table(storage.wells_table(together(tables, [])), sink, compression="zstd")
    assert files.wells.read_bytes() == sink.getvalue()


def test_one_run_more_is_a_row_group_more(tmp_path: Path) -> None:
    runs = [f"R{n:04d}" for n in range(1001)]
    files = Files(tmp_path)
    tables = [of_many(runs)]
    ingest_gather.write(study(tmp_path, []), files, runs_table(runs), tables, [])
    with pq.ParquetFile(files.wells) as file:
        rows = [file.metadata.row_group(n).num_rows for n in range(file.num_row_groups)]
    assert rows == [1000, 1]


def test_no_runs_are_a_table_without_rows(tmp_path: Path) -> None:
    files = Files(tmp_path)
    ingest_gather.write(study(tmp_path, []), files, runs_table([]), [], [])
    table = pq.read_table(files.wells)
    assert table.column_names == WELLS.names
    assert len(table) == 0
    assert len(storage.read_wells([files.wells])) == 0
    assert np.dtype(storage.read_wells([files.wells])["cq"].dtype) == np.float64
