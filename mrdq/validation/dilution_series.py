"""PQ-c: a simulated dilution series of known levels: bias of the level and coverage of its interval.

Errors are normal and of one size on curve, sample and control gene, which is the model of the interval
(it does not carry the sampling of few molecules; the levels lie where that plays no part).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from mrdq.analysis import Definitions, analyse
from mrdq.definitions import load_guideline
from mrdq.validation.checks import SIMULATED, Check, judged

RULE_SET = "euromrd-2007-therapy-reduction"
SEED, RUNS, SD = 2024, 1000, 0.15
LEVELS = (5e-2, 1e-2, 1e-3, 3e-4)
DNA_NG, NOMINAL_NG = 450.0, 600.0
LEAST_QUANTIFIED = 0.95
COVERAGE = (0.925, 0.98)
"""Accepted share of 95 % intervals that hold the true level.  Of 1,000 runs it has a standard error of
0.7 points; joining two intervals of few degrees of freedom errs to the safe side by a point or so."""
BIAS = 0.02
"""Accepted bias of log10 of the level: a factor of 1.05."""
STANDARDS = (1e-1, 1e-2, 1e-3, 1e-4, 1e-5)
AMOUNTS = (1000.0, 200.0, 40.0, 8.0)


def _run(level: float) -> pd.DataFrame:
    """The wells of a run without noise: the level in a well is lower by DNA_NG / NOMINAL_NG."""
    dose, amount = np.repeat(STANDARDS, 3), np.repeat(AMOUNTS, 2)
    sample = np.nan if level == 0 else 22.0 - 3.4 * np.log10(level * DNA_NG / NOMINAL_NG)
    blocks = [
        ("standard", "T", "", dose, np.nan, 22.0 - 3.4 * np.log10(dose)),
        ("background", "T", "", np.full(6, np.nan), np.nan, np.full(6, np.nan)),
        ("ntc", "T", "", np.full(2, np.nan), np.nan, np.full(2, np.nan)),
        ("sample", "T", "S", np.full(3, np.nan), np.nan, np.full(3, sample)),
        ("standard", "ALB", "", np.full(len(amount), np.nan), amount, 33.5 - 3.4 * np.log10(amount)),
        ("sample", "ALB", "S", np.full(2, np.nan), np.nan, np.full(2, 33.5 - 3.4 * np.log10(DNA_NG))),
    ]  # fmt: skip
    return pd.concat(
        pd.DataFrame({"role": r, "target": t, "sample_id": s, "dilution": d, "quantity_ng": q, "cq": c})
        for r, t, s, d, q, c in blocks
    )  # fmt: skip


def calls(level: float, runs: int, *, seed: int) -> pd.DataFrame:
    """CALLS of that many simulated runs of a sample of a level (0: none)."""
    one = _run(level)
    wells = pd.concat([one] * runs, ignore_index=True)
    names = [f"R{number:05d}" for number in range(runs)]
    wells["run_id"] = np.repeat(names, len(one))
    wells["cq"] += np.random.default_rng(seed).normal(0.0, SD, len(wells))
    wells["cq_state"] = np.where(wells["cq"].isna(), "undetermined", "determined")
    guideline = load_guideline(RULE_SET)
    assays = pd.DataFrame(
        {"target": ["T", "ALB"], "kind": ["mrd", "control_gene"], "patient_id": ["P", ""],
         "dna_per_well_ng": [NOMINAL_NG, np.nan], "control_gene": ["ALB", ""],
         "blast_fraction": np.nan, "guideline": [guideline.id, ""]}
    )  # fmt: skip
    samples = pd.DataFrame({"sample_id": ["S"], "patient_id": ["P"], "timepoint": [""]})
    sheet = pd.DataFrame({"run_id": names, "performed_on": ""})
    definitions = Definitions(assays, samples, sheet, {guideline.id: guideline}, control_gene_required=True)  # fmt: skip
    return analyse(wells, definitions).calls


def checks(runs: int) -> Iterator[Check]:
    """Every level of the series, and a sample without any."""
    low, high = COVERAGE
    for number, level in enumerate(LEVELS):
        found = calls(level, runs, seed=SEED + number)
        quantified = found[found["call"] == "positive_quantifiable"]
        share = len(quantified) / runs
        what = (
            f"{runs} simulated runs of a sample of {level:g}, SD {SD} cycles (seed {SEED + number})"
        )
        yield judged(f"PQ-c-{level:g}-quantified", f"{what}: share quantified",
                     f"at least {LEAST_QUANTIFIED}", f"{share:.4f}", passed=share >= LEAST_QUANTIFIED,
                     data=SIMULATED)  # fmt: skip
        bias = float(np.log10(quantified["mrd_level"] / level).mean())
        yield judged(f"PQ-c-{level:g}-bias", f"{what}: mean error of log10 of the level",
                     f"between -{BIAS} and {BIAS}", f"{bias:+.4f}", passed=abs(bias) <= BIAS, data=SIMULATED)  # fmt: skip
        inside = (quantified["mrd_level_low"] <= level) & (quantified["mrd_level_high"] >= level)
        held = float(inside.mean())
        yield judged(f"PQ-c-{level:g}-coverage", f"{what}: share of 95 % intervals that hold {level:g}",
                     f"between {low} and {high}", f"{held:.4f}", passed=low <= held <= high, data=SIMULATED)  # fmt: skip
    none = calls(0.0, runs, seed=SEED + len(LEVELS))
    negative = float((none["call"] == "negative").mean())
    yield judged("PQ-c-0-negative", f"{runs} simulated runs of a sample without leukaemic DNA or background "
                 "signal: share negative", f"at least {LEAST_QUANTIFIED}", f"{negative:.4f}",
                 passed=negative >= LEAST_QUANTIFIED, data=SIMULATED)  # fmt: skip
