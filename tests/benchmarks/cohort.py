"""The cohort's benchmark: every part of the analysis of 10⁴ and 10⁵ simulated patients.

``make bench`` writes ``docs/benchmarks-cohort.md``.  Seconds after the imports, the median of three
rounds; the bound on estimates, intervals and tests together is 10 seconds.
"""

from __future__ import annotations

import math
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd

from mrdq.cohort import comparisons, estimates, incidence, models, rates, sensitivity, table_one
from mrdq.cohort.samples import Settings, samples

REPORT = Path(__file__).parents[2] / "docs" / "benchmarks-cohort.md"
SIZES = (10_000, 100_000)
ROUNDS = 3
BOUND = 10.0
IMPORT = "import mrdq.cohort_stage"
SETTINGS = Settings(
    timepoints=("post-A1", "post-C1"), landmark_day=120, landmark_timepoint="post-C1"
)


def cohort(patients: int) -> pd.DataFrame:
    """SIMULATED patients of two trials: follow-up of up to ten years in whole days, two MRD results."""
    rng = np.random.default_rng(patients)
    death = rng.exponential(4000, patients)
    relapse = rng.exponential(5000, patients)
    lost = rng.uniform(30, 3650, patients)
    os_days = np.floor(np.minimum(death, lost))
    relapsed = relapse < np.minimum(death, lost)
    lfs_days = np.where(relapsed, np.floor(relapse), os_days)
    dead = death <= lost
    age = np.floor(rng.uniform(16, 66, patients))
    made: dict[str, object] = {
        "patient_id": [f"P{n:06d}" for n in range(patients)],
        "trial": np.where(np.arange(patients) % 2, "trial 2", "trial 1"),
        "age": age,
        "age_group": np.select([age < 36, age < 56], ["16-35", "36-55"], "56-65"),
        "sex": "",
        "protocol": "simulated",
        "relapse_day": np.where(relapsed, lfs_days, np.nan),
        "transplant_day": np.where(rng.random(patients) < 0.2, np.floor(os_days / 2), np.nan),
        "os_days": os_days,
        "os_event": dead.astype(float),
        "lfs_days": lfs_days,
        "lfs_event": (dead | relapsed).astype(float),
        "cause": np.where(relapsed, "relapse", np.where(dead, "death", "")),
        "first_day": lfs_days,
        "first_event": (dead | relapsed).astype(float),
    }
    for timepoint, day in (("post-A1", 33.0), ("post-C1", 96.0)):
        kind = rng.choice(3, patients, p=[0.55, 0.35, 0.10])
        level = np.where(kind == 1, 10 ** rng.uniform(-5, -1, patients), np.nan)
        statuses = np.array(["negative", "positive_quantifiable", "not_evaluable"], dtype=object)
        classes = np.array(["negative", "positive", "not_evaluable"], dtype=object)
        made |= {
            f"mrd_{timepoint}": statuses[kind],
            f"mrd_class_{timepoint}": classes[kind],
            f"mrd_level_{timepoint}": level,
            f"mrd_low_{timepoint}": level,
            f"mrd_high_{timepoint}": np.where(kind == 0, 1e-5, level),
            f"mrd_day_{timepoint}": np.minimum(day, np.maximum(lfs_days - 1, 0)),
        }
    return pd.DataFrame(made)


def parts(patients: pd.DataFrame) -> dict[str, Callable[[], object]]:
    sets, _ = samples(patients, SETTINGS)
    times = SETTINGS.timepoints
    return {
        "who is analysed": lambda: samples(patients, SETTINGS),
        "Kaplan-Meier estimates, intervals, curves": lambda: estimates.estimates(sets, SETTINGS),
        "median follow-up": lambda: estimates.follow_up(sets),
        "MRD rates, intervals and tests": lambda: (
            rates.mrd_rates(patients, SETTINGS),
            rates.mrd_tests(patients, SETTINGS),
        ),
        "table 1": lambda: table_one.table_one(patients, times),
        "cumulative incidence and intervals": lambda: incidence.incidence(sets, SETTINGS),
        "log-rank and Gray's tests": lambda: comparisons.comparisons(sets),
        "Cox models, Efron and Firth, proportional hazards": lambda: models.hazard_ratios(
            sets, SETTINGS
        ),
        "sensitivity": lambda: sensitivity.sensitivity(patients, SETTINGS),
    }


BOUNDED = 7
"""The first of the parts are estimates, intervals and tests."""


def seconds(function: Callable[[], object]) -> float:
    taken = []
    for _ in range(ROUNDS):
        start = time.process_time()
        function()
        taken.append(time.process_time() - start)
    return statistics.median(taken)


def import_seconds() -> float:
    def once() -> float:
        start = time.perf_counter()
        subprocess.run([sys.executable, "-c", IMPORT], check=True)
        return time.perf_counter() - start

    return statistics.median(once() for _ in range(ROUNDS))


def main() -> None:
    measured = {}
    for size in SIZES:
        patients = cohort(size)
        measured[size] = {name: seconds(part) for name, part in parts(patients).items()}
    small, large = (measured[size] for size in SIZES)
    rows = [
        f"| {name} | {small[name]:.2f} | {large[name]:.2f} | {_exponent(small[name], large[name])} |"
        for name in large
    ]
    totals = [sum(list(one.values())[:BOUNDED]) for one in (small, large)]
    met = "yes" if totals[1] <= BOUND else "**no**"
    libraries = ", ".join(f"{n} {version(n)}" for n in ("numpy", "pandas", "scipy", "statsmodels"))
    REPORT.write_text(
        "# Benchmarks of the cohort\n\n"
        f"Made by `make bench`: CPU seconds after the imports, the median of {ROUNDS} rounds. SIMULATED patients of two\n"
        "trials with follow-up in whole days up to ten years, two MRD timepoints, a fifth transplanted: 24 samples from\n"
        "the start and from the landmark, with and without censoring at transplantation.\n"
        f"Python {platform.python_version()}, {libraries}.\n\n"
        f"Estimates, intervals and tests (the first {BOUNDED} rows) of {SIZES[1]:,} patients: **{totals[1]:.1f} s**, bound "
        f"{BOUND:g} s, met: {met}. Imports, whole process: {import_seconds():.1f} s.\n\n"
        f"| part | {SIZES[0]:,} patients [s] | {SIZES[1]:,} patients [s] | exponent |\n|---|---|---|---|\n"
        + "\n".join(rows)
        + "\n",
        encoding="utf-8",
    )


def _exponent(small: float, large: float) -> str:
    if small < 0.02:
        return ""
    return f"{math.log(large / small) / math.log(SIZES[1] / SIZES[0]):.2f}"


if __name__ == "__main__":
    main()
