"""10. Positive well, positive sample

A well of the sample is positive if it is determined, lies at least δ below the lowest background
and at most 4.0 above M, the highest Cq at the sensitivity (chapter 6). δ is 1.0 for therapy
reduction (avoid false negatives) and 3.0 for therapy intensification (avoid false positives). A
sample is positive with at least one positive well.
"""

from plates import EUROMRD_2024, INTENSIFICATION, REDUCTION, bound, example


def test_distance_to_the_background():
    """At least δ = 1.0 below the lowest background.

    B = 40.4, so the bound is 39.4. The other two wells gave no signal.
    """
    bound(
        "positive_background_distance_minimum",
        on=(
            """
            good plate, but
            sample S1     .          39.4  -  -
            """,
            """
            calls
            n_positive
            1
            """,
        ),
        inside=(
            """
            good plate, but
            sample S1     .          39.39  -  -
            """,
            """
            calls
            n_positive
            1
            """,
        ),
        outside=(
            """
            good plate, but
            sample S1     .          39.40000001  -  -
            """,
            """
            calls
            n_positive  call
            0           negative
            """,
        ),
        rule_sets=(REDUCTION, EUROMRD_2024),
    )


def test_distance_to_the_background_for_intensification():
    """For therapy intensification δ = 3.0: the bound is 40.4 - 3.0 = 37.4.

    The same wells are positive for therapy reduction, whose bound is 39.4.
    """
    bound(
        "positive_background_distance_minimum",
        on=(
            """
            good plate, but
            sample S1     .          37.4  -  -
            """,
            """
            calls
            n_positive
            1
            """,
        ),
        inside=(
            """
            good plate, but
            sample S1     .          37.39  -  -
            """,
            """
            calls
            n_positive
            1
            """,
        ),
        outside=(
            """
            good plate, but
            sample S1     .          37.40000001  -  -
            """,
            """
            calls
            n_positive  call
            0           negative
            """,
        ),
        rule_sets=(INTENSIFICATION,),
    )
    example(
        """
        good plate, but
        sample S1     .          37.40000001  -  -
        """,
        """
        calls
        n_positive  call
        1           positive_not_quantifiable
        """,
        rule_sets=(REDUCTION,),
    )


def test_distance_to_the_sensitivity():
    """At most 4.0 above M.

    There is no background signal, and the standards end at 1e-4, whose wells are 35.5 and 35.7:
    M = 35.7 and the bound is 39.7.
    """
    plate = """
        good plate, but
        background    .          -  -  -  -  -  -
        no standard 1e-5
        sample S1     .          {}  -  -
        """
    bound(
        "positive_sensitivity_distance_maximum",
        on=(
            plate.format("39.7"),
            """
            calls
            n_positive
            1
            """,
        ),
        inside=(
            plate.format("39.69"),
            """
            calls
            n_positive
            1
            """,
        ),
        outside=(
            plate.format("39.70000001"),
            """
            calls
            n_positive  call
            0           negative
            """,
        ),
    )


def test_number_of_positive_wells():
    """One positive well makes a positive sample: 1 and 2 do, 0 do not.

    The bound is 39.4 (37.4 for therapy intensification): 36.5 lies below both, 39.9 above both.
    """
    plate = """
        good plate, but
        sample S1     .          {}
        """
    bound(
        "positive_wells_minimum",
        on=(
            plate.format("36.5  39.9  -"),
            """
            evidence
            criterion       value  minimum  outcome
            positive_wells  1      1        pass
            """,
        ),
        inside=(
            plate.format("36.5  36.6  -"),
            """
            evidence
            criterion       value  minimum  outcome
            positive_wells  2      1        pass
            """,
        ),
        outside=(
            plate.format("39.9  39.9  -"),
            """
            evidence
            criterion       value  minimum  outcome
            positive_wells  0      1        fail
            calls
            call      n_positive
            negative  0
            """,
        ),
    )


def test_a_well_left_out_is_not_positive():
    """A well that was left out is not positive, however low its Cq."""
    example(
        """
        good plate, but
        sample S1     .          x32.2  -  -  -
        """,
        """
        calls
        n_wells  n_determined  n_positive  call
        3        0             0           negative
        """,
    )


def test_a_high_well_is_determined_but_not_positive():
    """A well above both bounds counts as determined, not as positive.

    The mean and Δ are over the determined wells: (38.0 + 40.0) / 2 = 39.0 and 2.0.
    """
    example(
        """
        good plate, but
        sample S1     .          38.0  40.0  -
        """,
        """
        calls
        n_wells  n_determined  n_positive  mean_cq  delta_cq
        3        2             1           39.0     2.0
        """,
    )
