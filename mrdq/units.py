"""Numbers with units, at the edge: dilutions to fractions, amounts of DNA to nanograms.

pint knows the units; each distinct text is parsed once.  One diploid genome, hence one cell,
weighs 6.6 pg (contract section 1), so 600 ng are 90,909 genomes.
"""

from __future__ import annotations

import re
from fractions import Fraction
from functools import cache
from typing import Any

PICOGRAMS_PER_GENOME = "6.6"

_PLAIN = re.compile(r"[+]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_NUMBER_AND_UNIT = re.compile(r"\s*([-+0-9.,eE]*[0-9.])\s*(\S.*)?")
_LEAST_NG, _MOST_NG = Fraction(1, 10**9), Fraction(10**9)
_THOUSANDS_OR_DECIMAL = re.compile(r"[1-9]\d{0,2},\d{3}")


class UnitError(ValueError):
    """A text is not the number that was asked for; ``expected`` says what would be."""

    def __init__(self, expected: str, remedy: str = ""):
        super().__init__(expected)
        self.expected = expected
        self.remedy = remedy


def _decimal(text: str, *, expected: str) -> Fraction:
    """A positive decimal number, exactly; a comma is taken only where it can be no thousands
    separator."""
    if "," in text:
        if _THOUSANDS_OR_DECIMAL.fullmatch(text):
            raise UnitError(
                f"{expected}; the comma may be a decimal comma or a thousands separator",
                f"Write {text.replace(',', '.')} or {text.replace(',', '')}.",
            )
        if "." in text or text.count(",") > 1:
            raise UnitError(f"{expected} with a decimal point and no thousands separator")
        text = text.replace(",", ".")
    if not _PLAIN.fullmatch(text):
        raise UnitError(expected)
    if len(text) > 40 or (
        (exponent := re.search(r"[eE][+-]?(\d+)", text)) and int(exponent[1]) > 30
    ):
        raise UnitError(expected)
    return Fraction(text)


@cache
def dilution(text: str) -> float:
    """A dilution as a fraction of undiluted diagnostic DNA, 0 < d <= 1.

    Reads ``1e-3``, ``0.001``, ``10^-3``, ``1:1000`` and ``0.1 %``.
    Raises :class:`UnitError` for anything else.
    """
    expected = "a dilution such as 1e-3, 0.001, 10^-3, 1:1000 or 0.1 %"
    bare = text.strip().replace("\u2212", "-").replace(" ", "")
    if match := re.fullmatch(r"1:(.+)", bare):
        if re.fullmatch(r"[1-9]\d{0,2}\.\d{3}", match[1]):
            remedy = f"Write 1:{match[1].replace('.', '')} or 1:{match[1].rstrip('0').rstrip('.')}."
            raise UnitError(f"{expected}; the point may separate thousands", remedy)
        denominator = _decimal(match[1], expected=expected)
        value = 1 / denominator if denominator else Fraction(0)
    elif match := re.fullmatch(r"10\^([+-]?\d{1,2})", bare):
        value = Fraction(10) ** int(match[1])
    elif bare.endswith("%"):
        value = _decimal(bare[:-1], expected=expected) / 100
    else:
        value = _decimal(bare, expected=expected)
    if not 0 < value <= 1:
        raise UnitError(f"{expected}, greater than 0 and at most 1 (undiluted)")
    return float(value)


@cache
def fraction(text: str) -> float:
    """A fraction, 0 < f <= 1, written ``0.85`` or ``85 %``.  Raises :class:`UnitError`."""
    expected = "a fraction greater than 0 and at most 1, such as 0.85 or 85 %"
    bare = text.strip().replace(" ", "")
    share = bare.endswith("%")
    value = _decimal(bare[:-1] if share else bare, expected=expected) / (100 if share else 1)
    if not 0 < value <= 1:
        raise UnitError(expected)
    return float(value)


@cache
def nanograms(text: str) -> float:
    """An amount of DNA [ng] from a number with a unit of mass, or ``genome`` or ``cell``.

    Raises :class:`UnitError` where the unit is missing, unknown, or no amount of DNA.
    """
    expected = "an amount of DNA with its unit, such as 600 ng, 0.6 µg, 90909 genome or 1e5 cell"
    match = _NUMBER_AND_UNIT.fullmatch(text)
    if not match:
        raise UnitError(expected)
    number, unit = match[1], (match[2] or "").strip()
    value = _decimal(number, expected=expected)
    if not unit:
        raise UnitError(expected, f'Add the unit, for instance "{text.strip()} ng".')
    if value <= 0:
        raise UnitError(f"{expected}, greater than 0")
    if not re.fullmatch(r"[a-zA-Zµμ]+", unit):  # pint would evaluate more than a unit
        raise UnitError(f"a unit of an amount of DNA (ng, µg, pg, genome, cell), not {unit!r}")
    amount = value * nanograms_per(unit)
    if not _LEAST_NG <= amount <= _MOST_NG:
        raise UnitError(f"{expected}, from 1 ag to 1 g")
    return float(amount)


@cache
def nanograms_per(unit: str) -> Fraction:
    """How many ng one ``unit`` of DNA is; raises :class:`UnitError` if it is no such unit."""
    if unit == "ng":  # the usual one: what knows the others takes half a second to load
        return Fraction(1)
    import pint

    try:
        factor = (_registry().Quantity(1, unit)).to("ng").magnitude
    except (pint.errors.PintError, AttributeError, TypeError, ValueError) as error:
        raise UnitError(
            f"a unit of an amount of DNA (ng, µg, pg, genome, cell), not {unit!r}"
        ) from error
    return Fraction(factor).limit_denominator(10**12)


@cache
def _registry() -> Any:
    import pint

    registry: Any = pint.UnitRegistry(non_int_type=Fraction)
    registry.define(f"genome = {Fraction(PICOGRAMS_PER_GENOME)} * picogram = _ = genomes")
    registry.define("cell = genome = _ = cells")
    return registry
