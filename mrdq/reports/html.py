"""``report/index.html``: the status of every patient, and every call with its reasons."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

from mrdq import __version__, storage
from mrdq import vocabulary as words
from mrdq.amended_calls import counting
from mrdq.amended_study import amended_calls, amended_wells, amendments
from mrdq.evidence import CRITERIA
from mrdq.provenance import refuse_other_amendments
from mrdq.reports.amended import amendments_told, with_both
from mrdq.reports.amended import records as _records
from mrdq.reports.picture import curve_picture
from mrdq.storage import Files
from mrdq.study import Study
from mrdq.tables import CURVES, EVIDENCE, RUNS, STATUS

_SHOWN = {
    words.POSITIVE_QUANTIFIABLE: "positive, quantifiable",
    words.POSITIVE_NOT_QUANTIFIABLE: "positive, not quantifiable",
    words.LOW_POSITIVE_BELOW_RANGE: "low positive, below range",
    words.UNCERTAIN_SIGNIFICANCE: "uncertain significance",
    words.NEGATIVE: "negative",
    words.NOT_EVALUABLE: "not evaluable",
    words.NOT_DONE: "not done",
}


def level(value: float) -> str:
    """An MRD level or limit for people, ``3.21e-4``; "" for none.

    The minus is a hyphen that does not break: a number split over two lines is another number.
    """
    if value is None or math.isnan(value):
        return ""
    mantissa, exponent = f"{value:.2e}".split("e")
    return f"{mantissa}e{int(exponent)}".replace("-", "\u2011")


def result_text(row: dict[str, Any]) -> str:
    """A result as it is told: never a bare ``< limit`` for a positive, a negative with its
    sensitivity, a level with its interval.  The quantitative range bounds a positive only if its level
    lies below: where replicates differ, the level may be any."""
    status = row.get("status", row.get("call"))
    shown = _SHOWN[str(status)]
    if status == words.POSITIVE_QUANTIFIABLE:
        interval = f"{level(row['mrd_level_low'])} to {level(row['mrd_level_high'])}"
        return f"{shown}: {level(row['mrd_level'])} ({interval})"
    if status == words.NEGATIVE:
        return f"{shown} (sensitivity {level(row['sensitivity']) or 'not established'})"
    if status in (words.NOT_EVALUABLE, words.NOT_DONE):
        return shown
    reasons = str(row.get("reasons", "")).split(";")
    if "sample_range" in reasons:
        return f"{shown}: detected, < {level(row['quantitative_range'])} (quantitative range)"
    why = f" ({', '.join(reasons)})" if any(reasons) else ""  # a person's call has no criteria
    return f"{shown}: detected, of unknown level{why}"


def automatic_text(row: dict[str, Any]) -> str:
    """A status as it is without amendments, and what would follow from it."""
    found = level(row["automatic_mrd_level"])
    result = f"{_SHOWN[row['automatic_status']]}{': ' if found else ''}{found}"
    response = str(row["automatic_response"]).replace("_", " ")
    follows = f"; next step: {row['automatic_next_step']}" if row["automatic_next_step"] else ""
    return f"{result}; response {response}{follows}"


def write(study: Study, files: Files, *, seal: Sequence[str] = ()) -> Path:
    """Write the page from the tables of ``files``, which says ``seal``; returns its path."""
    status = storage.read_table(files.table("status.tsv"), STATUS)
    refuse_other_amendments(study, files.table("status.tsv"), status["amendments_hash"])
    calls = amended_calls(study, files)
    curves = storage.read_table(files.table("curves.tsv"), CURVES)
    runs = storage.read_table(files.runs, RUNS)
    evidence = storage.read_table(files.table("evidence.tsv"), EVIDENCE)
    wells = amended_wells(study, files)
    counts = counting(calls)
    pictures = dict(_pictures(curves, wells, counts))
    both = with_both(calls)
    dates = dict(zip(study.runs.columns["run_id"], study.runs.columns["performed_on"], strict=True))
    confidence = sorted(
        {f"{100 * g['interval_confidence'].value:g} %" for g in study.guidelines.values()}
    )
    page = _template().render(
        study=study.config.study, version=__version__, notices=study.notices, seal=seal,
        guidelines=list(study.guidelines.values()), confidence=" or ".join(confidence),
        runs=_records(runs), dates=dates, curves=_records(curves), status=_records(status),
        patients=_patients(status, both), not_evaluable=_not_evaluable(counts), failures=_failures(evidence),
        amendments=amendments_told(amendments(study), both, _records(status), wells),
        protocols=_protocols(study),
        retracted={one.run_id for one in amendments(study) if one.retracts},
        late=_late_signals(calls, curves, study), pictures=pictures, flags=words.FLAGS, criteria=CRITERIA,
    )  # fmt: skip
    path = files.folder / "report" / "index.html"
    storage.write_bytes(path, page.encode())
    return path


def _protocols(study: Study) -> list[dict[str, str]]:
    """How surely each protocol's idea of a positive is known, timepoint by timepoint."""
    return [
        {"id": name, "counted": ", ".join(f"{t.id} {t.grade}" for t in protocol.timepoints)}
        for name, protocol in sorted(study.protocols.items())
        if protocol.timepoints
    ]


def _patients(status: pd.DataFrame, calls: list[dict[str, Any]]) -> list[dict[str, Any]]:
    by_patient: dict[str, list[dict[str, Any]]] = {}
    for call in calls:
        by_patient.setdefault(call["patient_id"], []).append(call)
    return [
        {"id": patient, "status": _records(rows), "calls": by_patient.get(str(patient), [])}
        for patient, rows in status.groupby("patient_id", sort=False)
    ]


def _not_evaluable(calls: pd.DataFrame) -> dict[tuple[str, str], str]:
    """(patient, timepoint) -> the gates that failed, over all its current calls that count."""
    stopped = calls[(calls["call"] == words.NOT_EVALUABLE) & ~calls["superseded"]]
    found: dict[tuple[str, str], dict[str, None]] = {}
    for row in _records(stopped):
        gates = found.setdefault((row["patient_id"], row["timepoint"]), {})
        gates.update(dict.fromkeys((row["reasons"] or "by amendment").split(";")))
    return {key: ", ".join(gates) for key, gates in found.items()}


def _late_signals(
    calls: pd.DataFrame, curves: pd.DataFrame, study: Study
) -> dict[tuple[str, str, str], str]:
    """(run, target, sample) -> why the signals of a negative do not count."""
    lowest = {(c["run_id"], c["target"]): c["lowest_background_cq"] for c in _records(curves)}
    found = {}
    for row in _records(calls[(calls["call"] == words.NEGATIVE) & (calls["n_determined"] > 0)]):
        distance = study.guidelines[row["guideline"]]["positive_background_distance_minimum"].value
        bound = lowest[row["run_id"], row["target"]] - distance
        limit = (
            "" if math.isnan(bound) else f" (Cq at most B - {distance:g} = {bound:.4g} would count)"
        )
        key = (row["run_id"], row["target"], row["sample_id"])
        found[key] = f"{row['n_determined']:.0f} wells with a signal too late to count{limit}"
    return found


def _failures(evidence: pd.DataFrame) -> dict[tuple[str, str, str], list[dict[str, Any]]]:
    """Evidence that did not pass, by run, target and sample ("" for the run's own)."""
    found: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
    for row in _records(evidence[evidence["outcome"] == words.FAIL]):
        found.setdefault((row["run_id"], row["target"], row["sample_id"]), []).append(row)
    return found


def _pictures(curves: pd.DataFrame, wells: pd.DataFrame, calls: pd.DataFrame) -> Any:
    shown = wells[wells["role"].isin([words.STANDARD, words.SAMPLE]) & wells["cq"].notna()]
    standards = dict(list(shown.groupby(["run_id", "target"], observed=True)))
    by_unit = {key: _records(rows) for key, rows in calls.groupby(["run_id", "target"])}
    for curve in _records(curves):
        key = (curve["run_id"], curve["target"])
        if curve["kind"] == words.MRD and key in standards:
            yield key, curve_picture(curve, standards[key], by_unit.get(key, []))


@cache
def _template() -> Any:
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("mrdq.reports", "."), autoescape=True, undefined=jinja2.StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    environment.filters |= {
        "level": level, "result": result_text, "automatic": automatic_text, "number": _number, "zip": zip,
    }  # fmt: skip
    return environment.get_template("index.html.j2")


def _number(value: float) -> str:
    return "" if value is None or math.isnan(value) else f"{value:.4g}"
