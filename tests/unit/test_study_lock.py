"""One at a time: real processes that want the same study, are killed, or cannot lock files."""

from __future__ import annotations

import errno
import fcntl
import json
import multiprocessing
import os
import platform
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from mrdq import study_lock
from mrdq.audit.canonical import canonical, parsed
from mrdq.errors import MrdqError
from mrdq.study_lock import hold, locked

FORK = multiprocessing.get_context("fork")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder that passes for a study."""
    study = tmp_path / "study"
    (study / "config").mkdir(parents=True)
    (study / "config/config.yaml").write_text("study: SIMULATED\n")
    return study


@pytest.fixture(params=["flock", "no flock"])
def kernel(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """A filesystem that locks files, and one that does not."""
    if request.param == "no flock":
        without_flock(monkeypatch)
    return str(request.param)


def without_flock(monkeypatch: pytest.MonkeyPatch, number: int = errno.ENOLCK) -> None:
    def flock(_: int, __: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", flock)


def lock_file(root: Path) -> Path:
    return root / ".mrdq/lock"


def left(root: Path, **changed: Any) -> Path:
    """A lock that a process left which is gone, or what ``changed`` makes of it."""
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    owner = {
        "host": platform.node(), "user": "someone", "process": gone.pid, "process_start": "1",
        "what": "mrdq run", "since": "2026-11-02T10:11:12.000000Z", "by_kernel": True,
    } | changed  # fmt: skip
    lock_file(root).parent.mkdir(exist_ok=True)
    lock_file(root).write_bytes(canonical(owner))
    return lock_file(root)


@contextmanager
def held_by_another(root: Path, inside: Callable[[], object] = lambda: None) -> Iterator[Any]:
    """The study, held by another process."""
    ours, theirs = FORK.Pipe()

    def work() -> None:
        with locked(root, "mrdq run"):
            inside()
            theirs.send("held")
            theirs.recv()

    process = FORK.Process(target=work)
    process.start()
    try:
        assert ours.recv() == "held"
        yield process
        if process.is_alive():
            ours.send("let go")
    finally:
        process.join(30)
        assert not process.is_alive()


def refusal(root: Path, **how: Any) -> str:
    with pytest.raises(MrdqError) as refused, locked(root, "mrdq status", **how):
        pytest.fail("two work at once")
    (problem,) = refused.value.problems
    assert problem.file == str(lock_file(root))
    assert problem.expected == "a study on which nobody else works now"
    assert problem.remedy
    return str(problem)


# --- One holder ---------------------------------------------------------------------------------


def test_the_lock_says_who_works_and_is_gone_with_the_work(root: Path, kernel: str) -> None:
    with locked(root, "mrdq run"):
        owner = parsed(lock_file(root).read_bytes())
        assert list(lock_file(root).parent.iterdir()) == [lock_file(root)]
    assert sorted(owner) == ["by_kernel", "host", "process", "process_start", "since", "user", "what"]  # fmt: skip
    assert (owner["host"], owner["process"]) == (platform.node(), os.getpid())
    assert (owner["what"], owner["by_kernel"]) == ("mrdq run", kernel == "flock")
    assert [path.name for path in root.iterdir()] == ["config"]


def test_other_content_of_the_folder_of_state_stays(root: Path) -> None:
    (root / ".mrdq").mkdir()
    (root / ".mrdq/sealed").write_text("x")
    with locked(root, "mrdq run"):
        pass
    assert [path.name for path in (root / ".mrdq").iterdir()] == ["sealed"]


def test_a_folder_of_state_that_was_used_meanwhile_stays(root: Path) -> None:
    with locked(root, "mrdq run"):
        (root / ".mrdq/sealed").write_text("x")
    assert [path.name for path in (root / ".mrdq").iterdir()] == ["sealed"]


def test_what_is_no_study_is_not_locked(tmp_path: Path) -> None:
    with locked(tmp_path, "mrdq run"), locked(tmp_path / "missing", "mrdq run"):
        assert list(tmp_path.iterdir()) == []


def test_the_lock_is_removed_where_the_work_fails(root: Path, kernel: str) -> None:
    with pytest.raises(ZeroDivisionError), locked(root, "mrdq run"):
        raise ZeroDivisionError
    assert not lock_file(root).exists()


def test_the_lock_is_removed_from_another_working_folder(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(root)
    with locked(Path(), "snakemake"):
        monkeypatch.chdir(root.parent)
    assert not lock_file(root).exists()


def test_a_lock_that_somebody_deleted_and_another_took_is_left_to_that(root: Path) -> None:
    with locked(root, "mrdq run"):
        lock_file(root).unlink()
        with locked(root, "mrdq call"):
            pass
        other = left(root)
    assert other.exists()


# --- Two ----------------------------------------------------------------------------------------


def test_the_second_is_refused_and_told_by_whom(root: Path, kernel: str) -> None:
    with held_by_another(root) as process:
        said = refusal(root)
        assert f'found "mrdq run by {parsed(lock_file(root).read_bytes())["user"]} on {platform.node()}, ' in said  # fmt: skip
        assert f"process {process.pid}, since 20" in said
        assert 'UTC"' in said
        assert "Wait until that has ended, and try again (mrdq run --wait SECONDS waits)." in said
        assert [path.name for path in (root / ".mrdq").iterdir()] == ["lock"]
    with locked(root, "mrdq status"):
        pass


def test_the_second_waits_if_asked(root: Path, kernel: str) -> None:
    told: list[str] = []
    ours, theirs = FORK.Pipe()

    def work() -> None:
        with locked(root, "mrdq run"):
            theirs.send("held")
            theirs.recv()

    process = FORK.Process(target=work)
    process.start()
    ours.recv()

    def say(text: str) -> None:
        told.append(text)
        ours.send("somebody waits: let go")

    with locked(root, "mrdq status", wait=60, say=say):
        assert parsed(lock_file(root).read_bytes())["process"] == os.getpid()
    process.join()
    assert len(told) == 1
    assert told[0].startswith("waiting up to 60 s for mrdq run by ")


def test_who_waited_in_vain_is_refused(root: Path) -> None:
    told: list[str] = []
    with held_by_another(root):
        assert "mrdq run by" in refusal(root, wait=0.3, say=told.append)
    assert len(told) == 1


def test_what_a_killed_process_left_is_taken_over(root: Path, kernel: str) -> None:
    with held_by_another(root) as process:
        process.kill()
        process.join()
        assert lock_file(root).exists()
        with locked(root, "mrdq status"):
            assert parsed(lock_file(root).read_bytes())["what"] == "mrdq status"
    assert not lock_file(root).exists()


def test_a_child_that_outlives_the_holder_does_not_hold_it(root: Path) -> None:
    """As the workers of a killed run do for a while."""
    ours, theirs = FORK.Pipe()

    def inside() -> None:
        if not os.fork():
            theirs.close()
            sys.stdin.close()
            ours.recv()
            os._exit(0)

    with held_by_another(root, inside) as process:
        process.kill()
        process.join()
        with locked(root, "mrdq status"):
            pass
    theirs.send("end")


def test_one_process_cannot_hold_it_twice(root: Path, kernel: str) -> None:
    with locked(root, "mrdq run"):
        assert f"process {os.getpid()}" in refusal(root)
        assert lock_file(root).exists()


def race(root: Path, counter: Path, times: int) -> None:
    """Count up in a way that loses counts if two do it at once."""
    inside = counter.with_suffix(".inside")
    for _ in range(times):
        with locked(root, "mrdq run", wait=60):
            os.close(os.open(inside, os.O_CREAT | os.O_EXCL))  # fails if another is inside
            count = int(counter.read_text())
            os.sched_yield()
            counter.write_text(str(count + 1))
            inside.unlink()


@pytest.mark.parametrize("killed", [False, True])
def test_twenty_processes_one_at_a_time(
    root: Path, tmp_path: Path, kernel: str, monkeypatch: pytest.MonkeyPatch, *, killed: bool
) -> None:
    monkeypatch.setattr(study_lock, "_POLL", 0.005)
    counter = tmp_path / "counter"
    counter.write_text("0")
    if killed:
        left(root, by_kernel=kernel == "flock")
    racers = [FORK.Process(target=race, args=(root, counter, 5)) for _ in range(20)]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join(120)
    assert [racer.exitcode for racer in racers] == [0] * 20
    assert counter.read_text() == "100"
    assert not lock_file(root).exists()
    assert [path for path in root.rglob("*") if path.suffix == ".tmp"] == []


# --- Other machines, and filesystems ------------------------------------------------------------


def test_a_lock_of_another_machine_is_believed_where_nobody_can_be_asked(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_flock(monkeypatch)
    left(root, host="node-b")
    said = refusal(root)
    assert "mrdq run by someone on node-b, process" in said
    assert "since 2026-11-02 10:11:12 UTC" in said
    assert f"If nothing of it runs there any more, delete {lock_file(root)}, and try again." in said
    lock_file(root).unlink()
    with locked(root, "mrdq status"):
        pass


def test_a_lock_that_another_machine_made_without_the_kernel_is_believed(root: Path) -> None:
    left(root, host="node-b", by_kernel=False)
    assert "on node-b" in refusal(root)


MOUNT = "36 35 {number} / /study rw,noatime master:1 - {kind} server:/x {options}\n"


@pytest.mark.parametrize(
    ("kind", "options", "one_for_all"),
    [
        ("ext4", "rw", True),
        ("nfs4", "rw,vers=4.2,local_lock=none,addr=1.2.3.4", True),
        ("nfs", "rw,vers=3,local_lock=all", False),
        ("nfs", "rw,vers=3,local_lock=flock", False),
        ("lustre", "rw,flock,lazystatfs", True),
        ("lustre", "rw,localflock", False),
        ("beegfs", "rw", False),
        ("fuse.sshfs", "rw", False),
        ("cifs", "rw", False),
    ],
)
def test_a_free_lock_of_another_machine_is_taken_over_where_locks_are_one_for_all(
    root: Path, monkeypatch: pytest.MonkeyPatch, kind: str, options: str, one_for_all: bool
) -> None:
    left(root, host="node-b")
    device = root.stat().st_dev
    number = f"{os.major(device)}:{os.minor(device)}"
    mounts = MOUNT.format(number="0:1", kind="ext4", options="rw")
    mounts += MOUNT.format(number=number, kind=kind, options=options)
    read_text = Path.read_text
    monkeypatch.setattr(
        Path, "read_text",
        lambda path, **how: mounts if str(path) == "/proc/self/mountinfo" else read_text(path, **how),
    )  # fmt: skip
    if one_for_all:
        with locked(root, "mrdq status"):
            pass
    else:
        assert "on node-b" in refusal(root)


def test_a_lock_that_another_machine_holds_is_held(root: Path) -> None:
    with held_by_another(root):
        owner = parsed(lock_file(root).read_bytes())
        with lock_file(root).open("r+b") as file:  # the same file: the kernel's lock stays
            file.truncate()
            file.write(canonical(owner | {"host": "node-b"}))
        assert "on node-b" in refusal(root)


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS, errno.EIO])
def test_filesystems_that_cannot_lock_files(
    root: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    without_flock(monkeypatch, number)
    with locked(root, "mrdq run"):
        assert parsed(lock_file(root).read_bytes())["by_kernel"] is False
        refusal(root)
    left(root, by_kernel=False)
    with locked(root, "mrdq run"):
        pass


def test_a_number_of_a_process_that_was_used_again(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_flock(monkeypatch)
    left(root, process=os.getpid(), by_kernel=False)
    with locked(root, "mrdq run"):
        pass


def test_of_two_that_take_over_without_the_kernel_neither_removes_the_lock_of_the_other(
    root: Path,
) -> None:
    """A slow one that judged the lock which the quick one has replaced since."""
    old = left(root).read_bytes()
    new = left(root, what="mrdq call").read_bytes()
    study_lock._remove(lock_file(root), old)
    assert lock_file(root).read_bytes() == new
    study_lock._remove(lock_file(root), new)
    assert list(lock_file(root).parent.iterdir()) == []
    study_lock._remove(lock_file(root), new)


# --- What lies in the way -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "data", [b"", b"x", b"[]\n", b'{"host": 1}', b"\xff", b"[" * 9000, canonical({})]
)
def test_a_file_that_says_nothing_of_an_owner(
    root: Path, monkeypatch: pytest.MonkeyPatch, data: bytes
) -> None:
    lock_file(root).parent.mkdir()
    lock_file(root).write_bytes(data)
    with monkeypatch.context() as patch:
        without_flock(patch)
        said = refusal(root)
    assert "a lock that does not say whose it is" in said
    assert f"If nobody works on the study, delete {lock_file(root)}, and try again." in said
    if study_lock._is_one_for_all(os.open(root, os.O_RDONLY)):
        with locked(root, "mrdq run"):  # nobody has it
            pass


def test_words_of_an_owner_are_one_printable_line(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_flock(monkeypatch)
    left(root, host="node-b", user="x\nerror: \x1b[31m", what="y" * 1000, since=7)
    said = refusal(root)
    assert said.isprintable()
    assert "by x?error: ?[31m on node-b" in said
    assert "y" * 101 not in said


@pytest.mark.parametrize("what", ["folder", "pipe", "link"])
def test_no_file_in_its_place(root: Path, what: str) -> None:
    lock_file(root).parent.mkdir()
    make = {"folder": os.mkdir, "pipe": os.mkfifo, "link": lambda path: os.symlink("/dev/null", path)}  # fmt: skip
    make[what](lock_file(root))
    assert "a lock that does not say whose it is" in refusal(root)


@pytest.mark.parametrize("number", [errno.EROFS, errno.ENOSPC, errno.EACCES, errno.EPERM])
def test_a_folder_that_cannot_be_written(
    root: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def link(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "link", link)
    with pytest.raises(MrdqError) as refused, locked(root, "mrdq run"):
        pytest.fail("works without a lock")
    said = str(refused.value)
    assert said.startswith(f'{lock_file(root)}: found "{os.strerror(number)}", expected a file that can be written and linked. ')  # fmt: skip
    assert "free space or mend the rights" in said
    assert [path.name for path in root.iterdir()] == ["config"]


def test_temporary_names_of_killed_processes_are_removed(root: Path) -> None:
    gone = json.loads(left(root).read_bytes())["process"]
    (root / f".mrdq/.{'0' * 32}.{platform.node()}.{gone}.tmp").write_text("x")
    with locked(root, "mrdq run"):
        assert [path.name for path in (root / ".mrdq").iterdir()] == ["lock"]


# --- Until the process ends ---------------------------------------------------------------------

HOLDS = """
import sys
from pathlib import Path
from mrdq.study_lock import hold
hold(Path(sys.argv[1]), "snakemake")
print("held", flush=True)
sys.stdin.read()
"""


def test_snakemake_holds_it_until_it_ends(root: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLDS, str(root)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        assert "snakemake by " in refusal(root)
        with pytest.raises(MrdqError, match="snakemake by "):
            hold(root, "snakemake")
    assert holder.returncode == 0
    assert [path.name for path in root.iterdir()] == ["config"]
