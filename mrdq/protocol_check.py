"""What the protocol asks for, and what a patient was given: where the two differ."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mrdq import vocabulary as words
from mrdq.errors import Problem, Problems
from mrdq.protocol import TRANSPLANTATION, FollowUp, Protocol
from mrdq.study import Study

if TYPE_CHECKING:
    import pandas as pd

MISSING = "missing"
NOT_ASKED_FOR = "not asked for"
LEFT_OUT = "left out by the protocol, yet given"
OUT_OF_ORDER = "out of order"
INTRATHECAL = "intrathecal doses"
NOT_COMPARED = "not compared"
NO_COURSES = "no courses recorded"
"""Why a patient without any row in the courses sheet is not compared."""
DIFFERENCES = (MISSING, NOT_ASKED_FOR, LEFT_OUT, OUT_OF_ORDER, INTRATHECAL)


@dataclass(frozen=True, slots=True)
class Treatment:
    """What is recorded of a patient; dates as ISO text, "" if there is none.

    Parameters
    ----------
    given: course -> first day.  reasons: course -> why it was not given, or differs.
    doses: course -> intrathecal doses with it (None: not recorded), of the courses given.
    classes: timepoint -> MRD class; None where no results were made.
    """

    patient_id: str
    given: Mapping[str, str]
    reasons: Mapping[str, str] = field(default_factory=dict)
    doses: Mapping[str, int | None] = field(default_factory=dict)
    classes: Mapping[str, str] | None = None
    start_on: str = ""
    relapse_on: str = ""
    transplant_on: str = ""
    last_contact_on: str = ""
    dead: int | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing in which a patient differs; ``explained`` by what, else "" (a difference)."""

    patient_id: str
    what: str
    course: str
    detail: str
    explained: str = ""

    @property
    def differs(self) -> bool:
        return self.what in DIFFERENCES and not self.explained


@dataclass(frozen=True, slots=True)
class Asked:
    """What a protocol asks of a patient with these MRD classes.

    ``last``: the decision that applies; None before it, or where it is not made: ``open_at`` then
    says at which timepoint, and ``allowed`` is whatever any branch speaks of.
    """

    courses: tuple[str, ...]
    allowed: frozenset[str] = frozenset()
    left_out: frozenset[str] = frozenset()
    last: FollowUp | None = None
    open_at: str = ""


def asked(protocol: Protocol, classes: Mapping[str, str] | None) -> Asked:
    """The courses asked for, decision by decision; up to the first that is not made."""
    courses, allowed, last = protocol.trunk, frozenset[str](), None
    left_out = frozenset[str]()
    for at in protocol.deciding:
        if at.after not in courses:
            continue
        courses = courses[: courses.index(at.after) + 1]
        follow = at.branches.get((classes or {}).get(at.id, ""))
        if follow is None:
            every = [set(branch.left_out) for branch in at.branches.values()]
            never = frozenset(set.intersection(*every))
            return Asked(courses, frozenset(protocol.course_ids) - never, left_out | never, None, at.id)  # fmt: skip
        courses, last = (*courses, *follow.courses), follow
        allowed |= {*follow.optional, *filter(None, [follow.otherwise])}
        left_out |= set(follow.left_out)
    return Asked(courses, allowed, left_out, last)


def compare(protocol: Protocol, patient: Treatment) -> list[Finding]:
    """Every finding of a patient, differences and what was not compared."""
    if not protocol.courses:
        return [Finding(patient.patient_id, NOT_COMPARED, "", f"{protocol.id} names no courses")]
    if not patient.given and not patient.reasons:
        # Nothing is known of what was given: that is no course left out.
        return [Finding(patient.patient_id, NOT_COMPARED, "", NO_COURSES)]
    plan = asked(protocol, patient.classes)
    return [
        *_unasked(plan, patient),
        *_missing(protocol, plan, patient),
        *_disordered(plan, patient),
        *_intrathecal(protocol, patient),
        *_undecided(plan, patient),
    ]


def _unasked(plan: Asked, patient: Treatment) -> Iterator[Finding]:
    known = {*plan.courses, *plan.allowed}
    for course, day in patient.given.items():
        if course not in known:
            what = LEFT_OUT if course in plan.left_out else NOT_ASKED_FOR
            yield Finding(patient.patient_id, what, course, _told(f"given on {day}", course, patient),
                          _after_the_end(patient, day))  # fmt: skip
    day = patient.transplant_on
    if day and plan.last and not plan.last.recommended:
        yield Finding(patient.patient_id, NOT_ASKED_FOR, TRANSPLANTATION, f"on {day}",
                      _after_relapse(patient, day))  # fmt: skip


def _after_relapse(patient: Treatment, day: str) -> str:
    relapse = patient.relapse_on
    return f"after the relapse on {relapse}" if relapse and relapse <= day else ""


def _after_the_end(patient: Treatment, day: str) -> str:
    """What explains a course given on ``day``: the relapse or the transplantation before it."""
    transplant = patient.transplant_on
    after = f"after the transplantation on {transplant}" if transplant and transplant <= day else ""
    return _after_relapse(patient, day) or after


def _told(detail: str, course: str, patient: Treatment) -> str:
    reason = patient.reasons.get(course, "")
    return f"{detail}; reason: {reason}" if reason else detail


@dataclass(frozen=True, slots=True)
class _Step:
    """A step asked for: ``course`` is what its reasons stand under; ``day`` "" if not given."""

    name: str
    course: str
    day: str


def _steps(plan: Asked, patient: Treatment) -> list[_Step]:
    """The steps asked for, in order: courses, and at the end the recommended transplantation or
    what is given in its place."""
    steps = [_Step(course, course, patient.given.get(course, "")) for course in plan.courses]
    if plan.last and plan.last.recommended:
        other = plan.last.otherwise
        if patient.transplant_on:
            steps.append(_Step(TRANSPLANTATION, TRANSPLANTATION, patient.transplant_on))
        elif other in patient.given:
            steps.append(_Step(other, other, patient.given[other]))
        else:
            steps.append(_Step(f"{plan.last.recommended} or {other}", other, ""))
    return steps


def _missing(protocol: Protocol, plan: Asked, patient: Treatment) -> Iterator[Finding]:
    """A step not given is missing if a later one was, or if the next one is overdue; else the end
    of treatment (relapse, transplantation, death) or of follow-up explains it."""
    steps = _steps(plan, patient)
    on_plan = [step.day != "" and not _after_the_end(patient, step.day) for step in steps]
    latest = max((place for place, given in enumerate(on_plan) if given), default=-1)
    overdue, explained = _stopped(protocol, patient)
    for place, step in enumerate(steps):
        if step.day:
            continue
        if place < latest:
            detail, why = f"{steps[latest].name} was given on {steps[latest].day}", ""
        else:
            detail, why = overdue or "not given", "" if overdue else explained
        detail = _told(detail, step.course, patient)
        yield Finding(patient.patient_id, MISSING, step.name, detail, why)


def _stopped(protocol: Protocol, patient: Treatment) -> tuple[str, str]:
    """Why nothing more was given: that the next course is overdue, or what ended the treatment."""
    days = [day for day in (*patient.given.values(), patient.start_on) if day]
    ends = [(patient.relapse_on, "relapse"), (patient.transplant_on, TRANSPLANTATION),
            (patient.last_contact_on, "death" if patient.dead else "end of follow-up")]  # fmt: skip
    end, what = min(((day, why) for day, why in ends if day), default=("", ""))
    within = protocol.next_course_within_days
    if not end:
        return "", "no last contact is recorded: it may be to come"
    before = [day for day in days if day <= end]
    if within is None or not before:
        return "", f"{what} on {end}"
    waited = (dt.date.fromisoformat(end) - dt.date.fromisoformat(max(before))).days
    if waited > within:
        return f"nothing in {waited} days from {max(before)} to the {what} on {end}", ""
    return "", f"{what} on {end}"


def _disordered(plan: Asked, patient: Treatment) -> Iterator[Finding]:
    """Each step that began before one that was asked for earlier."""
    given = [step for step in _steps(plan, patient) if step.day]
    for place, step in enumerate(given):
        before = max(given[:place], key=lambda earlier: earlier.day, default=step)
        if step.day < before.day:
            detail = f"on {step.day}, before {before.name} on {before.day}"
            why = _after_the_end(patient, before.day) if step.name == TRANSPLANTATION else ""
            yield Finding(patient.patient_id, OUT_OF_ORDER, step.name, _told(detail, step.course, patient), why)  # fmt: skip


def _intrathecal(protocol: Protocol, patient: Treatment) -> Iterator[Finding]:
    """Too many doses are told at once, too few only when the last course (maintenance) has begun."""
    wanted, counts = protocol.intrathecal_doses, list(patient.doses.values())
    if wanted is None or not counts:
        return
    known = sum(count for count in counts if count is not None)
    lacking = sorted(course for course, count in patient.doses.items() if count is None)
    detail = f"{known} recorded, {wanted} asked for"
    over = protocol.course_ids[-1] in patient.given
    if known > wanted or (over and known < wanted and not lacking):
        yield Finding(patient.patient_id, INTRATHECAL, "", detail)
    elif lacking and over:
        without = f"{detail}; none recorded with {', '.join(lacking)}"
        yield Finding(patient.patient_id, NOT_COMPARED, "", f"{INTRATHECAL}: {without}")


def _undecided(plan: Asked, patient: Treatment) -> Iterator[Finding]:
    if not plan.open_at:
        return
    if patient.classes is None:
        said = "there are no results yet"
    else:
        said = f"the result is {patient.classes.get(plan.open_at, words.NOT_DONE)}"
    yield Finding(patient.patient_id, NOT_COMPARED, "", f"what follows {plan.open_at}: {said}")


def treatments(study: Study, classes: Mapping[str, Mapping[str, str]] | None) -> list[Treatment]:
    """What the sheets of a study say of each patient, in the order of their ids.

    ``classes``: patient -> timepoint -> MRD class (of :func:`mrd_classes`); None without results.
    """
    rows: dict[str, list[dict[str, Any]]] = {}
    for record in study.courses.records():
        rows.setdefault(record["patient_id"], []).append(record)
    known = {record["patient_id"]: record for record in study.patients.records()}
    return [
        _treatment(patient, rows.get(patient, []), known.get(patient, {}),
                   None if classes is None else classes.get(patient, {}))
        for patient in sorted(known or study.protocol_of)
    ]  # fmt: skip


def _treatment(
    patient: str, rows: list[dict[str, Any]], known: Mapping[str, Any],
    classes: Mapping[str, str] | None,
) -> Treatment:  # fmt: skip
    given = sorted((row for row in rows if row["given_on"]), key=lambda row: str(row["given_on"]))
    dates = ("start_on", "relapse_on", "transplant_on", "last_contact_on")
    return Treatment(
        patient,
        given={row["course"]: row["given_on"] for row in given},
        reasons={row["course"]: row["reason"] for row in rows if row["reason"]},
        doses={row["course"]: row["intrathecal"] for row in given},
        classes=classes,
        dead=known.get("dead"),
        **{name: known.get(name, "") for name in dates},
    )


def mrd_classes(study: Study, status: pd.DataFrame, file: str) -> dict[str, dict[str, str]]:
    """Patient -> timepoint -> MRD class, by each patient's protocol.

    ``status``: STATUS of the results, read from ``file``.  Results of other samples or protocols
    than those of the sheets now would be compared with the wrong branch: :class:`MrdqError`.
    """
    problems = Problems()
    remedy = "The sheets have changed since: run the study again."
    columns = study.samples.columns
    now = set(zip(columns["patient_id"], columns["timepoint"], strict=True))
    then = set(zip(status["patient_id"], status["timepoint"], strict=True))
    for patient, timepoint in sorted(now ^ then):
        problems.add(Problem(file, "results of the samples that the sheet has now",
                             f"{patient} {timepoint}", remedy=remedy))  # fmt: skip
    classes: dict[str, dict[str, str]] = {}
    rows = zip(*(status[name] for name in ("patient_id", "timepoint", "status", "mrd_level", "protocol")), strict=True)  # fmt: skip
    for patient, timepoint, result, level, named in rows:
        protocol = study.protocols.get(study.protocol_of.get(patient, ""))
        if protocol and named != protocol.id:
            problems.add(Problem(file, f"results of {patient} under {protocol.id}", named,
                                 column="protocol", remedy=remedy))  # fmt: skip
        at = protocol.by_id.get(timepoint) if protocol else None
        if at:
            classes.setdefault(patient, {})[timepoint] = at.mrd_class(result, level)
    problems.raise_if_any()
    return classes
