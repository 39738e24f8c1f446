"""The reference itself: numbers known from elsewhere, plates worked by hand, and reach.

The other property tests trust the reference; here it is held to the field's test vector, to
plates small enough to follow with a pencil, and to the demand that random studies reach every
call, gate and flag.
"""

from __future__ import annotations

import copy
from collections import Counter
from dataclasses import replace
from statistics import fmean

import pytest
from hypothesis import HealthCheck, given, settings
from studies import TIMEPOINTS, studies, study_from_seed

from mrdq.validation.compare import assert_same
from mrdq.validation.reference import (
    CALL_COLUMNS,
    CURVE_COLUMNS,
    EUROMRD_2024,
    EVIDENCE_COLUMNS,
    GATES,
    STATUS_COLUMNS,
    THERAPY_INTENSIFICATION,
    THERAPY_REDUCTION,
    Curve,
    Study,
    analyse,
    efficiency,
    is_above_curve,
    level_before_blasts,
    mrd_level,
    step_per_tenfold,
    value_on_curve,
)

# ---------------------------------------------------------------------------- a plate by hand

IGH, ALB = "P1-IGH", "ALB"


def wells_of(run_id, target, role, cqs, **more):
    """Wells of one kind: a Cq, ``None`` for undetermined or ``"omitted"`` each."""
    rows = []
    for cq in cqs:
        state = "omitted" if cq == "omitted" else "undetermined" if cq is None else "determined"
        rows.append(
            {
                "run_id": run_id,
                "well": "",
                "target": target,
                "role": role,
                "sample_id": "",
                "dilution": None,
                "quantity_ng": None,
                "cq": cq if state == "determined" else None,
                "cq_state": state,
                "flags": "",
            }
            | more
        )
    return rows


# Cq = 22 − 3.4·log10(d): 25.4 at 1e-1, 28.8, 32.2, 35.6 at 1e-4.
SERIES = {1e-1: (25.4, 25.4), 1e-2: (28.8, 28.8), 1e-3: (32.2, 32.2), 1e-4: (35.6, 35.6)}


def mrd_wells(
    sample, run_id="R1", series=None, background=(None,) * 6, ntc=(None,), sample_id="S1"
):
    wells = []
    for dilution, cqs in (SERIES if series is None else series).items():
        wells += wells_of(run_id, IGH, "standard", cqs, dilution=dilution)
    wells += wells_of(run_id, IGH, "background", background)
    wells += wells_of(run_id, IGH, "ntc", ntc)
    return wells + wells_of(run_id, IGH, "sample", sample, sample_id=sample_id)


def control_wells(sample, run_id="R1", sample_id="S1"):
    """Cq = 38 − 3.4·log10(ng): 31.2 at 100 ng, 34.6 at 10 ng."""
    wells = []
    for quantity, cq in ((1000.0, 27.8), (100.0, 31.2), (10.0, 34.6), (1.0, 38.0)):
        wells += wells_of(run_id, ALB, "standard", (cq, cq), quantity_ng=quantity)
    return wells + wells_of(run_id, ALB, "sample", sample, sample_id=sample_id)


def study_of(wells, rules=THERAPY_REDUCTION, **changes):
    named = sorted({well["run_id"] for well in wells})
    for number, well in enumerate(wells):
        well["well"] = f"{'ABCDEFGHIJKLMNOP'[number // 24]}{number % 24 + 1}"
    study = Study(
        wells=wells,
        runs=[{"run_id": name, "performed_on": ""} for name in named],
        samples=[{"sample_id": "S1", "patient_id": "P1", "timepoint": "post-C1", "material": "BM"}],
        assays=[
            {
                "target": IGH,
                "kind": "mrd",
                "patient_id": "P1",
                "dna_per_well_ng": 100.0,
                "control_gene": "",
                "blast_fraction": None,
            },
            {
                "target": ALB,
                "kind": "control_gene",
                "patient_id": "",
                "dna_per_well_ng": None,
                "control_gene": "",
                "blast_fraction": None,
            },
        ],
        control_gene="optional",
        rules=rules,
    )
    return replace(study, **changes)


def only_call(study):
    (call,) = analyse(study).calls
    return call


# ------------------------------------------------------------------- the field's test vector


def curve(intercept, slope, **changes):
    start = Curve("R1", IGH, "mrd", None, 0.1, 4, 8, 1e-4, slope, intercept, 1.0, 0.0, 1e-4, 35.6)
    return replace(start, **changes)


def test_field_vector():
    assay = {"blast_fraction": None}
    target, albumin = curve(22.0, -3.4), curve(38.0, -3.35)
    assert value_on_curve(36.2, target) == pytest.approx(6.66085e-5, rel=1e-6)
    follow_up, reference = value_on_curve(29.1, albumin), value_on_curve(28.7, albumin)
    assert follow_up == pytest.approx(453.645, abs=5e-4)
    assert reference == pytest.approx(597.199, abs=5e-4)
    level = level_before_blasts(36.2, target, reference / follow_up)
    assert level == pytest.approx(8.76864e-5, rel=1e-6)
    assert mrd_level(36.2, target, reference / follow_up, assay) == level
    assert mrd_level(36.2, target, 2.0, {"blast_fraction": 0.5}) == pytest.approx(
        6.66085e-5, rel=1e-6
    )


def test_efficiency():
    assert efficiency(-3.3219) == pytest.approx(1.0, abs=5e-5)
    assert efficiency(-3.4) == pytest.approx(0.968419, abs=1e-6)
    assert efficiency(None) is None


# ------------------------------------------------------------------------------- by hand


def test_plain_positive():
    wells = mrd_wells((32.2, 32.2, 32.2)) + control_wells((31.2, 31.2))
    result = analyse(study_of(wells, control_gene="required"))
    albumin, target = result.curves
    assert (target["n_dilutions"], target["n_wells"], target["accepted"]) == (4, 8, True)
    assert target["slope"] == pytest.approx(-3.4)
    assert target["intercept"] == pytest.approx(22.0)
    assert target["r_squared"] == pytest.approx(1.0)
    assert (target["quantitative_range"], target["sensitivity"]) == (1e-4, 1e-4)
    assert target["lowest_background_cq"] is None
    assert (albumin["kind"], albumin["quantitative_range"]) == ("control_gene", 1.0)
    assert albumin["sensitivity"] is None
    (call,) = result.calls
    assert call["call"] == "positive_quantifiable"
    assert call["mrd_level"] == pytest.approx(1e-3)
    assert call["dna_amount_ng"] == pytest.approx(100.0)
    assert call["normalisation"] == pytest.approx(1.0)
    (status,) = result.status
    assert (status["status"], status["response"]) == ("positive_quantifiable", "failure")
    assert status["next_step"] == "positive post-C1"
    assert status["deciding_target"] == IGH


def test_columns():
    result = analyse(study_of(mrd_wells((32.2, 32.2, 32.2))))
    for rows, columns in (
        (result.curves, CURVE_COLUMNS),
        (result.calls, CALL_COLUMNS),
        (result.evidence, EVIDENCE_COLUMNS),
        (result.status, STATUS_COLUMNS),
    ):
        assert rows
        assert all(list(row) == list(columns) for row in rows)


def test_little_dna_raises_level_and_limits():
    wells = mrd_wells((32.2, 32.2, 32.2)) + control_wells((34.6, 34.6))
    call = only_call(study_of(wells, control_gene="required"))
    assert call["call"] == "positive_quantifiable"  # 10 ng of 100 ng: on the bound of 10 %
    assert call["normalisation"] == pytest.approx(10.0)
    assert call["mrd_level"] == pytest.approx(1e-2)
    assert call["quantitative_range"] == pytest.approx(1e-3)
    assert call["sensitivity"] == pytest.approx(1e-3)


def test_much_dna_never_improves_a_claim():
    wells = mrd_wells((35.6, 35.6, 35.6)) + control_wells((27.8, 27.8))
    call = only_call(study_of(wells, control_gene="required"))
    assert call["normalisation"] == pytest.approx(0.1)
    assert call["call"] == "positive_not_quantifiable"  # 1e-5, below the range of 1e-4
    assert (call["quantitative_range"], call["sensitivity"]) == (1e-4, 1e-4)
    assert call["mrd_level"] is None
    assert call["reasons"] == "sample_range"


def test_bounds_are_inclusive():
    # B = 38.6: the last standards lie exactly 3.0 below it, the wells exactly 1.0 or 3.0.
    background = (38.6, None, None, None, None, 39.0)
    wells = mrd_wells((37.6, None, None), background=background)
    result = analyse(study_of(wells))
    assert result.curves[0]["quantitative_range"] == 1e-4
    assert result.calls[0]["call"] == "positive_not_quantifiable"
    assert result.calls[0]["n_positive"] == 1
    wells = mrd_wells((37.6, None, None), background=background)
    assert only_call(study_of(wells, THERAPY_INTENSIFICATION))["call"] == "negative"
    wells = mrd_wells((35.6, None, None), background=background)
    assert only_call(study_of(wells, THERAPY_INTENSIFICATION))["n_positive"] == 1


def test_delta_on_its_bound():
    wells = mrd_wells((30.1, 28.6, 29.0))
    assert only_call(study_of(wells))["call"] == "positive_quantifiable"
    wells = mrd_wells((30.2, 28.6, 29.0))
    call = only_call(study_of(wells))
    assert (call["call"], call["reasons"]) == ("positive_not_quantifiable", "sample_delta")


def test_cycles_past_the_sensitivity():
    # M = 35.6; without a background a well may come 4.0 cycles after it.
    assert only_call(study_of(mrd_wells((39.6, None, None))))["n_positive"] == 1
    assert only_call(study_of(mrd_wells((39.7, None, None))))["call"] == "negative"


def test_calls_of_2024():
    two = study_of(mrd_wells((38.0, 38.2, None)), EUROMRD_2024)
    assert only_call(two)["call"] == "low_positive_below_range"
    one = study_of(mrd_wells((38.0, None, None)), EUROMRD_2024)
    assert only_call(one)["call"] == "uncertain_significance"
    (status,) = analyse(one).status
    assert (status["next_step"], status["response"]) == ("repeat post-C1", "intermediate")


def test_negative_and_complete():
    (status,) = analyse(study_of(mrd_wells((None, None, None)))).status
    assert (status["status"], status["response"]) == ("negative", "complete")
    assert status["sensitivity"] == 1e-4
    assert status["next_step"] == "negative post-C1"


def test_above_the_highest_standard():
    assert only_call(study_of(mrd_wells((24.0, 24.0, 24.0))))["flags"] == "above_curve"
    assert only_call(study_of(mrd_wells((25.4, 25.4, 25.4))))["flags"] is None
    assert not is_above_curve(25.4, curve(22.0, -3.4), THERAPY_REDUCTION)


def test_walk_stops_at_the_first_that_is_not_reproducible():
    series = {**SERIES, 1e-3: (32.2, 34.0)}  # 1.8 apart, yet both are clear signals
    (row,) = analyse(study_of(mrd_wells((None,) * 3, series=series))).curves
    assert (row["n_dilutions"], row["quantitative_range"], row["accepted"]) == (2, 1e-2, False)
    assert row["slope"] == pytest.approx(-3.4)
    assert row["sensitivity"] == 1e-4
    call = only_call(study_of(mrd_wells((28.8,) * 3, series=series)))
    assert (call["call"], call["reasons"]) == ("not_evaluable", "curve_points")
    assert call["flags"] == "signal_seen"
    assert call["n_positive"] is None
    assert call["sensitivity"] is None
    assert call["mean_cq"] == pytest.approx(28.8)


def test_one_dilution_is_no_curve():
    series = {1e-1: (25.4, 25.4), 1e-2: (28.8,)}
    (row,) = analyse(study_of(mrd_wells((None,) * 3, series=series))).curves
    assert (row["slope"], row["r_squared"], row["sensitivity"]) == (None, None, None)
    assert row["n_dilutions"] == 1
    assert only_call(study_of(mrd_wells((None,) * 3, series=series)))["reasons"] == "curve_points"
    assert only_call(study_of(mrd_wells((None,) * 3, series={})))["reasons"] == "curve_points"


def test_step_looks_ten_fold_above():
    rules = THERAPY_REDUCTION
    walk = [(1e-1, 25.4), (1e-2, 28.8), (1e-3, 32.2)]
    assert step_per_tenfold(5e-4, 33.2, walk, rules) == pytest.approx(4.4 / 1.30103, rel=1e-6)
    assert step_per_tenfold(1e-4, 35.6, walk, rules) == pytest.approx(3.4)
    assert step_per_tenfold(1e-1, 25.4, [], rules) is None
    assert step_per_tenfold(5e-2, 26.4, [(1e-1, 25.4)], rules) is None


def test_twenty_cycles_from_the_intercept():
    # 42.0 = 22 + 20 is still met; the other well at 42.1 does not count for M.
    series = {**SERIES, 1e-5: (42.0, 42.1)}
    wells = mrd_wells((46.0, None, None), series=series)
    result = analyse(study_of(wells))
    assert result.curves[0]["sensitivity"] == 1e-5
    assert result.curves[0]["quantitative_range"] == 1e-4
    assert result.calls[0]["n_positive"] == 1
    wells = mrd_wells((46.1, None, None), series=series)
    assert only_call(study_of(wells))["call"] == "negative"


@pytest.mark.parametrize(
    ("reason", "changes"),
    [
        ("ntc_clean", {"ntc": (39.0, None)}),
        ("ntc_clean", {"ntc": ()}),
        ("ntc_clean", {"ntc": ("omitted",)}),
        ("background_wells", {"background": (None,) * 5}),
        ("background_wells", {"background": (None,) * 5 + ("omitted",)}),
        ("curve_points", {"series": {}}),
        (
            "curve_slope",
            {"series": {1e-1: (25.0, 25.0), 1e-2: (28.0, 28.0), 1e-3: (31.0, 31.0)}},
        ),
        (
            "curve_r_squared",
            {"series": {1e-1: (24.7, 26.1), 1e-2: (28.1, 29.5), 1e-3: (31.5, 32.9)}},
        ),
    ],
)
def test_each_gate_of_the_target(reason, changes):
    call = only_call(study_of(mrd_wells((None, None, None), **changes)))
    assert (call["call"], call["reasons"]) == ("not_evaluable", reason)


@pytest.mark.parametrize(
    ("reason", "cqs"),
    [
        ("control_gene_wells", ()),
        ("control_gene_wells", (31.2, None)),
        ("control_gene_wells", (None, None)),
        ("control_gene_delta", (30.0, 31.6)),
        ("control_gene_amount", (34.7, 34.7)),
    ],
)
def test_each_gate_of_the_control_gene(reason, cqs):
    wells = mrd_wells((None, None, None)) + control_wells(cqs)
    call = only_call(study_of(wells, control_gene="required"))
    assert (call["call"], call["reasons"]) == ("not_evaluable", reason)


def test_two_wells_are_too_few():
    call = only_call(study_of(mrd_wells((30.0, 30.0, "omitted"))))
    assert (call["n_wells"], call["reasons"], call["flags"]) == (2, "sample_wells", "signal_seen")
    call = only_call(study_of(mrd_wells(("omitted",) * 3)))
    assert (call["n_wells"], call["mean_cq"], call["flags"]) == (0, None, None)


def test_control_gene_of_another_run():
    wells = mrd_wells((32.2,) * 3, run_id="R2")
    wells += control_wells((34.6,), run_id="R1") + control_wells((31.2,), run_id="R3")
    study = study_of(wells, control_gene="required")
    assert only_call(study)["dna_amount_ng"] == pytest.approx(100.0)  # R3, the latest
    study.runs[0]["performed_on"] = "2024-01-01"  # now R1 is, the others are undated
    assert only_call(study)["dna_amount_ng"] == pytest.approx(10.0)
    study = study_of(wells + control_wells((None,), run_id="R2"), control_gene="required")
    assert only_call(study)["reasons"] == "control_gene_wells"  # its own run, whatever its result


def repeated(first, second):
    wells = mrd_wells(first, run_id="R1") + mrd_wells(second, run_id="R2")
    result = analyse(study_of(wells))
    return result, [(call["call"], call["superseded"], call["flags"]) for call in result.calls]


def test_repeats():
    positive, negative, failed = (32.2,) * 3, (None,) * 3, (32.2,)
    result, calls = repeated(positive, negative)
    assert calls == [
        ("positive_quantifiable", True, "discordant_runs"),
        ("negative", False, "discordant_runs"),
    ]
    assert result.status[0]["status"] == "negative"
    assert result.status[0]["flags"] == "discordant_runs"
    result, calls = repeated(negative, failed)
    assert calls == [("negative", False, None), ("not_evaluable", False, "signal_seen")]
    assert result.status[0]["status"] == "negative"
    assert (result.status[0]["n_targets"], result.status[0]["n_evaluable"]) == (1, 1)
    _, calls = repeated(failed, negative)
    assert calls == [("not_evaluable", True, "signal_seen"), ("negative", False, None)]
    _, calls = repeated(failed, failed)
    assert [superseded for _, superseded, _ in calls] == [False, False]


def test_material_and_not_done():
    def sample(sample_id, timepoint, material):
        return {
            "sample_id": sample_id,
            "patient_id": "P1",
            "timepoint": timepoint,
            "material": material,
        }

    both = [sample("S1", "post-C1", "BM"), sample("S2", "post-C1", "PB")]
    both.append(sample("S3", "post-A1", "BM"))

    def statuses(marrow):
        wells = mrd_wells(marrow) + wells_of("R1", IGH, "sample", (30.0,) * 3, sample_id="S2")
        result = analyse(study_of(wells, samples=both))
        return {row["timepoint"]: row["status"] for row in result.status}

    assert statuses((None,) * 3) == {"post-A1": "not_done", "post-C1": "negative"}
    assert statuses((None,))["post-C1"] == "positive_quantifiable"


def test_maximum_cq_reads_late_signals_as_none():
    rules = replace(THERAPY_REDUCTION, maximum_cq=38.0)
    call = only_call(study_of(mrd_wells((38.0, 38.1, None)), rules))
    assert (call["n_determined"], call["n_positive"]) == (1, 1)


def test_several_control_genes_must_be_named():
    study = study_of(mrd_wells((None,) * 3))
    study.assays.append({**study.assays[1], "target": "B2M"})
    with pytest.raises(ValueError, match="which control gene"):
        analyse(study)


# ------------------------------------------------------------------------------------ reach

SEEDS = range(401)
CALLS = {
    "2007": {
        "positive_quantifiable",
        "positive_not_quantifiable",
        "negative",
        "not_evaluable",
    },
    "2024": {
        "positive_quantifiable",
        "low_positive_below_range",
        "uncertain_significance",
        "negative",
        "not_evaluable",
    },
}


def test_random_studies_reach_everything():
    """Every call of each rule set, every failed gate, every flag, status and response."""
    seen: Counter[tuple[str, str]] = Counter()
    wanted = {("gate", gate) for gate in GATES}
    wanted |= {("flag", name) for name in ("signal_seen", "above_curve", "discordant_runs")}
    wanted |= {("superseded", str(value)) for value in (True, False)}
    wanted |= {("response", n) for n in ("complete", "failure", "intermediate", "not_evaluable")}
    wanted |= {("timepoint", name) for name in TIMEPOINTS} | {("status", "not_done")}
    wanted |= {("wells", size) for size in ("96", "384")} | {("multiplex", "True")}
    wanted |= {("against", name) for name in ("sample_determined", "sample_delta", "sample_range")}
    for seed in SEEDS:
        study = study_from_seed(seed)
        wanted |= {(study.rules.guideline, call) for call in CALLS[study.rules.vocabulary]}
        result = analyse(study)
        for call in result.calls:
            seen[call["guideline"], call["call"]] += 1
            seen["superseded", str(call["superseded"])] += 1
            kind = "gate" if call["call"] == "not_evaluable" else "against"
            seen.update((kind, name) for name in (call["reasons"] or "").split(";") if name)
            seen.update(("flag", name) for name in (call["flags"] or "").split(";") if name)
        for row in result.status:
            seen["response", row["response"]] += 1
            seen["status", row["status"]] += 1
            seen["timepoint", row["timepoint"]] += 1
        places = Counter((well["run_id"], well["well"]) for well in study.wells)
        seen["multiplex", str(max(places.values(), default=0) > 1)] += 1
        big = any(well["well"][0] > "H" or (len(well["well"]) > 2 and int(well["well"][1:]) > 12)
                  for well in study.wells)  # fmt: skip
        seen["wells", "384" if big else "96"] += 1
    rare = {name: seen[name] for name in sorted(wanted) if seen[name] < 3}
    assert not rare, f"reached too rarely: {rare}\nall counts: {dict(sorted(seen.items()))}"
    assert len({name for name, _ in seen if name.startswith("euromrd")}) == 3


# ------------------------------------------------------- what holds of the reference on any study

SLOW = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@SLOW
@given(study=studies())
def test_calls_follow_from_the_evidence(study):
    """Not evaluable exactly where a gate failed; levels only where quantifiable."""
    before = copy.deepcopy(study)
    result = analyse(study)
    assert study == before
    failed = {
        (row["run_id"], row["target"], row["sample_id"])
        for row in result.evidence
        if row["outcome"] == "fail" and row["criterion"] in GATES
    }
    for call in result.calls:
        run_id, target = call["run_id"], call["target"]
        stopped = {(run_id, target, None), (run_id, target, call["sample_id"])} & failed
        assert (call["call"] == "not_evaluable") == bool(stopped)
        assert (call["mrd_level"] is not None) == (call["call"] == "positive_quantifiable")
        assert (call["n_positive"] is None) == (call["call"] == "not_evaluable")
        assert call["n_determined"] <= call["n_wells"]
    assert_same(result, result.curves, result.calls, result.status)


@SLOW
@given(study=studies())
def test_order_of_wells_and_sheets_does_not_matter(study):
    result = analyse(study)
    for rows in (study.wells, study.runs, study.samples, study.assays):
        rows.reverse()
    turned = analyse(study)
    assert_same(result, turned.curves, turned.calls, turned.status)


def test_wells_of_a_study_are_distinct():
    for seed in SEEDS:
        study = study_from_seed(seed)
        names = [(well["run_id"], well["well"], well["target"]) for well in study.wells]
        assert len(names) == len(set(names))
        for well in study.wells:
            assert (well["cq"] is not None) == (well["cq_state"] == "determined")
        shared: dict[tuple[str, str], set[tuple[str, str]]] = {}
        for well in study.wells:
            shared.setdefault((well["run_id"], well["well"]), set()).add(
                (well["role"], well["sample_id"])
            )
        assert all(len(uses) == 1 for uses in shared.values())


# ------------------------------------------------------------------------------ the comparison


def test_comparison_tells_what_differs():
    result = analyse(study_of(mrd_wells((32.2, 32.3, 32.4))))
    as_text = [{**row, "superseded": "false"} for row in result.calls]
    empty = [{name: float("nan") if v is None else v for name, v in r.items()} for r in as_text]
    assert_same(result, result.curves, empty, result.status)
    wrong = [{**row, "mrd_level": row["mrd_level"] * (1 + 1e-8)} for row in result.calls]
    with pytest.raises(AssertionError, match=r"calls: R1 / P1-IGH / S1: mrd_level: expected"):
        assert_same(result, result.curves, wrong, result.status)
    assert_same(result, result.curves, wrong, result.status, ignore={"mrd_level"})
    with pytest.raises(AssertionError, match="status: no row P1 / post-C1"):
        assert_same(result, result.curves, result.calls, [])
    with pytest.raises(AssertionError, match="no column slope"):
        assert_same(
            result,
            [{k: v for k, v in row.items() if k != "slope"} for row in result.curves],
            result.calls,
            result.status,
        )
    assert result.calls[0]["mean_cq"] == fmean((32.2, 32.3, 32.4))
