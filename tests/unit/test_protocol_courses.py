"""What differs from the protocol, what explains it, and what cannot be compared.

Days are counted by hand from 2020-01-01 (day 0).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from mrdq.definitions import load_protocol
from mrdq.protocol import Protocol
from mrdq.protocol_check import Finding, Treatment, asked, compare

OLD, NEW = load_protocol("all-mrd2019"), load_protocol("all-mrd2023")
TRUNK = ("A-1", "B-1", "C-1")
BLINATUMOMAB = tuple(f"blinatumomab-{n}" for n in range(1, 5))
NEGATIVE = {"post-A1": "positive", "post-C1": "negative"}
POSITIVE = {"post-A1": "positive", "post-C1": "positive"}


def day(number: int) -> str:
    return (dt.date(2020, 1, 1) + dt.timedelta(days=number)).isoformat()


def treated(*courses: str, every: int = 30, **known: object) -> Treatment:
    """Courses in this order, one every so many days; followed for two years unless told."""
    days = {course: day(every * place) for place, course in enumerate(courses)}
    usual = {"start_on": day(0), "last_contact_on": day(730), "dead": 0, "classes": NEGATIVE}
    return Treatment("P1", days, **{**usual, **known})  # type: ignore[arg-type]


def told(protocol: Protocol, patient: Treatment) -> list[tuple[str, str, bool]]:
    """(finding, course, whether it is a difference) of every finding."""
    return [(one.what, one.course, one.differs) for one in compare(protocol, patient)]


AS_ASKED = [
    (OLD, NEGATIVE, (*TRUNK, "A-2", "B-2", "C-2", "maintenance")),
    (OLD, NEGATIVE, (*TRUNK, "A-2", "B-2", "C-2", "A-3", "B-3", "C-3", "maintenance")),
    (OLD, POSITIVE, (*TRUNK, "A-2", *BLINATUMOMAB, "maintenance")),
    (NEW, NEGATIVE, (*TRUNK, *BLINATUMOMAB, "maintenance")),
    (NEW, NEGATIVE, (*TRUNK, "A-2", *BLINATUMOMAB, "maintenance")),
    (NEW, POSITIVE, (*TRUNK, *BLINATUMOMAB, "maintenance")),
]


def test_as_asked_nothing_is_found() -> None:
    for protocol, classes, courses in AS_ASKED:
        assert told(protocol, treated(*courses, classes=classes)) == []


def test_transplantation_in_place_of_maintenance() -> None:
    for protocol, courses in (
        (OLD, (*TRUNK, "A-2", *BLINATUMOMAB)),
        (NEW, (*TRUNK, *BLINATUMOMAB)),
    ):
        patient = treated(*courses, classes=POSITIVE, transplant_on=day(300))
        assert told(protocol, patient) == []
        neither = replace(patient, transplant_on="")
        assert told(protocol, neither) == [("missing", "transplantation or maintenance", True)]


def test_a_course_that_was_skipped_is_missing() -> None:
    patient = treated(*TRUNK, "A-2", "C-2", "maintenance")
    assert told(OLD, patient) == [("missing", "B-2", True)]
    detail = compare(OLD, replace(patient, reasons={"B-2": "infection"}))[0].detail
    assert detail == f"maintenance was given on {day(150)}; reason: infection"


def test_a_course_skipped_just_before_the_last_is_missing() -> None:
    """C-2 is left out, maintenance begins on day 150, and follow-up ends soon after."""
    patient = treated(*TRUNK, "A-2", "B-2", "maintenance", last_contact_on=day(160))
    assert told(OLD, patient) == [("missing", "C-2", True)]


def test_a_course_of_the_other_branch_is_not_asked_for() -> None:
    patient = treated(*TRUNK, "A-2", "B-2", "C-2", "blinatumomab-1", "maintenance")
    assert told(OLD, patient) == [("not asked for", "blinatumomab-1", True)]


def test_a_course_that_the_protocol_leaves_out() -> None:
    patient = treated(*TRUNK, *BLINATUMOMAB, "B-2", "maintenance")
    assert told(NEW, patient) == [("left out by the protocol, yet given", "B-2", True)]
    # Both branches of 2023 leave it out, so it differs before the result is known.
    assert told(NEW, replace(patient, classes=None))[0] == (
        "left out by the protocol, yet given",
        "B-2",
        True,
    )


def test_courses_out_of_order() -> None:
    patient = treated("A-1", "C-1", "B-1", *BLINATUMOMAB, "maintenance")
    found = compare(NEW, patient)
    assert [(one.what, one.course) for one in found] == [("out of order", "C-1")]
    assert found[0].detail == f"on {day(30)}, before B-1 on {day(60)}"


def test_two_courses_of_one_day_are_in_order() -> None:
    assert told(NEW, treated(*TRUNK, *BLINATUMOMAB, "maintenance", every=0)) == []


def test_transplantation_explains_the_courses_after_it() -> None:
    """Two of four blinatumomab by day 120, the transplantation on day 200: the others were not
    given after it, or were."""
    patient = treated(*TRUNK, *BLINATUMOMAB[:2], classes=POSITIVE, transplant_on=day(200))
    assert told(NEW, patient) == [
        ("missing", "blinatumomab-3", False),
        ("missing", "blinatumomab-4", False),
    ]
    assert explanations(compare(NEW, patient)) == {f"transplantation on {day(200)}"}
    later = replace(patient, given={**patient.given, "A-2": day(210), "B-2": day(240)})
    assert told(NEW, later)[0] == ("left out by the protocol, yet given", "B-2", False)
    assert explanations(compare(NEW, later)[:1]) == {f"after the transplantation on {day(200)}"}
    early = treated(*TRUNK, *BLINATUMOMAB, classes=POSITIVE, transplant_on=day(170))
    assert told(NEW, early) == [("out of order", "transplantation", False)]
    assert explanations(compare(NEW, early)) == {f"after the transplantation on {day(170)}"}


def test_transplantation_explains_nothing_before_it() -> None:
    """C-1 is skipped, B-2 given and then blinatumomab-1 on day 120; a wait of 121 days to the
    transplantation is too long."""
    skipped = treated("A-1", "B-1", "A-2", "B-2", "blinatumomab-1", classes=POSITIVE, transplant_on=day(200))  # fmt: skip
    assert told(NEW, skipped)[:2] == [
        ("left out by the protocol, yet given", "B-2", True),
        ("missing", "C-1", True),
    ]
    assert {one[2] for one in told(NEW, skipped)[2:]} == {False}
    for end, differs in ((240, False), (241, True)):
        waited = treated(*TRUNK, "A-2", "blinatumomab-1", classes=POSITIVE, transplant_on=day(end))
        assert {one.differs for one in compare(NEW, waited)} == {differs}
    assert compare(NEW, waited)[0].detail == (
        f"nothing in 121 days from {day(120)} to the transplantation on {day(241)}"
    )
    relapsed = replace(waited, relapse_on=day(130))
    assert explanations(compare(NEW, relapsed)) == {f"relapse on {day(130)}"}


def test_transplantation_of_the_mrd_negative_explains_what_was_not_given_after_it() -> None:
    patient = treated(*TRUNK, *BLINATUMOMAB, transplant_on=day(230))
    assert told(NEW, patient) == [
        ("not asked for", "transplantation", True),
        ("missing", "maintenance", False),
    ]


def test_transplantation_of_the_mrd_negative() -> None:
    patient = treated(*TRUNK, *BLINATUMOMAB, "maintenance", transplant_on=day(400))
    assert told(NEW, patient) == [("not asked for", "transplantation", True)]
    relapsed = replace(patient, relapse_on=day(350))
    assert told(NEW, relapsed) == [("not asked for", "transplantation", False)]


# --- ends that explain


def explanations(found: list[Finding]) -> set[str]:
    return {one.explained for one in found}


def test_death_relapse_and_end_of_follow_up_explain_what_was_not_given() -> None:
    """B-1 began on day 30; the end comes 60 days later, and 120 may pass."""
    for known, why in (
        ({"last_contact_on": day(90), "dead": 1}, f"death on {day(90)}"),
        ({"relapse_on": day(90)}, f"relapse on {day(90)}"),
        ({"last_contact_on": day(90)}, f"end of follow-up on {day(90)}"),
        ({"last_contact_on": ""}, "no last contact is recorded: it may be to come"),
    ):
        found = compare(NEW, treated("A-1", "B-1", **known))
        missing = [one.course for one in found if one.what == "missing"]
        assert missing == ["C-1", *BLINATUMOMAB, "maintenance"]
        assert explanations(found) == {why}
        assert not any(one.differs for one in found)


def test_a_long_wait_is_explained_by_nothing() -> None:
    """From B-1 on day 30 to day 150 are the 120 days that may pass; to day 151 one more."""
    for end, differs in ((150, False), (151, True)):
        found = compare(NEW, treated("A-1", "B-1", last_contact_on=day(end)))
        assert [one.differs for one in found] == [differs] * 6
    detail = compare(NEW, treated("A-1", "B-1", relapse_on=day(200)))[0].detail
    assert detail == f"nothing in 170 days from {day(30)} to the relapse on {day(200)}"
    patient = treated("A-1", "B-1", last_contact_on=day(2000))
    # What is given after the relapse does not shorten the wait before it.
    later = treated("A-1", "B-1", "blinatumomab-1", every=105, relapse_on=day(208))
    later = replace(later, given={**later.given, "B-1": day(30)})
    assert next((one.course, one.differs) for one in compare(NEW, later)) == ("C-1", True)
    unlimited = replace(NEW, next_course_within_days=None)
    assert explanations(compare(unlimited, patient)) == {f"end of follow-up on {day(2000)}"}


def test_a_patient_of_whom_no_course_is_recorded() -> None:
    """Nothing is known, which is no difference; a row with a reason is something."""
    for patient in (treated(), treated(transplant_on=day(100)), treated(classes=None)):
        (found,) = compare(NEW, patient)
        assert (found.what, found.detail, found.differs) == (
            "not compared", "no courses recorded", False,
        )  # fmt: skip
    refused = treated(reasons={"A-1": "refused"})
    assert {one[2] for one in told(NEW, refused)} == {True}
    assert compare(NEW, refused)[0].detail.endswith("; reason: refused")
    assert {one[2] for one in told(NEW, replace(refused, start_on=""))} == {False}


def test_what_is_given_after_a_relapse_is_no_difference() -> None:
    """2019, negative: relapse after A-2; then blinatumomab, and maintenance."""
    patient = treated(*TRUNK, "A-2", "blinatumomab-1", "maintenance", relapse_on=day(100))
    found = told(OLD, patient)
    assert found == [
        ("not asked for", "blinatumomab-1", False),
        ("missing", "B-2", False),
        ("missing", "C-2", False),
    ]


# --- intrathecal doses

WHOLE = (*TRUNK, *BLINATUMOMAB, "maintenance")


def with_doses(*counts: int | None, courses: tuple[str, ...] = WHOLE) -> Treatment:
    return treated(*courses, doses=dict(zip(courses, counts, strict=True)))


def test_intrathecal_doses() -> None:
    """2023 asks for 12; fewer is told when maintenance has begun, more at once."""
    assert told(NEW, with_doses(2, 2, 2, 2, 1, 1, 1, 1)) == []
    assert told(NEW, with_doses(2, 2, 2, 2, 1, 1, 1, 0)) == [("intrathecal doses", "", True)]
    assert told(NEW, with_doses(2, 2, 2, 2, 1, 1, 1, 2)) == [("intrathecal doses", "", True)]
    early = treated("A-1", "B-1", last_contact_on=day(60), doses={"A-1": 2, "B-1": 2})
    assert "intrathecal doses" not in {one.what for one in compare(NEW, early)}
    early = replace(early, doses={"A-1": 2, "B-1": 11})
    found = [one for one in compare(NEW, early) if one.what == "intrathecal doses"]
    assert [(one.detail, one.differs) for one in found] == [("13 recorded, 12 asked for", True)]


def test_doses_that_were_not_recorded_are_not_zero() -> None:
    found = compare(NEW, with_doses(2, None, 2, 2, 1, 1, 1, 1))
    assert [(one.what, one.differs) for one in found] == [("not compared", False)]
    assert found[0].detail == (
        "intrathecal doses: 10 recorded, 12 asked for; none recorded with B-1"
    )
    assert told(NEW, with_doses(12, None, 2, 2, 1, 1, 1, 1)) == [("intrathecal doses", "", True)]
    assert compare(NEW, treated(*WHOLE)) == []


# --- what cannot be compared


def test_without_results_only_what_comes_before_the_decision() -> None:
    whatever = treated("A-1", "C-1", "A-2", "blinatumomab-3", classes=None)
    assert told(OLD, whatever) == [("missing", "B-1", True), ("not compared", "", False)]
    assert compare(OLD, whatever)[1].detail == "what follows post-C1: there are no results yet"


def test_a_result_that_is_neither_decides_nothing() -> None:
    for result in ("undecided", "not_evaluable", "not_done"):
        patient = treated(*TRUNK, "B-2", classes={"post-C1": result}, transplant_on=day(100))
        assert told(OLD, patient) == [("not compared", "", False)]
        assert compare(OLD, patient)[0].detail == f"what follows post-C1: the result is {result}"
    assert "not_done" in compare(OLD, treated(*TRUNK, classes={}))[0].detail


def test_a_protocol_without_courses_compares_nothing() -> None:
    found = compare(load_protocol("generic"), treated("anything"))
    assert [(one.what, one.detail) for one in found] == [
        ("not compared", "generic names no courses")
    ]


def test_a_protocol_without_a_decision_asks_for_all_its_courses() -> None:
    plain = replace(NEW, timepoints=())
    assert asked(plain, None).courses == NEW.course_ids
    assert told(plain, treated(*NEW.course_ids)) == []


def test_a_second_decision_follows_the_first() -> None:
    """After A-2 of the 2019 negative, a second timepoint decides between B-2 and maintenance."""
    at = OLD.by_id["post-C1"]
    assert at.if_negative is not None
    go_on = replace(at.if_negative, courses=("B-2", "C-2", "maintenance"), optional=())
    stop = replace(at.if_negative, courses=("maintenance",), optional=())
    second = replace(at, id="post-A2", after="A-2", if_positive=go_on, if_negative=stop)
    protocol = replace(OLD, timepoints=(*OLD.timepoints, second))
    plan = asked(protocol, {**NEGATIVE, "post-A2": "negative"})
    assert plan.courses == (*TRUNK, "A-2", "maintenance")
    assert asked(protocol, NEGATIVE).open_at == "post-A2"
    assert asked(protocol, NEGATIVE).courses == (*TRUNK, "A-2")


# --- laws


@given(st.data())
def test_leaving_out_any_course_but_the_last_is_told(data: st.DataObject) -> None:
    protocol, classes, courses = data.draw(st.sampled_from([AS_ASKED[i] for i in (0, 2, 3, 5)]))
    course = data.draw(st.sampled_from(courses[:-1]))
    patient = treated(*(c for c in courses if c != course), classes=classes)
    assert [one.course for one in compare(protocol, patient) if one.differs] == [course]


@given(st.permutations(WHOLE), st.sampled_from([NEGATIVE, POSITIVE, None]))
def test_the_order_of_the_sheet_does_not_matter(order: list[str], classes: object) -> None:
    """The same days, written down in another order."""
    patient = treated(*WHOLE, classes=classes)
    shuffled = replace(patient, given={course: patient.given[course] for course in order})
    assert sorted(told(NEW, shuffled)) == sorted(told(NEW, patient))


@given(st.permutations(WHOLE))
def test_any_other_order_is_told(order: list[str]) -> None:
    found = {one.what for one in compare(NEW, treated(*order))}
    assert found == (set() if tuple(order) == WHOLE else {"out of order"})
