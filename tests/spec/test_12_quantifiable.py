"""12. Quantifiable

A positive sample is quantifiable if it has at least 3 wells, all determined, if their Δ is at most
1.5, and if its level before the correction for blasts reaches the sample's quantitative range.
Otherwise it is positive and not quantifiable, and the reasons say what was missing. A sample above
the highest standard is quantifiable and flagged `above_curve`.
"""

from plates import INTENSIFICATION, RULE_SETS, bound, example


def test_all_wells_determined():
    """One well without signal and the sample is not quantifiable, even with three others."""
    example(
        """
        good plate, but
        sample S1     .          32.1  32.2  32.3  -
        """,
        """
        calls
        call                       n_wells  n_determined  reasons
        positive_not_quantifiable  4        3             sample_determined
        evidence
        criterion          value  minimum  outcome
        sample_determined  3      4        fail
        """,
    )


def test_spread():
    """Δ at most 1.5: 31.45 to 32.95 is 1.5, to 32.94 is 1.49, to 32.95000001 is 1.50000001."""
    bound(
        "sample_delta_cq_maximum",
        on=(
            """
            good plate, but
            sample S1     .          31.45  32.2  32.95
            """,
            """
            calls
            call
            positive_quantifiable
            evidence
            criterion     value  maximum  outcome
            sample_delta  1.5    1.5      pass
            """,
        ),
        inside=(
            """
            good plate, but
            sample S1     .          31.45  32.2  32.94
            """,
            """
            calls
            call
            positive_quantifiable
            evidence
            criterion     value  maximum  outcome
            sample_delta  1.49   1.5      pass
            """,
        ),
        outside=(
            """
            good plate, but
            sample S1     .          31.45  32.2  32.95000001
            """,
            """
            calls
            mrd_level  reasons
            .          sample_delta
            evidence
            criterion     value       maximum  outcome
            sample_delta  1.50000001  1.5      fail
            """,
        ),
    )


def test_spread_of_numbers_that_are_not_binary():
    """32.7 - 31.2 comes out a little above 1.5 in binary numbers, and meets 1.5 all the same."""
    example(
        """
        good plate, but
        sample S1     .          31.2  32.0  32.7
        """,
        """
        calls
        call
        positive_quantifiable
        """,
        rule_sets=RULE_SETS,
    )
    example(
        """
        good plate, but
        sample S1     .          28.6  30.1  29.0
        """,
        """
        calls
        call
        positive_quantifiable
        """,
        rule_sets=RULE_SETS,
    )


def test_at_the_quantitative_range():
    """The level has to reach the quantitative range: on it is quantifiable.

    The range is 1e-4, the curve's 35.6. A mean of 35.59 lies inside. A mean of 35.60000001 is
    10^-(0.00000001 / 3.4) = 1 - 0.0000000068 of it, more than the tolerance of 0.000000001 away.
    """
    example(
        """
        good plate, but
        sample S1     .          35.5  35.6  35.7
        """,
        """
        calls
        call                   mrd_level
        positive_quantifiable  1e-4
        evidence
        criterion     value  minimum  outcome
        sample_range  1e-4   1e-4     pass
        """,
        side="on the bound", rule_sets=RULE_SETS,
    )  # fmt: skip
    example(
        """
        good plate, but
        sample S1     .          35.49  35.59  35.69
        """,
        """
        calls
        call                   mrd_level
        positive_quantifiable  ~1.007e-4
        """,
        side="a hair inside", rule_sets=RULE_SETS,
    )  # fmt: skip
    example(
        """
        good plate, but
        sample S1     .          35.50000001  35.60000001  35.70000001
        """,
        """
        calls
        mrd_level  reasons
        .          sample_range
        evidence
        criterion     value             minimum  outcome
        sample_range  ~0.9999999932e-4  1e-4     fail
        """,
        side="a hair outside", rule_sets=RULE_SETS,
    )  # fmt: skip


def test_before_the_correction_for_blasts():
    """The level before the correction for blasts is compared, not the one after.

    The mean 35.6 is 1e-4 on the curve, on the range. With half blasts the level is 5e-5 and still
    quantifiable.
    """
    example(
        """
        good plate, but
        assay T1: blast_fraction 0.5
        sample S1     .          35.5  35.6  35.7
        """,
        """
        calls
        call                   mrd_level  quantitative_range
        positive_quantifiable  5e-5       1e-4
        """,
    )


def test_all_that_is_missing_is_named():
    """Every criterion that was not met is a reason: a spread of 3.0, a well without signal.

    The mean of 33.0 and 36.0 is 34.5, which is in the range.
    """
    example(
        """
        good plate, but
        sample S1     .          33.0  36.0  -
        """,
        """
        calls
        call                       reasons
        positive_not_quantifiable  sample_determined;sample_delta
        """,
    )


def test_above_the_highest_standard():
    """A sample above the highest standard is quantifiable, and flagged.

    The mean 20.3 is (20.3 - 22.0) / -3.4 = 0.5: 10^0.5 = 3.162. (More than 1: blasts of another
    share, or an assay that does not fit; the flag says so.)
    """
    example(
        """
        good plate, but
        sample S1     .          20.2  20.3  20.4
        """,
        """
        calls
        call                   mrd_level  flags
        positive_quantifiable  ~3.162     with above_curve
        """,
    )


def test_on_the_highest_standard():
    """On the highest standard (25.4 = 1e-1) there is no flag; a hair above there is."""
    example(
        """
        good plate, but
        sample S1     .          25.3  25.4  25.5
        """,
        """
        calls
        call                   mrd_level  flags
        positive_quantifiable  0.1        without above_curve
        """,
    )
    example(
        """
        good plate, but
        sample S1     .          25.29999999  25.39999999  25.49999999
        """,
        """
        calls
        call                   flags
        positive_quantifiable  with above_curve
        """,
    )


def test_one_positive_well_is_enough():
    """One positive well is enough for a quantifiable sample if the mean is in the range.

    For therapy intensification a positive well lies 3.0 below the background, with B = 38.6 at 35.6
    or lower: of 34.7, 36.0 and 36.1 only the first. Their mean is 106.8 / 3 = 35.6, that of 1e-4,
    on the range; Δ = 1.4.
    """
    example(
        """
        good plate, but
        background    .          38.6  -  -  -  -  -
        sample S1     .          34.7  36.0  36.1
        """,
        """
        calls
        call                   n_positive  mrd_level
        positive_quantifiable  1           1e-4
        """,
        rule_sets=(INTENSIFICATION,),
    )
