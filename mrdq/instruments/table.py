"""A results table that a reader found, to an Export: every row and column accounted for.

One path for all families.  What differs between them is a :class:`Recipe`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from mrdq.errors import WARNING, Problem, Problems, refuse
from mrdq.instruments import words
from mrdq.instruments.calls import judged
from mrdq.instruments.cells import PLATES, stated_plate, well_numbers
from mrdq.instruments.columns import (
    REFUSED,
    Column,
    CqColumn,
    cq_column,
    curves,
    flag_column,
    omitted_rows,
    quantity_column,
)
from mrdq.instruments.export import Export
from mrdq.instruments.header import Header, read_header
from mrdq.instruments.printed import Replicates, replicate_warnings
from mrdq.instruments.rows import NAMED, NUMBERED, ROTOR, Place, Rows, settle
from mrdq.instruments.source import Found, Missing, Source, rows_of
from mrdq.vocabulary import STANDARD

_TWICE = "Export the run again, with each column once."
ABOVE = "rows 1 to {last}, above the table, not read but for instrument, software, block and date"

BLOCK = "the kind of block"
"""What a warning expects where wells are numbered and nothing says of how many they are."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """What the reading of one family's table needs to know.

    Parameters
    ----------
    family: key of ``aliases.yaml``, and id of the format.
    required: our columns that the header must have.
    blank: what an empty Cq cell means: REFUSED, NO_SIGNAL, or NO_SIGNAL_WARNED.
    standards_only: quantities are kept for standards; elsewhere the instrument computed them.
    flags: columns named in capitals with ``Y`` and ``N`` are flags.
    footers: list of ``aliases.yaml`` with the keys of lines that may stand below the table
        (``Analysis Type = Singleplex``); ``""`` if there are none.
    spelled: how wells are spelled: NAMED, NUMBERED or ROTOR.
    trailing: every row ends with one delimiter more than the header.
    stubs: a row that holds only the name of its well is an empty well.
    part: the header is that of one dye or gene; columns without a name are those of the others.
    unstated: wells of the largest block that there is, for exports that do not name theirs.
    every_row: a row without target, task and Cq is a reaction without signal, and no empty well.
    """

    family: str
    required: tuple[str, ...] = ("well", "target", "cq")
    blank: str = REFUSED
    standards_only: bool = True
    flags: bool = False
    footers: str = ""
    spelled: str = NAMED
    trailing: bool = False
    stubs: bool = False
    unstated: int = 384
    every_row: bool = False
    part: bool = False

    def header(self, cells: tuple[str, ...]) -> Header:
        return read_header(cells, self.family, required=self.required, flags=self.flags)

    def claim(self, found: Found, what: str, *, place: str = "") -> Found | Missing:
        """The table as one of this family, or what its header lacks.

        The reason is ``what`` with the required columns; ``place`` says where the header stands,
        if not in its row.
        """
        header = self.header(found.header)
        if header.problem:
            return Missing(f"{header.problem} in {place or f'row {found.header_row}'}")
        named = ", ".join(header.name(column) for column in self.required)
        return replace(found, reason=f"{what} with the columns {named}")


def read_table(
    source: Source, found: Found, recipe: Recipe, *, block: str = "", **printed: str
) -> Export:
    """The table as an Export; ``printed`` are its instrument, software and run date.

    ``block`` is what the export says of its block (``96-Well Block``): wells outside it are
    errors.  Raises one :class:`MrdqError` with every problem of the table.
    """
    header = recipe.header(found.header)
    problems = Problems()
    if found.sheet:
        source.workbook.refuse_cells_without_value(found.sheet, found.header_row, header.read)
    if recipe.spelled == NUMBERED and not stated_plate(block):
        block = _block_of_numbers(source, found, header, problems)
    place = Place(
        source.name, found, header, block, recipe.footers, recipe.spelled, recipe.trailing, recipe.stubs,
        recipe.unstated,
    )  # fmt: skip
    rows = settle(place, source, problems)
    read = _Cells(rows, header, source.name, found)
    if not recipe.every_row:
        read = _without_empty_wells(read)
    if not read.rows.well:
        problems.raise_if_any()
        refuse(
            source.name,
            "rows of results below the header",
            row=found.header_row + 1,
            remedy="Export the run again.",
        )
    problems.extend(read.disagreements())
    export = _columns(read, found, recipe, problems, printed)
    n_wells, plate = len(set(export.well)), stated_plate(block)
    if plate and n_wells < plate and recipe.spelled != ROTOR:
        export.notes.append(f"{n_wells} of the {plate} wells of the block are in the export")
    refuse_twins(export, source.name, problems)
    problems.errors.sort(key=lambda problem: problem.row or 0)
    problems.raise_if_any()
    return export


def _block_of_numbers(source: Source, found: Found, header: Header, problems: Problems) -> str:
    """The block of wells that are numbered: of 384 if a number says so, else with a warning.

    Laboratories name samples after their wells: where all names are those of 384, it is of 384.
    """
    at = header.at["well"], header.at.get("sample", header.at["well"])
    rows = {
        (row[at[0]].strip(), row[at[1]].strip())
        for row in rows_of(source, found)
        if len(row) > max(at)
    }
    numbered = {(int(cell), name) for cell, name in rows if cell.isdecimal() and len(cell) < 5}
    largest = max((number for number, _ in numbered), default=0)
    if largest > 96:
        return "384-Well"
    plate = _plate_of_names(numbered)
    why = ", for every sample is named after its well there" if plate > 96 else ""
    other = "96-well plate" if plate > 96 else "384-well plate"
    problems.add(
        Problem(
            source.name,
            BLOCK,
            f"wells numbered up to {largest}",
            column=header.name("well"),
            remedy=f"They are read as wells of a {plate}-well plate, {PLATES[plate][1]} to a row{why}; on a "
            f"{other} they would be others. Check them against the layout.",
            level=WARNING,
        )
    )
    return f"{plate}-Well"


def _plate_of_names(numbered: set[tuple[int, str]]) -> int:
    """384 if every sample has the name that its number gives on 384 wells and not on 96, else 96."""

    def fits(plate: int) -> bool:
        named = well_numbers(plate)
        return all(named.get(str(number)) == name for number, name in numbered)

    return 384 if fits(384) and not fits(96) else 96


def _columns(
    read: _Cells, found: Found, recipe: Recipe, problems: Problems, printed: dict[str, str]
) -> Export:
    typed = not isinstance(found.body, str)
    omit = omitted_rows(read["omit"], read["include"], problems)
    cq = cq_column(
        read["cq"],
        omit,
        recipe.family,
        blank=recipe.blank,
        typed=typed,
        problems=problems,
    )
    cq = judged(cq, read["call"], recipe.family, problems)
    task, target = read["task"].cells, read["target"].cells
    standards = {word for word in set(task) if words.role_of_task(word) == STANDARD}
    all_rows = range(len(task))
    wanted = [i for i in all_rows if task[i] in standards] if recipe.standards_only else all_rows
    quantity = quantity_column(read["quantity"], wanted, cq.decimal, typed=typed, problems=problems)
    flags, unread = flag_column(
        read.flag_columns(),
        read["amplification"],
        read["issues"],
        quality=read.quality_columns(),
        omitted=omit,
    )
    printed_curves, curve_notes = curves(
        target, read["slope"], read["intercept"], read["r_squared"], cq.decimal
    )
    names = [*read.header.unread, *unread]
    nameless = () if recipe.part else read.header.nameless
    unnamed = [str(index + 1) for index in nameless if read.rows.is_filled(index)]
    problems.extend(_replicates(read, cq))
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
            *([f"columns without a name not read: {', '.join(unnamed)}"] if unnamed else []),
            *([ABOVE.format(last=found.header_row - 1)] if _is_noted(found) else []),
            *read.rows.notes,
            *cq.notes,
            *curve_notes,
            *found.notes,
        ],
        warnings=problems.warnings,
    )


def _is_noted(found: Found) -> bool:
    """Whether the lines above the table have to be named here: no reader has named its parts."""
    return bool(found.heading) and not any(note.startswith("part ") for note in found.notes)


class _Cells:
    """The rows turned into columns, asked for by our name."""

    def __init__(self, rows: Rows, header: Header, file: str, found: Found):
        self.rows = rows
        self.header = header
        self.file = file
        self.found = found
        self._read: dict[str, Column] = {}

    def __getitem__(self, column: str) -> Column:
        if column not in self._read:
            self._read[column] = self._column(self.header.at.get(column), self.header.name(column))
        return self._read[column]

    def quality_columns(self) -> list[tuple[str, Column]]:
        at = self.header.at
        called = [(name, at[name]) for name in at if name in ("call", "edited_call")]
        named = [*called, *((name, index) for index, name in self.header.quality)]
        return [(name, self._at(index)) for name, index in named]

    def disagreements(self) -> list[Problem]:
        """A problem for each row whose names differ where the same column stands there twice."""
        return [
            other.problem(i, f'"{one.cells[i]}", as in the other column of this name', _TWICE)
            for one, other in (map(self._at, pair) for pair in self.header.twice)
            for i, cell in enumerate(other.cells)
            if cell != one.cells[i]
        ]

    def flag_columns(self) -> list[Column]:
        return [self._at(index) for index in self.header.flags]

    def _at(self, index: int) -> Column:
        return self._column(index, self.header.names[index])

    def _column(self, index: int | None, name: str) -> Column:
        said = self.found.constant.get(name, "") if index is None else ""
        values = [said] * len(self.rows.well) if index is None else self.rows.column(index)
        place = f"{name} of sheet {self.found.sheet}" if self.found.sheet else name
        return Column(
            values, place, self.file, self.rows.number, self.rows.well, there=index is not None
        )


def _replicates(read: _Cells, cq: CqColumn) -> list[Problem]:
    """Warnings where the printed means and standard deviations are not those of the Cq."""
    mean = read["mean"]
    if not mean.there:
        return []
    rows = Replicates(
        read.rows.well,
        read["target"].cells,
        (read["channel"].cells, read["task"].cells, read["sample"].cells),
        cq.values,
        read["cq"].cells,
        mean.cells,
        read["sd"].cells,
    )
    return replicate_warnings(rows, read.file, cq.decimal)


def _without_empty_wells(read: _Cells) -> _Cells:
    """Set aside the wells that hold no reaction: no target, no task and no Cq."""
    cq = read["cq"].cells
    if "" not in cq:
        return read
    filled = list(map(any, zip(cq, read["target"].cells, read["task"].cells, strict=True)))
    empty = [well for well, full in zip(read.rows.well, filled, strict=True) if not full]
    if not empty:
        return read
    note = f"empty wells, no target and no Cq: {', '.join(empty)}"
    return _Cells(read.rows.only(filled, note), read.header, read.file, read.found)


def refuse_twins(export: Export, file: str, problems: Problems) -> None:
    """Two rows of one well and target: nobody can tell which is right.

    Where no target is named, the channel stands for it.
    """
    if len(set(export.well)) == len(export.well):
        return
    keys: list[tuple[str, ...]] = list(zip(export.well, export.target, strict=True))
    if len(set(keys)) == len(keys):
        return
    keys = [
        key if key[1] else (*key, channel)
        for key, channel in zip(keys, export.channel, strict=True)
    ]
    seen: dict[tuple[str, ...], int] = {}
    for index, key in enumerate(keys):
        first = seen.setdefault(key, index)
        if first != index:
            problems.add(_twins(export, file, first, index))


def _twins(export: Export, file: str, first: int, second: int) -> Problem:
    channels = export.channel[first] != export.channel[second]
    shown = [
        f"row {export.row[index]}{', ' + export.channel[index] if channels else ''}: "
        + (export.cq_state[index] if math.isnan(export.cq[index]) else f"Cq {export.cq[index]:g}")
        for index in (first, second)
    ]
    unnamed = not export.target[first]
    return Problem(
        file,
        "one row per well and channel where no target is named"
        if unnamed
        else "one row per well and target",
        " and ".join(shown),
        row=export.row[second],
        column=f"well {export.well[second]}, target {export.target[second]}",
        remedy="Remove the row that is wrong, or export the run again.",
    )
