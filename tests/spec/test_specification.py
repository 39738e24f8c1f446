"""The specification as a whole: nothing is missing, drawings say what they seem to say, and the
printed pages are up to date."""

import print_docs
import pytest
from plates import (
    EUROMRD_2024,
    INTENSIFICATION,
    RULE_SETS,
    SIDES,
    DrawingError,
    Row,
    example,
    meets,
    read_expected,
    read_plate,
    run,
)

from mrdq.definitions import load_guideline, names

RUN_GATES = ("ntc_clean", "background_wells", "curve_points", "curve_slope", "curve_r_squared")
SAMPLE_GATES = (
    "control_gene_curve", "control_gene_wells", "control_gene_delta", "control_gene_amount",
    "sample_wells",
)  # fmt: skip
QUANTIFIABLE = ("sample_determined", "sample_delta", "sample_range")


def test_calls_follow_from_the_evidence_alone():
    """On every plate of this specification the call follows from the outcomes.

    A gate that fails: not evaluable. Else no positive wells: negative. Else every criterion of
    "quantifiable" passes: quantifiable. Else the class below the range.
    """
    seen = set()
    for plate, rule_set in plates_of_the_specification():
        found = run(plate, rule_set)
        drawing = read_plate(plate)
        calls = load_guideline(rule_set or drawing.rule_set).calls
        outcomes = {
            (row["run_id"], row["target"], row["sample_id"], row["criterion"]): row["outcome"]
            for row in found["evidence"]
        }
        for call in found["calls"]:
            expected, gates = call_from(outcomes, call, calls)
            assert call["call"] == expected, (plate, rule_set)
            if gates:
                assert sorted(call["reasons"].split(";")) == sorted(gates), (plate, rule_set)
            seen.add(expected)
    assert len(seen) == 6


def plates_of_the_specification() -> list[tuple[str, str]]:
    examples = [
        e for chapter in print_docs.chapters() for test in chapter.tests for e in test.examples
    ]
    pairs = [(e.plate, rule_set) for e in examples for rule_set in e.rule_sets or ("",)]
    return list(dict.fromkeys(pairs))


def call_from(
    outcomes: dict[tuple[str, str, str, str], str], call: Row, may_issue: tuple[str, ...]
) -> tuple[str, list[str]]:
    """The call that the outcomes make, and the gates that failed."""

    def of(criterion: str) -> str:
        sample = "" if criterion in RUN_GATES else call["sample_id"]
        return outcomes.get((call["run_id"], call["target"], sample, criterion), "")

    gates = [name for name in RUN_GATES + SAMPLE_GATES if of(name) == "fail"]
    if gates:
        return "not_evaluable", gates
    if of("positive_wells") != "pass":
        return "negative", []
    if all(of(name) == "pass" for name in QUANTIFIABLE):
        return "positive_quantifiable", []
    if "positive_not_quantifiable" in may_issue:
        return "positive_not_quantifiable", []
    enough = of("low_positive_wells") == "pass"
    return ("low_positive_below_range" if enough else "uncertain_significance"), []


def test_every_parameter_of_every_rule_set_has_its_examples():
    """Each parameter of each shipped rule set has an example on every side of its bound.

    A parameter that is no bound (the confidence of the interval) has an example.
    """
    assert set(names("guidelines")) == set(RULE_SETS)
    shown = print_docs.bounds_shown()
    missing = []
    for rule_set in RULE_SETS:
        for name, parameter in load_guideline(rule_set).parameters.items():
            wanted = {""} if parameter.bound == "level" else set(SIDES)
            lacking = wanted - set(shown.get((rule_set, name), ()))
            missing += [f"{rule_set}: {name}, {side}" for side in sorted(lacking)]
    assert not missing, "\n".join(missing)


def test_no_example_names_a_parameter_that_is_not():
    """Every bound that an example names is a parameter of the rule sets it is shown under."""
    for rule_set, name in print_docs.bounds_shown():
        assert name in load_guideline(rule_set).parameters, (rule_set, name)


def test_every_bound_is_inclusive():
    """Every parameter of the shipped rule sets is an inclusive bound."""
    for rule_set in RULE_SETS:
        for parameter in load_guideline(rule_set).parameters.values():
            assert parameter.inclusive, (rule_set, parameter.name)


def test_the_numbers_of_the_rule_sets():
    """The numbers that the chapters speak of are those of the shipped rule sets."""
    numbers = {
        "background_wells_minimum": 6, "standard_wells_minimum": 2,
        "standard_delta_cq_maximum": 1.5, "standard_background_distance_minimum": 3.0,
        "standard_step_fold": 10, "standard_step_minimum": 2.6, "standard_step_maximum": 4.0,
        "curve_points_minimum": 3, "curve_slope_minimum": -3.9, "curve_slope_maximum": -3.1,
        "curve_r_squared_minimum": 0.98, "sensitivity_background_distance_minimum": 1.0,
        "sensitivity_intercept_distance_maximum": 20.0,
        "positive_background_distance_minimum": 1.0,
        "positive_sensitivity_distance_maximum": 4.0, "positive_wells_minimum": 1,
        "sample_wells_minimum": 3, "sample_delta_cq_maximum": 1.5,
        "control_gene_wells_minimum": 1, "control_gene_delta_cq_maximum": 1.5,
        "control_gene_amount_minimum": 0.1, "interval_confidence": 0.95,
    }  # fmt: skip
    for rule_set in RULE_SETS:
        expected = dict(numbers)
        if rule_set == INTENSIFICATION:
            expected["positive_background_distance_minimum"] = 3.0
        if rule_set == EUROMRD_2024:
            expected["low_positive_wells_minimum"] = 2
        found = {n: p.value for n, p in load_guideline(rule_set).parameters.items()}
        assert found == expected, rule_set


def test_printed_pages_are_up_to_date():
    found = {path.name: path.read_text(encoding="utf-8") for path in print_docs.DOCS.glob("*.md")}
    printed = print_docs.pages()
    stale = sorted(
        name for name in printed.keys() | found.keys() if printed.get(name) != found.get(name)
    )
    assert not stale, f"run python tests/spec/print_docs.py; stale: {', '.join(stale)}"


def test_every_chapter_and_test_has_a_title():
    for chapter in print_docs.chapters():
        assert chapter.title, chapter.module
        assert chapter.prose, chapter.module
        for test in chapter.tests:
            assert test.title, (chapter.module, test.name)


@pytest.mark.parametrize(
    "line",
    [
        "standard 1e-1", "standard 1e-1 twenty", "sampel S1 30.1", "sample S1 . 30,1", "no standard 1e-9",
        "control gene: sometimes", "ntc - -\nntc - -",
    ],
)  # fmt: skip
def test_a_line_that_cannot_be_read_is_named(line):
    with pytest.raises(DrawingError, match="cannot read the line"):
        read_plate(f"good plate, but\n{line}")


def test_a_wrong_expectation_fails_and_shows_both():
    with pytest.raises(AssertionError, match=r"n_wells +expected 4 +found 3"):
        example("good plate, but", "calls\ncall  n_wells\npositive_quantifiable  4")


def test_a_missing_row_and_a_row_too_many_fail():
    with pytest.raises(AssertionError, match="expected 1 row, found 0"):
        example("good plate, but", "calls\nsample_id  n_wells\nS9  3")
    with pytest.raises(AssertionError, match="expected 2 rows, found 1"):
        example("good plate, but", "calls (all)\nsample_id  n_wells\nS1  3\nS1  3")
    with pytest.raises(DrawingError, match="no column"):
        example("good plate, but", "calls\nsample_id  n_wels\nS1  3")
    with pytest.raises(DrawingError, match="one cell per column"):
        read_expected("calls\nsample_id  n_wells\nS1")


@pytest.mark.parametrize(
    ("cell", "found", "met"),
    [
        (".", "", True), (".", float("nan"), True), (".", 0.0, False), ("0", float("nan"), False),
        ("3.4", 3.4, True), ("3.4", 3.40000001, False), ("~3.4", 3.4499, True), ("~3.4", 3.451, False),
        ("~8.85e-4", 8.8549e-4, True), ("~8.85e-4", 8.856e-4, False), ("> 1", 1.1, True),
        ("> 1", 1.0, False), ("< 1", 1.0, False), ("a;b", "b;a", True), ("a", "a;b", False),
        ("with a", "b;a", True), ("without a", "b;a", False), ("without a", "", True),
        ("true", True, True), ("false", True, False), ("negative", 3.0, False),
    ],
)  # fmt: skip
def test_what_a_cell_asks_for(cell, found, met):
    assert meets(cell, found) is met
