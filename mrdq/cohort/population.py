"""The patients of a cohort, and who of them an analysis can use."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mrdq import vocabulary as words
from mrdq.cohort.tables import ALL, AT_TRANSPLANT, ENDPOINTS, FROM_START, LANDMARK, NO_CENSORING

Mask = NDArray[np.bool_]
AGE_GROUP, MRD_GROUP = "age_group", "mrd_"
NO_TRIAL = "the trial is not named"

_ONCE = ("trial", "age", "age_group", "sex", "protocol", "relapse_day", "transplant_day")
_PER_TIMEPOINT = ("mrd", "mrd_level", "mrd_low", "mrd_high", "mrd_class", "mrd_day")
_NUMBERS = ("age", "relapse_day", "transplant_day", "time_days", "event")


def population(survival: pd.DataFrame, timepoints: Sequence[str]) -> pd.DataFrame:
    """One row per patient of SURVIVAL (two rows a patient: OS and LFS).

    Returns ``patient_id trial age age_group sex protocol relapse_day transplant_day os_days
    os_event lfs_days lfs_event cause first_day first_event`` (relapse, death or last contact) and per timepoint ``mrd_ mrd_level_ mrd_low_ mrd_high_
    mrd_class_ mrd_day_``; days from the start of treatment, NaN where unknown.
    """
    rows = {name: survival[survival["endpoint"] == name] for name in ENDPOINTS}
    first = rows["LFS"].reset_index(drop=True)
    if list(first["patient_id"]) != list(rows["OS"]["patient_id"]):
        raise ValueError("survival.tsv: OS and LFS are not of the same patients")
    of_timepoint = [f"{kind}_{t}" for t in timepoints for kind in _PER_TIMEPOINT]
    made = first[["patient_id", *_ONCE, *of_timepoint]].copy()
    for name in ENDPOINTS:
        for column, short in (("time_days", "days"), ("event", "event")):
            made[f"{name.lower()}_{short}"] = rows[name][column].to_numpy(dtype=float)
    made["cause"] = first["cause"]
    made["first_day"] = made["lfs_days"].fillna(made["os_days"])
    made["first_event"] = made["lfs_event"].fillna(made["os_event"])
    return made


def censored_at_transplant(patients: pd.DataFrame) -> pd.DataFrame:
    """The population followed only until transplantation, for both endpoints."""
    made = patients.copy()
    for name in ("os", "lfs"):
        earlier = made["transplant_day"] < made[f"{name}_days"]
        made.loc[earlier, f"{name}_days"] = made.loc[earlier, "transplant_day"]
        made.loc[earlier, f"{name}_event"] = 0.0
        if name == "lfs":
            made.loc[earlier, "cause"] = ""
    first = made["transplant_day"] < made["first_day"]
    made.loc[first, "first_day"] = made.loc[first, "transplant_day"]
    made.loc[first, "first_event"] = 0.0
    return made


def of_trials(patients: pd.DataFrame) -> pd.DataFrame:
    """Those whose trial is named; everybody if nobody's is."""
    named = patients["trial"] != ""
    return patients[named] if named.any() else patients


def numeric_columns(timepoints: Sequence[str]) -> list[str]:
    """The columns of survival.tsv that are numbers; all others are text."""
    kinds = ("mrd_level", "mrd_low", "mrd_high", "mrd_day")
    return [*_NUMBERS, *(f"{kind}_{t}" for t in timepoints for kind in kinds)]


@dataclass(frozen=True, slots=True)
class Selection:
    """Who an analysis uses.

    ``kept``: one truth value per patient; ``reason``: why a patient is left out, "" if kept;
    ``undated``: analysed by an MRD sample whose day is not known, so that nothing says whether it
    came before the event; ``title``: the analysis in words.
    """

    title: str
    kept: Mask
    reason: NDArray[np.object_]
    undated: Mask

    def flow(self, trial: pd.Series[str]) -> Iterator[dict[str, Any]]:
        """Rows of FLOW, by trial and for all: enrolled, each reason, analysed."""
        names = sorted(trial.unique())
        for name in (*names, *([ALL] if len(names) > 1 else [])):
            of = np.ones(len(trial), dtype=bool) if name == ALL else (trial == name).to_numpy()
            base = {"analysis": self.title, "trial": name}
            yield {**base, "step": "enrolled", "n": int(of.sum())}
            counts = pd.Series(self.reason[of & ~self.kept]).value_counts(sort=False)
            for reason, n in sorted(counts.items()):
                yield {**base, "step": f"left out: {reason}", "n": int(n)}
            yield {**base, "step": "analysed", "n": int((of & self.kept).sum())}
            undated = int((of & self.kept & self.undated).sum())
            if undated:
                yield {**base, "step": "of these without the day of the MRD sample", "n": undated}

    def excluded(self, patients: pd.DataFrame) -> pd.DataFrame:
        """Rows of EXCLUDED."""
        out = patients.loc[~self.kept, ["patient_id", "trial"]].assign(
            analysis=self.title, reason=self.reason[~self.kept]
        )
        return out[["analysis", "patient_id", "trial", "reason"]]


def select(
    patients: pd.DataFrame,
    endpoint: str,
    *,
    analysis: str = FROM_START,
    censoring: str = NO_CENSORING,
    group: str = ALL,
    landmark_day: int | None = None,
) -> Selection:
    """Who can be analysed for an endpoint by a group: ``all``, ``age_group`` or ``mrd_<timepoint>``.

    From the start, a patient who relapsed or was last seen before the MRD sample is left out of
    what is analysed by it: the class was not known before the event.  From the landmark, so are
    events and losses before it, and samples after it.
    """
    if endpoint not in ENDPOINTS:
        raise ValueError(f"endpoint must be one of {', '.join(ENDPOINTS)}, but was {endpoint!r}")
    time, event = patients[f"{endpoint.lower()}_days"], patients[f"{endpoint.lower()}_event"]
    unnamed = patients["trial"] == ""
    reasons: dict[str, pd.Series[bool]] = {
        NO_TRIAL: unnamed & bool(~unnamed.all()),
        "dates or state of the outcome are not known": time.isna() | event.isna(),
    }
    title = f"{endpoint} from the start"
    seen = "last contact"
    if censoring == AT_TRANSPLANT:
        seen = "last contact or transplantation"
    timepoint = group.removeprefix(MRD_GROUP) if group.startswith(MRD_GROUP) else ""
    if timepoint:
        reasons |= _mrd_reasons(patients, timepoint, seen)
        title += f" by MRD {timepoint}"
    if group == AGE_GROUP:
        reasons["age is not known"] = patients["age_group"] == ""
        title += " by age group"
    if analysis == LANDMARK:
        if landmark_day is None:
            raise ValueError("a landmark analysis needs the landmark's day")
        title = title.replace("from the start", f"from the landmark (day {landmark_day})")
        before = time < landmark_day
        reasons["event before the landmark"] = before & (event == 1)
        reasons[f"{seen} before the landmark"] = before & (event == 0)
        if timepoint:
            after = patients[f"mrd_day_{timepoint}"] > landmark_day
            reasons[f"MRD {timepoint} sampled after the landmark"] = after
    if censoring == AT_TRANSPLANT:
        title += ", censored at transplantation"
    reason = _first(reasons, len(patients))
    days = patients[f"mrd_day_{timepoint}"].isna() if timepoint else pd.Series(False, time.index)
    return Selection(title, reason == "", reason, days.to_numpy(dtype=bool))


def _mrd_reasons(patients: pd.DataFrame, timepoint: str, seen: str) -> dict[str, pd.Series[bool]]:
    """Classes that say neither positive nor negative, and samples that came after the event."""
    found = patients[f"mrd_class_{timepoint}"]
    said = {name: name.replace("_", " ") for name in words.MRD_CLASSES[2:]}
    reasons = {f"MRD {timepoint} {word}": found == name for name, word in said.items()}
    reasons[f"MRD {timepoint} without a sample, or not of the protocol"] = found == ""
    sampled = patients[f"mrd_day_{timepoint}"]
    before, failed = patients["first_day"] < sampled, patients["first_event"] == 1
    reasons[f"event before the MRD sample {timepoint}"] = before & failed
    reasons[f"{seen} before the MRD sample {timepoint}"] = before & ~failed
    return reasons


def _first(reasons: Mapping[str, pd.Series[bool]], n: int) -> NDArray[np.object_]:
    """The first reason that applies to each patient."""
    reason = np.full(n, "", dtype=object)
    for text, mask in reversed(list(reasons.items())):
        reason[mask.to_numpy(dtype=bool)] = text
    return reason
