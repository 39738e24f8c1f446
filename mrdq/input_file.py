"""The bytes of a file that somebody names: regular, whole, and of a size that can be held."""

from __future__ import annotations

import os
import stat
from functools import lru_cache
from pathlib import Path

LIMIT = 50_000_000
"""Bytes.  An OpenArray export with all its raw data has 30 million."""

_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)
# A pipe that nobody writes to would keep a plain open() waiting for ever.
_AT_ONCE = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


class InputFileError(ValueError):
    """Why a file cannot be taken: what was expected, what was found, and what to do."""

    def __init__(self, expected: str, found: str = "", remedy: str = ""):
        super().__init__(f"expected {expected}")
        self.expected, self.found, self.remedy = expected, found, remedy


def read_input(path: str | Path, limit: int | None = None) -> bytes:
    """The bytes of a file; raises :class:`InputFileError` where it is none that can be taken.

    ``limit``: bytes of the largest one (None: :data:`LIMIT`).
    """
    try:
        descriptor = os.open(path, _AT_ONCE)
    except FileNotFoundError:
        raise InputFileError("a file that exists", remedy="Mend the path.") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InputFileError(f"a readable file ({reason})", remedy="Mend the path.") from None
    try:
        before = os.fstat(descriptor)
        _check(before)
        _check_size(before.st_size, LIMIT if limit is None else limit)
        data = _whole(descriptor, before.st_size)
        after = os.fstat(descriptor)
    except OSError as error:
        raise InputFileError(f"a readable file ({error.strerror})") from None
    finally:
        os.close(descriptor)
    if len(data) != before.st_size or _version(before) != _version(after):
        raise InputFileError(
            "a file that nobody is writing to",
            "a file that changed while it was read",
            "Wait until the export is complete, then start again.",
        )
    return data


def _whole(descriptor: int, size: int) -> bytes:
    """All bytes, and more than ``size`` if the file has grown."""
    data = os.read(descriptor, size + 1)
    while len(data) <= size and (more := os.read(descriptor, size + 1 - len(data))):
        data += more
    return data


def _check(found: os.stat_result) -> None:
    kind = next((name for is_kind, name in _KINDS if is_kind(found.st_mode)), "")
    if kind:
        raise InputFileError("a file", kind, "Mend the path.")


def _check_size(size: int, limit: int) -> None:
    if size > limit:
        raise InputFileError(
            f"a file of at most {limit // 1_000_000} MB",
            f"{size // 1_000_000} MB",
            "No instrument's export is as large. Export the results table without the raw data.",
        )


def _version(found: os.stat_result) -> tuple[int, int]:
    return found.st_size, found.st_mtime_ns


@lru_cache(maxsize=64)
def _real(folder: str) -> str:
    return os.path.realpath(folder)


def outside(path: str | Path, root: str | Path) -> str:
    """Where a file really lies, relative to ``root``, if a link leads out of it; else ``""``."""
    folder, name = os.path.split(path)
    real, home = os.path.join(_real(folder), name), _real(str(root))
    if os.path.islink(real):
        real = os.path.realpath(real)
    inside = real == home or real.startswith(os.path.join(home, ""))
    return "" if inside else os.path.relpath(real, home)
