"""The bytes of a file that somebody names: what is taken, and every way in which it is not."""

from __future__ import annotations

import os
import socket
import tempfile
from pathlib import Path

import pytest

from mrdq import input_file
from mrdq.input_file import InputFileError, outside, read_input


def refused(path: str | Path) -> tuple[str, str, str]:
    """What was expected, what was found, and what to do."""
    with pytest.raises(InputFileError) as caught:
        read_input(path)
    assert str(caught.value) == f"expected {caught.value.expected}"
    return caught.value.expected, caught.value.found, caught.value.remedy


@pytest.mark.parametrize("data", [b"", b"a\r\nb\r", bytes(range(256)) * 1000])
def test_the_bytes_as_they_are(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "Größe 1.txt"
    path.write_bytes(data)
    assert read_input(path) == data
    assert read_input(str(path)) == data


def test_a_file_of_no_such_name(tmp_path: Path) -> None:
    assert refused(tmp_path / "x") == ("a file that exists", "", "Mend the path.")
    (tmp_path / "link").symlink_to("nowhere")
    assert refused(tmp_path / "link")[0] == "a file that exists"


def test_a_path_that_is_none(tmp_path: Path) -> None:
    expected, _, remedy = refused(tmp_path / ("x" * 300))
    assert expected.startswith("a readable file (")
    assert remedy == "Mend the path."
    assert refused("a\0b")[0].startswith("a readable file (embedded null")
    (tmp_path / "file").write_bytes(b"")
    assert refused(tmp_path / "file" / "x")[0] == "a readable file (Not a directory)"
    (tmp_path / "circle").symlink_to("circle")
    assert refused(tmp_path / "circle")[0].startswith("a readable file (")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root reads every file")
def test_a_file_that_nobody_may_read(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"")
    (tmp_path / "x").chmod(0)
    assert refused(tmp_path / "x")[0] == "a readable file (Permission denied)"


def test_a_folder(tmp_path: Path) -> None:
    assert refused(tmp_path) == ("a file", "a folder", "Mend the path.")


def test_a_device() -> None:
    assert refused(os.devnull) == ("a file", "a device", "Mend the path.")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_that_nobody_writes_to_keeps_nobody_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert refused(tmp_path / "pipe") == ("a file", "a named pipe", "Mend the path.")


@pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="this system has no such sockets")
def test_a_socket() -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        socket.socket(getattr(socket, "AF_UNIX", 0)) as bound,
    ):
        bound.bind(f"{folder}/s")
        expected, found, _ = refused(f"{folder}/s")
        assert expected.startswith("a readable file (") or found == "a socket"


def test_a_file_that_is_too_large(tmp_path: Path) -> None:
    """It is told from the size; not a byte is read, for the file holds none."""
    with (tmp_path / "x").open("wb") as file:
        file.truncate(input_file.LIMIT + 1_000_000)
    expected, found, remedy = refused(tmp_path / "x")
    assert (expected, found) == ("a file of at most 50 MB", "51 MB")
    assert "Export the results table without the raw data" in remedy


def test_the_largest_file_that_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(input_file, "LIMIT", 1000)
    (tmp_path / "x").write_bytes(b"x" * 1000)
    assert len(read_input(tmp_path / "x")) == 1000
    (tmp_path / "x").write_bytes(b"x" * 1001)
    assert refused(tmp_path / "x")[0].startswith("a file of at most")


@pytest.mark.parametrize("change", ["longer", "shorter", "other"])
def test_a_file_that_is_written_while_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"x" * 100)
    check = input_file._check

    def check_and_write(found: os.stat_result) -> None:
        check(found)
        path.write_bytes({"longer": b"x" * 200, "shorter": b"x", "other": b"y" * 100}[change])
        os.utime(path, (1, 1))

    monkeypatch.setattr(input_file, "_check", check_and_write)
    expected, found, remedy = refused(path)
    assert expected == "a file that nobody is writing to"
    assert found == "a file that changed while it was read"
    assert remedy == "Wait until the export is complete, then start again."


def test_a_disk_that_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "x").write_bytes(b"x")

    def failing(_: os.stat_result) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(input_file, "_check", failing)
    assert refused(tmp_path / "x") == ("a readable file (Input/output error)", "", "")


@pytest.mark.skipif(
    not Path("/proc/self/fd").is_dir(), reason="this system does not list open files"
)
def test_no_file_is_left_open(tmp_path: Path) -> None:
    def n_open() -> int:
        return len(os.listdir("/proc/self/fd"))

    (tmp_path / "x").write_bytes(b"x")
    before = n_open()
    for _ in range(5):
        read_input(tmp_path / "x")
        refused(tmp_path)
        refused(tmp_path / "y")
    assert n_open() == before


def test_links_inside_and_out(tmp_path: Path) -> None:
    study, elsewhere = tmp_path / "study", tmp_path / "study of others"
    for folder in (study / "data", elsewhere):
        folder.mkdir(parents=True)
        (folder / "run.txt").write_bytes(b"x")
    (study / "inner").symlink_to(study / "data" / "run.txt")
    (study / "outer").symlink_to(elsewhere / "run.txt")
    (study / "folder").symlink_to(elsewhere)
    (tmp_path / "alias").symlink_to(study)
    assert outside(study / "data/run.txt", study) == ""
    assert outside(study / "inner", study) == ""
    assert outside(study, study) == ""
    assert outside(tmp_path / "alias/data/run.txt", study) == ""
    assert outside(study / "data/run.txt", tmp_path / "alias") == ""
    beside = os.path.join("..", "study of others", "run.txt")
    assert outside(study / "outer", study) == beside
    assert outside(study / "folder/run.txt", study) == beside
    assert outside(study / "data/../../study of others/run.txt", study) == beside
    assert outside(study / "absent.txt", study) == ""
    assert read_input(study / "outer") == b"x"
