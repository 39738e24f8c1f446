"""The criterion at which the decisions on two calls part, from the EVIDENCE of both sides.

A call is decided in steps (contract section 4): gates, positive, quantifiable, and what splits
the positives below the range.  The first step at which the two sides differ names the criterion.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mrdq import vocabulary as words
from mrdq.evidence import CRITERIA, GATES, QUANTIFIABLE, RUN_GATES
from mrdq.wells import Bools, Floats, Ints

NAMES = tuple(CRITERIA)
NO_CRITERION = -1
_STOPPED, _NEGATIVE, _BELOW, _QUANTIFIED = range(4)
_STEP = dict.fromkeys(words.BELOW_RANGE, _BELOW) | {
    words.NOT_EVALUABLE: _STOPPED, words.NEGATIVE: _NEGATIVE, words.POSITIVE_QUANTIFIABLE: _QUANTIFIED,
}  # fmt: skip
_PASS, _FAIL = words.OUTCOMES.index(words.PASS), words.OUTCOMES.index(words.FAIL)
_KEY = ["run_id", "target", "sample_id"]


@dataclass(frozen=True, slots=True)
class Judged:
    """What EVIDENCE says of some calls: a row per call, a column per criterion of ``NAMES``.

    ``outcome`` is a code into ``words.OUTCOMES``, -1 where there is no such row.
    """

    value: Floats
    minimum: Floats
    maximum: Floats
    outcome: NDArray[np.int8]

    def at(self, name: str, criterion: Ints) -> Floats:
        """The number ``name`` of each call's criterion; NaN where it has none."""
        row = np.arange(len(criterion))
        found = getattr(self, name)[row, np.maximum(criterion, 0)]
        return np.where(criterion == NO_CRITERION, np.nan, found)

    def outcome_at(self, criterion: Ints) -> NDArray[np.object_]:
        """The outcome of each call's criterion, in words; "" where it has none."""
        found = self.outcome[np.arange(len(criterion)), np.maximum(criterion, 0)]
        texts = np.array([*words.OUTCOMES, ""], dtype=object)
        return texts[np.where(criterion == NO_CRITERION, -1, found)]

    def complete(self) -> Bools:
        """Whether a call has the criteria that every rule set judges; without them it looks negative."""
        asked = [name for name in NAMES if name != "low_positive_wells"]
        return np.asarray((self.outcome[:, _codes(tuple(asked))] >= 0).all(axis=1))

    def steps(self) -> Ints:
        """How far each call's decision went."""
        stopped = (self.outcome[:, _codes(GATES)] == _FAIL).any(axis=1)
        positive = self.outcome[:, NAMES.index("positive_wells")] == _PASS
        lacking = (self.outcome[:, _codes(QUANTIFIABLE)] != _PASS).any(axis=1)
        return np.select([stopped, ~positive, lacking], [_STOPPED, _NEGATIVE, _BELOW], _QUANTIFIED)


def _codes(names: tuple[str, ...]) -> list[int]:
    return [NAMES.index(name) for name in names]


def judged(calls: pd.DataFrame, evidence: pd.DataFrame) -> Judged:
    """The evidence on each of ``calls`` (``run_id target sample_id``), of the run and the sample.

    Criteria that this version does not know are left out.
    """
    shape = (len(calls), len(NAMES))
    numbers = {name: np.full(shape, np.nan) for name in ("value", "minimum", "maximum")}
    outcome = np.full(shape, -1, dtype=np.int8)
    wanted = calls[_KEY].reset_index(drop=True)
    wanted["row"] = np.arange(len(wanted))
    evidence = evidence[evidence["run_id"].isin(wanted["run_id"].unique())]
    of_run = evidence["criterion"].isin(RUN_GATES)
    for mask, key in ((of_run, _KEY[:2]), (~of_run, _KEY)):
        rows = wanted.merge(evidence[mask].drop(columns=[k for k in _KEY if k not in key]), on=key)
        rows = rows[rows["criterion"].isin(NAMES)]
        at = rows["row"].to_numpy(), rows["criterion"].map(NAMES.index).to_numpy(dtype=np.int64)
        outcome[at] = rows["outcome"].map(words.OUTCOMES.index).to_numpy(dtype=np.int8)
        for name, values in numbers.items():
            values[at] = rows[name].to_numpy(dtype=float)
    return Judged(**numbers, outcome=outcome)


@dataclass(frozen=True, slots=True)
class Parting:
    """Per pair of calls: ``criterion`` (code into ``NAMES``) at which they part, whether both are
    positives below the range (``below``), and whether the evidence gives the calls (``explained``)."""

    criterion: Ints
    below: Bools
    explained: Bools


def parting(a: Judged, b: Judged, call_a: pd.Series[str], call_b: pd.Series[str]) -> Parting:
    """Where the decisions of differing calls part; the same whichever side is called A."""
    step_a, step_b = a.steps(), b.steps()
    first = np.minimum(step_a, step_b)
    apart = step_a != step_b
    # The decision that stopped earlier says why; there the other side's went on.
    earlier = np.where((step_a < step_b)[:, None], a.outcome, b.outcome)
    gate = _first(earlier[:, _codes(GATES)] == _FAIL, GATES)
    lacking = _first(earlier[:, _codes(QUANTIFIABLE)] != _PASS, QUANTIFIABLE)
    below = ~apart & (first == _BELOW)
    criterion = np.select(
        [apart & (first == _STOPPED), apart & (first == _NEGATIVE), apart, below],
        [gate, NAMES.index("positive_wells"), lacking, NAMES.index("low_positive_wells")],
        NO_CRITERION,
    )
    said = [call.map(_STEP).to_numpy(dtype=float) for call in (call_a, call_b)]
    there = a.complete() & b.complete() & (criterion != NO_CRITERION)
    explained = there & (said[0] == step_a) & (said[1] == step_b)
    return Parting(criterion, below, explained)


def _first(holds: Bools, names: tuple[str, ...]) -> Ints:
    """The first of the criteria that holds, per row."""
    return np.asarray(np.array(_codes(names))[holds.argmax(axis=1)])
