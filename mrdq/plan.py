"""What the Snakefile needs of a study: batches, files and fingerprints, without pandas."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mrdq import provenance
from mrdq.batches import batches
from mrdq.study import Study, load_study

STATE = ".mrdq"


@dataclass(frozen=True, slots=True)
class Plan:
    """``batches``: name -> run ids; ``files``: name -> exports and layouts that exist;
    ``read``: name -> fingerprint of reading it; ``stages``: the later stages' fingerprints."""

    study: Study
    batches: dict[str, list[str]]
    files: dict[str, list[str]]
    read: dict[str, str]
    stages: dict[str, str]

    def note(self) -> None:
        """Put the stages' fingerprints into files that are touched only when they change.

        The files are inputs of the stages, so that results made before a change are made again
        whoever made them, ``mrdq run`` or Snakemake.
        """
        folder = self.study.root / STATE / "fingerprints"
        for stage, text in self.stages.items():
            path = folder / stage
            if not path.is_file() or path.read_text(encoding="utf-8") != text:
                folder.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")


def plan(study: Study) -> Plan:
    """The batches and fingerprints of a study."""
    columns = study.runs.columns
    names = zip(columns["export"], columns["layout"], strict=True)
    files = dict(zip(columns["run_id"], names, strict=True))
    found = batches(columns["run_id"], study.config.runs_per_job)
    read = {name: provenance.ingest_fingerprint(study, runs) for name, runs in found.items()}
    return Plan(
        study=study,
        batches=found,
        files={
            name: _there(study.root, [files[run] for run in runs]) for name, runs in found.items()
        },
        read=read,
        stages={
            "gather": provenance.short_hash(read),
            "call": provenance.call_fingerprint(study),
            "status": provenance.status_fingerprint(study),
            "report": provenance.report_fingerprint(study),
        },
    )


def _there(root: Path, files: list[tuple[str, str]]) -> list[str]:
    """Those that exist: a missing one makes its run a row that says so, and the others go on."""
    bare = (name.partition("#")[0] for pair in files for name in pair)
    return [name for name in bare if name and (root / name).is_file()]


def load_plan(root: Path) -> Plan:
    """The plan of the study in ``root``.  Raises :class:`MrdqError` if its sheets are wrong."""
    return plan(load_study(root))
