"""CALLS from EVIDENCE: gates first, then positive, then quantifiable (contract section 4)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mrdq import vocabulary as words
from mrdq.evidence import CRITERIA, GATES, QUANTIFIABLE, RUN_GATES
from mrdq.wells import Bools, Ints

_PASS, _FAIL, _MISSING = words.OUTCOMES.index(words.PASS), words.OUTCOMES.index(words.FAIL), -1


@dataclass(frozen=True, slots=True)
class Decision:
    """Per subject the call (code into ``words.CALLS``) and the criteria that decided it (a bit
    per criterion, in the order of ``CRITERIA``)."""

    call: NDArray[np.int8]
    reasons: Ints


def decide(
    evidence: pd.DataFrame, unit_key: Ints, sample: Ints, n_targets: int, calls: tuple[str, ...]
) -> Decision:
    """Derive the call of each subject from the outcomes of EVIDENCE, and from nothing else.

    Parameters
    ----------
    evidence: categorical ``run_id target sample_id criterion outcome``.
    unit_key, sample: of each subject: run code × ``n_targets`` + target code, and sample code.
    calls: the calls that the rule set may issue.
    """
    outcome = _Outcomes(evidence, n_targets)
    failed = {
        name: outcome.of(name, unit_key, 0 if name in RUN_GATES else sample) == _FAIL
        for name in GATES
    }
    not_evaluable = _any(failed.values())
    positive = outcome.of("positive_wells", unit_key, sample) == _PASS
    lacking = {name: outcome.of(name, unit_key, sample) != _PASS for name in QUANTIFIABLE}
    below = positive & _any(lacking.values())
    by_wells = outcome.of("low_positive_wells", unit_key, sample)
    splits = words.LOW_POSITIVE_BELOW_RANGE in calls
    below_calls = [
        (below & (not splits), words.POSITIVE_NOT_QUANTIFIABLE),
        (below & (by_wells == _PASS), words.LOW_POSITIVE_BELOW_RANGE),
        (below, words.UNCERTAIN_SIGNIFICANCE),
    ]
    choices = [
        (not_evaluable, words.NOT_EVALUABLE),
        (~positive, words.NEGATIVE),
        *below_calls,
        (positive, words.POSITIVE_QUANTIFIABLE),
    ]
    call = np.select(
        [mask for mask, _ in choices], [words.CALLS.index(name) for _, name in choices]
    )

    reasons = np.zeros(len(unit_key), dtype=np.int64)
    # A negative needs no reason: its gates passed and no well was positive.
    evaluable = ~not_evaluable
    deciding = dict(failed)
    deciding["low_positive_wells"] = evaluable & below & splits & (by_wells == _FAIL)
    deciding |= {name: evaluable & positive & mask for name, mask in lacking.items()}
    for bit, name in enumerate(CRITERIA):
        if name in deciding:
            reasons |= deciding[name].astype(np.int64) << bit
    return Decision(call.astype(np.int8), reasons)


def _any(masks: Iterable[Bools]) -> Bools:
    return np.asarray(np.logical_or.reduce(list(masks)), dtype=np.bool_)


class _Outcomes:
    """Outcome codes of the evidence table by criterion and subject."""

    def __init__(self, evidence: pd.DataFrame, n_targets: int):
        def code(name: str) -> Ints:
            return evidence[name].cat.codes.to_numpy().astype(np.int64)

        self._n_samples = len(evidence["sample_id"].cat.categories)
        self._key = (code("run_id") * n_targets + code("target")) * self._n_samples + code(
            "sample_id"
        )
        self._criterion = evidence["criterion"].cat.codes.to_numpy()
        self._outcome = evidence["outcome"].cat.codes.to_numpy()

    def of(self, criterion: str, unit_key: Ints, sample: Ints | int) -> NDArray[np.int8]:
        """The outcome per subject; -1 where the table holds no such row."""
        rows = np.flatnonzero(self._criterion == list(CRITERIA).index(criterion))
        if not len(rows):
            return np.full(len(unit_key), _MISSING, dtype=np.int8)
        key = self._key[rows]
        if np.any(key[1:] < key[:-1]):
            order = np.argsort(key, kind="stable")
            key, rows = key[order], rows[order]
        wanted = unit_key * self._n_samples + sample
        at = np.minimum(np.searchsorted(key, wanted), len(key) - 1)
        return np.where(key[at] == wanted, self._outcome[rows[at]], _MISSING).astype(np.int8)
