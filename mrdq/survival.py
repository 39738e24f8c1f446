"""The hand-off to survival analysis: one row per patient and endpoint (contract sections 7, 8)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

AGE_GROUPS = (
    (0, 15, "<16"),
    (16, 35, "16-35"),
    (36, 55, "36-55"),
    (56, 65, "56-65"),
    (66, 200, ">65"),
)
ENDPOINTS = ("OS", "LFS")


def age_group(age: float) -> str:
    """The age group of an age in years ("" if unknown); ages count in completed years."""
    whole = np.floor(age)
    return next((name for low, high, name in AGE_GROUPS if low <= whole <= high), "")


def hand_off(
    patients: pd.DataFrame, status: pd.DataFrame, timepoints: Sequence[str]
) -> pd.DataFrame:
    """The table ``survival.tsv``.

    Time runs from ``start_on`` in whole days.  OS ends with death, LFS with relapse or death;
    otherwise a patient is censored at ``last_contact_on`` (a dead patient died on it).  Empty
    where a date or ``dead`` is missing.  A level is given only for a quantified result, never 0.

    Parameters
    ----------
    patients: ``patient_id trial age start_on last_contact_on dead relapse_on``, dates as ISO text.
    status: STATUS.
    timepoints: of the study's protocols, in order.
    """
    day = {name: pd.to_datetime(patients[name], format="%Y-%m-%d", errors="coerce")
           for name in ("start_on", "last_contact_on", "relapse_on")}  # fmt: skip
    dead = patients["dead"].astype(float)
    last = (day["last_contact_on"] - day["start_on"]).dt.days.astype(float)
    relapse = (day["relapse_on"] - day["start_on"]).dt.days.astype(float)
    known = dead.notna() & last.notna()
    base = pd.DataFrame(
        {
            "patient_id": patients["patient_id"].astype(object),
            "trial": patients["trial"].astype(object),
            "age": patients["age"].astype(float),
            "age_group": [age_group(age) for age in patients["age"].astype(float)],
        }
    )
    relapsed = relapse.notna()
    endpoints = {
        "OS": (last.where(known), dead.where(known)),
        "LFS": (
            relapse.where(relapsed, last).where(known | relapsed),
            dead.where(~relapsed, 1.0).where(known | relapsed),
        ),
    }
    parts = [
        base.assign(endpoint=name, time_days=time, event=event, place=place)
        for place, (name, (time, event)) in enumerate(endpoints.items())
    ]
    table = (
        pd.concat(parts)
        .sort_values(["patient_id", "place"], ignore_index=True)
        .drop(columns="place")
    )
    for column, source in (("mrd", "status"), ("mrd_level", "mrd_level")):
        wide = status.pivot_table(
            index="patient_id", columns="timepoint", values=source, aggfunc="first"
        )
        for timepoint in timepoints:
            values = wide[timepoint] if timepoint in wide else pd.Series(dtype=object)
            found = table["patient_id"].map(values)
            table[f"{column}_{timepoint}"] = (
                found.astype(float) if source == "mrd_level" else found.astype(object).fillna("")
            )
    return table
