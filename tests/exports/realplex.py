"""Eppendorf realplex results as text: one dye, two dyes, with a column Type; invented data."""

from __future__ import annotations

COLUMNS = (
    '"Pos"\t"Name"\t"Ct SYBR"\t"Ct Mean SYBR"\t"Ct Dev. SYBR"\t"Amount SYBR [ng]"\t"Target SYBR"'
)
ROWS = (
    '"A1"\t"Std 1"\t20.10\t20.20\t0.14\t100.0\t"IGH"\t',
    '"A2"\t"Std 1"\t20.30\t20.20\t0.14\t100.0\t"IGH"\t',
    '"B1"\t"Patient"\t30.25\t""\t""\t0.08\t"IGH"\t',
    '"B2"\t"Patient"\t""\t""\t""\t"-"\t"IGH"\t',
    '"C1"\t""\t""\t""\t""\t"-"\t""\t',
    '"H12"\t""\t25.03\t""\t""\t"-"\t""\t',
)
PARAMETERS = (
    '\n"Analysis Parameters"\n"Type of Application";"Quantification"\n"Dye(s)";"SYBR"\n'
    '"Threshold level";700\n"Baseline range (from cycle no. ... to)";"n/a"\n'
)
TYPED = """"Pos";"Name";"Type";"Ct SYBR";"Amount SYBR [Copies]";"Target SYBR"
"A1";"S";"Standard";20,25;1000,5;"IGH"
"A2";"P";"Unknown";30,75;7,2;"IGH"
"A3";"";"NTC";"";"-";"IGH"
"""
TWO_DYES = """Pos;Name;Ct FAM;Amount FAM;Target FAM;Ct Cy 5;Amount Cy 5;Target Cy 5
A1;P;25.10;-;IGH;22.40;-;ALB
A2;P;;-;IGH;22.50;-;ALB
A3;;;-;;;-;
"""


def lines(*rows: str) -> bytes:
    return "".join(f"{row}\n" for row in (COLUMNS, *rows)).encode()


SMALL: dict[str, bytes] = {
    "one dye": lines(*ROWS),
    "parameters": lines(*(row.removesuffix("\t") for row in ROWS))
    .replace(b"\t", b";")
    .replace(b".", b",")
    .replace(b"Dev,", b"Dev.")
    + PARAMETERS.encode(),
    "types": TYPED.encode(),
    "two dyes": TWO_DYES.encode(),
}
