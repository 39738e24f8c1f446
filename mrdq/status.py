"""STATUS: the calls of a patient and timepoint combined, and what the protocol makes of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mrdq import vocabulary as words
from mrdq.amended_calls import automatic, counting, joined_texts, with_flag
from mrdq.guideline import TOLERANCE
from mrdq.protocol import Protocol
from mrdq.wells import Bools, Floats, Ints, codes, groups

Texts = NDArray[np.object_]
_KEY = ["patient_id", "timepoint"]
_LEVEL_COLUMNS = [
    "mrd_level",
    "mrd_level_low",
    "mrd_level_high",
    "quantitative_range",
    "sensitivity",
]
_FLAGS = tuple(words.FLAGS)
_OTHER_MATERIAL, _DISCORDANT = (
    1 << _FLAGS.index(name) for name in ("other_material", "discordant_targets")
)


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
    places = _places(samples, protocols, protocol_of)
    known = places, samples, protocols, guideline_of
    rows = _combined(counting(calls), *known)
    changed = calls["amended"] | calls["retracted"]
    before = _combined(automatic(calls), *known) if changed.any() else rows
    beside = {name: before[name] for name in ("status", "mrd_level", "response", "next_step")}
    rows = rows.assign(**{f"automatic_{name}": column for name, column in beside.items()})
    rows["amendment"] = _amendments(calls, rows[_KEY])
    rows["amended"] = (rows["amendment"] != "").to_numpy(dtype=bool)
    rows["flags"] = with_flag(rows["flags"], rows["amended"])
    return rows


def _amendments(calls: pd.DataFrame, key: pd.DataFrame) -> Texts:
    """The amendments that the current calls of each patient and timepoint rest on."""
    current = ~calls["superseded"] | ~calls["automatic_superseded"]  # or would be, if not retracted
    amended = calls[calls["amended"] & current]
    if not len(amended):
        return np.full(len(key), "", dtype=object)
    texts = amended.astype(object).groupby(_KEY)["amendment"].agg(joined_texts)
    return texts.reindex(pd.MultiIndex.from_frame(key)).fillna("").to_numpy(dtype=object)


def _places(
    samples: pd.DataFrame, protocols: Mapping[str, Protocol], protocol_of: Mapping[str, str]
) -> pd.DataFrame:
    """``patient_id timepoint protocol`` of every row of STATUS, in its order."""
    (patient, patients), (timepoint, timepoints) = (codes(samples[name]) for name in _KEY)
    pair = pd.unique(patient.astype(np.int64) * max(1, len(timepoints)) + timepoint)
    patient, timepoint = pair // max(1, len(timepoints)), pair % max(1, len(timepoints))
    of = np.array([protocol_of.get(name) for name in patients], dtype=object)[patient]
    place = of_distinct(lambda p, t: protocols[p].order(t), of, timepoints[timepoint])
    order = np.lexsort((timepoint, place.astype(np.int64), patient))
    columns = {"patient_id": patients[patient], "timepoint": timepoints[timepoint], "protocol": of}
    return pd.DataFrame({name: texts[order] for name, texts in columns.items()}, dtype=object)


def of_distinct(ask: Callable[..., Any], *columns: Any) -> NDArray[np.object_]:
    """What ``ask`` says of each row of some columns; it is asked once for equal rows."""
    key = np.zeros(len(columns[0]), dtype=np.int64)
    coded = [pd.factorize(values, use_na_sentinel=False) for values in columns]
    for code, distinct in coded:
        key = pd.factorize(key * max(1, len(distinct)) + code)[0]
    first = np.unique(key, return_index=True)[1]
    answers = np.empty(len(first), dtype=object)
    answers[:] = [ask(*(distinct[code[at]] for code, distinct in coded)) for at in first]
    return answers[key]


def _combined(calls: pd.DataFrame, places: pd.DataFrame, samples: pd.DataFrame,
              protocols: Mapping[str, Protocol], guideline_of: Mapping[str, str]) -> pd.DataFrame:  # fmt: skip
    """STATUS of calls that all count, but for what stands beside it."""
    rows = places.copy(deep=False)
    row, n = _row_of(calls, rows), len(rows)
    if (row < 0).any():
        calls, row = calls[row >= 0], row[row >= 0]
    call, target = (calls[name].to_numpy(dtype=object) for name in ("call", "target"))
    evaluable, current = call != words.NOT_EVALUABLE, ~calls["superseded"].to_numpy(dtype=bool)
    filtered, preferred = _materials(calls, samples, row, evaluable, current, protocols, rows)
    best = _best(calls, row, call, np.flatnonzero(current & ~(filtered[row] & ~preferred)), n)
    done = best >= 0

    def of_best(name: str, missing: Any, dtype: Any = object) -> NDArray[Any]:
        out = np.full(n, missing, dtype=dtype)
        out[done] = calls[name].iloc[best[done]].to_numpy(dtype=dtype)
        return out

    def add(name: str, texts: Texts) -> None:
        rows[name] = pd.Series(texts, dtype=object)

    add("status", of_best("call", words.NOT_DONE))
    for name in _LEVEL_COLUMNS:
        rows[name] = of_best(name, np.nan, float)
    add("deciding_target", of_best("target", ""))
    add("deciding_sample", of_best("sample_id", ""))
    add("reasons", of_best("reasons", ""))
    rows["n_targets"] = _distinct(row, target, n)
    counted = current & evaluable
    rows["n_evaluable"] = _distinct(row[counted], target[counted], n)
    other = row[current & ~preferred]
    add("flags", _flags(calls, row, call, current, evaluable, other[filtered[other]], n))
    own = of_distinct(lambda name: guideline_of.get(name, ""), rows["patient_id"])
    add("guideline", np.where(done, of_best("guideline", ""), own))
    add("response", _response(rows, protocols))
    add("next_step", of_protocol(next_step, rows, protocols))
    return rows[["patient_id", "timepoint", "status", *_LEVEL_COLUMNS, "deciding_target", "n_targets", "n_evaluable",
                 "response", "next_step", "guideline", "protocol", "flags", "reasons", "deciding_sample"]]  # fmt: skip


def _row_of(calls: pd.DataFrame, rows: pd.DataFrame) -> Ints:
    """Per call the row of its patient and timepoint; -1 where the samples sheet has none."""
    wanted, found = np.zeros(len(calls), dtype=np.int64), np.zeros(len(rows), dtype=np.int64)
    known = np.ones(len(calls), dtype=bool)
    for name in _KEY:
        code, names = pd.factorize(rows[name])
        mine, own = pd.factorize(calls[name])
        at = np.append(pd.Index(names).get_indexer(pd.Index(own, dtype=object)), -1)[mine]
        known &= at >= 0
        wanted, found = wanted * max(1, len(names)) + at, found * max(1, len(names)) + code
    at = pd.Index(found).get_indexer(pd.Index(wanted))
    return np.where(known, at, -1).astype(np.int64)


def _materials(
    calls: pd.DataFrame, samples: pd.DataFrame, row: Ints, evaluable: Bools, current: Bools,
    protocols: Mapping[str, Protocol], rows: pd.DataFrame,
) -> tuple[Bools, Bools]:  # fmt: skip
    """Per row of STATUS whether only the protocol's material decides (there are others, and it is
    evaluable), and per call whether it is of that material."""
    mine, names = pd.factorize(calls["sample_id"])
    at = pd.Index(samples["sample_id"], dtype=object).get_indexer(pd.Index(names, dtype=object))
    at = np.append(at, -1)[mine]
    code, materials = pd.factorize(samples["material"])
    materials = pd.Index(materials, dtype=object)
    material = np.where(at >= 0, np.append(code, -1)[at], -1)
    wanted = of_distinct(lambda name: protocols[name].material, rows["protocol"])
    preferred = (material >= 0) & (material == materials.get_indexer(wanted)[row])
    known = current & (material >= 0)
    most, least = np.full(len(rows), -1), np.full(len(rows), len(materials))
    np.maximum.at(most, row[known], material[known])
    np.minimum.at(least, row[known], material[known])
    helps = np.zeros(len(rows), dtype=bool)
    helps[row[current & evaluable & preferred]] = True
    return (most > least) & helps, preferred


def _best(calls: pd.DataFrame, row: Ints, call: Texts, deciding: Ints, n: int) -> Ints:
    """One call per row of STATUS (-1: none): by rank, highest level, lowest sensitivity, then names."""
    row = row[deciding]
    rank = of_distinct(words.CALL_RANK.get, call[deciding]).astype(np.int64)
    level, sensitivity = (
        calls[name].to_numpy(dtype=float)[deciding] for name in ("mrd_level", "sensitivity")
    )
    numbers = _tied(-level, row), _tied(sensitivity, row)
    order = np.lexsort((*reversed(numbers), rank, row))
    first = groups(_differs(row[order])).start
    best = np.full(n, -1, dtype=np.int64)
    best[row[order[first]]] = deciding[order[first]]
    # Only those that are equal so far have to be told apart by their names.
    keys = [values[order] for values in (row, rank, *numbers)]
    level_with = groups(np.logical_or.reduce([_differs(values) for values in keys]))
    of_first = np.isin(level_with.start, first)
    size = np.diff(level_with.start, append=len(order))
    tied = order[(of_first & (size > 1))[level_with.of]]
    if len(tied):
        names = [codes(calls[name].iloc[deciding[tied]].astype(object))[0] for name in ("run_id", "sample_id", "target")]  # fmt: skip
        tied = tied[np.lexsort((*names, row[tied]))]
        first = groups(_differs(row[tied])).start
        best[row[tied[first]]] = deciding[tied[first]]
    return best


def _differs(values: NDArray[Any]) -> Bools:
    return np.asarray(values != np.roll(values, 1), dtype=bool)


def _tied(values: Floats, row: Ints) -> Ints:
    """Ascending ranks of levels or limits within each row; those within the relative tolerance
    share one, NaN is last."""
    known = np.where(np.isnan(values), np.inf, values)
    order = np.lexsort((known, row))
    ascending = known[order]
    with np.errstate(invalid="ignore"):
        new = np.diff(ascending, prepend=ascending[:1]) > TOLERANCE * np.abs(ascending)
    new |= np.isinf(ascending) & ~np.isinf(np.roll(ascending, 1))
    rank = np.empty(len(values), dtype=np.int64)
    rank[order] = np.cumsum(new | _differs(row[order]))
    return rank


def _distinct(row: Ints, target: Texts, n: int) -> Floats:
    """Distinct targets of each row."""
    code, names = pd.factorize(target)
    pairs = pd.unique(row * max(1, len(names)) + code)
    return np.bincount(pairs // max(1, len(names)), minlength=n).astype(float)


def _flags(
    calls: pd.DataFrame, row: Ints, call: Texts, current: Bools, evaluable: Bools, other: Ints, n: int
) -> Texts:  # fmt: skip
    """Flags of every current call of the timepoint, and those of the combination, in one order.

    ``other``: rows of STATUS with calls of materials that do not decide.
    """
    bits = of_distinct(_bits, calls["flags"]).astype(np.int64)
    found = np.zeros(n, dtype=np.int64)
    np.bitwise_or.at(found, row[current], bits[current])
    found[other] |= _OTHER_MATERIAL
    negative, positive = np.zeros(n, dtype=bool), np.zeros(n, dtype=bool)
    counted = current & evaluable
    negative[row[counted & (call == words.NEGATIVE)]] = True
    positive[row[counted & (call != words.NEGATIVE)]] = True
    found[negative & positive] |= _DISCORDANT
    return of_distinct(lambda mask: ";".join(f for i, f in enumerate(_FLAGS) if mask >> i & 1), found)  # fmt: skip


def _bits(flags: str) -> int:
    return sum(1 << _FLAGS.index(flag) for flag in set(filter(None, flags.split(";"))))


def _response(rows: pd.DataFrame, protocols: Mapping[str, Protocol]) -> np.ndarray:
    """Complete, failure or intermediate response (Gökbuget 2021, doi 10.1182/hematology.2021000224,
    table 1): negative with a sensitivity that suffices; quantifiable at or above the level."""
    complete, failure = (
        of_distinct(lambda p, name=name: getattr(protocols[p], name), rows["protocol"]).astype(float)
        for name in ("complete_sensitivity_maximum", "failure_level_minimum")
    )  # fmt: skip
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


def of_protocol(
    ask: Callable[[Protocol, str, str, float], str], rows: pd.DataFrame, protocols: Mapping[str, Protocol]
) -> Texts:  # fmt: skip
    """What ``ask`` says of the protocol, timepoint, status and MRD level of each row of STATUS.

    It may look at the level only to see on which side of the timepoint's ``positive_from_level``
    it lies, as :meth:`mrdq.protocol.Timepoint.mrd_class` does.
    """

    def bound(protocol: str, timepoint: str) -> float:
        at = protocols[protocol].by_id.get(timepoint)
        return at.positive_from_level * (1 - TOLERANCE) if at else 0.0

    place, level = (rows["protocol"], rows["timepoint"]), rows["mrd_level"].to_numpy(dtype=float)
    below = level < of_distinct(bound, *place).astype(float)
    shown = np.where(np.isnan(level), level, np.where(below, -np.inf, np.inf))
    return of_distinct(lambda p, *rest: ask(protocols[p], *rest), *place, rows["status"], shown)


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
