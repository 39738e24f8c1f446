"""What the Snakefile needs of a study: batches, files and fingerprints, without pandas."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mrdq import provenance
from mrdq.batches import batches
from mrdq.study import Study, load_study


@dataclass(frozen=True, slots=True)
class Plan:
    """``batches``: name -> run ids; ``files``: name -> exports and layouts that exist;
    ``read``: name -> fingerprint of reading it; ``call``, ``status`` and ``report``:
    fingerprints of the later stages."""

    study: Study
    batches: dict[str, list[str]]
    files: dict[str, list[str]]
    read: dict[str, str]
    call: str
    status: str
    report: str

    @property
    def results(self) -> str:
        return self.study.config.results


def plan(root: Path) -> Plan:
    """Load and check the study's settings and sheets.  Raises :class:`MrdqError`."""
    study = load_study(root)
    columns = study.runs.columns
    files = dict(
        zip(columns["run_id"], zip(columns["export"], columns["layout"], strict=True), strict=True)
    )
    found = batches(columns["run_id"], study.config.runs_per_job)
    # A file that is missing makes its run a row that says so, and the others go on.
    there = {
        name: [
            file
            for run in runs
            for file in (f.partition("#")[0] for f in files[run])
            if file and (root / file).is_file()
        ]
        for name, runs in found.items()
    }
    return Plan(
        study=study, batches=found, files=there,
        read={name: provenance.ingest_fingerprint(study, runs) for name, runs in found.items()},
        call=provenance.call_fingerprint(study), status=provenance.status_fingerprint(study),
        report=f"{provenance.software()} {provenance.short_hash([study.config.study, study.notices])}",
    )  # fmt: skip
