"""RDML files that instruments and other people's programs wrote, held against other readers.

The files are read where they lie and are never copied; where the folder is absent every test
here is skipped and says so.  Oracles, none of which is mrdq:

* the RDML consortium's own library (``rdmlpython``): well, sample, target and stored Cq;
* what a plain search of the text counts: reactions, calls of the LightCycler 96;
* the LightCycler 96's own analysis, which lists a Cq for every curve it took for a signal.
"""

from __future__ import annotations

import math
import os
import re
import zipfile
from collections import Counter
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from mrdq.errors import MrdqError
from mrdq.instruments import rdml, rdml_document
from mrdq.instruments.export import Export
from mrdq.instruments.source import Found, Source
from mrdq.vocabulary import DETERMINED, OMITTED, UNDETERMINED

SHARED = Path(os.environ.get("MRDQ_SHARED", Path(__file__).resolve().parents[3] / "shared"))
REAL = SHARED / "real" / "rdml"
pytestmark = pytest.mark.skipif(
    not REAL.is_dir(), reason=f"no real RDML files: {REAL} is not there"
)

BIORAD, LC96, STEPONE, ORG, TOOLS = (
    *("RDML__BioRad_qPCR_melt", "RDML__lc96_bACTXY", "RDML__stepone_std"),
    *("rdmlorg__example_1_3", "rdmltools__absolute"),
)
# Rows, determined, undetermined, omitted.  Of the 384 curves of the LightCycler 96 81 are called
# positive, 258 negative and 45 invalid.
COUNTS = {
    BIORAD: (60, 26, 34, 0), LC96: (384, 81, 258, 45), STEPONE: (24, 21, 3, 0),
    ORG: (90, 73, 8, 9), TOOLS: (96, 84, 12, 0),
}  # fmt: skip


def members(name: str) -> dict[str, str]:
    archive = zipfile.ZipFile(REAL / f"{name}.rdml")
    return {member: archive.read(member).decode("utf-8-sig") for member in archive.namelist()}


@cache
def read(name: str) -> Export:
    source = Source((REAL / f"{name}.rdml").read_bytes(), f"{name}.rdml")
    found = rdml.detect(source)
    assert isinstance(found, Found)
    return rdml.read(source, found)


@cache
def by_the_consortium(name: str) -> list[dict[str, Any]]:
    """Position or reaction id, sample, target, stored Cq and excl, as ``rdmlpython`` reads them."""
    library = pytest.importorskip("rdmlpython", reason="the RDML consortium's library is not there")
    file = library.Rdml()
    text = next(text for text in members(name).values() if re.search(r"<rdml[ >]", text))
    # The library reads up to 1.3; 1.4 adds elements that this does not look at.
    file.loadXMLString(
        re.sub(r"^<\?xml.*?\?>", "", text).replace('version="1.4"', 'version="1.3"', 1)
    )
    rows = []
    for experiment in file.experiments():
        for run in experiment.runs():
            for react in run.getreactjson()["reacts"]:
                rows += [
                    {"react": react["id"], "sample": react["sample"], "tar": data["tar"],
                     "cq": data.get("cq"), "excl": data.get("excl")}
                    for data in react["datas"]
                ]  # fmt: skip
    return rows


@pytest.mark.parametrize("name", COUNTS)
def test_counts(name: str) -> None:
    export = read(name)
    states = Counter(export.cq_state)
    assert (len(export.well), *(states[s] for s in (DETERMINED, UNDETERMINED, OMITTED))) == COUNTS[
        name
    ]
    text = "".join(members(name).values())
    assert len(export.well) == len(re.findall(r"<tar id=", text))


@pytest.mark.parametrize("name", COUNTS)
def test_the_consortiums_library_reads_the_same(name: str) -> None:
    export, theirs = read(name), by_the_consortium(name)
    assert len(theirs) == len(export.well)
    for i, row in enumerate(theirs):
        column = int(export.well[i][1:])
        place = str("ABCDEFGH".index(export.well[i][0]) * 12 + column)
        assert row["react"] in (place, export.well[i])
        if name != LC96:
            assert (row["sample"], row["tar"]) == (export.sample[i], export.target[i])
        if export.cq_state[i] == DETERMINED:
            assert float(row["cq"]) == export.cq[i]
        else:
            assert math.isnan(export.cq[i])


def test_what_is_not_taken_is_what_the_format_says() -> None:
    stored = {
        name: Counter(
            row["cq"] if row["cq"] in (None, "") else float(row["cq"])
            for row, state in zip(by_the_consortium(name), read(name).cq_state, strict=True)
            if state == UNDETERMINED
        )
        for name in (STEPONE, ORG, TOOLS)
    }
    assert stored == {STEPONE: {40.0: 3}, ORG: {40.0: 8}, TOOLS: {-1.0: 12}}
    excluded = [bool(row["excl"]) for row in by_the_consortium(ORG)]
    assert excluded == [state == OMITTED for state in read(ORG).cq_state]


def test_the_lightcycler_96_calls() -> None:
    """The calls, counted and matched by a plain search of the text."""
    text = members(LC96)["calculated_data.xml"].partition("<moduleCalculatedData")[0]
    calls = re.findall(r'<factGraph id="[^"]*" targetId="[^"]*">\s*<call>(\w+)<', text)
    assert len(calls) == 384
    states = {"Positive": DETERMINED, "Negative": UNDETERMINED, "Invalid": OMITTED}
    assert [states[call] for call in calls] == read(LC96).cq_state


def test_the_lightcycler_96_analysis_lists_the_same_cqs() -> None:
    """Its analysis names curves by id, and prints a Cq for those only in which it saw a signal."""
    text = members(LC96)["calculated_data.xml"]
    place, react = {}, ""
    for number, identity, target in re.findall(
        r'<react id="(\d+)"|<factGraph id="([^"]*)" targetId="([^"]*)"', text
    ):
        react = number or react
        if identity:
            place[identity] = (int(react), target.partition("@")[2])
    export = read(LC96)
    ours = {
        ("ABCDEFGH".index(well[0]) * 12 + int(well[1:]), target): (cq, quantity)
        for well, target, cq, quantity in zip(
            export.well, export.target, export.cq, export.quantity, strict=True
        )
    }
    sources = re.findall(r"<absQuantDataSource>.*?</absQuantDataSource>", text, re.DOTALL)
    assert len(sources) == 64
    for source in sources:
        said = dict(re.findall(r"<(graphId|cq|standard)>([^<]*)<", source))
        cq, quantity = ours[place[said["graphId"]]]
        assert (float(said["cq"]) == cq) if "cq" in said else math.isnan(cq)
        assert (float(said["standard"]) == quantity) if "standard" in said else math.isnan(quantity)


def test_names_instruments_and_quantities() -> None:
    assert read(STEPONE).instrument == "Applied Biosystems StepOne™ Instrument"
    assert read(LC96).software == "LightCycler® 96 1.01.00.0045"
    assert read(LC96).run_date == "2014-08-19T11:30:20"
    assert {"bACT", "X", "Y", "IPC"} < set(read(LC96).target)
    standards = {quantity for quantity in read(STEPONE).quantity if not math.isnan(quantity)}
    assert standards == {10000, 5000, 2500, 1250, 625}
    assert {q for q in read(TOOLS).quantity if not math.isnan(q)} == {
        18750,
        1875,
        187.5,
        18.75,
        1.875,
    }


@pytest.mark.parametrize("name", COUNTS)
def test_damaged_copies_are_refused_or_read_the_same(name: str) -> None:
    """Cut off or with a byte flipped: an error, or nothing that the whole file does not say."""
    whole = (REAL / f"{name}.rdml").read_bytes()
    export = read(name)
    rows = set(zip(export.well, export.target, map(repr, export.cq), strict=True))
    copies = [whole[: len(whole) * i // 20] for i in range(20)]
    for i in range(40):
        at = len(whole) * i // 40
        copies.append(whole[:at] + bytes([whole[at] ^ 0x41]) + whole[at + 1 :])
    for copy in copies:
        try:
            source = Source(copy, "copy")
            found = rdml.detect(source)
            if isinstance(found, Found):
                got = rdml.read(source, found)
                assert set(zip(got.well, got.target, map(repr, got.cq), strict=True)) <= rows
        except MrdqError:
            continue


@pytest.mark.parametrize("name", COUNTS)
def test_with_its_points_or_without_them_it_is_the_same(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut = read.__wrapped__(name)
    monkeypatch.setattr(
        rdml_document, "without_points", lambda data, start, end: (data[start:end], False)
    )
    whole = read.__wrapped__(name)
    assert repr(replace(whole, notes=[])) == repr(replace(cut, notes=[]))
