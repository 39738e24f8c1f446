"""Limits that hold: minutes, so they are collected only under ``MRDQ_LIMITS=1`` (make limits).

Sizes can be set by variables (``measured.size``).
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "functional"))  # tiny, small_study

collect_ignore_glob = [] if os.environ.get("MRDQ_LIMITS") == "1" else ["test_*.py"]
