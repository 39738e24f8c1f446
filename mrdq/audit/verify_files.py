"""Whether the files of a study, and the folder ``audit/`` itself, are as they were left."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath

from mrdq import processes
from mrdq.audit.files import FileState, state_of
from mrdq.audit.kept import Kept
from mrdq.audit.reading import Reading, Said, job_words
from mrdq.audit.rows import in_rows, some
from mrdq.audit.trail import FOLDER

LITTER = re.compile(
    r"\.DS_Store|\._.*|Thumbs\.db|desktop\.ini|\.directory|\.~lock\..*#|~\$.*", re.IGNORECASE
)
"""Names of what operating systems and office programs leave in a folder that is looked at."""
ROW = "\x1e"
"""Parts the rows that differ in what is said of a file; it stands in no name or cell told there."""
BY_PEOPLE = ("config", "data")
"""Folders of a study in which people lay down files; so they do at its top."""


@dataclass(frozen=True, slots=True)
class _Wrong:
    """A file that is not as it was left: ``now`` is its state, None if it cannot be read."""

    path: str
    then: FileState
    left: str
    now: FileState | None


def of_files(reading: Reading, kept: Kept) -> Iterator[str]:
    """Files under seal, or made since, that are missing, changed, or back again."""
    wrong: list[_Wrong] = []
    for path in sorted({*reading.chain.files, *reading.said}):
        now, sealed, said = (
            state_of(reading.root, path),
            reading.chain.files.get(path),
            reading.said.get(path),
        )
        if said is not None and said.state is None:
            if now is not None:
                yield f"{path} is there again: {job_words(said.record.content)} noted that it was removed"
            continue
        allowed = [said.state] if said else []
        if sealed and not (said and said.made):
            allowed.append(sealed.state)
        if now not in allowed:
            wrong.append(
                _Wrong(path, allowed[-1] or FileState(path, 0, ""), _left(reading, path, said), now)
            )
    yield from _missing(
        reading.root, [one for one in wrong if not os.path.lexists(reading.root / one.path)]
    )
    for one in wrong:
        if os.path.lexists(reading.root / one.path):
            path = one.path.replace(ROW, r"\x1e")
            yield f"{path} changed after {one.left}: {_how(reading, one, kept)}"


def _left(reading: Reading, path: str, said: Said | None) -> str:
    """The block or the job after which nothing else should have changed a file."""
    sealed = reading.chain.files.get(path)
    if sealed and not (said and said.made):
        return reading.when(sealed.block)
    return job_words(said.record.content) if said else ""


def _how(reading: Reading, wrong: _Wrong, kept: Kept) -> str:
    then, now = wrong.then, wrong.now
    if now is None:
        return "it is no file that can be read"
    sealed = reading.chain.files.get(wrong.path)
    before = kept.now(wrong.path) if sealed and sealed.state == then else None
    by_bytes = f"{then.size} bytes, SHA-256 {then.sha256[:12]} → {now.size} bytes, SHA-256 {now.sha256[:12]}"
    if before is None:
        return by_bytes
    try:
        after = (reading.root / wrong.path).read_bytes()
    except OSError:
        return by_bytes
    what, rows = in_rows(wrong.path, before, after)
    parts = [f"{what} ({by_bytes})", *rows]
    return ROW.join(part.replace(ROW, r"\x1e") for part in parts)


def _missing(root: Path, wrong: list[_Wrong]) -> Iterator[str]:
    """Missing files, in one line for each folder that is gone with all that was in it."""

    @cache
    def gone(folder: PurePosixPath) -> PurePosixPath | None:
        """The highest folder above that is gone."""
        if folder == PurePosixPath("."):
            return None
        return gone(folder.parent) or (None if os.path.isdir(root / folder) else folder)

    by_folder: dict[PurePosixPath, list[_Wrong]] = {}
    for one in wrong:
        folder = gone(PurePosixPath(one.path).parent)
        if folder is None:
            yield f"{one.path} is missing after {one.left}"
        else:
            by_folder.setdefault(folder, []).append(one)
    for folder, lost in by_folder.items():
        count = "the file" if len(lost) == 1 else f"the {len(lost)} files"
        named = some([one.path for one in lost], 3, ", ")
        yield f"{folder}/ is missing after {lost[-1].left}, with {count} {named}"


def of_strays(reading: Reading) -> tuple[list[str], list[str]]:
    """Files among the results, and in ``audit/``, that nothing explains; and, as notes, those that a
    process of this machine is just writing."""
    known = {*reading.chain.files, *reading.said}
    folders = {PurePosixPath(path).parent for path in known}
    differences: list[str] = []
    notes: list[str] = []
    for folder in result_folders(reading):
        for path in _files_below(reading.root, folder, folders):
            if path not in known and LITTER.fullmatch(PurePosixPath(path).name):
                notes.append(f"{path} was left by an operating system or an office program")
            elif path not in known:
                _tell(path, f"{path} stands in no record", differences, notes)
    for path in _files_below(reading.root, FOLDER, folders):
        told = _of_audit(reading, path)
        if path not in known and told:
            _tell(path, told, differences, notes)
    return differences, notes


def result_folders(reading: Reading) -> list[str]:
    """Folders that jobs fill, the uppermost of each: not those in which people lay down files."""
    made = (state for record in reading.records.values() for state in record.files("outputs"))
    parents = {PurePosixPath(state.path).parent for state in made if state.under_seal}
    ours = {
        one for one in parents if one.as_posix() != "." and one.parts[0] not in (*BY_PEOPLE, FOLDER)
    }
    return sorted(one.as_posix() for one in ours if not any(up in ours for up in one.parents))


def _files_below(root: Path, folder: str, known: set[PurePosixPath]) -> Iterator[str]:
    """Paths of whatever is no folder below a folder, in order.

    A link to a folder is a thing of its own, unless files are known to lie behind it.
    """
    try:
        found = sorted(os.scandir(root / folder), key=lambda entry: entry.name)
    except OSError:
        return
    for entry in found:
        path = f"{folder}/{entry.name}"
        behind = PurePosixPath(path)
        if entry.is_dir(follow_symlinks=False) or (
            os.path.isdir(entry.path)
            and any(behind == one or behind in one.parents for one in known)
        ):
            yield from _files_below(root, path, known)
        else:
            yield path


def _of_audit(reading: Reading, path: str) -> str:
    """What is wrong with a file of ``audit/`` that no manifest knows; "" if it is in its place."""
    folder, _, name = path.removeprefix(f"{FOLDER}/").rpartition("/")
    plain = name.endswith(".json") and not name.startswith(".")
    if folder == "records" and plain:
        if name in reading.records or name in reading.chain.sealed_records:
            return ""
        return f"{path} stands in no block and is no record: {reading.broken.get(name, 'it has just come')}"
    if (folder == "pending" and plain) or (folder == "blocks" and not name.startswith(".")):
        return ""  # told with the jobs that have not ended, and with the blocks
    if folder == "kept" and name[:6].isdigit() and name.endswith(".zip"):
        return (
            f"{path} stands in no block: it was left by a sealing that did not end, or laid there"
        )
    return f"{path} does not belong to the trail"


def _tell(path: str, told: str, differences: list[str], notes: list[str]) -> None:
    """Name what a process left behind that was killed, and spare what one is writing just now."""
    *_, process, end = ("", *path.rsplit(".", 2))
    if not (end == "tmp" and process.isdigit() and PurePosixPath(path).name.startswith(".")):
        differences.append(told)
    elif not path.endswith(f".{platform.node()}.{process}.tmp"):
        differences.append(
            f"{path} was left by process {process} of another machine: delete it if nothing runs there"
        )
    elif processes.is_gone(platform.node(), int(process)):
        differences.append(
            f"{path} was left by process {process}, which was killed: what it wrote has to be made again"
        )
    else:
        notes.append(f"{path} is being written by process {process}")
