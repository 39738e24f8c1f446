"""Layouts: which well of a run holds what, as a table or as a plate map (grids of one plate)."""

from __future__ import annotations

import re
from pathlib import Path

from mrdq import vocabulary as words
from mrdq.checks import near_misses
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
    SheetColumn("exclude", "why the well is left out", parse=_reason),
)
_PROPERTIES = {column.name: column for column in LAYOUT_COLUMNS if column.name != "well"}
_ROW_LETTER = re.compile(r"[A-Pa-p]")


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
    rows_of: dict[str, list[int]] = {}
    if _is_plate_map(rows):
        numbers, rows, rows_of = _from_plate_map(file, numbers, rows)
    layout = sheet_from_cells(file, numbers, rows, LAYOUT_COLUMNS, problems, rows_of=rows_of)
    _unique_wells(layout, problems)
    near_misses(layout, [column.name for column in LAYOUT_COLUMNS], problems)
    return layout


def _unique_wells(layout: Sheet, problems: Problems) -> None:
    first: dict[tuple[str, str], int] = {}
    columns = layout.columns
    for well, target, role, row in zip(
        columns["well"], columns["target"], columns["role"], layout.row, strict=True
    ):
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


def _from_plate_map(
    file: str, numbers: list[int], rows: list[list[Cell]]
) -> tuple[list[int], list[list[Cell]], dict[str, list[int]]]:
    """One block per property (its name in the corner, or in a cell of its own above) to a table.

    The last of the result says for each property in which row of the file each cell stands.
    """
    grids: dict[str, dict[tuple[str, str], tuple[int, Cell]]] = {}
    pending, current, labels = "", None, list[str]()
    for number, row in zip(numbers, rows, strict=True):
        cells = [as_text(cell) for cell in row]
        if cells[1:3] == ["1", "2"]:
            name = cells[0] or pending
            if not name or name in grids:
                refuse(file, "a property's name once in the corner of each grid (role, target, ...)", found=name,
                       row=number)  # fmt: skip
            current = grids.setdefault(name, {})
            labels = [label for label in cells[1:] if label]
        elif _ROW_LETTER.fullmatch(cells[0]) and current is not None:
            beyond = [cell for cell in cells[1 + len(labels) :] if cell]
            if beyond:
                refuse(file, f"cells below the column numbers only (1 to {labels[-1]})",
                       found=beyond[0], row=number)  # fmt: skip
            for label, cell in zip(
                labels, row[1:], strict=False
            ):  # a short row ends in empty cells
                if cell != "":
                    current[cells[0].upper(), label] = (number, cell)
        elif not any(cells[1:]):
            pending = cells[0]
        else:
            refuse(
                file,
                "a row A to P of a plate map, or a property's name",
                found=cells[0],
                row=number,
            )
    for name in ("role", "target"):
        if name not in grids:
            refuse(file, f"a grid for the property {name}", found=", ".join(grids))
    wells = list(dict.fromkeys(place for grid in grids.values() for place in grid))
    header: list[Cell] = ["well", *grids]
    table: list[list[Cell]] = [
        [f"{letter}{label}", *(grid.get((letter, label), (0, ""))[1] for grid in grids.values())]
        for letter, label in wells
    ]
    rows_of = {
        name: [grid.get(well, grids["role"].get(well, (0, "")))[0] for well in wells]
        for name, grid in grids.items()
    }
    return [numbers[0], *rows_of["role"]], [header, *table], rows_of
