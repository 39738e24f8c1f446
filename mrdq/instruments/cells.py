"""Cells: well names, numbers with either decimal sign.  Nothing is guessed."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Sequence
from functools import cache

ROWS = (*"ABCDEFGHIJKLMNOPQRSTUVWXYZ", *(f"A{letter}" for letter in "ABCDEF"))
"""Names of the rows of a plate from above: after ``Z`` comes ``AA``."""
PLATES = {24: (4, 6), 48: (6, 8), 96: (8, 12), 384: (16, 24), 1536: (32, 48)}
"""Wells of a block -> its rows and columns."""
LARGEST = max(PLATES)

_OPEN_ARRAY = re.compile(r"([A-D])0?([1-9]|1[0-2])([a-h][1-8])")
_WELL = re.compile(r"([A-Z]|A[A-F])(\d{1,2})", re.ASCII)
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_GROUPED = re.compile(r"[1-9]\d{0,2}(,\d{3})+(\.\d+)?", re.ASCII)
_LONE_GROUP = re.compile(r"[1-9]\d{0,2},\d{3}", re.ASCII)
_LOOKS_GROUPED = re.compile(r"[1-9]\d{0,2}([.,]\d{3})+", re.ASCII)
_SWAP = str.maketrans(".,", ",.")


@cache
def well_names(plate: int) -> dict[str, str]:
    """Every spelling of a well of a block of ``plate`` wells -> its name: ``a01`` -> ``A1``."""
    n_rows, n_columns = PLATES[plate]
    return {
        spelling: f"{row}{column}"
        for row in ROWS[:n_rows]
        for column in range(1, n_columns + 1)
        for digits in {str(column), f"{column:02d}", f"{column:03d}"}
        for spelling in (row + digits, row.lower() + digits)
    }


@cache
def well_numbers(plate: int) -> dict[str, str]:
    """Wells of a block that are numbered row by row from 1: ``13`` -> ``B1`` of 96."""
    n_columns = PLATES[plate][1]
    return {
        str(number): f"{ROWS[(number - 1) // n_columns]}{(number - 1) % n_columns + 1}"
        for number in range(1, plate + 1)
    }


@cache
def rotor_names() -> dict[str, str]:
    """Positions of a rotor of 72, in eights from A1 to I8 or numbered: ``9`` and ``B1`` -> ``B1``."""
    names = [f"{row}{column}" for row in ROWS[:9] for column in range(1, 9)]
    numbers = {str(number): name for number, name in enumerate(names, 1)}
    return numbers | {name: name for name in names}


def open_array_well(cell: str) -> str | None:
    """The name of an OpenArray through-hole (``A1a1``), else None."""
    match = _OPEN_ARRAY.fullmatch(cell)
    return "".join(match.groups()) if match else None


def row_and_column(well: str) -> tuple[int, int] | None:
    """Where a well lies on the plate, from 0 (``AA2`` -> 26, 1); None for a through-hole."""
    match = _WELL.fullmatch(well)
    return (ROWS.index(match[1]), int(match[2]) - 1) if match else None


@cache
def is_beyond_384(well: str) -> bool:
    """Whether only a plate of 1536 has a well; no through-hole is one of a plate."""
    row, column = row_and_column(well) or (0, 0)
    return row >= PLATES[384][0] or column >= PLATES[384][1]


def plate_of(block: str, *, unstated: int = 384) -> int:
    """Wells of the block that a header names (``96-Well Block (0.2mL)``); ``unstated`` if it names none."""
    return stated_plate(block) or unstated


def stated_plate(block: str) -> int:
    """Wells of the block that a header names; 0 if it names none."""
    digits = re.match(r"\s*(\d+)", block)
    size = int(digits[1]) if digits else 0
    return size if size in PLATES else 0


def decimal_sign(cells: Collection[str]) -> str:
    """The decimal sign of a column without thousands separators, ``""`` if no cell has one.

    Raises ``ValueError`` if the cells have both.
    """
    joined = "\n".join(cells)
    signs = [sign for sign in ".," if sign in joined]
    if len(signs) > 1:
        raise ValueError("both . and , as decimal sign")
    return signs[0] if signs else ""


def number(cell: str, decimal: str) -> float:
    """A number without thousands separators; ``decimal`` is its decimal sign, or ``""``.

    Raises ``ValueError`` for everything else: words, nan, another sign, more than a float holds.
    """
    if decimal == ",":
        cell = cell.translate(_SWAP)
    if not _NUMBER.fullmatch(cell):
        raise ValueError("not a number")
    value = float(cell)
    if not math.isfinite(value):
        raise ValueError("too large")
    return value


def quantity(cell: str, decimal: str) -> float:
    """A number that may have thousands separators.

    ``decimal`` is the sign that the Cq column has settled; only then is the other one taken as
    a thousands separator, and only where groups of three follow it: several, or one with a
    decimal part.  Raises ``ValueError`` for a number that could be read in two ways; ``20,000``
    is one even so, for whoever prints it may have meant 20.
    """
    if not decimal:
        if "," in cell or _LOOKS_GROUPED.fullmatch(cell):
            raise ValueError("ambiguous")
        return number(cell, ".")
    if decimal == ",":
        cell = cell.translate(_SWAP)
    if _LONE_GROUP.fullmatch(cell):
        raise ValueError("ambiguous")
    if _GROUPED.fullmatch(cell):
        cell = cell.replace(",", "")
    return number(cell, ".")


def plain_numbers(cells: Sequence[str], decimal: str = ".") -> list[float] | None:
    """The numbers, if every cell is made of digits and at most one decimal sign; else None.

    The fast path of the two functions above: what it takes, ``number(cell, decimal)`` takes alike.
    """
    if decimal == ",":
        if any("." in cell for cell in cells):
            return None
        cells = [cell.replace(",", ".") for cell in cells]
    joined = "".join(cells)
    if not joined.isascii() or not joined.replace(".", "0").isdigit():
        return None
    try:
        return list(map(float, cells))
    except ValueError:
        return None
