"""Excel workbooks, .xls and .xlsx alike: sheets to rows of cells; a sheet is parsed when asked for.

What is parsed is checked first: the check sums of the members it is made of, and the extent of
its cells, for a workbook of a few kilobytes may claim seventeen milliards of them.
"""

from __future__ import annotations

import io
import re
import string
from collections.abc import Collection
from functools import cached_property
from typing import Any, NoReturn
from xml.etree import ElementTree

from mrdq.archive import Archive
from mrdq.errors import refuse
from mrdq.worksheets import Cell, as_text, column_index, refuse_cells_without_value

CELLS = 2_000_000
"""Cells of the rectangle that a sheet's cells span; the largest of the real files seen has 500,000."""

SHEET = 16_000_000
"""Bytes of a sheet's XML; the largest sheet of wells of the real files seen has 0.7 million."""

_AGAIN = "Open the workbook and save it again, or export the run again."
_ZIP = b"PK"
_BOOK = "xl/workbook.xml"
_NOT_AT_ONCE = (
    "xl/worksheets/",
    "xl/media/",
    "xl/drawings/",
    "xl/theme/",
    "xl/charts/",
    "docprops/",
)
"""Parts that are read when a sheet is, or never."""

_USUAL_ADDRESS = re.compile(rb' r="([A-Z]*[0-9]+)"')
_ADDRESS = re.compile(rb"""\sr\s*=\s*["']([A-Za-z]*[0-9]+)["']""")
_ODD_ADDRESS = re.compile(rb"""\sr\s*=\s*["'](?![A-Za-z]*[0-9]+["'])""")
# A text may hold & in a formula's value; what starts like a number may not.
_ODD_NUMBER = re.compile(rb"v>(?:[-+.0-9eE\s]+(?:&|<[!?])|\s*(?:&#|<[!?]))")
_ODD_NUMBER_OF_SPACED = re.compile(rb"<v\s[^<>]*>(?:[-+.0-9eE\s]+(?:&|<[!?])|\s*(?:&#|<[!?]))")
_TWO_VALUES = re.compile(rb"v>\s*<(?:\w+:)?v[\s>]")


def _addresses(xml: bytes) -> list[bytes] | None:
    """The addresses of all rows and cells; None where one is spelled as nobody spells it."""
    if not any(odd in xml for odd in (b"\tr", b"\nr", b"\rr", b" r ", b" r='")):
        found: list[bytes] = _USUAL_ADDRESS.findall(xml)
        if len(found) == xml.count(b' r="'):
            return found
    return None if _ODD_ADDRESS.search(xml) else _ADDRESS.findall(xml)


class Workbook:
    """A workbook held in memory; a sheet is parsed when it is asked for, and once.

    Raises :class:`MrdqError` where the workbook or one of its sheets cannot be read.
    """

    def __init__(self, data: bytes, name: str):
        self._name = name
        self._archive = Archive(data, name) if data.startswith(_ZIP) else None
        if self._archive and _BOOK not in self._parts:
            self._refuse_other_kind()  # for the parser also takes kinds whose extent is not checked
        self._check_parts()
        self._book = self._opened(data)
        self._cells: dict[str, list[list[Cell]]] = {}
        self._rows: dict[str, list[list[str]]] = {}
        self._xml: dict[str, bytes] = {}
        self.sheets: list[str] = self._book.sheet_names

    def _check_parts(self) -> None:
        """Read what the parser reads when it opens the book, for its size and its check sum."""
        for part, member in self._parts.items():
            if self._archive and not part.startswith(_NOT_AT_ONCE):
                self._archive.read(member)

    def cells(self, sheet: str) -> list[list[Cell]]:
        """The rows of a sheet, the first being row 1."""
        if sheet not in self._cells:
            if self._archive:
                self._check_numbers(sheet, self._worksheet(sheet))
                self._check_extent(sheet, self._worksheet(sheet))
            try:
                book = self._book.get_sheet_by_name(sheet)
                self._cells[sheet] = book.to_python(skip_empty_area=False)
            except BaseException as error:  # noqa: BLE001  (the parser's panics are no Exception)
                self._refuse(error, sheet)
        return self._cells[sheet]

    def rows(self, sheet: str) -> list[list[str]]:
        """The rows of a sheet, every cell as text."""
        if sheet not in self._rows:
            self._rows[sheet] = [
                [cell if type(cell) is str else as_text(cell) for cell in row]
                for row in self.cells(sheet)
            ]
        return self._rows[sheet]

    def refuse_cells_without_value(
        self, sheet: str, header_row: int = 1, columns: Collection[int] | None = None
    ) -> None:
        """Refuse errors and formulas without a value in the header, and below it in ``columns``.

        An old ``.xls`` is taken as it is: such cells cannot be told there.
        """
        if self._archive:
            refuse_cells_without_value(
                self._worksheet(sheet), self._name, sheet, first_row=header_row, columns=columns
            )

    def _opened(self, data: bytes) -> Any:
        # Only where a workbook is read: importing the parser costs every other run its time.
        from python_calamine import CalamineWorkbook

        try:
            return CalamineWorkbook.from_filelike(io.BytesIO(data))
        except BaseException as error:  # noqa: BLE001  (as above)
            self._refuse(error)

    def _refuse(self, error: BaseException, sheet: str = "") -> NoReturn:
        if isinstance(error, KeyboardInterrupt | SystemExit | MemoryError):
            raise error
        column = f"sheet {sheet}" if sheet else ""
        found = str(error)[:120]
        refuse(
            self._name,
            "a workbook that can be read",
            found,
            column=column,
            remedy="It is damaged or locked. " + _AGAIN,
        )

    def _refuse_other_kind(self) -> NoReturn:
        refuse(self._name, "an .xlsx workbook", remedy="Save it again as .xlsx.")

    @cached_property
    def _parts(self) -> dict[str, str]:
        members = self._archive.members if self._archive else []
        return {name.replace("\\", "/").lower(): name for name in members}

    @cached_property
    def _links(self) -> dict[str, str]:
        """Sheet -> its part of the archive, in small letters; empty if the archive is no xlsx."""
        if not {_BOOK, "xl/_rels/workbook.xml.rels"} <= self._parts.keys():
            return {}
        book, links = self._tree(_BOOK), self._tree("xl/_rels/workbook.xml.rels")
        targets = {link.get("Id"): link.get("Target", "").lstrip("/").lower() for link in links}
        found: dict[str, str] = {}
        for element in book.iter():
            if element.tag.rpartition("}")[2] == "sheet":
                keys = [value for key, value in element.items() if key.rpartition("}")[2] == "id"]
                target = targets.get(keys[0], "") if keys else ""
                part = target if target.startswith("xl/") else f"xl/{target}"
                found.setdefault(element.get("name", ""), part)
        return found

    def _tree(self, part: str) -> ElementTree.Element:
        assert self._archive is not None
        xml = self._archive.read(self._parts[part])
        if b"<!DOCTYPE" in xml:
            self._refuse(ValueError("a document type definition"))
        try:
            return ElementTree.fromstring(xml)
        except (ElementTree.ParseError, ValueError, LookupError) as error:
            self._refuse(error)

    def _worksheet(self, sheet: str) -> bytes:
        """The XML of a worksheet."""
        part = self._links.get(sheet, "")
        if not self._archive or part not in self._parts:
            self._refuse_other_kind()
        if sheet not in self._xml:
            size = self._archive.size(self._parts[part])
            if size > SHEET:
                refuse(
                    self._name,
                    f"a sheet of at most {SHEET // 1_000_000} MB",
                    f"{size // 1_000_000} MB",
                    column=f"sheet {sheet}",
                    remedy="No table of wells is as large. " + _AGAIN,
                )
            self._xml[sheet] = self._archive.read(self._parts[part])
        return self._xml[sheet]

    def _check_numbers(self, sheet: str, xml: bytes) -> None:
        """Refuse numbers that the parser would cut: it stops at an entity, a comment or CDATA."""
        odd = b"<!DOCTYPE" in xml or _ODD_NUMBER.search(xml)
        if odd or (b"<v " in xml and _ODD_NUMBER_OF_SPACED.search(xml)):
            refuse(
                self._name,
                "numbers as spreadsheet programs and instruments write them",
                "a number that holds a reference, a comment or CDATA",
                column=f"sheet {sheet}",
                remedy=_AGAIN,
            )

    def _check_extent(self, sheet: str, xml: bytes) -> None:
        """Refuse a cell or row that is there twice, and cells that span more than any table.

        The parser takes the last of two, and makes a rectangle of all: seventeen milliards of cells
        for one that stands in the last corner.
        """
        found = _addresses(xml)
        if found is None or len(set(found)) < len(found) or _TWO_VALUES.search(xml):
            refuse(
                self._name,
                "a sheet in which every cell has one address and one value",
                "one that is spelled oddly, or there twice",
                column=f"sheet {sheet}",
                remedy="The file is damaged or was edited by hand. " + _AGAIN,
            )
        joined = b" ".join(found).upper()
        letters = set(joined.translate(None, b"0123456789").split())
        numbers = set(joined.translate(None, string.ascii_uppercase.encode()).split())
        columns = max((column_index(one.decode()) + 1 for one in letters), default=1)
        rows = max(map(int, numbers), default=1)
        if rows * columns > CELLS:
            refuse(
                self._name,
                f"a sheet of at most {CELLS:,} cells",
                f"{rows:,} rows and {columns:,} columns",
                column=f"sheet {sheet}",
                remedy="A cell far away from the table makes it so. Remove it, or export the run again.",
            )
