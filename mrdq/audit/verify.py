"""Whether a study is as its audit trail says: every difference in words, and what was checked.

Reads only.  The time is linear in the bytes of the files, the records and the blocks.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import chain as joined
from pathlib import Path

from mrdq.audit import signatures, verify_blocks, verify_files, verify_jobs, verify_made
from mrdq.audit.chain import Chain, Head, read_chain
from mrdq.audit.kept import Kept
from mrdq.audit.reading import Reading, read_trail
from mrdq.audit.trail import FOLDER, Trail, names
from mrdq.errors import refuse

SHORTEST_HEAD = 12
"""Hexadecimal digits of a head that are enough to name it."""
_PRINTED = re.compile(
    rf"(audit trail: )?(block (?P<block>\d{{1,9}}), head )?(?P<head>[0-9a-f]{{{SHORTEST_HEAD},64}})"
    r"(…|\.{1,3})?( .*)?"
)
"""A head, alone or in the line in which it is printed, which may be cut behind it."""
TRIES = 3


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found: ``differences`` and ``notes`` in words, one line each (but for rows that differ,
    which stand below in lines that are indented); the ``head``; how many
    ``blocks``, ``records`` and ``files`` were checked."""

    differences: tuple[str, ...]
    notes: tuple[str, ...]
    head: Head
    blocks: int
    records: int
    files: int


def verify(root: Path, head: str = "") -> Verdict:
    """Compare the folder ``root`` with its audit trail.

    ``head``: a head that was kept elsewhere, all 64 digits or at least the first 12, or the whole line
    as it was printed; it has to be that of a block, and of the one that the line names.  Raises
    :class:`MrdqError` if there is no trail, or ``head`` is no head.
    """
    wanted = _wanted(head)
    # Others may seal while the files are read: what was read then belongs to no one state.
    for _ in range(TRIES):
        reading = read_trail(root)
        verdict = _verdict(reading, wanted)
        if not verdict.differences or _is_still(reading):
            break
    return verdict


def _wanted(head: str) -> Head | None:
    """The head that is asked for, or as much of it as is known; number 0 where no block is named."""
    if not head.strip():
        return None
    found = _PRINTED.fullmatch(head.strip().lower())
    if found is None:
        refuse("--head", f"{SHORTEST_HEAD} to 64 hexadecimal digits", found=head,
               remedy="Copy the head as mrdq run printed it.")  # fmt: skip
    return Head(int(found["block"] or 0), found["head"])


def beside_signatures(root: Path) -> list[str]:
    """What :func:`verify` finds, but for what it says of the files of signatures."""
    theirs = f"{FOLDER}/signatures/"
    return [one for one in verify(root).differences if not one.startswith(theirs)]


def _is_still(reading: Reading) -> bool:
    trail = Trail(reading.root)
    listed = {*reading.records, *reading.broken}
    return (
        read_chain(reading.root).head == reading.chain.head and set(names(trail.records)) == listed
    )


def _verdict(reading: Reading, wanted: Head | None) -> Verdict:
    chain, kept = reading.chain, Kept(reading.chain)
    anchored, follow = _of_head(chain, wanted)
    clocks, set_back = verify_blocks.of_clocks(reading)
    strays, writing = verify_files.of_strays(reading)
    disagree, mended = verify_jobs.of_jobs(reading)
    unfinished, at_work = verify_jobs.of_pending(reading)
    unsealed = verify_jobs.of_unsealed(reading)
    # Anybody can write a record that fits his files; only a head is beyond his reach.
    unspoken = [f"{told}; no head speaks of it" for told in unsealed] if wanted else []
    differences = joined(
        chain.problems, anchored,
        verify_blocks.of_records(reading), verify_blocks.of_manifests(reading), verify_blocks.of_kept(reading, kept),
        clocks, verify_files.of_files(reading, kept), strays, disagree, verify_made.stale(reading), unfinished,
        unspoken, signatures.check(reading.root, chain),
    )  # fmt: skip
    outdated = verify_made.outdated(reading)
    notes = joined(outdated, follow, set_back, [] if wanted else unsealed, at_work, writing, mended)
    return Verdict(
        tuple(map(_plain_rows, differences)), tuple(map(plain, notes)), chain.head,
        len(chain.blocks), len(reading.records), len({*chain.files, *reading.said}),
    )  # fmt: skip


def _of_head(chain: Chain, wanted: Head | None) -> tuple[list[str], list[str]]:
    if wanted is None:
        return [], []
    block = next((one for one in chain.blocks if one.hash.startswith(wanted.hash)), None)
    if block is None:
        told = (
            f"head {wanted.hash} is not in this trail: the chain was written anew, its last blocks were "
            "taken away, or it is another study's"
        )
        return [told], []
    if wanted.number not in (0, block.number):
        return [f"head {wanted.hash} is that of block {block.number}, and not of block {wanted.number}"], []  # fmt: skip
    after = chain.blocks[-1].number - block.number
    follow = (
        f"; {after} {'block follows' if after == 1 else 'blocks follow'} on it"
        if after
        else ", the last"
    )
    return [], [f"head {wanted.hash} is that of block {block.number} of {block.sealed}{follow}"]


def _plain_rows(text: str) -> str:
    """A difference in plain text: rows that differ stand below it, each in a line that is indented."""
    return "\n  ".join(map(plain, text.split(verify_files.ROW)))


def plain(text: str) -> str:
    """``text`` on one line and without what steers a terminal: names and cells may hold anything."""
    return "".join(
        one if one.isprintable() else one.encode("unicode_escape", "surrogatepass").decode()
        for one in text
    )
