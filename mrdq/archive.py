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

    def __init__(self, data: bytes, name: str):
        self.name = name
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(data))
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

    def read(self, member: str, *, limit: int = LIMIT) -> bytes:
        """The bytes of a member, ``limit`` at most; its check sum is verified."""
        info = self._infos[member]
        if info.file_size > limit:
            refuse(
                self.name,
                f"a member of at most {limit // 1_000_000} MB, as instruments write",
                f"{info.file_size // 1_000_000} MB",
                column=f"member {member}",
                remedy="The file is none that an instrument has written, or is damaged.",
            )
        if info.compress_type not in _METHODS:
            self._strange("a member that is packed in an unusual way", member)
        try:
            with self._zip.open(info) as stream:
                # Without a bound it would unpack all there is, whatever the directory says.
                return stream.read(info.file_size + 1)
        except DAMAGE as error:
            self._damaged(f"{member}: {error}")

    def _check(self) -> None:
        infos = self._zip.infolist()
        for member, wrong in ((info.filename, wrong) for info in infos if (wrong := _wrong(info))):
            self._strange(wrong, member)
        if len(infos) > MEMBERS:
            self._strange(f"{len(infos)} members")
        if len({info.filename.replace("\\", "/").casefold() for info in infos}) != len(infos):
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


def _wrong(info: zipfile.ZipInfo) -> str:
    parts = info.filename.replace("\\", "/").split("/")
    if ".." in parts or info.filename.startswith(("/", "\\")) or parts[0].endswith(":"):
        return "a member that lies outside of the archive"
    return "a member that is encrypted" if info.flag_bits & 1 else ""
