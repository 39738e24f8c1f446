"""Instrument exports: bytes to columns, one reader per family of instruments.

A new family is a module with ``detect`` and ``read``, its words in
``resources/instruments/aliases.yaml``, and an entry of :data:`FORMATS`.  What a file is, is told
from its content, never from its name; a file that no reader or that two readers know is refused.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import NoReturn

from mrdq.errors import MrdqError, refuse
from mrdq.instruments import (
    applied_biosystems,
    ariamx,
    biorad_cfx,
    biorad_iq,
    design_and_analysis,
    eds,
    eds_json,
    illumina_eco,
    lightcycler_96,
    lightcycler_480,
    mxpro,
    opticon,
    plain_table,
    qpcrsoft,
    rdml,
    realplex,
    rotor_gene,
    sds,
    smartcycler,
)
from mrdq.instruments.export import Export
from mrdq.instruments.run_files import refusal, refusal_by_name
from mrdq.instruments.source import TEXT, Found, Missing, Source, refuse_missing
from mrdq.instruments.words import role_of_task

__all__ = ["FORMATS", "Export", "Reader", "detect", "read_export", "role_of_task"]

SEEN = "seen on real files"
SEEN_AS_TEXT = "seen on real files as text; as a workbook only on files made from them"
OWN = "own format"
NOT_SEEN = "from the vendor's documentation, not seen on a real file"


@dataclass(frozen=True, slots=True)
class Reader:
    """One family of exports.

    Parameters
    ----------
    title, description: for people, in lists and messages.
    detect: finds the results table, or says what it looked for and did not find; reads no cell.
    read: the found table to an :class:`Export`; raises :class:`MrdqError`.
    evidence: what the reader has been tried on.
    """

    title: str
    description: str
    detect: Callable[[Source], Found | Missing]
    read: Callable[[Source, Found], Export]
    evidence: str


FORMATS: dict[str, Reader] = {
    "applied_biosystems": Reader(
        "Applied Biosystems QuantStudio, ViiA 7, 7500 v2, StepOne",
        "results as tab or comma separated text, or the sheet Results of .xls and .xlsx",
        applied_biosystems.detect,
        applied_biosystems.read,
        f"{SEEN} of QuantStudio, 7500 v2 and StepOne; ViiA 7 {NOT_SEEN}",
    ),
    "design_and_analysis": Reader(
        "Applied Biosystems Design & Analysis 2",
        "workbook with the sheets Results and Standard Curve Result, or the results as csv; Diomni alike",
        design_and_analysis.detect,
        design_and_analysis.read,
        f"{SEEN}; as csv, and of Diomni: {NOT_SEEN}",
    ),
    "biorad_cfx": Reader(
        "Bio-Rad CFX Manager and CFX Maestro",
        "Quantification Cq Results as csv, text or xlsx, or a custom export as text",
        biorad_cfx.detect,
        biorad_cfx.read,
        SEEN_AS_TEXT,
    ),
    "plain_table": Reader(
        "plain table",
        "csv, tsv or workbook whose first row has well, target and cq, and optionally sample, task, quantity",
        plain_table.detect,
        plain_table.read,
        OWN,
    ),
    "lightcycler_480": Reader(
        "Roche LightCycler 480",
        "result table of an analysis as text, with Cp, or with CrossingPoint and Call",
        lightcycler_480.detect,
        lightcycler_480.read,
        SEEN,
    ),
    "lightcycler_96": Reader(
        "Roche LightCycler 96",
        "result table of an absolute quantification as text, with Cq and Call",
        lightcycler_96.detect,
        lightcycler_96.read,
        NOT_SEEN,
    ),
    "rotor_gene": Reader(
        "Qiagen and Corbett Rotor-Gene",
        "quantitative analyses as csv (Excel Analysed Data Export)",
        rotor_gene.detect,
        rotor_gene.read,
        SEEN,
    ),
    "mxpro": Reader(
        "Agilent (Stratagene) MxPro, Mx3000P and Mx3005P",
        "text report with a column such as Ct (dRn)",
        mxpro.detect,
        mxpro.read,
        SEEN,
    ),
    "ariamx": Reader(
        "Agilent AriaMx",
        "Tabular Results as text or csv, or the sheet of that name of a workbook",
        ariamx.detect,
        ariamx.read,
        NOT_SEEN,
    ),
    "realplex": Reader(
        "Eppendorf Mastercycler ep realplex",
        "results table as text, with columns such as Ct SYBR for each dye",
        realplex.detect,
        realplex.read,
        SEEN,
    ),
    "illumina_eco": Reader(
        "Illumina Eco",
        "results as csv, with Assay Role and the standard curves above the table",
        illumina_eco.detect,
        illumina_eco.read,
        SEEN,
    ),
    "qpcrsoft": Reader(
        "Analytik Jena qTOWER (qPCRsoft)",
        "relative quantification as csv; the other tables of qPCRsoft are refused",
        qpcrsoft.detect,
        qpcrsoft.read,
        NOT_SEEN,
    ),
    "smartcycler": Reader(
        "Cepheid SmartCycler",
        "run as csv, with its Results Table",
        smartcycler.detect,
        smartcycler.read,
        NOT_SEEN,
    ),
    "rdml": Reader(
        "RDML",
        "RDML 1.0 to 1.4, zipped or bare, of any instrument",
        rdml.detect,
        rdml.read,
        f"{SEEN}; version 1.2 {NOT_SEEN}",
    ),
    "eds": Reader(
        "Applied Biosystems run file (.eds)",
        "the results that the software saved in the run file, with its plate setup",
        eds.detect,
        eds.read,
        SEEN,
    ),
    "eds_json": Reader(
        "Applied Biosystems Design & Analysis 2 run file (.eds)",
        "the results and the plate setup that the software saved as JSON",
        eds_json.detect,
        eds_json.read,
        NOT_SEEN,
    ),
    "sds": Reader(
        "Applied Biosystems SDS 1 and 2 (7000, 7300, 7500, 7700, 7900HT)",
        "results as csv (SDS 1) or tab text (SDS 2, and SDS 1 of the 7700)",
        sds.detect,
        sds.read,
        f"{SEEN} of the 7000, 7500 and 7900HT; 7300 and the table of the 7700: {NOT_SEEN}",
    ),
    "biorad_iq": Reader(
        "Bio-Rad iQ5, MyiQ and iCycler",
        "quantification results as csv or text",
        biorad_iq.detect,
        biorad_iq.read,
        NOT_SEEN,
    ),
    "opticon": Reader(
        "Bio-Rad Opticon Monitor",
        "quantity calculations as tab text",
        opticon.detect,
        opticon.read,
        NOT_SEEN,
    ),
}


def read_export(data: bytes, name: str, *, format: str = "") -> Export:  # noqa: A002
    """The columns of an instrument export.

    Parameters
    ----------
    data: the bytes of the file.
    name: the path as the user knows it, for messages only.
    format: a key of :data:`FORMATS`; empty detects it from the content.

    Raises :class:`MrdqError` with every problem of the file.
    """
    source = Source(data, name)
    _refuse_unreadable(source)
    if not format:
        chosen, found = _detected(source)
        return FORMATS[chosen].read(source, found)
    if format not in FORMATS:
        refuse(
            name,
            f"a format out of {', '.join(FORMATS)}",
            format,
            column="format",
            remedy="Correct the runs sheet.",
        )
    stated = FORMATS[format].detect(source)
    if isinstance(stated, Missing):
        refuse_missing(source, FORMATS[format].title, stated)
    return FORMATS[format].read(source, stated)


def detect(data: bytes, name: str) -> tuple[str, str]:
    """The id of the format of a file and why it is that one, without reading its rows.

    Raises :class:`MrdqError` where no reader matches, or more than one.
    """
    source = Source(data, name)
    _refuse_unreadable(source)
    chosen, found = _detected(source)
    return chosen, found.reason


def _refuse_unreadable(source: Source) -> None:
    """Refuse what is no export (a run file, a document), before a reader looks at it."""
    problem = refusal(source)
    if problem:
        raise MrdqError(problem)


def _detected(source: Source) -> tuple[str, Found]:
    if not source.data.strip():
        refuse(source.name, "an instrument export", "an empty file", remedy="Export the run again.")
    answers = {key: reader.detect(source) for key, reader in FORMATS.items()}
    found = {key: answer for key, answer in answers.items() if isinstance(answer, Found)}
    if len(found) > 1:  # an instrument's own reader goes before the table that anybody may write
        found.pop("plain_table", None)
    if len(found) == 1:
        return next(iter(found.items()))
    if found:
        _refuse_several(source, found)
    _refuse_unknown(
        source,
        {key: answer.reason for key, answer in answers.items() if isinstance(answer, Missing)},
    )


def _refuse_several(source: Source, found: dict[str, Found]) -> NoReturn:
    refuse(
        source.name,
        "an export of one format",
        "; ".join(f"{key}: {table.reason}" for key, table in found.items()),
        remedy="Put the right one of these into the column format of the runs sheet.",
    )


def _refuse_unknown(source: Source, missing: dict[str, str]) -> NoReturn:
    run_file = refusal_by_name(source)
    if run_file:
        raise MrdqError(run_file)
    nearest = "; ".join(
        f"{FORMATS[key].title}: found no {reason}"
        for key, reason in missing.items()
        if (key, reason) not in _far()
    )
    refuse(
        source.name,
        "an export that one of the readers knows" + (f" (nearest: {nearest})" if nearest else ""),
        source.first_line[0][:80] if source.kind == TEXT else f"a {source.kind} of another kind",
        remedy="Export the results table, whole and with its header, in a format of docs/exports.md (mrdq inspect "
        "FILE --format ID says what it lacks for one of them), or write the wells into a plain table with the "
        "columns well, target, cq, sample, task and quantity.",
    )


@cache
def _far() -> frozenset[tuple[str, str]]:
    """What the readers miss in files that are nothing like an export: no help to anybody."""
    return frozenset(
        (key, answer.reason)
        for nothing in (b"-\n", b"PK\5\6" + bytes(18), b"<?xml version='1.0'?><x/>")
        for key, reader in FORMATS.items()
        if isinstance(answer := reader.detect(Source(nothing, "")), Missing)
    )
