"""Reading exports and layouts of a study into WELLS: the edge where files become tables."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from mrdq import plate, roles
from mrdq.basis import Bases
from mrdq.errors import WARNING, MrdqError, Problem, Problems, refuse
from mrdq.ingest_cache import Exports
from mrdq.input_file import InputFileError, outside, read_input
from mrdq.instruments import FORMATS, Export, read_export
from mrdq.instruments.printed_curves import curve_warnings, of_plate
from mrdq.layout import read_layout
from mrdq.sheets import Sheet
from mrdq.study import Study
from mrdq.tables import RUNS, WELLS
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
    """What reading runs gave: WELLS (text as dictionaries), RUNS, what is wrong by run, and the
    names seen."""

    table: pa.Table
    runs: pd.DataFrame
    told: dict[str, list[Problem]]
    seen: Seen

    @property
    def wells(self) -> pd.DataFrame:
        """WELLS, text as categories."""
        frame: pd.DataFrame = self.table.to_pandas()
        return frame

    @property
    def problems(self) -> Problems:
        """Everything that is wrong, in the order of the runs."""
        return problems_of(self.told)


def problems_of(told: Mapping[str, Iterable[Problem]]) -> Problems:
    """Problems by run, in the order of the runs' ids."""
    found = Problems()
    for run in sorted(told):
        found.extend(told[run])
    return found


_LATE_CQ = 35.0  # cycles; runs for MRD have 40 to 50
_WELLS_96 = [f"{row}{column}" for row in "ABCDEFGH" for column in range(1, 13)]
_WELLS_384 = [f"{row}{column}" for row in "ABCDEFGHIJKLMNOP" for column in range(1, 25)]


def read_runs(study: Study, run_ids: Iterable[str] | None = None) -> ReadRuns:
    """Read the exports and layouts of runs (all by default), in the order of their ids.

    A run that cannot be read is a row of RUNS with its reason; its problems are in the result,
    and the other runs go on.
    """
    return Reader(study, Bases.of(study)).read(
        study.runs.columns["run_id"] if run_ids is None else run_ids
    )


@dataclass(slots=True)
class Reader:
    """Reads runs of a study, as :func:`read_runs`.

    ``bases``: what its sheets say; ``exports``: where those may be that were parsed before.
    """

    study: Study
    bases: Bases
    exports: Exports | None = None
    _bench: plate.Bench = field(init=False)

    def __post_init__(self) -> None:
        bases = self.bases
        self._bench = plate.Bench(
            kind=bases.kind, target_patient=bases.target_patient, dna_per_well_ng=bases.dna_per_well,
            sample_patient=bases.sample_patient, rules=self.study.config.layout_rules,
        )  # fmt: skip

    def read(self, run_ids: Iterable[str]) -> ReadRuns:
        rows, plates, seen = [], [], Seen()
        told: dict[str, list[Problem]] = {}
        for run in sorted(run_ids):
            met = Problems()
            row, wells = self._run(run, met, seen)
            rows.append(row)
            plates.append(wells)
            told[run] = [*met.errors, *met.warnings]
        runs = pd.DataFrame(rows, columns=RUNS.names)
        return ReadRuns(_wells_table(rows, plates), typed(runs), told, seen)

    def _run(
        self, run: str, problems: Problems, seen: Seen
    ) -> tuple[dict[str, Any], dict[str, list[Any]]]:
        columns, entry = self.study.runs.columns, self.bases.entry[run]
        file, sheet = columns["export"][entry], columns["layout"][entry]
        row: dict[str, Any] = dict.fromkeys(RUNS.names, "") | {
            "run_id": run, "export": file, "layout": sheet, "state": "failed", "n_wells": 0, "n_unused": 0,
        }  # fmt: skip
        try:
            export = self._export(entry, row)
            problems.extend([*export.warnings, *_link(self.study, file)])
            row["format"] = export.format
            row["instrument"] = ("'" if is_formula(export.instrument) else "") + export.instrument
            problems.extend(_last_cycle(export, file))
            if sheet:
                layout = self._layout(entry, row, problems)
                seen.add(layout.columns["target"], layout.columns["sample_id"])
                problems.raise_if_any()
                wells = plate.from_layout(export, layout, self._bench, file, problems)
            else:
                seen.add(export.target, export.sample)
                wells = roles.from_export(export, self._bench, file, problems)
            problems.raise_if_any()
        except MrdqError as error:
            problems.extend(problem for problem in error.problems if problem not in problems.errors)
            row["message"] = " | ".join(str(problem) for problem in problems.errors)
            return row, {}
        if export.printed_curves:
            ours = of_plate(export, wells) if sheet else None
            problems.extend(curve_warnings(export, file, ours))
        problems.extend(plate.unused_note(wells, file))
        row |= {
            "state": "read",
            "not_read": " | ".join(export.notes),
            "n_wells": len(wells["well"]),
            "n_unused": wells["role"].count(""),
            "warnings": " | ".join(str(problem) for problem in problems.warnings),
        }
        return row, wells

    def _export(self, entry: int, row: dict[str, Any]) -> Export:
        study, file = self.study, row["export"]
        place, asked = study.runs.row[entry], study.runs.columns["format"][entry]
        data = _bytes(study, file, "export", place)
        row["export_sha256"] = hashlib.sha256(data).hexdigest()
        if asked and asked not in FORMATS:
            refuse(study.runs.file, f"one of {', '.join(FORMATS)}, or nothing", found=asked,
                   row=place, column="format", remedy="Mend the cell, or empty it: the format is detected.")  # fmt: skip
        if self.exports is None:
            return read_export(data, file, format=asked)
        return self.exports.read(data, file, format=asked, sha256=row["export_sha256"])

    def _layout(self, entry: int, row: dict[str, Any], problems: Problems) -> Sheet:
        file = row["layout"].partition("#")[0]
        problems.extend(_link(self.study, file))
        data = _bytes(self.study, file, "layout", self.study.runs.row[entry])
        row["layout_sha256"] = hashlib.sha256(data).hexdigest()
        return read_layout(self.study.root, row["layout"], problems)


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


def _wells_table(rows: list[dict[str, Any]], plates: list[dict[str, list[Any]]]) -> pa.Table:
    """The plates under each other, wells in the order of the plate; text as dictionaries."""
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
        if name in ("dilution", "quantity_ng", "cq"):
            table[name] = pa.array(np.array(values, dtype=float), from_pandas=True)
        else:
            table[name] = pa.array(values, type=pa.string()).dictionary_encode()
    table["export_sha256"] = _repeat([row["export_sha256"] for row in rows], count)
    return pa.table({name: table[name] for name in (*WELLS.names, *extra)})


def _plate_order(well: list[str], target: list[str]) -> list[int] | None:
    """The rows in the order of the plate; None if they are (most exports are)."""
    if well in (_WELLS_96[: len(well)], _WELLS_384[: len(well)]):
        return None
    rank = [plate.natural(name) for name in well]
    return sorted(range(len(rank)), key=lambda i: (rank[i], target[i]))


def _repeat(values: list[str], count: list[int]) -> pa.DictionaryArray:
    distinct = list(dict.fromkeys(values))
    place = {value: code for code, value in enumerate(distinct)}
    codes = np.repeat(np.array([place[value] for value in values], dtype=np.int32), count)
    return pa.DictionaryArray.from_arrays(pa.array(codes), pa.array(distinct, type=pa.string()))


def typed(runs: pd.DataFrame) -> pd.DataFrame:
    """RUNS with counts as numbers and all else as plain text."""
    counts = ("n_wells", "n_unused")
    return runs.astype({name: float if name in counts else object for name in runs})


def _warn(file: str, expected: str, found: str, column: str, remedy: str) -> Problem:
    return Problem(file, expected, found, column=column, remedy=remedy, level=WARNING)
