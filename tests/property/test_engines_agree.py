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
from compare import assert_same
from engine import engine, rows, wells_table
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from reference import Result, Study, analyse
from studies import studies, study_from_seed

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


def prefixed(row: dict[str, Any], prefix: str) -> dict[str, Any]:
    names = ("run_id", "target", "sample_id", "patient_id", "control_gene", "deciding_target")
    return {k: f"{prefix}{v}" if k in names and v else v for k, v in row.items()}


def together(parts: list[tuple[str, Study]]) -> Study:
    """Studies as one; their names are kept apart by a prefix."""
    first = parts[0][1]
    merged = {
        name: [prefixed(row, prefix) for prefix, study in parts for row in getattr(study, name)]
        for name in ("wells", "runs", "samples", "assays")
    }
    # A study's only control gene is not the only one of all of them: name it.
    for prefix, study in parts:
        genes = [a["target"] for a in study.assays if a["kind"] == "control_gene"]
        for assay in merged["assays"]:
            if len(genes) == 1 and assay["kind"] == "mrd" and assay["target"].startswith(prefix):
                assay["control_gene"] = assay["control_gene"] or prefix + genes[0]
    return Study(
        **merged, control_gene=first.control_gene, rules=first.rules, protocol=first.protocol
    )


@pytest.mark.parametrize("block", range(5))
def test_thousands_of_studies_at_once(block: int) -> None:
    """600 studies a block, called together as one per rule set: each comes out as if alone."""
    alike: dict[Any, list[tuple[str, Study]]] = {}
    for seed in range(10_000 + 600 * block, 10_600 + 600 * block):
        study = study_from_seed(seed)
        genes = [a for a in study.assays if a["kind"] == "control_gene"]
        # Without a control gene an assay has none only if the study has none.
        alike.setdefault((study.rules, study.control_gene, bool(genes)), []).append(
            (f"s{seed:05d}.", study)
        )
    for parts in alike.values():
        expected = Result([], [], [], [])
        for prefix, study in parts:
            alone = analyse(study)
            for name in ("curves", "calls", "status"):
                getattr(expected, name).extend(
                    prefixed(row, prefix) for row in getattr(alone, name)
                )
        found = engine(together(parts))
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
    import engine as module

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
