"""Which recorded jobs made the results of a block, and what they rest on."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import PurePosixPath

import yaml

from mrdq.audit.chain import Chain
from mrdq.audit.files import FileState, path_in
from mrdq.audit.reading import Reading, job_words
from mrdq.audit.record import DONE, Record
from mrdq.audit.verify_blocks import of_records
from mrdq.config import CONFIG_FILE
from mrdq.errors import refuse
from mrdq.plan import STATE
from mrdq.replay.sources import Sources

TABLES = ("run", "ingest", "gather", "call", "status")
PAGES = ("report", "cohort")
"""Jobs that are made after sealing, and whose pages carry the seal of what they show."""


class ReplayError(Exception):
    """The results cannot be made again; ``told`` says why, a line each."""

    def __init__(self, told: Iterable[str]):
        self.told = list(told)
        super().__init__("\n".join(self.told))


@dataclass(frozen=True)
class Maker:
    """A recorded job that made results; ``place`` orders all of them."""

    place: int
    block: int
    record: Record

    @property
    def action(self) -> str:
        return str(self.record.content["action"])

    @property
    def folder(self) -> str:
        """Of its results, as the trail names paths."""
        return str(self.record.content["parameters"].get("results", ""))

    @property
    def batch(self) -> str:
        """The batch of runs that it read, if it was one."""
        return str(self.record.content["parameters"].get("batch", ""))

    @cached_property
    def inputs(self) -> dict[str, FileState]:
        return {state.path: state for state in self.record.files("inputs")}

    @cached_property
    def outputs(self) -> dict[str, FileState]:
        return {state.path: state for state in self.record.files("outputs")}

    def was_made(self, path: str) -> bool:
        """Whether an input is what another job made, and not what people laid down."""
        return path.startswith((f"{self.folder}/", f"{STATE}/"))

    def __str__(self) -> str:
        return job_words(self.record.content)


@dataclass
class Made:
    """Results as of a block.

    ``files``: what is compared, as sealed; ``by``: path -> the job that made it; ``jobs``: those and all
    they rest on, in their order; ``notes``: what is not made again; ``wrong``: where the trail does not
    explain what was read or made.
    """

    folder: str
    block: int
    files: dict[str, FileState]
    by: dict[str, Maker]
    jobs: list[Maker] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


def made(reading: Reading, sources: Sources, block: int | None) -> Made:
    """The results as of ``block``; None: those of the study's own folder that were sealed last.

    Raises :class:`MrdqError` if there are none, :class:`ReplayError` if the trail is broken.
    """
    broken = [*reading.chain.problems, *of_records(reading)]
    if broken:
        raise ReplayError([*broken, "mrdq audit verify says more. Put audit/ back from a copy."])
    makers = _makers(reading)
    folder, number = _chosen(reading, makers, sources, block)
    found = _as_of(reading, makers, folder, number)
    if reading.unsealed:
        found.notes.append("there are records that no block holds yet; they are not looked at")
    _leave_out_older_pages(found)
    _with_what_they_rest_on(found, makers)
    return found


def _makers(reading: Reading) -> list[Maker]:
    records = (
        (block.number, one) for block in reading.chain.blocks for one in reading.of_block(block)
    )
    # A job that failed may have made results before: what came after rests on them.
    makers = ((number, one) for number, one in records
              if one.content["action"] in (*TABLES, *PAGES) and (one.content["state"] == DONE or one.content["outputs"]))  # fmt: skip
    return [Maker(place, number, one) for place, (number, one) in enumerate(makers)]


def _chosen(
    reading: Reading, makers: Sequence[Maker], sources: Sources, block: int | None
) -> tuple[str, int]:
    """The folder and the block whose results are meant."""
    head = reading.chain.head.number
    if block is not None and block > head:
        refuse("--block", f"a block from 1 to {head}" if head else "a sealed block", str(block))
    there = [m for m in makers if m.block <= (block or head) and not m.batch and is_plain(m.folder)]  # fmt: skip
    of_block = [maker for maker in there if maker.block == block]
    own = (maker for maker in reversed(there) if _is_own(reading, sources, maker))
    found = of_block[-1] if of_block else next(own, None)
    if found is None:
        refuse("audit/", "results of the study under seal" + (f" as of block {block}" if block else ""),
               remedy="Run the study (mrdq run); what --results put elsewhere is not under seal.")  # fmt: skip
    return found.folder, block or found.block


def _is_own(reading: Reading, sources: Sources, maker: Maker) -> bool:
    """Whether it made the results of the study's own folder, by its settings then."""
    state = maker.inputs.get(CONFIG_FILE)
    data = sources.bytes_of(state) if state else None
    try:
        settings = yaml.safe_load(data or b"")
        own = str(settings.get("results", "results"))
    except (yaml.YAMLError, AttributeError, UnicodeDecodeError):
        return True  # that the settings are not at hand is told with the other inputs
    return maker.folder == path_in(reading.root, reading.root / own)


def _as_of(reading: Reading, makers: Sequence[Maker], folder: str, number: int) -> Made:
    blocks = tuple(block for block in reading.chain.blocks if block.number <= number)
    sealed = Chain(reading.root, blocks, ()).files
    files = {path: one.state for path, one in sealed.items() if path.startswith(f"{folder}/")}
    found = Made(folder, number, files, {})
    for maker in makers:
        if maker.block <= number:
            found.by.update((path, maker) for path in maker.outputs if path in files)
    for path in [path for path in files if path not in found.by]:
        found.notes.append(
            f"{path} was made by none of {', '.join((*TABLES, *PAGES))}: it is not made again"
        )
        del files[path]
    found.wrong += [
        f"{path}: {reading.when(sealed[path].block)} seals other bytes than {maker} made"
        for path, maker in found.by.items() if maker.outputs[path] != files[path]
    ]  # fmt: skip
    head = {"block": blocks[-1].number, "head": blocks[-1].hash}
    for maker in makers:  # the pages that show these results carry the seal of this block
        if maker.block > number and maker.folder == folder and maker.record.content["seal"] == head:
            files |= maker.outputs
            found.by.update(dict.fromkeys(maker.outputs, maker))
    return found


def _leave_out_older_pages(found: Made) -> None:
    for path, maker in sorted(found.by.items()):
        shown = {name: state for name, state in maker.inputs.items() if maker.was_made(name)}
        if maker.action in PAGES and any(found.files.get(n) != s for n, s in shown.items()):
            found.notes.append(f"{path} of block {maker.block} shows other results than those of block {found.block}: "
                               "it is not made again")  # fmt: skip
            del found.files[path], found.by[path]


def _with_what_they_rest_on(found: Made, makers: Sequence[Maker]) -> None:
    needed = {maker.place: maker for maker in found.by.values()}
    waiting = list(needed.values())
    while waiting:
        job = waiting.pop()
        for path in filter(job.was_made, job.inputs):
            maker = next((m for m in reversed(makers[: job.place]) if path in m.outputs), None)
            if maker is None:
                found.wrong.append(f"{path}: {job} read it, and no recorded job had made it")
            elif maker.outputs[path] != job.inputs[path]:
                found.wrong.append(f"{path}: {job} read other bytes than {maker} had made")
            if maker is not None and maker.place not in needed:
                needed[maker.place] = maker
                waiting.append(maker)
    found.jobs = [needed[place] for place in sorted(needed)]


def is_plain(path: str) -> bool:
    """Whether a path of the trail lies in the folder that it is relative to: a trail is data, and may
    come from anybody."""
    return (
        path != ""
        and not os.path.isabs(path)
        and ".." not in PurePosixPath(path).parts
        and "\0" not in path
    )
