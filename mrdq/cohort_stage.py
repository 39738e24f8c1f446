"""The cohort of a study as files: survival.tsv in, cohort/*.tsv and the pages out.

Imported only where a cohort is analysed: the statistics and the pictures take seconds to import.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
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
    """A cohort and its tables by name; ``sources``: of the published figures beside them."""

    settings: Settings
    patients: pd.DataFrame
    tables: dict[str, pd.DataFrame]
    sources: tuple[str, ...] = ()


def cohort(
    study: Study, files: Files, *, say: Callable[[str], None], seal: Sequence[str] = ()
) -> list[Path]:
    """Analyse the cohort and write its tables and pages, which say ``seal``; returns the pages.

    ``say`` is told how many published figures agree, if there are any to compare with.
    Raises :class:`MrdqError` where there is no hand-off, or the study asks for what cannot be.
    """
    found = analyse(study, files)
    write_tables(found, files)
    if "against" in found.tables:
        agree = found.tables["against"]["within"]
        said = [f"{(agree == word).sum()} {told}" for word, told in _AGREE.items()]
        say(f"published figures beside ours: {', '.join(said)}")
    else:
        (files.folder / "report" / "published.html").unlink(missing_ok=True)
    return cohort_page.write(
        study, found.tables, found.patients, found.settings, files.folder / "report",
        sources=found.sources, seal=seal,
    )  # fmt: skip


def written(files: Files) -> list[Path]:
    """The tables of the cohort that are there."""
    paths = [files.folder / "cohort" / table.name for table in tables.TABLES]
    return [path for path in paths if path.is_file()]


_AGREE = {"true": "agree", "false": "differ", "": "not compared"}


def analyse(study: Study, files: Files) -> Analysed:
    """Every table of the cohort, from the hand-off."""
    asked = request(study)
    survival = read_survival(files, asked.settings)
    _of_study(survival, study, files)
    patients = population(survival, asked.settings.timepoints)
    found = analyses.analyse(patients, asked.settings)
    sources: tuple[str, ...] = ()
    if asked.published is not None:
        found["against"] = against(asked.published, found)
        sources = tuple(filter(None, asked.published["source"].unique()))
    return Analysed(asked.settings, patients, found, sources)


def _of_study(survival: pd.DataFrame, study: Study, files: Files) -> None:
    """The hand-off is of the patients of the sheet: results may be older than the sheets."""
    ours = set(study.patients.columns["patient_id"])
    differ = sorted(ours ^ set(survival["patient_id"])) if ours else []
    if differ:
        shown = ", ".join(differ[:5]) + (f" and {len(differ) - 5} more" if len(differ) > 5 else "")
        refuse(str(files.survival), f"the patients of {study.patients.file}", found=shown, column="patient_id",
               remedy="They stand in one of the two alone: run the study again.")  # fmt: skip


def write_tables(found: Analysed, files: Files) -> None:
    """The tables to ``cohort/``; one of an earlier analysis that this one has not is removed."""
    for name in tables.BY_NAME.keys() - found.tables.keys():
        (files.folder / "cohort" / tables.BY_NAME[name].name).unlink(missing_ok=True)
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
    try:
        found = _parsed(data, settings)
    except ValueError as error:  # bytes that are no text, cells that the hand-off never holds
        refuse(str(files.survival), "the columns and cells as mrdq writes them", found=str(error).partition("\n")[0],
               remedy="It was changed, or made by another version or under other protocols: run the study again.")  # fmt: skip
    if not len(found):
        refuse(str(files.survival), "patients", remedy="Fill the patients sheet and run the study again.")  # fmt: skip
    return found.sort_values("patient_id", kind="stable", ignore_index=True)


def _parsed(data: bytes, settings: Settings) -> pd.DataFrame:
    """The hand-off as a table that keeps every promise of its schema; ``ValueError`` if not."""
    text = data.decode("utf-8-sig").replace("\r\n", "\n")
    header = text.partition("\n")[0].split("\t")
    missing = [n for n in survival_table(settings.timepoints).names if n not in header]
    if missing:
        raise ValueError(f"no {', '.join(missing)}")
    numbers = numeric_columns(settings.timepoints)
    kinds = {name: "float64" if name in numbers else "object" for name in header}
    empty = {name: [""] for name in numbers}
    found = pd.read_csv(
        io.StringIO(text), sep="\t", dtype=kinds, keep_default_na=False, na_values=empty
    )
    for name, values in found.items():
        wrong = _wrong(str(name), values, settings)
        if len(wrong):
            raise ValueError(f"{name} {wrong.iloc[0]}")
    _of_pairs(found)
    return found


def _wrong(name: str, values: pd.Series[Any], settings: Settings) -> pd.Series[Any]:
    """The cells of a column that the hand-off never holds."""
    words = {c.name: c.words for c in survival_table(settings.timepoints).columns if c.words}
    known = values.dropna()
    if name in words:
        bad = ~known.isin(["", *words[name]])
    elif name == "event":
        bad = ~known.isin([0, 1])
    elif name.startswith("mrd_day_"):
        bad = known % 1 != 0
    elif name in ("time_days", "relapse_day", "transplant_day"):
        bad = (known % 1 != 0) | (known < 0)
    elif name == "age":
        bad = known < 0
    elif name in numeric_columns(settings.timepoints):
        bad = (known <= 0) | np.isinf(known)
    else:
        return known[:0]
    return known.loc[bad.to_numpy(dtype=bool)]


def _of_pairs(found: pd.DataFrame) -> None:
    """Every patient has one row of each endpoint, which agree in what is said twice."""
    if found.duplicated(["patient_id", "endpoint"]).any() or len(found) % 2:
        raise ValueError("a patient without exactly one row of OS and of LFS")
    endings = ["endpoint", "time_days", "event", "cause"]
    once = found.drop(columns=endings).drop_duplicates()
    if 2 * len(once) != len(found) or once["patient_id"].duplicated().any():
        raise ValueError("a patient whose rows of OS and of LFS differ")
    if ((found["event"] == 1) != (found["cause"] != "")).any():
        raise ValueError("an event without a cause, or a cause without an event")
