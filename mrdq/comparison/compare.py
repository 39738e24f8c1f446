"""Two sides in, every difference, what it is counted among, and its group out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from mrdq.comparison import calls, statuses
from mrdq.comparison.side import Side
from mrdq.comparison.tables import (
    AMENDED,
    CALL,
    NEXT_STEP,
    NUMBER,
    RESPONSE,
    STATUS,
    WHATS,
    joined,
)

GROUP_KEY = ("cause", "criterion", "parameters", "amendment")


@dataclass(frozen=True, slots=True)
class Comparison:
    """What differs between A and B.

    Parameters
    ----------
    differences: DIFFERENCES.
    tally: ``what a b n``: how many calls, statuses, responses and next steps that both sides have
        are ``a`` in A and ``b`` in B, the same ones too.
    both, only_a, only_b: what (call, status) -> how many.
    others: what -> column -> how many rows that agree in all that is compared differ there.
    """

    differences: pd.DataFrame
    tally: pd.DataFrame
    both: dict[str, int]
    only_a: dict[str, int]
    only_b: dict[str, int]
    others: dict[str, dict[str, int]]


@dataclass(frozen=True, slots=True)
class Group:
    """Differences that one thing explains; ``counts``: what -> how many, in the order of WHATS.

    What people amended is one thing, whatever criteria fail for want of the wells.
    """

    cause: str
    criterion: str
    parameters: str
    amendment: str
    rows: pd.DataFrame
    counts: dict[str, int]

    @property
    def largest_change(self) -> float:
        """The largest relative change of a number in it, (B - A) / A; NaN if there is none."""
        fold = _fold(self.rows["relative_change"].to_numpy(dtype=float))
        place = int(fold.argmax()) if len(fold) else 0
        return (
            float(self.rows["relative_change"].iloc[place]) if fold.max(initial=0) > 0 else np.nan
        )


def compare(a: Side, b: Side, *, same_wells: bool) -> Comparison:
    """Compare two sides.  ``same_wells``: both were made from the same table WELLS.

    Raises ``ValueError`` if a key of CALLS or STATUS is not unique.
    """
    called, combined = calls.paired(a, b), statuses.paired(a, b)
    of_calls = calls.differences(called, a, b, same_wells=same_wells)
    changes = pd.concat([part[part["what"] == CALL] for part in of_calls], ignore_index=True)
    of_statuses = statuses.differences(combined, changes)
    where = {CALL: called["_merge"], STATUS: combined["_merge"]}
    counts = {
        side: {what: int((here == side).sum()) for what, here in where.items()}
        for side in ("both", "left_only", "right_only")
    }
    tallies = [_tally(called, CALL), *(_tally(combined, w) for w in (STATUS, RESPONSE, NEXT_STEP))]
    others = {CALL: calls.others(called), STATUS: statuses.others(combined)}
    return Comparison(joined([*of_calls, *of_statuses]), pd.concat(tallies, ignore_index=True),
                      counts["both"], counts["left_only"], counts["right_only"], others)  # fmt: skip


def _tally(both: pd.DataFrame, what: str) -> pd.DataFrame:
    common = both[both["_merge"] == "both"]
    pairs = pd.DataFrame({"what": what, "a": common[f"{what}_a"], "b": common[f"{what}_b"]})
    return pairs.astype(object).value_counts(sort=False).rename("n").reset_index().sort_values(["what", "a", "b"])  # fmt: skip


def groups(differences: pd.DataFrame) -> list[Group]:
    """Every difference in exactly one group; those that change most next steps come first, what
    changed in number only comes last, with the largest change first."""
    made = list(_groups(differences))
    return sorted(made, key=lambda g: (g.cause == NUMBER, *(-g.counts.get(what, 0) for what in WHATS), g.criterion, g.parameters, g.cause, g.amendment))  # fmt: skip


def _groups(differences: pd.DataFrame) -> Iterator[Group]:
    keys = differences[list(GROUP_KEY)]
    keys = keys.assign(criterion=keys["criterion"].mask(keys["cause"] == AMENDED, ""))
    for key, found in differences.groupby([keys[name] for name in GROUP_KEY], sort=False):
        cause, criterion, parameters, amendment = map(str, key)
        counts = found["what"].value_counts()
        told = {what: int(counts[what]) for what in WHATS if what in counts}
        if cause == NUMBER:
            fold = _fold(found["relative_change"].to_numpy(dtype=float))
            found = found.iloc[np.argsort(-fold, kind="stable")]
        yield Group(cause, criterion, parameters, amendment, found, told)


def _fold(relative: np.ndarray) -> np.ndarray:
    """How many-fold a relative change is, up or down alike; 0 for none."""
    with np.errstate(all="ignore"):
        fold = np.abs(np.log1p(relative))
    return np.where(np.isnan(fold), 0.0, fold)
