"""What somebody would write with pandas in the place of mrdq: curves and ratios, and nothing else.

No roles, no replicates, no background, no rules, no evidence, no reasons: each target's standards are
fitted, and each sample's mean Cq is read back.  It is the floor of a benchmark.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd

MRD_SUFFIX, GENE = "-IG", "ALB"


def read(path: Path) -> pd.DataFrame:
    """The results table of a QuantStudio text export."""
    with path.open(encoding="utf-8") as file:
        before = next(i for i, line in enumerate(file) if line.startswith("[Results]"))
    table = pd.read_csv(path, sep="\t", skiprows=before + 1, thousands=",")
    table["CT"] = pd.to_numeric(table["CT"], errors="coerce")
    return table


def ratios(path: Path) -> pd.DataFrame:
    """Sample -> amount of the target over amount of the control gene."""
    table = read(path)
    amounts = {}
    for target, rows in table.groupby("Target Name"):
        standards = rows[(rows["Task"] == "STANDARD") & rows["CT"].notna()]
        slope, intercept = np.polyfit(np.log10(standards["Quantity"]), standards["CT"], 1)
        unknown = rows[rows["Task"] == "UNKNOWN"]
        mean = unknown.groupby("Sample Name")["CT"].mean()
        amounts["gene" if target == GENE else "mrd"] = 10 ** ((mean - intercept) / slope)
    found = pd.DataFrame(amounts)
    found["ratio"] = found["mrd"] / found["gene"]
    return found.assign(run=path.stem)


def analyse(paths: Iterable[Path]) -> pd.DataFrame:
    return pd.concat([ratios(path) for path in paths])
