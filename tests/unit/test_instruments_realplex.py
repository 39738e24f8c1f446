"""Eppendorf realplex: one dye and several, with and without types and parameters."""

from __future__ import annotations

import math

import pytest
from exports.realplex import COLUMNS, ROWS, SMALL, TYPED, lines

from mrdq.errors import MrdqError
from mrdq.instruments import Export, read_export


def rows_of(export: Export) -> set[tuple[str, ...]]:
    columns = (export.well, export.target, export.channel, map(repr, export.cq), export.cq_state)
    return set(zip(*columns, strict=True))


@pytest.mark.parametrize("name", ["one dye", "parameters"])
def test_columns(name: str) -> None:
    export = read_export(SMALL[name], "run.txt")
    assert export.format == "realplex"
    assert export.reason == "a header that starts with Pos and Name and has a Ct of SYBR"
    assert export.well == ["A1", "A2", "B1", "B2", "C1", "H12"]
    assert export.target == ["IGH"] * 4 + [""] * 2
    assert export.sample == ["Std 1", "Std 1", "Patient", "Patient", "", ""]
    assert export.task == [""] * 6
    assert export.channel == ["SYBR"] * 6
    assert export.cq[:3] == [20.1, 20.3, 30.25]
    assert export.cq_state == ["determined"] * 3 + ["undetermined"] * 2 + ["determined"]
    assert all(map(math.isnan, export.quantity))
    assert export.row == [2, 3, 4, 5, 6, 7]
    assert export.warnings == []


def test_notes_account_for_the_rest() -> None:
    notes = read_export(SMALL["parameters"], "run.txt").notes
    assert "empty Cq cells read as undetermined: wells B2, C1" in notes
    assert "lines below the table from row 9 on not read: Analysis Parameters" in notes
    assert "amounts not kept: no column Type says which wells are standards" in notes
    more = COLUMNS + '\t"NRQ"\n' + ROWS[0] + "1\t\n"
    assert "columns not read: NRQ" in read_export(more.encode(), "run.txt").notes


def test_types_tell_the_standards() -> None:
    export = read_export(SMALL["types"], "run.csv")
    assert export.task == ["Standard", "Unknown", "NTC"]
    assert export.quantity[0] == 1000.5
    assert all(map(math.isnan, export.quantity[1:]))
    assert export.cq_state == ["determined", "determined", "undetermined"]
    assert not any("amounts" in note for note in export.notes)


def test_each_dye_is_a_reaction() -> None:
    export = read_export(SMALL["two dyes"], "run.csv")
    assert export.reason.endswith("has a Ct of FAM, Cy 5")
    assert export.well == ["A1", "A2", "A3"] * 2
    assert export.channel == ["FAM"] * 3 + ["Cy 5"] * 3
    assert export.target == ["IGH", "IGH", "", "ALB", "ALB", ""]
    assert (export.cq[0], export.cq[3], export.cq[4]) == (25.1, 22.4, 22.5)
    assert export.row == [2, 3, 4] * 2
    assert not any("columns not read" in note for note in export.notes)


def test_a_dye_without_its_ct_is_refused() -> None:
    data = SMALL["two dyes"].replace(b"Ct Cy 5", b"Cu Cy 5")
    with pytest.raises(MrdqError, match="row 1: found nothing, expected a column Ct Cy 5"):
        read_export(data, "run.csv")


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ('"A1"\t"x"\tNo Ct\t""\t""\t"-"\t""\t', "row 8, column Ct, well A1: found \"No Ct\""),
        ('"A3"\t"x"\t0.00\t""\t""\t"-"\t""\t', "a Cq above 0"),
        ('"A3"\t"x"\t25,31\t""\t""\t"-"\t""\t', "one decimal sign in the whole column"),
        ('"H13"\t"x"\t25.31\t""\t""\t"-"\t""\t', 'found "H13", expected a well of the block'),
        ('"A1"\t"x"\t25.31\t""\t""\t"-"\t"IGH"\t', "row 2: Cq 20.1 and row 8: Cq 25.31"),
        ('"A3"\t"x"\t25.31\t""\t', "row 8"),
        ('"A3"\t"x"\t25.31\t""\t""\t"-"\t""\t""\t', "row 2"),
        ('"A3"\t"x\t25.31\t""\t""\t"-"\t""\t', "quotation marks"),
    ],
)  # fmt: skip
def test_refusals(row: str, message: str) -> None:
    with pytest.raises(MrdqError) as caught:
        read_export(lines(*ROWS, row), "run.txt")
    assert message in str(caught.value)


def test_one_target_in_two_dyes_is_refused() -> None:
    data = SMALL["two dyes"].replace(b"ALB", b"IGH")
    with pytest.raises(MrdqError, match='well A1, target IGH: found "row 2, FAM'):
        read_export(data, "run.csv")  # fmt: skip


def test_an_ambiguous_amount_of_a_standard_is_refused() -> None:
    with pytest.raises(MrdqError, match="expected a quantity that can be read in one way"):
        read_export(TYPED.replace("1000,5", "1.000").encode(), "run.csv")


def test_tables_without_a_dye_are_none_of_it() -> None:
    with pytest.raises(MrdqError, match='realplex: found no column "Ct" with the name of a dye'):
        read_export(b"Pos\tName\tCt\nA1\tx\t20.1\n", "run.txt")


@pytest.mark.parametrize("name", SMALL)
def test_cut_at_every_byte(name: str) -> None:
    whole = rows_of(read_export(SMALL[name], "run.txt"))
    for cut in range(len(SMALL[name])):
        try:
            assert rows_of(read_export(SMALL[name][:cut], "run.txt")) <= whole
        except MrdqError:
            continue


def test_half_a_target_is_refused() -> None:
    with pytest.raises(MrdqError, match=r"row 4: found .+ expected a line end"):
        read_export(SMALL["two dyes"].rstrip(b"\n") + b"AL", "run.csv")
