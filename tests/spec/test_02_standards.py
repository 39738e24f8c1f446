"""2. Standards

The standard wells are grouped by their dilution. m is the mean and Δ the highest minus the lowest
of the determined Cq of one dilution. A large dilution (1e-1) is a concentrated one; the order in
which the lines are drawn, or the wells lie on the plate, does not matter.
"""

from plates import example


def test_order_does_not_matter():
    """The same wells drawn in another order give the same curve."""
    example(
        """
        good plate, but
        no standard 1e-1
        no standard 1e-2
        standard      1e-2       28.9  28.7
        standard      1e-1       25.5  25.3
        """,
        """
        curves
        n_dilutions  n_wells  slope  intercept  quantitative_range  sensitivity
        4            8        -3.4   22.0       1e-4                1e-5
        """,
    )


def test_spread_is_highest_minus_lowest():
    """Δ is the highest minus the lowest Cq, not the distance to the mean.

    At 1e-4 the wells 34.7, 35.6 and 36.5 have m = 35.6 and Δ = 36.5 - 34.7 = 1.8, more than 1.5:
    the range ends at 1e-3.
    """
    example(
        """
        good plate, but
        standard      1e-4       34.7  35.6  36.5
        """,
        """
        curves
        n_dilutions  quantitative_range
        3            1e-3
        """,
    )


def test_mean_of_unequal_wells():
    """m is the mean of the wells, so that two low wells weigh more than one high one.

    At 1e-4 the wells 35.1, 35.1 and 36.6 have m = 106.8 / 3 = 35.6, which is 3.1 below the
    background of 38.7: reproducible. The middle between highest and lowest, 35.85, would be too
    near (2.85).
    """
    example(
        """
        good plate, but
        background    .          38.7  -  -  -  -  -
        standard      1e-4       35.1  35.1  36.6
        """,
        """
        curves
        n_dilutions  quantitative_range
        4            1e-4
        """,
    )
