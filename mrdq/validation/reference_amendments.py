"""The reference engine: wells left out, runs retracted and calls changed by a person.

An amendment is a dict with ``what`` (``omit`` or ``call``), ``run_id``, ``target``, ``well``,
``sample_id`` and ``call``, "" where it says nothing.  A retracted run is taken out of the study,
and what is left is analysed as any study.  See :mod:`mrdq.validation.reference`.
"""

from __future__ import annotations

from dataclasses import replace

from mrdq.validation.reference import analyse
from mrdq.validation.reference_calls import call_of
from mrdq.validation.reference_curve import is_below_background
from mrdq.validation.reference_sample import Index, control_gene_of, dna_amount
from mrdq.validation.reference_status import status_of, supersede
from mrdq.validation.reference_study import Result, Row, Study, determined_cqs, is_counted

Subject = tuple[str, str, str]
Well = tuple[str, str, str]

BESIDE = (
    "call", "mrd_level", "quantitative_range", "sensitivity", "superseded", "reasons", "flags",
)  # fmt: skip
"""Columns of a call that stand a second time as ``automatic_*``."""


def names(amendment: Row, well: Row) -> bool:
    """Whether an omission is about this well: of its run, and of what it names beside."""
    narrowed = (name for name in ("target", "well", "sample_id") if amendment[name])
    return well["run_id"] == amendment["run_id"] and all(
        well[name] == amendment[name] for name in narrowed
    )


def retracted_runs(amendments: list[Row]) -> set[str]:
    """Runs of which an omission names nothing more."""
    return {
        one["run_id"]
        for one in amendments
        if one["what"] == "omit" and not (one["target"] or one["well"] or one["sample_id"])
    }


def without(study: Study, amendments: list[Row]) -> Study:
    """The study with the wells that people left out as omitted."""
    omissions = [one for one in amendments if one["what"] == "omit"]
    wells = [
        {**well, "cq": None, "cq_state": "omitted"}
        if any(names(one, well) for one in omissions)
        else well
        for well in study.wells
    ]
    return replace(study, wells=wells)


def rests_on(subject: Subject, index: Index) -> set[Well]:
    """The wells that count in a call: its own, the target's standards and controls of its run, and
    those of the control gene wherever its DNA was measured."""
    run_id, target, sample_id = subject
    assay = index.assays[target]
    gene = control_gene_of(assay, index.study.assays)
    amount = dna_amount(run_id, sample_id, gene, index)
    places: dict[tuple[str, str], tuple[str, ...]]
    places = {(run_id, target): ("standard", "background", "ntc")}
    if amount is not None:
        places[amount.run_id, gene] = ("standard", "ntc")
    return {
        (well["run_id"], well["well"], well["target"])
        for place, shared in places.items()
        for well in index.blocks[place]
        if is_counted(well)
        and (well["role"] in shared or (well["role"] == "sample" and well["sample_id"] == sample_id))
    }  # fmt: skip


def subject_of(call: Row) -> Subject:
    return call["run_id"], call["target"], call["sample_id"]


def counted(call: Row, index: Index) -> Row:
    """The call that counts, with its flags: a person's in the place of the engine's, and of the
    engine's numbers only what a call of that word may have."""
    person = call["amended_call"]
    if not person or person == call["call"]:
        return dict(call)
    row = {**call, "call": person, "reasons": None}
    if person != "positive_quantifiable":
        row["mrd_level"] = None
    if person == "not_evaluable":
        row["quantitative_range"] = row["sensitivity"] = None
    curve, rules = index.curves[call["run_id"], call["target"]], index.study.rules
    cqs = determined_cqs(index.sample_wells(*subject_of(call)))
    seen = any(is_below_background(cq, curve.background, rules.delta, rules) for cq in cqs)
    row["flags"] = "signal_seen" if person == "not_evaluable" and seen else None
    return row


def analyse_amended(study: Study, amendments: list[Row]) -> Result:
    """Wells, sheets and amendments in, the contract's tables and what stands beside them out."""
    automatic = analyse(study)
    if not amendments:
        return _with_beside(automatic, automatic)
    gone = retracted_runs(amendments)
    left = without(study, amendments)
    before, after = Index(study), Index(left)
    rest = replace(left, wells=[well for well in left.wells if well["run_id"] not in gone])
    people = {subject_of(one): one["call"] for one in amendments if one["what"] == "call"}
    remaining = Index(rest)
    calls = []
    for subject in before.subjects():
        row, _ = call_of(subject, after if subject[0] in gone else remaining)
        row |= {"amended_call": people.get(subject), "retracted": subject[0] in gone}
        calls.append(row)
    counting = [counted(call, after) for call in calls]
    supersede(counting, study.runs)
    beside = {subject_of(row): row for row in automatic.calls}
    for call, counts in zip(calls, counting, strict=True):
        call |= {"superseded": counts["superseded"], "flags": counts["flags"]}
        own = beside[subject_of(call)]
        call |= {f"automatic_{name}": own[name] for name in BESIDE}
    _mark(calls, before, after)
    status = _statuses(study, calls, counting, remaining)
    found = Result(analyse(left).curves, calls, [], status)
    return _with_beside(found, automatic)


def _mark(calls: list[Row], before: Index, after: Index) -> None:
    """``amended``: by a person, by what was left out, or by another run of the same sample."""
    for call in calls:
        subject = subject_of(call)
        basis = rests_on(subject, before), rests_on(subject, after)
        # What was rested on and is left out; or what is rested on only since something was.
        call["amended"] = bool(call["amended_call"]) or call["retracted"] or basis[0] != basis[1]
        discordant = [
            "discordant_runs" in (call[name] or "") for name in ("flags", "automatic_flags")
        ]
        call["amended"] |= call["superseded"] != call["automatic_superseded"]
        call["amended"] |= discordant[0] != discordant[1]


def _statuses(study: Study, calls: list[Row], counting: list[Row], index: Index) -> list[Row]:
    out = []
    for key in sorted({(row["patient_id"], row["timepoint"]) for row in study.samples}):
        mine = [
            place
            for place, call in enumerate(calls)
            if (call["patient_id"], call["timepoint"]) == key
        ]
        status = status_of(*key, [counting[p] for p in mine if not calls[p]["retracted"]], index)
        current = [
            calls[place]
            for place in mine
            if not (calls[place]["automatic_superseded"] and calls[place]["superseded"])
        ]
        status["amended"] = any(call["amended"] for call in current)
        out.append(status)
    return out


def _with_beside(found: Result, automatic: Result) -> Result:
    """The automatic result beside the amended one."""
    if found is automatic:
        for call in found.calls:
            call |= {f"automatic_{name}": call[name] for name in BESIDE}
            call |= {"amended_call": None, "retracted": False, "amended": False}
    for row, own in zip(found.status, automatic.status, strict=True):
        for name in ("status", "mrd_level", "response", "next_step"):
            row[f"automatic_{name}"] = own[name]
    return found
