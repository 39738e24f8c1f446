"""CFX workbooks made from real CFX text exports: no real workbook is at hand, so the text is the oracle.

Cells are typed as a spreadsheet types them: numbers as numbers, ``N/A`` and ``NaN`` as words.
"""

from __future__ import annotations

import csv
import io
import math
import os
from pathlib import Path

import openpyxl
import pytest

from mrdq.instruments import read_export

SHARED = Path(os.environ.get("MRDQ_SHARED", Path(__file__).resolve().parents[3] / "shared"))
FOLDER = SHARED / "real/biorad_cfx"
FILES = {
    "HTqPCR__CFX_sample.txt": (",", "."),
    "allotropy__cfxmaestro_example01.csv": (",", "."),
    "pyqpcr__raw_data_biorad_c1000_2.txt": ("\t", ","),
}
pytestmark = pytest.mark.skipif(
    not FOLDER.is_dir(), reason=f"real instrument exports are absent: {FOLDER} (set MRDQ_SHARED)"
)


def typed(cell: str, decimal: str) -> float | str:
    try:
        value = float(cell.replace(decimal, "."))
    except ValueError:
        return cell
    return value if math.isfinite(value) else cell


@pytest.mark.parametrize("name", FILES)
def test_workbook_of_a_real_export_reads_like_its_text(name: str) -> None:
    data = (FOLDER / name).read_bytes()
    delimiter, decimal = FILES[name]
    rows = list(csv.reader(io.StringIO(data.decode()), delimiter=delimiter))
    names = {index for index, cell in enumerate(rows[0]) if cell in ("Target", "Sample", "Content")}
    book = openpyxl.Workbook()
    for n, row in enumerate(rows):
        book.active.append(
            [c if n == 0 or i in names else typed(c, decimal) for i, c in enumerate(row)]
        )
    file = io.BytesIO()
    book.save(file)
    text, workbook = read_export(data, name), read_export(file.getvalue(), "run.xlsx")
    assert workbook.format == text.format == "biorad_cfx"
    assert len(workbook.well) == len(rows) - 1
    for column in ("well", "target", "sample", "task", "channel", "cq_state"):
        assert getattr(workbook, column) == getattr(text, column), column
    for column in ("cq", "quantity"):
        assert getattr(workbook, column) == pytest.approx(
            getattr(text, column), rel=1e-15, nan_ok=True
        )
