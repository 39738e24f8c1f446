"""The hash of everything that the work of a partition is given."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from mrdq import provenance


def key_of(*given: Any) -> str:
    """SHA-256 of the arguments of a piece of work, and of the software that does it.

    Dataclasses, tables, mappings and sequences count with all that they hold, in their order.
    ``TypeError`` for anything else: what cannot be told apart must not share a key.
    """
    digest = hashlib.sha256()
    versions = [np.__version__, pd.__version__, pa.__version__]
    _add(digest, [provenance.software(), versions, *given])
    return digest.hexdigest()


def _add(digest: Any, value: Any) -> None:
    if isinstance(value, pd.DataFrame):
        _open(digest, "table", len(value.columns))
        for name in value:
            _add(digest, str(name))
            _add_column(digest, value[name])
    elif is_dataclass(value) and not isinstance(value, type):
        _open(digest, type(value).__name__, 0)
        _add(digest, {field.name: getattr(value, field.name) for field in fields(value)})
    elif isinstance(value, Mapping):
        _add(digest, list(value))
        _add(digest, list(value.values()))
    elif isinstance(value, list | tuple) and set(map(type, value)) == {str}:
        _add_texts(digest, value)
    elif isinstance(value, list | tuple) and not _is_plain(value):
        _open(digest, "list", len(value))
        for one in value:
            _add(digest, one)
    elif isinstance(value, list | tuple | str | int | float | None):
        _add_bytes(digest, "json", json.dumps(value).encode())
    elif isinstance(value, Path):
        _add_bytes(digest, "path", str(value).encode())
    else:
        raise TypeError(f"{type(value).__name__} has no hash")


def _is_plain(values: list[Any] | tuple[Any, ...]) -> bool:
    return {type(value) for value in values} <= {str, int, float, bool, type(None)}


def _add_column(digest: Any, column: pd.Series) -> None:
    if isinstance(column.dtype, pd.CategoricalDtype):
        _add(digest, list(column.cat.categories))
        _add_bytes(digest, "codes", column.cat.codes.to_numpy(dtype=np.int32).tobytes())
    elif column.dtype in (float, bool):
        _add_bytes(digest, str(column.dtype), np.ascontiguousarray(column).tobytes())
    else:
        _add(digest, list(column))


def _add_texts(digest: Any, texts: Sequence[str]) -> None:
    _, offsets, data = pa.array(texts, type=pa.large_string()).buffers()
    _add_bytes(digest, "places", offsets)
    _add_bytes(digest, "texts", data)


def _open(digest: Any, kind: str, size: int) -> None:
    digest.update(f"{kind} {size}\n".encode())


def _add_bytes(digest: Any, kind: str, content: Any) -> None:
    _open(digest, kind, len(content))
    digest.update(content)
