"""A few hand-made runs, one patient each, small enough to check hundreds of times.

Standards lie on Cq = 22 - 3.4 log10(dilution); a sample of the first patient is at 1e-3, every
other one shows nothing.  No simulator, no random number.
"""

from __future__ import annotations

import csv
import io
import math
from pathlib import Path

MOST = 20
PATIENTS = tuple(f"P-SIM-{n:06d}" for n in range(1, MOST + 1))
RUNS = tuple(f"SIM-{n:06d}" for n in range(1, MOST + 1))
DILUTIONS = ("1e-1", "1e-2", "1e-3", "1e-4")
NANOGRAMS = (600.0, 60.0, 6.0)
CONFIG = """\
study: "SIMULATED study of a few runs"
runs: config/runs.tsv
samples: config/samples.tsv
assays: config/assays.tsv
patients: config/patients.tsv
guideline: euromrd-2007-therapy-reduction
"""
RULES = """\
layout_rules:
  background: '^polyclonal'
  standard_quantity: ng
"""

Well = tuple[str, str, str, str, float, float | None]


def _wells(number: int) -> list[Well]:
    """(target, role, sample name, dilution, ng, Cq or None) of the wells of a run, in order."""
    target = f"{RUNS[number]}-IG"
    out: list[Well] = []
    for dilution in DILUTIONS:
        cq = 22 - 3.4 * math.log10(float(dilution))
        out += [
            (target, "standard", "DX", dilution, 600 * float(dilution), cq + d) for d in (-0.1, 0.1)
        ]
    out += [(target, "background", "polyclonal", "", 0, 40.0 + 0.1 * n) for n in range(6)]
    out += [(target, "ntc", "NTC", "", 0, None)]
    for timepoint, cq in (("A1", 32.2 if number == 0 else None), ("C1", None)):
        name = f"{RUNS[number]}-{timepoint}"
        out += [(target, "sample", name, "", 0, cq and cq + d) for d in (-0.12, 0.03, 0.15)]
    for ng in NANOGRAMS:
        out += [
            ("ALB", "standard", "control", "", ng, 33.0 - 3.35 * math.log10(ng) + d)
            for d in (-0.05, 0.05)
        ]
    out += [("ALB", "ntc", "NTC", "", 0, None)]
    out += [
        ("ALB", "sample", f"{RUNS[number]}-{t}", "", 0, 23.9 + d)
        for t in ("A1", "C1")
        for d in (-0.04, 0.04)
    ]
    return out


def _write(path: Path, rows: list[list[str]], delimiter: str = "\t") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter, lineterminator="\n").writerows(rows)
    path.write_text(text.getvalue(), encoding="utf-8")


def well_name(index: int) -> str:
    return f"{'ABCDEFGH'[index // 12]}{index % 12 + 1}"


def _write_run(folder: Path, number: int, *, layouts: bool) -> None:
    export, layout = [["well", "target", "cq", "sample", "task", "quantity"]], [
        ["well", "target", "role", "sample_id", "dilution", "quantity", "exclude"]
    ]  # fmt: skip
    tasks = {"standard": "STANDARD", "ntc": "NTC"}
    for index, (target, role, name, dilution, ng, cq) in enumerate(_wells(number)):
        well = well_name(index)
        quantity = f"{ng:g}" if role == "standard" else ""
        shown = "Undetermined" if cq is None else f"{cq:.3f}"
        export.append([well, target, shown, name, tasks.get(role, "UNKNOWN"), quantity])
        amount = f"{ng:g} ng" if target == "ALB" and role == "standard" else ""
        layout.append([well, target, role, name if role == "sample" else "", dilution, amount, ""])
    _write(folder / f"data/{RUNS[number]}.csv", export, ",")
    if layouts:
        _write(folder / f"config/layouts/{RUNS[number]}.tsv", layout)


def write_tiny(folder: Path, *, runs: int = 2, layouts: bool = True) -> None:
    """Write the study: its runs have layouts, or ``layout_rules`` in their place."""
    config = folder / "config"
    sheet = [
        ["run_id", "export", "layout", "format", "performed_on", "instrument", "operator", "lot"]
    ]
    samples = [["sample_id", "patient_id", "timepoint", "material", "collected_on"]]
    assays = [
        [
            "target",
            "kind",
            "patient_id",
            "locus",
            "rearrangement",
            "dna_per_well",
            "control_gene",
            "blast_fraction",
        ]
    ]
    patients = [
        [
            "patient_id",
            "trial",
            "protocol",
            "age",
            "sex",
            "start_on",
            "last_contact_on",
            "dead",
            "relapse_on",
            "transplant_on",
        ]
    ]
    for number in range(runs):
        run, patient = RUNS[number], PATIENTS[number]
        _write_run(folder, number, layouts=layouts)
        layout = f"config/layouts/{run}.tsv" if layouts else ""
        sheet.append(
            [run, f"data/{run}.csv", layout, "", f"2015-01-{number + 5:02d}", "cycler", "me", "L1"]
        )
        for timepoint, day in (("A1", "2014-11-01"), ("C1", "2015-01-03")):
            samples.append([f"{run}-{timepoint}", patient, f"post-{timepoint}", "BM", day])
        assays.append([f"{run}-IG", "mrd", patient, "IGH", "VH3-JH6", "600 ng", "ALB", "0.9"])
        protocol = ("all-mrd2019", "all-mrd2023")[number % 2]
        patients.append(
            [
                patient,
                protocol.upper(),
                protocol,
                f"{40 + number}",
                "F",
                "2014-09-27",
                "2015-11-01",
                "0",
                "",
                "",
            ]
        )
    assays.append(["ALB", "control_gene", *[""] * 6])
    for name, rows in {
        "runs": sheet,
        "samples": samples,
        "assays": assays,
        "patients": patients,
    }.items():
        _write(config / f"{name}.tsv", rows)
    (config / "config.yaml").write_text(CONFIG + ("" if layouts else RULES), encoding="utf-8")
