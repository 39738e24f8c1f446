"""Names that a spreadsheet program would run as formulas: text in every table that mrdq writes."""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path

import pytest
from fuzz import corpus
from small_study import EXPORT, mrdq, refused, set_cell

FORMULAS = [
    "=1+1",
    "@SUM(A1)",
    "+ctrl",
    "-RT",
    '=HYPERLINK("http://x","y")',
    "=cmd|' /C calc'!A0",
    "\t=1+1",
]
SHOWN_AS_THEY_ARE = ["=", "-", "+", "--", "-1.5", "+3"]


@pytest.mark.parametrize("name", [*FORMULAS[:4], *SHOWN_AS_THEY_ARE])
@pytest.mark.parametrize("column", ["sample", "target", "task"])
def test_names_of_an_export_are_text(column: str, name: str) -> None:
    cells = {"well": "A1", "target": "IGH", "cq": "20.125", "sample": "s", "task": "UNKNOWN"} | {
        column: name
    }
    data = "\t".join(cells) + "\n" + "\t".join(cells.values()) + "\n"
    export = corpus.read(data.encode())
    assert export is not None
    assert getattr(export, column) == [name]
    assert export.cq == [20.125]


def live_formulas(results: Path) -> list[str]:
    """Cells of all tables and workbooks below a folder that a spreadsheet program would run."""
    found = []
    for path in sorted(results.rglob("*")):
        if path.suffix in (".tsv", ".csv"):
            cells = re.split(r"[\t\n]", path.read_text(encoding="utf-8"))
            found += [f"{path.name}: {cell}" for cell in cells if is_live(cell)]
        elif path.suffix == ".xlsx":
            with zipfile.ZipFile(io.BytesIO(path.read_bytes())) as book:
                sheets = [name for name in book.namelist() if name.startswith("xl/worksheets/")]
                found += [
                    f"{path.name}: {name}"
                    for name in sheets
                    if re.search(rb"<(\w+:)?f[ >/]", book.read(name))
                ]
    return found


def is_live(cell: str) -> bool:
    if re.fullmatch(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?%?", cell):
        return False
    return cell.strip('" ').startswith(("=", "+", "-", "@")) and bool(re.search(r"\w", cell))


def rename_sample(study: Path, old: str, new: str) -> None:
    for path in [*(study / "config").rglob("*.tsv"), *(study / "data").iterdir()]:
        path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")


@pytest.mark.parametrize("name", FORMULAS[:4])
def test_a_sample_in_an_export_alone_never_becomes_a_formula(name: str, bare: Path) -> None:
    """The export calls a well so, no sheet does: refused, or in no table of the results."""
    path = bare / EXPORT
    text = path.read_text(encoding="utf-8").replace("SIM-000001-C1", name)
    path.write_text(text, encoding="utf-8")
    ended = mrdq("run", bare)
    assert ended.code in (0, 2)
    assert live_formulas(bare) == []


@pytest.mark.parametrize("name", FORMULAS[:4])
def test_ids_that_a_spreadsheet_would_run_are_refused(name: str, bare: Path) -> None:
    rename_sample(bare, "SIM-000001-C1", name)
    told = "\n".join(refused(bare).problems)
    assert name in told
    assert "samples.tsv, row 3, column sample_id" in told


@pytest.mark.parametrize("column", ["instrument", "operator", "lot"])
@pytest.mark.parametrize("name", FORMULAS[:4])
def test_other_cells_of_the_sheets(name: str, column: str, bare: Path) -> None:
    """Extra columns are carried to the results: refused as well, or written so that nothing runs."""
    set_cell(bare / "config/runs.tsv", 2, column, name)
    ended = mrdq("run", bare)
    assert ended.code in (0, 2)
    assert live_formulas(bare / "results") == []


def test_words_of_an_export_that_reach_the_results(bare: Path) -> None:
    """Instrument and flags are carried on as the export has them."""
    path = bare / EXPORT
    rows = path.read_text(encoding="utf-8").splitlines()
    for name in FORMULAS[:4]:
        text = "\n".join([f"{rows[0]},Comments", *(f"{row},{name}" for row in rows[1:])]) + "\n"
        path.write_text(text, encoding="utf-8")
        ended = mrdq("run", bare)
        assert ended.code in (0, 2)
        assert live_formulas(bare / "results") == []
