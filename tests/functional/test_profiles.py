"""The profiles: what each job asks of a cluster, without one; and the whole workflow in one allocation.

A profile whose plugin is not installed (requirements-cluster.lock) is read, and not tried.
"""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from small_study import accepted, mrdq, set_key, tree
from tiny import write_tiny

from mrdq.plan import Plan, load_plan

ROOT = Path(__file__).parents[2]
SNAKEFILE = ROOT / "Snakefile"
BIN = Path(sys.executable).parent
ENVIRONMENT = os.environ | {"PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}
CLUSTERS = ("cluster-generic", "lsf", "slurm")
LOCAL = {"seal", "close", "gate", "everything"}
RUNS = 3


def profile(name: str) -> dict[str, Any]:
    return yaml.safe_load((ROOT / f"profiles/{name}/config.yaml").read_text(encoding="utf-8"))


def plugin_of(name: str) -> None:
    plugin = f"snakemake_executor_plugin_{profile(name)['executor'].replace('-', '_')}"
    if importlib.util.find_spec(plugin) is None:
        pytest.skip(f"{plugin} is not installed (requirements-cluster.lock)")


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study of several batches."""
    folder = tmp_path_factory.mktemp("profiles") / "study"
    write_tiny(folder, runs=RUNS)
    set_key(folder, "runs_per_job", "2")
    assert len(load_plan(folder).batches) > 1
    return folder


def snakemake(study: Path, *words: str, **variables: str) -> str:
    start = [sys.executable, "-m", "snakemake", "--snakefile", SNAKEFILE, "--directory", study]
    done = subprocess.run(
        [*start, *words], env=ENVIRONMENT | variables, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    return done.stdout


def asked(shown: str) -> dict[tuple[str, str], dict[str, int]]:
    """(rule, batch or "") -> what its job asks for, of a dry run."""
    found = {}
    for block in re.split(r"\n(?=rule \w+:\n)", shown)[1:]:
        batch = re.search(r"wildcards: batch=(\w+)", block)
        numbers = re.findall(r"\b(threads|mem_mb|runtime)[=:] ?(\d+)", block)
        name = block.split()[1].strip(":"), batch[1] if batch else ""
        found[name] = {"threads": 1} | {key: int(number) for key, number in numbers}
    return found


def predicted(plan: Plan, attempt: int, cores: int) -> dict[tuple[str, str], dict[str, int]]:
    """The same as the plan has it."""
    tables = {"mem_mb": plan.table_memory_mb(attempt), "runtime": plan.table_minutes(attempt)}
    return {
        ("ingest", batch): {
            "threads": 1, "mem_mb": plan.memory_mb(batch, attempt), "runtime": plan.minutes(batch, attempt),
        }
        for batch in plan.batches
    } | {
        (rule, ""): {"threads": 1 if rule == "gather" else cores} | tables
        for rule in ("gather", "call", "status", "report")
    }  # fmt: skip


def without_local(found: dict[tuple[str, str], Any]) -> dict[tuple[str, str], Any]:
    assert {rule for rule, _ in found} >= LOCAL
    return {key: value for key, value in found.items() if key[0] not in LOCAL}


# --- what a job asks for


@pytest.mark.parametrize("name", CLUSTERS)
def test_each_job_asks_for_what_is_predicted(study: Path, name: str) -> None:
    plugin_of(name)
    shown = snakemake(study, "--workflow-profile", name, "--dry-run", "--cores", "64")
    most = profile(name)["max-threads"]
    assert without_local(asked(shown)) == predicted(load_plan(study), 1, most)


def test_a_job_that_is_tried_again_asks_for_more(study: Path) -> None:
    """Snakemake says by --attempt to a job which one it is."""
    plan = load_plan(study)
    third = asked(snakemake(study, "--dry-run", "--cores", "2", "--attempt", "3"))
    assert without_local(third) == predicted(plan, 3, 2)
    first = predicted(plan, 1, 2)
    for job, wanted in predicted(plan, 3, 2).items():
        assert wanted["mem_mb"] > first[job]["mem_mb"]
        assert wanted["runtime"] > first[job]["runtime"]


def test_the_rules_of_seconds_stay_where_snakemake_runs() -> None:
    text = (ROOT / "workflow/Snakefile").read_text(encoding="utf-8")
    block = re.search(r"^localrules:\n((?: +\w+,\n)+)", text, re.MULTILINE)
    assert block
    assert set(re.findall(r"\w+", block[1])) == {"all"} | LOCAL - {"everything"}


# --- what the profiles say


@pytest.mark.parametrize("name", ["default", *CLUSTERS])
def test_a_profile_goes_on_and_begins_again(name: str) -> None:
    content = profile(name)
    for key in ("keep-going", "rerun-incomplete", "show-failed-logs", "nolock"):
        assert content[key] is True, key
    assert content["scheduler"] == "greedy"


@pytest.mark.parametrize("name", ["default", *CLUSTERS])
def test_no_profile_puts_jobs_together(name: str) -> None:
    """Arrays delete what another task made; groups add up their cores."""
    keys = set(profile(name))
    assert {key for key in keys if "array" in key or "group" in key} == set()
    rules = "".join(path.read_text() for path in (ROOT / "workflow/rules").glob("*.smk"))
    assert not re.search(r"^ +group:", rules, re.MULTILINE)


def test_a_job_is_tried_again_on_clusters_alone() -> None:
    assert "retries" not in profile("default")
    assert [profile(name)["retries"] for name in CLUSTERS] == [2, 2, 2]
    assert [profile(name)["latency-wait"] for name in CLUSTERS] == [60, 60, 60]


@pytest.mark.parametrize("name", CLUSTERS)
def test_a_profile_leaves_the_site_to_the_site(name: str) -> None:
    """A workflow's profile would win over default-resources of the site's."""
    assert "default-resources" not in profile(name)


def test_slurm_is_asked_seldom_and_by_squeue() -> None:
    content = profile("slurm")
    assert content["slurm-status-command"] == "squeue"
    # Jobs that ended have to be remembered three times as long: SLURM does for 300 s unless told otherwise.
    assert 30 <= content["slurm-init-seconds-before-status-checks"] <= 300 / 3


# --- a scheduler that takes a script

OF_QSTAT = {
    "running": "Job Id: 7.pbs\n    Job_Name = mrdq-ingest\n    job_state = R\n    queue = workq\n",
    "success": "Job Id: 7.pbs\n    job_state = F\n    queue = workq\n    Exit_status = 0\n    etime = x\n",
    "failed": "Job Id: 7.pbs\n    job_state = F\n    queue = workq\n    Exit_status = 271\n    etime = x\n",
}
UNKNOWN = "qstat: Unknown Job Id 7.pbs\n"
NO_ANSWER = "qstat: cannot connect to server pbs (errno=111)\n"


def command(folder: Path, name: str, script: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/bash\n{script}\n")
    (folder / name).chmod(0o755)


@pytest.mark.parametrize(
    ("says", "word"),
    [*((text, word) for word, text in OF_QSTAT.items()), (UNKNOWN, "failed"), (NO_ANSWER, "running")],
)  # fmt: skip
def test_what_pbs_says_of_a_job_becomes_a_word(tmp_path: Path, says: str, word: str) -> None:
    (tmp_path / "says").write_text(says)
    command(
        tmp_path / "bin", "qstat", f'[ "$*" = "-x -f 7.pbs" ] || exit 9; cat {tmp_path}/says >&2'
    )
    asked_by = f"{profile('cluster-generic')['cluster-generic-status-cmd']} '7.pbs'"
    path = f"{tmp_path}/bin:/usr/bin:/bin"
    done = subprocess.run(asked_by, shell=True, env={"PATH": path}, capture_output=True, text=True)
    assert done.stdout == f"{word}\n", done.stderr


def test_the_generic_profile_runs_its_jobs(study: Path, tmp_path: Path) -> None:
    """With a qsub that runs the script at once, as far as the batches are read."""
    plugin_of("cluster-generic")
    told = tmp_path / "told"
    finished = OF_QSTAT["success"].replace("\n", "\\n")
    command(tmp_path / "bin", "qsub", f'echo "$@" >> {told}; bash "${{@: -1}}" >&2 && echo 7.pbs')
    command(tmp_path / "bin", "qstat", f"printf '{finished}'")
    batch, *_ = load_plan(study).batches
    snakemake(
        study, "--workflow-profile", "cluster-generic", "--seconds-between-status-checks", "1",
        f".mrdq/batches/{batch}/runs.tsv", PATH=f"{tmp_path}/bin:{ENVIRONMENT['PATH']}",
    )  # fmt: skip
    assert (study / f".mrdq/batches/{batch}/wells.parquet").is_file()
    plan = load_plan(study)
    [line] = told.read_text().splitlines()
    for wanted in (
        "-N mrdq-ingest", f"select=1:ncpus=1:mem={plan.memory_mb(batch, 1)}mb",
        f"walltime={plan.minutes(batch, 1) * 60}",
    ):  # fmt: skip
        assert wanted in line


# --- one allocation, one pod, one image


def test_the_submitted_script_gives_the_bytes_of_mrdq_run(tmp_path: Path) -> None:
    """Without SLURM it is a script like any other."""
    study, twin = tmp_path / "a study", tmp_path / "twin"
    for folder in (study, twin):
        write_tiny(folder, runs=1)
    script = mrdq("submit", study, "--print", "--cores", "2").out
    done = subprocess.run(
        ["bash"], input=script, env=os.environ | {"PATH": "/usr/bin:/bin"}, cwd=tmp_path,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    assert "Provided cores: 2" in done.stdout
    assert f"workflow specific profile {ROOT}/profiles/default" in done.stdout
    accepted(twin)
    assert tree(study / "results") == tree(twin / "results")


def test_the_pod_runs_the_workflow(study: Path) -> None:
    manifest = yaml.safe_load((ROOT / "profiles/kubernetes/job.yaml").read_text(encoding="utf-8"))
    pod = manifest["spec"]["template"]["spec"]
    [container] = pod["containers"]
    assert container["command"] == ["sh", "-c"]
    [script] = container["args"]
    done = subprocess.run(
        [*container["command"], f"{script} --dry-run"], cwd=study, env=ENVIRONMENT,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    assert ("call", "") in asked(done.stdout)
    [mount] = container["volumeMounts"]
    assert container["workingDir"].startswith(f"{mount['mountPath']}/")
    assert [volume["name"] for volume in pod["volumes"]] == [mount["name"]]
    assert f"--cores {container['resources']['requests']['cpu']}" in script


def test_kubernetes_knows_every_field_of_the_pod() -> None:
    client = pytest.importorskip("kubernetes", reason="its client is not installed").client
    manifest = yaml.safe_load((ROOT / "profiles/kubernetes/job.yaml").read_text(encoding="utf-8"))
    known = client.ApiClient()._ApiClient__deserialize(manifest, "V1Job")
    assert client.ApiClient().sanitize_for_serialization(known) == manifest


def sections(definition: str) -> dict[str, list[str]]:
    """The sections of an Apptainer definition; the header is "" ."""
    found: dict[str, list[str]] = {"": []}
    for line in definition.splitlines():
        if line.startswith("%"):
            found[line[1:].strip()] = []
        elif line.strip() and not line.startswith("#"):
            found[list(found)[-1]].append(line.strip())
    return found


def test_the_images_hold_the_pinned_versions() -> None:
    """By the one command of pip that was tried: the wheelhouse, and nothing but requirements.lock of it."""
    text = (ROOT / "containers/mrdq.def").read_text(encoding="utf-8")
    found = sections(text)
    known = {"", "files", "post", "environment", "runscript", "test", "labels"}
    assert set(found) == known
    assert dict(line.split(": ", 1) for line in found[""]) == {
        "Bootstrap": "docker",
        "From": "python:3.11-slim",
    }
    copied = dict(line.split() for line in found["files"])
    assert copied == {
        "wheelhouse": "/opt/wheelhouse",
        "requirements.lock": "/opt/requirements.lock",
    }
    [install] = [line for line in found["post"] if "pip install" in line]
    assert install.endswith(f"-r {copied['requirements.lock']} mrdq")
    assert f"--no-index --find-links {copied['wheelhouse']} " in install
    assert install in (ROOT / "containers/Containerfile").read_text(encoding="utf-8")
    page = (ROOT / "docs/cluster-offline.md").read_text(encoding="utf-8")
    assert install.removeprefix("python -m ").replace("/opt/", "") in page
    lines = (ROOT / "requirements.lock").read_text(encoding="utf-8").split()
    assert [line for line in lines if not re.fullmatch(r"[A-Za-z0-9_.-]+==[^=]+", line)] == []


def test_the_wheel_holds_the_workflow_with_its_profiles() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    included = project["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    assert included["workflow"] == "mrdq/workflow"
    assert included["profiles"] == "mrdq/workflow/profiles"
