"""The same bytes on an older processor: numpy's vector instructions change last bits, not results."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from small_study import tree

from mrdq.simulate import write_example

RUN = "from mrdq.cli import main; main()"


def test_same_bytes_without_vector_instructions(tmp_path: Path) -> None:
    write_example(tmp_path / "study")
    found = []
    for name, disabled in (
        ("new", ""),
        ("old", "X86_V3 X86_V4 AVX512_ICL AVX2 FMA3 AVX512F AVX512_SKX"),
    ):
        results = tmp_path / name
        done = subprocess.run(
            [sys.executable, "-c", RUN, "run", str(tmp_path / "study"), "--results", str(results)],
            env=os.environ | {"NPY_DISABLE_CPU_FEATURES": disabled}, capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        found.append(tree(results))
    assert len(found[0]) >= 8
    assert found[0] == found[1]
