"""mrdq submit: what SLURM is asked for, and what a person is told; with a stand-in for sbatch."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
from small_study import mrdq, set_cell, set_key
from tiny import write_tiny

from mrdq import resources, submission
from mrdq.plan import load_plan
from mrdq.submission import Request

SBATCH = """\
#!/bin/sh
printf '%s\\n' "$PWD" "$@" > {told}
{answer}
"""


@pytest.fixture
def study(tmp_path: Path) -> Path:
    write_tiny(tmp_path / "study", runs=3)
    return tmp_path / "study"


@pytest.fixture
def sbatch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A sbatch that takes every job; the file in which it writes how it was called."""
    return stand_in(tmp_path, monkeypatch, "echo '17;far'")


def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: str) -> Path:
    told, command = tmp_path / "told", tmp_path / "bin" / "sbatch"
    command.parent.mkdir()
    command.write_text(SBATCH.format(told=shlex.quote(str(told)), answer=answer))
    command.chmod(0o755)
    monkeypatch.setenv("PATH", f"{command.parent}:/usr/bin:/bin")
    return told


def test_what_is_predicted_is_what_the_jobs_of_the_plan_would_ask(study: Path) -> None:
    """As many of the largest jobs at once as there are cores, and no job may be too large."""
    set_key(study, "runs_per_job", "2")
    plan = load_plan(study)
    largest = max(plan.memory_mb(batch, 1) for batch in plan.batches)
    one, many = submission.predicted(plan, 1), submission.predicted(plan, 16)
    assert one.memory == f"{max(largest, plan.table_memory_mb(1))}M"
    assert many.memory == f"{16 * largest}M"
    assert int(one.time) >= plan.table_minutes(1) + max(plan.minutes(b, 1) for b in plan.batches)
    assert int(many.time) <= int(one.time)


def test_more_runs_ask_for_more(tmp_path: Path) -> None:
    found = []
    for runs in (1, 20):
        write_tiny(tmp_path / f"{runs}", runs=runs)
        found.append(submission.predicted(load_plan(tmp_path / f"{runs}"), 1))
    assert int(found[0].memory[:-1]) < int(found[1].memory[:-1])
    assert int(found[0].time) <= int(found[1].time)


def test_a_study_without_runs_can_be_asked_for(tmp_path: Path) -> None:
    write_tiny(tmp_path / "study", runs=0)
    assert int(submission.predicted(load_plan(tmp_path / "study"), 4).time) > 0


def test_everything_wrong_is_told_at_once(study: Path, sbatch: Path) -> None:
    done = mrdq("submit", study, "--time", "2:00", "--memory", "lots")
    assert done.code == 2
    assert len(done.problems) == 2
    assert 'found "2:00", expected minutes, or hours:minutes:seconds' in done.err
    assert not sbatch.exists()


def test_the_options_end_before_anything_that_the_study_is_called(study: Path) -> None:
    """SLURM reads options up to the first command."""
    lines = mrdq("submit", study, "--print").out.splitlines()
    commands = [n for n, line in enumerate(lines) if line and not line.startswith("#")]
    assert max(n for n, line in enumerate(lines) if line.startswith("#SBATCH")) < commands[0]


def test_a_job_that_was_put_back_goes_on_with_its_log(study: Path) -> None:
    text = mrdq("submit", study, "--print").out
    assert "#SBATCH --requeue\n" in text
    assert "#SBATCH --open-mode=append\n" in text


def test_the_job_is_handed_over(study: Path, sbatch: Path) -> None:
    done = mrdq("submit", study, "--partition", "short", "--account", "lab", "--cores", "2",
                "--memory", "3G", "--time", "1-12", "--operator", "operator A", "--", "--qos=long")  # fmt: skip
    assert done.code == 0
    assert done.out == "17\n"
    folder, *words, script = sbatch.read_text().splitlines()
    assert Path(folder) == study
    asked = Request(2, "3G", "1-12", "short", "lab").options("study")
    # On the command line, because there they win over the variables SBATCH_*; in the script they lose.
    assert words == ["--parsable", *asked, "--qos=long"]
    text = Path(script).read_text()
    assert [f"#SBATCH {option}" for option in asked] == text.splitlines()[1 : len(asked) + 1]
    assert "export MRDQ_OPERATOR='operator A'\n" in text
    assert (study / "logs").is_dir()
    for told in ("logs/slurm-17.log", "squeue --job 17", "scancel 17", "3G of memory", "3 runs"):
        assert told in done.err


def test_what_is_shown_is_what_is_submitted(study: Path, sbatch: Path) -> None:
    before = set(study.rglob("*"))
    shown = mrdq("submit", study, "--print")
    assert not sbatch.exists()
    assert set(study.rglob("*")) == before
    mrdq("submit", study)
    assert Path(sbatch.read_text().splitlines()[-1]).read_text() == shown.out


def test_partition_and_account_are_left_to_slurm(study: Path) -> None:
    text = mrdq("submit", study, "--print").out
    assert "--partition" not in text
    assert "--account" not in text


def test_dry_run_asks_and_queues_nothing(
    study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = stand_in(tmp_path, monkeypatch, "echo 'sbatch: Job 17 to start at noon' >&2")
    done = mrdq("submit", study, "--dry-run")
    assert done.code == 0
    assert done.out == ""
    assert "to start at noon" in done.err
    assert "submitted" not in done.err
    assert "--test-only" in told.read_text().splitlines()


def test_without_slurm_it_says_what_to_do(study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    done = mrdq("submit", study)
    assert done.code == 2
    [problem] = done.problems
    assert "expected SLURM's command sbatch" in problem
    assert "--print" in problem
    assert not (study / ".mrdq").exists()
    assert mrdq("submit", study, "--print").code == 0


def test_what_slurm_refuses_is_told_in_its_words(
    study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in(tmp_path, monkeypatch, "echo 'invalid partition specified: shrt' >&2; exit 1")
    done = mrdq("submit", study, "--partition", "shrt")
    assert done.code == 2
    assert done.out == ""
    assert "invalid partition specified: shrt" in done.problems[0]
    assert "submitted" not in done.err


def test_a_wrong_sheet_is_told_before_anything_waits_in_a_queue(study: Path, sbatch: Path) -> None:
    set_cell(study / "config/samples.tsv", 2, "collected_on", "yesterday")
    done = mrdq("submit", study)
    assert done.code == 2
    assert 'column collected_on: found "yesterday"' in done.err
    assert not sbatch.exists()


def test_where_the_workflow_lies() -> None:
    done = mrdq("submit", "--snakefile")
    assert done.code == 0
    path = Path(done.out.strip())
    assert path == resources.snakefile()
    assert path.is_file()
    assert (path.parent / "profiles/default/config.yaml").is_file()
