"""19. Response

`complete`: negative with a sensitivity of 1e-4 or lower. `failure`: quantifiable with a level of
1e-4 or higher. `intermediate`: every other evaluable result. `not_evaluable`: the rest. (Gökbuget
2021, table 1.)
"""

from plates import RULE_SETS, example


def test_complete():
    """Negative: complete if the sensitivity is 1e-4 or lower.

    Without 1e-5 the sensitivity is the last dilution: 1e-4 is on the bound, 1e-5 well inside, and
    1.00000001e-4 a hair outside.
    """
    plate = """
        good plate, but
        no standard 1e-5
        sample S1     .          -  -  -
        """
    example(
        plate,
        """
        status
        status    sensitivity  response
        negative  1e-4         complete
        """,
        side="on the bound", rule_sets=RULE_SETS,
    )  # fmt: skip
    example(
        """
        good plate, but
        sample S1     .          -  -  -
        """,
        """
        status
        status    sensitivity  response
        negative  1e-5         complete
        """,
        side="inside", rule_sets=RULE_SETS,
    )  # fmt: skip
    example(
        f"{plate}\nno standard 1e-4\nstandard      0.000100000001  35.5  35.7",
        """
        status
        status    sensitivity    response
        negative  1.00000001e-4  intermediate
        """,
        side="a hair outside", rule_sets=RULE_SETS,
    )  # fmt: skip


def test_sensitivity_of_the_sample_counts():
    """The sample's own sensitivity counts: with 600 ng per well and 100 ng found it is 6 times worse.

    Without 1e-5 the assay's is 1e-4, the sample's 6e-4.
    """
    example(
        """
        good plate, but
        assay T1: dna_per_well 600 ng
        no standard 1e-5
        sample S1     .          -  -  -
        """,
        """
        status
        status    sensitivity  response
        negative  6e-4         intermediate
        """,
    )


def test_failure():
    """Quantifiable: failure from a level of 1e-4 on.

    There is no background signal, so that the range reaches 1e-5. The mean 35.6 is 1e-4; 35.59 is a
    little more, 35.60000001 a little less.
    """
    plate = """
        good plate, but
        background    .          -  -  -  -  -  -
        sample S1     .          {}
        """
    for wells, level, response, side in (
        ("35.5  35.6  35.7", "1e-4", "failure", "on the bound"),
        ("35.49  35.59  35.69", "~1.007e-4", "failure", "a hair inside"),
        (
            "35.50000001  35.60000001  35.70000001",
            "~0.9999999932e-4",
            "intermediate",
            "a hair outside",
        ),
    ):
        example(
            plate.format(wells),
            f"status\nstatus  mrd_level  response\npositive_quantifiable  {level}  {response}",
            side=side, rule_sets=RULE_SETS,
        )  # fmt: skip


def test_positive_not_quantifiable_is_intermediate():
    """A positive below the range has no level: intermediate."""
    example(
        """
        good plate, but
        sample S1     .          36.5  36.6  36.7
        """,
        """
        status
        status                     response
        positive_not_quantifiable  intermediate
        """,
    )


def test_negative_without_sensitivity_is_intermediate():
    """A negative that could not have seen 1e-4 is intermediate.

    B = 35.0 leaves the dilutions to 1e-3 in the sensitivity (35.0 - 32.1 = 2.9), not 1e-4. The mean
    of 1e-3 (32.2) is 2.8 below and not in the range; the curve keeps too few dilutions. So the
    standards are drawn half a log apart: 1e-1, 3e-2, 1e-2 are in the range.
    """
    example(
        """
        good plate, but
        background    .          35.0  -  -  -  -  -
        standard      3e-2       27.08  27.28
        sample S1     .          -  -  -
        """,
        """
        status
        status    sensitivity  response
        negative  1e-3         intermediate
        """,
    )


def test_not_evaluable():
    """Not evaluable has no response, and neither has not done."""
    example(
        """
        good plate, but
        ntc           .          35.0
        """,
        """
        status
        status         response
        not_evaluable  not_evaluable
        """,
    )
    example(
        """
        good plate, but
        of sample S2: timepoint post-A1
        """,
        """
        status
        timepoint  status    response
        post-A1    not_done  not_evaluable
        """,
    )
