"""Plain tables: csv, tab separated with decimal comma, and a workbook."""

from __future__ import annotations

from exports.plate import PLATE
from mrdq.simulate.exports import table_csv
from mrdq.simulate.workbook import Cell, workbook_bytes

ROWS: list[list[Cell]] = [
    ["well", "target", "cq", "sample", "task", "quantity", "remark"],
    ["A1", "IGH", 20.125, "S1", "STANDARD", 1000, "x"],
    ["A2", "IGH", 27.25, "patient", "UNKNOWN", None, "y"],
    ["H12", "IGH", "Undetermined", None, "NTC", None, "z"],
]
TABBED = (
    "well\ttarget\tcq\tsample\ttask\tomit\n"
    "A1\tIGH\t20,125\tS1\tUNKNOWN\tfalse\n"
    "A2\tIGH\t27,25\tpatient\tUNKNOWN\ttrue\n"
    "H12\tIGH\tNo Cq\t\tNTC\tfalse\n"
)

SMALL: dict[str, bytes] = {
    "csv": table_csv(PLATE),
    "tabs, decimal comma": TABBED.encode(),
    "workbook": workbook_bytes({"Sheet1": ROWS}, title="invented"),
}
