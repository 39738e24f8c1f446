"""Plates drawn as text, and the results expected of them: the language of the specification.

A drawing is read line by line; how it reads is told in the chapter "How to read a plate"
(``test_00_how_to_read_a_plate.py``).  :func:`example` reads a drawing, runs the package's engine
on it and compares every value that was drawn with the value that was found.
"""

from __future__ import annotations

import contextlib
import math
import re
import tempfile
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import cache
from pathlib import Path
from textwrap import dedent
from typing import Any

import numpy as np
import pandas as pd

from mrdq import vocabulary as words
from mrdq.amended_calls import analyse_amended
from mrdq.amendments import Amendment, omit_wells
from mrdq.analysis import Definitions, Tables
from mrdq.definitions import load_guideline, load_protocol
from mrdq.guideline import Guideline
from mrdq.protocol import Protocol
from mrdq.status import combine
from mrdq.units import dilution, nanograms

REDUCTION = "euromrd-2007-therapy-reduction"
INTENSIFICATION = "euromrd-2007-therapy-intensification"
EUROMRD_2024 = "euromrd-2024"
RULE_SETS = (REDUCTION, INTENSIFICATION, EUROMRD_2024)

ON, INSIDE, OUTSIDE = "on the bound", "a hair inside", "a hair outside"
SIDES = (ON, INSIDE, OUTSIDE)

GOOD_PLATE = """
role          dilution   wells
standard      1e-1       25.3  25.5
standard      1e-2       28.7  28.9
standard      1e-3       32.1  32.3
standard      1e-4       35.5  35.7
standard      1e-5       38.9  39.1
background    .          40.4  -  -  -  -  -
ntc           .          -  -
sample S1     .          32.1  32.2  32.3
control gene ALB
standard      1000 ng    24.0  24.2
standard      100 ng     27.3  27.5
standard      10 ng      30.6  30.8
ntc           .          -  -
sample S1     .          27.3  27.5
"""


class DrawingError(ValueError):
    """A drawing cannot be read; the message names the line."""


# ---------------------------------------------------------------------------- the drawing


@dataclass
class Section:
    """The wells of one target in one run; a line's key is (role, dilution or sample)."""

    control_gene: bool = False
    lines: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    fresh: set[tuple[str, str]] = field(default_factory=set)


@dataclass
class Run:
    performed_on: str = ""
    sections: dict[str, Section] = field(default_factory=dict)


@dataclass
class Drawing:
    """What a drawn plate says, line by line."""

    runs: dict[str, Run] = field(default_factory=dict)
    samples: dict[str, dict[str, str]] = field(default_factory=dict)
    assays: dict[str, dict[str, str]] = field(default_factory=dict)
    control_gene: str = "required"
    rule_set: str = REDUCTION
    own_rule_set: dict[str, float] = field(default_factory=dict)
    protocol: str = "all-mrd2019"
    positive_from_level: float | None = None
    amended: dict[tuple[str, ...], str] = field(default_factory=dict)


_WELL = re.compile(r"[x!]?(-|\d+(\.\d+)?)")
_AMENDED = re.compile(r"amend (\S+)(?: (\S+) (\S+))?: (\S+)")
_SETTING = re.compile(
    r"(rule set|own rule set|protocol|control gene|assay \S+|of sample \S+): (.+)"
)
_RUN = re.compile(r"run (\S+)(?:\s+(\d{4}-\d\d-\d\d|\.))?(\s+good plate, but)?")
_TARGET = re.compile(r"target (\S+)(?:\s+like (\S+), but)?")
_GENE = re.compile(r"control gene(?: (\S+))?")
_REMOVAL = re.compile(r"no (standard|background|ntc|sample|control gene|target)(?: (.+))?")
_ROLE = re.compile(r"(standard|sample|background|ntc)\s+(.+)")


class _Reader:
    """Reads a drawing; ``run`` and ``section`` are those that the next line belongs to."""

    def __init__(self) -> None:
        self.drawing = Drawing()
        self.run: Run | None = None
        self.section: Section | None = None

    def read(self, text: str) -> Drawing:
        for line in map(str.strip, text.strip().splitlines()):
            if not line or line.startswith("role "):
                continue
            try:
                self._line(line)
            except (DrawingError, ValueError, KeyError) as error:
                raise DrawingError(f"cannot read the line {line!r}: {error}") from error
        return self.drawing

    def _line(self, line: str) -> None:
        if line == "good plate, but":
            self._start("R1", "", good=True)
        elif match := _AMENDED.fullmatch(line):
            self._amend(tuple(filter(None, match.groups()[:3])), match[4])
        elif match := _SETTING.fullmatch(line):
            self._setting(match[1], match[2])
        elif match := _RUN.fullmatch(line):
            self._start(match[1], (match[2] or "").strip("."), good=bool(match[3]))
        elif match := _TARGET.fullmatch(line):
            self._target(match[1], like=match[2])
        elif match := _GENE.fullmatch(line):
            self.section = self._open(match[1] or "ALB", control_gene=True)
        elif match := _REMOVAL.fullmatch(line):
            self._remove(match[1], match[2])
        elif match := _ROLE.fullmatch(line):
            self._wells(match[1], match[2].split())
        else:
            raise DrawingError("no such kind of line")

    def _amend(self, what: tuple[str, ...], how: str) -> None:
        if (len(what) == 1) != (how == "retracted"):
            raise DrawingError("amend RUN: retracted, or amend RUN TARGET SAMPLE: CALL")
        self.drawing.amended[what] = how

    def _start(self, name: str, performed_on: str, *, good: bool) -> None:
        if name in self.drawing.runs:
            raise DrawingError("this run is drawn twice")
        sections = deepcopy(_Reader().read(GOOD_PLATE).runs["R1"].sections) if good else {}
        for section in sections.values():
            section.fresh.clear()
        self.run = self.drawing.runs[name] = Run(performed_on, sections)
        self.section = None

    def _current(self) -> Run:
        if self.run is None:
            self._start("R1", "", good=False)
        assert self.run is not None
        return self.run

    def _open(self, target: str, *, control_gene: bool = False) -> Section:
        return self._current().sections.setdefault(target, Section(control_gene))

    def _target(self, name: str, *, like: str | None) -> None:
        sections = self._current().sections
        if like:
            sections[name] = deepcopy(sections[like])
            sections[name].fresh.clear()
        self.section = self._open(name)

    def _remove(self, what: str, which: str | None) -> None:
        sections = self._current().sections
        if what == "control gene":
            genes = [name for name, section in sections.items() if section.control_gene]
            for name in [which] if which else genes:
                del sections[name]
            return
        if what == "target":
            del sections[str(which)]
            return
        section = self.section or self._open("T1")
        if what in ("background", "ntc"):
            del section.lines[what, ""]
        elif what == "sample":
            del section.lines[what, str(which)]
        else:
            del section.lines[what, self._dose(section, str(which))]

    def _wells(self, role: str, tokens: list[str]) -> None:
        section = self.section = self.section or self._open("T1")
        if role == "sample":
            name = tokens.pop(0)
        elif role == "standard":
            name = tokens.pop(0) + (f" {tokens.pop(0)}" if section.control_gene else "")
            name = self._dose(section, name)
        else:
            name = ""
        if tokens and tokens[0] == ".":
            tokens.pop(0)
        wrong = [token for token in tokens if not _WELL.fullmatch(token)]
        if wrong or not tokens:
            raise DrawingError(
                f"a well is 25.4, -, x25.4 or !25.4, not {' '.join(wrong) or 'nothing'}"
            )
        if (role, name) in section.fresh:
            raise DrawingError("these wells are drawn twice")
        section.lines[role, name] = tokens
        section.fresh.add((role, name))

    @staticmethod
    def _dose(section: Section, text: str) -> str:
        return repr(nanograms(text) if section.control_gene else dilution(text))

    def _setting(self, what: str, text: str) -> None:
        drawing = self.drawing
        if what == "rule set":
            drawing.rule_set = text
        elif what == "own rule set":
            extends, *changes = text.split(", ")
            drawing.rule_set = extends.removeprefix("extends ")
            drawing.own_rule_set = {c.split()[0]: float(c.split()[1]) for c in changes}
        elif what == "protocol":
            drawing.protocol, *changes = text.split(", ")
            for change in changes:
                drawing.positive_from_level = float(change.removeprefix("positive_from_level "))
        elif what == "control gene":
            if text not in ("required", "optional"):
                raise DrawingError("required or optional")
            drawing.control_gene = text
        else:
            sheet = drawing.assays if what.startswith("assay ") else drawing.samples
            entries = sheet.setdefault(what.split()[-1], {})
            for part in text.split(", "):
                name, value = part.split(" ", 1)
                entries[name] = value


def read_plate(text: str) -> Drawing:
    """The drawing that ``text`` is; raises :class:`DrawingError` naming the line."""
    drawing = _Reader().read(text)
    for run in drawing.runs.values():
        for section in run.sections.values():
            for role, name in section.lines:
                if role == "sample":
                    drawing.samples.setdefault(name, {})
    return drawing


# ---------------------------------------------------------------------------- into the engine


def _place(number: int) -> str:
    return f"{'ABCDEFGHIJKLMNOP'[number // 24]}{number % 24 + 1}"


def amendments_in(drawing: Drawing) -> list[Amendment]:
    """The amendments of a drawing, rows 2 and on: wells with a ``!`` in their order, then the lines."""
    told = [
        (words.OMIT, run_id, target, _place(place), "", "")
        for run_id, run in drawing.runs.items()
        for place, (target, well) in enumerate(
            (target, well)
            for target, section in run.sections.items()
            for wells in section.lines.values()
            for well in wells
        )
        if well.startswith("!")
    ]
    for (run_id, *subject), how in drawing.amended.items():
        if subject:
            told.append((words.CALL, run_id, subject[0], "", subject[1], how))
        else:
            told.append((words.OMIT, run_id, "", "", "", ""))
    return [Amendment(row, *one, "operator A", "2024-03-01", "reason") for row, one in enumerate(told, 2)]  # fmt: skip


def wells_of(drawing: Drawing) -> pd.DataFrame:
    """WELLS as the engine reads it, before any amendment."""
    rows = []
    for run_id, run in drawing.runs.items():
        place = 0
        for target, section in run.sections.items():
            for (role, name), wells in section.lines.items():
                dose = float(name) if role == "standard" else np.nan
                for well in wells:
                    omitted, no_signal = well.startswith("x"), well.endswith("-")
                    state = "undetermined" if no_signal else "determined"
                    rows.append({
                        "run_id": run_id, "well": _place(place),
                        "target": target, "role": role, "sample_id": name if role == "sample" else "",
                        "dilution": np.nan if section.control_gene else dose,
                        "quantity_ng": dose if section.control_gene else np.nan,
                        "cq": np.nan if omitted or no_signal else float(well.removeprefix("!")),
                        "cq_state": "omitted" if omitted else state,
                    })  # fmt: skip
                    place += 1
    return pd.DataFrame(rows)


@cache
def _own_rule_set(extends: str, changes: tuple[tuple[str, float], ...]) -> Guideline:
    """A laboratory's own rule set, written to a file and loaded as a study would load it."""
    new = {"maximum_cq": "unit: cycle, bound: maximum, "}
    lines = [
        "id: own", 'version: "1"', "title: a laboratory's own", "status: final", f"extends: {extends}",
        "parameters:",
        *(f"  {name}: {{value: {value!r}, {new.get(name, '')}grade: laboratory, source: our validation}}"
          for name, value in changes),
    ]  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "guidelines" / "own.yaml"
        path.parent.mkdir()
        path.write_text("\n".join(lines), encoding="utf-8")
        return load_guideline("own", Path(folder))


_shipped = cache(load_guideline)
_shipped_protocol = cache(load_protocol)


def _guideline(drawing: Drawing) -> Guideline:
    if drawing.own_rule_set:
        return _own_rule_set(drawing.rule_set, tuple(drawing.own_rule_set.items()))
    return _shipped(drawing.rule_set)


def _protocol(drawing: Drawing) -> Protocol:
    protocol = _shipped_protocol(drawing.protocol)
    if drawing.positive_from_level is None:
        return protocol
    timepoints = tuple(
        replace(t, positive_from_level=drawing.positive_from_level) for t in protocol.timepoints
    )
    return replace(protocol, timepoints=timepoints, by_id={t.id: t for t in timepoints})


def _samples(drawing: Drawing) -> pd.DataFrame:
    rows = [
        {"sample_id": name, "patient_id": entries.get("patient", "P1"),
         "timepoint": entries.get("timepoint", "post-C1"), "material": entries.get("material", "BM")}
        for name, entries in drawing.samples.items()
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=["sample_id", "patient_id", "timepoint", "material"])


def _definitions(drawing: Drawing, guideline: Guideline) -> Definitions:
    control = {t: s.control_gene for run in drawing.runs.values() for t, s in run.sections.items()}
    control = {"T1": False, "ALB": True} | control
    genes = [target for target, is_gene in control.items() if is_gene]
    rows = []
    for target, is_gene in control.items():
        given = drawing.assays.get(target, {})
        gene = given.get("control_gene", "ALB" if genes == ["ALB"] else "")
        rows.append({
            "target": target, "kind": "control_gene" if is_gene else "mrd",
            "patient_id": "" if is_gene else given.get("patient", "P1"),
            "dna_per_well_ng": np.nan if is_gene else nanograms(given.get("dna_per_well", "100 ng")),
            "control_gene": "" if is_gene else gene,
            "blast_fraction": float(given.get("blast_fraction", "nan")),
            "guideline": "" if is_gene else guideline.id,
        })  # fmt: skip
    runs = [
        {"run_id": name, "performed_on": run.performed_on} for name, run in drawing.runs.items()
    ]
    return Definitions(
        assays=pd.DataFrame(rows), samples=_samples(drawing), runs=pd.DataFrame(runs),
        guidelines={guideline.id: guideline},
        control_gene_required=drawing.control_gene == "required",
    )  # fmt: skip


Row = dict[str, Any]


class Found:
    """The tables of a plate as rows, by name; STATUS is combined when it is first asked for."""

    def __init__(self, drawing: Drawing):
        self._drawing, self._guideline = drawing, _guideline(drawing)
        self._definitions = _definitions(drawing, self._guideline)
        amended = amendments_in(drawing)
        wells = omit_wells(wells_of(drawing), amended)
        tables: Tables = analyse_amended(wells, self._definitions, amended)
        samples = self._definitions.samples.set_index("sample_id")
        named = tables.calls["sample_id"].astype(object)
        self._calls = tables.calls.assign(
            patient_id=named.map(samples["patient_id"]), timepoint=named.map(samples["timepoint"])
        )
        assays = self._definitions.assays
        kinds = dict(zip(assays["target"], assays["kind"], strict=True))
        self._rows = {
            "curves": _rows(tables.curves),
            "calls": _rows(self._calls),
            "evidence": [
                row | {"kind": kinds[row["target"]]} for row in _rows(tables.evidence)
            ],
        }  # fmt: skip
        for row in self._rows["calls"]:
            row["interval_fold"] = row["mrd_level_high"] / row["mrd_level_low"]

    def __getitem__(self, table: str) -> list[Row]:
        if table not in self._rows:
            self._rows[table] = _rows(self._combine())
        return self._rows[table]

    def _combine(self) -> pd.DataFrame:
        protocol, samples = _protocol(self._drawing), self._definitions.samples
        patients = dict.fromkeys(samples["patient_id"], protocol.id)
        guidelines = dict.fromkeys(patients, self._guideline.id)
        return combine(self._calls, samples, {protocol.id: protocol}, patients, guidelines)


def _rows(table: pd.DataFrame) -> list[Row]:
    return table.astype(object).to_dict("records")


@cache
def run(plate: str, rule_set: str = "") -> Found:
    """What the engine makes of a drawn plate: rows of CURVES, CALLS, EVIDENCE and STATUS.

    ``rule_set`` replaces the one that the drawing names.
    """
    drawing = read_plate(plate)
    if rule_set:
        drawing.rule_set = rule_set
    return Found(drawing)


# ---------------------------------------------------------------------------- the expectation


_KEYS = ("run_id", "target", "sample_id", "patient_id", "timepoint", "criterion", "kind")


@dataclass
class Expected:
    """One drawn table: its name, whether no other rows may be found, columns and rows of cells."""

    table: str
    complete: bool
    columns: list[str]
    rows: list[list[str]]


def read_expected(text: str) -> list[Expected]:
    """Tables drawn one below the other: name, columns, rows; two spaces or more part the cells."""
    tables: list[Expected] = []
    for line in filter(None, map(str.strip, text.strip().splitlines())):
        if tables and not tables[-1].columns:
            tables[-1].columns = line.split()
        elif match := re.fullmatch(r"(curves|calls|evidence|status)( \(all\))?", line):
            tables.append(Expected(match[1], bool(match[2]), [], []))
        else:
            cells = re.split(r"\s\s+", line)
            if not tables or len(cells) != len(tables[-1].columns):
                raise DrawingError(f"cannot read the expected line {line!r}: one cell per column")
            tables[-1].rows.append(cells)
    if not all(table.rows for table in tables) or not tables:
        raise DrawingError("a table is expected with no row")
    return tables


def _text(value: Any) -> str:
    if isinstance(value, (bool, np.bool_)):
        return str(bool(value)).lower()
    if isinstance(value, str):
        return value or "."
    return "." if value is None or math.isnan(value) else f"{float(value):.12g}"


def meets(cell: str, found: Any) -> bool:
    """Whether a found value is what a cell asks for.

    ``.`` empty; ``~1.28`` the number as far as it is drawn; ``< 2`` and ``> 2``; ``with x`` and
    ``without x`` for a word among others; a plain number, to 9 digits; else the text itself,
    where words parted by ``;`` may come in any order.
    """
    if isinstance(found, (str, bool, np.bool_)):
        words = _text(found).split(";")
        if match := re.fullmatch(r"(with|without) (\w+)", cell):
            return (match[2] in words) == (match[1] == "with")
        return sorted(cell.split(";")) == sorted(words)
    if cell == "." or math.isnan(found):
        return cell == "." and math.isnan(found)
    if match := re.fullmatch(r"([<>]) ?(.+)", cell):
        return found < float(match[2]) if match[1] == "<" else found > float(match[2])
    if cell.startswith("~"):
        exponent = int(Decimal(cell[1:]).as_tuple().exponent)
        return abs(found - float(cell[1:])) <= 0.5 * 10.0**exponent * (1 + 1e-9)
    try:
        drawn = float(cell)
    except ValueError:
        return False
    return abs(found - drawn) <= max(1e-9 * abs(drawn), 1e-12)


def differences(expected: list[Expected], found: Found) -> list[str]:
    """Lines "where: expected ... found ..." of every cell that is not met."""
    lines = []
    for drawn in expected:
        table = found[drawn.table]
        if drawn.complete and len(table) != len(drawn.rows):
            lines.append(f"{drawn.table}: expected {len(drawn.rows)} rows, found {len(table)}")
        for cells in drawn.rows:
            lines += _row_differences(drawn, cells, table)
    return lines


def _row_differences(drawn: Expected, cells: list[str], table: list[Row]) -> Iterator[str]:
    keys = {k: c for k, c in zip(drawn.columns, cells, strict=True) if k in _KEYS}
    if drawn.table in ("curves", "evidence") and not {"kind", "target"} & set(keys):
        keys["kind"] = "mrd"
    rows = [row for row in table if all(_text(row[k]) == cell for k, cell in keys.items())]
    name = " ".join(cell for key, cell in keys.items() if key != "kind")
    if len(rows) != 1:
        yield f"{drawn.table} {name}: expected 1 row, found {len(rows)}"
        return
    for column, cell in zip(drawn.columns, cells, strict=True):
        if column not in rows[0]:
            raise DrawingError(f"{drawn.table} has no column {column}")
        if column not in keys and not meets(cell, rows[0][column]):
            place = f"{drawn.table} {name} {column}".replace("  ", " ")
            yield f"{place:<48} expected {cell:<28} found {_text(rows[0][column])}"


# ---------------------------------------------------------------------------- the example


@dataclass(frozen=True)
class Example:
    """What the documentation prints and the chapter on bounds counts."""

    plate: str
    expected: str
    rule_sets: tuple[str, ...] = ()
    bound: str = ""
    side: str = ""


_recording: list[Example] | None = None


def example(
    plate: str, expected: str, *, bound: str = "", side: str = "", rule_sets: tuple[str, ...] = (),
) -> None:  # fmt: skip
    """The drawn ``plate`` gives what is drawn in ``expected``.

    ``bound`` and ``side`` say which parameter of the rule set it shows, and on which side of it.
    ``rule_sets``: it has to hold under each of these (default: the one that the drawing names).
    """
    __tracebackhide__ = True
    plate, expected = dedent(plate).strip("\n"), dedent(expected).strip("\n")
    if _recording is not None:
        _recording.append(Example(plate, expected, rule_sets, bound, side))
        return
    problems = []
    for rule_set in rule_sets or ("",):
        found = differences(read_expected(expected), run(plate, rule_set))
        problems += [f"{rule_set}{':' if rule_set else ''}", *found] if found else []
    if problems:
        label = f"{bound}, {side}" if bound else ""
        shown = "\n".join(filter(None, [label, plate, "", "expected:", expected, "", *problems]))
        raise AssertionError(f"the engine does not give what is drawn\n{shown}")


def bound(
    parameter: str, on: tuple[str, str], inside: tuple[str, str], outside: tuple[str, str],
    *, rule_sets: tuple[str, ...] = RULE_SETS,
) -> None:  # fmt: skip
    """Three examples of one parameter: on its bound, a hair inside and a hair outside."""
    __tracebackhide__ = True
    for side, (plate, expected) in zip(SIDES, (on, inside, outside), strict=True):
        example(plate, expected, bound=parameter, side=side, rule_sets=rule_sets)


def wider(narrow: str, wide: str, *, sample: str = "S1") -> None:
    """The interval of the level is wider (as a ratio high / low) on the plate ``wide``."""
    narrow, wide = dedent(narrow).strip("\n"), dedent(wide).strip("\n")
    if _recording is not None:
        _recording.append(Example(narrow, "the narrower interval (high / low)"))
        _recording.append(Example(wide, "the wider interval (high / low)"))
        return
    folds = []
    for plate in (narrow, wide):
        folds += [c["interval_fold"] for c in run(plate)["calls"] if c["sample_id"] == sample]
    if not folds[0] < folds[1]:
        raise AssertionError(
            f"{narrow}\nhigh / low = {folds[0]}\n\n{wide}\nhigh / low = {folds[1]}"
        )


def record(chapter_test: Callable[[], None]) -> list[Example]:
    """The examples that a test draws, in order, without running the engine on them."""
    global _recording
    _recording = []
    try:
        with contextlib.suppress(AssertionError):
            chapter_test()
        return _recording
    finally:
        _recording = None
