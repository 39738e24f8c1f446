"""What an ``.eds`` run file says beside its results: members, cycles, instrument.

The XML members of ``apldbio/sds`` are ``plate_setup.xml`` (see ``eds_plate``), ``tcprotocol.xml``
(stages of the run) and ``experiment.xml``.
Member names are compared without regard to case, and some versions write ``\\`` for ``/``.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import cache
from typing import NoReturn

from mrdq.errors import refuse
from mrdq.instruments.cells import PLATES, ROWS
from mrdq.instruments.source import Source
from mrdq.instruments.xml_size import too_much

FOLDER = "apldbio/sds/"
PLATE, PROTOCOL, EXPERIMENT = (
    f"{FOLDER}{name}.xml" for name in ("plate_setup", "tcprotocol", "experiment")
)
MANIFEST = f"{FOLDER}manifest.mf"
XML_LIMIT = 8_000_000
"""Bytes of an XML member that is parsed: twenty times what a full 384-well plate takes."""

_AGAIN = "Open the run in the instrument's software, save it again, or export the results as text."


def members(source: Source) -> dict[str, str]:
    """Plain name -> name as stored; no two are the same, or the archive is refused."""
    return {name.replace("\\", "/").lower(): name for name in source.archive.members}


def xml_data(source: Source, member: str) -> bytes:
    """A document as it stands in the archive.

    Raises :class:`MrdqError` where it is too large, or defines a type or an entity: entities can
    be made to swell, and no instrument writes any.
    """
    data = source.archive.read(member)
    if len(data) > XML_LIMIT:
        refuse_member(source, member, f"at most {XML_LIMIT // 1_000_000} MB", f"{len(data)} bytes")
    if much := too_much(data):
        refuse_member(source, member, "XML as instruments write it", much)
    declared = b"!" in data and (b"<!DOCTYPE" in data or b"<!ENTITY" in data)
    if declared or b"\0" in data:
        expected = "XML in UTF-8 without document type and entities"
        refuse_member(source, member, expected, "one of these")
    return data


def xml_root(source: Source, member: str) -> ET.Element:
    """The document of a member; raises :class:`MrdqError` also where it is damaged."""
    data = xml_data(source, member)
    try:
        return ET.fromstring(data)
    except (ET.ParseError, ValueError, LookupError) as error:
        refuse_member(source, member, "XML", str(error)[:80])


def refuse_member(source: Source, member: str, expected: str, found: str) -> NoReturn:
    refuse(source.name, expected, found, column=f"member {member}", remedy=_AGAIN)


def text_at(element: ET.Element, path: str) -> str:
    """The stripped text below a path of tags; ``""`` where there is none."""
    # Tag by tag: the parser walks a whole path in Python, a single tag in C.
    for tag in path.split("/"):
        found = element.find(tag)
        if found is None:
            return ""
        element = found
    return (element.text or "").strip()


@cache
def well_names(size: int) -> dict[str, str]:
    """The numbers of the wells of a block, as text, row by row from 0 -> ``A1`` and so on."""
    n_columns = PLATES[size][1]
    return {str(i): f"{ROWS[i // n_columns]}{i % n_columns + 1}" for i in range(size)}


def cycles_of_stages(source: Source, member: str) -> list[int]:
    """Cycles of each cycling stage that collects data."""
    stages = []
    for stage in xml_root(source, member).findall("TCStage"):
        collects = any(text_at(step, "CollectionFlag") == "1" for step in stage.findall("TCStep"))
        if text_at(stage, "StageFlag") == "CYCLING" and collects:
            cycles = text_at(stage, "NumOfRepetitions")
            if not (cycles.isascii() and cycles.isdecimal() and len(cycles) < 4 and int(cycles)):
                refuse_member(source, member, "a number of cycles (NumOfRepetitions)", cycles)
            stages.append(int(cycles))
    return stages


def experiment(source: Source, member: str) -> tuple[dict[str, str], str]:
    """Instrument, software and run date for an Export, and the state of the run.

    The date is that of ``RunEndTime`` (milliseconds since 1970), in UTC.
    """
    root = xml_root(source, member)
    values = [
        v for part in root.findall("ExperimentProperty") for v in part.findall("PropertyValue")
    ]
    said = {
        str(value.get("key")): text_at(value, "String")
        for value in values
        if value.get("key") in ("instrumentType", "softwareVersion")
    }
    printed = {
        "instrument": said.get("instrumentType") or text_at(root, "InstrumentTypeId"),
        "software": said.get("softwareVersion", ""),
        "run_date": iso_date(text_at(root, "RunEndTime")),
    }
    return printed, text_at(root, "RunState")


def software(source: Source, member: str) -> str:
    """Title and version of the software, as ``Manifest.mf`` has them."""
    lines = source.archive.read(member).decode("utf-8", "replace").splitlines()
    said = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)}
    parts = said.get("Implementation-Title", ""), said.get("Implementation-Version", "")
    return " ".join(part for part in parts if part)


def iso_date(milliseconds: str) -> str:
    """The time in UTC as ``2024-05-06T12:00:00+00:00``; ``""`` for 0 and for what is no time."""
    if not (milliseconds.isascii() and milliseconds.isdecimal() and len(milliseconds) < 15):
        return ""
    seconds = int(milliseconds) // 1000
    return datetime.fromtimestamp(seconds, UTC).isoformat() if seconds else ""


def other_members(names: Iterable[str], read: Iterable[str]) -> list[str]:
    """A note on the members that are not read: by name, or as the number in a folder."""
    taken = set(read)
    unread = sorted(name for name in names if name not in taken and not name.endswith("/"))
    folders = Counter(name.rpartition("/")[0] for name in unread)
    said = [name for name in unread if folders[name.rpartition("/")[0]] == 1]
    said += [
        f"{count} in {folder or 'the archive itself'}"
        for folder, count in folders.items()
        if count > 1
    ]
    return [f"members not read: {', '.join(said)}"] if said else []
