"""Studies that are large in one direction; every value of theirs is known.  SIMULATED.

Standards lie on Cq = 22 - 3.4 log10(dilution); the samples of every second timepoint are at 1e-3, the
others show nothing.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator, Sequence
from pathlib import Path

DILUTIONS = (1e-1, 1e-2, 1e-3, 1e-4)
CONFIG = """\
study: "SIMULATED study of limits"
runs: config/runs.tsv
samples: config/samples.tsv
assays: config/assays.tsv
patients: config/patients.tsv
guideline: euromrd-2007-therapy-reduction
"""
SAMPLES = "sample_id\tpatient_id\ttimepoint\tmaterial\tcollected_on\n"
Well = tuple[str, str, str, str, str, float | None]


def cq_at(dilution: float) -> float:
    return 22 - 3.4 * math.log10(dilution)


def is_positive(number: int) -> bool:
    return number % 2 == 0


def _target_wells(target: str, samples: Sequence[tuple[int, str]]) -> Iterator[Well]:
    """(target, role, sample, dilution, quantity, Cq) of a target's wells: 15, and 3 a sample."""
    for dilution in DILUTIONS:
        for spread in (-0.1, 0.1):
            yield target, "standard", "", f"{dilution:.0e}", "", cq_at(dilution) + spread
    for n in range(6):
        yield target, "background", "", "", "", 40 + 0.1 * n
    yield target, "ntc", "", "", "", None
    for number, sample in samples:
        for spread in (-0.12, 0.03, 0.15):
            cq = cq_at(1e-3) + spread if is_positive(number) else None
            yield target, "sample", sample, "", "", cq


def _control_wells(samples: Sequence[tuple[int, str]]) -> Iterator[Well]:
    """The control gene: 7 wells, and 2 a sample."""
    for ng in (600, 60, 6):
        for spread in (-0.05, 0.05):
            yield "ALB", "standard", "", "", f"{ng} ng", 33 - 3.35 * math.log10(ng) + spread
    yield "ALB", "ntc", "", "", "", None
    for _, sample in samples:
        for spread in (-0.04, 0.04):
            yield "ALB", "sample", sample, "", "", 23.9 + spread


def place(index: int, wells: int) -> str:
    """A1 ... P24: places of a plate of 384 for so many wells; of more, A1 ... AF48 of 1536."""
    row, column = divmod(index, 24 if wells <= 384 else 48)
    letter = chr(ord("A") + row % 26)
    return f"{'A' if row >= 26 else ''}{letter}{column + 1}"


def _write(path: Path, header: str, rows: Iterator[str] | list[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8") as file:
        file.write(f"{header}\n")
        file.writelines(f"{row}\n" for row in rows)


def _write_run(folder: Path, run: str, wells: list[Well]) -> None:
    layout = [f"{place(n, len(wells))}\t{target}\t{role}\t{sample}\t{dilution}\t{quantity}" for n, (target, role, sample, dilution, quantity, _) in enumerate(wells)]  # fmt: skip
    export = [f"{place(n, len(wells))},{well[0]},{'Undetermined' if well[5] is None else format(well[5], '.3f')}" for n, well in enumerate(wells)]  # fmt: skip
    _write(folder / f"config/layouts/{run}.tsv", "well\ttarget\trole\tsample_id\tdilution\tquantity", layout)  # fmt: skip
    _write(folder / f"data/{run}.csv", "well,target,cq", export)


def write_study(folder: Path, *, runs: int, targets: int, timepoints: int, one_patient: bool = False) -> None:  # fmt: skip
    """Runs, each of so many targets of one patient at so many timepoints; the patient of each run is
    another, or (``one_patient``) the same, who has the same targets and further timepoints."""
    sheet, samples, assays, patients = [], [], {}, {}
    first = dt.date(2015, 1, 1)
    for run in range(runs):
        name, patient = f"SIM-{run + 1:06d}", f"P-SIM-{1 if one_patient else run + 1:06d}"
        sheet.append(
            f"{name}\tdata/{name}.csv\tconfig/layouts/{name}.tsv\t{first + dt.timedelta(run)}"
        )
        start = run * timepoints if one_patient else 0
        points = [(n, f"{patient}-T{n + 1:03d}") for n in range(start, start + timepoints)]
        samples += [f"{sample}\t{patient}\tT{n + 1:03d}\tBM\t{first + dt.timedelta(n)}" for n, sample in points]  # fmt: skip
        patients[patient] = f"{patient}\t2014-12-01\t2025-01-01\t0"
        wells: list[Well] = []
        for n in range(targets):
            target = f"{patient}-IG{n + 1:03d}"
            assays[target] = f"{target}\tmrd\t{patient}\tIGH\tVH3-JH6\t600 ng\tALB\t0.9"
            wells += _target_wells(target, points)
        _write_run(folder, name, wells + list(_control_wells(points)))
    assays["ALB"] = "ALB\tcontrol_gene\t\t\t\t\t\t"
    config = folder / "config"
    _write(config / "runs.tsv", "run_id\texport\tlayout\tperformed_on", sheet)
    _write(config / "samples.tsv", SAMPLES.rstrip(), samples)
    _write(config / "assays.tsv", "target\tkind\tpatient_id\tlocus\trearrangement\tdna_per_well\tcontrol_gene\tblast_fraction", list(assays.values()))  # fmt: skip
    _write(
        config / "patients.tsv",
        "patient_id\tstart_on\tlast_contact_on\tdead",
        list(patients.values()),
    )
    (config / "config.yaml").write_text(CONFIG, encoding="utf-8")


def add_samples(folder: Path, count: int) -> None:
    """Rows of samples that no run has, to the sheet of samples, and their patients, ten rows each."""
    with (folder / "config/samples.tsv").open("a", encoding="utf-8") as file:
        for n in range(count):
            patient, point = divmod(n, 10)
            row = (
                f"X-SIM-{n:07d}",
                f"Q-SIM-{patient:06d}",
                f"T{point}",
                "PB",
                f"2016-01-{point + 1:02d}",
            )
            file.write("\t".join(row) + "\n")
    sheet = folder / "config/patients.tsv"
    columns = sheet.read_text(encoding="utf-8").splitlines()[0].count("\t")
    with sheet.open("a", encoding="utf-8") as file:
        file.writelines(f"Q-SIM-{n:06d}" + "\t" * columns + "\n" for n in range(-(-count // 10)))
