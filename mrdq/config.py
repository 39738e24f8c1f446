"""``config/config.yaml`` of a study, and where its folders are."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

from mrdq import vocabulary as words
from mrdq.definitions import read_yaml
from mrdq.errors import Problem, Problems, refuse

CONFIG_FILE = "config/config.yaml"
DEFAULT_RUNS_PER_JOB = 4000
"""A job takes 2 s to start and 2 ms (a text) to 200 ms (a document) to read an export: minutes at most."""


@dataclass(frozen=True, slots=True)
class LayoutRules:
    """How a run without a layout gets its roles (contract section 2).

    ``patterns``: role -> regular expression searched in the sample name.
    ``standard_quantity``: kind of target -> what its unitless standard quantities are.
    """

    patterns: Mapping[str, re.Pattern[str]] = field(default_factory=dict)
    standard_quantity: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CohortSettings:
    """What the study wants of the cohort analysis.

    Parameters
    ----------
    months: from the start at which estimates are given, ascending.
    cutoffs: MRD levels (fractions) at which the conclusions are tried again, ascending.
    published: path in the study of a table of published figures; "" for none.
    landmark_day: days from the start; None: the protocols' own.
    """

    months: tuple[int, ...] = (12, 24, 36)
    cutoffs: tuple[float, ...] = (1e-4, 1e-3)
    published: str = ""
    landmark_day: int | None = None


@dataclass(frozen=True, slots=True)
class Config:
    """The study's settings; paths are as written, relative to the study's folder."""

    study: str
    sheets: Mapping[str, str]
    guideline: str | Mapping[str, str]
    protocol: str = ""
    results: str = "results"
    control_gene_required: bool = True
    layout_rules: LayoutRules = field(default_factory=LayoutRules)
    runs_per_job: int = DEFAULT_RUNS_PER_JOB
    notice: str = ""
    cohort: CohortSettings | None = None


SHEET_KEYS = ("runs", "samples", "assays", "patients", "courses", "amendments")
AMENDMENTS_FILE = "config/amendments.tsv"
"""Read if it is there, whether the configuration names it or not."""


def load_config(root: Path) -> Config:
    """Read the configuration of the study in ``root``.  Raises :class:`MrdqError`."""
    if not root.is_dir():
        refuse(str(root), "a study folder", remedy="Make one with: mrdq init FOLDER")
    content = read_yaml(root / CONFIG_FILE, CONFIG_FILE, "config")
    problems = Problems()
    for key in (*SHEET_KEYS, "results"):
        problems.extend(path_problems(CONFIG_FILE, str(content.get(key, "x")), column=key))
    cohort = _cohort(content.get("cohort"), problems)
    if PurePosixPath(content.get("results", "results")) in (
        PurePosixPath("."),
        PurePosixPath("config"),
    ):
        problems.add(
            Problem(
                CONFIG_FILE,
                "a folder of its own for the results",
                content["results"],
                column="results",
            )
        )
    rules = _layout_rules(content.get("layout_rules", {}), problems)
    problems.raise_if_any()
    if os.path.lexists(root / AMENDMENTS_FILE):  # a link to nowhere is an error, not no sheet
        content = {"amendments": AMENDMENTS_FILE} | content
    return Config(
        study=content["study"],
        sheets={key: content[key] for key in SHEET_KEYS if key in content},
        guideline=content["guideline"], protocol=content.get("protocol", ""),
        results=content.get("results", "results"),
        control_gene_required=content.get("control_gene", "required") == "required",
        layout_rules=rules, runs_per_job=content.get("runs_per_job", DEFAULT_RUNS_PER_JOB),
        notice=content.get("notice", ""), cohort=cohort,
    )  # fmt: skip


def _cohort(content: Mapping[str, Any] | None, problems: Problems) -> CohortSettings | None:
    """The settings of the key ``cohort``; None without it."""
    if content is None:
        return None
    usual = CohortSettings()
    published = str(content.get("published", ""))
    problems.extend(path_problems(CONFIG_FILE, published, column="cohort.published"))
    day = content.get("landmark_day")
    return CohortSettings(
        months=tuple(sorted(int(month) for month in content.get("months", usual.months))),
        cutoffs=tuple(sorted(float(level) for level in content.get("cutoffs", usual.cutoffs))),
        published=published, landmark_day=None if day is None else int(day),
    )  # fmt: skip


def path_problems(file: str, path: str, *, column: str, row: int | None = None) -> list[Problem]:
    """Paths have to lie in the study, so that it can be moved, archived and run elsewhere."""
    bare = path.partition("#")[0]
    if (
        "\0" in bare
        or PurePosixPath(bare).is_absolute()
        or PureWindowsPath(bare).is_absolute()
        or ".." in PurePosixPath(bare).parts
    ):
        return [Problem(file, "a path inside the study folder", path.replace("\0", "\\0"), row, column,
                        "Put the file into the study and write its path relative to the study.")]  # fmt: skip
    return []


def _layout_rules(content: Mapping[str, Any], problems: Problems) -> LayoutRules:
    patterns = {}
    for role in words.ROLES:
        if role not in content:
            continue
        try:
            patterns[role] = re.compile(content[role])
        except (re.error, OverflowError, RecursionError) as error:
            problems.add(Problem(CONFIG_FILE, f"a regular expression ({error})", content[role],
                                 column=f"layout_rules.{role}"))  # fmt: skip
    quantity = content.get("standard_quantity", {})
    if isinstance(quantity, str):
        quantity = dict.fromkeys(words.KINDS, quantity)
    return LayoutRules(patterns, quantity)
