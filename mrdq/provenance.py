"""What a result depends on beside its inputs: the software and the rule sets, as short hashes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

from mrdq import __version__
from mrdq.study import Study


@cache
def software() -> str:
    """Version of mrdq and a hash of its code and resources: another one re-runs everything."""
    from mrdq import resources

    folder = Path(__file__).parent
    digest = hashlib.sha256()
    for root, pattern in (
        (folder, "**/*.py"),
        (resources.path("instruments"), "*.yaml"),
        (folder, "**/*.j2"),
    ):
        for path in sorted(root.glob(pattern)):
            digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes())
    return f"mrdq {__version__} {digest.hexdigest()[:12]}"


def short_hash(content: Any) -> str:
    """Twelve hexadecimal digits of the SHA-256 of something that is JSON."""
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def ingest_fingerprint(study: Study, run_ids: Iterable[str]) -> str:
    """Changes if a batch of runs has to be read again: its rows, the sheets its roles come from,
    the layout rules, or mrdq itself.

    Only the rows of the assays and samples sheets that can matter to roles are in it, so that a
    new sample re-reads nothing but the runs without a layout.
    """
    wanted = set(run_ids)
    rows = [record for record in study.runs.records() if record["run_id"] in wanted]
    assays = [
        {k: r[k] for k in ("target", "kind", "patient_id", "dna_per_well")}
        for r in study.assays.records()
    ]
    samples = (
        [] if all(row["layout"] for row in rows) else sorted(study.sample("patient_id").items())
    )
    rules = study.config.layout_rules
    patterns = {role: pattern.pattern for role, pattern in rules.patterns.items()}
    return f"{software()} {short_hash([rows, assays, samples, patterns, dict(rules.standard_quantity)])}"


def call_fingerprint(study: Study) -> str:
    """Changes if the calls have to be made again: rule sets, sheets, or mrdq itself."""
    rule_sets = {name: guideline.hash for name, guideline in study.guidelines.items()}
    sheets = [study.runs.columns, study.samples.columns, study.assays.columns]
    return f"{software()} {short_hash([rule_sets, sheets, study.guideline_of, study.config.control_gene_required])}"


def status_fingerprint(study: Study) -> str:
    """Changes if status and hand-off have to be made again."""
    from dataclasses import asdict

    protocols = {name: asdict(protocol) for name, protocol in study.protocols.items()}
    rule_sets = {name: guideline.hash for name, guideline in study.guidelines.items()}
    sheets = [study.samples.columns, study.patients.columns]
    return f"{software()} {short_hash([rule_sets, protocols, study.protocol_of, sheets])}"


def report_fingerprint(study: Study) -> str:
    """Changes if the page has to be made again."""
    return f"{software()} {short_hash([study.config.study, study.notices])}"
