"""``mrdq cohort`` on the example study, and on hand-offs that are small, odd or spoilt."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from small_study import copy, mrdq, read_rows, set_cell, set_key, table, tree, write_rows

from mrdq import calling, cohort_stage, pipeline
from mrdq.cohort.tables import AGAINST, TABLES
from mrdq.storage import Files
from mrdq.study import load_study


@pytest.fixture(scope="module")
def handed_off(example_master: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example study up to the hand-off."""
    folder = copy(example_master, tmp_path_factory.mktemp("handed") / "study")
    set_key(folder, "cohort", "{}")
    study = load_study(folder)
    files = Files(study.results)
    pipeline.write_wells(study, files, pipeline.read(study))
    calling.call(study, files)
    calling.status(study, files)
    return folder


@pytest.fixture
def study(handed_off: Path, tmp_path: Path) -> Path:
    return copy(handed_off, tmp_path / "study")


def cohort(study: Path) -> Path:
    """The folder of the tables, made without the pages (whose pictures take seconds)."""
    loaded = load_study(study)
    files = Files(loaded.results)
    cohort_stage.write_tables(cohort_stage.analyse(loaded, files), files)
    return study / "results" / "cohort"


def with_pages(study: Path) -> Path:
    outcome = mrdq("cohort", study)
    assert outcome.code == 0, outcome.err
    assert outcome.out == f"{study}/results/report/cohort.html\n"
    return study / "results" / "cohort"


def refused(study: Path, *words: str, verb: str = "cohort") -> None:
    """The verb says what is wrong and writes nothing, but for the record and the log that it failed."""
    before = without_trail(study)
    outcome = mrdq(verb, study)
    assert outcome.code == 2
    assert all(word in outcome.err for word in words), outcome.err
    assert without_trail(study) == before


def without_trail(study: Path) -> dict[str, bytes]:
    return {
        path: data for path, data in tree(study).items() if not path.startswith(("audit/", "logs/"))
    }


def change_survival(study: Path, change: Callable[[dict[str, str]], None]) -> None:
    path = study / "results" / "survival.tsv"
    header, *body = read_rows(path)
    rows = [dict(zip(header, row, strict=True)) for row in body]
    for row in rows:
        change(row)
    write_rows(path, [header, *(list(row.values()) for row in rows)])


def test_every_table_is_written_with_its_columns(study: Path) -> None:
    folder = cohort(study)
    wanted = {one.name: one.names for one in TABLES if one is not AGAINST}
    assert {path.name: read_rows(path)[0] for path in folder.iterdir()} == wanted


def test_the_same_bytes_again_and_in_any_order_of_patients(study: Path) -> None:
    first = tree(with_pages(study))
    page = (study / "results/report/cohort.html").read_bytes()
    path = study / "results" / "survival.tsv"
    header, *body = read_rows(path)
    pairs = [body[k : k + 2] for k in range(0, len(body), 2)]
    write_rows(path, [header, *(row for pair in reversed(pairs) for row in pair)])
    assert tree(with_pages(study)) == first
    assert (study / "results/report/cohort.html").read_bytes() == page


def test_nothing_that_is_not_estimable_is_a_number(study: Path) -> None:
    folder = cohort(study)
    for row in table(folder / "estimates.tsv"):
        if float(row["day"]) > float(row["last_day"]) and float(row["last_estimate"]) > 0:
            assert (row["estimate"], row["low"], row["high"]) == ("NE", "NE", "NE")
        if row["estimate"] == "100":
            assert (row["low"], row["high"]) == ("NE", "NE")
            assert 0 < float(row["bound"]) < 100
    assert any(row["estimate"] == "NE" for row in table(folder / "estimates.tsv"))


def test_a_cohort_without_events_is_described_and_compared_with_nothing(study: Path) -> None:
    change_survival(study, lambda row: row.update(event="0", cause=""))
    folder = cohort(study)
    assert {row["p"] for row in table(folder / "tests.tsv")} == {"NE"}
    assert all(row["note"] for row in table(folder / "tests.tsv"))
    assert {row["hazard_ratio"] for row in table(folder / "cox.tsv")} == {"NE"}
    assert {row["estimate"] for row in table(folder / "estimates.tsv")} <= {"100", "NE"}


def test_a_cohort_of_one_event(study: Path) -> None:
    def one(row: dict[str, str]) -> None:
        first = row["patient_id"] == "SIM-001"
        row.update(event="1" if first else "0", cause="death" if first else "")

    change_survival(study, one)
    folder = cohort(study)
    events = {r["n_events"] for r in table(folder / "tests.tsv") if r["endpoint"] == "OS"}
    assert events == {"0", "1"}


def test_one_trial_is_compared_with_nothing(study: Path) -> None:
    change_survival(study, lambda row: row.update(trial="ALL/MRD2019"))
    folder = cohort(study)
    assert {row["trial"] for row in table(folder / "estimates.tsv")} == {"ALL/MRD2019"}
    assert {row["comparison"] for row in table(folder / "tests.tsv")} == {
        *("age_group", "mrd_post-A1", "mrd_post-C1"),
    }
    assert table(folder / "mrd_tests.tsv") == []


def test_without_any_outcome_the_rates_remain(study: Path) -> None:
    empty = dict.fromkeys(("time_days", "event", "cause", "relapse_day", "transplant_day"), "")
    change_survival(study, lambda row: row.update(empty))
    folder = cohort(study)
    assert table(folder / "estimates.tsv") == []
    assert len(table(folder / "mrd_rates.tsv")) > 0
    reasons = {row["reason"] for row in table(folder / "excluded.tsv")}
    assert reasons == {"dates or state of the outcome are not known"}


def test_an_event_before_the_mrd_sample_is_listed(study: Path) -> None:
    def early(row: dict[str, str]) -> None:
        if row["patient_id"] == "SIM-001":
            row.update({"mrd_day_post-C1": "100", "relapse_day": "99"})
            if row["endpoint"] == "LFS":
                row.update(time_days="99", event="1", cause="relapse")

    change_survival(study, early)
    rows = table(cohort(study) / "excluded.tsv")
    listed = {row["analysis"]: row["reason"] for row in rows if row["patient_id"] == "SIM-001"}
    early_reason = "event before the MRD sample post-C1"
    assert listed["OS from the start by MRD post-C1"] == early_reason
    assert listed["LFS from the start by MRD post-C1"] == early_reason
    assert "OS from the start" not in listed


def test_transplantation_is_a_covariate_over_time_and_a_censoring(study: Path) -> None:
    folder = cohort(study)
    rows = [row for row in table(folder / "cox.tsv") if row["model"] == "transplantation"]
    assert {(row["level"], row["reference"]) for row in rows} == {("after", "before, or never")}
    assert {row["censoring"] for row in table(folder / "estimates.tsv")} == {"none", "transplant"}
    change_survival(study, lambda row: row.update(transplant_day=""))
    folder = cohort(study)
    assert {row["censoring"] for row in table(folder / "estimates.tsv")} == {"none"}
    assert "transplantation" not in {row["model"] for row in table(folder / "cox.tsv")}


def test_months_of_the_config_are_those_of_the_tables(study: Path) -> None:
    set_key(study, "cohort", "{months: [6], cutoffs: [0.01]}")
    folder = cohort(study)
    estimates = table(folder / "estimates.tsv")
    assert {(row["months"], row["day"]) for row in estimates} == {("6", "182")}
    cutoffs = {row["cutoff"] for row in table(folder / "sensitivity.tsv")}
    assert cutoffs == {"protocol", "any", "0.01"}


def test_the_landmark_of_the_config_goes_before_the_protocols(study: Path) -> None:
    set_key(study, "cohort", "{landmark_day: 200}")
    titles = {row["analysis"] for row in table(cohort(study) / "flow.tsv")}
    assert "OS from the landmark (day 200)" in titles


def test_landmarks_that_differ_are_refused(study: Path) -> None:
    own = study / "protocols"
    own.mkdir()
    shipped = Path(__file__).parents[2] / "resources/protocols/all-mrd2019.yaml"
    text = shipped.read_text(encoding="utf-8")
    changed = text.replace("landmark_day: 120", "landmark_day: 90")
    assert changed != text
    (own / "all-mrd2019.yaml").write_text(changed, encoding="utf-8")
    for verb in ("check", "run", "cohort"):
        refused(
            study, "all-mrd2019: 90, all-mrd2023: 120", "cohort: {landmark_day: 120}", verb=verb
        )
    set_key(study, "cohort", "{landmark_day: 100}")
    cohort(study)


def test_patients_without_a_trial_are_compared_with_nobody(study: Path) -> None:
    def unnamed(row: dict[str, str]) -> None:
        if row["patient_id"] in ("SIM-001", "SIM-002"):
            row["trial"] = ""

    change_survival(study, unnamed)
    folder = cohort(study)
    listed = {row["patient_id"] for row in table(folder / "excluded.tsv") if row["reason"] == "the trial is not named"}  # fmt: skip
    assert listed == {"SIM-001", "SIM-002"}
    for name in ("estimates", "mrd_rates", "cox", "tests"):
        assert "" not in {row["trial"] for row in table(folder / f"{name}.tsv")}
    enrolled = {row["total"] for row in table(folder / "mrd_rates.tsv") if row["denominator"] == "enrolled" and row["trial"] == "all"}  # fmt: skip
    assert enrolled == {"12"}


def test_a_trial_without_the_timepoint_has_no_rate_and_no_test_there(study: Path) -> None:
    """Never 0 % of all enrolled: its protocol does not ask for the sample."""

    def without(row: dict[str, str]) -> None:
        if row["trial"] == "ALL/MRD2023":
            row.update({"mrd_post-C1": "", "mrd_class_post-C1": "", "mrd_level_post-C1": "",
                        "mrd_low_post-C1": "", "mrd_high_post-C1": ""})  # fmt: skip

    change_survival(study, without)
    folder = cohort(study)
    rates = [row for row in table(folder / "mrd_rates.tsv") if row["timepoint"] == "post-C1"]
    assert {row["trial"] for row in rates} == {"ALL/MRD2019"}
    assert {row["timepoint"] for row in table(folder / "mrd_tests.tsv")} == {"post-A1"}


def test_samples_without_a_day_are_counted_aloud(study: Path) -> None:
    change_survival(study, lambda row: row.update({"mrd_day_post-C1": ""}))
    steps = {
        (row["analysis"], row["trial"]): row["n"]
        for row in table(cohort(study) / "flow.tsv")
        if row["step"] == "of these without the day of the MRD sample"
    }
    assert int(steps["OS from the start by MRD post-C1", "all"]) > 0
    assert all("by MRD post-C1" in analysis for analysis, _ in steps)


def test_nothing_is_estimated_before_the_landmark(study: Path) -> None:
    set_key(study, "cohort", "{months: [3, 12]}")
    folder = cohort(study)
    for name in ("estimates", "competing"):
        early = [r for r in table(folder / f"{name}.tsv") if (r["analysis"], r["months"]) == ("landmark", "3")]  # fmt: skip
        assert {row["estimate"] for row in early} == {"NE"}
        assert {row["note"] for row in early} == {"before the landmark (day 120)"}


def test_one_unknown_age_leaves_one_patient_out_of_the_model(study: Path) -> None:
    def models() -> dict[str, str]:
        rows = table(cohort(study) / "cox.tsv")
        return {
            row["analysis"]: row["n"]
            for row in rows
            if "age" in row["model"].split(" + ")
            and row["trial"] == "all"
            and row["endpoint"] == "OS"
        }

    before = models()
    analysed = next(
        row["patient_id"] for row in table(study / "results/survival.tsv")
        if row["mrd_class_post-C1"] in ("positive", "negative") and float(row["time_days"] or 0) > 400
    )  # fmt: skip

    def unknown(row: dict[str, str]) -> None:
        if row["patient_id"] == analysed:
            row.update(age="", age_group="")

    change_survival(study, unknown)
    assert models() == {name: str(int(n) - 1) for name, n in before.items()}
    assert before


def test_who_is_transplanted_before_the_landmark_is_listed(study: Path) -> None:
    def early(row: dict[str, str]) -> None:
        if row["patient_id"] == "SIM-003":
            row["transplant_day"] = "50"

    change_survival(study, early)
    rows = [row for row in table(cohort(study) / "excluded.tsv") if row["patient_id"] == "SIM-003"]
    told = {row["analysis"]: row["reason"] for row in rows}
    key = "OS from the landmark (day 120), censored at transplantation"
    assert told[key] == "last contact or transplantation before the landmark"
    assert "OS from the landmark (day 120)" not in told


def test_what_an_analysis_no_longer_gives_is_removed(
    study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = study / "results/report/published.html"

    def write(*_: object, **__: object) -> list[Path]:
        page.parent.mkdir(exist_ok=True)
        return []

    monkeypatch.setattr(cohort_stage.cohort_page, "write", write)
    published(study, OS_2019)
    assert mrdq("cohort", study).code == 0
    page.write_text("as the last analysis left it")
    assert (study / "results/cohort/against.tsv").is_file()
    set_key(study, "cohort", "{}")
    assert mrdq("cohort", study).code == 0
    assert not (study / "results/report/published.html").exists()
    assert not (study / "results/cohort/against.tsv").exists()


def test_a_hand_off_of_other_patients_is_refused(study: Path) -> None:
    change_survival(study, lambda row: row.update(patient_id=row["patient_id"] + "x"))
    refused(study, "the patients of config/patients.tsv", "SIM-001", "run the study again")


@pytest.mark.parametrize("verb", ["check", "run", "cohort"])
def test_a_trial_called_all_is_refused(study: Path, verb: str) -> None:
    set_cell(study / "config/patients.tsv", 2, "trial", "all")
    refused(study, "config/patients.tsv, row 2, column trial", "stands for all trials", verb=verb)


def test_what_the_sheets_lack_for_a_cohort_is_a_warning(study: Path) -> None:
    patients = study / "config/patients.tsv"
    patients.write_text(patients.read_text().replace("relapse_on", "date_of_relapse", 1))
    set_cell(study / "config/samples.tsv", 2, "collected_on", "")
    outcome = mrdq("check", study)
    assert outcome.code == 0
    assert any("the column relapse_on" in line and "nobody counts as relapsed" in line for line in outcome.warnings)  # fmt: skip
    assert any("collected_on" in line and "taken as drawn in time" in line for line in outcome.warnings)  # fmt: skip


def test_without_a_hand_off_the_message_says_how_to_make_it(study: Path) -> None:
    (study / "results" / "survival.tsv").unlink()
    refused(study, "the hand-off to survival analysis", "mrdq run STUDY")


def test_a_hand_off_of_other_timepoints_is_refused(study: Path) -> None:
    path = study / "results" / "survival.tsv"
    path.write_text(path.read_text().replace("mrd_class_post-C1", "mrd_class_C1", 1))
    refused(study, "no mrd_class_post-C1", "run the study again")


@pytest.mark.parametrize(
    ("column", "value"),
    [("time_days", "soon"), ("event", "2"), ("time_days", "-3"), ("time_days", "10.5"), ("cause", "rain"),
     ("mrd_class_post-C1", "posative"), ("mrd_post-C1", "whatever"), ("mrd_level_post-C1", "0"), ("mrd_high_post-A1", "inf"),
     ("age_group", "99+"), ("age", "-4"), ("transplant_day", "-3"), ("event", "1"), ("endpoint", "OS")],
)  # fmt: skip
def test_a_hand_off_that_was_changed_is_refused(study: Path, column: str, value: str) -> None:
    change_survival(study, lambda row: row.update({column: value}))
    refused(study, "survival.tsv", "run the study again")


@pytest.mark.parametrize("damage", ["row lost", "row doubled", "rows differ", "no text"])
def test_a_hand_off_that_was_damaged_is_refused(study: Path, damage: str) -> None:
    path = study / "results" / "survival.tsv"
    rows = read_rows(path)
    if damage == "row lost":
        write_rows(path, rows[:-1])
    elif damage == "row doubled":
        write_rows(path, [*rows, rows[-1]])
    elif damage == "rows differ":
        write_rows(path, [*rows[:-1], [*rows[-1][:1], "another trial", *rows[-1][2:]]])
    else:
        path.write_bytes(path.read_bytes() + b"\xff\xfe")
    refused(study, "survival.tsv", "run the study again")


def test_an_empty_hand_off_is_refused(study: Path) -> None:
    path = study / "results" / "survival.tsv"
    path.write_text(path.read_text().partition("\n")[0] + "\n")
    refused(study, "patients", "Fill the patients sheet")


# --- published figures beside ours ------------------------------------------------------------------

HEADER = ["measure", "trial", "endpoint", "timepoint", "group", "stratum", "months", "estimate", "low", "high", "p"]  # fmt: skip
OS_2019 = ["survival", "ALL/MRD2019", "OS", "", "all", "all", "24", "71.4", "25.8", "92.0", ""]


def published(study: Path, *rows: list[str]) -> None:
    set_key(study, "cohort", "{published: config/published.tsv}")
    write_rows(study / "config" / "published.tsv", [HEADER, *rows])


def test_published_figures_stand_beside_ours(study: Path) -> None:
    published(
        study,
        OS_2019,
        ["survival", "ALL/MRD2019", "LFS", "", "all", "all", "24", "10.0", "", "", ""],
        ["mrd_negative", "ALL/MRD2019", "", "post-A1", "", "", "", "28.6", "", "", ""],
        ["logrank_p", "", "OS", "", "all", "all", "24", "", "", "", "0.99"],
        ["survival", "no such trial", "OS", "", "all", "all", "24", "50.0", "", "", ""],
    )
    rows = table(cohort(study) / "against.tsv")
    found = {(r["trial"], r["endpoint"], r["what"]): r["within"] for r in rows}
    assert found["ALL/MRD2019", "OS", "estimate"] == "true"
    assert found["ALL/MRD2019", "LFS", "estimate"] == "false"
    assert found["ALL/MRD2019", "", "percent"] == "true"
    assert found["", "OS", "p"] == "false"
    assert found["no such trial", "OS", "estimate"] == ""


def test_what_matches_nothing_here_says_so(study: Path) -> None:
    published(
        study,
        ["survival", "no such trial", "OS", "", "all", "all", "24", "50.0", "", "", ""],
        ["logrank_p", "", "OS", "", "mrd_post-C1", "unheard of", "", "", "", "", "0.5"],
        ["mrd_negative", "ALL/MRD2019", "", "day-33", "", "", "", "28.6", "", "", ""],
    )
    notes = [row["note"] for row in table(cohort(study) / "against.tsv")]
    assert notes == ["no such estimate here", "no such test here (log-rank)", "no such rate here"]


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("months", "", "the months, which the measure survival asks for"),
        ("months", "twenty", "months, a number from 1 to 1200"),
        ("months", "6.5", "whole months"),
        ("p", "<0.001", "a p value, a number from 0 to 1"),
        ("p", "1.7", "a p value, a number from 0 to 1"),
        ("estimate", "lost", "a percentage, a number from 0 to 100"),
        ("estimate", "9e1", "without an exponent"),
    ],
)  # fmt: skip
def test_a_cell_of_the_published_table_that_is_wrong(
    study: Path, column: str, value: str, message: str
) -> None:
    row = dict(zip(HEADER, OS_2019, strict=True)) | {column: value}
    published(study, list(row.values()))
    refused(study, f"config/published.tsv, row 2, column {column}", message)


def test_a_published_figure_that_stands_twice_is_refused(study: Path) -> None:
    later = [*OS_2019[:6], "36", *OS_2019[7:]]
    published(study, OS_2019, later)
    cohort(study)
    published(study, OS_2019, later, OS_2019)
    refused(study, "config/published.tsv, row 4", "it is also in row 2")


def test_a_published_table_that_is_wrong_is_refused_with_all_its_problems(study: Path) -> None:
    published(study, ["survivall", "T", "OS", "", "all", "all", "24", "171", "x", "92.0", ""])
    refused(
        study, "config/published.tsv, row 2, column measure", "column estimate", "column low",
        "3 problems",
    )  # fmt: skip


@pytest.mark.parametrize("verb", ["check", "run", "cohort"])
def test_a_published_table_that_is_missing_is_refused_before_anything(
    study: Path, verb: str
) -> None:
    set_key(study, "cohort", "{published: config/none.tsv}")
    refused(study, "config/none.tsv", verb=verb)


def test_the_cohort_sheet_words_are_checked(study: Path) -> None:
    set_cell(study / "config/patients.tsv", 2, "dead", "yes")
    refused(study, "column dead", "0 (no) or 1 (yes)")
