"""What a result depends on beside its inputs: the software and the rule sets, as short hashes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from mrdq import __version__
from mrdq.config import AMENDMENTS_FILE
from mrdq.errors import refuse
from mrdq.sheets import Sheet
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


def basis(
    study: Study, run_ids: Iterable[str], targets: Iterable[str], samples: Iterable[str]
) -> dict[str, Any]:
    """What the reading of runs rested on beside the bytes of their files.

    The names that the layouts and exports hold, and a hash of what the sheets say of just these:
    a new patient's sheets re-read nothing but the runs that name him.
    """
    wanted, targets, samples = set(run_ids), sorted(set(targets)), sorted(set(samples))
    rows = [record for record in _sorted(study.runs) if record["run_id"] in wanted]
    asked = {name: study.assay(name) for name in ("kind", "patient_id", "dna_per_well")}
    of_targets = [[name, *(column.get(name) for column in asked.values())] for name in targets]
    patients = study.sample("patient_id")
    of_samples = [[name, patients.get(name)] for name in samples]
    content = [software(), rows, of_targets, of_samples, _layout_rules(study)]
    return {"targets": targets, "samples": samples, "hash": short_hash(content)}


def file_state(path: Path, known: Sequence[Any] = ()) -> list[Any]:
    """Size, time and SHA-256 of a file ([] if there is none).

    The bytes are hashed only if size or time are not those of ``known``, an earlier state.
    """
    try:
        found = path.stat()
        if list(known[:2]) == [found.st_size, found.st_mtime_ns]:
            return list(known)
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return []
    return [found.st_size, found.st_mtime_ns, digest]


def _layout_rules(study: Study) -> list[Any]:
    rules = study.config.layout_rules
    patterns = {role: pattern.pattern for role, pattern in rules.patterns.items()}
    return [patterns, dict(rules.standard_quantity)]


def _sorted(sheet: Sheet) -> list[dict[str, Any]]:
    """A sheet's rows, in an order that does not depend on the sheet's."""
    return sorted(sheet.records(), key=lambda record: str(next(iter(record.values()))))


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


def gather_fingerprint(study: Study) -> str:
    """Changes with anything that the reading of any run, or its amendment, may rest on."""
    sheets = [_sorted(sheet) for sheet in (study.runs, study.samples, study.assays)]
    return f"{software()} {short_hash([sheets, _layout_rules(study), amendments_hash(study)])}"


def call_fingerprint(study: Study) -> str:
    """Changes if the calls have to be made again: rule sets, sheets, or mrdq itself."""
    rule_sets = {name: guideline.hash for name, guideline in study.guidelines.items()}
    sheets = [_sorted(sheet) for sheet in (study.runs, study.samples, study.assays)]
    required = study.config.control_gene_required
    content = [rule_sets, sheets, study.guideline_of, required, amendments_hash(study)]
    return f"{software()} {short_hash(content)}"


def status_fingerprint(study: Study) -> str:
    """Changes if status and hand-off have to be made again."""
    from dataclasses import asdict

    protocols = {name: asdict(protocol) for name, protocol in study.protocols.items()}
    rule_sets = {name: guideline.hash for name, guideline in study.guidelines.items()}
    sheets = [_sorted(study.samples), _sorted(study.patients)]
    content = [study.config.study, rule_sets, protocols, study.protocol_of, sheets]
    content.append(amendments_hash(study))
    return f"{software()} {short_hash(content)}"


def cohort_fingerprint(study: Study) -> str:
    """Changes if the cohort has to be analysed again."""
    from dataclasses import asdict

    protocols = {name: asdict(protocol) for name, protocol in study.protocols.items()}
    wanted = study.config.cohort and asdict(study.config.cohort)
    return f"{software()} {short_hash([study.config.study, study.notices, protocols, wanted])}"


def report_fingerprint(study: Study) -> str:
    """Changes if the page has to be made again."""
    content = [study.config.study, study.notices, amendments_hash(study)]
    return f"{software()} {short_hash(content)}"
