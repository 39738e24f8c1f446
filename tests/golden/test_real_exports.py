"""Exports that instruments wrote, held against what the instrument itself computed from them.

The files are read where they lie and are never copied; where the folder is absent every test
here is skipped and says so.  Oracles, none of which is mrdq:

* the mean and the standard deviation of Cq that the vendor's software printed per group of
  replicates: they can only be met if every Cq, state and row of the group was read right;
* slope, intercept and R² that the vendor's software printed (``vendor_curves.csv``): plain least
  squares over the standards has to reproduce them from the Cq and the quantities read;
* counts of rows and of undetermined wells, counted in the files by other means (``INDEX.md``).
"""

from __future__ import annotations

import csv
import io
import math
import os
import statistics
import zipfile
from collections import defaultdict
from pathlib import Path

import pytest

from mrdq.errors import MrdqError
from mrdq.instruments import FORMATS, Export, read_export, role_of_task
from mrdq.instruments.source import Found, Source
from mrdq.vocabulary import DETERMINED, STANDARD, UNDETERMINED

SHARED = Path(os.environ.get("MRDQ_SHARED", Path(__file__).resolve().parents[3] / "shared"))
REAL = SHARED / "real"
pytestmark = pytest.mark.skipif(
    not REAL.is_dir(), reason=f"real instrument exports are absent: {REAL} (set MRDQ_SHARED)"
)

DA = "ab_quantstudio_da/allotropy__appbio_quantstudio_designandanalysis_"
QS1 = DA + "QS1_Standard_Curve_example01.xlsx"
QS5 = DA + "QS5_Standard_Curve_4Plex_example03.xlsx"
QS7 = DA + "QS7Pro_Standard_Curve_example14.xlsx"
QS7_AUTO = DA + "QS7Pro_Presence_and_Absence_autoexport.xls"
GAPDH = "ab_quantstudio_txt/AutoqPCR__2019-04-25_124559-GAPDH.csv"
ACTB = "ab_quantstudio_txt/AutoqPCR__2019-04-25_135946-ACTB.csv"
FLEX = "ab_quantstudio_txt/allotropy__appbio_quantstudio_example04.txt"
OPEN_ARRAY = "ab_quantstudio_txt/ddCt__QuantStudio_File1.txt"
QS12K = "ab_quantstudio_xls/allotropy__appbio_quantstudio_example10.xlsx"
XLS = "ab_quantstudio_xls/ppreshant__q50_S080_RAM80a.xls"
CR_ONLY = "ab_stepone/pyqpcr__raw_data_AB7500.csv"
STEPONE_COMMA = "ab_stepone/pyqpcr__raw_data_ABstepone.txt"
STEPONE = "ab_stepone/pyqpcr__raw_data_ABstepone_2.txt"
CFX_384 = "biorad_cfx/HTqPCR__CFX_sample.txt"
CFX_MAESTRO = "biorad_cfx/allotropy__cfxmaestro_example01.csv"
CFX_C1000 = "biorad_cfx/pyqpcr__raw_data_biorad_c1000_2.txt"

# File -> format, rows, undetermined rows: counted for INDEX.md, not with these readers.
COUNTS = {
    QS1: ("design_and_analysis", 96, 4),
    QS5: ("design_and_analysis", 384, 0),
    QS7: ("design_and_analysis", 96, 4),
    QS7_AUTO: ("design_and_analysis", 216, 119),
    GAPDH: ("applied_biosystems", 94, 0),
    ACTB: ("applied_biosystems", 96, 0),
    FLEX: ("applied_biosystems", 95, 4),
    OPEN_ARRAY: ("applied_biosystems", 3072, 1192),
    QS12K: ("applied_biosystems", 8, 0),
    XLS: ("applied_biosystems", 72, 16),
    CR_ONLY: ("applied_biosystems", 46, 0),
    STEPONE_COMMA: ("applied_biosystems", 48, 0),
    STEPONE: ("applied_biosystems", 51, 2),
    CFX_384: ("biorad_cfx", 330, 10),
    CFX_MAESTRO: ("biorad_cfx", 48, 0),
    CFX_C1000: ("biorad_cfx", 96, 59),
}
# File -> headers of Cq, mean and standard deviation, and the last printed digit of the mean and
# of the standard deviation.  A mean of rounded Cq may differ by one unit of that digit, no more.
PRINTED = {
    QS1: ("Cq", "Cq Mean", "Cq SD", 1e-9, 1e-9),
    QS5: ("Cq", "Cq Mean", "Cq SD", 1e-9, 1e-9),
    QS7: ("Cq", "Cq Mean", "Cq SD", 1e-9, 1e-9),
    QS7_AUTO: ("Cq", "Cq Mean", "Cq SD", 1e-9, 1e-9),
    GAPDH: ("CT", "Ct Mean", "Ct SD", 1e-3, 1e-3),
    ACTB: ("CT", "Ct Mean", "Ct SD", 1e-3, 1e-3),
    FLEX: ("CT", "Ct Mean", "Ct SD", 1e-3, 1e-3),
    OPEN_ARRAY: ("Ct", "Ct Mean", "Ct SD", 1e-3, 1e-3),
    XLS: ("CT", "Ct Mean", "Ct SD", 1e-5, 1e-5),  # the software computes with 32 bits
    CR_ONLY: ("Cт", "Cт Mean", "Cт SD", 1e-4, 1e-4),
    STEPONE_COMMA: ("Cт", "Cт Mean", "Cт SD", 1e-4, 1e-4),
    STEPONE: ("Cт", "Cт Mean", "Cт SD", 1e-4, 1e-4),
    CFX_384: ("Cq", "Cq Mean", "Cq Std. Dev", 1e-2, 1e-2),
    CFX_MAESTRO: ("Cq", "Cq Mean", "Cq Std. Dev", 1e-9, 1e-9),
    CFX_C1000: ("Threshold Cycle ( C(t) )", "C(t) Mean", "C(t) Std. Dev", 1e-2, 1e-2),
}
SHEETS = {
    QS1: "Results",
    QS5: "Results",
    QS7: "Results",
    QS7_AUTO: "Results",
    QS12K: "Results",
    XLS: "Results",
}


def export_of(name: str) -> Export:
    return read_export((REAL / name).read_bytes(), name)


def cells_of(name: str) -> list[list[object]]:
    """The cells of a file by row, read without mrdq."""
    data = (REAL / name).read_bytes()
    if name in SHEETS:
        python_calamine = pytest.importorskip("python_calamine")
        book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
        return book.get_sheet_by_name(SHEETS[name]).to_python(skip_empty_area=False)
    lines = data.decode("utf-8").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    delimiter = "\t" if any(line.count("\t") > 5 for line in lines) else ","
    return [next(csv.reader([line], delimiter=delimiter), []) for line in lines]


def as_number(cell: object, *, comma: bool) -> float:
    text = str(cell).replace(",", ".") if comma else str(cell)
    try:
        return float(text)
    except ValueError:
        return math.nan


@pytest.mark.parametrize("name", COUNTS)
def test_every_row_is_read_and_in_its_state(name: str) -> None:
    """Oracle: the counts of INDEX.md."""
    format_, n_rows, n_undetermined = COUNTS[name]
    export = export_of(name)
    assert export.format == format_
    assert len(export.row) == n_rows
    assert export.cq_state.count(UNDETERMINED) == n_undetermined
    assert export.cq_state.count(DETERMINED) == n_rows - n_undetermined
    assert [math.isnan(cq) for cq in export.cq] == [
        state != DETERMINED for state in export.cq_state
    ]


@pytest.mark.parametrize("name", PRINTED)
def test_means_and_deviations_are_those_the_instrument_printed(name: str) -> None:
    """Oracle: mean and SD of Cq per group of replicates, printed by the instrument's software."""
    of_cq, of_mean, of_sd, mean_digit, sd_digit = PRINTED[name]
    rows, export = cells_of(name), export_of(name)
    header = next(row for row in rows if of_mean in row and of_cq in row)
    comma = any("," in str(row[header.index(of_cq)]) for row in rows if len(row) == len(header))
    at_mean, at_sd = header.index(of_mean), header.index(of_sd)
    groups = defaultdict(list)
    for index, row in enumerate(export.row):
        printed = (str(rows[row - 1][at_mean]), str(rows[row - 1][at_sd]))
        key = (
            export.target[index],
            export.channel[index],
            export.task[index],
            export.sample[index],
        )
        groups[(*key, printed)].append(export.cq[index])
    n_means = n_deviations = 0
    for (*_, (mean, sd)), cq in groups.items():
        expected, spread = as_number(mean, comma=comma), as_number(sd, comma=comma)
        seen = [value for value in cq if not math.isnan(value)]
        if math.isnan(expected) or not seen:
            assert not seen or len(seen) == 1 or math.isnan(expected)
            continue
        n_means += 1
        assert statistics.fmean(seen) == pytest.approx(expected, abs=1.01 * mean_digit)
        if len(seen) > 1 and not math.isnan(spread):
            n_deviations += 1
            assert statistics.stdev(seen) == pytest.approx(spread, abs=1.5 * sd_digit)
    assert n_means >= 3
    # CFX Maestro printed each well's own Cq as its mean; the C1000 file has two groups.
    assert n_deviations >= {CFX_MAESTRO: 0, CFX_C1000: 2}.get(name, 3)


def vendor_curves() -> list[dict[str, str]]:
    path = REAL / "vendor_curves.csv"
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as lines:
        return [row for row in csv.DictReader(lines) if row["file"] in COUNTS]


def least_squares(x: list[float], y: list[float]) -> tuple[float, float, float]:
    """Slope, intercept and R², written out here so that the oracle shares no code with mrdq."""
    mean_x, mean_y = statistics.fmean(x), statistics.fmean(y)
    sxx = math.fsum((a - mean_x) ** 2 for a in x)
    sxy = math.fsum((a - mean_x) * (b - mean_y) for a, b in zip(x, y, strict=True))
    syy = math.fsum((b - mean_y) ** 2 for b in y)
    return sxy / sxx, mean_y - sxy / sxx * mean_x, sxy**2 / (sxx * syy)


@pytest.mark.parametrize("vendor", vendor_curves(), ids=lambda vendor: vendor["target"])
def test_least_squares_reproduces_the_curve_the_instrument_printed(vendor: dict[str, str]) -> None:
    """Oracle: vendor_curves.csv.

    Within one unit of the last printed digit: three decimals in QuantStudio text.  Design &
    Analysis prints slope and intercept with four decimals and R² with all its digits: R² is held
    to 1e-6, for the software itself fits in 32 bits.
    """
    export = export_of(vendor["file"])
    points = [
        (math.log10(quantity), cq)
        for target, task, quantity, cq in zip(
            export.target, export.task, export.quantity, export.cq, strict=True
        )
        if target == vendor["target"] and role_of_task(task) == STANDARD and not math.isnan(cq)
    ]
    assert len(points) == int(vendor["n_standard_wells"])
    assert len({x for x, _ in points}) == int(vendor["n_levels"])
    slope, intercept, r_squared = least_squares(*map(list, zip(*points, strict=True)))
    printed = [
        float(vendor[key]) for key in ("vendor_slope", "vendor_intercept", "vendor_r_squared")
    ]
    long_r = len(vendor["vendor_r_squared"]) > 6
    digit = 1e-4 if long_r else 1e-3
    assert slope == pytest.approx(printed[0], abs=1.0001 * digit)
    assert intercept == pytest.approx(printed[1], abs=1.0001 * digit)
    assert r_squared == pytest.approx(printed[2], abs=1e-6 if long_r else 1.0001e-3)
    assert export.printed_curves[vendor["target"]] == pytest.approx(tuple(printed), abs=1e-12)


def test_quantities_of_samples_are_not_kept() -> None:
    """The instrument computes them; kept, a sample would look like a standard."""
    for name in (QS1, QS7, FLEX, GAPDH, CFX_384, CFX_C1000):
        export = export_of(name)
        kept = [
            role_of_task(task)
            for task, value in zip(export.task, export.quantity, strict=True)
            if not math.isnan(value)
        ]
        assert kept
        assert set(kept) == {STANDARD}


def test_controls_without_a_name_are_kept() -> None:
    """Read off the files by eye: six Neg Ctrl wells, 51 NTC wells and three NTC wells."""
    for name, n in ((CFX_384, 6), (CFX_C1000, 51), (STEPONE, 3)):
        export = export_of(name)
        controls = [i for i, task in enumerate(export.task) if role_of_task(task) == "ntc"]
        assert len(controls) == n
        assert {export.sample[i] for i in controls} == {""}
    assert export.cq_state[-3:] == [UNDETERMINED, DETERMINED, UNDETERMINED]
    assert export.cq[-2] == 34.553
    assert export.flags[-2] == "AMPNC"


def test_what_was_not_read_is_named() -> None:
    notes = " / ".join(export_of(CR_ONLY).notes)
    assert "section [Raw Data] from row 165 on not read" in notes
    assert "Analysis Type = Singleplex" in notes
    assert "ΔCт Mean" in notes
    assert "Cт SD" not in notes
    assert "sheet Amplification Data not read" in export_of(QS1).notes


def test_openarray_wells_and_wells_without_target() -> None:
    """Read off the file by eye: row 21 is A1a1; 384 through-holes have a sample and no target."""
    export = export_of(OPEN_ARRAY)
    assert (export.row[0], export.well[0], export.cq[0]) == (21, "A1a1", 29.099)
    assert export.target.count("") == 384


@pytest.mark.parametrize("name", COUNTS)
def test_the_name_of_the_file_does_not_matter(name: str) -> None:
    data = (REAL / name).read_bytes()
    assert (
        read_export(data, "x.bin").format == read_export(data, "x.xlsx").format == COUNTS[name][0]
    )


# File -> what the refusal says.  Two are tables that people made; one run was never analysed.
REFUSED = {
    "ab_eds/RDML__sce.eds": "a run that was not analysed",
    "reference_datasets/UltraSensChim__Accu_Lin_Repr_Preci.xlsx": "a workbook",
    "reference_datasets/UltraSensChim__AssaySensitivity_Ct_1_4_16gEq.xlsx": "a workbook",
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_export_is_refused(name: str) -> None:
    """Better no answer than a misreading: with every reader, stated or detected."""
    data = (REAL / name).read_bytes()
    with pytest.raises(MrdqError) as caught:
        read_export(data, name)
    assert REFUSED[name] in str(caught.value)
    assert "xport" in caught.value.problems[0].remedy
    for format_ in FORMATS:
        with pytest.raises(MrdqError):
            read_export(data, name, format=format_)


def every_file() -> list[str]:
    if not REAL.is_dir():
        return []
    paths = sorted(path.relative_to(REAL).as_posix() for path in REAL.glob("*/*"))
    return [path for path in paths if path not in REFUSED]


@pytest.mark.parametrize("name", every_file())
def test_every_other_file_is_read_by_one_reader_alone(name: str) -> None:
    source = Source((REAL / name).read_bytes(), name)
    found = [key for key, reader in FORMATS.items() if isinstance(reader.detect(source), Found)]
    assert found == [export_of(name).format]


@pytest.mark.parametrize("name", [XLS, QS12K])
def test_damaged_workbooks_are_refused(name: str) -> None:
    data = (REAL / name).read_bytes()
    for cut in (10, 600, len(data) // 2, len(data) - 40):
        if name == XLS and cut > len(data) // 2:
            continue  # an .xls has no check sum: its last bytes may be of another sheet
        with pytest.raises(MrdqError):
            read_export(data[:cut], name)
    if name == QS12K:
        # A sheet is checked when it is read: a byte of the sheet Results is flipped, its third.
        [results] = [
            info
            for info in zipfile.ZipFile(io.BytesIO(data)).infolist()
            if info.filename == "xl/worksheets/sheet3.xml"
        ]
        middle = results.header_offset + results.compress_size // 2
        with pytest.raises(MrdqError):
            read_export(data[:middle] + bytes([data[middle] ^ 255]) + data[middle + 1 :], name)
