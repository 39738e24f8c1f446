"""Sealing: the records that no block holds yet become the next numbered block."""

from __future__ import annotations

import datetime as dt
import hashlib
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any

from mrdq.audit import merkle
from mrdq.audit.canonical import canonical
from mrdq.audit.chain import SCHEMA, Chain, Head, block_name, read_chain
from mrdq.audit.files import FileState, files_root, path_in, state_of
from mrdq.audit.job import close_unfinished
from mrdq.audit.record import Record
from mrdq.audit.site import Site, software
from mrdq.audit.trail import Trail, link_once, names, remove_leftovers, temporary_for, write_once
from mrdq.errors import refuse


@dataclass(frozen=True, slots=True)
class Sealing:
    """What came of sealing: the head; whether this process ``made`` its block; ``told`` to people."""

    head: Head
    made: bool
    told: tuple[str, ...] = ()


def require_whole(chain: Chain) -> None:
    """Refuse to go on with a trail that is broken: what follows could not be trusted.

    Raises :class:`MrdqError` naming what is wrong.
    """
    if chain.problems:
        refuse(str(Trail(chain.root).folder), "an unbroken audit trail", found="; ".join(chain.problems),
               remedy="Put audit/ back from a copy. If there is none, keep what is left under another name: "
                      "a new trail begins with the next run, and cannot speak of the time before.")  # fmt: skip


def seal(root: Path, site: Site) -> Sealing:
    """Seal every record that no block holds; without any, the head stays.

    Another process may seal at the same time: who links the block's file first has made the block, and
    the other seals what is left, if anything is.  Raises :class:`MrdqError` on a broken trail.
    """
    told = [
        f"{action}: a job that did not end is recorded" for action in close_unfinished(root, site)
    ]
    while True:
        chain = read_chain(root)
        require_whole(chain)
        try:
            records = chain.unsealed()
        except ValueError as error:
            refuse(str(Trail(root).records), "records as they were written", found=str(error),
                   remedy="mrdq audit verify names the file; put it back from a copy.")  # fmt: skip
        if not records:
            _remove_orphans(chain)
            return Sealing(chain.head, False, tuple(told))
        number = chain.head.number + 1
        if _write(chain, records, number, site):
            chain = read_chain(root)
            _remove_orphans(chain)
            return Sealing(chain.head, True, tuple(told))
        chain = read_chain(root)
        require_whole(chain)
        _remove_orphans(chain)
        by = chain.blocks[number - 1].content
        told.append(f"block {number} was sealed by {by['user']} on {by['host']} at the same time")


def _write(chain: Chain, records: list[Record], number: int, site: Site) -> bool:
    """Link block ``number``; False if another process was first."""
    trail = Trail(chain.root)
    before = {path: sealed.state for path, sealed in chain.files.items()}
    changed, removed = manifest(before, records)
    kept, zipped = _keep(trail, number, changed, records)
    if zipped is not None:
        changed[zipped.path] = zipped
    gone = set(removed)
    after = {path: state for path, state in (before | changed).items() if path not in gone}
    time = site.time
    content: dict[str, Any] = {
        "schema": SCHEMA, "number": number, "previous": chain.head.hash, "sealed": time, **site.as_json(),
        "software": software()["mrdq"], "records": {record.name: record.sha256 for record in records},
        "records_root": records_root(chain.root, [record.name for record in records]),
        "changed": [changed[path].as_json() for path in sorted(changed)], "removed": sorted(removed),
        "files_root": files_root(after), "n_files": len(after), "kept": kept,
        "clock": _clock(chain, records, time),
    }  # fmt: skip
    return write_once(trail.blocks / block_name(number), canonical(content))


def records_root(root: Path, of: Iterable[str]) -> str:
    """The Merkle root over the bytes of records, in the order of their names."""
    return merkle.root((Trail(root).records / name).read_bytes() for name in sorted(of))


def manifest(
    before: dict[str, FileState], records: list[Record]
) -> tuple[dict[str, FileState], list[str]]:
    """Inputs and results as the jobs left them, as far as they differ from the block before.

    What a job made stands above what another read: that one may have begun before, and ended after it.
    """
    now: dict[str, FileState | None] = {}
    for record in records:
        now.update((state.path, state) for state in record.files("inputs"))
    for record in records:
        now.update((state.path, state) for state in record.files("outputs"))
        now.update((path, None) for path in record.content["removed"])
    changed = {p: s for p, s in now.items() if s and s.under_seal and before.get(p) != s}
    return changed, [path for path, state in now.items() if state is None and path in before]


def _keep(
    trail: Trail, number: int, changed: dict[str, FileState], records: list[Record]
) -> tuple[list[str], FileState | None]:
    """Put the small texts that changed into a zip, so that what they said stays known.

    Returns their paths, and the zip; None if there is none.  A file that is not any more what its job
    saw is not kept; that it differs, verify says.
    """
    named = {path for record in records for path in record.content["keep"]} & set(changed)
    # A name that is no text has no place in a zip.
    asked = sorted(path for path in named if path == path.encode("utf-8", "replace").decode())
    wanted = [path for path in asked if state_of(trail.root, path) == changed[path]]
    while wanted:
        with temporary_for(trail.kept / f"{number:06d}.zip") as temporary:
            states = [changed[path] for path in wanted]
            if _zipped(trail.root, states, temporary):
                found = state_of(trail.root, path_in(trail.root, temporary))
                assert found is not None  # it was written just now
                path = trail.kept / f"{number:06d}-{found.sha256[:8]}.zip"
                link_once(temporary, path)
                return wanted, replace(found, path=path_in(trail.root, path))
        wanted = [one for one in wanted if state_of(trail.root, one) == changed[one]]
    return [], None


def _zipped(root: Path, states: Iterable[FileState], target: Path) -> bool:
    """Whether the files were still these while they were put into the zip ``target``, piece by piece."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for state in states:
            digest = hashlib.sha256()
            try:
                with (root / state.path).open("rb") as file, _entry(archive, state) as entry:
                    while piece := file.read(PIECE):
                        digest.update(piece)
                        entry.write(piece)
            except FileNotFoundError:
                return False
            if digest.hexdigest() != state.sha256:
                return False
    return True


PIECE = 1 << 20
"""Bytes of a file that are in memory at once."""


def _entry(archive: zipfile.ZipFile, state: FileState) -> IO[bytes]:
    return archive.open(state.path, "w", force_zip64=state.size > zipfile.ZIP64_LIMIT // 2)


def _clock(chain: Chain, records: list[Record], time: str) -> str:
    """In words, if the clock is behind what was recorded before: clocks can be set back."""
    latest = max(
        [
            *(max(record.started, record.ended) for record in records),
            *(b.sealed for b in chain.blocks),
        ]
    )
    told = dt.datetime.fromisoformat(latest) - dt.datetime.fromisoformat(time)
    if told <= CLOCKS_DIFFER:
        return ""
    return f"the clock stood at {time}, before {latest}, which was recorded already"


CLOCKS_DIFFER = dt.timedelta(minutes=5)
"""As much as the clocks of two machines may differ unmentioned."""


def _remove_orphans(chain: Chain) -> None:
    """Remove what a sealer left that was killed, or was second."""
    trail = Trail(chain.root)
    for folder in (trail.pending, trail.records, trail.blocks, trail.kept, trail.signatures):
        remove_leftovers(folder)
    for name in names(trail.kept, ".zip"):
        number = name.partition("-")[0]
        under_seal = path_in(chain.root, trail.kept / name) in chain.files
        if number.isdigit() and int(number) <= chain.head.number and not under_seal:
            (trail.kept / name).unlink(missing_ok=True)


def is_as_sealed(chain: Chain, path: str) -> bool:
    """Whether a file lies there just as it is under seal."""
    sealed = chain.files.get(path)
    return sealed is not None and state_of(chain.root, path) == sealed.state
