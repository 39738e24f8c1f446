"""PLATE: the wells of one run with their roles, from its export and its layout.

The layout wins over the export; every disagreement is a warning that names the well.  No well of
the export is dropped: one that nothing uses has no role.  Runs without a layout: ``roles.py``.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from mrdq import vocabulary as words
from mrdq.config import LayoutRules
from mrdq.errors import WARNING, Problem, Problems
from mrdq.instruments.cells import is_beyond_384
from mrdq.instruments.export import Export
from mrdq.instruments.words import role_of_task
from mrdq.sheets import Sheet
from mrdq.tables import WELLS
from mrdq.units import nanograms_per

COLUMNS = (
    "well",
    "target",
    "role",
    "sample_id",
    "dilution",
    "quantity_ng",
    "cq",
    "cq_state",
    "flags",
)
_CHANNEL = "channel "  # before the name of a channel that stands for a target
AGREE = {(words.SAMPLE, words.BACKGROUND), (words.BACKGROUND, words.SAMPLE)}


@dataclass(frozen=True, slots=True)
class Bench:
    """What the sheets say of targets and samples, as the roles need it."""

    kind: Mapping[str, str]  # target -> mrd | control_gene
    target_patient: Mapping[str, str]
    dna_per_well_ng: Mapping[str, float | None]
    sample_patient: Mapping[str, str]
    rules: LayoutRules


class Notes:
    """Warnings gathered by what they say, so that a plate gives one line and not 96."""

    def __init__(self, file: str):
        self.file = file
        self._wells: dict[tuple[str, str, str], list[str]] = defaultdict(list)

    def add(self, well: str, expected: str, found: str = "", remedy: str = "") -> None:
        self._wells[expected, found, remedy].append(well)

    def problems(self) -> list[Problem]:
        """Another role first: it may be another plate; then the others as they were found."""
        found = sorted(self._wells.items(), key=lambda one: not one[0][0].startswith("role "))
        return [
            Problem(
                self.file,
                expected,
                found,
                column=f"well {', '.join(wells)}",
                remedy=remedy,
                level=WARNING,
            )
            for (expected, found, remedy), wells in found
        ]


@cache
def natural(well: str) -> tuple[int, str, int]:
    """The order of wells on the plate: A1, A2, ... A12, B1, ... Z48, AA1."""
    row = well.rstrip("0123456789")
    return (len(row), row, int(well[len(row) :])) if row.isalpha() else (len(row), well[0], 0)


def from_layout(
    export: Export, layout: Sheet, bench: Bench, export_file: str, problems: Problems
) -> dict[str, list[Any]]:
    """The wells of a run that has a layout, as lists by column (``COLUMNS`` and the layout's extra).

    Errors of the layout (an unknown target or sample, a standard without its dilution, a
    sample of another patient than the assay) go to ``problems``, disagreements as warnings.
    """
    notes = Notes(export_file)
    records = layout.records()
    for i, record in enumerate(records):
        _check_record(record, i, layout, bench, problems)
    _refuse_a_larger_plate(export, layout, problems)
    pairs, unused = _match(export, records, layout, notes, problems)
    _refuse_other_channels(pairs, export, layout, problems)
    problems.extend(_other_plate(pairs, records, export, layout))
    extra = [*layout.extra, *(["exclude"] if any(layout.columns["exclude"]) else [])]
    shown = [f"layout.{name}" if name in WELLS.names else name for name in extra]
    out: dict[str, list[Any]] = {name: [] for name in (*COLUMNS, *shown)}
    _quantities(pairs, export, bench, notes)
    for record, i in pairs:
        _disagreements(record, export, i, notes)
        state = words.OMITTED if record["exclude"] else export.cq_state[i]
        cq = export.cq[i] if state == words.DETERMINED else math.nan
        values = (record["well"], record["target"], record["role"], record["sample_id"], record["dilution"],
                  record["quantity"], cq, state, export.flags[i], *(record[name] for name in extra))  # fmt: skip
        for column, value in zip(out.values(), values, strict=True):
            column.append(value)
    for i in unused:
        _append_unused(out, export, i)
    problems.extend(notes.problems())
    return out | channels(export, [*(i for _, i in pairs), *unused])


def _check_record(
    record: dict[str, Any], index: int, layout: Sheet, bench: Bench, problems: Problems
) -> None:
    """A well of the layout has what its role needs, and names what the sheets know."""

    def wrong(column: str, expected: str, found: str = "", remedy: str = "") -> None:
        problems.add(Problem(layout.file, expected, found, *layout.where(column, index), remedy))

    role, target, sample = record["role"], record["target"], record["sample_id"]
    kind = bench.kind.get(target)
    if not target or role == words.EMPTY:
        return
    if kind is None:
        remedy = "Mend the name, or add the target to the assays sheet."
        wrong("target", "a target of the assays sheet", target, remedy)
    elif role == words.STANDARD and kind == words.MRD and record["dilution"] is None:
        wrong("dilution", "the dilution of a standard, such as 1e-3")
    elif role == words.STANDARD and kind == words.CONTROL_GENE and record["quantity"] is None:
        wrong("quantity", "the quantity of a control gene's standard, such as 600 ng")
    elif role == words.SAMPLE and not sample:
        wrong("sample_id", "the sample_id of a well with the role sample")
    elif role == words.SAMPLE and sample not in bench.sample_patient:
        remedy = "Mend the id, or add the sample to the samples sheet."
        wrong("sample_id", "a sample of the samples sheet", sample, remedy)
    elif role == words.SAMPLE and kind == words.MRD:
        owner, patient = bench.target_patient[target], bench.sample_patient[sample]
        if patient != owner:
            expected = f"a sample of patient {owner}, whose clone {target} is"
            remedy = "Mend the sample or the target of the well."
            wrong("sample_id", expected, f"{sample} of patient {patient}", remedy)


def _refuse_a_larger_plate(export: Export, layout: Sheet, problems: Problems) -> None:
    """Wells beyond those of 384 are typing errors, unless the export has such wells too."""
    if any(map(is_beyond_384, export.well)):
        return
    for i, well in enumerate(layout.columns["well"]):
        if well and is_beyond_384(well):
            expected = "a well from A1 to P24, where all wells of the export are"
            problems.add(Problem(layout.file, expected, well, *layout.where("well", i)))


def _match(
    export: Export,
    records: Sequence[dict[str, Any]],
    layout: Sheet,
    notes: Notes,
    problems: Problems,
) -> tuple[list[tuple[dict[str, Any], int]], list[int]]:
    """Pair layout rows with export rows by (well, target); a lone pair of a well by the well.

    Where the export names no target, the layout's ``channel`` stands for it.
    """
    by_key: dict[tuple[str, str], list[int]] = defaultdict(list)
    for i, (well, target, channel) in enumerate(
        zip(export.well, export.target, export.channel, strict=True)
    ):
        by_key[well, target or f"{_CHANNEL}{channel}"].append(i)
    free: dict[str, list[int]] = defaultdict(list)
    pairs, left = [], []
    for record, row in zip(records, layout.row, strict=True):
        well, target, channel = record["well"], record["target"], record["channel"]
        keys = [(well, target), *([(well, f"{_CHANNEL}{channel}")] if channel else [])]
        key = next((key for key in keys if len(by_key.get(key, [])) == 1), None)
        if key:
            pairs.append((record, by_key.pop(key)[0]))
        else:
            left.append((record, row))
    for (well, _), rows in by_key.items():
        free[well] += rows
    waiting: dict[str, list[tuple[dict[str, Any], int]]] = defaultdict(list)
    for record, row in left:
        waiting[record["well"]].append((record, row))
    for well, group in waiting.items():
        rows = free[well]
        if len(rows) == 1 and len(group) == 1:
            pairs.append((group[0][0], rows.pop()))
        elif rows and any(record["role"] != words.EMPTY for record, _ in group):
            found = ", ".join(export.target[i] or f"channel {export.channel[i]}" for i in rows)
            named = all(export.target[i] for i in rows)
            remedy = (
                "name them as the instrument does"
                if named
                else "give each its channel, in a column channel"
            )
            problems.add(Problem(layout.file, f"targets of well {well} as the export names them ({found})",
                                 ", ".join(record["target"] for record, _ in group), group[0][1], "target",
                                 f"The well holds several targets: {remedy}."))  # fmt: skip
        else:
            for record, _ in group:
                if record["role"] != words.EMPTY:
                    notes.add(well, "a row of the export for a well of the layout", "",
                              "The well is missing from the export and counts as not measured.")  # fmt: skip
    return pairs, sorted(i for rows in free.values() for i in rows)


def _refuse_other_channels(
    pairs: list[tuple[dict[str, Any], int]], export: Export, layout: Sheet, problems: Problems
) -> None:
    """A dye that is not the layout's: the export of another filter gives another assay's Cq."""
    wrong: dict[tuple[str, str], list[str]] = defaultdict(list)
    for record, i in pairs:
        said, channel = record["channel"], export.channel[i]
        if said and channel and said.casefold() != channel.casefold():
            wrong[said, channel].append(record["well"])
    for (said, channel), wells in wrong.items():
        problems.add(
            Problem(
                layout.file,
                f"the channel of the export, {channel}",
                said,
                column=f"channel, wells {', '.join(wells)}",
                remedy="Is this the export of another filter? Give the right one, or write the channel "
                "as the export spells it, or empty the column.",
            )
        )


def _other_plate(
    pairs: list[tuple[dict[str, Any], int]],
    records: Sequence[dict[str, Any]],
    export: Export,
    layout: Sheet,
) -> list[Problem]:
    """A warning where most of a layout does not fit: it may be that of another run."""
    used = [record for record in records if record["role"] != words.EMPTY]
    fits = sum(
        1
        for record, i in pairs
        if record["role"] != words.EMPTY
        and ((told := role_of_task(export.task[i])) in (None, record["role"])
             or (told, record["role"]) in AGREE)
    )  # fmt: skip
    if not used or fits > len(used) / 2:
        return []
    return [Problem(layout.file, f"a layout that fits the export ({len(set(export.well))} wells)",
                    f"{fits} of its {len(used)} wells fit", level=WARNING,
                    remedy="Is it the layout of this run?")]  # fmt: skip


def _quantities(
    pairs: list[tuple[dict[str, Any], int]], export: Export, bench: Bench, notes: Notes
) -> None:
    """Standards whose quantity is not in the proportion in which the others of the target are.

    An export may count copies where the layout has dilutions: what counts is the series.
    """
    ratios: dict[str, list[tuple[str, float, float, float]]] = defaultdict(list)
    for record, i in pairs:
        told = export.quantity[i]
        meant = record["dilution"] or record["quantity"]
        if (
            record["role"] == words.STANDARD
            and role_of_task(export.task[i]) == words.STANDARD
            and told > 0
            and meant
        ):
            nominal = bench.dna_per_well_ng.get(record["target"])
            same = any(
                value and math.isclose(value, told, rel_tol=0.01)
                for value in _amounts(record, nominal)
            )
            ratios[record["target"]].append(
                (record["well"], told, meant, 1.0 if same else told / meant)
            )
    for target, found in ratios.items():
        steps = [f"{ratio:.2g}" for *_, ratio in found]
        usual = max(steps, key=steps.count)
        for (well, told, meant, _), step in zip(found, steps, strict=True):
            if step != usual:
                expected = f"the standard's quantity of the layout, {meant:g}, in proportion to the others of {target}"
                notes.add(well, expected, f"{told:g}", "The layout was taken.")
            elif usual != "1":
                expected = f"the standards' quantities of the layout for {target}"
                notes.add(well, expected, f"{usual} times as much", "Is that another unit? The layout was taken.")  # fmt: skip


def _amounts(record: dict[str, Any], nominal: float | None) -> list[float | None]:
    """The dilution of a standard, and its amounts in ng and in genomes."""
    dilution = record["dilution"]
    amounts = [record["quantity"], dilution and nominal and dilution * nominal]
    genomes = [amount and amount / float(nanograms_per("genome")) for amount in amounts]
    return [dilution, *amounts, *genomes]


def _disagreements(record: dict[str, Any], export: Export, i: int, notes: Notes) -> None:
    well, role = record["well"], record["role"]
    if export.target[i] != record["target"] and export.target[i]:
        notes.add(
            well,
            f"target {record['target'] or 'none'} of the layout",
            export.target[i],
            "The layout was taken.",
        )
    told = role_of_task(export.task[i]) if export.task[i] else None
    if told and told != role and (told, role) not in AGREE:
        notes.add(well, f"role {role} of the layout", export.task[i], "The layout was taken.")
    elif role == words.EMPTY and export.cq_state[i] == words.DETERMINED:
        notes.add(well, "no signal in a well that the layout calls empty", f"Cq {export.cq[i]:g}")
    if role == words.SAMPLE and export.sample[i] and export.sample[i] != record["sample_id"]:
        notes.add(
            well,
            f"sample {record['sample_id']} of the layout",
            export.sample[i],
            "The layout was taken.",
        )


def channels(export: Export, rows: Sequence[int]) -> dict[str, list[Any]]:
    """The column ``channel`` of these rows, where the export names dyes and not all targets."""
    if all(export.target) or not any(export.channel):
        return {}
    return {"channel": [export.channel[i] for i in rows]}


def _append_unused(out: dict[str, list[Any]], export: Export, i: int) -> None:
    known = {"well": export.well[i], "target": export.target[i], "cq": export.cq[i],
             "cq_state": export.cq_state[i], "flags": export.flags[i], "dilution": None, "quantity_ng": None}  # fmt: skip
    for name, column in out.items():
        column.append(known.get(name, ""))


def unused_note(wells: Mapping[str, Sequence[Any]], file: str) -> list[Problem]:
    """One warning that names every well which no role uses."""
    if "" not in wells["role"]:
        return []
    names = [
        f"{w} {t}".strip()
        for w, t, r in zip(wells["well"], wells["target"], wells["role"], strict=True)
        if not r
    ]
    return [Problem(file, "every well used", f"{len(names)} unused: {', '.join(names)}", level=WARNING,
                    remedy="They are kept in wells.parquet without a role.")]  # fmt: skip
