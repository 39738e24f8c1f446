"""Two results compared, against a slow comparison that reads the same tables row by row.

The oracle knows nothing of ``mrdq.comparison``: the csv module, dictionaries, and the decision of
contract section 4 written down once more.
"""

from __future__ import annotations

import csv
import dataclasses
import io
import itertools
import math
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mrdq import calling, ingest, storage
from mrdq.analysis import Definitions, analyse
from mrdq.comparison import people
from mrdq.comparison.compare import Comparison, compare, groups
from mrdq.comparison.rule_sets import BOUNDS, FEEDS
from mrdq.comparison.side import Side
from mrdq.comparison.statuses import with_deciding_run
from mrdq.comparison.tables import CAUSES, DIFFERENCES, WHATS
from mrdq.comparison_stage import until
from mrdq.definitions import load_guideline, load_protocol
from mrdq.evidence import CRITERIA
from mrdq.guideline import Guideline, Parameter
from mrdq.simulate import write_example
from mrdq.status import combine
from mrdq.storage import Files
from mrdq.study import load_study
from mrdq.tables import CALLS, EVIDENCE, STATUS

RULE_SETS = (
    "euromrd-2007-therapy-reduction",
    "euromrd-2007-therapy-intensification",
    "euromrd-2024",
)
REDUCTION, INTENSIFICATION, OF_2024 = RULE_SETS
ROOT = Path(__file__).parents[2]
Rows = list[dict[str, str]]
Texts = tuple[str, str, str]
"""calls.tsv, status.tsv and evidence.tsv as they are written."""

# --- the oracle


GATES = ["ntc_clean", "background_wells", "curve_points", "curve_slope", "curve_r_squared",
         "control_gene_curve", "control_gene_wells", "control_gene_delta", "control_gene_amount", "sample_wells"]  # fmt: skip
QUANTIFIED_BY = ["sample_determined", "sample_delta", "sample_range"]
RANK = ["positive_quantifiable", "positive_not_quantifiable|low_positive_below_range",
        "uncertain_significance", "negative", "not_evaluable", "not_done"]  # fmt: skip
NUMBERS = ["mrd_level", "mrd_level_low", "mrd_level_high", "quantitative_range", "sensitivity"]


def read(text: str) -> Rows:
    header, *body = csv.reader(io.StringIO(text), delimiter="\t")
    return [dict(zip(header, row, strict=True)) for row in body]


def by_key(rows: Rows, *names: str) -> dict[tuple[str, ...], dict[str, str]]:
    return {tuple(row[name] for name in names): row for row in rows}


def called(row: Mapping[str, str]) -> str:
    return row.get("amended_call") or row["call"]


def judged(evidence: Rows) -> dict[tuple[str, ...], str]:
    return {
        (row["run_id"], row["target"], row["sample_id"], row["criterion"]): row["outcome"]
        for row in evidence
    }


def slow_criterion(key: tuple[str, ...], calls: tuple[str, str], evidence: Any) -> str:
    """The criterion at which the two decisions part, from the calls and the outcomes."""
    run, target, sample = key

    def outcome(side: int, name: str) -> str:
        of = "" if name in GATES[:5] else sample
        return str(evidence[side].get((run, target, of, name), ""))

    def of(*ranks: str) -> list[int]:
        return [side for side in (0, 1) if calls[side] in ranks]

    for word, names in (("not_evaluable", GATES), ("negative", ["positive_wells"])):
        if len(of(word)) == 1:
            (side,) = of(word)
            failed = [name for name in names if outcome(side, name) == "fail"]
            assert not any(outcome(1 - side, name) == "fail" for name in failed)
            return failed[0]
    if len(of("positive_quantifiable")) == 1:
        side = 1 - of("positive_quantifiable")[0]
        return next(name for name in QUANTIFIED_BY if outcome(side, name) != "pass")
    return "low_positive_wells"


def slow(a: Texts, b: Texts) -> tuple[set[tuple[str, ...]], dict[tuple[str, ...], str]]:
    """Every difference as (what, run, target, sample, patient, timepoint, a, b), and the criterion
    of every call and status that both sides have and that differs."""
    found: set[tuple[str, ...]] = set()
    criteria: dict[tuple[str, ...], str] = {}
    key = ("run_id", "target", "sample_id")
    calls = [by_key(read(side[0]), *key) for side in (a, b)]
    evidence = [judged(read(side[2])) for side in (a, b)]
    for name in {*calls[0], *calls[1]}:
        sides = [side.get(name) for side in calls]
        whose = next(side for side in sides if side)
        place = (*name, whose["patient_id"], whose["timepoint"])
        if not all(sides):
            found.add(("call", *place, *(called(side) if side else "" for side in sides)))
        elif called(sides[0]) != called(sides[1]):
            words = called(sides[0]), called(sides[1])
            found.add(("call", *place, *words))
            criteria["call", *name] = slow_criterion(name, words, evidence)
        elif any(sides[0][number] != sides[1][number] for number in NUMBERS):
            found.add(("level", *place))
    stat = [by_key(read(side[1]), "patient_id", "timepoint") for side in (a, b)]
    for name in {*stat[0], *stat[1]}:
        sides = [side.get(name) for side in stat]
        if not all(sides):
            found.add(
                ("status", "", "", "", *name, *(side["status"] if side else "" for side in sides))
            )
            continue
        for what in ("status", "response", "next_step"):
            if sides[0][what] != sides[1][what]:
                found.add((what, "", "", "", *name, sides[0][what], sides[1][what]))
        if sides[0]["status"] != sides[1]["status"]:
            criteria["status", *name] = slow_status(sides, calls, criteria)
        elif any(sides[0][number] != sides[1][number] for number in NUMBERS):
            found.add(("level", "", "", "", *name))
    return found, criteria


def rank(status: str) -> int:
    return next(n for n, words in enumerate(RANK) if status in words.split("|"))


def slow_status(sides: Any, calls: Any, criteria: Mapping[tuple[str, ...], str]) -> str:
    """The criterion of the deciding call that changed, that of the worse status first."""
    deciders = []
    for status, of_side in zip(sides, calls, strict=True):
        runs = [
            (status["deciding_target"], status["deciding_sample"], run)
            for (run, target, sample), row in of_side.items()
            if (target, sample) == (status["deciding_target"], status["deciding_sample"])
            and row["superseded"] == "false"
            and called(row) == status["status"]
        ]
        deciders.append((rank(status["status"]), *(min(runs) if runs else ("", "", ""))))
    for _, target, sample, run in sorted(deciders):
        if ("call", run, target, sample) in criteria:
            return criteria["call", run, target, sample]
    return ""


def fast(found: Comparison) -> tuple[set[tuple[str, ...]], dict[tuple[str, ...], str]]:
    """The same of mrdq's comparison; what only one side has carries no criterion."""
    told: set[tuple[str, ...]] = set()
    criteria: dict[tuple[str, ...], str] = {}
    for row in found.differences.to_dict("records"):
        place = tuple(row[n] for n in ("run_id", "target", "sample_id", "patient_id", "timepoint"))
        told.add((row["what"], *place, *(() if row["what"] == "level" else (row["a"], row["b"]))))
        if not (row["a"] and row["b"]):
            continue
        if row["what"] == "call":
            criteria["call", *place[:3]] = row["criterion"]
        if row["what"] == "status":
            criteria["status", *place[3:]] = row["criterion"]
    return told, criteria


# --- sides


def side(texts: Texts, *guidelines: Guideline) -> Side:
    """Tables as they are read from files."""
    schemas = until(CALLS, "flags"), until(STATUS, "deciding_sample"), EVIDENCE
    tables = [storage._parse_table(t.encode(), s) for t, s in zip(texts, schemas, strict=True)]
    return Side(*tables, {(one.id, one.hash): one for one in guidelines})


@cache
def example(name: str) -> Texts:
    """The example study under one rule set; ``""``: its own."""
    folder = example_folder()
    study = load_study(folder, guideline=name)
    files = Files(folder.parent / (name or "own"))
    storage.write_bytes(files.wells, example_wells())
    calling.call(study, files)
    calling.status(study, files)
    names = ("calls.tsv", "status.tsv", "evidence.tsv")
    return tuple(files.table(n).read_text(encoding="utf-8") for n in names)  # type: ignore[return-value]


@cache
def example_wells() -> bytes:
    return storage.parquet_bytes(ingest.read_runs(load_study(example_folder())).wells)


_EXAMPLE: list[Path] = []


def example_folder() -> Path:
    return _EXAMPLE[0]


@pytest.fixture(scope="module", autouse=True)
def _example(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("comparison") / "study"
    write_example(folder)
    _EXAMPLE[:] = [folder]
    example.cache_clear()
    example_wells.cache_clear()


@cache
def rules(name: str) -> Guideline:
    return load_guideline(name)


def known(name: str) -> list[Guideline]:
    return [rules(name)] if name else [rules(REDUCTION), rules(INTENSIFICATION)]


def compared(a: str, b: str) -> Comparison:
    """The example study under two rule sets."""
    return compare(side(example(a), *known(a)), side(example(b), *known(b)), same_wells=True)


# A random study: one patient and one MRD target per run, two samples, hit by all that can go wrong.

STANDARDS, NANOGRAMS = (1e-1, 1e-2, 1e-3, 1e-4), (600.0, 60.0, 6.0)


def random_wells(runs: int, seed: int, *, targets_per_patient: int = 1) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    rows: list[tuple[Any, ...]] = []
    for number in range(runs):
        run, target, patient = f"R{number:03d}", f"T{number:03d}", number // targets_per_patient
        good = rng.random() < 0.6
        slope = -3.4 if good else rng.choice([-3.4, -3.2, -3.6, -3.05])
        noise = 0.03 if good else rng.choice([0.1, 0.3, 0.4])
        cells: list[tuple[Any, ...]] = []

        def add(
            role: str,
            cqs: Any,
            of: str = target,
            sample: str = "",
            dilution: float = np.nan,
            ng: float = np.nan,
            to: Any = cells,
        ) -> None:
            to.extend((of, role, sample, dilution, ng, cq) for cq in cqs)

        for dilution in STANDARDS:
            mean = 22 + slope * math.log10(dilution) + rng.normal(0, noise)
            add("standard", mean + rng.normal(0, noise, rng.choice([2, 3])), dilution=dilution)
        background = 39.0 if good else rng.choice([34.0, 37.0, 40.0])
        add("background", background + 3 * rng.random(rng.choice([6, 7])))
        add("ntc", [np.nan if rng.random() < 0.9 else 34.0])
        for letter in ("A", "B"):
            sample = f"S{patient:03d}{letter}"
            cqs = rng.uniform(26, 42) + rng.normal(0, rng.choice([0.1, 0.4, 1.0]), rng.choice([3, 4]))  # fmt: skip
            add("sample", np.where(rng.random(len(cqs)) < 0.85, cqs, np.nan), sample=sample)
            amount = rng.choice([600, 600, 600, 100, 40]) * rng.uniform(0.8, 1.2)
            cq = 33 - 3.35 * math.log10(amount)
            add("sample", cq + rng.normal(0, 0.1, rng.choice([2, 3])), "ALB", sample)
        for ng in NANOGRAMS:
            cq = 33 - 3.35 * math.log10(ng)
            add("standard", cq + rng.normal(0, min(noise, 0.1), 2), "ALB", ng=ng)
        add("ntc", [np.nan], "ALB")
        rows += [(run, f"W{n}", *cell) for n, cell in enumerate(cells)]
    names = ["run_id", "well", "target", "role", "sample_id", "dilution", "quantity_ng", "cq"]
    wells = pd.DataFrame(rows, columns=names)
    wells["cq"] = wells["cq"].round(4)
    wells["cq_state"] = np.where(wells["cq"].isna(), "undetermined", "determined")
    return wells.assign(flags="", export_sha256="")


def results(
    wells: pd.DataFrame,
    guideline: Guideline,
    *,
    blasts: float = 0.9,
    nominal: float = 600.0,
    required: bool = True,
) -> Texts:
    """CALLS, STATUS and EVIDENCE of a random study as they are written."""
    targets = sorted(set(wells["target"]) - {"ALB"})
    patient = dict(zip(wells["target"], "P" + wells["sample_id"].where(wells["sample_id"] != "").groupby(wells["target"]).transform("first").fillna("").str[1:4], strict=True))  # fmt: skip
    samples = pd.DataFrame({"sample_id": sorted(set(wells["sample_id"]) - {""})}).astype(object)
    samples["patient_id"] = "P" + samples["sample_id"].str[1:4]
    samples["timepoint"] = samples["sample_id"].str[4].map({"A": "post-A1", "B": "post-C1"})
    samples["material"] = "BM"
    assays = pd.DataFrame({
        "target": [*targets, "ALB"], "kind": ["mrd"] * len(targets) + ["control_gene"],
        "patient_id": [*(patient[t] for t in targets), ""], "dna_per_well_ng": nominal,
        "blast_fraction": blasts, "control_gene": ["ALB"] * len(targets) + [""], "guideline": guideline.id,
    })  # fmt: skip
    runs = pd.DataFrame({"run_id": sorted(set(wells["run_id"])), "performed_on": ""})
    made = analyse(wells, Definitions(assays, samples, runs, {guideline.id: guideline}, required))
    calls = made.calls.assign(guideline_hash=guideline.hash)
    for name in ("patient_id", "timepoint"):
        calls[name] = calls["sample_id"].astype(object).map(dict(zip(samples["sample_id"], samples[name], strict=True)))  # fmt: skip
    first = until(CALLS, "flags").names
    calls = calls[[*first, *(name for name in calls if name not in first)]]
    protocol = load_protocol("all-mrd2019")
    of = dict.fromkeys(samples["patient_id"], protocol.id)
    status = combine(calls, samples, {protocol.id: protocol}, of, dict.fromkeys(of, guideline.id))
    status["collected_on"] = ""
    first = until(STATUS, "deciding_sample").names
    status = status[[*first, *(name for name in status if name not in first)]]
    return tuple(storage.tsv_bytes(t).decode() for t in (calls, status, made.evidence))  # type: ignore[return-value]


def under(guideline: Guideline, name: str, value: float) -> Guideline:
    """The rule set with another value of a parameter."""
    parameter = guideline.get(name) or Parameter(name, value, "cycle", "maximum")
    other = {**guideline.parameters, name: dataclasses.replace(parameter, value=value)}
    return dataclasses.replace(guideline, parameters=other)


@cache
def random_pair(seed: int) -> tuple[Comparison, Comparison, Texts, Texts]:
    """A random study before and after some of everything changed, compared both ways."""
    rng = np.random.default_rng(seed)
    wells = random_wells(16, seed, targets_per_patient=2)
    first = rules(RULE_SETS[seed % 3])
    second = rules(RULE_SETS[int(rng.integers(3))])
    second = under(second, "sample_delta_cq_maximum", float(rng.choice([1.5, 0.2])))
    moved = wells.copy()
    moved["cq"] = (moved["cq"] + rng.choice([0] * 28 + [2.0, -1.0], len(moved))).round(4)
    if seed % 2:
        moved = moved[moved["run_id"] != "R003"]
    a, b = results(wells, first), results(moved if seed % 4 else wells, second)
    sides = side(a, first), side(b, second)
    same = not seed % 4
    return compare(*sides, same_wells=same), compare(*sides[::-1], same_wells=same), a, b


# --- against the oracle


PAIRS = [*itertools.combinations(RULE_SETS, 2), ("", OF_2024), (OF_2024, OF_2024)]


@pytest.mark.parametrize(("a", "b"), PAIRS)
def test_the_example_under_pairs_of_rule_sets_agrees_with_the_slow_comparison(a: str, b: str) -> None:  # fmt: skip
    found = compared(a, b)
    assert fast(found) == slow(example(a), example(b))
    assert (len(found.differences) == 0) == (a == b)


@pytest.mark.parametrize("seed", range(5))
def test_random_studies_agree_with_the_slow_comparison(seed: int) -> None:
    there, back, a, b = random_pair(seed)
    assert fast(there) == slow(a, b)
    assert fast(back) == slow(b, a)
    assert len(there.differences)


def test_the_random_studies_hold_many_kinds_of_change() -> None:
    parts = [random_pair(seed)[0].differences for seed in range(5)]
    all_of = pd.concat(parts)
    assert set(all_of["what"]) == set(WHATS)
    assert {"rule_set", "other_calls", "inputs", "only_a", "number"} <= set(all_of["cause"])
    assert "unexplained" not in set(all_of["cause"])
    assert len(set(all_of["criterion"])) > 5


# --- laws


def swapped(row: dict[str, Any]) -> tuple[Any, ...]:
    """A row of B → A as the row of A → B has to be."""
    other = {"only_a": "only_b", "only_b": "only_a"}
    told = {name: row[f"{name[:-1]}{'ab'['ba'.index(name[-1])]}"] for name in row if name.endswith(("_a", "_b"))}  # fmt: skip
    turned = "; ".join(re.sub(r"(\S+) → (\S+)$", r"\2 → \1", part) for part in row["parameters"].split("; "))  # fmt: skip
    detail = " → ".join(reversed(row["detail"].split(" → ")))
    new = {**row, **told, "a": row["b"], "b": row["a"], "cause": other.get(row["cause"], row["cause"]),
           "parameters": turned, "detail": detail}  # fmt: skip
    return shown(new)


def shown(row: dict[str, Any]) -> tuple[Any, ...]:
    return tuple("" if value != value else value for name, value in row.items() if name != "relative_change")  # fmt: skip


def records(found: Comparison) -> list[dict[str, Any]]:
    return [{str(k): v for k, v in row.items()} for row in found.differences.to_dict("records")]


@pytest.mark.parametrize("seed", range(5))
def test_from_b_to_a_is_from_a_to_b_with_the_sides_swapped(seed: int) -> None:
    there, back, _, _ = random_pair(seed)
    assert {shown(row) for row in records(there)} == {swapped(row) for row in records(back)}
    moved = there.differences["relative_change"].dropna() + 1
    turned = back.differences["relative_change"].dropna() + 1
    assert sorted(1 / moved) == pytest.approx(sorted(turned))
    assert (there.only_a, there.only_b) == (back.only_b, back.only_a)


@pytest.mark.parametrize("seed", range(2))
def test_a_result_does_not_differ_from_itself(seed: int) -> None:
    text = results(random_wells(6, seed), rules(REDUCTION))
    for same_wells in (True, False):
        found = compare(side(text), side(text), same_wells=same_wells)
        assert len(found.differences) == 0
        assert not any(found.others.values())
        assert (found.tally["a"] == found.tally["b"]).all()


@pytest.mark.parametrize("seed", range(5))
def test_every_difference_stands_in_exactly_one_group(seed: int) -> None:
    found = random_pair(seed)[0]
    places = [place for group in groups(found.differences) for place in group.rows.index]
    assert sorted(places) == list(found.differences.index)
    for group in groups(found.differences):
        assert sum(group.counts.values()) == len(group.rows)
        assert group.cause in CAUSES
        assert set(group.rows["criterion"]) == {group.criterion}


def test_the_order_of_the_rows_does_not_matter() -> None:
    _, _, a, b = random_pair(5)
    turned = tuple("\n".join([t.splitlines()[0], *reversed(t.splitlines()[1:])]) + "\n" for t in a)
    one = compare(side(a), side(b), same_wells=False).differences
    other = compare(side(turned), side(b), same_wells=False).differences  # type: ignore[arg-type]
    pd.testing.assert_frame_equal(one, other)


def test_the_tally_counts_what_both_have() -> None:
    found = compared(REDUCTION, OF_2024)
    counts = {(r.what, r.a, r.b): r.n for r in found.tally.itertuples()}
    of_calls = [(called(x), called(y)) for x, y in zip(read(example(REDUCTION)[0]), read(example(OF_2024)[0]), strict=True)]  # fmt: skip
    assert {key[1:]: n for key, n in counts.items() if key[0] == "call"} == {
        pair: of_calls.count(pair) for pair in of_calls
    }
    assert found.both == {"call": len(of_calls), "status": len(read(example(OF_2024)[1]))}


# --- what explains it

# Parameter -> another value; each makes some calls of the random study differ.
OTHER = {
    "background_wells_minimum": 7, "standard_wells_minimum": 3, "standard_delta_cq_maximum": 0.3,
    "standard_background_distance_minimum": 6, "standard_step_fold": 10_000, "standard_step_minimum": 3.35,
    "standard_step_maximum": 3.45, "curve_points_minimum": 4, "curve_slope_minimum": -3.45,
    "curve_slope_maximum": -3.35, "curve_r_squared_minimum": 0.998, "sensitivity_background_distance_minimum": 5,
    "sensitivity_intercept_distance_maximum": 9, "positive_background_distance_minimum": 3,
    "positive_sensitivity_distance_maximum": 0, "positive_wells_minimum": 2, "low_positive_wells_minimum": 3,
    "sample_wells_minimum": 4, "sample_delta_cq_maximum": 0.2, "control_gene_wells_minimum": 3,
    "control_gene_delta_cq_maximum": 0.05, "control_gene_amount_minimum": 0.9, "maximum_cq": 33.0,
}  # fmt: skip


@cache
def population() -> pd.DataFrame:
    return random_wells(100, 7)


@cache
def before_the_change() -> Texts:
    return results(population(), rules(OF_2024))


@pytest.mark.parametrize("name", OTHER)
def test_one_number_of_a_rule_set_is_named_for_every_call_that_it_changes(name: str) -> None:
    before = rules(OF_2024)
    after = under(before, name, OTHER[name])
    a, b = before_the_change(), results(population(), after)
    found = compare(side(a, before), side(b, after), same_wells=True).differences
    calls = found[found["what"] == "call"]
    assert len(calls), "the number changes nothing here: choose another"
    assert set(calls["cause"]) == {"rule_set"}
    then = before.get(name)
    assert set(calls["parameters"]) == {f"{name} {then.value if then else 'none':g} → {OTHER[name]:g}".replace("'none'", "none")} if then else {f"{name} none → {OTHER[name]:g}"}  # fmt: skip
    # The evidence moves only where the table of parameters says that it may.
    rows = [{(r["run_id"], r["target"], r["sample_id"], r["criterion"]): r for r in read(t[2])} for t in (a, b)]  # fmt: skip
    moved = {
        key[3]
        for key, row in rows[0].items()
        if "not_applicable" not in (row["outcome"], rows[1][key]["outcome"])
        and any(row[n] != rows[1][key][n] for n in ("value", "minimum", "maximum", "outcome"))
    }
    assert moved <= {c for c in CRITERIA if name in BOUNDS[c] + FEEDS[c]}


def test_every_parameter_but_the_interval_acts_on_a_criterion() -> None:
    acting = {name for table in (BOUNDS, FEEDS) for names in table.values() for name in names}
    assert (
        acting == {*rules(OF_2024).parameters, "maximum_cq"} - {"interval_confidence"} == set(OTHER)
    )
    assert list(BOUNDS) == list(FEEDS) == list(CRITERIA)


def test_a_bound_that_is_no_longer_inclusive_is_a_change() -> None:
    before = rules(REDUCTION)
    parameter = dataclasses.replace(before["sample_wells_minimum"], inclusive=False)
    after = dataclasses.replace(before, parameters={**before.parameters, parameter.name: parameter})
    a, b = results(population(), before), results(population(), after)
    found = compare(side(a, before), side(b, after), same_wells=True).differences
    told = found[found["what"] == "call"]
    assert set(told["parameters"]) == {"sample_wells_minimum 3 → 3(exclusive)"}


def causes(found: Comparison, what: str = "call") -> set[str]:
    return set(found.differences.loc[found.differences["what"] == what, "cause"])


def test_under_one_rule_set_the_inputs_explain_it() -> None:
    wells = random_wells(20, 3)
    moved = wells.assign(
        cq=(wells["cq"] + np.where(np.arange(len(wells)) % 7 == 0, 1.7, 0)).round(4)
    )
    one = rules(REDUCTION)
    found = compare(
        side(results(wells, one), one), side(results(moved, one), one), same_wells=False
    )
    assert causes(found) == {"inputs"}
    assert set(found.differences["parameters"]) == {""}
    calls = found.differences[found.differences["what"] == "call"]
    assert (calls["outcome_a"] != calls["outcome_b"]).all()
    assert (calls["criterion"] != "").all()


def test_other_inputs_and_other_numbers_cannot_be_told_apart_but_by_the_bound() -> None:
    wells = population()
    moved = wells.assign(
        cq=(wells["cq"] + np.where(np.arange(len(wells)) % 19 == 0, 1.2, 0)).round(4)
    )
    before = rules(REDUCTION)
    after = under(before, "sample_delta_cq_maximum", 0.2)
    a, b = results(wells, before), results(moved, after)
    found = compare(side(a, before), side(b, after), same_wells=False).differences
    by_delta = found[(found["what"] == "call") & (found["criterion"] == "sample_delta")]
    same_value = by_delta["value_a"] == by_delta["value_b"]
    assert set(by_delta.loc[same_value, "cause"]) == {"rule_set"}
    assert set(by_delta.loc[~same_value, "cause"]) == {"rule_set_or_inputs"}
    elsewhere = found[(found["what"] == "call") & (found["criterion"] != "sample_delta")]
    assert set(elsewhere["cause"]) == {"inputs"}  # no number that acts there differs


def test_another_amount_of_the_sheet_is_an_input_though_the_wells_are_the_same() -> None:
    before = rules(REDUCTION)
    after = under(before, "control_gene_amount_minimum", 0.2)
    wells = population()
    a, b = results(wells, before), results(wells, after, nominal=300.0)
    found = compare(side(a, before), side(b, after), same_wells=True)
    calls = found.differences[found.differences["what"] == "call"]
    assert set(calls.loc[calls["criterion"] == "control_gene_amount", "cause"]) <= {
        "rule_set_or_inputs"
    }
    assert "rule_set" not in set(calls["cause"])


def test_whether_a_control_gene_is_asked_for_is_never_the_rule_set_s() -> None:
    wells = population()
    wells = wells[~((wells["target"] == "ALB") & (wells["role"] == "sample"))]
    before = rules(REDUCTION)
    after = under(before, "control_gene_wells_minimum", 2)
    a, b = results(wells, before), results(wells, after, required=False)
    found = compare(side(a, before), side(b, after), same_wells=True)
    calls = found.differences[found.differences["what"] == "call"]
    assert set(calls["criterion"]) == {"control_gene_wells"}
    assert set(calls["cause"]) == {"inputs"}


def test_a_rule_set_that_is_not_at_hand_is_never_said_to_explain_it() -> None:
    before, after = rules(REDUCTION), rules(INTENSIFICATION)
    texts = results(population(), before), results(population(), after)
    found = compare(side(texts[0], before), side(texts[1]), same_wells=True)
    assert causes(found) == {"rule_set_or_inputs"}
    assert set(found.differences["parameters"]) == {""}


def test_the_classes_below_the_range_are_never_translated() -> None:
    found = compared(INTENSIFICATION, OF_2024).differences
    split = found[(found["what"] == "call") & (found["a"] == "positive_not_quantifiable")]
    assert len(split)
    assert set(split["cause"]) == {"other_calls"}
    assert set(split["parameters"]) == {
        "calls positive_not_quantifiable → low_positive_below_range,uncertain_significance"
    }
    late = found[(found["what"] == "call") & (found["a"] == "negative")]
    assert set(late["parameters"]) == {"positive_background_distance_minimum 3 → 1"}


# --- tables changed by hand


def edited(texts: Texts, table: int, change: Any) -> Texts:
    """The tables with the rows of one of them changed."""
    rows = change(read(texts[table]))
    out = io.StringIO()
    writer = csv.DictWriter(out, rows[0], delimiter="\t", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return (*texts[:table], out.getvalue(), *texts[table + 1 :])  # type: ignore[return-value]


@cache
def plain(seed: int = 1) -> Texts:
    return results(random_wells(6, seed), rules(REDUCTION))


def one_difference(a: Texts, b: Texts, what: str) -> dict[str, Any]:
    found = compare(side(a, rules(REDUCTION)), side(b, rules(REDUCTION)), same_wells=True)
    (row,) = [row for row in records(found) if row["what"] == what]
    return row


def setting(place: int, **cells: str) -> Any:
    def change(rows: Rows) -> Rows:
        return [{**row, **(cells if n == place else {})} for n, row in enumerate(rows)]

    return change


def test_a_call_that_the_evidence_does_not_give_is_named_as_such() -> None:
    texts = plain()
    row = next(n for n, row in enumerate(read(texts[0])) if row["call"] == "not_evaluable")
    spoiled = edited(texts, 0, setting(row, call="negative"))
    assert one_difference(texts, spoiled, "call")["cause"] == "unexplained"
    of = read(spoiled[0])[row]
    key = (of["run_id"], of["target"], of["sample_id"])

    def passed(rows: Rows) -> Rows:
        return [{**r, "outcome": "pass"} if (r["run_id"], r["target"]) == key[:2] and r["sample_id"] in ("", key[2]) else r for r in rows]  # fmt: skip

    # The decisions part at a gate, and still the evidence gives another call than the table.
    found = one_difference(texts, edited(spoiled, 2, passed), "call")
    assert (found["cause"], found["criterion"], found["outcome_b"]) == ("unexplained", "", "")
    without = (*texts[:2], texts[2].partition("\n")[0] + "\n")
    assert one_difference(texts, edited(without, 0, setting(row, call="negative")), "call")["cause"] == "unexplained"  # fmt: skip


def amended(
    texts: Texts, place: int, call: str, who: str = "row 2: operator A 2024-01-01: why"
) -> Texts:
    """A person's call of one row, in a table with or without the columns of amendments."""

    def change(rows: Rows) -> Rows:
        blank = {"automatic_call": "", "amended_call": "", "amended": "false", "amendment": ""}
        full = [{**row, **{k: v for k, v in blank.items() if k not in row}} for row in rows]
        full[place] |= {"amended_call": call, "amended": "true", "amendment": who}
        return full

    return edited(texts, 0, change)


def without_amendments(texts: Texts) -> Texts:
    """The tables as an earlier version wrote them."""
    drop = ("amend", "automatic_", "retracted")
    for table in (0, 1):
        texts = edited(texts, table, lambda rows: [{k: v for k, v in row.items() if not k.startswith(drop) or (k == "amended" and "status" in row)} for row in rows])  # fmt: skip
    return texts


@pytest.mark.parametrize("earlier", [False, True])
def test_a_persons_call_counts_and_is_named(earlier: bool) -> None:
    texts = without_amendments(plain()) if earlier else plain()
    calls = read(texts[0])
    row = next(n for n, row in enumerate(calls) if row["call"] != "negative")
    by_person = amended(texts, row, "negative")
    found = one_difference(texts, by_person, "call")
    assert (found["a"], found["b"]) == (calls[row]["call"], "negative")
    assert (found["cause"], found["criterion"]) == ("amended", "")
    assert one_difference(by_person, texts, "call")["cause"] == "amended"


def test_the_same_amendment_on_both_sides_is_no_difference_though_its_row_moved() -> None:
    texts = plain()
    a = amended(texts, 0, "negative")
    b = amended(texts, 0, "negative", "row 7: operator A 2024-01-01: why")
    assert len(compare(side(a), side(b), same_wells=True).differences) == 0


def test_two_persons_calls_that_differ_are_named() -> None:
    texts = plain()
    a, b = amended(texts, 0, "negative"), amended(texts, 0, "not_evaluable")
    assert one_difference(a, b, "call")["cause"] == "amended"


def test_a_row_of_the_amendments_sheet_may_move_without_being_the_cause() -> None:
    wells = random_wells(20, 3)
    moved = wells.assign(
        cq=(wells["cq"] + np.where(np.arange(len(wells)) % 7 == 0, 1.7, 0)).round(4)
    )
    one = rules(REDUCTION)
    texts = [results(wells, one), results(moved, one)]
    for n, row in enumerate(("row 2: ", "row 9: ")):
        cells = {"amended": "true", "amendment": f"{row}operator A 2024-01-01: bubble"}
        texts[n] = edited(texts[n], 0, lambda rows, c=cells: [{**r, **c} for r in rows])
    found = compare(side(texts[0], one), side(texts[1], one), same_wells=False)
    assert causes(found) == {"inputs"}


def test_an_amendment_that_left_wells_out_is_named_with_the_criterion() -> None:
    wells = random_wells(20, 3)
    left = wells[
        ~((wells["role"] == "sample") & (wells["target"] != "ALB") & (wells.index % 3 == 0))
    ]
    one = rules(REDUCTION)
    a, b = results(wells, one), results(left, one)
    b = edited(b, 0, lambda rows: [{**row, "amended": "true", "amendment": "row 2: operator A 2024-01-01: bubble"} for row in rows])  # fmt: skip
    found = compare(side(a, one), side(b, one), same_wells=False)
    assert causes(found) == {"amended"}
    assert "sample_wells" in set(found.differences["criterion"])
    assert {group.amendment for group in groups(found.differences) if group.cause == "amended"} == {
        "in B: wells left out (operator A 2024-01-01: bubble)"}  # fmt: skip


def test_what_people_did_is_told_as_far_as_the_table_says_it() -> None:
    """An amendment of a call alone is what that call shows; of a call beside, only if it is the same."""
    calls = pd.DataFrame(
        [("R8", True, "", "row 2: B x: old"), ("R9", False, "negative", "row 3: A y: note"),
         ("R7", True, "", "row 4: B x: old | row 5: B z: wet"), ("R1", False, "", "")],
        columns=["run_id", "retracted", "person", "amendment"],
    )  # fmt: skip
    expected = {
        "": "",
        "row 2: B x: old": "run R8 retracted (B x: old)",
        "row 3: A y: note": "a person's call (A y: note)",
        "row 4: B x: old | row 5: B z: wet": "run R7 retracted (B x: old | B z: wet)",
        "row 5: B z: wet": "what it rests on was amended (B z: wet)",
        "row 2: B x: old | row 6: B q: drop": "what it rests on was amended (B x: old | B q: drop)",
        "row 6: B q: drop": "wells left out (B q: drop)",
    }
    assert list(people.in_words(calls, pd.Series(list(expected)))) == list(expected.values())
    both = people.of_both(pd.Series(["x", "", None]), pd.Series(["y", "z", None]))
    assert list(both) == ["in A: x; in B: y", "in B: z", ""]


def test_calls_and_statuses_of_one_side_are_told_once() -> None:
    wells = random_wells(4, 2)
    one = rules(REDUCTION)
    a, b = results(wells, one), results(wells[wells["run_id"] != "R001"], one)
    found = compare(side(a, one), side(b, one), same_wells=False)
    assert found.only_a == {"call": 2, "status": 2}
    assert found.only_b == {"call": 0, "status": 0}
    assert {(row["what"], row["cause"], row["b"]) for row in records(found)} == {
        ("call", "only_a", ""), ("status", "only_a", "")}  # fmt: skip


def test_levels_and_limits_are_a_group_of_their_own_with_the_largest_change_first() -> None:
    wells, one = random_wells(20, 3), rules(REDUCTION)
    a, b = results(wells, one, blasts=0.8), results(wells, one, blasts=0.9)
    last = max(n for n, row in enumerate(read(b[0])) if row["mrd_level"])
    b = edited(b, 0, setting(last, mrd_level="1e-9"))
    found = compare(side(a, one), side(b, one), same_wells=True)
    numbers = [group for group in groups(found.differences) if group.cause == "number"]
    (group,) = numbers
    assert group is not None
    assert group.largest_change == group.rows["relative_change"].iloc[0] < -0.99
    assert group.rows["relative_change"].iloc[1] == pytest.approx(0.125)
    assert group.rows["detail"].str.startswith("mrd_level").all()
    fold = np.abs(np.log1p(group.rows["relative_change"].to_numpy(dtype=float)))
    assert (np.diff(fold) <= 1e-12).all()
    levels = {(r["run_id"], r["target"], r["sample_id"]): r["mrd_level"] for r in read(a[0])}
    names = group.rows["detail"].str.partition(";")[0]
    of_calls = group.rows[(group.rows["run_id"] != "") & (names == "mrd_level")]
    assert len(of_calls)
    for row in of_calls.to_dict("records"):
        assert row["a"] == levels[row["run_id"], row["target"], row["sample_id"]]


def test_a_limit_that_one_side_lacks_differs_without_a_relative_change() -> None:
    texts = plain()
    row = next(n for n, row in enumerate(read(texts[0])) if row["sensitivity"])
    found = one_difference(texts, edited(texts, 0, setting(row, sensitivity="")), "level")
    assert (found["b"], found["detail"], math.isnan(found["relative_change"])) == (
        "",
        "sensitivity",
        True,
    )


def test_a_response_that_a_limit_carries_over_a_bound_of_the_protocol() -> None:
    texts = results(random_wells(30, 1), rules(REDUCTION))
    row = next(n for n, row in enumerate(read(texts[1])) if row["response"] == "complete")
    moved = edited(texts, 1, setting(row, response="intermediate", sensitivity="0.5"))
    found = one_difference(texts, moved, "response")
    assert (found["cause"], found["detail"], found["value_b"]) == (
        "across_a_limit",
        "sensitivity",
        0.5,
    )
    other = edited(texts, 1, setting(row, next_step="something else", protocol="all-mrd2023"))
    found = one_difference(texts, other, "next_step")
    assert (found["cause"], found["detail"]) == ("protocol", "all-mrd2019 → all-mrd2023")
    same = edited(texts, 1, setting(row, next_step="something else"))
    assert one_difference(texts, same, "next_step")["cause"] == "protocol"


def test_another_call_decides_though_none_changed() -> None:
    texts = results(random_wells(8, 1, targets_per_patient=2), rules(REDUCTION))
    found = None
    for n, row in enumerate(read(texts[1])):
        of = [c for c in read(texts[0]) if (c["patient_id"], c["timepoint"]) == (row["patient_id"], row["timepoint"])]  # fmt: skip
        other = [c for c in of if c["call"] != row["status"]]
        if other and row["status"] != "not_done":
            chosen = {"status": other[0]["call"], "deciding_target": other[0]["target"], "deciding_sample": other[0]["sample_id"]}  # fmt: skip
            found = one_difference(texts, edited(texts, 1, setting(n, **chosen)), "status")
            assert found["cause"] == "another_decides"
            assert f"{row['deciding_target']}, " in found["detail"].partition(" → ")[0]
            assert f"{other[0]['target']}, " in found["detail"].partition(" → ")[2]
    assert found is not None


def test_a_later_run_that_failed_does_not_hide_the_call_that_decided() -> None:
    """It supersedes nothing; here its name comes first in the order of text."""
    texts = plain()
    row = next(r for r in read(texts[1]) if r["status"] not in ("not_evaluable", "not_done"))
    key = {"target": row["deciding_target"], "sample_id": row["deciding_sample"]}

    def with_failed(rows: Rows) -> Rows:
        decided = next(r for r in rows if {**r, **key} == r)
        return [{**decided, "run_id": "A", "call": "not_evaluable"}, *rows]

    status = with_deciding_run(side(edited(texts, 0, with_failed)))
    assert status["deciding_run"].notna().all()
    assert "A" not in set(status["deciding_run"])


def test_what_is_not_compared_is_counted() -> None:
    texts = plain()
    other = edited(edited(texts, 0, setting(0, flags="look")), 1, setting(1, flags="look"))
    found = compare(side(texts), side(other), same_wells=True)
    assert len(found.differences) == 0
    assert found.others == {"call": {"flags": 1}, "status": {"flags": 1}}


def test_a_patient_who_is_another_one_is_shown_with_both_names() -> None:
    texts = plain()
    row = next(n for n, row in enumerate(read(texts[0])) if row["sensitivity"])
    other = edited(texts, 0, setting(row, patient_id="P-NEW", sensitivity="0.5"))
    found = one_difference(texts, other, "level")
    assert found["patient_id"] == f"{read(texts[0])[row]['patient_id']} → P-NEW"


def test_empty_results_are_the_same() -> None:
    header: Texts = tuple(text.partition("\n")[0] + "\n" for text in plain())  # type: ignore[assignment]
    found = compare(side(header), side(header), same_wells=True)
    assert len(found.differences) == 0
    assert groups(found.differences) == []


def test_a_key_that_is_not_unique_is_a_bug() -> None:
    texts = plain()
    twice = edited(texts, 0, lambda rows: [rows[0], *rows])
    with pytest.raises(ValueError, match="unique"):
        compare(side(twice), side(texts), same_wells=True)


# --- the table and its page in the docs


def test_every_column_and_cause_is_documented() -> None:
    page = (ROOT / "docs" / "diff.md").read_text(encoding="utf-8")
    assert [n for n in (*DIFFERENCES.names, *CAUSES) if f"`{n}`" not in page] == []
    lines = {line.split("|")[1].strip(" `"): line for line in page.splitlines() if line.startswith("| `")}  # fmt: skip
    for column in DIFFERENCES.columns:
        assert column.doc in lines[column.name]
    for cause, meaning in CAUSES.items():
        assert meaning in lines[cause]
