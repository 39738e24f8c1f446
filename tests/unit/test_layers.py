"""Imports point down only, and the core knows no file, clock or screen."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "mrdq"

# From the ground up.  A module imports from its own layer or from those before it.
LAYERS = (
    {"errors", "vocabulary", "resources", "processes", "parallel", "progress", "__init__"},
    {"units", "guideline", "protocol", "tables"},
    {"wells", "curve", "student", "quantity", "control_gene", "evidence", "call", "analysis", "amendments", "amended_calls", "status", "survival", "adtte", "batches"},
    {"definitions", "archive", "input_file", "worksheets", "workbook", "sheet_file", "sheets", "tsv", "config", "checks", "column_checks", "amendment_checks", "study", "storage", "scan", "instruments"},
    {"layout", "plate", "roles", "provenance", "basis", "amended_study"},
    {"ingest", "ingest_cache", "ingest_problems", "ingest_batches", "ingest_gather", "packs", "kept", "partition_pieces", "plan", "study_lock", "failures", "new_study", "simulate", "cohort", "published", "protocol_check", "audit", "comparison"},
    {"explain", "reports"},
    {"partition", "partition_calls", "partition_key", "partition_made", "partition_study", "partition_wells", "calling", "pipeline", "cohort_stage", "comparison_stage", "cohort_request", "recording", "replay", "stages", "submission", "validation"},
    {"cli"},
)  # fmt: skip
CORE = LAYERS[2] | {"cohort", "comparison"}
NOT_IN_THE_CORE = {
    "os",
    "io",
    "pathlib",
    "sys",
    "time",
    "datetime",
    "shutil",
    "subprocess",
    "click",
    "pyarrow",
}


def modules() -> dict[str, list[Path]]:
    found: dict[str, list[Path]] = {}
    for path in PACKAGE.rglob("*.py"):
        found.setdefault(path.relative_to(PACKAGE).parts[0].removesuffix(".py"), []).append(path)
    return found


def imports(path: Path, *, top_level: bool = False) -> set[str]:
    """Full names of what a module imports; type-checking imports count too."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes = tree.body if top_level else list(ast.walk(tree))
    found: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def test_every_module_has_a_layer() -> None:
    assert set(modules()) == set().union(*LAYERS)


@pytest.mark.parametrize("layer", range(len(LAYERS)))
def test_imports_point_down(layer: int) -> None:
    allowed = set().union(*LAYERS[: layer + 1])
    wrong = [
        f"{path.name} imports {name}"
        for module in LAYERS[layer]
        for path in modules()[module]
        for name in imports(path)
        if name.startswith("mrdq.") and name.split(".")[1] not in allowed | {"__version__"}
    ]
    assert wrong == []


def test_the_core_is_pure() -> None:
    wrong = []
    for module in CORE:
        for path in modules()[module]:
            names = {name.split(".")[0] for name in imports(path)}
            wrong += [f"{path.name} imports {name}" for name in names & NOT_IN_THE_CORE]
            calls = [n.func.id for n in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
                     if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)]  # fmt: skip
            wrong += [
                f"{path.name} calls {name}" for name in calls if name in ("open", "print", "input")
            ]
    assert wrong == []


def test_snakemake_jobs_start_without_pandas() -> None:
    """What the Snakefile imports, every job imports again."""
    seen: set[str] = set()
    open_modules = ["plan"]
    while open_modules:
        name = open_modules.pop()
        if name in seen:
            continue
        seen.add(name)
        for path in modules()[name]:
            for imported in imports(path, top_level=True):
                assert imported.split(".")[0] not in ("pandas", "numpy", "scipy", "pyarrow"), (
                    name,
                    imported,
                )
                if imported.startswith("mrdq."):
                    open_modules.append(imported.split(".")[1])
        open_modules = [m for m in open_modules if m in modules()]
    assert "study" in seen


def test_rooms_are_small() -> None:
    long = {
        str(p): n
        for ps in modules().values()
        for p in ps
        if (n := len(p.read_text().splitlines())) > 400
    }
    assert long == {}
