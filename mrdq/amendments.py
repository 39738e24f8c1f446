"""AMENDMENTS of WELLS: what a person left out, beside what the instrument gave.

A well that is left out is ``omitted``, with its automatic Cq beside it: nothing automatic is
overwritten.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from mrdq import vocabulary as words
from mrdq.analysis import Subject
from mrdq.errors import WARNING, Problem
from mrdq.wells import Ints

WELL_COLUMNS = ("automatic_cq", "automatic_cq_state", "amendment")
"""Columns of WELLS that a study has only if it leaves wells out by amendment."""


@dataclass(frozen=True, slots=True)
class Amendment:
    """One row of the amendments sheet; ``row`` is its place there, the rest is as it is written."""

    row: int
    what: str
    run_id: str
    target: str
    well: str
    sample_id: str
    call: str
    who: str
    when: str
    why: str

    @property
    def text(self) -> str:
        """Who, when and why, as every result names it."""
        return f"row {self.row}: {self.who} {self.when}: {self.why}"

    @property
    def subject(self) -> Subject:
        return self.run_id, self.target, self.sample_id

    @property
    def retracts(self) -> bool:
        """It leaves out a whole run, which then counts as if it were not there."""
        return self.what == words.OMIT and not any(
            getattr(self, name) for name in words.NARROWED_BY
        )


def amendments_of(records: Iterable[Mapping[str, Any]], rows: Iterable[int]) -> list[Amendment]:
    """The amendments of a sheet's records and their rows in the file."""
    names = [name for name in Amendment.__slots__ if name != "row"]
    return [
        Amendment(row, *(record[name] for name in names))
        for record, row in zip(records, rows, strict=True)
    ]


def named_wells(
    wells: pd.DataFrame, amendments: Iterable[Amendment]
) -> Iterator[tuple[Amendment, Ints]]:
    """Each amendment with the places of the wells that it names."""
    of_run: dict[str, tuple[Ints, pd.DataFrame]] = {}
    for amendment in amendments:
        run = amendment.run_id
        if run not in of_run:
            place = np.flatnonzero(wells["run_id"] == run)
            of_run[run] = place, wells[list(words.NARROWED_BY)].iloc[place]
        place, found = of_run[run]
        named = np.ones(len(found), dtype=bool)
        for name in words.NARROWED_BY:
            if value := getattr(amendment, name):
                named &= (found[name] == value).to_numpy(dtype=bool)
        yield amendment, place[named]


def omit_wells(wells: pd.DataFrame, amendments: Sequence[Amendment]) -> pd.DataFrame:
    """WELLS with what people left out: ``omitted`` and without a Cq.

    Adds ``automatic_cq`` [cycle], ``automatic_cq_state`` and ``amendment`` (who, when and why; ""
    for a well that nobody left out), unless nobody leaves any well out.  A layout's own columns of
    these names become ``layout.amendment`` and so on, so that they are never taken for these.
    """
    wells = wells.rename(columns={name: f"layout.{name}" for name in WELL_COLUMNS})
    omissions = [amendment for amendment in amendments if amendment.what == words.OMIT]
    if not omissions:
        return wells
    text = np.full(len(wells), "", dtype=object)
    for omission, place in named_wells(wells, omissions):
        before = text[place]
        text[place] = np.where(before == "", omission.text, before + f" | {omission.text}")
    left_out = text != ""
    state = wells["cq_state"].astype(object)
    return wells.assign(
        cq=wells["cq"].where(~left_out), cq_state=state.where(~left_out, words.OMITTED),
        automatic_cq=wells["cq"], automatic_cq_state=state, amendment=text,
    )  # fmt: skip


def automatic_wells(wells: pd.DataFrame) -> pd.DataFrame:
    """WELLS as they were before any amendment."""
    if WELL_COLUMNS[0] not in wells:
        return wells
    before = wells.assign(cq=wells["automatic_cq"], cq_state=wells["automatic_cq_state"])
    return before.drop(columns=list(WELL_COLUMNS))


def wells_are_amended_by(wells: pd.DataFrame, amendments: Sequence[Amendment]) -> bool:
    """Whether ``wells`` are amended by just these, and not by an earlier sheet."""
    again = omit_wells(automatic_wells(wells), amendments)
    if "automatic_cq" not in again or "automatic_cq" not in wells:
        return ("automatic_cq" in again) == ("automatic_cq" in wells)
    return bool((again["amendment"].to_numpy() == wells["amendment"].to_numpy(dtype=object)).all())


def well_problems(
    wells: pd.DataFrame, amendments: Sequence[Amendment], file: str
) -> Iterator[Problem]:
    """Amendments that meet nothing: no well, no call, or only wells that were left out before.

    ``wells``: WELLS before any amendment.  Runs that are not in it could not be read, which is told
    elsewhere.
    """
    read = set(wells["run_id"].unique())
    runs = [amendment for amendment in amendments if amendment.run_id in read]
    for amendment, place in named_wells(wells, runs):
        found = wells.iloc[place]
        if amendment.what == words.CALL:
            if not (found["role"] == words.SAMPLE).any():
                yield _no_call(wells, amendment, file)
        elif not len(found):
            yield _no_well(amendment, file)
        elif (found["cq_state"] == words.OMITTED).all():
            yield Problem(file, "wells that count", _narrowed(amendment), amendment.row, "run_id",
                          "All of them are left out already, by the instrument or by the layout: "
                          "the row changes nothing.", WARNING)  # fmt: skip


def _narrowed(amendment: Amendment) -> str:
    given = [
        f"{name} {getattr(amendment, name)}"
        for name in words.NARROWED_BY
        if getattr(amendment, name)
    ]
    return ", ".join([f"run {amendment.run_id}", *given])  # fmt: skip


def _no_well(amendment: Amendment, file: str) -> Problem:
    column = next(
        name for name in ("well", "sample_id", "target", "run_id") if getattr(amendment, name)
    )
    return Problem(file, "at least one well that the run holds", _narrowed(amendment), amendment.row, column,
                   "Mend the row: a well has to have the target, the sample and the place that the row names.")  # fmt: skip


def _no_call(wells: pd.DataFrame, amendment: Amendment, file: str) -> Problem:
    run = wells[(wells["run_id"] == amendment.run_id) & (wells["target"] == amendment.target)]
    held = sorted(set(run.loc[run["role"] == words.SAMPLE, "sample_id"].astype(object)))
    there = f"The run holds for {amendment.target}: {', '.join(held[:20]) or 'no sample'}."
    return Problem(file, f"a sample that has a call for {amendment.target} in run {amendment.run_id}",
                   amendment.sample_id, amendment.row, "sample_id", there)  # fmt: skip


def level_problems(
    calls: pd.DataFrame, amendments: Sequence[Amendment], file: str
) -> Iterator[Problem]:
    """A person's ``positive_quantifiable`` has the engine's level, so there has to be one."""
    key = zip(
        *(calls[name].astype(object) for name in ("run_id", "target", "sample_id")), strict=True
    )
    level = dict(zip(key, calls["mrd_level"], strict=True))  # fmt: skip
    for amendment in amendments:
        if amendment.call == words.POSITIVE_QUANTIFIABLE and np.isnan(level.get(amendment.subject, 0.0)):  # fmt: skip
            yield Problem(file, "a call that needs no level", amendment.call, amendment.row, "call",
                          "No level was computed for this sample, so there is none to report: call it by "
                          "another word, or measure it again.")  # fmt: skip
