"""The wells of one run as an RDML 1.3 file, for the tools of the RDML consortium.

One file per run: a plate of RDML is a run, and tools and mrdq's own reader take a file for one
table.  The schema has no word for a background well and counts dilutions the other way round, so
that our own words stand beside RDML's in annotations, exactly, and can be read back:
``mrdq role``, ``mrdq sample``, ``mrdq dilution``, ``mrdq ng``.  Decision 16 says what is carried.
"""

from __future__ import annotations

import io
import math
import zipfile
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from xml.etree.ElementTree import Element, SubElement, indent, tostring

import pandas as pd

from mrdq import vocabulary as words
from mrdq.errors import refuse
from mrdq.instruments.cells import PLATES, rotor_names, well_numbers
from mrdq.instruments.rdml import PUBLISHER
from mrdq.instruments.rdml_names import NO_DYE, OWN, OWN_TARGET
from mrdq.reports.rdml_ids import Content, Sample, cleaned, samples_of, unique

VERSION = "1.3"
MEMBER = "rdml_data.xml"
TYPES = {words.STANDARD: "std", words.NTC: "ntc", words.SAMPLE: "unkn", words.BACKGROUND: "ntp"}
"""Our role -> RDML's sample type; ``ntp`` is "no target present", which normal DNA is."""

_ZIP_DATE = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class _Block:
    """What holds the wells of a run: its rows and columns, and well -> reaction id."""

    name: str
    rows: int
    columns: int
    ids: Mapping[str, str]


_ROTOR = _Block(
    "a rotor of 72, A1 to I8", 9, 8,
    {well: place for place, well in rotor_names().items() if place != well},
)  # fmt: skip
_PLATES = [
    _Block(
        "a plate of 96, 384 or 1536, A1 to AF48", *PLATES[size],
        {well: place for place, well in well_numbers(size).items()},
    )
    for size in (96, 384, 1536)
]  # fmt: skip


def write_rdml(
    wells: pd.DataFrame,
    run_id: str,
    *,
    kind: Mapping[str, str] | None = None,
    conditions: Mapping[str, Mapping[str, str]] | None = None,
    instrument: str = "",
    run_date: str = "",
    rotor: bool = False,
) -> bytes:
    """The bytes of an RDML 1.3 file: the same for the same input, with no clock in them.

    Parameters
    ----------
    wells: rows of WELLS (``mrdq.tables``); those of ``run_id`` are written, by plate position.
    kind: target -> ``mrd`` or ``control_gene``, which become RDML's ``toi`` and ``ref``.
    conditions: sample_id -> what is known of it (patient, timepoint), written as annotations.
    run_date: ISO date or date and time of the run; ``""`` leaves it out.
    rotor: the wells are the positions of a rotor of 72, in nine rows of eight, and no plate's.

    Unused reactions of one well that no target names are left out: RDML has one for each target.
    Undetermined is a Cq of -1 ("not available"), omitted is ``excl`` without a Cq.  Raises
    :class:`MrdqError` where the run has no wells, or wells that its block does not have.
    """
    records = wells[wells["run_id"] == run_id].astype(object).to_dict("records")
    rows = _distinct([{str(key): value for key, value in row.items()} for row in records])
    block = _block({row["well"] for row in rows}, run_id, rotor=rotor)
    rows.sort(key=lambda row: (int(block.ids[row["well"]]), row["target"]))
    targets = unique(sorted({row["target"] for row in rows}), empty="not named")
    content = _contents(rows)
    samples, sample_of = samples_of(content)
    root = Element("rdml", {"version": VERSION, "xmlns": "http://www.rdml.org"})
    for sha in sorted({row["export_sha256"] for row in rows}):
        _texts(SubElement(root, "id"), publisher=PUBLISHER, serialNumber=sha or "none")
    SubElement(root, "dye", id=NO_DYE)
    for sample in samples:
        _write_sample(root, sample, targets, conditions or {})
    for name, identity in targets.items():
        _write_target(root, name, identity, (kind or {}).get(name, ""))
    run = SubElement(SubElement(root, "experiment", id="mrdq"), "run", id=cleaned(run_id) or "run")
    _write_run(run, block, instrument, run_date)
    _write_reactions(run, rows, block.ids, targets, sample_of)
    indent(root)
    return _zipped(b'<?xml version="1.0" encoding="UTF-8"?>\n' + _xml(root))


def _distinct(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows without the unused ones that only a dye told apart, which our tables do not have."""
    count = Counter((row["well"], row["target"]) for row in rows)
    return [
        row
        for row in rows
        if row["role"] or row["target"] or count[row["well"], row["target"]] == 1
    ]


def _block(held: set[str], run_id: str, *, rotor: bool) -> _Block:
    """The smallest block that has all wells; the wells of a rotor are never those of a plate."""
    blocks = [_ROTOR] if rotor else _PLATES
    for block in blocks:
        if held and held <= block.ids.keys():
            return block
    strange = ", ".join(sorted(held - blocks[-1].ids.keys())[:5])
    refuse(
        f"run {run_id}",
        f"wells of {blocks[-1].name}, for an RDML file",
        strange or "no wells",
        remedy="RDML is written for plates of 96, 384 and 1536 wells and rotors of 72 only."
        if strange
        else "Run the study first.",
    )


def _contents(rows: Iterable[dict[str, Any]]) -> dict[str, dict[str, Content]]:
    """Well -> target -> what it holds."""
    contents: dict[str, dict[str, Content]] = {}
    for row in rows:
        content = Content(row["role"], row["sample_id"], row["dilution"], row["quantity_ng"])
        contents.setdefault(row["well"], {})[row["target"]] = content
    return contents


def _write_sample(
    root: Element,
    sample: Sample,
    targets: Mapping[str, str],
    conditions: Mapping[str, Mapping[str, str]],
) -> None:
    """The sample for every target at once where it is the same for all, else target by target."""
    element = SubElement(root, "sample", id=sample.identity)
    one = len(set(sample.content.values())) == 1
    stated = [("", content) for content in [*sample.content.values()][:1]] if one else [
        (targets[name], content) for name, content in sample.content.items()
    ]  # fmt: skip
    known = {name for content in sample.content.values() for name in [content.sample_id]}
    for name in sorted(known & conditions.keys()):
        for word, value in conditions[name].items():
            _annotate(element, word, value)
    for target, content in stated:
        _annotate_own(element, content, f" of {target}" if target else "")
    for target, content in stated:
        attribute = {"targetId": target} if target else {}
        SubElement(element, "type", attribute).text = TYPES.get(content.role, "unkn")
    for target, content in stated:
        _write_quantity(element, content, {"targetId": target} if target else {})


def _annotate_own(element: Element, content: Content, suffix: str) -> None:
    said = {"role": content.role, "sample": content.sample_id, "dilution": _exact(content.dilution),
            "ng": _exact(content.quantity_ng)}  # fmt: skip
    for word, value in said.items():
        if value or word == "role":
            _annotate(element, f"{OWN}{word}{suffix}", value)


def _annotate(element: Element, word: str, value: str) -> None:
    _texts(SubElement(element, "annotation"), property=word, value=value)


def _write_quantity(element: Element, content: Content, attribute: dict[str, str]) -> None:
    """A standard's quantity; RDML's dilution of 10 is our 0.1."""
    if content.role != words.STANDARD:
        return
    if content.dilution > 0:
        value, unit = _exact(1 / content.dilution), "dil"
    else:
        value, unit = _exact(content.quantity_ng), "ng"
    if value:
        _texts(SubElement(element, "quantity", attribute), value=value, unit=unit)


def _write_target(root: Element, name: str, identity: str, kind: str) -> None:
    element = SubElement(root, "target", id=identity)
    if name != identity:
        _texts(SubElement(element, "xRef"), name=OWN_TARGET, id=cleaned(name))
    _texts(element, type="ref" if kind == words.CONTROL_GENE else "toi")
    SubElement(element, "dyeId", id=NO_DYE)


def _write_run(run: Element, block: _Block, instrument: str, run_date: str) -> None:
    if instrument:
        _texts(run, instrument=instrument)
    shape = {"rows": str(block.rows), "columns": str(block.columns)}
    _texts(SubElement(run, "pcrFormat"), **shape, rowLabel="ABC", columnLabel="123")
    if run_date:
        _texts(run, runDate=run_date if "T" in run_date else f"{run_date}T00:00:00")


def _write_reactions(
    run: Element, rows: list[dict[str, Any]], ids: Mapping[str, str], targets: Mapping[str, str],
    sample_of: Mapping[str, str],
) -> None:  # fmt: skip
    reacts: dict[str, Element] = {}
    for row in rows:
        well = row["well"]
        if well not in reacts:
            reacts[well] = SubElement(run, "react", id=ids[well])
            SubElement(reacts[well], "sample", id=sample_of[well])
        data = SubElement(reacts[well], "data")
        SubElement(data, "tar", id=targets[row["target"]])
        if row["cq_state"] == words.OMITTED:
            _texts(data, excl=words.OMITTED)
        else:
            _texts(data, cq=_exact(row["cq"]) or "-1.0")
        if row["flags"]:
            _texts(data, note=row["flags"])


def _texts(element: Element, **children: str) -> None:
    for name, text in children.items():
        SubElement(element, name).text = cleaned(text)


def _exact(value: float) -> str:
    """The shortest digits that are read back as the same number; ``""`` for nan."""
    return "" if math.isnan(value) else repr(float(value))


def _xml(root: Element) -> bytes:
    # A bare carriage return in text would be read back as a line feed.
    return tostring(root, encoding="unicode").replace("\r", "&#13;").encode()


def _zipped(document: bytes) -> bytes:
    buffer = io.BytesIO()
    info = zipfile.ZipInfo(MEMBER, _ZIP_DATE)
    info.create_system, info.external_attr = 3, 0o644 << 16
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(info, document, zipfile.ZIP_DEFLATED, 9)
    return buffer.getvalue()
