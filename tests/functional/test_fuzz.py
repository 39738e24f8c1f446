"""Damaged files of any kind: accepted or refused, never a traceback."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from small_study import copy, mrdq, set_cell, set_key
from test_bad_input import to_workbook, write_lab_rules, write_protocol
from tiny import write_tiny

from mrdq.simulate import write_example
from mrdq.units import UnitError, dilution, nanograms

TEXTS = [
    "config/config.yaml", "config/runs.tsv", "config/samples.tsv", "config/assays.tsv", "config/patients.tsv",
    "config/layouts/SIM-000001.tsv", "data/SIM-000001.csv", "guidelines/lab.yaml", "protocols/ours.yaml",
]  # fmt: skip
# One export of the example study of each kind of file.
EXPORTS = ["data/SIM-R01.txt", "data/SIM-R03.xlsx", "data/SIM-R05.csv", "data/SIM-R14.txt"]
PIECES = [
    b"",
    b"\0",
    b"\t",
    b"\n",
    b'"',
    b"\xff",
    b"\xc3\x28",
    b"\xef\xbb\xbf",
    b"NaN",
    b"1e999",
    b"-",
    b",",
    b"9" * 30,
    b": ",
    b"\\",
]
QUIET = settings(
    max_examples=15, deadline=None, derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip

Damage = list[tuple[float, float, bytes]]
damages: st.SearchStrategy[Damage] = st.lists(
    st.tuples(
        st.floats(0, 1, exclude_max=True),
        st.sampled_from([0, 0, 1e-9, 0.02, 1]),
        st.one_of(st.sampled_from(PIECES), st.binary(max_size=4)),
    ),
    min_size=1,
    max_size=3,
)


def damaged(data: bytes, damage: Damage) -> bytes:
    """Replace stretches of the bytes: (where, how much of the file, by what)."""
    for where, length, piece in damage:
        start = int(where * len(data))
        stop = start + (1 if length == 1e-9 else int(length * len(data)))
        data = data[:start] + piece + data[stop:]
    return data


@pytest.fixture(scope="module")
def fuzzed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("fuzz") / "study"
    write_tiny(folder)
    write_lab_rules(folder)
    write_protocol(folder)
    return folder


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study whose one run is an export of the example, without a layout."""
    master = tmp_path_factory.mktemp("exports")
    write_example(master / "example")
    folder = master / "study"
    write_tiny(folder, runs=1, layouts=False)
    for name in EXPORTS:
        (folder / name).write_bytes((master / "example" / name).read_bytes())
    return folder


@pytest.mark.parametrize("file", TEXTS)
@QUIET
@given(damage=damages)
def test_damaged_text(fuzzed: Path, file: str, damage: Damage) -> None:
    path = fuzzed / file
    whole = path.read_bytes()
    try:
        path.write_bytes(damaged(whole, damage))
        outcome = mrdq("check", fuzzed)
    finally:
        path.write_bytes(whole)
    assert outcome.code in (0, 2)
    assert bool(outcome.problems) == (outcome.code == 2)


@pytest.mark.parametrize("file", EXPORTS)
@QUIET
@given(damage=damages)
def test_damaged_export(exported: Path, file: str, damage: Damage) -> None:
    path = exported / file
    whole = path.read_bytes()
    set_cell(exported / "config/runs.tsv", 2, "export", file)
    try:
        path.write_bytes(damaged(whole, damage))
        outcome = mrdq("check", exported)
    finally:
        path.write_bytes(whole)
    assert outcome.code in (0, 2)
    assert bool(outcome.problems) == (outcome.code == 2)


@QUIET
@given(damage=damages)
def test_damaged_workbook(
    fuzzed: Path, tmp_path_factory: pytest.TempPathFactory, damage: Damage
) -> None:
    study = copy(fuzzed, tmp_path_factory.mktemp("book") / "study")
    to_workbook(study)
    path = study / "config/book.xlsx"
    path.write_bytes(damaged(path.read_bytes(), damage))
    outcome = mrdq("check", study)
    assert outcome.code in (0, 2)
    assert bool(outcome.problems) == (outcome.code == 2)


@QUIET
@given(text=st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=40))
def test_any_text_as_a_setting(fuzzed: Path, text: str) -> None:
    path = fuzzed / "config/config.yaml"
    whole = path.read_bytes()
    try:
        set_key(fuzzed, "study", text)
        assert mrdq("check", fuzzed).code in (0, 2)
    finally:
        path.write_bytes(whole)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(
    text=st.one_of(
        st.text(max_size=12),
        st.text(alphabet="0123456789.,eE+-^:% ", max_size=10),
        st.builds(
            "{} {}".format,
            st.integers(1, 999),
            st.text(alphabet="nguµpk()[]{}^*/-+%#'\"!?=0 ", max_size=8),
        ),
    )
)
def test_any_text_as_an_amount_or_a_dilution(text: str) -> None:
    for parse in (nanograms, dilution):
        try:
            value = parse(text)
        except UnitError:
            continue
        assert 0 < value < float("inf")
