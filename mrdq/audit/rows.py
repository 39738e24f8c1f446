"""How two states of a text differ, in words: rows of a table by their keys, else lines."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from mrdq.tables import TABLES

MOST_ROWS = 10
MOST_CELLS = 8
TABULAR = (".tsv", ".csv")
KEYS: tuple[tuple[str, ...], ...] = (
    ("run_id", "target", "sample_id"), ("run_id",), ("well", "target"), ("sample_id",),
    ("patient_id", "timepoint"), ("patient_id", "course"), ("target",), ("patient_id",),
)  # fmt: skip
"""Columns that name a row, of sheets and of tables that mrdq does not know; the first that does."""
SHOWN = {"run_id": "run", "sample_id": "sample", "patient_id": "patient"}

Row = Mapping[str, str]


class NoTableError(ValueError):
    """Why bytes cannot be read as a table."""


@dataclass(frozen=True, slots=True)
class Change:
    """One row that differs: ``before`` is None for a new one, ``after`` for one that is gone."""

    key: Row
    before: Row | None
    after: Row | None

    @property
    def cells(self) -> dict[str, tuple[str, str]]:
        """Column -> what it said and says, of a row that is in both."""
        old, new = self.before or {}, self.after or {}
        names = [name for name in new if name in old]
        return {name: (old[name], new[name]) for name in names if old[name] != new[name]}

    def __str__(self) -> str:
        named = " ".join(
            f"{SHOWN.get(name, name)} {text}" for name, text in self.key.items() if text
        )
        if self.before is None or self.after is None:
            return f"{named}: the row is {'new' if self.before is None else 'gone'}"
        told = [
            f"{name} {old or 'empty'} → {new or 'empty'}" for name, (old, new) in self.cells.items()
        ]
        return f"{named}: {some(told, MOST_CELLS, ', ')}"


def differences(path: str, before: bytes, after: bytes) -> str:
    """What differs between two states of a text file, at most :data:`MOST_ROWS` rows or lines of it."""
    what, rows = in_rows(path, before, after)
    return f"{what}: {'; '.join(rows)}" if rows else what


def in_rows(path: str, before: bytes, after: bytes) -> tuple[str, list[str]]:
    """The same as :func:`differences`: what differs, and the rows or lines, if there are several."""
    if PurePosixPath(path).suffix not in TABULAR:
        return _lines(before, after)
    try:
        changes, columns = compare(path, before, after)
    except NoTableError as error:
        return f"it cannot be read as a table: {error}", []
    except LookupError:
        return _lines(before, after)
    what, rows = _counted(list(map(str, changes)), "row")
    told = "; ".join([*columns, *([what] if what else [])])
    return (
        told or "the cells are the same, the order of rows, spaces, quotes or line ends are not"
    ), rows


def _counted(texts: list[str], what: str) -> tuple[str, list[str]]:
    """How many there are; a single one in the same words."""
    if len(texts) < 2:
        return "".join(f"{several(1, what)}: {text}" for text in texts), []
    return several(len(texts), what), listed(texts)


def compare(path: str, before: bytes, after: bytes) -> tuple[list[Change], list[str]]:
    """The rows of a table that differ, by key, and in words the columns that do.

    Raises :class:`NoTableError` if ``before`` or ``after`` is none, ``LookupError`` if no columns name a row.
    """
    old_names, old_rows = table(before)
    new_names, new_rows = table(after)
    old, new = _by_key(path, (old_names, old_rows), (new_names, new_rows))
    columns = [f"the column {name} is gone" for name in old_names if name not in new_names]
    columns += [f"the column {name} is new" for name in new_names if name not in old_names]
    found = [
        Change(dict(key), old.get(key), new.get(key))
        for key in [*old, *(key for key in new if key not in old)]
    ]
    return [one for one in found if one.before is None or one.after is None or one.cells], columns


def table(data: bytes) -> tuple[list[str], list[Row]]:
    """Names of the columns, and rows, of a tab-, comma- or semicolon-separated text.

    Raises :class:`NoTableError`.
    """
    wide = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    try:
        text = data.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError:
        raise NoTableError("it is no text in UTF-8") from None
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    first = next((line for line in text.split("\n") if line.strip()), "")
    rows = csv.reader(io.StringIO(text), delimiter=max("\t;,", key=first.count), strict=True)
    try:
        filled = [(n, [cell.strip() for cell in row]) for n, row in enumerate(rows, 1) if any(row)]
    except csv.Error as error:
        raise NoTableError(str(error)) from None
    if not filled:
        raise NoTableError("it is empty")
    names = filled[0][1]
    if len(set(names)) < len(names):
        raise NoTableError("two columns have the same name")
    for number, row in filled:
        if len(row) != len(names):
            raise NoTableError(f"row {number} has {len(row)} cells, and the header {len(names)}")
    return names, [dict(zip(names, row, strict=True)) for _, row in filled[1:]]


Key = tuple[tuple[str, str], ...]


def _by_key(
    path: str, *tables: tuple[Sequence[str], Sequence[Row]]
) -> tuple[dict[Key, Row], dict[Key, Row]]:
    """Rows of both by the first of the known keys that names each row once."""
    own = [one.key for one in TABLES if one.name == PurePosixPath(path).name]
    for names in [*own, *KEYS, tables[0][0][:1]]:
        if all(name in columns for columns, _ in tables for name in names):
            old, new = (
                {tuple((n, row[n]) for n in names): row for row in rows} for _, rows in tables
            )
            if len(old) == len(tables[0][1]) and len(new) == len(tables[1][1]):
                return old, new
    raise LookupError


def _lines(before: bytes, after: bytes) -> tuple[str, list[str]]:
    """Lines that are gone and lines that are new, of a text that is no table."""
    try:
        old, new = before.decode("utf-8-sig").splitlines(), after.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        return "it is no text in UTF-8", []
    gone, come = Counter(old) - Counter(new), Counter(new) - Counter(old)
    told = [f'gone "{line}"' for line in gone.elements()]
    told += [f'new "{line}"' for line in come.elements()]
    return _counted(told, "line") if told else ("the order or the ends of its lines", [])


def several(count: int, what: str) -> str:
    """``1 row differs``, ``2 rows differ``."""
    return f"{count} {what} differs" if count == 1 else f"{count} {what}s differ"


def some(texts: Sequence[str], most: int = MOST_ROWS, between: str = "; ") -> str:
    """The first of them, and how many more there are."""
    return between.join(listed(texts, most))


def listed(texts: Sequence[str], most: int = MOST_ROWS) -> list[str]:
    """The first of them, and as the last how many more there are."""
    more = [f"and {len(texts) - most} more"] if len(texts) > most else []
    return [*texts[:most], *more]


def of_patient(changes: Iterable[Change], patient: str) -> Iterator[Change]:
    """The changes of rows that are about a patient."""
    for change in changes:
        if patient in {(row or {}).get("patient_id") for row in (change.before, change.after)}:
            yield change
