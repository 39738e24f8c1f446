"""The wells of a plate setup, parsed once for all that say the same.

A plate setup repeats itself for every well: sample, detector and flags of replicates differ in
nothing but ``Index``.  Where the text is plain, each wording is parsed once, which takes a quarter
of the time; where it is not, the whole document is parsed.  Both give the same.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from dataclasses import dataclass, field

_MARK = "Repeated"
_HEAD = re.compile(
    rb"""(?:<\?xml version="1.[0-9]"(?: encoding="(?i:utf-8)")?(?: standalone="yes")?\?>)?"""
)

Value = tuple[str, ET.Element]
"""Well as written, and the element that says something of it."""


@dataclass(slots=True)
class _Wordings:
    """What stands below ``Index``, each wording once, and for each list of wells which it has."""

    known: dict[bytes, int] = field(default_factory=dict)
    lists: list[list[tuple[bytes, int]]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Repeats:
    """A document; :meth:`values` are the elements of one name below another, with their wells."""

    root: ET.Element
    lists: list[list[Value]] = field(default_factory=list)

    def values(self, parent: ET.Element, name: str) -> list[Value]:
        marks = parent.findall(_MARK + name) if self.lists else []
        if marks:
            return [value for mark in marks for value in self.lists[int(mark.get("at", ""))]]
        return [((value.findtext("Index") or "").strip(), value) for value in parent.findall(name)]


def parse(data: bytes, names: tuple[str, ...]) -> Repeats:
    """The document, whose elements of these names start with ``Index``.

    Raises what :func:`xml.etree.ElementTree.fromstring` raises.
    """
    return _repeats(data, names) or Repeats(ET.fromstring(data))


def _repeats(data: bytes, names: tuple[str, ...]) -> Repeats | None:
    head = _HEAD.match(data)
    other = (b"!", b"<!"), (b"?", b"<?"), (b"R", _MARK.encode())
    after = head.end() if head else 0
    # Single bytes are found ten times as fast.
    if any(data.find(sign, after) >= 0 and data.find(whole, after) >= 0 for sign, whole in other):
        return None
    wordings = _Wordings()
    rest: bytes | None = data
    for name in names:
        rest = _cut(rest, name.encode(), wordings) if rest is not None else None
    if rest is None:
        return None
    try:
        root = ET.fromstring(rest)
        parsed = list(ET.fromstring(b"<x>%s</x>" % b"".join(wordings.known)))
    except ET.ParseError:
        return None
    marks = sum(len(root.findall(f"*/{_MARK}{name}")) for name in names)
    alone = not any(root.findall(f"*/{name}") for name in names)
    if marks != len(wordings.lists) or len(parsed) != len(wordings.known) or not alone:
        return None
    lists = [[(well.decode(), parsed[at]) for well, at in wells] for wells in wordings.lists]
    return Repeats(root, lists)


def _cut(data: bytes, name: bytes, wordings: _Wordings) -> bytes | None:
    """The document without the elements of a name; None where one of them is not plain."""
    start, end = b"<%s>" % name, b"</%s>" % name
    plain = re.compile(rb"[ \t\r\n]*%s[ \t\r\n]*<Index>([0-9]{1,4})</Index>" % start)
    *parts, rest = data.rsplit(end)
    kept, known = [], wordings.known
    wells: list[tuple[bytes, int]] = []
    for part in parts:
        match = plain.match(part)
        if match is None:
            before = part.find(start)
            match = plain.match(part, before) if before >= 0 else None
            if match is None:
                return None
            mark = _MARK.encode() + name
            kept.append(b'%s<%s at="%d"/>' % (part[:before], mark, len(wordings.lists)))
            wells = []
            wordings.lists.append(wells)
        wording = start + part[match.end() :] + end
        wells.append((match[1], known.setdefault(wording, len(known))))
    return b"".join(kept) + rest
