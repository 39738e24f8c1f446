"""The amendments of a study, and its results if they were made with just these."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from mrdq import storage
from mrdq.amendments import Amendment, amendments_of, wells_are_amended_by
from mrdq.errors import refuse
from mrdq.provenance import refuse_other_amendments
from mrdq.storage import Files
from mrdq.study import Study


def amendments(study: Study) -> list[Amendment]:
    """What the amendments sheet says."""
    return amendments_of(study.amendments.records(), study.amendments.row)


def amended_wells(study: Study, files: Files) -> pd.DataFrame:
    """WELLS of the results.  Raises :class:`MrdqError` if they were amended by another sheet."""
    wells = storage.read_wells([files.wells])
    refuse_other_wells(files.wells, wells, study)
    return wells


def refuse_other_wells(path: Path, wells: pd.DataFrame, study: Study) -> None:
    """Refuse WELLS of ``path`` that were amended by another sheet; those of amended runs suffice."""
    if not wells_are_amended_by(wells, amendments(study)):
        refuse(str(path), "wells as the amendments sheet leaves them out now", "other amendments",
               column="amendment", remedy="The sheet was changed after the wells were read: run the study again.")  # fmt: skip


def amended_calls(study: Study, files: Files) -> pd.DataFrame:
    """CALLS of the results.  Raises :class:`MrdqError` if they were made under other rule sets, or
    with other amendments, than those of ``study``."""
    calls = storage.read_calls(files, study)
    refuse_other_amendments(study, files.table("calls.tsv"), calls["amendments_hash"])
    return calls
