"""JSON members of a run file: values that are asked for with the type they must have."""

from __future__ import annotations

import json
import math
from typing import Any, NoReturn

from mrdq.errors import Problem, refuse
from mrdq.instruments.source import Source

Node = dict[str, Any]

LIMIT, NODES = 10_000_000, 400_000
"""Bytes of a document that is parsed, and its lists and objects; they take ten times as much memory."""

_AGAIN = (
    "Analyse the run again in the instrument's software and save it, or export the results as text."
)


class JsonMember:
    """A JSON document; ``root`` is its object.

    Every method raises :class:`MrdqError` where a value is not of its type, naming ``place``.
    ``NaN``, which is no JSON, is read as nan, for instruments write it.
    """

    def __init__(self, source: Source, member: str):
        self.file = source.name
        self.member = member
        data = source.archive.read(member)
        if len(data) > LIMIT:
            self.refuse(f"at most {LIMIT // 1_000_000} MB of JSON", f"{len(data)} bytes")
        if (nodes := data.count(b"{") + data.count(b"[")) > NODES:
            self.refuse(f"at most {NODES} lists and objects", str(nodes))
        try:
            root = json.loads(data, object_pairs_hook=_once)
        except (ValueError, RecursionError) as error:
            self.refuse("JSON", str(error)[:80])
        if not isinstance(root, dict):
            self.refuse("a JSON object", type(root).__name__)
        self.root: Node = root

    def refuse(self, expected: str, found: str, place: str = "") -> NoReturn:
        """Refuse the document because of one value."""
        problem = self.problem(expected, found, place)
        refuse(self.file, expected, found, column=problem.column, remedy=_AGAIN)

    def problem(self, expected: str, found: str, place: str) -> Problem:
        """One thing that is wrong, to be told with others."""
        column = f"member {self.member}{', ' + place if place else ''}"
        return Problem(self.file, expected, found, column=column, remedy=_AGAIN)

    def text(self, node: Node, key: str, place: str) -> str:
        """The stripped text under a key; ``""`` where it is missing or null."""
        value = node.get(key)
        if value is None:
            return ""
        if not isinstance(value, str) or any("\ud800" <= sign <= "\udfff" for sign in value):
            self.refuse(f"{key}: a text", ascii(value)[:80], place)
        return value.strip()

    def name(self, node: Node, key: str, place: str) -> str:
        """The text under a key that must be there."""
        name = self.text(node, key, place)
        if not name:
            self.refuse(f"{key}: a name", "", place)
        return name

    def number(self, node: Node, key: str, place: str, *, default: float | None = None) -> float:
        """The number under a key, nan included; ``default`` where the key is missing or null."""
        value = node.get(key)
        if value is None and default is not None:
            return default
        if isinstance(value, bool) or not isinstance(value, int | float):
            self.refuse(f"{key}: a number", str(value)[:80], place)
        try:
            return float(value)
        except OverflowError:
            return math.inf

    def truth(self, node: Node, key: str, place: str) -> bool:
        """True or false under a key that must be there."""
        value = node.get(key)
        if not isinstance(value, bool):
            self.refuse(f"{key}: true or false", str(value)[:80], place)
        return value

    def list_of(self, node: Node, key: str, place: str) -> list[Any]:
        """The list under a key; empty where it is missing or null."""
        value = node.get(key)
        if value is not None and not isinstance(value, list):
            self.refuse(f"{key}: a list", str(value)[:80], place)
        return value or []

    def nodes(self, node: Node, key: str, place: str) -> list[Node]:
        """The objects of a list; empty where it is missing or null."""
        listed = self.list_of(node, key, place)
        if not all(isinstance(item, dict) for item in listed):
            self.refuse(f"{key}: a list of objects", "something else", place)
        return listed


def _once(pairs: list[tuple[str, Any]]) -> Node:
    """An object whose keys are there once: of two, JSON readers take the last without a word."""
    node = dict(pairs)
    if len(node) < len(pairs):
        raise ValueError("a key that is there twice in one object")
    return node
