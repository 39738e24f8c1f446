"""The patients of a synthetic cohort: a table of outcomes, read and checked."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from mrdq import checks
from mrdq.errors import Problem, Problems, refuse
from mrdq.resources import path
from mrdq.sheets import Parser, Sheet, SheetColumn, one_of, read_sheet
from mrdq.survival import age_groups
from mrdq.units import UnitError

SHIPPED = "trial/synthetic_cohort.csv"
A1, C1 = "post-A1", "post-C1"
POS, NEG, NE = "POS", "NEG", "NE"
PROTOCOLS = {"ALL/MRD2019": "all-mrd2019", "ALL/MRD2023": "all-mrd2023"}

# Patients start on days spread over these two years and more, or earlier where the follow-up of
# the file is too long for that: nobody is followed beyond the cutoff.
CUTOFF = date(2025, 6, 30)
_FIRST_START = {"ALL/MRD2019": date(2019, 2, 4), "ALL/MRD2023": date(2023, 1, 9)}
_ENTRY_DAYS = 700
_LONGEST = 36_500
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}", re.ASCII)


@dataclass(frozen=True, slots=True)
class TrialPatient:
    """A synthetic patient; days are counted from ``start_on``.

    ``mrd``: timepoint -> POS, NEG or NE.  ``dead`` is 0 or 1 on ``os_days``; ``relapse_day`` is
    None for those who did not relapse.
    """

    patient_id: str
    trial: str
    age: int
    mrd: Mapping[str, str]
    start_on: date
    os_days: int
    dead: int
    relapse_day: int | None

    @property
    def lfs_days(self) -> int:
        """Day of relapse, else of death or of the last contact."""
        return self.os_days if self.relapse_day is None else self.relapse_day

    def on(self, day: int) -> date:
        return self.start_on + timedelta(days=day)


def _patient_id(text: str) -> str:
    if not _ID.fullmatch(text):
        raise UnitError("an id of letters, digits, points, dashes, at most 40 characters")
    return text


def _whole(minimum: int, maximum: int, what: str) -> Parser:
    def parse(text: str) -> int:
        if not re.fullmatch(r"\d{1,6}", text, re.ASCII) or not minimum <= int(text) <= maximum:
            raise UnitError(f"{what}, a whole number from {minimum} to {maximum}")
        return int(text)

    return parse


def _need(name: str, doc: str, parse: Parser | None = None) -> SheetColumn:
    return SheetColumn(name, doc, required=True, is_id=name == "USUBJID", parse=parse)


# Two samples are taken before the first event, on days of their own.
_DAYS = _whole(2, _LONGEST, "days from the start")
_ANSWER = one_of(POS, NEG, NE)
_EVENT = one_of("0", "1")
COLUMNS = (
    _need("USUBJID", "the patient's id", _patient_id),
    _need("TRIAL", "the trial", one_of(*PROTOCOLS)),
    _need("AGE", "age in years", _whole(0, 130, "an age in years")),
    _need("AGEGR1", "the age group"),
    _need("MRD_A1", "MRD after A-1", _ANSWER),
    _need("MRD_C1", "MRD after C-1", _ANSWER),
    _need("OS_DAYS", "days to death or last contact", _DAYS),
    _need("OS_EVENT", "1 if dead on that day, else 0", _EVENT),
    _need("LFS_DAYS", "days to relapse, death or last contact", _DAYS),
    _need("LFS_EVENT", "1 if relapsed or dead on that day, else 0", _EVENT),
    SheetColumn("RELAPSE_DAY", "day of relapse", header_required=True, parse=_DAYS, missing=None),
)


def read_cohort(file: Path | None = None) -> list[TrialPatient]:
    """The patients of a file, in its order; the shipped synthetic cohort if none is given.

    The file has the columns of ``resources/trial/README.md``: tsv, csv or a workbook of one sheet.
    Raises :class:`MrdqError` with every row that is wrong or contradicts itself.
    """
    problems = Problems()
    shown = str(file) if file else SHIPPED
    sheet = read_sheet(file or path(SHIPPED), shown, COLUMNS, problems)
    for name in sheet.extra:
        problems.add(Problem(shown, f"the columns {', '.join(c.name for c in COLUMNS)} alone", name,
                             column=name, remedy="Delete it: it would not reach the study."))  # fmt: skip
    problems.raise_if_any()
    checks.unique(sheet, "USUBJID", problems)
    for record, row in zip(sheet.records(), sheet.row, strict=True):
        for column, expected in _contradictions(record):
            problems.add(Problem(shown, expected, str(record[column]), row, column))
    problems.raise_if_any()
    if not len(sheet):
        refuse(shown, "a patient in each row", remedy="Fill the table.")
    return list(_patients(sheet))


def _contradictions(row: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What in a row contradicts the rest of it: column, and what was expected there."""
    group = age_groups(np.array([row["AGE"]], dtype=float))[0]
    if row["AGEGR1"] != group:
        yield "AGEGR1", f"{group}, the group of age {row['AGE']}"
    relapse = row["RELAPSE_DAY"]
    ends = "OS" if relapse is None else "the relapse"
    days = row["OS_DAYS"] if relapse is None else relapse
    event = row["OS_EVENT"] if relapse is None else "1"
    if row["LFS_DAYS"] != days:
        yield "LFS_DAYS", f"{days}, the day of {ends}"
    if row["LFS_EVENT"] != event:
        yield "LFS_EVENT", f"{event}, as {ends} says"
    if relapse is not None and relapse > row["OS_DAYS"]:
        yield "RELAPSE_DAY", f"a day up to OS_DAYS ({row['OS_DAYS']})"


def _patients(sheet: Sheet) -> Iterator[TrialPatient]:
    places: Counter[str] = Counter()
    for row in sheet.records():
        trial, days = row["TRIAL"], row["OS_DAYS"]
        mrd = {A1: row["MRD_A1"], C1: row["MRD_C1"]}
        start = _start(trial, places[trial], days)
        places[trial] += 1
        outcome = days, int(row["OS_EVENT"]), row["RELAPSE_DAY"]
        yield TrialPatient(row["USUBJID"], trial, row["AGE"], mrd, start, *outcome)


def _start(trial: str, place: int, os_days: int) -> date:
    """A first day of treatment: spread over the trial's entry, the last contact by the cutoff."""
    entry = _FIRST_START[trial] + timedelta(days=place * 257 % _ENTRY_DAYS)
    return min(entry, CUTOFF - timedelta(days=os_days))
