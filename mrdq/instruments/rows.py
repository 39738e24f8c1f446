"""The rows below a header: which are wells, and which are blank, footers or problems.

No row is dropped: what is no well is a note or a problem.  A row whose number of cells is not
that of the header may have lost or gained a delimiter, so that every value after it stands in a
wrong column: it is taken only where cells of known words show that nothing has moved.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import compress
from typing import cast

from mrdq.errors import WARNING, Problem, Problems
from mrdq.instruments import cells as cell_rules
from mrdq.instruments import words
from mrdq.instruments.header import Header
from mrdq.instruments.source import Found, Source, rows_of
from mrdq.instruments.text import refuse_large_table
from mrdq.vocabulary import STANDARD

NAMED, NUMBERED, ROTOR = "named", "numbered", "rotor"
"""How an export spells its wells: ``A1``, ``1`` to ``384`` row by row, or positions of a rotor."""

_AGAIN = "Export the run again."


@dataclass(slots=True)
class Rows:
    """The rows that hold wells.

    Parameters
    ----------
    number: row of the file or worksheet; ``well`` the normalised names; ``notes`` what was left aside.
    cells: one list per row; or else
    flat: all cells in one list, with one cell more per row for the line end: ``stride`` per row.
    """

    number: list[int]
    well: list[str]
    notes: list[str] = field(default_factory=list)
    cells: list[list[str]] = field(default_factory=list)
    flat: list[str] = field(default_factory=list)
    stride: int = 0
    _columns: list[tuple[str, ...]] | None = None

    def column(self, index: int) -> list[str]:
        """The stripped cells of a column."""
        if self.stride:
            return list(map(str.strip, self.flat[index :: self.stride]))
        if self._columns is None:
            even = len(set(map(len, self.cells))) == 1
            self._columns = list(zip(*self.cells, strict=True)) if even else []
        if self._columns:
            return list(map(str.strip, self._columns[index]))
        return [row[index].strip() for row in self.cells]

    def is_filled(self, index: int) -> bool:
        """Whether a column holds anything; rows may be shorter."""
        if self.stride:
            return any(map(str.strip, self.flat[index :: self.stride]))
        return any(row[index].strip() for row in self.cells if len(row) > index)

    def only(self, kept: Sequence[bool], note: str) -> Rows:
        """The rows of ``kept``, with a note on the others."""
        if self.stride:
            cells = [
                self.flat[at : at + self.stride - 1] for at in range(0, len(self.flat), self.stride)
            ]
        else:
            cells = self.cells
        return Rows(
            list(compress(self.number, kept)),
            list(compress(self.well, kept)),
            [*self.notes, note],
            list(compress(cells, kept)),
        )


@dataclass(frozen=True)
class Place:
    """Where the rows come from, and which wells they may name.

    ``block`` is what the export says of its block; the others are those of the Recipe.
    """

    file: str
    found: Found
    header: Header
    block: str
    footers: str
    spelled: str = NAMED
    trailing: bool = False
    stubs: bool = False
    unstated: int = 384

    @cached_property
    def wells(self) -> dict[str, str]:
        if self.spelled == ROTOR:
            return cell_rules.rotor_names()
        plate = cell_rules.plate_of(self.block, unstated=self.unstated)
        if self.spelled == NUMBERED:
            return cell_rules.well_numbers(plate)
        return cell_rules.well_names(plate)

    def well(self, cell: str) -> str | None:
        well = self.wells.get(cell)
        if well is None and self.spelled == NAMED and not self.block[:1].isdigit():
            well = cell_rules.open_array_well(cell)
        return well

    def all_wells(self, cells: list[str]) -> list[str] | None:
        """The names of all wells; None if a cell is no well."""
        wells = list(map(self.wells.get, cells))
        if None in wells:
            wells = [self.well(cell.strip()) for cell in cells]
        return None if None in wells else cast("list[str]", wells)

    def problem(
        self, number: int, column: str, expected: str, row: Sequence[str], remedy: str
    ) -> Problem:
        sheet = f"sheet {self.found.sheet}" if self.found.sheet else ""
        place = f"{column} of {sheet}" if column and sheet else column or sheet
        return Problem(
            self.file, expected, " | ".join(row)[:80], row=number, column=place, remedy=remedy
        )


def settle(place: Place, source: Source, problems: Problems) -> Rows:
    """Say of every row whether it is a well, blank, a footer or a problem."""
    refuse_large_table(place.found.body, source.name, n_columns=len(place.header.names))
    usual = _usual_block(place)
    if usual is not None:
        return usual
    rows = rows_of(source, place.found)
    if place.trailing:
        rows = _without_trailing(rows, place)
    even = None if place.found.open_end else _even_rows(place, rows)
    if even is not None:
        return even
    settled = Rows([], [])
    footers, stubs, odd = [], [], False
    last = place.found.header_row + len(rows)
    for number, row in enumerate(rows, place.found.header_row + 1):
        if not any(map(str.strip, row)):
            continue
        if place.footers and _is_footer(row, place):
            footers.append(_footer(row))
        elif place.stubs and _is_stub(row, place) and not (place.found.open_end and number == last):
            stubs.append(row[place.header.at["well"]].strip())
        else:
            odd = odd or len(row) != len(place.header.names)
            _take_row(place, row, number, settled, problems)
    settled.notes = _footer_note(footers)
    if stubs:
        settled.notes.append(f"empty wells, nothing but their name: {', '.join(stubs)}")
    if odd:
        _check_alignment(place, settled, problems)
    _check_end(place, settled, len(rows), problems)
    return settled


def _usual_block(place: Place) -> Rows | None:
    """The usual text table: wells in rows as long as the header, then blank lines and footers.

    All of it is cut in one go, and the line ends have to fall where the header says; None for
    every other table, which is settled row by row.
    """
    body = place.found.body
    if not isinstance(body, str) or '"' in body or (place.found.open_end and body[-1:] != "\n"):
        return None
    body = body.rstrip("\n")
    last = body.rfind("\n\n")  # it is near: a search from above would pass all wells
    if last < 0:
        return _cut(place, body, "")
    whole = _cut(place, body[:last], body[last:])
    first = body.find("\n\n", 0, last + 1) if whole is None else -1
    return whole if first < 0 else _cut(place, body[:first], body[first:])


def _cut(place: Place, block: str, rest: str) -> Rows | None:
    """The wells of ``block``, above the lines of ``rest``."""
    delimiter = place.found.delimiter
    stride = len(place.header.names) + 1
    marked = block.replace("\n", f"{delimiter}\n{delimiter}")
    flat = marked.split(delimiter)
    n_ends = (len(marked) - len(block)) // 2
    if len(flat) != n_ends * stride + stride - 1 or flat[stride - 1 :: stride] != ["\n"] * n_ends:
        return None
    wells = place.all_wells(flat[place.header.at["well"] :: stride])
    footers = _footers_only(place, rest) if wells else None
    if wells is None or footers is None:
        return None
    first = place.found.header_row + 1
    numbers = list(range(first, first + n_ends + 1))
    return Rows(numbers, wells, _footer_note(footers), flat=flat, stride=stride)


def _even_rows(place: Place, rows: list[list[str]]) -> Rows | None:
    """Rows as long as the header, all of them wells, then blank ones; None for every other table."""
    filled = len(rows)
    while filled and not any(map(str.strip, rows[filled - 1])):
        filled -= 1
    rows = rows[:filled]
    if set(map(len, rows)) != {len(place.header.names)}:
        return None
    at = place.header.at["well"]
    wells = place.all_wells([row[at] for row in rows])
    if wells is None:
        return None
    first = place.found.header_row + 1
    return Rows(list(range(first, first + filled)), wells, [], cells=rows)


def _footers_only(place: Place, rest: str) -> list[str] | None:
    """The footers below the table; None if a line there is anything else."""
    footers = []
    for line in rest.split("\n"):
        row = line.split(place.found.delimiter)
        if place.footers and _is_footer(row, place):
            footers.append(_footer(row))
        elif any(map(str.strip, row)):
            return None
    return footers


def _take_row(place: Place, row: list[str], number: int, settled: Rows, problems: Problems) -> None:
    header = place.header
    at = header.at["well"]
    if len(row) <= header.last:
        expected = f"{header.last + 1} cells, up to column {header.names[header.last]}"
        remedy = f"The export is cut off at row {number}, or the row is none of the table. {_AGAIN}"
        problems.add(place.problem(number, "", expected, row, remedy))
    elif (well := place.well(row[at].strip())) is None:
        block = f" of the block ({place.block})" if place.block else ""
        expected = f"a well{block}, such as A1"
        remedy = f"The row is no well of the results table. Correct the name of the well. {_AGAIN}"
        shown = [row[at]] if row[at].strip() else row
        problems.add(place.problem(number, header.name("well"), expected, shown, remedy))
    else:
        settled.cells.append(row)
        settled.number.append(number)
        settled.well.append(well)


def _check_alignment(place: Place, settled: Rows, problems: Problems) -> None:
    """Where some rows are longer or shorter than the header, all have to show that they are aligned."""
    header = place.header
    n_cells = len(header.names)
    for number, row in zip(settled.number, settled.cells, strict=True):
        known = [row[at].strip() for at in header.aligned if at < len(row)]
        if len(row) == n_cells and not header.aligned:
            continue
        if (
            len(row) > n_cells
            or not known
            or any(not cell or words.truth(cell) is None for cell in known)
        ):
            expected = f"{n_cells} cells, as in the header"
            remedy = (
                "A delimiter may be missing, or stand inside a name, so that values are in the wrong column. "
                f"Rename the sample or complete the row. {_AGAIN}"
            )
            problems.add(place.problem(number, "", expected, row, remedy))


def _check_end(place: Place, rows: Rows, n_rows: int, problems: Problems) -> None:
    """The file ends in its last cell, with no line end: refuse what may be a cut number or row.

    Where only a name may be cut, the row is read with a warning.
    """
    last = place.found.header_row + n_rows
    if not place.found.open_end or not rows.number or rows.number[-1] != last:
        return
    row, header = rows.cells[-1], place.header
    at = len(row) - 1
    read = len(row) >= len(header.names) and (
        at not in header.read or _at_most_a_name_is_cut(row, header)
    )
    expected = "a line end after the last cell"
    remedy = f"The export may be cut off at row {last}: export it again, or end the last line if it is whole."
    if read:
        remedy = f"The row is read as it stands. {remedy}"
    column = header.names[at] if at < len(header.names) else ""
    problem = place.problem(last, column, expected, [row[at]], remedy)
    problems.add(replace(problem, level=WARNING) if read else problem)


def _at_most_a_name_is_cut(row: list[str], header: Header) -> bool:
    """Whether the Cq, its state, the well and a standard's quantity are whole, wherever the last cell was cut."""
    at = len(row) - 1
    cell = row[at].strip()
    column = next((name for name, index in header.at.items() if index == at), "flag")
    role = words.role_of_task(row[header.at["task"]].strip() if "task" in header.at else "")
    quantity = row[header.at["quantity"]].strip() if "quantity" in header.at else ""
    if column == "quantity":
        return not cell and role not in (None, STANDARD)
    if column == "task":
        # Quantities are those of standards: a task word that was cut would take it away.
        return not quantity or role is not None
    if column == "omit":
        return cell != "" and words.truth(cell) is not None
    return column == "sample" or (column == "flag" and cell in ("Y", "N"))


def _without_trailing(rows: list[list[str]], place: Place) -> list[list[str]]:
    """The rows without the empty cell behind their last delimiter, where every row has one."""
    n_cells = len(place.header.names)
    filled = [row for row in rows if any(map(str.strip, row))]
    if all(len(row) == n_cells + 1 and not row[-1].strip() for row in filled):
        return [row[:n_cells] for row in rows]
    return rows


def _is_stub(row: list[str], place: Place) -> bool:
    """A row that ends behind the name of its well, which the software writes for an empty well."""
    at = place.header.at["well"]
    return (
        len(row) < len(place.header.names)
        and place.well(row[at].strip() if len(row) > at else "") is not None
        and not any(cell.strip() for index, cell in enumerate(row) if index != at)
    )


def _is_footer(row: list[str], place: Place) -> bool:
    """A line of the block below the table: ``Key = Value`` or the cells of a known key."""
    first = row[0].strip()
    cq = place.header.at["cq"]
    if len(row) > cq and row[cq].strip():
        return False
    key = words.plain(first.partition("=")[0])
    known = key in words.listed(place.footers)
    return known or ("=" in first and not any(map(str.strip, row[1:])))


def _footer(row: list[str]) -> str:
    return " ".join(cell.strip() for cell in row if cell.strip())


def _footer_note(footers: list[str]) -> list[str]:
    return ["lines below the table: " + "; ".join(footers)] if footers else []
