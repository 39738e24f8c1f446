"""Simulated plates through every writer of the simulator and back: well by well, exact.

Oracle: the plate itself.  A Cq comes back as the number that the writer printed.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mrdq.instruments import Export, read_export, role_of_task
from mrdq.instruments.printed_curves import curve_warnings, of_export
from mrdq.simulate.exports import FORMATS
from mrdq.simulate.plate import Block, Plate
from mrdq.vocabulary import DETERMINED, NTC, OMITTED, SAMPLE, STANDARD, UNDETERMINED

DIGITS = {"ab-text": 3, "ab-xlsx": 4, "stepone-text": 4, "cfx-csv": 2, "table-csv": 3}
# A plain table and CFX have no column for wells that are left out.
OMITS = ("ab-text", "ab-xlsx")

names = st.text(st.characters(categories=["L", "N"], max_codepoint=0x17F), min_size=1, max_size=8)
cycles = st.one_of(st.just(math.nan), st.floats(5, 49.9))


@st.composite
def plates(draw: st.DrawFn) -> Plate:
    blocks = []
    for _ in range(draw(st.integers(0, 6))):
        role = draw(st.sampled_from([STANDARD, SAMPLE, NTC]))
        size = draw(st.integers(1, 6))
        blocks.append(
            Block(
                role=role,
                sample=draw(names),
                target=draw(names),
                reporter="FAM",
                quantity_ng=draw(st.floats(0.5, 900)) if role == STANDARD else math.nan,
                cq=np.array(draw(st.lists(cycles, min_size=size, max_size=size))),
                omitted=tuple(draw(st.sets(st.integers(0, size - 1), max_size=1))),
            )
        )
    # A file without one Cq does not show its decimal sign, and its quantities are refused.
    blocks.append(Block(target="T", role=SAMPLE, cq=np.array([25.5, 25.7])))
    return Plate("SIM-R01", "2024-05-01", tuple(blocks))


def compare(export: Export, plate: Plate, form: str) -> None:
    digits = DIGITS[form]
    rows = {well: index for index, well in enumerate(export.well)}
    assert len(rows) == len(export.well) == len(plate)
    for _, well, index, block, cq in plate.wells():
        at = rows[well]
        omitted = form in OMITS and index in block.omitted
        state = OMITTED if omitted else UNDETERMINED if math.isnan(cq) else DETERMINED
        assert export.cq_state[at] == state
        assert export.target[at] == block.target
        assert role_of_task(export.task[at]) == block.role
        if block.role != NTC:
            assert export.sample[at] in (block.sample, "")
        if state == DETERMINED:
            assert export.cq[at] == float(format(cq, f".{digits}f"))
        else:
            assert math.isnan(export.cq[at])
        assert math.isnan(export.quantity[at]) or block.role == STANDARD


@pytest.mark.parametrize("form", FORMATS)
@settings(max_examples=60)
@given(plate=plates())
def test_every_writer_and_its_reader(form: str, plate: Plate) -> None:
    export = read_export(FORMATS[form][1](plate), "run")
    compare(export, plate, form)
    assert export.warnings == []
    assert curve_warnings(export, "run", of_export(export)) == []
