"""RDML: versions, wells, states, LightCycler 96 calls, and every refusal, on invented files."""

from __future__ import annotations

import io
import math
import zipfile

import pytest

from mrdq.errors import MrdqError
from mrdq.instruments import rdml, rdml_document, role_of_task
from mrdq.instruments.export import Export
from mrdq.instruments.source import Found, Missing, Source
from mrdq.vocabulary import DETERMINED, OMITTED, UNDETERMINED

PLATE = (
    "<pcrFormat><rows>8</rows><columns>12</columns>"
    "<rowLabel>ABC</rowLabel><columnLabel>123</columnLabel></pcrFormat>"
)
SAMPLES = (
    '<dye id="FAM"/><sample id="S1"><type>unkn</type></sample><sample id="N"><type>ntc</type></sample>'
    '<sample id="Q"><type>std</type><quantity><value>1e3</value><unit>cop</unit></quantity></sample>'
)
TARGETS = '<target id="T"><type>toi</type><dyeId id="FAM"/></target>'


def points(cycles: int, first: int = 1) -> str:
    return "".join(
        f"<adp><cyc>{cycle}</cyc><tmp>60</tmp><fluor>1.5</fluor></adp>" for cycle in range(first, first + cycles)
    )  # fmt: skip


def react(identity: str, sample: str, *data: str) -> str:
    return f'<react id="{identity}"><sample id="{sample}"/>{"".join(data)}</react>'


def data(target: str, cq: str | None, more: str = "") -> str:
    value = f"<cq>{cq}</cq>" if cq is not None else ""
    return f'<data><tar id="{target}"/>{value}{more}</data>'


def run(*reacts: str, name: str = "R", plate: str = PLATE, head: str = "") -> str:
    return f'<run id="{name}">{head}{plate}{"".join(reacts)}</run>'


def document(
    *runs: str, version: str = "1.3", samples: str = SAMPLES, targets: str = TARGETS
) -> bytes:
    return (
        f'<?xml version="1.0" encoding="utf-8"?>\n<rdml version="{version}" xmlns="http://www.rdml.org">'
        f'{samples}{targets}<experiment id="E">{"".join(runs)}</experiment></rdml>'
    ).encode()


def zipped(**members: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(f"{name}.xml", content)
    return buffer.getvalue()


def read(content: bytes) -> Export:
    source = Source(content, "run.rdml")
    found = rdml.detect(source)
    assert isinstance(found, Found), found
    return rdml.read(source, found)


def states(export: Export) -> list[tuple[str, str, float | None]]:
    cqs = [None if math.isnan(cq) else cq for cq in export.cq]
    return list(zip(export.well, export.cq_state, cqs, strict=True))


def refusal(content: bytes) -> str:
    with pytest.raises(MrdqError) as caught:
        read(content)
    assert "run.rdml" in str(caught.value)
    return str(caught.value)


def simple(cq: str | None = "25.31", *, more: str = "", version: str = "1.3") -> bytes:
    return document(
        run(react("1", "S1", data("T", cq, more)), react("14", "N", data("T", "30"))),
        version=version,
    )


@pytest.mark.parametrize("version", rdml.VERSIONS)
def test_every_version_bare_and_zipped_under_any_name(version: str) -> None:
    content = simple(version=version)
    for form in (content, b"\xef\xbb\xbf" + content, zipped(any_name=content)):
        export = read(form)
        assert states(export) == [("A1", DETERMINED, 25.31), ("B2", DETERMINED, 30.0)]
        assert (export.sample, export.task) == (["S1", "N"], ["unkn", "ntc"])
        assert (export.target, export.channel, export.row) == (["T", "T"], ["FAM", "FAM"], [1, 2])


def test_roles_of_the_types_that_are_roles() -> None:
    roles = {
        "unkn": "sample",
        "std": "standard",
        "ntc": "ntc",
        "ntp": None,
        "pos": None,
        "nrt": None,
    }
    assert {word: role_of_task(word) for word in roles} == roles


def test_version_1_0_names_wells_and_has_dyes_as_text() -> None:
    targets = '<target id="T"><type>toi</type><dyeId>VIC</dyeId></target>'
    for plate in ("free format", "96-well plate; A1-H12", "384-well plate; A1-P24"):
        reacts = react("C07", "S1", data("T", "20"))
        export = read(
            document(
                run(reacts, plate=f"<pcrFormat>{plate}</pcrFormat>"), version="1.0", targets=targets
            )
        )
        assert (export.well, export.channel) == (["C7"], ["VIC"])


@pytest.mark.parametrize(
    ("rows", "columns", "identity", "well"),
    [
        (8, 12, "96", "H12"),
        (16, 24, "25", "B1"),
        (6, 8, "9", "B1"),
        (16, 24, "384", "P24"),
        (32, 48, "49", "B1"),
        (32, 48, "1249", "AA1"),
        (32, 48, "1536", "AF48"),
        (72, 1, "9", "B1"),
    ],
)
def test_reactions_count_row_by_row(rows: int, columns: int, identity: str, well: str) -> None:
    plate = PLATE.replace(">8<", f">{rows}<").replace(">12<", f">{columns}<")
    assert read(document(run(react(identity, "S1", data("T", "20")), plate=plate))).well == [well]


@pytest.mark.parametrize(
    ("plate", "identity"),
    [
        (PLATE, "97"), (PLATE, "0"), (PLATE, "I1"), ("", "1"), (PLATE.replace("ABC", "A1a1"), "1"),
        (PLATE.replace(">8<", ">32<"), "1"), (PLATE.replace(">12<", ">48<"), "1"), (PLATE.replace(">8<", ">-1<").replace(">12<", ">1<"), "1"),
        (PLATE.replace(">8<", ">100<").replace(">12<", ">1<"), "1"),
        ("<pcrFormat>96-well plate; A1-H12</pcrFormat>", "A13"),
        ("<pcrFormat>100-well rotor; 1-100</pcrFormat>", "1"),
    ],
)  # fmt: skip
def test_wells_outside_of_a_known_block_are_refused(plate: str, identity: str) -> None:
    assert "react of run R" in refusal(
        document(run(react(identity, "S1", data("T", "20")), plate=plate))
    )


@pytest.mark.parametrize("cq", [None, "-1", "-1.0", "NaN"])
def test_no_cq_is_undetermined(cq: str | None) -> None:
    assert states(read(simple(cq)))[0] == ("A1", UNDETERMINED, None)


@pytest.mark.parametrize(
    "cq", ["0", "-2", "", "25,31", "N/A", "INF", "nan", "101", "1e999", "25.3.1"]
)
def test_any_other_cq_is_refused(cq: str) -> None:
    message = refusal(simple(cq))
    assert "row 1, column well A1, target T" in message
    assert "a Cq above 0 and at most 100 cycles" in message


def test_minus_one_says_nothing_in_1_0() -> None:
    assert "a Cq above 0" in refusal(simple("-1", version="1.0").replace(b"<rows>", b"<rows>"))


def test_excluded_reactions_keep_their_reason() -> None:
    for excl in ("<excl>bubble; edge</excl><note>see log</note>", "<excl/>"):
        export = read(simple(more=excl))
        assert states(export)[0] == ("A1", OMITTED, None)
    assert read(simple(more="<excl>a;b</excl>")).flags[0] == "excl=a,b"
    assert read(simple(more="<note>high</note>")).flags == ["note=high", ""]
    assert "an element excl only where" in refusal(simple(more="<excl>false</excl>"))


def test_a_file_without_any_cq_was_not_analysed() -> None:
    content = document(run(react("1", "S1", data("T", None, points(40)))))
    assert "Analyse the run" in refusal(content)


def test_a_target_without_any_cq_is_told() -> None:
    targets = TARGETS + TARGETS.replace('"T"', '"U"')
    reacts = react("1", "S1", data("T", "20"), data("U", None))
    (warning,) = read(document(run(reacts), targets=targets)).warnings
    assert "target U" in str(warning)


@pytest.mark.parametrize("first", [1, 3, 0])
def test_no_cycle_beyond_the_last_can_be_reached(first: int) -> None:
    """40 cycles: 1 to 40, 3 to 40 where the first two were not measured, or counted from 0."""
    curve = points(40 if first < 2 else 38, first)
    reacts = [
        react(str(i), "S1", data("T", cq, curve)) for i, cq in enumerate(("39.9", "40", "45"), 1)
    ]
    export = read(document(run(*reacts)))
    assert [state for _, state, _ in states(export)] == [DETERMINED, UNDETERMINED, UNDETERMINED]
    (warning,) = export.warnings
    assert "A2, target T: 40" in str(warning)
    assert "A3, target T: 45" in str(warning)
    assert "40 cycles" in str(warning)


def test_cycles_are_counted_where_comments_forbid_cutting() -> None:
    curve = points(40)
    one = read(
        document(
            run(react("1", "S1", data("T", "40", curve)), react("2", "S1", data("T", "20", curve)))
        )
    )
    two = read(
        document(
            run(
                "<!-- a -->",
                react("1", "S1", data("T", "40", curve)),
                react("2", "S1", data("T", "20", curve)),
            )
        )
    )
    assert states(one) == states(two) == [("A1", UNDETERMINED, None), ("A2", DETERMINED, 20.0)]


def test_elements_between_points_are_not_cut() -> None:
    curve = points(3).replace("</adp>", "</adp><excl>x</excl>", 1)
    export = read(document(run(react("1", "S1", data("T", "2", curve)))))
    assert export.cq_state == [OMITTED]


def test_applied_biosystems_store_the_number_of_cycles() -> None:
    head = "<instrument>Applied Biosystems StepOne</instrument>"
    reacts = [
        react(str(i), "S1", data("T", cq, points(40))) for i, cq in enumerate(("40.0", "20.5"), 1)
    ]
    export = read(document(run(*reacts, head=head)))
    assert [state for _, state, _ in states(export)] == [UNDETERMINED, DETERMINED]
    assert not export.warnings
    assert any("40 cycles" in note and "A1" in note for note in export.notes)
    without = document(run(react("1", "S1", data("T", "40.0")), head=head))
    assert "this instrument stores the number of cycles" in refusal(without)
    assert read(document(run(react("1", "S1", data("T", "39.9")), head=head))).cq == [39.9]


def test_quantities_are_those_of_standards() -> None:
    samples = SAMPLES.replace('<sample id="S1"><type>unkn</type>', '<sample id="S1"><type>unkn</type>'
                              "<quantity><value>5</value><unit>cop</unit></quantity>")  # fmt: skip
    reacts = react("1", "S1", data("T", "20")), react("2", "Q", data("T", "21"))
    export = read(document(run(*reacts), samples=samples))
    assert math.isnan(export.quantity[0])
    assert export.quantity[1] == 1000
    assert "unit of the standards' quantities: cop" in export.notes


def test_a_dilution_of_ten_is_a_tenth() -> None:
    samples = SAMPLES.replace("<value>1e3</value><unit>cop", "<value>10</value><unit>dil")
    assert read(document(run(react("2", "Q", data("T", "21"))), samples=samples)).quantity == [0.1]


@pytest.mark.parametrize("value", ["-5", "1,000", "x"])
def test_odd_quantities_are_refused(value: str) -> None:
    samples = SAMPLES.replace("1e3", value)
    message = refusal(document(run(react("2", "Q", data("T", "21"))), samples=samples))
    assert f'"{value} cop"' in message


def test_standards_of_two_units_are_refused() -> None:
    samples = (
        SAMPLES
        + SAMPLES.replace('"Q"', '"Q2"').replace("cop", "ng")[SAMPLES.index('<sample id="Q"') :]
    )
    reacts = react("1", "Q", data("T", "20")), react("2", "Q2", data("T", "21"))
    assert "standards of one unit" in refusal(document(run(*reacts), samples=samples))


def test_types_and_quantities_may_differ_by_target() -> None:
    samples = (
        '<sample id="S1"><type targetId="T">std</type><type targetId="U">ntc</type>'
        '<quantity targetId="T"><value>7</value><unit>ng</unit></quantity></sample>'
    )
    targets = "".join(TARGETS.replace('"T"', f'"{name}"') for name in "TUV")
    reacts = react("1", "S1", *(data(name, "20") for name in "TUV"))
    export = read(document(run(reacts), samples=samples, targets=targets))
    assert export.task == ["std", "ntc", "unkn"]
    assert export.quantity[0] == 7


def test_runs_of_one_plate_are_one_table() -> None:
    targets = TARGETS + TARGETS.replace('"T"', '"U"').replace("FAM", "Cy5")
    one, two = (
        run(react("1", "S1", data("T", "20")), name="FAM"),
        run(react("1", "S1", data("U", "21")), name="Cy5"),
    )
    export = read(document(one, two, targets=targets))
    assert list(zip(export.well, export.target, strict=True)) == [("A1", "T"), ("A1", "U")]
    assert "runs read as one table: FAM, Cy5" in export.notes


@pytest.mark.parametrize(("sample", "target"), [("S1", "T"), ("N", "U")])
def test_runs_of_two_plates_are_refused(sample: str, target: str) -> None:
    targets = TARGETS + TARGETS.replace('"T"', '"U"')
    one = run(react("1", "S1", data("T", "20")), name="plate 1")
    two = run(react("1", sample, data(target, "21")), name="plate 2")
    message = refusal(document(one, two, targets=targets))
    assert "runs plate 1 and plate 2" in message
    assert "save each run as a file of its own" in message


def test_one_well_and_target_twice_is_refused() -> None:
    message = refusal(
        document(run(react("1", "S1", data("T", "20")), react("1", "S1", data("T", "21"))))
    )
    assert "Cq 20" in message
    assert "Cq 21" in message


def test_two_cqs_in_one_reaction_are_refused() -> None:
    assert "one element cq" in refusal(simple(more="<cq>26</cq>"))


def test_what_is_not_declared_or_declared_twice_is_refused() -> None:
    assert "a target that the document declares" in refusal(
        document(run(react("1", "S1", data("X", "20"))))
    )
    assert "a sample that the document declares" in refusal(
        document(run(react("1", "X", data("T", "20"))))
    )
    assert "sample S1" in refusal(simple().replace(SAMPLES.encode(), (SAMPLES + SAMPLES).encode()))


def test_a_reaction_without_a_sample_keeps_its_row() -> None:
    export = read(document(run(f'<react id="1">{data("T", "20")}</react>')))
    assert (export.sample, export.task, export.cq) == ([""], [""], [20.0])


def test_everything_else_is_named_in_notes() -> None:
    partitions = "<partitions><volume>1</volume></partitions>"
    content = document(run(
        react("1", "S1", data("T", "20", points(40) + "<mdp><tmp>60</tmp><fluor>1</fluor></mdp><endPt>1</endPt>")),
        react("2", "S1"), react("3", "S1", partitions),
    ))  # fmt: skip
    notes = read(zipped(rdml_data=content, other=b"<x/>")).notes
    assert notes[0] == (
        "elements not read: adp, cyc, dye, endPt, fluor, mdp, tmp, volume "
        "(of the curves only the number of cycles was read)"
    )
    assert notes[1:] == [
        "member other.xml not read",
        "reactions without data: wells A2",
        "digital PCR partitions not read: wells A3",
    ]
    assert "digital PCR partitions only" in refusal(document(run(react("3", "S1", partitions))))


def test_instrument_software_and_date() -> None:
    head = (
        "<instrument>I</instrument><dataCollectionSoftware><name>N&amp;#174;</name><version>2</version>"
        "</dataCollectionSoftware>"
    )
    content = document(
        run(
            react("1", "S1", data("T", "20")),
            head=head,
            plate=PLATE + "<runDate>2024-05-06T07:08:09</runDate>",
        )
    )
    export = read(content)
    assert (export.instrument, export.software, export.run_date) == (
        "I",
        "N® 2",
        "2024-05-06T07:08:09",
    )


@pytest.mark.parametrize("version", ["", "2.0", "1.5"])
def test_other_versions_are_refused(version: str) -> None:
    assert "RDML of a version out of 1.0, 1.1, 1.2, 1.3, 1.4" in refusal(simple(version=version))


@pytest.mark.parametrize(
    "declared",
    [
        '<!DOCTYPE rdml [<!ENTITY a "25.31">]>',
        '<!DOCTYPE rdml [<!ENTITY a SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE rdml SYSTEM "http://example.org/x.dtd">',
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_document_types_and_entities_are_refused(declared: str, encoding: str) -> None:
    text = simple("&a;").decode().replace("utf-8", encoding).replace("?>", f"?>{declared}", 1)
    assert "XML without a document type" in refusal(zipped(x=text.encode(encoding)))


def test_encodings() -> None:
    content = simple().replace(b'"S1"', '"Probe ä"'.encode()).decode()
    for encoding in ("utf-8", "utf-16", "iso-8859-1"):
        export = read(zipped(x=content.replace("utf-8", encoding).encode(encoding)))
        assert export.sample[0] == "Probe ä"
    assert "no utf-8 at byte" in refusal(zipped(x=content.encode("latin-1")))
    assert "an encoding out of" in refusal(simple().replace(b'"utf-8"', b'"rot13"'))


def test_cut_off_anywhere_is_refused() -> None:
    for whole in (simple(more=points(40)), zipped(x=simple())):
        for end in range(200, len(whole), 7):
            source = Source(whole[:end], "run.rdml")
            with pytest.raises(MrdqError):  # noqa: PT012
                found = rdml.detect(source)
                assert isinstance(found, Found)
                rdml.read(source, found)


def test_other_documents_are_none() -> None:
    for content in (b"<?xml version='1.0'?><html/>", b"Well\tCq\n", zipped(a=b"<html/>"), zipped()):
        assert isinstance(rdml.detect(Source(content, "x")), Missing)
    two = rdml.detect(Source(zipped(a=simple(), b=simple()), "x"))
    assert isinstance(two, Missing)
    assert "several" in two.reason


# LightCycler 96

GUID = "0f0e0d0c-0000-1111-2222-333344445555"
ROCHE = 'xmlns="http://www.roche.ch/'
LC_SAMPLES = f'<sample id="{GUID}"><description>Anna</description><type>std</type></sample>'
LC_TARGETS = (
    f'<target id="FAM@ABL"><type>ref</type><dyeId id="FAM"/></target>'
    f'<target id="Cy5@{GUID}"><type>ref</type><dyeId id="Cy5"/></target>'
)
LC_HEAD = "<dataCollectionSoftware><name>LightCycler&amp;#174; 96</name><version>1</version></dataCollectionSoftware>"


def graph(number: int, target: str, *, call: str = "", more: str = "") -> str:
    inner = f"<call>{call}</call><slope>1</slope>" if call else ""
    return f'<react id="{number}"><factGraph id="g{number}" targetId="{target}" {more}>{inner}</factGraph></react>'


def lightcycler(
    calls: list[str], *, cqs: list[str] | None = None, app: str = "", analysis: str = ""
) -> bytes:
    stored = cqs or ["25.5"] * len(calls)
    reacts = [
        react(str(i), GUID, data("FAM@ABL", cq, points(50))) for i, cq in enumerate(stored, 1)
    ]
    graphs = "".join(graph(i, "FAM@ABL", call=call) for i, call in enumerate(calls, 1))
    inside = '<experiment id="E"><run id="R">{}</run>{}</experiment>'
    return zipped(
        rdml_data=document(run(*reacts, head=LC_HEAD), version="1.1", samples=LC_SAMPLES, targets=LC_TARGETS),
        app_data=f'<rocheLC96AppExtension {ROCHE}LC96AppExtensionSchema">{inside.format(app, "")}'
        "</rocheLC96AppExtension>".encode(),
        calculated_data=f'<rocheLC96CalculatedData {ROCHE}LC96CalculatedDataSchema">'
        f"{inside.format(graphs, analysis)}</rocheLC96CalculatedData>".encode(),
    )  # fmt: skip


def test_the_call_decides() -> None:
    export = read(
        lightcycler(
            ["Positive", "Negative", "Invalid", "Positive"], cqs=["25.5", "29.57", "4.48", "100"]
        )
    )
    assert states(export) == [
        ("A1", DETERMINED, 25.5), ("A2", UNDETERMINED, None), ("A3", OMITTED, None), ("A4", UNDETERMINED, None),
    ]  # fmt: skip
    assert export.flags == ["", "call=Negative", "call=Invalid", ""]
    assert "stored Cq not taken, for the call is negative: well A2, target FAM@ABL" in export.notes
    assert [str(warning).count("A3, target FAM@ABL") for warning in export.warnings] == [0, 1]
    assert "A4, target FAM@ABL: 100" in str(export.warnings[0])


def test_names_that_a_person_gave() -> None:
    export = read(lightcycler(["Positive"]))
    assert (export.sample, export.target, export.channel) == (["Anna"], ["ABL"], ["FAM"])


def test_one_gene_under_two_dyes_keeps_its_ids() -> None:
    targets = (
        '<target id="FAM@X"><dyeId id="FAM"/></target><target id="Cy5@X"><dyeId id="Cy5"/></target>'
    )
    content = lightcycler(["Positive"])
    members = zipfile.ZipFile(io.BytesIO(content))
    inner = (
        members.read("rdml_data.xml")
        .replace(LC_TARGETS.encode(), targets.encode())
        .replace(b"FAM@ABL", b"FAM@X")
    )
    calculated = members.read("calculated_data.xml").replace(b"FAM@ABL", b"FAM@X")
    assert read(zipped(a=inner, b=calculated)).target == ["FAM@X"]


def test_exclusions_and_quantities_of_the_software() -> None:
    app = graph(1, "FAM@ABL", more='isExcluded="true"') + graph(
        2, "FAM@ABL", more='geneConcentration="0.04"'
    )
    export = read(lightcycler(["Positive", "Positive"], app=app))
    assert [state for _, state, _ in states(export)] == [OMITTED, DETERMINED]
    assert export.flags[0] == "excluded"
    assert export.quantity[1] == 0.04


def source(number: int, inner: str) -> str:
    return f"<m><absQuantDataSource><graphId>g{number}</graphId>{inner}</absQuantDataSource></m>"


def test_an_analysis_may_not_contradict() -> None:
    agreed = source(1, "<call>Positive</call><cq>25.50</cq>") + source(9, "<call>Negative</call>")
    assert read(lightcycler(["Positive"], analysis=agreed)).cq == [25.5]
    message = refusal(lightcycler(["Positive"], analysis=source(1, "<call>Negative</call>")))
    assert "Positive and Negative" in message
    message = refusal(lightcycler(["Positive"], analysis=source(1, "<cq>26.1</cq>")))
    assert "26.1 and 25.5" in message
    excluded = source(1, "<excluded>true</excluded>")
    assert read(lightcycler(["Positive"], analysis=excluded)).cq_state == [OMITTED]


@pytest.mark.parametrize("call", ["", "Maybe"])
def test_without_a_known_call_nobody_can_tell(call: str) -> None:
    message = refusal(lightcycler([call]))
    assert "a call of the LightCycler 96 software" in message
    assert "well A1, target FAM@ABL" in message


def test_a_bare_document_of_a_lightcycler_96_has_no_calls() -> None:
    bare = document(
        run(react("1", GUID, data("FAM@ABL", "25")), head=LC_HEAD),
        samples=LC_SAMPLES,
        targets=LC_TARGETS,
    )
    assert "a call of the LightCycler 96 software" in refusal(bare)


def test_a_positive_call_without_a_cq_is_refused() -> None:
    assert "a Cq, for the call is positive" in refusal(lightcycler(["Positive"], cqs=["-1"]))


def test_a_document_that_no_instrument_writes_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rdml_document, "LIMIT", 500)
    assert "beside its curves" in refusal(simple())


def test_an_archive_of_many_members_is_another_kind() -> None:
    members = {f"m{i}": b"x" for i in range(30)}
    assert isinstance(rdml.detect(Source(zipped(rdml_data=simple(), **members), "x")), Missing)
    tables = {f"partitions/{i}": b"x" for i in range(30)}
    assert (
        read(zipped(rdml_data=simple(), **tables)).notes[-1] == "member partitions/29.xml not read"
    )
