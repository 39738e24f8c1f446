"""Corners where a result could be silently wrong, stale or lost, each once found by somebody."""

from __future__ import annotations

import csv
import os
import re
from pathlib import Path

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
    mrdq,
    read_rows,
    refused,
    replace_text,
    set_cell,
    set_key,
    table,
    tree,
    write_rows,
)

from mrdq.plan import load_plan

LAB = """\
id: lab
version: "1"
title: our own
status: final
extends: euromrd-2007-therapy-reduction
parameters:
  {name}: {{value: {value}, grade: laboratory, source: our validation{more}}}
"""


def lab(study: Path, name: str, value: object, more: str = "") -> None:
    (study / "guidelines").mkdir(exist_ok=True)
    (study / "guidelines/lab.yaml").write_text(LAB.format(name=name, value=value, more=more))


@pytest.mark.parametrize(
    ("name", "value"), [("curve_r_squared_minimum", 0.9999), ("standard_delta_cq_maximum", 0.05)]
)
def test_rule_sets_that_judge_the_control_gene_differently(
    study: Path, name: str, value: float
) -> None:
    """Each patient's calls follow the control gene as their own rule set judges it."""
    lab(study, name, value)
    mapping = "\n  all-mrd2019: euromrd-2007-therapy-reduction\n  all-mrd2023: lab"
    set_key(study, "guideline", mapping)
    accepted(study)
    judged = {
        row["guideline"] for row in table(study / "results/curves.tsv") if row["target"] == "ALB"
    }
    assert judged == {"euromrd-2007-therapy-reduction", "lab"}
    calls = {row["run_id"]: row for row in table(study / "results/calls.tsv")}
    assert calls[RUN]["call"] != "not_evaluable"
    assert "control_gene_curve" in calls["SIM-000002"]["reasons"].split(";")
    for run, call in calls.items():
        text = mrdq(
            "explain",
            study,
            "--run",
            run,
            "--target",
            call["target"],
            "--sample",
            call["sample_id"],
        ).out
        expected = "accepted" if run == RUN else "NOT accepted"
        assert re.search(rf"its curve: .*, {expected}$", text, re.MULTILINE) or "no curve" in text


def test_results_option_never_replaces_a_sheet(study: Path) -> None:
    before = tree(study / "config")
    for folder in (study / "config", study, study / "data"):
        assert mrdq("run", study, "--results", folder).code == 2
    assert tree(study / "config") == before


@pytest.mark.parametrize("name", ["excluded", "Exclude", "exlude"])
def test_misspelt_exclude_is_an_error(study: Path, name: str) -> None:
    """The wells would count although somebody left them out."""
    rows = read_rows(study / LAYOUT)
    rows[0] = [name if cell == "exclude" else cell for cell in rows[0]]
    write_rows(study / LAYOUT, rows)
    assert any(f'found "{name}", expected the column exclude' in p for p in refused(study).problems)


def test_misspelt_blast_fraction_is_an_error(study: Path) -> None:
    replace_text(study / "config/assays.tsv", "blast_fraction", "blast_fractions")
    assert any(
        "expected the column blast_fraction" in problem for problem in refused(study).problems
    )


def test_no_sample_at_all(study: Path) -> None:
    """Before the first follow-up there are runs of standards, and nothing to call."""
    rows = read_rows(study / "config/samples.tsv")
    write_rows(study / "config/samples.tsv", rows[:1])
    for number in (1, 2):
        path = study / f"config/layouts/SIM-00000{number}.tsv"
        change(path, lambda rows: [row for row in rows if row[2] != "sample"])
    accepted(study)
    assert table(study / "results/status.tsv") == []
    assert len(table(study / "results/curves.tsv")) == 4


def test_sample_measured_for_the_control_gene_alone_is_told(study: Path) -> None:
    change(
        study / LAYOUT,
        lambda rows: [
            row
            for row in rows
            if not (row[2] == "sample" and row[1] == TARGET and row[3] == SAMPLE)
        ],
    )
    outcome = accepted(study)
    assert any(
        f'found "{SAMPLE}", expected every sample in a run' in line
        for line in outcome.err.splitlines()
    )
    status = {
        (row["patient_id"], row["timepoint"]): row["status"]
        for row in table(study / "results/status.tsv")
    }
    assert status["P-SIM-000001", "post-A1"] == "not_done"


def test_rule_that_overrides_a_task_is_told(bare: Path) -> None:
    """A pattern that also matches the names of standards makes them background: not silently."""
    replace_text(bare / CONFIG, "'^polyclonal'", "'^(polyclonal|NTC)'")
    outcome = mrdq("check", bare)
    assert any(
        'found "NTC", expected role background of layout_rules' in line
        for line in outcome.err.splitlines()
    )


def test_no_patients_sheet(study: Path) -> None:
    replace_text(study / CONFIG, "patients: config/patients.tsv\n", "")
    accepted(study)
    rows = table(study / "results/survival.tsv")
    assert [(row["patient_id"], row["endpoint"]) for row in rows] == [
        (patient, endpoint)
        for patient in ("P-SIM-000001", "P-SIM-000002")
        for endpoint in ("OS", "LFS")
    ]
    assert {row["time_days"] for row in rows} == {""}
    assert rows[0]["mrd_post-A1"] == "positive_quantifiable"


def test_explanation_under_a_maximum_cq(study: Path) -> None:
    """A Cq that the rule set reads as undetermined is shown as such, with the bound."""
    lab(study, "maximum_cq", 32.2, ", unit: cycle, bound: maximum")
    set_key(study, "guideline", "lab")
    accepted(study)
    text = mrdq("explain", study, "--run", RUN, "--target", TARGET, "--sample", SAMPLE).out
    assert "undetermined (Cq 32.23 is above the maximum 32.2)" in text
    assert "nan" not in text


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("positive_background_distance_minimum: {bound: maximum, grade: laboratory, source: us}", "'minimum' was expected"),
        ("positive_background_distance_minimum: {unit: minutes, grade: laboratory, source: us}", "'cycle' was expected"),
        ("interval_confidence: {value: 95, grade: laboratory, source: us}", "maximum of 1"),
        ("curve_r_squared_minimum: {value: 98, grade: laboratory, source: us}", "maximum of 1"),
        ("sample_wells_minimum: {value: 2.5, grade: laboratory, source: us}", "integer"),
        ("maximum_cq: {value: 40, unit: cycle, bound: minimum, grade: laboratory, source: us}", "'maximum' was expected"),
    ],
)  # fmt: skip
def test_rule_set_cannot_turn_a_criterion_round(study: Path, line: str, expected: str) -> None:
    lab(study, "x", 1)
    text = (study / "guidelines/lab.yaml").read_text()
    head = text[: text.index("  x:")]
    (study / "guidelines/lab.yaml").write_text(f"{head}  {line}\n")
    set_key(study, "guideline", "lab")
    assert any(expected in problem for problem in refused(study).problems)


def test_file_put_back_from_an_archive_is_read_again(study: Path) -> None:
    """Its time is older than the results; its bytes are others."""
    for name in load_plan(study).batches:
        assert mrdq("ingest", study, "--batch", name).code == 0
    assert {v for k, v in load_plan(study).fingerprints.items() if k.startswith("ingest/")} == {
        None
    }
    data = (study / EXPORT).read_bytes()
    os.utime(study / EXPORT, (1, 1))
    assert {v for k, v in load_plan(study).fingerprints.items() if k.startswith("ingest/")} == {
        None
    }
    (study / EXPORT).write_bytes(data.replace(b"32.", b"31."))
    os.utime(study / EXPORT, (1, 1))
    changed = [v for k, v in load_plan(study).fingerprints.items() if k.startswith("ingest/") and v]
    assert len(changed) == 1


def test_extra_columns_of_patients_come_with_their_calls(study: Path) -> None:
    set_cell(study / "config/patients.tsv", 2, "site", "003")
    accepted(study)
    for name in ("calls", "status", "survival"):
        with (study / f"results/{name}.tsv").open(encoding="utf-8", newline="") as file:
            assert {
                row["site"]
                for row in csv.DictReader(file, delimiter="\t")
                if row["patient_id"] == "P-SIM-000001"
            } == {"003"}


def repeat(study: Path, day: str) -> None:
    """Run 1 once more, as another run."""
    for name in ("data/{}.csv", "config/layouts/{}.tsv"):
        (study / name.format("REPEAT")).write_bytes((study / name.format(RUN)).read_bytes())
    row = ["REPEAT", "data/REPEAT.csv", "config/layouts/REPEAT.tsv", "", day, "", "", ""]
    change(study / "config/runs.tsv", lambda rows: [*rows, row])


@pytest.mark.parametrize(("day", "told"), [("", True), ("2015-01-05", True), ("2015-02-01", False)])
def test_repeat_whose_order_nobody_can_tell(study: Path, day: str, told: bool) -> None:
    """The later run counts: without a date of its own an old result may win."""
    repeat(study, day)
    lines = mrdq("check", study).err.splitlines()
    assert (
        any(
            "expected different dates of runs" in line and f"runs REPEAT, {RUN}" in line
            for line in lines
        )
        == told
    )


def test_copy_of_an_export_under_another_name(study: Path) -> None:
    repeat(study, "2015-02-01")
    lines = mrdq("check", study).err.splitlines()
    assert any("The files hold the same bytes" in line for line in lines)


@pytest.mark.parametrize("role", ["standard", "background", "ntc"])
def test_forgotten_role_is_told_before_the_run(study: Path, role: str) -> None:
    change(study / LAYOUT, lambda rows: [row for row in rows if row[1:3] != [TARGET, role]])
    outcome = mrdq("check", study)
    assert outcome.code == 0
    expected = f"expected wells with the role {role} for target {TARGET} in run {RUN}"
    assert any(expected in line for line in outcome.err.splitlines())


@pytest.mark.parametrize(
    ("column", "value"), [("blast_fraction", "0.5"), ("dna_per_well", "300 ng")]
)
def test_explanation_of_results_made_with_other_sheets(
    study: Path, column: str, value: str
) -> None:
    """A sum with today's sheet would explain another result than the one shown."""
    accepted(study)
    row = next(
        n for n, cells in enumerate(read_rows(study / "config/assays.tsv"), 1) if cells[0] == TARGET
    )
    set_cell(study / "config/assays.tsv", row, column, value)
    outcome = mrdq("explain", study, "--run", RUN, "--target", TARGET, "--sample", SAMPLE)
    assert outcome.code == 2
    assert "as the results were made with" in outcome.err
    assert "run the study again" in outcome.err


def test_unusual_amount_of_dna_is_told(study: Path) -> None:
    """``1.200 ng`` may be 1200 ng written with a thousands point."""
    set_cell(study / "config/assays.tsv", 2, "dna_per_well", "1.200 ng")
    lines = mrdq("check", study).err.splitlines()
    assert any('found "1.2 ng", expected 10 to 5000 ng' in line for line in lines)


def test_doubts_of_a_run_stand_in_its_row_and_on_the_page(study: Path) -> None:
    replace_text(study / EXPORT, f"{SAMPLE},UNKNOWN", "SOMEONE,UNKNOWN")
    accepted(study)
    row = table(study / "results/runs.tsv")[0]
    assert f'found "SOMEONE", expected sample {SAMPLE} of the layout' in row["warnings"]
    assert "SOMEONE" in (study / "results/report/index.html").read_text(encoding="utf-8")


def test_columns_that_are_not_used_are_listed(study: Path) -> None:
    set_cell(study / "config/assays.tsv", 2, "blasts", "0.4")
    lines = mrdq("check", study).err.splitlines()
    assert "note: kept, not used: config/assays.tsv: blasts" in lines


def test_no_nominal_amount_where_the_control_gene_is_optional(study: Path) -> None:
    """A warning then; a sample whose control gene was measured all the same is not evaluable."""
    set_key(study, "control_gene", "optional")
    row = next(
        n for n, cells in enumerate(read_rows(study / "config/assays.tsv"), 1) if cells[0] == TARGET
    )
    set_cell(study / "config/assays.tsv", row, "dna_per_well", "")
    accepted(study)
    calls = {call["sample_id"]: call for call in table(study / "results/calls.tsv")}
    assert calls[SAMPLE]["call"] == "not_evaluable"
    assert calls[SAMPLE]["reasons"] == "control_gene_amount"
    assert calls[SAMPLE]["flags"] == "signal_seen"
    change(
        study / LAYOUT,
        lambda rows: [row for row in rows if not (row[1] == "ALB" and row[2] == "sample")],
    )
    accepted(study)
    calls = {call["sample_id"]: call for call in table(study / "results/calls.tsv")}
    assert calls[SAMPLE]["call"] == "positive_quantifiable"
    assert calls[SAMPLE]["normalisation"] == "1"


def test_number_of_cycles_in_the_place_of_no_signal(study: Path) -> None:
    replace_text(study / EXPORT, "Undetermined", "40.0")
    lines = mrdq("check", study).err.splitlines()
    assert any(
        'found "40", expected measured Cq' in line and "meaning no signal?" in line
        for line in lines
    )


@pytest.mark.parametrize(
    ("role", "shown"), [("background", ">no wells<"), ("ntc", "no control on the plate")]
)
def test_page_tells_a_missing_control_from_a_silent_one(study: Path, role: str, shown: str) -> None:
    accepted(study)
    assert shown not in (study / "results/report/index.html").read_text(encoding="utf-8")
    change(study / LAYOUT, lambda rows: [row for row in rows if row[1:3] != [TARGET, role]])
    accepted(study)
    assert shown in (study / "results/report/index.html").read_text(encoding="utf-8")
