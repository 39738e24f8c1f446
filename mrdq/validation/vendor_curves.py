"""PQ-b: standards that others measured, and the curve that the instrument's own software printed.

Cq and quantities stand as printed in published exports; their licence allows to state them (source and
licence are in ``resources/validation/vendor_curves.tsv``).  Nobody measured MRD on these plates.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from decimal import Decimal

from mrdq import definitions
from mrdq.validation import shipped
from mrdq.validation.checks import PUBLISHED, Check, judged
from mrdq.validation.plates import Plate, analysed

RULE_SET = "euromrd-2007-therapy-reduction"
RESOLUTION = 1e-9
"""Where more digits are printed than two programs agree on."""
READ_BACK = 2e-3
"""Relative: the printed slope and intercept have few digits, and so has what is read from them."""
COLUMNS = {
    "slope": "slope", "intercept": "intercept", "r_squared": "r_squared",
    "efficiency_percent": "efficiency", "residual_sd": "residual_sd",
}  # fmt: skip
"""Printed figure -> column of CURVES."""


def checks() -> Iterator[Check]:
    """Every printed figure of every curve, and the printed quantity of unknown wells."""
    guideline = definitions.load_guideline(RULE_SET)
    for curve in shipped.rows("vendor_curves"):
        name = curve["curve"]
        wells = [row for row in shipped.rows("vendor_wells") if row["curve"] == name]
        standards = _standards(wells)
        unknown = [row for row in wells if row["task"] == "unknown"]
        plates = {
            f"V{number}": replace(Plate(), gene_standards=standards, gene=(float(row["cq"]),))
            for number, row in enumerate(unknown, 1)
        }
        found = analysed(plates, guideline)
        fitted = found.genes["V1"]
        n_wells = sum(map(len, standards.values()))
        yield judged(f"PQ-b-{_id(name)}-wells", f"{name}: standards in the curve", str(n_wells),
                     f"{fitted['n_wells']:g}", passed=fitted["n_wells"] == n_wells, data=PUBLISHED)  # fmt: skip
        yield from _figures(curve, wells, fitted)
        for number, row in enumerate(unknown, 1):
            amount = float(found.calls[f"V{number}"]["dna_amount_ng"])
            printed = float(row["quantity"])
            yield judged(
                f"PQ-b-{_id(name)}-unknown{number}", f"{name}: quantity of a well of Cq {row['cq']}",
                f"{printed:g} as printed, to {READ_BACK:.1%}", f"{amount:.8g}",
                passed=abs(amount / printed - 1) <= READ_BACK, data=PUBLISHED,
            )  # fmt: skip


def _id(name: str) -> str:
    return name.replace(" ", "_")


def _standards(wells: list[dict[str, str]]) -> Mapping[float, tuple[float, ...]]:
    found: dict[float, tuple[float, ...]] = {}
    for row in wells:
        if row["task"] == "standard":
            quantity = float(row["quantity"])
            found[quantity] = (*found.get(quantity, ()), float(row["cq"]))
    return found


def _figures(
    curve: Mapping[str, str], wells: list[dict[str, str]], fitted: Mapping[str, float]
) -> Iterator[Check]:
    """Printed figures at the printed precision: half a unit of the last digit."""
    name = curve["curve"]
    for printed, column in COLUMNS.items():
        text = curve[printed]
        if not text:
            continue
        value, slack = fitted[column], max(_half_digit(text), RESOLUTION)
        if printed == "efficiency_percent":
            slack += _of_rounding(wells) * 100 * (1 + value) * math.log(10) / fitted["slope"] ** 2
            value *= 100
        yield judged(
            f"PQ-b-{_id(name)}-{printed}", f"{name} ({curve['software']}): {printed}",
            f"{text} as printed, to {slack:.2g}", f"{value:.10g}",
            passed=math.isfinite(value) and abs(value - float(text)) <= slack, data=PUBLISHED,
        )  # fmt: skip


def _half_digit(text: str) -> float:
    exponent = int(Decimal(text).as_tuple().exponent)
    return 0.5 * 10.0**exponent * (1 + 1e-9)


def _of_rounding(wells: list[dict[str, str]]) -> float:
    """What the rounding of the printed Cq can do to a slope: half a digit × Σ|Δx| / ΣΔx².

    The efficiency is printed with more digits than rounded Cq can give back.
    """
    standards = [row for row in wells if row["task"] == "standard"]
    x = [math.log10(float(row["quantity"])) for row in standards]
    apart = [value - math.fsum(x) / len(x) for value in x]
    half = max(_half_digit(row["cq"]) for row in standards)
    return half * math.fsum(map(abs, apart)) / math.fsum(value**2 for value in apart)
