"""``cohort.html``: the cohort's tables and figures on one page, without anything from outside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
import pandas as pd

from mrdq import __version__, storage
from mrdq.cohort.population import AGE_GROUP, MRD_GROUP
from mrdq.cohort.samples import Settings
from mrdq.cohort.tables import ALL, CAUSES, ENDPOINTS, FROM_START, NO_CENSORING
from mrdq.reports import cohort_sensitivity, cohort_tables
from mrdq.reports.cohort_figures import Artist, Picture
from mrdq.reports.cohort_summary import summary
from mrdq.reports.cohort_tables import Shown
from mrdq.reports.cohort_words import mrd_name

EXCLUDED = 500
"""Ids of patients left out that are written on the page."""

Frames = Mapping[str, pd.DataFrame]


@dataclass(frozen=True, slots=True)
class Assumption:
    """A statement that a result rests on, and how surely it is known."""

    statement: str
    value: str
    grade: str
    source: str = ""


@dataclass(frozen=True, slots=True)
class About:
    """What the page says beside the tables.

    ``labels``: timepoint -> label (``after C-1``); ``software``: name -> version; ``definitions``:
    sentences on rule sets and protocols; ``assumptions``: what the protocols take for granted;
    ``short_notices``: of the figures, in place of the notices if there are any; ``seal``: of the results.
    """

    study: str
    settings: Settings
    notices: Sequence[str] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    software: Mapping[str, str] = field(default_factory=dict)
    definitions: Sequence[str] = ()
    assumptions: Sequence[Assumption] = ()
    short_notices: Sequence[str] = ()
    seal: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the page; ``words`` stand before its tables and pictures, ``missing`` in place of
    them if there are none."""

    id: str
    title: str
    words: str = ""
    tables: Sequence[Shown] = ()
    pictures: Sequence[Picture] = ()
    folded: Sequence[Shown] = ()
    missing: str = "There is nothing to show."

    @property
    def is_empty(self) -> bool:
        return not (self.pictures or any(table.rows for table in (*self.tables, *self.folded)))


def write_page(tables: Frames, population: pd.DataFrame, *, about: About, folder: Path) -> Path:
    """Write ``cohort.html`` into a folder; returns its path.

    Parameters
    ----------
    tables: of ``mrdq.cohort.analyses.analyse`` by name, ``competing_curves`` with them, and
        ``against`` if there is a published table.  A table that is missing or empty is said to be.
    population: of ``mrdq.cohort.population.population``; a column that is missing is not drawn.
    """
    frames = {name: _plain(frame) for name, frame in tables.items()}
    page = template("cohort.html.j2").render(
        about=about, version=__version__, summary=summary(frames, about.settings, about.labels),
        sections=sections(frames, _plain(population), about),
        published=not frames.get("against", pd.DataFrame()).empty,
    )  # fmt: skip
    path = folder / "cohort.html"
    storage.write_bytes(path, page.encode())
    return path


@cache
def template(name: str) -> Any:
    """A template of the reports; what a table says is escaped."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("mrdq.reports", "."), autoescape=True, undefined=jinja2.StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    return environment.get_template(name)


def _plain(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with "" for a missing text; numbers stay as they are."""
    made = frame.copy(deep=False)
    for name in made:
        if made[name].dtype.kind not in "fiub":
            made[name] = made[name].astype(object).where(made[name].notna(), "")
    return made


def sections(frames: Frames, population: pd.DataFrame, about: About) -> list[Section]:
    """Every section of the page, in order."""
    at = _rows(frames, "estimates")
    artist = Artist(about.settings, about.labels, about.short_notices or about.notices, at)
    return [
        *_patients(frames, population, artist),
        *_survival(frames, artist),
        *_models(frames, artist),
        _sensitivity(frames, artist),
        _left_out(frames),
    ]


def _patients(frames: Frames, population: pd.DataFrame, artist: Artist) -> list[Section]:
    flow, one, rates, tests = (_rows(frames, name) for name in ("flow", "table1", "mrd_rates", "mrd_tests"))  # fmt: skip
    labels = artist.labels
    return [
        Section("flow", "Who was analysed", tables=[], pictures=[*artist.flows(flow)] if len(flow) else [],
                missing="The flow of the patients was not handed over."),
        Section("patients", "Patients", tables=[cohort_tables.table_one(one)] if len(one) else [],
                missing="No patient is described."),
        Section("mrd", "MRD", _MRD_WORDS,
                tables=_each(cohort_tables.mrd_rates, rates, labels, artist.settings.complete_sensitivity),
                missing="There is no timepoint with MRD results."),
        Section("mrd-tests", "MRD compared between trials",
                tables=[cohort_tables.mrd_tests(tests, labels)] if len(tests) else [],
                missing="Nothing to compare: there are fewer than two trials, or no timepoint."),
        Section("alluvial", "MRD from timepoint to timepoint", _ALLUVIAL_WORDS, pictures=[*artist.alluvials(population)],
                missing="There are no MRD results to draw."),
        Section("levels", "MRD levels", _LEVEL_WORDS, pictures=[*artist.trajectories(population)],
                missing="There are no MRD levels to draw."),
    ]  # fmt: skip


def _survival(frames: Frames, artist: Artist) -> list[Section]:
    at, steps, tests, follow = (_rows(frames, name) for name in ("estimates", "curves", "tests", "follow_up"))  # fmt: skip
    labels, day = artist.labels, artist.settings.landmark_day
    by_mrd = _where(at, lambda f: f["group"].str.startswith(MRD_GROUP))
    whole = _where(at, lambda f: ~f["group"].str.startswith(MRD_GROUP))
    first = _where(whole, lambda f: _plainly(f) & (f["group"] == ALL))
    of_survival = _where(tests, lambda f: f["endpoint"].isin(ENDPOINTS))
    of_trials = _where(
        of_survival, lambda f: _plainly(f) & (f["comparison"] == "trial") & (f["group"] == ALL)
    )
    return [
        Section("survival", "Survival", tables=[*_made(cohort_tables.follow_up, follow), *_each(cohort_tables.estimates, first, labels, day)],
                pictures=[*artist.by_trial(steps, tests)],
                folded=[*_each(cohort_tables.estimates, whole.drop(first.index), labels, day)],
                missing="Nobody could be analysed for survival."),
        Section("age", "Survival by age group", pictures=[*artist.by_group(steps, tests, AGE_GROUP)],
                missing="There are no age groups to draw."),
        Section("by-mrd", "Survival by MRD", _landmark_words(artist.settings, labels),
                pictures=[p for t in artist.settings.timepoints for p in artist.by_group(steps, tests, f"{MRD_GROUP}{t}")],
                folded=[*_each(cohort_tables.estimates, by_mrd, labels, day)],
                missing="Nobody could be analysed by MRD."),
        Section("tests", "Survival compared", _TEST_WORDS,
                tables=[*_each(cohort_tables.tests, of_trials, labels, day)],
                folded=[*_each(cohort_tables.tests, of_survival.drop(of_trials.index), labels, day)],
                missing="Nothing was compared: there is one group only, or nobody could be analysed."),
    ]  # fmt: skip


def _plainly(frame: pd.DataFrame) -> Any:
    """From the start, and not censored at transplantation."""
    return (frame["analysis"] == FROM_START) & (frame["censoring"] == NO_CENSORING)


def _models(frames: Frames, artist: Artist) -> list[Section]:
    cox, at, steps, tests = (_rows(frames, name) for name in ("cox", "competing", "competing_curves", "tests"))  # fmt: skip
    labels, day = artist.labels, artist.settings.landmark_day
    of_causes = _where(tests, lambda f: f["endpoint"].isin(CAUSES))
    return [
        Section("cox", "Hazard ratios", _COX_WORDS, pictures=[*artist.forests(cox)] if len(cox) else [],
                folded=[*_each(cohort_tables.cox, cox, labels, day)], missing="No model could be made."),
        Section("competing", "Relapse, and death without relapse", _COMPETING_WORDS,
                pictures=[*artist.incidence(steps, tests)],
                folded=[*_each(cohort_tables.incidence, at, labels, day), *_each(cohort_tables.tests, of_causes, labels, day)],
                missing="Nobody could be analysed for competing risks."),
    ]  # fmt: skip


def _sensitivity(frames: Frames, artist: Artist) -> Section:
    found = _rows(frames, "sensitivity")
    tables = [*cohort_sensitivity.sensitivity(found, artist.labels)] if len(found) else []
    return Section("sensitivity", "What would change", _SENSITIVITY_WORDS, tables=tables[:1], folded=tables[1:],
                   missing="No other way to count was tried.")  # fmt: skip


def _left_out(frames: Frames) -> Section:
    found = _rows(frames, "excluded")
    tables = [*cohort_tables.excluded(found, EXCLUDED)] if len(found) else []
    return Section(
        "left-out", "Patients left out", folded=tables, missing="No patient was left out."
    )


def _rows(frames: Frames, name: str) -> pd.DataFrame:
    return frames.get(name, pd.DataFrame())


def _where(frame: pd.DataFrame, keep: Any) -> pd.DataFrame:
    return frame[keep(frame)] if len(frame) else frame


def _made(make: Any, frame: pd.DataFrame) -> list[Shown]:
    return [make(frame)] if len(frame) else []


def _each(make: Any, frame: pd.DataFrame, *more: Any) -> list[Shown]:
    return list(make(frame, *more)) if len(frame) else []


_MRD_WORDS = (
    "What a result counts as is the protocol's definition (see the methods). Evaluable are the positive, the negative "
    "and the undecided; what was not evaluable or not done is counted apart and never as negative."
)
_ALLUVIAL_WORDS = (
    "Bands run from the result at one timepoint to that at the next and carry the number of patients; "
    "bands too thin for a number have none."
)
_LEVEL_WORDS = (
    "A filled sign is a quantified level. An open triangle is an upper limit: the level lies anywhere on the line below "
    "it (negative: the sensitivity; positive below the range: the quantitative range). Lines between timepoints are "
    "dashed where an end is a limit. Results without a level or limit are counted under the axis. Circles and vermilion: "
    "positive; squares and blue: negative, also where a quantified level lies below the protocol's; diamonds and orange: "
    "undecided. Places side by side within a timepoint mean nothing."
)
_TEST_WORDS = "p values are two-sided and not corrected for the number of comparisons."
_COX_WORDS = (
    "Cox models with Efron's treatment of ties; where an estimate does not exist (a group without events), Firth's "
    "penalised likelihood is drawn beside it. Transplantation counts from its day on."
)
_COMPETING_WORDS = "Relapse, and death without relapse, exclude each other: 1 − Kaplan–Meier of one alone would overstate it."
_SENSITIVITY_WORDS = (
    "Every conclusion again, with MRD positive from any level or from each cut-off, positives below the range and "
    "results that are not evaluable counted as negative, as positive, or by their interval. "
    + cohort_sensitivity.PETO
)


def _landmark_words(settings: Settings, labels: Mapping[str, str]) -> str:
    mrd = "MRD is known only to those who lived without an event until the sample was taken"
    day = settings.landmark_day
    if day is None:
        return (
            f"{mrd}, and the time before it could not have an event: survival from the start by MRD is too good. "
            "The protocol names no landmark."
        )
    name = mrd_name(settings.landmark_timepoint, labels) if settings.landmark_timepoint else "MRD"
    return (
        f"Left: from the start, as published figures have it. Right: from the landmark, day {day}. {mrd}; {name} is "
        f"therefore judged among those still under observation without an event on day {day}, and who left before is "
        "left out and counted. Time runs from the start of treatment in both."
    )
