"""SDS 1 and 2: columns of each shape, every message, and what a damaged file may never do."""

from __future__ import annotations

import math

import pytest
from exports import sds
from exports.sds import AQ, AQ_HEAD, CSV, OLD, RQ, SMALL, STUDY

from mrdq.errors import MrdqError
from mrdq.instruments import Export, detect, read_export


def changed(data: bytes, old: str, new: str) -> bytes:
    assert old.encode() in data
    return data.replace(old.encode(), new.encode(), 1)


def problem(data: bytes) -> str:
    with pytest.raises(MrdqError) as caught:
        read_export(data, "run.txt")
    return str(caught.value)


def reactions(export: Export) -> set[tuple[object, ...]]:
    cq = [None if math.isnan(value) else value for value in export.cq]
    return set(zip(export.well, export.target, export.channel, cq, export.cq_state, strict=True))


@pytest.mark.parametrize("name", SMALL)
def test_each_shape_is_told_from_its_content(name: str) -> None:
    found, reason = detect(SMALL[name], "run")
    assert found == "sds"
    assert "SDS" in reason
    assert read_export(SMALL[name], "run").format == "sds"


def test_absolute_quantification_of_sds_2() -> None:
    export = read_export(AQ, "run.txt")
    assert (export.software, export.run_date) == ("SDS 2.3", "5/6/24 7:08:09 AM")
    assert export.well == ["A1", "A2", "B1", "B2", "B3", "P24"]
    assert export.row == [12, 13, 14, 15, 16, 17]
    assert export.cq[:4] == [21.589584, 24.97, 31.25, 31.5]
    assert export.cq_state[4] == "undetermined"
    assert export.quantity[:2] == [100000.0, 10000.0]
    assert all(map(math.isnan, export.quantity[2:]))
    assert export.flags == ["", "", "HRN", "", "EW", ""]
    assert export.task == ["Standard", "Standard", "Unknown", "Unknown", "NTC", "Unknown"]
    assert set(export.channel) == {"FAM"}
    assert export.printed_curves == {"IGH-1": (-3.38, 38.49, 0.998)}
    notes = " / ".join(export.notes)
    for column in ("Qty Mean", "Qty StdDev", "Ct Median", "Baseline Type", "Threshold"):
        assert column in notes
    assert "lines from row 24 on not read: NAP\tLPL" in notes


def test_a_curve_is_taken_over_for_a_single_target_only() -> None:
    assert read_export(changed(AQ, "S2\tIGH-1", "S2\tALB"), "run").printed_curves == {}
    assert read_export(changed(AQ, "\t38.49\t", "\t\t"), "run").printed_curves == {}
    assert read_export(changed(AQ, "\t-3.38\t", "\t0\t"), "run").printed_curves == {}


def test_a_study_of_sds_2() -> None:
    export = read_export(RQ, "run.txt")
    assert export.software == "SDS 2.1"
    assert export.well == ["A1", "A2", "A3", "A4"]
    assert export.cq[:3] == [35.5, 36.0, 24.25]
    assert export.cq_state[3] == "undetermined"
    assert export.flags == ["", "", "Outlier", ""]
    assert export.task == ["Target", "Target", "Endogenous Control", "Target"]
    assert any("Summary Data for Study" in note for note in export.notes)
    [warning] = export.warnings
    assert "wells of a 96-well plate" in str(warning)


def test_csv_of_sds_1() -> None:
    export = read_export(CSV, "run.csv")
    assert export.instrument == "Applied Biosystems 7500 Real-Time PCR System"
    assert (export.software, export.run_date) == ("SDS v1.3", "Monday, May 06, 2024 07:08:09")
    assert export.well == ["A1", "A2", "A3", "A4", "H12"]
    assert export.sample[2] == "S 1, bone marrow"
    assert export.cq[:3] == [21.5, 22.0, 30.25]
    assert export.cq_state[3:] == ["undetermined", "omitted"]
    assert export.quantity[:2] == [100000.0, 100000.0]
    assert export.flags[4] == "omitted"
    assert any("StdDev Ct, Mean Qty, StdDev Qty, Tm" in note for note in export.notes)


def test_csv_without_the_lines_above_is_read_once_its_format_is_stated() -> None:
    data = CSV[CSV.index(b"Well,") :]
    export = read_export(data, "run.csv", format="sds")
    assert export.cq[:3] == [21.5, 22.0, 30.25]


def test_a_study_of_sds_1() -> None:
    export = read_export(STUDY, "run.csv")
    assert export.software == "SDS v1.2"
    assert export.well == ["A1", "A2", "A3", "A4", "B1"]
    states = ["determined", "determined", "omitted", "undetermined", "determined"]
    assert export.cq_state == states
    assert export.cq[0] == 29.25
    assert export.task[-1] == "ENDO"


def test_the_table_of_the_7700() -> None:
    export = read_export(OLD, "run.txt")
    assert export.well == ["A2", "B1", "H12"]
    assert export.task == ["STND", "UNKN", "NTC"]
    assert export.cq[:2] == [21.5, 25.03]
    assert export.quantity[0] == 1e5
    assert all(map(math.isnan, export.quantity[1:]))
    assert export.printed_curves == {}
    notes = " / ".join(export.notes)
    assert "empty wells, no target and no Cq: A1" in notes
    assert "Threshold detection parameters:" in notes


@pytest.mark.parametrize("cell", ["40", "40.00", "45"])
def test_a_ct_of_the_7700_that_may_be_the_number_of_cycles(cell: str) -> None:
    message = problem(changed(OLD, "\tUndetermined\t", f"\t{cell}\t"))
    assert "row 5, column Ct, well H12" in message
    assert "Put Undetermined into the cell" in message


def test_a_whole_ct_of_the_7700_below_another_is_a_ct() -> None:
    assert read_export(changed(OLD, "\t21.5\t", "\t22\t"), "run").cq[0] == 22.0


@pytest.mark.parametrize(
    ("data", "old", "new", "expected"),
    [
        (AQ, "\t24.97\t", "\tN/A\t", "row 13, column Ct, well A2"),
        (AQ, "\t24.97\t", "\t\t", "does not say whether the well was omitted"),
        (AQ, "\t24.97\t", "\t24,97\t", "one decimal sign in the whole column"),
        (AQ, "\t24.97\t", "\t-1\t", "a Cq above 0"),
        (AQ, "\n384\t", "\n385\t", "row 17, column Well"),
        (AQ, "\n384\t", "\n1\t", "one row per well and target"),
        (AQ, "\n384\t", "\nP24\t", "row 17, column Well"),
        (CSV, "H12,", "P24,", "a well of the block (96-Well)"),
        (CSV, ",true,", ",maybe,", "true or false"),
        (STUDY, "\nrun7,13", "\nrun8,13", "one run in a file"),
        (RQ, "\t0.2\t\trun7\n", "\t0.2\t\trun8\n", "one run in a file"),
        (STUDY, "29.5,,,0.38", "29.5,,Yes,0.38", "filtered out"),
        (CSV, "Ct,StdDev", "Cycle,StdDev", "found no "),
    ],
)
def test_what_is_refused(data: bytes, old: str, new: str, expected: str) -> None:
    assert expected in problem(changed(data, old, new))


def test_lines_below_the_table_that_may_be_wells_are_not_set_aside() -> None:
    row = sds.AQ_ROWS[-1].replace("384", "383", 1).encode()
    assert "row 24" in problem(AQ.replace(b"NAP\tLPL\n\t\n", b"NAP\tLPL\n" + row + b"\n"))


def test_half_a_table_does_not_tell_96_wells_from_384() -> None:
    message = problem(AQ[: AQ.index(b"\n384\t") + 1])
    assert "nobody can tell 96 wells from 384" in message


def _named(rows: list[tuple[int, str]]) -> Export:
    """An export whose samples have these names in the wells of these numbers."""
    body = [sds._aq_row(number, name, "Unknown", "21.5") for number, name in rows]
    lines = [*AQ_HEAD, "\t".join(sds.AQ_COLUMNS), *body, *sds.AQ_TAIL]
    return read_export("\n".join(lines).encode(), "run.txt")


@pytest.mark.parametrize(
    ("rows", "wells", "plate"),
    [
        (
            [(1, "A1"), (24, "A24"), (25, "B1")],
            ["A1", "A24", "B1"],
            "a 384-well plate, 24 to a row",
        ),
        ([(1, "A1"), (24, "B12"), (25, "C1")], ["A1", "B12", "C1"], "a 96-well plate, 12 to a row"),
        ([(1, "A1"), (12, "A12")], ["A1", "A12"], "a 96-well plate, 12 to a row"),
        ([(1, "A1"), (24, "A24"), (25, "S1")], ["A1", "B12", "C1"], "a 96-well plate, 12 to a row"),
        ([(1, ""), (25, "")], ["A1", "C1"], "a 96-well plate, 12 to a row"),
    ],
)
def test_samples_named_after_their_wells_tell_the_plate(
    rows: list[tuple[int, str]], wells: list[str], plate: str
) -> None:
    export = _named(rows)
    assert export.well == wells
    assert plate in str(export.warnings[0])


@pytest.mark.parametrize(
    "head", [["SDS 2.3\tClipped\t1.0"], AQ_HEAD[:1], ["Document Name: x", "Well,Sample Name,Task"]]
)
def test_other_exports_of_the_software_are_refused(head: list[str]) -> None:
    with pytest.raises(MrdqError, match="Applied Biosystems SDS"):
        read_export("\n".join([*head, ""]).encode(), "run.txt")


@pytest.mark.parametrize("name", SMALL)
def test_cut_off_at_any_byte(name: str) -> None:
    """Oracle: the whole file."""
    data = SMALL[name]
    whole = reactions(read_export(data, "run"))
    for cut in range(len(data)):
        try:
            part = read_export(data[:cut], "run")
        except MrdqError:
            continue
        assert reactions(part) <= whole, data[:cut][-60:]


@pytest.mark.parametrize("name", SMALL)
def test_a_delimiter_or_line_end_lost(name: str) -> None:
    data = SMALL[name]
    whole = reactions(read_export(data, "run"))
    cq = {(row[0], row[3]) for row in whole}
    for at in range(len(data)):
        if data[at : at + 1] not in b"\t,;\r\n":
            continue
        try:
            part = read_export(data[:at] + data[at + 1 :], "run")
        except MrdqError:
            continue
        assert {(row[0], row[3]) for row in reactions(part)} <= cq, data[at - 40 : at + 40]
