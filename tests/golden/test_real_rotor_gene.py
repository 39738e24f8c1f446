"""Rotor-Gene exports that the instrument's software wrote, held against what it printed.

Oracles, none of which is mrdq: two exports of one run, one with positions A1 to I8 and one with
1 to 72; the counts of ``INDEX.md``; a parse by the csv module; and the concentrations that the
software computed from its standard curve, which plain least squares over the three standards has
to give back for every tube: they can only be met if every Ct and every quantity was read right.
"""

from __future__ import annotations

import csv
import math
import os
import statistics
from pathlib import Path

import pytest

from mrdq.instruments import Export, read_export

SHARED = Path(os.environ.get("MRDQ_SHARED", Path(__file__).resolve().parents[3] / "shared"))
FOLDER = SHARED / "real/qiagen_rotorgene"
LETTERED, NUMBERED = "pyqpcr__raw_data_corbett1.csv", "pyqpcr__raw_data_corbett2.csv"
pytestmark = pytest.mark.skipif(
    not FOLDER.is_dir(), reason=f"real instrument exports are absent: {FOLDER} (set MRDQ_SHARED)"
)


def export_of(name: str) -> Export:
    return read_export((FOLDER / name).read_bytes(), name)


def rows_of(name: str) -> list[dict[str, str]]:
    """The rows of the file's table, read without mrdq."""
    lines = (FOLDER / name).read_text(encoding="ascii").splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith('"No."'))
    return [row for row in csv.DictReader(lines[start:], delimiter=";") if row["No."]]


def as_number(cell: str) -> float:
    return float(cell.replace(",", ".")) if cell else math.nan


@pytest.mark.parametrize("name", [LETTERED, NUMBERED])
def test_every_row_is_read(name: str) -> None:
    """Oracle: the counts of INDEX.md and the csv module."""
    export, rows = export_of(name), rows_of(name)
    assert export.format == "rotor_gene"
    assert (len(export.well), len(rows)) == (72, 72)
    assert export.cq_state.count("undetermined") == 2
    assert export.cq_state.count("determined") == 70
    assert export.cq == pytest.approx([as_number(row["Ct"]) for row in rows], abs=0, nan_ok=True)
    assert export.sample == [row["Name"] for row in rows]
    assert export.task == [row["Type"] for row in rows]
    given = [as_number(row["Given Conc (ng/ul)"]) for row in rows]
    assert export.quantity == pytest.approx(given, abs=0, nan_ok=True)
    assert sorted(value for value in export.quantity if value == value) == [1.0, 2.0, 4.0]
    assert set(export.channel) == {"FAM"}
    assert export.run_date == "22/09/2010 16:33:56"


def test_both_spellings_of_the_positions_are_the_same_run() -> None:
    """Oracle: the twin file, and the positions as the software names them in it."""
    lettered, numbered = export_of(LETTERED), export_of(NUMBERED)
    assert lettered.well == [row["No."] for row in rows_of(LETTERED)]
    for column in (
        "well",
        "target",
        "sample",
        "task",
        "channel",
        "cq_state",
        "flags",
        "row",
        "notes",
    ):
        assert getattr(lettered, column) == getattr(numbered, column), column
    for column in ("cq", "quantity"):
        assert getattr(lettered, column) == pytest.approx(
            getattr(numbered, column), abs=0, nan_ok=True
        )
    assert [len(export.warnings) for export in (lettered, numbered)] == [0, 1]


def test_the_curve_of_the_standards_gives_the_concentrations_that_were_printed() -> None:
    """Oracle: column ``Calc Conc``, two decimals, from Ct of two decimals."""
    export, rows = export_of(LETTERED), rows_of(LETTERED)
    known = [i for i, value in enumerate(export.quantity) if not math.isnan(value)]
    fit = statistics.linear_regression(
        [math.log10(export.quantity[i]) for i in known], [export.cq[i] for i in known]
    )
    n_seen = 0
    for cq, row in zip(export.cq, rows, strict=True):
        if not math.isnan(cq):
            n_seen += 1
            computed = 10 ** ((cq - fit.intercept) / fit.slope)
            assert computed == pytest.approx(
                as_number(row["Calc Conc (ng/ul)"]), rel=8e-3, abs=6e-3
            )
    assert n_seen == 70
