"""Detection from content, and what a file that was cut off may never do."""

from __future__ import annotations

import io
import math
import zipfile
from dataclasses import replace

import pytest

from mrdq.errors import MrdqError
from mrdq.instruments import FORMATS, Export, Reader, detect, read_export, source

AB = (
    "* Block Type = 96well\r\n* Instrument Type = steponeplus\r\n\r\n[Results]\r\n"
    "Well\tSample Name\tTarget Name\tTask\tReporter\tC\u0442\tC\u0442 Mean\tQuantity\tComments\tHIGHSD\r\n"
    "A1\tM\u00fcller\tIGH\tSTANDARD\tFAM\t21.125\t21.1\t1,000.5\t\tN\r\n"
    "A2\tS22\tIGH\tUNKNOWN\tFAM\tUndetermined\t\t\t\tY\r\n"
    "A10\tS2\tIGH\tUNKNOWN\tFAM\t38.75\t38.7\t\t\tN\r\n\r\nAnalysis Type = Singleplex\r\n"
).encode()
STEPONE = AB.replace(b"\tHIGHSD", b"").replace(b"\tN\r", b"\r").replace(b"\tY\r", b"\r")
CFX = (
    b",Well,Fluor,Target,Content,Sample,Cq,Starting Quantity (SQ)\r\n"
    b",A01,FAM,IGH,Std-1,,21.125,1.000E+03\r\n,A02,FAM,IGH,Unkn-1,S22,38.75,N/A\r\n,A10,FAM,,NTC,,N/A,N/A\r\n"
)
QUOTED = b'"well","target","cq","sample"\n"A1","IGH","21.125","S, 1"\n"A12","IGH","38.75","S22"\n'
PLAIN = b"well,target,cq,sample,task,quantity\nA1,IGH,21.125,S1,standard,1000\nA12,IGH,38.75,S22,sample,\n"
CQ_LAST = b"well;target;cq\nA1;IGH;21,125\nA12;IGH;38,75\n"
SAMPLE_LAST = b"well,target,cq,quantity,sample\nA1,IGH,21.125,1000,S1\nA12,IGH,38.75,,S22\n"
TARGET_LAST = b"well,task,cq,target\nA1,standard,21.125,IGH-1\nA12,unknown,38.75,IGH-22\n"
TASK_LAST = b"well,target,cq,quantity,task\nA1,IGH,21.125,1000,standard\nA12,IGH,38.75,,Unkn-12\n"
CFX_TASK_LAST = (
    b",Well,Fluor,Target,Cq,Starting Quantity (SQ),Content\n"
    b",A01,FAM,IGH,21.125,1.000E+03,Std-1\n,A02,FAM,IGH,38.75,N/A,Unkn-12\n"
)
OMIT_LAST = b"well,target,cq,omit\nA1,IGH,21.125,true\nA12,IGH,38.75,1\n"
SMALL = {"sample_last": SAMPLE_LAST, "target_last": TARGET_LAST, "task_last": TASK_LAST, "cfx_task_last": CFX_TASK_LAST,
         "omit_last": OMIT_LAST, "ab": AB, "stepone": STEPONE, "cfx": CFX, "quoted": QUOTED, "plain": PLAIN, "cq_last": CQ_LAST,
         "utf16": AB.decode().encode("utf-16"), "cr": AB.replace(b"\r\n", b"\r")}  # fmt: skip


def rows_of(export: Export) -> list[tuple[object, ...]]:
    """Each row as comparable values; nan as None."""
    columns = (export.well, export.target, export.sample, export.task, export.channel, export.quantity, export.cq,
               export.cq_state, export.flags, export.row)  # fmt: skip
    return [
        tuple(None if isinstance(cell, float) and math.isnan(cell) else cell for cell in row)
        for row in zip(*columns, strict=True)
    ]


NAMES = {1: "target", 2: "sample", 3: "task"}
"""Places of the cells of :func:`rows_of` that may be cut in the very last row."""


def kept(part: Export, whole: list[tuple[object, ...]]) -> bool:
    """Whether all rows are rows of the whole file.

    With the warning that the last line has no end, a name in the last cell may be cut, but no
    other cell of the last row.
    """
    rows = rows_of(part)
    *before, last = zip(rows, whole, strict=False)
    if any(one != other for one, other in before):
        return False
    differ = [at for at, (one, other) in enumerate(zip(*last, strict=True)) if one != other]
    if not differ:
        return True
    warned = [w.row for w in part.warnings if w.expected == "a line end after the last cell"]
    [at] = differ
    return (
        warned == [part.row[-1]] and at in NAMES and str(last[1][at]).startswith(str(last[0][at]))
    )


@pytest.mark.parametrize("name", SMALL)
def test_cut_off_at_any_byte_no_value_changes(name: str) -> None:
    """Oracle: the whole file.

    A cut is refused, or leaves rows that are all rows of the whole file: no Cq, quantity or row
    differs.  Only sample, task or target of the very last row may be cut, with a warning.
    """
    data = SMALL[name]
    whole = rows_of(read_export(data, "run"))
    assert len(whole) >= 2
    refused = 0
    for cut in range(len(data)):
        try:
            part = read_export(data[:cut], "run")
        except MrdqError:
            refused += 1
            continue
        assert kept(part, whole), data[:cut][-40:]
    assert refused > len(data) // 3


@pytest.mark.parametrize("name", ["ab", "stepone", "cfx", "plain", "cq_last"])
def test_a_line_lost_or_a_byte_changed_gives_no_other_rows_silently(name: str) -> None:
    """A lost delimiter or line end never moves a Cq to another well."""
    data = SMALL[name]
    whole = {row[0]: row[6] for row in rows_of(read_export(data, "run"))}
    for at in range(len(data)):
        if data[at : at + 1] not in b"\t,;\r\n":
            continue
        try:
            part = rows_of(read_export(data[:at] + data[at + 1 :], "run"))
        except MrdqError:
            continue
        assert all(whole.get(row[0]) == row[6] for row in part)


@pytest.mark.parametrize(
    ("data", "format_"),
    [
        (AB, "applied_biosystems"),
        (CFX, "biorad_cfx"),
        (PLAIN, "plain_table"),
        (QUOTED, "plain_table"),
    ],
)
def test_detection(data: bytes, format_: str) -> None:
    found, reason = detect(data, "run.bin")
    assert found == format_
    assert reason == read_export(data, "run.bin", format=format_).reason


def test_a_cut_last_cell_is_told() -> None:
    with pytest.raises(MrdqError) as caught:
        read_export(CQ_LAST.rstrip(), "run.csv")
    assert "row 3, column cq" in str(caught.value)
    assert "may be cut off at row 3: export it again, or end the last line if it is whole" in str(
        caught.value
    )


def test_no_reader_matches() -> None:
    with pytest.raises(MrdqError) as caught:
        read_export(b"Tube\tName\tValue\nA1\tx\t20\n", "run.txt")
    message = str(caught.value)
    assert "nearest" not in message
    assert "mrdq inspect FILE --format ID says what it lacks" in message
    assert 'found "Tube\tName\tValue"' in message
    assert "plain table with the columns well, target, cq" in message


def test_the_nearest_readers_say_what_they_miss() -> None:
    with pytest.raises(MrdqError) as caught:
        read_export(b"[Results]\nWell\tTarget Name\tTask\n", "run.txt")
    assert (
        '(nearest: Applied Biosystems QuantStudio, ViiA 7, 7500 v2, StepOne: found no column "CT"'
        in str(caught.value)
    )
    assert "LightCycler" not in str(caught.value)


def test_two_readers_match(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("one", "other"):
        monkeypatch.setitem(FORMATS, name, replace(FORMATS["plain_table"], title=name))
    with pytest.raises(MrdqError) as caught:
        read_export(PLAIN, "run.csv")
    assert "one: a first row with the columns" in str(caught.value)
    assert "other: a first row with the columns" in str(caught.value)
    assert "column format of the runs sheet" in str(caught.value)
    assert read_export(PLAIN, "run.csv", format="one").cq[0] == 21.125


def test_an_instruments_own_reader_goes_before_the_plain_table() -> None:
    """An SDS export whose heading was taken off is also a table with well, target and Cq."""
    data = b"Well,Sample Name,Detector,Task,Ct,StdDev Ct,Qty,Mean Qty,StdDev Qty,Filtered,Tm\r\nA1,S1,T,Unknown,21.50,0.1,,,,,\r\n"
    assert read_export(data, "run.csv").format == "sds"
    assert isinstance(FORMATS["plain_table"].detect(source.Source(data, "")), source.Found)


def test_formats_stated_by_the_user() -> None:
    with pytest.raises(MrdqError) as caught:
        read_export(PLAIN, "run.csv", format="cfx")
    assert (
        "a format out of applied_biosystems, design_and_analysis, biorad_cfx, plain_table"
        in str(caught.value)
    )
    with pytest.raises(MrdqError, match="as the column format says"):
        read_export(PLAIN, "run.csv", format="biorad_cfx")


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b"", "an empty file"),
        (b"  \r\n", "an empty file"),
        (b"%PDF-1.4", "document"),
        (b"<?xml version='1.0'?>", "document"),
    ],
)
def test_what_is_no_export(data: bytes, found: str) -> None:
    with pytest.raises(MrdqError, match=found):
        read_export(data, "run.txt")


def test_run_files_are_no_workbooks() -> None:
    """An .eds may hold a whole workbook beside the run."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("apldbio/sds/experiment.xml", "<x/>")
        archive.writestr("xl/workbook.xml", "<x/>")
    with pytest.raises(MrdqError, match=r"run\.eds"):
        read_export(packed.getvalue(), "run.eds")
    assert source.Source(packed.getvalue(), "x").kind == source.ARCHIVE


def test_the_registry_describes_every_reader() -> None:
    for reader in FORMATS.values():
        assert isinstance(reader, Reader)
        assert reader.title
        assert reader.description
        assert reader.evidence
