"""The verbs ``mrdq protocol``."""

from __future__ import annotations
