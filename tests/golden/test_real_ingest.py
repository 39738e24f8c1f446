"""Every real export as a run of one study: no reaction is lost on the way to wells.parquet.

Oracle: the table that the reader gives, which the other tests of this folder hold against others.
No target is known to the sheets, so that no well has a role; all of them have to be kept.
"""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pytest

from mrdq import ingest
from mrdq.errors import MrdqError
from mrdq.instruments import read_export
from mrdq.study import load_study

SHARED = Path(os.environ.get("MRDQ_SHARED", Path(__file__).resolve().parents[3] / "shared"))
REAL = SHARED / "real"
pytestmark = pytest.mark.skipif(
    not REAL.is_dir(), reason=f"real instrument exports are absent: {REAL} (set MRDQ_SHARED)"
)

CONFIG = """study: real exports
runs: config/runs.tsv
samples: config/samples.tsv
assays: config/assays.tsv
guideline: euromrd-2007-therapy-reduction
"""
ASSAYS = "target\tkind\tpatient_id\tdna_per_well\nno such target\tmrd\tP1\t600 ng\n"


def test_no_reaction_is_lost(tmp_path: Path) -> None:
    files = {f"R{i:02d}": path for i, path in enumerate(sorted(REAL.glob("*/*")))}
    (tmp_path / "config").mkdir()
    (tmp_path / "data").mkdir()
    for run, path in files.items():
        (tmp_path / "data" / run).write_bytes(path.read_bytes())
    (tmp_path / "config/config.yaml").write_text(CONFIG)
    (tmp_path / "config/runs.tsv").write_text(
        "run_id\texport\n" + "".join(f"{run}\tdata/{run}\n" for run in files)
    )
    (tmp_path / "config/samples.tsv").write_text("sample_id\tpatient_id\ttimepoint\n")
    (tmp_path / "config/assays.tsv").write_text(ASSAYS)
    reading = ingest.read_runs(load_study(tmp_path))
    wells = reading.wells.astype({"run_id": str, "well": str, "target": str, "cq_state": str})
    assert set(wells["role"].astype(str)) == {""}
    for run, path in files.items():
        rows = wells[wells["run_id"] == run]
        found = Counter(
            zip(rows["well"], rows["target"], rows["cq_state"], rows["cq"].map(repr), strict=True)
        )
        try:
            export = read_export(path.read_bytes(), run)
        except MrdqError:
            assert not found
            continue
        cqs = map(repr, export.cq)
        assert found == Counter(zip(export.well, export.target, export.cq_state, cqs, strict=True))
