"""The words of the cohort's tables as people read them."""

from __future__ import annotations

from collections.abc import Mapping

from mrdq.cohort.population import AGE_GROUP, MRD_GROUP
from mrdq.cohort.tables import (
    ALL,
    AT_TRANSPLANT,
    DEATH,
    ENROLLED,
    EVALUABLE,
    LANDMARK,
    NO_CENSORING,
    RELAPSE,
)

ENDPOINT_NAMES = {
    "OS": "Overall survival",
    "LFS": "Leukaemia-free survival",
    RELAPSE: "Relapse",
    DEATH: "Death without relapse",
}
CENSORING_NAMES = {NO_CENSORING: "", AT_TRANSPLANT: "censored at transplantation"}
DENOMINATOR_NAMES = {EVALUABLE: "evaluable", ENROLLED: "all enrolled"}
TEST_NAMES = {
    "pearson": "Pearson's χ²", "yates": "χ² with Yates' correction", "fisher": "Fisher's exact",
    "logrank": "log-rank", "logrank_stratified": "log-rank, stratified", "gray": "Gray's",
}  # fmt: skip
Labels = Mapping[str, str]
"""Timepoint -> its label (``after C-1``); a timepoint without one stands for itself."""


def trial_name(trial: str) -> str:
    """A trial, or what stands for all of them and for none."""
    return {ALL: "all trials", "": "no trial named"}.get(trial, trial)


def mrd_name(timepoint: str, labels: Labels) -> str:
    return f"MRD {labels.get(timepoint) or timepoint}"


def group_name(group: str, labels: Labels) -> str:
    """``all``, ``age_group``, ``trial`` or ``mrd_<timepoint>`` in words."""
    if group.startswith(MRD_GROUP):
        return mrd_name(group.removeprefix(MRD_GROUP), labels)
    return {ALL: "all patients", AGE_GROUP: "age group"}.get(group, group)


def stratum_name(group: str, stratum: str, labels: Labels) -> str:
    """A stratum in words: ``age 16-35``, ``MRD after C-1: negative``, ``all patients``."""
    if group == ALL:
        return "all patients"
    plain = stratum.replace("_", " ") if group.startswith(MRD_GROUP) else stratum
    return f"age {plain}" if group == AGE_GROUP else f"{group_name(group, labels)}: {plain}"


def analysis_name(analysis: str, landmark_day: int | None) -> str:
    if analysis != LANDMARK:
        return "from the start"
    return "from the landmark" + (f" (day {landmark_day})" if landmark_day is not None else "")
