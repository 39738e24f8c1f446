"""Illumina Eco csv: with standard curves, and a melting run without; invented data."""

from __future__ import annotations

HEADING = """Experiment Name,invented
Run Start,1/2/2020 3:00:00 PM
Run Finish,1/2/2020 4:00:00 PM
Instrument,Eco™ Real-Time PCR System
Software,Eco™ Software v3.0
"""
CURVES = """
Standard Curve Data
Assay Name,Slope,Intercept,R2,Efficiency %,
igh,-3.5000000,15.5000000,0.9990000,93.0700000,
alb,-3.3000000,,,,
"""
TABLE = """
Well,Exclude,Sample Name,Assay Name,Assay Role,Cq,Cq Mean,Std. Dev. Cq,Quantity,Quantity Unit,Tm1,
A1,,std,igh,Standard,19.0000000,19.0000000,,0.1000,copies,82,
A2,,std,igh,Standard,22.5000000,22.5000000,,0.0100,copies,82,
A3,,patient,igh,Unknown,30.2500000,30.2500000,,0.0001,copies,82,
A4,Excluded,patient,igh,Unknown,,,,,,,
A5,,water,igh,NTC,,,,,,,
B1,
F8,,patient,alb,Unknown,24.1250000,24.1250000,,,,79,
"""
MELTING = f"""{HEADING}
Assay Name,Reference,
igh,,

Well,Exclude,Sample Name,Assay Name,Assay Role,Call,Cq,Cq Mean,Std. Dev. Cq,Tm1,
A1,,p,igh,Unknown,,25.0711,25.0711000,,85,
B1,Excluded,p,igh,Unknown,,,,,,
"""

SMALL: dict[str, bytes] = {
    "curves": (HEADING + CURVES + TABLE).replace("\n", "\r\n").encode("utf-8-sig"),
    "melting": MELTING.encode(),
}
