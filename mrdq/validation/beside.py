"""OQ-c: the reference engine beside the fast one, on random studies of fixed seeds.

The reference is a second reading of the contract that shares no code with the engine.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from mrdq.validation.checks import SIMULATED, Check, judged, unmet
from mrdq.validation.compare import NOT_COMPARED, differences
from mrdq.validation.engine import engine, rows
from mrdq.validation.reference import EVIDENCE_COLUMNS, Result, Study, analyse
from mrdq.validation.reference_study import Row
from mrdq.validation.studies import study_from_seed

STUDIES = 1000
FIRST_SEED = 50_000
TABLES = ("curves", "calls", "status")
LEAST = {"positive_quantifiable": 200, "positive_not_quantifiable": 50, "low_positive_below_range": 20,
         "uncertain_significance": 10, "negative": 200, "not_evaluable": 200}  # fmt: skip
"""Of 1,000 random studies: those that never come to a call would show nothing of it."""


def prefixed(row: Row, prefix: str) -> Row:
    names = ("run_id", "target", "sample_id", "patient_id", "control_gene", "deciding_target")
    return {k: f"{prefix}{v}" if k in names and v else v for k, v in row.items()}


def together(parts: list[tuple[str, Study]]) -> Study:
    """Studies as one; their names are kept apart by a prefix."""
    first = parts[0][1]
    merged = {
        name: [prefixed(row, prefix) for prefix, study in parts for row in getattr(study, name)]
        for name in ("wells", "runs", "samples", "assays")
    }
    # A study's only control gene is not the only one of all of them: name it.
    for prefix, study in parts:
        genes = [a["target"] for a in study.assays if a["kind"] == "control_gene"]
        for assay in merged["assays"]:
            if len(genes) == 1 and assay["kind"] == "mrd" and assay["target"].startswith(prefix):
                assay["control_gene"] = assay["control_gene"] or prefix + genes[0]
    return Study(
        **merged, control_gene=first.control_gene, rules=first.rules, protocol=first.protocol
    )


def alike(first: int, count: int) -> Iterator[list[tuple[str, Study]]]:
    """Random studies of consecutive seeds, those together that can be called as one."""
    groups: dict[Any, list[tuple[str, Study]]] = {}
    for seed in range(first, first + count):
        study = study_from_seed(seed)
        # Without a control gene an assay has none only if the study has none.
        has_gene = any(assay["kind"] == "control_gene" for assay in study.assays)
        key = study.rules, study.control_gene, has_gene
        groups.setdefault(key, []).append((f"s{seed:05d}.", study))
    yield from groups.values()


def reference_of(parts: list[tuple[str, Study]]) -> Result:
    """The reference's tables of studies, each called alone."""
    expected = Result([], [], [], [])
    for prefix, study in parts:
        alone = analyse(study)
        for name in (*TABLES, "evidence"):
            getattr(expected, name).extend(prefixed(row, prefix) for row in getattr(alone, name))
    return expected


def checks(studies: int) -> Iterator[Check]:
    """Every column of every row of the three tables, and the outcome of every criterion that both
    have."""
    found_lines: dict[str, list[str]] = {name: [] for name in (*TABLES, "evidence")}
    counts: Counter[str] = Counter()
    calls: Counter[str] = Counter()
    for parts in alike(FIRST_SEED, studies):
        expected, found = reference_of(parts), engine(together(parts))
        calls.update(row["call"] for row in expected.calls)
        for name in TABLES:
            wanted = getattr(expected, name)
            counts[name] += len(wanted)
            found_lines[name] += differences(name, wanted, rows(found[name]))
        lines, compared = _evidence(expected.evidence, rows(found["evidence"]))
        found_lines["evidence"] += lines
        counts["evidence"] += compared
    for name in TABLES:
        yield unmet(
            f"OQ-c-{name}", f"{counts[name]} rows of {name} of {studies} random studies "
            f"(seeds from {FIRST_SEED}): every column but {', '.join(sorted(NOT_COMPARED))}",
            "the engine's rows are the reference's (numbers to 1e-9)", found_lines[name], data=SIMULATED,
        )  # fmt: skip
    yield unmet("OQ-c-evidence", f"the outcome of {counts['evidence']} criteria of the same studies",
                "the engine's outcomes are the reference's", found_lines["evidence"], data=SIMULATED)  # fmt: skip
    for call, least in LEAST.items():
        wanted_ = max(1, least * studies // 1000)
        yield judged(f"OQ-c-reach-{call}", f"how often the random studies come to {call}",
                     f"at least {wanted_}", str(calls[call]), passed=calls[call] >= wanted_, data=SIMULATED)  # fmt: skip


def _evidence(expected: list[Row], found: list[Row]) -> tuple[list[str], int]:
    key = EVIDENCE_COLUMNS[:4]
    given = {tuple(str(row[name] or "") for name in key): str(row["outcome"]) for row in found}
    lines, compared = [], 0
    for row in expected:
        at = tuple(str(row[name] or "") for name in key)
        if at in given:
            compared += 1
            if given[at] != row["outcome"]:
                lines.append(f"{' / '.join(at)}: expected {row['outcome']}, found {given[at]}")
    return lines, compared
