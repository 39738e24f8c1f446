"""Bounds are inclusive, NaN meets none, and the hash is that of every word of a rule set."""

from __future__ import annotations

import math
from dataclasses import fields, replace

import numpy as np
import pytest

from mrdq.definitions import load_guideline, names
from mrdq.guideline import Parameter

UP = Parameter("x", 1.5, "cycle", "maximum", grade="primary", source="s")
DOWN = Parameter("x", 3.0, "cycle", "minimum", grade="primary", source="s")


def test_bounds_are_inclusive_in_binary_floating_point() -> None:
    assert UP.met_by(30.1 - 28.6)
    assert UP.met_by(1.5 + 1e-10)
    assert not UP.met_by(1.5 + 1e-8)
    assert DOWN.met_by(3.0 - 1e-10)
    assert not DOWN.met_by(3.0 - 1e-8)


def test_exclusive_bound_leaves_the_value_itself_out() -> None:
    strict = replace(UP, inclusive=False)
    assert not strict.met_by(1.5)
    assert not strict.met_by(30.1 - 28.6)
    assert strict.met_by(1.5 - 1e-8)


@pytest.mark.parametrize("parameter", [UP, DOWN])
@pytest.mark.parametrize("inclusive", [True, False])
def test_nothing_measured_meets_no_bound(parameter: Parameter, inclusive: bool) -> None:
    found = replace(parameter, inclusive=inclusive).met_by(np.array([math.nan, math.nan]))
    assert list(found) == [False, False]


def test_relative_tolerance_is_for_amounts() -> None:
    range_ = Parameter("x", 1e-4, "1", "minimum")
    assert range_.met_by(1e-4 * (1 - 1e-10), relative=True)
    assert not range_.met_by(1e-4 * (1 - 1e-8), relative=True)
    # Absolute, the same difference would vanish.
    assert range_.met_by(1e-4 * (1 - 1e-8))


def test_own_bounds_replace_the_value() -> None:
    bounds = np.array([10.0, 20.0, math.nan])
    assert list(UP.met_by(np.array([15.0, 15.0, 15.0]), bound=bounds)) == [False, True, False]


@pytest.mark.parametrize("name", names("guidelines"))
def test_hash_changes_with_every_field_of_every_parameter(name: str) -> None:
    guideline = load_guideline(name)
    seen = {guideline.hash}
    first = next(iter(guideline.parameters.values()))
    other = {"value": first.value + 1, "inclusive": not first.inclusive}
    for field in fields(Parameter):
        changed = replace(first, **{field.name: other.get(field.name, "other")})
        seen.add(replace(guideline, parameters={**guideline.parameters, first.name: changed}).hash)
    for field in ("id", "version", "title", "status", "source"):
        seen.add(replace(guideline, **{field: "other"}).hash)
    seen.add(replace(guideline, calls=guideline.calls[:-1]).hash)
    assert len(seen) == 1 + len(fields(Parameter)) + 5 + 1
    reordered = replace(guideline, parameters=dict(reversed(guideline.parameters.items())))
    assert reordered.hash == guideline.hash


def test_notice_counts_what_is_not_confirmed() -> None:
    guideline = load_guideline("euromrd-2024")
    assert guideline.notice.startswith("Rule set euromrd-2024 ")
    assert "PROVISIONAL" in guideline.notice
    done = {
        name: replace(p, verified_by="A. B.", verified_on="2025-01-01", locator="p. 3")
        for name, p in guideline.parameters.items()
    }
    assert replace(guideline, status="final", parameters=done).notice == ""
    half = {
        name: replace(p, verified_by="A. B.", verified_on="", grade="recalled")
        for name, p in guideline.parameters.items()
    }
    assert f"{len(half)} of {len(half)} parameters" in replace(guideline, parameters=half).notice
