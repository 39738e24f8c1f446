"""The lines of ``analysis_result.txt`` in an ``.eds`` run file, parted by what they are."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import NoReturn

from mrdq.errors import Problem, Problems, refuse
from mrdq.instruments import text as texts
from mrdq.instruments import words
from mrdq.instruments.eds_setup import FOLDER
from mrdq.instruments.header import Header, read_header
from mrdq.instruments.source import Source

FAMILY = "eds"
RESULTS = FOLDER + "analysis_result.txt"
LIMIT, LINES = 16_000_000, 50_000
"""Bytes and lines of the results; 384 wells with 6 detectors have a quarter of them."""

AGAIN = (
    "Analyse the run again in the instrument's software and save it, or export the results as text."
)


@dataclass(slots=True)
class Results:
    """The lines of the results, parted by what they are.

    ``cells`` are the stripped cells of the wells, ``number`` their lines; ``lengths`` the numbers
    of values in lines that have one per cycle; ``others`` counts the lines that are not read.
    """

    header: Header
    number: list[int]
    cells: list[list[str]]
    lengths: set[int]
    others: Counter[str]

    def column(self, name: str) -> list[str]:
        at = self.header.at.get(name)
        return [""] * len(self.cells) if at is None else [row[at] for row in self.cells]


def read_results(source: Source, member: str, problems: Problems) -> Results:
    """The lines of the member; problems: lines of an unknown kind, wells with other cells than the header.

    Raises :class:`MrdqError` where there is no such header, no well, or no end of the last line.
    """
    data = source.archive.read(member)
    n_lines = data.count(b"\n")
    if len(data) > LIMIT or n_lines > LINES:
        found = f"{n_lines} lines, {len(data) // 1_000_000} MB"
        refuse_results(source, f"at most {LINES} lines and {LIMIT // 1_000_000} MB", found)
    text = texts.decode(data, f"{source.name}, member {member}")
    if not text.endswith("\n"):
        refuse_results(source, "a line end after the last line", text.rpartition("\n")[2][-80:])
    lines = text.split("\n")
    at = next((i for i, line in enumerate(lines) if line.startswith("Well\t")), -1)
    header = read_header(
        tuple(lines[at].split("\t")) if at >= 0 else (),
        FAMILY,
        required=("well", "target", "cq"),
        flags=False,
    )
    if header.problem:
        refuse_results(source, "a header with wells, detectors and Ct", f"no {header.problem}")
    results = Results(header, [], [], set(), Counter())
    of_cycles, others = words.exactly("eds_lines_per_cycle"), words.exactly("eds_other_lines")
    for row, line in enumerate(lines, 1):
        tab = line.find("\t")  # the rest of the line is long, and is not to be copied
        kind = line[:tab] if tab >= 0 else line
        if kind in of_cycles:
            results.others[kind] += 1
            results.lengths.add(line.rstrip().count("\t"))
        elif kind in others:
            results.others[kind] += 1
        elif row != at + 1 and line.strip():
            _take_well(source, line, row, results, problems)
    results.lengths.discard(0)
    problems.raise_if_any()
    if not results.cells:
        refuse_results(source, "results below the header", "none: the run was not analysed")
    return results


def refuse_results(source: Source, expected: str, found: str) -> NoReturn:
    """Refuse the member as a whole."""
    refuse(source.name, expected, found, column=f"member {RESULTS}", remedy=AGAIN)


def _take_well(source: Source, line: str, row: int, results: Results, problems: Problems) -> None:
    cells = line.split("\t")
    n_cells = len(results.header.names)
    if cells[0].isdecimal() and len(cells) == n_cells:
        results.cells.append(list(map(str.strip, cells)))
        results.number.append(row)
        return
    kinds = ", ".join(sorted(words.exactly("eds_lines_per_cycle")))
    expected = f"a well, or a line of {kinds}"
    if cells[0].isdecimal():
        expected = f"a well with {n_cells} cells, as in the header"
    place = f"member {RESULTS}"
    problems.add(Problem(source.name, expected, line[:80], row, place, remedy=AGAIN))
