"""qPCRsoft csv of a qTOWER: a relative quantification, and a table that is refused; invented data."""

from __future__ import annotations

HEADING = """Title:,invented
Date/Time:,1/2/2020 3:00:00 PM,1/2/2020 4:00:00 PM
Device:,qTOWER³84 /G,0000X-0000
Colors+Dyes:,Pos,Color Module,Dye,Gain,Meas,Refr
,1,Blue,FAM,5,*,
Heated Lid:,100°C

"""
COLUMNS = (
    "Well,,Sample name,Sample type,GOI,Reference gene,Ct GOI,Ct Ref. gene,Mean Ct GOI,Mean Ct Ref.gene,RQ GOI,"
    "dCt (Ref.Gen – GOI)"
)
ROWS = (
    "A1,,p1,Unknown,IGH,,27.51,,27.56,,0,-2.4",
    "A2,,p1,Unknown,IGH,,27.61,,27.56,,0,-2.4",
    "A3,,p1,Unknown,,ALB,,22,,22.1,,",
    "A4,,p1,Unknown,,ALB,,22.2,,22.1,,",
    "B1,,p2,Unknown,IGH,ALB,No Ct,21.75,,21.75,,",
    "B2,,p2,Unknown,,,,,,,,",
    "P24,,,NTC,IGH,,No Ct,,,,,",
)
OTHER_COLUMNS = "Well,,Sample name,Sample type,Gene,Ct,Conc."


def lines(*rows: str, columns: str = COLUMNS) -> bytes:
    return (HEADING + "".join(f"{row}\n" for row in (columns, *rows))).encode("cp1252")


SMALL: dict[str, bytes] = {
    "relative": lines(*ROWS),
}
REFUSED = lines("A1,,p1,Standard,IGH,25.1,100", columns=OTHER_COLUMNS)
"""An evaluation of qPCRsoft that is told and not read."""
