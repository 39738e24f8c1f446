"""Random examples are the same in every run; ``HYPOTHESIS_PROFILE=search`` looks for new ones."""

from __future__ import annotations

import os

from hypothesis import settings

# As mrdq.simulate.workbook sets it; a test module may import openpyxl before.
os.environ.setdefault("OPENPYXL_LXML", "False")

settings.register_profile("fixed", derandomize=True, deadline=None)
settings.register_profile("search", deadline=None, max_examples=1000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "fixed"))
