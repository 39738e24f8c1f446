"""``mrdq audit verify``, ``show`` and ``trace`` on a real study: SIMULATED runs, two of them sealed twice."""

from __future__ import annotations

import csv
import hashlib
import json
import random
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import pandas as pd
import pytest
from small_study import LAYOUT, RUN, SAMPLE, TARGET, accepted, copy, mrdq, set_cell, table
from tiny import PATIENTS, RUNS, write_tiny

from mrdq.audit.chain import read_chain
from mrdq.audit.job import recorded
from mrdq.audit.reading import read_trail
from mrdq.audit.seal import seal
from mrdq.audit.site import Site, here
from mrdq.audit.trail import Trail, names
from mrdq.audit.verify import verify

PATIENT, OTHER = PATIENTS[:2]
POSITIVE, NEGATIVE = "post-A1", "post-C1"


def silence(study: Path) -> None:
    """The instrument's file is replaced by one in which the patient's sample shows nothing."""
    path = study / f"data/{RUN}.csv"
    rows = list(csv.reader(path.read_text(encoding="utf-8").splitlines()))
    for row in rows[1:]:
        if row[1] == TARGET and row[3] == SAMPLE:
            row[2] = "Undetermined"
    path.write_text("".join(",".join(row) + "\n" for row in rows), encoding="utf-8")


@pytest.fixture(scope="module", autouse=True)
def _no_waiting_for_the_disk() -> Iterator[None]:
    """Nothing here asks what outlives a power cut."""
    with mock.patch("os.fsync"):
        yield


@pytest.fixture(scope="module")
def master(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Blocks 1 and 2: operator A; 3 and 4: operator B, after the first run's file was replaced."""
    study = tmp_path_factory.mktemp("audit") / "study"
    write_tiny(study)
    for operator in ("operator A", "operator B"):
        outcome = mrdq("run", study, "--operator", operator)
        assert outcome.code == 0, outcome.err
        if operator == "operator A":
            silence(study)
    return study


@pytest.fixture
def sealed(master: Path, tmp_path: Path) -> Path:
    return copy(master, tmp_path / "study")


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def head(study: Path) -> str:
    return read_chain(study).head.hash


def record_name(study: Path, action: str, place: int = -1) -> str:
    """The name of a record, in the order in which the jobs ended."""
    return [one.name for one in read_trail(study).in_order if one.action == action][place]


def time_of(study: Path, number: int) -> str:
    return read_chain(study).blocks[number - 1].sealed


# verify


def test_verify_says_that_nothing_differs(sealed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(sealed)
    outcome = mrdq("audit", "verify")
    assert (outcome.code, outcome.err) == (0, "")
    assert (
        outcome.out
        == f"no difference in 4 blocks, 4 records, 21 files; block 4, head {head(sealed)}\n"
    )


def test_verify_tells_every_difference_and_ends_with_3(sealed: Path) -> None:
    anchor = head(sealed)
    set_cell(sealed / "results/calls.tsv", 2, "call", "positive_quantifiable")
    (sealed / "results/x.tsv").touch()
    outcome = mrdq("audit", "verify", sealed, "--head", anchor[:12])
    assert outcome.code == 3
    first, second, last = outcome.out.splitlines()
    assert first.startswith(
        f"results/calls.tsv changed after block 3 of {time_of(sealed, 3)}: 1 row differs: run {RUN} target {TARGET} "
        f"sample {SAMPLE}: call negative → positive_quantifiable ("
    )
    assert second == "results/x.tsv stands in no record"
    assert last == f"2 differences in 4 blocks, 4 records, 21 files; block 4, head {anchor}"
    assert (
        outcome.err
        == f"note: head {anchor[:12]} is that of block 4 of {time_of(sealed, 4)}, the last\n"
    )


def test_verify_refuses_what_is_no_study_and_no_head(sealed: Path, tmp_path: Path) -> None:
    (problem,) = mrdq("audit", "verify", tmp_path).problems
    assert problem == (
        f"error: {tmp_path / 'audit'}: found nothing, expected an audit trail. Run the study (mrdq run): its trail "
        "begins with the first run. If there was one, put audit/ back from a copy."
    )
    outcome = mrdq("audit", "verify", sealed, "--head", "block 4")
    assert outcome.code == 2
    assert outcome.problems == [
        'error: --head: found "block 4", expected 12 to 64 hexadecimal digits. Copy the head as mrdq run printed it.'
    ]


def test_the_trail_outlives_the_results_and_knows_them_when_they_are_made_again(
    sealed: Path,
) -> None:
    before = sha256(sealed / "results/calls.tsv")
    shutil.rmtree(sealed / "results")
    outcome = mrdq("audit", "verify", sealed)
    assert outcome.code == 3
    assert outcome.out.splitlines()[0].startswith("results/ is missing after block ")
    accepted(sealed)
    assert mrdq("audit", "verify", sealed).code == 0
    assert sha256(sealed / "results/calls.tsv") == before


def test_a_study_that_was_moved_is_what_it_was(sealed: Path, tmp_path: Path) -> None:
    moved = sealed.rename(tmp_path / "another name")
    assert mrdq("audit", "verify", moved, "--head", head(moved)).code == 0


def test_the_stages_one_by_one_and_other_results_verify_clean(sealed: Path) -> None:
    set_cell(sealed / "config/runs.tsv", 2, "lot", "L2")
    for verb in ("ingest", "call", "status", "report"):
        outcome = mrdq(verb, sealed)
        assert outcome.code == 0, outcome.err
        assert verify(sealed).differences == (), verb
    accepted(sealed)
    aside = (
        "--guideline",
        "euromrd-2007-therapy-intensification",
        "--results",
        sealed / "results-other",
    )
    assert mrdq("run", sealed, *aside).code == 0
    assert verify(sealed).differences == ()
    (sealed / "results-other/x").touch()
    assert verify(sealed).differences == ("results-other/x stands in no record",)


# Damage to a file of every kind.


@pytest.fixture(scope="module")
def signed(master: Path, tmp_path_factory: pytest.TempPathFactory, ssh_keygen: str) -> Path:
    folder = tmp_path_factory.mktemp("signed")
    study, key = copy(master, folder / "study"), folder / "key"
    subprocess.run([ssh_keygen, "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    outcome = mrdq("audit", "sign", study, "--key", key, "--as", "operator A")
    assert outcome.code == 0, outcome.err
    return study


def of_every_kind(study: Path) -> list[Path]:
    """Every file that the head speaks of, and those that it is made of."""
    chain = read_chain(study)
    blocks, records = Trail(study).blocks, Trail(study).records
    return [
        *(study / path for path in sorted(chain.files)),
        *(blocks / name for name in names(blocks)),
        *(records / name for name in names(records)),
    ]


def damaged(data: bytes, chance: random.Random) -> Iterator[bytes]:
    for place in (0, chance.randrange(len(data))):
        yield data[:place] + bytes([data[place] ^ (1 << chance.randrange(8))]) + data[place + 1 :]
    yield data[: chance.randrange(len(data))]


def test_damage_to_any_file_under_seal_is_told(signed: Path) -> None:
    anchor, chance = head(signed), random.Random(5)
    assert verify(signed, anchor).differences == ()
    files = of_every_kind(signed)
    seen = {path.suffix for path in files}
    assert seen == {".yaml", ".tsv", ".csv", ".parquet", ".html", ".json", ".zip", ".sig"}
    for path in files:
        data = path.read_bytes()
        for changed in damaged(data, chance):
            path.write_bytes(changed)
            assert verify(signed, anchor).differences, (path, changed)
        path.write_bytes(data)
    assert verify(signed, anchor).differences == ()


def test_verify_shows_the_signatures(signed: Path) -> None:
    outcome = mrdq("audit", "verify", signed)
    assert outcome.code == 0
    assert outcome.out.splitlines()[0].startswith("signed by operator A (reviewed) at ")


# show


def shown(study: Path, *words: object) -> list[dict[str, str]]:
    outcome = mrdq("audit", "show", study, "--tsv", *words)
    assert outcome.code == 0, outcome.err
    header, *lines = outcome.out.splitlines()
    return [dict(zip(header.split("\t"), line.split("\t"), strict=True)) for line in lines]


def test_show_tells_who_did_what(sealed: Path) -> None:
    change, lines = (
        [line for line in shown(sealed) if (line["action"] == "change") == is_change]
        for is_change in (True, False)
    )
    (export,) = change
    before, after = export["made"].removeprefix(f"data/{RUN}.csv: ").split(" → ")
    assert export["block"] == "3"
    assert len(before) == 12
    assert after == sha256(sealed / f"data/{RUN}.csv")[:12]
    contents = [
        json.loads((Trail(sealed).records / n).read_bytes()) for n in names(Trail(sealed).records)
    ]
    contents.sort(key=lambda content: content["ended"])
    assert [line["time"] for line in lines] == [content["started"] for content in contents]
    assert [line["action"] for line in lines] == ["run", "report", "run", "report"]
    assert [line["who"] for line in lines] == ["operator A"] * 2 + ["operator B"] * 2
    assert [line["block"] for line in lines] == ["1", "2", "3", "4"]
    assert {line["state"] for line in lines} == {"done"}
    assert {line["host"] for line in lines} == {here().host}
    assert lines[0]["runs"] == ";".join(RUNS[:2])
    assert lines[0]["made"] == ";".join(state["path"] for state in contents[0]["outputs"])
    assert lines[1]["made"] == "results/report/index.html"


def test_show_is_aligned_for_people(sealed: Path) -> None:
    lines = mrdq("audit", "show", sealed, "--action", "run").out.splitlines()
    assert lines[0].split() == ["time", "action", "state", "who", "host", "runs", "block", "made"]
    assert len({line.index("  ", line.index("oper")) for line in lines[1:]}) == 1
    assert lines[1].endswith("results/adtte.tsv, results/calls.tsv, results/curves.tsv, and 6 more")
    assert len({line.find("results/") for line in lines[1:]}) == 1
    assert lines[1].startswith(f"{shown(sealed)[0]['time'][:19]}Z  run     done   operator A")


@pytest.mark.parametrize(
    ("words", "blocks"),
    [
        (("--user", "operator A"), "12"), (("--user", here().user), "1234"), (("--block", "4"), "4"), (("--block", "3"), "33"), (("--action", "report"), "24"), (("--run", RUN), "1234"), (("--action", "change"), "3"),
        (("--since", "2020-01-01"), "12334"), (("--since", "2999-01-01"), ""), (("--until", "2020-01-01"), ""),
        (("--until", "2999-01-01"), "12334"), (("--action", "run", "--user", "operator B"), "3"),
    ],
)  # fmt: skip
def test_show_picks_the_jobs_asked_for(sealed: Path, words: tuple[str, ...], blocks: str) -> None:
    assert "".join(line["block"] for line in shown(sealed, *words)) == blocks


def test_show_picks_by_day_and_by_time(sealed: Path) -> None:
    times = [line["time"] for line in shown(sealed)]
    assert len(times) == 5
    assert [line["time"] for line in shown(sealed, "--since", times[2])] == times[2:]
    assert [line["time"] for line in shown(sealed, "--until", times[1])] == times[:2]
    assert len(shown(sealed, "--since", times[0][:10], "--until", times[3][:10])) == 5


def test_show_tells_what_changed_of_a_patient(sealed: Path) -> None:
    lines = shown(sealed, "--patient", PATIENT)
    made = [(line["block"], line["action"], line["made"]) for line in lines]
    assert [action for _, action, _ in made] == [
        "run",
        *["change"] * 4,
        "report",
        "run",
        *["change"] * 2,
        "report",
    ]
    new = f"results/status.tsv: patient {PATIENT} timepoint {POSITIVE}: the row is new, status positive_quantifiable"
    assert made[1] == ("1", "change", new)
    block, _, text = made[7]
    assert block == "3"
    assert text.startswith(
        f"results/status.tsv: patient {PATIENT} timepoint {POSITIVE}: status positive_quantifiable → negative, response failure"
    )
    assert made[8][2].startswith(
        f"results/calls.tsv: run {RUN} target {TARGET} sample {SAMPLE}: call positive_quantifiable → negative"
    )
    assert [line for line in shown(sealed, "--patient", OTHER) if line["block"] == "3"] == [
        lines[6]
    ]
    assert {
        line["action"] for line in shown(sealed, "--patient", PATIENT, "--action", "change")
    } == {"change"}
    assert {
        line["action"] for line in shown(sealed, "--patient", PATIENT, "--user", "operator B")
    } == {"run", "report"}


@pytest.mark.parametrize(
    "since", ["1.3.2024", "20240301", "2024-W09-5", "2024-03-01 12:00", "2024-03-01T12:00+09:00", "2024-02-30"]
)  # fmt: skip
def test_show_refuses_what_is_no_time(sealed: Path, since: str) -> None:
    """Other forms of ISO 8601 too: times are compared as text."""
    outcome = mrdq("audit", "show", sealed, "--since", since)
    assert (outcome.code, outcome.problems) == (
        2, [f'error: --since: found "{since}", expected a day as 2024-03-01, or a time as 2024-03-01T12:00']
    )  # fmt: skip


def test_show_refuses_an_unknown_patient(sealed: Path) -> None:
    """And a run, a user, an action, a block: a slip of the pen would look like an empty trail."""
    people = sorted({here().user, "operator A", "operator B"})
    for option, word, there in (
        ("--patient", "P9", PATIENTS[:2]), ("--run", "R9", RUNS[:2]), ("--user", "nobody", people),
        ("--action", "none", ["change", "report", "run"]), ("--block", "9", ["1", "2", "3", "4"]),
    ):  # fmt: skip
        outcome = mrdq("audit", "show", sealed, option, word)
        (problem,) = outcome.problems
        assert outcome.code == 2
        assert problem == (
            f'error: {option}: found "{word}", expected one of {", ".join(there)}. Mend {option}.'
        )
        assert outcome.err.endswith("\n1 problem.\n")


def test_show_tells_of_jobs_that_failed_are_open_or_damaged(sealed: Path) -> None:
    site = Site("elsewhere", "analyst")
    with pytest.raises(OSError, match="disk"), recorded(sealed, "call", site):
        raise OSError("disk")
    with recorded(sealed, "status", site):
        line = shown(sealed)[-1]
        assert (line["action"], line["state"], line["block"], line["who"]) == (
            "status",
            "not ended",
            "not sealed",
            "analyst",
        )
    assert [line["state"] for line in shown(sealed, "--user", "analyst")] == ["failed", "done"]
    name = record_name(sealed, "run", 0)
    (Trail(sealed).records / name).write_bytes(b"x")
    outcome = mrdq("audit", "show", sealed, "--since", "2999-01-01")
    assert outcome.err == (
        f"note: audit/records/{name} is left out: its bytes are not those it is named after\nno job is of this kind\n"
    )


def test_show_tells_what_jobs_say_and_what_changed_of_sheets(sealed: Path) -> None:
    set_cell(sealed / "config/runs.tsv", 2, "lot", "L2")
    row = {"run_id": RUN, "who": "operator A", "when": "2024-03-01", "why": "reagents out of date"}
    rows = [{**row, "what": what} for what in ("omit", "omit", "call")]
    with recorded(sealed, "amend", here(), {"rows": rows}) as job:
        job.reads("config/runs.tsv", keep=True)
    with recorded(sealed, "amend", here(), {"rows": []}):
        pass
    with recorded(sealed, "call", here(), {"guideline": "other"}) as job:
        job.notes.append("results/calls.tsv was changed")
    seal(sealed, here())
    amend, none, call, change = shown(sealed, "--block", "5")
    what = f"2 omissions, 1 changed call; who: operator A; {RUN}: reagents out of date"
    assert (amend["note"], none["note"]) == (what, "no amendment any more")
    assert call["note"] == "--guideline other; results/calls.tsv was changed"
    assert change["made"] == f"config/runs.tsv: run {RUN}: lot L1 → L2"
    text = mrdq("audit", "show", sealed, "--block", "5").out
    assert f"  {what}\n" in text
    assert "  --guideline other; results/calls.tsv was changed\n" in text


def test_show_leaves_hashes_of_tables_to_programs(sealed: Path) -> None:
    calls = sealed / "results/calls.tsv"
    set_cell(calls, 2, "guideline_hash", "0")
    set_cell(calls, 2, "call", "x")
    with recorded(sealed, "call", here()) as job:
        job.writes(calls, keep=True)
    seal(sealed, here())
    asked = ("audit", "show", sealed, "--patient", PATIENT, "--block", "5")
    assert "guideline_hash" not in mrdq(*asked).out
    assert "sample " in mrdq(*asked).out
    assert "guideline_hash" in mrdq(*asked, "--tsv").out


def test_verbs_take_the_current_folder(sealed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(sealed)
    asked = ("--patient", PATIENT, "--timepoint", POSITIVE)
    for words in (("show",), ("signatures",), ("trace", *asked), ("seal",)):
        assert mrdq("audit", *words).code == 0


@pytest.mark.parametrize("name", ["../sealed", "a/b", ".."])
def test_the_note_of_a_sealing_has_no_folders(sealed: Path, name: str) -> None:
    outcome = mrdq("audit", "seal", sealed, "--note", name)
    (problem,) = outcome.problems
    assert outcome.code == 2
    assert problem == f'error: --note: found "{name}", expected a name without folders'
    assert "--note" not in mrdq("audit", "seal", "--help").out


# trace


def test_trace_says_first_that_something_differs(sealed: Path) -> None:
    assert traced(sealed).startswith("Status of ")
    set_cell(sealed / "config/runs.tsv", 2, "lot", "L2")
    first, empty, title, *_ = traced(sealed, code=3).splitlines()
    assert first == "NOT as the audit trail has it: 1 difference, told at the end"
    assert (empty, title) == ("", f"Status of {PATIENT} at {POSITIVE}")


def test_trace_tells_of_a_status_that_was_made_from_other_calls(sealed: Path) -> None:
    calls = sealed / "results/calls.tsv"
    set_cell(calls, 2, "flags", "x")
    with recorded(sealed, "call", here()) as job:
        job.writes(calls, keep=True)
    told = traced(sealed, code=3).splitlines()[-1]
    assert told.startswith(
        "DIFFERS: results/adtte.tsv, results/status.tsv, results/survival.tsv were"
    )


def traced(study: Path, patient: str = PATIENT, timepoint: str = POSITIVE, *, code: int = 0) -> str:
    outcome = mrdq("audit", "trace", study, "--patient", patient, "--timepoint", timepoint)
    assert outcome.code == code, outcome.err
    return outcome.out


def test_trace_names_every_file_with_its_whole_hash(sealed: Path) -> None:
    text = traced(sealed)
    config = ("config.yaml", "runs.tsv", "samples.tsv", "assays.tsv", "patients.tsv")
    results = ("wells.parquet", "runs.tsv", "curves.tsv", "evidence.tsv", "calls.tsv", "status.tsv")
    for path in (
        f"data/{RUN}.csv",
        LAYOUT,
        *(f"config/{n}" for n in config),
        *(f"results/{n}" for n in results),
    ):
        assert f"  {path} (" in text
        assert f"SHA-256 {sha256(sealed / path)}, as sealed in block " in text
    assert f"data/{RUNS[1]}.csv (" not in text


def test_trace_goes_from_the_status_to_the_wells(sealed: Path) -> None:
    text = traced(sealed)
    (status,) = [
        row
        for row in table(sealed / "results/status.tsv")
        if (row["patient_id"], row["timepoint"]) == (PATIENT, POSITIVE)
    ]
    (call,) = [row for row in table(sealed / "results/calls.tsv") if row["sample_id"] == SAMPLE]
    assert f"Status of {PATIENT} at {POSITIVE}\n  {status['status']}\n" in text
    assert f"\n  response {status['response']}\n  next_step {status['next_step']}\n" in text
    assert f"\n  run {RUN} target {TARGET} sample {SAMPLE}: {call['call']}\n" in text
    rows = [
        row
        for row in table(sealed / "results/evidence.tsv")
        if (row["run_id"], row["target"]) == (RUN, TARGET) and row["sample_id"] in ("", SAMPLE)
    ]
    outcomes = [row["outcome"] for row in rows]
    failed = [row["criterion"] for row in rows if row["outcome"] == "fail"]
    assert len(failed) == 1
    assert (
        f"    evidence: {outcomes.count('pass')} pass, 1 fail ({failed[0]}), {outcomes.count('not_applicable')} "
        f"not_applicable, {outcomes.count('not_evaluable')} not_evaluable\n"
    ) in text
    export = list(
        csv.DictReader((sealed / f"data/{RUN}.csv").read_text(encoding="utf-8").splitlines())
    )
    for row in export:
        other = row["sample"].startswith(RUN) and row["sample"] != SAMPLE
        cq = "undetermined" if row["cq"] == "Undetermined" else f"{float(row['cq']):.6g}"
        assert (f" {row['well']} {cq}" in text) is not other, row
    for sheet, row, key in (("runs", 2, f"run_id {RUN}"), ("samples", 2, f"sample_id {SAMPLE}"),
                            ("assays", 2, f"target {TARGET}"), ("assays", 4, "target ALB"),
                            ("patients", 2, f"patient_id {PATIENT}")):  # fmt: skip
        assert f"\n  config/{sheet}.tsv, row {row}: {key}\n" in text


def test_trace_names_rules_jobs_and_seal(sealed: Path) -> None:
    text, name = traced(sealed), record_name(sealed, "run")
    record = json.loads((Trail(sealed).records / name).read_bytes())
    (call,) = [row for row in table(sealed / "results/calls.tsv") if row["sample_id"] == SAMPLE]
    protocol = next(one for one in record["definitions"] if one["id"] == "all-mrd2019")
    assert (
        f"  rule set {call['guideline']} {call['guideline_version']}, SHA-256 {call['guideline_hash']}\n"
        in text
    )
    assert f"  protocol all-mrd2019 {protocol['version']}, SHA-256 {protocol['sha256']}\n" in text
    by = f"by operator B (user {here().user}) on {here().host}, {record['started']} to {record['ended']}"
    software = record["software"]
    assert f"  run, done, {by}, {software['mrdq']}, {software['python']}\n" in text
    place = f"    audit/records/{name}, block 3 of {time_of(sealed, 3)}\n"
    assert f"{place}    SHA-256 {sha256(Trail(sealed).records / name)}\n" in text
    assert "operator A" not in text
    assert text.endswith(f"Seal\n  block 4, head {head(sealed)}\n")


def test_trace_shows_the_signatures(signed: Path) -> None:
    assert "\n  signed by operator A (reviewed) at " in traced(signed)


def test_trace_finds_the_jobs_of_every_stage(study: Path) -> None:
    for verb in ("ingest", "call", "status"):
        assert mrdq(verb, study).code == 0
    text = traced(study)
    assert [line.split(",")[0] for line in text.splitlines() if " done, by " in line] == [
        "  ingest",
        "  call",
        "  status",
    ]


def test_trace_leaves_out_batches_that_hold_other_runs(study: Path) -> None:
    path = study / "config/config.yaml"
    path.write_text(path.read_text(encoding="utf-8") + "runs_per_job: 1\n", encoding="utf-8")
    assert mrdq("ingest", study).code == 0
    for batch in ("b0", "b1"):
        assert mrdq("ingest", study, "--batch", batch).code == 0
    for words in (("ingest", study, "--gather"), ("call", study), ("status", study)):
        assert mrdq(*words).code == 0
    text = traced(study)
    jobs = [line.split(",")[0].strip() for line in text.splitlines() if " done, by " in line]
    assert jobs == ["ingest", "gather", "call", "status"]
    assert verify(study).differences == ()


def test_trace_of_a_sample_that_no_run_holds(sealed: Path) -> None:
    with (sealed / "config/samples.tsv").open("a", encoding="utf-8") as file:
        file.write(f"later\t{PATIENT}\tpost-B1\tBM\t2015-03-01\n")
    accepted(sealed)
    text = traced(sealed, timepoint="post-B1")
    assert "Status of P-SIM-000001 at post-B1\n  not_done\n" in text
    assert "\n  none: no run holds a sample of this timepoint\n" in text
    assert "config/patients.tsv, row 2" in text


def test_trace_shows_what_was_amended(sealed: Path) -> None:
    sheet = f"what\trun_id\ttarget\twell\tsample_id\tcall\twho\twhen\twhy\nomit\t{RUN}\t{TARGET}\tB4\t\t\toperator A\t2024-03-01\tbubble\n"
    (sealed / "config/amendments.tsv").write_text(sheet, encoding="utf-8")
    config = sealed / "config/config.yaml"
    if "amendments" not in config.read_text(encoding="utf-8"):
        config.write_text(
            config.read_text(encoding="utf-8") + "amendments: config/amendments.tsv\n",
            encoding="utf-8",
        )
    accepted(sealed)
    text = traced(sealed)
    assert "not_evaluable (amended; automatically negative)" in text
    assert "bubble" in text
    assert f"config/amendments.tsv, row 2: run_id {RUN}" in text
    assert f"sample {SAMPLE}: B4 omitted, " in text


def test_trace_ends_with_3_where_a_file_is_not_as_it_was_sealed(sealed: Path) -> None:
    path = sealed / f"data/{RUN}.csv"
    then = sha256(path)
    path.write_bytes(path.read_bytes() + b"\n")
    (sealed / LAYOUT).unlink()
    *_, first, second = traced(sealed, code=3).splitlines()
    assert (
        first
        == f"DIFFERS: data/{RUN}.csv: CHANGED: its SHA-256 was {then} in block 3 of {time_of(sealed, 3)}"
    )
    assert second.startswith(f"DIFFERS: {LAYOUT}: MISSING: its SHA-256 was ")


def test_trace_tells_an_export_that_was_replaced_and_recorded_since(sealed: Path) -> None:
    path = sealed / f"data/{RUN}.csv"
    then = sha256(path)
    path.write_bytes(path.read_bytes() + b"\n")
    with recorded(sealed, "check", here()) as job:
        job.reads(path)
    text = traced(sealed, code=3)
    assert f"SHA-256 {sha256(path)}, as the check of " in text
    assert text.endswith(
        f"DIFFERS: data/{RUN}.csv: run {RUN} was read from other bytes, SHA-256 {then}\n"
    )


def test_trace_tells_files_that_the_trail_does_not_know(sealed: Path) -> None:
    shutil.rmtree(sealed / "audit")
    with recorded(sealed, "check", here()):
        pass
    seal(sealed, here())
    text = traced(sealed, code=3)
    assert "\n  none: no record says that it made the table of statuses\n" in text
    assert text.count("DIFFERS: ") == 13
    assert text.endswith("DIFFERS: results/status.tsv: the trail does not know it\n")


def test_trace_tells_a_broken_chain(sealed: Path) -> None:
    (sealed / "audit/blocks/000001.json").unlink()
    assert "DIFFERS: block 1 is missing\n" in traced(sealed, code=3)


def test_trace_refuses_who_is_not_there(sealed: Path) -> None:
    outcome = mrdq("audit", "trace", sealed, "--patient", "P9", "--timepoint", POSITIVE)
    assert (outcome.code, outcome.problems) == (2, [
        f'error: status.tsv, column patient_id: found "P9", expected one of {PATIENT}, {OTHER}. Mend --patient.'
    ])  # fmt: skip
    outcome = mrdq("audit", "trace", sealed, "--patient", PATIENT, "--timepoint", "C1")
    assert (outcome.code, outcome.problems) == (2, [
        f'error: status.tsv, column timepoint: found "C1", expected one of {POSITIVE}, {NEGATIVE}. Mend --timepoint.'
    ])  # fmt: skip


# run and report


def test_a_run_tells_of_a_job_that_did_not_end(sealed: Path) -> None:
    (Trail(sealed).pending / "left.json").write_text("{}")
    outcome = mrdq("run", sealed)
    assert "note: unknown: a job that did not end is recorded" in outcome.err.splitlines()


@pytest.mark.parametrize("name", ["wells.parquet", "runs.tsv", "calls.tsv", "status.tsv"])
def test_a_page_names_no_seal_if_what_it_shows_is_not_under_it(sealed: Path, name: str) -> None:
    page, path = sealed / "results/report/index.html", sealed / "results" / name
    assert "Results under seal: block 3" in page.read_text(encoding="utf-8")
    if name == "wells.parquet":
        pd.read_parquet(path).assign(lot="other").to_parquet(path)
    else:
        lines = path.read_text(encoding="utf-8").splitlines()
        path.write_text(
            "".join(f"{one}\t{'x' if n else 'own'}\n" for n, one in enumerate(lines)),
            encoding="utf-8",
        )
    assert mrdq("report", sealed).code == 0
    assert "NOT under seal: results/" in page.read_text(encoding="utf-8")
