"""``mrdq protocol``, the courses sheet, and the dates of outcomes, on spoiled small studies."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from small_study import (
    Outcome,
    accepted,
    change,
    copy,
    mrdq,
    refused,
    replace_text,
    set_cell,
    set_key,
    tree,
    write_rows,
)

from mrdq import resources
from mrdq.config import CohortSettings, load_config
from mrdq.definitions import names
from mrdq.errors import MrdqError

COURSES, PATIENTS, SAMPLES = "config/courses.tsv", "config/patients.tsv", "config/samples.tsv"
HEAD = ["patient_id", "course", "given_on", "intrathecal", "reason"]
ONE, TWO = "P-SIM-000001", "P-SIM-000002"  # 2019 and 2023, from 2014-09-27 to 2015-11-01

# Both as the protocols ask for; both are negative after C-1.  Seven doses, and twelve.
AS_ASKED = [
    [ONE, "A-1", "2014-09-28", "2", ""],
    [ONE, "B-1", "2014-10-27", "2", ""],
    [ONE, "C-1", "2014-11-27", "1", ""],
    [ONE, "A-2", "2015-01-27", "1", ""],
    [ONE, "B-2", "2015-03-01", "1", ""],
    [ONE, "C-2", "2015-04-01", "0", ""],
    [ONE, "maintenance", "2015-05-01", "0", ""],
    [TWO, "A-1", "2014-09-28", "3", ""],
    [TWO, "B-1", "2014-10-27", "3", ""],
    [TWO, "C-1", "2014-11-27", "2", ""],
    [TWO, "blinatumomab-1", "2015-01-27", "1", ""],
    [TWO, "blinatumomab-2", "2015-03-01", "1", ""],
    [TWO, "blinatumomab-3", "2015-04-01", "1", ""],
    [TWO, "blinatumomab-4", "2015-05-01", "1", ""],
    [TWO, "maintenance", "2015-06-01", "0", ""],
]


def with_courses(study: Path, rows: list[list[str]] | None = None) -> Path:
    set_key(study, "courses", COURSES)
    write_rows(study / COURSES, [HEAD, *(AS_ASKED if rows is None else rows)])
    return study


def findings(outcome: Outcome) -> list[list[str]]:
    """The table after the trees: lines of five cells, without its header."""
    lines = [line.split("\t") for line in outcome.out.splitlines() if "\t" in line]
    assert lines[0] == ["patient_id", "finding", "course", "detail", "explained_by"]
    return lines[1:]


@pytest.fixture(scope="module")
def done_master(tmp_path_factory: pytest.TempPathFactory, _tiny: Path) -> Path:
    study = with_courses(copy(_tiny, tmp_path_factory.mktemp("done") / "study"))
    accepted(study)
    return study


@pytest.fixture
def done(done_master: Path, tmp_path: Path) -> Path:
    """A study with a courses sheet and results."""
    return copy(done_master, tmp_path / "done")


# --- what there is


def test_list_names_every_protocol(study: Path) -> None:
    assert [line.split("\t")[0] for line in mrdq("protocol", "list").out.splitlines()] == names("protocols")  # fmt: skip
    own(study, "lab")
    assert "\nlab\t" in mrdq("protocol", "list", "--study", study).out


def test_show_gives_grade_and_source_of_every_statement() -> None:
    outcome = mrdq("protocol", "show", "all-mrd2023")
    assert outcome.code == 0
    title, head, *rows = outcome.out.splitlines()
    assert title.startswith("all-mrd2023 ")
    assert head.split("\t") == ["place", "statement", "grade", "source", "note"]
    assert all(len(row.split("\t")) == 5 for row in rows)
    doses = next(row.split("\t") for row in rows if row.startswith("intrathecal"))
    assert doses[1:3] == ["12 in all", "primary"]
    assert doses[3] != ""


def test_show_of_no_protocol_names_those_there_are() -> None:
    outcome = mrdq("protocol", "show", "none")
    assert outcome.code == 2
    assert "all-mrd2019" in outcome.err


def test_check_draws_every_protocol(tmp_path: Path) -> None:
    outcome = mrdq("protocol", "check", "--folder", tmp_path / "drawn")
    assert outcome.code == 0
    assert all(f"\n{name} " in f"\n{outcome.out}" for name in names("protocols"))
    written = sorted(path.name for path in (tmp_path / "drawn").iterdir())
    assert written == sorted([*(f"{name}.svg" for name in names("protocols")), "protocols.html"])
    for path in (tmp_path / "drawn").glob("*.svg"):
        assert ET.parse(path).getroot().tag.endswith("svg")


def own(study: Path, name: str, *, after: str = "A-1") -> None:
    (study / "protocols").mkdir(exist_ok=True)
    (study / f"protocols/{name}.yaml").write_text(
        f'id: {name}\nversion: "1"\ntitle: ours\n'
        "courses: [{id: A-1, grade: laboratory}]\n"
        f"timepoints: [{{id: t, after: {after}, next_step: {{positive: x, negative: y}}}}]\n"
        "response: {complete_sensitivity_maximum: 1e-4, failure_level_minimum: 1e-4}\n"
    )


def test_all_problems_of_all_protocols_and_sheets_at_once(study: Path, tmp_path: Path) -> None:
    """Two protocols that no patient has, and a sheet."""
    own(study, "lab-1", after="Z-1")
    own(study, "lab-2", after="Z-2")
    set_cell(study / PATIENTS, 2, "age", "old")
    outcome = mrdq("protocol", "check", study, "--folder", tmp_path / "drawn")
    assert outcome.code == 2
    assert [problem.split(",")[0] for problem in outcome.problems] == [
        "error: config/patients.tsv",
        "error: protocols/lab-1.yaml",
        "error: protocols/lab-2.yaml",
    ]
    assert not (tmp_path / "drawn").exists()


def test_a_protocol_that_contradicts_itself_stops_the_study(study: Path) -> None:
    own(study, "lab", after="Z-1")
    set_cell(study / PATIENTS, 2, "protocol", "lab")
    (problem,) = refused(study).problems
    assert problem == (
        'error: protocols/lab.yaml, column timepoints.t.after: found "Z-1", expected a course of '
        "this protocol (A-1)"
    )


# --- who was treated otherwise


def test_as_asked(done: Path) -> None:
    outcome = mrdq("protocol", "check", done)
    assert (outcome.code, findings(outcome)) == (0, [])
    assert "2 patients: 0 treated otherwise" in outcome.err


def row_of(patient: str, course: str) -> int:
    return 2 + next(n for n, row in enumerate(AS_ASKED) if row[:2] == [patient, course])


def test_every_difference_is_listed_and_gives_exit_code_3(done: Path) -> None:
    change(done / COURSES, lambda rows: [row for row in rows if row[:2] != [ONE, "B-2"]])
    replace_text(
        done / COURSES, f"{TWO}\tblinatumomab-4\t2015-05-01\t1", f"{TWO}\tB-2\t2015-05-01\t2"
    )
    outcome = mrdq("protocol", "check", done)
    assert outcome.code == 3
    assert [row[:3] for row in findings(outcome)] == [
        [ONE, "missing", "B-2"],
        [ONE, "intrathecal doses", ""],
        [TWO, "left out by the protocol, yet given", "B-2"],
        [TWO, "missing", "blinatumomab-4"],
        [TWO, "intrathecal doses", ""],
    ]
    assert "2 patients: 2 treated otherwise" in outcome.err


def test_a_reason_is_shown_and_explains_nothing_away(done: Path) -> None:
    row = row_of(ONE, "B-2")
    for column, value in (("given_on", ""), ("intrathecal", ""), ("reason", "infection")):
        set_cell(done / COURSES, row, column, value)
    set_cell(done / COURSES, row_of(ONE, "C-2"), "intrathecal", "1")
    outcome = mrdq("protocol", "check", done)
    assert outcome.code == 3
    detail = "maintenance was given on 2015-05-01; reason: infection"
    assert findings(outcome) == [[ONE, "missing", "B-2", detail, ""]]


def test_a_death_explains_and_gives_exit_code_0(done: Path) -> None:
    """The second patient dies a month after blinatumomab-2."""
    change(done / COURSES, lambda rows: [r for r in rows if r[0] != TWO or r[2] < "2015-04-01"])
    set_cell(done / PATIENTS, 3, "last_contact_on", "2015-03-31")
    set_cell(done / PATIENTS, 3, "dead", "1")
    outcome = mrdq("protocol", "check", done)
    assert outcome.code == 0
    assert findings(outcome) == [
        [TWO, "missing", course, "not given", "death on 2015-03-31"]
        for course in ("blinatumomab-3", "blinatumomab-4", "maintenance")
    ]
    assert "1 with courses not given for a reason" in outcome.err


def test_a_positive_result_asks_for_the_other_branch(done: Path) -> None:
    """The first patient's result after C-1 is made positive: one A, blinatumomab x4."""
    replace_text(done / "results/status.tsv", f"{ONE}\tpost-C1\tnegative", f"{ONE}\tpost-C1\tpositive_not_quantifiable")  # fmt: skip
    outcome = mrdq("protocol", "check", done)
    assert outcome.code == 3
    assert [row[1:3] for row in findings(outcome)] == [
        ["left out by the protocol, yet given", "B-2"],
        ["left out by the protocol, yet given", "C-2"],
        *[["missing", f"blinatumomab-{n}"] for n in range(1, 5)],
    ]


def test_without_results_it_says_how_far_it_went(study: Path) -> None:
    outcome = mrdq("protocol", "check", with_courses(study))
    assert outcome.code == 0
    assert "only what comes before the first decision was compared" in outcome.err
    assert [row[:2] for row in findings(outcome)] == [[ONE, "not compared"], [TWO, "not compared"]]
    change(study / COURSES, lambda rows: [row for row in rows if row[1] != "B-1"])
    assert mrdq("protocol", "check", study).code == 3


def test_without_a_courses_sheet_nothing_is_compared(study: Path) -> None:
    outcome = mrdq("protocol", "check", study)
    assert outcome.code == 0
    assert "the study has no courses sheet" in outcome.err
    assert "patient_id\t" not in outcome.out


def test_results_of_other_samples_or_protocols_are_refused(done: Path) -> None:
    set_cell(done / SAMPLES, 2, "timepoint", "post-B1")
    outcome = mrdq("protocol", "check", done)
    assert outcome.code == 2
    assert f'found "{ONE} post-A1", expected results of the samples' in outcome.problems[0]
    assert "run the study again" in outcome.problems[0]


def test_results_under_another_protocol_are_refused(done: Path) -> None:
    set_cell(done / PATIENTS, 2, "protocol", "all-mrd2023")
    write_rows(done / COURSES, [HEAD, *(row for row in AS_ASKED if row[0] == TWO)])
    outcome = mrdq("protocol", "check", done)
    assert outcome.code == 2
    assert outcome.problems[0].endswith(
        'status.tsv, column protocol: found "all-mrd2019", expected results of '
        f"{ONE} under all-mrd2023. The sheets have changed since: run the study again."
    )


def test_the_courses_sheet_changes_no_byte_of_the_results(study: Path, done_master: Path) -> None:
    accepted(study)
    assert tree(study / "results") == tree(done_master / "results")


def test_a_patient_without_courses_is_counted_apart(done: Path) -> None:
    change(done / COURSES, lambda rows: [row for row in rows if row[0] != TWO])
    outcome = mrdq("protocol", "check", done)
    assert outcome.code == 0
    assert findings(outcome) == [[TWO, "not compared", "", "no courses recorded", ""]]
    assert outcome.err.splitlines()[-1] == (
        "2 patients: 0 treated otherwise than the protocol asks for, 0 with courses not given for a reason "
        "that explains it, 0 not compared in full, 1 not compared at all (no courses recorded)"
    )


def test_a_transplantation_explains_and_gives_exit_code_0(done: Path) -> None:
    """The second patient is positive after C-1, and transplanted a month after blinatumomab-2."""
    replace_text(done / "results/status.tsv", f"{TWO}\tpost-C1\tnegative", f"{TWO}\tpost-C1\tpositive_not_quantifiable")  # fmt: skip
    change(done / COURSES, lambda rows: [r for r in rows if r[0] != TWO or r[2] < "2015-04-01"])
    set_cell(done / PATIENTS, 3, "transplant_on", "2015-04-01")
    outcome = mrdq("protocol", "check", done)
    assert outcome.code == 0
    assert findings(outcome) == [
        [TWO, "missing", course, "not given", "transplantation on 2015-04-01"]
        for course in ("blinatumomab-3", "blinatumomab-4")
    ]


# --- a level that turns positive and negative upside down


def test_a_copy_with_nothing_but_a_level_is_warned_of(study: Path) -> None:
    """In check, in run, and in protocol check, with and without a patient who has it."""
    text = resources.path("protocols/all-mrd2019.yaml").read_text(encoding="utf-8")
    text = text.replace("positive_from_level: 0\n", "positive_from_level: 1.0e-4\n")
    (study / "protocols").mkdir()
    (study / "protocols/lab.yaml").write_text(text.replace("id: all-mrd2019", "id: lab"))
    expected = [
        f'warning: protocols/lab.yaml, column timepoints.{at}.positive_from_level: found "0.0001", expected no result '
        for at in ("post-A1", "post-C1")
    ]

    def warned(verb: tuple[str, ...]) -> list[str]:
        outcome = mrdq(*verb, study)
        assert outcome.code == 0
        found = [line for line in outcome.warnings if "protocols/lab.yaml" in line]
        assert all("write below_level: undecided" in line for line in found)
        return [line[: len(start)] for line, start in zip(found, expected, strict=False)]

    assert (warned(("check",)), warned(("protocol", "check"))) == ([], expected)
    set_cell(study / PATIENTS, 2, "protocol", "lab")
    for verb in (("check",), ("run",), ("protocol", "check")):
        assert warned(verb) == expected


# --- the courses sheet

# (row, column, bad value, found, a word of what is expected)
CELLS = [
    (2, "patient_id", "", "", "the patient's id"),
    (2, "patient_id", "P-404", "P-404", "a patient of config/patients.tsv"),
    (2, "course", "", "", "as the protocol names it"),
    (2, "course", "D-1", "D-1", "a course of all-mrd2019 (A-1, B-1, C-1,"),
    (2, "course", "transplantation", "transplantation", "a course of all-mrd2019"),
    (3, "course", "A-1", "A-1", "every course of a patient once (it is also in row 2)"),
    (2, "given_on", "27.9.2014", "27.9.2014", "YYYY-MM-DD"),
    (2, "given_on", "2014-09-26", "2014-09-26", "on or after start_on (2014-09-27)"),
    (8, "given_on", "2015-11-02", "2015-11-02", "on or before last_contact_on (2015-11-01)"),
    (5, "given_on", "2014-09-28", "2014-09-28", "a date after A-1 (2014-09-28, row 2)"),
    (5, "given_on", "", "", "or the reason why it was not given"),
    (2, "intrathecal", "two", "two", "a number of doses"),
    (2, "intrathecal", "-1", "-1", "a number of doses"),
    (2, "intrathecal", "1.5", "1.5", "a number of doses"),
    (2, "intrathecal", "100", "100", "a number of doses"),
]  # fmt: skip


@pytest.mark.parametrize(("row", "column", "value", "found", "expected"), CELLS)
def test_wrong_cell_of_the_courses_sheet(
    study: Path, row: int, column: str, value: str, found: str, expected: str
) -> None:
    set_cell(with_courses(study) / COURSES, row, column, value)
    shown = f'found "{found}"' if found else "found nothing"
    start = f"error: {COURSES}, row {row}, column {column}: {shown}, expected "
    problems = refused(study, verbs=("check",)).problems
    assert any(p.startswith(start) and expected in p for p in problems), problems


def test_doses_with_a_course_that_was_not_given(study: Path) -> None:
    set_cell(with_courses(study) / COURSES, 5, "given_on", "")
    set_cell(study / COURSES, 5, "reason", "infection")
    assert "no doses with a course that was not given" in refused(study).problems[0]


def test_a_transplantation_has_its_place(study: Path) -> None:
    set_cell(with_courses(study) / COURSES, 2, "course", "transplantation")
    assert "transplant_on of the patients sheet" in refused(study).problems[0]


def test_all_problems_of_the_courses_sheet_at_once(study: Path) -> None:
    with_courses(study)
    set_cell(study / COURSES, 2, "given_on", "2014-09-26")
    set_cell(study / COURSES, 3, "course", "D-1")
    set_cell(study / COURSES, 4, "intrathecal", "x")
    assert len(refused(study).problems) == 3


def test_a_courses_sheet_that_is_not_there(study: Path) -> None:
    set_key(study, "courses", "config/none.tsv")
    assert refused(study).problems[0].startswith("error: config/none.tsv: ")
    set_key(study, "courses", "../none.tsv")
    assert "inside the study" in refused(study).problems[0]


def test_courses_of_a_protocol_that_names_none_are_kept(study: Path) -> None:
    with_courses(study, [[ONE, "whatever", "2014-10-01", "", ""]])
    set_cell(study / PATIENTS, 2, "protocol", "generic")
    assert mrdq("check", study).code == 0
    outcome = mrdq("protocol", "check", study)
    assert [ONE, "not compared", "", "generic names no courses", ""] in findings(outcome)


# --- outcomes whose dates contradict each other


def set_outcome(study: Path, **cells: str) -> Path:
    for column, value in cells.items():
        set_cell(study / PATIENTS, 2, column, value)
    return study


@pytest.mark.parametrize(
    ("cells", "column", "found", "expected"),
    [
        ({"dead": "1", "last_contact_on": ""}, "last_contact_on", "", "the day of death"),
        ({"dead": "1", "relapse_on": "2015-11-02"}, "relapse_on", "2015-11-02", "on or before last_contact_on (2015-11-01, the day of death)"),
        ({"dead": "1", "transplant_on": "2015-11-02"}, "transplant_on", "2015-11-02", "the day of death"),
        ({"relapse_on": "2014-09-26"}, "relapse_on", "2014-09-26", "on or after start_on (2014-09-27)"),
    ],
)  # fmt: skip
def test_an_outcome_that_cannot_be(
    study: Path, cells: dict[str, str], column: str, found: str, expected: str
) -> None:
    told = refused(set_outcome(study, **cells)).problems
    assert len(told) == 1
    shown = f'found "{found}"' if found else "found nothing"
    assert told[0].startswith(f"error: {PATIENTS}, row 2, column {column}: {shown}, expected ")
    assert expected in told[0]


@pytest.mark.parametrize(
    ("cells", "column", "expected"),
    [
        ({"dead": ""}, "dead", "1 or 0: dead or alive at last contact (2015-11-01)"),
        ({"last_contact_on": ""}, "last_contact_on", "the day of the last contact (dead is 0)"),
        ({"start_on": ""}, "start_on", "from which the time to last_contact_on, dead is counted"),
        ({"start_on": "", "last_contact_on": "", "dead": "", "relapse_on": "2015-05-05"}, "start_on", "the time to relapse_on is counted"),
    ],
)  # fmt: skip
def test_an_outcome_that_does_not_count_is_a_warning(
    study: Path, cells: dict[str, str], column: str, expected: str
) -> None:
    outcome = mrdq("check", set_outcome(study, **cells))
    assert outcome.code == 0
    start = f"warning: {PATIENTS}, row 2, column {column}: found nothing, expected "
    matching = [line for line in outcome.warnings if line.startswith(start)]
    assert len(matching) == 1
    assert expected in matching[0]
    assert "does not count in the survival analysis" in matching[0]


def test_no_outcome_at_all_is_no_matter(study: Path) -> None:
    empty = dict.fromkeys(("start_on", "last_contact_on", "dead"), "")
    assert mrdq("check", set_outcome(study, **empty)).warnings == []


@pytest.mark.parametrize(
    ("collected", "dead", "expected"),
    [
        ("2014-09-26", "0", "on or after the start of treatment (2014-09-27)"),
        ("2015-11-02", "0", "on or before the last contact (2015-11-01)"),
        ("2015-11-02", "1", "on or before the death (2015-11-01)"),
    ],
)
def test_a_sample_outside_of_the_follow_up(
    study: Path, collected: str, dead: str, expected: str
) -> None:
    set_cell(set_outcome(study, dead=dead) / SAMPLES, 3, "collected_on", collected)
    (warning,) = mrdq("check", study).warnings
    assert warning.startswith(
        f'warning: {SAMPLES}, row 3, column collected_on: found "{collected}"'
    )
    assert expected in warning


# --- the key cohort


def test_settings_of_the_cohort(study: Path) -> None:
    assert load_config(study).cohort is None
    set_key(study, "cohort", "{}")
    assert load_config(study).cohort == CohortSettings((12, 24, 36), (1e-4, 1e-3), "", None)
    set_key(study, "cohort", "{months: [24, 6.0], cutoffs: [1, 1e-5], published: p.tsv, landmark_day: 90}")  # fmt: skip
    found = load_config(study).cohort
    assert found == CohortSettings((6, 24), (1e-5, 1.0), "p.tsv", 90)
    assert {type(month) for month in found.months} == {int}


@pytest.mark.parametrize(
    ("value", "column", "found", "expected"),
    [
        ("soon", "cohort", "soon", "a mapping"),
        ("[12]", "cohort", "[12]", "a mapping"),
        ("{month: [12]}", "cohort.month", "month", "months, cutoffs, published, landmark_day"),
        ("{months: 12}", "cohort.months", "12", "a list of months"),
        ("{months: []}", "cohort.months", "[]", "a list of months"),
        ("{months: [12, 12]}", "cohort.months", "[12, 12]", "a list of months"),
        ("{months: [0]}", "cohort.months.0", "0", "greater than 0"),
        ("{months: [1.5]}", "cohort.months.0", "1.5", "whole months"),
        ("{cutoffs: [0]}", "cohort.cutoffs.0", "0", "greater than 0"),
        ("{cutoffs: [10]}", "cohort.cutoffs.0", "10", "at most 1"),
        ("{cutoffs: [.nan]}", "cohort.cutoffs.0", "nan", "a number"),
        ("{published: ../p.tsv}", "cohort.published", "../p.tsv", "inside the study"),
        ("{published: results/p.tsv}", "results", "results", "a folder of its own"),
        ("{landmark_day: 0}", "cohort.landmark_day", "0", "whole days"),
        ("{landmark_day: soon}", "cohort.landmark_day", "soon", "whole days"),
    ],
)
def test_wrong_settings_of_the_cohort(
    study: Path, value: str, column: str, found: str, expected: str
) -> None:
    set_key(study, "cohort", value)
    problems = refused(study, verbs=("check",)).problems
    start = f'error: config/config.yaml, column {column}: found "{found}", expected '
    assert any(p.startswith(start) and expected in p for p in problems), problems


def test_settings_are_read_or_refused_in_words(study: Path) -> None:
    set_key(study, "cohort", "")
    with pytest.raises(MrdqError, match="a mapping"):
        load_config(study)
