"""One small invented plate, for the writers of ``mrdq.simulate.exports``."""

from __future__ import annotations

import numpy as np

from mrdq.simulate.plate import Block, Plate
from mrdq.vocabulary import NTC, SAMPLE, STANDARD

PLATE = Plate(
    "invented",
    "2015-01-05",
    (
        Block("IGH", STANDARD, np.array([20.12, 20.34]), "S1", dilution=0.1),
        Block("IGH", STANDARD, np.array([23.51, 23.72]), "S2", dilution=0.01),
        Block("IGH", SAMPLE, np.array([27.25, np.nan, 31.875]), "patient", omitted=(2,)),
        Block("IGH", NTC, np.array([np.nan])),
        Block("ALB", STANDARD, np.array([24.5]), "C1", quantity_ng=600.0, reporter="VIC"),
    ),
)
