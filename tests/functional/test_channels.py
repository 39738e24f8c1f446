"""Layouts beside exports that name a dye and no target, and layouts of another run."""

from __future__ import annotations

import csv
from pathlib import Path

import pandas as pd
import pytest
from small_study import accepted, change, mrdq, refused, set_cell, table
from tiny import write_tiny

EXPORT, LAYOUT, RUNS = "data/SIM-000001.csv", "config/layouts/SIM-000001.tsv", "config/runs.tsv"
FILTER = "FAM (465-510)"


def lightcycler(path: Path) -> None:
    """The plain table of a run as a LightCycler 480 writes it: one dye, no target."""
    with path.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    text = f"Experiment: Simulated  Selected Filter: {FILTER}\n"
    text += "Include\tColor\tPos\tName\tCp\tConcentration\tStandard\tStatus\n"
    for row in rows:
        cq = row["cq"] if row["cq"][:1].isdigit() else ""
        text += f"True\t{255 if cq else 65280}\t{row['well']}\t{row['sample']}\t{cq}\t\t0\t\n"
    path.write_text(text, encoding="utf-8")


@pytest.fixture
def study(tmp_path: Path) -> Path:
    write_tiny(tmp_path / "study", runs=1)
    lightcycler(tmp_path / "study" / EXPORT)
    return tmp_path / "study"


def with_channel(path: Path, channel: str) -> None:
    change(path, lambda rows: [[*rows[0], "channel"], *([*row, channel] for row in rows[1:])])


def test_the_layout_gives_the_targets(study: Path, tmp_path: Path) -> None:
    """Oracle: the same run as a plain table that names them."""
    with_channel(study / LAYOUT, FILTER)
    accepted(study)
    write_tiny(tmp_path / "named", runs=1)
    accepted(tmp_path / "named")
    ours, named = (table(one / "results/calls.tsv") for one in (study, tmp_path / "named"))
    assert [(row["target"], row["call"], row["mrd_level"]) for row in ours] == [
        (row["target"], row["call"], row["mrd_level"]) for row in named
    ]


def test_the_export_of_another_filter_is_refused(study: Path) -> None:
    with_channel(study / LAYOUT, "VIC")
    [problem] = refused(study).problems
    assert problem.startswith(f"error: {LAYOUT}, column channel, wells A1, A2, A3")
    assert (
        f'found "VIC", expected the channel of the export, {FILTER}. Is this the export of another filter?'
        in problem
    )


def test_without_a_layout_and_without_targets_no_well_is_used(study: Path) -> None:
    """The wells are kept as they were measured, and the first warning says what is missing."""
    set_cell(study / RUNS, 2, "layout", "")
    outcome = mrdq("run", study)
    assert outcome.code == 0
    [warning] = [one for one in outcome.warnings if "expected a layout for this run" in one]
    assert "The export names no target" in warning
    assert "name it in the runs sheet, column layout" in warning
    wells = pd.read_parquet(study / "results/wells.parquet")
    assert set(wells["role"]) == {""}
    assert wells["cq"].notna().sum() > 20
    assert set(wells["channel"]) == {FILTER}


def test_two_dyes_in_a_well_are_told_apart_by_the_channel(tmp_path: Path) -> None:
    write_tiny(tmp_path, runs=1)
    export = tmp_path / EXPORT
    with export.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    cells = [[row["well"], row["cq"] if row["cq"][:1].isdigit() else ""] for row in rows]
    head = "Pos\tName\tCt FAM\tCt VIC\n"
    export.write_text(head + "".join(f"{w}\tx\t{cq}\t{cq}\n" for w, cq in cells), encoding="utf-8")
    [problem, *_] = refused(tmp_path).problems
    assert "give each its channel, in a column channel" in problem
    with_channel(tmp_path / LAYOUT, "VIC")
    outcome = mrdq("check", tmp_path)
    assert outcome.code == 0, outcome.problems
    assert any("unused" in warning for warning in outcome.warnings)


def test_the_layout_of_another_run(tmp_path: Path) -> None:
    write_tiny(tmp_path, runs=1)
    change(
        tmp_path / LAYOUT,
        lambda rows: [
            rows[0],
            *([f"P{24 - i % 24}" if i else row[0], *row[1:]] for i, row in enumerate(rows[1:24])),
        ],
    )
    warnings = mrdq("check", tmp_path).warnings
    assert any(
        "a layout that fits the export" in one and "Is it the layout of this run?" in one
        for one in warnings
    )


def quantities(study: Path, factor: float, *, odd: int = -1) -> list[str]:
    """Warnings of a study whose export has the standards' quantities times a factor."""

    def edit(rows: list[list[str]]) -> list[list[str]]:
        at = rows[0].index("quantity")
        out = [rows[0]]
        for i, row in enumerate(rows[1:]):
            value = f"{float(row[at]) * (50 if i == odd else factor):.6g}" if row[at] else ""
            out.append([*row[:at], value, *row[at + 1 :]])
        return out

    change_csv(study / EXPORT, edit)
    return [one for one in mrdq("check", study).warnings if "quantit" in one]


def change_csv(path: Path, edit) -> None:
    with path.open(encoding="utf-8", newline="") as lines:
        rows = edit(list(csv.reader(lines)))
    with path.open("w", encoding="utf-8", newline="") as out:
        csv.writer(out, lineterminator="\n").writerows(rows)


def test_quantities_in_the_layouts_own_unit_say_nothing(tmp_path: Path) -> None:
    write_tiny(tmp_path, runs=1)
    assert quantities(tmp_path, 1) == []


def test_quantities_of_another_unit_are_told_once_a_target(tmp_path: Path) -> None:
    write_tiny(tmp_path, runs=1)
    found = quantities(tmp_path, 1e4)
    assert len(found) == 2
    assert all("times as much" in one and "Is that another unit?" in one for one in found)


def test_a_standard_that_breaks_the_series_is_named(tmp_path: Path) -> None:
    write_tiny(tmp_path, runs=1)
    [found] = quantities(tmp_path, 1, odd=3)
    assert "well A4" in found
    assert "in proportion to the others of SIM-000001-IG" in found
