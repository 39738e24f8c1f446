"""Columns of cells to columns of values: Cq and its state, quantities, flags, printed curves."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import reduce

from mrdq.errors import WARNING, Problem, Problems
from mrdq.instruments import words
from mrdq.instruments.cells import decimal_sign, number, plain_numbers, quantity
from mrdq.instruments.export import Curve
from mrdq.vocabulary import DETERMINED, OMITTED, UNDETERMINED

MAXIMUM_CQ = 100.0
"""Cycles; no instrument runs longer, so that a larger number is no Cq."""

REFUSED, NO_SIGNAL, NO_SIGNAL_WARNED = "refused", "no signal", "no signal, warned"
"""What an empty Cq cell means in a family of exports."""

_RAISED = frozenset({"Y", "true"})
_FLAG_WORDS = _RAISED | {"N", "false", ""}
_NAN = math.nan
_AGAIN = "Export the run again from the instrument's software."


@dataclass(slots=True)
class Column:
    """A column of stripped cells, and where each stands.

    ``place`` is its name in the export, ``number`` the row of each cell, ``well`` its well;
    ``there`` is False if the export has no such column, its cells being all empty then.
    """

    cells: list[str]
    place: str
    file: str
    number: list[int]
    well: list[str]
    there: bool = True

    def problem(self, index: int, expected: str, remedy: str) -> Problem:
        place = f"{self.place}, well {self.well[index]}"
        return Problem(
            self.file,
            expected,
            self.cells[index],
            row=self.number[index],
            column=place,
            remedy=remedy,
        )


@dataclass(frozen=True, slots=True)
class CqColumn:
    """Cq [cycles; nan unless determined], its states, and the decimal sign they settled."""

    values: list[float]
    states: list[str]
    decimal: str
    notes: list[str]


def omitted_rows(omit: Column, include: Column, problems: Problems) -> set[int]:
    """Indices of the rows that the instrument's user left out: a true ``omit``, a false ``include``."""
    kept_out = _rows_saying(omit, problems, said=True)
    return kept_out | _rows_saying(include, problems, said=False) if include.there else kept_out


def _rows_saying(column: Column, problems: Problems, *, said: bool) -> set[int]:
    """Rows whose cell says ``said``; an empty cell is a false omit, but no include."""
    truth = {cell: words.truth(cell) if cell or said else None for cell in set(column.cells)}
    for index, cell in enumerate(column.cells) if None in truth.values() else ():
        if truth[cell] is None:
            problems.add(column.problem(index, "true or false", _AGAIN))
    if said not in truth.values():
        return set()
    return {i for i, cell in enumerate(column.cells) if truth[cell] is said}


def cq_column(
    column: Column,
    omitted: set[int],
    family: str,
    *,
    blank: str,
    typed: bool,
    problems: Problems,
) -> CqColumn:
    """Cq and state of each row.

    ``typed``: the cells come from a workbook, where a number has no decimal sign to settle.
    Problems: a word that is none of the family's, an empty cell that is REFUSED,
    both decimal signs, a Cq that is not above 0 and at most 100 cycles.
    """
    if not omitted:
        fast = _plain_cq(column.cells, words.undetermined_as_written(family))
        if fast is not None:
            return fast
    states, numeric = _states(column, omitted, family)
    notes = []
    empty = [i for i, cell in enumerate(column.cells) if not cell and i not in omitted]
    for i in empty:
        states[i] = UNDETERMINED
    if empty and blank != REFUSED:
        wells = ", ".join(column.well[i] for i in empty)
        notes.append(f"empty Cq cells read as undetermined: wells {wells}")
        if blank == NO_SIGNAL_WARNED:
            problems.add(_blank_warning(column, empty[0], wells))
    elif empty:
        remedy = (
            "An empty cell does not say whether the well was omitted or gave no signal. " + _AGAIN
        )
        expected = "a Cq, or the instrument's word for no signal"
        problems.extend(column.problem(i, expected, remedy) for i in empty)
    values, decimal = _numbers(column, numeric, family, typed=typed, problems=problems)
    return CqColumn(values, states, decimal, notes)


def _blank_warning(column: Column, first: int, wells: str) -> Problem:
    return Problem(
        column.file,
        "a Cq, or a word for no signal",
        row=column.number[first],
        column=f"{column.place}, wells {wells}",
        remedy="The empty cells are read as undetermined. Write Undetermined where a well gave no signal, "
        "and mend the table where a Cq is missing.",
        level=WARNING,
    )


def _plain_cq(cells: list[str], undetermined: frozenset[str]) -> CqColumn | None:
    """The usual column: digits and points, and the family's word; None for all else."""
    measured = [cell for cell in cells if cell not in undetermined]
    values = plain_numbers(measured)
    if not values or min(values) <= 0 or max(values) > MAXIMUM_CQ:
        return None
    decimal = "." if any("." in cell for cell in measured) else ""
    if len(values) == len(cells):
        return CqColumn(values, [DETERMINED] * len(cells), decimal, [])
    following = iter(values)
    states = [UNDETERMINED if cell in undetermined else DETERMINED for cell in cells]
    numbers = [next(following) if state is DETERMINED else _NAN for state in states]
    return CqColumn(numbers, states, decimal, [])


def _states(column: Column, omitted: set[int], family: str) -> tuple[list[str], list[int]]:
    """States by word, and the indices of the cells that should be numbers."""
    undetermined, spelled = words.undetermined(family), words.undetermined_as_written(family)
    states, numeric = [], []
    for index, cell in enumerate(column.cells):
        if index in omitted:
            states.append(OMITTED)
        elif cell in spelled or (
            cell and not cell[0].isdigit() and words.plain(cell) in undetermined
        ):
            states.append(UNDETERMINED)
        else:
            states.append(DETERMINED)
            if cell:
                numeric.append(index)
    return states, numeric


def _numbers(
    column: Column, numeric: list[int], family: str, *, typed: bool, problems: Problems
) -> tuple[list[float], str]:
    values = [_NAN] * len(column.cells)
    digits = [
        i for i in numeric if column.cells[i][0].isdigit() or any(map(str.isdigit, column.cells[i]))
    ]
    try:
        decimal = decimal_sign([column.cells[i] for i in digits])
        if typed and decimal == ",":
            raise ValueError("text")
    except ValueError:
        problems.add(_signs_problem(column, digits, typed))
        return values, ""
    fast = plain_numbers([column.cells[i] for i in numeric], decimal)
    if fast and min(fast) > 0 and max(fast) <= MAXIMUM_CQ:
        for index, value in zip(numeric, fast, strict=True):
            values[index] = value
        return values, decimal
    for index in numeric:
        try:
            values[index] = _cycles(column.cells[index], decimal)
        except ValueError as error:
            known = ", ".join(sorted(words.undetermined_as_listed(family))) or "none is known"
            expected = (
                str(error) or f"a Cq [cycles], or the instrument's word for no signal ({known})"
            )
            problems.add(column.problem(index, expected, "A Cq is never guessed. " + _AGAIN))
    return values, decimal


def _cycles(cell: str, decimal: str) -> float:
    """A Cq; raises ``ValueError``, with what was expected if the cell is a number."""
    try:
        value = number(cell, decimal)
    except ValueError:
        raise ValueError from None
    if not 0 < value <= MAXIMUM_CQ:
        raise ValueError(f"a Cq above 0 and at most {MAXIMUM_CQ:g} cycles")
    return value


def _signs_problem(column: Column, numeric: list[int], typed: bool) -> Problem:
    """One problem that shows a cell with each sign."""
    comma = next(i for i in numeric if "," in column.cells[i])
    point = next((i for i in numeric if "." in column.cells[i] and i != comma), comma)
    if typed:
        remedy = "The workbook holds numbers as text. Make them numbers, or export as text."
        return column.problem(comma, "a number of the workbook", remedy)
    shown = f'"{column.cells[point]}" in row {column.number[point]} has a point'
    return column.problem(comma, f"one decimal sign in the whole column ({shown})", _AGAIN)


def quantity_column(
    column: Column, wanted: Iterable[int], decimal: str, *, typed: bool, problems: Problems
) -> list[float]:
    """Quantities without unit, nan if absent, of the ``wanted`` rows.

    ``decimal`` is the sign that the Cq column has settled.  Problems: a number that could be
    read in two ways, a negative one, an unknown word.
    """
    values = [_NAN] * len(column.cells)
    if not column.there:
        return values
    known = dict.fromkeys(words.listed_as_written("no_quantity"), _NAN)
    for index in wanted:
        cell = column.cells[index]
        if cell not in known:
            try:
                known[cell] = _amount(cell, decimal, typed)
            except ValueError:
                problems.add(_quantity_problem(column, index))
                continue
        values[index] = known[cell]
    return values


def _quantity_problem(column: Column, index: int) -> Problem:
    remedy = (
        "The decimal sign is that of the Cq column; the other sign separates thousands only where that is "
        "beyond doubt (1,250,000 or 1,250.5, but not 20,000). Export with plain numbers."
    )
    return column.problem(
        index, "a quantity that can be read in one way only, not negative", remedy
    )


def _amount(cell: str, decimal: str, typed: bool) -> float:
    if typed:
        if "," in cell and "." not in cell:
            raise ValueError("ambiguous")
        decimal = "."
    value = quantity(cell, decimal)
    if value < 0:
        raise ValueError("negative")
    return value


def flag_column(
    marks: list[Column],
    amplification: Column,
    issues: Column,
    *,
    quality: list[tuple[str, Column]],
    omitted: Collection[int],
) -> tuple[list[str], list[str]]:
    """The raised flags of each row, and the names of the ``marks`` that turned out to be none.

    A flag column says ``Y`` or ``N``.  ``amplification`` other than Amp becomes ``no_amp``,
    ``inconclusive``; ``issues`` is taken as written; a number or word of ``quality`` becomes
    ``cq_conf=0.98``, but for words that are no remark; ``omitted`` rows have the flag ``omitted``.
    """
    unread = []
    said: list[list[str]] = []
    for mark in marks:
        there = set(mark.cells)
        if not there <= _FLAG_WORDS:
            unread.append(mark.place)
        elif there & _RAISED:
            name = mark.place.partition(" of sheet ")[0]
            said.append([name if cell in _RAISED else "" for cell in mark.cells])
    if amplification.there:
        of_word = {cell: _amplified(cell) for cell in set(amplification.cells)}
        said.append([of_word[cell] for cell in amplification.cells])
    if issues.there:
        said.append(issues.cells)
    if omitted:
        left_out = set(omitted)
        said.append([OMITTED if i in left_out else "" for i in range(len(amplification.cells))])
    said += [_quality(name, column.cells) for name, column in quality]
    return reduce(_beside, said) if said else [""] * len(amplification.cells), unread


def _amplified(cell: str) -> str:
    return "" if cell in ("Amp", "AMP") else "_".join(words.plain(cell).split())


def _quality(name: str, cells: list[str]) -> list[str]:
    usual = words.unremarkable(name)
    if usual:
        cells = [cell if words.plain(cell) not in usual else "" for cell in cells]
    said = f"{name}="
    return [said + cell if cell else "" for cell in cells]


def _beside(one: list[str], other: list[str]) -> list[str]:
    pairs = zip(one, other, strict=True)
    return [f"{left};{right}" if left and right else left or right for left, right in pairs]


def curves(
    target: list[str], slope: Column, intercept: Column, r_squared: Column, decimal: str
) -> tuple[dict[str, Curve], list[str]]:
    """The curve printed for each target, and a note for targets that have several."""
    printed: dict[str, Curve] = {}
    notes: list[str] = []
    if not (slope.there or intercept.there):
        return printed, notes
    distinct = dict.fromkeys(
        zip(target, slope.cells, intercept.cells, r_squared.cells, strict=True)
    )
    several = set()
    for name, *texts in distinct:
        curve = _curve(texts, decimal)
        if curve != (None, None, None) and printed.setdefault(name, curve) != curve:
            several.add(name)
    for name in sorted(several):
        del printed[name]
        notes.append(f"several curves are printed for target {name}: none is taken over")
    return printed, notes


def _curve(texts: list[str], decimal: str) -> Curve:
    values: list[float | None] = []
    for cell in texts:
        try:
            values.append(number(cell, decimal or "."))
        except ValueError:
            values.append(None)
    return values[0], values[1], values[2]
