"""A protocol: courses and timepoints of a trial, what counts as MRD-positive, and what follows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from mrdq import vocabulary as words
from mrdq.errors import WARNING, Problem
from mrdq.guideline import TOLERANCE

DEFAULT_POSITIVE = (
    words.POSITIVE_QUANTIFIABLE,
    words.POSITIVE_NOT_QUANTIFIABLE,
    words.LOW_POSITIVE_BELOW_RANGE,
)
TRANSPLANTATION = "transplantation"
"""Recommended by protocols, recorded as ``transplant_on`` of the patients sheet: no course."""


@dataclass(frozen=True, slots=True)
class Grounds:
    """How surely something is known (``docs/rule-sets.md``, grades), and from where."""

    grade: str = "unverified"
    source: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Course:
    """One course of treatment, such as ``A-1`` or ``blinatumomab-3``."""

    id: str
    label: str = ""
    grounds: Grounds = Grounds()


@dataclass(frozen=True, slots=True)
class FollowUp:
    """What follows a decision.

    Parameters
    ----------
    courses: asked for, in order.
    optional: may be given, and may be left out.
    left_out: of other branches or protocols; not to be given.
    recommended: ``transplantation``, if feasible; "" if nothing is.
    otherwise: the course that is asked for where the recommendation is not followed, and for how
        long (``otherwise_for``, in words).
    """

    courses: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    recommended: str = ""
    otherwise: str = ""
    otherwise_for: str = ""
    grounds: Grounds = Grounds()

    def named(self) -> dict[str, tuple[str, ...]]:
        """Every course that is named, by the key that names it."""
        last = (self.otherwise,) if self.otherwise else ()
        return {"courses": self.courses, "optional": self.optional,
                "left_out": self.left_out, "otherwise": last}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Timepoint:
    """One timepoint; ``positive_from_level`` is a fraction, and a quantified level below it counts
    as ``below_level`` says (``negative`` or ``undecided``).  ``after``: the course it follows.  ``grade``,
    ``source`` and ``note`` are of what counts as positive."""

    id: str
    next_positive: str
    next_negative: str
    next_repeat: str = words.REPEAT
    label: str = ""
    positive_statuses: tuple[str, ...] = DEFAULT_POSITIVE
    positive_from_level: float = 0.0
    grade: str = "unverified"
    below_level: str = words.NEGATIVE
    source: str = ""
    note: str = ""
    after: str = ""
    when_grounds: Grounds = Grounds()
    next_step_grounds: Grounds | None = None
    if_positive: FollowUp | None = None
    if_negative: FollowUp | None = None

    def mrd_class(self, status: str, level: float) -> str:
        """What a status with this MRD level (a fraction; NaN: none) counts as, of
        ``vocabulary.MRD_CLASSES``.  A quantified level below ``positive_from_level`` counts as
        ``below_level``.
        """
        if status in (words.NEGATIVE, words.NOT_EVALUABLE, words.NOT_DONE):
            return status
        if status not in self.positive_statuses:
            return words.UNDECIDED
        below = level < self.positive_from_level * (1 - TOLERANCE)
        low = status == words.POSITIVE_QUANTIFIABLE and below
        return self.below_level if low else words.POSITIVE

    @property
    def branches(self) -> dict[str, FollowUp]:
        """What follows by MRD class; empty where treatment does not hang on this timepoint."""
        both = {words.POSITIVE: self.if_positive, words.NEGATIVE: self.if_negative}
        return {name: follow for name, follow in both.items() if follow is not None}


@dataclass(frozen=True, slots=True)
class Protocol:
    """Timepoints in order, the material that decides, and the thresholds of the response.

    ``courses`` are all that the protocol knows, in order; none: it says nothing of treatment.
    ``intrathecal_doses``: of the whole therapy.  ``next_course_within_days``: how long after a
    course the next one has to have begun, or it counts as missing.  ``on_relapse``: what follows a
    relapse on therapy.  ``landmark_day``: days from the start to where an analysis by the MRD at
    ``landmark_timepoint`` begins.
    """

    id: str
    version: str
    title: str
    timepoints: tuple[Timepoint, ...]
    complete_sensitivity_maximum: float
    failure_level_minimum: float
    material: str = "BM"
    by_id: dict[str, Timepoint] = field(default_factory=dict, compare=False)
    landmark_day: int | None = None
    landmark_timepoint: str = ""
    courses: tuple[Course, ...] = ()
    intrathecal_doses: int | None = None
    next_course_within_days: int | None = None
    on_relapse: FollowUp | None = None
    material_grounds: Grounds = Grounds()
    landmark_grounds: Grounds = Grounds()
    intrathecal_grounds: Grounds = Grounds()
    next_course_grounds: Grounds = Grounds()
    response_grounds: Grounds = Grounds()

    def order(self, timepoint: str) -> int:
        """Position of a timepoint; those that the protocol does not name come last."""
        ids = [t.id for t in self.timepoints]
        return ids.index(timepoint) if timepoint in ids else len(ids)

    @property
    def course_ids(self) -> tuple[str, ...]:
        return tuple(course.id for course in self.courses)

    @property
    def deciding(self) -> tuple[Timepoint, ...]:
        """The timepoints whose result decides on the courses that follow."""
        return tuple(t for t in self.timepoints if t.branches)

    @property
    def trunk(self) -> tuple[str, ...]:
        """The courses of everybody: those up to the first decision."""
        ids = self.course_ids
        return ids[: ids.index(self.deciding[0].after) + 1] if self.deciding else ids


def contradictions(protocol: Protocol, file: str) -> list[Problem]:
    """Everything in which the protocol contradicts itself, as problems of ``file``."""
    found = [*_repeated(file, "timepoint", [t.id for t in protocol.timepoints]),
             *_repeated(file, "course", protocol.course_ids)]  # fmt: skip
    if not found:
        found = [*_misplaced_timepoints(protocol, file), *_landmark(protocol, file)]
        found += _strange_courses(protocol, file)
    # What no branch speaks of can be said only where branches and timepoints are right.
    return found or list(_unspoken(protocol, file))


def doubts(protocol: Protocol, file: str) -> list[Problem]:
    """Warnings of ``file``: timepoints at which more MRD counts as negative and less as positive."""
    return [problem for at in protocol.timepoints for problem in _upside_down(at, file)]


def _upside_down(at: Timepoint, file: str) -> Iterator[Problem]:
    below = [status for status in at.positive_statuses if status in words.BELOW_RANGE]
    quantified = words.POSITIVE_QUANTIFIABLE in at.positive_statuses
    if not (
        quantified and below and at.positive_from_level > 0 and at.below_level == words.NEGATIVE
    ):
        return
    low = ", ".join(below)
    yield Problem(
        file, "no result that counts as negative where a lower one counts as positive (a quantified level "
        f"below it counts as negative; {low}, of whatever level, as positive)",
        f"{at.positive_from_level:g}", None, f"timepoints.{at.id}.positive_from_level",
        f"Take {low} out of positive_statuses (then undecided), or write below_level: undecided.", WARNING,
    )  # fmt: skip


def _repeated(file: str, what: str, ids: Iterable[str]) -> Iterator[Problem]:
    ids = list(ids)
    twice = sorted({name for name in ids if ids.count(name) > 1})
    if twice:
        yield Problem(file, f"every {what} once", ", ".join(twice), column=f"{what}s")


def _misplaced_timepoints(protocol: Protocol, file: str) -> Iterator[Problem]:
    known = protocol.course_ids
    before = -1
    for at in protocol.timepoints:
        place = f"timepoints.{at.id}.after"
        if at.branches and not at.after:
            yield Problem(file, "the course that the timepoint comes after", column=place,
                          remedy="Courses follow from it, so it needs its place among them.")  # fmt: skip
        elif at.after and at.after not in known:
            yield Problem(file, _one_of(known), at.after, column=place)
        elif at.after:
            if known.index(at.after) < before:
                yield Problem(file, "timepoints in the order of the courses they come after",
                              at.after, column=place)  # fmt: skip
            before = known.index(at.after)


def _one_of(known: tuple[str, ...]) -> str:
    return f"a course of this protocol ({', '.join(known) or 'it names none'})"


def _landmark(protocol: Protocol, file: str) -> Iterator[Problem]:
    day, name = protocol.landmark_day, protocol.landmark_timepoint
    if name and name not in protocol.by_id:
        named = ", ".join(protocol.by_id) or "it names none"
        yield Problem(file, f"a timepoint of this protocol ({named})", name, column="landmark_timepoint")  # fmt: skip
    if (day is None) != (name == ""):
        yield Problem(file, "both landmark_day and landmark_timepoint, or neither",
                      name or str(day), column="landmark_day")  # fmt: skip


def _strange_courses(protocol: Protocol, file: str) -> Iterator[Problem]:
    places = [(f"timepoints.{at.id}.follows.{name}", at.after, follow)
              for at in protocol.timepoints for name, follow in at.branches.items()]  # fmt: skip
    if protocol.on_relapse:
        places.append(("on_relapse", "", protocol.on_relapse))
    for place, after, follow in places:
        yield from _strange_names(protocol.course_ids, after, follow, (file, place))
        if follow.recommended and not follow.otherwise:
            yield Problem(file, "what is asked for where transplantation is not feasible",
                          column=f"{place}.otherwise", remedy="Name the course.")  # fmt: skip


def _strange_names(
    known: tuple[str, ...], after: str, follow: FollowUp, where: tuple[str, str]
) -> Iterator[Problem]:
    """Courses of a branch that the protocol does not know, that were given before the decision, or
    that two keys name."""
    file, place = where
    before = known[: known.index(after) + 1] if after in known else ()
    keys: dict[str, str] = {}
    for key, names in follow.named().items():
        for name in names:
            column = f"{place}.{key}"
            if name not in known:
                yield Problem(file, _one_of(known), name, column=column)
            elif name in before:
                yield Problem(file, f"a course after {after}", name, column=column)
            elif name in keys:
                yield Problem(file, _only_here(name, key, keys[name]), name, column=column)
            keys.setdefault(name, key)


_SAID = {"courses": "also asked for", "optional": "also allowed",
         "left_out": "also left out", "otherwise": "also asked for otherwise"}  # fmt: skip


def _only_here(name: str, key: str, first: str) -> str:
    if key == first:
        return f"every course once in {key}"
    return f"a course that is not {_SAID[first]}: {name} stands in {first} too"


def _unspoken(protocol: Protocol, file: str) -> Iterator[Problem]:
    named = {name for at in protocol.deciding for follow in at.branches.values()
             for names in follow.named().values() for name in names}  # fmt: skip
    for name in protocol.course_ids:
        if name not in named and name not in protocol.trunk:
            yield Problem(file, "a course that a branch asks for, allows or leaves out", name,
                          column="courses", remedy="Name it in a branch, or remove it.")  # fmt: skip


def number_of(course: str) -> tuple[str, int]:
    """Treatment and number of a course: ``("B", 2)`` of ``B-2``; ``("", 0)`` if it has none."""
    stem, _, number = course.rpartition("-")
    plain = stem != "" and number.isascii() and number.isdigit()
    return (stem, int(number)) if plain else ("", 0)
