"""OQ-d: simulated plates written as every simulated format, and read back well by well.

The oracle is the plate itself: a Cq comes back as the number that the writer printed.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Iterator

from mrdq.instruments import Export, read_export, role_of_task
from mrdq.simulate.exports import FORMATS
from mrdq.simulate.plate import Block, Plate
from mrdq.simulate.scenarios import RUNS
from mrdq.simulate.study import example_plate
from mrdq.validation.checks import SIMULATED, Check, unmet
from mrdq.vocabulary import DETERMINED, NTC, OMITTED, STANDARD, UNDETERMINED

DIGITS = {"ab-text": 3, "ab-xlsx": 4, "stepone-text": 4, "cfx-csv": 2, "table-csv": 3}
"""Decimals of a Cq that each format prints."""
OMITS = ("ab-text", "ab-xlsx")
"""Formats with a column for wells that the instrument leaves out."""
SEED = 2024
QUANTITY = 5e-4
"""Relative: dilutions are printed with four digits."""


def checks() -> Iterator[Check]:
    """Every plate of the example study in every format."""
    plates = [example_plate(run, seed=SEED) for run in RUNS]
    for form, (ending, writer) in FORMATS.items():
        lines = []
        for plate in plates:
            export = read_export(writer(plate), f"{plate.run_id}{ending}")
            lines += [f"{plate.run_id} {line}" for line in _differences(export, plate, form)]
        wells = sum(len(plate) for plate in plates)
        yield unmet(
            f"OQ-d-{form}", f"{len(plates)} plates ({wells} wells) written as {form} and read back",
            "every well with its target, role, state, Cq and quantity", lines, data=SIMULATED,
        )  # fmt: skip


def _differences(export: Export, plate: Plate, form: str) -> Iterator[str]:
    rows = {well: index for index, well in enumerate(export.well)}
    if len(rows) != len(plate) or len(rows) != len(export.well):
        yield f"{len(export.well)} wells, expected {len(plate)}"
    yield from (f"warning: {warning}" for warning in export.warnings)
    for _, well, index, block, cq in plate.wells():
        if well not in rows:
            yield f"{well}: not read"
            continue
        wanted = _expected(block, index, cq, form)
        found = _read(export, rows[well])
        for name, value in wanted.items():
            alike = _alike if name == "quantity" else operator.eq
            if not alike(value, found[name]):
                yield f"{well}: {name} {found[name]}, expected {value}"


def _expected(block: Block, index: int, cq: float, form: str) -> dict[str, object]:
    omitted = form in OMITS and index in block.omitted
    state = OMITTED if omitted else UNDETERMINED if math.isnan(cq) else DETERMINED
    wanted: dict[str, object] = {"target": block.target, "state": state}
    # Instruments know no background: it is an unknown like any sample.
    wanted["role"] = block.role if block.role in (STANDARD, NTC) else "sample"
    wanted["cq"] = float(format(cq, f".{DIGITS[form]}f")) if state == DETERMINED else None
    wanted["quantity"] = block.entered if block.role == STANDARD else None
    return wanted


def _alike(wanted: object, found: object) -> bool:
    """Both absent, or equal to the digits of a printed quantity."""
    if isinstance(wanted, float) and isinstance(found, float):
        return math.isclose(wanted, found, rel_tol=QUANTITY)
    return wanted is found


def _read(export: Export, at: int) -> dict[str, object]:
    cq = export.cq[at]
    return {
        "target": export.target[at], "role": role_of_task(export.task[at]), "state": export.cq_state[at],
        "cq": None if math.isnan(cq) else cq, "quantity": None if math.isnan(export.quantity[at]) else float(export.quantity[at]),
    }  # fmt: skip
