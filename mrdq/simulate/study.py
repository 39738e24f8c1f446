"""The example study: a whole study folder of made-up patients, the same bytes for the same seed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import numpy as np

from mrdq.simulate import scenarios
from mrdq.simulate.folder import (
    ASSAYS_HEADER,
    PATIENTS_HEADER,
    RUNS_HEADER,
    SAMPLES_HEADER,
    config_text,
    write_bytes,
    write_run,
    write_sheet,
)
from mrdq.simulate.plate import (
    ALBUMIN_STANDARDS_NG,
    NOMINAL_NG,
    Background,
    Block,
    Plate,
    control_gene_cq,
    designed_cq,
    generator,
    mrd_cq,
)
from mrdq.simulate.scenarios import A1, ASSAYS, C1, PATIENTS, RUNS, Assay, FollowUp, Patient, Run
from mrdq.vocabulary import BACKGROUND, CONTROL_GENE, MRD, NTC, SAMPLE, STANDARD

ALB = "ALB"
STUDY = "SIMULATED example study (no patient data)"
README = """\
# SIMULATED data

No patient stands behind any file here: `mrdq simulate` made them all, and makes the same bytes
again from the same seed. Each export says so in its experiment name or its comments. Which call
each sample is designed for is written in `mrdq/simulate/scenarios.py`.
"""
BACKGROUND_OFFSETS: tuple[float | None, ...] = (0.9, 0.0, None, 1.4, 0.5, 1.1)


def write_example(folder: Path, *, seed: int = 2024) -> list[Path]:
    """Write the example study into ``folder``; return the files written.

    The design (who is positive, which run fails) is fixed; the seed moves the noise alone.
    """
    paths: list[Path] = []
    rows: list[tuple[object, ...]] = []
    for run in RUNS:
        plate = example_plate(run, seed=seed)
        written, row = write_run(
            folder, plate, run.form, layout=run.layout, dilution_style=run.dilution_style
        )
        paths += written
        rows.append(row)
    text = config_text(
        STUDY,
        guideline=scenarios.GUIDELINES,
        layout_rules={"background": "'^polyclonal'", "standard_quantity": "dilution"},
        runs_per_job=4,
        cohort=True,
    )
    config = folder / "config"
    return [
        *paths,
        write_bytes(config / "config.yaml", text.encode()),
        write_sheet(config / "runs.tsv", RUNS_HEADER, rows),
        write_sheet(config / "samples.tsv", SAMPLES_HEADER, _samples()),
        write_sheet(config / "assays.tsv", ASSAYS_HEADER, _assays()),
        write_sheet(config / "patients.tsv", PATIENTS_HEADER, _patients()),
        write_bytes(folder / "data" / "README.md", README.encode()),
    ]


def example_plate(run: Run, *, seed: int) -> Plate:
    """Simulate one run of the example."""
    rng = generator(seed, run.number)
    loci = dict.fromkeys(seen.locus for seen in run.follow_ups)
    blocks = [block for locus in loci for block in _mrd_blocks(rng, run, _assay(run, locus))]
    if run.control_gene:
        blocks += _control_gene_blocks(rng, run)
    patient = _patient(run.patient)
    last = max(_collection_day(patient, timepoint) for timepoint in run.dna_ng)
    performed = date.fromisoformat(patient.start_on) + timedelta(days=last + run.days_after)
    return Plate(run.run_id, performed.isoformat(), tuple(blocks))


def _mrd_blocks(rng: np.random.Generator, run: Run, assay: Assay) -> Iterator[Block]:
    signal = assay.background_cq
    late = None if signal is None else Background(mean_cq=signal + 1.2, sd=0.3)
    for dilution, wells in assay.standards.items():
        label = f"SIM-{run.patient:03d}-DX {dilution:g}"
        if isinstance(wells, int):
            cq = mrd_cq(rng, assay.curve, late, fraction=np.full(wells, dilution))
        else:
            cq = designed_cq(rng, float(assay.curve.cq(dilution)), wells)
        yield Block(assay.target, STANDARD, cq, sample=label, dilution=dilution)
    yield _background(rng, run, assay)
    ntc = (None, None, None) if run.ntc_cq is None else (None, 0.0, None)
    yield Block(assay.target, NTC, designed_cq(rng, run.ntc_cq or 0.0, ntc), sample="NTC")
    for seen in run.follow_ups:
        if seen.locus == assay.locus:
            yield _follow_up(rng, run, assay, late, seen)


def _background(rng: np.random.Generator, run: Run, assay: Assay) -> Block:
    """Six wells of polyclonal DNA, and a contaminated seventh where the run omits one."""
    signal = assay.background_cq
    offsets = (None,) * 6 if signal is None else BACKGROUND_OFFSETS
    cq = designed_cq(rng, signal or 0.0, offsets)
    omitted: tuple[int, ...] = ()
    if run.omitted_background_cq is not None and signal is not None:
        omitted = (len(cq),)
        cq = np.append(cq, run.omitted_background_cq)
    return Block(assay.target, BACKGROUND, cq, sample="polyclonal DNA", omitted=omitted)


def _follow_up(
    rng: np.random.Generator, run: Run, assay: Assay, late: Background | None, seen: FollowUp
) -> Block:
    dna_ng = run.dna_ng[seen.timepoint]
    sample = scenarios.sample_id(run.patient, seen.timepoint)
    if seen.beside_background and assay.background_cq is not None:
        cq = designed_cq(rng, assay.background_cq, seen.beside_background)
    elif seen.offsets:
        expected = float(assay.curve.cq(seen.level * dna_ng / NOMINAL_NG))
        cq = designed_cq(rng, expected, seen.offsets)
    elif seen.level == 0:
        cq = np.full(3, np.nan)
    else:
        cq = mrd_cq(rng, assay.curve, late, fraction=np.full(3, seen.level), dna_ng=dna_ng)
    return Block(assay.target, SAMPLE, cq, sample=sample, excluded=dict(seen.excluded))


def _control_gene_blocks(rng: np.random.Generator, run: Run) -> Iterator[Block]:
    """The control gene's standards, its NTC and each sample of the run, in two wells each."""
    for amount in ALBUMIN_STANDARDS_NG:
        cq = control_gene_cq(rng, np.full(2, amount))
        label = f"control DNA {amount:g} ng"
        yield Block(ALB, STANDARD, cq, sample=label, quantity_ng=amount, reporter="VIC")
    yield Block(ALB, NTC, np.full(2, np.nan), sample="NTC", reporter="VIC")
    for timepoint, dna_ng in run.dna_ng.items():
        sample = scenarios.sample_id(run.patient, timepoint)
        cq = control_gene_cq(rng, np.full(2, dna_ng))
        yield Block(ALB, SAMPLE, cq, sample=sample, reporter="VIC")


def _assay(run: Run, locus: str) -> Assay:
    return next(assay for assay in ASSAYS if (assay.patient, assay.locus) == (run.patient, locus))


def _patient(number: int) -> Patient:
    return next(patient for patient in PATIENTS if patient.number == number)


def _day(patient: Patient, days: int | None) -> date | None:
    return None if days is None else date.fromisoformat(patient.start_on) + timedelta(days=days)


def _collection_day(patient: Patient, timepoint: str) -> int:
    """A-1 ends after about five weeks, C-1 after about fourteen."""
    return {A1: 33 + patient.number % 5, C1: 96 + patient.number % 7}[timepoint]


def _samples() -> Iterator[tuple[object, ...]]:
    """Both samples of everyone; one was planned and never drawn, for the patient had died."""
    for patient in PATIENTS:
        for timepoint in (A1, C1):
            day = _collection_day(patient, timepoint)
            collected = _day(patient, day) if day <= patient.last_contact else None
            sample = scenarios.sample_id(patient.number, timepoint)
            yield sample, patient.patient_id, timepoint, "BM", collected


def _assays() -> Iterator[tuple[object, ...]]:
    for assay in ASSAYS:
        patient_id = f"SIM-{assay.patient:03d}"
        what = assay.target, MRD, patient_id, assay.locus, assay.rearrangement
        yield *what, f"{NOMINAL_NG:g} ng", ALB, assay.blast_fraction
    yield ALB, CONTROL_GENE, None, None, None, None, None, None


def _patients() -> Iterator[tuple[object, ...]]:
    for patient in PATIENTS:
        trial, protocol = scenarios.TRIALS[patient.trial]
        who = patient.patient_id, trial, protocol, patient.age, patient.sex, patient.start_on
        days = patient.last_contact, patient.relapse, patient.transplant
        last, relapse, transplant = (_day(patient, day) for day in days)
        yield *who, last, patient.dead, relapse, transplant
