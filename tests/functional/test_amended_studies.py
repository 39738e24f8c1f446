"""The amendments sheet of a study: what it does, where it is shown, and what is refused."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from small_study import (
    LAYOUT,
    SAMPLE,
    TARGET,
    accepted,
    change,
    copy,
    mrdq,
    read_rows,
    refused,
    set_cell,
    set_key,
    table,
    tree,
    without_seal,
    write_rows,
)

from mrdq import pipeline
from mrdq.audit.chain import read_chain
from mrdq.audit.reading import read_trail
from mrdq.errors import MrdqError
from mrdq.instruments import read_export
from mrdq.plan import load_plan
from mrdq.reports.html import write as write_page
from mrdq.storage import Files
from mrdq.study import load_study

SHEET = "config/amendments.tsv"
HEADER = ["what", "run_id", "target", "well", "sample_id", "call", "who", "when", "why"]
RUN, OTHER_RUN, AGAIN = "SIM-000001", "SIM-000002", "SIM-000001-again"
OTHER, OTHER_SAMPLE = "SIM-000002-IG", "SIM-000002-A1"
PATIENT, OTHER_PATIENT = "P-SIM-000001", "P-SIM-000002"
WHY = "bubble in the well"
# What an amended study says beside.
BESIDE = re.compile(r"automatic_.*|amended|amendment|amendments_hash")


def row(what: str = "omit", **cells: str) -> list[str]:
    given = {"run_id": RUN, "who": "operator A", "when": "2024-03-01", "why": WHY, "what": what}
    return [(given | cells).get(name, "") for name in HEADER]


def amend(study: Path, *rows: list[str]) -> Path:
    write_rows(study / SHEET, [HEADER, *rows])
    return study


def call(**cells: str) -> list[str]:
    return row("call", **({"target": TARGET, "sample_id": SAMPLE, "call": "negative"} | cells))


def results(study: Path) -> dict[str, bytes]:
    return {name: data for name, data in tree(study / "results").items() if name != "rdml"}


def by(rows: list[dict[str, str]], *key: str) -> dict[tuple[str, ...], dict[str, str]]:
    return {tuple(row[name] for name in key): row for row in rows}


def calls_of(study: Path) -> dict[tuple[str, ...], dict[str, str]]:
    return by(table(study / "results/calls.tsv"), "run_id", "sample_id")


def status_of(study: Path) -> dict[tuple[str, ...], dict[str, str]]:
    return by(table(study / "results/status.tsv"), "patient_id", "timepoint")


def plain(row: dict[str, str]) -> dict[str, str]:
    """A row without what only an amended study says."""
    kept = {name: value for name, value in row.items() if not BESIDE.fullmatch(name)}
    return kept | {"flags": re.sub(r"(^|;)amended$", "", kept.get("flags", ""))}


@pytest.fixture
def repeated(study: Path) -> Path:
    """The first run again, ten days later and without a signal of the sample: it supersedes."""
    for folder, ending in (("data", "csv"), ("config/layouts", "tsv")):
        text = (study / f"{folder}/{RUN}.{ending}").read_text()
        for cq in ("32.080", "32.230", "32.350"):
            text = text.replace(cq, "Undetermined")
        (study / f"{folder}/{AGAIN}.{ending}").write_text(text)
    again = [
        AGAIN,
        f"data/{AGAIN}.csv",
        f"config/layouts/{AGAIN}.tsv",
        "",
        "2015-01-15",
        "",
        "",
        "",
    ]
    change(study / "config/runs.tsv", lambda rows: [*rows, again])
    return study


# ---------------------------------------------------------------------------- what it does


def test_init_makes_an_empty_sheet(tmp_path: Path) -> None:
    assert mrdq("init", tmp_path / "new").code == 0
    assert read_rows(tmp_path / "new" / SHEET) == [HEADER]
    assert "amendments: config/amendments.tsv" in (tmp_path / "new/config/config.yaml").read_text()
    assert "- `well`: the well; omit only" in (tmp_path / "new/README.md").read_text()
    assert mrdq("check", tmp_path / "new").code == 0


def test_an_empty_sheet_is_as_good_as_none(study: Path, tmp_path: Path) -> None:
    accepted(study)
    none = results(study)
    empty = amend(copy(study, tmp_path / "empty"))
    accepted(empty)
    assert results(empty) == none
    wells = pd.read_parquet(study / "results/wells.parquet")
    assert not {"amendment", "automatic_cq", "automatic_cq_state"} & set(wells)
    for found in (calls_of(study), status_of(study)):
        for one in found.values():
            assert (one["amended"], one["amendment"], one["amendments_hash"]) == ("false", "", "")
    assert b"Amendments" not in none["report/index.html"]


def test_the_sheet_may_have_another_place(study: Path) -> None:
    amend(study, call())
    (study / SHEET).rename(study / "config/changes.tsv")
    set_key(study, "amendments", "config/changes.tsv")
    accepted(study)
    assert status_of(study)[PATIENT, "post-A1"]["status"] == "negative"


def test_wells_that_are_left_out(study: Path) -> None:
    """The standards at 1e-4: two of eight wells, and the range ends above them."""
    rows = [row(target=TARGET, well="A7"), row(target=TARGET, well="a08", why="also a bubble")]
    amend(study, *rows)
    accepted(study)
    wells = pd.read_parquet(study / "results/wells.parquet")
    left_out = wells[wells["amendment"] != ""].set_index("well")
    assert list(left_out.index) == ["A7", "A8"]
    assert list(left_out["cq_state"]) == ["omitted"] * 2
    assert left_out["cq"].isna().all()
    assert left_out["automatic_cq"].round(3).tolist() == [35.5, 35.7]
    assert list(left_out["automatic_cq_state"]) == ["determined"] * 2
    assert left_out["amendment"]["A8"] == "row 3: operator A 2024-03-01: also a bubble"
    assert list(wells)[-3:] == ["automatic_cq", "automatic_cq_state", "amendment"]
    found = calls_of(study)[RUN, SAMPLE]
    assert (found["amended"], found["call"], found["automatic_call"]) == ("true", "positive_not_quantifiable", "positive_quantifiable")  # fmt: skip
    assert float(found["quantitative_range"]) == pytest.approx(10 * float(found["automatic_quantitative_range"]))  # fmt: skip
    assert found["amendment"] == f"row 2: operator A 2024-03-01: {WHY} | row 3: operator A 2024-03-01: also a bubble"  # fmt: skip
    assert calls_of(study)[OTHER_RUN, OTHER_SAMPLE]["amended"] == "false"
    status = status_of(study)
    assert {key for key, one in status.items() if one["amended"] == "true"} == {
        (PATIENT, "post-A1"), (PATIENT, "post-C1"),
    }  # fmt: skip
    assert "amended" in status[PATIENT, "post-A1"]["flags"].split(";")


def test_a_persons_call_and_all_that_follows_it(study: Path) -> None:
    amend(study, call())
    accepted(study)
    found = calls_of(study)[RUN, SAMPLE]
    assert [found[n] for n in ("call", "automatic_call", "amended_call")] == ["positive_quantifiable"] * 2 + ["negative"]  # fmt: skip
    status = status_of(study)[PATIENT, "post-A1"]
    assert (status["status"], status["mrd_level"], status["reasons"]) == ("negative", "", "")
    assert (status["response"], status["automatic_response"]) == ("intermediate", "failure")
    assert status["automatic_status"] == "positive_quantifiable"
    assert float(status["automatic_mrd_level"]) == float(found["mrd_level"]) > 1e-4
    survival = table(study / "results/survival.tsv")[0]
    assert (survival["patient_id"], survival["mrd_post-A1"]) == (PATIENT, "negative")
    assert survival["mrd_level_post-A1"] == ""
    assert survival["mrd_high_post-A1"] == status["sensitivity"]
    page = (study / "results/report/index.html").read_text()
    dots = re.findall(rf"<title>{SAMPLE}</title><circle [^>]*fill=\"(#\w+)\"", page)
    assert dots == ["#4d4d4d"] * 3  # the colour of a negative


@pytest.mark.parametrize("retract", [AGAIN, RUN])
def test_a_retracted_run_is_as_good_as_none(repeated: Path, tmp_path: Path, retract: str) -> None:
    without = copy(repeated, tmp_path / "without")
    change(without / "config/runs.tsv", lambda rows: [r for r in rows if r[0] != retract])
    accepted(without)
    before = copy(repeated, tmp_path / "before")
    accepted(before)
    amend(repeated, row(run_id=retract))
    accepted(repeated)
    status, as_it_was = status_of(repeated), status_of(before)
    assert {k: plain(v) for k, v in status.items()} == {k: plain(v) for k, v in status_of(without).items()}  # fmt: skip
    for key, one in status.items():
        for name in ("status", "mrd_level", "response", "next_step"):
            assert one[f"automatic_{name}"] == as_it_was[key][name]
    calls, alone = calls_of(repeated), calls_of(without)
    assert {key: plain(calls[key]) for key in alone} == {key: plain(one) for key, one in alone.items()}  # fmt: skip
    assert {one["retracted"] for key, one in calls.items() if key not in alone} == {"true"}
    changed = status[PATIENT, "post-A1"]
    assert changed["amended"] == "true"
    assert changed["automatic_status"] == "negative"
    assert changed["status"] == ("positive_quantifiable" if retract == AGAIN else "negative")
    assert "discordant_runs" not in changed["flags"]
    assert "discordant_runs" in as_it_was[PATIENT, "post-A1"]["flags"]


def test_left_out_by_a_person_or_excluded_in_the_layout(study: Path, tmp_path: Path) -> None:
    layout = f"config/layouts/{RUN}.tsv"
    excluded = copy(study, tmp_path / "excluded")
    place = next(n for n, cells in enumerate(read_rows(excluded / layout), 1) if cells[0] == "B4")
    set_cell(excluded / layout, place, "exclude", WHY)
    accepted(excluded)
    amend(study, row(well="B4"))
    accepted(study)
    for name in ("curves.tsv", "standards.tsv", "evidence.tsv", "survival.tsv", "adtte.tsv"):
        ours, theirs = (folder / "results" / name for folder in (study, excluded))
        assert ours.read_bytes() == theirs.read_bytes()
    for ours, theirs in ((calls_of(study), calls_of(excluded)), (status_of(study), status_of(excluded))):  # fmt: skip
        assert {k: plain(v) for k, v in ours.items()} == {k: plain(v) for k, v in theirs.items()}
    assert calls_of(study)[RUN, SAMPLE]["call"] == "not_evaluable"


def test_the_sheet_has_an_order_and_extra_columns(study: Path) -> None:
    amend(study, row(well="A7"), call(run_id=OTHER_RUN, target=OTHER, sample_id=OTHER_SAMPLE, call="not_evaluable"))  # fmt: skip
    set_cell(study / SHEET, 3, "reviewed_by", "operator B")
    accepted(study)
    assert calls_of(study)[OTHER_RUN, OTHER_SAMPLE]["amendment"].startswith("row 3: ")
    assert "note: kept, not used: config/amendments.tsv: reviewed_by" in mrdq("check", study).err


# ---------------------------------------------------------------------------- step by step


def step_by_step(study: Path) -> None:
    """As the workflow does it, in batches."""
    for batch in load_plan(study).batches:
        assert mrdq("ingest", study, "--batch", batch).code == 0
    for verb in (("ingest", study, "--gather"), ("call", study), ("status", study), ("report", study)):  # fmt: skip
        outcome = mrdq(*verb)
        assert outcome.code == 0, outcome.err


def test_in_batches_as_in_one_go(repeated: Path, tmp_path: Path) -> None:
    set_key(repeated, "runs_per_job", "1")
    amend(repeated, row(run_id=AGAIN), row(target=TARGET, well="A7"), call(call="negative"))
    other = copy(repeated, tmp_path / "other")
    accepted(repeated)
    step_by_step(other)
    assert results(other) == results(repeated)
    assert mrdq("ingest", other).code == 0
    assert results(other) == results(repeated)
    batches = (other / ".mrdq/batches").rglob("wells.parquet")
    assert all("amendment" not in pd.read_parquet(path) for path in batches)


def test_what_is_made_again_when_the_sheet_changes(study: Path) -> None:
    accepted(study)
    step_by_step(study)
    before = load_plan(study).fingerprints
    amend(study, row(well="A7"))
    after = load_plan(study).fingerprints
    assert {name for name in before if before[name] != after[name]} == {"gather", "call", "status", "report"}  # fmt: skip
    set_cell(study / SHEET, 2, "why", "another reason")
    again = load_plan(study).fingerprints
    assert {name for name in before if after[name] != again[name]} == {"gather", "call", "status", "report"}  # fmt: skip


def test_a_run_that_cannot_be_read_stops_no_other(study: Path) -> None:
    """What is amended of it meets nothing, which is no fault of the sheet."""
    amend(study, row(run_id=OTHER_RUN), call())
    (study / f"data/{OTHER_RUN}.csv").unlink()
    step_by_step(study)
    assert status_of(study)[PATIENT, "post-A1"]["status"] == "negative"
    assert mrdq("gate", study).code == 2


# ---------------------------------------------------------------------------- where it is shown


def test_explain_says_it_first(study: Path) -> None:
    amend(study, row(well="A7"), row(well="B1", sample_id=""), call())
    accepted(study)
    said = mrdq("explain", study, "--run", RUN, "--target", TARGET, "--sample", SAMPLE).out
    lines = said.splitlines()
    assert lines[0] == "AMENDED: the call is a person's"
    assert re.fullmatch(r" +automatic: positive_quantifiable, level 0\.001\d+", lines[1])
    assert lines[2] == "   amended: negative"
    assert lines[3:8] == [
        f"   row 2: operator A 2024-03-01: {WHY}",
        f"      left out of {TARGET} in run {RUN}: A7 Cq 35.5",
        f"   row 3: operator A 2024-03-01: {WHY}",
        f"      left out of {TARGET} in run {RUN}: B1 Cq 40.4",
        f"   row 4: operator A 2024-03-01: {WHY}",
    ]
    assert "call by the engine: " in said
    assert "A7 omitted by amendment (was Cq 35.5)" in said
    other = mrdq("explain", study, "--run", OTHER_RUN, "--target", OTHER, "--sample", OTHER_SAMPLE)
    assert "amend" not in other.out.lower()


def test_explain_of_a_retracted_run(repeated: Path) -> None:
    amend(repeated, row(run_id=AGAIN))
    accepted(repeated)
    said = mrdq("explain", repeated, "--run", AGAIN, "--target", TARGET, "--sample", SAMPLE).out
    assert said.startswith("AMENDED: by what was left out\n   automatic: negative\n   amended: nothing of this run")  # fmt: skip
    assert "B4 undetermined" in said
    kept = mrdq("explain", repeated, "--run", RUN, "--target", TARGET, "--sample", SAMPLE).out
    assert "automatic: positive_quantifiable, level" in kept
    assert "(superseded by a later run)\n   amended: positive_quantifiable, level" in kept


def test_the_page_shows_both(repeated: Path) -> None:
    amend(repeated, row(run_id=AGAIN), row(target=TARGET, well="A7", why="<b>bubble"),
          call(run_id=OTHER_RUN, target=OTHER, sample_id=OTHER_SAMPLE, call="not_evaluable", who="analyst"))  # fmt: skip
    accepted(repeated)
    page = (repeated / "results/report/index.html").read_text()
    assert "3 of 4 statuses rest on what a person left out or\nchanged" in page
    assert "<b>bubble" not in page
    told = re.sub(
        r"<[^>]+>", " ", page[page.index('<h2 id="amendments">') : page.index("<h2>Curves")]
    )
    told = " ".join(told.split())
    assert f"run {AGAIN} retracted" in told
    assert f"left out of run {RUN}: target {TARGET}, well A7 &lt;b&gt;bubble A7 {TARGET} standard 35.5" in told  # fmt: skip
    assert f"{SAMPLE}, {TARGET}, run {AGAIN}: negative (sensitivity 1.15e‑4) → retracted" in told
    assert f"{OTHER_SAMPLE}, {OTHER}, run {OTHER_RUN}: negative (sensitivity 1.15e‑4) → not evaluable" in told  # fmt: skip
    assert f"{PATIENT} post-A1: negative; response intermediate; next step: continue → positive, not quantifiable" in told  # fmt: skip
    patients = page[page.index("<h2>Patients") : page.index('<h2 id="amendments">')]
    assert '<span class="automatic">negative (sensitivity 1.15e‑4)</span>' in patients
    assert "retracted: counts nowhere" in patients
    assert f"row 4: analyst 2024-03-01: {WHY}; on these wells the engine says: negative" in patients
    statuses = page[page.index("<h2>Status") : page.index("<h2>Patients")]
    assert statuses.count('<span class="automatic">') == 3
    assert "not evaluable <small>(by amendment)</small>" in statuses


def section(page: str, start: str, end: str) -> str:
    """The text between two headings, without tags."""
    return " ".join(re.sub(r"<[^>]+>", " ", page[page.index(start) : page.index(end)]).split())


def test_the_page_marks_what_a_person_changed_of_response_and_next_step(study: Path) -> None:
    amend(study, call(), call(sample_id="SIM-000001-C1", call="not_evaluable"))
    accepted(study)
    status = status_of(study)[PATIENT, "post-C1"]
    page = (study / "results/report/index.html").read_text()
    told = section(page, '<h2 id="amendments">', "<h2>Curves")
    step = f"next step changed by a person: {status['automatic_next_step']} → {status['next_step']}"
    assert status["automatic_next_step"] != status["next_step"]
    assert f"{step} response changed by a person: " in told
    assert f"response changed by a person: failure → intermediate {PATIENT} post-A1: positive, quantifiable" in told  # fmt: skip
    assert page.count('<div class="changed">') == 3


def test_a_person_who_agrees_changed_nothing(study: Path) -> None:
    amend(study, call(call="positive_quantifiable"))
    accepted(study)
    page = (study / "results/report/index.html").read_text()
    assert "automatic → amended" in page
    assert "changed by a person" not in page


def test_the_page_of_a_retracted_run(repeated: Path) -> None:
    """A retraction is no curve that failed; its wells are counted; the run before it counts again."""
    amend(repeated, row(run_id=AGAIN), row(target=TARGET, well="A7"))
    accepted(repeated)
    page = (repeated / "results/report/index.html").read_text()
    told = section(page, '<h2 id="amendments">', "<h2>Curves")
    wells = pd.read_parquet(repeated / "results/wells.parquet")
    used = wells[(wells["run_id"] == AGAIN) & ~wells["role"].isin(["", "empty"])]
    assert f"<summary>{len(used)} wells</summary>" in page
    assert "superseded → counts" in told
    curves = section(page, "<h2>Curves", "<h2>Flags").partition(f"{AGAIN} {TARGET} ")[2]
    assert curves.startswith("retracted 0 ")
    assert curves.partition(" SIM-")[0].endswith("retracted")
    assert "no wells" not in curves
    runs = section(page, "<h2>Runs", "<h3>How the exports")
    assert re.search(rf"{AGAIN} data/\S+ .* retracted", runs)
    assert runs.count("retracted") == 1


def test_a_seal_that_does_not_hold_looks_like_a_warning(study: Path) -> None:
    accepted(study)
    loaded = load_study(study)
    lines = ("Results under seal: block 1, head abc.", "NOT under seal: results/calls.tsv",
             "release by operator A: VOID since block 3", "audit/signatures/1.json: BAD: <b>")  # fmt: skip
    page = write_page(loaded, Files(loaded.results), seal=lines)
    text = page.read_text()
    assert text.count('<p class="small seal">') == 1
    assert text.count('<p class="small seal notice" role="note">') == 3
    assert "BAD: &lt;b&gt;" in text
    assert b"seal: " not in without_seal(page)
    assert b"BAD: " not in without_seal(page)


def test_rdml_has_the_well_as_left_out(study: Path) -> None:
    amend(study, row(target=TARGET, well="A7"))
    accepted(study)
    assert mrdq("export", "rdml", study).code == 0
    (exported,) = study.rglob(f"{RUN}.rdml")
    export = read_export(exported.read_bytes(), exported.name)
    state = dict(zip(zip(export.well, export.target, strict=True), export.cq_state, strict=True))
    assert state["A7", TARGET] == "omitted"
    assert state["A8", TARGET] == "determined"


# ---------------------------------------------------------------------------- what is refused

WRONG = {
    "what": (row("omitt"), 'row 2, column what: found "omitt", expected one of omit, call'),
    "no what": (row(""), "row 2, column what: found nothing, expected omit: leaves wells out; call: changes one call"),
    "run": (row(run_id="SIM-000003"), 'row 2, column run_id: found "SIM-000003", expected a run_id of config/runs.tsv. Is SIM-00000'),
    "no run": (row(run_id=""), "row 2, column run_id: found nothing, expected the run. Fill the cell."),
    "target": (row(target="XYZ"), 'row 2, column target: found "XYZ", expected a target of config/assays.tsv. Mend the cell.'),
    "well": (row(well="Q77"), 'row 2, column well: found "Q77", expected a well from A1 to AF48'),
    "sample": (row(sample_id="XYZ"), 'row 2, column sample_id: found "XYZ", expected a sample_id of config/samples.tsv'),
    "no well": (row(well="H12"), f'row 2, column well: found "run {RUN}, well H12", expected at least one well that the run holds'),
    "not the well": (row(target="ALB", well="A7"), f'row 2, column well: found "run {RUN}, target ALB, well A7", expected at least one'),
    "not the sample": (row(sample_id=OTHER_SAMPLE), 'row 2, column sample_id: found "run SIM-000001, sample_id SIM-000002-A1", expected'),
    "not the target": (row(target=OTHER), f'row 2, column target: found "run {RUN}, target {OTHER}", expected at least one well'),
    "who": (row(who=""), "row 2, column who: found nothing, expected who amended it. Fill the cell."),
    "when": (row(when=""), "row 2, column when: found nothing, expected when: a date, or date and time. Fill the cell."),
    "no date": (row(when="1.3.2024"), 'row 2, column when: found "1.3.2024", expected a date as YYYY-MM-DD, or with the time as'),
    "why": (row(why=""), "row 2, column why: found nothing, expected why. Fill the cell."),
    "call of an omission": (row(call="negative"), 'row 2, column call: found "negative", expected no call where what is omit'),
    "well of a call": (call(well="B4"), 'row 2, column well: found "B4", expected no well where what is call'),
    "call without target": (call(target=""), "row 2, column target: found nothing, expected the target of the call that is changed"),
    "call without sample": (call(sample_id=""), "row 2, column sample_id: found nothing, expected the sample_id of the call"),
    "call without call": (call(call=""), "row 2, column call: found nothing, expected the call of the call that is changed"),
    "unknown call": (call(call="positive"), 'row 2, column call: found "positive", expected a call of euromrd-2007-therapy-reduction ('),
    "other rule set": (call(call="low_positive_below_range"), "A call is never translated between rule sets: call the sample again."),
    "not done": (call(call="not_done"), 'row 2, column call: found "not_done", expected a call of euromrd-2007-therapy-reduction'),
    "control gene": (call(target="ALB"), 'row 2, column target: found "ALB", expected a target of kind mrd, which has calls'),
    "no such call": (call(sample_id=OTHER_SAMPLE), f'row 2, column sample_id: found "{OTHER_SAMPLE}", expected a sample that has a call for {TARGET} in run {RUN}. The run holds for {TARGET}: SIM-000001-A1, SIM-000001-C1.'),
    "no level": (call(run_id=OTHER_RUN, target=OTHER, sample_id=OTHER_SAMPLE, call="positive_quantifiable"), 'row 2, column call: found "positive_quantifiable", expected a call that needs no level. No level was computed'),
}  # fmt: skip


def problems_of(study: Path) -> list[str]:
    """What ``mrdq check`` would refuse, without its command line."""
    try:
        found = pipeline.check(load_study(study)).problems.errors
    except MrdqError as error:
        found = error.problems
    return [f"error: {problem}" for problem in found]


@pytest.mark.parametrize("name", WRONG)
def test_a_row_that_is_wrong(study: Path, name: str) -> None:
    cells, expected = WRONG[name]
    (problem,) = problems_of(amend(study, cells))
    assert problem.startswith(f"error: {SHEET}, row 2, column ")
    assert expected in problem


@pytest.mark.parametrize("name", ["well", "no well", "no such call", "no level"])
def test_nothing_is_written_where_a_row_is_wrong(study: Path, name: str) -> None:
    """Known from the sheets, from the wells, and from the levels: ``check`` and ``run`` both refuse."""
    cells, expected = WRONG[name]
    assert expected in refused(amend(study, cells)).problems[0]


def test_two_calls_for_one_sample(study: Path) -> None:
    (problem,) = problems_of(amend(study, call(), call(call="not_evaluable")))
    assert 'row 3, column call: found "not_evaluable", expected one call for a sample (negative in row 2)' in problem  # fmt: skip


def test_a_call_in_a_retracted_run(study: Path) -> None:
    (problem,) = problems_of(amend(study, call(), row()))
    assert f'row 2, column run_id: found "{RUN}", expected a run that is not retracted (it is, in row 3)' in problem  # fmt: skip


def test_all_at_once_with_those_of_the_other_sheets(study: Path) -> None:
    set_cell(study / "config/samples.tsv", 2, "collected_on", "yesterday")
    outcome = refused(amend(study, row(well="Q77"), row(who="", why=""), call(call="positive")))
    assert len(outcome.problems) == 5


@pytest.mark.parametrize("lacking", ["target", "well", "sample_id"])
def test_a_misspelt_column_cannot_widen_an_omission(study: Path, lacking: str) -> None:
    """Without it the row would leave out the whole run, without a word."""
    amend(study, row())
    change(study / SHEET, lambda rows: [[f"the {name}" if name == lacking else name for name in rows[0]], *rows[1:]])  # fmt: skip
    problems = problems_of(study)
    assert any(f"column {lacking}: found \"other columns: the {lacking}\", expected the column {lacking}. Add the column" in p for p in problems)  # fmt: skip


def test_columns_that_nothing_needs_may_be_left_out(study: Path) -> None:
    write_rows(study / SHEET, [["what", "run_id", "who", "when", "why"], ["omit", RUN, "A", "2024-03-01", "x"]])  # fmt: skip
    accepted(study)
    assert status_of(study)[PATIENT, "post-A1"]["status"] == "not_done"


@pytest.mark.parametrize("column", ["what", "run_id", "who", "when", "why"])
def test_a_required_column_is_not_there(study: Path, column: str) -> None:
    at = HEADER.index(column)
    amend(study, row())
    change(study / SHEET, lambda rows: [[*cells[:at], *cells[at + 1 :]] for cells in rows])
    problems = problems_of(study)
    assert any(f"expected a column {column}" in problem for problem in problems)


def test_a_sheet_that_is_named_and_not_there(study: Path) -> None:
    set_key(study, "amendments", "config/lost.tsv")
    (problem,) = refused(study).problems
    assert problem.startswith("error: config/lost.tsv: ")
    set_key(study, "amendments", "../outside.tsv")
    assert 'column amendments: found "../outside.tsv"' in refused(study).problems[0]


def test_a_link_to_nowhere_is_no_empty_sheet(study: Path) -> None:
    (study / SHEET).symlink_to("gone.tsv")
    assert refused(study).problems[0].startswith(f"error: {SHEET}")


@pytest.mark.parametrize(
    ("rows", "warning"),
    [
        ([row(well="A7"), row(well="A7")], f'{SHEET}, row 3, column what: found "omit", expected every amendment once (it is also in row 2)'),
        ([row(well="A7", when="2999-01-01")], f'{SHEET}, row 2, column when: found "2999-01-01", expected a date up to today'),
    ],
)  # fmt: skip
def test_what_is_only_doubtful(study: Path, rows: list[list[str]], warning: str) -> None:
    amend(study, *rows)
    assert any(warning in told for told in mrdq("check", study).warnings)
    assert any(warning in told for told in accepted(study).warnings)


def test_wells_that_are_left_out_already(study: Path) -> None:
    set_cell(study / f"config/layouts/{RUN}.tsv", 2, "exclude", "spilled")
    accepted(study)
    before = calls_of(study)
    amend(study, row(well="A1"))
    warnings = accepted(study).warnings
    assert any(f'{SHEET}, row 2, column run_id: found "run {RUN}, well A1", expected wells that count' in told for told in warnings)  # fmt: skip
    strip: Callable[[dict[str, str]], dict[str, str]] = lambda one: one | {"amendments_hash": ""}  # noqa: E731
    assert {k: strip(v) for k, v in calls_of(study).items()} == before


@pytest.mark.parametrize("name", ["amendments.csv", "Amendments.xlsx", "amendment.tsv"])
def test_a_sheet_that_nobody_reads_is_told(study: Path, name: str) -> None:
    (study / "config" / name).write_text("what\n")
    warnings = accepted(study).warnings
    assert any(f"config/{name}: " in told and "Nothing in it counts" in told for told in warnings)


def test_a_changed_sheet_makes_results_stale(study: Path) -> None:
    """The wells were amended by another sheet, and the calls and statuses made with it."""
    amend(study, row(well="A7"))
    accepted(study)
    amend(study, row(well="A8"))
    explained = ("explain", study, "--run", RUN, "--target", TARGET, "--sample", SAMPLE)
    for verb in (("call", study), ("status", study), ("report", study), explained):
        outcome = mrdq(*verb)
        assert outcome.code == 2
        assert "run the study again" in outcome.problems[0]
    (study / SHEET).unlink()
    assert mrdq(*explained).code == 2
    assert mrdq("call", study).code == 2
    accepted(study)
    assert mrdq(*explained).code == 0


def test_wells_of_before_are_refused_where_the_sheet_is_put_back(study: Path) -> None:
    amend(study, row(well="A7"))
    accepted(study)
    (study / SHEET).rename(study / "aside")
    assert mrdq("ingest", study).code == 0
    (study / "aside").rename(study / SHEET)
    explained = ("explain", study, "--run", RUN, "--target", TARGET, "--sample", SAMPLE)
    for verb in (("call", study), ("report", study), explained):
        assert "wells as the amendments sheet leaves them out now" in mrdq(*verb).problems[0]


def test_a_persons_call_holds_for_its_rule_set(study: Path) -> None:
    amend(study, call(call="positive_not_quantifiable"))
    accepted(study)
    outcome = mrdq("run", study, "--guideline", "euromrd-2024", "--results", study / "other")
    assert outcome.code == 2
    assert "expected a call of euromrd-2024" in outcome.problems[0]


@pytest.mark.parametrize(
    ("cells", "told"),
    [({"sample_id": OTHER_SAMPLE}, "a sample that has a call"),
     ({"sample_id": "SIM-000001-C1", "call": "positive_quantifiable"}, "a call that needs no level")],
)  # fmt: skip
def test_a_call_that_is_newer_than_the_wells(study: Path, cells: dict[str, str], told: str) -> None:
    """No wells are left out, so the wells of before still are those; the call is checked all the same."""
    accepted(study)
    before = results(study)
    amend(study, call(**cells))
    outcome = mrdq("call", study)
    assert outcome.code == 2
    assert told in outcome.problems[0]
    assert results(study) == before


@pytest.mark.parametrize("named", ["automatic_cq", "automatic_cq_state", "amendment"])
def test_a_layout_may_have_a_column_of_our_names(study: Path, named: str) -> None:
    set_cell(study / LAYOUT, 2, named, "as the laboratory means it")
    accepted(study)
    outcome = mrdq("explain", study, "--run", RUN, "--target", TARGET, "--sample", SAMPLE)
    assert outcome.code == 0
    assert "by amendment" not in outcome.out
    assert f"layout.{named}" in pd.read_parquet(study / "results/wells.parquet")


def told(study: Path) -> list[list[dict[str, str]]]:
    """The rows that records of amendments tell, in the order of the jobs."""
    records = read_trail(study).in_order
    return [one.content["parameters"]["rows"] for one in records if one.content["action"] == "amend"]  # fmt: skip


def test_each_state_of_the_sheet_is_told_once(study: Path) -> None:
    """Also where another job has brought the sheet under seal before, and where it is put back."""
    accepted(study)
    first = amend(study, call()) / SHEET
    assert mrdq("export", "rdml", study).code == 0
    assert told(study) == []
    for verb in ("run", "call", "status", "run"):
        assert mrdq(verb, study).code == 0
    assert [rows[0]["call"] for rows in told(study)] == ["negative"]
    before = first.read_bytes()
    amend(study, call(call="not_evaluable"))
    assert mrdq("call", study).code == 0
    first.write_bytes(before)
    accepted(study)
    assert [rows[0]["call"] for rows in told(study)] == ["negative", "not_evaluable", "negative"]


def test_paths_may_begin_with_a_dot(study: Path) -> None:
    """The trail has one name for a file, whatever the sheets write."""
    amend(study, call())
    set_key(study, "amendments", f"./{SHEET}")
    set_cell(study / "config/runs.tsv", 2, "layout", f"./{LAYOUT}")
    accepted(study)
    assert len(told(study)) == 1
    assert {SHEET, LAYOUT} <= set(read_chain(study).blocks[0].content["kept"])
