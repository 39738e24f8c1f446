"""Exports that were parsed before: kept in the study by what their reading rested on.

That is the bytes of the file, the format that was asked for, and the readers: their code, the
vendors' words, and the libraries below them.  The file's name stands only in its warnings, so a
file that was renamed is not parsed again.  An export that was refused is not kept.
"""

from __future__ import annotations

import hashlib
import json
import platform
import zlib
from dataclasses import astuple, dataclass, field, fields, replace
from functools import cache
from pathlib import Path
from typing import Any

from mrdq import resources
from mrdq.errors import Problem
from mrdq.instruments import Export, read_export
from mrdq.packs import Entry, Packs

READERS = (
    *("instruments/**/*.py", "ingest_cache.py", "archive.py", "workbook.py", "worksheets.py"),
    *("errors.py", "vocabulary.py", "resources.py"),
)
"""Code that the reading of an export rests on, and this file, which says how it is kept."""
LIBRARIES = ("python-calamine", "PyYAML")
_TEXTS = ("well", "target", "sample", "task", "channel", "cq_state", "flags")
_BETWEEN = "|"  # JSON writes it as it is, and few cells hold one


@cache
def readers() -> str:
    """Changes with anything that the reading of an export rests on beside its bytes."""
    from importlib import metadata

    folder = Path(__file__).parent
    code = [path for pattern in READERS for path in sorted(folder.glob(pattern))]
    digest = hashlib.sha256()
    for path in (*code, resources.path("instruments/aliases.yaml")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    versions = [platform.python_version(), *(metadata.version(name) for name in LIBRARIES)]
    return f"{' '.join(versions)} {digest.hexdigest()}"


def key_of(export_sha256: str, format: str) -> bytes:  # noqa: A002
    """The key of an export under the readers of now; ``format``: the one that was asked for."""
    return hashlib.sha256(json.dumps([readers(), export_sha256, format]).encode()).digest()


@dataclass(slots=True)
class Exports:
    """Reads exports; those that ``packs`` holds are not parsed.

    ``parsed``: what is new, to be kept; nothing, unless it is asked for (``keep``).
    """

    packs: Packs
    keep: bool = False
    parsed: list[Entry] = field(default_factory=list)

    def read(self, data: bytes, name: str, *, format: str = "", sha256: str) -> Export:  # noqa: A002
        """As :func:`mrdq.instruments.read_export`; ``sha256``: that of ``data``."""
        key = key_of(sha256, format)
        kept = self.packs.get(key)
        export = None if kept is None else unpacked(kept, name)
        if export is None:
            export = read_export(data, name, format=format)
            if self.keep and (value := packed(export, name)) is not None:
                self.parsed.append((key, value))
        return export

    def taken(self) -> list[Entry]:
        """What is new since it was taken last."""
        new, self.parsed = self.parsed, []
        return new


def packed(export: Export, name: str) -> bytes | None:
    """An export as bytes, without its name; None where a warning is about another file."""
    if any(warning.file != name for warning in export.warnings):
        return None
    content = {one.name: getattr(export, one.name) for one in fields(export)}
    content["warnings"] = [astuple(replace(one, file="")) for one in export.warnings]
    for column in _TEXTS:
        joined = _BETWEEN.join(content[column])
        if joined.count(_BETWEEN) == len(content[column]) - 1:  # else it stays a list
            content[column] = joined
    return zlib.compress(json.dumps(content, separators=(",", ":")).encode(), 1)


def unpacked(value: bytes, name: str) -> Export | None:
    """The export that :func:`packed` made ``value`` of, under its name of now; None if it is none."""
    try:
        content: dict[str, Any] = json.loads(zlib.decompress(value))
        for column in _TEXTS:
            if isinstance(content[column], str):
                content[column] = content[column].split(_BETWEEN)
        warnings = [Problem(*one) for one in content["warnings"]]
        content["warnings"] = [replace(one, file=name) for one in warnings]
        curves = content["printed_curves"]
        content["printed_curves"] = {target: tuple(curve) for target, curve in curves.items()}
        return Export(**content)
    except (zlib.error, ValueError, TypeError, KeyError, AttributeError):
        return None
