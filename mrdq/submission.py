"""The whole workflow as one job of a cluster: what to ask the scheduler for, and the script."""

from __future__ import annotations

import math
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass

from mrdq import plan
from mrdq.errors import Problem, Problems

LOG = "logs/slurm-%j.log"
"""Log of the job in the study; SLURM puts its number for %j."""
_SECONDS_TO_STOP = 120
# Not minutes:seconds, which SLURM knows too: who writes 2:00 means hours.
_TIME = re.compile(r"\d+|\d+:\d\d:\d\d|\d+-\d+(:\d\d){0,2}")
_MEMORY = re.compile(r"\d+[KMGT]?")


@dataclass(frozen=True, slots=True)
class Request:
    """What to ask SLURM for.

    ``memory`` and ``time`` are in its own forms (``8G``; minutes, ``2:00:00`` or ``1-12``);
    ``partition`` and ``account`` are "" to leave them to SLURM, which has defaults and the variables
    ``SBATCH_PARTITION`` and ``SBATCH_ACCOUNT``.
    """

    cores: int
    memory: str
    time: str
    partition: str = ""
    account: str = ""

    def options(self, study: str) -> list[str]:
        """The options of ``sbatch`` for the study of this name."""
        site = [("partition", self.partition), ("account", self.account)]
        return [
            f"--job-name={job_name(study)}",
            "--nodes=1",
            "--ntasks=1",
            f"--cpus-per-task={self.cores}",
            f"--mem={self.memory}",
            f"--time={self.time}",
            *(f"--{option}={value}" for option, value in site if value),
            f"--output={LOG}",
            "--open-mode=append",  # a job that is put back in the queue goes on with its log
            "--requeue",
            f"--signal=B:TERM@{_SECONDS_TO_STOP}",
        ]


def predicted(found: plan.Plan, cores: int) -> Request:
    """What a study needs on so many cores, by its number of runs."""
    largest = max((len(runs) for runs in found.batches.values()), default=0)
    memory = max(found.table_memory_mb(1), cores * plan.memory_mb(largest, 1))
    reading = plan.minutes(math.ceil(len(found.study.runs) / cores), 1)
    return Request(cores, f"{memory}M", str(reading + found.table_minutes(1)))


def require(request: Request) -> Request:
    """The request itself.  Raises :class:`MrdqError` for what SLURM would misread or refuse."""
    problems = Problems()
    for option, value, form, expected in (
        ("--memory", request.memory, _MEMORY, "an amount of memory such as 8G or 500M"),
        ("--time", request.time, _TIME, "minutes, or hours:minutes:seconds, or days-hours"),
        ("--partition", request.partition, re.compile(r"\S*"), "a name without spaces"),
        ("--account", request.account, re.compile(r"\S*"), "a name without spaces"),
    ):
        if not form.fullmatch(value):
            problems.add(Problem("mrdq submit", expected, value, column=option))
    problems.raise_if_any()
    return request


def script(
    study: str, command: list[str], *, options: list[str], variables: Mapping[str, str]
) -> str:
    """The script that runs the workflow of a study on the cores of its allocation.

    Parameters
    ----------
    study: full path of the study's folder.
    command: what starts Snakemake with the workflow, without folder and cores.
    options: of ``sbatch``; without SLURM they are comments, and the script runs as it is.
    variables: of the environment, set before; ``PATH`` is put before what is there.
    """
    given = dict(variables)
    path = given.pop("PATH", "")
    cores = next(option.partition("=")[2] for option in options if "cpus-per-task" in option)
    return "\n".join([
        "#!/bin/bash",
        *(f"#SBATCH {option}" for option in options),
        "# The workflow of mrdq in one allocation; what was done before is not done again.",
        "set -eu",
        *([f"export PATH={shlex.quote(path)}:$PATH"] if path else []),
        *(f"export {name}={shlex.quote(value)}" for name, value in given.items()),
        f"cd -- {shlex.quote(study)}",
        "# It takes the place of this shell, so that it hears of the end of its time: what runs is finished.",
        f'exec {shlex.join(command)} --directory . --cores "${{SLURM_CPUS_PER_TASK:-{cores}}}"',
        "",
    ])  # fmt: skip


def job_name(study: str) -> str:
    """A name for the queue: that of the study's folder, in letters that every scheduler takes."""
    return f"mrdq-{re.sub(r'[^A-Za-z0-9_.-]+', '-', study)[:40].strip('-') or 'study'}"
