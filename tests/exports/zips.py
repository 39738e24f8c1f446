"""Zip archives made by hand: the same bytes each time, and with every lie that one can tell."""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from io import BytesIO

LOCAL, DIRECTORY, END = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"
ENCRYPTED = 1


@dataclass(frozen=True)
class Member:
    """A member as its headers describe it; ``packed`` is its deflated content."""

    name: str
    packed: bytes
    size: int
    crc: int
    flags: int = 0

    @classmethod
    def of(cls, name: str, content: bytes, *, flags: int = 0) -> Member:
        packer = zlib.compressobj(6, zlib.DEFLATED, -15)
        packed = packer.compress(content) + packer.flush()
        return cls(name, packed, len(content), zlib.crc32(content), flags)

    def described(self) -> bytes:
        """What both headers say of it, from the version needed to the length of extra fields."""
        named = self.name.encode()
        sizes = (self.crc, len(self.packed), self.size, len(named), 0)
        return struct.pack("<HHHHHLLLHH", 20, self.flags, 8, 0, 0x21, *sizes)


def archive(members: Iterable[Member]) -> bytes:
    """The archive of these members, in their order, as many of one name as there are."""
    body, directory, count = b"", b"", 0
    for member in members:
        named, described = member.name.encode(), member.described()
        directory += DIRECTORY + struct.pack("<H", 20) + described
        directory += struct.pack("<HHHLL", 0, 0, 0, 0, len(body)) + named
        body += LOCAL + described + named + member.packed
        count += 1
    end = struct.pack("<HHHHLLH", 0, 0, count, count, len(directory), len(body), 0)
    return body + directory + END + end


def zipped(members: Mapping[str, bytes | str]) -> bytes:
    """An honest archive."""
    return archive(
        Member.of(name, content.encode() if isinstance(content, str) else content)
        for name, content in members.items()
    )


def members_of(data: bytes) -> dict[str, bytes]:
    """Name -> content of an archive's members."""
    with zipfile.ZipFile(BytesIO(data)) as opened:
        return {name: opened.read(name) for name in opened.namelist()}
