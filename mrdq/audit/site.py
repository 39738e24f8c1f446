"""Who works, where, with what software and at what time: passed in, never asked for below."""

from __future__ import annotations

import datetime as dt
import os
import platform
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

CLUSTERS = {
    "SLURM_JOB_ID": "slurm",
    "LSB_JOBID": "lsf",
    "PBS_JOBID": "pbs",
    "JOB_ID": "grid engine",
    "_CONDOR_JOB_AD": "htcondor",
}
"""Variables in which schedulers tell a job its number -> the scheduler."""


def _utc() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


@dataclass(frozen=True, slots=True)
class Site:
    """What a record says of its circumstances.

    ``user`` is the operating system's, ``operator`` the person as named by the laboratory; ``rule``
    and ``job`` are Snakemake's, ``cluster`` the scheduler's job, all "" where there is none.
    """

    host: str
    user: str
    operator: str = ""
    rule: str = ""
    job: str = ""
    cluster: str = ""
    now: Callable[[], dt.datetime] = _utc

    @property
    def time(self) -> str:
        """Now, in UTC, to the microsecond."""
        return self.now().astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")

    def as_json(self) -> dict[str, str]:
        return {name: getattr(self, name) for name in ("host", "user", "operator")}


def here(operator: str = "", environment: Mapping[str, str] = os.environ) -> Site:
    """This process: the operator is ``operator``, else the variable ``MRDQ_OPERATOR``."""
    cluster = next(
        (f"{name} {environment[key]}" for key, name in CLUSTERS.items() if environment.get(key)), ""
    )
    return Site(
        platform.node(), _user(), operator or environment.get("MRDQ_OPERATOR", ""),
        *_snakemake_job(environment.get("MRDQ_JOB", "")), cluster,
    )  # fmt: skip


def _snakemake_job(text: str) -> tuple[str, str]:
    """Rule and number of the job, of ``{rule}{number}`` as the workflow's rules say it."""
    rule, _, job = text.strip("{}").partition("}{")
    return rule, job


def _user() -> str:
    """The user by the system's list of users: variables can be set to anything."""
    try:
        import pwd

        return pwd.getpwuid(os.getuid()).pw_name
    except (ImportError, KeyError):
        import getpass

        return getpass.getuser() if sys.platform == "win32" else f"uid {os.getuid()}"


@cache
def software() -> dict[str, Any]:
    """mrdq (version, and hash of its code), Python, every package with its version, and the git
    commit of mrdq where it is run from a checkout (``dirty``: with changes not committed)."""
    from importlib import metadata

    from mrdq import provenance

    packages = {
        str(found.metadata["Name"]): str(found.version) for found in metadata.distributions()
    }
    return {
        "mrdq": provenance.software(),
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "platform": platform.platform(),
        "packages": packages,
        "git": _git(Path(__file__).parents[2]),
    }


def _git(folder: Path) -> dict[str, Any]:
    if not (folder / ".git").exists():
        return {}
    try:
        commit, changes = (
            subprocess.run(
                ["git", "--no-optional-locks", "-C", str(folder), *words],
                capture_output=True,
                text=True,
                check=True,
            ).stdout.strip()
            for words in (["rev-parse", "HEAD"], ["status", "--porcelain"])
        )
    except (OSError, subprocess.CalledProcessError):
        return {}
    return {"commit": commit, "dirty": bool(changes)}
