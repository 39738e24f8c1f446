"""The vectorised engine against the slow reference, and laws that need no reference.

The reference was written from the contract alone.  Thousands of random studies are compared,
one by one (hypothesis) and many put together as one (the engine works on all runs at once).
"""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from studies import studies

from mrdq.validation.beside import alike, reference_of, together
from mrdq.validation.compare import assert_same
from mrdq.validation.engine import engine, rows, wells_table
from mrdq.validation.reference import Study, analyse

RELAXED = settings(
    max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)


def compare(study: Study) -> None:
    found = engine(study)
    assert_same(analyse(study), rows(found["curves"]), rows(found["calls"]), rows(found["status"]))


@RELAXED
@given(studies())
def test_engine_and_reference_agree(study: Study) -> None:
    compare(study)


@pytest.mark.parametrize("block", range(5))
def test_thousands_of_studies_at_once(block: int) -> None:
    """600 studies a block, called together as one per rule set: each comes out as if alone."""
    for parts in alike(10_000 + 600 * block, 600):
        expected, found = reference_of(parts), engine(together(parts))
        assert len(found["calls"]) == len(expected.calls) > 0
        assert_same(expected, rows(found["curves"]), rows(found["calls"]), rows(found["status"]))


@RELAXED
@given(studies(), st.randoms(use_true_random=False))
def test_order_of_wells_changes_nothing(study: Study, random: Any) -> None:
    """Not one bit: sums are taken in an order of their own."""
    table = wells_table(study)
    order = list(range(len(table)))
    random.shuffle(order)
    before, after = engine(study), engine(study, table.iloc[order].reset_index(drop=True))
    for name in before:
        pd.testing.assert_frame_equal(before[name], after[name], check_exact=True)


@RELAXED
@given(studies(), st.sampled_from([0.5, 0.1, 0.037]))
def test_scaling_every_dilution_scales_levels_and_limits(study: Study, factor: float) -> None:
    """Where the bound on the distance to the intercept does not bind: here it is taken away."""
    far = copy.deepcopy(study)
    for well in far.wells:
        if well["dilution"] is not None:
            well["dilution"] *= factor
    before, after = (_unbound(s)["calls"] for s in (study, far))
    for name in (
        "mrd_level",
        "mrd_level_low",
        "mrd_level_high",
        "quantitative_range",
        "sensitivity",
    ):
        np.testing.assert_allclose(after[name], before[name] * factor, rtol=1e-7)
    assert list(after["call"]) == list(before["call"])


def _unbound(study: Study) -> dict[str, pd.DataFrame]:
    from mrdq.validation import engine as module

    plain = module.guideline_of(study)
    parameter = plain["sensitivity_intercept_distance_maximum"]
    loose = {
        **plain.parameters,
        parameter.name: type(parameter)(parameter.name, 1e6, "cycle", "maximum"),
    }
    guideline = type(plain)(
        plain.id, plain.version, plain.title, plain.status, plain.source, plain.calls, loose
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "guideline_of", lambda _: guideline)
        return engine(study)


@RELAXED
@given(studies(), st.sampled_from([-2.0, -0.5, 0.25, 1.0]))
def test_shifting_all_cq_of_an_assay_changes_no_call(study: Study, shift: float) -> None:
    if study.rules.maximum_cq is not None:
        return  # an absolute Cq, by intent
    moved = copy.deepcopy(study)
    for well in moved.wells:
        if well["cq"] is not None:
            well["cq"] += shift
    before, after = engine(study)["calls"], engine(moved)["calls"]
    for name in ("call", "n_positive", "reasons", "flags"):
        assert list(after[name].astype(object).fillna(-1)) == list(
            before[name].astype(object).fillna(-1)
        ), name


@RELAXED
@given(studies())
def test_calls_follow_from_evidence_alone(study: Study) -> None:
    """A person with ``evidence.tsv`` and nothing else comes to the same call."""
    found = engine(study)
    splits = "low_positive_below_range" in found["calls"]["call"].cat.categories
    outcome = {
        (e["run_id"], e["target"], e["sample_id"], e["criterion"]): e["outcome"]
        for e in rows(found["evidence"])
    }
    gates = [
        "ntc_clean",
        "background_wells",
        "curve_points",
        "curve_slope",
        "curve_r_squared",
        "control_gene_curve",
        "control_gene_wells",
        "control_gene_delta",
        "control_gene_amount",
        "sample_wells",
    ]
    assert splits
    for call in rows(found["calls"]):
        unit = (call["run_id"], call["target"])

        def of(criterion: str, unit: Any = unit, call: Any = call) -> str:
            return outcome.get((*unit, call["sample_id"], criterion)) or outcome.get(
                (*unit, "", criterion), "missing"
            )

        failed = [gate for gate in gates if of(gate) == "fail"]
        lacking = [
            name
            for name in ("sample_determined", "sample_delta", "sample_range")
            if of(name) != "pass"
        ]
        if failed:
            expected = "not_evaluable"
        elif of("positive_wells") != "pass":
            expected = "negative"
        elif not lacking:
            expected = "positive_quantifiable"
        elif study.rules.guideline != "euromrd-2024":
            expected = "positive_not_quantifiable"
        else:
            low = of("low_positive_wells") == "pass"
            expected = "low_positive_below_range" if low else "uncertain_significance"
        assert call["call"] == expected, call
        if failed:
            assert set(call["reasons"].split(";")) == set(failed)
