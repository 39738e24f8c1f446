"""What blocks keep of small texts: the bytes of a file as it was, long after it has changed."""

from __future__ import annotations

import hashlib
import io
import lzma
import struct
import zipfile
import zlib
from collections.abc import Iterator

from mrdq.audit.chain import Block, Chain
from mrdq.audit.files import FileState, read_regular
from mrdq.audit.trail import FOLDER

PIECE = 1 << 20
"""Bytes of a kept file that are in memory at once."""
_UNREADABLE = (
    zipfile.BadZipFile, zlib.error, struct.error, NotImplementedError, RuntimeError, EOFError,
    ValueError, KeyError, OverflowError, OSError, lzma.LZMAError,
)  # fmt: skip


def kept(chain: Chain, path: str, block: int) -> bytes | None:
    """The bytes of a file as of a block: those under seal after it.

    None if the file was not under seal, if the block that changed it last did not keep it, or if
    what is kept is not there any more, or not as it was sealed.
    """
    return Kept(chain).as_of(path, block)


def kept_zip(block: Block) -> FileState | None:
    """The zip that a block keeps, as its manifest has it."""
    start = f"{FOLDER}/kept/{block.number:06d}-"
    return next((state for state in block.changed if state.path.startswith(start)), None)


class Kept:
    """What the blocks of a chain keep; the zip that was asked last stays open."""

    def __init__(self, chain: Chain):
        self.chain = chain
        self._blocks = {block.number: block for block in chain.blocks}
        self._archives: dict[int, zipfile.ZipFile | None] = {}

    def now(self, path: str) -> bytes | None:
        """The bytes of a file that are under seal at the head (see :func:`kept`)."""
        sealed = self.chain.files.get(path)
        return self._as_sealed(self._blocks[sealed.block], sealed.state) if sealed else None

    def as_of(self, path: str, block: int) -> bytes | None:
        """See :func:`kept`."""
        for one in reversed([found for found in self.chain.blocks if found.number <= block]):
            if path in one.content["removed"]:
                return None
            for state in one.content["changed"]:
                if state["path"] == path:
                    return self._as_sealed(one, FileState(**state))
        return None

    def sealed_by(self, block: Block, path: str) -> bytes | None:
        """The bytes of a file that a block changed and kept."""
        found = (state for state in block.content["changed"] if state["path"] == path)
        state = next(found, None)
        return self._as_sealed(block, FileState(**state)) if state else None

    def problems(self, block: Block) -> Iterator[str]:
        """Where what a block keeps is not what its manifest says, in words.

        Nothing is said of a zip that is not there as it was sealed: that is said of the file.
        """
        said, named = set(block.content["kept"]), kept_zip(block)
        if bool(said) != (named is not None):
            yield f"block {block.number} names files that it keeps and no zip of them, or the reverse"
        archive = self._archive(block)
        if archive is None or named is None:
            return
        if set(archive.namelist()) != said or len(archive.namelist()) != len(said):
            yield f"{named.path} does not hold the files that block {block.number} keeps"
        states = {state.path: state for state in block.changed}
        for path in sorted(said & set(archive.namelist())):
            if path not in states or not self._is_as_sealed(block, states[path]):
                yield f"{path} in {named.path} is not what the manifest of block {block.number} says"

    def _is_as_sealed(self, block: Block, state: FileState) -> bool:
        archive = self._archive(block)
        try:
            with archive.open(state.path) if archive else io.BytesIO() as file:
                digest = hashlib.sha256()
                while piece := file.read(PIECE):
                    digest.update(piece)
        except _UNREADABLE:
            return False
        return archive is not None and digest.hexdigest() == state.sha256

    def _as_sealed(self, block: Block, state: FileState) -> bytes | None:
        archive = self._archive(block)
        try:
            data = archive.read(state.path) if archive else b""
        except _UNREADABLE:
            return None
        return data if hashlib.sha256(data).hexdigest() == state.sha256 and archive else None

    def _archive(self, block: Block) -> zipfile.ZipFile | None:
        """The zip of a block; None if there is none just as it was sealed."""
        if block.number not in self._archives:
            self._archives = {block.number: self._opened(block)}  # one at a time is in memory
        return self._archives[block.number]

    def _opened(self, block: Block) -> zipfile.ZipFile | None:
        state = kept_zip(block)
        if state is None:
            return None
        try:
            data = read_regular(self.chain.root / state.path)
            same = hashlib.sha256(data).hexdigest() == state.sha256
            return zipfile.ZipFile(io.BytesIO(data)) if same else None
        except _UNREADABLE:
            return None
