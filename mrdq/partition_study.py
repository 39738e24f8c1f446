"""A study of just some patients: what the work of a partition is given, and all that it is given."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from mrdq.amendments import WELL_COLUMNS
from mrdq.config import Config
from mrdq.sheets import Sheet
from mrdq.study import KEYS, SHEETS, Study

_OF_CALLS = {
    "runs": ("run_id", "performed_on"),
    "samples": ("sample_id", "patient_id", "timepoint", "material"),
    "assays": ("target", "kind", "patient_id", "dna_per_well", "blast_fraction"),
    "patients": ("patient_id",),
}
"""Columns of the sheets, beside the laboratory's own, that calls rest on."""
_OF_STATUS = ("sample_id", "patient_id", "timepoint", "material", "collected_on")


@dataclass(frozen=True)
class Narrowed:
    """Cuts studies of some patients out of a whole one."""

    study: Study

    @cached_property
    def rows(self) -> dict[str, dict[str, int]]:
        """Sheet -> key -> its place."""
        sheets = {name: getattr(self.study, name).columns[key] for name, key in KEYS.items()}
        return {name: {key: at for at, key in enumerate(keys)} for name, keys in sheets.items()}

    @cached_property
    def samples_of(self) -> dict[str, list[int]]:
        """Patient -> places of the samples, in the order of the sheet."""
        found: dict[str, list[int]] = {}
        for at, patient in enumerate(self.study.samples.columns["patient_id"]):
            found.setdefault(patient, []).append(at)
        return found

    @cached_property
    def patient_of(self) -> dict[str, str]:
        """Sample -> patient."""
        return self.study.sample("patient_id")

    def load(self) -> Narrowed:
        """Look up now what is looked up again and again: processes that are forked share it."""
        _ = self.rows, self.samples_of, self.patient_of
        return self

    def to_wells(self, wells: pd.DataFrame) -> tuple[Study, pd.DataFrame]:
        """What the calls of some wells rest on: the study of their runs, samples and targets.

        Wells lose the columns of amendments where none reaches them.
        """
        names = {
            sheet: list(wells[KEYS[sheet]].cat.categories)
            for sheet in ("runs", "samples", "assays")
        }
        of = self.patient_of
        names["patients"] = sorted({of[name] for name in names["samples"] if name in of})
        sheets = {
            sheet: self._sheet(sheet, self._known(sheet, names[sheet]), columns)
            for sheet, columns in _OF_CALLS.items()
        }
        amendments = self._amendments(set(names["runs"]))
        if not len(amendments):
            wells = wells.drop(columns=[*WELL_COLUMNS, "well"], errors="ignore")
        elif WELL_COLUMNS[-1] in wells and not (wells[WELL_COLUMNS[-1]] != "").any():
            wells = wells.drop(columns=list(WELL_COLUMNS))
        targets = names["assays"]
        study = self._of(
            Config("", {}, "", control_gene_required=self.study.config.control_gene_required),
            sheets, amendments, protocols={}, guideline_of_patient={}, protocol_of={},
            guideline_of=_only(self.study.guideline_of, targets),
            control_gene_of=_only(self.study.control_gene_of, targets),
        )  # fmt: skip
        return study, wells

    def to_patients(self, patients: Sequence[str]) -> Study:
        """What the status of some patients rests on, beside their calls."""
        samples = [at for patient in patients for at in self.samples_of.get(patient, ())]
        sheets = {
            "samples": self._sheet("samples", sorted(samples), _OF_STATUS),
            "patients": self._patients(patients),
            **{name: Sheet("", {c.name: [] for c in SHEETS[name]}, []) for name in ("runs", "assays")},
        }  # fmt: skip
        protocol_of = _only(self.study.protocol_of, patients)
        used = set(protocol_of.values())
        return self._of(
            Config(self.study.config.study, {}, ""), sheets, self._amendments(()),
            protocols={name: p for name, p in self.study.protocols.items() if name in used},
            guideline_of_patient=_only(self.study.guideline_of_patient, patients),
            protocol_of=protocol_of, guideline_of={}, control_gene_of={},
        )  # fmt: skip

    def _of(self, config: Config, sheets: Mapping[str, Sheet], amendments: Sheet, **mappings: Any) -> Study:  # fmt: skip
        other: dict[str, Any] = {**sheets, **mappings, "amendments": amendments, "config": config}
        return replace(self.study, root=Path(), results=Path(), warnings=[], courses=Sheet("", {}, []), **other)  # fmt: skip

    def _known(self, sheet: str, names: Iterable[str]) -> list[int]:
        rows = self.rows[sheet]
        return [rows[name] for name in names if name in rows]

    def _sheet(self, name: str, rows: Sequence[int], columns: Sequence[str]) -> Sheet:
        whole: Sheet = getattr(self.study, name)
        kept = {c: [whole.columns[c][at] for at in rows] for c in (*columns, *whole.extra)}
        return Sheet("", kept, list(range(len(rows))), whole.extra)

    def _patients(self, patients: Sequence[str]) -> Sheet:
        """Their rows of the patients sheet; without a sheet the patients alone."""
        columns = SHEETS["patients"]
        if len(self.study.patients):
            rows = self._known("patients", patients)
            return self._sheet("patients", rows, [column.name for column in columns])
        extra = self.study.patients.extra
        missing = {column.name: column.missing for column in columns} | dict.fromkeys(extra, "")
        alone = {name: [value] * len(patients) for name, value in missing.items()}
        return Sheet("", alone | {"patient_id": list(patients)}, list(range(len(patients))), extra)

    def _amendments(self, runs: Iterable[str]) -> Sheet:
        whole, runs = self.study.amendments, set(runs)
        rows = [at for at, run in enumerate(whole.columns.get("run_id", ())) if run in runs]
        kept = {name: [values[at] for at in rows] for name, values in whole.columns.items()}
        return Sheet(whole.file, kept, [whole.row[at] for at in rows])


def _only(values: Mapping[str, str], names: Iterable[str]) -> dict[str, str]:
    return {name: values[name] for name in names if name in values}
