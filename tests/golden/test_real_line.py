"""A real export through the whole line, to calls: a layout gives its wells the roles.

The plate is a demonstration plate of the instrument's maker, RNase P on five two-fold dilutions
and two unknown samples; nobody measured MRD with it.  What the line has to find is known from
the instrument: its software printed slope, intercept and R², and for every unknown well the
quantity it read from that curve.  Those are the oracle.
"""

from __future__ import annotations

import csv
import os
import statistics
from pathlib import Path

import pytest
from click.testing import CliRunner

from mrdq.cli import main

SHARED = Path(os.environ.get("MRDQ_SHARED", Path(__file__).resolve().parents[3] / "shared"))
EXPORT = SHARED / "real/ab_quantstudio_txt/allotropy__appbio_quantstudio_example04.txt"
pytestmark = pytest.mark.skipif(
    not EXPORT.is_file(), reason=f"real instrument exports are absent: {EXPORT} (set MRDQ_SHARED)"
)

UNDILUTED = 20_000.0
TABLES = ("curves", "calls", "status", "runs")
FIVE, TEN = ("A1", "A2", "A3"), ("G1", "G2", "G3")


def write(folder: Path, name: str, rows: list[list[str]]) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join("\t".join(row) + "\n" for row in rows), encoding="utf-8")


@pytest.fixture(scope="module")
def printed() -> dict[str, dict[str, str]]:
    """Well -> its row of the export, cut without mrdq."""
    lines = EXPORT.read_text(encoding="utf-8").split("[Results]\n")[1].splitlines()
    return {row["Well Position"]: row for row in csv.DictReader(lines, delimiter="\t")}


@pytest.fixture(scope="module")
def results(
    tmp_path_factory: pytest.TempPathFactory, printed: dict[str, dict[str, str]]
) -> dict[str, list[dict[str, str]]]:
    folder = tmp_path_factory.mktemp("study")
    (folder / "data").mkdir()
    (folder / "data" / "export.txt").symlink_to(EXPORT)
    standards = [
        [
            well,
            "RNase P",
            "standard",
            "",
            f"1:{UNDILUTED / float(row['Quantity'].replace(',', '')):g}",
        ]
        for well, row in printed.items()
        if row["Task"] == "STANDARD"
    ]
    ntc = [
        [well, "RNase P", "ntc", "", ""] for well, row in printed.items() if row["Task"] == "NTC"
    ]
    samples = [
        [well, "RNase P", "sample", name, ""]
        for name, wells in (("S5K", FIVE), ("S10K", TEN))
        for well in wells
    ]
    header = ["well", "target", "role", "sample_id", "dilution"]
    write(folder, "config/layout.tsv", [header, *standards, *ntc, *samples])
    write(
        folder,
        "config/runs.tsv",
        [["run_id", "export", "layout"], ["R1", "data/export.txt", "config/layout.tsv"]],
    )
    write(
        folder,
        "config/samples.tsv",
        [["sample_id", "patient_id", "timepoint"], ["S5K", "P1", "T1"], ["S10K", "P1", "T2"]],
    )
    write(folder, "config/assays.tsv", [["target", "kind", "patient_id"], ["RNase P", "mrd", "P1"]])
    (folder / "config/config.yaml").write_text(
        "study: a maker's demonstration plate\nruns: config/runs.tsv\nsamples: config/samples.tsv\n"
        "assays: config/assays.tsv\nguideline: no-background\ncontrol_gene: optional\n"
    )
    (folder / "guidelines").mkdir()
    (folder / "guidelines/no-background.yaml").write_text(
        "id: no-background\nversion: '1'\ntitle: a plate without background wells\nstatus: provisional\n"
        "extends: euromrd-2007-therapy-reduction\nparameters:\n  background_wells_minimum:\n"
        "    {value: 0, grade: laboratory, source: this test}\n"
    )
    done = CliRunner().invoke(main, ["run", str(folder)])
    assert done.exit_code == 0, done.output
    texts = {
        name: (folder / "results" / f"{name}.tsv").read_text(encoding="utf-8") for name in TABLES
    }
    return {
        name: list(csv.DictReader(text.splitlines(), delimiter="\t"))
        for name, text in texts.items()
    }


def test_the_curve_is_the_instruments(
    results: dict[str, list[dict[str, str]]], printed: dict[str, dict[str, str]]
) -> None:
    """All five dilutions are reproducible, so the walk fits what the instrument fitted."""
    (curve,) = results["curves"]
    told = printed["A1"]
    assert curve["n_wells"] == "20"
    assert curve["accepted"] == "true"
    assert float(curve["slope"]) == pytest.approx(float(told["Slope"]), abs=1e-3)
    assert float(curve["r_squared"]) == pytest.approx(float(told["R(superscript 2)"]), abs=1e-3)
    # The instrument's intercept is at quantity 1, ours at the undiluted standard.
    assert float(curve["efficiency"]) == pytest.approx(float(told["Efficiency"]) / 100, abs=1e-3)


@pytest.mark.parametrize(("sample", "wells"), [("S5K", FIVE), ("S10K", TEN)])
def test_the_level_is_what_the_instrument_read(
    sample: str,
    wells: tuple[str, ...],
    results: dict[str, list[dict[str, str]]],
    printed: dict[str, dict[str, str]],
) -> None:
    """The level at the mean Cq is the geometric mean of the instrument's quantities."""
    (call,) = [row for row in results["calls"] if row["sample_id"] == sample]
    quantities = [float(printed[well]["Quantity"].replace(",", "")) for well in wells]
    assert call["call"] == "positive_quantifiable"
    assert float(call["mrd_level"]) == pytest.approx(
        statistics.geometric_mean(quantities) / UNDILUTED, rel=2e-3
    )
    assert float(call["mrd_level_low"]) < float(call["mrd_level"]) < float(call["mrd_level_high"])
    assert float(call["mean_cq"]) == pytest.approx(
        statistics.fmean(float(printed[w]["CT"]) for w in wells), abs=1e-9
    )


def test_every_well_of_the_export_is_accounted_for(
    results: dict[str, list[dict[str, str]]], printed: dict[str, dict[str, str]]
) -> None:
    (run,) = results["runs"]
    assert int(run["n_wells"]) == len(printed) == 95
    assert int(run["n_unused"]) == 95 - 20 - 4 - 6
