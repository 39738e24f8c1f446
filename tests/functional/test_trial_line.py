"""The synthetic trial through the whole line, and the command that makes it."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from small_study import Outcome, mrdq, table, tree

from mrdq import stages
from mrdq.audit.site import here
from mrdq.cohort.tables import TABLES
from mrdq.definitions import load_protocol
from mrdq.recording import open_recorded
from mrdq.resources import path
from mrdq.simulate import intended_statuses, read_cohort, write_trial

ROWS = list(
    csv.DictReader(path("trial/synthetic_cohort.csv").read_text(encoding="utf-8").splitlines())
)
CLASS = {"POS": "positive", "NEG": "negative", "NE": "not_evaluable"}


@pytest.fixture(scope="module")
def trial(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The results of the whole synthetic trial."""
    folder = tmp_path_factory.mktemp("trial") / "study"
    write_trial(folder, read_cohort())
    recorder = open_recorded(folder, here())
    said: list[str] = []
    warnings, pages = stages.run(recorder, say=said.append)
    assert warnings == []
    assert [page.name for page in pages] == ["index.html", "cohort.html", "published.html"]
    assert said[-1] == "published figures beside ours: 74 agree, 0 differ, 2 not compared"
    return recorder.files.folder


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


@pytest.mark.parametrize("page", ["index", "cohort", "published"])
def test_every_page_says_synthetic(trial: Path, page: str) -> None:
    assert "SYNTHETIC" in (trial / f"report/{page}.html").read_text(encoding="utf-8")


# --- the published table made again -----------------------------------------------------------------


def test_every_consistent_estimate_and_limit_lies_within_0_15_points(trial: Path) -> None:
    cells = [
        row for row in table(trial / "cohort/against.tsv")
        if row["what"] in ("estimate", "low", "high") and row["published"]
    ]  # fmt: skip
    assert len(cells) == 64
    assert max(abs(float(row["difference"])) for row in cells) <= 0.15
    assert {row["within"] for row in cells} == {"true"}


def test_the_six_log_rank_p_print_as_published(trial: Path) -> None:
    tests = {
        (row["endpoint"], row["group"], row["stratum"]): f"{float(row['p']):.2f}"
        for row in table(trial / "cohort/tests.tsv")
        if (row["analysis"], row["censoring"], row["comparison"]) == ("from_start", "none", "trial")
        and row["test"] == "logrank"
    }
    groups = (("all", "all"), ("mrd_post-C1", "negative"), ("mrd_post-C1", "positive"))
    found = [tests[endpoint, *group] for group in groups for endpoint in ("OS", "LFS")]
    assert found == ["0.07", "0.69", "0.13", "0.57", "0.22", "0.93"]


def test_each_rate_is_the_published_count_of_all_enrolled(trial: Path) -> None:
    rates = {
        (row["timepoint"], row["trial"][-4:], row["result"]): f"{row['n']}/{row['total']}"
        for row in table(trial / "cohort/mrd_rates.tsv")
        if row["denominator"] == "enrolled"
    }
    assert rates["post-A1", "2023", "negative"] == "73/137"
    assert rates["post-A1", "2019", "negative"] == "55/121"
    assert rates["post-C1", "2019", "positive"] == "32/121"
    # Not evaluable is counted apart.
    assert rates["post-C1", "2019", "not_evaluable"] == "4/121"
    tests = {
        row["test"]: float(row["p"])
        for row in table(trial / "cohort/mrd_tests.tsv")
        if (row["timepoint"], row["result"], row["denominator"])
        == ("post-A1", "negative", "enrolled")
    }
    assert [round(tests[name], 4) for name in ("pearson", "yates", "fisher")] == [0.2094, 0.2582, 0.2152]  # fmt: skip


def test_what_cannot_be_compared_is_said_and_shown(trial: Path) -> None:
    rows = [row for row in table(trial / "cohort/against.tsv") if row["within"] == ""]
    assert [(row["what"], row["as_printed"]) for row in rows] == [("low", "65.4"), ("high", "94.2")]
    assert all("its own is lost" in row["note"] for row in rows)
    page = (trial / "report/published.html").read_text(encoding="utf-8")
    assert "its own is lost" in page


def test_what_nobody_was_followed_to_is_not_estimable_here_and_marked_there(trial: Path) -> None:
    """The publication carries estimates on; ours are NE, and the page says where the curve ended."""
    estimates = {
        (row["endpoint"], row["trial"][-4:], row["stratum"]): row
        for row in table(trial / "cohort/estimates.tsv")
        if (row["analysis"], row["group"], row["months"]) == ("from_start", "age_group", "24")
    }
    row = estimates["LFS", "2023", "36-55"]
    assert (row["estimate"], row["low"], row["high"], row["at_risk"]) == ("NE", "NE", "NE", "0")
    assert row["note"] == "beyond the last follow-up (day 703)"
    told = [
        row for row in table(trial / "cohort/against.tsv")
        if (row["endpoint"], row["stratum"], row["what"], row["published"]) == ("LFS", "36-55", "estimate", "90.9")
    ]  # fmt: skip
    assert "nobody followed to that day: the curve's end, day 703" in told[0]["note"]


@pytest.mark.parametrize("name", sorted(t.name for t in TABLES))
def test_every_table_of_the_cohort_passes_the_check_of_published_figures(
    trial: Path, name: str
) -> None:
    outcome = mrdq("published-check", trial / "cohort" / name)
    assert outcome.code == 0, outcome.out + outcome.err
    assert outcome.out.endswith("no finding\n")


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


def test_run_goes_on_to_the_study_and_its_cohort(tmp_path: Path, few: Path) -> None:
    folder = tmp_path / "study"
    made = mrdq("simulate", "trial", folder, "--cohort", few, "--run")
    assert made.code == 0
    report = folder / "results" / "report"
    assert made.out.splitlines() == [str(folder), f"{report}/index.html", f"{report}/cohort.html"]
    assert all(Path(page).is_file() for page in made.out.splitlines()[1:])


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
