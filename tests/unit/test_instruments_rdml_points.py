"""RDML whose fluorescence points are cut out gives what the whole document gives, to the letter."""

from __future__ import annotations

import copy
import random
import xml.etree.ElementTree as ET

import pytest

from mrdq.errors import MrdqError
from mrdq.instruments import rdml, rdml_document
from mrdq.instruments.export import Export
from mrdq.instruments.source import Found, Source

HEAD = (
    '<?xml version="1.0" encoding="utf-8"?>\n<rdml version="1.3" xmlns="http://www.rdml.org">'
    '<sample id="S"><type>unkn</type></sample><sample id="Ä"><type>std</type>'
    "<quantity><value>1e3</value><unit>cop</unit></quantity></sample>"
    '<target id="T"><type>toi</type><dyeId id="FAM"/></target><target id="U"/><experiment id="E">'
)
PLATE = (
    "<pcrFormat><rows>8</rows><columns>12</columns>"
    "<rowLabel>ABC</rowLabel><columnLabel>123</columnLabel></pcrFormat>"
)
TAIL = "</experiment></rdml>"


def points(first: int, last: int) -> str:
    return "".join(
        f"<adp><cyc>{n}</cyc><fluor>0.{n}</fluor></adp>\n" for n in range(first, last + 1)
    )


MELTING = "<mdp><tmp>60</tmp><fluor>1</fluor></mdp> <mdp><tmp>61</tmp><fluor>2</fluor></mdp>"
CURVE = points(1, 40)


def data(more: str = CURVE, *, target: str = "T", cq: str = "<cq>25.5</cq>") -> str:
    return f'<data><tar id="{target}"/>{cq}{more}</data>'


def react(identity: int, *found: str, sample: str = "S") -> str:
    return f'<react id="{identity}"><sample id="{sample}"/>{"".join(found)}</react>'


def run(*reacts: str, name: str = "R") -> str:
    return f'<run id="{name}">{PLATE}{"".join(reacts)}</run>'


def document(*runs: str) -> bytes:
    return f"{HEAD}{''.join(runs)}{TAIL}".encode()


TWO = react(1, data()), react(2, data())
PLAIN = {
    "a curve": document(run(*TWO)),
    "no curve": document(run(react(1, data("")), react(2, data("<note>a;b</note>")))),
    "no Cq": document(run(react(1, data(cq="")), *TWO[1:])),
    "left out": document(run(react(1, data("<excl>user</excl><note>n</note>" + CURVE)), *TWO[1:])),
    "two targets": document(run(react(1, data(), data(target="U")), react(7, data()))),
    "two runs": document(run(*TWO), run(react(3, data()), name="Q")),
    "values": document(run(react(1, data("<N0>1e-9</N0>" + CURVE + "<endPt>1</endPt>")), *TWO[1:])),
    "nested": document(run(react(1, data("<quantity><value>1</value></quantity>"), sample="Ä"))),
    "melting": document(run(react(1, data(CURVE + MELTING + "<bgFluor>1</bgFluor>")), *TWO[1:])),
    "from cycle 3": document(run(react(1, data(points(3, 40))), *TWO[1:])),
    "beyond": document(run(react(1, data(points(1, 20))), react(2, data(points(1, 25))))),
    "one point": document(run(react(1, data(points(40, 40))), *TWO[1:])),
    "comments": document(run(TWO[0], "<!-- <react> -->", TWO[1])),
    "something between": document(
        run(TWO[0], "<x/>", react(2, data(points(1, 45))), react(3, data()))
    ),
    "lines": document(run(*TWO)).replace(b"><", b">\r\n  <"),
}
OTHER = {
    "an element data elsewhere": document(run("<x><data>1</data></x>", *TWO)),
    "a gap": document(run(react(1, data(points(1, 20) + points(22, 40))), *TWO[1:])),
    "from cycle 0": document(run(react(1, data(points(0, 40))), *TWO[1:])),
    "no data": document(run(*TWO, react(5))),
    "no data at first": document(run(react(5), *TWO)),
    "no sample": document(run(*TWO, f'<react id="5">{data()}</react>')),
    "two Cqs": document(run(*TWO, react(5, data("<cq>20</cq>")))),
    "two targets at once": document(run(*TWO, react(5, data('<tar id="U"/>')))),
    "another order": document(run(*TWO, react(5, data("<excl>x</excl>", cq="<N0>1</N0>")))),
    "an excl after all": document(run(*TWO, react(5, data(CURVE + "<excl>x</excl>")))),
    "an empty excl": document(run(*TWO, react(5, data("<excl/>")))),
    "a CDATA": document(run(*TWO, react(5, data(cq="<cq><![CDATA[20]]></cq>")))),
    "an instruction": document(run(*TWO, react(5, data("<?x y?>")))),
    "in an instruction": document(run(f"<?x {TWO[0]} ?>", TWO[1])),
    "in a comment": document(run(f"<!-- {TWO[0]} -->", TWO[1])),
    "outside of a run": document(run(*TWO)).replace(b"<experiment", TWO[0].encode() + b"<experiment"),
    "in a reaction": document(run(*TWO, f'<react id="5"><sample id="S"/>{TWO[0]}</react>')),
    "an attribute": document(run(*TWO)).replace(b'<react id="2"', b'<react id="2" x="1"'),
    "an entity": document(run(*TWO)).replace(b"25.5", b"2&#53;.5"),
    "a prefix": document(run(*TWO)).replace(b"<data>", b'<n:data xmlns:n="http://www.rdml.org">').replace(b"</data>", b"</n:data>"),
    "our own mark": document(run('<reactions at="0"/>', *TWO)),
    "unknown names": document(run(react(99, data()), react(1, data(target="V"), sample="W"))),
    "no number": document(run(react(1, data(cq="<cq>abc</cq>")), *TWO[1:])),
    "not closed": document(run(*TWO)).replace(b"</react>", b"", 1),
    "closed twice": document(run(*TWO)).replace(b"</data>", b"</data></data>", 1),
    "cut off": document(run(*TWO))[:-20],
    "no UTF-8": document(run(*TWO)).replace(b'id="S"', b'id="\xff"'),
    "no character": document(run(react(1, data(cq="<cq>2\x015</cq>")), *TWO[1:])),
    "nothing Unicode knows": document(run(react(1, data(), sample="\uffff"))),
}  # fmt: skip


def told(content: bytes) -> Export | str:
    source = Source(content, "run.rdml")
    found = rdml.detect(source)
    assert isinstance(found, Found), found
    try:
        return rdml.read(source, found)
    except MrdqError as error:
        return str(error)


def both(content: bytes, monkeypatch: pytest.MonkeyPatch) -> Export | str:
    """What the cut and the whole document give, which has to be the same."""
    cut = told(content)
    with monkeypatch.context() as patch:
        patch.setattr(
            rdml_document, "without_points", lambda data, start, end: (data[start:end], False)
        )
        whole = told(content)
    assert table(cut) == table(whole)
    return cut


def table(read: Export | str) -> list[tuple[object, ...]] | type[str]:
    """The wells; notes and messages may say where in the text something stands."""
    if isinstance(read, str):
        return str
    quantities, cqs = map(repr, read.quantity), map(repr, read.cq)
    rows = zip(
        read.well, read.target, read.sample, read.task, quantities, cqs, read.cq_state, strict=True
    )
    return list(rows)


@pytest.mark.parametrize("what", PLAIN)
def test_points_change_nothing(what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert isinstance(both(PLAIN[what], monkeypatch), Export) or what == "two runs"


@pytest.mark.parametrize("what", OTHER)
def test_odd_documents_are_the_same(what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    both(OTHER[what], monkeypatch)


def moved(content: bytes, chance: random.Random) -> bytes:
    """The document with one of its elements taken out, repeated or put elsewhere."""
    root = ET.fromstring(content)
    inner = [element for element in root.iter() if len(element)]
    parent, goal = chance.choice(inner), chance.choice(inner)
    child = copy.deepcopy(chance.choice(list(parent)))
    if chance.random() < 0.5:
        parent.remove(chance.choice(list(parent)))
    goal.insert(chance.randrange(len(goal) + 1), child)
    text: str = ET.tostring(root, encoding="unicode")
    return text.replace("ns0:", "").replace(":ns0", "").encode()


@pytest.mark.parametrize("what", PLAIN)
def test_any_element_elsewhere_says_the_same(what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    chance = random.Random(what)
    content = PLAIN[what].replace(points(1, 40).encode(), points(1, 4).encode())
    for _ in range(60):
        both(moved(content, chance), monkeypatch)


def test_a_cq_with_an_element_inside_is_refused() -> None:
    content = document(run(react(1, data(cq="<cq>2<b/>5.31</cq>"))))
    assert "one element cq" in str(told(content))


def test_more_elements_than_any_plate_has() -> None:
    many = document(run(*TWO, "<react/>" * (rdml_document.MOST + 1)))
    assert f'found "{rdml_document.MOST + 3} elements react"' in str(told(many))
    many = document(run(react(1, *[data("")] * (rdml_document.MOST + 1))))
    assert "elements data" in str(told(many))


def test_cycles_of_more_digits_than_a_number_has() -> None:
    assert (
        told(document(run(react(1, data(points(1, 1).replace("1<", "9" * 5000 + "<"))))))
        is not None
    )


@pytest.mark.parametrize("name", ["LightCycler PRO", "LightCycler® PRO", "LightCycler 96"])
def test_a_lightcycler_that_says_no_calls_is_refused(name: str) -> None:
    """It stores a Cq for its negative calls too."""
    software = (
        f"<dataCollectionSoftware><name>{name}</name><version>1</version></dataCollectionSoftware>"
    )
    content = PLAIN["melting"].replace(PLATE.encode(), f"{software}{PLATE}".encode())
    assert "the stored Cq alone does not say whether there was a signal" in str(told(content))
