"""What only shows when all plates are known, found batch by batch.

Oracle: the same questions asked of all wells in one table, which is how they were asked first.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from mrdq import vocabulary as words
from mrdq.amendments import Amendment, well_problems
from mrdq.errors import WARNING, Problem
from mrdq.ingest_problems import Question, study_problems
from mrdq.tables import WELLS

TARGETS = {"T1": words.MRD, "T2": words.MRD, "ALB": words.CONTROL_GENE}
SAMPLES = ("S1", "S2", "S3", "")
RUNS = ("R1", "R10", "R2", "r")
DAYS = ("", "2020-01-01", "2020-01-02")


@dataclass
class Sheet:
    file: str
    columns: dict[str, list[Any]]


@dataclass
class Study:
    """What is asked of a study."""

    runs: Sheet
    samples: Sheet
    amendments: Sheet

    def assay(self, _: str) -> dict[str, str]:
        return TARGETS


# Word for word as it stood before runs were read in batches.
def reference(study: Any, runs: pd.DataFrame, wells: pd.DataFrame) -> list[Problem]:
    mrd = [target for target, kind in study.assay("kind").items() if kind == words.MRD]
    wells = wells.loc[wells["target"].isin(mrd), ["run_id", "target", "role", "sample_id"]]
    wells = wells.astype(object)
    follow_up = wells[wells["role"] == words.SAMPLE].drop_duplicates()
    return [
        *_missing_samples(study, set(follow_up["sample_id"])),
        *_same_bytes(study, runs),
        *_undated_repeats(study, follow_up),
        *_forgotten_roles(study, wells, follow_up),
    ]


def _warn(file: str, expected: str, found: str, column: str, remedy: str) -> Problem:
    return Problem(file, expected, found, column=column, remedy=remedy, level=WARNING)


def _missing_samples(study: Any, held: set[str]) -> list[Problem]:
    missing = [sample for sample in study.samples.columns["sample_id"] if sample not in held]
    if not missing:
        return []
    return [_warn(study.samples.file, "every sample in a run, for an MRD target", ", ".join(missing),
                  "sample_id", "Their status is not_done.")]  # fmt: skip


def _same_bytes(study: Any, runs: pd.DataFrame) -> list[Problem]:
    read = runs[runs["export_sha256"] != ""]
    same = read.groupby("export_sha256").agg(
        runs=("run_id", ", ".join), files=("export", "nunique")
    )
    return [
        _warn(study.runs.file, "an export of its own for every run", f"runs {names}", "export",
              "The files hold the same bytes: is one of them a copy?")
        for names in same.loc[same["files"] > 1, "runs"]
    ]  # fmt: skip


def _undated_repeats(study: Any, follow_up: pd.DataFrame) -> list[Problem]:
    performed = dict(
        zip(study.runs.columns["run_id"], study.runs.columns["performed_on"], strict=True)
    )
    dated = follow_up.assign(day=follow_up["run_id"].map(performed))
    unclear: dict[str, None] = {}
    for _, rows in dated.groupby(["sample_id", "target"]):
        if len(rows) > 1 and (rows["day"].duplicated().any() or (rows["day"] == "").any()):
            unclear.setdefault(", ".join(sorted(rows["run_id"])))
    return [
        _warn(study.runs.file, "different dates of runs that hold the same sample and target", f"runs {names}",
              "performed_on", "The later run counts; without dates the order of their ids decides.")
        for names in unclear
    ]  # fmt: skip


def _forgotten_roles(study: Any, wells: pd.DataFrame, follow_up: pd.DataFrame) -> list[Problem]:
    units = follow_up[["run_id", "target"]].drop_duplicates()
    exports = dict(zip(study.runs.columns["run_id"], study.runs.columns["export"], strict=True))
    found = []
    for role in (words.STANDARD, words.BACKGROUND, words.NTC):
        there = wells.loc[wells["role"] == role, ["run_id", "target"]].drop_duplicates()
        lacking = units.merge(there, how="left", indicator=True).query("_merge == 'left_only'")
        for run, target in zip(lacking["run_id"], lacking["target"], strict=True):
            found.append(_warn(exports[run], f"wells with the role {role} for target {target} in run {run}", "",
                               "", "Without them no sample of this target is evaluable in the run."))  # fmt: skip
    return found


def wells_of(run: str, rows: list[tuple[str, str, str, str]]) -> pa.Table:
    text: dict[str, list[Any]] = {
        "run_id": [run] * len(rows), "well": [f"A{n + 1}" for n in range(len(rows))],
        "target": [row[0] for row in rows], "role": [row[1] for row in rows],
        "sample_id": [row[2] for row in rows], "cq_state": [row[3] for row in rows],
    }  # fmt: skip
    columns: dict[str, Any] = {}
    for name in WELLS.names:
        if name in ("dilution", "quantity_ng", "cq"):
            columns[name] = pa.array(np.full(len(rows), np.nan))
        else:
            values = pa.array(text.get(name, [""] * len(rows)), type=pa.string())
            columns[name] = values.dictionary_encode()
    return pa.table(columns)


@st.composite
def cases(draw: st.DrawFn) -> tuple[Study, pd.DataFrame, dict[str, pa.Table]]:
    runs = draw(st.lists(st.sampled_from(RUNS), unique=True, max_size=4))
    row = st.tuples(
        st.sampled_from([*TARGETS, "unknown", ""]), st.sampled_from([*words.ROLES, ""]),
        st.sampled_from(SAMPLES), st.sampled_from(words.CQ_STATES),
    )  # fmt: skip
    tables = {run: wells_of(run, draw(st.lists(row, max_size=8))) for run in sorted(runs)}
    columns = {
        "run_id": runs,
        "export": [draw(st.sampled_from(("a", "b", f"of {run}"))) for run in runs],
        "performed_on": [draw(st.sampled_from(DAYS)) for _ in runs],
    }
    study = Study(Sheet("runs.tsv", columns), Sheet("samples.tsv", {"sample_id": ["S3", "S1", "S9"]}),
                  Sheet("amendments.tsv", {}))  # fmt: skip
    order = sorted(range(len(runs)), key=runs.__getitem__)
    read = pd.DataFrame({
        "run_id": [runs[i] for i in order], "export": [columns["export"][i] for i in order],
        "export_sha256": [draw(st.sampled_from(("", "x", "y"))) for _ in order],
    }, dtype=object)  # fmt: skip
    return study, read, tables


def batched(draw: st.DataObject, tables: dict[str, pa.Table]) -> list[pa.Table]:
    """The runs in batches, in any order."""
    parts: dict[int, list[str]] = {}
    for run in tables:
        parts.setdefault(draw.draw(st.integers(0, 2)), []).append(run)
    names = draw.draw(st.permutations(list(parts)))
    return [pa.concat_tables([tables[run] for run in parts[name]]) for name in names]


def together(tables: dict[str, pa.Table]) -> pd.DataFrame:
    parts = list(tables.values()) or [wells_of("", [])]
    frame: pd.DataFrame = pa.concat_tables(parts).unify_dictionaries().to_pandas()
    return frame


@settings(max_examples=60)
@given(cases(), st.data())
def test_batch_by_batch_the_same_words_in_the_same_order(
    case: tuple[Study, pd.DataFrame, dict[str, pa.Table]], data: st.DataObject
) -> None:
    study, runs, tables = case
    question = Question.of(study, [])  # type: ignore[arg-type]
    held = [question.answer(part) for part in batched(data, tables)]
    ours = study_problems(study, runs, held)  # type: ignore[arg-type]
    assert ours == reference(study, runs, together(tables))


def test_targets_of_a_run_are_told_in_the_order_of_its_plate() -> None:
    """Also where another run of the batch has them in another order."""
    rows = [(target, words.SAMPLE, "S1", "") for target in ("T1", "T2")]
    tables = {"R1": wells_of("R1", rows[::-1]), "R2": wells_of("R2", rows)}
    columns = {"run_id": ["R1", "R2"], "export": ["a", "b"], "performed_on": ["", ""]}
    study: Any = Study(
        Sheet("runs.tsv", columns), Sheet("samples.tsv", {"sample_id": []}), Sheet("", {})
    )
    read = pd.DataFrame({**columns, "export_sha256": ["x", "y"]}, dtype=object)
    held = [Question.of(study, []).answer(pa.concat_tables(list(tables.values())))]
    found = [one for one in study_problems(study, read, held) if words.NTC in one.expected]
    assert [one.expected.partition("target ")[2] for one in found] == [
        "T2 in run R1", "T1 in run R1", "T1 in run R2", "T2 in run R2",
    ]  # fmt: skip


AMENDMENT = st.builds(
    Amendment, st.integers(2, 99), st.sampled_from(words.AMENDMENTS), st.sampled_from((*RUNS, "R3")),
    st.sampled_from(("", "T1", "ALB")), st.sampled_from(("", "A1", "A2")), st.sampled_from(("", "S1", "S2")),
    st.sampled_from(("", words.POSITIVE_QUANTIFIABLE, "negative")), *[st.just("x")] * 3,
)  # fmt: skip


@settings(max_examples=40)
@given(cases(), st.lists(AMENDMENT, max_size=4, unique_by=lambda one: one.row), st.data())
def test_amendments_meet_batch_by_batch_what_they_meet_together(
    case: tuple[Study, pd.DataFrame, dict[str, pa.Table]],
    amended: list[Amendment],
    data: st.DataObject,
) -> None:
    study, _, tables = case
    amended.sort(key=lambda one: one.row)
    question = Question.of(study, amended)  # type: ignore[arg-type]
    held = [question.answer(part) for part in batched(data, tables)]
    wanted = list(well_problems(together(tables), amended, "amendments.tsv"))
    found = sorted((one for part in held for one in part.unmet), key=lambda one: one.row or 0)
    assert found == wanted
    asked = {one.sample_id for one in amended if one.call == words.POSITIVE_QUANTIFIABLE}
    holding = {run for run, table in tables.items() if asked & set(table["sample_id"].to_pylist())}
    assert {run for part in held for run in part.asked["run_id"].to_pylist()} == holding
    assert sum(len(part.asked) for part in held) == sum(len(tables[run]) for run in holding)
