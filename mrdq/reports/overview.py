"""``index.html`` of an archive: counts, and what a person has to look at; no longer for more patients.

Tables are read piece by piece, so that memory does not grow with the archive either.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mrdq import scan
from mrdq import vocabulary as words
from mrdq.amended_study import amendments
from mrdq.evidence import CRITERIA
from mrdq.parallel import each
from mrdq.provenance import refuse_other_amendments
from mrdq.reports.amended import Row, amendments_told, with_both
from mrdq.reports.result_rows import BASIS, CALL_COLUMNS, left_out, refuse_other_basis
from mrdq.reports.result_words import rule_sets
from mrdq.storage import Files
from mrdq.study import Study
from mrdq.tables import CALLS, CURVES, EVIDENCE, RUNS, STATUS

MOST_LISTED = 200
"""Rows of a list; what else there is stands in the tables, and the page says how much."""
LOOK_AT = ("signal_seen", "discordant_runs", "discordant_targets")
"""Flags of statuses that a person has to judge, named one by one."""
_RUN = ("run_id", "export", "state", "message", "warnings")


@dataclass(frozen=True, slots=True)
class Listed:
    """The first rows of ``total``."""

    rows: list[Row]
    total: int

    @property
    def cut(self) -> bool:
        """There are more than are shown."""
        return self.total > len(self.rows)

    def told(self, where: str) -> str:
        """How many there are, and where those that are not shown stand."""
        if not self.cut:
            return f"{self.total:,} in all." if self.total else "None."
        return f"The first {len(self.rows):,} of {self.total:,}; all of them stand in {where}."


def content(study: Study, files: Files, *, place_of: Callable[[str], str], cores: int = 1) -> dict[str, Any]:  # fmt: skip
    """What the overview shows.  ``place_of``: patient -> address of the patient's page.

    Raises :class:`MrdqError` if a table is missing, or not made of ``study`` as it is.
    """
    parts: Sequence[Callable[[Study, Files], dict[str, Any]]] = (_evidence, _calls, _statuses, _runs, _wells)  # fmt: skip
    found: dict[str, Any] = {}
    for part in each(lambda part: part(study, files), parts, cores):
        found |= part
    told = amendments_told(amendments(study), found["amended_calls"], found["amended_status"], found["left_out"])  # fmt: skip
    retractions = [one for one in amendments(study) if one.retracts]
    return found | rule_sets(study.guidelines, study.protocols) | {
        "n_patients": len(set(study.samples.columns["patient_id"])), "amendments": told, "place_of": place_of,
        "retractions": Listed([{"run_id": one.run_id, "text": one.text} for one in retractions[:MOST_LISTED]], len(retractions)),
    }  # fmt: skip


def failed_runs(files: Files) -> Listed:
    """The runs that could not be read."""
    return _first(*scan.first(files.runs, RUNS, _RUN, MOST_LISTED, scan.among("state", ["failed"])))


def _first(table: Any, total: int) -> Listed:
    return Listed(scan.records(table), total)


def _statuses(study: Study, files: Files) -> dict[str, Any]:
    path = files.table("status.tsv")
    columns = ("amendments_hash", "protocol", "timepoint", "status", "amended", "flags")
    counts = scan.counted(path, STATUS, columns)
    refuse_other_amendments(study, path, {key[0] for key in counts})
    places: dict[tuple[str, str], Counter[str]] = {}
    for (_, protocol, timepoint, status, *_), n in counts.items():
        places.setdefault((protocol, timepoint), Counter())[status] += n
    order = {(name, t.id): place for name, one in study.protocols.items() for place, t in enumerate(one.timepoints)}  # fmt: skip
    shown = sorted(places, key=lambda key: (key[0], order.get(key, len(order)), key[1]))
    rows = [{"protocol": p, "timepoint": t, "counts": places[p, t]} for p, t in shown[:MOST_LISTED]]
    n_amended, flags = _sums(counts, 4)[True], _words(counts, 5)
    amended = scan.rows(path, STATUS, STATUS.names, scan.is_true("amended")) if n_amended else None
    return {
        "places": Listed(rows, len(places)), "by_status": {word: n for word in words.STATUSES if (n := _sums(counts, 3)[word])}, "n_status": counts.total(),
        "n_amended": n_amended, "amended_status": scan.records(amended) if amended else [],
        "status_flags": flags, "look_at": {flag: _flagged(path, flag, flags[flag]) for flag in LOOK_AT},
    }  # fmt: skip


def _flagged(path: Path, flag: str, total: int) -> Listed:
    """The first statuses with a flag, of which there are ``total``."""
    if not total:
        return Listed([], 0)
    return _first(*scan.first(path, STATUS, STATUS.names, MOST_LISTED, scan.holds("flags", flag)))


def _calls(study: Study, files: Files) -> dict[str, Any]:
    path = files.table("calls.tsv")
    counts = scan.counted(path, CALLS, (*BASIS, "flags", "amended"))
    refuse_other_basis(study, files, {key[:3] for key in counts})
    some = _sums(counts, 4)[True]
    amended = scan.rows(path, CALLS, CALL_COLUMNS, scan.is_true("amended")) if some else None
    return {
        "call_flags": _words(counts, 3), "n_calls": counts.total(),
        "amended_calls": with_both(amended) if amended else [],
    }  # fmt: skip


def _evidence(_: Study, files: Files) -> dict[str, Any]:
    """Criteria with how often they were judged, and not met; and the curves."""
    counts = scan.counted(files.table("evidence.tsv"), EVIDENCE, ("criterion", "outcome"))
    judged = {name: {outcome: counts[name, outcome] for outcome in words.OUTCOMES} for name in CRITERIA}  # fmt: skip
    curves = scan.counted(files.table("curves.tsv"), CURVES, ("kind", "accepted"))
    return {
        "judged": {name: found for name, found in judged.items() if any(found.values())},
        "curves": {kind: (curves[kind, True], curves[kind, False]) for kind in words.KINDS},
    }


def _runs(_: Study, files: Files) -> dict[str, Any]:
    counts = scan.counted(files.runs, RUNS, ("state", "format", "instrument"))
    kinds = [{"format": f, "instrument": i, "n": n} for (state, f, i), n in sorted(counts.items()) if state == "read"]  # fmt: skip
    return {
        "n_runs": counts.total(), "n_read": _sums(counts, 0)["read"], "failed": failed_runs(files),
        "kinds": Listed(kinds[:MOST_LISTED], len(kinds)),
        "doubted": _first(*scan.first(files.runs, RUNS, _RUN, MOST_LISTED, scan.is_filled("warnings"))),
    }  # fmt: skip


def _wells(study: Study, files: Files) -> dict[str, Any]:
    return {"left_out": left_out(study, files)}


def _sums(counts: Mapping[tuple[Any, ...], int], place: int) -> Counter[Any]:
    """Counts by one of the cells that they are by."""
    found: Counter[Any] = Counter()
    for key, n in counts.items():
        found[key[place]] += n
    return found


def _words(counts: Mapping[tuple[Any, ...], int], place: int) -> Counter[str]:
    """Counts by the words of a cell, which are separated by ;"""
    found: Counter[str] = Counter()
    for text, n in _sums(counts, place).items():
        found.update(dict.fromkeys(_separate(text), n))
    return found


def _separate(text: str) -> Iterable[str]:
    return filter(None, text.split(";"))
