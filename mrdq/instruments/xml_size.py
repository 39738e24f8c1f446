"""How much of an XML document is made into a tree: what a tree takes is told before it is built."""

from __future__ import annotations

TAGS, ATTRIBUTES = 700_000, 100_000
"""Of a tree; a 384-well plate in 4 dyes has 20,000 tags without its curves, 620,000 with them."""


def too_much(data: bytes) -> str:
    """What a document (UTF-8) has too much of, in words; ``""`` where it can be parsed.

    An element takes a hundred bytes of memory, and four hundred where it has an attribute.
    """
    for sign, limit, what in ((b"<", TAGS, "tags"), (b"=", ATTRIBUTES, "attributes")):
        if (count := data.count(sign)) > limit:
            return f"{count} {what}"
    return ""
