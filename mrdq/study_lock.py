"""Who makes something of a study holds it; whoever comes meanwhile is told by whom it is held.

The lock is ``.mrdq/lock``: a file that appears whole, by a link, and says who holds it.  The kernel
keeps it locked as long as its owner lives, also where it is killed.  Where a filesystem cannot lock
files, the owner's process is asked after.
"""

from __future__ import annotations

import atexit
import contextlib
import hashlib
import os
import platform
import stat
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from mrdq.audit.canonical import canonical, parsed
from mrdq.audit.job import is_gone, process_start
from mrdq.audit.site import here
from mrdq.audit.trail import remove_leftovers
from mrdq.config import CONFIG_FILE
from mrdq.errors import MrdqError, Problem, refuse
from mrdq.plan import STATE

if sys.platform != "win32":
    import fcntl

NAME = "lock"
_POLL = 0.2  # seconds
_TRIES, _PAUSE = 25, 0.01  # another may just be taking over what a killed process left
_LARGEST = 10_000  # bytes
_ONE_FOR_ALL = {
    **dict.fromkeys(("btrfs", "ext2", "ext3", "ext4", "f2fs", "overlay", "tmpfs", "xfs", "zfs"), ""),
    **dict.fromkeys(("ceph", "gfs2", "gpfs", "ocfs2"), ""),
    **dict.fromkeys(("nfs", "nfs4"), "local_lock=none"),
    "lustre": "flock",
}  # fmt: skip
"""Filesystems on which a lock is one for all machines -> the option of the mount that it needs."""


@contextlib.contextmanager
def locked(
    root: Path, what: str, *, wait: float = 0, say: Callable[[str], object] = lambda _: None
) -> Iterator[None]:
    """Hold the study in ``root`` while ``what`` (``mrdq run``) is done.

    ``wait``: seconds to wait for who holds it, of which ``say`` is told.  Raises :class:`MrdqError`,
    naming the holder, if it is held by then, or if the lock cannot be written.  What is no study is
    not locked: that is told by who opens it.
    """
    if not (root / CONFIG_FILE).is_file():
        yield
        return
    held = _waited(root / STATE, what, wait, say)
    try:
        yield
    finally:
        held.release()


def hold(root: Path, what: str) -> None:
    """Hold the study in ``root`` until this process ends.  Raises :class:`MrdqError` as :func:`locked`."""
    stack = contextlib.ExitStack()
    stack.enter_context(locked(root, what))
    atexit.register(stack.close)


@dataclass(frozen=True, slots=True)
class _Held:
    path: Path
    descriptor: int
    process: int
    made_folder: bool

    def release(self) -> None:
        """Remove the lock if it still is this one, and the folder if it was made for it alone."""
        if os.getpid() != self.process:
            return
        with contextlib.suppress(OSError):
            if _is_at(self.path, self.descriptor):
                self.path.unlink()
            if self.made_folder:
                self.path.parent.rmdir()
        _open.discard(self.descriptor)
        os.close(self.descriptor)


_open: set[int] = set()


def _close_in_child() -> None:
    """A child that outlives its killed parent does not keep the study locked."""
    for descriptor in _open:
        os.close(descriptor)
    _open.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_close_in_child)


def _waited(folder: Path, what: str, wait: float, say: Callable[[str], object]) -> _Held:
    end, told = time.monotonic() + wait, False
    while True:
        taken = _tried(folder, what)
        if isinstance(taken, _Held):
            return taken
        if wait and not told:
            say(f"waiting up to {wait:g} s for {taken.found}")
            told = True
        if time.monotonic() >= end:
            raise MrdqError(taken)
        time.sleep(_POLL)


def _tried(folder: Path, what: str) -> _Held | Problem:
    made = False
    try:
        while True:
            made = not folder.exists()
            folder.mkdir(exist_ok=True)
            remove_leftovers(folder)
            try:
                return _taken(folder, what, made_folder=made)
            except FileNotFoundError:  # who made the folder has just removed it
                continue
    except OSError as error:
        if made:
            with contextlib.suppress(OSError):
                folder.rmdir()
        refuse(str(folder / NAME), "a file that can be written and linked", error.strerror or str(error),
               remedy="Who works on a study says so there: free space or mend the rights.")  # fmt: skip


def _taken(folder: Path, what: str, *, made_folder: bool) -> _Held | Problem:
    """The lock, or who holds it."""
    path, own = folder / NAME, folder / f".{uuid4().hex}.{platform.node()}.{os.getpid()}.tmp"
    descriptor = os.open(own, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o666)
    holds = False
    try:
        by_kernel = _kernel_locks(descriptor) is True
        os.write(descriptor, canonical(_owner(what, by_kernel)))
        found: Problem | None = None
        for _ in range(_TRIES):
            if _linked(own, path, descriptor):
                holds = True
                _open.add(descriptor)
                return _Held(path.absolute(), descriptor, os.getpid(), made_folder)
            found = _in_the_way(path)
            time.sleep(_PAUSE if found else 0)
        return found or _nobodys(path)
    finally:
        own.unlink(missing_ok=True)
        if not holds:
            os.close(descriptor)


def _owner(what: str, by_kernel: bool) -> dict[str, Any]:
    site = here()
    return {
        "host": site.host, "user": site.user, "process": os.getpid(), "process_start": process_start(os.getpid()),
        "what": what, "since": site.time, "by_kernel": by_kernel,
    }  # fmt: skip


def _linked(own: Path, path: Path, descriptor: int) -> bool:
    try:
        os.link(own, path)
    except FileExistsError:
        # A network filesystem may have linked, and lost the answer.
        return _is_at(path, descriptor)
    return True


def _is_at(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except OSError:
        return False


def _kernel_locks(descriptor: int) -> bool | None:
    """Lock a file that is open: True if that was done, False if another has it, None if that cannot
    be asked here."""
    if sys.platform == "win32":
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return None
    return True


def _in_the_way(path: Path) -> Problem | None:
    """Who holds the study; None if nobody does any more: what was left is removed."""
    try:
        descriptor = _opened(path)
    except FileNotFoundError:
        return None
    try:
        return _judged(path, descriptor)
    finally:
        os.close(descriptor)


def _opened(path: Path) -> int:
    flags = getattr(os, "O_NONBLOCK", 0)  # a named pipe must not stop it
    try:
        return os.open(path, os.O_RDWR | flags)  # as network filesystems want it, to lock it
    except (PermissionError, IsADirectoryError):
        return os.open(path, os.O_RDONLY | flags)


def _judged(path: Path, descriptor: int) -> Problem | None:
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        return _nobodys(path)
    data = os.read(descriptor, _LARGEST)
    owner = _owner_in(data)
    is_free = _kernel_locks(descriptor) if owner.get("by_kernel", True) else None
    is_here = owner.get("host") == platform.node()
    if is_free is False:
        return _held(path, owner)
    if is_free and (is_here or _is_one_for_all(descriptor)):
        if _is_at(path, descriptor):
            path.unlink(missing_ok=True)
        return None
    if is_free is None and is_here and is_gone(owner):
        _remove(path, data)
        return None
    return _held(path, owner) if is_here else _held_elsewhere(path, owner)


def _owner_in(data: bytes) -> dict[str, Any]:
    """What a lock says of its owner; {} of a file that is no lock."""
    try:
        owner = parsed(data)
    except (ValueError, RecursionError):
        return {}
    return owner if isinstance(owner, dict) else {}


def _is_one_for_all(descriptor: int) -> bool:
    """Whether that nobody has the lock is known of all machines that see the file."""
    device = os.fstat(descriptor).st_dev
    number = f"{os.major(device)}:{os.minor(device)}"
    try:
        mounts = Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    found = [line.partition(" - ")[2].split() for line in mounts.splitlines() if line.split()[2] == number]  # fmt: skip
    return any(
        kind in _ONE_FOR_ALL and _ONE_FOR_ALL[kind] in ("", *options.split(","))
        for kind, _, options in found
    )


def _remove(path: Path, data: bytes) -> None:
    """Remove what a process left that is gone, where nothing can be locked: who gives just that
    file its second name may do it, and nobody removes the lock that comes after it."""
    right = path.with_name(f"{NAME}.{hashlib.sha256(data).hexdigest()[:16]}")
    try:
        os.link(path, right)
    except (FileExistsError, FileNotFoundError):
        return
    try:
        if right.read_bytes() == data:
            path.unlink()
    finally:
        right.unlink()


def _held(path: Path, owner: Mapping[str, Any]) -> Problem:
    return _refusal(path, _words(owner), "Wait until that has ended, and try again (mrdq run --wait SECONDS waits).")  # fmt: skip


def _held_elsewhere(path: Path, owner: Mapping[str, Any]) -> Problem:
    if not owner:
        return _nobodys(path)
    remedy = (
        "It is on another machine and cannot be asked from here. If nothing of it runs there any more, "
        f"delete {path}, and try again."
    )
    return _refusal(path, _words(owner), remedy)


def _nobodys(path: Path) -> Problem:
    return _refusal(path, _words({}),
                    f"If nobody works on the study, delete {path}, and try again.")  # fmt: skip


def _refusal(path: Path, found: str, remedy: str) -> Problem:
    return Problem(str(path), "a study on which nobody else works now", found, remedy=remedy)


def _words(owner: Mapping[str, Any]) -> str:
    if not owner:
        return "a lock that does not say whose it is"
    told = {key: _printable(owner.get(key, "")) for key in ("what", "user", "host", "process", "since")}  # fmt: skip
    since = told["since"][:19].replace("T", " ")
    return f"{told['what']} by {told['user']} on {told['host']}, process {told['process']}, since {since} UTC"


def _printable(value: object) -> str:
    """What anybody may have written, as one short line."""
    return "".join(c if c.isprintable() else "?" for c in str(value)[:100])
