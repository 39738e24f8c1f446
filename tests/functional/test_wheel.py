"""The wheel alone: its own code and its own rule sets run a study, without the checkout."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

pytest.importorskip("build", reason="the package build is not installed")
pytest.importorskip("hatchling", reason="the build backend hatchling is not installed")

ROOT = Path(__file__).parents[2]
PROGRAM = """\
import sys
from pathlib import Path
import mrdq
from mrdq import resources
here = Path(sys.argv[1])
assert Path(mrdq.__file__).is_relative_to(here), mrdq.__file__
for name in ("guidelines/euromrd-2024.yaml", "protocols/generic.yaml", "schemas/config.schema.yaml", "instruments/aliases.yaml", "validation/parameters.tsv"):
    path = resources.path(name)
    assert path.is_file() and path.is_relative_to(here), path
from mrdq.cli import main
sys.argv[1:] = sys.argv[2:]
main()
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("wheel")
    build = [
        sys.executable,
        "-m",
        "build",
        "--wheel",
        "--no-isolation",
        "--outdir",
        str(out),
        str(ROOT),
    ]
    made = subprocess.run(build, capture_output=True, text=True, cwd=out)
    assert made.returncode == 0, made.stdout + made.stderr
    [path] = out.glob("mrdq-*.whl")
    return path


@pytest.fixture(scope="module")
def unzipped(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("unzipped")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


def run(unzipped: Path, cwd: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(unzipped)}
    return subprocess.run(
        [sys.executable, "-c", PROGRAM, str(unzipped), *words],
        capture_output=True,
        text=True,
        cwd=cwd,
        env=environment,
    )


def test_wheel_holds_the_package_and_nothing_of_the_checkout(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"mrdq"}
    assert any(name.endswith("dist-info/entry_points.txt") for name in names)
    assert any("/licenses/LICENSE" in name for name in names)
    assert "mrdq/reports/index.html.j2" in names
    assert sorted(
        n for n in names if n.startswith("mrdq/resources/guidelines/") and n.endswith(".yaml")
    ) == sorted(
        f"mrdq/resources/guidelines/{path.name}"
        for path in (ROOT / "resources/guidelines").glob("*.yaml")
    )
    assert not [name for name in names if name.endswith((".pyc", ".log")) or "/data/" in name]


def test_wheel_runs_a_study(unzipped: Path, tmp_path: Path) -> None:
    for words in (
        ["simulate", "study", "--runs", "2"],
        ["run", "study"],
        ["guidelines", "show", "euromrd-2024"],
    ):
        done = run(unzipped, tmp_path, *words)
        assert done.returncode == 0, done.stderr
    assert (tmp_path / "study/results/report/index.html").stat().st_size > 1000
    assert (tmp_path / "study/results/calls.tsv").read_text().count("euromrd-2007") >= 2
