"""21. States of a well, and maximum_cq

A well is determined (it has a Cq), undetermined (it ran and gave no signal) or omitted (left out
by the instrument, by the layout or by an amendment). An omitted well takes part in nothing. A
laboratory's own rule set can name a `maximum_cq`: a Cq above it is read as undetermined. The
shipped rule sets have none.
"""

from plates import example


def test_undetermined_is_not_omitted():
    """A well without signal counts as a well, one left out does not."""
    example(
        """
        good plate, but
        sample S1     .          32.1  32.2  32.3  -
        """,
        """
        calls
        n_wells  n_determined  call
        4        3             positive_not_quantifiable
        """,
    )
    example(
        """
        good plate, but
        sample S1     .          32.1  32.2  32.3  x-
        """,
        """
        calls
        n_wells  n_determined  call
        3        3             positive_quantifiable
        """,
    )


def test_the_cq_of_an_omitted_well_is_not_used():
    """The Cq of an omitted well is in no mean and no spread."""
    example(
        """
        good plate, but
        sample S1     .          32.1  32.2  32.3  x20.0
        """,
        """
        calls
        n_wells  mean_cq  delta_cq  n_positive
        3        32.2     0.2       3
        """,
    )


def test_no_maximum_by_default():
    """Without a maximum a Cq of 48 is a Cq."""
    example(
        """
        good plate, but
        sample S1     .          48.0  48.0  48.0
        """,
        """
        calls
        n_determined  n_positive  call
        3             0           negative
        """,
    )


def test_maximum_cq():
    """Above the maximum a Cq is read as undetermined; on it, it is not.

    The laboratory's own rule set extends the shipped one by a maximum of 38.0.
    """
    plate = """
        good plate, but
        own rule set: extends euromrd-2007-therapy-reduction, maximum_cq 38.0
        sample S1     .          37.0  37.5  {}
        """
    example(
        plate.format("38.0"),
        """
        calls
        n_determined  n_positive  guideline
        3             3           own
        """,
        side="on the bound",
    )
    example(
        plate.format("37.99"),
        """
        calls
        n_determined  n_positive
        3             3
        """,
        side="a hair inside",
    )
    example(
        plate.format("38.00000001"),
        """
        calls
        n_determined  n_positive  mean_cq
        2             2           37.25
        """,
        side="a hair outside",
    )


def test_maximum_cq_holds_for_every_role():
    """The maximum holds for background, NTC, standards and the control gene as well.

    The background at 40.4 and the NTC at 39.0 are read as no signal; at 1e-5 both wells (38.9 and
    39.1) are, so that the sensitivity is 1e-4.
    """
    example(
        """
        good plate, but
        own rule set: extends euromrd-2007-therapy-reduction, maximum_cq 38.0
        ntc           .          39.0
        """,
        """
        curves
        lowest_background_cq  quantitative_range  sensitivity
        .                     1e-4                1e-4
        evidence
        criterion  value  outcome
        ntc_clean  0      pass
        calls
        call
        positive_quantifiable
        """,
    )
    example(
        """
        good plate, but
        own rule set: extends euromrd-2007-therapy-reduction, maximum_cq 30.0
        """,
        """
        curves
        target  n_dilutions
        ALB     2
        calls
        call           n_determined
        not_evaluable  0
        """,
    )
