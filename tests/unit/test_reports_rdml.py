"""RDML that mrdq writes: valid, the same bytes each time, and read back exactly."""

from __future__ import annotations

import io
import math
import zipfile
from pathlib import Path
from xml.etree.ElementTree import fromstring

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mrdq.errors import MrdqError
from mrdq.instruments import rdml, role_of_task
from mrdq.instruments.export import Export
from mrdq.instruments.source import Found, Source
from mrdq.reports.rdml import write_rdml
from mrdq.vocabulary import DETERMINED, OMITTED, ROLES, STANDARD, UNDETERMINED

NAN = math.nan
COLUMNS = [
    "well",
    "target",
    "role",
    "sample_id",
    "dilution",
    "quantity_ng",
    "cq",
    "cq_state",
    "flags",
]
PLATE = [
    ["A1", "P1-IGH", "standard", "", 0.1, NAN, 20.123456789012345, DETERMINED, ""],
    ["A2", "P1-IGH", "standard", "", 1e-05, NAN, NAN, UNDETERMINED, "NOAMP"],
    ["A3", "P1-IGH", "background", "", NAN, NAN, 38.5, DETERMINED, ""],
    ["A4", "P1-IGH", "ntc", "", NAN, NAN, NAN, UNDETERMINED, ""],
    ["A5", "P1-IGH", "sample", "P1-D33", NAN, NAN, 30.0, DETERMINED, "HIGHSD;EXPFAIL"],
    ["A5", "ALB", "sample", "P1-D33", NAN, NAN, 24.1, DETERMINED, ""],
    ["B1", "ALB", "standard", "", NAN, 600.0, 21.9, DETERMINED, ""],
    ["B2", "ALB", "sample", "P1-D33", NAN, NAN, NAN, OMITTED, ""],
    ["B3", "ALB", "", "", NAN, NAN, 33.0, DETERMINED, ""],
    ["B4", "ALB", "empty", "", NAN, NAN, NAN, UNDETERMINED, ""],
]


def wells_of(rows: list[list[object]], run_id: str = "R1") -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=COLUMNS)
    table.insert(0, "run_id", run_id)
    return table.assign(export_sha256="ab" * 32)


def read_back(data: bytes) -> Export:
    source = Source(data, "run.rdml")
    found = rdml.detect(source)
    assert isinstance(found, Found)
    return rdml.read(source, found)


def facts(export: Export) -> set[tuple[object, ...]]:
    return {
        (well, target, role_of_task(task) or "", sample, repr(dose), repr(cq), state)
        for well, target, task, sample, dose, cq, state in zip(
            export.well, export.target, export.task, export.sample,
            export.quantity, export.cq, export.cq_state, strict=True,
        )
    }  # fmt: skip


def expected(rows: list[list[object]]) -> set[tuple[object, ...]]:
    """What is read back: the dose of standards only, the dilution before the amount."""
    facts = set()
    for well, target, role, sample, dilution, ng, cq, state, _ in rows:
        dose = dilution if not math.isnan(float(str(dilution))) else ng
        facts.add(
            (well, target, role, sample, repr(dose) if role == STANDARD else "nan", repr(cq), state)
        )
    return facts


def test_a_plate_is_read_back_exactly() -> None:
    export = read_back(write_rdml(wells_of(PLATE), "R1"))
    assert facts(export) == expected(PLATE)
    assert not export.warnings


def test_the_consortiums_library_opens_it_and_finds_it_valid(tmp_path: Path) -> None:
    library = pytest.importorskip("rdmlpython", reason="the RDML consortium's library is not there")
    conditions = {"P1-D33": {"patient": "P1", "timepoint": "D33"}}
    file = tmp_path / "run.rdml"
    file.write_bytes(
        write_rdml(
            wells_of(PLATE), "R1", kind={"ALB": "control_gene", "P1-IGH": "mrd"}, conditions=conditions,
            instrument="QuantStudio 5 <x> & y", run_date="2024-05-06",
        )
    )  # fmt: skip
    opened = library.Rdml(str(file))
    assert opened.isvalid(), opened.validate()
    assert opened.version() == "1.3"
    assert [experiment["id"] for experiment in opened.experiments()] == ["mrdq"]
    read = opened.experiments()[0].runs()[0].getreactjson()
    cqs = {
        (data["tar"], react["id"]): data.get("cq")
        for react in read["reacts"]
        for data in react["datas"]
    }
    assert cqs["P1-IGH", "1"] == "20.123456789012344"
    assert cqs["P1-IGH", "2"] == "-1.0"
    types = {sample["id"]: sample.tojson()["types"] for sample in opened.samples()}
    assert types["background"][0]["type"] == "ntp"
    quantities = {sample["id"]: sample.tojson().get("quantitys") for sample in opened.samples()}
    assert quantities["standard 0.1"] == [{"value": "10.0", "unit": "dil", "targetId": ""}]
    assert quantities["standard 600 ng"] == [{"value": "600.0", "unit": "ng", "targetId": ""}]


def test_bytes_are_the_same_whatever_the_order_of_the_rows() -> None:
    wells = wells_of(PLATE)
    assert write_rdml(wells, "R1") == write_rdml(wells.iloc[::-1], "R1")
    archive = zipfile.ZipFile(io.BytesIO(write_rdml(wells, "R1")))
    assert archive.infolist()[0].date_time == (1980, 1, 1, 0, 0, 0)


def test_only_the_wells_of_the_run_are_written() -> None:
    other = wells_of([["H12", "T", "ntc", "", NAN, NAN, NAN, UNDETERMINED, ""]], "R2")
    wells = pd.concat([wells_of(PLATE), other], ignore_index=True)
    assert facts(read_back(write_rdml(wells, "R1"))) == expected(PLATE)


def test_wells_share_a_sample_where_they_hold_the_same_material() -> None:
    document = (
        zipfile.ZipFile(io.BytesIO(write_rdml(wells_of(PLATE), "R1")))
        .read("rdml_data.xml")
        .decode()
    )
    assert document.count('<sample id="P1-D33"') == 3
    assert document.count('<sample id="P1-D33">') == 1
    assert "<value>P1-D33</value>" in document


def test_two_doses_of_one_label_are_two_samples() -> None:
    rows: list[list[object]] = [
        ["A1", "T", STANDARD, "", 0.1, NAN, 20.0, DETERMINED, ""],
        ["A2", "T", STANDARD, "", 0.1 + 2e-17, NAN, 21.0, DETERMINED, ""],
        ["A3", "T", STANDARD, "", 0.10000000000000002, NAN, 22.0, DETERMINED, ""],
    ]
    assert facts(read_back(write_rdml(wells_of(rows), "R1"))) == expected(rows)


def test_a_well_that_holds_two_things_keeps_both() -> None:
    rows: list[list[object]] = [
        ["A1", "T", STANDARD, "", 0.1, NAN, 20.0, DETERMINED, ""],
        ["A1", "ALB", "sample", "S1", NAN, NAN, 21.0, DETERMINED, ""],
        ["A2", "T", "sample", "S1", NAN, NAN, 30.0, DETERMINED, ""],
        ["A2", "ALB", "sample", "S1", NAN, NAN, 22.0, DETERMINED, ""],
    ]
    assert facts(read_back(write_rdml(wells_of(rows), "R1"))) == expected(rows)


def sample_of_reaction(data: bytes) -> dict[str, str]:
    """Reaction id -> id of its sample."""
    document = zipfile.ZipFile(io.BytesIO(data)).read("rdml_data.xml")
    space = "{http://www.rdml.org}"
    reactions = fromstring(document).iter(f"{space}react")
    return {r.get("id", ""): r.find(f"{space}sample").get("id", "") for r in reactions}  # type: ignore[union-attr]


@pytest.mark.parametrize("role", ["", "empty"])
def test_wells_that_nobody_called_alike_are_samples_of_their_own(role: str) -> None:
    rows: list[list[object]] = [
        [f"A{n}", "T", role, "", NAN, NAN, 30.0 + n, DETERMINED, ""] for n in (1, 2, 3)
    ]
    rows.append(["B1", "T", "sample", "no sample, well A2", NAN, NAN, 30.0, DETERMINED, ""])
    data = write_rdml(wells_of(rows), "R1")
    assert len(set(sample_of_reaction(data).values())) == 4
    assert facts(read_back(data)) == expected(rows)


def test_a_reaction_without_a_role_goes_with_its_well() -> None:
    rows: list[list[object]] = [
        [f"A{n}", *reaction, NAN, NAN, 30.0, DETERMINED, ""]
        for n in (1, 2)
        for reaction in (["T", "sample", "S1"], ["other", "", ""])
    ]
    data = write_rdml(wells_of(rows), "R1")
    assert set(sample_of_reaction(data).values()) == {"S1"}
    assert facts(read_back(data)) == expected(rows)


ROTOR = [f"{letter}{number}" for letter in "ABCDEFGHI" for number in range(1, 9)]


def test_a_rotor_has_nine_rows_of_eight_and_its_tubes_their_numbers(tmp_path: Path) -> None:
    rows: list[list[object]] = [
        [well, "T", "sample", well, NAN, NAN, 20.0 + n, DETERMINED, ""]
        for n, well in enumerate(ROTOR)
    ]
    data = write_rdml(wells_of(rows), "R1", rotor=True)
    assert read_back(data).well == ROTOR
    assert facts(read_back(data)) == expected(rows)
    assert sample_of_reaction(data)["10"] == "B2"
    assert b"<rows>9</rows>" in zipfile.ZipFile(io.BytesIO(data)).read("rdml_data.xml")
    library = pytest.importorskip("rdmlpython", reason="the RDML consortium's library is not there")
    (tmp_path / "run.rdml").write_bytes(data)
    opened = library.Rdml(str(tmp_path / "run.rdml"))
    assert opened.isvalid(), opened.validate()


def test_a_few_tubes_of_a_rotor_are_no_plate() -> None:
    rows: list[list[object]] = [["B2", "T", "ntc", "", NAN, NAN, 30.0, DETERMINED, ""]]
    assert list(sample_of_reaction(write_rdml(wells_of(rows), "R1", rotor=True))) == ["10"]
    assert list(sample_of_reaction(write_rdml(wells_of(rows), "R1"))) == ["14"]


def test_a_well_that_a_rotor_does_not_have_is_refused() -> None:
    rows: list[list[object]] = [["A9", "T", "ntc", "", NAN, NAN, 30.0, DETERMINED, ""]]
    with pytest.raises(MrdqError, match=r'found "A9", expected wells of a rotor of 72, A1 to I8'):
        write_rdml(wells_of(rows), "R1", rotor=True)


def test_384_wells() -> None:
    rows: list[list[object]] = [["P24", "T", "ntc", "", NAN, NAN, 1.5, DETERMINED, ""]]
    export = read_back(write_rdml(wells_of(rows), "R1"))
    assert export.well == ["P24"]


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([], 'run R1: found "no wells"'),
        ([["A1a1", "T", "ntc", "", NAN, NAN, NAN, UNDETERMINED, ""]], 'found "A1a1"'),
    ],
)
def test_what_rdml_cannot_hold_is_refused(rows: list[list[object]], said: str) -> None:
    with pytest.raises(MrdqError, match=said):
        write_rdml(wells_of(rows), "R1")


def test_characters_that_xml_cannot_hold_are_replaced(tmp_path: Path) -> None:
    rows: list[list[object]] = [
        ["A1", "a\x01b", "sample", "x\x00<&>\"'", NAN, NAN, 20.0, DETERMINED, "\x02"],
        ["A1", "a\x02b", "sample", "x\x00<&>\"'", NAN, NAN, 21.0, DETERMINED, ""],
    ]
    data = write_rdml(wells_of(rows), "R1")
    document = zipfile.ZipFile(io.BytesIO(data)).read("rdml_data.xml").decode()
    assert "a\ufffdb (2)" in document
    assert "x\ufffd&lt;&amp;&gt;\"'" in document


name = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=12).map(str.strip)
safe = name.filter(lambda text: "\ufffe" not in text and "\uffff" not in text)
dose = st.one_of(st.just(NAN), st.floats(1e-9, 1.0))
amount = st.one_of(st.just(NAN), st.floats(1e-3, 1e6))
cqs = st.floats(0, 100, exclude_min=True, allow_subnormal=False)
row = st.tuples(
    st.sampled_from([f"{letter}{number}" for letter in "ABHP" for number in (1, 2, 12, 24)]),
    st.one_of(st.sampled_from(["T", "ALB", "<&>", ""]), safe),
    st.sampled_from([*ROLES, ""]),
    st.one_of(st.sampled_from(["", "S1", "a;b", "=1+1"]), safe),
    dose, amount, cqs, st.sampled_from([DETERMINED, UNDETERMINED, OMITTED]),
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.lists(row, min_size=1, max_size=12, unique_by=lambda cells: (cells[0], cells[1])))
def test_any_plate_is_read_back_exactly(cells: list[tuple[object, ...]]) -> None:
    rows = [[*row[:6], row[6] if row[7] == DETERMINED else NAN, row[7], ""] for row in cells]
    assert facts(read_back(write_rdml(wells_of(rows), "R1"))) == expected(rows)
