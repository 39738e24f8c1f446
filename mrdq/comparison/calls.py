"""Calls compared: run, target and sample are the key, the evidence of both sides the reason."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mrdq import vocabulary as words
from mrdq.comparison import deciding, numbers, people
from mrdq.comparison.rule_sets import BOUND_BY_INPUTS, Pairs
from mrdq.comparison.side import Side, counted
from mrdq.comparison.tables import (
    AMENDED,
    CALL,
    CALL_KEY,
    INPUTS,
    MEASURED,
    NUMBERS,
    ONLY_A,
    ONLY_B,
    OTHER_CALLS,
    RULE_SET,
    RULE_SET_OR_INPUTS,
    UNEXPLAINED,
    differ,
    rows,
)
from mrdq.evidence import CRITERIA, SAMPLE_GATES
from mrdq.wells import Bools

_ASKED = np.array([name.startswith("control_gene") and name in SAMPLE_GATES for name in CRITERIA])
_BY_INPUTS = np.array([name in BOUND_BY_INPUTS for name in CRITERIA])
_OTHERS = ("patient_id", "timepoint", "n_wells", "n_determined", "n_positive", "mean_cq", "delta_cq",
           "dna_amount_ng", "normalisation", "superseded", "retracted", "reasons", "flags")  # fmt: skip


def paired(a: Side, b: Side) -> pd.DataFrame:
    """Every call of either side, the columns of both with ``_a`` and ``_b``, sorted by key.

    ``_merge`` says where it is (left_only: A).  Raises ``ValueError`` if a key is not unique.
    """
    sides = (_of(side.calls) for side in (a, b))
    both = next(sides).merge(next(sides), on=list(CALL_KEY), how="outer", suffixes=("_a", "_b"),
                             indicator=True, validate="one_to_one")  # fmt: skip
    for name in ("patient_id", "timepoint"):
        both[name] = _one_of(both[f"{name}_a"], both[f"{name}_b"])
    return both.sort_values(list(CALL_KEY), kind="stable", ignore_index=True)


def _of(calls: pd.DataFrame) -> pd.DataFrame:
    kept = [
        "call",
        *_OTHERS,
        *NUMBERS,
        "person",
        "by",
        "told",
        "guideline",
        "guideline_hash",
        "control_gene",
    ]
    return counted(calls)[[*CALL_KEY, *kept]]


def _one_of(a: pd.Series[str], b: pd.Series[str]) -> pd.Series[str]:
    """What both say, or the one there is; both where they disagree."""
    known_a, known_b = a.fillna(b), b.fillna(a)
    return known_a.where(known_a == known_b, known_a + " → " + known_b)


def differences(both: pd.DataFrame, a: Side, b: Side, *, same_wells: bool) -> list[pd.DataFrame]:
    """DIFFERENCES of the calls that :func:`paired` gave: calls, and levels of those that agree."""
    here = both["_merge"]
    changed = both[(here == "both") & (both["call_a"] != both["call_b"])].reset_index(drop=True)
    same = both[(here == "both") & (both["call_a"] == both["call_b"])]
    parts = [_changed(changed, a, b, same_wells=same_wells), numbers.differences(same)]
    for cause, side in ((ONLY_A, "left_only"), (ONLY_B, "right_only")):
        alone = both[here == side]
        parts.append(rows(alone, what=CALL, cause=cause, a=alone["call_a"].fillna(""), b=alone["call_b"].fillna(""),
                          reasons_a=alone["reasons_a"].fillna(""), reasons_b=alone["reasons_b"].fillna("")))  # fmt: skip
    return parts


def others(both: pd.DataFrame) -> dict[str, int]:
    """Column -> how many calls that agree in call, level and limits differ there."""
    same = both[(both["_merge"] == "both") & (both["call_a"] == both["call_b"])]
    same = same.loc[~numbers.any_moved(same)]
    counts = {n: int(differ(same[f"{n}_a"], same[f"{n}_b"]).sum()) for n in _OTHERS}
    return {name: count for name, count in counts.items() if count}


def _changed(both: pd.DataFrame, a: Side, b: Side, *, same_wells: bool) -> pd.DataFrame:
    of_a, of_b = deciding.judged(both, a.evidence), deciding.judged(both, b.evidence)
    part = deciding.parting(of_a, of_b, both["call_a"], both["call_b"])
    found = {
        f"{name}_{side}": of.at(name, part.criterion)
        for side, of in (("a", of_a), ("b", of_b))
        for name in MEASURED
    }
    outcomes = of_a.outcome_at(part.criterion), of_b.outcome_at(part.criterion)
    cause, parameters = _explained(both, part, found, outcomes, (a, b), same_wells=same_wells)
    names = np.array([*deciding.NAMES, ""], dtype=object)
    person = ((both["person_a"] != "") | (both["person_b"] != "")).to_numpy(dtype=bool)
    criterion = np.where(person | ~part.explained, "", names[part.criterion])
    silent = criterion == ""
    for values in found.values():
        values[silent] = np.nan
    outcome_a, outcome_b = (np.where(silent, "", outcome) for outcome in outcomes)
    amendment = people.of_both(both["told_a"], both["told_b"]).where(cause == AMENDED, "")
    return rows(both, what=CALL, a=both["call_a"], b=both["call_b"], cause=cause, criterion=criterion,
                parameters=parameters, amendment=amendment, outcome_a=outcome_a, outcome_b=outcome_b, **found)  # fmt: skip


def _explained(
    both: pd.DataFrame, part: deciding.Parting, found: dict[str, Any],
    outcomes: tuple[NDArray[np.object_], NDArray[np.object_]], sides: tuple[Side, Side], *, same_wells: bool,
) -> tuple[NDArray[np.object_], NDArray[np.object_]]:  # fmt: skip
    """Cause and parameters of each change."""
    pairs = Pairs(_ids(both), sides[0].guidelines, sides[1].guidelines)
    criterion = part.criterion
    moved = {name: _unlike(found[f"{name}_a"], found[f"{name}_b"]) for name in MEASURED}
    bound, value = moved["minimum"] | moved["maximum"], moved["value"]
    parameters = pairs.parameters(criterion, bound=bound, value=value)
    # Whether a control gene is asked for at all is the study's setting, never the rule set's.
    asked = (outcomes[0] == words.NOT_APPLICABLE) != (outcomes[1] == words.NOT_APPLICABLE)
    setting = _ASKED[criterion] & asked
    split = part.below & (both["call_a"] != both["call_b"]).to_numpy()
    unlike_calls = (both["call_a"] == words.POSITIVE_NOT_QUANTIFIABLE) | (
        both["call_b"] == words.POSITIVE_NOT_QUANTIFIABLE
    )
    split &= unlike_calls.to_numpy()
    alike = same_wells & _same_amounts(both)
    by_bound = bound & ~value & ~_BY_INPUTS[criterion]
    cause = np.select(
        [
            ((both["by_a"] != both["by_b"]) | (both["person_a"] != both["person_b"])).to_numpy(),
            ~part.explained,
            split,
            pairs.same | setting,
            ~pairs.known,
            parameters == "",
            alike | by_bound,
        ],
        [AMENDED, UNEXPLAINED, OTHER_CALLS, INPUTS, RULE_SET_OR_INPUTS, INPUTS, RULE_SET],
        RULE_SET_OR_INPUTS,
    ).astype(object)
    parameters = np.where(np.isin(cause, [RULE_SET, RULE_SET_OR_INPUTS]), parameters, "")
    return cause, np.where(cause == OTHER_CALLS, pairs.other_calls(), parameters)


def _ids(both: pd.DataFrame) -> pd.DataFrame:
    names = [f"{name}_{side}" for side in "ab" for name in ("guideline", "guideline_hash")]
    return both[names]


def _unlike(a: NDArray[np.float64], b: NDArray[np.float64]) -> Bools:
    return np.asarray((a != b) & ~(np.isnan(a) & np.isnan(b)))


def _same_amounts(both: pd.DataFrame) -> Bools:
    """Whether the sheet's amount of DNA and the control gene are the same, as far as they show."""
    nominal = [(both[f"normalisation_{s}"] * both[f"dna_amount_ng_{s}"]).to_numpy() for s in "ab"]
    with np.errstate(invalid="ignore"):
        unlike = np.abs(nominal[0] - nominal[1]) > 1e-6 * np.abs(nominal[0])
    gene = (both["control_gene_a"] == both["control_gene_b"]).to_numpy()
    return np.asarray(~unlike & gene, dtype=bool)
