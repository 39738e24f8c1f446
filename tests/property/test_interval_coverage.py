"""The interval of the level holds the true level as often as it says (contract 4.11).

Thousands of simulated assays with normal errors of one size on curve, sample and control gene,
which is the model of the interval; the seed is fixed, so the test gives the same answer always.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from mrdq.analysis import Definitions, analyse
from mrdq.definitions import load_guideline

RUNS = 4000
LEVEL, DNA_NG, NOMINAL_NG = 2e-3, 450.0, 600.0


def assays(*, sd: float, standards: int, seed: int) -> tuple[pd.DataFrame, Definitions]:
    """``RUNS`` runs: five dilutions and four amounts in ``standards`` wells each, one sample."""
    rng = np.random.default_rng(seed)
    doses = np.repeat([1e-1, 1e-2, 1e-3, 1e-4, 1e-5], standards)
    amounts = np.repeat([1000.0, 200.0, 40.0, 8.0], standards)
    # Wells hold DNA_NG, so that the level in a well is lower by DNA_NG / NOMINAL_NG.
    sample = 22.0 - 3.4 * np.log10(LEVEL * DNA_NG / NOMINAL_NG)
    blocks = [
        ("standard", "T", "", doses, np.nan, 22.0 - 3.4 * np.log10(doses)),
        ("background", "T", "", np.full(6, np.nan), np.nan, np.full(6, 45.0)),
        ("ntc", "T", "", np.array([np.nan]), np.nan, np.array([np.nan])),
        ("sample", "T", "S", np.full(3, np.nan), np.nan, np.full(3, sample)),
        ("standard", "ALB", "", np.full(len(amounts), np.nan), amounts, 33.5 - 3.4 * np.log10(amounts)),
        ("sample", "ALB", "S", np.full(3, np.nan), np.nan, np.full(3, 33.5 - 3.4 * np.log10(DNA_NG))),
    ]  # fmt: skip
    one = pd.concat(
        pd.DataFrame({"role": r, "target": t, "sample_id": s, "dilution": d, "quantity_ng": q, "cq": c})
        for r, t, s, d, q, c in blocks
    )  # fmt: skip
    wells = pd.concat([one] * RUNS, ignore_index=True)
    wells["run_id"] = np.repeat([f"R{i:04d}" for i in range(RUNS)], len(one))
    wells["cq"] += rng.normal(0, sd, len(wells))
    wells["cq_state"] = np.where(wells["cq"].isna(), "undetermined", "determined")
    guideline = load_guideline("euromrd-2007-therapy-reduction")
    sheet = pd.DataFrame(
        {"target": ["T", "ALB"], "kind": ["mrd", "control_gene"], "patient_id": ["P", ""],
         "dna_per_well_ng": [NOMINAL_NG, np.nan], "control_gene": ["ALB", ""],
         "blast_fraction": np.nan, "guideline": [guideline.id, ""]}
    )  # fmt: skip
    runs = pd.DataFrame({"run_id": wells["run_id"].unique(), "performed_on": ""})
    return wells, Definitions(sheet, pd.DataFrame(), runs, {guideline.id: guideline}, True)


@pytest.mark.parametrize(("sd", "standards"), [(0.05, 2), (0.15, 2), (0.15, 3), (0.25, 3)])
def test_the_interval_holds_the_true_level_as_often_as_it_says(sd: float, standards: int) -> None:
    calls = analyse(*assays(sd=sd, standards=standards, seed=11)).calls
    quantified = calls[calls["call"] == "positive_quantifiable"]
    assert len(quantified) > 0.9 * RUNS
    held = (quantified["mrd_level_low"] <= LEVEL) & (quantified["mrd_level_high"] >= LEVEL)
    # 4,000 assays: the standard error of the frequency is 0.35 points.  Joining two intervals of
    # few degrees of freedom errs to the safe side by a point or so, never below.
    assert 0.94 < held.mean() < 0.975
