"""CALLS dealt out to partitions of patients."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pc

from mrdq import storage
from mrdq.errors import Problem, Problems
from mrdq.partition import Dealt, Partitions, coded
from mrdq.progress import SILENT, Progress
from mrdq.provenance import refuse_other_amendments
from mrdq.study import Study
from mrdq.tables import CALLS, FLAG, TEXT

_UNUSED = ("n_wells", "n_determined", "n_positive", "mean_cq", "delta_cq", "dna_amount_ng", "normalisation",
           "amendments_hash")  # fmt: skip
_KINDS = {TEXT: pa.string(), FLAG: pa.bool_()}
_TYPES = {
    column.name: _KINDS.get(column.kind, pa.float64())
    for column in CALLS.columns
    if column.name not in _UNUSED
}
_HASHES = ("guideline_hash", "amendments_hash")
_BLOCK = 1 << 23  # bytes that are read at once


def deal_calls(
    path: Path, parts: Partitions, study: Study, folder: Path, *, progress: Progress = SILENT
) -> Dealt:
    """Deal out CALLS of ``path``, without what no status rests on.

    Raises :class:`MrdqError` for a file that is none, and if the calls were made under other rule
    sets, with other amendments or of other samples than those of ``study``.
    """
    dealt = Dealt(folder, pa.schema(_TYPES))
    samples = study.samples.columns
    places = zip(samples["patient_id"], samples["timepoint"], strict=True)
    known = dict(zip(samples["sample_id"], places, strict=True))
    rule_sets: set[tuple[str, str]] = set()
    amended: set[str] = set()
    strays: dict[str, None] = {}
    with progress.step("dealing out calls", path.stat().st_size if path.is_file() else 0, "bytes") as tick:  # fmt: skip
        for calls in _read(path):
            rule_sets |= {(one["guideline"], one["guideline_hash"]) for one in _distinct(calls, "guideline", "guideline_hash")}  # fmt: skip
            amended |= {one["amendments_hash"] for one in _distinct(calls, "amendments_hash")}
            patient, names = coded(calls["patient_id"])
            place = np.array([parts.of.get(name, -1) for name in names.to_pylist()], dtype=np.int64)
            strays |= dict.fromkeys(_strays(calls, known))
            order = np.argsort(place[patient], kind="stable")
            theirs = calls.select(list(_TYPES)).take(pa.array(order))
            dealt.deal(theirs, place[patient][order])
            tick(calls.nbytes)
    dealt.close()
    storage.refuse_other_rule_sets(path, rule_sets, study)
    refuse_other_amendments(study, path, amended)
    _refuse(path, strays, known)
    return dealt


def _read(path: Path) -> Iterator[pa.Table]:
    if not path.is_file():
        storage.refuse_no_table(path, CALLS)
    types = _TYPES | dict.fromkeys(_HASHES, pa.string())
    convert = pc.ConvertOptions(
        column_types=types, include_columns=list(types), null_values=[""], strings_can_be_null=False,
        quoted_strings_can_be_null=False, true_values=["true"], false_values=["false"],
    )  # fmt: skip
    parse = pc.ParseOptions(delimiter="\t", newlines_in_values=True)
    try:
        with path.open("rb") as file:
            header = file.readline().decode().removesuffix("\n").split("\t")
            if header[: len(CALLS.names)] != CALLS.names:
                raise ValueError(", ".join(header))
        with pc.open_csv(path, pc.ReadOptions(block_size=_BLOCK), parse, convert) as batches:
            for batch in batches:
                yield pa.Table.from_batches([batch])
    except (pa.ArrowInvalid, pa.ArrowKeyError, ValueError) as error:
        storage.refuse_spoilt(path, CALLS, error)


def _distinct(calls: pa.Table, *names: str) -> list[dict[str, str]]:
    found: list[dict[str, str]] = calls.select(names).group_by(list(names)).aggregate([]).to_pylist()  # fmt: skip
    return found


def _strays(calls: pa.Table, known: dict[str, tuple[str, str]]) -> list[str]:
    """Samples that are of another patient or timepoint by the sheet than by the calls."""
    sample, names = coded(calls["sample_id"])
    places = [known.get(name, ("", "")) for name in names.to_pylist()]
    other = np.zeros(len(calls), dtype=bool)
    for nth, column in enumerate(("patient_id", "timepoint")):
        expected = np.array([place[nth] for place in places], dtype=object)
        other |= expected[sample] != np.array(calls[column].to_pylist(), dtype=object)
    return [names[int(at)].as_py() for at in np.unique(sample[other])]


def _refuse(path: Path, strays: dict[str, None], known: dict[str, tuple[str, str]]) -> None:
    problems = Problems()
    for sample in strays:
        now = " at ".join(known[sample]) if sample in known else "not in the samples sheet"
        problems.add(Problem(str(path), "calls of the samples that the sheet has now", f"{sample}, now {now}",
                             column="sample_id",
                             remedy="The sheet was changed after the calls were made: make the calls again (mrdq call)."))  # fmt: skip
    problems.raise_if_any()
