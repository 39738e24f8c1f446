"""How long each reader takes for a file, against a floor measured in turns with it.

``make bench`` writes ``docs/benchmarks-readers.md``.  The files are real exports where the folder
of them is there (``MRDQ_SHARED``), else and beside them the invented ones of ``tests/exports``.
Floors: a workbook's cells of the sheets that are read, by calamine; a text's lines split by
``csv``; the members of an archive that are read, inflated by ``zipfile``.
"""

from __future__ import annotations

import csv
import importlib
import io
import os
import pkgutil
import platform
import statistics
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

from python_calamine import CalamineWorkbook

from mrdq.errors import MrdqError
from mrdq.instruments import read_export
from mrdq.instruments.source import TEXT, WORKBOOK, Source

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests"))
REPORT = ROOT / "docs" / "benchmarks-readers.md"
REAL = Path(os.environ.get("MRDQ_SHARED", ROOT.parent / "shared")) / "real"
SHEETS = ("Results", "Standard Curve Result")
MEMBERS = ("analysis_result.txt", "calculated_data.xml", "rdml", "BioRad_qPCR_melt.xml", ".json")
BOUND = 3.0
SECONDS = 0.4  # spent on each file


def files() -> Iterator[tuple[str, str, bytes]]:
    """Name, origin and bytes of every file."""
    for path in sorted(REAL.glob("*/*")) if REAL.is_dir() else ():
        yield path.relative_to(REAL).as_posix(), "real", path.read_bytes()
    exports = importlib.import_module("exports")
    for module in pkgutil.iter_modules(exports.__path__):
        small = getattr(importlib.import_module(f"exports.{module.name}"), "SMALL", {})
        for shape, data in small.items():
            yield f"{module.name}: {shape}", "invented", data


def floor_of(data: bytes) -> Callable[[], object]:
    source = Source(data, "")
    if source.kind == WORKBOOK:
        return lambda: _cells(data)
    if source.kind == TEXT:
        lines = source.text.splitlines(keepends=True)
        delimiter = max("\t;,", key=source.text.count)
        return lambda: list(csv.reader(lines, delimiter=delimiter))
    if data[:2] != b"PK":
        return lambda: data.decode()
    return lambda: _members(data)


def _cells(data: bytes) -> None:
    book = CalamineWorkbook.from_filelike(io.BytesIO(data))
    wanted = [name for name in book.sheet_names if name in SHEETS] or book.sheet_names[:1]
    for name in wanted:
        book.get_sheet_by_name(name).to_python()


def _members(data: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for name in archive.namelist():
            if any(part in name for part in MEMBERS):
                archive.read(name)


def in_turns(ours: Callable[[], object], floor: Callable[[], object]) -> tuple[float, float]:
    """Median milliseconds of both."""
    a: list[float] = []
    b: list[float] = []
    until = time.perf_counter() + SECONDS
    while time.perf_counter() < until or len(a) < 5:
        for function, times in ((floor, b), (ours, a)):
            start = time.process_time()
            function()
            times.append(1000 * (time.process_time() - start))
    return statistics.median(a), statistics.median(b)


def main() -> None:
    rows = []
    for name, origin, data in files():
        try:
            export = read_export(data, name)
        except MrdqError:
            continue
        ours, floor = in_turns(lambda data=data: read_export(data, ""), floor_of(data))
        ratio = ours / floor if floor else float("inf")
        met = "yes" if ratio <= BOUND else "**no**"
        rows.append(
            f"| {export.format} | {name} | {origin} | {len(data) / 1000:,.1f} | {len(export.row)} | "
            f"{ours:.2f} | {floor:.2f} | {ratio:.1f} | {met} |"
        )
        print(rows[-1], file=sys.stderr)
    REPORT.write_text(page(sorted(rows)), encoding="utf-8")


def page(rows: list[str]) -> str:
    met = sum(row.endswith("| yes |") for row in rows)
    return f"""# Benchmarks of the readers

Made by `make bench`: CPU time on one core of `read_export` on bytes in memory (detection by all
readers included), median of {SECONDS:g} s in which ours and the floor take turns. Python
{platform.python_version()}. Bound: 3 times the floor; {met} of {len(rows)} files meet it.

Floor: for a workbook calamine opening it and reading the cells of the sheets that are read; for
text `csv` splitting its lines; for an archive `zipfile` inflating the members that are read. None
of them looks at what it has read. Files called real are instrument exports that other people
published; they are no part of the project. Invented files have 6 to 12 wells.

| format | file | origin | kB | rows | ms | floor, ms | ratio | met |
|---|---|---|---|---|---|---|---|---|
{chr(10).join(rows)}

Where the bound is missed on text, the file is a bare table of a few kilobytes: `csv` needs less
than a tenth of a millisecond for it, and the rest is the detection by all readers, the check of
every row, and the printed means and deviations that are computed again. A thousand such
files take less than a second.
"""


if __name__ == "__main__":
    main()
