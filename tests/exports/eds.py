"""Run files .eds: tab separated results with XML beside them, and JSON."""

from __future__ import annotations

import json
from typing import Any

from exports.zips import zipped

SDS = "apldbio/sds/"
COLUMNS = "Well\tSample Name\tDetector\tTask\tCt\tAvg Ct\tCt SD\tDelta Ct\tQty\tAvg Qty\tQty SD\tAmp Status\tCq Conf"
CYCLES = 40
# Well from 0, sample, detector, Ct, Amp Status, Cq Conf, task, quantity.
WELLS = (
    (0, "S1", "IGH", "20.125", "1", "0.98", "STANDARD", "1000.0"),
    (1, "patient", "IGH", "27.25", "1", "0.97", "UNKNOWN", "1.0"),
    (1, "patient", "ALB", "40.0", "-1", "0.0", "UNKNOWN", "1.0"),
    (13, "", "IGH", "40.0", "-1", "0.0", "NTC", "1.0"),
    (95, "patient", "IGH", "31.5", "1", "0.9", "UNKNOWN", "1.0"),
)
OMITTED = 95


def results() -> str:
    lines = ["Session Name\t", COLUMNS]
    for well, sample, detector, ct, status, confidence, *_ in WELLS:
        mean = ct if status == "1" else ""
        cells = (well, sample, detector, "Target", ct, mean, "", "", "", "", "", status, confidence)
        lines.append("\t".join(map(str, cells)))
        lines += [f"{kind} values" + "\t0.5" * CYCLES for kind in ("Rn", "Delta Rn")]
    return "\r\n".join([*lines, ""])


def setup() -> str:
    """The XML of the plate: samples, tasks with quantities, and which well is omitted."""
    names = {well: sample for well, sample, *_ in WELLS}
    samples = "".join(
        _feature(well, f"<Sample><Name>{names[well]}</Name></Sample>") for well in names
    )
    tasks = "".join(
        _feature(
            well,
            f"<DetectorTaskList>{''.join(_task(one) for one in WELLS if one[0] == well)}</DetectorTaskList>",
        )
        for well in names
    )
    wells = "".join(
        f"<Well><Index>{well}</Index><IsOmit>{str(well == OMITTED).lower()}</IsOmit></Well>"
        for well in range(96)
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<Plate><Rows>8</Rows><Columns>12</Columns>'
        f"<FeatureMap><Feature><Id>sample</Id></Feature>{samples}</FeatureMap>"
        f"<FeatureMap><Feature><Id>detector-task</Id></Feature>{tasks}</FeatureMap><Wells>{wells}</Wells></Plate>"
    )  # fmt: skip


def _feature(well: int, item: str) -> str:
    return f"<FeatureValue><Index>{well}</Index><FeatureItem>{item}</FeatureItem></FeatureValue>"


def _task(well: tuple[Any, ...]) -> str:
    return (
        f"<DetectorTask><Task>{well[6]}</Task><Concentration>{well[7]}</Concentration>"
        f"<Detector><Name>{well[2]}</Name><Reporter>FAM</Reporter></Detector></DetectorTask>"
    )


PROTOCOL = (
    f"<TCProtocol><TCStage><StageFlag>CYCLING</StageFlag><NumOfRepetitions>{CYCLES}</NumOfRepetitions>"
    "<TCStep><CollectionFlag>1</CollectionFlag></TCStep></TCStage></TCProtocol>"
)
EXPERIMENT = (
    "<Experiment><RunState>COMPLETE</RunState><RunEndTime>1420459800000</RunEndTime></Experiment>"
)
SDS_MEMBERS = {
    SDS + "analysis_result.txt": results(),
    SDS + "plate_setup.xml": setup(),
    SDS + "tcprotocol.xml": PROTOCOL,
    SDS + "experiment.xml": EXPERIMENT,
    SDS + "Manifest.mf": "Implementation-Title: QS\nImplementation-Version: 1.5\n",
    SDS + "multicomponentdata.xml": "<Multicomponent><Cycle>1</Cycle></Multicomponent>",
}

# Well, sample, task, Cq, status, quantity.
REACTIONS = (
    (0, "S1", "STANDARD", 20.125, "AMP", 1000.0),
    (1, "patient", "UNKNOWN", 27.25, "AMP", 0.0),
    (95, "", "NTC", -1.0, "NO_AMP", 0.0),
)


def json_results() -> str:
    wells = [
        {"wellIndex": well, "sampleName": sample, "reactionResults": [{
            "targetName": "IGH", "task": task, "omitted": False,
            "amplificationResult": {"cq": cq, "cqConf": 0.98, "ampStatus": status, "rn": [0.5] * CYCLES, "flags": []},
        }]}
        for well, sample, task, cq, status, _ in REACTIONS
    ]  # fmt: skip
    return json.dumps({"wellResults": wells, "replicateGroupResults": []})


def json_setup() -> str:
    wells = [
        {"index": well, "sampleName": sample or None, "omitted": False,
         "targetAssignments": [{"targetName": "IGH", "task": task, "quantity": quantity}]}
        for well, sample, task, _, _, quantity in REACTIONS
    ]  # fmt: skip
    targets = [{"name": "IGH", "reporter": "FAM"}]
    return json.dumps({"blockType": "BLOCK_96W_200UL", "targets": targets, "wells": wells})


JSON_MEMBERS = {
    "primary/analysis_result.json": json_results(),
    "setup/plate_setup.json": json_setup(),
    "summary.json": json.dumps({"instrumentType": "QS7PRO"}),
    "Manifest.mf": "Implementation-Title: qPCR File API\nImplementation-Version: 2.0.0\n",
    "run/quant/a.quant": "x",
}

SMALL: dict[str, bytes] = {
    "text and XML": zipped(SDS_MEMBERS),
    "JSON": zipped(JSON_MEMBERS),
}
