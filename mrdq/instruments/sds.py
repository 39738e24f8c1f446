"""Applied Biosystems SDS 1.x and 2.x text: 7000, 7300, 7500, 7700 and 7900HT.

Three shapes.  SDS 2.x (7900HT) is tab text that starts with ``SDS 2.3 AQ Results``, has numbered
wells, and a curve or a summary below the table.  SDS 1.x is csv with ``Document Name: …`` lines
above the table; an export of a relative quantification study has the column Plate as well, and
some laboratories cut the lines above the table off.  The 7700 writes the table alone.

Task words are kept as written: ``Target`` and ``Endogenous Control`` of a study say which
detector is the reference, and stand on controls without template as well, so they are no role.
"""

from __future__ import annotations

import re
from dataclasses import replace

from mrdq.errors import Problem, Problems, refuse
from mrdq.instruments import words
from mrdq.instruments.cells import number
from mrdq.instruments.export import Curve, Export
from mrdq.instruments.one_run import refuse_several_runs
from mrdq.instruments.rows import NUMBERED
from mrdq.instruments.source import TEXT, Found, Missing, Source, rows_of, text_table
from mrdq.instruments.table import BLOCK, Recipe, read_table
from mrdq.instruments.text import row_at

FORMAT = "sds"
RECIPE = Recipe(
    FORMAT, required=("well", "target", "task", "cq"), flags=True, footers="sds_footers"
)
NUMBERED_WELLS = replace(RECIPE, spelled=NUMBERED)
STUDY = replace(RECIPE, family="sds_study", required=("well", "target", "cq"))
OLD = replace(
    NUMBERED_WELLS, family="sds_7700", required=("well", "channel", "task", "cq"), flags=False
)

_HEADER = re.compile(r'^(?:"?Plate"?[,;\t]"?Well ID"?[,;\t])?"?Well"?[,;\t]', re.MULTILINE)
_TAIL = re.compile(r"^(?:NAP\tLPL|Summary Data)[^\n]*", re.MULTILINE)
_BELOW = re.compile(r"^(?:Slope\t|Summary Data)", re.MULTILINE)
_HEAD_CHARACTERS = 20_000
_CYCLES = 35.0
"""No run of an MRD assay has fewer cycles; a whole number from here on may be their count."""


def detect(source: Source) -> Found | Missing:
    """The table of one of the three shapes, or what is missing of it."""
    if source.kind != TEXT:
        return Missing("text file")
    line, at = source.first_line
    start = line[:20].lstrip('"')
    if start.startswith("SDS 2."):
        return _below_heading(source, NUMBERED_WELLS, "text of SDS 2")
    if start.startswith(("Document Name:", "Exported RQ Study")):
        return _below_heading(source, RECIPE, "text of SDS 1")
    if start.startswith("Well\tReporter\tType"):
        return _checked(source, at, OLD, "the table of SDS 1 for the 7700")
    if start.startswith("Well,Sample Name,Det"):
        return _checked(source, at, RECIPE, "the table of SDS 1 without the lines above it")
    return Missing('first line that starts with "SDS 2", "Document Name:" or the 7700\'s columns')


def read(source: Source, found: Found) -> Export:
    """The export; quantities are those of standards only.

    Raises :class:`MrdqError` as well for wells of several plates, for a column Filtered that
    says more than the column Omit, and for a Ct of the 7700 that may be the number of cycles.
    """
    recipe: Recipe = found.content
    header = recipe.header(found.header)
    refuse_several_runs(source, found, header, ("plate", "run"))
    if "filtered" in header.at:
        _refuse_filtered(source, found, header.at["filtered"])
    heading = found.heading
    instrument = heading.get("Instrument Type", "")
    ninety_six = recipe is OLD or any(name in instrument for name in ("7000", "7300", "7500"))
    export = read_table(
        source,
        found,
        recipe,
        block="96-Well" if ninety_six else "",
        instrument=instrument or ("ABI Prism 7700" if recipe is OLD else ""),
        software=heading.get("", ""),
        run_date=heading.get("Run DateTime", "") or heading.get("Run Date", ""),
    )
    if recipe is OLD:
        _refuse_numbers_of_cycles(source.name, export)
    if recipe is OLD or any(warning.expected == BLOCK for warning in export.warnings):
        _refuse_half_a_table(source)
    curve = _printed_curve(source.text, export)
    return replace(export, format=FORMAT, printed_curves=curve)


def _below_heading(source: Source, recipe: Recipe, shape: str) -> Found | Missing:
    match = _HEADER.search(source.text, 0, _HEAD_CHARACTERS)
    if match is None:
        return Missing('header line that starts with "Well"')
    if re.search(r'[,;\t]"?Omit"?[,;\t]', source.text[match.start() : match.end() + 1000]):
        recipe = STUDY
    found = _checked(source, match.start(), recipe, shape)
    if isinstance(found, Missing):
        return found
    return replace(found, heading=_heading(source.text[: match.start()]))


def _checked(source: Source, at: int, recipe: Recipe, shape: str) -> Found | Missing:
    text = source.text
    found = text_table(source, at, len(text), reason="")
    header = recipe.header(found.header)
    if header.problem:
        return Missing(f"{header.problem} in the header in row {found.header_row}")
    tail = _TAIL.search(text, at)
    if tail and not _may_be_wells(text[tail.start() :], found.delimiter, len(found.header)):
        found = text_table(source, at, tail.start(), reason="")
        row = row_at(text, tail.start())
        found = replace(found, notes=(f"lines from row {row} on not read: {tail[0].strip()}",))
    named = ", ".join(header.name(column) for column in recipe.required)
    return replace(found, reason=f"{shape} with the columns {named}", content=recipe)


def _may_be_wells(tail: str, delimiter: str, n_cells: int) -> bool:
    """Whether lines below the table are as long as its rows: then they are not set aside."""
    return any(line.count(delimiter) + 1 >= n_cells for line in tail.split("\n"))


def _heading(head: str) -> dict[str, str]:
    """Key -> value of ``Key: value`` and ``Key<tab>value`` lines; the software under ``""``."""
    heading: dict[str, str] = {}
    for line in head.split("\n"):
        line = line.strip('\t ,;"')
        if line.startswith("SDS "):
            heading.setdefault("", re.sub(r"\s*(?:AQ|RQ) Results.*", "", line))
        key, sign, value = line.partition("\t" if "\t" in line else ":")
        if sign:
            heading.setdefault(key.strip(), value.strip())
    return heading


def _refuse_filtered(source: Source, found: Found, at: int) -> None:
    """Where Omit and Filtered both stand, Omit is read, and Filtered has to be empty."""
    problems = Problems()
    for row, cells in enumerate(rows_of(source, found), found.header_row + 1):
        filtered = cells[at].strip() if len(cells) > at else ""
        if words.truth(filtered) is not False:
            problems.add(
                Problem(
                    source.name,
                    "no well that the software has filtered out of its results",
                    filtered,
                    row=row,
                    column=found.header[at].strip(),
                    remedy="Omit the well in the software, or switch the filter off, and export again.",
                )
            )
    problems.raise_if_any()


def _refuse_half_a_table(source: Source) -> None:
    """Well 25 is C1 of 96 wells and B1 of 384: only a table that is whole shows which it is."""
    if not _BELOW.search(source.text):
        refuse(
            source.name,
            "the lines that SDS writes below the table (Slope, or Summary Data)",
            column="Well",
            remedy="The table may be cut off, and without its end nobody can tell 96 wells from 384. "
            "Export the run again.",
        )


def _refuse_numbers_of_cycles(file: str, export: Export) -> None:
    """The 7700 writes the number of cycles where there was no signal, and names it nowhere."""
    largest = max((cq for cq in export.cq if cq == cq), default=0.0)
    if largest < _CYCLES or largest % 1:
        return
    problems = Problems()
    for well, row, cq in zip(export.well, export.row, export.cq, strict=True):
        if cq == largest:
            expected = "a Ct, or Undetermined: a whole number that is the largest of the file may be the number of cycles"
            remedy = (
                "This software writes the number of cycles where a well gave no signal. Put Undetermined into "
                "the cell if the run had that many cycles."
            )
            problems.add(
                Problem(
                    file, expected, f"{cq:g}", row=row, column=f"Ct, well {well}", remedy=remedy
                )
            )
    problems.raise_if_any()


def _printed_curve(text: str, export: Export) -> dict[str, Curve]:
    """The curve below the table, where there is one target that it can be of."""
    targets = set(export.target)
    below = text[text.find("\nSlope\t") :] if "\nSlope\t" in text else ""
    slope, intercept, r_squared = (
        _value(below, names) for names in ("Slope", "Y-Intercept|Intercept", r"R\^2")
    )
    if len(targets) != 1 or not slope or intercept is None:
        return {}
    return {targets.pop(): (slope, intercept, r_squared)}


def _value(lines: str, names: str) -> float | None:
    # Only what is followed by a tab or a line end: the last number of the file may be cut off.
    match = re.search(rf"^(?:{names})\t([^\t\n]+)[\t\n]", lines, re.MULTILINE)
    try:
        cell = match[1].strip() if match else ""
        return number(cell, "," if "," in cell else ".")
    except ValueError:
        return None
