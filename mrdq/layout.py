"""Layouts: which well of a run holds what, as a table or as a plate map (grids of one plate)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from mrdq import vocabulary as words
from mrdq.column_checks import near_misses
from mrdq.errors import Problem, Problems, refuse
from mrdq.sheets import Cell, Sheet, SheetColumn, as_text, one_of, read_cells, sheet_from_cells
from mrdq.study import well_name
from mrdq.units import UnitError, dilution, nanograms


def _reason(text: str) -> str:
    """A reason in words: ``false`` of a spreadsheet would leave the well out all the same."""
    if text.casefold() in ("false", "no", "0", "none", "-"):
        raise UnitError(
            "a reason in words for leaving the well out", "Write why, or empty the cell."
        )
    return text


LAYOUT_COLUMNS = (
    SheetColumn("well", "the well, such as A1", required=True, parse=well_name),
    SheetColumn("target", "the target's name", header_required=True, is_id=True),
    SheetColumn(
        "role", f"one of {', '.join(words.ROLES)}", required=True, parse=one_of(*words.ROLES)
    ),
    SheetColumn("sample_id", "the sample's id", is_id=True),
    SheetColumn("dilution", "dilution of the diagnostic DNA", parse=dilution, missing=None),
    SheetColumn("quantity", "amount of DNA with its unit", parse=nanograms, missing=None),
    SheetColumn("channel", "the dye, as an export that names no target has it"),
    SheetColumn("exclude", "why the well is left out", parse=_reason),
)
_ROW = re.compile(r"[A-Z]|A[A-F]|[a-z]|a[a-f]")


def read_layout(root: Path, file: str, problems: Problems) -> Sheet:
    """The layout ``file`` of the study in ``root``: columns of ``LAYOUT_COLUMNS`` and extra ones.

    ``well`` is normalised (A01 -> A1), ``dilution`` a fraction, ``quantity`` in ng.
    Problems of its cells go to ``problems``; a file that is no layout raises
    :class:`MrdqError`.
    """
    path, _, worksheet = file.partition("#")
    numbers, rows = read_cells(root / path, file, worksheet=worksheet)
    if not rows:
        refuse(file, "a layout with the columns well, target and role, or a plate map")
    if _is_plate_map(rows):
        plate_map = _read_plate_map(file, numbers, rows)
        layout = sheet_from_cells(file, [numbers[0]] * (1 + len(plate_map.wells)), plate_map.table(),
                                  LAYOUT_COLUMNS, problems, place=plate_map.place)  # fmt: skip
    else:
        layout = sheet_from_cells(file, numbers, rows, LAYOUT_COLUMNS, problems)
    _unique_wells(layout, problems)
    near_misses(layout, [column.name for column in LAYOUT_COLUMNS], problems)
    return layout


def _unique_wells(layout: Sheet, problems: Problems) -> None:
    first: dict[tuple[str, str], int] = {}
    columns = layout.columns
    keys = zip(columns["well"], columns["target"], columns["role"], strict=True)
    for i, (well, target, role) in enumerate(keys):
        row, _ = layout.where("target", i)
        if not target and role not in ("", words.EMPTY):
            problems.add(
                Problem(
                    layout.file, f"the target of a well with the role {role}", "", row, "target"
                )
            )
        if well and (well, target) in first:
            problems.add(Problem(layout.file, "every well once for a target (it is also in row "
                                 f"{first[well, target]})", f"{well} {target}", row, "well"))  # fmt: skip
        first.setdefault((well, target), row)


def _is_plate_map(rows: list[list[Cell]]) -> bool:
    """A grid has the column numbers 1, 2, 3 after the property's name."""
    return any([as_text(cell) for cell in row[1:4]] == ["1", "2", "3"] for row in rows[:3])


@dataclass(slots=True)
class _PlateMap:
    """Grids of one plate: property -> well (letter, number) -> cell, and the row of each letter."""

    grids: dict[str, dict[tuple[str, str], Cell]] = field(default_factory=dict)
    rows: dict[str, dict[str, int]] = field(default_factory=dict)

    @property
    def wells(self) -> list[tuple[str, str]]:
        return list(dict.fromkeys(well for grid in self.grids.values() for well in grid))

    def table(self) -> list[list[Cell]]:
        """The same as a table: a header, and a row per well."""
        body = [
            ["".join(well), *(grid.get(well, "") for grid in self.grids.values())]
            for well in self.wells
        ]
        return [["well", *self.grids], *body]

    def place(self, column: str, index: int) -> tuple[int, str]:
        """Row of the file and name of the cell that an entry of the table came from."""
        letter, number = self.wells[index]
        rows = self.rows.get(column) or self.rows["role"]
        return rows.get(letter, rows[""]), f"{column}, well {letter}{number}"


def _read_plate_map(file: str, numbers: list[int], rows: list[list[Cell]]) -> _PlateMap:
    """One block per property, its name in the corner, or in a cell of its own above."""
    found = _PlateMap()
    pending, name, labels = "", "", list[str]()
    for number, row in zip(numbers, rows, strict=True):
        cells = [as_text(cell) for cell in row]
        if cells[1:3] == ["1", "2"]:
            name = cells[0] or pending
            if not name or name in found.grids:
                refuse(file, "a property's name once in the corner of each grid (role, target, ...)", found=name,
                       row=number)  # fmt: skip
            found.grids[name], found.rows[name] = {}, {"": number}
            labels = [label for label in cells[1:] if label]
        elif _ROW.fullmatch(cells[0]) and name:
            letter = cells[0].upper()
            found.rows[name][letter] = number
            beyond = [cell for cell in cells[1 + len(labels) :] if cell]
            if beyond:
                refuse(file, f"cells below the column numbers only (1 to {labels[-1]})",
                       found=beyond[0], row=number)  # fmt: skip
            filled = zip(labels, row[1:], strict=False)  # a short row ends in empty cells
            found.grids[name] |= {(letter, label): cell for label, cell in filled if cell != ""}
        elif not any(cells[1:]):
            pending = cells[0]
        else:
            refuse(
                file,
                "a row A to AF of a plate map, or a property's name",
                found=cells[0],
                row=number,
            )
    for wanted in ("role", "target"):
        if wanted not in found.grids:
            refuse(file, f"a grid for the property {wanted}", found=", ".join(found.grids),
                   remedy="Grids are named in lower case.")  # fmt: skip
    return found
