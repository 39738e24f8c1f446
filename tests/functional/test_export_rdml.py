"""``mrdq export rdml``: what is written, what is said to be left out, and what is refused."""

from __future__ import annotations

import csv
import zipfile
from pathlib import Path

import pytest
from exports import rotor_gene
from small_study import (
    EXPORT,
    LAYOUT,
    RUN,
    SAMPLE,
    Rows,
    accepted,
    change,
    mrdq,
    read_rows,
    refused,
    replace_text,
    set_cell,
    table,
    tree,
)
from test_channels import with_channel
from tiny import write_tiny

from mrdq.instruments import read_export

OTHER = "SIM-000002"
RUNS, SAMPLES, ASSAYS = (f"config/{sheet}.tsv" for sheet in ("runs", "samples", "assays"))
CHANGED = "The sheets changed after the results were made: run mrdq run again."


def document(study: Path, run: str = RUN, folder: str = "results/rdml") -> str:
    with zipfile.ZipFile(study / folder / f"{run}.rdml") as archive:
        return archive.read("rdml_data.xml").decode()


def drop(path: Path, name: str) -> None:
    def kept(rows: Rows) -> Rows:
        return [row for row in rows if row[0] != name]

    change(path, kept)


@pytest.fixture
def one_failed(study: Path) -> Path:
    """The second of two runs could not be read; the first has its results."""
    replace_text(study / f"data/{OTHER}.csv", "Undetermined", "perhaps")
    mrdq("ingest", study)
    return study


def as_rotor(study: Path) -> None:
    """The first run, as a Rotor-Gene writes it: up to 72 tubes, the target named by its analysis."""
    rows = [row for row in read_rows(study / EXPORT, ",")[1:] if row[1] != "ALB"]
    wells = [f"{letter}{number}" for letter in "IHGFEDCBA" for number in range(8, 0, -1)]
    place = dict(zip((row[0] for row in rows), wells, strict=False))
    printed = [
        rotor_gene.row(place[well], sample, "Unknown", cq if cq[0].isdigit() else "")
        for well, _, cq, sample, *_ in rows
    ]
    lines = [*rotor_gene.HEADING, *rotor_gene.table("Cycling A.FAM (Page 1)", rotor_gene.COLUMNS, printed)]  # fmt: skip
    (study / EXPORT).write_bytes(rotor_gene.text([*lines, [], []], ","))
    change(study / LAYOUT, lambda all_rows: [all_rows[0], *([place[row[0]], *row[1:]] for row in all_rows[1:] if row[0] in place)])  # fmt: skip


def test_every_run_is_a_file_and_a_person_is_told_what_is_in_it(study: Path) -> None:
    accepted(study)
    outcome = mrdq("export", "rdml", study)
    assert outcome.code == 0
    assert outcome.out.splitlines() == [
        str(study / f"results/rdml/{run}.rdml") for run in (RUN, OTHER)
    ]
    assert "patient ids, timepoints and dates" in outcome.err
    assert "not written" not in outcome.err
    for told in ("P-SIM-000001", "post-A1", "2014-11-01", "BM", "2015-01-05", "cycler"):
        assert told in document(study)


def test_sheet_data_can_stay_at_home(study: Path) -> None:
    accepted(study)
    outcome = mrdq("export", "rdml", study, "--without-sheet-data")
    assert outcome.code == 0
    assert "note" not in outcome.err
    text = document(study)
    for kept_back in ("P-SIM", "post-", "2014-", "2015-", "BM", "cycler", "runDate"):
        assert kept_back not in text
    assert SAMPLE in text
    full = mrdq("export", "rdml", study, "--to", study / "full")
    assert full.code == 0
    exports = [read_export((study / folder / f"{RUN}.rdml").read_bytes(), "run.rdml")
               for folder in ("results/rdml", "full")]  # fmt: skip
    rows = [list(zip(e.well, e.target, e.sample, e.task, map(repr, e.cq), strict=True)) for e in exports]  # fmt: skip
    assert rows[0] == rows[1]


def test_the_instrument_is_the_exports_where_the_sheet_has_none(study: Path) -> None:
    accepted(study)
    set_cell(study / "results/runs.tsv", 2, "instrument", "Cycler of the export")
    mrdq("export", "rdml", study)
    assert "<instrument>cycler</instrument>" in document(study)
    set_cell(study / RUNS, 2, "instrument", "")
    mrdq("export", "rdml", study)
    assert "<instrument>Cycler of the export</instrument>" in document(study)


def test_a_run_that_could_not_be_read_is_named(one_failed: Path) -> None:
    outcome = mrdq("export", "rdml", one_failed)
    assert outcome.code == 0
    assert outcome.out.splitlines() == [str(one_failed / f"results/rdml/{RUN}.rdml")]
    [line] = [line for line in outcome.err.splitlines() if line.startswith("not written")]
    start = f"not written: {OTHER}, could not be read: data/{OTHER}.csv"
    assert line.startswith(start)
    assert 'found "perhaps"' in line
    assert len(line) < len(start) + 200


def test_where_no_run_could_be_read_all_are_named(one_failed: Path) -> None:
    replace_text(one_failed / EXPORT, "Undetermined", "perhaps")
    mrdq("ingest", one_failed)
    outcome = mrdq("export", "rdml", one_failed)
    assert (outcome.code, outcome.out) == (0, "")
    assert outcome.err.count("not written: SIM-") == 2


def test_a_run_that_could_not_be_read_is_refused_by_name(one_failed: Path) -> None:
    outcome = mrdq("export", "rdml", one_failed, "--run", OTHER)
    assert outcome.code == 2
    [problem] = outcome.problems
    assert problem.startswith(
        f'error: --run: found "{OTHER}", expected a run that could be read. It could not be read: '
    )
    assert 'found "perhaps"' in problem
    assert not (one_failed / "results/rdml").exists()
    assert mrdq("export", "rdml", one_failed, "--run", RUN).err.count("not written") == 0


def test_a_run_that_is_not_in_the_results_is_named(study: Path) -> None:
    accepted(study)
    change(study / RUNS, lambda rows: [*rows, ["NEW", f"data/{OTHER}.csv", *rows[2][2:]]])
    outcome = mrdq("export", "rdml", study)
    assert outcome.code == 0
    assert "not written: NEW, not in the results: run mrdq run again" in outcome.err
    assert mrdq("export", "rdml", study, "--run", "NEW").code == 2
    assert mrdq("export", "rdml", study, "--run", "NONE").problems == [
        f'error: --run: found "NONE", expected one of {RUN}, {OTHER}'
    ]


def test_without_results_the_remedy_is_to_read_the_exports(study: Path) -> None:
    outcome = mrdq("export", "rdml", study)
    assert outcome.code == 2
    assert "Read the exports first (mrdq ingest STUDY)." in outcome.err


@pytest.mark.parametrize(
    ("sheet", "name", "column"), [(SAMPLES, SAMPLE, "sample_id"), (RUNS, RUN, "run_id")]
)
def test_sheets_that_changed_after_the_results_are_refused(
    study: Path, sheet: str, name: str, column: str
) -> None:
    accepted(study)
    before = tree(study / "results")
    drop(study / sheet, name)
    outcome = mrdq("export", "rdml", study)
    assert outcome.code == 2
    assert outcome.problems == [
        f"error: {sheet}, column {column}: found nothing, expected {name}, which the results hold. {CHANGED}"
    ]
    assert tree(study / "results") == before
    other = mrdq("export", "rdml", study, "--run", OTHER)
    assert other.code == 0


def test_a_target_that_the_sheet_lost_is_refused(study: Path) -> None:
    accepted(study)
    drop(study / ASSAYS, f"{OTHER}-IG")
    outcome = mrdq("export", "rdml", study)
    assert outcome.code == 2
    assert f"expected {OTHER}-IG, which the results hold. {CHANGED}" in outcome.err


def test_a_rotor_is_read_back_with_the_same_wells(study: Path) -> None:
    as_rotor(study)
    mrdq("ingest", study)
    runs = {row["run_id"]: row for row in table(study / "results/runs.tsv")}
    assert runs[RUN]["format"] == "rotor_gene", runs[RUN]["message"]
    assert mrdq("export", "rdml", study).code == 0
    source = read_export((study / EXPORT).read_bytes(), "run.csv")
    back = read_export((study / f"results/rdml/{RUN}.rdml").read_bytes(), "run.rdml")
    cq = dict(zip(source.well, map(repr, source.cq), strict=True))
    assert dict(zip(back.well, map(repr, back.cq), strict=True)) == cq
    assert "I8" in cq
    assert "<rows>9</rows>" in document(study)
    assert "<rows>8</rows>" in document(study, OTHER)


def test_unused_dyes_of_a_well_are_left_out(tmp_path: Path) -> None:
    """Three dyes, of which the layout uses one: our tables cannot tell the other two apart."""
    write_tiny(tmp_path, runs=1)
    export = tmp_path / EXPORT
    with export.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    cells = [[row["well"], row["cq"] if row["cq"][:1].isdigit() else ""] for row in rows]
    head = "Pos\tName\tCt FAM\tCt VIC\tCt ROX\n"
    body = "".join(f"{well}\tx\t{cq}\t{cq}\t{cq}\n" for well, cq in cells)
    export.write_text(head + body, encoding="utf-8")
    with_channel(tmp_path / LAYOUT, "VIC")
    assert mrdq("run", tmp_path).code == 0
    outcome = mrdq("export", "rdml", tmp_path)
    assert outcome.code == 0
    [path] = (tmp_path / "results/rdml").iterdir()
    again = read_export(path.read_bytes(), path.name)
    assert len(again.well) == len(cells)


def test_units_that_a_file_states_are_not_overruled(tmp_path: Path) -> None:
    """Read as ng, a dilution of 0.1 would be another dilution, and every level wrong."""
    first, second = tmp_path / "first", tmp_path / "second"
    for study in (first, second):
        write_tiny(study, runs=1, layouts=False)
    accepted(first)
    assert mrdq("export", "rdml", first).code == 0
    rdml = (first / "results/rdml/SIM-000001.rdml").read_bytes()
    (second / "data/run.rdml").write_bytes(rdml)
    set_cell(second / "config/runs.tsv", 2, "export", "data/run.rdml")
    problems = refused(second).problems
    expected = "expected standard_quantity: dilution for mrd, as the export states"
    assert all(expected in one for one in problems)
    replace_text(second / "config/config.yaml", "  standard_quantity: ng\n", "")
    accepted(second)
    same = ("call", "mrd_level", "quantitative_range", "sensitivity", "mean_cq")
    calls = [table(study / "results/calls.tsv") for study in (first, second)]
    before, after = ([[row[name] for name in same] for row in rows] for rows in calls)
    assert before == after


@pytest.mark.parametrize("folder", ["data", "config/x", "audit/records", "."])
def test_no_input_is_written_over(study: Path, folder: str) -> None:
    """A copy named after its run may be named like the run's export."""
    mrdq("run", study)
    before = {path: path.read_bytes() for path in (study / "data").iterdir()}
    outcome = mrdq("export", "rdml", study, "--to", study / folder)
    assert (outcome.code == 2) == (folder != ".")
    if folder != ".":
        assert f'found "a place in {folder.partition("/")[0]}/"' in outcome.err
    assert {path: path.read_bytes() for path in (study / "data").iterdir()} == before
