"""What a run tells of the time before it, and what it refuses to put under seal."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from small_study import EXPORT, RUN, SAMPLE, TARGET, accepted, mrdq, replace_text, set_key, tree

from mrdq import stages
from mrdq.audit.chain import read_chain
from mrdq.audit.site import here
from mrdq.audit.verify import verify
from mrdq.recording import open_recorded


@pytest.fixture
def done(study: Path) -> Path:
    accepted(study)
    return study


def notes(err: str) -> list[str]:
    return [line.removeprefix("note: ") for line in err.splitlines() if line.startswith("note: ")]


def messages(study: Path) -> list[str]:
    """What the records of jobs that were done tell, in their order."""
    records = sorted((study / "audit/records").iterdir())
    return [told for path in records if (told := json.loads(path.read_bytes())["message"])]


def test_a_run_that_is_repeated_tells_nothing(done: Path) -> None:
    assert not [told for told in notes(accepted(done).err) if "block" in told or "recorded" in told]
    assert messages(done) == []


def test_an_export_that_is_another_is_told_and_recorded(done: Path) -> None:
    then = read_chain(done).files[EXPORT].state.sha256
    with (done / EXPORT).open("a") as file:
        file.write("\n")
    told = accepted(done).err
    now = read_chain(done).files[EXPORT].state.sha256
    line = f"{EXPORT} is not the file that block 1 has: SHA-256 {then[:12]} → {now[:12]}"
    assert line in notes(told)
    assert line in messages(done)


def test_results_changed_or_removed_by_no_job_are_told_before_they_are_made_again(
    done: Path,
) -> None:
    replace_text(done / "results/calls.tsv", "positive_quantifiable", "negative")
    (done / "results/curves.tsv").unlink()
    told = notes(accepted(done).err)
    assert "changed by no recorded job: results/calls.tsv (of block 1)" in told
    assert "removed by no recorded job: results/curves.tsv" in told
    assert verify(done).differences == ()
    assert "results/calls.tsv" in messages(done)[0]


def test_a_trail_that_is_gone_is_told(done: Path) -> None:
    shutil.rmtree(done / "audit")
    told = [line for line in notes(accepted(done).err) if "no audit trail" in line]
    assert told == [
        "there were results in results and no audit trail: one begins now, and cannot speak of the time before"
    ]


@pytest.mark.parametrize("verb", ["report", "cohort"])
def test_a_page_is_not_made_beside_tables_of_other_sheets(done: Path, verb: str) -> None:
    set_key(done, "cohort", "{}")
    accepted(done)
    replace_text(done / "config/assays.tsv", "600 ng", "300 ng")
    before = tree(done)
    outcome = mrdq(verb, done)
    assert outcome.code == 2
    (problem,) = outcome.problems
    assert problem == (
        'error: config/assays.tsv: found "other bytes", expected the file as the results were made with it. '
        "It was edited after the results were made: run the study again."
    )
    assert tree(done) == before
    accepted(done)
    assert mrdq(verb, done).code == 0


def test_other_wishes_of_the_cohort_need_no_other_run(done: Path) -> None:
    set_key(done, "cohort", "{months: [6]}")
    assert mrdq("cohort", done).code == 0
    set_key(done, "control_gene", "optional")
    outcome = mrdq("cohort", done)
    assert outcome.code == 2
    assert outcome.problems[0].startswith("error: config/config.yaml: ")


def test_a_new_amendments_sheet_is_not_sealed_by_a_page(done: Path) -> None:
    header = "what\trun_id\ttarget\twell\tsample_id\tcall\twho\twhen\twhy\n"
    row = f"call\t{RUN}\t{TARGET}\t\t{SAMPLE}\tnot_evaluable\toperator A\t2024-03-01\tswapped\n"
    (done / "config/amendments.tsv").write_text(header + row)
    outcome = mrdq("report", done)
    assert outcome.code == 2
    assert "config/amendments.tsv" in outcome.problems[0]


def test_amendments_are_told_when_they_are_new_and_when_they_are_taken_back(done: Path) -> None:
    header = "what\trun_id\ttarget\twell\tsample_id\tcall\twho\twhen\twhy\n"
    row = f"call\t{RUN}\t{TARGET}\t\t{SAMPLE}\tnot_evaluable\toperator A\t2024-03-01\tswapped\n"
    sheet = done / "config/amendments.tsv"
    sheet.write_text(header + row)
    assert "amendments that are new: config/amendments.tsv has 1 call" in notes(accepted(done).err)
    assert not [told for told in notes(accepted(done).err) if "amendments that are new" in told]
    sheet.write_text(header)
    assert "amendments that are new: config/amendments.tsv has none any more" in notes(
        accepted(done).err
    )
    found = [json.loads(path.read_bytes()) for path in (done / "audit/records").glob("*-amend-*")]
    found.sort(key=lambda record: record["started"])
    assert [len(record["parameters"]["rows"]) for record in found] == [1, 0]


def test_a_signature_that_becomes_void_is_told(done: Path, ssh_keygen: str) -> None:
    key = done.parent / "key"
    subprocess.run([ssh_keygen, "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    assert mrdq("audit", "sign", done, "--key", key, "--as", "analyst A").code == 0
    assert not [told for told in notes(accepted(done).err) if "void" in told]
    replace_text(done / "config/assays.tsv", "600 ng", "300 ng")
    told = accepted(done).err
    assert "the signature of analyst A (reviewed, block 2) is void now" in notes(told)
    page = (done / "results/report/index.html").read_text(encoding="utf-8")
    assert "VOID since block" in page


def test_hidden_folders_of_data_are_under_seal(study: Path) -> None:
    (study / "data").rename(study / ".data")
    replace_text(study / "config/runs.tsv", "data/", ".data/")
    accepted(study)
    with (study / f".{EXPORT}").open("a") as file:
        file.write("\n")
    assert [told[:5] for told in verify(study).differences] == [".data"]


@pytest.mark.parametrize("folder", ["audit", "audit/records", ".mrdq/x", ".snakemake"])
def test_results_may_not_lie_in_a_folder_of_mrdq(study: Path, folder: str) -> None:
    set_key(study, "results", folder)
    outcome = mrdq("run", study)
    assert outcome.code == 2
    assert (
        f"a folder of its own for the results, outside of {folder.partition('/')[0]}/"
        in outcome.err
    )
    assert not (study / "audit").exists()


@pytest.mark.parametrize(
    "name", ["config/amendements.tsv", "config/amendments.tsv.txt", "amendments.tsv"]
)
def test_a_sheet_that_looks_like_amendments_and_is_not_read_is_told(study: Path, name: str) -> None:
    (study / name).write_text("what\n")
    outcome = mrdq("check", study)
    assert outcome.code == 0
    assert any(name in told and "Nothing in it counts" in told for told in outcome.warnings)


def test_an_interrupted_run_says_so(study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(stages, "run", stopped)
    outcome = mrdq("run", study)
    assert outcome.code == 130
    assert "interrupted: what was begun is not finished; start it again" in outcome.err


def test_blocks_that_came_meanwhile_are_known(done: Path) -> None:
    """The chain is read once, and again when somebody has sealed another block."""
    recorder = open_recorded(done, here(""))
    before = recorder.chain
    assert recorder.chain is before
    accepted(done)
    assert recorder.chain.head == read_chain(done).head != before.head
