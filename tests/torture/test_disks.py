"""A disk that is full, or an audit folder that is read-only: told clearly, and nothing is lost."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from ordeals import (
    Start,
    completed,
    differences,
    half_written,
    load_everything,
    mrdq,
    run_completes,
    size,
    starts,
    stopped_is_told,
    tell,
    timed,
)
from small_study import tree
from tiny import write_tiny

DISKS = size("DISKS", 48)
PAGE = 4096


@contextmanager
def mounted(at: Path, options: str) -> Iterator[Path]:
    """A filesystem in memory; skips where this user may not mount one."""
    at.mkdir(exist_ok=True)
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(at)], capture_output=True, text=True, check=False)  # fmt: skip
    if done.returncode:
        pytest.skip(f"a filesystem of a small size cannot be mounted: {done.stderr.strip()}")
    try:
        yield at
    finally:
        subprocess.run(["umount", "--lazy", str(at)], check=True)


def remount(at: Path, options: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{options}", str(at)], check=True)


def pages(folder: Path) -> tuple[int, int]:
    """Pages and inodes that a tree takes on a filesystem in memory."""
    paths = [folder, *folder.rglob("*")]
    return sum(-(-p.stat().st_size // PAGE) for p in paths if p.is_file()), len(paths)


def sealed_files(root: Path) -> dict[str, bytes]:
    """What may never be lost: records, blocks and what they keep."""
    return {
        path: data for path, data in tree(root / "audit").items() if not path.startswith("pending")
    }


def is_whole(root: Path, start: Start, before: dict[str, bytes]) -> None:
    """Each result is as it was or as it has to become; nothing of the trail is lost."""
    now, audit = tree(root / "results"), sealed_files(root)
    for path, data in now.items():
        assert data in (before.get(path), start.results.get(path)), path
    assert set(before) - set(now) <= set(before) - set(start.results)
    assert {path: audit.get(path) for path in sealed_files(start.folder)} == sealed_files(
        start.folder
    )


def test_a_disk_that_is_full(place: Path) -> None:
    new, old = starts(place)
    chance, told = random.Random(7), Counter[str]()
    with timed(f"{DISKS} disks"):
        for number in range(DISKS):
            start = (old, old, new)[number % 3]
            (used, files), more = pages(start.folder), _needed(start, place / "once")
            room, inodes = (
                used + chance.randrange(more[0] + 4),
                files + chance.randrange(more[1] + 4),
            )
            options = (
                f"nr_inodes={inodes + 2},size=64m"
                if number % 4 == 3
                else f"size={(room + 2) * PAGE}"
            )
            with mounted(place / "disk", options) as disk:
                told[_on(disk, start)] += 1
    tell(f"{dict(told)}")
    assert told["refused"] > DISKS / 3


def _needed(start: Start, at: Path) -> tuple[int, int]:
    before = pages(start.folder)
    completed("run", start.copy(at))
    after = pages(at)
    shutil.rmtree(at)
    return after[0] - before[0], after[1] - before[1]


def _on(disk: Path, start: Start) -> str:
    root = start.copy(disk / "study")
    before = tree(root / "results")
    ended = mrdq("run", root)
    assert "Traceback" not in ended.text, ended.text
    assert ended.code in (0, 2), ended
    if ended.code == 2:
        assert "No space left on device" in ended.text, ended.text
        untouched = tree(root / "results") == before and sealed_files(root) == sealed_files(
            start.folder
        )
        assert untouched or "nothing was written" not in ended.text, ended.text
        is_whole(root, start, before)
        assert half_written(root) == []
        stopped_is_told(root, start)
    remount(disk, "size=64m,nr_inodes=100000")
    run_completes(root, start)
    return "refused" if ended.code else "enough"


# --- Read-only ----------------------------------------------------------------------------------


def state(root: Path) -> dict[str, tuple[int, bytes]]:
    """Every path with its time of change, and the bytes of files; but for the folder in which a lock
    comes and goes."""
    return {
        str(p): (p.stat().st_mtime_ns, p.read_bytes() if p.is_file() else b"")
        for p in root.rglob("*")
        if p != root / ".mrdq"
    }


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """``folder`` as it is, on a filesystem that cannot be written, or by rights where they bind."""
    if os.geteuid():
        folders = [folder, *(path for path in folder.rglob("*") if path.is_dir())]
        for one in folders:
            one.chmod(0o555)
        try:
            yield
        finally:
            for one in folders:
                one.chmod(0o755)
        return
    aside = folder.with_name("aside")
    folder.rename(aside)
    with mounted(folder, "size=16m"):
        shutil.copytree(aside, folder, dirs_exist_ok=True)
        remount(folder, "ro")
        yield
    folder.rmdir()
    aside.rename(folder)


@pytest.mark.parametrize("verb", ["run", "ingest", "call", "status", "report"])
@pytest.mark.parametrize("closed", ["audit", "audit/pending", "audit/records", "audit/blocks"])
def test_where_the_trail_is_read_only_nothing_is_done(place: Path, verb: str, closed: str) -> None:
    load_everything()
    root = place / "study"
    write_tiny(root)
    completed("run", root)
    with read_only(root / closed):
        before = state(root)
        ended = mrdq(verb, root)
        assert ended.code == 2, ended.text
        assert "Traceback" not in ended.text
        assert (
            "expected a folder for the audit trail in which files can be written and linked"
            in ended.text
        )
        assert "Nothing is done without a record" in ended.text
        assert any(why in ended.text for why in ("Read-only file system", "Permission denied"))
        assert state(root) == before
    completed(verb, root)
    assert differences(root) == []


def test_a_study_with_a_read_only_trail_that_is_empty(place: Path) -> None:
    load_everything()
    root = place / "study"
    write_tiny(root)
    (root / "audit").mkdir()
    with read_only(root / "audit"):
        before = state(root)
        ended = mrdq("run", root)
        assert ended.code == 2, ended.text
        assert "nothing was written" in ended.text
        assert state(root) == before
    assert not (root / "results").exists()
