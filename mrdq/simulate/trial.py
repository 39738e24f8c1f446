"""The synthetic trial as a study folder: exports, layouts and sheets of a table of outcomes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from mrdq.resources import path
from mrdq.simulate.folder import (
    ASSAYS_HEADER,
    PATIENTS_HEADER,
    RUNS_HEADER,
    SAMPLES_HEADER,
    write_bytes,
    write_run,
    write_sheet,
)
from mrdq.simulate.plate import NOMINAL_NG
from mrdq.simulate.trial_cohort import PROTOCOLS, TrialPatient
from mrdq.simulate.trial_design import TrialDesign, design
from mrdq.simulate.trial_plates import ALB, trial_plates
from mrdq.vocabulary import CONTROL_GENE, MRD

PUBLISHED = "published.tsv"
_CONFIG = """\
# Name of the study, as it stands on every report.
study: "SYNTHETIC trial of {count} made-up patients"
# A sentence on top of every page and explanation.
notice: "SYNTHETIC data, made by mrdq simulate trial: no patient stands behind any of it"
# The four sheets, relative to this study's folder.
runs: config/runs.tsv
samples: config/samples.tsv
assays: config/assays.tsv
patients: config/patients.tsv
# One rule set for both trials: the plates are designed for it.
guideline: euromrd-2007-therapy-reduction
# Folder of the results, relative to the study.
results: results
# Samples without a measured amount of DNA are not evaluable.
control_gene: required
"""
_COHORT = f"""\
# The published figures that the results are set beside.
cohort:
  published: config/{PUBLISHED}
"""
_README = """\
# SYNTHETIC data

No patient stands behind any file here. `mrdq simulate trial` took a synthetic table of outcomes and
made plates for it whose calls give the MRD of the table; the same seed makes the same bytes again.
Each export says SIMULATED in its experiment name or its comments. Nothing here is evidence of
anything about the two trials or about an assay.
"""


def write_trial(
    folder: Path, cohort: Sequence[TrialPatient], *, seed: int = 2024, published: bool = True
) -> list[Path]:
    """Write the study of ``cohort`` into ``folder``; return the files written.

    ``published`` puts the shipped table of the published figures beside it, to compare with.
    """
    designs = list(design(cohort))
    paths, runs = _write_runs(folder, designs, seed=seed)
    config = folder / "config"
    text = _CONFIG.format(count=len(cohort)) + (_COHORT if published else "cohort: {}\n")
    if published:
        table = path(f"trial/{PUBLISHED}").read_bytes()
        paths.append(write_bytes(config / PUBLISHED, table))
    return [
        *paths,
        write_bytes(config / "config.yaml", text.encode()),
        write_sheet(config / "runs.tsv", RUNS_HEADER, runs),
        write_sheet(config / "samples.tsv", SAMPLES_HEADER, _samples(designs)),
        write_sheet(config / "assays.tsv", ASSAYS_HEADER, _assays(designs)),
        write_sheet(config / "patients.tsv", PATIENTS_HEADER, _patients(cohort)),
        write_bytes(folder / "README.md", _README.encode()),
    ]


def _write_runs(
    folder: Path, designs: Iterable[TrialDesign], *, seed: int
) -> tuple[list[Path], list[tuple[object, ...]]]:
    paths: list[Path] = []
    rows: list[tuple[object, ...]] = []
    for number, each in enumerate(designs, start=1):
        plates = trial_plates(each, number=number, seed=seed)
        for run, plate in zip(each.runs, plates, strict=True):
            written, row = write_run(
                folder, plate, run.form, layout=True, dilution_style=run.dilution_style
            )
            paths += written
            rows.append(row)
    return paths, rows


def _samples(designs: Iterable[TrialDesign]) -> Iterator[tuple[object, ...]]:
    for each in designs:
        for sample in each.samples:
            collected = each.patient.on(sample.day)
            yield sample.sample_id, sample.patient_id, sample.timepoint, "BM", collected


def _assays(designs: Iterable[TrialDesign]) -> Iterator[tuple[object, ...]]:
    for each in designs:
        for assay in each.assays:
            what = assay.target, MRD, assay.patient_id, assay.locus, assay.rearrangement
            yield *what, f"{NOMINAL_NG:g} ng", ALB, None
    yield ALB, CONTROL_GENE, None, None, None, None, None, None


def _patients(cohort: Iterable[TrialPatient]) -> Iterator[tuple[object, ...]]:
    """Neither sex nor transplantation stands in the table of outcomes: the cells stay empty."""
    for patient in cohort:
        who = patient.patient_id, patient.trial, PROTOCOLS[patient.trial], patient.age, None
        relapse = None if patient.relapse_day is None else patient.on(patient.relapse_day)
        last = patient.on(patient.os_days)
        yield *who, patient.start_on, last, patient.dead, relapse, None
