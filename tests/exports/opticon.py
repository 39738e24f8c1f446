"""An Opticon Monitor export with invented data."""

from __future__ import annotations

HEADER = "\t".join(
    [
        *("Well / Set", "Dye", "Content", "Description", "Efficiency", "C(t)", "moles", "Avg C(t)"),
        *("Max C(t)", "Min C(t)", "C(t) SD", "Avg moles", "Wellset Type", ""),
    ]
)


def _row(*cells: str) -> str:
    return "\t".join([*cells, *[""] * (14 - len(cells))])


ROWS = [
    _row("A1", "FAM", "Standard", "Std1", "1.91", "21.58", "100000"),
    _row("A2", "FAM", "Sample", "S1", "1.84", "31.25"),
    _row("A2", "HEX", "Sample", "S1", "1.80", "24.10"),
    _row("B1", "FAM", "Blank", "IGH-1 Blank", "1.12", "None"),
    _row("H12", "FAM", "Sample", "S2", "1.77", "38.75"),
]
TEXT = "\n".join([HEADER, "\t" * 13, "\t" * 13, *ROWS, ""]).encode()
COMMA = "\n".join([HEADER, *(row.replace(".", ",") for row in ROWS), ""]).encode()

SMALL: dict[str, bytes] = {"opticon": TEXT, "opticon_comma": COMMA}
