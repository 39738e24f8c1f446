"""The drawings: what is committed is what the code draws, and no text leaves its place."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

import pytest
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextPath

from mrdq.definitions import load_protocol, names
from mrdq.protocol import Protocol
from mrdq.reports.protocol_diagram import WIDTH, as_page, as_svg, as_text

DRAWN = Path(__file__).resolve().parents[2] / "docs" / "protocols"
SVG = "{http://www.w3.org/2000/svg}"


def test_the_committed_pictures_are_what_is_drawn_now() -> None:
    assert sorted(path.stem for path in DRAWN.glob("*")) == names("protocols")
    for name in names("protocols"):
        committed = (DRAWN / f"{name}.svg").read_text(encoding="utf-8")
        assert committed == as_svg(load_protocol(name)), (
            f"run: mrdq protocol check --folder {DRAWN}"
        )


def awkward() -> Protocol:
    """A protocol with every text as long as it may be, and signs that XML reserves."""
    protocol = load_protocol("all-mrd2019")
    long = "W" * 60
    courses = tuple(
        replace(course, id=f"{long[:-3]}{n}-1") for n, course in enumerate(protocol.courses)
    )
    at = protocol.by_id["post-C1"]
    branch = at.branches["positive"]
    names = tuple(course.id for course in courses)
    follow = replace(branch, courses=names[3:8], left_out=names[8:12], otherwise=names[13])
    at = replace(at, id=f"<&{long}", label=long * 3, after=names[2], next_repeat=f"a < b & {long * 2}",
                 if_positive=follow, if_negative=follow)  # fmt: skip
    return replace(protocol, title=f"<title> & {long * 2}", courses=courses, timepoints=(at,))


def every() -> list[Protocol]:
    return [*(load_protocol(name) for name in names("protocols")), awkward()]


@pytest.mark.parametrize("protocol", every(), ids=lambda p: p.title[:20])
def test_no_text_overflows(protocol: Protocol) -> None:
    """Every text ends inside the picture, and that of a box inside its box, in DejaVu Sans, the
    widest of the fonts asked for but for Verdana (which is as wide)."""
    root = ET.fromstring(as_svg(protocol))
    height = float(root.attrib["height"])
    boxes = [{k: float(box.attrib[k]) for k in ("x", "y", "width", "height")}
             for box in root.iter(f"{SVG}rect") if "x" in box.attrib]  # fmt: skip
    texts = list(root.iter(f"{SVG}text"))
    assert len(texts) > 3
    for text in texts:
        x, y, size = (
            float(text.attrib["x"]),
            float(text.attrib["y"]),
            float(text.get("font-size", 12)),
        )
        width = extent(text.text or "", size, text.get("font-weight", "normal"))
        left = x - width / 2 if text.get("text-anchor") == "middle" else x
        assert left >= 0, text.text
        assert left + width <= WIDTH, text.text
        assert y < height
        if text.get("text-anchor") == "middle":
            own = [
                b
                for b in boxes
                if b["y"] < y < b["y"] + b["height"] and b["x"] < x < b["x"] + b["width"]
            ]
            assert len(own) == 1
            assert own[0]["x"] <= left, text.text
            assert own[0]["x"] + own[0]["width"] <= WIDTH, text.text


def extent(text: str, size: float, weight: str) -> float:
    """Width of a text [px], measured with the font itself."""
    if not text:
        return 0.0
    font = FontProperties(family="DejaVu Sans", weight=weight)
    return float(TextPath((0, 0), text.replace("$", "S"), size=size, prop=font).get_extents().width)


def test_signs_that_xml_reserves_are_drawn_as_they_are() -> None:
    drawn = "".join(ET.fromstring(as_svg(awkward())).itertext())
    assert "<title> &" in drawn
    assert "a < b &" in drawn


def test_everything_that_is_said_is_drawn() -> None:
    for name in ("all-mrd2019", "all-mrd2023"):
        text, drawn = as_text(load_protocol(name)), as_svg(load_protocol(name))
        for word in ("A-1", "post-C1", "blinatumomab-1 to -4", "transplantation if feasible",
                     "two years", "left out: B-2, C-2", "unverified", "intrathecal doses"):  # fmt: skip
            assert word in text, word
            assert word in drawn, word


def test_the_tree_of_a_protocol() -> None:
    """What is weaker than its branch says so: A-2 of 2023 is not stated."""
    tree = as_text(load_protocol("all-mrd2023"))
    assert tree.isascii()
    assert max(map(len, tree.splitlines())) < 140
    start = tree.index("|- C-1")
    assert tree[start:].splitlines()[:10] == [
        "|- C-1",
        "|- MRD post-C1 (after C-1 (consolidation))",
        "|  |  positive: positive_quantifiable, positive_not_quantifiable, low_positive_below_range [unverified]",
        "|  +- positive: blinatumomab-1 to -4; transplantation if feasible, else maintenance (two years) [primary]",
        "|  |    left out: B-2, C-2 [primary]",
        "|  |    may be given: A-2 [unverified]",
        "|  +- negative: blinatumomab-1 to -4, maintenance [primary]",
        "|  |    left out: B-2, C-2 [primary]",
        "|  |    may be given: A-2 [unverified]",
        "|  +- else: repeat [unverified]",
    ]


def test_a_protocol_without_courses_says_so() -> None:
    assert "no courses and no timepoints" in as_text(load_protocol("generic"))
    assert "no courses are named" in as_text(load_protocol("gmall-like"))


def test_the_page_holds_every_picture() -> None:
    page = as_page(every())
    assert page.count("<svg") == page.count("</svg>") == len(every())
    assert not re.search(r"(src|href)=", page), "it needs nothing else"
