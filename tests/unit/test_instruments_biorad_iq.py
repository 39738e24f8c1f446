"""iQ5 and MyiQ, and Opticon: columns, every message, and what a damaged file may never do."""

from __future__ import annotations

import math

import pytest
from exports import biorad_iq, opticon

from mrdq.errors import MrdqError
from mrdq.instruments import Export, detect, read_export

SMALL = biorad_iq.SMALL | opticon.SMALL
IQ, TEXT = biorad_iq.POINT, opticon.TEXT


def reactions(export: Export) -> set[tuple[object, ...]]:
    cq = [None if math.isnan(value) else value for value in export.cq]
    return set(zip(export.well, export.target, export.channel, cq, export.cq_state, strict=True))


@pytest.mark.parametrize("data", list(biorad_iq.SMALL.values()))
def test_columns_of_iq(data: bytes) -> None:
    export = read_export(data, "run.csv")
    assert export.format == "biorad_iq"
    assert export.well == ["A1", "A2", "A3", "A3", "A4", "H12"]
    assert export.channel == ["FAM", "FAM", "FAM", "HEX", "FAM", "FAM"]
    assert export.task == ["Std", "Std", "Unkn", "Unkn", "NTC", "Unkn"]
    assert export.sample == ["Std1", "Std1", "S1", "S1", "", "S2"]
    assert export.cq[:4] == [21.5, 22.0, 31.25, 24.1]
    assert export.cq_state[4] == "undetermined"
    assert export.quantity[:2] == [1e5, 1e5]
    assert all(map(math.isnan, export.quantity[2:]))
    assert set(export.target) == {""}
    assert export.warnings == []
    assert any(
        "Replicate #, Log Starting Quantity, SQ Mean, SQ Std. Dev., Set Point" in note
        for note in export.notes
    )


@pytest.mark.parametrize("data", list(opticon.SMALL.values()))
def test_columns_of_opticon(data: bytes) -> None:
    export = read_export(data, "run.txt")
    assert export.format == "opticon"
    assert export.well == ["A1", "A2", "A2", "B1", "H12"]
    assert export.channel == ["FAM", "FAM", "HEX", "FAM", "FAM"]
    assert export.task == ["Standard", "Sample", "Sample", "Blank", "Sample"]
    assert export.cq[:3] == [21.58, 31.25, 24.1]
    assert export.cq_state[3] == "undetermined"
    assert all(map(math.isnan, export.quantity))
    assert any("Efficiency, moles, Avg C(t)" in note for note in export.notes)


def test_a_printed_mean_that_the_cq_do_not_give_is_a_warning() -> None:
    [warning] = read_export(IQ.replace(b"21.50", b"21.00"), "run").warnings
    assert "means and standard deviations" in str(warning)


@pytest.mark.parametrize(
    ("data", "old", "new", "expected"),
    [
        (IQ, ",31.25,31.25", ",,31.25", "row 4, column Threshold Cycle (Ct), well A3"),
        (IQ, ",31.25,31.25", ",None,31.25", "a Cq [cycles]"),
        (IQ, ",21.50,", ',"21,50",', "one decimal sign in the whole column"),
        (IQ, ",H12,", ",Q12,", "row 7, column Well"),
        (IQ, ",A02,", ",A01,", "one row per well and channel where no target is named"),
        (IQ, "Identifier", "Name", "found no "),
        (TEXT, "\t31.25\t", "\t\t", "row 5, column C(t), well A2"),
        (TEXT, "\tNone\t", "\tUndetermined\t", "a Cq [cycles]"),
        (TEXT, "\nH12\t", "\nSet 1\t", "row 8, column Well / Set"),
        (TEXT, "\nH12\t", "\nA1\t", "one row per well and channel where no target is named"),
        (TEXT, "\tDye\t", "\tColour\t", 'no column "Dye"'),
    ],
)
def test_what_is_refused(data: bytes, old: str, new: str, expected: str) -> None:
    assert old.encode() in data
    with pytest.raises(MrdqError) as caught:
        read_export(data.replace(old.encode(), new.encode(), 1), "run.txt")
    assert expected in str(caught.value)


@pytest.mark.parametrize("name", SMALL)
def test_cut_off_or_with_a_delimiter_lost(name: str) -> None:
    """Oracle: the whole file."""
    data = SMALL[name]
    assert detect(data, "run")[0] == name.removesuffix("_comma")
    whole = reactions(read_export(data, "run"))
    damaged = [data[:cut] for cut in range(len(data))]
    damaged += [
        data[:at] + data[at + 1 :] for at in range(len(data)) if data[at : at + 1] in b"\t,;\r\n"
    ]
    for part in damaged:
        try:
            export = read_export(part, "run")
        except MrdqError:
            continue
        assert reactions(export) <= whole, part[-60:]
