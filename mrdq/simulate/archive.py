"""A large archive of independent runs, drawn at random, to measure the software with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path

import numpy as np

from mrdq.simulate.exports import FORMATS
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
    Curve,
    Floats,
    Plate,
    control_gene_cq,
    generator,
    mrd_cq,
)
from mrdq.vocabulary import BACKGROUND, CONTROL_GENE, MRD, NTC, SAMPLE, STANDARD

ALB = "ALB"
STANDARDS = (1e-1, 1e-2, 1e-3, 1e-4, 1e-5)
# Twelve samples of a patient fill a 96-well plate.
TIMEPOINTS = ("post-A1", "post-C1", *(f"FU-{n:02d}" for n in range(3, 13)))
# Days from a sample to the run.
LAGS = tuple(range(110, 110 - 9 * len(TIMEPOINTS), -9))
TRIALS = (("ALL/MRD2019", "all-mrd2019"), ("ALL/MRD2023", "all-mrd2023"))
LOCI = ("IGH", "IGK", "TRG", "TRD")
REPLICATES, BACKGROUND_WELLS, NTC_WELLS, ALB_NTC_WELLS = 3, 6, 3, 4
FIRST_DAY = date(2015, 1, 5)

# The wells of a run's MRD target in the order of its blocks: standards, background, samples.
N_STANDARD = REPLICATES * len(STANDARDS)
N_SAMPLE = REPLICATES * len(TIMEPOINTS)
N_WELLS = N_STANDARD + BACKGROUND_WELLS + N_SAMPLE


def write_archive(
    folder: Path,
    *,
    runs: int,
    seed: int = 1,
    formats: Sequence[str] = ("ab-text",),
    layouts: bool = False,
) -> None:
    """Write a study of that many runs, each one patient, one target, twelve samples and ALB:
    96 wells.

    ``formats`` are taken in turn (``ab-text``, ``ab-xlsx``, ``stepone-text``, ``cfx-csv``,
    ``table-csv``).  Without layouts the quantities of all standards are nanograms, those of the
    MRD target of diagnostic DNA (60 ng of 600 ng is 1e-1), and the configuration says so.
    """
    unknown = [form for form in formats if form not in FORMATS]
    if unknown or not formats:
        raise ValueError(f"formats must be of {', '.join(FORMATS)}, but were {list(formats)}")
    rng = generator(seed)
    dna_ng = rng.uniform(300.0, 900.0, (runs, len(TIMEPOINTS)))
    mrd = _mrd_cq(rng, dna_ng)
    albumin_ng = np.tile(np.repeat(ALBUMIN_STANDARDS_NG, 2), (runs, 1))
    albumin = control_gene_cq(rng, np.hstack([albumin_ng, np.repeat(dna_ng, 2, axis=1)]))
    rows = []
    for index in range(runs):
        run_id, performed = f"SIM-{index + 1:06d}", FIRST_DAY + timedelta(days=index % 3650)
        blocks = (
            *_mrd_blocks(run_id, mrd[index], layouts=layouts),
            *_albumin(run_id, albumin[index]),
        )
        plate = Plate(run_id, performed.isoformat(), blocks)
        rows.append(write_run(folder, plate, formats[index % len(formats)], layout=layouts)[1])
    _write_sheets(folder, rows, runs=runs, layouts=layouts)


def _mrd_cq(rng: np.random.Generator, dna_ng: Floats) -> Floats:
    """Draw the Cq [cycles] of all runs at once, one row per run, ``N_WELLS`` columns.

    Half the assays have a background signal; two fifths of the samples hold no leukaemic DNA,
    the others a level between 1e-6 and 1e-1, evenly on the logarithm.
    """
    runs = len(dna_ng)
    curve = Curve(rng.normal(22.3, 0.5, (runs, 1)), rng.normal(-3.42, 0.1, (runs, 1)))
    share = np.where(rng.random((runs, 1)) < 0.5, 0.7, 0.0)
    background = Background(rng.normal(40.0, 0.6, (runs, 1)), share=share)
    level = 10.0 ** rng.uniform(-6.0, -1.0, dna_ng.shape) * (rng.random(dna_ng.shape) > 0.4)
    standards = np.tile(np.repeat(STANDARDS, REPLICATES), (runs, 1))
    nothing = np.zeros((runs, BACKGROUND_WELLS))
    fraction = np.hstack([standards, nothing, np.repeat(level, REPLICATES, axis=1)])
    nominal = np.full((runs, N_STANDARD + BACKGROUND_WELLS), NOMINAL_NG)
    mass = np.hstack([nominal, np.repeat(dna_ng, REPLICATES, axis=1)])
    return mrd_cq(rng, curve, background, fraction=fraction, dna_ng=mass)


def _mrd_blocks(run_id: str, cq: Floats, *, layouts: bool) -> Iterator[Block]:
    target = f"{run_id}-IG"
    for index, dilution in enumerate(STANDARDS):
        wells = cq[index * REPLICATES : (index + 1) * REPLICATES]
        sample = f"{run_id}-DX"
        if layouts:
            yield Block(target, STANDARD, wells, sample, dilution=dilution)
        else:
            yield Block(target, STANDARD, wells, sample, quantity_ng=NOMINAL_NG * dilution)
    wells = cq[N_STANDARD : N_STANDARD + BACKGROUND_WELLS]
    yield Block(target, BACKGROUND, wells, sample="polyclonal")
    yield Block(target, NTC, np.full(NTC_WELLS, np.nan), sample="NTC")
    samples = cq[N_STANDARD + BACKGROUND_WELLS :].reshape(len(TIMEPOINTS), REPLICATES)
    for sample, wells in zip(_sample_ids(run_id), samples, strict=True):
        yield Block(target, SAMPLE, wells, sample=sample)


def _albumin(run_id: str, cq: Floats) -> Iterator[Block]:
    pairs = cq.reshape(-1, 2)
    for amount, pair in zip(ALBUMIN_STANDARDS_NG, pairs[: len(ALBUMIN_STANDARDS_NG)], strict=True):
        yield Block(ALB, STANDARD, pair, sample="control", quantity_ng=amount, reporter="VIC")
    yield Block(ALB, NTC, np.full(ALB_NTC_WELLS, np.nan), sample="NTC", reporter="VIC")
    for sample, pair in zip(_sample_ids(run_id), pairs[len(ALBUMIN_STANDARDS_NG) :], strict=True):
        yield Block(ALB, SAMPLE, pair, sample=sample, reporter="VIC")


def _sample_ids(run_id: str) -> list[str]:
    return [f"{run_id}-{timepoint.removeprefix('post-')}" for timepoint in TIMEPOINTS]


def _write_sheets(
    folder: Path, rows: list[tuple[object, ...]], *, runs: int, layouts: bool
) -> None:
    """Write the four sheets and the configuration; patient and run share their number."""
    ids = [f"SIM-{number:06d}" for number in range(1, runs + 1)]
    days = [FIRST_DAY + timedelta(days=number % 3650) for number in range(runs)]
    samples = (
        (sample, f"P-{key}", timepoint, "BM", day - timedelta(days=lag))
        for key, day in zip(ids, days, strict=True)
        for sample, timepoint, lag in zip(_sample_ids(key), TIMEPOINTS, LAGS, strict=True)
    )
    assays = (
        (f"{key}-IG", MRD, f"P-{key}", LOCI[n % 4], None, f"{NOMINAL_NG:g} ng", ALB, None)
        for n, key in enumerate(ids)
    )
    patients = (
        (
            *(f"P-{key}", *TRIALS[n % 2], 16 + n % 50, "FM"[n % 2]),
            *(day - timedelta(days=100), day + timedelta(days=300 + n % 1000), 0, None, None),
        )
        for n, (key, day) in enumerate(zip(ids, days, strict=True))
    )
    text = config_text(
        f"SIMULATED archive of {runs} runs (no patient data)",
        guideline="euromrd-2007-therapy-reduction",
        layout_rules={} if layouts else {"background": "'^polyclonal'", "standard_quantity": "ng"},
    )
    config = folder / "config"
    write_bytes(config / "config.yaml", text.encode())
    write_sheet(config / "runs.tsv", RUNS_HEADER, rows)
    write_sheet(config / "samples.tsv", SAMPLES_HEADER, samples)
    control = (ALB, CONTROL_GENE, None, None, None, None, None, None)
    write_sheet(config / "assays.tsv", ASSAYS_HEADER, (*assays, control))
    write_sheet(config / "patients.tsv", PATIENTS_HEADER, patients)
