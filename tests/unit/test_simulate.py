"""The simulator: same seed, same bytes; every file says SIMULATED; the physics is as stated."""

from __future__ import annotations

import csv
import io
import math
import re
from pathlib import Path

import numpy as np
import pytest
import yaml
from python_calamine import CalamineWorkbook

from mrdq.simulate import intended_calls, write_archive, write_example
from mrdq.simulate.exports import FORMATS
from mrdq.simulate.folder import LAYOUT_HEADER
from mrdq.simulate.plate import (
    GENOME_PG,
    NOMINAL_GENOMES,
    NOMINAL_NG,
    Background,
    Block,
    Curve,
    Plate,
    control_gene_cq,
    generator,
    mrd_cq,
    nonspecific_cq,
    specific_cq,
    target_copies,
    together,
)
from mrdq.simulate.scenarios import ASSAYS, FOLLOW_UPS, PATIENTS, RUNS, UPDATE_2024
from mrdq.simulate.study import example_plate

ROOT = Path(__file__).parents[2]
CURVE = Curve(22.0, -3.4)


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("example")
    write_example(folder)
    return folder


def sheet(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.read_text().splitlines(), delimiter="\t"))


def small_plate() -> Plate:
    standard = Block("T", "standard", np.array([25.4, np.nan]), sample="DX", dilution=1e-5)
    control = Block("ALB", "standard", np.array([23.3]), "C", quantity_ng=1000.0, reporter="VIC")
    sample = Block("T", "sample", np.array([30.5, 31.5, 29.0]), sample="S-1", omitted=(2,))
    return Plate(
        "R1",
        "2024-01-01",
        (standard, control, sample, Block("T", "ntc", np.array([np.nan]), "NTC")),
    )


# --- the study folder ---------------------------------------------------------------------------


def test_same_seed_same_bytes(example: Path, tmp_path: Path) -> None:
    paths = write_example(tmp_path)
    assert len(set(paths)) == len(paths)
    for path in paths:
        assert path.read_bytes() == (example / path.relative_to(tmp_path)).read_bytes(), path


def test_the_example_in_the_repository_is_the_one_of_seed_2024(example: Path) -> None:
    files = [path for path in sorted(example.rglob("*")) if path.is_file()]
    for path in files:
        assert path.read_bytes() == (ROOT / path.relative_to(example)).read_bytes(), path


def test_another_seed_moves_the_noise_and_keeps_the_design(example: Path, tmp_path: Path) -> None:
    write_example(tmp_path, seed=7)
    assert (tmp_path / "data/SIM-R01.txt").read_bytes() != (
        example / "data/SIM-R01.txt"
    ).read_bytes()
    for name in ("runs", "samples", "assays", "patients", "layouts/SIM-R05"):
        one, two = (folder / f"config/{name}.tsv" for folder in (tmp_path, example))
        assert one.read_bytes() == two.read_bytes()


def test_every_data_file_says_that_it_is_simulated(example: Path) -> None:
    for path in (example / "data").iterdir():
        content = path.read_bytes()
        assert b"SIMULATED" in content, path
    assert "SIMULATED" in yaml.safe_load((example / "config/config.yaml").read_text())["study"]
    assert all(
        row["patient_id"].startswith("SIM-") for row in sheet(example / "config/patients.tsv")
    )


def test_sheets_refer_to_one_another(example: Path) -> None:
    config = yaml.safe_load((example / "config/config.yaml").read_text())
    runs, samples, assays, patients = (
        sheet(example / config[key]) for key in ("runs", "samples", "assays", "patients")
    )
    assert len(patients) == len(PATIENTS) >= 12
    assert {row["protocol"] for row in patients} == set(config["guideline"])
    targets = {row["target"]: row for row in assays}
    known = {row["sample_id"]: row["patient_id"] for row in samples}
    for run in runs:
        assert (example / run["export"]).is_file()
        for well in sheet(example / run["layout"]) if run["layout"] else []:
            assert tuple(well) == LAYOUT_HEADER
            patient = targets[well["target"]]["patient_id"]
            if well["role"] == "sample" and patient:
                assert known[well["sample_id"]] == patient
    assert [run["run_id"] for run in runs if not run["layout"]] == ["SIM-R12"]


def test_every_call_of_every_rule_set_is_intended_somewhere() -> None:
    seen: dict[str, set[str]] = {}
    for calls in intended_calls().values():
        for guideline, call in calls.items():
            seen.setdefault(guideline, set()).add(call)
    assert {len(calls) for calls in seen.values()} == {4, 5}
    assert len(seen[UPDATE_2024]) == 5


def test_every_follow_up_has_its_run_and_assay() -> None:
    runs = {run.number: run for run in RUNS}
    assays = {(assay.patient, assay.locus) for assay in ASSAYS}
    for seen in FOLLOW_UPS:
        run = runs[seen.run]
        assert (run.patient, seen.locus) in assays
        assert seen.timepoint in run.dna_ng


def test_a_well_omitted_and_a_well_excluded_are_in_the_files(example: Path) -> None:
    omitted = [
        line
        for line in (example / "data/SIM-R19.txt").read_text().splitlines()
        if "\ttrue\tpoly" in line
    ]
    assert len(omitted) == 1
    excluded = [row for row in sheet(example / "config/layouts/SIM-R15.tsv") if row["exclude"]]
    assert [row["sample_id"] for row in excluded] == ["SIM-011-A1"]


def test_dilutions_are_written_in_three_ways(example: Path) -> None:
    def written(run: str) -> set[str]:
        return {row["dilution"] for row in sheet(example / f"config/layouts/{run}.tsv")} - {""}

    assert written("SIM-R01") == {"1e-1", "1e-2", "1e-3", "1e-4", "1e-5"}
    assert written("SIM-R06") == {"1:10", "1:100", "1:1000", "1:10000", "1:100000"}
    assert written("SIM-R08") == {"10 %", "1 %", "0.1 %", "0.01 %", "0.001 %"}


# --- the exports --------------------------------------------------------------------------------


def test_quantstudio_text() -> None:
    text = FORMATS["ab-text"][1](small_plate()).decode()
    head, table = text.split("\n\n[Results]\n")
    head, setup = head.split("\n\n[Sample Setup]\n")
    assert all(re.fullmatch(r"\* [^=]+ = .*", line) for line in head.splitlines())
    assert [line.split("\t")[1] for line in setup.splitlines()[1:3]] == ["A1", "A2"]
    rows = list(csv.DictReader(table.split("\n\n")[0].splitlines(), delimiter="\t"))
    assert [row["Well Position"] for row in rows] == ["A1", "A2", "A3", "A4", "A5", "A6", "A7"]
    assert [row["CT"] for row in rows[:3]] == ["25.400", "Undetermined", "23.300"]
    assert [row["Quantity"] for row in rows[:4]] == ["1.000E-05", "1.000E-05", "1,000.000", ""]
    assert [row["Omit"] for row in rows[3:]] == ["false", "false", "true", "false"]
    assert [row["Task"] for row in rows[2:]] == ["STANDARD", *["UNKNOWN"] * 3, "NTC"]


def test_stepone_text_has_the_decimal_comma() -> None:
    text = FORMATS["stepone-text"][1](small_plate()).decode()
    rows = list(
        csv.DictReader(text.split("[Results]\n")[1].split("\n\n")[0].splitlines(), delimiter="\t")
    )
    assert [row["Cт"] for row in rows[:3]] == ["25,4000", "Undetermined", "23,3000"]
    assert [row["Quantity"] for row in rows[1:3]] == ["0,000010", "1000,000000"]


def test_cfx_csv() -> None:
    rows = list(csv.DictReader(io.StringIO(FORMATS["cfx-csv"][1](small_plate()).decode())))
    assert next(iter(rows[0])) == ""
    assert [row["Well"] for row in rows[:2]] == ["A01", "A02"]
    assert [row["Content"] for row in rows] == ["Std-1", "Std-1", "Std-2", *["Unkn-1"] * 3, "NTC"]
    assert [row["Cq"] for row in rows[:3]] == ["25.40", "N/A", "23.30"]
    assert float(rows[0]["Starting Quantity (SQ)"]) == 1e-5


def test_plain_table() -> None:
    rows = list(csv.DictReader(io.StringIO(FORMATS["table-csv"][1](small_plate()).decode())))
    assert [row["cq"] for row in rows[:3]] == ["25.400", "Undetermined", "23.300"]
    assert [row["quantity"] for row in rows[1:4]] == ["1e-05", "1000", ""]


def test_quantstudio_workbook() -> None:
    book = CalamineWorkbook.from_filelike(io.BytesIO(FORMATS["ab-xlsx"][1](small_plate())))
    assert book.sheet_names == ["Sample Setup", "Results"]
    rows = book.get_sheet_by_name("Results").to_python()
    header = next(n for n, row in enumerate(rows) if row[0] == "Well")
    table = [dict(zip(rows[header], row, strict=True)) for row in rows[header + 1 :]]
    assert [row["CT"] for row in table[:3]] == [25.4, "Undetermined", 23.3]
    assert [row["Omit"] for row in table[4:6]] == [False, True]
    assert ["Experiment Name", "R1 SIMULATED"] in [row[:2] for row in rows[:header]]


def test_a_plate_has_96_wells() -> None:
    with pytest.raises(ValueError, match="97 wells do not fit a plate of 96"):
        Plate("R1", "2024-01-01", (Block("T", "sample", np.zeros(97)),))


# --- the archive --------------------------------------------------------------------------------


@pytest.mark.parametrize("layouts", [False, True])
def test_archive(tmp_path: Path, layouts: bool) -> None:
    for folder in (tmp_path / "one", tmp_path / "two"):
        write_archive(folder, runs=6, seed=3, formats=("ab-text", "cfx-csv"), layouts=layouts)
    files = sorted(path for path in (tmp_path / "one").rglob("*") if path.is_file())
    for path in files:
        assert (
            path.read_bytes()
            == (tmp_path / "two" / path.relative_to(tmp_path / "one")).read_bytes()
        )
    runs = sheet(tmp_path / "one/config/runs.tsv")
    assert [row["export"][-4:] for row in runs] == [".txt", ".csv"] * 3
    assert all(bool(row["layout"]) == layouts for row in runs)
    config = yaml.safe_load((tmp_path / "one/config/config.yaml").read_text())
    rules = {"background": "^polyclonal", "standard_quantity": "ng"}
    assert config.get("layout_rules") == (None if layouts else rules)
    text = (tmp_path / "one/data/SIM-000001.txt").read_text()
    assert ("\t60.000\t" in text) != layouts
    assert "SIMULATED" in text


def test_archive_refuses_a_format_it_cannot_write(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"formats must be of ab-text, .* but were \['rdml'\]"):
        write_archive(tmp_path, runs=1, formats=("rdml",))


# --- the physics --------------------------------------------------------------------------------


def test_one_genome_per_well_leaves_63_percent_of_wells_positive() -> None:
    cq = mrd_cq(generator(1), CURVE, None, fraction=np.full(20_000, 1 / NOMINAL_GENOMES))
    share = np.mean(~np.isnan(cq))
    assert share == pytest.approx(1 - math.exp(-1), abs=4 * math.sqrt(0.63 * 0.37 / 20_000))


def test_a_nominal_well_holds_90909_genomes() -> None:
    assert round(NOMINAL_GENOMES) == 90_909
    assert target_copies(generator(1), np.full(2000, 0.1), NOMINAL_NG).mean() == pytest.approx(
        9090.9, rel=1e-3
    )
    assert GENOME_PG == 6.6


def test_slope_and_intercept_are_recovered() -> None:
    dilution = np.repeat([1e-1, 1e-2, 1e-3], 2000)
    cq = mrd_cq(generator(2), CURVE, None, fraction=dilution)
    slope, intercept = np.polyfit(np.log10(dilution), cq, 1)
    assert slope == pytest.approx(CURVE.slope, abs=0.02)
    assert intercept == pytest.approx(CURVE.intercept, abs=0.05)


def test_noise_grows_toward_few_molecules() -> None:
    spread = [
        specific_cq(generator(3), CURVE, np.full(5000, n)).std() for n in (10_000.0, 10.0, 1.0)
    ]
    assert spread == sorted(spread)
    assert spread[0] == pytest.approx(0.1, rel=0.1)


def test_background_signal_comes_late_or_never() -> None:
    assert np.isnan(nonspecific_cq(generator(4), None, (9,))).all()
    cq = nonspecific_cq(generator(4), Background(40.0), (5000,))
    assert np.mean(~np.isnan(cq)) == pytest.approx(0.7, abs=0.03)
    assert np.nanmean(cq) == pytest.approx(40.0, abs=0.05)


def test_two_signals_in_one_well_add_up() -> None:
    nan = np.nan
    cq = together(np.array([30.0, 30.0, nan, nan]), np.array([30.0, nan, 40.0, nan]))
    np.testing.assert_allclose(cq, [29.0, 30.0, 40.0, nan])


def test_more_dna_gives_an_earlier_control_gene() -> None:
    few, many = (control_gene_cq(generator(5), np.full(500, ng)).mean() for ng in (60.0, 600.0))
    assert few - many == pytest.approx(3.4, abs=0.05)


def test_each_plate_has_its_own_stream_of_numbers() -> None:
    one, two = (example_plate(run, seed=1).blocks[0].cq for run in RUNS[:2])
    assert not np.array_equal(one, two)
