"""What a reader makes of one file, for a person: the plate as a grid, and what was not read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from mrdq import vocabulary as words
from mrdq.instruments import FORMATS, Export, read_export, role_of_task
from mrdq.instruments.cells import PLATES, ROWS
from mrdq.instruments.printed_curves import Points, curve_warnings, of_export

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
    """Rows and columns of a plate, and what stands in each well, for one target."""

    n_rows: int
    n_columns: int
    cells: dict[str, str]


def inspected(data: bytes, name: str, *, format: str = "") -> str:  # noqa: A002
    """A page of text on one export; raises :class:`MrdqError` as :func:`read_export` does."""
    export = read_export(data, name, format=format)
    standards = of_export(export)
    warnings = [*export.warnings, *curve_warnings(export, name, standards)]
    lines = [
        name,
        *_facts(export, standards),
        "",
        *_plates(export),
        *_listed("not read", export.notes),
        *_listed("to look at", [str(warning) for warning in warnings]),
    ]
    return "\n".join(lines) + "\n"


def _facts(export: Export, standards: dict[str, Points]) -> Iterator[str]:
    states = Counter(export.cq_state)
    reader = FORMATS[export.format]
    yield f"format      {export.format}: {reader.title} ({reader.evidence})"
    yield f"because     {export.reason}"
    yield f"instrument  {export.instrument or 'not stated'}"
    yield f"software    {export.software or 'not stated'}"
    yield f"run date    {export.run_date or 'not stated'}"
    yield (
        f"read        {len(export.row)} rows, {len(set(export.well))} wells: "
        + ", ".join(f"{states[state]} {state}" for state in words.CQ_STATES)
    )
    roles = Counter(role_of_task(task) or f"no role ({task or 'no task'})" for task in export.task)
    yield "roles       " + ", ".join(f"{count} {role}" for role, count in roles.items())
    for target, (slope, intercept, r_squared) in export.printed_curves.items():
        printed = (("slope", slope), ("intercept", intercept), ("R²", r_squared))
        said = ", ".join(f"{name} {value:g}" for name, value in printed if value is not None)
        fit = standards[target].fit() if target in standards else None
        ours = f"slope {fit[0]:.4g}, R² {fit[2]:.4g}" if fit else "no curve"
        yield f"curve       {target or 'no target'}: {said} printed; the standards read give {ours}"


def _plates(export: Export) -> Iterator[str]:
    targets = list(dict.fromkeys(zip(export.target, export.channel, strict=True)))
    through_hole = next((well for well in export.well if len(well) > 3), "")
    if through_hole:
        yield f"no grid: {through_hole} is no well of a plate"
        return
    yield _LEGEND
    for target, channel in targets:
        names = [target or "no target named", *([f"({channel})"] if channel else [])]
        yield ""
        yield " ".join(names)
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
    last_row = max(ROWS.index(well[0]) + 1 for well in export.well)
    last_column = max(int(well[1:]) for well in export.well)
    drawn = (ROTOR,) if export.format == "rotor_gene" else (PLATES[96], PLATES[384])
    fits = [size for size in drawn if size[0] >= last_row and size[1] >= last_column]
    n_rows, n_columns = next(iter(fits), PLATES[384])
    return _Grid(n_rows, n_columns, cells)


def _drawn(grid: _Grid) -> Iterator[str]:
    for first in range(1, grid.n_columns + 1, _ACROSS):
        columns = range(first, min(first + _ACROSS, grid.n_columns + 1))
        if not any(f"{row}{column}" in grid.cells for row in ROWS for column in columns):
            continue
        yield "   " + "".join(f"{column:>8}" for column in columns)
        for row in ROWS[: grid.n_rows]:
            cells = "".join(f"{grid.cells.get(f'{row}{column}', '.'):>8}" for column in columns)
            yield f"{row:>3}{cells}"


def _cq(state: str, cq: float) -> str:
    if state == words.DETERMINED:
        return f"{cq:.2f}"
    return "xx" if state == words.OMITTED else "--"


def _listed(title: str, lines: list[str]) -> Iterator[str]:
    yield ""
    yield f"{title}:" if lines else f"{title}: nothing"
    for line in lines:
        yield f"  {line}"
