"""What a study asks of its cohort analysis, read and checked before anything is analysed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from mrdq.cohort import tables
from mrdq.cohort.against import LOST
from mrdq.cohort.samples import Settings
from mrdq.config import CONFIG_FILE, CohortSettings
from mrdq.errors import Problem, Problems
from mrdq.sheets import SheetColumn, number, one_of, read_sheet
from mrdq.study import Study
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
    timepoints = dict.fromkeys(t.id for protocol in protocols for t in protocol.timepoints)
    wanted = study.config.cohort or CohortSettings()
    landmarks = {(p.landmark_day, p.landmark_timepoint) for p in protocols if p.landmark_timepoint}
    days = {day for day, _ in landmarks} if wanted.landmark_day is None else {wanted.landmark_day}
    names = {name for _, name in landmarks}
    problems = Problems()
    for what, found in (("day", days), ("timepoint", names)):
        if len(found) > 1:
            problems.add(Problem(CONFIG_FILE, f"one landmark {what} for all protocols of the study",
                                 ", ".join(sorted(map(str, found))), column="cohort.landmark_day",
                                 remedy=_REMEDY[what]))  # fmt: skip
    problems.raise_if_any()
    return Settings(
        timepoints=tuple(timepoints), months=wanted.months, cutoffs=wanted.cutoffs,
        landmark_day=next(iter(days), None), landmark_timepoint=next(iter(names), ""),
    )  # fmt: skip


_REMEDY = {
    "day": "Name one day under cohort: landmark_day: in the config.",
    "timepoint": "Give the protocols the same landmark_timepoint, or analyse them as studies of their own.",
}


def _as_written(text: str) -> str:
    """A percentage, kept as text: the digits printed say how exact it is."""
    if text != LOST:
        number(0, 100, what="a percentage")(text)
    return text


_MEASURES = ("survival", "logrank_p", "pearson_p", *(f"mrd_{name}" for name in MRD_CLASSES))
PUBLISHED = (
    SheetColumn("measure", f"one of {', '.join(_MEASURES)}", required=True, parse=one_of(*_MEASURES)),
    SheetColumn("trial", "the trial; empty for a comparison of trials"),
    SheetColumn("endpoint", "OS or LFS; empty for MRD", parse=one_of(*tables.ENDPOINTS)),
    SheetColumn("timepoint", "timepoint of an MRD rate"),
    SheetColumn("group", "all, age_group or mrd_<timepoint>"),
    SheetColumn("stratum", "stratum of the group"),
    SheetColumn("months", "months of an estimate"),
    *(SheetColumn(name, "a percentage", parse=_as_written)
      for name in ("estimate", "low", "high", "repaired_low", "repaired_high")),
    SheetColumn("p", "a p value"),
    SheetColumn("as_printed", "the figure as it was printed"),
    SheetColumn("note", "what to know about it"),
)  # fmt: skip


def read_published(root: Path, shown: str) -> pd.DataFrame:
    """The study's table of published figures as text.  Raises :class:`MrdqError`."""
    problems = Problems()
    path, _, worksheet = shown.partition("#")
    sheet = read_sheet(root / path, shown, PUBLISHED, problems, worksheet=worksheet)
    problems.raise_if_any()
    return pd.DataFrame({name: sheet.columns[name] for name in (c.name for c in PUBLISHED)})
