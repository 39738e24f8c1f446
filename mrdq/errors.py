"""The one family of errors a user can cause, and how they are told.

A :class:`Problem` says where, what was found, what was expected and what to do.  Readers
collect problems and raise one :class:`MrdqError` holding all of them, so that a sheet is
mended in one pass.  The command line is the only place that catches it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NoReturn

ERROR = "error"
WARNING = "warning"
MOST_TOLD = 500
"""Problems that are told at once: more of them have one cause, and nobody reads them."""
MOST_OF_A_KIND = 50
"""Problems of one kind in the sheets of a study that are told one by one."""

Kind = tuple[str, str, str, str]


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with the input, in the words a laboratory needs to mend it.

    Parameters
    ----------
    file: path as the user knows it (relative to the study where it lies inside it).
    expected: what would have been right.
    found: the offending value as written; empty when something is missing altogether.
    row: 1-based row of the file or worksheet (the header of a plain sheet is row 1).
    column: column name, or another place inside the file (``sheet Results``, ``well A4``).
    remedy: what to do about it.
    level: ``error`` stops the work, ``warning`` is shown and never changes the exit code.
    more: how many problems of its kind it stands for that are not told one by one; 0: it is one itself.
    """

    file: str
    expected: str
    found: str = ""
    row: int | None = None
    column: str = ""
    remedy: str = ""
    level: str = ERROR
    more: int = 0

    @property
    def kind(self) -> Kind:
        """What problems share that may have one cause: all but the row and what is named in brackets."""
        return self.level, self.file, self.column, self.expected.partition(" (")[0]

    def __str__(self) -> str:
        place = [self.file]
        if self.row is not None:
            place.append(f"row {self.row}")
        if self.column:
            place.append(f"column {self.column}")
        found = f'found "{self.found}"' if self.found != "" else "found nothing"
        text = f"{', '.join(place)}: {found}, expected {self.expected}"
        return f"{text}. {self.remedy}" if self.remedy else text


class MrdqError(Exception):
    """The user's input is wrong; ``problems`` says everything that is."""

    def __init__(self, problems: Problem | Iterable[Problem]):
        self.problems = [problems] if isinstance(problems, Problem) else list(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class Problems:
    """Collects problems while a reader goes on, to raise them all at once."""

    def __init__(self) -> None:
        self.errors: list[Problem] = []
        self.warnings: list[Problem] = []

    def add(self, problem: Problem) -> None:
        (self.warnings if problem.level == WARNING else self.errors).append(problem)

    def extend(self, problems: Iterable[Problem]) -> None:
        for problem in problems:
            self.add(problem)

    def raise_if_any(self) -> None:
        """Raise what was collected; warnings alone raise nothing."""
        if not self.errors:
            return
        told, more = self.errors[:MOST_TOLD], len(self.errors) - MOST_TOLD
        if more > 0:
            last = told[-1]
            told.append(Problem(last.file, "no more problems", f"{more:,} more of them",
                                remedy="Mend those that are told, and check again."))  # fmt: skip
        raise MrdqError(told)


class FirstOfEachKind(Problems):
    """Collects the first :data:`MOST_OF_A_KIND` problems of each kind, and counts the others."""

    def __init__(self) -> None:
        super().__init__()
        self._told: Counter[Kind] = Counter()
        self._others: Counter[Kind] = Counter()

    def add(self, problem: Problem) -> None:
        kind = problem.kind
        if problem.more or self._told[kind] >= MOST_OF_A_KIND:
            self._others[kind] += problem.more or 1
        else:
            self._told[kind] += 1
            super().add(problem)

    def tell_others(self) -> None:
        """Put one problem for all others of each kind behind those that were collected."""
        for (level, file, column, expected), more in self._others.items():
            super().add(Problem(file, expected, f"{more:,} more of them", column=column, level=level, more=more,
                                remedy="They are not told one by one."))  # fmt: skip
        self._others.clear()


def count(problems: Iterable[Problem]) -> int:
    """How many problems there are, with those that are not told one by one."""
    return sum(problem.more or 1 for problem in problems)


def refuse(
    file: str,
    expected: str,
    found: str = "",
    *,
    row: int | None = None,
    column: str = "",
    remedy: str = "",
) -> NoReturn:
    """Raise a single problem at once, where going on makes no sense."""
    raise MrdqError(Problem(file, expected, found, row, column, remedy))
