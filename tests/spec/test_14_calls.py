"""14. Calls of the 2007 rule sets

Both 2007 rule sets issue, best first, `positive_quantifiable`, `positive_not_quantifiable`,
`negative` and `not_evaluable`. They differ in one number: δ, how far below the lowest background a
positive well lies, is 1.0 for therapy reduction (avoid false negatives) and 3.0 for therapy
intensification (avoid false positives).
"""

from plates import INTENSIFICATION, REDUCTION, example

BOTH = (REDUCTION, INTENSIFICATION)


def test_positive_quantifiable():
    """All wells determined, near each other, and in the range."""
    example(
        "good plate, but",
        """
        calls
        call                   mrd_level  reasons
        positive_quantifiable  1e-3       .
        """,
        rule_sets=BOTH,
    )


def test_positive_not_quantifiable():
    """Positive, but the mean (36.6) is above that of the range (35.6)."""
    example(
        """
        good plate, but
        sample S1     .          36.5  36.6  36.7
        """,
        """
        calls
        call                       n_positive  mrd_level  reasons
        positive_not_quantifiable  3           .          sample_range
        """,
        rule_sets=BOTH,
    )


def test_negative():
    """No well is positive. A negative needs no reason; it is reported with its sensitivity."""
    example(
        """
        good plate, but
        sample S1     .          -  -  -
        """,
        """
        calls
        call      n_positive  sensitivity  reasons
        negative  0           1e-5         .
        """,
        rule_sets=BOTH,
    )


def test_not_evaluable():
    """A gate failed."""
    example(
        """
        good plate, but
        ntc           .          35.0
        """,
        """
        calls
        call           sensitivity  reasons
        not_evaluable  .            ntc_clean
        """,
        rule_sets=BOTH,
    )


def test_reduction_and_intensification_differ():
    """Wells 2.4 below the background: positive for reduction, negative for intensification.

    40.4 - 38.0 = 2.4, between 1.0 and 3.0.
    """
    plate = """
        good plate, but
        sample S1     .          38.0  38.0  38.0
        """
    example(
        plate,
        """
        calls
        call                       n_positive
        positive_not_quantifiable  3
        """,
        rule_sets=(REDUCTION,),
    )
    example(
        f"{plate}\nrule set: euromrd-2007-therapy-intensification",
        """
        calls
        call      n_positive  guideline
        negative  0           euromrd-2007-therapy-intensification
        """,
    )
