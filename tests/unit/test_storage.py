"""Files of results: whole or not at all, and the same table back."""

from __future__ import annotations

import os
import platform
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mrdq import storage
from mrdq.errors import MrdqError
from mrdq.tables import COUNT, FLAG, REAL, RUNS, TEXT, WELLS, Column, Table

THINGS = Table("things.tsv", "things", ("id",), (
    Column("id", TEXT, "id"), Column("size", REAL, "size"), Column("n", COUNT, "count"), Column("ok", FLAG, "flag"),
))  # fmt: skip


def things(**changes: Any) -> pd.DataFrame:
    content = {
        "id": ["NA", "007"],
        "size": [1.5e-7, np.nan],
        "n": [3.0, np.nan],
        "ok": [True, False],
    }
    return pd.DataFrame(content | changes)


def test_bytes_arrive_and_nothing_else(tmp_path: Path) -> None:
    storage.write_bytes(tmp_path / "a/b/file.tsv", b"new")
    assert [path.name for path in (tmp_path / "a/b").iterdir()] == ["file.tsv"]
    storage.write_bytes(tmp_path / "a/b/file.tsv", b"newer")
    assert (tmp_path / "a/b/file.tsv").read_bytes() == b"newer"


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_failure_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    path = tmp_path / "file.tsv"
    storage.write_bytes(path, b"old")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os if step == "fsync" else Path, step, full)
    with pytest.raises(MrdqError, match="No space left"):
        storage.write_bytes(path, b"new")
    monkeypatch.undo()
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["file.tsv"]


def test_interruption_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file.tsv"
    storage.write_bytes(path, b"old")

    def stop(_: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", stop)
    with pytest.raises(KeyboardInterrupt):
        storage.write_bytes(path, b"new")
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == {"file.tsv": b"old"}


def dead_process() -> int:
    child = os.fork()
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)
    return child


def test_what_a_killed_process_left_is_removed(tmp_path: Path) -> None:
    path = tmp_path / "file.tsv"
    host = platform.node()
    names = {
        "stale": f".file.tsv.{host}.{dead_process()}.tmp",
        "of a process that lives": f".file.tsv.{host}.{os.getppid()}.tmp",
        "of another machine": f".file.tsv.not-{host}.1.tmp",
        "stale, of another file": f".other.tsv.{host}.{dead_process()}.tmp",
        "of no process": f".file.tsv.{host}.x.tmp",
    }
    for name in names.values():
        (tmp_path / name).write_bytes(b"half")
    storage.write_bytes(path, b"new")
    left = {p.name for p in tmp_path.iterdir()}
    assert left == {"file.tsv", *(name for what, name in names.items() if "stale" not in what)}


def test_table_there_and_back(tmp_path: Path) -> None:
    path = tmp_path / "things.tsv"
    storage.write_table(path, things(extra=["01", "TRUE"]), THINGS)
    assert (
        path.read_bytes()
        == b"id\tsize\tn\tok\textra\nNA\t1.5e-07\t3\ttrue\t01\n007\t\t\tfalse\tTRUE\n"
    )
    back = storage.read_table(path, THINGS)
    assert list(back["id"]) == ["NA", "007"]
    assert list(back["extra"]) == ["01", "TRUE"]
    assert list(back["ok"]) == [True, False]
    assert back["size"][0] == 1.5e-7
    assert np.isnan(back["size"][1])
    assert np.isnan(back["n"][1])


def test_empty_table_there_and_back(tmp_path: Path) -> None:
    empty = things().iloc[:0]
    storage.write_table(tmp_path / "things.tsv", empty, THINGS)
    back = storage.read_table(tmp_path / "things.tsv", THINGS)
    assert len(back) == 0
    assert THINGS.check(back) is back


words = st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=6).map(str.strip)


@settings(deadline=None)
@given(st.lists(st.tuples(words.filter(bool), words, st.floats(allow_nan=True, allow_infinity=False)), max_size=5,
                unique_by=lambda row: row[0]))  # fmt: skip
def test_any_text_and_number_survives(
    tmp_path_factory: pytest.TempPathFactory, rows: list[Any]
) -> None:
    path = tmp_path_factory.mktemp("any") / "things.tsv"
    keys, extra, sizes = (
        (list(column) for column in zip(*rows, strict=True)) if rows else ([], [], [])
    )
    table = pd.DataFrame({
        "id": np.array(keys, dtype=object), "size": np.array(sizes, dtype=float),
        "n": np.arange(len(rows), dtype=float), "ok": np.array([k > "m" for k in keys], dtype=bool),
        "extra": np.array(extra, dtype=object),
    })  # fmt: skip
    storage.write_table(path, table, THINGS)
    back = storage.read_table(path, THINGS)
    assert list(back["id"]) == keys
    assert list(back["extra"]) == extra
    assert list(back["ok"]) == list(table["ok"])
    np.testing.assert_allclose(back["size"], table["size"], rtol=1e-11)
    assert storage.tsv_bytes(back) == path.read_bytes()


@pytest.mark.parametrize("content", [b"", b"\n", b"size\tid\tn\tok\n", b"id\tsize\n", b"\xff\xfe", b"id\tsize\tn\tok\na\tbig\t1\ttrue\n",
                                     b"id\tsize\tn\tok\na\t1\n\t\t\t\t\tb\n", b'id\tsize\tn\tok\n"a\t1\t1\ttrue\n'])  # fmt: skip
def test_table_that_was_spoilt(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "things.tsv"
    path.write_bytes(content)
    with pytest.raises(MrdqError) as caught:
        storage.read_table(path, THINGS)
    assert caught.value.problems[0].file == str(path)


def test_flag_that_is_no_flag_is_refused(tmp_path: Path) -> None:
    """``True`` for ``true``, as a spreadsheet saves it, must not become false."""
    path = tmp_path / "things.tsv"
    path.write_bytes(b"id\tsize\tn\tok\na\t1\t1\tTRUE\n")
    with pytest.raises(MrdqError):
        storage.read_table(path, THINGS)


def test_table_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(MrdqError, match=r"expected the table runs\.tsv"):
        storage.read_table(tmp_path / "runs.tsv", RUNS)


def some_wells(n: int, **extra: object) -> pd.DataFrame:
    content: dict[str, Any] = {}
    for column in WELLS.columns:
        content[column.name] = (
            np.full(n, np.nan)
            if column.kind == REAL
            else np.array([f"{column.name}"] * n, dtype=object)
        )
    content["well"] = np.array([f"A{i + 1}" for i in range(n)], dtype=object)
    return pd.DataFrame(content | extra)


def test_wells_there_and_back(tmp_path: Path) -> None:
    wells = some_wells(
        3, cq=np.array([20.1, np.nan, 1 / 3]), exclude=np.array(["", "bubble", ""], dtype=object)
    )
    storage.write_bytes(tmp_path / "w.parquet", storage.parquet_bytes(wells))
    back = storage.read_wells([tmp_path / "w.parquet"])
    assert list(back) == [*WELLS.names, "exclude"]
    for name in back:
        assert back[name].astype(object).where(back[name].notna(), None).tolist() == (
            wells[name].astype(object).where(wells[name].notna(), None).tolist()
        )


def test_same_wells_same_bytes(tmp_path: Path) -> None:
    wells = some_wells(5)
    data = storage.parquet_bytes(wells)
    assert storage.parquet_bytes(wells.copy()) == data
    (tmp_path / "w.parquet").write_bytes(data)
    assert storage.parquet_bytes(storage.read_wells([tmp_path / "w.parquet"])) == data


@pytest.mark.parametrize("first", [0, 1])
def test_batches_with_and_without_wells_or_extra_columns(tmp_path: Path, first: int) -> None:
    paths = [tmp_path / "a.parquet", tmp_path / "b.parquet"]
    tables = [some_wells(2, exclude=np.array(["x", ""], dtype=object)), some_wells(0)]
    for path, wells in zip(paths, tables if first else tables[::-1], strict=True):
        path.write_bytes(storage.parquet_bytes(wells))
    merged = storage.read_wells(paths)
    assert len(merged) == 2
    assert list(merged["exclude"].astype(object)) == ["x", ""]


@pytest.mark.parametrize("content", [None, b"", b"PAR1", b"PAR1 nothing PAR1", b"text"])
def test_wells_that_were_spoilt(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "wells.parquet"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(MrdqError) as caught:
        storage.read_wells([path])
    assert caught.value.problems[0].file == str(path)


def test_wells_with_a_column_missing_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "wells.parquet"
    path.write_bytes(storage.parquet_bytes(some_wells(2).drop(columns="role")))
    with pytest.raises(MrdqError, match="role"):
        storage.read_wells([path])
