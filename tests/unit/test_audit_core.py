"""The core of the audit trail: tree hashes, canonical JSON, files, records, jobs, blocks."""

from __future__ import annotations

import datetime as dt
import errno
import hashlib
import io
import json
import os
import platform
import random
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mrdq.audit import merkle, trail
from mrdq.audit import seal as sealing
from mrdq.audit.canonical import canonical, parsed
from mrdq.audit.chain import NO_BLOCK, block_name, read_chain
from mrdq.audit.files import FileState, files_root, path_in, read_regular, state_of
from mrdq.audit.job import Job, close_unfinished, pending_jobs, process_start, recorded
from mrdq.audit.record import (
    BEGUN,
    DONE,
    FAILED,
    UNFINISHED,
    Record,
    file_name,
    in_order,
    read_record,
)
from mrdq.audit.seal import records_root, seal
from mrdq.audit.site import Site, here, software
from mrdq.audit.trail import Trail, remove_leftovers, write_once
from mrdq.errors import MrdqError
from mrdq.processes import is_gone as process_is_gone

START = dt.datetime(2024, 3, 1, 12, tzinfo=dt.UTC)
ROOT_SEES_ALL = os.name == "nt" or os.geteuid() == 0


class Clock:
    """A clock that goes on by a second each time it is read, and can be set."""

    def __init__(self, start: dt.datetime = START) -> None:
        self.stands = start

    def __call__(self) -> dt.datetime:
        self.stands += dt.timedelta(seconds=1)
        return self.stands


@pytest.fixture
def site() -> Site:
    return Site(platform.node(), "analyst", "operator A", now=Clock())


def put(root: Path, path: str, text: str = "text\n") -> Path:
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(text, encoding="utf-8")
    return root / path


def one_job(root: Path, site: Site, action: str = "call", **files: str) -> str:
    """A job that reads ``in`` and writes the files it is given; the name of its record."""
    before = set(trail.names(Trail(root).records))
    with recorded(root, action, site) as job:
        for name, text in files.items():
            job.writes(put(root, f"results/{name}.tsv", text))
    (name,) = set(trail.names(Trail(root).records)) - before
    return name


def content_of(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_bytes())
    return found


def records(root: Path) -> list[dict[str, Any]]:
    folder = Trail(root).records
    return [content_of(folder / name) for name in trail.names(folder)]


def nothing_left_over(root: Path) -> bool:
    return not [path for path in (root / "audit").rglob("*") if path.name.startswith(".")]


def gone_process() -> int:
    """The number of a process that has ended."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    return process.pid


# --- Merkle tree hashes -------------------------------------------------------------------------

# google/certificate-transparency, python/ct/crypto/merkle_test.py (4bfca49), test_vector_leaves
# and test_vector_hashes; the same in transparency-dev/merkle, testonly/constants.go (582a6ad).
LEAVES = ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")  # fmt: skip
ROOTS = (
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)


@pytest.mark.parametrize("size", range(9))
def test_reference_roots_of_certificate_transparency(size: int) -> None:
    assert merkle.root([bytes.fromhex(leaf) for leaf in LEAVES[:size]]) == ROOTS[size]


def tree_hash(entries: list[bytes]) -> bytes:
    """RFC 6962, section 2.1, word by word."""
    if not entries:
        return hashlib.sha256().digest()
    if len(entries) == 1:
        return hashlib.sha256(b"\x00" + entries[0]).digest()
    k = 1
    while 2 * k < len(entries):
        k *= 2
    return hashlib.sha256(b"\x01" + tree_hash(entries[:k]) + tree_hash(entries[k:])).digest()


@pytest.mark.parametrize("size", range(71))
def test_roots_are_those_of_the_recursive_definition(size: int) -> None:
    entries = [hashlib.sha256(bytes([n])).digest()[: n % 33] for n in range(size)]
    assert merkle.root(entries) == tree_hash(entries).hex()
    assert merkle.root(iter(entries)) == tree_hash(entries).hex()


@given(st.lists(st.binary(max_size=5), min_size=2, max_size=20), st.data())
def test_the_order_of_leaves_counts(entries: list[bytes], data: st.DataObject) -> None:
    other = data.draw(st.permutations(entries))
    assert (merkle.root(other) == merkle.root(entries)) == (other == entries)


# --- Canonical JSON -----------------------------------------------------------------------------

# What a file's name can hold: any text, and bytes that are no UTF-8 (as Python shows them).
TEXT = st.text() | st.binary(max_size=8).map(os.fsdecode)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)


@given(JSON)
def test_canonical_json_comes_back_and_is_stable(content: Any) -> None:
    data = canonical(content)
    assert parsed(data) == json.loads(data.decode("utf-8", "surrogateescape"))
    assert canonical(parsed(data)) == data
    assert data.endswith(b"\n")
    assert data.count(b"\n") == 1


@given(st.dictionaries(st.text(max_size=3), st.integers(), max_size=6), st.randoms())
def test_the_order_of_keys_is_that_of_their_text(
    content: dict[str, int], chance: random.Random
) -> None:
    shuffled = list(content.items())
    chance.shuffle(shuffled)
    assert canonical(dict(shuffled)) == canonical(content)
    assert list(parsed(canonical(content))) == sorted(content)


def test_canonical_json_is_plain_utf_8() -> None:
    content = {"b": [1, "ü", None, True], "a": "/", "Z": {}, "µ": 10**30}
    text = '{"Z":{},"a":"/","b":[1,"ü",null,true],"µ":1000000000000000000000000000000}\n'
    assert canonical(content) == text.encode()


def test_a_name_that_is_no_utf_8_comes_back_as_its_bytes() -> None:
    name = os.fsdecode(b"data/\xff\xe9.csv")
    assert canonical([name]) == b'["data/\xff\xe9.csv"]\n'
    assert parsed(canonical([name])) == [name]


@pytest.mark.parametrize("content", [1.0, [0.5], {"a": {"b": [float("nan")]}}, (1e300,)])
def test_floats_are_refused(content: Any) -> None:
    with pytest.raises(TypeError, match="a float in canonical JSON"):
        canonical(content)


@pytest.mark.parametrize("content", [{1: "a"}, {None: 1}, [{("a", "b"): 1}]])
def test_keys_are_text(content: Any) -> None:
    with pytest.raises(TypeError, match="a key in canonical JSON that is no text"):
        canonical(content)


SPELT_OTHERWISE = {
    "a space": b'{"a": 1}\n', "a space before": b' {"a":1}\n', "no newline": b'{"a":1}',
    "two newlines": b'{"a":1}\n\n', "carriage return": b'{"a":1}\r\n', "key order": b'{"b":1,"a":2}\n',
    "a key twice": b'{"a":1,"a":1}\n', "an escape": b'{"\\u0061":1}\n', "an escaped slash": b'["\\/"]\n',
    "an umlaut escaped": b'["\\u00fc"]\n', "half a pair": b'["\\ud800"]\n', "a float": b"[1.0]\n",
    "an exponent": b"[1e3]\n", "not a number": b"[NaN]\n", "infinity": b"[-Infinity]\n", "minus zero": b"[-0]\n",
    "a leading zero": b"[01]\n", "a mark at the start": b'\xef\xbb\xbf{"a":1}\n', "a comment": b'{"a":1}//\n',
    "a comma too many": b'["a",]\n', "two values": b"1\n2\n", "nothing": b"", "UTF-16": '{"a":1}\n'.encode("utf-16-le"),
    "a tab in text": b'["\t"]\n', "a NUL": b'["a"]\n\x00', "digits without end": b"9" * 5000 + b"\n",
}  # fmt: skip


@pytest.mark.parametrize("data", SPELT_OTHERWISE.values(), ids=SPELT_OTHERWISE.keys())
def test_any_other_spelling_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        parsed(data)


@given(JSON, st.data())
def test_a_byte_changed_is_other_content_or_refused(content: Any, data: st.DataObject) -> None:
    before = canonical(content)
    at = data.draw(st.integers(0, len(before) - 1))
    after = bytearray(before)
    after[at] ^= data.draw(st.integers(1, 255))
    try:
        changed = parsed(bytes(after))
    except ValueError:
        return
    assert canonical(changed) == bytes(after) != before


# --- Files --------------------------------------------------------------------------------------


def test_paths_are_named_as_in_the_study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = tmp_path / "study"
    assert path_in(root, root / "data" / "a.csv") == "data/a.csv"
    assert path_in(root, root / "data" / ".." / "config" / "b") == "config/b"
    assert path_in(root, root / ".." / "study" / "c") == "c"
    assert path_in(root, tmp_path / "study-2" / "d") == (tmp_path / "study-2" / "d").as_posix()
    assert path_in(root, root / ".." / "e") == (tmp_path / "e").as_posix()
    assert path_in(Path("/"), Path("/etc/f")) == "etc/f"
    monkeypatch.chdir(tmp_path)
    assert path_in(Path("study"), Path("study/g")) == "g"
    assert path_in(root, Path("study/g")) == "g"


@pytest.mark.parametrize(
    ("path", "under_seal"),
    [
        ("data/a.csv", True),
        ("a", True),
        ("/elsewhere/a.csv", False),
        (".mrdq/batches/b/wells.parquet", False),
    ],
)
def test_what_lies_elsewhere_and_caches_are_not_under_seal(path: str, under_seal: bool) -> None:
    assert FileState(path, 1, "").under_seal == under_seal


def test_a_link_is_named_as_the_study_knows_it(tmp_path: Path) -> None:
    put(tmp_path, "elsewhere/a.csv")
    (tmp_path / "study/data").mkdir(parents=True)
    (tmp_path / "study/data/a.csv").symlink_to(tmp_path / "elsewhere/a.csv")
    name = path_in(tmp_path / "study", tmp_path / "study/data/a.csv")
    assert name == "data/a.csv"
    assert state_of(tmp_path / "study", name) == FileState(
        name, 5, hashlib.sha256(b"text\n").hexdigest()
    )


def test_the_state_of_a_file_is_that_of_its_bytes(tmp_path: Path) -> None:
    data = bytes(range(256)) * 5000
    (tmp_path / "a").write_bytes(data)
    assert state_of(tmp_path, "a") == FileState("a", len(data), hashlib.sha256(data).hexdigest())
    assert read_regular(tmp_path / "a") == data
    (tmp_path / "b").touch()
    assert state_of(tmp_path, "b") == FileState("b", 0, hashlib.sha256().hexdigest())


def no_files(folder: Path) -> list[str]:
    (folder / "folder").mkdir()
    (folder / "broken").symlink_to("nowhere")
    (folder / "round").symlink_to("round")
    os.mkfifo(folder / "pipe")
    put(folder, "file")
    return ["folder", "broken", "round", "pipe", "not there", "file/below", "no\0name", "a" * 300, "\ud800", "/dev/null"]  # fmt: skip


def test_what_is_no_regular_file_has_no_state(tmp_path: Path) -> None:
    for name in no_files(tmp_path):
        assert state_of(tmp_path, name) is None, name


def test_reading_what_is_no_regular_file_ends(tmp_path: Path) -> None:
    for name in no_files(tmp_path):
        with pytest.raises((OSError, ValueError)):
            read_regular(tmp_path / name)


def test_the_root_of_files_is_that_of_their_lines_by_path() -> None:
    states = {
        name: FileState(name, n, f"{n:064x}") for n, name in enumerate(("b", "a", "\udcff", "c"))
    }
    lines = [
        f"{states[n].sha256} {states[n].size} {n}\n".encode("utf-8", "surrogateescape")
        for n in sorted(states)
    ]
    assert files_root(states) == tree_hash(lines).hex()
    assert files_root({}) == ROOTS[0]


# --- Writing once -------------------------------------------------------------------------------


def test_a_file_is_written_once(tmp_path: Path) -> None:
    path = tmp_path / "audit/records/a.json"
    assert write_once(path, b"first")
    assert not write_once(path, b"second")
    assert path.read_bytes() == b"first"
    assert path.stat().st_nlink == 1
    assert nothing_left_over(tmp_path)


def test_of_many_writers_one_wins(tmp_path: Path) -> None:
    path, start = tmp_path / "audit/a.json", threading.Barrier(16)
    won: list[bytes] = []

    def write(number: int) -> None:
        data = f"{number}\n".encode() * 10_000
        start.wait()
        if write_once(path, data):
            won.append(data)

    threads = [threading.Thread(target=write, args=(n,)) for n in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert won == [path.read_bytes()]
    assert nothing_left_over(tmp_path)


def test_an_answer_that_was_lost_is_a_success(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A network filesystem links, loses the answer, asks again, and hears that the name is taken."""
    link = os.link

    def link_and_forget(source: Path, target: Path) -> None:
        link(source, target)
        link(source, target)

    monkeypatch.setattr(os, "link", link_and_forget)
    assert write_once(tmp_path / "a.json", b"first")
    assert not write_once(tmp_path / "a.json", b"second")


@pytest.mark.parametrize("call", ["link", "fsync", "open"])
@pytest.mark.parametrize(
    "number", [errno.ENOSPC, errno.EROFS, errno.EDQUOT, errno.EPERM, errno.EIO]
)
def test_a_disk_that_refuses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, number: int
) -> None:
    def refuses(*_: Any, **__: Any) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(*((Path, "open") if call == "open" else (os, call)), refuses)
    with pytest.raises(MrdqError) as caught:
        write_once(tmp_path / "audit/records/a.json", b"content")
    (problem,) = caught.value.problems
    assert problem.file == str(tmp_path / "audit/records/a.json")
    assert problem.found == os.strerror(number)
    assert (
        problem.expected == "a folder for the audit trail in which files can be written and linked"
    )
    assert "Nothing is done without a record" in problem.remedy
    monkeypatch.undo()
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("in_the_way", ["audit", "audit/records"])
def test_a_file_in_place_of_the_folder(tmp_path: Path, site: Site, in_the_way: str) -> None:
    put(tmp_path, in_the_way)
    with (
        pytest.raises(MrdqError, match="expected a folder for the audit trail"),
        recorded(tmp_path, "call", site),
    ):
        pytest.fail("a job began that cannot be recorded")
    assert (tmp_path / in_the_way).read_text() == "text\n"


@pytest.mark.skipif(ROOT_SEES_ALL, reason="rights do not bind the superuser")
@pytest.mark.parametrize("closed", ["audit", "audit/pending", "audit/records"])
def test_a_folder_that_is_read_only(tmp_path: Path, site: Site, closed: str) -> None:
    for name in ("pending", "records"):
        (tmp_path / "audit" / name).mkdir(parents=True)
    folders = [tmp_path / "audit", *(tmp_path / "audit").iterdir()]
    wanted = [folder for folder in folders if folder.is_relative_to(tmp_path / closed)]
    for folder in wanted:
        folder.chmod(0o555)
    try:
        with pytest.raises(MrdqError, match="Permission denied"), recorded(tmp_path, "call", site):
            pytest.fail("a job began that cannot be recorded")
    finally:
        for folder in wanted:
            folder.chmod(0o755)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_leftovers_of_processes_that_have_ended_are_removed(tmp_path: Path) -> None:
    host, gone, node = platform.node(), gone_process(), "host.of.another.name"
    ended = f".{'0' * 32}.{host}.{gone}.tmp"
    kept = [
        f".{'1' * 32}.{host}.{os.getpid()}.tmp",
        f".{'2' * 32}.{node}.{gone}.tmp",
        f".{host}.tmp",
        "a.tmp",
        ".b",
    ]
    for name in (ended, *kept):
        put(tmp_path, name)
    remove_leftovers(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(kept)
    remove_leftovers(tmp_path / "not there")
    remove_leftovers(tmp_path / "a.tmp")


def test_a_process_that_nobody_asked_after_has_ended() -> None:
    if sys.platform != "linux":
        pytest.skip("/proc is Linux's")
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert process_is_gone(platform.node(), process.pid)
    assert not process_is_gone(platform.node(), os.getpid())
    assert not process_is_gone("another host", process.pid)


def test_names_are_those_without_a_dot(tmp_path: Path) -> None:
    for name in ("b.json", "a.json", ".c.json", "d.sig"):
        put(tmp_path, name)
    assert trail.names(tmp_path) == ["a.json", "b.json"]
    assert trail.names(tmp_path, "") == ["a.json", "b.json", "d.sig"]
    assert trail.names(tmp_path / "none") == []


def test_a_folder_that_cannot_be_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses(_: Path) -> list[str]:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(os, "listdir", refuses)
    with pytest.raises(MrdqError, match=r"expected a folder that can be read\. Mend the rights"):
        trail.names(tmp_path)


# --- Records ------------------------------------------------------------------------------------


def test_a_record_says_what_was_done(tmp_path: Path, site: Site) -> None:
    export, outside = put(tmp_path, "study/data/a.csv", "Cq\n"), put(tmp_path, "plan.tsv", "plan\n")
    root = tmp_path / "study"
    site = replace(site, rule="call", job="7", cluster="slurm 12")
    with recorded(root, "call", site, {"guideline": "lab", "n": 3}) as job:
        assert next(iter(pending_jobs(root).values()))["action"] == "call"
        job.reads("data/a.csv", outside, root / "not there")
        job.read_as("data/b.csv", 3, "0" * 64)
        job.writes(put(root, "results/calls.tsv"), keep=True)
        job.removes("results/old.tsv")
        job.runs = ["R2", "R1"]
    assert pending_jobs(root) == {}
    (name,) = trail.names(Trail(root).records)
    data = (Trail(root).records / name).read_bytes()
    digest = hashlib.sha256(data).hexdigest()
    assert name == f"20240301T120001Z-call-{digest[:16]}.json"
    record = read_record(name, data)
    assert (record.sha256, record.state, record.message) == (digest, DONE, "")
    assert (record.started, record.ended) == (
        "2024-03-01T12:00:01.000000Z",
        "2024-03-01T12:00:02.000000Z",
    )
    assert (record.host, record.user, record.operator) == (platform.node(), "analyst", "operator A")
    assert (record.rule, record.job, record.cluster) == ("call", "7", "slurm 12")
    assert record.parameters == {"guideline": "lab", "n": 3}
    assert [(s.path, s.size) for s in record.files("inputs")] == [
        (outside.as_posix(), 5), ("data/a.csv", 3), ("data/b.csv", 3)]  # fmt: skip
    assert record.files("inputs")[1].sha256 == hashlib.sha256(export.read_bytes()).hexdigest()
    assert [s.path for s in record.files("outputs")] == record.keep == ["results/calls.tsv"]
    assert (record.removed, record.runs) == (["results/old.tsv"], ["R1", "R2"])
    assert (record.process, record.process_start) == (os.getpid(), process_start(os.getpid()))
    assert record.software["mrdq"].startswith("mrdq ")
    assert record.software["packages"]["numpy"]
    with pytest.raises(AttributeError, match="colour"):
        _ = record.colour


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (ValueError("a bug"), "ValueError: a bug"),
        (KeyboardInterrupt(), "KeyboardInterrupt: KeyboardInterrupt"),
        (SystemExit(3), "SystemExit: 3"),
        (ValueError("half a pair: \ud800"), "ValueError: half a pair: \\ud800"),
        (ValueError("x" * 9000), f"ValueError: {'x' * 1988}"),
    ],
)
def test_a_job_that_fails_is_recorded(
    tmp_path: Path, site: Site, error: BaseException, told: str
) -> None:
    def work() -> None:
        with recorded(tmp_path, "call", site) as job:
            job.writes(put(tmp_path, "results/a.tsv"))
            raise error

    with pytest.raises(type(error)) as caught:
        work()
    assert caught.value is error
    (record,) = records(tmp_path)
    assert (record["state"], record["message"]) == (FAILED, told)
    assert [state["path"] for state in record["outputs"]] == ["results/a.tsv"]
    assert pending_jobs(tmp_path) == {}


def test_the_users_errors_are_recorded_in_their_words(tmp_path: Path, site: Site) -> None:
    with pytest.raises(MrdqError) as caught, recorded(tmp_path, "call", site):
        write_once(Path("/proc/none/a"), b"")
    assert records(tmp_path)[0]["message"] == str(caught.value)


def test_where_a_failure_cannot_be_recorded_the_announcement_stays(
    tmp_path: Path, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    def fail_on_a_full_disk() -> None:
        with recorded(tmp_path, "call", site):
            monkeypatch.setattr(os, "link", full)
            raise ValueError("the first error")

    with pytest.raises(ValueError, match="the first error"):
        fail_on_a_full_disk()
    assert [job["action"] for job in pending_jobs(tmp_path).values()] == ["call"]
    with pytest.raises(MrdqError, match="No space left"):
        one_job(tmp_path, site)
    monkeypatch.undo()
    with pytest.raises(MrdqError, match="No space left"), recorded(tmp_path, "status", site):
        monkeypatch.setattr(os, "link", full)
    assert {job["action"] for job in pending_jobs(tmp_path).values()} == {"call", "status"}
    assert records(tmp_path) == []
    assert nothing_left_over(tmp_path)


KILLED = """
import os, sys
from pathlib import Path
from mrdq.audit.job import recorded
from mrdq.audit.site import here
with recorded(Path(sys.argv[1]), "call", here("operator B"), {"n": 1}):
    os._exit(9)
"""


def kill_a_job(root: Path) -> dict[str, Any]:
    """A job in a process of its own that ends without a word; its announcement."""
    done = subprocess.run([sys.executable, "-c", KILLED, root], check=False)
    assert done.returncode == 9
    (begun,) = pending_jobs(root).values()
    return begun


def test_a_job_that_is_killed_is_recorded_by_the_next_seal(tmp_path: Path, site: Site) -> None:
    begun = kill_a_job(tmp_path)
    sealed = seal(tmp_path, site)
    assert sealed.told == ("call: a job that did not end is recorded",)
    assert (sealed.made, sealed.head.number) == (True, 1)
    (record,) = records(tmp_path)
    assert (record["state"], record["operator"]) == (UNFINISHED, "operator B")
    assert record["message"] == "the job was killed, or the machine stopped"
    assert {key: record[key] for key in begun} == begun
    assert pending_jobs(tmp_path) == {}
    assert seal(tmp_path, site).told == ()


def announce(root: Path, **changed: Any) -> None:
    """The announcement of a job of this process, but for what is ``changed``."""
    with recorded(root, "call", here("operator C"), {"n": 1}):
        (path,) = [Trail(root).pending / name for name in trail.names(Trail(root).pending)]
        begun = content_of(path)
    for name in trail.names(Trail(root).records):
        if content_of(Trail(root).records / name)["id"] == begun["id"]:
            (Trail(root).records / name).unlink()
    write_once(path, canonical(begun | changed))


def test_a_job_that_is_alive_is_left_alone(tmp_path: Path, site: Site) -> None:
    announce(tmp_path)
    assert close_unfinished(tmp_path, site) == []
    one_job(tmp_path, replace(site, now=Clock(dt.datetime(2100, 1, 1, tzinfo=dt.UTC))))
    assert close_unfinished(tmp_path, site) == []
    assert len(pending_jobs(tmp_path)) == 1


def test_the_same_done_again_does_not_end_a_job_that_is_alive(tmp_path: Path, site: Site) -> None:
    announce(tmp_path)
    with recorded(
        tmp_path, "call", replace(site, now=Clock(dt.datetime(2100, 1, 1, tzinfo=dt.UTC))), {"n": 1}
    ):
        pass
    assert close_unfinished(tmp_path, site) == []


def test_a_number_that_is_used_again_is_another_process(tmp_path: Path, site: Site) -> None:
    announce(tmp_path, process_start="1")
    assert close_unfinished(tmp_path, site) == (["call"] if sys.platform == "linux" else [])


def test_a_job_of_another_machine_waits_until_the_same_is_done(tmp_path: Path, site: Site) -> None:
    later = replace(site, now=Clock(dt.datetime(2100, 1, 1, tzinfo=dt.UTC)))
    announce(tmp_path, host="another host", process=gone_process())
    assert close_unfinished(tmp_path, site) == []
    one_job(tmp_path, later, "status")
    for parameters in ({}, {"n": 2}):
        with recorded(tmp_path, "call", later, parameters):
            pass
    with pytest.raises(ValueError, match="fails"), recorded(tmp_path, "call", later, {"n": 1}):
        raise ValueError("fails")
    with recorded(tmp_path, "call", site, {"n": 1}):  # before it began
        pass
    assert close_unfinished(tmp_path, site) == []
    with recorded(tmp_path, "call", later, {"n": 1}):
        pass
    assert close_unfinished(tmp_path, site) == ["call"]
    assert [r["host"] for r in records(tmp_path) if r["state"] == UNFINISHED] == ["another host"]


def test_a_job_killed_behind_its_record_has_its_record(tmp_path: Path, site: Site) -> None:
    one_job(tmp_path, site)
    (record,) = records(tmp_path)
    begun = {key: record[key] for key in BEGUN}
    write_once(Trail(tmp_path).pending / "x.json", canonical(begun | {"process": gone_process()}))
    assert close_unfinished(tmp_path, site) == []
    assert pending_jobs(tmp_path) == {}
    assert len(records(tmp_path)) == 1


TORN: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda _: b"",
    "half": lambda data: data[: len(data) // 2],
    "a list": lambda _: b"[]\n",
    "another form": lambda data: data.replace(b"mrdq-record-1", b"mrdq-record-9"),
    "a folder for an action": lambda data: data.replace(b'"call"', b'"../../x"'),
    "a float": lambda data: data.replace(b'{"n":1}', b'{"n":1.5}'),
    "a key too many": lambda data: data.replace(b"}\n", b',"z":1}\n'),
    "parameters that are none": lambda data: data.replace(b'{"n":1}', b"[1]"),
    "a time that is none": lambda data: data.replace(b'"started":"2', b'"started":"x'),
    "too deep": lambda _: b"[" * 100_000,
}


@pytest.mark.parametrize("tear", TORN.values(), ids=TORN.keys())
def test_an_announcement_that_was_damaged_is_still_one(
    tmp_path: Path, site: Site, tear: Callable[[bytes], bytes]
) -> None:
    kill_a_job(tmp_path)
    (path,) = Trail(tmp_path).pending.iterdir()
    torn = tear(path.read_bytes())
    assert torn != path.read_bytes()
    path.write_bytes(torn)
    assert close_unfinished(tmp_path, site) == ["unknown"]
    (record,) = records(tmp_path)
    assert (record["action"], record["state"]) == ("unknown", UNFINISHED)
    assert pending_jobs(tmp_path) == {}
    assert seal(tmp_path, site).head.number == 1
    assert {path.name for path in tmp_path.iterdir()} == {"audit"}


def test_a_damaged_record_does_not_stop_the_next_job(tmp_path: Path, site: Site) -> None:
    kill_a_job(tmp_path)
    name = one_job(tmp_path, site)
    for data in (b"", b"[]\n", b"{}\n", b"[" * 100_000, b"\xff"):
        (Trail(tmp_path).records / name).write_bytes(data)
        one_job(tmp_path, site, "status")
    assert close_unfinished(tmp_path, site) == ["call"]


def damaged(content: dict[str, Any], **changed: Any) -> tuple[str, bytes]:
    """A forged record under a name that fits its bytes."""
    data = canonical(content | changed)
    return f"20240301T120001Z-call-{hashlib.sha256(data).hexdigest()[:16]}.json", data


FORGED: dict[str, dict[str, Any]] = {
    "a key too many": {"colour": "red"}, "another form": {"schema": "mrdq-record-2"},
    "a state that is none": {"state": "fine"}, "no time": {"ended": "now"}, "a month that is none": {"ended": "2024-13-01T00:00:00.000000Z"},
    "a number for a time": {"started": 1}, "inputs of another form": {"inputs": [{"path": "a"}]},
    "no size": {"outputs": [{"path": "a", "size": "1", "sha256": "0"}]}, "a path that is none": {"removed": [1]},
    "no list": {"keep": "abc"}, "no dict": {"parameters": []}, "a folder for an action": {"action": "../x"},
}  # fmt: skip


@pytest.mark.parametrize("changed", FORGED.values(), ids=FORGED.keys())
def test_a_forged_record_is_refused_in_words(
    tmp_path: Path, site: Site, changed: dict[str, Any]
) -> None:
    name = one_job(tmp_path, site)
    forged, data = damaged(content_of(Trail(tmp_path).records / name), **changed)
    with pytest.raises(ValueError, match="it is no record of the form mrdq-record-1"):
        read_record(forged, data)
    write_once(Trail(tmp_path).records / forged, data)
    with pytest.raises(MrdqError) as caught:
        seal(tmp_path, site)
    assert (
        f'found "{forged}: it is no record of the form mrdq-record-1", expected records as they were written'
        in str(caught.value)
    )
    assert "mrdq audit verify names the file" in str(caught.value)


def test_a_record_is_held_to_its_name(tmp_path: Path, site: Site) -> None:
    name = one_job(tmp_path, site)
    data = (Trail(tmp_path).records / name).read_bytes()
    with pytest.raises(ValueError, match="its bytes are not those it is named after"):
        read_record(name, data + b" ")
    spaced = data.replace(b":", b": ", 1)
    with pytest.raises(ValueError, match="not in the canonical form"):
        read_record(f"x-{hashlib.sha256(spaced).hexdigest()[:16]}.json", spaced)


def test_records_are_ordered_by_their_end() -> None:
    made = [
        Record(name, "", {"ended": ended}) for name, ended in (("b", "2"), ("c", "1"), ("a", "2"))
    ]
    assert [record.name for record in in_order(made)] == ["c", "a", "b"]


def test_the_name_of_a_record_is_its_time_action_and_hash() -> None:
    name, data = file_name({"started": "2024-03-01T12:00:01.5Z", "action": "call"})
    assert name == f"20240301T120001Z-call-{hashlib.sha256(data).hexdigest()[:16]}.json"


def test_many_paths_of_a_job_are_ordered_and_once(tmp_path: Path) -> None:
    job = Job(tmp_path, "call", {})
    put(tmp_path, "a", "1")
    job.reads("a", tmp_path / "a")
    put(tmp_path, "a", "22")
    job.reads("./a")
    assert {path: state.size for path, state in job.inputs.items()} == {"a": 2}


# --- Blocks -------------------------------------------------------------------------------------


def block(root: Path, number: int) -> dict[str, Any]:
    return content_of(Trail(root).blocks / block_name(number))


def test_nothing_to_seal(tmp_path: Path, site: Site) -> None:
    sealed = seal(tmp_path, site)
    assert (sealed.made, sealed.head.number, sealed.head.hash) == (False, 0, NO_BLOCK)
    assert str(sealed.head) == "no block is sealed"
    assert list(tmp_path.iterdir()) == []
    one_job(tmp_path, site)
    first = seal(tmp_path, site)
    again = seal(tmp_path, site)
    assert (again.made, again.head) == (False, first.head)
    assert trail.names(Trail(tmp_path).blocks) == ["000001.json"]


def test_blocks_name_the_hash_of_the_one_before(tmp_path: Path, site: Site) -> None:
    heads = []
    for n in range(3):
        one_job(tmp_path, site, a=str(n))
        heads.append(seal(tmp_path, site).head)
    data = [(Trail(tmp_path).blocks / block_name(n)).read_bytes() for n in (1, 2, 3)]
    assert [head.hash for head in heads] == [hashlib.sha256(one).hexdigest() for one in data]
    assert [block(tmp_path, n)["previous"] for n in (1, 2, 3)] == [
        NO_BLOCK,
        heads[0].hash,
        heads[1].hash,
    ]
    assert str(heads[2]) == f"block 3, head {heads[2].hash}"
    assert heads[2].as_json() == {"block": 3, "head": heads[2].hash}
    chain = read_chain(tmp_path)
    assert (chain.problems, chain.head, chain.unsealed()) == ((), heads[2], [])


def test_a_block_holds_its_records_and_their_root(tmp_path: Path, site: Site) -> None:
    made = [one_job(tmp_path, site, action) for action in ("ingest", "call", "status")]
    seal(tmp_path, site)
    folder, content = Trail(tmp_path).records, block(tmp_path, 1)
    assert content["records"] == {
        n: hashlib.sha256((folder / n).read_bytes()).hexdigest() for n in made
    }
    leaves = [(folder / name).read_bytes() for name in sorted(made)]
    assert content["records_root"] == tree_hash(leaves).hex() == records_root(tmp_path, made)
    assert (content["user"], content["operator"], content["clock"]) == ("analyst", "operator A", "")
    assert content["software"] == software()["mrdq"]


def test_the_manifest_is_what_differs_from_the_block_before(tmp_path: Path, site: Site) -> None:
    put(tmp_path, "data/a.csv")
    with recorded(tmp_path, "call", site) as job:
        job.reads("data/a.csv", "/proc/version", put(tmp_path, ".mrdq/cache"))
        job.writes(put(tmp_path, "results/b.tsv", "1"), put(tmp_path, "results/c.tsv", "1"))
    seal(tmp_path, site)
    assert [s["path"] for s in block(tmp_path, 1)["changed"]] == [
        "data/a.csv",
        "results/b.tsv",
        "results/c.tsv",
    ]
    with recorded(tmp_path, "call", site) as job:
        job.reads("data/a.csv")
        job.writes(put(tmp_path, "results/b.tsv", "2"))
        job.removes("results/c.tsv", "results/never.tsv")
    seal(tmp_path, site)
    second = block(tmp_path, 2)
    assert [s["path"] for s in second["changed"]] == ["results/b.tsv"]
    assert second["removed"] == ["results/c.tsv"]
    assert second["n_files"] == 2
    files = read_chain(tmp_path).files
    assert {path: sealed.block for path, sealed in files.items()} == {
        "data/a.csv": 1,
        "results/b.tsv": 2,
    }
    now = {name: state_of(tmp_path, name) for name in ("data/a.csv", "results/b.tsv")}
    assert {path: sealed.state for path, sealed in files.items()} == now
    assert second["files_root"] == files_root({path: state for path, state in now.items() if state})
    assert sealing.is_as_sealed(read_chain(tmp_path), "results/b.tsv")
    put(tmp_path, "results/b.tsv", "3")
    assert not sealing.is_as_sealed(read_chain(tmp_path), "results/b.tsv")
    assert not sealing.is_as_sealed(read_chain(tmp_path), "results/c.tsv")


def test_of_several_jobs_the_last_one_counts(tmp_path: Path, site: Site) -> None:
    for text in ("1", "2", "3"):
        one_job(tmp_path, site, a=text)
    with recorded(tmp_path, "call", site) as job:
        job.removes("results/b.tsv")
    one_job(tmp_path, site, b="1")
    with recorded(tmp_path, "call", site) as job:
        job.writes(put(tmp_path, "results/c.tsv"))
        job.removes("results/c.tsv")
    seal(tmp_path, site)
    states = {s["path"]: s for s in block(tmp_path, 1)["changed"]}
    assert list(states) == ["results/a.tsv", "results/b.tsv"]
    assert states["results/a.tsv"]["sha256"] == hashlib.sha256(b"3").hexdigest()


def kept_zips(root: Path) -> list[str]:
    return trail.names(Trail(root).kept, ".zip")


def test_small_texts_are_kept_as_they_were(tmp_path: Path, site: Site) -> None:
    for text in ("1", "2"):
        with recorded(tmp_path, "call", site) as job:
            job.reads(
                put(tmp_path, "config/runs.tsv", text),
                put(tmp_path, "config/same.tsv", "="),
                keep=True,
            )
            job.reads(put(tmp_path, "data/a.csv", text))
            job.writes(put(tmp_path, "results/lost.tsv", text), keep=True)
        put(tmp_path, "results/lost.tsv", "changed before it was sealed")
        seal(tmp_path, site)
    texts = []
    for number, name in enumerate(kept_zips(tmp_path), 1):
        data = (Trail(tmp_path).kept / name).read_bytes()
        assert name == f"{number:06d}-{hashlib.sha256(data).hexdigest()[:8]}.zip"
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            texts.append({member: archive.read(member).decode() for member in archive.namelist()})
        states = {s["path"]: s["sha256"] for s in block(tmp_path, number)["changed"]}
        assert states[f"audit/kept/{name}"] == hashlib.sha256(data).hexdigest()
        assert block(tmp_path, number)["kept"] == sorted(texts[-1])
    assert texts == [{"config/runs.tsv": "1", "config/same.tsv": "="}, {"config/runs.tsv": "2"}]


def test_what_is_kept_is_put_there_piece_by_piece(
    tmp_path: Path, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealing, "PIECE", 7)
    texts = {f"{n}.tsv": "0123456789" * n for n in (0, 1, 50)}
    with recorded(tmp_path, "call", site) as job:
        job.reads(*(put(tmp_path, name, text) for name, text in texts.items()), keep=True)
    seal(tmp_path, site)
    (name,) = kept_zips(tmp_path)
    with zipfile.ZipFile(Trail(tmp_path).kept / name) as archive:
        assert {one: archive.read(one).decode() for one in archive.namelist()} == texts


def test_a_file_that_changes_while_it_is_put_there_is_not_kept(
    tmp_path: Path, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    with recorded(tmp_path, "call", site) as job:
        job.reads(*(put(tmp_path, f"{name}.tsv", name) for name in "abc"), keep=True)
    zipped = sealing._zipped

    def meanwhile(root: Path, states: list[FileState], target: Path) -> bool:
        if "b.tsv" in {state.path for state in states}:
            put(root, "b.tsv", "x")
        return zipped(root, states, target)

    monkeypatch.setattr(sealing, "_zipped", meanwhile)
    seal(tmp_path, site)
    (name,) = kept_zips(tmp_path)
    assert block(tmp_path, 1)["kept"] == ["a.tsv", "c.tsv"]
    with zipfile.ZipFile(Trail(tmp_path).kept / name) as archive:
        assert archive.namelist() == ["a.tsv", "c.tsv"]
    assert nothing_left_over(tmp_path)


def test_a_file_that_goes_while_it_is_put_there_is_not_kept(
    tmp_path: Path, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    with recorded(tmp_path, "call", site) as job:
        job.reads(put(tmp_path, "a.tsv"), keep=True)
    zipped = sealing._zipped

    def meanwhile(root: Path, states: list[FileState], target: Path) -> bool:
        (root / "a.tsv").unlink()
        return zipped(root, states, target)

    monkeypatch.setattr(sealing, "_zipped", meanwhile)
    seal(tmp_path, site)
    assert block(tmp_path, 1)["kept"] == kept_zips(tmp_path) == []
    assert nothing_left_over(tmp_path)


def test_what_a_sealer_left_that_was_killed_is_removed(tmp_path: Path, site: Site) -> None:
    with recorded(tmp_path, "call", site) as job:
        job.reads(put(tmp_path, "config/runs.tsv"), keep=True)
    left = f".{'0' * 32}.{platform.node()}.{gone_process()}.tmp"
    for folder in ("pending", "records", "blocks", "kept", "signatures"):
        put(tmp_path, f"audit/{folder}/{left}")
    put(tmp_path, "audit/kept/000001-01234567.zip")
    put(tmp_path, "audit/kept/000002-01234567.zip")  # of a sealer that is at work
    seal(tmp_path, site)
    (under_seal,) = block(tmp_path, 1)["changed"][:1]
    assert kept_zips(tmp_path) == sorted(
        [under_seal["path"].rpartition("/")[2], "000002-01234567.zip"]
    )
    assert nothing_left_over(tmp_path)


@pytest.mark.parametrize(
    ("back", "told"), [(dt.timedelta(minutes=4), False), (dt.timedelta(days=1), True)]
)
def test_a_clock_that_is_set_back_is_told(tmp_path: Path, back: dt.timedelta, told: bool) -> None:
    clock = Clock()
    site = Site(platform.node(), "analyst", now=clock)
    one_job(tmp_path, site)
    seal(tmp_path, site)
    clock.stands -= back
    one_job(tmp_path, site)
    seal(tmp_path, site)
    words = "the clock stood at 2024-02-29T12:00:06.000000Z, before 2024-03-01T12:00:03.000000Z, which was recorded already"  # fmt: skip
    assert block(tmp_path, 2)["clock"] == (words if told else "")
    assert block(tmp_path, 1)["clock"] == ""


def test_a_clock_set_back_between_a_job_and_its_seal_is_told(tmp_path: Path) -> None:
    clock = Clock()
    site = Site(platform.node(), "analyst", now=clock)
    one_job(tmp_path, site)
    clock.stands -= dt.timedelta(hours=1)
    seal(tmp_path, site)
    assert "which was recorded already" in block(tmp_path, 1)["clock"]


def three_blocks(root: Path, site: Site) -> Path:
    for n in range(3):
        one_job(root, site, a=str(n))
        seal(root, site)
    return Trail(root).blocks


def edited(path: Path, **changed: Any) -> None:
    path.write_bytes(canonical(content_of(path) | changed))


BROKEN: dict[str, tuple[Callable[[Path], Any], str]] = {
    "a block is missing": (lambda f: (f / "000002.json").unlink(), "block 2 is missing"),
    "two are missing": (lambda f: [(f / f"00000{n}.json").unlink() for n in (1, 2)], "blocks 1 to 2 are missing"),
    "another name": (lambda f: (f / "000003.json").rename(f / "3.json"), "audit/blocks/3.json is no block"),
    "a number far away": (lambda f: (f / "000003.json").rename(f / "999999999999.json"), "blocks 3 to 999999999998 are missing"),
    "digits of another script": (lambda f: (f / "²²²²²².json").touch(), "audit/blocks/²²²²²².json is no block"),
    "block 0": (lambda f: (f / "000000.json").touch(), "audit/blocks/000000.json is no block"),
    "another file": (lambda f: (f / "note.txt").touch(), "audit/blocks/note.txt is no block"),
    "a byte more": (lambda f: (f / "000002.json").write_bytes((f / "000002.json").read_bytes() + b"\n"), "block 2 is not as it was written: not in the canonical form"),
    "empty": (lambda f: (f / "000003.json").write_bytes(b""), "block 3 is not as it was written: Expecting value"),
    "not a number": (lambda f: (f / "000003.json").write_bytes(b"NaN\n"), "block 3 is not as it was written: a float"),
    "too deep": (lambda f: (f / "000003.json").write_bytes(b"[" * 100_000), "block 3 is not as it was written: "),
    "a list": (lambda f: (f / "000003.json").write_bytes(b"[]\n"), "it is no block of the form mrdq-block-1"),
    "a key too many": (lambda f: edited(f / "000003.json", more=1), "it is no block of the form mrdq-block-1"),
    "another number": (lambda f: edited(f / "000003.json", number=4), "block 3 is not as it was written: it says that it is block 4"),
    "no time": (lambda f: edited(f / "000003.json", sealed="now"), "its values are not those of the form mrdq-block-1"),
    "records in a list": (lambda f: edited(f / "000003.json", records=[]), "its values are not those"),
    "a record's hash that is none": (lambda f: edited(f / "000003.json", records={"a": 1}), "its values are not those"),
    "a file's state that is none": (lambda f: edited(f / "000003.json", changed=[{}]), "its values are not those"),
    "a path that is none": (lambda f: edited(f / "000003.json", removed=[1]), "its values are not those"),
    "a user that is none": (lambda f: edited(f / "000003.json", user=None), "its values are not those"),
    "a time edited": (lambda f: edited(f / "000002.json", sealed="2024-03-01T12:00:00.000000Z"), "block 3 does not follow on block 2: it names "),
    "another previous": (lambda f: edited(f / "000003.json", previous="f" * 64), "it names ffffffffffffffff, which is not its hash "),
    "a folder": (lambda f: [(f / "000003.json").unlink(), (f / "000003.json").mkdir()], "block 3 is not as it was written: Is a directory"),
    "a pipe": (lambda f: [(f / "000003.json").unlink(), os.mkfifo(f / "000003.json")], "block 3 is not as it was written: no regular file"),
    "a broken link": (lambda f: [(f / "000003.json").unlink(), (f / "000003.json").symlink_to("x")], "block 3 is not as it was written: No such file"),
}  # fmt: skip


@pytest.mark.parametrize(("spoil", "words"), BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_chain_is_told_and_never_gone_on_with(
    tmp_path: Path, site: Site, spoil: Callable[[Path], Any], words: str
) -> None:
    spoil(three_blocks(tmp_path, site))
    problems = read_chain(tmp_path).problems
    assert any(words in problem for problem in problems), problems
    one_job(tmp_path, site)
    before = {path: path.lstat().st_mtime_ns for path in (tmp_path / "audit").rglob("*")}
    with pytest.raises(MrdqError) as caught:
        seal(tmp_path, site)
    (problem,) = caught.value.problems
    assert problem.file == str(tmp_path / "audit")
    assert words in problem.found
    assert problem.expected == "an unbroken audit trail"
    assert "Put audit/ back from a copy." in problem.remedy
    assert before == {path: path.lstat().st_mtime_ns for path in (tmp_path / "audit").rglob("*")}


def test_reading_goes_on_behind_a_break(tmp_path: Path, site: Site) -> None:
    folder = three_blocks(tmp_path, site)
    (folder / "000002.json").write_bytes(b"")
    chain = read_chain(tmp_path)
    assert [one.number for one in chain.blocks] == [1, 3]
    assert len(chain.problems) == 2


def test_a_listing_that_lacks_a_block_is_no_break(
    tmp_path: Path, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder that is listed while others add to it can show block 3 and not yet block 2."""
    three_blocks(tmp_path, site)
    listed = os.listdir
    monkeypatch.setattr(
        os, "listdir", lambda folder: [n for n in listed(folder) if n != "000002.json"]
    )
    chain = read_chain(tmp_path)
    assert (chain.problems, chain.head.number) == ((), 3)


def test_a_record_that_a_listing_lacks_is_sealed_with_those_after_it(
    tmp_path: Path, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the next block would say that its file is as it was before."""
    made = [one_job(tmp_path, site, a=text) for text in ("1", "2")]
    listed, listings = os.listdir, []

    def lacking(folder: Path) -> list[str]:
        if Path(folder).name != "records":
            return listed(folder)
        listings.append(folder)
        if len(listings) == 1:
            return made[1:]
        if len(listings) == 2:  # while it is listed again, a job ends
            monkeypatch.setattr(os, "listdir", listed)
            made.append(one_job(tmp_path, site, a="3"))
        return listed(folder)

    monkeypatch.setattr(os, "listdir", lacking)
    seal(tmp_path, site)
    assert list(block(tmp_path, 1)["records"]) == made[:2]
    seal(tmp_path, site)
    assert list(block(tmp_path, 2)["records"]) == made[2:]
    assert read_chain(tmp_path).files["results/a.tsv"].state == state_of(tmp_path, "results/a.tsv")


def test_a_record_that_was_changed_before_it_was_sealed(tmp_path: Path, site: Site) -> None:
    name = one_job(tmp_path, site)
    path = Trail(tmp_path).records / name
    path.write_bytes(path.read_bytes().replace(b"analyst", b"another"))
    with pytest.raises(MrdqError, match="its bytes are not those it is named after"):
        seal(tmp_path, site)
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(MrdqError, match="no regular file"):
        seal(tmp_path, site)


def test_of_two_sealers_one_wins_and_the_other_says_so(
    tmp_path: Path, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other one seals between the moments in which this one reads the chain and links its block."""
    made = [one_job(tmp_path, site)]
    other = replace(site, host="host-2", user="another")
    written = sealing.write_once

    def late(path: Path, data: bytes) -> bool:
        if path.parent.name == "blocks":
            monkeypatch.setattr(sealing, "write_once", written)
            assert seal(tmp_path, other).made
            made.append(one_job(tmp_path, site, "status"))
        return written(path, data)

    monkeypatch.setattr(sealing, "write_once", late)
    sealed = seal(tmp_path, site)
    assert sealed.told == ("block 1 was sealed by another on host-2 at the same time",)
    assert (sealed.made, sealed.head.number) == (True, 2)
    assert [list(one.records) for one in read_chain(tmp_path).blocks] == [[made[0]], [made[1]]]


def test_the_other_sealer_may_leave_nothing_to_seal(
    tmp_path: Path, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    with recorded(tmp_path, "call", site) as job:
        job.reads(put(tmp_path, "config/a.tsv"), put(tmp_path, "config/b.tsv"), keep=True)
    written = sealing.write_once

    def late(path: Path, data: bytes) -> bool:
        if path.parent.name == "blocks":
            monkeypatch.setattr(sealing, "write_once", written)
            put(tmp_path, "config/b.tsv", "changed, so that the other keeps less")
            assert seal(tmp_path, replace(site, user="another")).made
        return written(path, data)

    monkeypatch.setattr(sealing, "write_once", late)
    sealed = seal(tmp_path, site)
    assert (sealed.made, sealed.head) == (False, read_chain(tmp_path).head)
    assert len(sealed.told) == 1
    assert (len(read_chain(tmp_path).blocks), block(tmp_path, 1)["kept"]) == (1, ["config/a.tsv"])
    assert len(kept_zips(tmp_path)) == 1  # the loser's is gone


# --- Site ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("variables", "told"),
    [
        ({"SLURM_JOB_ID": "12"}, "slurm 12"), ({"LSB_JOBID": "13"}, "lsf 13"), ({"PBS_JOBID": "14.s"}, "pbs 14.s"),
        ({"JOB_ID": "15"}, "grid engine 15"), ({"_CONDOR_JOB_AD": "/x/.job.ad"}, "htcondor /x/.job.ad"),
        ({"SLURM_JOB_ID": "", "JOB_ID": "15"}, "grid engine 15"), ({}, ""),
    ],
)  # fmt: skip
def test_the_schedulers_job_is_named(variables: dict[str, str], told: str) -> None:
    assert here(environment=variables).cluster == told


def test_operator_rule_and_job_are_passed_in() -> None:
    variables = {
        "MRDQ_OPERATOR": "operator A",
        "MRDQ_JOB": "{call}{7}",
        "USER": "somebody else",
    }
    site = here(environment=variables)
    assert (site.operator, site.rule, site.job) == ("operator A", "call", "7")
    assert here("operator B", variables).operator == "operator B"
    assert here(environment={}).operator == ""
    assert site.host == platform.node()
    assert site.as_json() == {"host": site.host, "user": site.user, "operator": "operator A"}


def test_the_user_is_the_systems_and_not_a_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    pwd = pytest.importorskip("pwd")
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.setenv(name, "somebody else")
    assert here().user == pwd.getpwuid(os.getuid()).pw_name

    def unknown(_: int) -> None:
        raise KeyError

    monkeypatch.setattr(pwd, "getpwuid", unknown)
    assert here().user == f"uid {os.getuid()}"


def test_times_are_utc_to_the_microsecond() -> None:
    zone = dt.timezone(dt.timedelta(hours=2))
    site = Site("h", "u", now=lambda: dt.datetime(2024, 3, 1, 1, 2, 3, 4, tzinfo=zone))
    assert site.time == "2024-02-29T23:02:03.000004Z"
    told = dt.datetime.fromisoformat(here().time)
    assert abs(dt.datetime.now(dt.UTC) - told) < dt.timedelta(minutes=1)
