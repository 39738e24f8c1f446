"""The hand-off to survival analysis: one row per patient and endpoint (contract sections 7, 8)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mrdq import vocabulary as words
from mrdq.protocol import Protocol
from mrdq.status import of_protocol
from mrdq.tables import COUNT, REAL, TEXT, Column, Table
from mrdq.wells import Floats

Texts = NDArray[np.object_]

# First age of each group, in completed years; the last is open.
AGE_GROUPS = ((0, "<16"), (16, "16-35"), (36, "36-55"), (56, "56-65"), (66, ">65"))
ENDPOINTS = ("OS", "LFS")
RELAPSE, DEATH, TRANSPLANTATION = "relapse", "death", "transplantation"

_PATIENT_COLUMNS = (
    Column("patient_id", TEXT, "patient"),
    Column("trial", TEXT, "trial"),
    Column("age", REAL, "age at the start", "year"),
    Column("age_group", TEXT, "age group, in completed years; empty if the age is not known",
           words=tuple(name for _, name in AGE_GROUPS)),
    Column("endpoint", TEXT, "OS: start to death; LFS: start to relapse or death", words=ENDPOINTS),
    Column("time_days", COUNT, "whole days from `start_on` to the event, else to the last contact; "
           "empty if a date that is needed, or `dead`, is missing", "day"),
    Column("event", COUNT, "1 if the event was seen, 0 if the patient is censored; empty with `time_days`"),
)  # fmt: skip
_TIMEPOINT_COLUMNS = (
    Column("mrd_{}", TEXT, "MRD status; empty: no sample of this timepoint", words=words.STATUSES),
    Column("mrd_level_{}", REAL, "MRD level, a fraction; empty, never 0, unless quantified"),
    Column("mrd_low_{}", REAL, "lower bound of the level; empty: nothing above 0 is known"),
    Column("mrd_high_{}", REAL, "upper bound of the level; empty: not bounded, or nothing is known"),
    Column("mrd_class_{}", TEXT, "what the patient's protocol makes of the status; empty: no sample, or "
           "the protocol does not name the timepoint", words=words.MRD_CLASSES),
    Column("mrd_day_{}", COUNT, "whole days from `start_on` to the collection of the sample that decided", "day"),
)  # fmt: skip
_OUTCOME_COLUMNS = (
    Column("cause", TEXT, "what the event was; empty: none, or not known", words=(RELAPSE, DEATH)),
    Column("relapse_day", COUNT, "whole days from `start_on` to the relapse; empty: none, or not known", "day"),
    Column("transplant_day", COUNT, "whole days from `start_on` to transplantation; empty: none, or not known", "day"),
    Column("protocol", TEXT, "protocol of the patient"),
    Column("sex", TEXT, "sex, as the patients sheet has it"),
)  # fmt: skip


def survival_table(timepoints: Sequence[str]) -> Table:
    """``survival.tsv`` for these timepoints: every column in order.

    Raises ``ValueError`` where two timepoints give one column (``x`` and ``level_x``).
    """
    named = (
        Column(column.name.format(at), column.kind, column.doc, column.unit, column.words)
        for column in _TIMEPOINT_COLUMNS
        for at in timepoints
    )
    table = Table("survival.tsv", "times, events and MRD, for survival analysis",
                  ("patient_id", "endpoint"), (*_PATIENT_COLUMNS, *named, *_OUTCOME_COLUMNS))  # fmt: skip
    if len(set(table.names)) < len(table.names):
        raise ValueError(f"survival.tsv: columns of {', '.join(timepoints)} have the same names")
    return table


def age_groups(ages: Floats) -> Texts:
    """The age group of each age in years ("" if unknown); ages count in completed years."""
    group = np.searchsorted([first for first, _ in AGE_GROUPS], np.floor(ages), side="right") - 1
    names = np.array([name for _, name in AGE_GROUPS], dtype=object)
    return np.where(np.isnan(ages) | (ages < 0), "", names[group])


@dataclass(frozen=True, slots=True)
class FollowUp:
    """Per patient: ``start`` in days since 1970, days from it to last contact, relapse and
    transplantation, and ``dead`` (1, 0); NaN where it did not happen or is not known."""

    start: Floats
    last: Floats
    dead: Floats
    relapse: Floats
    transplant: Floats

    def first(self, earlier: str = "") -> tuple[Floats, Texts]:
        """Day and kind of the first of death and ``earlier`` (relapse or transplantation).

        The kind is "" where a patient is censored, at last contact; the day is NaN where it is not
        known.  A dead patient died on the day of last contact; ``earlier`` on that day comes first.
        """
        day = np.where(np.isnan(self.dead), np.nan, self.last)
        kind = np.where((self.dead == 1) & ~np.isnan(day), DEATH, "").astype(object)
        if not earlier:
            return day, kind
        when = {RELAPSE: self.relapse, TRANSPLANTATION: self.transplant}[earlier]
        seen = ~np.isnan(when)
        return np.where(seen, when, day), np.where(seen, earlier, kind)


def follow_up(patients: pd.DataFrame) -> FollowUp:
    """What is known of each patient's course.

    ``patients``: ``start_on last_contact_on relapse_on transplant_on`` as ISO text ("" or missing:
    not known) and ``dead`` (1, 0, missing).  ``ValueError`` for any other text.
    """
    start = _date(patients["start_on"])
    return FollowUp(
        start,
        _date(patients["last_contact_on"]) - start,
        patients["dead"].to_numpy(dtype=float),
        _date(patients["relapse_on"]) - start,
        _date(patients["transplant_on"]) - start,
    )


def _date(text: pd.Series[str]) -> Floats:
    """Days since 1970; NaN for no date."""
    dates = pd.to_datetime(text.where(text != ""), format="%Y-%m-%d")
    days = dates.to_numpy(dtype="datetime64[D]")
    return np.where(np.isnat(days), np.nan, days.astype(np.int64))


def level_bounds(status: pd.DataFrame) -> tuple[Floats, Floats]:
    """Lower and upper bound of the MRD level of each row of STATUS, NaN for none; never 0.

    Quantified: the level twice.  Negative: at most the sensitivity.  Positive and not quantified:
    below the quantitative range, if that is what the deciding call failed for (``sample_range``);
    where only its replicates differ or lack a signal, the level may be any.  Otherwise none.
    The limits are not multiplied with the fraction of blasts, which is at most 1: they still hold.
    """
    level = status["mrd_level"].to_numpy(dtype=float)
    quantified = (status["status"] == words.POSITIVE_QUANTIFIABLE).to_numpy()
    below = status["status"].isin(words.BELOW_RANGE) & status["reasons"].astype(
        object
    ).str.contains(r"(?:^|;)sample_range(?:;|$)")
    high = np.select(
        [quantified, (status["status"] == words.NEGATIVE).to_numpy(), below.to_numpy(dtype=bool)],
        [level, status["sensitivity"], status["quantitative_range"]],
        np.nan,
    )
    return np.where(quantified, level, np.nan), high


def hand_off(
    patients: pd.DataFrame,
    status: pd.DataFrame,
    timepoints: Sequence[str],
    *,
    protocols: Mapping[str, Protocol],
    protocol_of: Mapping[str, str],
) -> pd.DataFrame:
    """The table ``survival.tsv``: :func:`survival_table` of the timepoints.

    Time runs from ``start_on`` in whole days.  OS ends with death, LFS with relapse or death;
    otherwise a patient is censored at ``last_contact_on``.  Empty where a date or ``dead`` is
    missing; a relapse is an event of LFS whatever came after it.

    Parameters
    ----------
    patients: one row per ``patient_id``, with ``trial age sex`` and those of :func:`follow_up`.
    status: STATUS.
    timepoints: of the study's protocols, in order.
    protocols: by id; ``protocol_of``: patient -> id.
    """
    patients = patients.sort_values("patient_id", ignore_index=True)
    course = follow_up(patients)
    ages = patients["age"].to_numpy(dtype=float)
    ids = patients["patient_id"].astype(object)
    ends = [course.first(), course.first(RELAPSE)]
    made: dict[str, object] = {
        "patient_id": _twice(ids),
        "trial": _twice(patients["trial"]),
        "age": _twice(ages),
        "age_group": _twice(age_groups(ages)),
        "endpoint": np.tile(np.array(ENDPOINTS, dtype=object), len(ids)),
        "time_days": _in_turn([day for day, _ in ends]),
        "event": _in_turn([np.where(np.isnan(day), np.nan, kind != "") for day, kind in ends]),
    }
    starts = pd.Series(course.start, index=ids)
    measured = _measured(status, starts, protocols)
    patient = pd.Index(ids).get_indexer(pd.Index(status["patient_id"]))
    at = pd.Index(timepoints).get_indexer(pd.Index(status["timepoint"]))
    shown = (patient >= 0) & (at >= 0)
    for column in _TIMEPOINT_COLUMNS:
        missing, kind = ("", object) if column.kind == TEXT else (np.nan, float)
        grid: NDArray[np.generic] = np.full((len(ids), len(timepoints)), missing, dtype=kind)
        grid[patient[shown], at[shown]] = measured[column.name][shown]
        for place, name in enumerate(timepoints):
            made[column.name.format(name)] = _twice(grid[:, place])
    made |= {
        "cause": _in_turn([kind for _, kind in ends]),
        "relapse_day": _twice(course.relapse),
        "transplant_day": _twice(course.transplant),
        "protocol": _twice(ids.map(protocol_of).astype(object).fillna("")),
        "sex": _twice(patients["sex"].astype(object).fillna("")),
    }
    return pd.DataFrame({name: _as_it_is(values) for name, values in made.items()})


def _as_it_is(values: object) -> pd.Series:
    """Text as objects: pandas would make an array of its own kind of it, and we a column of that."""
    return pd.Series(values, dtype=np.asarray(values).dtype)


def _measured(
    status: pd.DataFrame, starts: pd.Series[float], protocols: Mapping[str, Protocol]
) -> dict[str, NDArray[np.generic]]:
    """What the hand-off says of each row of STATUS."""
    low, high = level_bounds(status)
    days = _date(status["collected_on"]) - status["patient_id"].map(starts).to_numpy(dtype=float)
    return {
        "mrd_{}": status["status"].to_numpy(dtype=object),
        "mrd_level_{}": status["mrd_level"].to_numpy(dtype=float),
        "mrd_low_{}": low,
        "mrd_high_{}": high,
        "mrd_class_{}": _classes(status, protocols),
        "mrd_day_{}": days,
    }


def _classes(status: pd.DataFrame, protocols: Mapping[str, Protocol]) -> Texts:
    """The MRD class of each row, by the patient's protocol; "" where it does not name the timepoint."""

    def mrd_class(protocol: Protocol, timepoint: str, result: str, level: float) -> str:
        at = protocol.by_id.get(timepoint)
        return at.mrd_class(result, level) if at else ""

    return of_protocol(mrd_class, status, protocols)


def _twice(values: object) -> NDArray[np.generic]:
    """One value a patient to one an endpoint."""
    return np.repeat(np.asarray(values), len(ENDPOINTS))


def _in_turn(per_endpoint: Sequence[NDArray[np.generic]]) -> NDArray[np.generic]:
    """One array an endpoint to rows: patient by patient, the endpoints in order."""
    return np.stack(per_endpoint, axis=1).ravel()
