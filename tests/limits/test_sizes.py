"""Studies that are large in one direction: right to the last row, in seconds."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

from measured import done, done_as_documented, size
from studies import add_samples, is_positive, write_study
from tiny import write_tiny

from mrdq.audit.verify import verify

TARGETS = size("TARGETS", 10_000)
TIMEPOINTS = size("TIMEPOINTS", 200)
SAMPLES = size("SAMPLES", 1_000_000)
ON_A_PLATE = size("TARGETS_ON_A_PLATE", 70)  # targets with two samples each: 1481 of 1536 wells


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def test_ten_thousand_targets_in_one_study(tmp_path: Path) -> None:
    runs = -(-TARGETS // ON_A_PLATE)
    write_study(tmp_path, runs=runs, targets=ON_A_PLATE, timepoints=2)
    done("run", tmp_path)
    calls = table(tmp_path / "results/calls.tsv")
    assert len({call["target"] for call in calls}) == runs * ON_A_PLATE >= TARGETS
    assert Counter((call["timepoint"], call["call"]) for call in calls) == {
        ("T001", "positive_quantifiable"): runs * ON_A_PLATE, ("T002", "negative"): runs * ON_A_PLATE}  # fmt: skip
    status = table(tmp_path / "results/status.tsv")
    assert Counter((row["timepoint"], row["status"], row["n_evaluable"]) for row in status) == {
        ("T001", "positive_quantifiable", str(ON_A_PLATE)): runs, ("T002", "negative", str(ON_A_PLATE)): runs}  # fmt: skip


def test_two_hundred_timepoints_of_one_patient(tmp_path: Path) -> None:
    write_study(tmp_path, runs=TIMEPOINTS // 10, targets=1, timepoints=10, one_patient=True)
    done("run", tmp_path)
    status = table(tmp_path / "results/status.tsv")
    words = {True: "positive_quantifiable", False: "negative"}
    assert {row["timepoint"]: row["status"] for row in status} == {
        f"T{n + 1:03d}": words[is_positive(n)] for n in range(TIMEPOINTS)
    }
    assert len({row["mrd_level"] for row in status if row["mrd_level"]}) == 1
    assert verify(tmp_path).differences == ()


def test_a_million_rows_of_the_samples_sheet(tmp_path: Path) -> None:
    small, large = tmp_path / "small", tmp_path / "large"
    for folder in (small, large):
        write_tiny(folder)
    add_samples(large, SAMPLES)
    done("run", small)
    done_as_documented("1,000,000 samples, checked", "check", large)
    done_as_documented("1,000,000 samples, run", "run", large)
    for name in ("calls.tsv", "evidence.tsv"):
        assert (large / "results" / name).read_bytes() == (small / "results" / name).read_bytes()
    usual, status = table(small / "results/status.tsv"), table(large / "results/status.tsv")
    assert [row for row in status if row["status"] != "not_done"] == usual
    assert len(status) == len(usual) + SAMPLES
