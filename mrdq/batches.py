"""Stable batches of runs: the unit of work of a Snakemake job.

A batch is a prefix of the bits of SHA-256(run_id), as long as it must be for the batch to hold
at most ``runs_per_job`` runs.  Adding a run changes its own batch (or splits it in two) and no
other; chunks of a sorted list would all shift.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable


def batches(run_ids: Iterable[str], runs_per_job: int) -> dict[str, list[str]]:
    """Batch name -> its runs, sorted; every run is in exactly one batch."""
    bits = {run: int.from_bytes(hashlib.sha256(run.encode()).digest()) for run in run_ids}
    found: dict[str, list[str]] = {}

    def split(runs: list[str], prefix: str) -> None:
        if len(runs) > runs_per_job and len(prefix) < 256:
            bit = 1 << (255 - len(prefix))
            split([run for run in runs if not bits[run] & bit], prefix + "0")
            split([run for run in runs if bits[run] & bit], prefix + "1")
        elif runs:
            found[f"b{prefix}"] = runs

    split(sorted(bits), "")
    return found
