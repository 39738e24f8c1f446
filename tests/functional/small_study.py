"""Small simulated studies to spoil, and the command line run in this process."""

from __future__ import annotations

import csv
import io
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from click.testing import CliRunner

from mrdq.cli import main

TARGET = "SIM-000001-IG"
SAMPLE = "SIM-000001-A1"
RUN = "SIM-000001"
LAYOUT = "config/layouts/SIM-000001.tsv"
EXPORT = "data/SIM-000001.csv"
CONFIG = "config/config.yaml"

Rows = list[list[str]]


@dataclass(frozen=True)
class Outcome:
    """What one command gave."""

    code: int
    out: str
    err: str

    @property
    def problems(self) -> list[str]:
        return [line for line in self.err.splitlines() if line.startswith("error: ")]

    @property
    def warnings(self) -> list[str]:
        return [line for line in self.err.splitlines() if line.startswith("warning: ")]


def mrdq(*words: object) -> Outcome:
    """Run the command line; whatever it is given, it never ends in a traceback."""
    result = CliRunner().invoke(main, [str(word) for word in words])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise AssertionError(f"mrdq {words} ended in a traceback") from result.exception
    assert "Traceback" not in result.output
    return Outcome(result.exit_code, result.stdout, result.stderr)


def refused(study: Path, *, verbs: Iterable[str] = ("check", "run")) -> Outcome:
    """Both verbs refuse the study with the same problems, and nothing is written."""
    outcomes = [mrdq(verb, study) for verb in verbs]
    for outcome in outcomes:
        assert outcome.code == 2, outcome
        assert outcome.problems, outcome
        assert outcome.problems == outcomes[0].problems
    assert not (study / "results").exists()
    return outcomes[0]


def accepted(study: Path) -> Outcome:
    outcome = mrdq("run", study)
    assert outcome.code == 0, outcome.err
    return outcome


def read_rows(path: Path, delimiter: str = "\t") -> Rows:
    return list(csv.reader(io.StringIO(path.read_text(encoding="utf-8")), delimiter=delimiter))


def write_rows(path: Path, rows: Rows, delimiter: str = "\t") -> None:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter, lineterminator="\n").writerows(rows)
    path.write_text(text.getvalue(), encoding="utf-8")


def table(path: Path) -> list[dict[str, str]]:
    header, *body = read_rows(path)
    return [dict(zip(header, row, strict=True)) for row in body]


def set_cell(path: Path, row: int, column: str, value: str) -> None:
    """Put ``value`` into a cell of a sheet; ``row`` counts from 1, the header's."""
    rows = read_rows(path)
    if column not in rows[0]:
        rows = [[*cells, column if n == 0 else ""] for n, cells in enumerate(rows)]
    rows[row - 1][rows[0].index(column)] = value
    write_rows(path, rows)


def change(path: Path, edit: Callable[[Rows], Rows]) -> None:
    write_rows(path, edit(read_rows(path)))


def replace_text(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text, f"{old} is not in {path.name}"
    path.write_text(text.replace(old, new), encoding="utf-8")


def set_key(study: Path, key: str, value: str) -> None:
    """Replace the line of a key of config.yaml, or add it."""
    path = study / CONFIG
    lines = path.read_text(encoding="utf-8").splitlines()
    kept = [line for line in lines if not line.startswith(f"{key}:")]
    path.write_text("\n".join([*kept, f"{key}: {value}"]) + "\n", encoding="utf-8")


def without_cohort(study: Path) -> Path:
    """The study without its cohort analysis, whose pictures take seconds and have their own tests."""
    path = study / CONFIG
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join(line for line in lines if not line.startswith("cohort:")))
    return study


def rename(study: Path, old: str, new: str) -> None:
    """Rename an id wherever the study writes it (exports, layouts and sheets)."""
    for path in [*(study / "config").rglob("*.tsv"), *(study / "data").iterdir()]:
        path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")


def tree(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, by its relative path; of a page without the seal it carries, which
    no other run has."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {path.relative_to(folder).as_posix(): without_seal(path) for path in files}


def without_seal(path: Path) -> bytes:
    data = path.read_bytes()
    if path.suffix != ".html":
        return data
    return b"".join(
        line for line in data.splitlines(keepends=True) if b'class="small seal' not in line
    )


def copy(study: Path, to: Path) -> Path:
    shutil.copytree(study, to)
    return to
