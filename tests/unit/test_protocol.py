"""Protocols as data: what they say, how surely, and every way in which one can contradict itself."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from mrdq import resources
from mrdq import vocabulary as words
from mrdq.definitions import load_protocol, names
from mrdq.errors import WARNING, MrdqError
from mrdq.protocol import FollowUp, Grounds, Protocol, doubts
from mrdq.reports.protocol_words import GRADES, grouped, of_branch, statements

DOCS = Path(__file__).resolve().parents[2] / "docs"
BLINATUMOMAB = tuple(f"blinatumomab-{n}" for n in range(1, 5))

# The deciding timepoint of each shipped protocol that has one, and what a result counts as there.
DECIDING = {"all-mrd2019": "post-C1", "all-mrd2023": "post-C1", "aieop-bfm-2009": "day-78",
            "gmall-like": "week-16"}  # fmt: skip


def test_the_facts_that_are_known_of_the_two_trials() -> None:
    """Each is a sentence of the published description, none is more."""
    old, new = load_protocol("all-mrd2019"), load_protocol("all-mrd2023")
    assert (old.intrathecal_doses, new.intrathecal_doses) == (7, 12)
    assert old.trunk == new.trunk == ("A-1", "B-1", "C-1")
    before, after = old.by_id["post-C1"], new.by_id["post-C1"]
    assert before.after == after.after == "C-1"
    assert before.if_negative is not None
    assert before.if_positive is not None
    assert before.if_negative.courses == ("A-2", "B-2", "C-2", "maintenance")
    assert before.if_positive.courses == ("A-2", *BLINATUMOMAB)
    assert {"B-2", "C-2"} <= set(before.if_positive.left_out)
    for branch in after.branches.values():
        assert [c for c in branch.courses if c.startswith("blina")] == list(BLINATUMOMAB)
        assert branch.left_out == ("B-2", "C-2")
    for branch in (before.if_positive, after.if_positive, old.on_relapse, new.on_relapse):
        assert branch is not None
        assert (branch.recommended, branch.otherwise) == ("transplantation", "maintenance")
        assert branch.otherwise_for == "two years"
    assert [p.landmark_timepoint for p in (old, new)] == ["post-C1", "post-C1"]


@pytest.mark.parametrize("name", ["all-mrd2019", "all-mrd2023"])
def test_what_is_not_stated_is_graded_so(name: str) -> None:
    """The evidence page states no day, no cut-off, no third cycle and no A-2 of 2023."""
    grade = {
        (said.place, said.says): said.grounds.grade for said in statements(load_protocol(name))
    }
    unverified = {says for (_, says), level in grade.items() if level == "unverified"}
    assert {"BM decides", "day 120, by the MRD of post-C1",
            "begins within 120 days, or counts as missing"} <= unverified  # fmt: skip
    assert all(
        grade[one] == "unverified" for one in grade if one[1].startswith("positive: positive_")
    )
    assert grade["post-C1, if negative", "may be given: " + {"all-mrd2019": "A-3, B-3, C-3"}.get(name, "A-2")] == "unverified"  # fmt: skip
    assert (
        grade["post-A1", "positive: continue"] == grade["post-C1", "else: repeat"] == "unverified"
    )
    steps = [one for one in grade if one[0] == "post-C1" and "blinatumomab x4" in one[1]]
    assert {grade[one] for one in steps} == {"primary"}
    with_source = [s for s in statements(load_protocol(name)) if s.grounds.grade == "primary"]
    assert all(said.grounds.source for said in with_source)
    assert len(with_source) > 10


def test_what_may_be_given_is_known_as_surely_as_the_least_sure_of_it() -> None:
    """A-2 of 2023 is unverified, B-2 primary."""
    protocol = load_protocol("all-mrd2023")
    for optional in (("A-2", "B-2"), ("B-2", "A-2")):
        _, said = of_branch(protocol, FollowUp(optional=optional, grounds=Grounds("primary")))
        assert said.grounds.grade == "unverified"


def test_every_statement_has_a_grade() -> None:
    for name in names("protocols"):
        said = statements(load_protocol(name))
        assert len(said) >= 2
        assert {one.grounds.grade for one in said} <= set(GRADES)


def test_examples_say_what_they_are() -> None:
    assert "example" in load_protocol("gmall-like").title
    assert "example" in load_protocol("aieop-bfm-2009").title
    mapping = load_protocol("aieop-bfm-2009").by_id["day-78"]
    assert mapping.grade == "primary"
    assert mapping.next_step_grounds is not None
    assert mapping.next_step_grounds.grade == mapping.when_grounds.grade == "recalled"


def counts(protocol: Protocol, timepoint: str, cell: str) -> str:
    """What a status of the page, such as ```positive_quantifiable`, level 1e-3``, counts as."""
    status, level = re.fullmatch(r"`(\w+)`(?:, level (\S+))?", cell).groups()  # type: ignore[union-attr]
    return protocol.by_id[timepoint].mrd_class(status, float(level) if level else math.nan)


def test_the_page_says_how_each_status_counts() -> None:
    page = (DOCS / "protocols.md").read_text(encoding="utf-8")
    lines = page.partition("## How the same status counts")[2].partition("## ")[0].splitlines()
    head, _, *rows = [
        [c.strip() for c in line.strip("|").split("|")] for line in lines if line[:1] == "|"
    ]
    columns = [re.fullmatch(r"`(\S+)` (\S+)", cell).groups() for cell in head[1:]]  # type: ignore[union-attr]
    assert dict(columns) == DECIDING
    assert {re.findall(r"`(\w+)`", row[0])[0] for row in rows} == set(words.STATUSES)
    for row in rows:
        for (name, timepoint), said in zip(columns, row[1:], strict=True):
            assert counts(load_protocol(name), timepoint, row[0]) == said, (name, row[0])


def test_neither_below_the_level_nor_on_it() -> None:
    """On the bound 1e-4 is failure; a hair below is undecided, and in a protocol that says
    negative, negative (relative tolerance 1e-9)."""
    at = load_protocol("gmall-like").by_id["week-16"]
    level = at.positive_from_level
    status = words.POSITIVE_QUANTIFIABLE
    assert [at.mrd_class(status, level * f) for f in (1, 1 - 1e-10, 1 - 1e-8)] == [
        "positive",
        "positive",
        "undecided",
    ]


# --- a lower result that counts for more


def with_level(folder: Path, level: str, statuses: str = "", below: str = "") -> Protocol:
    keys = [f"positive_from_level: {level}"]
    keys += [f"positive_statuses: [{statuses}]"] if statuses else []
    keys += [f"below_level: {below}"] if below else []
    return load(folder, OURS.replace("    after: A-1", "\n".join(f"    {key}" for key in ("after: A-1", *keys))))  # fmt: skip


def test_a_level_that_turns_positive_and_negative_upside_down(tmp_path: Path) -> None:
    """The default: quantified 5e-5 is negative, below the range (say 1.7e-5) positive."""
    ours = with_level(tmp_path, "1.0e-4")
    at = ours.by_id["post-A1"]
    assert at.mrd_class(words.POSITIVE_QUANTIFIABLE, 5e-5) == "negative"
    assert at.mrd_class(words.LOW_POSITIVE_BELOW_RANGE, 1.7e-5) == "positive"
    (problem,) = doubts(ours, "protocols/ours.yaml")
    assert problem.level == WARNING
    assert str(problem) == (
        'protocols/ours.yaml, column timepoints.post-A1.positive_from_level: found "0.0001", expected no result '
        "that counts as negative where a lower one counts as positive (a quantified level below it counts as "
        "negative; positive_not_quantifiable, low_positive_below_range, of whatever level, as positive). Take "
        "positive_not_quantifiable, low_positive_below_range out of positive_statuses (then undecided), or write "
        "below_level: undecided."
    )


@pytest.mark.parametrize(
    ("level", "statuses", "below", "expected"),
    [
        ("1e-4", "positive_quantifiable, low_positive_below_range", "", 1),
        ("1e-4", "positive_quantifiable, uncertain_significance", "negative", 1),
        ("1e-4", "positive_quantifiable", "", 0),  # the first remedy
        ("1e-4", "", "undecided", 0),  # the second
        ("0", "", "", 0),
        ("1e-4", "low_positive_below_range", "", 0),  # no quantified result counts as negative
    ],
)
def test_when_it_is_upside_down(
    tmp_path: Path, level: str, statuses: str, below: str, expected: int
) -> None:
    assert len(doubts(with_level(tmp_path, level, statuses, below), "x")) == expected


def test_no_shipped_protocol_is_upside_down() -> None:
    assert [p for name in names("protocols") for p in doubts(load_protocol(name), name)] == []


# --- what a key is to hold

NOUN = re.compile(r"(an?|the|one of|required or optional|negative or undecided)\b")


def undescribed(node: Any, defs: Any, place: str) -> list[str]:
    """Places of a schema without a description that begins as a noun does."""
    if "$ref" in node:
        node = defs[node["$ref"].rpartition("/")[2]]
    below = [*node.get("properties", {}).items(), *([("items", node["items"])] if "items" in node else [])]  # fmt: skip
    wrong = [] if NOUN.match(node.get("description", "")) else [place]
    return wrong + [bad for key, inner in below for bad in undescribed(inner, defs, f"{place}.{key}")]  # fmt: skip


@pytest.mark.parametrize("name", ["protocol", "config"])
def test_every_key_says_what_is_expected(name: str) -> None:
    text = resources.path(f"schemas/{name}.schema.yaml").read_text(encoding="utf-8")
    schema = yaml.safe_load(text)
    schema["properties"].pop("notice", None)  # a sentence
    assert undescribed(schema, schema.get("$defs"), name) == []


@pytest.mark.parametrize(
    ("old", "new", "column", "expected"),
    [
        ("    after: A-1", "    after: A-1\n    positive_from_level: 0.01%", "positive_from_level", "a number such as 1e-4"),
        ("grade: laboratory}\n  - {id: B-1", "grade: sure}\n  - {id: B-1", "grade", "a grade: "),
        ("intensify", "5", "next_step.positive", "a text: the next step in words"),
    ],
)  # fmt: skip
def test_what_is_expected_is_told(
    tmp_path: Path, old: str, new: str, column: str, expected: str
) -> None:
    assert old in OURS
    with pytest.raises(MrdqError) as told:
        load(tmp_path, OURS.replace(old, new, 1))
    (problem,) = [p for p in told.value.problems if p.column.endswith(column)]
    assert problem.expected.startswith(expected)


def test_every_key_is_documented() -> None:
    text = resources.path("schemas/protocol.schema.yaml").read_text(encoding="utf-8")
    schema = yaml.safe_load(text)
    page = (DOCS / "protocols.md").read_text(encoding="utf-8")
    timepoint = schema["properties"]["timepoints"]["items"]["properties"]
    keys = {*schema["properties"], *timepoint, *schema["$defs"]["follow_up"]["properties"]}
    assert sorted(key for key in keys if f"`{key}`" not in page) == []


def test_courses_told_together() -> None:
    assert grouped(["A-2", "A-3", "B-1", "x", "B-2"]) == ["A-2 to -3", "B-1", "x", "B-2"]
    assert grouped(["A-2", "A-4"]) == ["A-2", "A-4"]
    assert grouped([]) == []


# --- contradictions

OURS = """\
id: ours
version: "1"
title: our protocol
courses:
  - {id: A-1, grade: laboratory}
  - {id: B-1, grade: laboratory}
  - {id: maintenance, grade: laboratory}
landmark_day: 100
landmark_timepoint: post-A1
timepoints:
  - id: post-A1
    after: A-1
    next_step: {positive: intensify, negative: continue}
    follows:
      positive: {courses: [B-1], recommended: transplantation, otherwise: maintenance, grade: laboratory}
      negative: {courses: [maintenance], left_out: [B-1], grade: laboratory}
response: {complete_sensitivity_maximum: 1e-4, failure_level_minimum: 1e-4}
"""


def load(folder: Path, text: str) -> Protocol:
    (folder / "protocols").mkdir(exist_ok=True)
    (folder / "protocols/ours.yaml").write_text(text, encoding="utf-8")
    return load_protocol("ours", folder)


def test_a_protocol_of_ones_own(tmp_path: Path) -> None:
    ours = load(tmp_path, OURS)
    assert (ours.trunk, ours.landmark_day) == (("A-1",), 100)
    assert ours.by_id["post-A1"].next_repeat == "repeat"


def test_whole_numbers_may_be_written_with_a_point(tmp_path: Path) -> None:
    day = load(tmp_path, OURS.replace("landmark_day: 100", "landmark_day: 100.0")).landmark_day
    assert (day, type(day)) == (100, int)


AT = "timepoints.post-A1.follows"
# (old, new, column, found, expected)
CONTRADICTIONS = [
    ("    after: A-1", "    after: Z-1", "timepoints.post-A1.after", "Z-1", "a course of this protocol (A-1, B-1, maintenance)"),
    ("    after: A-1\n", "", "timepoints.post-A1.after", "", "the course that the timepoint comes after"),
    ("courses: [B-1]", "courses: [C-1]", f"{AT}.positive.courses", "C-1", "a course of this protocol"),
    ("left_out: [B-1]", "left_out: [C-1]", f"{AT}.negative.left_out", "C-1", "a course of this protocol"),
    ("left_out: [B-1]", "optional: [C-1]", f"{AT}.negative.optional", "C-1", "a course of this protocol"),
    ("otherwise: maintenance", "otherwise: Z", f"{AT}.positive.otherwise", "Z", "a course of this protocol"),
    ("otherwise: maintenance, ", "", f"{AT}.positive.otherwise", "", "where transplantation is not feasible"),
    ("left_out: [B-1]", "left_out: [maintenance]", f"{AT}.negative.left_out", "maintenance", "a course that is not also asked for: maintenance stands in courses too"),
    ("courses: [B-1]", "courses: [B-1, B-1]", f"{AT}.positive.courses", "B-1", "every course once in courses"),
    ("left_out: [B-1]", "optional: [maintenance]", f"{AT}.negative.optional", "maintenance", "a course that is not also asked for: maintenance stands in courses too"),
    ("left_out: [B-1]", "optional: [B-1], left_out: [B-1]", f"{AT}.negative.left_out", "B-1", "a course that is not also allowed: B-1 stands in optional too"),
    ("courses: [B-1], recommended", "left_out: [maintenance, B-1], recommended", f"{AT}.positive.otherwise", "maintenance", "a course that is not also left out: maintenance stands in left_out too"),
    ("courses: [B-1]", "courses: [A-1]", f"{AT}.positive.courses", "A-1", "a course after A-1"),
    ("landmark_timepoint: post-A1", "landmark_timepoint: post-C1", "landmark_timepoint", "post-C1", "a timepoint of this protocol (post-A1)"),
    ("landmark_timepoint: post-A1\n", "", "landmark_day", "100", "both landmark_day and landmark_timepoint"),
    ("landmark_day: 100\n", "", "landmark_day", "post-A1", "both landmark_day and landmark_timepoint"),
    ("{id: B-1,", "{id: A-1,", "courses", "A-1", "every course once"),
    ("  - {id: maintenance,", "  - {id: Z-9, grade: recalled}\n  - {id: maintenance,", "courses", "Z-9", "a course that a branch asks for, allows or leaves out"),
    ("landmark_day: 100", "landmark_day: 0", "landmark_day", "0", "a whole number of days from the start to the landmark"),
    ("landmark_day: 100", "landmark_day: .5", "landmark_day", "0.5", "days from the start to the landmark"),
    ("{id: A-1, grade: laboratory}", "{id: A-1}", "courses.0", "", "the key grade"),
    ("recommended: transplantation", "recommended: prayer", f"{AT.replace('post-A1', '0')}.positive.recommended", "prayer", "what is recommended if feasible"),
    ("      negative: {courses", "      neutral: {courses", AT.replace("post-A1", "0"), "", "the key negative"),
    ("response:", "on_relapse: {otherwise: Z, grade: recalled}\nresponse:", "on_relapse.otherwise", "Z", "a course of this protocol"),
    ("response:", "intrathecal: {doses: -1, grade: recalled}\nresponse:", "intrathecal.doses", "-1", "intrathecal doses of the whole therapy"),
    ("response:", "next_course_within: {days: 0, grade: recalled}\nresponse:", "next_course_within.days", "0", "days after a course"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "column", "found", "expected"), CONTRADICTIONS)
def test_a_contradiction_is_told(
    tmp_path: Path, old: str, new: str, column: str, found: str, expected: str
) -> None:
    assert old in OURS
    with pytest.raises(MrdqError) as told:
        load(tmp_path, OURS.replace(old, new, 1))
    matching = [p for p in told.value.problems if (p.column, p.found) == (column, found)]
    assert matching, told.value.problems
    assert expected in matching[0].expected
    assert matching[0].file == "protocols/ours.yaml"


def test_timepoints_in_the_order_of_treatment(tmp_path: Path) -> None:
    second = "  - {id: early, after: A-1, next_step: {positive: x, negative: y}}\n"
    first = "  - {id: late, after: B-1, next_step: {positive: x, negative: y}}\n"
    head, _, rest = OURS.partition("  - id: post-A1")
    with pytest.raises(MrdqError, match="in the order of the courses") as told:
        load(tmp_path, f"{head}{first}{second}  - id: post-A1{rest}")
    # Both that come after A-1 stand behind one that comes after B-1.
    assert len(told.value.problems) == 1


def test_all_contradictions_at_once(tmp_path: Path) -> None:
    text = OURS.replace("    after: A-1", "    after: Z-1").replace(
        "courses: [B-1]", "courses: [C-1]"
    )
    text = text.replace("landmark_timepoint: post-A1", "landmark_timepoint: post-C1")
    with pytest.raises(MrdqError) as told:
        load(tmp_path, text)
    assert len(told.value.problems) == 3
