"""What may not matter does not: the order of rows, and how a well came to be left out."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest
from small_study import Rows, accepted, copy, read_rows, table, tree, without_seal, write_rows

NAMES = ("runs", "samples", "assays", "patients")


@pytest.fixture(scope="module")
def done(example_master: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example study with its results."""
    study = copy(example_master, tmp_path_factory.mktemp("laws") / "study")
    accepted(study)
    return study


def shuffled(rows: Rows, seed: int) -> Rows:
    body = rows[1:]
    random.Random(seed).shuffle(body)
    assert body != rows[1:]
    return [rows[0], *body]


def same(study: Path, done: Path, *, aside: tuple[str, ...] = ()) -> None:
    mine, reference = tree(study / "results"), tree(done / "results")
    assert mine.keys() == reference.keys()
    assert [name for name in mine if mine[name] != reference[name] and name not in aside] == []


@pytest.mark.parametrize("name", NAMES)
def test_order_of_the_rows_of_a_sheet(example: Path, done: Path, name: str) -> None:
    path = example / f"config/{name}.tsv"
    write_rows(path, shuffled(read_rows(path), 1))
    accepted(example)
    same(example, done)


def test_order_of_the_columns_of_the_sheets(example: Path, done: Path) -> None:
    for path in (example / "config").rglob("*.tsv"):
        write_rows(path, [row[::-1] for row in read_rows(path)])
    accepted(example)
    same(example, done, aside=("runs.tsv",))


def without_hashes(path: Path) -> list[dict[str, str]]:
    return [{k: v for k, v in row.items() if not k.endswith("sha256")} for row in table(path)]


def test_order_of_the_rows_of_the_layouts(example: Path, done: Path) -> None:
    for n, path in enumerate(sorted((example / "config/layouts").iterdir())):
        write_rows(path, shuffled(read_rows(path), n))
    accepted(example)
    same(example, done, aside=("runs.tsv",))
    assert without_hashes(example / "results/runs.tsv") == without_hashes(done / "results/runs.tsv")


def test_order_of_the_rows_of_the_exports(example: Path, done: Path) -> None:
    """Comma separated exports are tables of wells; their order says nothing."""
    exports = sorted((example / "data").glob("*.csv"))
    assert len(exports) >= 5
    for n, path in enumerate(exports):
        write_rows(path, shuffled(read_rows(path, ","), n), ",")
    accepted(example)
    same(example, done, aside=("runs.tsv", "wells.parquet", "report/index.html"))
    paths = [study / "results/report/index.html" for study in (example, done)]
    pages = [without_seal(path).decode() for path in paths]
    mine, reference = (re.sub(r"<code>[0-9a-f]{16}</code>", "", page) for page in pages)
    assert mine == reference
    assert without_hashes(example / "results/runs.tsv") == without_hashes(done / "results/runs.tsv")
    assert wells(example) == wells(done)


def wells(study: Path) -> list[dict[str, object]]:
    import pyarrow.parquet as pq

    return pq.read_table(study / "results/wells.parquet").drop_columns("export_sha256").to_pylist()


def test_folder_of_the_study_and_its_time_do_not_matter(
    example: Path, done: Path, tmp_path: Path
) -> None:
    moved = copy(example, tmp_path / "elsewhere" / "ä b")
    accepted(moved)
    same(moved, done)


@pytest.mark.parametrize("role", ["standard", "background", "sample", "ntc"])
@pytest.mark.parametrize("target", ["SIM-004-IGH", "ALB"])
def test_well_left_out_is_a_well_that_is_not_there(
    example: Path, tmp_path: Path, role: str, target: str
) -> None:
    """Run 6 loses one well: by ``exclude``, or by a layout that calls it empty."""
    if (role, target) == ("background", "ALB"):
        pytest.skip("a control gene has no background wells")
    other = copy(example, tmp_path / "other")
    layout = "config/layouts/SIM-R06.tsv"
    rows = read_rows(example / layout)
    at = next(n for n, row in enumerate(rows) if row[1:3] == [target, role])
    excluded = [*rows[at][:6], "air bubble"]
    gone = [rows[at][0], target, "empty", "", "", "", ""]
    write_rows(example / layout, [*rows[:at], excluded, *rows[at + 1 :]])
    write_rows(other / layout, [*rows[:at], gone, *rows[at + 1 :]])
    accepted(example)
    accepted(other)
    for name in ("curves.tsv", "evidence.tsv"):
        assert (example / "results" / name).read_bytes() == (other / "results" / name).read_bytes()
    for name in ("calls.tsv", "status.tsv"):
        mine, theirs = (table(study / "results" / name) for study in (example, other))
        for one, two in zip(mine, theirs, strict=True):
            for flags_of in ("flags", "automatic_flags")[: 1 + (name == "calls.tsv")]:
                flags, expected = (set(filter(None, r.pop(flags_of).split(";"))) for r in (one, two))  # fmt: skip
                assert flags - expected <= {"wells_omitted"}
            assert one == two
    shown = [
        well
        for well in wells(example)
        if well["run_id"] == "SIM-R06" and well["well"] == rows[at][0]
    ]
    assert [(well["cq_state"], well["cq"], well["role"], well["exclude"]) for well in shown] == [
        ("omitted", None, role, "air bubble")
    ]


def test_standards_table_is_the_same_too(example: Path, done: Path) -> None:
    """A run without a layout needs none of the others: dropping runs leaves its rows alone."""
    path = example / "config/runs.tsv"
    rows = read_rows(path)
    write_rows(path, [rows[0], *(row for row in rows[1:] if row[0] in ("SIM-R01", "SIM-R05"))])
    accepted(example)
    for name in ("standards.tsv", "curves.tsv"):
        mine, all_runs = (table(study / "results" / name) for study in (example, done))
        # Which rule sets share a control gene's curve depends on the study.
        assert [row for row in mine if row["target"] != "ALB"] == [
            row
            for row in all_runs
            if row["run_id"] in ("SIM-R01", "SIM-R05") and row["target"] != "ALB"
        ]
