"""The rows of the results that a page shows: those of the whole study, or of some of its patients."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from typing import NoReturn

import pyarrow as pa
import pyarrow.compute as pc

from mrdq import scan
from mrdq import vocabulary as words
from mrdq.amended_calls import separate_texts
from mrdq.amended_study import amendments
from mrdq.amendments import WELL_COLUMNS, wells_are_amended_by
from mrdq.errors import refuse
from mrdq.provenance import refuse_other_amendments
from mrdq.reports.amended import Row, with_both
from mrdq.storage import Files
from mrdq.study import Study
from mrdq.tables import CALLS, CURVES, EVIDENCE, RUNS, STATUS

Unit = tuple[str, str]
"""Run and target."""
Subject = tuple[str, str, str]
"""Run, target and sample; "" for what is not of one sample."""

CALL_COLUMNS = (*CALLS.names, "control_gene", "control_gene_run", "guideline_hash")
BASIS = ("guideline", "guideline_hash", "amendments_hash")
_FAILED = ("run_id", "target", "sample_id", "criterion", "value", "minimum", "maximum", "unit", "outcome")  # fmt: skip
_DRAWN = ("run_id", "target", "role", "sample_id", "dilution", "cq")
_LEFT_OUT = ("run_id", "target", "well", "role", "sample_id", "cq", "cq_state", *WELL_COLUMNS)


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of the tables as a page needs them.

    ``calls``: those of :func:`with_both`; ``failures``: evidence that did not pass; ``wells``:
    determined standards and samples of each MRD target; ``left_out``: wells that people left out.
    """

    status: list[Row]
    calls: list[Row]
    curves: list[Row]
    runs: list[Row]
    failures: dict[Subject, list[Row]]
    wells: dict[Unit, list[Row]]
    left_out: list[Row]


def of_study(study: Study, files: Files) -> Rows:
    """Everything.  Raises :class:`MrdqError` if the results are missing, or not those of ``study``."""
    calls = scan.rows(files.table("calls.tsv"), CALLS, CALL_COLUMNS)
    refuse_other_basis(study, files, set(zip(*(calls[name].to_pylist() for name in BASIS), strict=True)))  # fmt: skip
    return _rows(study, files, calls)


def of_patients(study: Study, files: Files, patients: Collection[str]) -> dict[str, Rows]:
    """What belongs to each of ``patients``, with nothing of others in memory.  Raises as :func:`of_study` does."""
    refuse_other_basis(study, files, scan.counted(files.table("calls.tsv"), CALLS, BASIS))
    mine = scan.among("patient_id", patients)
    calls = scan.rows(files.table("calls.tsv"), CALLS, CALL_COLUMNS, mine)
    runs = runs_behind(
        study, scan.records(calls.select(["run_id", "control_gene_run", "amendment"]))
    )
    found = _rows(study, files, calls, mine, runs)
    return {patient: _of_patient(study, found, patient) for patient in patients}


def _of_patient(study: Study, rows: Rows, patient: str) -> Rows:
    calls = [row for row in rows.calls if row["patient_id"] == patient]
    samples, targets = ({row[name] for row in calls} for name in ("sample_id", "target"))
    runs = runs_behind(study, calls)
    known = targets | {study.control_gene_of.get(target, "") for target in targets}

    def is_mine(row: Row) -> bool:
        return row["run_id"] in runs and row["target"] in known

    return replace(
        rows, status=[row for row in rows.status if row["patient_id"] == patient], calls=calls,
        curves=[row for row in rows.curves if is_mine(row)],
        runs=[row for row in rows.runs if row["run_id"] in runs],
        left_out=[row for row in rows.left_out if is_mine(row) and row["sample_id"] in {"", *samples}],
    )  # fmt: skip


def runs_behind(study: Study, calls: Iterable[Row]) -> set[str]:
    """The runs of calls, those that measured their amounts of DNA, and those of the amendments that
    the calls rest on."""
    calls = list(calls)
    texts = {text for cell in {row["amendment"] for row in calls} for text in separate_texts(cell)}
    amended = {one.run_id for one in amendments(study) if one.text in texts}
    return amended | {row[name] for row in calls for name in ("run_id", "control_gene_run")} - {""}


def refuse_other_basis(study: Study, files: Files, made: Iterable[tuple[str, str, str]]) -> None:
    """Raise :class:`MrdqError` if calls were made under other rule sets, or with other amendments,
    than those of ``study``.  ``made``: rule set, its hash and the hash of the amendments."""
    made, path = list(made), files.table("calls.tsv")
    ours = {(name, guideline.hash) for name, guideline in study.guidelines.items()}
    for name, hashed in sorted({(name, hashed) for name, hashed, _ in made} - ours):
        refuse(str(path), f"calls made under {', '.join(sorted(f'{n} {h[:12]}' for n, h in ours))}",
               found=f"{name} {hashed[:12]}", column="guideline",
               remedy="Name the rule set again (--guideline), or make the calls again (mrdq call).")  # fmt: skip
    refuse_other_amendments(study, path, [hashed for _, _, hashed in made])


def _rows(
    study: Study, files: Files, calls: pa.Table, mine: scan.Keep | None = None, runs: Collection[str] | None = None
) -> Rows:  # fmt: skip
    """``mine``: the rows of STATUS that are wanted, and ``runs``: of the other tables (None: all)."""
    status = scan.records(scan.rows(files.table("status.tsv"), STATUS, STATUS.names, mine))
    refuse_other_amendments(study, files.table("status.tsv"), {row["amendments_hash"] for row in status})  # fmt: skip
    of_runs = scan.among("run_id", runs) if runs is not None else None
    curves = scan.records(scan.rows(files.table("curves.tsv"), CURVES, CURVES.names, of_runs))
    return Rows(
        status=status, calls=with_both(calls), curves=curves,
        runs=scan.records(scan.rows(files.runs, RUNS, RUNS.names, of_runs)),
        failures=_failures(files, of_runs),
        wells=_drawn(files, {row["target"] for row in curves if row["kind"] == words.MRD}, runs),
        left_out=left_out(study, files, runs),
    )  # fmt: skip


def _failures(files: Files, of_runs: scan.Keep | None) -> dict[Subject, list[Row]]:
    failed = scan.among("outcome", [words.FAIL])
    keep = scan.all_of(failed, of_runs) if of_runs else failed
    found: dict[Subject, list[Row]] = {}
    for row in scan.records(scan.rows(files.table("evidence.tsv"), EVIDENCE, _FAILED, keep)):
        found.setdefault((row["run_id"], row["target"], row["sample_id"]), []).append(row)
    return found


def _drawn(files: Files, targets: Collection[str], runs: Collection[str] | None) -> dict[Unit, list[Row]]:  # fmt: skip
    """Determined standards and samples of ``targets``, by run and target."""
    found: dict[Unit, list[Row]] = {}
    wanted: Callable[[pa.Table], pa.Array] = scan.among("target", targets)
    roles = scan.among("role", [words.STANDARD, words.SAMPLE])
    for piece in scan.wells(files.wells, _DRAWN, runs):
        drawn = piece.filter(pc.and_(pc.and_(wanted(piece), roles(piece)), piece["cq"].is_valid()))
        for row in scan.records(drawn):
            found.setdefault((row["run_id"], row["target"]), []).append(row)
    return found


def left_out(study: Study, files: Files, runs: Collection[str] | None = None) -> list[Row]:
    """Wells with a role that people left out, of ``runs`` or of all.

    Raises :class:`MrdqError` if these wells were amended by another sheet than that of ``study``.
    """
    omissions = [one for one in amendments(study) if one.what == words.OMIT]
    there = WELL_COLUMNS[0] in scan.well_columns(files.wells)
    if not omissions and not there:
        return []
    named = scan.among("run_id", {one.run_id for one in omissions})
    found: list[Row] = []
    for piece in scan.wells(files.wells, _LEFT_OUT, runs) if there else ():
        mask = named(piece)
        others = piece.filter(pc.invert(mask))
        there &= wells_are_amended_by(piece.filter(mask).to_pandas(), omissions)
        there &= not set(others["amendment"].unique().to_pylist()) - {""}
        used = pc.invert(scan.among("role", ["", words.EMPTY])(piece))
        found += scan.records(piece.filter(pc.and_(used, pc.not_equal(piece["amendment"], ""))))
    if not there or not omissions:
        refuse_other_wells(files)
    return found


def refuse_other_wells(files: Files) -> NoReturn:
    """Raise :class:`MrdqError` for wells that were amended by another sheet than that of the study."""
    refuse(str(files.wells), "wells as the amendments sheet leaves them out now", "other amendments",
           column="amendment", remedy="The sheet was changed after the wells were read: run the study again.")  # fmt: skip
