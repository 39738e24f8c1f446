"""What the fuzzer found once stays found: every input in ``regressions/`` is replayed."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from fuzz import corpus, fuzz_exports

from mrdq.instruments import FORMATS

KEPT = sorted(path for path in corpus.REGRESSIONS.glob("*/*") if path.is_file())


@pytest.mark.parametrize("path", KEPT, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_a_finding_that_was_mended(path: Path) -> None:
    assert path.parent.name in FORMATS
    for said in ("", path.parent.name):
        export = corpus.read(path.read_bytes(), format=said)
        if export is not None:
            corpus.check(export)


@pytest.mark.parametrize("name", corpus.small())
def test_what_the_fuzzer_does_to_an_input(name: str) -> None:
    """Mutations of archives are archives, so that they come as far as the reader."""

    def shorter(part: bytes) -> bytes:
        return part[:-1]

    data = corpus.small()[name]
    spoilt = [fuzz_exports.changed(corpus, data, seed, shorter) for seed in range(20)]
    assert all(one != data for one in spoilt)
    if corpus.is_zip(data):
        assert any(corpus.is_zip(one) and corpus.members_of(one) for one in spoilt)
        assert fuzz_exports.changed(corpus, data[:50], 0, shorter) == data[:49]


def test_findings_of_one_place_are_kept_once(tmp_path: Path) -> None:
    for data in (b"first", b"second"):
        try:
            random.choice([])
        except IndexError as error:
            fuzz_exports.keep(tmp_path, data, error)
    assert [path.read_bytes() for path in tmp_path.glob("*.bin")] == [b"first"]
    assert "IndexError" in next(tmp_path.glob("*.txt")).read_text(encoding="utf-8")


def test_an_export_that_is_not_sound_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    """The properties can fail: a Cq where the state says that there is none."""
    export = corpus.read(b"well,target,cq\nA1,IGH,20.5\nA2,IGH,Undetermined\n")
    assert export is not None
    corpus.check(export)
    export.cq[1] = 40.0
    with pytest.raises(AssertionError, match="undetermined with Cq"):
        corpus.check(export)
    export.cq[1], export.well[1] = export.cq[0] * float("nan"), "A01"
    with pytest.raises(AssertionError, match="well 'A01'"):
        corpus.check(export)


def test_the_fuzzer_starts_from_something_for_every_family() -> None:
    for family in corpus.families():
        assert next(corpus.seeds(family), None), family
