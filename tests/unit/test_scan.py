"""Tables read piece by piece hold what they hold when they are read whole."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mrdq import scan, storage
from mrdq.errors import MrdqError
from mrdq.tables import COUNT, FLAG, REAL, TEXT, Column, Table

THINGS = Table("things.tsv", "things", ("id",), (
    Column("id", TEXT, "id"), Column("size", REAL, "size"), Column("n", COUNT, "count"), Column("ok", FLAG, "flag"),
))  # fmt: skip
COLUMNS = [*THINGS.names, "own"]
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r"), max_size=9)
NUMBERS = st.none() | st.floats(1e-9, 1e9)
CELLS = st.tuples(TEXTS, NUMBERS, st.none() | st.integers(0, 999), st.booleans(), TEXTS)


def written(path: Path, rows: list[tuple[object, ...]]) -> Path:
    frame = pd.DataFrame(rows, columns=COLUMNS)
    kinds = {"id": object, "size": float, "n": float, "ok": bool, "own": object}
    frame = frame.astype({name: kinds[name] for name in COLUMNS})
    frame["id"] = [f"{n} {text}" for n, text in enumerate(frame["id"])]
    storage.write_table(path, frame, THINGS)
    return path


def read(path: Path) -> list[dict[str, object]]:
    """By the other reader of tables."""
    found = storage.read_table(path, THINGS)
    return [{str(k): v for k, v in row.items()} for row in found.to_dict("records")]


def same(one: list[dict[str, object]], other: list[dict[str, object]]) -> bool:
    return repr(one) == repr(other)  # NaN is itself


@settings(max_examples=25)
@given(st.lists(CELLS, max_size=8))
def test_rows_are_those_of_the_whole_table(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[object, ...]]
) -> None:
    path = written(tmp_path_factory.mktemp("scan") / "things.tsv", rows)
    whole = read(path)
    assert same(scan.records(scan.rows(path, THINGS, COLUMNS)), whole)
    true = [row for row in whole if row["ok"]]
    assert same(scan.records(scan.rows(path, THINGS, COLUMNS, scan.is_true("ok"))), true)
    found, total = scan.first(path, THINGS, COLUMNS, 2, scan.is_filled("own"))
    filled = [row for row in whole if row["own"]]
    assert (same(scan.records(found), filled[:2]), total) == (True, len(filled))
    assert scan.counted(path, THINGS, ["own", "ok"]) == Counter((r["own"], r["ok"]) for r in whole)


def test_words_of_a_cell_are_found_whole(tmp_path: Path) -> None:
    texts = ["b", "a;b", "ab", "b;c", "", "bb;a"]
    path = written(tmp_path / "t.tsv", [("", None, None, True, text) for text in texts])
    found = scan.rows(path, THINGS, COLUMNS, scan.holds("own", "b"))
    assert found["own"].to_pylist() == ["b", "a;b", "b;c"]
    among = scan.all_of(scan.among("own", {"b", "ab"}), scan.is_true("ok"))
    assert scan.rows(path, THINGS, COLUMNS, among)["own"].to_pylist() == ["b", "ab"]


def test_a_row_may_be_longer_than_what_is_read_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scan, "BLOCKS", (64, 1 << 20))
    rows = [("", None, None, True, "x" * length) for length in (3, 5000, 3, 100, 7)]
    path = written(tmp_path / "t.tsv", rows)
    assert same(scan.records(scan.rows(path, THINGS, COLUMNS)), read(path))
    assert sum(scan.counted(path, THINGS, ["own"]).values()) == 5


@pytest.mark.parametrize("text", [
    "", "id\tsize\tn\n", "id\tsize\tn\tok\tmine\nx\t1\t1\ttrue\ty\n", "id\tsize\tn\tok\town\nx\t1\n",
    "id\tsize\tn\tok\town\nx\tone\t1\ttrue\ty\n", "id\tsize\tn\tok\town\nx\t1\t1\tyes\ty\n",
    "id\tsize\tn\tok\town\nx\t1\t1\t\ty\n", "id\tsize\tn\tok\town\n\udcff\t1\t1\ttrue\ty\n",
])  # fmt: skip
def test_what_is_no_such_table_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "t.tsv"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(MrdqError, match="as mrdq writes them"):
        scan.rows(path, THINGS, COLUMNS)


def test_a_table_that_is_missing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MrdqError, match=r"expected the table things\.tsv"):
        scan.rows(tmp_path / "t.tsv", THINGS, COLUMNS)
    with pytest.raises(MrdqError, match=r"expected the table wells\.parquet"):
        scan.well_columns(tmp_path / "wells.parquet")
    (tmp_path / "wells.parquet").write_bytes(b"nothing")
    with pytest.raises(MrdqError, match="a table in Parquet"):
        list(scan.wells(tmp_path / "wells.parquet", ["cq"]))


def test_wells_of_some_runs_are_read_from_any_row_group(tmp_path: Path) -> None:
    runs = [f"R{n}" for n in range(9)]
    content = {name: [""] * 18 for name in scan.WELLS.names}
    frame = pd.DataFrame(content | {"run_id": sorted(runs * 2), "well": ["A1", "A2"] * 9})
    for name in ("cq", "dilution", "quantity_ng"):
        frame[name] = 1.0
    pa.parquet.write_table(pa.Table.from_pandas(frame), tmp_path / "w.parquet", row_group_size=5)
    for wanted in (["R0"], ["R2", "R7"], ["R8", "no run"], []):
        pieces = scan.wells(tmp_path / "w.parquet", ["run_id", "well"], wanted)
        found = [row["run_id"] for piece in pieces for row in scan.records(piece)]
        assert found == [run for run in sorted(runs * 2) if run in wanted]
