"""The cache of parsed exports: what it gives is what parsing would give, to the last bit."""

from __future__ import annotations

import ast
import hashlib
import math
import struct
import sys
from dataclasses import fields, replace
from importlib import import_module
from pathlib import Path
from typing import Any

import exports
import pytest
from hypothesis import given
from hypothesis import strategies as st

import mrdq
from mrdq import ingest_cache
from mrdq.errors import WARNING, MrdqError, Problem
from mrdq.ingest_cache import LIBRARIES, READERS, Exports, key_of, packed, readers, unpacked
from mrdq.instruments import FORMATS, Export, read_export
from mrdq.packs import Packer, Packs

SMALL: dict[str, bytes] = {
    f"{path.stem}: {name}": data
    for path in sorted(Path(exports.__file__).parent.glob("*.py"))
    for name, data in getattr(import_module(f"exports.{path.stem}"), "SMALL", {}).items()
}
PACKAGE = Path(mrdq.__file__).parent


def same(a: Any, b: Any) -> bool:
    """Equal in type and value, down to the bits of a float."""
    if type(a) is not type(b):
        return False
    if isinstance(a, float):
        return (math.isnan(a) and math.isnan(b)) or struct.pack("d", a) == struct.pack("d", b)
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[key], b[key]) for key in a)
    if isinstance(a, Export):
        return all(same(getattr(a, one.name), getattr(b, one.name)) for one in fields(a))
    return bool(a == b)


def read(name: str, file: str) -> Export | None:
    try:
        return read_export(SMALL[name], file)
    except MrdqError:
        return None


def test_every_reader_has_its_exports_here() -> None:
    found = {export.format for name in SMALL if (export := read(name, "a"))}
    assert found == set(FORMATS)


@pytest.mark.parametrize("name", SMALL)
def test_an_export_comes_back_as_it_was(name: str) -> None:
    export = read(name, "data/a.txt")
    if export is None:
        return
    value = packed(export, "data/a.txt")
    assert value is not None
    assert same(unpacked(value, "data/a.txt"), export)


@pytest.mark.parametrize("name", SMALL)
def test_a_file_s_name_stands_in_its_warnings_alone(name: str) -> None:
    """Else a file that was renamed would have to be parsed again."""
    export = read(name, "data/a.txt")
    other = read(name, "elsewhere/b c.XLSX")
    if export is None or other is None:
        assert export is other
        return
    assert all(warning.file == "data/a.txt" for warning in export.warnings)
    renamed = [replace(warning, file="elsewhere/b c.XLSX") for warning in export.warnings]
    assert same(replace(export, warnings=renamed), other)
    value = packed(export, "data/a.txt")
    assert value is not None
    assert same(unpacked(value, "elsewhere/b c.XLSX"), other)


def test_there_are_warnings_and_curves_among_them() -> None:
    found = [export for name in SMALL if (export := read(name, "a"))]
    assert any(export.warnings for export in found)
    assert any(export.printed_curves for export in found)
    assert any(export.quantity_unit for export in found)
    assert any(math.isnan(cq) for export in found for cq in export.cq)


TEXT = st.text(max_size=5) | st.sampled_from(["", "|", "a|b", "\x7f", "\ud800", "\0", "NaN"])
NUMBER = st.floats() | st.sampled_from([math.nan, -0.0, 5e-324, 1e308])


@st.composite
def any_exports(draw: st.DrawFn) -> Export:
    n = draw(st.integers(0, 4))
    texts = {
        name: draw(st.lists(TEXT, min_size=n, max_size=n))
        for name in ("well", "target", "sample", "task", "channel", "cq_state", "flags")
    }
    numbers = {name: draw(st.lists(NUMBER, min_size=n, max_size=n)) for name in ("quantity", "cq")}
    place = st.none() | NUMBER
    problem = st.builds(
        Problem,
        st.just("f"),
        TEXT,
        TEXT,
        st.none() | st.integers(1, 9),
        TEXT,
        TEXT,
        st.just(WARNING),
    )
    return Export(
        *(draw(TEXT) for _ in range(5)), **texts, **numbers,
        row=draw(st.lists(st.integers(1, 10**6), min_size=n, max_size=n)),
        printed_curves=draw(st.dictionaries(TEXT, st.tuples(place, place, place), max_size=2)),
        notes=draw(st.lists(TEXT, max_size=3)), warnings=draw(st.lists(problem, max_size=2)),
        quantity_unit=draw(st.lists(TEXT, max_size=n)),
    )  # fmt: skip


@given(any_exports())
def test_anything_comes_back_as_it_was(export: Export) -> None:
    value = packed(export, "f")
    assert value is not None
    assert same(unpacked(value, "f"), export)


@given(st.binary(max_size=60))
def test_bytes_of_any_kind_are_no_export(data: bytes) -> None:
    assert unpacked(data, "f") is None


@pytest.mark.parametrize(
    "change",
    [
        lambda content: content.pop("cq"),
        lambda content: content.update(more=1),
        lambda content: content.update(warnings=[["a"] * 20]),
        lambda content: content.update(printed_curves=[1]),
        lambda content: content.update(warnings=None),
    ],
)
def test_what_another_version_wrote_is_no_export(change: Any) -> None:
    import json
    import zlib

    value = packed(read_export(PLAIN, "f"), "f")
    assert value is not None
    content = json.loads(zlib.decompress(value))
    change(content)
    assert unpacked(zlib.compress(json.dumps(content).encode()), "f") is None


PLAIN = b"well,target,cq\nA1,T,20.5\nA2,T,Undetermined\n"


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Files that were parsed."""
    names: list[str] = []

    def noted(data: bytes, name: str, **asked: str) -> Export:
        names.append(name)
        return read_export(data, name, **asked)

    monkeypatch.setattr(ingest_cache, "read_export", noted)
    return names


def taken(folder: Path, data: bytes, name: str, *, format: str = "", keep: bool = True) -> Export:  # noqa: A002
    """Read one export, and keep what was parsed."""
    source = Exports(Packs(folder), keep)
    export = source.read(data, name, format=format, sha256=sha(data))
    packer = Packer(folder)
    packer.add(source.taken())
    packer.close()
    assert source.taken() == []
    return export


def test_parsed_once(tmp_path: Path, counted: list[str]) -> None:
    first = taken(tmp_path, PLAIN, "a.csv")
    again = taken(tmp_path, PLAIN, "a.csv")
    renamed = taken(tmp_path, PLAIN, "b.txt")
    assert counted == ["a.csv"]
    assert same(first, again)
    assert same(first, renamed)


def test_a_byte_or_a_format_more_is_another_export(tmp_path: Path, counted: list[str]) -> None:
    taken(tmp_path, PLAIN, "a.csv")
    taken(tmp_path, PLAIN + b"\n", "a.csv")
    taken(tmp_path, PLAIN, "a.csv", format="plain_table")
    assert len(counted) == 3
    assert key_of("ab", "c") != key_of("a", "bc")


def test_other_readers_parse_again(
    tmp_path: Path, counted: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    taken(tmp_path, PLAIN, "a.csv")
    monkeypatch.setattr(ingest_cache, "readers", lambda: "others")
    taken(tmp_path, PLAIN, "a.csv")
    assert len(counted) == 2


def test_nothing_is_kept_unless_it_is_asked_for(tmp_path: Path, counted: list[str]) -> None:
    taken(tmp_path / "cache", PLAIN, "a.csv", keep=False)
    assert not (tmp_path / "cache").exists()
    taken(tmp_path / "cache", PLAIN, "a.csv")
    taken(tmp_path / "cache", PLAIN, "a.csv", keep=False)
    assert len(counted) == 2


def test_what_was_refused_is_refused_again(tmp_path: Path, counted: list[str]) -> None:
    for _ in range(2):
        with pytest.raises(MrdqError):
            taken(tmp_path, b"no export", "a.csv")
    assert len(counted) == 2


def test_a_warning_about_another_file_is_not_kept() -> None:
    export = read_export(PLAIN, "a.csv")
    other = Problem("other.csv", "something", level=WARNING)
    assert packed(replace(export, warnings=[other]), "a.csv") is None


def test_an_entry_that_is_none_is_parsed_again(tmp_path: Path, counted: list[str]) -> None:
    packer = Packer(tmp_path)
    packer.add([(key_of(sha(PLAIN), ""), b"nothing of ours")])
    packer.close()
    assert taken(tmp_path, PLAIN, "a.csv").well == ["A1", "A2"]
    assert counted == ["a.csv"]


def imported(path: Path) -> set[str]:
    nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    found: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {str(node.module), *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def test_the_readers_version_covers_all_that_reading_rests_on() -> None:
    """Every module of mrdq that a reader imports, and every library."""
    covered = {path for pattern in READERS for path in PACKAGE.glob(pattern)}
    libraries = {"python_calamine": "python-calamine", "yaml": "PyYAML"}
    assert set(libraries.values()) == set(LIBRARIES)
    for path in covered - {PACKAGE / "ingest_cache.py"}:
        for name in imported(path):
            top, *rest = name.split(".")
            if top != "mrdq":
                assert top in sys.stdlib_module_names or top in libraries, (path, name)
                continue
            module = PACKAGE.joinpath(*rest)
            for file in (module.with_suffix(".py"), module / "__init__.py"):
                assert not file.is_file() or file in covered | {PACKAGE / "__init__.py"}, (
                    path,
                    name,
                )


def test_the_readers_version_changes_with_their_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ingest_cache, "__file__", str(tmp_path / "ingest_cache.py"))
    (tmp_path / "instruments").mkdir()
    versions = set()
    for place, text in (
        ("errors.py", ""), ("errors.py", "1"), ("instruments/new.py", ""), ("instruments/new.py", "1"),
        ("unrelated.py", "1"),
    ):  # fmt: skip
        (tmp_path / place).write_text(text)
        readers.cache_clear()
        versions.add(readers())
    readers.cache_clear()
    assert len(versions) == 4
