"""The tables say what they are: names fixed by the contract, and no wrong table leaves."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from mrdq import vocabulary as words
from mrdq.tables import (
    CALLS,
    COUNT,
    CURVES,
    EVIDENCE,
    FLAG,
    REAL,
    RUNS,
    STATUS,
    TABLES,
    TEXT,
    WELLS,
    Table,
)

# Contract section 7.
CONTRACT = {
    WELLS: "run_id well target role sample_id dilution quantity_ng cq cq_state flags export_sha256",
    CURVES: "run_id target kind n_dilutions n_wells slope intercept r_squared efficiency residual_sd "
    "lowest_background_cq quantitative_range sensitivity accepted",
    CALLS: "run_id target sample_id patient_id timepoint call n_wells n_determined n_positive mean_cq delta_cq "
    "dna_amount_ng normalisation mrd_level mrd_level_low mrd_level_high quantitative_range sensitivity superseded "
    "guideline reasons flags",
    EVIDENCE: "run_id target sample_id criterion value minimum maximum unit outcome",
    STATUS: "patient_id timepoint status mrd_level mrd_level_low mrd_level_high quantitative_range sensitivity "
    "deciding_target n_targets n_evaluable response next_step guideline protocol amended flags",
}  # fmt: skip


@pytest.mark.parametrize("table", CONTRACT, ids=lambda table: table.name)
def test_columns_are_those_of_the_contract(table: Table) -> None:
    wanted = CONTRACT[table].split()
    assert table.names[: len(wanted)] == wanted


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_every_column_is_declared_once_and_explained(table: Table) -> None:
    assert len(set(table.names)) == len(table.names)
    assert set(table.key) <= set(table.names)
    for column in table.columns:
        assert column.kind in (TEXT, REAL, COUNT, FLAG)
        assert column.doc
        assert not column.words or column.kind == TEXT


def rows(table: Table, n: int = 2) -> pd.DataFrame:
    content: dict[str, Any] = {}
    for column in table.columns:
        if column.kind == FLAG:
            content[column.name] = np.zeros(n, dtype=bool)
        elif column.kind in (REAL, COUNT):
            content[column.name] = np.arange(n, dtype=float)
        else:
            values = (
                [column.words[0]] * n if column.words else [f"{column.name} {i}" for i in range(n)]
            )
            content[column.name] = np.array(values, dtype=object)
    return pd.DataFrame(content)


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_right_table_is_let_through(table: Table) -> None:
    right = rows(table)
    assert table.check(right) is right
    wider = right.assign(extra="x")
    assert table.check(wider) is wider
    assert len(table.check(right.iloc[:0])) == 0


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_wrong_tables_are_stopped(table: Table) -> None:
    right = rows(table)
    for name in table.names:
        with pytest.raises(ValueError, match="columns"):
            table.check(right.drop(columns=name))
    with pytest.raises(ValueError, match="columns"):
        table.check(right[table.names[::-1]])
    with pytest.raises(ValueError, match="not unique"):
        table.check(pd.concat([right, right], ignore_index=True))
    for column in table.columns:
        if column.kind in (REAL, COUNT):
            with pytest.raises(ValueError, match=f"{column.name} is not a number"):
                table.check(right.assign(**{column.name: "1"}))
        if column.kind == FLAG:
            with pytest.raises(ValueError, match=f"{column.name} is not true or false"):
                table.check(right.assign(**{column.name: 1.0}))
        if column.words:
            with pytest.raises(ValueError, match=f"{column.name} holds"):
                table.check(right.assign(**{column.name: "nonsense"}))


def test_all_that_is_wrong_is_said_at_once() -> None:
    wrong = rows(RUNS).assign(n_wells="1", state="lost")
    with pytest.raises(ValueError, match=r"runs\.tsv: state holds .*; n_wells is not a number"):
        RUNS.check(wrong)


def test_words_of_the_tables_are_the_vocabulary() -> None:
    by_name = {
        (table.name, column.name): column.words for table in TABLES for column in table.columns
    }
    assert by_name["calls.tsv", "call"] == words.CALLS
    assert by_name["status.tsv", "status"] == words.STATUSES
    assert set(words.STATUSES) - set(words.CALLS) == {"not_done"}
    assert by_name["evidence.tsv", "outcome"] == words.OUTCOMES
    assert by_name["wells.parquet", "role"] == words.ROLES
