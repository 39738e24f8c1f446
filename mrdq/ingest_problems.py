"""What only shows when all plates are known, from the little that it needs of each batch of runs."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa

from mrdq import vocabulary as words
from mrdq.amendments import Amendment, well_problems
from mrdq.errors import WARNING, Problem
from mrdq.study import Study
from mrdq.wells import Ints

_NEEDED = (words.STANDARD, words.BACKGROUND, words.NTC)
_TOLD = 20
"""Samples that a warning names: nobody reads a million."""


@dataclass(frozen=True, slots=True)
class Held:
    """What the runs of a batch hold, as the whole study needs it.

    Parameters
    ----------
    units: ``run_id target sample_id`` of every follow-up sample and its MRD target, once.
    lacking: ``run_id target role``: roles without a well for an MRD target that has samples.
    asked: WELLS of the runs that hold a sample whose level an amendment asks for.
    unmet: amendments that the wells do not bear out.
    """

    units: pa.Table
    lacking: list[tuple[str, str, str]]
    asked: pa.Table
    unmet: list[Problem]


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of every batch: MRD targets, the amendments and the file that they stand in."""

    mrd: Collection[str]
    amendments: Sequence[Amendment]
    file: str

    @classmethod
    def of(cls, study: Study, amendments: Sequence[Amendment]) -> Question:
        mrd = {target for target, kind in study.assay("kind").items() if kind == words.MRD}
        return cls(mrd, amendments, study.amendments.file)

    def answer(self, wells: pa.Table) -> Held:
        """``wells``: WELLS of some runs as they were read, text as dictionaries."""
        levels = {
            one.sample_id for one in self.amendments if one.call == words.POSITIVE_QUANTIFIABLE
        }
        units, lacking = _units(wells, self.mrd)
        asked = _runs_that_hold(wells, levels)
        return Held(units, lacking, asked, unmet(wells, self.amendments, self.file))


def unmet(wells: pa.Table, amendments: Sequence[Amendment], file: str) -> list[Problem]:
    """Amendments of the runs in ``wells`` that meet nothing there."""
    if not amendments:
        return []
    run, names = _codes(wells, "run_id")
    named = {one.run_id for one in amendments}.intersection(names)
    mine = [one for one in amendments if one.run_id in named]
    frame = wells.filter(_is_of(run, names, named)).to_pandas()
    return list(well_problems(frame, mine, file))


def _codes(wells: pa.Table, name: str) -> tuple[Ints, list[str]]:
    column = wells[name].unify_dictionaries().combine_chunks()
    return column.indices.to_numpy(zero_copy_only=False), column.dictionary.to_pylist()


def _is_of(code: Ints, names: Sequence[str], wanted: Collection[str]) -> np.ndarray:
    return np.array([name in wanted for name in names], dtype=bool)[code]


def _runs_that_hold(wells: pa.Table, samples: Collection[str]) -> pa.Table:
    if not samples:
        return wells.slice(0, 0)
    run, names = _codes(wells, "run_id")
    hold = np.zeros(len(names), dtype=bool)
    hold[run[_is_of(*_codes(wells, "sample_id"), samples)]] = True
    return wells.filter(hold[run])


def _units(wells: pa.Table, mrd: Collection[str]) -> tuple[pa.Table, list[tuple[str, str, str]]]:
    run, runs = _codes(wells, "run_id")
    target, targets = _codes(wells, "target")
    role, roles = _codes(wells, "role")
    sample, samples = _codes(wells, "sample_id")
    is_mrd = _is_of(target, targets, mrd)
    pair = run.astype(np.int64) * max(1, len(targets)) + target
    follow_up = np.flatnonzero(is_mrd & _is_of(role, roles, (words.SAMPLE,)))
    rows = _first(pair[follow_up] * max(1, len(samples)) + sample[follow_up], follow_up)
    units = pa.table({
        name: wells[name].cast(pa.string()).take(pa.array(rows)) for name in ("run_id", "target", "sample_id")
    })  # fmt: skip
    lacking = []
    pairs = _first(pair[follow_up], follow_up)
    for needed in _NEEDED:
        there = pair[_is_of(role, roles, (needed,))]
        without = pairs[~np.isin(pair[pairs], there)]
        lacking += [(runs[run[row]], targets[target[row]], needed) for row in without]
    return units, lacking


def _first(key: Ints, rows: Ints) -> Ints:
    """The rows in which each key stands first, in order."""
    _, first = np.unique(key, return_index=True)
    return rows[np.sort(first)]


def study_problems(study: Study, runs: pd.DataFrame, held: Iterable[Held]) -> list[Problem]:
    """Samples in no run, exports that are the same, repeats whose order nobody can tell, plates on
    which something was forgotten.  ``runs``: RUNS of all batches."""
    parts = list(held)
    units = pa.concat_tables([part.units for part in parts]) if parts else None
    lacking = [one for part in parts for one in part.lacking]
    return [
        *_missing_samples(study, units),
        *_same_bytes(study, runs),
        *_undated_repeats(study, units),
        *_forgotten_roles(study, lacking),
    ]


def _warn(file: str, expected: str, found: str, column: str, remedy: str) -> Problem:
    return Problem(file, expected, found, column=column, remedy=remedy, level=WARNING)


def _missing_samples(study: Study, units: pa.Table | None) -> list[Problem]:
    held = set() if units is None else set(units["sample_id"].to_pylist())
    missing = [sample for sample in study.samples.columns["sample_id"] if sample not in held]
    if not missing:
        return []
    more = f" and {len(missing) - _TOLD:,} more" if len(missing) > _TOLD else ""
    return [_warn(study.samples.file, "every sample in a run, for an MRD target", ", ".join(missing[:_TOLD]) + more,
                  "sample_id", "Their status is not_done.")]  # fmt: skip


def _same_bytes(study: Study, runs: pd.DataFrame) -> list[Problem]:
    read = runs[runs["export_sha256"] != ""]
    read = read[read["export_sha256"].duplicated(keep=False)]
    if not len(read):
        return []
    same = read.groupby("export_sha256").agg(
        runs=("run_id", ", ".join), files=("export", "nunique")
    )
    return [
        _warn(study.runs.file, "an export of its own for every run", f"runs {names}", "export",
              "The files hold the same bytes: is one of them a copy?")
        for names in same.loc[same["files"] > 1, "runs"]
    ]  # fmt: skip


def _undated_repeats(study: Study, units: pa.Table | None) -> list[Problem]:
    """The later of two runs counts, so both need a date, and not the same one."""
    repeated = _repeated(units)
    if repeated is None:
        return []
    performed = dict(
        zip(study.runs.columns["run_id"], study.runs.columns["performed_on"], strict=True)
    )
    dated = repeated.assign(day=repeated["run_id"].map(performed))
    unclear: dict[str, None] = {}
    for _, rows in dated.groupby(["sample_id", "target"]):
        if rows["day"].duplicated().any() or (rows["day"] == "").any():
            unclear.setdefault(", ".join(sorted(rows["run_id"])))
    return [
        _warn(study.runs.file, "different dates of runs that hold the same sample and target", f"runs {names}",
              "performed_on", "The later run counts; without dates the order of their ids decides.")
        for names in unclear
    ]  # fmt: skip


def _repeated(units: pa.Table | None) -> pd.DataFrame | None:
    """The units whose sample and target several runs hold."""
    if units is None or not len(units):
        return None
    sample, target = (
        units[name].combine_chunks().dictionary_encode() for name in ("sample_id", "target")
    )
    key = sample.indices.to_numpy().astype(np.int64) * len(target.dictionary) + target.indices.to_numpy()  # fmt: skip
    _, place, count = np.unique(key, return_inverse=True, return_counts=True)
    several = count[place] > 1
    if not several.any():
        return None
    frame: pd.DataFrame = units.filter(several).to_pandas().astype(object)
    return frame


def _forgotten_roles(study: Study, lacking: Sequence[tuple[str, str, str]]) -> list[Problem]:
    exports = dict(zip(study.runs.columns["run_id"], study.runs.columns["export"], strict=True))
    ordered = sorted(lacking, key=lambda one: (_NEEDED.index(one[2]), one[0]))
    return [
        _warn(exports[run], f"wells with the role {role} for target {target} in run {run}", "", "",
              "Without them no sample of this target is evaluable in the run.")
        for run, target, role in ordered
    ]  # fmt: skip
