"""The synthetic trial through the whole line, and the command that makes it."""

from __future__ import annotations

import csv
from pathlib import Path

import click
import pytest
from small_study import Outcome, mrdq, table, tree

from mrdq import pipeline
from mrdq.cli import main
from mrdq.definitions import load_protocol
from mrdq.resources import path
from mrdq.simulate import intended_statuses, read_cohort, write_trial
from mrdq.storage import Files
from mrdq.study import load_study

ROWS = list(
    csv.DictReader(path("trial/synthetic_cohort.csv").read_text(encoding="utf-8").splitlines())
)
CLASS = {"POS": "positive", "NEG": "negative", "NE": "not_evaluable"}


@pytest.fixture(scope="module")
def trial(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The results of the whole synthetic trial."""
    folder = tmp_path_factory.mktemp("trial") / "study"
    write_trial(folder, read_cohort())
    study = load_study(folder)
    warnings = pipeline.run(study, Files(study.results))
    assert warnings == []
    return study.results


def test_every_status_is_the_one_of_the_table(trial: Path) -> None:
    found = {(row["patient_id"], row["timepoint"]): row for row in table(trial / "status.tsv")}
    assert len(found) == 2 * len(ROWS)
    for row in ROWS:
        protocol = load_protocol({"9": "all-mrd2019", "3": "all-mrd2023"}[row["TRIAL"][-1]])
        for timepoint, answer in (("post-A1", row["MRD_A1"]), ("post-C1", row["MRD_C1"])):
            status = found[row["USUBJID"], timepoint]
            level = float(status["mrd_level"] or "nan")
            mrd_class = protocol.by_id[timepoint].mrd_class(status["status"], level)
            assert mrd_class == CLASS[answer], (row["USUBJID"], timepoint)
            assert status["protocol"] == protocol.id


def test_every_status_is_the_one_designed(trial: Path) -> None:
    found = {(r["patient_id"], r["timepoint"]): r["status"] for r in table(trial / "status.tsv")}
    assert found == intended_statuses(read_cohort())


def test_every_negative_is_sensitive_enough_for_a_complete_response(trial: Path) -> None:
    negative = [r for r in table(trial / "status.tsv") if r["status"] == "negative"]
    assert len(negative) == 295  # 128 after A-1, 167 after C-1
    assert {row["response"] for row in negative} == {"complete"}


@pytest.mark.parametrize("endpoint", ["OS", "LFS"])
def test_times_and_events_of_the_hand_off_are_those_of_the_table(
    trial: Path, endpoint: str
) -> None:
    found = {
        row["patient_id"]: (row["time_days"], row["event"], row["trial"], row["age_group"])
        for row in table(trial / "survival.tsv")
        if row["endpoint"] == endpoint
    }
    assert found == {
        row["USUBJID"]: (
            *(row[f"{endpoint}_DAYS"], row[f"{endpoint}_EVENT"]),
            *(row["TRIAL"], row["AGEGR1"]),
        )
        for row in ROWS
    }


def test_every_page_says_synthetic(trial: Path) -> None:
    assert "SYNTHETIC" in (trial / "report/index.html").read_text(encoding="utf-8")


# --- the command ------------------------------------------------------------------------------------


@pytest.fixture
def few(tmp_path: Path) -> Path:
    """A table of the first three patients."""
    file = tmp_path / "few.csv"
    lines = path("trial/synthetic_cohort.csv").read_text(encoding="utf-8").splitlines()
    file.write_text("\n".join(lines[:4]) + "\n", encoding="utf-8")
    return file


def test_a_trial_of_ones_own_table(tmp_path: Path, few: Path) -> None:
    made = mrdq("simulate", "trial", tmp_path / "study", "--cohort", few, "--seed", 5)
    assert made.code == 0
    assert made.out == f"{tmp_path / 'study'}\n"
    assert "SYNTHETIC data, 3 patients" in made.err
    assert len(table(tmp_path / "study/config/patients.tsv")) == 3
    checked = mrdq("check", tmp_path / "study")
    assert (checked.code, checked.warnings) == (0, [])


def test_the_whole_trial_by_the_command(tmp_path: Path) -> None:
    made = mrdq("simulate", "trial", tmp_path / "study")
    assert made.code == 0
    assert len(table(tmp_path / "study/config/patients.tsv")) == 258


def test_run_goes_on_to_the_study_and_its_cohort(
    tmp_path: Path, few: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The two verbs have tests of their own: here stand others that note who called them."""
    called: list[tuple[str, Path, str]] = []

    def noting(name: str) -> click.Command:
        def note(study: Path, results: str) -> None:
            assert (study / "config/config.yaml").is_file()
            called.append((name, study, results))

        options = [click.Argument(["study"]), click.Option(["--results"], default="")]
        return click.Command(name, callback=note, params=options)

    for verb in ("run", "cohort"):
        monkeypatch.setitem(main.commands, verb, noting(verb))
    folder = tmp_path / "study"
    assert mrdq("simulate", "trial", folder, "--cohort", few, "--run").code == 0
    assert called == [("run", folder, ""), ("cohort", folder, "")]


def test_a_table_that_is_wrong_leaves_nothing_behind(tmp_path: Path, few: Path) -> None:
    few.write_text(few.read_text().replace("POS", "MAYBE"))
    outcome = mrdq("simulate", "trial", tmp_path / "study", "--cohort", few)
    assert outcome.code == 2
    assert len(outcome.problems) == few.read_text().count("MAYBE")
    assert not (tmp_path / "study").exists()


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path, few: Path) -> None:
    outcome = mrdq("simulate", "trial", tmp_path, "--cohort", few)
    assert outcome.code == 2
    assert list(tree(tmp_path)) == ["few.csv"]


@pytest.mark.parametrize("name", ["study", "./trial", "new"])
def test_any_folder_but_one_called_trial_is_the_example(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    assert mrdq("simulate", name).code == 0
    assert (tmp_path / name / "config/config.yaml").is_file()


def test_options_may_stand_before_and_behind_the_folder(tmp_path: Path) -> None:
    assert mrdq("simulate", "--runs", 1, tmp_path / "a").code == 0
    assert mrdq("simulate", tmp_path / "b", "--runs", 1).code == 0
    assert tree(tmp_path / "a") == tree(tmp_path / "b")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ([], "Missing argument 'FOLDER'"),
        (["trial"], "Missing argument 'FOLDER'"),
        (["new", "trial"], "Got unexpected extra argument (trial)"),
        (["trial", "new", "--seed", "-1"], "Invalid value for '--seed'"),
    ],
)
def test_words_that_are_not_understood(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: list[str], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    outcome: Outcome = mrdq("simulate", *line)
    assert outcome.code == 2
    assert message in outcome.err
    assert tree(tmp_path) == {}


def test_help_shows_both_ways() -> None:
    shown = " ".join(mrdq("simulate", "--help").out.split())
    assert " simulate [OPTIONS] FOLDER Make" in shown
    assert "mrdq simulate trial FOLDER" in shown
    assert "--runs N" in shown
    below = mrdq("simulate", "trial", "--help").out
    assert " simulate trial [OPTIONS] FOLDER" in below
    assert "--cohort FILE" in below
