"""Results compared: two folders of results, or those of a study with those under another rule set.

Nothing of a study is changed: what has to be made is made in a temporary folder.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from mrdq import calling, storage
from mrdq.comparison.compare import compare
from mrdq.comparison.compared import Compared, Named
from mrdq.comparison.side import RuleSets, Side
from mrdq.comparison.statuses import with_deciding_run
from mrdq.comparison.tables import CALL_KEY, LEVEL, STATUS_KEY
from mrdq.config import CONFIG_FILE, load_config
from mrdq.definitions import load_guideline
from mrdq.errors import MrdqError, Problem, refuse
from mrdq.guideline import Guideline
from mrdq.reports.places import require_empty
from mrdq.storage import Files
from mrdq.study import Study, load_study
from mrdq.tables import CALLS, EVIDENCE, RUNS, STATUS, Table

Say = Callable[[str], None]
CLOSE = 1e-9
"""Relative difference of numbers that another processor may make."""
_WITHOUT_IT = "To compare without it, take the row out in a copy of the study, run the copy (mrdq run), and compare there."
_INPUT_FOLDERS = ("config", "data", "audit", ".mrdq")


def folders(a: Path, b: Path) -> Compared:
    """Compare two results folders, or the results of two study folders.

    Raises :class:`MrdqError` with what is wrong with either.
    """
    places = [results_of(path) for path in (a, b)]
    sides = [
        _side(str(path), Files(results), root)
        for path, (results, root) in zip((a, b), places, strict=True)
    ]
    hashes = [_hash(results / "wells.parquet") for results, _ in places]
    same_wells = hashes[0] == hashes[1] != ""
    found = compare(sides[0].side, sides[1].side, same_wells=same_wells)
    return Compared(sides[0], sides[1], found)


def results_of(path: Path) -> tuple[Path, Path | None]:
    """The results folder that a path names, and the study around it if there is one."""
    if (path / CONFIG_FILE).is_file():
        return path / load_config(path).results, path
    if not (path / "calls.tsv").is_file():
        refuse(str(path), "a study folder, or a folder of results (calls.tsv, status.tsv, evidence.tsv)",
               found="" if path.is_dir() else str(path), remedy="Run the study first (mrdq run STUDY).")  # fmt: skip
    around = (folder for folder in path.resolve().parents if (folder / CONFIG_FILE).is_file())
    return path, next(around, None)


def rule_sets(root: Path, guideline: str, *, say: Say) -> Compared:
    """Compare the results of a study with those that ``guideline`` gives from the same wells.

    Raises :class:`MrdqError` where there are no results, or where they are not those of the
    study's sheets, rule sets and layouts as they are now.
    """
    own = load_study(root)
    other = _under(own, guideline)
    files = Files(own.results)
    stored = _tables(files)
    storage.read_calls(files, own)
    _refuse_other_runs(own, files)
    with tempfile.TemporaryDirectory(prefix="mrdq-diff-") as folder:
        say("calling under the study's own rule sets")
        a = _made(own, files, Path(folder) / "a")
        _refuse_stale(files, stored, a)
        say(f"calling under {guideline}")
        b = _made(other, files, Path(folder) / "b")
    names = ", ".join(own.guidelines)
    sides = _named(f"{root} under its own rule sets ({names})", a, own), _named(f"{root} under {guideline}", b, other)  # fmt: skip
    return Compared(*sides, compare(a, b, same_wells=True))


def _under(own: Study, guideline: str) -> Study:
    """The study under another rule set, which may not know a call that a person put."""
    try:
        return load_study(own.root, guideline=guideline)
    except MrdqError as error:
        raise MrdqError(_with_a_way_out(error.problems, own.amendments.file)) from None


def _with_a_way_out(problems: Sequence[Problem], sheet: str) -> list[Problem]:
    """The study's own rule set took the row: what is wrong with it is the other one's."""
    of_the_row = [one.file == sheet and one.column == "call" for one in problems]
    return [
        replace(one, remedy=f"{one.remedy} {_WITHOUT_IT}") if other else one
        for one, other in zip(problems, of_the_row, strict=True)
    ]


def _named(name: str, side: Side, study: Study) -> Named:
    told = tuple(_told(guideline) for guideline in study.guidelines.values())
    return Named(name, side, told, tuple(study.notices))


def _told(guideline: Guideline) -> str:
    return f"{guideline.id} {guideline.version} ({guideline.status}), sha256 {guideline.hash[:16]}"


def _made(study: Study, files: Files, folder: Path) -> Side:
    """The tables of a study made from its wells, in another folder."""
    folder.mkdir()
    shutil.copyfile(files.wells, folder / files.wells.name)
    made = Files(folder)
    calling.call(study, made)
    calling.status(study, made)
    known = {(name, guideline.hash): guideline for name, guideline in study.guidelines.items()}
    calls, status, evidence = _tables(made)
    return Side(calls, status, evidence, known)


def _refuse_stale(files: Files, stored: Sequence[pd.DataFrame], made: Side) -> None:
    """The results have to be what the sheets give now; a last digit may be another processor's."""
    then = Side(stored[0], stored[1], stored[2], made.guidelines)
    _refuse_apart(files, then)
    found = compare(then, made, same_wells=True).differences
    told = found[(found["what"] != LEVEL) | ~(found["relative_change"].abs() <= CLOSE)]
    if len(told):
        first = told.iloc[0]
        key = ", ".join(filter(None, (first[name] for name in (*CALL_KEY, *STATUS_KEY))))
        shown = f"{first['a'] or 'nothing'} where they now give {first['b'] or 'nothing'} ({first['what']} of {key}"
        refuse(str(files.folder), "the results that sheets, rule sets and this version of mrdq give now",
               found=f"{shown}; {len(told)} such rows)",
               remedy="Something was changed after the run: run the study again (mrdq run STUDY), then compare.")  # fmt: skip


def _refuse_other_runs(study: Study, files: Files) -> None:
    """The wells have to be those of the runs sheet and of the layouts as they are now."""
    runs = storage.read_table(files.runs, RUNS)
    ours, theirs = set(study.runs.columns["run_id"]), set(runs["run_id"])
    again = "Run the study again (mrdq run STUDY), then compare."
    if ours != theirs:
        refuse(str(files.runs), f"the runs of {study.runs.file}", ", ".join(sorted(ours ^ theirs)[:5]),
               column="run_id", remedy=f"In one of the two only. {again}")  # fmt: skip
    layouts = dict(zip(study.runs.columns["run_id"], study.runs.columns["layout"], strict=True))
    now = {name: _hash(study.root / name.partition("#")[0]) for name in {*layouts.values()} if name}
    for run, then in zip(runs["run_id"], runs["layout_sha256"], strict=True):
        if then and then != now.get(layouts[run], ""):
            refuse(layouts[run] or study.runs.file, f"the layout that run {run} was read with", found="another one",
                   remedy=f"It was changed after the run. {again}")  # fmt: skip


def _hash(path: Path) -> str:
    """SHA-256 of a file; "" if there is none."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return ""


def _side(name: str, files: Files, root: Path | None) -> Named:
    """A results folder; ``root`` is the study around it."""
    calls, status, evidence = _tables(files)
    ids = _ids(calls)
    known, notices = _known(ids, root)
    if root is None:
        notices.insert(0, "No study lies around these results: whether they are simulated, mrdq cannot say")  # fmt: skip
    elif config := load_config(root).notice:
        notices.insert(0, config)
    side = Side(calls, status, evidence, known)
    _refuse_apart(files, side)
    told = tuple(
        _told(known[i]) if i in known else f"{i[0] or 'none'}, sha256 {i[1][:16]}" for i in ids
    )
    return Named(name, side, told, tuple(notices))


def _ids(calls: pd.DataFrame) -> list[tuple[str, str]]:
    """Id and hash of every rule set of the calls."""
    hashes = calls["guideline_hash"] if "guideline_hash" in calls else [""] * len(calls)
    return sorted(set(zip(map(str, calls["guideline"]), map(str, hashes), strict=True)))


def _known(ids: Sequence[tuple[str, str]], root: Path | None) -> tuple[RuleSets, list[str]]:
    """The rule sets whose numbers are at hand, by their hash, and what has to be said of all."""
    known: dict[tuple[str, str], Guideline] = {}
    notices = []
    for name, hashed in ids:
        found = _rule_set(name, hashed, root)
        if found is None:
            notices.append(f"Rule set {name} {hashed[:12]} is not at hand (another version, or another study's): "
                           "its numbers cannot be named, nor whether it is provisional")  # fmt: skip
        else:
            known[name, hashed] = found
            notices += [found.notice] if found.notice else []
    return known, notices


def _rule_set(name: str, hashed: str, root: Path | None) -> Guideline | None:
    for where in dict.fromkeys((root, None)):
        try:
            found = load_guideline(name, where)
        except MrdqError:  # not there, or not one that mrdq can read today
            continue
        if found.hash == hashed:
            return found
    return None


def _tables(files: Files) -> list[pd.DataFrame]:
    """CALLS, STATUS and EVIDENCE of a results folder, also of an earlier version of mrdq."""
    wanted = {
        "calls.tsv": until(CALLS, "flags"),
        "status.tsv": until(STATUS, "deciding_sample"),
        "evidence.tsv": EVIDENCE,
    }
    tables = []
    for name, schema in wanted.items():
        table = storage.read_table(files.table(name), schema)
        key = list(schema.key)
        twice = table[table.duplicated(key)] if name != "evidence.tsv" else table[:0]
        if len(twice):
            refuse(str(files.table(name)), f"one row per {', '.join(key)}", ", ".join(twice.iloc[0][key]),
                   remedy="The file was changed: run the study again.")  # fmt: skip
        tables.append(table)
    return tables


def until(table: Table, last: str) -> Table:
    """The columns of a table that every version has: those up to ``last``."""
    columns = table.columns[: table.names.index(last) + 1]
    return Table(table.name, table.doc, table.key, columns)


def _refuse_apart(files: Files, side: Side) -> None:
    """Calls and status have to be of one making: each status has the call that it names."""
    status = with_deciding_run(side)
    lost = status[status["deciding_run"].isna()]
    if len(lost):
        row = lost.iloc[0]
        refuse(str(files.table("status.tsv")), f"a call in calls.tsv that gives the status {row['status']}",
               found=f"{row['deciding_target']} {row['deciding_sample']}", column="deciding_target",
               remedy=f"Status of {row['patient_id']} {row['timepoint']}. The two tables are not of one run: run the study again.")  # fmt: skip


def refuse_place(folder: Path, compared: Sequence[Path]) -> None:
    """A report may not lie among results or inputs of what it compares, nor beside or over other files.

    ``compared``: the paths that were given.  Raises :class:`MrdqError`.
    """
    if folder.exists() and not folder.is_dir():
        refuse("--to", "a folder", str(folder))
    place = folder.resolve()
    for path in compared:
        results, root = results_of(path)
        held = [results, *((root / name for name in _INPUT_FOLDERS) if root else ())]
        for taken in (one.resolve() for one in held):
            if place == taken or taken in place.parents:
                refuse("--to", "a folder of its own for the comparison", str(folder),
                       remedy=f"{taken.name}/ holds inputs or results of what is compared.")  # fmt: skip
    require_empty(folder)
