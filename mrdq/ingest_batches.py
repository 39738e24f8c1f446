"""The runs of a study read batch by batch, on several cores; what did not change is taken as it is.

A batch lies in ``.mrdq/batches/<batch>``: its WELLS, its RUNS, and what they rested on.  Of a batch
that would be read with just the same nothing is read but that; of the others the exports that the
cache does not hold.  Memory holds what the whole study needs of each batch, and no wells.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
import pyarrow as pa

from mrdq import parallel, storage
from mrdq.amended_study import amendments
from mrdq.basis import BASIS, STATE, Bases, Kept, State, batch_folder, told
from mrdq.batches import batches
from mrdq.errors import MrdqError, Problem, Problems
from mrdq.ingest import Reader, ReadRuns, Seen, problems_of, typed
from mrdq.ingest_cache import Exports
from mrdq.ingest_problems import Held, Question
from mrdq.packs import Entry, Packer, Packs
from mrdq.progress import SILENT, Progress, Tick
from mrdq.storage import Files
from mrdq.study import Study
from mrdq.tables import RUNS, WELLS

CACHE = "cache"
Batches = Mapping[str, Sequence[str]]
_FEW, _FEW_KEPT = (
    24,
    1000,
)  # runs that are read, or taken as they are, before a second process starts
_PIECE = 100  # runs that are read before the next word of progress, at most
_PIECES = 8  # for each core, at least
_SMALL = 1000  # runs of a study whose wells are kept in memory


@dataclass(slots=True)
class Batch:
    """A batch that was read.

    ``extra``: columns of layouts that its WELLS have; ``told``: what is wrong, by run; ``held``: what the
    whole study needs of its wells; ``folder`` and ``sha256``: where WELLS lie, if they were kept;
    ``wells``: they themselves, in small studies.
    """

    runs: pd.DataFrame
    extra: Sequence[str]
    folder: Path
    sha256: str = ""
    told: Mapping[str, Sequence[Problem]] = field(default_factory=dict)
    held: Held | None = None
    wells: pa.Table | None = None


@dataclass(frozen=True, slots=True)
class _Piece:
    """Some runs of a batch: what was read, the states of their files before, and what was parsed anew."""

    batch: str
    read: ReadRuns
    states: Mapping[str, State]
    parsed: list[Entry]


@dataclass(slots=True)
class Reading:
    """The runs of a study that were read: RUNS, and what is wrong."""

    batches: list[Batch]
    runs: pd.DataFrame
    problems: Problems

    @classmethod
    def of(cls, batches: Sequence[Batch]) -> Reading:
        met = {run: problems for batch in batches for run, problems in batch.told.items()}
        runs = joined_runs([batch.runs for batch in batches])
        return cls(list(batches), runs, problems_of(met))

    @property
    def extra(self) -> list[str]:
        """Columns of layouts that WELLS does not have."""
        return sorted({name for batch in self.batches for name in batch.extra})

    @property
    def held(self) -> list[Held]:
        return [batch.held for batch in self.batches if batch.held is not None]


def read_batches(
    study: Study, *, keep: bool = False, progress: Progress = SILENT, cores: int = 1
) -> Reading:
    """Read every run of a study.

    ``keep``: what was read is kept under ``.mrdq`` for the next time; else nothing is written.
    """
    found = batches(study.runs.columns["run_id"], study.config.runs_per_job)
    work = Work.on(study, {name: batch_folder(study, name) for name in found}, keep=keep)
    with progress.step("reading exports", total=len(study.runs), unit="runs") as tick:
        return Reading.of(list(work.all_of(found, cores, tick).values()))


@dataclass(slots=True)
class Work:
    """Reads batches: what every process that takes part in it has at hand."""

    reader: Reader
    exports: Exports
    question: Question
    folders: Mapping[str, Path]
    is_small: bool

    @classmethod
    def on(cls, study: Study, folders: Mapping[str, Path], *, keep: bool) -> Work:
        exports = Exports(Packs(study.root / STATE / CACHE), keep)
        reader = Reader(study, Bases.of(study), exports)
        question = Question.of(study, amendments(study))
        return cls(reader, exports, question, folders, len(study.runs) <= _SMALL)

    def all_of(self, found: Batches, cores: int, tick: Tick) -> dict[str, Batch]:
        """Every batch, reused or read."""
        done: dict[str, Batch] = {}
        kept = {name: runs for name, runs in found.items() if (self.folders[name] / BASIS).is_file()}  # fmt: skip
        reused = parallel.each(self._reused, list(kept.items()), _useful(cores, kept, _FEW_KEPT))
        for (name, runs), batch in zip(kept.items(), reused, strict=True):
            if batch is not None:
                done[name] = batch
                tick(len(runs))
        left = {name: runs for name, runs in found.items() if name not in done}
        done |= self.read(left, cores, tick)
        return {name: done[name] for name in found}

    def read(self, found: Batches, cores: int, tick: Tick) -> dict[str, Batch]:
        """Every batch, read; what was parsed anew goes to the cache."""
        if found:
            self.exports.packs.load()
        packer, done = Packer(self.exports.packs.folder), {}
        waiting: dict[str, list[_Piece]] = {}
        cores = _useful(cores, found, _FEW)
        try:
            for piece in parallel.each(self._piece, _pieces(found, cores), cores):
                tick(len(piece.read.runs))
                packer.add(piece.parsed)
                parts = waiting.setdefault(piece.batch, [])
                parts.append(piece)
                if sum(len(part.read.runs) for part in parts) == len(found[piece.batch]):
                    done[piece.batch] = self._put(piece.batch, waiting.pop(piece.batch))
        finally:
            packer.close()
        return done

    def _piece(self, piece: tuple[str, Sequence[str]]) -> _Piece:
        batch, runs = piece
        states = self.reader.bases.states(runs)  # before they are read
        return _Piece(batch, self.reader.read(runs), states, self.exports.taken())

    def _put(self, name: str, pieces: Sequence[_Piece]) -> Batch:
        """A batch whose wells are put aside."""
        read = _joined([piece.read for piece in pieces])
        states = {file: state for piece in pieces for file, state in piece.states.items()}
        _refuse_twins(read.table)
        batch = Batch(read.runs, _extra(read.table), self.folders[name], told=read.told)
        if self.exports.keep:
            batch.sha256 = _keep(self.reader.bases, read, states, Files(batch.folder))
        return self._answered(batch, read.table)

    def _answered(self, batch: Batch, wells: pa.Table) -> Batch:
        batch.held = self.question.answer(wells)
        if self.is_small:
            batch.wells = wells
        return batch

    def _reused(self, one: tuple[str, Sequence[str]]) -> Batch | None:
        """A batch that would be read with just what it was read with, and is whole; else None."""
        name, runs = one
        folder = self.folders[name]
        kept = self.reader.bases.kept(folder, runs)
        if kept is None:
            return None
        data = _whole(Files(folder).wells, kept.tables.get(WELLS.name, ""))
        rows = _whole_runs(folder, kept.tables.get(RUNS.name, ""))
        if data is None or rows is None:
            return None
        met = {run: kept.problems.get(run, ()) for run in rows["run_id"]}
        wells = storage.parsed_wells(data)
        batch = Batch(rows, _extra(wells), folder, kept.tables[WELLS.name], met)
        return self._answered(batch, wells)


def kept_batch(folder: Path, reader: Callable[[], Reader]) -> Batch:
    """The batch in ``folder``; what is damaged there is read again.  Raises :class:`MrdqError` where
    there is none."""
    runs, tables = told(folder)
    sha256 = tables.get(WELLS.name, "")
    data, rows = _whole(Files(folder).wells, sha256), _whole_runs(folder, tables.get(RUNS.name, ""))
    if data is None or rows is None:
        read = reader().read(runs)
        return Batch(read.runs, _extra(read.table), folder, wells=read.table)
    return Batch(rows, storage.extra_of(data), folder, sha256)


def whole_wells(folder: Path, sha256: str) -> pa.Table | None:
    """WELLS of a batch, text as dictionaries; None unless its bytes are those of ``sha256``."""
    data = _whole(Files(folder).wells, sha256)
    return None if data is None else storage.parsed_wells(data)


def _whole_runs(folder: Path, sha256: str) -> pd.DataFrame | None:
    path = Files(folder).runs
    if _whole(path, sha256) is None:
        return None
    try:
        return typed(storage.read_table(path, RUNS))
    except MrdqError:  # it changed just now
        return None


def _whole(path: Path, sha256: str) -> bytes | None:
    """The bytes of a file if their hash is ``sha256``."""
    try:
        data = path.read_bytes()
    except OSError:
        return None
    return data if hashlib.sha256(data).hexdigest() == sha256 else None


def _extra(wells: pa.Table) -> list[str]:
    return [name for name in wells.column_names if name not in WELLS.names]


def _keep(bases: Bases, read: ReadRuns, states: Mapping[str, State], files: Files) -> str:
    """Write a batch; the SHA-256 of its WELLS.  The basis is last: without it there is no batch."""
    wells, runs = storage.parquet_bytes(read.table), storage.tsv_bytes(RUNS.check(read.runs))
    storage.write_kept(files.wells, wells)
    storage.write_kept(files.runs, runs)
    tables = {WELLS.name: hashlib.sha256(wells).hexdigest(), RUNS.name: hashlib.sha256(runs).hexdigest()}  # fmt: skip
    basis = bases.written(list(read.runs["run_id"]), states, _digests(read.runs),
                          targets=read.seen.targets, samples=read.seen.samples, kept=Kept(read.told, tables))  # fmt: skip
    storage.write_kept(files.folder / BASIS, basis)
    return tables[WELLS.name]


def _digests(runs: pd.DataFrame) -> dict[str, str]:
    """SHA-256 of the exports and layouts that were read."""
    names = [*runs["export"], *(name.partition("#")[0] for name in runs["layout"])]
    digests = [*runs["export_sha256"], *runs["layout_sha256"]]
    return {name: digest for name, digest in zip(names, digests, strict=True) if digest}


def _refuse_twins(wells: pa.Table) -> None:
    """A well that counted twice would be a bug."""
    keys = wells.select([*WELLS.key, "role"]).to_pandas()
    if keys[keys["role"] != ""].duplicated(list(WELLS.key)).any():
        raise ValueError(f"{WELLS.name}: {', '.join(WELLS.key)} is not unique")


def _pieces(found: Batches, cores: int) -> list[tuple[str, Sequence[str]]]:
    """The runs of each batch in pieces, which as many cores share."""
    size = math.ceil(sum(map(len, found.values())) / (cores * _PIECES))
    size = min(max(size, 1), _PIECE)
    return [
        (name, runs[i : i + size])
        for name, runs in found.items()
        for i in range(0, len(runs), size)
    ]


def _useful(cores: int, found: Batches, few: int) -> int:
    return cores if sum(map(len, found.values())) >= few else 1


def _joined(parts: Sequence[ReadRuns]) -> ReadRuns:
    """Pieces of a batch as one."""
    if len(parts) == 1:
        return parts[0]
    seen = Seen()
    for part in parts:
        seen.merge(part.seen)
    met = {run: problems for part in parts for run, problems in part.told.items()}
    return ReadRuns(joined_wells([part.table for part in parts]),
                    joined_runs([part.runs for part in parts]), met, seen)  # fmt: skip


def joined_wells(tables: Sequence[pa.Table]) -> pa.Table:
    """WELLS under each other, text as dictionaries; a column of layouts that one lacks is empty there."""
    extra = {name for table in tables for name in table.column_names} - set(WELLS.names)
    alike = [with_columns(table, sorted(extra)) for table in tables]
    return pa.concat_tables(alike).unify_dictionaries()


def with_columns(wells: pa.Table, extra: Sequence[str]) -> pa.Table:
    """WELLS with these columns of layouts behind its own."""
    nothing = pa.DictionaryArray.from_arrays(pa.array([0] * len(wells), type=pa.int32()), [""])
    for name in extra:
        if name not in wells.column_names:
            wells = wells.append_column(name, nothing)
    return wells.select([*WELLS.names, *extra])


def joined_runs(parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """RUNS under each other, by run; the same text is held once."""
    if not parts:
        return typed(pd.DataFrame({name: [] for name in RUNS.names}))
    runs = pd.concat(parts, ignore_index=True).sort_values("run_id", ignore_index=True)
    once: dict[str, str] = {}
    for name in ("format", "instrument", "state", "message", "not_read", "warnings"):
        runs[name] = [once.setdefault(str(text), str(text)) for text in runs[name]]
    return typed(runs)
