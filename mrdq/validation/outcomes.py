"""OQ-b: every call, status, response and next step of the shipped rule sets and protocols.

Twelve results are constructed that differ in the call, or in what a response or a protocol makes of
it.  Which call and response each has, and what follows at every timepoint, stands in shipped tables.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from mrdq import definitions
from mrdq import vocabulary as words
from mrdq.protocol import Protocol
from mrdq.status import combine
from mrdq.validation import shipped
from mrdq.validation.bounds import GOOD, HAIR, NO_SIGNAL
from mrdq.validation.checks import CONSTRUCTED, Check, check, judged, unmet
from mrdq.validation.plates import Found, Plate, analysed

NOT_DONE = "not_done"
NO_TIMEPOINT = "any"
"""Stands for every timepoint of a protocol that names none."""
KINDS = ("status", "response", "next_step")


def _standards(last: float) -> Mapping[float, tuple[float, float]]:
    """The line of the good plate down to one dilution, which is then the sensitivity."""
    series = [d for d in (1e-1, 1e-2, 1e-3, 1e-4, 1e-5) if d > last * 1.1] + [last]
    mean = {d: 22.0 - 3.4 * math.log10(d) for d in series}
    return {d: (m - 0.1, m + 0.1) for d, m in mean.items()}


def _level(level: float) -> Plate:
    """A sample of that level, in an assay without background signal, whose range is 1e-5."""
    return replace(GOOD, background=NO_SIGNAL, sample=(22.0 - 3.4 * math.log10(level),) * 3)


def _negative(sensitivity: float) -> Plate:
    plate = replace(GOOD, standards=_standards(sensitivity), sample=(None, None, None))
    return replace(plate, background=NO_SIGNAL)


RESULTS: Mapping[str, Plate] = {
    "level_1e-3": GOOD,
    "level_1e-4": _level(1e-4),
    "level_just_below_1e-4": _level(1e-4 * (1 - HAIR)),
    "level_1e-5": _level(1e-5),
    "below_range": replace(GOOD, sample=(37.0, 37.0, 37.0)),
    "one_positive_well": replace(GOOD, sample=(37.0, None, None)),
    "negative_to_1e-5": _negative(1e-5),
    "negative_to_1e-4": _negative(1e-4),
    "negative_to_just_above_1e-4": _negative(1e-4 * (1 + HAIR)),
    "negative_to_1e-3": _negative(1e-3),
    "dirty_ntc": replace(GOOD, ntc=(None, 38.0)),
}
"""Result -> the plate that gives it.  ``not_done`` is a sample that no run holds."""


Place = tuple[str, str]
"""A protocol and one of its timepoints."""


def statuses(
    found: Found, protocols: Mapping[str, Protocol], places: Sequence[Place], rule_set: str
) -> dict[Place, dict[str, dict[str, Any]]]:
    """Place -> result -> its row of STATUS; every result at every place is that of its own patient."""
    one = pd.DataFrame([found.calls[name] for name in RESULTS])
    for name in ("mrd_level", "mrd_level_low", "mrd_level_high", "quantitative_range", "sensitivity"):  # fmt: skip
        one[name] = one[name].astype(float)
    one["superseded"] = one["superseded"].to_numpy(dtype=bool)
    calls, samples = [], []
    for number, (protocol, timepoint) in enumerate(places):
        names = [f"{number} {name}" for name in (*RESULTS, NOT_DONE)]
        of_place = names[: len(RESULTS)]
        calls.append(one.assign(sample_id=of_place, patient_id=of_place, timepoint=timepoint))
        samples.append(pd.DataFrame({"sample_id": names, "patient_id": names, "timepoint": timepoint,
                                     "material": protocols[protocol].material}))  # fmt: skip
    sheet = pd.concat(samples, ignore_index=True)
    of_patient = {name: places[int(name.partition(" ")[0])][0] for name in sheet["patient_id"]}
    table = combine(pd.concat(calls, ignore_index=True), sheet, protocols, of_patient,
                    dict.fromkeys(of_patient, rule_set))  # fmt: skip
    rows: dict[Place, dict[str, dict[str, Any]]] = {place: {} for place in places}
    for row in table.to_dict("records"):
        place, _, result = str(row["patient_id"]).partition(" ")
        rows[places[int(place)]][result] = {str(name): value for name, value in row.items()}
    return rows


def checks() -> Iterator[Check]:
    """Every result under every rule set, at every timepoint of every protocol."""
    expected = {row["result"]: row for row in shipped.rows("results")}
    steps = {(row["protocol"], row["timepoint"], row["result"]): row for row in shipped.rows("next_steps")}  # fmt: skip
    protocols = {name: definitions.load_protocol(name) for name in definitions.names("protocols")}
    places = [(p.id, t) for p in protocols.values() for t in [t.id for t in p.timepoints] or [NO_TIMEPOINT]]  # fmt: skip
    yield check("OQ-b-timepoints", "the timepoints of the shipped protocols",
                _sorted({f"{protocol} {timepoint}" for protocol, timepoint, _ in steps}),
                _sorted(f"{protocol} {timepoint}" for protocol, timepoint in places))  # fmt: skip
    seen: set[tuple[str, str]] = set()
    for name in definitions.names("guidelines", None):
        guideline = definitions.load_guideline(name)
        found = analysed(RESULTS, guideline)
        issued = {str(call["call"]) for call in found.calls.values()}
        yield check(f"OQ-b-{name}-calls", f"calls that {name} may issue, and were issued",
                    _sorted(guideline.calls), _sorted(issued), data=CONSTRUCTED)  # fmt: skip
        for (protocol, timepoint), rows in statuses(found, protocols, places, name).items():
            seen |= {(kind, row[kind]) for row in rows.values() for kind in KINDS}
            wanted = {
                result: (row[f"status_{_column(name)}"], row["response"],
                         steps[protocol, timepoint, result][f"next_step_{_column(name)}"])
                for result, row in expected.items()
            }  # fmt: skip
            yield unmet(
                f"OQ-b-{name}-{protocol}-{timepoint}",
                f"{len(wanted)} results under {name}, protocol {protocol}, at {timepoint}",
                "status, response and next step of each as in the tables",
                list(_differences(rows, wanted)), data=CONSTRUCTED,
            )  # fmt: skip
    texts = {row[name] for row in steps.values() for name in ("next_step_2007", "next_step_2024")}
    yield from _all_seen(seen, sorted(texts - {""}))


def _column(rule_set: str) -> str:
    return "2024" if rule_set == "euromrd-2024" else "2007"


def _sorted(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))


def _differences(
    rows: Mapping[str, Any], wanted: Mapping[str, tuple[str, str, str]]
) -> Iterator[str]:
    for result, values in wanted.items():
        for kind, value in zip(KINDS, values, strict=True):
            if rows[result][kind] != value:
                yield f'{result}: {kind} "{rows[result][kind]}", expected "{value}"'


def _all_seen(seen: set[tuple[str, str]], steps: list[str]) -> Iterator[Check]:
    for kind, known in zip(KINDS, (words.STATUSES, words.RESPONSES, steps), strict=True):
        for number, word in enumerate(known, 1):
            name = str(number) if kind == "next_step" else word
            there = (kind, word) in seen
            yield judged(f"OQ-b-{kind}-{name}", f"{kind.replace('_', ' ')}: {word}", "occurs at least once",
                         "occurs" if there else "never occurs", passed=there, data=CONSTRUCTED)  # fmt: skip
