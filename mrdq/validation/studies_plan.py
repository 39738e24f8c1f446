"""Random studies: what a study is made of, before a well is drawn.

See :mod:`mrdq.validation.studies`.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

from mrdq.validation.reference_study import RULE_SETS, THERAPY_REDUCTION, Rules

Row = dict[str, Any]

GENOMES_PER_WELL = 9e4
TIMEPOINTS = ("post-A1", "post-C1")
RUN_IDS = ("R2", "R10", "R1", "007", "r1", "1E5")
DATES = ("", "", "2024-01-31", "2024-02-01", "2024-02-01", "2025-11-03")
LEVELS = (0.0, 0.0, 0.0, 3e-6, 1e-5, 2e-5, 5e-5, 1e-4, 1e-4, 2e-4, 1e-3, 1e-2, 0.05, 0.4)

# Each may strike any block (a run and a target, or a sample in it) of a study that has it.
HARD = (
    "no_background_signal",
    "background_high",
    "background_on_bound",
    "background_few",
    "background_none",
    "ntc_dirty",
    "ntc_missing",
    "ntc_omitted",
    "few_points",
    "no_standards",
    "single_standards",
    "flat",
    "steep",
    "bad_steps",
    "poor_fit",
    "late_curve",
    "standards_undetermined",
    "standards_gap",
    "standards_apart",
    "intermediate",
    "float_dilution",
    "one_of_n_positive",
    "two_of_n_positive",
    "spread",
    "sample_on_bound",
    "sample_few_wells",
    "sample_many_wells",
    "sample_omitted",
    "omitted",
    "discordant",
    "dna_little",
    "dna_low",
    "dna_much",
    "dna_missing",
    "dna_elsewhere",
    "dna_undetermined",
    "dna_spread",
    "dna_omitted",
    "dna_five_fold",
    "dna_flat",
    "dna_few_points",
    "dna_no_curve",
    "dna_ntc_dirty",
    "blasts",
    "not_done",
    "only_other_material",
)


@dataclass(frozen=True)
class Plan:
    """The structure of a study; the defaults are the plainest one."""

    rules: Rules = THERAPY_REDUCTION
    control_gene: str = "required"
    n_patients: int = 1
    n_targets: int = 1
    n_control_genes: int = 1
    n_runs: int = 1
    n_timepoints: int = 1
    other_material: bool = False
    second_sample: bool = False
    multiplex: bool = False
    large: bool = False  # a 384-well plate
    exact: bool = False  # no noise and one decimal: values fall on the bounds
    digits: int = 3
    noise: float = 0.1
    ordered_runs: bool = True
    hard: frozenset[str] = field(default_factory=frozenset)


def plan_of(rng: random.Random) -> Plan:
    """A plan from a random generator, weighted so that about half of the calls are evaluable."""
    large = rng.random() < 0.04
    control_gene = rng.choice(("required", "required", "optional"))
    exact = rng.random() < 0.3
    some = rng.choice((0.0, 0.03, 0.06, 0.12))
    return Plan(
        rules=rng.choice(RULE_SETS),
        control_gene=control_gene,
        n_patients=4 if large else rng.choice((1, 1, 1, 2)),
        n_targets=2 if large else rng.choice((1, 1, 2)),
        n_control_genes=rng.choice(
            (0, 1, 1, 2) if control_gene == "optional" else (1,) * 9 + (2, 0)
        ),
        n_runs=1 if large else rng.choice((1, 1, 2, 2, 3, 4)),
        n_timepoints=rng.choice((1, 1, 2)),
        other_material=rng.random() < 0.25,
        second_sample=rng.random() < 0.1,
        multiplex=rng.random() < 0.2,
        large=large,
        exact=exact,
        digits=rng.choice((1, 1, 3, 6)),
        noise=rng.choice((0.02, 0.08, 0.15, 0.3)),
        ordered_runs=rng.random() < 0.5,
        hard=frozenset(name for name in HARD if rng.random() < some),
    )
