"""The reactions of RDML runs, to rows: well, sample, task, quantity, Cq and its state."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element

from mrdq.errors import WARNING, Problem, Problems
from mrdq.instruments import rdml_lightcycler96 as lightcycler96
from mrdq.instruments import words
from mrdq.instruments.cells import number
from mrdq.instruments.columns import MAXIMUM_CQ
from mrdq.instruments.rdml_document import text_of
from mrdq.instruments.rdml_names import NO_SAMPLE, OWN, Names, Target, wells_of
from mrdq.instruments.rdml_reactions import Measured, Reactions
from mrdq.vocabulary import DETERMINED, OMITTED, STANDARD, UNDETERMINED

_NAN = math.nan
_AGAIN = "Export the run again from the instrument's software."
_UNANALYSED = "Were the curves analysed? If not, analyse them and export the run again."


_Named = tuple[Target, str, str, tuple[str, str] | None]
"""Target, task, sample name, and value and unit of the quantity if the task is a standard."""


@dataclass(frozen=True, slots=True)
class Plate:
    """A run as its reactions need it.

    Parameters
    ----------
    wells: reaction id -> well.
    cycles: cycles measured; 0 where the run has no curves.
    stores_cycles: its instrument stores the number of cycles where there was no signal.
    unavailable: whether -1 means "not available", as it does since RDML 1.1.
    verdicts: what the LightCycler 96 says of its curves; None for other instruments.
    known: sample id and target id -> what the document says of them, as far as it was asked for.
    """

    run: str
    wells: Mapping[str, str]
    names: Names
    cycles: float
    stores_cycles: bool
    unavailable: bool
    verdicts: lightcycler96.Verdicts | None
    known: dict[tuple[str, str], _Named] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        run: Element,
        version: str,
        names: Names,
        verdicts: lightcycler96.Verdicts | None,
        *,
        cycles: float,
        own: bool,
    ) -> Plate:
        said = words.plain(
            f"{text_of(run, 'instrument')} {text_of(run, 'dataCollectionSoftware/name')}"
        )
        stores = any(word in said for word in words.listed("rdml_cycles_for_no_signal"))
        wells = wells_of(run.find("pcrFormat"))
        return cls(
            run.get("id", ""), wells, names, cycles, stores and not own, version != "1.0", verdicts
        )  # fmt: skip


@dataclass(slots=True)
class Rows:
    """The rows as columns, and what of the document is told in notes and warnings."""

    file: str
    well: list[str] = field(default_factory=list)
    target: list[str] = field(default_factory=list)
    sample: list[str] = field(default_factory=list)
    task: list[str] = field(default_factory=list)
    channel: list[str] = field(default_factory=list)
    quantity: list[float] = field(default_factory=list)
    quantity_unit: list[str] = field(default_factory=list)
    cq: list[float] = field(default_factory=list)
    cq_state: list[str] = field(default_factory=list)
    flags: list[str] = field(default_factory=list)
    run: list[str] = field(default_factory=list)
    stated: list[bool] = field(default_factory=list)
    empty: list[str] = field(default_factory=list)
    partitions: list[str] = field(default_factory=list)
    called: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    units: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    late: defaultdict[tuple[float, bool], list[str]] = field(
        default_factory=lambda: defaultdict(list)
    )

    def check(self, problems: Problems, twice: list[str]) -> None:
        """Add what only the whole document shows: names said twice, units, runs that collide."""
        for what in twice:
            problems.add(Problem(self.file, "every sample and target once", what, remedy=_AGAIN))
        for target, units in self.units.items():
            if len(units) > 1:
                problems.add(Problem(self.file, "standards of one unit", ", ".join(sorted(units)),
                                     column=f"quantity, target {target}", remedy=_AGAIN))  # fmt: skip
        if self.well and not any(self.stated) and OMITTED not in self.cq_state:
            problems.add(Problem(self.file, "Cq values", "curves without any", column="cq",
                                 remedy="Analyse the run in the instrument's software and export it again."))  # fmt: skip
        _check_runs(self, problems)

    def notes(self, runs: list[str]) -> list[str]:
        """What was read in a way that a person should know, and what was not read."""
        units = sorted(set().union(*self.units.values()))
        called = ", ".join(self.called[UNDETERMINED])
        return [
            *([f"runs read as one table: {', '.join(runs)}"] if len(runs) > 1 else []),
            *([f"reactions without data: wells {', '.join(self.empty)}"] if self.empty else []),
            *([f"digital PCR partitions not read: wells {', '.join(self.partitions)}"] if self.partitions else []),
            *([f"unit of the standards' quantities: {', '.join(units)}"] if units else []),
            *(
                f"Cq stored as the {cycles:g} cycles of the run, read as undetermined: {', '.join(wells)}"
                for (cycles, usual), wells in self.late.items() if usual
            ),
            *([f"stored Cq not taken, for the call is negative: {called}"] if called else []),
        ]  # fmt: skip

    def warnings(self) -> list[Problem]:
        return [
            *(
                self._warning(f"Cq below the {cycles:g} cycles that were measured", "; ".join(wells), "cq",
                              "No signal can have been seen there: read as undetermined.")
                for (cycles, usual), wells in self.late.items() if not usual
            ),
            *(
                self._warning("a Cq in at least one reaction", "none", f"target {target}",
                              f"All of them are read as undetermined. {_UNANALYSED}")
                for target in self._without_cq()
            ),
            *(
                self._warning("a curve that the LightCycler 96 could judge", "Invalid", wells,
                              "The software calls these curves invalid: they are left out.")
                for wells in [", ".join(self.called[OMITTED])] if wells
            ),
        ]  # fmt: skip

    def _warning(self, expected: str, found: str, column: str, remedy: str) -> Problem:
        return Problem(self.file, expected, found, column=column, remedy=remedy, level=WARNING)

    def _without_cq(self) -> list[str]:
        said: dict[str, bool] = {}
        for target, stated, state in zip(self.target, self.stated, self.cq_state, strict=True):
            said[target] = said.get(target, False) or stated or state == OMITTED
        return [target for target, any_stated in said.items() if not any_stated]


def take_run(
    plate: Plate, run: Element, reactions: Reactions, rows: Rows, problems: Problems
) -> None:
    """Add the rows of a run; problems name run, reaction and target."""
    for identity, sample, data, partitions in reactions.listed:
        well = plate.wells.get(identity.strip())
        if well is None:
            problems.add(_no_well(plate, run, identity, rows.file))
            continue
        if partitions:
            rows.partitions.append(well)
        elif not data:
            rows.empty.append(well)
        for measured in data:
            key = plate.run, identity, measured.target
            _Curve(plate, key, well, measured, rows, problems).take(sample)


@dataclass(slots=True)
class _Curve:
    """One reaction for one target."""

    plate: Plate
    key: lightcycler96.Curve
    well: str
    measured: Measured
    rows: Rows
    problems: Problems

    @property
    def place(self) -> str:
        return f"well {self.well}, target {self.key[2]}"

    @property
    def said(self) -> Mapping[str, str]:
        return self.measured.said

    def wrong(self, expected: str, found: str = "", remedy: str = _AGAIN) -> None:
        row = len(self.rows.well) + 1
        self.problems.add(Problem(self.rows.file, expected, found, row, self.place, remedy))

    def take(self, sample_id: str) -> None:
        for name in self.measured.several:
            self.wrong(f"one element {name}", "several")
        target, task, name, quantity = self.named(sample_id)
        verdicts = self.plate.verdicts
        called = lightcycler96.state_of(verdicts, self.key) if verdicts else ""
        state, cq = self.state(called)
        value = self.quantity(quantity, target.name) if quantity else _NAN
        rows = self.rows
        rows.flags.append(self.flags(called))
        rows.well.append(self.well)
        rows.target.append(target.name)
        rows.sample.append(name)
        rows.task.append(task)
        rows.channel.append(target.channel)
        rows.quantity.append(value)
        rows.quantity_unit.append(quantity[1] if quantity and value == value else "")
        rows.cq.append(cq)
        rows.cq_state.append(state)
        rows.run.append(self.plate.run)
        rows.stated.append("cq" in self.said)

    def named(self, sample_id: str) -> _Named:
        """What the document says of this sample and target; looked up once for all replicates."""
        target_id, known = self.key[2], self.plate.known
        named = known.get((sample_id, target_id))
        if named is not None:
            return named
        target = self.plate.names.targets.get(target_id)
        sample = self.plate.names.samples.get(sample_id, NO_SAMPLE)
        if target is None:
            self.wrong("a target that the document declares", target_id)
        if sample_id and sample is NO_SAMPLE:
            self.wrong("a sample that the document declares", sample_id)
        task, name = sample.task_and_name(target_id)
        is_standard = words.role_of_task(task) == STANDARD
        quantity = sample.quantity_for(target_id) if is_standard else None
        named = target or Target(target_id, ""), task, name, quantity
        if target is not None and (not sample_id or sample is not NO_SAMPLE):
            known[sample_id, target_id] = named
        return named

    def state(self, called: str) -> tuple[str, float]:
        """State and Cq [cycles; nan unless determined]; ``called``: state by the call, if any."""
        verdicts = self.plate.verdicts
        if "excl" in self.said or (verdicts and self.key in verdicts.excluded):
            reason = self.said.get("excl", "")
            if reason and words.truth(reason) is False:
                self.wrong("an element excl only where the reaction is left out", reason)
            return OMITTED, _NAN
        cq = self.stored()
        if verdicts:
            for complaint in lightcycler96.complaints(verdicts, self.key, cq):
                self.wrong(*complaint)
            if called != DETERMINED:
                self.rows.called[called].append(self.place)
                return called or UNDETERMINED, _NAN
        return (UNDETERMINED, _NAN) if math.isnan(cq) or self.is_beyond(cq) else (DETERMINED, cq)

    def stored(self) -> float:
        """The stored Cq [cycles]; nan where the element is absent or says that there is none."""
        text = self.said.get("cq", "NaN")
        if text == "NaN":
            return _NAN
        try:
            value = number(text, ".")
        except ValueError:
            value = 0.0
        if value == -1 and self.plate.unavailable:
            return _NAN
        if not 0 < value <= MAXIMUM_CQ:
            expected = f"a Cq above 0 and at most {MAXIMUM_CQ:g} cycles"
            self.wrong(expected, text, "A Cq is never guessed. " + _AGAIN)
            return _NAN
        return value

    def is_beyond(self, cq: float) -> bool:
        """Whether no cycle that was measured reached the Cq; told in a note or a warning."""
        plate = self.plate
        if plate.stores_cycles and not plate.cycles and cq.is_integer():
            self.wrong(f"the curves beside Cq {cq:g}: this instrument stores the number of cycles "
                       "where there was no signal")  # fmt: skip
        if not plate.cycles or cq < plate.cycles:
            return False
        usual = plate.stores_cycles and cq == plate.cycles
        self.rows.late[plate.cycles, usual].append(self.place if usual else f"{self.place}: {cq:g}")
        return True

    def quantity(self, stated: tuple[str, str], target: str) -> float:
        """The quantity of a standard, from value and unit as written; nan if absent."""
        text, unit = stated
        if self.plate.verdicts and not text:
            text = self.plate.verdicts.quantities.get(self.key, "")
        if text in ("", "NaN"):
            return _NAN
        if unit and not unit.startswith(OWN):
            self.rows.units[target].add(unit)
        try:
            value = number(text, ".")
            if value >= 0:
                return 1 / value if unit == "dil" else value
        except (ValueError, ZeroDivisionError):
            pass
        self.wrong("a quantity that is a number and not negative", f"{text} {unit}".strip())
        return _NAN

    def flags(self, called: str) -> str:
        verdicts, said = self.plate.verdicts, self.said
        flags = [
            f"{name}={said[name].replace(';', ',')}" for name in ("excl", "note") if said.get(name)
        ]
        if verdicts is None:
            return ";".join(flags)
        if called != DETERMINED and (call := verdicts.call(self.key)):
            flags.insert(0, f"call={call.replace(';', ',')}")
        return ";".join([*flags, "excluded"] if self.key in verdicts.excluded else flags)


def _no_well(plate: Plate, run: Element, identity: str, file: str) -> Problem:
    form = run.find("pcrFormat")
    shape = " ".join(filter(None, map(str.strip, form.itertext()))) if form is not None else "none"
    expected = "a block of rows and columns with letters and numbers, or a rotor of 72"
    return Problem(
        file,
        "the id of a well of the block" if plate.wells else expected,
        f"{identity} (pcrFormat: {shape})",
        column=f"react of run {plate.run}",
        remedy="Export the run again, or write the wells into a plain table.",
    )


def _check_runs(rows: Rows, problems: Problems) -> None:
    """Runs are one table only if no well has the same target, or another sample, in two of them."""
    if len(set(rows.run)) < 2:
        return
    first: dict[tuple[str, str], str] = {}
    held: dict[str, tuple[str, str]] = {}
    for index, (well, run) in enumerate(zip(rows.well, rows.run, strict=True)):
        sample = rows.sample[index]
        other = first.setdefault((well, rows.target[index]), run)
        holder = held.setdefault(well, (run, sample))
        if other != run or holder[1] != sample:
            runs = f"runs {holder[0] if other == run else other} and {run}"
            problems.add(Problem(
                rows.file, "runs of one plate, each with targets of its own", runs, index + 1,
                f"well {well}, target {rows.target[index]}",
                "They are several plates: save each run as a file of its own, and add each to the runs sheet.",
            ))  # fmt: skip
            return
