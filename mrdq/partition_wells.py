"""WELLS dealt out to partitions of patients.

Wells of an MRD target go to its patient's partition, and so do a control gene's wells of a patient's
samples.  What a plate holds of a control gene beside samples (standards, NTC) is shared: it goes to
every partition that has a sample there, and one of them, its *owner*, puts out what is made of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from mrdq import vocabulary as words
from mrdq.amendments import WELL_COLUMNS, Amendment
from mrdq.errors import Problem, Problems, refuse
from mrdq.partition import Dealt, Partitions, coded, frame_of
from mrdq.progress import SILENT, Progress
from mrdq.study import Study
from mrdq.tables import WELLS
from mrdq.wells import Bools, Ints

FOREIGN = "foreign"
"""Column of dealt wells: another partition puts out what is made of the control gene's curve."""
_NUMBERS = ("dilution", "quantity_ng", "cq", "automatic_cq")
_COLUMNS = ("run_id", "target", "role", "sample_id", "dilution", "quantity_ng", "cq", "cq_state")
_USED = (words.STANDARD, words.SAMPLE, words.BACKGROUND, words.NTC)
_NOBODY, _SHARED = -1, -2


@dataclass(frozen=True, slots=True)
class Owners:
    """Whose a target and a sample is: numbers of ``patients``, and the partition of each number.

    A control gene is ``_SHARED``; what the sheets do not have is ``_NOBODY``'s.
    """

    patients: list[str]
    place: Ints
    targets: dict[str, int]
    samples: dict[str, int]


def owners(study: Study, parts: Partitions) -> Owners:
    """Whose the targets and samples of a study are."""
    patients = list(parts.of)
    number = {name: at for at, name in enumerate(patients)}
    kind, patient, of_sample = study.assay("kind"), study.assay("patient_id"), study.sample("patient_id")  # fmt: skip
    targets = {
        name: _SHARED if kind[name] == words.CONTROL_GENE else number.get(patient[name], _NOBODY)
        for name in kind
    }
    samples = {name: number.get(of_sample[name], _NOBODY) for name in of_sample}
    # The last two are found by -2 and -1.
    place = np.array([*parts.of.values(), _SHARED, _NOBODY], dtype=np.int64)
    return Owners(patients, place, targets, samples)


def deal_wells(
    path: Path, parts: Partitions, whose: Owners, amendments: Sequence[Amendment], folder: Path, *,
    progress: Progress = SILENT,
) -> tuple[Dealt, pd.DataFrame]:  # fmt: skip
    """Deal out the wells of ``path`` that count; with them come WELLS of the runs that are amended
    by the sheet, and the wells that are amended in the file.

    Raises :class:`MrdqError` for a file that is none, and where samples have other patients than when
    the wells were read.
    """
    amended = pa.array(sorted({one.run_id for one in amendments}), type=pa.string())
    columns = _columns(path)
    schema = pa.schema([(c, pa.float64() if c in _NUMBERS else pa.string()) for c in columns])
    dealt = Dealt(folder, schema.append(pa.field(FOREIGN, pa.bool_())))
    near: list[pa.Table] = []
    strays: dict[tuple[str, str], None] = {}
    try:
        file = pq.ParquetFile(path, read_dictionary=[c for c in columns if c not in _NUMBERS])
        with progress.step("dealing out wells", file.metadata.num_rows, "wells") as tick:
            for wells in _whole_runs(file, columns, path):
                near.append(_plain(wells.filter(_is_amended(wells, amended))))
                rows, place, foreign = _routes(wells, parts, whose, strays)
                theirs = _plain(wells.take(pa.array(rows)))
                dealt.deal(theirs.append_column(FOREIGN, pa.array(foreign)), place)
                tick(len(wells))
    except (pa.ArrowInvalid, OSError) as error:
        refuse(str(path), "a table in Parquet", found=str(error), remedy="Delete it and run the study again.")  # fmt: skip
    dealt.close()
    _refuse_strays(strays, whose, path)
    return dealt, frame_of(pa.concat_tables([schema.empty_table(), *near]))


def _columns(path: Path) -> list[str]:
    """The columns that are needed of those that the file has."""
    if not path.is_file():
        refuse(str(path), "the table wells.parquet", remedy="Read the exports first (mrdq ingest STUDY).")  # fmt: skip
    try:
        names = pq.read_schema(path).names
    except (pa.ArrowInvalid, OSError) as error:
        refuse(str(path), "a table in Parquet", found=str(error), remedy="Delete it and run the study again.")  # fmt: skip
    missing = [name for name in WELLS.names if name not in names]
    if missing:
        refuse(str(path), f"the columns {', '.join(missing)}", remedy="Run the study again.")
    # WELLS is amended if it has the first of these columns: a layout's own have other names.
    beside = WELL_COLUMNS if WELL_COLUMNS[0] in names else ()
    return [*_COLUMNS, "well", *beside]


def _whole_runs(file: pq.ParquetFile, columns: list[str], path: Path) -> Iterator[pa.Table]:
    """The row groups of WELLS; those that share a run come as one."""
    held: pa.Table | None = None
    for group in range(file.num_row_groups):
        found = file.read_row_group(group, columns=columns)
        runs = _runs_in_turn(found)
        last = held["run_id"][-1].as_py() if held is not None else ""
        for before, after in pairwise([last, *runs] if runs[:1] != [last] else runs):
            if not before < after:
                refuse(str(path), "the wells in the order of their runs", f"{after} after {before}", column="run_id",
                       remedy="The file was changed: run the study again.")  # fmt: skip
        if not runs:
            continue
        if held is not None and last == runs[0]:
            held = pa.concat_tables([held, found])
            continue
        if held is not None:
            yield held
        held = found
    if held is not None:
        yield held


def _runs_in_turn(wells: pa.Table) -> list[str]:
    """The run of each stretch of wells of a run."""
    run, names = coded(wells["run_id"])
    first = np.flatnonzero(np.diff(run, prepend=-1))
    return [str(name) for name in names.take(pa.array(run[first])).to_pylist()]


def _is_amended(wells: pa.Table, runs: pa.StringArray) -> pa.ChunkedArray:
    found = pc.is_in(wells["run_id"].cast(pa.string()), runs)
    if "amendment" not in wells.column_names:
        return found
    return pc.or_(found, pc.not_equal(pc.fill_null(wells["amendment"].cast(pa.string()), ""), ""))


def _plain(wells: pa.Table) -> pa.Table:
    """Dictionaries as text, missing text as ""."""
    for at, name in enumerate(wells.column_names):
        if name not in _NUMBERS:
            wells = wells.set_column(at, name, pc.fill_null(wells[name].cast(pa.string()), ""))
    return wells


def _routes(
    wells: pa.Table, parts: Partitions, whose: Owners, strays: dict[tuple[str, str], None]
) -> tuple[Ints, Ints, Bools]:
    """Rows (some of them several times) by partition, the partition of each, and whether it is
    foreign there.

    ``strays``: takes up samples (target, sample) whose patient is not the target's.
    """
    role, roles = coded(wells["role"])
    target, targets = coded(wells["target"])
    sample, samples = coded(wells["sample_id"])
    run, runs = coded(wells["run_id"])
    of_target, of_sample = _numbers(targets, whose.targets), _numbers(samples, whose.samples)
    used = np.isin(roles.to_pylist(), _USED)
    row = np.flatnonzero(used[role] & (of_target[target] != _NOBODY))
    is_sample = np.isin(roles.to_pylist(), (words.SAMPLE,))[role[row]]
    patient, from_sample = of_target[target[row]], of_sample[sample[row]]
    gene = patient == _SHARED
    for at in row[is_sample & ~gene & (from_sample != patient)]:
        strays.setdefault((targets[int(target[at])].as_py(), samples[int(sample[at])].as_py()))
    place = whose.place[np.where(gene & is_sample, from_sample, patient)]
    # What is nobody's, a sample that the sheets do not have, is shared like the standards.
    shared = gene & (~is_sample | (place == _NOBODY))
    unit = run[row].astype(np.int64) * len(targets) + target[row]
    of_gene = gene & ~shared
    has = _places(unit[of_gene], place[of_gene], unit[shared], len(targets), runs, parts)
    rows, places, foreign = _to_each(row[shared], unit[shared], *has)
    rows, places = np.concatenate([row[~shared], rows]), np.concatenate([place[~shared], places])
    foreign = np.concatenate([np.zeros(len(row) - shared.sum(), dtype=bool), foreign])
    order = np.lexsort((rows, places))
    return rows[order], places[order], foreign[order]


def _numbers(names: pa.StringArray, known: dict[str, int]) -> Ints:
    return np.array([known.get(name, _NOBODY) for name in names.to_pylist()], dtype=np.int64)


def _places(
    unit: Ints, place: Ints, shared: Ints, n_targets: int, runs: pa.StringArray, parts: Partitions
) -> tuple[Ints, Ints]:
    """The partitions that have samples in a control gene's units, sorted: (unit, partition) pairs.

    A unit without one has a partition by its run.
    """
    n = len(parts.names)
    alone = np.setdiff1d(shared, unit)
    of_run = [parts.of_run(runs[int(one) // n_targets].as_py()) for one in alone]
    pair = np.unique(np.concatenate([unit * n + place, alone * n + np.array(of_run, dtype=np.int64)]))  # fmt: skip
    return pair // n, pair % n


def _to_each(row: Ints, unit: Ints, units: Ints, places: Ints) -> tuple[Ints, Ints, Bools]:
    """Shared rows, once for each partition of their unit; the first of these is its owner."""
    start, end = np.searchsorted(units, unit), np.searchsorted(units, unit, side="right")
    count = end - start
    nth = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    return np.repeat(row, count), places[np.repeat(start, count) + nth], nth > 0


def _refuse_strays(strays: Iterable[tuple[str, str]], whose: Owners, path: Path) -> None:
    problems = Problems()
    for target, sample in strays:
        owner, patient = whose.patients[whose.targets[target]], whose.samples.get(sample, _NOBODY)
        now = (
            f"of patient {whose.patients[patient]}" if patient >= 0 else "not in the samples sheet"
        )
        problems.add(Problem(str(path), f"a sample of patient {owner}, whose clone {target} is",
                             f"{sample}, {now}", column="sample_id",
                             remedy="The sheets were changed after the wells were read: run the study again."))  # fmt: skip
    problems.raise_if_any()
