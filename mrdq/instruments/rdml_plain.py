"""Reactions straight out of the text of an RDML document, where they are plain.

Plain is what instruments write: a sample, and data with a target, a Cq, values and points, in the
order of the schema.  Patterns account for every byte; where one is otherwise nothing is taken, and
the document is parsed as XML, which takes three times as long.  The reactions of a run leave one
element :data:`MARK` in the document, so that XML tells where they stood.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from mrdq.instruments.rdml_points import POINT, Span, last_point, without_melting
from mrdq.instruments.rdml_reactions import Measured, Reaction, Reactions

MARK = "reactions"

_S = r"[ \t\r\n]*"
_TEXT = r"[^<>&\x00-\x08\x0b-\x1f\x7f-\xff]*"
_OTHER = r"(?!(?:tar|cq|excl|note|adp|cyc|mdp|data|sample|react|partitions)>)[A-Za-z_][\w.-]*"


def _id(group: str) -> str:
    """An id in UTF-8; the byte EF, which starts what XML has no character for, is not plain."""
    return rf'id="(?P<{group}>[^"<&\x00-\x1f\xef]*)"'


def _values(group: str) -> str:
    """Elements that hold a text, or nothing but such elements."""
    leaf, inner = (
        rf"<(?P<{group}{n}>{_OTHER})>{_TEXT}</(?P={group}{n})>{_S}" for n in ("_leaf", "_inner")
    )
    nested = rf"<(?P<{group}_nest>{_OTHER})>{_S}(?:{inner}){{1,9}}</(?P={group}_nest)>{_S}"
    return rf"(?P<{group}>(?:{leaf}|{nested}){{0,40}})"  # bounded: each costs memory


_CYCLE = rf"<adp>{_S}<cyc>{_S}([0-9]{{1,6}})(?:\.0*)?{_S}</cyc>"
_REACT = rf"<react {_id('react')}>{_S}<sample {_id('sample')}{_S}/>{_S}{_values('of_react')}"
_DATA = (
    rf"<data>{_S}<tar {_id('target')}{_S}/>{_S}(?:<cq>(?P<cq>{_TEXT})</cq>{_S})?{_values('of_data')}"
    rf"(?:<excl>(?P<excl>{_TEXT})</excl>{_S})?(?:<note>(?P<note>{_TEXT})</note>{_S})?"
)
_FIRST = re.compile(f"{_REACT}{_DATA}".encode())
_NEXT = re.compile(f"{_S}(?:</react>{_S}{_REACT})?{_DATA}".encode())
_CLOSE = re.compile(f"{_S}</react>{_S}".encode())
_POINT = re.compile(f"{_CYCLE}{_S}{_values('of_point')}</adp>{_S}".encode())
_AFTER = re.compile(f"{_S}{_values('after')}".encode())
_GROUPS = ("react", "sample", "of_react", "target", "cq", "of_data", "excl", "note")
_POINT_NAMES = {"adp", "cyc"}
_ELEMENT = re.compile(rb"<([A-Za-z_][\w.-]*)")


@dataclass(slots=True)
class Plain:
    """The reactions of each run, the text around them, and the names of elements among them."""

    runs: list[Reactions] = field(default_factory=list)
    around: list[bytes] = field(default_factory=list)
    names: set[str] = field(default_factory=set)


class _NotPlainError(Exception):
    pass


def read_plain(data: bytes, parts: list[Span]) -> Plain | None:
    """The reactions of a document in parts that end at ``</data>``; None where they are not plain."""
    plain, values = Plain(), set[bytes]()
    try:
        for start, end in parts[:-1]:
            _take(data, start, end, plain, values)
        plain.around.append(data[_after_react(data, *parts[-1]) :])
    except (_NotPlainError, UnicodeDecodeError):
        return None
    plain.names.update(name.decode() for name in _ELEMENT.findall(b"".join(values)))
    return plain


def _take(data: bytes, start: int, end: int, plain: Plain, values: set[bytes]) -> None:
    """One element data, with the start of its reaction and of its run where it is their first."""
    match = _NEXT.match(data, start, end) if plain.runs else None
    if match is None:
        match = _start_run(data, start, end, plain)
    run = plain.runs[-1]
    react, sample, of_react, target, cq, of_data, excl, note = match.group(*_GROUPS)
    if react is not None:
        run.listed.append(Reaction(react.decode(), sample.decode(), []))
        values.add(of_react)
    said = {"cq": cq.decode().strip()} if cq is not None else {}
    if excl is not None:
        said["excl"] = excl.decode().strip()
    if note is not None:
        said["note"] = note.decode().strip()
    run.listed[-1].data.append(Measured(target.decode(), said))
    values.add(of_data)
    _take_curves(data, match.end(), end, plain, values)


def _start_run(data: bytes, start: int, end: int, plain: Plain) -> re.Match[bytes]:
    at = data.find(b"<react ", start, end)
    match = _FIRST.match(data, at, end) if at >= 0 else None
    if match is None:
        raise _NotPlainError
    before = data[_after_react(data, start, at) : at] if plain.runs else data[start:at]
    plain.around.append(before + f'<{MARK} at="{len(plain.runs)}"/>'.encode())
    plain.runs.append(Reactions([]))
    return match


def _after_react(data: bytes, start: int, end: int) -> int:
    close = _CLOSE.match(data, start, end)
    if close is None:
        raise _NotPlainError
    return close.end()


def _take_curves(data: bytes, at: int, end: int, plain: Plain, values: set[bytes]) -> None:
    """The points of an element data, which start at ``at``, and the values after them."""
    if data.startswith(POINT, at, end):
        last = last_point(data, at, end)
        point = _POINT.match(data, last, end)
        if point is None or (cycles := int(point[1])) < 1:
            raise _NotPlainError
        run = plain.runs[-1]
        run.cycles = max(run.cycles, cycles)
        plain.names |= _POINT_NAMES
        values.add(point["of_point"])
        at = point.end()
    rest, melting = without_melting(data, at, end)
    if melting:
        plain.names.add("mdp")
    after = _AFTER.fullmatch(rest)
    if after is None:
        raise _NotPlainError
    values.add(after["after"])
