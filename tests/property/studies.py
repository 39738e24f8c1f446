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
from dataclasses import dataclass, field, replace
from typing import Any

from hypothesis import strategies as st
from reference import RULE_SETS, THERAPY_REDUCTION, Protocol, Rules, Study

Row = dict[str, Any]

GENOMES_PER_WELL = 9e4
TIMEPOINTS = ("post-A1", "post-C1")
RUN_IDS = ("R2", "R10", "R1", "007", "r1", "1E5")
DATES = ("", "", "2024-01-31", "2024-02-01", "2024-02-01", "2025-11-03")
LEVELS = (0.0, 0.0, 0.0, 3e-6, 1e-5, 2e-5, 5e-5, 1e-4, 1e-4, 2e-4, 1e-3, 1e-2, 0.05, 0.4)

# Each may strike any block (a run and a target, or a sample in it) of a study that has it.
HARD = (
    "no_background_signal",
    "background_high",
    "background_on_bound",
    "background_few",
    "background_none",
    "ntc_dirty",
    "ntc_missing",
    "ntc_omitted",
    "few_points",
    "no_standards",
    "single_standards",
    "flat",
    "steep",
    "bad_steps",
    "poor_fit",
    "late_curve",
    "standards_undetermined",
    "standards_gap",
    "standards_apart",
    "intermediate",
    "float_dilution",
    "one_of_n_positive",
    "two_of_n_positive",
    "spread",
    "sample_on_bound",
    "sample_few_wells",
    "sample_many_wells",
    "sample_omitted",
    "omitted",
    "discordant",
    "dna_little",
    "dna_low",
    "dna_much",
    "dna_missing",
    "dna_elsewhere",
    "dna_undetermined",
    "dna_spread",
    "dna_omitted",
    "dna_five_fold",
    "dna_flat",
    "dna_few_points",
    "dna_no_curve",
    "dna_ntc_dirty",
    "blasts",
    "not_done",
    "only_other_material",
)


@dataclass(frozen=True)
class Plan:
    """The structure of a study; the defaults are the plainest one."""

    rules: Rules = THERAPY_REDUCTION
    control_gene: str = "required"
    n_patients: int = 1
    n_targets: int = 1
    n_control_genes: int = 1
    n_runs: int = 1
    n_timepoints: int = 1
    other_material: bool = False
    second_sample: bool = False
    multiplex: bool = False
    large: bool = False  # a 384-well plate
    exact: bool = False  # no noise and one decimal: values fall on the bounds
    digits: int = 3
    noise: float = 0.1
    ordered_runs: bool = True
    hard: frozenset[str] = field(default_factory=frozenset)


def plan_of(rng: random.Random) -> Plan:
    """A plan from a random generator, weighted so that about half of the calls are evaluable."""
    large = rng.random() < 0.04
    control_gene = rng.choice(("required", "required", "optional"))
    exact = rng.random() < 0.3
    some = rng.choice((0.0, 0.03, 0.06, 0.12))
    return Plan(
        rules=rng.choice(RULE_SETS),
        control_gene=control_gene,
        n_patients=4 if large else rng.choice((1, 1, 1, 2)),
        n_targets=2 if large else rng.choice((1, 1, 2)),
        n_control_genes=rng.choice(
            (0, 1, 1, 2) if control_gene == "optional" else (1,) * 9 + (2, 0)
        ),
        n_runs=1 if large else rng.choice((1, 1, 2, 2, 3, 4)),
        n_timepoints=rng.choice((1, 1, 2)),
        other_material=rng.random() < 0.25,
        second_sample=rng.random() < 0.1,
        multiplex=rng.random() < 0.2,
        large=large,
        exact=exact,
        digits=rng.choice((1, 1, 3, 6)),
        noise=rng.choice((0.02, 0.08, 0.15, 0.3)),
        ordered_runs=rng.random() < 0.5,
        hard=frozenset(name for name in HARD if rng.random() < some),
    )


@dataclass
class _Truth:
    """What is true of an assay in a run: its curve, and where its background lies."""

    intercept: float
    slope: float
    background: float | None  # the level the background imitates
    noise: float

    def cq(self, value: float, rng: random.Random) -> float:
        return self.intercept + self.slope * math.log10(value) + rng.gauss(0.0, self.noise)


class _Builder:
    """One study in the making."""

    def __init__(self, plan: Plan, rng: random.Random):
        self.plan, self.rng = plan, rng
        self.wells: list[Row] = []
        self.used: dict[str, int] = {}
        self.runs = self._runs()
        self.run_ids = [run["run_id"] for run in self.runs]
        self.control_genes = ["ALB", "B2M"][: plan.n_control_genes]
        self.assays: list[Row] = []
        self.samples: list[Row] = []
        self.held: list[str] = []
        self.amounts: dict[str, float] = {}  # sample -> true ng per well
        self.levels: dict[tuple[str, str], float] = {}  # sample, target -> true level
        self.wanted: dict[tuple[str, str], set[str]] = {}  # run, control gene -> samples
        self._sheets()

    def fires(self, name: str) -> bool:
        return name in self.plan.hard and self.rng.random() < 0.6

    # ----------------------------------------------------------------------------- sheets

    def _runs(self) -> list[Row]:
        names = list(RUN_IDS[: max(self.plan.n_runs, 3)])
        self.rng.shuffle(names)
        names = names[: self.plan.n_runs]
        dates = [self.rng.choice(DATES) for _ in names]
        if self.plan.ordered_runs:
            dates.sort()
        return [
            {"run_id": name, "performed_on": date} for name, date in zip(names, dates, strict=True)
        ]

    def _sheets(self) -> None:
        plan, rng = self.plan, self.rng
        self.dna_per_well = 100.0 if plan.exact else rng.choice((500.0, 600.0, 630.0))
        for name in self.control_genes:
            self.assays.append(_assay(name, "control_gene"))
        for number in range(1, plan.n_patients + 1):
            patient = f"P{number}"
            for locus in ("IGH", "TRG")[: plan.n_targets]:
                assay = _assay(f"{patient}-{locus}", "mrd", patient)
                if self.control_genes or rng.random() < 0.5 or plan.control_gene == "required":
                    assay["dna_per_well_ng"] = self.dna_per_well
                if len(self.control_genes) > 1 or (self.control_genes and rng.random() < 0.5):
                    assay["control_gene"] = rng.choice(self.control_genes)
                if self.fires("blasts") or (self.plan.hard and rng.random() < 0.1):
                    assay["blast_fraction"] = rng.choice((0.5, 0.83, 1.0))
                self.assays.append(assay)
            for timepoint in TIMEPOINTS[: plan.n_timepoints]:
                materials = ["BM"]
                if plan.other_material:
                    materials = ["PB"] if self.fires("only_other_material") else ["BM", "PB"]
                if plan.second_sample:
                    materials.append(materials[0])
                for count, material in enumerate(materials):
                    self._sample(f"S{len(self.samples) + 1:02d}", patient, timepoint, material)
                    if count and self.fires("not_done"):
                        continue
                    if self.fires("not_done") and len(self.samples) > 1:
                        continue
                    self.held.append(self.samples[-1]["sample_id"])

    def _sample(self, sample_id: str, patient: str, timepoint: str, material: str) -> None:
        self.samples.append(
            {
                "sample_id": sample_id,
                "patient_id": patient,
                "timepoint": timepoint,
                "material": material,
            }
        )
        share = 1.0 if self.plan.exact else self.rng.uniform(0.5, 1.5)
        if self.fires("dna_little"):
            share = 0.09 * share
        elif self.fires("dna_low"):
            share = 0.1 if self.plan.exact else self.rng.uniform(0.11, 0.3)
        elif self.fires("dna_much"):
            share = 10.0 if self.plan.exact else self.rng.uniform(2.0, 6.0)
        self.amounts[sample_id] = share * self.dna_per_well

    # ------------------------------------------------------------------------------- wells

    def place(self, run_id: str) -> int:
        """The number of the next free well of a run; :meth:`name_wells` names it at the end."""
        number = self.used.get(run_id, 0)
        self.used[run_id] = number + 1
        return number

    def name_wells(self) -> None:
        """By rows, on 96 wells or, in a large study and where they do not suffice, on 384.

        What does not fit on a plate of 384 is not there.
        """
        self.wells[:] = [well for well in self.wells if well["well"] < 384]
        for well in self.wells:
            used = self.used[well["run_id"]]
            row, column = divmod(well["well"], 24 if self.plan.large or used > 96 else 12)
            well["well"] = f"{'ABCDEFGHIJKLMNOP'[row]}{column + 1}"

    def well(self, run_id: str, well: int, target: str, role: str, cq: float | None, **more: Any):
        if cq is not None:
            digits = 1 if self.plan.exact else self.plan.digits
            cq = round(min(max(cq, 3.0), 49.0), digits)
        state = "undetermined" if cq is None else "determined"
        if self.fires("omitted") and self.rng.random() < 0.12:
            cq, state = None, "omitted"
        row = {
            "run_id": run_id,
            "well": well,
            "target": target,
            "role": role,
            "sample_id": "",
            "dilution": None,
            "quantity_ng": None,
            "cq": cq,
            "cq_state": state,
            "flags": "",
        }
        self.wells.append(row | more)

    def omit(self, wells: list[Row]) -> None:
        for well in wells:
            well["cq"], well["cq_state"] = None, "omitted"

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
        slots: list[tuple[str, str, float | None]] = []
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
        slots: list[tuple[str, str, float | None]],
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
        cq = rng.uniform(34, 40) if self.fires("dna_ntc_dirty") else None
        self.well(run_id, self.place(run_id), target, "ntc", cq)
        for sample_id in samples:
            first = len(self.wells)
            cqs: list[float | None] = [
                truth.cq(self.amounts[sample_id], rng) for _ in range(rng.choice((1, 2, 2, 3)))
            ]
            if self.fires("dna_spread"):
                cqs[-1] = cqs[0] + rng.choice((1.5, 1.5, 1.6))
            if self.fires("dna_undetermined"):
                cqs[0] = None
            for cq in cqs:
                place = self.place(run_id)
                self.well(run_id, place, target, "sample", cq, sample_id=sample_id)
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


def _assay(target: str, kind: str, patient_id: str = "") -> Row:
    return {
        "target": target,
        "kind": kind,
        "patient_id": patient_id,
        "dna_per_well_ng": None,
        "control_gene": "",
        "blast_fraction": None,
    }


def _count(slots: list[tuple[str, str, float | None]]) -> dict[str, int]:
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


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    """The structure of a study; every field shrinks to the plainest."""
    large = draw(st.sampled_from((False,) * 19 + (True,)))
    return Plan(
        rules=draw(st.sampled_from(RULE_SETS)),
        control_gene=draw(st.sampled_from(("required", "optional"))),
        n_patients=4 if large else draw(st.integers(1, 2)),
        n_targets=2 if large else draw(st.integers(1, 2)),
        n_control_genes=draw(st.sampled_from((1, 2, 0))),
        n_runs=1 if large else draw(st.integers(1, 4)),
        n_timepoints=draw(st.integers(1, 2)),
        other_material=draw(st.booleans()),
        second_sample=draw(st.booleans()),
        multiplex=draw(st.booleans()),
        large=large,
        exact=draw(st.booleans()),
        digits=draw(st.sampled_from((1, 3, 6))),
        noise=draw(st.sampled_from((0.02, 0.1, 0.3))),
        ordered_runs=draw(st.booleans()),
        hard=draw(st.frozensets(st.sampled_from(HARD), max_size=4)),
    )


@st.composite
def studies(draw: st.DrawFn) -> Study:
    """A random study: a drawn plan, and a drawn seed for all its numbers."""
    plan = draw(plans())
    return study_from_plan(plan, draw(st.integers(0, 2**32 - 1)))
