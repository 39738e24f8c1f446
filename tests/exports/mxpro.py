"""MxPro text reports: padded with decimal comma and a curve, and two dyes with the reference dye."""

from __future__ import annotations

COLUMNS = [
    *("Well", "Assay", "Well Type", "Replicate", "Threshold (dRn)", "Ct (dRn)"),
    *("Quantity (copies)", "RSq (dRn)", "Slope (dRn)"),
]
CURVE = ["0,997", "-3,338"]
ROWS = [
    ["A1", "SYBR", "Standard", "1", "0,0044", "23,85", "1,00e+003", *CURVE],
    ["A2", "SYBR", "Standard", "1", "0,0044", "23,92", "1,00e+003", *CURVE],
    ["A3", "SYBR", "Standard", "2", "0,0044", "20,51", "1,00e+004", *CURVE],
    ["A12", "SYBR", "Unknown", "3", "0,0044", "20,69", "8,940e+003", *CURVE],
    ["B1", "SYBR", "Unknown", "3", "0,0044", "No Ct", "No Ct", *CURVE],
    ["H12", "SYBR", "NTC", "4", "0,0044", "No Ct", "No Ct", *CURVE],
]
DYE_COLUMNS = [
    *("Well", "Well Name", "Dye", "Well Type", "Ct (dR)", "Final Call (dR)"),
    *("Quantity (ng)", "Quantity Avg. (ng)", "Tm Product 1 (-R'(T))"),
]
DYE_ROWS = [
    ["A1", "S1", "FAM", "Standard", "24.05", "+", "1.00e+002", "1.00e+002", "N/A"],
    ["A1", "S1", "HEX", "Standard", "22.10", "+", "1.00e+002", "1.00e+002", "N/A"],
    ["A1", "S1", "ROX", "Standard", "Reference", "N/A", "N/A", "N/A", "N/A"],
    ["A2", "patient", "FAM", "Unknown", "31.4", "+", "6.0e-001", "6.0e-001", "N/A"],
    ["A2", "patient", "HEX", "Unknown", "21.97", "+", "1.1e+002", "1.1e+002", "N/A"],
    ["A2", "patient", "ROX", "Unknown", "Reference", "N/A", "N/A", "N/A", "N/A"],
    ["A3", "", "FAM", "NoRT", "No Ct", "-", "No Ct", "No Ct", "N/A"],
    ["A3", "", "HEX", "NoRT", "38.80", "-", "No Ct", "No Ct", "N/A"],
]
NAME_COLUMNS = ["Well", "Well Name", "Well Comment", "Well Type", "Threshold (dRn)", "Ct (dRn)"]
NAME_ROWS = [
    ["A1", "GUS 1", "", "Unknown", "0.1000", "22.27"],
    ["A2", "GUS 2", "", "Unknown", "0.1000", "26.82"],
    ["A3", "water", "", "NTC", "0.1000", "No Ct"],
]


def text(columns: list[str], rows: list[list[str]], *, padded: bool = False) -> bytes:
    """Lines as the software writes them, with a tab behind every cell."""
    widths = [max(len(row[i]) for row in rows) + 2 for i in range(len(columns))]
    if padded:
        rows = [[f"{cell:>{n}} " for cell, n in zip(row, widths, strict=True)] for row in rows]
        columns = [f"{column} " for column in columns]
    return "".join("".join(f"{cell}\t" for cell in row) + "\n" for row in [columns, *rows]).encode()


SMALL: dict[str, bytes] = {
    "padded, decimal comma, with a curve": text(COLUMNS, ROWS, padded=True),
    "two dyes and the reference dye": text(DYE_COLUMNS, DYE_ROWS),
    "names only": text(NAME_COLUMNS, NAME_ROWS),
}
