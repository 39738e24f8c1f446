"""9. Sample limits

The sensitivity and the quantitative range of a sample are those of the assay times max(1, F). Less
DNA than nominal makes them worse; more DNA than nominal never makes them better than the curve
has shown. It is intended that this can make a level just inside the curve not quantifiable.
"""

from plates import example


def test_less_dna_makes_the_limits_worse():
    """F = 10: the range is 1e-4 · 10 = 1e-3, the sensitivity 1e-5 · 10 = 1e-4."""
    example(
        """
        good plate, but
        control gene ALB
        sample S1     .          30.7  30.7
        """,
        """
        calls
        normalisation  quantitative_range  sensitivity
        10             1e-3                1e-4
        curves
        quantitative_range  sensitivity
        1e-4                1e-5
        """,
    )


def test_more_dna_never_improves_a_claim():
    """F = 0.1: range and sensitivity stay at 1e-4 and 1e-5."""
    example(
        """
        good plate, but
        control gene ALB
        sample S1     .          24.1  24.1
        """,
        """
        calls
        normalisation  quantitative_range  sensitivity
        0.1            1e-4                1e-5
        """,
    )


def test_a_negative_with_little_dna():
    """A negative is reported with its own sensitivity: 1e-4, not the assay's 1e-5."""
    example(
        """
        good plate, but
        sample S1     .          -  -  -
        control gene ALB
        sample S1     .          30.7  30.7
        """,
        """
        calls
        call      sensitivity
        negative  1e-4
        """,
    )


def test_just_inside_the_curve_with_much_dna():
    """A level just inside the curve can leave the range when F is below 1.

    The mean of S1 is 33.9 = 22 + 3.4 · 3.5: 10^-3.5 on the curve, well above 1e-4. With F = 0.1 the
    level is 10^-4.5 = 3.16e-5, below the range of 1e-4: positive, not quantifiable.
    """
    example(
        """
        good plate, but
        sample S1     .          33.8  33.9  34.0
        control gene ALB
        sample S1     .          24.1  24.1
        """,
        """
        calls
        call                       reasons       mrd_level
        positive_not_quantifiable  sample_range  .
        evidence
        criterion     value     minimum  outcome
        sample_range  ~3.16e-5  1e-4     fail
        """,
    )


def test_just_inside_the_curve_with_little_dna():
    """With F above 1 level and range move together: what is inside the curve stays inside.

    The mean of S1 is 35.6: 1e-4 on the curve. With F = 10 the level is 1e-3, and so is the range.
    """
    example(
        """
        good plate, but
        sample S1     .          35.5  35.6  35.7
        control gene ALB
        sample S1     .          30.7  30.7
        """,
        """
        calls
        call                   mrd_level  quantitative_range
        positive_quantifiable  1e-3       1e-3
        """,
    )
