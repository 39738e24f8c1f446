"""Applied Biosystems text: every row accounted for, every message."""

from __future__ import annotations

import math

import pytest
from exports import viia_7 as exports

from mrdq.errors import MrdqError
from mrdq.instruments import Export, read_export

HEAD = (
    "* Block Type = 96-Well Block (0.2mL)",
    "* Experiment Run End Time = 2024-05-06 07:08:09 AM CEST",
    "* Instrument Type = QuantStudio(TM) 7 Flex System",
    "",
)
COLUMNS = (
    *(
        "Well",
        "Well Position",
        "Omit",
        "Sample Name",
        "Target Name",
        "Task",
        "Reporter",
        "CT",
        "Ct Mean",
    ),
    *("Quantity", "Y-Intercept", "R(superscript 2)", "Slope", "HIGHSD", "NOAMP", "Comments"),
)
SHORT = {"position": "Well Position", "sample": "Sample Name", "target": "Target Name", "cq": "CT"}
FOOTER = ("", "Analysis Type = Singleplex", "Reference Sample = ", "")


def row(number: int, **cells: str) -> str:
    """A row of the table: a sample of target T in well A<number>, but for the cells given."""
    usual = {
        "Well": str(number), "Well Position": f"A{number}", "Omit": "false", "Sample Name": "S1", "Target Name": "T",
        "Task": "UNKNOWN", "Reporter": "FAM", "CT": f"{20 + number}.125", "HIGHSD": "N", "NOAMP": "N",
    }  # fmt: skip
    usual |= {SHORT.get(key, key): value for key, value in cells.items()}
    return "\t".join(usual.get(column, "") for column in COLUMNS)


def text(*rows: str, head: tuple[str, ...] = HEAD, footer: tuple[str, ...] = FOOTER) -> str:
    return "\n".join([*head, "[Results]", "\t".join(COLUMNS), *rows, *footer])


def read(*rows: str, **parts: tuple[str, ...]) -> Export:
    return read_export(text(*rows, **parts).encode(), "run.txt")


def problem(*rows: str, **parts: tuple[str, ...]) -> str:
    with pytest.raises(MrdqError) as caught:
        read(*rows, **parts)
    assert all(str(one).startswith("run.txt") for one in caught.value.problems)
    return str(caught.value)


def test_columns_of_an_export() -> None:
    export = read(
        row(1, Task="STANDARD", Quantity="1,250.000", Slope="-3.4"), row(2, Quantity="1,111.5", Slope="-3.4"),
        row(3, cq="Undetermined", sample="", Task="NTC", NOAMP="Y", HIGHSD="Y", Slope="-3.4"), row(4, Omit="true"),
    )  # fmt: skip
    assert export.format == "applied_biosystems"
    assert "section [Results]" in export.reason
    assert (export.instrument, export.software) == ("QuantStudio(TM) 7 Flex System", "")
    assert export.run_date == "2024-05-06 07:08:09 AM CEST"
    assert export.well == ["A1", "A2", "A3", "A4"]
    assert export.row == [7, 8, 9, 10]
    assert export.cq_state == ["determined", "determined", "undetermined", "omitted"]
    assert export.cq[:2] == [21.125, 22.125]
    assert all(map(math.isnan, export.cq[2:]))
    assert export.quantity[0] == 1250.0
    assert all(map(math.isnan, export.quantity[1:]))
    assert export.flags == ["", "", "HIGHSD;NOAMP", "omitted"]
    assert export.task == ["STANDARD", "UNKNOWN", "NTC", "UNKNOWN"]
    assert export.sample == ["S1", "S1", "", "S1"]
    assert export.channel == ["FAM"] * 4
    assert export.printed_curves == {"T": (-3.4, None, None)}
    assert "columns not read: Well, Comments" in export.notes
    assert "lines below the table: Analysis Type = Singleplex; Reference Sample =" in export.notes


@pytest.mark.parametrize("word", ["Undetermined", "UNDETERMINED", "Undet.", "undetermined"])
def test_undetermined_words(word: str) -> None:
    assert read(row(1, cq=word), row(2)).cq_state == ["undetermined", "determined"]


@pytest.mark.parametrize(
    ("cell", "expected"),
    [("N/A", "a Cq [cycles]"), ("NaN", "a Cq [cycles]"), ("No Ct", "a Cq [cycles]"), ("27.1.2", "a Cq [cycles]"),
     ("2_7", "a Cq [cycles]"), ("-1", "a Cq above 0 and at most 100 cycles"), ("0", "a Cq above 0"),
     ("0.000", "a Cq above 0"), ("101", "at most 100 cycles"), ("", "a Cq, or the instrument's word for no signal")],
)  # fmt: skip
def test_a_cq_is_never_guessed(cell: str, expected: str) -> None:
    message = problem(row(1), row(2, cq=cell))
    assert "row 8, column CT, well A2" in message
    assert expected in message


def test_all_problems_are_told_at_once() -> None:
    with pytest.raises(MrdqError) as caught:
        read(
            row(1, Omit="maybe"),
            row(2, position="A99"),
            row(3, cq="x"),
            row(4, Task="STANDARD", Quantity="1,5"),
        )
    assert [one.row for one in caught.value.problems] == [7, 8, 9, 10]
    assert "expected true or false" in str(caught.value)


def test_omitted_wells_need_no_cq() -> None:
    for word in ("true", "TRUE", "1"):
        assert read(row(1), row(2, Omit=word, cq="")).cq_state == ["determined", "omitted"]


def test_rows_after_a_blank_line_are_data() -> None:
    export = read(row(1), "", "Endogenous Control = X", row(2), "\t\t\t")
    assert export.well == ["A1", "A2"]
    assert export.row == [7, 10]


def test_empty_wells_are_noted_and_rows_with_a_cq_are_kept() -> None:
    empty = row(3, sample="", target="", Task="", cq="")
    export = read(row(1), empty, row(4, sample="", target="", Task="", cq="31.5"))
    assert export.well == ["A1", "A4"]
    assert export.cq[1] == 31.5
    assert "empty wells, no target and no Cq: A3" in export.notes


def test_lines_that_are_neither_row_nor_footer() -> None:
    assert "row 8: found" in problem(row(1), "Something else")
    assert "cut off at row 8" in problem(row(1), "2\tA2\tfalse\tS1\tT\tUNKNOWN\tFAM\t22.1", row(3))
    assert "expected 16 cells, as in the header" in problem(row(1), row(2) + "\tmore")


STEPONE = "* Block Type = 96well\n[Results]\nWell\tTarget Name\tCT\tCt Mean\tAutomatic Baseline\tComments\n"


def test_trailing_cells_that_nobody_reads_may_lack() -> None:
    data = STEPONE + "A1\tT\t21.5\t21.6\ttrue\nA2\tT\t22.5\t21.6\ttrue\tx\n"
    assert read_export(data.encode(), "run.txt").cq == [21.5, 22.5]


@pytest.mark.parametrize(
    "odd", ["A2\tT22.5\t21.6\ttrue\tx", "A2\tT\t\t22.5\t21.6\ttrue\tx", "A2\tT\t22.5\t21.6"]
)
def test_values_that_may_stand_in_the_wrong_column(odd: str) -> None:
    """A delimiter lost or gained: the mean would be read as the Cq."""
    with pytest.raises(MrdqError) as caught:
        read_export(f"{STEPONE}A1\tT\t21.5\t21.6\ttrue\n{odd}\n".encode(), "run.txt")
    assert "row 5: found" in str(caught.value)
    assert "expected 6 cells, as in the header" in str(caught.value)


def test_a_row_as_long_as_the_header_among_shorter_ones_may_be_shifted() -> None:
    data = STEPONE + "A1\tT\t21.5\t21.6\ttrue\nA2\tT\tx\t22.5\t21.6\ttrue\n"
    with pytest.raises(MrdqError, match="row 5: found"):
        read_export(data.encode(), "run.txt")


@pytest.mark.parametrize("well", ["A13", "I1", "A1a1", "7", "", "A0", "B"])
def test_wells_outside_the_block(well: str) -> None:
    message = problem(row(1), row(2, position=well))
    assert "row 8, column Well Position" in message
    assert "a well of the block (96-Well Block (0.2mL)), such as A1" in message


def test_wells_of_larger_blocks() -> None:
    assert read(row(1, position="P24"), head=("* Block Type = 384-Well Block", "")).well == ["P24"]
    block_1536 = ("* Block Type = 1536-Well Block", "")
    assert read(row(1, position="AF48"), head=block_1536).well == ["AF48"]
    assert read(row(1, position="A1a1"), head=("* Block Type = OpenArray Block", "")).well == [
        "A1a1"
    ]
    assert "a well of the block" in problem(
        row(1, position="A1a1"), head=("* Block Type = 384-Well Block", "")
    )


def test_two_rows_of_one_well_and_target() -> None:
    message = problem(row(1), row(2), row(2, cq="Undetermined"))
    assert "row 9, column well A2, target T" in message
    assert 'found "row 8: Cq 22.125 and row 9: undetermined"' in message
    assert read(row(1), row(1, target="U")).well == ["A1", "A1"]


def test_two_rows_of_one_well_and_target_in_two_channels() -> None:
    message = problem(row(1), row(2), row(1, Reporter="VIC", cq="30.5"))
    assert "row 9, column well A1, target T" in message
    assert 'found "row 7, FAM: Cq 21.125 and row 9, VIC: Cq 30.5"' in message
    assert "expected one row per well and target" in message


def test_where_no_target_is_named_the_channel_stands_for_it() -> None:
    assert read(row(1, target=""), row(1, target="", Reporter="VIC")).well == ["A1", "A1"]
    message = problem(row(1, target=""), row(1, target="", cq="30.5"))
    assert "one row per well and channel where no target is named" in message


def test_decimal_comma() -> None:
    export = read(
        row(1, cq="21,5", Task="STANDARD", Quantity="1.250,5"), row(2, cq="22,25", Slope="-3,4"),
        row(3, cq="8,940e+000", Task="STANDARD", Quantity="8,940e+003"), row(4, cq="23,1", Task="STANDARD", Quantity=",04"),
    )  # fmt: skip
    assert export.cq == [21.5, 22.25, 8.94, 23.1]
    assert [export.quantity[i] for i in (0, 2, 3)] == [1250.5, 8940.0, 0.04]
    assert export.printed_curves == {"T": (-3.4, None, None)}


def test_both_decimal_signs() -> None:
    message = problem(row(1, cq="21.5"), row(2, cq="22,5"))
    assert "one decimal sign in the whole column" in message
    assert '"21.5" in row 7 has a point' in message
    assert "one decimal sign" in problem(row(1, cq="1,021.5"), row(2))


@pytest.mark.parametrize(
    ("quantity", "cq"),
    [
        ("1,5", "21.5"),
        ("1.5", "21,5"),
        ("1,000", "21"),
        ("0,600", "21.5"),
        ("0.500", "21,5"),
        ("20,000", "21.5"),
        ("600.000", "21,5"),
        ("-5", "21.5"),
        ("x", "21.5"),
    ],
)
def test_ambiguous_quantities(quantity: str, cq: str) -> None:
    message = problem(row(1, cq=cq, Task="STANDARD", Quantity=quantity))
    assert "column Quantity, well A1" in message
    assert "a quantity that can be read in one way only, not negative" in message


def test_quantities_of_samples_are_not_even_parsed() -> None:
    assert math.isnan(read(row(1, Quantity="who knows")).quantity[0])


def test_several_curves_of_a_target_are_noted() -> None:
    export = read(row(1, Slope="-3.4"), row(2, Slope="-3.5"))
    assert export.printed_curves == {}
    assert "several curves are printed for target T: none is taken over" in export.notes


def test_capitals_that_are_no_flag_are_noted() -> None:
    export = read(row(1, HIGHSD="0.5"))
    assert export.flags == [""]
    assert "columns not read: Well, Comments, HIGHSD" in export.notes


def test_no_rows() -> None:
    assert "expected rows of results below the header" in problem()


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_encodings_and_line_ends(end: str, encoding: str) -> None:
    data = text(row(1, sample="Größe"), row(2)).replace("\n", end).encode(encoding)
    export = read_export(data, "run.txt")
    assert (export.sample[0], export.cq, export.row) == ("Größe", [21.125, 22.125], [7, 8])


def test_comma_separated_with_keys_and_no_section() -> None:
    lines = [
        *(line[2:].replace(" = ", ",") for line in HEAD),
        ",".join(COLUMNS),
        row(1),
        row(2, sample="S2"),
    ]
    data = "\n".join([*lines, "Analysis Type,Singleplex", ""]).replace("\t", ",").encode()
    export = read_export(data, "run.csv")
    assert (export.format, export.well, export.row) == ("applied_biosystems", ["A1", "A2"], [6, 7])
    assert export.instrument == "QuantStudio(TM) 7 Flex System"
    assert "lines below the table: Analysis Type Singleplex" in export.notes


def test_cyrillic_header_and_wells_in_the_column_well() -> None:
    columns = "Well\tSample Name\tTarget Name\tTask\tC\u0442\tC\u0442 Mean"
    data = (
        f"* Block Type = 96well\n[Results]\n{columns}\nA1\tS\tT\tUNKNOWN\t4.5686\t4.3874\n".encode()
    )
    assert read_export(data, "x").cq == [4.5686]


def test_other_sections_are_noted() -> None:
    setup = ("* Block Type = 96well", "[Sample Setup]", 'Well\t"odd', "")
    export = read(row(1), head=setup, footer=("[Raw Data]", "A1\t1", ""))
    assert "section [Sample Setup] from row 3 on not read" in export.notes
    assert "section [Raw Data] from row 9 on not read" in export.notes


def test_a_quote_that_swallows_rows() -> None:
    assert "quotation marks that open and close" in problem(
        row(1, sample='"S1'), row(2), row(3, sample='S3"')
    )


@pytest.mark.parametrize(
    ("change", "reason"),
    [(("[Results]", "[Raw Data]"), "no section [Results]"), (("\tCT\t", "\tCycle\t"), 'no column "CT" (or Cq, CRT)'),
     (("Target Name", "Target"), 'no column "Target Name"'), (("Well\t", "Wells\t"), 'header line that starts with "Well"'),
     (("\tCt Mean\t", "\tCq\t"), 'single column for cq: there are "CT" and "Cq"'),
     (("Analysis Type = Singleplex", "[Results]"), "single section [Results]: there are several")],
)  # fmt: skip
def test_what_detection_looks_for(change: tuple[str, str], reason: str) -> None:
    with pytest.raises(MrdqError) as caught:
        read_export(text(row(1)).replace(*change).encode(), "run.txt", format="applied_biosystems")
    assert reason in str(caught.value)
    assert "as the column format says" in str(caught.value)


def _twice(column: str, first: str, second: str) -> bytes:
    """A row with ``first`` in a column that stands there again at the end, with ``second``."""
    head = [*HEAD, "[Results]", "\t".join([*COLUMNS, column])]
    return "\n".join([*head, f"{row(1, **{column: first})}\t{second}", ""]).encode()


@pytest.mark.parametrize("column", ["Target Name", "Sample Name", "Task", "Reporter"])
def test_a_column_of_names_that_stands_there_twice(column: str) -> None:
    export = read_export(_twice(column, "IGH-1", "IGH-1"), "run.txt")
    assert "IGH-1" in (export.target + export.sample + export.task + export.channel)
    assert not any(column in note for note in export.notes)
    with pytest.raises(MrdqError) as caught:
        read_export(_twice(column, "IGH-1", "IGH-"), "run.txt")
    message = f'row 7, column {column}, well A1: found "IGH-", expected "IGH-1", as in'
    assert message in str(caught.value)
    cut = _twice(column, "IGH-1", "IGH-1")[:-1]
    with pytest.raises(MrdqError, match="a line end after the last cell"):
        read_export(cut, "run.txt")


@pytest.mark.parametrize("column", ["CT", "Quantity"])
def test_a_column_of_numbers_that_stands_there_twice_is_refused(column: str) -> None:
    with pytest.raises(MrdqError, match=f'there are "{column}" and "{column}"'):
        read_export(_twice(column, "25.5", "25.5"), "run.txt", format="applied_biosystems")


@pytest.mark.parametrize("data", list(exports.SMALL.values()))
def test_the_shapes_of_quantstudio_and_viia_7(data: bytes) -> None:
    export = read_export(data, "run")
    assert export.format == "applied_biosystems"
    assert export.instrument == "ViiA 7"
    assert export.well == ["A1", "A2", "A3", "A4", "A5", "H12"]
    assert export.cq[:3] == [21.5, 22.0, 31.25]
    assert export.cq_state[3:] == ["undetermined", "omitted", "determined"]
    assert export.quantity[:2] == [1250.0, 1250.0]
    assert all(map(math.isnan, export.quantity[2:]))
    assert export.target == [*["IGH-1"] * 5, ""]
    assert export.flags[2:5] == ["HIGHSD;cq_conf=0.9", "NOAMP;cq_conf=0", "omitted"]
    assert export.printed_curves == {"IGH-1": (-3.4, 38.5, 0.99)}
    assert export.warnings == []
    assert any("Automatic Ct Threshold, Ct Threshold, Comments" in note for note in export.notes)


@pytest.mark.parametrize("name", ["CT", "Ct", "Cq", "CRT", "C\u0442"])
def test_names_of_the_cq_column(name: str) -> None:
    columns = [name if column == "CT" else column for column in exports.COLUMNS]
    for data in (exports.text(columns), exports.csv_of(columns), exports.workbook(columns=columns)):
        assert read_export(data, "run").cq[:3] == [21.5, 22.0, 31.25]


@pytest.mark.parametrize("sheet", ["Results", "RESULTS", "results"])
def test_names_of_the_results_sheet(sheet: str) -> None:
    export = read_export(exports.workbook(sheet), "run.xls")
    assert export.cq[:3] == [21.5, 22.0, 31.25]
    assert f"sheet {sheet} of Applied Biosystems software" in export.reason


@pytest.mark.parametrize("n_lines", [9, 20, 47, 150])
def test_headings_of_any_length(n_lines: int) -> None:
    more = [f"* Calibration {n} is expired = No" for n in range(n_lines)]
    data = "\n".join([*more, exports.text().decode()]).encode()
    assert read_export(data, "run.txt").cq[:3] == [21.5, 22.0, 31.25]


@pytest.mark.parametrize("name", ["text", "csv"])
def test_cut_off_at_any_byte(name: str) -> None:
    """Oracle: the whole file."""

    def reactions(data: bytes) -> set[tuple[object, ...]]:
        export = read_export(data, "run")
        cq = [None if math.isnan(value) else value for value in export.cq]
        return set(zip(export.well, export.target, cq, export.cq_state, strict=True))

    data = exports.SMALL[name]
    whole = reactions(data)
    for cut in range(len(data)):
        try:
            part = reactions(data[:cut])
        except MrdqError:
            continue
        assert part <= whole, data[:cut][-40:]
