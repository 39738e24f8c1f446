"""Cepheid SmartCycler csv: a run with standards of two dyes; invented data."""

from __future__ import annotations

HEADING = """Run Summary        (Smart Cycler 2.0d)
Run Name:,invented
Started At:,"Jan 2, 2020 03:00 PM"
Number of Sites:,{}
"""
CURVES = """
Cycle Data

Instrument A
,A1,A1
Cycle #,FAM,Cy3
1,0.25,0.0

"""
COLUMNS = (
    "Site ID,Protocol,Sample ID,Sample Type,Notes,Status,FAM Std/Res,FAM Ct,Cy3 Std/Res,Cy3 Ct"
)
ROWS = (
    "A1,assay,std 1,STD,,OK,1000.00,22.68,0.00,0.00",
    "A2,assay,std 2,STD,,OK,100.00,26.05,ND,0.00",
    "A3,assay,patient,UNKN,,OK,128.351,25.43,POS,30.25",
    "A4,assay,patient,UNKN,,OK,NEG,0.00,NEG,31.50",
    "A5,assay,,NTC,,Warning,ND,0.00,ND,0.00",
    "A16,assay,spare,UNUSED,,OK,No Result,0.00,No Result,0.00",
)
SETTINGS = """
Analysis Settings
Ch #,Dye Name,Usage
1,FAM,Assay
"""


def run(*rows: str, head: str = "", columns: str = COLUMNS, sites: int = 0) -> bytes:
    heading = HEADING.format(sites or len(rows)) + head
    table = "".join(f"{row}\n" for row in ("Results Table", columns, *rows))
    return (heading + CURVES + table + SETTINGS).encode()


SMALL: dict[str, bytes] = {"run": run(*ROWS)}
