"""The checks of a validation can fail: the engine is broken here, and the right check says so."""

from __future__ import annotations

import ast
import csv
import dataclasses
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mrdq import calling, curve, definitions, guideline, ingest, pipeline, resources, status
from mrdq import vocabulary as words
from mrdq.guideline import Parameter
from mrdq.instruments import read_export
from mrdq.storage import Files
from mrdq.study import load_study
from mrdq.validation import (
    audited,
    beside,
    bounds,
    dilution_series,
    example,
    outcomes,
    readers,
    refusals,
    shipped,
    vendor_curves,
)
from mrdq.validation.checks import (
    CHECKS,
    FAILED,
    NOT_APPLICABLE,
    OUTCOMES,
    PARTS,
    PASSED,
    Check,
    check,
    judged,
    section,
    unmet,
)
from mrdq.validation.compare import NOT_COMPARED, same_value
from mrdq.validation.reference import RULE_SETS, Rules, Study, analyse

VALIDATION = Path(bounds.__file__).parent


def failed(checks: Iterable[Check]) -> dict[str, Check]:
    return {one.id: one for one in checks if one.outcome == FAILED}


# ------------------------------------------------------------------------------- one check


def test_a_check_passes_only_if_what_was_found_is_what_was_expected() -> None:
    assert check("IQ-a", "what", "1", "1").outcome == PASSED
    assert check("IQ-a", "what", "1", "2").outcome == FAILED
    assert judged("IQ-a", "what", "about 1", "1.1", passed=True).outcome == PASSED
    assert judged("IQ-a", "what", "about 1", "2", passed=False).outcome == FAILED
    assert unmet("IQ-a", "what", "all", []) == Check("IQ-a", "what", "all", "all", PASSED)
    told = unmet("IQ-a", "what", "all", [f"line {n}" for n in range(7)])
    assert told.outcome == FAILED
    assert told.found == "line 0; line 1; line 2; line 3; line 4; and 2 more"
    assert told.part == "IQ"


def test_a_section_that_breaks_off_is_a_failed_check_and_keeps_what_it_found() -> None:
    def broken() -> Iterable[Check]:
        yield check("OQ-x-1", "what", "1", "1")
        raise KeyError("a column\nthat is\tnot there")

    kept, end = section("OQ-x", "of something", broken)
    assert kept.outcome == PASSED
    assert (end.id, end.outcome) == ("OQ-x-end", FAILED)
    assert end.found.startswith("it broke off: KeyError")
    assert not set(end.found) & {"\n", "\t"}


def test_the_words_of_the_table_are_those_of_the_checks() -> None:
    of = {column.name: column.words for column in CHECKS.columns}
    assert of["outcome"] == OUTCOMES == (PASSED, FAILED, NOT_APPLICABLE)
    assert of["part"] == tuple(PARTS) == ("IQ", "OQ", "PQ")


# --------------------------------------------------------------------------- the reference


def test_the_reference_engine_shares_no_code_with_the_engine() -> None:
    for path in VALIDATION.glob("reference*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [node.module] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            for name in names:
                own = str(name).startswith("mrdq.validation.reference")
                assert own or str(name).split(".")[0] in sys.stdlib_module_names, (path.name, name)


# ---------------------------------------------------------------------------- OQ-a, bounds


def test_every_bound_of_every_rule_set_is_shown_on_three_sides() -> None:
    """Counted from the rule sets themselves, not from the table of the validation."""
    found = list(bounds.checks())
    assert failed(found) == {}
    ids = {one.id for one in found}
    for name in definitions.names("guidelines", None):
        for parameter in definitions.load_guideline(name).parameters.values():
            if parameter.bound != "level":
                for side in ("on", "inside", "outside"):
                    assert f"OQ-a-{name}-{parameter.name}-{side}" in ids


def test_the_table_of_parameters_is_that_of_the_reference_engine() -> None:
    """Written twice from the contract: names of its own there, and the same numbers."""
    own = {"positive_background_distance_minimum": "delta", "standard_delta_cq_maximum": "standard_delta",
           "standard_background_distance_minimum": "range_distance", "sensitivity_background_distance_minimum": "sensitivity_distance",
           "sensitivity_intercept_distance_maximum": "sensitivity_from_intercept", "positive_sensitivity_distance_maximum": "positive_from_sensitivity",
           "standard_step_fold": "step_fold", "sample_delta_cq_maximum": "sample_delta", "control_gene_delta_cq_maximum": "control_gene_delta",
           "standard_step_minimum": "step_minimum", "standard_step_maximum": "step_maximum", "curve_slope_minimum": "slope_minimum",
           "curve_slope_maximum": "slope_maximum", "curve_r_squared_minimum": "r_squared"}  # fmt: skip
    rules = {one.guideline: one for one in RULE_SETS}
    fields = {field.name for field in dataclasses.fields(Rules)}
    compared = 0
    for row in shipped.rows("parameters"):
        name = own.get(row["parameter"], row["parameter"].removesuffix("_minimum"))
        if name in fields:
            assert float(row["value"]) == getattr(rules[row["rule_set"]], name), row
            compared += 1
    assert compared == 3 * 20 + 1  # all but positive_wells_minimum and interval_confidence


def test_a_bound_that_is_not_inclusive_any_more_is_seen_on_the_bound(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real = Parameter.met_by

    def strict(self: Parameter, values: object, **asked: object) -> object:
        met = real(self, values, **asked)
        return met & (values > self.value + 1e-12) if self.name == "curve_slope_minimum" else met

    monkeypatch.setattr(Parameter, "met_by", strict)
    found = failed(bounds.checks())
    rule_sets = definitions.names("guidelines", None)
    assert set(found) == {f"OQ-a-{name}-curve_slope_minimum-on" for name in rule_sets}
    slope = found["OQ-a-euromrd-2024-curve_slope_minimum-on"]
    assert slope.expected == "curve_slope pass; call positive_quantifiable"
    assert slope.found == "curve_slope fail; call not_evaluable"


def test_a_bound_that_is_too_wide_is_seen_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guideline, "TOLERANCE", 1e-3)
    found = failed(bounds.checks())
    assert "OQ-a-euromrd-2007-therapy-reduction-sample_delta_cq_maximum-outside" in found
    assert all(name.endswith("-outside") for name in found)


def changed_resources(
    monkeypatch: pytest.MonkeyPatch, folder: Path, name: str, old: str, new: str
) -> None:
    """The shipped definitions with one text changed."""
    for kind in ("guidelines", "protocols"):
        (folder / kind).mkdir(exist_ok=True)
        for path in resources.path(kind).iterdir():
            (folder / kind / path.name).write_bytes(path.read_bytes())
    text = (folder / name).read_text(encoding="utf-8")
    assert old in text
    (folder / name).write_text(text.replace(old, new), encoding="utf-8")
    real = resources.path

    def path(wanted: str) -> Path:
        return folder / wanted if wanted.split("/")[0] in ("guidelines", "protocols") else real(wanted)  # fmt: skip

    monkeypatch.setattr(resources, "path", path)


def test_a_changed_number_of_a_rule_set_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = "guidelines/euromrd-2007-therapy-reduction.yaml"
    changed_resources(monkeypatch, tmp_path, file, "value: -3.9", "value: -3.8")
    found = failed(bounds.checks())
    numbers = found["OQ-a-euromrd-2007-therapy-reduction-numbers"]
    assert numbers.found == "curve_slope_minimum: value -3.8, expected -3.9"
    assert "OQ-a-euromrd-2007-therapy-reduction-curve_slope_minimum-on" in found


def test_a_parameter_more_or_less_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = "guidelines/euromrd-2007-therapy-reduction.yaml"
    new = "maximum_cq: {value: 45, unit: cycle, bound: maximum, grade: laboratory, source: ours}\n  interval_confidence:"
    changed_resources(monkeypatch, tmp_path, file, "interval_confidence:", new)
    rows = [row for row in shipped.rows("parameters") if row["parameter"] != "sample_wells_minimum"]
    monkeypatch.setattr(shipped, "rows", lambda _: rows)
    told = failed(bounds.checks())["OQ-a-euromrd-2007-therapy-reduction-numbers"].found
    assert told == "maximum_cq is not in the table; sample_wells_minimum is not in the table"


# --------------------------------------------------------------------------- OQ-b, outcomes


def test_every_call_status_response_and_next_step() -> None:
    found = list(outcomes.checks())
    assert failed(found) == {}
    ids = {one.id for one in found}
    assert {f"OQ-b-status-{word}" for word in words.STATUSES} <= ids
    assert {f"OQ-b-response-{word}" for word in words.RESPONSES} <= ids
    told = {one.what for one in found}
    for name in definitions.names("protocols", None):
        for at in definitions.load_protocol(name).timepoints:
            for text in (at.next_positive, at.next_negative, at.next_repeat):
                assert f"next step: {text}" in told


def test_a_wrong_next_step_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    old, new = "negative: further A, B, C, then maintenance", "negative: maintenance"
    changed_resources(monkeypatch, tmp_path, "protocols/all-mrd2019.yaml", old, new)
    found = failed(outcomes.checks())
    told = found["OQ-b-euromrd-2024-all-mrd2019-post-C1"].found
    assert 'negative_to_1e-5: next_step "maintenance", expected "further A, B, C' in told
    assert not any("all-mrd2023" in name for name in found)


def test_a_wrong_bound_of_the_response_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(status, "TOLERANCE", -1e-6)
    told = failed(outcomes.checks())["OQ-b-euromrd-2024-generic-any"].found
    assert 'level_1e-4: response "intermediate", expected "failure"' in told
    assert 'negative_to_1e-4: response "intermediate", expected "complete"' in told


def test_a_protocol_that_the_table_does_not_know(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = "protocols/gmall-like.yaml"
    changed_resources(monkeypatch, tmp_path, file, "id: week-16", "id: week-22")
    found = failed(section("OQ-b", "", outcomes.checks))
    assert "gmall-like week-22" in found["OQ-b-timepoints"].found


# ------------------------------------------------------------------------ OQ-c, OQ-d, OQ-e


def test_an_engine_that_differs_from_the_reference_is_told_with_the_row(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert "OQ-c-curves" not in failed(beside.checks(12))
    real: Callable[..., dict[str, np.ndarray]] = curve._least_squares

    def steeper(*args: object) -> dict[str, np.ndarray]:
        fit = real(*args)
        return {**fit, "slope": fit["slope"] * 1.000001}

    monkeypatch.setattr(curve, "_least_squares", steeper)
    found = failed(beside.checks(12))
    assert set(found) >= {"OQ-c-curves", "OQ-c-calls"}
    assert ": slope: expected -" in found["OQ-c-curves"].found


def test_random_studies_that_reach_no_call_show_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(beside.LEAST, "negative", 1_000_000)
    assert "OQ-c-reach-negative" in failed(beside.checks(2))


def test_a_reader_that_changes_a_number_a_state_or_a_well_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(readers, "RUNS", readers.RUNS[:2])
    assert failed(readers.checks()) == {}

    def wrong(data: bytes, name: str) -> object:
        export = read_export(data, name)
        export.cq[0] += 0.01
        export.cq_state[1] = "undetermined"
        export.quantity[2] *= 10
        export.well[3] = "Z99"
        return export

    monkeypatch.setattr(readers, "read_export", wrong)
    found = failed(readers.checks())
    assert set(found) == {f"OQ-d-{form}" for form in readers.DIGITS}
    told = found["OQ-d-table-csv"].found
    for words_ in ("A1: cq ", "A2: state undetermined", "A3: quantity ", "A4: not read"):
        assert words_ in told


def test_what_is_not_refused_any_more_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    few = {name: refusals.WRONG[name] for name in ("empty", "no_unit")}
    monkeypatch.setattr(refusals, "WRONG", few)
    assert failed(refusals.checks(tmp_path / "right")) == {}
    real = pipeline.check

    def blind(study: object) -> object:
        reading = real(study)
        reading.problems.errors.clear()
        return reading

    monkeypatch.setattr(pipeline, "check", blind)
    found = failed(refusals.checks(tmp_path / "blind"))
    assert found["OQ-e-empty"].found == "not refused"
    assert "OQ-e-none" not in found


def test_a_refusal_that_writes_is_no_refusal(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(refusals, "WRONG", {"no_unit": refusals.WRONG["no_unit"]})
    real = refusals.load_study

    def writing(study: Path) -> object:
        if study.name == "no_unit":
            (study / "results").mkdir()
        return real(study)

    monkeypatch.setattr(refusals, "load_study", writing)
    found = failed(refusals.checks(tmp_path))
    assert found["OQ-e-no_unit"].found.startswith("results were written; refused")


# -------------------------------------------------------------------------------------- OQ-g


def test_amendments_and_damages_are_looked_at(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert failed(audited.checks(tmp_path / "right")) == {}
    monkeypatch.setattr(audited.merkle, "root", lambda _: "0")
    assert {f"OQ-g-root-{size}" for size in audited.ROOTS} <= set(
        failed(audited.checks(tmp_path / "root"))
    )
    monkeypatch.undo()
    monkeypatch.setattr(audited, "AMENDMENTS_FILE", "config/not-read.tsv")
    assert {"OQ-g-retracted", "OQ-g-changed"} <= set(failed(audited.checks(tmp_path / "unread")))
    monkeypatch.undo()
    real = audited.verify
    monkeypatch.setattr(audited, "verify", lambda root, _: real(root.parent / "whole"))
    assert {f"OQ-g-{name}" for name in audited.DAMAGES} <= set(
        failed(audited.checks(tmp_path / "blind"))
    )


# -------------------------------------------------------------------------- OQ-f and PQ-a


def test_differences_from_the_expected_results_are_told_cell_by_cell() -> None:
    expected = shipped.rows("example/status")
    assert example.compared("status", expected, expected) == ([], 0)
    found = [dict(row) for row in expected]
    found[0]["mrd_level"] = str(float(found[0]["mrd_level"]) * (1 + 1e-11))
    assert example.compared("status", expected, found) == ([], 1)
    found[0]["status"], found[1]["next_step"] = "negative", "continue"
    del found[2]["response"]
    lines, _ = example.compared("status", expected, found[:-1])
    assert lines[0] == f"{len(expected) - 1} rows"
    assert lines[1:3] == [
        'SIM-001 / post-A1: status "negative", expected "positive_quantifiable"',
        'SIM-001 / post-C1: next_step "continue", expected "further A, B, C, then maintenance"',
    ]
    assert 'response "None"' in lines[3]


def test_a_run_whose_bytes_differ_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Three more runs are compared with the first; here nothing is read, and one table differs."""

    def run(folder: Path, **_: object) -> Files:
        for table in example.ALL:
            wrong = table == "calls.tsv" and folder.name == "order"
            (folder / table).write_bytes(b"other" if wrong else b"same")
        return Files(folder)

    def write(folder: Path, **_: object) -> Path:
        folder.mkdir()
        return folder

    monkeypatch.setattr(example, "run", run)
    monkeypatch.setattr(example, "write", write)
    found = failed(example.repeats(tmp_path))
    assert {name: one.found for name, one in found.items()} == {"OQ-f-order": "calls.tsv differs"}


# ---------------------------------------------------------------------------- PQ-b and PQ-c


def test_the_printed_figures_are_those_of_an_independent_fit() -> None:
    """numpy's polynomial fit of the shipped wells: the tables hold together without the engine."""
    for row in shipped.rows("vendor_curves"):
        wells = [w for w in shipped.rows("vendor_wells") if w["curve"] == row["curve"]]
        standards = [w for w in wells if w["task"] == "standard"]
        assert (len(standards), row["licence"].split(",")[0]) == (20, "MIT")
        x = np.log10([float(w["quantity"]) for w in standards])
        slope, intercept = np.polyfit(x, [float(w["cq"]) for w in standards], 1)
        for value, text in ((slope, row["slope"]), (intercept, row["intercept"])):
            digits = len(text.partition(".")[2])
            assert abs(value - float(text)) <= 0.5 * 10**-digits


@pytest.mark.parametrize(("figure", "factor"), [("slope", 1.0005), ("r_squared", 0.9995)])
def test_a_wrong_curve_is_not_the_vendors(
    monkeypatch: pytest.MonkeyPatch, figure: str, factor: float
) -> None:
    assert failed(vendor_curves.checks()) == {}
    real: Callable[..., dict[str, np.ndarray]] = curve._least_squares
    monkeypatch.setattr(
        curve, "_least_squares", lambda *a: (fit := real(*a)) | {figure: fit[figure] * factor}
    )
    assert f"PQ-b-QuantStudio_1-{figure}" in failed(vendor_curves.checks())


def test_standards_that_drop_out_of_a_curve_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    real = shipped.rows
    wells = [row if i != 17 else row | {"cq": "31.9"} for i, row in enumerate(real("vendor_wells"))]
    monkeypatch.setattr(shipped, "rows", lambda name: wells if name == "vendor_wells" else real(name))  # fmt: skip
    assert failed(vendor_curves.checks())["PQ-b-QuantStudio_7_Flex-wells"].found == "16"


def test_an_interval_that_is_too_narrow_and_a_level_that_is_off_are_seen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(dilution_series, "LEVELS", (1e-2,))
    assert failed(dilution_series.checks(400)) == {}
    real = dilution_series.calls

    def wrong(level: float, runs: int, *, seed: int) -> object:
        table = real(level, runs, seed=seed)
        middle = table["mrd_level"]
        return table.assign(
            mrd_level=middle * 1.1, mrd_level_low=np.sqrt(middle * table["mrd_level_low"]),
            mrd_level_high=np.sqrt(middle * table["mrd_level_high"]),
        )  # fmt: skip

    monkeypatch.setattr(dilution_series, "calls", wrong)
    assert set(failed(dilution_series.checks(400))) == {"PQ-c-0.01-bias", "PQ-c-0.01-coverage"}
    monkeypatch.setattr(dilution_series, "calls", lambda *a, **k: real(1e-2, a[1], **k))
    assert "PQ-c-0-negative" in failed(dilution_series.checks(100))


# ------------------------------------------------------------------------ the shipped tables


def test_every_shipped_table_is_read_and_described() -> None:
    folder = resources.path("validation")
    told = (folder / "README.md").read_text(encoding="utf-8")
    tables = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.tsv"))
    for name in tables:
        assert f"`{name}`" in told, name
        assert shipped.rows(name.removesuffix(".tsv"))
    assert "SIMULATED" in told
    assert {row["source"].split(",")[0] for row in shipped.rows("vendor_curves")} == {"allotropy"}


def test_a_table_with_a_cell_too_few_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "results.tsv").write_text("a\tb\n1\n")
    monkeypatch.setattr(resources, "path", lambda name: tmp_path / Path(name).name)
    with pytest.raises(ValueError, match="argument 2 is shorter"):
        shipped.rows("results")


def test_no_table_holds_a_quote_that_a_reader_could_take_for_one() -> None:
    for path in resources.path("validation").rglob("*.tsv"):
        rows = list(csv.reader(path.read_text(encoding="utf-8").splitlines(), delimiter="\t"))
        assert len({len(row) for row in rows}) == 1, path.name


@pytest.fixture(scope="module")
def wells_of_the_example(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, pd.DataFrame]:
    """The example study and its wells as they are read."""
    loaded = load_study(example.write(tmp_path_factory.mktemp("example") / "study"))
    return loaded, ingest.read_runs(loaded).wells


@pytest.mark.parametrize("rules", RULE_SETS[:2], ids=lambda rules: rules.guideline)
def test_the_shipped_results_of_the_example_are_those_of_the_reference_engine(
    wells_of_the_example: tuple[Any, pd.DataFrame], rules: Rules
) -> None:
    loaded, wells = wells_of_the_example
    sheets = calling.definitions(loaded)

    def rows(table: pd.DataFrame) -> list[dict[str, Any]]:
        plain = table.astype(object).where(table.notna(), None)
        return [{str(k): v for k, v in row.items()} for row in plain.to_dict("records")]

    known = wells[wells["role"].isin(["standard", "sample", "background", "ntc"])]
    study = Study(rows(known), rows(sheets.runs), rows(sheets.samples), rows(sheets.assays), rules=rules)  # fmt: skip
    found = analyse(study)
    keys = {"curves": ("run_id", "target"), "calls": ("run_id", "target", "sample_id")}
    for name, key in keys.items():
        by_key = {tuple(row[k] for k in key): row for row in getattr(found, name)}
        mine = [
            row
            for row in shipped.rows(f"example/{name}")
            if row.get("guideline", rules.guideline) == rules.guideline
        ]
        assert len(mine) > 10
        for row in mine:
            wanted = by_key[tuple(row[k] for k in key)]
            for column in set(row) - NOT_COMPARED - {"flags", "reasons"}:
                assert same_value(wanted[column], row[column]), (row, column, wanted[column])
