"""Cox models, Firth's correction, competing risks and Gray's test as R gives them (README-cox.md)."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mrdq.cohort import competing, cox
from mrdq.cohort.gray import gray
from mrdq.cohort.logrank import logrank
from mrdq.cohort.proportional_hazards import proportional_hazards

HERE = Path(__file__).parent
COHORT = HERE.parents[1] / "resources" / "trial" / "synthetic_cohort.csv"
TEXT = dict.fromkeys(("case", "method", "covariate", "terms", "trial", "of", "test"), str)


def expected(name: str, folder: Path = HERE) -> pd.DataFrame:
    path = folder / "expected" / f"{name}.tsv"
    return pd.read_csv(path, sep="\t", dtype=TEXT, keep_default_na=False,
                       na_values={n: [""] for n in ("se", "low", "high")})  # fmt: skip


def agree(ours: object, theirs: object, tolerance: float) -> None:
    ours, theirs = np.asarray(ours, float), np.asarray(theirs, float)
    np.testing.assert_allclose(ours, theirs, rtol=tolerance, atol=tolerance)


@dataclass(frozen=True)
class Case:
    time: pd.Series
    event: pd.Series
    covariates: pd.DataFrame
    entry: pd.Series | None = None
    strata: pd.Series | None = None

    @property
    def risk(self) -> dict[str, object]:
        return {"entry": self.entry, "strata": self.strata}


@cache
def data(name: str) -> pd.DataFrame:
    return pd.read_csv(HERE / "data" / f"{name}.csv")


@cache
def cohort() -> pd.DataFrame:
    table = pd.read_csv(COHORT, keep_default_na=False)
    days, event = table["LFS_DAYS"].astype(int), table["LFS_EVENT"].astype(int)
    cause = np.where(event == 0, "", np.where(table["RELAPSE_DAY"] == "", "death", "relapse"))
    emptied = np.where((days >= 400) & (cause == ""), "death", cause)
    return table.assign(
        os=table["OS_DAYS"].astype(int), os_event=table["OS_EVENT"].astype(int), event=event,
        days=days, quarters=days // 90, emptied=days.clip(upper=400),
        cause_of_days=cause, cause_of_quarters=cause, cause_of_emptied=emptied,
    )  # fmt: skip


def columns(**made: pd.Series) -> pd.DataFrame:
    return pd.DataFrame({name: values.astype(float) for name, values in made.items()})


@cache
def case(name: str) -> Case:
    """The patients of a case, as the script made them."""
    kind, _, by = name.partition("_")
    if kind == "lung":
        d = data("lung").dropna(subset=["ph.ecog"]).reset_index(drop=True)
        names = ["age", "ph.ecog"] if by else ["age", "sex", "ph.ecog"]
        return Case(d["time"], d["status"] - 1, d[names], strata=d["sex"] if by else None)
    if kind == "veteran":
        d = data("veteran")
        cell = {c: d["celltype"] == c for c in ("smallcell", "adeno", "large")}
        if by:
            return Case(d["time"], d["status"], d[["trt", "karno"]], strata=d["celltype"])
        x = columns(trt=d["trt"], karno=d["karno"], age=d["age"], **cell)
        return Case(d["time"], d["status"], x)
    if kind == "aml":
        d = data("aml")
        return Case(d["time"], d["status"], columns(maintained=d["x"] == "Maintained"))
    return _heart(by) if kind == "heart" else _synthetic(name)


def _heart(by: str) -> Case:
    d = data("heart")
    x = d[["age", "year", "surgery", "transplant"]].astype(float)
    if by == "months":
        return Case(d["stop"] // 30 + 1, d["event"], x, entry=d["start"] // 30)
    stop, start = 2 * d["stop"], 2 * d["start"]
    if by == "by_surgery":
        return Case(stop, d["event"], x[["age", "transplant"]], entry=start, strata=d["surgery"])
    return Case(stop, d["event"], x, entry=start)


def _synthetic(name: str) -> Case:
    d = cohort()
    c1 = d["MRD_C1"] == "POS"
    if name == "no_event":
        old = d["AGEGR1"] == "56-65"
        return Case(d["days"], d["event"].where(~old, 0), columns(age_56_65=old, c1_positive=c1))
    x = columns(trial_2023=d["TRIAL"] == "ALL/MRD2023", age_36_55=d["AGEGR1"] == "36-55",
                age_56_65=d["AGEGR1"] == "56-65", c1_positive=c1)  # fmt: skip
    if name == "synthetic_os":
        return Case(d["os"], d["os_event"], x)
    return Case(d["quarters" if name == "synthetic_quarters" else "days"], d["event"], x)


FITS = expected("cox_fits")
FIRTH = expected("cox_firth")
PROPORTIONAL = expected("cox_proportional")


@pytest.mark.parametrize(("name", "method"), FITS[["case", "method"]].drop_duplicates().values)
def test_cox(name: str, method: str) -> None:
    rows = FITS[(FITS["case"] == name) & (FITS["method"] == method)]
    of = case(name)
    found = cox.fit(of.time, of.event, of.covariates, method=method, **of.risk)
    assert list(found.table["covariate"]) == list(rows["covariate"])
    for column in ("coef", "se", "hazard_ratio", "low", "high", "z", "p"):
        agree(found.table[column], rows[column], 1e-8)
    agree(found.loglik, rows[["loglik_null", "loglik"]].iloc[0], 1e-10)
    assert (found.n, found.n_events) == tuple(rows[["n", "n_events"]].iloc[0])
    assert found.note == ""


@pytest.mark.parametrize("name", PROPORTIONAL["case"].unique())
def test_proportional_hazards(name: str) -> None:
    rows = PROPORTIONAL[(PROPORTIONAL["case"] == name) & (PROPORTIONAL["terms"] == "columns")]
    of = case(name)
    found = proportional_hazards(of.time, of.event, of.covariates, **of.risk)
    assert list(found["covariate"]) == list(rows["covariate"])
    assert list(found["df"]) == list(rows["df"])
    agree(found["statistic"], rows["statistic"], 1e-7)
    agree(found["p"], rows["p"], 1e-7)


def test_proportional_hazards_of_a_factor() -> None:
    rows = PROPORTIONAL[PROPORTIONAL["terms"] == "factors"]
    of = case("veteran")
    terms = dict.fromkeys(("smallcell", "adeno", "large"), "celltype")
    found = proportional_hazards(of.time, of.event, of.covariates, terms=terms)
    assert list(found["covariate"]) == list(rows["covariate"])
    assert list(found["df"]) == list(rows["df"]) == [1, 1, 1, 3, 6]
    agree(found["statistic"], rows["statistic"], 1e-7)


@pytest.mark.parametrize("name", FIRTH["case"].unique())
def test_firth(name: str) -> None:
    rows = FIRTH[FIRTH["case"] == name]
    of = case(name)
    found = cox.fit(of.time, of.event, of.covariates, method="firth", **of.risk)
    assert list(found.table["covariate"]) == list(rows["covariate"])
    for column in ("coef", "se", "low", "high", "p"):
        agree(found.table[column], rows[column], 1e-6)
    agree(found.table["z"], np.sign(rows["coef"]) * np.sqrt(rows["chi_square"]), 1e-6)
    agree(found.loglik, rows[["loglik_null", "loglik"]].iloc[0], 1e-9)
    assert found.note == ""


def test_the_likelihood_alone_has_no_maximum_without_events() -> None:
    of = case("no_event")
    found = cox.fit(of.time, of.event, of.covariates)
    assert found.table["coef"].isna().tolist() == [True, False]
    assert found.note.startswith("age_56_65 has no finite estimate")


def test_cumulative_incidence() -> None:
    n = 0
    for (name, trial, of), rows in expected("competing_curves").groupby(["case", "trial", "of"]):
        part = cohort()[cohort()["TRIAL"] == trial]
        found = competing.curve(part[name], part[f"cause_of_{name}"], of=of)
        for column in ("day", "at_risk", "n_events"):
            assert (getattr(found, column) == rows[column]).all()
        agree(found.estimate, rows["estimate"], 1e-10)
        agree(found.se, rows["se"], 1e-9)
        inside = (rows["estimate"] > 0).to_numpy()
        for column in ("low", "high"):
            agree(getattr(found, column)[inside], rows[column][inside], 1e-9)
            assert np.isnan(getattr(found, column)[~inside]).all()
        # cmprsk, a second opinion on the estimate.
        agree(found.estimate, rows["cmprsk"], 1e-10)
        n += len(rows)
    assert n == 780


GROUPS = {
    "trial": ("TRIAL", None), "age": ("AGEGR1", None), "c1": ("MRD_C1", None),
    "trial_by_age": ("TRIAL", "AGEGR1"), "age_by_trial": ("AGEGR1", "TRIAL"),
}  # fmt: skip


def test_gray() -> None:
    rows = expected("competing_gray")
    d = cohort()
    for row in rows.itertuples():
        group, by = GROUPS[row.test]
        strata = None if by is None else d[by]
        cause = d[f"cause_of_{row.case}"]
        found = gray(d[row.case], cause, d[group], of=row.of, strata=strata)
        assert (found.df, found.note) == (row.df, "")
        agree([found.statistic, found.p], [row.statistic, row.p], 1e-8)
    assert len(rows) == 30


def test_without_a_competing_cause_gray_is_nearly_the_log_rank_test() -> None:
    d = cohort()
    for row in expected("competing_one_cause").itertuples():
        event = (d[f"cause_of_{row.case}"] != "").astype(int)
        found = gray(d[row.case], event.map({0: "", 1: "any"}), d["TRIAL"], of="any")
        same = logrank(d[row.case], event, d["TRIAL"])
        agree([found.statistic, same.statistic], [row.gray, row.logrank], 1e-8)
        agree(list(found.expected.values()), list(same.expected.values()), 1e-10)
        assert found.statistic == pytest.approx(same.statistic, rel=0.06)


def test_the_tables_are_what_r_gives(tmp_path: Path) -> None:
    if shutil.which("Rscript") is None:
        pytest.skip("Rscript is not installed")
    known = subprocess.run(["Rscript", "-e", "library(survival); library(cmprsk)"], capture_output=True, check=False)  # fmt: skip
    if known.returncode:
        pytest.skip("R has no packages survival and cmprsk")
    subprocess.run(["Rscript", HERE / "make_cox_tables.R", tmp_path], check=True, capture_output=True)  # fmt: skip
    made = sorted((tmp_path / "expected").iterdir())
    assert len(made) == 6
    for path in made:
        new, old = expected(path.stem, tmp_path), expected(path.stem)
        for column in old:
            if old[column].dtype.kind in "fi":
                agree(new[column], old[column], 1e-7)
            else:
                assert (new[column] == old[column]).all()
