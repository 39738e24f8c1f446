"""What the ordeals share: studies, the command line in processes that can be killed, and verdicts."""

from __future__ import annotations

import os
import pickle
import shutil
import signal
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import scipy.special  # noqa: F401  (loaded once, here, and not in each process)
from small_study import LAYOUT, set_cell, set_key, tree
from tiny import write_tiny

from mrdq import recording, simulate, stages  # noqa: F401
from mrdq.audit.job import pending_jobs
from mrdq.audit.site import software
from mrdq.audit.verify import verify
from mrdq.cli import main
from mrdq.errors import MrdqError
from mrdq.reports import html
from mrdq.study import load_study

Item = TypeVar("Item")
Found = TypeVar("Found")
PROCESSES = 2
UNFINISHED = ("has not ended", "which was killed", "a sealing that did not end")
"""Words by which verify names a run that did not end."""


def size(name: str, default: int) -> int:
    """How much of an ordeal: the variable ``MRDQ_TORTURE_<NAME>``."""
    return int(os.environ.get(f"MRDQ_TORTURE_{name}", default))


def tell(text: str) -> None:
    print(f"  {text}", flush=True)


@contextmanager
def timed(what: str) -> Iterator[None]:
    start = time.monotonic()
    yield
    tell(f"{what}: {time.monotonic() - start:.1f} s")


# --- Processes ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Ended:
    code: int
    text: str


def fork() -> int:
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore", DeprecationWarning
        )  # of threads, which numpy has and that sleep
        return os.fork()


class Command:
    """``mrdq`` in a process of its own that has everything loaded; ``inside`` is done in it first."""

    def __init__(self, *words: object, inside: Callable[[], object] = lambda: None):
        self._out = tempfile.TemporaryFile()  # noqa: SIM115  (closed by ended)
        sys.stdout.flush()
        self.process = fork()
        if not self.process:
            self._work([str(word) for word in words], inside)

    def _work(self, words: list[str], inside: Callable[[], object]) -> NoReturn:
        code = 70
        try:
            os.dup2(self._out.fileno(), 1)
            os.dup2(self._out.fileno(), 2)
            sys.stdout, sys.stderr = (open(n, "w", encoding="utf-8", closefd=False) for n in (1, 2))  # noqa: SIM115
            inside()
            main(words)
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 0
        except BaseException:  # noqa: BLE001
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)

    def kill(self) -> None:
        os.kill(self.process, signal.SIGKILL)

    def ended(self) -> Ended:
        _, status = os.waitpid(self.process, 0)
        self._out.seek(0)
        text = self._out.read().decode(errors="replace")
        self._out.close()
        return Ended(os.waitstatus_to_exitcode(status), text)


def mrdq(*words: object, inside: Callable[[], object] = lambda: None) -> Ended:
    return Command(*words, inside=inside).ended()


def completed(*words: object) -> str:
    """What a command said that has to succeed."""
    done = mrdq(*words)
    assert done.code == 0, done.text
    assert "Traceback" not in done.text, done.text
    return done.text


def shared_out(work: Callable[[Item], Found], items: Sequence[Item]) -> list[Found]:
    """``work`` on every item, by two processes at a time; an error of one is raised here."""
    with ExitStack() as stack:
        files = [stack.enter_context(tempfile.TemporaryFile()) for _ in range(PROCESSES)]
        processes = []
        for n, file in enumerate(files):
            process = fork()
            if not process:
                _share(work, items[n::PROCESSES], file)
            processes.append(process)
        for process in processes:
            os.waitpid(process, 0)
        found: list[Any] = [None] * len(items)
        for n, file in enumerate(files):
            file.seek(0)
            found[n::PROCESSES] = _unpacked(file)
    return found


def _share(work: Callable[[Item], Found], items: Sequence[Item], file: Any) -> NoReturn:
    try:
        try:
            pickle.dump([work(item) for item in items], file)
        except BaseException:  # noqa: BLE001
            pickle.dump(traceback.format_exc(), file)
        file.flush()
    finally:
        os._exit(0)


def _unpacked(file: Any) -> list[Any]:
    found = pickle.load(file)
    if isinstance(found, str):
        raise AssertionError(found)
    assert isinstance(found, list)
    return found


# --- Studies ------------------------------------------------------------------------------------


@cache
def load_everything() -> None:
    """What a run loads and computes once in a process, so that each forked one has it.

    Nothing of pyarrow is used here: its threads do not survive a fork.
    """
    with tempfile.TemporaryDirectory() as folder:
        write_tiny(Path(folder))
        load_study(Path(folder))
    software()
    html.environment().get_template("index.html.j2")


@dataclass(frozen=True)
class Start:
    """A study before the run that is tried: what ``verify`` says of it, and the ``results`` it has to
    come to (of pages without the seal they carry)."""

    folder: Path
    told: frozenset[str]
    results: dict[str, bytes]

    def copy(self, to: Path) -> Path:
        shutil.copytree(self.folder, to)
        return to


def differences(root: Path, head: str = "") -> list[str]:
    """What verify says; no trail at all is said in one line."""
    try:
        return list(verify(root, head).differences)
    except MrdqError as error:
        return [str(error).replace(str(root), "STUDY")]


def head_of(root: Path) -> str:
    return verify(root).head.hash


def change_inputs(root: Path) -> None:
    """Another sheet, another layout, a file less: results differ, and one of them is new."""
    set_cell(root / LAYOUT, 2, "exclude", "pipetting error")
    set_key(root, "study", '"SIMULATED study, changed"')


def starts(place: Path) -> list[Start]:
    """A study that was never run, and one that was run twice and then changed by its people."""
    load_everything()
    new, old = place / "new", place / "old"
    write_tiny(new)
    shutil.copytree(new, old)
    completed("run", old)
    completed("run", old)
    change_inputs(old)
    return [_start(folder) for folder in (new, old)]


def _start(folder: Path) -> Start:
    told = frozenset(differences(folder))
    done = shutil.copytree(folder, folder.with_name(f"{folder.name}-done"))
    completed("run", done)
    assert differences(done) == []
    start = Start(folder, told, tree(done / "results"))
    shutil.rmtree(done)
    return start


def stopped_is_told(root: Path, start: Start) -> list[str]:
    """What verify says after a run that stopped: nothing new, or that it did not end."""
    told = differences(root)
    new = [text for text in told if text not in start.told]
    named = any(word in text for text in new for word in UNFINISHED)
    assert not new or named, told
    return new


def run_completes(root: Path, start: Start) -> None:
    """The next run gives the same bytes, a clean verdict, and leaves nothing that is not finished."""
    completed("run", root)
    now = tree(root / "results")
    assert now == start.results, [
        p for p in {*now, *start.results} if now.get(p) != start.results.get(p)
    ]
    assert differences(root) == []
    assert pending_jobs(root) == {}
    assert half_written(root) == [], half_written(root)


def half_written(root: Path) -> list[str]:
    """Files under temporary names."""
    names = (path.relative_to(root) for path in root.rglob("*"))
    return [
        n.as_posix()
        for n in names
        if n.suffix == ".tmp" or (n.name.startswith(".") and n.name != ".mrdq")
    ]
