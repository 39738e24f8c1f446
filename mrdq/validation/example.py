"""PQ-a and OQ-f: the SIMULATED example study from nothing to status, once more, and in another order."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from mrdq import calling, pipeline
from mrdq.batches import batches
from mrdq.config import CONFIG_FILE
from mrdq.simulate import intended_calls, write_example
from mrdq.storage import Files
from mrdq.study import load_study
from mrdq.validation import shipped
from mrdq.validation.checks import SIMULATED, Check, unmet

TABLES = ("curves", "evidence", "calls", "status")
ALL = ("wells.parquet", "runs.tsv", "curves.tsv", "standards.tsv", "evidence.tsv", "calls.tsv",
       "status.tsv", "survival.tsv", "adtte.tsv")  # fmt: skip
KEYS = {
    "curves": 2, "evidence": 4, "calls": 3, "status": 2,
}  # fmt: skip
"""How many of the first columns name a row."""
LAST_DIGITS = 1e-9
"""Relative: processors may differ in the last digits that are written."""
SHEETS = ("runs", "samples", "assays", "patients")


def write(folder: Path, *, backwards: bool = False) -> Path:
    """Write the example study; ``backwards``: the rows of its sheets and layouts in falling order."""
    write_example(folder)
    config = folder / CONFIG_FILE
    text = config.read_text(encoding="utf-8")
    config.write_text(text.replace("\ncohort: {}\n", "\n"), encoding="utf-8")
    if backwards:
        for name in SHEETS:
            path = folder / f"config/{name}.tsv"
            header, *rows = path.read_text(encoding="utf-8").splitlines()
            path.write_text("\n".join([header, *reversed(rows)]) + "\n", encoding="utf-8")
    return folder


def run(folder: Path, *, guideline: str = "", in_batches: bool = False) -> Files:
    """From the exports of a study to status; ``in_batches``: read run by run, and gathered."""
    results = str(folder / f"results-{guideline}") if guideline else ""
    study = load_study(folder, guideline=guideline, results=results)
    files = Files(study.results)
    if in_batches:
        parts = batches(study.runs.columns["run_id"], 1)
        for name, run_ids in parts.items():
            pipeline.ingest_batch(study, run_ids, Files(folder / "batches" / name))
        pipeline.gather(study, [folder / "batches" / name for name in parts], files)
    else:
        reading = pipeline.check(study, keep=True)
        reading.problems.raise_if_any()
        pipeline.write_wells(study, files, reading)
    calling.call(study, files)
    calling.status(study, files)
    return files


def performance(work: Path) -> Iterator[Check]:
    """PQ-a: the results beside the shipped tables, and the calls beside what the example was designed
    for, under every rule set."""
    folder = write(work / "example")
    files = run(folder)
    for name in TABLES:
        expected = shipped.rows(f"example/{name}")
        found = rows_of(files.table(f"{name}.tsv"))
        lines, digits = compared(name, expected, found)
        note = f" ({digits} numbers differ beyond the ninth digit)" if digits else ""
        yield unmet(
            f"PQ-a-{name}", f"the SIMULATED example study from nothing to status: {len(expected)} rows and "
            f"{len(expected[0])} columns of {name}.tsv{note}",
            f"those of the shipped table example/{name}.tsv", lines, data=SIMULATED,
        )  # fmt: skip
    intended = intended_calls()
    for guideline in next(iter(intended.values())):
        calls = rows_of(run(folder, guideline=guideline).table("calls.tsv"))
        given = {(row["run_id"], row["target"], row["sample_id"]): row["call"] for row in calls}
        lines = [
            f"{' / '.join(key)}: {given.get(key, 'no call')}, designed for {wanted[guideline]}"
            for key, wanted in intended.items()
            if given.get(key) != wanted[guideline]
        ]
        yield unmet(f"PQ-a-design-{guideline}", f"the {len(intended)} samples of the example under {guideline}",
                    "every sample has the call that it was designed for", lines, data=SIMULATED)  # fmt: skip


def repeats(work: Path) -> Iterator[Check]:
    """OQ-f: the same bytes of every result, again, in another order, and read in batches."""
    first = run(write(work / "first"))
    others = {
        "again": ("in another folder, once more", run(write(work / "again"))),
        "order": ("with the rows of every sheet in the opposite order", run(write(work / "order", backwards=True))),
        "batches": ("read run by run and gathered", run(write(work / "batches"), in_batches=True)),
    }  # fmt: skip
    for name, (how, files) in others.items():
        lines = [
            f"{table} differs"
            for table in ALL
            if files.table(table).read_bytes() != first.table(table).read_bytes()
        ]
        yield unmet(f"OQ-f-{name}", f"the SIMULATED example study {how}",
                    f"the same bytes of {len(ALL)} results", lines, data=SIMULATED)  # fmt: skip


def rows_of(path: Path) -> list[dict[str, str]]:
    """The rows of a table of results, as text."""
    return list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8")), delimiter="\t"))


def compared(
    name: str, expected: Sequence[Mapping[str, str]], found: Sequence[Mapping[str, str]]
) -> tuple[list[str], int]:
    """Differences in words, of the columns that are expected, and how many numbers are equal only to
    nine digits."""
    columns = list(expected[0])
    key = columns[: KEYS[name]]
    lines = [] if len(found) == len(expected) else [f"{len(found)} rows"]
    digits = 0
    for row, given in zip(expected, found, strict=False):
        for column in columns:
            value = given.get(column)
            if value == row[column]:
                continue
            if value is not None and _close(row[column], value):
                digits += 1
                continue
            lines.append(f'{" / ".join(row[k] for k in key)}: {column} "{value}", expected "{row[column]}"')  # fmt: skip
    return lines, digits


def _close(expected: str, found: str) -> bool:
    try:
        return math.isclose(float(expected), float(found), rel_tol=LAST_DIGITS, abs_tol=0.0)
    except ValueError:
        return False
