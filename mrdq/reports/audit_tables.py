"""The audit trail as tables for an inspector: records, files, blocks, amendments, signatures, software."""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mrdq.audit import signatures
from mrdq.audit.canonical import canonical
from mrdq.audit.chain import Chain
from mrdq.audit.reading import Reading
from mrdq.audit.record import Record
from mrdq.audit.trail import FOLDER
from mrdq.errors import Problem, Problems, refuse
from mrdq.reports import audit_amendments
from mrdq.reports.audit_amendments import AMEND, Row, amendment_rows, rows_of
from mrdq.sheets import Sheet
from mrdq.worksheets import is_formula

if TYPE_CHECKING:
    import pandas as pd


RECORDS = (
    "record", "block", "action", "state", "message", "started", "ended", "user", "operator", "host", "rule",
    "job", "cluster", "runs", "parameters", "definitions", "seal_block", "seal_head", "mrdq", "python",
    "git_commit", "git_dirty", "software", "n_inputs", "n_outputs", "removed", "sha256",
)  # fmt: skip
FILES = ("record", "block", "action", "direction", "path", "size", "sha256")
BLOCKS = (
    "block", "sealed", "sha256", "previous", "user", "operator", "host", "mrdq", "n_records", "n_changed",
    "n_removed", "n_files", "records_root", "files_root", "kept", "clock",
)  # fmt: skip
SIGNATURES = (
    "signature", "block", "head", "signer", "meaning", "signed", "key", "state", "notes",
)  # fmt: skip
SOFTWARE = ("software", "package", "version")
OF_MRDQ = ("code of mrdq", "git commit", "python", "platform")
"""Rows of the table of software that are no packages."""
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "records": RECORDS, "files": FILES, "blocks": BLOCKS, "amendments": audit_amendments.COLUMNS,
    "signatures": SIGNATURES, "software": SOFTWARE,
}  # fmt: skip
"""Name of each table (``<name>.csv``) -> its columns."""


@dataclass(frozen=True, slots=True)
class SealedRecord:
    """A record, the number of the block that holds it, and the name of its :func:`environment`."""

    record: Record
    block: int
    software: str


@dataclass(frozen=True, slots=True)
class About:
    """What is of one patient: ``runs`` that may hold a sample of theirs, and ``samples``; and what is of
    other patients alone: ``other_runs``, ``other_samples``, and ``paths`` of exports and layouts."""

    runs: frozenset[str] = frozenset()
    samples: frozenset[str] = frozenset()
    other_runs: frozenset[str] = frozenset()
    other_samples: frozenset[str] = frozenset()
    paths: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which records are asked for: those that were at work between ``since`` and ``until`` (days in
    UTC, both included), about ``patient``, of whom ``about`` tells.
    """

    since: dt.date | None = None
    until: dt.date | None = None
    patient: str = ""
    about: About = About()

    def has(self, record: Record) -> bool:
        if self.since and record.ended[:10] < self.since.isoformat():
            return False
        if self.until and record.started[:10] > self.until.isoformat():
            return False
        if not self.patient or not record.runs:
            return True
        if record.action == AMEND:
            return any(map(self.has_amendment, rows_of(record)))
        return not self.about.runs.isdisjoint(record.runs)

    def has_amendment(self, row: Mapping[str, str]) -> bool:
        """Whether an amendment may be about the patient: one of a run or a sample that the sheets do
        not know any more may be."""
        sample = row.get("sample_id", "")
        if not self.patient or sample in self.about.samples:
            return True
        return sample not in self.about.other_samples and row["run_id"] not in self.about.other_runs

    @property
    def period(self) -> str:
        """In words."""
        if not self.since and not self.until:
            return "all of the trail"
        return f"{self.since or 'the beginning'} to {self.until or 'the export'} (UTC)"


def sealed_records(reading: Reading) -> list[SealedRecord]:
    """Every whole record under seal, in the order of blocks, and within one as the jobs ended."""
    return [
        SealedRecord(record, block.number, environment(record.software))
        for block in reading.chain.blocks
        for record in reading.of_block(block)
    ]


def require_records(reading: Reading) -> None:
    """Raise :class:`MrdqError` naming each record that is not as it was sealed."""
    problems = Problems()
    for block in reading.chain.blocks:
        for name, digest in block.records.items():
            record = reading.records.get(name)
            if record is None or record.sha256 != digest:
                problems.add(Problem(f"{FOLDER}/records/{name}", f"the record as block {block.number} holds it",
                                     reading.broken.get(name, ""), remedy="mrdq audit verify tells what else differs. "
                                     "Put audit/ back from a copy."))  # fmt: skip
    problems.raise_if_any()


def environment(software: Mapping[str, Any]) -> str:
    """Twelve digits that name what a job ran with: mrdq, Python and every package."""
    return hashlib.sha256(canonical(dict(software))).hexdigest()[:12]


def tables_of(
    chain: Chain, records: Sequence[SealedRecord], wanted: Wanted, amendments: Sheet
) -> dict[str, list[Row]]:
    """The rows of each table of :data:`COLUMNS`; all values are text.

    ``records``: all under seal.  Blocks, signatures and what became of amendments are always all of
    them, whatever the period: they mean nothing without those before.
    """
    asked = [one for one in records if wanted.has(one.record)]
    history = amendment_rows(chain, [(one.record, one.block) for one in records], amendments)
    return {
        "records": [_record_row(one, wanted) for one in asked],
        "files": [row for one in asked for row in _file_rows(one, wanted.about.paths)],
        "blocks": [_block_row(block.number, block.hash, block.content) for block in chain.blocks],
        "amendments": [row for row in history if wanted.has_amendment(row)],
        "signatures": [_signature_row(one) for one in signatures.read(chain.root, chain)],
        "software": _software_rows(asked),
    }


def _record_row(one: SealedRecord, wanted: Wanted) -> Row:
    content = one.record.content
    software, seal = content["software"], content["seal"]
    git = software.get("git", {})
    named = [f"{d['id']} {d['version']} {str(d['sha256'])[:12]}" for d in content["definitions"]]
    return {
        "record": one.record.name, "block": str(one.block),
        **{key: str(content[key]) for key in ("action", "state", "message", "started", "ended", "user", "operator",
                                              "host", "rule", "job", "cluster")},
        "runs": ";".join(content["runs"]), "parameters": _parameters(one.record, wanted),
        "definitions": ";".join(named), "seal_block": str(seal.get("block", "")), "seal_head": str(seal.get("head", "")),
        "mrdq": str(software.get("mrdq", "")), "python": str(software.get("python", "")),
        "git_commit": str(git.get("commit", "")), "git_dirty": _flag(git.get("dirty")),
        "software": one.software, "n_inputs": str(len(content["inputs"])),
        "n_outputs": str(len(content["outputs"])), "removed": ";".join(content["removed"]), "sha256": one.record.sha256,
    }  # fmt: skip


def _flag(value: bool | None) -> str:
    return "" if value is None else str(value).lower()


def _parameters(record: Record, wanted: Wanted) -> str:
    """As JSON; what a record tells of amendments in words."""
    if record.action == AMEND:
        rows = rows_of(record)
        told = [row for row in rows if wanted.has_amendment(row)]
        return audit_amendments.words(told, len(rows) - len(told))
    asked = record.parameters
    return json.dumps(asked, ensure_ascii=False, sort_keys=True) if asked else ""


def _file_rows(one: SealedRecord, others: frozenset[str]) -> Iterable[Row]:
    base = {"record": one.record.name, "block": str(one.block), "action": str(one.record.action)}
    for direction, key in (("input", "inputs"), ("output", "outputs")):
        for state in one.record.files(key):
            if state.path not in others:
                yield {**base, "direction": direction, "path": state.path, "size": str(state.size),
                       "sha256": state.sha256}  # fmt: skip


def _block_row(number: int, digest: str, content: Mapping[str, Any]) -> Row:
    same = ("sealed", "previous", "user", "operator", "host", "records_root", "files_root", "clock")
    return {
        "block": str(number), "sha256": digest, **{key: str(content[key]) for key in same},
        "mrdq": str(content["software"]), "n_records": str(len(content["records"])),
        "n_changed": str(len(content["changed"])), "n_removed": str(len(content["removed"])),
        "n_files": str(content["n_files"]), "kept": ";".join(content["kept"]),
    }  # fmt: skip


def _signature_row(one: signatures.Signature) -> Row:
    state = f"BAD: {'; '.join(one.problems)}" if one.problems else str(one.void or "holds")
    texts = {key: str(getattr(one, key)) for key in ("head", "signer", "meaning", "signed", "key")}
    return {"signature": one.name, "block": str(one.block), **texts, "state": state, "notes": "; ".join(one.notes)}  # fmt: skip


def _software_rows(records: Iterable[SealedRecord]) -> list[Row]:
    known: dict[str, Mapping[str, Any]] = {}
    for one in records:
        known.setdefault(one.software, one.record.software)
    rows = []
    for name, software in known.items():
        of_mrdq = {
            "code of mrdq": software.get("mrdq", ""),
            "git commit": software.get("git", {}).get("commit", ""),
        }
        parts = of_mrdq | {key: software.get(key, "") for key in ("python", "platform")}
        packages = sorted(software.get("packages", {}).items(), key=lambda pair: pair[0].casefold())
        versions = [*((key, value) for key, value in parts.items() if value), *packages]
        rows += [{"software": name, "package": key, "version": str(value)} for key, value in versions]  # fmt: skip
    return rows


def csv_bytes(columns: Sequence[str], rows: Iterable[Row]) -> bytes:
    """A table as RFC 4180 has it: commas, CRLF, quotes where needed; UTF-8 with a byte order mark.

    Without the mark spreadsheet programs read the letters of another alphabet wrongly.  A text that
    one would run as a formula gets ``'`` before it.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows([_harmless(row[name]) for name in columns] for row in rows)
    return text.getvalue().encode("utf-8-sig", "backslashreplace")


def _harmless(text: str) -> str:
    # White space before it, or a line's end within it, does not keep a formula from being run.
    return f"'{text}" if is_formula(" ".join(text.split())) else text


def day(text: str, option: str) -> dt.date | None:
    """A day as ``YYYY-MM-DD``; None of "".  Raises :class:`MrdqError` naming the option."""
    try:
        return dt.date.fromisoformat(text) if text else None
    except ValueError:
        refuse(option, "a day such as 2024-03-01", text)


def about_patient(patient: str, samples: Sheet, runs: Sheet, wells: pd.DataFrame) -> About:
    """What is about ``patient``.

    ``wells``: WELLS of the results.  A run that holds none of them, for it could not be read, may be
    about anybody.  Raises :class:`MrdqError` if no sample is of the patient.
    """
    of_patient = zip(samples.columns["sample_id"], samples.columns["patient_id"], strict=True)
    own = {sample for sample, of in of_patient if of == patient}
    if not own:
        refuse("--patient", f"a patient of {samples.file}", patient)
    others = set(wells["run_id"].unique()) - set(
        wells["run_id"][wells["sample_id"].isin(own)].unique()
    )
    paths: dict[bool, set[str]] = {True: set(), False: set()}
    for record in runs.records():
        named = {record["export"], record["layout"].partition("#")[0]}
        paths[record["run_id"] not in others] |= named - {""}
    return About(
        runs=frozenset(run for run in runs.columns["run_id"] if run not in others),
        samples=frozenset(own),
        other_runs=frozenset(map(str, others)),
        other_samples=frozenset(samples.columns["sample_id"]) - own,
        paths=frozenset(paths[False] - paths[True]),
    )
