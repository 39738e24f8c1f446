"""What the Snakefile needs of a study: batches, files and fingerprints, without pandas."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

from mrdq import provenance
from mrdq.batches import batches
from mrdq.study import Study, load_study

STATE = ".mrdq"
BASIS = "basis.json"


@dataclass(frozen=True, slots=True)
class Plan:
    """``batches``: name -> run ids; ``files``: name -> exports and layouts that exist;
    ``fingerprints``: file below ``.mrdq/fingerprints`` -> what it has to hold (None: nothing has
    changed since the outputs were made)."""

    study: Study
    batches: dict[str, list[str]]
    files: dict[str, list[str]]
    fingerprints: dict[str, str | None]

    def note(self) -> None:
        """Put fingerprints into files that are touched only when they change.

        The files are inputs of the stages, so that results made before a change are made again
        whoever made them, ``mrdq run`` or Snakemake.
        """
        folder = self.study.root / STATE / "fingerprints"
        for name, text in self.fingerprints.items():
            path = folder / name
            if text is None:
                if not path.is_file():
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.touch()
                    os.utime(path, (0, 0))  # older than what it stands for
            elif not path.is_file() or path.read_text(encoding="utf-8") != text:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")


def plan(study: Study) -> Plan:
    """The batches and fingerprints of a study."""
    columns = study.runs.columns
    names = zip(columns["export"], columns["layout"], strict=True)
    files = dict(zip(columns["run_id"], names, strict=True))
    found = batches(columns["run_id"], study.config.runs_per_job)
    read = {f"ingest/{name}": _change(study, name, runs) for name, runs in found.items()}
    return Plan(
        study=study,
        batches=found,
        files={
            name: _there(study.root, [files[run] for run in runs]) for name, runs in found.items()
        },
        fingerprints={
            **read,
            "gather": provenance.gather_fingerprint(study),
            "call": provenance.call_fingerprint(study),
            "status": provenance.status_fingerprint(study),
            "report": provenance.report_fingerprint(study),
        },
    )


def batch_folder(study: Study, batch: str) -> Path:
    """Where a batch of runs that was read lies."""
    return study.root / STATE / "batches" / batch


def _change(study: Study, batch: str, runs: list[str]) -> str | None:
    """What a batch would be read with now; None if it was read with just that."""
    path = batch_folder(study, batch) / BASIS
    try:
        then = json.loads(path.read_text(encoding="utf-8"))
        now = provenance.basis(study, runs, then["targets"], then["samples"])
    except (OSError, ValueError, KeyError, TypeError):
        return "to be read"
    return None if now == then else str(now["hash"])


def _there(root: Path, files: list[tuple[str, str]]) -> list[str]:
    """Those that exist: a missing one makes its run a row that says so, and the others go on."""
    bare = (name.partition("#")[0] for pair in files for name in pair)
    return [name for name in bare if name and (root / name).is_file()]


def load_plan(root: Path) -> Plan:
    """The plan of the study in ``root``.  Raises :class:`MrdqError` if its sheets are wrong."""
    return plan(load_study(root))
