"""WELLS to CALLS, and CALLS to STATUS and the hand-off: the stages after reading, as files.

Both deal out their input to partitions of patients, make each partition's rows alone (or take what
is kept of it), and put the tables together.
"""

from __future__ import annotations

import contextlib
import platform
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from os import getpid
from pathlib import Path

from mrdq import partition_made, processes, storage
from mrdq.amended_study import amendments, refuse_other_wells
from mrdq.amendments import automatic_wells, well_problems
from mrdq.errors import Problem, Problems
from mrdq.parallel import each
from mrdq.partition import Partitions, frame_of, partitions
from mrdq.partition_calls import deal_calls
from mrdq.partition_key import key_of
from mrdq.partition_made import definitions as definitions
from mrdq.partition_pieces import PIECES, Made, Store, put_together
from mrdq.partition_study import Narrowed
from mrdq.partition_wells import deal_wells, owners
from mrdq.plan import STATE
from mrdq.progress import SILENT, Progress
from mrdq.provenance import amendments_hash
from mrdq.storage import Files
from mrdq.study import Study

Work = tuple[str, Callable[[], Made]]
"""The key of a partition's work, and the work."""


def call(study: Study, files: Files, *, progress: Progress = SILENT, cores: int = 1) -> None:
    """WELLS to CURVES, STANDARDS, EVIDENCE and CALLS.  Raises :class:`MrdqError`, before anything is
    written, where a person's call meets no call, or no level: the sheet may be newer than the wells."""
    parts, amended, file = partitions(study.protocol_of), amendments(study), study.amendments.file
    narrowed = Narrowed(study).load()
    found = Problems()
    with _between(study, files) as (folder, kept):
        dealt, near = deal_wells(files.wells, parts, owners(study, parts), amended, folder, progress=progress)  # fmt: skip
        refuse_other_wells(files.wells, near, study)
        found.extend(well_problems(automatic_wells(near), amended, file))

        def work(at: int) -> Work:
            given = narrowed.to_wells(frame_of(dealt.rows(at)))
            return key_of("call", *given), lambda: partition_made.calls(*given)

        with progress.step("curves, evidence and calls", len(parts.of), "patients") as tick:
            pieces = _pieces(parts, work, folder, kept / "call", found, cores, tick)
        found.raise_if_any()
        _write(study, files, pieces)


def status(study: Study, files: Files, *, progress: Progress = SILENT, cores: int = 1) -> None:
    """CALLS to STATUS and the hand-off to survival analysis."""
    parts, narrowed = partitions(study.protocol_of), Narrowed(study).load()
    timepoints = partition_made.timepoints(study)
    with _between(study, files) as (folder, kept):
        dealt = deal_calls(files.table("calls.tsv"), parts, study, folder, progress=progress)

        def work(at: int) -> Work:
            calls, own = frame_of(dealt.rows(at)), narrowed.to_patients(parts.patients[at])
            given = own, calls, timepoints
            return key_of("status", *given), lambda: partition_made.statuses(*given)

        with progress.step("status and survival hand-off", len(parts.of), "patients") as tick:
            pieces = _pieces(parts, work, folder, kept / "status", Problems(), cores, tick)
        _write(study, files, pieces)


def _pieces(
    parts: Partitions, work: Callable[[int], Work], folder: Path, kept: Path, problems: Problems, cores: int,
    tick: Callable[[int], None],
) -> list[Path]:  # fmt: skip
    """The piece of every partition in ``folder``, taken of ``kept`` or made; what stops the stage goes
    to ``problems``."""
    store, paths = Store(kept), [folder / name for name in parts.names]

    def take(at: int) -> list[Problem]:
        key, make = work(at)
        return store.take(parts.names[at], key, make, paths[at])

    found: list[Problem] = []
    for at, met in enumerate(each(take, range(len(paths)), cores)):
        found += met
        tick(len(parts.patients[at]))
    problems.extend(sorted(found, key=lambda problem: problem.row or 0))
    store.tidy(parts.names)
    return paths


def _write(study: Study, files: Files, pieces: Sequence[Path]) -> None:
    def write(name: str, chunks: Iterable[bytes]) -> None:
        storage.write_chunks(files.table(name), chunks)

    put_together(pieces, write, amendments_hash(study))


@contextlib.contextmanager
def _between(study: Study, files: Files) -> Iterator[tuple[Path, Path]]:
    """A folder for what lies between, and one for what is kept.

    Both are the study's if it can be written and the results are its own; other results (of a
    comparison) leave nothing in it.
    """
    state = study.root / STATE
    folder = None
    if files.folder == study.results:
        with contextlib.suppress(OSError):
            folder = _folder_of_this_process(state / "between")
    if folder is None:
        folder = Path(tempfile.mkdtemp(prefix="mrdq-"))
        state = folder / STATE
    try:
        yield folder, state / PIECES
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _folder_of_this_process(folder: Path) -> Path:
    """A new folder; what killed processes of this machine left beside it is removed."""
    host = platform.node()
    for stale in folder.glob(f"{host}.*"):
        process = stale.name.rpartition(".")[2]
        if process.isdecimal() and processes.is_gone(host, int(process)):
            shutil.rmtree(stale, ignore_errors=True)
    own = folder / f"{host}.{getpid()}"
    own.mkdir(parents=True)
    return own
