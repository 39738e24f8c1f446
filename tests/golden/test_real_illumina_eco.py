"""The Eco export that an instrument wrote, held against what its software printed.

Oracles: slope, intercept and R² of five standard curves that the software printed
(``vendor_curves.csv``), its means and standard deviations of Cq, and the counts of ``INDEX.md``.
"""

from __future__ import annotations

import csv
import math
import os
import statistics
from collections import defaultdict
from pathlib import Path

import pytest

from mrdq.instruments import Export, read_export

SHARED = Path(os.environ.get("MRDQ_SHARED", Path(__file__).resolve().parents[3] / "shared"))
REAL = SHARED / "real"
NAME = "other/pyqpcr__raw_data_eco2.csv"
pytestmark = pytest.mark.skipif(
    not (REAL / NAME).exists(), reason=f"real export is absent: {REAL / NAME}"
)


def export() -> Export:
    return read_export((REAL / NAME).read_bytes(), NAME)


def records() -> list[dict[str, str]]:
    lines = (REAL / NAME).read_text(encoding="utf-8-sig").splitlines()
    at = next(index for index, line in enumerate(lines) if line.startswith("Well,"))
    return [row for row in csv.DictReader(lines[at:]) if row["Cq"]]


def test_every_cell_is_that_of_the_file() -> None:
    read, rows = export(), records()
    assert len(read.row) == len(rows) == 45
    columns = (read.well, read.target, read.sample, read.task, read.cq, read.quantity)
    assert list(zip(*columns, strict=True)) == [
        (
            row["Well"],
            row["Assay Name"],
            row["Sample Name"],
            row["Assay Role"],
            float(row["Cq"]),
            float(row["Quantity"]),
        )
        for row in rows
    ]
    assert "empty wells, nothing but their name: D5, E5, F5" in read.notes
    assert read.warnings == []


def test_printed_means_and_deviations() -> None:
    groups = defaultdict(list)
    for row, cq in zip(records(), export().cq, strict=True):
        groups[row["Cq Mean"], row["Std. Dev. Cq"]].append(cq)
    assert len(groups) == 15
    for (mean, deviation), cq in groups.items():
        assert statistics.fmean(cq) == pytest.approx(float(mean), abs=1.01e-7)
        assert statistics.stdev(cq) == pytest.approx(float(deviation), abs=1.01e-7)


def vendor_curves() -> list[dict[str, str]]:
    path = REAL / "vendor_curves.csv"
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as lines:
        return [row for row in csv.DictReader(lines) if row["file"] == NAME]


@pytest.mark.parametrize("vendor", vendor_curves(), ids=lambda vendor: vendor["target"])
def test_least_squares_reproduces_the_printed_curve(vendor: dict[str, str]) -> None:
    """Within one unit of the last of seven printed decimals."""
    read = export()
    points = [
        (math.log10(quantity), cq)
        for target, quantity, cq in zip(read.target, read.quantity, read.cq, strict=True)
        if target == vendor["target"]
    ]
    assert len(points) == int(vendor["n_standard_wells"])
    x, y = zip(*points, strict=True)
    slope, intercept = statistics.linear_regression(x, y)
    printed = [float(vendor[f"vendor_{key}"]) for key in ("slope", "intercept", "r_squared")]
    fitted = [slope, intercept, statistics.correlation(x, y) ** 2]
    assert fitted == pytest.approx(printed, abs=1.01e-7)
    assert read.printed_curves[vendor["target"]] == pytest.approx(tuple(printed), abs=1e-12)
    assert len(read.printed_curves) == 5
