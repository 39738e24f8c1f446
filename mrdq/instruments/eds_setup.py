"""What an ``.eds`` run file says beside its results: plate, cycles, instrument.

The XML members of ``apldbio/sds`` are ``plate_setup.xml`` (block, samples, detectors with task and
concentration, omitted wells), ``tcprotocol.xml`` (stages of the run) and ``experiment.xml``.
Member names are compared without regard to case, and some versions write ``\\`` for ``/``.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import NoReturn

from mrdq.errors import refuse
from mrdq.instruments import words
from mrdq.instruments.cells import PLATES, ROWS
from mrdq.instruments.source import Source

FOLDER = "apldbio/sds/"
PLATE, PROTOCOL, EXPERIMENT = (
    f"{FOLDER}{name}.xml" for name in ("plate_setup", "tcprotocol", "experiment")
)
MANIFEST = f"{FOLDER}manifest.mf"
XML_LIMIT = 8_000_000
"""Bytes of an XML member that is parsed: twenty times what a full 384-well plate takes."""

_END_OF_ZIP, _MORE_THAN_16_BITS = b"PK\5\6", 0xFFFF
_AGAIN = "Open the run in the instrument's software, save it again, or export the results as text."


@dataclass(frozen=True, slots=True)
class Reaction:
    """One detector of one well, as the plate setup has it.

    ``task`` is the vendor's word; ``concentration`` is the cell of a standard's quantity.
    """

    task: str
    concentration: str
    reporter: str


@dataclass(frozen=True, slots=True)
class Plate:
    """The plate setup; wells are counted from 0, row by row.

    Parameters
    ----------
    size: wells of the block.
    sample: well -> name.
    reactions: well and detector -> its :class:`Reaction`.
    omitted: well -> whether the instrument's user left it out, for every well that is listed.
    marks: well -> the flags that the software has raised, ``HSD-IGH`` for one detector only.
    unread: features of the setup that hold something and are not read.
    """

    size: int
    sample: dict[int, str]
    reactions: dict[tuple[int, str], Reaction]
    omitted: dict[int, bool]
    marks: dict[int, list[str]]
    unread: list[str]


def members(source: Source) -> dict[str, str]:
    """Plain name -> name as stored.

    Raises :class:`MrdqError` where two are the same member, or where the archive says that it has
    others: a damaged directory may hide the plate setup, and with it the omitted wells.
    """
    stored = source.archive.members
    end = source.data.rfind(_END_OF_ZIP)
    said = int.from_bytes(source.data[end + 10 : end + 12], "little")
    if said not in (len(stored), _MORE_THAN_16_BITS):
        refuse(source.name, f"{said} members, as the archive says", str(len(stored)), remedy=_AGAIN)
    plain = {name.replace("\\", "/").lower(): name for name in stored}
    if len(plain) != len(stored):
        seen = Counter(name.replace("\\", "/").lower() for name in stored)
        twice = next(name for name, count in seen.items() if count > 1)
        refuse(source.name, "one member of each name", column=f"member {twice}", remedy=_AGAIN)
    return plain


def xml_root(source: Source, member: str) -> ET.Element:
    """The document of a member.

    Raises :class:`MrdqError` where it is damaged, too large, or defines a type or an entity:
    entities can be made to swell, and no instrument writes any.
    """
    data = source.archive.read(member)
    if len(data) > XML_LIMIT:
        _refuse(source, member, f"at most {XML_LIMIT // 1_000_000} MB", f"{len(data)} bytes")
    if b"<!DOCTYPE" in data or b"<!ENTITY" in data or b"\0" in data:
        _refuse(source, member, "XML in UTF-8 without document type and entities", "one of these")
    try:
        return ET.fromstring(data)
    except (ET.ParseError, ValueError, LookupError) as error:
        _refuse(source, member, "XML", str(error)[:80])


def _refuse(source: Source, member: str, expected: str, found: str) -> NoReturn:
    refuse(source.name, expected, found, column=f"member {member}", remedy=_AGAIN)


def read_plate(source: Source, member: str) -> Plate:
    """The plate setup; raises :class:`MrdqError` where a well or block is none."""
    root = xml_root(source, member)
    shape = _text(root, "Rows"), _text(root, "Columns")
    sizes = {(str(rows), str(columns)): size for size, (rows, columns) in PLATES.items()}
    if shape not in sizes:
        _refuse(
            source,
            member,
            f"a block of {', '.join(map(str, PLATES))} wells",
            " rows, ".join(shape) + " columns",
        )
    plate = Plate(sizes[shape], {}, {}, {}, {}, [])
    for features in root.findall("FeatureMap"):
        _read_features(source, member, features, plate)
    for well in (well for wells in root.findall("Wells") for well in wells.findall("Well")):
        index = _index(source, member, well, plate)
        said = words.truth(_text(well, "IsOmit") or "?")
        if said is None or index in plate.omitted:
            expected = "IsOmit true or false, once for each well"
            _refuse(source, member, expected, _text(well, "IsOmit"))
        plate.omitted[index] = said
        marks = well.findall("FlagName")
        if marks:
            plate.marks[index] = [mark.text or "" for mark in marks]
    return plate


def _read_features(source: Source, member: str, features: ET.Element, plate: Plate) -> None:
    feature = _text(features, "Feature/Id")
    values = features.findall("FeatureValue")
    if values and feature not in ("sample", "detector-task"):
        plate.unread.append(feature)
        return
    for value in values:
        index = _index(source, member, value, plate)
        if feature == "sample":
            name = _text(value, "FeatureItem/Sample/Name")
            if plate.sample.setdefault(index, name) != name:
                _refuse(source, member, f"one sample in well {index}", name)
            continue
        for assigned in _detectors(value):
            key = index, _text(assigned, "Detector/Name")
            reaction = Reaction(
                _text(assigned, "Task"),
                _text(assigned, "Concentration"),
                _text(assigned, "Detector/Reporter"),
            )
            if plate.reactions.setdefault(key, reaction) != reaction:
                _refuse(source, member, f"detector {key[1]} once in well {index}", "several")


def _detectors(value: ET.Element) -> list[ET.Element]:
    items = value.findall("FeatureItem")
    lists = [listed for item in items for listed in item.findall("DetectorTaskList")]
    return [assigned for listed in lists for assigned in listed.findall("DetectorTask")]


def _index(source: Source, member: str, element: ET.Element, plate: Plate) -> int:
    text = _text(element, "Index")
    if text not in well_names(plate.size):
        _refuse(source, member, f"a well from 0 to {plate.size - 1}", text)
    return int(text)


def _text(element: ET.Element, path: str) -> str:
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
        collects = any(_text(step, "CollectionFlag") == "1" for step in stage.findall("TCStep"))
        if _text(stage, "StageFlag") == "CYCLING" and collects:
            cycles = _text(stage, "NumOfRepetitions")
            if not (cycles.isascii() and cycles.isdecimal() and len(cycles) < 4 and int(cycles)):
                _refuse(source, member, "a number of cycles (NumOfRepetitions)", cycles)
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
        str(value.get("key")): _text(value, "String")
        for value in values
        if value.get("key") in ("instrumentType", "softwareVersion")
    }
    printed = {
        "instrument": said.get("instrumentType") or _text(root, "InstrumentTypeId"),
        "software": said.get("softwareVersion", ""),
        "run_date": iso_date(_text(root, "RunEndTime")),
    }
    return printed, _text(root, "RunState")


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
