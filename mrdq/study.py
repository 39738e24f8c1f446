"""A study folder, read and checked: settings, sheets, rule sets and protocols.

pandas is not imported here: the Snakefile loads a study on every job.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mrdq import amendment_checks, checks
from mrdq import vocabulary as words
from mrdq.column_checks import near_misses
from mrdq.config import AMENDMENTS_FILE, CONFIG_FILE, Config, load_config
from mrdq.definitions import Named, find, load_guideline, load_protocol, names, nearest
from mrdq.errors import FirstOfEachKind, MrdqError, Problem, Problems
from mrdq.guideline import Guideline
from mrdq.instruments.cells import rotor_names
from mrdq.protocol import Protocol, doubts
from mrdq.sheets import Sheet, SheetColumn, iso_date, number, one_of, read_sheet
from mrdq.units import UnitError, fraction, nanograms

GENERIC_PROTOCOL = "generic"


def _flag(text: str) -> int:
    if text not in ("0", "1"):
        raise UnitError("0 (no) or 1 (yes)")
    return int(text)


def _doses(text: str) -> int:
    if not re.fullmatch(r"\d{1,2}", text, re.ASCII):
        raise UnitError("a number of doses, 0 to 99")
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
COURSES: tuple[SheetColumn, ...] = (
    SheetColumn("patient_id", "the patient's id", required=True, is_id=True),
    SheetColumn("course", "the course, as the protocol names it", required=True, is_id=True),
    SheetColumn("given_on", "first day of the course; empty: it was not given", parse=iso_date),
    SheetColumn("intrathecal", "intrathecal doses with the course", parse=_doses, missing=None),
    SheetColumn("reason", "why it was not given, or differs from the protocol"),
)
"""The courses sheet, which a study need not have (and ``mrdq init`` does not make)."""
AMENDMENTS: tuple[SheetColumn, ...] = (
    SheetColumn("what", "omit: leaves wells out; call: changes one call", required=True, parse=one_of(*words.AMENDMENTS)),
    SheetColumn("run_id", "the run", required=True, is_id=True),
    SheetColumn("target", "the target", is_id=True),
    SheetColumn("well", "the well; omit only", parse=lambda text: well_name(text)),
    SheetColumn("sample_id", "the sample", is_id=True),
    SheetColumn("call", "the call in the place of the engine's; call only"),
    SheetColumn("who", "who amended it", required=True),
    SheetColumn("when", "when: a date, or date and time", required=True, parse=amendment_checks.date_or_time),
    SheetColumn("why", "why", required=True),
)  # fmt: skip
"""The amendments sheet: an omission is narrowed by ``target``, ``well`` and ``sample_id``; with all
three empty the whole run is retracted."""
KEYS = {"runs": "run_id", "samples": "sample_id", "assays": "target", "patients": "patient_id"}


@dataclass(frozen=True, slots=True)
class Study:
    """Everything the laboratory wrote; nothing of the exports.

    ``guideline_of``: target of kind mrd -> id of its rule set; ``guideline_of_patient`` and
    ``protocol_of``: patient -> id.
    ``control_gene_of``: target of kind mrd -> its control gene, or "".
    """

    root: Path
    results: Path
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
    courses: Sheet = field(default_factory=lambda: _no_sheet(COURSES))
    amendments: Sheet = field(default_factory=lambda: _no_sheet(AMENDMENTS))

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


def load_study(root: Path, *, guideline: str = "", results: str = "") -> Study:
    """Read the study in ``root``.

    ``guideline`` calls it under another rule set than its own; ``results`` is another folder for
    its results (a path of the caller, not of the study).

    Raises :class:`MrdqError` with all problems of all sheets at once.
    """
    config = load_config(root)
    problems = FirstOfEachKind()
    sheets = {
        name: _read(root, config, name, columns, problems) for name, columns in SHEETS.items()
    }
    read = {name: sheet for name, sheet in sheets.items() if sheet is not None}
    if len(read) < len(SHEETS):
        problems.tell_others()
        problems.raise_if_any()
    for name, sheet in read.items():
        checks.unique(sheet, KEYS[name], problems)
        near_misses(sheet, [column.name for column in SHEETS[name]], problems)
    checks.runs(read["runs"], problems)
    folder = Path(results) if results else root / config.results
    named = (
        Problem("--results", "", results)
        if results
        else Problem(CONFIG_FILE, "", config.results, column="results")
    )
    checks.results_folder(root, folder, config, read["runs"], named, problems)
    control_gene_of = checks.assays(read["assays"], config, problems)
    checks.patients(read, config, problems)
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
    with_target = set(mrd.values())
    followed = {
        (protocol, patient in with_target): None
        for patient, protocol in protocol_of.items()
        if patient
    }
    existing = names("protocols", root)
    guideline_for = {
        (protocol, called): guideline
        or _guideline_id(config, protocol, existing if called else [], problems)
        for protocol, called in followed
    }
    of_patient = {
        patient: guideline_for[protocol, patient in with_target]
        for patient, protocol in protocol_of.items()
        if patient
    }
    guideline_of = {target: of_patient[patient] for target, patient in mrd.items() if patient}
    wanted = set(guideline_of.values()) | _named(config, guideline)
    guidelines = {
        name: found
        for name in sorted(wanted - {""})
        if (found := _load(load_guideline, name, root, _place_of_guideline(config, name), problems))
    }
    named_in = _first_rows(read["patients"])
    protocols = {
        name: found
        for name in sorted(set(protocol_of.values()))
        if (found := _load(load_protocol, name, root, _place_of_protocol(read["patients"].file, name, named_in), problems))
    }  # fmt: skip
    for name, protocol in protocols.items():
        problems.extend(doubts(protocol, find("protocols", name, root)[1]))
    checks.timepoints(read["samples"], protocol_of, protocols, problems)
    courses = _read(root, config, "courses", COURSES, problems) or _no_sheet(COURSES)
    near_misses(courses, [column.name for column in COURSES], problems)
    checks.courses(courses, read["patients"], protocol_of, protocols, problems)
    rule_sets = {t: guidelines[name] for t, name in guideline_of.items() if name in guidelines}
    sheets_known = amendment_checks.Known(read["runs"], read["samples"], read["assays"], rule_sets)
    amendments = _amendments(root, config, sheets_known, problems)
    problems.tell_others()
    problems.raise_if_any()
    return Study(root, folder, config, read["runs"], read["samples"], read["assays"], read["patients"], guidelines,
                 protocols, guideline_of, of_patient, protocol_of, control_gene_of, problems.warnings, courses, amendments)  # fmt: skip


def _amendments(
    root: Path, config: Config, known: amendment_checks.Known, problems: Problems
) -> Sheet:
    sheet = _read(root, config, "amendments", AMENDMENTS, problems) or _no_sheet(AMENDMENTS)
    near_misses(sheet, [column.name for column in AMENDMENTS], problems)
    told = frozenset().union(*sheet.unread.values())
    problems.extend(amendment_checks.amendments(sheet, known, told))
    named = config.sheets.get("amendments", "")
    problems.extend(amendment_checks.not_read(root, named, AMENDMENTS_FILE))
    return sheet


def _no_sheet(columns: Iterable[SheetColumn]) -> Sheet:
    return Sheet("", {column.name: [] for column in columns}, [])


def _read(
    root: Path, config: Config, name: str, columns: Sequence[SheetColumn], problems: Problems
) -> Sheet | None:
    if name not in config.sheets:
        return _no_sheet(columns)
    file, _, worksheet = config.sheets[name].partition("#")
    try:
        return read_sheet(root / file, config.sheets[name], columns, problems, worksheet=worksheet)
    except MrdqError as error:
        problems.extend(error.problems)
        return None


def _guideline_id(
    config: Config, protocol: str, protocols: Sequence[str], problems: Problems
) -> str:
    """The rule set of a patient's protocol.  It is needed if the protocol is one of ``protocols``:
    where there is no such protocol, its id is what has to be mended, not the rule sets."""
    if isinstance(config.guideline, str):
        return config.guideline
    if protocol not in config.guideline and protocol in protocols:
        strange = [key for key in config.guideline if key not in protocols]
        meant = nearest(protocol, strange)
        mend = f"Is {meant} meant to be {protocol}? Else: " if meant else ""
        problems.add(Problem(CONFIG_FILE, f"a rule set for protocol {protocol}", ", ".join(config.guideline),
                             column="guideline", remedy=f"{mend}Add the line {protocol}: <id of a rule set>."))  # fmt: skip
    return config.guideline.get(protocol, "")


def _place_of_guideline(config: Config, name: str) -> Named:
    if isinstance(config.guideline, str):
        return (
            Named(CONFIG_FILE, "guideline")
            if config.guideline == name
            else Named("--guideline", "")
        )
    keys = [protocol for protocol, guideline in config.guideline.items() if guideline == name]
    return Named(CONFIG_FILE, f"guideline.{keys[0]}") if keys else Named("--guideline", "")


def _first_rows(patients: Sheet) -> dict[str, int]:
    """Protocol -> the first row that names it."""
    rows: dict[str, int] = {}
    for protocol, row in zip(patients.columns["protocol"], patients.row, strict=True):
        rows.setdefault(protocol, row)
    return rows


def _place_of_protocol(file: str, name: str, rows: Mapping[str, int]) -> Named:
    return Named(file, "protocol", rows[name]) if name in rows else Named(CONFIG_FILE, "protocol")


def _named(config: Config, guideline: str) -> set[str]:
    """Every rule set that the config names has to be right, used or not."""
    if guideline:
        return {guideline}
    return (
        {config.guideline} if isinstance(config.guideline, str) else set(config.guideline.values())
    )


def _load(load: Any, name: str, root: Path, named: Named, problems: Problems) -> Any:
    try:
        return load(name, root, named)
    except MrdqError as error:
        problems.extend(error.problems)
        return None


WELL_NAME = re.compile(
    r"([A-Z]|A[A-F]|[a-z]|a[a-f])0?([1-9]|[1-3]\d|4[0-8])|([A-Ha-h]\d{1,2}[A-Ha-h]\d{1,2})"
)


def well_name(text: str) -> str:
    """``A1`` of ``A1``, ``A01`` or ``a1``; raises :class:`UnitError` if it is no well."""
    match = WELL_NAME.fullmatch(text)
    if not match:
        tube = text.isdigit() and rotor_names().get(text)
        hint = f"On a rotor of 72, tube {text} is {tube}." if tube else ""
        raise UnitError("a well from A1 to AF48", hint)
    return match[3] or f"{match[1].upper()}{match[2]}"
