"""Run files ``.eds`` of Design & Analysis 2 (QuantStudio 6 and 7 Pro and others): JSON members.

``primary/analysis_result.json`` has the results by well and target, ``setup/plate_setup.json`` the
block, samples, tasks, quantities and omitted wells.  The layout is known from the readers and the
format notes of other people only (openreadout, SHARP Processor, qslib), not from a file of our own:
what they do not agree on is refused.  A Cq of NaN or -1 says that there was no signal; a Cq at or
beyond the number of cycles means nothing that anybody has written down, and is an error.
``Export.row`` counts the reactions of ``primary/analysis_result.json`` from 1.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from mrdq.errors import WARNING, Problem, Problems, refuse
from mrdq.instruments import eds_setup, words
from mrdq.instruments.columns import Column, flag_column
from mrdq.instruments.export import Curve, Export
from mrdq.instruments.json_member import JsonMember, Node
from mrdq.instruments.source import ARCHIVE, Found, Missing, Source
from mrdq.instruments.table import refuse_twins
from mrdq.vocabulary import DETERMINED, OMITTED, STANDARD, UNDETERMINED

FAMILY = "eds_json"
RESULTS, PLATE = "primary/analysis_result.json", "setup/plate_setup.json"
MANIFEST, SUMMARY, RUN = "manifest.mf", "summary.json", "run/run_summary.json"
CURVES = "extensions/am.sc/standard_curve_result.json"
OTHER_RESULTS = eds_setup.FOLDER + "analysis_result.txt"

_NAN = math.nan
_BLOCK = re.compile(r"BLOCK_(\d+)W(_\w+)?", re.ASCII)
_AGAIN = "Analyse the run again in Design & Analysis and save it, or export the Results as a workbook or as text."


@dataclass(frozen=True, slots=True)
class _Plate:
    """The plate setup; wells are counted from 0, row by row.  ``assigned`` has task and quantity."""

    names: dict[str, str]
    sample: dict[int, str] = field(default_factory=dict)
    omitted: dict[int, bool] = field(default_factory=dict)
    assigned: dict[tuple[int, str], tuple[str, float]] = field(default_factory=dict)
    reporter: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Reaction:
    """One well and target of the results."""

    index: int
    target: str
    sample: str
    node: Node
    place: str


@dataclass(frozen=True, slots=True)
class _Run:
    """The reactions, which of them were omitted, and the documents they come from."""

    plate: _Plate
    document: JsonMember
    reactions: list[_Reaction]
    omitted: list[bool]


def detect(source: Source) -> Found | Missing:
    """The run file, analysed or not; its results are looked for when it is read."""
    if source.kind != ARCHIVE:
        return Missing("archive of a run (.eds)")
    names = eds_setup.members(source)
    if RESULTS not in names and PLATE not in names:
        return Missing(f"member {PLATE} in the archive")
    here = RESULTS if RESULTS in names else PLATE
    return Found(f"archive with the member {here}", (), 0, [], content=names)


def read(source: Source, found: Found) -> Export:
    """The results as an Export; raises one :class:`MrdqError` with every problem of them."""
    names: dict[str, str] = found.content
    _refuse_incomplete(source, names)
    problems = Problems()
    plate = _plate(JsonMember(source, names[PLATE]))
    document = JsonMember(source, names[RESULTS])
    reactions = list(_reactions(document, plate))
    if not reactions:
        document.refuse("reactions with results", "none: the run was not analysed")
    problems.extend(_stale(document, plate, reactions))
    problems.raise_if_any()
    said = [_omitted(document, plate, reaction) for reaction in reactions]
    problems.extend(_doubts(source.name, reactions, said))
    run = _Run(plate, document, reactions, [bool(state) for state in said])
    export = _export(run, _cq_column(run, problems), _quantities(run, problems), found.reason)
    refuse_twins(export, source.name, problems)
    problems.raise_if_any()
    printed = _printed(source, names)
    return replace(
        export,
        instrument=printed["instrument"],
        software=printed["software"],
        run_date=printed["run_date"],
        printed_curves=_curves(source, names),
        notes=[*export.notes, *eds_setup.other_members(names, _READ)],
        warnings=problems.warnings,
    )


_READ = (RESULTS, PLATE, MANIFEST, SUMMARY, RUN, CURVES)


def _export(run: _Run, cq: list[float], quantity: list[float], reason: str) -> Export:
    plate, reactions = run.plate, run.reactions
    return Export(
        format=FAMILY,
        reason=reason,
        instrument="",
        software="",
        run_date="",
        well=[plate.names[str(reaction.index)] for reaction in reactions],
        target=[reaction.target for reaction in reactions],
        sample=[plate.sample[reaction.index] for reaction in reactions],
        task=[plate.assigned[reaction.index, reaction.target][0] for reaction in reactions],
        channel=[plate.reporter.get(reaction.target, "") for reaction in reactions],
        quantity=quantity,
        cq=cq,
        cq_state=[
            OMITTED if omitted else UNDETERMINED if math.isnan(value) else DETERMINED
            for value, omitted in zip(cq, run.omitted, strict=True)
        ],
        flags=_flags(run),
        row=list(range(1, len(reactions) + 1)),
        printed_curves={},
        notes=_notes(run),
    )


def _refuse_incomplete(source: Source, names: dict[str, str]) -> None:
    if RESULTS not in names:
        refuse(
            source.name,
            f"results in the run file (member {RESULTS})",
            f"results in {OTHER_RESULTS} beside a newer plate setup"
            if OTHER_RESULTS in names
            else "a run that was not analysed, or was saved without its results",
            remedy="Open it in Design & Analysis, analyse it, and save it or export the Results as a workbook or as text.",
        )
    if PLATE not in names:
        refuse(
            source.name, f"the plate setup (member {PLATE})", "a run file without it", remedy=_AGAIN
        )
    if OTHER_RESULTS in names:
        expected = f"results in {RESULTS} only"
        refuse(source.name, expected, f"others in {OTHER_RESULTS} as well", remedy=_AGAIN)


def _plate(document: JsonMember) -> _Plate:
    root = document.root
    block = document.name(root, "blockType", "")
    match = _BLOCK.fullmatch(block)
    if match is None or int(match[1][:4]) not in (96, 384):
        document.refuse("blockType of 96 or 384 wells", block)
    plate = _Plate(eds_setup.well_names(int(match[1])))
    for target in document.nodes(root, "targets", ""):
        name = document.text(target, "name", "a target")
        plate.reporter[name] = document.text(target, "reporter", f"target {name}")
    for well in document.nodes(root, "wells", ""):
        _read_well(document, well, plate)
    return plate


def _read_well(document: JsonMember, well: Node, plate: _Plate) -> None:
    index = _index(document, well, "index", plate)
    place = f"well {plate.names[str(index)]}"
    if index in plate.sample:
        document.refuse("each well once", "several entries", place)
    plate.sample[index] = document.text(well, "sampleName", place)
    if "omitted" in well:
        plate.omitted[index] = document.truth(well, "omitted", place)
    for assigned in document.nodes(well, "targetAssignments", place):
        key = index, document.name(assigned, "targetName", place)
        if key in plate.assigned:
            document.refuse("each target once", key[1], place)
        task = document.text(assigned, "task", place)
        quantity = document.number(assigned, "quantity", place, default=_NAN)
        plate.assigned[key] = task, quantity


def _index(document: JsonMember, node: Node, key: str, plate: _Plate) -> int:
    index = document.number(node, key, "a well")
    if f"{index:g}" not in plate.names:
        document.refuse(f"{key}: a well from 0 to {len(plate.names) - 1}", f"{index:g}")
    return int(index)


def _reactions(document: JsonMember, plate: _Plate) -> Iterator[_Reaction]:
    for well in document.nodes(document.root, "wellResults", ""):
        index = _index(document, well, "wellIndex", plate)
        place = f"well {plate.names[str(index)]}"
        sample = document.text(well, "sampleName", place)
        for node in document.nodes(well, "reactionResults", place):
            target = document.name(node, "targetName", place)
            yield _Reaction(index, target, sample, node, f"{place}, target {target}")


def _stale(document: JsonMember, plate: _Plate, reactions: list[_Reaction]) -> Iterator[Problem]:
    """Reactions that the plate setup does not have, or has otherwise: which is right is not said."""
    for reaction in reactions:
        task = document.text(reaction.node, "task", reaction.place)
        own = plate.assigned.get((reaction.index, reaction.target))
        sample = plate.sample.get(reaction.index, "")
        if own is None:
            yield document.problem(
                f"a target that {PLATE} has there", reaction.target, reaction.place
            )
        elif task and task != own[0]:
            yield document.problem(f"the task of {PLATE}, {own[0]}", task, reaction.place)
        elif reaction.sample and reaction.sample != sample:
            yield document.problem(
                f"the sample of {PLATE}, {sample}", reaction.sample, reaction.place
            )


def _omitted(document: JsonMember, plate: _Plate, reaction: _Reaction) -> bool | None:
    """Whether the reaction or its well was left out; None if the file does not say."""
    said = [plate.omitted[reaction.index]] if reaction.index in plate.omitted else []
    if "omitted" in reaction.node:
        said.append(document.truth(reaction.node, "omitted", reaction.place))
    return any(said) if said else None


def _amplification(document: JsonMember, reaction: _Reaction) -> Node:
    result = reaction.node.get("amplificationResult")
    if not isinstance(result, dict):
        document.refuse("amplificationResult: an object", str(result)[:80], reaction.place)
    return result


def _cq_column(run: _Run, problems: Problems) -> list[float]:
    """Cq [cycles]; nan for no signal and for omitted reactions."""
    return [
        _NAN if omitted else _cq(run.document, reaction, problems)
        for reaction, omitted in zip(run.reactions, run.omitted, strict=True)
    ]


def _cq(document: JsonMember, reaction: _Reaction, problems: Problems) -> float:
    """Cq [cycles]; nan for no signal (NaN and -1)."""
    result = _amplification(document, reaction)
    cq = document.number(result, "cq", reaction.place)
    if math.isnan(cq) or cq == -1:
        return _NAN
    n_cycles = len(document.list_of(result, "rn", reaction.place))
    if not 0 < cq < n_cycles:
        expected = f"a Cq above 0 and below {n_cycles} cycles, or NaN or -1 for no signal"
        problems.add(document.problem(expected, f"{cq:g}", reaction.place))
    return cq


def _doubts(file: str, reactions: list[_Reaction], said: list[bool | None]) -> Iterator[Problem]:
    unsaid = [
        reaction.place for reaction, state in zip(reactions, said, strict=True) if state is None
    ]
    if unsaid:
        yield Problem(
            file,
            "omitted: true or false for each well",
            f"nothing for {len(unsaid)} reactions, from {unsaid[0]} on",
            column=f"member {RESULTS}",
            remedy="Wells that were omitted in the software cannot be told there: compare with the plate on its screen.",
            level=WARNING,
        )


def _quantities(run: _Run, problems: Problems) -> list[float]:
    """The quantities of the standards; nan for all other reactions."""
    values = [_NAN] * len(run.reactions)
    for i, reaction in enumerate(run.reactions):
        task, quantity = run.plate.assigned[reaction.index, reaction.target]
        if words.role_of_task(task) == STANDARD:
            values[i] = quantity
            if not 0 < quantity < math.inf:
                expected = f"a quantity above 0 for a standard, in {PLATE}"
                problems.add(run.document.problem(expected, f"{quantity:g}", reaction.place))
    return values


def _flags(run: _Run) -> list[str]:
    """Amplification status, quality issues and Cq confidence of each reaction."""
    status, issues, confidence = [], [], []
    document = run.document
    for reaction in run.reactions:
        result = _amplification(document, reaction)
        status.append(document.text(result, "ampStatus", reaction.place))
        marks = document.list_of(reaction.node, "resultQCIssues", reaction.place)
        marks = marks + document.list_of(result, "flags", reaction.place)
        issues.append(
            ";".join(mark if isinstance(mark, str) else json.dumps(mark) for mark in marks)
        )
        sure = document.number(result, "cqConf", reaction.place, default=_NAN)
        confidence.append("" if math.isnan(sure) else f"{sure!r}")

    def column(cells: list[str]) -> Column:
        return Column(cells, "", document.file, [], [])

    omitted = [i for i, left_out in enumerate(run.omitted) if left_out]
    quality = [("cq_conf", column(confidence))]
    return flag_column([], column(status), column(issues), quality=quality, omitted=omitted)[0]


def _printed(source: Source, names: dict[str, str]) -> dict[str, str]:
    """Instrument, software and run date (end of the run, in UTC)."""
    printed = {"instrument": "", "software": "", "run_date": ""}
    if SUMMARY in names:
        summary = JsonMember(source, names[SUMMARY])
        printed["instrument"] = summary.text(summary.root, "instrumentType", "")
    if RUN in names:
        run = JsonMember(source, names[RUN])
        end = run.number(run.root, "endTime", "", default=0)
        printed["run_date"] = eds_setup.iso_date(f"{end:.0f}")
    if MANIFEST in names:
        printed["software"] = eds_setup.software(source, names[MANIFEST])
    return printed


def _curves(source: Source, names: dict[str, str]) -> dict[str, Curve]:
    """Slope [cycles per decade], intercept [cycles] and R² that the software stored per target."""
    if CURVES not in names:
        return {}
    document = JsonMember(source, names[CURVES])
    curves: dict[str, Curve] = {}
    for node in document.nodes(document.root, "standardCurves", ""):
        target = document.name(node, "targetName", "a curve")
        if target in curves:
            document.refuse("one curve for each target", "several", f"target {target}")
        slope, intercept, r_squared = (
            document.number(node, key, f"target {target}", default=_NAN)
            for key in ("slope", "yIntercept", "r2")
        )
        curves[target] = _finite(slope), _finite(intercept), _finite(r_squared)
    return curves


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _notes(run: _Run) -> list[str]:
    """What of the results and of the plate setup was not read."""
    plate = run.plate
    read = {(reaction.index, reaction.target) for reaction in run.reactions}
    without = [
        f"{plate.names[str(well)]} {target}"
        for well, target in plate.assigned
        if (well, target) not in read
    ]
    unread = sorted({key for reaction in run.reactions for key in reaction.node} - _KEYS)
    others = sorted(set(run.document.root) - {"wellResults"})
    return [
        *([f"keys of reactions not read: {', '.join(unread)}"] if unread else []),
        *([f"parts of {RESULTS} not read: {', '.join(others)}"] if others else []),
        *([f"wells of {PLATE} without a result: {', '.join(without)}"] if without else []),
    ]


_KEYS = {"targetName", "task", "omitted", "amplificationResult", "resultQCIssues"}
