"""What families differ in: the options of a recipe, quality and flag columns, spelled wells, parts."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from mrdq.errors import WARNING, MrdqError, Problem
from mrdq.instruments import Export, cells, read_export
from mrdq.instruments.columns import NO_SIGNAL, NO_SIGNAL_WARNED, REFUSED
from mrdq.instruments.export import joined
from mrdq.instruments.header import read_header
from mrdq.instruments.rows import NAMED, NUMBERED, ROTOR
from mrdq.instruments.source import Source, text_table
from mrdq.instruments.table import Recipe, read_table

AB = "applied_biosystems"
HEADER = "Well\tTarget Name\tTask\tCT\tQuantity"


def read(recipe: Recipe, *lines: str, header: str = HEADER, block: str = "", end: str = "\n", **more: str) -> Export:  # fmt: skip
    source = Source(("\n".join([header, *lines]) + end).encode(), "run.txt")
    found = replace(text_table(source, 0, len(source.text), reason="a test"), constant=more)
    return read_table(source, found, recipe, block=block)


def problem(recipe: Recipe, *lines: str, header: str = HEADER, block: str = "", end: str = "\n") -> str:  # fmt: skip
    with pytest.raises(MrdqError) as caught:
        read(recipe, *lines, header=header, block=block, end=end)
    return str(caught.value)


def recipe(**options: object) -> Recipe:
    return replace(Recipe(AB), **options)  # type: ignore[arg-type]


A1, A2 = "A1\tT\tUNKNOWN\t25.5\t", "A2\tT\tUNKNOWN\t26.5\t"


# Empty Cq cells


def test_an_empty_cq_that_the_format_gives_no_meaning() -> None:
    message = problem(recipe(blank=REFUSED), A1, "A2\tT\tUNKNOWN\t\t", "A3\tT\tNTC\t\t")
    assert "row 3, column CT, well A2: found nothing" in message
    assert "expected a Cq, or the instrument's word for no signal" in message
    assert "An empty cell does not say whether the well was omitted or gave no signal" in message
    assert "well A3" in message


@pytest.mark.parametrize("blank", [NO_SIGNAL, NO_SIGNAL_WARNED])
def test_an_empty_cq_that_means_no_signal(blank: str) -> None:
    export = read(recipe(blank=blank), A1, "A2\tT\tUNKNOWN\t\t", "A3\tT\tNTC\t\t")
    assert export.cq_state == ["determined", "undetermined", "undetermined"]
    assert [math.isnan(cq) for cq in export.cq] == [False, True, True]
    assert "empty Cq cells read as undetermined: wells A2, A3" in export.notes
    assert len(export.warnings) == (1 if blank == NO_SIGNAL_WARNED else 0)
    for warning in export.warnings:
        assert warning.level == WARNING
        assert str(warning) == (
            "run.txt, row 3, column CT, wells A2, A3: found nothing, expected a Cq, or a word for no signal. The empty "
            "cells are read as undetermined. Write Undetermined where a well gave no signal, and mend the table where "
            "a Cq is missing."
        )


@pytest.mark.parametrize("blank", [REFUSED, NO_SIGNAL, NO_SIGNAL_WARNED])
def test_wells_without_target_task_and_cq_are_empty(blank: str) -> None:
    export = read(recipe(blank=blank), A1, "A2\t\t\t\t", "A3\t\t\t31.5\t")
    assert export.well == ["A1", "A3"]
    assert "empty wells, no target and no Cq: A2" in export.notes
    assert export.warnings == []


def test_where_every_row_is_a_reaction() -> None:
    export = read(recipe(blank=NO_SIGNAL, every_row=True), A1, "A2\t\t\t\t")
    assert export.cq_state == ["determined", "undetermined"]
    assert "empty Cq cells read as undetermined: wells A2" in export.notes


# Quantities


@pytest.mark.parametrize("standards_only", [True, False])
def test_whose_quantities_are_kept(standards_only: bool) -> None:
    export = read(
        recipe(standards_only=standards_only),
        *("A1\tT\tSTANDARD\t25.5\t100", "A2\tT\tUNKNOWN\t26.5\t50", "A3\tT\tNTC\t36.5\t"),
    )
    assert export.quantity[0] == 100.0
    assert export.quantity[1] == 50.0 or (standards_only and math.isnan(export.quantity[1]))
    assert standards_only is math.isnan(export.quantity[1])
    assert math.isnan(export.quantity[2])


# Lines below the table


@pytest.mark.parametrize("gap", [(), ("",), ("", "", "\t\t")])
def test_footers_of_the_family(gap: tuple[str, ...]) -> None:
    lines = (A1, A2, *gap, "Analysis Type = Singleplex", "Reference Sample\tS1")
    export = read(recipe(footers="applied_biosystems_footers"), *lines)
    assert export.well == ["A1", "A2"]
    assert "lines below the table: Analysis Type = Singleplex; Reference Sample S1" in export.notes
    message = problem(recipe(footers=""), *lines)
    assert 'found "Analysis Type = Singleplex", expected 5 cells, up to column Quantity' in message
    assert (
        f"The export is cut off at row {4 + len(gap)}, or the row is none of the table" in message
    )


def test_a_line_with_a_cq_is_no_footer() -> None:
    with_footers = recipe(footers="applied_biosystems_footers")
    message = problem(with_footers, A1, "Reference Sample\tT\tUNKNOWN\t25.5\t")
    assert 'column Well: found "Reference Sample", expected a well, such as A1' in message
    message = problem(with_footers, A1, "x = y\tT\tUNKNOWN\t25.5\t")
    assert 'found "x = y", expected a well' in message


def test_a_line_of_another_family_is_no_footer() -> None:
    message = problem(recipe(footers="applied_biosystems_footers"), A1, "Slope\t-3.3\t\t\t")
    assert 'column Well: found "Slope", expected a well' in message


# Wells: numbers and rotors


def test_wells_by_number() -> None:
    lines = [f"{n}\tT\tUNKNOWN\t25.5\t" for n in (1, 12, 13, 96)]
    export = read(recipe(spelled=NUMBERED), *lines, block="96-Well Block")
    assert export.well == ["A1", "A12", "B1", "H12"]
    assert export.warnings == []
    assert "4 of the 96 wells of the block are in the export" in export.notes
    export = read(recipe(spelled=NUMBERED), *lines, block="384-Well Block")
    assert export.well == ["A1", "A12", "A13", "D24"]
    assert export.warnings == []


def test_wells_by_number_on_a_block_that_is_not_named() -> None:
    """Numbers above 96 settle it; else the usual plate is taken, and it is said."""
    export = read(recipe(spelled=NUMBERED), "13\tT\tUNKNOWN\t25.5\t", "97\tT\tUNKNOWN\t25.5\t")
    assert (export.well, export.warnings) == (["A13", "E1"], [])
    export = read(recipe(spelled=NUMBERED), "13\tT\tUNKNOWN\t25.5\t", "96\tT\tUNKNOWN\t25.5\t")
    assert export.well == ["B1", "H12"]
    (warning,) = export.warnings
    assert warning.level == WARNING
    assert str(warning) == (
        'run.txt, column Well: found "wells numbered up to 96", expected the kind of block. They are read as wells '
        "of a 96-well plate, 12 to a row; on a 384-well plate they would be others. Check them against the layout."
    )


@pytest.mark.parametrize(
    ("cell", "block"),
    [("97", "96-Well Block"), ("0", "96-Well Block"), ("385", "384-Well Block"), ("A1", "96-Well Block"),
     ("1.0", "96-Well Block"), ("-1", "96-Well Block"), ("385", ""), ("99999", "")],
)  # fmt: skip
def test_numbers_that_are_no_well(cell: str, block: str) -> None:
    message = problem(recipe(spelled=NUMBERED), f"{cell}\tT\tUNKNOWN\t25.5\t", block=block)
    assert f'row 2, column Well: found "{cell}", expected a well' in message
    assert "The row is no well of the results table. Correct the name of the well." in message


def test_positions_of_a_rotor() -> None:
    lines = [f"{cell}\tT\tUNKNOWN\t25.5\t" for cell in ("1", "B1", "72")]
    export = read(recipe(spelled=ROTOR), *lines, block="72")
    assert export.well == ["A1", "B1", "I8"]
    assert not [note for note in export.notes if "wells of the block" in note]
    for wrong in ("73", "0", "A9", "J1", "a1"):
        assert "expected a well" in problem(recipe(spelled=ROTOR), f"{wrong}\tT\tUNKNOWN\t25.5\t")
    twice = problem(recipe(spelled=ROTOR), lines[1], "9\tT\tUNKNOWN\t26.5\t")
    assert 'column well B1, target T: found "row 2: Cq 25.5 and row 3: Cq 26.5"' in twice


def test_named_wells_are_never_numbers() -> None:
    assert 'found "13", expected a well, such as A1' in problem(recipe(spelled=NAMED), "13\tT\tUNKNOWN\t25.5\t")  # fmt: skip


def test_tables_of_names() -> None:
    assert cells.well_numbers(96)["13"] == "B1"
    assert cells.well_numbers(384)["25"] == "B1"
    assert (cells.well_numbers(24)["7"], cells.well_numbers(48)["9"]) == ("B1", "B1")
    for plate in cells.PLATES:
        numbers = cells.well_numbers(plate)
        assert list(numbers) == [str(n + 1) for n in range(plate)]
        assert list(numbers.values()) == list(dict.fromkeys(cells.well_names(plate).values()))
    rotor = cells.rotor_names()
    assert (rotor["9"], rotor["72"], rotor["I8"]) == ("B1", "I8", "I8")
    assert len(set(rotor.values())) == 72
    assert len(rotor) == 144


@pytest.mark.parametrize(
    ("block", "size"),
    [("96-Well Block (0.2mL)", 96), (" 384", 384), ("48well", 48), ("24", 24), ("", 0), ("OpenArray Block", 0),
     ("Fast 96-Well", 0), ("960", 0), ("7-Well", 0), ("72", 0)],
)  # fmt: skip
def test_the_block_that_a_header_states(block: str, size: int) -> None:
    assert cells.stated_plate(block) == size
    assert cells.plate_of(block) == (size or 384)


# Delimiters at the end, and rows with nothing but a name


def test_rows_that_end_in_a_delimiter() -> None:
    export = read(recipe(trailing=True), f"{A1}\t", f"{A2}\t", "", "\t")
    assert (export.well, export.row) == (["A1", "A2"], [2, 3])
    assert "expected 5 cells, as in the header" in problem(recipe(), f"{A1}\t", f"{A2}\t")


@pytest.mark.parametrize("odd", [A2, "A2\tT\t\tUNKNOWN\t26.5\t", f"{A2}\tx", f"{A2}\t\t"])
def test_delimiters_that_only_some_rows_have(odd: str) -> None:
    """One gained inside a row would move its Cq: then none is taken off."""
    lines = (f"{A1}\t", odd) if odd != "A2\tT\t\tUNKNOWN\t26.5\t" else (A1, odd)
    assert "expected 5 cells, as in the header" in problem(recipe(trailing=True), *lines)


def test_rows_that_hold_only_the_name_of_their_well() -> None:
    export = read(recipe(stubs=True), "A1", A2, "A3", "A4\t\t")
    assert (export.well, export.row) == (["A2"], [3])
    assert "empty wells, nothing but their name: A1, A3, A4" in export.notes
    assert "expected 5 cells, up to column Quantity" in problem(recipe(), "A1", A2)


def test_a_short_row_with_more_than_a_name() -> None:
    assert "row 2: found" in problem(recipe(stubs=True), "A1\tT", A2)
    assert 'found "A99", expected 5 cells' in problem(recipe(stubs=True), "A99", A2)


def test_a_row_with_only_a_name_at_an_open_end_may_be_cut() -> None:
    assert "The export is cut off at row 3" in problem(recipe(stubs=True), A2, "A1", end="")
    assert read(recipe(stubs=True), A2, "A1").well == ["A2"]


# Flags and quality


FLAGS = "Well\tTarget Name\tCT\tOmit\tAmp Status\tCq Conf\tHIGHSD\tEW\tAmp Score\tNote"


def flags(*cells_: str, header: str = FLAGS, **options: object) -> tuple[list[str], list[str]]:
    rows = [f"A{n + 1}\tT\t2{n}.5\t{row}" for n, row in enumerate(cells_)]
    export = read(recipe(flags=True, **options), *rows, header=header)
    return export.flags, export.notes


def test_flags_and_quality_of_a_well() -> None:
    found, notes = flags(
        "false\tAmp\t0.98\tN\tN\t1.5\tx", "false\tNo Amp\t\tY\tY\t\t", "true\tInconclusive\t0.1\tY\tN\t\t",
        "\t\t\t\t\t\t",
    )  # fmt: skip
    assert found == [
        "cq_conf=0.98;amp_score=1.5",
        "HIGHSD;EW;no_amp",
        "HIGHSD;inconclusive;omitted;cq_conf=0.1",
        "",
    ]
    assert notes == ["columns not read: Note"]


def test_flags_spelled_as_truth() -> None:
    assert flags("false\tAmp\t\ttrue\tfalse\t\t")[0] == ["HIGHSD"]


def test_a_column_in_capitals_that_is_no_flag_is_not_read() -> None:
    found, notes = flags("false\tAmp\t\t0.5\tN\t\t", "false\tAmp\t\tY\tY\t\t")
    assert found == ["", "EW"]
    assert notes == ["columns not read: Note, HIGHSD"]


def test_flags_only_where_the_family_has_them() -> None:
    rows = ("A1\tT\t20.5\tfalse\tNo Amp\t0.98\tY\tY\t\t",)
    export = read(recipe(flags=False), *rows, header=FLAGS)
    assert export.flags == ["no_amp;cq_conf=0.98"]
    assert export.notes == ["columns not read: HIGHSD, EW, Note"]


def test_short_names_are_flags_only_if_listed() -> None:
    header = read_header(("Well", "CT", "EW", "QC", "Outlier", "NOAMP", "NoAmp", "Cq Conf"), AB,
                         required=("well", "cq"), flags=True)  # fmt: skip
    assert [header.names[index] for index in header.flags] == ["EW", "Outlier", "NOAMP"]
    assert header.quality == ((7, "cq_conf"),)
    assert header.unread == ("QC", "NoAmp")
    assert (header.last, header.read) == (7, frozenset({0, 1, 2, 4, 5, 7}))


def test_words_that_are_no_remark() -> None:
    """Of a column of quality only what says something becomes a flag."""
    header = "Well\tTarget Name\tCT\tCpUncertain\tStatusDesc\tCpState"
    rows = ("A1\tT\t20.5\t0\t\tcpsNormal", "A2\tT\t21.5\t1\tlate\tcpsOdd")
    export = read(recipe(), *rows, header=header)
    assert export.flags == ["", "cp_uncertain=1;status=late;cp_state=cpsOdd"]


def test_quality_at_an_open_end_may_be_cut() -> None:
    """It is the last cell that is read, and 0.98 may have been 0.985."""
    header = "Well\tTarget Name\tCT\tCq Conf"
    message = problem(recipe(), "A1\tT\t20.5\t0.98", header=header, end="")
    assert 'row 2, column Cq Conf: found "0.98", expected a line end after the last cell' in message


def test_omitted_wells_are_flagged_and_keep_no_cq() -> None:
    header = "Well\tTarget Name\tCT\tOmit"
    export = read(recipe(), "A1\tT\t20.5\ttrue", "A2\tT\t21.5\tfalse", header=header)
    assert (export.flags, export.cq_state) == (["omitted", ""], ["omitted", "determined"])
    assert "row 2, column Omit, well A1" in problem(recipe(), "A1\tT\t20.5\tperhaps", header=header)


def test_wells_left_out_by_a_column_include() -> None:
    header = "Include\tPos\tName\tCp\tStandard"
    own = Recipe("lightcycler_480", required=("well", "cq", "include"), standards_only=False)
    export = read(own, "True\tA1\tS\t20.5\t0", "False\tA2\tS\t21.5\t0", header=header)
    assert (export.flags, export.cq_state) == (["", "omitted"], ["determined", "omitted"])
    message = problem(own, "\tA1\tS\t20.5\t0", header=header)
    assert "column Include, well A1: found nothing, expected true or false" in message


def test_what_the_file_says_once_for_all_rows() -> None:
    header = "Well\tCT"
    bare = recipe(required=("well", "cq"), every_row=True)
    export = read(bare, "A1\t20.5", "A2\t21.5", header=header, channel="FAM", target="T")
    assert (export.channel, export.target) == (["FAM", "FAM"], ["T", "T"])
    assert read(bare, "A1\t20.5", header=header).channel == [""]


# Several tables of one file


def part(*rows: str, channel: str = "", **fields: object) -> Export:
    return replace(read(recipe(), *rows, channel=channel), **fields)  # type: ignore[arg-type]


def test_tables_under_each_other() -> None:
    same, other = Problem("run.txt", "x", level=WARNING), Problem("run.txt", "y", level=WARNING)
    curve = (-3.4, 38.0, 0.99)
    one = part(A1, A2, channel="FAM", notes=["a", "b"], warnings=[same], instrument="first")
    two = part(A1, channel="VIC", notes=["b", "c"], warnings=[same, other], instrument="second",
               printed_curves={"U": curve})  # fmt: skip
    both = joined([one, two])
    assert (both.well, both.channel) == (["A1", "A2", "A1"], ["FAM", "FAM", "VIC"])
    assert both.cq == [25.5, 26.5, 25.5]
    assert (both.row, both.cq_state) == ([2, 3, 2], ["determined"] * 3)
    assert (both.notes, both.warnings) == (["a", "b", "c"], [same, other])
    assert (both.instrument, both.printed_curves) == ("first", {"U": curve})
    lengths = {
        len(getattr(both, name)) for name in ("sample", "target", "task", "quantity", "flags")
    }
    assert lengths == {3}
    assert joined([one]) == one


def test_the_parts_are_left_as_they_are() -> None:
    one, two = part(A1), part(A2)
    both = joined([one, two])
    both.well.append("x")
    assert (one.well, two.well) == (["A1"], ["A2"])


@pytest.mark.parametrize("n_cells", [1, 2, 3])
def test_a_family_is_read_the_same_by_either_path(n_cells: int) -> None:
    """The quick path for the usual table and the careful one give the same columns."""
    head = "* Block Type = 96well\n[Results]\nWell\tTarget Name\tCT\tHIGHSD\n"
    rows = "".join(f"A{n}\tT\t2{n}.25\tN\n" for n in range(1, n_cells + 1))
    quick = read_export(f"{head}{rows}".encode(), "x")
    careful = read_export(f"{head}{rows.replace('T', chr(34) + 'T' + chr(34))}".encode(), "x")
    assert quick == careful
