"""What becomes of each conclusion if MRD results are counted in another way."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mrdq import vocabulary as words
from mrdq.cohort import frames, logrank, proportions, tables, turnbull
from mrdq.cohort.population import MRD_GROUP
from mrdq.cohort.samples import Settings, event_of, sample_of, time_of
from mrdq.cohort.tables import ALL, COUNTED_AS, ENDPOINTS, FROM_START, LANDMARK, NO_CENSORING
from mrdq.guideline import TOLERANCE

PROTOCOL, ANY, INTERVAL = "protocol", "any", "interval"
SIGNIFICANT = 0.05
FEWEST_EVENTS = 10
"""With fewer, a normal approximation of the log-rank test says nothing worth a conclusion."""
NORMAL_975 = 1.959963984540054
"""Quantile of the normal distribution for a 95 % interval."""
Classes = NDArray[np.object_]
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Counting:
    """One way to count; ``cutoff``: a level, NaN for any positive; all ``protocol`` is the base."""

    cutoff: float = np.nan
    below_range: str = PROTOCOL
    not_evaluable: str = PROTOCOL

    @property
    def key(self) -> Row:
        named = ANY if np.isnan(self.cutoff) else f"{self.cutoff:.12g}"
        base = self.below_range == PROTOCOL
        return {"cutoff": PROTOCOL if base else named, "below_range": self.below_range,
                "not_evaluable": self.not_evaluable}  # fmt: skip


def countings(settings: Settings) -> list[Counting]:
    """The base, then every cut-off with every way to count the two kinds of doubtful results."""
    grid = itertools.product((np.nan, *settings.cutoffs), COUNTED_AS, COUNTED_AS)
    return [Counting(), *itertools.starmap(Counting, grid)]


def counted(patients: pd.DataFrame, timepoint: str, counting: Counting) -> Classes:
    """``positive``, ``negative`` or "" (cannot be counted) of each patient.

    Counted by its interval, a result is negative if all of it lies at or below the cut-off,
    positive if all of it lies above, and else cannot be counted; one that is not evaluable has
    no bounds.  With any positive as cut-off, whatever was detected is positive.
    """
    if counting.below_range == PROTOCOL:
        found = patients[f"mrd_class_{timepoint}"].to_numpy(dtype=object)
        return np.where(np.isin(found, (words.POSITIVE, words.NEGATIVE)), found, "")
    status = patients[f"mrd_{timepoint}"].to_numpy(dtype=object)
    level, high = (patients[f"mrd_{kind}_{timepoint}"].to_numpy() for kind in ("level", "high"))
    any_positive = np.isnan(counting.cutoff)
    cutoff = 0.0 if any_positive else counting.cutoff
    by_interval = counting.below_range == INTERVAL and not any_positive
    beneath = np.where(high <= cutoff * (1 + TOLERANCE), words.NEGATIVE, "")
    below = {INTERVAL: words.POSITIVE}.get(counting.below_range, counting.below_range)
    doubtful = {INTERVAL: ""}.get(counting.not_evaluable, counting.not_evaluable)
    above = np.where(level >= cutoff * (1 - TOLERANCE), words.POSITIVE, words.NEGATIVE)
    return np.select(
        [status == words.POSITIVE_QUANTIFIABLE, np.isin(status, words.BELOW_RANGE), status == words.NEGATIVE,
         status == words.NOT_EVALUABLE],
        [above, beneath if by_interval else below, beneath if by_interval else words.NEGATIVE, doubtful],
        "",
    ).astype(object)  # fmt: skip


def sensitivity(patients: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    """SENSITIVITY: rates, their difference, MRD as a prognostic factor, trials within a class.

    Hazard ratios are Peto's, exp((O - E)/V) with the variance V of the log-rank test (Yusuf 1985,
    doi:10.1016/S0033-0620(85)80003-7), so that they and p come from one calculation; survival is
    compared from the landmark if there is one.
    """
    rows: list[Row] = []
    patients = patients.reset_index(drop=True)
    trial = patients["trial"].to_numpy(dtype=object)
    for timepoint in settings.timepoints:
        followed = [_followed(patients, timepoint, name, settings) for name in ENDPOINTS]
        base: dict[object, Row] = {}
        for counting in countings(settings):
            found = counted(patients, timepoint, counting)
            drawn = [*_rates(trial, found), *(row for f in followed for row in _survival(f, found))]
            for row in drawn:
                key = row["conclusion"], row["trial"]
                if counting.below_range == PROTOCOL:
                    base[key] = row
                judged = _judged(row, base.get(key))
                rows.append({**judged, **counting.key, "timepoint": timepoint})
        rows += _by_intervals(patients, timepoint, settings)
    return frames.frame(rows, tables.SENSITIVITY)


def _rates(trial: Classes, found: Classes) -> Iterator[Row]:
    """The share of MRD-negative of each trial and of all, and the comparison of the trials."""
    trials = sorted(set(trial[found != ""]))
    classes = (words.NEGATIVE, words.POSITIVE)
    table = np.array([[np.sum((trial == t) & (found == c)) for t in trials] for c in classes])
    shown = zip([*trials, ALL], np.c_[table, table.sum(axis=1)].T.tolist(), strict=True)
    for name, (negative, positive) in shown if len(trials) > 1 else list(shown)[:-1]:
        rate = proportions.rate(negative, negative + positive)
        yield {"conclusion": "share of MRD-negative", "trial": name, "n": negative + positive, "n_positive": positive,
               "value": 100 * rate.estimate, "low": 100 * rate.wilson_low, "high": 100 * rate.wilson_high}  # fmt: skip
    if len(trials) > 1:
        tests = proportions.compare(table).set_index("test")
        yield {"conclusion": "share of MRD-negative differs between trials", "trial": ALL,
               "n": int(table.sum()), "n_positive": int(table[1].sum()), "p": tests.loc["pearson", "p"],
               "value": tests.loc["fisher", "statistic"]}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Followed:
    """Those whose survival can be compared if their MRD can be counted; ``place`` among all."""

    where: str
    place: NDArray[np.int64]
    trial: Classes
    time: NDArray[np.int64]
    event: NDArray[np.int64]


def _followed(
    patients: pd.DataFrame, timepoint: str, endpoint: str, settings: Settings
) -> _Followed:
    """Whoever has the follow-up, and the sample in time: their class is counted later."""
    anyone = patients.assign(**{f"mrd_class_{timepoint}": words.POSITIVE})
    analysis = FROM_START if settings.landmark_day is None else LANDMARK
    group = f"{MRD_GROUP}{timepoint}"
    sample, _ = sample_of(anyone, analysis, endpoint, NO_CENSORING, group, settings)
    data = sample.data
    where = f"{endpoint} from the {'start' if analysis == FROM_START else 'landmark'}"
    trial = data["trial"].to_numpy(dtype=object)
    return _Followed(where, data.index.to_numpy(), trial, time_of(data), event_of(data))


def _survival(of: _Followed, classes: Classes) -> Iterator[Row]:
    found = classes[of.place]
    known = found != ""
    trials = sorted(set(of.trial[known]))
    asked = [(name, known & (of.trial == name), False) for name in trials]
    for name, mask, pooled in [*asked, *([(ALL, known, True)] if len(trials) > 1 else [])]:
        yield {"conclusion": f"{of.where}: MRD-positive against negative", "trial": name,
               **_ratio(of, found, mask, by=found, reference=words.NEGATIVE, pooled=pooled)}  # fmt: skip
    for name in (words.NEGATIVE, words.POSITIVE) if len(trials) == 2 else ():
        mask = found == name
        yield {"conclusion": f"{of.where}, MRD-{name}: {trials[1]} against {trials[0]}", "trial": ALL,
               **_ratio(of, found, mask, by=of.trial, reference=trials[0], pooled=False)}  # fmt: skip


def _ratio(
    of: _Followed, found: Classes, mask: NDArray[np.bool_], *, by: Classes, reference: str, pooled: bool
) -> Row:  # fmt: skip
    """Peto's hazard ratio of the other group against ``reference``, and the log-rank p.

    ``pooled``: stratified by trial.  With fewer than ``FEWEST_EVENTS`` events there is neither.
    """
    row = {"n": int(mask.sum()), "n_positive": int((found[mask] == words.POSITIVE).sum())}
    if not row["n"]:
        return row
    if of.event[mask].sum() < FEWEST_EVENTS:
        return row
    strata = of.trial[mask] if pooled else None
    test = logrank.logrank(of.time[mask], of.event[mask], by[mask], strata=strata)
    other = [name for name in test.observed if name != reference]
    if len(other) != 1 or not test.statistic > 0:
        return {**row, "p": test.p}
    excess = test.observed[other[0]] - test.expected[other[0]]
    variance = excess**2 / test.statistic
    spread = NORMAL_975 / np.sqrt(variance)
    with np.errstate(over="ignore"):
        low, value, high = np.exp(excess / variance + spread * np.array([-1.0, 0.0, 1.0]))
    if not np.isfinite(high):
        return {**row, "p": test.p}
    return {**row, "value": value, "low": low, "high": high, "p": test.p}


def _judged(row: Row, base: Row | None) -> Row:
    """The row beside its base, and whether the conclusion would be another one: significant or
    not, and in which direction; for a share, outside of the base's interval."""
    if base is None:
        return row
    if _number(row, "p") >= 0 or _number(base, "p") >= 0:
        other = _verdict(row) != _verdict(base) and _number(row, "p") >= 0
    else:
        value = _number(row, "value")
        other = value < _number(base, "low") or value > _number(base, "high")
    return {**row, "base_value": base.get("value"), "base_p": base.get("p"), "changes": "yes" if other else ""}  # fmt: skip


def _verdict(row: Row) -> str:
    """``none``, ``lower`` or ``higher``; a test without a ratio has no direction."""
    if not _number(row, "p") < SIGNIFICANT:
        return "none"
    return "lower" if _number(row, "value") < 1 else "higher"


def _number(row: Row, name: str) -> float:
    value = row.get(name)
    return np.nan if value is None else float(str(value))


def _by_intervals(patients: pd.DataFrame, timepoint: str, settings: Settings) -> Iterator[Row]:
    """The share below each cut-off from the intervals of all evaluable results (Turnbull); a positive
    without bounds may lie anywhere."""
    evaluable = patients[f"mrd_{timepoint}"].isin(set(words.CALLS) - {words.NOT_EVALUABLE})
    for trial, data in patients[evaluable].groupby("trial"):
        low, high = (data[f"mrd_{end}_{timepoint}"].to_numpy() for end in ("low", "high"))
        for cutoff in settings.cutoffs:
            found = turnbull.share_at_or_above(low, high, cutoff)
            yield {"conclusion": "share below the cut-off by intervals (Turnbull); limits: what the intervals leave open",
                   "trial": str(trial), "timepoint": timepoint, **Counting(cutoff, INTERVAL, INTERVAL).key,
                   "n": len(data), "value": 100 * (1 - found.estimate), "low": 100 * (1 - found.highest),
                   "high": 100 * (1 - found.lowest)}  # fmt: skip
