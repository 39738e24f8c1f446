"""Files that are no exports: told for what they are, with the export to make instead."""

from __future__ import annotations

import io
import re
import zipfile

import pytest
from exports import biorad_iq, diomni, opticon, sds, viia_7

from mrdq.errors import MrdqError
from mrdq.instruments import FORMATS, read_export
from mrdq.instruments.run_files import BY_ENDING, refusal, refusal_by_name
from mrdq.instruments.source import Source

OLE2 = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500)


def packed(members: dict[str, bytes]) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return data.getvalue()


def locked(members: dict[str, bytes]) -> bytes:
    """The bit that says "encrypted" set in each member's two headers; Python cannot encrypt."""
    data = bytearray(packed(members))
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        for match in re.finditer(re.escape(mark), bytes(data)):
            data[match.start() + at] |= 1
    return bytes(data)


def stream(name: str) -> bytes:
    return OLE2 + name.encode("utf-16-le") + bytes(64)


REX = b'<?xml version="1.0" encoding="utf-8" ?>\n\n<Experiment>\n<RexHeader>REX 3.14</RexHeader>\n'
FILES = {
    "pcrd": (locked({"datafile.pcrd": b"x"}), "run", "Quantification Cq Results"),
    "pcrd_xml": (locked({"run.xml": b"x"}), "run", "Quantification Cq Results"),
    "pcrd_plain": (packed({"datafile.pcrd": b"x"}), "run", "Quantification Cq Results"),
    "pcrd_open": (
        packed({"run.xml": b"\xef\xbb\xbf<experimentalData2>"}), "run", "Quantification Cq Results",
    ),
    "zpcr": (locked({"a": b"x", "b": b"y"}), "run.zpcr", "Quantification Cq Results"),
    "locked_zip": (locked({"a": b"x", "b": b"y"}), "run.zip", "without a password"),
    "lc96p": (
        packed({f"{name}_data.xml": b"<x/>" for name in ("app", "module", "calculated")}), "run", ".rdml",
    ),
    "rex": (REX, "run", "Rotor-Gene software"),
    "ixo": (b"\x01\x02\0\0" * 99, "run.ixo", "LightCycler 480 software"),
    "mxp": (b"\x01\x02\0\0" * 99, "run.MXP", "MxPro"),
    "sds": (OLE2, "run.sds", "SDS software"),
    "ipt": (b"\x01\x02\0\0" * 99, "run.ipt", "realplex"),
    "eco": (b"\x01\x02\0\0" * 99, "run.eco", "Eco software"),
    "unknown_binary": (b"\x01\x02\0\0" * 99, "run.bin", "instrument's software"),
    "text_by_name": (b"some text\n", "run.tad", "Opticon Monitor"),
    "pdf": (b"%PDF-1.4\n", "run.csv", "results table itself"),
    "html": (b"\r\n<!DOCTYPE html><html>", "run.xls", "results table itself"),
    "xhtml": (b'<?xml version="1.0"?><html xmlns="x">', "run.xls", "results table itself"),
    "rtf": (b"{\\rtf1\\ansi A1}", "run.doc", "results table itself"),
    "docx": (packed({"word/document.xml": b"<x/>"}), "run.docx", "results table itself"),
    "pptx": (packed({"ppt/presentation.xml": b"<x/>"}), "run.pptx", "results table itself"),
    "doc": (stream("WordDocument"), "run.doc", "results table itself"),
    "xls_locked": (stream("EncryptedPackage"), "run.xlsx", "without a password"),
    "png": (b"\x89PNG\r\n\x1a\n", "run.png", "results table itself"),
    "jpg": (b"\xff\xd8\xff\xe0", "run.jpg", "results table itself"),
    "ods": (packed({"mimetype": b"x", "content.xml": b"x"}), "run.ods", "xlsx or csv"),
    "xml_2003": (b'<?xml version="1.0"?>\n<?mso-application progid="Excel.Sheet"?>', "a.xml", "xlsx"),
    "gz": (b"\x1f\x8b\x08", "run.csv.gz", "Unpack it"),
    "zip": (packed({"a.csv": b"x", "b.xlsx": b"y"}), "run.zip", "Unpack it"),
}  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_each_is_refused_with_what_to_do(name: str) -> None:
    data, file, remedy = FILES[name]
    for format_ in ("", *FORMATS) if name != "text_by_name" else ("",):
        with pytest.raises(MrdqError) as caught:
            read_export(data, file, format=format_)
        [problem] = caught.value.problems
        assert problem.file == file
        assert remedy in problem.remedy
        assert problem.found


@pytest.mark.parametrize("ending", BY_ENDING)
def test_endings(ending: str) -> None:
    problem = refusal_by_name(Source(b"x", f"data/run.1{ending.upper()}"))
    assert problem is not None
    assert ending in problem.found or "Eco" in problem.found or "LightCycler 96" in problem.found


def test_files_that_readers_read_are_let_through() -> None:
    for exports in (biorad_iq, diomni, opticon, sds, viia_7):
        for name, data in exports.SMALL.items():
            assert refusal(Source(data, name)) is None


@pytest.mark.parametrize(
    "members",
    [
        {"apldbio/sds/analysis_result.txt": b"x"},
        {"apldbio/sds/experiment.xml": b"x", "summary.csv": b"x"},
        {"rdml_data.xml": b"<rdml/>"},
        {f"{name}_data.xml": b"<x/>" for name in ("rdml", "app", "module", "calculated")},
    ],
)
def test_run_files_that_have_readers_are_let_through(members: dict[str, bytes]) -> None:
    assert refusal(Source(packed(members), "run")) is None


def test_a_damaged_archive_is_left_to_those_who_read_archives() -> None:
    data = packed({"datafile.pcrd": b"x" * 500})
    for cut in range(4, len(data)):
        refusal(Source(data[:cut], "run.pcrd"))
        with pytest.raises(MrdqError):
            read_export(data[:cut], "run.pcrd")


def test_text_in_utf_16_is_no_binary_file() -> None:
    assert refusal(Source("Well\tCq\n".encode("utf-16"), "run.txt")) is None
    assert refusal(Source(b"BMP2,1\n", "run.txt")) is None
