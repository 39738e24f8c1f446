"""Wrong sheets, layouts, settings, rule sets, protocols and exports: a message, never a traceback.

Every message names file, row, column, what was found and what was expected; both ``check`` and
``run`` refuse, and ``run`` writes nothing.
"""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from small_study import (
    CONFIG,
    EXPORT,
    LAYOUT,
    RUN,
    SAMPLE,
    TARGET,
    accepted,
    change,
    copy,
    mrdq,
    read_rows,
    refused,
    rename,
    replace_text,
    set_cell,
    set_key,
    table,
    write_rows,
)
from tiny import write_tiny

RUNS, SAMPLES = "config/runs.tsv", "config/samples.tsv"
ASSAYS, PATIENTS = "config/assays.tsv", "config/patients.tsv"
RULES = "guidelines/lab.yaml"


def only(
    problems: list[str], *, file: str, row: int | None, column: str, found: str, expected: str
) -> None:
    """One problem says all five parts."""
    place = ", ".join(
        [file, *([f"row {row}"] if row else []), *([f"column {column}"] if column else [])]
    )
    what = f'found "{found}"' if found else "found nothing"
    start = f"error: {place}: {what}, expected "
    matching = [problem for problem in problems if problem.startswith(start)]
    assert matching, f"no problem starts with {start!r} in {problems}"
    assert expected in matching[0].partition(", expected ")[2]


# (sheet, row, column, bad value, a word of what is expected)
CELLS = [
    (RUNS, 2, "run_id", "", "the run's id"),
    (RUNS, 3, "run_id", RUN, "also in row 2"),
    (RUNS, 2, "export", "", "instrument's file"),
    (RUNS, 2, "export", "/data/run.csv", "inside the study"),
    (RUNS, 2, "export", "data/../../run.csv", "inside the study"),
    (RUNS, 2, "export", "C:\\run.csv", "inside the study"),
    (RUNS, 2, "export", "data/none.csv", "a file"),
    (RUNS, 2, "export", "data", "a file"),
    (RUNS, 2, "layout", "/layout.tsv", "inside the study"),
    (RUNS, 2, "layout", "../layout.tsv", "inside the study"),
    (RUNS, 2, "layout", "config/layouts/none.tsv", "a file"),
    (RUNS, 2, "layout", "config/layouts", "a file"),
    (RUNS, 2, "format", "quantstudio", "applied_biosystems"),
    (RUNS, 2, "performed_on", "05.01.2015", "YYYY-MM-DD"),
    (RUNS, 2, "performed_on", "2015-02-29", "YYYY-MM-DD"),
    (RUNS, 2, "performed_on", "20150105", "YYYY-MM-DD"),
    (RUNS, 2, "performed_on", "2015-1-5", "YYYY-MM-DD"),
    (RUNS, 2, "performed_on", "2015-W01-1", "YYYY-MM-DD"),
    (SAMPLES, 2, "sample_id", "", "the sample's id"),
    (SAMPLES, 3, "sample_id", SAMPLE, "also in row 2"),
    (SAMPLES, 2, "patient_id", "", "the patient's id"),
    (SAMPLES, 2, "patient_id", "P-404", "a patient of config/patients.tsv"),
    (SAMPLES, 2, "timepoint", "", "the timepoint"),
    (SAMPLES, 2, "collected_on", "1/11/2014", "YYYY-MM-DD"),
    (SAMPLES, 2, "collected_on", "2014-11-31", "YYYY-MM-DD"),
    (ASSAYS, 2, "target", "", "the target's name"),
    (ASSAYS, 3, "target", TARGET, "also in row 2"),
    (ASSAYS, 2, "kind", "", "mrd or control_gene"),
    (ASSAYS, 2, "kind", "MRD", "mrd, control_gene"),
    (ASSAYS, 2, "patient_id", "", "the patient whose clone"),
    (ASSAYS, 2, "patient_id", "P-404", "a patient of config/patients.tsv"),
    (ASSAYS, 2, "locus", "IgH", "IGH"),
    (ASSAYS, 2, "dna_per_well", "", "600 ng"),
    (ASSAYS, 2, "dna_per_well", "600", "with its unit"),
    (ASSAYS, 2, "dna_per_well", "600 ngs of DNA", "a unit of an amount of DNA"),
    (ASSAYS, 2, "dna_per_well", "600 ml", "a unit of an amount of DNA"),
    (ASSAYS, 2, "dna_per_well", "600 ng(", "a unit of an amount of DNA"),
    (ASSAYS, 2, "dna_per_well", "600 ng*", "a unit of an amount of DNA"),
    (ASSAYS, 2, "dna_per_well", "600 ng/0", "a unit of an amount of DNA"),
    (ASSAYS, 2, "dna_per_well", "600 ng?", "a unit of an amount of DNA"),
    (ASSAYS, 2, "dna_per_well", "600 ng%", "a unit of an amount of DNA"),
    (ASSAYS, 2, "dna_per_well", "600 ng # nominal", "a unit of an amount of DNA"),
    (ASSAYS, 2, "dna_per_well", "600,000 ng", "decimal comma or a thousands separator"),
    (ASSAYS, 2, "dna_per_well", "1,000.5 ng", "no thousands separator"),
    (ASSAYS, 2, "dna_per_well", "-600 ng", "an amount of DNA"),
    (ASSAYS, 2, "dna_per_well", "0 ng", "greater than 0"),
    (ASSAYS, 2, "dna_per_well", "1e999 ng", "an amount of DNA"),
    (ASSAYS, 2, "control_gene", "GAPDH", "control_gene (ALB)"),
    (ASSAYS, 2, "control_gene", TARGET, "control_gene (ALB)"),
    (ASSAYS, 2, "blast_fraction", "85", "a fraction greater than 0"),
    (ASSAYS, 2, "blast_fraction", "0", "a fraction greater than 0"),
    (ASSAYS, 2, "blast_fraction", "0,8,5", "no thousands separator"),
    (ASSAYS, 2, "blast_fraction", "nan", "a fraction greater than 0"),
    (ASSAYS, 2, "blast_fraction", "most", "a fraction greater than 0"),
    (PATIENTS, 2, "patient_id", "", "the patient's id"),
    (PATIENTS, 3, "patient_id", "P-SIM-000001", "also in row 2"),
    (PATIENTS, 2, "protocol", "all-mrd2O19", "all-mrd2019"),
    (PATIENTS, 2, "age", "old", "an age in years"),
    (PATIENTS, 2, "age", "-1", "an age in years"),
    (PATIENTS, 2, "age", "131", "an age in years"),
    (PATIENTS, 2, "age", "nan", "an age in years"),
    (PATIENTS, 2, "age", "45,5", "an age in years"),
    (PATIENTS, 2, "start_on", "27 Sep 2014", "YYYY-MM-DD"),
    (PATIENTS, 2, "start_on", "2014-W39-6", "YYYY-MM-DD"),
    (PATIENTS, 2, "last_contact_on", "2015-11", "YYYY-MM-DD"),
    (PATIENTS, 2, "last_contact_on", "2001-11-01", "on or after start_on"),
    (PATIENTS, 2, "dead", "yes", "0 (no) or 1 (yes)"),
    (PATIENTS, 2, "dead", "2", "0 (no) or 1 (yes)"),
    (PATIENTS, 2, "relapse_on", "never", "YYYY-MM-DD"),
    (PATIENTS, 2, "relapse_on", "2001-01-01", "on or after start_on"),
    (PATIENTS, 2, "relapse_on", "2030-01-01", "on or before last_contact_on"),
    (PATIENTS, 2, "transplant_on", "?", "YYYY-MM-DD"),
    (PATIENTS, 2, "transplant_on", "2030-01-01", "on or before last_contact_on"),
    (LAYOUT, 2, "well", "", "the well"),
    (LAYOUT, 2, "well", "Q1", "a well from A1 to P24"),
    (LAYOUT, 2, "well", "AG1", "a well from A1 to AF48"),
    (LAYOUT, 2, "well", "A25", "a well from A1 to P24"),
    (LAYOUT, 2, "well", "A49", "a well from A1 to AF48"),
    (LAYOUT, 2, "well", "1A", "a well from A1 to AF48"),
    (LAYOUT, 2, "target", "", "the target of a well"),
    (LAYOUT, 2, "target", "SIM-1-IG", "a target of the assays sheet"),
    (LAYOUT, 2, "role", "", "one of standard"),
    (LAYOUT, 2, "role", "STANDARD", "one of standard"),
    (LAYOUT, 2, "role", "probe", "one of standard"),
    (LAYOUT, 2, "dilution", "", "the dilution of a standard"),
    (LAYOUT, 2, "dilution", "0", "greater than 0 and at most 1"),
    (LAYOUT, 2, "dilution", "10", "greater than 0 and at most 1"),
    (LAYOUT, 2, "dilution", "-0.1", "a dilution such as"),
    (LAYOUT, 2, "dilution", "1:0", "a dilution such as"),
    (LAYOUT, 2, "dilution", "1:1,000", "decimal comma or a thousands separator"),
    (LAYOUT, 2, "dilution", "1:10.000", "a dilution such as"),
    (LAYOUT, 2, "dilution", "1/10", "a dilution such as"),
    (LAYOUT, 2, "dilution", "01:10:00", "a dilution such as"),
    (LAYOUT, 2, "dilution", "undiluted", "a dilution such as"),
    (LAYOUT, 2, "quantity", "60", "with its unit"),
    (LAYOUT, 2, "quantity", "60 ng DNA", "a unit of an amount of DNA"),
    (LAYOUT, 2, "quantity", "60 ng)", "a unit of an amount of DNA"),
    (LAYOUT, 2, "exclude", "false", "a reason"),
]  # fmt: skip


@pytest.mark.parametrize(("sheet", "row", "column", "value", "expected"), CELLS)
def test_wrong_cell(
    study: Path, sheet: str, row: int, column: str, value: str, expected: str
) -> None:
    set_cell(study / sheet, row, column, value)
    only(
        refused(study).problems, file=sheet, row=row, column=column, found=value, expected=expected
    )


def layout_row(study: Path, role: str, target: str = TARGET) -> int:
    rows = read_rows(study / LAYOUT)
    return next(n for n, row in enumerate(rows, 1) if row[1:3] == [target, role])


@pytest.mark.parametrize(
    ("role", "target", "column", "value", "found", "expected"),
    [
        ("sample", TARGET, "sample_id", "", "", "the sample_id of a well"),
        ("sample", TARGET, "sample_id", "S-404", "S-404", "a sample of the samples sheet"),
        ("sample", TARGET, "sample_id", "SIM-000002-A1", "SIM-000002-A1 of patient P-SIM-000002", "a sample of patient P-SIM-000001"),
        ("standard", "ALB", "quantity", "", "", "the quantity of a control gene's standard"),
        ("standard", "ALB", "quantity", "600.000,0 ng", "600.000,0 ng", "no thousands separator"),
        ("standard", "ALB", "quantity", "600 nM", "600 nM", "a unit of an amount of DNA"),
    ],
)  # fmt: skip
def test_wrong_cell_of_a_role(
    study: Path, role: str, target: str, column: str, value: str, found: str, expected: str
) -> None:
    row = layout_row(study, role, target)
    set_cell(study / LAYOUT, row, column, value)
    only(
        refused(study).problems, file=LAYOUT, row=row, column=column, found=found, expected=expected
    )


REQUIRED = [
    (RUNS, "run_id"), (RUNS, "export"), (SAMPLES, "sample_id"), (SAMPLES, "patient_id"), (SAMPLES, "timepoint"),
    (ASSAYS, "target"), (ASSAYS, "kind"), (PATIENTS, "patient_id"), (LAYOUT, "well"), (LAYOUT, "target"),
    (LAYOUT, "role"),
]  # fmt: skip


@pytest.mark.parametrize(("sheet", "column"), REQUIRED)
def test_missing_column(study: Path, sheet: str, column: str) -> None:
    change(
        study / sheet,
        lambda rows: [[f"was {column}" if c == column else c for c in row] for row in rows],
    )
    header = ", ".join(read_rows(study / sheet)[0])
    only(
        refused(study).problems,
        file=sheet,
        row=1,
        column=column,
        found=header,
        expected=f"a column {column}",
    )


@pytest.mark.parametrize(("sheet", "column"), [(RUNS, "lot"), (SAMPLES, "material"), (ASSAYS, "locus"),
                                               (PATIENTS, "age"), (LAYOUT, "dilution")])  # fmt: skip
def test_duplicate_header(study: Path, sheet: str, column: str) -> None:
    change(
        study / sheet,
        lambda rows: [[*row, column if n == 0 else "x"] for n, row in enumerate(rows)],
    )
    only(
        refused(study).problems,
        file=sheet,
        row=1,
        column=column,
        found=column,
        expected="every column once",
    )


@pytest.mark.parametrize("sheet", [RUNS, SAMPLES, ASSAYS, PATIENTS, LAYOUT])
def test_cells_beyond_the_header(study: Path, sheet: str) -> None:
    change(
        study / sheet,
        lambda rows: [row if n != 1 else [*row, "more"] for n, row in enumerate(rows)],
    )
    width = len(read_rows(study / sheet)[0])
    only(
        refused(study).problems,
        file=sheet,
        row=2,
        column="",
        found=str(width + 1),
        expected=f"at most {width} cells",
    )


@pytest.mark.parametrize("sheet", [RUNS, SAMPLES, ASSAYS, PATIENTS])
@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (None, "a file"),
        (b"", "a header row"),
        (b"\n \n\t\t\n", "a header row"),
        (bytes(range(256)) * 4, "UTF-8"),
        (b"a\0b\tc\n", "text sheet or an .xlsx workbook"),
        (b"PK\x03\x04 no workbook at all", "a whole archive"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 no workbook", "a workbook that can be read"),
        ("name\tPatientin Müller\n".encode("cp1252"), "UTF-8"),
        ("run_id\texport\n".encode("utf-16")[:-1] + b"\xd8\xd8", "UTF"),
        (b'run_id\t"export\nR1\tdata\n', "quotes that are closed"),
    ],
)  # fmt: skip
def test_file_that_is_no_sheet(
    study: Path, sheet: str, content: bytes | None, expected: str
) -> None:
    (study / sheet).unlink()
    if content is not None:
        (study / sheet).write_bytes(content)
    [problem, *_] = refused(study).problems
    assert problem.startswith(f"error: {sheet}")
    assert expected in problem.partition(", expected ")[2]


@pytest.mark.parametrize("sheet", [RUNS, SAMPLES, ASSAYS, PATIENTS, CONFIG])
def test_folder_where_a_file_is_expected(study: Path, sheet: str) -> None:
    (study / sheet).unlink()
    (study / sheet).mkdir()
    [problem] = refused(study).problems
    assert problem.startswith(f"error: {sheet}: ")
    assert "expected a file" in problem or "expected a readable text file" in problem


def workbook(path: Path, sheets: dict[str, list[list[Any]]]) -> None:
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for name, rows in sheets.items():
        made = book.create_sheet(name)
        for row in rows:
            made.append(row)
    book.save(path)


def to_workbook(study: Path, sheet: str = "samples", name: str = "Samples") -> list[list[Any]]:
    """Move a sheet to a workbook of two worksheets; returns its rows."""
    rows: list[list[Any]] = [list(row) for row in read_rows(study / f"config/{sheet}.tsv")]
    workbook(study / "config/book.xlsx", {name: rows, "Notes": [["nothing"]]})
    set_key(study, sheet, f"config/book.xlsx#{name}")
    return rows


def test_workbook_gives_what_the_text_gives(study: Path) -> None:
    accepted(study)
    before = (study / "results/status.tsv").read_bytes()
    to_workbook(study)
    accepted(study)
    assert (study / "results/status.tsv").read_bytes() == before


@pytest.mark.parametrize(
    ("worksheet", "found", "expected"),
    [
        ("#samples", "samples", "one of the worksheets Samples, Notes"),
        ("", "", "the name of one worksheet after #"),
    ],
)
def test_wrong_worksheet(study: Path, worksheet: str, found: str, expected: str) -> None:
    to_workbook(study)
    set_key(study, "samples", f"config/book.xlsx{worksheet}")
    [problem] = refused(study).problems
    assert problem.startswith(f"error: config/book.xlsx{worksheet}: ")
    assert (f'found "{found}"' if found else "found nothing") in problem
    assert expected in problem


@pytest.mark.parametrize(
    ("cell", "found", "made"),
    [
        (7, "7", "a number"),
        (1e5, "100000", "a number"),
        (1.5, "1.5", "a number"),
        (True, "true", "a truth value"),
        (False, "false", "a truth value"),
        (dt.date(2024, 3, 1), "2024-03-01", "a date"),
        (dt.datetime(2024, 3, 1, 12, 30), "2024-03-01T12:30:00", "a date"),
        (dt.time(10, 30), "10:30:00", "a date"),
        (dt.timedelta(hours=30), "1 day, 6:00:00", "a date"),
    ],
)
@pytest.mark.parametrize("column", ["sample_id", "patient_id", "timepoint"])
def test_id_that_a_spreadsheet_changed(
    study: Path, cell: Any, found: str, made: str, column: str
) -> None:
    rows = to_workbook(study)
    rows[1][rows[0].index(column)] = cell
    workbook(study / "config/book.xlsx", {"Samples": rows, "Notes": [["nothing"]]})
    problems = refused(study).problems
    only(
        problems,
        file="config/book.xlsx#Samples",
        row=2,
        column=column,
        found=found,
        expected="text",
    )
    assert any(f"made {made} of this id" in problem for problem in problems)


@pytest.mark.parametrize("column", ["target", "sample_id"])
def test_id_that_a_spreadsheet_changed_in_a_layout(study: Path, column: str) -> None:
    rows: list[list[Any]] = [list(row) for row in read_rows(study / LAYOUT)]
    at = layout_row(study, "sample")
    rows[at - 1][rows[0].index(column)] = 7
    workbook(study / "config/layouts/one.xlsx", {"Sheet": rows})
    set_cell(study / RUNS, 2, "layout", "config/layouts/one.xlsx")
    problems = refused(study).problems
    only(
        problems, file="config/layouts/one.xlsx", row=at, column=column, found="7", expected="text"
    )


def test_exclude_that_is_a_truth_value_of_a_spreadsheet(study: Path) -> None:
    """FALSE in the column exclude means "not left out" to whoever typed it."""
    rows: list[list[Any]] = [list(row) for row in read_rows(study / LAYOUT)]
    for row in rows[1:]:
        row[-1] = False
    workbook(study / "config/layouts/one.xlsx", {"Sheet": rows})
    set_cell(study / RUNS, 2, "layout", "config/layouts/one.xlsx")
    problems = refused(study).problems
    only(
        problems,
        file="config/layouts/one.xlsx",
        row=2,
        column="exclude",
        found="false",
        expected="a reason",
    )


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study with its results."""
    study = tmp_path_factory.mktemp("done") / "study"
    write_tiny(study)
    accepted(study)
    return study


AWKWARD = ["007", "1E5", "NA", "TRUE", "MAR-1", "nan", "1.0", "1,5", "Ä/ö", "-7", "<b>&amp;"]


@pytest.mark.parametrize("awkward", AWKWARD)
def test_ids_stay_as_written(study: Path, awkward: str) -> None:
    old = {"sample_id": SAMPLE, "patient_id": "P-SIM-000001", "target": TARGET}
    new = {"sample_id": f"{awkward}", "patient_id": f"{awkward}", "target": f"{awkward}"}
    for path in [*(study / "config").rglob("*.tsv")]:
        change(
            path,
            lambda rows: [
                [{old[k]: new[k] for k in old}.get(cell, cell) for cell in row] for row in rows
            ],
        )
    change_csv(study / EXPORT, {old[k]: new[k] for k in old})
    set_cell(study / RUNS, 2, "run_id", awkward)
    accepted(study)
    calls = table(study / "results/calls.tsv")
    assert [awkward] * 4 in [
        [c["run_id"], c["target"], c["sample_id"], c["patient_id"]] for c in calls
    ]
    status = table(study / "results/status.tsv")
    assert [awkward, awkward] in [[s["patient_id"], s["deciding_target"]] for s in status]
    assert awkward in {row["patient_id"] for row in table(study / "results/survival.tsv")}
    assert awkward in {row["run_id"] for row in table(study / "results/runs.tsv")}
    explained = mrdq("explain", study, "--run", awkward, "--target", awkward, "--sample", awkward)
    assert explained.code == 0
    assert explained.out.startswith(
        f"{awkward} ({awkward}, post-A1), target {awkward}, run {awkward}\n"
    )


def change_csv(path: Path, words: dict[str, str]) -> None:
    write_rows(path, [[words.get(c, c) for c in row] for row in read_rows(path, ",")], ",")


def test_white_space_around_an_id_is_dropped(study: Path) -> None:
    rename_cells = {SAMPLE: f"  {SAMPLE} "}
    change(
        study / SAMPLES,
        lambda rows: [[rename_cells.get(cell, cell) for cell in row] for row in rows],
    )
    accepted(study)
    assert SAMPLE in {row["sample_id"] for row in table(study / "results/calls.tsv")}


def test_ids_that_differ_in_case_are_two(study: Path) -> None:
    set_cell(study / SAMPLES, 2, "sample_id", SAMPLE.lower())
    problems = refused(study).problems
    assert all(
        f'found "{SAMPLE}", expected a sample of the samples sheet' in problem
        for problem in problems
    )


CONFIGS = [
    ("study", "", "study", "None", "name of the study"),
    ("study", "[a, b]", "study", "['a', 'b']", "name of the study"),
    ("study", "007", "study", "7", "name of the study"),
    ("notice", "{a: b}", "notice", "{'a': 'b'}", "a sentence"),
    ("runs", "5", "runs", "5", "runs sheet"),
    ("runs", "/etc/runs.tsv", "runs", "/etc/runs.tsv", "inside the study"),
    ("samples", "../samples.tsv", "samples", "../samples.tsv", "inside the study"),
    ("assays", "a/../../assays.tsv", "assays", "a/../../assays.tsv", "inside the study"),
    ("patients", "'C:\\patients.tsv'", "patients", "C:\\patients.tsv", "inside the study"),
    ("guideline", "5", "guideline", "5", "id of a rule set"),
    ("guideline", "{}", "guideline", "{}", "id of a rule set"),
    ("guideline", "euromrd-2007", "guideline", "euromrd-2007", "euromrd-2007-therapy-reduction"),
    ("guideline", "{all-mrd2019: euromrd-2024}", "guideline", "all-mrd2019", "a rule set for protocol all-mrd2023"),
    ("protocol", "[x]", "protocol", "['x']", "id of the protocol"),
    ("protocol", "all", "protocol", "all", "all-mrd2019"),
    ("results", "../results", "results", "../results", "inside the study"),
    ("results", "/results", "results", "/results", "inside the study"),
    ("results", ".", "results", ".", "a folder of its own"),
    ("results", "./config", "results", "./config", "a folder of its own"),
    ("results", "data", "results", "data", "a folder of its own"),
    ("results", "config/layouts", "results", "config/layouts", "a folder of its own"),
    ("control_gene", "maybe", "control_gene", "maybe", "whether a result needs a control gene"),
    ("control_gene", "yes", "control_gene", "True", "whether a result needs a control gene"),
    ("runs_per_job", "0", "runs_per_job", "0", "most runs in one Snakemake job"),
    ("runs_per_job", "many", "runs_per_job", "many", "most runs in one Snakemake job"),
    ("runs_per_job", "1.5", "runs_per_job", "1.5", "most runs in one Snakemake job"),
    ("layout_rules", "none", "layout_rules", "none", "roles of runs without a layout"),
    ("layout_rules", "{backgruond: x}", "layout_rules.backgruond", "backgruond", "background"),
    ("layout_rules", "{background: '('}", "layout_rules.background", "(", "a regular expression"),
    ("layout_rules", "{ntc: 'a{99999999999}'}", "layout_rules.ntc", "a{99999999999}", "a regular expression"),
    ("layout_rules", "{ntc: ''}", "layout_rules.ntc", "", ""),
    ("layout_rules", "{standard_quantity: copies}", "layout_rules.standard_quantity", "copies", "standard quantities"),
    ("guidline", "x", "guidline", "guidline", "guideline"),
]  # fmt: skip


@pytest.mark.parametrize(("key", "value", "column", "found", "expected"), CONFIGS)
def test_wrong_setting(
    study: Path, key: str, value: str, column: str, found: str, expected: str
) -> None:
    if key == "protocol":
        change(
            study / PATIENTS,
            lambda rows: [[c.replace("all-mrd2019", "") for c in row] for row in rows],
        )
    set_key(study, key, value)
    only(
        refused(study).problems,
        file=CONFIG,
        row=None,
        column=column,
        found=found,
        expected=expected,
    )


@pytest.mark.parametrize("key", ["study", "runs", "samples", "assays", "guideline"])
def test_missing_setting(study: Path, key: str) -> None:
    path = study / CONFIG
    lines = [line for line in path.read_text().splitlines() if not line.startswith(f"{key}:")]
    path.write_text("\n".join(lines))
    only(
        refused(study).problems,
        file=CONFIG,
        row=None,
        column="",
        found="",
        expected=f"the key {key}",
    )


@pytest.mark.parametrize(
    ("content", "row", "expected"),
    [
        ("study: [a\nruns: b\n", 2, "valid YAML"),
        ("study: a\n\tb: c\n", 2, "valid YAML"),
        ("study: a\nruns: b\nstudy: c\n", None, "valid YAML"),
        ("study: !!python/object:os.system {}\n", 1, "valid YAML"),
        ("study: *none\n", 1, "valid YAML"),
        ("study: !!int many\n", 1, "valid YAML"),
        ("study: 0b_\n", 1, "valid YAML"),
        ("study: !!timestamp now\n", 1, "valid YAML"),
        ("? {a: b}\n: c\n", 1, "valid YAML"),
        ("", None, ""),
        ("- a\n- b\n", None, ""),
        ("just words\n", None, ""),
        ("study: \x07\n", None, "valid YAML"),
        ("a: b\n---\nc: d\n", None, "valid YAML"),
        ("[" * 20000, None, "valid YAML"),
    ],
)  # fmt: skip
def test_config_that_is_no_yaml_of_ours(
    study: Path, content: str, row: int | None, expected: str
) -> None:
    (study / CONFIG).write_text(content)
    [problem, *_] = refused(study).problems
    assert problem.startswith(f"error: {CONFIG}, row {row}: " if row else f"error: {CONFIG}")
    assert expected in problem.partition(", expected ")[2]


def test_config_in_another_encoding(study: Path) -> None:
    (study / CONFIG).write_bytes("study: Universität\n".encode("cp1252"))
    [problem] = refused(study).problems
    assert problem.startswith(f"error: {CONFIG}: ")
    assert "expected a readable text file in UTF-8" in problem


@pytest.mark.parametrize("word", ['"a\\0b"', "x" * 5000])
@pytest.mark.parametrize("key", ["runs", "guideline"])
def test_names_that_no_file_can_have(study: Path, key: str, word: str) -> None:
    set_key(study, key, word)
    assert refused(study).problems


def test_guideline_that_is_the_path_of_a_file(study: Path, tmp_path: Path) -> None:
    """An id is no path: nothing outside the study is read."""
    write_lab_rules(study)
    outside = tmp_path / "lab.yaml"
    outside.write_bytes((study / RULES).read_bytes())
    for name in (str(tmp_path / "lab"), "../../lab"):
        set_key(study, "guideline", name)
        problems = refused(study).problems
        assert any(f'found "{name}", expected one of ' in problem for problem in problems)


@pytest.mark.parametrize("sheet", ["runs", "samples", "assays", "patients"])
def test_results_never_replace_a_sheet(study: Path, sheet: str) -> None:
    """``results: tables`` with the runs sheet at ``tables/runs.tsv`` would overwrite it."""
    (study / "tables").mkdir()
    name = "status" if sheet != "runs" else "runs"
    (study / f"config/{sheet}.tsv").rename(study / f"tables/{name}.tsv")
    set_key(study, sheet, f"tables/{name}.tsv")
    set_key(study, "results", "tables")
    before = (study / f"tables/{name}.tsv").read_bytes()
    for verb in ("check", "run"):
        outcome = mrdq(verb, study)
        assert (study / f"tables/{name}.tsv").read_bytes() == before
        assert outcome.code == 2


def test_results_that_are_a_file(study: Path) -> None:
    (study / "results").write_text("a file of someone's")
    outcome = mrdq("run", study)
    assert outcome.code == 2
    assert (study / "results").read_text() == "a file of someone's"


LAB = """\
id: lab
version: "1"
title: our own numbers
status: final
extends: euromrd-2007-therapy-reduction
parameters:
  sample_delta_cq_maximum: {value: 1.2, grade: laboratory, source: our validation}
"""


def write_lab_rules(study: Path, text: str = LAB) -> None:
    (study / "guidelines").mkdir(exist_ok=True)
    (study / RULES).write_text(text)
    set_key(study, "guideline", "lab")


def test_rule_set_of_the_laboratory_is_taken(study: Path) -> None:
    write_lab_rules(study)
    accepted(study)
    assert {row["guideline"] for row in table(study / "results/calls.tsv")} == {"lab"}
    delta = [
        row for row in table(study / "results/evidence.tsv") if row["criterion"] == "sample_delta"
    ]
    assert {row["maximum"] for row in delta if row["maximum"]} == {"1.2"}


RULE_SETS = [
    ("id: lab", "id: other", "id", "other", "the id lab"),
    ("id: lab", "id: ../lab", "id", "../lab", "does not match"),
    ("id: lab\n", "", "", "", "the key id"),
    ('version: "1"', "version: 1", "version", "1", "is not of type 'string'"),
    ("status: final", "status: draft", "status", "draft", "provisional"),
    ("extends: euromrd-2007-therapy-reduction", "extends: lab", "", "lab > lab", "extend each other in a circle"),
    ("extends: euromrd-2007-therapy-reduction", "extends: none", "extends", "none", "euromrd-2024"),
    ("extends: euromrd-2007-therapy-reduction\n", "", "parameters", "", "the parameter background_wells_minimum"),
    ("extends:", "extend:", "extend", "extend", "one of the keys"),
    (", grade: laboratory, source: our validation", "", "parameters.sample_delta_cq_maximum", "1.2", "grade and source"),
    (", grade: laboratory", "", "parameters.sample_delta_cq_maximum", "1.2", "grade and source"),
    (", source: our validation", "", "parameters.sample_delta_cq_maximum", "1.2", "grade and source"),
    ("grade: laboratory", "grade: sure", "parameters.sample_delta_cq_maximum.grade", "sure", "laboratory"),
    ("source: our validation", "source: ''", "parameters.sample_delta_cq_maximum.source", "", ""),
    ("value: 1.2", "value: '1.2'", "parameters.sample_delta_cq_maximum.value", "1.2", "is not of type 'number'"),
    ("value: 1.2", "value: 1,2", "parameters.sample_delta_cq_maximum.2", "2", "one of the keys"),
    ("value: 1.2", "value: .nan", "parameters.sample_delta_cq_maximum.value", "nan", "number"),
    ("value: 1.2", "value: .inf", "parameters.sample_delta_cq_maximum.value", "inf", "number"),
    ("value: 1.2", "value: 1.2, bound: above", "parameters.sample_delta_cq_maximum.bound", "above", "minimum"),
    ("value: 1.2", "value: 1.2, inclusive: 1", "parameters.sample_delta_cq_maximum.inclusive", "1", "whether a value equal"),
    ("sample_delta_cq_maximum", "sample_delta_maximum", "parameters.sample_delta_maximum", "sample_delta_maximum", "sample_delta_cq_maximum"),
    ("parameters:", "calls: [positive]\nparameters:", "calls", "['positive']", "positive_quantifiable"),
    ("parameters:", "calls: []\nparameters:", "calls", "[]", "the calls it may issue"),
    ("parameters:", "calls: [positive_quantifiable, low_positive_below_range, uncertain_significance, negative, not_evaluable]\nparameters:", "calls", "", "low_positive_wells_minimum"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "column", "found", "expected"), RULE_SETS)
def test_wrong_rule_set(
    study: Path, old: str, new: str, column: str, found: str, expected: str
) -> None:
    assert old in LAB
    write_lab_rules(study, LAB.replace(old, new))
    only(
        refused(study).problems, file=RULES, row=None, column=column, found=found, expected=expected
    )


def test_rule_sets_that_extend_each_other(study: Path) -> None:
    write_lab_rules(study, LAB.replace("extends: euromrd-2007-therapy-reduction", "extends: other"))
    text = LAB.replace("id: lab", "id: other").replace(
        "extends: euromrd-2007-therapy-reduction", "extends: lab"
    )
    (study / "guidelines/other.yaml").write_text(text)
    [problem] = refused(study).problems
    assert problem.startswith("error: guidelines/")
    assert 'found "lab > other > lab"' in problem
    assert "circle" in problem


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00", b"id: [", b"id: lab\nid: lab\n", b"- a"])
def test_rule_set_that_is_no_yaml_of_ours(study: Path, content: bytes) -> None:
    write_lab_rules(study)
    (study / RULES).write_bytes(content)
    for problem in refused(study).problems:
        assert problem.startswith(f"error: {RULES}")


PROTOCOL = """\
id: ours
version: "1"
title: our protocol
timepoints:
  - {id: post-A1, next_step: {positive: more, negative: less}}
  - {id: post-C1, next_step: {positive: more, negative: less}}
response: {complete_sensitivity_maximum: 1.0e-4, failure_level_minimum: 1.0e-4}
"""


def write_protocol(study: Path, text: str = PROTOCOL) -> None:
    (study / "protocols").mkdir(exist_ok=True)
    (study / "protocols/ours.yaml").write_text(text)
    change(
        study / PATIENTS,
        lambda rows: [[c if not c.startswith("all-") else "ours" for c in row] for row in rows],
    )


def test_protocol_of_the_laboratory_is_taken(study: Path) -> None:
    write_protocol(study)
    accepted(study)
    assert {row["protocol"] for row in table(study / "results/status.tsv")} == {"ours"}
    assert {row["next_step"] for row in table(study / "results/status.tsv")} <= {
        "more",
        "less",
        "repeat",
        "",
    }


PROTOCOLS = [
    ("id: ours", "id: theirs", "id", "theirs", "the id ours"),
    ("title: our protocol\n", "", "", "", "the key title"),
    ("{id: post-C1,", "{id: post-A1,", "timepoints", "post-A1", "every timepoint once"),
    ("{id: post-C1,", "{id: '',", "timepoints.1.id", "", ""),
    ("{id: post-C1,", "{id: 1,", "timepoints.1.id", "1", "is not of type 'string'"),
    ("{id: post-C1,", "{id: post-C1, positive_statuses: [maybe],", "timepoints.1.positive_statuses.0", "maybe", "positive_quantifiable"),
    ("{id: post-C1,", "{id: post-C1, positive_from_level: -1,", "timepoints.1.positive_from_level", "-1", "a number such as 1e-4"),
    ("{id: post-C1,", "{id: post-C1, positive_from_level: .nan,", "timepoints.1.positive_from_level", "nan", "a number"),
    ("complete_sensitivity_maximum: 1.0e-4", "complete_sensitivity_maximum: 0", "response.complete_sensitivity_maximum", "0", "minimum of 0"),
    ("complete_sensitivity_maximum: 1.0e-4", "complete_sensitivity_maximum: 1:10000", "response.complete_sensitivity_maximum", "1:10000", "is not of type 'number'"),
    ("failure_level_minimum: 1.0e-4", "failure_level_minimum: .inf", "response.failure_level_minimum", "inf", "number"),
    ("title:", "titel: x\ntitle:", "titel", "titel", "one of the keys"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "column", "found", "expected"), PROTOCOLS)
def test_wrong_protocol(
    study: Path, old: str, new: str, column: str, found: str, expected: str
) -> None:
    assert old in PROTOCOL
    write_protocol(study, PROTOCOL.replace(old, new, 1))
    only(
        refused(study).problems,
        file="protocols/ours.yaml",
        row=None,
        column=column,
        found=found,
        expected=expected,
    )


# --- an id that is mistyped, beside a rule set for each protocol

TWO_RULE_SETS = "{all-mrd2019: euromrd-2024, all-mrd2023: euromrd-2024}"


def test_a_mistyped_protocol_is_to_be_mended_and_given_no_rule_set(study: Path) -> None:
    set_key(study, "guideline", TWO_RULE_SETS)
    set_cell(study / PATIENTS, 2, "protocol", "ALL-mrd2O19")
    (problem,) = refused(study).problems
    assert problem.startswith(f'error: {PATIENTS}, row 2, column protocol: found "ALL-mrd2O19", expected one of ')  # fmt: skip
    assert problem.partition(". ")[2].startswith("Did you mean all-mrd2019? Mend the id, or ")


def test_a_protocol_like_no_other_gets_no_suggestion(study: Path) -> None:
    set_cell(study / PATIENTS, 2, "protocol", "xyz")
    assert ". Mend the id, or put its file" in refused(study).problems[0]


def test_a_mistyped_protocol_of_the_rule_sets(study: Path) -> None:
    set_key(study, "guideline", "{all-mrd2O19: euromrd-2024, all-mrd2023: euromrd-2024}")
    (problem,) = refused(study).problems
    assert "expected a rule set for protocol all-mrd2019. Is all-mrd2O19 meant to be all-mrd2019? Else: Add" in problem  # fmt: skip
    # A protocol that there is is no typing mistake for another.
    set_key(study, "guideline", "{all-mrd2023: euromrd-2024}")
    assert "all-mrd2019. Add the line all-mrd2019: " in refused(study).problems[0]


# --- patients: dates to come, and trials written in two ways


@pytest.mark.parametrize(
    ("sheet", "column"),
    [(PATIENTS, "start_on"), (PATIENTS, "last_contact_on"), (SAMPLES, "collected_on")],
)
def test_a_date_to_come_is_a_warning(study: Path, sheet: str, column: str) -> None:
    for name in ("start_on", "last_contact_on", "dead"):
        set_cell(study / PATIENTS, 2, name, "")
    set_cell(study / sheet, 2, column, "2999-01-01")
    outcome = mrdq("check", study)
    assert outcome.code == 0
    start = f'warning: {sheet}, row 2, column {column}: found "2999-01-01", expected a date up to today ('
    (warning,) = [line for line in outcome.warnings if line.startswith(start)]
    assert warning.endswith("Is the year wrong?")


def test_a_date_of_today_or_before_is_none_to_come(study: Path) -> None:
    set_cell(study / PATIENTS, 2, "last_contact_on", dt.date.today().isoformat())
    assert mrdq("check", study).warnings == []


@pytest.mark.parametrize("columns", [("relapse_on",), ("transplant_on", "relapse_on")])
def test_every_date_to_come_is_told(study: Path, columns: tuple[str, ...]) -> None:
    for name in ("last_contact_on", *columns):
        set_cell(study / PATIENTS, 2, name, "2999-01-01")
    warnings = [line for line in mrdq("check", study).warnings if "today" in line]
    assert len(warnings) == 1 + len(columns)


@pytest.mark.parametrize("other", ["all/mrd2019", "ALL/MRD 2019", "ALL-MRD2019", "ALL MRD_2019."])
def test_one_trial_written_in_two_ways(study: Path, other: str) -> None:
    set_cell(study / PATIENTS, 2, "trial", "ALL/MRD2019")
    set_cell(study / PATIENTS, 3, "trial", other)
    outcome = mrdq("check", study)
    assert outcome.code == 0
    (warning,) = outcome.warnings
    assert warning == (
        f'warning: {PATIENTS}, row 3, column trial: found "{other}", expected one way to write a trial (it is '
        f"ALL/MRD2019 in row 2). ALL/MRD2019 and {other} count as two trials."
    )


def test_two_trials_are_two(study: Path) -> None:
    set_cell(study / PATIENTS, 2, "trial", "ALL/MRD2019")
    set_cell(study / PATIENTS, 3, "trial", "ALL/MRD2023")
    assert mrdq("check", study).warnings == []
    # Of nothing but signs nothing is left to compare.
    set_cell(study / PATIENTS, 2, "trial", "?")
    set_cell(study / PATIENTS, 3, "trial", "!")
    assert mrdq("check", study).warnings == []


def test_a_trial_for_some(study: Path) -> None:
    set_cell(study / PATIENTS, 2, "trial", "ALL/MRD2019")
    set_cell(study / PATIENTS, 3, "trial", "")
    (warning,) = mrdq("check", study).warnings
    assert warning == (
        f"warning: {PATIENTS}, row 3, column trial: found nothing, expected a trial, as the other patients have one "
        "(ALL/MRD2019). It is empty in 1 of 2 rows; these patients are of none of the named trials."
    )
    set_cell(study / PATIENTS, 2, "trial", "")
    assert mrdq("check", study).warnings == []


# --- outcome columns of another name


def rename_column(study: Path, old: str, new: str) -> None:
    change(study / PATIENTS, lambda rows: [[new if c == old else c for c in rows[0]], *rows[1:]])


@pytest.mark.parametrize(
    ("column", "name", "what"),
    [
        ("dead", "death", "no patient counts in the survival analysis"),
        ("dead", "Died", "no patient counts in the survival analysis"),
        ("last_contact_on", "last_contact", "no patient counts in the survival analysis"),
        ("last_contact_on", "last_contct_on", "no patient counts in the survival analysis"),
        ("last_contact_on", "date of death", "no patient counts in the survival analysis"),
        ("start_on", "start_date", "no patient counts in the survival analysis"),
        ("relapse_on", "relapse", "nobody has had a relapse"),
        ("relapse_on", "date_of_relapse", "nobody has had a relapse"),
        ("transplant_on", "HSCT", "nobody has had a transplantation"),
    ],
)
def test_an_outcome_column_of_another_name_is_one_warning(
    study: Path, column: str, name: str, what: str
) -> None:
    rename_column(study, column, name)
    if column not in read_rows(study / PATIENTS)[0] and name not in read_rows(study / PATIENTS)[0]:
        set_cell(study / PATIENTS, 2, name, "2015-01-01")
    outcome = mrdq("check", study)
    assert outcome.code == 0
    (warning,) = outcome.warnings
    assert warning == (
        f'warning: {PATIENTS}, column {name}: found "{name}", expected the column {column}. Is {column} meant? '
        f"It is empty or not there, and without it {what}."
    )


def test_without_the_days_of_death_it_is_one_error(study: Path) -> None:
    set_cell(study / PATIENTS, 2, "dead", "1")
    set_cell(study / PATIENTS, 3, "dead", "1")
    rename_column(study, "last_contact_on", "last_contact")
    (problem,) = refused(study).problems
    assert problem.startswith(f'error: {PATIENTS}, column last_contact: found "last_contact", expected the column last_contact_on.')  # fmt: skip


def test_a_column_of_ones_own_beside_the_outcome(study: Path) -> None:
    """What is filled is not lost: ``death`` may hold the cause, and ``relapse`` the site."""
    set_cell(study / PATIENTS, 2, "death", "sepsis")
    set_cell(study / PATIENTS, 2, "relapse", "CNS")
    set_cell(study / PATIENTS, 2, "relapse_on", "2015-05-05")
    assert mrdq("check", study).warnings == []


EXPORTS = [
    ("cq", "high", "high", "a Cq"),
    ("cq", "26,14", "26,14", "decimal sign"),
    ("cq", "-1", "-1", "a Cq"),
    ("cq", "1e9", "1e9", "a Cq"),
    ("cq", "20..1", "20..1", "a Cq"),
    ("well", "Z99", "Z99", "a well"),
    ("quantity", "much", "much", "a quantity"),
    ("quantity", "-1", "-1", "a quantity"),
]  # fmt: skip


@pytest.mark.parametrize(("column", "value", "found", "expected"), EXPORTS)
def test_wrong_cell_of_an_export(
    study: Path, column: str, value: str, found: str, expected: str
) -> None:
    rows = read_rows(study / EXPORT, ",")
    rows[1][rows[0].index(column)] = value
    write_rows(study / EXPORT, rows, ",")
    problems = refused(study).problems
    [mine] = [p for p in problems if p.startswith(f"error: {EXPORT}, row 2, column {column}")]
    assert (f'found "{found}"' if found else "found nothing") in mine
    assert expected.split()[-1].lower() in mine.partition(", expected ")[2].lower()


def test_export_with_a_well_twice(study: Path) -> None:
    rows = read_rows(study / EXPORT, ",")
    write_rows(study / EXPORT, [*rows, rows[1]], ",")
    [problem] = refused(study).problems
    assert problem.startswith(
        f"error: {EXPORT}, row {len(rows) + 1}, column well A1, target {TARGET}: "
    )
    assert "one row per well" in problem


@pytest.mark.parametrize(
    "content",
    [b"", b"\n\n", bytes(range(256)), b"\0" * 64, b"PK\x03\x04", b"PK\x05\x06" + b"\0" * 18, b"%PDF-1.7", b"<?xml?>",
     b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"well,target,cq\n", b"well,cq\nA1,20\n", b"well,target,cq,cq\nA1,x,1,2\n",
     "well,target,cq\nA1,x,20\n".encode("utf-16-be"),
     b'well,target,cq\nA1,"x,20\n', b"well,target,cq\nA1,x\n", b"well,target,cq\nA1,x,20,more\n"],
)  # fmt: skip
def test_export_that_is_none(study: Path, content: bytes) -> None:
    (study / EXPORT).write_bytes(content)
    for problem in refused(study).problems:
        assert problem.startswith((f"error: {EXPORT}", f"error: {LAYOUT}"))


def test_standard_quantities_without_a_meaning(bare: Path) -> None:
    replace_text(bare / CONFIG, "  standard_quantity: ng\n", "")
    problems = refused(bare).problems
    assert all(
        re.match(r"error: data/SIM-000001\.csv, row \d+, column well \w+: ", problem)
        for problem in problems
    )
    assert all(
        "expected the meaning of the export's standard quantities" in problem
        for problem in problems
    )


@pytest.mark.parametrize(
    ("unit", "expected"), [("dilution", "a dilution of at most 1"), ("cell", ""), ("genome", "")]
)
def test_standard_quantities_of_another_meaning(bare: Path, unit: str, expected: str) -> None:
    """60 of 600 ng are no dilution; as genomes they are little, yet possible."""
    replace_text(bare / CONFIG, "standard_quantity: ng", f"standard_quantity: {unit}")
    if expected:
        assert any(expected in problem for problem in refused(bare).problems)
    else:
        accepted(bare)


def test_sample_of_another_patient_without_a_layout(bare: Path) -> None:
    rows = read_rows(bare / SAMPLES)
    write_rows(bare / SAMPLES, [rows[0], [SAMPLE, "P-2", *rows[1][2:]], *rows[2:]])
    change(bare / PATIENTS, lambda rows: [*rows, ["P-2", *[""] * (len(rows[0]) - 1)]])
    problems = refused(bare).problems
    assert all(
        f'found "{SAMPLE} of patient P-2", expected a sample of patient P-SIM-000001' in p
        for p in problems
    )


def test_two_rules_that_match_one_name(bare: Path) -> None:
    replace_text(bare / CONFIG, "  standard_quantity", "  ntc: '^poly'\n  standard_quantity")
    problems = refused(bare).problems
    assert any(
        'found "polyclonal", expected a sample name that one rule' in problem
        for problem in problems
    )


def test_several_control_genes_with_none_named(study: Path) -> None:
    change(study / ASSAYS, lambda rows: [*rows, ["GUSB", "control_gene", *[""] * 6]])
    set_cell(study / ASSAYS, 2, "control_gene", "")
    only(
        refused(study).problems,
        file=ASSAYS,
        row=2,
        column="control_gene",
        found="",
        expected="one of ALB, GUSB",
    )


def test_control_gene_of_another_name_is_taken_where_it_is_the_only_one(study: Path) -> None:
    accepted(study)
    before = (study / "results/calls.tsv").read_bytes()
    for row in (2, 3):
        set_cell(study / ASSAYS, row, "control_gene", "")
    accepted(study)
    assert (study / "results/calls.tsv").read_bytes() == before


def test_all_problems_of_all_sheets_come_at_once(study: Path) -> None:
    set_cell(study / SAMPLES, 2, "collected_on", "yesterday")
    set_cell(study / SAMPLES, 3, "patient_id", "P-404")
    set_cell(study / ASSAYS, 2, "locus", "IGX")
    set_cell(study / ASSAYS, 3, "dna_per_well", "600")
    set_cell(study / PATIENTS, 3, "age", "old")
    outcome = refused(study)
    assert len(outcome.problems) == 5
    assert "5 problems; nothing was written." in outcome.err


def test_all_problems_of_all_runs_come_at_once(study: Path) -> None:
    set_cell(study / LAYOUT, 2, "dilution", "10")
    set_cell(study / LAYOUT, 4, "role", "probe")
    set_cell(study / "config/layouts/SIM-000002.tsv", 2, "well", "Z1")
    outcome = refused(study)
    assert len(outcome.problems) == 3


def test_unreadable_sheet_does_not_hide_the_others(study: Path) -> None:
    (study / RUNS).unlink()
    set_cell(study / ASSAYS, 2, "locus", "IGX")
    set_key(study, "samples", "config/none.tsv")
    assert {p.split()[1].strip(",:") for p in refused(study).problems} == {
        RUNS,
        ASSAYS,
        "config/none.tsv",
    }


@pytest.mark.parametrize(
    "name", ["cq", "cq_state", "flags", "quantity_ng", "run_id", "export_sha256"]
)
def test_extra_column_of_a_layout_named_like_one_of_the_wells(study: Path, name: str) -> None:
    """Kept under another name, or refused; never in the place of what mrdq itself writes."""
    accepted(study)
    before = {
        name: (study / f"results/{name}").read_bytes()
        for name in ("calls.tsv", "curves.tsv", "evidence.tsv")
    }
    (study / "results/wells.parquet").unlink()
    change(
        study / LAYOUT,
        lambda rows: [[*row, name if n == 0 else "mine"] for n, row in enumerate(rows)],
    )
    outcome = mrdq("run", study)
    assert outcome.code in (0, 2)
    if outcome.code == 0:
        assert {name: (study / f"results/{name}").read_bytes() for name in before} == before


def test_extra_columns_reach_the_outputs_of_their_key(study: Path) -> None:
    for n, (sheet, column) in enumerate(
        [(RUNS, "room"), (SAMPLES, "tube"), (ASSAYS, "primer"), (PATIENTS, "site")]
    ):
        set_cell(study / sheet, 2, column, f"00{n}")
    accepted(study)
    calls = table(study / "results/calls.tsv")
    assert [calls[0][name] for name in ("room", "tube", "primer")] == ["000", "001", "002"]
    assert calls[-1]["room"] == ""
    assert table(study / "results/status.tsv")[0]["site"] == "003"
    assert table(study / "results/survival.tsv")[0]["site"] == "003"


@pytest.mark.parametrize(
    "name", ["guideline_version", "guideline_hash", "control_gene_run", "call", "flags"]
)
def test_extra_column_named_like_one_of_the_outputs(study: Path, name: str) -> None:
    accepted(study)
    before = [row.get(name) for row in table(study / "results/calls.tsv")]
    set_cell(study / SAMPLES, 2, name, "mine")
    accepted(study)
    calls = table(study / "results/calls.tsv")
    assert [row[name] for row in calls] == before
    assert calls[0][f"samples.{name}"] == "mine"


def test_extra_column_with_a_strange_header(study: Path) -> None:
    set_cell(study / SAMPLES, 2, 'the "tube", ok', "007")
    accepted(study)
    assert table(study / "results/calls.tsv")[0]['the "tube", ok'] == "007"
    assert mrdq("status", study).code == 0


def test_page_shows_names_as_text(study: Path) -> None:
    set_key(study, "study", "'<script>alert(1)</script>'")
    rename(study, SAMPLE, "<img src=x>")
    accepted(study)
    page = (study / "results/report/index.html").read_text()
    assert "<script>alert" not in page
    assert "<img src=x>" not in page
    assert "&lt;img src=x&gt;" in page


@pytest.mark.parametrize("verb", ["check", "run", "ingest", "call", "status", "report", "gate"])
def test_folder_that_is_no_study(tmp_path: Path, verb: str) -> None:
    outcome = mrdq(verb, tmp_path / "none")
    assert outcome.code == 2
    assert outcome.problems == [
        f"error: {tmp_path / 'none'}: found nothing, expected a study folder. Make one with: mrdq init FOLDER"
    ]
    empty = mrdq(verb, tmp_path)
    assert empty.code == 2
    assert empty.problems == [
        f"error: {CONFIG}: found nothing, expected a file that exists. Mend the path."
    ]


@pytest.mark.parametrize(
    "name", ["calls.tsv", "curves.tsv", "evidence.tsv", "status.tsv", "runs.tsv", "wells.parquet"]
)
@pytest.mark.parametrize("content", [b"", b"\xff\xfe\xfd", b"run_id\n", None])
def test_results_that_someone_changed(
    done: Path, tmp_path: Path, name: str, content: bytes | None
) -> None:
    study = copy(done, tmp_path / "study")
    file = study / "results" / name
    file.unlink()
    if content is not None:
        file.write_bytes(content)
    verbs = {"wells.parquet": "call", "calls.tsv": "status"}
    outcome = mrdq(verbs.get(name, "report"), study)
    assert outcome.code == 2
    assert name in outcome.problems[0]


def test_number_that_someone_changed_in_the_results(study: Path) -> None:
    accepted(study)
    set_cell(study / "results/calls.tsv", 2, "sensitivity", "thirty")
    outcome = mrdq("status", study)
    assert outcome.code == 2
    assert "calls.tsv" in outcome.problems[0]


def grid(study: Path) -> list[list[str]]:
    """The layout of run 1 as a plate map: one grid per property."""
    header, *rows = read_rows(study / LAYOUT)
    out: list[list[str]] = []
    for name in ("role", "target", "sample_id", "dilution", "quantity"):
        cells = {row[0]: row[header.index(name)] for row in rows}
        out.append([name, *map(str, range(1, 13))])
        out += [
            [letter, *(cells.get(f"{letter}{n}", "") for n in range(1, 13))]
            for letter in "ABCDEFGH"
        ]
        out.append([""] * 13)
    return out


def use_map(study: Path, cells: list[list[str]]) -> None:
    write_rows(study / "config/layouts/map.tsv", cells)
    set_cell(study / RUNS, 2, "layout", "config/layouts/map.tsv")


def test_plate_map_is_the_same_as_the_table(study: Path) -> None:
    accepted(study)
    before = {
        name: (study / f"results/{name}").read_bytes()
        for name in ("calls.tsv", "status.tsv", "evidence.tsv")
    }
    use_map(study, grid(study))
    accepted(study)
    assert {name: (study / f"results/{name}").read_bytes() for name in before} == before


def test_wrong_cell_of_a_plate_map(study: Path) -> None:
    cells = grid(study)
    cells[1][1] = "probe"
    cells[31][1] = "10"
    use_map(study, cells)
    problems = refused(study).problems
    only(
        problems,
        file="config/layouts/map.tsv",
        row=2,
        column="role, well A1",
        found="probe",
        expected="one of standard",
    )
    # A well's row is that of its first property: the message has to lead to the cell itself.
    only(
        problems,
        file="config/layouts/map.tsv",
        row=32,
        column="dilution, well A1",
        found="10",
        expected="at most 1",
    )


def spoil_map(cells: list[list[str]], what: str) -> None:
    if what == "a row letter twice":
        cells[2][0] = "A"
    elif what == "a column number twice":
        cells[0][3] = "2"
    elif what == "more cells than columns":
        cells[1].append("sample")
    elif what == "a row letter beyond P":
        cells[1][0] = "Q"
    elif what == "a column without a number":
        cells[0][5] = ""
    elif what == "a property twice":
        cells[10][0] = "role"
    elif what == "a property without a name":
        cells[10][0] = ""
    elif what == "no role":
        cells[0][0] = "rolle"
    elif what == "a column number beyond 24":
        cells[0][1] = "25"


@pytest.mark.parametrize(
    "what",
    ["a row letter twice", "a column number twice", "more cells than columns", "a row letter beyond P",
     "a column without a number", "a property twice", "a property without a name", "no role",
     "a column number beyond 24"],
)  # fmt: skip
def test_plate_map_that_is_none(study: Path, what: str) -> None:
    cells = grid(study)
    spoil_map(cells, what)
    use_map(study, cells)
    for problem in refused(study).problems:
        assert problem.startswith("error: config/layouts/map.tsv")


def test_the_warnings_of_an_export_come_beside_the_problems_of_its_layout(tmp_path: Path) -> None:
    write_tiny(tmp_path, runs=1)
    set_cell(tmp_path / "config/runs.tsv", 2, "layout", "config/none.tsv")
    rows = read_rows(tmp_path / EXPORT, ",")
    write_rows(tmp_path / EXPORT, [rows[0], [*rows[1][:2], "", *rows[1][3:]], *rows[2:]], ",")
    outcome = refused(tmp_path)
    assert [problem for problem in outcome.problems if "config/none.tsv" not in problem] == []
    assert any("The empty cells are read as undetermined" in one for one in outcome.warnings)
