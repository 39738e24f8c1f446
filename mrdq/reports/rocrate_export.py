"""A study as an RO-Crate: its files, its workflow, and every recorded job, for an archive or a journal.

Profiles: Process, Workflow and Provenance Run Crate 0.5, Workflow RO-Crate 1.0, over RO-Crate 1.1.
``rocrate`` builds the description; the bytes are written here, so that each file's hash is that of
the bytes that were written.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import quote, urlsplit

from rocrate.model.computerlanguage import ComputerLanguage
from rocrate.rocrate import ROCrate

from mrdq import __version__
from mrdq.audit.chain import Head
from mrdq.audit.files import FileState
from mrdq.audit.reading import Reading
from mrdq.audit.record import DONE
from mrdq.errors import MrdqError, Problem, refuse
from mrdq.reports.audit_tables import SealedRecord
from mrdq.reports.rocrate_files import (
    DEFINITIONS,
    METADATA,
    README,
    SCRIPT,
    WORKFLOW,
    Content,
    definition_files,
    opened,
    put_all,
    study_files,
    workflow_files,
)
from mrdq.reports.rocrate_records import (
    STEPS,
    Describing,
    action_id,
    add_action,
    add_environment,
    add_person,
    add_tools,
    encoding,
    instant,
    is_step,
    references,
    status,
    tool_id,
)

PROFILES = (
    ("https://w3id.org/ro/wfrun/process/0.5", "Process Run Crate", "0.5"),
    ("https://w3id.org/ro/wfrun/workflow/0.5", "Workflow Run Crate", "0.5"),
    ("https://w3id.org/ro/wfrun/provenance/0.5", "Provenance Run Crate", "0.5"),
    ("https://w3id.org/workflowhub/workflow-ro-crate/1.0", "Workflow RO-Crate", "1.0"),
)
CONTEXT = "https://w3id.org/ro/terms/workflow-run/context"
"""Where ``sha256`` is a term; the context of RO-Crate 1.1 has none."""
NO_LICENSE = "No licence is stated. Whoever exported this crate gave none; ask them before any use of its content."
OF_MRDQ = ("workflow/", f"{DEFINITIONS}/")
"""Where files lie that are mrdq's, and under its licence."""
INPUTS, OUTPUTS = "#input-files", "#output-files"


@dataclass(frozen=True, slots=True)
class Export:
    """What a crate is made of: the trail with its ``records``, and what is said of the study.

    ``workflow``: folder of the Snakefile, None where it is not installed; ``made``: the time of it.
    """

    reading: Reading
    records: Sequence[SealedRecord]
    study: str
    notices: Sequence[str]
    made: dt.datetime
    workflow: Path | None
    license: str = ""
    with_data: bool = True

    @property
    def head(self) -> Head:
        return self.reading.chain.head


def write_crate(export: Export, to: Path) -> FileState:
    """Write the crate to a folder, or to a zip if the name ends so, and return the state of its
    description, which has the hash of every other file.

    Raises :class:`MrdqError`, and leaves nothing behind, where a file is not as it was sealed, or
    where the study was never run.
    """
    require_run(export)
    files = crate_files(export)
    _require_utf8(files)
    with opened(to) as put:
        written = put_all(files, put)
        data = describe(export, written)
        put(METADATA, data)
    return FileState(METADATA, len(data), hashlib.sha256(data).hexdigest())


def require_run(export: Export) -> None:
    """Raise :class:`MrdqError` if no job of the workflow ever came to its end."""
    if not any(is_step(one) and one.record.state == DONE for one in export.records):
        refuse("audit/records", "the record of a run that was done", remedy="Run the study first: mrdq run STUDY")  # fmt: skip


def _require_utf8(files: dict[str, Content]) -> None:
    wrong = [path for path in files if not _is_utf8(path)]
    if wrong:
        raise MrdqError([Problem(ascii(path), "a file name in UTF-8", remedy="Rename it, and run the study again.")
                         for path in wrong])  # fmt: skip


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def crate_files(export: Export) -> dict[str, Content]:
    """Every file of the crate but its description, by its path; the study's come first."""
    own = study_files(export.reading) if export.with_data else {}
    ours = definition_files(list(export.records)) | workflow_files(export.workflow)
    return own | {path: content for path, content in ours.items() if path not in own} | (
        {} if README in own else {README: Content(_readme(export).encode())}
    )  # fmt: skip


def describe(export: Export, written: dict[str, FileState]) -> bytes:
    """``ro-crate-metadata.json``.  The same trail, files and time give the same bytes."""
    crate = ROCrate(version="1.1")
    crate.metadata.extra_contexts.append(CONTEXT)
    describing = Describing(crate, written, export.with_data)
    for state in written.values():
        describing.entities[quote(state.path)] = _add_file(crate, state)
    add_tools(describing, export.records)
    actions = [add_action(describing, one) for one in export.records]
    mentions = actions + _add_workflow(describing, export)
    absent = [] if export.with_data else [describing.file(s.state) for s in export.reading.chain.files.values()]  # fmt: skip
    _add_root(describing, export, references([*mentions, *absent]))
    (data,) = (chunk for _, chunk in crate.metadata.stream())
    return bytes(data) + b"\n"


def _add_file(crate: Any, state: FileState) -> Any:
    name = PurePosixPath(state.path).name
    told = {"name": name, "sha256": state.sha256, "contentSize": str(state.size), "encodingFormat": encoding(name)}  # fmt: skip
    if state.path.startswith(OF_MRDQ):
        told["license"] = "MIT"
    if state.path in (WORKFLOW, SCRIPT):
        language = "snakemake" if state.path == WORKFLOW else _shell(crate)
        kinds = ["File", "SoftwareSourceCode", "ComputationalWorkflow", "HowTo"]
        return crate.add_workflow(dest_path=state.path, properties={"@type": kinds, **told}, main=True, lang=language)  # fmt: skip
    return crate.add_file(dest_path=state.path, properties=told)


def _shell(crate: Any) -> ComputerLanguage:
    told = {"name": "POSIX shell", "url": "https://pubs.opengroup.org/onlinepubs/9699919799/utilities/V3_chap02.html"}  # fmt: skip
    return crate.add(ComputerLanguage(crate, identifier="#shell", properties=told))


def _add_workflow(describing: Describing, export: Export) -> list[dict[str, str]]:
    """The workflow with its steps, and its runs: one by ``mrdq run``, one by Snakemake, as far as
    there are; returns the runs."""
    steps = [one for one in export.records if is_step(one)]
    workflow = describing.crate.mainEntity
    workflow["name"] = "mrdq: from qPCR exports to MRD status"
    workflow["description"] = (
        f"The workflow of mrdq {__version__}, which made this crate. Each tool says with which version it ran."
    )
    workflow["version"] = __version__
    workflow["hasPart"] = references({"@id": tool_id(one)} for one in steps)
    workflow["step"] = [_step(describing, action, steps) for action in STEPS
                        if any(one.record.action == action for one in steps)]  # fmt: skip
    workflow["input"] = [describing.add(INPUTS, "FormalParameter", name="inputs", additionalType="File",
                                        description="Exports, layouts, sheets and settings of a study.")]  # fmt: skip
    workflow["output"] = [describing.add(OUTPUTS, "FormalParameter", name="results", additionalType="File",
                                         description="Tables and pages.")]  # fmt: skip
    by_snakemake = [one for one in steps if one.record.rule]
    by_mrdq = [one for one in steps if not one.record.rule]
    return [
        action for engine, of_engine in (("mrdq run", by_mrdq), ("Snakemake", by_snakemake)) if of_engine
        for action in _add_run(describing, engine, of_engine)
    ]  # fmt: skip


def _step(describing: Describing, action: str, steps: Sequence[SealedRecord]) -> dict[str, str]:
    tools = references({"@id": tool_id(one)} for one in steps if one.record.action == action)
    return describing.add(
        f"#step-{action}", "HowToStep", name=action, position=str(STEPS.index(action)), workExample=tools,
    )  # fmt: skip


def _add_run(
    describing: Describing, engine: str, steps: Sequence[SealedRecord]
) -> list[dict[str, str]]:
    """All that one engine orchestrated, as one run of the workflow: from its first job to its last."""
    made = {state for one in steps for state in one.record.files("outputs")}
    read = {state for one in steps for state in one.record.files("inputs")} - made
    records = [one.record for one in steps]
    times = {"startTime": instant(min(r.started for r in records)), "endTime": instant(max(r.ended for r in records))}  # fmt: skip
    people = references(add_person(describing, record) for record in records)
    name = quote(engine.replace(" ", "-").lower())
    run = describing.add(
        f"#workflow-by-{name}", "CreateAction", name=f"The results of the study, made by {engine}",
        description=f"{len(steps)} jobs, each an action of its own.", instrument={"@id": describing.crate.mainEntity.id},
        agent=people, object=_realised(describing, read, INPUTS), result=_realised(describing, made, OUTPUTS),
        **times, **status(describing, records),
    )  # fmt: skip
    controls = [
        describing.add(f"#control-{action_id(record)[1:]}", "ControlAction", name=f"mrdq {record.action}, {record.started}",
                       instrument={"@id": f"#step-{record.action}"}, object={"@id": action_id(record)},
                       **status(describing, [record]))
        for record in records
    ]  # fmt: skip
    organised = describing.add(
        f"#engine-run-{name}", "OrganizeAction", name=f"Run of {engine}", instrument=_engine(describing, engine, steps),
        object=controls, result=run, agent=people, **times, **status(describing, records),
    )  # fmt: skip
    return [run, organised]


def _realised(describing: Describing, states: set[FileState], slot: str) -> list[dict[str, str]]:
    found = references(describing.file(state) for state in sorted(states))
    for reference in found:
        entity = describing.entities[reference["@id"]]
        entity.append_to("exampleOfWork", {"@id": slot})
        entity["exampleOfWork"] = references(entity.properties()["exampleOfWork"])
    return found


def _engine(
    describing: Describing, engine: str, steps: Sequence[SealedRecord]
) -> list[dict[str, str]] | dict[str, str]:
    if engine != "Snakemake":
        return references(add_environment(describing, one) for one in steps)
    versions = dict.fromkeys(
        one.record.software.get("packages", {}).get("snakemake", "") for one in steps
    )
    return [
        describing.add(f"#snakemake-{quote(version)}", "SoftwareApplication", name="Snakemake", softwareVersion=version,
                       url="https://snakemake.readthedocs.io")
        for version in versions
    ]  # fmt: skip


def _add_root(describing: Describing, export: Export, mentions: list[dict[str, str]]) -> None:
    root = describing.crate.root_dataset
    root["name"] = export.study
    root["description"] = " ".join([*_sentences(export.notices), _summary(export)])
    root["datePublished"] = instant(f"{export.made.astimezone(dt.UTC):%Y-%m-%dT%H:%M:%S.%f}")
    root["license"] = _license(describing, export.license)
    root["conformsTo"] = [
        describing.add(identifier, "CreativeWork", name=name, version=version)
        for identifier, name, version in PROFILES
    ]
    seal = {"name": "head of the audit trail", "value": export.head.hash, "description": f"SHA-256 of block {export.head.number}"}  # fmt: skip
    root["identifier"] = describing.add("#seal", "PropertyValue", **seal)
    root["mentions"] = mentions
    if README in describing.inside:
        describing.entities[README]["about"] = {"@id": "./"}


def _license(describing: Describing, license_: str) -> str | dict[str, str]:
    if urlsplit(license_).scheme not in ("http", "https"):
        return license_ or NO_LICENSE
    return describing.add(
        license_,
        "CreativeWork",
        name=license_,
        description="The licence that was named when this crate was made.",
    )


def _sentences(notices: Sequence[str]) -> list[str]:
    return [notice if notice.endswith((".", "!")) else f"{notice}." for notice in notices]


def _summary(export: Export) -> str:
    content = (
        "Inputs, results and audit trail of a study of minimal residual disease by qPCR."
        if export.with_data
        else "A study of minimal residual disease by qPCR, described without its data: files are named by their hashes."
    )
    return f"{content} Made by mrdq {__version__} from what is under seal at {export.head}."


def _readme(export: Export) -> str:
    """What a person needs who opens the crate without software for it."""
    notices = "".join(f"**{notice}**\n\n" for notice in export.notices)
    check = (
        f"This folder is the study as it was under seal. To check it:\n\n    mrdq audit verify . --head {export.head.hash}\n"
        if export.with_data
        else "The files of the study are not here: it was exported without its data.\n"
    )
    license_ = export.license or NO_LICENSE
    return (
        f"# {export.study}\n\n{notices}{_summary(export)}\n\n{check}\n"
        f"`{METADATA}` says what each file is, which job made it, when, with which software, and who worked.\n\n"
        f"Licence: {license_}\n"
    )
