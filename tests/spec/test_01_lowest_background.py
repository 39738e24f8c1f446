"""1. Lowest background

The lowest background B is the lowest determined Cq of the background wells (polyclonal normal
DNA) of the run and target. Where none of them gave a signal there is no background signal, and
every distance to it is taken as met. Fewer background wells than the rule set asks for (6) fail
the criterion `background_wells`. Wells that were left out do not count at all.
"""

from plates import bound, example


def test_lowest_of_the_determined_wells():
    """B is the lowest determined Cq, not the first and not the mean."""
    example(
        """
        good plate, but
        background    .          41.3  -  40.2  43.0  -  -
        """,
        """
        curves
        lowest_background_cq
        40.2
        """,
    )


def test_a_well_left_out_does_not_count():
    """A background well that was left out neither sets B nor counts as a well.

    Seven wells were run, the lowest (38.0) was left out: 6 remain and B = 40.4.
    """
    example(
        """
        good plate, but
        background    .          x38.0  40.4  -  -  -  -  -
        """,
        """
        curves
        lowest_background_cq
        40.4
        evidence
        criterion         value  minimum  outcome
        background_wells  6      6        pass
        """,
    )


def test_no_background_signal():
    """Without a background signal every distance to it is met.

    B is empty. The dilution 1e-5 is now in the quantitative range: nothing is too near. A well of
    S1 at 42.9 is positive however high, if only it is within 4.0 of M = 39.1 (definition 10).
    """
    example(
        """
        good plate, but
        background    .          -  -  -  -  -  -
        sample S1     .          42.9  42.9  43.0
        """,
        """
        curves
        lowest_background_cq  n_dilutions  quantitative_range  sensitivity
        .                     5            1e-5                1e-5
        calls
        n_positive  call
        3           positive_not_quantifiable
        """,
    )


def test_background_of_another_target_is_another():
    """Each target has its own background wells."""
    example(
        """
        good plate, but
        target T2 like T1, but
        background    .          39.5  -  -  -  -  -
        """,
        """
        curves
        target  lowest_background_cq
        T1      40.4
        T2      39.5
        """,
    )


def test_number_of_background_wells():
    """At least 6 background wells.

    The bound is 6 wells: 6 pass, 7 pass, 5 fail and make every call of the target in this run
    not evaluable.
    """
    bound(
        "background_wells_minimum",
        on=(
            """
            good plate, but
            background    .          40.4  -  -  -  -  -
            """,
            """
            evidence
            criterion         value  minimum  outcome
            background_wells  6      6        pass
            calls
            call
            positive_quantifiable
            """,
        ),
        inside=(
            """
            good plate, but
            background    .          40.4  -  -  -  -  -  -
            """,
            """
            evidence
            criterion         value  minimum  outcome
            background_wells  7      6        pass
            calls
            call
            positive_quantifiable
            """,
        ),
        outside=(
            """
            good plate, but
            background    .          40.4  -  -  -  -
            """,
            """
            evidence
            criterion         value  minimum  outcome
            background_wells  5      6        fail
            calls
            call           reasons
            not_evaluable  background_wells
            """,
        ),
    )


def test_no_background_wells_at_all():
    """No background well at all is 0 wells, and fails."""
    example(
        """
        good plate, but
        no background
        """,
        """
        evidence
        criterion         value  outcome
        background_wells  0      fail
        calls
        call           reasons           flags
        not_evaluable  background_wells  with signal_seen
        """,
    )
