"""The hand-off of the example study: what its schemas say, and what the sheets of the study say."""

from __future__ import annotations

import json
import math
import re
from datetime import date
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from small_study import (
    copy,
    mrdq,
    read_rows,
    replace_text,
    set_cell,
    table,
)

from mrdq import resources
from mrdq.adtte import ADTTE
from mrdq.survival import survival_table
from mrdq.tables import TEXT, Table

Row = dict[str, Any]
TIMEPOINTS = ["post-A1", "post-C1"]
FILES = ("survival", "adtte")


def schema(name: str) -> Row:
    text = resources.path(f"schemas/handoff-{name}.schema.json").read_text(encoding="utf-8")
    found: Row = json.loads(text)
    jsonschema.Draft202012Validator.check_schema(found)
    return found


def column_schema(of: Row, name: str) -> Row:
    """What a schema says of one column."""
    patterns = [rule for p, rule in of.get("patternProperties", {}).items() if re.search(p, name)]
    found = [of["properties"][name]] if name in of["properties"] else patterns
    assert len(found) <= 1, f"{name} is ruled twice"
    rule: Row = found[0] if found else of["additionalProperties"] or {}  # false: no such column
    return rule


def as_json(row: dict[str, str], of: Row) -> Row:
    """A row of text as the schema wants it: cells of numbers as numbers, null where empty."""
    made: Row = {}
    for name, cell in row.items():
        kinds = column_schema(of, name).get("type", "string")
        number = "integer" in kinds or "number" in kinds
        made[name] = (json.loads(cell) if cell else None) if number else cell
    return made


def wrong(rows: list[dict[str, str]], of: Row) -> list[str]:
    check = jsonschema.Draft202012Validator(of)
    return [error.message for row in rows for error in check.iter_errors(as_json(row, of))]


def handed_off(study: Path) -> None:
    """The stages up to the hand-off."""
    for verb in ("ingest", "call", "status"):
        assert mrdq(verb, study).code == 0


@pytest.fixture(scope="module")
def study(example_master: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example study, with a column of its own, run."""
    study = copy(example_master, tmp_path_factory.mktemp("hand_off") / "study")
    set_cell(study / "config/patients.tsv", 2, "ward", "007")
    handed_off(study)
    return study


@pytest.fixture(scope="module")
def survival(study: Path) -> list[dict[str, str]]:
    return table(study / "results/survival.tsv")


@pytest.fixture(scope="module")
def adtte(study: Path) -> list[dict[str, str]]:
    return table(study / "results/adtte.tsv")


# --- the schemas


@pytest.mark.parametrize("name", FILES)
def test_every_row_is_what_the_schema_says(study: Path, name: str) -> None:
    rows = table(study / f"results/{name}.tsv")
    assert len(rows) > 20
    assert wrong(rows, schema(name)) == []


@pytest.mark.parametrize(
    ("name", "declared"),
    [("survival", survival_table(TIMEPOINTS)), ("adtte", ADTTE)], ids=FILES,
)  # fmt: skip
def test_schemas_say_what_the_tables_declare(name: str, declared: Table) -> None:
    of = schema(name)
    for column in declared.columns:
        rule = column_schema(of, column.name)
        kinds = rule.get("type", "string")
        assert (column.kind == TEXT) == ("integer" not in kinds and "number" not in kinds)
        if column.words:
            assert set(rule["enum"]) - {""} == set(column.words), column.name
    assert set(of["properties"]) == {n for n in declared.names if not n.startswith("mrd_")}
    assert set(of["required"]) == set(of["properties"])


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("survival", {"mrd_level_post-A1": "0"}),
        ("survival", {"mrd_high_post-C1": "0"}),
        ("survival", {"mrd_high_post-C1": "-1"}),
        ("survival", {"mrd_post-A1": "positive"}),
        ("survival", {"mrd_class_post-A1": "positive_quantifiable"}),
        ("survival", {"time_days": "2010.5"}),
        ("survival", {"time_days": "-1"}),
        ("survival", {"time_days": ""}),
        ("survival", {"event": "2"}),
        ("survival", {"event": "1"}),
        ("survival", {"event": "1", "cause": "relapse", "endpoint": "OS"}),
        ("survival", {"cause": "death"}),
        ("survival", {"age_group": "16–35"}),
        ("survival", {"patient_id": ""}),
        ("adtte", {"AVAL": ""}),
        ("adtte", {"CNSR": "3"}),
        ("adtte", {"CNSR": "0"}),
        ("adtte", {"PARAMCD": "OS", "CNSR": "2", "EVNTDESC": "relapse"}),
        ("adtte", {"ADT": "08.04.2025"}),
        ("adtte", {"AVALU": "MONTHS"}),
        ("adtte", {"TRT01P": "A"}),
    ],
)
def test_schemas_refuse_a_row_that_is_wrong(study: Path, name: str, change: dict[str, str]) -> None:
    """The first row, of a patient who is alive: right as it is, and wrong with any of these."""
    row = table(study / f"results/{name}.tsv")[0]
    assert wrong([row], schema(name)) == []
    assert wrong([row | change], schema(name))


@pytest.mark.parametrize("name", FILES)
def test_schemas_miss_every_column_that_is_gone(study: Path, name: str) -> None:
    of = schema(name)
    row = table(study / f"results/{name}.tsv")[0]
    for column in of["required"]:
        assert wrong([{k: v for k, v in row.items() if k != column}], of), column


# --- the rows


def test_columns_in_order_and_the_studys_own_after_them(study: Path) -> None:
    assert read_rows(study / "results/survival.tsv")[0] == [
        *survival_table(TIMEPOINTS).names,
        "ward",
    ]
    assert read_rows(study / "results/adtte.tsv")[0] == ADTTE.names


def test_two_rows_for_every_patient_of_the_sheet(
    study: Path, survival: list[dict[str, str]]
) -> None:
    patients = [row["patient_id"] for row in table(study / "config/patients.tsv")]
    wanted = [(patient, endpoint) for patient in patients for endpoint in ("OS", "LFS")]
    assert [(row["patient_id"], row["endpoint"]) for row in survival] == wanted
    assert [row["ward"] for row in survival[:3]] == ["007", "007", ""]


def test_times_are_those_of_the_patients_sheet(study: Path, survival: list[dict[str, str]]) -> None:
    """Counted again with the calendar of the standard library."""
    for patient, os, lfs in zip(
        table(study / "config/patients.tsv"), survival[::2], survival[1::2], strict=True
    ):
        start = date.fromisoformat(patient["start_on"])

        def day(name: str, patient: Row = patient, start: date = start) -> str:
            return str((date.fromisoformat(patient[name]) - start).days) if patient[name] else ""

        died = "death" if patient["dead"] == "1" else ""
        assert (os["time_days"], os["cause"]) == (day("last_contact_on"), died)
        relapsed = (day("relapse_on"), "relapse")
        alive = (day("last_contact_on"), died)
        assert (lfs["time_days"], lfs["cause"]) == (relapsed if relapsed[0] else alive)
        assert os["transplant_day"] == lfs["transplant_day"] == day("transplant_on")


def test_both_files_say_the_same_of_os_and_lfs(
    survival: list[dict[str, str]], adtte: list[dict[str, str]]
) -> None:
    said = {(r["patient_id"], r["endpoint"]): (r["time_days"], r["event"]) for r in survival}
    also = {(r["USUBJID"], r["PARAMCD"]): (r["AVAL"], str(1 - int(r["CNSR"]))) for r in adtte
            if r["PARAMCD"] in ("OS", "LFS")}  # fmt: skip
    assert also == said
    assert len({row["event"] for row in survival}) == 2


def test_mrd_is_the_status_and_its_bounds(study: Path, survival: list[dict[str, str]]) -> None:
    """Row by row from status.tsv: the level itself, or what it is below; the day of the sample."""
    status = {(r["patient_id"], r["timepoint"]): r for r in table(study / "results/status.tsv")}
    starts = {r["patient_id"]: r["start_on"] for r in table(study / "config/patients.tsv")}
    for row in survival:
        for at in TIMEPOINTS:
            found = status[row["patient_id"], at]
            level = found["mrd_level"]
            below = {"negative": found["sensitivity"]}.get(found["status"], "")
            if (
                found["status"] == "positive_not_quantifiable"
                and "sample_range" in found["reasons"]
            ):
                below = found["quantitative_range"]
            assert row[f"mrd_{at}"] == found["status"]
            assert row[f"mrd_level_{at}"] == row[f"mrd_low_{at}"] == level
            assert row[f"mrd_high_{at}"] == (level or below)
            collected = found["collected_on"]
            days = (
                (date.fromisoformat(collected) - date.fromisoformat(starts[row["patient_id"]])).days
                if collected
                else ""
            )
            assert row[f"mrd_day_{at}"] == str(days)
    kinds = {row["status"] for row in status.values()}
    assert kinds > {"positive_quantifiable", "positive_not_quantifiable", "negative", "not_evaluable"}  # fmt: skip


def test_status_names_the_sample_that_decided(study: Path) -> None:
    samples = {row["sample_id"]: row for row in table(study / "config/samples.tsv")}
    for row in table(study / "results/status.tsv"):
        decided = row["deciding_sample"]
        assert (decided == "") == (row["status"] == "not_done")
        if decided:
            sample = samples[decided]
            assert (sample["patient_id"], sample["timepoint"]) == (row["patient_id"], row["timepoint"])  # fmt: skip
            assert sample["collected_on"] == row["collected_on"]
            calls = [c for c in table(study / "results/calls.tsv")
                     if (c["sample_id"], c["target"]) == (decided, row["deciding_target"])]  # fmt: skip
            assert (row["status"], row["reasons"]) in [(c["call"], c["reasons"]) for c in calls]


def test_study_without_a_patients_sheet_has_no_times(example: Path) -> None:
    replace_text(
        example / "config/config.yaml", "patients: config/patients.tsv\n", "protocol: generic\n"
    )
    text = (example / "config/config.yaml").read_text(encoding="utf-8")
    (example / "config/config.yaml").write_text(
        re.sub(r"guideline:\n(  .*\n)+", "guideline: euromrd-2007-therapy-reduction\n", text),
        encoding="utf-8",
    )
    handed_off(example)
    rows = table(example / "results/survival.tsv")
    assert wrong(rows, schema("survival")) == []
    assert {row["time_days"] for row in rows} == {""}
    assert {row["mrd_day_post-A1"] for row in rows} == {""}
    assert {row["protocol"] for row in rows} == {"generic"}
    assert table(example / "results/adtte.tsv") == []
    assert any(row["mrd_level_post-A1"] and math.isfinite(float(row["mrd_level_post-A1"])) for row in rows)  # fmt: skip
