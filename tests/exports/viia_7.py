"""QuantStudio and ViiA 7 with every kind of column: text of several sections, csv, workbook."""

from __future__ import annotations

from mrdq.simulate.workbook import Cell, workbook_bytes

HEAD = [
    ("Block Type", "96-Well Block (0.2mL)"), ("Chemistry", "TAQMAN"), ("Experiment Name", "run 7"),
    ("Experiment Run End Time", "2024-05-06 07:08:09 AM CEST"), ("Experiment Type", "Standard Curve"),
    ("Instrument Type", "ViiA 7"), ("Passive Reference", "ROX"), ("Quantification Cycle Method", "Ct"),
]  # fmt: skip
COLUMNS = [
    *(
        "Well",
        "Well Position",
        "Omit",
        "Sample Name",
        "Target Name",
        "Task",
        "Reporter",
        "Quencher",
    ),
    *("CT", "Ct Mean", "Ct SD", "Quantity", "Y-Intercept", "R(superscript 2)", "Slope"),
    *("Automatic Ct Threshold", "Ct Threshold", "Cq Conf", "HIGHSD", "NOAMP", "Comments"),
]
ROWS = [
    ["1", "A1", "false", "Std1", "IGH-1", "STANDARD", "FAM", "NFQ", "21.5", "21.75", "0.354", "1,250.000", "38.5", "0.99", "-3.4", "true", "0.2", "0.98", "N", "N", ""],
    ["2", "A2", "false", "Std1", "IGH-1", "STANDARD", "FAM", "NFQ", "22", "21.75", "0.354", "1,250.000", "38.5", "0.99", "-3.4", "true", "0.2", "0.97", "N", "N", ""],
    ["3", "A3", "false", "S1", "IGH-1", "UNKNOWN", "FAM", "NFQ", "31.25", "31.25", "", "3.5", "38.5", "0.99", "-3.4", "true", "0.2", "0.9", "Y", "N", ""],
    ["4", "A4", "false", "", "IGH-1", "NTC", "FAM", "NFQ", "Undetermined", "", "", "", "38.5", "0.99", "-3.4", "true", "0.2", "0", "N", "Y", ""],
    ["5", "A5", "true", "S1", "IGH-1", "UNKNOWN", "FAM", "NFQ", "", "", "", "", "38.5", "0.99", "-3.4", "true", "0.2", "", "N", "N", ""],
    ["96", "H12", "false", "S2", "", "UNKNOWN", "FAM", "NFQ", "38.75", "38.75", "", "", "", "", "", "true", "0.2", "0.9", "N", "N", "x"],
]  # fmt: skip
FOOTERS = ["Analysis Type = Singleplex", "Endogenous Control = ALB"]


def text(columns: list[str] = COLUMNS, rows: list[list[str]] = ROWS) -> bytes:
    head = [f"* {key} = {value}" for key, value in HEAD]
    setup = ["", "[Sample Setup]", "Well\tWell Position\tSample Name", "1\tA1\tStd1", ""]
    table = ["[Results]", *("\t".join(cells) for cells in [columns, *rows])]
    return "\n".join([*head, *setup, *table, "", *FOOTERS, ""]).encode()


def csv_of(columns: list[str] = COLUMNS, rows: list[list[str]] = ROWS) -> bytes:
    quoted = [[f'"{cell}"' if "," in cell else cell for cell in cells] for cells in rows]
    lines = [*(f"{key},{value}" for key, value in HEAD), "", ",".join(columns)]
    return "\r\n".join([*lines, *map(",".join, quoted), ""]).encode()


def _typed(cell: str) -> Cell:
    try:
        return float(cell)
    except ValueError:
        return cell or None


def workbook(sheet: str = "Results", columns: list[str] = COLUMNS) -> bytes:
    table = [list(columns), *([_typed(cell) for cell in cells] for cells in ROWS)]
    rows = [*map(list, HEAD), [None], *table]
    return workbook_bytes({"Sample Setup": [["x"]], sheet: rows}, title="invented")


SMALL: dict[str, bytes] = {"text": text(), "csv": csv_of(), "workbook": workbook()}
