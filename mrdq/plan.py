"""What the Snakefile needs of a study: batches, files and fingerprints, without pandas."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from mrdq import provenance
from mrdq.basis import STATE, Bases, batch_folder
from mrdq.batches import batches
from mrdq.errors import refuse
from mrdq.study import Study, load_study

__all__ = ["STATE", "Plan", "just_read", "load_plan", "plan"]

_OLD = 347_155_200  # 1981 in seconds since 1970: a zip knows no time before 1980


@dataclass(frozen=True)
class Plan:
    """What is made of a study, looked up when it is asked for: a job asks for less than the whole.

    ``was_read``: every batch was read just now.
    """

    study: Study
    was_read: bool = False

    @cached_property
    def batches(self) -> dict[str, list[str]]:
        """Name -> run ids."""
        return batches(self.study.runs.columns["run_id"], self.study.config.runs_per_job)

    @cached_property
    def fingerprints(self) -> dict[str, str | None]:
        """File below ``.mrdq/fingerprints`` -> what it has to hold (None: nothing has changed since the
        outputs were made)."""
        return {**self._of_batches(), **provenance.fingerprints(self.study)}

    def _of_batches(self) -> dict[str, str | None]:
        if self.was_read:
            return {f"ingest/{name}": None for name in self.batches}
        study, bases = self.study, Bases.of(self.study)
        return {
            f"ingest/{name}": bases.change(batch_folder(study, name), runs)
            for name, runs in self.batches.items()
        }

    def memory_mb(self, batch: str, attempt: int) -> int:
        """Memory [MB] to ask for the job that reads a batch, the ``attempt``-th time (1, 2, …)."""
        study = self.study
        rows = sum(map(len, (study.runs, study.samples, study.assays, study.patients)))
        return memory_mb(len(self.batches[batch]), attempt, rows)

    def minutes(self, batch: str, attempt: int) -> int:
        """Time [min] to ask for the job that reads a batch."""
        return minutes(len(self.batches[batch]), attempt)

    def table_memory_mb(self, attempt: int) -> int:
        """Memory [MB] to ask for a job over all runs: gather, call, status, report, seal."""
        return _more(_TABLE_MB + _TABLE_MB_A_RUN * len(self.study.runs), attempt)

    def table_minutes(self, attempt: int) -> int:
        """Time [min] to ask for a job over all runs."""
        return _more(_START_MINUTES + len(self.study.runs) / _TABLE_RUNS_A_MINUTE, attempt)

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
            os.utime(path, (_OLD, _OLD))  # older than what it stands for
    elif not path.is_file() or path.read_text(encoding="utf-8") != text:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def plan(study: Study) -> Plan:
    """The batches and fingerprints of a study."""
    return Plan(study)


def just_read(study: Study) -> Plan:
    """The same, after every batch was read."""
    return Plan(study, was_read=True)


# Measured: 190 MB, and 45 kB a run of 96 wells from text; 0.3 kB a row of the sheets; 1.6 ms a run.
# An export may be a document of 50 MB, a plate may have 1,536 wells, and a node may be slow.
_READER_MB, _READER_MB_A_RUN, _MB_A_ROW = 1000, 0.25, 0.0005
_TABLE_MB, _TABLE_MB_A_RUN = 1000, 0.1
_START_MINUTES, _RUNS_A_MINUTE, _TABLE_RUNS_A_MINUTE = 5, 60, 500


def memory_mb(runs: int, attempt: int, rows: int = 0) -> int:
    """Memory [MB] to ask for a job that reads so many runs; twice as much each time it is tried again.

    ``rows``: of all sheets of the study.
    """
    return _more(_READER_MB + _READER_MB_A_RUN * runs + _MB_A_ROW * rows, attempt)


def minutes(runs: int, attempt: int) -> int:
    """Time [min] to ask for a job that reads so many runs: a second a run, as slow formats need."""
    return _more(_START_MINUTES + runs / _RUNS_A_MINUTE, attempt)


def _more(first: float, attempt: int) -> int:
    return math.ceil(first * (1 << (attempt - 1)))


def load_plan(root: Path) -> Plan:
    """The plan of the study in ``root``.  Raises :class:`MrdqError` if its sheets are wrong."""
    return plan(load_study(root))
