"""Statuses, responses and next steps compared, and the change of a call that explains each."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from mrdq import vocabulary as words
from mrdq.comparison import numbers, people
from mrdq.comparison.side import Side, amendment, counted, told
from mrdq.comparison.tables import (
    ACROSS,
    AMENDED,
    CALL_KEY,
    DECIDES,
    NEXT_STEP,
    NUMBERS,
    ONLY_A,
    ONLY_B,
    PROTOCOL,
    RESPONSE,
    STATUS,
    STATUS_KEY,
    UNEXPLAINED,
    WHY,
    differ,
    rows,
)

_OTHERS = ("deciding_target", "deciding_sample", "n_targets", "n_evaluable", "flags", "reasons", "protocol")  # fmt: skip
_OWN = ("status", *_OTHERS, *NUMBERS, RESPONSE, NEXT_STEP)
# What a response and a next step rest on beside the status, for the message.
_RESTS_ON = {RESPONSE: ("sensitivity", "mrd_level"), NEXT_STEP: ("mrd_level",)}


def with_deciding_run(side: Side) -> pd.DataFrame:
    """STATUS with ``deciding_run`` of its deciding call: "" where none was done, missing where
    CALLS holds no call that gives the status."""
    calls = counted(side.calls)
    calls = calls[~(calls["superseded"].to_numpy(dtype=bool) | calls["retracted"].to_numpy())]
    calls = calls.assign(rank=calls["call"].map(words.CALL_RANK)).sort_values(["rank", "run_id"])
    first = calls.drop_duplicates([*STATUS_KEY, "target", "sample_id"])
    names = {"target": "deciding_target", "sample_id": "deciding_sample", "run_id": "deciding_run"}
    first = first[[*STATUS_KEY, *names, "call"]].rename(columns=names)
    key = [*STATUS_KEY, "deciding_target", "deciding_sample"]
    status = side.status.assign(by=amendment(side.status), told=told(side))
    status = status[[*STATUS_KEY, *_OWN, "by", "told"]].merge(first, on=key, how="left")
    fits = status["call"] == status["status"]
    done = status["status"] != words.NOT_DONE
    return status.assign(deciding_run=status["deciding_run"].where(fits).where(done, ""))


def paired(a: Side, b: Side) -> pd.DataFrame:
    """Every status of either side, the columns of both with ``_a`` and ``_b``, sorted by key."""
    sides = (_of(side) for side in (a, b))
    both = next(sides).merge(next(sides), on=list(STATUS_KEY), how="outer", suffixes=("_a", "_b"),
                             indicator=True, validate="one_to_one")  # fmt: skip
    return both.sort_values(list(STATUS_KEY), kind="stable", ignore_index=True)


def _of(side: Side) -> pd.DataFrame:
    return with_deciding_run(side).drop(columns="call")


def differences(both: pd.DataFrame, calls: pd.DataFrame) -> list[pd.DataFrame]:
    """DIFFERENCES of the statuses that :func:`paired` gave.

    ``calls``: DIFFERENCES of the calls, from which a status takes its reason.
    """
    here = both["_merge"]
    common = both[here == "both"].reset_index(drop=True)
    changed = (common["status_a"] != common["status_b"]).to_numpy()
    why = _why(common, calls)
    parts = [
        rows(why[changed], what=STATUS, a=common["status_a"][changed], b=common["status_b"][changed])
    ]  # fmt: skip
    for what in (RESPONSE, NEXT_STEP):
        unlike = (common[f"{what}_a"] != common[f"{what}_b"]).to_numpy()
        parts.append(_following(what, common[unlike & ~changed]))
        follows = unlike & changed
        parts.append(rows(why[follows], what=what, a=common[f"{what}_a"][follows], b=common[f"{what}_b"][follows]))  # fmt: skip
    parts.append(numbers.differences(common[~changed]))
    for cause, side in ((ONLY_A, "left_only"), (ONLY_B, "right_only")):
        alone = both[here == side]
        parts.append(rows(alone, what=STATUS, cause=cause, a=alone["status_a"].fillna(""), b=alone["status_b"].fillna(""),
                          reasons_a=alone["reasons_a"].fillna(""), reasons_b=alone["reasons_b"].fillna("")))  # fmt: skip
    return parts


def others(both: pd.DataFrame) -> dict[str, int]:
    """Column -> how many statuses that agree in all that is compared differ there."""
    same = both[both["_merge"] == "both"]
    for what in (STATUS, RESPONSE, NEXT_STEP):
        same = same.loc[(same[f"{what}_a"] == same[f"{what}_b"]).to_numpy()]
    same = same.loc[~numbers.any_moved(same)]
    counts = {n: int(differ(same[f"{n}_a"], same[f"{n}_b"]).sum()) for n in _OTHERS}
    return {name: count for name, count in counts.items() if count}


def _why(common: pd.DataFrame, calls: pd.DataFrame) -> pd.DataFrame:
    """What explains a changed status: the change of the call that decided.

    Of two deciding calls that of the worse status speaks first, for it is what the other side lacks.
    """
    of = {side: _change_of(common, calls, side) for side in "ab"}
    first_is_a = _speaks_first(common)
    chosen = pd.DataFrame(index=common.index)
    for name in WHY:
        a, b = of["a"][name], of["b"][name]
        chosen[name] = a.where(first_is_a, b)
        second = b.where(first_is_a, a)
        chosen[name] = chosen[name].where(_found(of, first_is_a), second)
    none = chosen["cause"].isna().to_numpy()
    person = (common["by_a"] != common["by_b"]).to_numpy()
    another = (_decider(common, "a") != _decider(common, "b")).to_numpy()
    chosen.loc[none, "cause"] = np.select([person, another], [AMENDED, DECIDES], UNEXPLAINED)[none]
    amended = none & (chosen["cause"] == AMENDED).to_numpy()
    chosen.loc[amended, "amendment"] = people.of_both(common["told_a"], common["told_b"])[amended]
    for name in WHY:
        if chosen[name].dtype == object:
            chosen[name] = chosen[name].fillna("")
    chosen[list(STATUS_KEY)] = common[list(STATUS_KEY)]
    chosen["reasons_a"], chosen["reasons_b"] = common["reasons_a"], common["reasons_b"]
    chosen["detail"] = _detail(common)
    return chosen


def _found(of: dict[str, pd.DataFrame], first_is_a: np.ndarray) -> np.ndarray:
    a, b = (of[side]["cause"].notna().to_numpy() for side in "ab")
    return np.where(first_is_a, a, b)


def _change_of(common: pd.DataFrame, calls: pd.DataFrame, side: str) -> pd.DataFrame:
    """The change of the call that decided on one side; missing where it did not change."""
    key = pd.DataFrame(
        {
            name: common[f"deciding_{of}_{side}"]
            for name, of in zip(CALL_KEY, ("run", "target", "sample"), strict=True)
        }
    )
    found = key.merge(calls[[*CALL_KEY, *WHY]], on=list(CALL_KEY), how="left")
    return found.set_index(common.index)


def _speaks_first(common: pd.DataFrame) -> np.ndarray:
    """Whether A's deciding call does: its status ranks higher, or its name is earlier."""
    rank = {**words.CALL_RANK, words.NOT_DONE: len(words.CALL_RANK)}
    a, b = (common[f"status_{side}"].map(rank).to_numpy(dtype=float) for side in "ab")
    earlier = (_decider(common, "a") <= _decider(common, "b")).to_numpy()
    return np.asarray((a < b) | ((a == b) & earlier))


def _decider(common: pd.DataFrame, side: str) -> pd.Series[Any]:
    """Target, sample and run of the deciding call; "" for none."""
    names = ("target", "sample", "run")
    parts = [common[f"deciding_{name}_{side}"].fillna("").astype(object) for name in names]
    text = parts[0] + ", " + parts[1] + ", run " + parts[2]
    return text.where(parts[0] != "", "")


def _detail(common: pd.DataFrame) -> pd.Series[Any]:
    a, b = _decider(common, "a"), _decider(common, "b")
    told_a, told_b = a.where(a != "", "no call"), b.where(b != "", "no call")
    return told_a.where(a == b, told_a + " → " + told_b)


def _following(what: str, same: pd.DataFrame) -> pd.DataFrame:
    """Responses or next steps that differ under the same status."""
    mask = {name: differ(same[f"{name}_a"], same[f"{name}_b"]) for name in _RESTS_ON[what]}
    protocol = differ(same["protocol_a"], same["protocol_b"])
    names = list(mask)
    across = ~protocol & np.logical_or.reduce(list(mask.values()))
    named = np.select([mask[name] for name in names], names, "").astype(object)
    found: dict[str, Any] = {}
    for side in "ab":
        values = [same[f"{name}_{side}"].to_numpy(dtype=float) for name in names]
        shown = np.select([mask[name] for name in names], values, np.nan)
        found[f"value_{side}"] = np.where(across, shown, np.nan)
    unlike = same["protocol_a"] + " → " + same["protocol_b"]
    detail = np.where(protocol, unlike, np.where(across, named, same["protocol_a"]))
    return rows(same, what=what, a=same[f"{what}_a"], b=same[f"{what}_b"], cause=np.where(across, ACROSS, PROTOCOL),
                detail=detail, reasons_a=same["reasons_a"], reasons_b=same["reasons_b"], **found)  # fmt: skip
