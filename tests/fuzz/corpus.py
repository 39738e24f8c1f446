"""The exports that are spoilt: small invented ones, real ones where they lie, and what one must hold.

Families and exports are looked up, never listed here: a new ``tests/exports/<family>.py`` with
``SMALL`` is taken by itself.
"""

from __future__ import annotations

import importlib
import io
import math
import os
import pkgutil
import random
import re
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import exports
from exports.zips import members_of, zipped

from mrdq.errors import MrdqError
from mrdq.instruments import FORMATS, Export, read_export
from mrdq.vocabulary import CQ_STATES, DETERMINED

ROOT = Path(__file__).resolve().parents[2]
SHARED = Path(os.environ.get("MRDQ_SHARED", ROOT.parent / "shared"))
REAL = SHARED / "real"
REGRESSIONS = Path(__file__).resolve().parent / "regressions"
ABSENT = f"real instrument exports are absent: {REAL} (set MRDQ_SHARED)"

ROWS = ("well", "target", "channel", "sample", "task", "quantity", "cq", "cq_state")
_WELL = re.compile(r"([A-Z]|A[A-F])([1-9]|[1-3]\d|4[0-8])|[A-D]([1-9]|1[0-2])[a-h][1-8]")
_BYTES = b'0123456789.,;\t\n\r"<>/=- \x00\x7f\xc3\xff'

Row = tuple[object, ...]


def small() -> dict[str, bytes]:
    """``module/name`` -> bytes of every invented export, whether a reader knows it yet or not."""
    found: dict[str, bytes] = {}
    for module in sorted(pkgutil.iter_modules(exports.__path__), key=lambda one: one.name):
        held = getattr(importlib.import_module(f"exports.{module.name}"), "SMALL", {})
        found |= {f"{module.name}/{name}": data for name, data in held.items()}
    return found


def real() -> list[Path]:
    """The real exports that a reader takes, smallest first; none where the folder is absent."""
    paths = sorted(REAL.glob("*/*"), key=lambda path: (path.stat().st_size, path.name))
    return [path for path in paths if read(path.read_bytes()) is not None]


def read(data: bytes, *, format: str = "") -> Export | None:  # noqa: A002
    """The export, or None where it is refused; every other exception goes through."""
    try:
        return read_export(data, "spoilt", format=format)
    except MrdqError as error:
        problems = error.problems
    assert problems, "a refusal without a problem"
    return None


def rows(export: Export) -> list[Row]:
    """What was read of each row, so that equal rows are equal (a nan is None)."""
    columns = (getattr(export, name) for name in ROWS)
    return [
        tuple(None if cell != cell else cell for cell in row) for row in zip(*columns, strict=True)
    ]


def check(export: Export) -> None:
    """Assert what every Export keeps to, whatever it was read from."""
    n = len(export.row)
    assert n, "an export without rows"
    for name in (*ROWS, "flags"):
        assert len(getattr(export, name)) == n, f"{name} has another length"
    assert export.format in FORMATS
    for cq, state in zip(export.cq, export.cq_state, strict=True):
        assert state in CQ_STATES
        assert (state == DETERMINED) is not math.isnan(cq), f"{state} with Cq {cq}"
        assert math.isnan(cq) or 0 < cq <= 100, f"Cq {cq}"
    for well in export.well:
        assert _WELL.fullmatch(well), f"well {well!r}"
    keys = [
        (well, target or channel)
        for well, target, channel in zip(export.well, export.target, export.channel, strict=True)
    ]
    assert len(set(keys)) == n, "twin rows"
    assert all(math.isnan(amount) or math.isfinite(amount) for amount in export.quantity)


def is_zip(data: bytes) -> bool:
    return data.startswith(b"PK\x03\x04")


def with_bytes_changed(data: bytes, rng: random.Random) -> bytes:
    """One to four bytes replaced by others, half of them by bytes that mean something in exports."""
    changed = bytearray(data)
    for _ in range(rng.randint(1, 4)):
        new = rng.choice(_BYTES) if rng.random() < 0.5 else rng.randrange(256)
        changed[rng.randrange(len(changed))] = new
    return bytes(changed)


def with_member_changed(data: bytes, rng: random.Random) -> bytes:
    """The same inside one member of an archive that is packed again, its check sum being right."""
    members = members_of(data)
    name = rng.choice([name for name, content in members.items() if content])
    return zipped(members | {name: with_bytes_changed(members[name], rng)})


def lean(data: bytes, read_rows: Callable[[bytes], list[Row] | None]) -> bytes:
    """An archive without the members that the rows do not need."""
    if not is_zip(data) or not zipfile.is_zipfile(io.BytesIO(data)):
        return data
    members, wanted = members_of(data), read_rows(data)
    for name in list(members):
        less = {other: content for other, content in members.items() if other != name}
        if read_rows(zipped(less)) == wanted:
            members = less
    return zipped(members)


def families() -> list[str]:
    """The formats for which there is anything to start from."""
    found = {read_as.format for data in small().values() if (read_as := read(data))}
    return [family for family in FORMATS if family in found]


def seeds(family: str, largest: int = 100_000) -> Iterator[bytes]:
    """What a fuzzer of a family starts from: its exports, archives without what nobody reads."""
    held = [*small().values(), *(path.read_bytes() for path in real())]
    for data in held:
        export = read(data)
        if export is not None and export.format == family:
            lighter = lean(data, lambda one: rows(got) if (got := read(one)) else None)
            if len(lighter) <= largest:
                yield lighter
