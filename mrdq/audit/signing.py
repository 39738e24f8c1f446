"""Signing a block: what is signed is looked at first, and signed whole or not at all."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

from mrdq.audit import ssh
from mrdq.audit.canonical import canonical
from mrdq.audit.chain import Block, Chain, read_chain
from mrdq.audit.files import path_in, state_of
from mrdq.audit.job import is_gone, pending_jobs, recorded
from mrdq.audit.seal import Sealing, require_whole, seal
from mrdq.audit.signatures import SCHEMA, SIGNERS, covers, list_of_signers, unfinished, voided
from mrdq.audit.site import Site
from mrdq.audit.trail import Trail, names, write_once
from mrdq.audit.verify import verify
from mrdq.errors import MrdqError, Problem, refuse


def sign(
    root: Path, site: Site, *, key: Path, meaning: str, signer: str = "", block: int = 0,
    signers: Path | None = None, say: Callable[[str], None],
) -> tuple[Path, Sealing]:  # fmt: skip
    """Sign a block (0: the head) as ``signer`` (the operator, else the user); seal the signature.

    Returns the path of the statement.  Raises :class:`MrdqError` if a file is not as it is under seal,
    the block's results are past, the key cannot sign, or the list of signers has it under another name.
    """
    chain = read_chain(root)
    require_whole(chain)
    signed = _block(chain, block)
    name = _name(signer or site.operator or site.user)
    ssh.require_installed()
    if not key.is_file():
        refuse(str(key), "the file of a key", remedy="ssh-keygen -t ed25519 makes one.")
    _remove_unfinished(root, say)
    _require_as_sealed(chain)
    _require_verified(root)
    _require_current(chain, signed)
    asked = {"block": signed.number, "head": signed.hash, "signer": name, "meaning": meaning}
    with _none_if_it_fails() as written, recorded(root, "sign", site, asked) as job:
        statement = canonical(asked | {
            "schema": SCHEMA, "signed": site.time, "user": site.user, "host": site.host, "covers": covers(signed),
        })  # fmt: skip
        signature = ssh.signed(statement, key, say)
        _require_listed(root, signers, name, site, statement, signature)
        _write(root, signed.number, statement, signature, written)
        job.reads(root / SIGNERS, keep=True)
        job.writes(*written)
        job.seal = {"block": signed.number, "head": signed.hash}
    return written[-1], seal(root, site)


@contextlib.contextmanager
def _none_if_it_fails() -> Iterator[list[Path]]:
    """Files that are written inside, and that go again where they could not be recorded."""
    written: list[Path] = []
    try:
        yield written
    except MrdqError:
        for path in written:
            path.unlink(missing_ok=True)
        raise


def _block(chain: Chain, number: int) -> Block:
    found = {block.number: block for block in chain.blocks}
    if not found:
        refuse(str(Trail(chain.root).blocks), "a block that is sealed", remedy="mrdq run makes the results and seals them.")  # fmt: skip
    if (number or chain.head.number) not in found:
        refuse("--block", f"a block from 1 to {chain.head.number}", str(number))
    return found[number or chain.head.number]


def _name(name: str) -> str:
    if not name.strip() or not name.isprintable():
        refuse("--as", "the name of who signs, on one line", name)
    return name.strip()


def _require_as_sealed(chain: Chain) -> None:
    """Only what is as it was sealed can be signed; a new list of signers is recorded with that."""
    problems = [
        Problem(path, f"the file as block {sealed.block} sealed it", "no such file" if now is None else "other bytes",
                remedy="mrdq audit verify tells more. mrdq run makes the results of it, and seals them.")
        for path, sealed in sorted(chain.files.items())
        if path != SIGNERS and (now := state_of(chain.root, path)) != sealed.state
    ]  # fmt: skip
    if problems:
        raise MrdqError(problems)


def _require_verified(root: Path) -> None:
    """Beside the files, the trail itself has to be as it was left."""
    differences = [one for one in verify(root).differences if not one.startswith(f"{SIGNERS} ")]
    if differences:
        refuse(str(Trail(root).folder), "a study that is as its audit trail says",
               "; ".join(one.partition("\n")[0] for one in differences),
               remedy="mrdq audit verify tells more; what is mended can be signed.")  # fmt: skip


def _require_current(chain: Chain, block: Block) -> None:
    void = voided(chain.root, chain.blocks, block.number)
    if void:
        refuse("--block", "a block whose results are the results still", str(block.number),
               remedy=f"A signature of it would be {void}. Sign the head, block {chain.head.number}.")  # fmt: skip


def _require_listed(
    root: Path, signers: Path | None, name: str, site: Site, data: bytes, signature: bytes
) -> None:
    """Refuse a signature that would be bad at once."""
    fingerprint = ssh.key_of(data, signature)
    listed, shown = list_of_signers(root, signers)
    if listed is None:
        return
    try:
        ssh.key_for(name, site.time, listed, data=data, signature=signature)
    except ssh.NotSignedError:
        refuse(shown, f"a line that gives {name} the key that signs", fingerprint,
               remedy="Sign by the name that the list has (--as), or have the key put on the list.")  # fmt: skip


def _write(root: Path, block: int, statement: bytes, signature: bytes, written: list[Path]) -> None:
    """Both files under the block's next number: the signature first, so that a statement never
    lies there unsigned."""
    folder = Trail(root).signatures
    taken = [*names(folder, ""), *(path.rpartition("/")[2] for path in read_chain(root).files)]
    stem = f"{block:06d}-"
    used = [n.removeprefix(stem).partition(".")[0] for n in taken if n.startswith(stem)]
    number = max((int(text) for text in used if text.isdigit()), default=0)
    while len(written) < 2:
        number += 1
        path = folder / f"{stem}{number}.json"
        beside = path.with_name(f"{path.name}.sig")
        if write_once(beside, signature):
            written[:] = [beside]
            if write_once(path, statement):
                written.append(path)
            else:
                beside.unlink()


def _remove_unfinished(root: Path, say: Callable[[str], None]) -> None:
    """Remove what somebody left whose signing was stopped, unless somebody may be signing just now.

    Files are listed before it is asked who works: whoever comes later wrote none of them.
    """
    listed = set(unfinished(root, read_chain(root)))
    jobs = pending_jobs(root).values()
    if not listed or not all(job.get("action") != "sign" or is_gone(job) for job in jobs):
        return
    for path in sorted(listed & set(unfinished(root, read_chain(root)))):
        path.unlink(missing_ok=True)
        say(f"note: {path_in(root, path)} was left by signing that was interrupted, and is removed")
