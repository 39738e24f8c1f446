"""Cells: wells, numbers, quantities."""

from __future__ import annotations

import math
import random
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mrdq.instruments import cells
from mrdq.plate import natural


def test_wells_of_the_blocks() -> None:
    wells = cells.well_names(384)
    assert {wells[name] for name in ("A1", "A01", "a1", "a01", "A001")} == {"A1"}
    assert wells["P24"] == "P24"
    assert len(set(wells.values())) == 384
    assert len(set(cells.well_names(96).values())) == 96
    assert "I1" not in cells.well_names(96)
    assert "A13" not in cells.well_names(96)
    assert not {"Q1", "A0", "A25", "1", "AA1", "A1 "} & wells.keys()


def test_wells_of_a_plate_of_1536() -> None:
    wells = cells.well_names(1536)
    assert {wells[name] for name in ("AF48", "af48")} == {"AF48"}
    assert {wells[name] for name in ("AA1", "AA01", "aa1", "aa01")} == {"AA1"}
    assert wells["Z48"] == "Z48"
    assert len(set(wells.values())) == 1536
    assert (
        not {"AG1", "BA1", "Aa1", "aA1", "A49", "AF49", "A0", "1537", "A1a1", "a1A1"} & wells.keys()
    )
    assert wells.items() >= cells.well_names(384).items()


def test_numbers_of_a_plate_of_1536_go_row_by_row() -> None:
    """Oracle: 48 wells to each of A to Z and AA to AF, counted."""
    rows = [*string.ascii_uppercase, "AA", "AB", "AC", "AD", "AE", "AF"]
    names = [f"{row}{column}" for row in rows for column in range(1, 49)]
    assert cells.well_numbers(1536) == {str(i): name for i, name in enumerate(names, 1)}
    assert [cells.row_and_column(name) for name in names] == [
        divmod(i, 48) for i in range(len(names))
    ]


def test_wells_in_the_order_of_the_plate() -> None:
    names = list(cells.well_numbers(1536).values())
    assert sorted(random.Random(6).sample(names, len(names)), key=natural) == names
    holes = ["A1a1", "D12h8"]
    assert sorted([*holes, "AF48", "B1"], key=natural) == ["B1", "AF48", *holes]


def test_a_through_hole_is_no_well_of_a_plate() -> None:
    """Its name is never that of a well, of whatever plate, and the other way round."""
    holes = [
        f"{a}{n}{b}{m}"
        for a in "ABCD"
        for n in range(1, 13)
        for b in "abcdefgh"
        for m in range(1, 9)
    ]
    assert not set(holes) & cells.well_names(1536).keys()
    assert {cells.row_and_column(hole) for hole in holes} == {None}
    assert {cells.open_array_well(name) for name in cells.well_names(1536)} == {None}


@pytest.mark.parametrize(
    ("cell", "well"), [("A1a1", "A1a1"), ("D12h8", "D12h8"), ("A01a1", "A1a1")]
)
def test_openarray_wells(cell: str, well: str) -> None:
    assert cells.open_array_well(cell) == well


@pytest.mark.parametrize("cell", ["E1a1", "A13a1", "A1i1", "A1a9", "A1", "A1A1"])
def test_what_is_no_openarray_well(cell: str) -> None:
    assert cells.open_array_well(cell) is None


@pytest.mark.parametrize(
    ("block", "size"),
    [("96-Well Block (0.2mL)", 96), ("96well", 96), ("96alum", 96), ("384-Well Block", 384), ("48well", 48),
     ("1536-Well Block", 1536),
     ("OpenArray Block", 384), ("", 384), ("7-Well", 384)],
)  # fmt: skip
def test_plate_of_a_block(block: str, size: int) -> None:
    assert cells.plate_of(block) == size


def test_decimal_sign() -> None:
    assert cells.decimal_sign(["27,1", "30"]) == ","
    assert cells.decimal_sign(["27.1"]) == "."
    assert cells.decimal_sign(["27"]) == ""
    with pytest.raises(ValueError, match="both"):
        cells.decimal_sign(["27,1", "27.1"])


@pytest.mark.parametrize(
    ("cell", "decimal", "value"),
    [("27.1", ".", 27.1), ("27,1", ",", 27.1), (",04", ",", 0.04), ("8,940e+003", ",", 8940.0),
     ("1,000E+02", ",", 100.0), ("-3.338", ".", -3.338), ("27", "", 27.0)],
)  # fmt: skip
def test_numbers(cell: str, decimal: str, value: float) -> None:
    assert cells.number(cell, decimal) == value


@pytest.mark.parametrize(
    "cell", ["", "nan", "inf", "1_0", "27.1.2", "27,1", "2 7", "٢٧", "1e999", "0x1", "--1"]
)
def test_what_is_no_number(cell: str) -> None:
    with pytest.raises(ValueError, match=r"not a number|too large"):
        cells.number(cell, ".")


@pytest.mark.parametrize(
    ("cell", "decimal", "value"),
    [("5,720.562", ".", 5720.562), ("1,250,000", ".", 1250000.0), ("1,250,000.5", ".", 1250000.5), ("1,250.000", ".", 1250.0),
     ("5.720,562", ",", 5720.562), ("1.250.000", ",", 1250000.0), ("0.003", ".", 0.003), ("0,600", ",", 0.6), ("20,000", ",", 20.0), ("0.003", "", 0.003),
     ("10.5", "", 10.5), ("1000", "", 1000.0), ("2.183E-03", ".", 2.183e-3)],
)  # fmt: skip
def test_quantities(cell: str, decimal: str, value: float) -> None:
    assert cells.quantity(cell, decimal) == value


@pytest.mark.parametrize(
    ("cell", "decimal"),
    [("1,5", "."), ("1.5", ","), ("1,25", "."), ("1,2500", "."), ("12,34,567", "."), ("1234,567", "."),
     ("1,000", ""), ("1.000", ""), ("1,000.5", ""), ("8,940e+003", "."), ("1.000,5", "."), ("x", "."),
     ("0,600", "."), ("0.500", ","), ("0,600.5", "."), ("0,250,000", "."), ("00,600.5", "."), ("20,000", "."),
     ("600.000", ","), ("1.000", ","), ("1,000", ".")],
)  # fmt: skip
def test_quantities_that_can_be_read_in_two_ways_are_refused(cell: str, decimal: str) -> None:
    with pytest.raises(ValueError, match=r"ambiguous|not a number"):
        cells.quantity(cell, decimal)


@given(st.lists(st.text(alphabet="0123456789.,_ eE+-naif٣", max_size=6), min_size=1, max_size=4))
def test_the_fast_path_takes_nothing_that_the_careful_one_refuses(column: list[str]) -> None:
    fast = cells.plain_numbers(column)
    if fast is not None:
        assert fast == [cells.number(cell, ".") for cell in column]


@given(st.floats(min_value=1e-3, max_value=100), st.sampled_from(".,"))
def test_numbers_of_both_signs_round_trip(value: float, decimal: str) -> None:
    assert cells.number(f"{value:.17f}".replace(".", decimal), decimal) == pytest.approx(
        value, rel=1e-12
    )
    assert math.isfinite(value)
