"""The straight line from WELLS to CALLS, for all runs at once.

WELLS → curves and limits → DNA amounts → levels → EVIDENCE → CALLS.  Pure: tables and
definitions in, tables out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mrdq import vocabulary as words
from mrdq.call import Decision, decide
from mrdq.control_gene import DnaAmount, Subjects, measure_dna
from mrdq.curve import Curves, Standards, fit_curves
from mrdq.evidence import CRITERIA, SampleMeasures, evaluate
from mrdq.guideline import TOLERANCE, Guideline
from mrdq.quantity import Reading, ratio, read_back
from mrdq.tables import BESIDE
from mrdq.wells import Bools, Floats, Ints, Wells, codes, groups, index_wells, named, replicates

FLAG_ORDER = tuple(words.FLAGS)
_EVALUABLE = np.array([call != words.NOT_EVALUABLE for call in words.CALLS])
_LIMITED = words.CALLS.index(words.POSITIVE_QUANTIFIABLE)

Subject = tuple[str, str, str]
"""Run, target and sample of a call."""


@dataclass(frozen=True, slots=True)
class Definitions:
    """What the sheets define, as tables for joining.

    ``assays``: ``target kind patient_id dna_per_well_ng control_gene blast_fraction guideline``
    (``control_gene`` resolved, "" for none).  ``samples``: ``sample_id patient_id timepoint``.
    ``runs``: ``run_id performed_on``.
    """

    assays: pd.DataFrame
    samples: pd.DataFrame
    runs: pd.DataFrame
    guidelines: Mapping[str, Guideline]
    control_gene_required: bool


@dataclass(frozen=True, slots=True)
class Tables:
    """The tables CURVES, CALLS, EVIDENCE (contract section 7) and STANDARDS (the walk)."""

    curves: pd.DataFrame
    calls: pd.DataFrame
    evidence: pd.DataFrame
    standards: pd.DataFrame


def analyse(
    wells: pd.DataFrame, definitions: Definitions, people: Mapping[Subject, str] | None = None
) -> Tables:
    """Call every sample of every run under the rule set of its assay.

    ``wells`` has the columns of ``wells.parquet``.  The result does not depend on the order of
    its rows; the tables are sorted by their keys.  ``people``: calls of persons, which count in the
    place of the engine's where runs are compared (``superseded`` and flags); ``call`` and every
    number stay the engine's.
    """
    text = {
        name: _sorted_categories(wells[name])
        for name in ("run_id", "target", "role", "sample_id", "cq_state")
    }
    numbers = {
        name: wells[name].to_numpy(dtype=float) for name in ("dilution", "quantity_ng", "cq")
    }
    wells = pd.DataFrame({**text, **numbers}, copy=False)
    assays = definitions.assays
    control_genes = frozenset(assays.loc[assays["kind"] == words.CONTROL_GENE, "target"])
    parts = []
    for name, guideline in definitions.guidelines.items():
        targets = control_genes | set(assays.loc[assays["guideline"] == name, "target"])
        member = wells["target"].cat.categories.isin(list(targets))
        mask = member[wells["target"].cat.codes]
        mine = wells if mask.all() else wells[mask]
        parts.append(_analyse_under(mine, guideline, control_genes, definitions, people or {}))
    if len(parts) == 1:
        return parts[0]
    return _join(parts, control_genes)


def _sorted_categories(column: pd.Series[str]) -> pd.Categorical[str]:
    code, names = codes(column)
    return named(code, names)


def _join(parts: list[Tables], control_genes: frozenset[str]) -> Tables:
    """Tables of several rule sets as one; a control gene's rows that agree are kept once."""
    joined = {}
    for name in ("curves", "calls", "evidence", "standards"):
        table = pd.concat([getattr(part, name) for part in parts], ignore_index=True)
        shared = table["target"].isin(control_genes).to_numpy()
        if name == "calls" or not shared.any():
            joined[name] = table
            continue
        # Rule sets that judge the control gene alike share its rows; others have rows of their own.
        text = table[shared].astype({"guideline": object})
        values = [column for column in table if column != "guideline"]
        rows = text.groupby(values, dropna=False, observed=True, sort=False)["guideline"]
        joined[name] = pd.concat(
            [table[~shared], rows.agg(";".join).reset_index()[list(table)]], ignore_index=True
        )
    keys = {"curves": ["run_id", "target", "guideline"], "calls": ["run_id", "target", "sample_id"],
            "evidence": ["run_id", "target", "sample_id", "criterion", "guideline"]}  # fmt: skip
    for name, key in keys.items():
        joined[name] = joined[name].sort_values(key, kind="stable", ignore_index=True)
    joined["standards"] = joined["standards"].sort_values(
        ["run_id", "target", "dose"],
        ascending=[True, True, False],
        kind="stable",
        ignore_index=True,
    )
    return Tables(**joined)


def _analyse_under(
    table: pd.DataFrame,
    guideline: Guideline,
    control_genes: frozenset[str],
    definitions: Definitions,
    people: Mapping[Subject, str],
) -> Tables:
    wells = index_wells(table, control_genes, guideline)
    curves, standards = fit_curves(wells, guideline)
    assays = definitions.assays.set_index("target").reindex(wells.targets)
    gene_names = assays["control_gene"].fillna("").to_numpy(dtype=object)
    gene_of = _code_of(gene_names, wells.targets)
    rank = _run_rank(wells, definitions.runs)

    everyone, positive, seen, omitted = _subjects(wells, curves, guideline)
    is_control = wells.is_control_gene[everyone.unit]
    mine, controls = np.flatnonzero(~is_control & (everyone.sample > 0)), np.flatnonzero(is_control)
    subjects, n_positive = _pick(everyone, mine), positive[mine]
    target = wells.unit_target[subjects.unit]
    nominal = assays["dna_per_well_ng"].to_numpy(dtype=float)[target]
    blasts = assays["blast_fraction"].fillna(1.0).to_numpy(dtype=float)[target]
    dna = measure_dna(wells, curves, guideline, subjects, _pick(everyone, controls), gene_of[target], nominal, rank,
                      required=definitions.control_gene_required)  # fmt: skip
    raw = read_back(curves, subjects.unit, subjects.wells, guideline["interval_confidence"].value)
    level, low, high = _levels(raw, dna, nominal, blasts)
    with np.errstate(invalid="ignore"):
        worse = np.maximum(1.0, dna.factor)
    measures = SampleMeasures(
        n_positive, level / blasts, curves.quantitative_range[subjects.unit] * worse,
        curves.sensitivity[subjects.unit] * worse,
    )  # fmt: skip
    evidence = evaluate(wells, curves, subjects, dna, measures, nominal, guideline)
    unit_key = wells.unit_run[subjects.unit] * len(wells.targets) + target
    decision = decide(evidence, unit_key, subjects.sample, len(wells.targets), guideline.calls)
    counting = _counting(wells, subjects, decision.call, people)
    superseded, discordant = _supersede(wells, subjects, counting, rank)
    above = raw.log10 > np.log10(curves.highest_dose[subjects.unit]) + TOLERANCE / np.log(10)
    evaluable = _EVALUABLE[counting]
    gene_ntc = np.where(dna.unit >= 0, np.append(curves.n_ntc_determined, 0)[dna.unit], 0) > 0
    other_run = (dna.unit >= 0) & (
        wells.unit_run[np.maximum(dna.unit, 0)] != wells.unit_run[subjects.unit]
    )
    flags = {
        "signal_seen": ~evaluable & seen[mine],
        "above_curve": (counting == _LIMITED) & above,
        "discordant_runs": discordant,
        "control_gene_ntc_signal": gene_ntc,
        "control_gene_other_run": other_run,
        "no_sensitivity": evaluable & np.isnan(curves.sensitivity[subjects.unit]),
        "wells_omitted": omitted[mine],
    }
    calls = _calls_table(
        wells, subjects, decision, dna, measures, (level, low, high), guideline, superseded, flags
    )
    return Tables(
        _curves_table(wells, curves, guideline),
        calls,
        evidence,
        _standards_table(wells, standards, guideline),
    )


def _code_of(names: NDArray[np.object_], within: NDArray[np.object_]) -> Ints:
    """Code of each name within a sorted array of names; -1 where it is not there."""
    return pd.Index(within).get_indexer(pd.Index(names)).astype(np.int64)


def _run_rank(wells: Wells, runs: pd.DataFrame) -> Ints:
    """Place of every run in the order of ``performed_on`` (empty = earliest), then ``run_id``."""
    performed = (
        runs.set_index("run_id")["performed_on"]
        .reindex(wells.runs)
        .fillna("")
        .to_numpy(dtype=object)
    )
    order = np.lexsort((np.arange(len(wells.runs)), performed.astype(str)))
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    return rank


def _subjects(
    wells: Wells, curves: Curves, guideline: Guideline
) -> tuple[Subjects, Floats, Bools, Bools]:
    """Every sample of every unit: its replicates, its positive wells (definition 10), whether a
    well would be positive by the background alone, and whether wells were left out."""
    row = np.flatnonzero(wells.follow_up)
    pair = wells.unit[row] * len(wells.samples) + wells.sample[row]
    order = np.lexsort((wells.cq[row], pair))
    row, pair = row[order], pair[order]
    group = groups(np.asarray(pair != np.roll(pair, 1)))
    unit, cq, present = wells.unit[row], wells.cq[row], wells.present[row]
    described = replicates(cq, present, group)
    background = guideline["positive_background_distance_minimum"]
    near = guideline["positive_sensitivity_distance_maximum"]
    lowest, highest = curves.lowest_background[unit], curves.sensitivity_cq[unit]
    with np.errstate(invalid="ignore"):
        seen = ~np.isnan(cq) & (np.isnan(lowest) | background.met_by(lowest - cq))
        positive = seen & (np.isnan(highest) | near.met_by(cq - highest))
    first = group.start
    subjects = Subjects(unit[first], wells.sample[row][first], described)
    return subjects, group.sum(positive), group.any(seen), group.any(~present)


def _pick(subjects: Subjects, rows: Ints) -> Subjects:
    wells = subjects.wells
    picked = type(wells)(*(getattr(wells, name)[rows] for name in wells.__slots__))
    return Subjects(subjects.unit[rows], subjects.sample[rows], picked)


def _levels(
    raw: Reading, dna: DnaAmount, nominal: Floats, blasts: Floats
) -> tuple[Floats, Floats, Floats]:
    """Definition 11: level = 10^x × F × blast fraction, with its interval; F = 1 adds no width."""
    corrected = ratio(raw, dna.reading)
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        shift = np.where(dna.asked, np.log10(nominal), 0.0) + np.log10(blasts)
        ends = [
            10.0 ** (np.where(dna.asked, getattr(corrected, name), getattr(raw, name)) + shift)
            for name in ("log10", "low", "high")
        ]
    return ends[0], ends[1], ends[2]


def _counting(
    wells: Wells, subjects: Subjects, call: NDArray[np.int8], people: Mapping[Subject, str]
) -> NDArray[np.int8]:
    """The call that counts of each subject (code): a person's, else the engine's."""
    if not people:
        return call
    run, target, sample = (np.array(names, dtype=object) for names in zip(*people, strict=True))
    sizes = (len(wells.targets), len(wells.samples))
    codes_of = [
        _code_of(run, wells.runs),
        _code_of(target, wells.targets),
        _code_of(sample, wells.samples),
    ]
    known = np.min(codes_of, axis=0) >= 0
    unit = subjects.unit
    own = (wells.unit_run[unit] * sizes[0] + wells.unit_target[unit]) * sizes[1] + subjects.sample
    asked = (codes_of[0] * sizes[0] + codes_of[1]) * sizes[1] + codes_of[2]
    place = pd.Index(own).get_indexer(pd.Index(asked))
    met = known & (place >= 0)
    counting = call.copy()
    counting[place[met]] = np.array([words.CALLS.index(name) for name in people.values()])[met]
    return counting


def _supersede(
    wells: Wells, subjects: Subjects, call: NDArray[np.int8], rank: Ints
) -> tuple[Bools, Bools]:
    """Contract section 6: earlier calls than the latest evaluable one of a sample and target are
    superseded; evaluable runs that differ between positive and negative are discordant."""
    pair = wells.unit_target[subjects.unit] * len(wells.samples) + subjects.sample
    order = np.lexsort((rank[wells.unit_run[subjects.unit]], pair))
    group = groups(np.asarray(pair[order] != np.roll(pair[order], 1)))
    place = np.arange(len(order), dtype=float)
    evaluable = _EVALUABLE[call[order]]
    latest = group.max(np.where(evaluable, place, -1.0))
    negative = call[order] == words.CALLS.index(words.NEGATIVE)
    differ = group.any(evaluable & negative) & group.any(evaluable & ~negative)
    superseded, discordant = np.empty(len(order), dtype=bool), np.empty(len(order), dtype=bool)
    superseded[order] = place < latest[group.of]
    discordant[order] = differ[group.of] & evaluable
    return superseded, discordant


def _joined_words(bits: Ints, names: tuple[str, ...]) -> pd.Categorical[str]:
    """Bit masks as text, the names of the set bits separated by ``;``."""
    distinct, place = np.unique(bits, return_inverse=True)
    texts = [
        ";".join(name for i, name in enumerate(names) if mask >> i & 1)
        for mask in distinct.tolist()
    ]
    categories = sorted(set(texts))
    code = np.array([categories.index(text) for text in texts], dtype=np.int32)
    return named(code[place], categories)


def _calls_table(
    wells: Wells, subjects: Subjects, decision: Decision, dna: DnaAmount, measures: SampleMeasures,
    level: tuple[Floats, Floats, Floats], guideline: Guideline, superseded: Bools, flags: Mapping[str, Bools],
) -> pd.DataFrame:  # fmt: skip
    unit = subjects.unit
    evaluable = _EVALUABLE[decision.call]
    quantified = decision.call == _LIMITED
    bits = sum((flags[name].astype(np.int64) << i for i, name in enumerate(FLAG_ORDER) if name in flags),
               start=np.zeros(len(unit), dtype=np.int64))  # fmt: skip

    def only(where: Bools, values: Floats) -> Floats:
        return np.where(where, values, np.nan)

    gene_run = np.where(dna.unit >= 0, wells.unit_run[np.maximum(dna.unit, 0)], -1)
    gene = np.where(dna.unit >= 0, wells.unit_target[np.maximum(dna.unit, 0)], -1)
    calls = pd.DataFrame(
        {
            "run_id": named(wells.unit_run[unit], wells.runs),
            "target": named(wells.unit_target[unit], wells.targets),
            "sample_id": named(subjects.sample, wells.samples),
            "call": named(decision.call, list(words.CALLS)),
            "n_wells": subjects.wells.n,
            "n_determined": subjects.wells.n_determined,
            "n_positive": only(evaluable, measures.n_positive),
            "mean_cq": subjects.wells.mean,
            "delta_cq": subjects.wells.delta,
            "dna_amount_ng": dna.amount_ng,
            "normalisation": dna.factor,
            "mrd_level": only(quantified, level[0]),
            "mrd_level_low": only(quantified, level[1]),
            "mrd_level_high": only(quantified, level[2]),
            "quantitative_range": only(evaluable, measures.quantitative_range),
            "sensitivity": only(evaluable, measures.sensitivity),
            "superseded": superseded,
            "guideline": guideline.id,
            "reasons": _joined_words(decision.reasons, tuple(CRITERIA)),
            "flags": _joined_words(bits, FLAG_ORDER),
            "control_gene": named(gene, wells.targets),
            "control_gene_run": named(gene_run, wells.runs),
        }
    )
    # Nobody has amended anything yet: the automatic result is the result.
    own = {f"automatic_{name}": calls[name] for name in BESIDE}
    return calls.assign(amended_call="", amended=False, amendment="", retracted=False, **own)


def _curves_table(wells: Wells, curves: Curves, guideline: Guideline) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "run_id": named(wells.unit_run, wells.runs),
            "target": named(wells.unit_target, wells.targets),
            "kind": np.where(wells.is_control_gene, words.CONTROL_GENE, words.MRD),
            "n_dilutions": curves.n_dilutions,
            "n_wells": curves.n_wells,
            "slope": curves.slope,
            "intercept": curves.intercept,
            "r_squared": curves.r_squared,
            "efficiency": curves.efficiency,
            "residual_sd": curves.residual_sd,
            "lowest_background_cq": curves.lowest_background,
            "quantitative_range": curves.quantitative_range,
            "sensitivity": curves.sensitivity,
            "accepted": curves.accepted,
            "guideline": guideline.id,
            "sensitivity_cq": curves.sensitivity_cq,
        }
    )


def _standards_table(wells: Wells, standards: Standards, guideline: Guideline) -> pd.DataFrame:
    """The walk, dilution by dilution: what an explanation shows and a person recomputes."""
    unit = standards.unit
    return pd.DataFrame(
        {
            "run_id": named(wells.unit_run[unit], wells.runs),
            "target": named(wells.unit_target[unit], wells.targets),
            "dose": standards.dose,
            "n_wells": standards.wells.n,
            "n_determined": standards.wells.n_determined,
            "mean_cq": standards.wells.mean,
            "delta_cq": standards.wells.delta,
            "step": standards.step,
            "reproducible": standards.reproducible,
            "in_curve": standards.in_walk,
            "in_sensitivity": standards.in_sensitivity,
            "guideline": guideline.id,
        }
    )
