"""Simulated studies of the project's own: no patient data, the same bytes for the same seed."""

from __future__ import annotations

from mrdq.simulate.archive import write_archive
from mrdq.simulate.scenarios import intended_calls
from mrdq.simulate.study import write_example
from mrdq.simulate.trial import write_trial
from mrdq.simulate.trial_cohort import read_cohort
from mrdq.simulate.trial_design import intended_statuses

__all__ = [
    "intended_calls",
    "intended_statuses",
    "read_cohort",
    "write_archive",
    "write_example",
    "write_trial",
]
