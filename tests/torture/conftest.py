"""Ordeals of the audit trail: minutes, so they are collected only under ``MRDQ_TORTURE=1`` (make torture).

Sizes can be set by variables (``ordeals.size``); random choices have fixed seeds.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "functional"))  # tiny, small_study

collect_ignore_glob = [] if os.environ.get("MRDQ_TORTURE") == "1" else ["test_*.py"]

MEMORY = Path("/dev/shm")
ENOUGH = 40_000_000


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    """A folder in memory where there is one, since an ordeal copies a study hundreds of times."""
    if not (
        MEMORY.is_dir() and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > ENOUGH
    ):
        yield tmp_path
        return
    folder = Path(tempfile.mkdtemp(prefix="mrdq-torture-", dir=MEMORY))
    yield folder
    shutil.rmtree(folder)
