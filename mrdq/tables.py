"""The tables that leave mrdq: every column declared once, with kind, unit and meaning.

Contract section 7 fixes names and order; ``docs/tables.md`` is printed from here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mrdq import vocabulary as words

if TYPE_CHECKING:
    import pandas as pd

TEXT, REAL, COUNT, FLAG = "text", "real", "count", "flag"


@dataclass(frozen=True, slots=True)
class Column:
    """One column: ``kind`` is text, real, count (a whole number) or flag (true/false)."""

    name: str
    kind: str
    doc: str
    unit: str = ""
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Table:
    """A table's columns in order; ``key`` names a row.  Extra columns may follow, as text."""

    name: str
    doc: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]

    @property
    def names(self) -> list[str]:
        return [column.name for column in self.columns]

    def check(self, table: pd.DataFrame) -> pd.DataFrame:
        """The table itself if it is what it says: a wrong table is a bug, never an output.

        Raises ``ValueError`` naming every column that is missing, misplaced, of another kind,
        outside its vocabulary, and keys that are not unique.
        """
        wrong = []
        if list(table.columns[: len(self.columns)]) != self.names:
            raise ValueError(f"{self.name}: columns {list(table)} are not {self.names}")
        for column in self.columns:
            values = table[column.name]
            if column.kind == FLAG and values.dtype != bool:
                wrong.append(f"{column.name} is not true or false")
            if column.kind in (REAL, COUNT) and values.dtype != float:
                wrong.append(f"{column.name} is not a number")
            if column.words:
                strange = set(values.unique()) - {"", *column.words}
                if strange:
                    wrong.append(f"{column.name} holds {sorted(map(str, strange))}")
        if table.duplicated(list(self.key)).any():
            wrong.append(f"{', '.join(self.key)} is not unique")
        if wrong:
            raise ValueError(f"{self.name}: {'; '.join(wrong)}")
        return table


def _text(name: str, doc: str, vocabulary: Sequence[str] = ()) -> Column:
    return Column(name, TEXT, doc, words=tuple(vocabulary))


def _real(name: str, doc: str, unit: str = "1") -> Column:
    return Column(name, REAL, doc, unit)


def _count(name: str, doc: str) -> Column:
    return Column(name, COUNT, doc)


def _flag(name: str, doc: str) -> Column:
    return Column(name, FLAG, doc)


_RUN = _text("run_id", "instrument run")
_TARGET = _text("target", "target of the assay")
_SAMPLE = _text("sample_id", "follow-up sample")
_PATIENT = _text("patient_id", "patient")
_TIMEPOINT = _text("timepoint", "timepoint of the protocol")
_LEVELS = (
    _real("mrd_level", "MRD level, a fraction; only for positive_quantifiable"),
    _real(
        "mrd_level_low",
        "lower end of the 95 % calibration interval (not the sampling of few molecules)",
    ),
    _real("mrd_level_high", "upper end of the interval"),
)
_LIMITS = (
    _real("quantitative_range", "lowest quantifiable level: the assay's × max(1, normalisation)"),
    _real("sensitivity", "lowest detectable level: the assay's × max(1, normalisation)"),
)

WELLS = Table("wells.parquet", "every well of every export", ("run_id", "well", "target"), (
    _RUN, _text("well", "well, A1 to AF48"), _text("target", "target; empty if the export names none"),
    _text("role", "what the well holds; empty: used by nothing", words.ROLES), _SAMPLE,
    _real("dilution", "dilution of the diagnostic DNA"), _real("quantity_ng", "amount of DNA", "ng"),
    _real("cq", "quantification cycle; only if determined", "cycle"),
    _text("cq_state", "state of the well", words.CQ_STATES),
    _text("flags", "flags of the instrument, separated by ;"),
    _text("export_sha256", "SHA-256 of the export's bytes"),
))  # fmt: skip
CURVES = Table("curves.tsv", "standard curve and limits of every target of every run", ("run_id", "target", "guideline"), (
    _RUN, _TARGET, _text("kind", "kind of target", words.KINDS),
    _count("n_dilutions", "dilutions fitted"), _count("n_wells", "wells fitted"),
    _real("slope", "slope of the curve", "cycle per log10"), _real("intercept", "Cq of undiluted DNA (of 1 ng for a control gene)", "cycle"),
    _real("r_squared", "coefficient of determination"), _real("efficiency", "10^(-1/slope) - 1"),
    _real("residual_sd", "standard deviation of the residuals", "cycle"),
    _real("lowest_background_cq", "lowest Cq of the background wells; empty: no signal", "cycle"),
    _real("quantitative_range", "last reproducible dilution (ng for a control gene)"),
    _real("sensitivity", "last detected dilution"), _flag("accepted", "points, slope and R² are met"),
    _text("guideline", "rule set"),
        _real("sensitivity_cq", "M: highest Cq that counted at the sensitivity", "cycle"),
))  # fmt: skip
BESIDE = ("call", "mrd_level", "mrd_level_low", "mrd_level_high", "quantitative_range", "sensitivity",
          "superseded", "reasons", "flags")  # fmt: skip
"""Columns of CALLS that stand a second time as ``automatic_*``: as they are without amendments."""
_AMENDMENT = _text(
    "amendment", "who amended it, when and why, with the row of the sheet; several separated by |"
)
_AMENDMENTS_HASH = _text(
    "amendments_hash", "hash of the amendments sheet that it was made with; empty: none"
)


def _beside(columns: Sequence[Column]) -> Iterator[Column]:
    """The columns ``automatic_*`` of a table."""
    own = {column.name: column for column in columns}
    for name in BESIDE:
        yield replace(own[name], name=f"automatic_{name}", doc=f"`{name}` without any amendment")


_CALL_COLUMNS = (
    _RUN, _TARGET, _SAMPLE, _PATIENT, _TIMEPOINT, _text("call", "the engine's call, on the wells that count", words.CALLS),
    _count("n_wells", "wells not omitted"), _count("n_determined", "determined wells"),
    _count("n_positive", "positive wells"), _real("mean_cq", "mean of the determined wells", "cycle"),
    _real("delta_cq", "highest - lowest Cq of the determined wells", "cycle"),
    _real("dna_amount_ng", "DNA in a well by the control gene", "ng"),
    _real("normalisation", "F = dna_per_well / dna_amount"), *_LEVELS, *_LIMITS,
    _flag("superseded", "a later evaluable run of this sample and target exists"),
    _text("guideline", "rule set"), _text("reasons", "criteria that decided, separated by ;"),
    _text("flags", "what a person should look at, separated by ;"),
)  # fmt: skip
CALLS = Table("calls.tsv", "call of every sample for every MRD target of every run", ("run_id", "target", "sample_id"), (
    *_CALL_COLUMNS, next(_beside(_CALL_COLUMNS)), _text("amended_call", "a person's call, which then counts; empty: none", words.CALLS),
    _flag("amended", "a person called it, or an amendment touched what it rests on"), _AMENDMENT,
    _flag("retracted", "its run is retracted by an amendment: the call counts nowhere"),
    *list(_beside(_CALL_COLUMNS))[1:], _AMENDMENTS_HASH,
))  # fmt: skip
EVIDENCE = Table("evidence.tsv", "every criterion of every run, curve and sample", ("run_id", "target", "sample_id", "criterion", "guideline"), (
    _RUN, _TARGET, _text("sample_id", "follow-up sample; empty for a criterion of the run or curve"),
    _text("criterion", "what was judged"), _real("value", "measured value", "unit"),
    _real("minimum", "lower bound", "unit"), _real("maximum", "upper bound", "unit"),
    _text("unit", "unit of value and bounds"), _text("outcome", "outcome", words.OUTCOMES),
        _text("guideline", "rule set; several that agree on a control gene, separated by ;"),
))  # fmt: skip
STANDARDS = Table("standards.tsv", "the walk down the dilutions of every curve", ("run_id", "target", "dose", "guideline"), (
    _RUN, _TARGET, _real("dose", "dilution, or ng for a control gene"), _count("n_wells", "wells"),
    _count("n_determined", "determined wells"), _real("mean_cq", "mean Cq", "cycle"),
    _real("delta_cq", "highest - lowest Cq", "cycle"),
    _real("step", "Cq difference to the next dilution at least 10-fold above", "cycle per log10"),
    _flag("reproducible", "definition 3 is met; beyond the walk it decides nothing"), _flag("in_curve", "in the quantitative range"),
    _flag("in_sensitivity", "within the sensitivity"),
        _text("guideline", "rule set"),
))  # fmt: skip
STATUS = Table("status.tsv", "MRD status of every patient and timepoint", ("patient_id", "timepoint"), (
    _PATIENT, _TIMEPOINT, _text("status", "the status", words.STATUSES), *_LEVELS, *_LIMITS,
    _text("deciding_target", "target that decided"), _count("n_targets", "targets called"),
    _count("n_evaluable", "targets with an evaluable current call"),
    _text("response", "response (Gökbuget 2021)", words.RESPONSES), _text("next_step", "what follows, by the protocol"),
    _text("guideline", "rule set"), _text("protocol", "protocol"),
    _flag("amended", "a person changed it, or a call that it rests on"), _text("flags", "what a person should look at, separated by ;"),
    _text("reasons", "criteria that decided the deciding call, separated by ;"),
    _text("deciding_sample", "sample that decided; empty if none was done"),
    _text("collected_on", "day on which the deciding sample was collected"),
    _text("automatic_status", "`status` without any amendment", words.STATUSES),
    _real("automatic_mrd_level", "`mrd_level` without any amendment"),
    _text("automatic_response", "`response` without any amendment", words.RESPONSES),
    _text("automatic_next_step", "`next_step` without any amendment"), _AMENDMENT, _AMENDMENTS_HASH,
))  # fmt: skip
RUNS = Table("runs.tsv", "every run: what was read, or why it could not be", ("run_id",), (
    _RUN, _text("export", "path of the export"), _text("export_sha256", "SHA-256 of its bytes"),
    _text("layout", "path of the layout"), _text("layout_sha256", "SHA-256 of its bytes"),
    _text("format", "format that was read"), _text("instrument", "instrument, as the export says"),
    _text("state", "read, or failed", ("read", "failed")), _count("n_wells", "rows of wells.parquet"),
    _count("n_unused", "wells without a role"), _text("message", "why it failed"),
        _text("not_read", "columns, rows and sheets of the export that were not read"),
        _text("warnings", "disagreements and doubts met when reading the run"),
))  # fmt: skip
TABLES = (WELLS, CURVES, CALLS, EVIDENCE, STANDARDS, STATUS, RUNS)
MADE_FROM = {
    **dict.fromkeys(("curves.tsv", "standards.tsv", "evidence.tsv", "calls.tsv"), WELLS.name),
    **dict.fromkeys(("status.tsv", "survival.tsv", "adtte.tsv"), CALLS.name),
    **dict.fromkeys(("report/index.html", "report/patients/"), STATUS.name),
    **dict.fromkeys(("report/cohort.html", "report/published.html", "cohort/"), "survival.tsv"),
}
"""Files of a results folder (``cohort/``: all in it) -> the file of it that they are made from."""
