"""Documents of megabytes in .rdml and .eds: each ends within 2 seconds and 200 MB, read or refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from exports import eds
from exports.zips import members_of, zipped
from own_process import run

SIZE = 46_000_000
HEAD = (
    '<?xml version="1.0" encoding="utf-8"?><rdml version="1.3"><target id="T"/><experiment id="E"><run id="R">'
    "<pcrFormat><rows>8</rows><columns>12</columns><rowLabel>ABC</rowLabel><columnLabel>123</columnLabel></pcrFormat>"
)
TAIL = "</run></experiment></rdml>"
REACT = '<react id="1"><sample id="S"/><data><tar id="T"/><cq>20</cq></data></react>'


def filled(piece: str, size: int = SIZE) -> str:
    return piece * (size // len(piece))


DOCUMENTS = {
    "nested": filled("<a>", SIZE // 2) + filled("</a>", SIZE // 2),
    "nested, and short enough": "<a>" * 340_000 + "</a>" * 340_000,
    "tags": filled("<a/>"),
    "tags, as many as may be": "<a/>xx" * 690_000,
    "attributes": filled('<a b=""/>'),
    "attributes, as many as may be": '<a b=""/>' * 99_000,
    "empty reactions": "<react/>" * 1_000_000,
    "empty data": '<react id="1">' + "<data/>" * 300_000 + "</react>",
    "reactions": filled(REACT),
    "an attribute": f'<a b="{filled("y")}"/>',
    "a text": filled("x"),
    "a text of wide characters": "<a>\U0001f600" + filled("x", 19_000_000) + "</a>",
    "a comment": f"<!--{filled('x')}-->",
    "comments": filled("<!-- c -->"),
    "a section": f"<![CDATA[{filled('x')}]]>",
    "ends": filled("</data>"),
    "values": REACT.replace("<cq>", filled("<v>1</v>") + "<cq>"),
    "values of values": REACT.replace("</data>", filled("<v><w>1</w></v>") + "</data>"),
    "values that do not end well": REACT.replace("</cq>", "</cq>" + filled("<v>1</v>") + "<z>"),
    "points": REACT.replace(
        "</data>", "".join(f"<adp><cyc>{n}</cyc></adp>" for n in range(1, 900_000)) + "</data>"
    ),
    "a melting curve": REACT.replace("</data>", filled("<mdp><tmp>1</tmp></mdp>") + "</data>"),
    "spaces": REACT.replace("<data>", filled(" ") + "<data>"),
}


@pytest.mark.parametrize("what", DOCUMENTS)
def test_rdml(what: str, tmp_path: Path) -> None:
    path = tmp_path / "run.rdml"
    path.write_bytes(zipped({"rdml_data.xml": f"{HEAD}{DOCUMENTS[what]}{TAIL}".encode()}))
    assert run("inspect", path).seconds < 4, "two of it are what the interpreter may take to start"


PLATES = {
    "tags": "<a/>xx" * 690_000,
    "nested": "<a>" * 340_000 + "</a>" * 340_000,
    "attributes": filled('<a b=""/>', 7_900_000),
    "wells": "<Wells>" + "<Well><Index>0</Index></Well>" * 100_000 + "</Wells>",
    "wells that differ": "<Wells>"
    + "".join(f"<Well><Index>0</Index><a>{n}</a></Well>" for n in range(110_000))
    + "</Wells>",
}
LINES = {
    "empty lines": filled("\n"),
    "wells": "0\tS\tT\tUNKNOWN\t20.5\n" * 49_000,
    "unknown lines": "x\n" * 49_000,
    "a long line": "Rn values" + filled("\t1", 15_000_000) + "\n",
}


@pytest.mark.parametrize("what", [*PLATES, *LINES])
def test_eds(what: str, tmp_path: Path) -> None:
    members = members_of(eds.SMALL["text and XML"])
    spoilt = dict(members)
    if what in PLATES:
        name = "apldbio/sds/plate_setup.xml"
        spoilt[name] = members[name].replace(b"</Plate>", PLATES[what].encode() + b"</Plate>")
        assert spoilt[name] != members[name]
    else:
        spoilt["apldbio/sds/analysis_result.txt"] += LINES[what].encode()
    path = tmp_path / "run.eds"
    path.write_bytes(zipped(spoilt))
    assert run("inspect", path).seconds < 4


JSON = {
    "lists": "[]," * 300_000,
    "objects": '{"a":1},' * 300_000,
    "texts": '"ab",' * 1_900_000,
    "numbers": "0.1," * 2_400_000,
    "too many": "[]," * 3_000_000,
}


@pytest.mark.parametrize("what", JSON)
def test_json(what: str, tmp_path: Path) -> None:
    members = members_of(eds.SMALL["JSON"])
    name = "primary/analysis_result.json"
    spoilt = members[name].replace(b"{", f'{{"more":[{JSON[what]}1],'.encode(), 1)
    path = tmp_path / "run.eds"
    path.write_bytes(zipped(members | {name: spoilt}))
    assert run("inspect", path).seconds < 4
