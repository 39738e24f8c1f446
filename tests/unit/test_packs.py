"""Packs: whatever happens to them, a key gives its own value or none."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mrdq import packs, storage
from mrdq.errors import MrdqError
from mrdq.packs import Packer, Packs, prune


def key(number: int) -> bytes:
    return hashlib.sha256(b"%d" % number).digest()


def value(number: int) -> bytes:
    return b"value %d " % number * (number % 7)


ALL = {key(n): value(n) for n in range(20)}


def put(folder: Path, numbers: range) -> list[Path]:
    packer = Packer(folder)
    packer.add((key(n), value(n)) for n in numbers)
    packer.close()
    return packer.written


def found(folder: Path) -> dict[bytes, bytes]:
    kept = Packs(folder)
    return {name: got for name in ALL if (got := kept.get(name)) is not None}


def some(numbers: range) -> dict[bytes, bytes]:
    return {key(n): value(n) for n in numbers}


def test_what_is_put_is_found(tmp_path: Path) -> None:
    put(tmp_path, range(12))
    put(tmp_path, range(8, 20))
    assert found(tmp_path) == ALL
    assert set(Packs(tmp_path)) == set(ALL)
    assert Packs(tmp_path).get(key(99)) is None


def test_a_folder_that_is_not_there_holds_nothing(tmp_path: Path) -> None:
    assert found(tmp_path / "none") == {}
    assert prune(tmp_path / "none", set(ALL)) == 0
    assert not (tmp_path / "none").exists()


def test_nothing_to_put_writes_nothing(tmp_path: Path) -> None:
    assert put(tmp_path / "none", range(0)) == []
    assert not (tmp_path / "none").exists()


def test_the_same_entries_are_the_same_file(tmp_path: Path) -> None:
    packer = Packer(tmp_path)
    packer.add((key(n), value(n)) for n in reversed(range(20)))
    packer.close()
    assert put(tmp_path, range(20)) == packer.written
    assert len(list(tmp_path.iterdir())) == 1


def test_many_entries_are_several_packs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packs, "_LARGE", 100)
    assert len(put(tmp_path, range(20))) > 2
    assert found(tmp_path) == ALL


def test_what_is_not_written_yet_is_no_pack(tmp_path: Path) -> None:
    """A process that was killed leaves a file under a temporary name."""
    (pack,) = put(tmp_path, range(20))
    pack.rename(pack.with_name(f".{pack.name}.host.1.tmp"))
    assert found(tmp_path) == {}


def test_every_cut_gives_what_is_whole_or_nothing(tmp_path: Path) -> None:
    (pack,) = put(tmp_path, range(3))
    data = pack.read_bytes()
    for end in range(len(data)):
        pack.write_bytes(data[:end])
        assert found(tmp_path) == {}, end


def test_every_byte_that_changes_is_noticed(tmp_path: Path) -> None:
    (pack,) = put(tmp_path, range(3))
    data = pack.read_bytes()
    for at in range(len(data)):
        pack.write_bytes(data[:at] + bytes([data[at] ^ 0x21]) + data[at + 1 :])
        assert found(tmp_path).items() <= ALL.items(), at
    assert found(tmp_path).items() < some(range(3)).items()


@settings(max_examples=30)
@given(st.binary(max_size=300), st.booleans())
def test_bytes_of_any_kind_are_no_pack(data: bytes, at_the_end: bool) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (pack,) = put(folder, range(3))
        pack.write_bytes(pack.read_bytes() + data if at_the_end else data)
        put(folder, range(3, 20))
        assert some(range(3, 20)).items() <= found(folder).items() <= ALL.items()


def test_an_entry_of_another_key_is_not_taken(tmp_path: Path) -> None:
    """A directory whose own sum is right, and that names another entry."""
    (pack,) = put(tmp_path, range(2))
    data = pack.read_bytes()
    end = packs._END.size
    listed = data[-end - 2 * packs._ENTRY.size : -end]
    rows = [packs._ENTRY.unpack_from(listed, i * packs._ENTRY.size) for i in range(2)]
    swapped = b"".join(packs._ENTRY.pack(rows[i][0], *rows[1 - i][1:]) for i in range(2))
    body = data[: -end - len(listed)]
    pack.write_bytes(body + swapped + packs._END.pack(2, hashlib.sha256(swapped).digest()))
    assert found(tmp_path) == {}


@pytest.mark.parametrize("odd", ["folder", "pipe", "link to nothing", "empty", "unreadable"])
def test_what_is_no_file_is_no_pack(tmp_path: Path, odd: str) -> None:
    path = tmp_path / "odd.pack"
    if odd == "folder":
        path.mkdir()
    elif odd == "pipe":
        os.mkfifo(path)
    elif odd == "link to nothing":
        path.symlink_to("nothing")
    else:
        path.write_bytes(b"")
        path.chmod(0o000 if odd == "unreadable" else 0o600)
    put(tmp_path, range(20))
    assert found(tmp_path) == ALL


def test_pruned_to_one_pack_with_what_is_wanted(tmp_path: Path) -> None:
    put(tmp_path, range(12))
    put(tmp_path, range(8, 20))
    assert prune(tmp_path, set(some(range(5, 15)))) == 10
    assert found(tmp_path) == some(range(5, 15))
    assert len(list(tmp_path.glob("*.pack"))) == 1
    assert prune(tmp_path, set(some(range(5, 15)))) == 0
    assert found(tmp_path) == some(range(5, 15))
    assert prune(tmp_path, set()) == 10
    assert list(tmp_path.iterdir()) == []


def test_damaged_packs_are_pruned(tmp_path: Path) -> None:
    (pack,) = put(tmp_path, range(12))
    pack.write_bytes(pack.read_bytes()[:-1])
    put(tmp_path, range(12, 20))
    prune(tmp_path, set(ALL))
    assert not pack.exists()
    assert found(tmp_path) == some(range(12, 20))


def test_who_reads_while_it_is_pruned_finds_it_or_makes_it_again(tmp_path: Path) -> None:
    put(tmp_path, range(12))
    put(tmp_path, range(12, 20))
    reading = Packs(tmp_path)
    reading.load()
    prune(tmp_path, set(ALL))
    assert {reading.get(name) for name in ALL} == {None}
    assert found(tmp_path) == ALL


def test_what_others_write_while_it_is_pruned_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path, range(12))
    close = Packer.close

    def meanwhile(packer: Packer) -> None:
        monkeypatch.setattr(Packer, "close", close)
        put(tmp_path, range(12, 20))
        close(packer)

    monkeypatch.setattr(Packer, "close", meanwhile)
    assert prune(tmp_path, set(some(range(3)))) == 9
    assert found(tmp_path) == some(range(3)) | some(range(12, 20))


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("no folder")
    with pytest.raises(MrdqError) as told:
        put(tmp_path / "cache", range(3))
    assert told.value.problems[0].expected == "a file that can be written"


_WRITER = """
import sys
import tempfile
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from test_packs import put, found, prune, ALL
folder, start = Path(sys.argv[1]), int(sys.argv[3])
for first in range(start, start + 5):
    put(folder, range(first, first + 1))
    assert found(folder).items() <= ALL.items()
    if first % 3 == 0:
        prune(folder, set(ALL))
"""


def test_many_write_and_prune_at_once(tmp_path: Path) -> None:
    """Nobody fails, nobody reads a wrong value, and what is lost to a race is only to be made again."""
    processes = [
        subprocess.Popen([sys.executable, "-c", _WRITER, tmp_path, Path(__file__).parent, str(n)])
        for n in (0, 3, 6)
    ]
    assert [process.wait() for process in processes] == [0, 0, 0]
    assert found(tmp_path).items() <= ALL.items()
    assert len(found(tmp_path)) > 4
    assert not [path for path in tmp_path.iterdir() if path.suffix != ".pack"]


def test_a_pack_is_put_in_one_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put_in_place: list[Path] = []
    real = storage.write_kept

    def noted(path: Path, data: bytes) -> None:
        put_in_place.append(path)
        real(path, data)

    monkeypatch.setattr(storage, "write_kept", noted)
    assert put(tmp_path, range(20)) == put_in_place
