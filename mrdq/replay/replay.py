"""``mrdq audit replay``: the results of a block made again, and what differs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from mrdq import comparison_stage
from mrdq.audit.kept import Kept
from mrdq.audit.reading import Reading, read_trail
from mrdq.audit.seal import seal
from mrdq.audit.site import Site
from mrdq.errors import MrdqError, refuse
from mrdq.plan import STATE
from mrdq.replay.again import do_again
from mrdq.replay.clean import Clean
from mrdq.replay.differences import beside, is_same_table
from mrdq.replay.makers import Made, ReplayError, made
from mrdq.replay.sources import Sources
from mrdq.replay.versions import other_versions
from mrdq.reports import diff_text
from mrdq.storage import write_bytes

Say = Callable[[str], None]
COMPARED = ("calls.tsv", "status.tsv", "evidence.tsv", "wells.parquet")
"""Tables of which it is told what decided, where they differ."""


@dataclass
class Replay:
    """What came of it.

    ``title``: which results; ``versions``: other software than then, in words; ``notes``: what is no
    difference and should be known; ``same``: files of which the sealed bytes were made again, ``alike``: of
    which the content was; ``differences``: the rest, in words; ``why``: which calls and statuses differ,
    grouped by the criterion that decided.
    """

    title: str
    versions: list[str]
    notes: list[str] = field(default_factory=list)
    same: list[str] = field(default_factory=list)
    alike: list[str] = field(default_factory=list)
    differences: list[str] = field(default_factory=list)
    why: str = ""


def replay(
    root: Path, to: Path, site: Site, *, block: int | None = None, exports: Sequence[Path] = (), say: Say
) -> Replay:  # fmt: skip
    """Make the results of ``block`` (None: the last) of the study ``root`` again in the empty folder ``to``.

    ``exports``: folders in which inputs are looked for by their hash.  Nothing is written into the study.
    Raises :class:`MrdqError` where there is no trail or no such block, :class:`ReplayError` if the trail
    is broken or an input cannot be had with the recorded bytes.
    """
    reading = read_trail(root)
    sources = Sources(root, Kept(reading.chain), exports)
    found = made(reading, sources, block)
    title = f"{found.folder}/ as of {reading.when(found.block)}"
    say(f"{title}: {len(found.jobs)} recorded jobs")
    out = Replay(
        title, other_versions(found.jobs), list(found.notes), differences=list(found.wrong)
    )
    for line in out.versions:
        say(line)
    say("looking for the inputs with their recorded bytes")
    clean = Clean(to, sources, found.jobs)
    if _is_done_again(found, clean, site, out, say):
        say("comparing")
        _compare(found, reading, clean, out)
    seal(to, site)
    return out


def _is_done_again(found: Made, clean: Clean, site: Site, out: Replay, say: Say) -> bool:
    for job in found.jobs:
        clean.lay_out(job)
        say(f"{job.action}{f' of batch {job.batch}' if job.batch else ''} again, as on {job.record.content['started']}")  # fmt: skip
        try:
            do_again(job, clean.root, site, say=say)
        except MrdqError as error:
            out.notes += clean.notes
            out.differences.append(f"this mrdq refuses what {job} took: {error}")
            return False
    out.notes += clean.notes
    return True


def _compare(found: Made, reading: Reading, clean: Clean, out: Replay) -> None:
    told = beside(found, reading, clean.sources, clean.root)
    out.same, out.alike, out.notes = told.same, told.alike, out.notes + told.notes
    out.differences += told.differences
    names = {f"{found.folder}/{name}" for name in COMPARED[:3]}
    if any(path in names and path not in told.same for path in found.files):
        out.why = _why(found, clean)


def _why(found: Made, clean: Clean) -> str:
    """The calls and statuses that differ, by the criterion that decided."""
    sealed, again = clean.root / STATE / "as-sealed", clean.root / found.folder
    for name in COMPARED:
        state = found.files.get(f"{found.folder}/{name}")
        data = clean.sources.bytes_of(state) if state else None
        if data is None and name != "wells.parquet":
            return (
                f"Why cannot be told: {found.folder}/{name} is not at hand with its sealed bytes.\n"
            )
        if data is not None:
            # Another pyarrow writes the same wells otherwise: the same bytes say that they are the same.
            same = is_same_table(name, data, (again / name).read_bytes())
            write_bytes(sealed / name, (again / name).read_bytes() if same else data)
    try:
        compared = comparison_stage.folders(sealed, again)
    except MrdqError as error:
        return f"Why cannot be told: {error}\n"
    a = replace(compared.a, name=f"as sealed in block {found.block}")
    b = replace(compared.b, name="as made again")
    return diff_text.text(replace(compared, a=a, b=b), rest="see the tables")


def require_place(to: Path, root: Path) -> None:
    """The clean folder has to be new or empty, and outside of the study.  Raises :class:`MrdqError`."""
    inside = root.resolve() in (to.resolve(), *to.resolve().parents)
    taken = to.exists() and not (to.is_dir() and not any(to.iterdir()))
    if inside or taken:
        refuse("--to", "a new or empty folder outside of the study", str(to),
               remedy="Nothing is written into the study, and nothing is replaced.")  # fmt: skip


__all__ = ["Replay", "ReplayError", "replay", "require_place"]
