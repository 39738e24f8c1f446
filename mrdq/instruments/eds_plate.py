"""The plate setup of an ``.eds`` run file: block, samples, detectors, omitted wells, flags."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import dataclass

from mrdq.instruments import words
from mrdq.instruments.cells import PLATES
from mrdq.instruments.eds_setup import refuse_member, text_at, well_names, xml_root
from mrdq.instruments.source import Source


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


def read_plate(source: Source, member: str) -> Plate:
    """The plate setup; raises :class:`MrdqError` where a well or block is none."""
    root = xml_root(source, member)
    shape = text_at(root, "Rows"), text_at(root, "Columns")
    sizes = {(str(rows), str(columns)): size for size, (rows, columns) in PLATES.items()}
    if shape not in sizes:
        refuse_member(
            source,
            member,
            f"a block of {', '.join(map(str, PLATES))} wells",
            " rows, ".join(shape) + " columns",
        )
    plate = Plate(sizes[shape], {}, {}, {}, {}, [])
    for features in root.findall("FeatureMap"):
        _read_features(source, member, features, plate)
    for wells in root.findall("Wells"):
        _read_wells(source, member, wells, plate)
    return plate


def _values(parent: ET.Element, name: str) -> list[tuple[str, ET.Element]]:
    """Well as written, and the element that says something of it."""
    return [((value.findtext("Index") or "").strip(), value) for value in parent.findall(name)]


def _read_wells(source: Source, member: str, wells: ET.Element, plate: Plate) -> None:
    """Which wells were omitted, and the flags of all."""
    known: dict[ET.Element, tuple[str, list[str]]] = {}
    for well, element in _values(wells, "Well"):
        index = _index(source, member, well, plate)
        if element not in known:
            flags = [mark.text or "" for mark in element.findall("FlagName")]
            known[element] = text_at(element, "IsOmit"), flags
        omitted, marks = known[element]
        said = words.truth(omitted or "?")
        if said is None or index in plate.omitted:
            expected = "IsOmit true or false, once for each well"
            refuse_member(source, member, expected, omitted)
        plate.omitted[index] = said
        if marks:
            plate.marks[index] = marks


def _read_features(source: Source, member: str, features: ET.Element, plate: Plate) -> None:
    """The samples, or the detectors, of all wells."""
    feature = text_at(features, "Feature/Id")
    values = _values(features, "FeatureValue")
    if values and feature not in ("sample", "detector-task"):
        plate.unread.append(feature)
        return
    known: dict[ET.Element, str | list[tuple[str, Reaction]]] = {}
    for well, value in values:
        index = _index(source, member, well, plate)
        if value not in known:
            is_sample = feature == "sample"
            known[value] = (
                text_at(value, "FeatureItem/Sample/Name") if is_sample else _reactions(value)
            )
        said = known[value]
        if isinstance(said, str):
            if plate.sample.setdefault(index, said) != said:
                refuse_member(source, member, f"one sample in well {index}", said)
            continue
        for name, reaction in said:
            if plate.reactions.setdefault((index, name), reaction) != reaction:
                refuse_member(source, member, f"detector {name} once in well {index}", "several")


def _reactions(value: ET.Element) -> list[tuple[str, Reaction]]:
    items = value.findall("FeatureItem")
    lists = [listed for item in items for listed in item.findall("DetectorTaskList")]
    return [
        (
            text_at(assigned, "Detector/Name"),
            Reaction(
                text_at(assigned, "Task"),
                text_at(assigned, "Concentration"),
                text_at(assigned, "Detector/Reporter"),
            ),
        )
        for listed in lists
        for assigned in listed.findall("DetectorTask")
    ]


def _index(source: Source, member: str, text: str, plate: Plate) -> int:
    if text not in well_names(plate.size):
        refuse_member(source, member, f"a well from 0 to {plate.size - 1}", text)
    return int(text)
