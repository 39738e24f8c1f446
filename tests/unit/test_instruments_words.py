"""Vendors' words, and where the resource that holds them lies."""

from __future__ import annotations

import pytest

from mrdq import resources
from mrdq.instruments import FORMATS, words
from mrdq.instruments.words import role_of_task
from mrdq.vocabulary import NTC, ROLES, SAMPLE, STANDARD


@pytest.mark.parametrize(
    ("task", "role"),
    [("STANDARD", STANDARD), ("Standard", STANDARD), ("Std", STANDARD), ("Std-01", STANDARD), ("Std-101", STANDARD),
     ("UNKNOWN", SAMPLE), ("Unkn", SAMPLE), ("Unkn-3", SAMPLE), (" unknown ", SAMPLE),
     ("NTC", NTC), ("NTC-2", NTC), ("Neg Ctrl", NTC), ("Neg Ctrl-1", NTC), ("NEG  CTRL", NTC),
     ("background", "background"), ("empty", "empty")],
)  # fmt: skip
def test_roles(task: str, role: str) -> None:
    assert role_of_task(task) == role


@pytest.mark.parametrize(
    "task", ["Pos Ctrl", "NRT", "", "miR-101", "IPC", "STANDARDS", "NTC2", "S-1", "-1"]
)
def test_no_role_is_guessed(task: str) -> None:
    assert role_of_task(task) is None


def test_every_role_of_the_resource_is_ours() -> None:
    assert {
        role_of_task(word) for word in ("standard", "unknown", "ntc", "background", "empty")
    } == set(ROLES)


def test_headers_are_compared_without_case_space_or_script() -> None:
    assert words.plain("C\u0442") == words.plain(" CT ") == "ct"
    assert words.plain("Threshold  Cycle ( C(t) )") == "threshold cycle ( c(t) )"


# These two are no tables of cells: their words are those of a schema.
TABLES = [family for family in FORMATS if family not in ("rdml", "eds_json")]


@pytest.mark.parametrize("family", TABLES)
def test_every_family_has_its_words(family: str) -> None:
    assert {"well", "cq"} <= words.columns(family).keys()
    assert words.undetermined(family) == {
        words.plain(word) for word in words.undetermined_as_written(family)
    }


def test_omit_words() -> None:
    assert [words.truth(word) for word in ("true", "TRUE", "1", "false", "FALSE", "0", "", "x")] == [
        True, True, True, False, False, False, False, None,
    ]  # fmt: skip


def test_resources_are_found() -> None:
    assert resources.path("instruments/aliases.yaml").is_file()
    assert resources.path("instruments").is_dir()


def test_resources_of_an_installed_wheel_come_first(tmp_path, monkeypatch) -> None:
    (tmp_path / "resources").mkdir()
    monkeypatch.setattr(resources, "_HERE", tmp_path)
    assert resources.path("x.yaml") == tmp_path / "resources" / "x.yaml"
