"""Which wells make which MRD status: the design of a synthetic trial's plates, without numbers.

All follows from the order of the patients alone, so that every way to a status occurs in fixed
shares; the seed moves levels and noise (``trial_plates``) and never an outcome.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mrdq.simulate.exports import FORMATS
from mrdq.simulate.folder import DILUTION_STYLES
from mrdq.simulate.trial_cohort import A1, C1, NE, NEG, POS, TrialPatient
from mrdq.vocabulary import (
    NEGATIVE,
    NOT_EVALUABLE,
    POSITIVE_NOT_QUANTIFIABLE,
    POSITIVE_QUANTIFIABLE,
)

# Assays: to 1e-4 in quantity and 1e-5 in sensitivity; both to 1e-5; with a background signal.
CLEAN, DEEP, BESIDE = "clean", "deep", "beside background"
# What spoils a whole run, or one sample of it, beyond evaluation.
NTC_SIGNAL, FLAT_CURVE, FEW_BACKGROUND = "NTC signal", "flat curve", "few background wells"
SHORT_DNA, NO_ALBUMIN, FEW_WELLS = "short DNA", "no albumin", "few wells"
RUN_FAULTS = (NTC_SIGNAL, FLAT_CURVE, FEW_BACKGROUND)
FAULTS = (NTC_SIGNAL, SHORT_DNA, FLAT_CURVE, FEW_WELLS, FEW_BACKGROUND, NO_ALBUMIN)

_STATUS = {NEG: NEGATIVE, NE: NOT_EVALUABLE}
_ONE_TARGET = (CLEAN, DEEP, BESIDE)
_TWO_TARGETS = ((CLEAN, BESIDE), (DEEP, DEEP), (BESIDE, CLEAN))
_LOCI = (
    *(("IGH", "VH3-JH6"), ("TRG", "VG9-JG1.3"), ("IGK", "VK1-Kde"), ("TRD", "VD2-DD3")),
    *(("IGH", "VH4-JH5"), ("IGK", "intron-Kde"), ("TRB", "DB1-JB2.5")),
)


@dataclass(frozen=True, slots=True)
class TrialAssay:
    """One target of a patient; ``fault`` spoils it, and it alone, in every run of the patient."""

    patient_id: str
    locus: str
    rearrangement: str
    kind: str
    fault: str = ""

    @property
    def target(self) -> str:
        return f"{self.patient_id}-{self.locus}"


@dataclass(frozen=True, slots=True)
class TrialSample:
    """A follow-up sample: what the wells of each target show (a call), and what spoils them.

    ``place`` counts the samples of one MRD answer in the cohort: variants are dealt out by it.
    """

    patient_id: str
    timepoint: str
    day: int
    status: str
    shown: tuple[str, ...]
    fault: str
    place: int

    @property
    def sample_id(self) -> str:
        return f"{self.patient_id}-{self.timepoint.removeprefix('post-')}"


@dataclass(frozen=True, slots=True)
class TrialRun:
    """One plate: a patient's samples on it; ``fault`` spoils every MRD target of it."""

    number: int
    samples: tuple[TrialSample, ...]
    fault: str

    @property
    def run_id(self) -> str:
        return f"SYN-R{self.number:04d}"

    @property
    def form(self) -> str:
        return tuple(FORMATS)[self.number % len(FORMATS)]

    @property
    def dilution_style(self) -> str:
        return tuple(DILUTION_STYLES)[self.number % len(DILUTION_STYLES)]


@dataclass(frozen=True, slots=True)
class TrialDesign:
    """A patient with assays and runs."""

    patient: TrialPatient
    assays: tuple[TrialAssay, ...]
    runs: tuple[TrialRun, ...]

    @property
    def samples(self) -> tuple[TrialSample, ...]:
        return tuple(sample for run in self.runs for sample in run.samples)


def design(cohort: Sequence[TrialPatient]) -> Iterator[TrialDesign]:
    """Yield for each patient the assays, samples and runs that give the MRD of the table."""
    places: Counter[str] = Counter()
    number = 1
    for index, patient in enumerate(cohort):
        assays = tuple(_assays(patient, index))
        samples = []
        for timepoint in (A1, C1):
            answer = patient.mrd[timepoint]
            samples.append(_sample(patient, index, timepoint, len(assays), places[answer]))
            places[answer] += 1
        runs = tuple(_runs(samples, number, apart=index % 5 == 0))
        number += len(runs)
        yield TrialDesign(patient, assays, runs)


def intended_statuses(cohort: Sequence[TrialPatient]) -> dict[tuple[str, str], str]:
    """Return (patient, timepoint) -> the status that the plates are designed for."""
    return {(s.patient_id, s.timepoint): s.status for each in design(cohort) for s in each.samples}


def _assays(patient: TrialPatient, index: int) -> Iterator[TrialAssay]:
    """Every other patient has two targets; in a quarter of those the second is never evaluable."""
    turn = index // 2
    kinds = _TWO_TARGETS[turn % 3] if index % 2 else (_ONE_TARGET[turn % 3],)
    spare = RUN_FAULTS[index // 8 % 3] if _second_is_spoilt(index) else ""
    for place, kind in enumerate(kinds):
        locus, rearrangement = _LOCI[(index + place) % len(_LOCI)]
        yield TrialAssay(patient.patient_id, locus, rearrangement, kind, spare if place else "")


def _second_is_spoilt(index: int) -> bool:
    return index % 8 == 5


def _sample(
    patient: TrialPatient, index: int, timepoint: str, targets: int, place: int
) -> TrialSample:
    answer = patient.mrd[timepoint]
    quantified = POSITIVE_NOT_QUANTIFIABLE if place % 4 == 3 else POSITIVE_QUANTIFIABLE
    status = quantified if answer == POS else _STATUS[answer]
    fault = FAULTS[place % len(FAULTS)] if answer == NE else ""
    return TrialSample(
        *(patient.patient_id, timepoint, _day(patient, index, timepoint), status),
        *(_shown(status, targets, place, alike=_second_is_spoilt(index)), fault, place),
    )


def _shown(status: str, targets: int, place: int, *, alike: bool) -> tuple[str, ...]:
    """What the wells of each target show: both what decides, or one of them nothing.

    A sample that will not be evaluable holds leukaemic DNA or none, once with each fault in turn.
    """
    if status == NOT_EVALUABLE:
        nothing = place // len(FAULTS) % 2
        return (NEGATIVE if nothing else POSITIVE_QUANTIFIABLE,) * targets
    if alike or targets == 1 or place % 3 == 0:
        return (status,) * targets
    return (status, NEGATIVE) if place % 3 == 1 else (NEGATIVE, status)


def _day(patient: TrialPatient, index: int, timepoint: str) -> int:
    """Day of collection: about 33 and 94, but before the patient's relapse or last day."""
    after_c1 = min(92 + index % 5, patient.lfs_days - 1)
    return after_c1 if timepoint == C1 else min(31 + index % 5, after_c1 - 1)


def _runs(samples: Sequence[TrialSample], number: int, *, apart: bool) -> Iterator[TrialRun]:
    """Both samples on one plate, or apart, as they must be where a run is to be spoilt."""
    faults = [sample.fault if sample.fault in RUN_FAULTS else "" for sample in samples]
    if not apart and not any(faults):
        yield TrialRun(number, tuple(samples), "")
        return
    for place, (sample, fault) in enumerate(zip(samples, faults, strict=True)):
        yield TrialRun(number + place, (sample,), fault)
