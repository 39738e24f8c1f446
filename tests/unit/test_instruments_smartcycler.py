"""Cepheid SmartCycler: a reaction per site and dye, results that are words or quantities."""

from __future__ import annotations

import math

import pytest
from exports.smartcycler import COLUMNS, CURVES, HEADING, ROWS, SMALL, run

from mrdq.errors import MrdqError
from mrdq.instruments import Export, read_export


def rows_of(export: Export) -> set[tuple[str, str, str, str]]:
    columns = (export.well, export.channel, map(repr, export.cq), export.cq_state)
    return set(zip(*columns, strict=True))


def test_columns() -> None:
    export = read_export(SMALL["run"], "run.csv")
    assert export.format == "smartcycler"
    assert export.reason == '"Results Table" of a Smart Cycler with a Ct of FAM, Cy3'
    assert export.well == ["A1", "A2", "A3", "A4", "A5", "A16"] * 2
    assert export.channel == ["FAM"] * 6 + ["Cy3"] * 6
    assert export.target == [""] * 12
    assert export.sample[:3] == ["std 1", "std 2", "patient"]
    assert export.task[:6] == ["STD", "STD", "UNKN", "UNKN", "NTC", "UNUSED"]
    assert export.cq[:3] == [22.68, 26.05, 25.43]
    assert export.cq[8:10] == [30.25, 31.5]
    assert export.cq_state[:6] == ["determined"] * 3 + ["undetermined"] * 2 + ["omitted"]
    assert export.quantity[:2] == [1000.0, 100.0]
    assert all(map(math.isnan, export.quantity[2:]))
    assert export.row[:2] == [15, 16]
    assert export.software == "Smart Cycler 2.0d"
    assert export.run_date == "Jan 2, 2020 03:00 PM"


def test_results_and_states_that_say_something_are_flags() -> None:
    export = read_export(SMALL["run"], "run.csv")
    assert export.flags[:6] == ["", "", "", "", "Warning", "omitted;No Result"]
    assert export.flags[6:] == ["", "", "", "NEG", "Warning", "omitted;No Result"]


def test_notes_account_for_the_rest() -> None:
    assert read_export(SMALL["run"], "run.csv").notes == [
        "columns not read: Protocol, Notes",
        'part "Cycle Data" from row 6 on not read',
        'part "Instrument A" from row 8 on not read',
        'part "Analysis Settings" from row 22 on not read',
    ]


def test_a_file_without_results_is_refused() -> None:
    with pytest.raises(MrdqError, match='SmartCycler: found no line "Results Table"'):
        read_export((HEADING.format(1) + CURVES).encode(), "run.csv")
    with pytest.raises(MrdqError, match='SmartCycler: found no column "Ct" for each dye'):
        read_export(run(*ROWS, columns=COLUMNS.replace("Cy3 Ct", "Cy3 Cu")), "run.csv")


def test_the_sites_of_another_run_are_refused() -> None:
    rows = (ROWS[0], "A1,assay,patient,UNKN,,OK,17.998,38.93,ND,34.91")
    with pytest.raises(MrdqError, match="expected one row per well and channel"):
        read_export(run(*rows), "run.csv")
    with pytest.raises(MrdqError, match="The sites of the run earlier, whose standard curve"):
        read_export(run(*rows, head="Std Curve:,earlier\n"), "run.csv")


@pytest.mark.parametrize("sites", [5, 7])
def test_sites_are_counted(sites: int) -> None:
    with pytest.raises(MrdqError, match=f'found "6 rows", expected {sites} sites'):
        read_export(run(*ROWS, sites=sites), "run.csv")
    data = run(*ROWS).replace(b"Number of Sites", b"Sites")
    with pytest.raises(MrdqError, match="expected a line Number of Sites"):
        read_export(data, "run.csv")


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("A6,assay,x,UNKN,,OK,POS,,ND,0.00", "well A6: found nothing, expected a Cq"),
        ("A6,assay,x,UNKN,,OK,POS,No Ct,ND,0.00", 'column Ct, well A6: found "No Ct"'),
        ("A6,assay,x,UNKN,,OK,POS,0.0,ND,0.00", "a Cq above 0"),
        ('A6,assay,x,UNKN,,OK,POS,"25,5",ND,0.00', "one decimal sign in the whole column"),
        ("A17,assay,x,UNKN,,OK,POS,25.5,ND,0.00", 'found "A17", expected a site from 1 to 16'),
        ("G1,assay,x,UNKN,,OK,POS,25.5,ND,0.00", 'found "G1", expected a site from 1 to 16'),
        ("Z,assay,x,UNKN,,OK,POS,25.5,ND,0.00", 'found "Z", expected a well'),
        ("A6,assay,x,UNKN,,OK,POS,25.5", "row 21"),
        ("A6,assay,x,y,UNKN,,OK,POS,25.5,ND,0.00", "10 cells, as in the header"),
        ('A6,assay,x,STD,,OK,"1,000",25.5,ND,0.00', "a quantity that can be read in one way only"),
    ],
)
def test_refusals(row: str, message: str) -> None:
    with pytest.raises(MrdqError) as caught:
        read_export(run(*ROWS, row), "run.csv")
    assert message in str(caught.value)


def test_cut_at_every_byte() -> None:
    data = SMALL["run"]
    whole = rows_of(read_export(data, "run.csv"))
    for cut in range(len(data)):
        try:
            assert rows_of(read_export(data[:cut], "run.csv")) <= whole
        except MrdqError:
            continue
