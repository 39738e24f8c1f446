"""RDML, zipped and bare: two targets, a standard, a control without signal, a reaction left out."""

from __future__ import annotations

from exports.zips import zipped

# Reaction, sample, target, Cq, left out.
REACTIONS = (
    (1, "S1", "IGH", "20.125", False),
    (2, "patient", "IGH", "27.25", False),
    (2, "patient", "ALB", "24.5", False),
    (3, "patient", "IGH", "31.5", True),
    (96, "water", "IGH", "-1.0", False),
)
SAMPLES = {
    "S1": "<type>std</type><quantity><value>1000</value><unit>cop</unit></quantity>",
    "patient": "<type>unkn</type>",
    "water": "<type>ntc</type>",
}
MEMBER = "rdml_data.xml"


def document(version: str = "1.2") -> str:
    dyes = '<dye id="FAM"/>'
    samples = "".join(f'<sample id="{name}">{what}</sample>' for name, what in SAMPLES.items())
    targets = "".join(
        f'<target id="{name}"><type>toi</type><dyeId id="FAM"/></target>' for name in ("IGH", "ALB")
    )
    wells = dict.fromkeys((number, sample) for number, sample, *_ in REACTIONS)
    reacts = "".join(
        f'<react id="{number}"><sample id="{sample}"/>'
        + "".join(_data(*one) for one in REACTIONS if one[0] == number)
        + "</react>\n"
        for number, sample in wells
    )
    plate = (
        "<pcrFormat><rows>8</rows><columns>12</columns><rowLabel>ABC</rowLabel>"
        "<columnLabel>123</columnLabel></pcrFormat>"
    )
    run = f'<experiment id="e"><run id="r">{plate}{reacts}</run></experiment>'
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<rdml version="{version}" xmlns="http://www.rdml.org">{dyes}{samples}{targets}{run}</rdml>\n'
    )


def _data(number: int, sample: str, target: str, cq: str, left_out: bool) -> str:
    points = "".join(f"<adp><cyc>{cycle}</cyc><fluor>{cycle}</fluor></adp>" for cycle in (1, 40))
    excluded = "<excl>left out</excl>" if left_out else ""
    return f'<data><tar id="{target}"/><cq>{cq}</cq>{excluded}{points}</data>'


SMALL: dict[str, bytes] = {
    "zipped": zipped({MEMBER: document()}),
    "zipped, with other members": zipped({"notes.txt": "x" * 50, MEMBER: document("1.1")}),
    "bare": document().encode(),
}
