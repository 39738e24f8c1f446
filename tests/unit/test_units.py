"""Numbers with units: dilutions and amounts of DNA, as laboratories write them."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mrdq.units import UnitError, dilution, nanograms, nanograms_per


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-3", 1e-3), ("1E-3", 1e-3), ("0.001", 1e-3), (".001", 1e-3), ("10^-3", 1e-3), ("1:1000", 1e-3),
        ("0.1 %", 1e-3), ("0.1%", 1e-3), (" 1 : 1000 ", 1e-3), ("1", 1.0), ("100 %", 1.0), ("1:1", 1.0),
        ("10^0", 1.0), ("5e-4", 5e-4), ("0,001", 1e-3), ("0,05 %", 5e-4), ("10^\u22124", 1e-4), ("+1e-2", 1e-2),
        ("1:2.5", 0.4), ("1:20000", 5e-5),
    ],
)  # fmt: skip
def test_dilution(text: str, value: float) -> None:
    assert dilution(text) == value


@pytest.mark.parametrize(
    "text",
    ["", " ", "0", "0 %", "-0.1", "1.1", "101 %", "10", "1/1000", "1:0", "1:-10", "2:1000", "1:", ":10", "1:1:10",
     "10^", "10^2", "10^-3.5", "10^-400", "1e-400", "1,000", "1.000,5", "1,2,3", "1e", "e-3", "--1", "0x1", "nan", "inf",
     "1e-3 ng", "one", "1_0", "½", "1:10.000", "1:1.000", "1:100,000", "9" * 60],
)  # fmt: skip
def test_no_dilution(text: str) -> None:
    with pytest.raises(UnitError):
        dilution(text)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("600 ng", 600.0), ("600ng", 600.0), ("0.6 µg", 600.0), ("0.6 μg", 600.0), ("0.6 ug", 600.0), ("6e5 pg", 600.0),
        ("0,6 µg", 600.0), ("1 genome", 6.6e-3), ("1 cell", 6.6e-3), ("1e5 cell", 660.0), ("100000 cells", 660.0),
        ("1e5 genomes", 660.0), (" 600  ng ", 600.0), ("6e2 ng", 600.0), ("600 nanogram", 600.0), ("0.0000006 g", 600.0),
    ],
)  # fmt: skip
def test_nanograms(text: str, value: float) -> None:
    assert nanograms(text) == value


@pytest.mark.parametrize(
    "text",
    ["", "600", "ng", "600 l", "600 ng/ml", "600 copies", "600 %", "-600 ng", "0 ng", "600,000 ng", "1.000,5 ng",
     "1,000.5 ng", "6 00 ng", "600 ng DNA", "600 ng ng", "600 2 ng", "1e999 ng", "nan ng", "inf ng", "600 cell/ml",
     "600 ng(", "600 ng)", "600 ng*", "600 ng**", "600 ng^", "600 ng/0", "600 ng^(1/0)", "600 (((", "600 {", "600 $",
     "600 ng?", "600 ng!", "600 \\", "600 ng:", "600 ng=1", "600 ng%", "600 ng #", "600 ng'", "600 \u200b", "600 degC",
     "600 yg", "600 ng, all"],
)  # fmt: skip
def test_no_amount(text: str) -> None:
    with pytest.raises(UnitError):
        nanograms(text)


def test_message_says_what_to_write() -> None:
    with pytest.raises(UnitError) as ambiguous:
        nanograms("1,000 ng")
    assert "decimal comma or a thousands separator" in ambiguous.value.expected
    assert ambiguous.value.remedy == "Write 1.000 or 1000."
    with pytest.raises(UnitError) as bare:
        nanograms("600")
    assert bare.value.remedy == 'Add the unit, for instance "600 ng".'


def test_weight_of_a_genome() -> None:
    assert nanograms_per("genome") == nanograms_per("cell") == Fraction(66, 10000)
    assert nanograms("90909 genome") == pytest.approx(600, rel=1e-5)


@given(st.integers(1, 10**9), st.integers(0, 9))
def test_ways_to_write_a_dilution_agree(denominator: int, digits: int) -> None:
    assert dilution(f"1:{denominator}") == 1 / denominator
    value = f"0.{'0' * digits}{denominator}"
    assert dilution(value) == float(value)
    assert dilution(f"{value} %") == pytest.approx(float(value) / 100, rel=1e-15)


@given(st.floats(1e-6, 1e6))
def test_amounts_are_those_written(value: float) -> None:
    assert nanograms(f"{value!r} ng") == value
    assert nanograms(f"{value!r} genome") == pytest.approx(value * 6.6e-3, rel=1e-12)
