"""16. Evidence

Every criterion of every run, curve and sample is a row: the value, the bounds, the unit and the
outcome, for passes as well as failures. `not_applicable` means that it is not asked for,
`not_evaluable` that it could not be measured. Criteria of the run and the curve have no sample.
Calls are derived from these rows and from nothing else.
"""

from plates import GOOD_PLATE, example


def test_all_rows_of_the_good_plate():
    """The evidence of the good plate: 18 rows.

    5 criteria of the run and target, 4 of the control gene's (it has no background), and 9 of the
    sample. The level before the correction for blasts is 1e-3, the range 1e-4.
    """
    example(
        GOOD_PLATE,
        """
        evidence (all)
        run_id  target  sample_id  criterion            value     minimum  maximum  outcome
        R1      T1      .          ntc_clean            0         .        0        pass
        R1      T1      .          background_wells     6         6        .        pass
        R1      T1      .          curve_points         4         3        .        pass
        R1      T1      .          curve_slope          -3.4      -3.9     -3.1     pass
        R1      T1      .          curve_r_squared      ~0.99931  0.98     .        pass
        R1      ALB     .          ntc_clean            0         .        0        pass
        R1      ALB     .          curve_points         3         3        .        pass
        R1      ALB     .          curve_slope          -3.3      -3.9     -3.1     pass
        R1      ALB     .          curve_r_squared      ~0.9986   0.98     .        pass
        R1      T1      S1         control_gene_curve   1         1        .        pass
        R1      T1      S1         control_gene_wells   2         2        .        pass
        R1      T1      S1         control_gene_delta   0.2       .        1.5      pass
        R1      T1      S1         control_gene_amount  100       10       .        pass
        R1      T1      S1         sample_wells         3         3        .        pass
        R1      T1      S1         positive_wells       3         1        .        pass
        R1      T1      S1         sample_determined    3         3        .        pass
        R1      T1      S1         sample_delta         0.2       .        1.5      pass
        R1      T1      S1         sample_range         1e-3      1e-4     .        pass
        """,
    )


def test_units():
    """Every value has its unit."""
    example(
        GOOD_PLATE,
        """
        evidence
        criterion            unit
        ntc_clean            well
        background_wells     well
        curve_points         dilution
        curve_slope          cycle per log10
        curve_r_squared      1
        control_gene_delta   cycle
        control_gene_amount  ng
        sample_wells         well
        sample_delta         cycle
        sample_range         1
        """,
    )


def test_failures_have_their_value_and_bound():
    """A failure names what was found and what was asked for."""
    example(
        """
        good plate, but
        background    .          40.4  -  -  -
        sample S1     .          31.2  33.2  -
        """,
        """
        evidence
        criterion          value  minimum  maximum  outcome
        background_wells   4      6        .        fail
        sample_determined  2      3        .        fail
        sample_delta       2.0    .        1.5      fail
        sample_range       1e-3   1e-4     .        pass
        """,
    )


def test_what_is_asked_of_positives_only():
    """Nobody asks of a negative sample whether it could be quantified."""
    example(
        """
        good plate, but
        sample S1     .          -  -  -
        """,
        """
        evidence
        criterion          value  outcome
        sample_wells       3      pass
        positive_wells     0      fail
        sample_determined  0      not_applicable
        sample_delta       .      not_applicable
        sample_range       .      not_applicable
        """,
    )


def test_not_evaluable_is_neither_pass_nor_fail():
    """A control gene without any signal has no spread and no amount to compare."""
    example(
        """
        good plate, but
        control gene ALB
        sample S1     .          -  -
        """,
        """
        evidence
        criterion            value  outcome
        control_gene_wells   0      fail
        control_gene_delta   .      not_evaluable
        control_gene_amount  .      not_evaluable
        """,
    )


def test_two_samples_have_their_own_rows():
    """Each sample of a run has its own rows; those of the run are there once."""
    example(
        """
        good plate, but
        sample S2     .          -  -  -
        control gene ALB
        sample S2     .          27.4  27.4
        """,
        """
        evidence
        sample_id  criterion       value  outcome
        S1         positive_wells  3      pass
        S2         positive_wells  0      fail
        .          curve_points    4      pass
        """,
    )
