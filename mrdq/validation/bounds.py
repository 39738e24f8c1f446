"""OQ-a: every bound of every parameter of every shipped rule set, on it and on both sides of it.

What is expected is stated here, from the contract and not from the engine: every bound is inclusive,
so a value on it or inside meets it and one outside does not.  The numbers are those of the shipped
table of parameters, so that a rule set whose number was changed fails at the bound.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import groupby

from mrdq import definitions
from mrdq.guideline import Guideline
from mrdq.validation import shipped
from mrdq.validation.checks import CONSTRUCTED, Check, check, unmet
from mrdq.validation.plates import NOMINAL_NG, Cqs, Plate, analysed

HAIR = 1e-6 + 1e-9
"""How far off a bound "just" is: 1e-6 beyond the tolerance of 1e-9."""
SIDES = ("on", "inside", "outside")
QUANTIFIABLE, NEGATIVE, NOT_EVALUABLE = "positive_quantifiable", "negative", "not_evaluable"
BELOW_RANGE, ONE_WELL = "BELOW_RANGE", "ONE_WELL"
WORDS = {
    "2007": {BELOW_RANGE: "positive_not_quantifiable", ONE_WELL: "positive_not_quantifiable"},
    "2024": {BELOW_RANGE: "low_positive_below_range", ONE_WELL: "uncertain_significance"},
}
"""What a positive that is not quantifiable is called: with several positive wells, with one."""

GOOD = Plate()
NEAR_RANGE = (34.3, 34.4, 34.5)
"""A sample of 2.3e-4: quantifiable where the range reaches 1e-4, not where it ends at 1e-3."""
NO_SIGNAL = (None,) * 6
COUNT, CYCLE, RELATIVE = "count", "cycle", "relative"


@dataclass(frozen=True)
class Bound:
    """How a bound is shown.

    ``draw``: the plate on which the measured value is what it is called with; ``shows``: the criterion
    or column of CURVES; ``met`` and ``missed``: what that shows, and the call.
    """

    draw: Callable[[float], Plate]
    shows: str
    met: tuple[str, str]
    missed: tuple[str, str]
    scale: str = CYCLE


def _standard(dilution: float, *cqs: float) -> Plate:
    return replace(GOOD, standards={**GOOD.standards, dilution: cqs}, sample=NEAR_RANGE)


def _few_background(wells: float) -> Plate:
    return replace(GOOD, background=(40.4, *[None] * (int(wells) - 1)))


def _points(dilutions: float) -> Plate:
    kept = dict(list(GOOD.standards.items())[: int(dilutions)])
    return replace(GOOD, standards=kept, sample=(28.7, 28.8, 28.9))


def _fold(fold: float) -> Plate:
    """A step of 2.5 cycles to the second dilution: too small, if it is asked for."""
    standards = {0.3: (25.3, 25.5), 0.3 / fold: (27.8, 28.0),
                 0.003: (31.7, 31.9), 0.0003: (35.2, 35.4)}  # fmt: skip
    return replace(GOOD, standards=standards, sample=(31.7, 31.8, 31.9))


def _slope(slope: float) -> Plate:
    mean = {d: 22.0 + slope * math.log10(d) for d in (1e-1, 1e-2, 1e-3, 1e-4)}
    middle = 22.0 - 2.5 * slope
    return replace(
        GOOD, standards={d: (m - 0.1, m + 0.1) for d, m in mean.items()},
        background=(45.0, *NO_SIGNAL[1:]), sample=(middle - 0.1, middle, middle + 0.1),
    )  # fmt: skip


def _r_squared(r_squared: float) -> Plate:
    """Two wells of each dilution at ±r around the line: R² = s²Sxx / (s²Sxx + 8r²), Sxx = 10."""
    explained = 3.4**2 * 10.0
    apart = math.sqrt(explained * (1 / r_squared - 1) / 8)
    mean = {d: 22.0 - 3.4 * math.log10(d) for d in (1e-1, 1e-2, 1e-3, 1e-4)}
    return replace(
        GOOD, standards={d: (m - apart, m + apart) for d, m in mean.items()},
        background=(45.0, *NO_SIGNAL[1:]),
    )  # fmt: skip


def _last_standard(cq: float, background: Cqs = GOOD.background) -> Plate:
    standards = {**GOOD.standards, 1e-5: (cq, cq)}
    return replace(GOOD, standards=standards, background=background)


def _positive_wells(wells: float) -> Plate:
    return replace(GOOD, sample=(37.0,) * int(wells) + (None,) * (3 - int(wells)))


def _gene(amount_ng: float) -> Plate:
    cq = 34.0 - 3.3 * math.log10(amount_ng)
    return replace(GOOD, gene=(cq, cq))


PASS_Q, FAIL_NE = ("pass", QUANTIFIABLE), ("fail", NOT_EVALUABLE)
REACHES, ENDS = ("0.0001", QUANTIFIABLE), ("0.001", BELOW_RANGE)

BOUNDS: Mapping[str, Bound] = {
    "background_wells_minimum": Bound(_few_background, "background_wells", PASS_Q, FAIL_NE, COUNT),
    "standard_wells_minimum": Bound(lambda n: _standard(1e-4, *(35.6,) * int(n)), "quantitative_range", REACHES, ENDS, COUNT),
    "standard_delta_cq_maximum": Bound(lambda x: _standard(1e-4, 35.6 - x / 2, 35.6 + x / 2), "quantitative_range", REACHES, ENDS),
    "standard_background_distance_minimum": Bound(
        lambda x: replace(GOOD, background=(35.6 + x, *NO_SIGNAL[1:]), sample=NEAR_RANGE), "quantitative_range", REACHES, ENDS),
    "standard_step_fold": Bound(_fold, "n_dilutions", ("1", NOT_EVALUABLE), ("4", QUANTIFIABLE), RELATIVE),
    "standard_step_minimum": Bound(
        lambda x: replace(_standard(1e-4, 32.1 + x, 32.3 + x), sample=(33.9, 34.0, 34.1)), "quantitative_range", REACHES, ENDS),
    "standard_step_maximum": Bound(lambda x: _standard(1e-4, 32.1 + x, 32.3 + x), "quantitative_range", REACHES, ENDS),
    "curve_points_minimum": Bound(_points, "curve_points", PASS_Q, FAIL_NE, COUNT),
    "curve_slope_minimum": Bound(_slope, "curve_slope", PASS_Q, FAIL_NE),
    "curve_slope_maximum": Bound(_slope, "curve_slope", PASS_Q, FAIL_NE),
    "curve_r_squared_minimum": Bound(_r_squared, "curve_r_squared", PASS_Q, FAIL_NE),
    "sensitivity_background_distance_minimum": Bound(
        lambda x: _last_standard(40.4 - x), "sensitivity", ("1e-05", QUANTIFIABLE), ("0.0001", QUANTIFIABLE)),
    "sensitivity_intercept_distance_maximum": Bound(
        lambda x: _last_standard(22.0 + x, background=NO_SIGNAL), "sensitivity", ("1e-05", QUANTIFIABLE), ("0.0001", QUANTIFIABLE)),
    "positive_background_distance_minimum": Bound(
        lambda x: replace(GOOD, sample=(40.4 - x,) * 3), "positive_wells", ("pass", BELOW_RANGE), ("fail", NEGATIVE)),
    "positive_sensitivity_distance_maximum": Bound(
        lambda x: replace(GOOD, background=NO_SIGNAL, sample=(39.1 + x,) * 3), "positive_wells", ("pass", BELOW_RANGE), ("fail", NEGATIVE)),
    "positive_wells_minimum": Bound(_positive_wells, "positive_wells", ("pass", ONE_WELL), ("fail", NEGATIVE), COUNT),
    "low_positive_wells_minimum": Bound(_positive_wells, "low_positive_wells", ("pass", BELOW_RANGE), ("fail", ONE_WELL), COUNT),
    "sample_wells_minimum": Bound(lambda n: replace(GOOD, sample=(32.2,) * int(n)), "sample_wells", PASS_Q, FAIL_NE, COUNT),
    "sample_delta_cq_maximum": Bound(
        lambda x: replace(GOOD, sample=(32.0, 32.0 + x / 2, 32.0 + x)), "sample_delta", PASS_Q, ("fail", BELOW_RANGE)),
    "control_gene_wells_minimum": Bound(lambda n: replace(GOOD, gene=(27.4,) * int(n)), "control_gene_wells", PASS_Q, FAIL_NE, COUNT),
    "control_gene_delta_cq_maximum": Bound(
        lambda x: replace(GOOD, gene=(27.4 - x / 2, 27.4 + x / 2)), "control_gene_delta", PASS_Q, FAIL_NE),
    "control_gene_amount_minimum": Bound(lambda share: _gene(share * NOMINAL_NG), "control_gene_amount", PASS_Q, FAIL_NE, RELATIVE),
}  # fmt: skip
"""Every parameter that is a bound.  Not one: ``interval_confidence`` (PQ-c looks at it)."""
NO_BOUND = ("interval_confidence",)

OWN_BOUNDS: Mapping[str, tuple[float, str, Bound]] = {
    "level at the sample's quantitative range (definition 12)": (1e-4, "minimum", Bound(
        lambda level: replace(GOOD, sample=(22.0 - 3.4 * math.log10(level),) * 3), "sample_range", PASS_Q, ("fail", BELOW_RANGE), RELATIVE)),
    "NTC wells with a signal (gate ntc_clean)": (0, "maximum", Bound(
        lambda n: replace(GOOD, ntc=(None,) * (2 - int(n)) + (38.0,) * int(n)), "ntc_clean", PASS_Q, FAIL_NE, COUNT)),
    "NTC wells in the run (gate ntc_clean)": (1, "minimum", Bound(
        lambda n: replace(GOOD, ntc=(None,) * int(n)), "ntc_clean", PASS_Q, FAIL_NE, COUNT)),
}  # fmt: skip
"""Bounds that the contract has and no rule set changes."""


def measured(value: float, side: str, bound: str, scale: str) -> float:
    """The value to measure: on a bound, or just inside or outside of it (counts: one well)."""
    outward = {"on": 0.0, "inside": -1.0, "outside": 1.0}[side] * (-1 if bound == "minimum" else 1)
    if scale == COUNT:
        return value + outward
    return value * (1 + outward * HAIR) if scale == RELATIVE else value + outward * HAIR


@dataclass(frozen=True)
class Case:
    id: str
    what: str
    plate: Plate
    shows: str
    expected: tuple[str, str]


def _sides(name: str, title: str, value: float, bound: str, how: Bound, calls: str) -> Iterator[Case]:  # fmt: skip
    for side in SIDES:
        at = measured(value, side, bound, how.scale)
        if how.scale == COUNT and at < 0:  # there is no well fewer than none
            continue
        shown, call = how.missed if side == "outside" else how.met
        if name == "positive_wells_minimum" and side == "inside":
            call = BELOW_RANGE  # two positive wells
        place = "on the bound" if side == "on" else f"just {side}"
        what = f"{title}: {place}, {at:.10g} ({bound} {value:g})"
        yield Case(f"{name}-{side}", what, how.draw(at), how.shows, (shown, WORDS[calls].get(call, call)))  # fmt: skip


def cases(rule_set: str, parameters: list[dict[str, str]]) -> Iterator[Case]:
    """What to draw for a rule set, by the rows of the shipped table of its parameters."""
    calls = "2024" if rule_set == "euromrd-2024" else "2007"
    for row in parameters:
        if row["parameter"] in BOUNDS:
            how = BOUNDS[row["parameter"]]
            yield from _sides(row["parameter"], row["parameter"], float(row["value"]), row["bound"], how, calls)  # fmt: skip
    for number, (title, (value, bound, how)) in enumerate(OWN_BOUNDS.items(), 1):
        yield from _sides(f"contract_{number}", title, value, bound, how, calls)


def checks() -> Iterator[Check]:
    """Numbers and bounds of every shipped rule set."""
    table = {
        rule_set: list(rows)
        for rule_set, rows in groupby(shipped.rows("parameters"), lambda row: row["rule_set"])
    }
    names = definitions.names("guidelines", None)
    yield check("OQ-a-rule_sets", "the shipped rule sets", ", ".join(sorted(table)), ", ".join(sorted(names)))  # fmt: skip
    for rule_set, parameters in table.items():
        guideline = definitions.load_guideline(rule_set, None)
        yield unmet(
            f"OQ-a-{rule_set}-numbers", f"{rule_set}: parameters, their numbers and which side passes",
            f"the {len(parameters)} parameters of the table, inclusive", list(_other_numbers(guideline, parameters)),
        )  # fmt: skip
        drawn = list(cases(rule_set, parameters))
        found = analysed({case.id: case.plate for case in drawn}, guideline)
        for case in drawn:
            names_ = case.shows, "call"
            yield check(
                f"OQ-a-{rule_set}-{case.id}", case.what,
                "; ".join(f"{n} {word}" for n, word in zip(names_, case.expected, strict=True)),
                "; ".join(f"{n} {found.word(case.id, n)}" for n in names_), data=CONSTRUCTED,
            )  # fmt: skip


def _other_numbers(guideline: Guideline, parameters: list[dict[str, str]]) -> Iterator[str]:
    """Where a rule set, as it is loaded, is not what the table says of it."""
    expected = {row["parameter"]: row for row in parameters}
    for name in sorted(set(expected) ^ set(guideline.parameters)):
        yield f"{name} is {'not in the rule set' if name in expected else 'not in the table'}"
    for name, row in expected.items():
        if name not in guideline.parameters:
            continue
        if name not in BOUNDS and name not in NO_BOUND:
            yield f"{name} is shown on no plate"
        found = guideline[name]
        for what, wanted, given in (
            ("value", float(row["value"]), found.value), ("unit", row["unit"], found.unit),
            ("bound", row["bound"], found.bound), ("inclusive", True, found.inclusive),
        ):  # fmt: skip
            if wanted != given:
                yield f"{name}: {what} {given}, expected {wanted}"
