"""Rotor-Gene exports: one channel named A1 to I8, and two channels with numbers and printed curves."""

from __future__ import annotations

HEADING = [
    ["Excel Analysed Data Export"],
    ["(C)Copyright 2003 Corbett Research, Pty Ltd. (R) All Rights Reserved."],
    ["File", "Example.rex"],
    ["Date", "01/02/2010"],
    ["Time", "09:10:11"],
    [],
]
COLUMNS = [
    *("No.", "Name", "Type", "Ct", "Given Conc (copies)", "Calc Conc (copies)", "% Var"),
    *("Rep. Ct", "Rep. Ct Std. Dev.", "Rep. Ct (95% CI)"),
    *("Rep. Calc. Conc.", "Rep. Calc. Conc. (95% CI)"),
]
Q_COLUMNS = [
    *("No.", "Color", "Name", "Type", "Ct", "Ct Comment", "Given Conc (Copies)"),
    *("Calc Conc (Copies)", "% Var", "Rep. Ct", "Rep. Ct Std. Dev.", "Rep. Ct (95% CI)"),
    *("Rep. Calc. Conc.", "Rep. Calc. Conc. (95% CI)"),
]


def row(well: str, name: str, task: str, ct: str, given: str = "", computed: str = "") -> list[str]:
    """A row of an older version, that prints every Ct as the mean of its own."""
    limits = f"[{computed} , {computed}]" if computed else ""
    return [well, name, task, ct, given, computed, "", ct, "", "", computed, limits]


ROWS = [
    row("A1", "S1", "Standard", "18,33", "1000,00", "1004,50"),
    row("A2", "S2", "Standard", "21,69", "100,00", "98,20"),
    row("A3", "S3", "Standard", "25,01", "10,00", "10,10"),
    row("A8", "patient 1/5", "Unknown", "28,38", "", ",94"),
    row("B1", "patient 1/5", "Unknown", "28,55", "", ",84"),
    row("B2", "patient late", "Unknown", "38,90", "", ",00"),
    row("H8", "patient none", "Unknown", ""),
    row("I8", "water", "NTC", ""),
]


def q_row(
    well: str, name: str, task: str, ct: str, comment: str = "", given: str = ""
) -> list[str]:
    """A row of Rotor-Gene Q, that prints the mean in the first row of its replicates."""
    return [well, "5775359", name, task, ct, comment, given, "", "", "", "", "", "", ""]


GREEN = [
    q_row("1", "S1", "Standard", "20.01", given="1000"),
    q_row("2", "S2", "Standard", "23.35", given="100"),
    q_row("9", "patient", "Unknown", "26"),
    q_row("10", "water", "NTC", "", "NEG (NTC)"),
]
YELLOW = [
    q_row("1", "S1", "Standard", "19.5", given="1000"),
    q_row("2", "S2", "Standard", "22.75", given="100"),
    q_row("9", "patient", "Unknown", "", "NEG (Multi Ct)"),
    q_row("10", "water", "NTC", "35.02"),
]


def text(rows: list[list[str]], delimiter: str = ";", *, quoted: bool = True) -> bytes:
    """Lines as the software writes them, every cell in quotation marks."""
    mark = '"' if quoted else ""
    lines = (delimiter.join(f"{mark}{cell}{mark}" for cell in cells) for cells in rows)
    return "".join(f"{line}\r\n" for line in lines).encode()


def table(title: str, columns: list[str], rows: list[list[str]]) -> list[list[str]]:
    return [[f"Quantitative analysis of {title}"], [], columns, *rows, []]


ONE_CHANNEL = [*HEADING, *table("Cycling A.FAM (Page 1)", COLUMNS, ROWS), [], []]
TWO_CHANNELS = [
    *HEADING,
    ["Operator", ""],
    ["Channel", "Threshold"],
    ["Cycling A.Green (Page 1)", "0.05"],
    [],
    ["Quantitative analysis of Cycling A.Green (Page 1)"],
    ["M", "-3.34"],
    ["B", "30.03"],
    ["R^2 Value", "0.998"],
    ["Threshold", "0.05"],
    [],
    Q_COLUMNS,
    *GREEN,
    [],
    *table("Cycling A.Yellow (ALB)", Q_COLUMNS, YELLOW),
]


def resaved() -> bytes:
    """The export as a spreadsheet saves it again: no quotation marks, every line as long, no last line end."""
    lines = text([*HEADING, *table("Cycling A.Green (ALB)", Q_COLUMNS, GREEN)[:-1]], quoted=False)
    width = len(Q_COLUMNS)
    padded = (
        line + ";" * (width - 1 - line.count(";")) for line in lines.decode().split("\r\n")[:-1]
    )
    return "\n".join(padded).encode()


SMALL: dict[str, bytes] = {
    "positions A1 to I8, decimal comma": text(ONE_CHANNEL),
    "two channels, positions 1 to 72": text(TWO_CHANNELS, ","),
    "saved by a spreadsheet": resaved(),
}
