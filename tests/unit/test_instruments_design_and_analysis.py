"""Design & Analysis workbooks: two sheets that must agree; and Applied Biosystems workbooks."""

from __future__ import annotations

import io
import math
from typing import Any

import openpyxl
import pytest
from exports import diomni as exports

from mrdq.errors import MrdqError
from mrdq.instruments import read_export
from mrdq.worksheets import NO_VALUE

HEAD = [["Instrument Type", "QuantStudio 5"], ["Block Type", "96-Well 0.2-mL Block"],
        ["Run End Data/Time", "2024-05-06"], ["Software Name and Version", "Design & Analysis Software v2.7.0"], [None]]  # fmt: skip
RESULTS = [
    "Well",
    "Well Position",
    "Omit",
    "Sample",
    "Target",
    "Task",
    "Reporter",
    "Amp Status",
    "Cq",
    "Cq Mean",
]
CURVE = [
    "Well",
    "Well Position",
    "Sample",
    "Quantity",
    "Target",
    "Task",
    "Cq",
    "Y-Intercept",
    "R2",
    "Slope",
    "Omit",
]
WELLS: list[list[Any]] = [
    [1.0, "A1", False, "Std", "T", "STANDARD", "FAM", "AMP", 25.12345678901, 25.1],
    [2.0, "A2", "FALSE", "S1", "T", "UNKNOWN", "FAM", "AMP", 30.0, 30.0],
    [3.0, "A3", "FALSE", None, "T", "NTC", "FAM", "NO_AMP", "UNDETERMINED", None],
    [4.0, "A4", True, "S1", "T", "UNKNOWN", "FAM", "Inconclusive", 31.5, None],
]
CURVE_WELLS: list[list[Any]] = [
    [1.0, "A1", "Std", 1000.0, "T", "STANDARD", 25.12345678901, 40.77, 0.98, -3.3419, "FALSE"],
    [2.0, "A2", "S1", 123.4, "T", "UNKNOWN", 30.0, 40.77, 0.98, -3.3419, "FALSE"],
    [3.0, "A3", None, None, "T", "NTC", "UNDETERMINED", 40.77, 0.98, -3.3419, "FALSE"],
]


def workbook(**sheets: list[list[Any]]) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name.replace("_", " "))
        for cells in rows:
            sheet.append(cells)
    data = io.BytesIO()
    book.save(data)
    return data.getvalue()


def da(wells: list[list[Any]] = WELLS, curve: list[list[Any]] | None = CURVE_WELLS) -> bytes:
    sheets = {"Results": [*HEAD, RESULTS, *wells], "Raw_Data": [["Well"]]}
    if curve is not None:
        sheets["Standard_Curve_Result"] = [*HEAD, CURVE, *curve]
    return workbook(**sheets)


def changed(wells: list[list[Any]], row: int, column: int, value: object) -> list[list[Any]]:
    return [
        [value if (r, c) == (row, column) else cell for c, cell in enumerate(cells)]
        for r, cells in enumerate(wells)
    ]


def test_columns() -> None:
    export = read_export(da(), "run.xlsx")
    assert export.format == "design_and_analysis"
    assert (export.instrument, export.run_date) == ("QuantStudio 5", "2024-05-06")
    assert export.software == "Design & Analysis Software v2.7.0"
    assert export.well == ["A1", "A2", "A3", "A4"]
    assert export.row == [7, 8, 9, 10]
    assert export.cq[:2] == [25.12345678901, 30.0]
    assert export.cq_state == ["determined", "determined", "undetermined", "omitted"]
    assert export.quantity[0] == 1000.0
    assert all(map(math.isnan, export.quantity[1:]))
    assert export.flags == ["", "", "no_amp", "inconclusive;omitted"]
    assert export.printed_curves == {"T": (-3.3419, 40.77, 0.98)}
    assert "sheet Raw Data not read" in export.notes
    assert not any(note == "sheet Standard Curve Result not read" for note in export.notes)


def test_the_sheets_must_agree() -> None:
    with pytest.raises(MrdqError) as caught:
        read_export(da(curve=changed(CURVE_WELLS, 1, 6, 30.5)), "run.xlsx")
    message = str(caught.value)
    assert "row 8, column sheet Standard Curve Result, well A2, target T" in message
    assert 'found "determined 30.5 UNKNOWN"' in message
    assert (
        "expected the Cq and task of the sheet Results, determined 30.0 UNKNOWN in its row 8"
        in message
    )


@pytest.mark.parametrize(
    ("column", "value"), [(6, "UNDETERMINED"), (1, "C9"), (4, "X"), (5, "STANDARD")]
)
def test_a_state_a_well_or_a_task_that_the_results_do_not_have(column: int, value: object) -> None:
    curve = changed(CURVE_WELLS, 1, column, value)
    with pytest.raises(MrdqError, match="the Cq and task of the sheet Results"):
        read_export(da(curve=curve), "run.xlsx")


def test_without_the_sheet_standards_have_no_quantity() -> None:
    export = read_export(da(curve=None), "run.xlsx")
    assert all(map(math.isnan, export.quantity))
    assert "no sheet Standard Curve Result: the standards have no quantity" in export.notes


def test_a_curve_sheet_without_its_table() -> None:
    data = workbook(Results=[*HEAD, RESULTS, *WELLS], Standard_Curve_Result=[["nothing"]])
    with pytest.raises(
        MrdqError, match='column sheet Standard Curve Result: found "no column "Well Position"'
    ):
        read_export(data, "run.xlsx")


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ("N/A", "found"),
        (None, "found nothing"),
        ("27,5", "The workbook holds numbers as text"),
        (-1.0, "above 0"),
    ],
)
def test_cells_that_are_no_cq(cell: object, words: str) -> None:
    with pytest.raises(MrdqError) as caught:
        read_export(da(changed(WELLS, 1, 8, cell)), "run.xlsx")
    assert "row 8, column Cq of sheet Results, well A2" in str(caught.value)
    assert words in str(caught.value)


@pytest.mark.parametrize(("cell", "value"), [("1,250.5", 1250.5), (1.125, 1.125), ("1000", 1000.0)])
def test_quantities_of_a_workbook(cell: object, value: float) -> None:
    assert read_export(da(curve=changed(CURVE_WELLS, 0, 3, cell)), "run.xlsx").quantity[0] == value


def test_a_comma_in_a_quantity_of_a_workbook_is_ambiguous() -> None:
    with pytest.raises(MrdqError, match="can be read in one way only"):
        read_export(da(curve=changed(CURVE_WELLS, 0, 3, "1,250")), "run.xlsx")


def test_wells_outside_the_block_and_twice() -> None:
    with pytest.raises(MrdqError, match="a well of the block"):
        read_export(da(changed(WELLS, 1, 1, "P24")), "run.xlsx")
    with pytest.raises(MrdqError, match=r"row 7: Cq 25\.1235 and row 8: Cq 30"):
        read_export(da(changed(WELLS, 1, 1, "A1")), "run.xlsx")


def test_applied_biosystems_workbook() -> None:
    columns = [
        "Well",
        "Well Position",
        "Omit",
        "Sample Name",
        "Target Name",
        "Task",
        "CT",
        "Quantity",
        "HIGHSD",
    ]
    wells = [[1.0, "A1", "false", "Std", "T", "STANDARD", 25.5, 100.0, "Y"], [2.0, "A2", "false", "S", "T", "UNKNOWN", "Undetermined", 3.0, "N"]]  # fmt: skip
    data = workbook(
        Sample_Setup=[["x"]], Results=[*HEAD, columns, *wells, [None], ["Endogenous Control", "G"]]
    )
    export = read_export(data, "run.xls")
    assert export.format == "applied_biosystems"
    assert (export.well, export.cq[0], export.quantity[0]) == (["A1", "A2"], 25.5, 100.0)
    assert export.flags == ["HIGHSD", ""]
    assert math.isnan(export.quantity[1])
    assert "lines below the table: Endogenous Control G" in export.notes


@pytest.mark.parametrize(
    ("results", "reason"),
    [([["a", "b"]], 'header row that starts with "Well" in the sheet Results'),
     ([[None, None], RESULTS, *WELLS], 'rows such as "Instrument Type" above the header'),
     ([*HEAD, [*RESULTS[:8], "Ct value"], *WELLS], 'no column "Cq" in row 6 of the sheet Results')],
)  # fmt: skip
def test_what_detection_looks_for(results: list[list[Any]], reason: str) -> None:
    with pytest.raises(MrdqError) as caught:
        read_export(workbook(Results=results), "run.xlsx", format="design_and_analysis")
    assert reason in str(caught.value)
    with pytest.raises(MrdqError, match='found "no header line that starts with "Well"'):
        read_export(b"text", "run.xlsx", format="design_and_analysis")


@pytest.mark.parametrize(("cell", "found"), [("#N/A", "#N/A"), ("=I7", NO_VALUE)])
@pytest.mark.parametrize(
    ("sheet", "column", "address"), [("Results", 8, "I8"), ("Results", 2, "C8"), ("Standard Curve Result", 3, "D8")]
)  # fmt: skip
def test_cells_without_a_value_are_refused(
    cell: str, found: str, sheet: str, column: int, address: str
) -> None:
    """The parser gives them as empty: an omitted well would be read, a quantity be lost."""
    wells, curve = WELLS, CURVE_WELLS
    if sheet == "Results":
        wells = changed(wells, 1, column, cell)
    else:
        curve = changed(curve, 1, column, cell)
    with pytest.raises(MrdqError) as caught:
        read_export(da(wells, curve), "run.xlsx")
    assert str(caught.value) == (
        f'run.xlsx, row 8, column sheet {sheet}, cell {address}: found "{found}", expected a value. '
        "Open the workbook in a spreadsheet program, mend the cell and save."
    )


def test_cells_without_a_value_that_nobody_reads() -> None:
    """Another column, the rows above the header, another sheet."""
    head = [[*HEAD[0], "#N/A"], *HEAD[1:]]
    data = workbook(
        Results=[*head, RESULTS, *changed(WELLS, 1, 0, "#DIV/0!")],
        Raw_Data=[["Well"], ["#N/A"]],
    )
    assert read_export(data, "run.xlsx").cq[:2] == [25.12345678901, 30.0]


def test_a_header_without_a_value_is_refused() -> None:
    """It may have been that of the column that says which wells are left out."""
    header = ["#REF!" if name == "Omit" else name for name in RESULTS]
    with pytest.raises(MrdqError, match='row 6, column sheet Results, cell C6: found "#REF!"'):
        read_export(workbook(Results=[*HEAD, header, *WELLS]), "run.xlsx")


def test_truncated_and_damaged_workbooks_are_refused() -> None:
    data = da()
    for cut in range(4, len(data), 97):
        with pytest.raises(MrdqError):
            read_export(data[:cut], "run.xlsx")
    for at in range(100, len(data) - 100, 211):
        damaged = data[:at] + bytes([data[at] ^ 0x55]) + data[at + 1 :]
        try:
            export = read_export(damaged, "run.xlsx")
        except MrdqError:
            continue
        assert export == read_export(data, "run.xlsx")


@pytest.mark.parametrize(
    "data", [b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"]
)
def test_damaged_old_workbooks_are_refused(data: bytes) -> None:
    with pytest.raises(MrdqError, match="a workbook that can be read"):
        read_export(data, "run.xls")


@pytest.mark.parametrize("name", exports.SMALL)
def test_the_shapes_of_design_and_analysis(name: str) -> None:
    export = read_export(exports.SMALL[name], "run")
    assert export.format == "design_and_analysis"
    assert export.instrument == "QuantStudio™ 5 System"
    assert export.software == "Design & Analysis Software v2.7.0"
    assert export.well == ["A1", "A2", "A2", "A3", "A4", "H12"]
    assert export.target == ["IGH-1", "IGH-1", "ALB", "IGH-1", "IGH-1", "IGH-1"]
    assert export.cq[:3] == [21.5, 31.25, 24.125]
    states = ["undetermined", "omitted", "determined"]
    assert export.cq_state[3:] == states
    assert export.flags[0] == "amp_score=1.2;cq_conf=0.98"
    assert export.flags[3] == "NOISE;no_amp;amp_score=0.1;cq_conf=0"
    assert export.flags[5] == "Low Cq Confidence;amp_score=1;cq_conf=0.4"
    assert any("Auto Threshold, Threshold" in note for note in export.notes)


def test_the_csv_of_the_results_says_that_quantities_are_missing() -> None:
    export = read_export(exports.CSV, "run.csv")
    assert all(map(math.isnan, export.quantity))
    assert (
        "Standard Curve Result is a file of its own and is not read: "
        "the standards have no quantity" in export.notes
    )
    unknown = exports.csv_of(exports.ROWS[1:])
    assert not any("Standard Curve" in note for note in read_export(unknown, "run.csv").notes)


def test_a_csv_with_no_lines_above_is_a_plain_table() -> None:
    data = exports.CSV[exports.CSV.index(b"Well,") :]
    assert read_export(data, "run.csv").format == "plain_table"


def test_the_sheet_results_is_preferred() -> None:
    sheet = exports.sheet([exports.COLUMNS, *exports.ROWS])
    data = exports.workbook({"Primary_result": sheet, "RESULTS": sheet[:-1]})
    export = read_export(data, "run.xlsx")
    assert len(export.well) == len(exports.ROWS) - 1
    assert "sheet Primary_result not read" in export.notes


def test_a_csv_that_is_cut_off() -> None:
    """Oracle: the whole file."""

    def reactions(data: bytes) -> set[tuple[Any, ...]]:
        export = read_export(data, "run.csv")
        cq = [None if math.isnan(value) else value for value in export.cq]
        return set(zip(export.well, export.target, cq, export.cq_state, strict=True))

    whole = reactions(exports.CSV)
    for cut in range(len(exports.CSV)):
        try:
            part = reactions(exports.CSV[:cut])
        except MrdqError:
            continue
        assert part <= whole, exports.CSV[:cut][-40:]
