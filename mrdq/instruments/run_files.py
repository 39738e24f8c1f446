"""Files that nobody can read here, told for what they are, with the export to make instead.

An instrument's run file is not its export, and a report is no table: both are refused before a
reader looks at them.  What a file is, is told from its content; only of a file that nothing else
can read does the ending of its name choose the remedy.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from dataclasses import dataclass

from mrdq.archive import DAMAGE
from mrdq.errors import Problem
from mrdq.instruments.source import ARCHIVE, DOCUMENT, TEXT, Source


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A kind of file: what it is, as the end of "found …", and what to do instead."""

    what: str
    remedy: str


CFX = Unreadable(
    "a run file of Bio-Rad CFX (.pcrd, .zpcr)",
    "Open it in CFX Maestro or CFX Manager, choose Export All Data Sheets, and give the file "
    '"Quantification Cq Results" (csv, txt or xlsx).',
)
IQ = Unreadable(
    "a run file of Bio-Rad iQ5, MyiQ or iCycler (.opd, .odm)",
    "Open it in the instrument's software and export the table of quantification results as csv.",
)
OPTICON = Unreadable(
    "a run file of Opticon Monitor (.tad)",
    "Open it in Opticon Monitor and save the quantity calculations as text.",
)
LIGHTCYCLER_480 = Unreadable(
    "a run file of the LightCycler 480 (.ixo)",
    "Open it in the LightCycler 480 software and export the result table of the quantification "
    "analysis as text.",
)
LIGHTCYCLER_96 = Unreadable(
    "a run file of the LightCycler 96 (.lc96p)",
    "Open it in the LightCycler 96 application and export it as RDML (.rdml), or the result table "
    "as text.",
)
ROTOR_GENE = Unreadable(
    "a run file of the Rotor-Gene (.rex)",
    "Open it in the Rotor-Gene software and export the quantitation results as csv.",
)
MX = Unreadable(
    "a run file of MxPro (.mxp)", "Open it in MxPro and export the text report of the plate."
)
SDS = Unreadable(
    "a run or study file of Applied Biosystems SDS (.sds, .sdm, .sdd)",
    "Open it in the SDS software, analyse it, and export the results as text or csv.",
)
REALPLEX = Unreadable(
    "a run file of the Eppendorf realplex (.ipt)",
    "Open it in the realplex software and export the result table as text.",
)
ECO = Unreadable(
    "a run file of the Eco", "Open it in the Eco software and export the results as csv."
)
TEMPLATE = Unreadable(
    "a template of Design & Analysis (.edt)",
    "A template holds no results: give the run's .eds file, or export its results as a workbook.",
)
REPORT = "Reports are not read, for numbers are lost in them. Export the results table itself, as csv, text or xlsx."
PDF = Unreadable("a PDF document", REPORT)
HTML = Unreadable("an HTML page", REPORT)
RTF = Unreadable("a document in rich text format", REPORT)
WORD = Unreadable("a Word document", REPORT)
SLIDES = Unreadable("a PowerPoint presentation", REPORT)
IMAGE = Unreadable("an image", REPORT)
OPEN_DOCUMENT = Unreadable(
    "an OpenDocument file", "Save the table as xlsx or csv in the spreadsheet program."
)
XML_SHEET = Unreadable(
    "a spreadsheet in the XML of Excel 2003", "Open it in Excel and save it as xlsx."
)
LOCKED = Unreadable("a file that is locked with a password", "Save it without a password.")
BINARY = Unreadable(
    "a binary file, or a text that is damaged",
    "It may be the run file of an instrument. Open it in the instrument's software and export the "
    "results table as csv, text or xlsx.",
)
PACKED = Unreadable(
    "a packed archive of files",
    "Unpack it, and give the file with the results table, or the run's .eds or .rdml file.",
)

BY_ENDING = {
    **dict.fromkeys((".pcrd", ".zpcr"), CFX),
    **dict.fromkeys((".opd", ".odm"), IQ),
    ".tad": OPTICON,
    ".ixo": LIGHTCYCLER_480,
    **dict.fromkeys((".lc96p", ".lc96"), LIGHTCYCLER_96),
    ".rex": ROTOR_GENE,
    ".mxp": MX,
    **dict.fromkeys((".sds", ".sdm", ".sdd"), SDS),
    ".ipt": REALPLEX,
    ".eco": ECO,
    ".edt": TEMPLATE,
}
"""Ending of a file's name -> what such files are."""

_STARTS = {
    b"%PDF": PDF,
    b"{\\rtf": RTF,
    b"\x89PNG": IMAGE,
    b"\xff\xd8\xff": IMAGE,
    b"GIF8": IMAGE,
    b"II*\x00": IMAGE,
    b"MM\x00*": IMAGE,
    b"BM": IMAGE,
    b"\x1f\x8b": PACKED,
    b"7z\xbc\xaf\x27\x1c": PACKED,
    b"Rar!": PACKED,
}
_HTML = (b"<!doctype html", b"<html")
_OLE2 = b"\xd0\xcf\x11\xe0"
_STREAMS = (
    ("Workbook", None),
    ("Book", None),
    ("EncryptedPackage", LOCKED),
    ("WordDocument", WORD),
    ("PowerPoint Document", SLIDES),
)
_EXPORTS = (".csv", ".txt", ".tsv", ".xls", ".xlsx", ".eds", ".rdml", ".pdf")
_LIGHTCYCLER_MEMBERS = {"app_data.xml", "module_data.xml", "calculated_data.xml"}


def refusal(source: Source) -> Problem | None:
    """What is wrong with a file whose content shows that it is none to read here, else None."""
    known = _by_content(source)
    return None if known is None else _problem(source.name, known)


def refusal_by_name(source: Source) -> Problem | None:
    """The same for a file that no reader knows, told from the ending of its name alone."""
    known = _by_name(source.name)
    return None if known is None else _problem(source.name, known)


def _problem(file: str, known: Unreadable) -> Problem:
    expected = "the export of a run, which holds the results table"
    return Problem(file, expected, known.what, remedy=known.remedy)


def _by_name(name: str) -> Unreadable | None:
    dot = name.rfind(".")
    return BY_ENDING.get(name[dot:].lower()) if dot >= 0 else None


def _by_content(source: Source) -> Unreadable | None:
    head = source.data[:1000]
    for start, known in _STARTS.items():
        if head.startswith(start) and (start != b"BM" or b"\0" in head):
            return known
    if head.startswith(_OLE2):
        return _compound(source)
    look = _LOOKS.get(source.kind)
    return look(source, head) if look else None


def _text(source: Source, head: bytes) -> Unreadable | None:
    if head.lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith(_HTML):
        return HTML
    if b"\0" in head and not head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return _by_name(source.name) or BINARY
    return None


def _xml(_: Source, head: bytes) -> Unreadable | None:
    if b"<RexHeader" in head:
        return ROTOR_GENE
    if b"<html" in head.lower():
        return HTML
    return XML_SHEET if b"Excel.Sheet" in head else None


def _compound(source: Source) -> Unreadable | None:
    """A compound document, as Office wrote them, told by the names of its streams (UTF-16)."""
    for stream, known in _STREAMS:
        if stream.encode("utf-16-le") in source.data:
            return known
    return _by_name(source.name)


def _archive(source: Source, _: bytes) -> Unreadable | None:
    if source.opened is None:
        return None
    infos = source.opened.infolist()
    names = [info.filename for info in infos]
    if any(info.flag_bits & 1 for info in infos):
        return _locked(source.name, names)
    return _by_members(names) or (CFX if _is_cfx(source.opened, infos) else None)


def _locked(file: str, names: list[str]) -> Unreadable:
    """CFX locks its run files, each of which holds a single member."""
    is_run = len(names) == 1 and names[0].lower().endswith((".pcrd", ".zpcr", ".xml"))
    return CFX if is_run else _by_name(file) or LOCKED


def _by_members(names: list[str]) -> Unreadable | None:
    found = set(names)
    if any(name.startswith("word/") for name in names):
        return WORD
    if any(name.startswith("ppt/") for name in names):
        return SLIDES
    if {"mimetype", "content.xml"} <= found:
        return OPEN_DOCUMENT
    if found >= _LIGHTCYCLER_MEMBERS and "rdml_data.xml" not in found:
        return LIGHTCYCLER_96
    packed = names and all(name.lower().endswith(_EXPORTS) for name in names)
    return PACKED if packed and not any("/" in name for name in names) else None


def _is_cfx(archive: zipfile.ZipFile, infos: list[zipfile.ZipInfo]) -> bool:
    if len(infos) != 1:
        return False
    if infos[0].filename.lower().endswith((".pcrd", ".zpcr")):
        return True
    try:
        with archive.open(infos[0]) as member:
            return b"<experimentalData2" in member.read(300)
    except DAMAGE:
        return False


_LOOKS: dict[str, Callable[[Source, bytes], Unreadable | None]] = {
    TEXT: _text,
    DOCUMENT: _xml,
    ARCHIVE: _archive,
}
