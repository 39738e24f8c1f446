"""The reactions of RDML runs as their rows need them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from xml.etree.ElementTree import Element

from mrdq.instruments.cells import number


class Measured(NamedTuple):
    """The data of a reaction for one target.

    ``said`` are elements as stripped text, by name (``cq``, ``excl``, ``note`` and others);
    ``several`` the names of those that may be there once and are there more often.
    """

    target: str
    said: Mapping[str, str]
    several: Sequence[str] = ()


class Reaction(NamedTuple):
    """A reaction, with the ids of its well and of its sample as they are written."""

    id: str
    sample: str
    data: list[Measured]
    partitions: bool = False


@dataclass(slots=True)
class Reactions:
    """All reactions of a run; ``cycles`` is the highest cycle of any curve, 0 without curves."""

    listed: list[Reaction]
    cycles: float = 0.0


def of_elements(run: Element) -> Reactions:
    """The reactions of a run that was parsed as XML."""
    return Reactions([_reaction(react) for react in run.findall("react")], _cycles(run))


def reference(element: Element | None) -> str:
    """The id that an element refers to; ``""`` where there is none."""
    return element.get("id", "") if element is not None else ""


def _reaction(react: Element) -> Reaction:
    data = [_measured(element) for element in react.findall("data")]
    partitions = react.find("partitions") is not None
    return Reaction(react.get("id", ""), reference(react.find("sample")), data, partitions)


def _measured(data: Element) -> Measured:
    said = {element.tag: (element.text or "").strip() for element in data}
    several: list[str] = [
        name
        for name in ("tar", "cq", "excl")
        if name in said and len(data) > len(said) and len(data.findall(name)) > 1
    ]
    several += [element.tag for element in data if element.tag == "cq" and len(element)]
    return Measured(reference(data.find("tar")), said, several)


def _cycles(run: Element) -> float:
    """The highest cycle of any curve, or the number of its points where it counts from 0."""
    highest = 0.0
    for data in (data for react in run.findall("react") for data in react.findall("data")):
        points = data.findall("adp")
        cycles = [
            _number_or_0((cyc.text or "").strip()) for adp in points for cyc in adp.findall("cyc")
        ]
        highest = max([highest, float(len(points)), *cycles])
    return highest


def _number_or_0(text: str) -> float:
    try:
        return number(text, ".")
    except ValueError:
        return 0.0
