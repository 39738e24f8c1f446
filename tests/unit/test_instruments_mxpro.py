"""MxPro: padded cells, dyes, the reference dye, and what is refused."""

from __future__ import annotations

import math

import pytest
from exports import ariamx, mxpro, rotor_gene
from exports.mxpro import (
    COLUMNS,
    DYE_COLUMNS,
    DYE_ROWS,
    NAME_COLUMNS,
    NAME_ROWS,
    ROWS,
    SMALL,
    text,
)

from mrdq.errors import MrdqError
from mrdq.instruments import FORMATS, Export, read_export
from mrdq.instruments.source import Found, Missing, Source


def refusal(data: bytes, *, stated: bool = False) -> str:
    with pytest.raises(MrdqError) as caught:
        read_export(data, "run.txt", format="mxpro" if stated else "")
    return str(caught.value)


def with_ct(word: str, columns: list[str] = COLUMNS, rows: list[list[str]] = ROWS) -> bytes:
    """The rows with another Ct in the second one, which is row 3 of the file."""
    at = next(i for i, name in enumerate(columns) if name.startswith("Ct ("))
    changed = [*rows[1][:at], word, *rows[1][at + 1 :]]
    return text(columns, [rows[0], changed, *rows[2:]])


def keys(export: Export) -> set[tuple[str, str, str, str]]:
    cells = zip(export.well, export.target, export.channel, export.cq, strict=True)
    return {(well, target, channel, str(cq)) for well, target, channel, cq in cells}


@pytest.mark.parametrize("data", [text(COLUMNS, ROWS, padded=True), text(COLUMNS, ROWS)])
def test_decimal_comma_and_a_curve(data: bytes) -> None:
    export = read_export(data, "run.txt")
    assert export.format == "mxpro"
    assert export.reason == "a first line with the columns Well, Ct (dRn)"
    assert export.well == ["A1", "A2", "A3", "A12", "B1", "H12"]
    assert export.row == [2, 3, 4, 5, 6, 7]
    assert set(export.target) == {"SYBR"}
    assert export.task == [*["Standard"] * 3, *["Unknown"] * 2, "NTC"]
    assert export.cq[:4] == [23.85, 23.92, 20.51, 20.69]
    assert export.cq_state == [*["determined"] * 4, *["undetermined"] * 2]
    assert export.quantity[:3] == [1000.0, 1000.0, 10000.0]
    assert all(map(math.isnan, export.quantity[3:]))
    assert export.printed_curves == {"SYBR": (-3.338, None, 0.997)}
    assert export.notes == [
        "columns not read: Replicate, Threshold (dRn)",
        "6 of the 96 wells of the block are in the export",
    ]
    assert export.warnings == []


def test_two_dyes_and_the_reference_dye() -> None:
    export = read_export(text(DYE_COLUMNS, DYE_ROWS), "run.txt")
    assert export.channel == ["FAM", "HEX"] * 3
    assert export.well == ["A1", "A1", "A2", "A2", "A3", "A3"]
    assert export.row == [2, 3, 5, 6, 8, 9]
    assert export.sample == ["S1", "S1", "patient", "patient", "", ""]
    assert export.cq_state[-2:] == ["undetermined", "determined"]
    assert export.flags[-2:] == ["final_call=-", "final_call=-"]
    assert export.quantity[:2] == [100.0, 100.0]
    assert "rows of the reference dye, which has no Ct, not read: wells A1, A2" in export.notes


def test_names_only() -> None:
    export = read_export(text(NAME_COLUMNS, NAME_ROWS), "run.txt")
    assert export.sample == ["GUS 1", "GUS 2", "water"]
    assert export.cq[:2] == [22.27, 26.82]
    assert export.cq_state[2] == "undetermined"
    assert export.notes[0] == "columns not read: Well Comment, Threshold (dRn)"


@pytest.mark.parametrize("fluorescence", ["dRn", "dR", "Rn", "R"])
def test_every_kind_of_fluorescence(fluorescence: str) -> None:
    columns = [name.replace("dRn", fluorescence) for name in COLUMNS]
    export = read_export(text(columns, ROWS), "run.txt")
    assert export.cq[0] == 23.85
    assert export.printed_curves["SYBR"][0] == -3.338


@pytest.mark.parametrize("unit", ["copies", "nanograms", "ng/µl", "relative"])
def test_every_unit_of_quantities(unit: str) -> None:
    columns = [name.replace("copies", unit) for name in COLUMNS]
    assert read_export(text(columns, ROWS), "run.txt").quantity[0] == 1000.0


@pytest.mark.parametrize("word", ["N/A", "Undetermined", "", "0,00", "-1", "101", "1,2,3", "20 ,5"])
def test_other_words_of_a_ct_are_refused(word: str) -> None:
    assert "row 3, column Ct (dRn), well A2" in refusal(with_ct(word))


def test_an_empty_ct_of_a_table_without_targets_is_refused() -> None:
    columns, rows = ["Well", "Ct (dRn)"], [["A1", "20.5"], ["A2", ""], ["A3", "21.5"]]
    assert "row 3, column Ct (dRn), well A2" in refusal(with_ct("", columns, rows))


def test_both_decimal_signs() -> None:
    assert "one decimal sign in the whole column" in refusal(with_ct("23.92"))


@pytest.mark.parametrize("well", ["A13", "I1", "1", "", "A0"])
def test_a_well_outside_of_the_block(well: str) -> None:
    told = refusal(text(COLUMNS, [*ROWS, [well, *ROWS[0][1:]]]))
    assert "row 8" in told
    assert "a well of the block (96-Well block of the Mx3000P and Mx3005P)" in told


def test_twin_rows() -> None:
    told = refusal(text(COLUMNS, [*ROWS, [*ROWS[0][:5], "25,00", *ROWS[0][6:]]]))
    assert "row 2: Cq 23.85 and row 8: Cq 25" in told
    one_dye = [[*row[:2], "FAM", *row[3:]] for row in DYE_ROWS]
    assert "one row per well and channel" in refusal(text(DYE_COLUMNS, one_dye))


@pytest.mark.parametrize(
    "cells", [ROWS[0][:6], [*ROWS[0], "x"], ["A5"], ["A5", "SYBR", "", "", "", ""]]
)
def test_rows_of_another_length(cells: list[str]) -> None:
    lines = text(COLUMNS, ROWS).decode() + "".join(f"{cell}\t" for cell in cells) + "\n"
    assert "row 8" in refusal(lines.encode())


def test_what_is_missing() -> None:
    told = refusal(text(["Well", "Ct (x)"], [["A1", "20"]]), stated=True)
    assert 'no column "Ct (dRn)" (or Ct (dR), Ct (Rn), Ct (R)) in the first line' in told
    told = refusal(text(["Well", "Ct"], [["A1", "20"]]), stated=True)
    assert 'no column such as "Ct (dRn)" in the first line' in told
    both = text(["Well", "Ct (dR)", "Ct (dRn)"], [["A1", "20", "21"]])
    assert 'no single column for cq: there are "Ct (dR)" and "Ct (dRn)"' in refusal(both)
    assert FORMATS["mxpro"].detect(Source(b"<rdml/>", "x")) == Missing("text file")


def test_printed_means_are_held_against_the_ct() -> None:
    columns = ["Well", "Assay", "Well Type", "Replicate", "Ct (dRn)", "Ct Avg. Treated Ind. (dRn)"]
    rows = [
        ["A1", "A", "Unknown", "1", "20.0", "20.5"],
        ["A2", "A", "Unknown", "1", "21.0", "20.5"],
    ]
    assert read_export(text(columns, rows), "run.txt").warnings == []
    rows[1][4] = "22.0"
    assert "means" in str(read_export(text(columns, rows), "run.txt").warnings[0])


@pytest.mark.parametrize("name", SMALL)
def test_a_cut_export_is_refused_or_holds_only_what_the_whole_one_holds(name: str) -> None:
    data = SMALL[name]
    whole = keys(read_export(data, name))
    for cut in range(len(data)):
        try:
            part = read_export(data[:cut], name)
        except MrdqError:
            continue
        assert keys(part) <= whole, cut


def test_no_other_reader_takes_it_and_it_takes_no_other() -> None:
    for data in [*rotor_gene.SMALL.values(), *ariamx.SMALL.values()]:
        assert not isinstance(FORMATS["mxpro"].detect(Source(data, "x")), Found)
    for data in mxpro.SMALL.values():
        found = [
            key for key in FORMATS if isinstance(FORMATS[key].detect(Source(data, "x")), Found)
        ]
        assert found == ["mxpro"]
