"""The hand-off of mrdq in Python with lifelines: python examples/lifelines_example.py results

What every column means: docs/hand-off.md.  lifelines 0.30 needs pandas below 3, mrdq a later one:
give it an environment of its own (requirements-examples.lock).
"""

import sys
from pathlib import Path

import pandas as pd
from lifelines import KaplanMeierFitter, LogNormalFitter
from lifelines.statistics import multivariate_logrank_test

TWO_YEARS = 730
LANDMARK = 120  # a day by which every sample of post-C1 was taken: choose it for your protocol


def read_tsv(path: Path) -> pd.DataFrame:
    """Everything as text first: an id stays what it is (007, NA)."""
    return pd.read_csv(path, sep="\t", dtype=str, keep_default_na=False)


def numbers(rows: pd.DataFrame, pattern: str) -> pd.DataFrame:
    """The columns of a pattern as numbers; an empty cell becomes NaN."""
    names = rows.filter(regex=pattern).columns
    return rows.assign(**{name: pd.to_numeric(rows[name]) for name in names})


def estimate(rows: pd.DataFrame) -> str:
    """Kaplan-Meier at two years; NE where nobody was followed so long."""
    if not (rows["time_days"] >= TWO_YEARS).any():
        return "NE"
    fitted = KaplanMeierFitter().fit(rows["time_days"], rows["event"])
    return f"{fitted.predict(TWO_YEARS):.6f}"


results = Path(sys.argv[1])
survival = read_tsv(results / "survival.tsv")
survival = numbers(survival, "^(time_days|event)$|^mrd_(level|low|high|day)_")

# Overall survival by trial, from the start of treatment
os = survival[(survival["endpoint"] == "OS") & survival["time_days"].notna()]
for trial, rows in os.groupby("trial"):
    print(f"OS at day 730, {trial}: {estimate(rows)} (n = {len(rows)})")
test = multivariate_logrank_test(os["time_days"], os["trial"], os["event"])
print(f"OS, log-rank between trials: chi-squared {test.test_statistic:.6f}")

# Leukaemia-free survival by MRD after C-1. That is known only to those who reached it, so all
# start at a landmark; who relapsed, died or was lost before it is left out.
lfs = survival[survival["endpoint"] == "LFS"]
at_landmark = lfs[(lfs["time_days"] >= LANDMARK) & (lfs["mrd_day_post-C1"] <= LANDMARK)]
for mrd_class in ("negative", "positive"):
    rows = at_landmark[at_landmark["mrd_class_post-C1"] == mrd_class]
    print(f"LFS at day 730 from the landmark, MRD {mrd_class}: {estimate(rows)} (n = {len(rows)})")

# The MRD level after A-1, with everything that was not quantified as what it is: an interval.
# Who has no bound at all (not evaluable, or positive without an upper bound) is missing.
once = survival[survival["endpoint"] == "OS"]
bounds = once[["mrd_low_post-A1", "mrd_high_post-A1"]].set_axis(["low", "high"], axis=1)
known = bounds.dropna(subset="high")
# lifelines writes "no lower bound" as 0, and finds its way better in copies per million.
fitted = LogNormalFitter().fit_interval_censoring(known["low"].fillna(0) * 1e6, known["high"] * 1e6)
median = fitted.median_survival_time_ / 1e6
print(f"MRD level after A-1, median of a lognormal: {median:.3g} (n = {len(known)} of {len(once)})")
