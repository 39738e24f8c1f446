"""Which column of an export is which of ours, told from its header."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from mrdq.instruments import words

_LAST_BRACKETS = re.compile(r"\([^()]*\)$")
_MAY_STAND_TWICE = ("target", "sample", "task", "channel")
"""Columns of names: a user who chooses the columns of an export may choose one twice."""


@dataclass(frozen=True, slots=True)
class Header:
    """Where our columns stand in a results table.

    Parameters
    ----------
    at: our column -> index of the cell, for the columns that are there.
    names: the header cells, stripped.
    flags: indices of columns that may hold an instrument flag (``HIGHSD``: ``Y`` or ``N``).
    quality: index and flag name of columns that hold a number of quality (``Cq Conf``).
    read: indices of all columns that are read, flags included.
    last: index of the last column that is read.
    unread: names of the other columns; ``nameless`` the indices of those without one.
    aligned: indices of columns that hold true or false in every row, and so show a shifted row.
    problem: what is wrong with the header, as the end of "found no …"; ``""`` if nothing is.
    twice: pairs of indices of columns of names under the same header: they have to say the same.
    """

    at: dict[str, int]
    names: tuple[str, ...]
    flags: tuple[int, ...]
    read: frozenset[int]
    last: int
    unread: tuple[str, ...]
    nameless: tuple[int, ...]
    aligned: tuple[int, ...]
    problem: str = ""
    quality: tuple[tuple[int, str], ...] = ()
    twice: tuple[tuple[int, int], ...] = ()

    def name(self, column: str) -> str:
        """Our column under the name the export has for it."""
        return self.names[self.at[column]] if column in self.at else column


@lru_cache(maxsize=256)
def read_header(
    cells: tuple[str, ...], family: str, *, required: tuple[str, ...], flags: bool
) -> Header:
    """The columns of a family of exports in a header row.

    ``required`` are the columns it has to have; with ``flags``, columns named in capitals may
    be flags.  Two columns for one of ours are a problem: none is picked, but for names that stand
    there twice under the same header.  ``Quantity (…)`` of ``aliases.yaml`` is ``Quantity`` with
    any unit.
    """
    names = tuple(cell.strip().strip("\ufeff") for cell in cells)
    spelled = [words.plain(name) for name in names]
    spellings = [{name, _LAST_BRACKETS.sub("(…)", name)} for name in spelled]
    at, twice, problem = {}, [], ""
    for column, headers in words.columns(family).items():
        here = [index for index, forms in enumerate(spellings) if not forms.isdisjoint(headers)]
        if column == "well":
            first = next((name for name in headers if name in spelled), "")
            here = [index for index in here if spelled[index] == first]
        if column in _MAY_STAND_TWICE and len({spelled[index] for index in here}) == 1:
            at[column] = here[0]
            twice += [(here[0], index) for index in here[1:]]
        elif len(here) > 1:
            both = " and ".join(f'"{names[index]}"' for index in here)
            problem = problem or f"single column for {column}: there are {both}"
        elif here:
            at[column] = here[0]
    missing = [_wanted(family, column) for column in required if column not in at]
    if missing and not problem:
        problem = "column " + " nor column ".join(missing)
    marks = tuple(
        i for i, name in enumerate(names) if flags and i not in at.values() and _may_flag(name)
    )
    aligned = tuple(i for i, name in enumerate(spelled) if name in words.listed("truth_columns"))
    quality = tuple(
        (i, known[name])
        for known in (words.quality_columns(),)
        for i, name in enumerate(spelled)
        if name in known and i not in at.values()
    )
    read = frozenset(at.values()) | frozenset(marks) | {index for index, _ in quality}
    read |= {index for _, index in twice}
    unread = tuple(name for i, name in enumerate(names) if name and i not in read)
    nameless = tuple(i for i, name in enumerate(names) if not name and i not in read)
    last = max(read, default=-1)
    return Header(
        at, names, marks, read, last, unread, nameless, aligned, problem, quality, tuple(twice)
    )


def _may_flag(name: str) -> bool:
    if name in words.exactly("flag_columns"):
        return True
    return len(name) > 2 and name.isascii() and name.isalpha() and name.isupper()


def _wanted(family: str, column: str) -> str:
    first, *others = words.headers(family)[column]
    return f'"{first}" (or {", ".join(others)})' if others else f'"{first}"'
