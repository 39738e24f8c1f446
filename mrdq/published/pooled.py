"""A pooled estimate should lie between those of the parts it is pooled from."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from mrdq.published.figures import ALL, INCIDENCE, SURVIVAL, Figure, are_parts
from mrdq.published.remarks import Remark, note, oddity


def check_pooled(figures: Sequence[Figure]) -> list[Remark]:
    """Each pooled survival or incidence against the families of strata of its trial and time.

    Outside ranges that follow on each other it is an oddity; outside other strata, which may
    leave somebody out, or in a table that shows numbers at risk, a note.
    """
    families: dict[tuple[object, ...], list[Figure]] = defaultdict(list)
    for figure in figures:
        if _can_be_told(figure):
            families[figure.table, figure.trial, figure.endpoint].append(figure)
    return [remark for group in families.values() for remark in _of_trial(group)]


def _can_be_told(figure: Figure) -> bool:
    known = figure.endpoint and figure.stratum and figure.group
    return bool(known and figure.estimate and figure.kind in (SURVIVAL, INCIDENCE)) and (
        figure.table >= 0 or figure.trial != ""
    )


def _of_trial(figures: list[Figure]) -> Iterable[Remark]:
    everyone = [f for f in figures if f.stratum == ALL and f.group == ALL]
    times = Counter(f.months for f in everyone)
    pooled = [f for f in everyone if times[f.months] == 1]
    groups: dict[str, dict[str, list[Figure]]] = defaultdict(lambda: defaultdict(list))
    for figure in figures:
        if figure.group != ALL:
            groups[figure.group][figure.months].append(figure)
    for one in pooled:
        for by_time in groups.values():
            # A stratum without a time belongs to the only time there is.
            strata = by_time.get(one.months, []) + (by_time.get("", []) if len(times) == 1 and one.months else [])  # fmt: skip
            if len({f.stratum for f in strata}) == len(strata) > 1:
                yield from _outside(one, strata)


def _outside(pooled: Figure, strata: list[Figure]) -> Iterable[Remark]:
    parts = [f.estimate for f in strata if f.estimate]
    own = pooled.estimate
    below = own is not None and own.high < min(part.low for part in parts) - 1e-9
    above = own is not None and own.low > max(part.high for part in parts) + 1e-9
    if not below and not above:
        return
    those = ", ".join(f"{part.text} ({f.stratum})" for part, f in zip(parts, strata, strict=True))
    why = f"the pooled estimate lies {'below' if below else 'above'} all its strata: {those}"
    if not are_parts([f.stratum for f in strata]):
        yield note(pooled, f"{why}; these may leave somebody out")
    elif pooled.followed:
        yield note(pooled, f"{why}; unequal follow-up can do that, see the numbers at risk")
    else:
        yield oddity(pooled, f"{why}; unlikely, not impossible: only unequal follow-up could do it")
