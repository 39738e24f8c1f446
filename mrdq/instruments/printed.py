"""What the instrument printed beside its Cq, held against the Cq that were read.

A mean, a standard deviation or a curve that the Cq do not give shows that an export was edited,
that wells were left out unsaid, or that a Cq was read wrong.  All of it is warnings.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

from mrdq.errors import WARNING, Problem
from mrdq.instruments.cells import number, plain_numbers

_SINGLE = 3e-6
"""Relative error of the software that computes with 32 bits."""

_DOUBT = 1e-9
"""Cycles; what is as near to a bound is worked out from the printed mean."""

_ENOUGH = 24
_SINGLE_SD = 5e-5
"""Cycles; a standard deviation of values near 30, computed with 32 bits."""


@dataclass(frozen=True, slots=True)
class Replicates:
    """Columns of one results table, one entry per row.

    Parameters
    ----------
    by: columns that the instrument may have grouped by beside the target: sample and task.
    cq: cycles, nan unless determined; ``cq_cells`` as written.
    mean, sd: cells as written, for the group of the row; ``""`` if none is printed.
    """

    well: Sequence[str]
    target: Sequence[str]
    by: tuple[Sequence[str], ...]
    cq: Sequence[float]
    cq_cells: Sequence[str]
    mean: Sequence[str]
    sd: Sequence[str]

    def group(self, index: int) -> tuple[str, ...]:
        return tuple(column[index] for column in self.by)


def replicate_warnings(rows: Replicates, file: str, decimal: str) -> list[Problem]:
    """One warning per target whose printed means or standard deviations its Cq do not give.

    The software of each vendor has groups of its own (by sample, by task, by replicate number), and
    some print the numbers in the first row of a group only.  Rows that share the printed numbers
    are taken for a group: as a whole, or by sample and task, with or without the rows there that
    print none.  Only where no way gives the printed numbers they differ.  ``decimal`` as for the Cq.
    """
    sign = decimal or "."
    units = _unit(rows.cq_cells, sign), _unit(rows.mean, sign), _unit(rows.sd, sign)
    keys = list(zip(rows.target, rows.mean, rows.sd, strict=True))
    differ: defaultdict[str, list[str]] = defaultdict(list)
    suspects = _suspects(keys, rows.cq, units, sign)
    if not suspects:
        return []
    sharing: defaultdict[tuple[str, str, str], list[int]] = defaultdict(list)
    silent: defaultdict[tuple[str, tuple[str, ...]], list[int]] = defaultdict(list)
    for index, key in enumerate(keys):
        sharing[key].append(index)
        if not key[1]:
            silent[key[0], rows.group(index)].append(index)
    for key in suspects:
        target, mean, sd = key
        printed = _number(mean, sign), _number(sd, sign)
        if _agree(rows, sharing[key], printed, units):
            continue
        wrong = [
            part
            for part in _parts(rows, sharing[key])
            if not _agree(rows, part, printed, units)
            and not _agree(rows, [*part, *silent[target, rows.group(part[0])]], printed, units)
        ]
        differ[target] += [_difference(rows, part, mean, sd) for part in wrong]
    return [_replicates_problem(file, target, found) for target, found in differ.items() if found]


def _suspects(
    keys: list[tuple[str, str, str]], cq: Sequence[float], units: Sequence[float], sign: str
) -> list[tuple[str, str, str]]:
    """The printed numbers that the rows which share them, taken together, may not give.

    One pass, with sums of the distances to the first Cq: most files end here.
    """
    sums: dict[tuple[str, str, str], list[float]] = {}
    for key, value in zip(keys, cq, strict=True):
        if value != value:
            continue
        one = sums.get(key)
        if one is None:
            sums[key] = [1.0, 0.0, 0.0, value]
            continue
        away = value - one[3]
        one[0] += 1
        one[1] += away
        one[2] += away * away
    means = _numbers([mean for _, mean, _ in sums], sign)
    spreads = _numbers([sd for *_, sd in sums], sign)
    most = 1.01 * units[1] + units[0] / 2 - _DOUBT
    spread = 1.01 * units[2] + units[0] + _SINGLE_SD - _DOUBT
    found = []
    for (key, (n, total, squares, first)), mean, sd in zip(
        sums.items(), means, spreads, strict=True
    ):
        if -most <= total / n + first - mean <= most:
            if n < 2 or sd != sd:
                continue
            if abs(math.sqrt(max(squares - total * total / n, 0.0) / (n - 1)) - sd) <= spread:
                continue
        if mean == mean:
            found.append(key)
    return found


def _near(
    n: int, total: float, squares: float, printed: tuple[float, float], units: Sequence[float]
) -> bool:
    """Whether ``n`` Cq, by the sums of their distances to the printed mean, give what is printed."""
    if abs(total / n) > 1.01 * units[1] + units[0] / 2 + _SINGLE * printed[0]:
        return False
    if n < 2 or printed[1] != printed[1]:
        return True
    about = max(squares - total * total / n, 0.0)
    spread = 1.01 * units[2] + units[0] + _SINGLE_SD
    # Of the sample (n - 1) as nearly all print it, or of the group itself (n).
    return (
        abs(math.sqrt(about / (n - 1)) - printed[1]) <= spread
        or abs(math.sqrt(about / n) - printed[1]) <= spread
    )


def _parts(rows: Replicates, indices: Iterable[int]) -> Iterable[list[int]]:
    parts: defaultdict[tuple[str, ...], list[int]] = defaultdict(list)
    for index in indices:
        parts[rows.group(index)].append(index)
    return parts.values()


def _agree(
    rows: Replicates, indices: Iterable[int], printed: tuple[float, float], units: Sequence[float]
) -> bool:
    away = [rows.cq[i] - printed[0] for i in indices if rows.cq[i] == rows.cq[i]]
    if not away:
        return True
    return _near(len(away), sum(away), sum([value * value for value in away]), printed, units)


def _difference(rows: Replicates, indices: Sequence[int], mean: str, sd: str) -> str:
    cq = [rows.cq[i] for i in indices if rows.cq[i] == rows.cq[i]]
    ours = math.fsum(cq) / len(cq)
    spread = math.sqrt(math.fsum((value - ours) ** 2 for value in cq) / max(len(cq) - 1, 1))
    wells = ", ".join(rows.well[i] for i in indices)
    said = f"mean {mean}" + (f", SD {sd}" if sd else "")
    return f"{wells}: {said} printed, {ours:.4g} and {spread:.3g} from the Cq"


def _replicates_problem(file: str, target: str, found: list[str]) -> Problem:
    return Problem(
        file,
        "Cq that give the means and standard deviations which the instrument printed",
        "; ".join(found),
        column=f"target {target}" if target else "",
        remedy="The export may have been edited, or wells were left out in the software. The Cq are "
        "read as they stand: compare them with the instrument's own screen.",
        level=WARNING,
    )


def _unit(cells: Sequence[str], sign: str) -> float:
    """One unit of the last digit that the column prints; a few cells show how many it has."""
    few = dict.fromkeys(islice(filter(None, cells), _ENOUGH))
    decimals = max([len(cell) - cell.rfind(sign) - 1 for cell in few if sign in cell], default=0)
    return float(10.0 ** -min(decimals, 12))


def _numbers(cells: Sequence[str], sign: str) -> list[float]:
    """The numbers of the cells, nan for those that are none."""
    plain = plain_numbers(list(filter(None, cells)), sign)
    if plain is None or math.inf in plain:
        return [_number(cell, sign) for cell in cells]
    following = iter(plain)
    return [next(following) if cell else math.nan for cell in cells]


def _number(cell: str, sign: str) -> float:
    try:
        return number(cell, sign)
    except ValueError:
        return math.nan
