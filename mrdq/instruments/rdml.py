"""RDML 1.0 to 1.4, zipped or bare, of any instrument or of mrdq itself.

One row per reaction and target; ``Export.row`` is its ordinal in the document, from 1, for XML has
no rows.  What a Cq element means (schemas of rdml.org): -1 is "not available" since 1.1, a Cq
element is optional, NaN is no number: all three are undetermined.  ``excl`` leaves the reaction
out, whatever it says.  A Cq at or beyond the last cycle that was measured cannot have been reached
and is undetermined; Applied Biosystems store it so.  LightCycler 96: see ``rdml_lightcycler96``.
"""

from __future__ import annotations

import html
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from mrdq.errors import Problems, refuse
from mrdq.instruments import words
from mrdq.instruments.export import Export
from mrdq.instruments.rdml_document import HEAD, Document, parse, root_name, text_of
from mrdq.instruments.rdml_lightcycler96 import ROOTS, Verdicts, read_verdicts
from mrdq.instruments.rdml_names import Names, is_guid, read_names
from mrdq.instruments.rdml_reactions import of_elements
from mrdq.instruments.rdml_rows import Plate, Rows, take_run
from mrdq.instruments.source import ARCHIVE, DOCUMENT, Found, Missing, Source
from mrdq.instruments.table import refuse_twins

VERSIONS = ("1.0", "1.1", "1.2", "1.3", "1.4")
PUBLISHER = "mrdq"

SIZE = 100_000_000
"""Bytes of the members that are not for us, unpacked; those of instruments have a thousandth."""

_ROOT = "rdml"
_MEMBERS = 20
_PARTITIONS = "partitions/"
_READ = {
    *("rdml", "id", "publisher", "experiment", "run", "react", "data", "tar", "cq", "excl", "note"),
    *("sample", "type", "quantity", "value", "unit", "annotation", "property", "target", "dyeId"),
    *("instrument", "dataCollectionSoftware", "name", "version", "runDate", "partitions", "xRef"),
    *("pcrFormat", "rows", "columns", "rowLabel", "columnLabel"),
}


@dataclass(frozen=True, slots=True)
class _Content:
    """The members to read, by the name of their root element, and the others."""

    members: dict[str, str]
    unread: tuple[str, ...] = ()


def detect(source: Source) -> Found | Missing:
    """The document whose root element is ``rdml``, whatever its member is called."""
    if source.kind == DOCUMENT:
        if root_name(source.data) != _ROOT:
            return Missing("XML document with the root element rdml")
        content = _Content({_ROOT: ""})
    elif source.kind == ARCHIVE and _may_hold_one(source):
        members = _members(source)
        if members is None:
            return Missing("single member with the root element rdml: there are several")
        if _ROOT not in members.members:
            return Missing("member with the root element rdml in the archive")
        content = members
    else:
        return Missing("XML document, and no archive that holds one")
    member = content.members[_ROOT]
    reason = f"the root element rdml in the member {member}" if member else "the root element rdml"
    return Found(reason, (), 0, "", content=content)


def read(source: Source, found: Found) -> Export:
    """The export; quantities are those of standards, a dilution ``dil`` of 10 being 0.1.

    Raises :class:`MrdqError` for documents of another version, wells outside of the block, runs
    that cannot be one table, and every Cq that cannot be told.
    """
    content: _Content = found.content
    _check_others(source, content)
    document = _document(source, content.members[_ROOT])
    _check_version(document.root, source.name)
    runs = document.root.findall("experiment/run")
    others = [member for root, member in content.members.items() if root != _ROOT]
    lightcycler96 = bool(others) or any(map(_is_lightcycler96, runs))
    roots = (_document(source, member).root for member in others)  # one tree at a time
    verdicts = read_verdicts(roots) if lightcycler96 else None
    names = read_names(document.root, lightcycler96=lightcycler96)
    rows, problems = _rows(source.name, document, runs, names, verdicts)
    export = _export(found, document, runs, names, rows, content.unread)
    refuse_twins(export, source.name, problems)
    problems.raise_if_any()
    return export


def _may_hold_one(source: Source) -> bool:
    """Whether an archive is as small as those of RDML are; tables of digital PCR do not count."""
    members = [name for name in source.archive.members if not name.startswith(_PARTITIONS)]
    return len(members) <= _MEMBERS and not any(name.startswith("apldbio/") for name in members)


def _members(source: Source) -> _Content | None:
    """The members to read; None where several have the root element rdml."""
    found: dict[str, str] = {}
    unread = []
    for member in source.archive.members:
        if member.startswith(_PARTITIONS):
            unread.append(member)
            continue
        root = "" if member.endswith("/") else root_name(source.archive.head(member, HEAD))
        if root in found:
            return None
        if root == _ROOT or root in ROOTS:
            found[root] = member
        elif source.archive.size(member) and not member.endswith("/"):
            unread.append(member)
    return _Content(found, tuple(unread))


def _check_others(source: Source, content: _Content) -> None:
    """Read the members that are not for us: one that is damaged may be one that is."""
    others = [member for member in content.unread if not member.startswith(_PARTITIONS)]
    size = sum(map(source.archive.size, others)) if others else 0
    if size > SIZE:
        expected = f"other members of at most {SIZE // 1_000_000} MB"
        refuse(source.name, expected, f"{size // 1_000_000} MB", remedy="Export the run again.")
    for member in others:
        source.archive.read(member)


def _document(source: Source, member: str) -> Document:
    data = source.archive.read(member) if member else source.data
    return parse(data, source.name, f"member {member}" if member else "")


def _check_version(root: Element, file: str) -> None:
    version = root.get("version", "")
    if version not in VERSIONS:
        refuse(
            file,
            f"RDML of a version out of {', '.join(VERSIONS)}",
            version,
            column="rdml version",
            remedy="Export the run as one of these, or its result table as text.",
        )


def _is_lightcycler96(run: Element) -> bool:
    software = words.plain(text_of(run, "dataCollectionSoftware/name"))
    instrument = words.plain(text_of(run, "instrument"))
    return any(word in software for word in words.listed("rdml_lightcycler96")) or any(
        instrument.startswith(word) for word in words.listed("rdml_lightcycler96_instruments")
    )


def _rows(
    file: str, document: Document, runs: list[Element], names: Names, verdicts: Verdicts | None
) -> tuple[Rows, Problems]:
    """The rows of all runs, and what is wrong with them; raises where there are none."""
    problems, rows, root = Problems(), Rows(file), document.root
    own = text_of(root, "id/publisher") == PUBLISHER
    for run in runs:
        reactions = of_elements(run)
        version = root.get("version", "")
        plate = Plate.of(run, version, names, verdicts, cycles=reactions.cycles, own=own)
        take_run(plate, run, reactions, rows, problems)
    rows.check(problems, names.twice)
    if not rows.well:
        problems.raise_if_any()
        refuse(
            file,
            "reactions of a PCR run with a Cq",
            "digital PCR partitions only" if rows.partitions else "",
            column="react",
            remedy="Export the run again, with its results.",
        )
    return rows, problems


def _export(
    found: Found,
    document: Document,
    runs: list[Element],
    names: Names,
    rows: Rows,
    unread: tuple[str, ...],
) -> Export:
    return Export(
        format="rdml", reason=found.reason,
        instrument=_printed([text_of(run, "instrument") for run in runs]),
        software=_printed([_software(run) for run in runs]),
        run_date=_printed([text_of(run, "runDate") for run in runs]),
        well=rows.well, target=rows.target, sample=rows.sample, task=rows.task,
        channel=rows.channel, quantity=rows.quantity, cq=rows.cq, cq_state=rows.cq_state,
        flags=rows.flags, row=list(range(1, len(rows.well) + 1)), printed_curves={},
        notes=[*_unread_notes(document, names, unread), *rows.notes([run.get("id", "") for run in runs])],
        warnings=rows.warnings(), quantity_unit=rows.quantity_unit,
    )  # fmt: skip


def _software(run: Element) -> str:
    software = run.find("dataCollectionSoftware")
    return f"{text_of(software, 'name')} {text_of(software, 'version')}".strip()


def _printed(said: list[str]) -> str:
    """What the runs say, each once; some programs escape their own name twice."""
    return "; ".join(dict.fromkeys(html.unescape(text) for text in said if text))


def _unread_notes(document: Document, names: Names, unread: tuple[str, ...]) -> list[str]:
    described = any(map(is_guid, names.samples))
    left = sorted(
        name
        for name, count in document.names.items()
        if count and name not in _READ and not (name == "description" and described)
    )
    curves = " (of the curves only the number of cycles was read)" if "adp" in left else ""
    return [
        *([f"elements not read: {', '.join(left)}{curves}"] if left else []),
        *(f"member {member} not read" for member in unread),
    ]
