"""Run files .eds that instruments wrote, held against what else stands in the same files.

The files are read where they lie and are never copied; where the folder is absent every test
here is skipped and says so.  Oracles, none of which is mrdq:

* the lines ``DDCT Values``, in which the software repeats well, sample, detector and Ct;
* ``Avg Ct`` and ``Ct SD`` that the software computed per sample and detector;
* the curves: what is read as no signal has to rise less than every well with a Ct;
* ``plate_setup.xml``, read with a plain XML parser;
* counts of rows and of wells without signal, counted for ``INDEX.md`` by other means.
"""

from __future__ import annotations

import math
import os
import random
import statistics
import xml.etree.ElementTree as ET
import zipfile
from collections import defaultdict
from pathlib import Path

import pytest

from mrdq.errors import MrdqError
from mrdq.instruments import Export, eds, eds_json
from mrdq.instruments.source import Found, Missing, Source

SHARED = Path(os.environ.get("MRDQ_SHARED", Path(__file__).resolve().parents[3] / "shared"))
REAL = SHARED / "real" / "ab_eds"
pytestmark = pytest.mark.skipif(
    not REAL.is_dir(), reason=f"real run files are absent: {REAL} (set MRDQ_SHARED)"
)

COVID = "covid19mx__DEMO_COVID2020_THERMO.eds"
QSLIB = "qslib__test.eds"
NOT_ANALYSED = "RDML__sce.eds"
RESULTS = "apldbio/sds/analysis_result.txt"


def read(data: bytes, name: str = "run.eds") -> Export:
    source = Source(data, name)
    found = eds.detect(source)
    assert isinstance(found, Found), found
    assert isinstance(eds_json.detect(source), Missing)
    return eds.read(source, found)


def member(name: str, path: str) -> bytes:
    with zipfile.ZipFile(REAL / name) as archive:
        return archive.read(path)


def lines_of(name: str) -> list[list[str]]:
    return [line.split("\t") for line in member(name, RESULTS).decode().split("\r\n")]


def well_of(index: str) -> str:
    """Wells of a 96-well plate, counted from 0 row by row."""
    return "ABCDEFGH"[int(index) // 12] + str(int(index) % 12 + 1)


@pytest.mark.parametrize(("name", "rows", "without"), [(COVID, 24, 17), (QSLIB, 96, 96)])
def test_counts(name: str, rows: int, without: int) -> None:
    """Oracle: INDEX.md; in the second file all 96 wells hold a Ct of 4.0 after 4 cycles."""
    export = read((REAL / name).read_bytes())
    assert len(export.row) == rows
    assert export.cq_state.count("undetermined") == without
    assert export.cq_state.count("determined") == rows - without
    assert [math.isnan(cq) for cq in export.cq] == [s != "determined" for s in export.cq_state]
    lines = lines_of(name)
    assert [lines[row - 1][2] for row in export.row] == export.target
    assert [well_of(lines[row - 1][0]) for row in export.row] == export.well


def test_the_software_repeats_every_ct() -> None:
    """Oracle: the lines ``DDCT Values`` of the same file."""
    export = read((REAL / COVID).read_bytes())
    repeated = [line for line in lines_of(COVID) if line[0] == "DDCT Values"]
    assert [well_of(line[1]) for line in repeated] == export.well
    assert [line[3] for line in repeated] == export.sample
    assert [line[4] for line in repeated] == export.target
    said = [float(line[6]) for line in repeated]
    assert said == [40.0 if math.isnan(cq) else cq for cq in export.cq]


def test_means_and_deviations_are_those_of_the_software() -> None:
    """Oracle: Avg Ct and Ct SD (32 bits) of each sample and detector; no warning tells otherwise."""
    export = read((REAL / COVID).read_bytes())
    lines = lines_of(COVID)
    groups = defaultdict(list)
    printed = defaultdict(set)
    for i, row in enumerate(export.row):
        key = export.sample[i], export.target[i]
        groups[key].append(export.cq[i])
        printed[key].add((lines[row - 1][5], lines[row - 1][6]))
    n_means = 0
    for key, cq in groups.items():
        seen = [value for value in cq if not math.isnan(value)]
        means = {mean for mean, _ in printed[key] if mean}
        assert bool(means) == bool(seen)
        for mean in means:
            n_means += 1
            assert statistics.fmean(seen) == pytest.approx(float(mean), abs=1e-5)
        for _, deviation in printed[key]:
            if deviation:
                assert statistics.stdev(seen) == pytest.approx(float(deviation), abs=1e-5)
    assert n_means == 4
    assert not any("printed" in str(warning) for warning in export.warnings)


def test_wells_without_signal_rise_less_than_the_others() -> None:
    """Oracle: the last value of ``Delta Rn values``."""
    export = read((REAL / COVID).read_bytes())
    ends = [float(line[40]) for line in lines_of(COVID) if line[0] == "Delta Rn values"]
    by_state = defaultdict(list)
    for state, target, end in zip(export.cq_state, export.target, ends, strict=True):
        by_state[state, target].append(end)
    compared = [key for key in by_state if key[0] == "determined"]
    assert len(compared) == 4
    for _, target in compared:
        assert min(by_state["determined", target]) > max(by_state["undetermined", target])


def test_what_the_small_archive_cannot_say_is_told() -> None:
    export = read((REAL / COVID).read_bytes())
    (warning,) = export.warnings
    assert "wells omitted in the software, roles and quantities cannot be told" in str(warning)
    assert set(export.task) == {"Target"}


def test_the_plate_setup() -> None:
    """Oracle: plate_setup.xml with a plain XML parser; Amp Status and Cq Conf are -1 and 0 throughout."""
    export = read((REAL / QSLIB).read_bytes())
    root = ET.fromstring(member(QSLIB, "apldbio/sds/plate_setup.xml"))
    maps = {
        node.findtext("Feature/Id"): node.findall("FeatureValue")
        for node in root.iter("FeatureMap")
    }
    samples = {well_of(v.findtext("Index")): v.findtext(".//Sample/Name") for v in maps["sample"]}
    tasks = {
        well_of(v.findtext("Index")): tuple(v.findtext(f".//{tag}") for tag in ("Task", "Detector/Name", "Reporter"))
        for v in maps["detector-task"]
    }  # fmt: skip
    assert dict(zip(export.well, export.sample, strict=True)) == samples
    read_tasks = zip(export.task, export.target, export.channel, strict=True)
    assert dict(zip(export.well, read_tasks, strict=True)) == tasks
    assert {node.text for node in root.iter("IsOmit")} == {"false"}
    low = {
        well_of(w.findtext("Index"))
        for w in root.iter("Well")
        if "ROXLOW" in [f.text for f in w.iter("FlagName")]
    }
    assert {
        well for well, flags in zip(export.well, export.flags, strict=True) if "ROXLOW" in flags
    } == low
    assert len(low) == 12
    assert {flags.replace("ROXLOW;", "") for flags in export.flags} == {
        "no_amp;EAF;TAF;CC;cq_conf=0"
    }
    assert export.software == "QuantStudio™ Design & Analysis Software v1.5.1"
    assert export.instrument == "QuantStudio 5 - 96-Well 0.2-mL Block"
    assert export.run_date == "2020-02-20T17:12:58+00:00"
    assert export.warnings == []


def test_a_run_that_was_not_analysed_holds_no_cq() -> None:
    """No member of the 7500's file has a Ct: all that its text members have of it is the label of a plot."""
    with pytest.raises(MrdqError, match="not analysed") as caught:
        read((REAL / NOT_ANALYSED).read_bytes())
    assert "export the results as text" in str(caught.value)
    with zipfile.ZipFile(REAL / NOT_ANALYSED) as archive:
        names = [name for name in archive.namelist() if name.endswith((".xml", ".txt", ".mf"))]
        texts = {name: archive.read(name) for name in names}
    assert len(names) > 10
    assert not any(
        b"<Ct>" in text or b"<Cq>" in text or b"\tCt\t" in text for text in texts.values()
    )


@pytest.mark.parametrize("name", [COVID, QSLIB, NOT_ANALYSED])
def test_damage_is_refused_or_does_no_harm(name: str) -> None:
    data = (REAL / name).read_bytes()
    whole = set() if name == NOT_ANALYSED else rows_of(read(data))
    random.seed(name)
    places = random.sample(range(len(data)), 60) + random.sample(
        range(len(data) - 400, len(data)), 60
    )
    for at in places:
        flipped = data[:at] + bytes([data[at] ^ random.randrange(1, 256)]) + data[at + 1 :]
        for damaged in (data[:at], flipped):
            try:
                source = Source(damaged, name)
                found = eds.detect(source)
                rows = rows_of(eds.read(source, found)) if isinstance(found, Found) else set()
            except MrdqError:
                rows = set()
            assert rows <= whole


def rows_of(export: Export) -> set[tuple[object, ...]]:
    columns = (export.well, export.target, export.sample, export.cq_state, map(str, export.cq))
    return set(zip(*columns, strict=True))
