"""The folder ``audit/``: where its files lie, and how they are written once and for ever."""

from __future__ import annotations

import contextlib
import errno
import os
import platform
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn
from uuid import uuid4

from mrdq import processes
from mrdq.errors import refuse

FOLDER = "audit"


@dataclass(frozen=True, slots=True)
class Trail:
    """The trail of a folder (a study, a validation pack)."""

    root: Path

    @property
    def folder(self) -> Path:
        return self.root / FOLDER

    @property
    def records(self) -> Path:
        return self.folder / "records"

    @property
    def pending(self) -> Path:
        return self.folder / "pending"

    @property
    def blocks(self) -> Path:
        return self.folder / "blocks"

    @property
    def kept(self) -> Path:
        return self.folder / "kept"

    @property
    def signatures(self) -> Path:
        return self.folder / "signatures"


def names(folder: Path, suffix: str = ".json") -> list[str]:
    """Names in a folder of the trail, in text order; [] if there is no such folder.

    Raises :class:`MrdqError` if it cannot be read.
    """
    try:
        found = os.listdir(folder)
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        refuse(str(folder), "a folder that can be read", found=error.strerror or str(error),
               remedy="Mend the rights of audit/.")  # fmt: skip
    return sorted(name for name in found if name.endswith(suffix) and not name.startswith("."))


def write_once(path: Path, data: bytes) -> bool:
    """Put ``data`` under ``path`` if nothing is there: temporary name, fsync, link, fsync.

    Returns False if there already is a file of that name, which stays as it is.  A link appears
    whole or not at all, also between machines that share a network filesystem.  Raises
    :class:`MrdqError` where the folder cannot be written.
    """
    with temporary_for(path) as temporary:
        temporary.write_bytes(data)
        return link_once(temporary, path)


@contextlib.contextmanager
def temporary_for(path: Path) -> Iterator[Path]:
    """The name under which a file is written before it is linked to ``path``, which is removed in the end.

    Raises :class:`MrdqError` where the folder cannot be written.
    """
    temporary = path.with_name(f".{uuid4().hex}.{platform.node()}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield temporary
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        _refuse(path, error)


def link_once(temporary: Path, path: Path) -> bool:
    """Put a file that was written under ``path``, as :func:`write_once`.  Raises ``OSError``."""
    descriptor = os.open(temporary, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    linked = _link(temporary, path)
    _sync_folder(path.parent)
    return linked


def require_writable(folder: Path) -> None:
    """Refuse with :class:`MrdqError` if ``folder`` is there and no file can be put into it."""
    if not os.path.lexists(folder):
        return
    if not os.path.isdir(folder):
        _refuse(folder, NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR)))
    if not os.access(folder, os.W_OK | os.X_OK):
        read_only = os.statvfs(folder).f_flag & os.ST_RDONLY
        number = errno.EROFS if read_only else errno.EACCES
        _refuse(folder, OSError(number, os.strerror(number)))


def _refuse(path: Path, error: OSError) -> NoReturn:
    refuse(str(path), "a folder for the audit trail in which files can be written and linked",
           found=error.strerror or str(error),
           remedy="Nothing is done without a record: free space or mend the rights; "
                  "mrdq audit selftest --dir tells what the filesystem can do.")  # fmt: skip


def _link(temporary: Path, path: Path) -> bool:
    try:
        os.link(temporary, path)
    except FileExistsError:
        # A network filesystem may have linked, and lost the answer.
        return temporary.stat().st_nlink == 2 and temporary.samefile(path)
    return True


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):  # some filesystems cannot, and need not
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def remove_leftovers(folder: Path) -> None:
    """Remove what killed processes of this machine left under temporary names, where that can be."""
    with contextlib.suppress(OSError):
        for name in os.listdir(folder):
            parts = name.split(".")
            if name.startswith(".") and name.endswith(".tmp") and parts[-2].isdigit():
                host = ".".join(parts[2:-2])
                if processes.is_gone(host, int(parts[-2])):
                    (folder / name).unlink(missing_ok=True)
