"""A results table that a reader found, to an Export: every row and column accounted for.

One path for all families.  What differs between them is a :class:`Recipe`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from itertools import compress
from typing import cast

from mrdq.errors import Problem, Problems, refuse
from mrdq.instruments import cells as cell_rules
from mrdq.instruments import words
from mrdq.instruments.columns import (
    Column,
    cq_column,
    curves,
    flag_column,
    omitted_rows,
    quantity_column,
)
from mrdq.instruments.export import Export
from mrdq.instruments.header import Header, read_header
from mrdq.instruments.source import Found, Source, rows_of
from mrdq.vocabulary import STANDARD


@dataclass(frozen=True, slots=True)
class Recipe:
    """What the reading of one family's table needs to know.

    Parameters
    ----------
    family: key of ``aliases.yaml``, and id of the format.
    required: our columns that the header must have.
    blank_is_undetermined: an empty Cq cell means no signal (else it is an error).
    standards_only: quantities are kept for standards; elsewhere the instrument computed them.
    flags: columns named in capitals with ``Y`` and ``N`` are flags.
    footers: lines such as ``Analysis Type = Singleplex`` may stand below the table.
    """

    family: str
    required: tuple[str, ...] = ("well", "target", "cq")
    blank_is_undetermined: bool = False
    standards_only: bool = True
    flags: bool = False
    footers: bool = False

    def header(self, cells: tuple[str, ...]) -> Header:
        return read_header(cells, self.family, required=self.required, flags=self.flags)


@dataclass(slots=True)
class Rows:
    """The rows that hold wells, and what was left aside of the others."""

    cells: list[list[str]]
    number: list[int]
    well: list[str]
    notes: list[str] = field(default_factory=list)


def read_table(
    source: Source, found: Found, recipe: Recipe, *, block: str = "", **printed: str
) -> Export:
    """The table as an Export; ``printed`` are its instrument, software and run date.

    ``block`` is what the export says of its block (``96-Well Block``): wells outside it are
    errors.  Raises one :class:`MrdqError` with every problem of the table.
    """
    header = recipe.header(found.header)
    problems = Problems()
    rows = _settle(
        _Place(source.name, found, header, block), rows_of(source, found), recipe, problems
    )
    read = _without_empty_wells(_Cells(rows, header, source.name, found))
    if not read.rows.cells:
        problems.raise_if_any()
        refuse(
            source.name,
            "rows of results below the header",
            row=found.header_row + 1,
            remedy="Export the run again.",
        )
    export = _columns(read, found, recipe, problems, printed)
    _refuse_twins(export, source.name, problems)
    problems.errors.sort(key=lambda problem: problem.row or 0)
    problems.raise_if_any()
    return export


def _columns(
    read: _Cells, found: Found, recipe: Recipe, problems: Problems, printed: dict[str, str]
) -> Export:
    typed = not isinstance(found.body, str)
    omit = omitted_rows(read["omit"], problems)
    cq = cq_column(
        read["cq"],
        omit,
        recipe.family,
        blank_is_undetermined=recipe.blank_is_undetermined,
        typed=typed,
        problems=problems,
    )
    task, target = read["task"].cells, read["target"].cells
    standards = {word for word in set(task) if words.role_of_task(word) == STANDARD}
    all_rows = range(len(task))
    wanted = [i for i in all_rows if task[i] in standards] if recipe.standards_only else all_rows
    quantity = quantity_column(read["quantity"], wanted, cq.decimal, typed=typed, problems=problems)
    flags, unread = flag_column(read.flag_columns(), read["amplification"], read["issues"])
    printed_curves, curve_notes = curves(
        target, read["slope"], read["intercept"], read["r_squared"], cq.decimal
    )
    names = [*read.header.unread, *unread]
    return Export(
        format=recipe.family,
        reason=found.reason,
        instrument=printed.get("instrument", ""),
        software=printed.get("software", ""),
        run_date=printed.get("run_date", ""),
        well=read.rows.well,
        target=target,
        sample=read["sample"].cells,
        task=task,
        channel=read["channel"].cells,
        quantity=quantity,
        cq=cq.values,
        cq_state=cq.states,
        flags=flags,
        row=read.rows.number,
        printed_curves=printed_curves,
        notes=[
            *([f"columns not read: {', '.join(names)}"] if names else []),
            *read.rows.notes,
            *cq.notes,
            *curve_notes,
            *found.notes,
        ],
    )


class _Cells:
    """The rows turned into columns, asked for by our name."""

    def __init__(self, rows: Rows, header: Header, file: str, found: Found):
        self.rows = rows
        self.header = header
        self.file = file
        self.found = found
        self._read: dict[str, Column] = {}
        self._columns = list(
            zip(*rows.cells, strict=False)
        )  # to the shortest row: all that is read

    def __getitem__(self, column: str) -> Column:
        if column not in self._read:
            self._read[column] = self._column(self.header.at.get(column), self.header.name(column))
        return self._read[column]

    def flag_columns(self) -> list[Column]:
        return [self._column(index, self.header.names[index]) for index in self.header.flags]

    def _column(self, index: int | None, name: str) -> Column:
        if index is None or not self._columns:
            values = [""] * len(self.rows.well)
        else:
            values = list(map(str.strip, self._columns[index]))
        place = f"{name} of sheet {self.found.sheet}" if self.found.sheet else name
        return Column(
            values, place, self.file, self.rows.number, self.rows.well, there=index is not None
        )


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the rows come from, and which wells they may name."""

    file: str
    found: Found
    header: Header
    block: str

    def well(self, cell: str) -> str | None:
        names = cell_rules.well_names(cell_rules.plate_of(self.block))
        well = names.get(cell)
        if well is None and not self.block[:1].isdigit():
            well = cell_rules.open_array_well(cell)
        return well

    def problem(
        self, number: int, expected: str, found: str, remedy: str, column: str = ""
    ) -> Problem:
        sheet = f"sheet {self.found.sheet}" if self.found.sheet else ""
        return Problem(
            self.file, expected, found, row=number, column=column or sheet, remedy=remedy
        )


def _settle(place: _Place, rows: list[list[str]], recipe: Recipe, problems: Problems) -> Rows:
    """Say of every row whether it is a well, blank, a footer or a problem."""
    header, first = place.header, place.found.header_row + 1
    names = cell_rules.well_names(cell_rules.plate_of(place.block))
    at, last, width = header.at["well"], header.last, len(header.names)
    lengths = set(map(len, rows))
    if lengths and last < min(lengths) and max(lengths) <= width:
        wells = [names.get(row[at]) for row in rows]
    else:
        wells = [names.get(row[at]) if last < len(row) <= width else None for row in rows]
    numbers = range(first, first + len(rows))
    usual = wells.index(None) if None in wells else len(wells)  # the rows before the first odd one
    settled = Rows(rows[:usual], list(numbers[:usual]), cast("list[str]", wells[:usual]))
    if usual < len(rows):
        _settle_unusual(
            place, list(zip(numbers, rows, strict=True))[usual:], recipe, settled, problems
        )
    _check_end(place, settled, len(rows), problems)
    return settled


def _settle_unusual(
    place: _Place,
    rows: list[tuple[int, list[str]]],
    recipe: Recipe,
    settled: Rows,
    problems: Problems,
) -> None:
    """Settle the rows from the first on that is blank, a footer, of another length or no plain well."""
    footers = []
    for number, row in rows:
        if not any(map(str.strip, row)):
            continue
        if recipe.footers and _is_footer(row, place.header):
            footers.append(" ".join(cell.strip() for cell in row if cell.strip()))
        else:
            _take_row(place, row, number, settled, problems)
    if footers:
        settled.notes.append("lines below the table: " + "; ".join(footers))


def _take_row(
    place: _Place, row: list[str], number: int, settled: Rows, problems: Problems
) -> None:
    header = place.header
    at = header.at["well"]
    written = row[at].strip() if len(row) > at else ""
    if len(row) <= header.last:
        expected = f"{header.last + 1} cells, up to column {header.names[header.last]}"
        remedy = f"The export is cut off at row {number}, or the row is none of the table. Export the run again."
        problems.add(place.problem(number, expected, _shown(row), remedy))
    elif any(cell.strip() for cell in row[len(header.names) :]):
        remedy = "A delimiter stands inside a name, or columns have no header. Rename the sample and export the run again."
        problems.add(
            place.problem(
                number, f"at most {len(header.names)} cells, as in the header", _shown(row), remedy
            )
        )
    elif (well := place.well(written)) is None:
        block = f" of the block ({place.block})" if place.block else ""
        remedy = "The row is no well of the results table. Export the run again, or correct the name of the well."
        name = header.name("well")
        problems.add(
            place.problem(
                number, f"a well{block}, such as A1", written or _shown(row), remedy, name
            )
        )
    else:
        settled.cells.append(row)
        settled.number.append(number)
        settled.well.append(well)


def _check_end(place: _Place, rows: Rows, n_rows: int, problems: Problems) -> None:
    """Refuse a last cell that may have been cut: the file ends in it, with no line end."""
    last = place.found.header_row + n_rows
    if not place.found.open_end or not rows.number or rows.number[-1] != last:
        return
    row, header = rows.cells[-1], place.header
    at = len(row) - 1
    whole_flag = at in header.flags and row[at] in ("Y", "N")
    if at in header.read and not whole_flag:
        remedy = f"The export may be cut off at row {last}: export it again, or end the last line if it is whole."
        found = row[at]
        problems.add(
            place.problem(last, "a line end after the last cell", found, remedy, header.names[at])
        )


def _is_footer(row: list[str], header: Header) -> bool:
    """A line of the block below the table: ``Key = Value`` or the cells of a known key."""
    first = row[0].strip()
    cq = header.at["cq"]
    if len(row) > cq and row[cq].strip():
        return False
    key = words.plain(first.partition("=")[0])
    return key in words.listed("applied_biosystems_footers") or (
        "=" in first and not any(map(str.strip, row[1:]))
    )


def _shown(row: list[str]) -> str:
    return " | ".join(row)[:80]


def _without_empty_wells(read: _Cells) -> _Cells:
    """Set aside the wells that hold no reaction: no target, no task and no Cq."""
    cq = read["cq"].cells
    if "" not in cq:
        return read
    rows, filled = (
        read.rows,
        list(map(any, zip(cq, read["target"].cells, read["task"].cells, strict=True))),
    )
    empty = [well for well, full in zip(rows.well, filled, strict=True) if not full]
    if not empty:
        return read
    note = f"empty wells, no target and no Cq: {', '.join(empty)}"
    cells = list(compress(rows.cells, filled))
    kept = Rows(
        cells,
        list(compress(rows.number, filled)),
        list(compress(rows.well, filled)),
        [*rows.notes, note],
    )
    return _Cells(kept, read.header, read.file, read.found)


def _refuse_twins(export: Export, file: str, problems: Problems) -> None:
    """Two rows of one well, target and channel: nobody can tell which is right."""
    keys = list(zip(export.well, export.target, export.channel, strict=True))
    if len(set(keys)) == len(keys):
        return
    seen: dict[tuple[str, str, str], int] = {}
    for index, key in enumerate(keys):
        first = seen.setdefault(key, index)
        if first != index:
            problems.add(_twins(export, file, first, index))


def _twins(export: Export, file: str, first: int, second: int) -> Problem:
    shown = [
        f"row {export.row[index]}: Cq {export.cq[index]:g}"
        if not math.isnan(export.cq[index])
        else f"row {export.row[index]}: {export.cq_state[index]}"
        for index in (first, second)
    ]
    return Problem(
        file,
        "one row per well, target and channel",
        " and ".join(shown),
        row=export.row[second],
        column=f"well {export.well[second]}, target {export.target[second]}",
        remedy="Remove the row that is wrong, or export the run again.",
    )
