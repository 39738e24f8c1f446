"""A Design & Analysis workbook: results, standard curve, and a sheet that nobody reads."""

from __future__ import annotations

from mrdq.simulate.workbook import Cell, workbook_bytes

HEAD: list[list[Cell]] = [
    ["Instrument Type", "QuantStudio 5"],
    ["Block Type", "96-Well 0.2-mL Block"],
    ["Software Name and Version", "Design & Analysis Software v2.7.0"],
    [None],
]
RESULTS: list[list[Cell]] = [
    ["Well", "Well Position", "Omit", "Sample", "Target", "Task", "Reporter", "Amp Status", "Cq"],
    [1, "A1", False, "S1", "IGH", "STANDARD", "FAM", "AMP", 20.125],
    [2, "A2", False, "patient", "IGH", "UNKNOWN", "FAM", "AMP", 27.25],
    [3, "A3", False, None, "IGH", "NTC", "FAM", "NO_AMP", "UNDETERMINED"],
    [4, "A4", True, "patient", "IGH", "UNKNOWN", "FAM", "Inconclusive", 31.5],
]
CURVE: list[list[Cell]] = [
    ["Well", "Well Position", "Sample", "Quantity", "Target", "Task", "Cq", "Y-Intercept", "R2", "Slope", "Omit"],
    [1, "A1", "S1", 1000.0, "IGH", "STANDARD", 20.125, 30.15, 0.99, -3.34, False],
    [2, "A2", "patient", 7.4, "IGH", "UNKNOWN", 27.25, 30.15, 0.99, -3.34, False],
    [3, "A3", None, None, "IGH", "NTC", "UNDETERMINED", 30.15, 0.99, -3.34, False],
]  # fmt: skip
SHEETS: dict[str, list[list[Cell]]] = {
    "Results": [*HEAD, *RESULTS],
    "Raw Data": [["Well", "Cycle", "Signal"], [1, 1, 0.5], [1, 2, 0.6]],
    "Standard Curve Result": [*HEAD, *CURVE],
}

SMALL: dict[str, bytes] = {"workbook": workbook_bytes(SHEETS, title="invented")}
