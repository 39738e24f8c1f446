"""Every stage of a study with its record: which files it reads and makes, and the seal at the end.

What was read is what is recorded: sheets are hashed before they are read and when the stage ends, and
a stage whose inputs changed meanwhile fails.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mrdq import definitions, resources, storage
from mrdq.audit import signatures
from mrdq.audit.canonical import canonical
from mrdq.audit.chain import Chain, read_chain
from mrdq.audit.files import FileState, path_in, state_of
from mrdq.audit.job import Job, recorded
from mrdq.audit.seal import Sealing, is_as_sealed, require_whole, seal
from mrdq.audit.site import Site
from mrdq.config import CONFIG_FILE, Config, load_config
from mrdq.errors import refuse
from mrdq.plan import STATE
from mrdq.storage import Files
from mrdq.study import Study, load_study

if TYPE_CHECKING:
    import pandas as pd

READ = ("wells.parquet", "runs.tsv")
CALLED = ("curves.tsv", "standards.tsv", "evidence.tsv", "calls.tsv")
STATUSES = ("status.tsv", "survival.tsv", "adtte.tsv")
READS: Mapping[str, tuple[str, ...]] = {
    "call": ("wells.parquet",),
    "status": ("calls.tsv",),
    "report": ("wells.parquet", "runs.tsv", "curves.tsv", "evidence.tsv", "calls.tsv", "status.tsv"),
    "cohort": ("survival.tsv",),
    "export": READ,
}  # fmt: skip
"""What a stage reads of the results."""
AMEND = "amend"
"""The action of records that tell of amendments."""
KEPT = ("runs.tsv", "calls.tsv", "status.tsv")
"""Results of which every block keeps the bytes: what was reported stays known when it is amended."""


@dataclass(frozen=True, slots=True)
class Recorder:
    """A study, the place of its results, and what is needed to record what is made of it.

    ``before``: the states of its sheets and definitions just before they were read; ``told``: what
    sealing had to tell people; ``given``: what pages say of the seal, where they are made again.
    """

    study: Study
    files: Files
    site: Site
    parameters: Mapping[str, Any]
    before: Mapping[str, FileState]
    told: list[str] = field(default_factory=list)
    given: tuple[str, ...] = ()

    @property
    def is_own(self) -> bool:
        """The results are the study's own, and not those of a trial elsewhere."""
        return self.study.results == self.study.root / self.study.config.results

    @contextlib.contextmanager
    def stage(self, action: str, *, runs: Iterable[str] = ()) -> Iterator[Job]:
        """Record one stage.  Raises :class:`MrdqError` if an input changed while it ran."""
        root = self.study.root
        with recorded(root, action, self.site, self.parameters) as job:
            job.runs = list(runs)
            job.inputs |= self.before
            job.keep |= set(self.before)
            job.reads(*(self.files.folder / name for name in READS.get(action, ())))
            if action not in ("ingest", "gather"):  # which know no rules
                job.definitions = definitions_of(self.study)
            read = dict(job.inputs)
            yield job
            for path, state in read.items():
                if state_of(root, path) != state:
                    refuse(path, "the file as it was when the work began", "other bytes",
                           remedy="It was changed meanwhile: run again.")  # fmt: skip

    def amendments(self) -> None:
        """Record amendments that no record tells of yet: who changed what, when and why."""
        root = self.study.root
        path = path_in(root, root / self.study.amendments.file.partition("#")[0])
        state = self.before.get(path)
        if state is None or not len(self.study.amendments) or _is_told(read_chain(root), state):
            return
        rows = [
            {name: str(value) for name, value in record.items() if value}
            for record in self.study.amendments.records()
        ]
        with recorded(root, AMEND, self.site, {"rows": rows}) as job:
            job.reads(path, keep=True)
            job.runs = sorted({row["run_id"] for row in rows})

    def made(self, job: Job, names: Iterable[str]) -> None:
        """Note results by their names."""
        for name in names:
            job.writes(self.files.folder / name, keep=name in KEPT)

    def read_exports(self, job: Job, runs: pd.DataFrame) -> None:
        """Note exports and layouts with the hashes of the bytes that were read."""
        for kind in ("export", "layout"):
            for name, digest in zip(runs[kind], runs[f"{kind}_sha256"], strict=True):
                file = str(name) if kind == "export" else str(name).partition("#")[0]
                if digest:
                    path = path_in(self.study.root, self.study.root / file)
                    job.read_as(path, (self.study.root / path).stat().st_size, digest)
                    if kind == "layout":
                        job.keep.add(path)

    def retire(self, job: Job) -> None:
        """Files under seal that are neither there any more nor asked for: the record says so."""
        named = set(job.inputs) | set(job.outputs)
        for path in read_chain(self.study.root).files.keys() - named:
            if not path.startswith("audit/") and not (self.study.root / path).exists():
                job.removes(path)

    def seal(self) -> Sealing:
        """Seal what was recorded."""
        sealing = seal(self.study.root, self.site)
        self.told.extend(sealing.told)
        return sealing

    def seal_words(self, job: Job) -> tuple[str, ...]:
        """What a page says of the seal and the signatures of the results that it shows, as the record
        of ``job`` says too.  A page that is made again says what the first one said (``given``)."""
        chain = read_chain(self.study.root)
        paths = [
            path_in(chain.root, self.files.folder / name) for name in (*READ, *CALLED, *STATUSES)
        ]
        if self.given:
            job.said = self.given
        elif all(is_as_sealed(chain, path) for path in paths):
            job.seal = chain.head.as_json()
            signed = signatures.told(chain.root, chain)
            job.said = (f"Results under seal: {chain.head}.", *signed)
        else:
            job.said = ("These results are not under seal.",)
        return job.said


def _is_told(chain: Chain, state: FileState) -> bool:
    """Whether an amend record tells of this state of the amendments sheet.

    Any job that reads the sheets brings it under seal; only this one tells of its rows.
    """
    sealed = chain.files.get(state.path)
    if sealed and sealed.state == state:
        known = chain.sealed_records.items()
        if any(block >= sealed.block and f"-{AMEND}-" in name for name, block in known):
            return True
    try:
        unsealed = chain.unsealed()
    except ValueError:  # a record that is damaged: sealing refuses it
        return False
    return any(one.content["action"] == AMEND and state in one.files("inputs") for one in unsealed)


def open_recorded(
    root: Path, site: Site, *, guideline: str = "", results: str = "", **parameters: Any
) -> Recorder:
    """Load a study to work on it.  Raises :class:`MrdqError`: for the study, or a broken trail."""
    before = states(root, load_config(root))
    study = load_study(root, guideline=guideline, results=results)
    require_whole(read_chain(root))
    asked = {"guideline": guideline, "results": path_in(root, study.results), **parameters}
    return Recorder(study, Files(study.results), site, asked, before)


def states(root: Path, config: Config) -> dict[str, FileState]:
    """The config, the sheets, and the study's own definitions, as they are now."""
    sheets = [name.partition("#")[0] for name in config.sheets.values()]
    own = [
        path_in(root, path)
        for kind in ("guidelines", "protocols")
        for folder in (root / kind, root / "config" / kind)
        for path in sorted(folder.glob("*.yaml"))
    ]
    published = config.cohort.published.partition("#")[0] if config.cohort else ""
    named = [CONFIG_FILE, *sheets, *own, signatures.SIGNERS, *filter(None, [published])]
    found = {path_in(root, root / name): state_of(root, path_in(root, root / name)) for name in named}  # fmt: skip
    return {path: state for path, state in found.items() if state is not None}


def definitions_of(study: Study) -> list[dict[str, Any]]:
    """Rule sets and protocols in use: id, version, hash of what they say, and their files' text."""
    found = [
        {"kind": "guideline", "id": name, "version": guideline.version, "sha256": guideline.hash,
         "files": _texts("guidelines", name, study.root)}
        for name, guideline in sorted(study.guidelines.items())
    ]  # fmt: skip
    for name, protocol in sorted(study.protocols.items()):
        files = _texts("protocols", name, study.root)
        digest = hashlib.sha256(canonical([file["sha256"] for file in files])).hexdigest()
        found.append({"kind": "protocol", "id": name, "version": protocol.version, "sha256": digest, "files": files})  # fmt: skip
    return found


def _texts(kind: str, name: str, root: Path) -> list[dict[str, Any]]:
    """The file of a definition, and of what it extends."""
    path, shown = definitions.find(kind, name, root)
    data = path.read_bytes()
    own = path != resources.path(kind) / path.name
    file = {"file": shown, "own": own, "sha256": hashlib.sha256(data).hexdigest(), "text": data.decode("utf-8-sig")}  # fmt: skip
    parent = definitions.read_yaml(path, shown, kind.removesuffix("s")).get("extends", "")
    return [file, *(_texts(kind, parent, root) if parent else [])]


def note_seal(recorder: Recorder, name: str) -> Sealing:
    """Seal, and tell Snakemake by a file of the state folder that ``name`` was done."""
    sealing = recorder.seal()
    if recorder.is_own:
        storage.write_bytes(recorder.study.root / STATE / name, canonical(sealing.head.as_json()))
    return sealing
