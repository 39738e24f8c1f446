"""Illumina Eco: wells left out and empty wells, printed curves, and the blocks above the table."""

from __future__ import annotations

import math

import pytest
from exports.illumina_eco import CURVES, HEADING, SMALL, TABLE

from mrdq.errors import MrdqError
from mrdq.instruments import Export, read_export


def run(*, curves: str = CURVES, table: str = TABLE) -> bytes:
    return (HEADING + curves + table).encode()


def rows_of(export: Export) -> set[tuple[str, str, str, str]]:
    columns = (export.well, export.target, map(repr, export.cq), export.cq_state)
    return set(zip(*columns, strict=True))


def test_columns() -> None:
    export = read_export(SMALL["curves"], "run.csv")
    assert export.format == "illumina_eco"
    assert "Assay Role, Cq" in export.reason
    assert export.well == ["A1", "A2", "A3", "A4", "A5", "F8"]
    assert export.target == ["igh"] * 5 + ["alb"]
    assert export.task == ["Standard", "Standard", "Unknown", "Unknown", "NTC", "Unknown"]
    assert export.cq_state == ["determined"] * 3 + ["omitted", "undetermined", "determined"]
    assert (export.cq[0], export.cq[5]) == (19.0, 24.125)
    assert export.quantity[:2] == [0.1, 0.01]
    assert all(map(math.isnan, export.quantity[2:]))
    assert export.flags == ["", "", "", "omitted", "", ""]
    assert export.row[0] == 13
    assert export.instrument == "Eco™ Real-Time PCR System"
    assert export.software == "Eco™ Software v3.0"
    assert export.run_date == "1/2/2020 4:00:00 PM"


def test_printed_curves() -> None:
    export = read_export(SMALL["curves"], "run.csv")
    assert export.printed_curves == {"igh": (-3.5, 15.5, 0.999), "alb": (-3.3, None, None)}
    assert read_export(SMALL["melting"], "run.csv").printed_curves == {}
    equation = CURVES.replace("Slope,Intercept", "Equation,Error")
    export = read_export(run(curves=equation), "run.csv")
    assert export.printed_curves == {}
    assert 'block "Standard Curve Data" in row 7 not read' in export.notes


def test_notes_account_for_the_rest() -> None:
    notes = read_export(SMALL["curves"], "run.csv").notes
    assert "columns not read: Quantity Unit, Tm1" in notes
    assert "empty wells, nothing but their name: B1" in notes
    notes = read_export(SMALL["melting"], "run.csv").notes
    assert 'block "Assay Name, Reference" in row 7 not read' in notes


def test_an_empty_cq_is_read_with_a_warning() -> None:
    (warning,) = read_export(SMALL["curves"], "run.csv").warnings
    assert "wells A5" in str(warning)
    assert "read as undetermined" in warning.remedy


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("30.2500000,30", "No Cq,30", 'row 15, column Cq, well A3: found "No Cq"'),
        ("30.2500000,30", "-1,30", "a Cq above 0"),
        ("22.5000000,22.5000000", '"22,5000000",22.5', "one decimal sign in the whole column"),
        ("F8,,", "G1,,", 'found "G1", expected a well of the block'),
        ("F8,,patient,alb", "A3,,patient,igh", "row 15: Cq 30.25 and row 19: Cq 24.125"),
        ("A4,Excluded", "A4,maybe", 'found "maybe", expected true or false'),
        (",copies,82,\nA2", ",copies\nA2", "12 cells, as in the header"),
    ],
)
def test_refusals(old: str, new: str, message: str) -> None:
    assert old in TABLE
    with pytest.raises(MrdqError) as caught:
        read_export(run(table=TABLE.replace(old, new)), "run.csv")
    assert message in str(caught.value)


def test_a_header_without_its_columns_is_none_of_it() -> None:
    with pytest.raises(MrdqError, match='Illumina Eco: found no column "Cq" in row 12'):
        read_export(run(table=TABLE.replace("Cq,Cq Mean", "x,Cq Mean")), "run.csv")  # fmt: skip


def test_a_row_that_is_cut_is_no_empty_well() -> None:
    data = run()
    with pytest.raises(MrdqError, match="cut off at row 18"):
        read_export(data[: data.index(b"B1,") + 3], "run.csv")


@pytest.mark.parametrize("name", SMALL)
def test_cut_at_every_byte(name: str) -> None:
    whole = rows_of(read_export(SMALL[name], "run.csv"))
    for cut in range(len(SMALL[name])):
        try:
            assert rows_of(read_export(SMALL[name][:cut], "run.csv")) <= whole
        except MrdqError:
            continue
