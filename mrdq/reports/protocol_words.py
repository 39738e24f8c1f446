"""What a protocol says, in words: every statement with how surely it is known."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from mrdq import vocabulary as words
from mrdq.protocol import FollowUp, Grounds, Protocol, Timepoint, number_of

GRADES = ("laboratory", "primary", "secondary", "recalled", "unverified")
"""From the surest to the least sure."""


@dataclass(frozen=True, slots=True)
class Statement:
    """Something that a protocol says, and how surely it is known."""

    place: str
    says: str
    grounds: Grounds


def statements(protocol: Protocol) -> list[Statement]:
    """Everything that a protocol says, one statement each, in reading order."""
    courses = [Statement("course", f"{c.id}: {c.label}", c.grounds) for c in protocol.courses]
    timepoints = [
        said
        for at in protocol.timepoints
        for said in (*_of_timepoint(at), *_of_branches(protocol, at))
    ]
    return [*courses, *timepoints, *of_the_whole(protocol)]


def of_the_whole(protocol: Protocol) -> list[Statement]:
    """What is said of no single timepoint."""
    p, said = protocol, []
    if p.on_relapse:
        said.append(Statement("relapse on therapy", in_words(p.on_relapse), p.on_relapse.grounds))
    if p.intrathecal_doses is not None:
        doses = f"{p.intrathecal_doses} in all"
        said.append(Statement("intrathecal doses", doses, p.intrathecal_grounds))
    if p.next_course_within_days is not None:
        days = f"begins within {p.next_course_within_days} days, or counts as missing"
        said.append(Statement("next course", days, p.next_course_grounds))
    if p.landmark_day is not None:
        day = f"day {p.landmark_day}, by the MRD of {p.landmark_timepoint}"
        said.append(Statement("landmark", day, p.landmark_grounds))
    limits = (f"complete if negative with a sensitivity of {p.complete_sensitivity_maximum:g} or lower, "
              f"failure if quantifiable and {p.failure_level_minimum:g} or more")  # fmt: skip
    return [*said, Statement("material", f"{p.material} decides", p.material_grounds),
            Statement("response", limits, p.response_grounds)]  # fmt: skip


def _of_timepoint(at: Timepoint) -> list[Statement]:
    when = f"{at.label}, comes after {at.after}" if at.after else at.label
    counts = Grounds(at.grade, at.source, at.note)
    return [Statement(at.id, when, at.when_grounds), Statement(at.id, positive_in_words(at), counts),
            *(Statement(at.id, f"{name}: {text}", next_grounds(at, name)) for name, text in next_steps(at))]  # fmt: skip


def next_steps(at: Timepoint) -> tuple[tuple[str, str], ...]:
    """What follows a positive, a negative and any other result, in the protocol's words."""
    return ((words.POSITIVE, at.next_positive), (words.NEGATIVE, at.next_negative), ("else", at.next_repeat))  # fmt: skip


def next_grounds(at: Timepoint, name: str) -> Grounds:
    """How surely it is known what follows: said of the step, of its branch, or of the timepoint."""
    if at.next_step_grounds:
        return at.next_step_grounds
    return at.branches[name].grounds if name in at.branches else Grounds(at.grade, at.source)


def _of_branches(protocol: Protocol, at: Timepoint) -> list[Statement]:
    return [
        Statement(f"{at.id}, if {name}", said.says, said.grounds)
        for name, follow in at.branches.items()
        for said in of_branch(protocol, follow)
    ]


def of_branch(protocol: Protocol, follow: FollowUp) -> list[Statement]:
    """What a branch asks for, leaves out, and lets pass: the last as surely as its courses are."""
    asked = [Statement("courses", in_words(follow), follow.grounds)]
    if follow.left_out:
        names = ", ".join(grouped(follow.left_out))
        asked.append(Statement("left out", f"left out: {names}", follow.grounds))
    if not follow.optional:
        return asked
    known = [course.grounds for course in protocol.courses if course.id in follow.optional]
    weakest = max(known, key=lambda grounds: GRADES.index(grounds.grade), default=Grounds())
    names = ", ".join(grouped(follow.optional))
    return [*asked, Statement("optional", f"may be given: {names}", weakest)]


def positive_in_words(at: Timepoint) -> str:
    """What counts as positive at a timepoint, and what a lower level counts as."""
    counts = f"positive: {', '.join(at.positive_statuses) or 'nothing'}"
    if not at.positive_from_level:
        return counts
    return (
        f"{counts}; a quantified level below {at.positive_from_level:g} counts as {at.below_level}"
    )


def in_words(follow: FollowUp) -> str:
    """What a branch asks for, on one line."""
    parts = [", ".join(grouped(follow.courses))] if follow.courses else []
    if follow.recommended:
        length = f" ({follow.otherwise_for})" if follow.otherwise_for else ""
        parts.append(f"{follow.recommended} if feasible, else {follow.otherwise}{length}")
    return "; ".join(parts)


def grouped(courses: Iterable[str]) -> list[str]:
    """Courses that follow each other by number told as one: ``blinatumomab-1 to -4``."""
    runs: list[list[str]] = []
    for name in courses:
        if runs and number_of(runs[-1][-1])[0] and _follows(runs[-1][-1], name):
            runs[-1].append(name)
        else:
            runs.append([name])
    return [run[0] if len(run) == 1 else f"{run[0]} to -{number_of(run[-1])[1]}" for run in runs]


def _follows(first: str, second: str) -> bool:
    (stem, number), (other, following) = number_of(first), number_of(second)
    return stem == other != "" and following == number + 1
