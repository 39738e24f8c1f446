"""Random studies for hypothesis: it draws the plan and the seed, and shrinks the structure.

The studies themselves are made in :mod:`mrdq.validation.studies`, which ships.
"""

from __future__ import annotations

from hypothesis import strategies as st

from mrdq.validation.reference import RULE_SETS, Study
from mrdq.validation.studies import HARD, TIMEPOINTS, Plan, study_from_plan, study_from_seed

__all__ = ["TIMEPOINTS", "plans", "studies", "study_from_seed"]


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    """The structure of a study; every field shrinks to the plainest."""
    large = draw(st.sampled_from((False,) * 19 + (True,)))
    return Plan(
        rules=draw(st.sampled_from(RULE_SETS)),
        control_gene=draw(st.sampled_from(("required", "optional"))),
        n_patients=4 if large else draw(st.integers(1, 2)),
        n_targets=2 if large else draw(st.integers(1, 2)),
        n_control_genes=draw(st.sampled_from((1, 2, 0))),
        n_runs=1 if large else draw(st.integers(1, 4)),
        n_timepoints=draw(st.integers(1, 2)),
        other_material=draw(st.booleans()),
        second_sample=draw(st.booleans()),
        multiplex=draw(st.booleans()),
        large=large,
        exact=draw(st.booleans()),
        digits=draw(st.sampled_from((1, 3, 6))),
        noise=draw(st.sampled_from((0.02, 0.1, 0.3))),
        ordered_runs=draw(st.booleans()),
        hard=draw(st.frozensets(st.sampled_from(HARD), max_size=4)),
    )


@st.composite
def studies(draw: st.DrawFn) -> Study:
    """A random study: a drawn plan, and a drawn seed for all its numbers."""
    plan = draw(plans())
    return study_from_plan(plan, draw(st.integers(0, 2**32 - 1)))
