"""6. Sensitivity

Walk from the most concentrated dilution downward while each has at least one well that lies at
least 1.0 below the lowest background and at most 20 above the intercept of the curve. The last
dilution that had one is the sensitivity. M is the highest Cq among the wells that met this at that
dilution. A dilution need not be reproducible to count here.
"""

from plates import bound, example


def test_below_the_quantitative_range():
    """The sensitivity reaches further than the quantitative range: one well is enough.

    At 1e-5 only one of two wells gave a signal; at 38.9 it lies 1.5 below B = 40.4.
    """
    example(
        """
        good plate, but
        standard      1e-5       38.9  -
        """,
        """
        curves
        quantitative_range  sensitivity
        1e-4                1e-5
        """,
    )


def test_the_walk_stops_at_a_gap():
    """A dilution without any such well ends the walk, though the next has one."""
    example(
        """
        good plate, but
        standard      1e-4       -  -
        """,
        """
        curves
        quantitative_range  sensitivity
        1e-3                1e-3
        """,
    )


def test_distance_to_the_background():
    """At least 1.0 below the lowest background.

    At 1e-5 the lower well is at 38.9. With B = 39.9 the distance is 1.0, with 39.91 it is 1.01, with
    39.89999999 it is 0.99999999.
    """
    bound(
        "sensitivity_background_distance_minimum",
        on=(
            """
            good plate, but
            background    .          39.9  -  -  -  -  -
            """,
            """
            curves
            quantitative_range  sensitivity
            1e-4                1e-5
            """,
        ),
        inside=(
            """
            good plate, but
            background    .          39.91  -  -  -  -  -
            """,
            """
            curves
            quantitative_range  sensitivity
            1e-4                1e-5
            """,
        ),
        outside=(
            """
            good plate, but
            background    .          39.89999999  -  -  -  -  -
            """,
            """
            curves
            quantitative_range  sensitivity
            1e-4                1e-4
            """,
        ),
    )


def test_distance_to_the_intercept():
    """At most 20 above the intercept.

    There is no background signal. The intercept is 22.0, so the bound is 42.0. At 1e-6 one well has
    no signal (so that the dilution takes no part in the curve) and the other is at 42.0, 41.99 or
    42.00000001.
    """
    bound(
        "sensitivity_intercept_distance_maximum",
        on=(
            """
            good plate, but
            background    .          -  -  -  -  -  -
            standard      1e-6       42.0  -
            """,
            """
            curves
            intercept  quantitative_range  sensitivity
            22.0       1e-5                1e-6
            """,
        ),
        inside=(
            """
            good plate, but
            background    .          -  -  -  -  -  -
            standard      1e-6       41.99  -
            """,
            """
            curves
            intercept  quantitative_range  sensitivity
            22.0       1e-5                1e-6
            """,
        ),
        outside=(
            """
            good plate, but
            background    .          -  -  -  -  -  -
            standard      1e-6       42.00000001  -
            """,
            """
            curves
            intercept  quantitative_range  sensitivity
            22.0       1e-5                1e-5
            """,
        ),
    )


def test_highest_of_the_wells_that_met_it():
    """M is the highest Cq of the wells that met it, not of all wells of the dilution.

    No background signal. At 1e-5 the wells are 38.9 and 42.5. The second lies 20.5 above the
    intercept and does not count: M = 38.9. A well of S1 is positive up to 38.9 + 4.0 = 42.9. (With
    42.5 as M it would be 46.5.)
    """
    example(
        """
        good plate, but
        background    .          -  -  -  -  -  -
        standard      1e-5       38.9  42.5
        sample S1     .          42.9  43.1  44.0
        """,
        """
        curves
        intercept  quantitative_range  sensitivity
        22.0       1e-4                1e-5
        calls
        n_positive
        1
        """,
    )


def test_no_sensitivity():
    """Without a well far enough below the background there is no sensitivity.

    B = 26.0 leaves the wells at 1e-1 (25.3, 25.5) only 0.7 and 0.5 below it.
    """
    example(
        """
        good plate, but
        background    .          26.0  -  -  -  -  -
        """,
        """
        curves
        n_dilutions  quantitative_range  sensitivity
        0            .                   .
        """,
    )
