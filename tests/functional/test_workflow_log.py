"""What a workflow shows: progress, and at its end each job that failed with the end of its log.

A real Snakemake runs small rules here; those of the study are tried in test_workflow.py.
"""

from __future__ import annotations

import logging
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from mrdq.cli.progress_display import Lines
from mrdq.cli.workflow_log import Jobs
from mrdq.failures import FailedJob, last_lines, summary

RUNS = "run_id\texport\tstate\tmessage\n"


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


# --- The summary --------------------------------------------------------------------------------


def test_the_end_of_a_log_is_its_last_lines_that_are_not_empty(tmp_path: Path) -> None:
    log = tmp_path / "call.log"
    log.write_bytes(b"\n".join(b"line %d\n" % n for n in range(50)) + b"\xff\x1b[31m\n\n\n")
    shown = last_lines(log)
    assert shown == [*(f"line {n}" for n in range(41, 50)), "\N{REPLACEMENT CHARACTER} [31m"]


def test_what_the_scheduler_says_comes_first(tmp_path: Path) -> None:
    """As SLURM 22.05 logs a job that it killed: the cause, and then what Snakemake says of it."""
    cause = "slurmstepd-n2: error: StepId=3.0 exceeded memory limit (830963712 > 535822336), being killed"
    killed = "srun: error: n2: task 0: Killed"
    later = [f"Snakemake says {n}" for n in range(18)]
    log = tmp_path / "3.log"
    log.write_text("\n".join(["Building DAG of jobs...", cause, killed, cause, *later]))
    assert last_lines(log) == [cause, killed, *later[10:]]
    log.write_text("\n".join([cause, *(f"srun: error: task {n}" for n in range(40))]))
    assert last_lines(log) == [f"srun: error: task {n}" for n in range(35, 40)]


def test_a_huge_log_is_not_read_whole_and_its_lines_are_cut(tmp_path: Path) -> None:
    log = tmp_path / "call.log"
    with log.open("wb") as file:
        file.truncate(1 << 40)  # as large as a disk, and nothing in it
        file.seek(0, os.SEEK_END)
        file.write(b"\n" + b"x" * 5000 + b"\nlast\n")
    shown = last_lines(log)
    assert shown[-1] == "last"
    assert shown[-2] == "x" * 300 + " …"


def test_a_summary_names_jobs_and_logs(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs/call.log").write_text("reading wells\nMemoryError\n")
    (tmp_path / "logs/slurm.log").write_text("")
    jobs = [FailedJob("ingest", "b01", ("logs/b01.log",)), FailedJob("call", "", ("logs/call.log", "logs/slurm.log"))]  # fmt: skip
    assert summary(tmp_path, "results", jobs) == [
        "failed: ingest b01",
        "  logs/b01.log: there is no such log",
        "failed: call",
        "  the end of logs/call.log:",
        "    reading wells",
        "    MemoryError",
        "  logs/slurm.log is empty",
    ]


def test_a_summary_of_many_jobs_is_short(tmp_path: Path) -> None:
    jobs = [FailedJob("ingest", f"b{n}", ()) for n in range(1200)]
    told = summary(tmp_path, "results", jobs)
    assert told[9:] == ["failed: ingest b9", "failed: 1,190 more jobs"]


def test_the_gate_is_told_by_the_runs_that_could_not_be_read(tmp_path: Path) -> None:
    (tmp_path / "results").mkdir()
    rows = [f"SIM-{n:06}\tx.csv\t{'failed' if n < 12 else 'read'}\t{'no such file' if n < 12 else ''}\n" for n in range(1500)]  # fmt: skip
    (tmp_path / "results/runs.tsv").write_text(RUNS + "".join(rows))
    gate = FailedJob("gate", "", ("logs/gate.log",))
    told = summary(tmp_path, "results", [gate])
    assert told[:2] == ["12 of 1,500 runs could not be read:", "  SIM-000000: no such file"]
    assert told[11:] == ["  and 2 more: results/runs.tsv has them all, with the state failed"]
    # RUNS of an earlier workflow says nothing of one that did not get so far.
    assert summary(tmp_path, "results", [FailedJob("call", "", ())]) == ["failed: call"]


@pytest.mark.parametrize("data", [b"", b"\xff\xff", b"a\tb\n1\t2\n", RUNS.encode()])
def test_a_gate_without_such_runs_is_told_by_its_log(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "results").mkdir()
    (tmp_path / "results/runs.tsv").write_bytes(data)
    assert summary(tmp_path, "results", [FailedJob("gate", "", ())]) == ["failed: gate"]


# --- Events -------------------------------------------------------------------------------------


def record(event: str, level: int = logging.INFO, **fields: Any) -> logging.LogRecord:
    return logging.makeLogRecord({"event": event, "levelno": level, **fields})


def info(job: int, rule: str, **wildcards: str) -> logging.LogRecord:
    return record("job_info", jobid=job, rule_name=rule, wildcards=wildcards, log=[f"logs/{rule}.log"])  # fmt: skip


def test_what_is_left_is_told_while_jobs_end(tmp_path: Path) -> None:
    clock, lines = Clock(), list[str]()
    jobs = Jobs(tmp_path, "results", clock=clock)
    jobs.handle(record("run_info", stats={"ingest": 10, "call": 1, "all": 1, "total": 12}))
    jobs.begin(Lines(lines.append))
    for number in range(10):
        jobs.handle(info(number, "ingest", batch=f"b{number}"))
        clock.now += 6
        jobs.handle(record("job_finished", job_id=number))
    jobs.handle(info(10, "call"))
    clock.now += 125
    jobs.handle(record("job_finished", job_id=10))
    jobs.handle(record("job_finished", job_id=11))
    jobs.end(success=True)
    assert lines == [
        "to do: reading exports (10 batches), calling",
        "reading exports: 10 batches",
        "reading exports: 2 of 10 batches, 12 s, about 48 s left",
        "reading exports: 4 of 10 batches, 24 s, about 36 s left",
        "reading exports: 6 of 10 batches, 36 s, about 24 s left",
        "reading exports: 8 of 10 batches, 48 s, about 12 s left",
        "reading exports: 10 batches in 1 min 00 s",
        "calling ...",
        "calling: 2 min 05 s",
        "done: 12 jobs in 3 min 05 s",
    ]
    (log,) = (tmp_path / "logs").iterdir()
    assert "calling: 2 min 05 s" in log.read_text()


def test_nothing_is_shown_or_written_in_a_dry_run(tmp_path: Path) -> None:
    jobs = Jobs(tmp_path, "results")
    jobs.handle(record("run_info", stats={"ingest": 1, "total": 1}))
    jobs.handle(info(1, "ingest", batch="b"))
    jobs.handle(record("job_finished", job_id=1))
    assert list(tmp_path.iterdir()) == []


def test_events_that_snakemake_may_come_to_send_stop_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines: list[str] = []
    jobs = Jobs(tmp_path, "results")
    jobs.begin(Lines(lines.append))
    jobs.handle(record("job_info"))
    jobs.handle(record("something_new"))
    jobs.handle(record("job_finished", job_id=77))
    jobs.end(success=True)
    assert lines[-1].startswith("done: 1 jobs")
    assert "KeyError" in capsys.readouterr().err  # told to who may mend it


def test_a_group_that_fails_is_told_by_its_jobs(tmp_path: Path) -> None:
    lines: list[str] = []
    jobs = Jobs(tmp_path, "results")
    jobs.begin(Lines(lines.append))
    jobs.handle(info(1, "ingest", batch="b01"))
    failed = {"jobid": 1, "rule_name": "ingest", "log": ["logs/b01.log"]}
    jobs.handle(record("group_error", logging.ERROR, job_error_info=[failed], aux_logs=[]))
    jobs.end(success=False)
    assert "failed: ingest b01" in lines


# --- A real Snakemake ---------------------------------------------------------------------------

SNAKEFILE = """
from pathlib import Path
from snakemake.logging import logger
from mrdq.cli.workflow_log import watch

if workflow.is_main_process:
    JOBS = watch(logger, Path("."), "results")

onstart:
    JOBS.begin()

onsuccess:
    JOBS.end(success=True)

onerror:
    JOBS.end(success=False)

rule all:
    input: expand("{batch}.txt", batch=["b0", "b1", "b2"]), "called"

rule ingest:
    output: "{batch}.txt"
    log: "logs/{batch}.log"
    shell: "echo reading {wildcards.batch} >{log}; test {wildcards.batch} != {config[bad]} && touch {output}"

rule call:
    input: expand("{batch}.txt", batch=["b0", "b2"])
    output: "called"
    log: "logs/call.log"
    retries: 1
    shell: "seq 100 >{log}; test -e once || {{ touch once; false; }}; touch {output}"
"""


def snakemake(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    pytest.importorskip("snakemake")
    (folder / "Snakefile").write_text(SNAKEFILE)
    return subprocess.run(
        [sys.executable, "-m", "snakemake", "--directory", str(folder), "--snakefile", str(folder / "Snakefile"),
         "--cores", "1", "--keep-going", "--scheduler", "greedy", *words],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
    )  # fmt: skip


def logged(folder: Path) -> str:
    (log,) = (folder / "logs").glob("workflow-*.log")
    return re.sub(r"(?m)^\S+Z ", "", log.read_text())


def test_a_job_that_fails_is_named_with_the_end_of_its_log(tmp_path: Path) -> None:
    done = snakemake(tmp_path, "--config", "bad=b1")
    assert done.returncode == 1
    for told in (done.stdout, logged(tmp_path)):
        assert "to do: reading exports (3 batches), call" in told
        assert "failed: ingest b1\n  the end of logs/b1.log:\n    reading b1\n" in told
        assert "failed: ingest b0" not in told
        assert "failed: call" not in told  # it was tried again
        assert re.search(r"\n3 of 5 jobs were done in \d+ s, and stay done\. Mend the cause, and start", told)  # fmt: skip


def test_on_a_terminal_there_are_bars_and_the_words_of_snakemake_are_in_its_log(
    tmp_path: Path,
) -> None:
    pytest.importorskip("snakemake")
    import pty

    (tmp_path / "Snakefile").write_text(SNAKEFILE)
    ours, theirs = pty.openpty()
    words = [sys.executable, "-m", "snakemake", "--directory", str(tmp_path), "--snakefile",
             str(tmp_path / "Snakefile"), "--cores", "1", "--config", "bad=b1"]  # fmt: skip
    with subprocess.Popen(words, stdin=theirs, stdout=theirs, stderr=theirs, env=os.environ | {"TERM": "xterm"}) as process:  # fmt: skip
        os.close(theirs)
        shown = b""
        while True:
            try:
                more = os.read(ours, 65536)
            except OSError:  # the end, as Linux tells it of a terminal
                break
            if not more:
                break
            shown += more
    os.close(ours)
    text = shown.decode()
    assert process.returncode == 1
    assert "failed: ingest b1" in text
    assert "reason: Missing output files" not in text
    assert "Error in rule ingest:" in text
    (log,) = (tmp_path / ".snakemake/log").iterdir()
    assert "reason: Missing output files" in log.read_text()
