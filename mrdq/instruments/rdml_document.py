"""RDML and its companions as XML trees: bytes to elements, no entities, no curves.

A document that declares a document type is refused: entities, and so every attack by XML, need
one.  Fluorescence points are cut out before it is parsed (``rdml_points``): nine tenths of it.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from operator import attrgetter
from typing import NoReturn
from xml.etree.ElementTree import Element, ParseError, XMLParser

from mrdq.errors import refuse
from mrdq.instruments.rdml_points import Span, only_call, spans, without_points
from mrdq.instruments.xml_size import too_much

LIMIT = 20_000_000
"""Bytes of a document without its curves; a plate of 384 wells and 4 dyes has half a million."""

MOST = 20_000
"""Elements of one name; a plate of 384 wells and 6 dyes has 2,304 of ``data``."""

_COUNTED = ("data", "react", "sample", "target", "factGraph")
_NAMESPACE = re.compile(rb' xmlns="http://www\.(?:rdml\.org|roche\.ch/\w+)"')
_UTF8 = {"utf-8", "utf8"}
_ENCODINGS = {
    **{"utf-8": "utf-8", "utf8": "utf-8", "us-ascii": "ascii", "utf-16": "utf-16"},
    **{"iso-8859-1": "latin-1", "windows-1252": "cp1252"},
}
_DECLARED = re.compile(rb"""<\?xml[^>]*?encoding\s*=\s*["']([^"']+)["']""")
_BOM = b"\xef\xbb\xbf"
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_ROOT = re.compile(r"<(?:!DOCTYPE\s+)?(?:[\w.-]+:)?([A-Za-z_][\w.-]*)")
HEAD = 4000
"""Bytes of a document in which its root element starts."""

_DATA, _GRAPH = b"</data>", b"</factGraph>"
_TAG = attrgetter("tag")
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
    head = data[:HEAD]
    if not head.lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n").startswith(b"<"):
        return ""
    match = _ROOT.search(_COMMENT.sub("", head.replace(b"\0", b"").decode("latin-1")))
    return match[1] if match else ""


def parse(data: bytes, file: str, place: str) -> Document:
    """The document, without its fluorescence points.

    ``place`` names the member in messages.  Raises :class:`MrdqError` where it is not well
    formed, not in its declared encoding, too large, or declares a document type.
    """
    data = _without_comments(_as_utf8(data, file, place), file, place)
    if b"!" in data and b"<!" in data:  # CDATA could hide what is a point.
        return _whole(data, data, file, place)
    if b"rocheLC96CalculatedData" in data[:HEAD]:
        found = spans(data, _GRAPH, most=MOST)
        graphs = [only_call(data, start, end) for start, end in found]
        return _whole(_GRAPH.join(graphs), data, file, place)
    parts = spans(data, _DATA, most=MOST)
    if len(parts) > MOST:
        _too_large(file, place, f"more than {MOST} elements data")
    return _lean(data, parts, file, place)


def _as_utf8(data: bytes, file: str, place: str) -> bytes:
    """The document in UTF-8; what is said to be UTF-8 is not checked yet."""
    declared = _DECLARED.match(data.removeprefix(_BOM))
    name = declared[1].decode("latin-1").lower() if declared else "utf-8"
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        name = "utf-16"
    if name not in _ENCODINGS:
        refuse(
            file, f"an encoding out of {', '.join(_ENCODINGS)}", name, column=place, remedy=_AGAIN
        )
    if name in _UTF8:
        return data.removeprefix(_BOM)
    if len(data) > LIMIT:
        _too_large(file, place, f"{len(data) // 1_000_000} MB in {name}")
    try:
        return data.decode(_ENCODINGS[name]).encode()
    except UnicodeDecodeError as error:
        _damaged(file, place, f"no {name} at byte {error.start}")


def _without_comments(data: bytes, file: str, place: str) -> bytes:
    """The document without its comments, or as it is where these are not plain.

    Raises :class:`MrdqError` if it declares a type.
    """
    if b"!" not in data or b"<!" not in data:
        return data
    if b"<!DOCTYPE" in data or b"<!ENTITY" in data:
        refuse(
            file,
            "XML without a document type, as instruments write it",
            "<!DOCTYPE",
            column=place,
            remedy="Nothing of it was read: a document type can hide and multiply content. "
            "Export the run again from the instrument's software.",
        )
    if b"<![CDATA[" in data or data.count(b"<!--") > MOST:
        return data
    first, *others = data.split(b"<!--")
    kept = [first]
    for part in others:
        end = part.find(b"--")
        if not part.startswith(b"-->", end):
            return data  # XML has no such comment
        kept.append(part[end + len(b"-->") :])
    return b"".join(kept)


def _whole(lean: bytes, data: bytes, file: str, place: str) -> Document:
    """The document ``data``, of which ``lean`` is what is to be parsed."""
    if len(lean) > LIMIT:
        _too_large(file, place, f"{len(lean) // 1_000_000} MB")
    if much := too_much(lean):
        _too_large(file, place, much)
    try:
        root = tree(lean)
    except (ParseError, ValueError) as error:
        wrong = _not_utf8(data)
        # Not its line: that is one of the document without its curves.
        said = str(error).partition(":")[0]
        _damaged(file, place, said if wrong is None else f"no utf-8 at byte {wrong}")
    names = _names_of(root)
    for name in _COUNTED:
        if names[name] > MOST:
            _too_large(file, place, f"{names[name]} elements {name}")
    return Document(root, names)


def tree(data: bytes) -> Element:
    """The root element of a document in UTF-8, whatever it declares."""
    parser = XMLParser(encoding="utf-8")
    parser.feed(_NAMESPACE.sub(b"", data))
    root: Element = parser.close()
    return root


def _names_of(root: Element) -> Counter[str]:
    """How often each element is there; takes the namespaces off."""
    names = Counter(map(_TAG, root.iter()))
    if any("}" in name for name in names):
        for element in root.iter():
            element.tag = element.tag.rpartition("}")[2]
        names = Counter(map(_TAG, root.iter()))
    return names


def text_of(element: Element | None, path: str = ".") -> str:
    """The stripped text below an element; ``""`` where there is none."""
    if element is None:
        return ""
    found = element.text if path == "." else element.findtext(path)
    return (found or "").strip()


def _damaged(file: str, place: str, found: str) -> NoReturn:
    refuse(file, "a whole XML document", found[:120], column=place, remedy=_AGAIN)


def _lean(data: bytes, parts: list[Span], file: str, place: str) -> Document:
    """The document without its points, all of it parsed as XML."""
    found = [without_points(data, start, end) for start, end in parts[:-1]]
    found.append((data[slice(*parts[-1])], False))
    if sum(len(part) for part, _ in found) > LIMIT:
        _too_large(file, place, f"{len(data) // 1_000_000} MB")
    document = _whole(_DATA.join(part for part, _ in found), data, file, place)
    document.names["mdp"] += any(melting for _, melting in found)
    return document


def _not_utf8(data: bytes) -> int | None:
    try:
        data.decode()
    except UnicodeDecodeError as error:
        return error.start
    return None


def _too_large(file: str, place: str, found: str) -> NoReturn:
    expected = f"an XML document of at most {LIMIT // 1_000_000} MB beside its curves"
    refuse(file, expected, found, column=place, remedy=_AGAIN)
