"""The largest runs: a plate of 1536 wells, and six dyes in one well.

Oracle of both: the same reactions on small plates, one for each patient or dye.
"""

from __future__ import annotations

import math
import string
from collections.abc import Iterable, Iterator
from operator import itemgetter
from pathlib import Path

import pandas as pd
import pytest
from small_study import Rows, accepted, read_rows, refused, set_cell, table, write_rows
from tiny import RUNS, write_tiny

EXPORT, LAYOUT, SHEET = "data/SIM-000001.csv", "config/layouts/SIM-000001.tsv", "config/runs.tsv"
PATIENTS = 20
WELLS = [
    f"{row}{column}"
    for row in (*string.ascii_uppercase, "AA", "AB", "AC", "AD", "AE", "AF")
    for column in range(1, 49)
]
WELLS_96 = [f"{row}{column}" for row in "ABCDEFGH" for column in range(1, 13)]
SCATTERED = [WELLS[i * 601 % 1536] for i in range(1536)]
"""All wells, so that replicates and rows lie anywhere on the plate: 601 and 1536 have no common factor."""

Calls = dict[tuple[str, str], tuple[str, float | None]]


def calls(study: Path) -> Calls:
    """(sample, target) -> call and MRD level."""
    return {
        (row["sample_id"], row["target"]): (
            row["call"],
            float(row["mrd_level"]) if row["mrd_level"] else None,
        )
        for row in table(study / "results/calls.tsv")
    }


def same(ours: Calls, theirs: Calls) -> None:
    assert ours.keys() == theirs.keys()
    for key, (call, level) in theirs.items():
        assert ours[key][0] == call, key
        assert (ours[key][1] or 0) == pytest.approx(level or 0, rel=1e-9), key


def below_each_other(tables: Iterable[Rows]) -> Rows:
    """One header, and the rows of all."""
    header, *rows = [row for place, one in enumerate(tables) for row in one[place > 0 :]]
    return [header, *rows]


def numbered(rows: Rows, wells: Iterable[str]) -> Rows:
    """The rows with other wells, in the first column."""
    return [rows[0], *([well, *row[1:]] for well, row in zip(wells, rows[1:], strict=False))]


def on_one_plate(study: Path) -> None:
    """Put all runs of a tiny study on the first one's plate; what is left holds controls."""
    layouts = (study / LAYOUT).exists()
    export = below_each_other(read_rows(study / f"data/{run}.csv", ",") for run in RUNS[:PATIENTS])
    free = 1536 - len(export) + 1
    export += [["", "ALB", "Undetermined", "NTC", "NTC", ""]] * free
    write_rows(study / EXPORT, numbered(export, SCATTERED), ",")
    if layouts:
        layout = below_each_other(
            read_rows(study / f"config/layouts/{run}.tsv") for run in RUNS[:PATIENTS]
        )
        layout += [["", "ALB", "ntc", "", "", "", ""]] * free
        write_rows(study / LAYOUT, numbered(layout, SCATTERED))
    write_rows(study / SHEET, read_rows(study / SHEET)[:2])


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Calls:
    """The calls of the patients on a plate each."""
    study = tmp_path_factory.mktemp("small")
    write_tiny(study, runs=PATIENTS)
    accepted(study)
    found = calls(study)
    assert len({call for call, _ in found.values()}) > 1
    return found


@pytest.mark.parametrize("layouts", [True, False])
def test_a_plate_of_1536_wells(tmp_path: Path, small: Calls, *, layouts: bool) -> None:
    write_tiny(tmp_path, runs=PATIENTS, layouts=layouts)
    on_one_plate(tmp_path)
    accepted(tmp_path)
    same(calls(tmp_path), small)
    wells = pd.read_parquet(tmp_path / "results/wells.parquet")
    assert list(wells["well"]) == WELLS  # in the order of the plate
    assert "" not in set(wells["role"])


GRIDS = ("role", "target", "sample_id", "dilution", "quantity")


def plate_map(layout: Rows) -> Rows:
    """The same layout as grids of 32 rows and 48 columns."""
    at = {name: layout[0].index(name) for name in GRIDS}
    held = {row[0]: row for row in layout[1:]}
    columns = [str(column) for column in range(1, 49)]
    grids: Rows = []
    for name in GRIDS:
        grids.append([name, *columns])
        for first in range(0, 1536, 48):
            row = WELLS[first].removesuffix("1")
            grids.append([row, *(held[well][at[name]] for well in WELLS[first : first + 48])])
    return grids


def test_a_plate_map_of_1536_wells(tmp_path: Path, small: Calls) -> None:
    write_tiny(tmp_path, runs=PATIENTS)
    on_one_plate(tmp_path)
    write_rows(tmp_path / LAYOUT, plate_map(read_rows(tmp_path / LAYOUT)))
    accepted(tmp_path)
    same(calls(tmp_path), small)


@pytest.mark.parametrize("well", ["AG1", "A49", "AF49", "BA1", "Aa1", "A0"])
def test_what_is_no_well_of_any_plate(tmp_path: Path, well: str) -> None:
    write_tiny(tmp_path, runs=1)
    rows = read_rows(tmp_path / LAYOUT)
    write_rows(tmp_path / LAYOUT, [*rows[:3], [well, *rows[3][1:]], *rows[4:]])
    [problem] = refused(tmp_path).problems
    assert problem.startswith(
        f"error: {LAYOUT}, row 4, column well: found {well!r}".replace("'", '"')
    )
    assert "expected a well from A1 to AF48" in problem


DYES = {"CTRL": "CY5", "T1": "FAM", "T2": "VIC", "T3": "NED", "T4": "TAMRA", "T5": "JOE"}
HEADER = ("Well", "Well Position", "Sample Name", "Target Name", "Task", "Reporter", "CT", "Quantity")  # fmt: skip
SIX_DYES = """\
study: "SIMULATED study of six dyes in a well"
runs: config/runs.tsv
samples: config/samples.tsv
assays: config/assays.tsv
patients: config/patients.tsv
guideline: euromrd-2007-therapy-reduction
layout_rules:
  background: '^polyclonal'
  standard_quantity: ng
"""
STEPS = (600, 60, 6, 0.6, 0.06)
"""Amounts of diagnostic DNA [ng]; Cq = 33 - 3.4 log10(ng), each further dye 0.2 cycles later."""


def reactions(targets: Iterable[str]) -> Iterator[tuple[str, int, str, str, str, str]]:
    """(target, well from 0, sample, task, Cq, quantity) of all dyes of one run."""
    later = {target: 0.2 * place for place, target in enumerate(DYES)}
    for target in targets:
        rows = [
            ("DX", "STANDARD", 33 - 3.4 * math.log10(amount) + side, f"{amount:g}")
            for amount in STEPS
            for side in (-0.1, 0.1)
        ]
        if target == "CTRL":
            rows = [(name, task, cq, dose) for name, task, cq, dose in rows if float(dose) > 1]
            rows += [("", "", 0.0, "")] * 10
            rows += [("S-A1", "UNKNOWN", 23.9 + side, "") for side in (-0.04, 0.0, 0.04)]
            rows += [("S-C1", "UNKNOWN", 24.0 + side, "") for side in (-0.04, 0.0, 0.04)]
        else:
            faint = 26.5 + 2 * int(target[1]) if target != "T5" else 0.0
            rows += [
                ("polyclonal", "UNKNOWN", 40.0 + side, "")
                for side in (0.0, 0.1, 0.2, 0.3, 0.4, 0.5)
            ]
            rows += [("S-A1", "UNKNOWN", faint + side if faint else 0.0, "") for side in (-0.1, 0.0, 0.1)]  # fmt: skip
            rows += [("S-C1", "UNKNOWN", 0.0, "")] * 3
        rows += [("water", "NTC", 0.0, "")]
        for well, (name, task, cq, dose) in enumerate(rows):
            if task:
                shown = f"{cq + later[target]:.3f}" if cq else "Undetermined"
                yield target, well, name, task, shown, dose


def quantstudio(targets: Iterable[str], *, named: bool = True) -> str:
    """A run as QuantStudio text, the dyes of a well below each other."""
    lines = [
        (well + 1, WELLS_96[well], name, target if named else "", task, DYES[target], cq, dose)
        for target, well, name, task, cq, dose in sorted(reactions(targets), key=itemgetter(1))
    ]
    head = ["* Block Type = 96-Well Block", "* Experiment Comment = SIMULATED", "", "[Results]"]
    return "\n".join([*head, *("\t".join(map(str, line)) for line in (HEADER, *lines))]) + "\n"


def layout_of_dyes() -> Rows:
    """The layout of the run of all dyes, whose rows are told apart by their channels."""
    layout = [["well", "target", "role", "sample_id", "dilution", "quantity", "channel"]]
    roles = {"DX": "standard", "polyclonal": "background", "water": "ntc"}
    for target, well, name, _, _, dose in reactions(DYES):
        role = roles.get(name, "sample")
        dilution = f"{float(dose) / 600:.3g}" if dose and target != "CTRL" else ""
        amount = f"{dose} ng" if dose and target == "CTRL" else ""
        sample = name if role == "sample" else ""
        layout.append([WELLS_96[well], target, role, sample, dilution, amount, DYES[target]])
    return layout


def six_dyes(study: Path, runs: Iterable[tuple[str, ...]]) -> Path:
    """A study of one patient with five targets; each run holds some of them."""
    sheets = {
        "runs": [["run_id", "export", "performed_on"]],
        "samples": [
            ["sample_id", "patient_id", "timepoint", "material", "collected_on"],
            ["S-A1", "P-SIM-000001", "post-A1", "BM", "2014-11-01"],
            ["S-C1", "P-SIM-000001", "post-C1", "BM", "2015-01-03"],
        ],
        "assays": [
            ["target", "kind", "patient_id", "locus", "dna_per_well", "control_gene"],
            *([t, "mrd", "P-SIM-000001", "IGH", "600 ng", "CTRL"] for t in DYES if t != "CTRL"),
            ["CTRL", "control_gene", "", "", "", ""],
        ],
        "patients": [
            ["patient_id", "trial", "protocol", "start_on", "last_contact_on", "dead"],
            ["P-SIM-000001", "ALL-MRD2019", "all-mrd2019", "2014-09-27", "2015-11-01", "0"],
        ],
    }
    (study / "data").mkdir(parents=True)
    (study / "config/layouts").mkdir(parents=True)
    for number, targets in enumerate(runs, 1):
        sheets["runs"].append([f"SIM-{number}", f"data/SIM-{number}.txt", f"2015-01-{number:02d}"])
        (study / f"data/SIM-{number}.txt").write_text(quantstudio(targets), encoding="utf-8")
    for name, rows in sheets.items():
        write_rows(study / f"config/{name}.tsv", rows)
    (study / "config/config.yaml").write_text(SIX_DYES, encoding="utf-8")
    return study


def test_six_dyes_in_a_well(tmp_path: Path) -> None:
    """One run of six dyes gives what five runs give, each of one dye beside that of the control gene."""
    together = six_dyes(tmp_path / "together", [tuple(DYES)])
    alone = six_dyes(tmp_path / "alone", [(t, "CTRL") for t in DYES if t != "CTRL"])
    for study in (together, alone):
        accepted(study)
    same(calls(together), calls(alone))
    assert len(calls(together)) == 10
    assert {call for call, _ in calls(together).values()} >= {"positive_quantifiable", "negative"}
    wells = pd.read_parquet(together / "results/wells.parquet")
    assert wells.groupby("well", observed=True).size().max() == 6
    assert len(wells) == len(list(reactions(DYES)))


def test_six_dyes_that_a_layout_names(tmp_path: Path) -> None:
    """Oracle: the same run, whose export names the targets itself."""
    told = six_dyes(tmp_path / "told", [tuple(DYES)])
    study = six_dyes(tmp_path / "study", [tuple(DYES)])
    (study / "data/SIM-1.txt").write_text(quantstudio(DYES, named=False), encoding="utf-8")
    write_rows(study / LAYOUT, layout_of_dyes())
    set_cell(study / SHEET, 2, "layout", LAYOUT)
    for one in (told, study):
        accepted(one)
    same(calls(study), calls(told))
