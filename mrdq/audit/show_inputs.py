"""What changed of the inputs from block to block, and what jobs say of themselves, in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from mrdq import vocabulary as words
from mrdq.audit.chain import Block
from mrdq.audit.files import FileState
from mrdq.audit.kept import Kept
from mrdq.audit.reading import Reading
from mrdq.audit.rows import in_rows
from mrdq.audit.trail import FOLDER

AMENDED = {words.OMIT: "omission", words.CALL: "changed call"}
DIGITS = 12


def changed_inputs(reading: Reading) -> Iterator[tuple[Block, str]]:
    """Each input whose bytes are others than under seal before: the block, and what differs; rows of
    what blocks keep, else the hashes."""
    kept, before, made = Kept(reading.chain), dict[str, FileState](), set[str]()
    for block in reading.chain.blocks:
        made |= {s.path for one in reading.of_block(block) for s in one.files("outputs")}
        for state in block.changed:
            then = before.get(state.path)
            is_input = state.path not in made and not state.path.startswith(f"{FOLDER}/")
            if then is not None and then.sha256 != state.sha256 and is_input:
                old = kept.as_of(state.path, block.number - 1)
                for text in _told(then, state, old, kept.sealed_by(block, state.path)):
                    yield block, f"{state.path}: {text}"
            before[state.path] = state
        for path in block.removed:
            before.pop(path, None)


def _told(then: FileState, now: FileState, old: bytes | None, new: bytes | None) -> list[str]:
    if old is None or new is None:
        return [f"{then.sha256[:DIGITS]} → {now.sha256[:DIGITS]}"]
    what, rows = in_rows(now.path, old, new)
    return rows or [what.partition("row differs: ")[2] or what]


def notes_of(job: Mapping[str, Any]) -> str:
    """What a job says beside its files: amendments, another rule set than the study's, its message."""
    parameters, said = job["parameters"], []
    if job["action"] == "amend":
        said.append(_amendments(parameters.get("rows")))
    if parameters.get("guideline"):
        said.append(f"--guideline {parameters['guideline']}")
    return "; ".join(filter(None, [*said, str(job.get("message", ""))]))


def _amendments(rows: Any) -> str:
    """``2 omissions, 1 changed call; who: operator A; R08: reagents out of date``."""
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        return ""
    if not rows:
        return "no amendment any more"
    kinds = Counter(AMENDED.get(row.get("what", ""), "amendment") for row in rows)
    counts = ", ".join(f"{n} {kind}{'' if n == 1 else 's'}" for kind, n in kinds.items())
    people = ", ".join(dict.fromkeys(str(row.get("who", "")) for row in rows))
    whys = dict.fromkeys(f"{row.get('run_id', '')}: {row.get('why', '')}" for row in rows)
    return "; ".join([counts, f"who: {people}", *whys])
