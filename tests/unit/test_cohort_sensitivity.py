"""Each way to count MRD results, drawn as a table of results and what they count as."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from mrdq.cohort.samples import Settings
from mrdq.cohort.sensitivity import Counting, counted, countings

NAN = np.nan
# status, level, upper bound, class by the protocol
RESULTS = [
    ("positive_quantifiable", 5e-3, 5e-3, "positive"),
    ("positive_quantifiable", 2e-4, 2e-4, "positive"),
    ("positive_quantifiable", 2e-5, 2e-5, "positive"),
    ("positive_not_quantifiable", NAN, 1e-4, "positive"),
    ("positive_not_quantifiable", NAN, 5e-4, "positive"),
    ("positive_not_quantifiable", NAN, NAN, "positive"),
    ("uncertain_significance", NAN, 5e-5, "undecided"),
    ("negative", NAN, 1e-5, "negative"),
    ("negative", NAN, 5e-4, "negative"),
    ("not_evaluable", NAN, NAN, "not_evaluable"),
    ("not_done", NAN, NAN, "not_done"),
    ("", NAN, NAN, ""),
]
TABLE = pd.DataFrame({
    "mrd_t": [r[0] for r in RESULTS], "mrd_level_t": [r[1] for r in RESULTS],
    "mrd_high_t": [r[2] for r in RESULTS], "mrd_class_t": [r[3] for r in RESULTS],
})  # fmt: skip
SHORT = {"positive": "+", "negative": "-", "": "."}


@pytest.mark.parametrize(
    ("counting", "wanted"),
    [
        (Counting(), "++++++.--..."),
        # What was detected is positive from any level on, whatever becomes of the doubtful.
        (Counting(NAN, "positive", "positive"), "+++++++--+.."),
        (Counting(NAN, "negative", "negative"), "+++-------.."),
        (Counting(NAN, "interval", "interval"), "+++++++--..."),
        # From 1e-4 on: the level decides, and for a bound the whole interval has to.
        (Counting(1e-4, "positive", "negative"), "++-++++---.."),
        (Counting(1e-4, "negative", "positive"), "++-----" + "--+.."),
        (Counting(1e-4, "interval", "interval"), "++--..--...."),
        (Counting(1e-3, "interval", "interval"), "+----.---..."),
        (Counting(2e-4, "interval", "interval"), "++--..--...."),
    ],
)
def test_how_each_result_counts(counting: Counting, wanted: str) -> None:
    assert "".join(SHORT[c] for c in counted(TABLE, "t", counting)) == wanted


def test_the_grid_holds_the_base_and_every_combination() -> None:
    made = countings(Settings(timepoints=("t",), cutoffs=(1e-4,)))
    assert made[0].key == {"cutoff": "protocol", "below_range": "protocol", "not_evaluable": "protocol"}  # fmt: skip
    assert len(made) == len({tuple(c.key.values()) for c in made}) == 1 + 2 * 3 * 3
    assert {c.key["cutoff"] for c in made} == {"protocol", "any", "0.0001"}
