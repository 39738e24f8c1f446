"""The physics of a simulated well, and plates put together from blocks of replicates.

A well of an allele-specific assay holds a random number of target molecules, one per leukaemic
genome; each is amplified along the assay's curve, Cq = intercept + slope·log10(d) with d the
fraction of leukaemic DNA.  Polyclonal DNA may add a late signal of its own.  Nothing here was
fitted to data of patients: the constants are round numbers of the size seen in practice.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mrdq.vocabulary import STANDARD

Floats = NDArray[np.float64]

GENOME_PG = 6.6
"""Mass of one diploid genome [pg] (contract section 1)."""
NOMINAL_NG = 600.0
"""DNA per well that the curves are drawn for [ng]."""
NOMINAL_GENOMES = NOMINAL_NG * 1000 / GENOME_PG
"""Genomes in a nominal well: 90,909."""

ROWS, COLUMNS = "ABCDEFGH", 12
POSITIONS = tuple(f"{row}{column}" for row in ROWS for column in range(1, COLUMNS + 1))


def generator(*seed: int) -> np.random.Generator:
    """Return the one kind of random numbers used here; the same seed gives the same stream."""
    return np.random.Generator(np.random.PCG64(list(seed)))


@dataclass(frozen=True, slots=True)
class Curve:
    """A straight line Cq [cycles] on log10 of a dilution [fraction] or an amount [ng].

    Arrays in place of numbers are many curves at once, here and in :class:`Background`.
    """

    intercept: float | Floats
    slope: float | Floats

    def cq(self, quantity: ArrayLike) -> Floats:
        return np.asarray(self.intercept + self.slope * np.log10(quantity), dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Background:
    """Non-specific amplification of polyclonal DNA: Cq mean and SD [cycles], share of wells."""

    mean_cq: float | Floats
    sd: float = 0.7
    share: float | Floats = 0.7


ALBUMIN = Curve(intercept=33.5, slope=-3.4)
"""The control gene, on log10 of the amount of DNA [ng]."""
ALBUMIN_STANDARDS_NG = (1000.0, 200.0, 40.0, 8.0)


def target_copies(rng: np.random.Generator, fraction: ArrayLike, dna_ng: ArrayLike) -> Floats:
    """Draw the target molecules of each well: Poisson(fraction × genomes in the well)."""
    genomes = np.asarray(dna_ng, dtype=np.float64) * 1000 / GENOME_PG
    return rng.poisson(np.asarray(fraction, dtype=np.float64) * genomes).astype(np.float64)


def specific_cq(
    rng: np.random.Generator, curve: Curve, copies: Floats, *, sd: float = 0.1, sd_one: float = 0.45
) -> Floats:
    """Return the Cq [cycles] of wells with that many target molecules; none gives NaN.

    The SD of a well is √(sd² + sd_one²/copies): pipetting and reading, and the chance of the
    first cycles, whose variance in a branching process falls with the number of molecules.
    """
    present = np.maximum(copies, 1.0)
    noise = rng.standard_normal(copies.shape) * np.sqrt(sd**2 + sd_one**2 / present)
    cq = curve.cq(present / NOMINAL_GENOMES) + noise
    return np.where(copies > 0, cq, np.nan)


def nonspecific_cq(
    rng: np.random.Generator, background: Background | None, shape: tuple[int, ...]
) -> Floats:
    """Return the Cq [cycles] of the background signal of wells with DNA; no signal gives NaN."""
    if background is None:
        return np.full(shape, np.nan)
    cq = background.mean_cq + background.sd * rng.standard_normal(shape)
    return np.where(rng.random(shape) < background.share, cq, np.nan)


def together(first: Floats, second: Floats) -> Floats:
    """Return the Cq [cycles] of two signals in one well: their amounts, 2^−Cq, add up."""
    one, two = (np.where(np.isnan(cq), -np.inf, -cq) for cq in (first, second))
    total = np.logaddexp2(one, two)
    return np.where(np.isneginf(total), np.nan, -total)


def control_gene_cq(
    rng: np.random.Generator, dna_ng: ArrayLike, *, curve: Curve = ALBUMIN, sd: float = 0.08
) -> Floats:
    """Return the Cq [cycles] of the control gene in wells holding that much DNA [ng]."""
    cq = curve.cq(dna_ng)
    return cq + sd * rng.standard_normal(cq.shape)


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """Replicate wells of one thing: what they hold and the Cq [cycles] they gave (NaN: none).

    ``dilution`` is a fraction, ``quantity_ng`` an amount [ng]; ``omitted`` and ``excluded`` name
    wells by their index: left out on the instrument, or by the layout with a reason.
    """

    target: str
    role: str
    cq: Floats
    sample: str = ""
    dilution: float = np.nan
    quantity_ng: float = np.nan
    reporter: str = "FAM"
    omitted: tuple[int, ...] = ()
    excluded: dict[int, str] = field(default_factory=dict)

    @property
    def entered(self) -> float:
        """The number without a unit that the operator typed as the standard's quantity."""
        if self.role != STANDARD:
            return np.nan
        return self.dilution if np.isnan(self.quantity_ng) else self.quantity_ng

    def mean_and_sd(self, *, with_omitted: bool = False) -> tuple[float, float]:
        """Return mean and SD of the determined Cq [cycles], NaN where there are too few."""
        counted = np.ones(len(self.cq), dtype=bool)
        counted[list(self.omitted)] = with_omitted
        seen = self.cq[~np.isnan(self.cq) & counted]
        mean = float(seen.mean()) if seen.size else np.nan
        return mean, float(seen.std(ddof=1)) if seen.size > 1 else np.nan


@dataclass(frozen=True, slots=True)
class Plate:
    """One run: blocks side by side in reading order, A1 to H12."""

    run_id: str
    performed_on: str
    blocks: tuple[Block, ...]

    def __post_init__(self) -> None:
        if len(self) > len(POSITIONS):
            raise ValueError(f"{self.run_id}: {len(self)} wells do not fit a plate of 96")

    def __len__(self) -> int:
        return sum(len(block.cq) for block in self.blocks)

    def wells(self) -> Iterable[tuple[int, str, int, Block, float]]:
        """Yield (number from 1, position, index in the block, block, Cq) of each well."""
        number = 0
        for block in self.blocks:
            for index, cq in enumerate(block.cq.tolist()):
                yield number + 1, POSITIONS[number], index, block, cq
                number += 1


def mrd_cq(
    rng: np.random.Generator,
    curve: Curve,
    background: Background | None,
    *,
    fraction: Floats,
    dna_ng: ArrayLike = NOMINAL_NG,
) -> Floats:
    """Simulate wells with these fractions of leukaemic DNA in ``dna_ng`` of DNA [ng]: Cq."""
    copies = target_copies(rng, fraction, dna_ng)
    late = nonspecific_cq(rng, background, copies.shape)
    return together(specific_cq(rng, curve, copies), late)


def designed_cq(
    rng: np.random.Generator, centre: float, offsets: Sequence[float | None], *, sd: float = 0.03
) -> Floats:
    """Return Cq [cycles] at designed distances from ``centre``; None is a well without signal."""
    distances = np.array([np.nan if value is None else value for value in offsets])
    return centre + distances + sd * rng.standard_normal(len(distances))
