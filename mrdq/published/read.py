"""A file of published figures: which of its parts are tables, and which are sentences."""

from __future__ import annotations

from dataclasses import replace

from mrdq.errors import refuse
from mrdq.instruments.text import decode
from mrdq.published.figures import TEST, Figure, NotRead, Reading
from mrdq.published.grids import Grid, Paragraph, delimited, markdown
from mrdq.published.named_tests import other_test_elsewhere
from mrdq.published.numbers import plain
from mrdq.published.prose import read_prose, sentences
from mrdq.published.tidy import is_tidy, read_tidy
from mrdq.published.wide import read_wide

_REMEDY = "Give a table (tsv, csv or Markdown) or a text with figures like 98.9 (92.5–99.8), 53.3 % or 73/137 (53.3 %)."
_WORKBOOK = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
_PDF = b"%PDF"


def read(data: bytes, name: str) -> Reading:
    """The figures of a file: a tsv or csv table, or a text that may hold Markdown tables.

    Raises :class:`MrdqError` where the bytes are no text, rows of a table are ragged, or no
    figure was found (a table of mrdq's own cohort may hold none).
    """
    if data.startswith(_PDF) or data.startswith(_WORKBOOK):
        found = "a PDF" if data.startswith(_PDF) else "a workbook or archive"
        refuse(name, "a table or a text", found, remedy="Copy its text or table into a .txt, .tsv or .md file.")  # fmt: skip
    text = decode(data, name)
    grid = delimited(text, name)
    reading = _of_table(grid, 0) if grid else _of_text(plain(text))
    if not reading.figures and not reading.without_figures:
        refuse(name, "published figures", remedy=_REMEDY)
    return reading


def _of_table(grid: Grid, number: int) -> Reading:
    return read_tidy(grid, number) if is_tidy(grid.header) else read_wide(grid, number)


def _of_text(text: str) -> Reading:
    """Tables and sentences; a figure that a sentence takes from a table is not read twice."""
    grids, paragraphs = markdown(text)
    reading = Reading()
    for number, grid in enumerate(grids):
        found = _of_table(grid, number)
        reading.figures += found.figures
        reading.not_read += found.not_read if found.figures else _as_one(grid, found)
        reading.n_tables += 1
    known = set(map(_said, reading.figures))
    prose = read_prose(paragraphs)
    for figure in prose.figures:
        if _said(figure) in known:
            reading.said_again += 1
            continue
        reading.figures.append(figure)
        if figure.is_interval:
            known.add(_said(figure))
    reading.not_read += prose.not_read
    reading.figures = _doubted(reading.figures, paragraphs)
    return reading


def _doubted(figures: list[Figure], paragraphs: list[Paragraph]) -> list[Figure]:
    """The p values with the doubt that another test, named in the text, gave them."""
    said = (other_test_elsewhere(one) for part in paragraphs for _, one in sentences(part))
    named = next(filter(None, said), "")
    if not named:
        return figures
    doubt = f'the text names "{named}" elsewhere'
    return [replace(f, doubt=f.doubt or doubt) if f.kind == TEST else f for f in figures]


def _as_one(grid: Grid, found: Reading) -> list[NotRead]:
    """A table that holds no figure at all is said once."""
    n = len(found.not_read)
    place = f"table at line {grid.line}"
    return [NotRead(place, f"{n} cells with numbers, none of them a figure")] if n else []


def _said(figure: Figure) -> tuple[str, ...]:
    if figure.kind == TEST:
        return (figure.relation, figure.p.text.lstrip("0") if figure.p else "")
    return figure.numbers
