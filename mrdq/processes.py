"""Whether a process has ended: what it left under temporary names may then be removed."""

from __future__ import annotations

import os
import platform
from pathlib import Path


def is_gone(host: str, process: int) -> bool:
    """Whether a process of this machine has ended; False for those of other machines."""
    if host != platform.node():
        return False
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    except (PermissionError, OverflowError):
        return False
    return state(process)[:1] in (["Z"], ["X"])


def state(process: int) -> list[str]:
    """What Linux tells of a process behind its name (state, parent, ...); [] where it does not.

    A process that has ended and that nobody has asked after still has its number: its state is Z.
    """
    try:
        text = Path(f"/proc/{process}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    return text.rpartition(")")[2].split()
