"""qPCRsoft: the relative quantification is read, every other table is refused and says why."""

from __future__ import annotations

import pytest
from exports.qpcrsoft import COLUMNS, HEADING, REFUSED, ROWS, SMALL, lines

from mrdq.errors import MrdqError
from mrdq.instruments import Export, detect, read_export


def rows_of(export: Export) -> set[tuple[str, str, str, str]]:
    columns = (export.well, export.target, map(repr, export.cq), export.cq_state)
    return set(zip(*columns, strict=True))


def test_columns() -> None:
    export = read_export(SMALL["relative"], "run.csv")
    assert export.format == "qpcrsoft"
    assert "Device:,qTOWER³84 /G" in export.reason
    assert export.well == ["A1", "A2", "B1", "P24", "A3", "A4", "B1"]
    assert export.target == ["IGH"] * 4 + ["ALB"] * 3
    assert export.sample == ["p1", "p1", "p2", "", "p1", "p1", "p2"]
    assert export.task[3] == "NTC"
    assert export.cq[:2] == [27.51, 27.61]
    assert export.cq[4:] == [22.0, 22.2, 21.75]
    assert export.cq_state[2:4] == ["undetermined", "undetermined"]
    assert export.row == [9, 10, 13, 15, 11, 12, 13]
    assert export.channel == [""] * 7
    assert (export.instrument, export.run_date) == ("qTOWER³84 /G", "1/2/2020 3:00:00 PM")
    assert export.warnings == []
    assert export.notes == [
        "columns not read: RQ GOI, dCt (Ref.Gen – GOI)",
        "rows 1 to 7, above the table, not read but for instrument, software, block and date",
        "wells with neither a gene nor a Ct: B2",
    ]


def test_decimal_comma() -> None:
    data = SMALL["relative"].decode("cp1252").replace(",", ";").replace(".", ",")
    data = data.replace("Ct Ref, gene", "Ct Ref. gene")
    assert read_export(data.encode(), "run.csv").cq[0] == 27.51


def test_other_evaluations_are_refused() -> None:
    assert detect(REFUSED, "run.csv")[0] == "qpcrsoft"
    with pytest.raises(MrdqError) as caught:
        read_export(REFUSED, "run.csv")
    message = str(caught.value)
    assert 'run.csv, row 8: found "Well, , Sample name, Sample type, Gene, Ct, Conc."' in message
    assert "expected the relative quantification of qPCRsoft" in message
    assert "Write the wells into a plain table with the columns well, target, cq" in message


def test_a_file_without_a_table_is_refused() -> None:
    with pytest.raises(MrdqError, match="expected the relative quantification"):
        read_export(HEADING.encode(), "run.csv")


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("C1,,p,Unknown,IGH,,,,,,,", "the instrument's word for no signal"),
        ("C1,,p,Unknown,IGH,,Undetermined,,,,,", 'column Ct GOI, well C1: found "Undetermined"'),
        ('C1,,p,Unknown,IGH,,"25,5",,,,,', "one decimal sign in the whole column"),
        ("Q1,,p,Unknown,IGH,,25.5,,,,,", 'found "Q1", expected a well'),
        ("A1,,p,Unknown,IGH,,25.5,,,,,", "row 9: Cq 27.51 and row 16: Cq 25.5"),
        ("C1,,p,Unknown,ALB,ALB,25.5,22.5,,,,", "well C1, target ALB"),
        ("C1,,p,Unknown,IGH", "row 16"),
        ("C1,,p,Unknown,IGH,,25.5,,,,,,", "12 cells, as in the header"),
    ],
)
def test_refusals(row: str, message: str) -> None:
    with pytest.raises(MrdqError) as caught:
        read_export(lines(*ROWS, row), "run.csv")
    assert message in str(caught.value)


def test_a_table_without_any_ct() -> None:
    with pytest.raises(MrdqError, match="expected a Ct in at least one row"):
        read_export(lines(ROWS[5]), "run.csv")


def test_one_gene_alone() -> None:
    assert read_export(lines(*ROWS[:2]), "run.csv").target == ["IGH", "IGH"]
    assert COLUMNS.startswith("Well")


def test_cut_at_every_byte() -> None:
    data = SMALL["relative"]
    whole = rows_of(read_export(data, "run.csv"))
    for cut in range(len(data)):
        try:
            assert rows_of(read_export(data[:cut], "run.csv")) <= whole
        except MrdqError:
            continue
