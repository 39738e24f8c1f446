"""Compares an engine's tables with those of the reference, and says where they part.

Values may come as Python or numpy scalars, or as read back from a table: ``None``, ``""``,
NaN and ``<NA>`` are all "empty", ``"true"`` is a Boolean where one is expected, and text is
read as a number where a number is expected.  Identifiers stay text: 7 is not "007".
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable
from typing import Any

from mrdq.validation.reference import CALL_COLUMNS, CURVE_COLUMNS, STATUS_COLUMNS, Result

Row = dict[str, Any]

RELATIVE, ABSOLUTE = 1e-9, 1e-12

KEYS = {
    "curves": ("run_id", "target"),
    "calls": ("run_id", "target", "sample_id"),
    "status": ("patient_id", "timepoint"),
}
COLUMNS = {"curves": CURVE_COLUMNS, "calls": CALL_COLUMNS, "status": STATUS_COLUMNS}

# The contract gives no formula for the interval, so the reference has none.
NOT_COMPARED = frozenset({"mrd_level_low", "mrd_level_high"})

# The flags whose condition the contract states; others may be added by an engine.
FLAGS = {
    "calls": frozenset({"signal_seen", "above_curve", "discordant_runs"}),
    "status": frozenset({"discordant_runs"}),
}

MOST_LINES = 25


def is_empty(value: Any) -> bool:
    if value is None or str(value) in ("", "<NA>", "NaT"):
        return True
    return isinstance(value, float) and math.isnan(value)


def plain(value: Any) -> Any:
    """A Python scalar, ``None`` for every kind of empty."""
    if is_empty(value):
        return None
    item = getattr(value, "item", None)
    return item() if callable(item) else value


def names_in(value: Any) -> frozenset[str]:
    """The names of a ``;``-separated cell, or of a list or set of names."""
    if isinstance(value, list | tuple | set | frozenset):
        return frozenset(value)
    value = plain(value)
    return frozenset(name for name in str(value).split(";") if name) if value else frozenset()


def same_value(expected: Any, found: Any) -> bool:
    expected, found = plain(expected), plain(found)
    if expected is None or found is None:
        return expected is found
    if isinstance(expected, bool):
        found = {"true": True, "false": False}.get(found, found)
        return isinstance(found, bool) and expected is found
    if isinstance(expected, int | float):
        try:
            number = float(found)
        except (TypeError, ValueError):
            return False
        return math.isclose(expected, number, rel_tol=RELATIVE, abs_tol=ABSOLUTE)
    return bool(expected == found)


def same_cell(table: str, column: str, expected: Row, found: Row) -> bool:
    if column == "flags":
        known = FLAGS[table]
        return names_in(expected[column]) & known == names_in(found[column]) & known
    if column == "reasons":
        wanted, given = names_in(expected[column]), names_in(found[column])
        if expected["call"] == "not_evaluable":
            return wanted == given
        # The contract names the gates, but not what keeps a positive from being quantifiable.
        return bool(wanted) == bool(given)
    return same_value(expected[column], found[column])


def readable(row: Row) -> str:
    shown = {name: plain(value) for name, value in row.items() if not is_empty(value)}
    return "\n".join(f"      {name} = {value!r}" for name, value in shown.items())


def differences(
    table: str, expected: list[Row], found: list[Row], ignore: Collection[str] = ()
) -> list[str]:
    """Every difference of one table, a line each, then the two rows of the first of them."""
    key = KEYS[table]
    columns = [name for name in COLUMNS[table] if name not in NOT_COMPARED | set(ignore)]
    missing = [name for name in columns if found and name not in found[0]]
    if missing:
        return [f"{table}: no column {', '.join(missing)}"]

    def by_key(rows: Iterable[Row]) -> dict[tuple[str, ...], Row]:
        return {tuple(str(row[name]) for name in key): row for row in rows}

    wanted, given = by_key(expected), by_key(found)
    lines = []
    if len(given) < len(found):
        lines.append(f"{table}: {len(found) - len(given)} rows share a key with another")
    lines += [f"{table}: no row {' / '.join(name)}" for name in wanted if name not in given]
    lines += [f"{table}: unexpected row {' / '.join(name)}" for name in given if name not in wanted]
    first = None
    for name in wanted:
        if name not in given:
            continue
        for column in columns:
            if not same_cell(table, column, wanted[name], given[name]):
                first = first or name
                lines.append(
                    f"{table}: {' / '.join(name)}: {column}: "
                    f"expected {plain(wanted[name][column])!r}, "
                    f"found {plain(given[name][column])!r}"
                )
    if first:
        lines.append(f"    expected row:\n{readable(wanted[first])}")
        lines.append(f"    found row:\n{readable(given[first])}")
    return lines


def assert_same(
    expected: Result,
    curves: list[Row],
    calls: list[Row],
    status: list[Row],
    *,
    ignore: Collection[str] = (),
) -> None:
    """Fails, with the rows and columns that differ, unless all three tables agree."""
    tables = {"curves": curves, "calls": calls, "status": status}
    parts = []
    for table, found in tables.items():
        lines = differences(table, getattr(expected, table), found, ignore)
        if len(lines) > MOST_LINES:
            lines = [
                *lines[:MOST_LINES],
                f"    ... and {len(lines) - MOST_LINES} more",
                *lines[-2:],
            ]
        parts += lines
    if parts:
        raise AssertionError("the engine and the reference differ\n" + "\n".join(parts))
