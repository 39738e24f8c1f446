"""``mrdq audit replay``: results made again from what the trail says was read, whatever came later.

The oracle is the trail itself: SHA-256 of what a run made then, against what is made again now.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
import pytest
from small_study import (
    EXPORT,
    LAYOUT,
    RUN,
    SAMPLE,
    TARGET,
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
from tiny import write_tiny

from mrdq import provenance, resources, stages, storage
from mrdq.audit.chain import read_chain
from mrdq.audit.job import recorded
from mrdq.audit.seal import seal
from mrdq.audit.site import Site
from mrdq.batches import batches
from mrdq.errors import refuse
from mrdq.guideline import Parameter

OWN = """\
id: lab
version: "1"
title: our own
status: final
extends: euromrd-2007-therapy-reduction
parameters:
  sample_delta_cq_maximum: {value: %s, grade: laboratory, source: our validation}
"""
SITE = Site("machine", "analyst")
FILES = 10
"""Of the results of a study without a cohort: nine tables and a page."""


@pytest.fixture(scope="session")
def _run_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("replay") / "study"
    write_tiny(folder)
    accepted(folder)
    return folder


@pytest.fixture
def done(_run_once: Path, tmp_path: Path) -> Path:
    """A study that was run: block 1 seals its tables, block 2 its page."""
    return copy(_run_once, tmp_path / "done")


def replay(study: Path, *words: object) -> Outcome:
    """Replay, and nothing of the study is changed by it."""
    before = tree(study)
    outcome = mrdq("audit", "replay", study, *words)
    assert tree(study) == before
    return outcome


def identical(study: Path, *words: object, files: int = FILES) -> Outcome:
    outcome = replay(study, *words)
    assert outcome.code == 0, outcome
    assert f"identical, {files} files made again with the same bytes" in outcome.out
    return outcome


def differs(study: Path, *words: object) -> Outcome:
    outcome = replay(study, *words)
    assert outcome.code == 3, outcome
    assert "identical" not in outcome.out
    return outcome


def test_identical(done: Path) -> None:
    outcome = identical(done)
    assert outcome.out.startswith("results/ as of block 2 of 20")
    assert len(outcome.out.splitlines()) == 1
    assert [line.split(" again")[0] for line in outcome.err.splitlines()][2:4] == ["run", "report"]


def test_the_pages_of_a_block_are_those_that_carry_its_seal(done: Path) -> None:
    assert "results/ as of block 1 of 20" in identical(done, "--block", 1).out


def test_the_clean_folder_can_be_kept(done: Path, tmp_path: Path) -> None:
    to = tmp_path / "clean"
    identical(done, "--to", to)
    kept = tree(to)
    read = {name for name in tree(done) if name.startswith(("config/", "data/", "results/"))}
    assert {name for name in kept if not name.startswith(("audit/", ".mrdq/"))} == read
    assert all(kept[name] == content for name, content in tree(done).items() if name in read)
    assert mrdq("check", to).code == 0
    assert read_chain(to).head.number > 0


def test_place_of_the_clean_folder(done: Path, tmp_path: Path) -> None:
    full, file = tmp_path / "full", tmp_path / "file"
    full.mkdir()
    (full / "mine").write_text("mine")
    file.write_text("mine")
    for place in (full, file, done, done / "clean", done / "results" / "clean"):
        outcome = replay(done, "--to", place)
        assert outcome.code == 2, outcome
        assert "expected a new or empty folder outside of the study" in outcome.err
    assert [path.name for path in full.iterdir()] == ["mine"]


@pytest.mark.parametrize("stopped", [False, True])
def test_the_temporary_folder_is_removed(
    done: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stopped: bool
) -> None:
    place, seen = tmp_path / "temporary", []
    place.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))

    def interrupted(_: object) -> None:
        seen.extend(place.iterdir())
        raise KeyboardInterrupt

    if stopped:
        monkeypatch.setattr(stages, "call", interrupted)
    assert replay(done).code == (130 if stopped else 0)
    assert bool(seen) == stopped
    assert list(place.iterdir()) == []


def test_of_a_workflow(tmp_path: Path) -> None:
    """Two batches, gathered; every rule leaves a record of its own."""
    pytest.importorskip("snakemake")
    study = tmp_path / "study"
    write_tiny(study)
    set_key(study, "runs_per_job", "1")
    words = [".mrdq/sealed", "--snakefile", Path(__file__).parents[2] / "Snakefile", "--directory", study, "--cores", "2"]  # fmt: skip
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    made = subprocess.run(
        [sys.executable, "-m", "snakemake", *map(str, words)], env=os.environ | {"PATH": path},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    assert made.returncode == 0, made.stdout
    assert mrdq("report", study).code == 0
    shutil.rmtree(study / ".mrdq")
    outcome = identical(study)
    again = [line.partition(" again")[0] for line in outcome.err.splitlines() if " again, as on " in line]  # fmt: skip
    assert all(line.startswith("ingest of batch ") for line in again[:2])
    assert again[2:] == ["gather", "call", "status", "report"]


def change_everything(study: Path) -> None:
    """Sheets, a layout, the settings and the own rule set say something else."""
    set_cell(study / LAYOUT, 2, "exclude", "drop of water")
    set_cell(study / "config/assays.tsv", 2, "dna_per_well", "500 ng")
    set_cell(study / "config/samples.tsv", 2, "collected_on", "2014-11-02")
    change(study / "config/runs.tsv", lambda rows: rows[:2])
    (study / "guidelines/lab.yaml").write_text(OWN % "0.1")


@pytest.fixture(scope="session")
def _own_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    study = tmp_path_factory.mktemp("own") / "study"
    write_tiny(study)
    (study / "guidelines").mkdir()
    (study / "guidelines/lab.yaml").write_text(OWN % "1.5")
    set_key(study, "guideline", "lab")
    accepted(study)
    return study


@pytest.fixture
def own(_own_once: Path, tmp_path: Path) -> Path:
    """A study with a rule set of its own that extends a shipped one."""
    return copy(_own_once, tmp_path / "own")


def test_of_an_older_block(own: Path, tmp_path: Path) -> None:
    first = tree(own / "results")
    change_everything(own)
    accepted(own)
    assert tree(own / "results")["calls.tsv"] != first["calls.tsv"]
    identical(own)
    identical(own, "--block", 1)
    outcome = identical(own, "--block", 2, "--to", tmp_path / "clean")
    assert "is not there" not in outcome.err
    assert tree(tmp_path / "clean/results") == first


def test_own_rule_set_that_is_gone(own: Path) -> None:
    shutil.rmtree(own / "guidelines")
    identical(own)


def test_another_rule_set_was_asked_for(done: Path) -> None:
    assert mrdq("run", done, "--guideline", "euromrd-2024").code == 0
    assert identical(done, "--block", 1).out != identical(done).out
    assert {row["guideline"] for row in table(done / "results/calls.tsv")} == {"euromrd-2024"}


def test_after_the_results_were_deleted(done: Path) -> None:
    shutil.rmtree(done / "results")
    outcome = identical(done)
    assert "note: results/calls.tsv is not there; it was made again as it is under seal" in outcome.err  # fmt: skip


def test_moved_elsewhere(done: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    identical(Path(shutil.move(done, tmp_path / "elsewhere/other name")))


def test_read_only(done: Path) -> None:
    paths = [done, *done.rglob("*")]
    for path in paths:
        path.chmod(0o555 if path.is_dir() else 0o444)
    try:
        identical(done)
    finally:
        for path in paths:
            path.chmod(0o755 if path.is_dir() else 0o644)


def test_results_that_were_tampered_with(done: Path) -> None:
    path = done / "results/calls.tsv"
    rows = read_rows(path)
    row, column = 1, rows[0].index("call")
    old, rows[row][column] = rows[row][column], "negative"
    write_rows(path, rows)
    outcome = differs(done)
    assert (
        f"results/calls.tsv as made again and sealed in block 1 → as it lies there: 1 row differs: "
        f"run {RUN} target {TARGET} sample {SAMPLE}: call {old} → negative" in outcome.out
    )
    assert f"1 difference, {FILES} files made again with the same bytes" in outcome.out


def forge(study: Path, name: str, row: int, column: str, value: str) -> str:
    """Change a result and write a trail of its own for it, as somebody with all rights could."""
    shutil.rmtree(study / "audit")
    path = study / "results" / name
    old = table(path)[row - 2][column]
    set_cell(path, row, column, value)
    inputs = [p for p in tree(study) if p.startswith(("config/", "data/"))]
    with recorded(study, "run", SITE, {"guideline": "", "results": "results"}) as job:
        job.reads(*inputs, keep=True)
        job.writes(*(p for p in tree(study) if p.startswith("results/") and "report" not in p))
    seal(study, SITE)
    return old


def test_results_that_were_sealed_with_a_false_row(done: Path) -> None:
    """Replay sees what a rewritten chain hides."""
    (done / "results/report/index.html").unlink()
    old = forge(done, "calls.tsv", 2, "mrd_level", "0.25")
    outcome = differs(done)
    assert (
        f"results/calls.tsv, sealed in block 1 → made again: 1 row differs: "
        f"run {RUN} target {TARGET} sample {SAMPLE}: mrd_level 0.25 → {old}" in outcome.out
    )
    assert f"mrd_level 0.25 → {old}" in outcome.out.partition("A: as sealed in block 1")[2]


def test_page_that_was_changed(done: Path) -> None:
    replace_text(done / "results/report/index.html", "<html", "<!-- mine -->\n<html")
    told = differs(done).out
    assert "results/report/index.html as made again and sealed in block 2 → as it lies there: " in told  # fmt: skip
    assert "the first is line 2" in told


def test_export_that_was_tampered_with(done: Path, tmp_path: Path) -> None:
    archive = tmp_path / "archive" / "2015"
    archive.mkdir(parents=True)
    (archive / "some other name").write_bytes((done / EXPORT).read_bytes())
    (archive / "as long.csv").write_bytes((done / EXPORT).read_bytes()[::-1])
    replace_text(done / EXPORT, "Undetermined", "38.1")
    outcome = differs(done)
    assert f"{EXPORT} has other bytes now: the run of 20" in outcome.out
    assert "(--export-from FOLDER)" in outcome.out
    assert "The results were not made again." in outcome.err
    identical(done, "--export-from", tmp_path / "archive")


def test_every_missing_input_is_named(done: Path, tmp_path: Path) -> None:
    shutil.rmtree(done / "data")
    outcome = differs(done, "--to", tmp_path / "clean")
    assert [line.split(":")[0] for line in outcome.out.splitlines()] == [
        "data/SIM-000001.csv is not there", "data/SIM-000002.csv is not there"
    ]  # fmt: skip
    assert not (tmp_path / "clean").exists()


def test_sheet_that_is_neither_there_nor_kept(done: Path) -> None:
    for path in (done / "audit/kept").iterdir():
        path.write_bytes(b"")
    identical(done)
    set_cell(done / "config/samples.tsv", 2, "collected_on", "2014-11-02")
    assert "config/samples.tsv has other bytes now" in differs(done).out


def be_stricter(monkeypatch: pytest.MonkeyPatch) -> None:
    """mrdq as another version could be: replicates may differ by 0.1 and no more."""
    met_by = Parameter.met_by

    def met(self: Parameter, values: Any, **words: Any) -> Any:
        if self.name == "sample_delta_cq_maximum":
            return values <= 0.1
        return met_by(self, values, **words)

    monkeypatch.setattr(Parameter, "met_by", met)
    monkeypatch.setattr(provenance, "software", lambda: "mrdq 9.9 0123456789ab")


def test_another_version_says_which_calls_differ_and_why(
    done: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    be_stricter(monkeypatch)
    outcome = differs(done)
    first = outcome.out.splitlines()[0]
    assert first.startswith("another version of mrdq: made with mrdq 0.")
    assert first.endswith("; this is mrdq 9.9 0123456789ab")
    why = outcome.out.partition("A: as sealed in block 2")[2]
    assert "positive_quantifiable → positive_not_quantifiable" in why
    assert "1. sample_delta (" in why
    assert f"{RUN} {TARGET} {SAMPLE} (P-SIM-000001 post-A1): positive_quantifiable → positive_not_quantifiable" in why  # fmt: skip
    assert "results/wells.parquet" not in outcome.out


def test_another_version_after_the_results_were_deleted(
    done: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Calls are kept in the trail, evidence is not: rows are told, and why not the criterion."""
    be_stricter(monkeypatch)
    shutil.rmtree(done / "results")
    out = differs(done).out
    assert "call positive_quantifiable → positive_not_quantifiable" in out
    assert "reasons empty → sample_delta" in out
    assert "Why cannot be told: results/evidence.tsv is not at hand with its sealed bytes." in out
    assert "results/evidence.tsv, sealed in block 1: other bytes were made again; what was sealed is not at hand" in out  # fmt: skip


def test_another_version_with_the_same_results(done: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(provenance, "software", lambda: "mrdq 9.9 0123456789ab")
    assert identical(done).out.startswith("another version of mrdq: made with mrdq 0.")


def test_another_version_that_refuses_the_inputs(
    done: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stricter(*_: object, **__: object) -> None:
        refuse("config/assays.tsv", "one of TRB, TRG", "IGH", row=2, column="locus")

    monkeypatch.setattr("mrdq.recording.load_study", stricter)
    out = differs(done).out
    assert "this mrdq refuses what the run of 20" in out
    assert 'took: config/assays.tsv, row 2, column locus: found "IGH"' in out


def test_other_packages_are_told(done: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from mrdq.replay import versions

    there = dict(versions.software()["packages"])
    for name in [name for name in there if name.lower() in ("pandas", "pytest")]:
        there[name] = "99.1"
    monkeypatch.setattr(versions, "software", lambda: {"packages": there})
    told = identical(done).out
    assert "other versions (then → here): pandas " in told
    assert " → 99.1" in told
    assert "pytest" not in told


@pytest.fixture
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of what mrdq ships, in its place."""
    path, to = resources.path, tmp_path / "shipped"
    shutil.copytree(path("guidelines"), to / "guidelines")
    shutil.copytree(path("protocols"), to / "protocols")
    own = ("guidelines", "protocols")
    monkeypatch.setattr(
        resources, "path", lambda name: to / name if name.split("/")[0] in own else path(name)
    )
    return to


RULES = "guidelines/euromrd-2007-therapy-reduction.yaml"


@pytest.mark.parametrize("gone", [False, True])
def test_shipped_rule_set_that_is_another_now(own: Path, shipped: Path, gone: bool) -> None:
    """It is the one that the study's own extends."""
    if gone:
        (shipped / RULES).unlink()
    else:
        replace_text(shipped / RULES, "version:", "# mended\nversion:")
    told = identical(own).err
    assert f"note: {RULES}: this mrdq ships {'no such file' if gone else 'another text'}, the recorded one is used" in told  # fmt: skip


def test_shipped_rule_set_that_is_gone_though_the_first_job_names_none(
    own: Path, shipped: Path
) -> None:
    """Reading exports rests on no rules, and a study without its rule set is none."""
    for verb in ("ingest", "call", "status", "report"):
        assert mrdq(verb, own).code == 0
    (shipped / RULES).unlink()
    identical(own)


def test_shipped_rule_set_of_another_number(done: Path, shipped: Path) -> None:
    text = (shipped / RULES).read_text()
    place = text.index("sample_delta_cq_maximum")
    changed = text[:place] + text[place:].replace("value: 1.5", "value: 0.1", 1)
    assert changed != text
    (shipped / RULES).write_text(changed)
    identical(done)
    accepted(done)
    assert table(done / "results/calls.tsv")[0]["call"] == "positive_not_quantifiable"
    (shipped / RULES).write_text(text)
    identical(done)


def test_shipped_protocol_that_is_another_now(done: Path, shipped: Path) -> None:
    replace_text(shipped / "protocols/all-mrd2019.yaml", "post-C1", "post-C9")
    assert "note: protocols/all-mrd2019.yaml: this mrdq ships another text" in identical(done).err


AMENDMENTS = ["what", "run_id", "target", "well", "sample_id", "call", "who", "when", "why"]


def test_amendments_are_replayed_as_recorded(done: Path) -> None:
    sheet = done / "config/amendments.tsv"
    row = ["omit", RUN, TARGET, "", SAMPLE, "", "operator A", "2015-02-01", "pipetted twice"]
    write_rows(sheet, [AMENDMENTS, row])
    accepted(done)
    amended = tree(done / "results")
    assert table(done / "results/calls.tsv")[0]["call"] == "not_evaluable"
    sheet.unlink()
    accepted(done)
    assert tree(done / "results")["calls.tsv"] != amended["calls.tsv"]
    for block in (2, 4, 6):
        identical(done, "--block", block)


def test_stages_that_were_made_one_by_one(done: Path) -> None:
    """Calls under other rules, the status still that of the first: each as it was made."""
    assert mrdq("call", done, "--guideline", "euromrd-2024").code == 0
    told = identical(done, files=FILES - 1)
    assert "results/report/index.html of block 2 shows other results than those of block 3: it is not made again" in told.err  # fmt: skip
    assert mrdq("status", done, "--guideline", "euromrd-2024").code == 0
    assert mrdq("report", done, "--guideline", "euromrd-2024").code == 0
    identical(done)


def test_sheets_that_changed_between_stages(done: Path) -> None:
    protocol = done / "protocols/all-mrd2019.yaml"
    protocol.parent.mkdir()
    protocol.write_text(resources.path("protocols/all-mrd2019.yaml").read_text())
    replace_text(protocol, "post-A1", "post-A9")
    assert mrdq("ingest", done).code == 0
    protocol.unlink()
    set_cell(done / "config/samples.tsv", 2, "collected_on", "2014-11-02")
    (done / "guidelines").mkdir()
    (done / "guidelines/lab.yaml").write_text(OWN % "0.1")
    assert mrdq("call", done, "--guideline", "lab").code == 0
    assert mrdq("status", done, "--guideline", "lab").code == 0
    (done / "guidelines/lab.yaml").unlink()
    change(done / "config/patients.tsv", lambda rows: [rows[0], *rows[:0:-1]])
    identical(done, files=FILES - 1)


def test_result_that_was_changed_between_stages(done: Path) -> None:
    """Somebody changed calls and let mrdq combine them: the trail says that no job made them so."""
    set_cell(done / "results/calls.tsv", 2, "call", "negative")
    assert mrdq("status", done).code == 0
    out = differs(done).out
    assert "results/calls.tsv: the status of 20" in out
    assert "read other bytes than the run of 20" in out
    assert "status negative → positive_quantifiable" in out


def test_results_elsewhere(done: Path, tmp_path: Path) -> None:
    """A trial in a folder of the study is not what is meant, unless its block is named."""
    assert mrdq("run", done, "--guideline", "euromrd-2024", "--results", done / "trial").code == 0
    assert "results/ as of block 2" in identical(done).out
    assert "trial/ as of block 3" in identical(done, "--block", 3).out
    assert "trial/ as of block 4" in identical(done, "--block", 4).out


def test_results_outside_are_not_under_seal(study: Path, tmp_path: Path) -> None:
    assert mrdq("run", study, "--results", tmp_path / "out").code == 0
    outcome = replay(study)
    assert outcome.code == 2
    assert "expected results of the study under seal" in outcome.err


def test_another_results_folder_since(done: Path) -> None:
    set_key(done, "results", "results-2015")
    assert "results/ as of block 2" in identical(done).out
    accepted(done)
    assert "results-2015/ as of block 4" in identical(done).out
    assert "results/ as of block 2" in identical(done, "--block", 2).out


def snappy(sink: BinaryIO, tables: Iterable[pa.Table]) -> None:
    """The same table by another writer."""
    pa.parquet.write_table(pa.concat_tables(tables), sink, compression="snappy")


def test_wells_of_the_same_content_are_no_difference(
    done: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage, "write_parquet", snappy)
    outcome = replay(done)
    assert outcome.code == 0, outcome
    assert "note: results/wells.parquet, sealed in block 1: other bytes of the same content were made again" in outcome.err  # fmt: skip
    assert f"identical, {FILES - 1} files made again with the same bytes, 1 with the same content" in outcome.out  # fmt: skip
    (done / "results/wells.parquet").unlink()
    assert "results/wells.parquet, sealed in block 1: other bytes were made again" in differs(done).out  # fmt: skip


def test_wells_that_differ_are_named(done: Path) -> None:
    wells = storage.read_wells([done / "results/wells.parquet"])
    wells.loc[0, "cq"] = 12.5
    (done / "results/wells.parquet").write_bytes(storage.parquet_bytes(wells))
    told = differs(done).out
    assert f"1 row differs: run {RUN} well A1 target {TARGET}: cq " in told
    assert " → 12.5" in told
    (done / "results/wells.parquet").write_bytes(b"no table")
    assert "as it lies there: it is no table in Parquet" in differs(done).out


def test_no_trail(study: Path) -> None:
    outcome = replay(study)
    assert outcome.code == 2
    assert "expected an audit trail" in outcome.err


@pytest.mark.parametrize("block", [0, 3, 99])
def test_no_such_block(done: Path, block: int) -> None:
    assert replay(done, "--block", block).code == 2


def test_no_results_under_seal(study: Path) -> None:
    """A batch that was read is no result yet."""
    batch = next(iter(batches([RUN, "SIM-000002"], 100)))
    assert mrdq("ingest", study, "--batch", batch).code == 0
    outcome = replay(study)
    assert outcome.code == 2
    assert "expected results of the study under seal" in outcome.err


def test_records_that_are_not_sealed_are_not_looked_at(done: Path) -> None:
    with recorded(done, "call", SITE, {"results": "results"}) as job:
        job.writes("results/calls.tsv")
    assert "note: there are records that no block holds yet" in identical(done).err


def test_job_that_failed_after_it_made_results(
    study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its tables are there, and what was made of them later can be made again."""
    with monkeypatch.context() as patch:
        patch.setattr("mrdq.calling.status", lambda *_, **__: refuse("disk", "space"))
        assert mrdq("run", study).code == 2
    assert mrdq("status", study).code == 0
    assert mrdq("report", study).code == 0
    identical(study)


def test_full_disk(done: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    outcome = mrdq("audit", "replay", done)
    assert outcome.code == 2
    assert 'found "No space left on device", expected a file that can be written' in outcome.err


def test_broken_trail(done: Path) -> None:
    record = next((done / "audit/records").glob("*-run-*"))
    record.unlink()
    out = differs(done).out
    assert f"audit/records/{record.name} is missing" in out
    assert "mrdq audit verify says more" in out


def test_file_of_another_job_is_not_made_again(done: Path) -> None:
    (done / "results/mine.tsv").write_text("a\n1\n")
    with recorded(done, "note", SITE, {"results": "results"}) as job:
        job.writes("results/mine.tsv")
    seal(done, SITE)
    outcome = identical(done, "--block", 3)
    assert "note: results/mine.tsv was made by none of run, ingest, gather, call, status, report, cohort" in outcome.err  # fmt: skip


OUT = "../outside.tsv"
FORGED: dict[str, tuple[dict[str, Any], str]] = {
    "input": ({}, f"{OUT}: the call of 20"),
    "batch": ({"batch": "../../outside"}, "made results outside of the study: results ../../outside"),
    "results": ({"results": "../outside"}, "made results outside of the study: ../outside"),
    "absolute": ({"results": "/outside"}, "made results outside of the study: /outside"),
    "text": ({}, "guidelines/other.yaml: its recorded text is not that of its recorded SHA-256"),
    "place": ({}, "guidelines/../../x.yaml: its recorded text is not that of its recorded SHA-256"),
    "form": ({}, "its rule sets are not of the form of a record"),
}  # fmt: skip
FALSE: dict[str, list[dict[str, Any]]] = {
    "text": [{"files": [{"file": "guidelines/other.yaml", "sha256": "0" * 64, "text": ""}]}],
    "place": [{"files": [{"file": "guidelines/../../x.yaml", "text": "",
                          "sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}]}],
    "form": [{"files": 1}],
}  # fmt: skip


@pytest.mark.parametrize("kind", FORGED)
def test_record_that_nobody_should_trust(done: Path, tmp_path: Path, kind: str) -> None:
    """A trail is data, and may come from anybody: nothing is laid down beside the clean folder."""
    (done / OUT).write_text("x")
    asked, expected = FORGED[kind]
    with recorded(done, "call", SITE, {"guideline": "", "results": "results", **asked}) as job:
        job.reads(*(p for p in tree(done) if p.startswith("config/")), "results/wells.parquet")
        if kind == "input":
            job.read_as(OUT, 1, "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881")
        job.definitions = FALSE.get(kind, [])
        job.writes("results/calls.tsv")
    seal(done, SITE)
    (tmp_path / "to").mkdir()
    outcome = differs(done, "--block", 3, "--to", tmp_path / "to/clean/study")
    assert expected in outcome.out
    assert [path for path in tree(tmp_path / "to") if not path.startswith("clean/study/")] == []


def test_cohort_pages_and_tables(tmp_path: Path) -> None:
    """With the pages' seal as it was, also after a later block."""
    study = tmp_path / "study"
    write_tiny(study, runs=1)  # few groups, few pictures
    set_key(study, "cohort", "{published: config/published.tsv}")
    write_rows(study / "config/published.tsv", [
        ["measure", "trial", "timepoint", "estimate"], ["mrd_negative", "T", "post-A1", "50.0"]
    ])  # fmt: skip
    accepted(study)
    made = len(tree(study / "results"))
    assert made > FILES + 10
    assert mrdq("report", study).code == 0
    (study / "config/published.tsv").unlink()
    identical(study, files=made)
