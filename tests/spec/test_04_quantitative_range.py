"""4. Quantitative range

Walk from the most concentrated dilution downward while each is reproducible. The last one that
was is the assay's quantitative range. If not even the first is, the assay has none.
"""

from plates import example


def test_last_reproducible_dilution():
    """The range ends at the last reproducible dilution: 1e-5 (mean 39.0) is too near to 40.4."""
    example(
        "good plate, but",
        """
        curves
        quantitative_range
        1e-4
        """,
    )


def test_the_walk_stops_at_the_first_that_is_not():
    """A dilution below one that is not reproducible does not count, however good it is.

    At 1e-2 one well has no signal. 1e-3 and 1e-4 are good, but the walk is over: the range is
    1e-1 and the curve has 1 dilution.
    """
    example(
        """
        good plate, but
        standard      1e-2       28.8  -
        """,
        """
        curves
        n_dilutions  n_wells  quantitative_range  slope  intercept  accepted
        1            2        1e-1                .      .          false
        """,
    )


def test_no_range():
    """The most concentrated dilution is not reproducible: the assay has no range."""
    example(
        """
        good plate, but
        standard      1e-1       24.0  26.8
        """,
        """
        curves
        n_dilutions  n_wells  quantitative_range  slope  accepted
        0            0        .                   .      false
        calls
        call           reasons       quantitative_range
        not_evaluable  curve_points  .
        """,
    )


def test_dilutions_left_out_altogether():
    """A dilution whose wells were all left out is not there; the walk steps over it.

    The step to 1e-4 is then taken from 1e-2: (35.6 - 28.8) / 2 = 3.4.
    """
    example(
        """
        good plate, but
        standard      1e-3       x32.1  x32.3
        """,
        """
        curves
        n_dilutions  n_wells  quantitative_range  slope
        3            6        1e-4                -3.4
        """,
    )
