"""What is asked of a scheduler for a whole workflow, and the script that it gets."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mrdq import submission
from mrdq.errors import MrdqError
from mrdq.submission import Request

ASKED = Request(4, "2G", "60")


@pytest.mark.parametrize("time", ["90", "2:00:00", "1-12", "1-12:30", "1-12:30:00"])
@pytest.mark.parametrize("memory", ["500", "500M", "8G", "1T"])
def test_amounts_that_slurm_knows(time: str, memory: str) -> None:
    asked = Request(1, memory, time)
    assert submission.require(asked) == asked


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("time", "2:00"),  # SLURM: two minutes
        ("time", "2 hours"),
        ("time", ""),
        ("memory", "8 GB"),
        ("memory", "8gb"),
        ("memory", "lots"),
        ("partition", "short --wrap=x"),
        ("account", "a\n#SBATCH --x"),
    ],
)
def test_what_slurm_would_misread_is_refused(option: str, value: str) -> None:
    with pytest.raises(MrdqError) as error:
        submission.require(Request(**{"cores": 1, "memory": "1G", "time": "9", option: value}))
    [problem] = error.value.problems
    assert problem.column == f"--{option}"
    assert problem.found == value


@given(st.text(min_size=1, max_size=60))
def test_a_job_has_a_name_that_every_scheduler_takes(name: str) -> None:
    made = submission.job_name(name)
    assert made.isascii()
    assert set(made) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-")
    assert len(made) <= 50
    assert len(made) > len("mrdq-")


@pytest.mark.parametrize(
    "name", ["plain", "with space", "it's", "$(touch x)", "a\n#SBATCH --wrap=x", "-n", "ü", '"']
)
def test_the_script_works_in_any_folder(tmp_path: Path, name: str) -> None:
    folder = tmp_path / name
    folder.mkdir()
    command = [sys.executable, "-c", "import os, sys; print(repr((os.getcwd(), sys.argv[1:], os.environ['WHO'])))"]  # fmt: skip
    text = submission.script(
        str(folder), command, options=ASKED.options(name), variables={"WHO": name, "PATH": name}
    )
    asked = [line for line in text.splitlines() if line.startswith("#SBATCH --")]
    if "\n" not in name:
        assert asked == [f"#SBATCH {option}" for option in ASKED.options(name)]
    for given_cores, cores in ((None, "4"), ("2", "2")):
        environment = {"PATH": "/usr/bin:/bin"} | ({"SLURM_CPUS_PER_TASK": given_cores} if given_cores else {})  # fmt: skip
        done = subprocess.run(["bash", "-c", text], env=environment, capture_output=True, text=True)
        said = (str(folder), ["--directory", ".", "--cores", cores], name)
        assert done.stdout == f"{said!r}\n", done.stderr
    assert list(folder.iterdir()) == []
