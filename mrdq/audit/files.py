"""Files of a study as the trail names them: path in the study, size and SHA-256."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from io import BufferedReader
from pathlib import Path
from typing import Any

from mrdq.audit import merkle

LARGEST = 1 << 30
"""Bytes; a record or block of a hundred thousand runs has some 40 MB."""
CACHES = (".mrdq", ".snakemake")
"""Folders of a study that may be deleted at any time."""


@dataclass(frozen=True, slots=True, order=True)
class FileState:
    """A file as it was: ``path`` relative to the folder of the trail, with ``/``; absolute for a
    file that lies elsewhere.  ``size`` in bytes, ``sha256`` in hexadecimal."""

    path: str
    size: int
    sha256: str

    @property
    def under_seal(self) -> bool:
        """Part of the study: neither outside of its folder, where nobody can count on finding it, nor a
        cache, which is made again when it is needed."""
        return is_inside(self.path) and self.path.partition("/")[0] not in CACHES

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def is_inside(path: str) -> bool:
    """Whether a path of the trail is that of a file in the study: a trail is data, and may come from anybody."""
    return (
        path != ""
        and "\0" not in path
        and not os.path.isabs(path)
        and (
            path == os.path.normpath(path)
            and path.partition(os.sep)[0] not in (os.curdir, os.pardir)
        )
    )


def path_in(root: Path, path: Path) -> str:
    """``path`` as the trail names it.  Links are not followed: the study knows the link."""
    absolute, base = os.path.abspath(path), os.path.abspath(root)
    inside = absolute.startswith(base.rstrip(os.sep) + os.sep)
    return Path(os.path.relpath(absolute, base) if inside else absolute).as_posix()


def state_of(root: Path, path: str) -> FileState | None:
    """The state of a file as it lies there now; None if there is no regular file of that path."""
    try:
        with _regular(os.path.join(root, path)) as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            return FileState(path, file.tell(), digest)
    except (OSError, ValueError):  # ValueError: a name that no file can have
        return None


def read_regular(path: Path) -> bytes:
    """The bytes of a file.  ``OSError`` if no regular file lies there (a folder, a pipe, nothing), or
    one that is larger than any of a trail."""
    with _regular(path) as file:
        if os.fstat(file.fileno()).st_size > LARGEST:
            raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))
        return file.read()


@contextlib.contextmanager
def _regular(path: str | Path) -> Iterator[BufferedReader]:
    with open(path, "rb", opener=_no_waiting) as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(errno.EINVAL, "no regular file")
        yield file


def _no_waiting(path: str, flags: int) -> int:
    """A named pipe in place of a file must not stop the reader."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def files_root(files: Mapping[str, FileState]) -> str:
    """The Merkle root over the states of files, in the order of their paths."""
    lines = (f"{files[path].sha256} {files[path].size} {path}\n" for path in sorted(files))
    return merkle.root(line.encode("utf-8", "surrogateescape") for line in lines)
