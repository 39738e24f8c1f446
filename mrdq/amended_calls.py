"""CALLS and their amendments: a person's call beside the engine's, the automatic result beside both.

The automatic result is that of the wells before any amendment.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from mrdq import vocabulary as words
from mrdq.amendments import Amendment, automatic_wells, named_wells
from mrdq.analysis import Definitions, Subject, Tables, analyse
from mrdq.tables import BESIDE

# What a call rests on in its run beside its own wells, by kind of target.
_SHARED = {
    words.MRD: (words.STANDARD, words.BACKGROUND, words.NTC),
    words.CONTROL_GENE: (words.STANDARD, words.NTC),
}
_NEXT = re.compile(r" \| (?=row \d+: )")


def analyse_amended(
    wells: pd.DataFrame, definitions: Definitions, amendments: Sequence[Amendment]
) -> Tables:
    """:func:`analyse` of the wells that count, with the automatic calls and people's beside.

    ``wells``: WELLS, of :func:`omit_wells`.  CALLS gets ``automatic_*`` (all wells, no person),
    ``amended_call`` (a person's), ``amended`` (a person's call, or an omission touched what the
    call rests on, or it stands otherwise to other runs of its sample and target because of one),
    ``amendment`` (who, when, why) and ``retracted`` (its run counts nowhere).
    """
    automatic = analyse(automatic_wells(wells), definitions)
    if not amendments:
        return automatic
    people = {a.subject: a.call for a in amendments if a.what == words.CALL}
    found = analyse(wells, definitions, people)
    calls = found.calls
    if (
        not calls[["run_id", "target", "sample_id"]]
        .astype(object)
        .equals(automatic.calls[["run_id", "target", "sample_id"]].astype(object))
    ):
        raise ValueError("an amendment adds or removes no call")
    calls = calls.assign(**{f"automatic_{n}": automatic.calls[n].to_numpy() for n in BESIDE})
    calls["amended_call"] = [people.get(key, "") for key in _keys(calls)] if people else ""
    calls["retracted"] = calls["run_id"].isin([a.run_id for a in amendments if a.retracts]).to_numpy()  # fmt: skip
    genes = automatic.calls[["control_gene", "control_gene_run"]]
    rows = _rows_behind(calls, genes, wells, definitions, amendments)
    texts = {amendment.row: amendment.text for amendment in amendments}
    calls["amended"] = np.array([bool(one) for one in rows], dtype=bool)
    calls["amendment"] = [" | ".join(texts[row] for row in sorted(one)) for one in rows]
    calls["flags"] = with_flag(calls["flags"], calls["amended"])
    return replace(found, calls=calls)


def _keys(calls: pd.DataFrame) -> list[Subject]:
    columns = (calls[name].astype(object) for name in ("run_id", "target", "sample_id"))
    return list(zip(*columns, strict=True))


def with_flag(flags: pd.Series[str], where: pd.Series[bool]) -> pd.Series[str]:
    """``flags`` with the flag ``amended``, which is the last of all, where it holds."""
    flags = flags.astype(object)
    if not where.any():
        return flags
    lacks = where & ~flags.str.contains(rf"(?:^|;){words.AMENDED}$")
    return flags.mask(lacks, (flags + f";{words.AMENDED}").str.removeprefix(";"))


def _rows_behind(
    calls: pd.DataFrame, automatic_genes: pd.DataFrame, wells: pd.DataFrame,
    definitions: Definitions, amendments: Sequence[Amendment],
) -> list[set[int]]:  # fmt: skip
    """Per call the rows of the amendments that it rests on, or would rest on without them."""
    touching = _touched(wells, definitions, amendments)
    for amendment in amendments:
        if amendment.what == words.CALL:
            touching.setdefault(amendment.subject, set()).add(amendment.row)
    retracted = {a.run_id: {a.row} for a in amendments if a.retracts}
    runs = [*retracted, *(run for run, _, _ in touching)]
    gene_run = "control_gene_run"
    near = (
        calls["run_id"].isin(runs)
        | calls[gene_run].isin(runs)
        | automatic_genes[gene_run].isin(runs)
    )
    genes = [frame[near].astype(object) for frame in (calls, automatic_genes)]
    pairs = [list(zip(g[gene_run], g["control_gene"], strict=True)) for g in genes]
    rows: list[set[int]] = [set() for _ in range(len(calls))]
    found = zip(np.flatnonzero(near), _keys(calls[near]), *pairs, strict=True)
    for at, (run, target, sample), after, before in found:
        rows[at] |= retracted.get(run, set())
        for place in ((run, target), after, before):
            rows[at] |= touching.get((*place, ""), set()) | touching.get((*place, sample), set())
    _pass_on(calls, rows)
    return rows


def _touched(
    wells: pd.DataFrame, definitions: Definitions, amendments: Sequence[Amendment]
) -> dict[Subject, set[int]]:
    """(run, target, sample) -> rows that left out wells of it that counted; sample "" stands for
    the standards, background and NTC, which every sample of the target in the run shares."""
    kinds = dict(zip(definitions.assays["target"], definitions.assays["kind"], strict=True))
    before = automatic_wells(wells)
    touched: dict[Subject, set[int]] = {}
    omissions = [amendment for amendment in amendments if amendment.what == words.OMIT]
    for omission, place in named_wells(before, omissions):
        found = before.iloc[place]
        found = found[found["cq_state"] != words.OMITTED]
        subjects = found[["run_id", "target", "role", "sample_id"]].astype(object).drop_duplicates()
        for run, target, role, sample in subjects.itertuples(index=False):
            own = sample if role == words.SAMPLE else ""
            if own or role in _SHARED.get(kinds.get(target, ""), ()):
                touched.setdefault((run, target, own), set()).add(omission.row)
    return touched


def _pass_on(calls: pd.DataFrame, rows: list[set[int]]) -> None:
    """A call that stands otherwise to the other runs of its sample and target, because one of them
    was amended, rests on that amendment, too."""
    flags, before = (
        calls[name].astype(object).str.contains("discordant_runs") for name in ("flags", "automatic_flags")
    )  # fmt: skip
    changed = (calls["superseded"] != calls["automatic_superseded"]) | (flags != before)
    if not changed.any():
        return
    pairs = [(target, sample) for _, target, sample in _keys(calls)]
    together: dict[tuple[str, str], set[int]] = {}
    for pair, found in zip(pairs, rows, strict=True):
        together.setdefault(pair, set()).update(found)
    for place in np.flatnonzero(changed):
        rows[place] |= together[pairs[place]]


def counting(calls: pd.DataFrame) -> pd.DataFrame:
    """The calls that count: a person's where there is one, else the engine's; no retracted run.

    A person's call has the engine's level only if it is ``positive_quantifiable``, the engine's
    limits unless it is ``not_evaluable``, and the engine's reasons only if it is the engine's call.
    """
    if not (calls["retracted"] | (calls["amended_call"] != "")).any():
        return calls
    calls = calls[~calls["retracted"]]
    engine, person = (calls[name].astype(object) for name in ("call", "amended_call"))
    call = engine.where(person == "", person)
    levels = ["mrd_level", "mrd_level_low", "mrd_level_high"]
    limits = ["quantitative_range", "sensitivity"]
    return calls.assign(
        call=call, reasons=calls["reasons"].astype(object).where(call == engine, ""),
        **{name: calls[name].where(call == words.POSITIVE_QUANTIFIABLE) for name in levels},
        **{name: calls[name].where(call != words.NOT_EVALUABLE) for name in limits},
    )  # fmt: skip


def automatic(calls: pd.DataFrame) -> pd.DataFrame:
    """The calls as they were before any amendment."""
    return calls.assign(**{name: calls[f"automatic_{name}"] for name in BESIDE})


def separate_texts(text: str) -> list[str]:
    """The amendments that a cell of the column ``amendment`` names."""
    return [part for part in _NEXT.split(text) if part]


def joined_texts(texts: Iterable[str]) -> str:
    """Texts of amendments as one, each once, by their rows."""
    distinct = {part for text in texts for part in separate_texts(text)}
    return " | ".join(sorted(distinct, key=lambda part: int(part[4 : part.index(":")])))
