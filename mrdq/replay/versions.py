"""With which software results were made, beside this one."""

from __future__ import annotations

import platform
import re
from collections.abc import Iterator, Mapping, Sequence
from importlib import metadata
from typing import Any

from mrdq import provenance
from mrdq.audit.site import software
from mrdq.replay.makers import Maker


def other_versions(jobs: Sequence[Maker]) -> list[str]:
    """In words, in what the software of the jobs differs from this one; the version of mrdq first."""
    then = [job.record.content["software"] for job in jobs]
    here = provenance.software()
    made = sorted({str(one.get("mrdq")) for one in then} - {here})
    told = [f"another version of mrdq: made with {', '.join(made)}; this is {here}"] if made else []
    packages = sorted({line for one in then for line in _others(one)})
    return told + ([f"other versions (then → here): {', '.join(packages)}"] if packages else [])


def _others(then: Mapping[str, Any]) -> Iterator[str]:
    """Python, and the packages that mrdq itself asks for, as far as they are others."""
    python = f"{platform.python_implementation()} {platform.python_version()}"
    if then.get("python") != python:
        yield f"{then.get('python')} → {python}"
    before, now = _by_name(then.get("packages", {})), _by_name(software()["packages"])
    for name in _required():
        if before.get(name) != now.get(name):
            yield f"{name} {before.get(name, 'none')} → {now.get(name, 'none')}"


def _by_name(packages: Mapping[str, str]) -> dict[str, str]:
    return {_plain(name): version for name, version in packages.items()}


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _required() -> list[str]:
    """Packages that mrdq needs to run, by its own metadata."""
    try:
        asked = metadata.requires("mrdq") or []
    except metadata.PackageNotFoundError:  # run from a checkout that is not installed
        return []
    needed = [one for one in asked if "extra ==" not in one]
    return sorted(_plain(re.split(r"[^\w.-]", one, maxsplit=1)[0]) for one in needed)
