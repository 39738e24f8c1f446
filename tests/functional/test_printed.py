"""The whole line on exports that print means and curves: which warnings a laboratory gets to see."""

from __future__ import annotations

import math
import statistics
from collections import defaultdict
from pathlib import Path

import pytest
from small_study import (
    EXPORT,
    LAYOUT,
    RUN,
    TARGET,
    accepted,
    mrdq,
    read_rows,
    replace_text,
    set_cell,
    table,
)

HEADER = (
    *("Well", "Omit", "Sample Name", "Target Name", "Task", "CT", "Ct Mean", "Ct SD", "Quantity"),
    *("Y-Intercept", "R(superscript 2)", "Slope", "HIGHSD", "Comments"),
)
ROW = {"well": 0, "target": 1, "cq": 2, "sample": 3, "task": 4, "quantity": 5}
MEANS = "the means and standard deviations which the instrument printed"
CURVE = "the curve that the instrument printed"

Wells = list[dict[str, str]]


def wells_of(study: Path) -> Wells:
    _, *rows = read_rows(study / EXPORT, ",")
    return [{name: row[at] for name, at in ROW.items()} for row in rows]


def curve_of(wells: Wells, target: str, without: tuple[str, ...] = ()) -> tuple[str, str, str]:
    """Slope, intercept and R² as the instrument prints them, over its own standards."""
    points = [
        (math.log10(float(well["quantity"])), float(well["cq"]))
        for well in wells
        if (well["target"], well["task"]) == (target, "STANDARD") and well["well"] not in without
    ]
    x, y = zip(*points, strict=True)
    slope, intercept = statistics.linear_regression(x, y)
    r_squared = statistics.correlation(x, y) ** 2
    return f"{slope:.3f}", f"{intercept:.3f}", f"{r_squared:.3f}"


def means_of(wells: Wells) -> dict[tuple[str, ...], tuple[str, str]]:
    groups = defaultdict(list)
    for well in wells:
        if well["cq"] != "Undetermined":
            groups[key_of(well)].append(float(well["cq"]))
    return {
        key: (f"{statistics.fmean(cq):.3f}", f"{statistics.stdev(cq):.3f}" if len(cq) > 1 else "")
        for key, cq in groups.items()
    }


def key_of(well: dict[str, str]) -> tuple[str, ...]:
    return well["target"], well["sample"], well["task"], well["quantity"]


def instrument(study: Path, *, left_out: tuple[str, ...] = (), said: bool = True) -> None:
    """Write the export of the run as an instrument would: with means, deviations and curves.

    Its user has ``left_out`` standards of the MRD target; with ``said``, the export shows it.
    """
    wells = wells_of(study)
    means = means_of([well for well in wells if well["well"] not in left_out])
    if not said:
        means = means_of(wells)
    lines = ["* Block Type = 96-Well Block (0.2mL)", "", "[Results]", "\t".join(HEADER)]
    for well in wells:
        omit = str(said and well["well"] in left_out).lower()
        slope, intercept, r_squared = curve_of(wells, well["target"], left_out)
        lines.append("\t".join([
            well["well"], omit, well["sample"], well["target"], well["task"], well["cq"],
            *means.get(key_of(well), ("", "")), well["quantity"], intercept, r_squared, slope, "N", "",
        ]))  # fmt: skip
    text = "\n".join([*lines, "", "Analysis Type = Singleplex", ""])
    (study / EXPORT).write_text(text, encoding="utf-8")


def shown(study: Path, *words: str) -> list[str]:
    """The warnings of ``check`` with these words: they are those of ``run`` and of runs.tsv."""
    check = mrdq("check", study)
    assert check.code == 0, check.err
    said = [one for one in check.warnings if any(word in one for word in words)]
    ran = accepted(study)
    assert [one for one in ran.warnings if any(word in one for word in words)] == said
    (run,) = [row for row in table(study / "results/runs.tsv") if row["run_id"] == RUN]
    assert run["state"] == "read"
    for one in said:
        assert one.removeprefix("warning: ") in run["warnings"]
    assert any(word in run["warnings"] for word in words) == bool(said)
    return said


def layout_row(study: Path, well: str) -> int:
    rows = read_rows(study / LAYOUT)
    return 1 + next(index for index, row in enumerate(rows) if row[0] == well)


def test_a_study_as_the_instrument_wrote_it(study: Path) -> None:
    instrument(study)
    assert shown(study, "printed") == []


def test_a_study_without_a_layout(bare: Path) -> None:
    instrument(bare)
    assert shown(bare, "printed") == []


def test_a_standard_that_the_instrument_omits_and_says_so(study: Path) -> None:
    instrument(study, left_out=("A1",))
    assert shown(study, "printed") == []


def test_a_standard_that_the_layout_excludes(study: Path) -> None:
    instrument(study)
    wells = wells_as_read(study)
    set_cell(study / LAYOUT, layout_row(study, "A1"), "exclude", "a bubble")
    (warning,) = shown(study, CURVE)
    without, whole = curve_of(wells, TARGET, ("A1",))[0], curve_of(wells, TARGET)[0]
    assert warning.startswith(
        f'warning: {EXPORT}, column target {TARGET}: found "slope {without} of 7 wells", expected {CURVE}, '
        f"slope {float(whole):g} of 8 wells. Left out by the layout, or no standards there: A1. Ours is used"
    )


def wells_as_read(study: Path) -> Wells:
    header, *rows = [
        line.split("\t")
        for line in (study / EXPORT).read_text().split("[Results]\n")[1].split("\n")
    ]
    of = {
        "well": "Well",
        "target": "Target Name",
        "cq": "CT",
        "task": "Task",
        "quantity": "Quantity",
    }
    return [
        {ours: row[header.index(theirs)] for ours, theirs in of.items()}
        for row in rows
        if len(row) == len(header)
    ]


def test_a_standard_that_only_the_layout_has(study: Path) -> None:
    """The instrument's user took one for a sample, so that its curve does without it."""
    wells = (study / EXPORT).read_text().splitlines()
    at = next(i for i, line in enumerate(wells) if line.startswith("A8,"))
    wells[at] = wells[at].replace("STANDARD", "UNKNOWN").rpartition(",")[0] + ","
    (study / EXPORT).write_text("\n".join(wells) + "\n")
    instrument(study)
    (warning,) = shown(study, CURVE)
    assert "of 8 wells" in warning.partition("expected")[0]
    assert "of 7 wells. Standards of the layout and not of the export: A8. Ours is used" in warning


def test_another_dilution_in_the_layout(study: Path) -> None:
    instrument(study)
    for well in ("A7", "A8"):
        set_cell(study / LAYOUT, layout_row(study, well), "dilution", "5e-4")
    (warning,) = shown(study, CURVE)
    assert "of 8 wells. Another quantity in the export: A7, A8. Ours is used" in warning


@pytest.mark.parametrize("layout", [True, False])
def test_a_standard_that_was_left_out_unsaid(study: Path, bare: Path, layout: bool) -> None:
    folder = study if layout else bare
    instrument(folder, left_out=("A1",), said=False)
    (warning,) = shown(folder, CURVE)
    assert f"column target {TARGET}" in warning
    assert "of 8 wells" in warning.partition("expected")[0]
    assert "it seems of 7 wells. Without A1 the Cq give it: left out in the software" in warning


@pytest.mark.parametrize("layout", [True, False])
def test_a_cq_that_was_changed(study: Path, bare: Path, layout: bool) -> None:
    """One cell of a sample: the mean tells. One of a standard: mean and curve tell."""
    folder = study if layout else bare
    instrument(folder)
    wells = wells_as_read(folder)
    sample = next(w for w in wells if w["task"] == "UNKNOWN" and w["cq"].startswith("32."))
    change_cq(folder, sample, 0.3)
    (mean,) = shown(folder, MEANS, CURVE)
    assert f"column target {TARGET}" in mean
    assert sample["well"] in mean.partition(" printed")[0]
    change_cq(folder, wells[2], 0.3)
    found = shown(folder, MEANS, CURVE)
    assert [CURVE in one for one in found] == [False, True]
    assert "A3, A4: mean" in found[0]


def change_cq(study: Path, well: dict[str, str], more: float) -> None:
    """One cell of the export, and nothing else."""
    row = f"\n{well['well']}\tfalse\t"
    start = (study / EXPORT).read_text().partition(row)[2].partition(f"\t{well['cq']}\t")[0]
    changed = f"{float(well['cq']) + more:.3f}"
    replace_text(study / EXPORT, f"{row}{start}\t{well['cq']}", f"{row}{start}\t{changed}")


def test_a_printed_curve_changes_no_result(study: Path) -> None:
    accepted(study)
    before = (study / "results/calls.tsv").read_bytes()
    instrument(study, left_out=("A1",), said=False)
    accepted(study)
    assert (study / "results/calls.tsv").read_bytes() == before


def test_inspect_shows_the_same_warning(study: Path) -> None:
    instrument(study, left_out=("A1",), said=False)
    seen = mrdq("inspect", study / EXPORT)
    assert seen.code == 0
    assert "it seems of 7 wells. Without A1 the Cq give it" in " ".join(seen.out.split())
    assert "columns not read: Comments" in seen.out


def test_check_lists_what_was_not_read(study: Path) -> None:
    instrument(study)
    checked = mrdq("check", study)
    notes = [line for line in checked.err.splitlines() if line.startswith("note: not read: ")]
    assert f"note: not read: {RUN}: columns not read: Comments" in notes
    assert f"note: not read: {RUN}: lines below the table: Analysis Type = Singleplex" in notes
    assert len(notes) == len(set(notes))
    accepted(study)
    (run,) = [row for row in table(study / "results/runs.tsv") if row["run_id"] == RUN]
    assert {note.partition(f"{RUN}: ")[2] for note in notes} == set(run["not_read"].split(" | "))


def test_check_names_the_runs_that_share_a_note(study: Path) -> None:
    """Two plain tables with the same column of their own."""
    for path in (study / "data").iterdir():
        lines = path.read_text().splitlines()
        path.write_text(
            "\n".join([f"{lines[0]},mine", *(f"{line},x" for line in lines[1:])]) + "\n"
        )
    checked = mrdq("check", study)
    assert "note: not read: SIM-000001, SIM-000002: columns not read: mine" in checked.err
