"""Vendors' words, and what they mean to us: ``resources/instruments/aliases.yaml``."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache, lru_cache
from typing import Any

import yaml

from mrdq import resources

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_REPLICATE = re.compile(r"[- ]\d+$", re.ASCII)


@cache
def _aliases() -> dict[str, Any]:
    content: dict[str, Any] = yaml.load(
        resources.path("instruments/aliases.yaml").read_bytes(),
        Loader=_Loader,
    )
    return content


@lru_cache(maxsize=8192)
def plain(word: str) -> str:
    """A header or word for comparison: case, white space and the Cyrillic т do not count."""
    return " ".join(word.replace("\u0442", "t").replace("\u0422", "T").casefold().split())


@lru_cache(maxsize=4096)
def role_of_task(task: str) -> str | None:
    """Our role of a vendor's task word, or None: no word is guessed.

    ``Std-01``, ``Unkn-3`` and ``NTC-2`` carry a replicate number, which does not count.
    """
    word = _REPLICATE.sub("", plain(task))
    return next((role for role, words in _aliases()["roles"].items() if word in words), None)


@cache
def undetermined(family: str) -> frozenset[str]:
    """The words, made plain, by which a family's Cq cells say that there was no signal."""
    return frozenset(map(plain, _aliases()["undetermined"][family]))


def undetermined_as_listed(family: str) -> list[str]:
    """The same words as the resource has them, for messages."""
    listed: list[str] = _aliases()["undetermined"][family]
    return listed


@cache
def undetermined_as_written(family: str) -> frozenset[str]:
    """The usual spellings of :func:`undetermined`, to be found without making cells plain."""
    words = _aliases()["undetermined"][family]
    return frozenset(spelling for word in words for spelling in (word, word.upper(), word.lower()))


@cache
def columns(family: str) -> dict[str, tuple[str, ...]]:
    """Our column -> the headers, made plain, that a family of exports has for it."""
    return {column: tuple(map(plain, spelled)) for column, spelled in headers(family).items()}


def headers(family: str) -> dict[str, list[str]]:
    """Our column -> the headers of a family of exports as they are written, for messages."""
    named: dict[str, list[str]] = _aliases()["columns"][family]
    return named


@cache
def quality_columns() -> dict[str, str]:
    """Header, made plain, of a column that holds a number of quality -> the name of its flag."""
    return {plain(header): flag for header, flag in _aliases()["quality_columns"].items()}


@cache
def unremarkable(flag: str) -> frozenset[str]:
    """The words, made plain, of a quality column that say nothing worth a flag."""
    return frozenset(map(plain, _aliases()["unremarkable"].get(flag, ())))


@cache
def call_states(family: str) -> dict[str, str]:
    """A family's word for its call of a well, made plain -> state, or ``open``: the Cq cell decides."""
    return {plain(word): state for state, said in _calls(family).items() for word in said}


def calls(family: str) -> list[str]:
    """A family's words for its calls as they are written, for messages."""
    return [word for said in _calls(family).values() for word in said]


def _calls(family: str) -> dict[str, list[str]]:
    states: dict[str, list[str]] = _aliases()["calls"].get(family, {})
    return states


@cache
def listed(name: str) -> frozenset[str]:
    """A list of words of the resource, made plain."""
    return frozenset(map(plain, _aliases()[name]))


def instruments_own_sheet(sheets: Sequence[str]) -> str:
    """The first of the sheets that only an instrument's own workbook has; ``""`` if none is."""
    return next((name for name in sheets if plain(name) in listed("instrument_sheets")), "")


@cache
def in_order(name: str) -> tuple[str, ...]:
    """A list of words of the resource, made plain, the one to prefer first."""
    return tuple(map(plain, _aliases()[name]))


@cache
def exactly(name: str) -> frozenset[str]:
    """A list of words of the resource, as they stand there."""
    return frozenset(_aliases()[name])


@cache
def listed_as_written(name: str) -> frozenset[str]:
    """A list of words of the resource, also in capitals and in small letters."""
    words: list[str] = _aliases()[name]
    return frozenset(spelling for word in words for spelling in (word, word.upper(), word.lower()))


@cache
def truth(word: str) -> bool | None:
    """What a word of an omit column says; None if it says nothing we know."""
    said = plain(word)
    return next(
        (state == "true" for state, words in _aliases()["omit"].items() if said in words), None
    )
