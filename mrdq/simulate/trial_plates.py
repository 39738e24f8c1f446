"""The plates of a synthetic trial: Cq placed by design, with noise too small to change a call."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from mrdq.simulate.plate import (
    ALBUMIN_STANDARDS_NG,
    NOMINAL_NG,
    Block,
    Curve,
    Floats,
    Plate,
    control_gene_cq,
    designed_cq,
    generator,
)
from mrdq.simulate.scenarios import Offsets
from mrdq.simulate.trial_cohort import A1
from mrdq.simulate.trial_design import (
    BESIDE,
    CLEAN,
    DEEP,
    FEW_BACKGROUND,
    FEW_WELLS,
    FLAT_CURVE,
    NO_ALBUMIN,
    NTC_SIGNAL,
    SHORT_DNA,
    TrialAssay,
    TrialDesign,
    TrialRun,
    TrialSample,
)
from mrdq.vocabulary import (
    BACKGROUND,
    NEGATIVE,
    NTC,
    POSITIVE_QUANTIFIABLE,
    SAMPLE,
    STANDARD,
)

ALB = "ALB"
_UPPER: dict[float, Offsets] = {
    **{1e-1: (-0.1, 0.1), 1e-2: (-0.1, 0.1), 1e-3: (-0.15, 0.0, 0.15)},
    **{1e-4: (-0.25, 0.05, 0.2)},
}
# Standards by kind of assay: dilution -> distance [cycles] of each well from the curve.
STANDARDS: Mapping[str, Mapping[float, Offsets]] = {
    CLEAN: {**_UPPER, 1e-5: (-0.2, None, None)},
    DEEP: {**_UPPER, 1e-5: (-0.3, 0.1, 0.2)},
    BESIDE: {**_UPPER, 5e-5: (-0.1, 0.1), 1e-5: (-0.1, None, 0.3)},
}
LOWEST_LEVEL = {CLEAN: 3e-4, DEEP: 2e-5, BESIDE: 3e-4}
"""Lowest MRD level drawn: far enough inside the assay's quantitative range to stay there."""
_HIGHEST_LEVEL = 0.08
_ABOVE_CURVE = 0.2
_FLAT_SLOPE = -2.88
# B lies this many cycles above the curve at 1e-4: 5e-5 is seen below it, 1e-5 is not.
_GAP = 3.7
_BACKGROUND: Offsets = (0.9, 0.0, None, 1.4, 0.5, 1.1)
# Positive and not quantifiable: latent level and distances from the curve there ...
_FEW: tuple[tuple[float, Offsets], ...] = ((2e-5, (-0.1, 0.4, None)), (1e-5, (0.0, None, None)))
_BELOW = {CLEAN: (*_FEW, (3e-5, (-0.2, 0.0, 0.2))), DEEP: _FEW}
# ... or distances from B; and what is negative beside it.
_NEAR_B: tuple[Offsets, ...] = ((-2.0, -1.6, 0.4), (-1.7, 0.5, None))
_BEYOND_B: tuple[Offsets, ...] = ((0.4, None, 0.9), (None, None, None), (0.3, 0.8, None))
_NOTHING: Offsets = (None, None, None)


def trial_plates(design: TrialDesign, *, number: int, seed: int) -> Iterator[Plate]:
    """Simulate the plates of one patient, the ``number``-th of the cohort, in order.

    Curves, levels and amounts of DNA are drawn within bounds; replicates lie at designed
    distances from where the curve puts them, so that every seed gives the same statuses.
    """
    rng = generator(seed, number)
    slopes, intercepts = rng.uniform(-3.5, -3.3, 2), rng.uniform(21.8, 22.8, 2)
    curves = [Curve(float(a), float(b)) for a, b in zip(intercepts, slopes, strict=True)]
    for run in design.runs:
        dna_ng = {s.sample_id: _dna_ng(rng, s) for s in run.samples}
        levels = {s.sample_id: _level(rng, design.assays[0].kind, s) for s in run.samples}
        blocks: list[Block] = []
        for place, assay in enumerate(design.assays):
            fault = run.fault or assay.fault
            curve = _curve(curves[place], fault)
            blocks += _controls(rng, assay, curve, fault)
            for sample in run.samples:
                level = levels[sample.sample_id] * dna_ng[sample.sample_id] / NOMINAL_NG
                cq = _sample_cq(rng, assay.kind, curve, sample, sample.shown[place], level)
                blocks.append(_sample_block(assay.target, sample, cq))
        blocks += _albumin(rng, run, dna_ng)
        performed = design.patient.on(max(sample.day for sample in run.samples) + 1)
        yield Plate(run.run_id, performed.isoformat(), tuple(blocks))


def _dna_ng(rng: np.random.Generator, sample: TrialSample) -> float:
    """DNA in a well [ng]: 560 to 850, or 15 to 35, short of the tenth of 600 that is asked for."""
    low, high = (15.0, 35.0) if sample.fault == SHORT_DNA else (560.0, 850.0)
    return float(rng.uniform(low, high))


def _level(rng: np.random.Generator, kind: str, sample: TrialSample) -> float:
    """MRD level [fraction], even on the logarithm, lower after C-1; a few lie above the curve."""
    top = _HIGHEST_LEVEL if sample.timepoint == A1 else _HIGHEST_LEVEL / 8
    drawn = float(10.0 ** rng.uniform(np.log10(LOWEST_LEVEL[kind]), np.log10(top)))
    return _ABOVE_CURVE if sample.place % 20 == 2 and sample.timepoint == A1 else drawn


def _curve(curve: Curve, fault: str) -> Curve:
    return Curve(curve.intercept, _FLAT_SLOPE) if fault == FLAT_CURVE else curve


def _lowest_background(kind: str, curve: Curve) -> float | None:
    return float(curve.cq(1e-4)) + _GAP if kind == BESIDE else None


def _controls(
    rng: np.random.Generator, assay: TrialAssay, curve: Curve, fault: str
) -> Iterator[Block]:
    """Standards, background and NTC of one target."""
    for dilution, offsets in STANDARDS[assay.kind].items():
        label = f"{assay.patient_id}-DX {dilution:g}"
        cq = designed_cq(rng, float(curve.cq(dilution)), offsets)
        yield Block(assay.target, STANDARD, cq, sample=label, dilution=dilution)
    lowest = _lowest_background(assay.kind, curve)
    offsets = _BACKGROUND if lowest is not None else (None,) * len(_BACKGROUND)
    wells = offsets[:4] if fault == FEW_BACKGROUND else offsets
    yield Block(
        assay.target, BACKGROUND, designed_cq(rng, lowest or 0.0, wells), sample="polyclonal DNA"
    )
    ntc = (None, 0.0, None) if fault == NTC_SIGNAL else _NOTHING
    yield Block(assay.target, NTC, designed_cq(rng, 35.0, ntc), sample="NTC")


def _sample_cq(
    rng: np.random.Generator,
    kind: str,
    curve: Curve,
    sample: TrialSample,
    shown: str,
    level: float,
) -> Floats:
    """Cq [cycles] of three wells that show what the design asks for in this kind of assay."""
    lowest = _lowest_background(kind, curve)
    if shown == POSITIVE_QUANTIFIABLE:
        return designed_cq(rng, float(curve.cq(level)), rng.uniform(-0.25, 0.25, 3).tolist())
    if shown == NEGATIVE:
        beside = _NOTHING if lowest is None else _BEYOND_B[sample.place % len(_BEYOND_B)]
        return designed_cq(rng, lowest or 0.0, beside)
    if lowest is not None:
        return designed_cq(rng, lowest, _NEAR_B[sample.place // 4 % len(_NEAR_B)])
    latent, offsets = _BELOW[kind][sample.place // 4 % len(_BELOW[kind])]
    return designed_cq(rng, float(curve.cq(latent)), offsets)


def _sample_block(target: str, sample: TrialSample, cq: Floats) -> Block:
    excluded = {2: "air bubble seen in the well"} if sample.fault == FEW_WELLS else {}
    return Block(target, SAMPLE, cq, sample=sample.sample_id, excluded=excluded)


def _albumin(
    rng: np.random.Generator, run: TrialRun, dna_ng: Mapping[str, float]
) -> Iterator[Block]:
    """The control gene's standards, its NTC and the samples of the run, in two wells each."""
    for amount in ALBUMIN_STANDARDS_NG:
        cq = control_gene_cq(rng, np.full(2, amount))
        label = f"control DNA {amount:g} ng"
        yield Block(ALB, STANDARD, cq, sample=label, quantity_ng=amount, reporter="VIC")
    yield Block(ALB, NTC, np.full(2, np.nan), sample="NTC", reporter="VIC")
    for sample in run.samples:
        cq = control_gene_cq(rng, np.full(2, dna_ng[sample.sample_id]))
        silent = np.full(2, np.nan)
        seen = silent if sample.fault == NO_ALBUMIN else cq
        yield Block(ALB, SAMPLE, seen, sample=sample.sample_id, reporter="VIC")
