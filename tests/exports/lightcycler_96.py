"""LightCycler 96 result tables as text, with invented data."""

from __future__ import annotations

COLUMNS = (
    "Color\tPosition\tSample Name\tGene Name\tCq\tConcentration\tCall\tExcluded\tSample Type\tStandard\tCq Mean\t"
    "Cq Error\tConcentration Mean\tConcentration Error\tReplicate Group\tDye\tEdited Call\tSlope\tEPF\tFailure\t"
    "Notes\tSample Prep Notes\tNumber"
)


def row(position: str, cq: str = "25.13", call: str = "Positive", **cells: str) -> str:
    """A row of an unknown sample of the gene T in FAM, but for the cells given."""
    usual = {"sample": "S1", "gene": "T", "excluded": "-", "type": "Unknown", "standard": "-"}
    usual |= {"mean": "-", "dye": "FAM", "edited": "-", "failure": "-"} | cells
    return (
        f"0xFF6495ED\t{position}\t{usual['sample']}\t{usual['gene']}\t{cq}\t-\t{call}\t{usual['excluded']}\t"
        f"{usual['type']}\t{usual['standard']}\t{usual['mean']}\t-\t-\t-\t-\t{usual['dye']}\t{usual['edited']}\t0.05\t"
        f"1.23\t{usual['failure']}\t-\t-\t1"
    )


ROWS = (
    row("A1", "20.11", type="Standard", standard="1.00E5", mean="20.12"),
    row("A2", "20.13", type="Standard", standard="1.00E5", mean="20.12"),
    row("A3", "25.47"),
    row("A3", "26.02", gene="ALB", dye="VIC"),
    row("B1", "38.90", "Negative"),
    row("B2", "31.00", "Invalid", failure="noisy curve"),
    row("B3", "29.00", excluded="Excluded"),
    row("H12", "-", "Negative", sample="-", type="Negative Control"),
)


def lines(*parts: str, end: str = "\r\n") -> bytes:
    return "".join(part + end for part in parts).encode()


SMALL: dict[str, bytes] = {"results.txt": lines(COLUMNS, *ROWS)}
