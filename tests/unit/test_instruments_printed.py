"""Printed means and standard deviations against the Cq: what gives a warning, and what does not."""

from __future__ import annotations

import csv
import io
import os
import statistics
from pathlib import Path

import pytest

from mrdq.errors import WARNING, Problem
from mrdq.instruments import Export, read_export
from mrdq.instruments.printed import Replicates, replicate_warnings

SHARED = Path(os.environ.get("MRDQ_SHARED", Path(__file__).resolve().parents[3] / "shared"))
REAL = SHARED / "real"

HEADER = "Well\tSample Name\tTarget Name\tTask\tCT\tCt Mean\tCt SD\tHIGHSD"
GROUPS = {
    ("P1", "T"): (24.125, 24.318, 24.401),
    ("P2", "T"): (30.902, 31.214),
    ("P1", "U"): (22.002, 22.115, 22.058),
}


def rows_of(groups: dict[tuple[str, str], tuple[float, ...]]) -> list[list[str]]:
    """Rows of an export whose printed means and deviations are those of its Cq."""
    rows = []
    for (sample, target), cq in groups.items():
        mean, sd = f"{statistics.fmean(cq):.3f}", f"{statistics.stdev(cq):.3f}"
        for value in cq:
            well = f"A{len(rows) + 1}"
            rows.append([well, sample, target, "UNKNOWN", f"{value:.3f}", mean, sd, "N"])
    return rows


def export_of(rows: list[list[str]], *, decimal: str = ".") -> Export:
    lines = ["* Block Type = 96well", "[Results]", HEADER, *("\t".join(row) for row in rows)]
    return read_export(("\n".join(lines) + "\n").replace(".", decimal).encode(), "run.txt")


def told(rows: list[list[str]], *, decimal: str = ".") -> list[str]:
    warnings = export_of(rows, decimal=decimal).warnings
    assert {warning.level for warning in warnings} <= {WARNING}
    return [str(warning) for warning in warnings]


def direct(
    cq: list[float],
    mean: list[str],
    sd: list[str],
    *,
    cells: list[str] | None = None,
    group: list[tuple[str, ...]] | None = None,
) -> list[Problem]:
    n = len(cq)
    rows = Replicates(
        [f"A{i + 1}" for i in range(n)],
        ["T"] * n,
        list(zip(*(group or [("UNKNOWN", "S")] * n), strict=True)),
        cq,
        cells or [f"{value:.3f}" for value in cq],
        mean,
        sd,
    )
    return replicate_warnings(rows, "run.txt", ".")


@pytest.mark.parametrize("decimal", [".", ","])
def test_an_export_as_the_instrument_wrote_it(decimal: str) -> None:
    rows = rows_of(GROUPS)
    assert told(rows, decimal=decimal) == []
    assert export_of(rows, decimal=decimal).cq == [cq for group in GROUPS.values() for cq in group]


@pytest.mark.parametrize("changed", range(8))
@pytest.mark.parametrize("decimal", [".", ","])
def test_one_cq_changed(changed: int, decimal: str) -> None:
    """The warning names the target, all wells of the group, and both means."""
    rows = rows_of(GROUPS)
    rows[changed][4] = f"{float(rows[changed][4]) + 0.3:.3f}"
    (warning,) = told(rows, decimal=decimal)
    group = [row for row in rows if row[1:3] == rows[changed][1:3]]
    wells = ", ".join(row[0] for row in group)
    assert warning.startswith(f"run.txt, column target {rows[changed][2]}: found ")
    printed = f"mean {group[0][5]}, SD {group[0][6]} printed".replace(".", decimal)
    mean = statistics.fmean(float(row[4]) for row in group)
    spread = statistics.stdev(float(row[4]) for row in group)
    assert f'"{wells}: {printed}, {mean:.4g} and {spread:.3g} from the Cq"' in warning
    assert "expected Cq that give the means and standard deviations which the instrument" in warning
    assert "wells were left out in the software. The Cq are read as they stand" in warning


def test_a_spread_that_the_mean_does_not_show() -> None:
    rows = rows_of({("P2", "T"): (30.9, 31.2)})
    rows[0][4], rows[1][4] = "30.600", "31.500"
    (warning,) = told(rows)
    assert "A1, A2: mean 31.050, SD 0.212 printed, 31.05 and 0.636 from the Cq" in warning


def test_one_warning_for_each_target() -> None:
    rows = rows_of(GROUPS)
    for index in (0, 3, 5):
        rows[index][4] = f"{float(rows[index][4]) - 0.3:.3f}"
    of_t, of_u = told(rows)
    assert "target T" in of_t
    assert "A1, A2, A3: mean" in of_t
    assert "; A4, A5: mean" in of_t
    assert "target U" in of_u
    assert "A6, A7, A8: mean" in of_u


def test_a_cq_that_was_made_undetermined() -> None:
    rows = rows_of(GROUPS)
    rows[0][4] = "Undetermined"
    (warning,) = told(rows)
    assert "A1, A2, A3: mean 24.281" in warning


def test_undetermined_and_omitted_wells_are_in_no_mean() -> None:
    header = HEADER.replace("HIGHSD", "Omit")
    cells = ["24.125", "Undetermined", "24.401", "39.5"]
    lines = [
        f"A{i + 1}\tP1\tT\tUNKNOWN\t{cell}\t24.263\t0.195\t{'true' if i == 3 else 'false'}"
        for i, cell in enumerate(cells)
    ]
    data = "\n".join(["* Block Type = 96well", "[Results]", header, *lines, ""])
    export = read_export(data.encode(), "run.txt")
    assert export.cq_state == ["determined", "undetermined", "determined", "omitted"]
    assert export.warnings == []


def test_groups_that_share_their_printed_numbers() -> None:
    """Two samples whose means are the same to the last printed digit are still two groups."""
    rows = rows_of({("P1", "T"): (24.1, 24.3), ("P2", "T"): (24.11, 24.289)})
    assert rows[0][5:7] != rows[2][5:7]
    for row in rows[2:]:
        row[5:7] = rows[0][5:7]
    rows[2][4], rows[3][4] = "24.100", "24.300"
    assert told(rows) == []


def test_replicates_of_different_samples() -> None:
    """Some software groups by the replicate number, which stands in no column that is read."""
    rows = rows_of({("P1", "T"): (24.1, 24.3, 24.5)})
    rows[2][1] = "P1 again"
    assert told(rows) == []


def test_groups_by_sample_within_one_printed_number() -> None:
    """Where the whole differs, it is cut by sample and task; only the parts that differ are named."""
    group = [("UNKNOWN", "S1")] * 2 + [("UNKNOWN", "S2")] * 2
    found = direct([24.0, 24.2, 25.0, 25.2], ["24.100"] * 4, ["0.141"] * 4, group=group)
    assert [problem.found.partition(":")[0] for problem in found] == ["A3, A4"]


def test_columns_that_are_not_there_or_empty() -> None:
    rows = rows_of(GROUPS)
    for row in rows:
        row[5] = row[6] = ""
    assert told(rows) == []
    assert told([[*row[:5], "", "0.900", "N"] for row in rows]) == []  # a deviation alone


def test_a_mean_without_a_deviation() -> None:
    assert direct([24.0, 24.2], ["24.100"] * 2, [""] * 2) == []
    (problem,) = direct([24.0, 24.5], ["24.100"] * 2, [""] * 2)
    assert "A1, A2: mean 24.100 printed, 24.25" in problem.found


def test_a_mean_that_is_no_number() -> None:
    assert direct([24.0, 24.2], ["N/A", "N/A"], ["N/A", "N/A"]) == []


def test_a_single_well_has_no_deviation() -> None:
    assert direct([24.0], ["24.000"], ["0.000"]) == []
    assert direct([24.0], ["24.000"], ["9.999"]) == []
    assert len(direct([24.0], ["24.300"], ["0.000"])) == 1


def test_a_group_without_a_signal_has_no_mean() -> None:
    """CFX prints 0.00 there."""
    assert direct([float("nan")] * 2, ["0.00"] * 2, ["0.000"] * 2, cells=["N/A", "N/A"]) == []


@pytest.mark.parametrize("population", [False, True])
def test_deviations_of_the_sample_and_of_the_group_itself(population: bool) -> None:
    cq = [24.0, 24.2, 24.7]
    sd = statistics.pstdev(cq) if population else statistics.stdev(cq)
    assert direct(cq, ["24.300"] * 3, [f"{sd:.3f}"] * 3) == []
    assert len(direct(cq, ["24.300"] * 3, [f"{sd + 0.1:.3f}"] * 3)) == 1


@pytest.mark.parametrize(
    ("mean", "n_warnings"),
    [("24.1", 0), ("24.3", 1), ("24.15", 0), ("24.05", 1), ("24", 0), ("22", 1)],
)
def test_rounding_is_told_by_the_printed_digits(mean: str, n_warnings: int) -> None:
    """The mean of 24.12 and 24.17 is 24.145; one unit of the last printed digit is nothing."""
    group = [("UNKNOWN", "S1")] * 2
    found = direct([24.12, 24.17], [mean] * 2, [""] * 2, cells=["24.12", "24.17"], group=group)
    assert len(found) == n_warnings


def test_software_that_computes_with_32_bits() -> None:
    """The last of many printed digits is noise there: a mean near 30 is good to 1e-4."""
    cq = [30.12345678, 30.22345678]
    cells = [f"{value:.8f}" for value in cq]
    mean, sd = statistics.fmean(cq), statistics.stdev(cq)
    assert direct(cq, [f"{mean + 5e-5:.8f}"] * 2, [f"{sd + 3e-5:.8f}"] * 2, cells=cells) == []
    assert len(direct(cq, [f"{mean + 1e-3:.8f}"] * 2, [f"{sd:.8f}"] * 2, cells=cells)) == 1


def test_numbers_that_stand_in_the_first_row_of_a_group_only() -> None:
    rows = rows_of(GROUPS)
    for index in (1, 2, 4, 6, 7):
        rows[index][5] = rows[index][6] = ""
    assert told(rows) == []
    rows[2][4] = f"{float(rows[2][4]) + 0.3:.3f}"
    (warning,) = told(rows)
    assert 'column target T: found "A1: mean 24.281, SD 0.142 printed, 24.12 and 0 from' in warning


def test_wells_without_a_target() -> None:
    data = (
        ",Well,Fluor,Content,Sample,Cq,Cq Mean,Cq Std. Dev\n,A01,FAM,Unkn-1,S,24.10,24.20,0.141\n"
    )
    data += ",A02,FAM,Unkn-1,S,24.60,24.20,0.141\n"
    (warning,) = read_export(data.encode(), "cfx.csv").warnings
    assert str(warning).startswith('cfx.csv: found "A1, A2: mean 24.20, SD 0.141 printed, 24.35')


def test_a_mean_that_is_cut_short_in_one_row() -> None:
    """Rows are grouped by what is printed: a row with a number of its own stands alone."""
    rows = rows_of({("P1", "T"): (24.1, 24.2, 24.5)})
    rows[1][5] = "24.2"
    (warning,) = told(rows)
    assert '"A1, A3: mean 24.267, SD 0.208 printed, 24.3 and 0.283 from the Cq"' in warning


EXPORTS_WITH_MEANS = {
    "ab_quantstudio_txt/AutoqPCR__2019-04-25_124559-GAPDH.csv": ("CT", "Ct Mean"),
    "ab_quantstudio_txt/allotropy__appbio_quantstudio_example04.txt": ("CT", "Ct Mean"),
    "ab_quantstudio_txt/ddCt__QuantStudio_File1.txt": ("Ct", "Ct Mean"),
    "ab_stepone/pyqpcr__raw_data_ABstepone.txt": ("C\u0442", "C\u0442 Mean"),
    "biorad_cfx/HTqPCR__CFX_sample.txt": ("Cq", "Cq Mean"),
}


@pytest.mark.skipif(
    not REAL.is_dir(), reason=f"real instrument exports are absent: {REAL} (set MRDQ_SHARED)"
)
@pytest.mark.parametrize("name", EXPORTS_WITH_MEANS)
def test_one_cq_of_a_real_export_changed(name: str) -> None:
    """In groups of several wells the warning names the target and the changed well."""
    text = (REAL / name).read_bytes().decode("utf-8").replace("\r\n", "\n").replace("\r", "\n")
    lines, (of_cq, of_mean) = text.split("\n"), EXPORTS_WITH_MEANS[name]
    delimiter = max("\t,", key=text.count)
    names = next(cells for line in lines if of_mean in (cells := line.split(delimiter)))
    at, mean = names.index(of_cq), names.index(of_mean)
    export = read_export(text.encode(), "run.txt")
    assert not told_of_means(export)
    cells = [next(csv.reader([lines[row - 1]], delimiter=delimiter)) for row in export.row]
    keys = [
        (row[mean], *key) for row, *key in zip(cells, export.target, export.sample, strict=True)
    ]
    several = [i for i, key in enumerate(keys) if keys.count(key) > 1 and export.cq[i] > 0]
    assert len(several) > 12
    for index in several[:: len(several) // 12]:
        cells[index][at], whole = plus(cells[index][at], 0.3), cells[index][at]
        spoilt = list(lines)
        line = io.StringIO()
        csv.writer(line, delimiter=delimiter, lineterminator="").writerow(cells[index])
        spoilt[export.row[index] - 1] = line.getvalue()
        cells[index][at] = whole
        (warning,) = told_of_means(read_export("\n".join(spoilt).encode(), "run.txt"))
        assert warning.column == f"target {export.target[index]}"
        assert export.well[index] in warning.found.partition(":")[0].split(", ")


def told_of_means(export: Export) -> list[Problem]:
    return [warning for warning in export.warnings if "standard deviations" in warning.expected]


def plus(cell: str, more: float) -> str:
    """A Cq with as many decimals and the same decimal sign."""
    sign = "," if "," in cell else "."
    decimals = len(cell.partition(sign)[2])
    return f"{float(cell.replace(',', '.')) + more:.{decimals}f}".replace(".", sign)
