"""RDML and its companions as XML trees: bytes to elements, no entities, no curves.

A document that declares a document type is refused: entities, and so every attack by XML, need
one.  Fluorescence points are nine tenths of a document and are cut out before it is parsed; the
last cycle of each curve stays, for it says how many were run.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from operator import attrgetter
from typing import NoReturn
from xml.etree.ElementTree import Element, ParseError, fromstring

from mrdq.errors import refuse

_NAMESPACE = re.compile(r' xmlns="http://www\.(?:rdml\.org|roche\.ch/\w+)"')

LIMIT = 20_000_000
"""Characters of a document without its curves; a plate of 384 wells and 4 dyes has half a million."""

_ENCODINGS = {
    **{"utf-8": "utf-8-sig", "utf8": "utf-8-sig", "us-ascii": "ascii", "utf-16": "utf-16"},
    **{"iso-8859-1": "latin-1", "windows-1252": "cp1252"},
}
_DECLARED = re.compile(rb"""<\?xml[^>]*?encoding\s*=\s*["']([^"']+)["']""")
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_ROOT = re.compile(r"<(?:!DOCTYPE\s+)?(?:[\w.-]+:)?([A-Za-z_][\w.-]*)")
_HEAD = 4000
_TAG = attrgetter("tag")
_CYCLE = re.compile(r"<adp>\s*<cyc>\s*(\d+)(?:\.0*)?\s*</cyc>")
_AGAIN = (
    "The file is damaged or cut off. Export the run again, or copy it again from the instrument."
)


@dataclass(frozen=True, slots=True)
class Document:
    """A parsed document: element names without namespace, and how often each is there."""

    root: Element
    names: Counter[str] = field(default_factory=Counter)


def root_name(data: bytes) -> str:
    """The name of the root element, without namespace prefix, from the head; ``""`` if no XML."""
    if not data.lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n").startswith(b"<"):
        return ""
    head = data[:_HEAD].replace(b"\0", b"").decode("latin-1")
    match = _ROOT.search(_COMMENT.sub("", head))
    return match[1] if match else ""


def parse(data: bytes, file: str, place: str) -> Document:
    """The document, without its fluorescence points.

    ``place`` names the member in messages.  Raises :class:`MrdqError` where it is not well
    formed, not in its declared encoding, or declares a document type.
    """
    text = _decode(data, file, place)
    declared = "!" in text and "<!" in text
    if declared and ("<!DOCTYPE" in text or "<!ENTITY" in text):
        refuse(
            file,
            "XML without a document type, as instruments write it",
            "<!DOCTYPE",
            column=place,
            remedy="Nothing of it was read: a document type can hide and multiply content. "
            "Export the run again from the instrument's software.",
        )
    # Comments and CDATA could hide what is a point.
    lean, melting = (text, False) if declared else _without_points(text)
    if len(lean) > LIMIT:
        expected = f"an XML document of at most {LIMIT // 1_000_000} MB beside its curves"
        refuse(file, expected, f"{len(lean) // 1_000_000} MB", column=place, remedy=_AGAIN)
    try:
        root = fromstring(_NAMESPACE.sub("", lean))
    except (ParseError, ValueError) as error:
        _damaged(file, place, str(error))
    names = Counter(map(_TAG, root.iter()))
    if any("}" in name for name in names):
        for element in root.iter():
            element.tag = element.tag.rpartition("}")[2]
        names = Counter(map(_TAG, root.iter()))
    return Document(root, names + Counter({"mdp": int(melting)}))


def text_of(element: Element | None, path: str = ".") -> str:
    """The stripped text below an element; ``""`` where there is none."""
    found = element.findtext(path) if element is not None else None
    return (found or "").strip()


def _decode(data: bytes, file: str, place: str) -> str:
    declared = _DECLARED.match(data.removeprefix(b"\xef\xbb\xbf"))
    name = declared[1].decode("latin-1").lower() if declared else "utf-8"
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        name = "utf-16"
    if name not in _ENCODINGS:
        refuse(
            file, f"an encoding out of {', '.join(_ENCODINGS)}", name, column=place, remedy=_AGAIN
        )
    try:
        return data.decode(_ENCODINGS[name])
    except UnicodeDecodeError as error:
        _damaged(file, place, f"no {name} at byte {error.start}")


def _damaged(file: str, place: str, found: str) -> NoReturn:
    refuse(file, "a whole XML document", found[:120], column=place, remedy=_AGAIN)


def _without_points(text: str) -> tuple[str, bool]:
    """The text without its points, and whether melting curves were among them."""
    if "rocheLC96CalculatedData" in text[:_HEAD]:
        return "</factGraph>".join(map(_only_call, text.split("</factGraph>"))), False
    parts = [_last_cycle(part) for part in text.split("</data>")]
    melting = any("<mdp>" in part for part in parts)
    return "</data>".join(map(_without_melting, parts) if melting else parts), melting


def _last_cycle(part: str) -> str:
    """All points but the last are cut, if they are consecutive cycles that count from 1 or above."""
    first, last = part.find("<adp>"), part.rfind("<adp>")
    if first == last:
        return part
    points = part[first:last]
    low, high = (_cycle(part, at) for at in (first, last))
    if 1 <= low < high and _alike(points, "</adp>", high - low):
        return part[:first] + part[last:]
    return part


def _cycle(part: str, at: int) -> int:
    match = _CYCLE.match(part, at)
    return int(match[1]) if match else 0


def _without_melting(part: str) -> str:
    first, end = part.find("<mdp>"), part.rfind("</mdp>") + len("</mdp>")
    points = part[first:end]
    if 0 <= first < end and _alike(points, "</mdp>", points.count("<mdp>")):
        return part[:first] + part[end:]
    return part


def _alike(points: str, end: str, number: int) -> bool:
    """Whether all points have as many elements as the first, so that nothing stands between them."""
    return points.count("<") == number * points.count("<", 0, points.find(end) + len(end))


def _only_call(part: str) -> str:
    """A LightCycler 96 curve without what follows its call; the analyses are left whole."""
    if (
        "<factGraph" not in part
        or part.count("<call>") != 1
        or part.rstrip().endswith("rocheLC96CalculatedData>")
    ):
        return part
    return part[: part.find("</call>") + len("</call>")]
