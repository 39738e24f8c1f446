"""Ids of RDML samples and targets: readable, unique, and safe in XML."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from mrdq import vocabulary as words

_UNSAFE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

_ALIKE_IN_NOTHING = ("", words.EMPTY)
"""Roles of wells of which nobody said that they hold the same."""


@dataclass(frozen=True, slots=True)
class Content:
    """What a well holds for one target; nan where there is no dose."""

    role: str
    sample_id: str
    dilution: float
    quantity_ng: float

    @property
    def key(self) -> tuple[str, ...]:
        """For comparing: two doses of nan are the same."""
        return (self.role, self.sample_id, repr(self.dilution), repr(self.quantity_ng))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Content) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)

    @property
    def label(self) -> str:
        """What a person would call it: the sample, or the role and its dose."""
        if self.sample_id:
            return self.sample_id
        if self.role == words.STANDARD and not math.isnan(self.dilution):
            return f"{self.role} {self.dilution:g}"
        if self.role == words.STANDARD and not math.isnan(self.quantity_ng):
            return f"{self.role} {self.quantity_ng:g} ng"
        return self.role


@dataclass(frozen=True, slots=True)
class Sample:
    """An RDML sample: all wells of the same material, target by target."""

    identity: str
    content: dict[str, Content] = field(default_factory=dict)


def samples_of(
    wells: Mapping[str, Mapping[str, Content]],
) -> tuple[list[Sample], dict[str, str]]:
    """The samples of a plate, and well -> id of its sample.

    Wells share a sample if they have the same label and do not contradict each other for any
    target: RDML's tools relate targets by the sample's id, and average what shares one.  A well
    that nothing uses, or that is empty, is therefore a sample of its own.
    """
    labelled: defaultdict[str, list[Sample]] = defaultdict(list)
    sample_of, taken = {}, set[str]()
    for well, content in wells.items():
        label = _label(well, content.values())
        sample = next((known for known in labelled[label] if _agree(known.content, content)), None)
        if sample is None:
            sample = Sample(_free(cleaned(label), taken))
            labelled[label].append(sample)
        sample.content.update(content)
        sample_of[well] = sample.identity
    return [sample for samples in labelled.values() for sample in samples], sample_of


def unique(names: Iterable[str], *, empty: str) -> dict[str, str]:
    """Name -> its id: the name itself where it is one, else one that is not taken."""
    kept = list(names)
    taken = {name for name in kept if name and name == cleaned(name)}
    return {
        name: name if name in taken and name else _free(cleaned(name) or empty, taken)
        for name in kept
    }


def cleaned(text: str) -> str:
    """The text with every character that XML cannot hold made U+FFFD."""
    return _UNSAFE.sub("\ufffd", text)


def _label(well: str, content: Iterable[Content]) -> str:
    used = [held for held in content if held.role not in _ALIKE_IN_NOTHING]
    if not used:
        return f"no sample, well {well}"
    return max(used, key=lambda held: (bool(held.sample_id), held.role == words.STANDARD)).label


def _agree(one: Mapping[str, Content], other: Mapping[str, Content]) -> bool:
    return all(one[target] == other[target] for target in one.keys() & other.keys())


def _free(name: str, taken: set[str]) -> str:
    number, free = 1, name
    while free in taken:
        number += 1
        free = f"{name} ({number})"
    taken.add(free)
    return free
