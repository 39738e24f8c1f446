"""Records as a crate tells them: each job an action, its command a tool, its stage a step of the workflow."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import quote

from rocrate.model import ContextEntity

from mrdq.audit.files import FileState
from mrdq.audit.record import DONE, Record
from mrdq.reports.audit_tables import SealedRecord
from mrdq.reports.rocrate_files import ENCODINGS, definition_path

STEPS = ("run", "ingest", "gather", "call", "status", "report", "cohort")
"""Actions that the workflow orchestrates, none before one whose results it needs."""
COMPLETED, FAILED = "http://schema.org/CompletedActionStatus", "http://schema.org/FailedActionStatus"  # fmt: skip
LEFT_OUT = "left out of this crate"
KNOWN_NAMES = frozenset((
    "config.yaml", "runs.tsv", "samples.tsv", "assays.tsv", "patients.tsv", "courses.tsv", "amendments.tsv",
    "wells.parquet", "curves.tsv", "standards.tsv", "evidence.tsv", "calls.tsv", "status.tsv", "survival.tsv",
    "adtte.tsv", "index.html", "cohort.html", "published.html", "results.xlsx",
))  # fmt: skip
"""Names of files that are the same in every study, so that they say nothing of anybody."""


@dataclass(frozen=True, slots=True)
class Describing:
    """The ``crate`` that is being described (a ``rocrate.rocrate.ROCrate``), the files whose bytes are
    in it, and whether it is with the data of the study.

    ``entities``: those that were added, by id; the crate's own look-up takes time with every entity.
    """

    crate: Any
    inside: Mapping[str, FileState]
    with_data: bool
    entities: dict[str, Any] = field(default_factory=dict)

    def add(self, identifier: str, kind: str, /, **properties: Any) -> dict[str, str]:
        """An entity that is no file, once; returns the reference to it."""
        if identifier not in self.entities:
            told = {key: value for key, value in properties.items() if value not in ([], None)}
            entity = ContextEntity(self.crate, identifier, {"@type": kind, **told})
            self.entities[identifier] = self.crate.add(entity)
        return {"@id": identifier}

    def file(self, state: FileState) -> dict[str, str]:
        """The file of the crate with these bytes, or an entity that says that they are not in it."""
        held = self.inside.get(state.path)
        if held and held.sha256 == state.sha256:
            return {"@id": quote(state.path)}
        name = self.shown(state).encode("utf-8", "backslashreplace").decode()
        return self.add(
            f"#bytes-{state.sha256[:16]}-{quote(name, safe='')}", "CreativeWork", additionalType="File", name=name,
            sha256=state.sha256, contentSize=str(state.size), encodingFormat=encoding(name),
            description="A file by its hash; its bytes are not in this crate.",
        )  # fmt: skip

    def shown(self, state: FileState) -> str:
        """What is told of a file's name; it may hold the id of a patient."""
        path = PurePosixPath(state.path)
        if path.is_absolute():
            return path.name if self.with_data else f"{state.sha256[:16]}{_ending(path)}"
        if self.with_data or path.parts[0] == "audit":
            return state.path
        name = path.name if path.name in KNOWN_NAMES else f"{state.sha256[:16]}{_ending(path)}"
        return name if len(path.parts) == 1 else f"{path.parts[0]}/{name}"


def _ending(path: PurePosixPath) -> str:
    return path.suffix if path.suffix in ENCODINGS else ""


def encoding(name: str) -> str:
    return ENCODINGS.get(PurePosixPath(name).suffix.lower(), "application/octet-stream")


def instant(time: str) -> str:
    """A time of the trail to the millisecond, as the profiles' checks want it."""
    return f"{time[:23]}+00:00"


def is_step(one: SealedRecord) -> bool:
    return one.record.action in STEPS


def add_tools(describing: Describing, records: Sequence[SealedRecord]) -> None:
    """The command that each record ran, once per environment, with its parameters."""
    of_tool: dict[str, list[SealedRecord]] = {}
    for one in records:
        of_tool.setdefault(tool_id(one), []).append(one)
    for identifier, runs in of_tool.items():
        record = runs[0].record
        parameters = {name: value for run in runs for name, value in run.record.parameters.items()}
        slots = [
            _slot(describing, record.action, name, parameters[name]) for name in sorted(parameters)
        ]
        describing.add(
            identifier, "SoftwareApplication", name=f"mrdq {record.action}",
            softwareVersion=_version(record.software), softwareRequirements=add_environment(describing, runs[0]),
            description=f"The command of mrdq that leaves records of the action {record.action}.", input=slots,
        )  # fmt: skip


def tool_id(one: SealedRecord) -> str:
    return f"#mrdq-{quote(one.record.action)}-{one.software}"


def _slot(describing: Describing, action: str, name: str, value: Any) -> dict[str, str]:
    kinds = {bool: "Boolean", int: "Integer"}
    return describing.add(
        f"#parameter-{quote(action)}-{quote(name)}", "FormalParameter", name=name,
        additionalType=kinds.get(type(value), "Text"), description=f"Parameter {name} of mrdq {action}.",
    )  # fmt: skip


def add_environment(describing: Describing, one: SealedRecord) -> dict[str, str]:
    """mrdq with its Python and packages, as the job recorded them."""
    identifier, software = f"#software-{one.software}", one.record.software
    if identifier in describing.entities:
        return {"@id": identifier}
    git = software.get("git", {})
    code = f"Code {software['mrdq']}; {software['python']}; {software['platform']}"
    commit = f"; git commit {git['commit']}{' with changes not committed' * bool(git['dirty'])}" if git else ""  # fmt: skip
    packages = sorted(software.get("packages", {}).items())
    named = [("Python", software["python"].rpartition(" ")[2]), *((n, v) for n, v in packages if n != "mrdq")]  # fmt: skip
    needed = [
        describing.add(f"#package-{quote(name)}-{quote(version)}", "SoftwareApplication", name=name, softwareVersion=version)
        for name, version in named
    ]  # fmt: skip
    return describing.add(
        identifier, "SoftwareApplication", name="mrdq", description=code + commit,
        softwareVersion=_version(software), softwareRequirements=needed,
    )  # fmt: skip


def _version(software: Mapping[str, Any]) -> str:
    """``0.1.0`` of ``mrdq 0.1.0 0123456789ab``."""
    words = str(software["mrdq"]).split()
    return words[1] if len(words) > 1 else str(software["mrdq"])


def action_id(record: Record) -> str:
    return f"#record-{quote(record.name.removesuffix('.json'))}"


def add_action(describing: Describing, one: SealedRecord) -> dict[str, str]:
    """One record as the ``CreateAction`` of its command."""
    record = one.record
    values = [_value(describing, record, name) for name in sorted(record.parameters)]
    used = [describing.file(state) for state in record.files("inputs")]
    read = [_definition(describing, definition) for definition in record.definitions]
    return describing.add(
        action_id(record), "CreateAction", name=f"mrdq {record.action}, {record.started}",
        description=_told(describing, one), startTime=instant(record.started), endTime=instant(record.ended),
        instrument={"@id": tool_id(one)}, agent=add_person(describing, record),
        object=[*used, *read, *values], result=[describing.file(state) for state in record.files("outputs")],
        **status(describing, [record]),
    )  # fmt: skip


def _told(describing: Describing, one: SealedRecord) -> str:
    record = one.record
    runs = f"instrument runs {', '.join(record.runs)}" if record.runs and describing.with_data else ""  # fmt: skip
    rule = f"rule {record.rule} of Snakemake, job {record.job}" if record.rule else ""
    parts = [
        f"audit/records/{record.name}, sealed in block {one.block}",
        runs,
        rule,
        record.cluster,
    ]
    return "; ".join(filter(None, parts))


def status(describing: Describing, records: Sequence[Record]) -> dict[str, str]:
    """``actionStatus``, and the ``error`` of what failed: the last of ``records`` decides."""
    last = records[-1]
    if last.state == DONE:
        return {"actionStatus": COMPLETED}
    said = str(last.message) if describing.with_data else f"the words of the error are {LEFT_OUT}"
    return {"actionStatus": FAILED, "error": f"{last.state}: {said}"}


def add_person(describing: Describing, record: Record) -> dict[str, str]:
    """Who worked: the operator as the laboratory names them, and the account of the system."""
    identifier = (
        f"#person-{quote(record.operator or record.user, safe='')}-{quote(record.user, safe='')}"
    )
    account = f"worked as the user {record.user} of the operating system"
    return describing.add(identifier, "Person", name=record.operator or record.user, description=account)  # fmt: skip


def _value(describing: Describing, record: Record, name: str) -> dict[str, str]:
    value = record.parameters[name]
    text = (
        value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)
    )
    shown = text if describing.with_data or name == "guideline" else LEFT_OUT
    return describing.add(
        f"{action_id(record)}-{quote(name)}", "PropertyValue", name=name, value=shown,
        exampleOfWork={"@id": f"#parameter-{quote(record.action)}-{quote(name)}"},
    )  # fmt: skip


def _definition(describing: Describing, definition: Mapping[str, Any]) -> dict[str, str]:
    """A rule set or protocol, and the files of the crate that hold its text."""
    kind = {"guideline": "rule set"}.get(definition["kind"], definition["kind"])
    paths = [definition_path(file) for file in definition.get("files", ()) if not file["own"]]
    return describing.add(
        f"#{quote(definition['kind'])}-{quote(definition['id'])}-{definition['sha256'][:12]}", "CreativeWork",
        name=f"{kind} {definition['id']}", version=definition["version"], identifier=f"sha256:{definition['sha256']}",
        hasPart=[{"@id": quote(path)} for path in paths],
    )  # fmt: skip


def references(items: Iterable[dict[str, str]]) -> list[dict[str, str]]:
    """References, each once."""
    return [{"@id": identifier} for identifier in dict.fromkeys(item["@id"] for item in items)]
