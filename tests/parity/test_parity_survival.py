"""Kaplan-Meier, log-rank, proportions and interval-censored levels as R gives them (README.md)."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mrdq.cohort import kaplan_meier, logrank, proportions, turnbull

HERE = Path(__file__).parent
COHORT = HERE.parents[1] / "resources" / "trial" / "synthetic_cohort.csv"
TIGHT = {"rtol": 1e-9, "atol": 1e-12}


def expected(name: str, folder: Path = HERE) -> pd.DataFrame:
    text = {"data", "group", "level", "strata", "of", "case"}
    return pd.read_csv(
        folder / "expected" / f"survival_{name}.tsv",
        sep="\t", dtype=dict.fromkeys(text, str), keep_default_na=False, na_values={n: [""] for n in NUMBERS},
    )  # fmt: skip


NUMBERS = ("day", "at_risk", "n_events", "n_censored", "estimate", "low", "high", "median")


def patients(name: str) -> pd.DataFrame:
    """``time event`` and the groups, as the script made them."""
    if name.startswith("synthetic"):
        table = pd.read_csv(COHORT, keep_default_na=False)
        endpoint = "OS" if name == "synthetic_os" else "LFS"
        days = table[f"{endpoint}_DAYS"].astype(int)
        time = days // 90 if name == "synthetic_quarters" else days
        return table.assign(all="all", time=time, event=table[f"{endpoint}_EVENT"].astype(int))
    table = pd.read_csv(HERE / "data" / f"{name}.csv").assign(all="all")
    if name == "lung":
        return table.assign(event=table["status"] - 1, old=(table["age"] >= 65).astype(int))
    return table.assign(event=table["status"])


def curves(name: str) -> Iterator[tuple[kaplan_meier.KaplanMeier, pd.DataFrame, pd.DataFrame]]:
    """The curve of each level of each group, its patients, and R's rows for it."""
    for (data, group, level), rows in expected(name).groupby(
        ["data", "group", "level"], sort=False
    ):
        of = patients(data)
        of = of[of[group].astype(str) == level]
        yield kaplan_meier.curve(of["time"], of["event"]), of, rows


def agree(ours: object, theirs: object) -> None:
    np.testing.assert_allclose(np.asarray(ours, float), np.asarray(theirs, float), **TIGHT)


def test_curves() -> None:
    n = 0
    for curve, _, rows in curves("curves"):
        for name in ("day", "at_risk", "n_events", "n_censored", "estimate", "low", "high"):
            agree(getattr(curve, name), rows[name])
        n += 1
    assert n == 18


def test_estimates_at_fixed_days() -> None:
    for curve, _, rows in curves("at"):
        found = kaplan_meier.at(curve, rows["day"])
        for name in ("at_risk", "n_events", "estimate"):
            agree(found[name], rows[name])
        touched = rows["estimate"].to_numpy() < 1
        for name in ("low", "high"):
            agree(found[name][touched], rows[name][touched])
            assert found[name][~touched].isna().all()


def test_medians() -> None:
    for curve, of, rows in curves("medians"):
        theirs = rows.set_index("of")[["median", "low", "high"]].apply(pd.to_numeric)
        agree(kaplan_meier.median(curve), theirs.loc["event"])
        agree(kaplan_meier.median_follow_up(of["time"], of["event"]), theirs.loc["follow_up"])


def test_logrank() -> None:
    theirs, counts = expected("logrank"), expected("logrank_counts")
    keys = ["data", "group", "strata"]
    assert len(theirs) == 22
    for row in theirs.itertuples():
        of = patients(row.data)
        strata = of[row.strata] if row.strata else None
        ours = logrank.logrank(of["time"], of["event"], of[row.group], strata=strata)
        agree(
            [ours.statistic, ours.df, ours.p, ours.n, ours.n_events],
            [row.statistic, row.df, row.p, row.n, row.n_events],
        )
        # Nobody of the synthetic cohort without an MRD result after C-1 has died.
        assert ours.note in ("", "stratum NE left out: nobody to compare at an event")
        of_row = counts[(counts[keys] == [row.data, row.group, row.strata]).all(axis=1)]
        assert [str(g) for g in ours.observed] == of_row["level"].tolist()
        agree(list(ours.observed.values()), of_row["observed"])
        agree(list(ours.expected.values()), of_row["expected"])


def test_rates() -> None:
    for row in expected("rates").astype(float).itertuples():
        ours = proportions.rate(int(row.count), int(row.total))
        agree(
            [ours.wilson_low, ours.wilson_high, ours.exact_low, ours.exact_high],
            [row.wilson_low, row.wilson_high, row.exact_low, row.exact_high],
        )


def test_fourfold_tables() -> None:
    for row in expected("fourfold").astype(float).itertuples():
        ours = proportions.compare([[row.a, row.b], [row.c, row.d]]).set_index("test")
        agree(ours["p"], [row.pearson_p, row.yates_p, row.fisher_p])
        agree(ours["statistic"][["pearson", "yates"]], [row.pearson, row.yates])


def test_three_trials() -> None:
    theirs = expected("three_trials").astype(float).iloc[0]
    ours = proportions.compare([[20, 30, 25], [15, 10, 30]]).iloc[0]
    agree(ours[["statistic", "df", "p"]], theirs[["statistic", "df", "p"]])


def test_interval_censored_levels() -> None:
    samples = pd.read_csv(HERE / "data" / "simulated_levels.csv")
    rows = expected("levels")
    assert len(rows) == 20
    for row in rows.itertuples():
        of = samples[samples["case"] == row.case]
        ours = turnbull.share_at_or_above(of["low"], of["high"], float(row.cut))
        agree([ours.lowest, ours.estimate, ours.highest], [float(row.share)] * 3)


def r_with_survival() -> bool:
    if shutil.which("Rscript") is None:
        return False
    asked = ["Rscript", "-e", 'quit(status = !requireNamespace("survival", quietly = TRUE))']
    return subprocess.run(asked, capture_output=True, check=False).returncode == 0


def test_r_makes_the_tables_again(tmp_path: Path) -> None:
    if not r_with_survival():
        pytest.skip("Rscript with the package survival is not installed")
    script = ["Rscript", str(HERE / "make_survival_tables.R"), str(tmp_path)]
    subprocess.run(script, check=True, capture_output=True)
    names = sorted(path.name for path in (tmp_path / "expected").iterdir())
    assert names == sorted(path.name for path in (HERE / "expected").glob("survival_*.tsv"))
    for name in names:
        ours, theirs = (
            pd.read_csv(folder / "expected" / name, sep="\t") for folder in (HERE, tmp_path)
        )
        pd.testing.assert_frame_equal(ours, theirs, rtol=1e-12, atol=1e-14)
    for path in (tmp_path / "data").iterdir():
        kept = pd.read_csv(HERE / "data" / path.name)
        pd.testing.assert_frame_equal(kept, pd.read_csv(path), rtol=1e-12)
