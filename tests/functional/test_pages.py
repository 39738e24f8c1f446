"""Pages: a patient's holds what the study's page has of the patient, an archive's does not grow."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_study import SAMPLE, TARGET, accepted, copy, mrdq, read_rows, set_cell, table, write_rows
from tiny import PATIENTS, write_tiny

from mrdq.errors import MrdqError
from mrdq.explain import explain
from mrdq.reports import html, overview
from mrdq.reports.patient_files import page_names
from mrdq.storage import Files
from mrdq.study import load_study

RUNS = 4
HEADER = ["what", "run_id", "target", "well", "sample_id", "call", "who", "when", "why"]
MADE_BY_HAND = Path("results/report/patients")


def amendment(what: str = "omit", **cells: str) -> list[str]:
    given = {"what": what, "run_id": "SIM-000001", "who": "operator A", "when": "2024-03-01"}
    return [(given | {"why": "a <b>bubble</b>"} | cells).get(name, "") for name in HEADER]


AMENDMENTS = [
    amendment(target=TARGET, well="A1"),
    amendment("call", target=TARGET, sample_id=SAMPLE, call="negative"),
    amendment(run_id="SIM-000002"),
]


@pytest.fixture(scope="session")
def _done(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four patients: one amended, one of a retracted run, one of a run that cannot be read."""
    folder = tmp_path_factory.mktemp("pages") / "study"
    write_tiny(folder, runs=RUNS)
    write_rows(folder / "config/amendments.tsv", [HEADER, *AMENDMENTS])
    (folder / "data/SIM-000003.csv").write_text("nothing")
    for verb in ("ingest", "call", "status", "report"):
        assert mrdq(verb, folder).code == 0
    return folder


@pytest.fixture
def done(_done: Path, tmp_path: Path) -> Path:
    return copy(_done, tmp_path / "study")


def index(study: Path) -> str:
    return (study / "results/report/index.html").read_text(encoding="utf-8")


def patient_page(study: Path, patient: str) -> str:
    assert mrdq("report", study, "--patient", patient).code == 0
    return (study / MADE_BY_HAND / f"{patient}.html").read_text(encoding="utf-8")


def part(page: str, patient: str) -> str:
    """What a page has of a patient: from the heading to the end of the pictures."""
    found = re.search(rf'<h3 id="p-{patient}">.*?(?=<h3 |<h2)', page, re.DOTALL)
    assert found
    return found[0].strip()


def rows_of(page: str, heading: str) -> list[str]:
    """The lines of the table under a heading."""
    body = page.partition(f">{heading}</h2>")[2].partition("<tbody>")[2].partition("</tbody>")[0]
    return body.strip().splitlines()


def small(monkeypatch: pytest.MonkeyPatch, *, patients: int = 2) -> None:
    monkeypatch.setattr(html, "MOST_PATIENTS", patients)


# --- A patient's page ---------------------------------------------------------------------------


@pytest.mark.parametrize("patient", PATIENTS[:RUNS])
def test_a_patients_page_has_what_the_study_page_has(done: Path, patient: str) -> None:
    whole, page = index(done), patient_page(done, patient)
    assert part(page, patient) == part(whole, patient)
    for heading, other in (("Status", "Timepoint"), ("Curves", "Curves")):
        mine = [line for line in rows_of(page, heading) if line]
        assert set(mine) <= set(rows_of(whole, heading)), other
    assert sum(line.startswith("<tr>") for line in rows_of(page, "Status")) == 2
    run = patient.removeprefix("P-")
    called = run != "SIM-000003"
    assert [f"<td>{run}-IG</td>" in line for line in rows_of(page, "Curves")].count(True) == called
    for words in ("SIMULATED", "not confirmed against their source", "NOT under seal", "Rule sets"):
        assert (words in page) == (words in whole)


def test_a_patients_page_names_no_other_patient(done: Path) -> None:
    page = patient_page(done, PATIENTS[0])
    assert not re.search("SIM-00000[245]|SIM-000003-", page)


def test_another_target_of_the_same_run_is_not_on_a_patients_page(done: Path) -> None:
    path = done / "results/curves.tsv"
    rows = read_rows(path)
    (mine,) = (row for row in rows if row[:2] == ["SIM-000001", TARGET])
    write_rows(path, [*rows, [*mine[:1], "OTHER-IG", *mine[2:]]])
    loaded = load_study(done)
    files = Files(loaded.results)
    (page,) = html.write_patients(loaded, files, [PATIENTS[0]])
    assert "OTHER-IG" in html.write(loaded, files).read_text()
    assert "OTHER-IG" not in page.read_text()
    assert "<td>ALB</td>" in page.read_text()


def test_a_patients_page_tells_of_runs_that_could_not_be_read(done: Path) -> None:
    page = patient_page(done, PATIENTS[2])
    assert "could not be read may hold samples of this patient" in page
    assert "SIM-000003 (data/SIM-000003.csv)" in page
    assert "No run holds a sample of this patient." in page


@pytest.mark.parametrize(("patient", "rows"), [(0, 2), (1, 1), (3, 0)])
def test_a_patients_page_has_the_amendments_that_touch_the_patient(
    done: Path, patient: int, rows: int
) -> None:
    page = patient_page(done, PATIENTS[patient])
    found = "\n".join(rows_of(page, "Amendments"))
    assert found.count("<tr>") == rows
    assert found in "\n".join(rows_of(index(done), "Amendments"))
    assert ("a &lt;b&gt;bubble" in page) == bool(rows)
    assert "<b>bubble" not in page


def test_pages_of_patients_are_recorded_and_sealed(done: Path) -> None:
    outcome = mrdq("report", done, "--patient", PATIENTS[0], "--patient", PATIENTS[1])
    assert outcome.code == 0, outcome.err
    paths = [f"{MADE_BY_HAND}/{patient}.html" for patient in PATIENTS[:2]]
    assert outcome.out == "".join(f"{done / path}\n" for path in paths)
    newest = max((done / "audit/records").iterdir(), key=lambda path: path.name)
    record = json.loads(newest.read_text())
    assert record["parameters"]["patients"] == list(PATIENTS[:2])
    assert [state["path"] for state in record["outputs"]] == paths
    block = max((done / "audit/blocks").iterdir(), key=lambda path: path.name)
    assert {state["path"] for state in json.loads(block.read_text())["changed"]} >= set(paths)
    assert mrdq("audit", "verify", done).code == 0
    assert "Results under seal: block" in (done / paths[0]).read_text()


def test_a_patients_page_is_made_again_by_a_replay_and_told_when_outdated(study: Path) -> None:
    accepted(study)
    assert mrdq("report", study, "--patient", PATIENTS[0]).code == 0
    again = mrdq("audit", "replay", study)
    assert again.code == 0, again.out + again.err
    assert "identical, 11 files" in again.out
    write_rows(study / "config/amendments.tsv", [HEADER, AMENDMENTS[0]])
    accepted(study)
    told = mrdq("audit", "verify", study)
    assert told.code == 0, told.err
    assert f"{MADE_BY_HAND}/{PATIENTS[0]}.html was made from another results/status.tsv" in told.out + told.err  # fmt: skip


def test_an_ordinary_report_makes_no_page_of_a_patient(study: Path) -> None:
    accepted(study)
    assert not (study / MADE_BY_HAND).exists()


def test_unknown_patients_are_refused_by_name_with_those_near(done: Path) -> None:
    before = sorted((done / "audit/records").iterdir())
    outcome = mrdq("report", done, "--patient", "P-SIM-00001", "--patient", PATIENTS[0], "--patient", "?")  # fmt: skip
    assert outcome.code == 2
    assert len(outcome.problems) == 2
    assert 'found "?", expected a patient of config/samples.tsv' in outcome.problems[0]
    assert "P-SIM-00001" in outcome.problems[1]
    assert f"Near to it: {PATIENTS[0]}" in outcome.problems[1]
    assert "nothing was written" in outcome.err
    assert not (done / MADE_BY_HAND).exists()
    assert sorted((done / "audit/records").iterdir()) == before


@pytest.mark.parametrize("table_name", ["calls.tsv", "status.tsv"])
def test_results_of_other_amendments_are_refused(
    done: Path, table_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = done / "results" / table_name
    now = table(path)[0]["amendments_hash"]
    path.write_text(path.read_text().replace(now, "0" * 12))
    loaded = load_study(done)
    files = Files(loaded.results)
    for most in (RUNS, 1):
        small(monkeypatch, patients=most)
        with pytest.raises(MrdqError, match="results made with the amendments as they are now"):
            html.write(loaded, files)
    with pytest.raises(MrdqError, match="results made with the amendments as they are now"):
        html.write_patients(loaded, files, [PATIENTS[0]])


@pytest.mark.parametrize("whole", [True, False])
def test_wells_of_other_amendments_are_refused(
    done: Path, whole: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sheet of the wells is not that of the other tables, whose hashes are those of the study."""
    small(monkeypatch, patients=RUNS if whole else 1)
    other = copy(done, done.parent / "other")
    write_rows(other / "config/amendments.tsv", [HEADER, *AMENDMENTS[1:]])
    assert mrdq("ingest", other).code == 0
    (done / "results/wells.parquet").write_bytes((other / "results/wells.parquet").read_bytes())
    loaded = load_study(done)
    files = Files(loaded.results)
    for make in (
        lambda: html.write(loaded, files),
        lambda: html.write_patients(loaded, files, PATIENTS[:1]),
        lambda: explain(loaded, files, run="SIM-000001", target=TARGET, sample=SAMPLE),
    ):
        with pytest.raises(MrdqError, match="wells as the amendments sheet leaves them out now"):
            make()


# --- The name of a patient's page ---------------------------------------------------------------

HOSTILE = ["../../evil", "..", ".", "a/b", "a\\b", "a\0b", "c:d", "x" * 300, "é" * 150, "CON", "%2F", "~", "a b"]  # fmt: skip


@pytest.mark.parametrize("patient", [*HOSTILE, "p1", "P1", "-rf", "ß", "SS", "ss"])
def test_names_stay_in_their_folder(patient: str) -> None:
    name = page_names([*HOSTILE, "p1", "P1"])(patient)
    assert re.fullmatch(r"[A-Za-z0-9_%~-][A-Za-z0-9_.%~-]*\.html", name)
    assert len(name.encode()) <= 160


def test_ids_that_differ_by_capitals_are_two_files() -> None:
    name_of = page_names(["p1", "P1", "Q1"])
    assert [name_of(one) for one in ("p1", "P1", "Q1")] == ["p1.html", "%501.html", "Q1.html"]


def test_plain_ids_are_their_own_names() -> None:
    assert page_names(["P-SIM-000001", "p_2.b"])("P-SIM-000001") == "P-SIM-000001.html"
    assert page_names(["p_2.b"])("p_2.b") == "p_2.b.html"


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from("aAbB.%~/"), min_size=1, max_size=80), unique=True, max_size=8))  # fmt: skip
def test_names_differ_also_where_capitals_do_not_count(patients: list[str]) -> None:
    name_of = page_names(patients)
    names = [name_of(patient) for patient in patients]
    assert len({name.lower() for name in names}) == len(patients)


@pytest.mark.parametrize("patient", ["../../evil", "a\\b", "x" * 300, "p<1>&"])
def test_a_patient_whose_id_is_no_file_name(study: Path, patient: str) -> None:
    for row in (2, 3):
        set_cell(study / "config/samples.tsv", row, "patient_id", patient)
    for sheet in ("assays", "patients"):
        set_cell(study / f"config/{sheet}.tsv", 2, "patient_id", patient)
    accepted(study)
    before = {path for path in study.parent.rglob("*") if path.is_file()}
    outcome = mrdq("report", study, "--patient", patient)
    assert outcome.code == 0, outcome.err
    (made,) = (study / MADE_BY_HAND).iterdir()
    assert outcome.out == f"{made}\n"
    new = {path for path in study.parent.rglob("*") if path.is_file()} - before - {made}
    kept = {path.relative_to(study).parts[0] for path in new}
    assert kept <= {"audit", ".mrdq", "logs"}
    assert mrdq("audit", "verify", study).code == 0


# --- The page of an archive ---------------------------------------------------------------------


def test_more_patients_than_a_page_holds_become_an_overview(
    done: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = index(done)
    small(monkeypatch, patients=RUNS)
    assert mrdq("report", done).code == 0
    assert 'id="p-P-SIM-000001"' in index(done)
    small(monkeypatch, patients=RUNS - 1)
    assert mrdq("report", done).code == 0
    page = index(done)
    assert 'id="p-' not in page
    assert "<svg" not in page
    assert "4 patients, 4 runs, 6 calls: more than a page can show" in page
    assert "mrdq report STUDY --patient ID" in page
    for heading in ("Amendments", "Rule sets"):
        told, before = (
            "".join(rows_of(text, heading)).replace(f"patients/{PATIENTS[0]}.html", "")
            for text in (page, whole)
        )
        assert re.sub(r'href="[^"]*"', "", told) == re.sub(r'href="[^"]*"', "", before)
    assert page.split("</style>")[1].count('class="notice"') == whole.split("</style>")[1].count('class="notice"')  # fmt: skip


def test_more_runs_than_a_page_holds_become_an_overview(
    done: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(html, "MOST_RUNS", RUNS - 1)
    assert mrdq("report", done).code == 0
    assert "more than a page can show" in index(done)


def cells(line: str) -> list[str]:
    return [re.sub("<[^>]*>", "", cell) for cell in re.findall(r"<td[^>]*>(.*?)</td>", line)]


def test_the_overview_counts_what_the_tables_hold(
    done: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small(monkeypatch)
    assert mrdq("report", done).code == 0
    page, results = index(done), done / "results"
    status, calls, evidence = (
        table(results / f"{name}.tsv") for name in ("status", "calls", "evidence")
    )
    *shown, last = [cells(line) for line in rows_of(page, "Status")]
    assert last[-1] == str(len(status))
    for protocol, timepoint, *_, total in shown:
        rows = [r for r in status if (r["protocol"], r["timepoint"]) == (protocol, timepoint)]
        assert total == str(len(rows))
    assert sum(int(row[-1]) for row in shown) == len(status)
    for name, in_status, in_calls, _ in (cells(line) for line in rows_of(page, "Flags")):
        flag = name.replace(" ", "_")
        for count, rows in ((in_status, status), (in_calls, calls)):
            assert count == str(sum(flag in row["flags"].split(";") for row in rows)), flag
    criteria = [cells(line) for line in rows_of(page, "Criteria")]
    assert {row[0] for row in criteria} == {row["criterion"] for row in evidence}
    for criterion, failed, passed, *_ in criteria:
        outcomes = [row["outcome"] for row in evidence if row["criterion"] == criterion]
        assert [failed, passed] == [str(outcomes.count(word)) for word in ("fail", "pass")]
    amended = sum(row["amended"] == "true" for row in status)
    assert f"{amended} of {len(status)} statuses rest on what a person left out" in page


def test_the_overview_names_failed_and_retracted_runs(
    done: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small(monkeypatch)
    assert mrdq("report", done).code == 0
    page = index(done)
    assert "Runs that could not be read: 1 of 4" in page
    assert "<td>SIM-000003</td><td>data/SIM-000003.csv</td>" in page
    assert "<div>SIM-000002 <small>row 4: operator A" in page


def test_lists_that_are_cut_say_so_with_the_total(
    done: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small(monkeypatch)
    monkeypatch.setattr(overview, "MOST_LISTED", 2)
    for name in ("SIM-000001", "SIM-000004"):
        (done / f"data/{name}.csv").write_text("nothing")
    write_rows(done / "config/amendments.tsv", [HEADER])
    for verb in ("ingest", "call", "status", "report"):
        assert mrdq(verb, done).code == 0
    page = index(done)
    assert "The first 2 of 3; all of them stand in runs.tsv, state failed." in page
    failed = page.partition('<h3 id="failed">')[2].partition("<h3")[0]
    assert failed.count("<tr><td>SIM-") == 2
    assert "Timepoints: The first 2 of 4; all of them stand in status.tsv." in page
    assert cells(rows_of(page, "Status")[-1])[-1] == "8"


def test_flagged_statuses_are_links_to_the_pages_of_their_patients(
    done: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small(monkeypatch)
    path = done / "results/status.tsv"
    set_cell(path, 2, "flags", "signal_seen;amended")
    set_cell(path, 3, "flags", "discordant_runs")
    loaded = load_study(done)
    html.write(loaded, Files(loaded.results))
    page = index(done)
    for flag in ("signal_seen", "discordant_runs", "discordant_targets"):
        text = page.partition(f'<h3 id="{flag}">')[2].partition("<h3")[0]
        assert (f'<a href="patients/{PATIENTS[0]}.html">' in text) == (flag != "discordant_targets")
        assert ("None." in text) == (flag == "discordant_targets")


def test_the_overview_is_the_same_for_any_number_of_cores(
    done: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small(monkeypatch)
    loaded = load_study(done)
    pages = [html.write(loaded, Files(loaded.results), cores=n).read_bytes() for n in (1, 2, 3)]
    assert pages[0] == pages[1] == pages[2]
