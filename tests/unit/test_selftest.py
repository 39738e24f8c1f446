"""A filesystem is tried before it is trusted: real ones pass, and each way to be broken is told.

Broken ones are made by putting something else in the place of what the system does.
"""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from mrdq.audit import selftest as module
from mrdq.audit.selftest import Finding, selftest
from mrdq.cli import main
from mrdq.errors import MrdqError

MEMORY = Path("/dev/shm")
WHATS = [
    "a hard link", "a name that is taken", "fsync of a file and a folder", "capital letters", "the clock",
    "free space", "8 processes, one name", "8 processes × 50 files", "a rename over a name", "removing files",
]  # fmt: skip


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the tries of several processes, which take a second."""
    monkeypatch.setattr(module, "_together", lambda _: [])


def tried(folder: Path, **more: Any) -> dict[str, Finding]:
    found = selftest(folder, **more)
    assert list(folder.iterdir()) == [] or not found[-1].ok
    return {one.what: one for one in found}


def test_this_filesystem_is_fit_and_nothing_is_left_behind(tmp_path: Path) -> None:
    found = tried(tmp_path)
    assert list(found) == WHATS
    assert [one for one in found.values() if not one.ok] == []
    assert found["8 processes, one name"].told == "exactly one won, 20 times"
    assert found["8 processes × 50 files"].told == "all there and whole, listed at once"
    assert found["a rename over a name"].told.startswith("whole in each of ")


def test_a_filesystem_in_memory_is_fit() -> None:
    if not os.access(MEMORY, os.W_OK) or not os.path.ismount(MEMORY):
        pytest.skip("there is no filesystem in memory at /dev/shm")
    with tempfile.TemporaryDirectory(dir=MEMORY) as folder:
        assert all(one.ok for one in tried(Path(folder)).values())


def test_the_verb_tells_every_finding(tmp_path: Path, alone: None) -> None:
    done = CliRunner().invoke(main, ["audit", "selftest", "--dir", str(tmp_path)])
    assert done.exit_code == 0
    assert [line.split("\t")[:2] for line in done.stdout.splitlines()] == [
        ["ok", what] for what in WHATS if not what.startswith("8") and "rename" not in what
    ]


# --- broken in one process


def refusing(number: int) -> Callable[..., None]:
    def refused(*_: Any, **__: Any) -> None:
        raise OSError(number, os.strerror(number))

    return refused


def test_no_hard_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, alone: None) -> None:
    monkeypatch.setattr(os, "link", refusing(errno.EPERM))
    done = CliRunner().invoke(main, ["audit", "selftest", "--dir", str(tmp_path)])
    assert done.exit_code == 3
    lines = {line.split("\t")[1]: line.split("\t") for line in done.stdout.splitlines()}
    assert lines["a hard link"][0] == "NOT FIT"
    assert lines["a hard link"][2] == (
        "there are no hard links here (Operation not permitted): no record can be written"
    )
    assert list(tmp_path.iterdir()) == []


def test_a_link_that_is_a_copy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, alone: None
) -> None:
    monkeypatch.setattr(os, "link", shutil.copyfile)
    found = tried(tmp_path)
    assert found["a hard link"].told == "a link is not the same file, or not counted"
    assert found["a name that is taken"].told.startswith("a link took a name that was taken")
    assert not found["a hard link"].ok
    assert not found["a name that is taken"].ok


def test_a_link_that_is_refused_and_done_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, alone: None
) -> None:
    def done(first: Path, second: Path) -> None:
        shutil.copyfile(first, second)
        raise FileExistsError(errno.EEXIST, "exists")

    monkeypatch.setattr(os, "link", done)
    found = tried(tmp_path)["a name that is taken"]
    assert (found.ok, found.told) == (False, "refused, and its file changed all the same")


def test_fsync_that_fails_for_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, alone: None
) -> None:
    monkeypatch.setattr(os, "fsync", refusing(errno.EIO))
    found = tried(tmp_path)["fsync of a file and a folder"]
    assert (found.ok, "Input/output error" in found.told) == (False, True)


def test_fsync_that_fails_for_folders_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, alone: None
) -> None:
    synced = os.fsync

    def only_files(descriptor: int) -> None:
        if os.path.isdir(f"/proc/self/fd/{descriptor}"):
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        synced(descriptor)

    if not os.path.isdir("/proc/self/fd"):
        pytest.skip("this system does not tell what a descriptor is")
    monkeypatch.setattr(os, "fsync", only_files)
    found = tried(tmp_path)["fsync of a file and a folder"]
    assert found.ok
    assert found.told.startswith("of files, not of folders (Invalid argument)")


def test_names_that_differ_in_capitals_only_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, alone: None
) -> None:
    exists = Path.exists
    monkeypatch.setattr(Path, "exists", lambda path: path.name == "nAME" or exists(path))
    found = tried(tmp_path)["capital letters"]
    assert (found.ok, found.told.startswith("NOTE: Name and nAME are one file")) == (True, True)


@pytest.mark.parametrize(
    ("behind", "told"),
    [
        (0, "time stamps of files agree with this machine's clock"),
        (200, "time stamps of files agree with this machine's clock"),
        (86400, "NOTE: time stamps of files are 864"),
        (-86400, "NOTE: time stamps of files are 86"),
    ],
)
def test_a_clock_that_differs_is_told(
    tmp_path: Path, alone: None, behind: float, told: str
) -> None:
    found = tried(tmp_path, now=lambda: time.time() - behind)["the clock"]
    assert found.ok
    assert found.told.startswith(told)
    assert (" ahead of " in found.told, " behind " in found.told) == (behind > 999, behind < 0)


@pytest.mark.parametrize(
    ("free", "ok", "told"),
    [(5_000_000_000, True, "5.0 GB"), (100_000_000, True, "only 100 MB"), (99_000_000, False, "only 99 MB")],
)  # fmt: skip
def test_free_space(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, alone: None, free: int, ok: bool, told: str
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(free, 0, free))
    found = tried(tmp_path)["free space"]
    assert (found.ok, found.told) == (ok, told)


def test_what_cannot_be_removed_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, alone: None
) -> None:
    monkeypatch.setattr(shutil, "rmtree", lambda *_, **__: None)
    last = selftest(tmp_path)[-1]
    assert not last.ok
    assert last.told == f"{next(tmp_path.iterdir()).name} could not be removed"


def test_a_read_only_filesystem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "mkdir", refusing(errno.EROFS))
    done = CliRunner().invoke(main, ["audit", "selftest", "--dir", str(tmp_path)])
    assert done.exit_code == 2
    assert 'found "Read-only file system", expected a folder in which files can be written' in done.stderr  # fmt: skip


@pytest.mark.parametrize("folder", ["none", "/proc"])
def test_a_folder_that_is_not_there_or_takes_no_files(tmp_path: Path, folder: str) -> None:
    with pytest.raises(MrdqError, match="a folder in which files can be written"):
        selftest(tmp_path / folder)


# --- broken between processes


def test_a_listing_that_lags_and_a_rename_that_is_seen_half_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = os.listdir

    def lagging(path: Path) -> list[str]:
        return [name for name in listed(path) if not name.startswith("3-04")]

    def half(first: Path, second: Path) -> None:
        data = first.read_bytes()
        second.write_bytes(data[: len(data) // 2])
        first.unlink()

    monkeypatch.setattr(os, "listdir", lagging)
    monkeypatch.setattr(os, "replace", half)
    found = {one.what: one for one in selftest(tmp_path)}
    many, rename = found["8 processes × 50 files"], found["a rename over a name"]
    assert not many.ok
    assert "3-04" in many.told
    assert "another did not see it listed at once" in many.told
    assert not rename.ok
    assert "were torn or found nothing" in rename.told
    assert found["8 processes, one name"].ok


class Pool:
    """In place of processes: says what they would have given."""

    def __init__(self, given: list[list[bool | str]]) -> None:
        self.given = given

    def map(self, *_: object) -> list[list[bool | str]]:
        return self.given


LOST: list[bool | str] = [False] * module.NAMES
WON: list[bool | str] = [True] * module.NAMES


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ([WON] * 8, "8 of them won the same name"),
        ([LOST] * 8, "0 of them won the same name"),
        ([WON, *[LOST] * 6, ["no space left", *LOST[1:]]], "no space left"),
        ([LOST, WON, *[LOST] * 6], "a name was won by one, and holds what another wrote"),
    ],
)
def test_a_race_that_ends_otherwise(
    tmp_path: Path, given: list[list[bool | str]], told: str
) -> None:
    for n in range(module.NAMES):
        (tmp_path / f"{n:03d}").write_bytes(module._content("process 0"))
    assert module._race(tmp_path, Pool(given)) == (False, told)  # type: ignore[arg-type]


def test_the_race_counts_a_link_that_overwrites(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One after another is enough: each takes the name that the other had."""
    monkeypatch.setattr(os, "link", os.rename)
    monkeypatch.setattr(os, "fsync", lambda _: None)
    given = [module._contend(tmp_path, f"process {n}") for n in range(8)]
    assert module._race(tmp_path, Pool(given))[0] is False  # type: ignore[arg-type]


def test_files_that_cannot_be_written_or_are_torn_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert module._write(tmp_path / "one", "one") is True
    assert module._write(tmp_path / "one", "one") is False
    monkeypatch.setattr(os, "link", refusing(errno.ENOSPC))
    assert "No space left on device" in str(module._write(tmp_path / "two", "two"))


def test_processes_that_cannot_start_are_a_finding(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_processes", refusing(errno.EAGAIN))
    found = tried(tmp_path)["8 processes"]
    assert (found.ok, "Resource temporarily unavailable" in found.told) == (False, True)
