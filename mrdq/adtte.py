"""The hand-off in the shape of ADaM's time-to-event data: one row per patient and parameter."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from mrdq.survival import DEATH, RELAPSE, TRANSPLANTATION, FollowUp, follow_up
from mrdq.tables import COUNT, TEXT, Column, Table

EVENT, CENSORED, COMPETING = 0, 1, 2
LAST_CONTACT = "last contact"


@dataclass(frozen=True, slots=True)
class Parameter:
    """A time to an event: ``events`` are those that count; the first of death and ``earlier`` ends
    the time, and competes if it does not count."""

    code: str
    label: str
    events: tuple[str, ...]
    earlier: str = ""


PARAMETERS = (
    Parameter("OS", "Overall survival", (DEATH,)),
    Parameter("LFS", "Leukaemia-free survival", (RELAPSE, DEATH), RELAPSE),
    Parameter("CIR", "Time to relapse", (RELAPSE,), RELAPSE),
    Parameter("NRD", "Time to death without relapse", (DEATH,), RELAPSE),
    Parameter("TRANSPL", "Time to transplantation", (TRANSPLANTATION,), TRANSPLANTATION),
)

ADTTE = Table("adtte.tsv", "times to events, in the shape of ADaM", ("USUBJID", "PARAMCD"), (
    Column("STUDYID", TEXT, "`study` of the study's settings"),
    Column("USUBJID", TEXT, "patient: `patient_id`"),
    Column("PARAMCD", TEXT, "parameter", words=tuple(p.code for p in PARAMETERS)),
    Column("PARAM", TEXT, "what the parameter is", words=tuple(p.label for p in PARAMETERS)),
    Column("AVAL", COUNT, "whole days: ADT − STARTDT, without ADaM's usual + 1, so that it is the `time_days` "
           "of `survival.tsv`", "day"),
    Column("AVALU", TEXT, "unit of AVAL", words=("DAYS",)),
    Column("CNSR", COUNT, "0: the event of the parameter; 1: censored at last contact; 2: an event that competes "
           "with it"),
    Column("EVNTDESC", TEXT, "what happened on ADT", words=(RELAPSE, DEATH, TRANSPLANTATION, LAST_CONTACT)),
    Column("STARTDT", TEXT, "start of treatment, YYYY-MM-DD"),
    Column("ADT", TEXT, "day of the event or of the last contact, YYYY-MM-DD"),
))  # fmt: skip


def adtte(patients: pd.DataFrame, study: str) -> pd.DataFrame:
    """The table ADTTE; a parameter that cannot be computed for a patient has no row.

    ``patients``: ``patient_id`` and the columns of :func:`mrdq.survival.follow_up`.
    """
    patients = patients.sort_values("patient_id", ignore_index=True)
    course = follow_up(patients)
    parts = [_rows(course, parameter) for parameter in PARAMETERS]
    # Sorted by patient, and the parameters in their own order: the sort is stable.
    table = pd.concat(parts).sort_index(kind="stable")
    table.insert(0, "STUDYID", study)
    table.insert(1, "USUBJID", patients["patient_id"].astype(object).reindex(table.index))
    return table.reset_index(drop=True)


def _rows(course: FollowUp, parameter: Parameter) -> pd.DataFrame:
    """The rows of one parameter from PARAMCD on, by the patients' place."""
    day, kind = course.first(parameter.earlier)
    known = np.flatnonzero(~np.isnan(day))
    day, kind, start = day[known], kind[known], course.start[known]
    codes = [np.isin(kind, parameter.events), kind == ""]
    return pd.DataFrame(
        {
            "PARAMCD": parameter.code,
            "PARAM": parameter.label,
            "AVAL": day,
            "AVALU": "DAYS",
            "CNSR": np.select(codes, [EVENT, CENSORED], COMPETING).astype(float),
            "EVNTDESC": np.where(kind == "", LAST_CONTACT, kind),
            "STARTDT": _iso(start),
            "ADT": _iso(start + day),
        },
        index=known,
    )


def _iso(days: np.ndarray) -> np.ndarray:
    """Days since 1970 as YYYY-MM-DD; distinct days are few, and each is spelled once."""
    distinct, place = np.unique(days.astype(np.int64), return_inverse=True)
    return distinct.astype("datetime64[D]").astype(str).astype(object)[place]
