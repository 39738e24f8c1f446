"""What a result depends on beside its inputs: the software and the rule sets, as short hashes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

from mrdq import __version__
from mrdq.config import AMENDMENTS_FILE
from mrdq.errors import refuse
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


def layout_rules(study: Study) -> list[Any]:
    """The rules for runs without a layout, as something that is JSON."""
    rules = study.config.layout_rules
    patterns = {role: pattern.pattern for role, pattern in rules.patterns.items()}
    return [patterns, dict(rules.standard_quantity)]


def amendments_hash(study: Study) -> str:
    """Changes with the amendments sheet, its rows included, which the results name; "" if it is empty."""
    rows = list(zip(study.amendments.row, study.amendments.records(), strict=True))
    return short_hash(rows) if rows else ""


def refuse_other_amendments(study: Study, path: Path, made_with: Iterable[str]) -> None:
    """Raise :class:`MrdqError` if results were made with other amendments than those of the sheet.

    ``made_with``: the column ``amendments_hash`` of the table ``path``.
    """
    ours = amendments_hash(study)
    for hashed in sorted(set(made_with) - {ours}):
        refuse(str(path), f"results made with the amendments as they are now ({ours or 'none'})",
               found=hashed or "none", column="amendments_hash",
               remedy=f"{study.amendments.file or AMENDMENTS_FILE} was changed after the run: run the study again.")  # fmt: skip


def fingerprints(study: Study) -> dict[str, str]:
    """Stage -> what changes if it has to be made again: mrdq itself, or what it rests on of the study."""
    rests_on = {
        "gather": _of_gather, "call": _of_call, "status": _of_status, "report": _of_report, "cohort": _of_cohort,
    }  # fmt: skip
    return {stage: f"{software()} {short_hash(of(study))}" for stage, of in rests_on.items()}


def _of_gather(study: Study) -> list[Any]:
    """Anything that the reading of any run, or its amendment, may rest on."""
    return [_sheets(study), layout_rules(study), amendments_hash(study)]


def _of_call(study: Study) -> list[Any]:
    required = study.config.control_gene_required
    return [_rule_sets(study), _sheets(study), dict(study.guideline_of), required, amendments_hash(study)]  # fmt: skip


def _of_status(study: Study) -> list[Any]:
    sheets = [study.samples.fingerprint, study.patients.fingerprint]
    followed = [_protocols(study), dict(study.protocol_of)]
    return [study.config.study, _rule_sets(study), followed, sheets, amendments_hash(study)]


def _of_report(study: Study) -> list[Any]:
    return [study.config.study, study.notices, amendments_hash(study)]


def _of_cohort(study: Study) -> list[Any]:
    wanted = study.config.cohort and asdict(study.config.cohort)
    return [study.config.study, study.notices, _protocols(study), wanted]


def _sheets(study: Study) -> list[str]:
    return [sheet.fingerprint for sheet in (study.runs, study.samples, study.assays)]


def _rule_sets(study: Study) -> dict[str, str]:
    return {name: guideline.hash for name, guideline in study.guidelines.items()}


def _protocols(study: Study) -> dict[str, Any]:
    return {name: asdict(protocol) for name, protocol in study.protocols.items()}
