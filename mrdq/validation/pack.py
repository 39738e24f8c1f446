"""The validation pack: every section run, its checks and the machine written, sealed and reported."""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import platform
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pandas as pd

from mrdq import definitions, provenance, storage
from mrdq.audit.canonical import canonical
from mrdq.audit.job import recorded
from mrdq.audit.seal import Sealing, seal
from mrdq.audit.site import Site, software
from mrdq.errors import refuse
from mrdq.new_study import require_new
from mrdq.reports import validation_page
from mrdq.validation import (
    audited,
    beside,
    bounds,
    dilution_series,
    example,
    installation,
    outcomes,
    readers,
    refusals,
    vendor_curves,
)
from mrdq.validation.checks import CHECKS, DATA, FAILED, OUTCOMES, PARTS, Check, section

SCHEMA = "mrdq-validation-1"
Section = Callable[[], Iterable[Check]]


@dataclass(frozen=True, slots=True)
class Pack:
    """A validation that was made: its checks, the report, and the seal over both."""

    checks: list[Check]
    report: Path
    sealing: Sealing

    @property
    def failed(self) -> list[Check]:
        return [check for check in self.checks if check.outcome == FAILED]


TITLES = {
    "IQ": "what is installed, and the machine",
    "OQ-a": "every bound of every rule set",
    "OQ-b": "every call, status, response and next step",
    "OQ-c": "the reference engine beside the fast one",
    "OQ-d": "simulated exports, written and read back",
    "OQ-e": "wrong and hostile input is refused",
    "OQ-f": "the same study again and in another order",
    "OQ-g": "amendments, and what is changed under seal",
    "PQ-a": "the example study, from nothing to status",
    "PQ-b": "curves as vendors' software printed them",
    "PQ-c": "a simulated dilution series of known levels",
}
"""Section -> what it is about."""


def sections(folder: Path, work: Path, now: dt.datetime) -> Mapping[str, Section]:
    """Section -> how it is run; ``work`` is a folder for what is not kept."""
    return {
        "IQ": lambda: installation.checks(folder, now),
        "OQ-a": bounds.checks,
        "OQ-b": outcomes.checks,
        "OQ-c": lambda: beside.checks(beside.STUDIES),
        "OQ-d": readers.checks,
        "OQ-e": lambda: refusals.checks(work / "OQ-e"),
        "OQ-f": lambda: example.repeats(work / "OQ-f"),
        "OQ-g": lambda: audited.checks(work / "OQ-g"),
        "PQ-a": lambda: example.performance(work / "PQ-a"),
        "PQ-b": vendor_curves.checks,
        "PQ-c": lambda: dilution_series.checks(dilution_series.RUNS),
    }


def every(folder: Path, now: dt.datetime, *, say: Callable[[str], None]) -> list[Check]:
    """The checks of every section, in order.  Nothing of the work is left but ``folder``."""
    found: list[Check] = []
    with tempfile.TemporaryDirectory(prefix="mrdq-validation-") as work:
        for name, run in sections(folder, Path(work), now).items():
            say(f"{name}: {TITLES[name]}")
            found += section(name, TITLES[name], run)
    return found


def make(folder: Path, site: Site, *, say: Callable[[str], None]) -> Pack:
    """Run everything and write ``checks.tsv``, ``environment.json`` and ``report.html``, each sealed.

    Raises :class:`MrdqError` if ``folder`` is not new or empty, or cannot hold a trail.
    """
    _require_empty(folder)
    with recorded(folder, "validate", site, {"software": provenance.software()}) as job:
        started = site.time
        checks = every(folder, site.now().astimezone(dt.UTC), say=say)
        storage.write_table(folder / "checks.tsv", table(checks), CHECKS)
        told = environment(checks, site, started=started)
        storage.write_bytes(folder / "environment.json", canonical(told))
        job.writes("checks.tsv", "environment.json", keep=True)
    first = seal(folder, site)
    with recorded(folder, "report", site) as job:
        job.reads("checks.tsv", "environment.json")
        report = folder / "report.html"
        storage.write_bytes(report, page(checks, told, str(first.head)).encode())
        job.seal = first.head.as_json()
        job.writes("report.html")
    return Pack(checks, report, seal(folder, site))


def _require_empty(folder: Path) -> None:
    """As :func:`require_new`, and say what a folder holds that is not empty."""
    if folder.is_dir() and (held := list(folder.iterdir())):
        folders = sum(path.is_dir() for path in held)
        counts = {"file": len(held) - folders, "folder": folders}
        told = " and ".join(f"{n} {what}{'' if n == 1 else 's'}" for what, n in counts.items() if n)
        refuse(str(folder), "a new or empty folder", f"a folder with {told}",
               remedy="Name another one; nothing is overwritten.")  # fmt: skip
    require_new(folder)


def table(checks: Iterable[Check]) -> pd.DataFrame:
    """CHECKS; a cell holds no tab and no line break."""
    rows = [
        {name: " ".join(str(getattr(check, _FIELDS.get(name, name))).split()) for name in CHECKS.names}
        for check in checks
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=CHECKS.names)


_FIELDS = {"check_id": "id"}


def environment(checks: Iterable[Check], site: Site, *, started: str) -> dict[str, Any]:
    """Who, when, where, with what software and which rule sets; without a float."""
    counts = Counter(check.outcome for check in checks)
    return {
        "schema": SCHEMA, "started": started, "ended": site.time, **site.as_json(),
        "software": software(), "processor": platform.processor() or platform.machine(),
        "processors": os.cpu_count() or 0, "outcomes": {name: counts[name] for name in OUTCOMES},
        "guidelines": _definitions("guidelines"), "protocols": _definitions("protocols"),
    }  # fmt: skip


def _definitions(kind: str) -> dict[str, dict[str, str]]:
    """Id -> SHA-256 of the ``content`` of each shipped definition, as results and the audit trail name
    it, and of its ``file``."""
    return {
        name: {"content": _content(kind, name), "file": _files(kind, name)[0]}
        for name in definitions.names(kind)
    }


def _content(kind: str, name: str) -> str:
    """A rule set's hash; a protocol's is that of the hashes of its file and of those it extends, as
    :func:`mrdq.recording.definitions_of` has it."""
    if kind == "guidelines":
        return definitions.load_guideline(name).hash
    return hashlib.sha256(canonical(_files(kind, name))).hexdigest()


def _files(kind: str, name: str) -> list[str]:
    """SHA-256 of the file of a definition, and of what it extends."""
    path, shown = definitions.find(kind, name, None)
    own = hashlib.sha256(path.read_bytes()).hexdigest()
    content = definitions.read_yaml(path, shown, kind.removesuffix("s"))
    parent = cast("str", content.get("extends", ""))
    return [own, *(_files(kind, parent) if parent else [])]


def page(checks: list[Check], told: Mapping[str, Any], head: str) -> str:
    """The report."""
    parts = [
        (name, title, [check for check in checks if check.part == name])
        for name, title in PARTS.items()
    ]
    return validation_page.page(parts, titles=TITLES, told=told, head=head, data=DATA)
