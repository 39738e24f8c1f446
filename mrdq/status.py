"""STATUS: the calls of a patient and timepoint combined, and what the protocol makes of them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mrdq import vocabulary as words
from mrdq.amended_calls import automatic, counting, joined_texts, with_flag
from mrdq.guideline import TOLERANCE
from mrdq.protocol import Protocol

_KEY = ["patient_id", "timepoint"]
_LEVEL_COLUMNS = [
    "mrd_level",
    "mrd_level_low",
    "mrd_level_high",
    "quantitative_range",
    "sensitivity",
]


def combine(calls: pd.DataFrame, samples: pd.DataFrame, protocols: Mapping[str, Protocol],
            protocol_of: Mapping[str, str], guideline_of: Mapping[str, str]) -> pd.DataFrame:  # fmt: skip
    """The table STATUS (contract section 6), but for ``collected_on``, which the samples sheet has.

    A person's call counts in the place of the engine's, and a retracted run counts nowhere; what
    would be without amendments stands beside it.

    Parameters
    ----------
    calls: CALLS.
    samples: ``sample_id patient_id timepoint material`` of the samples sheet.
    protocols: by id; ``protocol_of`` and ``guideline_of``: patient -> id.
    """
    known = samples, protocols, protocol_of, guideline_of
    rows = _combined(counting(calls), *known)
    changed = calls["amended"] | calls["retracted"]
    before = _combined(automatic(calls), *known) if changed.any() else rows
    beside = {name: before[name] for name in ("status", "mrd_level", "response", "next_step")}
    rows = rows.assign(**{f"automatic_{name}": column for name, column in beside.items()})
    current = ~calls["superseded"] | ~calls["automatic_superseded"]  # or would be, if not retracted
    texts = calls[calls["amended"] & current].astype(object).groupby(_KEY)["amendment"]
    found = texts.agg(joined_texts).reindex(pd.MultiIndex.from_frame(rows[_KEY])).fillna("")
    rows["amendment"] = found.to_numpy(dtype=object)
    rows["amended"] = (rows["amendment"] != "").to_numpy(dtype=bool)
    rows["flags"] = with_flag(rows["flags"], rows["amended"])
    return rows


def _combined(calls: pd.DataFrame, samples: pd.DataFrame, protocols: Mapping[str, Protocol],
              protocol_of: Mapping[str, str], guideline_of: Mapping[str, str]) -> pd.DataFrame:  # fmt: skip
    """STATUS of calls that all count, but for what stands beside it."""
    key = _KEY
    samples = samples[["sample_id", *key, "material"]].astype(object)
    calls = calls.copy(deep=False)
    for name in (
        "run_id",
        "target",
        "sample_id",
        "patient_id",
        "timepoint",
        "call",
        "reasons",
        "flags",
        "guideline",
    ):
        calls[name] = calls[name].astype(object)
    calls = calls.merge(
        samples[["sample_id", "material"]], on="sample_id", how="left", validate="many_to_one"
    )
    calls["evaluable"] = calls["call"] != words.NOT_EVALUABLE
    calls["current"] = ~calls["superseded"]
    calls["protocol"] = calls["patient_id"].map(protocol_of)
    material = calls["protocol"].map(
        {name: protocol.material for name, protocol in protocols.items()}
    )
    calls["preferred"] = calls["material"] == material

    current = calls[calls["current"]]
    groups = current.groupby(key, sort=False)
    several = groups["material"].transform("nunique") > 1
    helps = (
        (current["evaluable"] & current["preferred"])
        .groupby([current[k] for k in key])
        .transform("any")
    )
    deciding = current[~(several & helps) | current["preferred"]]
    best = _best(deciding, key)
    rows = samples[key].drop_duplicates().merge(best, on=key, how="left")
    rows[_LEVEL_COLUMNS] = rows[_LEVEL_COLUMNS].astype(float)
    rows["status"] = rows["call"].fillna(words.NOT_DONE)
    rows["protocol"] = rows["patient_id"].map(protocol_of)
    rows["deciding_target"] = rows["target"].fillna("")
    rows["deciding_sample"] = rows["sample_id"].fillna("")
    rows["reasons"] = rows["reasons"].fillna("")
    rows["n_targets"] = _distinct(calls, rows[key])
    rows["n_evaluable"] = _distinct(calls[calls["current"] & calls["evaluable"]], rows[key])
    rows["flags"] = _flags(rows, calls, several & helps, key)
    rows["guideline"] = rows["guideline"].fillna(rows["patient_id"].map(guideline_of)).fillna("")
    rows["response"] = _response(rows, protocols)
    rows["next_step"] = [
        next_step(protocols[protocol], timepoint, status, level)
        for protocol, timepoint, status, level in zip(
            rows["protocol"], rows["timepoint"], rows["status"], rows["mrd_level"], strict=True
        )
    ]
    place = [
        protocols[p].order(t) for p, t in zip(rows["protocol"], rows["timepoint"], strict=True)
    ]
    rows = rows.assign(place=place).sort_values(
        ["patient_id", "place", "timepoint"], ignore_index=True
    )
    return rows[["patient_id", "timepoint", "status", *_LEVEL_COLUMNS, "deciding_target", "n_targets", "n_evaluable",
                 "response", "next_step", "guideline", "protocol", "flags", "reasons", "deciding_sample"]]  # fmt: skip


def _best(deciding: pd.DataFrame, key: list[str]) -> pd.DataFrame:
    """One call per patient and timepoint: by rank, highest level, lowest sensitivity, then names."""
    order = deciding.assign(
        rank=deciding["call"].map(words.CALL_RANK),
        high=_tied(-deciding["mrd_level"].to_numpy(dtype=float)),
        low=_tied(deciding["sensitivity"].to_numpy(dtype=float)),
    )
    order = order.sort_values(
        [*key, "rank", "high", "low", "target", "sample_id", "run_id"],
        na_position="last",
        kind="stable",
    )
    best = order.drop_duplicates(key)
    return best[
        [*key, "call", *_LEVEL_COLUMNS, "target", "sample_id", "guideline", "reasons", "flags"]
    ]


def _tied(values: NDArray[np.float64]) -> NDArray[np.int64]:
    """Ascending ranks of levels or limits; those within the relative tolerance share one, NaN is
    last."""
    known = np.where(np.isnan(values), np.inf, values)
    order = np.argsort(known, kind="stable")
    ascending = known[order]
    with np.errstate(invalid="ignore"):
        new = np.diff(ascending, prepend=ascending[:1]) > TOLERANCE * np.abs(ascending)
    rank = np.empty(len(values), dtype=np.int64)
    rank[order] = np.cumsum(new | (np.isinf(ascending) & ~np.isinf(np.roll(ascending, 1))))
    return rank


def _distinct(calls: pd.DataFrame, rows: pd.DataFrame) -> np.ndarray:
    counts = calls.groupby(["patient_id", "timepoint"])["target"].nunique()
    found = counts.reindex(pd.MultiIndex.from_frame(rows)).fillna(0)
    return found.to_numpy(dtype=float)


def _flags(
    rows: pd.DataFrame, calls: pd.DataFrame, filtered: pd.Series, key: list[str]
) -> list[str]:
    """Flags of every current call of the timepoint, and those of the combination, in one order."""
    current = calls[calls["current"]]
    evaluable = current[current["evaluable"]]
    negative = (evaluable["call"] == words.NEGATIVE).groupby([evaluable[k] for k in key])
    differ = negative.any() & ~negative.all()
    other = set(map(tuple, current.loc[filtered & ~current["preferred"], key].to_numpy()))
    gathered: dict[tuple[str, str], set[str]] = {}
    for patient, timepoint, flags in zip(
        current["patient_id"], current["timepoint"], current["flags"], strict=True
    ):
        if flags:
            gathered.setdefault((patient, timepoint), set()).update(flags.split(";"))
    out = []
    for pair in map(tuple, rows[key].to_numpy()):
        found = gathered.get(pair, set()) | ({"other_material"} if pair in other else set())
        if differ.get(pair, False):
            found |= {"discordant_targets"}
        out.append(";".join(flag for flag in words.FLAGS if flag in found))
    return out


def _response(rows: pd.DataFrame, protocols: Mapping[str, Protocol]) -> np.ndarray:
    """Complete, failure or intermediate response (Gökbuget 2021, doi 10.1182/hematology.2021000224,
    table 1): negative with a sensitivity that suffices; quantifiable at or above the level."""
    limits = {
        p: (protocols[p].complete_sensitivity_maximum, protocols[p].failure_level_minimum)
        for p in protocols
    }
    complete, failure = (
        np.array([limits[p] for p in rows["protocol"]], dtype=float).reshape(-1, 2).T
    )
    status = rows["status"]
    return np.select(
        [
            status.isin([words.NOT_EVALUABLE, words.NOT_DONE]),
            (status == words.NEGATIVE) & (rows["sensitivity"] <= complete * (1 + TOLERANCE)),
            (status == words.POSITIVE_QUANTIFIABLE)
            & (rows["mrd_level"] >= failure * (1 - TOLERANCE)),
        ],
        [words.NOT_EVALUABLE, words.COMPLETE, words.FAILURE],
        words.INTERMEDIATE,
    )


def next_step(protocol: Protocol, timepoint: str, status: str, level: float) -> str:
    """What follows at a timepoint; "" where the protocol does not speak of it, or nothing is done.

    ``level``: MRD level, a fraction (NaN: none).  A quantified level below the protocol's
    ``positive_from_level`` counts as negative.
    """
    at = protocol.by_id.get(timepoint)
    if at is None or status == words.NOT_DONE:
        return ""
    follows = {words.POSITIVE: at.next_positive, words.NEGATIVE: at.next_negative}
    return follows.get(at.mrd_class(status, level), at.next_repeat)
