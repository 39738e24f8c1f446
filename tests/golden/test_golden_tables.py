"""The table read from every real file, pinned: one line of ``golden_tables.tsv`` per file.

A line holds the format, the counts of each state, sums that a person can recompute, and the
SHA-256 of the whole table, which itself never enters the project.  This pins what was found right:
the oracles that found it so, none of which is mrdq, are in the other tests of this folder (printed
means, deviations and curves, twin exports, the vendor's other members, the RDML consortium's
library, a few lines of ``csv``).  ``python tests/golden/test_golden_tables.py`` writes the lines
again; a line that changes has to be explained by one of those tests.
"""

from __future__ import annotations

import csv
import hashlib
import math
import os
from pathlib import Path

import pytest

from mrdq.errors import MrdqError
from mrdq.instruments import Export, read_export
from mrdq.vocabulary import CQ_STATES

SHARED = Path(os.environ.get("MRDQ_SHARED", Path(__file__).resolve().parents[3] / "shared"))
REAL = SHARED / "real"
GOLDEN = Path(__file__).with_name("golden_tables.tsv")
COLUMNS = ("well", "target", "sample", "task", "channel", "quantity", "cq", "cq_state", "flags")


def line(name: str) -> dict[str, str]:
    try:
        export = read_export((REAL / name).read_bytes(), name)
    except MrdqError:
        return {"file": name, "format": "refused"}
    determined = [cq for cq in export.cq if not math.isnan(cq)]
    quantities = [value for value in export.quantity if not math.isnan(value)]
    return {
        "file": name,
        "format": export.format,
        "rows": str(len(export.row)),
        **{state: str(export.cq_state.count(state)) for state in CQ_STATES},
        "quantities": str(len(quantities)),
        "curves": str(len(export.printed_curves)),
        "warnings": str(len(export.warnings)),
        "sum_cq": f"{math.fsum(determined):.6f}",
        "sha256": hashlib.sha256(table(export).encode()).hexdigest(),
    }


def table(export: Export) -> str:
    rows = zip(*(getattr(export, column) for column in COLUMNS), strict=True)
    return "\n".join("\t".join(map(str, row)) for row in sorted(rows, key=str))


def real_files() -> list[str]:
    return sorted(path.relative_to(REAL).as_posix() for path in REAL.glob("*/*"))


def golden() -> list[dict[str, str]]:
    if not GOLDEN.exists():
        return []
    with GOLDEN.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines, delimiter="\t"))


@pytest.mark.skipif(not REAL.is_dir(), reason=f"real exports are absent: {REAL} (set MRDQ_SHARED)")
def test_every_real_file_has_its_line() -> None:
    assert [row["file"] for row in golden()] == real_files()


@pytest.mark.skipif(not REAL.is_dir(), reason=f"real exports are absent: {REAL} (set MRDQ_SHARED)")
@pytest.mark.parametrize("expected", golden(), ids=lambda row: row["file"])
def test_the_table_is_the_golden_one(expected: dict[str, str]) -> None:
    assert line(expected["file"]) == {key: value for key, value in expected.items() if value}


if __name__ == "__main__":
    found = [line(name) for name in real_files()]
    names = list(max(found, key=len))
    with GOLDEN.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, names, delimiter="\t", lineterminator="\n")
        writer.writeheader()
        writer.writerows(found)
