"""Tables as text: the bytes that pandas writes."""

from __future__ import annotations

import io
import math
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mrdq import storage, tsv


def by_pandas(table: pd.DataFrame) -> bytes:
    table = table.copy(deep=False)
    for at, name in enumerate(table):
        if table.iloc[:, at].dtype == bool:
            table[name] = table[name].map({True: "true", False: "false"})
    return table.to_csv(sep="\t", index=False, float_format="%.12g", lineterminator="\n", na_rep="").encode()  # fmt: skip


ANY = st.characters(exclude_categories=["Cs"], exclude_characters="\r")
TEXTS = st.one_of(st.sampled_from(["", "NA", "007", "1E5", "TRUE", "\t", '"', "\n", 'a"b', "-0", "é", " x "]), st.text(ANY, max_size=5))  # fmt: skip
NUMBERS = st.one_of(st.floats(), st.sampled_from([0.0, -0.0, 1e-5, 1e-4, 123456789012.5, 1e12, 0.1 + 0.2, math.inf]))  # fmt: skip


@st.composite
def tables(draw: st.DrawFn) -> pd.DataFrame:
    n = draw(st.integers(0, 6))
    columns: dict[str, Any] = {}
    for name in draw(st.lists(TEXTS, min_size=1, max_size=5, unique=True)):
        kind = draw(st.sampled_from(("text", "categories", "numbers", "flags", "counts", "missing", "str")))  # fmt: skip
        texts = draw(st.lists(TEXTS, min_size=n, max_size=n))
        columns[name] = {
            "text": lambda t=texts: np.array(t, dtype=object),
            "str": lambda t=texts: pd.array(t, dtype="str"),
            "missing": lambda t=texts: np.array([one or None for one in t], dtype=object),
            "categories": lambda t=texts: pd.Categorical([one if one != "NA" else None for one in t]),
            "numbers": lambda: np.array(draw(st.lists(NUMBERS, min_size=n, max_size=n)), dtype=float),
            "flags": lambda: np.array(draw(st.lists(st.booleans(), min_size=n, max_size=n)), dtype=bool),
            "counts": lambda: np.array(draw(st.lists(st.integers(-9, 9), min_size=n, max_size=n)), dtype=np.int64),
        }[kind]()  # fmt: skip
    return pd.DataFrame(columns)


@settings(deadline=None, max_examples=100)
@given(tables())
def test_the_bytes_are_those_of_pandas(table: pd.DataFrame) -> None:
    assert storage.tsv_bytes(table) == by_pandas(table)


@settings(deadline=None, max_examples=50)
@given(st.lists(st.floats(width=64), min_size=1, max_size=50))
def test_numbers_have_twelve_digits(values: list[float]) -> None:
    found = storage.tsv_bytes(pd.DataFrame({"n": values, "x": 1.0})).decode().splitlines()[1:]
    assert found == ["\t1" if math.isnan(v) else f"{v:.12g}\t1" for v in values]


def test_a_line_end_of_any_kind_stays_in_its_cell() -> None:
    """Python 3.13 quotes a carriage return, before it did not, and no reader could tell it from a line's end."""
    table = pd.DataFrame({"a": ["x\ry", "z"], "b": ["1", "2\r"]})
    text = storage.tsv_bytes(table)
    assert text == b'a\tb\n"x\ry"\t1\nz\t"2\r"\n'
    back = pd.read_csv(io.BytesIO(text), sep="\t", dtype=str, keep_default_na=False, lineterminator="\n")  # fmt: skip
    assert back.to_numpy().tolist() == table.to_numpy().tolist()


@pytest.mark.parametrize("cells", [1, 3, 7, 10**6])
def test_a_table_comes_in_pieces(monkeypatch: pytest.MonkeyPatch, cells: int) -> None:
    table = pd.DataFrame({"a": [f"t{n % 3}" for n in range(10)], "n": np.arange(10) / 7})
    expected = by_pandas(table)
    monkeypatch.setattr(tsv, "_CELLS", cells)
    found = list(tsv.chunks(table))
    assert b"".join(found) == expected
    assert len(found) == 1 + (1 if cells > 20 else math.ceil(10 / max(1, cells // 2)))


def test_places_of_lines() -> None:
    table = pd.DataFrame({"a": ["x", "é", ""], "n": [1.0, np.nan, 2.0]})
    text, at = tsv.text_of(tsv.lines(table).slice(1))
    assert [text[start:end] for start, end in pairwise(at)] == ["é\t\n".encode(), b"\t2\n"]  # fmt: skip


def test_values_of_any_kind_in_a_column_of_objects() -> None:
    values = np.array([1.5, "a", True, 3, np.float64(2.5), None, math.nan], dtype=object)
    table = pd.DataFrame({"x": values, "y": "z"})
    assert storage.tsv_bytes(table) == by_pandas(table)


def test_a_text_that_is_none_is_an_error() -> None:
    with pytest.raises(UnicodeEncodeError):
        storage.tsv_bytes(pd.DataFrame({"x": np.array(["\ud800"], dtype=object), "y": 1.0}))
