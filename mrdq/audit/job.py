"""One job and its record: announced before it begins, recorded when it ends, however it ends."""

from __future__ import annotations

import contextlib
import os
import platform
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

from mrdq import processes
from mrdq.audit import trail as folders
from mrdq.audit.canonical import canonical, parsed
from mrdq.audit.files import FileState, path_in, read_regular, state_of
from mrdq.audit.record import DONE, FAILED, SCHEMA, UNFINISHED, file_name, is_begun, is_record
from mrdq.audit.site import Site, software
from mrdq.audit.trail import Trail, write_once
from mrdq.errors import MrdqError


@dataclass(slots=True)
class Job:
    """What is known of a job so far; files by their path in the folder of the trail.

    ``runs``: instrument runs it is about ([]: the whole study).  ``keep``: paths of which a block keeps
    the bytes.  ``definitions``: rule sets and protocols, with their text.  ``seal``: block number and
    hash that the outputs carry, and ``said`` the words in which pages tell it.
    ``notes``: what the job met that a person should know; the message of a job that was done.
    """

    root: Path
    action: str
    parameters: Mapping[str, Any]
    id: str = field(default_factory=lambda: uuid4().hex)
    inputs: dict[str, FileState] = field(default_factory=dict)
    outputs: dict[str, FileState] = field(default_factory=dict)
    removed: list[str] = field(default_factory=list)
    runs: list[str] = field(default_factory=list)
    keep: set[str] = field(default_factory=set)
    definitions: list[dict[str, Any]] = field(default_factory=list)
    seal: dict[str, Any] = field(default_factory=dict)
    said: tuple[str, ...] = ()
    notes: list[str] = field(default_factory=list)

    def reads(self, *paths: Path | str, keep: bool = False) -> None:
        """Note files that are read, as they are now.  One that is not there is left out: that it
        is missing is told by who reads it."""
        self._note(self.inputs, paths, keep=keep)

    def read_as(self, path: str, size: int, sha256: str) -> None:
        """Note a file of which the bytes were seen when they were read."""
        self.inputs[path] = FileState(path, size, sha256)

    def writes(self, *paths: Path | str, keep: bool = False) -> None:
        """Note files that were written, as they are now."""
        self._note(self.outputs, paths, keep=keep)

    def removes(self, *paths: Path | str) -> None:
        """Note files that are not part of the study any more, there or not."""
        self.removed += [path_in(self.root, self.root / path) for path in paths]

    def _note(
        self, noted: dict[str, FileState], paths: Iterable[Path | str], *, keep: bool
    ) -> None:
        for path in paths:
            name = path_in(self.root, self.root / path if isinstance(path, str) else path)
            state = state_of(self.root, name)
            if state is not None:
                noted[name] = state
                if keep:
                    self.keep.add(name)


@contextlib.contextmanager
def recorded(
    root: Path, action: str, site: Site, parameters: Mapping[str, Any] | None = None
) -> Iterator[Job]:
    """Record what is done inside, in the trail of ``root``.

    Raises :class:`MrdqError` before anything is done if it could not be recorded.  A job that fails
    leaves a record that says so; one that is killed leaves its announcement.
    """
    trail = Trail(root)
    job = Job(root, action, dict(parameters or {}))
    begun = _circumstances(job, site)
    pending = trail.pending / f"{job.id}.json"
    for folder in (trail.records, trail.blocks, trail.kept):
        folders.require_writable(folder)
    write_once(pending, canonical(begun))
    _begun.append(job.id)
    folders.remove_leftovers(trail.records)
    try:
        yield job
    except BaseException as error:
        # Where the disk is full the record cannot be written either: the announcement stays.
        with contextlib.suppress(MrdqError):
            _end(trail, pending, _record(job, begun, site, FAILED, _words(error)))
        raise
    _end(trail, pending, _record(job, begun, site, DONE, " | ".join(job.notes)))


_begun: list[str] = []


def jobs_begun() -> int:
    """How many jobs this process has begun: before the first one, it has written nothing."""
    return len(_begun)


def _circumstances(job: Job, site: Site) -> dict[str, Any]:
    return {
        "schema": SCHEMA, "id": job.id, "action": job.action, "started": site.time, **site.as_json(),
        "rule": site.rule, "job": site.job, "cluster": site.cluster, "parameters": dict(job.parameters),
        "process": os.getpid(), "process_start": process_start(os.getpid()),
    }  # fmt: skip


def _record(
    job: Job, begun: Mapping[str, Any], site: Site, state: str, message: str
) -> dict[str, Any]:
    return {
        **begun, "ended": site.time, "state": state, "message": message,
        "inputs": [job.inputs[path].as_json() for path in sorted(job.inputs)],
        "outputs": [job.outputs[path].as_json() for path in sorted(job.outputs)],
        "removed": sorted(set(job.removed)), "runs": sorted(job.runs), "keep": sorted(job.keep),
        "definitions": job.definitions, "seal": job.seal, "said": list(job.said), "software": software(),
    }  # fmt: skip


def _end(trail: Trail, pending: Path, content: Mapping[str, Any]) -> None:
    name, data = file_name(content)
    write_once(trail.records / name, data)
    pending.unlink(missing_ok=True)


def _words(error: BaseException) -> str:
    text = str(error) or type(error).__name__
    told = text if isinstance(error, MrdqError) else f"{type(error).__name__}: {text}"
    # An error may quote what cannot be written as UTF-8.
    return told[:2000].encode("utf-8", "backslashreplace").decode()


def process_start(process: int) -> str:
    """When a process began, as Linux counts it; "" where that is not told.  Numbers of processes
    are used again, a number with its beginning is not."""
    told = processes.state(process)
    return told[19] if told else ""


def pending_jobs(root: Path) -> dict[str, dict[str, Any]]:
    """Jobs that have begun and left no record, by the name of their file; one that is torn or
    changed is {}."""
    folder = Trail(root).pending
    found: dict[str, dict[str, Any]] = {}
    for name in folders.names(folder):
        try:
            found[name] = _content(folder / name)
        except FileNotFoundError:  # it ended just now
            continue
    return {name: content if is_begun(content) else {} for name, content in found.items()}


def _content(path: Path) -> Any:
    """What a file of the trail holds; {} if that is not in the canonical form."""
    try:
        return parsed(read_regular(path))
    except FileNotFoundError:
        raise
    except (OSError, ValueError, RecursionError):
        return {}


def is_gone(begun: Mapping[str, Any]) -> bool:
    """Whether the process of a job that has begun has ended (False if that cannot be known)."""
    try:
        host, process = str(begun["host"]), int(begun["process"])
        if processes.is_gone(host, process):
            return True
        then, now = begun["process_start"], process_start(process)
    except (KeyError, ValueError, TypeError):
        return True
    return bool(then and now and then != now and host == platform.node())


def is_alive(begun: Mapping[str, Any]) -> bool:
    """Whether the process of a job that has begun is known to be there: the same, on this machine."""
    try:
        here = begun["host"] == platform.node()
        return bool(here and begun["process_start"]) and not is_gone(begun)
    except KeyError:
        return False


def close_unfinished(root: Path, site: Site) -> list[str]:
    """Turn announcements of jobs that were killed into records of the state ``unfinished``.

    A job of this machine was killed if its process is gone; one of another machine, if the same was
    done after it began.  Returns the actions of these jobs.
    """
    trail = Trail(root)
    waiting = pending_jobs(root)
    waiting = {name: begun for name, begun in waiting.items() if not is_alive(begun)}
    if not waiting:
        return []
    found = [_content(trail.records / name) for name in folders.names(trail.records)]
    ended = [one for one in found if is_record(one)]
    closed = []
    for name, begun in waiting.items():
        has_record = any(one["id"] == begun.get("id") for one in ended)
        if not has_record and not is_gone(begun) and not _was_repeated(begun, ended):
            continue
        if not has_record:
            closed.append(str(begun.get("action", "unknown")))
            _record_unfinished(trail, begun, site)
        (trail.pending / name).unlink(missing_ok=True)
    return closed


def _was_repeated(begun: Mapping[str, Any], ended: Iterable[Mapping[str, Any]]) -> bool:
    def same(one: Mapping[str, Any]) -> bool:
        return all(one[key] == begun.get(key) for key in ("action", "parameters", "rule"))

    return any(
        one["state"] == DONE and same(one) and one["started"] > str(begun.get("started"))
        for one in ended
    )


def _record_unfinished(trail: Trail, begun: Mapping[str, Any], site: Site) -> None:
    """Nobody knows when it ended: it stands at its beginning, so that two who record it write one file."""
    job = Job(trail.root, str(begun.get("action", "unknown")), begun.get("parameters", {}))
    base = _circumstances(job, site) | dict(begun)
    content = _record(job, base, site, UNFINISHED, "the job was killed, or the machine stopped")
    content["ended"] = content["started"]
    write_once(trail.records / file_name(content)[0], file_name(content)[1])
