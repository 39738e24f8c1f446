"""What the reading of a batch rested on, as it is written beside the batch, and whether it is still so.

Without pandas: the Snakefile asks this of every batch.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

from mrdq.errors import ERROR, Problem, refuse
from mrdq.input_file import LIMIT, outside
from mrdq.provenance import layout_rules, short_hash, software
from mrdq.study import Study

STATE = ".mrdq"
BASIS = "basis.json"
State = list[Any]
"""Size, time [ns] and SHA-256 of a file; [] if there is none that can be read."""


def batch_folder(study: Study, batch: str) -> Path:
    """Where a batch of runs that was read lies."""
    return study.root / STATE / "batches" / batch


@dataclass(frozen=True, slots=True)
class Kept:
    """What stands beside a batch of its reading: its problems by run, and the SHA-256 of its tables."""

    problems: Mapping[str, Sequence[Problem]]
    tables: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Bases:
    """What the reading of any run of a study rests on, looked up once.

    ``entry``: run -> its entry of the runs sheet; the others are columns of the assays and samples
    sheets by their key.
    """

    study: Study
    entry: Mapping[str, int]
    kind: Mapping[str, str]
    target_patient: Mapping[str, str]
    dna_per_well: Mapping[str, float | None]
    sample_patient: Mapping[str, str]

    @classmethod
    def of(cls, study: Study) -> Bases:
        entry = {run: i for i, run in enumerate(study.runs.columns["run_id"])}
        return cls(study, entry, study.assay("kind"), study.assay("patient_id"),
                   study.assay("dna_per_well"), study.sample("patient_id"))  # fmt: skip

    def files(self, runs: Iterable[str]) -> list[str]:
        """Exports and layouts of runs, paths in the study, each once."""
        columns = self.study.runs.columns
        found: dict[str, None] = {}
        for run in runs:
            i = self.entry[run]
            # A worksheet stands behind #.
            for name in (columns["export"][i], columns["layout"][i].partition("#")[0]):
                if name:
                    found[name] = None
        return list(found)

    def states(self, runs: Iterable[str]) -> dict[str, State]:
        """Size and time of the files of runs, to be taken before they are read."""
        return {name: _size_and_time(self.study.root / name) for name in self.files(runs)}

    def written(
        self, runs: Sequence[str], states: Mapping[str, State], digests: Mapping[str, str],
        targets: Iterable[str], samples: Iterable[str], kept: Kept,
    ) -> bytes:  # fmt: skip
        """What is written beside a batch.

        ``states``: of its files before they were read, and ``digests`` of those that were read;
        ``targets``, ``samples``: the names that its layouts and exports hold.
        """
        failed = [run for run, met in kept.problems.items() if any(one.level == ERROR for one in met)]  # fmt: skip
        content = {
            **self._content(runs, targets, samples, failed),
            "files": {name: self._state_then(name, state, digests) for name, state in states.items()},
            "problems": {
                run: [list(astuple(one)) for one in met] for run, met in kept.problems.items() if met
            },
            "runs": list(runs),
            "tables": dict(kept.tables),
        }  # fmt: skip
        return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()

    def change(self, folder: Path, runs: Sequence[str]) -> str | None:
        """What the batch in ``folder`` would be read with now; None if it was read with just that.

        The bytes of its files count, not only their times: a file that is put back from an archive is
        older than what was made from its predecessor.
        """
        return self._compared(folder, runs)[0]

    def kept(self, folder: Path, runs: Sequence[str]) -> Kept | None:
        """What stands beside a batch that would be read with just the same; None for any other."""
        change, then = self._compared(folder, runs)
        if change is not None:
            return None
        try:
            problems = {
                run: [Problem(*one) for one in met] for run, met in then["problems"].items()
            }
            return Kept(problems, dict(then["tables"]))
        except (KeyError, TypeError, AttributeError, ValueError):
            return None

    def digests(self, folder: Path, runs: Sequence[str]) -> dict[str, str]:
        """SHA-256 of the files of runs as they are now; those that the batch in ``folder`` knows are
        not read."""
        try:
            known = dict(json.loads((folder / BASIS).read_text(encoding="utf-8"))["files"])
        except (OSError, ValueError, KeyError, TypeError):
            known = {}
        states = {name: self._state(name, known.get(name) or []) for name in self.files(runs)}
        return {name: state[2] for name, state in states.items() if state}

    def _compared(self, folder: Path, runs: Sequence[str]) -> tuple[str | None, dict[str, Any]]:
        try:
            then = json.loads((folder / BASIS).read_text(encoding="utf-8"))
            files = then["files"]
            now = self._content(runs, then["targets"], then["samples"], then["failed"])
            states = {name: self._state(name, files.get(name) or []) for name in self.files(runs)}
            digests = {name: state[2:] for name, state in states.items()}
            if now == {name: then[name] for name in now} and digests == {
                name: state[2:] for name, state in files.items()
            }:
                return None, then
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return "to be read", {}
        return short_hash([now, digests]), then

    def _content(
        self, runs: Iterable[str], targets: Iterable[str], samples: Iterable[str], failed: Iterable[str]
    ) -> dict[str, Any]:  # fmt: skip
        """The names that the layouts and exports hold, and a hash of what the sheets say of just these:
        a new patient's sheets re-read nothing but the runs that name them.

        What a failed run is told names its row; a link out of the study is told as well.
        """
        study, wanted = self.study, sorted(runs)
        targets, samples, failed = sorted(set(targets)), sorted(set(samples)), sorted(failed)
        columns = study.runs.columns
        rows = [{name: column[self.entry[run]] for name, column in columns.items()} for run in wanted]  # fmt: skip
        asked = (self.kind, self.target_patient, self.dna_per_well)
        of_targets = [[name, *(column.get(name) for column in asked)] for name in targets]
        of_samples = [[name, self.sample_patient.get(name)] for name in samples]
        places = [[study.runs.file, run, study.runs.row[self.entry[run]]] for run in failed]
        links = [target for file in self.files(wanted) if (target := outside(study.root / file, study.root))]  # fmt: skip
        content = [software(), rows, of_targets, of_samples, layout_rules(study), places, links]
        return {"targets": targets, "samples": samples, "failed": failed, "hash": short_hash(content)}  # fmt: skip

    def _state(self, name: str, known: State) -> State:
        """The state of a file now, hashed only if size or time are not those of ``known``."""
        path = self.study.root / name
        found = _size_and_time(path)
        if found and list(known[:2]) == found:
            return list(known)
        return _with_digest(found, _digest(path))

    def _state_then(self, name: str, before: State, digests: Mapping[str, str]) -> State:
        """The state in which a file was read; [] if it was not, and may be readable next time."""
        if name in digests:
            return _with_digest(before, digests[name])
        path = self.study.root / name
        digest = _digest(path)
        return _with_digest(before, digest) if _size_and_time(path) == before else []


def told(folder: Path) -> tuple[list[str], dict[str, str]]:
    """The runs of a batch that was read, and the SHA-256 of its tables.  Raises :class:`MrdqError` where
    nothing is told."""
    path = folder / BASIS
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return [str(run) for run in content["runs"]], dict(content["tables"])
    except (OSError, ValueError, KeyError, TypeError):
        refuse(str(path), "what the reading of a batch rested on", "no such file" if not path.exists() else "",
               remedy="Delete the folder, and read the batch again (mrdq ingest STUDY --batch NAME).")  # fmt: skip


def _with_digest(state: State, digest: str) -> State:
    return [*state, digest] if state and digest else []


def _size_and_time(path: Path) -> State:
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return []
    return [found.st_size, found.st_mtime_ns] if stat.S_ISREG(found.st_mode) else []


def _digest(path: Path) -> str:
    """SHA-256 of a file; "" where it cannot be read, or nobody would read it."""
    try:
        if os.stat(path).st_size > LIMIT:
            return ""
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return ""
