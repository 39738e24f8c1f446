"""``mrdq init``: a new study folder whose sheets say what goes where."""

from __future__ import annotations

from pathlib import Path

from mrdq import storage
from mrdq.errors import refuse
from mrdq.layout import LAYOUT_COLUMNS
from mrdq.sheets import SheetColumn
from mrdq.study import AMENDMENTS, SHEETS

_CONFIG = """\
# A study of mrdq.  Every path is relative to the study's folder.
study: "{name}"                       # shown on every page

runs: config/runs.tsv                 # one row per instrument run
samples: config/samples.tsv           # one row per follow-up sample
assays: config/assays.tsv             # one row per target (MRD targets and control genes)
patients: config/patients.tsv         # one row per patient
amendments: config/amendments.tsv     # wells left out and calls changed by a person

# The rule set: an id (mrdq guidelines list), or a mapping protocol -> id such as
#   guideline: {{all-mrd2019: euromrd-2007-therapy-reduction}}
guideline: euromrd-2007-therapy-reduction
# protocol: all-mrd2019               # unless the patients sheet has a column protocol

control_gene: required                # or optional
results: results                      # output folder

# Roles of runs without a layout, by the sample name (regular expressions), and what the
# export's unitless standard quantities are (dilution, ng, genome or cell):
# layout_rules:
#   background: '^polyclonal'
#   standard_quantity: dilution
"""
_GUIDE = """\
# {name}

Fill the sheets in `config/` (tab-separated; a spreadsheet opens and saves them, or use one
workbook and write `book.xlsx#Samples` in config.yaml). Put exports into `data/` and layouts into
`config/layouts/`; the four rows of `EXAMPLE-layout.tsv` there are examples, to be replaced. Then:

    mrdq check .
    mrdq run .

{sheets}
In a layout, `target` may be empty where the role is `empty`, and nowhere else. The wells of a rotor
of 72 are written A1 to I8, eight to a letter: tube 10 is B2.
"""
_EXAMPLES = (
    {"well": "A1", "role": "standard", "dilution": "1e-1"},
    {"well": "A2", "role": "sample", "sample_id": "EXAMPLE-P01-D33"},
    {"well": "A3", "role": "background"},
    {"well": "A4", "role": "ntc"},
)
"""A row of a layout for each role that a run needs; all of the target ``EXAMPLE-P01-IGH``."""


def require_new(folder: Path) -> None:
    """Refuse a folder that holds anything, or that cannot be made."""
    there = next((path for path in (folder, *folder.absolute().parents) if path.exists()), folder)
    if (there.exists() and not there.is_dir()) or (folder.is_dir() and any(folder.iterdir())):
        refuse(str(folder), "a new or empty folder", remedy="Name another one; nothing is overwritten.")  # fmt: skip


def create(folder: Path) -> list[Path]:
    """Make the folder; raises :class:`MrdqError` if it holds anything already."""
    require_new(folder)
    name = folder.resolve().name
    files = {
        "config/config.yaml": _CONFIG.format(name=name.replace('"', "'")),
        "README.md": _GUIDE.format(name=name, sheets=_describe()),
        "config/layouts/EXAMPLE-layout.tsv": _example_layout(),
    }
    for sheet, columns in {**SHEETS, "amendments": AMENDMENTS}.items():
        files[f"config/{sheet}.tsv"] = "\t".join(column.name for column in columns) + "\n"
    for path, text in files.items():
        storage.write_bytes(folder / path, text.encode())
    (folder / "data").mkdir()
    return [folder / path for path in files]


def _example_layout() -> str:
    names = [column.name for column in LAYOUT_COLUMNS]
    rows = [{"target": "EXAMPLE-P01-IGH"} | example for example in _EXAMPLES]
    lines = [names, *([row.get(name, "") for name in names] for row in rows)]
    return "".join("\t".join(line) + "\n" for line in lines)


def _describe() -> str:
    parts = []
    sheets = {**SHEETS, "amendments": AMENDMENTS, "a layout (one per run)": LAYOUT_COLUMNS}
    for sheet, columns in sheets.items():
        parts.append(f"## {sheet}\n")
        parts += [f"- `{column.name}`{_need(column)}: {column.doc}" for column in columns]
        parts.append("")
    return "\n".join(parts)


def _need(column: SheetColumn) -> str:
    if column.required:
        return " (required)"
    return " (the column is required, a cell may be empty)" if column.header_required else ""
