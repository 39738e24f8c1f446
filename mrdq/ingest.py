"""Reading exports and layouts of a study into WELLS: the edge where files become tables."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from mrdq import plate, roles
from mrdq import vocabulary as words
from mrdq.errors import WARNING, MrdqError, Problem, Problems, refuse
from mrdq.input_file import InputFileError, outside, read_input
from mrdq.instruments import FORMATS, Export, read_export
from mrdq.instruments.printed_curves import curve_warnings, of_plate
from mrdq.layout import read_layout
from mrdq.study import Study
from mrdq.tables import RUNS, WELLS
from mrdq.wells import named
from mrdq.worksheets import is_formula


@dataclass(slots=True)
class Seen:
    """Names that the layouts and exports hold: what their reading asked the sheets about."""

    targets: set[str] = field(default_factory=set)
    samples: set[str] = field(default_factory=set)

    def add(self, targets: Iterable[str], samples: Iterable[str]) -> None:
        self.targets.update(targets)
        self.samples.update(samples)

    def merge(self, other: Seen) -> None:
        self.add(other.targets, other.samples)


@dataclass(slots=True)
class ReadRuns:
    """What reading runs gave: WELLS, RUNS, every problem met, and the names seen."""

    wells: pd.DataFrame
    runs: pd.DataFrame
    problems: Problems = field(default_factory=Problems)
    seen: Seen = field(default_factory=Seen)


_LATE_CQ = 35.0  # cycles; runs for MRD have 40 to 50
_WELLS_96 = [f"{row}{column}" for row in "ABCDEFGH" for column in range(1, 13)]
_WELLS_384 = [f"{row}{column}" for row in "ABCDEFGHIJKLMNOP" for column in range(1, 25)]


def bench_of(study: Study) -> plate.Bench:
    """What the sheets say of targets and samples, for assigning roles."""
    return plate.Bench(
        kind=study.assay("kind"), target_patient=study.assay("patient_id"),
        dna_per_well_ng=study.assay("dna_per_well"), sample_patient=study.sample("patient_id"),
        rules=study.config.layout_rules,
    )  # fmt: skip


def read_runs(
    study: Study,
    run_ids: Iterable[str] | None = None,
    *,
    progress: Callable[[str], None] = lambda _: None,
) -> ReadRuns:
    """Read the exports and layouts of runs (all by default), in the order of their ids.

    A run that cannot be read is a row of RUNS with its reason; its problems are in the result,
    and the other runs go on.  ``progress`` is told each run's id.
    """
    bench = bench_of(study)
    wanted = None if run_ids is None else set(run_ids)
    places = dict(zip(study.runs.columns["run_id"], study.runs.row, strict=True))
    records = [r for r in study.runs.records() if wanted is None or r["run_id"] in wanted]
    records.sort(key=lambda record: str(record["run_id"]))
    problems = Problems()
    rows, plates, basis = [], [], Seen()
    for record in records:
        met = Problems()
        seen = Seen()
        row, wells = _read_run(study, bench, record, met, seen, places[record["run_id"]])
        basis.merge(seen)
        rows.append(row)
        plates.append(wells)
        problems.extend([*met.errors, *met.warnings])
        progress(record["run_id"])
    return ReadRuns(
        _wells_table(rows, plates),
        pd.DataFrame(rows, columns=RUNS.names).pipe(_typed),
        problems,
        basis,
    )


def _read_run(
    study: Study,
    bench: plate.Bench,
    record: dict[str, Any],
    problems: Problems,
    seen: Seen,
    place: int,
) -> tuple[dict[str, Any], dict[str, list[Any]]]:
    row: dict[str, Any] = dict.fromkeys(RUNS.names, "") | {
        "run_id": record["run_id"], "export": record["export"], "layout": record["layout"], "state": "failed",
        "n_wells": 0, "n_unused": 0,
    }  # fmt: skip
    try:
        data = _bytes(study, record["export"], "export", place)
        row["export_sha256"] = hashlib.sha256(data).hexdigest()
        if record["format"] and record["format"] not in FORMATS:
            refuse(study.runs.file, f"one of {', '.join(FORMATS)}, or nothing", found=record["format"],
                   row=place, column="format", remedy="Mend the cell, or empty it: the format is detected.")  # fmt: skip
        export = read_export(data, record["export"], format=record["format"])
        problems.extend([*export.warnings, *_link(study, record["export"])])
        row["format"] = export.format
        row["instrument"] = ("'" if is_formula(export.instrument) else "") + export.instrument
        problems.extend(_last_cycle(export, record["export"]))
        if record["layout"]:
            problems.extend(_link(study, record["layout"].partition("#")[0]))
            row["layout_sha256"] = hashlib.sha256(
                _bytes(study, record["layout"].partition("#")[0], "layout", place)
            ).hexdigest()
            layout = read_layout(study.root, record["layout"], problems)
            seen.add(layout.columns["target"], layout.columns["sample_id"])
            problems.raise_if_any()
            wells = plate.from_layout(export, layout, bench, record["export"], problems)
        else:
            seen.add(export.target, export.sample)
            wells = roles.from_export(export, bench, record["export"], problems)
        problems.raise_if_any()
    except MrdqError as error:
        problems.extend(problem for problem in error.problems if problem not in problems.errors)
        row["message"] = " | ".join(str(problem) for problem in problems.errors)
        return row, {}
    if export.printed_curves:
        ours = of_plate(export, wells) if record["layout"] else None
        problems.extend(curve_warnings(export, record["export"], ours))
    problems.extend(plate.unused_note(wells, record["export"]))
    row |= {
        "state": "read",
        "not_read": " | ".join(export.notes),
        "n_wells": len(wells["well"]),
        "n_unused": wells["role"].count(""),
        "warnings": " | ".join(str(problem) for problem in problems.warnings),
    }
    return row, wells


def _last_cycle(export: Export, file: str) -> list[Problem]:
    """Several wells at exactly the same late whole Cq: some programs write the number of cycles
    where there was no signal."""
    whole = [cq for cq in export.cq if cq >= _LATE_CQ and cq.is_integer()]
    late = max(whole, key=whole.count, default=0.0)
    if whole.count(late) < 2:
        return []
    wells = ", ".join(well for well, cq in zip(export.well, export.cq, strict=True) if cq == late)
    return [
        Problem(file, "measured Cq, or the word for no signal", f"{late:g}", column=f"well {wells}",
                level=WARNING, remedy="Is it the number of cycles, meaning no signal? It is taken as a Cq.")
    ]  # fmt: skip


def _link(study: Study, file: str) -> list[Problem]:
    """A link out of the study is followed, and recorded: the study cannot be moved without it."""
    target = outside(os.path.join(study.root, file), study.root)
    if not target:
        return []
    return [_warn(file, "a file inside of the study", f"a link to {target}", "",
                  "It is read. Copy the file into the study, so that it can be archived with it.")]  # fmt: skip


def _bytes(study: Study, file: str, column: str, row: int) -> bytes:
    try:
        return read_input(os.path.join(study.root, file))
    except InputFileError as error:
        expected = f"{error.expected}, it is {error.found}" if error.found else error.expected
        refuse(study.runs.file, expected, file, row=row, column=column, remedy=error.remedy)


def _wells_table(rows: list[dict[str, Any]], plates: list[dict[str, list[Any]]]) -> pd.DataFrame:
    """The plates under each other, wells in the order of the plate; text as categories."""
    extra = sorted({name for wells in plates for name in wells} - set(plate.COLUMNS))
    columns: dict[str, list[Any]] = {name: [] for name in (*plate.COLUMNS, *extra)}
    count = []
    for wells in plates:
        n = len(wells.get("well", []))
        count.append(n)
        if not n:
            continue
        order = _plate_order(wells["well"], wells["target"])
        for name, column in columns.items():
            values = wells.get(name, [""] * n)
            column.extend(values if order is None else [values[i] for i in order])
    table: dict[str, Any] = {"run_id": _repeat([row["run_id"] for row in rows], count)}
    for name, values in columns.items():
        numeric = name in ("dilution", "quantity_ng", "cq")
        table[name] = np.array(values, dtype=float) if numeric else _categories(values)
    table["export_sha256"] = _repeat([row["export_sha256"] for row in rows], count)
    return pd.DataFrame(table)[[*WELLS.names, *extra]]


def _plate_order(well: list[str], target: list[str]) -> list[int] | None:
    """The rows in the order of the plate; None if they are (most exports are)."""
    if well in (_WELLS_96[: len(well)], _WELLS_384[: len(well)]):
        return None
    rank = [plate.natural(name) for name in well]
    return sorted(range(len(rank)), key=lambda i: (rank[i], target[i]))


def _categories(values: list[str]) -> pd.Categorical[str]:
    encoded = pa.array(values, type=pa.string()).dictionary_encode()
    return named(encoded.indices.to_numpy(), encoded.dictionary.to_pylist())


def _repeat(values: list[str], count: list[int]) -> pd.Categorical[str]:
    distinct = list(dict.fromkeys(values))
    place = {value: code for code, value in enumerate(distinct)}
    return named(
        np.repeat(np.array([place[value] for value in values], dtype=np.int32), count), distinct
    )


def _typed(runs: pd.DataFrame) -> pd.DataFrame:
    return runs.astype({"n_wells": float, "n_unused": float})


def study_problems(study: Study, reading: ReadRuns) -> list[Problem]:
    """What only shows when all plates are known: samples in no run, exports that are the same,
    repeats whose order nobody can tell, plates on which something was forgotten."""
    mrd = [target for target, kind in study.assay("kind").items() if kind == words.MRD]
    wells = reading.wells.loc[
        reading.wells["target"].isin(mrd), ["run_id", "target", "role", "sample_id"]
    ]
    wells = wells.astype(object)
    follow_up = wells[wells["role"] == words.SAMPLE].drop_duplicates()
    return [
        *_missing_samples(study, set(follow_up["sample_id"])),
        *_same_bytes(study, reading.runs),
        *_undated_repeats(study, follow_up),
        *_forgotten_roles(study, wells, follow_up),
    ]


def _warn(file: str, expected: str, found: str, column: str, remedy: str) -> Problem:
    return Problem(file, expected, found, column=column, remedy=remedy, level=WARNING)


def _missing_samples(study: Study, held: set[str]) -> list[Problem]:
    missing = [sample for sample in study.samples.columns["sample_id"] if sample not in held]
    if not missing:
        return []
    return [_warn(study.samples.file, "every sample in a run, for an MRD target", ", ".join(missing),
                  "sample_id", "Their status is not_done.")]  # fmt: skip


def _same_bytes(study: Study, runs: pd.DataFrame) -> list[Problem]:
    read = runs[runs["export_sha256"] != ""]
    same = read.groupby("export_sha256").agg(
        runs=("run_id", ", ".join), files=("export", "nunique")
    )
    return [
        _warn(study.runs.file, "an export of its own for every run", f"runs {names}", "export",
              "The files hold the same bytes: is one of them a copy?")
        for names in same.loc[same["files"] > 1, "runs"]
    ]  # fmt: skip


def _undated_repeats(study: Study, follow_up: pd.DataFrame) -> list[Problem]:
    """The later of two runs counts, so both need a date, and not the same one."""
    performed = dict(
        zip(study.runs.columns["run_id"], study.runs.columns["performed_on"], strict=True)
    )
    dated = follow_up.assign(day=follow_up["run_id"].map(performed))
    unclear: dict[str, None] = {}
    for _, rows in dated.groupby(["sample_id", "target"]):
        if len(rows) > 1 and (rows["day"].duplicated().any() or (rows["day"] == "").any()):
            unclear.setdefault(", ".join(sorted(rows["run_id"])))
    return [
        _warn(study.runs.file, "different dates of runs that hold the same sample and target", f"runs {names}",
              "performed_on", "The later run counts; without dates the order of their ids decides.")
        for names in unclear
    ]  # fmt: skip


def _forgotten_roles(study: Study, wells: pd.DataFrame, follow_up: pd.DataFrame) -> list[Problem]:
    units = follow_up[["run_id", "target"]].drop_duplicates()
    exports = dict(zip(study.runs.columns["run_id"], study.runs.columns["export"], strict=True))
    found = []
    for role in (words.STANDARD, words.BACKGROUND, words.NTC):
        there = wells.loc[wells["role"] == role, ["run_id", "target"]].drop_duplicates()
        lacking = units.merge(there, how="left", indicator=True).query("_merge == 'left_only'")
        for run, target in zip(lacking["run_id"], lacking["target"], strict=True):
            found.append(_warn(exports[run], f"wells with the role {role} for target {target} in run {run}", "",
                               "", "Without them no sample of this target is evaluable in the run."))  # fmt: skip
    return found
