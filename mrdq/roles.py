"""PLATE of a run without a layout: roles from the export's task column and ``layout_rules``."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from mrdq import vocabulary as words
from mrdq.errors import WARNING, Problem, Problems
from mrdq.guideline import TOLERANCE
from mrdq.instruments.export import Export
from mrdq.instruments.words import role_of_task
from mrdq.plate import AGREE, COLUMNS, Bench, Notes, channels
from mrdq.units import nanograms_per


def from_export(
    export: Export, bench: Bench, file: str, problems: Problems
) -> dict[str, list[Any]]:
    """The wells of a run without a layout, as lists by column (``COLUMNS``).

    A standard without a quantity, or whose quantity nobody said the meaning of, is an error; a
    target or sample that no sheet knows, or a task that is no role, leaves the well unused.
    """
    if not any(export.target):
        problems.add(
            Problem(
                file,
                "a layout for this run",
                remedy="The export names no target, so that none of its wells can be used without one. "
                "Write a layout and name it in the runs sheet, column layout.",
                level=WARNING,
            )
        )
    notes = Notes(file)
    units = export.quantity_unit or [""] * len(export.well)
    keys = list(zip(export.target, export.sample, export.task, export.quantity, units, strict=True))
    first: dict[_Key, int] = {}  # the first row of each, for messages
    for i, key in enumerate(keys):
        first.setdefault(key, i)
    rules = list(bench.rules.patterns.items())
    rule = {
        name: [role for role, pattern in rules if pattern.search(name)] if name else []
        for name in set(export.sample)
    }
    problems.extend(_ambiguous(name, found, file) for name, found in rule.items() if len(found) > 1)
    values, doubts = {}, {}
    for key, i in first.items():
        found: list[Problem] = []
        values[key], doubt = _decide(key, rule[key[1]], bench, found)
        for problem in found:
            place = f"well {export.well[i]}"
            problems.add(replace(problem, file=file, row=export.row[i], column=place))
        if doubt:
            doubts[key] = doubt
    if doubts:
        for key, well in zip(keys, export.well, strict=True):
            if key in doubts:
                notes.add(well, *doubts[key])
    problems.extend(notes.problems())
    decided = zip(*map(values.__getitem__, keys), strict=True) if keys else ((), (), (), ())
    roles, samples, dilutions, amounts = map(list, decided)
    columns = (
        export.well,
        export.target,
        roles,
        samples,
        dilutions,
        amounts,
        export.cq,
        export.cq_state,
        export.flags,
    )
    out: dict[str, list[Any]] = dict(zip(COLUMNS, columns, strict=True))
    return out | channels(export, range(len(export.well)))


# target, sample name, task, quantity and its unit of an export's row
_Key = tuple[str, str, str, float, str]
_STATED = {"dil": "dilution", "ng": "ng", "mrdq dilution": "dilution", "mrdq ng": "ng"}
"""Units that an export may state -> what ``standard_quantity`` calls them."""


# role, sample_id, dilution, quantity_ng
_Values = tuple[str, str, float, float]
_UNUSED: _Values = ("", "", math.nan, math.nan)


def _decide(
    key: _Key, by_rule: list[str], bench: Bench, problems: list[Problem]
) -> tuple[_Values, tuple[str, ...]]:
    """What all wells with the same words in the export are, and the doubt (expected, found,
    remedy) that leaves them unused; replicates are decided once."""
    target, sample, task, quantity, stated = key
    told = role_of_task(task)
    role = by_rule[0] if by_rule else told or ""
    if target not in bench.kind:
        return _UNUSED, () if role == words.EMPTY else ("a target of the assays sheet", target)
    if role == words.STANDARD:
        return (role, "", *_dose(target, quantity, _STATED.get(stated, ""), bench, problems)), ()
    if role == words.SAMPLE:
        if sample not in bench.sample_patient:
            remedy = "Add the sample, give the run a layout, or a rule in layout_rules."
            return _UNUSED, ("a sample of the samples sheet", sample, remedy)
        owner, patient = bench.target_patient[target], bench.sample_patient[sample]
        if patient != owner and bench.kind[target] == words.MRD:
            expected = f"a sample of patient {owner}, whose clone {target} is"
            problems.append(Problem("", expected, f"{sample} of patient {patient}"))
        return (role, sample, math.nan, math.nan), ()
    if not role:
        remedy = "Give the run a layout, or a rule in layout_rules."
        return _UNUSED, ("a task that is a role", task, remedy)
    if told and told != role and (told, role) not in AGREE:
        return (role, "", math.nan, math.nan), (
            f"role {role} of layout_rules",
            task,
            "The rule was taken.",
        )
    return (role, "", math.nan, math.nan), ()


def _ambiguous(name: str, roles: list[str], file: str) -> Problem:
    remedy = f"It matches those for {' and '.join(roles)}: make them stricter."
    return Problem(file, "a sample name that one rule of layout_rules matches", name, remedy=remedy)


def _dose(
    target: str, quantity: float, stated: str, bench: Bench, problems: list[Problem]
) -> tuple[float, float]:
    """Dilution and amount [ng] of a standard from the export's number.

    ``stated`` is what the export itself says it is, where it does; a rule may not contradict it.

    An amount of diagnostic DNA becomes a dilution, and a dilution an amount, by the
    ``dna_per_well`` of the target: every standard well holds that much DNA in all.
    """
    kind, nominal = bench.kind[target], bench.dna_per_well_ng[target]
    unit = bench.rules.standard_quantity.get(kind) or stated or None
    if not quantity > 0:
        problems.append(Problem("", "the quantity of a standard",
                             remedy="Enter it in the instrument's software, or give the run a layout."))  # fmt: skip
    elif stated and unit != stated:
        problems.append(Problem("", f"standard_quantity: {stated} for {kind}, as the export states", str(unit),
                             remedy="Correct layout_rules, or give the run a layout."))  # fmt: skip
    elif unit is None:
        problems.append(Problem("", "the meaning of the export's standard quantities", f"{quantity:g}",
                             remedy="Add standard_quantity: dilution, ng, genome or cell to layout_rules."))  # fmt: skip
    elif (unit == "dilution") == (kind == words.MRD):
        if kind == words.MRD and quantity <= 1:
            return quantity, math.nan
        if kind == words.CONTROL_GENE:
            return math.nan, quantity * float(nanograms_per(unit))
        problems.append(Problem("", "a dilution of at most 1 (layout_rules.standard_quantity: dilution)",
                             f"{quantity:g}"))  # fmt: skip
    elif nominal is None:
        problems.append(Problem("", f"the dna_per_well of {target} in the assays sheet",
                             remedy="It relates the standards' quantities to dilutions."))  # fmt: skip
    elif kind == words.CONTROL_GENE:
        return math.nan, quantity * nominal
    else:
        amount = quantity * float(nanograms_per(unit))
        if amount <= nominal * (1 + TOLERANCE):
            return amount / nominal, amount
        problems.append(Problem("", f"at most {nominal:g} ng of diagnostic DNA (the dna_per_well of {target})",
                             f"{amount:g} ng"))  # fmt: skip
    return math.nan, math.nan
