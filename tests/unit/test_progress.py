"""What people see of long work: lines, bars, and a log; the clock is the test's own."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import pytest

from mrdq.audit.job import recorded
from mrdq.audit.site import here
from mrdq.cli.progress import Log, Told, told
from mrdq.cli.progress_display import Bars, Lines, Several, duration
from mrdq.errors import MrdqError, refuse
from mrdq.progress import SILENT, Progress


class Clock:
    """Time that passes only where the test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def lines_of(clock: Clock) -> tuple[Told, list[str]]:
    lines: list[str] = []
    return Told(Lines(lines.append), clock), lines


def work(progress: Progress, clock: Clock, *, items: int, each: float) -> None:
    with progress.step("reading exports", items, "runs") as tick:
        for _ in range(items):
            clock.now += each
            tick(1)


def test_nothing_is_needed_to_work_in_silence(clock: Clock) -> None:
    work(SILENT, clock, items=3, each=1)


# --- Lines --------------------------------------------------------------------------------------


def test_short_work_is_one_line(clock: Clock) -> None:
    progress, lines = lines_of(clock)
    work(progress, clock, items=3, each=0.3)
    assert lines == ["reading exports: 3 runs"]


def test_long_work_tells_every_ten_seconds_what_is_left(clock: Clock) -> None:
    progress, lines = lines_of(clock)
    with progress.step("reading exports", 10_000, "runs") as tick:
        for _ in range(10):
            clock.now += 4
            tick(1000)
    assert lines == [
        "reading exports: 10,000 runs",
        "reading exports: 3,000 of 10,000 runs, 12 s, about 28 s left",
        "reading exports: 6,000 of 10,000 runs, 24 s, about 16 s left",
        "reading exports: 9,000 of 10,000 runs, 36 s, about 4 s left",
        "reading exports: 10,000 runs in 40 s",
    ]


@pytest.mark.parametrize("each", [0.01, 1.0, 7.0, 300.0])
def test_lines_are_neither_many_nor_long_apart(clock: Clock, each: float) -> None:
    progress, lines = lines_of(clock)
    work(progress, clock, items=4000, each=each)
    lasts = 4000 * each
    assert len(lines) <= 2 + lasts / 10
    assert len(lines) >= min(lasts / (60 + each), 4000) - 2


def test_work_without_items_tells_that_it_began_and_how_long_it_took(clock: Clock) -> None:
    progress, lines = lines_of(clock)
    with progress.step("sealing"):
        clock.now += 75
    with progress.step("report"):
        clock.now += 0.2
    assert lines == ["sealing ...", "sealing: 1 min 15 s", "report ..."]


def test_steps_in_steps(clock: Clock) -> None:
    progress, lines = lines_of(clock)
    with progress.step("cohort"), progress.step("survival", 1, "groups") as tick:
        clock.now += 2
        tick(1)
    assert lines == ["cohort ...", "survival: 1 group", "survival: 1 group in 2 s", "cohort: 2 s"]


def test_a_step_that_fails_has_no_end(clock: Clock) -> None:
    progress, lines = lines_of(clock)

    def fail() -> None:
        with progress.step("calling", 2, "partitions") as tick:
            clock.now += 20
            tick(1)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert lines == ["calling: 2 partitions", "calling: 1 of 2 partitions, 20 s, about 20 s left"]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.4, "0 s"),
        (59.4, "59 s"),
        (59.6, "1 min 00 s"),
        (125, "2 min 05 s"),
        (3599.7, "1 h 00 min"),
        (11_220, "3 h 07 min"),
    ],
)
def test_durations_in_words(seconds: float, words: str) -> None:
    assert duration(seconds) == words


# --- Bars ---------------------------------------------------------------------------------------


def bars_of(clock: Clock) -> tuple[Told, io.StringIO, Bars]:
    from rich.console import Console

    screen = io.StringIO()
    bars = Bars(Console(file=screen, force_terminal=True, width=120, color_system=None), clock)
    return Told(bars, clock), screen, bars


def test_on_a_terminal_short_work_shows_nothing(clock: Clock) -> None:
    progress, screen, bars = bars_of(clock)
    work(progress, clock, items=9, each=0.1)
    bars.close()
    assert screen.getvalue() == ""


def test_on_a_terminal_a_bar_shows_what_is_left_and_its_end_stays(clock: Clock) -> None:
    progress, screen, bars = bars_of(clock)
    work(progress, clock, items=40, each=1)
    bars.close()
    shown = screen.getvalue()
    assert "reading exports: 10 of 40 runs, 10 s, about 30 s left" in shown
    assert "━" in shown
    assert shown.count("reading exports: 40 runs in 40 s\n") == 1


def test_on_a_terminal_it_is_drawn_ten_times_a_second_at_most(clock: Clock) -> None:
    progress, screen, bars = bars_of(clock)
    clock.now += 2
    work(progress, clock, items=10_000, each=0.001)
    bars.close()
    assert 50 < screen.getvalue().count("reading exports:") < 130


def test_names_are_text_and_not_markup(clock: Clock) -> None:
    progress, screen, bars = bars_of(clock)
    clock.now += 2
    with progress.step("[red]calling[/]", 2, "partitions") as tick:
        clock.now += 2
        tick(1)
    progress.say("note: [bold]x[/bold]")
    bars.close()
    assert "[red]calling[/]: 1 of 2 partitions" in screen.getvalue()
    assert "note: [bold]x[/bold]\n" in screen.getvalue()


# --- The log ------------------------------------------------------------------------------------


def log_of(root: Path) -> str:
    (path,) = (root / "logs").iterdir()
    assert path.name.startswith("run-")
    assert path.name.endswith(".log")
    return path.read_text(encoding="utf-8")


def test_work_that_is_refused_before_its_job_leaves_no_log(tmp_path: Path) -> None:
    def fail() -> None:
        with told(tmp_path, "run") as progress, progress.step("reading exports", 2, "runs"):
            refuse("runs.tsv", "a run")

    with pytest.raises(MrdqError):
        fail()
    assert list(tmp_path.iterdir()) == []


def test_the_log_tells_all_once_a_job_has_begun(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    with told(tmp_path, "run") as progress:
        with progress.step("reading exports", 2, "runs") as tick:
            tick(2)
        with recorded(tmp_path, "run", here()), progress.step("sealing"):
            pass
        progress.say("warning: a lot of\nwater")
    lines = [line.split(" ", 1) for line in log_of(tmp_path).splitlines()]
    assert all(len(time) == len("2026-11-02T10:11:12Z") and time.endswith("Z") for time, _ in lines)
    said = [text for _, text in lines]
    assert said[0].startswith("mrdq run, version ")
    assert said[1:5] == ["reading exports: 2 runs", "sealing ...", "warning: a lot of", "water"]
    assert said[5].startswith("done in 0 s")
    assert len(said) == 6
    assert "The log" not in capsys.readouterr().err


def test_the_log_has_what_is_left_as_people_are_told_it(tmp_path: Path, clock: Clock) -> None:
    log = Log(tmp_path / "logs/run-1.log", lambda: True)
    lines: list[str] = []
    work(Told(Several(Lines(lines.append), Lines(log.write)), clock), clock, items=40, each=1)
    log.close()
    assert [line.split(" ", 1)[1] for line in log_of(tmp_path).splitlines()] == lines
    assert "reading exports: 10 of 40 runs, 10 s, about 30 s left" in lines


def test_the_log_of_work_that_fails_has_the_reason_and_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(MrdqError), told(tmp_path, "run"), recorded(tmp_path, "run", here()):
        refuse("wells.parquet", "the file as it was", "other bytes", remedy="Run again.")
    said = log_of(tmp_path).splitlines()
    assert said[-2].endswith(' error: wells.parquet: found "other bytes", expected the file as it was. Run again.')  # fmt: skip
    assert said[-1].endswith(" failed")
    (path,) = (tmp_path / "logs").iterdir()
    assert f"The log: {path}\n" in capsys.readouterr().err


def test_the_log_of_a_bug_has_its_traceback(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), told(tmp_path, "run"), recorded(tmp_path, "run", here()):
        1 / 0  # noqa: B018
    assert "ZeroDivisionError: division by zero" in log_of(tmp_path)


def test_the_log_of_work_that_is_interrupted_says_so(tmp_path: Path) -> None:
    with (
        pytest.raises(KeyboardInterrupt),
        told(tmp_path, "run"),
        recorded(tmp_path, "run", here()),
    ):
        raise KeyboardInterrupt
    assert log_of(tmp_path).splitlines()[-1].endswith(" interrupted")


def test_a_log_that_cannot_be_written_stops_no_work(tmp_path: Path) -> None:
    (tmp_path / "logs").write_text("a file in place of the folder")
    with told(tmp_path, "run") as progress, recorded(tmp_path, "run", here()):
        progress.say("note: goes on")
    assert (tmp_path / "logs").read_text() == "a file in place of the folder"


def test_a_job_of_snakemake_has_the_log_of_its_rule(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    monkeypatch.setenv("MRDQ_JOB", "{call}{3}")
    with told(tmp_path, "call"), recorded(tmp_path, "call", here()):
        pass
    assert not (tmp_path / "logs").exists()


def test_rich_is_not_loaded_where_there_is_no_terminal() -> None:
    code = (
        "import sys; from mrdq.cli import main; from mrdq.cli.progress import told\n"
        "with told(None, 'check') as p, p.step('x', 1, 'runs') as tick: tick(1)\n"
        "sys.exit('rich' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], stderr=subprocess.PIPE, check=False)
    assert (done.returncode, done.stderr) == (0, b"x: 1 run\n")
