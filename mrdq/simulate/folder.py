"""The files of a study folder besides the instrument exports: sheets, layouts, configuration."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from mrdq.simulate.exports import FORMATS
from mrdq.simulate.plate import Plate
from mrdq.vocabulary import SAMPLE

RUNS_HEADER = ("run_id", "export", "layout", "performed_on", "instrument", "operator", "lot")
LAYOUT_HEADER = ("well", "target", "role", "sample_id", "dilution", "quantity", "exclude")
SAMPLES_HEADER = ("sample_id", "patient_id", "timepoint", "material", "collected_on")
ASSAYS_HEADER = (
    *("target", "kind", "patient_id", "locus", "rearrangement"),
    *("dna_per_well", "control_gene", "blast_fraction"),
)
PATIENTS_HEADER = (
    *("patient_id", "trial", "protocol", "age", "sex", "start_on"),
    *("last_contact_on", "dead", "relapse_on", "transplant_on"),
)
INSTRUMENTS = {
    "ab-text": "SIMULATED QuantStudio 5",
    "ab-xlsx": "SIMULATED QuantStudio 3",
    "stepone-text": "SIMULATED StepOnePlus",
    "cfx-csv": "SIMULATED CFX96",
    "table-csv": "SIMULATED cycler",
}


def _power(dilution: float) -> str:
    return f"{dilution:.0e}".replace("e-0", "e-")


def _ratio(dilution: float) -> str:
    return f"1:{round(1 / dilution)}"


def _percent(dilution: float) -> str:
    return f"{dilution * 100:.6g} %" if dilution >= 1e-6 else _power(dilution)


DILUTION_STYLES: dict[str, Callable[[float], str]] = {
    "power": _power,
    "ratio": _ratio,
    "percent": _percent,
}


def write_bytes(path: Path, content: bytes) -> Path:
    """Write a file and the folders above it; return its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def write_sheet(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> Path:
    """Write a tab-separated sheet; None is an empty cell."""
    lines = ["\t".join(header)]
    lines += ["\t".join("" if cell is None else str(cell) for cell in row) for row in rows]
    return write_bytes(path, ("\n".join(lines) + "\n").encode())


def write_layout(path: Path, plate: Plate, *, dilution_style: str = "power") -> Path:
    """Write the layout of a plate: what each well holds, in the contract's columns."""
    dilution = DILUTION_STYLES[dilution_style]

    def rows() -> Iterable[Sequence[object]]:
        for _, well, index, block, _ in plate.wells():
            sample = block.sample if block.role == SAMPLE else None
            fraction = None if np.isnan(block.dilution) else dilution(block.dilution)
            amount = None if np.isnan(block.quantity_ng) else f"{block.quantity_ng:g} ng"
            excluded = block.excluded.get(index)
            yield well, block.target, block.role, sample, fraction, amount, excluded

    return write_sheet(path, LAYOUT_HEADER, rows())


def write_run(
    folder: Path, plate: Plate, form: str, *, layout: bool, dilution_style: str = "power"
) -> tuple[list[Path], tuple[object, ...]]:
    """Write a run's export and layout; return their paths and its row of the runs sheet."""
    ending, export = FORMATS[form]
    data = f"data/{plate.run_id}{ending}"
    paths = [write_bytes(folder / data, export(plate))]
    sheet = f"config/layouts/{plate.run_id}.tsv" if layout else None
    if sheet:
        paths.append(write_layout(folder / sheet, plate, dilution_style=dilution_style))
    lot = f"SIM-LOT-{plate.performed_on[:4]}"
    return paths, (
        *(plate.run_id, data, sheet, plate.performed_on),
        *(INSTRUMENTS[form], "simulated", lot),
    )


def config_text(
    study: str,
    *,
    guideline: str | Mapping[str, str],
    layout_rules: Mapping[str, str],
    runs_per_job: int | None = None,
    cohort: bool = False,
) -> str:
    """Return config.yaml with a comment for each key; values are YAML, empty rules left out."""
    size = f"# How many runs one job of the workflow reads.\nruns_per_job: {runs_per_job}\n"
    wanted = "# Rates and survival of the patients, with the defaults.\ncohort: {}\n"
    rules = (
        "# Roles of runs without a layout: which sample names are background, and what the\n"
        "# instrument's quantities of standards are, which have no unit there.\n"
        f"layout_rules:{_nested(layout_rules)}\n"
    )
    return f"""\
# Name of the study, as it stands on every report.
study: "{study}"
# A sentence on top of every page and explanation.
notice: "SIMULATED data, made by mrdq simulate: not from patients, not for use"
# The four sheets, relative to this study's folder.
runs: config/runs.tsv
samples: config/samples.tsv
assays: config/assays.tsv
patients: config/patients.tsv
# Rule set of the calls: one id, or one per protocol of the patients sheet.
guideline:{_nested(guideline)}
# Folder of the results, relative to the study.
results: results
# Samples without a measured amount of DNA are not evaluable (the other word: optional).
control_gene: required
{rules if layout_rules else ""}{size if runs_per_job else ""}{wanted if cohort else ""}"""


def _nested(value: str | Mapping[str, str]) -> str:
    if isinstance(value, str):
        return f" {value}"
    return "".join(f"\n  {key}: {word}" for key, word in value.items())
