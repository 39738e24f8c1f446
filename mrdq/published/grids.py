"""Tables as rows of cells: Markdown tables inside a text, and tsv or csv files."""

from __future__ import annotations

import bisect
import csv
import io
import itertools
import re
from dataclasses import dataclass

from mrdq.errors import MrdqError, Problem, refuse
from mrdq.published.numbers import plain

_RULE = re.compile(r"\s*\|?(?:\s*:?-+:?\s*\|)*\s*:?-+:?\s*\|?\s*")
_BAR = re.compile(r"(?<!\\)\|")
_HEADING = re.compile(r"#+ ")


@dataclass(frozen=True, slots=True)
class Grid:
    """A table: its header, its rows with their 1-based line, and the text just before it."""

    header: list[str]
    rows: list[tuple[int, list[str]]]
    line: int
    before: str = ""


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Lines of text that belong together, joined by spaces; ``line`` is the first."""

    text: str
    line: int
    starts: tuple[int, ...] = (0,)

    def line_at(self, offset: int) -> int:
        """The line of the file that the character at ``offset`` stands on."""
        return self.line + bisect.bisect_right(self.starts, offset) - 1


def markdown(text: str) -> tuple[list[Grid], list[Paragraph]]:
    """The pipe tables of a text, and its paragraphs without them."""
    lines = text.split("\n")
    grids, paragraphs, at, before = [], [], 0, ""
    while at < len(lines):
        if at + 1 < len(lines) and "|" in lines[at] and _is_rule(lines[at + 1]):
            grids.append(_grid(lines, at, before))
            at += 2 + len(grids[-1].rows)
            continue
        start = at
        while at < len(lines) and not _ends(lines, start, at):
            at += 1
        if at > start:
            paragraphs.append(_paragraph(lines[start:at], start + 1))
            before = paragraphs[-1].text
        at += at == start
    return grids, paragraphs


def _paragraph(lines: list[str], line: int) -> Paragraph:
    starts = itertools.accumulate((len(one) + 1 for one in lines[:-1]), initial=0)
    return Paragraph(" ".join(lines), line, tuple(starts))


def _ends(lines: list[str], start: int, at: int) -> bool:
    """Whether a paragraph that starts at ``start`` is over before line ``at``."""
    if not lines[at].strip():
        return True
    if at > start and (lines[at].lstrip().startswith(("- ", "* ")) or _HEADING.match(lines[start])):
        return True
    return at + 1 < len(lines) and "|" in lines[at] and _is_rule(lines[at + 1])


def _is_rule(line: str) -> bool:
    return "|" in line and _RULE.fullmatch(line) is not None


def _grid(lines: list[str], at: int, before: str) -> Grid:
    header, rows, end = _cells(lines[at]), [], at + 2
    while end < len(lines) and "|" in lines[end]:
        cells = _cells(lines[end])[: len(header)]
        rows.append((end + 1, cells + [""] * (len(header) - len(cells))))
        end += 1
    return Grid(header, rows, at + 1, before)


def _cells(line: str) -> list[str]:
    parts = _BAR.split(line.strip())
    parts = parts[1:] if parts and not parts[0].strip() else parts
    parts = parts[:-1] if parts and not parts[-1].strip() else parts
    return [part.replace("\\|", "|").replace("**", "").strip() for part in parts]


def delimited(text: str, name: str) -> Grid | None:
    """The table of a tsv or csv file; None where the text is none.

    A file named ``.tsv`` or ``.csv`` is one, whatever it holds; raises :class:`MrdqError` where
    its rows are not as long as its header, or a quote is not closed.
    """
    named = name.lower().endswith((".tsv", ".csv", ".tab"))
    lines = [line for line in text.split("\n") if line.strip()]
    if not lines:
        return None
    delimiter = max("\t;,", key=lines[0].count)
    if not named and not _looks_delimited(lines, delimiter):
        return None
    if delimiter not in lines[0]:
        refuse(name, "a header row with several columns", lines[0][:80], row=1,
               remedy="Separate the columns by tabs, commas or semicolons; save a text as .txt.")  # fmt: skip
    rows = _rows(text, delimiter, name)
    header = rows[0][1]
    _check(rows, name)
    return Grid(header, rows[1:], rows[0][0])


def _looks_delimited(lines: list[str], delimiter: str) -> bool:
    n = lines[0].count(delimiter)
    enough = n >= (1 if delimiter == "\t" else 2)
    return enough and len(lines) > 1 and "|" not in lines[0] and all(
        line.count(delimiter) == n for line in lines
    )  # fmt: skip


def _rows(text: str, delimiter: str, name: str) -> list[tuple[int, list[str]]]:
    # A comma cannot both end a cell and be a decimal sign: cells are taken apart first.
    source = text if delimiter == "," else plain(text)
    reader = csv.reader(io.StringIO(source), delimiter=delimiter, strict=True)
    try:
        rows = [(reader.line_num, [plain(cell).strip() for cell in cells]) for cells in reader]
    except csv.Error as error:
        refuse(name, "quotes that are closed", str(error), row=reader.line_num)
    return [(line, cells) for line, cells in rows if any(cells)]


def _check(rows: list[tuple[int, list[str]]], name: str) -> None:
    n = len(rows[0][1])
    wrong = [
        Problem(name, f"{n} cells, as in the header", f"{len(cells)} cells", row=line,
                remedy="Mend the row; put a cell that holds the delimiter in quotes.")
        for line, cells in rows if len(cells) != n
    ]  # fmt: skip
    if wrong:
        raise MrdqError(wrong)
