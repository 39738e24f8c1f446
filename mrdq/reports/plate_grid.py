"""The wells of an export as grids of text, one for each target and channel."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass

from mrdq import vocabulary as words
from mrdq.instruments import Export, role_of_task
from mrdq.instruments.cells import LARGEST, PLATES, ROWS, row_and_column
from mrdq.reports.page_lines import wrapped

LETTERS = {
    words.STANDARD: "S",
    words.SAMPLE: "U",
    words.BACKGROUND: "B",
    words.NTC: "N",
    words.EMPTY: "E",
}
"""Role -> the letter it has in the grid; U as the instruments say unknown."""

ROTOR = (9, 8)
"""A rotor of 72, named in eights from A1 to I8."""

_ACROSS = 12  # columns of the plate side by side: 96 characters
_LEGEND = "S standard  U sample  B background  N NTC  E empty  ? no role that mrdq knows   -- undetermined  xx omitted"


@dataclass(frozen=True, slots=True)
class _Grid:
    """What stands in each well for one target; ``labels`` has the rows that are drawn."""

    labels: dict[str, str]
    n_columns: int
    cells: dict[str, str]


def grids(export: Export) -> Iterator[str]:
    """The lines of the grids, each below its target and channel; a word where there can be none."""
    targets = list(dict.fromkeys(zip(export.target, export.channel, strict=True)))
    through_hole = next((well for well in export.well if row_and_column(well) is None), "")
    if through_hole:
        yield f"no grid: {through_hole} is no well of a plate"
        return
    yield _LEGEND
    for target, channel in targets:
        names = [target or "no target named", *([f"({channel})"] if channel else [])]
        yield ""
        yield from wrapped(" ".join(names))
        yield from _drawn(_grid(export, target, channel))


def _grid(export: Export, target: str, channel: str) -> _Grid:
    cells = {
        well: f"{LETTERS.get(role_of_task(task) or '', '?')} {_cq(state, cq)}"
        for well, named, dye, task, state, cq in zip(
            export.well,
            export.target,
            export.channel,
            export.task,
            export.cq_state,
            export.cq,
            strict=True,
        )
        if (named, dye) == (target, channel)
    }
    size = _size(export)
    rows = _shown_rows(size[0], {ROWS[row] for row, _ in _places(cells)})
    rotor = export.format == "rotor_gene" and size == ROTOR
    return _Grid({row: _label(row, rotor=rotor) for row in rows}, size[1], cells)


def _size(export: Export) -> tuple[int, int]:
    """Rows and columns of the smallest plate that is drawn and has all wells of the export."""
    last_row, last_column = map(max, zip(*_places(export.well), strict=True))
    drawn = (PLATES[96], PLATES[384])
    fits = [size for size in drawn if size[0] > last_row and size[1] > last_column]
    return ROTOR if export.format == "rotor_gene" else next(iter(fits), PLATES[LARGEST])


def _places(wells: Iterable[str]) -> list[tuple[int, int]]:
    return list(filter(None, map(row_and_column, wells)))


def _shown_rows(n_rows: int, used: Container[str]) -> Sequence[str]:
    """All rows of the plate, or those with a well where these are fewer than half of them."""
    shown = [row for row in ROWS[:n_rows] if row in used]
    return shown if 2 * len(shown) < n_rows else ROWS[:n_rows]


def _label(row: str, *, rotor: bool) -> str:
    """``A``, or for a rotor the numbers of the tubes too: ``B 9-16``."""
    if not rotor:
        return f"{row:>3}"
    last = ROTOR[1] * (ROWS.index(row) + 1)
    return f"  {row} {last - ROTOR[1] + 1}-{last}".ljust(10)


def _drawn(grid: _Grid) -> Iterator[str]:
    margin = " " * max(map(len, grid.labels.values()))
    for first in range(1, grid.n_columns + 1, _ACROSS):
        columns = range(first, min(first + _ACROSS, grid.n_columns + 1))
        if not any(f"{row}{column}" in grid.cells for row in ROWS for column in columns):
            continue
        yield margin + "".join(f"{column:>8}" for column in columns)
        for row, label in grid.labels.items():
            cells = "".join(f"{grid.cells.get(f'{row}{column}', '.'):>8}" for column in columns)
            yield f"{label}{cells}"


def _cq(state: str, cq: float) -> str:
    if state == words.DETERMINED:
        return f"{cq:.2f}"
    return "xx" if state == words.OMITTED else "--"
