"""The cohort of a study as files: survival.tsv in, cohort/*.tsv and the pages out.

Imported by the verb alone: the statistics and the pictures take seconds to import.
"""

from __future__ import annotations

import io
from pathlib import Path

import pandas as pd

from mrdq import storage
from mrdq.cohort import analyses, frames, tables
from mrdq.cohort.against import LOST, against
from mrdq.cohort.population import numeric_columns, population
from mrdq.cohort.samples import Settings
from mrdq.config import CONFIG_FILE, CohortSettings
from mrdq.errors import Problem, Problems, refuse
from mrdq.reports import cohort_page
from mrdq.sheets import SheetColumn, number, one_of, read_sheet
from mrdq.storage import Files
from mrdq.study import Study
from mrdq.survival import survival_table
from mrdq.vocabulary import MRD_CLASSES


def cohort(study: Study, files: Files) -> list[Path]:
    """Analyse the cohort and write its tables and pages; returns the pages.

    Raises :class:`MrdqError` where the study has no patients to analyse, or its protocols differ
    in what has to be one.
    """
    settings = settings_of(study)
    patients = population(read_survival(files, settings), settings.timepoints)
    found = analyses.analyse(patients, settings)
    wanted = study.config.cohort or CohortSettings()
    if wanted.published:
        published = read_published(study.root, wanted.published)
        found["against"] = against(published, found)
    for name, table in found.items():
        shown = frames.as_shown(table, tables.BY_NAME[name])
        path = files.folder / "cohort" / tables.BY_NAME[name].name
        storage.write_bytes(path, storage.tsv_bytes(shown))
    return cohort_page.write(study, found, patients, settings, files.folder / "report")


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


def read_survival(files: Files, settings: Settings) -> pd.DataFrame:
    """The hand-off as written: numbers as floats, everything else as text."""
    try:
        data = files.survival.read_bytes()
    except FileNotFoundError:
        refuse(str(files.survival), "the hand-off to survival analysis",
               remedy="Make it first (mrdq run STUDY).")  # fmt: skip
    header = data.decode().partition("\n")[0].split("\t")
    wanted = survival_table(settings.timepoints).names
    missing = [name for name in wanted if name not in header]
    if missing:
        refuse(str(files.survival), f"the columns {', '.join(wanted)}", found=f"no {', '.join(missing)}",
               remedy="It was made by another version or under other protocols: run the study again.")  # fmt: skip
    numbers = numeric_columns(settings.timepoints)
    kinds = {name: "float64" if name in numbers else "object" for name in header}
    empty = {name: [""] for name in numbers}
    found = pd.read_csv(
        io.BytesIO(data), sep="\t", dtype=kinds, keep_default_na=False, na_values=empty
    )
    if not len(found):
        refuse(str(files.survival), "patients", remedy="Fill the patients sheet and run the study again.")  # fmt: skip
    return found


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
