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

import yaml

from mrdq import definitions, resources, storage
from mrdq.audit import signatures
from mrdq.audit.canonical import canonical, parsed
from mrdq.audit.chain import Chain, read_chain
from mrdq.audit.files import FileState, path_in, state_of
from mrdq.audit.job import Job, recorded
from mrdq.audit.kept import kept
from mrdq.audit.record import Record
from mrdq.audit.seal import Sealing, is_as_sealed, require_whole, seal
from mrdq.audit.site import Site
from mrdq.audit.trail import Trail, names
from mrdq.config import AMENDMENTS_FILE, CONFIG_FILE, Config, load_config
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
PAGES = ("report", "cohort")
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
    chains: dict[tuple[str, ...], Chain] = field(default_factory=dict, repr=False)

    @property
    def chain(self) -> Chain:
        """The blocks as they lie there; they are read again when there are others.

        Sealing and verifying read for themselves.
        """
        there = tuple(names(Trail(self.study.root).blocks))
        if there not in self.chains:
            self.chains.clear()
            self.chains[there] = read_chain(self.study.root)
        return self.chains[there]

    @property
    def is_own(self) -> bool:
        """The results are the study's own, and not those of a trial elsewhere."""
        own = self.study.root / self.study.config.results
        return self.study.results.resolve() == own.resolve()

    @contextlib.contextmanager
    def stage(self, action: str, *, runs: Iterable[str] = ()) -> Iterator[Job]:
        """Record one stage.  Raises :class:`MrdqError` if an input changed while it ran."""
        root = self.study.root
        if action in PAGES and not self.site.rule:  # Snakemake makes the tables again first
            self._require_sheets_of_the_tables()
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

    def _require_sheets_of_the_tables(self) -> None:
        """Refuse to put a page, and with it newer sheets, under seal beside tables of the older ones."""
        root, wanted = self.study.root, self.study.config.cohort
        sealed = self.chain.files
        published = path_in(root, root / wanted.published.partition("#")[0]) if wanted else ""
        asked = ({AMENDMENTS_FILE} | set(self.before)) - {signatures.SIGNERS, published}
        for path in sorted(asked) if sealed and self.is_own else ():
            then, now = sealed.get(path), self.before.get(path)
            if (then.state if then else None) != now and not (
                path == CONFIG_FILE and _as_called(root)
            ):
                refuse(path, "the file as the results were made with it", "other bytes" if now else "no such file",
                       remedy="It was edited after the results were made: run the study again.")  # fmt: skip

    def amendments(self) -> None:
        """Record amendments if they are others than those of the last record that tells of them."""
        sheet = self.study.config.sheets.get("amendments", AMENDMENTS_FILE).partition("#")[0]
        records = self.study.amendments.records()
        rows = [{name: str(value) for name, value in one.items() if value} for one in records]
        if rows == _last_amendments(self.study.root):
            return
        kinds = [row["what"] for row in rows]
        counts = ", ".join(f"{kinds.count(kind)} {kind}" for kind in sorted(set(kinds)))
        self.told.append(f"amendments that are new: {sheet} has {counts or 'none any more'}")
        with recorded(self.study.root, AMEND, self.site, {"rows": rows}) as job:
            job.reads(sheet, keep=True)
            job.runs = sorted({row["run_id"] for row in rows})

    def found(self, job: Job) -> None:
        """Note results that no recorded job left as they are, before they are made again."""
        chain = self.chain
        own = path_in(chain.root, self.files.folder)
        made = {state.path: state for one in _unsealed(chain) for state in one.files("outputs")}
        changed, removed = [], []
        for path, sealed in sorted(chain.files.items()):
            if path.startswith(f"{own}/"):
                now = state_of(chain.root, path)
                if now is None:
                    removed.append(path)
                elif now not in (sealed.state, made.get(path)):
                    changed.append(f"{path} (of block {sealed.block})")
        if changed:
            self.note(job, f"changed by no recorded job: {_several(changed)}")
        if removed and not self.site.rule:  # Snakemake removes what a job is about to make
            self.note(job, f"removed by no recorded job: {_several(removed)}")
        if not chain.blocks and not made and self.files.table("status.tsv").is_file():
            self.note(job, f"there were results in {own} and no audit trail: one begins now, and cannot "
                           "speak of the time before")  # fmt: skip

    def signed(self) -> list[signatures.Signature]:
        """The signatures that hold for the results as they are under seal."""
        return signatures.current(self.study.root, self.chain)

    def tell_void(self, before: Iterable[signatures.Signature]) -> None:
        """Tell which signatures that held ``before`` do not any more."""
        hold = {one.name for one in self.signed()}
        self.told.extend(
            f"the signature of {one.signer} ({one.meaning}, block {one.block}) is void now"
            for one in before
            if one.name not in hold
        )

    def note(self, job: Job, text: str) -> None:
        """Tell a person, and the record."""
        job.notes.append(text)
        self.told.append(text)

    def made(self, job: Job, names: Iterable[str]) -> None:
        """Note results by their names."""
        for name in names:
            job.writes(self.files.folder / name, keep=name in KEPT)

    def read_exports(self, job: Job, runs: pd.DataFrame) -> None:
        """Note exports and layouts with the hashes of the bytes that were read."""
        sealed = self.chain.files
        for kind in ("export", "layout"):
            for name, digest in zip(runs[kind], runs[f"{kind}_sha256"], strict=True):
                file = str(name) if kind == "export" else str(name).partition("#")[0]
                if digest:
                    path = path_in(self.study.root, self.study.root / file)
                    job.read_as(path, _size(self.study.root / path), digest)
                    known = sealed.get(path)
                    if known is not None and known.state.sha256 != digest:
                        self.note(job, f"{path} is not the file that block {known.block} has: SHA-256 "
                                       f"{known.state.sha256[:12]} → {digest[:12]}")  # fmt: skip
                    if kind == "layout":
                        job.keep.add(path)

    def retire(self, job: Job) -> None:
        """Files under seal that are neither there any more nor asked for: the record says so."""
        named = set(job.inputs) | set(job.outputs)
        for path in self.chain.files.keys() - named:
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
        chain = self.chain
        paths = [
            path_in(chain.root, self.files.folder / name) for name in (*READ, *CALLED, *STATUSES)
        ]
        if self.given:
            job.said = self.given
        elif all(is_as_sealed(chain, path) for path in paths):
            job.seal = chain.head.as_json()
            block = chain.blocks[-1].content
            by = f"{block['sealed'][:16].replace('T', ' ')} UTC by {block['operator'] or block['user']}"
            signed = signatures.told(chain.root, chain)
            told = f"Results under seal: {chain.head}, sealed {by}. The block after it seals this page."
            job.said = (told, *signed)
        elif all(path.startswith("/") for path in paths):
            job.said = ("These results lie outside of the study, and are not under its seal.",)
        else:
            other = [path for path in paths if not is_as_sealed(chain, path)]
            told = "differs from the audit trail, or is not sealed yet; mrdq audit verify tells"
            job.said = (f"NOT under seal: {_several(other)} {told}.",)
        return job.said


def _last_amendments(root: Path) -> list[dict[str, str]]:
    """The rows that the last amend record tells of; [] without one."""
    folder = Trail(root).records
    found = [name for name in names(folder) if f"-{AMEND}-" in name]
    try:
        # Names tell the second; within it the record tells.
        last = [name for name in found if name.partition("-")[0] == found[-1].partition("-")[0]]
        contents = [parsed((folder / name).read_bytes()) for name in last]
        newest = max(contents, key=lambda content: str(content["started"]), default=None)
        rows: list[dict[str, str]] = newest["parameters"]["rows"] if newest else []
    except (
        OSError,
        ValueError,
        KeyError,
        TypeError,
    ):  # damaged: verify tells, and it is told again
        return []
    return rows


def _unsealed(chain: Chain) -> list[Record]:
    """Records that no block holds; none where one is damaged, which sealing refuses."""
    try:
        return chain.unsealed()
    except ValueError:
        return []


def _several(paths: list[str]) -> str:
    more = f" and {len(paths) - 5} more" if len(paths) > 5 else ""
    return ", ".join(paths[:5]) + more


def _as_called(root: Path) -> bool:
    """Whether the settings are those under seal but for the wishes of the cohort, which no table of
    the results before it rests on."""
    chain = read_chain(root)
    then = kept(chain, CONFIG_FILE, chain.head.number)
    if then is None:
        return False
    now = (root / CONFIG_FILE).read_bytes()
    old, new = (yaml.safe_load(data.decode("utf-8-sig")) for data in (then, now))
    return {**old, "cohort": None} == {**new, "cohort": None}


def _size(path: Path) -> int:
    """The size of a file that was read just now.  Raises :class:`MrdqError` if it is gone."""
    try:
        return path.stat().st_size
    except OSError as error:
        refuse(str(path), "the file that was read just now", error.strerror or "",
               remedy="It was moved meanwhile: put it back, and run again.")  # fmt: skip


def open_recorded(
    root: Path, site: Site, *, guideline: str = "", results: str = "", **parameters: Any
) -> Recorder:
    """Load a study to work on it.  Raises :class:`MrdqError`: for the study, or a broken trail."""
    before = states(root, load_config(root))
    study = load_study(root, guideline=guideline, results=results)
    asked = {"guideline": guideline, "results": path_in(root, study.results), **parameters}
    recorder = Recorder(study, Files(study.results), site, asked, before)
    require_whole(recorder.chain)
    return recorder


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
