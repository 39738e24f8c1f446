"""The cohort of a study as files: survival.tsv in, cohort/*.tsv and the pages out.

Imported by the verb alone: the statistics and the pictures take seconds to import.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from mrdq import storage
from mrdq.cohort import analyses, frames, tables
from mrdq.cohort.against import against
from mrdq.cohort.population import numeric_columns, population
from mrdq.cohort.samples import Settings
from mrdq.cohort_request import request
from mrdq.errors import refuse
from mrdq.reports import cohort_page
from mrdq.storage import Files
from mrdq.study import Study
from mrdq.survival import survival_table


@dataclass(frozen=True, slots=True)
class Analysed:
    """A cohort and its tables by name."""

    settings: Settings
    patients: pd.DataFrame
    tables: dict[str, pd.DataFrame]


def cohort(study: Study, files: Files, *, say: Callable[[str], None]) -> list[Path]:
    """Analyse the cohort and write its tables and pages; returns the pages.

    ``say`` is told how many published figures agree, if there are any to compare with.
    Raises :class:`MrdqError` where there is no hand-off, or the study asks for what cannot be.
    """
    found = analyse(study, files)
    write_tables(found, files)
    if "against" in found.tables:
        agree = found.tables["against"]["within"]
        said = [f"{(agree == word).sum()} {told}" for word, told in _AGREE.items()]
        say(f"published figures beside ours: {', '.join(said)}")
    return cohort_page.write(
        study, found.tables, found.patients, found.settings, files.folder / "report"
    )


_AGREE = {"true": "agree", "false": "differ", "": "not compared"}


def analyse(study: Study, files: Files) -> Analysed:
    """Every table of the cohort, from the hand-off."""
    asked = request(study)
    patients = population(read_survival(files, asked.settings), asked.settings.timepoints)
    found = analyses.analyse(patients, asked.settings)
    if asked.published is not None:
        found["against"] = against(asked.published, found)
    return Analysed(asked.settings, patients, found)


def write_tables(found: Analysed, files: Files) -> None:
    """The tables to ``cohort/``."""
    for name, table in found.tables.items():
        shown = frames.as_shown(table, tables.BY_NAME[name])
        path = files.folder / "cohort" / tables.BY_NAME[name].name
        storage.write_bytes(path, storage.tsv_bytes(shown))


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
    try:
        found = _parsed(data, header, settings)
    except ValueError as error:
        refuse(str(files.survival), "the columns and cells as mrdq writes them", found=str(error).partition("\n")[0],
               remedy="The file was changed: run the study again.")  # fmt: skip
    if not len(found):
        refuse(str(files.survival), "patients", remedy="Fill the patients sheet and run the study again.")  # fmt: skip
    return found.sort_values("patient_id", kind="stable", ignore_index=True)


def _parsed(data: bytes, header: list[str], settings: Settings) -> pd.DataFrame:
    """The table; ``ValueError`` for a cell that the hand-off never holds."""
    numbers = numeric_columns(settings.timepoints)
    kinds = {name: "float64" if name in numbers else "object" for name in header}
    empty = {name: [""] for name in numbers}
    found = pd.read_csv(
        io.BytesIO(data), sep="\t", dtype=kinds, keep_default_na=False, na_values=empty
    )
    time, event = found["time_days"].dropna(), found["event"].dropna()
    wrong = {
        "time_days": time[(time < 0) | (time % 1 != 0)],
        "event": event[~event.isin([0, 1])],
        "cause": found["cause"][~found["cause"].isin(["", *tables.CAUSES])],
        "endpoint": found["endpoint"][~found["endpoint"].isin(tables.ENDPOINTS)],
    }
    for name, values in wrong.items():
        if len(values):
            raise ValueError(f"{name} {values.iloc[0]}")
    return found
