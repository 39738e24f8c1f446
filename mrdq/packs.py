"""Packs: values kept under the hash of what they were made from, many of them in one file.

A pack never changes: a job writes what it made as one new file, whole and named by its content.
Any number of jobs on any machines may therefore write and read at once without a lock, and a value
costs no file of its own.  Nothing of a pack is believed that its check sums do not bear out.

A pack is: :data:`_START`, the entries (SHA-256 of key and value, value), the directory (key, offset
and length of each entry), its number of entries and its SHA-256.
"""

from __future__ import annotations

import hashlib
import os
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from mrdq import storage

_START = b"mrdq pack 1\n"
_ENTRY = struct.Struct("<32sQQ")
_END = struct.Struct("<Q32s")
_LARGE = 32_000_000  # bytes of one pack, and of what waits in memory to be packed
_CHECK = 32

Entry = tuple[bytes, bytes]
"""A key (32 bytes) and its value."""


@dataclass(frozen=True, slots=True)
class _Place:
    pack: Path
    offset: int
    length: int


@dataclass(slots=True)
class Packs:
    """The packs of a folder, as they are when they are first asked; a folder need not exist."""

    folder: Path
    _found: dict[bytes, _Place] | None = field(default=None, repr=False)

    def load(self) -> None:
        """Look what there is; else the first question does."""
        self._places()

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._places())

    def get(self, key: bytes) -> bytes | None:
        """The value of a key; None if there is none, or none that is whole."""
        place = self._places().get(key)
        if place is None:
            return None
        try:
            with place.pack.open("rb", buffering=0) as file:
                file.seek(place.offset)
                entry = file.read(place.length)
        except OSError:  # another process may have merged it
            return None
        value = entry[_CHECK:]
        return value if entry[:_CHECK] == _check(key, value) else None

    def _places(self) -> dict[bytes, _Place]:
        if self._found is None:
            self._found = {}
            for pack in sorted(self.folder.glob("*.pack")):
                self._found.update(_directory(pack))
        return self._found


@dataclass(slots=True)
class Packer:
    """Gathers entries and writes them to a folder as packs; :meth:`close` writes the last one."""

    folder: Path
    written: list[Path] = field(default_factory=list)
    _waiting: dict[bytes, bytes] = field(default_factory=dict)
    _size: int = 0

    def add(self, entries: Iterable[Entry]) -> None:
        for key, value in entries:
            self._waiting[key] = value
            self._size += len(value)
            if self._size > _LARGE:
                self.close()

    def close(self) -> None:
        """Write what waits.  Raises :class:`MrdqError` where the folder cannot be written."""
        if self.folder.is_dir():
            storage.remove_leftovers(self.folder)
        if self._waiting:
            self.written.append(_write(self.folder, self._waiting))
        self._waiting, self._size = {}, 0


def prune(folder: Path, wanted: set[bytes]) -> int:
    """Put the entries of ``wanted`` into as few packs as possible and drop the others; the number
    dropped.  Who reads meanwhile finds an entry or makes it again; what others write meanwhile stays.
    """
    before = sorted(folder.glob("*.pack"))
    packs = Packs(folder)
    packs.load()
    packer = Packer(folder)
    dropped = 0
    for key in packs:
        value = packs.get(key) if key in wanted else None
        if value is None:
            dropped += 1
        else:
            packer.add([(key, value)])
    packer.close()
    for pack in before:
        if pack not in packer.written:
            pack.unlink(missing_ok=True)
    return dropped


def _check(key: bytes, value: bytes) -> bytes:
    return hashlib.sha256(key + value).digest()


def _write(folder: Path, entries: dict[bytes, bytes]) -> Path:
    body, directory = [_START], []
    offset = len(_START)
    for key, value in sorted(entries.items()):
        directory.append(_ENTRY.pack(key, offset, _CHECK + len(value)))
        body += [_check(key, value), value]
        offset += _CHECK + len(value)
    listed = b"".join(directory)
    data = b"".join([*body, listed, _END.pack(len(entries), hashlib.sha256(listed).digest())])
    path = folder / f"{hashlib.sha256(data).hexdigest()[:32]}.pack"
    if not path.is_file() or path.stat().st_size != len(data):
        storage.write_kept(path, data)
    return path


def _directory(pack: Path) -> Iterator[tuple[bytes, _Place]]:
    """What a pack says that it holds; nothing, if it is damaged or none."""
    try:
        if not pack.is_file():
            return
        with pack.open("rb", buffering=0) as file:
            size = os.fstat(file.fileno()).st_size
            file.seek(max(0, size - _END.size))
            end = file.read(_END.size)
            if len(end) < _END.size:
                return
            count, checked = _END.unpack(end)
            start = size - _END.size - count * _ENTRY.size
            if start < len(_START):
                return
            file.seek(start)
            listed = file.read(count * _ENTRY.size)
    except OSError:
        return
    if hashlib.sha256(listed).digest() != checked:
        return
    for key, offset, length in _ENTRY.iter_unpack(listed):
        yield key, _Place(pack, offset, length)
