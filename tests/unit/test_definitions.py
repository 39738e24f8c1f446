"""YAML as people read it, and rule sets that build on others."""

from __future__ import annotations

from pathlib import Path

import pytest

from mrdq.definitions import find, load_guideline, load_protocol, names, read_yaml
from mrdq.errors import MrdqError

REDUCTION = "euromrd-2007-therapy-reduction"
CONFIG = "study: {}\nruns: r\nsamples: s\nassays: a\nguideline: g\n"


def study_name(folder: Path, value: str) -> object:
    path = folder / "config.yaml"
    path.write_text(CONFIG.format(value), encoding="utf-8")
    return read_yaml(path, "config.yaml", "config")["study"]


@pytest.mark.parametrize(
    "word",
    [
        "2024-03-01",
        "1E5-trial",
        "1e5 cells",
        "12e3x",
        "a: b"[:1],
        "2024-03-01 12:00:00",
        "1e-4 study",
        "3e",
    ],
)
def test_words_stay_words(tmp_path: Path, word: str) -> None:
    assert study_name(tmp_path, word) == word


@pytest.mark.parametrize("number", ["1e-4", "1E5", "7", "1.5", "true", "~"])
def test_what_is_no_word_has_to_be_quoted(tmp_path: Path, number: str) -> None:
    with pytest.raises(MrdqError, match="column study"):
        study_name(tmp_path, number)
    assert study_name(tmp_path, f"'{number}'") == number


def test_shipped_definitions_load() -> None:
    assert {REDUCTION, "euromrd-2007-therapy-intensification", "euromrd-2024"} <= set(
        names("guidelines")
    )
    assert {"all-mrd2019", "all-mrd2023", "generic"} <= set(names("protocols"))
    for name in names("protocols"):
        assert load_protocol(name).id == name


def lab(folder: Path, text: str, name: str = "lab") -> None:
    (folder / "guidelines").mkdir(exist_ok=True)
    head = f'id: {name}\nversion: "1"\ntitle: ours\nstatus: final\nextends: {REDUCTION}\n'
    (folder / f"guidelines/{name}.yaml").write_text(head + text)


def test_child_keeps_what_it_does_not_change(tmp_path: Path) -> None:
    lab(
        tmp_path, "parameters:\n  curve_points_minimum: {value: 4, grade: laboratory, source: us}\n"
    )
    child, parent = load_guideline("lab", tmp_path), load_guideline(REDUCTION)
    changed = child["curve_points_minimum"]
    assert (changed.value, changed.grade, changed.source, changed.bound) == (
        4,
        "laboratory",
        "us",
        "minimum",
    )
    assert changed.locator == changed.note == changed.verified_by == ""
    others = [name for name in parent.parameters if name != "curve_points_minimum"]
    assert all(child[name] == parent[name] for name in others)
    assert child.calls == parent.calls
    assert child.hash != parent.hash


def test_confirmation_without_a_change_keeps_the_source(tmp_path: Path) -> None:
    lab(
        tmp_path,
        "parameters:\n  curve_points_minimum: {verified_by: A. B., verified_on: 2025-01-31, locator: p. 3}\n",
    )
    parameter = load_guideline("lab", tmp_path)["curve_points_minimum"]
    parent = load_guideline(REDUCTION)["curve_points_minimum"]
    assert parameter.confirmed
    assert (parameter.value, parameter.source, parameter.verified_on) == (
        parent.value,
        parent.source,
        "2025-01-31",
    )


@pytest.mark.parametrize("change", ["inclusive: false"])
def test_change_of_the_meaning_asks_for_a_source_too(tmp_path: Path, change: str) -> None:
    """Turning a bound round or its unit changes the rule as much as another number does."""
    lab(tmp_path, f"parameters:\n  curve_points_minimum: {{{change}}}\n")
    with pytest.raises(MrdqError, match="grade and source"):
        load_guideline("lab", tmp_path)


def test_own_rule_set_comes_before_the_shipped(tmp_path: Path) -> None:
    lab(tmp_path, "", name="lab")
    path, shown = find("guidelines", "lab", tmp_path)
    assert (path, shown) == (tmp_path / "guidelines/lab.yaml", "guidelines/lab.yaml")
    assert find("guidelines", REDUCTION, tmp_path)[1] == f"guidelines/{REDUCTION}.yaml"


def test_own_rule_set_may_not_take_a_shipped_name_and_extend_it(tmp_path: Path) -> None:
    lab(tmp_path, "", name=REDUCTION)
    with pytest.raises(MrdqError, match="circle"):
        load_guideline(REDUCTION, tmp_path)
