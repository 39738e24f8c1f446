"""LightCycler 480 text in both shapes, with invented data."""

from __future__ import annotations

TITLE = "Experiment: Invented run  Selected Filter: FAM (465-510)"
COLORED_COLUMNS = "Include\tColor\tPos\tName\tCp\tConcentration\tStandard\tStatus"
COLORED_ROWS = (
    "True\t128\tA1\tStd 1\t20.11\t9.9E4\t100000\t",
    "True\t128\tA2\tStd 2\t23.47\t1.0E4\t10000\t",
    "True\t255\tA3\tPatient 1\t24.31\t5.7E3\t0\t",
    "True\t255\tB1\tPatient 1\t40.00\t1.2E-1\t0\t>",
    "False\t255\tB2\tPatient 2\t31.05\t6.0E1\t0\t",
    "True\t65280\tP24\tno template control\t\t\t0\t",
)
CALLED_COLUMNS = (
    '"Experiment Name"\t"Analysis Name"\tIncluded\tPosition\t"SampleName"\tCrossingPoint\t'
    'Concentration\tStandard\t"StatusCodes"\t"StatusDesc"\tCall\tCpUncertain\tCpState\tCalcConcUncertain'
)


def called_row(position: str, cp: str = "25.125", call: str = "pdcPositive", **cells: str) -> str:
    """A row of the shape with calls: included, of no standard, and normal, but for the cells given."""
    usual = {
        "included": "1",
        "name": f"Sample {position}",
        "standard": " ",
        "code": " ",
        "said": " ",
    }
    usual |= {"uncertain": "0", "state": "cpsNormal", "experiment": "Invented run"} | cells
    return (
        f'"{usual["experiment"]}"\t"Abs Quant/2nd Derivative Max"\t{usual["included"]}\t{position}\t"{usual["name"]}"\t'
        f'{cp}\t \t{usual["standard"]}\t"{usual["code"]}"\t"{usual["said"]}"\t{call}\t{usual["uncertain"]}\t'
        f"{usual['state']}\t0"
    )


CALLED_ROWS = (
    called_row("A1", "20.1123456789012", standard="100000", name="Std 1"),
    called_row("A2", "23.4712345678901", standard="10000", name="Std 2"),
    called_row("A3", "36.9876543210987", "pdcUncertain", uncertain="1", code=">", said="late"),
    called_row("B1", included="0"),
    called_row("H11", "38.25", "pdcNegative"),
    called_row("H12", " ", "pdcNegative", name="no template control"),
)


def lines(*parts: str, end: str = "\r\n") -> bytes:
    return "".join(part + end for part in parts).encode()


SMALL: dict[str, bytes] = {
    "colored.txt": lines(TITLE, COLORED_COLUMNS, *COLORED_ROWS),
    "called.txt": lines(CALLED_COLUMNS, *CALLED_ROWS),
}
