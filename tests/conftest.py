"""Random examples are the same in every run; ``HYPOTHESIS_PROFILE=search`` looks for new ones.

Tests that need R, or the environment of the examples, are skipped where it is not there, and fail
under ``MRDQ_REQUIRE_R=1`` and ``MRDQ_REQUIRE_EXAMPLES=1``; those that sign need ssh-keygen, likewise
under ``MRDQ_REQUIRE_SSH=1``.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import settings

# As mrdq.simulate.workbook sets it; a test module may import openpyxl before.
os.environ.setdefault("OPENPYXL_LXML", "False")

settings.register_profile("fixed", derandomize=True, deadline=None)
settings.register_profile("search", deadline=None, max_examples=1000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "fixed"))

R_PACKAGES = ("survival", "cmprsk", "jsonlite")
EXAMPLES = Path(__file__).parents[1] / ".venv-examples" / "bin" / "python"


def _is_missing(what: str, required: str) -> None:
    """Skip; fail where the environment variable ``required`` is 1."""
    if os.environ.get(required) == "1":
        pytest.fail(f"{what}, and {required} is 1")
    pytest.skip(what)


@pytest.fixture(scope="session")
def rscript() -> str:
    """The path of Rscript, whose R has the packages that the tests use."""
    found = shutil.which("Rscript")
    if not found:
        _is_missing("Rscript is not installed (apt: r-base-core)", "MRDQ_REQUIRE_R")
    names = ", ".join(f'"{name}"' for name in R_PACKAGES)
    code = f"cat(setdiff(c({names}), rownames(installed.packages())))"
    asked = subprocess.run([str(found), "-e", code], capture_output=True, text=True, check=True)
    if asked.stdout.strip():
        _is_missing(f"R lacks {asked.stdout.strip()} (apt: r-cran-...)", "MRDQ_REQUIRE_R")
    return str(found)


@pytest.fixture(scope="session")
def ssh_keygen() -> str:
    """The path of OpenSSH's ssh-keygen."""
    found = shutil.which("ssh-keygen")
    if not found:
        _is_missing("ssh-keygen is not installed (apt: openssh-client)", "MRDQ_REQUIRE_SSH")
    return str(found)


@pytest.fixture(scope="session")
def examples_python() -> str:
    """The Python of the examples: ``.venv-examples``, or that of ``MRDQ_EXAMPLES_PYTHON``."""
    path = Path(os.environ.get("MRDQ_EXAMPLES_PYTHON", EXAMPLES))
    if not path.is_file():
        _is_missing(f"{path} is not there (make test makes it)", "MRDQ_REQUIRE_EXAMPLES")
    return str(path)
