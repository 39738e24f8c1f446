"""What an RDML file calls its samples, targets and wells.

Samples are named by their id, or by their description where the id is a GUID, which nobody
wrote.  A LightCycler 96 target ``dye@gene`` is named by the gene, and by the dye where the gene is
a GUID.  Files that mrdq wrote carry our exact words in annotations (:data:`OWN`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from xml.etree.ElementTree import Element

from mrdq.instruments import cells
from mrdq.instruments.rdml_document import text_of

OWN = "mrdq "
"""What the property of an annotation starts with where mrdq wrote it: ``mrdq role of TARGET``."""

OWN_TARGET = "mrdq target"
NO_DYE = "not recorded"
"""The dye that mrdq writes: RDML wants one, and our tables have none."""
UNKNOWN = "unkn"
"""The type of a sample that states none (RDML 1.3, sampleType)."""

_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_BLOCK = re.compile(r"(?i:(\d+)[- ]well (plate|rotor)\b.*)", re.DOTALL)
_ROTOR = 72


@dataclass(frozen=True, slots=True)
class Sample:
    """A sample; ``types`` and ``quantities`` by target id, ``""`` being every target.

    ``quantities`` are value and unit as written; ``own`` what mrdq wrote, by property.
    """

    name: str
    types: Mapping[str, str]
    quantities: Mapping[str, tuple[str, str]]
    own: Mapping[str, str]

    def task_and_name(self, target: str) -> tuple[str, str]:
        """Task word and name for a target: ours where mrdq wrote the file."""
        own = self._own("role", target)
        if own is not None:
            return own, self._own("sample", target) or ""
        return self.types.get(target, self.types.get("", UNKNOWN)), self.name

    def quantity_for(self, target: str) -> tuple[str, str]:
        """Value and unit as written, ``""`` where there is none; our own numbers come first."""
        for unit in ("dilution", "ng"):
            if own := self._own(unit, target):
                return own, f"{OWN}{unit}"
        return self.quantities.get(target, self.quantities.get("", ("", "")))

    def _own(self, what: str, target: str) -> str | None:
        if not self.own:
            return None
        return self.own.get(f"{OWN}{what} of {target}", self.own.get(f"{OWN}{what}"))


NO_SAMPLE = Sample("", {"": ""}, {}, {})
"""What a reaction holds that names no sample: it has no task either."""


@dataclass(frozen=True, slots=True)
class Target:
    """A target and the dye that reports it."""

    name: str
    channel: str


@dataclass(frozen=True, slots=True)
class Names:
    """Samples and targets by id, and what is declared twice in different words."""

    samples: dict[str, Sample] = field(default_factory=dict)
    targets: dict[str, Target] = field(default_factory=dict)
    twice: list[str] = field(default_factory=list)


def read_names(root: Element, *, lightcycler96: bool) -> Names:
    """The samples and targets that a document declares."""
    names = Names()
    for element in root.findall("sample"):
        _once(names, "sample", element, names.samples)
        names.samples[element.get("id", "")] = _sample(element, names)
    for element in root.findall("target"):
        _once(names, "target", element, names.targets)
        names.targets[element.get("id", "")] = _target(element)
    if lightcycler96:
        _genes(names.targets)
    return names


def is_guid(text: str) -> bool:
    """Whether an id is one that only a program can have given."""
    return bool(_GUID.fullmatch(text))


def _once(names: Names, kind: str, element: Element, known: Mapping[str, object]) -> None:
    if element.get("id", "") in known:
        names.twice.append(f"{kind} {element.get('id', '')}")


def _sample(element: Element, names: Names) -> Sample:
    identity = element.get("id", "")
    types: dict[str, str] = {}
    quantities: dict[str, tuple[str, str]] = {}
    for stated in element.findall("type"):
        _put(types, stated, text_of(stated), f"type of sample {identity}", names)
    for stated in element.findall("quantity"):
        value = (text_of(stated, "value"), text_of(stated, "unit"))
        _put(quantities, stated, value, f"quantity of sample {identity}", names)
    own = {
        name: text_of(annotation, "value")
        for annotation in element.findall("annotation")
        if (name := text_of(annotation, "property")).startswith(OWN)
    }
    name = text_of(element, "description") if is_guid(identity) else identity.strip()
    return Sample(name, types, quantities, own)


def _put(known: dict[str, Any], stated: Element, value: object, what: str, names: Names) -> None:
    if known.setdefault(stated.get("targetId", ""), value) != value:
        names.twice.append(what)


def _target(element: Element) -> Target:
    dye = element.find("dyeId")
    channel = "" if dye is None else dye.get("id") or text_of(dye)
    if channel == NO_DYE:
        channel = ""
    own = [xref for xref in element.findall("xRef") if text_of(xref, "name") == OWN_TARGET]
    name = text_of(own[0], "id") if own else element.get("id", "").strip()
    return Target(name, channel.strip())


def _genes(targets: dict[str, Target]) -> None:
    """Shorten ``dye@gene``, unless two targets would get the same name."""
    short = {}
    for identity in targets:
        dye, _, gene = identity.partition("@")
        short[identity] = dye if is_guid(gene) else gene or identity
    if len(set(short.values())) == len(short):
        targets.update({key: Target(short[key], old.channel) for key, old in targets.items()})


def wells_of(pcr_format: Element | None) -> Mapping[str, str]:
    """Reaction id -> well of a run; empty where the format has no wells that mrdq knows.

    ``pcrFormat`` is rows and columns since 1.1 and ids count row by row; in 1.0 it is
    ``96-well plate; A1-H12`` or ``free format`` and ids are wells.  A free format (-1 rows) has
    wells only where its ids are spelled as wells.
    """
    if pcr_format is None:
        return {}
    if pcr_format.find("rows") is None:
        return _wells_of_words(text_of(pcr_format))
    said = [text_of(pcr_format, name) for name in ("rows", "columns", "rowLabel", "columnLabel")]
    if said[0] == "-1":
        return cells.well_names(384)
    rows, columns = (
        int(number) if re.fullmatch(r"[0-9]{1,3}", number) else 0 for number in said[:2]
    )
    if (rows, columns) == (_ROTOR, 1):
        return cells.rotor_names()
    usual = 0 < rows <= 16 and 1 < columns <= 24
    known = usual or (rows, columns) == cells.PLATES[cells.LARGEST]
    return _plate(rows, columns) if known and said[2:] == ["ABC", "123"] else {}


def _wells_of_words(said: str) -> Mapping[str, str]:
    match = _BLOCK.fullmatch(said)
    size = int(match[1]) if match else 0
    if match and match[2].lower() == "rotor":
        return cells.rotor_names() if size == _ROTOR else {}
    if said == "free format":
        return cells.well_names(384)
    return cells.well_names(size) if size in cells.PLATES else {}


@cache
def _plate(rows: int, columns: int) -> Mapping[str, str]:
    names = [f"{row}{column}" for row in cells.ROWS[:rows] for column in range(1, columns + 1)]
    return {str(number): name for number, name in enumerate(names, 1)} | {n: n for n in names}
