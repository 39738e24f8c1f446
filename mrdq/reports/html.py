"""``report/index.html`` and ``report/patients/``: every status, and every call with its reasons.

A page of more patients or runs than a person can open becomes an overview (:mod:`.overview`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

from mrdq import __version__, storage
from mrdq import vocabulary as words
from mrdq.amended_study import amendments
from mrdq.errors import Problem, Problems
from mrdq.evidence import CRITERIA
from mrdq.progress import SILENT, Progress
from mrdq.reports import overview
from mrdq.reports.amended import Row, amendments_told
from mrdq.reports.patient_files import page_names
from mrdq.reports.picture import curve_picture
from mrdq.reports.result_rows import Rows, Subject, Unit, of_patients, of_study
from mrdq.reports.result_words import (
    automatic_text,
    level,
    number,
    result_text,
    rule_sets,
    status_word,
)
from mrdq.storage import Files
from mrdq.study import Study

MOST_PATIENTS, MOST_RUNS = 300, 1000
"""What ``index.html`` shows one by one; a browser takes seconds to open more."""


def write(
    study: Study, files: Files, *, seal: Sequence[str] = (), progress: Progress = SILENT, cores: int = 1
) -> Path:  # fmt: skip
    """Write ``index.html`` from the tables of ``files``, which says ``seal``; returns its path.

    Raises :class:`MrdqError` if a table is missing, or not made of ``study`` as it is.
    """
    path = files.folder / "report" / "index.html"
    with progress.step("writing the page"):
        if is_whole(study):
            page = _render("index.html.j2", _head(study, seal) | _content(study, of_study(study, files)))  # fmt: skip
        else:
            counted = overview.content(study, files, place_of=place_in_folder(study), cores=cores)
            page = _render("overview.html.j2", _head(study, seal) | counted)
        storage.write_bytes(path, page)
    return path


def is_whole(study: Study) -> bool:
    """Whether ``index.html`` holds every patient and run, and is no overview."""
    patients = set(study.samples.columns["patient_id"])
    return len(patients) <= MOST_PATIENTS and len(study.runs) <= MOST_RUNS


def write_patients(
    study: Study, files: Files, patients: Collection[str], *, seal: Sequence[str] = (), progress: Progress = SILENT
) -> list[Path]:  # fmt: skip
    """Write the page of each of ``patients``; returns their paths.

    A page has what ``index.html`` of a small study has of the patient.  Raises :class:`MrdqError` as
    :func:`write` does, and for an id that the samples sheet does not have.
    """
    require_known(study, patients)
    found, failed = of_patients(study, files, patients), overview.failed_runs(files)
    name_of = page_names(_known(study))
    paths = []
    with progress.step("writing pages", len(patients), "patients") as tick:
        for patient in dict.fromkeys(patients):
            content = (
                _head(study, seal) | _content(study, found[patient], patient) | {"failed": failed}
            )
            path = files.folder / "report" / "patients" / name_of(patient)
            storage.write_bytes(path, _render("patient.html.j2", content))
            paths.append(path)
            tick(1)
    return paths


def require_known(study: Study, patients: Collection[str]) -> None:
    """Raise :class:`MrdqError` naming each of ``patients`` that no sample of the study is from."""
    known = {patient.casefold(): patient for patient in _known(study)}
    problems = Problems()
    for patient in sorted(set(patients) - set(_known(study))):
        near = [known[one] for one in get_close_matches(patient.casefold(), known, n=5)]
        problems.add(Problem("--patient", f"a patient of {study.samples.file or 'the samples sheet'}", patient,
                             remedy=f"Near to it: {', '.join(near)}." if near else ""))  # fmt: skip
    problems.raise_if_any()


def _known(study: Study) -> list[str]:
    return list(dict.fromkeys(study.samples.columns["patient_id"]))


def place_in_folder(study: Study) -> Callable[[str], str]:
    """Patient -> the address of the patient's page, as ``index.html`` links to it."""
    name_of = page_names(_known(study))
    return lambda patient: f"patients/{quote(name_of(patient))}"


def _head(study: Study, seal: Sequence[str]) -> dict[str, Any]:
    return {
        "study": study.config.study, "version": __version__, "notices": study.notices, "seal": seal,
        "flags": words.FLAGS, "criteria": CRITERIA,
        "retracted": {one.run_id for one in amendments(study) if one.retracts},
    }  # fmt: skip


def _content(study: Study, rows: Rows, patient: str = "") -> dict[str, Any]:
    """What a page shows of ``rows``; of one ``patient``: only what is said about this one."""
    told = amendments_told(amendments(study), rows.calls, rows.status, rows.left_out)
    guidelines, protocols = dict(study.guidelines), dict(study.protocols)
    if patient:
        told = [one for one in told if one["wells"] or one["calls"] or one["status"]]
        used = {row["guideline"] for row in (*rows.status, *rows.calls)}
        guidelines = {name: one for name, one in guidelines.items() if name in used}
        protocols = {name: one for name, one in protocols.items() if name == study.protocol_of[patient]}  # fmt: skip
    dates = zip(study.runs.columns["run_id"], study.runs.columns["performed_on"], strict=True)
    return rule_sets(guidelines, protocols) | {
        "runs": rows.runs, "dates": dict(dates), "curves": rows.curves, "status": rows.status,
        "patients": _patients(rows), "not_evaluable": _not_evaluable(rows.calls), "failures": rows.failures,
        "amendments": told, "late": _late_signals(study, rows), "pictures": dict(_pictures(rows)),
        "patient_id": patient, "place_of": "#p-{}".format,
    }  # fmt: skip


def _patients(rows: Rows) -> list[dict[str, Any]]:
    status, calls = _by_patient(rows.status), _by_patient(rows.calls)
    return [{"id": patient, "status": found, "calls": calls.get(patient, [])} for patient, found in status.items()]  # fmt: skip


def _by_patient(rows: Sequence[Row]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row["patient_id"], []).append(row)
    return found


def _not_evaluable(calls: Sequence[Row]) -> dict[tuple[str, str], str]:
    """(patient, timepoint) -> the gates that failed, over all its current calls that count."""
    found: dict[tuple[str, str], dict[str, None]] = {}
    for row in filter(None, (call["counts"] for call in calls)):
        if row["call"] == words.NOT_EVALUABLE and not row["superseded"]:
            gates = found.setdefault((row["patient_id"], row["timepoint"]), {})
            gates.update(dict.fromkeys((row["reasons"] or "by amendment").split(";")))
    return {key: ", ".join(gates) for key, gates in found.items()}


def _late_signals(study: Study, rows: Rows) -> dict[Subject, str]:
    """Why the signals of the engine's negatives do not count."""
    lowest = {(c["run_id"], c["target"]): c["lowest_background_cq"] for c in rows.curves}
    found = {}
    for row in rows.calls:
        if row["call"] == words.NEGATIVE and row["n_determined"] > 0:
            rules = study.guidelines[row["guideline"]]
            distance = rules["positive_background_distance_minimum"].value
            bound = lowest[row["run_id"], row["target"]] - distance
            limit = f" (Cq at most B - {distance:g} = {bound:.4g} would count)"
            told = f"{row['n_determined']:.0f} wells with a signal too late to count"
            found[row["run_id"], row["target"], row["sample_id"]] = told + ("" if math.isnan(bound) else limit)  # fmt: skip
    return found


def _pictures(rows: Rows) -> Any:
    calls: dict[Unit, dict[str, str]] = {}
    for row in filter(None, (call["counts"] for call in rows.calls)):
        calls.setdefault((row["run_id"], row["target"]), {})[row["sample_id"]] = row["call"]
    for curve in rows.curves:
        key = (curve["run_id"], curve["target"])
        if curve["kind"] == words.MRD and key in rows.wells:
            yield key, curve_picture(curve, rows.wells[key], calls.get(key, {}))


def _render(name: str, content: Mapping[str, Any]) -> bytes:
    page: str = environment().get_template(name).render(content)
    return page.encode()


@cache
def environment() -> Any:
    """The templates of the pages with their filters."""
    import jinja2

    made = jinja2.Environment(
        loader=jinja2.PackageLoader("mrdq.reports", "."), autoescape=True, undefined=jinja2.StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    made.filters |= {
        "level": level, "result": result_text, "automatic": automatic_text, "number": number, "zip": zip,
        "status_word": status_word,
    }  # fmt: skip
    return made
