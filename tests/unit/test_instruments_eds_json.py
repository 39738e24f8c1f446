"""Run files .eds with JSON members, made here with invented data after the public descriptions."""

from __future__ import annotations

import copy
import io
import json
import math
import random
import zipfile
from typing import Any

import pytest

from mrdq.errors import MrdqError
from mrdq.instruments import Export, eds, eds_json
from mrdq.instruments.source import Found, Missing, Source

RESULTS, PLATE = "primary/analysis_result.json", "setup/plate_setup.json"
CURVES = "extensions/am.sc/standard_curve_result.json"
Node = dict[str, Any]


def reaction(target: str, cq: float | None, task: str, status: str = "AMP", **more: object) -> Node:
    result = {"cq": cq, "cqConf": 0.98, "ampStatus": status, "rn": [0.5] * 40, "flags": []}
    return {
        "targetName": target,
        "task": task,
        "omitted": False,
        "amplificationResult": result,
        **more,
    }


WELLS: list[tuple[int, str, bool, list[Node]]] = [
    (0, "Std", False, [reaction("IGH", 21.123456789012, "STANDARD")]),
    (1, "S1", False, [reaction("IGH", math.nan, "UNKNOWN", "NO_AMP"), reaction("ALB", 24.5, "UNKNOWN")]),
    (24, "", False, [reaction("IGH", -1.0, "NTC", "NO_AMP", resultQCIssues=["BADROX"])]),
    (25, "S1", True, [reaction("IGH", 30.0, "UNKNOWN", "INCONCLUSIVE")]),
    (383, "S1", False, [reaction("IGH", 31.0, "UNKNOWN", omitted=True)]),
]  # fmt: skip


def results(wells: list[tuple[int, str, bool, list[Node]]] = WELLS) -> Node:
    return {
        "wellResults": [
            {"wellIndex": well, "sampleName": sample, "reactionResults": reactions}
            for well, sample, _, reactions in copy.deepcopy(wells)
        ],
        "replicateGroupResults": [],
    }


def plate(wells: list[tuple[int, str, bool, list[Node]]] = WELLS) -> Node:
    def assigned(node: Node) -> Node:
        quantity = 1000.0 if node["task"] == "STANDARD" else 0.0
        return {"targetName": node["targetName"], "task": node["task"], "quantity": quantity}

    return {
        "blockType": "BLOCK_384W",
        "targets": [{"name": "IGH", "reporter": "FAM"}, {"name": "ALB", "reporter": "VIC"}],
        "wells": [
            {"index": well, "sampleName": sample or None, "omitted": omitted, "targetAssignments": list(map(assigned, nodes))}
            for well, sample, omitted, nodes in wells
        ],
    }  # fmt: skip


def run_file(**changed: object) -> bytes:
    members: dict[str, object] = {
        RESULTS: results(),
        PLATE: plate(),
        "summary.json": {"instrumentType": "QS7PRO"},
        "run/run_summary.json": {"endTime": 1714996800000},
        CURVES: {"standardCurves": [{"targetName": "IGH", "slope": -3.35, "yIntercept": 38.5, "r2": 0.9992}]},
        "Manifest.mf": "Implementation-Title: qPCR File API\nImplementation-Version: 2.0.0\n",
        "run/quant/a.quant": "x",
        "run/quant/b.quant": "x",
        **changed,
    }  # fmt: skip
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            if content is not None:
                archive.writestr(name, content if isinstance(content, str) else json.dumps(content))
    return data.getvalue()


def read(data: bytes) -> Export:
    source = Source(data, "run.eds")
    found = eds_json.detect(source)
    assert isinstance(found, Found), found
    assert isinstance(eds.detect(source), Missing)
    return eds_json.read(source, found)


def refusal(**changed: object) -> str:
    with pytest.raises(MrdqError) as caught:
        read(run_file(**changed))
    return str(caught.value)


def with_cq(cq: object, **more: object) -> Node:
    """The results with another Cq in the first reaction."""
    changed = results()
    changed["wellResults"][0]["reactionResults"][0]["amplificationResult"] |= {"cq": cq, **more}
    return changed


def test_columns() -> None:
    export = read(run_file())
    assert export.well == ["A1", "A2", "A2", "B1", "B2", "P24"]
    assert export.target == ["IGH", "IGH", "ALB", "IGH", "IGH", "IGH"]
    assert export.sample == ["Std", "S1", "S1", "", "S1", "S1"]
    assert export.task == ["STANDARD", "UNKNOWN", "UNKNOWN", "NTC", "UNKNOWN", "UNKNOWN"]
    assert export.channel == ["FAM", "FAM", "VIC", "FAM", "FAM", "FAM"]
    assert [export.cq[i] for i in (0, 2)] == [21.123456789012, 24.5]
    assert export.cq_state == [
        "determined", "undetermined", "determined", "undetermined", "omitted", "omitted",
    ]  # fmt: skip
    assert [math.isnan(cq) for cq in export.cq] == [
        state != "determined" for state in export.cq_state
    ]
    assert export.quantity[0] == 1000.0
    assert all(map(math.isnan, export.quantity[1:]))
    assert export.flags == [
        "cq_conf=0.98", "no_amp;cq_conf=0.98", "cq_conf=0.98", "no_amp;BADROX;cq_conf=0.98",
        "inconclusive;omitted;cq_conf=0.98", "omitted;cq_conf=0.98",
    ]  # fmt: skip
    assert (export.instrument, export.software) == ("QS7PRO", "qPCR File API 2.0.0")
    assert export.run_date == "2024-05-06T12:00:00+00:00"
    assert export.printed_curves == {"IGH": (-3.35, 38.5, 0.9992)}
    assert export.row == [1, 2, 3, 4, 5, 6]
    assert f"parts of {RESULTS} not read: replicateGroupResults" in export.notes
    assert "members not read: 2 in run/quant" in export.notes
    assert export.warnings == []


@pytest.mark.parametrize(
    ("cq", "expected"),
    [
        (40.0, 'found "40", expected a Cq above 0 and below 40 cycles, or NaN or -1 for no signal'),
        (0, "expected a Cq above 0 and below 40 cycles"),
        (-2, "expected a Cq above 0 and below 40 cycles"),
        (math.inf, "expected a Cq above 0 and below 40 cycles"),
        (10**400, "expected a Cq above 0 and below 40 cycles"),
        (None, "expected cq: a number"),
        ("21.5", "expected cq: a number"),
        (True, "expected cq: a number"),
        ("Undetermined", "expected cq: a number"),
    ],
)
def test_a_cq_whose_meaning_is_not_known_is_refused(cq: object, expected: str) -> None:
    message = refusal(**{RESULTS: with_cq(cq)})
    assert expected in message
    assert f"column member {RESULTS}, well A1, target IGH" in message


def test_without_a_curve_no_cq_is_taken() -> None:
    assert "below 0 cycles" in refusal(**{RESULTS: with_cq(21.5, rn=None)})


def test_omission_must_be_said() -> None:
    quiet_plate, quiet_results = plate(), results()
    for well in quiet_plate["wells"]:
        del well["omitted"]
    assert read(run_file(**{PLATE: quiet_plate})).cq_state[4:] == ["determined", "omitted"]
    for well in quiet_results["wellResults"]:
        for node in well["reactionResults"]:
            del node["omitted"]
    (warning,) = read(run_file(**{PLATE: quiet_plate, RESULTS: quiet_results})).warnings
    assert "Wells that were omitted in the software cannot be told" in str(warning)
    quiet_plate["wells"][0]["omitted"] = "no"
    assert "expected omitted: true or false" in refusal(**{PLATE: quiet_plate})


def test_the_plate_and_the_results_must_agree() -> None:
    for key, value, expected in (
        ("sampleName", "Other", f"expected the sample of {PLATE}, Other"),
        ("targetAssignments", [], f"expected a target that {PLATE} has there"),
        ("targetAssignments", [{"targetName": "IGH", "task": "NTC"}], f"expected the task of {PLATE}, NTC"),
    ):  # fmt: skip
        changed = plate()
        changed["wells"][0][key] = value
        assert expected in refusal(**{PLATE: changed})


def test_plates_that_are_refused() -> None:
    for key, value, expected in (
        ("blockType", "BLOCK_1536W", "expected blockType of 96 or 384 wells"),
        ("blockType", None, "expected blockType: a name"),
        ("blockType", "BLOCK_96W_02ML", "expected index: a well from 0 to 95"),
        ("wells", {}, "expected wells: a list"),
        ("wells", ["A1"], "expected wells: a list of objects"),
        ("wells", [{"index": 0}, {"index": 0}], "expected each well once"),
        ("wells", [{"index": 0.5}], "expected index: a well from 0 to 383"),
        ("wells", [{"index": 0, "sampleName": 7}], "expected sampleName: a text"),
        ("wells", [{"index": 0, "sampleName": "\ud800"}], "expected sampleName: a text"),
        ("targets", [{"reporter": "FAM"}, {"name": 5}], "expected name: a text"),
    ):
        assert expected in refusal(**{PLATE: {**plate(), key: value}}), expected
    changed = plate()
    changed["wells"][0]["targetAssignments"][0]["quantity"] = 0
    assert "expected a quantity above 0 for a standard" in refusal(**{PLATE: changed})
    changed["wells"][0]["targetAssignments"] *= 2
    assert "expected each target once" in refusal(**{PLATE: changed})


def test_two_results_of_one_well_and_target() -> None:
    assert "one row per well and target" in refusal(**{RESULTS: results([*WELLS, WELLS[2]])})


def test_what_is_missing() -> None:
    assert "a run that was not analysed" in refusal(**{RESULTS: None})
    assert "none: the run was not analysed" in refusal(**{RESULTS: {"wellResults": []}})
    assert "expected the plate setup" in refusal(**{PLATE: None})
    other = "apldbio/sds/analysis_result.txt"
    assert f"others in {other} as well" in refusal(**{other: "x"})
    assert "beside a newer plate setup" in refusal(**{other: "x", RESULTS: None})
    assert "expected JSON" in refusal(**{RESULTS: "{"})
    assert "expected JSON" in refusal(**{RESULTS: "[" * 100_000})
    assert "expected a JSON object" in refusal(**{RESULTS: "[]"})
    curve = {"targetName": "IGH"}
    assert "one curve for each target" in refusal(**{CURVES: {"standardCurves": [curve, curve]}})
    assert read(run_file(**{CURVES: {"standardCurves": [curve]}})).printed_curves == {
        "IGH": (None, None, None)
    }


def test_other_files_are_not_taken() -> None:
    assert isinstance(eds_json.detect(Source(b"well,target,cq\n", "x")), Missing)
    assert isinstance(
        eds_json.detect(Source(run_file(**{RESULTS: None, PLATE: None}), "x")), Missing
    )


def test_damage_is_refused_or_does_no_harm() -> None:
    data = run_file()
    whole = rows_of(read(data))
    random.seed(1)
    flips = [
        data[:at] + bytes([data[at] ^ random.randrange(1, 256)]) + data[at + 1 :]
        for at in range(len(data))
    ]
    for damaged in (*(data[:n] for n in range(0, len(data), 7)), *flips):
        try:
            source = Source(damaged, "run.eds")
            found = eds_json.detect(source)
            rows = rows_of(eds_json.read(source, found)) if isinstance(found, Found) else set()
        except MrdqError:
            continue
        assert rows <= whole


def rows_of(export: Export) -> set[tuple[object, ...]]:
    columns = (
        export.well,
        export.target,
        export.sample,
        export.task,
        export.cq_state,
        map(str, export.cq),
    )
    return set(zip(*columns, strict=True))
