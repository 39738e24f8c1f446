"""``mrdq export rocrate``, held to what its profiles require.

The usual validator needs a network, so each requirement (MUST) is here with the page and section that
it is from, a check, and a damage that the check has to see.  Pages, as of these versions:

- RO-Crate 1.1: https://www.researchobject.org/ro-crate/specification/1.1/
- Workflow RO-Crate 1.0: https://w3id.org/workflowhub/workflow-ro-crate/1.0
- Process, Workflow and Provenance Run Crate 0.5: https://w3id.org/ro/wfrun/{process,workflow,provenance}/0.5

What a requirement leaves open (which type a tool may have, say) is as in the SHACL shapes of
crs4/rocrate-validator.  Not met here, because the crate has none of it: preview page, CWL description,
diagram, sub-workflows, ``resourceUsage``.
"""

from __future__ import annotations

import copy as copies
import csv
import datetime as dt
import hashlib
import json
import re
import shutil
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from rocrate import vocabs
from rocrate.rocrate import ROCrate
from small_study import accepted, copy, mrdq, replace_text, set_key
from tiny import PATIENTS, RUNS, write_tiny

from mrdq.audit.chain import read_chain
from mrdq.audit.job import recorded
from mrdq.audit.reading import read_trail
from mrdq.audit.record import read_record
from mrdq.audit.seal import seal
from mrdq.audit.site import Site
from mrdq.reports import rocrate_export
from mrdq.reports.audit_tables import sealed_records
from mrdq.reports.rocrate_export import Export, write_crate
from mrdq.reports.rocrate_files import workflow_folder

Entity = dict[str, Any]
METADATA = "ro-crate-metadata.json"
NOTICE = "SIMULATED: no patient is behind it"
ODD = "data/Lauf 1 (5%), Größe.csv"
TOOLS = {"SoftwareApplication", "SoftwareSourceCode", "ComputationalWorkflow"}
SITE = Site("bench", "someone", "operator A")
ISO_8601 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00")


@dataclass(frozen=True)
class Crate:
    """A crate that was unpacked: its folder and its description."""

    folder: Path
    metadata: Entity

    @property
    def by_id(self) -> dict[str, Entity]:
        return {entity["@id"]: entity for entity in self.metadata["@graph"]}

    @property
    def root(self) -> Entity:
        return self.by_id[self.by_id[METADATA]["about"]["@id"]]

    @property
    def workflow(self) -> Entity:
        return self.by_id[self.root["mainEntity"]["@id"]]

    def of(self, kind: str) -> list[Entity]:
        return [entity for entity in self.metadata["@graph"] if kind in types(entity)]

    def at(self, entity: Entity, key: str) -> list[Entity]:
        """What a property refers to; {} for what is not described."""
        return [self.by_id.get(identifier, {}) for identifier in ids(entity, key)]

    @property
    def data_entities(self) -> list[Entity]:
        return [entity for entity in self.of("File") if not entity["@id"].startswith("#")]


def types(entity: Entity) -> set[str]:
    found = entity.get("@type", [])
    return set(found) if isinstance(found, list) else {found}


def ids(entity: Entity, key: str) -> list[str]:
    value = entity.get(key, [])
    items = value if isinstance(value, list) else [value]
    return [item["@id"] for item in items if isinstance(item, dict)]


def opened(path: Path, into: Path) -> Crate:
    folder = path
    if path.suffix == ".zip":
        folder = into / path.stem
        with zipfile.ZipFile(path) as archive:
            archive.extractall(folder)
    return Crate(folder, json.loads((folder / METADATA).read_text(encoding="utf-8")))


# Studies, and their crates ----------------------------------------------------------------------


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Run, mended and run again; a job that failed; an odd file name, and a notice."""
    study = tmp_path_factory.mktemp("ran") / "study"
    write_tiny(study)
    set_key(study, "notice", f"'{NOTICE}'")
    (study / f"data/{RUNS[1]}.csv").rename(study / ODD)
    replace_text(study / "config/runs.tsv", f"data/{RUNS[1]}.csv", ODD)
    accepted(study)
    replace_text(study / "config/runs.tsv", "L1", "L2")
    accepted(study)
    with (
        pytest.raises(RuntimeError),
        recorded(study, "call", SITE, {"guideline": "", "n": 3, "is_trial": True}),
    ):
        raise RuntimeError(f"no such patient as {PATIENTS[0]}")
    seal(study, SITE)
    return study


@pytest.fixture(scope="module")
def by_rules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The stages as Snakemake starts them."""
    study = tmp_path_factory.mktemp("rules") / "study"
    write_tiny(study, runs=1)
    with pytest.MonkeyPatch.context() as patch:
        for number, rule in enumerate(("ingest", "call", "status", "report")):
            patch.setenv("MRDQ_JOB", f"{{{rule}}}{{{number}}}")
            assert mrdq(rule, study).code == 0
    assert mrdq("audit", "seal", study).code == 0
    return study


@pytest.fixture(scope="module")
def crates(ran: Path, by_rules: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Crate]:
    """Every kind of crate, by what it is."""
    into = tmp_path_factory.mktemp("crates")
    license_ = "https://creativecommons.org/licenses/by/4.0/"
    asked = {
        "a folder": (ran, into / "folder", ()),
        "a zip": (by_rules, into / "by rules.crate.zip", ("--license", license_)),
        "without data": (ran, into / "bare.zip", ("--without-data",)),
    }
    found = {}
    for name, (study, to, options) in asked.items():
        outcome = mrdq("export", "rocrate", copy(study, into / f"of {name}"), "--to", to, *options)
        assert outcome.code == 0, outcome.err
        assert outcome.out == f"{to}\n"
        found[name] = opened(to, into / "unpacked")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("mrdq.reports.rocrate_files.workflow_folder", lambda: None)
        to = into / "no rules"
        assert mrdq("export", "rocrate", copy(by_rules, into / "of no rules"), "--to", to).code == 0
        found["no Snakefile"] = opened(to, into)
    return found


# What the profiles require ----------------------------------------------------------------------


@dataclass(frozen=True)
class Requirement:
    """``check`` gives what is wrong, "" and the like for nothing; ``damage`` makes a crate wrong."""

    source: str
    words: str
    check: Callable[[Crate], object]
    damage: Callable[[Crate], object]

    def __str__(self) -> str:
        return f"{self.source}: {self.words}"


def without(key: str, pick: Callable[[Crate], Entity]) -> Callable[[Crate], object]:
    return lambda crate: pick(crate).pop(key)


def first(kind: str) -> Callable[[Crate], Entity]:
    return lambda crate: crate.of(kind)[0]


def root(crate: Crate) -> Entity:
    return crate.root


def workflow(crate: Crate) -> Entity:
    return crate.workflow


def descriptor(crate: Crate) -> Entity:
    return crate.by_id[METADATA]


def a_tool_run(crate: Crate) -> Entity:
    return next(a for a in crate.of("CreateAction") if a["@id"].startswith("#record"))


def lacking(kind: str, key: str, wanted: set[str]) -> Callable[[Crate], object]:
    """Entities of a type whose property does not refer only to entities of the wanted types."""

    def check(crate: Crate) -> object:
        return [
            entity["@id"] for entity in crate.of(kind)
            if not crate.at(entity, key) or not all(types(target) & wanted for target in crate.at(entity, key))
        ]  # fmt: skip

    return check


def conforms(name: str, uri: str) -> list[Requirement]:
    def check(crate: Crate) -> bool:
        return not any(e.get("@id") == uri and "CreativeWork" in types(e) for e in crate.at(crate.root, "conformsTo"))  # fmt: skip

    return [Requirement(name, "root: conformsTo MUST reference a CreativeWork with the versioned permalink",
                        check, lambda crate: crate.metadata["@graph"].remove(crate.by_id[uri]))]  # fmt: skip


def nested(value: object) -> Iterator[Entity]:
    if isinstance(value, dict):
        yield value
    if isinstance(value, list):
        for item in value:
            yield from nested(item)


def not_flat(crate: Crate) -> object:
    return [v for e in crate.metadata["@graph"] for value in e.values() for v in nested(value) if set(v) != {"@id"}]  # fmt: skip


def not_terms(crate: Crate) -> object:
    """Keys and types that the context does not have.

    ``rocrate`` ships the context of 1.3, which keeps every term of 1.1; ``sha256`` is newer than 1.1 and
    is a term of https://w3id.org/ro/terms/workflow-run/context (ResearchObject/ro-terms).
    """
    assert crate.metadata["@context"] == ["https://w3id.org/ro/crate/1.1/context", "https://w3id.org/ro/terms/workflow-run/context"]  # fmt: skip
    known = {*vocabs.RO_CRATE["@context"], "@id", "@type"}
    used = {key for entity in crate.metadata["@graph"] for key in entity}
    return (used | {kind for entity in crate.metadata["@graph"] for kind in types(entity)}) - known


def not_linked(crate: Crate) -> object:
    reached, waiting = set(), [crate.root]
    while waiting:
        entity = waiting.pop()
        if entity.get("@id") not in reached:
            reached.add(entity.get("@id"))
            waiting += crate.at(entity, "hasPart")
    return {entity["@id"] for entity in crate.data_entities} - reached


def not_there(crate: Crate) -> object:
    return [e["@id"] for e in crate.data_entities if not (crate.folder / unquote(e["@id"])).is_file()]  # fmt: skip


def not_paths(crate: Crate) -> object:
    """RFC 3986: path-noscheme, so that no reader takes it for anything but a path in the crate."""
    path = re.compile(r"([A-Za-z0-9._~!$&'()*+,;=@/-]|%[0-9A-F]{2})+")
    return [e["@id"] for e in crate.data_entities if not path.fullmatch(e["@id"]) or e["@id"].startswith("/")]  # fmt: skip


def twice(crate: Crate) -> object:
    every = [entity["@id"] for entity in crate.metadata["@graph"]]
    return {identifier for identifier in every if every.count(identifier) > 1}


def runs_of_the_workflow(crate: Crate) -> list[Entity]:
    return [a for a in crate.of("CreateAction") if crate.workflow["@id"] in ids(a, "instrument")]


def slots_of_others(crate: Crate) -> object:
    """Entities that claim a slot of the workflow without being input or output of its runs."""
    slots = {*ids(crate.workflow, "input"), *ids(crate.workflow, "output")}
    used = {i for run in runs_of_the_workflow(crate) for key in ("object", "result") for i in ids(run, key)}  # fmt: skip
    return [e["@id"] for e in crate.metadata["@graph"] if slots & set(ids(e, "exampleOfWork")) and e["@id"] not in used]  # fmt: skip


def tools_without_runs(crate: Crate) -> object:
    tools = set(ids(crate.workflow, "hasPart"))
    run = {tool for action in crate.of("CreateAction") for tool in ids(action, "instrument")}
    return not tools or tools - run


def strange_parameters(crate: Crate) -> object:
    users = [crate.workflow, *crate.of("SoftwareApplication")]
    named = {i for entity in users for key in ("input", "output") for i in ids(entity, key)}
    return not named or named ^ {entity["@id"] for entity in crate.of("FormalParameter")}


def out_of_order(crate: Crate) -> object:
    """Steps that need what a step makes that does not stand before them."""
    step_of = {ids(c, "object")[0]: crate.at(c, "instrument")[0] for c in crate.of("ControlAction")}
    made = {i: step for a, step in step_of.items() for i in ids(crate.by_id[a], "result")}
    return [
        (step["name"], made[i]["name"]) for a, step in step_of.items() for i in ids(crate.by_id[a], "object")
        if i in made and made[i] is not step and int(made[i]["position"]) >= int(step["position"])
    ]  # fmt: skip


def other_way_round(crate: Crate) -> None:
    for step in crate.of("HowToStep"):
        step["position"] = str(-int(step["position"]))


def is_workflow(entity: Entity, *more: str) -> bool:
    return {"File", "SoftwareSourceCode", "ComputationalWorkflow", *more} <= types(entity)


CRATE = "RO-Crate 1.1"
WROC = "Workflow RO-Crate 1.0"
PROCESS, WORKFLOW, PROVENANCE = (f"{n} Run Crate 0.5" for n in ("Process", "Workflow", "Provenance"))  # fmt: skip
REQUIREMENTS = [
    Requirement(f"{CRATE}, RO-Crate Structure", "the metadata file MUST be named ro-crate-metadata.json and appear in the root",
                lambda crate: not (crate.folder / METADATA).is_file(), lambda crate: (crate.folder / METADATA).unlink()),
    Requirement(f"{CRATE}, RO-Crate Structure, metadata file", "it MUST be flattened JSON-LD",
                not_flat, lambda crate: crate.root.update(author={"name": "somebody"})),
    Requirement(f"{CRATE}, RO-Crate Structure, metadata file", "it MUST be compacted JSON-LD",
                not_terms, lambda crate: crate.root.update(whatever="x")),
    Requirement(f"{CRATE}, RO-Crate JSON-LD, describing entities", "every entity MUST have an @id",
                lambda crate: [e for e in crate.metadata["@graph"] if not e.get("@id")], lambda crate: crate.metadata["@graph"][3].update({"@id": ""})),
    Requirement(f"{CRATE}, RO-Crate JSON-LD, describing entities", "every entity MUST have a @type",
                lambda crate: [e for e in crate.metadata["@graph"] if not types(e)], without("@type", first("Person"))),
    Requirement(f"{CRATE}, RO-Crate JSON-LD, describing entities", "no @id MUST be listed twice",
                twice, lambda crate: crate.metadata["@graph"].append(crate.root)),
    Requirement(f"{CRATE}, Root Data Entity, metadata file descriptor", "it MUST be a CreativeWork",
                lambda crate: "CreativeWork" not in types(descriptor(crate)), lambda crate: descriptor(crate).update({"@type": "File"})),
    Requirement(f"{CRATE}, Root Data Entity, metadata file descriptor", "its about MUST be the root; conformsTo names the version",
                lambda crate: "https://w3id.org/ro/crate/1.1" not in ids(descriptor(crate), "conformsTo") or "Dataset" not in types(crate.root),
                without("conformsTo", descriptor)),
    Requirement(f"{CRATE}, Root Data Entity, direct properties", "@type MUST be Dataset, @id MUST end with /",
                lambda crate: types(crate.root) != {"Dataset"} or crate.root["@id"] != "./", lambda crate: crate.root.update({"@type": "CreativeWork"})),
    *(Requirement(f"{CRATE}, Root Data Entity, direct properties", f"it MUST have {key}",
                  lambda crate, key=key: not crate.root.get(key), without(key, root)) for key in ("name", "description", "license")),
    Requirement(f"{CRATE}, Root Data Entity, direct properties", "datePublished MUST be an ISO 8601 date",
                lambda crate: not ISO_8601.fullmatch(crate.root.get("datePublished", "")), lambda crate: crate.root.update(datePublished="1 March 2024")),
    Requirement(f"{CRATE}, Data Entities, referencing files", "every file MUST be linked from the root by hasPart",
                not_linked, lambda crate: crate.root["hasPart"].pop()),
    Requirement(f"{CRATE}, Data Entities, file data entity", "@id MUST be a URI path relative to the root, or an absolute URI",
                not_paths, lambda crate: first("File")(crate).update({"@id": "a b.csv"})),
    Requirement(f"{CRATE}, RO-Crate Structure", "data entities MUST be files that are present (none here is on the web)",
                not_there, lambda crate: first("File")(crate).update({"@id": "elsewhere.csv"})),
    *conforms(f"{PROCESS}, Requirements, Dataset", "https://w3id.org/ro/wfrun/process/0.5"),
    Requirement(f"{PROCESS}, Requirements, CreateAction", "instrument MUST identify the executed tool",
                lacking("CreateAction", "instrument", TOOLS), without("instrument", a_tool_run)),
    Requirement(f"{PROCESS}, Overview", "it requires a SoftwareApplication and a CreateAction",
                lambda crate: not crate.of("SoftwareApplication") or not crate.of("CreateAction"),
                lambda crate: [action.update({"@type": "Action"}) for action in crate.of("CreateAction")]),
    *conforms(f"{WORKFLOW}, Requirements, Dataset", "https://w3id.org/ro/wfrun/workflow/0.5"),
    Requirement(f"{WORKFLOW}, Overview", "it MUST have a ComputationalWorkflow as mainEntity, and CreateActions of its execution",
                lambda crate: not is_workflow(crate.workflow) or not runs_of_the_workflow(crate),
                lambda crate: [run.pop("instrument") for run in runs_of_the_workflow(crate)]),
    Requirement(f"{WORKFLOW}, Overview", "parameters MUST be FormalParameters that input and output refer to",
                strange_parameters, lambda crate: [e.pop("input", "") for e in crate.of("SoftwareApplication")]),
    Requirement(f"{WORKFLOW}, Overview", "what matches no slot of the workflow MUST NOT refer to one",
                slots_of_others, lambda crate: first("Person")(crate).update(exampleOfWork={"@id": "#input-files"})),
    Requirement(f"{WORKFLOW}, Requirements, FormalParameter", "additionalType MUST be there",
                lambda crate: [e for e in crate.of("FormalParameter") if not e.get("additionalType")], without("additionalType", first("FormalParameter"))),
    *conforms(f"{PROVENANCE}, Requirements, Dataset", "https://w3id.org/ro/wfrun/provenance/0.5"),
    Requirement(f"{PROVENANCE}, Overview", "executions of the tools MUST be CreateActions that have them as instrument",
                tools_without_runs, lambda crate: [a.pop("instrument") for a in crate.of("CreateAction") if a["@id"].startswith("#record")]),
    Requirement(f"{PROVENANCE}, Requirements, ComputationalWorkflow", "@type MUST include File, SoftwareSourceCode, ComputationalWorkflow; HowTo with step",
                lambda crate: not is_workflow(crate.workflow, "HowTo"), lambda crate: crate.workflow["@type"].remove("HowTo")),
    Requirement(f"{PROVENANCE}, Requirements, ComputationalWorkflow", "hasPart MUST identify the tools",
                lacking("ComputationalWorkflow", "hasPart", TOOLS), without("hasPart", workflow)),
    Requirement(f"{PROVENANCE}, Requirements, HowToStep", "workExample MUST identify the tool of the step",
                lacking("HowToStep", "workExample", TOOLS), without("workExample", first("HowToStep"))),
    Requirement(f"{PROVENANCE}, Overview", "the workflow MUST reference its steps via step",
                lambda crate: {s["@id"] for s in crate.of("HowToStep")} ^ set(ids(crate.workflow, "step")), without("step", workflow)),
    Requirement(f"{PROVENANCE}, Requirements, HowToStep", "position MUST be greater than those of steps whose outputs it needs",
                out_of_order, other_way_round),
    Requirement(f"{PROVENANCE}, Requirements, ControlAction", "instrument MUST identify the HowToStep",
                lacking("ControlAction", "instrument", {"HowToStep"}), without("instrument", first("ControlAction"))),
    Requirement(f"{PROVENANCE}, Requirements, ControlAction", "object MUST identify the CreateAction of the tool",
                lacking("ControlAction", "object", {"CreateAction"}), without("object", first("ControlAction"))),
    Requirement(f"{PROVENANCE}, Requirements, OrganizeAction", "instrument MUST identify the workflow engine",
                lacking("OrganizeAction", "instrument", TOOLS), without("instrument", first("OrganizeAction"))),
    Requirement(f"{PROVENANCE}, Requirements, OrganizeAction", "object MUST identify the ControlActions",
                lacking("OrganizeAction", "object", {"ControlAction"}), without("object", first("OrganizeAction"))),
    Requirement(f"{PROVENANCE}, Requirements, OrganizeAction", "result MUST identify the CreateAction of the workflow",
                lambda crate: {i for o in crate.of("OrganizeAction") for i in ids(o, "result")} ^ {r["@id"] for r in runs_of_the_workflow(crate)},
                without("result", first("OrganizeAction"))),
    *conforms(f"{WROC}, named by {WORKFLOW}, Requirements, Dataset", "https://w3id.org/workflowhub/workflow-ro-crate/1.0"),
    Requirement(f"{WROC}, Main Workflow", "the main workflow MUST be a File, SoftwareSourceCode, ComputationalWorkflow, as mainEntity",
                lambda crate: not is_workflow(crate.at(crate.root, "mainEntity")[0]), lambda crate: crate.workflow["@type"].remove("File")),
    Requirement(f"{WROC}, Main Workflow", "it MUST refer to its type via programmingLanguage",
                lacking("ComputationalWorkflow", "programmingLanguage", {"ComputerLanguage"}), without("programmingLanguage", workflow)),
    Requirement(f"{WROC}, Crate", "it MUST specify a license",
                lambda crate: not crate.root.get("license"), without("license", root)),
]  # fmt: skip


@pytest.mark.parametrize("requirement", REQUIREMENTS, ids=str)
def test_what_the_profiles_require(crates: dict[str, Crate], requirement: Requirement) -> None:
    assert {name: wrong for name, crate in crates.items() if (wrong := requirement.check(crate))} == {}  # fmt: skip


@pytest.mark.parametrize("requirement", REQUIREMENTS, ids=str)
def test_each_check_can_fail(crates: dict[str, Crate], requirement: Requirement, tmp_path: Path) -> None:  # fmt: skip
    crate = crates["a zip"]
    shutil.copy(crate.folder / METADATA, tmp_path)
    names = {entity["@id"] for entity in crate.data_entities} - {METADATA}
    for name in names:
        (tmp_path / unquote(name)).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / unquote(name)).touch()
    damaged = Crate(tmp_path, copies.deepcopy(crate.metadata))
    assert not requirement.check(damaged)
    requirement.damage(damaged)
    assert requirement.check(damaged)


def test_what_the_profiles_recommend(crates: dict[str, Crate]) -> None:
    """SHOULD of Process Run Crate 0.5 (CreateAction, SoftwareApplication) and of Workflow RO-Crate 1.0."""
    for crate in crates.values():
        assert {a["@id"] for a in crate.of("CreateAction")} <= set(ids(crate.root, "mentions"))
        assert ids(descriptor(crate), "conformsTo") == ["https://w3id.org/ro/crate/1.1", "https://w3id.org/workflowhub/workflow-ro-crate/1.0"]  # fmt: skip
        assert crate.by_id["README.md"]["about"] == {"@id": "./"}
        assert all(tool.get("name") and tool.get("softwareVersion") for tool in crate.of("SoftwareApplication"))  # fmt: skip
        for action in crate.of("CreateAction"):
            assert action["name"]
            assert action["description"]
            assert ISO_8601.fullmatch(action["endTime"])
            assert {kind for agent in crate.at(action, "agent") for kind in types(agent)} == {"Person"}  # fmt: skip
            used = [*crate.at(action, "object"), *crate.at(action, "result")]
            assert all(types(e) & {"File", "CreativeWork", "PropertyValue"} for e in used)
            failed = action["actionStatus"] == "http://schema.org/FailedActionStatus"
            assert failed or action["actionStatus"] == "http://schema.org/CompletedActionStatus"
            assert ("error" in action) == failed


# What is in it ----------------------------------------------------------------------------------


def no_float(text: str) -> float:
    raise AssertionError(f"a float: {text}")


def test_every_file_is_described_by_the_hash_of_its_bytes(crates: dict[str, Crate]) -> None:
    for crate in crates.values():
        there = {p.relative_to(crate.folder).as_posix() for p in crate.folder.rglob("*") if p.is_file()}  # fmt: skip
        assert {unquote(e["@id"]) for e in crate.data_entities} == there - {METADATA}
        for entity in crate.data_entities:
            data = (crate.folder / unquote(entity["@id"])).read_bytes()
            assert (entity["sha256"], entity["contentSize"]) == (hashlib.sha256(data).hexdigest(), str(len(data)))  # fmt: skip


def test_others_can_read_it(crates: dict[str, Crate]) -> None:
    for crate in crates.values():
        again = ROCrate(crate.folder)
        assert {e.id for e in again.data_entities} == {e["@id"] for e in crate.data_entities}
        assert again.mainEntity.id == crate.workflow["@id"]
        named = {v["@id"] for e in crate.metadata["@graph"] for value in e.values() for v in nested(value)}  # fmt: skip
        assert {i for i in named if not i.startswith(("https://doi.org", "https://snakemake", "https://w3id.org/ro/crate"))} <= set(crate.by_id)  # fmt: skip
        json.loads((crate.folder / METADATA).read_bytes(), parse_float=no_float)


def test_the_crate_is_the_study_under_seal(crates: dict[str, Crate]) -> None:
    """Whoever receives it can check it, and has the head in the description."""
    crate = crates["a folder"]
    seal_ = crate.at(crate.root, "identifier")[0]
    assert mrdq("audit", "verify", crate.folder, "--head", seal_["value"]).code == 0
    assert seal_["value"] == read_chain(crate.folder).head.hash
    assert f"block {read_chain(crate.folder).head.number}, head {seal_['value']}" in crate.root["description"]  # fmt: skip
    assert seal_["value"] in (crate.folder / "README.md").read_text(encoding="utf-8")


def test_each_job_is_told_as_it_was_recorded(crates: dict[str, Crate]) -> None:
    crate = crates["a folder"]
    actions = {a["@id"]: a for a in crate.of("CreateAction") if a["@id"].startswith("#record")}
    paths = sorted((crate.folder / "audit/records").iterdir())
    assert len(paths) == len(actions) == 5
    for path in paths:
        record = read_record(path.name, path.read_bytes())
        action = actions[f"#record-{path.stem}"]
        assert (action["startTime"], action["endTime"]) == (f"{record.started[:23]}+00:00", f"{record.ended[:23]}+00:00")  # fmt: skip
        (tool,) = crate.at(action, "instrument")
        assert (tool["name"], tool["softwareVersion"]) == (f"mrdq {record.action}", record.software["packages"]["mrdq"])  # fmt: skip
        for key, field in (("object", "inputs"), ("result", "outputs")):
            told = {e["sha256"] for e in crate.at(action, key) if "sha256" in e}
            assert told == {state.sha256 for state in record.files(field)}
        values = {e["name"]: e["value"] for e in crate.at(action, "object") if "PropertyValue" in types(e)}  # fmt: skip
        assert values == {k: v if isinstance(v, str) else json.dumps(v) for k, v in record.parameters.items()}  # fmt: skip
        assert [p["name"] for p in crate.at(action, "agent")] == [record.operator or record.user]
        definitions = {e["name"].split()[-1]: e["version"] for e in crate.at(action, "object") if "version" in e}  # fmt: skip
        assert definitions == {d["id"]: d["version"] for d in record.definitions}
        assert ("error" in action) == (record.state == "failed")


def test_a_failure_is_told_with_its_words(crates: dict[str, Crate]) -> None:
    (failed,) = (a for a in crates["a folder"].of("CreateAction") if a["@id"].startswith("#record") and "error" in a)  # fmt: skip
    assert failed["error"] == f"failed: RuntimeError: no such patient as {PATIENTS[0]}"
    kinds = {e["name"]: e["additionalType"] for e in crates["a folder"].of("FormalParameter")}
    assert (kinds["n"], kinds["is_trial"], kinds["guideline"]) == ("Integer", "Boolean", "Text")


def test_bytes_that_are_past_are_told_to_be_absent(crates: dict[str, Crate]) -> None:
    """The runs sheet was mended between two runs: the first read bytes that the crate does not have."""
    crate = crates["a folder"]
    past = [e for e in crate.of("CreativeWork") if e["@id"].startswith("#bytes-") and e["name"] == "config/runs.tsv"]  # fmt: skip
    assert len(past) == 1
    assert past[0]["sha256"] != crate.by_id["config/runs.tsv"]["sha256"]
    assert past[0]["description"] == "A file by its hash; its bytes are not in this crate."


def test_rule_sets_and_protocols_are_in_it(crates: dict[str, Crate]) -> None:
    for crate in crates.values():
        (rules,) = (
            e for e in crate.of("CreativeWork") if e.get("name", "").startswith("rule set ")
        )
        assert rules["name"] == "rule set euromrd-2007-therapy-reduction"
        (file,) = crate.at(rules, "hasPart")
        assert "positive_background_distance_minimum" in (crate.folder / file["@id"]).read_text(encoding="utf-8")  # fmt: skip


def test_who_orchestrated(crates: dict[str, Crate]) -> None:
    engines = {
        name: [e["name"] for o in crate.of("OrganizeAction") for e in crate.at(o, "instrument")]
        for name, crate in crates.items()
    }
    assert engines == {"a folder": ["mrdq"], "a zip": ["Snakemake"], "without data": ["mrdq"], "no Snakefile": ["Snakemake"]}  # fmt: skip
    crate = crates["a zip"]
    assert [s["name"] for s in crate.of("HowToStep")] == ["ingest", "call", "status", "report"]
    assert "rule call of Snakemake, job 1" in next(a["description"] for a in crate.of("CreateAction") if a["name"].startswith("mrdq call"))  # fmt: skip


def test_the_workflow_is_the_snakefile_or_the_command(crates: dict[str, Crate]) -> None:
    crate = crates["a folder"]
    assert crate.workflow["@id"] == "workflow/Snakefile"
    assert crate.workflow["license"] == "MIT"
    for name in re.findall(r'include: "(.+)"', (crate.folder / "workflow/Snakefile").read_text()):
        assert (crate.folder / "workflow" / name).is_file()
    script = crates["no Snakefile"].workflow
    assert script["@id"] == "workflow/run.sh"
    assert [e["name"] for e in crates["no Snakefile"].at(script, "programmingLanguage")] == ["POSIX shell"]  # fmt: skip


def test_simulated_is_said_first(crates: dict[str, Crate]) -> None:
    for name in ("a folder", "without data"):
        assert crates[name].root["description"].startswith(NOTICE)
        assert f"**{NOTICE}**" in (crates[name].folder / "README.md").read_text(encoding="utf-8")


def test_the_licence_is_stated_or_said_to_be_unknown(crates: dict[str, Crate], ran: Path, tmp_path: Path) -> None:  # fmt: skip
    assert crates["a folder"].root["license"] == rocrate_export.NO_LICENSE
    (named,) = crates["a zip"].at(crates["a zip"].root, "license")
    assert named["@id"] == "https://creativecommons.org/licenses/by/4.0/"
    study = copy(ran, tmp_path / "study")
    outcome = mrdq("export", "rocrate", study, "--to", tmp_path / "c", "--license", "Ask us", "--without-data")  # fmt: skip
    assert opened(tmp_path / "c", tmp_path).root["license"] == "Ask us"
    assert "no licence is stated" not in outcome.err


# Without data -----------------------------------------------------------------------------------


def test_without_data_nothing_names_a_patient(crates: dict[str, Crate], ran: Path) -> None:
    crate = crates["without data"]
    there = {p.relative_to(crate.folder).parts[0] for p in crate.folder.rglob("*") if p.is_file()}
    assert there == {"README.md", METADATA, "workflow", "definitions"}
    text = "".join((crate.folder / name).read_text(encoding="utf-8") for name in (METADATA, "README.md"))  # fmt: skip
    ids_of_it: set[str] = {Path(ODD).stem}
    for sheet, column in (("runs", "run_id"), ("samples", "sample_id"), ("patients", "patient_id"), ("assays", "target")):  # fmt: skip
        with (ran / f"config/{sheet}.tsv").open(encoding="utf-8", newline="") as file:
            ids_of_it |= {row[column] for row in csv.DictReader(file, delimiter="\t")}
    assert len(ids_of_it) > 8
    assert [name for name in ids_of_it if name in text] == []


def test_without_data_every_file_under_seal_has_its_hash(
    crates: dict[str, Crate], ran: Path
) -> None:
    crate = crates["without data"]
    told = {(e["sha256"], e["contentSize"]) for e in crate.of("CreativeWork") if "sha256" in e}
    files = read_chain(ran).files.values()
    assert {(f.state.sha256, str(f.state.size)) for f in files} <= told
    names = {e["name"] for e in crate.of("CreativeWork") if "sha256" in e}
    assert {"results/calls.tsv", "config/runs.tsv", "config/config.yaml"} <= names


def test_a_person_is_told_what_leaves_the_house(ran: Path, tmp_path: Path) -> None:
    study = copy(ran, tmp_path / "study")
    full = mrdq("export", "rocrate", study, "--to", tmp_path / "full")
    assert "the crate holds all data of the study: patient ids, dates, outcomes" in full.err
    assert "the crate says that no licence is stated" in full.err
    bare = mrdq("export", "rocrate", study, "--to", tmp_path / "bare", "--without-data")
    assert "no file of the study is in it" in bare.err


# The trail --------------------------------------------------------------------------------------


@pytest.fixture
def own(ran: Path, tmp_path: Path) -> Path:
    return copy(ran, tmp_path / "study")


def test_the_export_is_recorded_and_sealed(own: Path, tmp_path: Path) -> None:
    before = read_chain(own).head
    outcome = mrdq("export", "rocrate", own, "--to", tmp_path / "c.zip", "--operator", "operator B")
    chain = read_chain(own)
    assert chain.head.number == before.number + 1
    assert f"audit trail: {chain.head}" in outcome.err
    record = sealed_records(read_trail(own))[-1].record
    assert (record.action, record.operator, record.state) == ("export", "operator B", "done")
    assert record.seal == before.as_json()
    (made,) = record.files("outputs")
    assert made.path == (tmp_path / "c.zip").as_posix()
    assert made.sha256 == hashlib.sha256((tmp_path / "c.zip").read_bytes()).hexdigest()
    assert mrdq("audit", "verify", own).code == 0


def test_what_is_not_sealed_yet_is_sealed_first(own: Path, tmp_path: Path) -> None:
    with recorded(own, "call", SITE):
        pass
    assert mrdq("export", "rocrate", own, "--to", tmp_path / "c").code == 0
    assert len(opened(tmp_path / "c", tmp_path).of("ControlAction")) == 6


def test_the_same_trail_and_time_give_the_same_bytes(ran: Path, tmp_path: Path) -> None:
    reading = read_trail(ran)
    made = dt.datetime(2024, 3, 1, tzinfo=dt.UTC)
    export = Export(reading, sealed_records(reading), "study", [], made, workflow_folder())
    for name in ("a.zip", "b.zip"):
        write_crate(export, tmp_path / name)
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()


def refused(study: Path, to: Path, *options: str) -> str:
    """The refusal; nothing is left at the place, or beside it."""
    before = sorted(to.parent.iterdir()) if to.parent.is_dir() else []
    outcome = mrdq("export", "rocrate", study, "--to", to, *options)
    assert outcome.code == 2, outcome
    assert (sorted(to.parent.iterdir()) if to.parent.is_dir() else []) == before
    return "\n".join(outcome.problems)


def test_a_study_that_is_not_as_sealed_is_refused(own: Path, tmp_path: Path) -> None:
    """The crate says which bytes the results came from: it has to hold just these."""
    replace_text(own / "config/samples.tsv", "BM", "PB")
    (own / "results/status.tsv").unlink()
    for name in ("c", "c.zip"):
        told = refused(own, tmp_path / name)
        assert 'config/samples.tsv: found "other bytes", expected the file as block 1 sealed it' in told  # fmt: skip
        assert "results/status.tsv: found" in told
        assert "mrdq audit verify" in told
    assert mrdq("export", "rocrate", own, "--to", tmp_path / "c", "--without-data").code == 0


def test_a_record_that_was_changed_is_refused(own: Path, tmp_path: Path) -> None:
    path = next((own / "audit/records").glob("*-run-*"))
    path.write_bytes(path.read_bytes().replace(b"results", b"Results", 1))
    assert f"audit/records/{path.name}" in refused(own, tmp_path / "c")


def test_a_study_that_never_ran_is_refused(study: Path, tmp_path: Path) -> None:
    assert "mrdq run" in refused(study, tmp_path / "c")
    with recorded(study, "export", SITE):
        pass
    assert "the record of a run that was done" in refused(study, tmp_path / "c")


@pytest.mark.parametrize("name", ["a crate", "crate.zip"])
def test_the_head_that_is_printed_for_the_crate_is_that_of_the_crate(own: Path, tmp_path: Path, name: str) -> None:  # fmt: skip
    to = tmp_path / name
    outcome = mrdq("export", "rocrate", own, "--to", to)
    lines = outcome.err.splitlines()
    (at,) = (
        n for n, line in enumerate(lines) if line.startswith("the crate holds the study at block ")
    )
    *_, head = lines[at].split()
    crate = opened(to, tmp_path / "unpacked")
    assert mrdq("audit", "verify", crate.folder, "--head", head).code == 0
    assert lines[at].startswith(f"the crate holds the study at {read_chain(crate.folder).head}; ")
    shown = f"'{to}'" if name == "a crate" else "CRATE"
    assert f"check it with: mrdq audit verify {shown} --head {head}" in lines[at]
    assert lines[at + 1].startswith("the study itself has a new head")
    assert f"{read_chain(own).head}" in lines[-1]
    assert head not in lines[-1]


def test_without_data_the_study_is_what_is_checked(own: Path, tmp_path: Path) -> None:
    outcome = mrdq("export", "rocrate", own, "--to", tmp_path / "c", "--without-data")
    (line,) = (line for line in outcome.err.splitlines() if line.startswith("the crate tells of"))
    assert f"mrdq audit verify {own} --head" in line
    assert mrdq("audit", "verify", own, "--head", line.split()[-1]).code == 0


def test_a_place_that_is_taken_or_inside_is_refused(own: Path, tmp_path: Path) -> None:
    assert "outside of the study" in refused(own, own / "crate")
    (tmp_path / "full").mkdir()
    (tmp_path / "full/mine.txt").write_text("mine")
    (tmp_path / "there.zip").write_text("mine")
    (tmp_path / "folder.zip").mkdir()
    found = {"full": "a folder with 1 file", "there.zip": "a file", "folder.zip": "an empty folder"}
    for name, what in found.items():
        told = f'found "{what}", expected a name that is free, or an empty folder'
        assert told in refused(own, tmp_path / name)
    (tmp_path / "empty").mkdir()
    assert mrdq("export", "rocrate", own, "--to", tmp_path / "empty").code == 0


def test_a_place_that_cannot_be_written_is_refused(own: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("a file")
    assert "a place that can be written" in refused(own, tmp_path / "file" / "c")
