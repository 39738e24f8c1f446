"""Whether a study is as its audit trail says: every difference in words, and what was checked.

Reads only.  The time is linear in the bytes of the files, the records and the blocks.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import chain as joined
from pathlib import Path

from mrdq.audit import signatures, verify_blocks, verify_files, verify_jobs
from mrdq.audit.chain import Chain, Head, read_chain
from mrdq.audit.kept import Kept
from mrdq.audit.reading import Reading, read_trail
from mrdq.audit.trail import Trail, names
from mrdq.errors import refuse

SHORTEST_HEAD = 12
"""Hexadecimal digits of a head that are enough to name it."""
TRIES = 3


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found: ``differences`` and ``notes`` in words, one line each; the ``head``; how many
    ``blocks``, ``records`` and ``files`` were checked."""

    differences: tuple[str, ...]
    notes: tuple[str, ...]
    head: Head
    blocks: int
    records: int
    files: int


def verify(root: Path, head: str = "") -> Verdict:
    """Compare the folder ``root`` with its audit trail.

    ``head``: a head that was kept elsewhere, all 64 digits or at least the first 12; it has to be
    that of a block.  Raises :class:`MrdqError` if there is no trail, or ``head`` is no head.
    """
    wanted = head.strip().lower()
    if wanted and not re.fullmatch(rf"[0-9a-f]{{{SHORTEST_HEAD},64}}", wanted):
        refuse("--head", f"{SHORTEST_HEAD} to 64 hexadecimal digits", found=head,
               remedy="Copy the head as mrdq run printed it.")  # fmt: skip
    # Others may seal while the files are read: what was read then belongs to no one state.
    for _ in range(TRIES):
        reading = read_trail(root)
        verdict = _verdict(reading, wanted)
        if not verdict.differences or _is_still(reading):
            break
    return verdict


def _is_still(reading: Reading) -> bool:
    trail = Trail(reading.root)
    listed = {*reading.records, *reading.broken}
    return (
        read_chain(reading.root).head == reading.chain.head and set(names(trail.records)) == listed
    )


def _verdict(reading: Reading, wanted: str) -> Verdict:
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
        clocks, verify_files.of_files(reading, kept), strays, disagree, unfinished, unspoken,
        signatures.check(reading.root, chain),
    )  # fmt: skip
    notes = joined(follow, set_back, [] if wanted else unsealed, at_work, writing, mended)
    return Verdict(
        tuple(map(plain, differences)), tuple(map(plain, notes)), chain.head,
        len(chain.blocks), len(reading.records), len({*chain.files, *reading.said}),
    )  # fmt: skip


def _of_head(chain: Chain, wanted: str) -> tuple[list[str], list[str]]:
    if not wanted:
        return [], []
    block = next((one for one in chain.blocks if one.hash.startswith(wanted)), None)
    if block is None:
        return [
            f"head {wanted} is not in this trail: the chain was written anew, or it is another study's"
        ], []
    after = chain.blocks[-1].number - block.number
    follow = (
        f"; {after} {'block follows' if after == 1 else 'blocks follow'} on it"
        if after
        else ", the last"
    )
    return [], [f"head {wanted} is that of block {block.number} of {block.sealed}{follow}"]


def plain(text: str) -> str:
    """``text`` on one line and without what steers a terminal: names and cells may hold anything."""
    return "".join(
        one if one.isprintable() else one.encode("unicode_escape", "surrogatepass").decode()
        for one in text
    )
