"""Columns of a laboratory's own that are more likely ours, misspelt."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence

from mrdq.errors import ERROR, WARNING, Problem, Problems
from mrdq.sheets import Sheet

# Columns whose absence changes results without a word: misspelling one of them is an error.
_SILENT = ("exclude", "blast_fraction")


# Columns of the patients sheet, and what the survival analysis takes to be so without them.
_OUTCOMES = {
    "start_on": "no patient counts in the survival analysis",
    "last_contact_on": "no patient counts in the survival analysis",
    "dead": "no patient counts in the survival analysis",
    "relapse_on": "nobody has had a relapse",
    "transplant_on": "nobody has had a transplantation",
}
# Other words for them, without "date", "day" and "on".
_OTHER_WORDS = {
    "start": "start_on", "treatment_start": "start_on", "start_of_treatment": "start_on",
    "last_contact": "last_contact_on", "last_follow_up": "last_contact_on", "follow_up": "last_contact_on",
    "dead": "last_contact_on", "death": "last_contact_on", "died": "last_contact_on",
    "relapse": "relapse_on", "relapsed": "relapse_on", "first_relapse": "relapse_on",
    "transplant": "transplant_on", "transplantation": "transplant_on", "transplanted": "transplant_on",
    "hsct": "transplant_on", "sct": "transplant_on",
}  # fmt: skip


def _other_word(name: str) -> str:
    """The outcome column that an extra column of this name most likely is; "" if none."""
    plain = re.sub(r"[\W_]+", "_", name.casefold()).strip("_")
    if plain in _OUTCOMES:
        return plain
    if plain in ("death", "died", "deceased", "is_dead"):
        return "dead"
    return _OTHER_WORDS.get(re.sub(r"^(date|day)_(of_)?|_(date|day|on)$", "", plain), "")


def _nearest(name: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(name.casefold(), known, n=1, cutoff=0.85)
    return near[0] if near else ""


def lost(sheet: Sheet) -> dict[str, str]:
    """Extra column -> the outcome column, empty throughout, that it most likely is."""
    empty = [name for name in _OUTCOMES if not any(v not in ("", None) for v in sheet.columns.get(name, [0]))]  # fmt: skip
    near = {name: _other_word(name) or _nearest(name, tuple(_OUTCOMES)) for name in sheet.extra}
    return {name: column for name, column in near.items() if column in empty}


def _lost_outcome(sheet: Sheet, name: str, column: str) -> Problem:
    """One line for the header, in place of one for every row."""
    needed = column == "last_contact_on" and 1 in sheet.columns["dead"]  # a death has its day
    return Problem(sheet.file, f"the column {column}", name, column=name,
                   remedy=f"Is {column} meant? It is empty or not there, and without it {_OUTCOMES[column]}.",
                   level=ERROR if needed else WARNING)  # fmt: skip


def near_misses(sheet: Sheet, known: Sequence[str], problems: Problems) -> None:
    """An extra column named almost like one of ours is more likely a typing mistake."""
    taken = lost(sheet)
    for name in sheet.extra:
        if name.casefold() in known:
            problems.add(Problem(sheet.file, f"the column {name.casefold()}, in lower case", name, column=name,
                                 remedy="Write it so."))  # fmt: skip
            continue
        silent = difflib.get_close_matches(name.casefold(), _SILENT, n=1, cutoff=0.8)
        if silent and silent[0] in known:
            problems.add(Problem(sheet.file, f"the column {silent[0]}, or one of another name", name, column=name,
                                 remedy="Without it, what the column says would not count."))  # fmt: skip
            continue
        if name in taken:
            problems.add(_lost_outcome(sheet, name, taken[name]))
            continue
        meant = _nearest(name, known)
        if meant:
            problems.add(Problem(sheet.file, f"the column {meant}, or one of another name", name, column=name,
                                 level=WARNING, remedy="It is kept as a column of your own."))  # fmt: skip
