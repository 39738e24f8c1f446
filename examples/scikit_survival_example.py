"""The hand-off of mrdq in Python with scikit-survival: python examples/scikit_survival_example.py results

What every column means: docs/hand-off.md.  Where scikit-survival and mrdq want different pandas,
give it an environment of its own (requirements-examples.lock).
"""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
from sksurv.compare import compare_survival
from sksurv.nonparametric import cumulative_incidence_competing_risks, kaplan_meier_estimator
from sksurv.util import Surv

TWO_YEARS = 730
LANDMARK = 120  # a day by which every sample of post-C1 was taken: choose it for your protocol


def read_tsv(path: Path) -> pd.DataFrame:
    """Everything as text first: an id stays what it is (007, NA)."""
    return pd.read_csv(path, sep="\t", dtype=str, keep_default_na=False)


def numbers(rows: pd.DataFrame, pattern: str) -> pd.DataFrame:
    """The columns of a pattern as numbers; an empty cell becomes NaN."""
    names = rows.filter(regex=pattern).columns
    return rows.assign(**{name: pd.to_numeric(rows[name]) for name in names})


def at_two_years(days: np.ndarray, values: np.ndarray, before: float) -> float:
    """The value of a step function on day 730; ``before``: its value ahead of the first step."""
    return np.concatenate([[before], values])[np.searchsorted(days, TWO_YEARS, side="right")]


def estimate(rows: pd.DataFrame) -> str:
    """Kaplan-Meier at two years; NE where nobody was followed so long."""
    if not (rows["time_days"] >= TWO_YEARS).any():
        return "NE"
    days, survived = kaplan_meier_estimator(rows["event"] == 1, rows["time_days"])
    return f"{at_two_years(days, survived, 1.0):.6f}"


results = Path(sys.argv[1])
survival = read_tsv(results / "survival.tsv")
survival = numbers(survival, "^(time_days|event)$|^mrd_(level|low|high|day)_")

# Overall survival by trial, from the start of treatment
os = survival[(survival["endpoint"] == "OS") & survival["time_days"].notna()]
for trial, rows in os.groupby("trial"):
    print(f"OS at day 730, {trial}: {estimate(rows)} (n = {len(rows)})")
statistic, _ = compare_survival(Surv.from_arrays(os["event"] == 1, os["time_days"]), os["trial"])
print(f"OS, log-rank between trials: chi-squared {statistic:.6f}")

# Leukaemia-free survival by MRD after C-1. That is known only to those who reached it, so all
# start at a landmark; who relapsed, died or was lost before it is left out.
lfs = survival[survival["endpoint"] == "LFS"]
at_landmark = lfs[(lfs["time_days"] >= LANDMARK) & (lfs["mrd_day_post-C1"] <= LANDMARK)]
for mrd_class in ("negative", "positive"):
    rows = at_landmark[at_landmark["mrd_class_post-C1"] == mrd_class]
    print(f"LFS at day 730 from the landmark, MRD {mrd_class}: {estimate(rows)} (n = {len(rows)})")

# Cumulative incidence of relapse; death without relapse competes (adtte.tsv: CNSR 2)
adtte = numbers(read_tsv(results / "adtte.tsv"), "^(AVAL|CNSR)$")
cir = adtte[adtte["PARAMCD"] == "CIR"]
code = cir["CNSR"].map({1: 0, 0: 1, 2: 2}).to_numpy(dtype=int)  # 0 censored, then the two kinds
days, shares = cumulative_incidence_competing_risks(code, cir["AVAL"].to_numpy())
relapse, death = (at_two_years(days, shares[kind], 0.0) for kind in (1, 2))
print(f"Cumulative incidence at day 730: relapse {relapse:.6f}, death without relapse {death:.6f}")
