"""Reading only what changed: the same results as reading everything, and no more parsed than has to be."""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from small_study import (
    Outcome,
    accepted,
    change,
    copy,
    mrdq,
    read_rows,
    replace_text,
    set_cell,
    set_key,
    table,
    tree,
    write_rows,
)
from tiny import RUNS, write_tiny

from mrdq import ingest_batches, ingest_cache, pipeline
from mrdq.input_file import InputFileError, read_input
from mrdq.instruments import Export, read_export
from mrdq.parallel import each
from mrdq.study import load_study

MANY = 12
READ = ("wells.parquet", "runs.tsv")


@pytest.fixture(scope="module")
def _many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("many") / "study"
    write_tiny(folder, runs=MANY)
    set_key(folder, "runs_per_job", "3")
    # Something to warn of, in a layout and in the study.
    rows = read_rows(folder / f"config/layouts/{RUNS[1]}.tsv")
    write_rows(folder / f"config/layouts/{RUNS[1]}.tsv", [row for row in rows if row[2] != "ntc"])
    return folder


@pytest.fixture(scope="module")
def _read(_many: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = copy(_many, tmp_path_factory.mktemp("read") / "study")
    assert mrdq("ingest", folder).code == 0
    return folder


@pytest.fixture
def study(_many: Path, tmp_path: Path) -> Path:
    """A study of a few batches that nobody has read yet."""
    return copy(_many, tmp_path / "study")


@pytest.fixture
def read(_read: Path, tmp_path: Path) -> Path:
    """The same, read."""
    return copy(_read, tmp_path / "read")


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The exports that were parsed."""
    names: list[str] = []

    def noted(data: bytes, name: str, **asked: str) -> Export:
        names.append(name)
        return read_export(data, name, **asked)

    monkeypatch.setattr(ingest_cache, "read_export", noted)
    return names


@pytest.fixture
def batches_read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The batches that were not taken as they were."""
    names: list[str] = []
    put = ingest_batches.Work._put

    def noted(work: ingest_batches.Work, name: str, pieces: Any) -> ingest_batches.Batch:
        names.append(name)
        return put(work, name, pieces)

    monkeypatch.setattr(ingest_batches.Work, "_put", noted)
    return names


def results(study: Path) -> dict[str, bytes]:
    return {name: (study / "results" / name).read_bytes() for name in READ}


def fresh(study: Path) -> dict[str, bytes]:
    """What reading the study from nothing gives."""
    other = copy(study, study.with_name("fresh"))
    for name in (".mrdq", "results", "audit"):
        shutil.rmtree(other / name, ignore_errors=True)
    assert mrdq("ingest", other).code == 0
    found = results(other)
    shutil.rmtree(other)
    return found


def again(study: Path) -> dict[str, bytes]:
    outcome = mrdq("ingest", study)
    assert outcome.code == 0, outcome.err
    return results(study)


def said(outcome: Outcome) -> list[str]:
    """What a person is told of the exports."""
    words = ("error: ", "warning: ", "note: not read", "note: kept")
    return [line for line in outcome.err.splitlines() if line.startswith(words)]


# What is parsed again


def test_nothing_changed_nothing_is_read(
    read: Path, parsed: list[str], batches_read: list[str]
) -> None:
    before = results(read)
    assert again(read) == before
    assert (parsed, batches_read) == ([], [])


def test_one_run_more_parses_one_export(read: Path, parsed: list[str]) -> None:
    (read / "data/new.csv").write_bytes((read / f"data/{RUNS[0]}.csv").read_bytes() + b"\n")
    new = ["NEW-1", "data/new.csv", f"config/layouts/{RUNS[0]}.tsv", "", "2016-01-01", "", "", ""]
    change(read / "config/runs.tsv", lambda rows: [*rows, new])
    found = again(read)
    assert parsed == ["data/new.csv"]
    assert found == fresh(read)


def test_a_run_less_parses_nothing(read: Path, parsed: list[str]) -> None:
    change(read / "config/runs.tsv", lambda rows: rows[:-1])
    found = again(read)
    assert parsed == []
    assert found == fresh(read)


def test_another_batch_size_parses_nothing(read: Path, parsed: list[str]) -> None:
    before = results(read)
    for size in ("1", "7", "1000"):
        set_key(read, "runs_per_job", size)
        assert again(read) == before
    assert parsed == []


def test_a_changed_byte_is_noticed(read: Path, parsed: list[str], batches_read: list[str]) -> None:
    replace_text(read / f"data/{RUNS[4]}.csv", "25.3", "25.4")
    found = again(read)
    assert parsed == [f"data/{RUNS[4]}.csv"]
    assert len(batches_read) == 1
    assert found == fresh(read)


def test_an_older_file_that_is_put_back_is_noticed(read: Path, parsed: list[str]) -> None:
    path = read / f"data/{RUNS[4]}.csv"
    replace_text(path, "25.3", "25.4")
    os.utime(path, (1, 1))
    found = again(read)
    assert parsed == [f"data/{RUNS[4]}.csv"]
    assert found == fresh(read)


def test_a_touched_file_is_not_read(read: Path, parsed: list[str], batches_read: list[str]) -> None:
    for path in (read / "data").iterdir():
        os.utime(path, (1, 1))
    before = results(read)
    assert again(read) == before
    assert (parsed, batches_read) == ([], [])


def test_a_file_that_changes_just_after_it_was_read_is_noticed(
    study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = study / f"data/{RUNS[4]}.csv"

    def changed(data: bytes, name: str, **asked: str) -> Export:
        if name == f"data/{RUNS[4]}.csv":
            replace_text(path, "25.3", "25.41")
        return read_export(data, name, **asked)

    with monkeypatch.context() as patched:
        patched.setattr(ingest_cache, "read_export", changed)
        before = again(study)
    assert again(study) == fresh(study) != before


def test_a_renamed_export_is_not_parsed_again(read: Path, parsed: list[str]) -> None:
    (read / f"data/{RUNS[1]}.csv").rename(read / "data/renamed.CSV")
    set_cell(read / "config/runs.tsv", 3, "export", "data/renamed.CSV")
    found = again(read)
    assert parsed == []
    assert b"data/renamed.CSV" in found["runs.tsv"]
    assert f"data/{RUNS[1]}.csv".encode() not in found["runs.tsv"]
    assert found == fresh(read)


@pytest.mark.parametrize(
    ("sheet", "column", "value", "batches"),
    [
        ("samples", "patient_id", "P-SIM-000009", 1),
        ("assays", "dna_per_well", "500 ng", 1),
        ("samples", "collected_on", "2014-10-31", 0),
        ("assays", "blast_fraction", "0.5", 0),
        ("runs", "operator", "another", 1),
    ],
)
def test_a_sheet_that_changed_parses_nothing(
    read: Path, parsed: list[str], batches_read: list[str], sheet: str, column: str, value: str,
    batches: int,
) -> None:  # fmt: skip
    set_cell(read / f"config/{sheet}.tsv", 2, column, value)
    found = again(read)
    assert (parsed, len(batches_read)) == ([], batches)
    assert found == fresh(read)


def test_an_amendment_reads_nothing(read: Path, parsed: list[str], batches_read: list[str]) -> None:
    sheet = [["what", "run_id", "target", "well", "sample_id", "call", "who", "when", "why"],
             ["omit", RUNS[0], "", "A1", "", "", "analyst", "2020-01-01", "bubble"]]  # fmt: skip
    write_rows(read / "config/amendments.tsv", sheet)
    set_key(read, "amendments", "config/amendments.tsv")
    found = again(read)
    assert (parsed, batches_read) == ([], [])
    assert found == fresh(read)


def test_other_readers_parse_everything(
    read: Path, parsed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another version of mrdq reads every batch again; only other readers parse again."""
    before = results(read)
    monkeypatch.setattr("mrdq.basis.software", lambda: "another")
    assert again(read) == before
    assert parsed == []
    monkeypatch.setattr(ingest_cache, "readers", lambda: "others")
    monkeypatch.setattr("mrdq.basis.software", lambda: "a third")
    assert again(read) == before
    assert len(parsed) == MANY


def test_another_rule_set_reads_nothing(
    study: Path, tmp_path: Path, parsed: list[str], batches_read: list[str]
) -> None:
    accepted(study)
    del parsed[:], batches_read[:]
    other = "euromrd-2007-therapy-intensification"
    assert mrdq("run", study, "--guideline", other, "--results", tmp_path / "trial").code == 0
    assert (parsed, batches_read) == ([], [])
    assert (tmp_path / "trial/wells.parquet").read_bytes() == results(study)["wells.parquet"]


def test_an_export_that_two_runs_have_is_parsed_for_each_format(
    read: Path, parsed: list[str]
) -> None:
    set_cell(read / "config/runs.tsv", 2, "format", "plain_table")
    found = again(read)
    assert parsed == [f"data/{RUNS[0]}.csv"]
    assert found == fresh(read)


# The same words


@pytest.mark.parametrize("verb", ["check", "run"])
def test_the_same_words_whether_it_was_read_or_not(read: Path, tmp_path: Path, verb: str) -> None:
    other = copy(read, tmp_path / "other")
    shutil.rmtree(other / ".mrdq")
    reused, anew = mrdq(verb, read), mrdq(verb, other)
    assert said(reused) == said(anew)
    assert len(said(reused)) > 1


def test_the_same_errors_whether_they_were_met_before_or_not(study: Path, tmp_path: Path) -> None:
    (study / f"data/{RUNS[2]}.csv").write_text("no export\n")
    (study / f"data/{RUNS[5]}.csv").unlink()
    set_cell(study / f"config/layouts/{RUNS[3]}.tsv", 4, "role", "probe")
    first = mrdq("check", study)
    assert (first.code, len(first.problems)) == (2, 3)
    assert mrdq("ingest", study).code == 0
    assert said(mrdq("check", study)) == said(first)
    assert mrdq("run", study).problems == first.problems
    # The row of the runs sheet stands in what a missing file is told.
    change(study / "config/runs.tsv", lambda rows: [rows[0], *reversed(rows[1:])])
    shutil.copytree(study, other := tmp_path / "other", ignore=shutil.ignore_patterns(".mrdq"))
    assert said(mrdq("check", study)) == said(mrdq("check", other)) != said(first)


def test_what_could_not_be_read_is_tried_again(study: Path) -> None:
    path = study / f"data/{RUNS[2]}.csv"
    away = path.rename(study / "away.csv")
    assert mrdq("ingest", study).code == 0
    assert mrdq("run", study).code == 2
    away.rename(path)
    accepted(study)
    assert results(study) == fresh(study)


def test_a_file_that_could_not_be_taken_is_tried_again(
    study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded = load_study(study)
    with monkeypatch.context() as patched:
        patched.setattr("mrdq.input_file.LIMIT", 10)
        patched.setattr("mrdq.basis.LIMIT", 10)
        assert set(pipeline.read(loaded).runs["state"]) == {"failed"}
    assert again(study) == fresh(study)


def test_a_file_that_was_being_written_is_tried_again(
    study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = study / f"data/{RUNS[2]}.csv"

    def half(file: str) -> bytes:
        if Path(file) == path:
            path.write_bytes(path.read_bytes() + b"\n")
            raise InputFileError("a file that nobody is writing to")
        return read_input(file)

    with monkeypatch.context() as patched:
        patched.setattr("mrdq.ingest.read_input", half)
        assert mrdq("ingest", study).code == 0
        assert mrdq("gate", study).code == 2
    assert again(study) == fresh(study)
    assert mrdq("gate", study).code == 0


def test_amendments_are_told_in_the_order_of_their_sheet(study: Path) -> None:
    header = ["what", "run_id", "target", "well", "sample_id", "call", "who", "when", "why"]
    rows = [
        ["omit", run, "", "H12", "", "", "analyst", "2020-01-01", "bubble"] for run in RUNS[:MANY]
    ]
    write_rows(study / "config/amendments.tsv", [header, *rows[5:], *rows[:5]])
    set_key(study, "amendments", "config/amendments.tsv")
    for verb in ("check", "ingest"):
        found = mrdq(verb, study).problems
        assert [int(line.split("row ")[1].split(",")[0]) for line in found] == list(
            range(2, MANY + 2)
        )


def test_a_link_out_of_the_study_is_told_again_once_it_is_one(read: Path, tmp_path: Path) -> None:
    path = read / f"data/{RUNS[2]}.csv"
    path.rename(tmp_path / "outside.csv")
    path.symlink_to(tmp_path / "outside.csv")
    assert "a link to " in mrdq("check", read).err
    accepted(read)
    path.unlink()
    (tmp_path / "outside.csv").rename(path)
    assert "a link to " not in mrdq("check", read).err


# However it is done


@pytest.mark.parametrize("per_job", [1, 3, 5, 100])
@pytest.mark.parametrize("cores", [1, 3])
def test_the_same_bytes_for_every_way_to_read(
    study: Path, read: Path, per_job: int, cores: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ingest_batches, "_FEW", 0)
    monkeypatch.setattr(ingest_batches, "_FEW_KEPT", 0)
    used = []

    def noted(work: Callable[[object], object], items: list[object], n: int) -> object:
        used.append(min(n, len(items)))
        return each(work, items, n)

    monkeypatch.setattr("mrdq.parallel.each", noted)
    set_key(study, "runs_per_job", str(per_job))
    assert mrdq("ingest", study, "--cores", cores).code == 0
    assert results(study) == results(read)
    assert max(used) == cores
    shutil.rmtree(study / "results")
    assert mrdq("ingest", study, "--cores", cores).code == 0
    assert results(study) == results(read)


@pytest.mark.parametrize("cores", [1, 2])
def test_batch_by_batch_and_gathered(
    study: Path, read: Path, cores: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ingest_batches, "_FEW", 0)
    monkeypatch.setattr(ingest_batches, "_FEW_KEPT", 0)
    for name in sorted(path.name for path in (read / ".mrdq/batches").iterdir()):
        assert mrdq("ingest", study, "--batch", name, "--cores", cores).code == 0
    assert mrdq("ingest", study, "--gather").code == 0
    assert results(study) == results(read)
    assert tree(study / ".mrdq/batches").keys() == tree(read / ".mrdq/batches").keys()


def test_wells_of_a_large_study_are_not_held_in_memory(
    study: Path, read: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ingest_batches, "_SMALL", 0)
    kept = pipeline.read(load_study(study))
    assert [batch.wells for batch in kept.batches] == [None] * len(kept.batches)
    assert again(study) == results(read)


def test_batches_that_are_removed_meanwhile_are_read_again(
    study: Path, read: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ingest_batches, "_SMALL", 0)
    write = pipeline.write_wells

    def later(*given: object, **asked: object) -> None:
        shutil.rmtree(study / ".mrdq")
        write(*given, **asked)  # type: ignore[arg-type]

    monkeypatch.setattr(pipeline, "write_wells", later)
    assert again(study) == results(read)


def test_what_changed_meanwhile_is_refused(study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ingest_batches, "_SMALL", 0)
    write = pipeline.write_wells

    def later(*given: object, **asked: object) -> None:
        shutil.rmtree(study / ".mrdq/batches")
        replace_text(study / f"data/{RUNS[4]}.csv", "25.3", "25.4")
        write(*given, **asked)  # type: ignore[arg-type]

    monkeypatch.setattr(pipeline, "write_wells", later)
    outcome = mrdq("ingest", study)
    assert outcome.code == 2
    assert f'data/{RUNS[4]}.csv: found "other bytes", expected the file as it was' in outcome.err
    assert not (study / "results/wells.parquet").exists()


# Nothing of what is kept is believed


def test_checking_writes_nothing(study: Path, read: Path) -> None:
    for folder in (study, read):
        replace_text(folder / f"data/{RUNS[4]}.csv", "25.3", "25.4")
        before = tree(folder)
        assert mrdq("check", folder).code == 0
        assert tree(folder) == before


def kept_files(study: Path) -> list[Path]:
    return sorted(
        path
        for path in (study / ".mrdq").rglob("*")
        if path.suffix in (".parquet", ".tsv", ".json", ".pack")
    )


def damaged(data: bytes) -> list[bytes]:
    """Cut off, with another byte, empty, and something else altogether."""
    at = random.Random(len(data)).randrange(len(data))
    return [data[:at], data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :], b"", b"{}"]


@pytest.mark.parametrize("name", ["wells.parquet", "runs.tsv", "basis.json"])
def test_a_damaged_batch_is_a_miss(read: Path, name: str, batches_read: list[str]) -> None:
    before = results(read)
    path = sorted((read / ".mrdq/batches").rglob(name))[0]
    for data in damaged(path.read_bytes()):
        path.write_bytes(data)
        assert again(read) == before
        assert batches_read.pop() == path.parent.name


def test_a_damaged_pack_is_a_miss(read: Path, parsed: list[str]) -> None:
    before = results(read)
    (pack,) = (read / ".mrdq/cache").iterdir()
    whole = pack.read_bytes()
    for data in damaged(whole):
        shutil.rmtree(read / ".mrdq/cache")
        shutil.rmtree(read / ".mrdq/batches")
        pack.parent.mkdir()
        pack.write_bytes(data)
        assert again(read) == before
        assert parsed
        del parsed[:]


@pytest.mark.parametrize("odd", ["[]", "null", '{"files": 1}', '{"files": {}, "tables": 3}', "\0"])
def test_an_odd_basis_is_a_miss(read: Path, odd: str) -> None:
    for path in (read / ".mrdq/batches").rglob("basis.json"):
        path.write_text(odd)
    before = results(read)
    assert again(read) == before


def test_a_basis_whose_problems_are_none_is_a_miss(read: Path) -> None:
    for path in (read / ".mrdq/batches").rglob("basis.json"):
        content = json.loads(path.read_text())
        path.write_text(json.dumps({**content, "problems": {RUNS[0]: [[1] * 30]}}))
    assert said(mrdq("check", read)) == said(mrdq("check", copy(read, read.with_name("o"))))
    assert again(read) == fresh(read)


def test_gather_reads_a_damaged_batch_again(read: Path) -> None:
    before = results(read)
    for path in (read / ".mrdq/batches").rglob("*.parquet"):
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        path.write_bytes(data)
    for path in list((read / ".mrdq/batches").rglob("runs.tsv"))[:2]:
        path.unlink()
    shutil.rmtree(read / "results")
    assert mrdq("ingest", read, "--gather").code == 0
    assert results(read) == before


def test_gather_tells_of_a_batch_that_is_not_there(read: Path) -> None:
    first = sorted((read / ".mrdq/batches").iterdir())[0]
    (first / "basis.json").unlink()
    outcome = mrdq("ingest", read, "--gather")
    assert outcome.code == 2
    assert f"{first.name}/basis.json" in outcome.err
    assert "read the batch again" in outcome.err


def test_what_is_kept_may_be_deleted_at_any_time(read: Path) -> None:
    before, drawn = results(read), random.Random(1)
    for _ in range(6):
        for path in kept_files(read):
            if drawn.random() < 0.4:
                path.unlink()
        assert again(read) == before


# Many at once, and ends


def start(*words: object) -> subprocess.Popen[bytes]:
    """A job of a cluster, which takes no lock, in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-c", "from mrdq.cli import main; main()", *map(str, words)],
        env=os.environ | {"MRDQ_JOB": "{ingest}{1}"},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip


def test_two_fill_the_same_cache_at_once(study: Path, read: Path) -> None:
    both = [start("ingest", study) for _ in range(2)]
    assert [process.wait() for process in both] == [0, 0]
    assert results(study) == results(read)
    shown = mrdq("cache", "show", study).out.splitlines()[1]
    assert shown.split("\t")[:3] == ["exports", "12", "12"]


def test_killed_at_any_moment_it_goes_on(study: Path, read: Path) -> None:
    for wait in (0.6, 0.9):
        process = start("ingest", study)
        time.sleep(wait)
        process.kill()
        process.wait()
    assert again(study) == results(read)
    assert not list((study / ".mrdq").rglob("*.tmp"))


# mrdq cache


def test_pieces_of_the_stages_after_reading_are_pruned_as_well(study: Path) -> None:
    accepted(study)
    set_cell(study / "config/assays.tsv", 2, "blast_fraction", "0.5")
    accepted(study)
    before = results(study)
    shown = dict(line.split("\t", 1) for line in mrdq("cache", "show", study).out.splitlines())
    entries, used = map(int, shown["pieces"].split("\t")[:2])
    assert 0 < used < entries
    assert f"pieces: {entries - used} dropped" in mrdq("cache", "prune", study).out
    accepted(study)
    assert results(study) == before


def test_pruned_to_what_the_study_uses(read: Path, parsed: list[str]) -> None:
    shown = [line.split("\t") for line in mrdq("cache", "show", read).out.splitlines()]
    assert shown[0] == ["kind", "entries", "used", "files", "bytes"]
    assert shown[1][:3] == ["exports", "12", "12"]
    n_batches = len(list((read / ".mrdq/batches").iterdir()))
    assert shown[2][:4] == ["batches", *[str(n_batches)] * 2, str(3 * n_batches)]
    replace_text(read / f"data/{RUNS[4]}.csv", "25.3", "25.4")
    change(read / "config/runs.tsv", lambda rows: rows[:-2])
    again(read)
    set_key(read, "runs_per_job", "100")
    again(read)
    assert [line.split("\t")[:3] for line in mrdq("cache", "show", read).out.splitlines()][1:3] == [
        ["exports", "13", "10"], ["batches", str(len(list((read / ".mrdq/batches").iterdir()))), "1"],
    ]  # fmt: skip
    outcome = mrdq("cache", "prune", read)
    assert outcome.out.splitlines()[0] == "exports: 3 dropped"
    assert [line.split("\t")[:4] for line in mrdq("cache", "show", read).out.splitlines()][1:3] == [
        ["exports", "10", "10", "1"], ["batches", "1", "1", "3"],
    ]  # fmt: skip
    del parsed[:]
    shutil.rmtree(read / ".mrdq/batches")
    assert again(read) == fresh(read)
    assert parsed[: -(MANY - 2)] == []


def test_pruning_drops_what_other_readers_made(read: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mrdq.ingest_cache.readers", lambda: "others")
    assert f"exports: {MANY} dropped" in mrdq("cache", "prune", read).out
    assert list((read / ".mrdq/cache").iterdir()) == []


def test_a_study_without_a_cache_has_nothing_to_prune(study: Path) -> None:
    before = tree(study)
    assert mrdq("cache", "prune", study).code == 0
    assert "exports\t0\t0\t0\t0" in mrdq("cache", "show", study).out
    assert tree(study) == before


def test_runs_that_are_read_are_those_of_the_sheet(read: Path) -> None:
    """The hash of every export is that of its bytes."""
    for row in table(read / "results/runs.tsv"):
        data = (read / row["export"]).read_bytes()
        assert row["export_sha256"] == hashlib.sha256(data).hexdigest()
