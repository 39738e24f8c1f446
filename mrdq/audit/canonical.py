"""Canonical JSON: the same content is the same bytes, so that a hash speaks of the content."""

from __future__ import annotations

import json
from typing import Any, NoReturn


def canonical(content: Any) -> bytes:
    """JSON with sorted keys and no spaces, UTF-8, one line.

    Floats are refused with ``TypeError``: their text differs between programs.  Decimals are text.
    A name of a file that is no UTF-8 comes back as the same bytes.
    """
    _refuse_floats(content)
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return (text + "\n").encode("utf-8", "surrogateescape")


def parsed(data: bytes) -> Any:
    """The content of canonical JSON.  Raises ``ValueError`` if ``data`` is not canonical."""
    text = data.decode("utf-8", "surrogateescape")
    content = json.loads(text, parse_float=_no_float, parse_constant=_no_float)
    if canonical(content) != data:
        raise ValueError("not in the canonical form")
    return content


def _refuse_floats(content: Any) -> None:
    if isinstance(content, float):
        raise TypeError(f"a float in canonical JSON: {content}")
    if isinstance(content, dict):
        if not all(isinstance(key, str) for key in content):
            raise TypeError("a key in canonical JSON that is no text")
        content = list(content.values())
    if isinstance(content, list | tuple):
        for value in content:
            _refuse_floats(value)


def _no_float(text: str) -> NoReturn:
    raise ValueError(f"a float: {text}")
