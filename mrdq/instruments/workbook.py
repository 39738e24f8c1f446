"""Excel workbooks, .xls and .xlsx alike: sheets to rows of text cells."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Collection
from typing import Any, NoReturn

from mrdq.errors import refuse
from mrdq.worksheets import as_text, refuse_cells_without_value

_AGAIN = "Open the workbook and save it again, or export the run again."


class Workbook:
    """A workbook held in memory; a sheet is parsed when it is asked for, and once.

    Raises :class:`MrdqError` where the workbook or one of its sheets cannot be read.
    """

    def __init__(self, data: bytes, name: str):
        if data.startswith(b"PK"):
            _check_zip(data, name)
        self._data = data
        self._name = name
        self._book = self._opened(data)
        self._sheets: dict[str, list[list[str]]] = {}
        self.sheets: list[str] = self._book.sheet_names

    def _opened(self, data: bytes) -> Any:
        # Only where a workbook is read: importing the parser costs every other run its time.
        from python_calamine import CalamineWorkbook

        try:
            return CalamineWorkbook.from_filelike(io.BytesIO(data))
        except BaseException as error:  # noqa: BLE001  (the parser's panics are no Exception)
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

    def rows(self, sheet: str) -> list[list[str]]:
        """The rows of a sheet, the first being row 1, every cell as text."""
        if sheet not in self._sheets:
            try:
                cells = self._book.get_sheet_by_name(sheet).to_python(skip_empty_area=False)
            except BaseException as error:  # noqa: BLE001  (as above)
                self._refuse(error, sheet)
            self._sheets[sheet] = [[as_text(cell) for cell in row] for row in cells]
        return self._sheets[sheet]

    def refuse_cells_without_value(
        self, sheet: str, header_row: int, columns: Collection[int]
    ) -> None:
        """Refuse errors and formulas without a value in the header, and below it in ``columns``."""
        refuse_cells_without_value(
            self._data, self._name, sheet, first_row=header_row, columns=columns
        )


def is_workbook_zip(data: bytes) -> bool:
    """Whether a zip archive is a workbook; damaged archives are taken for one."""
    try:
        names = zipfile.ZipFile(io.BytesIO(data)).namelist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError):
        return b"xl/" in data
    # Some .eds files hold a whole workbook beside the run: they are no workbook.
    run_file = any(name.startswith("apldbio/") for name in names)
    return not run_file and any(name.startswith("xl/") for name in names)


def _check_zip(data: bytes, name: str) -> None:
    """Refuse an archive whose check sums fail: the parser stops reading before it sees them."""
    try:
        damaged = zipfile.ZipFile(io.BytesIO(data)).testzip()
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        ValueError,
        OSError,
        NotImplementedError,
        RuntimeError,
    ) as error:
        damaged = str(error)
    if damaged is not None:
        refuse(
            name, "a whole workbook", damaged, remedy="The file is damaged or cut off. " + _AGAIN
        )
