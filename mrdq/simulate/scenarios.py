"""The example study by design: made-up patients, their assays, runs and intended calls.

Every follow-up says which call each rule set should give it and is designed with room to spare,
so that the outcome does not hang on the seed.  Cq distances are cycles from the curve at the
latent level, or from the lowest background signal B; a well with None gives no signal.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from mrdq.simulate.plate import Curve
from mrdq.vocabulary import (
    LOW_POSITIVE_BELOW_RANGE,
    NEGATIVE,
    NOT_EVALUABLE,
    POSITIVE_NOT_QUANTIFIABLE,
    POSITIVE_QUANTIFIABLE,
    UNCERTAIN_SIGNIFICANCE,
)

Offsets = tuple[float | None, ...]
Series = Mapping[float, int | Offsets]

REDUCTION, INTENSIFICATION, UPDATE_2024 = (
    "euromrd-2007-therapy-reduction",
    "euromrd-2007-therapy-intensification",
    "euromrd-2024",
)
TRIALS = {"2019": ("ALL/MRD2019", "all-mrd2019"), "2023": ("ALL/MRD2023", "all-mrd2023")}
GUIDELINES = {"all-mrd2019": REDUCTION, "all-mrd2023": INTENSIFICATION}
A1, C1 = "post-A1", "post-C1"

# Calls under (reduction, intensification, 2024).
QUANTIFIABLE = (POSITIVE_QUANTIFIABLE,) * 3
NONE_FOUND = (NEGATIVE,) * 3
NO_CALL = (NOT_EVALUABLE,) * 3
BELOW_RANGE = (POSITIVE_NOT_QUANTIFIABLE, POSITIVE_NOT_QUANTIFIABLE, LOW_POSITIVE_BELOW_RANGE)
ONE_WELL = (POSITIVE_NOT_QUANTIFIABLE, POSITIVE_NOT_QUANTIFIABLE, UNCERTAIN_SIGNIFICANCE)
BELOW_RANGE_NEAR_B = (POSITIVE_NOT_QUANTIFIABLE, NEGATIVE, LOW_POSITIVE_BELOW_RANGE)
ONE_WELL_NEAR_B = (POSITIVE_NOT_QUANTIFIABLE, NEGATIVE, UNCERTAIN_SIGNIFICANCE)

# Standards: dilution -> how many wells drawn at random, or the designed distances of its wells.
# Few molecules scatter; from 1e-4 down the pattern is fixed so that the range is the one meant.
CLEAN: Series = {1e-1: 2, 1e-2: 2, 1e-3: 3, 1e-4: (-0.25, 0.05, 0.2), 1e-5: (-0.2, None, None)}
FINE: Series = {
    **{1e-1: 2, 1e-2: 2, 1e-3: 3, 5e-4: (-0.15, 0.15), 1e-4: (-0.25, 0.05, 0.2)},
    **{5e-5: (-0.3, 0.5, None), 1e-5: (0.1, None, None)},
}
BEHIND: Series = {1e-1: 2, 1e-2: 2, 1e-3: 3, 1e-4: (-0.2, 0.05, 0.2), 1e-5: (0.2, None, 0.7)}
COARSE: Series = {1e-1: 2, 1e-2: 2, 1e-3: 3, 5e-4: (-0.1, 0.0, 0.15), 1e-4: (-0.2, 0.1, 0.2)}
FLAT: Series = {
    **dict.fromkeys((1e-1, 1e-2, 1e-3, 1e-4), (-0.08, 0.0, 0.08)),
    **{1e-5: (0.2, None, None)},
}


@dataclass(frozen=True, slots=True)
class Patient:
    """A made-up patient; days are counted from the start of treatment."""

    number: int
    trial: str
    age: int
    sex: str
    start_on: str
    last_contact: int
    dead: int = 0
    relapse: int | None = None
    transplant: int | None = None

    @property
    def patient_id(self) -> str:
        return f"SIM-{self.number:03d}"


@dataclass(frozen=True, slots=True)
class Assay:
    """An allele-specific assay; ``gap`` puts B that many cycles above the curve at 1e-4."""

    patient: int
    locus: str
    rearrangement: str
    curve: Curve
    gap: float | None = None
    standards: Series = field(default_factory=lambda: CLEAN)
    blast_fraction: str = ""

    @property
    def target(self) -> str:
        return f"SIM-{self.patient:03d}-{self.locus}"

    @property
    def background_cq(self) -> float | None:
        """The nominal B [cycles]; None: polyclonal DNA gives no signal."""
        return None if self.gap is None else float(self.curve.cq(1e-4)) + self.gap


@dataclass(frozen=True, slots=True)
class FollowUp:
    """A sample in one target and run: latent level, or designed wells, and the calls intended."""

    run: int
    timepoint: str
    locus: str
    level: float
    calls: tuple[str, str, str]
    offsets: Offsets = ()
    beside_background: Offsets = ()
    excluded: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Run:
    """One 96-well run of a patient; ``dna_ng`` is the DNA per well of each of its samples."""

    number: int
    patient: int
    form: str
    dna_ng: Mapping[str, float]
    control_gene: bool = True
    layout: bool = True
    ntc_cq: float | None = None
    omitted_background_cq: float | None = None
    dilution_style: str = "power"
    days_after: int = 3

    @property
    def run_id(self) -> str:
        return f"SIM-R{self.number:02d}"

    @property
    def follow_ups(self) -> tuple[FollowUp, ...]:
        return tuple(seen for seen in FOLLOW_UPS if seen.run == self.number)


PATIENTS = (
    Patient(1, "2019", 34, "F", "2019-10-07", 2010),
    Patient(2, "2023", 41, "M", "2023-05-15", 742, transplant=201),
    Patient(3, "2019", 52, "F", "2019-12-02", 1890, transplant=215),
    Patient(4, "2023", 28, "M", "2023-07-03", 690),
    Patient(5, "2019", 19, "F", "2020-03-09", 1795),
    Patient(6, "2023", 63, "M", "2023-09-11", 611),
    Patient(7, "2019", 45, "M", "2020-06-15", 1702, relapse=520),
    Patient(8, "2023", 37, "F", "2023-11-06", 548),
    Patient(9, "2023", 23, "M", "2024-01-22", 470),
    Patient(10, "2019", 58, "F", "2020-11-02", 655, dead=1, relapse=433),
    Patient(11, "2023", 50, "F", "2024-03-04", 421),
    Patient(12, "2019", 31, "M", "2021-02-08", 812, dead=1, relapse=244, transplant=190),
    Patient(13, "2019", 61, "M", "2021-09-13", 79, dead=1),
    Patient(14, "2023", 17, "F", "2024-05-13", 356),
)

ASSAYS = (
    Assay(1, "IGH", "VH3-JH6", Curve(22.4, -3.42)),
    Assay(2, "IGH", "VH1-JH4", Curve(21.9, -3.38), standards=FINE),
    Assay(3, "IGK", "VK1-Kde", Curve(22.8, -3.45), gap=3.6, standards=BEHIND),
    Assay(4, "IGH", "VH4-JH5", Curve(22.1, -3.36), blast_fraction="0.92"),
    Assay(4, "TRG", "VG9-JG1.3", Curve(22.6, -3.41), gap=3.7, standards=BEHIND),
    Assay(5, "IGH", "VH3-JH4", Curve(22.5, -3.35)),
    Assay(6, "TRG", "VG2-JG2.3", Curve(22.2, -3.4), gap=3.6, standards=BEHIND),
    Assay(7, "IGH", "VH6-JH6", Curve(22.0, -3.44)),
    Assay(8, "TRD", "VD2-DD3", Curve(22.9, -3.4)),
    Assay(9, "IGH", "DH6-JH4", Curve(22.3, -3.37)),
    Assay(10, "IGK", "VK3-Kde", Curve(23.0, -2.88), standards=FLAT),
    Assay(11, "IGH", "VH3-JH5", Curve(22.7, -3.39), standards=FINE),
    Assay(11, "IGK", "intron-Kde", Curve(22.1, -3.43), gap=4.0, standards=BEHIND),
    Assay(12, "IGH", "VH5-JH6", Curve(21.8, -3.41), blast_fraction="0.85"),
    Assay(13, "TRG", "VG4-JG1.1", Curve(22.9, -3.4), gap=0.4, standards=COARSE),
    Assay(14, "IGH", "VH2-JH3", Curve(22.4, -3.36)),
    Assay(14, "TRB", "DB1-JB2.5", Curve(22.6, -3.45), gap=3.8, standards=BEHIND),
)

RUNS = (
    Run(1, 1, "ab-text", {A1: 620}),
    Run(2, 1, "ab-text", {C1: 540}),
    Run(3, 2, "ab-xlsx", {A1: 480}),
    Run(4, 2, "ab-xlsx", {C1: 590}),
    Run(5, 3, "cfx-csv", {A1: 700, C1: 610}),
    Run(6, 4, "ab-text", {A1: 650, C1: 570}, dilution_style="ratio"),
    Run(7, 5, "ab-xlsx", {A1: 430, C1: 600}),
    Run(8, 6, "cfx-csv", {A1: 820, C1: 640}, dilution_style="percent"),
    Run(9, 7, "cfx-csv", {A1: 560, C1: 610}, ntc_cq=35.2),
    Run(10, 7, "cfx-csv", {A1: 560, C1: 610}, days_after=9),
    Run(11, 8, "ab-text", {A1: 600, C1: 30}),
    Run(12, 9, "ab-text", {A1: 520, C1: 660}, control_gene=False, layout=False),
    Run(13, 9, "ab-text", {A1: 520, C1: 660}, days_after=5),
    Run(14, 10, "stepone-text", {A1: 580, C1: 640}),
    Run(15, 11, "ab-text", {A1: 490, C1: 610}),
    Run(16, 12, "table-csv", {A1: 680}),
    Run(17, 12, "table-csv", {C1: 550}),
    Run(18, 13, "ab-xlsx", {A1: 470}),
    Run(19, 14, "ab-text", {A1: 630, C1: 590}, omitted_background_cq=33.0),
)

_BUBBLE = {3: "air bubble seen in the well"}

FOLLOW_UPS = (
    FollowUp(1, A1, "IGH", 3e-3, QUANTIFIABLE),
    FollowUp(2, C1, "IGH", 0, NONE_FOUND),
    FollowUp(3, A1, "IGH", 2e-3, QUANTIFIABLE),
    # Some molecules, too few to count, in an assay without background.
    FollowUp(4, C1, "IGH", 2e-5, BELOW_RANGE, offsets=(-0.1, 0.4, None)),
    # A signal between B - 3 and B - 1: the two aims of therapy read it differently.
    FollowUp(5, A1, "IGK", 5e-3, QUANTIFIABLE),
    FollowUp(5, C1, "IGK", 4e-5, BELOW_RANGE_NEAR_B, beside_background=(-2.0, -1.6, 0.4)),
    # Two targets that differ after C-1.
    FollowUp(6, A1, "IGH", 2e-3, QUANTIFIABLE),
    FollowUp(6, C1, "IGH", 3e-5, BELOW_RANGE, offsets=(-0.2, None, 0.3)),
    FollowUp(6, A1, "TRG", 1.5e-3, QUANTIFIABLE),
    FollowUp(6, C1, "TRG", 0, NONE_FOUND, beside_background=(0.4, None, 0.9)),
    FollowUp(7, A1, "IGH", 0, NONE_FOUND),
    FollowUp(7, C1, "IGH", 1e-5, ONE_WELL, offsets=(0.0, None, None)),
    FollowUp(8, A1, "TRG", 1.2e-3, QUANTIFIABLE),
    FollowUp(8, C1, "TRG", 2e-5, ONE_WELL_NEAR_B, beside_background=(-1.5, 0.5, None)),
    # A dirty NTC, then the repeat that supersedes.
    FollowUp(9, A1, "IGH", 4e-3, NO_CALL),
    FollowUp(9, C1, "IGH", 0, NO_CALL),
    FollowUp(10, A1, "IGH", 4e-3, QUANTIFIABLE),
    FollowUp(10, C1, "IGH", 0, NONE_FOUND),
    # DNA short after C-1, and yet a strong signal.
    FollowUp(11, A1, "TRD", 6e-3, QUANTIFIABLE),
    FollowUp(11, C1, "TRD", 1e-2, NO_CALL),
    # No layout; the DNA is measured in run 13, which holds the control gene alone.
    FollowUp(12, A1, "IGH", 1.5e-3, QUANTIFIABLE),
    FollowUp(12, C1, "IGH", 0, NONE_FOUND),
    # A curve that is too flat.
    FollowUp(14, A1, "IGK", 2e-3, NO_CALL),
    FollowUp(14, C1, "IGK", 0, NO_CALL),
    # A fourth well, left out by the layout, would have spoilt the replicates.
    FollowUp(15, A1, "IGH", 1e-3, QUANTIFIABLE, offsets=(-0.15, 0.05, 0.1, 2.6), excluded=_BUBBLE),
    FollowUp(15, C1, "IGH", 0, NONE_FOUND),
    FollowUp(15, A1, "IGK", 1.4e-3, QUANTIFIABLE),
    FollowUp(15, C1, "IGK", 0, NONE_FOUND, beside_background=(None, 0.3, 1.1)),
    # Above the highest standard.
    FollowUp(16, A1, "IGH", 0.3, QUANTIFIABLE),
    FollowUp(17, C1, "IGH", 2e-3, QUANTIFIABLE),
    # Negative, but only to 5e-4; the sample after C-1 was never examined.
    FollowUp(18, A1, "TRG", 0, NONE_FOUND, beside_background=(0.3, 0.8, None)),
    # One background well was omitted on the instrument: counted, it would change B.
    FollowUp(19, A1, "IGH", 0, NONE_FOUND),
    FollowUp(19, C1, "IGH", 0, NONE_FOUND),
    FollowUp(19, A1, "TRB", 0, NONE_FOUND, beside_background=(0.6, None, None)),
    FollowUp(19, C1, "TRB", 0, NONE_FOUND),
)


def sample_id(patient: int, timepoint: str) -> str:
    """Return the id of a patient's follow-up sample, such as ``SIM-001-C1``."""
    return f"SIM-{patient:03d}-{timepoint.removeprefix('post-')}"


def intended_calls() -> dict[tuple[str, str, str], dict[str, str]]:
    """Return (run, target, sample) -> rule set -> the call that the example is designed for."""
    guidelines = REDUCTION, INTENSIFICATION, UPDATE_2024
    return {
        (
            run.run_id,
            f"SIM-{run.patient:03d}-{seen.locus}",
            sample_id(run.patient, seen.timepoint),
        ): dict(zip(guidelines, seen.calls, strict=True))
        for run in RUNS
        for seen in run.follow_ups
    }
