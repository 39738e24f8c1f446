"""STATUS, asked of many at once: what one row is asked, and what others may not change."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from mrdq import vocabulary as words
from mrdq.definitions import load_protocol, names
from mrdq.guideline import TOLERANCE
from mrdq.protocol import Protocol
from mrdq.status import combine, next_step, of_distinct, of_protocol
from mrdq.tables import BESIDE

SHIPPED = {name: load_protocol(name) for name in names("protocols")}
RULES = "euromrd-2007-therapy-reduction"


def with_levels(protocol: Protocol, level: float, below: str) -> Protocol:
    points = tuple(replace(t, positive_from_level=level, below_level=below) for t in protocol.timepoints)  # fmt: skip
    return replace(protocol, timepoints=points, by_id={t.id: t for t in points})


PROTOCOLS = SHIPPED | {
    "high": with_levels(SHIPPED["all-mrd2019"], 1e-3, words.NEGATIVE),
    "other": with_levels(SHIPPED["all-mrd2019"], 2e-5, words.UNDECIDED),
}
LEVELS = st.one_of(
    st.just(math.nan), st.floats(1e-7, 1.0),
    st.sampled_from([bound * (1 + n * TOLERANCE) for bound in (1e-3, 2e-5) for n in (-2, -1, 0, 1)]),
)  # fmt: skip
ROW = st.tuples(st.sampled_from(sorted(PROTOCOLS)), st.sampled_from(["post-A1", "post-C1", "FU-1"]),
                st.sampled_from(words.STATUSES), LEVELS)  # fmt: skip


@settings(deadline=None, max_examples=60)
@given(st.lists(ROW, max_size=40))
def test_many_rows_are_told_what_each_is_told_alone(
    rows: list[tuple[str, str, str, float]],
) -> None:
    table = pd.DataFrame(rows, columns=["protocol", "timepoint", "status", "mrd_level"])
    table["mrd_level"] = table["mrd_level"].astype(float)
    found = of_protocol(next_step, table, PROTOCOLS)
    assert list(found) == [next_step(PROTOCOLS[p], *rest) for p, *rest in rows]


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from([0.0, 1.0, math.nan]))))
def test_equal_rows_are_asked_once(rows: list[tuple[str, float]]) -> None:
    asked = []

    def ask(text: str, number: float) -> str:
        asked.append((text, str(number)))
        return f"{text}{number}"

    columns = [np.array([row[0] for row in rows], dtype=object), np.array([row[1] for row in rows], dtype=float)]  # fmt: skip
    assert list(of_distinct(ask, *columns)) == [f"{text}{number}" for text, number in rows]
    assert len(asked) == len(set(asked)) == len({(text, str(number)) for text, number in rows})


def call(
    sample: str, patient: str, target: str, level: float, sensitivity: float
) -> dict[str, object]:
    row: dict[str, object] = {
        "run_id": "R", "target": target, "sample_id": sample, "patient_id": patient, "timepoint": "post-A1",
        "call": words.POSITIVE_QUANTIFIABLE, "mrd_level": level, "mrd_level_low": level, "mrd_level_high": level,
        "quantitative_range": 1e-4, "sensitivity": sensitivity, "superseded": False, "guideline": RULES, "reasons": "",
        "flags": "", "amended_call": "", "amended": False, "amendment": "", "retracted": False,
    }  # fmt: skip
    return row | {f"automatic_{name}": row[name] for name in BESIDE}


def test_levels_of_other_patients_tie_nothing() -> None:
    """Two levels farther apart than the tolerance stay apart, though a third patient's lies between."""
    level = 1e-3
    mine = [
        call("S1", "P", "A", level, 1e-5),
        call("S1", "P", "B", level * (1 + 1.6 * TOLERANCE), 1e-4),
    ]
    between = call("S2", "Q", "C", level * (1 + 0.8 * TOLERANCE), 1e-5)
    samples = pd.DataFrame({"sample_id": ["S1", "S2"], "patient_id": ["P", "Q"], "timepoint": "post-A1", "material": "BM"})  # fmt: skip
    deciding = []
    for rows in (mine, [*mine, between]):
        table = combine(pd.DataFrame(rows), samples, SHIPPED, {"P": "all-mrd2019", "Q": "all-mrd2019"}, {"P": RULES, "Q": RULES})  # fmt: skip
        deciding.append(table.loc[table["patient_id"] == "P", "deciding_target"].item())
    assert deciding == ["B", "B"]


def test_within_the_tolerance_the_sensitivity_decides() -> None:
    level = 1e-3
    rows = [call("S1", "P", "A", level, 1e-5), call("S1", "P", "B", level * (1 + 0.8 * TOLERANCE), 1e-4)]  # fmt: skip
    samples = pd.DataFrame({"sample_id": ["S1"], "patient_id": "P", "timepoint": "post-A1", "material": "BM"})  # fmt: skip
    table = combine(pd.DataFrame(rows), samples, SHIPPED, {"P": "all-mrd2019"}, {"P": RULES})
    assert list(table["deciding_target"]) == ["A"]
