"""``mrdq validate``: one whole run, its seal, and what it says when a check fails."""

from __future__ import annotations

import csv
import re
import socket
from collections.abc import Iterable
from html import unescape
from pathlib import Path

import pytest
from small_study import Outcome, mrdq, tree

from mrdq import curve
from mrdq.audit.canonical import parsed
from mrdq.audit.chain import read_chain
from mrdq.audit.files import state_of
from mrdq.definitions import load_guideline
from mrdq.errors import MrdqError, Problem
from mrdq.recording import definitions_of
from mrdq.study import load_study
from mrdq.validation import beside, dilution_series, pack, vendor_curves
from mrdq.validation.checks import CHECKS, Check, check


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Outcome]:
    """Every section, with fewer random studies and runs than the command takes; no network."""

    def no_network(*_: object) -> None:
        raise AssertionError("validation is offline")

    folder = tmp_path_factory.mktemp("validation") / "pack"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(beside, "STUDIES", 60)
        patch.setattr(dilution_series, "RUNS", 300)
        patch.setattr(socket.socket, "connect", no_network)
        return folder, mrdq("validate", "--to", folder, "--operator", "operator A")


def rows(folder: Path) -> list[dict[str, str]]:
    text = (folder / "checks.tsv").read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines(), delimiter="\t"))


def head_of(outcome: Outcome) -> str:
    last = outcome.err.strip().splitlines()[-1].removeprefix("audit trail: ")
    return last.partition(" (")[0]


def test_everything_passes_here(whole: tuple[Path, Outcome]) -> None:
    folder, outcome = whole
    assert outcome.code == 0, outcome.out
    found = rows(folder)
    assert [row for row in found if row["outcome"] == "failed"] == []
    sections = {re.match(r"(IQ|[OP]Q-[a-g])-", row["check_id"])[1] for row in found}
    assert sections == set(pack.TITLES)
    passed = sum(row["outcome"] == "passed" for row in found)
    assert outcome.out == f"{passed} checks passed, 0 failed\n{folder / 'report.html'}\n"
    for name, title in pack.TITLES.items():
        assert f"{name}: {title} ...\n" in outcome.err


def test_only_the_report_and_its_trail_are_left(whole: tuple[Path, Outcome]) -> None:
    folder, _ = whole
    assert sorted(path.name for path in folder.iterdir()) == [
        "audit", "checks.tsv", "environment.json", "report.html",
    ]  # fmt: skip
    assert not list((folder / "audit" / "pending").iterdir())


def test_the_table_is_what_it_is_declared_to_be(whole: tuple[Path, Outcome]) -> None:
    found = rows(whole[0])
    assert list(found[0]) == CHECKS.names
    assert all(row["expected"] and row["found"] and row["what"] for row in found)
    simulated = [r for r in found if "SIMULATED" in r["what"] or "simulated" in r["what"]]
    assert {row["data"] for row in simulated} == {"SIMULATED"}


def test_who_when_where_and_with_what(whole: tuple[Path, Outcome]) -> None:
    told = parsed((whole[0] / "environment.json").read_bytes())
    assert told["operator"] == "operator A"
    assert told["started"] < told["ended"]
    assert told["software"]["packages"]["numpy"]
    assert told["outcomes"]["failed"] == 0


def test_rule_sets_and_protocols_are_named_as_results_name_them(
    whole: tuple[Path, Outcome], example_master: Path
) -> None:
    """The content of each as in the record of a study that uses it, beside its file."""
    folder, _ = whole
    told = parsed((folder / "environment.json").read_bytes())
    page = " ".join((folder / "report.html").read_text(encoding="utf-8").split())
    assert "of its content, as results name it" in page
    used = definitions_of(load_study(example_master))
    assert {one["kind"] for one in used} == {"guideline", "protocol"}
    for one in used:
        found = told[f"{one['kind']}s"][one["id"]]
        assert found == {"content": one["sha256"], "file": one["files"][0]["sha256"]}
        shown = f"<td><code>{found['content'][:16]}</code></td><td><code>{found['file'][:16]}</code></td>"
        assert shown in page
    assert told["guidelines"]["euromrd-2024"]["content"] == load_guideline("euromrd-2024").hash


def test_the_first_page_has_what_is_signed_and_paper_has_no_long_tables(
    whole: tuple[Path, Outcome],
) -> None:
    page = (whole[0] / "report.html").read_text(encoding="utf-8")
    first, _, rest = page.partition('<div class="next-page"></div>')
    chain = read_chain(whole[0])
    assert all(
        words in first for words in ("All ", chain.blocks[0].hash, "Signature", "operator A")
    )
    assert "id=" not in first.replace('id="review"', "")
    paper, _, screen = rest.partition('<div class="every">')
    assert "Sections" in paper
    assert "PQ-c: a simulated dilution series" in paper
    assert "are in environment.json" in paper
    assert 'class="checks"' not in paper
    assert 'class="checks"' in screen
    assert "@media print { .every { display: none; }" in page


@pytest.mark.parametrize(
    ("outcome", "git", "expected"),
    [
        ("passed", {}, []),
        ("failed", {"commit": "0" * 40, "dirty": False}, []),
        ("not_applicable", {}, ["The files of the installation were not checked"]),
        ("passed", {"commit": "0" * 40, "dirty": True}, ["not committed: no commit"]),
        ("", {}, ["The files of the installation were not checked"]),
    ],
)
def test_an_installation_that_nobody_can_check_is_told_first(
    whole: tuple[Path, Outcome], outcome: str, git: dict[str, object], expected: list[str]
) -> None:
    told = parsed((whole[0] / "environment.json").read_bytes())
    told["software"]["git"] = git
    checks = [Check("IQ-files", "files", "1", "2", outcome)] if outcome else []
    page = pack.page(checks, told, "block 1")
    boxes = re.findall(r'<p class="notice doubt" role="note">([^<]+)</p>', page)
    assert len(boxes) == len(expected)
    assert all(words in box for words, box in zip(expected, boxes, strict=True))
    assert page.find('class="notice doubt"') < page.index("<h2>Summary")
    if outcome in ("failed", "not_applicable"):
        assert '<a href="#IQ-files">IQ-files</a>: files: expected 1; found 2' in page


def test_what_was_checked_is_sealed_and_the_report_carries_its_seal(
    whole: tuple[Path, Outcome],
) -> None:
    folder, outcome = whole
    chain = read_chain(folder)
    assert not chain.problems
    assert not chain.unsealed()
    first, second = chain.blocks
    assert head_of(outcome) == str(chain.head)
    assert {state.path for state in first.changed} >= {"checks.tsv", "environment.json"}
    assert "report.html" in {state.path for state in second.changed}
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert f"block 1, head {first.hash}" in page
    assert chain.head.hash not in page
    for path, sealed in chain.files.items():
        assert state_of(folder, path) == sealed.state
    (folder / "checks.tsv").open("a").close()  # touched, not changed
    assert state_of(folder, "checks.tsv") == chain.files["checks.tsv"].state


def test_the_report_shows_every_check_and_needs_nothing_else(whole: tuple[Path, Outcome]) -> None:
    folder, _ = whole
    page = (folder / "report.html").read_text(encoding="utf-8")
    plain = unescape(page)
    for row in rows(folder):
        assert f'id="{row["check_id"]}"' in page
        assert row["found"] in " ".join(plain.split())
    assert not re.search(r'(src|href)="(?!#)', page)
    assert "http" not in page
    for words in ("Not a medical device", "SIMULATED", "operator A", "reviewed by", "Signature",
                  "does not replace the laboratory's own validation"):  # fmt: skip
        assert words in plain


# ------------------------------------------------------------------------------ what fails


def few(monkeypatch: pytest.MonkeyPatch, **sections: object) -> None:
    """Only these sections."""
    chosen = {name.replace("_", "-"): run for name, run in sections.items()}
    monkeypatch.setattr(pack, "sections", lambda *_: chosen)


def test_a_failed_check_is_told_and_the_report_is_sealed_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = curve._least_squares
    monkeypatch.setattr(
        curve, "_least_squares", lambda *a: (fit := real(*a)) | {"slope": fit["slope"] * 1.01}
    )
    few(monkeypatch, PQ_b=vendor_curves.checks)
    outcome = mrdq("validate", "--to", tmp_path / "pack")
    assert outcome.code == 3
    line = next(line for line in outcome.out.splitlines() if "PQ-b-QuantStudio_1-slope" in line)
    assert line.startswith("FAILED PQ-b-QuantStudio_1-slope: QuantStudio 1 (Design & Analysis")
    assert "expected -3.3419 as printed, to 5e-05; found -3.375" in line
    assert outcome.out.splitlines()[-2].endswith(f" {outcome.out.count('FAILED')} failed")
    page = unescape((tmp_path / "pack/report.html").read_text(encoding="utf-8"))
    assert "checks FAILED. Do not use this installation" in page
    assert "All " not in page.partition("</h2>")[2][:200]
    assert head_of(outcome) == str(read_chain(tmp_path / "pack").head)


def test_a_section_that_breaks_off_fails_the_validation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> Iterable[Check]:
        yield check("IQ-version", "version", "1", "1")
        raise MrdqError(Problem("rule set", "a number", "a\tword\n"))

    few(monkeypatch, IQ=broken)
    outcome = mrdq("validate", "--to", tmp_path / "pack")
    assert outcome.code == 3
    assert 'FAILED IQ-end: what is installed, and the machine: expected the section runs to its end; found it broke off: MrdqError: rule set: found "a word ", expected a number' in outcome.out  # fmt: skip
    assert [row["outcome"] for row in rows(tmp_path / "pack")] == ["passed", "failed"]


def test_a_folder_that_holds_something_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "more").mkdir()
    before = tree(tmp_path)
    outcome = mrdq("validate", "--to", tmp_path)
    assert outcome.code == 2
    assert (
        'found "a folder with 1 file and 1 folder", expected a new or empty folder' in outcome.err
    )
    assert tree(tmp_path) == before


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    outcome = mrdq("validate", "--to", tmp_path / "file" / "pack")
    assert outcome.code == 2
    assert outcome.problems
    assert (tmp_path / "file").read_text() == "mine"


def test_the_folder_is_named_after_the_day(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    few(monkeypatch, IQ=lambda: [check("IQ-version", "version", "1", "1")])
    monkeypatch.chdir(tmp_path)
    outcome = mrdq("validate")
    assert outcome.code == 0
    (made,) = tmp_path.iterdir()
    assert re.fullmatch(r"mrdq-validation-\d{4}-\d\d-\d\d", made.name)
    assert outcome.out == f"1 check passed, 0 failed\n{made.name}/report.html\n"
    assert mrdq("validate").code == 2
