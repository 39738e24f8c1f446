"""AriaMx Tabular Results: text, csv and workbook, and what is refused."""

from __future__ import annotations

import math

import pytest
from exports import ariamx, mxpro, rotor_gene
from exports.ariamx import (
    COLUMNS,
    FEW_COLUMNS,
    FEW_ROWS,
    ROWS,
    SMALL,
    csv_text,
    padded_text,
    workbook,
)

from mrdq.errors import MrdqError
from mrdq.instruments import FORMATS, Export, read_export
from mrdq.instruments.source import Found, Missing, Source


def refusal(data: bytes, *, stated: bool = False) -> str:
    with pytest.raises(MrdqError) as caught:
        read_export(data, "run.txt", format="ariamx" if stated else "")
    return str(caught.value)


def keys(export: Export) -> set[tuple[str, str, str, str]]:
    cells = zip(export.well, export.target, export.channel, export.cq, strict=True)
    return {(well, target, channel, str(cq)) for well, target, channel, cq in cells}


def with_cq(word: str) -> list[list[str]]:
    """The rows with another Cq in the second one, which is row 3 of the file."""
    return [ROWS[0], [*ROWS[1][:6], word, ROWS[1][7]], *ROWS[2:]]


@pytest.mark.parametrize(
    "data", [csv_text(ROWS), csv_text(ROWS, ";"), csv_text(ROWS, "\t"), workbook(ROWS)]
)
def test_columns(data: bytes) -> None:
    export = read_export(data, "run")
    assert export.format == "ariamx"
    assert "Well, Cq (∆Rn)" in export.reason
    assert export.well == ["A1", "A1", "A2", "A2", "A3", "A3", "H12", "H12"]
    assert export.row == list(range(2, 10))
    assert export.target == ["IGH", "ALB"] * 4
    assert export.channel == ["FAM", "HEX"] * 4
    assert export.sample == ["S1", "S1", "S2", "S2", "patient", "patient", "", ""]
    assert export.task[-1] == "NTC"
    assert export.cq[:4] == [24.05, 22.1, 27.44, 25.47]
    assert [state == "determined" for state in export.cq_state] == [
        *[True] * 4,
        False,
        True,
        False,
        False,
    ]
    assert export.quantity[:4] == [1000.0, 5000.0, 100.0, 500.0]
    assert all(map(math.isnan, export.quantity[4:]))
    assert export.notes[0] == "columns not read: Replicate"


def test_text_with_few_columns() -> None:
    export = read_export(padded_text(FEW_COLUMNS, FEW_ROWS), "run.txt")
    assert export.well == ["A1", "A2", "A10", "H12"]
    assert export.cq[:3] == [19.88, 22.0, 38.39]
    assert export.cq_state[3] == "undetermined"
    assert export.notes[:1] == ["columns not read: Tm Product 1 (-R'(T))"]


@pytest.mark.parametrize(
    "header", ["Cq (∆R)", "Cq (∆Rn)", "Cq (ΔR)", "Cq (ΔRn)", "Cq (R)", "Cq (Rn)"]
)
def test_every_kind_of_fluorescence(header: str) -> None:
    columns = ["Well", header, "Tm"]
    for encoding in ("utf-8", "utf-8-sig", "utf-16"):
        data = padded_text(columns, FEW_ROWS).decode().encode(encoding)
        assert read_export(data, "run.txt").cq[0] == 19.88


def test_decimal_comma() -> None:
    rows = [[cell.replace(".", ",") for cell in row] for row in ROWS]
    assert read_export(csv_text(rows, ";"), "run.csv").cq[0] == 24.05
    assert "one decimal sign" in refusal(csv_text([*rows[:-1], [*ROWS[-1][:6], "30.5", ""]], ";"))


def test_other_sheets_are_named() -> None:
    notes = read_export(workbook(ROWS), "run.xlsx").notes
    assert notes[1:3] == ["sheet Plate Setup not read", "sheet Experiment Notes not read"]


@pytest.mark.parametrize("word", ["N/A", "Undetermined", "Reference", "", "0", "-1", "101"])
def test_other_words_of_a_cq_are_refused(word: str) -> None:
    assert "row 3, column Cq (∆Rn), well A1" in refusal(csv_text(with_cq(word)))
    told = refusal(workbook(with_cq(word)))
    assert "row 3, column Cq (∆Rn) of sheet Tabular Results, well A1" in told


def test_an_empty_cq_of_a_table_without_targets_is_refused() -> None:
    rows = [FEW_ROWS[0], ["A2", "", "80"], *FEW_ROWS[2:]]
    assert "row 3, column Cq (∆R), well A2" in refusal(padded_text(FEW_COLUMNS, rows))


@pytest.mark.parametrize("well", ["A13", "I1", "1", ""])
def test_a_well_outside_of_the_block(well: str) -> None:
    told = refusal(csv_text([*ROWS, [well, *ROWS[0][1:]]]))
    assert "row 10" in told
    assert "a well of the block (96-Well block of the AriaMx)" in told


def test_twin_rows() -> None:
    told = refusal(csv_text([*ROWS, [*ROWS[0][:6], "25", "1000"]]))
    assert "row 2: Cq 24.05 and row 10: Cq 25" in told


@pytest.mark.parametrize("cells", [ROWS[0][:7], [*ROWS[0], "x"]])
def test_rows_of_another_length(cells: list[str]) -> None:
    assert "row 10" in refusal(csv_text([*ROWS, cells]))


def test_a_formula_without_value_is_refused() -> None:
    assert "row 3" in refusal(workbook(with_cq("=1+20")))


def test_what_is_missing() -> None:
    melt = padded_text(["Well", "Tm Product 1 (-R'(T))"], [["A1", "82"]])
    assert 'no column such as "Cq (∆R)" in the first line' in refusal(melt, stated=True)
    assert 'no column "Cq (∆R)"' in refusal(
        padded_text(["Well", "Cq (x)"], [["A1", "20"]]), stated=True
    )
    assert "no sheet Tabular Results" in refusal(workbook(ROWS, sheet="Other"), stated=True)
    document = FORMATS["ariamx"].detect(Source(b"<rdml/>", "x"))
    assert document == Missing("text file and no workbook")


@pytest.mark.parametrize("name", [name for name in SMALL if name != "workbook, two dyes"])
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
    for data in [*rotor_gene.SMALL.values(), *mxpro.SMALL.values()]:
        assert not isinstance(FORMATS["ariamx"].detect(Source(data, "x")), Found)
    for data in ariamx.SMALL.values():
        found = [
            key for key in FORMATS if isinstance(FORMATS[key].detect(Source(data, "x")), Found)
        ]
        assert found == ["ariamx"]
    assert COLUMNS[6] == "Cq (∆Rn)"
