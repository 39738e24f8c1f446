"""iQ5 and MyiQ exports with invented data: with a decimal point, and with a comma in quotes."""

from __future__ import annotations

HEADER = (
    ",Well,Fluor,Type,Identifier,Replicate #,Threshold Cycle (Ct),Ct Mean,Ct Std. Dev,"
    "Starting Quantity (SQ),Log Starting Quantity,SQ Mean,SQ Std. Dev.,Set Point"
)
ROWS = [
    ",A01,FAM,Std,Std1,1,21.50,21.75,0.354,1.000E+05,5.000,1.00E+05,0.00E+00,N/A",
    ",A02,FAM,Std,Std1,1,22.00,21.75,0.354,1.000E+05,5.000,1.00E+05,0.00E+00,N/A",
    ",A03,FAM,Unkn,S1,2,31.25,31.25,N/A,1.402E+02,2.147,1.40E+02,0.00E+00,N/A",
    ",A03,HEX,Unkn,S1,2,24.10,24.10,N/A,0.000E+00,N/A,0.00E+00,0.00E+00,N/A",
    ",A04,FAM,NTC,,3,N/A,00.00,N/A,0.000E+00,N/A,0.00E+00,0.00E+00,N/A",
    ",H12,FAM,Unkn,S2,4,38.75,38.75,N/A,9.000E-01,-0.046,9.00E-01,0.00E+00,N/A",
]
POINT = "\n".join([HEADER, *ROWS, ""]).encode()
COMMA = "\r\n".join(
    [
        ",".join(f'"{cell}"' if cell else "" for cell in HEADER.split(",")),
        *(
            ",".join(f'"{cell.replace(".", ",")}"' if cell else "" for cell in row.split(","))
            for row in ROWS
        ),
        "",
    ]
).encode()

SMALL: dict[str, bytes] = {"biorad_iq": POINT, "biorad_iq_comma": COMMA}
