"""7. Control gene

The control gene tells how much DNA was in a well. Its curve is Cq on log10 of the amount, walked,
fitted and judged as that of an MRD target, but without a background. The wells of the sample and
the curve come from one run: the run of the MRD target if it holds any well of the sample for the
control gene, whatever its result; else the latest run that does, earlier or later. Runs are
ordered by date (no date is earliest), then by name as text. The amount is the curve at the mean Cq.

The criteria: the curve is accepted; at least one well, all of them determined; Δ at most 1.5; the
amount at least 10 % of the assay's DNA per well. A signal in the control gene's own NTC is
evidence and a warning, and no gate.
"""

from plates import bound, example


def test_amount_of_dna():
    """The amount is the curve at the mean Cq.

    The wells 27.3 and 27.5 have the mean 27.4 = 34.0 - 3.3 · 2: 10^2 = 100 ng.
    """
    example(
        "good plate, but",
        """
        calls
        dna_amount_ng  normalisation
        100            1
        evidence
        criterion            value  minimum  maximum  outcome
        control_gene_curve   1      1        .        pass
        control_gene_wells   2      2        .        pass
        control_gene_delta   0.2    .        1.5      pass
        control_gene_amount  100    10       .        pass
        """,
    )


def test_number_of_wells():
    """At least one well; one and two pass, none does not.

    "None" is drawn as a well that was left out.
    """
    bound(
        "control_gene_wells_minimum",
        on=(
            """
            good plate, but
            control gene ALB
            sample S1     .          27.4
            """,
            """
            calls
            call                   dna_amount_ng
            positive_quantifiable  100
            evidence
            criterion           value  outcome
            control_gene_wells  1      pass
            """,
        ),
        inside=(
            """
            good plate, but
            control gene ALB
            sample S1     .          27.3  27.5
            """,
            """
            calls
            call                   dna_amount_ng
            positive_quantifiable  100
            evidence
            criterion           value  outcome
            control_gene_wells  2      pass
            """,
        ),
        outside=(
            """
            good plate, but
            control gene ALB
            sample S1     .          x27.4
            """,
            """
            calls
            call           dna_amount_ng  normalisation  reasons
            not_evaluable  .              .              control_gene_wells
            evidence
            criterion           value  outcome
            control_gene_wells  0      fail
            """,
        ),
    )


def test_all_wells_determined():
    """One of the wells without signal fails the criterion.

    The amount is still computed, from the well that has one.
    """
    example(
        """
        good plate, but
        control gene ALB
        sample S1     .          27.4  -
        """,
        """
        calls
        call           dna_amount_ng  reasons
        not_evaluable  100            control_gene_wells
        evidence
        criterion           value  outcome
        control_gene_wells  1      fail
        """,
    )


def test_spread():
    """Δ at most 1.5: 28.15 - 26.65 = 1.5, 28.14 - 26.65 = 1.49, 28.15000001 - 26.65 = 1.50000001."""
    bound(
        "control_gene_delta_cq_maximum",
        on=(
            """
            good plate, but
            control gene ALB
            sample S1     .          26.65  28.15
            """,
            """
            calls
            call
            positive_quantifiable
            evidence
            criterion           value  maximum  outcome
            control_gene_delta  1.5    1.5      pass
            """,
        ),
        inside=(
            """
            good plate, but
            control gene ALB
            sample S1     .          26.65  28.14
            """,
            """
            calls
            call
            positive_quantifiable
            evidence
            criterion           value  maximum  outcome
            control_gene_delta  1.49   1.5      pass
            """,
        ),
        outside=(
            """
            good plate, but
            control gene ALB
            sample S1     .          26.65  28.15000001
            """,
            """
            calls
            call           reasons
            not_evaluable  control_gene_delta
            evidence
            criterion           value       maximum  outcome
            control_gene_delta  1.50000001  1.5      fail
            """,
        ),
    )


def test_least_amount():
    """At least 10 % of the assay's DNA per well.

    The assay takes 100 ng, so the bound is 10 ng, which is the Cq 34.0 - 3.3 = 30.7. The Cq 30.69
    is 10^(0.01 / 3.3) = 1.007 times as much. The Cq 30.70000001 is 10^(-0.00000001 / 3.3) = 1 -
    0.000000007 times as much, outside the tolerance of 0.000000001.
    """
    bound(
        "control_gene_amount_minimum",
        on=(
            """
            good plate, but
            control gene ALB
            sample S1     .          30.7  30.7
            """,
            """
            calls
            call                   normalisation
            positive_quantifiable  10
            evidence
            criterion            value  minimum  outcome
            control_gene_amount  10     10       pass
            """,
        ),
        inside=(
            """
            good plate, but
            control gene ALB
            sample S1     .          30.69  30.69
            """,
            """
            calls
            call
            positive_quantifiable
            evidence
            criterion            value   minimum  outcome
            control_gene_amount  ~10.07  10       pass
            """,
        ),
        outside=(
            """
            good plate, but
            control gene ALB
            sample S1     .          30.70000001  30.70000001
            """,
            """
            calls
            call           reasons
            not_evaluable  control_gene_amount
            evidence
            criterion            value        minimum  outcome
            control_gene_amount  ~9.99999993  10       fail
            """,
        ),
    )


def test_share_of_this_assays_dna():
    """The 10 % are of this assay's DNA per well.

    With 600 ng per well the bound is 60 ng: 100 ng pass, F = 600 / 100 = 6. With 2 µg it is 200 ng.
    """
    example(
        """
        good plate, but
        assay T1: dna_per_well 600 ng
        """,
        """
        calls
        call                   normalisation
        positive_quantifiable  6
        evidence
        criterion            value  minimum  outcome
        control_gene_amount  100    60       pass
        """,
    )
    example(
        """
        good plate, but
        assay T1: dna_per_well 2 µg
        """,
        """
        calls
        call           normalisation  reasons
        not_evaluable  20             control_gene_amount
        """,
    )


def test_curve_not_accepted():
    """Two amounts are too few for an accepted curve."""
    example(
        """
        good plate, but
        control gene ALB
        no standard 10 ng
        """,
        """
        curves
        target  n_dilutions  slope  accepted
        ALB     2            -3.3   false
        evidence
        criterion           value  minimum  outcome
        control_gene_curve  0      1        fail
        calls
        call           reasons
        not_evaluable  control_gene_curve
        """,
    )


def test_same_walk():
    """The control gene's standards are walked like an MRD target's.

    At 10 ng the mean 31.5 is 31.5 - 27.4 = 4.1 above that of 100 ng: the walk ends there.
    """
    example(
        """
        good plate, but
        control gene ALB
        standard      10 ng      31.4  31.6
        """,
        """
        curves
        target  n_dilutions  quantitative_range
        ALB     2            100
        """,
    )


def test_no_background_of_its_own():
    """A background drawn for the control gene changes nothing: its wells hold normal DNA."""
    example(
        """
        good plate, but
        control gene ALB
        background    .          27.4  27.4
        """,
        """
        curves
        target  n_dilutions  lowest_background_cq  accepted
        ALB     3            .                     true
        calls
        call                   dna_amount_ng
        positive_quantifiable  100
        """,
    )


def test_signal_in_its_ntc_is_no_gate():
    """A signal in the control gene's NTC fails a criterion, and the call stands."""
    example(
        """
        good plate, but
        control gene ALB
        ntc           .          38.0  -
        """,
        """
        evidence
        target  criterion  value  maximum  outcome
        ALB     ntc_clean  1      0        fail
        calls
        call                   reasons
        positive_quantifiable  .
        """,
    )


def test_its_own_run_counts_whatever_its_result():
    """The run of the MRD target has a well of the control gene: no other run is asked.

    That well has no signal. Another run, later and with good wells, does not help.
    """
    example(
        """
        run R1 2024-01-10 good plate, but
        control gene ALB
        sample S1     .          -
        run R2 2024-01-20 good plate, but
        no sample S1
        """,
        """
        calls (all)
        run_id  call           dna_amount_ng  reasons
        R1      not_evaluable  .              control_gene_wells
        """,
    )


def test_later_run():
    """The run of the MRD target has none: a later run's is taken, wells and curve."""
    example(
        """
        run R1 2024-01-10 good plate, but
        no control gene
        run R2 2024-01-20
        control gene ALB
        standard      1000 ng    25.0  25.2
        standard      100 ng     28.3  28.5
        standard      10 ng      31.6  31.8
        ntc           .          -
        sample S1     .          28.3  28.5
        """,
        """
        calls (all)
        run_id  call                   dna_amount_ng  normalisation
        R1      positive_quantifiable  100            1
        """,
    )


def test_earlier_run():
    """An earlier run will do as well.

    30.7 is 10 ng: F = 10.
    """
    example(
        """
        run R2 2024-01-20 good plate, but
        no control gene
        run R1 2024-01-10 good plate, but
        no sample S1
        control gene ALB
        sample S1     .          30.7  30.7
        """,
        """
        calls
        run_id  dna_amount_ng  normalisation
        R2      10             10
        """,
    )


def test_latest_of_several_runs():
    """Of several other runs the latest is taken, be it good or bad, before or after.

    The run of 10 January has 100 ng, that of 20 January 10 ng.
    """
    example(
        """
        run R9 2024-02-01 good plate, but
        no control gene
        run R2 2024-01-10 good plate, but
        no target T1
        run R1 2024-01-20 good plate, but
        no target T1
        control gene ALB
        sample S1     .          30.7  30.7
        """,
        """
        calls (all)
        run_id  dna_amount_ng
        R9      10
        """,
    )


def test_latest_by_name_as_text():
    """On one day the name decides, as text: R2 comes after R10. No date is earliest."""
    example(
        """
        run R9 2024-02-01 good plate, but
        no control gene
        run R2 2024-01-10 good plate, but
        no target T1
        control gene ALB
        sample S1     .          30.7  30.7
        run R10 2024-01-10 good plate, but
        no target T1
        run R99 .
        control gene ALB
        sample S1     .          24.1
        """,
        """
        calls (all)
        run_id  dna_amount_ng
        R9      10
        """,
    )


def test_wells_and_curve_from_one_run():
    """A run that has the wells but no standards gives no amount; no curve is fetched elsewhere."""
    example(
        """
        run R1 2024-01-10 good plate, but
        no control gene
        run R2 2024-01-11
        control gene ALB
        sample S1     .          27.4
        run R3 2024-01-12 good plate, but
        no target T1
        control gene ALB
        no sample S1
        """,
        """
        calls (all)
        run_id  call           dna_amount_ng  reasons
        R1      not_evaluable  .              control_gene_curve
        evidence
        run_id  target  sample_id  criterion            value  outcome
        R1      T1      S1         control_gene_curve   0      fail
        R1      T1      S1         control_gene_wells   1      pass
        R1      T1      S1         control_gene_amount  .      not_evaluable
        """,
    )


def test_wells_left_out_are_no_wells():
    """If all its wells in the own run were left out, another run is asked.

    The same for another run: that of 30 January holds only a well left out, so that of 20 January
    is taken.
    """
    example(
        """
        run R1 2024-01-10 good plate, but
        control gene ALB
        sample S1     .          x27.3  x27.5
        run R2 2024-01-20 good plate, but
        no target T1
        control gene ALB
        sample S1     .          30.7  30.7
        run R3 2024-01-30 good plate, but
        no target T1
        control gene ALB
        sample S1     .          x27.4
        """,
        """
        calls (all)
        run_id  call                   dna_amount_ng  normalisation
        R1      positive_quantifiable  10             10
        """,
    )


def test_the_assays_control_gene():
    """With two control genes on the plate, the assay says which is its own.

    Albumin says 100 ng, B2M 10 ng. (With several and none named, the study is refused.)
    """
    plate = """
        good plate, but
        assay T1: control_gene {}
        control gene B2M
        standard      1000 ng    24.0  24.2
        standard      100 ng     27.3  27.5
        standard      10 ng      30.6  30.8
        sample S1     .          30.7  30.7
        """
    example(
        plate.format("ALB"),
        """
        calls
        dna_amount_ng
        100
        """,
    )
    example(
        plate.format("B2M"),
        """
        calls
        dna_amount_ng
        10
        """,
    )
