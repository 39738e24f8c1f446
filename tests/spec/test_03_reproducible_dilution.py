"""3. Reproducible dilution

A dilution is reproducible if it has at least 2 wells, all determined; if Δ is at most 1.5; if its
mean lies at least 3.0 below the lowest background; and if the step to it, the difference of the
means divided by log10 of the ratio of the dilutions, lies between 2.6 and 4.0. The step is taken
from the nearest dilution of the walk that is at least 10-fold more concentrated; where there is
none, it is not asked for. What is shown here is where the quantitative range ends (chapter 4): on
the good plate it reaches 1e-4, and a 1e-4 that is not reproducible leaves it at 1e-3.
"""

from plates import RULE_SETS, bound, example

REACHED = """
curves
n_dilutions  quantitative_range
4            1e-4
"""
NOT_REACHED = """
curves
n_dilutions  quantitative_range
3            1e-3
"""


def test_number_of_wells():
    """At least 2 wells of one dilution. The bound is 2: 2 and 3 pass, 1 does not."""
    bound(
        "standard_wells_minimum",
        on=(
            """
            good plate, but
            standard      1e-4       35.5  35.7
            """,
            REACHED,
        ),
        inside=(
            """
            good plate, but
            standard      1e-4       35.5  35.6  35.7
            """,
            REACHED,
        ),
        outside=(
            """
            good plate, but
            standard      1e-4       35.6
            """,
            NOT_REACHED,
        ),
    )


def test_a_well_left_out_is_no_well():
    """Of two wells one was left out: one well remains, which is not enough."""
    example(
        """
        good plate, but
        standard      1e-4       35.6  x35.5
        """,
        NOT_REACHED,
    )


def test_all_wells_determined():
    """One well without signal and the dilution is not reproducible, however many others have one."""
    example(
        """
        good plate, but
        standard      1e-4       35.5  35.6  35.7  -
        """,
        NOT_REACHED,
    )


def test_spread():
    """Δ at most 1.5.

    36.35 - 34.85 = 1.5 is on the bound, 36.34 - 34.86 = 1.48 inside, and 36.35000001 - 34.85 =
    1.50000001 outside.
    """
    bound(
        "standard_delta_cq_maximum",
        on=(
            """
            good plate, but
            standard      1e-4       34.85  36.35
            """,
            REACHED,
        ),
        inside=(
            """
            good plate, but
            standard      1e-4       34.86  36.34
            """,
            REACHED,
        ),
        outside=(
            """
            good plate, but
            standard      1e-4       34.85  36.35000001
            """,
            NOT_REACHED,
        ),
    )


def test_spread_of_numbers_that_are_not_binary():
    """30.1 - 28.6 and 32.7 - 31.2 are 1.5, also for a computer.

    In binary numbers 32.7 - 31.2 comes out a little above 1.5; the tolerance of 1e-9 mends it.
    At 1e-2 the wells 28.6 and 30.1 have m = 29.35, with steps of 3.95 before and 2.85 after it.
    At 1e-3 the wells 31.2 and 32.7 have m = 31.95, with steps of 3.15 and 3.65.
    """
    example(
        """
        good plate, but
        standard      1e-2       28.6  30.1
        """,
        REACHED,
        rule_sets=RULE_SETS,
    )
    example(
        """
        good plate, but
        standard      1e-3       31.2  32.7
        """,
        REACHED,
        rule_sets=RULE_SETS,
    )
    example(
        """
        good plate, but
        standard      1e-3       31.2  32.7000000005
        """,
        REACHED,
        rule_sets=RULE_SETS,
    )
    example(
        """
        good plate, but
        standard      1e-3       31.2  32.70000001
        """,
        """
        curves
        quantitative_range
        1e-2
        """,
        rule_sets=RULE_SETS,
    )


def test_distance_to_the_background():
    """The mean at least 3.0 below the lowest background.

    The mean of 1e-4 is 35.6. With B = 38.6 the distance is 3.0; with 38.61 it is 3.01; with
    38.59999999 it is 2.99999999.
    """
    bound(
        "standard_background_distance_minimum",
        on=(
            """
            good plate, but
            background    .          38.6  -  -  -  -  -
            """,
            REACHED,
        ),
        inside=(
            """
            good plate, but
            background    .          38.61  -  -  -  -  -
            """,
            REACHED,
        ),
        outside=(
            """
            good plate, but
            background    .          38.59999999  -  -  -  -  -
            """,
            NOT_REACHED,
        ),
    )


def test_the_mean_counts_not_each_well():
    """Wells above the distance do no harm as long as their mean is not.

    B = 38.6; the wells 34.9 and 36.3 have the mean 35.6, 3.0 below; the well 36.3 alone is only
    2.3 below.
    """
    example(
        """
        good plate, but
        background    .          38.6  -  -  -  -  -
        standard      1e-4       34.9  36.3
        """,
        REACHED,
    )


def test_smallest_step():
    """A step of at least 2.6 per 10-fold dilution.

    The mean of 1e-3 is 32.2. A mean of 34.8 at 1e-4 is a step of 2.6, 34.81 of 2.61 and
    34.79999999 of 2.59999999.
    """
    bound(
        "standard_step_minimum",
        on=(
            """
            good plate, but
            standard      1e-4       34.7  34.9
            """,
            REACHED,
        ),
        inside=(
            """
            good plate, but
            standard      1e-4       34.71  34.91
            """,
            REACHED,
        ),
        outside=(
            """
            good plate, but
            standard      1e-4       34.69999999  34.89999999
            """,
            NOT_REACHED,
        ),
    )


def test_largest_step():
    """A step of at most 4.0 per 10-fold dilution.

    A mean of 36.2 at 1e-4 is a step of 36.2 - 32.2 = 4.0, 36.19 of 3.99 and 36.20000001 of
    4.00000001. (The background, 40.4, is far enough: 40.4 - 36.2 = 4.2.)
    """
    bound(
        "standard_step_maximum",
        on=(
            """
            good plate, but
            standard      1e-4       36.1  36.3
            """,
            REACHED,
        ),
        inside=(
            """
            good plate, but
            standard      1e-4       36.09  36.29
            """,
            REACHED,
        ),
        outside=(
            """
            good plate, but
            standard      1e-4       36.10000001  36.30000001
            """,
            NOT_REACHED,
        ),
    )


def test_step_per_log10():
    """The step is per log10: a 100-fold dilution may differ by 5.2 to 8.0 cycles.

    Without 1e-3 the step to 1e-4 is (35.6 - 28.8) / 2 = 3.4. With a mean of 37.0 at 1e-4 it would
    be 8.2 / 2 = 4.1, too much.
    """
    example(
        """
        good plate, but
        no standard 1e-3
        """,
        """
        curves
        n_dilutions  quantitative_range  slope
        3            1e-4                -3.4
        """,
    )
    example(
        """
        good plate, but
        no standard 1e-3
        standard      1e-4       36.9  37.1
        """,
        """
        curves
        n_dilutions  quantitative_range
        2            1e-2
        """,
    )


def test_ten_fold_at_least():
    """The step is taken from a dilution at least 10-fold above.

    The second dilution has the mean 27.4, only 2.0 above the first (25.4). If it is 10-fold below
    the first, that step is judged and is too small: the walk ends at 1e-1. The same if it is a
    little more than 10-fold below. At 0.010000001 it is a hair less than 10-fold below: no
    dilution is 10-fold above it, no step is asked for, and the walk goes on to 1e-3, where the
    step from the second is (30.8 - 27.4) / 1.0000000434 = 3.4.
    """
    bound(
        "standard_step_fold",
        on=(
            """
            standard      0.1          25.3  25.5
            standard      0.01         27.3  27.5
            standard      0.001        30.7  30.9
            background    .            40.4  -  -  -  -  -
            ntc           .            -  -
            """,
            """
            curves
            n_dilutions  quantitative_range
            1            0.1
            """,
        ),
        inside=(
            """
            standard      0.1          25.3  25.5
            standard      0.00999999   27.3  27.5
            standard      0.0009       30.7  30.9
            background    .            40.4  -  -  -  -  -
            ntc           .            -  -
            """,
            """
            curves
            n_dilutions  quantitative_range
            1            0.1
            """,
        ),
        outside=(
            """
            standard      0.1          25.3  25.5
            standard      0.010000001  27.3  27.5
            standard      0.001        30.7  30.9
            background    .            40.4  -  -  -  -  -
            ntc           .            -  -
            """,
            """
            curves
            n_dilutions  quantitative_range
            3            0.001
            """,
        ),
    )


def test_nearest_dilution_that_is_ten_fold_above():
    """Between two dilutions that are 10-fold above, the nearest counts.

    Dilutions 1e-1, 3e-2, 1e-3. Both 1e-1 and 3e-2 are 10-fold above 1e-3; the nearest is 3e-2,
    30-fold, log10 30 = 1.477. The step is (32.2 - 28.8) / 1.477 = 2.30, too small. From 1e-1 it
    would be (32.2 - 25.4) / 2 = 3.4. The step of 3e-2 itself is not asked for: 1e-1 is only
    3.3-fold above.
    """
    example(
        """
        good plate, but
        no standard 1e-2
        standard      3e-2       28.7  28.9
        """,
        """
        curves
        n_dilutions  quantitative_range
        2            0.03
        """,
    )


def test_in_between_dilutions():
    """Half-log dilutions have their steps from two dilutions above.

    1e-2 is compared with 1e-1, 3e-3 with 3e-2, 1e-3 with 1e-2: each 3.4 apart. log10 3 is 0.4771,
    so 3e-2 lies at 22 + 3.4 · 1.5229 = 27.178, 3e-3 at 30.578.
    """
    example(
        """
        standard      1e-1       25.3    25.5
        standard      3e-2       27.078  27.278
        standard      1e-2       28.7    28.9
        standard      3e-3       30.478  30.678
        standard      1e-3       32.1    32.3
        background    .          40.4  -  -  -  -  -
        ntc           .          -  -
        """,
        """
        curves
        n_dilutions  n_wells  quantitative_range  slope
        5            10       1e-3                ~-3.400
        """,
    )
