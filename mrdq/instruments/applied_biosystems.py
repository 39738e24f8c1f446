"""QuantStudio, ViiA 7, 7500 v2 and StepOne: results as text, or as the sheet Results of a workbook.

The text is ``* Key = Value`` or ``Key,Value`` lines, then ``[Results]`` (which some exports
leave out), a header, the wells, and lines such as ``Analysis Type = Singleplex``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from mrdq.instruments import words
from mrdq.instruments.export import Export
from mrdq.instruments.source import TEXT, WORKBOOK, Found, Missing, Source, text_table
from mrdq.instruments.table import Recipe, read_table
from mrdq.instruments.text import Section, delimiter_of, first_line, row_at, sections

RECIPE = Recipe("applied_biosystems", flags=True, footers="applied_biosystems_footers")
RESULTS = "Results"

_HEADER = re.compile(r'^"?Well"?[\t,;]', re.MULTILINE)
BRACKETS = 20_000
"""A text with more of them is no export, and would take long to be searched for sections."""

_NOTHING = 'section [Results] and no block of lines such as "* Instrument Type = …"'
_HEAD_CHARACTERS = 100_000
_HEADING_ROWS = 200


def detect(source: Source) -> Found | Missing:
    """The results table, or what is missing of it."""
    if source.kind == TEXT:
        return _in_text(source)
    if source.kind == WORKBOOK:
        return sheet_table(source, RECIPE, "Applied Biosystems software")
    return Missing("text file and no workbook")


def read(source: Source, found: Found) -> Export:
    """The export; quantities are those of standards only, for other wells they are computed."""
    heading = found.heading
    return read_table(
        source, found, RECIPE, block=heading.get("Block Type", ""), **printed(heading)
    )


def printed(heading: dict[str, str]) -> dict[str, str]:
    """Instrument, software and run date as the heading has them."""
    dates = (
        *(
            "Experiment Run End Time",
            "Experiment Run Stop Time",
            "Run End Date/Time",
            "Run End Data/Time",
        ),
        *("Experiment Run Start Time", "Run Start Date/Time"),
    )
    return {
        "instrument": heading.get("Instrument Type", ""),
        "software": heading.get("Software Name and Version", ""),
        "run_date": next((heading[key] for key in dates if heading.get(key)), ""),
    }


def _in_text(source: Source) -> Found | Missing:
    text = source.text
    if not _may_be(text):
        return Missing(_NOTHING)
    parts = sections(text)
    results = [part for part in parts if words.plain(part.title) == "results"]
    if len(results) > 1:
        return Missing("single section [Results]: there are several")
    if not results and len(parts) > 1:
        return Missing("section [Results]")
    part = results[0] if results else parts[0]
    at = _header_offset(text, part, titled=bool(results))
    if at < 0:
        return Missing(
            'header line that starts with "Well"' + (" below [Results]" if results else "")
        )
    head = text[: parts[0].stop if len(parts) > 1 else at]
    heading = lines_above(head)
    if not results and not words.exactly("applied_biosystems_heading") & heading.keys():
        return Missing(_NOTHING)
    where = (
        "section [Results]" if results else "a table below the lines of Applied Biosystems software"
    )
    found = text_table(source, at, part.stop, reason=where)
    problem = RECIPE.header(found.header).problem
    if problem:
        return Missing(f"{problem} in the header in row {found.header_row}")
    return _described(found, where, heading, _other_sections(text, parts, part))


def _may_be(text: str) -> bool:
    """A quick look: 20 readers look at every file, and most files are not of this family."""
    brackets = list(islice(_brackets(text), BRACKETS + 1))
    if len(brackets) > BRACKETS:
        return False
    if any(text.startswith("[Results]", at) for at in brackets):
        return True
    if brackets and "[results]" in text.casefold():
        return True
    marks = words.exactly("applied_biosystems_heading")
    return any(text.find(mark, 0, _HEAD_CHARACTERS) >= 0 for mark in marks)


def _brackets(text: str) -> Iterator[int]:
    # They are rare: to hop from one to the next is several times faster than to count them.
    at = text.find("[")
    while at >= 0:
        yield at
        at = text.find("[", at + 1)


def _described(found: Found, where: str, heading: dict[str, str], notes: tuple[str, ...]) -> Found:
    header = RECIPE.header(found.header)
    reason = (
        f"{where} with the columns {', '.join(header.name(column) for column in RECIPE.required)}"
    )
    return Found(
        reason, found.header, found.header_row, found.body, found.delimiter,
        open_end=found.open_end, heading=heading, notes=notes,
    )  # fmt: skip


def _header_offset(text: str, part: Section, *, titled: bool) -> int:
    """Offset of the header line: the first line of [Results], else the first that has its form."""
    if titled:
        line, offset = first_line(text[part.start : part.stop])
        return part.start + offset if _HEADER.match(line) else -1
    match = _HEADER.search(text, part.start, min(part.stop, part.start + _HEAD_CHARACTERS))
    return match.start() if match else -1


def lines_above(head: str) -> dict[str, str]:
    """Key -> value of ``* Key = Value``, ``# Key: Value`` and ``Key,Value`` lines."""
    if head.startswith("* "):
        pairs = [line[2:].partition(" =") for line in head.split("\n")]
    elif head.lstrip('"').startswith("#"):
        pairs = [line.lstrip('"# ').partition(":") for line in head.split("\n")]
    else:
        delimiter = delimiter_of(head)
        pairs = [line.partition(delimiter) for line in head.split("\n")]
        pairs = [(key.strip(' "'), "", value.partition(delimiter)[0]) for key, _, value in pairs]
    return {key: value.strip('\t ,;"') for key, _, value in pairs}


def _other_sections(text: str, parts: list[Section], read_part: Section) -> tuple[str, ...]:
    return tuple(
        f"section [{part.title}] from row {row_at(text, part.start)} on not read"
        for part in parts
        if part.title and part is not read_part
    )


def sheet_table(source: Source, recipe: Recipe, software: str) -> Found | Missing:
    """The table of the sheet Results, below the heading rows that the ``software`` writes."""
    book = source.workbook
    sheet = _results_sheet(book.sheets)
    if not sheet:
        return Missing(f"sheet {RESULTS} in the workbook (it has {', '.join(book.sheets)})")
    rows = book.rows(sheet)
    heading, at = sheet_heading(rows)
    if at < 0:
        return Missing(f'header row that starts with "Well" in the sheet {sheet}')
    if not words.exactly("applied_biosystems_heading") & heading.keys():
        return Missing(f'rows such as "Instrument Type" above the header of the sheet {sheet}')
    header = recipe.header(tuple(rows[at]))
    if header.problem:
        return Missing(f"{header.problem} in row {at + 1} of the sheet {sheet}")
    named = ", ".join(header.name(column) for column in recipe.required)
    others = tuple(f"sheet {name} not read" for name in book.sheets if name != sheet)
    reason = f"sheet {sheet} of {software} with the columns {named}"
    return Found(
        reason,
        tuple(rows[at]),
        at + 1,
        rows[at + 1 :],
        sheet=sheet,
        heading=heading,
        notes=others,
    )


def _results_sheet(sheets: list[str]) -> str:
    """The sheet of the results under one of the names that versions of the software give it."""
    plain = {words.plain(sheet): sheet for sheet in reversed(sheets)}
    return next((plain[name] for name in words.in_order("results_sheets") if name in plain), "")


def sheet_heading(rows: list[list[str]]) -> tuple[dict[str, str], int]:
    """Key -> value of the rows above a sheet's table, and the index of its header (-1: none)."""
    heading: dict[str, str] = {}
    for index, row in enumerate(rows[:_HEADING_ROWS]):
        if row and words.plain(row[0]) == "well":
            return heading, index
        if len(row) > 1:
            heading[row[0].strip()] = row[1].strip()
    return heading, -1
