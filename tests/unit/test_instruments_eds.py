"""Run files .eds with apldbio/sds/analysis_result.txt, made here with invented data."""

from __future__ import annotations

import io
import math
import random
import zipfile
from xml.sax.saxutils import escape

import pytest

from mrdq.errors import MrdqError
from mrdq.instruments import Export, eds
from mrdq.instruments.source import Found, Missing, Source

SDS = "apldbio/sds/"
RESULTS, PLATE, PROTOCOL, EXPERIMENT = (
    SDS + name
    for name in ("analysis_result.txt", "plate_setup.xml", "tcprotocol.xml", "experiment.xml")
)
HEADER = (
    "Well Sample_Name Detector Task Ct Avg_Ct Ct_SD Delta_Ct Qty Avg_Qty Qty_SD Amp_Status Cq_Conf"
)
COLUMNS = HEADER.replace(" ", "\t").replace("_", " ")
# Well, sample, detector, Ct, mean, standard deviation, Amp Status, Cq Conf; then task, quantity.
STANDARDS = [
    (0, "Std", "IGH", "21.5", "21.75", "0.35355", "1", "0.98", "STANDARD", "1000.0"),
    (1, "Std", "IGH", "22.0", "21.75", "0.35355", "1", "0.97", "STANDARD", "1000.0"),
]
SAMPLES = [
    (2, "P & Q", "IGH", "30.25", "30.25", "", "0", "0.5", "UNKNOWN", "1.0"),
    (2, "P & Q", "ALB", "40.0", "", "", "-1", "0", "UNKNOWN", "1.0"),
    (13, "", "IGH", "40.0", "", "", "-1", "0", "NTC", "1.0"),
    (95, "P & Q", "IGH", "31.0", "", "", "1", "0.9", "UNKNOWN", "1.0"),
]
WELLS = [*STANDARDS, *SAMPLES]
Well = tuple[object, ...]


def results(wells: list[Well] = WELLS, *, cycles: int = 40, more: str = "") -> str:
    lines = ["Session Name\t", COLUMNS]
    for well, sample, detector, ct, mean, sd, status, confidence, *_ in wells:
        cells = (
            well,
            sample,
            detector,
            "Target",
            ct,
            mean,
            sd,
            "",
            "7.5",
            "",
            "",
            status,
            confidence,
        )
        lines.append("\t".join(map(str, cells)))
        lines += [f"{kind} values" + "\t0.5" * cycles for kind in ("Rn", "Delta Rn")]
    return "\r\n".join([*lines, *([more] if more else []), ""])


def plate(
    wells: list[Well] = WELLS,
    *,
    omitted: int = 95,
    marks: str = "",
    shape: tuple[int, int] = (8, 12),
) -> str:
    names = {well[0]: well[1] for well in wells}
    samples = "".join(
        f"<FeatureValue><Index>{well}</Index><FeatureItem><Sample><Name>{escape(str(name))}</Name>"
        "</Sample></FeatureItem></FeatureValue>"
        for well, name in names.items()
    )
    tasks = "".join(
        f"<FeatureValue><Index>{well}</Index><FeatureItem><DetectorTaskList>"
        + "".join(
            f"<DetectorTask><Task>{other[8]}</Task><Concentration>{other[9]}</Concentration><Detector>"
            f"<Name>{other[2]}</Name><Reporter>FAM</Reporter></Detector></DetectorTask>"
            for other in wells
            if other[0] == well
        )
        + "</DetectorTaskList></FeatureItem></FeatureValue>"
        for well in names
    )
    listed = "".join(
        f"<Well><Index>{well}</Index><IsOmit>{str(well == omitted).lower()}</IsOmit>{marks if well == 2 else ''}</Well>"
        for well in range(shape[0] * shape[1])
    )
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<Plate><Rows>{shape[0]}</Rows><Columns>{shape[1]}</Columns>'
        f"<FeatureMap><Feature><Id>sample</Id></Feature>{samples}</FeatureMap>"
        f"<FeatureMap><Feature><Id>detector-task</Id></Feature>{tasks}</FeatureMap>"
        f"<FeatureMap><Feature><Id>comment</Id></Feature></FeatureMap><Wells>{listed}</Wells></Plate>"
    )  # fmt: skip


def protocol(*cycles: int, flag: int = 1) -> str:
    stages = "".join(
        f"<TCStage><StageFlag>CYCLING</StageFlag><NumOfRepetitions>{n}</NumOfRepetitions><TCStep>"
        f"<CollectionFlag>0</CollectionFlag></TCStep><TCStep><CollectionFlag>{flag}</CollectionFlag></TCStep></TCStage>"
        for n in cycles
    )
    hold = "<TCStage><StageFlag>PRE_CYCLING</StageFlag><NumOfRepetitions>1</NumOfRepetitions></TCStage>"
    return f"<TCProtocol>{hold}{stages}</TCProtocol>"


def experiment(state: str = "COMPLETE") -> str:
    return (
        f"<Experiment><RunState>{state}</RunState><RunEndTime>1714996800000</RunEndTime>"
        '<ExperimentProperty type="InstrumentInfo"><PropertyValue key="instrumentType">'
        "<String>QuantStudio 5</String></PropertyValue></ExperimentProperty></Experiment>"
    )


def eds_file(**changed: str | None) -> bytes:
    """A run file; a member is changed under its short name, or left out if None."""
    members: dict[str, str | None] = {
        "results": results(), "plate": plate(), "protocol": protocol(40), "experiment": experiment(), **changed,
    }  # fmt: skip
    names = {"results": RESULTS, "plate": PLATE, "protocol": PROTOCOL, "experiment": EXPERIMENT}
    members["manifest"] = members.get(
        "manifest", "Implementation-Title: QS\nImplementation-Version: 1.5\n"
    )
    names["manifest"] = SDS + "Manifest.mf"
    return zipped({names.get(key, key): text for key, text in members.items() if text is not None})


def zipped(members: dict[str, str]) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    return data.getvalue()


def read(data: bytes) -> Export:
    source = Source(data, "run.eds")
    found = eds.detect(source)
    assert isinstance(found, Found), found
    return eds.read(source, found)


def refusal(**changed: str | None) -> str:
    with pytest.raises(MrdqError) as caught:
        read(eds_file(**changed))
    return str(caught.value)


def with_wells(*wells: Well) -> dict[str, str]:
    return {"results": results(list(wells)), "plate": plate(list(wells))}


def changed(index: int, value: object, well: Well = SAMPLES[0]) -> Well:
    return (*well[:index], value, *well[index + 1 :])


def test_columns() -> None:
    export = read(eds_file())
    assert export.well == ["A1", "A2", "A3", "A3", "B2", "H12"]
    assert export.row == [3, 6, 9, 12, 15, 18]
    assert export.target == ["IGH", "IGH", "IGH", "ALB", "IGH", "IGH"]
    assert export.sample == ["Std", "Std", "P & Q", "P & Q", "", "P & Q"]
    assert export.task == ["STANDARD", "STANDARD", "UNKNOWN", "UNKNOWN", "NTC", "UNKNOWN"]
    assert export.channel == ["FAM"] * 6
    assert export.cq[:3] == [21.5, 22.0, 30.25]
    assert export.cq_state == [*["determined"] * 3, *["undetermined"] * 2, "omitted"]
    assert [math.isnan(cq) for cq in export.cq] == [False] * 3 + [True] * 3
    assert export.quantity[:2] == [1000.0, 1000.0]
    assert all(map(math.isnan, export.quantity[2:]))
    assert export.flags == [
        "cq_conf=0.98", "cq_conf=0.97", "inconclusive;cq_conf=0.5", "no_amp;cq_conf=0", "no_amp;cq_conf=0",
        "omitted;cq_conf=0.9",
    ]  # fmt: skip
    assert (export.instrument, export.software) == ("QuantStudio 5", "QS 1.5")
    assert export.run_date == "2024-05-06T12:00:00+00:00"
    assert export.warnings == []


def test_what_is_not_read_is_named() -> None:
    wells = [*WELLS, (3, "X", "IGH", "", "", "", "", "", "UNKNOWN", "1.0")]
    notes = read(
        eds_file(plate=plate(wells), **{SDS + "quant/a": "", SDS + "quant/b": "", "x.txt": ""})
    ).notes
    assert "columns not read: Delta Ct, Qty, Avg Qty, Qty SD" in notes
    assert f"lines of {RESULTS} not read: 1 Session Name, 6 Rn values, 6 Delta Rn values" in notes
    assert f"wells of {PLATE} without a result: A4 IGH" in notes
    assert "members not read: x.txt, 2 in apldbio/sds/quant" in notes
    assert f"Task of {RESULTS} (Target) not read: roles are those of {PLATE}" in notes


def test_a_ct_of_the_number_of_cycles_is_no_signal_and_none_lies_beyond() -> None:
    shorter = results(cycles=31), protocol(31)
    message = refusal(results=shorter[0], protocol=shorter[1])
    assert (
        f'row 12, column Ct of {RESULTS}, well A3: found "40.0", expected a Ct below 31 cycles'
        in message
    )
    wells = [changed(3, "30.999"), changed(3, "31.0", SAMPLES[1])]
    export = read(
        eds_file(results=results(wells, cycles=31), plate=plate(wells), protocol=protocol(31))
    )
    assert export.cq_state == ["determined", "undetermined"]
    assert export.cq[0] == 30.999


def test_the_cycles_of_either_source() -> None:
    states = read(eds_file()).cq_state
    assert read(eds_file(protocol=None)).cq_state == states
    assert read(eds_file(protocol=protocol(10, 40))).cq_state == states
    assert read(eds_file(results=results(cycles=0))).cq_state == states
    lines = [line for line in results().split("\r\n") if "values" not in line]
    without = "\r\n".join(lines)
    assert read(eds_file(results=without)).cq_state == states
    assert "neither Rn values nor" in refusal(results=without, protocol=None)
    assert "neither Rn values nor" in refusal(results=without, protocol=protocol(40, flag=0))


def test_a_run_with_other_cycles_than_its_protocol() -> None:
    message = refusal(protocol=protocol(45))
    assert (
        "expected a Ct below 40 cycles: the data and the protocol have 40 and 45 cycles" in message
    )
    assert read(eds_file(protocol=protocol(45), **with_wells(*STANDARDS))).cq == [21.5, 22.0]
    message = refusal(results=results().replace("Rn values\t0.5", "Rn values", 1))
    assert "39 and 40" in message


@pytest.mark.parametrize(
    ("wells", "expected"),
    [
        ([changed(3, "n.a.")], "expected a Cq [cycles], or the instrument's word for no signal"),
        ([changed(3, "")], "An empty cell does not say whether the well was omitted"),
        ([changed(3, "0")], "expected a Cq above 0"),
        ([changed(3, "-1")], "expected a Cq above 0"),
        ([changed(3, "nan")], "expected a Cq [cycles]"),
        ([changed(3, "30,5"), *STANDARDS], "expected one decimal sign in the whole column"),
        ([changed(6, "2")], "expected an Amp Status of 1, 0 or -1"),
        ([SAMPLES[0], SAMPLES[0]], "expected one row per well and target"),
        ([changed(9, "", STANDARDS[0])], "expected a quantity above 0 for a standard"),
        ([changed(9, "1,000.5", STANDARDS[0])], "expected a quantity above 0 for a standard"),
    ],
)  # fmt: skip
def test_cells_that_are_refused(wells: list[Well], expected: str) -> None:
    assert expected in refusal(**with_wells(*wells))


def test_quantities_as_the_software_writes_large_ones() -> None:
    assert read(eds_file(**with_wells(changed(9, "1.0E7", STANDARDS[0])))).quantity == [1e7]


def test_the_word_of_other_versions() -> None:
    assert read(eds_file(**with_wells(changed(3, "Undetermined")))).cq_state == ["undetermined"]


def test_an_omitted_well_needs_no_ct() -> None:
    wells = [changed(3, "", SAMPLES[3])]
    assert read(eds_file(**with_wells(*wells))).cq_state == ["omitted"]


def test_lines_that_are_refused() -> None:
    assert 'found "Baseline\t3", expected a well, or a line of Delta Rn values' in refusal(
        results=results(more="Baseline\t3")
    )
    assert "expected a well with 13 cells" in refusal(
        results=results(more="7\tX\tIGH\tTarget\t20.5")
    )
    assert "expected a well with 13 cells" in refusal(results=results(more="7\tX" + "\t" * 12))
    assert "expected a line end after the last line" in refusal(results=results()[:-2])
    assert 'found "no column "Ct""' in refusal(results=results().replace("\tCt\t", "\tCall\t"))
    assert "found no" not in refusal(results="nothing\r\n")
    assert "not analysed" in refusal(results=results([]))
    ddct = "DDCT Values\t0\t\tStd\tIGH\tTarget\t21.5"
    assert len(read(eds_file(results=results(more=ddct))).row) == 6


def test_wells_are_those_of_the_block() -> None:
    wells = [changed(0, 96)]
    assert "expected a well of the block, from 0 to 95" in refusal(results=results(wells))
    large = read(eds_file(results=results(wells), plate=plate(wells, shape=(16, 24))))
    assert large.well == ["E1"]
    assert read(
        eds_file(results=results([changed(0, 12)]), plate=plate([changed(0, 12)], shape=(6, 8)))
    ).well == ["B5"]
    assert 'found "7 rows, 12 columns"' in refusal(plate=plate(shape=(7, 12)))
    assert "expected a well from 0 to 95" in refusal(
        plate=plate().replace("<Index>95<", "<Index>96<")
    )


def test_the_plate_and_the_results_must_agree() -> None:
    other = refusal(plate=plate([changed(2, "TRG"), *WELLS[:2], *WELLS[3:]]))
    assert f'well A3: found "IGH", expected a detector that {PLATE} has in this well' in other
    assert "The plate was changed after the analysis" in other
    renamed = refusal(
        plate=plate([changed(1, "Other", well) if well[1] == "Std" else well for well in WELLS])
    )
    assert f'well A1: found "Std", expected the sample that {PLATE} has there: Other' in renamed
    assert "IsOmit true or false" in refusal(plate=plate().replace("<IsOmit>true", "<IsOmit>maybe"))
    assert "expected a detector" in refusal(
        plate=plate().replace("<Well><Index>0</Index><IsOmit>false</IsOmit></Well>", "")
    )
    twice = plate().replace("<Wells>", "<Wells><Well><Index>2</Index><IsOmit>true</IsOmit></Well>")
    assert "once for each well" in refusal(plate=twice)


def test_without_a_plate_setup() -> None:
    alone = {"plate": None, "protocol": None, "experiment": None, "manifest": None}
    export = read(eds_file(**alone))
    assert export.well[-1] == "H12"
    assert export.task == ["Target"] * 6
    assert export.cq_state[-1] == "determined"
    assert all(map(math.isnan, export.quantity))
    (warning,) = export.warnings
    assert "those of a 96-well plate; wells omitted in the software" in str(warning)
    assert read(eds_file(results=results([changed(0, 100)]), **alone)).well == ["E5"]
    assert 'found "an archive without it", expected member' in refusal(plate=None)


def test_flags_of_wells_and_of_detectors() -> None:
    marks = "".join(
        f"<FlagName>{mark}</FlagName>" for mark in ("ROXLOW", "HSD-IGH", "CC-ALB", "X-Y")
    )
    export = read(eds_file(plate=plate(marks=marks)))
    assert export.flags[2:4] == [
        "inconclusive;ROXLOW;HSD;X-Y;cq_conf=0.5",
        "no_amp;ROXLOW;CC;X-Y;cq_conf=0",
    ]


def test_means_that_the_ct_do_not_give_are_told() -> None:
    wells = [changed(4, "25.0", well) for well in STANDARDS]
    (warning,) = read(eds_file(**with_wells(*wells))).warnings
    assert "mean 25.0" in str(warning)


def test_a_run_that_was_stopped_is_told() -> None:
    (warning,) = read(eds_file(experiment=experiment("ABORTED"))).warnings
    assert 'found "ABORTED", expected a run that is complete' in str(warning)


def test_a_run_that_was_not_analysed() -> None:
    message = refusal(results=None)
    assert "a run that was not analysed" in message
    assert "analyse it, and save it or export the results as text" in message


@pytest.mark.parametrize("declared", ['<!DOCTYPE Plate [<!ENTITY a "b">]>', "<!DOCTYPE Plate>"])
def test_document_types_are_refused(declared: str) -> None:
    hostile = plate().replace("\n", declared, 1)
    assert "expected XML in UTF-8 without document type and entities" in refusal(plate=hostile)


def test_xml_that_is_none_or_too_large() -> None:
    assert f"column member {PLATE}" in refusal(plate=plate()[:-3])
    assert "expected at most 8 MB" in refusal(plate=plate() + " " * 8_000_001)
    assert "expected a number of cycles" in refusal(protocol=protocol(40).replace(">40<", ">many<"))


def test_names_of_members() -> None:
    members = {
        RESULTS.upper(): results(),
        PLATE.replace("/", "\\"): plate(),
        PROTOCOL: protocol(40),
    }
    assert len(read(zipped(members)).row) == 6
    with pytest.raises(MrdqError, match="several members of the same name"):
        read(zipped({**members, RESULTS: results()}))


def test_other_archives_are_not_taken() -> None:
    for data in (
        zipped({"a.xml": "<rdml/>"}),
        b"well,target,cq\n",
        zipped({RESULTS: "", "setup/plate_setup.json": "{}"}),
    ):
        assert isinstance(eds.detect(Source(data, "x")), Missing)


def test_damage_is_refused_or_does_no_harm() -> None:
    data = eds_file()
    whole = rows_of(read(data))
    random.seed(1)
    cuts = [data[:n] for n in range(0, len(data), 7)]
    flips = [
        data[:at] + bytes([data[at] ^ random.randrange(1, 256)]) + data[at + 1 :]
        for at in range(len(data))
    ]
    for damaged in (*cuts, *flips):
        try:
            source = Source(damaged, "run.eds")
            found = eds.detect(source)
            rows = rows_of(eds.read(source, found)) if isinstance(found, Found) else set()
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


def test_a_mean_far_down_the_file_is_told() -> None:
    index, well = next((i, w) for i, w in reversed([*enumerate(WELLS)]) if w[4])
    wells = [*WELLS[:index], changed(4, "24.0", well), *WELLS[index + 1 :]]
    warnings = read(eds_file(**with_wells(*wells))).warnings
    assert any("mean 24.0 printed" in str(warning) for warning in warnings)
