"""Two numbers from the field, by the package's own engine.

The test vector: target Cq = 22.0 - 3.4 log10(d), follow-up at 36.2; albumin Cq = 38.0 - 3.35
log10(ng), follow-up at 29.1, reference at 28.7; dna_per_well is the unrounded reference amount.
"""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from mrdq.analysis import Definitions, Tables, analyse
from mrdq.definitions import load_guideline

REFERENCE_NG = 10 ** ((28.7 - 38.0) / -3.35)


def line(
    target: str, intercept: float, slope: float, doses: list[float]
) -> list[dict[str, object]]:
    """Standards exactly on a line, two wells each."""
    column = "quantity_ng" if target == "ALB" else "dilution"
    return [
        {
            "target": target,
            "role": "standard",
            column: dose,
            "cq": intercept + slope * math.log10(dose),
        }
        for dose in doses
        for _ in range(2)
    ]


def tables(slope: float = -3.4) -> Tables:
    rows = [
        *line("T", 22.0, slope, [1e-1, 1e-2, 1e-3, 1e-4, 1e-5]),
        *line("ALB", 38.0, -3.35, [1000.0, 100.0, 10.0, 1.0]),
        *[{"target": "T", "role": "background"}] * 6,
        {"target": "T", "role": "ntc"},
        *[{"target": "T", "role": "sample", "sample_id": "S", "cq": 36.2}] * 3,
        *[{"target": "ALB", "role": "sample", "sample_id": "S", "cq": 29.1}] * 3,
    ]
    wells = pd.DataFrame(rows).assign(run_id="R")
    wells["sample_id"] = wells["sample_id"].fillna("")
    wells["cq_state"] = np.where(wells["cq"].isna(), "undetermined", "determined")
    guideline = load_guideline("euromrd-2007-therapy-reduction")
    assays = pd.DataFrame(
        {"target": ["T", "ALB"], "kind": ["mrd", "control_gene"], "patient_id": ["P", ""],
         "dna_per_well_ng": [REFERENCE_NG, np.nan], "control_gene": ["ALB", ""],
         "blast_fraction": np.nan, "guideline": [guideline.id, ""]}
    )  # fmt: skip
    runs = pd.DataFrame({"run_id": ["R"], "performed_on": [""]})
    return analyse(
        wells, Definitions(assays, pd.DataFrame(), runs, {guideline.id: guideline}, True)
    )


def test_the_fields_vector_to_six_digits() -> None:
    found = tables()
    (call,) = found.calls.to_dict("records")
    (curve,) = found.curves[found.curves["target"] == "T"].to_dict("records")
    raw = 10 ** ((call["mean_cq"] - curve["intercept"]) / curve["slope"])
    assert f"{raw:.5e}" == "6.66085e-05"
    assert f"{REFERENCE_NG:.3f}" == "597.199"
    assert f"{call['dna_amount_ng']:.3f}" == "453.645"
    # The level itself lies below the range of this curve, so it is read from the evidence.
    level = found.evidence.loc[found.evidence["criterion"] == "sample_range", "value"].item()
    assert f"{level:.5e}" == "8.76864e-05"
    assert raw * call["normalisation"] == pytest.approx(level, rel=1e-12)


def test_a_slope_of_minus_3_3219_is_an_efficiency_of_100_percent() -> None:
    curves = tables(slope=-3.3219).curves
    (efficiency,) = curves.loc[curves["target"] == "T", "efficiency"]
    assert f"{100 * efficiency:.1f}" == "100.0"
