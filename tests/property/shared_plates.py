"""Random studies as the package reads them, whose patients share plates, and their tables made whole.

:func:`whole` is the plain way: everything at once, written by pandas.  It knows no partition.
"""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from mrdq.adtte import adtte
from mrdq.amended_calls import analyse_amended
from mrdq.amended_study import amendments
from mrdq.amendments import omit_wells
from mrdq.config import Config
from mrdq.definitions import load_guideline, load_protocol
from mrdq.partition_made import definitions
from mrdq.provenance import amendments_hash
from mrdq.sheets import Sheet
from mrdq.status import combine
from mrdq.study import AMENDMENTS, KEYS, SHEETS, Study
from mrdq.survival import hand_off
from mrdq.tables import CALLS, STATUS, WELLS
from mrdq.validation.engine import wells_table
from mrdq.validation.reference import Study as Plates
from mrdq.validation.studies import study_from_seed

RULES = ("euromrd-2007-therapy-reduction", "euromrd-2007-therapy-intensification", "euromrd-2024")
PROTOCOLS = ("all-mrd2019", "all-mrd2023", "generic")
Rows = list[dict[str, Any]]
NAMES = ("curves.tsv", "standards.tsv", "evidence.tsv", "calls.tsv", "status.tsv", "survival.tsv", "adtte.tsv")  # fmt: skip


def plates(seed: int, parts: int = 3) -> Plates:
    """Several random studies on the same runs, with the same control genes."""
    studies = [study_from_seed(seed * 100 + part) for part in range(parts)]
    merged: dict[str, Rows] = {"wells": [], "runs": [], "samples": [], "assays": []}
    for part, study in enumerate(studies):
        for name, rows in merged.items():
            rows += [_renamed(row, f"{part}.") for row in getattr(study, name)]
    for name, key in (("runs", "run_id"), ("assays", "target")):
        merged[name] = list({row[key]: row for row in reversed(merged[name])}.values())
    return replace(studies[0], **merged)


def _renamed(row: dict[str, Any], prefix: str) -> dict[str, Any]:
    genes = ("ALB", "B2M", "", None)
    names = ("sample_id", "patient_id", "target")
    return {k: f"{prefix}{v}" if k in names and v not in genes else v for k, v in row.items()}


def study_of(found: Plates, root: Path, seed: int) -> Study:
    """The plates as a study: rule sets, protocols and sheets of all kinds."""
    rng = random.Random(seed)
    patients = sorted({sample["patient_id"] for sample in found.samples})
    protocol_of = {patient: rng.choice(PROTOCOLS) for patient in patients}
    rules = {name: load_guideline(name) for name in rng.sample(RULES, rng.choice((1, 2, 3)))}
    if rng.random() < 0.5:  # one that judges the control gene's curve in its own way
        name, own = rng.choice(list(rules.items()))
        bound = own["curve_slope_minimum"]
        rules[name] = replace(own, parameters={**own.parameters, bound.name: replace(bound, value=-3.45)})  # fmt: skip
    guideline_of_patient = {patient: rng.choice(sorted(rules)) for patient in patients}
    mrd = {a["target"]: a["patient_id"] for a in found.assays if a["kind"] == "mrd"}
    genes = [a["target"] for a in found.assays if a["kind"] == "control_gene"]
    only = genes[0] if len(genes) == 1 else ""
    given = {a["target"]: a["control_gene"] or only for a in found.assays}
    known = [patient for patient in patients if rng.random() < 0.8] if rng.random() < 0.8 else []
    for sample in found.samples:
        sample["timepoint"] = rng.choice((sample["timepoint"], sample["timepoint"], "FU-1", "FU-2"))
    return Study(
        root, root / "results", Config("random", {}, "", control_gene_required=found.control_gene == "required"),
        runs=_sheet("runs", found.runs, plate=rng), samples=_sheet("samples", found.samples, flags=rng),
        assays=_sheet("assays", [{**a, "dna_per_well": a["dna_per_well_ng"]} for a in found.assays], primer=rng),
        patients=_sheet("patients", [_patient(name, rng) for name in known], ward=rng),
        guidelines={name: rules[name] for name in sorted(rules)},
        protocols={name: load_protocol(name) for name in sorted(set(protocol_of.values()))},
        guideline_of={target: guideline_of_patient[patient] for target, patient in mrd.items()},
        guideline_of_patient=guideline_of_patient, protocol_of=protocol_of,
        control_gene_of={target: given[target] for target in mrd},
        amendments=_amendments([]),
    )  # fmt: skip


def _patient(name: str, rng: random.Random) -> dict[str, Any]:
    return {"patient_id": name, "trial": rng.choice(("A", "")), "age": rng.choice((40.0, None)),
            "start_on": rng.choice(("2024-01-01", "")), "last_contact_on": "2025-01-01",
            "dead": rng.choice((0, 1, None)), "relapse_on": rng.choice(("", "2024-06-01"))}  # fmt: skip


def _sheet(name: str, rows: Rows, **own: random.Random) -> Sheet:
    """A sheet with one column of the laboratory's own, of texts that need quotes and some that do not."""
    texts = ("", "NA", "007", 'a "b"', "c\td", "TRUE")
    columns: dict[str, list[Any]] = {
        column.name: [row.get(column.name, column.missing) for row in rows]
        for column in SHEETS[name]
    }
    columns |= {extra: [rng.choice(texts) for _ in rows] for extra, rng in own.items()}
    return Sheet(f"config/{name}.tsv", columns, list(range(2, 2 + len(rows))), tuple(own))


def _amendments(rows: Rows) -> Sheet:
    columns = {c.name: [row.get(c.name, "") for row in rows] for c in AMENDMENTS}
    return Sheet("config/amendments.tsv", columns, list(range(2, 2 + len(rows))))


def amended(study: Study, found: Plates, seed: int, count: int = 3) -> Study:
    """The study with some omissions and calls of persons."""
    rng, rows = random.Random(seed), []
    kind = study.assay("kind")
    told = {"who": "operator A", "when": "2024-03-01", "why": "reason"}
    for _ in range(count if found.wells else 0):
        well = rng.choice(found.wells)
        narrowed = rng.choice(((), ("target",), ("sample_id",), ("well",), ("target", "sample_id")))
        row = {name: well[name] or "" for name in ("run_id", *narrowed)}
        if well["role"] == "sample" and kind[well["target"]] == "mrd" and rng.random() < 0.5:
            names = ("run_id", "target", "sample_id")
            row = {name: well[name] for name in names} | {"what": "call", "call": "negative"}
        rows.append({"what": "omit"} | row | told)
    return replace(study, amendments=_amendments(rows))


def without(study: Study, sheet: str, keys: set[str]) -> Study:
    """The study without some rows of a sheet."""
    whole: Sheet = getattr(study, sheet)
    rows = [at for at, key in enumerate(whole.columns[KEYS[sheet]]) if key not in keys]
    columns = {name: [values[at] for at in rows] for name, values in whole.columns.items()}
    kept = Sheet(whole.file, columns, [whole.row[at] for at in rows], whole.extra)
    return replace(study, **{sheet: kept})  # type: ignore[arg-type]


def wells_of(study: Study, found: Plates) -> pd.DataFrame:
    """WELLS of the runs of the runs sheet, amended, in the order of the file."""
    table = wells_table(found).assign(flags="", export_sha256="")[WELLS.names]
    table = table[table["run_id"].isin(study.runs.columns["run_id"])]
    table = table.sort_values("run_id", kind="stable", ignore_index=True)
    return omit_wells(table, amendments(study))


def write_wells(path: Path, wells: pd.DataFrame, rows: int) -> None:
    """As Parquet, so many rows a row group."""
    columns = {}
    for name in wells:
        kind = pa.float64() if wells[name].dtype == float else pa.string()
        columns[str(name)] = pa.array(wells[name].to_numpy(), type=kind, from_pandas=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(columns), path, row_group_size=rows)


def whole(study: Study, wells: pd.DataFrame) -> dict[str, bytes]:
    """Every table of a study, made at once."""
    tables = analyse_amended(wells, definitions(study), amendments(study))
    calls = tables.calls.astype(dict.fromkeys(("sample_id", "guideline"), object))
    calls["amendments_hash"] = amendments_hash(study)
    for name in ("patient_id", "timepoint"):
        calls[name] = calls["sample_id"].map(study.sample(name))
    calls = _of_rules(calls, study)
    calls = _with_sheets(calls, study, {"samples": "sample_id", "assays": "target", "runs": "run_id", "patients": "patient_id"})  # fmt: skip
    calls = calls[[*CALLS.names, *(name for name in calls if name not in CALLS.names)]]
    curves = _with_sheets(tables.curves, study, {"runs": "run_id", "assays": "target"})
    evidence = tables.evidence.sort_values(["run_id", "target", "sample_id", "criterion"], kind="stable")  # fmt: skip
    samples = pd.DataFrame({n: study.samples.columns[n] for n in ("sample_id", "patient_id", "timepoint", "material")}, dtype=object)  # fmt: skip
    status = combine(calls, samples, study.protocols, study.protocol_of, study.guideline_of_patient)
    status["collected_on"] = ""
    status["amendments_hash"] = amendments_hash(study)
    patients = pd.DataFrame({c.name: np.array(study.patients.columns[c.name], dtype=object) for c in SHEETS["patients"]})  # fmt: skip
    if not len(patients):
        patients = patients.reindex(range(len(study.protocol_of)))
        patients["patient_id"] = list(study.protocol_of)
        patients["trial"] = ""
    timepoints = dict.fromkeys([t.id for p in sorted(study.protocols) for t in study.protocols[p].timepoints] + list(status["timepoint"]))  # fmt: skip
    survival = hand_off(patients, status, list(timepoints), protocols=study.protocols, protocol_of=study.protocol_of)  # fmt: skip
    made = (curves, tables.standards, evidence, calls,
            _with_sheets(_of_rules(status[STATUS.names], study), study, {"patients": "patient_id"}),
            _with_sheets(survival, study, {"patients": "patient_id"}), adtte(patients, "random"))  # fmt: skip
    return {name: by_pandas(table) for name, table in zip(NAMES, made, strict=True)}


def _of_rules(table: pd.DataFrame, study: Study) -> pd.DataFrame:
    for name in ("version", "hash"):
        named = {key: getattr(rule, name) for key, rule in study.guidelines.items()}
        table[f"guideline_{name}"] = table["guideline"].map(named)
    return table


def _with_sheets(table: pd.DataFrame, study: Study, keys: dict[str, str]) -> pd.DataFrame:
    """The one extra column of each sheet; that of the samples has a name that is taken."""
    table = table.copy()
    for sheet, key in keys.items():
        for name in getattr(study, sheet).extra:
            values = dict(zip(*(getattr(study, sheet).columns[n] for n in (key, name)), strict=True))  # fmt: skip
            shown = f"{sheet}.{name}" if name == "flags" else name
            table[shown] = table[key].astype(object).map(values).astype(object).fillna("")
    return table


def by_pandas(table: pd.DataFrame) -> bytes:
    """A table as pandas writes it: the specification of :mod:`mrdq.tsv`."""
    table = table.copy(deep=False)
    for name in table:
        if table[name].dtype == bool:
            table[name] = table[name].map({True: "true", False: "false"})
    return table.to_csv(sep="\t", index=False, float_format="%.12g", lineterminator="\n", na_rep="").encode()  # fmt: skip
