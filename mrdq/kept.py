"""What is kept of a study under ``.mrdq`` so that it is not made again, and what of it is of use."""

from __future__ import annotations

import contextlib
import shutil
from dataclasses import dataclass
from pathlib import Path

from mrdq import packs, partition_pieces
from mrdq.basis import STATE, Bases, batch_folder
from mrdq.batches import batches
from mrdq.ingest_batches import CACHE
from mrdq.ingest_cache import key_of
from mrdq.packs import Packs
from mrdq.study import Study

EXPORTS, BATCHES, PIECES = "exports", "batches", "pieces"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of what is kept: its entries, those of use, and the files and bytes that they take."""

    name: str
    entries: int
    used: int
    files: int
    size: int


def kinds(study: Study) -> list[Kind]:
    """What is kept of a study."""
    exports, wanted = Packs(study.root / STATE / CACHE), _wanted(study)
    kept, used = _batches(study), _used_batches(study)
    found = list(exports)
    last, older = partition_pieces.pieces(study)
    return [
        Kind(EXPORTS, len(found), sum(key in wanted for key in found), *_room(exports.folder)),
        Kind(BATCHES, len(kept), sum(name in used for name in kept), *_room(_folder(study))),
        Kind(PIECES, len(last) + len(older), len(last), *_room(study.root / STATE / PIECES)),
    ]


def prune(study: Study) -> dict[str, int]:
    """Drop what the study does not use any more; how many entries of each kind were dropped.

    Others may read and write meanwhile: what they miss they make again.
    """
    exports = packs.prune(study.root / STATE / CACHE, _wanted(study))
    gone = sorted(set(_batches(study)) - _used_batches(study))
    for name in gone:
        shutil.rmtree(_folder(study) / name, ignore_errors=True)
    return {EXPORTS: exports, BATCHES: len(gone), PIECES: partition_pieces.prune(study)}


def _wanted(study: Study) -> set[bytes]:
    """Keys of the exports of the runs sheet as they lie there, under the readers of now."""
    columns, bases = study.runs.columns, Bases.of(study)
    found = batches(columns["run_id"], study.config.runs_per_job)
    digests = {
        file: digest
        for name, runs in found.items()
        for file, digest in bases.digests(batch_folder(study, name), runs).items()
    }
    asked = set(zip(columns["export"], columns["format"], strict=True))
    return {key_of(digests[file], form) for file, form in asked if file in digests}


def _used_batches(study: Study) -> set[str]:
    return set(batches(study.runs.columns["run_id"], study.config.runs_per_job))


def _folder(study: Study) -> Path:
    return batch_folder(study, "")


def _room(folder: Path) -> tuple[int, int]:
    """Files below a folder, and their bytes."""
    sizes = []
    for path in folder.rglob("*"):
        with contextlib.suppress(OSError):  # another process may have removed it
            if path.is_file():
                sizes.append(path.stat().st_size)
    return len(sizes), sum(sizes)


def _batches(study: Study) -> list[str]:
    folder = _folder(study)
    return (
        sorted(path.name for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []
    )
