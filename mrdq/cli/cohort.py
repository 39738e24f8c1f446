"""The verb ``mrdq cohort``."""

from __future__ import annotations
