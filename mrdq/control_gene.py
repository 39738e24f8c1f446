"""The amount of DNA in a sample's wells, from its control gene: definitions 7 and 8."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mrdq.curve import Curves
from mrdq.guideline import Guideline
from mrdq.quantity import Reading, read_back
from mrdq.wells import Bools, Floats, Ints, Replicates, Wells


@dataclass(frozen=True, slots=True)
class Subjects:
    """Samples of units: ``unit`` and ``sample`` codes and their replicates, sorted by both."""

    unit: Ints
    sample: Ints
    wells: Replicates


@dataclass(frozen=True, slots=True)
class DnaAmount:
    """The control gene's measurement that serves each subject of an MRD target.

    ``unit`` of the control gene (-1: none measured), ``wells`` its replicates there, ``reading``
    log10 ng, ``amount_ng``, ``factor`` F of definition 8 (1 where none is asked for, NaN where
    it cannot be computed), ``asked`` whether a result depends on it.
    """

    unit: Ints
    wells: Replicates
    reading: Reading
    amount_ng: Floats
    factor: Floats
    asked: Bools


def measure_dna(
    wells: Wells, curves: Curves, guideline: Guideline, subjects: Subjects, controls: Subjects,
    control_gene: Ints, nominal_ng: Floats, run_rank: Ints, *, required: bool,
) -> DnaAmount:  # fmt: skip
    """Find each subject's control gene measurement and read its amount of DNA.

    It is taken from the subject's own run if that holds any well of the sample for the control
    gene, else from the latest run that does (definition 7).

    Parameters
    ----------
    controls: samples of the control genes' units.
    control_gene: per subject the code of its control gene's target (-1: the assay has none).
    nominal_ng: per subject the ``dna_per_well`` of its assay [ng].
    run_rank: per run its place in the order of ``performed_on``, then ``run_id``.
    required: a result without a control gene is not evaluable.
    """
    found = _find(wells, subjects, controls, control_gene, run_rank)
    measured = found >= 0
    empty = Replicates(*(np.full(len(found), np.nan) for _ in range(5)))
    replicates = _take(controls.wells, found) if len(controls.unit) else empty
    unit = np.where(measured, controls.unit[found], -1) if len(controls.unit) else found
    reading = read_back(curves, unit, replicates, guideline["interval_confidence"].value)
    amount = np.where(measured, 10.0**reading.log10, np.nan)
    asked = measured | required
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        factor = np.where(asked, nominal_ng / amount, 1.0)
    return DnaAmount(unit, replicates, reading, amount, factor, asked)


def _take(wells: Replicates, found: Ints) -> Replicates:
    def of(values: Floats) -> Floats:
        return np.where(found >= 0, values[found], np.nan)

    return Replicates(
        of(wells.n), of(wells.n_determined), of(wells.mean), of(wells.delta), of(wells.squares)
    )


def _find(
    wells: Wells, subjects: Subjects, controls: Subjects, control_gene: Ints, run_rank: Ints
) -> Ints:
    """Per subject the index of its control in ``controls``; -1 where there is none.

    Controls without a single well that is not omitted are none (section 4, first sentence).
    """
    usable = np.flatnonzero(controls.wells.n > 0)
    n_samples, n_runs = len(wells.samples), len(wells.runs)

    def pair(target: Ints, sample: Ints) -> Ints:
        return (target * n_samples + sample) * n_runs

    key = pair(wells.unit_target[controls.unit[usable]], controls.sample[usable])
    key = key + run_rank[wells.unit_run[controls.unit[usable]]]
    order = np.argsort(key, kind="stable")
    key, usable = key[order], usable[order]
    base = pair(control_gene, subjects.sample)
    own = base + run_rank[wells.unit_run[subjects.unit]]
    found = np.full(len(base), -1, dtype=np.int64)
    if len(key):
        at = np.minimum(np.searchsorted(key, own), len(key) - 1)
        latest = np.searchsorted(key, base + n_runs) - 1
        of_pair = (latest >= 0) & (key[latest] >= base)
        found = np.where(key[at] == own, usable[at], np.where(of_pair, usable[latest], -1))
    return np.where(control_gene >= 0, found, -1)
