"""Snakemake around the command line: the same bytes, no job too many, and none lost to a kill."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from small_study import (
    accepted,
    change,
    copy,
    mrdq,
    read_rows,
    set_cell,
    set_key,
    table,
    tree,
    write_rows,
)
from tiny import write_tiny

from mrdq.batches import batches
from mrdq.plan import load_plan

pytest.importorskip("snakemake")

SNAKEFILE = Path(__file__).parents[2] / "Snakefile"
ENVIRONMENT = os.environ | {
    "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
}
RUNS = 4
SEALING = {"seal", "close"}
LAB_RULES = """\
id: lab
version: "1"
title: our own
status: final
extends: euromrd-2007-therapy-reduction
parameters:
  sample_delta_cq_maximum: {value: %s, grade: laboratory, source: our validation}
"""


def command(study: Path, *words: str) -> list[str]:
    start = [
        sys.executable,
        "-m",
        "snakemake",
        "--snakefile",
        str(SNAKEFILE),
        "--directory",
        str(study),
    ]
    return [*start, *(words or ("--cores", "2"))]


def snakemake(study: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(study, *words),
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def jobs(output: str) -> dict[str, list[str]]:
    """Rule -> batches of its jobs ("" for none), of a dry run or a real one."""
    found: dict[str, list[str]] = {}
    for block in re.split(r"\n(?=(?:local)?rule \w+:\n)", output)[1:]:
        rule = block.split()[1].strip(":")
        batch = re.search(r"wildcards: batch=(\w+)", block)
        found.setdefault(rule, []).append(batch[1] if batch else "")
    return {
        rule: sorted(names) for rule, names in found.items() if rule not in ("all", "everything")
    }


def planned(study: Path) -> dict[str, list[str]]:
    done = snakemake(study, "--dry-run")
    assert done.returncode == 0, done.stdout
    return jobs(done.stdout)


def of_study(study: Path) -> dict[str, list[str]]:
    per_job = int(re.search(r"runs_per_job: (\d+)", (study / "config/config.yaml").read_text())[1])  # type: ignore[index]
    return batches([row["run_id"] for row in table(study / "config/runs.tsv")], per_job)


def write_study(folder: Path, per_job: int) -> Path:
    write_tiny(folder, runs=RUNS)
    (folder / "guidelines").mkdir()
    (folder / "guidelines/lab.yaml").write_text(LAB_RULES % "1.5")
    set_key(folder, "guideline", "lab")
    set_key(folder, "runs_per_job", str(per_job))
    return folder


@pytest.fixture(scope="module")
def straight(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The results of ``mrdq run``."""
    study = write_study(tmp_path_factory.mktemp("straight") / "study", 2)
    accepted(study)
    return tree(study / "results")


@pytest.fixture(scope="module")
def master(tmp_path_factory: pytest.TempPathFactory) -> Path:
    study = write_study(tmp_path_factory.mktemp("workflow") / "study", 2)
    done = snakemake(study, "--cores", "2")
    assert done.returncode == 0, done.stdout
    assert jobs(done.stdout)["ingest"] == sorted(of_study(study))
    return study


@pytest.fixture
def finished(master: Path, tmp_path: Path) -> Path:
    return copy(master, tmp_path / "finished")


def test_same_bytes_as_the_command_line(master: Path, straight: dict[str, bytes]) -> None:
    assert len(of_study(master)) >= 2
    assert tree(master / "results") == straight


def test_same_bytes_one_by_one(tmp_path: Path, straight: dict[str, bytes]) -> None:
    study = write_study(tmp_path / "study", 1)
    done = snakemake(study, "--cores", "1")
    assert done.returncode == 0, done.stdout
    assert len(jobs(done.stdout)["ingest"]) == RUNS
    assert tree(study / "results") == straight


@pytest.mark.parametrize("per_job", [1, 2, 3, 100])
def test_same_bytes_however_runs_are_batched(
    tmp_path: Path, straight: dict[str, bytes], per_job: int
) -> None:
    study = write_study(tmp_path / "study", per_job)
    for name in of_study(study):
        assert mrdq("ingest", study, "--batch", name).code == 0
    assert mrdq("ingest", study, "--gather").code == 0
    for verb in ("call", "status", "report"):
        assert mrdq(verb, study).code == 0
    assert tree(study / "results") == straight


@pytest.mark.parametrize("per_job", [1, 100])
def test_batches_of_the_example_are_its_runs(example: Path, tmp_path: Path, per_job: int) -> None:
    """With formats of every kind, extra columns in some layouts only, and a run without one."""
    other = copy(example, tmp_path / "other")
    rows = read_rows(other / "config/layouts/SIM-R01.tsv")
    for study in (example, other):
        write_rows(
            study / "config/layouts/SIM-R01.tsv",
            [[*row, "room" if n == 0 else "007"] for n, row in enumerate(rows)],
        )
    accepted(example)
    set_key(other, "runs_per_job", str(per_job))
    for name in of_study(other):
        assert mrdq("ingest", other, "--batch", name).code == 0
    assert mrdq("ingest", other, "--gather").code == 0
    for name in ("wells.parquet", "runs.tsv"):
        assert (other / "results" / name).read_bytes() == (example / "results" / name).read_bytes()


def test_nothing_to_do(finished: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in (finished / "results").rglob("*")}
    done = snakemake(finished)
    assert done.returncode == 0
    assert "Nothing to be done" in done.stdout
    assert {path: path.stat().st_mtime_ns for path in (finished / "results").rglob("*")} == before


def add_run(study: Path, run_id: str) -> list[str]:
    """A repeat of run 1; returns the batches that it changed."""
    before = of_study(study)
    for name in ("data/{}.csv", "config/layouts/{}.tsv"):
        (study / name.format(run_id)).write_bytes((study / name.format("SIM-000001")).read_bytes())
    new = [
        run_id,
        f"data/{run_id}.csv",
        f"config/layouts/{run_id}.tsv",
        "",
        "2015-02-01",
        "",
        "",
        "",
    ]
    change(study / "config/runs.tsv", lambda rows: [*rows, new])
    return sorted(name for name, runs in of_study(study).items() if before.get(name) != runs)


def test_new_run_reads_its_batch_alone(finished: Path) -> None:
    changed = add_run(finished, "REPEAT-1")
    assert 1 <= len(changed) < len(of_study(finished))
    found = planned(finished)
    assert found["ingest"] == changed
    assert found.keys() - SEALING == {"ingest", "gather", "call", "status", "report", "gate"}
    assert found.keys() >= SEALING


def test_another_rule_set_reads_nothing(finished: Path) -> None:
    (finished / "guidelines/lab.yaml").write_text(LAB_RULES % "0.1")
    assert planned(finished).keys() - {"gate"} - SEALING == {"call", "status", "report"}


def add_patient(study: Path) -> None:
    """A second patient, sample and assay like those of run 1, in the sheets."""
    for name, old in (
        ("assays", "SIM-000001-IG"),
        ("samples", "SIM-000001-A1"),
        ("patients", "P-SIM-000001"),
    ):
        path = study / f"config/{name}.tsv"
        row = next(row for row in read_rows(path) if row[0] == old)
        change(
            path, lambda rows, row=row: [*rows, [cell.replace("SIM-000001", "NEW") for cell in row]]
        )  # type: ignore[misc]


def rereads(study: Path) -> list[str]:
    """The batches that rest on something else than when they were read."""
    changes = load_plan(study).fingerprints
    return sorted(name for name in of_study(study) if changes[f"ingest/{name}"] is not None)


def read_all(study: Path) -> None:
    for name in of_study(study):
        assert mrdq("ingest", study, "--batch", name).code == 0


@pytest.fixture
def as_read(tmp_path: Path) -> Path:
    """A study whose batches were all read, and nothing more."""
    study = write_study(tmp_path / "study", 2)
    assert rereads(study) == sorted(of_study(study))
    read_all(study)
    assert rereads(study) == []
    return study


def test_run_of_a_new_patient_reads_its_batch_alone(as_read: Path) -> None:
    changed = add_run(as_read, "REPEAT-1")
    add_patient(as_read)
    assert rereads(as_read) == changed


def test_order_of_the_sheets_reads_nothing(as_read: Path) -> None:
    for name in ("runs", "samples", "assays", "patients"):
        change(as_read / f"config/{name}.tsv", lambda rows: [rows[0], *rows[:0:-1]])
    assert rereads(as_read) == []


def test_sample_that_was_missing_from_its_sheet(as_read: Path) -> None:
    """A run with a layout fails for an unknown sample; with the sample in the sheet it is read again."""
    rows = read_rows(as_read / "config/samples.tsv")
    write_rows(as_read / "config/samples.tsv", [rows[0], *rows[2:]])
    assert mrdq("check", as_read).code == 2
    read_all(as_read)
    assert rereads(as_read) == []
    write_rows(as_read / "config/samples.tsv", rows)
    assert mrdq("check", as_read).code == 0
    mine = next(name for name, runs in of_study(as_read).items() if "SIM-000001" in runs)
    assert mine in rereads(as_read)


@pytest.mark.parametrize(
    ("sheet", "row", "column", "value"),
    [
        # Sample 1 is of another patient now, whose clone target 1 is not: mrdq run refuses it.
        ("samples", 2, "patient_id", "P-SIM-000002"),
        ("assays", 2, "patient_id", "P-SIM-000002"),
        ("assays", 2, "target", "renamed"),
        ("runs", 2, "layout", ""),
        ("runs", 2, "format", "plain_table"),
    ],
)
def test_what_a_run_was_read_with_changed(
    as_read: Path, sheet: str, row: int, column: str, value: str
) -> None:
    """Whatever the roles of a well come from, a change of it reads the run again."""
    set_cell(as_read / f"config/{sheet}.tsv", row, column, value)
    mine = next(name for name, runs in of_study(as_read).items() if "SIM-000001" in runs)
    assert mine in rereads(as_read)


def test_corrupt_export_is_a_failed_row_and_an_exit_code(finished: Path) -> None:
    before = table(finished / "results/calls.tsv")
    (finished / "data/SIM-000003.csv").write_bytes(b"\xff\x00 nothing")
    done = snakemake(finished)
    assert done.returncode != 0
    states = {row["run_id"]: row for row in table(finished / "results/runs.tsv")}
    assert [run for run, row in states.items() if row["state"] == "failed"] == ["SIM-000003"]
    assert "data/SIM-000003.csv" in states["SIM-000003"]["message"]
    assert table(finished / "results/calls.tsv") == [
        row for row in before if row["run_id"] != "SIM-000003"
    ]
    assert "could not be read" in (finished / "results/report/index.html").read_text()
    assert (
        f'found "SIM-000003", expected a run that can be read. {states["SIM-000003"]["message"]}'
        in done.stdout
    )
    assert "gate" in planned(finished)


def test_wrong_sheet_stops_before_the_first_job(finished: Path) -> None:
    before = tree(finished / "results")
    set_cell(finished / "config/samples.tsv", 2, "collected_on", "yesterday")
    set_cell(finished / "config/assays.tsv", 2, "locus", "IGX")
    done = snakemake(finished)
    assert done.returncode != 0
    assert (
        'config/samples.tsv, row 2, column collected_on: found "yesterday", expected a date'
        in done.stdout
    )
    assert 'config/assays.tsv, row 2, column locus: found "IGX", expected one of IGH' in done.stdout
    assert "Traceback" not in done.stdout
    assert jobs(done.stdout) == {}
    assert tree(finished / "results") == before


def test_the_cohort_is_a_rule_of_its_own(tmp_path: Path) -> None:
    """With the key, the same bytes as ``mrdq run``; without it, no rule; and it re-runs alone."""
    study = write_study(tmp_path / "study", 100)
    assert "cohort" not in planned(study)
    set_key(study, "cohort", "{published: config/published.tsv}")
    rows = [["measure", "trial", "timepoint", "estimate"], ["mrd_negative", "T", "post-A1", "50.0"]]
    write_rows(study / "config/published.tsv", rows)
    twin = copy(study, tmp_path / "twin")
    accepted(twin)
    done = snakemake(study, "--cores", "2")
    assert done.returncode == 0, done.stdout
    results = tree(study / "results")
    assert results == tree(twin / "results")
    assert {"report/cohort.html", "report/published.html", "cohort/against.tsv"} <= set(results)
    assert planned(study) == {}
    write_rows(study / "config/published.tsv", [*rows[:1], [*rows[1][:3], "40.0"]])
    assert planned(study) == {"cohort": [""], "close": [""]}
    set_key(study, "cohort", "{months: [6]}")
    assert planned(study) == {"cohort": [""], "close": [""]}
    set_cell(study / "config/patients.tsv", 2, "last_contact_on", "2030-01-01")
    assert planned(study)["cohort"] == [""]


def test_lint(master: Path) -> None:
    done = snakemake(master, "--lint")
    assert done.returncode == 0, done.stdout
    assert "in a good condition" in done.stdout


def kill_group(words: list[str], delay: float) -> int:
    """Start a command in a group of its own, kill the group after a while; its exit code."""
    process = subprocess.Popen(
        words,
        env=ENVIRONMENT,
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        return process.wait(delay)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        return process.wait()


def leftovers(study: Path) -> list[str]:
    return [path.name for path in study.rglob("*.tmp") if ".snakemake" not in path.parts]


def test_killed_workflow_ends_with_the_same_bytes(
    tmp_path: Path, straight: dict[str, bytes]
) -> None:
    study = write_study(tmp_path / "study", 100)
    codes = [kill_group(command(study, "--cores", "2", "--nolock"), delay) for delay in (2.5, 4.0)]
    assert -signal.SIGKILL in codes
    # The lock of the killed one is still there; Snakemake asks for --unlock or --nolock.
    done = snakemake(study, "--cores", "2", "--nolock")
    assert done.returncode == 0, done.stdout
    assert tree(study / "results") == straight
    assert leftovers(study) == []


def test_killed_run_ends_with_the_same_bytes(tmp_path: Path, straight: dict[str, bytes]) -> None:
    """``mrdq run`` killed while it writes: no file is half, and the next run mends the rest."""
    study = write_study(tmp_path / "study", 2)
    seen = 0
    for after in ("wells.parquet", "evidence.tsv"):
        process = subprocess.Popen(
            [sys.executable, "-c", "from mrdq.cli import main; main()", "run", str(study)],
            start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        end = time.monotonic() + 20
        while (
            process.poll() is None
            and not (study / "results" / after).exists()
            and time.monotonic() < end
        ):
            time.sleep(0.002)
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            seen += 1
        process.wait()
        for name, content in tree(study / "results").items():
            assert name.endswith(".tmp") or content == straight[name]
    assert seen
    accepted(study)
    assert tree(study / "results") == straight
