"""A plate setup whose wells say the same gives what the XML parser gives for each of them."""

from __future__ import annotations

import copy
import random
import xml.etree.ElementTree as ET

import pytest

from mrdq.instruments.eds_repeats import Repeats, parse

NAMES = ("FeatureValue", "Well")
HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'


def features(feature: str, *values: str) -> str:
    return f"<FeatureMap><Feature><Id>{feature}</Id></Feature>{''.join(values)}</FeatureMap>"


def value(well: object, said: str = "<FeatureItem>x</FeatureItem>") -> str:
    return f"<FeatureValue>\n <Index>{well}</Index>{said}</FeatureValue>\n"


def well(index: int, *flags: str) -> str:
    marks = "".join(f"<FlagName>{flag}</FlagName>" for flag in flags)
    return f"<Well><Index>{index}</Index><IsOmit>false</IsOmit>{marks}</Well>"


SAMPLES = features("sample", *map(value, range(4)), value(4, "<FeatureItem>y</FeatureItem>"))
WELLS = "<Wells>" + "".join(well(n, "HSD-T") if n % 2 else well(n) for n in range(6)) + "</Wells>"
PLAIN = f"{HEAD}<Plate><Rows>8</Rows>{features('none')}{SAMPLES}{features('task', value(1))}{WELLS}</Plate>"
OTHER = {
    "a comment": PLAIN.replace("<Rows>", "<!-- </FeatureValue> --><Rows>"),
    "a comment over two wells": PLAIN.replace("x</F", "<!-- x</F", 1).replace("x</F", "x --></F", 1),
    "an instruction": PLAIN.replace("<Rows>", "<?x <Well><Index>1</Index></Well> ?><Rows>"),
    "spaces": PLAIN.replace("<Index>3<", "<Index> 3 <"),
    "no index": PLAIN.replace("<Index>3</Index>", ""),
    "an attribute": PLAIN.replace("<FeatureValue>", '<FeatureValue x="1">', 1),
    "our own mark": PLAIN.replace("<Rows>", '<Repeated at="0"/><Rows>'),
    "another encoding": PLAIN.replace("UTF-8", "latin-1").replace("<FeatureItem>y", "<FeatureItem>\xc4"),
    "no declaration": PLAIN.removeprefix(HEAD),
    "something between": PLAIN.replace(well(2), "<x/>" + well(2)).replace(value(3), "<x/>" + value(3)),
    "a well among samples": PLAIN.replace(value(3), value(3) + well(3)),
    "deeper": PLAIN.replace(well(0), f"<a>{well(0)}</a>"),
    "one in another": PLAIN.replace("y<", value(7) + "<"),
    "an empty one": PLAIN.replace(well(5), well(5) + "<Well/>"),
}  # fmt: skip


def listed(document: Repeats) -> list[tuple[str, list[tuple[str, str]]]]:
    """All that is asked of a document, as text; an element's own index and tail do not count."""

    def text(element: ET.Element) -> str:
        inner = [ET.tostring(child) for child in element if child.tag != "Index"]
        return f"{element.tag} {b''.join(inner).strip()!r}"

    return [
        (f"{parent.tag}{at} {name}", [(well, text(found)) for well, found in document.values(parent, name)])
        for at, parent in enumerate(document.root)
        for name in NAMES
        if document.values(parent, name) and parent.tag in ("FeatureMap", "Wells")
    ]  # fmt: skip


def same(content: bytes) -> bool:
    """Whether the content is XML; both ways have to say so, and say the same of it."""
    try:
        whole = Repeats(ET.fromstring(content))
    except (ET.ParseError, ValueError, LookupError):
        with pytest.raises((ET.ParseError, ValueError, LookupError)):
            parse(content, NAMES)
        return False
    assert {name: found for name, found in listed(parse(content, NAMES)) if found} == {
        name: found for name, found in listed(whole) if found
    }
    return True


def test_wells_that_say_the_same_are_parsed_once() -> None:
    assert same(PLAIN.encode())
    document = parse(PLAIN.encode(), NAMES)
    values = document.values(document.root[2], "FeatureValue")
    assert [index for index, _ in values] == ["0", "1", "2", "3", "4"]
    assert len({id(found) for _, found in values}) == 2


@pytest.mark.parametrize("what", OTHER)
def test_others_are_parsed_one_by_one(what: str) -> None:
    same(OTHER[what].encode("latin-1" if "latin" in OTHER[what] else "utf-8"))


def moved(content: bytes, chance: random.Random) -> bytes:
    """The document with one of its elements taken out, repeated or put elsewhere."""
    root = ET.fromstring(content)
    parents = [element for element in root.iter() if len(element)]
    parent, goal = chance.choice(parents), chance.choice(list(root.iter()))
    child = copy.deepcopy(chance.choice(list(parent)))
    if chance.random() < 0.5:
        parent.remove(chance.choice(list(parent)))
    goal.insert(chance.randrange(len(goal) + 1), child)
    return HEAD.encode() + ET.tostring(root)


def test_any_element_elsewhere_says_the_same_both_ways() -> None:
    chance = random.Random(7)
    for _ in range(400):
        assert same(moved(PLAIN.encode(), chance))


def test_any_change_of_the_text_says_the_same_both_ways() -> None:
    chance = random.Random(7)
    tags = (
        b"</FeatureValue>",
        b"<FeatureValue>",
        b"<Well>",
        b"</Wells>",
        b"<Index>1</Index>",
        b"<",
    )
    read = 0
    for _ in range(1500):
        content = bytearray(PLAIN.encode())
        at = chance.randrange(len(content))
        how = chance.randrange(3)
        if how == 0:
            content[at] = chance.randrange(256)
        elif how == 1:
            content[at:at] = chance.choice(tags)
        else:
            del content[at : at + chance.randrange(1, 60)]
        read += same(bytes(content))
    assert read > 20
