"""A study that was moved, copied or packed is verified where it is, and goes on there."""

from __future__ import annotations

import shutil
import subprocess
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from ordeals import completed, differences, head_of, load_everything
from small_study import tree
from tiny import write_tiny

from mrdq.audit.chain import read_chain


def moved(study: Path, to: Path) -> None:
    to.parent.mkdir(parents=True)
    study.rename(to)


def copied(study: Path, to: Path) -> None:
    to.parent.mkdir(parents=True)
    subprocess.run(["cp", "-r", str(study), str(to)], check=True)


def tarred(study: Path, to: Path) -> None:
    with tarfile.open(study.with_suffix(".tar.gz"), "w:gz") as archive:
        archive.add(study, "study")
    with tarfile.open(study.with_suffix(".tar.gz")) as archive:
        archive.extractall(to.parent, filter="data")
    (to.parent / "study").rename(to)


def zipped(study: Path, to: Path) -> None:
    with zipfile.ZipFile(shutil.make_archive(str(study), "zip", study)) as archive:
        archive.extractall(to)


def by_a_link(study: Path, to: Path) -> None:
    to.parent.mkdir(parents=True)
    to.symlink_to(study)


@pytest.mark.parametrize("move", [moved, copied, tarred, zipped, by_a_link])
def test_a_study_somewhere_else(place: Path, move: Callable[[Path, Path], None]) -> None:
    load_everything()
    study, to = place / "study", place / "another place/of the study, ü"
    write_tiny(study)
    completed("run", study)
    head, results = head_of(study), tree(study / "results")
    move(study, to)
    assert differences(to, head) == []
    assert "no difference" in completed("audit", "verify", to, "--head", head).lower()
    completed("run", to)
    assert tree(to / "results") == results
    chain = read_chain(to)
    assert chain.blocks[1].hash == head
    assert len(chain.blocks) == 4
    assert differences(to, head) == []
    moved_again = place / "again"
    to.resolve().rename(moved_again)
    assert differences(moved_again, chain.head.hash) == []
