"""Checks that need more than one cell: keys, references between sheets, places of files."""

from __future__ import annotations

import datetime as dt
import os
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import repeat
from pathlib import Path
from typing import Any

from mrdq import vocabulary as words
from mrdq.column_checks import lost
from mrdq.config import CONFIG_FILE, Config, path_problems
from mrdq.errors import ERROR, MOST_OF_A_KIND, WARNING, Problem, Problems
from mrdq.protocol import TRANSPLANTATION, Protocol, number_of
from mrdq.sheets import Sheet


def unique(sheet: Sheet, key: str, problems: Problems) -> None:
    values = sheet.columns[key]
    if len(set(values)) == len(values):
        return
    first: dict[str, int] = {}
    for value, row in zip(values, sheet.row, strict=True):
        if value and value in first:
            problems.add(Problem(sheet.file, f"every {key} once (it is also in row {first[value]})", value, row, key,
                                 "Delete one of the rows, or give it another id."))  # fmt: skip
        first.setdefault(value, row)


def runs(sheet: Sheet, problems: Problems) -> None:
    for column in ("export", "layout"):
        for path, row in zip(sheet.columns[column], sheet.row, strict=True):
            if _MAY_LEAD_OUT.search(path):
                problems.extend(path_problems(sheet.file, path, column=column, row=row))
    first: dict[str, int] = {}
    for path, row in zip(sheet.columns["export"], sheet.row, strict=True):
        if path and path in first:
            problems.add(Problem(sheet.file, f"an export of its own (it is also in row {first[path]})", path, row,
                                 "export", "Both runs are read from the same file.", WARNING))  # fmt: skip
        first.setdefault(path, row)


_MAY_LEAD_OUT = re.compile(r"\0|\.\.|:|^[/\\]")


def assays(sheet: Sheet, config: Config, problems: Problems) -> dict[str, str]:
    """The control gene of each MRD target; every assay has what its kind needs."""
    kinds = dict(zip(sheet.columns["target"], sheet.columns["kind"], strict=True))
    genes = [target for target, kind in kinds.items() if kind == words.CONTROL_GENE]
    control_gene_of = {}
    for record, row in zip(sheet.records(), sheet.row, strict=True):
        if record["kind"] != words.MRD:
            continue
        if not record["patient_id"]:
            problems.add(Problem(sheet.file, "the patient whose clone the target is", "", row, "patient_id",
                                 "Fill the cell; every assay of kind mrd belongs to one patient."))  # fmt: skip
        gene = record["control_gene"]
        if gene and kinds.get(gene) != words.CONTROL_GENE:
            problems.add(Problem(sheet.file, f"a target of kind control_gene ({', '.join(genes) or 'there is none'})",
                                 gene, row, "control_gene"))  # fmt: skip
        elif not gene and len(genes) > 1:
            problems.add(Problem(sheet.file, f"one of {', '.join(genes)}", "", row, "control_gene",
                                 "The study has several control genes: name the one that normalises this target."))  # fmt: skip
        gene = gene or (genes[0] if len(genes) == 1 else "")
        told = row in sheet.unread.get("dna_per_well", ())
        if gene and record["dna_per_well"] is None and not told:
            problems.add(Problem(sheet.file, "the amount of DNA in a well, such as 600 ng", "", row, "dna_per_well",
                                 "It is needed to normalise by the control gene.",
                                 ERROR if config.control_gene_required else WARNING))  # fmt: skip
        amount = record["dna_per_well"]
        if amount is not None and not _USUAL_NG[0] <= amount <= _USUAL_NG[1]:
            problems.add(Problem(sheet.file, f"{_USUAL_NG[0]} to {_USUAL_NG[1]} ng of DNA in a well, as is usual",
                                 f"{amount:g} ng", row, "dna_per_well", "Is a decimal sign or the unit wrong?", WARNING))  # fmt: skip
        control_gene_of[record["target"]] = gene
    if config.control_gene_required and not genes and control_gene_of:
        problems.add(Problem(sheet.file, "an assay of kind control_gene", level=WARNING, column="kind",
                             remedy="Without one every result is not evaluable (control_gene: required)."))  # fmt: skip
    return control_gene_of


def patients(read: Mapping[str, Sheet], config: Config, problems: Problems) -> None:
    """Samples and assays name patients of the patients sheet; dates are in order, and none is to
    come; a trial is written one way."""
    known = set(read["patients"].columns["patient_id"])
    for name in ("samples", "assays") if "patients" in config.sheets else ():
        if not (strange := {*read[name].columns["patient_id"]} - known - {""}):
            continue
        for patient, row in zip(read[name].columns["patient_id"], read[name].row, strict=True):
            if patient in strange:
                problems.add(Problem(read[name].file, f"a patient of {read['patients'].file}", patient, row,
                                     "patient_id", "Mend the id, or add the patient."))  # fmt: skip
    misspelt = set(lost(read["patients"]).values())
    for record, row in zip(read["patients"].records(), read["patients"].row, strict=True):
        problems.extend(_dates(read["patients"].file, record, row))
        problems.extend(p for p in _outcome(read["patients"].file, record, row) if p.column not in misspelt)  # fmt: skip
    problems.extend(_collected(read["samples"], read["patients"]))
    problems.extend(_to_come(read["patients"], _DATES))
    problems.extend(_to_come(read["samples"], ("collected_on",)))
    problems.extend(_trials(read["patients"]))


_DATES = ("start_on", "last_contact_on", "relapse_on", "transplant_on")


def _to_come(sheet: Sheet, columns: Sequence[str]) -> Iterator[Problem]:
    """A date after today, which is more likely mistyped."""
    today = dt.date.today().isoformat()
    for column in columns:
        if max(sheet.columns[column], default="") <= today:
            continue
        for date, row in zip(sheet.columns[column], sheet.row, strict=True):
            if date > today:
                yield Problem(sheet.file, f"a date up to today ({today})", date, row, column,
                              "Is the year wrong?", WARNING)  # fmt: skip


def _trials(patients: Sheet) -> Iterator[Problem]:
    """A trial that is written in two ways counts as two trials."""
    trials = patients.columns["trial"]
    rows = dict(reversed(list(zip(trials, patients.row, strict=True))))  # the first of each
    ways: dict[str, str] = {}
    for trial in dict.fromkeys(filter(None, trials)):
        other = ways.setdefault(_bare(trial), trial)
        if other != trial:
            yield Problem(patients.file, f"one way to write a trial (it is {other} in row {rows[other]})", trial,
                          rows[trial], "trial", f"{other} and {trial} count as two trials.", WARNING)  # fmt: skip
    if ways and "" in rows:
        yield Problem(patients.file, f"a trial, as the other patients have one ({', '.join(ways.values())})", "",
                      rows[""], "trial", f"It is empty in {trials.count('')} of {len(trials)} rows; these patients "
                      "are of none of the named trials.", WARNING)  # fmt: skip


def _bare(name: str) -> str:
    """A name without case, spaces and punctuation; one of nothing else stays as it is."""
    folded = unicodedata.normalize("NFKC", name).casefold()
    return re.sub(r"[\W_]+", "", folded) or folded


def _dates(file: str, record: Mapping[str, Any], row: int) -> Iterator[Problem]:
    """Relapse and transplantation lie between the start and the last contact."""
    start, last = record["start_on"], record["last_contact_on"]
    death = ", the day of death" if record["dead"] else ""
    for column in ("relapse_on", "transplant_on", "last_contact_on"):
        if start and record[column] and record[column] < start:
            yield Problem(
                file, f"a date on or after start_on ({start})", record[column], row, column
            )
    for column in ("relapse_on", "transplant_on"):
        if last and record[column] > last:
            yield Problem(file, f"a date on or before last_contact_on ({last}{death})",
                          record[column], row, column)  # fmt: skip


_OUTCOME = ("last_contact_on", "dead", "relapse_on", "transplant_on")


def _outcome(file: str, record: Mapping[str, Any], row: int) -> Iterator[Problem]:
    """A death has its day, a last contact says whether the patient lived, an outcome has a start."""
    last, dead = record["last_contact_on"], record["dead"]
    if dead and not last:
        yield Problem(file, "the day of death of a patient who died (dead is 1)", "", row, "last_contact_on",
                      "Fill the date; where it is not known, leave dead empty, too.")  # fmt: skip
    if last and dead is None:
        yield Problem(file, f"1 or 0: dead or alive at last contact ({last})", "", row, "dead",
                      "Without it the patient does not count in the survival analysis.", WARNING)  # fmt: skip
    if dead == 0 and not last:
        yield Problem(file, "the day of the last contact (dead is 0)", "", row, "last_contact_on",
                      "Without it the patient does not count in the survival analysis.", WARNING)  # fmt: skip
    filled = [column for column in _OUTCOME if record[column] not in ("", None)]
    if filled and not record["start_on"]:
        yield Problem(file, f"the start of treatment, from which the time to {', '.join(filled)} is counted",
                      "", row, "start_on", "Without it the patient does not count in the survival analysis.",
                      WARNING)  # fmt: skip


def _collected(samples: Sheet, patients: Sheet) -> Iterator[Problem]:
    """A sample that is collected before the start or after the last contact has a wrong date."""
    columns = patients.columns
    dates = zip(columns["start_on"], columns["last_contact_on"], columns["dead"], strict=True)
    known = dict(zip(columns["patient_id"], dates, strict=True))
    start_of = {patient: start for patient, (start, _, _) in known.items() if start}
    last_of = {patient: last for patient, (_, last, _) in known.items() if last}
    of = samples.columns["patient_id"]
    place = zip(of, samples.columns["collected_on"], samples.row, strict=True)
    bounds = zip(map(start_of.get, of, repeat("")), map(last_of.get, of, repeat("~")), strict=True)
    outside = [
        (patient, collected, row)
        for (patient, collected, row), (start, last) in zip(place, bounds, strict=True)
        if collected and not start <= collected <= last
    ]
    for patient, collected, row in outside:
        start, last, dead = known[patient]
        what = "death" if dead else "last contact"
        if start and collected < start:
            yield Problem(samples.file, f"a date on or after the start of treatment ({start})", collected, row,
                          "collected_on", "Is the date or the patient wrong?", WARNING)  # fmt: skip
        if last and collected > last:
            yield Problem(samples.file, f"a date on or before the {what} ({last})", collected, row,
                          "collected_on", "Is the date or the patient wrong?", WARNING)  # fmt: skip


def courses(
    sheet: Sheet, patients: Sheet, protocol_of: Mapping[str, str],
    protocols: Mapping[str, Protocol], problems: Problems,
) -> None:  # fmt: skip
    """The courses sheet: known patients and courses, each once, between start and last contact.

    A row without ``given_on`` is a course that was not given, and says why.
    """
    columns = patients.columns
    dates = zip(columns["start_on"], columns["last_contact_on"], strict=True)
    known = dict(zip(columns["patient_id"], dates, strict=True))
    first: dict[tuple[str, str], int] = {}
    for record, row in zip(sheet.records(), sheet.row, strict=True):
        patient, course = record["patient_id"], record["course"]
        if patient and patient not in (known or protocol_of):
            problems.add(Problem(sheet.file, f"a patient of {patients.file or 'the study'}", patient, row,
                                 "patient_id", "Mend the id, or add the patient."))  # fmt: skip
        elif patient and course:
            problems.extend(_named(sheet.file, course, row, protocols.get(protocol_of.get(patient, ""))))  # fmt: skip
        if patient and course and (patient, course) in first:
            problems.add(Problem(sheet.file, f"every course of a patient once (it is also in row {first[patient, course]})",
                                 course, row, "course", "Delete one of the rows, or mend the course."))  # fmt: skip
        first.setdefault((patient, course), row)
        problems.extend(_given(sheet.file, record, row, known.get(patient, ("", ""))))
    problems.extend(_counted_up(sheet))


def _named(file: str, course: str, row: int, protocol: Protocol | None) -> Iterator[Problem]:
    if protocol is None or not protocol.courses or course in protocol.course_ids:
        return
    remedy = ""
    if course == TRANSPLANTATION:
        remedy = "It is no course: write its day into transplant_on of the patients sheet."
    yield Problem(file, f"a course of {protocol.id} ({', '.join(protocol.course_ids)})", course, row,
                  "course", remedy)  # fmt: skip


def _given(
    file: str, record: Mapping[str, Any], row: int, dates: tuple[str, str]
) -> Iterator[Problem]:
    given, (start, last) = record["given_on"], dates
    if not given and not record["reason"]:
        yield Problem(file, "the first day of the course, or the reason why it was not given", "", row,
                      "given_on", "Fill given_on or reason.")  # fmt: skip
    if given and start and given < start:
        yield Problem(file, f"a date on or after start_on ({start})", given, row, "given_on")
    if given and last and given > last:
        yield Problem(file, f"a date on or before last_contact_on ({last})", given, row, "given_on")  # fmt: skip
    if not given and record["intrathecal"]:
        yield Problem(file, "no doses with a course that was not given", str(record["intrathecal"]), row,
                      "intrathecal", "Write them to the course that they were given with.")  # fmt: skip


def _counted_up(sheet: Sheet) -> Iterator[Problem]:
    """The second course of a treatment begins after the first."""
    records = list(zip(sheet.records(), sheet.row, strict=True))
    given = {(r["patient_id"], number_of(r["course"])): (r["given_on"], row)
             for r, row in records if r["given_on"] and number_of(r["course"])[0]}  # fmt: skip
    for (patient, (stem, number)), (day, row) in given.items():
        before, its_row = given.get((patient, (stem, number - 1)), ("", 0))
        if before and day <= before:
            yield Problem(sheet.file, f"a date after {stem}-{number - 1} ({before}, row {its_row})", day, row,
                          "given_on", "One of the two dates, or courses, is wrong.")  # fmt: skip


# Outside of this an amount is more likely mistyped (600 ng is usual, 10 ng to 5 µg conceivable).
_USUAL_NG = (10, 5000)


def results_folder(
    root: Path, results: Path, config: Config, runs: Sheet, place: Problem, problems: Problems
) -> None:
    """The results have a folder of their own: nothing that mrdq writes may replace an input.

    ``place`` says where the folder was named.
    """
    columns = runs.columns
    published = [config.cohort.published] if config.cohort else []
    inputs = [
        CONFIG_FILE,
        *config.sheets.values(),
        *published,
        *columns["export"],
        *columns["layout"],
    ]
    folder = Path(os.path.abspath(results))
    base = os.path.abspath(root)
    below = os.path.relpath(folder, base)
    for path in inputs if below.startswith(".") else filter(_may_lie_in(below), inputs):
        full = os.path.normpath(os.path.join(base, path.partition("#")[0]))
        if path and folder in Path(full).parents:
            expected = f"a folder of its own for the results ({path} lies in it)"
            problems.add(replace(place, expected=expected))
            return
    first = folder.relative_to(base).parts[:1] if folder.is_relative_to(base) else ()
    if first and first[0] in ("audit", ".mrdq", ".snakemake"):
        problems.add(
            replace(place, expected=f"a folder of its own for the results, outside of {first[0]}/")
        )
        return
    if results.exists() and not results.is_dir():
        problems.add(replace(place, expected="a folder for the results, not a file"))


def _may_lie_in(folder: str) -> Callable[[str], bool]:
    """Whether a path may be one below ``folder``, a plain path itself: no ``.``, ``..`` or second slash."""
    pattern = re.compile(rf"{re.escape(folder)}|/|.*(//|\./|/\.)", re.DOTALL)
    return lambda path: pattern.match(path) is not None


# The hand-off has the columns mrd_<timepoint> and mrd_level_<timepoint>: one must not be the other.
_COLUMN_KINDS = ("level_", "low_", "high_", "class_", "day_")


def timepoints(
    samples: Sheet,
    protocol_of: Mapping[str, str],
    protocols: Mapping[str, Protocol],
    problems: Problems,
) -> None:
    """A timepoint that the patient's protocol does not name gets no recommendation: say so."""
    columns = samples.columns
    pairs = [*zip(map(protocol_of.get, columns["patient_id"]), columns["timepoint"], strict=True)]
    odd = {one: 0 for one in set(pairs) if any(_of_timepoint("", one, 0, protocols))}
    for one, row in zip(pairs, samples.row, strict=True) if odd else ():
        if one in odd:
            odd[one] += 1
            if odd[one] <= MOST_OF_A_KIND:
                problems.extend(_of_timepoint(samples.file, one, row, protocols))
    for one, met in odd.items():
        if (more := met - MOST_OF_A_KIND) > 0:
            told = _of_timepoint(samples.file, one, 0, protocols)
            problems.extend(replace(problem, more=more) for problem in told)


def _of_timepoint(
    file: str, one: tuple[str | None, str], row: int, protocols: Mapping[str, Protocol]
) -> Iterator[Problem]:
    protocol, timepoint = protocols.get(one[0] or ""), one[1]
    if timepoint.startswith(_COLUMN_KINDS):
        yield Problem(file, f"a timepoint that does not begin with {', '.join(_COLUMN_KINDS)}",
                      timepoint, row, "timepoint", "survival.tsv has columns of these names.")  # fmt: skip
    if protocol and protocol.timepoints and timepoint and timepoint not in protocol.by_id:
        named = ", ".join(protocol.by_id)
        yield Problem(file, f"a timepoint of {protocol.id} ({named})", timepoint, row, "timepoint",
                      "No next step is recommended for it.", WARNING)  # fmt: skip
