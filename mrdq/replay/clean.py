"""A clean study folder that holds just what a recorded job read."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from mrdq import resources
from mrdq.audit.files import FileState, read_regular, state_of
from mrdq.config import AMENDMENTS_FILE, CONFIG_FILE
from mrdq.errors import refuse
from mrdq.replay.makers import Maker, ReplayError, is_plain
from mrdq.replay.sources import Sources


class Clean:
    """The folder ``root``, and what was laid into it; ``notes`` says what was not as shipped today."""

    def __init__(self, root: Path, sources: Sources, jobs: Sequence[Maker]):
        """Raises :class:`ReplayError` naming every input that is nowhere with the recorded bytes."""
        self.root, self.sources, self.notes = root, sources, list[str]()
        self._placed: dict[str, str] = {}
        self._definitions = _definitions_of(jobs)
        missing = _missing(sources, jobs)
        if missing:
            raise ReplayError(missing)

    def lay_out(self, job: Maker) -> None:
        """Lay out the inputs of a job, as far as they are not there from the one before."""
        wanted = {path: state for path, state in job.inputs.items() if not job.was_made(path)}
        texts = dict(self._other_texts(job, wanted))
        for path in self._placed.keys() - wanted.keys() - texts.keys():
            if _is_read_if_there(path):
                (self.root / path).unlink()
                del self._placed[path]
        for path, state in wanted.items():
            if self._placed.get(path) != state.sha256:
                self._put(path, self._bytes(state))
        for path, data in texts.items():
            self._put(path, data)

    def _put(self, path: str, data: bytes) -> None:
        try:
            (self.root / path).parent.mkdir(parents=True, exist_ok=True)
            (self.root / path).write_bytes(data)
        except OSError as error:
            refuse(str(self.root / path), "a file that can be written", error.strerror or str(error),
                   remedy="Free space, or name another place (--to FOLDER).")  # fmt: skip
        self._placed[path] = hashlib.sha256(data).hexdigest()

    def _bytes(self, state: FileState) -> bytes:
        found = self.sources.find(state)
        data = read_regular(found) if isinstance(found, Path) else found
        if data is None or hashlib.sha256(data).hexdigest() != state.sha256:
            refuse(state.path, "the bytes that were there a moment ago", "other bytes", remedy="Start again.")  # fmt: skip
        return data

    def _other_texts(
        self, job: Maker, wanted: Mapping[str, FileState]
    ) -> Iterator[tuple[str, bytes]]:
        """Shipped rule sets and protocols whose recorded text is not what this mrdq ships."""
        for file in self._definitions[job.place]:
            path, shipped = str(file["file"]), _shipped(str(file["file"]))
            if path in wanted or shipped == file["sha256"]:
                continue
            lacks = "another text" if shipped else "no such file"
            said = f"{path}: this mrdq ships {lacks}, the recorded one is used"
            self.notes += [said] if said not in self.notes else []
            yield path, _text(file)


def _missing(sources: Sources, jobs: Sequence[Maker]) -> list[str]:
    """Every input that is nowhere with the bytes that were read, in words."""
    told: dict[FileState, str] = {}
    for job in jobs:
        if not is_plain(job.folder) or "/" in job.batch:
            raise ReplayError(
                [f"{job} made results outside of the study: {job.folder} {job.batch}"]
            )
        for path, state in job.inputs.items():
            if job.was_made(path) or state in told:
                continue
            if not is_plain(path):
                told[state] = (
                    f"{path}: {job} read it outside of the study, where nobody can count on finding it"
                )
            elif sources.find(state) is None:
                lies = (
                    "is not there"
                    if state_of(sources.root, path) is None
                    else "has other bytes now"
                )
                told[state] = (f"{path} {lies}: {job} read {state.size} bytes, SHA-256 {state.sha256}. "
                               "Put it back, or name a folder that holds it (--export-from FOLDER).")  # fmt: skip
    return list(told.values())


def _definitions_of(jobs: Sequence[Maker]) -> dict[int, list[dict[str, Any]]]:
    """Place of each job -> files of the rule sets and protocols to load the study with.

    Jobs that know no rules take those of the next one that does.
    """
    found: dict[int, list[dict[str, Any]]] = {}
    after: list[dict[str, Any]] = []
    for job in reversed(jobs):
        try:
            files = [file for one in job.record.content["definitions"] for file in one["files"]]
            after = [file for file in files if len(PurePosixPath(file["file"]).parts) > 1] or after
        except (KeyError, TypeError):
            raise ReplayError([f"audit/records/{job.record.name}: its rule sets are not of the form of a record"]) from None  # fmt: skip
        found[job.place] = after
    return found


def _is_read_if_there(path: str) -> bool:
    """Whether a study reads a file without being told to: it must not be one of an earlier job."""
    return path == AMENDMENTS_FILE or (path.endswith(".yaml") and path != CONFIG_FILE)


def _shipped(path: str) -> str:
    """SHA-256 of what this mrdq ships under the name; "" if it ships none."""
    state = state_of(resources.path(PurePosixPath(path).parts[0]), PurePosixPath(path).name)
    return state.sha256 if state else ""


def _text(file: Mapping[str, Any]) -> bytes:
    """The recorded bytes of a rule set or protocol; a mark of UTF-8 at its beginning is no text."""
    data = str(file["text"]).encode()
    for candidate in (data, b"\xef\xbb\xbf" + data):
        if hashlib.sha256(candidate).hexdigest() == file["sha256"] and is_plain(str(file["file"])):
            return candidate
    raise ReplayError([f"{file['file']}: its recorded text is not that of its recorded SHA-256"])
