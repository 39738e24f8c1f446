"""Results for other programs: one RDML file per run."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from urllib.parse import quote

from mrdq.errors import refuse
from mrdq.reports.rdml import write_rdml
from mrdq.storage import Files, read_wells, write_bytes
from mrdq.study import Study

_IN_NAMES = " -_.,+()=@"
"""Signs of a run_id that every file system takes; others become %2F and the like."""


def rdml_files(
    study: Study,
    files: Files,
    folder: Path,
    *,
    runs: Iterable[str] = (),
    progress: Callable[[str], None] = lambda _: None,
) -> list[Path]:
    """Write the wells of the results as RDML 1.3, one file per run, and return the paths.

    ``runs`` are run ids, all that were read if there is none.  The patient and the timepoint of
    each sample go along.  Raises :class:`MrdqError` where the wells were not read yet, or a run is
    not among them.
    """
    wells = read_wells([files.wells])
    there = sorted(set(map(str, wells["run_id"].unique())))
    wanted = list(runs) or there
    for run in wanted:
        if run not in there:
            refuse("--run", f"one of {', '.join(there)}", run)
    facts = {record["run_id"]: record for record in study.runs.records()}
    kind = study.assay("kind")
    known = {
        record["sample_id"]: {
            name: record[name]
            for name in ("patient_id", "timepoint", "material", "collected_on")
            if record.get(name)
        }
        for record in study.samples.records()
    }
    written = []
    for run in wanted:
        told = facts.get(run, {})
        path = folder / f"{quote(run, safe=_IN_NAMES)}.rdml"
        write_bytes(
            path,
            write_rdml(
                wells,
                run,
                kind=kind,
                conditions=known,
                instrument=told.get("instrument", ""),
                run_date=told.get("performed_on", ""),
            ),
        )
        written.append(path)
        progress(run)
    return written
