"""Design & Analysis with every column that it prints: workbook, csv of the results, and another sheet name."""

from __future__ import annotations

from mrdq.simulate.workbook import Cell, workbook_bytes

HEAD = [
    ("File Name", "run 7"), ("Instrument Type", "QuantStudio™ 5 System"), ("Block Type", "96-Well 0.2-mL Block"),
    ("Run End Data/Time", "2024-05-06 07:08:09 AM CEST"), ("Software Name and Version", "Design & Analysis Software v2.7.0"),
]  # fmt: skip
COLUMNS: list[Cell] = [
    *("Well", "Well Position", "Omit", "Sample", "Target", "Task", "Reporter", "Quencher", "Amp Status"),
    *("Amp Score", "Curve Quality", "Result Quality Issues", "Cq", "Cq Confidence", "Cq Mean", "Cq SD"),
    *("Auto Threshold", "Threshold", "PRFDROP", "NOISE"),
]  # fmt: skip
ROWS: list[list[Cell]] = [
    [1, "A1", "false", "Std1", "IGH-1", "STANDARD", "FAM", "NFQ", "AMP", 1.2, "", "", 21.5, 0.98, 21.5, "", "true", 0.2, "N", "N"],
    [2, "A2", "false", "S1", "IGH-1", "UNKNOWN", "FAM", "NFQ", "AMP", 1.1, "", "", 31.25, 0.97, 31.25, "", "true", 0.2, "N", "N"],
    [2, "A2", "false", "S1", "ALB", "UNKNOWN", "VIC", "NFQ", "AMP", 1.1, "", "", 24.125, 0.97, 24.125, "", "true", 0.2, "N", "N"],
    [3, "A3", "false", "", "IGH-1", "NTC", "FAM", "NFQ", "NO_AMP", 0.1, "", "", "UNDETERMINED", 0, "", "", "true", 0.2, "N", "Y"],
    [4, "A4", "true", "S1", "IGH-1", "UNKNOWN", "FAM", "NFQ", "AMP", 1, "", "", 31.5, 0.9, "", "", "true", 0.2, "N", "N"],
    [96, "H12", "false", "S2", "IGH-1", "UNKNOWN", "FAM", "NFQ", "AMP", 1, "", "Low Cq Confidence", 38.75, 0.4, 38.75, "", "true", 0.2, "N", "N"],
]  # fmt: skip
CURVE: list[list[Cell]] = [
    ["Well", "Well Position", "Sample", "Quantity", "Target", "Task", "Cq", "Y-Intercept", "R2", "Slope", "Omit"],
    [1, "A1", "Std1", 100000, "IGH-1", "STANDARD", 21.5, 38.5, 0.99, -3.4, "false"],
]  # fmt: skip


def workbook(sheets: dict[str, list[list[Cell]]]) -> bytes:
    emptied = {
        name: [[None if cell == "" else cell for cell in row] for row in rows]
        for name, rows in sheets.items()
    }
    return workbook_bytes(emptied, title="invented")


def sheet(table: list[list[Cell]]) -> list[list[Cell]]:
    return [*map(list, HEAD), [None], *table]


def csv_of(rows: list[list[Cell]]) -> bytes:
    head = [f"# {key}: {value}" for key, value in HEAD]
    table = [",".join(map(str, cells)) for cells in [COLUMNS, *rows]]
    return "\n".join([*head, "", *table, ""]).encode()


WORKBOOK = workbook(
    {
        "Results": sheet([COLUMNS, *ROWS]),
        "Amplification Data": sheet([["Well", "Cycle Number"]]),
        "Standard Curve Result": sheet(CURVE),
    }
)
PRIMARY = workbook({"Primary_result": sheet([COLUMNS, *ROWS]), "Raw Data": [["Well"]]})
CSV = csv_of(ROWS)

SMALL: dict[str, bytes] = {"workbook, all columns": WORKBOOK, "workbook, Primary_result": PRIMARY, "csv": CSV}  # fmt: skip
