"""The bytes that were read, wherever they still are: the study, the trail, folders of exports."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

from mrdq.audit.files import FileState, read_regular, state_of
from mrdq.audit.kept import Kept


class Sources:
    """Where recorded bytes are looked for, in this order.

    ``root``: the study; ``kept``: what its blocks keep; ``folders``: named by the user, in which a file
    may have any name.
    """

    def __init__(self, root: Path, kept: Kept, folders: Sequence[Path] = ()):
        self.root, self.kept, self.folders = root, kept, folders
        self._found: dict[FileState, Path | bytes | None] = {}

    def find(self, state: FileState) -> Path | bytes | None:
        """A file that has the recorded bytes, or the bytes; None if they are nowhere."""
        if state not in self._found:
            self._found[state] = self._find(state)
        return self._found[state]

    def bytes_of(self, state: FileState) -> bytes | None:
        """The recorded bytes; None if they are nowhere."""
        found = self.find(state)
        return read_regular(found) if isinstance(found, Path) else found

    def _find(self, state: FileState) -> Path | bytes | None:
        if state_of(self.root, state.path) == state:
            return self.root / state.path
        if state in self._blocks:
            data = self.kept.as_of(state.path, self._blocks[state])
            if data is not None:
                return data
        alike = (path for path in self._by_size.get(state.size, ()))
        return next((p for p in alike if _digest(p) == state.sha256), None)

    @cached_property
    def _blocks(self) -> dict[FileState, int]:
        """State -> a block that sealed it."""
        return {state: block.number for block in self.kept.chain.blocks for state in block.changed}

    @cached_property
    def _by_size(self) -> dict[int, list[Path]]:
        """Size -> the files of the folders that have it."""
        found: dict[int, list[Path]] = {}
        for folder in self.folders:
            for place, _, names in sorted(os.walk(folder)):
                for name in sorted(names):
                    path = Path(place, name)
                    if path.is_file():
                        found.setdefault(path.stat().st_size, []).append(path)
        return found


def _digest(path: Path) -> str:
    state = state_of(path.parent, path.name)
    return state.sha256 if state else ""
