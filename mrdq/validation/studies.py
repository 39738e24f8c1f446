"""Random studies: realistic enough that every call is common, hard enough to part two engines.

A study is drawn in two steps.  A :class:`Plan` holds its structure (how many runs, which rule
set, which hard cases); all bulk numbers come from one seed.  Hypothesis draws the plan and the
seed and can so shrink the structure; :func:`study_from_seed` draws both from the seed alone.

Keys of the rows, as the reference and any engine under test read them:

wells    run_id, well, target, role, sample_id, dilution, quantity_ng, cq, cq_state, flags
runs     run_id, performed_on ("" or an ISO date)
samples  sample_id, patient_id, timepoint, material
assays   target, kind, patient_id, dna_per_well_ng, control_gene ("" or a target), blast_fraction
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, replace
from typing import Any

from mrdq.validation.reference_study import Protocol, Study
from mrdq.validation.studies_plan import (
    GENOMES_PER_WELL,
    HARD,
    LEVELS,
    TIMEPOINTS,
    Plan,
    Row,
    plan_of,
)
from mrdq.validation.studies_sheets import Sheets

__all__ = ["HARD", "TIMEPOINTS", "Plan", "study_from_plan", "study_from_seed"]


@dataclass
class _Truth:
    """What is true of an assay in a run: its curve, and where its background lies."""

    intercept: float
    slope: float
    background: Any  # None, or the level the background imitates
    noise: float

    def cq(self, value: float, rng: random.Random) -> float:
        return self.intercept + self.slope * math.log10(value) + rng.gauss(0.0, self.noise)


class _Builder(Sheets):
    """The wells of a study, on its sheets."""

    # --------------------------------------------------------------------------- MRD targets

    def truth(self) -> _Truth:
        plan, rng = self.plan, self.rng
        slope = rng.uniform(-3.75, -3.2)
        if plan.exact:
            slope = rng.choice((-3.4, -3.4, -3.4, -3.3, -3.6, -3.1, -3.9))
        if self.fires("flat"):
            slope = rng.choice((-2.6, -2.8, -3.0, -3.1))
        elif self.fires("steep"):
            slope = rng.choice((-4.0, -3.95, -3.9))
        elif self.fires("bad_steps"):
            slope = rng.choice((-2.4, -4.3))
        intercept = rng.uniform(21.0, 24.5)
        if self.fires("late_curve"):
            intercept = rng.uniform(19.0, 28.0)
        background = rng.choice((None, None, 3e-6, 5e-6, 1e-5))
        if self.fires("no_background_signal"):
            background = None
        elif self.fires("background_high"):
            background = 10 ** rng.uniform(-4.3, -2.0)
        digits = 1 if plan.exact else 6
        return _Truth(
            round(intercept, digits), slope, background, 0.0 if plan.exact else plan.noise
        )

    def series(self) -> list[float]:
        """The dilutions of a standard series, the most concentrated first."""
        top = self.rng.choice((-1, -1, -1, -2))
        last = self.rng.choice((-4, -5, -5, -5))
        if self.fires("few_points"):
            last = self.rng.choice((top, top - 1, top - 1))
        if self.fires("no_standards"):
            return []
        series = [10.0**exponent for exponent in range(top, last - 1, -1)]
        if self.fires("intermediate"):
            series += self.rng.choice(([5e-4], [5e-5], [5e-4, 5e-5], [2e-1, 5e-4]))
        return sorted(series, reverse=True)

    def mrd_group(self, run_id: str, targets: list[str], samples: list[str]) -> None:
        """The wells of one target, or of several in the same wells (multiplex)."""
        rng = self.rng
        slots: list[tuple[str, str, Any]] = []
        copies = rng.choice((2, 2, 3))
        for dilution in self.series():
            number = 1 if self.fires("single_standards") else copies
            slots += [("standard", "", dilution)] * number
        slots += [("background", "", None)] * self.n_backgrounds()
        slots += [("ntc", "", None)] * (0 if self.fires("ntc_missing") else rng.choice((1, 2, 2)))
        for sample_id in samples:
            number = 3
            if self.fires("sample_few_wells"):
                number = rng.choice((1, 2))
            elif self.fires("sample_many_wells"):
                number = rng.choice((4, 5))
            slots += [("sample", sample_id, None)] * number
        if rng.random() < 0.1:
            slots.append(("empty", "", None))
        places = [self.place(run_id) for _ in slots]
        for target in targets:
            self.mrd_block(run_id, target, slots, places)

    def n_backgrounds(self) -> int:
        if self.fires("background_none"):
            return 0
        return (
            self.rng.choice((3, 5))
            if self.fires("background_few")
            else 6 + (self.rng.random() < 0.2)
        )

    def mrd_block(
        self,
        run_id: str,
        target: str,
        slots: list[tuple[str, str, Any]],
        places: list[int],
    ) -> None:
        rng, truth = self.rng, self.truth()
        first = len(self.wells)
        dilutions = sorted({d for role, _, d in slots if role == "standard"})
        last_cq = truth.intercept + truth.slope * math.log10(dilutions[0]) if dilutions else 38.0
        bound = None
        if self.fires("background_on_bound"):
            near = rng.choice(dilutions[:2]) if dilutions else 1e-4
            bound = truth.intercept + truth.slope * math.log10(near)
            bound += rng.choice((1.0, 3.0, 3.0, 2.9, 3.1))
        apart = rng.choice((0.7, 0.74, 0.75)) if self.fires("poor_fit") else 0.0
        ntc_dirty = self.fires("ntc_dirty")
        shaky = self.fires("standards_undetermined")
        float_noise = self.fires("float_dilution")
        # a dilution without signal above one that has it; wells far apart at the last dilution
        gap = rng.choice(dilutions[:3]) if dilutions and self.fires("standards_gap") else None
        late = dilutions[0] if dilutions and self.fires("standards_apart") else None
        later = rng.choice((1.0, 1.6, 3.0, 6.0, 6.0))
        if late is not None and rng.random() < 0.7:
            bound = truth.background = None
        patterns = {
            sample_id: self.sample_cqs(target, sample_id, count, truth, bound, last_cq)
            for sample_id, count in _count(slots).items()
        }
        drop = 1e-4 if shaky else 0.0
        side = 1.0
        for (role, sample_id, dilution), place in zip(slots, places, strict=True):
            cq: float | None = None
            more: Row = {}
            if role == "standard":
                side = -side
                cq = self.standard_cq(dilution, truth, drop, apart * side)
                if dilution == gap:
                    cq = None
                if dilution == late and side > 0 and cq is not None:
                    cq += later
                noisy = float_noise and rng.random() < 0.5
                more["dilution"] = dilution * (1 + 4e-16) if noisy else dilution
            elif role == "background":
                cq = self.background_cq(truth, bound)
            elif role == "ntc":
                cq = rng.uniform(36, 44) if ntc_dirty else None
            elif role == "sample":
                cq = patterns[sample_id].pop()
                more["sample_id"] = sample_id
            self.well(run_id, place, target, role, cq, **more)
        block = self.wells[first:]
        if self.fires("ntc_omitted"):
            self.omit([well for well in block if well["role"] == "ntc"])
        for sample_id in sorted(_count(slots)):
            if self.fires("sample_omitted"):
                mine = [well for well in block if well["sample_id"] == sample_id]
                self.omit(mine if rng.random() < 0.5 else mine[:1])

    def standard_cq(
        self, dilution: float, truth: _Truth, drop: float, shift: float
    ) -> float | None:
        """A well with few molecules may have none; ``drop`` makes any low one fall out."""
        rng = self.rng
        if not self.plan.exact and rng.random() < math.exp(-dilution * GENOMES_PER_WELL * 2):
            return None
        if dilution <= drop * 1.5 and rng.random() < 0.5:
            return None
        return truth.cq(dilution, rng) + shift

    def background_cq(self, truth: _Truth, bound: float | None) -> float | None:
        if bound is not None:
            return bound if self.rng.random() < 0.6 else None
        if truth.background is None or self.rng.random() < 0.5:
            return None
        return truth.cq(truth.background, self.rng) + abs(self.rng.gauss(0.0, 0.7))

    def sample_cqs(
        self,
        target: str,
        sample_id: str,
        count: int,
        truth: _Truth,
        background: float | None,
        last_cq: float,
    ) -> list[float | None]:
        """The Cq of a sample's wells, from its true level and amount of DNA or on a bound."""
        rng, plan = self.rng, self.plan
        key = sample_id, target
        if key not in self.levels or self.fires("discordant"):
            self.levels[key] = rng.choice(LEVELS)
        level = self.levels[key] * self.amounts[sample_id] / self.dna_per_well
        positive: int | None = None
        if self.fires("one_of_n_positive"):
            positive = 1
        elif self.fires("two_of_n_positive"):
            positive = 2
        if positive is not None and level == 0.0:
            level = rng.choice((1e-5, 1e-4, 1e-3))
        often = 0.7 if "standards_apart" in plan.hard else 0.3
        if self.fires("sample_on_bound") or (plan.exact and rng.random() < often):
            base = [last_cq, last_cq + 4.0, last_cq + 3.9, last_cq + 4.1]
            if background is not None:
                base += [background - 1.0, background - 3.0, background - 0.9, background - 2.9]
            near = rng.choice(base)
            cqs: list[float | None] = [near] * count
            cqs[0] = near + rng.choice((0.0, 1.5, -1.5, 1.6, -1.6))
        else:
            cqs = [self.sample_cq(level, truth) for _ in range(count)]
        if positive is not None:
            cqs = [truth.cq(level or 1e-4, rng)] * positive + [None] * max(count - positive, 0)
            cqs = cqs[:count]
        if self.fires("spread"):
            cqs = [cq and cq + rng.choice((-0.8, 0.0, 0.8)) for cq in cqs]
        return cqs

    def sample_cq(self, level: float, truth: _Truth) -> float | None:
        rng = self.rng
        if rng.random() < math.exp(-level * GENOMES_PER_WELL * 2):
            noisy = truth.background is not None and rng.random() < 0.3
            return truth.cq(truth.background, rng) + rng.uniform(-1.0, 1.5) if noisy else None
        return truth.cq(level, rng)

    # -------------------------------------------------------------------------- control genes

    def control_gene_block(self, run_id: str, target: str, samples: list[str]) -> None:
        rng, plan = self.rng, self.plan
        slope = -3.4 if plan.exact else rng.uniform(-3.6, -3.2)
        if self.fires("dna_flat"):
            slope = rng.choice((-2.8, -4.2))
        noise = 0.0 if plan.exact else min(plan.noise, 0.15)
        truth = _Truth(38.0 if plan.exact else rng.uniform(36.0, 39.0), slope, None, noise)
        series = [1000.0, 100.0, 10.0, 1.0]
        if self.fires("dna_five_fold"):
            series = [1000.0, 200.0, 40.0, 8.0]
        if self.fires("dna_few_points"):
            series = series[: rng.choice((1, 2))]
        elif self.fires("dna_no_curve"):
            series = []
        for quantity in series:
            for _ in range(2):
                cq = truth.cq(quantity, rng)
                place = self.place(run_id)
                self.well(run_id, place, target, "standard", cq, quantity_ng=quantity)
        signal = rng.uniform(34, 40) if self.fires("dna_ntc_dirty") else None
        self.well(run_id, self.place(run_id), target, "ntc", signal)
        for sample_id in samples:
            first = len(self.wells)
            cqs: list[Any] = [
                truth.cq(self.amounts[sample_id], rng) for _ in range(rng.choice((1, 2, 2, 3)))
            ]
            if self.fires("dna_spread"):
                cqs[-1] = cqs[0] + rng.choice((1.5, 1.5, 1.6))
            if self.fires("dna_undetermined"):
                cqs[0] = None
            for found in cqs:
                place = self.place(run_id)
                self.well(run_id, place, target, "sample", found, sample_id=sample_id)
            if self.fires("dna_omitted"):
                self.omit(self.wells[first:])

    def want_dna(self, run_id: str, target: str, sample_id: str) -> None:
        """Which run measures the DNA of a sample: its own, another one, several, or none."""
        rng = self.rng
        named = next(row["control_gene"] for row in self.assays if row["target"] == target)
        if not self.control_genes or self.fires("dna_missing"):
            return
        control_gene = named or self.control_genes[0]
        where = {run_id}
        others = [other for other in self.run_ids if other != run_id]
        if others and self.fires("dna_elsewhere"):
            where = set(rng.sample(others, rng.randint(1, len(others))))
        elif others and rng.random() < 0.15:
            where = {rng.choice(others)}
        for chosen in where:
            self.wanted.setdefault((chosen, control_gene), set()).add(sample_id)

    # ------------------------------------------------------------------------------ the whole

    def build(self) -> Study:
        plan, rng = self.plan, self.rng
        for number in range(1, plan.n_patients + 1):
            patient = f"P{number}"
            targets = [row["target"] for row in self.assays if row["patient_id"] == patient]
            mine = [row["sample_id"] for row in self.samples if row["patient_id"] == patient]
            mine = [sample_id for sample_id in mine if sample_id in self.held]
            groups = [targets] if plan.multiplex else [[target] for target in targets]
            for group in groups:
                self.schedule(group, mine)
        for run_id, control_gene in sorted(self.wanted):
            self.control_gene_block(run_id, control_gene, sorted(self.wanted[run_id, control_gene]))
        self.name_wells()
        rng.shuffle(self.wells)
        return Study(
            wells=self.wells,
            runs=self.runs,
            samples=self.samples,
            assays=self.assays,
            control_gene=plan.control_gene,
            rules=plan.rules,
            protocol=Protocol(),
        )

    def schedule(self, group: list[str], samples: list[str]) -> None:
        """A first run of all samples, then repeats of some in other runs."""
        rng = self.rng
        if not samples:
            return
        order = list(self.run_ids)
        rng.shuffle(order)
        for count, run_id in enumerate(order):
            chosen = samples
            if count:
                if rng.random() < 0.35:
                    continue
                chosen = rng.sample(samples, rng.randint(1, len(samples)))
            self.mrd_group(run_id, group, chosen)
            for sample_id in chosen:
                for target in group:
                    self.want_dna(run_id, target, sample_id)


def _count(slots: list[tuple[str, str, Any]]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for role, sample_id, _ in slots:
        if role == "sample":
            counts[sample_id] = counts.get(sample_id, 0) + 1
    return counts


def study_from_plan(plan: Plan, seed: int) -> Study:
    return _Builder(plan, random.Random(seed)).build()


def study_from_seed(seed: int, maximum_cq: float | None = None) -> Study:
    """One study per seed, the same on every machine; for runs of many thousands."""
    rng = random.Random(seed)
    plan = plan_of(rng)
    if maximum_cq is not None:
        plan = replace(plan, rules=replace(plan.rules, maximum_cq=maximum_cq))
    return _Builder(plan, rng).build()
