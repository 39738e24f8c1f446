"""WELLS as arrays: names become codes in text order, so that the core only counts and adds.

An *assay of a run* (one run x target) is called ``unit`` in the core, a follow-up sample in it a
``subject``.  Nothing here is one object per well.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mrdq import vocabulary as words
from mrdq.guideline import Guideline

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Names = NDArray[np.object_]


@dataclass(frozen=True, slots=True)
class Wells:
    """Wells of the roles that count, with the index of (run, target) units they belong to.

    Per well: ``unit`` int64, ``sample`` int64 (code; 0 = no sample), ``dose`` float64 (dilution
    of an MRD target's standard, quantity [ng] of a control gene's), ``cq`` float64 (NaN unless
    determined), ``present`` bool (not omitted), and a mask per role.  Per unit: ``unit_run`` and
    ``unit_target`` int64 codes into ``runs`` and ``targets``, ``is_control_gene`` bool.
    """

    runs: Names
    targets: Names
    samples: Names
    unit_run: Ints
    unit_target: Ints
    is_control_gene: Bools
    unit: Ints
    sample: Ints
    dose: Floats
    cq: Floats
    present: Bools
    standard: Bools
    follow_up: Bools
    background: Bools
    ntc: Bools

    @property
    def n_units(self) -> int:
        return len(self.unit_run)


def codes(column: pd.Series[str]) -> tuple[NDArray[np.integer], Names]:
    """Codes of a text column into its distinct values in text order (missing = "")."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        names = np.asarray(column.cat.categories, dtype=object)
        order = np.argsort(names, kind="stable")
        rank = np.empty(len(names) + 1, dtype=np.int32)
        rank[order] = np.arange(len(names))
        rank[-1] = -1
        return rank[column.cat.codes.to_numpy()], names[order]
    found, names = pd.factorize(column.to_numpy(dtype=object), sort=True)
    return found.astype(np.int32), np.asarray(names, dtype=object)


def named(code: NDArray[np.integer], names: Names | Sequence[str]) -> pd.Categorical[str]:
    """Codes as text again, without making a text per row; -1 is missing."""
    return pd.Categorical.from_codes(code, categories=pd.Index(names, dtype=object))


def index_wells(wells: pd.DataFrame, control_genes: frozenset[str], guideline: Guideline) -> Wells:
    """Arrays of the table WELLS for one rule set.

    Uses ``run_id target role sample_id dilution quantity_ng cq cq_state``.  Wells without a
    role, or ``empty``, take no part.  A Cq above the rule set's ``maximum_cq`` is read as
    undetermined (contract section 3).
    """
    role, role_names = codes(wells["role"])
    counts = np.isin(role_names, (words.STANDARD, words.SAMPLE, words.BACKGROUND, words.NTC))[
        role
    ] & (role >= 0)
    keep = np.flatnonzero(counts)
    role = role[keep]
    run, runs = codes(wells["run_id"])
    target, targets = codes(wells["target"])
    sample, samples = codes(wells["sample_id"])
    if not len(samples) or samples[0] != "":
        samples, sample = np.concatenate(([""], samples)).astype(object), sample + 1
    state, states = codes(wells["cq_state"])
    cq = wells["cq"].to_numpy(dtype=float)[keep]
    maximum = guideline.get("maximum_cq")
    if maximum is not None:
        cq = np.where(maximum.met_by(cq), cq, np.nan)
    key = run[keep].astype(np.int64) * len(targets) + target[keep]
    unit, unit_key = _dense(key)
    unit_target = unit_key % max(len(targets), 1)
    is_control_gene = pd.Index(targets).isin(list(control_genes))[unit_target]
    dose = np.where(
        is_control_gene[unit],
        wells["quantity_ng"].to_numpy(dtype=float)[keep], wells["dilution"].to_numpy(dtype=float)[keep],
    )  # fmt: skip
    present = (states != words.OMITTED)[state[keep]]

    def of(name: str) -> Bools:
        return np.asarray((role_names == name)[role], dtype=bool)

    return Wells(
        runs=runs, targets=targets, samples=samples, unit_run=unit_key // max(len(targets), 1),
        unit_target=unit_target, is_control_gene=is_control_gene, unit=unit,
        sample=np.maximum(sample[keep], 0).astype(np.int64), dose=dose, cq=cq, present=present,
        standard=of(words.STANDARD) & present, follow_up=of(words.SAMPLE),
        background=of(words.BACKGROUND) & present, ntc=of(words.NTC) & present,
    )  # fmt: skip


def _dense(key: Ints) -> tuple[Ints, Ints]:
    """Codes 0..n-1 of integer keys in ascending order, by hashing (sorting all wells costs more)."""
    found, distinct = pd.factorize(key)
    order = np.argsort(distinct, kind="stable")
    rank = np.empty(len(distinct), dtype=np.int64)
    rank[order] = np.arange(len(distinct))
    return rank[found], np.asarray(distinct, dtype=np.int64)[order]


@dataclass(frozen=True, slots=True)
class Groups:
    """Runs of equal keys in sorted rows: ``start`` of each group, ``of`` group of each row."""

    start: Ints
    of: Ints

    def __len__(self) -> int:
        return len(self.start)

    def sum(self, values: Floats | Bools | Ints) -> Floats:
        return self._reduce(np.add, values.astype(float))

    def max(self, values: Floats) -> Floats:
        return self._reduce(np.maximum, values)

    def min(self, values: Floats) -> Floats:
        return self._reduce(np.minimum, values)

    def any(self, values: Bools) -> Bools:
        return np.asarray(self._reduce(np.maximum, values.astype(float)) > 0)

    def _reduce(self, operation: np.ufunc, values: Floats) -> Floats:
        if not len(self.start):
            return np.empty(0)
        return np.asarray(operation.reduceat(values, self.start), dtype=float)


def groups(change: Bools) -> Groups:
    """Groups of sorted rows; ``change`` is true where a row differs from the one before it."""
    if len(change):
        change[0] = True
    return Groups(np.flatnonzero(change), np.cumsum(change) - 1)


@dataclass(frozen=True, slots=True)
class Replicates:
    """Per group: wells not omitted, determined ones, their mean, spread (max - min) and the sum
    of squares about the mean [cycle]; NaN where none is determined."""

    n: Floats
    n_determined: Floats
    mean: Floats
    delta: Floats
    squares: Floats


def replicates(cq: Floats, present: Bools, group: Groups) -> Replicates:
    """Describe the replicates of each group (contract 4.2: m, and Δ = max − min)."""
    determined = ~np.isnan(cq)
    n = group.sum(present)
    n_determined = group.sum(determined)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = group.sum(np.where(determined, cq, 0.0)) / n_determined
        delta = group.max(np.where(determined, cq, -np.inf)) - group.min(
            np.where(determined, cq, np.inf)
        )
    delta[n_determined == 0] = np.nan
    squares = group.sum(np.where(determined, (cq - mean[group.of]) ** 2, 0.0))
    return Replicates(n, n_determined, mean, delta, squares)
