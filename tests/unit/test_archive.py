"""Zip archives: only what instruments write, checked where it is read, never on disk."""

from __future__ import annotations

import io
import struct
import warnings
import zipfile

import pytest

from mrdq import archive
from mrdq.archive import Archive
from mrdq.errors import MrdqError

AGAIN = (
    "The file is damaged or cut off. Export the run again, or copy it again from the instrument."
)
STRANGE = "an archive as instruments and spreadsheet programs write it"
LOCAL, CENTRAL = b"PK\x03\x04", b"PK\x01\x02"


def zipped(
    members: list[tuple[str, bytes]], method: int = zipfile.ZIP_DEFLATED, comment: bytes = b""
) -> bytes:
    data = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(data, "w", method) as made:
        warnings.simplefilter("ignore")  # a name that is there twice is the point of a test
        for name, content in members:
            made.writestr(zipfile.ZipInfo(name), content, compress_type=method)
        made.comment = comment
    return data.getvalue()


def message(data: bytes, member: str = "") -> str:
    with pytest.raises(MrdqError) as caught:
        Archive(data, "run.eds").read(member)
    (problem,) = caught.value.problems
    assert problem.file == "run.eds"
    return str(problem)


def patched(data: bytes, mark: bytes, offset: int, value: bytes) -> bytes:
    """Bytes at an offset from the last ``mark`` replaced."""
    at = data.rindex(mark) + offset
    return data[:at] + value + data[at + len(value) :]


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_members(method: int) -> None:
    made = Archive(zipped([("a/b.xml", b"one" * 1000), ("a/", b""), ("Ä", b"")], method), "run.eds")
    assert made.members == ["a/b.xml", "a/", "Ä"]
    assert made.read("a/b.xml") == b"one" * 1000
    assert made.read("Ä") == b""
    assert made.name == "run.eds"


def test_an_archive_without_members() -> None:
    assert Archive(zipped([]), "run.eds").members == []


def test_an_archive_behind_other_bytes_or_with_a_comment() -> None:
    data = zipped([("a", b"one")], comment=b"made by an instrument")
    assert Archive(data, "x").read("a") == b"one"


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04", b"no archive at all" * 10])
def test_what_is_no_archive(data: bytes) -> None:
    found = message(data)
    assert "expected a whole archive" in found
    assert found.endswith(AGAIN)


def test_cut_off_anywhere() -> None:
    data = zipped([("a", b"one" * 50), ("b", b"two" * 50)])
    for length in range(len(data)):
        assert "expected a whole archive" in message(data[:length])


def test_any_byte_changed_is_an_error_or_the_same_content() -> None:
    """No other exception, and never other bytes of a member under its own name."""
    members = {"a": b"one" * 20, "b": b"two" * 20}
    data = zipped(list(members.items()))
    for index in range(len(data)):
        for flip in (0x01, 0x80, 0xFF):
            spoilt = data[:index] + bytes([data[index] ^ flip]) + data[index + 1 :]
            try:
                made = Archive(spoilt, "x")
                for name in made.members:
                    assert made.read(name) in members.values()
            except MrdqError:
                continue


def test_a_damaged_member_that_is_not_read_changes_nothing() -> None:
    data = zipped([("a", b"one"), ("b", b"two")], zipfile.ZIP_STORED).replace(b"two", b"tWo")
    made = Archive(data, "run.eds")
    assert made.read("a") == b"one"
    found = message(data, "b")
    assert "found \"b: Bad CRC-32 for file 'b'\", expected a whole archive" in found
    assert found.endswith(AGAIN)


@pytest.mark.parametrize(
    "name", ["../x", "a/../../x", "/etc/x", "\\x", "a\\..\\..\\x", "C:\\x", "C:/x", ".."]
)
def test_members_outside_of_the_archive(name: str) -> None:
    found = message(zipped([("a", b""), (name, b"")]), "a")
    assert f'found "a member that lies outside of the archive", expected {STRANGE}' in found
    assert f"column member {name[:3]}" in found
    assert "Nothing of it was read. Export the run again" in found


def test_names_that_only_look_odd() -> None:
    names = ["a..b", "...", "a/..b/c", "a:b", "x" * 200]
    assert Archive(zipped([(name, b"") for name in names]), "x").members == names


def test_encrypted_members() -> None:
    data = patched(patched(zipped([("a", b"one")]), CENTRAL, 8, b"\x01"), LOCAL, 6, b"\x01")
    assert f'column member a: found "a member that is encrypted", expected {STRANGE}' in message(data)  # fmt: skip


def test_two_members_of_one_name() -> None:
    found = message(zipped([("a", b"one"), ("a", b"two")]), "a")
    assert f'run.eds: found "several members of the same name", expected {STRANGE}' in found


def test_more_members_than_any_instrument_writes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MEMBERS", 3)
    assert len(Archive(zipped([(str(n), b"") for n in range(3)]), "x").members) == 3
    found = message(zipped([(str(n), b"") for n in range(4)]), "0")
    assert f'found "4 members", expected {STRANGE}' in found


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_packings_that_unpack_more_than_they_state(method: int) -> None:
    """Both are unpacked as a whole, whatever size the archive states."""
    data = zipped([("a", b"\0" * 10_000_000), ("b", b"")], method)
    assert Archive(data, "x").members == ["a", "b"]
    assert f'found "a member that is packed in an unusual way", expected {STRANGE}' in message(data, "a")  # fmt: skip


def test_a_packing_that_nobody_knows() -> None:
    data = zipped([("a", b"one")])
    spoilt = patched(patched(data, CENTRAL, 10, b"\x63"), LOCAL, 8, b"\x63")
    assert "packed in an unusual way" in message(spoilt, "a")


def test_a_member_that_says_it_is_huge() -> None:
    data = zipped([("a", b"one"), ("b", b"two")])
    huge = patched(data, CENTRAL, 24, struct.pack("<L", archive.LIMIT + 1_000_000))
    assert Archive(huge, "run.eds").read("a") == b"one"
    found = message(huge, "b")
    assert 'column member b: found "49 MB", expected a member of at most 48 MB' in found
    assert found.endswith("The file is none that an instrument has written, or is damaged.")


def test_a_member_that_is_larger_than_it_says() -> None:
    """No more is unpacked than the directory states, and the check sum then differs."""
    data = zipped([("a", b"\0" * 5_000_000)])
    assert len(data) < 10_000
    small = patched(data, CENTRAL, 24, struct.pack("<L", 1000))
    assert "Bad CRC-32" in message(small, "a")


def test_names_in_messages_are_kept_short() -> None:
    found = message(zipped([("../" + "x" * 5000, b"")]))
    assert len(found) < 400
