"""The whole analysis of a cohort: one population in, every table out."""

from __future__ import annotations

import pandas as pd

from mrdq.cohort import frames, tables
from mrdq.cohort.comparisons import comparisons
from mrdq.cohort.estimates import estimates, follow_up
from mrdq.cohort.incidence import incidence, incidence_curves
from mrdq.cohort.models import hazard_ratios
from mrdq.cohort.population import of_trials
from mrdq.cohort.rates import mrd_rates, mrd_tests
from mrdq.cohort.samples import Settings, samples
from mrdq.cohort.sensitivity import sensitivity
from mrdq.cohort.table_one import table_one


def analyse(patients: pd.DataFrame, settings: Settings) -> dict[str, pd.DataFrame]:
    """Every table of ``mrdq.cohort.tables`` but AGAINST, by its name without ``.tsv``.

    ``patients``: of :func:`mrdq.cohort.population.population`.
    """
    sets, selections = samples(patients, settings)
    enrolled = of_trials(patients)
    at, steps = estimates(sets, settings)
    flow = [row for selection in selections for row in selection.flow(patients["trial"])]
    left_out = [selection.excluded(patients) for selection in selections]
    return {
        "flow": frames.frame(flow, tables.FLOW),
        "excluded": frames.joined(left_out, tables.EXCLUDED),
        "table1": table_one(patients, settings.timepoints),
        "mrd_rates": mrd_rates(enrolled, settings),
        "mrd_tests": mrd_tests(enrolled, settings),
        "estimates": at,
        "curves": steps,
        "tests": comparisons(sets),
        "cox": hazard_ratios(sets, settings),
        "competing": incidence(sets, settings),
        "competing_curves": incidence_curves(sets),
        "follow_up": follow_up(sets),
        "sensitivity": sensitivity(enrolled, settings),
    }
