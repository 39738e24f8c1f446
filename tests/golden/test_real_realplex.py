"""The realplex export that an instrument wrote, held against what its software printed.

Oracle: mean and deviation of Ct that realplex printed per group of replicates, the count of rows
of ``INDEX.md``, and the amounts of the file, whose logarithms the Ct must follow in a line.
"""

from __future__ import annotations

import csv
import math
import os
import statistics
from collections import defaultdict
from pathlib import Path

import pytest

from mrdq.instruments import read_export

SHARED = Path(os.environ.get("MRDQ_SHARED", Path(__file__).resolve().parents[3] / "shared"))
FILE = SHARED / "real" / "eppendorf" / "pyqpcr__raw_std_eppendorf.txt"
pytestmark = pytest.mark.skipif(not FILE.exists(), reason=f"real export is absent: {FILE}")


def records() -> list[dict[str, str]]:
    with FILE.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines, delimiter="\t"))


def test_every_cell_is_that_of_the_file() -> None:
    export = read_export(FILE.read_bytes(), FILE.name)
    expected = [(row["Pos"], row["Name"], float(row["Ct SYBR"])) for row in records()]
    assert list(zip(export.well, export.sample, export.cq, strict=True)) == expected
    assert export.row == list(range(2, 14))
    assert set(export.cq_state) == {"determined"}
    assert set(export.channel) == {"SYBR"}
    assert export.warnings == []


def test_printed_means_and_deviations() -> None:
    """Within one unit of the last printed digit."""
    export = read_export(FILE.read_bytes(), FILE.name)
    groups = defaultdict(list)
    for row, cq in zip(records(), export.cq, strict=True):
        groups[row["Ct Mean SYBR"], row["Ct Dev. SYBR"]].append(cq)
    assert len(groups) == 4
    for (mean, deviation), cq in groups.items():
        assert statistics.fmean(cq) == pytest.approx(float(mean), abs=0.0101)
        assert statistics.stdev(cq) == pytest.approx(float(deviation), abs=0.0101)


def test_the_ct_follow_the_amounts() -> None:
    export = read_export(FILE.read_bytes(), FILE.name)
    amounts = [math.log10(float(row["Amount SYBR [ng]"])) for row in records()]
    assert statistics.correlation(amounts, export.cq) < -0.99
