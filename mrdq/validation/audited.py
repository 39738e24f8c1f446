"""OQ-g: amendments stand beside the automatic result, and what is changed under seal is seen."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from mrdq.audit import merkle
from mrdq.audit.chain import read_chain
from mrdq.audit.job import recorded
from mrdq.audit.seal import seal
from mrdq.audit.site import Site
from mrdq.audit.verify import verify
from mrdq.config import AMENDMENTS_FILE
from mrdq.validation import example
from mrdq.validation.checks import CONSTRUCTED, SIMULATED, Check, check, judged, unmet

# Leaves and roots of the tests of google/certificate-transparency, python/ct/crypto/merkle_test.py.
LEAVES = ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")  # fmt: skip
ROOTS = {
    0: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    1: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    7: "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    8: "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
}
HEADER = "what\trun_id\ttarget\twell\tsample_id\tcall\twho\twhen\twhy\n"
WHO = "operator A\t2024-03-01\tSIMULATED amendment\n"


def checks(work: Path) -> Iterator[Check]:
    """Known Merkle roots, amendments of the example, and a sealed folder that is damaged."""
    for size, expected in ROOTS.items():
        found = merkle.root(bytes.fromhex(leaf) for leaf in LEAVES[:size])
        yield check(f"OQ-g-root-{size}", f"the Merkle root of RFC 6962 over {size} published leaves", expected, found,
                    data=CONSTRUCTED)  # fmt: skip
    yield from _amendments(work / "amended")
    yield from _damages(work / "sealed")


def _amendments(folder: Path) -> Iterator[Check]:
    """A run that is retracted leaves what a study without it gives; a changed call keeps the automatic."""
    plain = example.rows_of(example.run(example.write(folder / "plain")).table("calls.tsv"))
    gone = next(row for row in plain if row["call"] == "negative")
    run_id = gone["run_id"]
    retracted = example.write(folder / "retracted")
    (retracted / AMENDMENTS_FILE).write_text(
        f"{HEADER}omit\t{run_id}\t\t\t\t\t{WHO}", encoding="utf-8"
    )
    without = example.write(folder / "without")
    sheet = without / "config/runs.tsv"
    lines = sheet.read_text(encoding="utf-8").splitlines(keepends=True)
    sheet.write_text("".join(line for line in lines if not line.startswith(f"{run_id}\t")), encoding="utf-8")  # fmt: skip
    told = ("patient_id", "timepoint", "status", "mrd_level", "sensitivity", "quantitative_range", "response", "next_step")  # fmt: skip
    expected, found = (
        [{name: row[name] for name in told} for row in example.rows_of(example.run(at).table("status.tsv"))]
        for at in (without, retracted)
    )  # fmt: skip
    differ = [f"{row['patient_id']} {row['timepoint']}" for row in found if row not in expected]
    yield unmet("OQ-g-retracted", f"the SIMULATED example study with the run {run_id} retracted by an amendment",
                "the statuses of the study without that run", differ, data=SIMULATED)  # fmt: skip
    changed = example.write(folder / "changed")
    row = f"call\t{run_id}\t{gone['target']}\t\t{gone['sample_id']}\tnot_evaluable\t{WHO}"
    (changed / AMENDMENTS_FILE).write_text(HEADER + row, encoding="utf-8")
    calls = example.rows_of(example.run(changed).table("calls.tsv"))
    mine = next(c for c in calls if all(c[k] == gone[k] for k in ("run_id", "target", "sample_id")))
    yield check("OQ-g-changed", "a negative call of the SIMULATED example study, changed to not_evaluable",
                "automatic negative, amended not_evaluable, amended true",
                f"automatic {mine['automatic_call']}, amended {mine['amended_call']}, amended {mine['amended']}",
                data=SIMULATED)  # fmt: skip


def _damages(folder: Path) -> Iterator[Check]:
    """A sealed folder verifies; each damage is seen with its head at hand."""
    root = folder / "whole"
    (root / "results").mkdir(parents=True)
    site = Site("host", "user", "operator A")
    for name in ("calls.tsv", "status.tsv"):
        with recorded(root, name.removesuffix(".tsv"), site) as job:
            (root / "results" / name).write_bytes(b"run_id\tcall\nR1\tnegative\n")
            job.writes(f"results/{name}")
        seal(root, site)
    head = read_chain(root).head.hash
    yield unmet("OQ-g-whole", "a constructed folder of two jobs, each sealed", "no difference",
                list(verify(root, head).differences), data=CONSTRUCTED)  # fmt: skip
    for name, (what, damage) in DAMAGES.items():
        copy = folder / name
        shutil.copytree(root, copy)
        damage(copy)
        found = verify(copy, head).differences
        yield judged(f"OQ-g-{name}", f"the same folder, {what}", "a difference, in words",
                     found[0].partition("\n")[0] if found else "no difference", passed=bool(found), data=CONSTRUCTED)  # fmt: skip


def _flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def _first(folder: Path) -> Path:
    return min(folder.iterdir())


def _swap_blocks(root: Path) -> None:
    one, two = sorted((root / "audit/blocks").iterdir())
    first, second = one.read_bytes(), two.read_bytes()
    one.write_bytes(second)
    two.write_bytes(first)


DAMAGES: Mapping[str, tuple[str, Callable[[Path], object]]] = {
    "result": ("one bit of a result turned", lambda root: _flip(root / "results/calls.tsv")),
    "record": ("one bit of a record turned", lambda root: _flip(_first(root / "audit/records"))),
    "block": ("one bit of a block turned", lambda root: _flip(_first(root / "audit/blocks"))),
    "missing": ("a result removed", lambda root: (root / "results/status.tsv").unlink()),
    "stray": ("a file added to the results", lambda root: (root / "results/x.tsv").write_text("x\n")),
    "lost": ("a record removed", lambda root: _first(root / "audit/records").unlink()),
    "cut": ("the last block removed", lambda root: max((root / "audit/blocks").iterdir()).unlink()),
    "swapped": ("two blocks exchanged", _swap_blocks),
}  # fmt: skip
