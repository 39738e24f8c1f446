"""SDS exports that instruments wrote, held against a parse of a few lines and printed deviations.

Oracles, none of which is mrdq: the csv module, which takes the rows whose first cell is a well
as they stand; the standard deviation of replicates that SDS 1 printed; the number of wells and
of undetermined ones in ``INDEX.md`` (its rows of the 7900 count the three lines of the curve).
"""

from __future__ import annotations

import csv
import math
import os
import statistics
from collections import defaultdict
from pathlib import Path

import pytest

from mrdq.instruments import detect, read_export

SHARED = Path(os.environ.get("MRDQ_SHARED", Path(__file__).resolve().parents[3] / "shared"))
FOLDER = SHARED / "real/ab_sds_legacy"
pytestmark = pytest.mark.skipif(
    not FOLDER.is_dir(), reason=f"real instrument exports are absent: {FOLDER} (set MRDQ_SHARED)"
)

# File -> delimiter, wells, undetermined wells, wells to a row of the block, software.
FILES = {
    "ddCt__Experiment1.txt": ("\t", 18, 0, 12, "SDS 2.1"),
    "ddCt__ExperimentWithNTC.txt": ("\t", 21, 2, 12, "SDS 2.1"),
    "pyqpcr__raw_data_AB7000.csv": (",", 72, 0, 12, "SDS v1.2"),
    "pyqpcr__raw_data_AB7500_3.csv": (",", 81, 0, 12, "SDS v1.3"),
    "pyqpcr__raw_data_AB7900.txt": ("\t", 204, 1, 24, "SDS 2.3"),
}
DEVIATIONS = ("pyqpcr__raw_data_AB7000.csv", "pyqpcr__raw_data_AB7500_3.csv")


def wells_of(name: str) -> list[dict[str, str]]:
    """The rows below the header whose first cell is a well, as the csv module gives them."""
    lines = (FOLDER / name).read_text(encoding="ascii").splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("Well"))
    rows = csv.DictReader(lines[start:], delimiter=FILES[name][0])
    return [row for row in rows if row["Well"].isdigit() or row["Well"][1:].isdigit()]


def named(well: str, per_row: int) -> str:
    if not well.isdigit():
        return well
    at = int(well) - 1
    return f"{'ABCDEFGHIJKLMNOP'[at // per_row]}{at % per_row + 1}"


@pytest.mark.parametrize("name", FILES)
def test_every_well_and_ct_is_the_one_in_the_file(name: str) -> None:
    _, n_wells, n_undetermined, per_row, software = FILES[name]
    data = (FOLDER / name).read_bytes()
    export = read_export(data, name)
    assert (export.format, export.software) == ("sds", software)
    assert detect(data, "x")[0] == "sds"
    rows = wells_of(name)
    assert len(rows) == len(export.well) == n_wells
    assert export.cq_state.count("undetermined") == n_undetermined
    for row, well, target, sample, cq in zip(
        rows, export.well, export.target, export.sample, export.cq, strict=True
    ):
        assert well == named(row["Well"], per_row)
        assert target == row.get("Detector", row.get("Detector Name"))
        assert sample == (row.get("Sample") or row.get("Sample Name")).strip()
        assert math.isnan(cq) if row["Ct"] == "Undetermined" else cq == float(row["Ct"])
    assert export.printed_curves == {}


@pytest.mark.parametrize("name", DEVIATIONS)
def test_printed_deviations_are_those_of_the_cq(name: str) -> None:
    export = read_export((FOLDER / name).read_bytes(), name)
    groups: defaultdict[tuple[str, str], list[float]] = defaultdict(list)
    for target, sample, cq in zip(export.target, export.sample, export.cq, strict=True):
        groups[target, sample].append(cq)
    printed = {
        (row["Detector"], row["Sample Name"].strip()): float(row["StdDev Ct"])
        for row in wells_of(name)
        if row["StdDev Ct"]
    }
    assert len(printed) >= 27
    for group, deviation in printed.items():
        assert abs(statistics.stdev(groups[group]) - deviation) < 0.008, group


def test_flags_of_sds_2_are_carried() -> None:
    """Counted in the file with awk: cells that say true, per column."""
    name = "pyqpcr__raw_data_AB7900.txt"
    export = read_export((FOLDER / name).read_bytes(), name)
    raised = [flag for flags in export.flags for flag in flags.split(";") if flag]
    expected = [
        column
        for row in wells_of(name)
        for column, cell in row.items()
        if column and column.isupper() and cell == "true"
    ]
    assert sorted(raised) == sorted(expected)
    assert len(raised) > 10


def test_numbered_wells_that_may_be_of_either_block_are_a_warning() -> None:
    for name, warned in (("ddCt__Experiment1.txt", True), ("pyqpcr__raw_data_AB7900.txt", False)):
        export = read_export((FOLDER / name).read_bytes(), name)
        assert any("96-well plate" in str(warning) for warning in export.warnings) == warned
