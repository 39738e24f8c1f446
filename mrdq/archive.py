"""Zip archives that run files and workbooks are: members are read when asked for, and checked.

An archive is input from anywhere.  It is refused as a whole where its directory is not what an
instrument writes: members outside of it, encrypted or twice there.  A member that is asked for is
refused if it has more than :data:`LIMIT` bytes.  Nothing is ever written to disk.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from typing import NoReturn

from mrdq.errors import refuse

LIMIT = 48_000_000
"""Bytes of a member that is read; the largest of the real files seen has a tenth of it."""

_END = b"PK\5\6"
_ZIP64 = 0xFFFF
MEMBERS = 10_000
DAMAGE = (
    *(zipfile.BadZipFile, zlib.error, EOFError, KeyError),
    *(ValueError, OSError, NotImplementedError, RuntimeError),
)
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
# The other methods are unpacked without regard to the size that is stated: 1 kB can be 2 GB.

_AGAIN = (
    "The file is damaged or cut off. Export the run again, or copy it again from the instrument."
)


class Archive:
    """A zip archive held in memory.

    Raises :class:`MrdqError` where it is damaged or not what an instrument writes.
    """

    def __init__(self, data: bytes, name: str, *, opened: zipfile.ZipFile | None = None):
        """``opened`` is the archive of the same bytes, where somebody has its directory already."""
        self.name = name
        try:
            self._zip = opened or zipfile.ZipFile(io.BytesIO(data))
            self._infos = {info.filename: info for info in self._zip.infolist()}
        except DAMAGE as error:
            self._damaged(str(error))
        self._check()
        # The library does not compare them, and one wrong byte can hide the last members.
        end = data.rfind(_END)
        said = int.from_bytes(data[end + 10 : end + 12], "little")
        if said not in (len(self._infos), _ZIP64):
            self._damaged(f"{len(self._infos)} of {said} members")

    @property
    def members(self) -> list[str]:
        """Names of the members, as stored."""
        return list(self._infos)

    def size(self, member: str) -> int:
        """Bytes of a member, as the archive says."""
        return self._infos[member].file_size

    def head(self, member: str, size: int) -> bytes:
        """The first bytes of a member, at most ``size``; its check sum is not verified."""
        return self._unpacked(member, min(size, self.size(member)))

    def read(self, member: str) -> bytes:
        """The bytes of a member; its check sum is verified."""
        # Without a bound it would unpack all there is, whatever the directory says.
        return self._unpacked(member, self.size(member) + 1)

    def _unpacked(self, member: str, size: int) -> bytes:
        info = self._infos[member]
        if info.file_size > LIMIT:
            refuse(
                self.name,
                f"a member of at most {LIMIT // 1_000_000} MB, as instruments write",
                f"{info.file_size // 1_000_000} MB",
                column=f"member {member}",
                remedy="The file is none that an instrument has written, or is damaged.",
            )
        if info.compress_type not in _METHODS:
            self._strange("a member that is packed in an unusual way", member)
        try:
            with self._zip.open(info) as stream:
                return stream.read(size)
        except DAMAGE as error:
            self._damaged(f"{member}: {error}")

    def _check(self) -> None:
        infos = self._zip.infolist()
        names = [info.filename for info in infos]
        # All names at once: run files have hundreds of members.  No name holds a NUL.
        joined = "\0".join(names).replace("\\", "/")
        if ".." in joined or ":" in joined or "\0/" in f"\0{joined}":
            for member in filter(_is_outside, names):
                self._strange("a member that lies outside of the archive", member)
        for info in infos:
            if info.flag_bits & 1:
                self._strange("a member that is encrypted", info.filename)
        if len(infos) > MEMBERS:
            self._strange(f"{len(infos)} members")
        if len(set(joined.casefold().split("\0"))) != len(infos) > 0:
            self._strange("several members of the same name")

    def _strange(self, found: str, member: str = "") -> NoReturn:
        refuse(
            self.name,
            "an archive as instruments and spreadsheet programs write it",
            found,
            column=f"member {member[:80]}" if member else "",
            remedy="Nothing of it was read. Export the run again from the instrument's software.",
        )

    def _damaged(self, found: str) -> NoReturn:
        refuse(self.name, "a whole archive", found[:120], remedy=_AGAIN)


def _is_outside(member: str) -> bool:
    parts = member.replace("\\", "/").split("/")
    return ".." in parts or not parts[0] or parts[0].endswith(":")
