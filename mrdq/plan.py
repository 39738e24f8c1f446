"""What the Snakefile needs of a study: batches, files and fingerprints, without pandas."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from mrdq import provenance
from mrdq.batches import batches
from mrdq.errors import refuse
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
        whoever made them, ``mrdq run`` or Snakemake.  Raises :class:`MrdqError` where they cannot be written.
        """
        folder = self.study.root / STATE / "fingerprints"
        try:
            for name, text in self.fingerprints.items():
                _note(folder / name, text)
        except OSError as error:
            refuse(str(folder), "a folder that can be written", found=error.strerror or str(error),
                   remedy="Free space or mend the rights, and run again.")  # fmt: skip


def _note(path: Path, text: str | None) -> None:
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
    found = batches(study.runs.columns["run_id"], study.config.runs_per_job)
    read = {f"ingest/{name}": _change(study, name, runs) for name, runs in found.items()}
    return Plan(
        study=study,
        batches=found,
        # A file that is missing makes its run a row that says so, and the others go on.
        files={
            name: [file for file in files_of(study, runs) if (study.root / file).is_file()]
            for name, runs in found.items()
        },
        fingerprints={
            **read,
            "gather": provenance.gather_fingerprint(study),
            "call": provenance.call_fingerprint(study),
            "status": provenance.status_fingerprint(study),
            "report": provenance.report_fingerprint(study),
            "cohort": provenance.cohort_fingerprint(study),
        },
    )


def batch_folder(study: Study, batch: str) -> Path:
    """Where a batch of runs that was read lies."""
    return study.root / STATE / "batches" / batch


def basis_bytes(
    study: Study, run_ids: Sequence[str], targets: Iterable[str], samples: Iterable[str]
) -> bytes:
    """What is written beside a batch that was read: its basis, and the state of its files."""
    files = {name: provenance.file_state(study.root / name) for name in files_of(study, run_ids)}
    content = {**provenance.basis(study, run_ids, targets, samples), "files": files}
    return json.dumps(content, ensure_ascii=False).encode()


def files_of(study: Study, run_ids: Iterable[str]) -> list[str]:
    """Exports and layouts of runs, paths in the study, each once."""
    columns = study.runs.columns
    layouts = [name.partition("#")[0] for name in columns["layout"]]  # a worksheet stands behind #
    pairs = zip(columns["export"], layouts, strict=True)
    of_run = dict(zip(columns["run_id"], pairs, strict=True))
    return list(dict.fromkeys(name for run in run_ids for name in of_run[run] if name))


def _change(study: Study, batch: str, runs: list[str]) -> str | None:
    """What a batch would be read with now; None if it was read with just that.

    The bytes of its files count, not only their times: a file that is put back from an archive is
    older than what was made from its predecessor.
    """
    path = batch_folder(study, batch) / BASIS
    try:
        then = json.loads(path.read_text(encoding="utf-8"))
        files = then.pop("files")
        now = provenance.basis(study, runs, then["targets"], then["samples"])
        states = {
            name: provenance.file_state(study.root / name, files.get(name, ()))
            for name in files_of(study, runs)
        }
    except (OSError, ValueError, KeyError, TypeError):
        return "to be read"
    digests = {name: state[2:] for name, state in states.items()}
    if now == then and digests == {name: state[2:] for name, state in files.items()}:
        return None
    return provenance.short_hash([now, digests])


def load_plan(root: Path) -> Plan:
    """The plan of the study in ``root``.  Raises :class:`MrdqError` if its sheets are wrong."""
    return plan(load_study(root))
