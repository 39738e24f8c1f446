"""From one status back to the bytes it came from: calls, runs, wells, files, sheets, rules, jobs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from mrdq.audit import trace_text as text
from mrdq.audit.files import path_in
from mrdq.audit.lineage import Standing, lineage, standing
from mrdq.audit.reading import read_trail
from mrdq.audit.trace_tables import Results, calls_of, files_of, run_of, status_of, subjects_of
from mrdq.audit.verify_made import stale
from mrdq.storage import Files
from mrdq.study import load_study
from mrdq.tables import CALLS, STATUS


def trace(root: Path, patient: str, timepoint: str, *, results: str = "") -> tuple[str, list[str]]:
    """The chain behind one status as text for people, and the differences met on the way.

    ``results``: another folder of results than the study's own.  Raises :class:`MrdqError` if the
    study cannot be read, has no trail, or no such status.
    """
    study = load_study(root, results=results)
    found = Results(study, Files(study.results))
    reading = read_trail(root)
    status = status_of(found.table(STATUS), patient, timepoint)
    calls = calls_of(found.table(CALLS), status)
    subjects = subjects_of(calls[:1]) if status["deciding_target"] else []
    runs = sorted({subject.run for subject in subjects})
    named = files_of(found, runs)
    standings = {path: standing(reading, path) for path in named}
    jobs = lineage(reading, found.path(STATUS.name), runs)
    chapters = {
        f"Status of {patient} at {timepoint}": text.status(status),
        "Calls, the one that decided first": text.calls(calls, found),
        "What the deciding call rests on": text.subjects(subjects, status, found),
        "Rows of the sheets": text.sheet_rows(study, status, calls[:1], runs),
        "Files": text.files(named, standings),
        "Rules": text.rules(status, calls[:1], jobs),
        "Jobs that led to it": text.jobs(reading, jobs, named),
        "Seal": text.seal(reading),
    }
    lines: list[str] = []
    for title, content in chapters.items():
        lines += [title, *(f"  {line}" for line in content), ""]
    folder = found.path(STATUS.name).rpartition("/")[0]
    differences = [*reading.chain.problems, *_differences(found, runs, standings), *stale(reading, folder)]  # fmt: skip
    return "\n".join(lines[:-1]) + "\n", differences


def _differences(found: Results, runs: list[str], standings: Mapping[str, Standing]) -> list[str]:
    """Files that are not as the trail says, and exports and layouts that are not those that were read."""
    told = [f"{path}: {one.words}" for path, one in standings.items() if one.differs]
    for run in runs:
        row = run_of(found, run)
        for kind in ("export", "layout"):
            path = str(row.get(kind, "")).partition("#")[0]
            one = (
                standings.get(path_in(found.study.root, found.study.root / path)) if path else None
            )
            if one and not one.differs and one.sha256 != row[f"{kind}_sha256"]:
                told.append(
                    f"{path}: run {run} was read from other bytes, SHA-256 {row[f'{kind}_sha256']}"
                )
    return told
