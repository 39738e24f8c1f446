"""AriaMx Tabular Results: text with few columns, csv with two dyes, and a workbook."""

from __future__ import annotations

import io

import openpyxl

FEW_COLUMNS = ["Well", "Cq (∆R)", "Tm Product 1 (-R'(T))"]
FEW_ROWS = [
    ["A1", "19.88", "82"],
    ["A2", "22", "80.5"],
    ["A10", "38.39", "59"],
    ["H12", "No Cq", "55"],
]
COLUMNS = [
    *("Well", "Well Name", "Well Type", "Dye", "Target", "Replicate"),
    *("Cq (∆Rn)", "Quantity (copies)"),
]
ROWS = [
    ["A1", "S1", "Standard", "FAM", "IGH", "1", "24.05", "1000"],
    ["A1", "S1", "Standard", "HEX", "ALB", "1", "22.1", "5000"],
    ["A2", "S2", "Standard", "FAM", "IGH", "2", "27.44", "100"],
    ["A2", "S2", "Standard", "HEX", "ALB", "2", "25.47", "500"],
    ["A3", "patient", "Unknown", "FAM", "IGH", "3", "No Cq", "No Cq"],
    ["A3", "patient", "Unknown", "HEX", "ALB", "3", "21.97", "5460.7"],
    ["H12", "", "NTC", "FAM", "IGH", "", "No Cq", "No Cq"],
    ["H12", "", "NTC", "HEX", "ALB", "", "No Cq", "No Cq"],
]


def padded_text(columns: list[str], rows: list[list[str]]) -> bytes:
    """Lines as the software writes them, with a tab behind every padded cell."""
    lines = ["".join(f"{column}\t" for column in columns)]
    lines += ["".join(f"{cell:<6}\t" for cell in row) for row in rows]
    return "".join(f"{line}\n" for line in lines).encode()


def csv_text(rows: list[list[str]], delimiter: str = ",") -> bytes:
    return "".join(delimiter.join(row) + "\r\n" for row in [COLUMNS, *rows]).encode()


def workbook(rows: list[list[str]], *, sheet: str = "Tabular Results") -> bytes:
    """The sheet among others that the software writes, numbers as numbers."""
    book = openpyxl.Workbook()
    book.active.title = "Plate Setup"
    book.active.append(["Well", "Well Name"])
    table = book.create_sheet(sheet)
    for row in [COLUMNS, *rows]:
        table.append([_typed(cell) for cell in row])
    book.create_sheet("Experiment Notes")
    data = io.BytesIO()
    book.save(data)
    return data.getvalue()


def _typed(cell: str) -> str | float | None:
    try:
        return float(cell)
    except ValueError:
        return cell or None


SMALL: dict[str, bytes] = {
    "text, well and Cq only": padded_text(FEW_COLUMNS, FEW_ROWS),
    "csv, two dyes": csv_text(ROWS),
    "workbook, two dyes": workbook(ROWS),
}
