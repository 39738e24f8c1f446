"""LightCycler 480 exports that the instrument wrote.

Oracles, none of which is mrdq: the counts of ``INDEX.md``; a plain ``csv`` reading of the same
bytes; the call and the colour that the software gave to each well; the concentrations that it
computed from the Cp, which lie on one curve with them.
"""

from __future__ import annotations

import csv
import itertools
import math
import os
from pathlib import Path

import pytest

from mrdq.instruments import read_export

SHARED = Path(os.environ.get("MRDQ_SHARED", Path(__file__).resolve().parents[3] / "shared"))
REAL = SHARED / "real" / "roche_lc480"
pytestmark = pytest.mark.skipif(
    not REAL.is_dir(), reason=f"real instrument exports are absent: {REAL} (set MRDQ_SHARED)"
)

ABSOLUTE = "pyqpcr__raw_LC_384wells.txt"
CALLED = "pyqpcr__raw_data_lightcycler1.txt"
TIDY = "tidyqpcr__Edward_qPCR_Nrd1_calibration_2019-02-02_Cq.txt"
# File -> lines above the header, rows, rows with an empty Cp, as INDEX.md has them.
COUNTS = {ABSOLUTE: (1, 79, 3), CALLED: (0, 96, 6), TIDY: (1, 384, 105)}


def cells_of(name: str) -> list[dict[str, str]]:
    lines = (REAL / name).read_text(encoding="ascii").splitlines()[COUNTS[name][0] :]
    return list(csv.DictReader(lines, delimiter="\t"))


@pytest.mark.parametrize("name", COUNTS)
def test_every_well_has_the_cp_of_the_file(name: str) -> None:
    """Oracles: INDEX.md, and the same bytes through the csv module."""
    above, n_rows, n_empty = COUNTS[name]
    export = read_export((REAL / name).read_bytes(), name)
    assert export.format == "lightcycler_480"
    assert export.cq_state.count("undetermined") == n_empty
    assert export.cq_state.count("determined") == n_rows - n_empty
    cells = cells_of(name)
    well, cp, sample = (
        ("Pos", "Cp", "Name") if above else ("Position", "CrossingPoint", "SampleName")
    )
    assert list(zip(export.well, export.sample, strict=True)) == [
        (row[well], row[sample].strip()) for row in cells
    ]
    assert ["" if math.isnan(cq) else str(cq) for cq in export.cq] == [
        str(float(row[cp])) if row[cp].strip() else "" for row in cells
    ]
    assert export.row == list(range(above + 2, above + 2 + n_rows))
    assert export.warnings == []


@pytest.mark.parametrize("name", COUNTS)
def test_wells_without_signal_are_those_that_the_software_calls_negative(name: str) -> None:
    """Oracle: the call, or its colour, green."""
    export = read_export((REAL / name).read_bytes(), name)
    negative = [
        row["Call"] == "pdcNegative" if "Call" in row else row["Color"] == "65280"
        for row in cells_of(name)
    ]
    assert [state == "undetermined" for state in export.cq_state] == negative


def test_standards() -> None:
    """Read off the file by eye: seven standards in tens from 1 to 1000000, five wells each."""
    export = read_export((REAL / ABSOLUTE).read_bytes(), ABSOLUTE)
    known = [value for value in export.quantity if not math.isnan(value)]
    assert sorted(known) == [10.0**power for power in range(7) for _ in range(5)]
    assert [task == "Standard" for task in export.task] == [
        name.startswith("Standard ") for name in export.sample
    ]
    assert set(export.channel) == {"SYBR Green (483-533)"}


def test_printed_concentrations_fall_with_the_cp() -> None:
    """Oracle: the concentration that the software computed of each well (three digits, never read)."""
    export = read_export((REAL / ABSOLUTE).read_bytes(), ABSOLUTE)
    printed = [float(row["Concentration"] or "nan") for row in cells_of(ABSOLUTE)]
    points = sorted(
        (cq, math.log10(value))
        for cq, value in zip(export.cq, printed, strict=True)
        if not math.isnan(cq)
    )
    assert len(points) == 76
    for (cq, log), (next_cq, next_log) in itertools.pairwise(points):
        slope = 0.5  # decades per cycle; Cp to 0.01 and concentrations to three digits
        assert next_log <= log + 0.005 * slope + 0.005
        assert next_log >= log - slope * (next_cq - cq + 0.01) - 0.005
