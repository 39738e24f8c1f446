"""``mrdq diff`` from the outside: exit codes, what it prints and writes, and what it refuses."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest
from small_study import (
    LAYOUT,
    RUN,
    SAMPLE,
    TARGET,
    Outcome,
    change,
    copy,
    mrdq,
    read_rows,
    replace_text,
    set_cell,
    table,
    tree,
    write_rows,
)
from tiny import write_tiny

from mrdq import comparison_stage
from mrdq.comparison.tables import DIFFERENCES
from mrdq.reports import diff_page, diff_text

DOCS = Path(__file__).parents[2] / "docs"
PROVISIONAL = "Rule set euromrd-2024 0.1.0 is PROVISIONAL"
SIMULATED = "SIMULATED data, made by mrdq simulate: not from patients, not for use"
OF_2024 = ("--guideline", "euromrd-2024")


@pytest.fixture(scope="module")
def example_run(example_master: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example study with its results."""
    study = copy(example_master, tmp_path_factory.mktemp("diff") / "study")
    assert mrdq("run", study).code == 0
    return study


@pytest.fixture(scope="module")
def shown(example_run: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Outcome, Path]:
    """The example study under ``euromrd-2024``: what is printed, and the folder that is written."""
    folder = tmp_path_factory.mktemp("diff") / "out"
    return mrdq("diff", example_run, *OF_2024, "--to", folder), folder


@pytest.fixture(scope="module")
def tiny_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    study = tmp_path_factory.mktemp("diff") / "tiny"
    write_tiny(study)
    assert mrdq("run", study).code == 0
    return study


@pytest.fixture
def done(tiny_run: Path, tmp_path: Path) -> Path:
    """Two runs with their results, to spoil."""
    return copy(tiny_run, tmp_path / "study")


def refused(*words: object) -> str:
    """The one problem, in words; nothing was printed."""
    outcome = mrdq("diff", *words)
    assert outcome.code == 2, outcome
    assert outcome.out == ""
    (problem,) = outcome.problems
    return problem


# --- one study under another rule set


def test_nothing_of_the_study_is_changed(example_run: Path, tmp_path: Path) -> None:
    before = tree(example_run)
    outcome = mrdq("diff", example_run, *OF_2024, "--to", tmp_path / "out")
    assert outcome.code == 3
    assert tree(example_run) == before
    assert sorted(tree(tmp_path / "out")) == ["diff.html", "diff.tsv", "diff.txt"]
    assert (tmp_path / "out" / "diff.txt").read_text(encoding="utf-8") == outcome.out


def test_it_says_what_the_results_under_that_rule_set_say(
    example_run: Path, tmp_path: Path
) -> None:
    """Against the same study run under the rule set with ``mrdq run``, as folders."""
    other = copy(example_run, tmp_path / "other")
    assert mrdq("run", other, *OF_2024).code == 0
    mrdq("diff", example_run, *OF_2024, "--to", tmp_path / "one")
    mrdq("diff", example_run, other, "--to", tmp_path / "two")
    one, two = ((tmp_path / name / "diff.tsv").read_bytes() for name in ("one", "two"))
    assert one == two
    assert mrdq("diff", other, other).code == 0


def test_provisional_and_simulated_stand_on_everything(shown: tuple[Outcome, Path]) -> None:
    outcome, folder = shown
    page = (folder / "diff.html").read_text(encoding="utf-8")
    for text in (outcome.out, page, (folder / "diff.txt").read_text(encoding="utf-8")):
        assert f"B: {PROVISIONAL}" in text
        assert SIMULATED in text
        assert "never translated" in text


def test_the_worked_example_of_the_docs_is_what_it_prints(shown: tuple[Outcome, Path]) -> None:
    page = (DOCS / "diff.md").read_text(encoding="utf-8")
    block = re.search(
        r"```text\n\$ mrdq diff \. --guideline euromrd-2024\n(.*?)```", page, re.DOTALL
    )
    assert block
    printed = shown[0].out.splitlines()
    assert [line for line in block[1].splitlines() if line not in printed] == []


def test_its_own_rule_set_changes_nothing(done: Path) -> None:
    outcome = mrdq("diff", done, "--guideline", "euromrd-2007-therapy-reduction")
    assert outcome.code == 0
    assert "The same: every call, level, limit, status, response and next step." in outcome.out


def test_a_bound_of_a_rule_set_of_the_study_is_named_on_both_sides(done: Path) -> None:
    folder = done / "config" / "guidelines"
    folder.mkdir()
    (folder / "stricter.yaml").write_text(
        'id: stricter\nversion: "1"\ntitle: Stricter\nstatus: final\nextends: euromrd-2007-therapy-reduction\n'
        "parameters:\n  sample_delta_cq_maximum: {value: 0.2, grade: laboratory, source: test}\n"
    )
    outcome = mrdq("diff", done, "--guideline", "stricter")
    assert outcome.code == 3
    assert "sample_delta: sample_delta_cq_maximum 1.5 → 0.2" in outcome.out
    assert "sample_delta 0.27 (at most 1.5 → 0.2), pass → fail" in outcome.out


def test_more_than_twenty_rows_are_counted_and_not_written_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = tmp_path / "study"
    write_tiny(study, runs=12)
    assert mrdq("run", study).code == 0
    folder = study / "config" / "guidelines"
    folder.mkdir()
    (folder / "more-wells.yaml").write_text(
        'id: more-wells\nversion: "1"\ntitle: More\nstatus: final\nextends: euromrd-2007-therapy-reduction\n'
        "parameters:\n  sample_wells_minimum: {value: 4, grade: laboratory, source: test}\n"
    )
    outcome = mrdq("diff", study, "--guideline", "more-wells")
    rows = int(
        re.findall(r"… and (\d+) more, see diff.tsv \(--to FOLDER writes it\)", outcome.out)[-1]
    )
    written = mrdq("diff", study, "--guideline", "more-wells", "--to", tmp_path / "out")
    assert rows + 20 == len(table(tmp_path / "out" / "diff.tsv"))
    assert "more, see diff.tsv\n" in written.out
    monkeypatch.setattr(diff_page, "SHOWN", 5)
    mrdq("diff", study, "--guideline", "more-wells", "--to", tmp_path / "again")
    assert f"{rows + 15} more are in diff.tsv." in page_of(tmp_path / "again").text


# --- two folders


def test_a_study_and_its_results_folder_are_the_same(done: Path) -> None:
    outcome = mrdq("diff", done, done / "results")
    assert outcome.code == 0
    assert outcome.out.count("NOTE") == 1  # that the numbers are not confirmed, of both


def test_results_away_from_their_study_are_not_said_to_be_real(done: Path, tmp_path: Path) -> None:
    away = tmp_path / "away"
    shutil.copytree(done / "results", away)
    outcome = mrdq("diff", away, done)
    assert outcome.code == 0
    assert (
        "A: No study lies around these results: whether they are simulated, mrdq cannot say"
        in outcome.out
    )


def test_a_rule_set_that_is_not_at_hand_is_named(done: Path, tmp_path: Path) -> None:
    folder = done / "config" / "guidelines"
    folder.mkdir()
    own = folder / "own.yaml"
    own.write_text(
        'id: own\nversion: "1"\ntitle: Own\nstatus: provisional\nextends: euromrd-2007-therapy-reduction\n'
    )
    away = tmp_path / "away"
    assert mrdq("run", done, "--guideline", "own", "--results", away).code == 0
    own.unlink()
    outcome = mrdq("diff", away, done)
    assert re.search(r"A: Rule set own [0-9a-f]{12} is not at hand", outcome.out)
    assert "nor whether it is provisional" in outcome.out


def test_a_changed_well_is_an_input(done: Path, tmp_path: Path) -> None:
    other = copy(done, tmp_path / "other")
    path = other / LAYOUT
    row = next(n for n, cells in enumerate(read_rows(path), 1) if "sample" in cells)
    set_cell(path, row, "exclude", "bubble")
    assert mrdq("run", other).code == 0
    outcome = mrdq("diff", done, other)
    assert outcome.code == 3
    assert "sample_wells (no number of the rule sets explains it" in outcome.out
    assert "sample_wells 3 → 2 (at least 3), pass → fail" in outcome.out


def test_the_table_is_the_declared_one(shown: tuple[Outcome, Path]) -> None:
    rows = table(shown[1] / "diff.tsv")
    assert list(rows[0]) == DIFFERENCES.names
    assert {(r["a"], r["b"]) for r in rows if r["what"] == "next_step"} == {
        ("one A, then blinatumomab x4; transplantation recommended if feasible, else two years of maintenance", "repeat"),
        ("blinatumomab x4, then maintenance", "repeat"),
    }  # fmt: skip


def test_an_amendment_is_named(done: Path, tmp_path: Path) -> None:
    other = copy(done, tmp_path / "other")
    header = ["what", "run_id", "target", "well", "sample_id", "call", "who", "when", "why"]
    row = [
        "call",
        RUN,
        TARGET,
        "",
        SAMPLE,
        "not_evaluable",
        "operator A",
        "2024-01-01",
        "swapped tubes",
    ]
    write_rows(other / "config" / "amendments.tsv", [header, row])
    assert mrdq("run", other).code == 0
    outcome = mrdq("diff", done, other)
    assert outcome.code == 3
    group = "1. Amended in B: a person's call (operator A 2024-01-01: swapped tubes)"
    assert group in outcome.out
    assert (
        f"call      {RUN} {TARGET} {SAMPLE} (P-SIM-000001 post-A1): positive_quantifiable → not_evaluable"
        in outcome.out
    )
    assert "\n2. " not in outcome.out.partition(group)[2]
    assert mrdq("diff", other, "--guideline", "euromrd-2007-therapy-reduction").code == 0


def amended(study: Path, to: Path, *rows: dict[str, str]) -> Path:
    """A copy of a study, run again with rows of an amendments sheet."""
    header = ["what", "run_id", "target", "well", "sample_id", "call", "who", "when", "why"]
    given = {"what": "omit", "run_id": RUN, "who": "operator B", "when": "2024-03-04"}
    cells = [[(given | row).get(name, "") for name in header] for row in rows]
    other = copy(study, to)
    write_rows(other / "config" / "amendments.tsv", [header, *cells])
    assert mrdq("run", other).code == 0
    return other


@pytest.mark.parametrize("turned", [False, True])
def test_a_retracted_run_is_called_by_the_amendment(
    done: Path, tmp_path: Path, *, turned: bool
) -> None:
    """Not by the criteria that fail for want of wells; the same from B to A."""
    other = amended(done, tmp_path / "other", {"why": "reagents out of date"})
    sides = (other, done) if turned else (done, other)
    outcome = mrdq("diff", *sides, "--to", tmp_path / "out")
    where = "A" if turned else "B"
    told = f"in {where}: run {RUN} retracted (operator B 2024-03-04: reagents out of date)"
    titles = re.findall(r"^\d+\. .*", outcome.out, re.MULTILINE)
    assert titles == [f"1. Amended {told}"]
    moved = "retracted → positive_quantifiable" if turned else "positive_quantifiable → retracted"
    assert f"{RUN} {TARGET} {SAMPLE} (P-SIM-000001 post-A1): {moved}\n" in outcome.out
    found = table(tmp_path / "out" / "diff.tsv")
    assert {(row["cause"], row["amendment"], row["criterion"]) for row in found} == {("amended", told, "")}  # fmt: skip
    assert {row["what"] for row in found} == {"next_step", "status", "response", "call"}
    assert f"amended {told}" in unescape(
        (tmp_path / "out" / "diff.html").read_text(encoding="utf-8")
    )


def test_wells_left_out_are_one_group_with_the_evidence_in_its_rows(
    done: Path, tmp_path: Path
) -> None:
    """Two samples that fail at different criteria, by one amendment; another one is another group."""
    rows = [{"target": TARGET, "well": well, "why": why} for well, why in
            (("A7", "bubble"), ("A8", "bubble"), ("B4", "splash"))]  # fmt: skip
    other = amended(done, tmp_path / "other", *rows)
    outcome = mrdq("diff", done, other)
    bubble = "operator B 2024-03-04: bubble"
    told = f"Amended in B: wells left out ({bubble} | {bubble} | operator B 2024-03-04: splash)"
    assert f"1. {told}\n" in outcome.out
    assert "[sample_wells 3 → 2 (at least 3), pass → fail]" in outcome.out


def test_a_call_amended_to_one_that_the_other_rule_set_does_not_issue(
    done: Path, tmp_path: Path
) -> None:
    """It is never translated: the refusal says how to compare without it."""
    row = {"what": "call", "target": TARGET, "sample_id": SAMPLE, "call": "positive_not_quantifiable", "why": "note 1"}  # fmt: skip
    other = amended(done, tmp_path / "other", row)
    said = refused(other, *OF_2024)
    assert "config/amendments.tsv, row 2, column call" in said
    assert "To compare without it, take the row out in a copy of the study, run the copy (mrdq run), and compare there." in said  # fmt: skip
    change(other / "config" / "amendments.tsv", lambda rows: rows[:1])
    assert mrdq("run", other).code == 0
    assert mrdq("diff", other, *OF_2024).code in (0, 3)


def test_next_steps_are_counted_by_patients_and_timepoints(done: Path, tmp_path: Path) -> None:
    rows = [{"what": "call", "run_id": run, "target": f"{run}-IG", "sample_id": f"{run}-C1", "call": "not_evaluable", "why": "swapped"}
            for run in (RUN, "SIM-000002")]  # fmt: skip
    compared = comparison_stage.folders(done, amended(done, tmp_path / "other", *rows))
    assert "The next step changes for 2 patients:" in diff_text.text(compared, rest="")
    table = compared.found.differences
    later = table[table["what"] == "next_step"][:1].assign(timepoint="week 22")
    found = replace(compared.found, differences=pd.concat([later, table], ignore_index=True))
    said = diff_text.text(replace(compared, found=found), rest="")
    assert "The next step changes for 2 patients at 3 timepoints:" in said


# --- the page


class _Page(HTMLParser):
    """Tags, links and text of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.links: list[str] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.links += [value or "" for name, value in attrs if name in ("src", "href")]

    def handle_data(self, data: str) -> None:
        self.text.append(" ".join(data.split()))


def page_of(folder: Path) -> _Page:
    page = _Page()
    page.feed((folder / "diff.html").read_text(encoding="utf-8"))
    return page


def test_the_page_is_whole_and_shows_next_steps_before_all_else(
    shown: tuple[Outcome, Path],
) -> None:
    page = page_of(shown[1])
    assert page.links == []
    assert not page.tags & {"script", "img", "link", "iframe"}
    headings = ["Patients whose next step changes", "From what to what", "What explains it"]
    places = [page.text.index(heading) for heading in headings]
    assert places == sorted(places)
    first = page.text[places[0] : places[1]]
    assert {"SIM-005", "SIM-006"} <= set(first)
    for row in table(shown[1] / "diff.tsv"):
        assert row["a"].replace("_", " ") in page.text


def test_what_a_table_says_is_never_markup(done: Path, tmp_path: Path) -> None:
    """Words of the laboratory, and of a rule set, are shown as they are."""
    evil = "<script>alert(1)</script>"
    other = copy(done, tmp_path / "other")
    for name in ("calls.tsv", "status.tsv", "evidence.tsv"):
        path = other / "results" / name
        path.write_text(
            path.read_text(encoding="utf-8").replace("SIM-000001-A1", evil), encoding="utf-8"
        )
    replace_text(other / "results" / "status.tsv", "\tcontinue\t", f"\t{evil}\t")
    outcome = mrdq("diff", done, other, "--to", tmp_path / "out")
    assert outcome.code == 3
    page = page_of(tmp_path / "out")
    assert "script" not in page.tags
    assert any(evil in text for text in page.text)


def test_a_page_without_differences_says_so(done: Path, tmp_path: Path) -> None:
    assert mrdq("diff", done, done, "--to", tmp_path / "out").code == 0
    page = page_of(tmp_path / "out")
    assert "Nothing differs." in page.text
    assert read_rows(tmp_path / "out" / "diff.tsv") == [DIFFERENCES.names]


# --- refusals


def test_one_or_the_other_is_asked_for(done: Path) -> None:
    expected = "expected two folders, or one study and --guideline ID"
    assert expected in refused(done)
    assert expected in refused(done, done, *OF_2024)


def test_a_folder_without_results_is_refused(done: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert "expected a study folder, or a folder of results" in refused(tmp_path / "empty", done)
    assert 'found "' in refused(tmp_path / "none", done)
    shutil.rmtree(done / "results")
    assert "expected the table calls.tsv. Run the step that makes it first" in refused(
        done, *OF_2024
    )


def test_a_rule_set_that_does_not_exist_is_refused(done: Path) -> None:
    assert 'found "euromrd-2025", expected one of' in refused(done, "--guideline", "euromrd-2025")


def test_results_under_another_rule_set_than_the_study_s_are_refused(done: Path) -> None:
    assert mrdq("run", done, *OF_2024).code == 0
    problem = refused(done, "--guideline", "euromrd-2007-therapy-intensification")
    assert "calls made under euromrd-2007-therapy-reduction" in problem


def test_a_sheet_that_was_changed_after_the_run_is_refused(done: Path) -> None:
    set_cell(done / "config" / "assays.tsv", 2, "blast_fraction", "0.5")
    problem = refused(done, *OF_2024)
    assert "the results that sheets, rule sets and this version of mrdq give now" in problem
    assert "such rows)" in problem
    assert "run the study again (mrdq run STUDY), then compare" in problem


def test_a_last_digit_of_another_processor_is_no_change(done: Path) -> None:
    path = done / "results" / "calls.tsv"
    level = next(row["mrd_level"] for row in table(path) if row["mrd_level"])
    digit = "1" if level[-1] != "1" else "2"
    replace_text(path, f"\t{level}\t", f"\t{level[:-1]}{digit}\t")
    assert mrdq("diff", done, *OF_2024).code == 0
    replace_text(path, f"\t{level[:-1]}{digit}\t", f"\t{level[:5]}9{level[6:]}\t")
    assert "the results that sheets, rule sets" in refused(done, *OF_2024)


def test_a_protocol_that_was_changed_after_the_run_is_refused(done: Path) -> None:
    set_cell(done / "config" / "patients.tsv", 2, "protocol", "all-mrd2023")
    assert "next_step of " in refused(done, *OF_2024)


def test_a_layout_that_was_changed_after_the_run_is_refused(done: Path) -> None:
    path = done / LAYOUT
    path.write_text(path.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    assert "expected the layout that run SIM-000001 was read with" in refused(done, *OF_2024)


def test_runs_that_are_not_those_of_the_sheet_are_refused(done: Path) -> None:
    change(done / "config" / "runs.tsv", lambda rows: rows[:-1])
    problem = refused(done, *OF_2024)
    assert 'found "SIM-000002", expected the runs of config/runs.tsv' in problem


def test_tables_of_two_runs_are_refused(done: Path) -> None:
    calls = done / "results" / "calls.tsv"
    replace_text(calls, "\tSIM-000001-A1\t", "\tSIM-000009-A1\t")
    problem = refused(done, done)
    assert "status.tsv, column deciding_target" in problem
    assert "a call in calls.tsv that gives the status" in problem


@pytest.mark.parametrize("name", ["calls.tsv", "status.tsv"])
def test_a_row_that_stands_twice_is_refused(done: Path, name: str) -> None:
    change(done / "results" / name, lambda rows: [*rows, rows[-1]])
    assert "expected one row per " in refused(done, done)


def test_a_damaged_table_is_refused(done: Path) -> None:
    path = done / "results" / "evidence.tsv"
    path.write_text("no table\n", encoding="utf-8")
    assert "expected the columns run_id, target, sample_id, criterion" in refused(done, done)


@pytest.mark.parametrize("place", ["results", "results/sub", "config", "audit", "data"])
def test_the_comparison_may_not_lie_among_what_is_compared(done: Path, place: str) -> None:
    before = tree(done)
    assert "expected a folder of its own for the comparison" in refused(
        done, *OF_2024, "--to", done / place
    )
    assert "expected a folder of its own for the comparison" in refused(
        done, done, "--to", done / place
    )
    assert tree(done) == before


def test_a_file_in_the_place_of_the_folder_is_refused(done: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    assert "--to: " in refused(done, *OF_2024, "--to", tmp_path / "file")
    assert (tmp_path / "file").read_text() == "mine"


def test_a_folder_that_holds_anything_is_refused(done: Path, tmp_path: Path) -> None:
    to = tmp_path / "out"
    to.mkdir()
    assert mrdq("diff", done, done, "--to", to).code == 0
    before = tree(to)
    assert 'found "a folder with 3 files", expected a new or empty folder' in refused(
        done, done, "--to", to
    )
    assert tree(to) == before
