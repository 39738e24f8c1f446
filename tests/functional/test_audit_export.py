"""``mrdq audit export``: the trail as tables and as a PDF, for an inspector."""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import io
import json
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from small_study import accepted, copy, mrdq, replace_text, set_key
from tiny import PATIENTS, RUNS, write_tiny

from mrdq import study as study_module
from mrdq.audit.chain import Block, Chain, Head, read_chain
from mrdq.audit.files import FileState
from mrdq.audit.job import recorded
from mrdq.audit.reading import read_trail
from mrdq.audit.record import Record, read_record
from mrdq.audit.seal import seal
from mrdq.audit.site import Site
from mrdq.audit.verify import Verdict
from mrdq.reports import audit_amendments, audit_pdf, audit_tables
from mrdq.reports.audit_tables import COLUMNS, Wanted, day, sealed_records

NOTICE = "SIMULATED: no patient is behind it"
TABLES = tuple(COLUMNS)
AMENDMENTS = "what\trun_id\ttarget\twell\tsample_id\tcall\twho\twhen\twhy\n"
TIME = dt.datetime(2020, 2, 3, 12, tzinfo=dt.UTC)


def site(time: dt.datetime = TIME) -> Site:
    return Site("bench", "someone", "Łukasz Ž.", now=lambda: time)


def fail(study: Path) -> None:
    with recorded(study, "call", site(), {"guideline": ""}) as job:
        job.runs = [RUNS[0]]
        raise RuntimeError("中 is no letter of ours")


@pytest.fixture(scope="module")
def amended(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two runs, a well left out, a job of 2020 about the first run that failed in strange words."""
    study = tmp_path_factory.mktemp("amended") / "study"
    write_tiny(study)
    set_key(study, "notice", f"'{NOTICE}'")
    row = f'omit\t{RUNS[0]}\t\tA1\t\t\tanalyst\t2024-03-01\tbubble, "seen" as Ψ\n'
    (study / "config/amendments.tsv").write_text(AMENDMENTS + row, encoding="utf-8")
    with pytest.raises(RuntimeError):
        fail(study)
    with recorded(study, "call", site(TIME + dt.timedelta(days=9))) as job:
        job.runs = [RUNS[1]]
    seal(study, site())
    accepted(study)
    return study


@pytest.fixture(scope="module")
def sealed(amended: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A study that was exported, and the folder of its export: to be looked at only."""
    study = copy(amended, tmp_path_factory.mktemp("sealed") / "study")
    return study, exported(study)


@pytest.fixture
def study(amended: Path, tmp_path: Path) -> Path:
    return copy(amended, tmp_path / "study")


def exported(study: Path, *options: str, code: int = 0, to: str = "export") -> Path:
    folder = study.parent / to
    outcome = mrdq("audit", "export", study, "--to", folder, *options)
    assert outcome.code == code, outcome.err
    return folder


def rows(folder: Path, name: str) -> list[dict[str, str]]:
    """As any reader of RFC 4180 gets them."""
    text = (folder / f"{name}.csv").read_bytes().decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


def recorded_at(study: Path, action: str) -> list[str]:
    """Block and time of every record of an action."""
    found = [one for one in sealed_records(read_trail(study)) if one.record.action == action]
    return [f"block {one.block}, {one.record.ended}" for one in found]


# The tables -------------------------------------------------------------------------------------


def test_what_is_written(study: Path) -> None:
    outcome = mrdq("audit", "export", study, "--to", study.parent / "export")
    names = [*(f"{name}.csv" for name in TABLES), "audit.pdf"]
    assert outcome.out.splitlines() == [str(study.parent / "export" / name) for name in names]
    assert sorted(path.name for path in (study.parent / "export").iterdir()) == sorted(names)
    assert "names of files and of people who worked" in outcome.err


def test_each_record_is_a_row_as_it_was_written(sealed: tuple[Path, Path]) -> None:
    study, folder = sealed
    found = rows(folder, "records")
    names = {path.name for path in (study / "audit/records").iterdir()}
    assert {row["record"] for row in found} == {name for name in names if "-export-" not in name}
    for row in found:
        if row["action"] == "amend":  # in words, see below
            continue
        record = read_record(row["record"], (study / "audit/records" / row["record"]).read_bytes())
        assert tuple(row) == COLUMNS["records"]
        for key in ("action", "state", "message", "started", "ended", "user", "operator", "host"):
            assert row[key] == record.content[key]
        assert row["runs"].split(";") == (record.runs or [""])
        assert json.loads(row["parameters"] or "{}") == record.parameters
        assert row["sha256"] == record.sha256
        assert row["mrdq"] == record.software["mrdq"]
        assert (row["n_inputs"], row["n_outputs"]) == (str(len(record.inputs)), str(len(record.outputs)))  # fmt: skip
    report = next(row for row in found if row["action"] == "report")
    number = int(report["seal_block"])
    assert report["seal_head"] == read_chain(study).blocks[number - 1].hash
    assert "euromrd-2007-therapy-reduction 1.0.0" in report["definitions"]


def test_each_file_of_a_record_is_a_row(sealed: tuple[Path, Path]) -> None:
    study, folder = sealed
    found = rows(folder, "files")
    record = next(one.record for one in sealed_records(read_trail(study)) if one.record.action == "run")  # fmt: skip
    told = {(r["direction"], r["path"], r["size"], r["sha256"]) for r in found if r["record"] == record.name}  # fmt: skip
    assert told == {
        (direction, s.path, str(s.size), s.sha256)
        for direction, key in (("input", "inputs"), ("output", "outputs"))
        for s in record.files(key)
    }


def test_blocks_amendments_and_software(sealed: tuple[Path, Path]) -> None:
    study, folder = sealed
    blocks = read_chain(study).blocks[:-1]
    found = rows(folder, "blocks")
    assert [(r["block"], r["sha256"], r["previous"]) for r in found] == [(str(b.number), b.hash, b.previous) for b in blocks]  # fmt: skip
    (when,) = recorded_at(study, "amend")
    assert rows(folder, "amendments") == [
        {"row": "2", "what": "omit", "run_id": RUNS[0], "target": "", "well": "A1", "sample_id": "", "call": "",
         "who": "analyst", "when": "2024-03-01", "why": 'bubble, "seen" as Ψ', "in_force_from": when,
         "taken_back": ""}
    ]  # fmt: skip
    (told,) = (row["parameters"] for row in rows(folder, "records") if row["action"] == "amend")
    assert told == f'1 amendment: omit run {RUNS[0]} well A1 (analyst, 2024-03-01: bubble, "seen" as Ψ)'  # fmt: skip
    software = rows(folder, "software")
    named = {row["software"] for row in rows(folder, "records")}
    assert {row["software"] for row in software} == named
    versions = read_trail(study).in_order[0].software["packages"]
    assert {r["package"]: r["version"] for r in software}.items() >= versions.items()
    assert rows(folder, "signatures") == []


def test_a_signature_is_a_row_with_what_it_is_worth(study: Path) -> None:
    (study / "audit/signatures").mkdir()
    (study / "audit/signatures/000002-1.json").write_bytes(b"{}\n")
    (found,) = rows(exported(study, code=3), "signatures")
    assert found["signature"] == "000002-1.json"
    assert found["state"].startswith("BAD: ")


def test_the_tables_are_rfc_4180_with_a_byte_order_mark(sealed: tuple[Path, Path]) -> None:
    """Sections 2.1, 2.3, 2.5 and 2.7: CRLF, a header, quotes where needed, doubled within."""
    _, folder = sealed
    for name, columns in COLUMNS.items():
        data = (folder / f"{name}.csv").read_bytes()
        assert data.startswith(b"\xef\xbb\xbf" + ",".join(columns).encode() + b"\r\n")
        assert data.count(b"\n") == data.count(b"\r\n")
    assert '"bubble, ""seen"" as Ψ"' in (folder / "amendments.csv").read_text(encoding="utf-8-sig")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("=1+1", "'=1+1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("-RT", "'-RT"),
        ("\t=1+1", "'\t=1+1"),
        ("=\n1+1", "'=\n1+1"),
        ("-3.5", "-3.5"),
        ("a=1", "a=1"),
    ],
)
def test_no_cell_is_run_as_a_formula(text: str, shown: str) -> None:
    data = audit_tables.csv_bytes(["a", "b"], [{"a": text, "b": "x"}])
    (row,) = csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline=""))
    assert row == {"a": shown, "b": "x"}


def test_a_file_name_that_is_no_text_is_shown_by_its_bytes() -> None:
    assert b"a\\udcff.csv" in audit_tables.csv_bytes(["a"], [{"a": "a\udcff.csv"}])


# Amendments -------------------------------------------------------------------------------------

FIRST = f"omit\t{RUNS[0]}\t\tA2\t\t\tanalyst\t2024-03-01\tbubble\n"
SECOND = f"omit\t{RUNS[1]}\t\tA2\t\t\tanalyst\t2024-03-02\tspill\n"


def amend(study: Path, *sheet: str) -> str:
    """A run with this sheet; returns block and time of the record that tells of it."""
    (study / "config/amendments.tsv").write_text(AMENDMENTS + "".join(sheet), encoding="utf-8")
    accepted(study)
    return (recorded_at(study, "amend") + recorded_at(study, "run"))[-1]


def history(folder: Path) -> list[tuple[str, ...]]:
    names = ("row", "why", "in_force_from", "taken_back")
    return [tuple(row[name] for name in names) for row in rows(folder, "amendments")]


def test_an_amendment_that_was_taken_back_stays_in_the_history(tmp_path: Path) -> None:
    study = tmp_path / "study"
    write_tiny(study)
    amend(study, FIRST)
    (first,) = recorded_at(study, "amend")
    amend(study, SECOND, FIRST)
    second = recorded_at(study, "amend")[-1]
    amend(study, SECOND)
    back = recorded_at(study, "amend")[-1]
    assert history(exported(study, to="one")) == [("", "bubble", first, back), ("2", "spill", second, "")]  # fmt: skip
    amend(study, SECOND, FIRST)  # in force a second time: a row of its own
    again = recorded_at(study, "amend")[-1]
    assert history(exported(study, to="two")) == [
        ("", "bubble", first, back), ("2", "spill", second, ""), ("3", "bubble", again, ""),
    ]  # fmt: skip
    folder = exported(study, "--patient", PATIENTS[0], to="three")
    assert history(folder) == [("", "bubble", first, back), ("3", "bubble", again, "")]
    told = [row["parameters"] for row in rows(folder, "records") if row["action"] == "amend"]
    assert len(told) == 3  # the third sheet is about the other patient alone
    assert all("bubble" in text and "spill" not in text for text in told)
    assert told[-1].endswith(" | 1 of other patients")
    assert "amendments2(1ofthemtakenback)" in pages(folder / "audit.pdf")[0]


@pytest.mark.parametrize("gone", ["emptied", "removed"])
def test_a_sheet_that_is_emptied_or_removed_takes_all_back(study: Path, gone: str) -> None:
    (first,) = recorded_at(study, "amend")
    sheet = study / "config/amendments.tsv"
    sheet.write_text(AMENDMENTS, encoding="utf-8") if gone == "emptied" else sheet.unlink()
    # Until a job has seen it the results rest on it still: it is in force.
    assert history(exported(study, to="one", code=3))[0][2:] == (first, "")
    accepted(study)
    ((row, _, since, until),) = history(exported(study, to="two"))
    assert (row, since) == ("", first)
    assert until in recorded_at(study, "run") + recorded_at(study, "amend")
    assert until not in ("", first)


@pytest.mark.parametrize("names_it", [True, False])
def test_a_run_that_saw_a_sheet_of_which_no_record_tells_found_it_empty(names_it: bool) -> None:
    """Trails of versions that left no record of an emptied sheet."""
    rows_, sheet = [{"run_id": "R", "why": "x"}], _state("a")
    told = [
        _job("amend", 1, sheet, {"rows": rows_}), _job("run", 1, sheet),
        _job("export", 2, _state("b")), _job("run", 2, _state("b"), state="failed"), _job("run", 3, *([_state("b")] if names_it else [])),
    ]  # fmt: skip
    (row,) = audit_amendments.amendment_rows(
        _chain(told), told, study_module._no_sheet(study_module.AMENDMENTS)
    )
    assert (row["in_force_from"], row["taken_back"]) == ("block 1, 1", "block 3, 3")


def test_where_a_record_of_amendments_is_damaged_nothing_is_said_to_be_taken_back() -> None:
    first, second = _state("a"), _state("b")
    told = [
        _job("amend", 1, first, {"rows": [{"run_id": "R", "why": "x"}]}),
        _job("amend", 2, second, {"rows": [{"run_id": "R", "why": "x"}]}),
        _job("run", 2, second),
    ]
    chain = _chain(told)
    whole = [told[0], told[2]]
    found = list(
        audit_amendments.amendment_rows(
            chain, whole, study_module._no_sheet(study_module.AMENDMENTS)
        )
    )
    assert [row["taken_back"] for row in found] == ["", ""]
    assert found[1]["why"] == f"{told[1][0].name} is damaged: which amendments it told of is not known"  # fmt: skip


def test_an_amendment_that_no_job_has_seen_is_in_force_from_nowhere(study: Path) -> None:
    with (study / "config/amendments.tsv").open("a", encoding="utf-8") as sheet:
        sheet.write(SECOND)
    folder = exported(study, code=3)
    assert history(folder)[1] == ("3", "spill", "", "")
    assert "inthesheet,notrunyet" in "".join(pages(folder / "audit.pdf"))


def _state(name: str) -> FileState:
    return FileState("config/amendments.tsv", 1, name * 64)


def _job(
    action: str, block: int, *parts: FileState | dict[str, Any], state: str = "done"
) -> tuple[Record, int]:
    inputs = [part.as_json() for part in parts if isinstance(part, FileState)]
    parameters = next((part for part in parts if isinstance(part, dict)), {})
    content = {"action": action, "state": state, "ended": str(block), "inputs": inputs, "parameters": parameters}  # fmt: skip
    return Record(f"{block}-{action}-{'0' * 16}.json", "0" * 64, content), block


def _chain(jobs: list[tuple[Record, int]]) -> Chain:
    numbers = sorted({number for _, number in jobs})
    blocks = [Block(n, "0" * 64, {"records": {r.name: r.sha256 for r, of in jobs if of == n}}) for n in numbers]  # fmt: skip
    return Chain(Path(), tuple(blocks), ())


# What is asked for ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("since", "until", "days"),
    [
        ("", "", ["03", "12"]),
        ("2020-02-03", "", ["03", "12"]),
        ("2020-02-04", "", ["12"]),
        ("", "2020-02-11", ["03"]),
        ("2020-02-04", "2020-02-12", ["12"]),
        ("", "2020-02-02", []),
    ],
)
def test_a_period_includes_its_days(amended: Path, since: str, until: str, days: list[str]) -> None:
    wanted = Wanted(day(since, "--since"), day(until, "--until"))
    records = [one.record for one in sealed_records(read_trail(amended)) if wanted.has(one.record)]
    assert [r.started[8:10] for r in records if r.started.startswith("2020")] == days


def test_a_period_is_asked_for(study: Path) -> None:
    folder = exported(study, "--since", "2020-02-04", "--until", "2020-02-29")
    assert [row["started"][:10] for row in rows(folder, "records")] == ["2020-02-12"]
    assert "Period:2020-02-04to2020-02-29(UTC)" in pages(folder / "audit.pdf")[0]


def test_a_patient_is_the_jobs_of_his_runs_and_those_of_the_whole_study(study: Path) -> None:
    folder = exported(study, "--patient", PATIENTS[1])
    found = rows(folder, "records")
    assert [row["runs"] for row in found if row["action"] == "call"] == [RUNS[1]]
    assert {"run", "report"} < {row["action"] for row in found}
    paths = {row["path"] for row in rows(folder, "files")}
    assert f"data/{RUNS[1]}.csv" in paths
    assert not {f"data/{RUNS[0]}.csv", f"config/layouts/{RUNS[0]}.tsv"} & paths
    assert rows(folder, "amendments") == []
    assert len(rows(folder, "blocks")) == len(read_chain(study).blocks) - 1
    assert f"Patient:{PATIENTS[1]}" in pages(folder / "audit.pdf")[0]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--since", "1.3.2024"), '--since: found "1.3.2024", expected a day such as 2024-03-01'),
        (("--until", "soon"), "--until"),
        (("--since", "2024-03-02", "--until", "2024-03-01"), "a day that is not before --since"),
        (("--patient", "nobody"), '--patient: found "nobody", expected a patient of'),
    ],
)
def test_what_cannot_be_meant_is_refused(study: Path, options: tuple[str, ...], told: str) -> None:
    head = read_chain(study).head
    outcome = mrdq("audit", "export", study, "--to", study.parent / "export", *options)
    assert outcome.code == 2
    assert told in outcome.problems[0]
    assert not (study.parent / "export").exists()
    assert read_chain(study).head == head


@pytest.mark.parametrize(
    ("place", "found"),
    [
        ("full", 'found "a folder with 2 files and 1 folder", expected a new or empty folder'),
        ("study/new", 'found "a place inside of it", expected a place outside of the study'),
        ("study", "expected a place outside of the study"),
    ],
)
def test_a_place_that_is_taken_or_inside_is_refused(study: Path, place: str, found: str) -> None:
    full = study.parent / "full"
    (full / "sub").mkdir(parents=True)
    for name in ("records.csv", "mine.txt"):
        (full / name).write_text("mine")
    head, before = read_chain(study).head, sorted(study.rglob("*"))
    outcome = mrdq("audit", "export", study, "--to", study.parent / place)
    assert outcome.code == 2
    assert found in outcome.problems[0]
    assert (full / "records.csv").read_text() == "mine"
    assert (read_chain(study).head, sorted(study.rglob("*"))) == (head, before)


def test_the_head_of_the_files_is_told_apart_from_that_of_the_study(study: Path) -> None:
    outcome = mrdq("audit", "export", study, "--to", study.parent / "empty")
    *_, before, after = read_chain(study).blocks
    lines = outcome.err.splitlines()
    (at,) = (n for n, line in enumerate(lines) if line.startswith("the files tell of the study at"))
    assert lines[at] == (
        f"the files tell of the study at block {before.number}, head {before.hash}; "
        f"check it with: mrdq audit verify {study} --head {before.hash}"
    )
    assert lines[at + 1] == "the study itself has a new head, with this export recorded in it:"
    assert f"block {after.number}, head {after.hash}" in lines[-1]


# The trail --------------------------------------------------------------------------------------


def test_the_export_is_recorded_and_sealed(study: Path) -> None:
    before = read_chain(study).head
    folder = exported(study, "--operator", "operator B")
    assert read_chain(study).head.number == before.number + 1
    record = sealed_records(read_trail(study))[-1].record
    assert (record.action, record.operator, record.seal) == ("export", "operator B", before.as_json())  # fmt: skip
    assert {s.path: s.sha256 for s in record.files("outputs")} == {p.as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in folder.iterdir()}  # fmt: skip
    assert mrdq("audit", "verify", study).code == 0
    again = exported(study, to="again")
    assert "export" in {row["action"] for row in rows(again, "records")}


def test_rdml_is_recorded_too(study: Path) -> None:
    assert mrdq("export", "rdml", study, "--operator", "operator B").code == 0
    record = sealed_records(read_trail(study))[-1].record
    assert (record.action, record.operator) == ("export", "operator B")
    assert [s.path for s in record.files("outputs")] == [f"results/rdml/{run}.rdml" for run in RUNS[:2]]  # fmt: skip
    assert "results/wells.parquet" in {s.path for s in record.files("inputs")}


def test_a_difference_is_told_and_exit_code_3(study: Path) -> None:
    replace_text(study / "results/status.tsv", "post-A1", "post-A2")
    outcome = mrdq("audit", "export", study, "--to", study.parent / "export")
    assert outcome.code == 3
    assert "1 difference from the trail" in outcome.err
    first = pages(study.parent / "export/audit.pdf")[0]
    assert "1DIFFERENCES:" in first
    assert "results/status.tsv" in first


def test_a_broken_chain_is_refused(study: Path) -> None:
    (study / "audit/blocks/000002.json").unlink()
    outcome = mrdq("audit", "export", study, "--to", study.parent / "export")
    assert outcome.code == 2
    assert "block 2 is missing" in outcome.problems[0]


# The PDF ----------------------------------------------------------------------------------------


ESCAPES = {b"\\n": b"\n", b"\\r": b"\r", b"\\t": b"\t", b"\\b": b"\b", b"\\f": b"\f"}


def pages(path: Path) -> list[str]:
    """The text of each page without white space, read from the PDF itself (ISO 32000-1, 9.4 and 9.10):
    its streams, and the table in each font that says which letter a glyph is."""
    streams = []
    for match in re.finditer(rb"[^d]stream\r?\n(.*?)endstream", path.read_bytes(), re.DOTALL):
        try:
            streams.append(zlib.decompressobj().decompress(match[1]))
        except zlib.error:
            streams.append(match[1])  # not compressed
    letters = [
        {int(g, 16): bytes.fromhex(u.decode()).decode("utf-16-be") for g, u in re.findall(rb"<(\w{4})> <(\w+)>", stream)}
        for stream in streams if b"beginbfchar" in stream
    ]  # fmt: skip
    return ["".join(shown(s, letters)).replace(" ", "") for s in streams if b") Tj" in s]


def shown(stream: bytes, letters: list[dict[int, str]]) -> Iterator[str]:
    font = 0
    for match in re.finditer(rb"/F(\d) [\d.]+ Tf|\(((?:\\.|[^\\)])*)\) Tj", stream, re.DOTALL):
        if match[1]:
            font = int(match[1]) - 1
            continue
        codes = re.sub(rb"\\.", lambda m: ESCAPES.get(m[0], m[0][1:]), match[2], flags=re.DOTALL)
        yield "".join(letters[font][high << 8 | low] for high, low in zip(codes[::2], codes[1::2], strict=True))  # fmt: skip


def test_the_pdf_says_it_all(sealed: tuple[Path, Path]) -> None:
    study, folder = sealed
    last = read_chain(study).blocks[-2]
    head = Head(last.number, last.hash)
    found = pages(folder / "audit.pdf")
    every = "".join(found)
    for number, page in enumerate(found, 1):
        assert f"{head}·page{number}of{len(found)}".replace(" ", "") in page
        assert NOTICE.replace(" ", "") in page
    assert "Everythingisasitwassealed." in found[0]
    assert "Period:allofthetrail" in found[0]
    for text in ("ŁukaszŽ.(someoneonbench)", "2020-02-0312:00:00", "[U+4E2D]isnoletterofours", 'bubble,"seen"asΨ',
                 "Nobodysigned.", f"runs{RUNS[0]},{RUNS[1]}", *(b.hash for b in read_chain(study).blocks[:-1])):  # fmt: skip
        assert text in every, text
    software = read_trail(study).in_order[0].software
    assert f"numpy{software['packages']['numpy']}" not in every
    for text in (
        software["mrdq"],
        software["python"],
        software["platform"],
        f"{len(software['packages'])} packages",
    ):
        assert text.replace(" ", "") in every, text


def test_the_pdf_counts_signatures_by_what_they_are_worth() -> None:
    row = dict.fromkeys(COLUMNS["signatures"], "")
    states = (
        "holds",
        "VOID since block 3",
        "VOID since block 4",
        "BAD: no key",
        "BAD: x",
        "BAD: y",
    )
    tables = NONE | {"signatures": [row | {"state": state} for state in states]}
    assert audit_pdf._counts(tables)[-1] == "signatures 6 (1 hold, 2 void, 3 BAD)"


def test_the_pdf_shows_who_amended_what_when_and_why(sealed: tuple[Path, Path]) -> None:
    study, folder = sealed
    every = "".join(pages(folder / "audit.pdf"))
    (when,) = recorded_at(study, "amend")
    block, _, time = when.partition(", ")
    since = f"{block}, {time[:10]} {time[11:19]}".replace(" ", "")
    assert f'2omitrun{RUNS[0]}wellA1analyst2024-03-01bubble,"seen"asΨ{since}' in every.replace("\n", "")  # fmt: skip


def test_the_pdf_names_operator_and_user(study: Path) -> None:
    folder = exported(study, "--operator", "operator B")
    assert "byoperatorB(user" in pages(folder / "audit.pdf")[0]


def test_the_hash_of_a_block_is_on_one_line() -> None:
    """The widest digits: a cell that breaks is two texts."""
    pdf = audit_pdf._Document(cover())
    pdf.set_font(audit_pdf.FONT, "", 6.5)
    (section,) = (one for one in audit_pdf.SECTIONS if one.table == "blocks")
    total = sum(width for *_, width in section.columns)
    width = next(w for name, _, w in section.columns if name == "sha256") * pdf.epw / total
    text = pdf.get_string_width("0" * 64)
    pdf.output()  # which closes the fonts
    assert text + 2 * (0.6 + pdf.c_margin) <= width


NONE: dict[str, list[audit_tables.Row]] = {name: [] for name in TABLES}


def cover(*verdict: str) -> audit_pdf.Cover:
    head = Head(7, "a" * 64)
    return audit_pdf.Cover("study", head, "all of the trail", "", TIME, "somebody", [], verdict)


def test_the_same_tables_and_time_give_the_same_bytes(sealed: tuple[Path, Path]) -> None:
    _, folder = sealed
    tables = {name: rows(folder, name) for name in TABLES}
    assert audit_pdf.audit_pdf(cover(), tables) == audit_pdf.audit_pdf(cover(), tables)


def test_a_long_trail_is_cut_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_pdf, "MOST_ROWS", 3)
    row = dict.fromkeys(COLUMNS["amendments"], "")
    tables = NONE | {"amendments": [row | {"who": f"number-{n}"} for n in range(9)]}  # fmt: skip
    (tmp_path / "x.pdf").write_bytes(audit_pdf.audit_pdf(cover(), tables))
    every = "".join(pages(tmp_path / "x.pdf"))
    assert "Thelast3of9rows;allareinamendments.csv." in every
    assert [n for n in range(9) if f"number-{n}" in every] == [6, 7, 8]


def test_many_differences_are_cut_and_counted() -> None:
    told = tuple(f"file {n} differs" for n in range(50))
    lines = audit_pdf.verdict_lines(Verdict(told, ("a note",), Head(1, "b"), 1, 2, 3))
    assert lines[0] == "3 files, 2 records and 1 blocks were checked. 50 DIFFERENCES:"
    assert lines[-2:] == ["... and 10 more: mrdq audit verify tells them.", "a note"]
