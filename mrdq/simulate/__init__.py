"""Simulated studies of the project's own: no patient data, the same bytes for the same seed."""

from __future__ import annotations

from mrdq.simulate.archive import write_archive
from mrdq.simulate.scenarios import intended_calls
from mrdq.simulate.study import write_example

__all__ = ["intended_calls", "write_archive", "write_example"]
