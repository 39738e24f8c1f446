"""Run files ``.eds`` of QuantStudio, ViiA 7, 7500 v2 and StepOne: the results stored in them.

``apldbio/sds/analysis_result.txt`` has a header, and below it one line per well and detector, each
followed by lines such as ``Rn values`` with one number per cycle.  Wells are counted from 0.
The Task that it prints says nothing of the role; role, quantity and omission stand in
``plate_setup.xml``.  A well without signal has the number of cycles as its Ct, so that the file is
refused where that number is unknown: the vendor's exports of the same runs say Undetermined there.
That, and the codes of Amp Status, are from the format notes of the openreadout project, which paired
run files with such exports.  ``Export.row`` is the line of ``analysis_result.txt``.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache

from mrdq.errors import WARNING, Problem, Problems, refuse
from mrdq.instruments import eds_setup, words
from mrdq.instruments.cells import number
from mrdq.instruments.columns import REFUSED, Column, CqColumn, cq_column, flag_column
from mrdq.instruments.eds_plate import Plate, Reaction, read_plate
from mrdq.instruments.eds_results import (
    AGAIN,
    FAMILY,
    RESULTS,
    Results,
    read_results,
    refuse_results,
)
from mrdq.instruments.eds_setup import (
    EXPERIMENT,
    FOLDER,
    MANIFEST,
    PLATE,
    PROTOCOL,
)
from mrdq.instruments.export import Export
from mrdq.instruments.printed import Replicates, replicate_warnings
from mrdq.instruments.source import ARCHIVE, Found, Missing, Source
from mrdq.instruments.table import refuse_twins
from mrdq.vocabulary import STANDARD, UNDETERMINED

JSON_RESULTS, JSON_PLATE = "primary/analysis_result.json", "setup/plate_setup.json"

_NAN = math.nan
_AMPLIFICATION = {"1": "Amp", "0": "Inconclusive", "-1": "No Amp", "": ""}
_NO_PLATE = Plate(0, {}, {}, {}, {}, [])
_UNSAID = Reaction("", "", "")


@dataclass(frozen=True, slots=True)
class _Run:
    """The results with what the rest of the archive says of them; ``index``: wells from 0."""

    file: str
    results: Results
    plate: Plate
    well: list[str]
    index: list[int]
    reactions: list[Reaction]

    def column(self, name: str, cells: list[str] | None = None) -> Column:
        header = self.results.header
        place = f"{header.name(name)} of {RESULTS}"
        there = name in header.at or cells is not None
        own = self.results.column(name) if cells is None else cells
        return Column(own, place, self.file, self.results.number, self.well, there)


def detect(source: Source) -> Found | Missing:
    """The run file, analysed or not; its results are looked for when it is read."""
    if source.kind != ARCHIVE:
        return Missing("archive of a run (.eds)")
    names = eds_setup.members(source)
    if JSON_RESULTS in names or JSON_PLATE in names:
        return Missing(f"archive with nothing but {FOLDER} (it has JSON members too)")
    if not any(name.startswith(FOLDER) for name in names):
        return Missing(f"folder {FOLDER} in the archive")
    return Found(f"archive with the folder {FOLDER}", (), 0, [], content=names)


def read(source: Source, found: Found) -> Export:
    """The results as an Export; raises one :class:`MrdqError` with every problem of them."""
    names: dict[str, str] = found.content
    _refuse_incomplete(source, names)
    problems = Problems()
    results = read_results(source, names[RESULTS], problems)
    plate = read_plate(source, names[PLATE]) if PLATE in names else _NO_PLATE
    run = _run(source.name, results, plate, problems)
    problems.raise_if_any()
    omitted = {i for i, index in enumerate(run.index) if plate.omitted.get(index)}
    column = run.column("cq")
    cq = cq_column(column, omitted, FAMILY, blank=REFUSED, typed=False, problems=problems)
    stages = eds_setup.cycles_of_stages(source, names[PROTOCOL]) if PROTOCOL in names else []
    cq = _without_signal(cq, column, _cycles(source, results.lengths, stages), problems)
    problems.extend(_replicates(run, cq))
    printed, state = _experiment(source, names)
    problems.extend(_doubts(source, plate, run, state))
    export = _export(run, cq, found.reason, printed, _flags(run, omitted, problems), problems)
    refuse_twins(export, source.name, problems)
    problems.errors.sort(key=lambda problem: problem.row or 0)
    problems.raise_if_any()
    notes = [*export.notes, *_notes(run), *eds_setup.other_members(names, _READ)]
    return replace(export, notes=notes, warnings=problems.warnings)


_READ = (RESULTS, PLATE, PROTOCOL, EXPERIMENT, MANIFEST)


def _refuse_incomplete(source: Source, names: dict[str, str]) -> None:
    """A run without results was not analysed; one without its plate setup was tampered with."""
    if RESULTS not in names:
        refuse(
            source.name,
            f"results in the run file (member {RESULTS})",
            "a run that was not analysed, or was saved without its results",
            remedy="Open it in the instrument's software, analyse it, and save it or export the results as text.",
        )
    if PLATE not in names and set(names) - {RESULTS, FOLDER, FOLDER.partition("/")[0] + "/"}:
        expected = f"member {PLATE}, with roles, quantities and omitted wells"
        refuse(source.name, expected, "an archive without it", remedy=AGAIN)


def _run(file: str, results: Results, plate: Plate, problems: Problems) -> _Run:
    """The results joined to the plate setup; problems: wells and detectors that it does not have."""
    numbers = results.column("well")
    size = plate.size or (384 if any(len(cell) > 2 or cell > "95" for cell in numbers) else 96)
    names = eds_setup.well_names(size)
    index = [int(cell) if cell in names else -1 for cell in numbers]
    well = [names.get(cell, cell) for cell in numbers]
    keys = list(zip(index, results.column("target"), strict=True))
    reactions = [plate.reactions.get(key, _UNSAID) for key in keys]
    run = _Run(file, results, plate, well, index, reactions)
    for i, key in enumerate(keys):
        if key[0] < 0:
            expected = f"a well of the block, from 0 to {size - 1}"
            problems.add(run.column("well").problem(i, expected, AGAIN))
        elif plate.size and (key not in plate.reactions or key[0] not in plate.omitted):
            expected = f"a detector that {PLATE} has in this well"
            problems.add(run.column("target").problem(i, expected, _STALE))
    for i in _other_samples(run):
        expected = f"the sample that {PLATE} has there: {plate.sample[index[i]]}"
        problems.add(run.column("sample").problem(i, expected, _STALE))
    return run


_STALE = f"The plate was changed after the analysis. {AGAIN}"


def _other_samples(run: _Run) -> list[int]:
    named = [run.plate.sample.get(index, "") for index in run.index]
    pairs = zip(run.results.column("sample"), named, strict=True)
    return [i for i, (one, other) in enumerate(pairs) if one and other and one != other]


def _cycles(source: Source, lengths: set[int], stages: list[int]) -> set[int]:
    """The number of cycles, or several where the run and its protocol say different ones."""
    if len(lengths) > 1 or not (lengths or stages):
        found = " and ".join(map(str, sorted(lengths))) or f"neither Rn values nor {PROTOCOL}"
        refuse_results(source, "one number of cycles for all wells", found)
    return lengths if lengths & set(stages) or not stages else lengths | set(stages)


def _without_signal(cq: CqColumn, column: Column, cycles: set[int], problems: Problems) -> CqColumn:
    """The Ct that is the number of cycles says undetermined; no Ct can be larger.

    Where the number of cycles is not sure, a Ct that is one of them or lies beyond the smallest
    is refused.
    """
    first = min(cycles)
    expected = f"a Ct below {first} cycles, or {first} for no signal"
    if len(cycles) > 1:
        said = " and ".join(map(str, sorted(cycles)))
        expected = f"a Ct below {first} cycles: the data and the protocol have {said} cycles"
    values, states = list(cq.values), list(cq.states)
    for i, value in enumerate(values):
        if value == first and len(cycles) == 1:
            values[i], states[i] = _NAN, UNDETERMINED
        elif value >= first:
            problems.add(column.problem(i, expected, f"A Ct is never guessed. {AGAIN}"))
    return replace(cq, values=values, states=states)


def _replicates(run: _Run, cq: CqColumn) -> list[Problem]:
    """Warnings where Avg Ct and Ct SD are not those of the Ct."""
    results = run.results
    task = [reaction.task for reaction in run.reactions]
    rows = Replicates(
        run.well,
        results.column("target"),
        (task, results.column("sample")),
        cq.values,
        results.column("cq"),
        results.column("mean"),
        results.column("sd"),
    )
    return replicate_warnings(rows, run.file, cq.decimal)


def _experiment(source: Source, names: dict[str, str]) -> tuple[dict[str, str], str]:
    printed, state = {"software": ""}, ""
    if EXPERIMENT in names:
        printed, state = eds_setup.experiment(source, names[EXPERIMENT])
    if not printed["software"] and MANIFEST in names:
        printed["software"] = eds_setup.software(source, names[MANIFEST])
    return printed, state


def _doubts(source: Source, plate: Plate, run: _Run, state: str) -> Iterable[Problem]:
    """Warnings about what the archive does not say, or says of the run as a whole."""
    if not plate.size:
        n_wells = 384 if max(run.index) > 95 else 96
        yield Problem(
            source.name,
            f"member {PLATE}",
            "an archive without it",
            remedy=f"The wells are read as those of a {n_wells}-well plate; wells omitted in the software, roles "
            "and quantities cannot be told. Check the wells against the layout, or use the whole run file.",
            level=WARNING,
        )
    if state not in ("", "COMPLETE"):
        yield Problem(
            source.name,
            "a run that is complete",
            state,
            column=f"RunState of {EXPERIMENT}",
            remedy="The results are read as they stand. Look at the run in the instrument's software.",
            level=WARNING,
        )


def _flags(run: _Run, omitted: set[int], problems: Problems) -> list[str]:
    codes = run.column("amplification")
    for i, code in enumerate(codes.cells):
        if code not in _AMPLIFICATION:
            problems.add(codes.problem(i, "an Amp Status of 1, 0 or -1", AGAIN))
    status = run.column("amplification", [_AMPLIFICATION.get(code, "") for code in codes.cells])
    marks = [
        _marks(tuple(run.plate.marks.get(index, ())), target, detectors)
        for index, target, detectors in _with_detectors(run)
    ]
    quality = [
        (flag, run.column(flag, [row[at] for row in run.results.cells]))
        for at, flag in run.results.header.quality
    ]
    issues = run.column("issues", marks)
    return flag_column([], status, issues, quality=quality, omitted=omitted)[0]


def _with_detectors(run: _Run) -> Iterable[tuple[int, str, frozenset[str]]]:
    """Well, detector, and all detectors of the well, for each row."""
    target = run.results.column("target")
    detectors: dict[int, frozenset[str]] = {}
    for index, name in zip(run.index, target, strict=True):
        detectors[index] = detectors.get(index, frozenset()) | {name}
    return ((index, name, detectors[index]) for index, name in zip(run.index, target, strict=True))


@lru_cache(maxsize=2048)
def _marks(marks: tuple[str, ...], target: str, detectors: frozenset[str]) -> str:
    """The flags of a well that are of this detector: ``HSD-IGH`` is of IGH, ``ROXLOW`` of all."""
    named = [(mark, mark.partition("-")[2]) for mark in marks]
    own = [mark for mark, of in named if of == target or of not in detectors]
    return ";".join(mark.removesuffix(f"-{target}") for mark in own)


def _export(
    run: _Run,
    cq: CqColumn,
    reason: str,
    printed: dict[str, str],
    flags: list[str],
    problems: Problems,
) -> Export:
    results, plate = run.results, run.plate
    task = [reaction.task for reaction in run.reactions] if plate.size else results.column("task")
    named = [plate.sample.get(index, "") for index in run.index]
    sample = [one or other for one, other in zip(results.column("sample"), named, strict=True)]
    return Export(
        format=FAMILY,
        reason=reason,
        instrument=printed.get("instrument", ""),
        software=printed.get("software", ""),
        run_date=printed.get("run_date", ""),
        well=run.well,
        target=results.column("target"),
        sample=sample,
        task=task,
        channel=[reaction.reporter for reaction in run.reactions],
        quantity=_quantities(run, problems),
        cq=cq.values,
        cq_state=cq.states,
        flags=flags,
        row=results.number,
        printed_curves={},
        notes=list(cq.notes),
    )


def _quantities(run: _Run, problems: Problems) -> list[float]:
    """The concentrations of the standards; nan for all other wells."""
    values = [_NAN] * len(run.reactions)
    for i, reaction in enumerate(run.reactions):
        if words.role_of_task(reaction.task) != STANDARD:
            continue
        try:
            values[i] = number(reaction.concentration, ".")
        except ValueError:
            values[i] = _NAN
        if not values[i] > 0:
            place = f"Concentration in {PLATE}, well {run.well[i]}"
            problems.add(Problem(run.file, "a quantity above 0 for a standard", reaction.concentration,
                                 column=place, remedy=AGAIN))  # fmt: skip
    return values


def _notes(run: _Run) -> list[str]:
    """What of the results and of the plate setup was not read."""
    results, plate = run.results, run.plate
    task = sorted(set(results.column("task"))) if plate.size else []
    read = set(zip(run.index, results.column("target"), strict=True))
    names = list(eds_setup.well_names(plate.size).values()) if plate.size else []
    without = [
        f"{names[well]} {target}" for well, target in plate.reactions if (well, target) not in read
    ]
    unread = results.header.unread
    return [
        *([f"columns not read: {', '.join(unread)}"] if unread else []),
        *([f"Task of {RESULTS} ({', '.join(task)}) not read: roles are those of {PLATE}"] if task else []),
        f"lines of {RESULTS} not read: "
        + ", ".join(f"{count} {kind}" for kind, count in results.others.items()),
        *([f"wells of {PLATE} without a result: {', '.join(without)}"] if without else []),
        *([f"features of {PLATE} not read: {', '.join(plate.unread)}"] if plate.unread else []),
    ]  # fmt: skip
