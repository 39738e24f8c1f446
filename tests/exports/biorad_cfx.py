"""CFX results as csv, as text with decimal comma, and as the workbook of CFX Maestro."""

from __future__ import annotations

from exports.plate import PLATE
from mrdq.simulate.exports import cfx_csv
from mrdq.simulate.workbook import Cell, workbook_bytes

COLUMNS = [
    *("Well", "Fluor", "Content", "Target", "Sample", "Threshold Cycle ( C(t) )", "C(t) Mean"),
    *("Starting Quantity (SQ)", "Log Starting Quantity"),
]
ROWS = [
    ["A01", "SYBR", "Std", "IGH", "", "20,12", "20,12", "1,000E+03", "3,000"],
    ["A02", "SYBR", "Unkn-1", "IGH", "patient", "27,25", "27,25", "7,312E+00", "0,864"],
    ["H12", "SYBR", "NTC", "IGH", "", "N/A", "0,00", "N/A", "N/A"],
]
HEADER: list[Cell] = [None, "Well", "Fluor", "Target", "Content", "Sample", "Cq"]
TABLE: list[list[Cell]] = [
    [None, "A01", "FAM", "IGH", "Std-1", "S1", 20.125],
    [None, "A02", "FAM", "IGH", "Unkn-1", "patient", 27.25],
    [None, "A02", "VIC", "ALB", "Unkn-1", "patient", 24.5],
    [None, "H12", "FAM", "IGH", "NTC", None, "NaN"],
]

SMALL: dict[str, bytes] = {
    "csv": cfx_csv(PLATE),
    "text, decimal comma": "".join(
        "\t".join(["", *cells]) + "\r\n" for cells in [COLUMNS, *ROWS]
    ).encode(),
    "workbook": workbook_bytes(
        {"0": [HEADER, *TABLE], "Run Information": [["File Name", "x.pcrd"]]}, title="invented"
    ),
}
