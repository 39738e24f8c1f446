"""An MxPro report that the instrument's software wrote, held against what it printed.

Oracles, none of which is mrdq: the counts of ``INDEX.md``; a parse by ``str.split``; slope and R²
of ``vendor_curves.csv``; and the quantities that the software computed from its standard curve.
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
REAL = SHARED / "real"
NAME = "agilent_mx/pyqpcr__raw_data_stratagene.txt"
pytestmark = pytest.mark.skipif(
    not REAL.is_dir(), reason=f"real instrument exports are absent: {REAL} (set MRDQ_SHARED)"
)


def export_of() -> Export:
    return read_export((REAL / NAME).read_bytes(), NAME)


def rows_of() -> list[dict[str, str]]:
    """The rows of the file, read without mrdq."""
    header, *rows = (REAL / NAME).read_text(encoding="ascii").splitlines()
    names = [cell.strip() for cell in header.split("\t")]
    return [
        dict(zip(names, (cell.strip() for cell in row.split("\t")), strict=True)) for row in rows
    ]


def as_number(cell: str) -> float:
    return math.nan if cell == "No Ct" else float(cell.replace(",", "."))


def test_every_row_is_read() -> None:
    """Oracle: the counts of INDEX.md and the cells of the file."""
    export, rows = export_of(), rows_of()
    assert export.format == "mxpro"
    assert (len(export.well), len(rows)) == (96, 96)
    assert export.well == [row["Well"] for row in rows]
    assert export.cq_state.count("undetermined") == 4
    assert export.cq_state.count("determined") == 92
    assert export.cq == pytest.approx(
        [as_number(row["Ct (dRn)"]) for row in rows], abs=0, nan_ok=True
    )
    assert export.target == [row["Assay"] for row in rows]
    assert export.task == [row["Well Type"] for row in rows]
    assert [export.task.count(word) for word in ("Unknown", "Standard", "NTC")] == [72, 20, 4]
    assert export.notes == ["columns not read: Replicate, Threshold (dRn)"]
    assert export.warnings == []


def test_the_standards_give_the_curve_and_the_quantities_that_were_printed() -> None:
    """Oracle: vendor_curves.csv (three decimals), and the quantities of the other wells (from the unrounded Ct)."""
    export, rows = export_of(), rows_of()
    with (REAL / "vendor_curves.csv").open(encoding="utf-8", newline="") as lines:
        vendor = next(row for row in csv.DictReader(lines) if row["file"] == NAME)
    known = [i for i, value in enumerate(export.quantity) if not math.isnan(value)]
    assert {export.task[i] for i in known} == {"Standard"}
    assert len(known) == int(vendor["n_standard_wells"])
    assert len({export.quantity[i] for i in known}) == int(vendor["n_levels"])
    x = [math.log10(export.quantity[i]) for i in known]
    y = [export.cq[i] for i in known]
    fit = statistics.linear_regression(x, y)
    printed = float(vendor["vendor_slope"]), float(vendor["vendor_r_squared"])
    assert fit.slope == pytest.approx(printed[0], abs=1.5e-3)
    assert statistics.correlation(x, y) ** 2 == pytest.approx(printed[1], abs=1e-3)
    assert export.printed_curves == {vendor["target"]: (printed[0], None, printed[1])}
    for cq, row in zip(export.cq, rows, strict=True):
        if row["Well Type"] == "Unknown":
            computed = 10 ** ((cq - fit.intercept) / fit.slope)
            assert computed == pytest.approx(as_number(row["Quantity (copies)"]), rel=6e-3)
