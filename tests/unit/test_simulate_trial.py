"""The synthetic trial: the table of outcomes is read or refused, and its plates mean what it says."""

from __future__ import annotations

import csv
import os
from collections import Counter
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

from mrdq import vocabulary as words
from mrdq.analysis import Definitions, analyse
from mrdq.definitions import load_guideline, load_protocol
from mrdq.errors import MrdqError
from mrdq.resources import path
from mrdq.simulate import intended_statuses, read_cohort, write_trial
from mrdq.simulate.exports import FORMATS
from mrdq.simulate.plate import Plate
from mrdq.simulate.trial_cohort import A1, C1, COLUMNS, CUTOFF, NE, NEG, POS, PROTOCOLS, SHIPPED
from mrdq.simulate.trial_design import (
    FAULTS,
    FEW_BACKGROUND,
    FEW_WELLS,
    FLAT_CURVE,
    NO_ALBUMIN,
    NTC_SIGNAL,
    SHORT_DNA,
    TrialDesign,
    design,
)
from mrdq.simulate.trial_plates import ALB, trial_plates

SHARED = Path(os.environ.get("MRDQ_SHARED", Path(__file__).parents[3] / "shared"))
RULE_SET = "euromrd-2007-therapy-reduction"
HEADER = ",".join(column.name for column in COLUMNS)
GOOD = {
    **{"USUBJID": "X-1", "TRIAL": "ALL/MRD2019", "AGE": "40", "AGEGR1": "36-55"},
    **{"MRD_A1": "POS", "MRD_C1": "NEG", "OS_DAYS": "900", "OS_EVENT": "1"},
    **{"LFS_DAYS": "300", "LFS_EVENT": "1", "RELAPSE_DAY": "300"},
}
CENSORED = {"OS_EVENT": "0", "LFS_EVENT": "0", "LFS_DAYS": "900", "RELAPSE_DAY": ""}
CLASS = {POS: words.POSITIVE, NEG: words.NEGATIVE, NE: words.NOT_EVALUABLE}


@cache
def designs() -> tuple[TrialDesign, ...]:
    return tuple(design(read_cohort()))


@cache
def plates(seed: int) -> tuple[Plate, ...]:
    return tuple(
        plate
        for number, each in enumerate(designs(), start=1)
        for plate in trial_plates(each, number=number, seed=seed)
    )


@cache
def calls(seed: int) -> pd.DataFrame:
    """The calls that the engine gives the plates of a seed, straight from their Cq."""
    rows = []
    for plate in plates(seed):
        for _, well, index, block, cq in plate.wells():
            sample = block.sample if block.role == words.SAMPLE else ""
            state = words.UNDETERMINED if np.isnan(cq) else words.DETERMINED
            state = words.OMITTED if index in block.excluded else state
            seen = cq if state == words.DETERMINED else np.nan
            what = plate.run_id, well, block.target, block.role, sample
            rows.append((*what, block.dilution, block.quantity_ng, seen, state))
    names = (
        *("run_id", "well", "target", "role", "sample_id"),
        *("dilution", "quantity_ng", "cq", "cq_state"),
    )
    return analyse(pd.DataFrame(rows, columns=list(names)), definitions(seed)).calls


def definitions(seed: int) -> Definitions:
    mrd = [assay for each in designs() for assay in each.assays]
    assays = pd.DataFrame(
        {
            "target": [*(assay.target for assay in mrd), ALB],
            "kind": [*[words.MRD] * len(mrd), words.CONTROL_GENE],
            "patient_id": [*(assay.patient_id for assay in mrd), ""],
            "dna_per_well_ng": [*[600.0] * len(mrd), np.nan],
            "control_gene": [*[ALB] * len(mrd), ""],
            "blast_fraction": np.nan,
            "guideline": [*[RULE_SET] * len(mrd), ""],
        }
    )
    samples = [(s.sample_id, s.patient_id, s.timepoint) for each in designs() for s in each.samples]
    return Definitions(
        assays=assays,
        samples=pd.DataFrame(samples, columns=["sample_id", "patient_id", "timepoint"]),
        runs=pd.DataFrame({"run_id": [p.run_id for p in plates(seed)],
                           "performed_on": [p.performed_on for p in plates(seed)]}),
        guidelines={RULE_SET: load_guideline(RULE_SET)},
        control_gene_required=True,
    )  # fmt: skip


def records(seed: int) -> dict[tuple[str, str], dict[str, Any]]:
    """The call of each (sample, target)."""
    rows = calls(seed).astype({"sample_id": object, "target": object, "call": object})
    return {(row["sample_id"], row["target"]): row for row in rows.to_dict("records")}


# --- the plates give the statuses -----------------------------------------------------------------


@pytest.mark.parametrize("seed", [0, 7, 2024])
def test_every_target_is_called_as_designed_whatever_the_seed(seed: int) -> None:
    found = {key: row["call"] for key, row in records(seed).items()}
    wanted = {}
    for each in designs():
        for run in each.runs:
            for sample in run.samples:
                for assay, shown in zip(each.assays, sample.shown, strict=True):
                    spoilt = run.fault or sample.fault or assay.fault
                    call = words.NOT_EVALUABLE if spoilt else shown
                    wanted[sample.sample_id, assay.target] = call
    assert found == wanted


def test_the_best_call_of_a_sample_is_its_status_and_the_class_that_of_the_table() -> None:
    """The rank is that of contract section 6; the class is asked of the patient's protocol."""
    found = records(2024)
    for each in designs():
        protocol = load_protocol(PROTOCOLS[each.patient.trial])
        for sample in each.samples:
            of_targets = [found[sample.sample_id, assay.target] for assay in each.assays]
            best = min(of_targets, key=lambda row: words.CALL_RANK[row["call"]])
            assert best["call"] == sample.status
            mrd_class = protocol.by_id[sample.timepoint].mrd_class(best["call"], best["mrd_level"])
            assert mrd_class == CLASS[each.patient.mrd[sample.timepoint]], sample.sample_id


@pytest.mark.parametrize("seed", [0, 7, 2024])
def test_nothing_lies_close_to_a_limit(seed: int) -> None:
    """A level at least a third above the quantitative range, a negative far more sensitive than
    the 1e-4 of a complete response."""
    rows = calls(seed)
    quantified = rows[rows["call"] == words.POSITIVE_QUANTIFIABLE]
    assert (quantified["mrd_level"] > 1.33 * quantified["quantitative_range"]).all()
    assert quantified["mrd_level"].min() < 1e-4
    assert quantified["mrd_level"].max() > 0.15
    negative = rows[rows["call"] == words.NEGATIVE]
    assert (negative["sensitivity"] < 0.7e-4).all()


def test_each_way_to_no_result_fails_its_own_criterion() -> None:
    criterion = {
        **{NTC_SIGNAL: "ntc_clean", FLAT_CURVE: "curve_slope", FEW_WELLS: "sample_wells"},
        **{FEW_BACKGROUND: "background_wells", SHORT_DNA: "control_gene_amount"},
        **{NO_ALBUMIN: "control_gene_wells"},
    }
    seen = set()
    found = records(2024)
    for each in designs():
        for sample in each.samples:
            for assay in each.assays if sample.fault and not each.assays[-1].fault else ():
                assert found[sample.sample_id, assay.target]["reasons"] == criterion[sample.fault]
                seen.add(sample.fault)
    assert seen == set(FAULTS)


def test_the_design_has_every_kind_of_result() -> None:
    samples = [(each, sample) for each in designs() for sample in each.samples]
    statuses = Counter(sample.status for _, sample in samples)
    positive = statuses[words.POSITIVE_QUANTIFIABLE], statuses[words.POSITIVE_NOT_QUANTIFIABLE]
    assert positive == (135, 45)
    assert statuses[words.NOT_EVALUABLE] == 41
    assert {len(each.assays) for each in designs()} == {1, 2}
    two = [(each, s) for each, s in samples if len(each.assays) == 2]
    assert sum(len(set(s.shown)) == 2 for _, s in two) > 30
    spared = [s for each, s in two if each.assays[1].fault and s.status == words.NEGATIVE]
    assert len(spared) > 20
    seen = calls(2024)["flags"].astype(str).str.split(";").explode().unique()
    assert {"signal_seen", "above_curve", "wells_omitted"} <= set(seen)


def test_intended_statuses_are_those_of_the_table() -> None:
    statuses = intended_statuses(read_cohort())
    assert len(statuses) == 516
    for patient in read_cohort():
        for timepoint, answer in patient.mrd.items():
            status = statuses[patient.patient_id, timepoint]
            assert status.startswith(CLASS[answer]), (patient.patient_id, timepoint)


def test_runs_are_few_and_of_every_format() -> None:
    runs = [run for each in designs() for run in each.runs]
    assert 258 <= len(runs) <= 400
    assert len({run.run_id for run in runs}) == len(runs)
    assert {run.form for run in runs} == set(FORMATS)
    assert len({run.dilution_style for run in runs}) == 3


# --- the shipped table -----------------------------------------------------------------------------


def test_the_shipped_table_is_the_shared_one() -> None:
    shared = SHARED / "trial/synthetic_cohort.csv"
    if not shared.is_file():
        pytest.skip("the shared files are not here")
    assert path(SHIPPED).read_bytes() == shared.read_bytes()


def test_the_shipped_table_is_read_whole() -> None:
    rows = list(csv.DictReader(path(SHIPPED).read_text(encoding="utf-8").splitlines()))
    cohort = read_cohort()
    assert len(cohort) == len(rows) == 258
    for patient, row in zip(cohort, rows, strict=True):
        assert patient.patient_id == row["USUBJID"]
        assert (patient.trial, str(patient.age)) == (row["TRIAL"], row["AGE"])
        assert patient.mrd == {A1: row["MRD_A1"], C1: row["MRD_C1"]}
        assert (str(patient.os_days), str(patient.dead)) == (row["OS_DAYS"], row["OS_EVENT"])
        assert str(patient.lfs_days) == row["LFS_DAYS"]
        assert str(patient.relapse_day or "") == row["RELAPSE_DAY"]


def test_mrd_rates_of_the_table_are_the_published_counts() -> None:
    """73/137 and 55/121 negative after A-1, 32/121 positive after C-1."""
    counts = Counter((p.trial[-4:], t, p.mrd[t]) for p in read_cohort() for t in (A1, C1))
    assert (counts["2023", A1, NEG], counts["2019", A1, NEG]) == (73, 55)
    assert counts["2019", C1, POS] == 32
    assert Counter(p.trial[-4:] for p in read_cohort()) == {"2019": 121, "2023": 137}


def test_nobody_is_followed_beyond_the_cutoff_and_no_event_precedes_a_sample() -> None:
    last = [each.patient.on(each.patient.os_days) for each in designs()]
    assert max(last) <= CUTOFF == date(2025, 6, 30)
    for each in designs():
        first, second = each.samples
        assert (first.timepoint, second.timepoint) == (A1, C1)
        assert 0 <= first.day < second.day < each.patient.lfs_days
        usual = 31 <= first.day <= 35 and 92 <= second.day <= 96
        assert usual or second.day == each.patient.lfs_days - 1


def test_patients_of_2023_who_had_to_start_earlier_are_as_many_as_the_page_says() -> None:
    late = [p for p in read_cohort() if p.trial.endswith("2023") and p.start_on.year < 2023]
    page = Path(__file__).parents[2] / "docs/trial.md"
    assert f"{len(late)} of the 137 patients" in " ".join(page.read_text().split())
    assert min(p.start_on for p in read_cohort()) == date(2019, 2, 4)


# --- a table of the user's own ---------------------------------------------------------------------


def table(tmp_path: Path, *rows: dict[str, str], header: str = HEADER) -> Path:
    file = tmp_path / "cohort.csv"
    lines = [header, *(",".join(row.values()) for row in rows)]
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


def refusal(file: Path) -> list[str]:
    with pytest.raises(MrdqError) as caught:
        read_cohort(file)
    return [str(problem).removeprefix(f"{file}: ").removeprefix(f"{file}, ")
            for problem in caught.value.problems]  # fmt: skip


def test_a_table_of_ones_own(tmp_path: Path) -> None:
    cohort = read_cohort(table(tmp_path, GOOD, GOOD | CENSORED | {"USUBJID": "X-2"}))
    assert [(p.patient_id, p.lfs_days, p.relapse_day, p.dead) for p in cohort] == [
        ("X-1", 300, 300, 1),
        ("X-2", 900, None, 0),
    ]


@pytest.mark.parametrize(
    ("column", "value", "problem"),
    [
        ("USUBJID", "a b", 'found "a b", expected an id of letters, digits, points, dashes, at most 40 characters'),
        ("USUBJID", "", "found nothing, expected the patient's id. Fill the cell."),
        ("TRIAL", "2019", 'found "2019", expected one of ALL/MRD2019, ALL/MRD2023'),
        ("AGE", "40.5", 'found "40.5", expected an age in years, a whole number from 0 to 130'),
        ("AGEGR1", "16-35", 'found "16-35", expected 36-55, the group of age 40'),
        ("MRD_A1", "pos", 'found "pos", expected one of POS, NEG, NE'),
        ("MRD_C1", "", "found nothing, expected MRD after C-1. Fill the cell."),
        ("OS_EVENT", "yes", 'found "yes", expected one of 0, 1'),
        ("OS_DAYS", "900.0", 'found "900.0", expected days from the start, a whole number from 2 to 36500'),
        ("OS_DAYS", "1", 'found "1", expected days from the start, a whole number from 2 to 36500'),
        ("LFS_DAYS", "301", 'found "301", expected 300, the day of the relapse'),
        ("LFS_EVENT", "0", 'found "0", expected 1, as the relapse says'),
    ],
)  # fmt: skip
def test_a_cell_that_is_wrong(tmp_path: Path, column: str, value: str, problem: str) -> None:
    file = table(tmp_path, GOOD | {column: value})
    assert refusal(file) == [f"row 2, column {column}: {problem}"]


@pytest.mark.parametrize(
    ("change", "column", "problem"),
    [
        ({"LFS_DAYS": "899"}, "LFS_DAYS", 'found "899", expected 900, the day of OS'),
        ({"LFS_EVENT": "1"}, "LFS_EVENT", 'found "1", expected 0, as OS says'),
        (
            {"RELAPSE_DAY": "901", "LFS_DAYS": "901", "LFS_EVENT": "1"},
            "RELAPSE_DAY",
            'found "901", expected a day up to OS_DAYS (900)',
        ),
    ],
)
def test_a_row_that_contradicts_itself(
    tmp_path: Path, change: dict[str, str], column: str, problem: str
) -> None:
    file = table(tmp_path, GOOD | CENSORED | change)
    assert refusal(file) == [f"row 2, column {column}: {problem}"]


def test_all_rows_are_told_at_once(tmp_path: Path) -> None:
    file = table(tmp_path, GOOD | {"AGE": "x"}, GOOD | {"MRD_A1": "x", "TRIAL": "x"})
    assert len(refusal(file)) == 3


def test_a_patient_twice(tmp_path: Path) -> None:
    (problem,) = refusal(table(tmp_path, GOOD, GOOD))
    assert problem == (
        'row 3, column USUBJID: found "X-1", expected every USUBJID once (it is also in row 2). '
        "Delete one of the rows, or give it another id."
    )


def test_a_column_that_is_lacking_or_too_many(tmp_path: Path) -> None:
    lacking = refusal(table(tmp_path, GOOD, header=HEADER.replace("OS_DAYS", "OS")))
    assert any("expected a column OS_DAYS (days to death or last contact)" in p for p in lacking)
    (more,) = refusal(table(tmp_path, GOOD | {"SEX": "F"}, header=f"{HEADER},SEX"))
    assert more == (
        f'column SEX: found "SEX", expected the columns {HEADER.replace(",", ", ")} alone. '
        "Delete it: it would not reach the study."
    )


def test_a_table_without_a_row(tmp_path: Path) -> None:
    assert refusal(table(tmp_path)) == [
        "found nothing, expected a patient in each row. Fill the table."
    ]


def test_a_table_that_is_not_there(tmp_path: Path) -> None:
    assert len(refusal(tmp_path / "none.csv")) == 1


# --- the study folder ------------------------------------------------------------------------------


def test_same_seed_same_bytes_another_seed_same_design(tmp_path: Path) -> None:
    cohort = read_cohort()[:30]
    written = {
        name: write_trial(tmp_path / name, cohort, seed=seed)
        for name, seed in (("one", 3), ("two", 3), ("other", 4))
    }
    assert len(set(written["one"])) == len(written["one"])
    exports = 0
    for file in written["one"]:
        place = file.relative_to(tmp_path / "one")
        assert file.read_bytes() == (tmp_path / "two" / place).read_bytes(), place
        same = file.read_bytes() == (tmp_path / "other" / place).read_bytes()
        assert same == (place.parts[0] != "data"), place
        exports += place.parts[0] == "data"
    assert exports >= 30


def test_every_file_for_people_says_synthetic_or_simulated(tmp_path: Path) -> None:
    write_trial(tmp_path, read_cohort()[:10])
    config = yaml.safe_load((tmp_path / "config/config.yaml").read_text())
    assert "SYNTHETIC" in config["study"]
    assert "SYNTHETIC" in config["notice"]
    assert config["guideline"] == RULE_SET
    assert "SYNTHETIC" in (tmp_path / "README.md").read_text()
    for file in (tmp_path / "data").iterdir():
        assert b"SIMULATED" in file.read_bytes(), file


def test_the_published_table_comes_with_the_shipped_cohort_alone(tmp_path: Path) -> None:
    cohort = read_cohort()[:2]
    write_trial(tmp_path / "own", cohort, published=False)
    assert yaml.safe_load((tmp_path / "own/config/config.yaml").read_text())["cohort"] == {}
    assert not (tmp_path / "own/config/published.tsv").exists()
    write_trial(tmp_path / "shipped", cohort)
    config = yaml.safe_load((tmp_path / "shipped/config/config.yaml").read_text())
    named = tmp_path / "shipped" / config["cohort"]["published"]
    assert named.read_bytes() == path("trial/published.tsv").read_bytes()
