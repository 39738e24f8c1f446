"""Signatures: who stands for the results of a block, and whether those still are the results.

A signature is two files of ``audit/signatures``: a statement in canonical JSON, which names a block and
its head, and OpenSSH's signature of the statement.  The head speaks of every byte under seal at that
block.  A signature is *bad* if any of this does not fit.  It is *void* if it fits, and a later block
changed what was signed: a true word still, about results that are past.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Sequence, Set
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from mrdq.audit import ssh
from mrdq.audit.canonical import parsed
from mrdq.audit.chain import Block, Chain
from mrdq.audit.files import path_in, read_regular, state_of
from mrdq.audit.record import is_time, read_record
from mrdq.audit.seal import CLOCKS_DIFFER
from mrdq.audit.trail import FOLDER, Trail, names

SCHEMA = "mrdq-signature-1"
MEANINGS = ("reviewed", "approved", "authored")
SIGNERS = "config/allowed_signers"
"""Which key is whose, in the form of OpenSSH's file of allowed signers."""
TEXTS = ("head", "signer", "meaning", "signed", "user", "host")
KEYS = {"schema", "block", "covers", *TEXTS}
PAGES = (".html", ".pdf", ".png", ".svg", "results.xlsx")
EXPORT = "export"
"""The action of jobs whose outputs are copies for others, and no results."""
MOST_NAMED = 6


@dataclass(frozen=True, slots=True)
class Void:
    """The first block that changed what was signed, when it was sealed, and what it changed."""

    block: int
    sealed: str
    paths: tuple[str, ...]

    def __str__(self) -> str:
        named, more = self.paths[:MOST_NAMED], len(self.paths) - MOST_NAMED
        text = ", ".join(named) + (f" and {more} more" if more > 0 else "")
        return f"VOID since block {self.block} of {self.sealed[:10]}: {text} changed"


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature as it lies there, under the ``name`` of its statement.

    ``key``: fingerprint of the key that made it.  ``notes``: what it does not show.  ``problems``: why
    it is bad, in words; () if it is not.
    """

    name: str
    block: int = 0
    head: str = ""
    signer: str = ""
    meaning: str = ""
    signed: str = ""
    key: str = ""
    notes: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    void: Void | None = None

    @property
    def holds(self) -> bool:
        """Whether it stands for the results as they are."""
        return not self.problems and self.void is None

    def __str__(self) -> str:
        if self.problems:
            return f"{FOLDER}/signatures/{self.name}: BAD: {'; '.join(self.problems)}"
        time = f"{self.signed[:10]} {self.signed[11:16]} UTC"
        state = str(self.void or "holds")
        text = f"signed by {self.signer} ({self.meaning}) at {time}, block {self.block}: {state}"
        return "; ".join([text, *self.notes])


def read(root: Path, chain: Chain, signers: Path | None = None) -> list[Signature]:
    """Every signature of the trail, checked, by the name of its statement.

    ``signers`` is another file of allowed signers than ``config/allowed_signers``.  Where there is no
    ssh-keygen, ``notes`` says that the keys were not checked.
    """
    return [_with_key(root, found, signers) for found in _statements(root, chain)]


def current(root: Path, chain: Chain, signers: Path | None = None) -> list[Signature]:
    """The signatures, themselves under seal, that hold for the results as they are at the head."""
    sealed = _sealed(root, chain)
    fitting = [found for found in _statements(root, chain) if found.holds and found.name in sealed]
    return [s for found in fitting if (s := _with_key(root, found, signers)).holds]


def told(root: Path, chain: Chain, signers: Path | None = None) -> list[str]:
    """A line for people per signature, and per signature that somebody did not finish."""
    return [*map(str, read(root, chain, signers)), *told_of_unfinished(root, chain)]


def check(root: Path, chain: Chain, signers: Path | None = None) -> list[str]:
    """The differences: a line per bad signature.  One that is void is none."""
    return [str(found) for found in read(root, chain, signers) if found.problems]


def unfinished(root: Path, chain: Chain) -> list[Path]:
    """Files of signatures that stand in no record: signing was stopped, or goes on just now."""
    folder = Trail(root).signatures
    try:
        made = {state.path for record in chain.unsealed() for state in record.files("outputs")}
    except ValueError:  # a record that is damaged: verify names it
        made = set()
    paths = [folder / name for name in names(folder, "") if name.endswith((".json", ".json.sig"))]
    return [path for path in paths if path_in(root, path) not in {*chain.files, *made}]


def told_of_unfinished(root: Path, chain: Chain) -> list[str]:
    """A line for people per file that stands in no record."""
    return [
        f"{path_in(root, path)} stands in no record: signing was interrupted, or goes on just now"
        for path in unfinished(root, chain)
    ]


def covers(block: Block) -> dict[str, Any]:
    """What of a block a statement repeats, so that a reader sees what was signed."""
    return {key: block.content[key] for key in ("files_root", "n_files", "sealed")}


def changed_results(root: Path, block: Block, signed: Set[str] = frozenset()) -> tuple[str, ...]:
    """What a block changed of that which a signature is about: everything under seal but the trail,
    the list of signers, pages and exports."""
    paths = {state["path"] for state in block.content["changed"]} | set(block.removed)
    found = {path for path in paths if not _is_no_result(path)}
    # An export that writes over what was signed is no copy of it.
    return tuple(sorted(found - (_exports(root, block) - signed) if found else found))


def voided(root: Path, blocks: Sequence[Block], number: int) -> Void | None:
    """The first of ``blocks`` after block ``number`` that changed results."""
    signed = set[str]()
    for block in blocks:
        named = {state["path"] for state in block.content["changed"]} | set(block.removed)
        if block.number <= number:
            signed |= named - _exports(root, block)
        elif paths := changed_results(root, block, signed):
            return Void(block.number, block.sealed, paths)
    return None


def _is_no_result(path: str) -> bool:
    is_page = "report" in PurePosixPath(path).parts[:-1] and path.endswith(PAGES)
    return is_page or path == SIGNERS or path.startswith((f"{FOLDER}/", ".mrdq/"))


def _exports(root: Path, block: Block) -> set[str]:
    """What only exports of this block wrote.  A record that cannot be read excuses nothing."""
    made: dict[bool, set[str]] = {True: set(), False: set()}
    for name in block.records:
        try:
            record = read_record(name, read_regular(Trail(root).records / name))
            is_export = record.content["action"] == EXPORT
            made[is_export] |= {state.path for state in record.files("outputs")}
        except (OSError, ValueError, KeyError, TypeError):
            continue
    return made[True] - made[False]


def _statements(root: Path, chain: Chain) -> list[Signature]:
    """Every signature, without a look at its key."""
    known = {*names(Trail(root).signatures), *_sealed(root, chain)}
    blocks = {block.number: block for block in chain.blocks}
    voids: dict[int, Void | None] = {}
    found = []
    for name in sorted(known):
        one = _statement(root, chain, name, blocks)
        if one.block in blocks:
            if one.block not in voids:
                voids[one.block] = voided(root, chain.blocks, one.block)
            one = dataclasses.replace(one, void=voids[one.block])
        found.append(one)
    return found


def _sealed(root: Path, chain: Chain) -> set[str]:
    """Names of the statements under seal."""
    folder = f"{path_in(root, Trail(root).signatures)}/"
    found = (path.removeprefix(folder) for path in chain.files if path.startswith(folder))
    return {name for name in found if name.endswith(".json")}


def _statement(root: Path, chain: Chain, name: str, blocks: dict[int, Block]) -> Signature:
    path = path_in(root, Trail(root).signatures / name)
    problems = [p for file in (path, f"{path}.sig") for p in _not_as_sealed(root, chain, file)]
    try:
        content = _content(read_regular(root / path))
    except (OSError, ValueError, RecursionError) as error:
        problems = problems or [f"it is no statement: {error}"]
        return Signature(name, problems=tuple(problems))
    block = blocks.get(content["block"])
    problems += _unfit(content, block, name)
    told = {key: content[key] for key in ("block", "head", "signer", "meaning", "signed")}
    notes = _doubts(chain, blocks, path, content["signed"])
    return Signature(name, **told, notes=notes, problems=tuple(problems))


def _not_as_sealed(root: Path, chain: Chain, path: str) -> list[str]:
    sealed, state = chain.files.get(path), state_of(root, path)
    file = path.rpartition("/")[2]
    if state is None:
        return [f"{file} is missing"]
    if sealed is not None and state != sealed.state:
        return [f"{file} changed after block {sealed.block}"]
    return []


def _doubts(chain: Chain, blocks: dict[int, Block], path: str, signed: str) -> tuple[str, ...]:
    """A signature is sealed at once: its own word on the time is held against that of its block."""
    sealed = chain.files.get(path)
    if sealed is None:
        return ("not under seal yet",)
    time = blocks[sealed.block].sealed
    apart = dt.datetime.fromisoformat(time) - dt.datetime.fromisoformat(signed)
    return (
        ()
        if abs(apart) <= CLOCKS_DIFFER
        else (f"it was sealed at {time}, another time than it says",)
    )


def _content(data: bytes) -> dict[str, Any]:
    """What a statement says.  ``ValueError`` if it is none of this form."""
    content = parsed(data)
    if not isinstance(content, dict) or content.get("schema") != SCHEMA or set(content) != KEYS:
        raise ValueError(f"not of the form {SCHEMA}")
    if type(content["block"]) is not int or not all(type(content[key]) is str for key in TEXTS):
        raise ValueError("a value of another type")
    if not all(content[key].isprintable() for key in TEXTS) or content["meaning"] not in MEANINGS:
        raise ValueError("a name or a meaning that no signature has")
    if not is_time(content["signed"]):
        raise ValueError("a time that is not as records have it")
    return content


def _unfit(content: dict[str, Any], block: Block | None, name: str) -> list[str]:
    number = content["block"]
    if block is None:
        return [f"it signs block {number}, which is not there"]
    if content["head"] != block.hash or content["covers"] != covers(block):
        then, now = content["head"][:16], block.hash[:16]
        return [f"it signs another block {number}, of the head {then}; that of the block is {now}"]
    return [] if name.startswith(f"{number:06d}-") else [f"it signs block {number}"]


def _with_key(root: Path, found: Signature, signers: Path | None) -> Signature:
    """The signature with what its key shows; one that is bad already is not asked further."""
    if found.problems:
        return found
    if not ssh.is_installed():
        note = f"its key was not checked: {ssh.PROGRAM} is not installed"
        return dataclasses.replace(found, notes=(*found.notes, note))
    path = Trail(root).signatures / found.name
    data, signature = read_regular(path), read_regular(path.with_name(f"{found.name}.sig"))
    try:
        key = ssh.key_of(data, signature)
    except ssh.NotSignedError as error:
        return dataclasses.replace(found, problems=(f"its signature is not of its statement: {error}",))  # fmt: skip
    listed, shown = list_of_signers(root, signers)
    if listed is None:
        note = f"the key {key} is not in {shown}: the name is the signer's own word"
        return dataclasses.replace(found, key=key, notes=(*found.notes, note))
    try:
        ssh.key_for(found.signer, found.signed, listed, data=data, signature=signature)
    except ssh.NotSignedError as error:
        problem = f"{shown} does not list the key {key} for {found.signer} at that time: {error}"
        return dataclasses.replace(found, key=key, problems=(problem,))
    return dataclasses.replace(found, key=key, notes=(*found.notes, f"key {key}"))


def list_of_signers(root: Path, signers: Path | None = None) -> tuple[Path | None, str]:
    """The file of allowed signers, if there is one, and its name for people."""
    if signers is not None:
        return signers, str(signers)
    own = root / SIGNERS
    return (own if own.is_file() else None), SIGNERS
