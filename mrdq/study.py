"""A study folder, read and checked: settings, sheets, rule sets and protocols.

pandas is not imported here: the Snakefile loads a study on every job.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mrdq import vocabulary as words
from mrdq.config import CONFIG_FILE, Config, load_config, path_problems
from mrdq.definitions import load_guideline, load_protocol
from mrdq.errors import WARNING, MrdqError, Problem, Problems
from mrdq.guideline import Guideline
from mrdq.protocol import Protocol
from mrdq.sheets import Sheet, SheetColumn, iso_date, number, one_of, read_sheet
from mrdq.units import UnitError, fraction, nanograms

GENERIC_PROTOCOL = "generic"


def _flag(text: str) -> int:
    if text not in ("0", "1"):
        raise UnitError("0 (no) or 1 (yes)")
    return int(text)


SHEETS: Mapping[str, tuple[SheetColumn, ...]] = {
    "runs": (
        SheetColumn("run_id", "the run's id", required=True, is_id=True),
        SheetColumn("export", "path of the instrument's file in the study", required=True),
        SheetColumn("layout", "path of the layout in the study"),
        SheetColumn("format", "the export's format, empty = detected"),
        SheetColumn("performed_on", "date of the run", parse=iso_date),
        SheetColumn("instrument", "the instrument"),
        SheetColumn("operator", "who ran it"),
        SheetColumn("lot", "lot of the reagents"),
    ),
    "samples": (
        SheetColumn("sample_id", "the sample's id", required=True, is_id=True),
        SheetColumn("patient_id", "the patient's id", required=True, is_id=True),
        SheetColumn(
            "timepoint", "the timepoint, as the protocol names it", required=True, is_id=True
        ),
        SheetColumn("material", "BM, PB, ..."),
        SheetColumn("collected_on", "date of collection", parse=iso_date),
    ),
    "assays": (
        SheetColumn("target", "the target's name", required=True, is_id=True),
        SheetColumn("kind", "mrd or control_gene", required=True, parse=one_of(*words.KINDS)),
        SheetColumn("patient_id", "the patient whose clone it is", is_id=True),
        SheetColumn("locus", "IGH, IGK, IGL, TRB, TRG or TRD", parse=one_of(*words.LOCI)),
        SheetColumn("rearrangement", "the rearrangement"),
        SheetColumn("dna_per_well", "DNA in a well, such as 600 ng", parse=nanograms, missing=None),
        SheetColumn("control_gene", "the target that normalises it", is_id=True),
        SheetColumn(
            "blast_fraction",
            "fraction of blasts in the diagnostic sample",
            parse=fraction,
            missing=None,
        ),
    ),
    "patients": (
        SheetColumn("patient_id", "the patient's id", required=True, is_id=True),
        SheetColumn("trial", "the trial"),
        SheetColumn("protocol", "the protocol's id"),
        SheetColumn(
            "age", "age in years", parse=number(0, 130, what="an age in years"), missing=None
        ),
        SheetColumn("sex", "sex"),
        SheetColumn("start_on", "start of treatment", parse=iso_date),
        SheetColumn("last_contact_on", "last contact, or death", parse=iso_date),
        SheetColumn("dead", "1 if dead at last contact, else 0", parse=_flag, missing=None),
        SheetColumn("relapse_on", "first relapse", parse=iso_date),
        SheetColumn("transplant_on", "transplantation", parse=iso_date),
    ),
}
KEYS = {"runs": "run_id", "samples": "sample_id", "assays": "target", "patients": "patient_id"}


@dataclass(frozen=True, slots=True)
class Study:
    """Everything the laboratory wrote; nothing of the exports.

    ``guideline_of``: target of kind mrd -> id of its rule set; ``guideline_of_patient`` and
    ``protocol_of``: patient -> id.
    ``control_gene_of``: target of kind mrd -> its control gene, or "".
    """

    root: Path
    config: Config
    runs: Sheet
    samples: Sheet
    assays: Sheet
    patients: Sheet
    guidelines: Mapping[str, Guideline]
    protocols: Mapping[str, Protocol]
    guideline_of: Mapping[str, str]
    guideline_of_patient: Mapping[str, str]
    protocol_of: Mapping[str, str]
    control_gene_of: Mapping[str, str]
    warnings: list[Problem] = field(default_factory=list)

    @property
    def results(self) -> Path:
        return self.root / self.config.results

    def assay(self, column: str) -> dict[str, Any]:
        """Target -> value of a column of the assays sheet."""
        return dict(zip(self.assays.columns["target"], self.assays.columns[column], strict=True))

    def sample(self, column: str) -> dict[str, Any]:
        """Sample -> value of a column of the samples sheet."""
        return dict(
            zip(self.samples.columns["sample_id"], self.samples.columns[column], strict=True)
        )

    @property
    def notices(self) -> list[str]:
        """What every output for people has to say: simulated data, provisional rule sets."""
        own = [self.config.notice] if self.config.notice else []
        return own + [g.notice for g in self.guidelines.values() if g.notice]


def load_study(root: Path, *, guideline: str = "") -> Study:
    """Read the study in ``root``; ``guideline`` calls it under another rule set than its own.

    Raises :class:`MrdqError` with all problems of all sheets at once.
    """
    config = load_config(root)
    problems = Problems()
    sheets = {name: _read(root, config, name, problems) for name in SHEETS}
    read = {name: sheet for name, sheet in sheets.items() if sheet is not None}
    if len(read) < len(SHEETS):
        problems.raise_if_any()
    for name, sheet in read.items():
        _unique(sheet, KEYS[name], problems)
    _check_runs(read["runs"], problems)
    control_gene_of = _check_assays(read["assays"], config, problems)
    _check_patients(read, config, problems)
    patients_of = dict(
        zip(
            read["patients"].columns["patient_id"],
            read["patients"].columns["protocol"],
            strict=True,
        )
    )
    mrd = {t: p for t, k, p in zip(*(read["assays"].columns[c] for c in ("target", "kind", "patient_id")), strict=True)
           if k == words.MRD}  # fmt: skip
    known = {*patients_of, *mrd.values(), *read["samples"].columns["patient_id"]}
    protocol_of = {
        p: patients_of.get(p) or config.protocol or GENERIC_PROTOCOL for p in sorted(known)
    }
    of_patient = {p: guideline or _guideline_id(config, protocol_of[p], problems if p in mrd.values() else Problems())
                  for p in protocol_of if p}  # fmt: skip
    guideline_of = {target: of_patient[patient] for target, patient in mrd.items() if patient}
    guidelines = _load_all(
        load_guideline, set(guideline_of.values()) | _named(config, guideline), root, problems
    )
    protocols = _load_all(load_protocol, set(protocol_of.values()), root, problems)
    problems.raise_if_any()
    return Study(root, config, read["runs"], read["samples"], read["assays"], read["patients"], guidelines,
                 protocols, guideline_of, of_patient, protocol_of, control_gene_of, problems.warnings)  # fmt: skip


def _read(root: Path, config: Config, name: str, problems: Problems) -> Sheet | None:
    if name not in config.sheets:
        return Sheet("", {column.name: [] for column in SHEETS[name]}, [])
    file, _, worksheet = config.sheets[name].partition("#")
    try:
        return read_sheet(
            root / file, config.sheets[name], SHEETS[name], problems, worksheet=worksheet
        )
    except MrdqError as error:
        problems.extend(error.problems)
        return None


def _unique(sheet: Sheet, key: str, problems: Problems) -> None:
    first: dict[str, int] = {}
    for value, row in zip(sheet.columns[key], sheet.row, strict=True):
        if value and value in first:
            problems.add(Problem(sheet.file, f"every {key} once (it is also in row {first[value]})", value, row, key,
                                 "Delete one of the rows, or give it another id."))  # fmt: skip
        first.setdefault(value, row)


def _check_runs(runs: Sheet, problems: Problems) -> None:
    for column in ("export", "layout"):
        for path, row in zip(runs.columns[column], runs.row, strict=True):
            problems.extend(path_problems(runs.file, path, column=column, row=row))


def _check_assays(assays: Sheet, config: Config, problems: Problems) -> dict[str, str]:
    """The control gene of each MRD target; every assay has what its kind needs."""
    kinds = dict(zip(assays.columns["target"], assays.columns["kind"], strict=True))
    genes = [target for target, kind in kinds.items() if kind == words.CONTROL_GENE]
    control_gene_of = {}
    for record, row in zip(assays.records(), assays.row, strict=True):
        if record["kind"] != words.MRD:
            continue
        if not record["patient_id"]:
            problems.add(Problem(assays.file, "the patient whose clone the target is", "", row, "patient_id",
                                 "Fill the cell; every assay of kind mrd belongs to one patient."))  # fmt: skip
        gene = record["control_gene"]
        if gene and kinds.get(gene) != words.CONTROL_GENE:
            problems.add(Problem(assays.file, f"a target of kind control_gene ({', '.join(genes) or 'there is none'})",
                                 gene, row, "control_gene"))  # fmt: skip
        elif not gene and len(genes) > 1:
            problems.add(Problem(assays.file, f"one of {', '.join(genes)}", "", row, "control_gene",
                                 "The study has several control genes: name the one that normalises this target."))  # fmt: skip
        gene = gene or (genes[0] if len(genes) == 1 else "")
        if gene and record["dna_per_well"] is None:
            problems.add(Problem(assays.file, "the amount of DNA in a well, such as 600 ng", "", row, "dna_per_well",
                                 "It is needed to normalise by the control gene."))  # fmt: skip
        control_gene_of[record["target"]] = gene
    if config.control_gene_required and not genes and control_gene_of:
        problems.add(Problem(assays.file, "an assay of kind control_gene", level=WARNING, column="kind",
                             remedy="Without one every result is not evaluable (control_gene: required)."))  # fmt: skip
    return control_gene_of


def _check_patients(read: Mapping[str, Sheet], config: Config, problems: Problems) -> None:
    """Samples and assays name patients of the patients sheet; dates are in order."""
    known = set(read["patients"].columns["patient_id"])
    for name in ("samples", "assays") if "patients" in config.sheets else ():
        for patient, row in zip(read[name].columns["patient_id"], read[name].row, strict=True):
            if patient and patient not in known:
                problems.add(Problem(read[name].file, f"a patient of {read['patients'].file}", patient, row,
                                     "patient_id", "Mend the id, or add the patient."))  # fmt: skip
    for record, row in zip(read["patients"].records(), read["patients"].row, strict=True):
        start, last = record["start_on"], record["last_contact_on"]
        for column in ("relapse_on", "transplant_on", "last_contact_on"):
            if start and record[column] and record[column] < start:
                problems.add(Problem(read["patients"].file, f"a date on or after start_on ({start})",
                                     record[column], row, column))  # fmt: skip
        for column in ("relapse_on", "transplant_on"):
            if last and record[column] > last:
                problems.add(Problem(read["patients"].file, f"a date on or before last_contact_on ({last})",
                                     record[column], row, column))  # fmt: skip


def _guideline_id(config: Config, protocol: str, problems: Problems) -> str:
    if isinstance(config.guideline, str):
        return config.guideline
    if protocol not in config.guideline:
        problem = Problem(CONFIG_FILE, f"a rule set for protocol {protocol}", ", ".join(config.guideline),
                          column="guideline", remedy=f"Add the line {protocol}: <id of a rule set>.")  # fmt: skip
        if problem not in problems.errors:
            problems.add(problem)
        return ""
    return config.guideline[protocol]


def _named(config: Config, guideline: str) -> set[str]:
    """Every rule set that the config names has to be right, used or not."""
    if guideline:
        return {guideline}
    return (
        {config.guideline} if isinstance(config.guideline, str) else set(config.guideline.values())
    )


def _load_all(load: Any, names: set[str], root: Path, problems: Problems) -> dict[str, Any]:
    loaded = {}
    for name in sorted(names - {""}):
        try:
            loaded[name] = load(name, root)
        except MrdqError as error:
            problems.extend(error.problems)
    return loaded


WELL_NAME = re.compile(r"([A-Pa-p])0?([1-9]|1\d|2[0-4])|([A-Ha-h]\d{1,2}[A-Ha-h]\d{1,2})")


def well_name(text: str) -> str:
    """``A1`` of ``A1``, ``A01`` or ``a1``; raises :class:`UnitError` if it is no well."""
    match = WELL_NAME.fullmatch(text)
    if not match:
        raise UnitError("a well from A1 to P24")
    return match[3] or f"{match[1].upper()}{match[2]}"
