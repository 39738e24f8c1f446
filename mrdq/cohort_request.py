"""What a study asks of its cohort analysis, read and checked before anything is analysed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from mrdq.cohort import tables
from mrdq.cohort.against import LOST
from mrdq.cohort.samples import Settings
from mrdq.cohort.tables import ALL
from mrdq.config import CONFIG_FILE, CohortSettings
from mrdq.errors import WARNING, Problem, Problems
from mrdq.protocol import Protocol
from mrdq.sheets import Parser, Sheet, SheetColumn, number, one_of, read_sheet
from mrdq.study import Study
from mrdq.units import UnitError
from mrdq.vocabulary import MRD_CLASSES


@dataclass(frozen=True, slots=True)
class Request:
    """``published``: the table of published figures to compare with, or None."""

    settings: Settings
    published: pd.DataFrame | None


def request(study: Study) -> Request:
    """What the config's key ``cohort`` and the protocols ask for.  Raises :class:`MrdqError`."""
    settings = settings_of(study)
    named = (study.config.cohort or CohortSettings()).published
    return Request(settings, read_published(study.root, named) if named else None)


def settings_of(study: Study) -> Settings:
    """What is asked of the cohort: the timepoints of its protocols, the config's key ``cohort``."""
    protocols = [study.protocols[name] for name in sorted(study.protocols)]
    protocols = [protocol for protocol in protocols if protocol.timepoints]
    timepoints = dict.fromkeys(t.id for protocol in protocols for t in protocol.timepoints)
    wanted = study.config.cohort or CohortSettings()
    problems = Problems()
    day = wanted.landmark_day
    if day is None:
        day = _common("landmark_day", protocols, problems)
    timepoint = _common("landmark_timepoint", protocols, problems)
    for trial, row in zip(study.patients.columns["trial"], study.patients.row, strict=True):
        if trial == ALL:
            problems.add(Problem(study.patients.file, "a trial of another name: it stands for all trials", trial, row,
                                 "trial", "Name the trial."))  # fmt: skip
    problems.raise_if_any()
    return Settings(
        timepoints=tuple(timepoints), months=wanted.months, cutoffs=wanted.cutoffs,
        landmark_day=day, landmark_timepoint=timepoint or "",
        complete_sensitivity=min((p.complete_sensitivity_maximum for p in protocols), default=1e-4),
    )  # fmt: skip


def _common(name: str, protocols: Sequence[Protocol], problems: Problems) -> Any:
    """What the protocols say alike; a study whose protocols differ has to say it itself."""
    found = {protocol.id: getattr(protocol, name) for protocol in protocols}
    if len(set(found.values())) > 1:
        said = ", ".join(f"{key}: {value or 'none'}" for key, value in found.items())
        problems.add(Problem(CONFIG_FILE, f"one {name} for all protocols of the study", said, column="cohort",
                             remedy=_REMEDY[name]))  # fmt: skip
        return None
    return next(iter(found.values()), None)


_REMEDY = {
    "landmark_day": "Write the day that holds for all of them: cohort: {landmark_day: 120}.",
    "landmark_timepoint": "Give the protocols the same one, or analyse them as studies of their own.",
}


def _percent(text: str) -> str:
    """A percentage, kept as text: the digits printed say how exact it is."""
    return _as_written(text, number(0, 100, what="a percentage"))


def _repaired(text: str) -> str:
    return text if text == LOST else _percent(text)


def _p(text: str) -> str:
    return _as_written(text, number(0, 1, what="a p value"))


def _months(text: str) -> str:
    value = number(1, 1200, what="months")(text)
    if value % 1:
        raise UnitError("whole months")
    return f"{value:.0f}"


def _as_written(text: str, parse: Parser) -> str:
    parse(text)
    if "e" in text.lower():
        raise UnitError("a number as it is printed, without an exponent")
    return text


_MEASURES = ("survival", "logrank_p", "pearson_p", *(f"mrd_{name}" for name in MRD_CLASSES))
PUBLISHED = (
    SheetColumn("measure", f"one of {', '.join(_MEASURES)}", required=True, parse=one_of(*_MEASURES)),
    SheetColumn("trial", "the trial; empty for a comparison of trials"),
    SheetColumn("endpoint", "OS or LFS; empty for MRD", parse=one_of(*tables.ENDPOINTS)),
    SheetColumn("timepoint", "timepoint of an MRD rate"),
    SheetColumn("group", "all, age_group or mrd_<timepoint>"),
    SheetColumn("stratum", "stratum of the group"),
    SheetColumn("months", "months of an estimate", parse=_months),
    *(SheetColumn(name, "a percentage", parse=_percent) for name in ("estimate", "low", "high")),
    *(SheetColumn(name, f"a percentage, or {LOST}", parse=_repaired) for name in ("repaired_low", "repaired_high")),
    SheetColumn("p", "a p value", parse=_p),
    SheetColumn("as_printed", "the figure as it was printed"),
    SheetColumn("note", "what to know about it"),
    SheetColumn("source", "where the figure is from, and how surely"),
)  # fmt: skip


def read_published(root: Path, shown: str) -> pd.DataFrame:
    """The study's table of published figures as text.  Raises :class:`MrdqError`."""
    problems = Problems()
    path, _, worksheet = shown.partition("#")
    sheet = read_sheet(root / path, shown, PUBLISHED, problems, worksheet=worksheet)
    if not problems.errors:
        _refuse_gaps(sheet, shown, problems)
        _refuse_twins(sheet, shown, problems)
    problems.raise_if_any()
    return pd.DataFrame({name: sheet.columns[name] for name in (c.name for c in PUBLISHED)})


_FIGURE = ("measure", "trial", "endpoint", "timepoint", "group", "stratum", "months")


def _refuse_gaps(sheet: Sheet, shown: str, problems: Problems) -> None:
    for index, record in enumerate(sheet.records()):
        measure = record["measure"]
        needed = _NEEDED.get(measure, ("p",) if measure.endswith("_p") else ("timepoint", "estimate"))  # fmt: skip
        for name in needed:
            if not record[name]:
                problems.add(Problem(shown, f"the {name}, which the measure {measure} asks for", "",
                                     *sheet.where(name, index), "Fill the cell."))  # fmt: skip


_NEEDED: dict[str, tuple[str, ...]] = {"survival": ("endpoint", "months", "estimate")}


def _refuse_twins(sheet: Sheet, shown: str, problems: Problems) -> None:
    seen: dict[tuple[str, ...], int] = {}
    for index, record in enumerate(sheet.records()):
        key = tuple(record[name] for name in _FIGURE)
        row, _ = sheet.where("measure", index)
        if key in seen:
            problems.add(Problem(shown, f"every figure once (it is also in row {seen[key]})", record["measure"],
                                 row, "measure", "Delete one of the rows."))  # fmt: skip
        seen.setdefault(key, row)


def doubts(study: Study) -> list[Problem]:
    """Warnings: what the sheets lack that the cohort would need to tell more."""
    found = [
        Problem(sheet.file, f"the column {name}", level=WARNING, column=name, remedy=_WITHOUT[name])
        for sheet, names in ((study.patients, _OUTCOMES), (study.samples, ("collected_on",)))
        for name in names
        if len(sheet) and name in sheet.absent
    ]
    columns = study.samples.columns
    undated = sum(not day for day in columns["collected_on"])
    if undated and "collected_on" not in study.samples.absent:
        found.append(Problem(study.samples.file, "the day on which each sample was drawn", f"{undated} empty cells",
                             column="collected_on", level=WARNING, remedy=_WITHOUT["collected_on"]))  # fmt: skip
    named = {t.id for protocol in study.protocols.values() for t in protocol.timepoints}
    unnamed = sorted(set(columns["timepoint"]) - named)
    if unnamed and not named:
        found.append(Problem(study.samples.file, "a protocol that names the timepoints", ", ".join(unnamed),
                             column="timepoint", level=WARNING,
                             remedy="The cohort is not analysed by MRD: name a protocol in the patients sheet."))  # fmt: skip
    return found


_OUTCOMES = ("start_on", "last_contact_on", "dead", "relapse_on", "transplant_on")
_WITHOUT = {
    "start_on": "Without it no survival is analysed.",
    "last_contact_on": "Without it no survival is analysed.",
    "dead": "Without it no survival is analysed.",
    "relapse_on": "Without it nobody counts as relapsed.",
    "transplant_on": "Without it nobody counts as transplanted.",
    "collected_on": "Samples without it are taken as drawn in time, before any event.",
}
