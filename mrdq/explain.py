"""The reason chain of one call, in words and numbers that a person can recompute."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pandas as pd
import pyarrow as pa

from mrdq import scan
from mrdq import vocabulary as words
from mrdq.amended_calls import separate_texts
from mrdq.amended_study import amendments
from mrdq.amendments import wells_are_amended_by
from mrdq.errors import refuse
from mrdq.evidence import CRITERIA
from mrdq.guideline import TOLERANCE, Guideline
from mrdq.reports.result_rows import (
    BASIS,
    CALL_COLUMNS,
    refuse_other_basis,
    refuse_other_wells,
    runs_behind,
)
from mrdq.storage import Files
from mrdq.study import Study
from mrdq.tables import CALLS, CURVES, EVIDENCE, STANDARDS, WELLS

Row = dict[str, Any]
Shown = Callable[[Row], str]


def explain(study: Study, files: Files, *, run: str, target: str, sample: str) -> str:
    """Explain the call of ``sample`` for ``target`` in ``run``.

    Raises :class:`MrdqError` if there is no such call, naming those there are.
    """
    refuse_other_basis(study, files, scan.counted(files.table("calls.tsv"), CALLS, BASIS))
    call = _one(files, {"run_id": run, "target": target, "sample_id": sample})
    of_runs = scan.among("run_id", {run, call["control_gene_run"]})
    curves, standards, evidence = (
        _under(scan.rows(files.table(table.name), table, table.names, of_runs), call["guideline"])
        for table in (CURVES, STANDARDS, EVIDENCE)
    )
    curve = _rows(curves, run_id=run, target=target)[0]
    wells = _wells(study, files, call)
    guideline = study.guidelines[call["guideline"]]
    if target not in study.assay("kind"):
        refuse(study.assays.file, f"the target {target}", column="target",
               remedy="The sheet was changed after the run: run the study again.")  # fmt: skip
    assay = {
        key: study.assay(key)[target] for key in ("patient_id", "dna_per_well", "blast_fraction")
    }
    _refuse_stale(study, call, curve, assay)
    of_sample = _rows(wells, run_id=run, target=target, sample_id=sample, role=words.SAMPLE)
    limit = guideline.get("maximum_cq")
    shown = partial(_cq, maximum=limit.value if limit else math.inf)
    chapters = {
        "Controls": _background(wells, run, target, curve, shown),
        "Standards, from the most concentrated": _curve(
            _rows(wells, run_id=run, target=target, role=words.STANDARD),
            guideline,
            shown,
            curve,
            _rows(standards, run_id=run, target=target),
        ),
        "Amount of DNA": _control_gene(call, curves, wells, assay, shown),
        "The sample": _sample(call, curve, guideline, of_sample, shown),
        "Level": _level(call, curve, assay, guideline),
        "Criteria": _criteria(
            _rows(evidence, run_id=run, target=target, sample_id=""),
            _rows(evidence, run_id=run, target=target, sample_id=sample),
        ),
        f"Call{' by the engine' if call['amended_call'] else ''}: {call['call']}": _conclusion(
            call
        ),
    }
    genes = {target, study.control_gene_of.get(target, "")}
    lines = [*_amended(call, wells, genes), *_heading(call, guideline, study)]
    filled = {title: found for title, content in chapters.items() if (found := list(content))}
    for place, (title, content) in enumerate(filled.items(), 1):
        lines += ["", f"{place}. {title}", *content]
    return "\n".join(lines) + "\n"


def _refuse_stale(study: Study, call: Row, curve: Row, assay: Row) -> None:
    """A sum with today's sheets must be that of the results, or it explains another result."""
    blasts, nominal = assay["blast_fraction"] or 1.0, assay["dna_per_well"]
    told = {}
    if call["control_gene"] and nominal is not None:
        told["dna_per_well"] = (call["normalisation"] * call["dna_amount_ng"], nominal)
    if not math.isnan(call["mrd_level"]):
        raw = 10 ** ((call["mean_cq"] - curve["intercept"]) / curve["slope"])
        told["blast_fraction"] = (call["mrd_level"] / (raw * call["normalisation"]), blasts)
    for column, (then, now) in told.items():
        if not math.isnan(then) and not math.isclose(then, now, rel_tol=1e-6):
            refuse(study.assays.file, f"{number(then)}, as the results were made with", found=number(now),
                   column=column, remedy="The sheet was changed after the run: run the study again.")  # fmt: skip


def _wells(study: Study, files: Files, call: Row) -> pd.DataFrame:
    """Wells of the run, of the one that measured the amount of DNA, and of the runs of which people
    left out what the call rests on.  Raises :class:`MrdqError` if another sheet left others out."""
    columns = scan.well_columns(files.wells)
    pieces = list(scan.wells(files.wells, columns, runs_behind(study, [call])))
    wells = pa.concat_tables(pieces).to_pandas() if pieces else pd.DataFrame(columns=WELLS.names)
    if not wells_are_amended_by(wells, amendments(study)):
        refuse_other_wells(files)
    return wells


def _under(table: pa.Table, guideline: str) -> pd.DataFrame:
    """The rows of a table that hold under a rule set."""
    frame: pd.DataFrame = table.to_pandas()
    own = {text for text in frame["guideline"].unique() if guideline in text.split(";")}
    return frame[frame["guideline"].isin(own)]


def _rows(table: pd.DataFrame, **key: str) -> list[Row]:
    mask = pd.Series(True, index=table.index)
    for name, value in key.items():
        mask &= table[name] == value
    return [{str(k): v for k, v in row.items()} for row in table[mask].to_dict("records")]


def _one(files: Files, key: dict[str, str]) -> Row:
    path = files.table("calls.tsv")
    keeps = [scan.among(name, [value]) for name, value in key.items()]
    found = scan.records(scan.rows(path, CALLS, CALL_COLUMNS, scan.all_of(*keeps)))
    if found:
        return found[0]
    calls = scan.counted(path, CALLS, list(key))
    for place, (name, value) in enumerate(key.items()):
        there = sorted({known[place] for known in calls})
        if value not in there:
            option = {"run_id": "--run", "target": "--target", "sample_id": "--sample"}[name]
            refuse("calls.tsv", f"one of {', '.join(there[:20])}{' ...' if len(there) > 20 else ''}", found=value,
                   column=name, remedy=f"Mend {option}.")  # fmt: skip
    near = (known for known in calls if known[2] == key["sample_id"])
    pairs = "; ".join(f"--run {r} --target {t}" for r, t, _ in near)
    refuse(
        "calls.tsv",
        f"a call of {key['sample_id']} ({pairs})",
        found=f"run {key['run_id']}, target {key['target']}",
    )


def number(value: float, unit: str = "") -> str:
    """A number for reading: eight significant digits, ``none`` for an absent one."""
    if value is None or math.isnan(value):
        return "none"
    return f"{value:.8g}{' ' + unit if unit else ''}"


def fixed(value: float) -> str:
    """A Cq for a column of Cq; ``-`` for none."""
    return f"{'-' if math.isnan(value) else f'{value:.4f}':<8}"


def _heading(call: Row, guideline: Guideline, study: Study) -> Iterator[str]:
    yield f"{call['sample_id']} ({call['patient_id']}, {call['timepoint']}), target {call['target']}, run {call['run_id']}"
    engine = " by the engine" if call["amended_call"] else ""
    yield f"call{engine}: {call['call']}{'  (superseded by a later run)' if call['superseded'] else ''}"
    yield f"rule set: {guideline.id} {guideline.version}, sha256 {guideline.hash[:16]}"
    for notice in filter(None, [study.config.notice, guideline.notice]):
        yield f"NOTE: {notice}"


def _amended(call: Row, wells: pd.DataFrame, targets: set[str]) -> Iterator[str]:
    """What people changed of the call, before anything else is said of it.

    ``targets``: the call's, and its control gene.
    """
    if not call["amended"]:
        return
    yield "AMENDED: " + (
        "the call is a person's" if call["amended_call"] else "by what was left out"
    )
    yield f"   automatic: {_result(call, 'automatic_')}"
    counts = call["amended_call"] or call["call"]
    if call["retracted"]:
        yield "   amended: nothing of this run counts; it is retracted"
    else:
        yield f"   amended: {_result(call) if counts == call['call'] else counts}"
    for text in separate_texts(call["amendment"]):
        yield f"   {text}"
        if "amendment" in wells:
            mine = wells["target"].isin(targets) & wells["sample_id"].isin(["", call["sample_id"]])
            yield from _left_out(text, wells[mine & (wells["role"] != "")])
    yield ""


def _result(call: Row, prefix: str = "") -> str:
    """A call with its level, and the superseded mark if it has one."""
    level, found = call[f"{prefix}mrd_level"], str(call[f"{prefix}call"])
    marked = " (superseded by a later run)" if call[f"{prefix}superseded"] else ""
    return f"{found}{'' if math.isnan(level) else f', level {number(level)}'}{marked}"


def _left_out(text: str, wells: pd.DataFrame) -> Iterator[str]:
    """The wells that an amendment left out, by run and target, as they were before."""
    of_text = {found for found in wells["amendment"].unique() if text in separate_texts(found)}
    left_out = wells[wells["amendment"].isin(of_text)]
    for (run, target), rows in left_out.groupby(["run_id", "target"], sort=False):
        shown = ", ".join(f"{row['well']} {_automatic(row)}" for row in _rows(rows))
        yield f"      left out of {target} in run {run}: {shown}"


def _automatic(row: Row) -> str:
    """What a well was before it was left out."""
    if row["automatic_cq_state"] == words.DETERMINED:
        return f"Cq {number(row['automatic_cq'])}"
    return str(row["automatic_cq_state"])


def _cq(row: Row, maximum: float = math.inf) -> str:
    if row["cq_state"] == words.DETERMINED and row["cq"] > maximum + TOLERANCE:
        return (
            f"{row['well']} undetermined (Cq {number(row['cq'])} is above the maximum {maximum:g})"
        )
    text = number(row["cq"]) if row["cq_state"] == words.DETERMINED else row["cq_state"]
    by_a_person = f" by amendment (was {_automatic(row)})" if row.get("amendment") else ""
    return f"{row['well']} {text}{by_a_person}"


def _background(
    wells: pd.DataFrame, run: str, target: str, curve: Row, shown: Shown
) -> Iterator[str]:
    for role, name in ((words.NTC, "no template"), (words.BACKGROUND, "background")):
        found = _rows(wells, run_id=run, target=target, role=role)
        yield f"   {name}: {', '.join(map(shown, found)) or 'no well'}"
    yield f"   lowest background B = {number(curve['lowest_background_cq'], 'cycles')}"


def _curve(
    wells: list[Row], guideline: Guideline, shown: Shown, curve: Row, standards: list[Row]
) -> Iterator[str]:
    yield "   dilution      wells  mean Cq   spread    step      reproducible"
    for row in standards:
        why = _why_not(row, curve, guideline)
        verdict = (
            f"NO: {why}"
            if not row["reproducible"]
            else "yes" + (", in the curve" if row["in_curve"] else "")
        )
        yield (
            f"   {number(row['dose']):<12}  {row['n_determined']:.0f}/{row['n_wells']:.0f}    {fixed(row['mean_cq'])}  "
            f"{fixed(row['delta_cq'])}  {number(row['step']):<10}  {verdict}"
        )
        cqs = [well for well in wells if math.isclose(well["dilution"], row["dose"], rel_tol=1e-9)]
        yield f"                 {', '.join(map(shown, cqs))}"
    if math.isnan(curve["slope"]):
        yield "   no curve: fewer than 2 dilutions"
        return
    yield (
        f"   curve over {curve['n_dilutions']:.0f} dilutions, {curve['n_wells']:.0f} wells: Cq = "
        f"{number(curve['intercept'])} + ({number(curve['slope'])}) × log10(dilution), R² {number(curve['r_squared'])}, "
        f"efficiency {curve['efficiency']:.1%}, {'accepted' if curve['accepted'] else 'NOT accepted'}"
    )
    yield f"   quantitative range {number(curve['quantitative_range'])}, sensitivity {number(curve['sensitivity'])}"


def _why_not(row: Row, curve: Row, guideline: Guideline) -> str:
    """What of definition 3 a dilution does not meet, with the bound."""
    background, spread = curve["lowest_background_cq"], guideline["standard_delta_cq_maximum"]
    distance = guideline["standard_background_distance_minimum"]
    low, high = guideline["standard_step_minimum"], guideline["standard_step_maximum"]
    fewest = guideline["standard_wells_minimum"]
    against = [
        (not fewest.met_by(row["n_wells"]), f"fewer than {fewest.value:g} wells"),
        (row["n_determined"] < row["n_wells"], "a well without signal"),
        (row["delta_cq"] > spread.value, f"spread above {spread.value:g}"),
        (not math.isnan(background) and not distance.met_by(background - row["mean_cq"]),
         f"mean above B - {distance.value:g} = {number(background - distance.value)}"),
        (not math.isnan(row["step"]) and not (low.met_by(row["step"]) and high.met_by(row["step"])),
         f"step not from {low.value:g} to {high.value:g}"),
    ]  # fmt: skip
    return ", ".join(text for true, text in against if true)


def _control_gene(
    call: Row, curves: pd.DataFrame, wells: pd.DataFrame, assay: Row, shown: Shown
) -> Iterator[str]:
    if not call["control_gene"]:
        yield "   no control gene was measured for this sample"
        return
    gene, run = call["control_gene"], call["control_gene_run"]
    curve = _rows(curves, run_id=run, target=gene)[0]
    found = _rows(wells, run_id=run, target=gene, sample_id=call["sample_id"], role=words.SAMPLE)
    yield f"   {gene} in run {run}: {', '.join(map(shown, found))}"
    if math.isnan(curve["slope"]):
        yield "   its curve: none, fewer than 2 reproducible quantities"
    else:
        yield (
            f"   its curve: Cq = {number(curve['intercept'])} + ({number(curve['slope'])}) × log10(ng), "
            f"{'accepted' if curve['accepted'] else 'NOT accepted'}"
        )
    yield (
        f"   amount {number(call['dna_amount_ng'], 'ng')} in a well; F = {number(assay['dna_per_well'], 'ng')} / "
        f"{number(call['dna_amount_ng'], 'ng')} = {number(call['normalisation'])}"
    )


def _sample(
    call: Row, curve: Row, guideline: Guideline, found: list[Row], shown: Shown
) -> Iterator[str]:
    yield f"   wells: {', '.join(map(shown, found))}"
    yield f"   mean Cq {number(call['mean_cq'])}, spread {number(call['delta_cq'])}"
    distance = guideline["positive_background_distance_minimum"].value
    background = curve["lowest_background_cq"]
    if math.isnan(background):
        yield "   a positive well: any signal counts as far from the background (there is none)"
    else:
        yield f"   a positive well: Cq at most B - {distance:g} = {number(background - distance)}"
    near = guideline["positive_sensitivity_distance_maximum"].value
    highest = curve["sensitivity_cq"]
    if math.isnan(highest):
        yield "   (no dilution met the definition of sensitivity: no upper bound from the standards)"
    else:
        yield f"   and Cq at most M + {near:g} = {number(highest + near)}; M = {number(highest)}, the highest Cq at the sensitivity"
    positive = number(call["n_positive"])
    yield f"   positive wells: {positive if call['n_positive'] == call['n_positive'] else 'not given, for the sample is not evaluable'}"


def _level(call: Row, curve: Row, assay: Row, guideline: Guideline) -> Iterator[str]:
    if math.isnan(call["mrd_level"]):
        return
    blasts = assay["blast_fraction"] or 1.0
    raw = 10 ** ((call["mean_cq"] - curve["intercept"]) / curve["slope"])
    yield (
        f"   10^(({number(call['mean_cq'])} - {number(curve['intercept'])}) / {number(curve['slope'])}) = {number(raw)}"
    )
    yield f"   × F {number(call['normalisation'])} × blast fraction {blasts:g} = {number(call['mrd_level'])}"
    yield (
        f"   {100 * guideline['interval_confidence'].value:g} % calibration interval {number(call['mrd_level_low'])} to {number(call['mrd_level_high'])} "
        "(curve, replicates, control gene; not the sampling of few molecules)"
    )


def _criteria(of_run: list[Row], of_sample: list[Row]) -> Iterator[str]:
    order = list(CRITERIA)
    for row in sorted(of_run + of_sample, key=lambda row: order.index(row["criterion"])):
        yield f"   {criterion_text(row)}"


def criterion_text(row: Row) -> str:
    """One row of evidence in a line: criterion, outcome, value, bounds and what it asks."""
    bounds = [f"at least {number(row['minimum'])}"] if not math.isnan(row["minimum"]) else []
    bounds += [f"at most {number(row['maximum'])}"] if not math.isnan(row["maximum"]) else []
    asked = " and ".join(bounds) or "no bound"
    unit = "" if row["unit"] == "1" else f" {row['unit']}"
    return (
        f"{row['criterion']:<20} {row['outcome']:<15} {number(row['value'])} ({asked}{unit}): "
        f"{CRITERIA[row['criterion']][1]}"
    )


def _conclusion(call: Row) -> Iterator[str]:
    if call["reasons"]:
        yield f"   decided by: {call['reasons'].replace(';', ', ')}"
    for flag in filter(None, call["flags"].split(";")):
        yield f"   look at: {flag} ({words.FLAGS[flag]})"
    if call["call"] == words.NEGATIVE:
        yield f"   negative, with a sensitivity of {number(call['sensitivity'])}"
    if call["call"] not in (words.NEGATIVE, words.NOT_EVALUABLE, words.POSITIVE_QUANTIFIABLE):
        yield f"   detected, below the quantitative range of {number(call['quantitative_range'])}"
