"""Tables as lines of text: UTF-8, tab-separated, dot decimals, empty for missing, true/false for flags.

The text of a cell is made once for each distinct value, and lines are joined by Arrow.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

# Twelve significant digits: beyond them processors differ, and no person reads on.
FLOAT_FORMAT = "%.12g"
_CELLS = 2_000_000  # cells that are text at the same time
_TO_QUOTE = ('"', "\t", "\n", "\r")


def header(names: Iterable[object]) -> bytes:
    """The first line of a table with these columns."""
    cells = [pa.array([str(name)]) for name in names]
    return _joined(cells)[0].as_py().encode() if cells else b"\n"


def lines(table: pd.DataFrame) -> pa.StringArray:
    """The lines of a table below its header, each with its end."""
    numbers: dict[bytes, pa.StringArray] = {}  # columns of the same numbers are spelt once
    columns = [_texts(table.iloc[:, at], numbers) for at in range(table.shape[1])]
    return _joined(columns) if columns else pa.array(["\n"] * len(table))


def chunks(table: pd.DataFrame) -> Iterator[bytes]:
    """A whole table, piece by piece, so that its text is never in memory at once."""
    yield header(table.columns)
    step = max(1, _CELLS // max(1, table.shape[1]))
    for start in range(0, len(table), step):
        found = lines(table.iloc[start : start + step])
        yield text_of(found)[0]


def text_of(found: pa.StringArray) -> tuple[bytes, NDArray[np.int64]]:
    """The bytes of lines, and the place in them where each line starts (and the last one ends)."""
    _, offsets, data = found.buffers()
    at = np.frombuffer(offsets, dtype=np.int32)[found.offset : found.offset + len(found) + 1]
    whole = memoryview(data)[at[0] : at[-1]].tobytes() if data is not None else b""
    return whole, at.astype(np.int64) - at[0]


def _joined(columns: list[pa.StringArray]) -> pa.StringArray:
    texts = [_quoted(column) for column in columns]
    if len(texts) == 1:  # a line of nothing would be no line
        texts = [pc.if_else(pc.equal(texts[0], ""), '""', texts[0])]
    texts[-1] = pc.binary_join_element_wise(texts[-1], "\n", "")
    return pc.binary_join_element_wise(*texts, "\t")


def _quoted(texts: pa.StringArray) -> pa.StringArray:
    """Cells with a tab, a quote or the end of a line stand in quotes, with each quote twice."""
    data = texts.buffers()[2]
    if data is None or not any(sign.encode() in data.to_pybytes() for sign in _TO_QUOTE):
        return texts
    inside = pc.replace_substring(texts, '"', '""')
    quoted = pc.binary_join_element_wise('"', inside, '"', "")
    return pc.if_else(pc.match_substring_regex(texts, f"[{''.join(_TO_QUOTE)}]"), quoted, texts)


def _texts(column: pd.Series, numbers: dict[bytes, pa.StringArray]) -> pa.StringArray:
    """The text of every cell of a column."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        return _of_distinct(column.cat.codes.to_numpy(), _cells(column.cat.categories))
    if column.dtype == bool:
        return _of_distinct(column.to_numpy().view(np.int8), pa.array(["false", "true"]))
    if column.dtype == float:
        bits = np.ascontiguousarray(column).view(np.int64)
        same = bits.tobytes()
        if same not in numbers:
            numbers[same] = _numbers(bits)
        return numbers[same]
    return _cells(column)


def _cells(values: pd.Series | pd.Index) -> pa.StringArray:
    """The text of values of any kind."""
    if isinstance(values.dtype, pd.StringDtype):
        texts = pa.array(values.array, type=pa.string(), from_pandas=True)
        whole = texts.combine_chunks() if isinstance(texts, pa.ChunkedArray) else texts
        return pc.fill_null(whole, "")
    try:
        found = pa.array(values.to_numpy(dtype=object), type=pa.string(), from_pandas=True)
    except (pa.ArrowTypeError, pa.ArrowInvalid):  # not all of them are text
        cells = ["" if value is None or pd.isna(value) else str(value) for value in values]
        found = pa.array(cells, type=pa.string())
    return pc.fill_null(found, "")


def _numbers(bits: NDArray[np.int64]) -> pa.StringArray:
    """By their bits: 0.0 and -0.0 are equal, and not the same."""
    code, found = pd.factorize(bits)
    distinct = found.view(np.float64)
    cells = (f"{FLOAT_FORMAT}\n" * len(distinct) % tuple(distinct.tolist())).encode()
    ends = np.flatnonzero(np.frombuffer(cells, dtype=np.uint8) == ord("\n"))
    offsets = np.append(0, ends - np.arange(len(ends))).astype(np.int32)
    spelt = pa.py_buffer(cells.replace(b"\n", b""))
    texts = pa.StringArray.from_buffers(len(distinct), pa.py_buffer(offsets), spelt)
    return _of_distinct(np.where(np.isnan(distinct)[code], -1, code), texts)


def _of_distinct(code: NDArray[np.integer], texts: pa.StringArray) -> pa.StringArray:
    """The text of each code; -1 is missing, and empty."""
    place = np.where(code < 0, len(texts), code)
    return pa.concat_arrays([texts, pa.array([""])]).take(pa.array(place))
