"""The verb ``mrdq published-check``."""

from __future__ import annotations
