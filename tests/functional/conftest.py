"""Studies made once; every test gets its own copy."""

from __future__ import annotations

from pathlib import Path

import pytest
from small_study import copy, without_cohort
from tiny import write_tiny

from mrdq.simulate import write_example


@pytest.fixture(scope="session")
def _tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two runs with layouts."""
    folder = tmp_path_factory.mktemp("tiny") / "study"
    write_tiny(folder)
    return folder


@pytest.fixture(scope="session")
def _bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One run without a layout."""
    folder = tmp_path_factory.mktemp("bare") / "study"
    write_tiny(folder, runs=1, layouts=False)
    return folder


@pytest.fixture(scope="session")
def example_master(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("example") / "study"
    write_example(folder)
    return without_cohort(folder)


@pytest.fixture
def study(_tiny: Path, tmp_path: Path) -> Path:
    return copy(_tiny, tmp_path / "study")


@pytest.fixture
def bare(_bare: Path, tmp_path: Path) -> Path:
    return copy(_bare, tmp_path / "bare")


@pytest.fixture
def example(example_master: Path, tmp_path: Path) -> Path:
    return copy(example_master, tmp_path / "example")
