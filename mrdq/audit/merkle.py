"""Merkle tree hashes of RFC 6962, section 2.1."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable


def root(leaves: Iterable[bytes]) -> str:
    """The Merkle tree hash of a list of entries, in hexadecimal.

    A leaf is SHA-256(0x00 ‖ entry), a node SHA-256(0x01 ‖ left ‖ right), and a list of n entries
    is split at the largest power of two below n.  Pairing neighbours level by level, and lifting
    a last one that has none, gives the same tree.  No entries: SHA-256 of nothing.
    """
    level = [hashlib.sha256(b"\x00" + leaf).digest() for leaf in leaves]
    if not level:
        return hashlib.sha256(b"").hexdigest()
    while len(level) > 1:
        paired = [
            hashlib.sha256(b"\x01" + left + right).digest()
            for left, right in zip(level[::2], level[1::2], strict=False)
        ]
        level = paired + (level[-1:] if len(level) % 2 else [])
    return level[0].hex()
